/* gd_train_step: a run as a small state machine. Each step does the next bounded piece of work
 * of its phase: scale, find the curvature, evaluate the start, one epoch after the other, and at
 * the end look at the curvature to explain a learning rate that was chosen by hand. */
#include "gd_train_private.h"

#include "gd_sparse.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A cost this many times above its reference has run away; momentum and mini-batches
 * overshoot by less. A run that ends above ENDED_ABOVE times it has not been a success. */
#define RUN_AWAY 1e4
#define ENDED_ABOVE 2.0

/* Noise and momentum make the cost stand still for an epoch or two; descent itself does not. */
#define DEFAULT_PATIENCE 5

/* ---- how a run ends ---- */

/* Back to zeros, which are finite in any units. */
static void forget_parameters(gd_train *t)
{
    memset(t->theta, 0, t->n * sizeof *t->theta);
    gd_bounds_project(t, t->theta);
    memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    t->state.finite_epoch = 0;
}

static void out_of_range(gd_train *t, gd_range range)
{
    t->range = range;
    t->state.stop = GD_STOP_DIVERGED;
    t->phase = GD_ENDED;
    gd_train_explain(t);
}

/* Are the parameters finite in the data's units too? */
static bool unscaled_finite(gd_train *t)
{
    gd_train_params_unscaled(t, t->v);
    return gd_all_finite(t->v, t->n);
}

/* Early stopping gives back the best parameters, not the last. */
static void go_back(gd_train *t)
{
    memcpy(t->finite, t->best, t->n * sizeof *t->best);
    t->state.finite_epoch = t->state.best_epoch;
}

static void stop(gd_train *t, gd_stop why)
{
    gd_quadratic_show(t);
    t->state.stop = why;
    t->phase = GD_ENDED;
    bool asked = why == GD_STOP_REQUESTED || why == GD_STOP_MAX_SECONDS;
    if (why != GD_STOP_DIVERGED && (asked || t->spec.patience != GD_NO_PATIENCE))
        go_back(t);
    if (!unscaled_finite(t)) {
        forget_parameters(t);
        out_of_range(t, GD_TOO_SMALL);
        return;
    }
    /* The curvature explains a learning rate that was chosen by hand; of mini-batches only
     * where it went wrong, for want of which it would cost more than their epochs. */
    bool worth = why == GD_STOP_DIVERGED || (gd_full_batch(t) && !asked);
    if (gd_explained_by_curvature(t) && t->state.curvature == 0 && worth) {
        gd_begin_curvature(t);
        t->phase = GD_ANALYSIS;
    }
    if (why == GD_STOP_DIVERGED)
        gd_train_explain(t);
}

/* ---- the phases ---- */

/* l2 adds its own curvature along the weights. False when that gives no rate. */
static bool set_curvature(gd_train *t)
{
    double largest = t->curvature.largest + t->spec.l2, L = t->curvature.smoothness + t->spec.l2;
    if (!isfinite(L) || !isfinite(1 / L))
        return false;
    t->state.curvature = largest;
    t->state.safe_rate = (gd_full_batch(t) ? 1 : 0.5) / L;
    t->state.max_stable_rate = t->spec.optimizer->stable(&t->spec.optimizer_hyper) / L;
    return true;
}

/* A column that varies, but so little that its variance is 0. */
static bool vanishes(const gd_column *c)
{
    return c->std == 0 && c->min != c->max;
}

/* False when it was broken off. */
static bool find_columns(gd_train *t)
{
    bool tell = gd_train_moments_tell(t);
    if (tell)
        gd_gram_columns(t->quadratic->gram, t->columns);
    else if (t->scratch && !gd_columns_in(t->scratch, t->executor, &t->data, &t->rows, t->columns))
        goto broken_off;
    t->measured = tell || t->scratch;
    return true;
broken_off:
    (void)gd_objective_asks(t->objective); /* so that it knows too */
    return false;
}

static gd_range find_scaling(gd_train *t)
{
    size_t cols = t->data.cols;
    gd_range range = GD_IN_RANGE;
    gd_scaling(t->columns, cols, t->spec.intercept, t->center, t->scale);
    for (size_t j = 0; j < cols; j++)
        if (vanishes(&t->columns[j]))
            range = GD_TOO_SMALL;
    if (!gd_all_finite(t->center, cols) || !gd_all_finite(t->scale, cols))
        range = GD_TOO_LARGE;
    if (range == GD_IN_RANGE)
        gd_objective_scale(t->objective, t->center, t->scale);
    else
        gd_unit_scaling(t);
    return range;
}

