/* What is fitted with penalties, and by the models that are not linear regression: against
 * closed forms, coordinate descent and Newton's method, written here. */
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static gd_spec exact_spec(uint64_t epochs)
{
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = epochs;
    return spec;
}

/* Trains to the end. inside: the parameters as trained; outside: in the data's units. */
static gd_state fit(const gd_data *d, const gd_spec *spec, double *inside, double *outside)
{
    gd_train *t = train_begin(d, spec, NULL);
    train_finish(t);
    gd_state s = *gd_train_state(t);
    ck_assert_msg(s.stop != GD_STOP_DIVERGED, "%s", gd_train_error(t)->message);
    if (inside)
        memcpy(inside, gd_train_params(t), gd_train_params_len(t) * sizeof *inside);
    if (outside)
        gd_train_params_unscaled(t, outside);
    gd_train_free(t);
    return s;
}

/* ---- penalties, in closed form ---- */

/* Three columns of mean 0 and square 1 that are orthogonal; `size` times them. */
static problem orthogonal(double size)
{
    double x[24], y[8];
    uint64_t seed = 311;
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 3; j++)
            x[3 * i + j] = size * (i >> j & 1 ? 1 : -1);
        y[i] = 2.7 + 1.9 * x[3 * i] / size - 0.4 * x[3 * i + 1] / size + 0.1 * x[3 * i + 2] / size +
               0.3 * random_signed(&seed);
    }
    return problem_of(x, y, 8, 3);
}

static double soft(double v, double by)
{
    return copysign(fmax(fabs(v) - by, 0), v);
}

/* J = 1/N |y - b - Xw|^2 + l1 |w|_1 + l2/2 |w|^2 for X'X = N: w = soft(2 x'y/N, l1) / (2 + l2)
 * and b the mean. */
static void check_orthogonal(double l1, double l2, const char *optimizer, double size)
{
    problem p = orthogonal(size);
    gd_spec spec = exact_spec(3000);
    use_optimizer(&spec, optimizer);
    spec.l1 = l1;
    spec.l2 = l2;
    double inside[4], outside[4];
    fit(&p.data, &spec, inside, outside);
    for (int j = 0; j < 4; j++) {
        double c = 0;
        for (int i = 0; i < 8; i++)
            c += p.targets[i] * (j < 3 ? p.rows[3 * i + j] / size : 1) / 8;
        double want = j < 3 ? soft(2 * c, l1) / (2 + l2) : c;
        if (want == 0)
            ck_assert_msg(inside[j] == 0 && outside[j] == 0, "%s: weight %d is %g, not exactly 0",
                          optimizer, j, inside[j]);
        assert_near(inside[j], want, 1e-13);
        assert_close(outside[j], j < 3 ? want / size : want, 1e-12);
    }
    problem_free(&p);
}

static const char *const proximal[] = {"gd", "momentum", "nesterov"};

START_TEST(lasso_and_ridge_of_an_orthogonal_design_are_a_soft_threshold)
{
    const double penalties[] = {0, 0.05, 0.7, 1.1, 3};
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < 5; b++)
            for (int k = 0; k < 2; k++)
                check_orthogonal(penalties[a], penalties[b], proximal[_i], k ? 37 : 1);
}
END_TEST

/* However large the penalty: all weights 0 and the mean (or the log odds, or the log of the
 * mean) as the intercept. */
