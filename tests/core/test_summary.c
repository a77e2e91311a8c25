/* gd_summary: moments against certified values, bins against counting by comparison, numbers of
 * different values against what they are; and however rows are cut up, the same comes out. */
#include "gd_summary.h"
#include "gd_distinct.h"
#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_rng.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* One column, in pieces of so many rows. */
static gd_summary summary_of(const double *x, size_t n, size_t piece)
{
    gd_summary out;
    gd_summaries *s = gd_summaries_new(1, n);
    for (size_t i = 0; i < n; i += piece) {
        gd_data d = {.X = x + i, .rows = n - i < piece ? n - i : piece, .cols = 1};
        gd_summaries_add(s, 0, &d);
    }
    gd_summaries_get(s, 0, &out);
    gd_summaries_free(s);
    return out;
}

/* ---- moments: NIST, Statistical Reference Datasets, univariate summary statistics ---- */

/* The middle value, then the two around it in turn: how NumAcc2, 3 and 4 are made. */
static double alternating(double *x, double middle, double low, double high)
{
    x[0] = middle;
    for (size_t i = 1; i < 1001; i++)
        x[i] = i % 2 ? low : high;
    return 1001;
}

static const double lottery[] = {
    162, 671, 933, 414, 788, 730, 817, 33,  536, 875, 670, 236, 473, 167, 877, 980, 316, 950, 456,
    92,  517, 557, 956, 954, 104, 178, 794, 278, 147, 773, 437, 435, 502, 610, 582, 780, 689, 562,
    964, 791, 28,  97,  848, 281, 858, 538, 660, 972, 671, 613, 867, 448, 738, 966, 139, 636, 847,
    659, 754, 243, 122, 455, 195, 968, 793, 59,  730, 361, 574, 522, 97,  762, 431, 158, 429, 414,
    22,  629, 788, 999, 187, 215, 810, 782, 47,  34,  108, 986, 25,  644, 829, 630, 315, 567, 919,
    331, 207, 412, 242, 607, 668, 944, 749, 168, 864, 442, 533, 805, 372, 63,  458, 777, 416, 340,
    436, 140, 919, 350, 510, 572, 905, 900, 85,  389, 473, 758, 444, 169, 625, 692, 140, 897, 672,
    288, 312, 860, 724, 226, 884, 508, 976, 741, 476, 417, 831, 15,  318, 432, 241, 114, 799, 955,
    833, 358, 935, 146, 630, 830, 440, 642, 356, 373, 271, 715, 367, 393, 190, 669, 8,   861, 108,
    795, 269, 590, 326, 866, 64,  523, 862, 840, 219, 382, 998, 4,   628, 305, 747, 247, 34,  747,
    729, 645, 856, 974, 24,  568, 24,  694, 608, 480, 410, 729, 947, 293, 53,  930, 223, 203, 677,
    227, 62,  455, 387, 318, 562, 242, 428, 968};

static const double mavro[] = {
    2.00180, 2.00170, 2.00180, 2.00190, 2.00180, 2.00170, 2.00150, 2.00140, 2.00150, 2.00150,
    2.00170, 2.00180, 2.00180, 2.00190, 2.00190, 2.00210, 2.00200, 2.00160, 2.00140, 2.00130,
    2.00130, 2.00150, 2.00150, 2.00160, 2.00150, 2.00140, 2.00130, 2.00140, 2.00150, 2.00140,
    2.00150, 2.00160, 2.00150, 2.00160, 2.00190, 2.00200, 2.00200, 2.00210, 2.00220, 2.00230,
    2.00240, 2.00250, 2.00270, 2.00260, 2.00260, 2.00260, 2.00270, 2.00260, 2.00250, 2.00240};

