/* LIBSVM and SVMlight: sparse rows, however they are cut. */
#include "api_limits.h"
#include "readings.h"

#include <math.h>

extern const api_format api_format_libsvm, api_format_json;

static const api_read_options trains = {.labelled = true}, predicts = {.in_order = true};

static reading read(const api_read_options *o, const char *text)
{
    return read_with(&api_format_libsvm, o, 0, text, strlen(text));
}

#define assert_entries(r, ...)                                                                     \
    same_numbers("columns", &(r).columns, (const double[]){__VA_ARGS__},                           \
                 sizeof(const double[]){__VA_ARGS__} / sizeof(double))
#define assert_ends(r, ...)                                                                        \
    same_numbers("ends", &(r).ends, (const double[]){__VA_ARGS__},                                 \
                 sizeof(const double[]){__VA_ARGS__} / sizeof(double))

START_TEST(rows_are_their_entries)
{
    reading r = read(&trains, "+1 1:0.5 3:1\n-1 2:2.5e-3\n0\n");
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert(r.set.sparse && !r.set.columns && !r.set.labels);
    ck_assert_uint_eq(r.set.rows, 3);
    ck_assert_uint_eq(r.set.cols, 3);
    ck_assert_uint_eq(r.set.entries, 3);
    ck_assert_uint_eq(r.set.first_number, 1);
    ck_assert_str_eq(r.set.target, "y");
    ck_assert_str_eq(r.set.name, "");
    assert_values(r, 0.5, 1, 2.5e-3);
    assert_targets(r, 1, -1, 0);
    assert_entries(r, 0, 2, 1);
    assert_ends(r, 2, 3, 3);
    reading_free(&r);
}
END_TEST

/* What may stand around the entries changes nothing. */
START_TEST(spaces_comments_queries_and_line_ends_are_passed_over)
{
    static const char *const same[] = {
        "1 1:2 3:4\n2 2:5\n",
        "1 1:2 3:4\n2 2:5",
        "1 1:2 3:4\r\n2 2:5\r\n",
        "\xef\xbb\xbf"
        "1 1:2 3:4\n2 2:5\n",
        "# a file\n\n  1\t1:2   3:4 \n \n2 2:5 # the end\n#\n",
        "1 1:2 3:4#nothing\n2 2:5#",
        "1 qid:7 1:2 3:4\n2 qid:8 2:5\n",
        "+1.0 01:2.0 3:40e-1\n+2 2:+5\n",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        reading r = read(&trains, same[i]);
        ck_assert_msg(r.ok, "%s: %s", same[i], problem_text(&r.p));
        assert_values(r, 2, 4, 5);
        assert_targets(r, 1, 2);
        assert_entries(r, 0, 2, 1);
        assert_ends(r, 2, 3);
        reading_free(&r);
    }
}
END_TEST

START_TEST(zeros_are_no_entries_but_widen_the_rows)
{
    reading r = read(&trains, "1 1:0 2:1 9:-0.0\n");
    ck_assert_uint_eq(r.set.cols, 9);
    ck_assert_uint_eq(r.set.entries, 1);
    assert_entries(r, 1);
    reading_free(&r);
}
END_TEST

START_TEST(the_query_gives_the_width_and_the_base)
{
    const api_read_options o = {
        .labelled = true, .width = 7, .index_from_0 = true, .name = "n", .target = "t"};
    reading r = read(&o, "1 0:1 6:2\n");
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.cols, 7);
    ck_assert_uint_eq(r.set.first_number, 0);
    ck_assert_str_eq(r.set.name, "n");
    ck_assert_str_eq(r.set.target, "t");
    assert_entries(r, 0, 6);
    reading_free(&r);
    const refusal beyond = {"1 7:1\n", API_INVALID, "row 1, column \"7\"",
                            "is beyond the 7 columns that the query gives"};
    assert_refused(&api_format_libsvm, &o, &beyond, strlen(beyond.text));
}
END_TEST

