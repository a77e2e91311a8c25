/* gd_fit: what was fitted to what, for those who look at a result afterwards: standard errors,
 * certificates, checks. Here the rows are seen as the rows of a design matrix A.
 */
#ifndef GD_FIT_H
#define GD_FIT_H

#include "gd_cost.h"
#include "gd_data.h"
#include "gd_model.h"

/* The objective is sum w_i c(z_i + offset_i, y_i) / sum w_i + l1 |w|_1 + l2/2 |w|^2, over `rows`,
 * with w the weights of `theta`. All borrowed. */
typedef struct gd_fit {
    const gd_model *model;
    gd_shape shape;
    const gd_cost *cost;
    const void *cost_hyper;
    const double *theta;          /* for features (x - center) / scale */
    const double *center, *scale; /* cols values each; both NULL: features as they are */
    const gd_data *data;
    gd_rows rows;
    const gd_column *columns;       /* of the data, over `rows`, where they are known; else NULL */
    const double *weights, *offset; /* a value a row of data, or NULL: 1 and 0 */
    bool class_weights;             /* weights were made of classes, not given for rows */
    double l1, l2;
    const double *lower, *upper; /* cols values each, for weights in the data's units, +-INFINITY
                                    for none; NULL: none */
} gd_fit;

/* The number of the i-th row, i < rows.count. */
size_t gd_fit_row(const gd_fit *f, size_t i);

/* Parameters of one output: the columns of A. */
size_t gd_fit_columns(const gd_fit *f);

/* The i-th row of A: gd_fit_columns values, written: the features, and 1 for the intercept. */
void gd_fit_design(const gd_fit *f, size_t i, double *a);

/* Where column j of A has its parameter of output k in theta. */
size_t gd_fit_index(const gd_fit *f, size_t k, size_t j);

/* The scores of the i-th row, offset included: a as above, theta any parameters of this shape, z:
 * outputs values, written. */
void gd_fit_scores(const gd_fit *f, size_t i, const double *a, const double *theta, double *z);

double gd_fit_weight(const gd_fit *f, size_t i);
double gd_fit_target(const gd_fit *f, size_t i);

/* The sum of weights. */
double gd_fit_weights(const gd_fit *f);

/* A fit by features that are centred and scaled, for what is the same in any scaling and best
 * conditioned then. */
typedef struct gd_fit_scaled {
    gd_fit fit;
    bool finite; /* else squares of the data leave the range of doubles, and the fit is as given */
    double *memory;
} gd_fit_scaled;

/* Of a fit that is scaled already nothing changes. The caller frees it; on error there is nothing
 * to free. executor: NULL is the serial one. */
gd_status gd_fit_scale(gd_fit_scaled *out, const gd_fit *fit, const gd_executor *executor,
                       gd_error *err) __attribute__((warn_unused_result));
void gd_fit_scaled_free(gd_fit_scaled *s);

#endif
