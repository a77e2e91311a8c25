/* gd_minibatch: the rows of mini-batches of linear models of one output, without the detour by
 * blocks, tiles and sums of a pass (gd_objective.h): what an update of a few rows does would
 * take less time than that. The same scores, slopes and gradients to rounding.
 *
 * One source (gd_minibatch_rows.h) is compiled for several instruction sets. It is plain arithmetic
 * in one order, so that they all give the same bits; which one runs is only a matter of time.
 */
#ifndef GD_MINIBATCH_H
#define GD_MINIBATCH_H

#include "gd_cost.h"
#include "gd_data.h"

/* Values a vector. The last vector of a row ends where the row does, so that nothing beyond is
 * read; what it has in common with the one before counts 0 times in it. */
#define GD_LANES ((size_t)8)

/* Some rows and what they are to move. All arrays are borrowed. */
typedef struct gd_minibatch_rows {
    gd_data data;
    const uint32_t *order; /* row numbers; NULL: rows as they lie */
    size_t first, end;     /* the rows order[first .. end) */
    size_t known;          /* how many rows `order` has: what comes after `end` is fetched ahead */
    const double *center;  /* gd_minibatch_lanes() values, as gd_minibatch_spread left them: rows */
    const double *inverse; /* are (x - center) * inverse */
    const gd_cost *cost;
    const void *cost_hyper;
    bool intercept;
    double *theta;    /* cols weights, then the intercept if there is one */
    double *gradient; /* like theta; of `gradient` only */
    double rate, l2;  /* of `descend` only */
} gd_minibatch_rows;

typedef struct gd_minibatch_kernels {
    const char *name; /* "avx512", "avx2" or "portable" */
    /* For each row in turn theta <- theta - rate (slope x + l2 w), the intercept without l2:
     * gradient descent by single rows (Robbins, Monro, 1951). */
    void (*descend)(const gd_minibatch_rows *r);
    /* Writes the mean of the rows' gradients at theta. */
    void (*gradient)(const gd_minibatch_rows *r);
} gd_minibatch_kernels;

extern const gd_minibatch_kernels gd_minibatch_portable;
extern const gd_minibatch_kernels gd_minibatch_avx2, gd_minibatch_avx512; /* on x86-64 alone */

/* Values that center and inverse have for so many columns. */
size_t gd_minibatch_lanes(size_t cols);

/* Writes center and inverse for rows that are visited as (x - center) / scale. */
void gd_minibatch_spread(size_t cols, const double *center, const double *scale, double *to_center,
                         double *to_inverse);

#endif
