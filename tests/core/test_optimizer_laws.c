/* Laws that every row of optimizers/list.h inherits, and golden trajectories, which hold each
 * to the formula of its paper (convergence alone misses a forgotten term). */
#include "gd_optimizer.h"
#include "gd_limits.h"
#include "gd_spec.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_STEPS 8

typedef struct golden {
    const char *optimizer;
    double learning_rate;
    struct {
        const char *name;
        double value;
    } hyper[4]; /* those that are not the default */
    double theta[GOLDEN_STEPS][3];
} golden;

#include "golden/trajectories.h"

#define GUARD 1234.5

/* An optimizer at work on n parameters, with guards behind what it may write. */
typedef struct work {
    const gd_optimizer *o;
    gd_hyper hyper;
    size_t n, state_len;
    double theta[9], gradient[9], *state;
    uint64_t t;
} work;

static work begin(const gd_optimizer *o, size_t n, unsigned char poison)
{
    work w = {.o = o, .n = n};
    ck_assert_uint_lt(n, 9);
    gd_param_defaults(&w.hyper, o->params, o->params_count);
    w.state_len = o->state_len(n, &w.hyper);
    w.state = malloc((w.state_len + 1) * sizeof *w.state);
    memset(w.state, poison, w.state_len * sizeof *w.state);
    w.state[w.state_len] = w.theta[n] = w.gradient[n] = GUARD;
    o->init(w.state, n, &w.hyper);
    return w;
}

static const double all_weights[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

static void step_with(work *w, double rate, const double *weight)
{
    double gradient[9];
    memcpy(gradient, w->gradient, sizeof gradient);
    w->o->step(&(gd_update){.theta = w->theta,
                            .gradient = w->gradient,
                            .weight = weight,
                            .n = w->n,
                            .end = w->n,
                            .learning_rate = rate,
                            .t = ++w->t,
                            .state = w->state,
                            .hyper = &w->hyper});
    ck_assert_mem_eq(gradient, w->gradient, sizeof gradient);
    ck_assert_double_eq(w->theta[w->n], GUARD);
    ck_assert_double_eq(w->state[w->state_len], GUARD);
}

static void step(work *w, double rate)
{
    step_with(w, rate, all_weights);
}

static void end(work *w)
{
    free(w->state);
}

START_TEST(the_state_does_not_depend_on_what_memory_held_before)
{
    const gd_optimizer *o = gd_optimizers[_i];
    for (size_t n = 1; n < 9; n++) {
        work a = begin(o, n, 0x00), b = begin(o, n, 0xa5);
        assert_same_bits(a.state, b.state, a.state_len + 1);
        end(&a);
        end(&b);
    }
}
END_TEST

/* J = 1/2 sum a_i theta_i^2: its slope, and its value before and after. */
static const double slopes[] = {1, 7.3, 37.5};

static double quadratic(work *w)
{
    double cost = 0;
    for (size_t i = 0; i < 3; i++) {
        w->gradient[i] = slopes[i] * w->theta[i];
        cost += slopes[i] * w->theta[i] * w->theta[i] / 2;
    }
    return cost;
}

/* At 1/L, or at the best of the customary rate, ten times that and a tenth. The steps of lion,
 * rmsprop and adadelta do not end at the minimum but hover around it, within about a step of
 * it: it is the lowest rate that lets them come that close. */
START_TEST(converges_on_an_anisotropic_quadratic)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step)
        return; /* test_lbfgs.c */
    double best = INFINITY, first = 0;
    double rates[] = {o->customary_rate ? o->customary_rate : 1 / 37.5, 10 * o->customary_rate,
                      0.1 * o->customary_rate};
    for (int k = 0; k < 3 && rates[k] > 0; k++) {
        work w = begin(o, 3, 0xa5);
        memcpy(w.theta, (double[]){1.713, -2.291, 0.587}, 3 * sizeof(double));
        first = quadratic(&w);
        for (int i = 0; i < 30000; i++) {
            step(&w, rates[k]);
            quadratic(&w);
        }
        best = fmin(best, quadratic(&w));
        end(&w);
    }
    double room = strcmp(o->name, "adadelta") == 0 ? 1e-3 : 1e-6; /* its steps don't shrink */
    ck_assert_msg(best <= room * first, "%s: from %g only to %g", o->name, first, best);
}
END_TEST

static void no_decay(work *w)
{
    for (size_t i = 0; i < w->o->params_count; i++)
        if (strcmp(w->o->params[i].name, "weight_decay") == 0)
            set_param(&w->hyper, w->o->params, w->o->params_count, "weight_decay", 0);
}

