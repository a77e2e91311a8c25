/* Uploads in NDJSON: a record or an array a line, however the bytes are cut. */
#include "api_text.h"
#include "readings.h"

extern const api_format api_format_ndjson;

static const api_read_options train = {.labelled = true, .target = "y"}, predict = {0};

static reading good(const char *text, const api_read_options *o)
{
    reading r = read_with(&api_format_ndjson, o, 0, text, strlen(text));
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

/* All of these are a = 1, 2.5, -3e-7; b = 4, 5, 6; y = 10, 20, -0. */
static const char *const layouts[] = {
    "{\"a\":1,\"b\":4,\"y\":10}\n{\"a\":2.5,\"b\":5,\"y\":20}\n{\"a\":-3e-7,\"b\":6,\"y\":-0}\n",
    "{\"a\":1,\"b\":4,\"y\":10}\r\n{\"a\":2.5,\"b\":5,\"y\":20}\r\n{\"a\":-3e-7,\"b\":6,\"y\":-0}",
    "\n\n {\"a\": 1, \"b\": 4, \"y\": 10} \n \t\r\n{\"a\": 2.5, \"b\": 5, \"y\": 20}\n\n"
    "{\"a\":\t-3e-7\t,\"b\" : 6,\"y\":-0}\n\n",
    "{\"a\":1,\"b\":4,\"y\":10}\n{\"b\":5,\"y\":20,\"a\":2.5}\n{\"\\u0061\":-3e-7,\"b\":6,\"y\":-0}",
    "[\"a\",\"b\",\"y\"]\n[1,4,10]\n[2.5,5,20]\n[-3e-7,6,-0]\n",
    "[\"a\", \"b\", \"y\"]\n\n[1, 4, 10]\n [2.5, 5, 20]\r\n[-3e-7 ,6 ,-0]",
};

START_TEST(rows_come_a_line_each)
{
    reading r = good(layouts[_i], &train);
    assert_columns(&r, "a|b");
    ck_assert_str_eq(r.set.target, "y");
    ck_assert_uint_eq(r.set.rows, 3);
    /* the target is taken out as they come */
    assert_values(r, 1, 4, 2.5, 5, -3e-7, 6);
    assert_targets(r, 10, 20, -0.0);
    ck_assert(api_dataset_plain(&r.set));
    reading_free(&r);
}
END_TEST

START_TEST(arrays_without_names_have_x1_x2)
{
    const api_read_options o = {.labelled = true, .target = "x3"};
    reading r = good("[1,2,3]\n[4,5,6]\n", &o);
    assert_columns(&r, "x1|x2");
    assert_values(r, 1, 2, 4, 5);
    assert_targets(r, 3, 6);
    reading_free(&r);
    r = good("[1]\n[4]\n", &predict);
    assert_columns(&r, "x");
    assert_values(r, 1, 4);
    reading_free(&r);
}
END_TEST

START_TEST(targets_may_be_labels)
{
    reading r = good("{\"a\":1,\"y\":\"cat\"}\n{\"a\":2,\"y\":\"dog\"}\n{\"a\":3,\"y\":\"cat\"}\n", &train);
    assert_labels(&r, "cat|dog");
    assert_values(r, 1, 2, 3);
    assert_targets(r, 0, 1, 0);
    reading_free(&r);
    r = good("[\"y\",\"a\"]\n[\"cat\",1]\n[\"dog\",2]\n[\"cat\",3]\n", &train);
    assert_labels(&r, "cat|dog");
    assert_values(r, 1, 2, 3);
    assert_targets(r, 0, 1, 0);
    reading_free(&r);
    const api_read_options o = {.labelled = true, .target = "x1"};
    r = good("[\"cat\",1]\n[\"dog\",2]\n", &o);
    assert_labels(&r, "cat|dog");
    assert_values(r, 1, 2);
    assert_targets(r, 0, 1);
    reading_free(&r);
}
END_TEST

/* Wherever it stands, and whichever columns are asked for. */
START_TEST(the_target_of_records_goes_apart)
{
    static const char *const lines[] = {
        "{\"y\":10,\"a\":1,\"b\":4}\n{\"a\":2,\"y\":20,\"b\":5}\n",
        "{\"a\":1,\"y\":10,\"b\":4}\n{\"a\":2,\"y\":20,\"b\":5}\n",
        "{\"a\":1,\"b\":4,\"y\":10}\n{\"y\":20,\"b\":5,\"a\":2}\n"};
    static const char *const turned[] = {"b", "a"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        reading r = good(lines[i], &train);
        assert_values(r, 1, 4, 2, 5);
        assert_targets(r, 10, 20);
        ck_assert(api_dataset_plain(&r.set));
        reading_free(&r);
        const api_read_options o = {
            .labelled = true, .target = "y", .columns = turned, .columns_count = 2};
        r = good(lines[i], &o);
        assert_columns(&r, "b|a");
        for (size_t row = 0; row < 2; row++) {
            ck_assert_double_eq(feature_of(&r, row, 0), row ? 5 : 4);
            ck_assert_double_eq(feature_of(&r, row, 1), row ? 2 : 1);
            ck_assert_double_eq(target_of(&r, row), row ? 20 : 10);
        }
        reading_free(&r);
    }
}
END_TEST

/* Of many rows what is held at a time ends anywhere in a row. */
START_TEST(the_target_of_arrays_goes_apart)
{
    enum { ROWS = 700, MOST = 9 };
    for (size_t width = 2; width <= MOST; width++)
        for (size_t at = 0; at < width; at++) {
            api_text t = {0};
            char target[8];
            for (size_t i = 0; i < ROWS; i++)
                for (size_t j = 0; j < width; j++)
                    api_text_printf(&t, "%s%zu%s", j ? "," : "[", i * width + j,
                                    j + 1 < width ? "" : "]\n");
            snprintf(target, sizeof target, "x%zu", at + 1);
            const api_read_options o = {.labelled = true, .target = target};
            reading r = read_with(&api_format_ndjson, &o, 0, t.data, t.len);
            ck_assert_msg(r.ok, "%s", problem_text(&r.p));
            ck_assert(api_dataset_plain(&r.set));
            ck_assert_uint_eq(r.set.rows, ROWS);
            ck_assert_uint_eq(r.set.stored, width - 1);
            for (size_t i = 0; i < ROWS; i++) {
                ck_assert_double_eq(target_of(&r, i), (double)(i * width + at));
                for (size_t j = 0; j + 1 < width; j++)
                    ck_assert_double_eq(feature_of(&r, i, j), (double)(i * width + j + (j >= at)));
            }
            reading_free(&r);
            api_text_free(&t);
        }
}
END_TEST

static const refusal refusals[] = {
    {"", API_INVALID, "", "the body is empty"},
    {"\n\n", API_INVALID, "", "the body is empty"},
    {"[\"a\",\"y\"]\n", API_INVALID, "", "there are names but no rows"},
    {"1\n", API_INVALID, "rows", "must be an object or an array a line, got a number (line 1, byte 0)"},
    {"{\"a\":1,\"y\":2}\n[1,2]\n", API_INVALID, "rows",
     "must be an object a line, got an array (line 2, byte 14)"},
    {"[1,2]\n{\"a\":1}\n", API_INVALID, "rows", "must be an array a line, got an object (line 2"},
    {"[1,2]\nnull\n", API_INVALID, "rows", "must be an array a line, got null (line 2"},
    {"{\"a\":1,\n\"y\":2}\n", API_BAD_JSON, "", "the line ends inside a value: a line holds a whole one"},
    {"[1,\n2]", API_BAD_JSON, "", "the line ends inside a value"},
    {"{\"a\":1,\"y\":2} {\"a\":1,\"y\":2}\n", API_BAD_JSON, "", "something follows the document"},
    {"{\"a\":1,\"y\":2},\n", API_BAD_JSON, "", "something follows the document"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1,\"y\":", API_BAD_JSON, "", "ends too early at line 2"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1}\n", API_INVALID, "row 2", "lacks \"y\", which row 1 has (line 2"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1,\"y\":2,\"b\":3}\n", API_INVALID, "row 2",
     "has the name \"b\", which row 1 has not (line 2"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1,\"a\":1,\"y\":2}\n", API_INVALID, "row 2", "\"a\" is given twice"},
    {"{\"a\":1,\"y\":2}\n{\"a\":\"12,5\",\"y\":2}\n", API_INVALID, "row 2, column \"a\"",
     "must be a finite number, got a string (line 2, byte 19)"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1e999,\"y\":2}\n", API_INVALID, "row 2, column \"a\"",
     "is beyond the range of double precision (line 2, byte 19)"},
    {"{\"a\":1,\"y\":2}\n{\"a\":1,\"y\":{\"b\":[1]}}\n", API_INVALID, "row 2, column \"y\"", "got an object"},
    {"[\"a\",\"y\"]\n[1,2]\n[1,2,3]\n", API_INVALID, "row 2",
     "has 3 values, but the first line has 2 (line 3)"},
    {"[\"a\",\"y\"]\n[1,2]\n[1]\n", API_INVALID, "row 2", "has 1 value, but the first line has 2 (line 3)"},
    {"[\"a\",\"y\"]\n[1,2]\n[true,2]\n", API_INVALID, "row 2, column \"a\"",
     "must be a finite number, got true (line 3, byte 17)"},
    {"[\"a\",\"a\"]\n[1,2]\n", API_INVALID, "columns", "the first line has \"a\" twice"},
    /* what comes behind it comes in bulk or not, and is the same */
    {"{\"a\":1,\"y\":2}\n{\"a\":1e999,\"y\":2}\n{\"a\":-2.2250738585072e-308,\"y\":1089.94781785581722}\n"
     "{\"a\":1089.94781785581722,\"y\":2}\n",
     API_INVALID, "row 2, column \"a\"", "is beyond the range of double precision (line 2, byte 19)"},
    {"[]\n", API_INVALID, "row 1", "must have at least one value"},
    {"{}\n", API_INVALID, "row 1", "must have at least one member"},
    {"{\"a\":1,\"b\":2}\n", API_INVALID, "target", "the records have no column \"y\""},
    {"[1,2]\n", API_INVALID, "target", "the rows have no column \"y\""},
    {"{\"y\":2}\n", API_INVALID, "columns", "must leave at least one feature"},
    {"{\"a\":01,\"y\":2}\n", API_BAD_JSON, "", "\"01\" is not a JSON number"},
};

