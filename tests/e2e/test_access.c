/* Access: scopes, tenants, the audit log. */
#define _GNU_SOURCE
#include "tokens.h"

#include <sys/stat.h>

static const char *const with_auth[] = {"--auth", "on", NULL};

/* One of each thing of a tenant: a dataset, a job, its model, a sweep, an upload, a token. */
typedef struct things {
    char dataset[32], job[32], model[32], sweep[32], upload[32], token[32];
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
    snprintf(a.token, sizeof a.token, "%s", t ? t->id : "gdt_00000000000000000000");
    return a;
}

/* The id of the kind that a route is about; NULL for none. A route about a kind that is not known here
 * fails the test. */
static const char *id_for(const things *a, const char *pattern)
{
    const char *id = strncmp(pattern, "/v1/datasets/", 13) == 0  ? a->dataset
                     : strncmp(pattern, "/v1/jobs/", 9) == 0     ? a->job
                     : strncmp(pattern, "/v1/models/", 11) == 0  ? a->model
                     : strncmp(pattern, "/v1/sweeps/", 11) == 0  ? a->sweep
                     : strncmp(pattern, "/v1/uploads/", 12) == 0 ? a->upload
                     : strncmp(pattern, "/v1/tokens/", 11) == 0  ? a->token
                                                                 : NULL;
    if ((id != NULL) != (strchr(pattern, '{') != NULL))
        ck_abort_msg("of what kind is the id of %s?", pattern);
    return id;
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

/* Every scope on every route: what each of them may not is a 403, and nothing else is. */
START_TEST(each_scope_may_what_it_may_on_every_route)
{
    static const char *const scopes[] = {"read", "write", "admin"};
    e2e_server *s = e2e_start(with_auth);
    token of[3];
    for (int i = 0; i < 3; i++)
        of[i] = make_token(s, "acme", scopes[i]);
    char path[160];
    e2e_reply root = e2e_get(s, "/v1");
    const cJSON *route;
    int answered[2] = {0};
    cJSON_ArrayForEach (route, e2e_at(root.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        static const char *const looking[] = {"/predictions", "/evaluations", "/gradient_check",
                                              ":dry_run"};
        bool looks = strcmp(method, "GET") == 0;
        for (size_t i = 0; i < sizeof looking / sizeof looking[0]; i++)
            looks = looks || strstr(pattern, looking[i]);
        int needed = is_open(pattern)                        ? 0
                     : strncmp(pattern, "/v1/tokens", 10) == 0 ? 2
                                                               : !looks;
        fill_in(path, pattern, "ds_00000000000000000000"); /* nothing comes of it */
        for (int i = 0; i < 3; i++) {
            e2e_reply r = ask(s, &of[i], method, path, strcmp(method, "POST") ? NULL : "{\"no\": 1}");
            if (r.status == 401 || (r.status == 403) != (i < needed))
                ck_abort_msg("%s %s with scope %s: %ld %s", method, path, scopes[i], r.status,
                             r.body);
            answered[r.status == 403]++;
            e2e_reply_free(&r);
        }
    }
    ck_assert_int_ge(answered[0], 100);
    ck_assert_int_ge(answered[1], 20);
    e2e_reply_free(&root);
    e2e_stop(s);
}
END_TEST

/* HEAD is GET without a body, and an id can be written in other ways. */
START_TEST(no_other_way_to_ask_shows_what_is_anothers)
{
    e2e_server *s = e2e_start(with_auth);
    token ours = make_token(s, "acme", "write"), theirs = make_token(s, "other", "admin");
    things a = make_things(s, &ours);
    char path[160], odd[200];
    e2e_reply root = e2e_get(s, "/v1");
    const cJSON *route;
    int asked = 0, there = 0;
    cJSON_ArrayForEach (route, e2e_at(root.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        const char *id = id_for(&a, pattern);
        if (!id || strcmp(method, "GET") != 0)
            continue;
        fill_in(path, pattern, id);
        expect(s, NULL, "HEAD", path, NULL, 401);
        expect(s, &theirs, "HEAD", path, NULL, 404);
        e2e_reply r = ask(s, &ours, "HEAD", path, NULL);
        there += r.status == 200 || r.status == 204;
        e2e_reply_free(&r);
        const char *at = strstr(path, id), *tail = at + strlen(id);
        const struct {
            const char *before, *format, *after;
        } ways[] = {{"", "%%%02X%s", ""}, {"/", "%c%s", ""}, {"", "%c%s", "/"}, {"", "%c%s", "%00"},
                    {"", "%c%s", "?id=x"}};
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++, asked++) {
            char written[80];
            snprintf(written, sizeof written, ways[i].format, id[0], id + 1);
            snprintf(odd, sizeof odd, "%.*s%s%s%s%s", (int)(at - path), path, ways[i].before, written,
                     tail, ways[i].after);
            r = ask(s, &theirs, "GET", odd, NULL);
            if (r.status != 404 && r.status != 400)
                ck_abort_msg("GET %s: %ld %s", odd, r.status, r.body);
            e2e_reply_free(&r);
        }
    }
    ck_assert_int_ge(there, 8); /* they are there for whom they belong to */
    ck_assert_int_ge(asked, 50);
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
    tcase_add_test(tc, each_scope_may_what_it_may_on_every_route);
    tcase_add_test(tc, no_other_way_to_ask_shows_what_is_anothers);
    tcase_add_test(tc, what_was_made_without_tokens_is_the_default_tenants);
    tcase_add_test(tc, an_address_that_others_reach_needs_tokens);
    tcase_add_test(tc, the_command_line_says_what_is_wrong);
    tcase_add_test(tc, writes_are_in_the_audit_log);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
