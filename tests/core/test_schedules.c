/* Schedules: each against values worked out by hand or by its closed form, at the first epochs,
 * the last one, and where something happens; and laws that every row of schedules/list.h
 * inherits. */
#include "gd_schedule.h"
#include "gd_spec.h"
#include "problems.h"

#include <float.h>
#include <string.h>

#define PI 3.14159265358979323846L

typedef struct work {
    const gd_schedule *s;
    gd_hyper hyper;
    double state[GD_SCHEDULE_STATE];
} work;

static work begin(const char *name)
{
    work w = {.s = gd_schedule_find(name)};
    ck_assert_msg(w.s != NULL, "no schedule \"%s\"", name);
    gd_param_defaults(&w.hyper, w.s->params, w.s->params_count);
    return w;
}

static void set(work *w, const char *name, double value)
{
    set_param(&w->hyper, w->s->params, w->s->params_count, name, value);
}

static double rate(const work *w, double base, uint64_t epoch, uint64_t epochs)
{
    return w->s->rate(&w->hyper, base, epoch, epochs, w->state);
}

/* A few roundings, of pow too. */
#define assert_rate(got, want) assert_close(got, (double)(want), 8 * DBL_EPSILON)

START_TEST(constant_is_the_rate_itself)
{
    work w = begin("constant");
    const uint64_t epochs[] = {1, 2, 1000, 1000000000};
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(rate(&w, 0.137, epochs[i], 1000000000), 0.137);
}
END_TEST

START_TEST(step_drops_every_so_many_epochs)
{
    work w = begin("step");
    ck_assert_double_eq(rate(&w, 0.5, 1, 1000), 0.5);
    ck_assert_double_eq(rate(&w, 0.5, 100, 1000), 0.5);
    assert_rate(rate(&w, 0.5, 101, 1000), 0.05);
    assert_rate(rate(&w, 0.5, 200, 1000), 0.05);
    assert_rate(rate(&w, 0.5, 201, 1000), 0.005);
    set(&w, "step_size", 3);
    set(&w, "gamma", 0.5);
    const double want[] = {8, 8, 8, 4, 4, 4, 2, 2, 2, 1};
    for (uint64_t e = 1; e <= 10; e++)
        ck_assert_double_eq(rate(&w, 8, e, 10), want[e - 1]);
}
END_TEST

START_TEST(exponential_falls_by_a_factor_an_epoch)
{
    work w = begin("exponential");
    double want = 0.25;
    for (uint64_t e = 1; e <= 50; e++, want *= 0.99)
        assert_close(rate(&w, 0.25, e, 50), want, 50 * DBL_EPSILON);
    set(&w, "gamma", 0.5);
    ck_assert_double_eq(rate(&w, 1, 11, 50), 1. / 1024);
}
END_TEST

START_TEST(inverse_scaling_falls_by_a_power_of_the_epoch)
{
    work w = begin("inverse_scaling");
    ck_assert_double_eq(rate(&w, 0.6, 1, 100), 0.6);
    assert_rate(rate(&w, 0.6, 4, 100), 0.3);
    assert_rate(rate(&w, 0.6, 9, 100), 0.2);
    assert_rate(rate(&w, 0.6, 100, 100), 0.06);
    set(&w, "power", 2);
    assert_rate(rate(&w, 0.6, 10, 100), 0.006);
    set(&w, "power", 0);
    ck_assert_double_eq(rate(&w, 0.6, 77, 100), 0.6);
}
END_TEST

static double cosine(double base, double minimum, double at, double length)
{
    return (double)(base * (minimum + (1 - minimum) * (1 + cosl(PI * at / length)) / 2));
}

START_TEST(cosine_falls_over_all_epochs)
{
    work w = begin("cosine");
    ck_assert_double_eq(rate(&w, 0.8, 1, 12), 0.8);
    assert_close(rate(&w, 0.8, 5, 12), 0.8 * 0.75, 1e-15); /* cos 60 degrees */
    assert_close(rate(&w, 0.8, 7, 12), 0.8 * 0.5, 1e-15);  /* 90 */
    assert_close(rate(&w, 0.8, 9, 12), 0.8 * 0.25, 1e-14); /* 120 */
    assert_close(rate(&w, 0.8, 12, 12), cosine(0.8, 0, 11, 12), 1e-13);
    set(&w, "minimum", 0.1);
    assert_close(rate(&w, 0.8, 7, 12), 0.8 * 0.55, 1e-15);
}
END_TEST

/* Cycles of 4, 4, 4; and of 2, 6, 18 epochs. */
START_TEST(cosine_restarts)
{
    work w = begin("cosine");
    set(&w, "period", 4);
    for (uint64_t e = 1; e <= 12; e++)
        assert_close(rate(&w, 1, e, 12), cosine(1, 0, (double)((e - 1) % 4), 4), 1e-14);
    set(&w, "period", 2);
    set(&w, "period_multiplier", 3);
    set(&w, "minimum", 0.25);
    const double at[] = {0, 1, /**/ 0, 1, 2, 3, 4, 5, /**/ 0, 1, 2};
    const double length[] = {2, 2, 6, 6, 6, 6, 6, 6, 18, 18, 18};
    for (uint64_t e = 1; e <= 11; e++)
        assert_close(rate(&w, 1, e, 100), cosine(1, 0.25, at[e - 1], length[e - 1]), 1e-14);
    assert_close(rate(&w, 1, 26, 100), cosine(1, 0.25, 17, 18), 1e-14); /* the last of 18 */
    ck_assert_double_eq(rate(&w, 1, 27, 100), 1);
}
END_TEST

