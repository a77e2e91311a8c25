/* gd_objective: the full objective J(theta) over a dataset, its gradient and its
 * curvature. Here rows are cut into blocks and tiles, scaled, and summed.
 *
 * Rows are scaled on the fly, a tile at a time, so scaled training needs no second copy
 * of the data. Not for use by two threads at once (it owns scratch memory); the
 * executor inside may use as many as it likes.
 */
#ifndef GD_OBJECTIVE_H
#define GD_OBJECTIVE_H

#include "gd_cost.h"
#include "gd_data.h"
#include "gd_exec.h"
#include "gd_model.h"

#include <stdint.h>

typedef struct gd_objective gd_objective;

/* Passes of linear models are done by the executor's kernels (gd_stream.h), others by the model's
 * and the cost's own functions.
 *
 * data, cost_hyper and executor are borrowed and must outlive the objective. Weights are to
 * have mean 1 over the rows of the objective (gd_weights.h): passes divide by the number of
 * rows that they visit, which gives sum w c / sum w over all of them and leaves the gradient
 * of a mini-batch unbiased. On error *out is NULL. */
gd_status gd_objective_new(gd_objective **out, const gd_data *data, const gd_model *model,
                           const gd_shape *shape, const gd_cost *cost, const void *cost_hyper,
                           const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

void gd_objective_free(gd_objective *o); /* NULL is fine */

const gd_executor *gd_objective_executor(const gd_objective *o);
size_t gd_objective_params_len(const gd_objective *o);

/* The rows that the objective is over: hessian_product and row_curvature visit them. All of
 * them until this is called. rows->index is borrowed. */
void gd_objective_over(gd_objective *o, const gd_rows *rows);

/* Visits rows as (x - center) / scale from now on. center, scale: cols values, copied. */
void gd_objective_scale(gd_objective *o, const double *center, const double *scale);

/* Mean cost of the rows at theta, sum w c / count, and its gradient: params_len values, written;
 * may be NULL. The result may be infinite or NaN when theta has run away. */
double gd_objective_eval(gd_objective *o, const double *theta, const gd_rows *rows,
                         double *gradient);

/* Makes room for gd_objective_eval_many to visit the rows once for up to k vectors, at most
 * GD_MAX_THETAS. On error it can do what it could before. */
gd_status gd_objective_reserve(gd_objective *o, size_t k, gd_error *err)
    __attribute__((warn_unused_result));

/* The same as gd_objective_eval for each of k vectors of parameters, to the bit, whoever is beside
 * it; what there is room for (gd_objective_reserve; one without) shares each reading of the rows,
 * if kernels do the passes. thetas: k x params_len values; costs: k values, written; gradients:
 * k x params_len values, written, or NULL. */
void gd_objective_eval_many(gd_objective *o, const double *thetas, size_t k, const gd_rows *rows,
                            double *costs, double *gradients);

/* The same as gd_objective_eval, by way of the executor's `share` where kernels do the passes: for
 * rows that others may pass over as well, which are those of the objective or, of a split, those
 * that are set aside. */
double gd_objective_eval_shared(gd_objective *o, const double *theta, const gd_rows *rows,
                                double *gradient);

/* Are both the same function of theta, to the bit, over the same rows? They are looked at as they
 * are: targets, weights, offsets, the choice of rows and the scaling, value by value where they are
 * not in the same place; features must be. */
bool gd_objective_same(const gd_objective *a, const gd_objective *b);

/* For linear models. hv = H v over the objective's rows, where H is the Hessian of the mean cost
 * by the parameters of one output (exact for quadratic costs, an upper bound otherwise). v, hv:
 * params_len values of that one output. */
void gd_objective_hessian_product(gd_objective *o, const double *v, double *hv);

/* For linear models. The largest curvature of a single row's cost: max_i c |a_i|^2,
 * where a_i is the scaled row with 1 for the intercept and c the cost's curvature times the
 * row's weight. */
double gd_objective_row_curvature(gd_objective *o);

/* Asks the executor whether to leave, as a pass does before each block. */
bool gd_objective_asks(gd_objective *o);

/* Has the executor broken a pass off? Then the results of that one and of all later ones, which
 * skip their work, mean nothing. */
bool gd_objective_interrupted(const gd_objective *o);

#endif
