/* gd_qr and gd_eigen: against normal equations in long double, closed forms and the definition. */
#include "gd_eigen.h"
#include "gd_limits.h"
#include "gd_qr.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

static gd_qr *factor(const problem *p, size_t extra)
{
    gd_qr *q;
    size_t cols = p->data.cols;
    double *row = calloc(cols + 2, sizeof *row);
    ck_assert_int_eq(gd_qr_new(&q, cols, extra, NULL), GD_OK);
    for (size_t i = 0; i < p->data.rows; i++) {
        memcpy(row, p->rows + i * cols, cols * sizeof *row);
        row[cols] = p->targets[i];
        gd_qr_add(q, row, 1);
    }
    gd_qr_finish(q);
    free(row);
    return q;
}

START_TEST(the_factor_squared_is_the_gram_matrix)
{
    const size_t rows[] = {1, 3, 7, 127, 128, 129, 1000};
    for (size_t r = 0; r < 7; r++) {
        problem p = problem_random(rows[r], 5, 0, 3 + r);
        gd_qr *q = factor(&p, 0);
        size_t rank = gd_qr_rank(q);
        ck_assert_uint_eq(rank, rows[r] < 5 ? rows[r] : 5);
        for (size_t a = 0; a < 5; a++)
            for (size_t b = 0; b < 5; b++) {
                long double want = 0, got = 0;
                for (size_t i = 0; i < rows[r]; i++)
                    want += (long double)p.rows[i * 5 + gd_qr_column(q, a)] *
                            p.rows[i * 5 + gd_qr_column(q, b)];
                for (size_t i = 0; i < rank; i++)
                    got += (long double)gd_qr_at(q, i, a) * gd_qr_at(q, i, b);
                assert_near((double)got, (double)want, 1e-12 * (double)rows[r]);
            }
        gd_qr_free(q);
        problem_free(&p);
    }
}
END_TEST

START_TEST(least_squares_agrees_with_normal_equations)
{
    problem p = problem_random(300, 6, 0.7, 8);
    double want[6], got[6], h[6], g[6];
    least_squares(&p.data, false, want);
    gd_qr *q = factor(&p, 1);
    gd_qr_least_squares(q, 0, got);
    for (int j = 0; j < 6; j++)
        assert_close(got[j], want[j], 1e-12);
    assert_close(gd_qr_residual(q, 0), sqrt(300 * direct_mse(&p.data, false, want)), 1e-12);
    /* A'A x = A'y by two triangular solves */
    for (int j = 0; j < 6; j++) {
        g[j] = 0;
        for (int i = 0; i < 300; i++)
            g[j] += p.rows[i * 6 + j] * p.targets[i];
    }
    gd_qr_half_solve(q, g, h);
    gd_qr_back_solve(q, h, got);
    for (int j = 0; j < 6; j++)
        assert_close(got[j], want[j], 1e-11);
    gd_qr_free(q);
    problem_free(&p);
}
END_TEST

/* Column 1 is 3 times column 0, column 3 is column 0 - 2 column 2, column 4 is 0. */
START_TEST(dependent_columns_are_found_and_explained)
{
    problem p = problem_random(200, 5, 0, 9);
    for (size_t i = 0; i < 200; i++) {
        double *x = p.rows + 5 * i;
        x[1] = 3 * x[0];
        x[3] = x[0] - 2 * x[2];
        x[4] = 0;
    }
    gd_qr *q = factor(&p, 1);
    ck_assert_uint_eq(gd_qr_rank(q), 2);
    ck_assert_uint_eq(gd_qr_column(q, 0), 0);
    ck_assert_uint_eq(gd_qr_column(q, 1), 2);
    for (size_t k = 2; k < 5; k++) {
        double share[2];
        gd_qr_explain(q, k, share);
        size_t c = gd_qr_column(q, k);
        assert_near(share[0], c == 1 ? 3 : c == 3, 1e-13);
        assert_near(share[1], c == 3 ? -2 : 0, 1e-13);
    }
    /* the fit is that of the two columns alone */
    double pair[400], x[5], want[2];
    for (size_t i = 0; i < 200; i++) {
        pair[2 * i] = p.rows[5 * i];
        pair[2 * i + 1] = p.rows[5 * i + 2];
    }
    problem two = problem_of(pair, p.targets, 200, 2);
    least_squares(&two.data, false, want);
    gd_qr_least_squares(q, 0, x);
    assert_close(x[0], want[0], 1e-12);
    assert_close(x[2], want[1], 1e-12);
    ck_assert_double_eq(x[1], 0);
    ck_assert_double_eq(x[3], 0);
    assert_close(gd_qr_residual(q, 0), sqrt(200 * direct_mse(&two.data, false, want)), 1e-12);
    gd_qr_free(q);
    problem_free(&p);
    problem_free(&two);
}
END_TEST

