/* gd_prepare: columns that come of columns, by hand and by the order of scikit-learn's
 * PolynomialFeatures; what is filled in; faults. */
#include "gd_limits.h"
#include "gd_prepare.h"
#include "problems.h"

#include <string.h>

#define NONE GD_NO_LEVEL

static gd_prepare *made(const gd_prepare_column *columns, size_t cols, uint64_t degree, bool only)
{
    gd_error err;
    gd_prepare *p;
    const gd_prepare_spec spec = {
        .columns = columns, .cols = cols, .degree = degree, .interactions_only = only};
    ck_assert_msg(gd_prepare_new(&p, &spec, &err) == GD_OK, "%s", err.message);
    return p;
}

static void assert_row(const gd_prepare *p, const double *raw, const double *want, size_t n)
{
    size_t at;
    double out[64];
    ck_assert_uint_eq(gd_prepare_outputs(p), n);
    ck_assert_int_eq(gd_prepare_row(p, raw, out, &at), GD_PREPARED);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(out[i] == want[i], "column %zu is %g, not %g", i, out[i], want[i]);
}

#define ROW(p, raw, ...)                                                                           \
    assert_row(p, raw, (const double[]){__VA_ARGS__},                                              \
               sizeof(const double[]){__VA_ARGS__} / sizeof(double))
#define RAW(...)                                                                                   \
    (const double[])                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

START_TEST(levels_become_columns)
{
    const gd_prepare_column columns[] = {{.levels = 3, .reference = NONE, .fill = NAN},
                                         {.levels = 0, .reference = NONE, .fill = NAN}};
    gd_prepare *p = made(columns, 2, 1, false);
    ck_assert(!gd_prepare_identity(p));
    ROW(p, RAW(0, 7), 1, 0, 0, 7);
    ROW(p, RAW(2, -1), 0, 0, 1, -1);
    gd_prepare_free(p);
}
END_TEST

START_TEST(a_reference_level_has_no_column)
{
    for (size_t reference = 0; reference < 3; reference++) {
        const gd_prepare_column columns[] = {{.levels = 3, .reference = reference, .fill = NAN}};
        gd_prepare *p = made(columns, 1, 1, false);
        for (size_t level = 0; level < 3; level++) {
            size_t at, place = level - (level > reference);
            double out[2];
            ck_assert_int_eq(gd_prepare_row(p, RAW((double)level), out, &at), GD_PREPARED);
            for (size_t k = 0; k < 2; k++)
                ck_assert(out[k] == (level != reference && k == place));
        }
        gd_prepare_factor f[GD_MAX_DEGREE];
        for (size_t k = 0; k < 2; k++) {
            ck_assert_uint_eq(gd_prepare_factors(p, k, f), 1);
            ck_assert_uint_eq(f[0].level, k + (k >= reference));
        }
        gd_prepare_free(p);
    }
}
END_TEST

START_TEST(missing_cells_are_filled_in_and_told)
{
    const gd_prepare_column columns[] = {
        {.levels = 2, .reference = NONE, .fill = 1, .indicated = true},
        {.fill = 2.5, .reference = NONE, .indicated = true},
        {.fill = 4, .reference = NONE}};
    gd_prepare *p = made(columns, 3, 1, false);
    ROW(p, RAW(0, 7, 8), 1, 0, 7, 8, 0, 0);
    ROW(p, RAW(NAN, NAN, NAN), 0, 1, 2.5, 4, 1, 1);
    gd_prepare_free(p);
}
END_TEST

START_TEST(what_nothing_stands_for_is_a_fault)
{
    size_t at;
    double out[4];
    gd_error err;
    const gd_prepare_column columns[] = {{.fill = NAN, .reference = NONE},
                                         {.levels = 2, .reference = NONE, .fill = NAN},
                                         {.fill = 0, .reference = NONE, .powers = true}};
    gd_prepare *p = made(columns, 2, 1, false);
    ck_assert_int_eq(gd_prepare_row(p, RAW(NAN, 0), out, &at), GD_PREPARE_MISSING);
    ck_assert_uint_eq(at, 0);
    ck_assert_int_eq(gd_prepare_row(p, RAW(1, NAN), out, &at), GD_PREPARE_MISSING);
    ck_assert_uint_eq(at, 1);
    ck_assert_int_eq(gd_prepare_row(p, RAW(1, GD_UNKNOWN_LEVEL), out, &at), GD_PREPARE_UNKNOWN);
    ck_assert_int_eq(gd_prepare_row(p, RAW(1, 2), out, &at), GD_PREPARE_UNKNOWN);
    gd_prepare_free(p);
    const gd_prepare_spec ignores = {
        .columns = columns, .cols = 2, .degree = 1, .ignore_unknown = true};
    ck_assert_int_eq(gd_prepare_new(&p, &ignores, &err), GD_OK);
    ROW(p, RAW(3, GD_UNKNOWN_LEVEL), 3, 0, 0);
    gd_prepare_free(p);
    p = made(columns + 2, 1, 2, false);
    ck_assert_int_eq(gd_prepare_row(p, RAW(1e200), out, &at), GD_PREPARE_OVERFLOW);
    ck_assert_uint_eq(at, 1);
    gd_prepare_free(p);
}
END_TEST

