/* gd_net: plans where things are, and hands out the work. */
#include "gd_net.h"
#include "gd_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a thread works with. */
typedef struct hand {
    void *scratch;
    double *scores, *targets, *weights, *offsets; /* of a piece's rows */
    bool skipped;                                 /* has it left out a unit? */
} hand;

struct gd_net {
    gd_data data;
    size_t outputs;
    const gd_cost *cost;
    const void *cost_hyper;
    const gd_executor *executor;
    const gd_net_ops *ops;
    gd_net_plan plan;
    const double *center, *inverse_scale; /* NULL: rows as they are */
    void *rows; /* all of them, converted and scaled, or NULL: each time they are visited */
    bool converted;
    void *weights;
    void *gradients; /* of GD_NET_UNITS units */
    double costs[GD_NET_UNITS];
    hand *hands;
    size_t chunks;
    gd_net_chunk *chunk;
    void *memory[6]; /* what is freed */
    size_t allocated;
};

/* ---- where things are ---- */

static size_t padded(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Rows as long as a power of two would meet in the same lines of the cache. */
static size_t row_length(size_t n, size_t lanes)
{
    size_t length = padded(n, 2 * lanes);
    return length > 4 * lanes && length % (16 * lanes) == 0 ? length + lanes : length;
}

static void make_plan(gd_net *net, const gd_model *model, const gd_shape *shape)
{
    gd_layer list[GD_MAX_LIST + 1];
    gd_net_plan *p = &net->plan;
    size_t line = GD_NET_ALIGN / net->ops->real_bytes, panel = net->ops->panel, widest = 0;
    p->count = model->layers(shape, list, &p->activation);
    p->rows = GD_NET_ROWS;
    for (size_t l = 0; l < p->count; l++) {
        gd_net_layer *at = &p->layer[l];
        size_t inputs = list[l].inputs, units = list[l].units;
        *at = (gd_net_layer){.shape = list[l]};
        at->in = l ? at[-1].out : row_length(inputs, line);
        at->out = row_length(units, line);
        at->forward = p->weights;
        at->backward = at->forward + padded(units, panel) * inputs;
        at->biases = at->backward + (l ? padded(inputs, panel > line ? panel : line) * units : 0);
        p->weights = padded(at->biases + padded(units, panel), line);
        at->gradient = p->gradient;
        p->gradient += units * at->in + at->out;
        at->activations = p->scratch;
        p->scratch += p->rows * at->out;
        at->slopes = p->scratch;
        if (p->activation == GD_GELU && l + 1 < p->count)
            p->scratch += p->rows * at->out;
        widest = at->out > widest ? at->out : widest;
    }
    p->input = p->scratch;
    p->delta[0] = p->input + p->rows * p->layer[0].in;
    p->delta[1] = p->delta[0] + p->rows * widest;
    p->packed = p->delta[1] + p->rows * widest;
    p->scratch = p->packed + p->rows * panel;
}

/* Units of a layer whose parameters fit in the second-level cache, several times over: in whole
 * panels, so that no two chunks write to one line. */
static size_t chunk_units(const gd_net *net, size_t l)
{
    size_t panel = net->ops->panel, most = GD_NET_CHUNK / net->plan.layer[l].shape.inputs;
    return most < panel ? panel : most / panel * panel;
}

static size_t cut_chunks(gd_net *net, gd_net_chunk *list)
{
    size_t count = 0;
    for (size_t l = 0; l < net->plan.count; l++) {
        size_t units = net->plan.layer[l].shape.units, most = chunk_units(net, l);
        for (size_t first = 0; first < units; first += most, count++)
            if (list)
                list[count] = (gd_net_chunk){l, first, units - first < most ? units - first : most};
    }
    return count;
}

/* ---- making and freeing ---- */

/* count items of zeros that begin at a multiple of GD_NET_ALIGN, or NULL. */
static void *room(gd_net *net, size_t count, size_t bytes)
{
    if (count > (SIZE_MAX - GD_NET_ALIGN) / bytes)
        return NULL;
    char *p = calloc(1, count * bytes + GD_NET_ALIGN);
    if (!p)
        return NULL;
    net->memory[net->allocated++] = p;
    return p + (GD_NET_ALIGN - (uintptr_t)p % GD_NET_ALIGN) % GD_NET_ALIGN;
}

/* The scratch of each slot, and the rows' costs beside it. */
static bool make_hands(gd_net *net)
{
    size_t slots = net->executor->slots, rows = net->plan.rows,
           beside = padded(rows * (net->outputs + 3), GD_NET_ALIGN / sizeof(double)),
           scratch = padded(net->plan.scratch, GD_NET_ALIGN / net->ops->real_bytes);
    net->hands = calloc(slots, sizeof *net->hands);
    char *reals = room(net, slots * scratch, net->ops->real_bytes);
    double *doubles = room(net, slots * beside, sizeof(double));
    if (!net->hands || !reals || !doubles)
        return false;
    for (size_t i = 0; i < slots; i++) {
        hand *h = &net->hands[i];
        h->scratch = reals + i * scratch * net->ops->real_bytes;
        h->scores = doubles + i * beside;
        h->targets = h->scores + rows * net->outputs;
        h->weights = net->data.weights ? h->targets + rows : NULL;
        h->offsets = net->data.offset ? h->targets + 2 * rows : NULL;
    }
    return true;
}

gd_status gd_net_new(gd_net **out, const gd_data *data, const gd_model *model,
                     const gd_shape *shape, const gd_cost *cost, const void *cost_hyper,
                     const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    gd_net *net = calloc(1, sizeof *net);
    if (!net)
        goto fail;
    net->data = *data;
    net->outputs = shape->outputs;
    net->cost = cost;
    net->cost_hyper = cost_hyper;
    net->executor = executor ? executor : &gd_executor_serial;
    net->ops = gd_executor_kernels(executor)->net[shape->single];
    make_plan(net, model, shape);
    size_t bytes = net->ops->real_bytes, row = net->plan.layer[0].in;
    net->chunks = cut_chunks(net, NULL);
    net->chunk = calloc(net->chunks, sizeof *net->chunk);
    net->weights = room(net, net->plan.weights, bytes);
    net->gradients = room(net, GD_NET_UNITS * net->plan.gradient, bytes);
    if (!net->chunk || !net->weights || !net->gradients || !make_hands(net))
        goto fail;
    cut_chunks(net, net->chunk);
    if (shape->single && !gd_data_sparse(data) && data->rows <= GD_NET_COPY / bytes / row) {
        net->rows = room(net, data->rows * row, bytes);
        if (!net->rows)
            goto fail;
    }
    *out = net;
    return GD_OK;
fail:
    gd_net_free(net);
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train a network on %zu rows",
                   data->rows);
}

