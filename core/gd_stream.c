/* gd_stream: blocks, tile by tile. */
#include "gd_stream.h"

#include "gd_limits.h"
#include "gd_sparse.h"

#include <string.h>

bool gd_stream_fits(const gd_kernels *k, const gd_model *m, const gd_shape *s, const gd_cost *c)
{
    if (!m->linear || !k->scores || !gd_kernels_usable(k))
        return false;
    return c->fast == GD_FAST_SOFTMAX || (c->fast != GD_FAST_NONE && s->outputs == 1);
}

size_t gd_stream_tile(const gd_data *d, size_t outputs)
{
    size_t rows = GD_STREAM_VALUES / d->cols, most = GD_STREAM_SCORES / outputs;
    rows = rows > GD_STREAM_MIN_ROWS ? rows : GD_STREAM_MIN_ROWS;
    if (gd_data_sparse(d))
        rows = GD_SPARSE_TILE_ROWS;
    rows = rows < most ? rows : most;
    rows = rows < GD_TILE_MAX_ROWS ? rows : GD_TILE_MAX_ROWS;
    return rows < GD_MANY_ROWS ? GD_MANY_ROWS : rows / GD_MANY_ROWS * GD_MANY_ROWS;
}

/* What a block works in. */
typedef struct room {
    double *z;                       /* models x tile_rows */
    double *gradient, *sums, *costs; /* models x pitch; models; thetas */
    double *cost_sums;               /* thetas x GD_COST_SUMS */
    double *y, *weights, *offset;    /* tile_rows each, of rows that are scattered */
    double *rows, *columns;          /* tile_rows x pitch each: a copy for several models */
} room;

/* From so many models on a tile is copied. */
#define WORTH_COPYING 3

static size_t models(const gd_stream *s)
{
    return s->thetas * s->outputs;
}

static bool copies(const gd_stream *s)
{
    return models(s) >= WORTH_COPYING && !gd_data_sparse(s->data);
}

/* So many models, as those who visit copies have room for. */
static size_t padded(size_t models)
{
    return (models + GD_MANY_MODELS - 1) / GD_MANY_MODELS * GD_MANY_MODELS;
}

size_t gd_stream_weights(const gd_stream *s)
{
    return padded(models(s)) * (gd_pitch(s->data->cols) + 1);
}

/* Where a cache line begins. */
static double *aligned(double *p)
{
    return p + (GD_PITCH - (uintptr_t)p / sizeof *p % GD_PITCH) % GD_PITCH;
}

size_t gd_stream_scratch(const gd_stream *s)
{
    size_t pitch = gd_pitch(s->data->cols), copied = copies(s) ? 2 * s->tile_rows * pitch : 0;
    return GD_PITCH + padded(models(s)) * (s->tile_rows + pitch + 1) +
           s->thetas * (1 + GD_COST_SUMS) + 3 * s->tile_rows + copied;
}

/* What is read and written in vectors comes first, each of it a multiple of cache lines. */
static room room_in(const gd_stream *s, double *scratch)
{
    size_t pitch = gd_pitch(s->data->cols), copied = copies(s) ? s->tile_rows * pitch : 0;
    room r = {.z = aligned(scratch)};
    r.rows = r.z + padded(models(s)) * s->tile_rows;
    r.columns = r.rows + copied;
    r.y = r.columns + copied;
    r.weights = r.y + s->tile_rows;
    r.offset = r.weights + s->tile_rows;
    r.gradient = r.offset + s->tile_rows;
    r.sums = r.gradient + padded(models(s)) * pitch;
    r.cost_sums = r.sums + padded(models(s));
    r.costs = r.cost_sums + s->thetas * GD_COST_SUMS;
    return r;
}

void gd_stream_fold(gd_stream *s, size_t k, const double *theta)
{
    size_t cols = s->data->cols, pitch = gd_pitch(cols);
    for (size_t o = 0; o < s->outputs; o++) {
        double *w = s->weights + (k * s->outputs + o) * pitch;
        for (size_t j = 0; j < cols; j++)
            w[j] = s->inverse_scale ? theta[o * cols + j] * s->inverse_scale[j]
                                    : theta[o * cols + j];
        double b = s->intercept ? theta[s->outputs * cols + o] : 0;
        bool apart = s->center && gd_data_sparse(s->data);
        /* no -0, for whatever is added to: scores of 0 have one sign */
        s->biases[k * s->outputs + o] = (apart ? b - gd_dot(s->center, w, cols) : b) + 0.0;
    }
}

/* n values of some column at the tile's rows: where they lie, or gathered. */
static const double *values_at(const double *of, const gd_tile *t, double *gathered)
{
    if (!of || !t->index)
        return of ? of + t->first : NULL;
    for (size_t i = 0; i < t->count; i++)
        gathered[i] = of[t->index[t->first + i]];
    return gathered;
}

static void add_offset(const double *offset, size_t n, double *z)
{
    for (size_t i = 0; offset && i < n; i++)
        z[i] += offset[i];
}

/* The scores' costs, and their slopes in place of them. */
static void cost_of_tile(const gd_stream *s, const gd_tile *t, const room *r)
{
    const double *y = values_at(s->data->y, t, r->y);
    const double *weights = values_at(s->data->weights, t, r->weights);
    const double *offset = values_at(s->data->offset, t, r->offset);
    size_t n = t->count, stride = s->tile_rows;
    const gd_cost *c = s->cost;
    for (size_t k = 0; k < s->thetas; k++) {
        double *z = r->z + k * s->outputs * stride;
        for (size_t o = 0; o < s->outputs; o++)
            add_offset(offset, n, z + o * stride);
        double *sums = r->cost_sums + k * GD_COST_SUMS;
        if (c->fast == GD_FAST_SOFTMAX)
            s->kernels->softmax(z, stride, s->outputs, y, weights, n, sums);
        else
            s->kernels->cost[c->fast](z, y, weights, n, z, c->params_count ? s->cost_hyper : NULL,
                                      sums);
    }
}