START_TEST(bad_lines_are_refused_by_row_and_place)
{
    assert_refused(&api_format_ndjson, &train, &refusals[_i], strlen(refusals[_i].text));
}
END_TEST

/* Long ones go through the loops over bulk numbers, with anything unusual in their midst. */
START_TEST(what_is_unusual_in_long_texts_is_read_like_the_rest)
{
    for (int arrays = 0; arrays < 2; arrays++) {
        api_text t = {0};
        for (int i = 0; i < 3000; i++) {
            const char *blank = i % 7 == 3 ? " " : i % 11 == 5 ? " \t " : "";
            const char *number = i % 13 == 4 ? "0.00000000000000000000000015e25" : "1.5";
            if (arrays)
                api_text_printf(&t, "[%d,%s%s%s,%d%s]%s\n", i, blank, number, blank, -i, blank, blank);
            else if (i % 5 == 2)
                api_text_printf(&t, "{%s\"y\":%d,\"a\"%s: %d,\"b\":%s}\n", blank, -i, blank, i, number);
            else
                api_text_printf(&t, "{\"a\":%s%d,%s\"b\": %s%s,\"y\":%d}%s\n", blank, i, blank, number, blank,
                                -i, i % 17 ? "" : "\r\n\n");
        }
        const api_read_options o = {.labelled = true, .target = arrays ? "x3" : "y"};
        reading r = read_with(&api_format_ndjson, &o, 0, t.data, t.len);
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        ck_assert_uint_eq(r.set.rows, 3000);
        for (size_t i = 0; i < 3000; i++)
            ck_assert_msg(feature_of(&r, i, 0) == (double)i && feature_of(&r, i, 1) == 1.5 &&
                              target_of(&r, i) == -(double)i,
                          "row %zu", i);
        reading_free(&r);
        api_text_free(&t);
    }
}
END_TEST

START_TEST(a_request_may_have_max_values_and_not_one_more)
{
    static const char text[] = "[1,2]\n[3,4]\n";
    api_read_options o = {.max_values = 4};
    reading r = good(text, &o);
    assert_values(r, 1, 2, 3, 4);
    reading_free(&r);
    o.max_values = 3;
    const refusal want = {text, API_TOO_LARGE, "", "more than 3 values in one request"};
    assert_refused(&api_format_ndjson, &o, &want, strlen(text));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("ndjson");
    tcase_add_loop_test(tc, rows_come_a_line_each, 0, COUNT(layouts));
    tcase_add_test(tc, arrays_without_names_have_x1_x2);
    tcase_add_test(tc, targets_may_be_labels);
    tcase_add_test(tc, the_target_of_records_goes_apart);
    tcase_add_test(tc, the_target_of_arrays_goes_apart);
    tcase_add_loop_test(tc, bad_lines_are_refused_by_row_and_place, 0, COUNT(refusals));
    tcase_add_test(tc, what_is_unusual_in_long_texts_is_read_like_the_rest);
    tcase_add_test(tc, a_request_may_have_max_values_and_not_one_more);
    return run_tests(tc, "api_format_ndjson");
}
