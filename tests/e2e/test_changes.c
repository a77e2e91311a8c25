/* Jobs are changed on their way: what is acknowledged is stored, takes effect between two epochs,
 * is seen in the history, and survives a killed process. */
#include "steering.h"

/* Full batches in the data's own units, of a cost that is no quadratic: where one job ends, another
 * begins with the same bits. */
#define PLAIN                                                                                      \
    "\"epochs\": 1000000000, \"tol\": 0, \"standardize\": false, \"learning_rate\": 1e-7, "            \
    "\"cost\": \"huber\""

static e2e_reply patch(const e2e_server *s, const char *job, const char *change)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    return e2e_request(s, "PATCH", path,
                       (const char *const[]){"Content-Type: application/json", NULL}, change,
                       strlen(change));
}

static void change(const e2e_server *s, const char *job, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void change(const e2e_server *s, const char *job, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    e2e_reply r = patch(s, job, text);
    if (r.status != 202)
        ck_abort_msg("PATCH %s: %ld %s", text, r.status, r.body);
    const cJSON *list = e2e_at(r.json, "changes");
    const cJSON *last = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    ck_assert_msg(last != NULL, "it is not among the changes: %s", r.body);
    e2e_reply_free(&r);
}

/* The epoch after which change `i` took effect; -1 while it waits. */
static double taken_up_after(const e2e_server *s, const char *job, int i)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    const cJSON *one = cJSON_GetArrayItem(e2e_at(r.json, "changes"), i);
    ck_assert_ptr_nonnull(one);
    const cJSON *epoch = e2e_at(one, "epoch");
    double k = cJSON_IsNumber(epoch) ? epoch->valuedouble : -1;
    e2e_reply_free(&r);
    return k;
}

/* Lets the job go on for so many epochs more, and waits for its end. */
static void end_after(const e2e_server *s, const char *job, double more)
{
    must(s, job, "pause");
    double end = epoch_of(s, job) + more;
    change(s, job, "{\"epochs\": %.0f}", end);
    must(s, job, "resume");
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "max_epochs");
    ck_assert_double_eq(e2e_number(r.json, "epoch"), end);
    ck_assert_double_eq(e2e_number(r.json, "epochs"), end);
    ck_assert_double_eq(e2e_number(r.json, "spec.epochs"), 1e9); /* as it was posted */
    e2e_reply_free(&r);
}

/* Is the rate of every point what the job began with, or what the last change before it said?
 * Returns how many different rates were seen. */
static int assert_rates(const e2e_server *s, const char *job, double rate)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/history?limit=100000", job);
    const cJSON *point, *one, *changes = e2e_at(r.json, "changes");
    double seen = 0;
    int kinds = 0;
    cJSON_ArrayForEach (point, e2e_at(r.json, "history")) {
        double want = rate;
        cJSON_ArrayForEach (one, changes) {
            const cJSON *to = cJSON_GetObjectItem(one, "learning_rate");
            if (to && e2e_number(one, "epoch") < e2e_number(point, "epoch"))
                want = to->valuedouble;
        }
        ck_assert_double_eq(e2e_number(point, "learning_rate"), want);
        kinds += want != seen;
        seen = want;
    }
    e2e_reply_free(&r);
    return kinds;
}

START_TEST(a_running_job_goes_on_by_a_new_rate)
{
    char ds[32], job[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, PLAIN, job);
    WAIT_UNTIL(epoch_of(s, job) > 100, 10);
    change(s, job, "{\"learning_rate\": 3e-7}");
    WAIT_UNTIL(taken_up_after(s, job, 0) >= 0, 10);
    double k = taken_up_after(s, job, 0);
    ck_assert_double_ge(k, 100);
    WAIT_UNTIL(epoch_of(s, job) > 2 * k, 20);
    must(s, job, "stop");
    wait_for_end(s, job, "succeeded");
    ck_assert_int_eq(assert_rates(s, job, 1e-7), 2);
    e2e_reply h = e2e_getf(s, "/v1/jobs/%s/history?last=1", job);
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    ck_assert(cJSON_Compare(e2e_at(h.json, "changes"), e2e_at(r.json, "changes"), true));
    ck_assert_double_eq(e2e_number(r.json, "changes.0.learning_rate"), 3e-7);
    ck_assert_double_eq(e2e_number(r.json, "spec.learning_rate"), 1e-7);
    ck_assert_int_gt(strlen(e2e_string(r.json, "changes.0.created_at")), 0);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    ck_assert_double_eq(e2e_number(m.json, "training.changes.0.epoch"), k);
    ck_assert_double_eq(e2e_number(m.json, "training.changes.0.learning_rate"), 3e-7);
    e2e_reply_free(&m);
    e2e_reply_free(&r);
    e2e_reply_free(&h);
    finish(s);
}
END_TEST

