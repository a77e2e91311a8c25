/* gd_train: a run as a small state machine. Each step does the next bounded piece of
 * work of its phase: scale, find the curvature, evaluate the start, one epoch after the
 * other, and at the end look again at the curvature to explain the learning rate. */
#include "gd_train.h"

#include "gd_curvature.h"
#include "gd_kernels.h"
#include "gd_objective.h"
#include "gd_rng.h"
#include "gd_split.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cost this many times above its reference has run away; momentum and mini-batches
 * overshoot by less. A run that ends above ENDED_ABOVE times it has not been a success. */
#define RUN_AWAY 1e4
#define ENDED_ABOVE 2.0

#define CHECKPOINT_VERSION 3.0
/* Noise and momentum make the cost stand still for an epoch or two; descent itself does not. */
#define DEFAULT_PATIENCE 5

typedef enum phase { SCALING, CURVATURE, START, EPOCHS, ANALYSIS, ENDED } phase;

struct gd_train {
    gd_data data;
    gd_spec spec;
    gd_shape shape;
    gd_objective *objective;
    size_t n;     /* parameters */
    gd_rows rows; /* trained on */
    size_t batch; /* rows an update; rows.count for full batches */
    phase phase;
    gd_state state;
    gd_error error;
    gd_curvature curvature;
    double reference; /* cost that later costs are measured against */
    double base_rate; /* before the schedule */
    double schedule_state[GD_SCHEDULE_STATE];
    double lowest;                       /* training cost so far */
    uint64_t updates, stalled, averaged; /* averaged: updates in the mean */
    double *theta, *finite, *gradient, *mean, *best, *v, *hv, *weight; /* n values each */
    double *center, *scale;                                            /* cols values each */
    double *optimizer_state;
    gd_column *columns; /* cols of them */
    uint32_t *order;    /* the epoch's row order, or NULL */
    uint32_t *index;    /* rows trained on, then those validated on; NULL: no validation */
};

const char *gd_stop_name(gd_stop stop)
{
    switch (stop) {
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        GD_STOP_LIST(X)
#undef X
    }
    return "";
}

/* ---- making and freeing ---- */

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

/* Is y what the model's task takes? */
static gd_status check_targets(const gd_data *d, const gd_model *model, gd_error *err)
{
    bool binary = model->task == GD_BINARY;
    if ((binary && d->classes != 2) || (model->task == GD_MULTICLASS && d->classes < 2))
        return gd_fail(err, GD_INVALID, "model", "\"%s\" needs %s classes in the target, got %zu",
                       model->name, binary ? "exactly 2" : "at least 2", d->classes);
    for (size_t i = 0; (model->task & GD_CLASSES) && i < d->rows; i++)
        if (!(d->y[i] >= 0 && d->y[i] < (double)d->classes && d->y[i] == floor(d->y[i])))
            return gd_fail(err, GD_INVALID, "y", "row %zu: %g is not the number of a class", i,
                           d->y[i]);
    for (size_t i = 0; model->task == GD_COUNT && i < d->rows; i++)
        if (d->y[i] < 0)
            return gd_fail(err, GD_INVALID, "model",
                           "\"%s\" needs targets of 0 or more, row %zu has %g", model->name, i + 1,
                           d->y[i]);
    return GD_OK;
}

static gd_status check(const gd_data *d, const gd_spec *spec, const double *initial, gd_error *err)
{
    if (d->rows < 1 || d->rows > GD_MAX_ROWS)
        return gd_fail(err, GD_INVALID, "rows", "must be in [1, %zu], got %zu", GD_MAX_ROWS,
                       d->rows);
    if (d->cols < 1 || d->cols > GD_MAX_COLUMNS)
        return gd_fail(err, GD_INVALID, "columns", "must be in [1, %zu], got %zu", GD_MAX_COLUMNS,
                       d->cols);
    if (!d->y)
        return gd_fail(err, GD_INVALID, "y", "training needs targets");
    gd_shape shape = gd_spec_shape(spec, d->cols, d->classes);
    if (initial && !all_finite(initial, spec->model->params_len(&shape)))
        return gd_fail(err, GD_INVALID, "initial_parameters", "must be finite numbers");
    gd_status status = check_targets(d, spec->model, err);
    return status == GD_OK ? gd_spec_check(spec, err) : status;
}

