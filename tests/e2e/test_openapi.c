/* The OpenAPI document and the server must say the same: every route, reply, field, default,
 * range and error of one exists in the other. Replies are checked by schema.c. */
#include "e2e.h"
#include "schema.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static e2e_server *s;
static e2e_reply document;
static const cJSON *api; /* the document */
static schema *checker;

static void start_with(const char *const *options)
{
    s = e2e_start(options);
    document = e2e_get(s, "/openapi.json");
    ck_assert_int_eq(document.status, 200);
    api = document.json;
    checker = schema_new(api);
}

static void start(void)
{
    start_with(NULL);
}

static void start_small(void)
{
    start_with(
        (const char *const[]){"--workers", "1", "--max-queue", "1", "--max-body", "64k", "--max-cells",
                              "12000", "--tenant-jobs", "1000000", NULL});
}

static void stop(void)
{
    schema_free(checker);
    e2e_reply_free(&document);
    e2e_stop(s);
}

/* A member by name, $ref followed; NULL when there is none. Unlike e2e_at it takes names with
 * slashes and dots. */
static const cJSON *member(const cJSON *o, const char *name)
{
    return schema_resolve(checker, cJSON_GetObjectItemCaseSensitive(o, name));
}

static const cJSON *schema_of(const char *name)
{
    const cJSON *found = member(e2e_at(api, "components.schemas"), name);
    ck_assert_msg(found != NULL, "there is no schema %s", name);
    return found;
}

/* The operation, by method as in HTTP and path with {id}. */
static const cJSON *operation(const char *method, const char *path)
{
    char lower[16];
    size_t n = strlen(method);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)method[i]);
    return member(member(e2e_at(api, "paths"), path), lower);
}

static bool is_method(const char *name)
{
    return strcmp(name, "get") == 0 || strcmp(name, "post") == 0 || strcmp(name, "delete") == 0 ||
           strcmp(name, "put") == 0 || strcmp(name, "patch") == 0;
}

/* ---- the checker itself ---- */

START_TEST(checker_refuses_what_does_not_fit)
{
    static const char *const cases[][3] = {
        /* schema, a value that fits, one that does not */
        {"{\"type\": \"integer\"}", "3", "3.5"},
        {"{\"type\": [\"string\", \"null\"]}", "null", "1"},
        {"{\"type\": \"number\"}", "1e300", "\"1\""},
        {"{\"type\": \"boolean\"}", "false", "0"},
        {"{\"required\": [\"a\"]}", "{\"a\": null}", "{}"},
        {"{\"properties\": {\"a\": {\"type\": \"object\"}}}", "{\"a\": {}}", "{\"a\": []}"},
        {"{\"additionalProperties\": false, \"properties\": {\"a\": {}}}", "{\"a\": 1}",
         "{\"b\": 1}"},
        {"{\"additionalProperties\": {\"type\": \"null\"}}", "{\"b\": null}", "{\"b\": 1}"},
        {"{\"items\": {\"minimum\": 2}}", "[2, 3]", "[3, 1]"},
        {"{\"exclusiveMinimum\": 0}", "5e-324", "0"},
        {"{\"maximum\": 60}", "60", "61"},
        {"{\"exclusiveMaximum\": 1}", "0.5", "1"},
        {"{\"minLength\": 2}", "\"\xc3\xa4\xc3\xa4\"", "\"\xc3\xa4\""},
        {"{\"maxItems\": 1}", "[1]", "[1, 2]"},
        {"{\"uniqueItems\": true}", "[1, 2]", "[1, 1]"},
        {"{\"minProperties\": 1}", "{\"a\": 1}", "{}"},
        {"{\"enum\": [\"a\", null]}", "null", "\"b\""},
        {"{\"const\": \"auto\"}", "\"auto\"", "\"Auto\""},
        {"{\"pattern\": \"^ds_[0-9a-z]{3}$\"}", "\"ds_abc\"", "\"ds_abcd\""},
        {"{\"format\": \"date-time\"}", "\"2026-11-24T09:41:07.123Z\"", "\"2026-11-24\""},
        {"{\"oneOf\": [{\"type\": \"number\"}, {\"const\": \"auto\"}]}", "\"auto\"", "\"full\""},
        {"{\"oneOf\": [{\"type\": \"number\"}, {\"minimum\": 1}]}", "0", "2"}, /* fits both */
        {"{\"$ref\": \"#/components/schemas/JobState\"}", "\"queued\"", "\"waiting\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cJSON *node = cJSON_Parse(cases[i][0]), *good = cJSON_Parse(cases[i][1]),
              *bad = cJSON_Parse(cases[i][2]);
        ck_assert(node && good && bad);
        ck_assert_msg(schema_check(checker, node, good), "%s", schema_why(checker));
        ck_assert_msg(!schema_check(checker, node, bad), "%s takes %s", cases[i][0], cases[i][2]);
        cJSON_Delete(node);
        cJSON_Delete(good);
        cJSON_Delete(bad);
    }
    cJSON *unknown = cJSON_Parse("{\"anyOf\": []}"), *lost = cJSON_Parse("{\"$ref\": \"#/no\"}");
    ck_assert(!schema_check(checker, unknown, unknown));
    ck_assert(!schema_check(checker, lost, lost));
    cJSON_Delete(unknown);
    cJSON_Delete(lost);
}
END_TEST

/* ---- routes and examples ---- */

START_TEST(routes_are_the_same_on_both_sides)
{
    e2e_reply index = e2e_get(s, "/v1");
    const cJSON *route, *path, *op;
    int there = 0, here = 0;
    cJSON_ArrayForEach (route, e2e_at(index.json, "routes")) {
        const char *method = e2e_string(route, "method"), *pattern = e2e_string(route, "path");
        op = operation(method, pattern);
        ck_assert_msg(op != NULL, "%s %s is not documented", method, pattern);
        ck_assert_str_eq(e2e_string(op, "summary"), e2e_string(route, "summary"));
        there++;
    }
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (op, path)
            here += is_method(op->string);
    ck_assert_int_eq(here, there);
    e2e_reply_free(&index);
}
END_TEST

/* Every example below `node` that stands beside a schema; returns how many there were. */
static int check_examples(const cJSON *node)
{
    const cJSON *item, *fits = cJSON_GetObjectItemCaseSensitive(node, "schema"), *example;
    int n = 0;
    if (cJSON_IsObject(node) && fits) {
        cJSON_ArrayForEach (example, cJSON_GetObjectItemCaseSensitive(node, "examples")) {
            const cJSON *value = member(schema_resolve(checker, example), "value");
            ck_assert_msg(schema_check(checker, fits, value), "example %s: %s", example->string,
                          schema_why(checker));
            n++;
        }
        example = cJSON_GetObjectItemCaseSensitive(node, "example");
        if (example)
            ck_assert_msg(schema_check(checker, fits, example), "%s: %s", node->string,
                          schema_why(checker));
        n += example != NULL;
    }
    cJSON_ArrayForEach (item, node)
        n += check_examples(item);
    return n;
}

START_TEST(examples_fit_their_schemas)
{
    ck_assert_int_gt(check_examples(api), 40);
    const cJSON *node, *example;
    cJSON_ArrayForEach (node, e2e_at(api, "components.schemas"))
        cJSON_ArrayForEach (example, cJSON_GetObjectItemCaseSensitive(node, "examples"))
            ck_assert_msg(schema_check(checker, node, example), "%s: %s", node->string,
                          schema_why(checker));
}
END_TEST

/* What a client sends, as it stands in the document; ids are those of things that exist. */
static e2e_reply send_example(const char *path, const char *query, const char *type,
                              const cJSON *value, const char *dataset_id)
{
    char url[128], header[64];
    cJSON *copy = cJSON_Duplicate(value, true);
    if (cJSON_GetObjectItemCaseSensitive(copy, "dataset_id"))
        cJSON_ReplaceItemInObjectCaseSensitive(copy, "dataset_id", cJSON_CreateString(dataset_id));
    cJSON *job = cJSON_GetObjectItemCaseSensitive(copy, "job"); /* of a sweep */
    if (cJSON_GetObjectItemCaseSensitive(job, "dataset_id"))
        cJSON_ReplaceItemInObjectCaseSensitive(job, "dataset_id", cJSON_CreateString(dataset_id));
    char *text = cJSON_IsString(copy) ? strdup(copy->valuestring) : cJSON_Print(copy);
    snprintf(url, sizeof url, "%s%s", path, query);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    e2e_reply r =
        e2e_request(s, "POST", url, (const char *const[]){header, NULL}, text, strlen(text));
    free(text);
    cJSON_Delete(copy);
    return r;
}

START_TEST(examples_of_requests_are_accepted)
{
    char dataset[32], job[32], url[96], updates[96];
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 3, 5], \"columns\": [\"radio\"]}", dataset);
    snprintf(url, sizeof url, "{\"dataset_id\": \"%s\"}", dataset);
    e2e_job(s, url, job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(url, sizeof url, "/v1/models/%s/predictions", e2e_string(r.json, "model_id"));
    snprintf(updates, sizeof updates, "/v1/models/%s/updates", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    const struct {
        const char *pattern, *path, *csv_query;
    } posts[] = {{"/v1/datasets", "/v1/datasets", "?target=sales"},
                 {"/v1/jobs", "/v1/jobs", ""},
                 {"/v1/jobs:dry_run", "/v1/jobs:dry_run", ""},
                 {"/v1/sweeps", "/v1/sweeps", ""},
                 {"/v1/models/{id}/predictions", url, ""},
                 {"/v1/models/{id}/updates", updates, "?learning_rate=0.01&target=y"}};
    int n = 0;
    for (size_t i = 0; i < COUNT(posts); i++) {
        const cJSON *content, *example,
            *types = member(member(operation("POST", posts[i].pattern), "requestBody"), "content");
        cJSON_ArrayForEach (content, types) {
            bool csv = strcmp(content->string, "application/json") != 0; /* it has no target */
            cJSON_ArrayForEach (example, member(content, "examples")) {
                const cJSON *value = member(schema_resolve(checker, example), "value");
                r = send_example(posts[i].path, csv ? posts[i].csv_query : "", content->string,
                                 value, dataset);
                ck_assert_msg(r.status / 100 == 2, "%s: %ld %s", example->string, r.status, r.body);
                e2e_reply_free(&r);
                n++;
            }
        }
    }
    ck_assert_int_ge(n, 14);
}
END_TEST

/* ---- every reply ---- */

/* The response objects of operations that were seen. */
static const cJSON *answered[512];
static size_t answered_count;

static bool was_answered(const cJSON *response)
{
    for (size_t i = 0; i < answered_count; i++)
        if (answered[i] == response)
            return true;
    return false;
}

static void check_headers(const e2e_reply *r, const cJSON *response)
{
    const cJSON *header;
    char value[256];
    cJSON_ArrayForEach (header, member(response, "headers")) {
        const cJSON *h = schema_resolve(checker, header);
        e2e_header(r, header->string, value, sizeof value);
        ck_assert_msg(*value || !cJSON_IsTrue(member(h, "required")), "%s is missing",
                      header->string);
    }
}

static const char *bearer; /* a header, where access control is on */

/* Asks as documented and holds the answer against the document. The caller frees it. */
static e2e_reply ask(const char *method, const char *pattern, const char *id, const char *query,
                     const char *header, const char *body, long status)
{
    char path[512], type[64], key[8];
    const char *hole = strstr(pattern, "{id}");
    snprintf(path, sizeof path, "%.*s%s%s%s", hole ? (int)(hole - pattern) : (int)strlen(pattern),
             pattern, hole ? id : "", hole ? hole + 4 : "", query);
    const char *const headers[] = {header ? header : bearer, header ? bearer : NULL, NULL};
    e2e_reply r = e2e_request(s, method, path, headers, body, body ? strlen(body) : 0);
    ck_assert_msg(r.status == status, "%s %s: %ld, not %ld: %s", method, path, r.status, status,
                  r.body);
    const cJSON *op = operation(method, pattern);
    ck_assert_msg(op != NULL, "%s %s is not documented", method, pattern);
    snprintf(key, sizeof key, "%ld", r.status);
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(member(op, "responses"), key),
                *response = schema_resolve(checker, own);
    ck_assert_msg(response != NULL, "%s %s may not answer %s: %s", method, pattern, key, r.body);
    check_headers(&r, response);
    if (!was_answered(own) && answered_count < COUNT(answered))
        answered[answered_count++] = own;
    const cJSON *contents = member(response, "content");
    e2e_header(&r, "Content-Type", type, sizeof type);
    type[strcspn(type, ";")] = '\0';
    if (!contents) {
        ck_assert_uint_eq(r.len, 0);
        return r;
    }
    const cJSON *content = member(contents, type), *value = r.json;
    ck_assert_msg(content != NULL, "%s %s: %s is answered with %s", method, pattern, key, type);
    cJSON *text = value ? NULL : cJSON_CreateString(r.body);
    ck_assert_msg(schema_check(checker, member(content, "schema"), value ? value : text),
                  "%s %s: %s: %s: %.2000s", method, pattern, key, schema_why(checker), r.body);
    cJSON_Delete(text);
    return r;
}

#define JSON_TYPE "Content-Type: application/json"
#define CSV_TYPE "Content-Type: text/csv"

/* The same, for its own sake. */
static void see(const char *method, const char *pattern, const char *id, const char *query,
                const char *header, const char *body, long status)
{
    e2e_reply r = ask(method, pattern, id, query, header, body, status);
    e2e_reply_free(&r);
}

static void keep(e2e_reply r, const char *path, char id[32])
{
    snprintf(id, 32, "%s", e2e_string(r.json, path));
    e2e_reply_free(&r);
}

#define DATA "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8], \"name\": \"data\"}"
#define FOR_EVER "{\"dataset\": " DATA ", \"epochs\": 1000000000, \"tol\": 0}"

/* To the job's end; the caller frees its document. */
static e2e_reply watch(const char *job)
{
    for (double end = e2e_now() + 60; e2e_now() < end;) {
        e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "?wait=10", NULL, NULL, 200);
        if (!cJSON_IsNull(e2e_at(r.json, "finished_at")))
            return r;
        e2e_reply_free(&r);
    }
    ck_abort_msg("the job does not end");
    return (e2e_reply){0};
}

