/* Parameters are recorded on the way: those of the descent as worked out here, on the grid of the
 * history, whatever happens to the process; and models predict as of then. */
#include "steering.h"

/* The whole path as text, by all its pages; the caller frees it. */
static char *path_of(const e2e_server *s, const char *job, int limit)
{
    cJSON *all = cJSON_CreateArray();
    for (double after = -1; after != -2;) {
        char from[48] = "";
        if (after >= 0)
            snprintf(from, sizeof from, "&after_epoch=%.0f", after);
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s/parameters?limit=%d%s", job, limit, from);
        ck_assert_msg(r.status == 200, "%s", r.body);
        const cJSON *one, *next = e2e_at(r.json, "next_after_epoch");
        ck_assert_int_le(cJSON_GetArraySize(e2e_at(r.json, "parameters")), limit);
        cJSON_ArrayForEach (one, e2e_at(r.json, "parameters"))
            cJSON_AddItemToArray(all, cJSON_Duplicate(one, true));
        after = cJSON_IsNumber(next) ? next->valuedouble : -2;
        if (after == -2)
            ck_assert_double_eq(e2e_number(r.json, "recorded"), cJSON_GetArraySize(all));
        e2e_reply_free(&r);
    }
    char *text = cJSON_PrintUnformatted(all);
    cJSON_Delete(all);
    return text;
}

static void assert_same_path(const e2e_server *s, const char *a, const char *b)
{
    char *x = path_of(s, a, 1000), *y = path_of(s, b, 7);
    ck_assert_msg(strcmp(x, y) == 0, "the paths differ:\n%.300s\n%.300s", x, y);
    ck_assert_uint_gt(strlen(x), 100);
    free(x);
    free(y);
}

static e2e_reply predict(const e2e_server *s, const char *model, const char *query,
                         const char *rows)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/models/%s/predictions%s", model, query);
    return e2e_post(s, path, rows);
}

static void model_of(const e2e_server *s, const char *job, char model[32])
{
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

/* Gradient descent on a line, worked out here: m and b after each epoch. */
START_TEST(the_path_is_that_of_the_descent)
{
    enum { EPOCHS = 60, N = 5 };
    static const double x[N] = {1, 2, 3, 4, 6}, y[N] = {2.5, 3.25, 5.75, 6.5, 9.125};
    char job[32], model[32];
    e2e_server *s = e2e_start(NULL);
    e2e_job(s,
            "{\"dataset\": {\"X\": [1, 2, 3, 4, 6], \"y\": [2.5, 3.25, 5.75, 6.5, 9.125]}, "
            "\"standardize\": false, \"learning_rate\": 0.02, \"tol\": 0, \"epochs\": 60, "
            "\"record_parameters\": 4}",
            job);
    model_of(s, job, model);
    double m = 0, b = 0;
    for (int k = 0; k <= EPOCHS; k++) {
        char query[32];
        snprintf(query, sizeof query, "?epoch=%d", k);
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s/parameters%s", job, query);
        e2e_reply p = predict(s, model, query, "{\"X\": [10, -3]}");
        if (k % 4 == 0) {
            ck_assert_int_eq(r.status, 200);
            ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "parameters")), 1);
            ck_assert_double_eq(e2e_number(r.json, "parameters.0.epoch"), k);
            ck_assert_double_eq_tol(e2e_number(r.json, "parameters.0.parameters.m"), m, 1e-12);
            ck_assert_double_eq_tol(e2e_number(r.json, "parameters.0.parameters.intercept"), b,
                                    1e-12);
            ck_assert_double_eq(e2e_number(p.json, "epoch"), k);
            ck_assert_double_eq_tol(e2e_number(p.json, "predictions.0"), 10 * m + b, 1e-11);
            ck_assert_double_eq_tol(e2e_number(p.json, "predictions.1"), -3 * m + b, 1e-11);
        } else {
            char near[96];
            e2e_problem(&r, 404, "not-found");
            e2e_problem(&p, 404, "not-found");
            snprintf(near, sizeof near,
                     "epoch %d were not recorded; the nearest that were are those of %d and %d", k,
                     k / 4 * 4, k / 4 * 4 + 4);
            ck_assert_msg(strstr(r.body, near) && strstr(p.body, near), "%s, not %s", r.body, near);
        }
        e2e_reply_free(&r);
        e2e_reply_free(&p);
        double gm = 0, gb = 0;
        for (int i = 0; i < N; i++) {
            gm += 2 * (m * x[i] + b - y[i]) * x[i] / N;
            gb += 2 * (m * x[i] + b - y[i]) / N;
        }
        m -= 0.02 * gm;
        b -= 0.02 * gb;
    }
    /* the last epoch is the model as it is, bit for bit */
    e2e_reply now = predict(s, model, "", "{\"X\": [10, -3]}"),
              then = predict(s, model, "?epoch=60", "{\"X\": [10, -3]}");
    ck_assert(
        cJSON_Compare(e2e_at(now.json, "predictions"), e2e_at(then.json, "predictions"), true));
    ck_assert_ptr_null(cJSON_GetObjectItem(now.json, "epoch"));
    e2e_reply_free(&now);
    e2e_reply_free(&then);
    finish(s);
}
END_TEST

