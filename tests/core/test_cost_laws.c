/* Laws that every row of costs/list.h inherits. Derivatives are held to finite differences of
 * the cost itself; mse also to values worked out by hand. */
#include "gd_cost.h"
#include "gd_spec.h"
#include "problems.h"

#include <float.h>
#include <string.h>

#define ROWS 12

/* Targets that are right for a cost's task, and scores on both sides of them. */
static void make_rows(const gd_cost *c, double *z, double *y)
{
    uint64_t seed = 31;
    ck_assert_msg(c->tasks & GD_REGRESSION, "cost %s: say here what its targets look like",
                  c->name);
    for (int i = 0; i < ROWS; i++) {
        y[i] = 3 * random_signed(&seed);
        z[i] = 4 * random_signed(&seed);
    }
}

static gd_hyper defaults(const gd_cost *c)
{
    gd_hyper h = {{0}};
    gd_param_defaults(&h, c->params, c->params_count);
    return h;
}

static double one(const gd_cost *c, double z, double y, const gd_hyper *h)
{
    return c->eval(&z, &y, 1, NULL, h);
}

/* Central differences with step h are off by h^2 times the third derivative and by
 * eps * cost / h: 1e-7 at h = 1e-5 and costs of up to 50 leaves a factor of 100. */
START_TEST(the_derivative_agrees_with_central_differences)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[ROWS], y[ROWS], dz[ROWS], h = 1e-5;
    make_rows(c, z, y);
    c->eval(z, y, ROWS, dz, &hyper);
    for (int i = 0; i < ROWS; i++) {
        double slope = (one(c, z[i] + h, y[i], &hyper) - one(c, z[i] - h, y[i], &hyper)) / (2 * h);
        ck_assert_msg(fabs(dz[i] - slope) <= 1e-7 * (1 + fabs(slope)),
                      "%s at z %g, y %g: derivative %.12g, difference %.12g", c->name, z[i], y[i],
                      dz[i], slope);
    }
}
END_TEST

/* Second differences with step 1e-3: eps * cost / h^2 is 1e-8. For a quadratic cost the bound
 * is met exactly, and a bound that is nowhere near would make learning rates crawl. */
START_TEST(the_curvature_is_the_least_upper_bound_of_the_second_derivative)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[ROWS], y[ROWS], h = 1e-3, largest = 0;
    make_rows(c, z, y);
    for (int i = 0; i < ROWS; i++)
        for (int k = -40; k <= 40; k++) {
            double at = y[i] + 0.1 * k;
            double bend = (one(c, at + h, y[i], &hyper) - 2 * one(c, at, y[i], &hyper) +
                           one(c, at - h, y[i], &hyper)) /
                          (h * h);
            ck_assert_msg(bend <= c->curvature * (1 + 1e-6) + 1e-6,
                          "%s: second difference %.9g above the curvature %.9g", c->name, bend,
                          c->curvature);
            largest = fmax(largest, bend);
        }
    ck_assert_msg(largest >= 0.9 * c->curvature, "%s: curvature %g, but nothing above %g seen",
                  c->name, c->curvature, largest);
}
END_TEST

START_TEST(rows_add_up)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[ROWS], y[ROWS], sum = 0;
    make_rows(c, z, y);
    for (int i = 0; i < ROWS; i++)
        sum += one(c, z[i], y[i], &hyper);
    assert_close(c->eval(z, y, ROWS, NULL, &hyper), sum, ROWS * DBL_EPSILON);
    ck_assert_double_eq(c->eval(z, y, 0, NULL, &hyper), 0);
}
END_TEST

START_TEST(asking_for_the_derivative_changes_nothing_else)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[ROWS + 1], y[ROWS], dz[ROWS + 1], z_before[ROWS], y_before[ROWS];
    make_rows(c, z, y);
    memcpy(z_before, z, sizeof z_before);
    memcpy(y_before, y, sizeof y_before);
    dz[ROWS] = z[ROWS] = 1234.5;
    double with = c->eval(z, y, ROWS, dz, &hyper), without = c->eval(z, y, ROWS, NULL, &hyper);
    ck_assert_double_eq(with, without);
    assert_same_bits(z, z_before, ROWS);
    assert_same_bits(y, y_before, ROWS);
    ck_assert_double_eq(dz[ROWS], 1234.5);
    /* the objective lets derivatives take the place of the scores */
    ck_assert_double_eq(c->eval(z, y, ROWS, z, &hyper), with);
    assert_same_bits(z, dz, ROWS);
    ck_assert_double_eq(z[ROWS], 1234.5);
}
END_TEST

START_TEST(a_score_that_is_nan_or_infinite_is_not_taken_for_a_cost)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    ck_assert(!isfinite(one(c, NAN, 1, &hyper)));
    ck_assert(!isfinite(one(c, INFINITY, 1, &hyper)));
    ck_assert(!isfinite(one(c, -INFINITY, 1, &hyper)));
}
END_TEST

START_TEST(a_regression_cost_is_zero_on_target_and_positive_off_it)
{
    const gd_cost *c = gd_costs[_i];
    if (!(c->tasks & GD_REGRESSION))
        return;
    gd_hyper hyper = defaults(c);
    for (double y = -3; y <= 3; y += 0.375) {
        double z = y, dz;
        ck_assert_double_eq(c->eval(&z, &y, 1, &dz, &hyper), 0);
        ck_assert_double_eq(dz, 0);
        ck_assert_double_gt(one(c, y + 0.5, y, &hyper), 0);
        ck_assert_double_gt(one(c, y - 0.5, y, &hyper), 0);
    }
}
END_TEST

START_TEST(mse_squares_the_residual)
{
    const gd_cost *mse = gd_cost_find("mse");
    ck_assert_ptr_nonnull(mse);
    double z[] = {1.5, -2, 4}, y[] = {1, 1, 4}, dz[3];
    ck_assert_double_eq(mse->eval(z, y, 3, dz, NULL), 0.25 + 9);
    ck_assert_double_eq(dz[0], 1); /* 2 (z - y) */
    ck_assert_double_eq(dz[1], -6);
    ck_assert_double_eq(dz[2], 0);
    ck_assert_double_eq(mse->curvature, 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("cost_laws");
    int n = (int)gd_costs_count;
    tcase_add_loop_test(tc, the_derivative_agrees_with_central_differences, 0, n);
    tcase_add_loop_test(tc, the_curvature_is_the_least_upper_bound_of_the_second_derivative, 0, n);
    tcase_add_loop_test(tc, rows_add_up, 0, n);
    tcase_add_loop_test(tc, asking_for_the_derivative_changes_nothing_else, 0, n);
    tcase_add_loop_test(tc, a_score_that_is_nan_or_infinite_is_not_taken_for_a_cost, 0, n);
    tcase_add_loop_test(tc, a_regression_cost_is_zero_on_target_and_positive_off_it, 0, n);
    tcase_add_test(tc, mse_squares_the_residual);
    return run_case(tc, "cost_laws");
}
