/* tokens: what the tests of access and of quotas share: the command line, tokens, and requests that
 * bring one.
 */
#ifndef TOKENS_H
#define TOKENS_H

#include "commands.h"

/* ---- the command line ---- */

/* Runs the binary with these arguments, its words into said; returns its exit code. */
static UNUSED int command(const e2e_server *s, char said[SAID], const char *const *words)
{
    const char *argv[12] = {DESCENTD, "--data-dir", s->dir};
    for (int n = 3; *words && n < 11; words++)
        argv[n++] = *words;
    return run_binary(said, argv);
}
#define COMMAND(s, said, ...) command(s, said, (const char *const[]){__VA_ARGS__, NULL})

typedef struct token {
    char header[120]; /* "Authorization: Bearer gdt_..." */
    char id[32];
} token;

static UNUSED token make_token(const e2e_server *s, const char *tenant, const char *scope)
{
    char said[2048];
    token t;
    int code = COMMAND(s, said, "token", "create", tenant, scope, "of a test");
    ck_assert_msg(code == 0 && strncmp(said, "gdt_", 4) == 0 && strlen(said) == 66, "%d %s", code,
                  said);
    said[65] = '\0';
    snprintf(t.header, sizeof t.header, "Authorization: Bearer %s", said);
    snprintf(t.id, sizeof t.id, "%.24s", said);
    return t;
}

/* ---- requests with a token ---- */

static UNUSED e2e_reply ask(const e2e_server *s, const token *t, const char *method, const char *path,
                     const char *body)
{
    const char *const headers[] = {"Content-Type: application/json", t ? t->header : NULL, NULL};
    return e2e_request(s, method, path, headers, body, body ? strlen(body) : 0);
}

static UNUSED void expect(const e2e_server *s, const token *t, const char *method, const char *path,
                   const char *body, long status)
{
    e2e_reply r = ask(s, t, method, path, body);
    if (r.status != status)
        ck_abort_msg("%s %s was to be answered with %ld, not %ld: %s", method, path, status,
                     r.status, r.body);
    e2e_reply_free(&r);
}

/* Makes something and writes its id. */
static UNUSED void make(const e2e_server *s, const token *t, const char *path, const char *body,
                 char id[32])
{
    e2e_reply r = ask(s, t, "POST", path, body);
    if (r.status != 201 && r.status != 202)
        ck_abort_msg("POST %s: %ld %s", path, r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

#endif
