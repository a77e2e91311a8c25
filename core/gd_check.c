/* gd_check: see gd_check.h. */
#include "gd_check.h"

#include "gd_rng.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define CHECK_STREAM (UINT64_MAX - 1) /* of the seed; the split has the last */

#define RESOLVED 1e-6 /* of what the rows' slopes add up to without their signs */

/* About that sum: by Cauchy and Schwarz mean |2 r x| <= 2 sqrt(mean r^2 mean x^2), which for
 * squares is sqrt(2 J J''). At a minimum the slopes cancel, and of them only rounding is seen. */
static double uncancelled(double up, double at, double down, double h)
{
    return sqrt(fabs(at) * fmax(0, (up - at) + (down - at))) / h;
}

/* What the penalty adds to (J(theta + h) - J(theta - h)) / 2h, without cancellation. */
static double penalty_slope(double theta, double weight, double l1, double l2)
{
    return weight == 0 ? 0 : l1 * ((theta > 0) - (theta < 0)) + l2 * theta;
}

static void look(gd_check *out, size_t i, double analytic, double numeric, double scale)
{
    double off = fabs(analytic - numeric);
    double size = fmax(fmax(fabs(analytic), fabs(numeric)), scale);
    double relative = size > 0 ? off / size : 0;
    out->max_absolute_error = fmax(out->max_absolute_error, off);
    if (out->checked++ == 0 || !(relative <= out->relative_error)) {
        out->worst = i;
        out->analytic = analytic;
        out->numeric = numeric;
        out->relative_error = relative;
    }
}

gd_status gd_check_gradient(gd_check *out, gd_objective *o, double *theta, size_t n,
                            const gd_rows *rows, const double *weight, double l1, double l2,
                            uint64_t seed, gd_error *err)
{
    *out = (gd_check){0};
    double *gradient = calloc(n, sizeof *gradient);
    uint32_t *order = calloc(n, sizeof *order);
    gd_status status = GD_OK;
    if (!gradient || !order) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to check %zu derivatives", n);
        goto end;
    }
    size_t count = n < GD_CHECK_SAMPLE ? n : GD_CHECK_SAMPLE;
    gd_rng r = gd_rng_seed(seed, CHECK_STREAM);
    if (count < n)
        gd_rng_permutation(&r, order, n);
    else
        for (size_t i = 0; i < n; i++)
            order[i] = (uint32_t)i;
    double cost = gd_objective_eval(o, theta, rows, gradient), most = 0;
    for (size_t i = 0; i < n; i++) {
        gradient[i] += penalty_slope(theta[i], weight ? weight[i] : 0, l1, l2);
        most = fmax(most, fabs(gradient[i]));
    }
    if (!isfinite(cost) || !isfinite(most)) {
        status = gd_fail(err, GD_OVERFLOW, "", "the cost is not finite at these parameters");
        goto end;
    }
    /* a cost of so many digits resolves no smaller derivatives */
    double least = 1e-3 * fmax(most, fabs(cost) * cbrt(DBL_EPSILON));
    for (size_t k = 0; k < count; k++) {
        size_t i = order[k];
        double at = theta[i], h = cbrt(DBL_EPSILON) * fmax(1, fabs(at)), w = weight ? weight[i] : 0;
        if (w != 0 && l1 > 0 && fabs(at) <= h)
            continue;
        theta[i] = at + h;
        double above = theta[i], up = gd_objective_eval(o, theta, rows, NULL);
        theta[i] = at - h;
        double width = above - theta[i], down = gd_objective_eval(o, theta, rows, NULL);
        theta[i] = at;
        double scale = fmax(least, RESOLVED * uncancelled(up, cost, down, width / 2));
        look(out, i, gradient[i], (up - down) / width + penalty_slope(at, w, l1, l2), scale);
    }
end:
    free(gradient);
    free(order);
    return status;
}
