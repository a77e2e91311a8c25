/* gd_distinct: how many different values a column has, in bounded memory.
 *
 * As long as they are few they are kept, and counted exactly. When there are too many the same memory
 * becomes a HyperLogLog sketch (Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a
 * near-optimal cardinality estimation algorithm", 2007), and they are estimated, by the estimator of
 * Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6), which
 * needs no tables and is without bias for any number. Either way what comes out depends on the set of
 * values alone. */
#ifndef GD_DISTINCT_H
#define GD_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gd_distinct {
    uint64_t *room; /* borrowed: `slots` words, a table of hashes or `registers` bytes */
    size_t slots;   /* a power of two, at least GD_DISTINCT_LEAST */
    size_t count;   /* hashes in the table */
    bool sketched;  /* the room is a sketch */
    bool has_hole;  /* there is the value whose hash is 0, which in the table says: free */
} gd_distinct;

enum { GD_DISTINCT_LEAST = 16, GD_DISTINCT_MOST = 2048 };

/* room: slots words, which must outlive it. Less than slots / 2 values are counted
 * exactly. */
void gd_distinct_begin(gd_distinct *d, uint64_t *room, size_t slots);

/* n numbers, none of them NaN; 0 and -0 are the same one. */
void gd_distinct_add(gd_distinct *d, const double *x, size_t n);

/* The same of numbers whose hashes are known, and what they are to a sketch of 2^gd_distinct_bits
 * registers: the register times 256, and the run of zeros behind its number, plus one. Each `stride`
 * behind the one before. gd_kernels has these found. */
int gd_distinct_bits(const gd_distinct *d);
void gd_distinct_add_hashed(gd_distinct *d, const uint64_t *hashes, const uint32_t *registers,
                            size_t n, size_t stride);

/* Adds what `from` has seen, which has as many slots. */
void gd_distinct_merge(gd_distinct *d, const gd_distinct *from);

/* How many there are. error: its relative standard deviation, 0 where it is exact. */
double gd_distinct_count(const gd_distinct *d, double *error);

#endif
