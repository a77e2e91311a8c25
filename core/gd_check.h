/* gd_check: is the gradient that training uses the derivative of the cost that it reports? The
 * analytic one against central differences, with the step h = cbrt(eps) max(1, |theta|) that
 * balances truncation against rounding (Press et al., Numerical Recipes, 5.7). */
#ifndef GD_CHECK_H
#define GD_CHECK_H

#include "gd_data.h"
#include "gd_error.h"
#include "gd_objective.h"

/* Parameters that are looked at, when there are more. */
#define GD_CHECK_SAMPLE ((size_t)200)

typedef struct gd_check {
    size_t checked;           /* parameters */
    size_t worst;             /* the one of the largest error */
    double analytic, numeric; /* its derivatives */
    double relative_error;    /* |analytic - numeric| / max(|analytic|, |numeric|, scale), scale
                                 a thousandth of the largest derivative, or what the digits of the
                                 cost resolve where the rows' slopes cancel */
    double max_absolute_error;
} gd_check;

/* theta: n = params_len values as the objective takes them; left as they were. l1, l2: penalties on
 * the parameters whose `weight` is not 0 (n values; NULL: none is penalised); a weight that l1's
 * kink is near is passed over. All parameters, or GD_CHECK_SAMPLE of them by seed. Costs
 * whose slope jumps may show an error where a row is at the jump. */
gd_status gd_check_gradient(gd_check *out, gd_objective *o, double *theta, size_t n,
                            const gd_rows *rows, const double *weight, double l1, double l2,
                            uint64_t seed, gd_error *err) __attribute__((warn_unused_result));

#endif
