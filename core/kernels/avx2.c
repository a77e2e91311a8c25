/* avx2: registers of four doubles. Compiled for processors that have them, whatever the rest is
 * compiled for: nothing here runs before gd_kernels_usable has said so. */
#include "gd_kernels.h"

#if defined __AVX2__
#define GD_WIDTH 4
#include "table.h"

GD_KERNELS_TABLE(avx2, avx2);
#else
const gd_kernels gd_kernels_avx2 = {.name = "avx2"}; /* another architecture */
#endif
