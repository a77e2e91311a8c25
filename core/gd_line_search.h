/* gd_line_search: a step along a direction that meets the strong Wolfe conditions (Nocedal, Wright,
 * Numerical Optimization, 2nd ed., 2006, algorithms 3.5 and 3.6, with cubic interpolation, 3.59):
 *
 *     J(theta + a p) <= J(theta) + c1 a g.p     and     |g(theta + a p).p| <= c2 |g.p|
 *
 * Where costs differ by rounding alone the first one can't be told; there a step counts that meets
 * the second and shortens the gradient (after Hager, Zhang, 2005), and none that does not.
 */
#ifndef GD_LINE_SEARCH_H
#define GD_LINE_SEARCH_H

#include "gd_optimizer.h"

typedef struct gd_line {
    gd_descent *d;           /* theta, gradient and cost are moved along */
    const double *from;      /* n values: theta at step 0 */
    const double *direction; /* n values: p */
    double cost, slope;      /* at step 0: J and g.p, which is below 0 */
    double norm;             /* of the gradient at step 0 */
    double c1, c2;           /* 0 < c1 < c2 < 1 */
    uint64_t most;           /* evaluations */
} gd_line;

/* Returns a step > 0 that meets the conditions; d stands there. Else 0, and *lower is a step that
 * meets the first condition beyond rounding, or 0 if none was seen; d stands anywhere. first: the
 * step that is tried first, > 0. */
double gd_line_search(const gd_line *l, double first, double *lower);

/* Evaluates at a step, so that d stands there. Returns the slope along the direction. */
double gd_line_at(const gd_line *l, double step);

#endif
