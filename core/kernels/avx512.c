/* avx512: registers of eight doubles. Compiled for processors that have them, whatever the rest is
 * compiled for: nothing here runs before gd_kernels_usable has said so. */
#include "gd_kernels.h"

#if defined __AVX512F__ && defined __AVX512DQ__ && defined __AVX512VL__
#define GD_WIDTH 8
#include "table.h"

GD_KERNELS_TABLE(avx512, avx2);
#else
const gd_kernels gd_kernels_avx512 = {.name = "avx512"}; /* another architecture */
#endif