/* Rosenbrock's valley, from its usual start: f = 100 (y - x^2)^2 + (1 - x)^2, minimum at (1, 1).
 * Its floor is bent, and its Hessian at the minimum has condition 2500. The best of some rates must
 * come as near as a fixed step allows: lion's, adadelta's and rmsprop's steps hover. */
START_TEST(follows_rosenbrocks_valley_to_its_end)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step)
        return; /* test_lbfgs.c */
    const double rates[] = {1e-4, 1e-3, 1e-2, 0.1, 1};
    double best = INFINITY;
    for (int k = 0; k < 5 && best > 1e-3; k++) {
        work w = begin(o, 2, 0xa5);
        no_decay(&w); /* which would pull it elsewhere */
        w.theta[0] = -1.2;
        w.theta[1] = 1;
        for (int i = 0; i < 200000 && isfinite(w.theta[0]); i++) {
            double x = w.theta[0], rise = w.theta[1] - x * x;
            w.gradient[0] = -400 * x * rise - 2 * (1 - x);
            w.gradient[1] = 200 * rise;
            step(&w, rates[k]);
        }
        best = fmin(best, hypot(w.theta[0] - 1, w.theta[1] - 1));
        end(&w);
    }
    ck_assert_msg(best <= 1e-3, "%s: no nearer than %g", o->name, best);
}
END_TEST

/* Below `stable` / L a quadratic is stable, above it is not, whatever the momentum. */
START_TEST(the_stable_rate_is_where_stability_ends)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->stable)
        return;
    for (int m = 0; m < (o->params_count ? 4 : 1); m++)
        for (int above = 0; above < 2; above++) {
            work w = begin(o, 1, 0xa5);
            if (o->params_count)
                set_param(&w.hyper, o->params, o->params_count, "momentum", 0.3 * m);
            o->init(w.state, w.n, &w.hyper);
            double rate = o->stable(&w.hyper) / 7.3 * (above ? 1.01 : 0.99);
            w.theta[0] = 1;
            double size = 0;
            for (int i = 0; i < 4000; i++) {
                w.gradient[0] = 7.3 * w.theta[0];
                step(&w, rate);
                size = i < 3990 ? 0 : fmax(size, fabs(w.theta[0]));
                if (fabs(w.theta[0]) > 1e100)
                    break;
            }
            size = fmax(size, fabs(w.theta[0]));
            ck_assert_msg(above ? size > 10 : size < 0.1, "%s, momentum %g, %d: %g", o->name,
                          0.3 * m, above, size);
            end(&w);
        }
}
END_TEST

/* On a slope that does not change, the steps come to gain * rate * slope. */
START_TEST(the_gain_is_that_of_steps_down_a_constant_slope)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->gain)
        return;
    work w = begin(o, 1, 0xa5);
    double before = 0;
    w.gradient[0] = 0.391;
    for (int i = 0; i < 500; i++) {
        before = w.theta[0];
        step(&w, 0.01);
    }
    assert_close(before - w.theta[0], o->gain(&w.hyper) * 0.01 * 0.391, 1e-10);
    end(&w);
}
END_TEST

/* Without a gradient weights shrink by decay * rate a step, and biases not at all. */
START_TEST(weights_decay_and_biases_do_not)
{
    const char *const names[] = {"adamw", "lion"};
    const double weight[9] = {1, 0, 1};
    for (int k = 0; k < 2; k++) {
        const gd_optimizer *o = gd_optimizer_find(names[k]);
        work w = begin(o, 3, 0xa5);
        set_param(&w.hyper, o->params, o->params_count, "weight_decay", 0.25);
        memcpy(w.theta, (double[]){2, 2, -3}, 3 * sizeof(double));
        for (int i = 0; i < 3; i++)
            step_with(&w, 0.5, weight);
        double left = 0.875 * 0.875 * 0.875;
        assert_close(w.theta[0], 2 * left, 4 * DBL_EPSILON);
        ck_assert_double_eq(w.theta[1], 2);
        assert_close(w.theta[2], -3 * left, 4 * DBL_EPSILON);
        end(&w);
    }
}
END_TEST

START_TEST(stays_where_the_gradient_is_zero)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step)
        return; /* test_lbfgs.c */
    work w = begin(o, 3, 0xa5);
    const double start[] = {1.713, -2.291, 0};
    no_decay(&w);
    memcpy(w.theta, start, sizeof start);
    for (int i = 0; i < 10; i++) {
        step(&w, 0.137);
        for (int j = 0; j < 3; j++)
            ck_assert_msg(w.theta[j] == start[j], "%s left a stationary point", o->name);
    }
    end(&w);
}
END_TEST

