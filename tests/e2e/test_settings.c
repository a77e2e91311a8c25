/* What the members of a job do, over HTTP: groups, folds, paths, bounds, thresholds, other rows to
 * validate on, models to begin with, and other libraries' names; each against a closed form, the
 * numbers by hand, or another job that must come to the same. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define EXACT "\"tol\": 0, \"epochs\": 20000"

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* The ended job, which succeeded; settings: a format for the dataset's id and what follows it. */
static e2e_reply train(const char *dataset, const char *settings)
{
    char body[2048], job[32];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", dataset, *settings ? ", " : "",
             settings);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%s: %s", settings,
                  r.body);
    return r;
}

static e2e_reply model_of(const e2e_reply *job)
{
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(job->json, "model_id"));
    ck_assert_int_eq(m.status, 200);
    return m;
}

/* The model of a job, which is not looked at further. */
static e2e_reply fit(const char *dataset, const char *settings)
{
    e2e_reply r = train(dataset, settings), m = model_of(&r);
    e2e_reply_free(&r);
    return m;
}

static void assert_close_to(const cJSON *json, const char *path, double want, double tolerance)
{
    double got = e2e_number(json, path);
    ck_assert_msg(fabs(got - want) <= tolerance * fmax(1, fabs(want)), "%s is %.17g, not %.17g",
                  path, got, want);
}

static void assert_same(const cJSON *a, const cJSON *b, const char *path)
{
    char *x = cJSON_PrintUnformatted(e2e_at(a, path)), *y = cJSON_PrintUnformatted(e2e_at(b, path));
    ck_assert_msg(strcmp(x, y) == 0, "%s: %s and %s", path, x, y);
    free(x);
    free(y);
}

/* ---- parts ---- */

START_TEST(each_group_gets_the_line_of_its_own_rows)
{
    char id[32], path[96];
    e2e_dataset(s,
                "{\"columns\": [\"x\", \"shop\"], \"X\": [[1, 7], [2, 3], [3, 7], [4, 3], [5, 7], "
                "[6, 3]], \"y\": [3, -1, 7, -7, 11, -13]}", /* 7: 2x + 1; 3: -3x + 5 */
                id);
    e2e_reply r = train(id, "\"group_by\": \"shop\", " EXACT);
    static const double lines[][3] = {{3, -3, 5}, {7, 2, 1}};
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "results")), 2);
    for (int k = 0; k < 2; k++) {
        const cJSON *part = cJSON_GetArrayItem(e2e_at(r.json, "results"), k);
        ck_assert_double_eq(e2e_number(part, "group"), lines[k][0]);
        ck_assert_double_eq(e2e_number(part, "rows"), 3);
        e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(part, "model_id"));
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(m.json, "columns")), 1);
        ck_assert_double_eq(e2e_number(m.json, "group"), lines[k][0]);
        assert_close_to(m.json, "parameters.coefficients.0", lines[k][1], 1e-12);
        assert_close_to(m.json, "parameters.intercept", lines[k][2], 1e-12);
        e2e_reply_free(&m);
        snprintf(path, sizeof path, "/v1/models/%s/predictions", e2e_string(part, "model_id"));
        m = e2e_post(s, path, "{\"data\": [{\"x\": 10, \"shop\": 99}]}");
        assert_close_to(m.json, "predictions.0", 10 * lines[k][1] + lines[k][2], 1e-12);
        e2e_reply_free(&m);
    }
    e2e_reply_free(&r);
}
END_TEST

#define NOISY                                                                                      \
    "{\"X\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], \"y\": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, "   \
    "8]}"

