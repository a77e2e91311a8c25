/* gd_certificate: the gap to the best cost, against best costs found without it: by golden
 * sections, one inside the other, which need nothing but a convex cost; by the normal equations of
 * least squares; by a long accelerated descent for softmax. And the laws of Fenchel and Young. */
#include "gd_certificate.h"
#include "gd_limits.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 24

typedef struct setup {
    problem p;
    gd_spec spec;
    gd_fit fit;
    double weights[ROWS], offset[ROWS];
    double lower[2], upper[2];
} setup;

static const char *model_of(const gd_cost *c)
{
    if (c->tasks & GD_REGRESSION)
        return "linear_regression";
    if (c->tasks & GD_COUNT)
        return "poisson_regression";
    return c->tasks & GD_BINARY ? "svm" : "softmax_regression";
}

static void set_up(setup *s, const gd_cost *c, size_t cols, bool intercept, uint64_t seed)
{
    gd_task task = gd_model_find(model_of(c))->task;
    s->p = problem_for(task, task == GD_MULTICLASS ? 3 : 2, ROWS, cols, seed);
    s->spec = spec_defaults();
    use_model(&s->spec, model_of(c));
    use_cost(&s->spec, c->name);
    s->spec.intercept = intercept;
    s->fit = (gd_fit){.model = s->spec.model,
                      .shape = gd_spec_shape(&s->spec, cols, s->p.data.classes),
                      .cost = c,
                      .cost_hyper = &s->spec.cost_hyper,
                      .data = &s->p.data,
                      .rows = {.count = ROWS}};
    for (size_t i = 0; i < ROWS; i++) {
        s->weights[i] = i % 7 == 6 ? 0 : 1.5 + random_signed(&seed);
        s->offset[i] = 0.3 * random_signed(&seed);
    }
}

/* J, written out */
static double objective(const setup *s, const double *theta)
{
    const gd_fit *f = &s->fit;
    double sum = 0, total = 0, penalty = 0;
    size_t cols = f->shape.cols, outputs = f->shape.outputs;
    for (size_t i = 0; i < f->rows.count; i++) {
        double z[8], w = f->weights ? f->weights[i] : 1;
        for (size_t k = 0; k < outputs; k++) {
            z[k] = (f->offset ? f->offset[i] : 0) +
                   (f->shape.intercept ? theta[outputs * cols + k] : 0);
            for (size_t j = 0; j < cols; j++)
                z[k] += s->p.rows[i * cols + j] * theta[k * cols + j];
        }
        sum += w * f->cost->eval(z, &s->p.targets[i], 1, outputs, NULL, f->cost_hyper);
        total += w;
    }
    for (size_t j = 0; j < cols * outputs; j++)
        penalty += f->l1 * fabs(theta[j]) + 0.5 * f->l2 * theta[j] * theta[j];
    return sum / total + penalty;
}

/* The least J over theta[0 .. n), by golden sections between -bound and bound. */
static double least(const setup *s, double *theta, size_t n, double *low, double *high)
{
    const double ratio = 0.61803398874989484820;
    if (n == 0)
        return objective(s, theta);
    double a = low[n - 1], b = high[n - 1];
    double x = b - ratio * (b - a), y = a + ratio * (b - a), *t = &theta[n - 1];
    *t = x;
    double fx = least(s, theta, n - 1, low, high);
    *t = y;
    double fy = least(s, theta, n - 1, low, high);
    for (int i = 0; i < 75; i++) {
        if (fx <= fy) {
            b = y, y = x, fy = fx;
            *t = x = b - ratio * (b - a);
            fx = least(s, theta, n - 1, low, high);
        } else {
            a = x, x = y, fx = fy;
            *t = y = a + ratio * (b - a);
            fy = least(s, theta, n - 1, low, high);
        }
    }
    *t = fx < fy ? x : y;
    double best = least(s, theta, n - 1, low, high);
    /* the kink of l1 is where golden sections only come near */
    double at[8];
    memcpy(at, theta, n * sizeof *at);
    *t = 0;
    if (low[n - 1] <= 0 && high[n - 1] >= 0 && least(s, theta, n - 1, low, high) <= best)
        return objective(s, theta);
    memcpy(theta, at, n * sizeof *at);
    return best;
}