void gd_train_begin(gd_train *t)
{
    memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    t->phase = GD_START;
    if (gd_spec_backtracks(&t->spec) || t->spec.optimizer->descend) {
        t->base_rate = 1; /* where the search begins */
        t->state.learning_rate = t->base_rate;
    } else if (t->base_rate == GD_AUTO) {
        gd_begin_curvature(t);
        t->phase = GD_CURVATURE;
    }
}

void gd_train_prepare(gd_train *t)
{
    if (!gd_quadratic_measure(t) || !find_columns(t))
        return;
    gd_range range = t->spec.standardize ? find_scaling(t) : GD_IN_RANGE;
    if (range != GD_IN_RANGE) {
        out_of_range(t, range);
        return;
    }
    gd_quadratic_form(t);
    gd_bounds_scale(t);
    /* a starting point of the model's own is meant for what it is trained on, its bounds are not */
    if (t->moved || t->lower)
        t->spec.model->rescale(&t->shape, t->center, t->scale, t->theta, t->theta);
    gd_bounds_project(t, t->theta);
    if (!gd_all_finite(t->theta, t->n)) {
        forget_parameters(t);
        out_of_range(t, GD_INITIAL_TOO_LARGE);
        return;
    }
    gd_train_begin(t);
}

static bool all_zero(const gd_data *d)
{
    for (uint64_t e = 0, n = gd_data_sparse(d) ? gd_sparse_entries(d) : 0; e < n; e++)
        if (gd_sparse_value(&d->sparse, d->sparse.starts[0] + e) != 0)
            return false;
    if (gd_data_sparse(d))
        return true;
    for (size_t i = 0; i < d->rows * d->cols; i++)
        if (gd_data_at(d, 0, i) != 0)
            return false;
    return true;
}

static void find_rate(gd_train *t)
{
    if (!gd_train_curvature_step(t))
        return;
    t->phase = GD_START;
    if (set_curvature(t)) {
        t->base_rate = t->state.safe_rate;
    } else if (t->curvature.smoothness == 0 && all_zero(&t->data)) {
        t->base_rate = 1; /* no rate moves anything */
    } else {
        out_of_range(t, t->curvature.smoothness < 1 ? GD_TOO_SMALL : GD_TOO_LARGE);
        return;
    }
    t->state.learning_rate = t->base_rate;
}

static void start(gd_train *t)
{
    gd_quadratic_open(t);
    if (gd_train_interrupted(t))
        return;
    double at_zero = gd_train_start(t);
    if (gd_train_interrupted(t))
        return;
    t->phase = GD_EPOCHS;
    bool finite = isfinite(t->state.cost) && isfinite(t->state.gradient_norm);
    if (!finite && isfinite(at_zero) && t->moved)
        out_of_range(t, GD_INITIAL_TOO_LARGE);
    else if (!finite || !isfinite(at_zero))
        out_of_range(t, GD_TOO_LARGE);
}

/* At the very limit of stability a step leads to the other side of the valley, to the same
 * cost. Where descent has settled, what a step gains, rate |gradient|^2 or half of it, is small. */
static bool bouncing(const gd_train *t, double floor)
{
    const gd_state *s = &t->state;
    bool clipped = t->spec.clip_norm != GD_NO_CLIP || t->spec.clip_value != GD_NO_CLIP;
    return t->spec.optimizer == gd_optimizers[0] && t->spec.cost->smooth && !clipped &&
           s->learning_rate * s->gradient_norm * s->gradient_norm >
               4 * t->spec.tol * fmax(s->cost, floor);
}

/* Has the run settled? By its cost: for full batches: it changed by no more than tol; for
 * mini-batches the best one did not improve by more than tol, and the noise is below where it
 * began. */
static bool settled(const gd_train *t, double before, double best_before)
{
    double tol = t->spec.tol, cost = t->state.cost;
    double floor = DBL_EPSILON * t->reference; /* a perfect fit ends in rounding noise */
    if (tol == 0 || t->spec.schedule->explores)
        return false;
    if (t->spec.tol_on == GD_TOL_GRADIENT)
        return t->state.gradient_norm <= tol;
    if (t->spec.tol_on == GD_TOL_PARAMETERS)
        return t->change <= tol;
    if (gd_full_batch(t))
        return fabs(before - cost) <= tol * fmax(before, floor) && !bouncing(t, floor);
    return cost >= best_before * (1 - tol) && cost <= t->reference;
}