static void train(const char *body, char job[32], char model[32])
{
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, body, 202), "id", job);
    e2e_reply r = watch(job);
    const cJSON *id = e2e_at(r.json, "model_id");
    snprintf(model, 32, "%s", cJSON_IsString(id) ? id->valuestring : "");
    e2e_reply_free(&r);
}

static void tour_system(void)
{
    see("GET", "/v1/usage", "", "", NULL, NULL, 200);
    static const char *const paths[] = {"/healthz", "/readyz", "/v1", "/v1/capabilities",
                                        "/openapi.json"};
    for (size_t i = 0; i < COUNT(paths); i++)
        see("GET", paths[i], "", "", NULL, NULL, 200);
    /* any operation refuses a parameter that it does not know */
    e2e_reply index = e2e_get(s, "/v1");
    const cJSON *route;
    cJSON_ArrayForEach (route, e2e_at(index.json, "routes"))
        see(e2e_string(route, "method"), e2e_string(route, "path"), "x", "?undocumented=1", NULL,
            NULL, 400);
    e2e_reply_free(&index);
}

/* Of a server with access control; the first token comes from the command line. */
static void tour_tokens(void)
{
    static const char path[] = "/v1/tokens", one[] = "/v1/tokens/{id}";
    static const char *const with_auth[] = {"--auth", "on", NULL};
    char line[800], token[160] = "Authorization: Bearer ", id[32], *large = malloc(70001);
    see("POST", path, "", "", JSON_TYPE, "{\"scope\": \"read\"}", 403);
    see("GET", path, "", "", NULL, NULL, 403);
    see("DELETE", one, "gdt_00000000000000000000", "", NULL, NULL, 403);
    e2e_server *open = s;
    s = e2e_start(with_auth);
    snprintf(line, sizeof line, DESCENTD " --data-dir %s token create acme admin", s->dir);
    FILE *f = popen(line, "r");
    ck_assert_ptr_nonnull(fgets(token + strlen(token), 80, f));
    ck_assert_int_eq(pclose(f), 0);
    token[strcspn(token, "\n")] = '\0';
    bearer = token;
    keep(ask("POST", path, "", "", JSON_TYPE, "{\"scope\": \"read\", \"name\": \"n\"}", 201), "id",
         id);
    see("POST", path, "", "", JSON_TYPE, "{\"scope\": \"all\"}", 422);
    see("POST", path, "", "", CSV_TYPE, "read", 415);
    memset(large, ' ', 70000);
    large[70000] = '\0';
    see("POST", path, "", "", JSON_TYPE, large, 413);
    free(large);
    see("DELETE", one, id, "", NULL, NULL, 204);
    see("DELETE", one, "gdt_00000000000000000000", "", NULL, NULL, 404);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    bearer = NULL;
    e2e_stop(s);
    s = open;
}

static char *large_body(void)
{
    char *body = malloc(80001);
    memset(body, ' ', 80000);
    memcpy(body, "{\"X\": [1], \"y\": [1]", 19);
    body[79999] = '}';
    body[80000] = '\0';
    return body;
}

/* More than the server takes in one dataset, though the body is not too large. */
static char *many_cells(void)
{
    enum { ROWS = 3, COLS = 5000 };
    char *body = malloc(ROWS * (2 * COLS + 2) + 32), *at = body + sprintf(body, "{\"X\": [");
    for (int i = 0; i < ROWS * COLS; i++)
        at += sprintf(at, "%s1%s", i % COLS ? "," : "[", (i + 1) % COLS ? "" : i + 1 < ROWS * COLS ? "]," : "]");
    sprintf(at, "], \"y\": [1, 2, 3]}");
    return body;
}

/* id: of two rows with a missing cell. */
static void tour_rows(const char *id)
{
    static const char rows[] = "/v1/datasets/{id}/rows", export[] = "/v1/datasets/{id}/export";
    see("GET", rows, id, "", NULL, NULL, 200);
    see("GET", rows, id, "?limit=1&shape=records", NULL, NULL, 200);
    see("GET", rows, id, "?offset=1&columns=y,a", "Accept: text/csv", NULL, 200);
    see("GET", rows, id, "?limit=0", NULL, NULL, 400);
    see("GET", rows, "ds_nothing", "", NULL, NULL, 404);
    see("GET", rows, id, "", "Accept: image/png", NULL, 406);
    see("GET", export, id, "", NULL, NULL, 200);
    see("GET", export, id, "?columns=b", "Accept: application/x-npy", NULL, 200);
    see("GET", export, id, "?format=npy&dtype=float32", NULL, NULL, 200);
    see("GET", export, id, "?format=xls", NULL, NULL, 400);
    see("GET", export, "ds_nothing", "", NULL, NULL, 404);
    see("GET", export, id, "", "Accept: image/png", NULL, 406);
}