/* Ten epochs, three tenths of which rise: the top is at step 2 of 0 .. 9. */
START_TEST(one_cycle_rises_and_falls)
{
    work w = begin("one_cycle");
    assert_rate(rate(&w, 1, 1, 10), 0.04);
    assert_close(rate(&w, 1, 2, 10), (0.04 + 1) / 2, 1e-14);
    assert_close(rate(&w, 1, 3, 10), 1, 1e-14);
    for (uint64_t e = 4; e <= 10; e++) {
        double share = (1 + (double)cosl(PI * (e - 3) / 7)) / 2;
        assert_close(rate(&w, 1, e, 10), 4e-6 + (1 - 4e-6) * share, 1e-10);
    }
    assert_close(rate(&w, 1, 10, 10), 4e-6, 1e-10);
    set(&w, "warm_fraction", 0);
    ck_assert_double_eq(rate(&w, 1, 1, 10), 1);
    set(&w, "start_divisor", 2);
    set(&w, "final_divisor", 4);
    assert_close(rate(&w, 1, 10, 10), 0.125, 1e-14);
}
END_TEST

START_TEST(linear_warmup_rises_and_stays)
{
    work w = begin("linear_warmup");
    const double want[] = {0.2, 0.4, 0.6, 0.8, 1, 1, 1};
    for (uint64_t e = 1; e <= 7; e++)
        assert_rate(rate(&w, 1, e, 7), want[e - 1]);
    set(&w, "warmup", 1);
    ck_assert_double_eq(rate(&w, 0.3, 1, 7), 0.3);
    set(&w, "warmup", 1000);
    assert_rate(rate(&w, 1, 7, 7), 0.007); /* longer than the run */
}
END_TEST

/* Patience 2: the third bad epoch in a row drops the rate, and counting begins again. */
START_TEST(plateau_follows_a_script_of_costs)
{
    work w = begin("reduce_on_plateau");
    set(&w, "patience", 2);
    set(&w, "factor", 0.5);
    set(&w, "threshold", 0.01);
    const struct {
        double cost, rate_after;
    } script[] = {
        {10, 1},                                /* the first cost is the best */
        {9.95, 1},                              /* less, but by less than 1 %: bad */
        {9.91, 1},                              /* measured against 10, not against 9.95: bad */
        {9.89, 1},                              /* more than 1 % below 10: good */
        {9.89, 1},                              /* bad 1 */
        {12, 1},                                /* bad 2 */
        {9.80, 0.5},                            /* bad 3: 9.7911 would have been good */
        {9.80, 0.5},                            /* counting begins again: bad 1 */
        {9.80, 0.5}, {9.80, 0.25}, {9.0, 0.25}, /* good, which does not raise the rate again */
        {9.0, 0.25}, {9.0, 0.25},  {9.0, 0.125},
    };
    for (size_t i = 0; i < sizeof script / sizeof script[0]; i++) {
        w.s->observe(&w.hyper, script[i].cost, w.state);
        ck_assert_msg(rate(&w, 1, i + 2, 100) == script[i].rate_after,
                      "after cost %zu, %g: rate %g, not %g", i, script[i].cost,
                      rate(&w, 1, i + 2, 100), script[i].rate_after);
    }
}
END_TEST

START_TEST(plateau_with_patience_zero_and_a_minimum)
{
    work w = begin("reduce_on_plateau");
    set(&w, "patience", 0);
    set(&w, "minimum", 0.05);
    const double want[] = {2, 0.2, 0.1, 0.1, 0.1};
    for (int i = 0; i < 5; i++) {
        w.s->observe(&w.hyper, 3, w.state);
        assert_rate(rate(&w, 2, 1, 100), want[i]);
    }
}
END_TEST

/* By default the eleventh epoch without improvement drops the rate to a tenth. */
START_TEST(plateau_by_default)
{
    work w = begin("reduce_on_plateau");
    for (int i = 0; i <= 10; i++) {
        w.s->observe(&w.hyper, 1, w.state);
        ck_assert_double_eq(rate(&w, 1, 1, 100), 1);
    }
    w.s->observe(&w.hyper, 1, w.state);
    assert_rate(rate(&w, 1, 1, 100), 0.1);
}
END_TEST

