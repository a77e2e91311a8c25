/* What the settings of a job do to its parameters, against gradient descent written out in line.h,
 * and what a job that diverges says. */
#include "line.h"

/* ---- what the settings do ---- */

START_TEST(auto_rate_reaches_least_squares)
{
    double mb[2], want[2];
    least_squares(want);
    fit("\"tol\": 0, \"epochs\": 5", mb); /* scaled: one step is enough */
    close_to(mb[0], want[0], 1e-13);
    close_to(mb[1], want[1], 1e-12);
    fit("\"tol\": 0, \"epochs\": 20000, \"standardize\": false", mb);
    close_to(mb[0], want[0], 1e-12);
    close_to(mb[1], want[1], 1e-11);
}
END_TEST

START_TEST(no_intercept_fits_through_the_origin)
{
    double mb[2], xx = 0, xy = 0;
    for (int i = 0; i < ROWS; i++) {
        xx += XS[i] * XS[i];
        xy += XS[i] * YS[i];
    }
    fit("\"tol\": 0, \"epochs\": 100, \"intercept\": false", mb);
    close_to(mb[0], xy / xx, 1e-14);
    ck_assert_double_eq(mb[1], 0); /* there is none */
    fit("\"tol\": 0, \"epochs\": 100, \"intercept\": false, \"standardize\": false", mb);
    close_to(mb[0], xy / xx, 1e-14);
}
END_TEST

/* Batches of two in the order of the rows; the last one has a single row. */
START_TEST(mini_batches_without_shuffle_go_through_the_rows_in_order)
{
    double got[2];
    fit("\"batch_size\": 2, \"shuffle\": false, \"epochs\": 3, \"tol\": 0, "
        "\"learning_rate\": 0.01, \"standardize\": false",
        got);
    long double m = 0, b = 0;
    for (int e = 0; e < 3; e++)
        for (int first = 0; first < ROWS; first += 2) {
            int n = ROWS - first < 2 ? ROWS - first : 2;
            long double gm = 0, gb = 0;
            for (int i = first; i < first + n; i++) {
                long double r = YS[i] - (m * XS[i] + b);
                gm -= 2 * r * XS[i] / n;
                gb -= 2 * r / n;
            }
            m -= 0.01 * gm;
            b -= 0.01 * gb;
        }
    close_to(got[0], (double)m, 1e-13);
    close_to(got[1], (double)b, 1e-13);
}
END_TEST

START_TEST(a_batch_of_all_rows_is_a_full_batch)
{
    double full[2], seven[2], more[2];
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3", full);
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3, \"batch_size\": 7, \"seed\": 3", seven);
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3, \"batch_size\": 1000", more);
    ck_assert_mem_eq(full, seven, sizeof full);
    ck_assert_mem_eq(full, more, sizeof full);
}
END_TEST

#define SHUFFLED "\"batch_size\": 2, \"epochs\": 20, \"tol\": 0, \"learning_rate\": 0.1, \"seed\": "

START_TEST(a_seed_decides_the_result_to_the_last_bit)
{
    double a[2], again[2], other[2];
    fit(SHUFFLED "42", a);
    fit(SHUFFLED "42", again);
    fit(SHUFFLED "43", other);
    ck_assert_mem_eq(a, again, sizeof a);
    ck_assert_double_ne(a[0], other[0]);
    fit("\"batch_size\": 2, \"epochs\": 20, \"tol\": 0, \"learning_rate\": 0.1", a);
    fit(SHUFFLED "0", again); /* the default */
    ck_assert_mem_eq(a, again, sizeof a);
}
END_TEST

