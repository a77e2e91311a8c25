/* gd_metrics: against the definitions, summed in long double. */
#include "gd_metrics.h"
#include "gd_limits.h"
#include "gd_spec.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static const gd_model *linear(void)
{
    return gd_model_find("linear_regression");
}

typedef struct found {
    gd_metric m[GD_MAX_METRICS + 1];
    size_t count;
    double confusion[17];
} found;

/* The metrics of some rows, with what they may not write still as it was. */
static found metrics_of(const char *model, const gd_data *d, const gd_rows *rows, bool intercept,
                        const double *theta)
{
    const gd_model *m = gd_model_find(model);
    found f;
    size_t cells = task_of(m) & GD_CLASSES ? d->classes * d->classes : 0;
    gd_shape s = {d->cols, intercept, task_of(m) == GD_MULTICLASS ? d->classes : 1};
    memset(&f, 0, sizeof f);
    f.confusion[cells] = 1234.5;
    f.m[GD_MAX_METRICS].value = 1234.5;
    ck_assert_int_eq(
        gd_metrics(m, &s, theta, d, rows, NULL, f.m, &f.count, cells ? f.confusion : NULL, NULL),
        GD_OK);
    ck_assert_uint_le(f.count, GD_MAX_METRICS);
    ck_assert_double_eq(f.m[GD_MAX_METRICS].value, 1234.5);
    ck_assert_double_eq(f.confusion[cells], 1234.5);
    return f;
}

static found metrics(const gd_data *d, bool intercept, const double *theta)
{
    return metrics_of("linear_regression", d, &(gd_rows){.count = d->rows}, intercept, theta);
}

static double of(const found *f, const char *name)
{
    return metric(f->m, f->count, name);
}

static double r2_of(const gd_data *d, const double *theta)
{
    found f = metrics(d, true, theta);
    return of(&f, "r2");
}

static void check(const gd_data *d, bool intercept, const double *theta)
{
    long double squares = 0, absolutes = 0, mean = 0, total = 0, n = (long double)d->rows;
    const double *x = d->X;
    for (size_t i = 0; i < d->rows; i++)
        mean += d->y[i] / n;
    for (size_t i = 0; i < d->rows; i++) {
        long double z = intercept ? theta[d->cols] : 0;
        for (size_t j = 0; j < d->cols; j++)
            z += (long double)x[i * d->cols + j] * theta[j];
        squares += (d->y[i] - z) * (d->y[i] - z);
        absolutes += fabsl(d->y[i] - z);
        total += (d->y[i] - mean) * (d->y[i] - mean);
    }
    found m = metrics(d, intercept, theta);
    /* thousands of positive terms, each right to a few eps: far below 1e-12 */
    assert_close(of(&m, "mse"), (double)(squares / n), 1e-12);
    assert_close(of(&m, "rmse"), (double)sqrtl(squares / n), 1e-12);
    assert_close(of(&m, "mae"), (double)(absolutes / n), 1e-12);
    assert_near(of(&m, "r2"), (double)(1 - squares / total), 1e-12 * (double)(1 + squares / total));
}

START_TEST(metrics_follow_their_definitions)
{
    const size_t rows[] = {2, 7, GD_BLOCK_ROWS - 1, GD_BLOCK_ROWS, 2 * GD_BLOCK_ROWS + 333};
    const double theta[] = {0.719, -1.149, 0.391, 2.385};
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        problem p = problem_random(rows[k], 3, 0.7, 71 + k);
        check(&p.data, true, theta);
        check(&p.data, false, theta);
        problem_free(&p);
    }
}
END_TEST

/* y of 1e9 + something: r2 must not lose the something. */
START_TEST(a_large_mean_of_y_costs_no_digits)
{
    problem p = problem_random(500, 1, 1, 79);
    for (size_t i = 0; i < 500; i++)
        p.targets[i] += 1e9;
    const double theta[] = {0.7, 1e9 + 1.5};
    found m = metrics(&p.data, true, theta);
    long double squares = 0, total = 0, mean = 0;
    for (size_t i = 0; i < 500; i++)
        mean += (p.targets[i] - 1e9L) / 500;
    for (size_t i = 0; i < 500; i++) {
        long double y = p.targets[i] - 1e9L, z = theta[0] * (long double)p.rows[i] + 1.5L;
        squares += (y - z) * (y - z);
        total += (y - mean) * (y - mean);
    }
    /* scores are rounded at 1e9 eps = 2e-7, of residuals of about 1 */
    assert_near(of(&m, "r2"), (double)(1 - squares / total), 1e-6);
    problem_free(&p);
}
END_TEST