static void total_costs(const gd_stream *s, const room *r)
{
    for (size_t k = 0; k < s->thetas; k++)
        r->costs[k] += s->kernels->total(r->cost_sums + k * GD_COST_SUMS);
}

/* The slopes of the quadratic that curves as the cost does at most. */
static void bend_tile(const gd_stream *s, const gd_tile *t, const room *r)
{
    const double *weights = values_at(s->data->weights, t, r->weights);
    for (size_t i = 0; i < t->count; i++)
        r->z[i] *= s->cost->curvature * (weights ? weights[i] : 1);
    for (size_t i = t->count; i < gd_pitch(t->count); i++)
        r->z[i] = 0;
}

/* The block's gradients as those of the parameters. */
static void leave_gradients(const gd_stream *s, const room *r, double *sums)
{
    size_t cols = s->data->cols, pitch = gd_pitch(cols), n = s->outputs * (cols + s->intercept);
    bool apart = s->center && gd_data_sparse(s->data);
    for (size_t k = 0; k < s->thetas; k++) {
        double *out = sums + k * (1 + n);
        out[0] = r->costs[k];
        for (size_t o = 0; o < s->outputs; o++) {
            double *g = r->gradient + (k * s->outputs + o) * pitch;
            if (apart)
                gd_axpy(-r->sums[k * s->outputs + o], s->center, g, cols);
            for (size_t j = 0; j < cols; j++)
                out[1 + o * cols + j] = s->inverse_scale ? g[j] * s->inverse_scale[j] : g[j];
            if (s->intercept)
                out[1 + s->outputs * cols + o] = r->sums[k * s->outputs + o];
        }
    }
}

/* The rows of the next tile, which come from memory while this one is worked on. */
static gd_ahead next_tile(const gd_tile *t)
{
    const char *X = t->X32 ? (const char *)t->X32 : (const char *)t->X;
    size_t row = t->cols * (t->X32 ? sizeof(float) : sizeof(double));
    size_t from = t->first + t->count, left = t->rows_of_data - from;
    if (t->index || !X)
        return (gd_ahead){NULL, 0};
    return (gd_ahead){X + from * row, (left < t->count ? left : t->count) * row};
}

static void find_scores(const gd_stream *s, const gd_tile *t, const room *r)
{
    size_t stride = s->tile_rows, n = t->count;
    if (!gd_data_sparse(s->data)) {
        s->kernels->scores(t, s->weights, s->biases, models(s), r->z, stride);
        return;
    }
    gd_sparse_scores(s->data, &(gd_rows){.index = t->index}, t->first, n, s->weights,
                     gd_pitch(t->cols), s->biases, models(s), &(gd_scores_at){r->z, 1, stride});
    for (size_t k = 0; k < models(s); k++) /* the padding, which costs read along */
        memset(r->z + k * stride + n, 0, (gd_pitch(n) - n) * sizeof *r->z);
}

static void add_gradient(const gd_stream *s, const gd_tile *t, const room *r)
{
    if (gd_data_sparse(s->data))
        gd_sparse_gradient(s->data, &(gd_rows){.index = t->index}, t->first, t->count, r->z,
                           s->tile_rows, models(s), r->gradient, gd_pitch(t->cols), r->sums);
    else
        s->kernels->gradient(t, r->z, s->tile_rows, models(s), r->gradient, r->sums);
}

static void visit_tile(const gd_stream *s, const gd_tile *t, const room *r)
{
    const gd_kernels *kernels = s->kernels;
    size_t stride = s->tile_rows;
    const gd_packed packed = {t->count, t->cols, r->rows, r->columns, next_tile(t)};
    if (copies(s)) {
        kernels->pack(t, r->rows, r->columns);
        kernels->scores_of_many(&packed, s->weights, s->biases, models(s), r->z, stride);
    } else {
        find_scores(s, t, r);
    }
    if (s->kind == GD_STREAM_HESSIAN)
        bend_tile(s, t, r);
    else
        cost_of_tile(s, t, r);
    if (s->kind != GD_STREAM_COST && copies(s))
        kernels->gradient_of_many(&packed, r->z, stride, models(s), r->gradient, r->sums);
    else if (s->kind != GD_STREAM_COST)
        add_gradient(s, t, r);
}

void gd_stream_block(const gd_stream *s, size_t first, size_t count, double *scratch, double *sums)
{
    const room r = room_in(s, scratch);
    size_t stride = s->tile_rows, zeros = gd_stream_weights(s) + s->thetas * (1 + GD_COST_SUMS);
    size_t summed = 0; /* rows in the sums of costs */
    gd_tile t = {.X = s->data->X,
                 .X32 = s->data->X32,
                 .rows_of_data = s->data->rows,
                 .cols = s->data->cols,
                 .index = s->rows.index,
                 .center = s->center};

    memset(r.gradient, 0, zeros * sizeof *r.gradient); /* and all sums behind them */
    for (size_t at = 0; at < count; at += stride) {
        t.first = s->rows.first + first + at;
        t.count = count - at < stride ? count - at : stride;
        if (summed + t.count > GD_TILE_MAX_ROWS) {
            total_costs(s, &r);
            summed = 0;
        }
        visit_tile(s, &t, &r);
        summed += t.count;
    }
    total_costs(s, &r);
    if (s->kind == GD_STREAM_COST)
        memcpy(sums, r.costs, s->thetas * sizeof *sums);
    else
        leave_gradients(s, &r, sums);
}
