/* gd_data: column statistics and the scaling that follows from them. */
#include "gd_data.h"

#include "gd_limits.h"

#include <math.h>

const double *gd_data_row(const gd_data *d, size_t row, double *room)
{
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

/* Folds a block into out, where `std` holds the sum of squared deviations so far. */
static void merge_block(const block *b, size_t j, size_t count, gd_column *out)
{
    moments m;
    double n = (double)b->n, seen = (double)b->first, all = seen + n;
    block_moments(b, j, count, &m);
    for (size_t k = 0; k < count; k++) {
        gd_column *c = &out[k];
        c->min = fmin(c->min, m.min[k]);
        c->max = fmax(c->max, m.max[k]);
        double delta = m.mean[k] - c->mean;
        c->mean += delta * (n / all);
        c->std += m.squares[k] + delta * delta * (seen * (n / all));
    }
}

static void all_columns(const double *X, const float *X32, const gd_rows *rows, size_t cols,
                        gd_column *out)
{
    for (size_t j = 0; j < cols; j++)
        out[j] = (gd_column){.min = INFINITY, .max = -INFINITY};
    for (size_t first = 0; first < rows->count; first += GD_BLOCK_ROWS) {
        size_t left = rows->count - first, n = left < GD_BLOCK_ROWS ? left : GD_BLOCK_ROWS;
        for (size_t j = 0; j < cols; j += ABREAST)
            merge_block(&(block){X, X32, rows, cols, first, n}, j,
                        cols - j < ABREAST ? cols - j : ABREAST, &out[j]);
    }
    for (size_t j = 0; j < cols; j++) {
        /* a constant column has no deviation, whatever rounding left behind */
        bool constant = out[j].min == out[j].max;
        out[j].mean = constant ? out[j].min : out[j].mean;
        out[j].std = constant ? 0 : sqrt(out[j].std / (double)rows->count);
    }
}

void gd_columns(const double *X, const gd_rows *rows, size_t cols, gd_column *out)
{
    all_columns(X, NULL, rows, cols, out);
}

void gd_data_columns(const gd_data *d, const gd_rows *rows, gd_column *out)
{
    all_columns(d->X, d->X32, rows, d->cols, out);
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

void gd_columns_merge(gd_column *into, size_t seen, const gd_column *more, size_t n, size_t cols)
{
    double share = (double)n / ((double)seen + (double)n), rest = 1 - share;
    for (size_t j = 0; j < cols; j++) {
        gd_column *a = &into[j];
        const gd_column *b = &more[j];
        if (seen == 0) {
            *a = *b;
            continue;
        }
        double delta = b->mean - a->mean;
        a->min = fmin(a->min, b->min);
        a->max = fmax(a->max, b->max);
        a->mean += delta * share;
        a->std = sqrt(rest * (a->std * a->std) + share * (b->std * b->std) +
                      rest * share * (delta * delta));
    }
}