START_TEST(folds_are_averaged_and_the_model_is_of_all_rows)
{
    char id[32];
    e2e_dataset(s, NOISY, id);
    e2e_reply r = train(id, "\"cross_validation\": 4, " EXACT), m = model_of(&r),
              plain = fit(id, EXACT);
    const cJSON *results = e2e_at(r.json, "results");
    ck_assert_int_eq(cJSON_GetArraySize(results), 5);
    double sum = 0, squares = 0;
    for (int k = 0; k < 4; k++) {
        const cJSON *fold = cJSON_GetArrayItem(results, k);
        ck_assert_double_eq(e2e_number(fold, "fold"), k + 1);
        ck_assert_double_eq(e2e_number(fold, "rows"), 9);
        ck_assert_double_eq(e2e_number(fold, "validation_rows"), 3);
        double mse = e2e_number(fold, "validation_metrics.mse");
        assert_close_to(fold, "validation_cost", mse, 1e-12);
        sum += mse;
        squares += mse * mse;
    }
    assert_close_to(m.json, "cross_validation.mean.mse", sum / 4, 1e-12);
    assert_close_to(m.json, "cross_validation.std.mse", sqrt((squares - sum * sum / 4) / 3), 1e-9);
    assert_same(m.json, plain.json, "parameters");
    assert_same(m.json, plain.json, "metrics");
    e2e_reply_free(&r);
    e2e_reply_free(&m);
    e2e_reply_free(&plain);
}
END_TEST

/* One standardized column: w = sign(v) max(|v| - l1/2, 0) with v the slope of least squares. */
START_TEST(a_path_is_a_soft_threshold_from_the_penalty_that_leaves_nothing)
{
    char id[32];
    e2e_dataset(s, NOISY, id);
    e2e_reply plain = fit(id, EXACT);
    double v = e2e_number(plain.json, "scaled_parameters.coefficients.0"),
           scale = e2e_number(plain.json, "scaled_parameters.scale.0"), before = INFINITY;
    e2e_reply r = train(id, "\"l1\": \"path\", \"path_points\": 7, " EXACT), m = model_of(&r);
    const cJSON *path = e2e_at(m.json, "path");
    ck_assert_int_eq(cJSON_GetArraySize(path), 7);
    assert_close_to(cJSON_GetArrayItem(path, 0), "l1", 2 * v, 1e-9);
    assert_close_to(cJSON_GetArrayItem(path, 6), "l1", 2e-4 * v, 1e-9);
    for (int k = 0; k < 7; k++) {
        const cJSON *point = cJSON_GetArrayItem(path, k);
        double l1 = e2e_number(point, "l1");
        ck_assert_double_lt(l1, before);
        before = l1;
        assert_close_to(point, "parameters.coefficients.0", fmax(v - l1 / 2, 0) / scale, 1e-9);
    }
    e2e_reply_free(&plain);
    e2e_reply_free(&r);
    e2e_reply_free(&m);
}
END_TEST

START_TEST(a_path_that_is_validated_ends_with_its_best)
{
    char id[32];
    e2e_dataset(s, NOISY, id);
    e2e_reply r = train(
                  id,
                  "\"l2\": \"path\", \"path_points\": 6, \"validation_fraction\": 0.25, " EXACT),
              m = model_of(&r);
    const cJSON *path = e2e_at(m.json, "path"), *point;
    double best = INFINITY, l2 = NAN;
    cJSON_ArrayForEach (point, path)
        if (e2e_number(point, "validation_cost") < best) {
            best = e2e_number(point, "validation_cost");
            l2 = e2e_number(point, "l2");
        }
    ck_assert_int_eq(cJSON_GetArraySize(path), 6);
    ck_assert_double_eq(e2e_number(m.json, "l2"), l2);
    assert_close_to(r.json, "validation_cost", best, 1e-6); /* of a fit that began there */
    e2e_reply_free(&r);
    e2e_reply_free(&m);
}
END_TEST

/* ---- bounds ---- */

