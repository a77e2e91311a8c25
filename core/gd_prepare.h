/* gd_prepare: rows as they come into rows as they are trained on. Levels become columns of 0 and 1
 * (one-hot), missing cells (NaN) are filled in, columns tell where they were, products of columns
 * are added.
 *
 * What is filled in and which levels there are is found from rows (gd_fill_find, gd_level_counts)
 * by whoever makes a gd_prepare, so that it can be found from those trained on alone.
 *
 * Columns of a row come out in this order: each column's own, its levels' in place of one that has
 * levels; then what tells where cells were missing; then the products of two columns, of three, and
 * so on, those of the same number in the order of their factors (as scikit-learn's
 * PolynomialFeatures has them).
 */
#ifndef GD_PREPARE_H
#define GD_PREPARE_H

#include "gd_data.h"
#include "gd_error.h"

#define GD_NO_LEVEL SIZE_MAX
#define GD_UNKNOWN_LEVEL (-1.0) /* a cell that is none of its column's levels */

/* Factors in a product, at most. */
#define GD_MAX_DEGREE ((uint64_t)5)

typedef struct gd_prepare_column {
    size_t levels;    /* > 0: cells are 0 .. levels - 1 or GD_UNKNOWN_LEVEL; 0: they are numbers */
    size_t reference; /* the level that has no column, or GD_NO_LEVEL */
    double fill;    /* what stands for a missing cell (one of the levels); NaN: there is nothing */
    bool indicated; /* has a column that is 1 where its cell is missing */
    bool powers;    /* is multiplied by itself too: numbers of more than two values */
} gd_prepare_column;

typedef struct gd_prepare_spec {
    const gd_prepare_column *columns; /* cols of them */
    size_t cols;
    bool ignore_unknown; /* an unknown level is 0 in all columns of levels; else a fault */
    uint64_t degree;     /* factors in a product, at most GD_MAX_DEGREE; 1: there are no products */
    bool interactions_only; /* no column is multiplied by itself */
} gd_prepare_spec;

typedef struct gd_prepare gd_prepare;

/* Fails for more than GD_MAX_COLUMNS columns (field "features") or none, and for want of memory;
 * *out is NULL then. Free with gd_prepare_free. */
gd_status gd_prepare_new(gd_prepare **out, const gd_prepare_spec *spec, gd_error *err)
    __attribute__((warn_unused_result));
void gd_prepare_free(gd_prepare *p); /* NULL is fine */

size_t gd_prepare_inputs(const gd_prepare *p);
size_t gd_prepare_outputs(const gd_prepare *p);

/* Do rows without missing cells come out as they are? */
bool gd_prepare_identity(const gd_prepare *p);

/* What column `output` is a product of. */
typedef struct gd_prepare_factor {
    size_t column;  /* of the rows as they come */
    size_t level;   /* or GD_NO_LEVEL */
    bool indicator; /* tells where the column is missing */
    unsigned power;
} gd_prepare_factor;

/* Writes its factors (at most GD_MAX_DEGREE) and returns how many they are. */
size_t gd_prepare_factors(const gd_prepare *p, size_t output, gd_prepare_factor *factors);

typedef enum gd_prepare_fault {
    GD_PREPARED,
    GD_PREPARE_MISSING, /* a cell is, and nothing stands for it */
    GD_PREPARE_UNKNOWN, /* a cell is an unknown level */
    GD_PREPARE_OVERFLOW /* a product is beyond double precision */
} gd_prepare_fault;

/* raw: inputs values; out: outputs values, written. On a fault *at is the input column, or of an
 * overflow the output column. */
gd_prepare_fault gd_prepare_row(const gd_prepare *p, const double *raw, double *out, size_t *at);

/* ---- what rows say ---- */

typedef enum gd_fill { GD_FILL_MEAN, GD_FILL_MEDIAN, GD_FILL_MOST_FREQUENT } gd_fill;

/* Of a column's cells that are there: their mean, median (of an even number the mean of the middle
 * two), or the most frequent one (of several the smallest). NaN where all are missing. *missing:
 * how many are. Fails for want of memory. */
gd_status gd_fill_find(const gd_data *d, const gd_rows *rows, size_t column, gd_fill how,
                       double *fill, size_t *missing, gd_error *err)
    __attribute__((warn_unused_result));

/* Adds to counts[k] how many rows have level k, and returns how many have none. Cells are below
 * `levels` or missing. */
size_t gd_level_counts(const gd_data *d, const gd_rows *rows, size_t column, size_t levels,
                       size_t *counts);

#endif
