/* Mean absolute error: |y - z| per row; its derivative jumps at 0, where it is taken as 0. */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper_)
{
    (void)outputs;
    (void)hyper_;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        sum += fabs(r);
        if (dz)
            dz[i] = (r < 0) - (r > 0);
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    double r = y - z;
    return (r < 0) - (r > 0);
}

/* phi*(a) = a y for |a| <= 1 */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double r = z - y;
    if (!(fabs(alpha) <= 1))
        return INFINITY;
    return fabs(r) * (1 - copysign(1, r) * alpha);
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)hyper;
    double s = (z - y) / width;
    *bend = fabs(s) < 1 ? 1 / width : 0;
    return fmax(-1, fmin(s, 1));
}

const gd_cost gd_cost_mae = {
    .name = "mae",
    .doc = "mean absolute error; fits the median",
    .formula = "J = 1/N sum |y - z|",
    .tasks = GD_REGRESSION,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_MAE,
    .gap = gap,
    .slope = slope,
};
