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

static void respond(gd_link link, size_t outputs, size_t rows, double *out)
{
    for (size_t i = 0; i < rows; i++) {
        double *z = out + i * outputs;
        switch (link) {
        case GD_IDENTITY:
            break;
        case GD_LOGIT:
            *z = *z > 0 ? 1 / (1 + exp(-*z)) : exp(*z) / (1 + exp(*z));
            break;
        case GD_SOFTMAX:
            softmax(z, outputs);
            break;
        case GD_LOG:
            *z = exp(*z);
            break;
        }
    }
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
    if (work_len && !work)
        return GD_NO_MEMORY;
    for (size_t at = 0; at < rows; at += tile) {
        size_t n = rows - at < tile ? rows - at : tile;
        double *z = out + at * shape->outputs;
        model->forward(shape, theta, X + at * shape->cols, n, z, work);
        for (size_t i = 0; offset && i < n * shape->outputs; i++)
            z[i] += offset[at + i / shape->outputs];
        respond(gd_shape_link(model, shape), shape->outputs, n, z);
    }
    free(work);
    return GD_OK;
}

size_t gd_class_of(const gd_model *model, const gd_shape *shape, const double *response)
{
    if (gd_shape_task(model, shape) == GD_BINARY && shape->decided)
        return *response >= shape->threshold;
    if (gd_shape_task(model, shape) == GD_BINARY)
        return *response > (gd_shape_link(model, shape) == GD_LOGIT ? 0.5 : 0);
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
    respond(gd_shape_link(p->model, p->shape), outputs, n, z);
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
    pass p = {model, shape, theta,
              data,  rows,  executor ? executor : &gd_executor_serial,
              out,   y,     gd_shape_tile(model, shape),
              0,     NULL,  NULL};
    size_t blocks = (rows->count + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    gd_status status = GD_OK;
    bool sparse = by_entries(model, data);
    if (sparse)
        p.tile = GD_SPARSE_TILE_ROWS;
    p.each = sparse ? 0 : p.tile * (data->cols + gd_shape_work(model, shape));
    p.scratch = malloc(p.executor->slots * p.each * sizeof *p.scratch + 1);
    p.skipped = calloc(p.executor->slots, sizeof *p.skipped);
    if (!p.scratch || !p.skipped)
        status = GD_NO_MEMORY;
    else if (blocks == 1)
        visit_block(&p, 0, 0);
    else
        p.executor->run(p.executor->ctx, visit_block, &p, blocks);
    for (size_t i = 0; status == GD_OK && i < p.executor->slots; i++)
        if (p.skipped[i])
            status = GD_INTERRUPTED;
    free(p.scratch);
    free(p.skipped);
    return status;
}