void gd_net_free(gd_net *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < net->allocated; i++)
        free(net->memory[i]);
    free(net->chunk);
    free(net->hands);
    free(net);
}

void gd_net_scale(gd_net *net, const double *center, const double *inverse_scale)
{
    net->center = center;
    net->inverse_scale = inverse_scale;
    net->converted = false;
}

/* ---- a pass ---- */

typedef struct pass {
    gd_net *net;
    const double *theta;
    const gd_rows *rows;
    double *gradient;
    size_t first;   /* row of the pass where this wave of units begins */
    size_t unit;    /* rows a unit */
    size_t units;   /* in this wave */
    double divisor; /* of its gradient: the last wave makes the mean of the sum */
} pass;

static size_t row_of(const gd_rows *rows, size_t i)
{
    return rows->index ? rows->index[rows->first + i] : rows->first + i;
}

/* Values of row number `row` from column `first` on, n of them. entry: of a sparse row, where to go
 * on. */
static void some_values(const gd_data *d, size_t row, size_t first, size_t n, uint64_t *entry,
                        double *to)
{
    const gd_sparse *s = &d->sparse;
    for (size_t k = 0; k < n; k++)
        to[k] = gd_data_sparse(d) ? 0 : gd_data_at(d, row, first + k);
    for (; gd_data_sparse(d) && *entry < s->starts[row + 1] && s->columns[*entry] < first + n;
         ++*entry)
        to[s->columns[*entry] - first] = gd_sparse_value(s, *entry);
}

static void load_row(const gd_net *net, size_t row, char *to)
{
    enum { SOME = 64 };
    size_t cols = net->data.cols;
    uint64_t entry = gd_data_sparse(&net->data) ? net->data.sparse.starts[row] : 0;
    if (net->data.X) {
        net->ops->load_row(net->data.X + row * cols, cols, net->center, net->inverse_scale, to);
        return;
    }
    for (size_t j = 0; j < cols; j += SOME) {
        size_t n = cols - j < SOME ? cols - j : SOME;
        double some[SOME];
        some_values(&net->data, row, j, n, &entry, some);
        net->ops->load_row(some, n, net->center ? net->center + j : NULL,
                           net->center ? net->inverse_scale + j : NULL,
                           to + j * net->ops->real_bytes);
    }
}

/* The rows `at` .. `at + n` of the pass: where they lie, if they lie together, or in the
 * scratch. */
static const void *load_rows(const pass *p, size_t at, size_t n, const hand *h)
{
    const gd_net *net = p->net;
    size_t bytes = net->ops->real_bytes, row = net->plan.layer[0].in * bytes;
    const char *all = net->rows;
    char *to = (char *)h->scratch + net->plan.input * bytes;
    if (all && !p->rows->index)
        return all + (p->rows->first + at) * row;
    for (size_t i = 0; i < n; i++) {
        if (all && i + GD_NET_AHEAD < n)
            __builtin_prefetch(all + row_of(p->rows, at + i + GD_NET_AHEAD) * row);
        if (all)
            memcpy(to + i * row, all + row_of(p->rows, at + i) * row, net->data.cols * bytes);
        else
            load_row(net, row_of(p->rows, at + i), to + i * row);
    }
    return to;
}