START_TEST(a_perfect_fit_has_no_error_and_r2_of_one)
{
    const double x[] = {1, 2, 4, 8}, y[] = {-1, 1, 5, 13}, theta[] = {2, -3};
    problem p = problem_of(x, y, 4, 1);
    found m = metrics(&p.data, true, theta);
    ck_assert_double_eq(of(&m, "mse"), 0);
    ck_assert_double_eq(of(&m, "rmse"), 0);
    ck_assert_double_eq(of(&m, "mae"), 0);
    ck_assert_double_eq(of(&m, "r2"), 1);
    problem_free(&p);
}
END_TEST

START_TEST(r2_of_the_mean_is_zero_and_of_worse_negative)
{
    const double x[] = {1, 2, 4, 8}, y[] = {0, 2, 4, 6}, mean[] = {0, 3}, worse[] = {0, 5};
    problem p = problem_of(x, y, 4, 1);
    ck_assert_double_eq(r2_of(&p.data, mean), 0);
    /* squares 25 + 9 + 1 + 1 = 36 of 9 + 1 + 1 + 9 = 20 */
    assert_close(r2_of(&p.data, worse), 1 - 36. / 20, 4 * DBL_EPSILON);
    problem_free(&p);
}
END_TEST

START_TEST(r2_of_constant_targets_is_nan)
{
    const double x[] = {1, 2, 4, 8}, y[] = {0.1, 0.1, 0.1, 0.1}, theta[] = {0.3, 0.1};
    problem p = problem_of(x, y, 4, 1);
    found m = metrics(&p.data, true, theta);
    ck_assert(isnan(of(&m, "r2")));
    assert_close(of(&m, "mse"), 0.09 * (1 + 4 + 16 + 64) / 4, 1e-14);
    p.data.rows = 1;
    ck_assert(isnan(r2_of(&p.data, theta)));
    problem_free(&p);
}
END_TEST

START_TEST(huge_values_give_infinite_errors_not_a_failure)
{
    const double x[] = {1, 2, 3}, y[] = {1e200, -1e200, 0}, theta[] = {0, 0};
    problem p = problem_of(x, y, 3, 1);
    found m = metrics(&p.data, true, theta);
    ck_assert(isinf(of(&m, "mse")));
    ck_assert(isinf(of(&m, "rmse")));
    assert_close(of(&m, "mae"), 2e200 / 3, 4 * DBL_EPSILON);
    problem_free(&p);
}
END_TEST

START_TEST(predictions_are_the_models_scores)
{
    const double x[] = {1, 2, -4, 0.5}, theta[] = {2, -1, 10};
    double z[3] = {0, 0, 77};
    gd_shape s = {2, true, 1};
    ck_assert_int_eq(gd_predict(linear(), &s, theta, x, 2, z), GD_OK);
    ck_assert_double_eq(z[0], 10);
    ck_assert_double_eq(z[1], 1.5);
    ck_assert_double_eq(z[2], 77);
}
END_TEST

/* ---- by hand ---- */

static const double identity[] = {1, 0}; /* the score is the feature */

START_TEST(mape_is_relative_to_the_target)
{
    const double x[] = {1, 2, 5}, y[] = {2, -4, 5}, zero[] = {2, 0, 5};
    problem p = problem_of(x, y, 3, 1);
    found m = metrics(&p.data, true, identity);
    assert_close(of(&m, "mape"), (0.5 + 1.5 + 0) / 3, 4 * DBL_EPSILON);
    problem_free(&p);
    p = problem_of(x, zero, 3, 1); /* relative to 0 there is none */
    m = metrics(&p.data, true, identity);
    ck_assert(isnan(of(&m, "mape")));
    assert_close(of(&m, "mse"), 5. / 3, 4 * DBL_EPSILON);
    problem_free(&p);
}
END_TEST

#define LN2 0.69314718055994530942

