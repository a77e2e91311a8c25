/* gd_train: one run of training, stepped by its caller.
 *
 *     gd_train *t;
 *     gd_train_new(&t, &data, &spec, NULL, NULL, &err);
 *     while (gd_train_step(t) != GD_STEP_DONE)
 *         ... record, checkpoint, cancel, look at the clock ...
 *     gd_train_free(t);
 *
 * Core has no threads, clock or callbacks: whoever steps decides. A run depends on its
 * data, spec and initial parameters alone; the same ones give the same bits, on any
 * number of threads and however often it was saved and restored in between.
 */
#ifndef GD_TRAIN_H
#define GD_TRAIN_H

#include "gd_data.h"
#include "gd_exec.h"
#include "gd_spec.h"

typedef struct gd_train gd_train;

/* How a run ended. */
#define GD_STOP_LIST(X)                                                                            \
    X(GD_STOP_NONE, "")                                                                            \
    X(GD_STOP_MAX_EPOCHS, "max_epochs")                                                            \
    X(GD_STOP_CONVERGED, "converged")                                                              \
    X(GD_STOP_EARLY, "early_stopping")                                                             \
    X(GD_STOP_REQUESTED, "stopped")                                                                \
    X(GD_STOP_MAX_SECONDS, "max_seconds")                                                          \
    X(GD_STOP_DIVERGED, "diverged")

typedef enum gd_stop {
#define X(name, text) name,
    GD_STOP_LIST(X)
#undef X
} gd_stop;

/* "max_epochs" and so on; "" for GD_STOP_NONE. */
const char *gd_stop_name(gd_stop stop);

typedef enum gd_step {
    GD_STEP_WORKING, /* preparation or analysis: nothing new to record */
    GD_STEP_EPOCH,   /* the state below is a new point of the history */
    GD_STEP_DONE     /* the run has ended; further steps do nothing */
} gd_step;

/* Where a run stands. cost and gradient_norm are of the full objective at the current
 * parameters, in the units that are trained in (scaled ones with standardize). */
typedef struct gd_state {
    gd_stop stop;
    uint64_t epoch;         /* 0 at the starting point */
    double cost;            /* may be infinite or NaN in a diverged run */
    double validation_cost; /* NaN without validation */
    double gradient_norm;   /* of a network in mini-batches taken at the start and at the end, unless
                               tol_on says that tol is held against it; else NaN */
    double learning_rate;   /* in force; 0 while "auto" is being found */
    double curvature;       /* largest eigenvalue of the Hessian; 0 when not found */
    double safe_rate;       /* what "auto" takes: 1/L, for mini-batches 1/(2L) with their own L
                               (gd_curvature.h); 0 when not found */
    double max_stable_rate; /* 2/L: beyond it gradient descent diverges; 0 when not found */
    uint64_t
        best_epoch; /* of the lowest finite cost; with validation, of the lowest validation cost */
    double best_cost;
    uint64_t finite_epoch; /* the epoch that the kept parameters belong to */
} gd_state;

/* One point of a history. */
typedef struct gd_point {
    uint64_t epoch;
    double cost, validation_cost, gradient_norm, learning_rate;
} gd_point;

/* data: borrowed until gd_train_free; rows and cols at least 1, all values finite.
 * spec: copied. initial: params_len values in the data's own units, borrowed for the
 * call, or NULL for the model's starting point. executor: borrowed, NULL for serial.
 * On error *out is NULL and *err names the field. */
