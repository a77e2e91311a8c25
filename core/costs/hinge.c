/* Hinge: max(0, 1 - s z) with s = +1 or -1; its derivative jumps at the margin, where it is 0. */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs, (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double s = y[i] > 0.5 ? 1 : -1, short_by = 1 - s * z[i];
        sum += short_by < 0 ? 0 : short_by; /* NaN stays NaN */
        if (dz)
            dz[i] = short_by > 0 ? -s : 0;
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    double s = y > 0.5 ? 1 : -1;
    return s * z < 1 ? -s : 0;
}

/* phi*(a) = s a for s a in [-1, 0] */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double s = y > 0.5 ? 1 : -1, short_by = 1 - s * z, p = -s * alpha;
    if (!(p >= 0 && p <= 1))
        return INFINITY;
    return short_by > 0 ? (1 - p) * short_by : -p * short_by;
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)hyper;
    double s = y > 0.5 ? 1 : -1, p = (1 - s * z) / width;
    *bend = p > 0 && p < 1 ? 1 / width : 0;
    return -s * fmax(0, fmin(p, 1));
}

const gd_cost gd_cost_hinge = {
    .name = "hinge",
    .doc = "nothing beyond the margin, linear before it",
    .formula = "J = 1/N sum max(0, 1 - s z), s = +1 or -1 for class 1 or 0",
    .tasks = GD_BINARY,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_HINGE,
    .gap = gap,
    .slope = slope,
};