START_TEST(targets_may_be_labels)
{
    reading r = read(&trains, "low 1:1\nhigh 2:1\nlow\n");
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_labels(&r, "low|high");
    assert_targets(r, 0, 1, 0);
    reading_free(&r);
}
END_TEST

START_TEST(rows_to_predict_for_may_leave_the_target_out)
{
    reading r = read(&predicts, "1 1:2\n3:4\nspam 2:5\n1\n");
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert(!r.set.target && !r.set.labels && r.targets.n == 0);
    assert_entries(r, 0, 2, 1);
    assert_ends(r, 1, 2, 3, 3);
    reading_free(&r);
}
END_TEST

START_TEST(what_is_wrong_is_told_by_its_place)
{
    static const refusal list[] = {
        {"", API_INVALID, "", "the body is empty"},
        {"# nothing\n\n", API_INVALID, "", "the body is empty"},
        {"1\n2\n", API_INVALID, "rows", "have no feature"},
        {"1 1:2\n\n2 3:1 2:1\n", API_INVALID, "row 2, column \"2\"",
         "\"2:1\" has a lower index than the one before: they must ascend (line 3, byte 13)"},
        {"1 3:1 3:2\n", API_INVALID, "row 1, column \"3\"", "has the index of the one before"},
        {"1 0:1\n", API_INVALID, "row 1, column \"0\"", "say ?index_base=0"},
        {"1 1:1\n2 17:x\n", API_INVALID, "row 2, column \"17\"",
         "\"17:x\" is not a number (line 2, byte 8)"},
        {"1 1:nan\n", API_INVALID, "row 1, column \"1\"", "is not a finite number"},
        {"1 1:-Inf\n", API_INVALID, "row 1, column \"1\"", "is not a finite number"},
        {"1 1:1e999\n", API_INVALID, "row 1, column \"1\"", "beyond the range of double"},
        {"1 1:\n", API_INVALID, "row 1, column \"1\"", "is not a number"},
        {"1 1:2:3\n", API_INVALID, "row 1, column \"1\"", "is not a number"},
        {"1 :2\n", API_INVALID, "row 1", "\":2\" is not a feature like 3:1.5"},
        {"1 2\n", API_INVALID, "row 1", "\"2\" is not a feature like 3:1.5"},
        {"1 -1:2\n", API_INVALID, "row 1", "\"-1:2\" is not a feature"},
        {"1 x:2\n", API_INVALID, "row 1", "\"x:2\" is not a feature"},
        {"1 qid:x 1:1\n", API_INVALID, "row 1", "is not the number of a query"},
        {"1 1:1 qid:2\n", API_INVALID, "row 1", "is not a feature"},
        {"1:2 2:3\n", API_INVALID, "row 1", "stands where the row's target should be"},
        {"1,3 1:1\n", API_INVALID, "row 1", "is several targets"},
        {"1 1:1\nx 1:1\n", API_INVALID, "row 2", "\"x\" is not a number (line 2, byte 6)"},
        {"nan 1:1\n", API_INVALID, "row 1", "is not a finite number"},
        {"1 1048577:1\n", API_INVALID, "row 1, column \"1048577\"", "beyond the 1048576 columns"},
        {"1 99999999999999999999:1\n", API_INVALID, "row 1, column \"99999999999999999999\"",
         "beyond the 1048576 columns"},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        assert_refused(&api_format_libsvm, &trains, &list[i], strlen(list[i].text));
    const refusal nul = {"1 1:\0001\n", API_INVALID, "", "a NUL byte in the text (line 1)"};
    assert_refused(&api_format_libsvm, &trains, &nul, 8);
}
END_TEST

START_TEST(long_bodies_are_handed_on_in_pieces)
{
    enum { ROWS = 5000 };
    char *text = malloc(ROWS * 64), *at = text;
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        at += sprintf(at, "%d %d:%d.25 %d:-1e-%d\n", i % 5 - 2, 1 + i % 50, i, 60 + i % 7, i % 9);
        sum += i + 0.25;
    }
    reading r = read_with(&api_format_libsvm, &trains, 0, text, (size_t)(at - text));
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.rows, ROWS);
    ck_assert_uint_eq(r.set.entries, 2 * ROWS);
    ck_assert_uint_eq(r.values.n, 2 * ROWS);
    for (int i = 0; i < ROWS; i++) {
        sum -= r.values.v[2 * i];
        ck_assert(r.ends.v[i] == 2 * i + 2 && r.targets.v[i] == i % 5 - 2);
        ck_assert(r.columns.v[2 * i] == i % 50 && r.columns.v[2 * i + 1] == 59 + i % 7);
        ck_assert(r.values.v[2 * i + 1] == -pow(10, -(i % 9)));
    }
    ck_assert(sum == 0);
    reading_free(&r);
    /* a sink that takes no more ends it */
    reading full = read_pieces(&api_format_libsvm, &trains, 3000, text, (size_t)(at - text),
                               (size_t)(at - text), 1);
    ck_assert(!full.ok && full.p.code == API_NO_SPACE);
    reading_free(&full);
    const api_read_options few = {.in_order = true, .max_values = 100};
    full = read_pieces(&api_format_libsvm, &few, 0, text, (size_t)(at - text), 7, 4096);
    ck_assert(!full.ok && full.p.code == API_TOO_LARGE);
    reading_free(&full);
    free(text);
}
END_TEST

