/* gd_minibatch: an epoch of updates, batch after batch, in an order of its own. Linear models of
 * one output take the short way of gd_minibatch_rows.h where a batch is no more than a block; those
 * of sparse rows that of gd_sparse.h, where nothing but l2 asks for every weight in every update;
 * others that of full passes. */
#include "gd_minibatch.h"

#include "gd_rng.h"
#include "gd_sparse.h"
#include "gd_train_private.h"

static void shuffle(gd_train *t)
{
    if (!t->order)
        return;
    gd_rng r = gd_rng_seed(t->spec.seed, t->state.epoch);
    gd_rng_permutation(&r, t->order, t->rows.count);
    for (size_t i = 0; t->split && i < t->rows.count; i++)
        t->order[i] = t->split[t->order[i]];
}

static size_t up_to(size_t first, size_t step, size_t end)
{
    return end - first < step ? end : first + step;
}

/* Does nothing stand between a row's gradient and its step but l2? */
static bool plain(const gd_train *t)
{
    const gd_spec *s = &t->spec;
    return s->optimizer == gd_optimizers[0] && s->l1 == 0 && s->clip_norm == GD_NO_CLIP &&
           s->clip_value == GD_NO_CLIP && !t->lower && !(s->average && t->state.epoch > 1);
}

/* Are updates those of gd_sparse_descend? */
static bool by_entries(const gd_train *t)
{
    return gd_data_sparse(&t->data) && t->spec.model->linear &&
           t->batch <= GD_STREAM_SCORES / t->shape.outputs;
}

static bool short_way(const gd_train *t)
{
    const gd_spec *s = &t->spec;
    return !gd_data_sparse(&t->data) && s->model->linear && t->shape.outputs == 1 && s->cost->derivative &&
           s->dtype == GD_FLOAT64 && t->batch <= GD_BLOCK_ROWS;
}

static void by_rows(gd_train *t)
{
    const gd_minibatch_kernels *k = gd_executor_kernels(gd_objective_executor(t->objective))->minibatch;
    double *center = t->lanes, *inverse = center + gd_minibatch_lanes(t->data.cols);
    gd_minibatch_spread(t->data.cols, t->center, t->scale, center, inverse);
    gd_minibatch_rows r = {
        .data = t->data,
        .order = t->order ? t->order : t->split,
        .known = t->rows.count,
        .center = center,
        .inverse = inverse,
        .cost = t->spec.cost,
        .cost_hyper = &t->spec.cost_hyper,
        .intercept = t->shape.intercept,
        .theta = t->theta,
        .gradient = t->gradient,
        .rate = t->state.learning_rate,
        .l2 = t->spec.l2,
    };
    bool descends = t->batch == 1 && plain(t);
    size_t asked = 0, count = t->rows.count, step = descends ? GD_BLOCK_ROWS : t->batch;
    for (; r.first < count; r.first = r.end) {
        if (r.first >= asked && gd_objective_asks(t->objective))
            return;
        asked = r.first >= asked ? r.first + GD_BLOCK_ROWS : asked;
        r.end = up_to(r.first, step, count);
        if (descends) {
            k->descend(&r);
            t->updates += r.end - r.first;
        } else {
            k->gradient(&r);
            gd_train_penalise(t, t->theta, t->gradient);
            gd_train_update(t);
        }
    }
}

size_t gd_minibatch_room(const gd_train *t)
{
    if (by_entries(t))
        return gd_sparse_descent_len(t->data.cols, t->shape.outputs, t->batch);
    return 2 * gd_minibatch_lanes(t->data.cols);
}

static void descend_sparse(gd_train *t)
{
    gd_sparse_descent d = {
        .data = &t->data,
        .order = t->order ? t->order : t->split,
        .batch = t->batch,
        .outputs = t->shape.outputs,
        .center = t->center,
        .scale = t->scale,
        .cost = t->spec.cost,
        .cost_hyper = &t->spec.cost_hyper,
        .intercept = t->shape.intercept,
        .theta = t->theta,
        .rate = t->state.learning_rate,
        .l2 = t->spec.l2,
        .room = t->lanes,
    };
    /* theta is written out after so many rows, by when they had an entry for each of its values */
    size_t batches = gd_data_block_rows(&t->data) / t->batch, step = (batches + 1) * t->batch;
    for (; d.first < t->rows.count; d.first = d.end) {
        if (gd_objective_asks(t->objective))
            return;
        d.end = up_to(d.first, step, t->rows.count);
        gd_sparse_descend(&d);
        t->updates += (d.end - d.first + t->batch - 1) / t->batch;
    }
}

static void by_passes(gd_train *t)
{
    for (size_t first = 0, end; first < t->rows.count; first = end) {
        end = up_to(first, t->batch, t->rows.count);
        gd_rows rows = {t->order ? t->order : t->split, first, end - first};
        gd_objective_eval(t->objective, t->theta, &rows, t->gradient);
        if (gd_train_interrupted(t))
            return;
        gd_train_penalise(t, t->theta, t->gradient);
        gd_train_update(t);
    }
}

void gd_minibatches(gd_train *t)
{
    shuffle(t);
    if (by_entries(t) && plain(t))
        descend_sparse(t);
    else if (short_way(t))
        by_rows(t);
    else
        by_passes(t);
}
