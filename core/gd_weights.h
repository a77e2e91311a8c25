/* gd_weights: what each row counts for in the objective: its own weight times that of its class. */
#ifndef GD_WEIGHTS_H
#define GD_WEIGHTS_H

#include "gd_data.h"
#include "gd_error.h"

/* out: data->rows values, written: the weights, scaled so that their mean over the rows `train` is
 * 1. With `balanced` each is first multiplied by n / (classes * members of the row's class), n and
 * members counted over `train` and regardless of weights (scikit-learn: class_weight "balanced").
 * Refused with *err naming the field: weights that are negative or not finite, or that are all 0
 * over `train`; balanced without classes. */
gd_status gd_weights_find(const gd_data *data, const gd_rows *train, bool balanced, double *out,
                          gd_error *err) __attribute__((warn_unused_result));

/* Sum of some rows' weights. */
double gd_weights_sum(const double *weights, const gd_rows *rows);

#endif
