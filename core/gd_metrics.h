/* gd_metrics: predictions, and how good they are. */
#ifndef GD_METRICS_H
#define GD_METRICS_H

#include "gd_data.h"
#include "gd_exec.h"
#include "gd_model.h"

/* theta: the model's parameters in the units of X. X: rows x cols. out: rows x outputs,
 * written: the response (a number, a mean, a score, a probability) by the model's link. Fails for
 * want of memory alone. */
gd_status gd_predict(const gd_model *model, const gd_shape *shape, const double *theta,
                     const double *X, size_t rows, double *out) __attribute__((warn_unused_result));

/* The same with offset[i] added to the scores of row i; NULL: none. */
gd_status gd_predict_offset(const gd_model *model, const gd_shape *shape, const double *theta,
                            const double *X, const double *offset, size_t rows, double *out)
    __attribute__((warn_unused_result));

/* The same of some rows of data (offset included), one after the other, and their targets: out:
 * count x outputs, y: count values, written; y may be NULL. executor: NULL is the serial one; GD_INTERRUPTED when
 * it broke the work off. */
gd_status gd_predict_rows(const gd_model *model, const gd_shape *shape, const double *theta,
                          const gd_data *data, const gd_rows *rows, const gd_executor *executor,
                          double *out, double *y) __attribute__((warn_unused_result));

/* The class that a row's response speaks for, of a model of classes; of two by the shape's
 * threshold, if it has one. */
size_t gd_class_of(const gd_model *model, const gd_shape *shape, const double *response);

/* What a response is to be above to speak for class 1 of two; or at, where the shape has a
 * threshold. */
double gd_cut_of(const gd_model *model, const gd_shape *shape);

typedef struct gd_metric {
    const char *name; /* as in scikit-learn */
    double value;     /* NaN where it is not defined for this data */
} gd_metric;

#define GD_MAX_METRICS 12

/* What is known of a metric by its name. */
typedef struct gd_metric_kind {
    const char *name;
    unsigned tasks; /* gd_task flags: those that have it */
    bool higher;    /* more is better */
} gd_metric_kind;

/* Every metric that gd_metrics gives. */
extern const gd_metric_kind gd_metric_kinds[];
extern const size_t gd_metric_kinds_count;

/* The metrics of the model's task over some rows of data (ascending; its offset counts, its
 * weights do not), into out (room for
 * GD_MAX_METRICS): regression: mse, rmse, mae, r2, mape counts: mse, rmse, mae, deviance (the
 * mean), d2 (its share explained) two classes: accuracy, log_loss (of probabilities), roc_auc,
 * pr_auc (average precision), precision, recall, f1; class 1 is the positive one more classes:
 * accuracy, log_loss, and the unweighted means of precision, recall, f1 confusion: classes x
 * classes counts, row the true class, column the predicted, written; NULL is fine. executor: NULL
 * is the serial one; the numbers are the same bits whoever does the work. On error the outputs are
 * not to be used. */
gd_status gd_metrics(const gd_model *model, const gd_shape *shape, const double *theta,
                     const gd_data *data, const gd_rows *rows, const gd_executor *executor,
                     gd_metric *out, size_t *count, double *confusion, gd_error *err)
    __attribute__((warn_unused_result));

#endif
