/* gd_gram_tile: the inner product of a tile with itself, held in registers a patch at a time. The
 * same code for every width of vector: entries are never summed across lanes. This file alone is
 * compiled with fused products (-ffp-contract=fast), where the processor has them. */
#include "gd_gram.h"

typedef double lanes2 __attribute__((vector_size(16), aligned(8), may_alias));
typedef double lanes4 __attribute__((vector_size(32), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* sums[i .. i+4)[j .. j + COUNT lanes) += T'T there. */
#define PATCH(name, lanes, COUNT)                                                                  \
    INLINE void name(const double *tile, size_t rows, size_t width, size_t i, size_t j,            \
                     double *sums)                                                                 \
    {                                                                                              \
        lanes s[4][COUNT] = {{{0}}};                                                               \
        const size_t step = sizeof(lanes) / sizeof(double);                                        \
        for (size_t r = 0; r < rows; r++) {                                                        \
            const double *t = tile + r * width;                                                    \
            _Pragma("GCC unroll 4") for (size_t a = 0; a < 4; a++)                                 \
                _Pragma("GCC unroll 3") for (size_t b = 0; b < COUNT; b++)                         \
                    s[a][b] += t[i + a] * *(const lanes *)(t + j + b * step);                      \
        }                                                                                          \
        _Pragma("GCC unroll 4") for (size_t a = 0; a < 4; a++)                                     \
            _Pragma("GCC unroll 3") for (size_t b = 0; b < COUNT; b++)                             \
                *(lanes *)(sums + (i + a) * width + j + b * step) += s[a][b];                      \
    }

#define TILE(name, lanes, ATTRIBUTES)                                                              \
    PATCH(name##_3, lanes, 3)                                                                      \
    PATCH(name##_2, lanes, 2)                                                                      \
    PATCH(name##_1, lanes, 1)                                                                      \
    ATTRIBUTES static void name(const double *tile, size_t rows, size_t width, double *sums)       \
    {                                                                                              \
        const size_t step = sizeof(lanes) / sizeof(double);                                        \
        for (size_t i = 0; i < width; i += 4) {                                                    \
            size_t j = i / step * step;                                                            \
            for (; j + 3 * step <= width; j += 3 * step)                                           \
                name##_3(tile, rows, width, i, j, sums);                                           \
            if (j + 2 * step <= width)                                                             \
                name##_2(tile, rows, width, i, j, sums);                                           \
            else if (j + step <= width)                                                            \
                name##_1(tile, rows, width, i, j, sums);                                           \
        }                                                                                          \
    }

TILE(portable, lanes2, )

#if defined(__x86_64__) && defined(__GNUC__)
/* Wider vectors gain nothing here: a row is a few of them, and much of the last would be waste. */
TILE(avx2, lanes4, __attribute__((target("avx2,fma"))))

gd_gram_tile_fn *gd_gram_tile_best(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2 : portable;
}
#else
gd_gram_tile_fn *gd_gram_tile_best(void)
{
    return portable;
}
#endif

gd_gram_tile_fn *gd_gram_tile_portable(void)
{
    return portable;
}