static void tour_datasets(void)
{
    char first[32], second[32], *large = large_body();
    static const char path[] = "/v1/datasets", one[] = "/v1/datasets/{id}";
    keep(ask("POST", path, "", "", JSON_TYPE, DATA, 201), "id", first);
    keep(
        ask("POST", path, "", "?target=c&columns=a&name=n&dtype=float32", CSV_TYPE, "a,b,c\n1,2,3\n4,5,7\n", 201),
        "id", second);
    see("POST", path, "", "", JSON_TYPE, "{\"X\": [1]}", 422);
    see("POST", path, "", "", "Content-Type: image/png", "x", 415);
    char sparse[32];
    keep(ask("POST", path, "", "?columns=20000&index_base=0", "Content-Type: text/x-libsvm",
             "1 0:2 7:3\n2 1:1\n0\n", 201),
         "id", sparse);
    see("GET", one, sparse, "", NULL, NULL, 200);
    see("POST", path, "", "?index_base=2", "Content-Type: text/x-libsvm", "1 0:2\n", 400);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    see("GET", path, "", "", NULL, NULL, 200);
    e2e_reply r = ask("GET", path, "", "?limit=1", NULL, NULL, 200);
    char query[64];
    snprintf(query, sizeof query, "?limit=1&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    see("GET", path, "", query, NULL, NULL, 200);
    see("GET", one, first, "", NULL, NULL, 200);
    see("DELETE", one, second, "", NULL, NULL, 204);
    keep(ask("POST", path, "", "?target=y&types=a:categorical", CSV_TYPE, "a,b,y\n1,,3\n2,5,\n",
             201),
         "id", second);
    see("GET", one, second, "", NULL, NULL, 200);
    tour_rows(second);
    see("DELETE", one, second, "", NULL, NULL, 204);
    see("GET", one, second, "", NULL, NULL, 404);
    see("DELETE", one, second, "", NULL, NULL, 404);
    free(large);
}

/* Features that are named by their numbers. */
static void tour_sparse(void)
{
    char id[32], job[32], model[32], body[96];
    keep(ask("POST", "/v1/datasets", "", "", "Content-Type: text/x-libsvm",
             "a 1:2 7:3\nb 2:1\na 1:1\nb\n", 201),
         "id", id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"model\": \"logistic_regression\"}", id);
    train(body, job, model);
    see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE,
        "{\"sparse_X\": [{\"7\": 1}, {}]}", 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"sparse_X\": [{\"8\": 1}]}",
        422);
}

static void tour_versions(void)
{
    static const char path[] = "/v1/datasets/{id}/rows", list[] = "/v1/datasets/{id}/versions",
                      none[] = "ds_00000000000000000000";
    char id[32], sparse[32], *large = large_body();
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", id);
    keep(ask("POST", "/v1/datasets", "", "", "Content-Type: text/x-libsvm", "1 1:2\n", 201), "id",
         sparse);
    keep(ask("POST", path, id, "?name=more", JSON_TYPE, "{\"X\": [5], \"y\": [6]}", 201), "id", id);
    see("POST", path, id, "", JSON_TYPE, "{\"X\": [5]}", 422);
    see("POST", path, id, "", "Content-Type: image/png", "x", 415);
    see("POST", path, id, "", JSON_TYPE, large, 413);
    see("POST", path, sparse, "?columns=4", "Content-Type: text/x-libsvm", "1 1:2 4:1\n", 201);
    see("POST", path, sparse, "", CSV_TYPE, "1,y\n2,3\n", 409);
    see("POST", path, sparse, "", JSON_TYPE, "{\"sparse_X\": [{\"1\": 1}], \"y\": [2], \"name\": \"n\"}", 201);
    see("POST", path, none, "", JSON_TYPE, "{\"X\": [5], \"y\": [6]}", 404);
    see("GET", list, id, "", NULL, NULL, 200);
    see("GET", list, id, "?limit=1", NULL, NULL, 200);
    see("GET", list, none, "", NULL, NULL, 404);
    see("GET", "/v1/datasets/{id}", id, "", NULL, NULL, 200);
    free(large);
}

/* A piece of a resumable upload. */
static void send_piece(const char *id, const char *offset, const char *bytes, long status)
{
    char header[64];
    snprintf(header, sizeof header, "Upload-Offset: %s", offset);
    see("PATCH", "/v1/uploads/{id}", id, "", header, bytes, status);
}

/* Rows of a next version; and what is too large, or of no known kind, only once it is unpacked. */
static void tour_appending_upload(void)
{
    static const char path[] = "/v1/uploads", end[] = "/v1/uploads/{id}/finish",
                      form[] = "Content-Type: multipart/form-data; boundary=x";
    char id[32], dataset[32], query[64], gone[] = "?append_to=ds_00000000000000000000";
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", dataset);
    snprintf(query, sizeof query, "?append_to=%s", dataset);
    see("POST", path, "", gone, JSON_TYPE, NULL, 400);
    keep(ask("POST", path, "", query, JSON_TYPE, NULL, 201), "id", id);
    send_piece(id, "0", "{\"X\": [7], \"y\": [8]}", 204);
    see("POST", end, id, gone, NULL, NULL, 400);
    see("POST", end, id, "", NULL, NULL, 201);
    keep(ask("POST", path, "", "", form, NULL, 201), "id", id);
    send_piece(id, "0",
               "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n1\r\n--x--\r\n",
               204);
    see("POST", end, id, "", NULL, NULL, 415);
    keep(ask("POST", path, "", "", JSON_TYPE, NULL, 201), "id", id);
    char *many = many_cells();
    send_piece(id, "0", many, 204);
    see("POST", end, id, "", NULL, NULL, 413);
    free(many);
}

static void tour_uploads(void)
{
    static const char path[] = "/v1/uploads", one[] = "/v1/uploads/{id}",
                      end[] = "/v1/uploads/{id}/finish", none[] = "upl_00000000000000000000",
                      hash[] = "?target=b&sha256="
                               "2f1d6da06ccd3e6e3a5a4d8b6f3a3a3d6f8b8f7b7c9c8d1e5f4a3b2c1d0e9f8a";
    char id[32], other[32], *large = large_body();
    see("POST", path, "", "", "Content-Type: image/png", NULL, 415);
    see("POST", path, "", "", "Upload-Length: 65537", NULL, 413);
    see("POST", path, "", "?name=", JSON_TYPE, NULL, 422);
    keep(ask("POST", path, "", hash, CSV_TYPE, NULL, 201), "id", other);
    keep(ask("POST", path, "", "", "Upload-Length: 26", NULL, 201), "id", id);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    send_piece(id, "0", "{\"X\": [1, 2], ", 204);
    send_piece(id, "5", "\"y\": [1, 2]}", 409);
    send_piece(id, "x", "\"y\": [1, 2]}", 400);
    send_piece(id, "14", large, 413);
    see("GET", one, id, "", NULL, NULL, 200);
    see("POST", end, id, "", NULL, NULL, 409);
    send_piece(id, "14", "\"y\": [1, 2]}", 204);
    see("POST", end, id, "?name=pieces", NULL, NULL, 201);
    see("POST", end, id, "", NULL, NULL, 200);
    see("GET", one, id, "", NULL, NULL, 200);
    see("PATCH", one, other, "", "Content-Encoding: gzip", "x", 415);
    send_piece(other, "0", "a,b\n1,2\n3,4\n", 204);
    see("POST", end, other, "", NULL, NULL, 422); /* another hash */
    see("DELETE", one, other, "", NULL, NULL, 204);
    see("DELETE", one, none, "", NULL, NULL, 404);
    see("GET", one, none, "", NULL, NULL, 404);
    see("POST", end, none, "", NULL, NULL, 404);
    tour_appending_upload();
    send_piece(none, "0", "x", 404);
    free(large);
}

static void tour_diagnostics(void)
{
    static const char path[] = "/v1/datasets/{id}/diagnostics";
    char line[32], other[32];
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", line);
    see("GET", path, line, "", NULL, NULL, 200);
    see("GET", path, line, "?model=linear_regression&learning_rate=0.1&tol=0.01", NULL, NULL, 200);
    see("GET", path, line, "?cost=mae", NULL, NULL, 200);
    see("GET", path, line, "?model=softmax", NULL, NULL, 400);
    see("GET", path, "ds_00000000000000000000", "", NULL, NULL, 404);
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE,
             "{\"X\": [[1, 2], [2, 4], [3, 6]], \"y\": [\"a\", \"b\", \"c\"]}", 201),
         "id", other);
    see("GET", path, other, "?standardize=false&learning_rate=9&l2=0&intercept=false", NULL, NULL,
        200);
}

static void tour_jobs(void)
{
    static const char path[] = "/v1/jobs", one[] = "/v1/jobs/{id}", end[] = "/v1/jobs/{id}/cancel";
    char job[32], model[32], dataset[32], file[400], body[128], *large = large_body();
    train("{\"dataset\": " DATA ", \"name\": \"line\", \"learning_rate\": 0.001, "
          "\"initial_parameters\": {\"coefficients\": [1], \"intercept\": 2}}",
          job, model);
    train("{\"dataset\": " DATA ", \"initial_parameters\": {\"m\": 1, \"b\": 2}}", job, model);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1&state=succeeded", NULL, NULL, 200);
    see("POST", end, job, "", NULL, NULL, 409);
    see("DELETE", one, job, "", NULL, NULL, 204);
    see("DELETE", one, job, "", NULL, NULL, 404);
    see("GET", one, job, "", NULL, NULL, 404);
    see("POST", end, job, "", NULL, NULL, 404);
    train("{\"dataset\": " DATA ", \"learning_rate\": 1e300}", job, model); /* diverges */
    char ended[32];
    snprintf(ended, sizeof ended, "%s", job);
    keep(ask("POST", "/v1/jobs/{id}/replay", job, "", NULL, NULL, 202), "id", job);
    e2e_reply replayed = watch(job);
    ck_assert(cJSON_IsTrue(e2e_at(replayed.json, "replay.equal")));
    e2e_reply_free(&replayed);
    see("POST", "/v1/jobs/{id}/replay", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", path, "", "", JSON_TYPE, "{\"epochs\": 0}", 422);
    see("POST", path, "", "", JSON_TYPE,
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1}",
        422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    /* a job that the server itself fails: its file has gone */
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", dataset);
    e2e_dataset_file(s, dataset, file);
    ck_assert_int_eq(unlink(file), 0);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
    train(body, job, model);
    /* one runs, one waits, a third is too many */
    char runs[32], waits[32];
    e2e_reply r = ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202);
    snprintf(dataset, sizeof dataset, "%s", e2e_string(r.json, "dataset_id"));
    keep(r, "id", runs);
    for (bool running = false; !running;) {
        r = ask("GET", one, runs, "", NULL, NULL, 200);
        running = strcmp(e2e_string(r.json, "state"), "running") == 0;
        e2e_reply_free(&r);
    }
    keep(ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202), "id", waits);
    see("POST", path, "", "", JSON_TYPE, FOR_EVER, 429);
    /* a paused one gives up its place, and may not find one when it is resumed */
    char paused[32];
    see("POST", "/v1/jobs/{id}/pause", waits, "", NULL, NULL, 202);
    snprintf(paused, sizeof paused, "%s", waits);
    keep(ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202), "id", waits);
    see("POST", "/v1/jobs/{id}/resume", paused, "", NULL, NULL, 429);
    see("POST", "/v1/jobs/{id}/replay", ended, "", NULL, NULL, 429);
    see("GET", one, paused, "", NULL, NULL, 200);
    see("POST", end, paused, "", NULL, NULL, 202);
    see("DELETE", one, runs, "", NULL, NULL, 409);
    see("POST", "/v1/jobs/{id}/replay", runs, "", NULL, NULL, 409);
    see("DELETE", "/v1/datasets/{id}", dataset, "", NULL, NULL, 409);
    see("POST", end, waits, "", NULL, NULL, 202);
    see("POST", end, runs, "", NULL, NULL, 202);
    r = watch(runs);
    e2e_reply_free(&r);
    free(large);
}

