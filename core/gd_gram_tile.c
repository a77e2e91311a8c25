/* gd_gram_tile: loading a tile, and its inner product with itself, which is held in registers a patch
 * at a time. The same code for every width of vector: entries are never summed across lanes. This file alone is
 * compiled with fused products (-ffp-contract=fast), where the processor has them. */
#include "gd_gram.h"

#include <math.h>

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

#define LOWER(a, b) ((a) < (b) ? (a) : (b))
#define HIGHER(a, b) ((a) > (b) ? (a) : (b))

/* Four rows at a time, so that the ranges are read and written once for them. */
INLINE void load_four(const double *const *rows, size_t cols, const double *restrict shift,
                      double *restrict tile, size_t width, double *restrict low,
                      double *restrict high)
{
    const double *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2],
                           *restrict d = rows[3];
    double *restrict ta = tile, *restrict tb = tile + width, *restrict tc = tile + 2 * width,
                     *restrict td = tile + 3 * width;
    for (size_t j = 0; j < cols; j++) {
        double ab = LOWER(a[j], b[j]), cd = LOWER(c[j], d[j]), least = LOWER(ab, cd);
        low[j] = LOWER(least, low[j]);
        ab = HIGHER(a[j], b[j]), cd = HIGHER(c[j], d[j]), least = HIGHER(ab, cd);
        high[j] = HIGHER(least, high[j]);
        ta[j] = a[j] - shift[j];
        tb[j] = b[j] - shift[j];
        tc[j] = c[j] - shift[j];
        td[j] = d[j] - shift[j];
    }
}

INLINE void load_one(const double *restrict x, size_t cols, const double *restrict shift,
                     double *restrict to, double *restrict low, double *restrict high)
{
    for (size_t j = 0; j < cols; j++) {
        low[j] = LOWER(x[j], low[j]);
        high[j] = HIGHER(x[j], high[j]);
        to[j] = x[j] - shift[j];
    }
}

INLINE void load_by(const double *const *rows, size_t n, size_t cols, const double *shift,
                    double *tile, size_t width, double *low, double *high)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        load_four(rows + i, cols, shift, tile + i * width, width, low, high);
    for (; i < n; i++)
        load_one(rows[i], cols, shift, tile + i * width, low, high);
}

/* Reading from memory goes on while the processor multiplies. */
INLINE void fetch(const double *next, size_t from, size_t to)
{
    const size_t line = 64 / sizeof(double);
    for (size_t i = from / line * line; i < to; i += line)
        __builtin_prefetch(next + i);
}

#define ADD(name, lanes)                                                                           \
    PATCH(name##_3, lanes, 3)                                                                      \
    PATCH(name##_2, lanes, 2)                                                                      \
    PATCH(name##_1, lanes, 1)                                                                      \
    INLINE void name(const double *tile, size_t rows, size_t width, double *sums,                  \
                     const double *next, size_t count)                                             \
    {                                                                                              \
        const size_t step = sizeof(lanes) / sizeof(double);                                        \
        for (size_t i = 0; i < width; i += 4) {                                                    \
            size_t j = i / step * step;                                                            \
            fetch(next, count * i / width, count * (i + 4) / width);                               \
            for (; j + 3 * step <= width; j += 3 * step)                                           \
                name##_3(tile, rows, width, i, j, sums);                                           \
            if (j + 2 * step <= width)                                                             \
                name##_2(tile, rows, width, i, j, sums);                                           \
            else if (j + step <= width)                                                            \
                name##_1(tile, rows, width, i, j, sums);                                           \
        }                                                                                          \
    }

INLINE void scale_by(const double *x, size_t cols, const double *restrict center,
                     const double *restrict inverse, double *to)
{
    for (size_t j = 0; j < cols; j++)
        to[j] = (x[j] - center[j]) * inverse[j];
}

INLINE void weigh_by(const double *restrict tile, size_t n, size_t width,
                     const double *restrict weights, const double *restrict bends,
                     double *restrict out)
{
    for (size_t i = 0; i < n; i++, tile += width, out += width) {
        double root = sqrt(weights[i] * bends[i]);
        for (size_t j = 0; j < width; j++)
            out[j] = root * tile[j];
    }
}

/* All of them for one kind of processor. */
#define KERNELS(name, lanes, ATTRIBUTES)                                                           \
    ADD(name##_add_by, lanes)                                                                      \
    ATTRIBUTES static void name##_load(const double *const *rows, size_t n, size_t cols,           \
                                       const double *shift, double *tile, size_t width,            \
                                       double *low, double *high)                                  \
    {                                                                                              \
        load_by(rows, n, cols, shift, tile, width, low, high);                                     \
    }                                                                                              \
    ATTRIBUTES static void name##_add(const double *tile, size_t n, size_t width, double *sums,    \
                                      const double *next, size_t count)                            \
    {                                                                                              \
        name##_add_by(tile, n, width, sums, next, count);                                          \
    }                                                                                              \
    ATTRIBUTES static void name##_scale(const double *x, size_t cols, const double *center,        \
                                        const double *inverse, double *to)                         \
    {                                                                                              \
        scale_by(x, cols, center, inverse, to);                                                    \
    }                                                                                              \
    ATTRIBUTES static void name##_weigh(const double *tile, size_t n, size_t width,                \
                                        const double *weights, const double *bends, double *out)   \
    {                                                                                              \
        weigh_by(tile, n, width, weights, bends, out);                                             \
    }

KERNELS(portable, lanes2, )
const gd_gram_kernels gd_gram_portable = {portable_load, portable_add, portable_scale,
                                          portable_weigh};

#if defined(__x86_64__) && defined(__GNUC__)
/* Wider vectors gain nothing here: a row is a few of them, and much of the last would be waste. */
KERNELS(avx2, lanes4, __attribute__((target("avx2,fma"))))
const gd_gram_kernels gd_gram_avx2 = {avx2_load, avx2_add, avx2_scale, avx2_weigh};
#endif
