/* gd_histogram: how values are spread, found in one pass without knowing their range.
 *
 * Bins are as wide as a power of two and begin at multiples of it: bin k holds the values in
 * [k w, (k + 1) w). When a value lies beyond them, w is doubled, which joins bins two by two, until
 * they reach. So each count is exact, and what is counted depends on the values alone: in which
 * order they came, and what was merged with what, leaves no trace. */
#ifndef GD_HISTOGRAM_H
#define GD_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GD_HISTOGRAM_SHOWN = 32 };

typedef struct gd_histogram {
    uint32_t *counts; /* bins + 1 of them, borrowed; the last is for values on the upper end */
    size_t bins;      /* a power of two, >= 2 GD_HISTOGRAM_SHOWN */
    int exponent;     /* w = 2^exponent */
    int64_t first;    /* counts[i] is that of bin first + i, and first that of min */
    double min, max;  /* of the values so far; min > max: there are none */
} gd_histogram;

/* counts: bins + 1 values, which must outlive it; at most 2^32 - 1 values may be counted. */
void gd_histogram_begin(gd_histogram *h, uint32_t *counts, size_t bins);

/* n > 0 finite values, whose least and largest are known. */
void gd_histogram_add(gd_histogram *h, const double *x, size_t n, double min, double max);

/* The same in two steps: makes room for values in that range, and says how they are told their bins:
 * floor(v * *scale) - *first, exactly, where a product that is too small for a double counts as its
 * sign. Then counts n bins, `stride` apart. */
void gd_histogram_reach(gd_histogram *h, double min, double max, double *scale, double *first);
void gd_histogram_count(gd_histogram *h, const uint32_t *bins, size_t n, size_t stride);

/* A finite value, n times. */
void gd_histogram_add_same(gd_histogram *h, double x, uint64_t n);

/* Adds what `from` has counted, with as many bins. */
void gd_histogram_merge(gd_histogram *h, const gd_histogram *from);

/* Bins of equal width that hold all values: counts[i] is how many lie in
 * [low + i width, low + (i + 1) width); the largest may lie on the upper end of the last one. Every
 * such end is a double without rounding. The values reach over more than half of the bins, over
 * nearly all where h->bins is large; those that are all the same have bins around them. */
typedef struct gd_bins {
    double low, width;
    uint64_t counts[GD_HISTOGRAM_SHOWN];
} gd_bins;

/* False when nothing was counted, or `low` lies beyond the range of doubles. */
bool gd_histogram_show(const gd_histogram *h, gd_bins *out);

#endif