START_TEST(the_intercept_is_never_penalised)
{
    const char *const models[] = {"linear_regression", "logistic_regression", "poisson_regression",
                                  "softmax_regression"};
    for (int k = 0; k < 4; k++) {
        gd_spec spec = exact_spec(20000);
        use_model(&spec, models[k]);
        gd_task task = task_of(spec.model);
        problem p = problem_for(task, task == GD_MULTICLASS ? 3 : 2, 40, 2, 312);
        double theta[9], share[3] = {0}, mean = 0;
        for (int i = 0; i < 40; i++) {
            mean += p.targets[i] / 40;
            for (int c = 0; c < 3; c++)
                share[c] += (p.targets[i] == c) / 40.;
        }
        spec.l1 = _i ? 0 : 100;
        spec.l2 = _i ? 300 : 0;
        fit(&p.data, &spec, theta, NULL);
        size_t outputs = task == GD_MULTICLASS ? 3 : 1, weights = 2 * outputs;
        for (size_t j = 0; j < weights; j++)
            if (_i == 0)
                ck_assert_double_eq(theta[j], 0);
            else
                ck_assert_double_le(fabs(theta[j]), 0.05);
        /* backtracking compares costs, and these are flat to 1e-16 within 1e-8 of the minimum */
        double room = _i ? 1e-2 : task == GD_COUNT ? 1e-7 : 1e-9;
        if (task == GD_REGRESSION)
            assert_near(theta[2], mean, room);
        else if (task == GD_COUNT)
            assert_near(theta[2], log(mean), room);
        else if (task == GD_BINARY)
            assert_near(theta[2], log(mean / (1 - mean)), room);
        else
            for (int c = 1; c < 3; c++)
                assert_near(theta[6 + c] - theta[6], log(share[c] / share[0]), room);
        problem_free(&p);
    }
}
END_TEST

/* ---- the elastic net, by coordinate descent ---- */

/* (x - mean) / std, in long double. */
static long double *standardized(const gd_data *d)
{
    long double *x = calloc(d->rows * d->cols, sizeof *x), n = (long double)d->rows;
    for (size_t j = 0; j < d->cols; j++) {
        long double mean = 0, square = 0;
        for (size_t i = 0; i < d->rows; i++)
            mean += d->X[i * d->cols + j] / n;
        for (size_t i = 0; i < d->rows; i++) {
            x[i * d->cols + j] = d->X[i * d->cols + j] - mean;
            square += x[i * d->cols + j] * x[i * d->cols + j];
        }
        for (size_t i = 0; i < d->rows; i++)
            x[i * d->cols + j] /= sqrtl(square / n);
    }
    return x;
}

static void coordinate_descent(const gd_data *d, double l1, double l2, double *w)
{
    long double *x = standardized(d), n = (long double)d->rows, mean = 0, r[64];
    ck_assert_uint_le(d->rows, 64);
    for (size_t i = 0; i < d->rows; i++)
        mean += d->y[i] / n;
    for (size_t i = 0; i < d->rows; i++)
        r[i] = d->y[i] - mean;
    memset(w, 0, d->cols * sizeof *w);
    for (int sweep = 0; sweep < 20000; sweep++)
        for (size_t j = 0; j < d->cols; j++) {
            long double c = w[j];
            for (size_t i = 0; i < d->rows; i++)
                c += x[i * d->cols + j] * r[i] / n;
            double next = soft((double)(2 * c), l1) / (2 + l2);
            for (size_t i = 0; i < d->rows; i++)
                r[i] -= x[i * d->cols + j] * (next - w[j]);
            w[j] = next;
        }
    free(x);
}

START_TEST(the_elastic_net_of_correlated_columns_is_that_of_coordinate_descent)
{
    const double l1[] = {0.3, 0.05, 0.9}, l2[] = {0, 0.2, 0.01};
    for (int k = 0; k < 3; k++) {
        problem p = problem_random(50, 6, 1.5, 313 + (uint64_t)k);
        for (size_t i = 0; i < 50; i++) {
            p.rows[6 * i + 1] += 1.5 * p.rows[6 * i];
            p.rows[6 * i + 4] -= p.rows[6 * i + 3];
        }
        gd_spec spec = exact_spec(30000);
        use_optimizer(&spec, proximal[_i]);
        spec.l1 = l1[k];
        spec.l2 = l2[k];
        double want[6], got[7];
        coordinate_descent(&p.data, l1[k], l2[k], want);
        gd_state s = fit(&p.data, &spec, got, NULL);
        for (int j = 0; j < 6; j++) {
            assert_near(got[j], want[j], 1e-8);
            ck_assert_msg((got[j] == 0) == (want[j] == 0), "weight %d is %g, not %g", j, got[j],
                          want[j]);
        }
        ck_assert_double_le(s.gradient_norm, 1e-8); /* of the shortest subgradient */
        problem_free(&p);
    }
}
END_TEST

