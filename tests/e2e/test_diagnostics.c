/* Diagnostics over HTTP: eigenvalues with closed forms, and jobs that do as was foretold. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* Standardized: correlation 4.75/5.25, so that with an intercept the eigenvalues are 2 and
 * 2 (1 +- r): 80/21, 2, 4/21. As they are, without an intercept: 2/8 (204 +- 200), 101 and 1. */
#define PAIR                                                                                       \
    "\"X\": [[1, 2], [2, 1], [3, 4], [4, 3], [5, 6], [6, 5], [7, 8], [8, 7]], \"y\": [3, 1, 4, "   \
    "1, 5, 9, 2, 6]"

static e2e_reply diagnose(const char *dataset, const char *query)
{
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s/diagnostics%s", dataset, query);
    ck_assert_msg(r.status == 200, "%s: %ld %s", query, r.status, r.body);
    return r;
}

static void assert_near(const cJSON *json, const char *path, double want)
{
    double got = e2e_number(json, path);
    ck_assert_msg(fabs(got - want) <= 1e-12 * fabs(want), "%s: %.17g, not %.17g", path, got, want);
}

START_TEST(two_columns_agree_with_the_closed_form)
{
    char id[32];
    e2e_dataset(s, "{" PAIR "}", id);
    e2e_reply r = diagnose(id, "?learning_rate=0.5");
    ck_assert_str_eq(e2e_string(r.json, "curvature"), "exact");
    assert_near(r.json, "standardized.largest_curvature", 80 / 21.0);
    assert_near(r.json, "standardized.smallest_curvature", 4 / 21.0);
    assert_near(r.json, "standardized.condition_number", 20);
    assert_near(r.json, "standardized.max_stable_learning_rate", 0.525);
    assert_near(r.json, "standardized.best_learning_rate", 0.5);
    /* (19/21)^(2 k) <= 1e-6 from k = 70 */
    assert_near(r.json, "epochs.at_best_learning_rate", 70);
    assert_near(r.json, "epochs.at_learning_rate", 70);
    e2e_reply_free(&r);
    r = diagnose(id, "?intercept=false&standardize=false&learning_rate=0.02&tol=0.01");
    assert_near(r.json, "raw.largest_curvature", 101);
    assert_near(r.json, "raw.smallest_curvature", 1);
    assert_near(r.json, "raw.condition_number", 101);
    assert_near(r.json, "raw.max_stable_learning_rate", 2 / 101.0);
    /* (100/102)^(2 k) <= 0.01 from k = 117 */
    assert_near(r.json, "epochs.at_best_learning_rate", 117);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "epochs.at_learning_rate")));
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "epochs.stable")));
    ck_assert_ptr_nonnull(strstr(r.body, "learning_rate 0.02 diverges: the largest stable rate is "
                                         "0.019802"));
    e2e_reply_free(&r);
    /* each row weighs l2 more along each feature, not along the intercept */
    r = diagnose(id, "?intercept=false&l2=0.5");
    assert_near(r.json, "raw.largest_curvature", 101.5);
    assert_near(r.json, "raw.smallest_curvature", 1.5);
    e2e_reply_free(&r);
}
END_TEST

static e2e_reply train(const char *dataset, const char *settings, double rate, char job[32])
{
    char body[320];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"learning_rate\": %.17g, %s}", dataset,
             rate, settings);
    e2e_job(s, body, job);
    return e2e_wait(s, job);
}

/* Epochs until the cost above the best one is `tolerance` of what it was. */
static double epochs_taken(const char *job, double best, double tolerance)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/history?limit=100000", job);
    const cJSON *point;
    double first = NAN, epoch = NAN;
    cJSON_ArrayForEach (point, e2e_at(r.json, "history")) {
        double above = e2e_number(point, "cost") - best;
        epoch = e2e_number(point, "epoch");
        if (isnan(first))
            first = above;
        if (above <= tolerance * first)
            break;
    }
    e2e_reply_free(&r);
    return epoch;
}

