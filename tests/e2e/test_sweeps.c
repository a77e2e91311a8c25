/* Sweeps over HTTP: their jobs are those that one would have posted, ranked by values worked out
 * here, and all of them come to an end, whatever happens to the server. */
#define _GNU_SOURCE
#include "jobs.h"

static e2e_server *s;

static void start(void)
{
    s = e2e_start((const char *const[]){"--workers", "2", NULL});
}

static void stop(void)
{
    finish(s);
}

/* Posts it and writes its id (32 bytes). */
static void post_sweep(const char *body, char *id)
{
    e2e_reply r = e2e_post(s, "/v1/sweeps", body);
    if (r.status != 202)
        ck_abort_msg("POST /v1/sweeps: %ld %s", r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

/* Waits for its end; the caller frees the document. */
static e2e_reply wait_for_sweep(const char *id)
{
    for (double end = e2e_now() + 120 * SLOWER; e2e_now() < end;) {
        e2e_reply r = e2e_getf(s, "/v1/sweeps/%s?wait=30", id);
        ck_assert_msg(r.status == 200, "%s", r.body);
        if (!cJSON_IsNull(e2e_at(r.json, "finished_at")))
            return r;
        e2e_reply_free(&r);
    }
    ck_abort_msg("the sweep does not end");
    return (e2e_reply){0};
}

static e2e_reply run_sweep(const char *body)
{
    char id[32];
    post_sweep(body, id);
    return wait_for_sweep(id);
}

static const cJSON *child_at(const e2e_reply *r, int place)
{
    const cJSON *child = cJSON_GetArrayItem(e2e_at(r->json, "jobs"), place);
    ck_assert_ptr_nonnull(child);
    return child;
}

static int size_of(const e2e_reply *r, const char *path)
{
    return cJSON_GetArraySize(e2e_at(r->json, path));
}

static void close_to(double got, double want, double rel)
{
    if (!(fabs(got - want) <= rel * fabs(want)))
        ck_abort_msg("got %.17g, not %.17g", got, want);
}

/* ---- ranking ---- */

/* Through the origin, by mean (y - w x)^2 + l2/2 w^2: w = (2 sum xy/n) / (2 sum xx/n + l2). */
static const double train_x[] = {1, 2, 3, 4}, train_y[] = {1.5, 1.75, 4, 3.5},
                    held_x[] = {1.5, 2.5, 5}, held_y[] = {1.25, 1.75, 4.25};

static double ridge_error(double l2)
{
    double xy = 0, xx = 0, error = 0;
    for (int i = 0; i < 4; i++) {
        xy += train_x[i] * train_y[i] / 4;
        xx += train_x[i] * train_x[i] / 4;
    }
    double w = 2 * xy / (2 * xx + l2);
    for (int i = 0; i < 3; i++)
        error += (held_y[i] - w * held_x[i]) * (held_y[i] - w * held_x[i]) / 3;
    return error;
}

START_TEST(a_ridge_grid_is_ranked_by_errors_worked_out_by_hand)
{
    static const double l2[] = {0, 0.5, 1, 2, 4, 8};
    char held[32], body[640];
    e2e_dataset(s, "{\"X\": [1.5, 2.5, 5], \"y\": [1.25, 1.75, 4.25]}", held);
    snprintf(body, sizeof body,
             "{\"name\": \"ridge\", \"job\": {\"validation_dataset_id\": \"%s\", \"optimizer\": "
             "\"lbfgs\", \"tol\": 1e-14, \"standardize\": false, \"intercept\": false, "
             "\"dataset\": {\"X\": [1, 2, 3, 4], \"y\": [1.5, 1.75, 4, 3.5]}}, \"grid\": {\"l2\": "
             "[0, 0.5, 1, 2, 4, 8]}}",
             held);
    e2e_reply r = run_sweep(body);
    ck_assert_str_eq(e2e_string(r.json, "metric"), "validation_mse");
    ck_assert_str_eq(e2e_string(r.json, "better"), "lower");
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert(e2e_number(r.json, "counts.succeeded") == 6 && size_of(&r, "warnings") == 0);
    bool inner = false; /* the best is not at an end: the order is not that of l2 */
    for (int i = 0; i < 6; i++) {
        const cJSON *c = child_at(&r, i);
        double penalty = e2e_number(c, "settings.l2");
        ck_assert(penalty == l2[(int)e2e_number(c, "number") - 1]);
        close_to(e2e_number(c, "value"), ridge_error(penalty), 1e-9);
        ck_assert(e2e_number(c, "rank") == i + 1);
        int better = 0;
        for (int k = 0; k < 6; k++)
            better += ridge_error(l2[k]) < ridge_error(penalty);
        ck_assert_int_eq(better, i);
        inner = inner || (i == 0 && penalty > 0 && penalty < 8);
    }
    ck_assert(inner);
    ck_assert(e2e_number(r.json, "best.value") == e2e_number(r.json, "jobs.0.value"));
    ck_assert_str_eq(e2e_string(r.json, "best.job_id"), e2e_string(r.json, "jobs.0.job_id"));
    ck_assert_int_eq(count_of(s, "datasets", ""), 2); /* stored once */
    e2e_reply_free(&r);
}
END_TEST

#define LINE "\"dataset\": {\"X\": [1, 2, 3, 4, 5, 6], \"y\": [1, 3, 2, 5, 4, 7]}"

START_TEST(equals_share_a_rank_and_what_failed_is_last_with_its_reason)
{
    e2e_reply r = run_sweep("{\"job\": {" LINE ", \"epochs\": 300}, \"metric\": \"r2\", \"grid\": "
                            "{\"learning_rate\": [1e300, 0.01, 0.25], \"seed\": [1, 2]}}");
    static const double rates[] = {0.25, 0.25, 0.01, 0.01, 1e300, 1e300},
                        ranks[] = {1, 1, 3, 3, 5, 5};
    ck_assert_str_eq(e2e_string(r.json, "better"), "higher");
    for (int i = 0; i < 6; i++) {
        const cJSON *c = child_at(&r, i);
        ck_assert(e2e_number(c, "settings.learning_rate") == rates[i]);
        ck_assert(e2e_number(c, "settings.seed") == 1 + i % 2);
        ck_assert(e2e_number(c, "rank") == ranks[i]);
        ck_assert_int_eq(i < 4, cJSON_IsNull(e2e_at(c, "reason")));
        ck_assert_int_eq(i < 4, cJSON_IsNumber(e2e_at(c, "value")));
    }
    ck_assert_str_eq(e2e_string(child_at(&r, 5), "state"), "failed");
    ck_assert_ptr_nonnull(strstr(e2e_string(child_at(&r, 5), "reason"), "learning_rate 1e+300"));
    ck_assert(e2e_number(r.json, "counts.failed") == 2);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(folds_count_by_their_mean)
{
    static const char *const metrics[] = {"validation_mse", "validation_cost"},
                             *const fields[] = {"validation_metrics.mse", "validation_cost"};
    for (int m = 0; m < 2; m++) {
        char body[320];
        snprintf(body, sizeof body,
                 "{\"job\": {" LINE ", \"cross_validation\": 3}, \"metric\": \"%s\", \"grid\": "
                 "{\"l2\": [0, 0.25, 50]}}",
                 metrics[m]);
        e2e_reply r = run_sweep(body);
        double before = 0;
        for (int i = 0; i < 3; i++) {
            const cJSON *c = child_at(&r, i);
            e2e_reply job = e2e_getf(s, "/v1/jobs/%s", e2e_string(c, "job_id"));
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += e2e_number(cJSON_GetArrayItem(e2e_at(job.json, "results"), k), fields[m]);
            close_to(e2e_number(c, "value"), sum / 3, 1e-14);
            ck_assert(e2e_number(c, "value") >= before);
            before = e2e_number(c, "value");
            e2e_reply_free(&job);
        }
        e2e_reply_free(&r);
    }
}
END_TEST

/* ---- children are ordinary jobs ---- */

/* The parameters of a job's model, as text: the same text is the same bits. */
static char *parameters_of(const char *job_id)
{
    e2e_reply job = e2e_wait(s, job_id);
    e2e_reply model = e2e_getf(s, "/v1/models/%s", e2e_string(job.json, "model_id"));
    char *start = strstr(model.body, "\"parameters\""), *end = start ? strstr(start, "}") : NULL;
    ck_assert_msg(end != NULL, "%s", model.body);
    char *text = strndup(start, (size_t)(end - start));
    e2e_reply_free(&job);
    e2e_reply_free(&model);
    return text;
}

START_TEST(a_race_of_optimizers_gives_bitwise_what_each_gives_by_itself)
{
    static const char *const rules[] = {"\"gd\"", "{\"name\": \"adam\", \"beta1\": 0.8}",
                                        "\"nesterov\"", "\"lbfgs\""};
    char ds[32], body[640], id[32], *csv = make_csv(60, 3, 7);
    upload_csv(s, csv, ds);
    free(csv);
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\", \"epochs\": 200, \"validation_fraction\": 0.25}, "
             "\"grid\": {\"optimizer\": [%s, %s, %s, %s]}}",
             ds, rules[0], rules[1], rules[2], rules[3]);
    e2e_reply r = run_sweep(body);
    ck_assert_int_eq(size_of(&r, "jobs"), 4);
    for (int i = 0; i < 4; i++) {
        const cJSON *c = child_at(&r, i);
        snprintf(body, sizeof body,
                 "\"epochs\": 200, \"validation_fraction\": 0.25, \"optimizer\": %s",
                 rules[(int)e2e_number(c, "number") - 1]);
        post_job(s, ds, body, id);
        char *own = parameters_of(id), *swept = parameters_of(e2e_string(c, "job_id"));
        ck_assert_str_eq(own, swept);
        free(own);
        free(swept);
        e2e_reply job = e2e_getf(s, "/v1/jobs/%s", e2e_string(c, "job_id"));
        ck_assert_str_eq(e2e_string(job.json, "sweep_id"), e2e_string(r.json, "id"));
        e2e_reply_free(&job);
    }
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_random_search_is_repeated_by_its_seed)
{
    static const char body[] =
        "{\"job\": {" LINE ", \"optimizer\": \"adam\"}, \"random\": {\"n\": 12, \"seed\": 4, "
        "\"fields\": {\"learning_rate\": {\"distribution\": \"log_uniform\", \"low\": 0.001, "
        "\"high\": 1}, \"epochs\": {\"distribution\": \"int\", \"low\": 5, \"high\": 50}, "
        "\"optimizer.beta1\": {\"distribution\": \"choice\", \"values\": [0.5, 0.9]}}}}";
    e2e_reply a = run_sweep(body), b = run_sweep(body);
    ck_assert_int_eq(size_of(&a, "jobs"), 12);
    for (int i = 0; i < 12; i++) {
        ck_assert(cJSON_Compare(e2e_at(child_at(&a, i), "settings"),
                                e2e_at(child_at(&b, i), "settings"), true));
        ck_assert(e2e_number(child_at(&a, i), "value") == e2e_number(child_at(&b, i), "value"));
        ck_assert(i == 0 ||
                  e2e_number(child_at(&a, i), "value") >= e2e_number(child_at(&a, i - 1), "value"));
    }
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}
END_TEST

START_TEST(settings_of_another_library_can_be_varied)
{
    e2e_reply r = run_sweep("{\"job\": {" LINE ", \"compat\": {\"library\": \"scikit-learn\", "
                            "\"estimator\": \"Ridge\"}}, \"grid\": {\"compat.alpha\": [3, 6]}}");
    for (int i = 0; i < 2; i++) {
        const cJSON *c = child_at(&r, i);
        e2e_reply job = e2e_getf(s, "/v1/jobs/%s", e2e_string(c, "job_id"));
        /* 2 alpha / N */
        close_to(e2e_number(job.json, "spec.l2"),
                 2 * e2e_at(c, "settings")->child->valuedouble / 6, 1e-15);
        e2e_reply_free(&job);
    }
    e2e_reply_free(&r);
}
END_TEST

START_TEST(combinations_that_make_no_sense_are_refused_or_skipped)
{
#define RACE                                                                                       \
    "{\"job\": {" LINE "}, \"grid\": {\"optimizer\": [\"adam\", \"lbfgs\"], \"batch_size\": [2, "  \
    "\"full\"]}"
    e2e_reply r = e2e_post(s, "/v1/sweeps", RACE "}");
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "grid.batch_size"),
                                 "(child 3: {\"optimizer\": \"lbfgs\", \"batch_size\": 2})"));
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "jobs", "") + count_of(s, "datasets", ""), 0);
    r = run_sweep(RACE ", \"skip_invalid\": true}");
    ck_assert_int_eq(size_of(&r, "jobs"), 3);
    ck_assert_int_eq(size_of(&r, "skipped"), 1);
    ck_assert(e2e_number(r.json, "skipped.0.number") == 3);
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "skipped.0.reason"), "full batches"));
    e2e_reply_free(&r);
    /* what the data say */
    r = e2e_post(s, "/v1/sweeps", "{\"job\": {" LINE "}, \"grid\": {\"offset\": [\"z\"]}}");
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "grid.offset"), "\"z\""));
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/sweeps",
                 "{\"job\": {\"dataset\": {\"X\": [1], \"y\": []}}, \"grid\": {\"l2\": [1]}}");
    e2e_problem(&r, 422, "validation-failed");
    e2e_field_error(&r, "job.dataset.y");
    e2e_reply_free(&r);
}
END_TEST

