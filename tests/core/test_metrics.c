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

static gd_regression_metrics metrics(const gd_data *d, bool intercept, const double *theta)
{
    gd_shape s = {d->cols, intercept};
    gd_regression_metrics m;
    ck_assert_int_eq(gd_metrics_regression(linear(), &s, theta, d, &m, NULL), GD_OK);
    return m;
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
    gd_regression_metrics m = metrics(d, intercept, theta);
    /* thousands of positive terms, each right to a few eps: far below 1e-12 */
    assert_close(m.mse, (double)(squares / n), 1e-12);
    assert_close(m.rmse, (double)sqrtl(squares / n), 1e-12);
    assert_close(m.mae, (double)(absolutes / n), 1e-12);
    assert_near(m.r2, (double)(1 - squares / total), 1e-12 * (double)(1 + squares / total));
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
    gd_regression_metrics m = metrics(&p.data, true, theta);
    long double squares = 0, total = 0, mean = 0;
    for (size_t i = 0; i < 500; i++)
        mean += (p.targets[i] - 1e9L) / 500;
    for (size_t i = 0; i < 500; i++) {
        long double y = p.targets[i] - 1e9L, z = theta[0] * (long double)p.rows[i] + 1.5L;
        squares += (y - z) * (y - z);
        total += (y - mean) * (y - mean);
    }
    /* scores are rounded at 1e9 eps = 2e-7, of residuals of about 1 */
    assert_near(m.r2, (double)(1 - squares / total), 1e-6);
    problem_free(&p);
}
END_TEST

START_TEST(a_perfect_fit_has_no_error_and_r2_of_one)
{
    const double x[] = {1, 2, 4, 8}, y[] = {-1, 1, 5, 13}, theta[] = {2, -3};
    problem p = problem_of(x, y, 4, 1);
    gd_regression_metrics m = metrics(&p.data, true, theta);
    ck_assert_double_eq(m.mse, 0);
    ck_assert_double_eq(m.rmse, 0);
    ck_assert_double_eq(m.mae, 0);
    ck_assert_double_eq(m.r2, 1);
    problem_free(&p);
}
END_TEST

START_TEST(r2_of_the_mean_is_zero_and_of_worse_negative)
{
    const double x[] = {1, 2, 4, 8}, y[] = {0, 2, 4, 6}, mean[] = {0, 3}, worse[] = {0, 5};
    problem p = problem_of(x, y, 4, 1);
    ck_assert_double_eq(metrics(&p.data, true, mean).r2, 0);
    /* squares 25 + 9 + 1 + 1 = 36 of 9 + 1 + 1 + 9 = 20 */
    assert_close(metrics(&p.data, true, worse).r2, 1 - 36. / 20, 4 * DBL_EPSILON);
    problem_free(&p);
}
END_TEST

START_TEST(r2_of_constant_targets_is_nan)
{
    const double x[] = {1, 2, 4, 8}, y[] = {0.1, 0.1, 0.1, 0.1}, theta[] = {0.3, 0.1};
    problem p = problem_of(x, y, 4, 1);
    gd_regression_metrics m = metrics(&p.data, true, theta);
    ck_assert(isnan(m.r2));
    assert_close(m.mse, 0.09 * (1 + 4 + 16 + 64) / 4, 1e-14);
    p.data.rows = 1;
    ck_assert(isnan(metrics(&p.data, true, theta).r2));
    problem_free(&p);
}
END_TEST

START_TEST(huge_values_give_infinite_errors_not_a_failure)
{
    const double x[] = {1, 2, 3}, y[] = {1e200, -1e200, 0}, theta[] = {0, 0};
    problem p = problem_of(x, y, 3, 1);
    gd_regression_metrics m = metrics(&p.data, true, theta);
    ck_assert(isinf(m.mse));
    ck_assert(isinf(m.rmse));
    assert_close(m.mae, 2e200 / 3, 4 * DBL_EPSILON);
    problem_free(&p);
}
END_TEST

START_TEST(predictions_are_the_models_scores)
{
    const double x[] = {1, 2, -4, 0.5}, theta[] = {2, -1, 10};
    double z[3] = {0, 0, 77};
    gd_shape s = {2, true};
    gd_predict(linear(), &s, theta, x, 2, z);
    ck_assert_double_eq(z[0], 10);
    ck_assert_double_eq(z[1], 1.5);
    ck_assert_double_eq(z[2], 77);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("metrics");
    tcase_add_test(tc, metrics_follow_their_definitions);
    tcase_add_test(tc, a_large_mean_of_y_costs_no_digits);
    tcase_add_test(tc, a_perfect_fit_has_no_error_and_r2_of_one);
    tcase_add_test(tc, r2_of_the_mean_is_zero_and_of_worse_negative);
    tcase_add_test(tc, r2_of_constant_targets_is_nan);
    tcase_add_test(tc, huge_values_give_infinite_errors_not_a_failure);
    tcase_add_test(tc, predictions_are_the_models_scores);
    return run_case(tc, "metrics");
}