/* Every n-th point of the grid, which the history shows; it has the best and the last beside it. */
START_TEST(they_are_thinned_as_the_history_is)
{
    char ds[32], job[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds,
             "\"epochs\": 1000, \"tol\": 0, \"learning_rate\": 1e-5, \"history_points\": 20, "
             "\"record_parameters\": 3",
             job);
    wait_for_end(s, job, "succeeded");
    e2e_reply h = e2e_getf(s, "/v1/jobs/%s/history", job),
              r = e2e_getf(s, "/v1/jobs/%s/parameters", job);
    const cJSON *points = e2e_at(h.json, "history"), *kept = e2e_at(r.json, "parameters");
    double stride = e2e_number(points, "1.epoch");
    ck_assert_double_eq(stride, 64); /* 16 points; 32 would be 32 */
    ck_assert_int_eq(cJSON_GetArraySize(kept), 6);
    for (int i = 0; i < 6; i++) {
        const cJSON *point = cJSON_GetArrayItem(points, 3 * i), *one = cJSON_GetArrayItem(kept, i);
        ck_assert_double_eq(e2e_number(one, "epoch"), e2e_number(point, "epoch"));
        ck_assert_double_eq(e2e_number(one, "epoch"), 3 * stride * i);
    }
    e2e_reply_free(&h);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* Interrupts a job, by kills and by pauses, as often as its time allows, at most so many times. */
static void twins_with(const char *spec, int most)
{
    char ds[32], twin[32], job[32];
    static const char *const one[] = {"--workers", "1", NULL};
    int times = 0;
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, spec, twin);
    wait_for_end(s, twin, "succeeded");
    post_job(s, ds, spec, job);
    for (bool going = true; going && times < most; times += going) {
        double before = epoch_of(s, job);
        WAIT_UNTIL(epoch_of(s, job) > before || in_state(s, job, "succeeded"), 20);
        if (times % 2 == 0) {
            kill_hard(s);
            e2e_restart(s, one);
            continue;
        }
        e2e_reply r = ask(s, job, "pause");
        going = r.status == 202;
        e2e_reply_free(&r);
        if (going)
            must(s, job, "resume");
    }
    ck_assert_int_ge(times, 1);
    wait_for_end(s, job, "succeeded");
    assert_twins(s, twin, job);
    assert_same_path(s, twin, job);
    finish(s);
}

START_TEST(a_job_interrupted_often_records_the_same)
{
    twins_with("\"epochs\": 500000, \"tol\": 0, \"learning_rate\": 1e-7, \"batch_size\": 16, "
               "\"record_parameters\": 2, \"history_points\": 300",
               6);
}
END_TEST

START_TEST(a_network_records_the_same_too)
{
    twins_with(
        "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [7, 5]}, \"optimizer\": \"adam\", "
        "\"learning_rate\": 0.001, \"epochs\": 15000, \"tol\": 0, \"record_parameters\": 1, "
        "\"history_points\": 100",
        4);
}
END_TEST