static void load_beside(const pass *p, size_t at, size_t n, const hand *h)
{
    const gd_data *d = &p->net->data;
    for (size_t i = 0; i < n; i++) {
        size_t row = row_of(p->rows, at + i);
        h->targets[i] = d->y[row];
        if (h->weights)
            h->weights[i] = d->weights[row];
        if (h->offsets)
            h->offsets[i] = d->offset[row];
    }
}

/* The cost of a piece's scores; its slopes are left in their place. */
static double cost_of(const gd_net *net, size_t n, const hand *h, bool slopes)
{
    for (size_t i = 0; h->offsets && i < n; i++)
        for (size_t k = 0; k < net->outputs; k++)
            h->scores[i * net->outputs + k] += h->offsets[i];
    return gd_cost_sum(net->cost, h->scores, h->targets, h->weights, n, net->outputs,
                       slopes ? h->scores : NULL, net->cost_hyper);
}

static void visit_unit(void *arg, size_t unit, size_t slot)
{
    const pass *p = arg;
    gd_net *net = p->net;
    hand *h = &net->hands[slot];
    size_t at = p->first + unit * p->unit, end = at + p->unit;
    char *gradient = (char *)net->gradients + unit * net->plan.gradient * net->ops->real_bytes;
    bool add = false;
    if (end > p->rows->count)
        end = p->rows->count;
    net->costs[unit] = 0;
    for (; at < end; at += net->plan.rows) {
        size_t n = end - at < net->plan.rows ? end - at : net->plan.rows;
        if (net->executor->interrupted && net->executor->interrupted(net->executor->ctx)) {
            h->skipped = true;
            return;
        }
        const void *X = load_rows(p, at, n, h);
        load_beside(p, at, n, h);
        net->ops->forward(&net->plan, net->weights, X, n, h->scratch, h->scores);
        net->costs[unit] += cost_of(net, n, h, p->gradient);
        if (p->gradient)
            net->ops->backward(&net->plan, net->weights, X, n, h->scores, h->scratch, gradient,
                               add);
        add = true;
    }
}

static void convert_block(void *arg, size_t block, size_t slot)
{
    const pass *p = arg;
    const gd_net *net = p->net;
    size_t end = (block + 1) * GD_BLOCK_ROWS, row = net->plan.layer[0].in * net->ops->real_bytes;
    (void)slot;
    for (size_t i = block * GD_BLOCK_ROWS; i < end && i < net->data.rows; i++)
        load_row(net, i, (char *)net->rows + i * row);
}

static void load_chunk(void *arg, size_t chunk, size_t slot)
{
    const pass *p = arg;
    (void)slot;
    p->net->ops->load_weights(&p->net->plan, &p->net->chunk[chunk], p->theta, p->net->weights);
}

static void reduce_chunk(void *arg, size_t chunk, size_t slot)
{
    const pass *p = arg;
    (void)slot;
    p->net->ops->reduce(&p->net->plan, &p->net->chunk[chunk], p->net->gradients, p->units,
                        p->gradient, p->first > 0, p->divisor);
}

/* A hand-over costs more than a small piece of work. */
static void run(pass *p, gd_block_fn *fn, size_t blocks, bool worth)
{
    if (worth && blocks > 1)
        p->net->executor->run(p->net->executor->ctx, fn, p, blocks);
    else
        for (size_t i = 0; i < blocks; i++)
            fn(p, i, 0);
}

double gd_net_eval(gd_net *net, const double *theta, const gd_rows *rows, double *gradient,
                   bool *interrupted)
{
    pass p = {.net = net, .theta = theta, .rows = rows, .gradient = gradient};
    bool large = net->plan.weights > GD_NET_WIDE, small = rows->count <= net->plan.rows;
    double cost = 0;
    if (*interrupted)
        return NAN;
    p.unit = net->plan.rows * (rows->count > net->plan.rows * GD_NET_UNITS ? GD_NET_PIECES : 1);
    if (net->rows && !net->converted)
        run(&p, convert_block, (net->data.rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS, true);
    net->converted = true;
    run(&p, load_chunk, net->chunks, large);
    for (; p.first < rows->count && !*interrupted; p.first += p.units * p.unit) {
        size_t left = (rows->count - p.first + p.unit - 1) / p.unit;
        p.units = left < GD_NET_UNITS ? left : GD_NET_UNITS;
        run(&p, visit_unit, p.units, !small);
        for (size_t i = 0; i < net->executor->slots; i++)
            *interrupted = *interrupted || net->hands[i].skipped;
        for (size_t i = 0; i < p.units; i++)
            cost += net->costs[i];
        p.divisor = p.units == left ? (double)rows->count : 1;
        if (gradient)
            run(&p, reduce_chunk, net->chunks, large);
    }
    return cost / (double)rows->count;
}