static void tour_dry_run(void)
{
    static const char path[] = "/v1/jobs:dry_run";
    char *large = large_body();
    see("POST", path, "", "", JSON_TYPE, "{\"dataset\": " DATA ", \"learning_rate\": 0.1}", 200);
    see("POST", path, "", "", JSON_TYPE, "{\"dataset\": " DATA ", \"learning_rate\": 1e300}", 200);
    see("POST", path, "", "", JSON_TYPE,
        "{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}", 200);
    see("POST", path, "", "", JSON_TYPE, "{\"epochs\": 0}", 422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    free(large);
}

#define PAIRS "{\"X\": [1, 2, 3, 4, 5, 6, 7, 9], \"y\": [%s]}"
#define TWO "\"a\", \"a\", \"b\", \"a\", \"b\", \"b\", \"a\", \"b\""
#define THREE "\"a\", \"a\", \"c\", \"b\", \"b\", \"c\", \"c\", \"a\""

/* Every task: what only some models have. */
static void tour_tasks(void)
{
    static const struct {
        const char *settings, *targets;
    } tasks[] = {
        {"\"model\": \"logistic_regression\", \"validation_fraction\": 0.25", TWO},
        {"\"model\": \"softmax_regression\"", THREE},
        {"\"model\": \"svm\", \"l2\": 0.1, \"standardize\": false", TWO},
        {"\"model\": \"poisson_regression\"", "1, 2, 2, 4, 3, 6, 8, 9"},
        {"\"model\": {\"name\": \"mlp\", \"hidden_layers\": [3, 2]}", THREE},
    };
    for (size_t i = 0; i < COUNT(tasks); i++) {
        char data[256], body[512], job[32], model[32], dataset[32];
        snprintf(data, sizeof data, PAIRS, tasks[i].targets);
        keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, data, 201), "id", dataset);
        see("GET", "/v1/datasets/{id}", dataset, "", NULL, NULL, 200);
        see("GET", "/v1/datasets/{id}", dataset, "?limit=1", NULL, NULL, 200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, tasks[i].settings);
        train(body, job, model);
        see("GET", "/v1/jobs/{id}/history", job, "", NULL, NULL, 200);
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
        see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"X\": [2, 8]}", 200);
        see("POST", "/v1/models/{id}/evaluations", model, "", JSON_TYPE, "{\"on\": \"training\"}",
            200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
        see("POST", "/v1/models/{id}/evaluations", model, "", JSON_TYPE, body, 200);
    }
    see("GET", "/v1/datasets", "", "", NULL, NULL, 200);
    see("GET", "/v1/jobs", "", "", NULL, NULL, 200);
    see("GET", "/v1/models", "", "", NULL, NULL, 200);
}

#define WIDE                                                                                       \
    "{\"columns\": [\"a\", \"b\", \"c\"], \"X\": [[1, 2, 1], [2, 1, 1], [3, 5, 1], [4, 3, 1], "    \
    "[5, 5, 1], [6, 1, 1], [1, 3, 2], [2, 2, 2], [3, 4, 2], [4, 1, 2], [5, 2, 2], [600, 500, "     \
    "2]], "                                                                                        \
    "\"y\": [%s]}"
#define NUMBERS "1, 3, 2, 5, 4, 6, 2, 4, 3, 7, 5, 9"
#define LABELS "\"n\", \"y\", \"n\", \"n\", \"y\", \"y\", \"n\", \"y\", \"n\", \"y\", \"y\", \"n\""

/* What a job says of rows, columns and coefficients, and jobs of several runs. */
static void tour_members(void)
{
    static const struct {
        bool labels;
        const char *settings;
    } jobs[] = {
        {false, "\"sample_weight\": \"b\", \"offset\": \"c\", \"bounds\": {\"a\": [0, null]}"},
        {false, "\"sample_weight\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]"},
        {false, "\"cross_validation\": 3"},
        {false, "\"l1\": \"path\", \"path_points\": 3"},
        {false, "\"l2\": \"path\", \"path_points\": 3, \"validation_fraction\": 0.25"},
        {false, "\"group_by\": \"c\", \"standardize\": false, \"learning_rate\": 0.01"},
        {false,
         "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"LinearSVR\", \"C\": 1, "
         "\"dual\": true}"},
        {false, "\"model\": \"mlp\""},
        {true, "\"model\": \"logistic_regression\", \"class_weight\": {\"y\": 2}, "
               "\"validation_dataset_id\": \"%s\", \"threshold\": {\"criterion\": \"f_beta\", "
               "\"beta\": 2}"},
        {true, "\"model\": \"logistic_regression\", \"validation_fraction\": 0.5, \"threshold\": "
               "{\"criterion\": \"precision_at_target_recall\", \"target\": 0.5}"},
        {true, "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", "
               "\"threshold\": {\"criterion\": \"recall_at_target_precision\", \"target\": 0.1}"},
        {true, "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", "
               "\"threshold\": {\"criterion\": \"recall_at_target_precision\", \"target\": 1}, "
               "\"epochs\": 1, \"learning_rate\": 1e-9, \"standardize\": false, "
               "\"initial_parameters\": {\"coefficients\": [1, 0, 0]}"},
        {true, "\"model\": \"logistic_regression\", \"cross_validation\": 2"},
        {true, "\"model\": \"softmax_regression\", \"l2\": 0.5"},
        {true, "\"model\": \"softmax_regression\", \"optimizer\": \"lbfgs\""},
    };
    for (size_t i = 0; i < COUNT(jobs); i++) {
        char data[768], settings[512], body[1024], job[32], model[32], dataset[32];
        snprintf(data, sizeof data, WIDE, jobs[i].labels ? LABELS : NUMBERS);
        keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, data, 201), "id", dataset);
        snprintf(settings, sizeof settings, jobs[i].settings, dataset);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, settings);
        see("POST", "/v1/jobs:dry_run", "", "", JSON_TYPE, body, 200);
        train(body, job, model);
        see("GET", "/v1/jobs/{id}/history", job, "", NULL, NULL, 200);
        if (!*model)
            continue;
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s, \"start_from\": \"%s\"}", dataset,
                 settings, model);
        if (i != 1 && !strstr(settings, "softmax"))
            continue;
        train(body, job, model);
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    }
    see("GET", "/v1/jobs", "", "", NULL, NULL, 200);
}

/* Columns of texts, with missing values and products. */
static void tour_columns(void)
{
    char body[512], job[32], model[32], dataset[32];
    keep(ask("POST", "/v1/datasets", "", "?target=y", CSV_TYPE,
             "city,a,y\nRome,1,2\nOslo,,3\nRome,2,4\nBonn,3,6\n,4,7\nOslo,5,8\n", 201),
         "id", dataset);
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"missing\": \"mean\", \"missing_indicator\": true, "
             "\"reference_level\": {\"city\": \"Oslo\"}, \"features\": {\"polynomial\": 2, "
             "\"interactions_only\": false}, \"l2\": 0.1}",
             dataset);
    see("POST", "/v1/jobs:dry_run", "", "", JSON_TYPE, body, 200);
    train(body, job, model);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
    see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    see("GET", "/v1/datasets/{id}/diagnostics", dataset, "?missing=median", NULL, NULL, 200);
    see("GET", "/v1/datasets/{id}/diagnostics", dataset, "", NULL, NULL, 400);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE,
        "{\"data\": [{\"city\": \"Rome\", \"a\": null}]}", 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"X\": [[\"Paris\", 1]]}",
        422);
}

static void tour_check(void)
{
    static const char path[] = "/v1/jobs/{id}/gradient_check";
    char job[32], model[32], dataset[32];
    train("{\"dataset\": " DATA ", \"epochs\": 3}", job, model);
    see("POST", path, job, "", NULL, NULL, 200);
    keep(ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200), "dataset_id", dataset);
    see("DELETE", "/v1/datasets/{id}", dataset, "", NULL, NULL, 204);
    see("POST", path, job, "", NULL, NULL, 409);
    see("POST", path, "job_00000000000000000000", "", NULL, NULL, 404);
    train("{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}", job,
          model);
    see("POST", path, job, "", NULL, NULL, 422);
}

/* A validated job while it runs, cancelled and stopped. */
static void tour_steering(void)
{
    static const char body[] =
        "{\"dataset\": " DATA
        ", \"epochs\": 1000000000, \"tol\": 0, \"validation_fraction\": 0.25}";
    static const char *const ways[] = {"/v1/jobs/{id}/stop", "/v1/jobs/{id}/cancel"};
    for (size_t i = 0; i < COUNT(ways); i++) {
        char job[32];
        keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, body, 202), "id", job);
        for (bool going = false; !going;) {
            e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
            going = cJSON_IsNumber(e2e_at(r.json, "validation_cost"));
            e2e_reply_free(&r);
        }
        see("POST", "/v1/jobs/{id}/pause", job, "", NULL, NULL, 202);
        see("POST", "/v1/jobs/{id}/resume", job, "", NULL, NULL, 202);
        see("POST", "/v1/jobs/{id}/resume", job, "", NULL, NULL, 409);
        for (bool going = false; !going;) {
            e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
            going = strcmp(e2e_string(r.json, "state"), "running") == 0;
            e2e_reply_free(&r);
        }
        see("POST", ways[i], job, "", NULL, NULL, 202);
        e2e_reply r = watch(job);
        e2e_reply_free(&r);
        if (i == 0)
            see("POST", ways[i], job, "", NULL, NULL, 409);
        see("POST", "/v1/jobs/{id}/pause", job, "", NULL, NULL, 409);
    }
    see("POST", "/v1/jobs/{id}/pause", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", "/v1/jobs/{id}/resume", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", ways[0], "job_00000000000000000000", "", NULL, NULL, 404);
}

