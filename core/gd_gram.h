/* gd_gram: the second moments of data in one pass over its rows: what least squares, its gradient
 * and its curvature depend on.
 *
 * Columns are the features, the target less its offset, and 1. All are taken from a shift that is
 * near their means, so that no digits are lost to a large mean; weights are those of the data.
 * Blocks of GD_BLOCK_ROWS are summed in fixed groups, the groups in a fixed tree, and every entry
 * of a block row by row: the same bits on any number of threads.
 */
#ifndef GD_GRAM_H
#define GD_GRAM_H

#include "gd_data.h"
#include "gd_error.h"
#include "gd_exec.h"

typedef struct gd_gram gd_gram;

/* data and executor are borrowed. On error *out is NULL. */
gd_status gd_gram_new(gd_gram **out, const gd_data *data, const gd_executor *executor,
                      gd_error *err) __attribute__((warn_unused_result));
void gd_gram_free(gd_gram *g); /* NULL is fine */

/* What gd_gram_new asks for, for the serial executor. */
double gd_gram_bytes(const gd_data *data);

/* Visits the rows. False when the executor broke it off: then nothing is known. Otherwise the
 * functions below speak of these rows. */
bool gd_gram_pass(gd_gram *g, const gd_rows *rows) __attribute__((warn_unused_result));

/* Of data without weights: out: cols columns, written, as gd_columns has them. */
void gd_gram_columns(const gd_gram *g, gd_column *out);

/* With features z = (x - center) / scale, beside them 1 if there is an intercept, and t the target
 * less its offset: hessian: n x n values, written with 2/N sum w z z'; slope: n values, written with
 * 2/N sum w z t; n = cols + intercept. center, scale: cols values. They are the Hessian of the mean
 * squared error, and its gradient at zeros with the sign turned. */
void gd_gram_normal(const gd_gram *g, bool intercept, const double *center, const double *scale,
                    double *hessian, double *slope);

/* Is training faster by moments than by passes over the rows? A pass for the moments, another to check
 * what follows from them, and the eigenvectors must cost less than what the epochs save, each of
 * which takes parameters^2 of work, or with `spectral` parameters, in place of rows x parameters. */
bool gd_gram_pays(double rows, double parameters, double epochs, bool spectral);

/* And is its largest eigenvalue, alone, found faster by them than by passes (gd_curvature.h)? */
bool gd_gram_curves(double rows, double parameters);

/* gd_gram_tile.c: the inner loops. The width of a tile is a multiple of GD_GRAM_LANES. */
#define GD_GRAM_LANES 4
typedef struct gd_gram_kernels {
    /* tile: n rows of `width` values, of which the first `cols` are written with rows[i] - shift.
     * low, high: cols values, lowered and raised to what the rows have. */
    void (*load)(const double *const *rows, size_t n, size_t cols, const double *shift,
                 double *tile, size_t width, double *low, double *high);
    /* sums += T'T, its upper triangle (and some of what is below), for a tile T of n x width values.
     * Every entry is summed in the order of the rows; whether products are rounded before they are
     * added depends on the processor. next: `count` values that will be loaded next. */
    void (*add)(const double *tile, size_t n, size_t width, double *sums, const double *next,
                size_t count);
    /* to: cols values, written with (x - center) * inverse; may be x. */
    void (*scale)(const double *x, size_t cols, const double *center, const double *inverse,
                  double *to);
    /* out: the tile's rows, each times the root of weights[i] x bends[i] >= 0. */
    void (*weigh)(const double *tile, size_t n, size_t width, const double *weights,
                  const double *bends, double *out);
} gd_gram_kernels;
extern const gd_gram_kernels gd_gram_portable, gd_gram_avx2; /* the latter on x86-64 alone */

#endif