/* Means 1, 2, 4 of counts 1, 0, 8: deviances 0, 2 * 2, 2 (8 log 2 - 4). The mean count is 3. */
START_TEST(poisson_deviance_by_hand)
{
    const double x[] = {0, LN2, 2 * LN2}, y[] = {1, 0, 8};
    problem p = problem_of(x, y, 3, 1);
    found m = metrics_of("poisson_regression", &p.data, &(gd_rows){.count = 3}, true, identity);
    double rest = 4 + 2 * (8 * LN2 - 4);
    double total = 2 * (log(1 / 3.) + 2) + 2 * 3 + 2 * (8 * log(8 / 3.) - 5);
    assert_close(of(&m, "deviance"), rest / 3, 1e-14);
    assert_close(of(&m, "d2"), 1 - rest / total, 1e-13);
    assert_close(of(&m, "mse"), (0 + 4 + 16) / 3., 1e-14);
    assert_close(of(&m, "mae"), 2, 1e-14);
    problem_free(&p);
}
END_TEST

START_TEST(counts_that_are_all_the_same_have_no_d2)
{
    const double x[] = {0, 1, 2}, y[] = {0, 0, 0};
    problem p = problem_of(x, y, 3, 1);
    found m = metrics_of("poisson_regression", &p.data, &(gd_rows){.count = 3}, true, identity);
    ck_assert(isnan(of(&m, "d2")));
    assert_close(of(&m, "deviance"), 2 * (1 + exp(1) + exp(2)) / 3, 1e-14);
    problem_free(&p);
}
END_TEST

/* Eight rows, scores with ties:
 *     score   2  2  1  1  1 -1 -1 -2
 *     class   1  0  1  1  0  0  1  0
 * Said to be 1 (score above 0): five, of which three are; three others, of which one is.
 * ROC, of 4 x 4 pairs: the positive at 2 beats 3 and ties with 1, each one at 1 beats 2 and ties
 * with 1, that at -1 beats 1 and ties with 1: 3.5 + 2.5 + 2.5 + 1.5 = 10 of 16.
 * Average precision: 1/4 (1/2) + 2/4 (3/5) + 1/4 (4/7). */
static const double scores8[] = {2, 2, 1, 1, 1, -1, -1, -2};
static const double classes8[] = {1, 0, 1, 1, 0, 0, 1, 0};

START_TEST(two_classes_by_hand)
{
    const char *const models[] = {"logistic_regression", "svm"};
    problem p = problem_of(scores8, classes8, 8, 1);
    p.data.classes = 2;
    found m = metrics_of(models[_i], &p.data, &(gd_rows){.count = 8}, true, identity);
    assert_close(of(&m, "accuracy"), 5. / 8, 1e-15);
    assert_close(of(&m, "precision"), 3. / 5, 1e-15);
    assert_close(of(&m, "recall"), 3. / 4, 1e-15);
    assert_close(of(&m, "f1"), 2 * 0.6 * 0.75 / (0.6 + 0.75), 1e-15);
    assert_close(of(&m, "roc_auc"), 10. / 16, 1e-15);
    assert_close(of(&m, "pr_auc"), 0.125 + 0.3 + 1. / 7, 1e-15);
    const double confusion[] = {2, 2, 1, 3};
    assert_same_bits(m.confusion, confusion, 4);
    if (_i == 0) {
        double loss = 0;
        for (int i = 0; i < 8; i++)
            loss += log1p(exp(classes8[i] > 0 ? -scores8[i] : scores8[i])) / 8;
        assert_close(of(&m, "log_loss"), loss, 1e-14);
    } else {
        for (size_t k = 0; k < m.count; k++) /* a score is no probability */
            ck_assert_str_ne(m.m[k].name, "log_loss");
    }
    problem_free(&p);
}
END_TEST