/* Settings of a job are changed, and seen wherever they are shown. */
static void tour_changes(void)
{
    static const char path[] = "/v1/jobs/{id}", nobody[] = "job_00000000000000000000";
    char job[32], idle[32], *large = large_body();
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, FOR_EVER, 202), "id", job);
    see("PATCH", path, job, "", JSON_TYPE,
        "{\"learning_rate\": 1e-9, \"tol\": 0, \"epochs\": 999999999}", 202);
    for (bool taken = false; !taken;) {
        e2e_reply r = ask("GET", path, job, "", NULL, NULL, 200);
        taken = cJSON_IsNumber(e2e_at(r.json, "changes.0.epoch"));
        e2e_reply_free(&r);
    }
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, FOR_EVER, 202), "id", idle);
    see("PATCH", path, idle, "", JSON_TYPE, "{\"tol\": 0.5}", 202);
    see("POST", "/v1/jobs/{id}/cancel", idle, "", NULL, NULL, 202);
    see("GET", "/v1/jobs/{id}/history", idle, "", NULL, NULL, 200);
    see("PATCH", path, job, "", JSON_TYPE, "{\"tol\": 2}", 422);
    see("PATCH", path, job, "", CSV_TYPE, "tol\n0.5\n", 415);
    see("PATCH", path, job, "", JSON_TYPE, large, 413);
    see("PATCH", path, idle, "", JSON_TYPE, "{\"tol\": 0.5}", 409);
    see("PATCH", path, nobody, "", JSON_TYPE, "{\"tol\": 0.5}", 404);
    see("POST", "/v1/jobs/{id}/stop", job, "", NULL, NULL, 202);
    e2e_reply r = watch(job);
    see("GET", "/v1/models/{id}", e2e_string(r.json, "model_id"), "", NULL, NULL, 200);
    e2e_reply_free(&r);
    free(large);
}

#define SWEEP(job, rest) "{\"job\": {\"dataset\": " DATA job "}, " rest "}"

static void sweep(const char *body, char id[32])
{
    keep(ask("POST", "/v1/sweeps", "", "", JSON_TYPE, body, 202), "id", id);
    for (double end = e2e_now() + 60; e2e_now() < end;) {
        e2e_reply r = ask("GET", "/v1/sweeps/{id}", id, "?wait=10", NULL, NULL, 200);
        bool ended = !cJSON_IsNull(e2e_at(r.json, "finished_at"));
        e2e_reply_free(&r);
        if (ended)
            return;
    }
    ck_abort_msg("the sweep does not end");
}

/* A queue of one has no room for a sweep. */
static void tour_full_queue(void)
{
    char *large = large_body();
    see("POST", "/v1/sweeps", "", "", JSON_TYPE, SWEEP("", "\"grid\": {\"l2\": [0, 1]}"), 429);
    see("POST", "/v1/sweeps", "", "", JSON_TYPE, large, 413);
    free(large);
}

static void tour_ended_sweeps(char id[32])
{
    static const char path[] = "/v1/sweeps";
    static const char *const bodies[] = {
        SWEEP("", "\"name\": \"s\", \"skip_invalid\": true, \"metric\": \"r2\", "
                  "\"grid\": {\"l2\": [0, 1, -1], \"learning_rate\": [0.1, 1e300]}"),
        SWEEP(", \"validation_fraction\": 0.25",
              "\"random\": {\"n\": 2, \"fields\": {\"l2\": {\"distribution\": \"uniform\", "
              "\"low\": 0, \"high\": 1}}}"),
        SWEEP("", "\"find_learning_rate\": true"),
    };
    char query[64];
    for (size_t i = 0; i < COUNT(bodies); i++)
        sweep(bodies[i], id);
    see("GET", path, "", "", NULL, NULL, 200);
    e2e_reply r = ask("GET", path, "", "?limit=1", NULL, NULL, 200);
    snprintf(query, sizeof query, "?limit=1&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    see("GET", path, "", query, NULL, NULL, 200);
}

static void tour_sweeps(void)
{
    static const char path[] = "/v1/sweeps", one[] = "/v1/sweeps/{id}",
                      end[] = "/v1/sweeps/{id}/cancel", none[] = "swp_00000000000000000000";
    char id[32], job[32], query[64];
    tour_ended_sweeps(id);
    snprintf(query, sizeof query, "?sweep=%s", id);
    e2e_reply r = ask("GET", "/v1/jobs", "", query, NULL, NULL, 200);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), 1);
    keep(r, "jobs.0.id", job);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
    see("POST", "/v1/jobs/{id}/cancel", job, "", NULL, NULL, 409);
    see("POST", end, id, "", NULL, NULL, 409);
    see("DELETE", one, id, "", NULL, NULL, 204);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 404);
    keep(ask("POST", path, "", "", JSON_TYPE,
             SWEEP(", \"epochs\": 1000000000, \"tol\": 0", "\"grid\": {\"l2\": [0, 1, 2]}"), 202),
         "id", id);
    see("DELETE", one, id, "", NULL, NULL, 409);
    see("POST", end, id, "", NULL, NULL, 202);
    see("GET", one, id, "", NULL, NULL, 200);
    see("POST", path, "", "", JSON_TYPE, SWEEP("", "\"grid\": {\"l3\": [0, 1]}"), 422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("GET", one, none, "", NULL, NULL, 404);
    see("POST", end, none, "", NULL, NULL, 404);
    see("DELETE", one, none, "", NULL, NULL, 404);
}

