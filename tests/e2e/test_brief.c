/* Jobs that are trained by the request that asks for them (server/srv_brief.h): they are what they
 * would have been from a worker, and what was answered is on disk.
 *
 * On a machine that is busy any of them may be left to a worker, so the tests ask until one is not.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include "suite.h"

#define DATA                                                                                       \
    "{\"X\": [[1, 2], [2, 1.5], [3, 4], [4, 3.25], [5, 6], [1.5, 5], [6, 2], [2, 6.5]], "          \
    "\"y\": [3.2, 4.1, 9.7, 10.1, 16.2, 9.4, 12.7, 12.2]}"

static const char *const specs[] = {
    "\"learning_rate\": 0.02, \"epochs\": 100, \"tol\": 0, \"standardize\": false",
    "\"epochs\": 60, \"tol\": 0, \"l2\": 0.1",
    "\"cost\": \"huber\", \"epochs\": 40, \"tol\": 0, \"learning_rate\": 0.01",
    "\"optimizer\": \"adam\", \"epochs\": 30, \"batch_size\": 3, \"seed\": 5",
    "\"optimizer\": \"lbfgs\", \"epochs\": 20, \"record_parameters\": 1",
    "\"optimizer\": \"momentum\", \"epochs\": 50, \"validation_fraction\": 0.25, \"seed\": 3",
};
enum { SPECS = sizeof specs / sizeof specs[0] };

/* The answer to a POST of such a job that had ended by then; the caller frees it. data: of the job,
 * `"dataset_id": "..."` or `"dataset": {...}`. */
static e2e_reply ended_at_once(const e2e_server *s, const char *data, const char *spec)
{
    char body[1024], path[96];
    snprintf(body, sizeof body, "{%s, %s}", data, spec);
    for (double end = e2e_now() + 60 * SLOWER; e2e_now() < end;) {
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        if (r.status != 202)
            ck_abort_msg("POST /v1/jobs: %ld %s", r.status, r.body);
        if (strcmp(e2e_string(r.json, "state"), "queued") != 0)
            return r;
        e2e_reply done = e2e_wait(s, e2e_string(r.json, "id"));
        e2e_reply_free(&done);
        snprintf(path, sizeof path, "/v1/jobs/%s", e2e_string(r.json, "id"));
        e2e_reply_free(&r);
        r = e2e_delete(s, path);
        e2e_reply_free(&r);
    }
    ck_abort_msg("each of these was left to a worker: %s", body);
    return (e2e_reply){0};
}

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* A replay is trained by a worker, from what is stored. */
START_TEST(a_brief_job_is_the_one_that_a_worker_would_have_made)
{
    char ds[32], data[64], path[96];
    e2e_dataset(s, DATA, ds);
    snprintf(data, sizeof data, "\"dataset_id\": \"%s\"", ds);
    e2e_reply r = ended_at_once(s, data, specs[_i]), at_location;
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert_ptr_nonnull(e2e_header(&r, "Location", path, sizeof path));
    at_location = e2e_get(s, path);
    ck_assert(cJSON_Compare(r.json, at_location.json, true));
    e2e_reply model = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    ck_assert_str_eq(e2e_string(model.json, "job_id"), e2e_string(r.json, "id"));
    e2e_reply points = e2e_getf(s, "/v1/jobs/%s/history", e2e_string(r.json, "id"));
    int kept = cJSON_GetArraySize(e2e_at(points.json, "history"));
    ck_assert_int_eq(kept, (int)e2e_number(r.json, "epoch") + 1); /* from 0 on */
    e2e_reply_free(&points);
    e2e_reply_free(&model);
    e2e_reply_free(&at_location);
    snprintf(path, sizeof path, "/v1/jobs/%s/replay", e2e_string(r.json, "id"));
    e2e_reply again = e2e_request(s, "POST", path, NULL, NULL, 0);
    ck_assert_int_eq(again.status, 202);
    ck_assert_str_eq(e2e_string(again.json, "state"), "queued");
    e2e_reply done = e2e_wait(s, e2e_string(again.json, "id"));
    ck_assert(cJSON_IsTrue(e2e_at(done.json, "replay.equal")));
    e2e_reply_free(&done);
    e2e_reply_free(&again);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_brief_job_that_diverges_is_stored_as_failed)
{
    char ds[32], data[64];
    e2e_dataset(s, DATA, ds);
    snprintf(data, sizeof data, "\"dataset_id\": \"%s\"", ds);
    e2e_reply r = ended_at_once(s, data,
                                "\"learning_rate\": 50, \"standardize\": false, \"epochs\": 500"),
              stored = e2e_getf(s, "/v1/jobs/%s", e2e_string(r.json, "id"));
    ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    ck_assert(cJSON_Compare(r.json, stored.json, true));
    e2e_reply_free(&stored);
    e2e_reply_free(&r);
}
END_TEST

