/* gd_sparse: passes over rows that are stored by their entries (gd_data.h), which are never filled
 * in. Rows are trained on as (x - center) / scale all the same: with the scale in the weights,
 *
 *     (x - center) . w + b = x . w + (b - center . w)
 *     sum dz (x - center) = sum dz x - center sum dz
 *
 * so that centring costs a product of `cols` values a pass, or a block of rows, and not one a row.
 * Sums run in one fixed order, as those of the kernels do.
 */
#ifndef GD_SPARSE_H
#define GD_SPARSE_H

#include "gd_cost.h"
#include "gd_data.h"

static inline double gd_sparse_value(const gd_sparse *s, uint64_t entry)
{
    return s->values32 ? (double)s->values32[entry] : s->values[entry];
}

/* Entries of all rows. */
uint64_t gd_sparse_entries(const gd_data *d);

/* Rows a block of a pass: GD_BLOCK_ROWS, and of sparse rows so many that they have about as many
 * entries as there are columns, for each block has a gradient of its own that is cleared and added
 * up. It depends on the data alone. */
size_t gd_data_block_rows(const gd_data *d);

/* Where the scores of a row and of a model are in z: z[row * by_row + model * by_model]. */
typedef struct gd_scores_at {
    double *z;
    size_t by_row, by_model;
} gd_scores_at;

/* x . w_k + b_k of the rows first .. first + count of `rows`, for each of `models` vectors. w:
 * models x pitch values, of which cols count; b: models values, NULL: zeros. */
void gd_sparse_scores(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                      const double *w, size_t pitch, const double *b, size_t models,
                      const gd_scores_at *to);

/* g_k += sum dz_k x and sums_k += sum dz_k for each model. dz: models x stride values; g: models x
 * pitch. */
void gd_sparse_gradient(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                        const double *dz, size_t stride, size_t models, double *g, size_t pitch,
                        double *sums);

/* The largest weight |(x - center) inverse|^2 of the rows first .. first + count. center and
 * inverse: cols values; center NULL: zeros; inverse NULL: ones. plus: what is added to each square,
 * for the intercept. */
double gd_sparse_largest(const gd_data *d, const gd_rows *rows, size_t first, size_t count,
                         const double *center, const double *inverse, double plus);

/* As gd_data_columns. */
void gd_sparse_columns(const gd_data *d, const gd_rows *rows, gd_column *out);

/* ---- gradient descent, batch after batch ---- */

/* All borrowed. theta: outputs x cols weights, then the intercepts if there are any; moved. */
typedef struct gd_sparse_descent {
    const gd_data *data;
    const uint32_t *order; /* row numbers; NULL: rows as they lie */
    size_t first, end;     /* the rows order[first .. end) */
    size_t batch, outputs;
    const double *center, *scale; /* cols values: rows are (x - center) / scale */
    const gd_cost *cost;
    const void *cost_hyper;
    bool intercept;
    double *theta;
    double rate, l2;
    double *room; /* gd_sparse_descent_len values of scratch */
} gd_sparse_descent;

size_t gd_sparse_descent_len(size_t cols, size_t outputs, size_t batch);

/* For each batch in turn theta <- theta - rate (mean of slope x + l2 w), the intercept without l2.
 * An update takes time with the entries of its rows, not with the columns: theta is kept as s v + c
 * m, where m = center / scale, so that l2 is a factor of s (Bottou, "Stochastic gradient descent
 * tricks", 2012, 5.1) and what centring adds to every weight alike is in c. */
void gd_sparse_descend(const gd_sparse_descent *d);

#endif