static void tour_history(void)
{
    static const char path[] = "/v1/jobs/{id}/history";
    char job[32], model[32];
    train("{\"dataset\": " DATA ", \"epochs\": 20, \"tol\": 0}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
    see("GET", path, job, "?limit=3", NULL, NULL, 200);
    see("GET", path, job, "?limit=3&after_epoch=19", NULL, NULL, 200);
    see("GET", path, job, "?last=2", NULL, NULL, 200);
    see("GET", path, job, "?points=5", NULL, NULL, 200);
    see("GET", path, job, "", "Accept: text/csv", NULL, 200);
    see("GET", path, job, "", "Accept: image/png", NULL, 406);
    see("GET", path, "job_00000000000000000000", "", NULL, NULL, 404);
    train("{\"dataset\": " DATA ", \"learning_rate\": 1e300}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
}

/* What was recorded on the way, and predictions as of then. */
static void tour_parameters(void)
{
    static const char path[] = "/v1/jobs/{id}/parameters",
                      predict[] = "/v1/models/{id}/predictions";
    char job[32], model[32];
    train("{\"dataset\": " DATA ", \"epochs\": 20, \"tol\": 0, \"record_parameters\": 4}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
    see("GET", path, job, "?limit=2&after_epoch=3", NULL, NULL, 200);
    see("GET", path, job, "?epoch=8", NULL, NULL, 200);
    see("GET", path, job, "?epoch=9", NULL, NULL, 404);
    see("GET", path, job, "?epoch=8&limit=1", NULL, NULL, 400);
    see("POST", predict, model, "?epoch=8", JSON_TYPE, "{\"X\": [1]}", 200);
    see("POST", predict, model, "?epoch=9", JSON_TYPE, "{\"X\": [1]}", 404);
    see("DELETE", "/v1/jobs/{id}", job, "", NULL, NULL, 204);
    see("POST", predict, model, "?epoch=8", JSON_TYPE, "{\"X\": [1]}", 404);
    see("GET", path, job, "", NULL, NULL, 404);
}

static void tour_models(void)
{
    static const char path[] = "/v1/models", one[] = "/v1/models/{id}",
                      predict[] = "/v1/models/{id}/predictions",
                      evaluate[] = "/v1/models/{id}/evaluations", update[] = "/v1/models/{id}/updates";
    char job[32], line[32], plane[32], *large = large_body();
    train("{\"dataset\": " DATA ", \"name\": \"line\"}", job, line);
    train("{\"dataset\": {\"X\": [[1, 2], [2, 1], [3, 3]], \"y\": [1, 2, 4]}, "
          "\"standardize\": false}",
          job, plane);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    see("GET", one, line, "", NULL, NULL, 200);
    see("GET", one, plane, "", NULL, NULL, 200);
    see("POST", predict, line, "", JSON_TYPE, "{\"X\": [1, 1e308]}", 200);
    see("POST", predict, line, "", JSON_TYPE, "{\"X\": [-1e308, 1.7e308]}", 200);
    see("POST", predict, plane, "", JSON_TYPE, "{\"data\": [{\"x2\": 1, \"x1\": 2}]}", 200);
    see("POST", predict, plane, "", CSV_TYPE, "x1,x2\n1,2\n", 200);
    see("POST", predict, plane, "", JSON_TYPE, "{\"X\": [1]}", 422);
    see("POST", predict, plane, "", "Content-Type: a/b", "x", 415);
    see("POST", predict, plane, "", JSON_TYPE, large, 413);
    see("POST", evaluate, plane, "", JSON_TYPE, "{\"on\": \"validation\"}", 422);
    see("POST", evaluate, plane, "", CSV_TYPE, "x1,x2,y\n1,2,1\n", 415);
    see("POST", evaluate, plane, "", JSON_TYPE, large, 413);
    see("POST", update, line, "", JSON_TYPE, "{\"X\": [2, 3], \"y\": [3, 5]}", 200);
    see("POST", update, plane, "?l2=0.5", CSV_TYPE, "x1,x2,y\n1,2,1\n", 200);
    see("GET", one, line, "", NULL, NULL, 200);
    see("GET", path, "", "", NULL, NULL, 200);
    see("POST", evaluate, line, "", JSON_TYPE, "{\"on\": \"training\"}", 409);
    see("POST", update, plane, "?version=1", CSV_TYPE, "x1,x2,y\n1,2,1\n", 409);
    see("POST", update, plane, "", JSON_TYPE, "{\"X\": [2], \"y\": [3]}", 422);
    see("POST", update, plane, "", "Content-Type: a/b", "x", 415);
    see("POST", update, plane, "", JSON_TYPE, large, 413);
    see("DELETE", one, plane, "", NULL, NULL, 204);
    see("DELETE", one, plane, "", NULL, NULL, 404);
    see("POST", update, plane, "", JSON_TYPE, "{\"X\": [[2, 1]], \"y\": [3]}", 404);
    see("GET", one, plane, "", NULL, NULL, 404);
    see("POST", predict, plane, "", JSON_TYPE, "{\"X\": [[1, 2]]}", 404);
    see("POST", evaluate, plane, "", JSON_TYPE, "{\"on\": \"training\"}", 404);
    free(large);
}

/* Properties that no reply of the tour has, and why. */
static bool can_not_be_seen(const char *path)
{
    /* hyperparameters: they are made from the tables, one for each member of each family, and
     * every one is set and echoed in the tests of api */
    static const char *const families[] = {"spec.model.", "spec.cost.", "spec.optimizer.",
                                           "spec.schedule."};
    for (size_t i = 0; i < COUNT(families); i++)
        if (strstr(path, families[i]))
            return true;
    return false;
}

static int unseen;

static void check_property(void *ctx, const char *path, const cJSON *property)
{
    (void)ctx;
    bool not_null = schema_nullable(checker, property);
    bool was = schema_seen(checker, property, not_null);
    if (was || can_not_be_seen(path))
        return;
    fprintf(stderr, "%s was %s\n", path, not_null ? "never seen but null" : "never seen");
    unseen++;
}

/* Every response that is documented, but not one of the server's own troubles. */
static void check_operation(const cJSON *path, const cJSON *op)
{
    const cJSON *response, *content;
    cJSON_ArrayForEach (response, member(op, "responses")) {
        int status = atoi(response->string);
        if (status >= 500)
            continue;
        if (!was_answered(response)) {
            fprintf(stderr, "%s %s never answered %d\n", op->string, path->string, status);
            unseen++;
        }
        cJSON_ArrayForEach (content, member(schema_resolve(checker, response), "content"))
            schema_each_property(checker, cJSON_GetObjectItemCaseSensitive(content, "schema"),
                                 op->string, check_property, NULL);
    }
}

START_TEST(every_reply_is_as_documented_and_all_that_is_documented_occurs)
{
    tour_system();
    tour_tokens();
    tour_datasets();
    tour_sparse();
    tour_versions();
    tour_uploads();
    tour_diagnostics();
    tour_jobs();
    tour_history();
    tour_models();
    tour_tasks();
    tour_members();
    tour_columns();
    tour_check();
    tour_dry_run();
    tour_steering();
    tour_changes();
    tour_parameters();
    tour_full_queue();
    e2e_server *small = s;
    s = e2e_start(NULL); /* whose queue has room for sweeps */
    tour_sweeps();
    e2e_stop(s);
    s = small;
    const cJSON *path, *op;
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (op, path)
            if (is_method(op->string))
                check_operation(path, op);
    ck_assert_msg(unseen == 0, "%d documented properties or statuses were not seen (see above)",
                  unseen);
}
END_TEST

START_TEST(wrong_method_is_answered_as_documented_for_every_path)
{
    const cJSON *path, *content = e2e_at(api, "components.responses.MethodNotAllowed.content"),
                       *problem = member(member(content, "application/problem+json"), "schema");
    cJSON_ArrayForEach (path, e2e_at(api, "paths")) {
        e2e_reply r = e2e_request(s, "PUT", path->string, NULL, NULL, 0);
        e2e_problem(&r, 405, "method-not-allowed");
        ck_assert_msg(schema_check(checker, problem, r.json), "%s", schema_why(checker));
        check_headers(&r, e2e_at(api, "components.responses.MethodNotAllowed"));
        e2e_reply_free(&r);
    }
}
END_TEST

/* A long-poll has the only connection that this address may have; asked again until it has. */
START_TEST(too_many_connections_are_answered_as_documented)
{
    static const char *const one[] = {"--max-client-connections", "1", NULL};
    const cJSON *answer = e2e_at(api, "components.responses.TooManyConnections"),
                *problem = member(member(member(answer, "content"), "application/problem+json"),
                                  "schema");
    char job[32], request[128];
    e2e_server *small = e2e_start(one);
    e2e_job(small, FOR_EVER, job);
    int held = e2e_connect(small),
        n = snprintf(request, sizeof request, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n",
                     job);
    ck_assert_int_eq(send(held, request, (size_t)n, MSG_NOSIGNAL), n);
    e2e_reply r = e2e_get(small, "/healthz");
    for (double end = e2e_now() + 60; r.status != 429 && e2e_now() < end;) {
        char none;
        if (recv(held, &none, 1, MSG_DONTWAIT) == 0) { /* it was shed before it was read */
            close(held);
            held = e2e_connect(small);
            ck_assert_int_eq(send(held, request, (size_t)n, MSG_NOSIGNAL), n);
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        }
        e2e_reply_free(&r);
        r = e2e_get(small, "/healthz");
    }
    e2e_problem(&r, 429, "too-many-connections");
    ck_assert_msg(schema_check(checker, problem, r.json), "%s", schema_why(checker));
    check_headers(&r, answer);
    e2e_reply_free(&r);
    close(held);
    e2e_stop(small);
}
END_TEST

START_TEST(a_busy_tenant_is_answered_as_documented)
{
    static const char *const one[] = {"--tenant-uploads", "1", NULL};
    const cJSON *answer = e2e_at(api, "components.responses.QuotaBusy"),
                *problem = member(member(member(answer, "content"), "application/problem+json"),
                                  "schema");
    e2e_server *small = e2e_start(one);
    for (int i = 0; i < 2; i++) {
        e2e_reply r = e2e_request(small, "POST", "/v1/uploads", NULL, NULL, 0);
        if (i == 1) {
            e2e_problem(&r, 429, "quota-busy");
            ck_assert_msg(schema_check(checker, problem, r.json), "%s", schema_why(checker));
            check_headers(&r, answer);
        }
        e2e_reply_free(&r);
    }
    e2e_stop(small);
}
END_TEST

/* ---- requests ---- */

static char dataset_id[32], predictions[96], updates[96];

/* A dataset of one exact line, and a model of it. */
static void make_line(void)
{
    char body[96], job[32];
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 3, 5]}", dataset_id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset_id);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(predictions, sizeof predictions, "/v1/models/%s/predictions",
             e2e_string(r.json, "model_id"));
    snprintf(updates, sizeof updates, "/v1/models/%s/updates", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

#define UPDATE_BUT_WEIGHTS                                                                         \
    "learning_rate", "0.001", "batch_size", "2", "l1", "0.5", "l2", "0.25", "optimizer",           \
        "\"momentum\"", "class_weight", NULL, "version", "\"any\"", "sample_weight"
#define UPDATE_SETTINGS UPDATE_BUT_WEIGHTS, "[1, 2]"
#define UPDATE_SETTINGS_OF_ONE UPDATE_BUT_WEIGHTS, "[2]"

/* A request for each schema of one, and a value for each of its properties. */
static const struct {
    const char *schema, *path, *base;
    const char *const *properties; /* name, value, ..., NULL */
} requests[] = {
    {"JobRequest", "/v1/jobs",
     "{\"dataset_id\": \"%s\", \"batch_size\": 1, \"validation_fraction\": 0.25}",
     (const char *const[]){"dataset_id",
                           NULL,
                           "dataset",
                           NULL,
                           "name",
                           "\"n\"",
                           "model",
                           "\"linear_regression\"",
                           "cost",
                           "\"mse\"",
                           "optimizer",
                           "\"gd\"",
                           "schedule",
                           "\"constant\"",
                           "l1",
                           "0.5",
                           "l2",
                           "0.25",
                           "validation_fraction",
                           "0.25",
                           "patience",
                           "3",
                           "clip_norm",
                           "3",
                           "clip_value",
                           "4",
                           "average",
                           "true",
                           "max_seconds",
                           "60",
                           "initial_parameters",
                           "{\"m\": 1}",
                           "learning_rate",
                           "0.25",
                           "epochs",
                           "7",
                           "batch_size",
                           "2",
                           "tol",
                           "0.5",
                           "n_iter_no_change",
                           "3",
                           "seed",
                           "9",
                           "shuffle",
                           "false",
                           "intercept",
                           "false",
                           "standardize",
                           "false",
                           "tol_on",
                           "\"gradient\"",
                           "non_negative",
                           "true",
                           "dtype",
                           "\"float64\"",
                           "history_points",
                           "11",
                           "cross_validation",
                           NULL,
                           "path_points",
                           "5",
                           "record_parameters",
                           "4",
                           "confidence_level",
                           "0.75",
                           "missing",
                           "\"mean\"",
                           "missing_indicator",
                           "true",
                           "unknown_levels",
                           "\"ignore\"",
                           "reference_level",
                           "true",
                           "features",
                           "{\"polynomial\": 2}",
                           "start_from",
                           NULL,
                           "validation_dataset_id",
                           NULL,
                           "sample_weight",
                           "[1, 2, 1]",
                           "class_weight",
                           NULL,
                           "offset",
                           NULL,
                           "group_by",
                           NULL,
                           "bounds",
                           "{\"x\": [0, 5]}",
                           "threshold",
                           NULL,
                           "compat",
                           NULL,
                           NULL}},
    {"MatrixDataset", "/v1/datasets", "{\"X\": [1, 2], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "columns", "[\"c\"]", "X", "[[1], [2]]", "y", "[5, 6]",
                           "target", "\"t\"", "dtype", "\"float32\"", "types",
                           "{\"y\": \"numeric\"}", NULL}},
    {"RecordsDataset", "/v1/datasets",
     "{\"data\": [{\"a\": 1, \"b\": 2, \"c\": 3}], \"target\": \"a\"}",
     (const char *const[]){"name", "\"n\"", "data", "[{\"a\": 1, \"b\": 2}]", "target", "\"b\"",
                           "columns", "[\"c\"]", "dtype", "\"float32\"", "types",
                           "{\"b\": \"ignore\"}", NULL}},
    {"SweepRequest", "/v1/sweeps",
     "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [1]}}",
     (const char *const[]){"name", "\"n\"", "job", NULL, "grid", "{\"l1\": [0, 1]}", "random", NULL,
                           "metric", "\"r2\"", "find_learning_rate", "false", "skip_invalid",
                           "true", NULL}},
    {"ColumnsDataset", "/v1/datasets", "{\"columns\": {\"a\": [1, 2], \"y\": [3, 4]}}",
     (const char *const[]){"name", "\"n\"", "columns", "{\"b\": [1], \"y\": [5]}", "target",
                           "\"a\"", "dtype", "\"float32\"", "types",
                           "{\"a\": \"numeric\"}", NULL}},
    {"MatrixRows", "@", "{\"X\": [1, 2]}", (const char *const[]){"X", "[[1]]", NULL}},
    {"RecordRows", "@", "{\"data\": [{\"x\": 1}]}",
     (const char *const[]){"data", "[{\"x\": 2, \"z\": null}]", NULL}},
    {"ColumnRows", "@", "{\"columns\": {\"x\": [1, 2]}}",
     (const char *const[]){"columns", "{\"x\": [1], \"z\": [null]}", NULL}},
    {"SparseRows", "@", "{\"sparse_X\": [{\"x\": 1}]}",
     (const char *const[]){"sparse_X", "[{}, {\"x\": 2}]", NULL}},
    {"SparseUpdate", "@updates", "{\"sparse_X\": [{\"x\": 1}, {}], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "sparse_X", "[{}, {\"x\": 2}]", "y", "[5, 6]", "target",
                           "\"t\"", UPDATE_SETTINGS, NULL}},
    {"MatrixUpdate", "@updates", "{\"X\": [1, 2], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "columns", "[\"x\"]", "X", "[[1], [2]]", "y", "[5, 6]",
                           "target", "\"t\"", UPDATE_SETTINGS, NULL}},
    {"RecordsUpdate", "@updates", "{\"data\": [{\"x\": 1, \"y\": 2, \"z\": 3}]}",
     (const char *const[]){"name", "\"n\"", "data", "[{\"x\": 1, \"y\": 2}]", "target", "\"z\"",
                           "columns", "[\"x\"]", UPDATE_SETTINGS_OF_ONE, NULL}},
    {"ColumnsUpdate", "@updates", "{\"columns\": {\"x\": [1], \"y\": [2], \"z\": [3]}}",
     (const char *const[]){"name", "\"n\"", "columns", "{\"x\": [2], \"y\": [1]}", "target",
                           "\"z\"", UPDATE_SETTINGS_OF_ONE, NULL}},
};

static cJSON *base_of(size_t i)
{
    char text[256];
    snprintf(text, sizeof text, requests[i].base, dataset_id);
    return cJSON_Parse(text);
}

static e2e_reply post(const char *path, const cJSON *doc)
{
    char *text = cJSON_PrintUnformatted(doc);
    e2e_reply r = e2e_post(s,
                           strcmp(path, "@") == 0          ? predictions
                           : strcmp(path, "@updates") == 0 ? updates
                                                           : path,
                           text);
    free(text);
    return r;
}

/* The value given for a property; false when there is none. */
static bool sample(size_t i, const char *name, const char **value)
{
    for (const char *const *p = requests[i].properties; *p; p += 2)
        if (strcmp(p[0], name) == 0) {
            *value = p[1];
            return true;
        }
    return false;
}

START_TEST(every_documented_member_of_a_request_is_taken)
{
    make_line();
    for (size_t i = 0; i < COUNT(requests); i++) {
        const cJSON *property, *known = member(schema_of(requests[i].schema), "properties");
        int documented = 0, listed = 0;
        for (const char *const *p = requests[i].properties; *p; p += 2)
            listed++;
        cJSON_ArrayForEach (property, known) {
            const char *value = NULL;
            ck_assert_msg(sample(i, property->string, &value), "%s.%s has no sample here",
                          requests[i].schema, property->string);
            documented++;
            cJSON *doc = base_of(i);
            if (strcmp(property->string, "dataset") == 0) {
                cJSON_DeleteItemFromObject(doc, "dataset_id");
                value = "{\"X\": [1, 2], \"y\": [1, 3]}";
            }
            if (value) {
                cJSON_DeleteItemFromObject(doc, property->string);
                cJSON_AddItemToObject(doc, property->string, cJSON_Parse(value));
            }
            e2e_reply r = post(requests[i].path, doc);
            ck_assert_msg(r.status / 100 == 2, "%s.%s: %s", requests[i].schema, property->string,
                          r.body);
            if (i == 0 && value && strcmp(property->string, "dataset") != 0) { /* it is echoed */
                cJSON *want = cJSON_Parse(value);
                ck_assert(
                    cJSON_Compare(member(e2e_at(r.json, "spec"), property->string), want, true));
                cJSON_Delete(want);
            }
            e2e_reply_free(&r);
            cJSON_Delete(doc);
        }
        ck_assert_int_eq(documented, listed);
    }
}
END_TEST

START_TEST(undocumented_members_are_refused)
{
    make_line();
    for (size_t i = 0; i < COUNT(requests); i++) {
        ck_assert(cJSON_IsFalse(member(schema_of(requests[i].schema), "additionalProperties")));
        cJSON *doc = base_of(i);
        cJSON_AddNumberToObject(doc, "undocumented", 1);
        e2e_reply r = post(requests[i].path, doc);
        e2e_problem(&r, 422, "validation-failed");
        e2e_field_error(&r, "undocumented");
        e2e_reply_free(&r);
        cJSON_Delete(doc);
    }
    static const char *const nested[][2] = {
        {"\"optimizer\": {\"name\": \"gd\", \"undocumented\": 1}", "optimizer.undocumented"},
        {"\"model\": {\"name\": \"linear_regression\", \"undocumented\": 1}", "model.undocumented"},
        {"\"cost\": {\"name\": \"mse\", \"undocumented\": 1}", "cost.undocumented"},
        {"\"initial_parameters\": {\"undocumented\": 1}", "initial_parameters.undocumented"}};
    for (size_t i = 0; i < COUNT(nested); i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset_id, nested[i][0]);
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        e2e_problem(&r, 422, "validation-failed");
        e2e_field_error(&r, nested[i][1]);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(initial_parameters_are_the_documented_ones)
{
    static const char *const samples[][2] = {
        {"coefficients", "[2]"}, {"intercept", "1"}, {"m", "2"}, {"b", "1"}};
    const cJSON *property, *known = member(schema_of("InitialParameters"), "properties");
    ck_assert_int_eq(cJSON_GetArraySize(known), COUNT(samples));
    make_line();
    cJSON_ArrayForEach (property, known) {
        size_t i = 0;
        while (i < COUNT(samples) && strcmp(samples[i][0], property->string) != 0)
            i++;
        ck_assert_msg(i < COUNT(samples), "%s has no sample here", property->string);
        char body[160];
        snprintf(body, sizeof body,
                 "{\"dataset_id\": \"%s\", \"initial_parameters\": {\"%s\": %s}}", dataset_id,
                 samples[i][0], samples[i][1]);
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        ck_assert_msg(r.status == 202, "%s", r.body);
        e2e_reply_free(&r);
    }
}
END_TEST

/* A job with this one member, and those without which some members make no sense. */
static e2e_reply job_with_word(const char *name, const char *value)
{
    static const char *const companions[][2] = {
        {"learning_rate", "0.01"}, {"batch_size", "2"}, {"validation_fraction", "0.25"}};
    char body[320];
    int at =
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"%s\": %s", dataset_id, name, value);
    /* a rule that looks for its steps takes neither of the first two */
    for (size_t i = strstr(value, "bfgs") ? 2 : 0; i < COUNT(companions); i++)
        if (strcmp(companions[i][0], name) != 0)
            at += snprintf(body + at, sizeof body - (size_t)at, ", \"%s\": %s", companions[i][0],
                           companions[i][1]);
    snprintf(body + at, sizeof body - (size_t)at, "}");
    return e2e_post(s, "/v1/jobs", body);
}

/* The value printed so that it reads back exactly. */
static e2e_reply job_with(const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", value);
    return job_with_word(name, text);
}

START_TEST(documented_defaults_are_those_of_a_resolved_spec)
{
    make_line();
    char body[96];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset_id);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    const cJSON *property, *spec = e2e_at(r.json, "spec");
    int n = 0;
    cJSON_ArrayForEach (property, member(schema_of("JobRequest"), "properties")) {
        const cJSON *def = cJSON_GetObjectItemCaseSensitive(property, "default");
        if (!def)
            continue;
        ck_assert_msg(cJSON_Compare(def, member(spec, property->string), true), "%s",
                      property->string);
        n++;
    }
    ck_assert_int_eq(n, cJSON_GetArraySize(spec) - 1); /* all but the dataset_id have one */
    e2e_reply_free(&r);
}
END_TEST

/* A cost that is known, but not for linear_regression. */
static bool of_another_model(const e2e_reply *r)
{
    return r->status == 422 && strstr(r->body, "does not fit model") != NULL;
}

START_TEST(documented_choices_are_those_that_are_taken)
{
    static const char *const families[] = {"model", "cost", "optimizer", "schedule"};
    make_line();
    for (size_t i = 0; i < COUNT(families); i++) {
        const cJSON *choice, *one,
            *family = member(member(schema_of("JobRequest"), "properties"), families[i]);
        int names = 0, objects = 0;
        cJSON_ArrayForEach (choice, member(family, "oneOf")) {
            cJSON_ArrayForEach (one, member(choice, "enum")) {
                char word[64];
                snprintf(word, sizeof word, "\"%s\"", one->valuestring);
                e2e_reply r = job_with_word(families[i], word);
                ck_assert_msg(r.status == 202 || of_another_model(&r), "%s", r.body);
                e2e_reply_free(&r);
                names++;
            }
            const cJSON *name = member(member(choice, "properties"), "name");
            if (name) {
                char object[96];
                snprintf(object, sizeof object, "{\"name\": \"%s\"}", e2e_string(name, "const"));
                e2e_reply r = job_with_word(families[i], object);
                ck_assert_msg(r.status == 202 || of_another_model(&r), "%s", r.body);
                e2e_reply_free(&r);
                objects++;
            }
        }
        ck_assert_int_ge(names, 1);
        ck_assert_int_ge(names, objects); /* some have two names */
        ck_assert_int_ge(objects, 1);
    }
}
END_TEST

static void check_value(const char *name, double value, bool good)
{
    e2e_reply r = job_with(name, value);
    if (good) {
        ck_assert_msg(r.status == 202, "%s %.17g: %s", name, value, r.body);
        ck_assert_double_eq(e2e_number(e2e_at(r.json, "spec"), name), value);
    } else {
        ck_assert_msg(r.status == 422, "%s %.17g: %ld", name, value, r.status);
        e2e_field_error(&r, name);
    }
    e2e_reply_free(&r);
}

/* The next value beyond: a whole number for integers, else the next double. */
static double beyond(double v, bool integer, double direction)
{
    if (!integer)
        return nextafter(v, direction * INFINITY);
    return v + direction == v ? v + 2 * direction : v + direction;
}

static int check_range(const char *name, const cJSON *rule)
{
    const cJSON *bound, *type = member(rule, "type");
    bool integer = type && cJSON_IsString(type) && strcmp(type->valuestring, "integer") == 0;
    int n = 0;
    cJSON_ArrayForEach (bound, rule) {
        double v = bound->valuedouble;
        if (strcmp(bound->string, "minimum") == 0 || strcmp(bound->string, "maximum") == 0) {
            check_value(name, v, true);
            check_value(name, beyond(v, integer, bound->string[1] == 'i' ? -1 : 1), false);
        } else if (strcmp(bound->string, "exclusiveMinimum") == 0 ||
                   strcmp(bound->string, "exclusiveMaximum") == 0) {
            check_value(name, v, false);
            check_value(name, beyond(v, integer, bound->string[10] == 'i' ? 1 : -1), true);
        } else {
            continue;
        }
        n++;
    }
    if (integer && n)
        check_value(name, member(rule, "minimum")->valuedouble + 0.5, false);
    return n;
}

START_TEST(documented_ranges_of_settings_are_enforced)
{
    const cJSON *property, *choice;
    int bounds = 0;
    make_line();
    cJSON_ArrayForEach (property, member(schema_of("JobRequest"), "properties")) {
        /* these need other data: classes, or as many rows as folds */
        if (strcmp(property->string, "class_weight") == 0 ||
            strcmp(property->string, "threshold") == 0 ||
            strcmp(property->string, "cross_validation") == 0)
            continue;
        bounds += check_range(property->string, property);
        cJSON_ArrayForEach (choice, member(property, "oneOf")) {
            bounds += check_range(property->string, choice);
            const cJSON *word = member(choice, "const");
            if (word) {
                char text[32];
                snprintf(text, sizeof text, "\"%s\"", word->valuestring);
                e2e_reply r = job_with_word(property->string, text);
                ck_assert_msg(r.status == 202, "%s", r.body);
                e2e_reply_free(&r);
                r = job_with_word(property->string, "\"another\"");
                ck_assert_int_eq(r.status, 422);
                e2e_reply_free(&r);
            }
        }
    }
    /* learning_rate has one; epochs, batch_size, tol, n_iter_no_change, seed and
     * history_points two each */
    ck_assert_int_ge(bounds, 22);
}
END_TEST

static void check_query(const char *path, const char *name, double value, long status)
{
    e2e_reply r = e2e_getf(s, "%s?%s=%.0f", path, name, value);
    ck_assert_msg(r.status == status, "%s?%s=%.0f: %ld", path, name, value, r.status);
    e2e_reply_free(&r);
}

static e2e_reply post_sweep(void)
{
    char body[128];
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [0]}}", dataset_id);
    e2e_reply r = e2e_post(s, "/v1/sweeps", body);
    ck_assert_int_eq(r.status, 202);
    return r;
}