START_TEST(a_new_number_of_epochs_and_a_new_tol_end_a_job)
{
    char ds[32], job[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, PLAIN, job);
    WAIT_UNTIL(epoch_of(s, job) > 0, 10);
    end_after(s, job, 500);
    post_job(s, ds, PLAIN, job);
    WAIT_UNTIL(epoch_of(s, job) > 0, 10);
    change(s, job, "{\"tol\": 0.5}"); /* its cost changes by less at once */
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "converged");
    ck_assert_double_eq(e2e_number(r.json, "epoch"), e2e_number(r.json, "changes.0.epoch") + 1);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(a_job_that_waits_is_trained_as_if_posted_so)
{
    static const char *const spec = "\"epochs\": 2000, \"tol\": 0, \"batch_size\": 16, "
                                    "\"schedule\": \"cosine\", \"learning_rate\": %g";
    char ds[32], twin[32], endless[32], queued[32], paused[32], text[256];
    e2e_server *s = start_with_data(ds);
    snprintf(text, sizeof text, spec, 0.002);
    post_job(s, ds, text, twin);
    wait_for_end(s, twin, "succeeded");
    post_job(s, ds, ENDLESS, endless);
    WAIT_UNTIL(in_state(s, endless, "running"), 10);
    snprintf(text, sizeof text, spec, 0.5);
    post_job(s, ds, text, queued);
    post_job(s, ds, text, paused);
    must(s, paused, "pause");
    change(s, queued, "{\"learning_rate\": 0.7, \"epochs\": 9}");
    change(s, queued, "{\"learning_rate\": 0.002, \"epochs\": 2000}"); /* the last word counts */
    change(s, paused, "{\"learning_rate\": 0.002}");
    ck_assert(taken_up_after(s, queued, 1) == -1 && taken_up_after(s, paused, 0) == -1);
    kill_hard(s);
    e2e_restart(s, (const char *const[]){"--workers", "1", NULL});
    must(s, paused, "resume");
    cancel(s, endless);
    wait_for_end(s, queued, "succeeded");
    wait_for_end(s, paused, "succeeded");
    ck_assert(taken_up_after(s, queued, 1) == 0 && taken_up_after(s, paused, 0) == 0);
    assert_same_member(s, twin, queued, true, "parameters");
    assert_same_member(s, twin, paused, true, "parameters");
    assert_same_member(s, twin, queued, false, "cost");
    finish(s);
}
END_TEST

/* Trains on from a model (or, where that is "", from the start) for so many epochs; the new
 * model's id goes in its place. */
static void train_on(const e2e_server *s, const char *ds, double rate, double epochs,
                     char model[32])
{
    char spec[256], from[80] = "", job[32];
    if (epochs == 0)
        return;
    if (*model)
        snprintf(from, sizeof from, ", \"start_from\": \"%s\"", model);
    snprintf(spec, sizeof spec,
             "\"epochs\": %.0f, \"tol\": 0, \"standardize\": false, \"cost\": \"huber\", "
             "\"learning_rate\": %.17g%s",
             epochs, rate, from);
    post_job(s, ds, spec, job);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "max_epochs");
    snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

static void assert_same_parameters(const e2e_server *s, const char *job, const char *model)
{
    char *x = member(s, job, true, "parameters");
    e2e_reply m = e2e_getf(s, "/v1/models/%s", model);
    char *y = cJSON_PrintUnformatted(e2e_at(m.json, "parameters"));
    ck_assert_str_eq(x, y);
    free(x);
    free(y);
    e2e_reply_free(&m);
}

/* The process is killed right after it has acknowledged a change, over and over. In the end the
 * parameters are those of jobs that each train with one of the rates, for the epochs that the
 * changes say, and begin where the one before ended. */
START_TEST(a_change_survives_a_killed_process_and_says_truly_when_it_took_effect)
{
    enum { CHANGES = 5 };
    static const char *const one[] = {"--workers", "1", NULL};
    unsigned long long seed = seed_of_the_day("changes and kills");
    char ds[32], job[32], model[32] = "";
    double rate = 1e-7, after = 0;
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, PLAIN, job);
    for (int i = 0; i < CHANGES; i++) {
        double before = epoch_of(s, job);
        WAIT_UNTIL(epoch_of(s, job) > before, 10);
        change(s, job, "{\"learning_rate\": %.17g}", (2 + i) * 1e-7);
        rest(draw(&seed) * 0.004);
        kill_hard(s);
        e2e_restart(s, one);
    }
    WAIT_UNTIL(taken_up_after(s, job, CHANGES - 1) >= 0, 10);
    end_after(s, job, 1000);
    assert_rates(s, job, 1e-7);
    for (int i = 0; i < CHANGES; i++) {
        double k = taken_up_after(s, job, i);
        ck_assert_double_ge(k, after);
        train_on(s, ds, rate, k - after, model);
        rate = (2 + i) * 1e-7;
        after = k;
    }
    train_on(s, ds, rate, epoch_of(s, job) - after, model);
    assert_same_parameters(s, job, model);
    finish(s);
}
END_TEST

