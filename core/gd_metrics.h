/* gd_metrics: how good a fit is, and predictions. */
#ifndef GD_METRICS_H
#define GD_METRICS_H

#include "gd_data.h"
#include "gd_model.h"

typedef struct gd_regression_metrics {
    double mse;  /* mean of (y - z)^2 */
    double rmse; /* its root */
    double mae;  /* mean of |y - z| */
    double r2;   /* 1 - sum (y - z)^2 / sum (y - mean y)^2; NaN when y is constant */
} gd_regression_metrics;

/* theta: the model's parameters in the units of X. X: rows x cols. z: rows scores, written. */
void gd_predict(const gd_model *model, const gd_shape *shape, const double *theta, const double *X,
                size_t rows, double *z);

/* Over all rows of data, a block at a time. Values may be infinite when the data is huge.
 * On error *out is unchanged. */
gd_status gd_metrics_regression(const gd_model *model, const gd_shape *shape, const double *theta,
                                const gd_data *data, gd_regression_metrics *out, gd_error *err)
    __attribute__((warn_unused_result));

#endif
