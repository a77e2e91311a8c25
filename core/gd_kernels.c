/* gd_kernels: plain C that compilers vectorise without being allowed to reorder. */
#include "gd_kernels.h"

#include <math.h>

double gd_dot(const double *restrict a, const double *restrict b, size_t n)
{
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (size_t k = 0; i < n; i++, k++)
        s[k] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

void gd_axpy(double alpha, const double *restrict x, double *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

double gd_norm(const double *x, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return NAN;
        max = fmax(max, fabs(x[i]));
    }
    if (max == 0 || isinf(max))
        return max;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] / max) * (x[i] / max);
    return max * sqrt(sum);
}

void gd_sum_tree(double *v, size_t count, size_t len)
{
    for (size_t step = 1; step < count; step *= 2)
        for (size_t i = 0; i + step < count; i += 2 * step)
            gd_axpy(1.0, v + (i + step) * len, v + i * len, len);
}
