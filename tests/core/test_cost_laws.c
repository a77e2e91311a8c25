/* Laws that every row of costs/list.h inherits. Derivatives are held to finite differences of
 * the cost itself; each cost also to values worked out by hand. */
#include "gd_cost.h"
#include "gd_spec.h"
#include "problems.h"

#include <float.h>
#include <string.h>

#define ROWS 12
#define CLASSES 3
#define MAX_SCORES (ROWS * CLASSES)

static size_t outputs_of(const gd_cost *c)
{
    return c->tasks & GD_MULTICLASS ? CLASSES : 1;
}

/* Targets that are right for a cost's task, and scores on both sides of them. */
static void make_rows(const gd_cost *c, double *z, double *y)
{
    uint64_t seed = 31;
    for (int i = 0; i < ROWS; i++) {
        y[i] = 3 * random_signed(&seed);
        if (c->tasks & GD_CLASSES)
            y[i] = i % (c->tasks & GD_MULTICLASS ? CLASSES : 2);
        else if (c->tasks & GD_COUNT)
            y[i] = i % 5;
    }
    for (size_t i = 0; i < ROWS * outputs_of(c); i++)
        z[i] = 4 * random_signed(&seed);
}

static gd_hyper defaults(const gd_cost *c)
{
    gd_hyper h = {{0}};
    gd_param_defaults(&h, c->params, c->params_count);
    return h;
}

/* The cost of one row of scores. */
static double row(const gd_cost *c, const double *z, double y, const gd_hyper *h)
{
    return c->eval(z, &y, 1, outputs_of(c), NULL, h);
}

/* Central differences with step h are off by h^2 times the third derivative and by
 * eps * cost / h: 1e-7 at h = 1e-5 and costs of up to 50 leaves a factor of 100. None of the
 * points is one where the derivative jumps: the costs that are not smooth have one or two such
 * scores a row, and the random ones are further than h from them. */
START_TEST(the_derivative_agrees_with_central_differences)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    size_t outputs = outputs_of(c);
    double z[MAX_SCORES], y[ROWS], dz[MAX_SCORES], h = 1e-5;
    make_rows(c, z, y);
    c->eval(z, y, ROWS, outputs, dz, &hyper);
    for (size_t i = 0; i < ROWS * outputs; i++) {
        double keep = z[i], *of = &z[i - i % outputs], target = y[i / outputs];
        z[i] = keep + h;
        double up = row(c, of, target, &hyper);
        z[i] = keep - h;
        double slope = (up - row(c, of, target, &hyper)) / (2 * h);
        z[i] = keep;
        ck_assert_msg(fabs(dz[i] - slope) <= 1e-7 * (1 + fabs(slope)),
                      "%s at z %g, y %g: derivative %.12g, difference %.12g", c->name, z[i], target,
                      dz[i], slope);
    }
}
END_TEST

/* At a jump the derivative is a slope between those of the two sides. */
START_TEST(where_the_slope_jumps_it_is_one_of_those_between)
{
    const struct {
        const char *cost;
        double z, y;
    } kinks[] = {{"mae", 1.5, 1.5},
                 {"quantile", -2, -2},
                 {"epsilon_insensitive", 0.1, 0},
                 {"epsilon_insensitive", -0.1, 0},
                 {"hinge", 1, 1},
                 {"hinge", -1, 0}};
    for (size_t k = 0; k < sizeof kinks / sizeof kinks[0]; k++) {
        const gd_cost *c = gd_cost_find(kinks[k].cost);
        ck_assert_ptr_nonnull(c);
        ck_assert(!c->smooth);
        gd_hyper h = defaults(c);
        double y = kinks[k].y, side[2], at[3];
        for (int i = 0; i < 3; i++) {
            double z = kinks[k].z + 1e-3 * (i - 1);
            c->eval(&z, &y, 1, 1, &at[i], &h);
        }
        side[0] = fmin(at[0], at[2]);
        side[1] = fmax(at[0], at[2]);
        ck_assert_double_lt(side[0], side[1]); /* or it does not jump */
        ck_assert(at[1] >= side[0] && at[1] <= side[1]);
    }
    for (size_t i = 0; i < gd_costs_count; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof kinks / sizeof kinks[0]; k++)
            listed = listed || strcmp(kinks[k].cost, gd_costs[i]->name) == 0;
        ck_assert_msg(listed == !gd_costs[i]->smooth, "cost %s: where does it jump?",
                      gd_costs[i]->name);
    }
}
END_TEST

