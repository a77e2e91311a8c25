/* Uploads in JSON by columns; and long ones of each shape, which go through the loops over bulk
 * numbers, with anything unusual in their midst.
 */
#include "api_text.h"
#include "readings.h"

#include <math.h>

extern const api_format api_format_json;

static const api_read_options train = {.labelled = true}, predict = {0};

static reading read_json(const char *text, const api_read_options *o)
{
    return read_with(&api_format_json, o, 0, text, strlen(text));
}

static reading good(const char *text, const api_read_options *o)
{
    reading r = read_json(text, o);
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

/* ---- columns ---- */

static const char *const layouts[] = {
    "{\"columns\":{\"a\":[1,2.5,-3e-7],\"b\":[4,5,6],\"y\":[10,20,-0]}}",
    "{\"target\": \"y\", \"columns\": {\"a\": [1, 2.5, -3e-7], \"b\": [4, 5, 6], \"y\": [10, 20, -0]}}",
    "\n{ \"columns\" : { \"\\u0061\" : [ 1 , 2.5 ,\n-3e-7 ] , \"b\" : [ 4 , 5 , 6 ] ,\n\"y\" : "
    "[ 10 , 20 , -0 ] } ,\t\"target\" : \"y\" }\n",
};

START_TEST(columns_come_one_after_the_other)
{
    reading r = good(layouts[_i], &train);
    assert_columns(&r, "a|b");
    ck_assert_str_eq(r.set.target, "y");
    ck_assert_uint_eq(r.set.rows, 3);
    ck_assert(r.set.by_columns && !api_dataset_plain(&r.set));
    assert_values(r, 1, 2.5, -3e-7, 4, 5, 6, 10, 20, -0.0);
    ck_assert_uint_eq(r.set.target_at, 2);
    reading_free(&r);
}
END_TEST

START_TEST(a_column_may_be_the_target_or_nothing)
{
    const char *const columns[] = {"b"};
    const api_read_options o = {
        .labelled = true, .target = "kind", .columns = columns, .columns_count = 1};
    reading r = good("{\"columns\": {\"kind\": [\"u\", \"v\", \"u\"], \"note\": [null, {\"x\": [1]}, "
                     "1e999], \"b\": [1, 2, 3]}}",
                     &o);
    assert_columns(&r, "b");
    assert_labels(&r, "u|v");
    for (size_t i = 0; i < 3; i++)
        ck_assert(feature_of(&r, i, 0) == (double)i + 1 && target_of(&r, i) == (double)(i == 1));
    reading_free(&r);
    r = good("{\"columns\": {\"a\": [1, 2], \"b\": [3, 4]}}", &predict);
    assert_columns(&r, "a|b");
    assert_values(r, 1, 2, 3, 4);
    reading_free(&r);
}
END_TEST

static const refusal refusals[] = {
    {"{\"columns\":{}}", API_INVALID, "columns", "must have at least one value each"},
    {"{\"columns\":{\"a\":[],\"y\":[]}}", API_INVALID, "columns", "must have at least one value"},
    {"{\"columns\":{\"a\":[1,2],\"y\":[1]}}", API_INVALID, "columns.y",
     "has 1 values, but \"a\" has 2"},
    {"{\"columns\":{\"a\":[1],\"y\":[1,2]}}", API_INVALID, "columns.y",
     "has 2 values, but \"a\" has 1"},
    {"{\"columns\":{\"a\":[1],\"a\":[2],\"y\":[1]}}", API_INVALID, "columns",
     "the name \"a\" is given twice"},
    {"{\"columns\":{\"a\":1,\"y\":[1]}}", API_INVALID, "columns.a",
     "must be an array of values, got a number (line 1, byte 16)"},
    {"{\"columns\":{\"a\":[1,true],\"y\":[1,2]}}", API_INVALID, "columns.a[1]",
     "must be a finite number, got true (line 1, byte 19)"},
    {"{\"columns\":{\"a\":[1,1e999],\"y\":[1,2]}}", API_INVALID, "columns.a[1]",
     "is beyond the range of double precision (line 1, byte 19)"},
    {"{\"columns\":{\"a\":[1,\"u\"],\"y\":[1,2]}}", API_INVALID, "columns.a[1]",
     "must be a finite number, got a string (line 1, byte 19); if the column is not numeric, declare "
     "it: types=a:categorical"},
    {"{\"columns\":{\"a\":[1,2],\"y\":[\"u\",3]}}", API_INVALID, "columns.y[1]", "class labels"},
    {"{\"columns\":{\"a\":[1],\"z\":[1]}}", API_INVALID, "target",
     "the columns have no column \"y\""},
    {"{\"columns\":{\"y\":[1]}}", API_INVALID, "columns", "must leave at least one feature"},
    {"{\"columns\":{\"a\":[1],\"y\":[1]},\"y\":[1]}", API_INVALID, "y", "belongs to X"},
    {"{\"columns\":{\"a\":[1],\"y\":[1]},\"data\":[{\"a\":1}]}", API_INVALID, "columns",
     "are data themselves, beside data"},
    {"{\"columns\":{\"a\":[1 2],\"y\":[1]}}", API_BAD_JSON, "", "expected ',' or ']'"},
};

START_TEST(bad_columns_are_refused_by_name_and_place)
{
    assert_refused(&api_format_json, &train, &refusals[_i], strlen(refusals[_i].text));
}
END_TEST

/* ---- long ones ---- */

enum { ROWS = 700, COLS = 3 };

/* Numbers in ways that the loops take or leave to the machine. */
static void number_text(size_t i, char text[64])
{
    static const char *const forms[] = {"%.17g", "%.6g", "%.0f", "%.3e", "%.30f", "%.25e", "%g"};
    double v = ((double)(i * 7919 % 10007) - 5000) / (double)(i % 97 + 1);
    snprintf(text, 64, forms[i % 7], v);
}

static const char *blanks_of(size_t i)
{
    static const char *const some[] = {"", " ", "", "\n", "", " \t\r\n ", "  "};
    return some[i % 11 % 7];
}

static void add_values(api_text *t, const char *open, size_t first, size_t step, size_t n,
                       const char *close)
{
    char text[64];
    api_text_puts(t, open);
    for (size_t k = 0; k < n; k++) {
        number_text(first + k * step, text);
        api_text_printf(t, "%s%s%s%s", k ? "," : "", blanks_of(first + k), text,
                        blanks_of(first + k + 5));
    }
    api_text_puts(t, close);
}

static char *matrix_text(void)
{
    api_text t = {0};
    add_values(&t, "{\"y\": [", 100000, 1, ROWS, "], \"X\": [");
    for (size_t i = 0; i < ROWS; i++) {
        add_values(&t, i ? "," : "", i * COLS, 1, 0, blanks_of(i));
        add_values(&t, "[", i * COLS, 1, COLS, "]");
    }
    api_text_puts(&t, "]}");
    return api_text_take(&t);
}

static char *columns_text(void)
{
    api_text t = {0};
    api_text_puts(&t, "{\"columns\": {");
    for (size_t j = 0; j < COLS; j++) {
        char open[32];
        snprintf(open, sizeof open, "\"x%zu\": [", j + 1);
        add_values(&t, open, j, COLS, ROWS, "],");
    }
    add_values(&t, "\"y\": [", 100000, 1, ROWS, "]}}");
    return api_text_take(&t);
}

static char *records_text(void)
{
    api_text t = {0};
    char text[64];
    api_text_puts(&t, "{\"target\": \"y\", \"data\": [");
    for (size_t i = 0; i < ROWS; i++) {
        api_text_printf(&t, "%s%s{", i ? "," : "", blanks_of(i));
        for (size_t k = 0; k <= COLS; k++) {
            size_t j = i % 13 == 5 ? COLS - k : k; /* some the other way round */
            number_text(j == COLS ? 100000 + i : i * COLS + j, text);
            api_text_printf(&t, "%s%s\"", k ? "," : "", blanks_of(i + k));
            if (j == COLS)
                api_text_puts(&t, i % 17 == 3 ? "\\u0079" : "y");
            else
                api_text_printf(&t, "x%zu", j + 1);
            api_text_printf(&t, "\"%s:%s%s%s", i % 19 ? "" : " ", i % 3 ? " " : "", text,
                            blanks_of(i + k + 3));
        }
        api_text_puts(&t, "}");
    }
    api_text_puts(&t, "]}");
    return api_text_take(&t);
}

START_TEST(long_texts_of_each_shape_are_read_like_short_ones)
{
    char *(*const shapes[])(void) = {matrix_text, columns_text, records_text};
    char *text = shapes[_i](), number[64];
    reading r = read_json(text, &train);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.rows, ROWS);
    assert_columns(&r, "x1|x2|x3");
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLS; j++) {
            number_text(i * COLS + j, number);
            ck_assert(bits_of(feature_of(&r, i, j)) == bits_of(strtod(number, NULL)));
        }
        number_text(100000 + i, number);
        ck_assert(bits_of(target_of(&r, i)) == bits_of(strtod(number, NULL)));
    }
    reading_free(&r);
    free(text);
}
END_TEST

