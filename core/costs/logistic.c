/* Logistic cost: log(1 + exp(-s z)) with s = +1 for class 1 and -1 for class 0; it is computed
 * from exp(-|z|), which cannot overflow. */
#include "gd_cost.h"
#include "gd_slope.h"

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

static double derivative(double z, double y, const void *hyper_)
{
    (void)hyper_;
    return gd_slope_logistic(z, y);
}

/* With p = -s a in [0, 1]: phi* = p log p + (1 - p) log(1 - p), and the gap is the relative entropy
 * of (p, 1 - p) to the probabilities of (the other class, the class that came). */
static double gap(double z, double y, double alpha, const void *hyper)
{
    (void)hyper;
    double s = y > 0.5 ? 1 : -1, m = s * z, p = -s * alpha, e = exp(-fabs(m));
    if (!(p >= 0 && p <= 1))
        return INFINITY;
    double less = e / (1 + e), more = 1 / (1 + e), wrong = m > 0 ? less : more;
    if (less == 0) /* the log of its quotient is had from m */
        return (p > 0 ? p * log(p) : 0) + (p < 1 ? (1 - p) * log1p(-p) : 0) +
               fabs(m) * (m > 0 ? p : 1 - p);
    return gd_relative_entropy(p, wrong) + gd_relative_entropy(1 - p, m > 0 ? more : less);
}

static double slope(double z, double y, double width, double *bend, const void *hyper)
{
    (void)width, (void)hyper;
    double s = y > 0.5 ? 1 : -1, m = s * z, e = exp(-fabs(m));
    *bend = e / ((1 + e) * (1 + e));
    return -s * (m > 0 ? e : 1) / (1 + e);
}

const gd_cost gd_cost_logistic = {
    .name = "logistic",
    .doc = "minus the log of the probability of the class that came",
    .formula = "J = 1/N sum log(1 + exp(-s z)), s = +1 or -1 for class 1 or 0",
    .tasks = GD_BINARY,
    .curvature = 0.25,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .slope_kind = GD_SLOPE_LOGISTIC,
    .fast = GD_FAST_LOGISTIC,
    .gap = gap,
    .slope = slope,
};