START_TEST(documented_ranges_of_query_parameters_are_enforced)
{
    const cJSON *path, *parameter;
    int checked = 0;
    make_line();
    e2e_reply jobs = e2e_get(s, "/v1/jobs"), sweeps = post_sweep();
    const char *job = e2e_string(jobs.json, "jobs.0.id"), *sweep = e2e_string(sweeps.json, "id"),
               *id;
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (parameter, member(member(path, "get"), "parameters")) {
            const cJSON *p = schema_resolve(checker, parameter), *rule = member(p, "schema");
            const cJSON *min = member(rule, "minimum"), *max = member(rule, "maximum");
            const char *name = e2e_string(p, "name"), *hole = strstr(path->string, "{id}");
            char url[128];
            /* where access control is off tokens are not listed */
            if (strcmp(e2e_string(p, "in"), "query") != 0 || strstr(path->string, "tokens"))
                continue;
            id = strncmp(path->string, "/v1/datasets", 12) == 0 ? dataset_id
                 : strncmp(path->string, "/v1/sweeps", 10) == 0 ? sweep
                                                                : job;
            snprintf(url, sizeof url, "%.*s%s%s",
                     hole ? (int)(hole - path->string) : (int)strlen(path->string), path->string,
                     hole ? id : "", hole ? hole + 4 : "");
            if (min) {
                /* the parameters of an epoch exist only where they were recorded */
                check_query(url, name, min->valuedouble, strcmp(name, "epoch") == 0 ? 404 : 200);
                check_query(url, name, min->valuedouble - 1, 400);
                checked++;
            }
            if (max && max->valuedouble < 9e15) { /* else this reads it as another number */
                check_query(url, name, max->valuedouble, 200);
                check_query(url, name, max->valuedouble + 1, 400);
                checked++;
            }
        }
    ck_assert_int_ge(checked, 13);
    e2e_reply_free(&jobs);
    e2e_reply_free(&sweeps);
}
END_TEST

