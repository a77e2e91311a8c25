/* gd_train_save: checkpoints, as an array of doubles. */
#include "gd_train_private.h"

#include <math.h>
#include <string.h>

#define CHECKPOINT_VERSION 5.0

/* A head of numbers, then the arrays. */
enum { HEAD_LEN = 33 + GD_SCHEDULE_STATE };

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
        (double)t->range,
        t->spec.learning_rate, /* the settings that gd_train_adjust changes */
        t->spec.tol,
        (double)t->spec.epochs,
        t->best_point.cost,
        t->best_point.validation_cost,
        t->best_point.gradient_norm,
        t->best_point.learning_rate,
        gd_quadratic_on(t),
        gd_quadratic_spectral(t),
    };
    memcpy(out, head, sizeof head);
    memcpy(out + HEAD_LEN - GD_SCHEDULE_STATE, t->schedule_state, sizeof t->schedule_state);
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

/* Is it of this run, and could save have written it? */
static bool plausible(const gd_train *t, const double *in, size_t len)
{
    static const int counts[] = {5, 12, 14, 16, 17, 20, 26};
    bool ok = len == gd_train_save_len(t) && in[0] == CHECKPOINT_VERSION && in[1] == (double)t->n &&
              in[2] == (double)t->data.rows && in[18] == (double)t->data.cols &&
              whole(in[3], GD_ENDED) && whole(in[4], GD_STOP_DIVERGED) &&
              whole(in[23], GD_INITIAL_TOO_LARGE) && isfinite(in[24]) && in[24] >= 0 &&
              in[25] >= 0 && in[25] < 1;
    for (size_t i = 0; ok && i < sizeof counts / sizeof counts[0]; i++)
        ok = whole(in[counts[i]], GD_MAX_EXACT_INTEGER);
    return ok;
}

bool gd_train_begun(const gd_train *t)
{
    return t->phase >= GD_EPOCHS;
}

gd_status gd_train_restore(gd_train *t, const double *in, size_t len, gd_error *err)
{
    if (!plausible(t, in, len))
        return gd_fail(err, GD_INVALID, "checkpoint", "does not belong to this run");
    gd_phase saved = (gd_phase)in[3];
    gd_range range = (gd_range)in[23];
    if (in[24] != t->spec.learning_rate)
        t->spec.learning_rate = t->base_rate = t->state.learning_rate = in[24];
    t->spec.tol = in[25];
    t->spec.epochs = (uint64_t)in[26];
    /* Before the first epoch nothing was trained; what is out of range is found out again. */
    if (saved < GD_EPOCHS || (saved == GD_ENDED && range != GD_IN_RANGE && in[5] == 0))
        return GD_OK;
    gd_train_prepare(t);
    if (saved == GD_EPOCHS)
        gd_quadratic_open(t);
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
    t->best_point = (gd_point){(uint64_t)in[12], in[27], in[28], in[29], in[30]};
    memcpy(t->schedule_state, in + HEAD_LEN - GD_SCHEDULE_STATE, sizeof t->schedule_state);
    memcpy(t->theta, in + HEAD_LEN, SAVED_ARRAYS * t->n * sizeof *in);
    size_t state_len = t->spec.optimizer->state_len(t->n, &t->spec.optimizer_hyper);
    if (state_len)
        memcpy(t->optimizer_state, in + HEAD_LEN + SAVED_ARRAYS * t->n, state_len * sizeof *in);
    gd_quadratic_restore(t, in + len - coordinates_len(t), in[31] != 0, in[32] != 0,
                         saved == GD_EPOCHS);
    t->phase = saved;
    t->range = range;
    if (t->state.stop == GD_STOP_DIVERGED)
        gd_train_explain(t);
    if (saved == GD_ANALYSIS)
        gd_begin_curvature(t);
    return GD_OK;
}
