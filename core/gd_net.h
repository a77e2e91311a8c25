/* gd_net: mean cost and gradient of a network over many rows, by fast products; beside the model's
 * forward and backward, which are the reference.
 *
 * Rows are cut into pieces of GD_NET_ROWS, and these put together to units of work for the executor,
 * by the number of rows alone; units are added up by number. So results are the same bits on any
 * number of threads, and a mini-batch keeps several busy.
 *
 * In single precision the rows (scaled), weights, activations and slopes are floats; scores, costs
 * and theta are doubles. A gradient is summed in floats over the rows of a unit (at most
 * GD_NET_PIECES pieces) and in doubles over units. */
#ifndef GD_NET_H
#define GD_NET_H

#include "gd_cost.h"
#include "gd_data.h"
#include "gd_exec.h"
#include "gd_model.h"
#include "gd_net_ops.h"

typedef struct gd_net gd_net;

/* The arguments are those of gd_objective_new, all borrowed; the model has layers. On error *out is NULL. */
gd_status gd_net_new(gd_net **out, const gd_data *data, const gd_model *model,
                     const gd_shape *shape, const gd_cost *cost, const void *cost_hyper,
                     const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

void gd_net_free(gd_net *net); /* NULL is fine */

/* Visits rows as (x - center) * inverse_scale from now on. cols values each, borrowed. */
void gd_net_scale(gd_net *net, const double *center, const double *inverse_scale);

/* As gd_objective_eval. *interrupted is set when the executor has broken the pass off; while it is
 * set, nothing is done. */
double gd_net_eval(gd_net *net, const double *theta, const gd_rows *rows, double *gradient,
                   bool *interrupted);

#endif
