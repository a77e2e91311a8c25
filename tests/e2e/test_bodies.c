/* Bodies of requests that read none: nothing and {} are welcome, whatever else is said is not passed
 * over. */
#include "serving.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static e2e_reply send_body(const char *method, const char *path, const char *body)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};
    return e2e_request(s, method, path, json, body, body ? strlen(body) : 0);
}

static bool in_state(const char *job, const char *state)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    bool is = strcmp(e2e_string(r.json, "state"), state) == 0;
    e2e_reply_free(&r);
    return is;
}

START_TEST(a_body_that_nobody_reads_is_refused)
{
    static const char *const routes[][2] = {
        {"POST", "/v1/jobs/%s/pause"},  {"POST", "/v1/jobs/%s/resume"}, {"POST", "/v1/jobs/%s/stop"},
        {"POST", "/v1/jobs/%s/cancel"}, {"POST", "/v1/jobs/%s/replay"}, {"DELETE", "/v1/jobs/%s"},
        {"POST", "/v1/jobs/%s/gradient_check"}, {"POST", "/v1/uploads"}, {"POST", "/v1/sweeps/%s/cancel"},
        {"POST", "/v1/uploads/%s/finish"}};
    static const char *const bodies[] = {"{\"epochs\": 5}", "{", "}", "{}{}", "[]", "x", " {} 1", "a,y\n1,2\n"};
    char job[32], path[96];
    e2e_job(s, "{\"dataset\": {\"X\": [1, 2, 4], \"y\": [1, 2, 3]}, \"epochs\": 1000000000, \"tol\": 0, "
               "\"learning_rate\": 1e-9}",
            job);
    for (size_t i = 0; i < COUNT(routes); i++)
        for (size_t k = 0; k < COUNT(bodies); k++) {
            snprintf(path, sizeof path, routes[i][1], job);
            e2e_reply r = send_body(routes[i][0], path, bodies[k]);
            if (r.status != 400 || !strstr(r.body, "reads no body"))
                ck_abort_msg("%s %s %s: %ld %s", routes[i][0], path, bodies[k], r.status, r.body);
            e2e_reply_free(&r);
        }
    ck_assert(in_state(job, "running") || in_state(job, "queued"));
    e2e_reply r = e2e_get(s, "/v1/uploads");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "uploads")), 0);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s/pause", job);
    r = send_body("POST", path, " {\r\n}\t");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", job);
    r = send_body("POST", path, "\n");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
}
END_TEST

/* RFC 9110, 9.3.1: the body of a GET means nothing. */
START_TEST(a_body_of_a_get_means_nothing)
{
    e2e_reply r = send_body("GET", "/v1/jobs", "{\"state\": \"running\"}");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
}
END_TEST

/* What a table's layout is says nothing of a document. */
START_TEST(a_parameter_that_does_not_apply_is_refused)
{
    static const struct {
        const char *query, *type, *body, *field;
    } cases[] = {
        {"?delimiter=tab", "application/json", "{\"X\": [1], \"y\": [1]}", "delimiter"},
        {"?header=true", "text/x-libsvm", "1 1:1\n", "header"},
        {"?header=true&target=y", "application/x-ndjson", "{\"x\": 1, \"y\": 2}\n", "header"},
        {"?X=a", "text/csv", "x,y\n1,2\n", "X"},
        {"?index_base=0&target=y", "text/csv", "x,y\n1,2\n", "index_base"},
        {"?index_base=0", "application/json", "{\"X\": [1], \"y\": [1]}", "index_base"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int piece = 0; piece < 2; piece++) { /* or of one in pieces */
            char path[96], type[64];
            snprintf(path, sizeof path, "/v1/%s%s", piece ? "uploads" : "datasets", cases[i].query);
            snprintf(type, sizeof type, "Content-Type: %s", cases[i].type);
            e2e_reply r = e2e_request(s, "POST", path, (const char *const[]){type, NULL},
                                      piece ? NULL : cases[i].body, piece ? 0 : strlen(cases[i].body));
            e2e_problem(&r, 400, "invalid-parameter");
            ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, cases[i].field), "says nothing of"));
            e2e_reply_free(&r);
        }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bodies");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_body_that_nobody_reads_is_refused);
    tcase_add_test(tc, a_body_of_a_get_means_nothing);
    tcase_add_test(tc, a_parameter_that_does_not_apply_is_refused);
    return run_suite(tc, "bodies");
}