static void refused(const e2e_server *s, const char *job, const char *text, long status,
                    const char *slug, const char *part)
{
    e2e_reply r = patch(s, job, text);
    e2e_problem(&r, status, slug);
    ck_assert_msg(strstr(r.body, part) != NULL, "%s: %s", text, r.body);
    e2e_reply_free(&r);
}

START_TEST(what_can_not_be_changed_is_refused_and_changes_nothing)
{
    char ds[32], job[32], folds[32], lbfgs[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, PLAIN, job);
    WAIT_UNTIL(epoch_of(s, job) > 1, 10);
    post_job(s, ds, "\"cross_validation\": 3", folds);
    post_job(s, ds, "\"optimizer\": \"lbfgs\"", lbfgs);
    refused(s, job, "{\"epochs\": 1}", 422, "validation-failed", "that have run, got 1");
    refused(s, job, "{\"momentum\": 1}", 422, "validation-failed", "learning_rate, tol, epochs");
    refused(s, job, "{}", 422, "validation-failed", "nothing is changed");
    refused(s, job, "{\"tol\": ", 400, "invalid-json", "");
    refused(s, folds, "{\"tol\": 0}", 409, "conflict", "several runs");
    refused(s, lbfgs, "{\"learning_rate\": 1}", 422, "validation-failed", "line search");
    char *none = member(s, job, false, "changes");
    ck_assert_str_eq(none, "[]");
    free(none);
    /* one that waits for a job which then ends says so */
    change(s, lbfgs, "{\"tol\": 0.25}");
    cancel(s, lbfgs);
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", lbfgs);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "changes.0.epoch")));
    ck_assert_str_eq(e2e_string(r.json, "changes.0.refused"), "the job ended before");
    e2e_reply_free(&r);
    cancel(s, folds);
    must(s, job, "stop");
    wait_for_end(s, job, "succeeded");
    refused(s, job, "{\"tol\": 0}", 409, "conflict", "has succeeded");
    refused(s, lbfgs, "{\"tol\": 0}", 409, "conflict", "been cancelled");
    refused(s, "job_00000000000000000000", "{\"tol\": 0}", 404, "not-found", "no job");
    finish(s);
}
END_TEST

/* The stored epoch lags behind the one that trains: what passes the first look meets the second. */
START_TEST(a_change_that_comes_too_late_says_why_it_had_no_effect)
{
    char ds[32], job[32];
    int met = 0;
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, PLAIN, job);
    WAIT_UNTIL(epoch_of(s, job) > 0, 10);
    for (int i = 0; i < 200 && !met; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"epochs\": %.0f}", epoch_of(s, job) + 1);
        e2e_reply r = patch(s, job, text);
        met = r.status == 202;
        if (!met)
            e2e_problem(&r, 422, "validation-failed");
        e2e_reply_free(&r);
    }
    ck_assert(met);
    WAIT_UNTIL(taken_up_after(s, job, 0) >= 0, 10);
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "changes.0.refused"), "that have run"));
    ck_assert_double_ge(e2e_number(r.json, "changes.0.epoch"),
                        e2e_number(r.json, "changes.0.epochs"));
    ck_assert_double_eq(e2e_number(r.json, "epochs"), 1e9);
    e2e_reply_free(&r);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("changes");
    TCase *tc = tcase_create("changes");
    tcase_set_timeout(tc, 180 * SLOWER);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, a_running_job_goes_on_by_a_new_rate);
    tcase_add_test(tc, a_new_number_of_epochs_and_a_new_tol_end_a_job);
    tcase_add_test(tc, a_job_that_waits_is_trained_as_if_posted_so);
    tcase_add_test(tc, a_change_survives_a_killed_process_and_says_truly_when_it_took_effect);
    tcase_add_test(tc, what_can_not_be_changed_is_refused_and_changes_nothing);
    tcase_add_test(tc, a_change_that_comes_too_late_says_why_it_had_no_effect);
    return run_suite(suite);
}
