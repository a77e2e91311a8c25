/* gd_train_epoch: what an epoch does: updates by the optimizer, of all rows or batch after batch
 * (gd_minibatch.c), then the full objective at where they led. Penalties, clipping and averaging
 * live here. */
#include "gd_train_private.h"

#include "gd_kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Parameters that are moved at once where there are more, and they move apart. */
#define UPDATE_BLOCK ((size_t)16384)

static double l1_cost(const gd_train *t, const double *theta)
{
    double sum = 0;
    for (size_t i = 0; t->spec.l1 != 0 && i < t->n; i++)
        sum += fabs(t->weight[i] * theta[i]);
    return t->spec.l1 * sum;
}

double gd_train_penalise(const gd_train *t, const double *theta, double *gradient)
{
    double l2 = 0;
    for (size_t i = 0; t->spec.l2 != 0 && i < t->n; i++) {
        double w = t->weight[i] * theta[i];
        l2 += w * w;
        if (gradient)
            gradient[i] += t->spec.l2 * w;
    }
    return l1_cost(t, theta) + 0.5 * t->spec.l2 * l2;
}

static double full_cost(gd_train *t, const double *theta, double *gradient)
{
    if (gd_quadratic_on(t))
        return gd_quadratic_eval(t, theta, gradient) + l1_cost(t, theta);
    double cost = gd_objective_eval_shared(t->objective, theta, &t->rows, gradient);
    return cost + gd_train_penalise(t, theta, gradient);
}

/* The length of the steepest way down: with l1, whose slope jumps at 0, and at a bound, beyond
 * which all slopes lead back, the shortest subgradient. It is that of the limit of a projected
 * step, and 0 at a constrained minimum. */
static double slope_norm(gd_train *t, const double *at)
{
    if (t->spec.l1 == 0 && !t->lower)
        return gd_norm(t->gradient, t->n);
    for (size_t i = 0; i < t->n; i++) {
        double g = t->gradient[i], l1 = t->spec.l1 * t->weight[i];
        double low = at[i] > 0 ? g + l1 : g - l1, high = at[i] < 0 ? g - l1 : g + l1;
        if (t->lower && at[i] <= t->lower[i])
            low = -INFINITY;
        if (t->lower && at[i] >= t->upper[i])
            high = INFINITY;
        t->v[i] = isnan(g) ? g : low > 0 ? low : high < 0 ? high : 0;
    }
    return gd_norm(t->v, t->n);
}

/* The proximal step of l1 (Daubechies, Defrise, De Mol, 2004): weights move towards 0 and
 * stop there, so that zeros are exact. */
static void shrink(gd_train *t)
{
    if (t->spec.l1 == 0)
        return;
    double by =
        t->spec.l1 * t->state.learning_rate * t->spec.optimizer->gain(&t->spec.optimizer_hyper);
    for (size_t i = 0; i < t->n; i++) {
        double size = fabs(t->theta[i]) - by;
        if (t->weight[i] != 0 && size <= 0)
            t->theta[i] = 0; /* of no sign */
        else if (t->weight[i] != 0)
            t->theta[i] = copysign(size, t->theta[i]);
    }
}

/* How far the parameters have come since the epoch before, which t->finite holds. */
static double relative_change(gd_train *t, const double *at)
{
    for (size_t i = 0; i < t->n; i++)
        t->v[i] = at[i] - t->finite[i];
    double change = gd_norm(t->v, t->n);
    return change == 0 ? 0 : change / gd_norm(at, t->n);
}

static const double *reported(const gd_train *t)
{
    return t->averaged ? t->mean : t->theta;
}

bool gd_train_sloped(const gd_train *t)
{
    bool network = t->spec.model->layers != NULL, begun = t->state.epoch > 0;
    return !network || gd_full_batch(t) || t->spec.tol_on == GD_TOL_GRADIENT || !begun;
}

bool gd_train_finite(const gd_train *t)
{
    return isfinite(t->state.cost) && (isfinite(t->state.gradient_norm) || !gd_train_sloped(t));
}

