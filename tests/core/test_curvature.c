/* gd_curvature: the smoothness that learning rates follow from, against eigenvalues found in
 * other ways: closed forms, and Jacobi's method on the Hessian written out here. */
#include "gd_curvature.h"
#include "gd_limits.h"
#include "gd_spec.h"
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define MAX_N 12

static gd_objective *linear_objective(const gd_data *d, const gd_shape *s)
{
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, d, gd_model_find("linear_regression"), s,
                                      gd_cost_find("mse"), NULL, NULL, NULL),
                     GD_OK);
    return o;
}

/* H = 2/N sum a a^T, a the row with 1 behind it if there is an intercept. */
static void hessian(const gd_data *d, bool intercept, double h[MAX_N][MAX_N])
{
    size_t n = d->cols + intercept;
    const double *rows = d->X;
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < n; k++) {
            long double sum = 0;
            for (size_t i = 0; i < d->rows; i++) {
                const double *x = rows + i * d->cols;
                sum += (j < d->cols ? x[j] : 1) * (long double)(k < d->cols ? x[k] : 1);
            }
            h[j][k] = (double)(2 * sum / (long double)d->rows);
        }
}

/* Jacobi's cyclic rotations (Golub and Van Loan, 8.5) until nothing is left off the diagonal. */
static double largest_eigenvalue(double h[MAX_N][MAX_N], size_t n)
{
    for (int sweep = 0; sweep < 30; sweep++)
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++) {
                if (h[p][q] == 0)
                    continue;
                double tau = (h[q][q] - h[p][p]) / (2 * h[p][q]);
                double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
                double c = 1 / sqrt(1 + t * t), s = t * c;
                for (size_t k = 0; k < n; k++) {
                    double a = h[k][p], b = h[k][q];
                    h[k][p] = c * a - s * b;
                    h[k][q] = s * a + c * b;
                }
                for (size_t k = 0; k < n; k++) {
                    double a = h[p][k], b = h[q][k];
                    h[p][k] = c * a - s * b;
                    h[q][k] = s * a + c * b;
                }
            }
    double largest = 0;
    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, h[k][k]);
    return largest;
}

static gd_curvature search(gd_objective *o, size_t n, size_t batch, size_t rows)
{
    size_t len = gd_curvature_len(n), passes = 0;
    double *basis = calloc(len + 1, sizeof *basis);
    basis[len] = 1234.5;
    gd_curvature c;
    gd_curvature_begin(&c, basis, n, batch, rows);
    while (!gd_curvature_step(&c, o))
        ck_assert_uint_le(++passes, GD_CURVATURE_STEPS); /* and one for the row curvature */
    ck_assert_double_eq(basis[len], 1234.5);
    free(basis);
    return c;
}

START_TEST(the_hessian_product_is_that_of_the_matrix_written_out)
{
    problem p = problem_random(GD_BLOCK_ROWS + 500, 5, 0, 51);
    for (int intercept = 0; intercept < 2; intercept++) {
        gd_shape s = {5, intercept, 1};
        size_t n = 5 + (size_t)intercept;
        double h[MAX_N][MAX_N], v[MAX_N], hv[MAX_N];
        uint64_t seed = 52;
        for (size_t i = 0; i < n; i++)
            v[i] = random_signed(&seed);
        hessian(&p.data, intercept, h);
        gd_objective *o = linear_objective(&p.data, &s);
        gd_objective_hessian_product(o, v, hv);
        for (size_t i = 0; i < n; i++) {
            double want = 0;
            for (size_t j = 0; j < n; j++)
                want += h[i][j] * v[j];
            assert_near(hv[i], want, 1e-12); /* thousands of terms of about 1, averaged */
        }
        gd_objective_free(o);
    }
    problem_free(&p);
}
END_TEST

