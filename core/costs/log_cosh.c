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

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    return -tanh(y - z);
}

/* phi*(a) = a y + ((1 + a) log(1 + a) + (1 - a) log(1 - a)) / 2: the gap is the relative entropy
 * of (1 +- a) / 2 to (1 +- tanh r) / 2, each of which is 1 / (1 + exp(-+ 2 r)). */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double r = z - y;
    if (!(fabs(alpha) <= 1))
        return INFINITY;
    double up = 0.5 * (1 + alpha), down = 0.5 * (1 - alpha), e = exp(-2 * fabs(r));
    double more = 1 / (1 + e), less = e / (1 + e);
    if (less == 0) /* the log of its quotient is had from r */
        return (up > 0 ? up * log(up) : 0) + (down > 0 ? down * log(down) : 0) +
               2 * fabs(r) * (r > 0 ? down : up);
    return gd_relative_entropy(up, r > 0 ? more : less) +
           gd_relative_entropy(down, r > 0 ? less : more);
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)width, (void)hyper;
    double e = exp(-2 * fabs(z - y));
    *bend = 4 * e / ((1 + e) * (1 + e));
    return tanh(z - y);
}

const gd_cost gd_cost_log_cosh = {
    .name = "log_cosh",
    .doc = "squared near 0, absolute far away, smooth throughout",
    .formula = "J = 1/N sum log cosh(y - z)",
    .tasks = GD_REGRESSION,
    .curvature = 1,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_LOG_COSH,
    .gap = gap,
    .slope = slope,
};
