/* Dataset files whose pages the disk does not give any more, while they are read through memory: EIO as
 * it comes there, a signal. The job or the request fails and says why, the server lives on, and where the
 * disk gives them again the same data is trained on. (tests/e2e/test_damage.c cuts the files off.)
 */
#define _GNU_SOURCE
#include "faulty.h"

static const struct {
    const char *name, *spec;
    bool sparse;
} jobs[] = {
    {"passes by blocks", "\"cost\": \"huber\"", false},
    {"mini-batches", "\"batch_size\": 32, \"optimizer\": \"adam\"", false},
    {"a network", "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [8]}, \"batch_size\": 64", false},
    {"sparse rows", "\"model\": \"logistic_regression\"", true},
    {"sparse single rows", "\"model\": \"logistic_regression\", \"batch_size\": 1", true},
};
enum { JOBS = sizeof jobs / sizeof jobs[0], ROWS = 20000 };

static void upload_rows(const e2e_server *s, bool sparse, char *id)
{
    char *csv = make_csv(ROWS, 4, 3);
    if (sparse)
        upload_sparse(s, ROWS, id);
    else
        upload_csv(s, csv, id);
    free(csv);
}

/* The part of its file's path that no other has. */
static void pages_fail(const e2e_server *s, const char *ds)
{
    char path[400];
    faults_on(FAULT_PAGES, 0, strrchr(e2e_dataset_file(s, ds, path), '/'), 0, 0);
}

static bool has_run(const e2e_server *s, const char *job)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    bool has = strcmp(e2e_string(r.json, "state"), "running") == 0 && e2e_number(r.json, "epoch") >= 2;
    e2e_reply_free(&r);
    return has;
}

static void assert_failed(const e2e_server *s, const char *job, const char *name)
{
    e2e_reply r = e2e_wait(s, job);
    if (strcmp(e2e_string(r.json, "state"), "failed") != 0 ||
        !strstr(e2e_string(r.json, "error.detail"), "can't be read any more"))
        ck_abort_msg("%s: %s", name, r.body);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    e2e_reply_free(&r);
}

START_TEST(a_job_whose_pages_fail_fails_and_the_data_is_there_when_they_do_not)
{
    char ds[32], other[32], job[32], spec[300];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(NULL);
    upload_rows(s, jobs[_i].sparse, ds);
    char *csv = make_csv(3000, 2, 5);
    upload_csv(s, csv, other);
    free(csv);
    snprintf(spec, sizeof spec, "%s, " ENDLESS, jobs[_i].spec);
    post_job(s, ds, spec, job);
    WAIT_UNTIL(has_run(s, job), 60);
    pages_fail(s, ds);
    assert_failed(s, job, jobs[_i].name); /* in the middle */
    ck_assert_int_gt(atomic_load(&switches->hits), 0);
    post_job(s, ds, "\"epochs\": 5", job);
    assert_failed(s, job, "at its begin");
    post_job(s, other, "\"epochs\": 5", job);
    wait_for_end(s, job, "succeeded");
    faults_off();
    post_job(s, ds, "\"epochs\": 5", job);
    wait_for_end(s, job, "succeeded");
    finish_faulty(s);
}
END_TEST

START_TEST(a_request_whose_pages_fail_is_answered_and_again_when_they_do_not)
{
    char ds[32], sparse[32], job[32], model[32], body[80], path[100];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(NULL);
    upload_rows(s, false, ds);
    post_job(s, ds, "\"epochs\": 20", job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", ds);
    const struct {
        const char *format, *id, *body; /* body: NULL for GET */
    } requests[] = {{"/v1/models/%s/evaluations", model, body},
                    {"/v1/datasets/%s/diagnostics", ds, NULL},
                    {"/v1/jobs/%s/gradient_check", job, ""},
                    {"/v1/jobs:dry_run", "", body}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        for (int turn = 0; turn < 3; turn++) {
            if (turn == 1)
                pages_fail(s, ds);
            snprintf(path, sizeof path, requests[i].format, requests[i].id);
            r = requests[i].body ? e2e_post(s, path, requests[i].body) : e2e_get(s, path);
            if (r.status != (turn == 1 ? 500 : 200) ||
                (turn == 1 && !strstr(r.body, "can't be read any more")))
                ck_abort_msg("%s, turn %d: %ld %s", path, turn, r.status, r.body);
            e2e_reply_free(&r);
            faults_off();
        }
    /* an export has begun by then: its end is missing, so the client sees that it is not whole */
    upload_rows(s, true, sparse);
    size_t len[3];
    snprintf(path, sizeof path, "/v1/datasets/%s/export?format=libsvm", sparse);
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 1)
            pages_fail(s, sparse);
        r = e2e_try(s, NULL, "GET", path, NULL, NULL, 0);
        ck_assert_int_eq(r.status, 200);
        len[turn] = r.len;
        e2e_reply_free(&r);
        faults_off();
    }
    ck_assert_uint_lt(len[1], len[0]);
    ck_assert_uint_eq(len[2], len[0]);
    finish_faulty(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("pages");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, a_job_whose_pages_fail_fails_and_the_data_is_there_when_they_do_not, 0, JOBS);
    tcase_add_test(tc, a_request_whose_pages_fail_is_answered_and_again_when_they_do_not);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