/* The answer says that it has ended: a process that is killed right then takes nothing of it along,
 * its data neither. */
START_TEST(what_was_answered_is_there_after_a_kill)
{
    enum { KILLS = 5 };
    char ids[KILLS][32], models[KILLS][32], data[512];
    for (int k = 0; k < KILLS; k++) {
        snprintf(data, sizeof data, "\"name\": \"k%d\", \"dataset\": " DATA, k);
        e2e_reply r = ended_at_once(s, data, specs[k % SPECS]);
        e2e_end(s, SIGKILL);
        snprintf(ids[k], sizeof ids[k], "%s", e2e_string(r.json, "id"));
        snprintf(models[k], sizeof models[k], "%s", e2e_string(r.json, "model_id"));
        e2e_restart(s, NULL);
        for (int i = 0; i <= k; i++) {
            e2e_reply job = e2e_getf(s, "/v1/jobs/%s", ids[i]),
                      model = e2e_getf(s, "/v1/models/%s", models[i]),
                      rows =
                          e2e_getf(s, "/v1/datasets/%s/rows", e2e_string(job.json, "dataset_id"));
            ck_assert_str_eq(e2e_string(job.json, "state"), "succeeded");
            ck_assert_int_eq(model.status, 200);
            ck_assert_double_eq(e2e_number(rows.json, "total"), 8);
            if (i == k)
                ck_assert(cJSON_Compare(r.json, job.json, true));
            e2e_reply_free(&rows);
            e2e_reply_free(&model);
            e2e_reply_free(&job);
        }
        e2e_reply_free(&r);
    }
}
END_TEST

/* With one worker, which has something to do, a small job waits like any other. */
START_TEST(a_brief_job_does_not_overtake_those_before_it)
{
    char ds[32], running[32], body[256];
    const char *const one_worker[] = {"--workers", "1", NULL};
    e2e_end(s, SIGTERM);
    e2e_restart(s, one_worker);
    e2e_dataset(s, DATA, ds);
    post_job(s, ds, ENDLESS, running);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", ds, specs[0]);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    ck_assert_int_eq(r.status, 202);
    ck_assert_str_eq(e2e_string(r.json, "state"), "queued");
    static const char *const unknown_yet[] = {
        "cost",     "gradient_norm", "learning_rate", "stop_reason",
        "model_id", "started_at",    "finished_at",   "error",
    };
    for (size_t i = 0; i < sizeof unknown_yet / sizeof unknown_yet[0]; i++)
        ck_assert(cJSON_IsNull(e2e_at(r.json, unknown_yet[i])));
    cancel(s, running);
    wait_for_end(s, e2e_string(r.json, "id"), "succeeded");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("brief");
    TCase *tc = tcase_create("brief");
    tcase_set_timeout(tc, 240);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_loop_test(tc, a_brief_job_is_the_one_that_a_worker_would_have_made, 0, SPECS);
    tcase_add_test(tc, a_brief_job_that_diverges_is_stored_as_failed);
    tcase_add_test(tc, what_was_answered_is_there_after_a_kill);
    tcase_add_test(tc, a_brief_job_does_not_overtake_those_before_it);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
