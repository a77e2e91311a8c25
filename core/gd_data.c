/* gd_data: column statistics and the scaling that follows from them. */
#include "gd_data.h"

#include "gd_limits.h"

#include <math.h>

/* The rows first .. first + n of a pass, as pointers to their columns. */
typedef struct block {
    const double *X;
    const gd_rows *rows;
    size_t cols, first, n;
} block;

static const double *row_of(const block *b, size_t i)
{
    size_t at = b->rows->first + b->first + i;
    return b->X + (b->rows->index ? b->rows->index[at] : at) * b->cols;
}

/* Column j of a block; m2 is the sum of squared deviations. */
static void block_moments(const block *b, size_t j, double *mean, double *m2)
{
    double m = 0, squares = 0, rest = 0, n = (double)b->n;
    for (size_t i = 0; i < b->n; i++)
        m += row_of(b, i)[j] / n;
    for (size_t i = 0; i < b->n; i++) {
        double d = row_of(b, i)[j] - m;
        squares += d * d;
        rest += d;
    }
    *mean = m + rest / n; /* the rounding error of the mean, taken back out */
    *m2 = squares - rest * rest / n;
}

/* Folds a block into out, where `std` holds the sum of squared deviations so far. */
static void merge_block(const block *b, size_t j, gd_column *out)
{
    double mean, m2, n = (double)b->n, seen = (double)b->first, all = seen + n;
    block_moments(b, j, &mean, &m2);
    for (size_t i = 0; i < b->n; i++) {
        out->min = fmin(out->min, row_of(b, i)[j]);
        out->max = fmax(out->max, row_of(b, i)[j]);
    }
    double delta = mean - out->mean;
    out->mean += delta * (n / all);
    out->std += m2 + delta * delta * (seen * (n / all));
}

void gd_columns(const double *X, const gd_rows *rows, size_t cols, gd_column *out)
{
    for (size_t j = 0; j < cols; j++)
        out[j] = (gd_column){.min = INFINITY, .max = -INFINITY};
    for (size_t first = 0; first < rows->count; first += GD_BLOCK_ROWS) {
        size_t left = rows->count - first, n = left < GD_BLOCK_ROWS ? left : GD_BLOCK_ROWS;
        for (size_t j = 0; j < cols; j++)
            merge_block(&(block){X, rows, cols, first, n}, j, &out[j]);
    }
    for (size_t j = 0; j < cols; j++) {
        /* a constant column has no deviation, whatever rounding left behind */
        bool constant = out[j].min == out[j].max;
        out[j].mean = constant ? out[j].min : out[j].mean;
        out[j].std = constant ? 0 : sqrt(out[j].std / (double)rows->count);
    }
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