/* One thing that is wrong, far into a text, and what follows it. */
static const struct {
    const char *head, *row, *bad;
    refusal want;
} late[] = {
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, 02]", {"", API_BAD_JSON, "", "\"02\" is not a JSON"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, 2,]", {"", API_BAD_JSON, "", "expected a value"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1 2]", {"", API_BAD_JSON, "", "expected ',' or ']'"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, 2}", {"", API_BAD_JSON, "", "got '}'"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1., 2]", {"", API_BAD_JSON, "", "\"1.\" is not"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1e, 2]", {"", API_BAD_JSON, "", "\"1e\" is not"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[-, 2]", {"", API_BAD_JSON, "", "\"-\" is not"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1.5.2, 2]", {"", API_BAD_JSON, "", "\"1.5.2\" is not"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1x, 2]", {"", API_BAD_JSON, "", "expected ',' or ']'"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, 2, 3]",
     {"", API_INVALID, "X[40]", "has 3 values, but X[0] has 2"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1]", {"", API_INVALID, "X[40]", "has 1 value, but"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[]", {"", API_INVALID, "X[40]", "at least one value"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, 1e999]",
     {"", API_INVALID, "X[40][1]", "1e999 is beyond the range of double precision (line 1, byte"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "[1, \"2\"]", {"", API_INVALID, "X[40][1]", "got a string"}},
    {"{\"y\": [1], \"X\": [", "[1.5, 2],", "3", {"", API_INVALID, "X[40]", "must be an array of 2"}},
    {"{\"y\": [1], \"X\": [", "1.5, ", "[3]", {"", API_INVALID, "X[40]", "must be a number like X[0]"}},
    {"{\"X\": [1], \"y\": [", "1.5,", "true", {"", API_INVALID, "y[40]", "got true"}},
    {"{\"X\": [1], \"y\": [", "1.5,", "\"a\"", {"", API_INVALID, "y[40]", "got a string"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": 1, \"y\": 2,}",
     {"", API_BAD_JSON, "", "expected a name"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": \"y\": 2}",
     {"", API_BAD_JSON, "", "expected ',' or '}'"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\" 1, \"y\": 2}",
     {"", API_BAD_JSON, "", "expected ':'"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": 1}",
     {"", API_INVALID, "data[40]", "lacks \"y\", which data[0] has"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": 1, \"a\": 2, \"y\": 2}",
     {"", API_INVALID, "data[40]", "the name \"a\" is given twice"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"y\": 1, \"a\": 2, \"y\": 2}",
     {"", API_INVALID, "data[40]", "the name \"y\" is given twice"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": 1, \"y\": 2, \"z\": 3}",
     {"", API_INVALID, "data[40]", "has the name \"z\", which data[0] has not"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "{\"a\": [1], \"y\": 2}",
     {"", API_INVALID, "data[40].a", "must be a finite number, got an array (line 1, byte"}},
    {"{\"target\": \"y\", \"data\": [", "{\"a\": 1, \"y\": 2},", "[1, 2]",
     {"", API_INVALID, "data[40]", "must be an object, got an array (line 1, byte"}},
};

START_TEST(what_is_wrong_far_into_a_text_is_told_alike_in_any_pieces)
{
    api_text t = {0};
    api_text_puts(&t, late[_i].head);
    for (int i = 0; i < 40; i++)
        api_text_puts(&t, late[_i].row);
    api_text_puts(&t, late[_i].bad);
    for (int i = 0; i < 20; i++)
        api_text_puts(&t, "         "); /* the loops look ahead */
    api_text_puts(&t, "]}");
    refusal want = late[_i].want;
    want.text = t.data;
    assert_refused(&api_format_json, &train, &want, t.len);
    api_text_free(&t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("columns");
    tcase_add_loop_test(tc, columns_come_one_after_the_other, 0, COUNT(layouts));
    tcase_add_test(tc, a_column_may_be_the_target_or_nothing);
    tcase_add_loop_test(tc, bad_columns_are_refused_by_name_and_place, 0, COUNT(refusals));
    tcase_add_loop_test(tc, long_texts_of_each_shape_are_read_like_short_ones, 0, 3);
    tcase_add_loop_test(tc, what_is_wrong_far_into_a_text_is_told_alike_in_any_pieces, 0,
                        COUNT(late));
    return run_tests(tc, "api_format_json_columns");
}