/* y = 2x + 1 with the slope held at 1.5: the intercept is what is left, mean y - 1.5 mean x. */
START_TEST(a_coefficient_stays_within_its_bounds)
{
    char id[32];
    e2e_dataset(s, "{\"columns\": [\"x\"], \"X\": [1, 2, 3, 6], \"y\": [3, 5, 7, 13]}", id);
    e2e_reply m = fit(id, "\"bounds\": {\"x\": [0, 1.5]}, " EXACT);
    ck_assert_double_eq(e2e_number(m.json, "parameters.coefficients.0"), 1.5);
    assert_close_to(m.json, "parameters.intercept", 7 - 1.5 * 3, 1e-12);
    e2e_reply_free(&m);
    m = fit(id, "\"bounds\": {\"x\": [null, -0.25]}, " EXACT);
    ck_assert_double_eq(e2e_number(m.json, "parameters.coefficients.0"), -0.25);
    assert_close_to(m.json, "parameters.intercept", 7.75, 1e-12);
    e2e_reply_free(&m);
    m = fit(id, "\"bounds\": {\"x\": [-9, 9]}, " EXACT);
    assert_close_to(m.json, "parameters.coefficients.0", 2, 1e-12);
    e2e_reply_free(&m);
    e2e_dataset(s, "{\"X\": [1, 2, 3, 6], \"y\": [-3, -5, -7, -13]}", id);
    m = fit(id, "\"non_negative\": true, " EXACT);
    ck_assert_double_eq(e2e_number(m.json, "parameters.coefficients.0"), 0);
    assert_close_to(m.json, "parameters.intercept", -7, 1e-12);
    e2e_reply_free(&m);
}
END_TEST

/* ---- other rows ---- */

#define OTHER "{\"X\": [0, 20, 5], \"y\": [1, 9, 4]}"

START_TEST(another_dataset_is_validated_on)
{
    char id[32], other[32], settings[160], path[96], body[96];
    e2e_dataset(s, NOISY, id);
    e2e_dataset(s, OTHER, other);
    snprintf(settings, sizeof settings, "\"validation_dataset_id\": \"%s\", " EXACT, other);
    e2e_reply r = train(id, settings), m = model_of(&r), plain = fit(id, EXACT);
    assert_same(m.json, plain.json, "parameters"); /* they are not trained on */
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", e2e_string(r.json, "model_id"));
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", other);
    e2e_reply e = e2e_post(s, path, body);
    ck_assert_double_eq(e2e_number(e.json, "rows"), 3);
    assert_close_to(r.json, "validation_cost", e2e_number(e.json, "mean_cost"), 1e-12);
    assert_same(m.json, plain.json, "metrics");
    assert_close_to(m.json, "validation_metrics.mse", e2e_number(e.json, "metrics.mse"), 1e-12);
    e2e_reply_free(&r);
    e2e_reply_free(&m);
    e2e_reply_free(&e);
    e2e_reply_free(&plain);
}
END_TEST

/* Where a run begins costs what its model costs there, on the same data and on others. */
START_TEST(training_begins_with_a_model_on_the_same_data_and_on_others)
{
    char ids[2][32], settings[160], path[96], body[96];
    e2e_dataset(s, NOISY, ids[0]);
    e2e_dataset(s, OTHER, ids[1]);
    e2e_reply r = train(ids[0], "\"tol\": 0, \"epochs\": 3, \"learning_rate\": 0.1"),
              m = model_of(&r);
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", e2e_string(r.json, "model_id"));
    for (int k = 0; k < 2; k++) {
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", ids[k]);
        e2e_reply e = e2e_post(s, path, body);
        snprintf(settings, sizeof settings,
                 "\"start_from\": \"%s\", \"tol\": 0, \"epochs\": 200, \"learning_rate\": 0.1",
                 e2e_string(r.json, "model_id"));
        e2e_reply next = train(ids[k], settings),
                  h = e2e_getf(s, "/v1/jobs/%s/history", e2e_string(next.json, "id"));
        assert_close_to(h.json, "history.0.cost", e2e_number(e.json, "mean_cost"), 1e-12);
        ck_assert_double_lt(e2e_number(next.json, "cost"), e2e_number(h.json, "history.0.cost"));
        e2e_reply_free(&e);
        e2e_reply_free(&h);
        e2e_reply_free(&next);
    }
    e2e_reply_free(&r);
    e2e_reply_free(&m);
}
END_TEST

