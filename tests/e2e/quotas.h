/* quotas: what the tests of quotas share: setting them, what is used, and being refused. */
#ifndef QUOTAS_H
#define QUOTAS_H

#include "tokens.h"

static UNUSED const char *const with_auth[] = {"--auth", "on", NULL};

#define LINE "{\"X\": [1, 2, 3, 4], \"y\": [2, 4, 6.5, 8]}"
#define LONG_JOB "\"epochs\": 1000000000, \"tol\": 0, \"learning_rate\": 1e-9"

static UNUSED void set_quota(const e2e_server *s, const char *tenant, const char *name,
                             const char *most)
{
    char said[2048];
    int code = COMMAND(s, said, "quota", "set", tenant, name, most);
    ck_assert_msg(code == 0, "%s", said);
}

/* One of the tenant's quotas, by the name of a member: "bytes.used". */
static UNUSED double usage(const e2e_server *s, const token *t, const char *what)
{
    char path[80];
    e2e_reply r = ask(s, t, "GET", "/v1/usage", NULL);
    ck_assert_int_eq(r.status, 200);
    snprintf(path, sizeof path, "quotas.%s", what);
    const cJSON *value = e2e_at(r.json, path);
    double v = cJSON_IsNull(value) ? -1 : value->valuedouble;
    e2e_reply_free(&r);
    return v;
}

/* The answer names the quota, the limit and what it would come to. */
static UNUSED void refused(const e2e_server *s, const token *t, const char *path, const char *body,
                           long status, const char *quota, const char *numbers)
{
    char after[16], name[64];
    e2e_reply r = ask(s, t, "POST", path, body);
    e2e_problem(&r, status, status == 429 ? "quota-busy" : "quota-full");
    snprintf(name, sizeof name, "quota %s of tenant acme", quota);
    if (!strstr(r.body, name) || !strstr(r.body, numbers))
        ck_abort_msg("not said: \"%s\", \"%s\": %s", name, numbers, r.body);
    ck_assert_str_eq(e2e_header(&r, "Retry-After", after, sizeof after), status == 429 ? "1" : "");
    e2e_reply_free(&r);
}

static UNUSED void remove_thing(const e2e_server *s, const token *t, const char *list,
                                const char *id)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/%s/%s", list, id);
    expect(s, t, "DELETE", path, NULL, 204);
}

static UNUSED void post_to(const e2e_server *s, const token *t, const char *list, const char *id,
                           const char *what, long status)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/%s/%s/%s", list, id, what);
    expect(s, t, "POST", path, NULL, status);
}

static UNUSED bool has_ended(const e2e_server *s, const token *t, const char *job)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=5", job);
    e2e_reply r = ask(s, t, "GET", path, NULL);
    bool ended = !cJSON_IsNull(e2e_at(r.json, "finished_at"));
    e2e_reply_free(&r);
    return ended;
}

#endif