START_TEST(a_perfect_and_an_inverted_order_have_areas_of_one_and_zero)
{
    const double up[] = {-2, -1, 1, 3}, y[] = {0, 0, 1, 1}, down[] = {-1, 0};
    problem p = problem_of(up, y, 4, 1);
    p.data.classes = 2;
    found m = metrics_of("svm", &p.data, &(gd_rows){.count = 4}, true, identity);
    ck_assert_double_eq(of(&m, "roc_auc"), 1);
    ck_assert_double_eq(of(&m, "pr_auc"), 1);
    ck_assert_double_eq(of(&m, "f1"), 1);
    m = metrics_of("svm", &p.data, &(gd_rows){.count = 4}, true, down);
    ck_assert_double_eq(of(&m, "roc_auc"), 0);
    assert_close(of(&m, "pr_auc"), (1. / 3 + 2. / 4) / 2, 1e-15);
    ck_assert_double_eq(of(&m, "precision"), 0);
    ck_assert_double_eq(of(&m, "f1"), 0);
    /* all scores the same: a coin */
    const double flat[] = {0, 0.5};
    m = metrics_of("svm", &p.data, &(gd_rows){.count = 4}, true, flat);
    ck_assert_double_eq(of(&m, "roc_auc"), 0.5);
    ck_assert_double_eq(of(&m, "pr_auc"), 0.5);
    problem_free(&p);
}
END_TEST

/* Of a single class (a validation set may have no other) areas are not defined. */
START_TEST(rows_of_one_class_have_no_roc)
{
    const double x[] = {-1, 1, 2}, y[] = {1, 1, 1}, zeros[] = {0, 0, 0};
    problem p = problem_of(x, y, 3, 1), q = problem_of(x, zeros, 3, 1);
    p.data.classes = q.data.classes = 2;
    found m = metrics_of("logistic_regression", &p.data, &(gd_rows){.count = 3}, true, identity);
    ck_assert(isnan(of(&m, "roc_auc")));
    ck_assert_double_eq(of(&m, "pr_auc"), 1);
    m = metrics_of("logistic_regression", &q.data, &(gd_rows){.count = 3}, true, identity);
    ck_assert(isnan(of(&m, "roc_auc")));
    ck_assert(isnan(of(&m, "pr_auc")));
    ck_assert_double_eq(of(&m, "recall"), 0); /* 0/0, as in scikit-learn */
    problem_free(&p);
    problem_free(&q);
}
END_TEST

/* A certain and wrong probability of 0 is clipped at 2^-52, as scikit-learn does. */
START_TEST(log_loss_is_finite)
{
    const double x[] = {1000, -1000}, y[] = {0, 0};
    problem p = problem_of(x, y, 2, 1);
    p.data.classes = 2;
    found m = metrics_of("logistic_regression", &p.data, &(gd_rows){.count = 2}, true, identity);
    assert_close(of(&m, "log_loss"), 52 * LN2 / 2, 1e-12);
    problem_free(&p);
}
END_TEST

/* Three classes, one feature; the scores are (0, x, 2 x - 1.5): class 0 below 0, class 1 up to
 * 1.5, class 2 above.
 *     x      -1  -2   1   1   2   3  -1
 *     true    0   1   1   2   2   2   2
 *     said    0   0   1   1   2   2   0 */
START_TEST(three_classes_by_hand)
{
    const double x[] = {-1, -2, 1, 1, 2, 3, -1}, y[] = {0, 1, 1, 2, 2, 2, 2};
    const double theta[] = {0, 1, 2, 0, 0, -1.5};
    problem p = problem_of(x, y, 7, 1);
    p.data.classes = 3;
    found m = metrics_of("softmax_regression", &p.data, &(gd_rows){.count = 7}, true, theta);
    const double confusion[] = {1, 0, 0, 1, 1, 0, 1, 1, 2};
    assert_same_bits(m.confusion, confusion, 9);
    assert_close(of(&m, "accuracy"), 4. / 7, 1e-15);
    assert_close(of(&m, "precision"), (1. / 3 + 1. / 2 + 1) / 3, 1e-15);
    assert_close(of(&m, "recall"), (1 + 1. / 2 + 1. / 2) / 3, 1e-15);
    assert_close(of(&m, "f1"), (2. / 4 + 2. / 4 + 4. / 6) / 3, 1e-15);
    double loss = 0;
    for (int i = 0; i < 7; i++) {
        double z[] = {0, x[i], 2 * x[i] - 1.5};
        loss += (log(1 + exp(z[1]) + exp(z[2])) - z[(int)y[i]]) / 7;
    }
    assert_close(of(&m, "log_loss"), loss, 1e-14);
    problem_free(&p);
}
END_TEST

