/* vectors: values of GD_WIDTH doubles, as wide as the registers of the instruction set that is
 * compiled for, and eight lanes made of them.
 *
 * Every sum is kept in eight lanes and brought together in one fixed order, products and sums are
 * never fused, and everything else is done value by value: so the bits are the same whatever
 * GD_WIDTH is, on any machine.
 */
#ifndef GD_WIDTH
#error "GD_WIDTH: doubles in a register"
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

#define GD_LANES 8
#define GD_PARTS (GD_LANES / GD_WIDTH) /* registers that hold eight lanes */
#define GD_INLINE static inline __attribute__((always_inline))

typedef double vec __attribute__((vector_size(8 * GD_WIDTH)));
typedef int64_t ivec __attribute__((vector_size(8 * GD_WIDTH))); /* of a comparison: 0 or -1 */
typedef uint64_t uvec __attribute__((vector_size(8 * GD_WIDTH)));
typedef double loose_vec __attribute__((vector_size(8 * GD_WIDTH), aligned(8), may_alias));
typedef float loose_single __attribute__((vector_size(4 * GD_WIDTH), aligned(4), may_alias));

GD_INLINE vec load(const double *x)
{
    return *(const loose_vec *)x;
}

/* Values of single precision, as doubles. */
GD_INLINE vec load_single(const float *x)
{
    return __builtin_convertvector(*(const loose_single *)x, vec);
}

/* The first n of x, then zeros. */
GD_INLINE vec load_some(const double *x, size_t n)
{
    double some[GD_WIDTH];
    for (size_t i = 0; i < GD_WIDTH; i++)
        some[i] = i < n ? x[i] : 0;
    return load(some);
}

GD_INLINE void store(double *x, vec v)
{
    *(loose_vec *)x = v;
}

GD_INLINE vec all_of(double x)
{
    return x - (vec){0}; /* -0 stays -0 */
}

GD_INLINE vec choose(ivec when, vec a, vec b)
{
    return (vec)((when & (ivec)a) | (~when & (ivec)b));
}

GD_INLINE vec absolute(vec a)
{
    return (vec)((ivec)a & INT64_MAX);
}

/* magnitude >= 0, or NaN */
GD_INLINE vec with_sign(vec magnitude, vec sign)
{
    return (vec)((ivec)magnitude | ((ivec)sign & INT64_MIN));
}

GD_INLINE vec negated_where(ivec when, vec a)
{
    return (vec)((ivec)a ^ (when & INT64_MIN));
}

/* The sum of eight lanes, in the order of gd_dot. */
GD_INLINE double sum_lanes(const double *s)
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

GD_INLINE double sum_parts(const vec *s)
{
    double lanes[GD_LANES];
    for (size_t p = 0; p < GD_PARTS; p++)
        store(lanes + p * GD_WIDTH, s[p]);
    return sum_lanes(lanes);
}