static double validation_cost(gd_train *t, const double *at)
{
    gd_rows aside;
    if (!gd_train_validation_rows(t, &aside))
        return NAN;
    if (gd_quadratic_on(t))
        return gd_quadratic_aside(t, at) + l1_cost(t, at);
    return gd_objective_eval_shared(t->objective, at, &aside, NULL) / t->aside_weight +
           gd_train_penalise(t, at, NULL);
}

/* What follows from the cost and the gradient at where the epoch has led. */
static void record(gd_train *t)
{
    gd_state *s = &t->state;
    const double *at = reported(t);
    s->gradient_norm = gd_train_sloped(t) ? slope_norm(t, at) : NAN;
    s->validation_cost = validation_cost(t, at);
    t->change = INFINITY;
    if (gd_train_interrupted(t) || !gd_train_finite(t))
        return;
    t->change = relative_change(t, at);
    memcpy(t->finite, at, t->n * sizeof *t->theta);
    s->finite_epoch = s->epoch;
}

void gd_train_params_now(const gd_train *t, double *out)
{
    const double *at = reported(t);
    t->spec.model->unscale(&t->shape, t->center, t->scale, at, out);
    gd_bounds_project_own(t, at, out);
}

static void evaluate(gd_train *t)
{
    t->state.cost = full_cost(t, reported(t), gd_train_sloped(t) ? t->gradient : NULL);
    record(t);
}

void gd_train_take_slope(gd_train *t)
{
    if (gd_train_sloped(t))
        return;
    full_cost(t, reported(t), t->gradient);
    t->state.gradient_norm = gd_train_interrupted(t) ? NAN : slope_norm(t, reported(t));
}

/* The cost that says which epoch was best. */
static double watched(const gd_train *t)
{
    gd_rows aside;
    return gd_train_validation_rows(t, &aside) ? t->state.validation_cost : t->state.cost;
}

static void keep_best(gd_train *t)
{
    gd_state *s = &t->state;
    s->best_cost = watched(t);
    s->best_epoch = s->epoch;
    t->best_point = (gd_point){s->epoch, s->cost, s->validation_cost, s->gradient_norm,
                               s->learning_rate};
    if (gd_quadratic_spectral(t))
        gd_quadratic_keep_best(t);
    memcpy(t->best, t->finite, t->n * sizeof *t->best);
}

double gd_train_start(gd_train *t)
{
    evaluate(t);
    t->reference = t->lowest = t->state.cost;
    keep_best(t);
    /* A start near the optimum says little about scale: measure against all zeros too. */
    memset(t->v, 0, t->n * sizeof *t->v);
    double at_zero = full_cost(t, t->v, NULL);
    if (at_zero > t->reference)
        t->reference = at_zero;
    return at_zero;
}

static void clip(gd_train *t)
{
    double most = t->spec.clip_value;
    for (size_t i = 0; most != GD_NO_CLIP && i < t->n; i++)
        t->gradient[i] = fmin(fmax(t->gradient[i], -most), most);
    if (t->spec.clip_norm == GD_NO_CLIP)
        return;
    double norm = gd_norm(t->gradient, t->n), shrink = t->spec.clip_norm / norm;
    for (size_t i = 0; norm > t->spec.clip_norm && i < t->n; i++)
        t->gradient[i] *= shrink;
}

/* Polyak and Juditsky (1992): the mean of the iterates, without the first epoch's. */
static void average(gd_train *t)
{
    if (!t->spec.average || t->state.epoch < 2)
        return;
    double share = 1 / (double)++t->averaged;
    for (size_t i = 0; i < t->n; i++)
        t->mean[i] += share * (t->theta[i] - t->mean[i]);
}

typedef struct update_work {
    const gd_optimizer *optimizer;
    gd_update whole;
} update_work;

static void update_block(void *arg, size_t block, size_t slot)
{
    const update_work *w = arg;
    gd_update part = w->whole;
    (void)slot;
    part.first = block * UPDATE_BLOCK;
    if (part.end - part.first > UPDATE_BLOCK)
        part.end = part.first + UPDATE_BLOCK;
    w->optimizer->step(&part);
}

