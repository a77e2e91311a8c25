/* gd_summary: what can be said of a table's columns after one pass over its rows, in memory that does
 * not grow with them: moments, range, missing values, how the values are spread, how many different
 * ones there are. */
#ifndef GD_SUMMARY_H
#define GD_SUMMARY_H

#include "gd_data.h"
#include "gd_histogram.h"

/* One column in numbers; NaN where there is no value to speak of. std is the population standard
 * deviation; mean and std are infinite or NaN when the values are too large for their squares. */
typedef struct gd_summary {
    uint64_t count, missing; /* values, and cells that hold NaN in place of one */
    double min, max, mean, std;
    double distinct, distinct_error; /* an estimate, and its relative standard error; 0: exact */
    bool has_bins; /* see gd_histogram_show */
    gd_bins bins;
} gd_summary;

typedef struct gd_summaries gd_summaries;

/* For cols columns of at most `rows` rows. They share GD_SUMMARY_BYTES, so that many columns have
 * fewer bins and values each (see gd_limits.h). NULL when out of memory. */
gd_summaries *gd_summaries_new(size_t cols, uint64_t rows) __attribute__((malloc));
void gd_summaries_free(gd_summaries *s); /* NULL is fine */

/* Further rows: those of the d->cols columns from `first` on. Finite values, or NaN where one is
 * missing. Per block a two-pass mean and variance, merged in the order they come (Chan, Golub and
 * LeVeque, 1979), as in gd_columns. */
void gd_summaries_add(gd_summaries *s, size_t first, const gd_data *d);

/* Further values of one column, n > 0 of them, which may be changed; and n further zeros. */
void gd_summaries_add_values(gd_summaries *s, size_t column, double *x, size_t n);
void gd_summaries_add_zeros(gd_summaries *s, size_t column, uint64_t n);

/* Further rows that are sparse, of which columns begin with the first. False: out of memory. */
bool gd_summaries_add_sparse(gd_summaries *s, const gd_data *d) __attribute__((warn_unused_result));

/* Adds what `from` has seen, which was made for as many columns and rows. Everything but the last
 * digits of mean and std is as if all rows had been added to one. */
void gd_summaries_merge(gd_summaries *s, const gd_summaries *from);

void gd_summaries_get(const gd_summaries *s, size_t column, gd_summary *out);

#endif
