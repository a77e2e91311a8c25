/* gd_kernels: the inner loops against exact values and long double. */
#include "gd_kernels.h"
#include "problems.h"

#include <float.h>
#include <string.h>

/* Small integers: every order of summation is exact. */
START_TEST(dot_of_integers_is_exact_at_every_length)
{
    double a[70], b[70];
    for (int i = 0; i < 70; i++) {
        a[i] = 3 * i - 50;
        b[i] = (7 * i) % 23 - 11;
    }
    double want = 0;
    for (size_t n = 0; n <= 70; n++) {
        ck_assert_double_eq(gd_dot(a, b, n), want);
        if (n < 70)
            want += a[n] * b[n];
    }
}
END_TEST

/* Each of the n products and sums may be off by eps of what it holds, at most sum |a b|. */
START_TEST(dot_is_as_accurate_as_its_summands_allow)
{
    enum { N = 1003 };
    double a[N], b[N];
    uint64_t seed = 1;
    long double want = 0, size = 0;
    for (int i = 0; i < N; i++) {
        a[i] = random_signed(&seed) * 1e3;
        b[i] = random_signed(&seed);
        want += (long double)a[i] * b[i];
        size += fabsl((long double)a[i] * b[i]);
    }
    double bound = (double)size * DBL_EPSILON * (N / 8 + 4);
    assert_near(gd_dot(a, b, N), (double)want, bound);
}
END_TEST

START_TEST(axpy_adds_and_touches_only_its_values)
{
    double x[] = {1, -2.5, 4, 8.25, -16}, y[] = {10, 20, 30, 40, 50};
    gd_axpy(-0.5, x, y, 4);
    double want[] = {9.5, 21.25, 28, 35.875, 50};
    assert_same_bits(y, want, 5);
    gd_axpy(3, x, y, 0);
    assert_same_bits(y, want, 5);
}
END_TEST

START_TEST(norm_of_pythagorean_numbers)
{
    double v[] = {2, -3, 6}; /* 4 + 9 + 36 = 49 */
    assert_close(gd_norm(v, 3), 7, 2 * DBL_EPSILON);
    ck_assert_double_eq(gd_norm(v, 0), 0);
    double zero[] = {0, -0.0, 0};
    ck_assert_double_eq(gd_norm(zero, 3), 0);
    double one[] = {-2.385};
    ck_assert_double_eq(gd_norm(one, 1), 2.385);
}
END_TEST

START_TEST(norm_survives_squares_that_overflow)
{
    double v[] = {3e300, -4e300, 0};
    assert_close(gd_norm(v, 3), 5e300, 4 * DBL_EPSILON);
    double largest[] = {DBL_MAX / 2, DBL_MAX / 2};
    assert_close(gd_norm(largest, 2), DBL_MAX / 2 * sqrt(2), 4 * DBL_EPSILON);
    double out_of_range[] = {DBL_MAX, DBL_MAX};
    ck_assert(isinf(gd_norm(out_of_range, 2)));
}
END_TEST

START_TEST(norm_survives_squares_that_underflow)
{
    double v[] = {3e-300, 4e-300};
    assert_close(gd_norm(v, 2), 5e-300, 4 * DBL_EPSILON);
    double smallest[] = {3 * 0x1p-1074, 4 * 0x1p-1074}; /* subnormal: 5 units is exact */
    ck_assert_double_eq(gd_norm(smallest, 2), 5 * 0x1p-1074);
}
END_TEST

START_TEST(norm_hands_on_nan_and_infinity)
{
    double v[] = {1, INFINITY, 2}, w[] = {INFINITY, NAN}, u[] = {NAN, 1};
    ck_assert(isinf(gd_norm(v, 3)));
    ck_assert(isnan(gd_norm(w, 2)));
    ck_assert(isnan(gd_norm(u, 2)));
}
END_TEST

START_TEST(sum_tree_of_integers_is_exact_for_every_count)
{
    enum { MOST = 70, LEN = 3 };
    for (size_t count = 1; count <= MOST; count++) {
        double v[MOST * LEN + 1], want[LEN] = {0};
        for (size_t i = 0; i < count * LEN; i++) {
            v[i] = (double)((i * 37) % 101) - 50;
            want[i % LEN] += v[i];
        }
        v[count * LEN] = 12345; /* behind the last row */
        gd_sum_tree(v, count, LEN);
        assert_same_bits(v, want, LEN);
        ck_assert_double_eq(v[count * LEN], 12345);
    }
}
END_TEST

/* The order is part of the promise: pairs by row number, then pairs of pairs. Numbers of
 * 1 and 1e16, where 1 is lost against 1e16, tell orders apart. */
START_TEST(sum_tree_adds_pairs_by_row_number)
{
    double v[] = {1, 1e16, -1e16, 1, 3};
    volatile double first = v[0] + v[1], second = v[2] + v[3], four = first + second;
    volatile double left = v[0] + v[1];
    left = left + v[2];
    left = left + v[3];
    left = left + v[4];
    double pairwise = four + v[4];
    ck_assert_double_ne(pairwise, left); /* or this test could not fail */
    gd_sum_tree(v, 5, 1);
    ck_assert_double_eq(v[0], pairwise);
}
END_TEST

/* Pairwise sums lose log2(n) roundings, one after the other would lose n: 20 against 2^20. */
START_TEST(sum_tree_keeps_its_digits_over_many_rows)
{
    enum { N = 1 << 20 };
    static double v[N];
    for (size_t i = 0; i < N; i++)
        v[i] = 0.1;
    gd_sum_tree(v, N, 1);
    assert_close(v[0], 0.1 * N, 20 * DBL_EPSILON);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("kernels");
    tcase_add_test(tc, dot_of_integers_is_exact_at_every_length);
    tcase_add_test(tc, dot_is_as_accurate_as_its_summands_allow);
    tcase_add_test(tc, axpy_adds_and_touches_only_its_values);
    tcase_add_test(tc, norm_of_pythagorean_numbers);
    tcase_add_test(tc, norm_survives_squares_that_overflow);
    tcase_add_test(tc, norm_survives_squares_that_underflow);
    tcase_add_test(tc, norm_hands_on_nan_and_infinity);
    tcase_add_test(tc, sum_tree_of_integers_is_exact_for_every_count);
    tcase_add_test(tc, sum_tree_adds_pairs_by_row_number);
    tcase_add_test(tc, sum_tree_keeps_its_digits_over_many_rows);
    return run_case(tc, "kernels");
}
