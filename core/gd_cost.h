/* gd_cost: what a wrong prediction costs.
 *
 * Costs and models meet only at the scores z = f(x; theta): a cost maps scores and
 * targets to a number and its derivative, a model maps rows to scores and that
 * derivative to a gradient. N costs and M models stay N + M files: one in costs/ and
 * one row in costs/list.h make a cost.
 */
#ifndef GD_COST_H
#define GD_COST_H

#include "gd_task.h"

typedef struct gd_cost {
    const char *name;
    const char *alias; /* another name for it, or NULL */
    const char *doc;
    const char *formula;
    unsigned tasks; /* gd_task flags */
    const gd_param *params;
    size_t params_count;
    /* The largest second derivative of the cost by the score: with it the curvature of
     * the objective is bounded (exactly, where the cost is quadratic). 0 when there is no
     * bound: the derivative jumps. */
    double curvature;
    /* Its derivative does not jump. Smooth with curvature 0: it bends without bound. */
    bool smooth;
    /* z: rows x outputs scores. y: rows targets. dz: rows x outputs values, written with
     * d cost / d score; may be NULL, and may be z. Returns the sum of the rows' costs. */
    double (*eval)(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper);
} gd_cost;

extern const gd_cost *const gd_costs[];
extern const size_t gd_costs_count;

/* By name or alias. NULL when there is none. */
const gd_cost *gd_cost_find(const char *name);

#endif