static void mark_weights(gd_train *t)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = t->spec.model->layout(&t->shape, parts);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < parts[k].count; i++)
            t->weight[parts[k].offset + i] = !parts[k].bias;
}

static void unit_scaling(gd_train *t)
{
    for (size_t j = 0; j < t->data.cols; j++) {
        t->center[j] = 0;
        t->scale[j] = 1;
    }
}

static gd_status set_aside(gd_train *t, gd_error *err)
{
    if (t->spec.validation_fraction == GD_NO_VALIDATION)
        return GD_OK;
    t->index = calloc(t->data.rows, sizeof *t->index);
    if (!t->index)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to split the rows");
    size_t train = gd_split(&t->data, t->spec.validation_fraction, t->spec.seed, t->index, err);
    t->rows = (gd_rows){.index = t->index, .count = train};
    return train ? GD_OK : err ? err->status : GD_INVALID;
}

gd_status gd_train_new(gd_train **out, const gd_data *data, const gd_spec *spec,
                       const double *initial, const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    gd_status status = check(data, spec, initial, err);
    if (status != GD_OK)
        return status;
    gd_train *t = calloc(1, sizeof *t);
    if (!t)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a run of training");
    t->data = *data;
    t->spec = *spec;
    t->shape = gd_spec_shape(spec, data->cols, data->classes);
    t->n = spec->model->params_len(&t->shape);
    t->rows = (gd_rows){.count = data->rows};
    status = set_aside(t, err);
    if (status != GD_OK)
        goto fail;
    t->batch = t->rows.count;
    if (spec->batch_size != GD_FULL_BATCH && spec->batch_size < t->batch)
        t->batch = (size_t)spec->batch_size;
    status = gd_objective_new(&t->objective, data, spec->model, &t->shape, spec->cost,
                              &t->spec.cost_hyper, executor, err);
    if (status != GD_OK)
        goto fail;
    gd_objective_over(t->objective, &t->rows);
    size_t cols = data->cols, state_len = spec->optimizer->state_len(t->n);
    t->theta = calloc(8 * t->n + 2 * cols + state_len, sizeof(double));
    t->columns = calloc(cols, sizeof *t->columns);
    bool shuffled = spec->shuffle && t->batch < t->rows.count;
    if (shuffled)
        t->order = calloc(t->rows.count, sizeof *t->order);
    if (!t->theta || !t->columns || (shuffled && !t->order)) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train %zu parameters", t->n);
        goto fail;
    }
    t->finite = t->theta + t->n;
    t->gradient = t->finite + t->n;
    t->mean = t->gradient + t->n;
    t->best = t->mean + t->n;
    t->v = t->best + t->n;
    t->hv = t->v + t->n;
    t->weight = t->hv + t->n;
    t->center = t->weight + t->n;
    t->scale = t->center + cols;
    t->optimizer_state = t->scale + cols;
    unit_scaling(t);
    t->spec.model->init(&t->shape, t->theta);
    if (initial)
        memcpy(t->theta, initial, t->n * sizeof *initial);
    memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    t->spec.optimizer->init(t->optimizer_state, t->n, &t->spec.optimizer_hyper);
    t->base_rate = t->spec.learning_rate;
    if (t->base_rate == GD_AUTO)
        t->base_rate = t->spec.optimizer->customary_rate; /* 0: found from the curvature */
    t->state.learning_rate = t->base_rate;
    mark_weights(t);
    *out = t;
    return GD_OK;
fail:
    gd_train_free(t);
    return status;
}