/* 1 without the constant: PolynomialFeatures(3, include_bias=False) of [2, 3]. */
START_TEST(products_are_in_the_order_of_scikit_learn)
{
    const gd_prepare_column columns[] = {{.fill = NAN, .reference = NONE, .powers = true},
                                         {.fill = NAN, .reference = NONE, .powers = true},
                                         {.fill = NAN, .reference = NONE, .powers = true}};
    gd_prepare *p = made(columns, 2, 3, false);
    ROW(p, RAW(2, 3), 2, 3, 4, 6, 9, 8, 12, 18, 27);
    gd_prepare_factor f[GD_MAX_DEGREE];
    ck_assert_uint_eq(gd_prepare_factors(p, 6, f), 2); /* x1^2 x2 */
    ck_assert(f[0].column == 0 && f[0].power == 2 && f[1].column == 1 && f[1].power == 1);
    gd_prepare_free(p);
    p = made(columns, 3, 3, true);
    ROW(p, RAW(2, 3, 5), 2, 3, 5, 6, 10, 15, 30);
    gd_prepare_free(p);
    p = made(columns, 3, 2, false);
    ROW(p, RAW(2, 3, 5), 2, 3, 5, 4, 6, 10, 9, 15, 25);
    gd_prepare_free(p);
}
END_TEST

/* Levels of one column never meet, and 0 and 1 have no powers. */
START_TEST(products_of_levels_are_those_with_other_columns)
{
    const gd_prepare_column columns[] = {
        {.levels = 2, .reference = NONE, .fill = NAN, .indicated = true},
        {.fill = 3, .reference = NONE, .powers = true},
        {.fill = NAN, .reference = NONE}};
    gd_prepare *p = made(columns, 3, 2, false);
    /* A B x t | missing | A*x A*t B*x B*t x^2 x*t */
    ROW(p, RAW(1, 5, 1), 0, 1, 5, 1, 0, 0, 0, 5, 1, 25, 5);
    ROW(p, RAW(0, NAN, 1), 1, 0, 3, 1, 0, 3, 1, 0, 0, 9, 3);
    gd_prepare_free(p);
}
END_TEST

START_TEST(more_columns_than_there_may_be_are_refused)
{
    gd_error err;
    gd_prepare *p;
    static gd_prepare_column columns[200];
    for (size_t j = 0; j < 200; j++)
        columns[j] = (gd_prepare_column){.fill = NAN, .reference = NONE, .powers = true};
    /* n + n (n + 1) / 2: 139 columns become 9869, 140 become 10010 */
    gd_prepare_spec spec = {.columns = columns, .cols = 139, .degree = 2};
    ck_assert_int_eq(gd_prepare_new(&p, &spec, &err), GD_OK);
    ck_assert_uint_eq(gd_prepare_outputs(p), 9869);
    gd_prepare_free(p);
    spec.cols = 140;
    ck_assert_int_eq(gd_prepare_new(&p, &spec, &err), GD_INVALID);
    ck_assert_ptr_null(p);
    ck_assert_str_eq(err.field, "features");
    ck_assert_ptr_nonnull(strstr(err.message, "10000 columns"));
    columns[0] = (gd_prepare_column){.levels = GD_MAX_COLUMNS + 1, .reference = NONE};
    spec = (gd_prepare_spec){.columns = columns, .cols = 1, .degree = 1};
    ck_assert_int_eq(gd_prepare_new(&p, &spec, &err), GD_INVALID);
    columns[0] = (gd_prepare_column){.levels = 1, .reference = 0};
    ck_assert_int_eq(gd_prepare_new(&p, &spec, &err), GD_INVALID);
    spec.degree = GD_MAX_DEGREE + 1;
    ck_assert_int_eq(gd_prepare_new(&p, &spec, &err), GD_INVALID);
}
END_TEST

