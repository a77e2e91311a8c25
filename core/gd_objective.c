/* gd_objective: passes over the rows. A pass is cut into blocks (the unit of work and of
 * summation), a block into tiles (what is scaled and visited while it is in cache). */
#include "gd_objective.h"

#include "gd_limits.h"
#include "gd_net.h"
#include "gd_sparse.h"
#include "gd_stream.h"

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
    size_t block_rows;
    bool scaled;
    bool streams;          /* passes are the kernels' */
    gd_stream stream;      /* of the pass at hand */
    size_t thetas;         /* vectors of parameters that there is room for at once */
    size_t blocks, wave;   /* of all rows; that are summed up before the next ones begin */
    double *center;        /* cols, padded */
    double *inverse_scale; /* cols */
    double *sums;          /* a row a block of the wave: cost, then gradient, of each vector of
                              parameters; then TREE_LEVELS such rows */
    size_t slot_len;       /* values a slot */
    double *scratch;       /* a slot: of the kernels, or tile_rows x slot_values: rows, scores,
                              targets, weights, offsets, work */
    bool *skipped;         /* a slot: has it left out a block? */
    gd_net *net;           /* of a network, which does its passes; else NULL */
    bool interrupted;
};

/* Blocks of a wave, whose sums have `len` values each: a power of two, which makes no difference to
 * the order of summation. */
static size_t wave_of(const gd_objective *o, size_t len)
{
    size_t wave = GD_WAVE_MIN_BLOCKS;
    while (wave < o->blocks && 2 * wave * len <= GD_WAVE_SUMS)
        wave *= 2;
    return wave < o->blocks ? wave : o->blocks;
}

/* Waves are at most 2^15: 2^31 rows in blocks of 2^12, in waves of 2^4. */
enum { TREE_LEVELS = 16 };

typedef enum pass_kind { COST_AND_GRADIENT, COST_ONLY, HESSIAN_PRODUCT, ROW_CURVATURE } pass_kind;

typedef struct pass {
    gd_objective *o;
    pass_kind kind;
    const double *theta; /* parameters, or the vector that the Hessian is applied to */
    gd_rows rows;
    size_t len;   /* of a block's sums */
    size_t first; /* block of the wave */
} pass;

/* Room for passes over k vectors of parameters at once, in place of what there was. */
static bool make_room(gd_objective *o, size_t k)
{
    size_t len = k * (1 + o->params_len);
    gd_stream stream = o->stream;
    stream.outputs = o->shape.outputs;
    stream.thetas = k;
    size_t slot_len = o->tile_rows * o->slot_values;
    if (o->streams && gd_stream_scratch(&stream) > slot_len)
        slot_len = gd_stream_scratch(&stream);
    size_t wave = wave_of(o, len);
    double *sums = calloc((wave + TREE_LEVELS) * len, sizeof *sums);
    double *scratch = calloc(o->executor->slots * slot_len, sizeof *scratch);
    double *weights = calloc(gd_stream_weights(&stream), sizeof *weights);
    if (!sums || !scratch || !weights) {
        free(sums);
        free(scratch);
        free(weights);
        return false;
    }
    free(o->sums);
    free(o->scratch);
    free(o->stream.weights);
    o->sums = sums;
    o->wave = wave;
    o->scratch = scratch;
    o->slot_len = slot_len;
    o->stream.weights = weights;
    o->stream.biases = weights + gd_stream_weights(&stream) / (gd_pitch(o->data.cols) + 1) *
                                     gd_pitch(o->data.cols);
    o->thetas = k;
    return true;
}

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
    o->center = calloc(gd_pitch(data->cols), sizeof(double));
    o->inverse_scale = calloc(data->cols, sizeof(double));
    if (!o->center || !o->inverse_scale)
        goto fail;
    if (model->layers) {
        gd_status status = gd_net_new(&o->net, data, model, shape, cost, cost_hyper, executor, err);
        if (status == GD_OK)
            *out = o;
        else
            gd_objective_free(o);
        return status;
    }
    o->tile_rows = gd_shape_tile(model, shape);
    if (o->tile_rows > data->rows)
        o->tile_rows = data->rows;
    o->block_rows = gd_data_block_rows(data);
    o->blocks = (data->rows + o->block_rows - 1) / o->block_rows;
    const gd_kernels *kernels = gd_executor_kernels(o->executor);
    if (gd_data_sparse(data) && !kernels->scores) /* there is no plain path for sparse rows */
        kernels = gd_kernels_find("portable");
    o->streams = gd_stream_fits(kernels, model, shape, cost);
    o->stream = (gd_stream){.kernels = kernels,
                            .data = &o->data,
                            .cost = cost,
                            .cost_hyper = cost_hyper,
                            .outputs = shape->outputs,
                            .intercept = shape->intercept,
                            .tile_rows = gd_stream_tile(data, shape->outputs)};
    o->skipped = calloc(o->executor->slots, sizeof *o->skipped);
    if (!o->skipped || !make_room(o, 1))
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
    free(o->stream.weights);
    free(o->skipped);
    free(o);
}

