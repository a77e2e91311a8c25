/* The cost of support vector regression (Vapnik, 1995): nothing within epsilon, absolute
 * beyond. */
#include "gd_cost.h"

#include <math.h>

typedef struct hyper {
    double epsilon;
} hyper;

static const gd_param params[] = {
    {.name = "epsilon",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, epsilon),
     .def = 0.1,
     .min = 0,
     .max = 1e300,
     .doc = "errors up to this cost nothing"},
};

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper_)
{
    (void)outputs;
    const hyper *h = hyper_;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        double beyond = fabs(r) - h->epsilon;
        sum += beyond < 0 ? 0 : beyond; /* NaN stays NaN */
        if (dz)
            dz[i] = beyond > 0 ? -copysign(1, r) : 0;
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = y - z;
    return fabs(r) > h->epsilon ? -copysign(1, r) : 0;
}

/* phi*(a) = a y + epsilon |a| for |a| <= 1 */
static double gap(double z, double y, double alpha, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = copysign(1, alpha) * (z - y), a = fabs(alpha);
    if (!(a <= 1))
        return INFINITY;
    if (r > h->epsilon)
        return (1 - a) * (r - h->epsilon);
    if (r < -h->epsilon)
        return (-r - h->epsilon) + a * (h->epsilon - r);
    return a * (h->epsilon - r);
}

static double slope(double z, double y, double width, double *bend, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = z - y, s = (fabs(r) - h->epsilon) / width;
    *bend = s > 0 && s < 1 ? 1 / width : 0;
    return copysign(fmax(0, fmin(s, 1)), r);
}

const gd_cost gd_cost_epsilon_insensitive = {
    .name = "epsilon_insensitive",
    .doc = "errors up to epsilon cost nothing",
    .formula = "J = 1/N sum max(0, |y - z| - epsilon)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .tasks = GD_REGRESSION,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_EPSILON_INSENSITIVE,
    .gap = gap,
    .slope = slope,
};
