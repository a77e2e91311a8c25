/* gd_newton: Newton's method for linear models, and the dual points that its steps give; the
 * engine of gd_certificate. A coordinate c is output c / columns and column c % columns of A. */
#ifndef GD_NEWTON_H
#define GD_NEWTON_H

#include "gd_fit.h"
#include "gd_penalty.h"
#include "gd_qr.h"

typedef struct gd_newton {
    gd_fit fit;
    size_t columns, outputs, n; /* n = outputs x columns */
    bool simple;                /* no l1, no bound: the step is a linear system */
    double total;               /* sum of weights */
    double width;               /* of the smoothing (gd_cost.h) */
    double cost, data_cost;     /* J at theta; and without penalties */
    double decrement;           /* minus the slope along the step, where it begins */
    double inside;              /* the share of alpha that is within every row's bounds */
    double work;                /* done so far, in rows x parameters^2 */
    gd_qr *qr, *sub;
    double *memory;
    gd_penalty *penalty;         /* n */
    double *start;               /* n: where the gap is asked for */
    double *theta;               /* n: the iterate */
    double *step;                /* n */
    double *gradient;            /* n: of the data's cost, smoothed, at theta */
    double *shift;               /* n: the step that alpha is linearised by */
    double *u, *size;            /* n: as in gd_certificate.h; and the sum of its terms' sizes */
    double *hessian;             /* n x n; NULL when simple */
    double *trial, *half, *unit; /* n, n, n + 1 */
    double *a, *z, *alpha, *bend, *delta;
} gd_newton;

/* fit: borrowed until gd_newton_free. On error there is nothing to free. */
gd_status gd_newton_init(gd_newton *w, const gd_fit *fit, gd_error *err)
    __attribute__((warn_unused_result));
void gd_newton_free(gd_newton *w);

/* Gradient, factor and cost at theta, then the step. */
void gd_newton_solve(gd_newton *w);

/* The gap at `start` by the dual point of the latest solve; INFINITY where it is out of bounds. */
double gd_newton_gap(gd_newton *w);

/* The gap at `start` of the dual point 0, which is within every bound. */
double gd_newton_trivial_gap(gd_newton *w);

/* Moves theta along the step. Returns the share of it that was taken, 0 where none helps. */
double gd_newton_move(gd_newton *w);

#endif