void gd_train_free(gd_train *t)
{
    if (!t)
        return;
    gd_objective_free(t->objective);
    free(t->theta);
    free(t->columns);
    free(t->order);
    free(t->index);
    free(t);
}

/* ---- how a run ends ---- */

static bool full_batch(const gd_train *t)
{
    return t->batch == t->rows.count;
}

/* Adaptive rules have steps of their own length, which the curvature says little about. */
static bool explained_by_curvature(const gd_train *t)
{
    return t->spec.model->linear && t->spec.cost->curvature > 0 && t->spec.optimizer->stable;
}

/* The curvature explains a learning rate that was chosen by hand: always after a
 * divergence, and when it costs no more than the run itself did. */
static void stop(gd_train *t, gd_stop why)
{
    t->state.stop = why;
    t->phase = ENDED;
    bool worth = why == GD_STOP_DIVERGED || full_batch(t);
    if (explained_by_curvature(t) && t->state.curvature == 0 && worth) {
        gd_curvature_begin(&t->curvature, t->v, t->hv, t->n, t->batch, t->rows.count);
        t->phase = ANALYSIS;
    }
}

static void explain_overflow(gd_train *t, const char *what)
{
    const char *remedy =
        t->spec.standardize
            ? "divide the largest columns (or the target) by a constant"
            : "set standardize to true, or divide the largest columns by a constant";
    gd_fail(&t->error, GD_OVERFLOW, "dataset",
            "%s is too large for double precision before the first step: %s", what, remedy);
    t->state.stop = GD_STOP_DIVERGED;
    t->phase = ENDED;
}

/* Called when the curvature is known, so that the message can say what to set. */
static void explain_divergence(gd_train *t)
{
    const gd_state *s = &t->state;
    char rose[120];
    if (isfinite(s->cost))
        snprintf(rose, sizeof rose, "the cost rose from %.6g to %.6g by epoch %llu", t->reference,
                 s->cost, (unsigned long long)s->epoch);
    else
        snprintf(rose, sizeof rose, "the cost was no longer finite at epoch %llu",
                 (unsigned long long)s->epoch);
    bool known = isfinite(s->max_stable_rate) && s->max_stable_rate > 0;
    if (known && s->learning_rate > s->max_stable_rate)
        gd_fail(
            &t->error, GD_OVERFLOW, "learning_rate",
            "%s: learning_rate %.6g is too high for this data. The largest stable rate is %.6g; "
            "set learning_rate to %.3g or \"auto\"%s",
            rose, s->learning_rate, s->max_stable_rate, s->safe_rate,
            t->spec.standardize ? "" : ", or standardize to true for a larger one");
    else if (known)
        gd_fail(&t->error, GD_OVERFLOW, "learning_rate",
                "%s, although learning_rate %.6g is not above the largest stable rate, %.6g: set "
                "it lower, "
                "to %.3g or less",
                rose, s->learning_rate, s->max_stable_rate, 0.1 * s->learning_rate);
    else
        gd_fail(&t->error, GD_OVERFLOW, "learning_rate", "%s: set a lower learning_rate than %.6g",
                rose, s->learning_rate);
}

/* l2 adds its own curvature along the weights. */
static void set_curvature(gd_train *t)
{
    t->curvature.largest += t->spec.l2;
    t->curvature.smoothness += t->spec.l2;
    t->state.curvature = t->curvature.largest;
    t->state.safe_rate = (full_batch(t) ? 1 : 0.5) / t->curvature.smoothness;
    t->state.max_stable_rate =
        t->spec.optimizer->stable(&t->spec.optimizer_hyper) / t->curvature.smoothness;
}

/* ---- the phases ---- */

