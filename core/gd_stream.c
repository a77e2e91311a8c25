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
    return rows < GD_PITCH ? GD_PITCH : rows / GD_PITCH * GD_PITCH;
}

/* What a block works in. */
typedef struct room {
    double *z;                       /* models x tile_rows */
    double *gradient, *sums, *costs; /* models x pitch; models; thetas */
    double *y, *weights, *offset;    /* tile_rows each, of rows that are scattered */
} room;

static size_t models(const gd_stream *s)
{
    return s->thetas * s->outputs;
}

size_t gd_stream_scratch(const gd_stream *s)
{
    return models(s) * (s->tile_rows + gd_pitch(s->data->cols) + 1) + s->thetas + 3 * s->tile_rows;
}

static room room_in(const gd_stream *s, double *scratch)
{
    room r = {.z = scratch};
    r.gradient = r.z + models(s) * s->tile_rows;
    r.sums = r.gradient + models(s) * gd_pitch(s->data->cols);
    r.costs = r.sums + models(s);
    r.y = r.costs + s->thetas;
    r.weights = r.y + s->tile_rows;
    r.offset = r.weights + s->tile_rows;
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
        s->biases[k * s->outputs + o] = apart ? b - gd_dot(s->center, w, cols) : b;
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
        r->costs[k] += c->fast == GD_FAST_SOFTMAX
                           ? s->kernels->softmax(z, stride, s->outputs, y, weights, n)
                           : s->kernels->cost[c->fast](z, y, weights, n, z,
                                                       c->params_count ? s->cost_hyper : NULL);
    }
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

void gd_stream_block(const gd_stream *s, size_t first, size_t count, double *scratch, double *sums)
{
    const room r = room_in(s, scratch);
    size_t stride = s->tile_rows, zeros = models(s) * (gd_pitch(s->data->cols) + 1) + s->thetas;
    gd_tile t = {.X = s->data->X,
                 .X32 = s->data->X32,
                 .rows_of_data = s->data->rows,
                 .cols = s->data->cols,
                 .index = s->rows.index,
                 .center = s->center};

    memset(r.gradient, 0, zeros * sizeof *r.gradient); /* and sums and costs behind them */
    for (size_t at = 0; at < count; at += stride) {
        t.first = s->rows.first + first + at;
        t.count = count - at < stride ? count - at : stride;
        find_scores(s, &t, &r);
        if (s->kind == GD_STREAM_HESSIAN)
            bend_tile(s, &t, &r);
        else
            cost_of_tile(s, &t, &r);
        if (s->kind != GD_STREAM_COST)
            add_gradient(s, &t, &r);
    }
    if (s->kind == GD_STREAM_COST)
        memcpy(sums, r.costs, s->thetas * sizeof *sums);
    else
        leave_gradients(s, &r, sums);
}