static gd_certificate certify(const gd_fit *f, const double *theta)
{
    gd_certificate c;
    gd_error err = {0};
    gd_fit at = *f;
    at.theta = theta;
    ck_assert_msg(gd_certificate_find(&c, &at, 0, NULL, &err) == GD_OK, "%s", err.message);
    return c;
}

static const double penalties[][2] = {{0, 0}, {0, 0.3}, {0.05, 0}, {0.05, 0.2}, {3, 0}};

/* At random points, at zero and at the best one. */
static void check_points(setup *s, const double *best, double least_cost, size_t n, uint64_t seed)
{
    for (int k = 0; k < 6; k++) {
        double theta[8];
        for (size_t j = 0; j < n; j++)
            theta[j] = k == 0   ? best[j]
                       : k == 1 ? 0
                                : best[j] + pow(0.03, k - 2) * random_signed(&seed);
        double J = objective(s, theta);
        gd_certificate c = certify(&s->fit, theta);
        const char *name = s->fit.cost->name;
        ck_assert_msg(c.kind != GD_GAP_NONE, "%s: %s", name, c.reason);
        assert_close(c.cost, J, 1e-12);
        double rounding = 1e-11 * (1 + fabs(J));
        ck_assert_msg(c.gap >= J - least_cost - rounding,
                      "%s l1 %g l2 %g point %d: the gap %.12g is below the true %.12g", name,
                      s->fit.l1, s->fit.l2, k, c.gap, J - least_cost);
        ck_assert_msg(c.gap <= 1.02 * (J - least_cost) + 1e-9 * (1 + fabs(J)),
                      "%s l1 %g l2 %g point %d: the gap %.12g is far above the true %.12g", name,
                      s->fit.l1, s->fit.l2, k, c.gap, J - least_cost);
        if (k == 0)
            ck_assert_msg(c.gap <= 1e-8 * fmax(J, 1e-3), "%s: %g at the best point", name, c.gap);
    }
}

/* Every cost of one output with every penalty: a slope and an intercept. */
START_TEST(the_gap_is_above_the_true_one_and_not_far)
{
    const gd_cost *c = gd_costs[_i % (int)gd_costs_count];
    const double *penalty = penalties[_i / (int)gd_costs_count];
    if (c->tasks & GD_MULTICLASS)
        return;
    for (uint64_t seed = 70; seed < 76; seed++) {
        setup s;
        set_up(&s, c, 1 + seed % 2, seed % 2 == 0 ? false : true, seed);
        if (seed == 70 || seed == 71)
            s.fit.shape.intercept = s.fit.shape.cols == 1;
        s.fit.l1 = penalty[0];
        s.fit.l2 = penalty[1];
        if (seed > 71)
            s.fit.weights = s.weights;
        if (seed > 73)
            s.fit.offset = s.offset;
        size_t n = gd_fit_columns(&s.fit);
        if (n > 2) { /* two golden sections are enough of a wait */
            s.fit.shape.intercept = false;
            n = 2;
        }
        double best[2], low[] = {-40, -40}, high[] = {40, 40};
        double J = least(&s, best, n, low, high);
        check_points(&s, best, J, n, seed);
        problem_free(&s.p);
    }
}
END_TEST

