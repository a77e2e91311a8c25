/* gd_data: column statistics and the scaling that follows from them. */
#include "gd_data.h"

#include "gd_limits.h"
#include "gd_sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double *fill_in(const gd_data *d, size_t row, double *room)
{
    memset(room, 0, d->cols * sizeof *room);
    for (uint64_t e = d->sparse.starts[row]; e < d->sparse.starts[row + 1]; e++)
        room[d->sparse.columns[e]] = gd_sparse_value(&d->sparse, e);
    return room;
}

double gd_data_entry(const gd_data *d, size_t row, size_t col)
{
    uint64_t low = d->sparse.starts[row], end = d->sparse.starts[row + 1], high = end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (d->sparse.columns[middle] < col)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && d->sparse.columns[low] == col ? gd_sparse_value(&d->sparse, low) : 0;
}

const double *gd_data_row(const gd_data *d, size_t row, double *room)
{
    if (gd_data_sparse(d))
        return fill_in(d, row, room);
    if (!d->X32)
        return d->X + row * d->cols;
    const float *x = d->X32 + row * d->cols;
    for (size_t j = 0; j < d->cols; j++)
        room[j] = (double)x[j];
    return room;
}

/* The rows first .. first + n of a pass, as pointers to their columns. */
typedef struct block {
    const double *X;
    const float *X32; /* in place of X */
    const gd_rows *rows;
    size_t cols, first, n;
} block;

/* Columns that are looked at together, so that the inner loops run along a row. */
enum { ABREAST = 16 };

/* Values j .. j + count of row i of a block, where they lie or in `room`. */
static const double *values_of(const block *b, size_t i, size_t j, size_t count, double *room)
{
    size_t at = b->rows->first + b->first + i;
    size_t place = (b->rows->index ? b->rows->index[at] : at) * b->cols + j;
    if (!b->X32)
        return b->X + place;
    for (size_t k = 0; k < count; k++)
        room[k] = (double)b->X32[place + k];
    return room;
}

typedef struct moments {
    double mean[ABREAST], squares[ABREAST], rest[ABREAST], min[ABREAST], max[ABREAST];
} moments;

/* The columns j .. j + count of a block; squares: of deviations. */
static void block_moments(const block *b, size_t j, size_t count, moments *m)
{
    double share = 1 / (double)b->n, room[ABREAST];
    *m = (moments){.mean = {0}};
    for (size_t k = 0; k < count; k++)
        m->min[k] = m->max[k] = values_of(b, 0, j, count, room)[k];
    for (size_t i = 0; i < b->n; i++) {
        const double *x = values_of(b, i, j, count, room);
        for (size_t k = 0; k < count; k++) {
            m->mean[k] += x[k] * share;
            m->min[k] = x[k] < m->min[k] ? x[k] : m->min[k];
            m->max[k] = x[k] > m->max[k] ? x[k] : m->max[k];
        }
    }
    for (size_t i = 0; i < b->n; i++) {
        const double *x = values_of(b, i, j, count, room);
        for (size_t k = 0; k < count; k++) {
            double d = x[k] - m->mean[k];
            m->squares[k] += d * d;
            m->rest[k] += d;
        }
    }
    for (size_t k = 0; k < count; k++) {
        m->mean[k] += m->rest[k] * share; /* the rounding error of the mean, taken back out */
        m->squares[k] -= m->rest[k] * m->rest[k] * share;
    }
}

static block block_at(const gd_data *d, const gd_rows *rows, size_t number)
{
    size_t first = number * GD_BLOCK_ROWS, left = rows->count - first;
    return (block){d->X, d->X32, rows, d->cols, first, left < GD_BLOCK_ROWS ? left : GD_BLOCK_ROWS};
}

/* Folds a block's columns j .. j + count into out, where `std` holds the sum of squared deviations
 * so far. */
static void merge_block(const block *b, const moments *m, size_t count, gd_column *out)
{
    double n = (double)b->n, seen = (double)b->first, all = seen + n;
    for (size_t k = 0; k < count; k++) {
        gd_column *c = &out[k];
        c->min = fmin(c->min, m->min[k]);
        c->max = fmax(c->max, m->max[k]);
        double delta = m->mean[k] - c->mean;
        c->mean += delta * (n / all);
        c->std += m->squares[k] + delta * delta * (seen * (n / all));
    }
}

static void begin_columns(gd_column *out, size_t cols)
{
    for (size_t j = 0; j < cols; j++)
        out[j] = (gd_column){.min = INFINITY, .max = -INFINITY};
}

static void end_columns(gd_column *out, size_t cols, size_t rows)
{
    for (size_t j = 0; j < cols; j++) {
        /* a constant column has no deviation, whatever rounding left behind */
        bool constant = out[j].min == out[j].max;
        out[j].mean = constant ? out[j].min : out[j].mean;
        out[j].std = constant ? 0 : sqrt(out[j].std / (double)rows);
    }
}

static size_t abreast(size_t cols, size_t j)
{
    return cols - j < ABREAST ? cols - j : ABREAST;
}