/* ---- decisions ---- */

/* Not separable, and the rare class is the second. */
#define RARE                                                                                       \
    "{\"X\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], \"y\": [\"no\", \"no\", \"no\", \"no\", "    \
    "\"yes\", \"no\", \"no\", \"no\", \"yes\", \"no\", \"yes\", \"no\"]}"
enum { RARE_ROWS = 12 };
static const bool yes[RARE_ROWS] = {[4] = true, [8] = true, [10] = true};

/* Precision and recall of calling "yes" from `threshold` on. */
static void judge(const double *p, double threshold, double *precision, double *recall)
{
    double hits = 0, called = 0;
    for (int i = 0; i < RARE_ROWS; i++) {
        called += p[i] >= threshold;
        hits += p[i] >= threshold && yes[i];
    }
    *precision = hits / called;
    *recall = hits / 3;
}

static double worth(int criterion, double precision, double recall)
{
    switch (criterion) {
    case 0: /* f_beta with beta 2 */
        return precision + recall > 0 ? 5 * precision * recall / (4 * precision + recall) : 0;
    case 1:
        return recall >= 0.6 ? precision : -1;
    default:
        return precision >= 0.3 ? recall : -1;
    }
}

START_TEST(a_threshold_is_the_best_by_its_criterion_and_decides)
{
    static const char *const criteria[] = {
        "{\"criterion\": \"f_beta\", \"beta\": 2}",
        "{\"criterion\": \"precision_at_target_recall\", \"target\": 0.6}",
        "{\"criterion\": \"recall_at_target_precision\", \"target\": 0.3}"};
    char id[32], settings[320], path[96];
    e2e_dataset(s, RARE, id);
    for (int c = 0; c < 3; c++) {
        snprintf(settings, sizeof settings,
                 "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", "
                 "\"threshold\": %s, " EXACT,
                 id, criteria[c]);
        e2e_reply m = fit(id, settings);
        snprintf(path, sizeof path, "/v1/models/%s/predictions", e2e_string(m.json, "id"));
        e2e_reply r = e2e_post(s, path, "{\"X\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}");
        double p[RARE_ROWS], best = -1, precision, recall,
                             threshold = e2e_number(m.json, "decision.threshold");
        for (int i = 0; i < RARE_ROWS; i++)
            p[i] = cJSON_GetArrayItem(cJSON_GetArrayItem(e2e_at(r.json, "probabilities"), i), 1)
                       ->valuedouble;
        for (int i = 0; i < RARE_ROWS; i++) {
            judge(p, p[i], &precision, &recall);
            best = fmax(best, worth(c, precision, recall));
        }
        judge(p, threshold, &precision, &recall);
        assert_close_to(m.json, "decision.value", best, 1e-12);
        assert_close_to(m.json, "decision.precision", precision, 1e-12);
        assert_close_to(m.json, "decision.recall", recall, 1e-12);
        ck_assert_double_eq(worth(c, precision, recall), best);
        ck_assert_double_lt(threshold, 0.5); /* or it would decide as without */
        assert_close_to(m.json, "metrics.recall", recall, 1e-12);
        assert_close_to(m.json, "validation_metrics.precision", precision, 1e-12);
        for (int i = 0; i < RARE_ROWS; i++)
            ck_assert_str_eq(cJSON_GetArrayItem(e2e_at(r.json, "predictions"), i)->valuestring,
                             p[i] >= threshold ? "yes" : "no");
        e2e_reply_free(&r);
        e2e_reply_free(&m);
    }
}
END_TEST