static void scale(gd_train *t)
{
    size_t cols = t->data.cols;
    if (t->spec.standardize) {
        gd_columns(t->data.X, &t->rows, cols, t->columns);
        gd_scaling(t->columns, cols, t->spec.intercept, t->center, t->scale);
        if (!all_finite(t->center, cols) || !all_finite(t->scale, cols)) {
            unit_scaling(t);
            explain_overflow(t, "a column's variance");
            return;
        }
        gd_objective_scale(t->objective, t->center, t->scale);
    }
    t->spec.model->rescale(&t->shape, t->center, t->scale, t->theta, t->theta);
    memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    t->phase = START;
    if (gd_spec_backtracks(&t->spec)) {
        t->base_rate = 1; /* where the search begins */
    } else if (t->base_rate == GD_AUTO) {
        gd_curvature_begin(&t->curvature, t->v, t->hv, t->n, t->batch, t->rows.count);
        t->phase = CURVATURE;
    }
}

static void find_rate(gd_train *t)
{
    if (!gd_curvature_step(&t->curvature, t->objective))
        return;
    t->phase = START;
    if (!isfinite(t->curvature.smoothness)) {
        explain_overflow(t, "the curvature of the cost");
        return;
    }
    if (t->curvature.smoothness > 0)
        set_curvature(t);
    /* No curvature: no feature ever differs from 0, and no rate moves anything. */
    t->base_rate = t->curvature.smoothness > 0 ? t->state.safe_rate : 1;
    t->state.learning_rate = t->base_rate;
}

/* Adds l2/2 |w|^2 to the gradient, and returns what both penalties add to the cost. */
static double penalise(const gd_train *t, const double *theta, double *gradient)
{
    double l1 = 0, l2 = 0;
    if (t->spec.l1 == 0 && t->spec.l2 == 0)
        return 0;
    for (size_t i = 0; i < t->n; i++) {
        double w = t->weight[i] * theta[i];
        l1 += fabs(w);
        l2 += w * w;
        if (gradient)
            gradient[i] += t->spec.l2 * w;
    }
    return t->spec.l1 * l1 + 0.5 * t->spec.l2 * l2;
}

static double full_cost(gd_train *t, const double *theta, double *gradient)
{
    double cost = gd_objective_eval(t->objective, theta, &t->rows, gradient);
    return cost + penalise(t, theta, gradient);
}

/* The length of the steepest way down: with l1, whose slope jumps at 0, the shortest
 * subgradient. */
