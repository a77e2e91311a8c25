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

const gd_cost gd_cost_squared_hinge = {
    .name = "squared_hinge",
    .doc = "nothing beyond the margin, squared before it",
    .formula = "J = 1/N sum max(0, 1 - s z)^2, s = +1 or -1 for class 1 or 0",
    .tasks = GD_BINARY,
    .curvature = 2,
    .smooth = true,
    .eval = eval,
};
