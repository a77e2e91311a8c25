/* gd_data: column statistics against closed forms, and the scaling that follows from them. */
#include "gd_data.h"
#include "gd_limits.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>

/* 1e9 + {1, 2, 3}: squares of the values hold 1e18, where a naive variance keeps no digit. */
START_TEST(a_large_mean_costs_no_digits)
{
    double x[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    gd_column c;
    gd_columns(x, &(gd_rows){.count = 3}, 1, &c);
    ck_assert_double_eq(c.min, 1e9 + 1);
    ck_assert_double_eq(c.max, 1e9 + 3);
    ck_assert_double_eq(c.mean, 1e9 + 2);
    assert_close(c.std, sqrt(2. / 3), 4 * DBL_EPSILON);
}
END_TEST

/* Steps of 8 units in the last place of 1e9: the running mean is off by more than the deviation
 * itself, and that has to be taken back out. */
START_TEST(a_deviation_below_the_rounding_of_the_mean_is_found)
{
    double step = 0x1p-20, *x = calloc(GD_BLOCK_ROWS, sizeof *x);
    for (size_t i = 0; i < GD_BLOCK_ROWS; i++)
        x[i] = 1e9 + (i % 2 ? step : 0);
    gd_column c;
    gd_columns(x, &(gd_rows){.count = GD_BLOCK_ROWS}, 1, &c);
    ck_assert_double_eq(c.mean, 1e9 + step / 2);
    assert_close(c.std, step / 2, 1e-12);
    free(x);
}
END_TEST

START_TEST(columns_do_not_mix)
{
    double x[] = {1, -8, 7.5, /**/ 2, -4, 7.5, /**/ 6, 0, 7.5};
    gd_column c[3];
    gd_columns(x, &(gd_rows){.count = 3}, 3, c);
    assert_close(c[0].mean, 3, 2 * DBL_EPSILON);
    assert_close(c[0].std, sqrt(14. / 3), 4 * DBL_EPSILON); /* deviations -2, -1, 3 */
    assert_close(c[1].mean, -4, 2 * DBL_EPSILON);
    assert_close(c[1].std, sqrt(32. / 3), 4 * DBL_EPSILON); /* deviations -4, 0, 4 */
    ck_assert_double_eq(c[1].min, -8);
    ck_assert_double_eq(c[1].max, 0);
    ck_assert_double_eq(c[2].mean, 7.5);
    ck_assert_double_eq(c[2].std, 0);
}
END_TEST

/* 0.1 and 1/3 are not exact: repeated sums of them drift, the statistics must not. */
START_TEST(a_constant_column_has_no_deviation_at_all)
{
    const double values[] = {0.1, 1. / 3, -2.385e9, 1e200, 1e300, 5e-324, 0};
    size_t rows = 2 * GD_BLOCK_ROWS + 11;
    double *x = calloc(rows, sizeof *x);
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        for (size_t i = 0; i < rows; i++)
            x[i] = values[k];
        gd_column c;
        gd_columns(x, &(gd_rows){.count = rows}, 1, &c);
        ck_assert_double_eq(c.mean, values[k]);
        ck_assert_double_eq(c.std, 0);
        ck_assert_double_eq(c.min, values[k]);
        ck_assert_double_eq(c.max, values[k]);
    }
    free(x);
}
END_TEST

/* offset + 0, 1, .., n - 1 has mean offset + (n - 1) / 2 and variance (n^2 - 1) / 12. Block
 * edges are part of the loop: one row less, none and one more than a whole number of blocks. */
START_TEST(many_blocks_agree_with_the_closed_form)
{
    const double offsets[] = {0, -317, 1e9};
    for (size_t extra = 0; extra < 3; extra++)
        for (size_t k = 0; k < 3; k++) {
            size_t rows = 5 * GD_BLOCK_ROWS - 1 + extra;
            double n = (double)rows, *x = calloc(rows * 2, sizeof *x);
            for (size_t i = 0; i < rows; i++) {
                x[2 * i] = offsets[k] + (double)i;
                x[2 * i + 1] = -x[2 * i];
            }
            gd_column c[2];
            gd_columns(x, &(gd_rows){.count = rows}, 2, c);
            for (int j = 0; j < 2; j++) {
                double sign = j ? -1 : 1;
                assert_near(sign * c[j].mean, offsets[k] + (n - 1) / 2,
                            4 * DBL_EPSILON * (fabs(offsets[k]) + n));
                /* integers are exact, so that all that is lost is lost by the formula */
                assert_close(c[j].std, sqrt((n * n - 1) / 12), 1e-13);
            }
            ck_assert_double_eq(c[0].max, offsets[k] + n - 1);
            ck_assert_double_eq(c[1].min, -c[0].max);
            free(x);
        }
}
END_TEST

