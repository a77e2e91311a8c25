/* gd_data: column statistics and the scaling that follows from them. */
#include "gd_data.h"

#include "gd_limits.h"

#include <math.h>

/* One column of a block: rows values, `stride` apart. m2 is the sum of squared deviations. */
static void block_moments(const double *x, size_t stride, size_t rows, double *mean, double *m2)
{
    double m = 0, squares = 0, rest = 0, n = (double)rows;
    for (size_t i = 0; i < rows; i++)
        m += x[i * stride] / n;
    for (size_t i = 0; i < rows; i++) {
        double d = x[i * stride] - m;
        squares += d * d;
        rest += d;
    }
    *mean = m + rest / n; /* the rounding error of the mean, taken back out */
    *m2 = squares - rest * rest / n;
}

/* Folds a block into out, where `std` holds the sum of squared deviations so far. */
static void merge_block(const double *x, size_t stride, size_t rows, double seen, gd_column *out)
{
    double mean, m2, n = (double)rows, all = seen + n;
    block_moments(x, stride, rows, &mean, &m2);
    for (size_t i = 0; i < rows; i++) {
        out->min = fmin(out->min, x[i * stride]);
        out->max = fmax(out->max, x[i * stride]);
    }
    double delta = mean - out->mean;
    out->mean += delta * (n / all);
    out->std += m2 + delta * delta * (seen * (n / all));
}

void gd_columns(const double *X, size_t rows, size_t cols, gd_column *out)
{
    for (size_t j = 0; j < cols; j++)
        out[j] = (gd_column){.min = INFINITY, .max = -INFINITY};
    for (size_t first = 0; first < rows; first += GD_BLOCK_ROWS) {
        size_t n = rows - first < GD_BLOCK_ROWS ? rows - first : GD_BLOCK_ROWS;
        for (size_t j = 0; j < cols; j++)
            merge_block(X + first * cols + j, cols, n, (double)first, &out[j]);
    }
    for (size_t j = 0; j < cols; j++) {
        /* a constant column has no deviation, whatever rounding left behind */
        bool constant = out[j].min == out[j].max;
        out[j].mean = constant ? out[j].min : out[j].mean;
        out[j].std = constant ? 0 : sqrt(out[j].std / (double)rows);
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
