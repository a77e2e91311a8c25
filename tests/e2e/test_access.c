/* Access: tokens, scopes, tenants, the audit log. */
#define _GNU_SOURCE
#include "tokens.h"

#include <sys/stat.h>

static const char *const with_auth[] = {"--auth", "on", NULL};

/* One of each thing of a tenant: a dataset, a job, its model, a sweep, an upload. */
typedef struct things {
    char dataset[32], job[32], model[32], sweep[32], upload[32];
} things;

static things make_things(const e2e_server *s, const token *t)
{
    things a;
    char body[300], path[100];
    make(s, t, "/v1/datasets", "{\"X\": [1, 2, 3, 4], \"y\": [2, 4, 6.5, 8]}", a.dataset);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", a.dataset);
    make(s, t, "/v1/jobs", body, a.job);
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=30", a.job);
    e2e_reply r = ask(s, t, "GET", path, NULL);
    ck_assert_int_eq(r.status, 200);
    snprintf(a.model, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    snprintf(body, sizeof body, "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [0, 0.1]}}",
             a.dataset);
    make(s, t, "/v1/sweeps", body, a.sweep);
    make(s, t, "/v1/uploads", NULL, a.upload);
    return a;
}

/* The id of the kind that a route is about; NULL for none. */
static const char *id_for(const things *a, const char *pattern)
{
    return strncmp(pattern, "/v1/datasets/", 13) == 0  ? a->dataset
           : strncmp(pattern, "/v1/jobs/", 9) == 0     ? a->job
           : strncmp(pattern, "/v1/models/", 11) == 0  ? a->model
           : strncmp(pattern, "/v1/sweeps/", 11) == 0  ? a->sweep
           : strncmp(pattern, "/v1/uploads/", 12) == 0 ? a->upload
                                                       : NULL;
}

/* The path of a route, with an id in the place of {id}. */
static void fill_in(char path[160], const char *pattern, const char *id)
{
    const char *at = strstr(pattern, "{id}");
    snprintf(path, 160, "%.*s%s%s", at ? (int)(at - pattern) : 159, pattern, at ? id : "",
             at ? at + 4 : "");
}

static bool is_open(const char *pattern)
{
    static const char *const list[] = {"/healthz", "/readyz", "/v1", "/v1/capabilities",
                                       "/openapi.json"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (strcmp(list[i], pattern) == 0)
            return true;
    return false;
}

/* ---- tests ---- */

START_TEST(every_route_asks_for_a_token_but_those_for_everybody)
{
    e2e_server *s = e2e_start(with_auth);
    token good = make_token(s, "acme", "write"), bad = good, gone = make_token(s, "acme", "admin");
    bad.header[strlen(bad.header) - 1] ^= 1;
    char said[2048], path[160];
    ck_assert_int_eq(COMMAND(s, said, "token", "revoke", gone.id), 0);
    e2e_reply root = e2e_get(s, "/v1");
    const cJSON *route;
    int asked = 0;
    cJSON_ArrayForEach (route, e2e_at(root.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        if (is_open(pattern)) {
            expect(s, NULL, method, pattern, NULL, 200);
            continue;
        }
        fill_in(path, pattern, "ds_00000000000000000000");
        const token *const none[] = {NULL, &bad, &gone};
        for (int i = 0; i < 3; i++) {
            e2e_reply r = ask(s, none[i], method, path, strcmp(method, "POST") ? NULL : "{}");
            char value[64];
            e2e_problem(&r, 401, "unauthorized");
            ck_assert_str_eq(e2e_header(&r, "WWW-Authenticate", value, sizeof value),
                             "Bearer realm=\"descentd\"");
            e2e_reply_free(&r);
            asked++;
        }
    }
    ck_assert_int_ge(asked, 100);
    static const char *const odd[] = {"Authorization: Bearer", "Authorization: Basic Zm9vOmJhcg==",
                                      "Authorization: Bearer gdt_short",
                                      "Authorization: Bearer gdt_%%%%%%%%%%%%%%%%%%%%_"
                                      "0000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        token t = {{0}, {0}};
        snprintf(t.header, sizeof t.header, "%s", odd[i]);
        expect(s, &t, "GET", "/v1/jobs", NULL, 401);
    }
    expect(s, &good, "GET", "/v1/jobs", NULL, 200);
    e2e_reply_free(&root);
    e2e_stop(s);
}
END_TEST

START_TEST(a_token_that_may_look_changes_nothing)
{
    e2e_server *s = e2e_start(with_auth);
    token writer = make_token(s, "acme", "write"), reader = make_token(s, "acme", "read");
    things a = make_things(s, &writer);
    char path[160];
    e2e_reply root = e2e_get(s, "/v1");
    const cJSON *route;
    int refused = 0;
    cJSON_ArrayForEach (route, e2e_at(root.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        const char *id = id_for(&a, pattern);
        bool looks = (strcmp(method, "GET") == 0 && !strstr(pattern, "tokens")) || strstr(pattern, "predictions") ||
                     strstr(pattern, "evaluations") || strstr(pattern, "gradient_check") ||
                     strstr(pattern, "dry_run");
        fill_in(path, pattern, id ? id : writer.id);
        e2e_reply r = ask(s, &reader, method, path, strcmp(method, "POST") ? NULL : "{}");
        if (looks && (r.status == 401 || r.status == 403))
            ck_abort_msg("%s %s: %ld %s", method, path, r.status, r.body);
        if (!looks)
            e2e_problem(&r, 403, "forbidden");
        refused += !looks;
        e2e_reply_free(&r);
    }
    ck_assert_int_ge(refused, 15);
    snprintf(path, sizeof path, "/v1/models/%s/predictions", a.model);
    expect(s, &reader, "POST", path, "{\"X\": [5]}", 200);
    snprintf(path, sizeof path, "/v1/datasets/%s", a.dataset);
    expect(s, &writer, "GET", path, NULL, 200);
    e2e_reply_free(&root);
    e2e_stop(s);
}
END_TEST

START_TEST(another_tenants_things_are_not_there)
{
    static const char *const lists[] = {"datasets", "jobs", "models", "sweeps", "uploads"};
    e2e_server *s = e2e_start(with_auth);
    token ours = make_token(s, "acme", "write"), theirs = make_token(s, "other", "admin");
    things a = make_things(s, &ours);
    char path[160], body[300];
    e2e_reply root = e2e_get(s, "/v1");
    const cJSON *route;
    int hidden = 0;
    cJSON_ArrayForEach (route, e2e_at(root.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        const char *id = id_for(&a, pattern);
        if (!id)
            continue;
        fill_in(path, pattern, id);
        e2e_reply r = ask(s, &theirs, method, path, strcmp(method, "POST") ? NULL : "{}");
        e2e_problem(&r, 404, "not-found");
        /* and the words are those of what was never there */
        char *mine = strdup(r.body), nothing[32], *at = strstr(mine, id);
        e2e_reply_free(&r);
        ck_assert_ptr_nonnull(at);
        snprintf(nothing, sizeof nothing, "%s", id);
        memset(strchr(nothing, '_') + 1, '0', strlen(strchr(nothing, '_') + 1));
        memcpy(at, nothing, strlen(nothing));
        fill_in(path, pattern, nothing);
        r = ask(s, &theirs, method, path, strcmp(method, "POST") ? NULL : "{}");
        ck_assert_str_eq(r.body, mine);
        e2e_reply_free(&r);
        free(mine);
        hidden++;
    }
    ck_assert_int_ge(hidden, 25);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        snprintf(path, sizeof path, "/v1/%s", lists[i]);
        e2e_reply r = ask(s, &theirs, "GET", path, NULL);
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, lists[i])), 0);
        e2e_reply_free(&r);
        r = ask(s, &ours, "GET", path, NULL);
        ck_assert_int_ge(cJSON_GetArraySize(e2e_at(r.json, lists[i])), 1);
        e2e_reply_free(&r);
    }
    snprintf(path, sizeof path, "/v1/jobs?sweep=%s", a.sweep);
    e2e_reply r = ask(s, &theirs, "GET", path, NULL);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), 0);
    e2e_reply_free(&r);

    /* nor can they be named in a request */
    things b = make_things(s, &theirs);
    static const char *const bodies[] = {
        "{\"dataset_id\": \"%1$s\"}",
        "{\"dataset_id\": \"%2$s\", \"validation_dataset_id\": \"%1$s\"}",
        "{\"dataset_id\": \"%2$s\", \"start_from\": \"%3$s\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        snprintf(body, sizeof body, bodies[i], a.dataset, b.dataset, a.model);
        expect(s, &theirs, "POST", "/v1/jobs", body, 422);
        expect(s, &theirs, "POST", "/v1/jobs:dry_run", body, 422);
        char sweep[400];
        snprintf(sweep, sizeof sweep, "{\"job\": %s, \"grid\": {\"l2\": [0, 1]}}", body);
        expect(s, &theirs, "POST", "/v1/sweeps", sweep, 422);
    }
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", b.model);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", a.dataset);
    expect(s, &theirs, "POST", path, body, 422);
    snprintf(path, sizeof path, "/v1/uploads?append_to=%s", a.dataset);
    expect(s, &theirs, "POST", path, NULL, 400);
    expect(s, &ours, "POST", path, NULL, 201);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish?append_to=%s", b.upload, a.dataset);
    expect(s, &theirs, "POST", path, NULL, 400);
    /* what was not theirs is as it was */
    snprintf(path, sizeof path, "/v1/models/%s", a.model);
    expect(s, &ours, "GET", path, NULL, 200);
    e2e_reply_free(&root);
    e2e_stop(s);
}
END_TEST

