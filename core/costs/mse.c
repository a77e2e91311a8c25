/* Mean squared error: (y - z)^2 per row, with derivative -2 (y - z) and curvature 2. */
#include "gd_cost.h"
#include "gd_slope.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs;
    (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        sum += r * r;
        if (dz)
            dz[i] = -2 * r;
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    return gd_slope_mse(z, y);
}

/* phi*(a) = a^2 / 4 + a y */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double d = z - y - 0.5 * alpha;
    return d * d;
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)width, (void)hyper;
    *bend = 2;
    return 2 * (z - y);
}

const gd_cost gd_cost_mse = {
    .name = "mse",
    .doc = "mean squared error",
    .formula = "J = 1/N sum (y - z)^2",
    .tasks = GD_REGRESSION,
    .curvature = 2,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .slope_kind = GD_SLOPE_MSE,
    .fast = GD_FAST_MSE,
    .gap = gap,
    .slope = slope,
};
