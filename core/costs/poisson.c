/* Poisson deviance, halved: exp(z) - y z plus a term of y alone that makes it 0 at a perfect
 * fit. Its curvature exp(z) has no bound. */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs, (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double mean = exp(z[i]), perfect = y[i] > 0 ? y[i] * log(y[i]) - y[i] : 0;
        sum += mean - y[i] * z[i] + perfect;
        if (dz)
            dz[i] = mean - y[i];
    }
    return sum;
}

const gd_cost gd_cost_poisson = {
    .name = "poisson",
    .doc = "half the Poisson deviance",
    .formula = "J = 1/N sum (exp(z) - y z + y log y - y)",
    .tasks = GD_COUNT,
    .smooth = true,
    .eval = eval,
};