/* The second difference along a direction of length 1. */
static double bend_along(const gd_cost *c, const double *z, const double *v, double y,
                         const gd_hyper *hyper)
{
    double h = 1e-3, up[CLASSES], down[CLASSES];
    for (size_t k = 0; k < outputs_of(c); k++) {
        up[k] = z[k] + h * v[k];
        down[k] = z[k] - h * v[k];
    }
    return (row(c, up, y, hyper) - 2 * row(c, z, y, hyper) + row(c, down, y, hyper)) / (h * h);
}

/* Second differences with step 1e-3: eps * cost / h^2 is 1e-8. For a quadratic cost the bound
 * is met exactly, and a bound that is nowhere near would make learning rates crawl. */
START_TEST(the_curvature_is_the_least_upper_bound_of_the_second_derivative)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[MAX_SCORES], y[ROWS], largest = 0, r = sqrt(0.5);
    const double along[][CLASSES] = {{1, 0, 0}, {0, 1, 0}, {r, -r, 0}, {r, 0, -r}, {0.6, 0, 0.8}};
    size_t outputs = outputs_of(c);
    bool bounded = c->curvature > 0;
    ck_assert_msg(!bounded || c->smooth, "%s has a curvature, but jumps", c->name);
    if (!c->smooth)
        return;
    make_rows(c, z, y);
    for (int i = 0; i < ROWS; i++)
        for (int k = -60; k <= 60; k++)
            for (size_t d = 0; d < (outputs > 1 ? 5 : 1); d++) {
                double at[CLASSES] = {(c->tasks & GD_REGRESSION ? y[i] : 0) + 0.1 * k, -0.3, -8};
                double bend = bend_along(c, at, along[d], y[i], &hyper);
                ck_assert_msg(!bounded || bend <= c->curvature * (1 + 1e-6) + 1e-6,
                              "%s: second difference %.9g above the curvature %.9g", c->name, bend,
                              c->curvature);
                largest = fmax(largest, bend);
            }
    ck_assert_msg(largest >= (bounded ? 0.99 * c->curvature : 100),
                  "%s: curvature %g, but nothing above %g seen", c->name, c->curvature, largest);
}
END_TEST

START_TEST(rows_add_up)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    size_t outputs = outputs_of(c);
    double z[MAX_SCORES], y[ROWS], sum = 0;
    make_rows(c, z, y);
    for (size_t i = 0; i < ROWS; i++)
        sum += row(c, z + i * outputs, y[i], &hyper);
    assert_close(c->eval(z, y, ROWS, outputs, NULL, &hyper), sum, ROWS * DBL_EPSILON);
    ck_assert_double_eq(c->eval(z, y, 0, outputs, NULL, &hyper), 0);
}
END_TEST

START_TEST(asking_for_the_derivative_changes_nothing_else)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    size_t outputs = outputs_of(c), n = ROWS * outputs;
    double z[MAX_SCORES + 1], y[ROWS], dz[MAX_SCORES + 1], z_before[MAX_SCORES], y_before[ROWS];
    make_rows(c, z, y);
    memcpy(z_before, z, sizeof z_before);
    memcpy(y_before, y, sizeof y_before);
    dz[n] = z[n] = 1234.5;
    double with = c->eval(z, y, ROWS, outputs, dz, &hyper);
    ck_assert_double_eq(with, c->eval(z, y, ROWS, outputs, NULL, &hyper));
    assert_same_bits(z, z_before, n);
    assert_same_bits(y, y_before, ROWS);
    ck_assert_double_eq(dz[n], 1234.5);
    /* the objective lets derivatives take the place of the scores */
    ck_assert_double_eq(c->eval(z, y, ROWS, outputs, z, &hyper), with);
    assert_same_bits(z, dz, n);
    ck_assert_double_eq(z[n], 1234.5);
}
END_TEST

