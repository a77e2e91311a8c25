/* gd_net_portable: the kernels of networks for any processor. */
#include "gd_net_ops.h"

#include <math.h>
#include <string.h>

#define VECTOR_BYTES 16
#define VECTOR_NAME "portable"
#define TILE 6

#define REAL float
#define SINGLE 1
#define NAME(f) f##_portable_f32
#include "gd_net_kernels.h"

#define REAL double
#define SINGLE 0
#define NAME(f) f##_portable_f64
#include "gd_net_kernels.h"
