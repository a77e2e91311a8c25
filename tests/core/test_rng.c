/* gd_rng: the generator against a second implementation (golden/rng.py) and published outputs,
 * and what is drawn from it against its distribution. All seeds are fixed, so a pass is a pass. */
#include "gd_rng.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

START_TEST(streams_match_the_second_implementation)
{
    static const struct {
        uint64_t seed, stream, out[4];
    } want[] = {
        {0, 0, {0xfb5405f7bd79c540, 0x780c98e26cea5883, 0x2a146e0980febc66, 0x4851477db8791fca}},
        {0, 1, {0x5ada691ac1abbef3, 0x587b6689919a8f33, 0x460b8551c91a1fe3, 0xa5171f4113148828}},
        {42, 0, {0x19e479e2aaa77bfb, 0x5e3efe753be27527, 0xc3ed7125b780200a, 0x85b911e2152f876e}},
        {42, 7, {0x62737c38a122f17b, 0xea6ebb82a9ba9daf, 0xd441ca1af7a73d34, 0x98876492b1a0996a}},
        {9007199254740992u,
         999,
         {0x11debc5a9240d137, 0x15ec84d0d98baef0, 0x31ad8863cc43e3e3, 0xb3ac974d6927f191}},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        gd_rng r = gd_rng_seed(want[i].seed, want[i].stream);
        for (size_t k = 0; k < 4; k++)
            ck_assert_uint_eq(gd_rng_next(&r), want[i].out[k]);
    }
}
END_TEST

/* The outputs that the tests of the Rust crate rand_xoshiro expect of this state. */
START_TEST(xoshiro256starstar_matches_the_published_outputs)
{
    static const uint64_t want[10] = {
        11520u,
        0u,
        1509978240u,
        1215971899390074240u,
        1216172134540287360u,
        607988272756665600u,
        16172922978634559625u,
        8476171486693032832u,
        10595114339597558777u,
        2904607092377533576u,
    };
    gd_rng r = {{1, 2, 3, 4}};
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(gd_rng_next(&r), want[i]);
}
END_TEST

START_TEST(seeds_and_streams_differ)
{
    for (uint64_t a = 0; a < 20; a++)
        for (uint64_t b = 0; b < a; b++) {
            gd_rng s1 = gd_rng_seed(a, 3), s2 = gd_rng_seed(b, 3);
            gd_rng t1 = gd_rng_seed(3, a), t2 = gd_rng_seed(3, b);
            ck_assert_uint_ne(gd_rng_next(&s1), gd_rng_next(&s2));
            ck_assert_uint_ne(gd_rng_next(&t1), gd_rng_next(&t2));
        }
}
END_TEST

/* Pearson's chi-square of counts that should be equal. */
static double chi_square(const double *count, size_t cells, double draws)
{
    double each = draws / (double)cells, sum = 0;
    for (size_t i = 0; i < cells; i++)
        sum += (count[i] - each) * (count[i] - each) / each;
    return sum;
}

/* n = 3 * 2^30: multiply-and-shift without rejection gives the multiples of 3 twice the share
 * of the others, which would make this chi-square about 25000. 99.99 % of fair ones with two
 * degrees of freedom are below 18.4. */
START_TEST(below_is_unbiased_where_rejection_matters)
{
    enum { DRAWS = 200000 };
    double count[3] = {0};
    gd_rng r = gd_rng_seed(11, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t v = gd_rng_below(&r, 3u << 30);
        ck_assert_uint_lt(v, 3u << 30);
        count[v % 3]++;
    }
    ck_assert_double_lt(chi_square(count, 3, DRAWS), 18.4);
}
END_TEST

/* 99.99 % of fair chi-squares with 12 degrees of freedom are below 39.1. */
START_TEST(below_is_uniform_over_a_small_range)
{
    enum { DRAWS = 130000 };
    double count[13] = {0};
    gd_rng r = gd_rng_seed(12, 0);
    for (int i = 0; i < DRAWS; i++)
        count[gd_rng_below(&r, 13)]++;
    ck_assert_double_lt(chi_square(count, 13, DRAWS), 39.1);
}
END_TEST