/* The rates of a run are those of its schedule, by the epoch's number and the costs so far. */
START_TEST(a_run_takes_its_rates_from_the_schedule)
{
    const gd_schedule *s = gd_schedules[_i];
    problem p = problem_random(30, 2, 0.5, 301);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 400;
    spec.learning_rate = 0.05;
    use_schedule(&spec, s->name);
    for (size_t i = 0; i < s->params_count; i++) {
        if (strcmp(s->params[i].name, "patience") == 0)
            set_param(&spec.schedule_hyper, s->params, s->params_count, "patience", 1);
        if (strcmp(s->params[i].name, "step_size") == 0)
            set_param(&spec.schedule_hyper, s->params, s->params_count, "step_size", 7);
    }
    gd_train *t = train_begin(&p.data, &spec, NULL);
    double state[GD_SCHEDULE_STATE] = {0};
    bool changed = false;
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE) {
        const gd_state *at = gd_train_state(t);
        if (step != GD_STEP_EPOCH || at->epoch == 0)
            continue;
        double want = s->rate(&spec.schedule_hyper, 0.05, at->epoch, 400, state);
        ck_assert_double_eq(at->learning_rate, want);
        changed = changed || want != 0.05;
        if (s->observe)
            s->observe(&spec.schedule_hyper, at->cost, state);
    }
    ck_assert_msg(changed == (_i != 0), "%s", s->name);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- laws ---- */

/* Settings at the ends of their ranges, the others being the defaults. Setting `number` of all. */
static bool extreme_setting(work *w, size_t number)
{
    if (number == 0)
        return true;
    const gd_param *p = &w->s->params[(number - 1) / 2];
    if ((number - 1) / 2 >= w->s->params_count)
        return false;
    double low = p->min_open ? p->min + 1e-9 : p->min, high = p->max_open ? p->max - 1e-9 : p->max;
    set(w, p->name, number % 2 ? low : high);
    return true;
}

/* Whatever the settings, epoch and cost: a rate is positive, finite and no higher than asked. */
START_TEST(rates_are_positive_and_finite_to_the_last_epoch)
{
    const uint64_t lengths[] = {1, 2, 3, 4, 10, 1000, 1000000, 1000000000};
    for (size_t number = 0;; number++) {
        work w = begin(gd_schedules[_i]->name);
        if (!extreme_setting(&w, number))
            break;
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            uint64_t n = lengths[k];
            const uint64_t at[] = {1, 2, 3, n / 3, n / 2, n - n / 10, n - 1, n};
            for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
                if (at[i] < 1 || at[i] > n)
                    continue;
                double r = rate(&w, 0.1, at[i], n);
                double most = w.s->explores ? 0.1 * 1e6 : 0.1; /* beyond what is asked */
                ck_assert_msg(isfinite(r) && r > 0 && r <= most * (1 + 16 * DBL_EPSILON),
                              "%s, setting %zu: rate %g at epoch %llu of %llu", w.s->name, number,
                              r, (unsigned long long)at[i], (unsigned long long)n);
            }
        }
    }
}
END_TEST

START_TEST(rates_stay_positive_after_any_number_of_bad_epochs)
{
    work w = begin("reduce_on_plateau");
    set(&w, "patience", 0);
    for (int i = 0; i < 5000; i++) {
        w.s->observe(&w.hyper, 1, w.state);
        double r = rate(&w, 0.1, 1, 5000);
        ck_assert_msg(r > 0 && r <= 0.1, "after %d epochs: %g", i, r);
    }
    w = begin("reduce_on_plateau"); /* costs of 0 are no trouble */
    for (int i = 0; i < 50; i++)
        w.s->observe(&w.hyper, 0, w.state);
    ck_assert(rate(&w, 1, 1, 50) > 0);
}
END_TEST

/* The rate scales with the base and does not depend on where the caller has been before. */
START_TEST(rates_are_a_multiple_of_the_base)
{
    work w = begin(gd_schedules[_i]->name);
    double before[GD_SCHEDULE_STATE];
    memcpy(before, w.state, sizeof before);
    for (uint64_t e = 30; e >= 1; e--)
        assert_close(rate(&w, 8, e, 30), 8 * rate(&w, 1, e, 30), 4 * DBL_EPSILON);
    assert_same_bits(before, w.state, GD_SCHEDULE_STATE);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("schedules");
    int n = (int)gd_schedules_count;
    tcase_add_test(tc, constant_is_the_rate_itself);
    tcase_add_test(tc, step_drops_every_so_many_epochs);
    tcase_add_test(tc, exponential_falls_by_a_factor_an_epoch);
    tcase_add_test(tc, inverse_scaling_falls_by_a_power_of_the_epoch);
    tcase_add_test(tc, cosine_falls_over_all_epochs);
    tcase_add_test(tc, cosine_restarts);
    tcase_add_test(tc, one_cycle_rises_and_falls);
    tcase_add_test(tc, linear_warmup_rises_and_stays);
    tcase_add_test(tc, plateau_follows_a_script_of_costs);
    tcase_add_test(tc, plateau_with_patience_zero_and_a_minimum);
    tcase_add_test(tc, plateau_by_default);
    tcase_add_loop_test(tc, a_run_takes_its_rates_from_the_schedule, 0, n);
    tcase_add_loop_test(tc, rates_are_positive_and_finite_to_the_last_epoch, 0, n);
    tcase_add_test(tc, rates_stay_positive_after_any_number_of_bad_epochs);
    tcase_add_loop_test(tc, rates_are_a_multiple_of_the_base, 0, n);
    return run_case(tc, "schedules");
}
