/* gd_rng: xoshiro256** and what is drawn from it. */
#include "gd_rng.h"

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

gd_rng gd_rng_seed(uint64_t seed, uint64_t stream)
{
    gd_rng r;
    uint64_t x = seed;
    x = splitmix64(&x) ^ (stream * 0xd1342543de82ef95u);
    for (int i = 0; i < 4; i++)
        r.s[i] = splitmix64(&x);
    return r;
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t gd_rng_next(gd_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint32_t gd_rng_below(gd_rng *r, uint32_t n)
{
    uint64_t m = (gd_rng_next(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t reject = (uint32_t)-n % n;
        while ((uint32_t)m < reject)
            m = (gd_rng_next(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

double gd_rng_uniform(gd_rng *r)
{
    return (double)(gd_rng_next(r) >> 11) * 0x1.0p-53;
}

void gd_rng_permutation(gd_rng *r, uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = gd_rng_below(r, (uint32_t)(i + 1));
        index[i] = index[j];
        index[j] = (uint32_t)i;
    }
}
