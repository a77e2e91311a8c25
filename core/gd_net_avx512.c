/* gd_net_avx512: the kernels of networks for processors with AVX512. */
#include "gd_net_ops.h"

#include <math.h>
#include <string.h>

#define VECTOR_BYTES 64
#define VECTOR_NAME "avx512"
#define TILE 8

#define REAL float
#define SINGLE 1
#define NAME(f) f##_avx512_f32
#include "gd_net_kernels.h"

#define REAL double
#define SINGLE 0
#define NAME(f) f##_avx512_f64
#include "gd_net_kernels.h"