/* tolerance: what the data themselves lose as doubles, 1e7 + 0.1 being off by 1e-9 */
static void certified(const double *x, size_t n, double mean, double std, double tolerance)
{
    for (size_t piece = 1; piece <= 2048; piece = 3 * piece + 1) {
        gd_summary s = summary_of(x, n, piece);
        assert_close(s.mean, mean, 1e-15);
        /* NIST divides by n - 1 */
        assert_close(s.std * sqrt((double)n / ((double)n - 1)), std, tolerance);
        ck_assert_uint_eq(s.count, n);
        ck_assert_uint_eq(s.missing, 0);
    }
}

START_TEST(means_and_deviations_are_those_certified)
{
    double x[1001];
    certified(lottery, 218, 518.958715596330, 291.699727470969, 4e-15);
    certified(mavro, 50, 2.00185600000000, 0.000429123454003053, 1e-12);
    certified((double[]){10000001, 10000003, 10000002}, 3, 10000002, 1, 1e-15);
    alternating(x, 1.2, 1.1, 1.3);
    certified(x, 1001, 1.2, 0.1, 1e-14);
    alternating(x, 1000000.2, 1000000.1, 1000000.3);
    certified(x, 1001, 1000000.2, 0.1, 1e-9);
    alternating(x, 10000000.2, 10000000.1, 10000000.3);
    certified(x, 1001, 10000000.2, 0.1, 1e-8);
}
END_TEST

/* ---- bins ---- */

/* Counts again, by comparison with the ends, which are exact. */
static void assert_bins(const double *x, size_t n, const gd_summary *s)
{
    const gd_bins *b = &s->bins;
    ck_assert(s->has_bins);
    ck_assert(b->width > 0 && isfinite(b->low));
    for (int k = 0; k < GD_HISTOGRAM_SHOWN; k++) {
        long double low = (long double)b->low + k * (long double)b->width, high = low + b->width;
        uint64_t want = 0;
        for (size_t i = 0; i < n; i++)
            want += x[i] >= low && (x[i] < high || (k == GD_HISTOGRAM_SHOWN - 1 && x[i] == high));
        ck_assert_msg(b->counts[k] == want, "bin %d of [%.17g, +%.17g]: %llu, not %llu", k, b->low,
                      b->width, (unsigned long long)b->counts[k], (unsigned long long)want);
    }
    uint64_t all = 0;
    for (int k = 0; k < GD_HISTOGRAM_SHOWN; k++)
        all += b->counts[k];
    ck_assert_uint_eq(all, n);
}

START_TEST(bins_of_a_grid_are_known)
{
    double x[1025];
    for (int i = 0; i <= 1024; i++)
        x[(i * 37) % 1025] = i / 1024.0;
    gd_summary s = summary_of(x, 1025, 100);
    ck_assert_double_eq(s.bins.low, 0);
    ck_assert_double_eq(s.bins.width, 1.0 / 32);
    for (int k = 0; k < 32; k++)
        ck_assert_uint_eq(s.bins.counts[k], k < 31 ? 32 : 33); /* 1 lies on the upper end */
    assert_bins(x, 1025, &s);
}
END_TEST

enum { KINDS = 14, VALUES = 3000 };

/* Columns as they come, and as nobody would send them. */
static void make_values(int kind, double x[VALUES])
{
    gd_rng rng = gd_rng_seed(17, (uint64_t)kind);
    for (int i = 0; i < VALUES; i++) {
        double u = gd_rng_uniform(&rng), v = gd_rng_uniform(&rng);
        double gauss = sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
        x[i] = kind == 0    ? u
               : kind == 1  ? gauss
               : kind == 2  ? 1e9 + 1e-3 * gauss
               : kind == 3  ? floor(10 * u) - 3
               : kind == 4  ? exp(30 * gauss)
               : kind == 5  ? (u - 0.5) * 1.9 * DBL_MAX
               : kind == 6  ? -1e300 * v
               : kind == 7  ? (i % 2 ? -1 : 1) * 5e-324 * floor(9 * u) /* subnormal */
               : kind == 8  ? (i == 1500 ? 1e300 : i % 2 ? -5e-324 : -0.0) /* -5e-324 / 1e297 is 0 */
               : kind == 9  ? (i < 2900 ? i : 1e6 * u)               /* the range grows and grows */
               : kind == 10 ? 0.1 * (1 + DBL_EPSILON * floor(3 * u)) /* neighbours */
               : kind == 11 ? -i
               : kind == 12 ? (u < 0.5 ? -1e308 : DBL_MAX)
                            : ldexp(u < 0.5 ? -1 : 1, (int)(2000 * v) - 1000);
    }
}