/* ---- learning rates ---- */

START_TEST(a_range_test_gives_its_curve_and_a_rate_that_works)
{
    /* One standardized feature: every direction has the curvature L = 2, so that each epoch at rate
     * r leaves (1 - 2 r)^2 of what the cost is above its least, 1.0285714... here. The rates are
     * shares of 1/L. */
    enum { EPOCHS = 60 };
    static const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 3, 2, 5, 4, 7};
    double xx = 0, xy = 0, yy = 0, mean = 0, cost, least, rate;
    for (int i = 0; i < 6; i++) {
        xx += (x[i] - 3.5) * (x[i] - 3.5);
        xy += (x[i] - 3.5) * y[i];
        yy += y[i] * y[i];
        mean += y[i] / 6;
    }
    cost = yy / 6;
    least = (yy - 6 * mean * mean - xy * xy / xx) / 6;
    e2e_reply r = run_sweep("{\"job\": {" LINE "}, \"find_learning_rate\": {\"start\": 1e-3, "
                            "\"end\": 4, \"epochs\": 60}}");
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    const cJSON *found = e2e_at(child_at(&r, 0), "learning_rate"), *point;
    double suggested = e2e_number(found, "suggested");
    int k = 0;
    bool is_one = false;
    cJSON_ArrayForEach (point, e2e_at(found, "curve")) {
        double p = k++ / (EPOCHS - 1.0);
        rate = 0.5 * exp((1 - p) * log(1e-3) + p * log(4));
        cost = least + (cost - least) * (1 - 2 * rate) * (1 - 2 * rate);
        close_to(e2e_number(point, "learning_rate"), rate, 1e-12);
        close_to(e2e_number(point, "cost"), cost, 1e-9);
        is_one = is_one || e2e_number(point, "learning_rate") == suggested;
    }
    ck_assert(k >= 50 && is_one && suggested < 1);
    char body[200], id[32];
    snprintf(body, sizeof body, "{" LINE ", \"learning_rate\": %.17g}", suggested);
    e2e_job(s, body, id);
    e2e_reply job = e2e_wait(s, id);
    ck_assert_str_eq(e2e_string(job.json, "stop_reason"), "converged");
    close_to(e2e_number(job.json, "cost"), least, 1e-4);
    e2e_reply_free(&job);
    e2e_reply_free(&r);
}
END_TEST

