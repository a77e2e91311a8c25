/* gd_curvature: the smoothness L of an objective, found by the Lanczos method.
 *
 * For full batches L is the largest eigenvalue of the Hessian: gradient descent is stable
 * below 2/L and never rises at 1/L (Nesterov, Introductory Lectures, 2004, 1.2.3). For
 * mini-batches of b out of N rows it is the expected smoothness of Gower et al. (SGD:
 * General Analysis and Improved Rates, 2019, prop. 3.8), which grows from that to the
 * largest curvature of a single row as b falls to 1.
 */
#ifndef GD_CURVATURE_H
#define GD_CURVATURE_H

#include "gd_limits.h"
#include "gd_objective.h"

typedef struct gd_curvature {
    double *basis;      /* kept rows of n values, borrowed */
    size_t n, steps;    /* steps: passes at the most */
    size_t kept;        /* steps + 1; fewer of very many parameters, the latest ones: directions
                           that were found are found again then, which leaves the largest */
    size_t batch, rows; /* batch == rows for full batches */
    size_t k;           /* passes so far */
    double diagonal[GD_CURVATURE_STEPS], beside[GD_CURVATURE_STEPS]; /* of the Lanczos matrix */
    double row_curvature; /* 0 until found; only for mini-batches */
    double largest;       /* eigenvalue: the estimate so far */
    double smoothness;    /* L, when step has returned true */
} gd_curvature;

/* Doubles of basis that a search over n parameters needs. */
size_t gd_curvature_len(size_t n);

/* basis: gd_curvature_len(n) values, used until the search ends. n: parameters of one output. */
void gd_curvature_begin(gd_curvature *c, double *basis, size_t n, size_t batch, size_t rows);

/* hv = H v, H the Hessian of the mean cost; n values each. */
typedef void gd_curvature_product(void *ctx, const double *v, double *hv);

/* One step of the search for full batches, by any product. Returns as below. */
bool gd_curvature_step_by(gd_curvature *c, gd_curvature_product *product, void *ctx);

/* The largest curvature of a single row, of mini-batches: by a pass. True when there was none to
 * do. */
bool gd_curvature_rows(gd_curvature *c, gd_objective *o);

/* What has been found already: `largest`, for full batches. */
void gd_curvature_take(gd_curvature *c, double largest);

/* One pass over the data. Returns true when `largest` and `smoothness` are found; they are
 * infinite or NaN if the data's squares are. */
bool gd_curvature_step(gd_curvature *c, gd_objective *o);

#endif
