/* Logistic cost: log(1 + exp(-s z)) with s = +1 for class 1 and -1 for class 0; it is computed
 * from exp(-|z|), which cannot overflow. */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs, (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double s = y[i] > 0.5 ? 1 : -1, m = s * z[i], e = exp(-fabs(m));
        sum += fmax(-m, 0) + log1p(e);
        if (dz)
            dz[i] = -s * (m > 0 ? e : 1) / (1 + e);
    }
    return sum;
}

const gd_cost gd_cost_logistic = {
    .name = "logistic",
    .doc = "minus the log of the probability of the class that came",
    .formula = "J = 1/N sum log(1 + exp(-s z)), s = +1 or -1 for class 1 or 0",
    .tasks = GD_BINARY,
    .curvature = 0.25,
    .smooth = true,
    .eval = eval,
};