START_TEST(the_row_curvature_is_that_of_the_longest_row)
{
    problem p = problem_random(2 * GD_BLOCK_ROWS + 500, 5, 0, 53);
    size_t longest = GD_BLOCK_ROWS + 77;
    for (size_t j = 0; j < 5; j++)
        p.rows[longest * 5 + j] = (double)j - 7;
    double square = 49 + 36 + 25 + 16 + 9;
    for (int intercept = 0; intercept < 2; intercept++) {
        gd_shape s = {5, intercept, 1};
        gd_objective *o = linear_objective(&p.data, &s);
        ck_assert_double_eq(gd_objective_row_curvature(o), 2 * (square + intercept));
        const double center[5] = {1, 1, 1, 1, 1}, scale[5] = {2, 2, 2, 2, 2};
        gd_objective_scale(o, center, scale);
        ck_assert_double_eq(gd_objective_row_curvature(o),
                            2 * ((64 + 49 + 36 + 25 + 16) / 4. + intercept));
        gd_objective_free(o);
    }
    problem_free(&p);
}
END_TEST

/* Two columns, no intercept: H = (a b; b c), whose eigenvalues are
 * (a + c)/2 +- sqrt((a - c)^2/4 + b^2). */
START_TEST(two_columns_agree_with_the_closed_form)
{
    const double x[] = {1.5, -0.25, 2, 3.5, -1, 4, 0.5, 0.75};
    double a = 0, b = 0, c = 0;
    for (int i = 0; i < 4; i++) {
        a += 2 * x[2 * i] * x[2 * i] / 4;
        b += 2 * x[2 * i] * x[2 * i + 1] / 4;
        c += 2 * x[2 * i + 1] * x[2 * i + 1] / 4;
    }
    double want = (a + c) / 2 + sqrt((a - c) * (a - c) / 4 + b * b);
    problem p = problem_of(x, x, 4, 2);
    gd_shape s = {2, false, 1};
    gd_objective *o = linear_objective(&p.data, &s);
    gd_curvature found = search(o, 2, 4, 4);
    /* a search over n directions is exact after n passes */
    assert_close(found.largest, want, 1e-14);
    ck_assert_double_eq(found.smoothness, found.largest);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

/* Ritz values may only lie below the eigenvalue, but for rounding; after n passes they are it. */
START_TEST(many_columns_agree_with_jacobi)
{
    for (uint64_t seed = 54; seed < 64; seed++)
        for (int intercept = 0; intercept < 2; intercept++) {
            size_t cols = 1 + seed % 9, n = cols + (size_t)intercept;
            problem p = problem_random(40, cols, 0, seed);
            gd_shape s = {cols, intercept, 1};
            double h[MAX_N][MAX_N];
            hessian(&p.data, intercept, h);
            double want = largest_eigenvalue(h, n);
            gd_objective *o = linear_objective(&p.data, &s);
            double found = search(o, n, 40, 40).largest;
            ck_assert_double_le(found, want * (1 + 1e-13));
            assert_close(found, want, 1e-9);
            gd_objective_free(o);
            problem_free(&p);
        }
}
END_TEST

/* Gower et al. (2019), proposition 3.8, with the curvatures found independently. */
/* On rows so many that a run finds it by second moments: weighted, scaled, far from 0. The Hessian
 * of logistic costs is at most 1/4 of the mean of a a'. */
START_TEST(a_run_finds_it_by_moments)
{
    enum { ROWS = 20000, COLS = 7 };
    problem p = problem_random(ROWS, COLS, 0, 91);
    double *x = p.rows, h[MAX_N][MAX_N], center[COLS] = {0}, scale[COLS] = {0};
    bool standardize = _i % 2;
    for (size_t i = 0; i < ROWS; i++) {
        p.targets[i] = p.targets[i] > 0;
        x[i * COLS + 2] += 0.5 * x[i * COLS] + 3;
    }
    gd_spec spec;
    gd_error err;
    gd_train *t;
    p.data.classes = 2;
    gd_spec_defaults(&spec);
    spec.model = gd_model_find("logistic_regression");
    spec.cost = gd_cost_find("logistic");
    spec.standardize = standardize;
    spec.epochs = 1;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_OK);
    while (gd_train_step(t) != GD_STEP_DONE)
        ;
    for (size_t j = 0; standardize && j < COLS; j++) {
        for (size_t i = 0; i < ROWS; i++)
            center[j] += x[i * COLS + j] / ROWS;
        for (size_t i = 0; i < ROWS; i++)
            scale[j] += (x[i * COLS + j] - center[j]) * (x[i * COLS + j] - center[j]) / ROWS;
        for (size_t i = 0; i < ROWS; i++)
            x[i * COLS + j] = (x[i * COLS + j] - center[j]) / sqrt(scale[j]);
    }
    double found = gd_train_state(t)->curvature;
    gd_train_free(t);
    hessian(&p.data, true, h);
    assert_close(found, largest_eigenvalue(h, COLS + 1) / 8, 1e-9);
    problem_free(&p);
}
END_TEST

