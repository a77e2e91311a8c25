/* gd_minibatch_spread: scales as the kernels of mini-batches read them. */
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
