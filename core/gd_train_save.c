/* gd_train_save: checkpoints, as an array of doubles. */
#include "gd_train_private.h"

#include <math.h>
#include <string.h>

#define CHECKPOINT_VERSION 5.0

/* A head of numbers, then the arrays. */
enum {
    VERSION,
    PARAMS,
    ROWS,
    PHASE,
    STOP,
    EPOCH,
    COST,
    GRADIENT_NORM,
    LEARNING_RATE,
    CURVATURE,
    SAFE_RATE,
    MAX_STABLE_RATE,
    BEST_EPOCH,
    BEST_COST,
    FINITE_EPOCH,
    REFERENCE,
    UPDATES,
    STALLED,
    COLS,
    BASE_RATE,
    AVERAGED,
    VALIDATION_COST,
    LOWEST,
    RANGE,
    SET_RATE, /* the settings that gd_train_adjust changes */
    SET_TOL,
    SET_EPOCHS,
    POINT_COST,
    POINT_VALIDATION_COST,
    POINT_GRADIENT_NORM,
    POINT_LEARNING_RATE,
    QUADRATIC,
    SPECTRAL,
    SCHEDULE,
    HEAD_LEN = SCHEDULE + GD_SCHEDULE_STATE
};

/* theta, finite, gradient, mean, best: they lie side by side */
enum { SAVED_ARRAYS = 5 };

static size_t coordinates_len(const gd_train *t)
{
    return t->quadratic ? GD_QUADRATIC_SAVED * t->quadratic->room : 0;
}

static size_t arrays_len(const gd_train *t)
{
    return SAVED_ARRAYS * t->n + t->spec.optimizer->state_len(t->n, &t->spec.optimizer_hyper) +
           coordinates_len(t);
}

size_t gd_train_save_len(const gd_train *t)
{
    return HEAD_LEN + arrays_len(t);
}

void gd_train_save(const gd_train *t, double *out)
{
    const gd_state *s = &t->state;
    const double head[SCHEDULE] = {
        [VERSION] = CHECKPOINT_VERSION,
        [PARAMS] = (double)t->n,
        [ROWS] = (double)t->data.rows,
        [PHASE] = (double)t->phase,
        [STOP] = (double)s->stop,
        [EPOCH] = (double)s->epoch,
        [COST] = s->cost,
        [GRADIENT_NORM] = s->gradient_norm,
        [LEARNING_RATE] = s->learning_rate,
        [CURVATURE] = s->curvature,
        [SAFE_RATE] = s->safe_rate,
        [MAX_STABLE_RATE] = s->max_stable_rate,
        [BEST_EPOCH] = (double)s->best_epoch,
        [BEST_COST] = s->best_cost,
        [FINITE_EPOCH] = (double)s->finite_epoch,
        [REFERENCE] = t->reference,
        [UPDATES] = (double)t->updates,
        [STALLED] = (double)t->stalled,
        [COLS] = (double)t->data.cols,
        [BASE_RATE] = t->base_rate,
        [AVERAGED] = (double)t->averaged,
        [VALIDATION_COST] = s->validation_cost,
        [LOWEST] = t->lowest,
        [RANGE] = (double)t->range,
        [SET_RATE] = t->spec.learning_rate,
        [SET_TOL] = t->spec.tol,
        [SET_EPOCHS] = (double)t->spec.epochs,
        [POINT_COST] = t->best_point.cost,
        [POINT_VALIDATION_COST] = t->best_point.validation_cost,
        [POINT_GRADIENT_NORM] = t->best_point.gradient_norm,
        [POINT_LEARNING_RATE] = t->best_point.learning_rate,
        [QUADRATIC] = gd_quadratic_on(t),
        [SPECTRAL] = gd_quadratic_spectral(t),
    };
    memcpy(out, head, sizeof head);
    memcpy(out + SCHEDULE, t->schedule_state, sizeof t->schedule_state);
    memcpy(out + HEAD_LEN, t->theta, SAVED_ARRAYS * t->n * sizeof *out);
    size_t state_len = t->spec.optimizer->state_len(t->n, &t->spec.optimizer_hyper);
    if (state_len)
        memcpy(out + HEAD_LEN + SAVED_ARRAYS * t->n, t->optimizer_state, state_len * sizeof *out);
    size_t coordinates = coordinates_len(t);
    if (coordinates)
        memcpy(out + gd_train_save_len(t) - coordinates, t->quadratic->at,
               coordinates * sizeof *out);
}

static bool whole(double v, double most)
{
    return v >= 0 && v <= most && v == floor(v); /* false for NaN */
}

/* Is it of this run? */
static bool belongs(const gd_train *t, const double *in, size_t len)
{
    return len == gd_train_save_len(t) && in[VERSION] == CHECKPOINT_VERSION &&
           in[PARAMS] == (double)t->n && in[ROWS] == (double)t->data.rows &&
           in[COLS] == (double)t->data.cols;
}