START_TEST(bins_hold_what_lies_between_their_ends)
{
    double x[VALUES];
    make_values(_i, x);
    gd_summary s = summary_of(x, VALUES, 1024);
    assert_bins(x, VALUES, &s);
    /* they reach little further than the values; numbers next to each other need no more bins */
    ck_assert(s.min >= s.bins.low && s.min < s.bins.low + s.bins.width);
    long double spare = s.bins.low + 32 * (long double)s.bins.width - s.max;
    if (_i != 10 && _i != 7)
        ck_assert_msg(spare <= 2 * (long double)s.bins.width + (s.max / 2 - s.min / 2) / 8,
                      "%Lg of %g", spare, s.max - s.min);
}
END_TEST

START_TEST(a_value_alone_has_bins_around_it)
{
    static const double values[] = {0, 7.25, -3, 1e9 + 0.1, 1e300, DBL_MAX, 5e-324, 0.1};
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        double x[5] = {values[k], values[k], values[k], values[k], values[k]};
        gd_summary s = summary_of(x, 5, 2);
        ck_assert_uint_eq(s.bins.counts[16], 5);
        assert_bins(x, 5, &s);
        ck_assert_double_eq(s.std, 0);
        ck_assert_double_eq(s.distinct, 1);
        if (fabs(values[k]) < 1e12)
            ck_assert_double_eq(s.bins.width, 1.0 / 32);
    }
}
END_TEST

START_TEST(bins_that_begin_beyond_the_range_of_doubles_are_left_out)
{
    double x[] = {-DBL_MAX, 0, DBL_MAX};
    ck_assert(!summary_of(x, 3, 1).has_bins);
    ck_assert(!summary_of(x, 1, 1).has_bins);
    ck_assert(summary_of(x + 1, 2, 1).has_bins);
}
END_TEST

/* ---- cut up and put together ---- */

static void assert_same(const gd_summary *a, const gd_summary *b, double digits)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_uint_eq(a->missing, b->missing);
    ck_assert_double_eq(a->min, b->min);
    ck_assert_double_eq(a->max, b->max);
    ck_assert_double_eq(a->distinct, b->distinct);
    ck_assert_double_eq(a->distinct_error, b->distinct_error);
    ck_assert_mem_eq(&a->bins, &b->bins, sizeof a->bins);
    if (isfinite(b->std))
        ck_assert_double_le(fabs(a->mean - b->mean), digits * (fabs(b->mean) + b->std));
    if (isfinite(b->std))
        ck_assert_double_le(fabs(a->std - b->std), digits * (fabs(b->mean) + b->std));
}

START_TEST(parts_in_any_order_give_the_same)
{
    double x[VALUES];
    make_values(_i, x);
    for (int i = 0; i < VALUES; i += 7)
        x[i] = NAN;
    gd_rng rng = gd_rng_seed(91, 0);
    gd_summary whole = summary_of(x, VALUES, VALUES), got;
    ck_assert_uint_eq(whole.missing, (VALUES + 6) / 7);
    for (int round = 0; round < 20; round++) {
        enum { PARTS = 5 };
        gd_summaries *part[PARTS];
        for (int k = 0; k < PARTS; k++)
            part[k] = gd_summaries_new(1, VALUES);
        for (size_t i = 0; i < VALUES;) {
            size_t n = 1 + (size_t)(gd_rng_uniform(&rng) * 200);
            gd_data d = {.X = x + i, .rows = VALUES - i < n ? VALUES - i : n, .cols = 1};
            gd_summaries_add(part[(int)(gd_rng_uniform(&rng) * PARTS)], 0, &d);
            i += n;
        }
        for (int k = 0; k < PARTS; k++)
            if (k != round % PARTS)
                gd_summaries_merge(part[round % PARTS], part[k]);
        gd_summaries_get(part[round % PARTS], 0, &got);
        assert_same(&got, &whole, 1e-13);
        for (int k = 0; k < PARTS; k++)
            gd_summaries_free(part[k]);
    }
}
END_TEST

