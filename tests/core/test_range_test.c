/* The learning-rate range test: the rates of its schedule in closed form, what its curve speaks
 * for, and the run of one on a quadratic, whose every cost has a closed form too: c (1 - rate L)^2.
 */
#include "gd_range_test.h"
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <string.h>

enum { POINTS = 100 };

static gd_spec range_spec(double start, double end, uint64_t epochs)
{
    gd_spec spec = spec_defaults();
    use_schedule(&spec, "range_test");
    set_param(&spec.schedule_hyper, spec.schedule->params, spec.schedule->params_count, "start",
              start);
    set_param(&spec.schedule_hyper, spec.schedule->params, spec.schedule->params_count, "end", end);
    spec.epochs = epochs;
    return spec;
}

START_TEST(rates_grow_by_the_same_factor_from_start_to_end)
{
    gd_spec spec = range_spec(1e-3, 10, 5);
    const double want[] = {1e-3, 1e-2, 0.1, 1, 10};
    for (uint64_t e = 1; e <= 5; e++)
        assert_close(spec.schedule->rate(&spec.schedule_hyper, 7, e, 5, NULL), 7 * want[e - 1],
                     1e-14);
    assert_close(spec.schedule->rate(&spec.schedule_hyper, 7, 1, 1, NULL), 7e-3, 1e-14);
}
END_TEST

/* J = (3 - w)^2 / 2 * 2, L = 2. Rates grow, and with each the cost is times (1 - 2 rate)^2. */
static size_t record(const gd_spec *spec, gd_range_point *points, gd_stop *stop)
{
    const double x[] = {-1, 1}, y[] = {-3, 3};
    problem p = problem_of(x, y, 2, 1);
    gd_train *t = train_begin(&p.data, spec, NULL);
    size_t count = 0;
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE)
        if (step == GD_STEP_EPOCH && gd_train_state(t)->epoch > 0)
            points[count++] =
                (gd_range_point){gd_train_state(t)->learning_rate, gd_train_state(t)->cost};
    *stop = gd_train_state(t)->stop;
    gd_train_free(t);
    problem_free(&p);
    return count;
}

START_TEST(a_run_goes_through_all_its_rates_until_it_blows_up)
{
    gd_range_point points[POINTS];
    gd_stop stop;
    gd_spec spec = range_spec(1e-7, 1e3, POINTS); /* tol 1e-6 would end it at once */
    spec.intercept = false;
    size_t count = record(&spec, points, &stop); /* "auto": 1 / L = 0.5 */
    ck_assert_int_eq(stop, GD_STOP_DIVERGED);
    ck_assert_uint_gt(count, 75);
    ck_assert_uint_lt(count, POINTS);
    double cost = 9;
    for (size_t i = 0; i < count; i++) {
        double rate = 0.5 * 1e-7 * pow(1e10, (double)i / (POINTS - 1));
        assert_close(points[i].learning_rate, rate, 1e-12);
        cost *= (1 - 2 * rate) * (1 - 2 * rate);
        if (rate < 0.4) /* then it is at the minimum, but for rounding */
            assert_close(points[i].cost, cost, 1e-6);
    }
    /* below the limit of stability 2 / L = 1, and in reach of the best rate 1 / L */
    double rate = gd_range_test_suggest(points, count);
    ck_assert_double_lt(rate, 1);
    ck_assert_double_gt(rate, 0.01);

    /* the steepest fall of the closed form: c' = c (1 - (1 - 2 r)^2), by the step before */
    double steepest = 0, at = NAN;
    size_t half = gd_range_test_half_window(count);
    for (size_t i = half; i + half < count && points[i + half].cost < 9; i++) {
        double fall = points[i + half].cost - points[i - half].cost;
        if (fall < steepest) {
            steepest = fall;
            at = points[i].learning_rate;
        }
    }
    ck_assert_double_le(fabs(log(rate / at)), 0.4); /* within two points of it */
}
END_TEST

