/* gd_param: checking, storing and describing a hyperparameter by its table row, on a struct
 * of the test's own with a row for each kind and each sort of range. */
#include "gd_limits.h"
#include "gd_param.h"
#include "problems.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct sample {
    unsigned char guard_a;
    double open, half, closed, above, below, any;
    uint64_t count, word;
    unsigned char guard_b;
    bool flag;
    unsigned char guard_c;
    uint64_t mode;
    gd_list sizes;
    unsigned char guard_d;
} sample;

static const char *const modes[] = {"slow", "fast", "warp", NULL};

#define ROW(member) .name = #member, .offset = offsetof(sample, member)

static const gd_param rows[] = {
    {ROW(open), .kind = GD_NUMBER, .def = 2.385, .min = -1.5, .max = 4.25, .min_open = true,
     .max_open = true},
    {ROW(half), .kind = GD_NUMBER, .def = 0.617, .min = 0, .max = 1, .max_open = true},
    {ROW(closed), .kind = GD_NUMBER, .def = -3, .min = -3, .max = 7},
    {ROW(above), .kind = GD_NUMBER, .def = 0.01, .min = 0, .min_open = true, .max = INFINITY},
    {ROW(below), .kind = GD_NUMBER, .def = -2, .min = -INFINITY, .max = -1},
    {ROW(any), .kind = GD_NUMBER, .def = 5, .min = -INFINITY, .max = INFINITY},
    {ROW(count), .kind = GD_INTEGER, .def = 12, .min = 1, .max = GD_MAX_EXACT_INTEGER},
    {ROW(word), .kind = GD_INTEGER, .def = 0, .min = 1, .max = 100, .word = "full",
     .word_value = 0},
    {ROW(flag), .kind = GD_BOOLEAN, .def = 1},
    {ROW(mode), .kind = GD_CHOICE, .def = 1, .choices = modes},
    {ROW(sizes), .kind = GD_LIST, .def = 100, .min = 1, .max = 500},
};
enum { OPEN, HALF, CLOSED, ABOVE, BELOW, ANY, COUNT, WORD, FLAG, MODE, SIZES, ROWS };

static sample fresh(void)
{
    sample s;
    memset(&s, 0xa5, sizeof s);
    gd_param_defaults(&s, rows, ROWS);
    return s;
}

static void accepts(int row, double value)
{
    sample s = fresh();
    gd_error err = {0};
    ck_assert_msg(gd_param_set(&s, &rows[row], value, &err) == GD_OK, "%s refused %g: %s",
                  rows[row].name, value, err.message);
    ck_assert_msg(gd_param_get(&s, &rows[row]) == value, "%s lost %.17g", rows[row].name, value);
}

static void refuses(int row, double value)
{
    sample s = fresh(), before = s;
    gd_error err = {0};
    ck_assert_msg(gd_param_set(&s, &rows[row], value, &err) == GD_INVALID, "%s took %.17g",
                  rows[row].name, value);
    ck_assert_mem_eq(&s, &before, sizeof s);
    ck_assert_int_eq(err.status, GD_INVALID);
    ck_assert_str_eq(err.field, rows[row].name);
    char rule[200];
    gd_param_rule(&rows[row], rule, sizeof rule);
    ck_assert_msg(strncmp(err.message, rule, strlen(rule)) == 0, "\"%s\" lacks the rule \"%s\"",
                  err.message, rule);
    ck_assert_int_eq(gd_param_set(&s, &rows[row], value, NULL), GD_INVALID);
}

START_TEST(defaults_fill_a_poisoned_struct_and_nothing_beside_it)
{
    sample s = fresh();
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq(gd_param_get(&s, &rows[i]), rows[i].def);
    ck_assert_double_eq(s.open, 2.385);
    ck_assert_uint_eq(s.count, 12);
    ck_assert(s.flag == true);
    ck_assert_uint_eq(s.mode, 1);
    ck_assert_uint_eq(s.sizes.count, 1);
    ck_assert_uint_eq(s.sizes.values[0], 100);
    ck_assert_uint_eq(s.guard_a, 0xa5);
    ck_assert_uint_eq(s.guard_b, 0xa5);
    ck_assert_uint_eq(s.guard_c, 0xa5);
    ck_assert_uint_eq(s.guard_d, 0xa5);
}
END_TEST