START_TEST(with_bounds_too)
{
    const gd_cost *c = gd_costs[_i];
    if (c->tasks & GD_MULTICLASS)
        return;
    const double boxes[][2] = {{0, 40}, {-40, 0}, {-0.1, 0.2}, {0.3, 40}};
    for (int k = 0; k < 8; k++) {
        setup s;
        set_up(&s, c, 2, false, 80 + (uint64_t)k);
        s.fit.weights = s.weights;
        s.fit.l2 = k < 4 ? 0 : 0.1;
        double best[2], low[2], high[2];
        for (int j = 0; j < 2; j++) {
            low[j] = boxes[(k + j) % 4][0];
            high[j] = boxes[(k + j) % 4][1];
            s.lower[j] = low[j] == -40 ? -INFINITY : low[j];
            s.upper[j] = high[j] == 40 ? INFINITY : high[j];
        }
        s.fit.lower = s.lower;
        s.fit.upper = s.upper;
        double J = least(&s, best, 2, low, high);
        double theta[2] = {fmax(low[0], fmin(0.5, high[0])), fmax(low[1], fmin(0.5, high[1]))};
        double at = objective(&s, theta);
        gd_certificate far = certify(&s.fit, theta), near = certify(&s.fit, best);
        ck_assert_msg(far.gap >= at - J - 1e-11 && far.gap <= 1.02 * (at - J) + 1e-9 * (1 + at),
                      "%s box %d: %.12g, true %.12g", c->name, k, far.gap, at - J);
        ck_assert_msg(near.gap <= 1e-8 * (1 + J), "%s box %d: %g at the best point", c->name, k,
                      near.gap);
        problem_free(&s.p);
    }
}
END_TEST

/* J - J* = 1/N |A (theta - best)|^2, with a best that is solved for in long double. */
START_TEST(least_squares_is_exact_near_and_far)
{
    problem p = problem_random(300, 6, 0.5, 90);
    gd_spec spec = spec_defaults();
    gd_fit f = {.model = spec.model,
                .shape = gd_spec_shape(&spec, 6, 0),
                .cost = spec.cost,
                .data = &p.data,
                .rows = {.count = 300}};
    double best[7], theta[7];
    least_squares(&p.data, true, best);
    uint64_t seed = 91;
    for (int k = -2; k < 6; k++) {
        double size = pow(10, -k);
        long double want = 0;
        for (int j = 0; j < 7; j++)
            theta[j] = best[j] + size * random_signed(&seed);
        for (size_t i = 0; i < 300; i++) {
            long double d = theta[6] - best[6];
            for (size_t j = 0; j < 6; j++)
                d += ((long double)theta[j] - best[j]) * p.rows[6 * i + j];
            want += d * d / 300;
        }
        gd_certificate c = certify(&f, theta);
        ck_assert_int_eq(c.kind, GD_GAP_EXACT);
        assert_close(c.gap, (double)want, 1e-9);
    }
    ck_assert_double_lt(certify(&f, best).gap, 1e-25);
    problem_free(&p);
}
END_TEST

/* With l2: the quadratic of H = 2 A'A / N + l2, by its own normal equations. */
START_TEST(ridge_regression_is_exact_too)
{
    setup s;
    set_up(&s, gd_cost_find("mse"), 2, true, 92);
    s.fit.l2 = 0.4;
    long double m[3 * 4] = {0}, h[9] = {0};
    for (size_t i = 0; i < ROWS; i++) {
        long double a[4] = {s.p.rows[2 * i], s.p.rows[2 * i + 1], 1, s.p.targets[i]};
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                m[4 * j + k] += 2 * a[j] * a[k] / ROWS;
    }
    for (int j = 0; j < 2; j++)
        m[4 * j + j] += 0.4L;
    for (int j = 0; j < 9; j++)
        h[j] = m[4 * (j / 3) + j % 3];
    solve_linear(m, 3);
    uint64_t seed = 93;
    for (int size = 1; size > -6; size--) {
        double theta[3];
        long double d[3], want = 0;
        for (int j = 0; j < 3; j++) {
            theta[j] = (double)m[4 * j + 3] + pow(10, size) * random_signed(&seed);
            d[j] = theta[j] - m[4 * j + 3];
        }
        for (int j = 0; j < 9; j++)
            want += 0.5L * d[j / 3] * h[j] * d[j % 3];
        gd_certificate c = certify(&s.fit, theta);
        ck_assert_int_eq(c.kind, GD_GAP_EXACT);
        assert_close(c.gap, (double)want, 1e-9);
    }
    problem_free(&s.p);
}
END_TEST