/* A score of NaN is a run that has broken down: taken for a cost of 0 it would be the best. */
START_TEST(a_score_that_is_nan_is_not_taken_for_a_cost)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    const double z[CLASSES] = {NAN, NAN, NAN}, one[CLASSES] = {0, NAN, 0};
    for (int y = 0; y < 2; y++) {
        ck_assert_msg(!isfinite(row(c, z, y, &hyper)), "%s of NaN is %g", c->name,
                      row(c, z, y, &hyper));
        if (outputs_of(c) > 1)
            ck_assert_msg(!isfinite(row(c, one, y, &hyper)), "%s of NaN is finite", c->name);
    }
}
END_TEST

/* Infinitely far on the wrong side. On the right side nothing (of two classes) is right. */
START_TEST(an_infinite_score_on_the_wrong_side_costs_no_finite_amount)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    const double up[CLASSES] = {INFINITY}, down[CLASSES] = {-INFINITY};
    bool classes = c->tasks & GD_CLASSES, many = c->tasks & GD_MULTICLASS;
    ck_assert(!isfinite(row(c, down, many ? 0 : 1, &hyper)));
    ck_assert(!isfinite(row(c, up, many ? 1 : classes ? 0 : 1, &hyper)));
}
END_TEST

START_TEST(a_regression_cost_is_zero_on_target_and_positive_off_it)
{
    const gd_cost *c = gd_costs[_i];
    if (!(c->tasks & GD_REGRESSION))
        return;
    gd_hyper hyper = defaults(c);
    for (double y = -3; y <= 3; y += 0.375) {
        double z = y, dz, off[] = {y + 0.5, y - 0.5};
        assert_near(c->eval(&z, &y, 1, 1, &dz, &hyper), 0, DBL_EPSILON); /* log1p(1) - log 2 */
        ck_assert_double_eq(dz, 0);
        ck_assert_double_gt(row(c, &off[0], y, &hyper), 0);
        ck_assert_double_gt(row(c, &off[1], y, &hyper), 0);
    }
}
END_TEST

/* No cost is below 0: relative tolerances and "the lowest cost" rest on that. */
START_TEST(no_cost_is_below_zero)
{
    const gd_cost *c = gd_costs[_i];
    gd_hyper hyper = defaults(c);
    double z[MAX_SCORES], y[ROWS];
    make_rows(c, z, y);
    for (int k = -50; k <= 50; k++)
        for (int i = 0; i < ROWS; i++) {
            double at[CLASSES] = {0.5 * k, -3, 2};
            ck_assert_double_ge(row(c, at, y[i], &hyper), 0);
        }
}
END_TEST

/* ---- each by hand ---- */

typedef struct by_hand {
    const char *cost, *param;
    double value; /* of the parameter */
    double z, y, cost_want, slope;
} by_hand;

#define LN2 0.69314718055994530942
#define LARGE 1e308