START_TEST(random_columns_agree_with_long_double)
{
    size_t rows = 3 * GD_BLOCK_ROWS + 77, cols = 4;
    problem p = problem_random(rows, cols, 0, 21);
    gd_column c[4];
    gd_columns(p.rows, &(gd_rows){.count = rows}, cols, c);
    for (size_t j = 0; j < cols; j++) {
        long double mean = 0, m2 = 0;
        for (size_t i = 0; i < rows; i++)
            mean += p.rows[i * cols + j] / (long double)rows;
        for (size_t i = 0; i < rows; i++)
            m2 += (p.rows[i * cols + j] - mean) * (p.rows[i * cols + j] - mean);
        assert_near(c[j].mean, (double)mean, 1e-14); /* values of about 1 */
        assert_close(c[j].std, (double)sqrtl(m2 / (long double)rows), 1e-13);
    }
    problem_free(&p);
}
END_TEST

START_TEST(values_whose_squares_overflow_are_told_by_their_deviation)
{
    double x[] = {1e200, -1e200, 3e200};
    gd_column c;
    gd_columns(x, &(gd_rows){.count = 3}, 1, &c);
    ck_assert(!isfinite(c.std));
    ck_assert_double_eq(c.max, 3e200);
}
END_TEST

START_TEST(with_an_intercept_scaling_is_mean_and_deviation)
{
    gd_column c[] = {{.mean = 3.25, .std = 0.713, .min = -9, .max = 9},
                     {.mean = -7, .std = 2.385, .min = -9, .max = 9}};
    double center[2], scale[2];
    gd_scaling(c, 2, true, center, scale);
    for (int j = 0; j < 2; j++) {
        ck_assert_double_eq(center[j], c[j].mean);
        ck_assert_double_eq(scale[j], c[j].std);
    }
}
END_TEST

/* A shift would smuggle an intercept in; the root mean square of {1, 2, 3} is sqrt(14/3). */
START_TEST(without_an_intercept_nothing_is_shifted)
{
    double x[] = {1, -4, 2, -4, 3, -4};
    gd_column c[2];
    double center[2], scale[2];
    gd_columns(x, &(gd_rows){.count = 3}, 2, c);
    gd_scaling(c, 2, false, center, scale);
    ck_assert_double_eq(center[0], 0);
    ck_assert_double_eq(center[1], 0);
    assert_close(scale[0], sqrt(14. / 3), 4 * DBL_EPSILON);
    ck_assert_double_eq(scale[1], 4); /* constant, but not without use: the size of it */
}
END_TEST

START_TEST(a_constant_column_is_scaled_by_one)
{
    gd_column c[] = {{.mean = 5, .min = 5, .max = 5}, {.mean = 0}};
    double center[2], scale[2];
    gd_scaling(c, 2, true, center, scale);
    ck_assert_double_eq(center[0], 5);
    ck_assert_double_eq(scale[0], 1);
    ck_assert_double_eq(scale[1], 1);
    gd_scaling(c, 2, false, center, scale);
    ck_assert_double_eq(scale[1], 1); /* nothing but zeros */
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("data");
    tcase_add_test(tc, a_large_mean_costs_no_digits);
    tcase_add_test(tc, a_deviation_below_the_rounding_of_the_mean_is_found);
    tcase_add_test(tc, columns_do_not_mix);
    tcase_add_test(tc, a_constant_column_has_no_deviation_at_all);
    tcase_add_test(tc, many_blocks_agree_with_the_closed_form);
    tcase_add_test(tc, random_columns_agree_with_long_double);
    tcase_add_test(tc, values_whose_squares_overflow_are_told_by_their_deviation);
    tcase_add_test(tc, with_an_intercept_scaling_is_mean_and_deviation);
    tcase_add_test(tc, without_an_intercept_nothing_is_shifted);
    tcase_add_test(tc, a_constant_column_is_scaled_by_one);
    return run_case(tc, "data");
}
