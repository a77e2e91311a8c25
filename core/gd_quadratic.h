/* gd_quadratic: least squares as the quadratic that they are. Part of gd_train, for its files alone.
 *
 * The mean squared error depends on the data through second moments (gd_gram.h), so that
 *
 *     J(theta) = J* + 1/2 (theta - theta*)' H (theta - theta*),   H = 2/N Z'Z + l2 D
 *
 * and an epoch needs no pass over the rows. Nothing cancels in it: theta* is polished by exact
 * passes until its gradient is rounding, and one of them gives J*. With rules that are the same in
 * any orthonormal basis (gd, momentum, nesterov) an epoch runs in the eigenvectors of H, where it takes
 * n work; with others n^2. The history is that of passes over the rows to 1e-9 or so; where the
 * eigenvalues spread too widely to say so, or an exact pass disagrees, it is not used.
 */
#ifndef GD_QUADRATIC_H
#define GD_QUADRATIC_H

#include "gd_exec.h"
#include "gd_gram.h"
#include "gd_spec.h"

struct gd_train;

typedef struct gd_quadratic {
    gd_gram *gram;
    size_t n, room; /* room: n rounded up, of what is below `at`; zeros behind n */
    bool on;          /* the objective is evaluated by it */
    bool spectral;    /* the rule runs in the eigenbasis */
    bool interrupted; /* a pass was broken off */
    double least;     /* J*, l2 included */
    double *hessian, *slope;           /* of the data, without l2: n x n, n */
    double *vectors, *optimum, *start; /* of H: n x n by rows; n; n */
    double *work;                      /* n x n, and 2 n */
    double *aside, *aside_slope;       /* of the rows validated on, around the optimum; l2 included */
    double aside_least;
    double nothing, still; /* a coordinate, a velocity below these is 0 */
    bool at_rest;          /* they are all 0, so that no epoch moves anything */
    /* room values each. values: eigenvalues, one that stands for 0 is 0. gradient: where `at` is.
     * first: where `at` began.
     * Coordinates of theta - theta* in the eigenbasis, and the optimizer's state: what a checkpoint
     * must have to go on with the same bits. They lie side by side. */
    double *values, *gradient, *first, *at, *finite, *best, *velocity;
} gd_quadratic;

enum { GD_QUADRATIC_SAVED = 4 }; /* arrays of `room` from `at` on */

/* Leaves t->quadratic NULL where the run is not least squares by full batches, or it does not pay. */
gd_status gd_quadratic_new(struct gd_train *t, const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));
/* What that takes of memory, for the serial executor; 0 where it is NULL. */
double gd_quadratic_bytes(const gd_data *data, const gd_spec *spec);
void gd_quadratic_free(gd_quadratic *q); /* NULL is fine */

/* ---- before the first epoch; each does nothing where there is none ---- */

/* The pass for the moments. False when it was broken off. */
bool gd_quadratic_measure(struct gd_train *t);
/* Once features are scaled. */
void gd_quadratic_form(struct gd_train *t);
/* At the starting point, t->theta: finds the optimum and decides whether it is used. */
void gd_quadratic_open(struct gd_train *t);

/* ---- epochs, where it is on ---- */

bool gd_quadratic_on(const struct gd_train *t);
bool gd_quadratic_spectral(const struct gd_train *t);

/* The objective with l2, without l1. gradient: n values, written; may be NULL. */
double gd_quadratic_eval(struct gd_train *t, const double *theta, double *gradient);
/* That of the rows validated on. */
double gd_quadratic_aside(struct gd_train *t, const double *theta);
/* hv = H v without l2. */
void gd_quadratic_product(void *q, const double *v, double *hv);

/* One update in the eigenbasis; sets cost, gradient_norm, validation_cost and what is finite. */
void gd_quadratic_epoch(struct gd_train *t);
void gd_quadratic_keep_best(struct gd_train *t);
/* Writes t->theta and what else looks in reads, from the coordinates. */
void gd_quadratic_show(struct gd_train *t);

/* How many epochs a step may run. */
uint64_t gd_quadratic_epochs(const struct gd_train *t);

/* Takes coordinates from a checkpoint; was_on, was_spectral: of the run that was saved, whose t->theta
 * and so on are in place. opened: gd_quadratic_open was called, for epochs follow. */
void gd_quadratic_restore(struct gd_train *t, const double *saved, bool was_on, bool was_spectral,
                          bool opened);

#endif