START_TEST(what_was_made_without_tokens_is_the_default_tenants)
{
    e2e_server *s = e2e_start(NULL);
    things a = make_things(s, NULL);
    char path[160];
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, with_auth);
    token mine = make_token(s, "default", "read"), other = make_token(s, "other", "read");
    snprintf(path, sizeof path, "/v1/models/%s", a.model);
    expect(s, &mine, "GET", path, NULL, 200);
    expect(s, &other, "GET", path, NULL, 404);
    e2e_stop(s);
}
END_TEST

START_TEST(an_address_that_others_reach_needs_tokens)
{
    static const char *const open_to_all[] = {"--listen", "0.0.0.0:0", NULL}, *const off[] = {
                                                                                  "--listen",
                                                                                  "0.0.0.0:0",
                                                                                  "--auth", "off",
                                                                                  NULL};
    e2e_server *s = e2e_start(open_to_all);
    expect(s, NULL, "GET", "/v1/jobs", NULL, 401);
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, off);
    expect(s, NULL, "GET", "/v1/jobs", NULL, 200);
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, NULL);
    expect(s, NULL, "GET", "/v1/jobs", NULL, 200);
    e2e_stop(s);
}
END_TEST

START_TEST(the_command_line_says_what_is_wrong)
{
    static const struct {
        const char *words[5], *part;
    } rows[] = {
        {{"token", "create", "acme", "all"}, "the scope is read, write or admin"},
        {{"token", "create", "a b", "read"}, "a tenant's name has"},
        {{"token", "create", "acme"}, "token create needs TENANT SCOPE [NAME]"},
        {{"token"}, "token needs a further word"},
        {{"token", "frobnicate"}, "unknown command token frobnicate"},
        {{"token", "line", "acme", "all"}, "the scope is read, write or admin"},
        {{"token", "line", "acme", "read", "two\nlines"}, "the name must be one line"},
        {{"token", "revoke", "gdt_00000000000000000000"}, "there is no token"},
        {{"serve"}, "unknown command serve"},
        {{"token", "list", "all"}, "one word too many"},
        {{"--tls-cert", "x"}, "--tls-cert and --tls-key go together"},
        {{"--auth", "maybe"}, "--auth must be auto, on or off"},
    };
    char said[2048];
    e2e_server *s = e2e_start(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int code = command(s, said, rows[i].words);
        if (code == 0 || !strstr(said, rows[i].part))
            ck_abort_msg("row %zu: %d %s", i, code, said);
    }
    token t = make_token(s, "acme", "write");
    ck_assert_int_eq(COMMAND(s, said, "token", "list"), 0);
    ck_assert_ptr_nonnull(strstr(said, t.id));
    ck_assert_ptr_null(strstr(said, t.header + strlen("Authorization: Bearer ") + 25));
    e2e_stop(s);
}
END_TEST

