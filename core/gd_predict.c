/* gd_predict: the responses of rows, a tile at a time. */
#include "gd_limits.h"
#include "gd_metrics.h"
#include "gd_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void softmax(double *z, size_t outputs)
{
    double top = z[0], total = 0;
    for (size_t k = 1; k < outputs; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < outputs; k++)
        total += z[k] = exp(z[k] - top);
    for (size_t k = 0; k < outputs; k++)
        z[k] /= total;
}

/* 1 / (1 + exp(-z)), by the exponential that can't overflow. */
static void logit(const gd_kernels *k, size_t n, double *z)
{
    enum { SOME = 256 };
    for (; n > 0; z += SOME) {
        double e[SOME];
        size_t some = n < SOME ? n : SOME;
        for (size_t i = 0; i < some; i++)
            e[i] = -fabs(z[i]);
        k->exp(e, e, some);
        for (size_t i = 0; i < some; i++)
            z[i] = (z[i] > 0 ? 1 : e[i]) / (1 + e[i]);
        n -= some;
    }
}

static void respond(const gd_kernels *k, gd_link link, size_t outputs, size_t rows, double *out)
{
    switch (link) {
    case GD_IDENTITY:
        break;
    case GD_LOGIT:
        logit(k, rows * outputs, out);
        break;
    case GD_SOFTMAX:
        for (size_t i = 0; i < rows; i++)
            softmax(out + i * outputs, outputs);
        break;
    case GD_LOG:
        k->exp(out, out, rows * outputs);
        break;
    }
}

/* Scores by kernels, one a row: theta as they want it. */
typedef struct line {
    const gd_kernels *kernels;
    double *w; /* padded; NULL: scores are the model's own */
    double b;
} line;

/* False when out of memory. The caller frees l->w. */
static bool draw_line(line *l, const gd_kernels *kernels, const gd_model *model,
                      const gd_shape *shape, const double *theta)
{
    *l = (line){.kernels = kernels};
    if (!model->linear || shape->outputs != 1)
        return true;
    l->w = calloc(gd_pitch(shape->cols), sizeof *l->w);
    l->b = shape->intercept ? theta[shape->cols] : 0;
    if (l->w)
        memcpy(l->w, theta, shape->cols * sizeof *l->w);
    return l->w;
}

/* t: at most GD_TILE_MAX_ROWS rows. z: their scores, written. */
static void follow_line(const line *l, const gd_tile *t, double *z)
{
    double scores[GD_TILE_MAX_ROWS];
    l->kernels->scores(t, l->w, &l->b, 1, scores, GD_TILE_MAX_ROWS);
    memcpy(z, scores, t->count * sizeof *z);
}

gd_status gd_predict(const gd_model *model, const gd_shape *shape, const double *theta,
                     const double *X, size_t rows, double *out)
{
    return gd_predict_offset(model, shape, theta, X, NULL, rows, out);
}

gd_status gd_predict_offset(const gd_model *model, const gd_shape *shape, const double *theta,
                            const double *X, const double *offset, size_t rows, double *out)
{
    size_t tile = gd_shape_tile(model, shape), work_len = gd_shape_work(model, shape);
    double *work = work_len ? malloc(tile * work_len * sizeof *work) : NULL;
    const gd_kernels *kernels = gd_kernels_of(NULL);
    line by;
    bool ok = draw_line(&by, kernels, model, shape, theta) && (work || !work_len);
    for (size_t at = 0; ok && at < rows; at += tile) {
        size_t n = rows - at < tile ? rows - at : tile;
        double *z = out + at * shape->outputs;
        if (by.w)
            follow_line(
                &by,
                &(gd_tile){
                    .X = X, .rows_of_data = rows, .cols = shape->cols, .first = at, .count = n},
                z);
        else
            model->forward(shape, theta, X + at * shape->cols, n, z, work);
        for (size_t i = 0; offset && i < n * shape->outputs; i++)
            z[i] += offset[at + i / shape->outputs];
        respond(kernels, gd_shape_link(model, shape), shape->outputs, n, z);
    }
    free(by.w);
    free(work);
    return ok ? GD_OK : GD_NO_MEMORY;
}

double gd_cut_of(const gd_model *model, const gd_shape *shape)
{
    return shape->decided ? shape->threshold : gd_shape_link(model, shape) == GD_LOGIT ? 0.5 : 0;
}

size_t gd_class_of(const gd_model *model, const gd_shape *shape, const double *response)
{
    if (gd_shape_task(model, shape) == GD_BINARY) {
        double cut = gd_cut_of(model, shape);
        return shape->decided ? *response >= cut : *response > cut;
    }
    size_t best = 0;
    for (size_t k = 1; k < shape->outputs; k++)
        best = response[k] > response[best] ? k : best;
    return best;
}

/* ---- rows of data, by an executor ---- */