const gd_executor *gd_objective_executor(const gd_objective *o)
{
    return o->executor;
}

size_t gd_objective_params_len(const gd_objective *o)
{
    return o->params_len;
}

void gd_objective_over(gd_objective *o, const gd_rows *rows)
{
    o->over = *rows;
}

void gd_objective_scale(gd_objective *o, const double *center, const double *scale)
{
    bool centred = false;
    for (size_t j = 0; j < o->data.cols; j++) {
        o->center[j] = center[j];
        o->inverse_scale[j] = 1 / scale[j];
        centred = centred || center[j] != 0;
    }
    o->scaled = true;
    if (o->net)
        gd_net_scale(o->net, o->center, o->inverse_scale);
    o->stream.center = centred ? o->center : NULL;
    o->stream.inverse_scale = o->inverse_scale;
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
    if (!o->scaled && !index && d->X)
        return d->X + first * cols;
    for (size_t i = 0; i < n; i++) {
        double *to = tile + i * cols;
        const double *x = gd_data_row(d, index ? index[first + i] : first + i, to);
        if (o->scaled)
            for (size_t j = 0; j < cols; j++)
                to[j] = (x[j] - o->center[j]) * o->inverse_scale[j];
        else if (x != to)
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

/* A block of the plain path. */
static void visit_tiles(const pass *p, size_t first, size_t end, double *tile, double *sums)
{
    const gd_objective *o = p->o;
    const beside b = beside_tile(o, tile);
    memset(sums, 0, p->len * sizeof *sums);
    for (size_t at = first; at < end; at += o->tile_rows) {
        size_t n = end - at < o->tile_rows ? end - at : o->tile_rows;
        const double *X = load_tile(p, at, n, tile, &b);
        visit_tile(p, X, n, &b, sums);
    }
}

static void visit_block(void *arg, size_t block, size_t slot)
{
    const pass *p = arg;
    const gd_objective *o = p->o;
    size_t first = (p->first + block) * o->block_rows, end = first + o->block_rows;
    if (end > p->rows.count)
        end = p->rows.count;
    double *sums = o->sums + block * p->len, *scratch = o->scratch + slot * o->slot_len;
    if (asked_to_leave(o))
        o->skipped[slot] = true;
    else if (o->streams && p->kind != ROW_CURVATURE)
        gd_stream_block(&o->stream, first, end - first, scratch, sums);
    else if (gd_data_sparse(&o->data))
        sums[0] = o->cost->curvature *
                  gd_sparse_largest(&o->data, &p->rows, first, end - first, o->stream.center,
                                    o->stream.inverse_scale, o->shape.intercept);
    else
        visit_tiles(p, first, end, scratch, sums);
}

/* Adds some of a pass's sums to others. */
static void add_sums(const pass *p, const double *from, double *to)
{
    if (p->kind == ROW_CURVATURE)
        to[0] = fmax(to[0], from[0]);
    else
        gd_axpy(1, from, to, p->len);
}

/* Row 0 of the sums holds the total of wave `number`. Two totals of 2^level waves are one of the
 * next level, as in gd_sum_tree; beyond the last wave there is none to wait for. */
static void climb(const pass *p, size_t number, bool last, double *tree)
{
    size_t level = 0;
    for (; number >> level; level++)
        if (number >> level & 1)
            add_sums(p, tree + level * p->len, p->o->sums);
        else if (!last)
            break;
    if (!last)
        memcpy(tree + level * p->len, p->o->sums, p->len * sizeof *tree);
}

/* Runs a pass, wave by wave, and leaves the blocks' total in row 0 of the sums. */
static const double *run_pass(pass *p)
{
    gd_objective *o = p->o;
    size_t blocks = (p->rows.count + o->block_rows - 1) / o->block_rows, wave = o->wave;
    for (size_t number = 0; (p->first = number * wave) < blocks; number++) {
        size_t n = blocks - p->first < wave ? blocks - p->first : wave;
        if (n == 1)
            visit_block(p, 0, 0);
        else
            o->executor->run(o->executor->ctx, visit_block, p, n);
        if (p->kind != ROW_CURVATURE)
            gd_sum_tree(o->sums, n, p->len);
        for (size_t b = 1; p->kind == ROW_CURVATURE && b < n; b++)
            add_sums(p, o->sums + b * p->len, o->sums);
        climb(p, number, p->first + n == blocks, o->sums + wave * p->len);
    }
    for (size_t i = 0; i < o->executor->slots; i++)
        o->interrupted = o->interrupted || o->skipped[i];
    return o->sums;
}
/* What the kernels need to know of a pass. */
static void begin_stream(gd_objective *o, gd_stream_kind kind, const double *thetas, size_t k,
                         const gd_rows *rows)
{
    gd_stream *s = &o->stream;
    bool single = kind == GD_STREAM_HESSIAN;
    s->kind = kind;
    s->rows = *rows;
    s->outputs = single ? 1 : o->shape.outputs;
    s->thetas = k;
    size_t len = single ? o->model->params_len(&o->single) : o->params_len;
    for (size_t i = 0; i < k; i++)
        gd_stream_fold(s, i, thetas + i * len);
}

/* Means over the rows of up to o->thetas vectors of parameters; the plain path takes one. */
static void eval_some(gd_objective *o, const double *thetas, size_t k, const gd_rows *rows,
                      double *costs, double *gradients)
{
    size_t len = gradients ? 1 + o->params_len : 1;
    pass p = {.o = o,
              .kind = gradients ? COST_AND_GRADIENT : COST_ONLY,
              .theta = thetas,
              .rows = *rows,
              .len = k * len};
    if (o->streams)
        begin_stream(o, gradients ? GD_STREAM_GRADIENT : GD_STREAM_COST, thetas, k, rows);
    const double *sums = run_pass(&p);
    double n = (double)rows->count;
    for (size_t i = 0; i < k; i++) {
        costs[i] = sums[i * len] / n;
        for (size_t j = 0; gradients && j < o->params_len; j++)
            gradients[i * o->params_len + j] = sums[i * len + 1 + j] / n;
    }
}

double gd_objective_eval(gd_objective *o, const double *theta, const gd_rows *rows,
                         double *gradient)
{
    double cost;
    if (o->net)
        return gd_net_eval(o->net, theta, rows, gradient, &o->interrupted);
    eval_some(o, theta, 1, rows, &cost, gradient);
    return cost;
}

double gd_objective_eval_shared(gd_objective *o, const double *theta, const gd_rows *rows,
                                double *gradient)
{
    double cost;
    const gd_executor *e = o->executor;
    if (e->share && o->streams && e->share(e->ctx, o, theta, rows, &cost, gradient))
        return cost;
    return gd_objective_eval(o, theta, rows, gradient);
}

/* n values, or NULL for none, here and there */
static bool same_bytes(const void *a, const void *b, size_t n, size_t size)
{
    return a == b || (a && b && memcmp(a, b, n * size) == 0);
}

bool gd_objective_same(const gd_objective *a, const gd_objective *b)
{
    const gd_data *c = &a->data, *d = &b->data;
    size_t cols = c->cols, value = sizeof(double);
    return a->streams && b->streams && c->X == d->X && c->X32 == d->X32 &&
           memcmp(&c->sparse, &d->sparse, sizeof c->sparse) == 0 && c->rows == d->rows &&
           cols == d->cols && a->model == b->model && a->cost == b->cost &&
           a->shape.outputs == b->shape.outputs && a->shape.intercept == b->shape.intercept &&
           a->stream.kernels == b->stream.kernels && a->scaled == b->scaled &&
           a->over.first == b->over.first && a->over.count == b->over.count &&
           same_bytes(a->center, b->center, cols, value) &&
           same_bytes(a->inverse_scale, b->inverse_scale, cols, value) &&
           (a->cost->params_count == 0 ||
            same_bytes(a->cost_hyper, b->cost_hyper, a->cost->params_count, value)) &&
           same_bytes(c->y, d->y, c->rows, value) &&
           same_bytes(c->weights, d->weights, c->rows, value) &&
           same_bytes(c->offset, d->offset, c->rows, value) &&
           same_bytes(a->over.index, b->over.index, a->over.first + a->over.count,
                      sizeof *a->over.index);
}

void gd_objective_eval_many(gd_objective *o, const double *thetas, size_t k, const gd_rows *rows,
                            double *costs, double *gradients)
{
    size_t most = o->streams ? o->thetas : 1;
    for (size_t i = 0; o->net && i < k; i++)
        costs[i] = gd_objective_eval(o, thetas + i * o->params_len, rows,
                                     gradients ? gradients + i * o->params_len : NULL);
    for (size_t i = 0; !o->net && i < k; i += most) {
        double *gradient = gradients ? gradients + i * o->params_len : NULL;
        eval_some(o, thetas + i * o->params_len, k - i < most ? k - i : most, rows, costs + i,
                  gradient);
    }
}

gd_status gd_objective_reserve(gd_objective *o, size_t k, gd_error *err)
{
    k = k < GD_MAX_THETAS ? k : GD_MAX_THETAS;
    /* sparse rows are gone through for each of them again: their gradients are what takes long */
    if (!o->streams || gd_data_sparse(&o->data) || k <= o->thetas || make_room(o, k))
        return GD_OK;
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for passes over %zu x %zu parameters",
                   k, o->params_len);
}

void gd_objective_hessian_product(gd_objective *o, const double *v, double *hv)
{
    size_t n = o->model->params_len(&o->single);
    pass p = {.o = o, .kind = HESSIAN_PRODUCT, .theta = v, .rows = o->over, .len = 1 + n};
    if (o->streams)
        begin_stream(o, GD_STREAM_HESSIAN, v, 1, &o->over);
    const double *sums = run_pass(&p);
    for (size_t i = 0; i < n; i++)
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
    pass p = {.o = o, .kind = ROW_CURVATURE, .rows = o->over, .len = 1};
    return run_pass(&p)[0];
}
