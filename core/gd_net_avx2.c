/* gd_net_avx2: the kernels of networks for processors with AVX2. */
#include "gd_net_ops.h"

#include <math.h>
#include <string.h>

#define VECTOR_BYTES 32
#define VECTOR_NAME "avx2"
#define TILE 6

#define REAL float
#define SINGLE 1
#define NAME(f) f##_avx2_f32
#include "gd_net_kernels.h"

#define REAL double
#define SINGLE 0
#define NAME(f) f##_avx2_f64
#include "gd_net_kernels.h"
