/* gd_kernels: plain C that compilers vectorise without being allowed to reorder; and the choice of
 * a table. */
#include "gd_kernels.h"

#include "gd_gram.h"
#include "gd_minibatch.h"
#include "gd_net_ops.h"

#include <math.h>
#include <string.h>

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

size_t gd_pitch(size_t n)
{
    return (n + GD_PITCH - 1) / GD_PITCH * GD_PITCH;
}

static const gd_kernels plain = {.name = "plain",
                                 .minibatch = &gd_minibatch_portable,
                                 .gram = &gd_gram_portable,
                                 .net = {&gd_net_portable_f64, &gd_net_portable_f32}};

#define X(name) extern const gd_kernels gd_kernels_##name;
#include "kernels/list.h"
#undef X

const gd_kernels *const gd_kernels_all[] = {&plain,
#define X(name) &gd_kernels_##name,
#include "kernels/list.h"
#undef X
};
const size_t gd_kernels_count = sizeof gd_kernels_all / sizeof gd_kernels_all[0];

bool gd_kernels_usable(const gd_kernels *k)
{
#if defined __x86_64__
    if (k == &gd_kernels_avx512)
        return gd_kernels_usable(&gd_kernels_avx2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (k == &gd_kernels_avx2) /* with the fused products of networks and second moments */
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return k == &plain || k->scores;
}

const gd_kernels *gd_kernels_best(void)
{
    size_t i = gd_kernels_count - 1;
    while (i > 0 && !gd_kernels_usable(gd_kernels_all[i]))
        i--;
    return gd_kernels_all[i];
}

const gd_kernels *gd_kernels_find(const char *name)
{
    for (size_t i = 0; i < gd_kernels_count; i++)
        if (strcmp(gd_kernels_all[i]->name, name) == 0)
            return gd_kernels_all[i];
    return NULL;
}