START_TEST(numbers_alone_come_out_as_they_are)
{
    const gd_prepare_column columns[] = {{.fill = 1, .reference = NONE, .powers = true},
                                         {.fill = NAN, .reference = NONE}};
    gd_prepare *p = made(columns, 2, 1, false);
    ck_assert(gd_prepare_identity(p));
    ck_assert_uint_eq(gd_prepare_inputs(p), 2);
    ROW(p, RAW(5, 6), 5, 6);
    gd_prepare_free(p);
}
END_TEST

/* ---- what rows say ---- */

static double filled(const double *x, size_t n, gd_fill how, size_t missing)
{
    gd_error err;
    double fill;
    size_t found;
    const gd_data d = {.X = x, .rows = n, .cols = 1};
    ck_assert_int_eq(gd_fill_find(&d, &(gd_rows){.count = n}, 0, how, &fill, &found, &err), GD_OK);
    ck_assert_uint_eq(found, missing);
    return fill;
}

START_TEST(fills_are_the_mean_the_median_and_the_most_frequent)
{
    const double x[] = {3, NAN, 1, 4, 1, NAN, 5, 9, 2, 6, 5};
    ck_assert_double_eq(filled(x, 11, GD_FILL_MEAN, 2), 4);
    ck_assert_double_eq(filled(x, 11, GD_FILL_MEDIAN, 2), 4);
    ck_assert_double_eq(filled(x, 10, GD_FILL_MEDIAN, 2), 3.5);
    ck_assert_double_eq(filled(x, 11, GD_FILL_MOST_FREQUENT, 2), 1); /* as often as 5 */
    const double none[] = {NAN, NAN};
    for (int how = GD_FILL_MEAN; how <= GD_FILL_MOST_FREQUENT; how++)
        ck_assert(isnan(filled(none, 2, (gd_fill)how, 2)));
    const double large[] = {1e308, 1.5e308, NAN, 1.7e308};
    assert_close(filled(large, 4, GD_FILL_MEAN, 1), 1.4e308, 1e-15);
    const double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 4};
    assert_close(filled(far, 3, GD_FILL_MEAN, 0), 1e9 + 7. / 3, 1e-16);
}
END_TEST

/* Only the rows that are named say anything. */
START_TEST(other_rows_say_nothing)
{
    gd_error err;
    double fill;
    size_t missing, counts[3] = {0};
    const double x[] = {1, 0, 100, 1, NAN, NAN, 3, 0, 500, 2};
    const uint32_t index[] = {0, 3, 1};
    const gd_data d = {.X = x, .rows = 5, .cols = 2};
    const gd_rows rows = {.index = index, .count = 2};
    ck_assert_int_eq(gd_fill_find(&d, &rows, 0, GD_FILL_MEAN, &fill, &missing, &err), GD_OK);
    ck_assert_double_eq(fill, 2);
    ck_assert_uint_eq(missing, 0);
    ck_assert_uint_eq(gd_level_counts(&d, &rows, 1, 3, counts), 0);
    ck_assert(counts[0] == 2 && counts[1] == 0 && counts[2] == 0);
    ck_assert_uint_eq(gd_level_counts(&d, &(gd_rows){.count = 5}, 1, 3, counts), 1);
    ck_assert(counts[0] == 4 && counts[1] == 1 && counts[2] == 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("prepare");
    tcase_add_test(tc, levels_become_columns);
    tcase_add_test(tc, a_reference_level_has_no_column);
    tcase_add_test(tc, missing_cells_are_filled_in_and_told);
    tcase_add_test(tc, what_nothing_stands_for_is_a_fault);
    tcase_add_test(tc, products_are_in_the_order_of_scikit_learn);
    tcase_add_test(tc, products_of_levels_are_those_with_other_columns);
    tcase_add_test(tc, more_columns_than_there_may_be_are_refused);
    tcase_add_test(tc, numbers_alone_come_out_as_they_are);
    tcase_add_test(tc, fills_are_the_mean_the_median_and_the_most_frequent);
    tcase_add_test(tc, other_rows_say_nothing);
    return run_case(tc, "prepare");
}