START_TEST(a_start_at_the_optimum_converges_at_once)
{
    char id[32];
    /* the optimum of these is 1, exactly, at a cost of 2 */
    static const char body[] =
        "{\"dataset\": {\"X\": [-1, 0, 1], \"y\": [0, 3, 0]}, \"standardize\": %s, "
        "\"initial_parameters\": %s}";
    static const char *const at[] = {"{\"coefficients\": [0], \"intercept\": 1}",
                                     "{\"m\": 0, \"b\": 1}", "{\"b\": 1}"};
    for (int i = 0; i < 6; i++) {
        char text[256];
        snprintf(text, sizeof text, body, i % 2 ? "true" : "false", at[i / 2]);
        e2e_job(s, text, id);
        e2e_reply r = e2e_wait(s, id);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "converged");
        ck_assert_double_eq(e2e_number(r.json, "epoch"), 1);
        ck_assert_double_eq(e2e_number(r.json, "progress"), 1);
        ck_assert_double_eq(e2e_number(r.json, "cost"), 2);
        ck_assert_double_eq(e2e_number(r.json, "gradient_norm"), 0);
        e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
        ck_assert_double_eq(e2e_number(m.json, "parameters.m"), 0);
        ck_assert_double_eq(e2e_number(m.json, "parameters.b"), 1);
        e2e_reply_free(&m);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(initial_parameters_are_where_training_starts)
{
    double got[2], want[2] = {2.5, -1};
    fit("\"initial_parameters\": {\"m\": 2.5, \"b\": -1}, \"epochs\": 2, \"tol\": 0, "
        "\"standardize\": false, \"learning_rate\": 0.01",
        got);
    descend(0.01, 2, want);
    close_to(got[0], want[0], 1e-13);
    close_to(got[1], want[1], 1e-13);
}
END_TEST

START_TEST(tol_is_the_relative_improvement_that_is_too_small)
{
    char id[32];
    static const double tols[] = {1e-2, 1e-4, 1e-8};
    double epochs = 0;
    for (int i = 0; i < 3; i++) {
        char members[160];
        snprintf(members, sizeof members,
                 "\"tol\": %g, \"standardize\": false, \"epochs\": 100000, "
                 "\"history_points\": \"all\"",
                 tols[i]);
        e2e_reply r = run_well(members, id);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "converged");
        size_t n;
        point *p = get_points(id, "?limit=100000", &n);
        ck_assert_double_eq(e2e_number(r.json, "epoch"), p[n - 1].epoch);
        for (size_t k = 1; k < n; k++)
            ck_assert((p[k - 1].cost - p[k].cost <= tols[i] * p[k - 1].cost) == (k == n - 1));
        ck_assert_double_gt(p[n - 1].epoch, epochs);
        epochs = p[n - 1].epoch;
        free(p);
        e2e_reply_free(&r);
    }
    e2e_reply r = run_well("\"tol\": 1e-8, \"standardize\": false, \"epochs\": 100000, "
                           "\"n_iter_no_change\": 5",
                           id);
    ck_assert_double_eq(e2e_number(r.json, "epoch"), epochs + 4);
    e2e_reply_free(&r);
}
END_TEST

/* ---- divergence ---- */

/* Nothing in any document or table of the job that is no number. */
static void check_tokens(const char *id)
{
    const char *const what[] = {"", "/history", "/history?points=10", "/history?last=2"};
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        e2e_reply r = act("GET", id, what[i]);
        ck_assert_ptr_nonnull(r.json); /* cJSON refuses NaN and Infinity */
        e2e_reply_free(&r);
    }
    e2e_reply r = history_as(id, "text/csv");
    for (const char *c = r.body + strcspn(r.body, "\n"); *c; c++)
        ck_assert(strncasecmp(c, "nan", 3) != 0 && strncasecmp(c, "inf", 3) != 0);
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/jobs");
    ck_assert_ptr_nonnull(r.json);
    e2e_reply_free(&r);
}