gd_status gd_train_new(gd_train **out, const gd_data *data, const gd_spec *spec,
                       const double *initial, const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

/* About how many bytes a run of this takes beside its data, for the serial executor. */
double gd_train_bytes(const gd_data *data, const gd_spec *spec);

void gd_train_free(gd_train *t); /* NULL is fine */

/* Does one bounded piece of work, at most an epoch. Cannot fail: memory is all there. */
gd_step gd_train_step(gd_train *t);

/* The same, for a caller who does not need to see every epoch: where epochs take little work (see
 * gd_train_quadratic) it runs many of them, none beyond `epoch`, for about a millisecond, and shows
 * the last. Whether to stop is decided after each of them all the same, and how they are cut into steps
 * changes no bit. */
gd_step gd_train_step_until(gd_train *t, uint64_t epoch);

/* Is the objective least squares that is trained by second moments, without passes over the rows?
 * Known from epoch 0 on. */
bool gd_train_quadratic(const gd_train *t);

/* What its epochs are computed by: "moments" (gd_train_quadratic), "passes" over all rows, or
 * "batches" of them; "" until epoch 0. */
const char *gd_train_epochs_by(const gd_train *t);

/* Ends the run here, for the caller's own reason (GD_STOP_REQUESTED, GD_STOP_MAX_SECONDS), and
 * gives back the best parameters so far. A run that has not reached its
 * starting point, or has ended, goes on as it is; but one that was interrupted before its
 * starting point ends there, with costs that are NaN. */
void gd_train_finish(gd_train *t, gd_stop why);

/* Has the executor broken the last step off? Then the state is that of the epoch before, further
 * steps do nothing and return GD_STEP_DONE, and the run is good only for gd_train_finish and
 * what looks in after it, and gd_train_free. Checkpoints taken before stay valid. */
bool gd_train_interrupted(const gd_train *t);

/* Changes settings from the next epoch on. learning_rate: > 0, before the schedule (a rate that was
 * found, or searched for in each epoch, is given up); NAN keeps what is. tol: [0, 1), NAN keeps.
 * epochs: more than have run, 0 keeps. Refused, with nothing changed, for a run that has ended,
 * and learning_rate for an optimizer that finds its own steps. Checkpoints keep the change. */
gd_status gd_train_adjust(gd_train *t, double learning_rate, double tol, uint64_t epochs,
                          gd_error *err) __attribute__((warn_unused_result));

/* Valid until the next step. */
const gd_state *gd_train_state(const gd_train *t);

/* The point of best_epoch, which a step of many epochs may not have shown; from epoch 0 on. */
const gd_point *gd_train_best(const gd_train *t);

/* The rows trained on, and those set aside to validate on (false: there are none). */
void gd_train_rows(const gd_train *t, gd_rows *train);
bool gd_train_validation_rows(const gd_train *t, gd_rows *validation);

/* What went wrong and what to set instead, for a run that diverged; else status GD_OK. */
const gd_error *gd_train_error(const gd_train *t);

/* The same, with columns called by their names where it is about one; for that the data are looked
 * at again. names: one a column, borrowed for the call, or NULL for column numbers. */
const gd_error *gd_train_error_named(gd_train *t, const char *const *names);

const gd_spec *gd_train_spec(const gd_train *t);

/* The data as trained: weights are times those of the classes, with mean 1 over the rows trained
 * on. Valid until gd_train_free. */
const gd_data *gd_train_data(const gd_train *t);

/* cols columns, once scaled (standardize); NULL for a run that does not scale. */
const gd_column *gd_train_columns(const gd_train *t);
/* The same wherever they are known, which they may also be of a run that does not scale. */
const gd_column *gd_train_columns_known(const gd_train *t);

size_t gd_train_params_len(const gd_train *t);
const gd_shape *gd_train_shape(const gd_train *t);

/* params_len values: the last finite parameters, as trained and in the data's units. */
const double *gd_train_params(const gd_train *t);
/* params_len values: the slope of the objective, without l1, where it was last evaluated, in the
 * units that are trained in. */
const double *gd_train_gradient(const gd_train *t);
void gd_train_params_unscaled(const gd_train *t, double *out);

/* params_len values, in the data's units: where the state's epoch has led, which early stopping and
 * gd_train_finish may have gone back from. They may not be finite where its cost is not. */
void gd_train_params_now(const gd_train *t, double *out);

/* cols values each: features were trained as (x - center) / scale; 0 and 1 when they
 * were not scaled. */
const double *gd_train_center(const gd_train *t);
const double *gd_train_scale(const gd_train *t);

struct gd_check; /* gd_check.h */

/* Compares the analytic gradient of the run's objective with central differences (gd_check.h), over
 * at most `most_rows` of its rows, at theta: params_len values in the data's units, or NULL for where
 * the run begins. For a run that is not trained on afterwards. */
gd_status gd_train_check(gd_train *t, const double *theta, size_t most_rows, struct gd_check *out,
                         gd_error *err) __attribute__((warn_unused_result));

/* Has it cost and gradient of its start? A checkpoint of before says nothing but settings. */
bool gd_train_begun(const gd_train *t);

/* A checkpoint is an array of doubles. save writes gd_train_save_len values; restore
 * takes them into a fresh run of the same data, spec and initial parameters. On error
 * the run is as before. */
size_t gd_train_save_len(const gd_train *t);
void gd_train_save(const gd_train *t, double *out);
gd_status gd_train_restore(gd_train *t, const double *in, size_t len, gd_error *err)
    __attribute__((warn_unused_result));

#endif