/* ---- sparse rows in JSON, for a model ---- */

static const char *const names[] = {"b", "a", "c"}, *const numbers[] = {"1", "2", "3"};
static const api_read_options by_name = {.columns = names, .columns_count = 3, .in_order = true},
                              by_number = {.columns = numbers,
                                           .columns_count = 3,
                                           .in_order = true,
                                           .numbered = true,
                                           .first_number = 1},
                              with_targets = {.labelled = true,
                                              .columns = names,
                                              .columns_count = 3,
                                              .in_order = true};

static reading read_json(const api_read_options *o, const char *text)
{
    return read_with(&api_format_json, o, 0, text, strlen(text));
}

START_TEST(json_rows_are_looked_up_by_name)
{
    static const char *const texts[] = {
        "{\"sparse_X\": [{\"a\": 1.5, \"b\": 2}, {}, {\"c\": -1}]}",
        "{\"sparse_X\": [{\"1\": 2, \"2\": 1.5}, {}, {\"3\": -1}]}"};
    for (int i = 0; i < 2; i++) {
        reading r = read_json(i ? &by_number : &by_name, texts[i]);
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        ck_assert_uint_eq(r.set.rows, 3);
        ck_assert_uint_eq(r.set.cols, 3);
        assert_values(r, 2, 1.5, -1);
        assert_entries(r, 0, 1, 2);
        assert_ends(r, 2, 2, 3);
        reading_free(&r);
    }
    reading r = read_json(&with_targets, "{\"y\": [\"u\", \"v\"], \"sparse_X\": [{\"a\": 1}, {}]}");
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_labels(&r, "u|v");
    assert_targets(r, 0, 1);
    reading_free(&r);
}
END_TEST

