/* gd_train_private: what the files of gd_train share. Nobody else includes it. */
#ifndef GD_TRAIN_PRIVATE_H
#define GD_TRAIN_PRIVATE_H

#include "gd_curvature.h"
#include "gd_objective.h"
#include "gd_quadratic.h"
#include "gd_train.h"

typedef enum gd_phase {
    GD_SCALING,
    GD_CURVATURE,
    GD_START,
    GD_EPOCHS,
    GD_ANALYSIS,
    GD_ENDED
} gd_phase;

/* Numbers that double precision can't train on. */
typedef enum gd_range {
    GD_IN_RANGE,
    GD_TOO_LARGE,        /* the squares of a column or of the target */
    GD_TOO_SMALL,        /* the squares of a column */
    GD_INITIAL_TOO_LARGE /* the initial parameters, for features as they are scaled */
} gd_range;

struct gd_train {
    gd_data data;
    const gd_executor *executor;
    gd_spec spec;
    gd_shape shape;
    gd_objective *objective;
    gd_quadratic *quadratic; /* NULL: every epoch passes over the rows */
    size_t n;     /* parameters */
    gd_rows rows; /* trained on */
    size_t batch; /* rows an update; rows.count for full batches */
    gd_phase phase;
    gd_range range;
    bool moved; /* the run begins where the caller said, not where its model would */
    gd_state state;
    gd_point best_point;
    gd_error error;
    gd_curvature curvature;
    gd_gram *moments; /* by which it is found; NULL: by passes, or by those of `quadratic` */
    double reference; /* cost that later costs are measured against */
    double base_rate; /* before the schedule */
    double schedule_state[GD_SCHEDULE_STATE];
    double lowest;                       /* training cost so far */
    uint64_t updates, stalled, averaged; /* averaged: updates in the mean */
    double *theta, *finite, *gradient, *mean, *best, *v, *weight; /* n values each */
    double *center, *scale;                                       /* cols values each */
    double *optimizer_state;
    double *lanes;      /* center and inverse scale for gd_minibatch.h; or room for gd_sparse.h */
    double *basis; /* of the search for the curvature, and the Hessian that moments give behind it;
                      NULL where it has none */
    gd_column *columns; /* cols of them */
    double *scratch;    /* to find them by a pass of their own; NULL where there is none */
    bool measured;      /* they are known */
    uint32_t *order;    /* the epoch's row order, or NULL */
    uint32_t *index;    /* the split that was made here, or NULL */
    const uint32_t *split; /* rows trained on, then those validated on; NULL: as they lie */
    double *row_weights;   /* mean 1 over the rows trained on; NULL: all 1 */
    double aside_weight;   /* mean weight of the rows validated on */
    /* n values each; NULL without bounds. own: in the data's units, and what is freed */
    double *own_lower, *own_upper, *lower, *upper;
    bool stuck;    /* the optimizer found nothing lower */
    double change; /* of the parameters in the last epoch, as a share of their length */
};

/* gd_train.c */
bool gd_all_finite(const double *v, size_t n);
bool gd_full_batch(const gd_train *t);
/* Does the curvature say which rates are stable? Not for rules that scale their own steps. */
bool gd_explained_by_curvature(const gd_train *t);
void gd_unit_scaling(gd_train *t);
/* Do the second moments say what its columns are? */
bool gd_train_moments_tell(const gd_train *t);

/* gd_train_epoch.c: one pass of updates, then the full objective. */
/* Sets cost, gradient and reference at the starting point; returns the cost at all zeros. */
double gd_train_start(gd_train *t);
void gd_train_epoch(gd_train *t); /* one epoch on; does not look whether to stop */
/* Does an epoch end with the full objective's gradient? Of a network in mini-batches it takes as
 * long as the epoch's updates, so there it is taken at the start, at the end (take_slope), and
 * where tol is held against it. */
bool gd_train_sloped(const gd_train *t);
void gd_train_take_slope(gd_train *t); /* if the epoch did not */
/* Are cost and, where it was taken, gradient finite? */
bool gd_train_finite(const gd_train *t);
/* Adds l2/2 |w|^2 to the gradient (which may be NULL), and returns what both penalties add to the
 * cost. */
double gd_train_penalise(const gd_train *t, const double *theta, double *gradient);
void gd_train_update(gd_train *t); /* moves theta against t->gradient, which it clips */

/* gd_minibatch.c: an epoch's updates; broken off when the executor says so. */
void gd_minibatches(gd_train *t);
size_t gd_minibatch_room(const gd_train *t); /* doubles of t->lanes; data, shape and batch are set */

/* gd_train_step.c */
void gd_train_prepare(gd_train *t);
/* From where t->theta is, in the units trained in. */
void gd_train_begin(gd_train *t);
void gd_begin_curvature(gd_train *t);

/* gd_train_curvature.c: the search for the curvature, which says what rates are stable. */
/* Makes room; by how it goes. t->data, shape, rows are set. */
gd_status gd_train_curvature_new(gd_train *t, gd_error *err);
double gd_train_curvature_bytes(const gd_data *data, const gd_spec *spec);
/* A piece of it. True when it has ended, which it has not where it was broken off. */
bool gd_train_curvature_step(gd_train *t);

/* gd_train_bounds.c */
gd_status gd_bounds_check(const gd_spec *s, size_t cols, gd_error *err);
gd_status gd_bounds_new(gd_train *t, gd_error *err); /* t->n, data and scale are set */
void gd_bounds_scale(gd_train *t);                   /* once t->scale has changed */
void gd_bounds_project(const gd_train *t, double *theta);
/* theta: in the data's units; scaled: the same as trained, which says what is at its bound. */
void gd_bounds_project_own(const gd_train *t, const double *scaled, double *theta);

/* gd_train_explain.c: fills t->error for a run that diverged, by what is known so far. */
void gd_train_explain(gd_train *t);

#endif
