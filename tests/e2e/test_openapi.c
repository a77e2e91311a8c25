/* The OpenAPI document and the server say the same: every route, example and query parameter of one
 * exists in the other, and what any route may answer is as documented. */
#include "documented.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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
    e2e_reply index = e2e_get(server, "/v1");
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
        e2e_request(server, "POST", url, (const char *const[]){header, NULL}, text, strlen(text));
    free(text);
    cJSON_Delete(copy);
    return r;
}

START_TEST(examples_of_requests_are_accepted)
{
    char dataset[32], job[32], url[96], updates[96];
    e2e_dataset(server, "{\"X\": [1, 2, 3], \"y\": [1, 3, 5], \"columns\": [\"radio\"]}", dataset);
    snprintf(url, sizeof url, "{\"dataset_id\": \"%s\"}", dataset);
    e2e_job(server, url, job);
    e2e_reply r = e2e_wait(server, job);
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

START_TEST(wrong_method_is_answered_as_documented_for_every_path)
{
    const cJSON *path, *content = e2e_at(api, "components.responses.MethodNotAllowed.content"),
                       *problem = member(member(content, "application/problem+json"), "schema");
    cJSON_ArrayForEach (path, e2e_at(api, "paths")) {
        e2e_reply r = e2e_request(server, "PUT", path->string, NULL, NULL, 0);
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
    e2e_job(small, "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}", job);
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
            e2e_reply r = e2e_request(server, method, url, NULL, NULL, 0);
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
        e2e_reply r = e2e_post(server, "/v1/datasets", body);
        ck_assert_msg(r.status == (n == most ? 201 : 422), "%d: %ld %.300s", n, r.status, r.body);
        e2e_reply_free(&r);
    }
    free(body);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("openapi");
    tcase_add_test(tc, checker_refuses_what_does_not_fit);
    tcase_add_test(tc, routes_are_the_same_on_both_sides);
    tcase_add_test(tc, examples_fit_their_schemas);
    tcase_add_test(tc, examples_of_requests_are_accepted);
    tcase_add_test(tc, wrong_method_is_answered_as_documented_for_every_path);
    tcase_add_test(tc, too_many_connections_are_answered_as_documented);
    tcase_add_test(tc, a_busy_tenant_is_answered_as_documented);
    tcase_add_test(tc, query_parameters_are_the_documented_ones);
    tcase_add_test(tc, as_many_columns_as_documented_are_taken);
    return run_documented(tc);
}
