/* gd_fill: what rows say of a column, for gd_prepare. */
#include "gd_prepare.h"

#include <math.h>
#include <stdlib.h>

static size_t row_at(const gd_rows *rows, size_t i)
{
    return rows->index ? rows->index[rows->first + i] : rows->first + i;
}

static int rising(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

/* The rounding error of a first one is taken back out by a second. */
static double mean(const double *v, size_t n)
{
    double first = 0, rest = 0;
    for (size_t i = 0; i < n; i++)
        first += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        rest += (v[i] - first) / (double)n;
    return isfinite(rest) ? first + rest : first;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, rising);
    return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
}

static double most_frequent(double *v, size_t n)
{
    size_t best = 0, longest = 0;
    qsort(v, n, sizeof *v, rising);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && v[k] == v[i];)
            k++;
        if (k - i > longest) {
            longest = k - i;
            best = i;
        }
    }
    return v[best];
}

gd_status gd_fill_find(const gd_data *d, const gd_rows *rows, size_t column, gd_fill how,
                       double *fill, size_t *missing, gd_error *err)
{
    size_t n = 0;
    double *v = malloc((rows->count ? rows->count : 1) * sizeof *v);
    if (!v)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to fill in missing values");
    for (size_t i = 0; i < rows->count; i++) {
        double cell = gd_data_at(d, row_at(rows, i), column);
        if (!isnan(cell))
            v[n++] = cell;
    }
    *missing = rows->count - n;
    *fill = n == 0                  ? (double)NAN
            : how == GD_FILL_MEAN   ? mean(v, n)
            : how == GD_FILL_MEDIAN ? median(v, n)
                                    : most_frequent(v, n);
    free(v);
    return GD_OK;
}

size_t gd_level_counts(const gd_data *d, const gd_rows *rows, size_t column, size_t levels,
                       size_t *counts)
{
    size_t none = 0;
    for (size_t i = 0; i < rows->count; i++) {
        double cell = gd_data_at(d, row_at(rows, i), column);
        if (cell >= 0 && cell < (double)levels)
            counts[(size_t)cell]++;
        else
            none++;
    }
    return none;
}
