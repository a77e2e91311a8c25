/* L-BFGS and its line search beyond the golden steps of test_optimizer_laws.c: functions whose
 * minima are known, the conditions that each step must meet, runs that are saved in the middle,
 * and regressions against Newton's method, done here in long double. */
#include "gd_line_search.h"
#include "gd_spec.h"
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define MAX_N 12
#define GUARD 1234.5

typedef double function(const double *theta, double *gradient, size_t n);

/* A function that is descended, and all that was seen on the way. */
typedef struct work {
    function *f;
    gd_hyper hyper;
    size_t n, state_len, passes;
    double theta[MAX_N + 1], gradient[MAX_N + 1], *state;
    gd_descent d;
} work;

static double eval(void *ctx, const double *theta, double *gradient)
{
    work *w = ctx;
    w->passes++;
    return w->f(theta, gradient, w->n);
}

static const gd_optimizer *rule(void)
{
    return gd_optimizer_find("lbfgs");
}

static void set(work *w, const char *name, double value)
{
    set_param(&w->hyper, rule()->params, rule()->params_count, name, value);
}

static void work_defaults(work *w)
{
    memset(w, 0, sizeof *w);
    gd_param_defaults(&w->hyper, rule()->params, rule()->params_count);
}

static void begin(work *w, function *f, const double *start, size_t n)
{
    w->f = f;
    w->n = n;
    w->state_len = rule()->state_len(n, &w->hyper);
    w->state = malloc((w->state_len + 1) * sizeof *w->state);
    memset(w->state, 0xa5, w->state_len * sizeof *w->state);
    rule()->init(w->state, n, &w->hyper);
    memcpy(w->theta, start, n * sizeof *start);
    w->theta[n] = w->gradient[n] = w->state[w->state_len] = GUARD;
    w->d = (gd_descent){.theta = w->theta,
                        .gradient = w->gradient,
                        .n = n,
                        .eval = eval,
                        .ctx = w,
                        .state = w->state,
                        .hyper = &w->hyper};
    w->d.cost = eval(w, w->theta, w->gradient);
}

/* One iteration; what is left behind must be of one point, and nothing else touched. */
static void descend(work *w)
{
    double gradient[MAX_N];
    rule()->descend(&w->d);
    double cost = w->f(w->theta, gradient, w->n);
    ck_assert_double_eq(cost, w->d.cost);
    assert_same_bits(gradient, w->gradient, w->n);
    ck_assert_double_eq(w->theta[w->n], GUARD);
    ck_assert_double_eq(w->gradient[w->n], GUARD);
    ck_assert_double_eq(w->state[w->state_len], GUARD);
}

static double norm(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sqrt(sum);
}

/* ---- functions ---- */

static double rosenbrock(const double *t, double *g, size_t n)
{
    (void)n;
    double a = t[1] - t[0] * t[0], b = 1 - t[0];
    g[0] = -400 * t[0] * a - 2 * b;
    g[1] = 200 * a;
    return 100 * a * a + b * b;
}

/* 1/2 sum a_i (theta_i - i)^2, the a_i from 1 to 10^6. */
static double steep(const double *t, double *g, size_t n)
{
    double cost = 0;
    for (size_t i = 0; i < n; i++) {
        double a = pow(10, 6 * (double)i / (double)(n - 1)), r = t[i] - (double)i;
        g[i] = a * r;
        cost += a * r * r / 2;
    }
    return cost;
}

/* The same with a_i = 1 .. n: n directions, each with a curvature of its own. */
static double gentle(const double *t, double *g, size_t n)
{
    double cost = 0;
    for (size_t i = 0; i < n; i++) {
        g[i] = (double)(i + 1) * (t[i] - 0.391);
        cost += g[i] * (t[i] - 0.391) / 2;
    }
    return cost;
}

/* Infinite beyond 1: -log(1 - x) - x / 2, with its minimum at x = -1. */
static double wall(const double *t, double *g, size_t n)
{
    (void)n;
    g[0] = t[0] < 1 ? 1 / (1 - t[0]) - 0.5 : NAN;
    return t[0] < 1 ? -log(1 - t[0]) - t[0] / 2 : INFINITY;
}

/* Flatter and flatter: x^4, whose first gradient is far from the scale of what follows. */
static double quartic(const double *t, double *g, size_t n)
{
    double cost = 0;
    for (size_t i = 0; i < n; i++) {
        g[i] = 4 * t[i] * t[i] * t[i];
        cost += t[i] * t[i] * t[i] * t[i];
    }
    return cost;
}