/* ---- cancelled, full, deleted ---- */

#define ENDLESS_SWEEP                                                                              \
    "{\"job\": {" LINE ", " ENDLESS "}, \"grid\": {\"l2\": [0, 1, 2, 3, 4, 5, 6, 7]}}"

static bool some_run(const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/sweeps/%s", id);
    bool run = e2e_number(r.json, "counts.running") == 2;
    e2e_reply_free(&r);
    return run;
}

static void assert_all_cancelled(const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/sweeps/%s", id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "cancelled");
    ck_assert(e2e_number(r.json, "counts.cancelled") == 8);
    ck_assert_str_eq(e2e_string(child_at(&r, 3), "reason"), "it was cancelled");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "best")));
    e2e_reply_free(&r);
}

START_TEST(cancelling_a_sweep_cancels_its_jobs_for_good)
{
    char id[32], path[96], job[32];
    post_sweep(ENDLESS_SWEEP, id);
    WAIT_UNTIL(some_run(id), 20);
    snprintf(path, sizeof path, "/v1/sweeps/%s", id);
    e2e_reply r = e2e_delete(s, path);
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/sweeps/%s/cancel", id);
    for (int twice = 0; twice < 2; twice++) {
        r = e2e_request(s, "POST", path, NULL, NULL, 0);
        ck_assert_int_eq(r.status, 202);
        ck_assert_str_eq(e2e_string(r.json, "state"), "cancelled");
        e2e_reply_free(&r);
    }
    assert_all_cancelled(id);
    e2e_job(s, "{" LINE "}", job); /* the workers are free */
    wait_for_end(s, job, "succeeded");
    kill_hard(s);
    e2e_restart(s, NULL);
    assert_all_cancelled(id);
    r = wait_for_sweep(id);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/sweeps/%s", id);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "jobs", ""), 1);
}
END_TEST

