/* gd_split: rows set aside, against the quotas counted here. */
#include "gd_split.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 300

/* The split as a set: each row once, both sides ascending. */
static size_t split(const gd_data *d, double fraction, uint64_t seed, uint32_t *index)
{
    gd_error err = {0};
    bool seen[MAX_ROWS] = {false};
    index[d->rows] = 12345;
    size_t train = gd_split(d, fraction, seed, index, &err);
    ck_assert_msg(train > 0, "%s", err.message);
    ck_assert_uint_lt(train, d->rows);
    ck_assert_uint_eq(index[d->rows], 12345);
    for (size_t i = 0; i < d->rows; i++) {
        ck_assert_uint_lt(index[i], d->rows);
        ck_assert_msg(!seen[index[i]], "row %u is there twice", index[i]);
        seen[index[i]] = true;
        if (i > 0 && i != train)
            ck_assert_uint_gt(index[i], index[i - 1]);
    }
    return train;
}

START_TEST(the_fraction_is_set_aside)
{
    problem p = problem_random(MAX_ROWS, 1, 0, 321);
    uint32_t index[MAX_ROWS + 1];
    const size_t rows[] = {2, 3, 10, 77, MAX_ROWS};
    const double fractions[] = {0.5, 0.2, 0.25, 0.7};
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < 4; b++) {
            p.data.rows = rows[a];
            size_t want = (size_t)floor(fractions[b] * (double)rows[a] + 0.5);
            if (want == rows[a])
                want--;
            if (want == 0)
                continue;
            ck_assert_uint_eq(rows[a] - split(&p.data, fractions[b], 7, index), want);
        }
    problem_free(&p);
}
END_TEST

/* 200 rows of class 0, 90 of class 1, 9 of class 2 and a single one of class 3. */
static problem uneven(void)
{
    problem p = problem_random(MAX_ROWS, 1, 0, 322);
    for (size_t i = 0; i < MAX_ROWS; i++)
        p.targets[i] = i % 3 ? 0 : i % 30 ? 1 : i == 30 ? 3 : 2;
    p.data.classes = 4;
    return p;
}

START_TEST(of_classes_the_fraction_of_each_is_set_aside)
{
    problem p = uneven();
    size_t of[4] = {0};
    for (size_t i = 0; i < MAX_ROWS; i++)
        of[(int)p.targets[i]]++;
    uint32_t index[MAX_ROWS + 1];
    const double fractions[] = {0.1, 0.2, 0.37, 0.9};
    for (int k = 0; k < 4; k++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            size_t aside[4] = {0}, train = split(&p.data, fractions[k], seed, index);
            for (size_t i = train; i < MAX_ROWS; i++)
                aside[(int)p.targets[index[i]]]++;
            for (int c = 0; c < 4; c++) {
                size_t want = (size_t)floor(fractions[k] * (double)of[c] + 0.5);
                ck_assert_uint_eq(aside[c], want < of[c] ? want : of[c] - 1);
            }
        }
    problem_free(&p);
}
END_TEST

START_TEST(the_choice_is_the_seeds)
{
    problem p = uneven();
    uint32_t a[MAX_ROWS + 1], b[MAX_ROWS + 1];
    int hits[MAX_ROWS] = {0};
    for (uint64_t seed = 0; seed < 200; seed++) {
        size_t train = split(&p.data, 0.25, seed, a);
        split(&p.data, 0.25, seed, b);
        assert_same_bits(a, b, MAX_ROWS);
        split(&p.data, 0.25, seed + 1, b);
        ck_assert(memcmp(a, b, MAX_ROWS * sizeof *a) != 0);
        for (size_t i = train; i < MAX_ROWS; i++)
            hits[a[i]]++;
    }
    /* every row has its turn: 200 draws of 1/4 are 50, with a deviation of 6 */
    for (size_t i = 0; i < MAX_ROWS; i++)
        if (p.targets[i] < 2)
            ck_assert_msg(hits[i] > 20 && hits[i] < 80, "row %zu: %d of 200", i, hits[i]);
    problem_free(&p);
}
END_TEST

START_TEST(a_side_without_rows_is_refused)
{
    problem p = problem_random(10, 1, 0, 323);
    uint32_t index[10];
    gd_error err = {0};
    ck_assert_uint_eq(gd_split(&p.data, 0.04, 0, index, &err), 0);
    ck_assert_int_eq(err.status, GD_INVALID);
    ck_assert_str_eq(err.field, "validation_fraction");
    ck_assert_ptr_nonnull(strstr(err.message, "0.04 of 10 rows"));
    ck_assert_uint_eq(gd_split(&p.data, 0.04, 0, index, NULL), 0);
    p.data.rows = 1; /* the one row is trained on */
    ck_assert_uint_eq(gd_split(&p.data, 0.9, 0, index, &err), 0);
    /* a row of each class: none can be spared */
    const double x[] = {1, 2, 3}, y[] = {0, 1, 2};
    problem q = problem_of(x, y, 3, 1);
    q.data.classes = 3;
    ck_assert_uint_eq(gd_split(&q.data, 0.5, 0, index, &err), 0);
    ck_assert_str_eq(err.field, "validation_fraction");
    problem_free(&p);
    problem_free(&q);
}
END_TEST

/* ---- folds ---- */

START_TEST(folds_differ_by_a_row_at_most_and_so_do_their_classes)
{
    problem p = uneven();
    uint32_t fold[MAX_ROWS], again[MAX_ROWS];
    gd_error err;
    for (size_t k = 2; k < 12; k += 3) {
        size_t rows[12] = {0}, of_class[12][4] = {{0}};
        ck_assert_int_eq(gd_folds(&p.data, k, 5, fold, &err), GD_OK);
        for (size_t i = 0; i < MAX_ROWS; i++) {
            ck_assert_uint_lt(fold[i], k);
            rows[fold[i]]++;
            of_class[fold[i]][(size_t)p.targets[i]]++;
        }
        for (size_t f = 0; f < k; f++) {
            ck_assert_uint_le(rows[f] - MAX_ROWS / k, 1);
            ck_assert_uint_le(of_class[f][0] - 200 / k, 1);
            ck_assert_uint_le(of_class[f][1] - 90 / k, 1);
            ck_assert_uint_le(of_class[f][2] - 9 / k, 1);
        }
        ck_assert_int_eq(gd_folds(&p.data, k, 5, again, &err), GD_OK);
        ck_assert_mem_eq(fold, again, sizeof fold);
        ck_assert_int_eq(gd_folds(&p.data, k, 6, again, &err), GD_OK);
        ck_assert_mem_ne(fold, again, sizeof fold);
    }
    problem_free(&p);
}
END_TEST

START_TEST(more_folds_than_rows_are_refused)
{
    problem p = problem_random(5, 1, 0, 324);
    uint32_t fold[5];
    gd_error err = {0};
    ck_assert_int_eq(gd_folds(&p.data, 5, 0, fold, &err), GD_OK);
    const size_t bad[] = {0, 1, 6};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(gd_folds(&p.data, bad[i], 0, fold, &err), GD_INVALID);
        ck_assert_str_eq(err.field, "cross_validation");
    }
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("split");
    tcase_add_test(tc, the_fraction_is_set_aside);
    tcase_add_test(tc, of_classes_the_fraction_of_each_is_set_aside);
    tcase_add_test(tc, the_choice_is_the_seeds);
    tcase_add_test(tc, a_side_without_rows_is_refused);
    tcase_add_test(tc, folds_differ_by_a_row_at_most_and_so_do_their_classes);
    tcase_add_test(tc, more_folds_than_rows_are_refused);
    return run_case(tc, "split");
}