START_TEST(columns_of_either_precision_do_not_mix)
{
    enum { ROWS = 2500, COLS = 3 };
    double *X = calloc(ROWS * COLS, sizeof *X), *one = calloc(ROWS, sizeof *one);
    float *X32 = calloc(ROWS * COLS, sizeof *X32);
    for (int i = 0; i < ROWS * COLS; i++)
        X[i] = X32[i] = (float)((i % COLS + 1) * sin(i));
    gd_summaries *s = gd_summaries_new(2 * COLS, ROWS);
    gd_summaries_add(s, 0, &(gd_data){.X = X, .rows = ROWS, .cols = COLS});
    gd_summaries_add(s, COLS, &(gd_data){.X32 = X32, .rows = ROWS, .cols = COLS});
    for (int j = 0; j < COLS; j++) {
        for (int i = 0; i < ROWS; i++)
            one[i] = X[i * COLS + j];
        gd_summary want = summary_of(one, ROWS, ROWS), a, b;
        gd_summaries_get(s, (size_t)j, &a);
        gd_summaries_get(s, (size_t)(COLS + j), &b);
        assert_same(&a, &b, 0);
        assert_same(&a, &want, 1e-14); /* which is added up in another order */
    }
    gd_summaries_free(s);
    free(X);
    free(X32);
    free(one);
}
END_TEST

/* What is no entry is 0: the same as of rows that are filled in. */
START_TEST(sparse_rows_are_described_as_if_filled_in)
{
    enum { ROWS = 40000, COLS = 7 };
    double *X = calloc(ROWS * COLS, sizeof *X), *values = calloc(ROWS * COLS, sizeof *values);
    uint32_t *columns = calloc(ROWS * COLS, sizeof *columns);
    uint64_t *starts = calloc(ROWS + 1, sizeof *starts);
    gd_rng rng = gd_rng_seed(3, 0);
    for (int i = 0; i < ROWS; i++) {
        starts[i + 1] = starts[i];
        for (int j = 0; j < COLS - 1; j++) /* nothing at all in the last */
            if (j == 1 || gd_rng_uniform(&rng) < 0.9 / (j + 1)) {
                double v = j == 2 ? 1 + gd_rng_uniform(&rng) : gd_rng_uniform(&rng) - 0.7;
                X[i * COLS + j] = values[starts[i + 1]] = v;
                columns[starts[i + 1]++] = (uint32_t)j;
            }
    }
    gd_summaries *a = gd_summaries_new(COLS, ROWS), *b = gd_summaries_new(COLS, ROWS);
    gd_summaries_add(a, 0, &(gd_data){.X = X, .rows = ROWS, .cols = COLS});
    gd_data sparse = {.rows = ROWS,
                      .cols = COLS,
                      .sparse = {.starts = starts, .columns = columns, .values = values}};
    ck_assert(gd_summaries_add_sparse(b, &sparse));
    for (size_t j = 0; j < COLS; j++) {
        gd_summary want, got;
        gd_summaries_get(a, j, &want);
        gd_summaries_get(b, j, &got);
        assert_same(&got, &want, 1e-13);
    }
    gd_summaries_free(a);
    gd_summaries_free(b);
    free(X);
    free(values);
    free(columns);
    free(starts);
}
END_TEST

