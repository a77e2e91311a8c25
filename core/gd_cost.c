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