static const by_hand hands[] = {
    {"mse", NULL, 0, 1.5, 1, 0.25, 1},
    {"mse", NULL, 0, -2, 1, 9, -6},
    {"mae", NULL, 0, -2, 1, 3, -1},
    {"mae", NULL, 0, 4, 1, 3, 1},
    {"mae", NULL, 0, LARGE, 0, LARGE, 1},
    {"huber", "delta", 1, 0.5, 0, 0.125, 0.5},
    {"huber", "delta", 1, 1, 0, 0.5, 1},
    {"huber", "delta", 1, -3, 0, 2.5, -1},
    {"huber", "delta", 2, -3, 0, 4, -2}, /* 2 (3 - 1) */
    {"huber", "delta", 1, -LARGE, 0, LARGE, -1},
    {"quantile", "q", 0.25, 0, 2, 0.5, -0.25},
    {"quantile", "q", 0.25, 2, 0, 1.5, 0.75},
    {"quantile", "q", 0.25, -LARGE, 0, 0.25 * LARGE, -0.25},
    {"log_cosh", NULL, 0, 0.5, 0, 0.1201145069582775, 0.46211715726000975},
    {"log_cosh", NULL, 0, -30, 0, 30 - LN2, -1},
    {"log_cosh", NULL, 0, LARGE, 0, LARGE, 1},
    {"epsilon_insensitive", "epsilon", 0.5, 0.25, 0, 0, 0},
    {"epsilon_insensitive", "epsilon", 0.5, 2, 0, 1.5, 1},
    {"epsilon_insensitive", "epsilon", 0.5, -2, 0, 1.5, -1},
    {"epsilon_insensitive", "epsilon", 0.5, -LARGE, 0, LARGE, -1},
    {"logistic", NULL, 0, 0, 1, LN2, -0.5},
    {"logistic", NULL, 0, 0, 0, LN2, 0.5},
    {"logistic", NULL, 0, 2, 1, 0.12692801104297249, -0.11920292202211756},
    {"logistic", NULL, 0, 2, 0, 2.1269280110429726, 0.88079707797788244},
    {"logistic", NULL, 0, -40, 0, 4.248354255291589e-18, 4.248354255291589e-18},
    {"logistic", NULL, 0, -LARGE, 1, LARGE, -1},
    {"logistic", NULL, 0, LARGE, 1, 0, 0},
    {"hinge", NULL, 0, 0.25, 1, 0.75, -1},
    {"hinge", NULL, 0, 0.25, 0, 1.25, 1},
    {"hinge", NULL, 0, 2, 1, 0, 0},
    {"hinge", NULL, 0, -LARGE, 1, LARGE, -1},
    {"hinge", NULL, 0, LARGE, 1, 0, 0},
    {"squared_hinge", NULL, 0, 0.25, 1, 0.5625, -1.5},
    {"squared_hinge", NULL, 0, 0.25, 0, 1.5625, 2.5},
    {"squared_hinge", NULL, 0, 2, 1, 0, 0},
    {"squared_hinge", NULL, 0, -1e150, 1, 1e300, -2e150},
    {"squared_hinge", NULL, 0, -LARGE, 0, 0, 0},
    {"poisson", NULL, 0, 0, 1, 0, 0},
    {"poisson", NULL, 0, 0, 3, 3 * 1.0986122886681098 - 2, -2},
    {"poisson", NULL, 0, 1, 0, 2.7182818284590452, 2.7182818284590452},
    {"poisson", NULL, 0, -LARGE, 0, 0, 0},
    {"poisson", NULL, 0, -1e307, 4, 4e307, -4},
};

START_TEST(values_worked_out_by_hand)
{
    for (size_t i = 0; i < sizeof hands / sizeof hands[0]; i++) {
        const by_hand *b = &hands[i];
        const gd_cost *c = gd_cost_find(b->cost);
        ck_assert_ptr_nonnull(c);
        gd_hyper h = defaults(c);
        if (b->param)
            set_param(&h, c->params, c->params_count, b->param, b->value);
        double dz, cost = c->eval(&b->z, &b->y, 1, 1, &dz, &h);
        ck_assert_msg(fabs(cost - b->cost_want) <= 4 * DBL_EPSILON * fabs(b->cost_want) +
                                                       4 * DBL_EPSILON * (b->cost_want == 0),
                      "row %zu: %s(%g; %g) is %.17g, not %.17g", i, b->cost, b->z, b->y, cost,
                      b->cost_want);
        ck_assert_msg(fabs(dz - b->slope) <= 4 * DBL_EPSILON * fabs(b->slope),
                      "row %zu: the slope of %s(%g; %g) is %.17g, not %.17g", i, b->cost, b->z,
                      b->y, dz, b->slope);
    }
    for (size_t i = 0; i < gd_costs_count; i++) {
        bool listed = strcmp(gd_costs[i]->name, "softmax") == 0;
        for (size_t k = 0; k < sizeof hands / sizeof hands[0]; k++)
            listed = listed || strcmp(hands[k].cost, gd_costs[i]->name) == 0;
        ck_assert_msg(listed, "cost %s has no value by hand", gd_costs[i]->name);
    }
}
END_TEST