START_TEST(predictions_are_probabilities_means_and_scores)
{
    const double x[] = {0, 2, -800, 800};
    double z[4], pair[8], theta[] = {0, 1, 0, 0};
    gd_shape one = {1, true, 1}, two = {1, true, 2};
    ck_assert_int_eq(gd_predict(gd_model_find("logistic_regression"), &one, identity, x, 4, z), GD_OK);
    ck_assert_double_eq(z[0], 0.5);
    assert_close(z[1], 1 / (1 + exp(-2)), 1e-15);
    ck_assert(z[2] >= 0 && z[2] < 1e-300 && z[3] == 1);
    ck_assert_int_eq(gd_predict(gd_model_find("poisson_regression"), &one, identity, x, 3, z), GD_OK);
    ck_assert_double_eq(z[0], 1);
    assert_close(z[1], exp(2), 1e-15);
    ck_assert_double_eq(z[2], 0);
    ck_assert_int_eq(gd_predict(gd_model_find("softmax_regression"), &two, theta, x, 4, pair), GD_OK);
    ck_assert_double_eq(pair[0], 0.5);
    assert_close(pair[3], 1 / (1 + exp(-2)), 1e-15);
    ck_assert(pair[4] == 1 && pair[7] == 1 && pair[6] == 0);
    ck_assert_int_eq(gd_predict(gd_model_find("svm"), &one, identity, x, 2, z), GD_OK);
    ck_assert_double_eq(z[1], 2);
}
END_TEST

/* Of some rows the metrics are those of a copy of them: rows by the second half of an index, or
 * rows as they lie from a row on. */
static void check_some_rows(const gd_model *m, bool lying)
{
    size_t classes = task_of(m) == GD_MULTICLASS ? 3 : 2, outputs = classes == 3 ? 3 : 1;
    problem p = problem_for(task_of(m), classes, 40, 2, 76),
            copy = problem_for(task_of(m), classes, 15, 2, 77);
    uint32_t index[40];
    double theta[9], before[40];
    uint64_t seed = 78;
    for (size_t i = 0; i < 3 * outputs; i++)
        theta[i] = 0.4 * random_signed(&seed);
    for (size_t i = 0; i < 40; i++)
        index[i] = (uint32_t)(i < 20 ? 2 * i : 2 * (i - 20) + 1);
    memcpy(before, p.targets, sizeof before);
    gd_rows rows = {lying ? NULL : index, 22, 15};
    for (size_t i = 0; i < 15; i++) {
        size_t from = lying ? 22 + i : index[22 + i];
        copy.targets[i] = p.targets[from];
        memcpy(copy.rows + 2 * i, p.rows + 2 * from, 2 * sizeof(double));
    }
    found a = metrics_of(m->name, &p.data, &rows, true, theta);
    found b = metrics_of(m->name, &copy.data, &(gd_rows){.count = 15}, true, theta);
    ck_assert_uint_eq(a.count, b.count);
    for (size_t k = 0; k < a.count; k++)
        ck_assert_msg(a.m[k].value == b.m[k].value || (isnan(a.m[k].value) && isnan(b.m[k].value)),
                      "%s, rows %s: %s is %.17g, not %.17g", m->name,
                      lying ? "as they lie" : "by index", a.m[k].name, a.m[k].value, b.m[k].value);
    assert_same_bits(a.confusion, b.confusion, 9);
    assert_same_bits(before, p.targets, 40); /* the data itself is only read */
    problem_free(&p);
    problem_free(&copy);
}

START_TEST(rows_by_index_count_as_a_copy_of_them)
{
    check_some_rows(gd_models[_i], false);
}
END_TEST

START_TEST(rows_as_they_lie_count_as_a_copy_of_them)
{
    check_some_rows(gd_models[_i], true);
}
END_TEST