START_TEST(a_range_below_the_limit_ends_with_its_epochs)
{
    gd_range_point points[POINTS];
    gd_stop stop;
    gd_spec spec = range_spec(1e-4, 0.5, POINTS);
    spec.intercept = false;
    spec.learning_rate = 1; /* shares of 1 are rates */
    ck_assert_uint_eq(record(&spec, points, &stop), POINTS);
    ck_assert_int_eq(stop, GD_STOP_MAX_EPOCHS);
    assert_close(points[0].learning_rate, 1e-4, 1e-14);
    assert_close(points[POINTS - 1].learning_rate, 0.5, 1e-14);
}
END_TEST

/* ---- curves ---- */

typedef double curve(double log_rate);

static double fall_at_3(double x)
{
    return 1 / (1 + exp(4 * (x + 3))); /* steepest at log(rate) = -3 */
}

static double corner(double x)
{
    return x < -5 ? 8 : x < -3 ? 8 - (x + 5) : x < -2 ? 6 - 5 * (x + 3) : 1 + (x + 2);
}

static double rising(double x)
{
    return 100 + x;
}

static void draw(gd_range_point *points, curve *c)
{
    for (int i = 0; i < POINTS; i++) {
        double x = -10 + 0.1 * i;
        points[i] = (gd_range_point){exp(x), c(x)};
    }
}

START_TEST(the_steepest_fall_is_found_where_it_is)
{
    gd_range_point points[POINTS];
    draw(points, fall_at_3);
    assert_near(log(gd_range_test_suggest(points, POINTS)), -3, 0.051);
    draw(points, corner);
    double at = log(gd_range_test_suggest(points, POINTS));
    ck_assert(at >= -3 && at <= -2);
}
END_TEST

START_TEST(noise_does_not_decide)
{
    gd_range_point points[POINTS];
    uint64_t seed = 761;
    draw(points, fall_at_3);
    for (int i = 0; i < POINTS; i++)
        points[i].cost += 0.01 * random_signed(&seed);
    assert_near(log(gd_range_test_suggest(points, POINTS)), -3, 0.35);
}
END_TEST

/* What comes after the blow-up, however far it falls again, is of no account. */
START_TEST(what_comes_after_the_blow_up_does_not_count)
{
    gd_range_point points[POINTS];
    draw(points, fall_at_3);
    points[90].cost = 100;
    points[91].cost = 1;
    assert_near(log(gd_range_test_suggest(points, POINTS)), -3, 0.051);
    points[90].cost = NAN;
    points[91].cost = 1000;
    assert_near(log(gd_range_test_suggest(points, POINTS)), -3, 0.051);
    points[90].cost = INFINITY;
    assert_near(log(gd_range_test_suggest(points, POINTS)), -3, 0.051);
}
END_TEST

START_TEST(a_cost_that_never_falls_speaks_for_no_rate)
{
    gd_range_point points[POINTS];
    draw(points, rising);
    ck_assert(isnan(gd_range_test_suggest(points, POINTS)));
    ck_assert(isnan(gd_range_test_suggest(points, 0)));
    draw(points, fall_at_3);
    ck_assert(isnan(gd_range_test_suggest(points, 2)));
    points[2].cost = NAN;
    ck_assert(isnan(gd_range_test_suggest(points, POINTS)));
    for (int i = 0; i < POINTS; i++)
        points[i].cost = 3;
    ck_assert(isnan(gd_range_test_suggest(points, POINTS)));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("range_test");
    tcase_add_test(tc, rates_grow_by_the_same_factor_from_start_to_end);
    tcase_add_test(tc, a_run_goes_through_all_its_rates_until_it_blows_up);
    tcase_add_test(tc, a_range_below_the_limit_ends_with_its_epochs);
    tcase_add_test(tc, the_steepest_fall_is_found_where_it_is);
    tcase_add_test(tc, noise_does_not_decide);
    tcase_add_test(tc, what_comes_after_the_blow_up_does_not_count);
    tcase_add_test(tc, a_cost_that_never_falls_speaks_for_no_rate);
    return run_case(tc, "range_test");
}
