/* gd_summary: eight columns of a block of rows at a time, a lane of the kernels each; those that have
 * missing values, or are too few, column by column. */
#include "gd_summary.h"

#include "gd_distinct.h"
#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>

/* Columns and rows that are taken at a time: their values stay in the first-level cache. */
enum { STRIP = 8, BLOCK = 128, LEAST_STRIP = 3 };

/* Of the table of different values, where there are more rows: 6.5 % is what they are worth. */
enum { LEAST_SLOTS = 64 };

typedef struct column {
    uint64_t count, missing;
    double min, max, mean, squares; /* squares: of deviations from the mean, summed */
    gd_histogram histogram;
    gd_distinct distinct;
} column;

struct gd_summaries {
    const gd_kernels *kernels;
    size_t cols;
    column *columns;
    uint32_t *counts; /* of histograms */
    uint64_t *rooms;  /* of distinct values */
};

static size_t power_of_two(double most, size_t low, size_t high)
{
    size_t n = low;
    while (n < high && 2.0 * (double)n <= most)
        n *= 2;
    return n;
}

gd_summaries *gd_summaries_new(size_t cols, uint64_t rows)
{
    double share = (double)GD_SUMMARY_BYTES / (double)cols; /* a column's */
    size_t bins = power_of_two(share / 3 / sizeof(uint32_t), GD_SUMMARY_LEAST_BINS,
                               GD_SUMMARY_MOST_BINS);
    /* few rows have few values */
    double slots = fmin(fmax(share * 2 / 3 / sizeof(uint64_t), LEAST_SLOTS), 4.0 * (double)rows);
    size_t most = power_of_two(slots, GD_DISTINCT_LEAST, GD_DISTINCT_MOST);
    gd_summaries *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->kernels = gd_kernels_best();
    s->cols = cols;
    s->columns = malloc(cols * sizeof *s->columns);
    s->counts = malloc(cols * (bins + 1) * sizeof *s->counts);
    s->rooms = malloc(cols * most * sizeof *s->rooms);
    if (!s->columns || !s->counts || !s->rooms) {
        gd_summaries_free(s);
        return NULL;
    }
    for (size_t j = 0; j < cols; j++) {
        column *c = &s->columns[j];
        *c = (column){.min = INFINITY, .max = -INFINITY};
        gd_histogram_begin(&c->histogram, s->counts + j * (bins + 1), bins);
        gd_distinct_begin(&c->distinct, s->rooms + j * most, most);
    }
    return s;
}

void gd_summaries_free(gd_summaries *s)
{
    if (!s)
        return;
    free(s->columns);
    free(s->counts);
    free(s->rooms);
    free(s);
}

static void merge_moments(column *c, uint64_t more, double min, double max, double mean,
                          double squares)
{
    double n = (double)more, seen = (double)c->count, all = seen + n, delta = mean - c->mean;
    c->count += more;
    c->min = fmin(c->min, min);
    c->max = fmax(c->max, max);
    c->mean += delta * (n / all);
    c->squares += squares + delta * delta * (seen * (n / all));
}

/* Four sums side by side, so that none waits for the one before it. */
enum { ABREAST = 4 };

static double together(const double v[ABREAST])
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

/* n > 0 values, and 1 / n. */
static double mean_of(const double *x, size_t n, double share, double *least, double *largest)
{
    double mean[ABREAST] = {0}, min[ABREAST], max[ABREAST];
    size_t i = 0;
    for (size_t k = 0; k < ABREAST; k++)
        min[k] = max[k] = x[0];
    for (; i + ABREAST <= n; i += ABREAST)
        for (size_t k = 0; k < ABREAST; k++) {
            double v = x[i + k];
            mean[k] += v * share;
            min[k] = v < min[k] ? v : min[k];
            max[k] = v > max[k] ? v : max[k];
        }
    for (; i < n; i++) {
        mean[0] += x[i] * share;
        min[0] = x[i] < min[0] ? x[i] : min[0];
        max[0] = x[i] > max[0] ? x[i] : max[0];
    }
    *least = fmin(fmin(min[0], min[1]), fmin(min[2], min[3]));
    *largest = fmax(fmax(max[0], max[1]), fmax(max[2], max[3]));
    return together(mean);
}

/* The sum of squared deviations, and what the deviations themselves leave. */
static double squares_of(const double *x, size_t n, double mean, double *rest)
{
    double squares[ABREAST] = {0}, left[ABREAST] = {0};
    size_t i = 0;
    for (; i + ABREAST <= n; i += ABREAST)
        for (size_t k = 0; k < ABREAST; k++) {
            double d = x[i + k] - mean;
            squares[k] += d * d;
            left[k] += d;
        }
    for (; i < n; i++) {
        double d = x[i] - mean;
        squares[0] += d * d;
        left[0] += d;
    }
    *rest = together(left);
    return together(squares);
}

/* Takes out what is missing; how many values are left. */
static size_t without_missing(double *x, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        x[kept] = x[i];
        kept += isnan(x[i]) ? 0 : 1;
    }
    return kept;
}

/* n > 0 finite values and missing ones; x may be changed. */
static void add_values(column *c, double *x, size_t n)
{
    double min, max, rest, share = 1 / (double)n;
    double mean = mean_of(x, n, share, &min, &max);
    if (isnan(mean)) {
        size_t kept = without_missing(x, n);
        c->missing += n - kept;
        if (kept == 0)
            return;
        n = kept;
        share = 1 / (double)n;
        mean = mean_of(x, n, share, &min, &max);
    }
    double squares = squares_of(x, n, mean, &rest);
    /* the rounding error of the mean, taken back out */
    merge_moments(c, n, min, max, mean + rest * share, squares - rest * rest * share);
    gd_histogram_add(&c->histogram, x, n, min, max);
    gd_distinct_add(&c->distinct, x, n);
}