START_TEST(below_one_is_zero)
{
    gd_rng r = gd_rng_seed(5, 5);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(gd_rng_below(&r, 1), 0);
}
END_TEST

/* The mean of 100000 uniform numbers has a standard deviation of 0.0009, their mean square
 * one of 0.001; 5 of them are allowed. */
START_TEST(uniform_numbers_lie_in_the_unit_interval_with_its_moments)
{
    enum { DRAWS = 100000 };
    gd_rng r = gd_rng_seed(13, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = gd_rng_uniform(&r);
        ck_assert(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    assert_near(sum / DRAWS, 1 / 2., 5 * 0.0009);
    assert_near(squares / DRAWS, 1 / 3., 5 * 0.001);
}
END_TEST

/* All bits set must not round up to 1. */
START_TEST(uniform_is_below_one_even_for_the_largest_output)
{
    /* rotl(s1 * 5, 7) * 9 is all ones for this s1. */
    uint64_t ninth = 0x8e38e38e38e38e39u, fifth = 0xcccccccccccccccdu;
    uint64_t x = UINT64_MAX * ninth;
    x = (x >> 7 | x << 57) * fifth;
    gd_rng r = {{1, x, 2, 3}}, same = r;
    ck_assert_uint_eq(gd_rng_next(&same), UINT64_MAX);
    ck_assert_double_eq(gd_rng_uniform(&r), 1 - 0x1.0p-53);
}
END_TEST

START_TEST(a_permutation_holds_every_row_once)
{
    const size_t sizes[] = {1, 2, 3, 17, 1000, 5000};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t n = sizes[k], moved = 0;
        uint32_t *index = calloc(n + 1, sizeof *index);
        unsigned char *seen = calloc(n, 1);
        index[n] = 0xdeadbeef;
        gd_rng r = gd_rng_seed(14, k);
        gd_rng_permutation(&r, index, n);
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_lt(index[i], n);
            ck_assert_msg(!seen[index[i]]++, "row %u comes twice", index[i]);
            moved += index[i] != i;
        }
        ck_assert_uint_eq(index[n], 0xdeadbeef);
        ck_assert_msg(n < 17 || moved > n / 2, "%zu of %zu rows moved", moved, n);
        free(index);
        free(seen);
    }
}
END_TEST

/* All 24 orders of four rows, equally often: 99.99 % of fair chi-squares with 23 degrees of
 * freedom are below 57.1. */
START_TEST(every_order_is_equally_likely)
{
    enum { DRAWS = 48000 };
    double count[256] = {0}, orders[24];
    size_t found = 0;
    gd_rng r = gd_rng_seed(15, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t v[4];
        gd_rng_permutation(&r, v, 4);
        count[v[0] << 6 | v[1] << 4 | v[2] << 2 | v[3]]++;
    }
    for (size_t i = 0; i < 256; i++)
        if (count[i] > 0) {
            ck_assert_uint_lt(found, 24);
            orders[found++] = count[i];
        }
    ck_assert_uint_eq(found, 24);
    ck_assert_double_lt(chi_square(orders, 24, DRAWS), 57.1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rng");
    tcase_add_test(tc, streams_match_the_second_implementation);
    tcase_add_test(tc, xoshiro256starstar_matches_the_published_outputs);
    tcase_add_test(tc, seeds_and_streams_differ);
    tcase_add_test(tc, below_is_unbiased_where_rejection_matters);
    tcase_add_test(tc, below_is_uniform_over_a_small_range);
    tcase_add_test(tc, below_one_is_zero);
    tcase_add_test(tc, uniform_numbers_lie_in_the_unit_interval_with_its_moments);
    tcase_add_test(tc, uniform_is_below_one_even_for_the_largest_output);
    tcase_add_test(tc, a_permutation_holds_every_row_once);
    tcase_add_test(tc, every_order_is_equally_likely);
    return run_case(tc, "rng");
}