/* exp(z) = 1, 2, 5 of 8 */
START_TEST(softmax_by_hand)
{
    const gd_cost *c = gd_cost_find("softmax");
    const double z[] = {0, LN2, 1.6094379124341003}, share[] = {0.125, 0.25, 0.625};
    for (int y = 0; y < 3; y++) {
        double target = y, dz[3];
        assert_close(c->eval(z, &target, 1, 3, dz, NULL), -log(share[y]), 8 * DBL_EPSILON);
        for (int k = 0; k < 3; k++)
            assert_near(dz[k], share[k] - (k == y), 4 * DBL_EPSILON);
        /* the same to all scores changes nothing */
        const double far[] = {z[0] + 1000, z[1] + 1000, z[2] + 1000};
        assert_near(c->eval(far, &target, 1, 3, NULL, NULL), -log(share[y]), 1e-12);
    }
}
END_TEST

START_TEST(softmax_of_huge_scores_is_finite_and_right)
{
    const gd_cost *c = gd_cost_find("softmax");
    const double wide[] = {LARGE / 2, 0, -LARGE / 2};
    const double want[] = {0, LARGE / 2, LARGE};
    for (int y = 0; y < 3; y++) {
        double target = y, dz[3];
        assert_close(c->eval(wide, &target, 1, 3, dz, NULL), want[y], 4 * DBL_EPSILON);
        for (int k = 0; k < 3; k++)
            ck_assert_double_eq(dz[k], (k == 0) - (k == y));
    }
    const double range[] = {LARGE, -LARGE};
    double target = 0;
    ck_assert_double_eq(c->eval(range, &target, 1, 2, NULL, NULL), 0);
}
END_TEST

/* log sum exp(z - top) and top - z_y are each exact; log 2 + 1e17 - 1e17 is not log 2. */
START_TEST(softmax_loses_no_digits_to_a_large_common_score)
{
    const gd_cost *c = gd_cost_find("softmax");
    const double sizes[] = {1e6, 1e12, 1e17, LARGE};
    for (int k = 0; k < 4; k++) {
        const double z[] = {sizes[k], sizes[k]};
        double target = 1;
        assert_close(c->eval(z, &target, 1, 2, NULL, NULL), LN2, 4 * DBL_EPSILON);
    }
}
END_TEST

/* With two classes softmax is logistic regression by the difference of the scores. */
START_TEST(softmax_of_two_classes_is_the_logistic_cost)
{
    const gd_cost *soft = gd_cost_find("softmax"), *logistic = gd_cost_find("logistic");
    for (int k = -30; k <= 30; k++)
        for (int y = 0; y < 2; y++) {
            double z[] = {0.3 * k, -0.2 * k + 0.1}, d = z[1] - z[0], target = y, dz[2], slope;
            double a = soft->eval(z, &target, 1, 2, dz, NULL);
            double b = logistic->eval(&d, &target, 1, 1, &slope, NULL);
            assert_near(a, b, 1e-14);
            assert_near(dz[1], slope, 1e-15);
            assert_near(dz[0], -slope, 1e-15);
        }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("cost_laws");
    int n = (int)gd_costs_count;
    tcase_add_loop_test(tc, the_derivative_agrees_with_central_differences, 0, n);
    tcase_add_test(tc, where_the_slope_jumps_it_is_one_of_those_between);
    tcase_add_loop_test(tc, the_curvature_is_the_least_upper_bound_of_the_second_derivative, 0, n);
    tcase_add_loop_test(tc, rows_add_up, 0, n);
    tcase_add_loop_test(tc, asking_for_the_derivative_changes_nothing_else, 0, n);
    tcase_add_loop_test(tc, a_score_that_is_nan_is_not_taken_for_a_cost, 0, n);
    tcase_add_loop_test(tc, an_infinite_score_on_the_wrong_side_costs_no_finite_amount, 0, n);
    tcase_add_loop_test(tc, a_regression_cost_is_zero_on_target_and_positive_off_it, 0, n);
    tcase_add_loop_test(tc, no_cost_is_below_zero, 0, n);
    tcase_add_test(tc, values_worked_out_by_hand);
    tcase_add_test(tc, softmax_by_hand);
    tcase_add_test(tc, softmax_of_huge_scores_is_finite_and_right);
    tcase_add_test(tc, softmax_loses_no_digits_to_a_large_common_score);
    tcase_add_test(tc, softmax_of_two_classes_is_the_logistic_cost);
    return run_case(tc, "cost_laws");
}