START_TEST(a_column_without_values_says_so)
{
    double x[10];
    for (int i = 0; i < 10; i++)
        x[i] = NAN;
    gd_summary s = summary_of(x, 10, 3);
    ck_assert_uint_eq(s.count, 0);
    ck_assert_uint_eq(s.missing, 10);
    ck_assert(isnan(s.min) && isnan(s.max) && isnan(s.mean) && isnan(s.std));
    ck_assert(!s.has_bins);
    ck_assert_double_eq(s.distinct, 0);
    x[4] = 3;
    s = summary_of(x, 10, 3);
    ck_assert_uint_eq(s.missing, 9);
    ck_assert_double_eq(s.mean, 3);
}
END_TEST

/* ---- different values ---- */

static gd_distinct made(size_t slots)
{
    gd_distinct d;
    gd_distinct_begin(&d, calloc(slots, sizeof(uint64_t)), slots);
    return d;
}

START_TEST(few_values_are_counted_exactly)
{
    for (size_t slots = GD_DISTINCT_LEAST; slots <= GD_DISTINCT_MOST; slots *= 2) {
        gd_distinct d = made(slots);
        double error;
        for (size_t n = 0; n < slots / 2 - 1; n++) {
            double x[] = {0.1 * (double)n - 3, 0.1 * (double)n - 3, -3};
            gd_distinct_add(&d, x, 3);
            ck_assert_double_eq(gd_distinct_count(&d, &error), (double)n + 1);
            ck_assert_double_eq(error, 0);
        }
        free(d.room);
    }
    gd_distinct d = made(64);
    double zeros[] = {0.0, -0.0, 0.0, 5e-324, -5e-324}, error;
    gd_distinct_add(&d, zeros, 5);
    ck_assert_double_eq(gd_distinct_count(&d, &error), 3);
    free(d.room);
}
END_TEST