START_TEST(a_job_takes_the_epochs_that_were_foretold)
{
    static const double rates[] = {0.05, 0.5, 0.52};
    char id[32], job[32];
    e2e_dataset(s, "{" PAIR "}", id);
    for (int k = 0; k < 3; k++) {
        char query[64];
        snprintf(query, sizeof query, "?learning_rate=%g&tol=1e-8", rates[k]);
        e2e_reply r = diagnose(id, query);
        double foretold = e2e_number(r.json, "epochs.at_learning_rate");
        e2e_reply_free(&r);
        r = train(id, "\"tol\": 0, \"epochs\": 3000, \"history_points\": \"all\"", rates[k], job);
        double best = e2e_number(r.json, "cost") - e2e_number(r.json, "certificate.gap");
        e2e_reply_free(&r);
        double took = epochs_taken(job, best, 1e-8);
        ck_assert_msg(took <= foretold && took > 0.7 * foretold, "%g: %g epochs, foretold %g",
                      rates[k], took, foretold);
    }
}
END_TEST

START_TEST(jobs_diverge_above_the_largest_stable_rate_and_not_below)
{
    static const char settings[] =
        "\"standardize\": false, \"intercept\": false, \"tol\": 0, \"epochs\": 3000";
    char id[32], job[32];
    e2e_dataset(s, "{" PAIR "}", id);
    e2e_reply r = diagnose(id, "?intercept=false");
    double limit = e2e_number(r.json, "raw.max_stable_learning_rate");
    e2e_reply_free(&r);
    r = train(id, settings, 0.99 * limit, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    double cost = e2e_number(r.json, "cost");
    ck_assert_double_le(e2e_number(r.json, "certificate.gap"), 1e-9 * cost);
    e2e_reply_free(&r);
    r = train(id, settings, 1.01 * limit, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(each_fault_of_the_data_has_its_words)
{
    static const struct {
        const char *data, *words;
    } faults[] = {
        {"{\"columns\": [\"rooms\", \"year\"], \"X\": [[1, 1980], [4, 2020], [2, 1995], [3, "
         "1960], [5, 2001]], \"y\": [1, 2, 3, 4, 5]}",
         "columns are not scaled: \\\"year\\\""},
        {"{\"columns\": [\"a\", \"b\"], \"X\": [[1, 7], [4, 7], [2, 7], [3, 7]], \"y\": [1, 2, 3, "
         "4]}",
         "column \\\"b\\\" never changes"},
        {"{\"columns\": [\"a\", \"b\"], \"X\": [[1, 1], [4, 4], [2, 2], [3, 3]], \"y\": [1, 2, 3, "
         "4]}",
         "is a copy of column"},
        {"{\"columns\": [\"a\", \"b\", \"c\"], \"X\": [[1, 2, 3], [4, 1, 5], [2, 2, 4], [3, 9, "
         "12]], \"y\": [1, 2, 3, 4]}",
         "is a weighted sum of columns"},
        {"{\"X\": [[1, 2, 9], [2, 1, 8]], \"y\": [1, 2]}", "more parameters, 4, than rows, 2"},
        {"{\"X\": [1, 2, 3, 4, 5], \"y\": [\"a\", \"b\", \"b\", \"c\", \"c\"]}",
         "1 class has a single row"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char id[32];
        e2e_dataset(s, faults[i].data, id);
        e2e_reply r = diagnose(id, "");
        ck_assert_msg(strstr(r.body, faults[i].words) != NULL, "%s: %s", faults[i].words, r.body);
        e2e_reply_free(&r);
    }
    char id[32];
    e2e_dataset(s, "{" PAIR "}", id);
    e2e_reply r = diagnose(id, "");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "warnings")), 0);
    e2e_reply_free(&r);
    r = diagnose(id, "?learning_rate=0.001");
    ck_assert_ptr_nonnull(strstr(r.body, "learning_rate 0.001 crawls: 0.5 is stable too, and about "
                                         "500 times as fast"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(the_model_is_the_targets_unless_it_is_named)
{
    static const char *const data[][2] = {
        {"{\"X\": [1, 2, 3], \"y\": [1, 2, 5]}", "linear_regression"},
        {"{\"X\": [1, 2, 3], \"y\": [\"a\", \"b\", \"b\"]}", "logistic_regression"},
        {"{\"X\": [1, 2, 3], \"y\": [\"a\", \"b\", \"c\"]}", "softmax_regression"}};
    char id[32];
    for (int i = 0; i < 3; i++) {
        e2e_dataset(s, data[i][0], id);
        e2e_reply r = diagnose(id, "");
        ck_assert_str_eq(e2e_string(r.json, "model"), data[i][1]);
        ck_assert_str_eq(e2e_string(r.json, "curvature"), i ? "bound" : "exact");
        e2e_reply_free(&r);
    }
    static const char *const wrong[][2] = {{"model=linear_regression", "model"},
                                           {"model=svm", "model"},
                                           {"cost=mse", "cost"},
                                           {"model=none", "model"},
                                           {"tol=1", "tol"},
                                           {"learning_rate=0", "learning_rate"},
                                           {"l2=-1", "l2"},
                                           {"l2=x", "l2"},
                                           {"intercept=yes", "intercept"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        e2e_reply r = e2e_getf(s, "/v1/datasets/%s/diagnostics?%s", id, wrong[i][0]);
        e2e_problem(&r, 400, "invalid-parameter");
        e2e_field_error(&r, wrong[i][1]);
        e2e_reply_free(&r);
    }
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, -2, 3]}", id);
    static const char *const models[] = {"poisson_regression", "logistic_regression"};
    for (int i = 0; i < 2; i++) {
        e2e_reply r = e2e_getf(s, "/v1/datasets/%s/diagnostics?model=%s", id, models[i]);
        e2e_problem(&r, 400, "invalid-parameter");
        e2e_field_error(&r, "model");
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(of_large_data_a_sample_is_looked_at_and_said_so)
{
    enum { ROWS = 7001, COLS = 200 };
    char *csv = malloc((size_t)ROWS * COLS * 3 + 4096), *at = csv, id[32];
    for (int j = 0; j < COLS; j++)
        at += sprintf(at, "c%d,", j);
    at += sprintf(at, "y\n");
    unsigned bits = 12345;
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            bits = bits * 1103515245u + 12345u;
            at += sprintf(at, "%u,", bits >> 16 & 7);
        }
        at += sprintf(at, "%d\n", i % 3);
    }
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    ck_assert_int_eq(r.status, 201);
    snprintf(id, sizeof id, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    free(csv);
    r = diagnose(id, "");
    ck_assert_double_eq(e2e_number(r.json, "rows"), ROWS);
    double used = e2e_number(r.json, "rows_used"), n = COLS + 1;
    ck_assert_double_eq(used, floor(1e8 / (n * n)));
    /* independent columns: 2 (1 - sqrt(q))^2 .. 2 (1 + sqrt(q))^2 with q = columns / rows
     * (Marchenko, Pastur, 1967) */
    double q = COLS / used, high = 2 * pow(1 + sqrt(q), 2), low = 2 * pow(1 - sqrt(q), 2);
    ck_assert_double_lt(fabs(e2e_number(r.json, "standardized.largest_curvature") / high - 1), 0.1);
    ck_assert_double_lt(fabs(e2e_number(r.json, "standardized.smallest_curvature") / low - 1), 0.1);
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diagnostics");
    TCase *tc = tcase_create("diagnostics");
    tcase_add_test(tc, two_columns_agree_with_the_closed_form);
    tcase_add_test(tc, a_job_takes_the_epochs_that_were_foretold);
    tcase_add_test(tc, jobs_diverge_above_the_largest_stable_rate_and_not_below);
    tcase_add_test(tc, each_fault_of_the_data_has_its_words);
    tcase_add_test(tc, the_model_is_the_targets_unless_it_is_named);
    tcase_add_test(tc, of_large_data_a_sample_is_looked_at_and_said_so);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