START_TEST(a_threshold_that_is_given_decides_and_one_out_of_reach_is_said)
{
    char id[32], settings[320], path[96];
    e2e_dataset(s, RARE, id);
    e2e_reply m = fit(id, "\"model\": \"logistic_regression\", \"threshold\": 0.01, " EXACT);
    ck_assert_double_eq(e2e_number(m.json, "decision.threshold"), 0.01);
    ck_assert_double_eq(e2e_number(m.json, "metrics.recall"), 1);
    ck_assert_double_eq(e2e_number(m.json, "metrics.precision"), 0.25);
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", e2e_string(m.json, "id"));
    snprintf(settings, sizeof settings, "{\"dataset_id\": \"%s\"}", id);
    e2e_reply e = e2e_post(s, path, settings);
    ck_assert_double_eq(e2e_number(e.json, "metrics.recall"), 1);
    e2e_reply_free(&e);
    e2e_reply_free(&m);
    snprintf(
        settings, sizeof settings,
        "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", \"threshold\": "
        "{\"criterion\": \"recall_at_target_precision\", \"target\": 0.9}, " EXACT,
        id);
    m = fit(id, settings);
    ck_assert(cJSON_IsNull(e2e_at(m.json, "decision.threshold")));
    ck_assert_ptr_nonnull(strstr(e2e_string(m.json, "decision.reason"), "0.9"));
    e2e_reply_free(&m);
}
END_TEST

/* ---- in the names of other libraries ---- */

/* Each is a penalty stated in another scale; 12 rows. */
START_TEST(other_libraries_names_come_to_the_same_fit)
{
    static const struct {
        const char *compat, *own;
    } pairs[] = {
        /* |y - Xw|^2 + alpha |w|^2, columns as they lie: l2 = 2 alpha / N */
        {"\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", \"alpha\": 3}",
         "\"standardize\": false, \"l2\": 0.5"},
        /* |y - Xw|^2 / 2N + lambda (alpha |w|_1 + (1 - alpha)/2 |w|^2), as they lie */
        {"\"compat\": {\"library\": \"h2o\", \"family\": \"gaussian\", \"lambda\": 0.25, \"alpha\": 0.5, \"standardize\": "
         "false}",
         "\"standardize\": false, \"l1\": 0.25, \"l2\": 0.25"},
        /* mean of half the squares + wd/2 |w|^2: twice wd */
        {"\"compat\": {\"library\": \"sagemaker\", \"predictor_type\": \"regressor\", \"wd\": "
         "0.125, "
         "\"l1\": 0, \"normalize_data\": false, \"normalize_label\": false}",
         "\"standardize\": false, \"l2\": 0.25"},
    };
    char id[32];
    e2e_dataset(s, NOISY, id);
    for (size_t k = 0; k < COUNT(pairs); k++) {
        char body[512];
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", id, pairs[k].compat);
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        ck_assert_msg(r.status == 202, "%s", r.body);
        const cJSON *spec = e2e_at(r.json, "spec");
        ck_assert_int_gt(cJSON_GetArraySize(e2e_at(spec, "compat.translation")), 0);
        cJSON *own = cJSON_Parse("{}"), *want;
        snprintf(body, sizeof body, "{%s}", pairs[k].own);
        want = cJSON_Parse(body);
        const cJSON *item;
        cJSON_ArrayForEach (item, want)
            ck_assert_msg(cJSON_Compare(e2e_at(spec, item->string), item, true), "%s: %s",
                          item->string, r.body);
        cJSON_Delete(own);
        cJSON_Delete(want);
        e2e_reply_free(&r);
    }
    e2e_reply a = fit(id, "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", "
                          "\"alpha\": 3}, " EXACT),
              b = fit(id, "\"standardize\": false, \"l2\": 0.5, " EXACT);
    /* y = m x + b: m = sum (x - mx) (y - my) / (sum (x - mx)^2 + alpha) */
    assert_close_to(a.json, "parameters.coefficients.0", 50.0 / (143 + 3), 1e-9);
    assert_close_to(b.json, "parameters.coefficients.0", 50.0 / (143 + 3), 1e-9);
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}
END_TEST

