/* Pinball cost (Koenker, Bassett, 1978): q r above, (q - 1) r below; its derivative jumps at 0,
 * where it is taken as 0. */
#include "gd_cost.h"

#include <math.h>

typedef struct hyper {
    double q;
} hyper;

static const gd_param params[] = {
    {.name = "q",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, q),
     .def = 0.5,
     .min = 0,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .doc = "the quantile that is fitted"},
};

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper_)
{
    (void)outputs;
    const hyper *h = hyper_;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        double slope = r > 0 ? h->q : h->q - 1;
        sum += slope * r;
        if (dz)
            dz[i] = r == 0 ? 0 : -slope;
    }
    return sum;
}

static double derivative(double z, double y, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = y - z;
    return r == 0 ? 0 : r > 0 ? -h->q : 1 - h->q;
}

/* phi*(a) = a y for a in [-q, 1 - q] */
static double gap(double z, double y, double alpha, const void *hyper_)
{
    const hyper *h = hyper_;
    double r = z - y;
    if (!(alpha >= -h->q && alpha <= 1 - h->q))
        return INFINITY;
    return r > 0 ? r * ((1 - h->q) - alpha) : -r * (h->q + alpha);
}

static double slope(double z, double y, double width, double *bend, const void *hyper_)
{
    const hyper *h = hyper_;
    double s = (z - y) / width;
    *bend = s > -h->q && s < 1 - h->q ? 1 / width : 0;
    return fmax(-h->q, fmin(s, 1 - h->q));
}

const gd_cost gd_cost_quantile = {
    .name = "quantile",
    .doc = "pinball cost; fits a quantile",
    .formula = "J = 1/N sum (q r where r > 0, else (q - 1) r), r = y - z",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .tasks = GD_REGRESSION,
    .eval = eval,
    .derivative = derivative,
    .fast = GD_FAST_QUANTILE,
    .gap = gap,
    .slope = slope,
};