START_TEST(classes_are_predicted_as_of_an_epoch)
{
    char job[32], model[32];
    e2e_server *s = e2e_start(NULL);
    e2e_job(
        s,
        "{\"dataset\": {\"X\": [[1, 2], [2, 1], [3, 4], [4, 3], [5, 6], [6, 2]], "
        "\"y\": [\"a\", \"a\", \"b\", \"c\", \"b\", \"c\"]}, \"model\": \"softmax_regression\", "
        "\"epochs\": 10, \"tol\": 0, \"record_parameters\": 5}",
        job);
    model_of(s, job, model);
    e2e_reply r = predict(s, model, "?epoch=0", "{\"X\": [[1, 2], [5, 5]]}");
    ck_assert_double_eq_tol(e2e_number(r.json, "probabilities.1.2"), 1.0 / 3, 1e-15); /* zeros */
    e2e_reply_free(&r);
    r = predict(s, model, "?epoch=10", "{\"X\": [[1, 2], [5, 5]]}");
    e2e_reply now = predict(s, model, "", "{\"X\": [[1, 2], [5, 5]]}");
    ck_assert(
        cJSON_Compare(e2e_at(r.json, "probabilities"), e2e_at(now.json, "probabilities"), true));
    e2e_reply_free(&now);
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/jobs/%s/parameters", job);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "parameters.2.parameters.coefficients")), 3);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(a_running_job_shows_its_path)
{
    char ds[32], job[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, ENDLESS ", \"record_parameters\": 10", job);
    WAIT_UNTIL(epoch_of(s, job) > 100, 10);
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/parameters", job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "running");
    ck_assert_double_ge(e2e_number(r.json, "recorded"), 2);
    e2e_reply_free(&r);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    r = e2e_getf(s, "/v1/jobs/%s/parameters", job); /* what it had is still there */
    ck_assert_double_ge(e2e_number(r.json, "recorded"), 2);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(what_is_not_there_is_told_so)
{
    char ds[32], job[32], model[32], path[96];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, "\"epochs\": 5, \"tol\": 0", job);
    model_of(s, job, model);
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/parameters", job);
    ck_assert_int_eq(r.status, 200);
    ck_assert_double_eq(e2e_number(r.json, "recorded"), 0);
    e2e_reply_free(&r);
    r = predict(s, model, "?epoch=0", "{\"X\": [[1, 2, 3]]}");
    e2e_problem(&r, 404, "not-found");
    ck_assert_ptr_nonnull(strstr(r.body, "record_parameters"));
    e2e_reply_free(&r);
    post_job(s, ds, "\"epochs\": 5, \"tol\": 0, \"record_parameters\": 1", job);
    model_of(s, job, model);
    r = predict(s, model, "?epoch=6", "{\"X\": [[1, 2, 3]]}");
    e2e_problem(&r, 404, "not-found");
    ck_assert_ptr_nonnull(strstr(r.body, "those of 5"));
    e2e_reply_free(&r);
    r = predict(s, model, "?epoch=-1", "{\"X\": [[1, 2, 3]]}");
    e2e_problem(&r, 400, "invalid-parameter");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    r = predict(s, model, "?epoch=5", "{\"X\": [[1, 2, 3]]}");
    e2e_problem(&r, 404, "not-found");
    ck_assert_ptr_nonnull(strstr(r.body, "was deleted"));
    e2e_reply_free(&r);
    r = predict(s, model, "", "{\"X\": [[1, 2, 3]]}");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(more_than_may_be_kept_is_refused_at_once)
{
    char ds[32], body[256];
    e2e_server *s = start_with_data(ds);
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"record_parameters\": 1, \"model\": {\"name\": \"mlp\", "
             "\"hidden_layers\": [300, 300]}}",
             ds);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    e2e_problem(&r, 422, "validation-failed");
    /* 3*300 + 300 + 300*300 + 300 + 300 + 1 parameters: 365 times at most */
    ck_assert_msg(
        strstr(e2e_field_error(&r, "record_parameters"), "91801 parameters up to 998 times"), "%s",
        r.body);
    ck_assert_ptr_nonnull(strstr(r.body, "set it to 3 or more"));
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* Early stopping gives back the best, but the path goes on to where it stopped. */
START_TEST(the_path_of_a_job_that_stops_early_has_its_last_epoch)
{
    char ds[32], job[32];
    e2e_server *s = start_with_data(ds);
    post_job(
        s, ds,
        "\"validation_fraction\": 0.3, \"patience\": 2, \"batch_size\": 4, \"learning_rate\": 0.2, "
        "\"epochs\": 1000, \"tol\": 0, \"record_parameters\": 1",
        job);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "early_stopping");
    double end = e2e_number(r.json, "epoch");
    e2e_reply p = e2e_getf(s, "/v1/jobs/%s/parameters?epoch=%.0f", job, end);
    ck_assert_msg(p.status == 200, "%s", p.body);
    e2e_reply_free(&p);
    /* the model is as of two epochs before */
    char *text = member(s, job, true, "parameters");
    p = e2e_getf(s, "/v1/jobs/%s/parameters?epoch=%.0f", job, end - 2);
    char *best = cJSON_PrintUnformatted(e2e_at(p.json, "parameters.0.parameters"));
    ck_assert_str_eq(text, best);
    free(text);
    free(best);
    e2e_reply_free(&p);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorded");
    TCase *tc = tcase_create("recorded");
    tcase_set_timeout(tc, 180 * SLOWER);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, the_path_is_that_of_the_descent);
    tcase_add_test(tc, they_are_thinned_as_the_history_is);
    tcase_add_test(tc, a_job_interrupted_often_records_the_same);
    tcase_add_test(tc, a_network_records_the_same_too);
    tcase_add_test(tc, classes_are_predicted_as_of_an_epoch);
    tcase_add_test(tc, a_running_job_shows_its_path);
    tcase_add_test(tc, what_is_not_there_is_told_so);
    tcase_add_test(tc, more_than_may_be_kept_is_refused_at_once);
    tcase_add_test(tc, the_path_of_a_job_that_stops_early_has_its_last_epoch);
    return run_suite(suite);
}