/* ---- tokens of a tenant, by its admins ---- */

/* A token as it came from the server, which said what the request was. */
static token made_token(const e2e_reply *r, const char *scope)
{
    token t;
    ck_assert_msg(r->status == 201, "%s", r->body);
    ck_assert_str_eq(e2e_string(r->json, "scope"), scope);
    snprintf(t.header, sizeof t.header, "Authorization: Bearer %s", e2e_string(r->json, "token"));
    snprintf(t.id, sizeof t.id, "%s", e2e_string(r->json, "id"));
    return t;
}

START_TEST(an_admin_makes_lists_and_revokes_tokens_of_the_tenant)
{
    e2e_server *s = e2e_start(with_auth);
    token admin = make_token(s, "acme", "admin"), writer = make_token(s, "acme", "write"),
          theirs = make_token(s, "other", "admin");
    char path[80], id[32];
    e2e_reply r = ask(s, &admin, "POST", "/v1/tokens", "{\"scope\": \"read\", \"name\": \"board\"}");
    token reader = made_token(&r, "read");
    e2e_reply_free(&r);
    expect(s, &reader, "GET", "/v1/jobs", NULL, 200);
    expect(s, &reader, "POST", "/v1/datasets", "{\"X\": [1], \"y\": [1]}", 403);
    make(s, &writer, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    expect(s, &reader, "GET", path, NULL, 200);
    /* it is acme's: no other tenant can see it or take it away */
    snprintf(path, sizeof path, "/v1/tokens/%s", reader.id);
    expect(s, &theirs, "DELETE", path, NULL, 404);
    const struct {
        const token *who;
        int count;
    } lists[] = {{&admin, 3}, {&theirs, 1}};
    for (int i = 0; i < 2; i++) {
        r = ask(s, lists[i].who, "GET", "/v1/tokens", NULL);
        ck_assert_int_eq(r.status, 200);
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), lists[i].count);
        ck_assert_ptr_null(strstr(r.body, admin.header + strlen("Authorization: Bearer ") + 25));
        ck_assert_ptr_null(strstr(r.body, "hash"));
        if (i == 0)
            ck_assert_str_eq(e2e_string(r.json, "tokens.0.name"), "board");
        e2e_reply_free(&r);
    }
    /* who is no admin has no say */
    const token *const others[] = {&writer, &reader};
    for (int i = 0; i < 2; i++) {
        expect(s, others[i], "POST", "/v1/tokens", "{\"scope\": \"admin\"}", 403);
        expect(s, others[i], "GET", "/v1/tokens", NULL, 403);
        expect(s, others[i], "DELETE", path, NULL, 403);
    }
    expect(s, &reader, "GET", "/v1/jobs", NULL, 200);
    expect(s, &admin, "DELETE", path, NULL, 204);
    expect(s, &reader, "GET", "/v1/jobs", NULL, 401);
    expect(s, &admin, "DELETE", path, NULL, 204); /* as it was */
    snprintf(path, sizeof path, "/v1/tokens/%s", id); /* a dataset */
    expect(s, &admin, "DELETE", path, NULL, 404);
    static const char *const bad[] = {"{}", "{\"scope\": \"all\"}", "{\"scope\": 1}",
                                      "{\"scope\": \"read\", \"name\": 3}",
                                      "{\"scope\": \"read\", \"tenant\": \"other\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(s, &admin, "POST", "/v1/tokens", bad[i], 422);
    r = ask(s, &admin, "GET", "/v1/tokens?limit=2", NULL);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), 2);
    ck_assert(cJSON_IsNumber(e2e_at(r.json, "next")));
    ck_assert(cJSON_IsString(e2e_at(r.json, "tokens.0.revoked_at")));
    e2e_reply_free(&r);
    /* without access control nobody makes one for the time when there is some */
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, NULL);
    expect(s, NULL, "POST", "/v1/tokens", "{\"scope\": \"admin\"}", 403);
    expect(s, NULL, "GET", "/v1/tokens", NULL, 403);
    snprintf(path, sizeof path, "/v1/tokens/%s", writer.id);
    expect(s, NULL, "DELETE", path, NULL, 403);
    e2e_stop(s);
}
END_TEST

