/* gd_rng: a seeded random generator, held by value; no hidden state anywhere.
 * xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. */
#ifndef GD_RNG_H
#define GD_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct gd_rng {
    uint64_t s[4];
} gd_rng;

/* `stream` separates uses of one seed: the shuffle of epoch e is stream e. */
gd_rng gd_rng_seed(uint64_t seed, uint64_t stream);

uint64_t gd_rng_next(gd_rng *r);

/* Uniform in [0, n), n > 0, without bias (Lemire, 2019). */
uint32_t gd_rng_below(gd_rng *r, uint32_t n);

/* Uniform in [0, 1). */
double gd_rng_uniform(gd_rng *r);

/* index: n row numbers. Writes a uniformly random order of 0..n-1 (Fisher-Yates). */
void gd_rng_permutation(gd_rng *r, uint32_t *index, size_t n);

#endif