START_TEST(a_sweep_has_room_as_a_whole_or_not_at_all)
{
    char id[32], path[96];
    e2e_discard(s);
    s = e2e_start((const char *const[]){"--workers", "1", "--max-queue", "8", NULL});
    post_sweep(ENDLESS_SWEEP, id);
    e2e_reply r = e2e_post(s, "/v1/sweeps", ENDLESS_SWEEP);
    e2e_problem(&r, 429, "queue-full");
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "jobs", ""), 8);
    ck_assert_int_eq(count_of(s, "datasets", "") + e2e_files_in(s, "datasets"), 2);
    snprintf(path, sizeof path, "/v1/sweeps/%s/cancel", id);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_reply_free(&r);
    post_sweep(ENDLESS_SWEEP, id); /* its places were given back, those of the refused one too */
    snprintf(path, sizeof path, "/v1/sweeps/%s/cancel", id);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(models_outlive_a_deleted_sweep)
{
    char path[96];
    e2e_reply r = run_sweep("{\"job\": {" LINE "}, \"grid\": {\"l2\": [0, 1]}}");
    snprintf(path, sizeof path, "/v1/sweeps/%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "jobs", ""), 0);
    ck_assert_int_eq(count_of(s, "sweeps", ""), 0);
    ck_assert_int_eq(count_of(s, "models", ""), 2);
}
END_TEST

/* ---- killed ---- */

static bool half_done(const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/sweeps/%s", id);
    double done = e2e_number(r.json, "counts.succeeded"),
           runs = e2e_number(r.json, "counts.running");
    e2e_reply_free(&r);
    return done >= 3 && runs > 0;
}

START_TEST(a_sweep_that_is_killed_ends_with_every_job_once_and_the_same_bits)
{
    enum { CHILDREN = 16 };
    char ds[32], body[512], killed[32], *csv = make_csv(2000, 4, 11);
    upload_csv(s, csv, ds);
    free(csv);
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\", \"tol\": 0, \"batch_size\": 50, \"epochs\": %d, "
             "\"validation_fraction\": 0.25}, \"random\": {\"n\": 16, \"fields\": {\"l2\": "
             "{\"distribution\": \"log_uniform\", \"low\": 1e-4, \"high\": 1}}}}",
             ds, 1500 / SLOWER);
    post_sweep(body, killed);
    for (int kill = 0; kill < 2; kill++) {
        WAIT_UNTIL(half_done(killed), 60);
        kill_hard(s);
        e2e_restart(s, (const char *const[]){"--workers", "2", NULL});
    }
    e2e_reply a = wait_for_sweep(killed), b = run_sweep(body);
    ck_assert(e2e_number(a.json, "counts.succeeded") == CHILDREN);
    ck_assert_int_eq(count_of(s, "models", ""), 2 * CHILDREN);
    for (int i = 0; i < CHILDREN; i++) {
        const cJSON *x = child_at(&a, i), *y = child_at(&b, i);
        ck_assert(e2e_number(x, "number") == e2e_number(y, "number"));
        ck_assert(e2e_number(x, "value") == e2e_number(y, "value"));
        char *one = parameters_of(e2e_string(x, "job_id")),
             *other = parameters_of(e2e_string(y, "job_id"));
        ck_assert_str_eq(one, other);
        free(one);
        free(other);
    }
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}
END_TEST