void gd_data_columns(const gd_data *d, const gd_rows *rows, gd_column *out)
{
    moments m;
    if (gd_data_sparse(d)) {
        gd_sparse_columns(d, rows, out);
        return;
    }
    begin_columns(out, d->cols);
    for (size_t k = 0; k * GD_BLOCK_ROWS < rows->count; k++) {
        const block b = block_at(d, rows, k);
        for (size_t j = 0; j < d->cols; j += ABREAST) {
            block_moments(&b, j, abreast(d->cols, j), &m);
            merge_block(&b, &m, abreast(d->cols, j), &out[j]);
        }
    }
    end_columns(out, d->cols, rows->count);
}

void gd_columns(const double *X, const gd_rows *rows, size_t cols, gd_column *out)
{
    gd_data_columns(&(gd_data){.X = X, .cols = cols}, rows, out);
}

/* ---- by an executor ---- */

/* Blocks at a time, at most and at least: their moments wait to be merged in order. How many there
 * are makes no difference. In between as many as have MOMENTS in all. */
enum { STRETCH = 32, SHORT_STRETCH = 4, MOMENTS = 1600 };

typedef struct stretch {
    const gd_data *data;
    const gd_rows *rows;
    size_t strips, first; /* strips: moments a block; first: block */
    moments *found;       /* strips of each block */
    const gd_executor *executor;
    bool *skipped; /* a slot */
} stretch;

static size_t strips_of(size_t cols)
{
    return (cols + ABREAST - 1) / ABREAST;
}

static size_t stretch_of(size_t blocks, size_t cols)
{
    size_t n = MOMENTS / strips_of(cols);
    n = n > STRETCH ? STRETCH : n < SHORT_STRETCH ? SHORT_STRETCH : n;
    return n < blocks ? n : blocks;
}

static size_t blocks_of(size_t rows)
{
    return (rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
}

static void visit_block(void *arg, size_t number, size_t slot)
{
    const stretch *r = arg;
    const gd_executor *e = r->executor;
    const block b = block_at(r->data, r->rows, r->first + number);
    if (r->skipped[slot] || (e->interrupted && e->interrupted(e->ctx))) {
        r->skipped[slot] = true;
        return;
    }
    for (size_t s = 0; s < r->strips; s++)
        block_moments(&b, s * ABREAST, abreast(r->data->cols, s * ABREAST),
                      &r->found[number * r->strips + s]);
}

static bool run_stretch(const stretch *r, size_t blocks)
{
    if (blocks == 1)
        visit_block((void *)r, 0, 0);
    else
        r->executor->run(r->executor->ctx, visit_block, (void *)r, blocks);
    for (size_t i = 0; i < r->executor->slots; i++)
        if (r->skipped[i])
            return false;
    return true;
}

size_t gd_columns_scratch(const gd_executor *executor, const gd_data *d, const gd_rows *rows)
{
    if (gd_data_sparse(d))
        return 1;
    size_t moments_each = strips_of(d->cols) * sizeof(moments);
    size_t bytes = stretch_of(blocks_of(rows->count), d->cols) * moments_each + executor->slots;
    return (bytes + sizeof(double) - 1) / sizeof(double);
}

bool gd_columns_in(double *scratch, const gd_executor *executor, const gd_data *d,
                   const gd_rows *rows, gd_column *out)
{
    size_t blocks = blocks_of(rows->count), cols = d->cols, most = stretch_of(blocks, cols);
    if (gd_data_sparse(d)) {
        gd_sparse_columns(d, rows, out);
        return true;
    }
    stretch r = {d, rows, strips_of(cols), 0, (moments *)scratch, executor, NULL};
    r.skipped = (bool *)(r.found + most * r.strips);
    memset(r.skipped, 0, executor->slots * sizeof *r.skipped);
    begin_columns(out, cols);
    for (; r.first < blocks; r.first += most) {
        size_t n = blocks - r.first < most ? blocks - r.first : most;
        if (!run_stretch(&r, n))
            return false;
        for (size_t k = 0; k < n; k++) {
            const block b = block_at(d, rows, r.first + k);
            for (size_t s = 0; s < r.strips; s++)
                merge_block(&b, &r.found[k * r.strips + s], abreast(cols, s * ABREAST),
                            &out[s * ABREAST]);
        }
    }
    end_columns(out, cols, rows->count);
    return true;
}

gd_status gd_columns_by(const gd_executor *executor, const gd_data *d, const gd_rows *rows,
                        gd_column *out, gd_error *err)
{
    double *scratch = malloc(gd_columns_scratch(executor, d, rows) * sizeof *scratch);
    gd_status status = GD_OK;
    if (!scratch)
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to look at %zu columns", d->cols);
    else if (!gd_columns_in(scratch, executor, d, rows, out))
        status = gd_fail(err, GD_INTERRUPTED, "", "broken off");
    free(scratch);
    return status;
}

void gd_scaling(const gd_column *columns, size_t cols, bool intercept, double *center,
                double *scale)
{
    for (size_t j = 0; j < cols; j++) {
        center[j] = intercept ? columns[j].mean : 0;
        double s = intercept ? columns[j].std : hypot(columns[j].std, columns[j].mean);
        scale[j] = s == 0 ? 1 : s;
    }
}