/* Nesterov's method with restarts, for softmax; the step is far below 1/L. */
static double descend_softmax(const setup *s, double *x, size_t n)
{
    double v[8], before[8], g[8];
    size_t weights = s->fit.shape.cols * 3;
    memcpy(v, x, n * sizeof *x);
    double momentum = 1, J = objective(s, x);
    for (int it = 0; it < 60000; it++) {
        memset(g, 0, sizeof g);
        double total = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double z[3], dz[3], w = s->fit.weights ? s->fit.weights[i] : 1, xi = s->p.rows[i];
            for (int k = 0; k < 3; k++)
                z[k] = xi * v[k] + v[3 + k] + (s->fit.offset ? s->fit.offset[i] : 0);
            s->fit.cost->eval(z, &s->p.targets[i], 1, 3, dz, NULL);
            total += w;
            for (int k = 0; k < 3; k++) {
                g[k] += w * dz[k] * xi;
                g[3 + k] += w * dz[k];
            }
        }
        memcpy(before, x, n * sizeof *x);
        double rate = 0.2, next = 0.5 * (1 + sqrt(1 + 4 * momentum * momentum));
        for (size_t j = 0; j < n; j++) {
            double to = v[j] - rate * (g[j] / total + (j < weights ? s->fit.l2 * v[j] : 0));
            x[j] = j < weights ? copysign(fmax(fabs(to) - rate * s->fit.l1, 0), to) : to;
        }
        double now = objective(s, x);
        if (now > J) {
            momentum = next = 1;
            memcpy(x, before, n * sizeof *x);
        }
        for (size_t j = 0; j < n; j++)
            v[j] = x[j] + (momentum - 1) / next * (x[j] - before[j]);
        momentum = next;
        J = fmin(now, J);
    }
    return J;
}

START_TEST(softmax_has_its_gap)
{
    setup s;
    set_up(&s, gd_cost_find("softmax"), 1, true, 95 + (uint64_t)_i);
    s.fit.l1 = penalties[_i][0];
    s.fit.l2 = penalties[_i][1];
    s.fit.weights = s.weights;
    s.fit.offset = s.offset;
    double best[8] = {0};
    double J = descend_softmax(&s, best, 6);
    check_points(&s, best, J, 6, 96);
    problem_free(&s.p);
}
END_TEST

/* What the run scaled by is what the penalty is measured in. */
START_TEST(the_penalty_is_on_the_weights_as_trained)
{
    setup s;
    set_up(&s, gd_cost_find("logistic"), 2, true, 97);
    double center[] = {0.5, -0.2}, scale[] = {2, 0.3}, theta[] = {0.3, -0.4, 0.1};
    s.fit.l2 = 0.5;
    gd_fit scaled = s.fit;
    scaled.center = center;
    scaled.scale = scale;
    gd_certificate a = certify(&scaled, theta);
    for (size_t i = 0; i < 2 * ROWS; i++)
        s.p.rows[i] = (s.p.rows[i] - center[i % 2]) / scale[i % 2];
    gd_certificate b = certify(&s.fit, theta);
    assert_close(a.cost, b.cost, 1e-14);
    assert_close(a.gap, b.gap, 1e-9);
    assert_close(a.gradient_norm, b.gradient_norm, 1e-12);
    problem_free(&s.p);
}
END_TEST

/* Two parameters that do the same, a constant column beside the intercept: still exact. */
START_TEST(columns_that_depend_on_each_other_do_no_harm)
{
    for (size_t k = 0; k < gd_costs_count; k++) {
        setup s;
        set_up(&s, gd_costs[k], 2, true, 98);
        for (size_t i = 0; i < ROWS; i++)
            s.p.rows[2 * i + 1] = 2 * s.p.rows[2 * i] - 3;
        double theta[9] = {0};
        gd_certificate c = certify(&s.fit, theta);
        ck_assert_int_ne(c.kind, GD_GAP_NONE);
        setup one;
        set_up(&one, gd_costs[k], 1, true, 98);
        for (size_t i = 0; i < ROWS; i++)
            one.p.rows[i] = s.p.rows[2 * i];
        memcpy(one.p.targets, s.p.targets, ROWS * sizeof(double));
        gd_certificate d = certify(&one.fit, theta);
        ck_assert_msg(fabs(c.gap - d.gap) <= 0.02 * d.gap, "%s: %g, alone %g", gd_costs[k]->name,
                      c.gap, d.gap);
        problem_free(&s.p);
        problem_free(&one.p);
    }
}
END_TEST