START_TEST(sizes_of_columns_do_not_matter)
{
    problem p = problem_random(50, 3, 0.2, 10);
    double want[3], got[3];
    least_squares(&p.data, false, want);
    for (size_t i = 0; i < 50; i++) {
        p.rows[3 * i] *= 1e150;
        p.rows[3 * i + 1] *= 1e-150;
    }
    gd_qr *q = factor(&p, 1);
    ck_assert_uint_eq(gd_qr_rank(q), 3);
    gd_qr_least_squares(q, 0, got);
    assert_close(got[0], want[0] / 1e150, 1e-12);
    assert_close(got[1], want[1] * 1e150, 1e-12);
    gd_qr_free(q);
    problem_free(&p);
}
END_TEST

/* ---- from moments ---- */

/* A'A of the rows: n x n, the caller frees it. Below the diagonal nothing counts. */
static double *moments_of(const problem *p)
{
    size_t n = p->data.cols;
    double *m = calloc(n * n, sizeof *m);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            long double sum = 0;
            for (size_t i = 0; i < p->data.rows; i++)
                sum += (long double)p->rows[i * n + a] * p->rows[i * n + b];
            m[a * n + b] = b < a ? NAN : (double)sum;
        }
    return m;
}

START_TEST(moments_stand_for_their_rows)
{
    enum { COLS = 6 };
    problem p = problem_random(300, COLS, 0.7, 8);
    double want[COLS], got[COLS], h[COLS], g[COLS] = {0}, *moments;
    for (size_t i = 0; i < p.data.rows; i++) /* columns of very different size */
        for (size_t j = 0; j < COLS; j++)
            p.rows[i * COLS + j] *= pow(10, 4 * (double)j - 10);
    least_squares(&p.data, false, want);
    moments = moments_of(&p);
    gd_qr *rows = factor(&p, 0), *q;
    ck_assert_int_eq(gd_qr_new(&q, COLS, 0, NULL), GD_OK);
    gd_qr_add(q, want, 3); /* rows that are replaced */
    ck_assert(gd_qr_take_moments(q, moments, 1e4));
    gd_qr_finish(q);
    ck_assert_uint_eq(gd_qr_rank(q), COLS);
    for (size_t i = 0; i < COLS; i++)
        for (size_t k = i; k < COLS; k++)
            ck_assert_double_eq_tol(fabs(gd_qr_at(q, i, k)), fabs(gd_qr_at(rows, i, k)),
                                    1e-12 * fabs(gd_qr_at(rows, k, k)) +
                                        1e-12 * fabs(gd_qr_at(rows, i, k)));
    for (size_t i = 0; i < p.data.rows; i++)
        for (size_t j = 0; j < COLS; j++)
            g[j] += p.rows[i * COLS + j] * p.targets[i];
    gd_qr_half_solve(q, g, h);
    gd_qr_back_solve(q, h, got);
    for (size_t j = 0; j < COLS; j++)
        assert_close(got[j], want[j], 1e-10);
    gd_qr_free(rows);
    gd_qr_free(q);
    free(moments);
    problem_free(&p);
}
END_TEST

START_TEST(a_column_of_zeros_depends_on_the_others_in_moments_too)
{
    problem p = problem_random(50, 3, 0.5, 12);
    for (size_t i = 0; i < 50; i++)
        p.rows[3 * i + 1] = 0;
    double *moments = moments_of(&p);
    gd_qr *q;
    ck_assert_int_eq(gd_qr_new(&q, 3, 0, NULL), GD_OK);
    ck_assert(gd_qr_take_moments(q, moments, 1e4));
    gd_qr_finish(q);
    ck_assert_uint_eq(gd_qr_rank(q), 2);
    ck_assert_uint_eq(gd_qr_column(q, 2), 1);
    gd_qr_free(q);
    free(moments);
    problem_free(&p);
}
END_TEST