static double linear(const double *t, double *g, size_t n)
{
    (void)n;
    g[0] = -1;
    return -t[0];
}

static const struct {
    const char *name;
    function *f;
    size_t n;
    double start[MAX_N];
} functions[] = {{"rosenbrock", rosenbrock, 2, {-1.2, 1}},
                 {"rosenbrock from afar", rosenbrock, 2, {-30, 40}},
                 {"steep", steep, 8, {3, -1, 4, -1, 5, -9, 2, -6}},
                 {"gentle", gentle, 5, {3, -1, 4, -1, 5}},
                 {"wall", wall, 1, {0.999}},
                 {"quartic", quartic, 3, {100, -1, 1e-3}}};
#define FUNCTIONS (int)(sizeof functions / sizeof functions[0])

/* ---- where it leads ---- */

START_TEST(rosenbrock_is_solved_from_its_usual_start)
{
    work w;
    work_defaults(&w);
    begin(&w, rosenbrock, (double[]){-1.2, 1}, 2);
    int k = 0;
    for (; k < 60 && fmax(fabs(w.theta[0] - 1), fabs(w.theta[1] - 1)) > 1e-10; k++)
        descend(&w);
    assert_near(w.theta[0], 1, 1e-10);
    assert_near(w.theta[1], 1, 1e-10);
    ck_assert_int_le(k, 50); /* Nocedal, Wright, 6.1: BFGS takes 34 from here */
    free(w.state);
}
END_TEST

START_TEST(an_ill_conditioned_quadratic_is_solved)
{
    work w;
    work_defaults(&w);
    begin(&w, steep, functions[2].start, 8);
    for (int k = 0; k < 400 && (k == 0 || w.d.step_length > 0); k++)
        descend(&w);
    for (int i = 0; i < 8; i++)
        assert_near(w.theta[i], i, 1e-9);
    free(w.state);
}
END_TEST

/* With exact line searches and history for all of them, BFGS ends after n steps on a quadratic of
 * n variables (Nocedal, Wright, theorem 6.4); nearly exact ones come near in n + 1. */
START_TEST(a_quadratic_of_n_variables_takes_n_and_1_steps)
{
    for (size_t n = 1; n <= 6; n++) {
        work w;
        work_defaults(&w);
        set(&w, "c2", 1e-3);
        begin(&w, gentle, (double[]){3, -1, 4, -1, 5, -9}, n);
        double first = w.d.cost;
        for (size_t k = 0; k < n + 1; k++)
            descend(&w);
        ck_assert_msg(w.d.cost < 1e-9 * first, "n = %zu: from %g to %g", n, first, w.d.cost);
        free(w.state);
    }
}
END_TEST

/* By hand: J = a x^2 / 2 from x0 with |g| > 1 first goes 1 towards 0; then the one pair knows the
 * curvature exactly, and the unit step is Newton's. */
START_TEST(one_variable_takes_newtons_step_second)
{
    work w;
    work_defaults(&w);
    begin(&w, gentle, (double[]){5.391}, 1); /* g = 5 */
    descend(&w);
    assert_close(w.theta[0], 4.391, 1e-15);
    ck_assert_double_eq(w.d.step_length, 1);
    descend(&w);
    assert_close(w.theta[0], 0.391, 1e-14);
    ck_assert_double_eq(w.d.step_length, 1);
    ck_assert_uint_eq(w.passes, 3); /* the start, and one a step */
    free(w.state);
}
END_TEST

/* ---- what each step must be ---- */

START_TEST(every_step_meets_the_strong_wolfe_conditions)
{
    const double c2s[] = {0.9, 0.1, 1e-3};
    for (int c = 0; c < 3; c++) {
        work w;
        work_defaults(&w);
        set(&w, "c2", c2s[c]);
        begin(&w, functions[_i].f, functions[_i].start, functions[_i].n);
        int steps = 0;
        for (int k = 0; k < 200; k++) {
            double from[MAX_N], before[MAX_N], cost = w.d.cost, slope = 0, after = 0;
            memcpy(from, w.theta, sizeof from);
            memcpy(before, w.gradient, sizeof before);
            size_t passes = w.passes;
            descend(&w);
            ck_assert_uint_le(w.passes - passes, 2 * 25 + 2);
            if (w.d.step_length == 0)
                break;
            /* the direction is the step over its length: the conditions by slopes along it */
            double a = w.d.step_length, moved = 0;
            for (size_t i = 0; i < w.n; i++) {
                double p = (w.theta[i] - from[i]) / a;
                moved = fmax(moved, fabs(w.theta[i] - from[i]));
                slope += before[i] * p;
                after += w.gradient[i] * p;
            }
            if (cost - w.d.cost <= 1e-12 * fabs(cost) || moved < 1e-8 * (1 + norm(from, w.n)))
                continue; /* rounding decides, or hides the direction from here */
            ck_assert_msg(w.d.cost <= cost + 1e-4 * a * slope * (1 - 1e-9),
                          "%s, step %d: from %.17g to %.17g", functions[_i].name, k, cost,
                          w.d.cost);
            ck_assert_msg(fabs(after) <= -c2s[c] * slope * (1 + 1e-6),
                          "%s, step %d: slope %g, was %g", functions[_i].name, k, after, slope);
            steps++;
        }
        ck_assert_int_ge(steps, 1);
        free(w.state);
    }
}
END_TEST

