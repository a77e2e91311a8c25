/* gd_data: what training reads, and what can be said of its columns. */
#ifndef GD_DATA_H
#define GD_DATA_H

#include "gd_error.h"
#include "gd_exec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows by their entries alone (compressed sparse rows): those of row i are number starts[i] up to
 * starts[i + 1], by ascending column, and all other values of the row are 0. Borrowed. */
typedef struct gd_sparse {
    const uint64_t *starts;  /* rows + 1 values; NULL: there are no such rows */
    const uint32_t *columns; /* an entry each, below cols */
    const double *values;    /* an entry each, finite; may be 0 */
    const float *values32;   /* in place of values, which is NULL then: read as doubles */
} gd_sparse;

/* A borrowed view; whoever made it keeps the memory alive. */
typedef struct gd_data {
    const double *X; /* rows x cols, row-major, finite */
    const float *X32; /* the same in single precision; X is NULL then. Sums and products are taken
                         of the values as doubles, so they are those of X with these values */
    gd_sparse sparse; /* in place of both: passes of linear models visit the entries alone
                         (gd_sparse.h), and whoever wants whole rows has them one by one */
    const double *y; /* rows values, finite; NULL where there is no target. Of classes their
                        numbers, 0 .. classes - 1 */
    size_t rows;
    size_t cols;
    size_t classes; /* 0 where y is no class */
    const double *weights; /* rows values >= 0, finite, not all 0; NULL: all 1 */
    const double *offset;  /* rows finite values that are added to every score; NULL: none */
    size_t train_rows;     /* > 0: the caller has split the rows: the first train_rows of `index`
                              (or as they lie) are trained on, the others are validated on.
                              0: all are trained on */
    const uint32_t *index; /* with train_rows: the rows' numbers, each part ascending; NULL: the
                              rows as they lie */
} gd_data;

/* Some rows of a dataset. */
typedef struct gd_rows {
    const uint32_t *index; /* row numbers, or NULL for the rows `first` on as they lie */
    size_t first;          /* where in `index` (or the data) to begin */
    size_t count;          /* how many rows, > 0 */
} gd_rows;

static inline bool gd_data_sparse(const gd_data *d)
{
    return d->sparse.starts != NULL;
}

/* A row's values: where they lie, or those of single precision and of sparse rows in `room` (cols
 * values). */
const double *gd_data_row(const gd_data *d, size_t row, double *room);

/* The same of a sparse row, by looking it up among the entries. */
double gd_data_entry(const gd_data *d, size_t row, size_t col);

static inline double gd_data_at(const gd_data *d, size_t row, size_t col)
{
    if (gd_data_sparse(d))
        return gd_data_entry(d, row, col);
    size_t i = row * d->cols + col;
    return d->X32 ? (double)d->X32[i] : d->X[i];
}

/* One column in numbers. std is the population standard deviation (divided by rows).
 * mean and std are not finite when the values are too large for their squares. */
typedef struct gd_column {
    double min, max, mean, std;
} gd_column;

/* X: all rows x cols, row-major; rows: those that are looked at. out: cols columns, written.
 * Per block a two-pass mean and variance, merged in block order (Chan, Golub, LeVeque,
 * 1979): no digits are lost to a large mean. */
void gd_columns(const double *X, const gd_rows *rows, size_t cols, gd_column *out);

/* Those of the data's features. Of sparse rows by three passes over the entries. */
void gd_data_columns(const gd_data *d, const gd_rows *rows, gd_column *out);

/* The same, to the bit, by whoever has time. GD_INTERRUPTED when the executor broke it off. */
gd_status gd_columns_by(const gd_executor *executor, const gd_data *d, const gd_rows *rows,
                        gd_column *out, gd_error *err) __attribute__((warn_unused_result));

/* The same in memory of the caller's: gd_columns_scratch doubles. False when it was broken off. */
size_t gd_columns_scratch(const gd_executor *executor, const gd_data *d, const gd_rows *rows);
bool gd_columns_in(double *scratch, const gd_executor *executor, const gd_data *d,
                   const gd_rows *rows, gd_column *out) __attribute__((warn_unused_result));

/* How features are scaled inside: x' = (x - center) / scale. center and scale: cols
 * values, written. With `intercept` the center is the mean and the scale the standard
 * deviation; without one a shift would smuggle an intercept in, so the center is 0
 * and the scale the root mean square. A constant column gets scale 1. */
void gd_scaling(const gd_column *columns, size_t cols, bool intercept, double *center,
                double *scale);

#endif