/* ---- Newton's method ---- */

enum { MAX_N = 16 };

/* The means of a row, and what the cost's Hessian by the scores is. */
static void curve(gd_link link, size_t outputs, const long double *z, long double *mean,
                  long double h[3][3])
{
    long double total = 0;
    for (size_t k = 0; k < outputs; k++)
        total += mean[k] = expl(z[k]);
    if (link == GD_LOGIT) {
        mean[0] = 1 / (1 + expl(-z[0]));
        h[0][0] = mean[0] * (1 - mean[0]);
    } else if (link == GD_LOG) {
        h[0][0] = mean[0];
    } else {
        for (size_t k = 0; k < outputs; k++)
            mean[k] /= total;
        for (size_t k = 0; k < outputs; k++)
            for (size_t l = 0; l < outputs; l++)
                h[k][l] = mean[k] * ((k == l) - mean[l]);
    }
}

/* One step, on standardised columns. theta: weights row by row, then intercepts, as in core. */
static void newton_step(const gd_data *d, const long double *x, const gd_spec *spec, size_t outputs,
                        long double *theta)
{
    size_t cols = d->cols, n = outputs * (cols + 1), w = n + 1;
    long double a[MAX_N * (MAX_N + 1)] = {0}, rows = (long double)d->rows;
    for (size_t i = 0; i < d->rows; i++) {
        long double z[3], mean[3], h[3][3];
        for (size_t k = 0; k < outputs; k++) {
            z[k] = theta[outputs * cols + k];
            for (size_t j = 0; j < cols; j++)
                z[k] += theta[k * cols + j] * x[i * cols + j];
        }
        curve(spec->model->link, outputs, z, mean, h);
        for (size_t k = 0; k < outputs; k++)
            for (size_t j = 0; j <= cols; j++) {
                size_t at = j < cols ? k * cols + j : outputs * cols + k;
                long double xj = j < cols ? x[i * cols + j] : 1;
                long double y = outputs > 1 ? d->y[i] == (double)k : d->y[i];
                a[at * w + n] -= xj * (mean[k] - y) / rows;
                for (size_t l = 0; l < outputs; l++)
                    for (size_t m = 0; m <= cols; m++) {
                        size_t to = m < cols ? l * cols + m : outputs * cols + l;
                        a[at * w + to] += xj * h[k][l] * (m < cols ? x[i * cols + m] : 1) / rows;
                    }
            }
    }
    for (size_t j = 0; j < outputs * cols; j++) {
        a[j * w + j] += spec->l2;
        a[j * w + n] -= spec->l2 * theta[j];
    }
    /* Of softmax only differences between outputs count: the sum over outputs stays 0. */
    for (size_t k = 0; outputs > 1 && k < outputs; k++)
        for (size_t l = 0; l < outputs; l++)
            for (size_t j = 0; j <= cols; j++) {
                size_t at = j < cols ? k * cols + j : outputs * cols + k;
                a[at * w + (j < cols ? l * cols + j : outputs * cols + l)] += 1;
            }
    solve_linear(a, n);
    for (size_t j = 0; j < n; j++)
        theta[j] += a[j * w + n];
}

static const char *const curved[] = {"logistic_regression", "softmax_regression",
                                     "poisson_regression"};

START_TEST(the_fit_is_that_of_newtons_method)
{
    const double l2[] = {0, 0.1};
    for (int k = 0; k < 2; k++) {
        gd_spec spec = exact_spec(40000);
        use_model(&spec, curved[_i]);
        spec.l2 = l2[k];
        size_t outputs = task_of(spec.model) == GD_MULTICLASS ? 3 : 1, n = outputs * 4;
        problem p = problem_for(task_of(spec.model), outputs > 1 ? 3 : 2, 60, 3, 314);
        long double *x = standardized(&p.data), want[MAX_N] = {0};
        for (int i = 0; i < 40; i++)
            newton_step(&p.data, x, &spec, outputs, want);
        double got[MAX_N];
        gd_state s = fit(&p.data, &spec, got, NULL);
        /* backtracking takes steps on trust that should gain less than 4 eps J, rate/4 |g|^2; one that
         * is too long may double the slope before it is seen */
        double trusted = 4 * sqrt(DBL_EPSILON * s.cost / s.learning_rate);
        ck_assert_double_le(s.gradient_norm, fmax(1e-8, 2 * trusted));
        for (size_t j = 0; j < n; j++)
            assert_near(got[j], (double)want[j], 1e-8 * (1 + fabs((double)want[j])));
        free(x);
        problem_free(&p);
    }
}
END_TEST