/* A second run between the steps of the first: state outside of the state would show. */
START_TEST(is_deterministic_and_keeps_no_state_of_its_own)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step)
        return; /* test_lbfgs.c */
    const double start[] = {1.713, -2.291, 0.587}, other[] = {-3, 5, 8};
    work a = begin(o, 3, 0x00), b = begin(o, 3, 0xa5), c = begin(o, 3, 0xff);
    memcpy(a.theta, start, sizeof start);
    memcpy(b.theta, start, sizeof start);
    memcpy(c.theta, other, sizeof other);
    for (int i = 0; i < 20; i++) {
        quadratic(&a);
        step(&a, 0.01);
    }
    for (int i = 0; i < 20; i++) {
        quadratic(&b);
        step(&b, 0.01);
        quadratic(&c);
        step(&c, 0.02);
    }
    assert_same_bits(a.theta, b.theta, 3);
    assert_same_bits(a.state, b.state, a.state_len);
    end(&a);
    end(&b);
    end(&c);
}
END_TEST

/* Every parameter is moved by its own gradient, wherever it stands in the array. */
/* Of the rules that say so: whoever does which part, in whatever order, the bits are the same. */
START_TEST(parts_of_an_update_are_the_whole)
{
    enum { N = 8 };
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step || !o->apart)
        return;
    work whole = begin(o, N, 0x11), parts = begin(o, N, 0x22);
    static const size_t cuts[] = {5, 8, 0, 3, 3, 5};
    for (int k = 1; k <= 5; k++) {
        for (size_t i = 0; i < N; i++)
            whole.gradient[i] = parts.gradient[i] = sin((double)(i + 1) * k);
        step(&whole, 0.01);
        parts.t++;
        for (size_t c = 0; c < 6; c += 2)
            o->step(&(gd_update){.theta = parts.theta,
                                 .gradient = parts.gradient,
                                 .weight = all_weights,
                                 .n = N,
                                 .first = cuts[c],
                                 .end = cuts[c + 1],
                                 .learning_rate = 0.01,
                                 .t = parts.t,
                                 .state = parts.state,
                                 .hyper = &parts.hyper});
        ck_assert_mem_eq(whole.theta, parts.theta, N * sizeof(double));
        ck_assert_mem_eq(whole.state, parts.state, whole.state_len * sizeof(double));
    }
    free(whole.state);
    free(parts.state);
}
END_TEST

START_TEST(every_parameter_is_moved)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!o->step)
        return; /* test_lbfgs.c */
    for (size_t n = 1; n < 9; n++) {
        work w = begin(o, n, 0xa5);
        for (size_t i = 0; i < n; i++)
            w.gradient[i] = i % 2 ? -0.391 : 0.871;
        for (int k = 0; k < 3; k++)
            step(&w, 0.137);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(w.theta[i] * w.gradient[i] < 0, "%s: parameter %zu of %zu", o->name, i,
                          n);
        end(&w);
    }
}
END_TEST

static void set_hyper(work *w, const golden *g)
{
    for (size_t k = 0; k < 4 && g->hyper[k].name; k++) {
        bool found = false;
        for (size_t i = 0; i < w->o->params_count; i++)
            if (strcmp(w->o->params[i].name, g->hyper[k].name) == 0) {
                found = true;
                ck_assert_int_eq(gd_param_set(&w->hyper, &w->o->params[i], g->hyper[k].value, NULL),
                                 GD_OK);
            }
        ck_assert_msg(found, "%s has no \"%s\"", g->optimizer, g->hyper[k].name);
    }
}

static void follow(const gd_optimizer *o, const golden *g)
{
    work w = begin(o, 3, 0xa5);
    set_hyper(&w, g);
    memset(w.state, 0xa5, w.state_len * sizeof *w.state);
    w.o->init(w.state, w.n, &w.hyper);
    memcpy(w.theta, golden_start, sizeof golden_start);
    for (int k = 0; k < GOLDEN_STEPS; k++) {
        for (int i = 0; i < 3; i++) {
            w.gradient[i] = -golden_b[i];
            for (int j = 0; j < 3; j++)
                w.gradient[i] += golden_a[i][j] * w.theta[j];
        }
        step_with(&w, g->learning_rate, golden_weight);
        /* A step rounds about ten times at values of up to 5, and the errors of eight steps
         * are hardly amplified. A forgotten term is off by 1e-3. */
        for (int i = 0; i < 3; i++)
            ck_assert_msg(fabs(w.theta[i] - g->theta[k][i]) <= 64 * DBL_EPSILON * 5,
                          "%s, step %d: theta[%d] is %.17g, not %.17g", o->name, k + 1, i,
                          w.theta[i], g->theta[k][i]);
    }
    end(&w);
}

