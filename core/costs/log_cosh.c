/* log cosh r, without overflow: |r| + log1p(exp(-2 |r|)) - log 2. */
#include "gd_cost.h"

#include <math.h>

#define LOG_2 0.69314718055994530942

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper_)
{
    (void)outputs;
    (void)hyper_;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        double a = fabs(r);
        sum += a + log1p(exp(-2 * a)) - LOG_2;
        if (dz)
            dz[i] = -tanh(r);
    }
    return sum;
}

const gd_cost gd_cost_log_cosh = {
    .name = "log_cosh",
    .doc = "squared near 0, absolute far away, smooth throughout",
    .formula = "J = 1/N sum log cosh(y - z)",
    .tasks = GD_REGRESSION,
    .curvature = 1,
    .smooth = true,
    .eval = eval,
};