/* It ends where nothing is lower, and stays there. */
START_TEST(descent_ends_and_stays_where_it_ended)
{
    work w;
    work_defaults(&w);
    begin(&w, functions[_i].f, functions[_i].start, functions[_i].n);
    double first = norm(w.gradient, w.n), cost = INFINITY;
    int k = 0;
    for (; k < 2000 && (k == 0 || w.d.step_length > 0); k++) {
        descend(&w);
        ck_assert_double_le(w.d.cost, fmin(cost, 1e300) + 1e-14 * fabs(w.d.cost));
        cost = w.d.cost;
    }
    ck_assert_msg(w.d.step_length == 0, "%s goes on and on", functions[_i].name);
    ck_assert_msg(norm(w.gradient, w.n) <= 1e-7 * first, "%s: gradient %g", functions[_i].name,
                  norm(w.gradient, w.n));
    double theta[MAX_N];
    memcpy(theta, w.theta, sizeof theta);
    descend(&w);
    ck_assert_double_eq(w.d.step_length, 0);
    assert_same_bits(theta, w.theta, w.n);
    free(w.state);
}
END_TEST

START_TEST(a_wall_is_not_run_through)
{
    work w;
    work_defaults(&w);
    begin(&w, wall, (double[]){-1e6}, 1);
    for (int k = 0; k < 100 && (k == 0 || w.d.step_length > 0); k++) {
        descend(&w);
        ck_assert(isfinite(w.d.cost));
        ck_assert_double_lt(w.theta[0], 1);
    }
    assert_near(w.theta[0], -1, 1e-6);
    free(w.state);
}
END_TEST

/* Without a minimum no step ends flat: the longest that was seen to lower the cost is taken. */
START_TEST(an_endless_slope_is_gone_down_in_long_steps)
{
    work w;
    work_defaults(&w);
    set(&w, "max_line_search", 6);
    begin(&w, linear, (double[]){0}, 1);
    descend(&w);
    ck_assert_double_gt(w.d.step_length, 100); /* 5^5 at the most */
    ck_assert_double_gt(w.theta[0], 100);
    ck_assert_uint_le(w.passes, 1 + 6 + 1);
    free(w.state);
}
END_TEST

/* A history of steps from another function is thrown away when it leads up. */
START_TEST(a_memory_that_misleads_is_given_up)
{
    work w;
    work_defaults(&w);
    begin(&w, gentle, (double[]){3, -1}, 2);
    descend(&w);
    w.state[2] = -w.state[2]; /* rho of the first pair: H is negative along it */
    w.state[2 + 2 * 10] *= -1;
    double cost = w.d.cost;
    for (int k = 0; k < 20 && w.d.step_length > 0; k++) {
        descend(&w);
        ck_assert_double_le(w.d.cost, cost);
        cost = w.d.cost;
    }
    assert_near(w.theta[0], 0.391, 1e-7);
    assert_near(w.theta[1], 0.391, 1e-7);
    free(w.state);
}
END_TEST

/* The state is all there is: copied in mid-run it goes on with the same bits. */
START_TEST(a_copy_of_the_state_goes_on_with_the_same_bits)
{
    work a, b;
    work_defaults(&a);
    work_defaults(&b);
    set(&a, "history_size", 3);
    set(&b, "history_size", 3);
    begin(&a, steep, functions[2].start, 8);
    begin(&b, steep, functions[3].start, 8);
    for (int k = 0; k < 7; k++)
        descend(&a);
    memcpy(b.theta, a.theta, sizeof a.theta);
    memcpy(b.gradient, a.gradient, sizeof a.gradient);
    memcpy(b.state, a.state, a.state_len * sizeof *a.state);
    b.d.cost = a.d.cost;
    for (int k = 0; k < 9; k++) {
        descend(&a);
        descend(&b);
        assert_same_bits(a.theta, b.theta, 8);
        assert_same_bits(a.state, b.state, a.state_len);
    }
    free(a.state);
    free(b.state);
}
END_TEST