/* Puts so many tokens of the tenant into the database, as of long ago. */
static void add_tokens(const e2e_server *s, int count, bool revoked)
{
    char path[300], sql[600];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO tokens (id, name, tenant, scope, hash, created_at, revoked_at) SELECT "
             "'gdt_%d' || i, '', 'acme', 'read', '', '2026-01-01T00:00:00.000Z', %s FROM n",
             count, revoked, revoked ? "'2026-01-02T00:00:00.000Z'" : "NULL");
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 20000);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(a_tenants_tokens_are_bounded)
{
    static const char asked[] = "{\"scope\": \"read\"}";
    e2e_server *s = e2e_start(with_auth);
    token admin = make_token(s, "acme", "admin");
    char last[32] = "", path[80];
    add_tokens(s, 1500, true);
    add_tokens(s, 998, false);
    make(s, &admin, "/v1/tokens", asked, last);
    e2e_reply r = ask(s, &admin, "POST", "/v1/tokens", asked); /* there are 1000 that hold */
    e2e_problem(&r, 507, "quota-full");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/tokens/%s", last);
    expect(s, &admin, "DELETE", path, NULL, 204);
    make(s, &admin, "/v1/tokens", asked, last);
    /* those that were revoked long ago are gone; of the newest 1000 there is one */
    r = ask(s, &admin, "GET", "/v1/tokens?limit=1000", NULL);
    snprintf(path, sizeof path, "/v1/tokens?limit=1000&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    r = ask(s, &admin, "GET", path, NULL);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), 1);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "tokens.0.revoked_at")));
    e2e_reply_free(&r);
    expect(s, &admin, "GET", "/v1/jobs", NULL, 200);
    e2e_stop(s);
}
END_TEST

/* ---- tokens of a file ---- */

static void write_file(const char *path, const char *text)
{
    char new[340];
    snprintf(new, sizeof new, "%s.new", path); /* as editors do */
    FILE *f = fopen(new, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(new, 0644), 0);
    ck_assert_int_eq(rename(new, path), 0);
}

/* A token and its line, as the command line prints them. */
static token token_line(const e2e_server *s, const char *tenant, const char *scope, char line[300])
{
    char said[2048], *end;
    token t;
    ck_assert_int_eq(COMMAND(s, said, "token", "line", tenant, scope, "of a file"), 0);
    end = strchr(said, '\n');
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    snprintf(line, 300, "%s", end + 1);
    snprintf(t.header, sizeof t.header, "Authorization: Bearer %s", said);
    snprintf(t.id, sizeof t.id, "%.24s", said);
    ck_assert_ptr_null(strstr(line, said + 25)); /* the secret is not in it */
    return t;
}

/* It does not start, and says why. */
static void refuses_to_start(e2e_server *s, const char *const *options, const char *why)
{
    char line[512], said_so[512] = "";
    int status;
    e2e_launch(s, options);
    WAIT_UNTIL(waitpid(s->pid, &status, WNOHANG) == s->pid, 20);
    s->pid = 0;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    FILE *f = fopen(s->log, "r");
    while (fgets(line, sizeof line, f))
        memcpy(said_so, line, sizeof line);
    fclose(f);
    if (!strstr(said_so, why))
        ck_abort_msg("it does not say \"%s\": %s", why, said_so);
}

START_TEST(tokens_of_a_file_are_read_at_the_start_and_on_sighup)
{
    char file[300], line[300], other_line[300], text[1200], id[32];
    e2e_server *s = e2e_start(NULL);
    snprintf(file, sizeof file, "%s.tokens", s->dir);
    const char *const options[] = {"--auth", "on", "--token-file", file, NULL};
    token writer = token_line(s, "acme", "write", line), stored = make_token(s, "acme", "read"),
          other = token_line(s, "other", "read", other_line), wrong = writer;
    wrong.header[strlen(wrong.header) - 1] ^= 1;
    end_cleanly(s, SIGTERM, 5);
    snprintf(text, sizeof text, "# who may\n\n  %s", line);
    write_file(file, text);
    e2e_restart(s, options);
    make(s, &writer, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    expect(s, &stored, "GET", "/v1/datasets", NULL, 200); /* both hold */
    expect(s, &wrong, "GET", "/v1/datasets", NULL, 401);
    expect(s, &other, "GET", "/v1/datasets", NULL, 401);
    write_file(file, other_line);
    kill(s->pid, SIGHUP);
    WAIT_UNTIL(log_says(s, "reloaded", "") > 0, 20);
    expect(s, &other, "GET", "/v1/datasets", NULL, 200);
    expect(s, &writer, "GET", "/v1/datasets", NULL, 401);
    /* a file that is wrong is not taken, and what was there stays */
    snprintf(text, sizeof text, "%sgdt_1 acme read\n", line);
    write_file(file, text);
    kill(s->pid, SIGHUP);
    WAIT_UNTIL(log_says(s, "line 2: it has to be", "") > 0, 20);
    expect(s, &other, "GET", "/v1/datasets", NULL, 200);
    expect(s, &writer, "GET", "/v1/datasets", NULL, 401);
    write_file(file, other_line);
    e2e_stop(s);
    remove(file);
}
END_TEST

START_TEST(a_file_of_tokens_that_is_wrong_starts_no_server)
{
    static const char sum[] = "182b2f15900f16db52b0f44894db07f5122cf297cbf682465d356bd1910d6fee";
    static const struct {
        const char *format, *why; /* %s: a SHA-256 */
    } rows[] = {
        {"gdt_00000000000000000000 acme read\n", "line 1: it has to be ID TENANT SCOPE"},
        {"# \n\ngdt_0000000000000000000 acme read %s\n", "line 3: its first word is no token's id"},
        {"gdt_00000000000000000000_0000000000000000000000000000000000000000 acme read %s\n",
         "(not the whole token)"},
        {"gdt_00000000000000000000 ac/me read %s\n", "line 1: its second word is no tenant"},
        {"gdt_00000000000000000000 acme all %s\n", "line 1: its third word is no scope"},
        {"gdt_00000000000000000000 acme read 12ab\n", "line 1: its fourth word is no SHA-256"},
        {"gdt_00000000000000000001 acme read %1$s a\n\ngdt_00000000000000000000 b read %1$s\n"
         "gdt_00000000000000000001 acme read %1$s\n",
         "line 4: the token gdt_00000000000000000001 is in line 1 too"},
    };
    char file[300], text[600];
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    snprintf(file, sizeof file, "%s.tokens", s->dir);
    const char *const options[] = {"--token-file", file, NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, rows[i].format, sum);
        write_file(file, text);
        refuses_to_start(s, options, rows[i].why);
    }
    memset(text, '#', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FILE *f = fopen(file, "w"); /* a line that is too long is none of two */
    fprintf(f, "%s%s\n", text, text);
    fclose(f);
    refuses_to_start(s, options, "line 1: it is longer");
    write_file(file, "# nobody\n");
    ck_assert_int_eq(chmod(file, 0664), 0);
    refuses_to_start(s, options, "others may write to");
    remove(file);
    refuses_to_start(s, options, "can't open");
    e2e_restart(s, NULL);
    e2e_stop(s);
}
END_TEST

/* ---- the audit log ---- */

START_TEST(writes_are_in_the_audit_log)
{
    char log[320], moved[330], line[2048];
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    snprintf(log, sizeof log, "%s.audit", s->dir);
    snprintf(moved, sizeof moved, "%s.1", log);
    const char *const audited[] = {"--auth", "on", "--audit-log", log, NULL};
    e2e_restart(s, audited);
    token t = make_token(s, "acme", "write"), reader = make_token(s, "acme", "read");
    char id[32], path[80];
    make(s, &t, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    expect(s, &t, "GET", "/v1/datasets", NULL, 200); /* not in it */
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    expect(s, &reader, "DELETE", path, NULL, 403);
    expect(s, &t, "DELETE", path, NULL, 204);
    rename(log, moved); /* as a log rotation does */
    kill(s->pid, SIGHUP);
    WAIT_UNTIL(log_says(s, "reloaded", "") > 0, 20);
    expect(s, NULL, "GET", "/v1/jobs", NULL, 401);
    struct {
        const char *file, *method, *who, *path;
        int status;
    } rows[] = {{moved, "POST", t.id, "/v1/datasets", 201},
                {moved, "DELETE", reader.id, path, 403},
                {moved, "DELETE", t.id, path, 204},
                {log, "GET", "", "/v1/jobs", 401}};
    FILE *f = NULL;
    for (int i = 0; i < 4; i++) {
        if (i == 0 || i == 3) {
            if (f)
                ck_assert_ptr_null(fgets(line, sizeof line, f));
            f = fopen(rows[i].file, "r");
            ck_assert_ptr_nonnull(f);
        }
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        cJSON *o = cJSON_Parse(line);
        ck_assert_ptr_nonnull(o);
        ck_assert_str_eq(e2e_string(o, "method"), rows[i].method);
        ck_assert_str_eq(e2e_string(o, "token"), rows[i].who);
        ck_assert_str_eq(e2e_string(o, "path"), rows[i].path);
        ck_assert_str_eq(e2e_string(o, "client"), "127.0.0.1");
        ck_assert_int_eq((int)e2e_number(o, "status"), rows[i].status);
        if (i == 0)
            ck_assert_ptr_nonnull(strstr(e2e_string(o, "made"), id));
        cJSON_Delete(o);
    }
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tc = tcase_create("access");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, every_route_asks_for_a_token_but_those_for_everybody);
    tcase_add_test(tc, a_token_that_may_look_changes_nothing);
    tcase_add_test(tc, another_tenants_things_are_not_there);
    tcase_add_test(tc, what_was_made_without_tokens_is_the_default_tenants);
    tcase_add_test(tc, an_address_that_others_reach_needs_tokens);
    tcase_add_test(tc, the_command_line_says_what_is_wrong);
    tcase_add_test(tc, an_admin_makes_lists_and_revokes_tokens_of_the_tenant);
    tcase_add_test(tc, a_tenants_tokens_are_bounded);
    tcase_add_test(tc, tokens_of_a_file_are_read_at_the_start_and_on_sighup);
    tcase_add_test(tc, a_file_of_tokens_that_is_wrong_starts_no_server);
    tcase_add_test(tc, writes_are_in_the_audit_log);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
