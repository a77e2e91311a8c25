/* Requests that are refused: routes, ids, methods and queries that are not there, bodies of no known
 * type, too large, or one too many. */
#include "errors.h"

/* ---- routes, methods, queries ---- */

START_TEST(unknown_routes_are_404)
{
    static const char *const paths[] = {"/",
                                        "/v1/",
                                        "/v2",
                                        "/v1/dataset",
                                        "/V1/datasets",
                                        "/v1/datasets/",
                                        "/v1/datasets/a/b",
                                        "/v1/jobs/" NO_JOB "/histories",
                                        "/v1/jobs/" NO_JOB "/history/",
                                        "/healthz/",
                                        "/v1//jobs",
                                        "/favicon.ico",
                                        "/v1/models/%20%20/predictions/x",
                                        "/v1/jobs/%e2%82%ac/x",
                                        "/v1/datasets/" NO_DATASET NO_DATASET};
    for (size_t i = 0; i < COUNT(paths); i++) {
        e2e_reply r = refused("GET", paths[i], NULL, NULL, 404, "not-found");
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(unknown_ids_are_404_and_touch_no_file)
{
    static const struct {
        const char *method, *path, *body;
    } requests[] = {
        {"GET", "/v1/datasets/" NO_DATASET, NULL},
        {"DELETE", "/v1/datasets/" NO_DATASET, NULL},
        {"GET", "/v1/datasets/' OR 1=1 --", NULL},
        {"GET", "/v1/jobs/" NO_JOB, NULL},
        {"GET", "/v1/jobs/" NO_JOB "/history", NULL},
        {"POST", "/v1/jobs/" NO_JOB "/cancel", NULL},
        {"DELETE", "/v1/jobs/" NO_JOB, NULL},
        {"GET", "/v1/models/" NO_MODEL, NULL},
        {"DELETE", "/v1/models/" NO_MODEL, NULL},
        {"POST", "/v1/models/" NO_MODEL "/predictions", "{\"X\": [1]}"},
    };
    for (size_t i = 0; i < COUNT(requests); i++) {
        char path[128] = "";
        for (const char *c = requests[i].path; *c; c++)
            sprintf(path + strlen(path), *c == ' ' || *c == '\'' ? "%%%02x" : "%c", *c);
        e2e_reply r = refused(requests[i].method, path, NULL, requests[i].body, 404, "not-found");
        e2e_reply_free(&r);
    }
}
END_TEST

/* Of paths that somebody on the way might read otherwise nothing is looked up. */
START_TEST(paths_with_dot_segments_or_slashes_in_disguise_are_400)
{
    static const char *const paths[] = {"/v1/datasets/..", "/v1/datasets/.", "/v1/%2e%2e/v1/jobs",
                                        "/v1/datasets/..%2f..%2fdescentd.db"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        e2e_reply r = refused("DELETE", paths[i], NULL, NULL, 400, "bad-request");
        e2e_reply_free(&r);
    }
}
END_TEST

/* A NUL that was escaped is not the end of the path: that would be another resource. */
START_TEST(escaped_nul_in_a_path_is_not_its_end)
{
    char id[32];
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s%%00junk", id);
    ck_assert_msg(r.status == 404 || r.status == 400, "%ld", r.status);
    e2e_reply_free(&r);
}
END_TEST

/* Does the list "GET, HEAD, DELETE" have the word? */
static bool has_method(const char *list, const char *method)
{
    size_t n = strlen(method);
    for (const char *at = list; (at = strstr(at, method)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
            return true;
    return false;
}

START_TEST(wrong_method_on_each_route_is_405_with_allow)
{
    static const char *const methods[] = {"GET",    "HEAD",    "POST",     "PUT", "PATCH",
                                          "DELETE", "OPTIONS", "PROPFIND", "get"};
    e2e_reply index = e2e_get(s, "/v1");
    const cJSON *route, *other, *routes = e2e_at(index.json, "routes");
    ck_assert_int_ge(cJSON_GetArraySize(routes), 18);
    cJSON_ArrayForEach (route, routes) {
        char path[128], allowed[128] = "", allow[128];
        const char *pattern = e2e_string(route, "path"), *id = strstr(pattern, "{id}");
        snprintf(path, sizeof path, "%.*s%s%s", id ? (int)(id - pattern) : (int)strlen(pattern),
                 pattern, id ? "x" : "", id ? id + 4 : "");
        cJSON_ArrayForEach (other, routes)
            if (strcmp(e2e_string(other, "path"), pattern) == 0)
                sprintf(allowed + strlen(allowed), "%s%s", *allowed ? ", " : "",
                        e2e_string(other, "method"));
        if (has_method(allowed, "GET"))
            strcat(allowed, ", HEAD");
        for (size_t i = 0; i < COUNT(methods); i++) {
            if (has_method(allowed, methods[i]))
                continue;
            e2e_reply r = e2e_request(s, methods[i], path, NULL, NULL, 0);
            ck_assert_msg(r.status == 405, "%s %s: %ld", methods[i], path, r.status);
            if (strcmp(methods[i], "HEAD") != 0)
                e2e_problem(&r, 405, "method-not-allowed");
            e2e_header(&r, "Allow", allow, sizeof allow);
            ck_assert_msg(strlen(allow) == strlen(allowed), "%s: %s, not %s", path, allow, allowed);
            for (size_t k = 0; k < COUNT(methods); k++)
                ck_assert(has_method(allow, methods[k]) == has_method(allowed, methods[k]));
            e2e_reply_free(&r);
        }
    }
    e2e_reply_free(&index);
}
END_TEST

START_TEST(head_is_get_without_the_body)
{
    static const char *const paths[] = {"/healthz", "/readyz",      "/v1",       "/openapi.json",
                                        "/v1/jobs", "/v1/datasets", "/v1/models"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        char length[32], type[64], want[32];
        e2e_reply get = e2e_get(s, paths[i]),
                  head = e2e_request(s, "HEAD", paths[i], NULL, NULL, 0);
        ck_assert_int_eq(get.status, 200);
        ck_assert_int_eq(head.status, 200);
        ck_assert_uint_eq(head.len, 0);
        snprintf(want, sizeof want, "%zu", get.len);
        ck_assert_str_eq(e2e_header(&head, "Content-Length", length, sizeof length), want);
        ck_assert_str_eq(e2e_header(&head, "Content-Type", type, sizeof type), "application/json");
        e2e_reply_free(&get);
        e2e_reply_free(&head);
    }
    e2e_reply r = e2e_request(s, "HEAD", "/v1/jobs/" NO_JOB, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 404);
    ck_assert_uint_eq(r.len, 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(query_parameters_are_checked)
{
    static const struct {
        const char *path, *field, *part;
    } bad[] = {
        {"/healthz?verbose=1", "verbose", "takes no query parameters"},
        {"/v1?x", "x", "takes no query parameters"},
        {"/v1/datasets?limt=3", "limt", "did you mean \"limit\""},
        {"/v1/datasets?limit=3&limit=4", "limit", "given twice"},
        {"/v1/datasets?limit=3&limit=3", "limit", "given twice"},
        {"/v1/datasets?limit", "limit", "must have a value"},
        {"/v1/datasets?limit=", "limit", "[1, 1000]"},
        {"/v1/datasets?limit=0", "limit", "[1, 1000]"},
        {"/v1/datasets?limit=1001", "limit", "got \"1001\""},
        {"/v1/datasets?limit=-1", "limit", "got \"-1\""},
        {"/v1/datasets?limit=+5", "limit", "a whole number"},
        {"/v1/datasets?limit=%205", "limit", "a whole number"},
        {"/v1/datasets?limit=5.0", "limit", "a whole number"},
        {"/v1/datasets?limit=1e2", "limit", "a whole number"},
        {"/v1/datasets?limit=18446744073709551617", "limit", "a whole number"},
        {"/v1/datasets?before=ds_1", "before", "a whole number"},
        {"/v1/jobs?state=sleeping", "state", "queued, running"},
        {"/v1/jobs?state=", "state", "queued, running"},
        {"/v1/jobs/" NO_JOB "?wait=61", "wait", "[0, 60]"},
        {"/v1/jobs/" NO_JOB "?wait=soon", "wait", "got \"soon\""},
        {"/v1/jobs/" NO_JOB "/history?points=3", "points", "[4, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?points=100001", "points", "[4, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?last=0", "last", "[1, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?after_epoch=-1", "after_epoch", "a whole number"},
        {"/v1/jobs/" NO_JOB "/history?points=10&last=3", "last", "together"},
        {"/v1/jobs/" NO_JOB "/history?points=10&limit=3", "limit", "together"},
        {"/v1/jobs/" NO_JOB "/history?last=10&limit=3", "limit", "together"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        e2e_reply r = refused("GET", bad[i].path, NULL, NULL, 400, "invalid-parameter");
        const char *message = e2e_field_error(&r, bad[i].field);
        ck_assert_msg(strstr(message, bad[i].part) != NULL, "%s: %s", bad[i].path, message);
        /* who reads the detail alone is told as much */
        const char *detail = e2e_string(r.json, "detail");
        ck_assert_msg(strstr(detail, bad[i].part) && strstr(detail, bad[i].field), "%s: %s",
                      bad[i].path, detail);
        e2e_reply_free(&r);
    }
    static const struct {
        const char *query, *field;
    } layouts[] = {{"delimiter=x", "delimiter"}, {"delimiter=;;", "delimiter"}, {"header=1", "header"}};
    for (size_t i = 0; i < COUNT(layouts); i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/datasets?target=t&%s", layouts[i].query);
        e2e_reply l = refused("POST", path, "text/csv", "a,t\n1,2\n", 400, "invalid-parameter");
        e2e_field_error(&l, layouts[i].field);
        e2e_reply_free(&l);
    }
    e2e_reply r = refused("POST", "/v1/datasets?traget=t", "text/csv", "a,t\n1,2\n", 400,
                          "invalid-parameter");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "traget"), "did you mean \"target\""));
    ck_assert_str_eq(e2e_string(r.json, "detail"),
                     "the query parameter traget is not known here: unknown field; did you mean "
                     "\"target\"?");
    e2e_reply_free(&r);
    r = refused("POST", "/v1/jobs?name=x", NULL, "{}", 400, "invalid-parameter");
    e2e_reply_free(&r);
    /* several at once */
    r = refused("GET", "/v1/jobs?limit=3&limit=4&nope=1", NULL, NULL, 400, "invalid-parameter");
    e2e_field_error(&r, "limit");
    e2e_field_error(&r, "nope");
    e2e_reply_free(&r);
}
END_TEST

/* ---- what a body is and how large ---- */

START_TEST(body_of_another_type_is_415)
{
    static const char *const types[] = {"text/plain",
                                        "application/xml",
                                        "application/jsonx",
                                        "application/json-seq",
                                        "multipart/mixed; boundary=x",
                                        "json",
                                        "text/csvx",
                                        "image/\xe2\x82\xac"};
    static const char *const paths[] = {"/v1/datasets?target=t", "/v1/jobs",
                                        "/v1/models/" NO_MODEL "/predictions"};
    for (size_t p = 0; p < COUNT(paths); p++)
        for (size_t t = 0; t < COUNT(types); t++) {
            e2e_reply r = refused("POST", paths[p], types[t], "{}", 415, "unsupported-media-type");
            ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "application/json"));
            e2e_reply_free(&r);
        }
    e2e_reply r =
        refused("POST", "/v1/jobs", "text/csv", "a,t\n1,2\n", 415, "unsupported-media-type");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(body_in_an_unknown_encoding_is_415)
{
    static const char *const encodings[] = {"br", "deflate", "gzip, identity", "compress"};
    static const char body[] = "{\"X\": [1, 2], \"y\": [1, 2]}";
    for (size_t i = 0; i < COUNT(encodings); i++) {
        char header[64];
        snprintf(header, sizeof header, "Content-Encoding: %s", encodings[i]);
        e2e_reply r = e2e_request(s, "POST", "/v1/datasets", (const char *const[]){header, NULL},
                                  body, strlen(body));
        e2e_problem(&r, 415, "unsupported-media-type");
        ck_assert_str_eq(e2e_header(&r, "Accept-Encoding", header, sizeof header), "gzip, zstd");
        e2e_reply_free(&r);
    }
    e2e_reply r =
        e2e_request(s, "POST", "/v1/datasets",
                    (const char *const[]){"Content-Encoding: identity", NULL}, body, strlen(body));
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

enum { LIMIT = 64 << 10 };

/* A dataset of exactly n bytes. */
static char *dataset_of(size_t n)
{
    static const char begin[] = "{\"X\": [1, 2], \"y\": [1, 2]";
    char *body = malloc(n + 1);
    memset(body, ' ', n);
    memcpy(body, begin, strlen(begin));
    body[n - 1] = '}';
    body[n] = '\0';
    return body;
}

START_TEST(body_above_the_limit_is_413_and_one_at_it_is_read)
{
    static const char *const paths[] = {"/v1/datasets", "/v1/jobs",
                                        "/v1/models/" NO_MODEL "/predictions"};
    char *body = dataset_of(LIMIT);
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    free(body);
    for (size_t more = 1; more < 2000000; more *= 40) {
        body = dataset_of(LIMIT + more);
        for (size_t i = 0; i < COUNT(paths); i++) {
            r = refused("POST", paths[i], "application/json", body, 413, "too-large");
            ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "65536"));
            e2e_reply_free(&r);
        }
        free(body);
    }
}
END_TEST

START_TEST(chunked_body_above_the_limit_is_413)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Transfer-Encoding: chunked", NULL};
    static const char *const paths[] = {"/v1/datasets", "/v1/jobs"};
    for (size_t more = 0; more < 300000; more = 40 * more + 1)
        for (size_t i = 0; i < COUNT(paths); i++) {
            char *body = dataset_of(LIMIT + more);
            e2e_reply r = e2e_request(s, "POST", paths[i], headers, body, LIMIT + more);
            if (more > 0)
                e2e_problem(&r, 413, "too-large");
            else
                ck_assert_int_eq(r.status, i == 0 ? 201 : 422);
            e2e_reply_free(&r);
            free(body);
        }
}
END_TEST

START_TEST(job_beyond_the_queue_is_429)
{
    static const char body[] =
        "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}";
    char first[32], second[32], path[64], retry[16];
    e2e_job(s, body, first);
    for (double end = e2e_now() + 20; e2e_now() < end;) {
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s", first);
        bool runs = strcmp(e2e_string(r.json, "state"), "running") == 0;
        e2e_reply_free(&r);
        if (runs)
            break;
    }
    e2e_job(s, body, second);
    e2e_reply before = e2e_get(s, "/v1/datasets");
    e2e_reply r = refused("POST", "/v1/jobs", NULL, body, 429, "queue-full");
    ck_assert_int_ge(atoi(e2e_header(&r, "Retry-After", retry, sizeof retry)), 1);
    e2e_reply_free(&r);
    e2e_reply after = e2e_get(s, "/v1/datasets"); /* its data is not kept */
    ck_assert_str_eq(before.body, after.body);
    e2e_reply_free(&before);
    e2e_reply_free(&after);
    const char *const ids[] = {second, first};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v1/jobs/%s/cancel", ids[i]);
        r = e2e_request(s, "POST", path, NULL, NULL, 0);
        ck_assert_int_eq(r.status, 202);
        e2e_reply_free(&r);
    }
    r = e2e_wait(s, first);
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs", "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}}");
    ck_assert_int_eq(r.status, 202); /* there is room again */
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("errors_requests"), *small = tcase_create("limits");
    tcase_add_test(tc, unknown_routes_are_404);
    tcase_add_test(tc, unknown_ids_are_404_and_touch_no_file);
    tcase_add_test(tc, paths_with_dot_segments_or_slashes_in_disguise_are_400);
    tcase_add_test(tc, escaped_nul_in_a_path_is_not_its_end);
    tcase_add_test(tc, wrong_method_on_each_route_is_405_with_allow);
    tcase_add_test(tc, head_is_get_without_the_body);
    tcase_add_test(tc, query_parameters_are_checked);
    tcase_add_test(tc, body_of_another_type_is_415);
    tcase_add_test(tc, body_in_an_unknown_encoding_is_415);
    tcase_add_test(small, body_above_the_limit_is_413_and_one_at_it_is_read);
    tcase_add_test(small, chunked_body_above_the_limit_is_413);
    tcase_add_test(small, job_beyond_the_queue_is_429);
    return run_cases(tc, small);
}