/* Does the phase that it was in exist for this run, and does how it stops go with it? */
static bool phase_fits(const gd_train *t, const double *in)
{
    if (!whole(in[PHASE], GD_ENDED) || !whole(in[STOP], GD_STOP_DIVERGED) ||
        !whole(in[RANGE], GD_INITIAL_TOO_LARGE))
        return false;
    bool stops = in[STOP] != GD_STOP_NONE;
    if (in[RANGE] != GD_IN_RANGE && (in[PHASE] != GD_ENDED || in[STOP] != GD_STOP_DIVERGED))
        return false;
    return stops == (in[PHASE] >= GD_ANALYSIS) &&
           (in[PHASE] != GD_ANALYSIS || gd_explained_by_curvature(t));
}

/* Could save have written it? What counts, is an index or says what is allocated is looked at; any
 * other number may be any double. */
static bool plausible(const gd_train *t, const double *in)
{
    static const int counts[] = {EPOCH, BEST_EPOCH, FINITE_EPOCH, UPDATES, STALLED, AVERAGED};
    const gd_optimizer *o = t->spec.optimizer;
    /* a rate may have been set by hand, but not to "auto" */
    bool ok = phase_fits(t, in) && isfinite(in[SET_RATE]) &&
              (in[SET_RATE] > 0 || in[SET_RATE] == t->spec.learning_rate) && in[SET_TOL] >= 0 &&
              in[SET_TOL] < 1 && whole(in[SET_EPOCHS], GD_MAX_EXACT_INTEGER) &&
              in[SET_EPOCHS] >= in[EPOCH];
    for (size_t i = 0; ok && i < sizeof counts / sizeof counts[0]; i++)
        ok = whole(in[counts[i]], GD_MAX_EXACT_INTEGER);
    return ok && in[BEST_EPOCH] <= in[EPOCH] && in[FINITE_EPOCH] <= in[EPOCH] &&
           (!o->sound ||
            o->sound(in + HEAD_LEN + SAVED_ARRAYS * t->n, t->n, &t->spec.optimizer_hyper));
}

bool gd_train_begun(const gd_train *t)
{
    return t->phase >= GD_EPOCHS;
}

gd_status gd_train_restore(gd_train *t, const double *in, size_t len, gd_error *err)
{
    if (!belongs(t, in, len))
        return gd_fail(err, GD_INVALID, "checkpoint", "does not belong to this run");
    if (!plausible(t, in))
        return gd_fail(err, GD_INVALID, "checkpoint", "is damaged");
    gd_phase saved = (gd_phase)in[PHASE];
    gd_range range = (gd_range)in[RANGE];
    if (in[SET_RATE] != t->spec.learning_rate)
        t->spec.learning_rate = t->base_rate = t->state.learning_rate = in[SET_RATE];
    t->spec.tol = in[SET_TOL];
    t->spec.epochs = (uint64_t)in[SET_EPOCHS];
    /* Before the first epoch nothing was trained; what is out of range is found out again. */
    if (saved < GD_EPOCHS || (saved == GD_ENDED && range != GD_IN_RANGE && in[EPOCH] == 0))
        return GD_OK;
    gd_train_prepare(t);
    if (saved == GD_EPOCHS)
        gd_quadratic_open(t);
    t->state = (gd_state){
        .stop = (gd_stop)in[STOP],
        .epoch = (uint64_t)in[EPOCH],
        .cost = in[COST],
        .gradient_norm = in[GRADIENT_NORM],
        .learning_rate = in[LEARNING_RATE],
        .curvature = in[CURVATURE],
        .safe_rate = in[SAFE_RATE],
        .max_stable_rate = in[MAX_STABLE_RATE],
        .best_epoch = (uint64_t)in[BEST_EPOCH],
        .best_cost = in[BEST_COST],
        .finite_epoch = (uint64_t)in[FINITE_EPOCH],
    };
    t->reference = in[REFERENCE];
    t->updates = (uint64_t)in[UPDATES];
    t->stalled = (uint64_t)in[STALLED];
    t->base_rate = in[BASE_RATE];
    t->averaged = (uint64_t)in[AVERAGED];
    t->state.validation_cost = in[VALIDATION_COST];
    t->lowest = in[LOWEST];
    t->best_point = (gd_point){(uint64_t)in[BEST_EPOCH], in[POINT_COST], in[POINT_VALIDATION_COST],
                               in[POINT_GRADIENT_NORM], in[POINT_LEARNING_RATE]};
    memcpy(t->schedule_state, in + SCHEDULE, sizeof t->schedule_state);
    memcpy(t->theta, in + HEAD_LEN, SAVED_ARRAYS * t->n * sizeof *in);
    size_t state_len = t->spec.optimizer->state_len(t->n, &t->spec.optimizer_hyper);
    if (state_len)
        memcpy(t->optimizer_state, in + HEAD_LEN + SAVED_ARRAYS * t->n, state_len * sizeof *in);
    gd_quadratic_restore(t, in + len - coordinates_len(t), in[QUADRATIC] != 0, in[SPECTRAL] != 0,
                         saved == GD_EPOCHS);
    t->phase = saved;
    t->range = range;
    if (t->state.stop == GD_STOP_DIVERGED)
        gd_train_explain(t);
    if (saved == GD_ANALYSIS)
        gd_begin_curvature(t);
    return GD_OK;
}
