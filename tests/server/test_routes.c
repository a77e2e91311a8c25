/* The table of routes and the look-up in it, without a connection. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_routes.h"

/* Looks a request up; the caller reads what it became. */
static const srv_route *find(srv_request *rq, const char *method, const char *path)
{
    memset(rq, 0, sizeof *rq);
    snprintf(rq->method, sizeof rq->method, "%s", method);
    rq->path = (char *)path; /* only read */
    return srv_route_find(rq);
}

/* The pattern with `id` in the place of "{id}". */
static void fill(const char *pattern, const char *id, char path[300])
{
    const char *at = strstr(pattern, "{id}");
    if (at)
        snprintf(path, 300, "%.*s%s%s", (int)(at - pattern), pattern, id, at + 4);
    else
        snprintf(path, 300, "%s", pattern);
}

START_TEST(every_row_is_found_by_its_method_and_path)
{
    ck_assert_uint_ge(srv_routes_count, 18);
    for (size_t i = 0; i < srv_routes_count; i++) {
        srv_request rq;
        char path[300];
        bool has_id = strstr(srv_routes[i].pattern, "{id}") != NULL;
        fill(srv_routes[i].pattern, "job_7k3m0000000000000000", path);
        ck_assert_ptr_eq(find(&rq, srv_routes[i].method, path), &srv_routes[i]);
        ck_assert_int_eq(rq.problem.code, API_NO_PROBLEM);
        ck_assert_str_eq(rq.id, has_id ? "job_7k3m0000000000000000" : "");
    }
}
END_TEST

START_TEST(every_row_is_complete)
{
    for (size_t i = 0; i < srv_routes_count; i++) {
        const srv_route *r = &srv_routes[i];
        ck_assert(r->handle != NULL);
        ck_assert_uint_gt(strlen(r->summary), 0);
        ck_assert_ptr_nonnull(r->query);
        ck_assert((r->body == SRV_STREAMED) == (r->open != NULL));
        ck_assert((r->body == SRV_STREAMED) == (r->feed != NULL));
        ck_assert((r->body == SRV_GATHERED) == (r->limit > 0));
        for (size_t k = i + 1; k < srv_routes_count; k++)
            ck_assert(strcmp(r->method, srv_routes[k].method) != 0 ||
                      strcmp(r->pattern, srv_routes[k].pattern) != 0);
    }
}
END_TEST

START_TEST(head_is_answered_where_get_is)
{
    for (size_t i = 0; i < srv_routes_count; i++) {
        srv_request rq;
        char path[300];
        if (strcmp(srv_routes[i].method, "GET") != 0)
            continue;
        fill(srv_routes[i].pattern, "x", path);
        ck_assert_ptr_eq(find(&rq, "HEAD", path), &srv_routes[i]);
    }
    srv_request rq;
    ck_assert_ptr_null(find(&rq, "HEAD", "/v1/jobs/x/cancel"));
    ck_assert_int_eq(rq.problem.code, API_METHOD_NOT_ALLOWED);
    ck_assert_str_eq(rq.allow, "POST");
}
END_TEST

START_TEST(a_wrong_method_is_told_all_the_right_ones)
{
    static const struct {
        const char *path, *allow[4];
    } cases[] = {{"/v1/jobs", {"GET", "HEAD", "POST"}},
                 {"/v1/jobs/job_1", {"GET", "HEAD", "DELETE", "PATCH"}},
                 {"/v1/jobs/job_1/cancel", {"POST"}},
                 {"/v1/jobs/job_1/history", {"GET", "HEAD"}},
                 {"/v1/datasets", {"GET", "HEAD", "POST"}},
                 {"/v1/models", {"GET", "HEAD"}},
                 {"/v1/models/m", {"GET", "HEAD", "DELETE"}},
                 {"/v1/models/m/predictions", {"POST"}},
                 {"/healthz", {"GET", "HEAD"}}};
    static const char *const wrong[] = {"PUT", "TRACE", "OPTIONS", "get", "", "PROPFIND"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            srv_request rq;
            ck_assert_ptr_null(find(&rq, wrong[k], cases[i].path));
            ck_assert_int_eq(rq.problem.code, API_METHOD_NOT_ALLOWED);
            ck_assert_uint_lt(strlen(rq.allow), sizeof rq.allow - 1); /* nothing was cut off */
            size_t words = 0;
            char list[64], *rest = NULL;
            snprintf(list, sizeof list, "%s", rq.allow);
            for (char *w = strtok_r(list, ", ", &rest); w; w = strtok_r(NULL, ", ", &rest)) {
                bool known = false;
                for (size_t a = 0; a < 4 && cases[i].allow[a]; a++)
                    known = known || strcmp(w, cases[i].allow[a]) == 0;
                if (!known)
                    ck_abort_msg("%s allows %s", cases[i].path, w);
                words++;
            }
            size_t expected = 0;
            while (expected < 4 && cases[i].allow[expected])
                expected++;
            if (words != expected)
                ck_abort_msg("%s: Allow is \"%s\"", cases[i].path, rq.allow);
        }
}
END_TEST