/* Each column's values together. */
static void take_column(const double *v, size_t pitch, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = v[i * pitch];
}

/* n rows of `count` columns, by the kernels. */
static void add_strip(const gd_kernels *k, column *c, size_t count, const double *v, size_t pitch,
                      size_t n)
{
    double mean[STRIP], min[STRIP], max[STRIP], squares[STRIP], rest[STRIP], share = 1 / (double)n;
    double scale[STRIP] = {0}, first[STRIP] = {0}; /* of columns that are done otherwise */
    uint64_t hashes[BLOCK * STRIP];
    uint32_t places[BLOCK * STRIP];
    k->strip_moments(v, pitch, n, share, mean, min, max);
    k->strip_squares(v, pitch, n, mean, squares, rest);
    for (size_t j = 0; j < count; j++) {
        if (isnan(mean[j]))
            continue;
        /* the rounding error of the mean, taken back out */
        merge_moments(&c[j], n, min[j], max[j], mean[j] + rest[j] * share,
                      squares[j] - rest[j] * rest[j] * share);
        gd_histogram_reach(&c[j].histogram, min[j], max[j], &scale[j], &first[j]);
    }
    k->strip_bins(v, pitch, n, scale, first, places);
    for (size_t j = 0; j < count; j++)
        if (!isnan(mean[j]))
            gd_histogram_count(&c[j].histogram, places + j, n, STRIP);
    k->strip_hashes(v, pitch, n, gd_distinct_bits(&c->distinct), hashes, places);
    for (size_t j = 0; j < count; j++) {
        double x[BLOCK];
        if (!isnan(mean[j])) {
            gd_distinct_add_hashed(&c[j].distinct, hashes + j, places + j, n, STRIP);
            continue;
        }
        take_column(v + j, pitch, n, x);
        add_values(&c[j], x, n);
    }
}

/* Rows first .. first + n of the columns j .. j + count as doubles, *pitch apart: where they are, if
 * they will do, or STRIP of them in `room`, of which those beyond `count` are copies. */
static const double *strip_of(const gd_data *d, size_t first, size_t n, size_t j, size_t count,
                              double *room, size_t *pitch)
{
    size_t at = first * d->cols + j;
    *pitch = d->cols;
    if (d->X && (count == STRIP || count < LEAST_STRIP))
        return d->X + at;
    *pitch = STRIP;
    for (size_t i = 0; i < n; i++, at += d->cols)
        for (size_t k = 0; k < STRIP; k++) {
            size_t from = at + (k < count ? k : 0);
            room[i * STRIP + k] = d->X32 ? (double)d->X32[from] : d->X[from];
        }
    return room;
}

void gd_summaries_add(gd_summaries *s, size_t first, const gd_data *d)
{
    double room[BLOCK * STRIP], x[BLOCK];
    for (size_t row = 0; row < d->rows; row += BLOCK) {
        size_t n = d->rows - row < BLOCK ? d->rows - row : BLOCK, pitch;
        for (size_t j = 0; j < d->cols; j += STRIP) {
            size_t count = d->cols - j < STRIP ? d->cols - j : STRIP;
            column *c = &s->columns[first + j];
            const double *v = strip_of(d, row, n, j, count, room, &pitch);
            if (s->kernels->strip_moments && count >= LEAST_STRIP) {
                add_strip(s->kernels, c, count, v, pitch, n);
                continue;
            }
            for (size_t k = 0; k < count; k++) {
                take_column(v + k, pitch, n, x);
                add_values(&c[k], x, n);
            }
        }
    }
}

void gd_summaries_add_values(gd_summaries *s, size_t j, double *x, size_t n)
{
    add_values(&s->columns[j], x, n);
}

void gd_summaries_add_zeros(gd_summaries *s, size_t j, uint64_t n)
{
    column *c = &s->columns[j];
    if (n == 0)
        return;
    merge_moments(c, n, 0, 0, 0, 0);
    gd_histogram_add_same(&c->histogram, 0, n);
    gd_distinct_add(&c->distinct, &(double){0}, 1);
}

void gd_summaries_merge(gd_summaries *s, const gd_summaries *from)
{
    for (size_t j = 0; j < s->cols; j++) {
        column *c = &s->columns[j];
        const column *f = &from->columns[j];
        c->missing += f->missing;
        if (f->count == 0)
            continue;
        merge_moments(c, f->count, f->min, f->max, f->mean, f->squares);
        gd_histogram_merge(&c->histogram, &f->histogram);
        gd_distinct_merge(&c->distinct, &f->distinct);
    }
}

void gd_summaries_get(const gd_summaries *s, size_t j, gd_summary *out)
{
    const column *c = &s->columns[j];
    *out = (gd_summary){.count = c->count,
                        .missing = c->missing,
                        .min = NAN,
                        .max = NAN,
                        .mean = NAN,
                        .std = NAN};
    out->distinct = gd_distinct_count(&c->distinct, &out->distinct_error);
    out->has_bins = gd_histogram_show(&c->histogram, &out->bins);
    if (c->count == 0)
        return;
    /* a constant column has no deviation, whatever rounding left behind */
    bool constant = c->min == c->max;
    out->min = c->min;
    out->max = c->max;
    out->mean = constant ? c->min : c->mean;
    out->std = constant ? 0 : sqrt(c->squares / (double)c->count);
}