START_TEST(each_end_of_a_range_is_open_or_closed_as_its_row_says)
{
    refuses(OPEN, -1.5);
    accepts(OPEN, nextafter(-1.5, 0));
    accepts(OPEN, nextafter(4.25, 0));
    refuses(OPEN, 4.25);
    accepts(HALF, 0);
    refuses(HALF, -5e-324);
    refuses(HALF, 1);
    accepts(CLOSED, -3);
    refuses(CLOSED, nextafter(-3, -4));
    accepts(CLOSED, 7);
    refuses(CLOSED, nextafter(7, 8));
    refuses(ABOVE, 0);
    accepts(ABOVE, 5e-324);
    accepts(ABOVE, 1.7e308);
    accepts(BELOW, -1.7e308);
    accepts(BELOW, -1);
    refuses(BELOW, -0.999);
}
END_TEST

START_TEST(numbers_must_be_finite_whatever_the_range)
{
    for (int i = 0; i < ROWS; i++) {
        refuses(i, NAN);
        refuses(i, INFINITY);
        refuses(i, -INFINITY);
    }
}
END_TEST

START_TEST(integers_must_be_whole_and_exact_in_a_double)
{
    accepts(COUNT, 1);
    accepts(COUNT, 9007199254740991.0);
    refuses(COUNT, 9007199254740994.0);
    refuses(COUNT, 2.5);
    refuses(COUNT, 0);
    refuses(COUNT, -1);
    refuses(COUNT, 1e300);
}
END_TEST

START_TEST(the_value_of_the_word_is_accepted_outside_the_range)
{
    accepts(WORD, 0);
    accepts(WORD, 1);
    accepts(WORD, 100);
    refuses(WORD, 101);
    refuses(WORD, -1);
    refuses(WORD, 0.5);
}
END_TEST

START_TEST(booleans_are_0_or_1)
{
    accepts(FLAG, 0);
    accepts(FLAG, 1);
    refuses(FLAG, 2);
    refuses(FLAG, 0.5);
    refuses(FLAG, -1);
}
END_TEST

START_TEST(a_choice_is_the_index_of_a_word)
{
    for (int i = 0; i < 3; i++)
        accepts(MODE, i);
    refuses(MODE, 3);
    refuses(MODE, -1);
    refuses(MODE, 0.5);
    refuses(MODE, 1e300);
    ck_assert_uint_eq(gd_param_choices(&rows[MODE]), 3);
}
END_TEST

START_TEST(a_list_takes_whole_numbers_of_its_range)
{
    accepts(SIZES, 1);
    accepts(SIZES, 500);
    refuses(SIZES, 0);
    refuses(SIZES, 501);
    refuses(SIZES, 2.5);
    sample s = fresh();
    const uint64_t values[GD_MAX_LIST + 1] = {7, 500, 1, 4, 5, 6, 7, 8, 9};
    for (size_t n = 0; n <= GD_MAX_LIST; n++) {
        ck_assert_int_eq(gd_param_set_list(&s, &rows[SIZES], values, n, NULL), GD_OK);
        gd_list list = gd_param_list(&s, &rows[SIZES]);
        ck_assert_uint_eq(list.count, n);
        ck_assert_mem_eq(list.values, values, n * sizeof *values);
        double first = gd_param_get(&s, &rows[SIZES]);
        ck_assert(n ? first == 7 : isnan(first));
        ck_assert_uint_eq(s.mode, 1);
        ck_assert_uint_eq(s.guard_c, 0xa5);
        ck_assert_uint_eq(s.guard_d, 0xa5);
    }
}
END_TEST

