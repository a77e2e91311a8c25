/* gd_fit_pass: passes over the rows of a fit, by whoever has time: what a certificate and standard
 * errors are made of.
 *
 * Rows are cut into blocks, blocks into tiles of the design matrix that a visitor turns into sums.
 * Each group of consecutive blocks has sums of its own, and the groups are added up in a fixed
 * tree: the same bits on any number of threads. Between two blocks the executor may break the pass
 * off; then it is lost, with all that come after it.
 */
#ifndef GD_FIT_PASS_H
#define GD_FIT_PASS_H

#include "gd_exec.h"
#include "gd_fit.h"

typedef struct gd_fit_pass gd_fit_pass;

/* Rows of the design matrix side by side, those of weight 0 left out. */
typedef struct gd_fit_tile {
    size_t n;        /* rows, at most GD_FIT_TILE_ROWS */
    size_t width;    /* values from one row to the next */
    const double *A; /* n x width: gd_fit_columns values a row, then zeros */
    const double *y;
    const double *weight; /* its share of the sum of weights */
    const double *offset; /* 0 where the fit has none */
    double *spare;        /* what was asked for, a slot's */
} gd_fit_tile;

#define GD_FIT_TILE_ROWS ((size_t)64)

/* Adds what the tile says to sums[1 ..), which begin at 0, and lowers sums[0], which begins at
 * INFINITY. */
typedef void gd_fit_visitor(void *arg, const gd_fit_tile *tile, size_t group, double *sums);

/* fit (copied; what it points to is borrowed) and executor are those of all passes. sums: the most
 * values that a visitor has; spare: values of scratch; both at least 1. executor: NULL is the
 * serial one. On error *out is NULL. */
gd_status gd_fit_pass_new(gd_fit_pass **out, const gd_fit *fit, size_t sums, size_t spare,
                          const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));
void gd_fit_pass_free(gd_fit_pass *p); /* NULL is fine */

/* Visits the rows. Returns the sums of them all, and in [0] the least; NULL when it was broken off.
 * groups: at most so many, 0 for any number. */
const double *gd_fit_pass_run(gd_fit_pass *p, gd_fit_visitor *visit, void *arg, size_t len,
                              size_t groups);

/* The sum of weights, and how many of them are above 0. */
double gd_fit_pass_weights(const gd_fit_pass *p);
size_t gd_fit_pass_counted(const gd_fit_pass *p);

#endif
