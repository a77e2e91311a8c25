/* gd_minibatch_avx512: the rows of mini-batches on AVX-512. */
#if defined(__x86_64__) && defined(__GNUC__)
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl")))
#define WIDTH 8
#include "gd_minibatch_rows.h"

const gd_minibatch_kernels gd_minibatch_avx512 = {"avx512", descend_rows, gradient_rows};
#else
typedef int gd_minibatch_none; /* ISO C wants a declaration */
#endif