/* Has a job of the sweep stored so many epochs? */
static bool some_are_at(const char *id, double epoch)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs?sweep=%s", id);
    const cJSON *job;
    bool found = false;
    cJSON_ArrayForEach (job, e2e_at(r.json, "jobs"))
        found = found || e2e_number(job, "epoch") >= epoch;
    e2e_reply_free(&r);
    return found;
}

/* On rows so many that children pass over them together (server/srv_together.h): learning rates
 * beside momentum and an early end, which come and go on their own. */
START_TEST(children_that_share_their_passes_give_what_each_gives_by_itself)
{
    static const char *const threads[] = {"1", "2"};
    const char *const flags[] = {"--threads", threads[_i], NULL};
    static const char shared[] = "\"tol\": 1e-4, \"cost\": \"huber\", \"validation_fraction\": 0.2";
    char ds[32], body[640], killed[32], id[32], *csv = make_csv(28000, 20, 13);
    kill_hard(s);
    e2e_restart(s, flags);
    upload_csv(s, csv, ds);
    free(csv);
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\", \"epochs\": %d, %s}, \"grid\": {"
             "\"optimizer\": [\"gd\", \"momentum\"], \"learning_rate\": [0.001, 0.01, 0.05]}}",
             ds, 240 / SLOWER, shared);
    post_sweep(body, killed);
    WAIT_UNTIL(some_are_at(killed, 10), 60);
    kill_hard(s);
    e2e_restart(s, flags);
    e2e_reply r = wait_for_sweep(killed);
    ck_assert(e2e_number(r.json, "counts.succeeded") == 6);
    for (int i = 0; i < 6; i++) {
        const cJSON *c = child_at(&r, i);
        snprintf(body, sizeof body,
                 "\"epochs\": %d, %s, \"optimizer\": \"%s\", \"learning_rate\": %g", 240 / SLOWER,
                 shared, e2e_string(c, "settings.optimizer"),
                 e2e_number(c, "settings.learning_rate"));
        post_job(s, ds, body, id);
        char *own = parameters_of(id), *swept = parameters_of(e2e_string(c, "job_id"));
        ck_assert_str_eq(own, swept);
        free(own);
        free(swept);
    }
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweeps");
    TCase *tc = tcase_create("sweeps");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 400);
    tcase_add_test(tc, a_ridge_grid_is_ranked_by_errors_worked_out_by_hand);
    tcase_add_test(tc, equals_share_a_rank_and_what_failed_is_last_with_its_reason);
    tcase_add_test(tc, folds_count_by_their_mean);
    tcase_add_test(tc, a_race_of_optimizers_gives_bitwise_what_each_gives_by_itself);
    tcase_add_test(tc, a_random_search_is_repeated_by_its_seed);
    tcase_add_test(tc, settings_of_another_library_can_be_varied);
    tcase_add_test(tc, combinations_that_make_no_sense_are_refused_or_skipped);
    tcase_add_test(tc, a_range_test_gives_its_curve_and_a_rate_that_works);
    tcase_add_test(tc, cancelling_a_sweep_cancels_its_jobs_for_good);
    tcase_add_test(tc, a_sweep_has_room_as_a_whole_or_not_at_all);
    tcase_add_test(tc, models_outlive_a_deleted_sweep);
    tcase_add_test(tc, a_sweep_that_is_killed_ends_with_every_job_once_and_the_same_bits);
    tcase_add_loop_test(tc, children_that_share_their_passes_give_what_each_gives_by_itself, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
