/* srv_token: making, checking, listing and revoking. */
#include "srv_token.h"

#include "srv_sha256.h"
#include "srv_token_file.h"

#include <nettle/memops.h>
#include <string.h>
#include <strings.h>

#define PREFIX "gdt_"
enum { ID = 24, SECRET = 40, TOKEN = ID + 1 + SECRET };
_Static_assert(TOKEN < SRV_TOKEN_SIZE, "a token fits");

static const char *const scopes[] = {
    [SRV_READ] = "read", [SRV_WRITE] = "write", [SRV_ADMIN] = "admin"};

const char *srv_scope_name(srv_scope scope)
{
    return scopes[scope];
}

bool srv_scope_named(const char *name, srv_scope *out)
{
    for (int s = SRV_READ; s <= SRV_ADMIN; s++)
        if (strcmp(scopes[s], name) == 0) {
            *out = (srv_scope)s;
            return true;
        }
    return false;
}

/* ---- checking ---- */

typedef struct lookup {
    srv_token *token;
    char hash[SRV_SHA256_SIZE];
    bool found;
} lookup;

static bool find(srv_db *db, void *arg, api_problem *p)
{
    lookup *l = arg;
    srv_rows *rows = srv_db_query(db, SQL_TOKEN_GET, p, "t", l->token->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        snprintf(l->hash, sizeof l->hash, "%s", srv_text(rows, 0));
        snprintf(l->token->tenant, sizeof l->token->tenant, "%s", srv_text(rows, 1));
        l->found = srv_scope_named(srv_text(rows, 2), &l->token->scope) && srv_is_null(rows, 3);
        srv_db_done(rows);
    }
    return step != SRV_FAILED;
}

bool srv_token_is_id(const char *text)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    return strlen(text) == ID && strncmp(text, PREFIX, sizeof PREFIX - 1) == 0 &&
           strspn(text + sizeof PREFIX - 1, letters) == ID - (sizeof PREFIX - 1);
}

bool srv_token_check(srv_store *store, srv_token_file *file, const char *authorization,
                     srv_token *out, api_problem *p)
{
    static const char scheme[] = "Bearer ";
    char hash[SRV_SHA256_SIZE];
    *out = (srv_token){0};
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return api_problem_set(
            p, API_UNAUTHORIZED,
            "a token is needed: send the header \"Authorization: Bearer gdt_...\" "
            "(descentd token create makes one)");
    const char *token = authorization + sizeof scheme - 1;
    token += strspn(token, " ");
    bool formed = strlen(token) == TOKEN && strncmp(token, PREFIX, sizeof PREFIX - 1) == 0;
    lookup l = {.token = out};
    if (formed) {
        memcpy(out->id, token, ID);
        out->id[ID] = '\0';
        l.found = file && srv_token_file_find(file, out, l.hash);
        if (!l.found && !srv_store_read(store, find, &l, p))
            return false;
        srv_sha256(token + ID + 1, SECRET, hash);
        formed = l.found && memeql_sec(hash, l.hash, SRV_SHA256_SIZE);
    }
    return formed || api_problem_set(p, API_UNAUTHORIZED, "the token is not known, or was revoked");
}

/* ---- tenants ---- */

const char *srv_tenant_name(const char *tenant)
{
    return *tenant ? tenant : SRV_EVERYBODY;
}

bool srv_tenant_check(const char *tenant, api_problem *p)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strlen(tenant);
    return (n > 0 && n < SRV_TENANT_SIZE && strspn(tenant, letters) == n) ||
           api_problem_set(p, API_INVALID,
                           "a tenant's name has 1 to %d letters, digits, '.', '_' and '-', got "
                           "\"%.80s\"",
                           SRV_TENANT_SIZE - 1, tenant);
}

bool srv_tenant_of(srv_db *db, const char *id, char tenant[SRV_TENANT_SIZE], api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_OWNER, p, "t", id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    snprintf(tenant, SRV_TENANT_SIZE, "%s", srv_text(rows, 0));
    srv_db_done(rows);
    return true;
}

