/* gd_spec: what to train and how; the hyperparameters of a run in one plain struct. */
#ifndef GD_SPEC_H
#define GD_SPEC_H

#include "gd_cost.h"
#include "gd_limits.h"
#include "gd_model.h"
#include "gd_optimizer.h"
#include "gd_schedule.h"

#include <stdint.h>

typedef struct gd_spec {
    const gd_model *model;
    const gd_cost *cost;
    const gd_optimizer *optimizer;
    const gd_schedule *schedule;
    gd_hyper model_hyper, cost_hyper, optimizer_hyper, schedule_hyper;
    double learning_rate;      /* > 0, or GD_AUTO */
    uint64_t epochs;           /* passes over the data, at most */
    uint64_t batch_size;       /* rows an update, or GD_FULL_BATCH */
    double tol;                /* relative improvement below which training stops; 0: never */
    uint64_t n_iter_no_change; /* epochs in a row that tol must hold for, or GD_AUTO */
    double
        validation_fraction; /* share of the rows set aside to validate on, or GD_NO_VALIDATION */
    uint64_t patience;       /* epochs without a lower validation cost before training stops
                                and goes back to the best, or GD_NO_PATIENCE */
    uint64_t seed;
    double l1, l2;     /* penalties: + l1 |w|_1 + l2/2 |w|^2 on the weights, as trained */
    double clip_norm;  /* gradients longer than this are shortened to it, or GD_NO_CLIP */
    double clip_value; /* each part of a gradient is kept within +- this, or GD_NO_CLIP */
    bool average;      /* report the mean of the parameters over the updates (mini-batches) */
    bool shuffle;      /* visit rows in a new random order each epoch (mini-batches) */
    bool intercept;    /* fit a constant term */
    bool standardize;  /* scale features inside; parameters are reported in both units */
    bool non_negative; /* no coefficient below 0 */
    uint64_t tol_on;   /* what tol is held against: GD_TOL_COST, ... */
    uint64_t dtype;    /* of rows and products: GD_FLOAT64, GD_FLOAT32 */
    /* not rows of the table */
    bool balanced; /* weigh classes by n / (classes * count of the class), over training rows */
    const double *lower, *upper; /* of the coefficients, cols values each in the data's units,
                                    +-INFINITY for none; NULL: none; borrowed by gd_train too */
    int gram;      /* of least squares by full batches: GD_GRAM_AUTO, ... */
    bool split;    /* for gd_spec_check: the data will come split (gd_data.train_rows) */
} gd_spec;

#define GD_AUTO 0       /* learning_rate, n_iter_no_change: found by the trainer */
#define GD_FULL_BATCH 0 /* batch_size: all rows */
#define GD_NO_VALIDATION 0
#define GD_NO_PATIENCE 0
#define GD_PATH (-1) /* l1, l2: a series of numbers, a run each; not for gd_train_new */
#define GD_NO_CLIP 0 /* clip_norm, clip_value: gradients as they are */

/* Least squares can be trained by second moments, which gives the same history (gd_quadratic.h):
 * where it pays, never, or wherever it is possible. */
enum { GD_GRAM_AUTO, GD_GRAM_NEVER, GD_GRAM_ALWAYS };

/* tol_on. After an epoch: the cost changed by no more than tol, relatively; the norm of the
 * gradient is at most tol; the parameters moved by at most tol times their length. */
enum { GD_TOL_COST, GD_TOL_GRADIENT, GD_TOL_PARAMETERS };

/* dtype. What rows are stored and read in, and multiplied. Parameters, the optimizer's state, costs
 * and sums over blocks of rows are doubles in both. */
enum { GD_FLOAT64, GD_FLOAT32 };

/* The rows of the scalar members above. */
extern const gd_param gd_spec_params[];
extern const size_t gd_spec_params_count;

/* The defaults: linear_regression, its default cost, gd, constant, and each row's default. */
void gd_spec_defaults(gd_spec *s);

/* Sets the cost to the model's default (for its task), with that cost's defaults. */
void gd_spec_default_cost(gd_spec *s);

/* The task of the model, for a target of so many classes (0: of numbers). Of a model for several
 * tasks it is the one that its hyperparameter "task" asks for; "auto" is regression for numbers,
 * and binary or multiclass by how many classes there are. */
gd_task gd_spec_task(const gd_spec *s, size_t classes);

/* Makes a task that is "auto" the one that it stands for and, unless the cost was given, takes the
 * default cost of that task. */
void gd_spec_settle(gd_spec *s, size_t classes, bool cost_given);

/* How theta is laid out for data of so many features and (where y is a class) classes. */
gd_shape gd_spec_shape(const gd_spec *s, size_t cols, size_t classes);

/* Can the model be trained on data of so many features and classes? On error *err names the
 * field. */
gd_status gd_spec_check_shape(const gd_spec *s, size_t cols, size_t classes, gd_error *err)
    __attribute__((warn_unused_result));

/* Is the step found by backtracking, for want of a bound on the curvature? */
bool gd_spec_backtracks(const gd_spec *s);

/* Has any coefficient a bound? */
bool gd_spec_bounded(const gd_spec *s);

/* Does it all fit together? On error *err says what to use instead. */
gd_status gd_spec_check(const gd_spec *s, gd_error *err) __attribute__((warn_unused_result));

#endif
