/* gd_certificate: how far a result is from the best there is, as a number.
 *
 * For a convex cost over scores that are linear in theta, any dual point alpha, a number a row and
 * output, gives a lower bound of the best cost, and so an upper bound of J(theta) - J* (Fenchel's
 * duality; Boyd, Vandenberghe, Convex Optimization, 5.5):
 *
 *     gap = 1/W sum w_i [phi_i(z_i) + phi_i*(alpha_i) - alpha_i z_i]
 *           + sum_j [R(theta_j) + R*(u_j) - u_j theta_j],    u = -1/W sum w_i alpha_i a_i
 *
 * where u_j must be 0 for what is not penalised. Each term is 0 or more and is computed as such:
 * nothing cancels. alpha is taken from Newton's method (damped; with coordinate descent on its
 * quadratic model where there is l1 or a bound, as in Friedman, Hastie, Tibshirani, 2010; of costs
 * whose slope jumps on smoothed ones, Nesterov, 2005): the slopes at its iterates, linearised at
 * its step, which balances u, times the share of them that is within every bound. Each iterate
 * gives a bound; the least is kept, until it is within 1% of what the iterate shows to be possible.
 * For least squares, with or without l2, the first is exact: 1/2 g' H^+ g.
 */
#ifndef GD_CERTIFICATE_H
#define GD_CERTIFICATE_H

#include "gd_exec.h"
#include "gd_fit.h"

typedef enum gd_gap_kind {
    GD_GAP_NONE,  /* not known: see reason */
    GD_GAP_BOUND, /* J - J* is at most `gap` */
    GD_GAP_EXACT  /* J - J* is `gap`, but for rounding */
} gd_gap_kind;

typedef struct gd_certificate {
    double cost;          /* J, penalties included */
    double gradient_norm; /* by the parameters as trained; of l1 and bounds the part that is not
                             balanced */
    gd_gap_kind kind;
    double gap;         /* NaN for GD_GAP_NONE */
    const char *reason; /* for GD_GAP_NONE a sentence, else "" */
} gd_certificate;

/* "none", "bound", "exact" */
const char *gd_gap_kind_name(gd_gap_kind kind);

/* work: rows x parameters^2 that may be spent, GD_PROOF_WORK at least; the bound is what was found
 * by then. Of costs whose slope jumps, with very many rows, it may stay some percent too high.
 * GD_OK also when the gap is not known. cost and gradient_norm are NaN for models that are not
 * linear. executor: NULL is the serial one; GD_INTERRUPTED when it broke the work off. */
gd_status gd_certificate_find(gd_certificate *out, const gd_fit *fit, double work,
                              const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

#endif