void gd_train_update(gd_train *t)
{
    clip(t);
    update_work w = {t->spec.optimizer,
                     {
                         .theta = t->theta,
                         .gradient = t->gradient,
                         .weight = t->weight,
                         .n = t->n,
                         .end = t->n,
                         .learning_rate = t->state.learning_rate,
                         .t = ++t->updates,
                         .state = t->optimizer_state,
                         .hyper = &t->spec.optimizer_hyper,
                     }};
    if (w.optimizer->apart && t->n > UPDATE_BLOCK)
        t->executor->run(t->executor->ctx, update_block, &w,
                         (t->n + UPDATE_BLOCK - 1) / UPDATE_BLOCK);
    else
        w.optimizer->step(&w.whole);
    shrink(t);
    gd_bounds_project(t, t->theta);
    average(t);
}

/* The longest step of a halving series that lowers the objective enough (Armijo, 1966; for
 * l1, of the proximal step: Beck, Teboulle, 2009). The last epoch's length, doubled, is where
 * it begins, so the step can grow again. Close to the minimum, where what a step should gain drowns
 * in the rounding of the cost, the last length goes on as it is. */
static void backtrack(gd_train *t)
{
    enum { HALVINGS = 60 };
    double before = t->state.cost, noise = 4 * DBL_EPSILON * fabs(before), *trial = t->v;
    clip(t);
    if (gd_norm(t->gradient, t->n) == 0 && t->spec.l1 == 0)
        return; /* nowhere to go */
    t->base_rate *= 2;
    for (int k = 0; k < HALVINGS && !gd_train_interrupted(t); k++, t->base_rate /= 2) {
        double moved = 0;
        t->state.learning_rate = t->base_rate;
        memcpy(trial, t->theta, t->n * sizeof *trial);
        for (size_t i = 0; i < t->n; i++)
            t->theta[i] -= t->base_rate * t->gradient[i];
        shrink(t);
        gd_bounds_project(t, t->theta);
        for (size_t i = 0; i < t->n; i++)
            moved += (t->theta[i] - trial[i]) * (t->theta[i] - trial[i]);
        double gain = moved / (4 * t->base_rate), cost = full_cost(t, t->theta, NULL);
        if (cost <= before - gain || (k > 0 && gain <= noise && cost <= before + noise))
            return;
        memcpy(t->theta, trial, t->n * sizeof *trial);
    }
    /* nothing is lower: at the minimum, as far as doubles can tell */
}

static double eval(void *ctx, const double *theta, double *gradient)
{
    return full_cost(ctx, theta, gradient);
}

/* The optimizer passes over the data as it needs, and leaves cost and gradient where it ends. */
static void descend(gd_train *t)
{
    gd_descent d = {.theta = t->theta,
                    .gradient = t->gradient,
                    .cost = t->state.cost,
                    .n = t->n,
                    .eval = eval,
                    .ctx = t,
                    .state = t->optimizer_state,
                    .hyper = &t->spec.optimizer_hyper};
    t->spec.optimizer->descend(&d);
    t->state.cost = d.cost;
    t->state.learning_rate = d.step_length;
    t->stuck = d.step_length == 0;
    record(t);
}

void gd_train_epoch(gd_train *t)
{
    gd_state *s = &t->state;
    const gd_schedule *schedule = t->spec.schedule;
    s->epoch++;
    s->learning_rate = schedule->rate(&t->spec.schedule_hyper, t->base_rate, s->epoch,
                                      t->spec.epochs, t->schedule_state);
    if (gd_quadratic_spectral(t)) {
        gd_quadratic_epoch(t);
    } else if (t->spec.optimizer->descend) {
        descend(t);
    } else {
        if (gd_spec_backtracks(&t->spec))
            backtrack(t);
        else if (gd_full_batch(t))
            gd_train_update(t);
        else
            gd_minibatches(t);
        evaluate(t);
    }
    if (gd_train_interrupted(t))
        return;
    if (schedule->observe)
        schedule->observe(&t->spec.schedule_hyper, s->cost, t->schedule_state);
    if (watched(t) < s->best_cost)
        keep_best(t);
    t->lowest = fmin(t->lowest, s->cost);
}