START_TEST(mini_batches_have_the_expected_smoothness)
{
    size_t rows = 50;
    problem p = problem_random(rows, 3, 0, 65);
    gd_shape s = {3, true, 1};
    double h[MAX_N][MAX_N], longest = 0, n = (double)rows;
    hessian(&p.data, true, h);
    double largest = largest_eigenvalue(h, 4);
    for (size_t i = 0; i < rows; i++) {
        const double *x = &p.rows[3 * i];
        longest = fmax(longest, 2 * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + 1));
    }
    gd_objective *o = linear_objective(&p.data, &s);
    for (size_t batch = 1; batch <= rows; batch++) {
        double b = (double)batch;
        double want = n * (b - 1) / (b * (n - 1)) * largest + (n - b) / (b * (n - 1)) * longest;
        assert_close(search(o, 4, batch, rows).smoothness, want, 1e-7);
    }
    assert_close(search(o, 4, 1, rows).smoothness, longest, 1e-15);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

START_TEST(no_feature_means_no_curvature)
{
    const double zeros[6] = {0};
    problem p = problem_of(zeros, zeros, 3, 2);
    gd_shape s = {2, false, 1};
    gd_objective *o = linear_objective(&p.data, &s);
    ck_assert_double_eq(search(o, 2, 3, 3).smoothness, 0);
    ck_assert_double_eq(search(o, 2, 1, 3).smoothness, 0);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

START_TEST(curvature_beyond_double_is_told_as_not_finite)
{
    const double x[] = {1e200, -3e200, 2e200}, y[] = {1, 2, 3};
    problem p = problem_of(x, y, 3, 1);
    gd_shape s = {1, true, 1};
    gd_objective *o = linear_objective(&p.data, &s);
    ck_assert(!isfinite(search(o, 2, 3, 3).smoothness));
    ck_assert(!isfinite(search(o, 2, 1, 3).smoothness));
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

/* Equal eigenvalues, where the direction never settles but its length does at once. */
START_TEST(equal_eigenvalues_end_the_search)
{
    const double x[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, y[] = {1, 2, 3};
    problem p = problem_of(x, y, 3, 3);
    gd_shape s = {3, false, 1};
    gd_objective *o = linear_objective(&p.data, &s);
    gd_curvature c = search(o, 3, 3, 3);
    assert_close(c.largest, 2. / 3, 1e-14);
    ck_assert_uint_le(c.k, 3);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("curvature");
    tcase_add_loop_test(tc, a_run_finds_it_by_moments, 0, 2);
    tcase_add_test(tc, the_hessian_product_is_that_of_the_matrix_written_out);
    tcase_add_test(tc, the_row_curvature_is_that_of_the_longest_row);
    tcase_add_test(tc, two_columns_agree_with_the_closed_form);
    tcase_add_test(tc, many_columns_agree_with_jacobi);
    tcase_add_test(tc, mini_batches_have_the_expected_smoothness);
    tcase_add_test(tc, no_feature_means_no_curvature);
    tcase_add_test(tc, curvature_beyond_double_is_told_as_not_finite);
    tcase_add_test(tc, equal_eigenvalues_end_the_search);
    return run_case(tc, "curvature");
}