bool srv_owned(srv_db *db, const char *id, const char *tenant, api_problem *p)
{
    char owner[SRV_TENANT_SIZE];
    return !*tenant || (srv_tenant_of(db, id, owner, p) && strcmp(owner, tenant) == 0);
}

/* ---- the command line ---- */

srv_new_token *srv_token_new(srv_new_token *t)
{
    char half[SRV_ID_SIZE], secret[SECRET + 1];
    srv_id_new(t->id, PREFIX);
    snprintf(secret, sizeof secret, "%s", srv_id_new(half, ""));
    snprintf(secret + SECRET / 2, sizeof secret - SECRET / 2, "%s", srv_id_new(half, ""));
    srv_sha256(secret, SECRET, t->hash);
    srv_time_text(t->created_at);
    snprintf(t->token, sizeof t->token, "%s_%s", t->id, secret);
    return t;
}

bool srv_token_insert(srv_db *db, const srv_new_token *t, const char *tenant, const char *scope,
                      const char *name, api_problem *p)
{
    return srv_db_run(db, SQL_TOKEN_INSERT, p, "tttttt", t->id, name, tenant, scope, t->hash,
                      t->created_at);
}

static bool check_words(const char *tenant, const char *scope, api_problem *p)
{
    srv_scope known;
    return srv_tenant_check(tenant, p) &&
           (srv_scope_named(scope, &known) ||
            api_problem_set(p, API_INVALID, "the scope is read, write or admin, got \"%.80s\"",
                            scope));
}

bool srv_token_create(const char *dir, const char *tenant, const char *scope, const char *name,
                      FILE *to, api_problem *p)
{
    srv_new_token t;
    srv_db *db = check_words(tenant, scope, p) ? srv_store_connect(dir, p) : NULL;
    bool ok = db && srv_token_insert(db, srv_token_new(&t), tenant, scope, name, p);
    srv_db_close(db);
    if (ok)
        fprintf(to, "%s\n", t.token);
    return ok;
}

bool srv_token_line(const char *tenant, const char *scope, const char *name, FILE *to,
                    api_problem *p)
{
    srv_new_token t;
    if (!check_words(tenant, scope, p))
        return false;
    if (name[strcspn(name, "\r\n")] || strlen(name) > 500)
        return api_problem_set(p, API_INVALID, "the name must be one line of 500 bytes at most");
    srv_token_new(&t);
    fprintf(to, "%s\n%s %s %s %s%s%s\n", t.token, t.id, tenant, scope, t.hash, *name ? " " : "",
            name);
    return true;
}

bool srv_token_list(const char *dir, FILE *to, api_problem *p)
{
    srv_db *db = srv_store_connect(dir, p);
    srv_rows *rows = db ? srv_db_query(db, SQL_TOKEN_LIST, p, "") : NULL;
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        fprintf(to, "%s  %-16s %-5s  %s  %s%s%s\n", srv_text(rows, 0), srv_text(rows, 1),
                srv_text(rows, 2), srv_text(rows, 3), srv_text(rows, 4),
                srv_is_null(rows, 5) ? "" : "  revoked ",
                srv_is_null(rows, 5) ? "" : srv_text(rows, 5));
    srv_db_close(db);
    return step == SRV_END;
}

bool srv_token_revoke(const char *dir, const char *id, api_problem *p)
{
    char now[SRV_TIME_SIZE], only_id[SRV_ID_SIZE];
    srv_db *db = srv_store_connect(dir, p);
    snprintf(only_id, sizeof only_id, "%.*s", ID, id); /* a whole token will do */
    bool ok = db && srv_db_run(db, SQL_TOKEN_REVOKE, p, "tt", srv_time_text(now), only_id);
    if (ok && srv_db_changes(db) == 0)
        ok = api_problem_set(p, API_NOT_FOUND,
                             "there is no token with id \"%.80s\" that is not revoked", id);
    srv_db_close(db);
    return ok;
}
