/* Poisson deviance, halved: exp(z) - y z plus a term of y alone that makes it 0 at a perfect
 * fit. Its curvature exp(z) has no bound. */
#include "gd_cost.h"

#include <float.h>
#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)outputs, (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double mean = exp(z[i]);
        if (mean >= DBL_MIN && mean < INFINITY)
            sum += gd_relative_entropy(y[i], mean); /* the same, and does not cancel */
        else
            sum += mean + (y[i] > 0 ? y[i] * (log(y[i]) - z[i]) - y[i] : 0);
        if (dz)
            dz[i] = mean - y[i];
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    return exp(z) - y;
}

/* With m = a + y >= 0, the mean that would have this slope, phi* = m log m - m - (y log y - y): the
 * gap is the relative entropy of m to exp(z). */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double m = alpha + y, mean = exp(z);
    if (!(m >= 0))
        return INFINITY;
    if (mean == 0 && m > 0)
        return m * (log(m) - z - 1);
    return mean == 0 ? 0 : gd_relative_entropy(m, mean);
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)width, (void)hyper;
    *bend = exp(z);
    return *bend - y;
}

const gd_cost gd_cost_poisson = {
    .name = "poisson",
    .doc = "half the Poisson deviance",
    .formula = "J = 1/N sum (exp(z) - y z + y log y - y)",
    .tasks = GD_COUNT,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_POISSON,
    .gap = gap,
    .slope = slope,
};