/* ---- whole runs ---- */

static gd_spec run_spec(const char *model)
{
    gd_spec spec = spec_defaults();
    use_model(&spec, model);
    use_optimizer(&spec, "lbfgs");
    spec.tol = 0;
    return spec;
}

/* Newton's method for logistic regression with l2 on the weights, in long double. */
static void newton(const problem *p, size_t cols, double l2, double *theta)
{
    size_t n = cols + 1, rows = p->data.rows;
    long double t[MAX_N] = {0};
    for (int k = 0; k < 30; k++) {
        long double a[MAX_N * (MAX_N + 1)] = {0};
        for (size_t i = 0; i < rows; i++) {
            long double z = t[cols], x[MAX_N];
            for (size_t j = 0; j < cols; j++)
                z += t[j] * (x[j] = p->rows[i * cols + j]);
            x[cols] = 1;
            long double q = 1 / (1 + expl(-z)), w = q * (1 - q);
            for (size_t r = 0; r < n; r++) {
                for (size_t c = 0; c < n; c++)
                    a[r * (n + 1) + c] += w * x[r] * x[c] / rows;
                a[r * (n + 1) + n] += (q - p->targets[i]) * x[r] / rows;
            }
        }
        for (size_t j = 0; j < cols; j++) {
            a[j * (n + 1) + j] += l2;
            a[j * (n + 1) + n] += l2 * t[j];
        }
        solve_linear(a, n);
        for (size_t j = 0; j < n; j++)
            t[j] -= a[j * (n + 1) + n];
    }
    for (size_t j = 0; j < n; j++)
        theta[j] = (double)t[j];
}

