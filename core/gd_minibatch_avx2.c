/* gd_minibatch_avx2: the rows of mini-batches on AVX2. */
#if defined(__x86_64__) && defined(__GNUC__)
#define TARGET __attribute__((target("avx2")))
#define WIDTH 4
#include "gd_minibatch_rows.h"

const gd_minibatch_kernels gd_minibatch_avx2 = {"avx2", descend_rows, gradient_rows};
#else
typedef int gd_minibatch_none; /* ISO C wants a declaration */
#endif