START_TEST(json_rows_are_refused_by_their_place)
{
    static const struct {
        const api_read_options *options;
        refusal why;
    } list[] = {
        {&by_name,
         {"{\"sparse_X\": [{\"a\": 1}, {\"d\": 1}]}", API_INVALID, "sparse_X[1]",
          "has \"d\", which is no column of the model"}},
        {&by_number, {"{\"sparse_X\": [{\"4\": 1}]}", API_INVALID, "sparse_X[0]", "has \"4\""}},
        {&by_number, {"{\"sparse_X\": [{\"01\": 1}]}", API_INVALID, "sparse_X[0]", "has \"01\""}},
        {&by_name,
         {"{\"sparse_X\": [{\"a\": \"1\"}]}", API_INVALID, "sparse_X[0]",
          "must have finite numbers, got a string"}},
        {&by_name, {"{\"sparse_X\": [{\"a\": [1]}]}", API_INVALID, "sparse_X[0]", "got an array"}},
        {&by_name,
         {"{\"sparse_X\": [{\"a\": 1e999}]}", API_INVALID, "sparse_X[0]", "double precision"}},
        {&by_name,
         {"{\"sparse_X\": [{\"a\": 1, \"a\": 2}]}", API_INVALID, "sparse_X[0]",
          "has a column twice"}},
        {&by_name, {"{\"sparse_X\": [1]}", API_INVALID, "sparse_X[0]", "must be an object"}},
        {&by_name, {"{\"sparse_X\": {}}", API_INVALID, "sparse_X", "must be an array of objects"}},
        {&by_name, {"{\"sparse_X\": []}", API_INVALID, "sparse_X", "at least one row"}},
        {&by_name,
         {"{\"sparse_X\": [{}], \"X\": [[1, 2, 3]]}", API_INVALID, "sparse_X",
          "can't be given together with X"}},
        {&with_targets,
         {"{\"sparse_X\": [{}], \"y\": [1, 2]}", API_INVALID, "y",
          "has 2 values, but sparse_X has 1 rows"}},
        {&with_targets,
         {"{\"sparse_X\": [{}], \"y\": [null]}", API_INVALID, "y", "must be there in every row"}},
        {&trains, {"{\"sparse_X\": [{}]}", API_INVALID, "sparse_X", "unknown field"}},
    };
    for (size_t i = 0; i < COUNT(list); i++)
        assert_refused(&api_format_json, list[i].options, &list[i].why, strlen(list[i].why.text));
}
END_TEST

/* Targets of digits are labels where that is said; of columns there is nothing to say. */
START_TEST(a_type_that_is_given_tells_what_targets_are)
{
    static const struct {
        const char *types, *target, *text, *labels, *part;
    } cases[] = {
        {"y:categorical", NULL, "1 1:2\n0 1:3\n1 2:1\n+1\n", "1|0|+1", NULL},
        {"y:numeric,2:numeric", NULL, "1 1:2\n0 1:3\n", "", NULL},
        {"t:categorical", "t", "1.50 1:2\nspam\n", "1.50|spam", NULL},
        {"y:numeric", NULL, "spam 1:2\n", NULL, "\"spam\" is not a number (line 1, byte 0)"},
        {"y:boolean", NULL, "1 1:2\n", NULL, "\"y\" of sparse rows is numeric or categorical"},
        {"1:categorical", NULL, "1 1:2\n", NULL, "\"1\" can't be so: the columns of sparse rows are"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_types types = {0};
        api_problem p = no_problem();
        ck_assert(api_types_read(&types, cases[i].types, &p));
        const api_read_options o = {.labelled = true, .target = cases[i].target, .types = &types};
        reading r = read(&o, cases[i].text);
        if (cases[i].labels)
            assert_labels(&r, cases[i].labels);
        else
            ck_assert_msg(says(&r.p, cases[i].part[1] == 's' ? "row 1" : "types", cases[i].part), "%s",
                          problem_text(&r.p));
        reading_free(&r);
        api_types_free(&types);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("libsvm");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, rows_are_their_entries);
    tcase_add_test(tc, spaces_comments_queries_and_line_ends_are_passed_over);
    tcase_add_test(tc, zeros_are_no_entries_but_widen_the_rows);
    tcase_add_test(tc, the_query_gives_the_width_and_the_base);
    tcase_add_test(tc, targets_may_be_labels);
    tcase_add_test(tc, rows_to_predict_for_may_leave_the_target_out);
    tcase_add_test(tc, what_is_wrong_is_told_by_its_place);
    tcase_add_test(tc, long_bodies_are_handed_on_in_pieces);
    tcase_add_test(tc, json_rows_are_looked_up_by_name);
    tcase_add_test(tc, json_rows_are_refused_by_their_place);
    tcase_add_test(tc, a_type_that_is_given_tells_what_targets_are);
    return run_tests(tc, "api_format_libsvm");
}
