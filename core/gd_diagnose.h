/* gd_diagnose: why a dataset trains fast or slowly, before training: the curvature of the
 * objective, what learning rates follow from it, and what is wrong with the columns.
 *
 * Gradient descent on a quadratic with eigenvalues mu .. L shrinks the distance to the optimum by
 * max(|1 - rate mu|, |1 - rate L|) an epoch, the cost above the best one by the square of that; it
 * is stable below 2/L and fastest at 2/(L + mu) (Polyak, 1964; Nesterov, 2004, 2.1.5).
 */
#ifndef GD_DIAGNOSE_H
#define GD_DIAGNOSE_H

#include "gd_fit.h"

#define GD_MAX_WARNINGS 12

/* X(enumerator, word) */
#define GD_EXTREMES_LIST(X)                                                                        \
    X(GD_EXTREMES_NONE, "none")       /* the slope jumps, or too many parameters */                \
    X(GD_EXTREMES_EXACT, "exact")     /* the Hessian is the same everywhere */                     \
    X(GD_EXTREMES_BOUND, "bound")     /* the largest it can be, for any parameters */              \
    X(GD_EXTREMES_AT_ZERO, "at_zero") /* that at parameters of zero; elsewhere it may be larger */

typedef enum gd_extremes_kind {
#define X(name, word) name,
    GD_EXTREMES_LIST(X)
#undef X
} gd_extremes_kind;

const char *gd_extremes_name(gd_extremes_kind kind);

/* Of the Hessian by the parameters of one output, l2 included. */
typedef struct gd_extremes {
    size_t parameters, rank;
    double largest, smallest; /* eigenvalues; smallest 0 where rank < parameters; NaN if none */
    double slowest;           /* the smallest that is not 0 */
    double condition;         /* largest / smallest, may be infinite */
    double max_stable_rate;   /* 2 / largest */
    double best_rate;         /* 2 / (largest + slowest) */
} gd_extremes;

typedef struct gd_diagnosis {
    gd_extremes_kind kind;
    gd_extremes raw, standardized; /* of features as they are, and as standardize has them */
    size_t count;
    char warnings[GD_MAX_WARNINGS][400];
    size_t unscaled; /* which of them is that standardizing would help; GD_MAX_WARNINGS: none */
} gd_diagnosis;

/* fit: its theta, center and scale are not read. names: cols names, or NULL for numbers from 1. */
gd_status gd_diagnose(gd_diagnosis *out, const gd_fit *fit, const char *const *names, gd_error *err)
    __attribute__((warn_unused_result));

/* Adds a warning where a rate is not below the largest stable one, or crawls: is far below
 * `advised`, a good one. Nothing where these are not known (NaN, 0). */
void gd_diagnose_rate(gd_diagnosis *out, double rate, double max_stable, double advised);

/* Full-batch epochs of gd that bring the cost above the best one down to `tolerance` (in (0, 1)) of
 * what it was; infinite where the rate is not below 2/L. */
double gd_epochs_to(const gd_extremes *e, double rate, double tolerance);

#endif