/* Parameters of 1e308 give scores of inf - inf. A metric may then be NaN, but it must end. */
START_TEST(scores_that_are_nan_end_all_the_same)
{
    const gd_model *m = gd_models[_i];
    size_t classes = task_of(m) == GD_MULTICLASS ? 3 : 2;
    problem p = problem_for(task_of(m), classes, 10, 2, 79);
    double theta[9] = {1e308, -1e308, 1e308, -1e308, 1e308, -1e308};
    for (size_t i = 0; i < 20; i++)
        p.rows[i] = 1e3;
    found f = metrics_of(m->name, &p.data, &(gd_rows){.count = 10}, true, theta);
    ck_assert_uint_ge(f.count, 5);
    problem_free(&p);
}
END_TEST

static const gd_metric_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < gd_metric_kinds_count; i++)
        if (strcmp(gd_metric_kinds[i].name, name) == 0)
            return &gd_metric_kinds[i];
    ck_abort_msg("%s has no kind", name);
    return NULL;
}

/* The table has, for each model's task, the metrics that it is given, and no others. */
START_TEST(kinds_are_those_of_the_task)
{
    const gd_model *m = gd_models[_i];
    gd_task task = task_of(m);
    size_t classes = task == GD_MULTICLASS ? 3 : 2, of_task = 0;
    problem p = problem_for(task, classes, 10, 2, 79);
    double theta[9] = {0};
    found f = metrics_of(m->name, &p.data, &(gd_rows){.count = 10}, true, theta);
    for (size_t i = 0; i < f.count; i++)
        ck_assert_msg(kind_of(f.m[i].name)->tasks & task, "%s", f.m[i].name);
    for (size_t i = 0; i < gd_metric_kinds_count; i++)
        of_task += (gd_metric_kinds[i].tasks & task) != 0;
    bool probable = m->link != GD_IDENTITY || !(task & GD_CLASSES);
    ck_assert_uint_eq(of_task, f.count + !probable); /* log_loss is of probabilities */
    problem_free(&p);
}
END_TEST

START_TEST(errors_are_better_when_lower_and_scores_when_higher)
{
    for (size_t i = 0; i < gd_metric_kinds_count; i++) {
        const char *name = gd_metric_kinds[i].name;
        bool error = strstr(name, "mse") || strstr(name, "mae") || strstr(name, "mape") ||
                     strcmp(name, "deviance") == 0 || strcmp(name, "log_loss") == 0;
        ck_assert_msg(gd_metric_kinds[i].higher == !error, "%s", name);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("metrics");
    tcase_add_loop_test(tc, kinds_are_those_of_the_task, 0, (int)gd_models_count);
    tcase_add_test(tc, errors_are_better_when_lower_and_scores_when_higher);
    tcase_add_test(tc, metrics_follow_their_definitions);
    tcase_add_test(tc, a_large_mean_of_y_costs_no_digits);
    tcase_add_test(tc, a_perfect_fit_has_no_error_and_r2_of_one);
    tcase_add_test(tc, r2_of_the_mean_is_zero_and_of_worse_negative);
    tcase_add_test(tc, r2_of_constant_targets_is_nan);
    tcase_add_test(tc, huge_values_give_infinite_errors_not_a_failure);
    tcase_add_test(tc, predictions_are_the_models_scores);
    tcase_add_test(tc, mape_is_relative_to_the_target);
    tcase_add_test(tc, poisson_deviance_by_hand);
    tcase_add_test(tc, counts_that_are_all_the_same_have_no_d2);
    tcase_add_loop_test(tc, two_classes_by_hand, 0, 2);
    tcase_add_test(tc, a_perfect_and_an_inverted_order_have_areas_of_one_and_zero);
    tcase_add_test(tc, rows_of_one_class_have_no_roc);
    tcase_add_test(tc, log_loss_is_finite);
    tcase_add_test(tc, three_classes_by_hand);
    tcase_add_test(tc, predictions_are_probabilities_means_and_scores);
    tcase_add_loop_test(tc, rows_by_index_count_as_a_copy_of_them, 0, (int)gd_models_count);
    tcase_add_loop_test(tc, rows_as_they_lie_count_as_a_copy_of_them, 0, (int)gd_models_count);
    tcase_set_timeout(tc, 120);
    TCase *ends = tcase_create("ends"); /* a loop without end is not waited for */
    tcase_add_loop_test(ends, scores_that_are_nan_end_all_the_same, 0, (int)gd_models_count);
    tcase_set_timeout(ends, 5);
    return run_cases((TCase *[]){tc, ends}, 2, "metrics");
}