START_TEST(classes_told_apart_without_error_have_a_best_cost_of_0)
{
    const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {0, 0, 0, 1, 1, 1};
    problem p = problem_of(x, y, 6, 1);
    p.data.classes = 2;
    const char *const costs[] = {"logistic", "hinge", "squared_hinge"};
    for (int k = 0; k < 3; k++) {
        gd_spec spec = spec_defaults();
        use_model(&spec, "svm");
        use_cost(&spec, costs[k]);
        gd_fit f = {spec.model, gd_spec_shape(&spec, 1, 2), spec.cost, .data = &p.data,
                    .rows = {.count = 6}};
        const double theta[] = {0.5, -1.8};
        gd_certificate c = certify(&f, theta);
        ck_assert_double_le(c.gap, c.cost * (1 + 1e-12));
        ck_assert_double_ge(c.gap, c.cost * 0.99);
    }
    problem_free(&p);
}
END_TEST

START_TEST(too_much_work_is_said_not_done)
{
    const size_t rows = (size_t)(GD_PROOF_WORK / (1101. * 1101)) + 1;
    double *x = calloc(rows * 1100, sizeof *x), *y = calloc(rows, sizeof *y);
    gd_data d = {.X = x, .y = y, .rows = rows, .cols = 1100};
    gd_spec spec = spec_defaults();
    gd_fit f = {spec.model, gd_spec_shape(&spec, 1100, 0), spec.cost, .data = &d,
                .rows = {.count = rows}};
    double *theta = calloc(1101, sizeof *theta);
    gd_certificate c = certify(&f, theta);
    ck_assert_int_eq(c.kind, GD_GAP_NONE);
    ck_assert(isnan(c.gap));
    ck_assert_ptr_nonnull(strstr(c.reason, "too many parameters"));
    free(x);
    free(y);
    free(theta);
}
END_TEST

/* ---- Fenchel and Young ---- */

static double target_for(const gd_cost *c, int k)
{
    if (c->tasks & GD_CLASSES)
        return k % 2;
    return c->tasks & GD_COUNT ? k % 4 : 0.7 * k - 2;
}

/* gap(z, y, alpha) is phi(z) + sup over t of (alpha t - phi(t)) - alpha z; the supremum by golden
 * section. */
START_TEST(the_gap_of_a_row_is_that_of_fenchel_and_young)
{
    const gd_cost *c = gd_costs[_i];
    gd_spec spec = spec_defaults();
    if (c->tasks & GD_MULTICLASS)
        return;
    spec.cost = c;
    gd_param_defaults(&spec.cost_hyper, c->params, c->params_count);
    int inside = 0;
    for (int k = 0; k < 5; k++)
        for (int a = -12; a <= 12; a++)
            for (int m = -6; m <= 6; m++) {
                double y = target_for(c, k), alpha = 0.17 * a, z = 1.1 * m;
                double low = -300, high = 300;
                if (c->tasks & GD_COUNT)
                    high = 20;
                for (int i = 0; i < 300; i++) {
                    double t = low + (high - low) / 3, u = high - (high - low) / 3;
                    double ft = alpha * t - gd_cost_of(c, &t, y, 1, &spec.cost_hyper);
                    double fu = alpha * u - gd_cost_of(c, &u, y, 1, &spec.cost_hyper);
                    if (ft < fu)
                        low = t;
                    else
                        high = u;
                }
                double sup = alpha * low - gd_cost_of(c, &low, y, 1, &spec.cost_hyper);
                double want = gd_cost_of(c, &z, y, 1, &spec.cost_hyper) + sup - alpha * z;
                double got = c->gap(z, y, alpha, &spec.cost_hyper);
                ck_assert_msg(got >= 0, "%s: %g", c->name, got);
                if (isinf(got)) { /* the supremum is at the end of the range */
                    ck_assert_msg(low < -290 || low > 290, "%s: no bound at alpha %g, y %g",
                                  c->name, alpha, y);
                    continue;
                }
                inside++;
                ck_assert_msg(fabs(got - want) <= 1e-9 * (1 + fabs(want)),
                              "%s at z %g y %g alpha %g: %.15g, not %.15g", c->name, z, y, alpha,
                              got, want);
            }
    ck_assert_int_gt(inside, 50);
}
END_TEST