/* ---- costs whose slope jumps ---- */

/* One column of zeros: only the intercept can do anything. A step is 0.01 / sqrt(epoch). */
static double fitted_constant(const char *cost, const char *param, double value)
{
    const double zeros[7] = {0}, y[] = {4, -1, 16, 2, 1, 8, 0.5};
    problem p = problem_of(zeros, y, 7, 1);
    gd_spec spec = exact_spec(20000);
    use_cost(&spec, cost);
    if (param)
        set_param(&spec.cost_hyper, spec.cost->params, spec.cost->params_count, param, value);
    use_schedule(&spec, "inverse_scaling");
    spec.learning_rate = 0.3;
    double theta[2];
    fit(&p.data, &spec, theta, NULL);
    ck_assert_double_eq(theta[0], 0);
    problem_free(&p);
    return theta[1];
}

/* Sorted: -1 0.5 1 2 4 8 16. The q-quantile is the value k with (k - 1)/7 < q < k/7. */
START_TEST(mae_finds_the_median_and_quantile_the_quantiles)
{
    double step = 0.3 / sqrt(20000.);
    assert_near(fitted_constant("mae", NULL, 0), 2, step);
    assert_near(fitted_constant("quantile", "q", 0.5), 2, step);
    assert_near(fitted_constant("quantile", "q", 0.2), 0.5, step);
    assert_near(fitted_constant("quantile", "q", 0.8), 8, step);
    assert_near(fitted_constant("quantile", "q", 0.1), -1, step);
    /* from 7 on a tube of 9 around 7 leaves nothing outside; one of 1 around the median does */
    double middle = fitted_constant("epsilon_insensitive", "epsilon", 8.6);
    ck_assert(middle >= 7.4 - step && middle <= 7.6 + step);
}
END_TEST

/* ---- every pair ---- */