START_TEST(a_list_that_is_too_long_or_has_a_bad_value_is_refused_as_a_whole)
{
    sample s = fresh(), before = s;
    gd_error err = {0};
    const uint64_t many[GD_MAX_LIST + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, bad[] = {3, 0, 4},
                   huge[] = {UINT64_MAX};
    ck_assert_int_eq(gd_param_set_list(&s, &rows[SIZES], many, GD_MAX_LIST + 1, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "sizes");
    ck_assert_str_eq(err.message,
                     "must be an array of at most 8 whole numbers in [1, 500], got 9 of them");
    ck_assert_int_eq(gd_param_set_list(&s, &rows[SIZES], bad, 3, &err), GD_INVALID);
    ck_assert_str_eq(err.message, "must be an array of at most 8 whole numbers in [1, 500], got 0");
    ck_assert_int_eq(gd_param_set_list(&s, &rows[SIZES], huge, 1, NULL), GD_INVALID);
    ck_assert_mem_eq(&s, &before, sizeof s);
}
END_TEST

START_TEST(the_row_of_a_single_value_of_a_list_is_that_of_a_whole_number)
{
    uint64_t value = 0;
    char buf[200];
    gd_param p = gd_param_element(&rows[SIZES]);
    ck_assert_int_eq(gd_param_set(&value, &p, 42, NULL), GD_OK);
    ck_assert_uint_eq(value, 42);
    ck_assert_str_eq(gd_param_rule(&p, buf, sizeof buf), "must be a whole number in [1, 500]");
}
END_TEST

START_TEST(setting_one_member_leaves_the_others_alone)
{
    for (int i = 0; i < ROWS; i++) {
        sample s = fresh();
        double value = i == FLAG ? 0 : i == BELOW ? -7 : i == HALF ? 0.5 : i == MODE ? 2 : 3;
        ck_assert_int_eq(gd_param_set(&s, &rows[i], value, NULL), GD_OK);
        for (int j = 0; j < ROWS; j++)
            ck_assert_double_eq(gd_param_get(&s, &rows[j]), j == i ? value : rows[j].def);
        ck_assert_uint_eq(s.guard_a, 0xa5);
        ck_assert_uint_eq(s.guard_b, 0xa5);
        ck_assert_uint_eq(s.guard_c, 0xa5);
        ck_assert_uint_eq(s.guard_d, 0xa5);
    }
}
END_TEST

START_TEST(rules_read_as_sentences)
{
    static const char *const want[ROWS] = {
        [OPEN] = "must be a finite number in (-1.5, 4.25)",
        [HALF] = "must be a finite number in [0, 1)",
        [CLOSED] = "must be a finite number in [-3, 7]",
        [ABOVE] = "must be a finite number greater than 0",
        [BELOW] = "must be a finite number of at most -1",
        [ANY] = "must be a finite number",
        [COUNT] = "must be a whole number in [1, 9007199254740991]",
        [WORD] = "must be a whole number in [1, 100], or \"full\"",
        [FLAG] = "must be true or false",
        [MODE] = "must be one of \"slow\", \"fast\", \"warp\"",
        [SIZES] = "must be an array of at most 8 whole numbers in [1, 500]",
    };
    char buf[200];
    for (int i = 0; i < ROWS; i++) {
        ck_assert_str_eq(gd_param_rule(&rows[i], buf, sizeof buf), want[i]);
        char small[9];
        gd_param_rule(&rows[i], small, sizeof small);
        ck_assert_str_eq(small, "must be ");
    }
}
END_TEST

START_TEST(refusals_quote_the_value)
{
    sample s = fresh();
    gd_error err = {0};
    ck_assert_int_eq(gd_param_set(&s, &rows[HALF], -2.5, &err), GD_INVALID);
    ck_assert_str_eq(err.message, "must be a finite number in [0, 1), got -2.5");
    ck_assert_int_eq(gd_param_set(&s, &rows[WORD], 250, &err), GD_INVALID);
    ck_assert_str_eq(err.message, "must be a whole number in [1, 100], or \"full\", got 250");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("param");
    tcase_add_test(tc, defaults_fill_a_poisoned_struct_and_nothing_beside_it);
    tcase_add_test(tc, each_end_of_a_range_is_open_or_closed_as_its_row_says);
    tcase_add_test(tc, numbers_must_be_finite_whatever_the_range);
    tcase_add_test(tc, integers_must_be_whole_and_exact_in_a_double);
    tcase_add_test(tc, the_value_of_the_word_is_accepted_outside_the_range);
    tcase_add_test(tc, booleans_are_0_or_1);
    tcase_add_test(tc, a_choice_is_the_index_of_a_word);
    tcase_add_test(tc, a_list_takes_whole_numbers_of_its_range);
    tcase_add_test(tc, a_list_that_is_too_long_or_has_a_bad_value_is_refused_as_a_whole);
    tcase_add_test(tc, the_row_of_a_single_value_of_a_list_is_that_of_a_whole_number);
    tcase_add_test(tc, setting_one_member_leaves_the_others_alone);
    tcase_add_test(tc, rules_read_as_sentences);
    tcase_add_test(tc, refusals_quote_the_value);
    return run_case(tc, "param");
}