static double golden_cost(void *ctx, const double *theta, double *gradient)
{
    double cost = 0;
    ++*(int *)ctx;
    for (int i = 0; i < 3; i++) {
        gradient[i] = -golden_b[i];
        for (int j = 0; j < 3; j++)
            gradient[i] += golden_a[i][j] * theta[j];
        cost += theta[i] * (gradient[i] - golden_b[i]) / 2;
    }
    return cost;
}

/* Of a rule that looks for its steps: the same to ten digits, since its steps are found from
 * differences of costs and gradients. */
static void follow_descent(const gd_optimizer *o, const golden *g)
{
    work w = begin(o, 3, 0xa5);
    set_hyper(&w, g);
    w.state_len = o->state_len(3, &w.hyper);
    w.state = realloc(w.state, w.state_len * sizeof *w.state);
    o->init(w.state, 3, &w.hyper);
    memcpy(w.theta, golden_start, sizeof golden_start);
    int passes = 0;
    gd_descent d = {.theta = w.theta,
                    .gradient = w.gradient,
                    .n = 3,
                    .eval = golden_cost,
                    .ctx = &passes,
                    .state = w.state,
                    .hyper = &w.hyper};
    d.cost = golden_cost(&passes, w.theta, w.gradient);
    for (int k = 0; k < GOLDEN_STEPS; k++) {
        double gradient[3];
        o->descend(&d);
        for (int i = 0; i < 3; i++)
            ck_assert_msg(fabs(w.theta[i] - g->theta[k][i]) <= 1e-10,
                          "%s, step %d: theta[%d] is %.17g, not %.17g", o->name, k + 1, i,
                          w.theta[i], g->theta[k][i]);
        ck_assert_double_eq(d.cost, golden_cost(&passes, w.theta, gradient));
        assert_same_bits(gradient, w.gradient, 3);
    }
    end(&w);
}

START_TEST(follows_the_golden_trajectories)
{
    const gd_optimizer *o = gd_optimizers[_i];
    int rows = 0;
    for (size_t i = 0; i < sizeof golden_rows / sizeof golden_rows[0]; i++)
        if (strcmp(golden_rows[i].optimizer, o->name) == 0) {
            if (o->descend)
                follow_descent(o, &golden_rows[i]);
            else
                follow(o, &golden_rows[i]);
            rows++;
        }
    ck_assert_msg(rows > 0, "optimizer %s has no row in tests/core/golden/make.py", o->name);
}
END_TEST

START_TEST(every_golden_row_belongs_to_an_optimizer)
{
    for (size_t i = 0; i < sizeof golden_rows / sizeof golden_rows[0]; i++)
        ck_assert_msg(gd_optimizer_find(golden_rows[i].optimizer) != NULL,
                      "golden row of \"%s\", which is no optimizer", golden_rows[i].optimizer);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("optimizer_laws");
    int n = (int)gd_optimizers_count;
    tcase_add_loop_test(tc, the_state_does_not_depend_on_what_memory_held_before, 0, n);
    tcase_add_loop_test(tc, converges_on_an_anisotropic_quadratic, 0, n);
    tcase_add_loop_test(tc, follows_rosenbrocks_valley_to_its_end, 0, n);
    tcase_add_loop_test(tc, the_stable_rate_is_where_stability_ends, 0, n);
    tcase_add_loop_test(tc, the_gain_is_that_of_steps_down_a_constant_slope, 0, n);
    tcase_add_test(tc, weights_decay_and_biases_do_not);
    tcase_add_loop_test(tc, stays_where_the_gradient_is_zero, 0, n);
    tcase_add_loop_test(tc, is_deterministic_and_keeps_no_state_of_its_own, 0, n);
    tcase_add_loop_test(tc, parts_of_an_update_are_the_whole, 0, n);
    tcase_add_loop_test(tc, every_parameter_is_moved, 0, n);
    tcase_add_loop_test(tc, follows_the_golden_trajectories, 0, n);
    tcase_add_test(tc, every_golden_row_belongs_to_an_optimizer);
    return run_case(tc, "optimizer_laws");
}