/* The job failed by diverging; its document is freed by the caller. */
static e2e_reply diverge(const char *members, char id[32])
{
    e2e_reply r = run(members, id);
    ck_assert_msg(is_in(&r, "failed"), "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    ck_assert_str_eq(e2e_string(r.json, "error.type"), "urn:descentd:problem:diverged");
    ck_assert_str_eq(e2e_string(r.json, "error.field"), "learning_rate");
    ck_assert_double_eq(e2e_number(r.json, "error.epoch"), e2e_number(r.json, "epoch"));
    ck_assert(isfinite(e2e_number(r.json, "error.last_finite.parameters.coefficients.0")));
    ck_assert(isfinite(e2e_number(r.json, "error.last_finite.parameters.intercept")));
    check_tokens(id);
    e2e_reply models = e2e_get(s, "/v1/models");
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(models.json, "models"))
        ck_assert_str_ne(e2e_string(item, "job_id"), id);
    e2e_reply_free(&models);
    return r;
}

START_TEST(diverging_job_says_the_largest_stable_rate)
{
    double limit = largest_stable_rate(), mb[2] = {0, 0}, want[2];
    char id[32], members[160];
    snprintf(members, sizeof members,
             "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 1000000000",
             1.5 * limit);
    e2e_reply r = diverge(members, id);
    ck_assert_double_lt(e2e_number(r.json, "epoch"), 100); /* 4^k > 1e4 comes soon */
    close_to(e2e_number(r.json, "error.max_stable_learning_rate"), limit, 1e-6);
    close_to(e2e_number(r.json, "max_stable_learning_rate"), limit, 1e-6);
    double suggested = e2e_number(r.json, "error.suggested_learning_rate");
    ck_assert_double_gt(suggested, 0);
    ck_assert_double_lt(suggested, limit);
    /* the detail says it all: at which epoch, and what to set */
    char text[64];
    const char *detail = e2e_string(r.json, "error.detail");
    snprintf(text, sizeof text, "epoch %.0f", e2e_number(r.json, "epoch"));
    ck_assert_ptr_nonnull(strstr(detail, text));
    snprintf(text, sizeof text, "%.6g", limit);
    ck_assert_msg(strstr(detail, text) != NULL, "%s", detail);
    ck_assert_ptr_nonnull(strstr(detail, "learning_rate"));
    /* the parameters kept are those of gradient descent at that epoch */
    descend(1.5 * limit, (int)e2e_number(r.json, "error.last_finite.epoch"), mb);
    close_to(e2e_number(r.json, "error.last_finite.parameters.m"), mb[0], 1e-9);
    close_to(e2e_number(r.json, "error.last_finite.parameters.b"), mb[1], 1e-9);
    e2e_reply_free(&r);
    /* and the rate that it suggests leads to the optimum */
    snprintf(members, sizeof members,
             "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 10000",
             suggested);
    fit(members, mb);
    least_squares(want);
    close_to(mb[0], want[0], 1e-9);
    close_to(mb[1], want[1], 1e-9);
}
END_TEST

START_TEST(the_limit_divides_what_diverges_from_what_does_not)
{
    char id[32], members[160];
    static const double factors[] = {0.98, 1.02};
    for (int i = 0; i < 2; i++) {
        snprintf(members, sizeof members,
                 "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 3000",
                 factors[i] * largest_stable_rate());
        e2e_reply r = i == 0 ? run_well(members, id) : diverge(members, id);
        close_to(e2e_number(r.json, "max_stable_learning_rate"), largest_stable_rate(), 1e-6);
        e2e_reply_free(&r);
    }
    /* one scaled feature and an intercept: the Hessian is 2 I */
    e2e_reply r = diverge("\"learning_rate\": 1.1", id);
    close_to(e2e_number(r.json, "error.max_stable_learning_rate"), 1, 1e-9);
    close_to(e2e_number(r.json, "error.suggested_learning_rate"), 0.5, 1e-9);
    e2e_reply_free(&r);
    r = run_well("\"learning_rate\": 0.9", id);
    e2e_reply_free(&r);
}
END_TEST

/* At the limit each step jumps to the other side of the minimum: the cost stays as it was at
 * the start, which is no convergence; above the limit it even rises. */
