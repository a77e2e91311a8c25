/* portable: registers of two doubles, which every x86-64 and arm64 has (SSE2, NEON); elsewhere the
 * compiler takes them apart. */
#define GD_WIDTH 2
#include "table.h"

GD_KERNELS_TABLE(portable, portable);