/* Two columns at an angle whose cosine is c: scaled to 1 they have the eigenvalues 1 + c and 1 - c. */
START_TEST(moments_that_are_too_ill_conditioned_are_refused)
{
    const double most[] = {1e2, 1e4, 1e8};
    gd_qr *q;
    ck_assert_int_eq(gd_qr_new(&q, 2, 0, NULL), GD_OK);
    for (int i = 0; i < 3; i++) {
        for (int good = 0; good < 2; good++) {
            double least = (good ? 3 : 0.3) / most[i], c = 1 - least;
            const double moments[] = {1, 1e3 * c, NAN, 1e6}; /* the second a thousand times as long */
            ck_assert_int_eq(gd_qr_take_moments(q, moments, most[i]), good);
        }
    }
    const double beyond[] = {1, 1.1, NAN, 1}, broken[] = {1, NAN, NAN, 1}, infinite[] = {1, 0, 0, INFINITY};
    ck_assert(!gd_qr_take_moments(q, beyond, 1e8)); /* no rows have those */
    ck_assert(!gd_qr_take_moments(q, broken, 1e8));
    ck_assert(!gd_qr_take_moments(q, infinite, 1e8));
    /* all is forgotten: rows are what counts then */
    gd_qr_add(q, (double[]){2, 0}, 1);
    gd_qr_add(q, (double[]){0, 3}, 1);
    gd_qr_finish(q);
    ck_assert_uint_eq(gd_qr_rank(q), 2);
    assert_close(fabs(gd_qr_at(q, 0, 0)), 2, 1e-15);
    assert_close(fabs(gd_qr_at(q, 1, 1)), 3, 1e-15);
    gd_qr_free(q);
}
END_TEST

START_TEST(too_many_columns_are_refused)
{
    gd_qr *q;
    gd_error err;
    ck_assert_int_eq(gd_qr_new(&q, GD_MAX_QR_COLUMNS + 1, 0, &err), GD_INVALID);
    ck_assert_ptr_null(q);
}
END_TEST

/* The second difference matrix: 2 - 2 cos(k pi / (n + 1)). */
START_TEST(eigenvalues_of_the_second_difference)
{
    for (size_t n = 1; n <= 40; n++) {
        double a[1600] = {0}, values[40], vectors[1600];
        for (size_t i = 0; i < n; i++) {
            a[i * n + i] = 2;
            if (i + 1 < n)
                a[i * n + i + 1] = a[(i + 1) * n + i] = -1;
        }
        gd_eigen_symmetric(a, n, values, vectors);
        for (size_t k = 0; k < n; k++) {
            assert_near(values[k],
                        2 - 2 * cos((double)(k + 1) * 3.14159265358979323846 / (double)(n + 1)),
                        5e-14);
            for (size_t i = 0; i < n; i++) { /* A v = value v */
                const double *v = vectors + k * n;
                double product = 2 * v[i] - (i ? v[i - 1] : 0) - (i + 1 < n ? v[i + 1] : 0);
                assert_near(product, values[k] * v[i], 5e-14);
            }
        }
    }
}
END_TEST

/* Hilbert's matrix of order 5 has determinant 1/266716800000 and trace 563/315. */
START_TEST(small_eigenvalues_keep_their_digits)
{
    double a[25], v[5], product = 1, sum = 0;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            a[5 * i + j] = 1. / (i + j + 1);
    gd_eigen_symmetric(a, 5, v, NULL);
    for (int k = 0; k < 5; k++) {
        product *= v[k];
        sum += v[k];
    }
    assert_close(product * 266716800000.0, 1, 1e-10);
    assert_close(sum, 563. / 315, 1e-15);
}
END_TEST

START_TEST(what_is_not_finite_has_no_eigenvalues)
{
    double a[4] = {1, NAN, NAN, 1}, v[2];
    gd_eigen_symmetric(a, 2, v, NULL);
    ck_assert(isnan(v[0]) && isnan(v[1]));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("qr");
    tcase_add_test(tc, the_factor_squared_is_the_gram_matrix);
    tcase_add_test(tc, least_squares_agrees_with_normal_equations);
    tcase_add_test(tc, dependent_columns_are_found_and_explained);
    tcase_add_test(tc, sizes_of_columns_do_not_matter);
    tcase_add_test(tc, moments_stand_for_their_rows);
    tcase_add_test(tc, a_column_of_zeros_depends_on_the_others_in_moments_too);
    tcase_add_test(tc, moments_that_are_too_ill_conditioned_are_refused);
    tcase_add_test(tc, too_many_columns_are_refused);
    tcase_add_test(tc, eigenvalues_of_the_second_difference);
    tcase_add_test(tc, small_eigenvalues_keep_their_digits);
    tcase_add_test(tc, what_is_not_finite_has_no_eigenvalues);
    return run_case(tc, "qr");
}
