/* gd_sparse: products of sparse rows with vectors, and what can be said of their columns. */
#include "gd_sparse.h"

#include "gd_limits.h"

#include <math.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static size_t row_at(const gd_rows *rows, size_t i)
{
    return rows->index ? rows->index[rows->first + i] : rows->first + i;
}

uint64_t gd_sparse_entries(const gd_data *d)
{
    return d->sparse.starts[d->rows] - d->sparse.starts[0];
}

size_t gd_data_block_rows(const gd_data *d)
{
    if (!gd_data_sparse(d))
        return GD_BLOCK_ROWS;
    uint64_t entries = gd_sparse_entries(d), wanted = (uint64_t)d->rows * d->cols;
    uint64_t rows = entries ? (wanted + entries - 1) / entries : d->rows;
    rows = rows < d->rows ? rows : d->rows;
    return rows > GD_BLOCK_ROWS ? (size_t)rows : GD_BLOCK_ROWS;
}

/* ---- products ---- */

/* In four interleaved sums: the loads of one wait for nothing of the others. */
ALWAYS_INLINE double product(const uint32_t *columns, const double *values, const float *values32,
                             size_t n, const double *w)
{
#define AT(i) ((values32 ? (double)values32[i] : values[i]) * w[columns[i]])
    double a = 0, b = 0, c = 0, d = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        a += AT(i);
        b += AT(i + 1);
        c += AT(i + 2);
        d += AT(i + 3);
    }
    for (; i < n; i++)
        a += AT(i);
#undef AT
    return (a + c) + (b + d);
}

void gd_sparse_scores(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                      const double *w, size_t pitch, const double *b, size_t models,
                      const gd_scores_at *to)
{
    const gd_sparse *s = &d->sparse;
    for (size_t i = 0; i < count; i++) {
        size_t row = row_at(rows, first + i), n = (size_t)(s->starts[row + 1] - s->starts[row]);
        const uint32_t *columns = s->columns + s->starts[row];
        double *z = to->z + i * to->by_row;
        for (size_t k = 0; k < models; k++) {
            const double *of = w + k * pitch;
            double sum = s->values32 ? product(columns, NULL, s->values32 + s->starts[row], n, of)
                                     : product(columns, s->values + s->starts[row], NULL, n, of);
            z[k * to->by_model] = sum + (b ? b[k] : 0);
        }
    }
}

void gd_sparse_gradient(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                        const double *dz, size_t stride, size_t models, double *g, size_t pitch,
                        double *sums)
{
    const gd_sparse *s = &d->sparse;
    for (size_t i = 0; i < count; i++) {
        size_t row = row_at(rows, first + i);
        for (size_t k = 0; k < models; k++) {
            double slope = dz[k * stride + i], *to = g + k * pitch;
            if (slope == 0)
                continue;
            sums[k] += slope;
            for (uint64_t e = s->starts[row]; e < s->starts[row + 1]; e++)
                to[s->columns[e]] += slope * gd_sparse_value(s, e);
        }
    }
}

/* Of a row all of zeros |center inverse|^2 is left; each entry changes one of its terms. */
double gd_sparse_largest(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                         const double *center, const double *inverse, double plus)
{
    const gd_sparse *s = &d->sparse;
    double most = 0, zeros = 0;
    for (size_t j = 0; center && j < d->cols; j++) {
        double m = inverse ? center[j] * inverse[j] : center[j];
        zeros += m * m;
    }
    for (size_t i = 0; i < count; i++) {
        size_t row = row_at(rows, first + i);
        double square = zeros;
        for (uint64_t e = s->starts[row]; e < s->starts[row + 1]; e++) {
            uint32_t j = s->columns[e];
            double by = inverse ? inverse[j] : 1, m = center ? center[j] : 0;
            double x = gd_sparse_value(s, e);
            square += by * by * (x - 2 * m) * x;
        }
        square = (square > 0 ? square : square == square ? 0 : square) + plus;
        most = fmax(most, square * (d->weights ? d->weights[row] : 1));
    }
    return most;
}

/* ---- columns ---- */

/* Three passes, since a column has four numbers and no more room: sums and counts; the rounding
 * error of the mean and the squares of deviations, as for rows that are filled in; the range. */
void gd_sparse_columns(const gd_data *d, const gd_rows *rows, gd_column *out)
{
    const gd_sparse *s = &d->sparse;
    double n = (double)rows->count;
#define EACH_ENTRY(e)                                                                              \
    for (size_t i = 0; i < rows->count; i++)                                                       \
        for (uint64_t row = row_at(rows, i), e = s->starts[row]; e < s->starts[row + 1]; e++)
    for (size_t j = 0; j < d->cols; j++)
        out[j] = (gd_column){.mean = 0};
    EACH_ENTRY(e)
    {
        gd_column *c = &out[s->columns[e]];
        c->mean += gd_sparse_value(s, e) / n;
        c->std += 1; /* a count, for now; min and max: the rest of the mean, and squares */
    }
    for (size_t j = 0; j < d->cols; j++) {
        double zeros = n - out[j].std;
        out[j].min = -zeros * out[j].mean;
        out[j].max = zeros * out[j].mean * out[j].mean;
    }
    EACH_ENTRY(e)
    {
        gd_column *c = &out[s->columns[e]];
        double off = gd_sparse_value(s, e) - c->mean;
        c->min += off;
        c->max += off * off;
    }
    for (size_t j = 0; j < d->cols; j++) {
        gd_column *c = &out[j];
        bool zeros = c->std < n;
        double rest = c->min, squares = c->max - rest * rest / n;
        c->mean += rest / n;
        c->std = squares < 0 ? 0 : sqrt(squares / n);
        c->min = zeros ? 0 : INFINITY;
        c->max = zeros ? 0 : -INFINITY;
    }
    EACH_ENTRY(e)
    {
        gd_column *c = &out[s->columns[e]];
        double x = gd_sparse_value(s, e);
        c->min = x < c->min ? x : c->min;
        c->max = x > c->max ? x : c->max;
    }
#undef EACH_ENTRY
    for (size_t j = 0; j < d->cols; j++)
        if (out[j].min == out[j].max) {
            out[j].mean = out[j].min;
            out[j].std = 0;
        }
}
