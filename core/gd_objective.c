/* gd_objective: passes over the rows. A pass is cut into blocks (the unit of work and of
 * summation), a block into tiles (what is scaled and visited while it is in cache). */
#include "gd_objective.h"

#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct gd_objective {
    gd_data data;
    gd_shape shape, single; /* single: of one output */
    const gd_model *model;
    const gd_cost *cost;
    const void *cost_hyper;
    const gd_executor *executor;
    gd_rows over; /* the rows of the objective */
    size_t params_len;
    size_t slot_values; /* a row of a tile: cols + outputs + 3 + the model's work */
    size_t tile_rows;
    bool scaled;
    double *center;        /* cols */
    double *inverse_scale; /* cols */
    double *sums;          /* a row a block: cost, then params_len of gradient */
    double *scratch;       /* a slot: tile_rows x slot_values: rows, scores, targets, weights,
                              offsets, work */
    bool *skipped;         /* a slot: has it left out a block? */
    gd_net *net;           /* of a network, which does its passes; else NULL */
    bool interrupted;
};

typedef enum pass_kind { COST_AND_GRADIENT, COST_ONLY, HESSIAN_PRODUCT, ROW_CURVATURE } pass_kind;

typedef struct pass {
    gd_objective *o;
    pass_kind kind;
    const double *theta; /* parameters, or the vector that the Hessian is applied to */
    gd_rows rows;
} pass;

gd_status gd_objective_new(gd_objective **out, const gd_data *data, const gd_model *model,
                           const gd_shape *shape, const gd_cost *cost, const void *cost_hyper,
                           const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    gd_objective *o = calloc(1, sizeof *o);
    if (!o)
        goto fail;
    o->data = *data;
    o->shape = o->single = *shape;
    o->single.outputs = 1;
    o->over = (gd_rows){.count = data->rows};
    o->model = model;
    o->cost = cost;
    o->cost_hyper = cost_hyper;
    o->executor = executor ? executor : &gd_executor_serial;
    o->params_len = model->params_len(shape);
    o->slot_values = data->cols + shape->outputs + 3 + gd_shape_work(model, shape);
    o->center = calloc(data->cols, sizeof(double));
    o->inverse_scale = calloc(data->cols, sizeof(double));
    if (!o->center || !o->inverse_scale)
        goto fail;
    if (model->layers) {
        gd_status status = gd_net_new(&o->net, data, model, shape, cost, cost_hyper, executor, NULL, err);
        if (status == GD_OK)
            *out = o;
        else
            gd_objective_free(o);
        return status;
    }
    o->tile_rows = gd_shape_tile(model, shape);
    if (o->tile_rows > data->rows)
        o->tile_rows = data->rows;
    size_t blocks = (data->rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    o->sums = calloc(blocks * (1 + o->params_len), sizeof(double));
    o->scratch = calloc(o->executor->slots * o->tile_rows * o->slot_values, sizeof(double));
    o->skipped = calloc(o->executor->slots, sizeof *o->skipped);
    if (!o->sums || !o->scratch || !o->skipped)
        goto fail;
    *out = o;
    return GD_OK;
fail:
    gd_objective_free(o);
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train on %zu rows x %zu columns",
                   data->rows, data->cols);
}

void gd_objective_free(gd_objective *o)
{
    if (!o)
        return;
    gd_net_free(o->net);
    free(o->center);
    free(o->inverse_scale);
    free(o->sums);
    free(o->scratch);
    free(o->skipped);
    free(o);
}

void gd_objective_over(gd_objective *o, const gd_rows *rows)
{
    o->over = *rows;
}

void gd_objective_scale(gd_objective *o, const double *center, const double *scale)
{
    for (size_t j = 0; j < o->data.cols; j++) {
        o->center[j] = center[j];
        o->inverse_scale[j] = 1 / scale[j];
    }
    o->scaled = true;
    if (o->net)
        gd_net_scale(o->net, o->center, o->inverse_scale);
}

/* A tile's rows beside their features; weights and offsets are NULL where there are none. */
typedef struct beside {
    double *z, *y, *weights, *offset, *work;
} beside;

static beside beside_tile(const gd_objective *o, double *tile)
{
    beside b = {.z = tile + o->tile_rows * o->data.cols};
    b.y = b.z + o->tile_rows * o->shape.outputs;
    b.weights = o->data.weights ? b.y + o->tile_rows : NULL;
    b.offset = o->data.offset ? b.y + 2 * o->tile_rows : NULL;
    b.work = b.y + 3 * o->tile_rows;
    return b;
}

/* The rows `at` .. `at + n` of the pass: their features (scaled, in `tile` unless they can
 * be read where they lie) and what is beside them. */
static const double *load_tile(const pass *p, size_t at, size_t n, double *tile, const beside *b)
{
    const gd_objective *o = p->o;
    const gd_data *d = &o->data;
    size_t cols = d->cols, first = p->rows.first + at;
    const uint32_t *index = p->rows.index;

    for (size_t i = 0; i < n; i++) {
        size_t row = index ? index[first + i] : first + i;
        b->y[i] = d->y[row];
        if (b->weights)
            b->weights[i] = d->weights[row];
        if (b->offset)
            b->offset[i] = d->offset[row];
    }
    if (!o->scaled && !index)
        return d->X + first * cols;
    for (size_t i = 0; i < n; i++) {
        const double *x = d->X + (index ? index[first + i] : first + i) * cols;
        double *to = tile + i * cols;
        if (o->scaled)
            for (size_t j = 0; j < cols; j++)
                to[j] = (x[j] - o->center[j]) * o->inverse_scale[j];
        else
            memcpy(to, x, cols * sizeof *to);
    }
    return tile;
}