START_TEST(paths_that_are_nearly_right_are_not_found)
{
    static const char *const paths[] = {
        "", "/", "v1/jobs", "//v1/jobs", "/v1/", "/v1/jobs/", "/v1//jobs", "/V1/jobs",
        "/v1/jobs/job_1/", "/v1/jobs//history", "/v1/jobs/a/b", "/v1/jobs/a/b/history",
        "/v1/jobs/job_1/histor", "/v1/jobs/job_1/historyx", "/v1/jobs/job_1/history/",
        "/v1/jobs/job_1/cancel/", "/v1/job", "/v1/jobsx", "/v1/models//predictions", "/healthz/",
        "/openapi.jso", "/openapi.jsonx", "/v1/{id}", "/v2/jobs"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        for (int post = 0; post < 2; post++) {
            srv_request rq;
            if (find(&rq, post ? "POST" : "GET", paths[i]))
                ck_abort_msg("\"%s\" found a route", paths[i]);
            if (rq.problem.code != API_NOT_FOUND)
                ck_abort_msg("\"%s\": %s", paths[i], rq.problem.detail);
            ck_assert_str_eq(rq.allow, "");
        }
}
END_TEST

START_TEST(ids_are_taken_whole_or_not_at_all)
{
    srv_request rq;
    char id[400], path[500];
    memset(id, 'a', sizeof id);
    id[SRV_ID_SIZE - 1] = '\0'; /* the longest with room for its NUL */
    snprintf(path, sizeof path, "/v1/jobs/%s/history", id);
    ck_assert_ptr_nonnull(find(&rq, "GET", path));
    ck_assert_str_eq(rq.id, id);
    for (size_t n = SRV_ID_SIZE; n < sizeof id; n += 61) {
        memset(id, 'a', sizeof id);
        id[n] = '\0';
        snprintf(path, sizeof path, "/v1/jobs/%s/history", id);
        ck_assert_ptr_null(find(&rq, "GET", path));
        ck_assert_int_eq(rq.problem.code, API_NOT_FOUND);
    }
    ck_assert_ptr_nonnull(find(&rq, "GET", "/v1/jobs/..%2f"));
    ck_assert_str_eq(rq.id, "..%2f");
}
END_TEST

START_TEST(a_long_path_is_a_problem_like_any_other)
{
    srv_request rq;
    char *path = malloc(100001);
    memset(path, '/', 100000);
    path[100000] = '\0';
    ck_assert_ptr_null(find(&rq, "GET", path));
    ck_assert_int_eq(rq.problem.code, API_NOT_FOUND);
    free(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("routes");
    TCase *tc = tcase_create("routes");
    tcase_add_test(tc, every_row_is_found_by_its_method_and_path);
    tcase_add_test(tc, every_row_is_complete);
    tcase_add_test(tc, head_is_answered_where_get_is);
    tcase_add_test(tc, a_wrong_method_is_told_all_the_right_ones);
    tcase_add_test(tc, paths_that_are_nearly_right_are_not_found);
    tcase_add_test(tc, ids_are_taken_whole_or_not_at_all);
    tcase_add_test(tc, a_long_path_is_a_problem_like_any_other);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
