/* Squared hinge: max(0, 1 - s z)^2 with s = +1 or -1. */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs, (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double s = y[i] > 0.5 ? 1 : -1, margin = s * z[i];
        double short_by = margin > 1 ? 0 : 1 - margin; /* NaN stays NaN */
        sum += short_by * short_by;
        if (dz)
            dz[i] = -2 * s * short_by;
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    double s = y > 0.5 ? 1 : -1, margin = s * z;
    return margin > 1 ? 0 : -2 * s * (1 - margin); /* NaN stays NaN */
}

/* phi*(a) = s a + a^2 / 4 for s a <= 0 */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double s = y > 0.5 ? 1 : -1, short_by = 1 - s * z, p = -s * alpha;
    if (!(p >= 0))
        return INFINITY;
    double d = fmax(short_by, 0) - 0.5 * p;
    return d * d + (short_by < 0 ? -p * short_by : 0);
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)width, (void)hyper;
    double s = y > 0.5 ? 1 : -1, short_by = 1 - s * z;
    *bend = short_by > 0 ? 2 : 0;
    return short_by > 0 ? -2 * s * short_by : 0;
}

const gd_cost gd_cost_squared_hinge = {
    .name = "squared_hinge",
    .doc = "nothing beyond the margin, squared before it",
    .formula = "J = 1/N sum max(0, 1 - s z)^2, s = +1 or -1 for class 1 or 0",
    .tasks = GD_BINARY,
    .curvature = 2,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_SQUARED_HINGE,
    .gap = gap,
    .slope = slope,
};