static void add_offset(const gd_objective *o, const beside *b, size_t n)
{
    for (size_t i = 0; b->offset && i < n; i++)
        for (size_t k = 0; k < o->shape.outputs; k++)
            b->z[i * o->shape.outputs + k] += b->offset[i];
}

/* What a tile adds to its block's sums. */
static void visit_tile(const pass *p, const double *X, size_t n, const beside *b, double *sums)
{
    const gd_objective *o = p->o;
    const gd_model *m = o->model;
    double *z = b->z;
    switch (p->kind) {
    case COST_AND_GRADIENT:
        m->forward(&o->shape, p->theta, X, n, z, b->work);
        add_offset(o, b, n);
        sums[0] += gd_cost_sum(o->cost, z, b->y, b->weights, n, o->shape.outputs, z, o->cost_hyper);
        m->backward(&o->shape, p->theta, X, n, z, sums + 1, b->work);
        break;
    case COST_ONLY:
        m->forward(&o->shape, p->theta, X, n, z, b->work);
        add_offset(o, b, n);
        sums[0] += gd_cost_sum(o->cost, z, b->y, b->weights, n, o->shape.outputs, NULL, o->cost_hyper);
        break;
    case HESSIAN_PRODUCT:
        m->forward(&o->single, p->theta, X, n, z, b->work);
        for (size_t i = 0; i < n; i++)
            z[i] *= o->cost->curvature * (b->weights ? b->weights[i] : 1);
        m->backward(&o->single, p->theta, X, n, z, sums + 1, b->work);
        break;
    case ROW_CURVATURE:
        for (size_t i = 0; i < n; i++) {
            const double *x = X + i * o->shape.cols;
            double square = gd_dot(x, x, o->shape.cols) + o->shape.intercept;
            double weight = b->weights ? b->weights[i] : 1;
            sums[0] = fmax(sums[0], square * o->cost->curvature * weight);
        }
        break;
    }
}

static bool asked_to_leave(const gd_objective *o)
{
    return o->interrupted ||
           (o->executor->interrupted && o->executor->interrupted(o->executor->ctx));
}

static void visit_block(void *arg, size_t block, size_t slot)
{
    const pass *p = arg;
    const gd_objective *o = p->o;
    size_t first = block * GD_BLOCK_ROWS, end = first + GD_BLOCK_ROWS;
    if (end > p->rows.count)
        end = p->rows.count;
    double *sums = o->sums + block * (1 + o->params_len);
    double *tile = o->scratch + slot * o->tile_rows * o->slot_values;
    const beside b = beside_tile(o, tile);

    if (asked_to_leave(o)) {
        o->skipped[slot] = true;
        return;
    }
    memset(sums, 0, (1 + o->params_len) * sizeof *sums);
    for (size_t at = first; at < end; at += o->tile_rows) {
        size_t n = end - at < o->tile_rows ? end - at : o->tile_rows;
        const double *X = load_tile(p, at, n, tile, &b);
        visit_tile(p, X, n, &b, sums);
    }
}

/* Runs a pass and leaves the blocks' total in row 0 of the sums. */
static const double *run_pass(pass *p)
{
    gd_objective *o = p->o;
    size_t len = 1 + o->params_len, blocks = (p->rows.count + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    if (blocks == 1)
        visit_block(p, 0, 0);
    else
        o->executor->run(o->executor->ctx, visit_block, p, blocks);
    for (size_t i = 0; i < o->executor->slots; i++)
        o->interrupted = o->interrupted || o->skipped[i];
    if (p->kind == ROW_CURVATURE)
        for (size_t b = 1; b < blocks; b++)
            o->sums[0] = fmax(o->sums[0], o->sums[b * len]);
    else
        gd_sum_tree(o->sums, blocks, len);
    return o->sums;
}

double gd_objective_eval(gd_objective *o, const double *theta, const gd_rows *rows,
                         double *gradient)
{
    if (o->net)
        return gd_net_eval(o->net, theta, rows, gradient, &o->interrupted);
    pass p = {o, gradient ? COST_AND_GRADIENT : COST_ONLY, theta, *rows};
    const double *sums = run_pass(&p);
    double n = (double)rows->count;
    if (gradient)
        for (size_t i = 0; i < o->params_len; i++)
            gradient[i] = sums[1 + i] / n;
    return sums[0] / n;
}

void gd_objective_hessian_product(gd_objective *o, const double *v, double *hv)
{
    pass p = {o, HESSIAN_PRODUCT, v, o->over};
    const double *sums = run_pass(&p);
    for (size_t i = 0; i < o->model->params_len(&o->single); i++)
        hv[i] = sums[1 + i] / (double)o->over.count;
}

bool gd_objective_asks(gd_objective *o)
{
    o->interrupted = asked_to_leave(o);
    return o->interrupted;
}

bool gd_objective_interrupted(const gd_objective *o)
{
    return o->interrupted;
}

double gd_objective_row_curvature(gd_objective *o)
{
    pass p = {o, ROW_CURVATURE, NULL, o->over};
    return run_pass(&p)[0];
}