/* ---- what epochs are computed by ---- */

/* powers: of the row's number, unscaled nearly dependent (Wampler, 1970). */
static double value_at(size_t i, size_t j, bool powers)
{
    double row = (double)i;
    return powers ? pow(row, (double)j + 1)
                  : sin(1 + 0.7 * row * (double)(j + 1)) + cos(row * row + (double)j);
}

static void add_data(size_t rows, size_t cols, bool powers, char *id)
{
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    fputs("{\"X\": [", f);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            fprintf(f, "%s%.17g%s", j ? ", " : i ? ", [" : "[", value_at(i, j, powers),
                    j + 1 < cols ? "" : "]");
    fputs("], \"y\": [", f);
    for (size_t i = 0; i < rows; i++)
        fprintf(f, "%s%.17g", i ? ", " : "", value_at(i, 0, powers) + cos(11 * (double)i));
    fputs("]}", f);
    fclose(f);
    e2e_dataset(s, text, id);
    free(text);
}

START_TEST(a_job_says_what_its_epochs_are_computed_by)
{
    enum { SMALL, POWERS, WIDE };
    static const struct {
        int data;
        const char *settings, *by;
    } cases[] = {
        {SMALL, "\"epochs\": 200", "moments"},
        {SMALL, "\"epochs\": 200, \"l2\": 0.1, \"optimizer\": \"nesterov\"", "moments"},
        {SMALL, "\"epochs\": 200, \"batch_size\": 1000", "moments"},
        {SMALL, "\"epochs\": 200, \"batch_size\": 10", "batches"},
        {SMALL, "\"epochs\": 200, \"cost\": \"huber\"", "passes"},
        {SMALL, "\"epochs\": 1", "passes"}, /* moments would not pay */
        {POWERS, "\"epochs\": 50, \"standardize\": false", "passes"}, /* nor tell the same */
        {WIDE, "\"epochs\": 50", "passes"},
    };
    char ids[3][32], query[64];
    add_data(60, 3, false, ids[SMALL]);
    add_data(21, 5, true, ids[POWERS]);
    add_data(30, 200, false, ids[WIDE]);
    for (size_t k = 0; k < COUNT(cases); k++) {
        e2e_reply r = train(ids[cases[k].data], cases[k].settings);
        ck_assert_msg(strcmp(e2e_string(r.json, "epochs_by"), cases[k].by) == 0, "%s: %s",
                      cases[k].settings, e2e_string(r.json, "epochs_by"));
        e2e_reply_free(&r);
        r = e2e_get(s, "/v1/jobs?limit=1");
        ck_assert_str_eq(e2e_string(r.json, "jobs.0.epochs_by"), cases[k].by);
        e2e_reply_free(&r);
    }
    snprintf(query, sizeof query, "{\"dataset_id\": \"%s\"}", ids[WIDE]);
    e2e_reply r = e2e_post(s, "/v1/jobs", query);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "epochs_by")));
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *tc = tcase_create("settings");
    tcase_add_test(tc, each_group_gets_the_line_of_its_own_rows);
    tcase_add_test(tc, folds_are_averaged_and_the_model_is_of_all_rows);
    tcase_add_test(tc, a_path_is_a_soft_threshold_from_the_penalty_that_leaves_nothing);
    tcase_add_test(tc, a_path_that_is_validated_ends_with_its_best);
    tcase_add_test(tc, a_coefficient_stays_within_its_bounds);
    tcase_add_test(tc, another_dataset_is_validated_on);
    tcase_add_test(tc, training_begins_with_a_model_on_the_same_data_and_on_others);
    tcase_add_test(tc, a_threshold_is_the_best_by_its_criterion_and_decides);
    tcase_add_test(tc, a_threshold_that_is_given_decides_and_one_out_of_reach_is_said);
    tcase_add_test(tc, other_libraries_names_come_to_the_same_fit);
    tcase_add_test(tc, a_job_says_what_its_epochs_are_computed_by);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