START_TEST(a_slope_has_no_gap_and_its_bend_is_its_derivative)
{
    const gd_cost *c = gd_costs[_i];
    gd_spec spec = spec_defaults();
    if (c->tasks & GD_MULTICLASS)
        return;
    spec.cost = c;
    gd_param_defaults(&spec.cost_hyper, c->params, c->params_count);
    for (int k = 0; k < 5; k++)
        for (int m = -40; m <= 40; m++) {
            double y = target_for(c, k), z = 0.1734 * m + 0.0123, slope, bend, ignored;
            const double width = 0.5, h = 1e-6;
            c->eval(&z, &y, 1, 1, &slope, &spec.cost_hyper);
            ck_assert_double_le(c->gap(z, y, slope, &spec.cost_hyper), 1e-15);
            double smooth = c->slope(z, y, width, &bend, &spec.cost_hyper);
            if (c->smooth)
                assert_near(smooth, slope, 1e-14 * (1 + fabs(slope)));
            ck_assert(isfinite(c->gap(z, y, smooth, &spec.cost_hyper)));
            ck_assert_double_le(c->gap(z, y, smooth, &spec.cost_hyper), 1.1 * width);
            double up = c->slope(z + h, y, width, &ignored, &spec.cost_hyper);
            double down = c->slope(z - h, y, width, &ignored, &spec.cost_hyper);
            assert_near((up - down) / (2 * h), bend, 1e-5 * (1 + fabs(bend)));
        }
}
END_TEST

START_TEST(far_scores_keep_their_gap)
{
    const gd_cost *c = gd_cost_find("logistic");
    assert_close(c->gap(1000, 1, -0.5, NULL), -log(2.) + 500, 1e-14);
    assert_close(c->gap(-1000, 1, -0.5, NULL), -log(2.) + 500, 1e-14);
    ck_assert_double_eq(c->gap(1000, 1, 0, NULL), 0);
    assert_close(gd_cost_find("log_cosh")->gap(1000, 0, 0, NULL), 1000 - log(2.), 1e-14);
    assert_close(gd_cost_find("poisson")->gap(-1000, 2, 0, NULL), 2 * (log(2.) + 1000 - 1), 1e-14);
}
END_TEST

START_TEST(relative_entropy_is_right_near_and_far)
{
    for (int k = -30; k <= 0; k++) {
        double u = pow(2, k), x = 1 + u; /* exact */
        long double want = (1 + (long double)u) * log1pl(u) - u;
        if (k < -12)
            want = (long double)u * u / 2 - (long double)u * u * u / 6 +
                   (long double)u * u * u * u / 12;
        assert_close(gd_relative_entropy(x, 1), (double)want, 1e-12);
    }
    ck_assert_double_eq(gd_relative_entropy(0, 3), 3);
    ck_assert_double_eq(gd_relative_entropy(3, 3), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("certificate");
    int n = (int)gd_costs_count;
    tcase_add_loop_test(tc, the_gap_is_above_the_true_one_and_not_far, 0, 5 * n);
    tcase_add_loop_test(tc, with_bounds_too, 0, n);
    tcase_add_test(tc, least_squares_is_exact_near_and_far);
    tcase_add_test(tc, ridge_regression_is_exact_too);
    tcase_add_loop_test(tc, softmax_has_its_gap, 0, 5);
    tcase_add_test(tc, the_penalty_is_on_the_weights_as_trained);
    tcase_add_test(tc, columns_that_depend_on_each_other_do_no_harm);
    tcase_add_test(tc, classes_told_apart_without_error_have_a_best_cost_of_0);
    tcase_add_test(tc, too_much_work_is_said_not_done);
    tcase_add_loop_test(tc, the_gap_of_a_row_is_that_of_fenchel_and_young, 0, n);
    tcase_add_loop_test(tc, a_slope_has_no_gap_and_its_bend_is_its_derivative, 0, n);
    tcase_add_test(tc, far_scores_keep_their_gap);
    tcase_add_test(tc, relative_entropy_is_right_near_and_far);
    return run_case(tc, "certificate");
}