/* At 1/L (or by backtracking) the cost never rises, whatever the penalties. */
START_TEST(the_cost_never_rises_at_auto)
{
    const gd_model *m = gd_models[(size_t)_i / gd_costs_count];
    const gd_cost *c = gd_costs[(size_t)_i % gd_costs_count];
    if (!(task_of(m) & c->tasks) || !c->smooth)
        return;
    problem p = problem_for(task_of(m), task_of(m) == GD_MULTICLASS ? 3 : 2, 60, 4, 315);
    for (int k = 0; k < 8; k++) {
        gd_spec spec = exact_spec(300);
        use_model(&spec, m->name);
        use_cost(&spec, c->name);
        spec.l1 = k & 1 ? 0.02 : 0;
        spec.l2 = k & 2 ? 0.1 : 0;
        spec.standardize = k & 4;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        double before = INFINITY, first = 0;
        gd_step step;
        while ((step = gd_train_step(t)) != GD_STEP_DONE) {
            double cost = gd_train_state(t)->cost;
            if (step != GD_STEP_EPOCH)
                continue;
            if (gd_train_state(t)->epoch == 0)
                first = cost;
            ck_assert_msg(cost <= before * (1 + 100 * DBL_EPSILON),
                          "%s, %s, %d, epoch %llu: from %.17g to %.17g", m->name, c->name, k,
                          (unsigned long long)gd_train_state(t)->epoch, before, cost);
            before = cost;
        }
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
        ck_assert_double_lt(before, 0.98 * first);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* Every optimizer at its own customary rate gets somewhere on every model. */
START_TEST(every_optimizer_lowers_the_cost_of_every_model)
{
    const gd_model *m = gd_models[(size_t)_i / gd_optimizers_count];
    const gd_optimizer *o = gd_optimizers[(size_t)_i % gd_optimizers_count];
    problem p = problem_for(task_of(m), task_of(m) == GD_MULTICLASS ? 3 : 2, 60, 4, 316);
    gd_spec spec = exact_spec(200);
    use_model(&spec, m->name);
    use_optimizer(&spec, o->name);
    spec.learning_rate = o->customary_rate || o->descend ? GD_AUTO : 0.02;
    spec.batch_size = o->descend ? GD_FULL_BATCH : 16;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_train_step(t);
    while (gd_train_step(t) != GD_STEP_EPOCH)
        ;
    double first = gd_train_state(t)->cost;
    train_finish(t);
    ck_assert_msg(gd_train_state(t)->cost < first * (o->customary_rate == 0.0001 ? 0.99999 : 0.99),
                  "%s, %s: from %g to %g", m->name, o->name, first, gd_train_state(t)->cost);
    bool ends = o->descend && m->linear; /* where nothing is lower any more */
    ck_assert_int_eq(gd_train_state(t)->stop, ends ? GD_STOP_CONVERGED : GD_STOP_MAX_EPOCHS);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- backtracking ---- */

static gd_train *poisson_run(const gd_data *d, uint64_t epochs)
{
    gd_spec spec = exact_spec(epochs);
    use_model(&spec, "poisson_regression");
    ck_assert(gd_spec_backtracks(&spec));
    return train_begin(d, &spec, NULL);
}

/* Counts from 0 to thousands: no constant rate is right at the start and at the end. */
START_TEST(backtracking_fits_counts_of_any_size)
{
    double x[30], y[30];
    for (int i = 0; i < 30; i++) {
        x[i] = i / 3.;
        y[i] = floor(exp(0.5 + 0.8 * x[i]));
    }
    problem p = problem_of(x, y, 30, 1);
    gd_train *t = poisson_run(&p.data, 20000);
    train_finish(t);
    double theta[2], g[2] = {0};
    gd_train_params_unscaled(t, theta);
    for (int i = 0; i < 30; i++) {
        double r = (exp(theta[0] * x[i] + theta[1]) - y[i]) / 30;
        g[0] += r * x[i];
        g[1] += r;
    }
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    assert_near(g[0], 0, 1e-4); /* of counts of up to 3000 */
    assert_near(g[1], 0, 1e-4);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Counts of 1: the start is the optimum and the gradient exactly 0. The step may not grow and
 * grow, as nothing ever refuses it. */
START_TEST(backtracking_at_a_gradient_of_zero_keeps_its_rate_finite)
{
    const double x[] = {1, 2, 4}, y[] = {1, 1, 1};
    problem p = problem_of(x, y, 3, 1);
    gd_train *t = poisson_run(&p.data, 1500);
    train_finish(t);
    ck_assert_double_eq(gd_train_state(t)->cost, 0);
    ck_assert_msg(isfinite(gd_train_state(t)->learning_rate), "learning_rate %g",
                  gd_train_state(t)->learning_rate);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("fits");
    int models = (int)gd_models_count;
    tcase_add_loop_test(tc, lasso_and_ridge_of_an_orthogonal_design_are_a_soft_threshold, 0, 3);
    tcase_add_loop_test(tc, the_intercept_is_never_penalised, 0, 2);
    tcase_add_loop_test(tc, the_elastic_net_of_correlated_columns_is_that_of_coordinate_descent, 0,
                        3);
    tcase_add_loop_test(tc, the_fit_is_that_of_newtons_method, 0, 3);
    tcase_add_test(tc, mae_finds_the_median_and_quantile_the_quantiles);
    tcase_add_loop_test(tc, the_cost_never_rises_at_auto, 0, models * (int)gd_costs_count);
    tcase_add_loop_test(tc, every_optimizer_lowers_the_cost_of_every_model, 0,
                        models * (int)gd_optimizers_count);
    tcase_add_test(tc, backtracking_fits_counts_of_any_size);
    tcase_add_test(tc, backtracking_at_a_gradient_of_zero_keeps_its_rate_finite);
    return run_case(tc, "fits");
}
