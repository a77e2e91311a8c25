/* gd_cost: what a wrong prediction costs.
 *
 * Costs and models meet only at the scores z = f(x; theta): a cost maps scores and
 * targets to a number and its derivative, a model maps rows to scores and that
 * derivative to a gradient. N costs and M models stay N + M files: one in costs/ and
 * one row in costs/list.h make a cost.
 */
#ifndef GD_COST_H
#define GD_COST_H

#include "gd_kernels.h"
#include "gd_task.h"

/* Derivatives that loops over rows have inline (gd_slope.h). */
typedef enum gd_slope_kind { GD_SLOPE_OTHER, GD_SLOPE_MSE, GD_SLOPE_LOGISTIC } gd_slope_kind;

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
    /* d cost / d score of one row, as eval writes it, to rounding; for costs of one score a row. */
    double (*derivative)(double z, double y, const void *hyper);
    gd_slope_kind slope_kind;
    gd_fast_cost fast; /* which of the kernels' costs it is */
    /* What a certificate needs (gd_certificate.h); for costs of one score a row.
     * phi(z) + phi*(alpha) - alpha z >= 0, 0 where alpha is a slope of phi at z (Fenchel, Young);
     * phi* is the convex conjugate of phi, which is the row's cost by its score. INFINITY where
     * phi* is. */
    double (*gap)(double z, double y, double alpha, const void *hyper);
    /* Returns the slope at z and writes its derivative into *bend. Of costs whose slope jumps: of
     * the cost smoothed by `width` > 0, whose slope takes so long a way from one side of the jump
     * to the other, in values of z a unit of slope (Nesterov, 2005). */
    double (*slope)(double z, double y, double width, double *bend, const void *hyper);
} gd_cost;

/* The row's cost by its score alone, by `eval`. */
double gd_cost_of(const gd_cost *c, const double *z, double y, size_t outputs, const void *hyper);

/* The sum of the rows' costs, each times its weight (NULL: all 1), and in dz (which may be z, or
 * NULL) its slopes by the scores. Rows of weight 0 are as good as not there, even where they cost
 * infinitely much. */
double gd_cost_sum(const gd_cost *c, const double *z, const double *y, const double *weights,
                   size_t rows, size_t outputs, double *dz, const void *hyper);

/* The same as `gap` for softmax, of all scores of a row at once. */
double gd_cost_softmax_gap(const double *z, double y, const double *alpha, size_t outputs);

/* x log(x / y) - x + y >= 0, for x >= 0, y > 0: the relative entropy of numbers, without
 * cancellation where x is near y. */
double gd_relative_entropy(double x, double y);

extern const gd_cost *const gd_costs[];
extern const size_t gd_costs_count;

/* By name or alias. NULL when there is none. */
const gd_cost *gd_cost_find(const char *name);

#endif