START_TEST(bouncing_at_the_limit_is_not_called_converged)
{
    static const char *const rates[] = {"1", "1.0000001"}; /* the limit is 1 */
    for (int i = 0; i < 2; i++) {
        char id[32], members[64];
        snprintf(members, sizeof members, "\"learning_rate\": %s", rates[i]);
        e2e_reply r = run(members, id);
        ck_assert_msg(strcmp(e2e_string(r.json, "stop_reason"), "converged") != 0,
                      "learning_rate %s: %s at epoch %.0f with cost %.6g and gradient_norm %.6g",
                      rates[i], e2e_string(r.json, "stop_reason"), e2e_number(r.json, "epoch"),
                      e2e_number(r.json, "cost"), e2e_number(r.json, "gradient_norm"));
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(overflow_is_recorded_as_null_and_said)
{
    char id[32];
    e2e_reply r = diverge("\"learning_rate\": 1e300", id);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "cost")));
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "finite")));
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 1);
    ck_assert_double_eq(e2e_number(r.json, "error.last_finite.epoch"), 0);
    ck_assert_double_eq(e2e_number(r.json, "error.last_finite.parameters.m"), 0);
    e2e_reply_free(&r);
    r = act("GET", id, "/history");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "history")), 2);
    ck_assert(isfinite(e2e_number(r.json, "history.0.cost")));
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "history.0"), "finite"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "history.1.cost")));
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "history.1.finite")));
    ck_assert_double_eq(e2e_number(r.json, "history.1.learning_rate"), 1e300);
    e2e_reply_free(&r);
    r = history_as(id, "text/csv");
    ck_assert_ptr_nonnull(strstr(r.body, "\r\n1,,"));
    ck_assert_ptr_nonnull(strstr(r.body, ",false,1\r\n"));
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/jobs?state=failed");
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "jobs.0.finite")));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(diverging_mini_batches_get_a_rate_that_works)
{
    char id[32], members[160];
    e2e_reply r = diverge("\"batch_size\": 1, \"standardize\": false, \"learning_rate\": 0.2, "
                          "\"tol\": 0",
                          id);
    double suggested = e2e_number(r.json, "error.suggested_learning_rate");
    e2e_reply_free(&r);
    ck_assert_double_lt(suggested, 0.2);
    snprintf(members, sizeof members,
             "\"batch_size\": 1, \"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0",
             suggested);
    r = run_well(members, id);
    ck_assert_double_lt(e2e_number(r.json, "cost"), 1);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(data_too_large_to_square_fails_and_names_the_data)
{
    char id[32];
    e2e_job(s, "{\"dataset\": {\"X\": [1e200, -1e200, 3e200], \"y\": [1, 2, 3]}}", id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert(is_in(&r, "failed"));
    ck_assert_str_eq(e2e_string(r.json, "error.field"), "dataset");
    const char *detail = e2e_string(r.json, "error.detail");
    ck_assert_msg(strstr(detail, "column \"x\" reaches 3e+200") != NULL, "%s", detail);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    check_tokens(id);
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("jobs");
    tcase_add_test(tc, auto_rate_reaches_least_squares);
    tcase_add_test(tc, no_intercept_fits_through_the_origin);
    tcase_add_test(tc, mini_batches_without_shuffle_go_through_the_rows_in_order);
    tcase_add_test(tc, a_batch_of_all_rows_is_a_full_batch);
    tcase_add_test(tc, a_seed_decides_the_result_to_the_last_bit);
    tcase_add_test(tc, a_start_at_the_optimum_converges_at_once);
    tcase_add_test(tc, initial_parameters_are_where_training_starts);
    tcase_add_test(tc, tol_is_the_relative_improvement_that_is_too_small);
    tcase_add_test(tc, diverging_job_says_the_largest_stable_rate);
    tcase_add_test(tc, the_limit_divides_what_diverges_from_what_does_not);
    tcase_add_test(tc, bouncing_at_the_limit_is_not_called_converged);
    tcase_add_test(tc, overflow_is_recorded_as_null_and_said);
    tcase_add_test(tc, diverging_mini_batches_get_a_rate_that_works);
    tcase_add_test(tc, data_too_large_to_square_fails_and_names_the_data);
    return run_cases(tc, NULL);
}