typedef struct pass {
    const gd_model *model;
    const gd_shape *shape;
    const double *theta;
    const gd_data *data;
    const gd_rows *rows;
    const gd_executor *executor;
    double *out, *y;
    line by;
    size_t tile, each; /* rows at a time; values of scratch that they take */
    double *scratch;   /* a slot */
    bool *skipped;     /* a slot: has it left out a block? */
} pass;

/* Can scores be had of a row's entries alone? */
static bool by_entries(const gd_model *m, const gd_data *d)
{
    return m->linear && gd_data_sparse(d);
}

/* The scores of the rows at .. at + n. */
static void score_tile(const pass *p, size_t at, size_t n, double *scratch)
{
    const gd_data *d = p->data;
    size_t cols = d->cols, outputs = p->shape->outputs, first = p->rows->first + at;
    const uint32_t *index = p->rows->index;
    double *z = p->out + at * outputs;
    bool gather = index || !d->X;
    if (by_entries(p->model, d)) {
        const double *biases = p->shape->intercept ? p->theta + outputs * cols : NULL;
        gd_sparse_scores(d, p->rows, at, n, p->theta, cols, biases, outputs,
                         &(gd_scores_at){z, outputs, 1});
        return;
    }
    if (p->by.w) {
        follow_line(&p->by,
                    &(gd_tile){.X = d->X,
                               .X32 = d->X32,
                               .rows_of_data = d->rows,
                               .cols = cols,
                               .index = index,
                               .first = first,
                               .count = n},
                    z);
        return;
    }
    for (size_t i = 0; gather && i < n; i++) {
        double *to = scratch + i * cols;
        const double *x = gd_data_row(d, index ? index[first + i] : first + i, to);
        if (x != to)
            memcpy(to, x, cols * sizeof *to);
    }
    const double *X = gather ? scratch : d->X + first * cols;
    p->model->forward(p->shape, p->theta, X, n, z, scratch + p->tile * cols);
}

/* The rows at .. at + n, n at most a tile. */
static void visit_tile(const pass *p, size_t at, size_t n, double *scratch)
{
    const gd_data *d = p->data;
    size_t outputs = p->shape->outputs, first = p->rows->first + at;
    const uint32_t *index = p->rows->index;
    double *z = p->out + at * outputs;
    score_tile(p, at, n, scratch);
    for (size_t i = 0; i < n; i++) {
        size_t row = index ? index[first + i] : first + i;
        if (p->y)
            p->y[at + i] = d->y[row];
        for (size_t k = 0; d->offset && k < outputs; k++)
            z[i * outputs + k] += d->offset[row];
    }
    respond(p->by.kernels, gd_shape_link(p->model, p->shape), outputs, n, z);
}

static void visit_block(void *arg, size_t block, size_t slot)
{
    const pass *p = arg;
    const gd_executor *e = p->executor;
    size_t at = block * GD_BLOCK_ROWS, end = at + GD_BLOCK_ROWS;
    if (end > p->rows->count)
        end = p->rows->count;
    if (p->skipped[slot] || (e->interrupted && e->interrupted(e->ctx))) {
        p->skipped[slot] = true;
        return;
    }
    for (; at < end; at += p->tile)
        visit_tile(p, at, end - at < p->tile ? end - at : p->tile, p->scratch + slot * p->each);
}

gd_status gd_predict_rows(const gd_model *model, const gd_shape *shape, const double *theta,
                          const gd_data *data, const gd_rows *rows, const gd_executor *executor,
                          double *out, double *y)
{
    pass p = {.model = model,
              .shape = shape,
              .theta = theta,
              .data = data,
              .rows = rows,
              .executor = executor ? executor : &gd_executor_serial,
              .out = out,
              .y = y,
              .tile = gd_shape_tile(model, shape)};
    size_t blocks = (rows->count + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    gd_status status = GD_OK;
    bool sparse = by_entries(model, data);
    if (sparse)
        p.tile = GD_SPARSE_TILE_ROWS;
    bool drawn = draw_line(&p.by, gd_kernels_of(executor), model, shape, theta);
    p.each = sparse || p.by.w ? 0 : p.tile * (data->cols + gd_shape_work(model, shape));
    p.scratch = malloc(p.executor->slots * p.each * sizeof *p.scratch + 1);
    p.skipped = calloc(p.executor->slots, sizeof *p.skipped);
    if (!drawn || !p.scratch || !p.skipped)
        status = GD_NO_MEMORY;
    else if (blocks == 1)
        visit_block(&p, 0, 0);
    else
        p.executor->run(p.executor->ctx, visit_block, &p, blocks);
    for (size_t i = 0; status == GD_OK && i < p.executor->slots; i++)
        if (p.skipped[i])
            status = GD_INTERRUPTED;
    free(p.by.w);
    free(p.scratch);
    free(p.skipped);
    return status;
}