START_TEST(logistic_regression_agrees_with_newtons_method)
{
    problem p = problem_for(GD_BINARY, 2, 80, 4, 751);
    const double l2s[] = {0, 0.1};
    for (int k = 0; k < 2; k++) {
        gd_spec spec = run_spec("logistic_regression");
        double want[5], got[5];
        spec.standardize = false;
        spec.l2 = l2s[k];
        newton(&p, 4, l2s[k], want);
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED); /* though tol is 0 */
        ck_assert_uint_lt(gd_train_state(t)->epoch, 60);
        gd_train_params_unscaled(t, got);
        for (int i = 0; i < 5; i++)
            assert_near(got[i], want[i], 1e-11 * (1 + fabs(want[i])));
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* NIST, Statistical Reference Datasets: certified by arithmetic of 500 digits. */
START_TEST(norris_is_fitted_to_the_certified_digits)
{
    problem p = problem_nist("norris.csv");
    gd_spec spec = run_spec("linear_regression");
    double got[2];
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    gd_train_params_unscaled(t, got);
    assert_close(got[0], 1.00211681802045, 1e-13);
    assert_close(got[1], -0.262323073774029, 1e-11);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* An epoch is one pass an evaluation: cost and gradient come from the search itself. */
static bool count_blocks(void *ctx)
{
    ++*(int *)ctx;
    return false;
}

static void run_in_turn(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

START_TEST(no_pass_over_the_data_is_made_twice)
{
    const double x[] = {-1, 1}, y[] = {-3, 3};
    problem p = problem_of(x, y, 2, 1);
    gd_spec spec = run_spec("linear_regression");
    int passes = 0;
    gd_executor executor = {1, run_in_turn, &passes, count_blocks};
    gd_train *t;
    spec.standardize = spec.intercept = false;
    spec.gram = GD_GRAM_NEVER; /* which needs no passes */
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, NULL), GD_OK);
    while (gd_train_step(t) != GD_STEP_EPOCH)
        ;
    int before = passes;
    /* J = (3 - w)^2 from 0: one step of length 1, then Newton's */
    gd_train_step(t);
    ck_assert_double_eq(gd_train_params(t)[0], 1);
    ck_assert_double_eq(gd_train_state(t)->cost, 4);
    ck_assert_double_eq(gd_train_state(t)->learning_rate, 1);
    ck_assert_int_eq(passes, before + 1);
    gd_train_step(t);
    ck_assert_double_eq(gd_train_params(t)[0], 3);
    ck_assert_int_eq(passes, before + 2);
    ck_assert_int_eq(gd_train_step(t), GD_STEP_EPOCH);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    ck_assert_double_eq(gd_train_state(t)->learning_rate, 0);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(every_smooth_cost_converges_in_few_epochs)
{
    const gd_cost *c = gd_costs[_i];
    if (!c->smooth)
        return;
    gd_task task = c->tasks & GD_REGRESSION   ? GD_REGRESSION
                   : c->tasks & GD_COUNT      ? GD_COUNT
                   : c->tasks & GD_MULTICLASS ? GD_MULTICLASS
                                              : GD_BINARY;
    const char *model = task == GD_REGRESSION   ? "linear_regression"
                        : task == GD_COUNT      ? "poisson_regression"
                        : task == GD_MULTICLASS ? "softmax_regression"
                                                : "svm";
    if (strcmp(c->name, "logistic") == 0)
        model = "logistic_regression";
    problem p = problem_for(task, task == GD_MULTICLASS ? 3 : 2, 200, 4, 752);
    gd_spec spec = run_spec(model);
    use_cost(&spec, c->name);
    spec.l2 = 0.01;
    spec.tol = 1e-6;
    spec.tol_on = GD_TOL_GRADIENT;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    ck_assert_double_le(gd_train_state(t)->gradient_norm, 1e-6);
    ck_assert_uint_lt(gd_train_state(t)->epoch, 60);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- what is refused ---- */

static void refused(const gd_spec *s, const char *field, const char *instead)
{
    gd_error err = {0};
    ck_assert_int_eq(gd_spec_check(s, &err), GD_INVALID);
    ck_assert_str_eq(err.field, field);
    ck_assert_msg(strstr(err.message, instead) != NULL, "%s: \"%s\" says nothing of %s", field,
                  err.message, instead);
}

START_TEST(what_a_line_search_can_not_go_with_is_refused)
{
    const gd_spec plain = run_spec("linear_regression");
    const double bound[] = {0};
    ck_assert_int_eq(gd_spec_check(&plain, NULL), GD_OK);
    gd_spec s = plain;
    s.batch_size = 10;
    refused(&s, "batch_size", "adam");
    s = plain;
    s.learning_rate = 0.1;
    refused(&s, "learning_rate", "auto");
    s = plain;
    use_schedule(&s, "cosine");
    refused(&s, "schedule", "constant");
    s = plain;
    s.clip_norm = 1;
    refused(&s, "clip_norm", "none");
    s = plain;
    s.clip_value = 1;
    refused(&s, "clip_value", "none");
    s = plain;
    s.l1 = 0.1;
    refused(&s, "l1", "l2");
    s.l1 = GD_PATH;
    refused(&s, "l1", "l2");
    s = plain;
    s.non_negative = true;
    refused(&s, "non_negative", "gd");
    s = plain;
    s.lower = bound;
    refused(&s, "bounds", "gd");
    s = plain;
    s.upper = bound;
    refused(&s, "bounds", "gd");
    s = plain;
    s.average = true;
    refused(&s, "average", "false");
    s = plain;
    use_cost(&s, "mae");
    refused(&s, "optimizer", "adam");
    problem p = problem_random(10, 1, 0.5, 753);
    gd_train *t = train_begin(&p.data, &plain, NULL);
    ck_assert_int_eq(gd_train_adjust(t, 0.1, NAN, 0, NULL), GD_INVALID);
    ck_assert_int_eq(gd_train_adjust(t, NAN, 0.1, 7, NULL), GD_OK);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("lbfgs");
    tcase_add_test(tc, rosenbrock_is_solved_from_its_usual_start);
    tcase_add_test(tc, an_ill_conditioned_quadratic_is_solved);
    tcase_add_test(tc, a_quadratic_of_n_variables_takes_n_and_1_steps);
    tcase_add_test(tc, one_variable_takes_newtons_step_second);
    tcase_add_loop_test(tc, every_step_meets_the_strong_wolfe_conditions, 0, FUNCTIONS);
    tcase_add_loop_test(tc, descent_ends_and_stays_where_it_ended, 0, FUNCTIONS);
    tcase_add_test(tc, a_wall_is_not_run_through);
    tcase_add_test(tc, an_endless_slope_is_gone_down_in_long_steps);
    tcase_add_test(tc, a_memory_that_misleads_is_given_up);
    tcase_add_test(tc, a_copy_of_the_state_goes_on_with_the_same_bits);
    tcase_add_test(tc, logistic_regression_agrees_with_newtons_method);
    tcase_add_test(tc, norris_is_fitted_to_the_certified_digits);
    tcase_add_test(tc, no_pass_over_the_data_is_made_twice);
    tcase_add_loop_test(tc, every_smooth_cost_converges_in_few_epochs, 0, (int)gd_costs_count);
    tcase_add_test(tc, what_a_line_search_can_not_go_with_is_refused);
    return run_case(tc, "lbfgs");
}
