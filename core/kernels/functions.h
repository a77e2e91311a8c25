/* functions: exp and log of vectors. Errors are below 1.5 units in the last place, which the tests
 * hold them to; results below the normal numbers are rounded there. NaN gives NaN. */

/* 1.5 * 2^52: a number of less than 2^51 that is added to it is rounded to an integer, which are
 * then the low bits. */
#define GD_ROUNDER 0x1.8p52

/* x = k log 2 + r, |r| <= log(2) / 2; for |x| < 2^20. */
GD_INLINE vec split(vec x, vec k)
{
    /* the first part of log 2 has 32 bits: its product with k is exact */
    return (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
}

GD_INLINE vec reduce(vec x, vec *k)
{
    *k = (x * 0x1.71547652b82fep0 + GD_ROUNDER) - GD_ROUNDER;
    return split(x, *k);
}

/* (e^r - 1 - r) / r^2, the best of degree 9 for |r| <= 0.3466 (Remez): off by 2^-57 of e^r. */
GD_INLINE vec beyond_linear(vec r)
{
    vec r2 = r * r, r4 = r2 * r2;
    vec a = 0x1.000000000000ap-1 + r * 0x1.55555555554fap-3;
    vec b = 0x1.5555555550880p-5 + r * 0x1.1111111127bd4p-7;
    vec c = 0x1.6c16c18429335p-10 + r * 0x1.a01a012a5c042p-13;
    vec d = 0x1.a0199a0ee7035p-16 + r * 0x1.71df254c77156p-19;
    vec e = 0x1.28ad706015ad7p-22 + r * 0x1.ad7f71e4d6022p-26;
    return (a + r2 * b) + r4 * ((c + r2 * d) + r4 * e);
}

/* 2^k, k an integer of [-1022, 1023] */
GD_INLINE vec power_of_two(vec k)
{
    return (vec)(((ivec)(k + GD_ROUNDER) + 1023) << 52);
}

/* x where 2^k e^r is neither 0 nor infinite, and somewhat beyond */
GD_INLINE vec in_range(vec x)
{
    return choose(x > 710, all_of(710), choose(x < -746, all_of(-746), x));
}

/* p 2^k, in two steps, since 2^k alone may be out of range */
GD_INLINE vec times_power_of_two(vec p, vec k)
{
    vec half = (k * 0.5 + GD_ROUNDER) - GD_ROUNDER;
    return p * power_of_two(half) * power_of_two(k - half);
}

GD_INLINE vec exp_of(vec x)
{
    vec k, r = reduce(in_range(x), &k);
    return times_power_of_two(1 + (r + r * r * beyond_linear(r)), k);
}

/* e^x, x <= 0, as 0 where it is next to the numbers that are not normal, or one of them. Of NaNs those
 * that arithmetic makes. */
GD_INLINE vec exp_of_negative(vec x)
{
    vec k = x * 0x1.71547652b82fep0 + GD_ROUNDER;
    uvec exponent = (uvec)k << 52; /* of 2^k: added to that of e^r, which is next to 1 */
    vec r = split(x, k - GD_ROUNDER);
    vec e = (vec)((uvec)(1 + (r + r * r * beyond_linear(r))) + exponent);
    return choose(x < -707, all_of(0), e);
}

/* e^x - 1, x <= 0 */
GD_INLINE vec expm1_of(vec x)
{
    vec k;
    x = choose(x < -60, all_of(-60), x); /* -1 from there on */
    vec r = reduce(x, &k), scale = power_of_two(k);
    return scale * (r + r * r * beyond_linear(r)) + (scale - 1);
}

/* log(u) + c / u for u >= 0, c so small that u + c rounds to u. As in fdlibm (Sun Microsystems,
 * 1993): u = 2^k (1 + f), sqrt(1/2) < 1 + f < sqrt(2), log(1 + f) by a series in f / (2 + f). */
GD_INLINE vec log_of_sum(vec u, vec c)
{
    const int64_t half = 0x3fe6a09e00000000; /* sqrt(1/2) */
    ivec tiny = u < 0x1p-1022;
    vec normal = choose(tiny, u * 0x1p54, choose(u < INFINITY, u, all_of(1)));
    ivec bits = (ivec)normal + (0x3ff0000000000000 - half);
    /* the exponent, whose sign is 0: an integer that is put behind 2^52 becomes a double */
    ivec exponent = (ivec)((uvec)bits >> 52) | 0x4330000000000000;
    vec k = ((vec)exponent - 0x1p52) - choose(tiny, all_of(1023 + 54), all_of(1023));
    vec f = (vec)((bits & 0x000fffffffffffff) + half) - 1;
    vec s = f / (2 + f), z = s * s, w = z * z;
    vec even = w * (0x1.999999997fa04p-2 + w * (0x1.c71c51d8e78afp-3 + w * 0x1.39a09d078c69fp-3));
    vec odd =
        z * (0x1.5555555555593p-1 +
             w * (0x1.2492494229359p-2 + w * (0x1.7466496cb03dep-3 + w * 0x1.2f112df3e5244p-3)));
    vec h = 0.5 * f * f;
    vec l = s * (h + (even + odd)) + (k * 0x1.a39ef35793c76p-33 + c / u);
    l = ((l - h) + f) + k * 0x1.62e42feep-1;
    l = choose(u == INFINITY, u, l);
    return choose(u == 0, all_of(-INFINITY), choose(u != u, u, l));
}

GD_INLINE vec log_of(vec x)
{
    return log_of_sum(x, all_of(0));
}

/* log(1 + x), x >= 0 */
GD_INLINE vec log1p_of(vec x)
{
    vec u = 1 + x;
    vec c = choose(x < 1, x - (u - 1), 1 - (u - x)); /* what u has lost */
    return log_of_sum(u, choose(u == INFINITY, all_of(0), c));
}
