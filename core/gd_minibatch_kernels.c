/* gd_minibatch_kernels: the choice among the instruction sets. */
#include "gd_minibatch.h"

#include <string.h>

size_t gd_minibatch_lanes(size_t cols)
{
    return (cols + GD_LANES - 1) / GD_LANES * GD_LANES;
}

void gd_minibatch_spread(size_t cols, const double *center, const double *scale, double *to_center,
                         double *to_inverse)
{
    size_t count = gd_minibatch_lanes(cols), last = count - GD_LANES;
    memset(to_center, 0, count * sizeof *to_center);
    memset(to_inverse, 0, count * sizeof *to_inverse);
    for (size_t j = 0; j < cols; j++) {
        size_t lane = j < last || cols < GD_LANES ? j : count - cols + j;
        to_center[lane] = center[j];
        to_inverse[lane] = 1 / scale[j];
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
static const gd_minibatch_kernels *const all[] = {&gd_minibatch_avx512, &gd_minibatch_avx2,
                                                  &gd_minibatch_portable};

const gd_minibatch_kernels *const *gd_minibatch_all(size_t *count)
{
    bool avx2 = __builtin_cpu_supports("avx2");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    size_t from = avx512 ? 0 : avx2 ? 1 : 2;
    *count = sizeof all / sizeof all[0] - from;
    return all + from;
}
#else
static const gd_minibatch_kernels *const all[] = {&gd_minibatch_portable};

const gd_minibatch_kernels *const *gd_minibatch_all(size_t *count)
{
    *count = 1;
    return all;
}
#endif

const gd_minibatch_kernels *gd_minibatch_best(void)
{
    size_t count;
    return gd_minibatch_all(&count)[0];
}
