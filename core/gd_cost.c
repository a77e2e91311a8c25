/* gd_cost: what the costs share. */
#include "gd_cost.h"

#include <math.h>

double gd_cost_of(const gd_cost *c, const double *z, double y, size_t outputs, const void *hyper)
{
    return c->eval(z, &y, 1, outputs, NULL, hyper);
}

/* y h(x / y - 1), h(u) = (1 + u) log(1 + u) - u = u^2/2 - u^3/6 + u^4/12 - ... */
double gd_relative_entropy(double x, double y)
{
    if (x == 0)
        return y;
    double u = (x - y) / y;
    if (!(fabs(u) < 0.05))
        return x * (log(x) - log(y)) - x + y;
    double sum = 0;
    for (int k = 14; k >= 2; k--)
        sum = sum * -u + 1. / (k * (k - 1));
    return y * u * u * sum;
}

/* With q = alpha + e_y a distribution, phi* = sum q log q: the gap is the relative entropy of q to
 * the probabilities. */
double gd_cost_softmax_gap(const double *z, double y, const double *alpha, size_t outputs)
{
    double top = z[0], total = 0, sum = 0, gap = 0;
    for (size_t k = 1; k < outputs; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < outputs; k++) {
        total += exp(z[k] - top);
        sum += alpha[k];
    }
    if (!(fabs(sum) <= 1e-13))
        return INFINITY;
    for (size_t k = 0; k < outputs; k++) {
        double p = exp(z[k] - top) / total, q = alpha[k] + (k == (size_t)y);
        if (!(q >= 0))
            return INFINITY;
        gap += p > 0   ? gd_relative_entropy(q, p)
               : q > 0 ? q * (log(q) - (z[k] - top) + log(total)) - q
                       : 0;
    }
    return gap;
}

double gd_cost_sum(const gd_cost *c, const double *z, const double *y, const double *weights,
                   size_t rows, size_t outputs, double *dz, const void *hyper)
{
    double sum = 0;
    if (!weights)
        return c->eval(z, y, rows, outputs, dz, hyper);
    for (size_t i = 0; i < rows; i++) {
        double w = weights[i], *d = dz ? dz + i * outputs : NULL;
        double cost = c->eval(z + i * outputs, y + i, 1, outputs, d, hyper);
        sum += w == 0 ? 0 : w * cost;
        for (size_t k = 0; d && k < outputs; k++)
            d[k] = w == 0 ? 0 : w * d[k];
    }
    return sum;
}
