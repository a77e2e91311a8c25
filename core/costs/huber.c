/* Huber (1964): quadratic near 0, linear beyond delta (PyTorch: HuberLoss). */
#include "gd_cost.h"

#include <math.h>

typedef struct hyper {
    double delta;
} hyper;

static const gd_param params[] = {
    {.name = "delta",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, delta),
     .def = 1,
     .min = 0,
     .min_open = true,
     .max = 1e300,
     .doc = "where the cost turns from quadratic to linear"},
};

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper_)
{
    (void)outputs;
    const hyper *h = hyper_;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        double a = fabs(r), inside = fmin(a, h->delta);
        sum += inside * (a - 0.5 * inside);
        if (dz)
            dz[i] = -copysign(inside, r);
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = y - z;
    return -copysign(fmin(fabs(r), h->delta), r);
}

/* phi*(a) = a^2 / 2 + a y for |a| <= delta */
static double gap(double z, double y, double alpha, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = z - y, inside = fmax(-h->delta, fmin(r, h->delta)), d = inside - alpha;
    if (!(fabs(alpha) <= h->delta))
        return INFINITY;
    /* beyond delta: (r - inside) (inside - alpha), whose factors have one sign */
    return 0.5 * d * d + (r - inside) * d;
}

static double slope(double z, double y, double width, double *bend, const void *hyper_)
{
    const hyper *h = hyper_;
    (void)width;
    double r = z - y;
    *bend = fabs(r) < h->delta;
    return fmax(-h->delta, fmin(r, h->delta));
}

const gd_cost gd_cost_huber = {
    .name = "huber",
    .doc = "squared near 0, absolute beyond delta; outliers weigh less",
    .formula = "J = 1/N sum (r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2)), r = y - z",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .tasks = GD_REGRESSION,
    .curvature = 1,
    .smooth = true,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_HUBER,
    .gap = gap,
    .slope = slope,
};