/* Every query parameter of the table of routes is documented and the other way round: what is
 * documented is taken, what is not is refused with the documented names. */
START_TEST(query_parameters_are_the_documented_ones)
{
    const cJSON *path, *op, *parameter, *error;
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (op, path) {
            char names[512] = "", url[128];
            int known = 0;
            if (!is_method(op->string))
                continue;
            cJSON_ArrayForEach (parameter, member(op, "parameters")) {
                const cJSON *p = schema_resolve(checker, parameter);
                if (strcmp(e2e_string(p, "in"), "query") != 0)
                    continue;
                snprintf(names + strlen(names), sizeof names - strlen(names), " %s ",
                         e2e_string(p, "name"));
                known++;
            }
            /* a name that is near no other: the answer lists those that are known */
            snprintf(url, sizeof url, "%s?zzzzzzzzzzzzzzzzzzzzzzzz=1", path->string);
            char method[16];
            for (size_t i = 0; i <= strlen(op->string); i++)
                method[i] = (char)toupper((unsigned char)op->string[i]);
            e2e_reply r = e2e_request(s, method, url, NULL, NULL, 0);
            e2e_problem(&r, 400, "invalid-parameter");
            error = e2e_at(r.json, "errors.0");
            char message[400], *list, *rest = NULL;
            snprintf(message, sizeof message, "%s", e2e_string(error, "message"));
            list = strstr(message, "known are: ");
            ck_assert_msg((list != NULL) == (known > 0), "%s %s: %s", method, url, message);
            for (char *n = list ? strtok_r(list + 11, ", ", &rest) : NULL; n;
                 n = strtok_r(NULL, ", ", &rest)) {
                char word[64];
                snprintf(word, sizeof word, " %s ", n);
                ck_assert_msg(strstr(names, word) != NULL, "%s %s: %s is not documented", method,
                              path->string, n);
                known--;
            }
            ck_assert_msg(known == 0, "%s %s: some are only documented:%s", method, path->string,
                          names);
            e2e_reply_free(&r);
        }
}
END_TEST

START_TEST(as_many_columns_as_documented_are_taken)
{
    const cJSON *columns = member(member(schema_of("MatrixDataset"), "properties"), "columns");
    int most = (int)e2e_number(columns, "maxItems");
    char *body = malloc((size_t)most * 4 + 64);
    for (int n = most; n <= most + 1; n++) {
        char *at = body + sprintf(body, "{\"y\": [1], \"X\": [[");
        for (int i = 0; i < n; i++)
            at += sprintf(at, "%s1", i ? "," : "");
        sprintf(at, "]]}");
        e2e_reply r = e2e_post(s, "/v1/datasets", body);
        ck_assert_msg(r.status == (n == most ? 201 : 422), "%d: %ld %.300s", n, r.status, r.body);
        e2e_reply_free(&r);
    }
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openapi");
    TCase *tc = tcase_create("openapi"), *small = tcase_create("replies");
    tcase_add_test(tc, checker_refuses_what_does_not_fit);
    tcase_add_test(tc, routes_are_the_same_on_both_sides);
    tcase_add_test(tc, examples_fit_their_schemas);
    tcase_add_test(tc, examples_of_requests_are_accepted);
    tcase_add_test(tc, wrong_method_is_answered_as_documented_for_every_path);
    tcase_add_test(tc, too_many_connections_are_answered_as_documented);
    tcase_add_test(tc, a_busy_tenant_is_answered_as_documented);
    tcase_add_test(tc, every_documented_member_of_a_request_is_taken);
    tcase_add_test(tc, undocumented_members_are_refused);
    tcase_add_test(tc, initial_parameters_are_the_documented_ones);
    tcase_add_test(tc, documented_defaults_are_those_of_a_resolved_spec);
    tcase_add_test(tc, documented_choices_are_those_that_are_taken);
    tcase_add_test(tc, documented_ranges_of_settings_are_enforced);
    tcase_add_test(tc, documented_ranges_of_query_parameters_are_enforced);
    tcase_add_test(tc, query_parameters_are_the_documented_ones);
    tcase_add_test(tc, as_many_columns_as_documented_are_taken);
    tcase_add_test(small, every_reply_is_as_documented_and_all_that_is_documented_occurs);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_checked_fixture(small, start_small, stop);
    tcase_set_timeout(tc, 120);
    tcase_set_timeout(small, 120);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, small);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