/* The one value whose hash is 0 is a value like any other: the hash taken back, step by step. */
START_TEST(the_value_whose_hash_is_nothing_counts_too)
{
    /* the finalizer maps 0 to 0 alone, and 0 is the bits of 0.0 */
    gd_distinct d = made(16);
    double x[] = {0, 1, 0, 2}, error;
    gd_distinct_add(&d, x, 4);
    ck_assert_double_eq(gd_distinct_count(&d, &error), 3);
    double more[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    gd_distinct_add(&d, more, 10);
    double estimate = gd_distinct_count(&d, &error);
    ck_assert_double_gt(error, 0);
    gd_distinct_add(&d, x, 4); /* known already */
    ck_assert_double_eq(gd_distinct_count(&d, &error), estimate);
    free(d.room);
}
END_TEST

/* Over many sets the estimates are off by what is stated: neither much more nor much less, and to
 * both sides. */
START_TEST(many_values_are_estimated_within_the_stated_error)
{
    static const size_t slots[] = {64, 512, 2048};
    static const int numbers[] = {5000, 20000, 100000};
    enum { SETS = 60 };
    double squares = 0, sum = 0, stated = 0;
    for (int k = 0; k < SETS; k++) {
        gd_distinct d = made(slots[_i]);
        for (int i = 0; i < numbers[_i]; i++) {
            double x[2] = {i + 1e7 * k, i / 2 + 1e7 * k};
            gd_distinct_add(&d, x, 2);
        }
        double got = gd_distinct_count(&d, &stated) / numbers[_i] - 1;
        ck_assert_double_lt(fabs(got), 5 * stated);
        squares += got * got;
        sum += got;
        free(d.room);
    }
    double rms = sqrt(squares / SETS), mean = sum / SETS;
    ck_assert_msg(rms > 0.6 * stated && rms < 1.4 * stated, "off by %g, stated %g", rms, stated);
    ck_assert_msg(fabs(mean) < 4 * stated / sqrt(SETS), "bias %g, stated %g", mean, stated);
}
END_TEST

/* ---- the kernels ---- */

enum { STRIP = 8, PITCH = 11, ROWS = 130 };

/* Of every size there is, with some missing. */
static void make_strip(double v[ROWS * PITCH])
{
    static const double odd[] = {0, -0.0, 5e-324, -5e-324, DBL_MIN, -DBL_MAX / 4, DBL_MAX / 4,
                                 0x1p52, -0x1p52 - 1, 0x1p53, 0.1, -0.5, 1023, -1024};
    gd_rng rng = gd_rng_seed(47, 0);
    for (int i = 0; i < ROWS * PITCH; i++) {
        double u = gd_rng_uniform(&rng) - 0.5;
        v[i] = i % 5 == 0   ? odd[i / 5 % (int)(sizeof odd / sizeof *odd)]
               : i % 7 == 0 ? ldexp(u, (int)(gd_rng_uniform(&rng) * 2000) - 1000)
                            : 200 * u;
    }
}

/* Each column alone, the plain way; and all widths give the same bits. */
START_TEST(kernels_find_what_plain_loops_do)
{
    static double v[ROWS * PITCH];
    make_strip(v);
    for (size_t k = 0; k < gd_kernels_count; k++) {
        const gd_kernels *kernels = gd_kernels_all[k];
        if (!gd_kernels_usable(kernels) || !kernels->strip_moments)
            continue;
        double mean[STRIP], min[STRIP], max[STRIP], squares[STRIP], rest[STRIP];
        kernels->strip_moments(v, PITCH, ROWS, 1. / ROWS, mean, min, max);
        kernels->strip_squares(v, PITCH, ROWS, mean, squares, rest);
        for (int j = 0; j < STRIP; j++) {
            double sum = 0, low = v[j], high = v[j], s = 0, r = 0;
            for (int i = 0; i < ROWS; i++) {
                double x = v[i * PITCH + j];
                sum += x * (1. / ROWS);
                low = x < low ? x : low;
                high = x > high ? x : high;
            }
            for (int i = 0; i < ROWS; i++) {
                double d = v[i * PITCH + j] - sum;
                s += d * d;
                r += d;
            }
            ck_assert_mem_eq(&mean[j], &sum, sizeof sum);
            ck_assert_double_eq(min[j], low);
            ck_assert_double_eq(max[j], high);
            ck_assert_mem_eq(&squares[j], &s, sizeof s);
            ck_assert_mem_eq(&rest[j], &r, sizeof r);
        }
    }
}
END_TEST

START_TEST(kernels_count_as_values_one_by_one_do)
{
    enum { BINS = 64, SLOTS = 2048 };
    static double v[ROWS * PITCH];
    static uint32_t bins[ROWS * STRIP], registers[ROWS * STRIP];
    static uint64_t hashes[ROWS * STRIP], room[2][SLOTS];
    make_strip(v);
    for (int i = 0; i < ROWS; i++) /* what histograms hold all of; and another whose bins are narrow */
        v[i * PITCH + 1] = 1e9 + i / 7.0;
    for (size_t k = 0; k < gd_kernels_count; k++) {
        const gd_kernels *kernels = gd_kernels_all[k];
        if (!gd_kernels_usable(kernels) || !kernels->strip_moments)
            continue;
        gd_histogram h[STRIP], want[STRIP];
        static uint32_t counts[STRIP][BINS + 1], wanted[STRIP][BINS + 1];
        double scale[STRIP], first[STRIP];
        for (int j = 0; j < STRIP; j++) {
            double x[ROWS], low = INFINITY, high = -INFINITY;
            for (int i = 0; i < ROWS; i++) {
                x[i] = v[i * PITCH + j];
                low = fmin(low, x[i]);
                high = fmax(high, x[i]);
            }
            gd_histogram_begin(&h[j], counts[j], BINS);
            gd_histogram_begin(&want[j], wanted[j], BINS);
            gd_histogram_reach(&h[j], low, high, &scale[j], &first[j]);
            gd_histogram_add(&want[j], x, ROWS, low, high);
        }
        kernels->strip_bins(v, PITCH, ROWS, scale, first, bins);
        for (int sketched = 0; sketched < 2; sketched++) {
            gd_distinct a, b;
            gd_distinct_begin(&a, room[0], SLOTS);
            gd_distinct_begin(&b, room[1], SLOTS);
            for (int i = 0; sketched && i < SLOTS; i++) {
                gd_distinct_add(&a, &(double){i}, 1);
                gd_distinct_add(&b, &(double){i}, 1);
            }
            kernels->strip_hashes(v, PITCH, ROWS, gd_distinct_bits(&a), hashes, registers);
            for (int j = 0; j < STRIP; j++) {
                gd_distinct_add_hashed(&a, hashes + j, registers + j, ROWS, STRIP);
                for (int i = 0; i < ROWS; i++)
                    gd_distinct_add(&b, &v[i * PITCH + j], 1);
                ck_assert_int_eq(a.sketched, sketched);
                ck_assert_mem_eq(room[0], room[1], sizeof room[0]);
            }
        }
        for (int j = 0; j < STRIP; j++) {
            gd_histogram_count(&h[j], bins + j, ROWS, STRIP);
            ck_assert_mem_eq(counts[j], wanted[j], sizeof counts[j]);
        }
    }
}
END_TEST

/* Some columns of a strip have missing values, some blocks of a column have none but those. */
START_TEST(missing_values_beside_others_are_left_out_of_their_column_alone)
{
    enum { MANY = 1000, COLS = 13 };
    double *X = calloc(MANY * COLS, sizeof *X), *one = calloc(MANY, sizeof *one);
    for (int i = 0; i < MANY * COLS; i++)
        X[i] = (i % COLS + 1) * sin(i);
    for (int i = 0; i < MANY; i++) {
        X[i * COLS + 3] = i % 3 ? X[i * COLS + 3] : NAN;
        X[i * COLS + 9] = i / 256 == 1 ? NAN : X[i * COLS + 9];
    }
    gd_summaries *s = gd_summaries_new(COLS, MANY);
    gd_summaries_add(s, 0, &(gd_data){.X = X, .rows = MANY, .cols = COLS});
    for (int j = 0; j < COLS; j++) {
        for (int i = 0; i < MANY; i++)
            one[i] = X[i * COLS + j];
        gd_summary want = summary_of(one, MANY, MANY), got;
        gd_summaries_get(s, (size_t)j, &got);
        ck_assert_uint_eq(got.missing, j == 3 ? 334 : j == 9 ? 256 : 0);
        assert_same(&got, &want, 1e-13);
    }
    gd_summaries_free(s);
    free(X);
    free(one);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("summary");
    tcase_add_test(tc, kernels_find_what_plain_loops_do);
    tcase_add_test(tc, kernels_count_as_values_one_by_one_do);
    tcase_add_test(tc, missing_values_beside_others_are_left_out_of_their_column_alone);
    tcase_add_test(tc, means_and_deviations_are_those_certified);
    tcase_add_test(tc, bins_of_a_grid_are_known);
    tcase_add_loop_test(tc, bins_hold_what_lies_between_their_ends, 0, KINDS);
    tcase_add_test(tc, a_value_alone_has_bins_around_it);
    tcase_add_test(tc, bins_that_begin_beyond_the_range_of_doubles_are_left_out);
    tcase_add_loop_test(tc, parts_in_any_order_give_the_same, 0, KINDS);
    tcase_add_test(tc, columns_of_either_precision_do_not_mix);
    tcase_add_test(tc, sparse_rows_are_described_as_if_filled_in);
    tcase_add_test(tc, a_column_without_values_says_so);
    tcase_add_test(tc, few_values_are_counted_exactly);
    tcase_add_test(tc, the_value_whose_hash_is_nothing_counts_too);
    tcase_add_loop_test(tc, many_values_are_estimated_within_the_stated_error, 0, 3);
    return run_case(tc, "summary");
}