/* Does one settled epoch tell the truth? A gradient does, and so do rules whose every
 * step descends. */
static bool certain(const gd_train *t)
{
    return t->spec.tol_on == GD_TOL_GRADIENT || t->spec.optimizer->descend ||
           (gd_full_batch(t) && t->spec.optimizer == gd_optimizers[0]);
}

/* Why the run ends after this epoch, if it does. */
static gd_stop verdict(const gd_train *t)
{
    const gd_state *s = &t->state;
    uint64_t stall = t->spec.n_iter_no_change;
    if (stall == GD_AUTO)
        stall = certain(t) ? 1 : DEFAULT_PATIENCE;
    if (!gd_train_finite(t) || s->cost > RUN_AWAY * t->reference)
        return GD_STOP_DIVERGED;
    if (t->spec.patience != GD_NO_PATIENCE && s->epoch - s->best_epoch >= t->spec.patience)
        return GD_STOP_EARLY;
    if (t->stalled >= stall || t->stuck)
        return GD_STOP_CONVERGED;
    if (s->epoch >= t->spec.epochs)
        return s->cost > ENDED_ABOVE * t->reference ? GD_STOP_DIVERGED : GD_STOP_MAX_EPOCHS;
    return GD_STOP_NONE;
}

static void epoch(gd_train *t)
{
    gd_state *s = &t->state;
    const gd_state before = *s;
    double lowest = t->lowest;
    gd_train_epoch(t);
    if (gd_train_interrupted(t)) {
        *s = before;
        return;
    }
    t->stalled = settled(t, before.cost, lowest) ? t->stalled + 1 : 0;
    gd_stop why = verdict(t);
    if (why != GD_STOP_NONE && why != GD_STOP_DIVERGED)
        gd_train_take_slope(t);
    if (why != GD_STOP_NONE && !gd_train_interrupted(t))
        stop(t, why);
}

static void analyse(gd_train *t)
{
    if (!gd_train_curvature_step(t))
        return;
    t->phase = GD_ENDED;
    bool found = set_curvature(t);
    if (t->state.stop != GD_STOP_DIVERGED)
        return;
    /* no rate is low enough for squares that are not finite */
    if (!found && !isfinite(t->curvature.smoothness))
        t->range = GD_TOO_LARGE;
    gd_train_explain(t);
}

void gd_train_finish(gd_train *t, gd_stop why)
{
    if (t->phase == GD_EPOCHS) {
        if (!gd_train_interrupted(t) && t->state.epoch > 0)
            gd_train_take_slope(t);
        stop(t, why);
    } else if (gd_train_interrupted(t) && t->phase < GD_EPOCHS) {
        gd_state *s = &t->state;
        s->cost = s->validation_cost = s->best_cost = s->gradient_norm = NAN;
        s->stop = why;
    }
    if (gd_train_interrupted(t))
        t->phase = GD_ENDED;
}

/* Epochs up to `until`, one at least, as many as a step may run. */
static void epochs(gd_train *t, uint64_t until)
{
    uint64_t most = gd_quadratic_epochs(t);
    do {
        epoch(t);
    } while (--most > 0 && t->phase == GD_EPOCHS && t->state.epoch < until &&
             !gd_train_interrupted(t));
    if (t->phase == GD_EPOCHS)
        gd_quadratic_show(t);
}

static gd_step next(gd_train *t, uint64_t until)
{
    switch (t->phase) {
    case GD_SCALING:
        gd_train_prepare(t);
        return GD_STEP_WORKING;
    case GD_CURVATURE:
        find_rate(t);
        return GD_STEP_WORKING;
    case GD_START:
        start(t);
        return GD_STEP_EPOCH;
    case GD_EPOCHS:
        epochs(t, until);
        return GD_STEP_EPOCH;
    case GD_ANALYSIS:
        analyse(t);
        return GD_STEP_WORKING;
    case GD_ENDED:
        break;
    }
    return GD_STEP_DONE;
}

gd_step gd_train_step_until(gd_train *t, uint64_t epoch)
{
    gd_step step = gd_train_interrupted(t) ? GD_STEP_DONE : next(t, epoch);
    return gd_train_interrupted(t) ? GD_STEP_DONE : step;
}

gd_step gd_train_step(gd_train *t)
{
    return gd_train_step_until(t, 0);
}