static double slope_norm(gd_train *t, const double *at)
{
    if (t->spec.l1 == 0)
        return gd_norm(t->gradient, t->n);
    for (size_t i = 0; i < t->n; i++) {
        double g = t->gradient[i], l1 = t->spec.l1 * t->weight[i];
        double inside = fmax(fabs(g) - l1, 0);
        t->v[i] = at[i] != 0 ? g + copysign(l1, at[i]) : copysign(inside, g);
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
    for (size_t i = 0; i < t->n; i++)
        if (t->weight[i] != 0)
            t->theta[i] = copysign(fmax(fabs(t->theta[i]) - by, 0), t->theta[i]);
}

static void evaluate(gd_train *t)
{
    gd_state *s = &t->state;
    const double *at = t->averaged ? t->mean : t->theta;
    s->cost = full_cost(t, at, t->gradient);
    s->gradient_norm = slope_norm(t, at);
    if (isfinite(s->cost) && isfinite(s->gradient_norm)) {
        memcpy(t->finite, at, t->n * sizeof *t->theta);
        s->finite_epoch = s->epoch;
    }
    gd_rows aside;
    s->validation_cost = NAN;
    if (gd_train_validation_rows(t, &aside))
        s->validation_cost =
            gd_objective_eval(t->objective, at, &aside, NULL) + penalise(t, at, NULL);
}

/* The cost that says which epoch was best. */
static double watched(const gd_train *t)
{
    return t->index ? t->state.validation_cost : t->state.cost;
}

static void keep_best(gd_train *t)
{
    t->state.best_cost = watched(t);
    t->state.best_epoch = t->state.epoch;
    memcpy(t->best, t->finite, t->n * sizeof *t->best);
}

/* Early stopping gives back the best parameters, not the last. */
static void go_back(gd_train *t)
{
    memcpy(t->finite, t->best, t->n * sizeof *t->best);
    t->state.finite_epoch = t->state.best_epoch;
}

static void start(gd_train *t)
{
    evaluate(t);
    t->reference = t->lowest = t->state.cost;
    keep_best(t);
    t->phase = EPOCHS;
    /* A start near the optimum says little about scale: measure against all zeros too. */
    memset(t->v, 0, t->n * sizeof *t->v);
    double at_zero = full_cost(t, t->v, NULL);
    if (at_zero > t->reference)
        t->reference = at_zero;
    if (!isfinite(t->reference) || !isfinite(t->state.gradient_norm))
        explain_overflow(t, "the cost or its gradient");
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

static void update(gd_train *t)
{
    clip(t);
    t->spec.optimizer->step(&(gd_update){
        .theta = t->theta,
        .gradient = t->gradient,
        .weight = t->weight,
        .n = t->n,
        .learning_rate = t->state.learning_rate,
        .t = ++t->updates,
        .state = t->optimizer_state,
        .hyper = &t->spec.optimizer_hyper,
    });
    shrink(t);
    average(t);
}

/* The longest step of a halving series that lowers the objective enough (Armijo, 1966; for
 * l1, of the proximal step: Beck, Teboulle, 2009). The last epoch's length, doubled, is where
 * it begins, so the step can grow again. */
static void backtrack(gd_train *t)
{
    enum { HALVINGS = 60 };
    double before = t->state.cost, *trial = t->v;
    clip(t);
    t->base_rate *= 2;
    for (int k = 0; k < HALVINGS; k++, t->base_rate /= 2) {
        double moved = 0;
        t->state.learning_rate = t->base_rate;
        memcpy(trial, t->theta, t->n * sizeof *trial);
        for (size_t i = 0; i < t->n; i++)
            t->theta[i] -= t->base_rate * t->gradient[i];
        shrink(t);
        for (size_t i = 0; i < t->n; i++)
            moved += (t->theta[i] - trial[i]) * (t->theta[i] - trial[i]);
        if (full_cost(t, t->theta, NULL) <= before - moved / (4 * t->base_rate))
            return;
        memcpy(t->theta, trial, t->n * sizeof *trial);
    }
    /* nothing is lower: at the minimum, as far as doubles can tell */
}

static void mini_batches(gd_train *t)
{
    if (t->order) {
        gd_rng r = gd_rng_seed(t->spec.seed, t->state.epoch);
        gd_rng_permutation(&r, t->order, t->rows.count);
        for (size_t i = 0; t->index && i < t->rows.count; i++)
            t->order[i] = t->index[t->order[i]];
    }
    for (size_t first = 0; first < t->rows.count; first += t->batch) {
        size_t left = t->rows.count - first;
        gd_rows rows = {t->order ? t->order : t->index, first, left < t->batch ? left : t->batch};
        gd_objective_eval(t->objective, t->theta, &rows, t->gradient);
        penalise(t, t->theta, t->gradient);
        update(t);
    }
}

/* Has the cost settled? Full batches: it changed by no more than tol. Mini-batches: the
 * best one did not improve by more than tol, and the noise is below where it began. */
static bool settled(const gd_train *t, double before, double best_before)
{
    double tol = t->spec.tol, cost = t->state.cost;
    if (tol == 0)
        return false;
    if (full_batch(t))
        return fabs(before - cost) <= tol * before;
    return cost >= best_before * (1 - tol) && cost <= t->reference;
}

static void epoch(gd_train *t)
{
    gd_state *s = &t->state;
    double before = s->cost, best_before = t->lowest;
    const gd_schedule *schedule = t->spec.schedule;
    s->epoch++;
    s->learning_rate = schedule->rate(&t->spec.schedule_hyper, t->base_rate, s->epoch,
                                      t->spec.epochs, t->schedule_state);
    if (gd_spec_backtracks(&t->spec))
        backtrack(t);
    else if (full_batch(t))
        update(t);
    else
        mini_batches(t);
    evaluate(t);
    if (schedule->observe)
        schedule->observe(&t->spec.schedule_hyper, s->cost, t->schedule_state);
    if (watched(t) < s->best_cost)
        keep_best(t);
    t->lowest = fmin(t->lowest, s->cost);
    t->stalled = settled(t, before, best_before) ? t->stalled + 1 : 0;
    uint64_t patience = t->spec.n_iter_no_change;
    if (patience == GD_AUTO)
        patience = full_batch(t) && t->spec.optimizer == gd_optimizers[0] ? 1 : DEFAULT_PATIENCE;

    if (!isfinite(s->cost) || !isfinite(s->gradient_norm) || s->cost > RUN_AWAY * t->reference)
        stop(t, GD_STOP_DIVERGED);
    else if (t->spec.patience != GD_NO_PATIENCE && s->epoch - s->best_epoch >= t->spec.patience)
        stop(t, GD_STOP_EARLY);
    else if (t->stalled >= patience)
        stop(t, GD_STOP_CONVERGED);
    else if (s->epoch >= t->spec.epochs)
        stop(t, s->cost > ENDED_ABOVE * t->reference ? GD_STOP_DIVERGED : GD_STOP_MAX_EPOCHS);
    if (s->stop == GD_STOP_DIVERGED)
        explain_divergence(t);
    else if (s->stop != GD_STOP_NONE && t->spec.patience != GD_NO_PATIENCE)
        go_back(t);
}

static void analyse(gd_train *t)
{
    if (!gd_curvature_step(&t->curvature, t->objective))
        return;
    t->phase = ENDED;
    if (isfinite(t->curvature.smoothness) && t->curvature.smoothness > 0)
        set_curvature(t);
    if (t->state.stop == GD_STOP_DIVERGED)
        explain_divergence(t);
}

gd_step gd_train_step(gd_train *t)
{
    switch (t->phase) {
    case SCALING:
        scale(t);
        return GD_STEP_WORKING;
    case CURVATURE:
        find_rate(t);
        return GD_STEP_WORKING;
    case START:
        start(t);
        return GD_STEP_EPOCH;
    case EPOCHS:
        epoch(t);
        return GD_STEP_EPOCH;
    case ANALYSIS:
        analyse(t);
        return GD_STEP_WORKING;
    case ENDED:
        break;
    }
    return GD_STEP_DONE;
}

/* ---- looking in ---- */

const gd_state *gd_train_state(const gd_train *t)
{
    return &t->state;
}

void gd_train_rows(const gd_train *t, gd_rows *train)
{
    *train = t->rows;
}

bool gd_train_validation_rows(const gd_train *t, gd_rows *validation)
{
    *validation = (gd_rows){t->index, t->rows.count, t->data.rows - t->rows.count};
    return t->index != NULL;
}

const gd_error *gd_train_error(const gd_train *t)
{
    return &t->error;
}

const gd_spec *gd_train_spec(const gd_train *t)
{
    return &t->spec;
}

const gd_column *gd_train_columns(const gd_train *t)
{
    return t->spec.standardize && t->phase > SCALING ? t->columns : NULL;
}

size_t gd_train_params_len(const gd_train *t)
{
    return t->n;
}

const gd_shape *gd_train_shape(const gd_train *t)
{
    return &t->shape;
}

const double *gd_train_params(const gd_train *t)
{
    return t->finite;
}

void gd_train_params_unscaled(const gd_train *t, double *out)
{
    t->spec.model->unscale(&t->shape, t->center, t->scale, t->finite, out);
}

const double *gd_train_center(const gd_train *t)
{
    return t->center;
}

const double *gd_train_scale(const gd_train *t)
{
    return t->scale;
}

/* ---- checkpoints: a head of HEAD_LEN numbers, then the arrays ---- */

enum { HEAD_LEN = 23 + GD_SCHEDULE_STATE };

/* theta, finite, gradient, mean, best: they lie side by side */
enum { SAVED_ARRAYS = 5 };

static size_t arrays_len(const gd_train *t)
{
    return SAVED_ARRAYS * t->n + t->spec.optimizer->state_len(t->n);
}

size_t gd_train_save_len(const gd_train *t)
{
    return HEAD_LEN + arrays_len(t);
}

void gd_train_save(const gd_train *t, double *out)
{
    const gd_state *s = &t->state;
    const double head[HEAD_LEN] = {
        CHECKPOINT_VERSION,
        (double)t->n,
        (double)t->data.rows,
        (double)t->phase,
        (double)s->stop,
        (double)s->epoch,
        s->cost,
        s->gradient_norm,
        s->learning_rate,
        s->curvature,
        s->safe_rate,
        s->max_stable_rate,
        (double)s->best_epoch,
        s->best_cost,
        (double)s->finite_epoch,
        t->reference,
        (double)t->updates,
        (double)t->stalled,
        (double)t->data.cols,
        t->base_rate,
        (double)t->averaged,
        s->validation_cost,
        t->lowest,
    };
    memcpy(out, head, sizeof head);
    memcpy(out + HEAD_LEN - GD_SCHEDULE_STATE, t->schedule_state, sizeof t->schedule_state);
    memcpy(out + HEAD_LEN, t->theta, SAVED_ARRAYS * t->n * sizeof *out);
    size_t state_len = t->spec.optimizer->state_len(t->n);
    if (state_len)
        memcpy(out + HEAD_LEN + SAVED_ARRAYS * t->n, t->optimizer_state, state_len * sizeof *out);
}

gd_status gd_train_restore(gd_train *t, const double *in, size_t len, gd_error *err)
{
    if (len != gd_train_save_len(t) || in[0] != CHECKPOINT_VERSION || in[1] != (double)t->n ||
        in[2] != (double)t->data.rows || in[18] != (double)t->data.cols ||
        !(in[3] >= SCALING && in[3] <= ENDED))
        return gd_fail(err, GD_INVALID, "checkpoint", "does not belong to this run");
    phase saved = (phase)in[3];
    if (saved < EPOCHS)
        return GD_OK; /* nothing was trained yet: begin again */
    scale(t);
    t->state = (gd_state){
        .stop = (gd_stop)in[4],
        .epoch = (uint64_t)in[5],
        .cost = in[6],
        .gradient_norm = in[7],
        .learning_rate = in[8],
        .curvature = in[9],
        .safe_rate = in[10],
        .max_stable_rate = in[11],
        .best_epoch = (uint64_t)in[12],
        .best_cost = in[13],
        .finite_epoch = (uint64_t)in[14],
    };
    t->reference = in[15];
    t->updates = (uint64_t)in[16];
    t->stalled = (uint64_t)in[17];
    t->base_rate = in[19];
    t->averaged = (uint64_t)in[20];
    t->state.validation_cost = in[21];
    t->lowest = in[22];
    memcpy(t->schedule_state, in + HEAD_LEN - GD_SCHEDULE_STATE, sizeof t->schedule_state);
    memcpy(t->theta, in + HEAD_LEN, SAVED_ARRAYS * t->n * sizeof *in);
    size_t state_len = t->spec.optimizer->state_len(t->n);
    if (state_len)
        memcpy(t->optimizer_state, in + HEAD_LEN + SAVED_ARRAYS * t->n, state_len * sizeof *in);
    t->phase = saved;
    if (saved >= ANALYSIS && t->state.stop == GD_STOP_DIVERGED)
        explain_divergence(t);
    if (saved == ANALYSIS)
        gd_curvature_begin(&t->curvature, t->v, t->hv, t->n, t->batch, t->rows.count);
    return GD_OK;
}
