/* Uploads in JSON: X with y, and records, with members in any order; whatever is wrong with
 * one is said of the very row and column.
 */
#include "api_text.h"
#include "readings.h"

#include <math.h>

extern const api_format api_format_json;

static const api_read_options train = {.labelled = true}, predict = {.labelled = false};

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

/* ---- X and y ---- */

START_TEST(a_matrix_is_read_with_its_members_in_any_order)
{
    static const char *const members[] = {"\"name\": \"ads\"", "\"columns\": [\"tv\", \"radio\"]",
                                          "\"X\": [[230.1, 37.8], [44.5, 39.3], [-0, 1e-3]]",
                                          "\"y\": [22.1, 10.4, 9.3]", "\"target\": \"sales\""};
    enum { N = 5 };
    for (size_t code = 0; code < N * N * N * N * N; code++) {
        bool used[N] = {false};
        api_text t = {0};
        size_t count = 0, rest = code;
        for (; count < N && !used[rest % N]; count++, rest /= N) {
            used[rest % N] = true;
            api_text_printf(&t, "%s%s", count ? ", " : "{", members[rest % N]);
        }
        api_text_puts(&t, "}");
        if (count == N) { /* a permutation */
            reading r = good(t.data, &train);
            ck_assert_str_eq(r.set.name, "ads");
            ck_assert_str_eq(r.set.target, "sales");
            assert_columns(&r, "tv|radio");
            ck_assert_uint_eq(r.set.rows, 3);
            assert_values(r, 230.1, 37.8, 44.5, 39.3, -0.0, 1e-3);
            assert_targets(r, 22.1, 10.4, 9.3);
            ck_assert(api_dataset_plain(&r.set));
            reading_free(&r);
        }
        api_text_free(&t);
    }
}
END_TEST

START_TEST(names_that_are_not_given_are_made_up)
{
    reading r = good("{\"X\": [[1, 2, 3]], \"y\": [4]}", &train);
    ck_assert_str_eq(r.set.name, "");
    ck_assert_str_eq(r.set.target, "y");
    assert_columns(&r, "x1|x2|x3");
    reading_free(&r);
    r = good("{\"y\": [4], \"X\": [[1]]}", &train);
    assert_columns(&r, "x");
    reading_free(&r);
    r = good("{\"y\": [4], \"X\": [[1, 2]], \"target\": \"x\"}", &train); /* is not taken */
    assert_columns(&r, "x1|x2");
    reading_free(&r);
}
END_TEST

START_TEST(a_flat_x_is_one_feature)
{
    reading r = good("{\"X\": [37.8, 39.3, 45.9], \"y\": [22.1, 10.4, 9.3]}", &train);
    ck_assert_uint_eq(r.set.cols, 1);
    ck_assert_uint_eq(r.set.rows, 3);
    assert_columns(&r, "x");
    assert_values(r, 37.8, 39.3, 45.9);
    assert_targets(r, 22.1, 10.4, 9.3);
    reading_free(&r);
    r = good("{\"X\": [1.5], \"columns\": [\"radio\"], \"y\": [2]}", &train);
    assert_columns(&r, "radio");
    reading_free(&r);
}
END_TEST

START_TEST(the_query_names_what_the_body_does_not)
{
    const api_read_options o = {.labelled = true, .name = "from query", .target = "sales"};
    reading r = good("{\"X\": [1], \"y\": [2]}", &o);
    ck_assert_str_eq(r.set.name, "from query");
    ck_assert_str_eq(r.set.target, "sales");
    reading_free(&r);
    r = good("{\"name\": \"from body\", \"X\": [1], \"y\": [2], \"target\": \"t\"}", &o);
    ck_assert_str_eq(r.set.name, "from body");
    ck_assert_str_eq(r.set.target, "t");
    reading_free(&r);
}
END_TEST

START_TEST(columns_from_the_query_do_not_go_with_x)
{
    const char *const columns[] = {"a"};
    const api_read_options o = {.labelled = true, .columns = columns, .columns_count = 1};
    const refusal want = {"{\"X\":[1],\"y\":[1]}", API_INVALID, "columns",
                          "in the query chooses among named columns"};
    assert_refused(&api_format_json, &o, &want, strlen(want.text));
}
END_TEST

static const refusal matrix_refusals[] = {
    /* shape */
    {"{\"X\":[[1,2],[3,4],[5]],\"y\":[1,2,3]}", API_INVALID, "X[2]", "has 1 value, but X[0] has 2"},
    {"{\"X\":[[1],[2,3,4]],\"y\":[1,2]}", API_INVALID, "X[1]", "has 3 values, but X[0] has 1"},
    {"{\"X\":[[1],[]],\"y\":[1,2]}", API_INVALID, "X[1]", "at least one value"},
    {"{\"X\":[[]],\"y\":[1]}", API_INVALID, "X[0]", "at least one value"},
    {"{\"X\":[],\"y\":[]}", API_INVALID, "X", "at least one row"},
    {"{\"X\":[1,[2]],\"y\":[1,2]}", API_INVALID, "X[1]", "must be a number like X[0]"},
    {"{\"X\":[[1,2],3],\"y\":[1,2]}", API_INVALID, "X[1]", "must be an array of 2 values"},
    {"{\"X\":[[1],[2],[3]],\"y\":[1,2]}", API_INVALID, "y", "has 2 values, but X has 3 rows"},
    {"{\"y\":[1,2,3],\"X\":[[1],[2]]}", API_INVALID, "y", "has 3 values, but X has 2 rows"},
    {"{\"X\":[[1]],\"y\":[]}", API_INVALID, "y", "has 0 values"},
    {"{\"X\":[[1]]}", API_INVALID, "y", "is missing"},
    {"{\"y\":[1]}", API_INVALID, "X", "is missing: give X and y, or records in data"},
    {"{}", API_INVALID, "X", "is missing"},
    /* values */
    {"{\"X\":[[1],[\"2\"]],\"y\":[1]}", API_INVALID, "X[1][0]", "got a string"},
    {"{\"X\":[[1],[true]],\"y\":[1]}", API_INVALID, "X[1][0]", "got true"},
    {"{\"X\":[[1,[2]]],\"y\":[1]}", API_INVALID, "X[0][1]", "got an array"},
    {"{\"X\":[[{}]],\"y\":[1]}", API_INVALID, "X[0][0]", "got an object"},
    {"{\"X\":[{\"a\":1}],\"y\":[1]}", API_INVALID, "X[0]", "got an object"},
    {"{\"X\":[[1,1e400]],\"y\":[1]}", API_INVALID, "X[0][1]",
     "1e400 is beyond the range of double"},
    {"{\"X\":[-1e999],\"y\":[1]}", API_INVALID, "X[0]", "-1e999 is beyond"},
    {"{\"X\":[[1],[2]],\"y\":[1,false]}", API_INVALID, "y[1]", "got false"},
    {"{\"X\":[[1]],\"y\":[[1]]}", API_INVALID, "y[0]", "got an array"},
    {"{\"X\":[[1]],\"y\":[1e400]}", API_INVALID, "y[0]", "beyond the range"},
    {"{\"X\":5,\"y\":[1]}", API_INVALID, "X", "must be an array of rows, got a number"},
    {"{\"X\":{\"a\":[1]},\"y\":[1]}", API_INVALID, "X", "must be an array of rows, got an object"},
    {"{\"X\":null}", API_INVALID, "X", "got null"},
    {"{\"X\":[1],\"y\":\"sales\"}", API_INVALID, "y", "must be an array of numbers, got a string"},
    {"{\"X\":[1],\"y\":{}}", API_INVALID, "y", "got an object"},
    /* names */
    {"{\"X\":[[1,2]],\"y\":[1],\"columns\":[\"a\"]}", API_INVALID, "columns",
     "names 1 columns, but the rows of X have 2"},
    {"{\"columns\":[\"a\",\"b\",\"c\"],\"X\":[[1,2]],\"y\":[1]}", API_INVALID, "columns",
     "names 3 columns"},
    {"{\"X\":[[1,2]],\"y\":[1],\"columns\":[]}", API_INVALID, "columns", "names 0 columns"},
    {"{\"X\":[[1,2]],\"y\":[1],\"columns\":[\"a\",\"a\"]}", API_INVALID, "columns[1]",
     "\"a\" is given twice"},
    {"{\"X\":[[1,2]],\"y\":[1],\"columns\":[\"a\",5]}", API_INVALID, "columns[1]", "got a number"},
    {"{\"X\":[1],\"y\":[1],\"columns\":\"a\"}", API_INVALID, "columns",
     "array of names or an object of columns, got a str"},
    {"{\"X\":[1],\"y\":[1],\"columns\":[\"\"]}", API_INVALID, "columns[0]", "must not be empty"},
    {"{\"X\":[1],\"y\":[1],\"columns\":[\"a\\tb\"]}", API_INVALID, "columns[0]", "control"},
    {"{\"X\":[1],\"y\":[1],\"columns\":[[\"a\"]]}", API_INVALID, "columns[0]", "got an array"},
    {"{\"X\":[[1,2]],\"y\":[1],\"columns\":[\"y\",\"b\"]}", API_INVALID, "target",
     "\"y\" is the name of a column of X too"},
    {"{\"X\":[1],\"y\":[1],\"columns\":[\"t\"],\"target\":\"t\"}", API_INVALID, "target", "too"},
    {"{\"X\":[1],\"y\":[1],\"target\":\"x\"}", API_INVALID, "target",
     "\"x\" is the name of a column"},
    {"{\"target\":\"x2\",\"X\":[[1,2]],\"y\":[1]}", API_INVALID, "target", "\"x2\" is the name"},
    {"{\"X\":[1],\"y\":[1],\"name\":\"\"}", API_INVALID, "name", "must not be empty"},
    {"{\"X\":[1],\"y\":[1],\"name\":7}", API_INVALID, "name", "must be a string, got a number"},
    {"{\"X\":[1],\"y\":[1],\"name\":null}", API_INVALID, "name", "must be a string, got null"},
    {"{\"X\":[1],\"y\":[1],\"name\":\"a\\u0007\"}", API_INVALID, "name", "control characters"},
    {"{\"X\":[1],\"y\":[1],\"name\":{\"name\":\"a\"}}", API_INVALID, "name", "got an object"},
    {"{\"X\":[1],\"y\":[1],\"target\":[\"a\"]}", API_INVALID, "target", "got an array"},
    {"{\"X\":[1],\"y\":[1],\"target\":\"\"}", API_INVALID, "target", "must not be empty"},
    /* members */
    {"{\"X\":[1],\"Y\":[1]}", API_INVALID, "Y", "did you mean \"y\"?"},
    {"{\"X\":[1],\"y\":[1],\"colums\":[]}", API_INVALID, "colums", "did you mean \"columns\"?"},
    {"{\"X\":[1],\"X\":[2],\"y\":[1]}", API_BAD_JSON, "", "\"X\" is given twice"},
    {"{\"y\":[1],\"y\":[1],\"X\":[2]}", API_BAD_JSON, "", "\"y\" is given twice"},
    {"{\"X\":[1],\"y\":[1],\"data\":[]}", API_INVALID, "data", "can't be given together with X"},
    /* not an object, not JSON */
    {"[[1,2],[3,4]]", API_BAD_JSON, "", "must be a JSON object: {...}, not an array"},
    {"3", API_BAD_JSON, "", "not a number"},
    {"", API_BAD_JSON, "", "the body is empty"},
    {"{\"X\":[1,2", API_BAD_JSON, "", "ends too early"},
    {"{\"X\":[[1,NaN]],\"y\":[1]}", API_BAD_JSON, "", "JSON has no NaN"},
    {"{\"X\":[1],\"y\":[1]}]", API_BAD_JSON, "", "something follows the document"},
    {"{\"X\":[1],\"y\":[1],\"columns\":[\"\xff\"]}", API_BAD_JSON, "", "not valid UTF-8"},
    {"x1,y\n1,2\n", API_BAD_JSON, "", "\"x1\" is not a JSON value"},
};

START_TEST(a_bad_matrix_is_refused_by_row_and_column)
{
    const refusal *r = &matrix_refusals[_i];
    assert_refused(&api_format_json, &train, r, strlen(r->text));
}
END_TEST

START_TEST(all_bad_names_are_told_at_once)
{
    reading r = read_json("{\"name\": 1, \"nmae\": 2, \"X\": [[1, 2]], \"y\": [1, 2], "
                          "\"columns\": [\"a\", \"\"], \"verbose\": {\"X\": [1]}}",
                          &train);
    ck_assert_int_eq(r.p.code, API_INVALID);
    assert_says(&r.p, "name", "must be a string");
    assert_says(&r.p, "nmae", "did you mean \"name\"?");
    assert_says(&r.p, "y", "has 2 values, but X has 1 rows");
    assert_says(&r.p, "columns[1]", "must not be empty");
    assert_says(&r.p, "verbose", "unknown field");
    ck_assert_uint_eq(r.p.errors_count, 5);
    reading_free(&r);
}
END_TEST

START_TEST(bad_column_names_are_told_by_their_own_place)
{
    reading r =
        read_json("{\"X\": [[1, 2, 3, 4]], \"y\": [1], \"columns\": [\"a\", 5, \"a\", 6]}", &train);
    ck_assert_int_eq(r.p.code, API_INVALID);
    assert_says(&r.p, "columns[1]", "got a number");
    assert_says(&r.p, "columns[2]", "given twice");
    assert_says(&r.p, "columns[3]", "got a number");
    reading_free(&r);
}
END_TEST

START_TEST(columns_that_are_an_object_are_one_mistake)
{
    reading r =
        read_json("{\"X\": [[1, 2]], \"y\": [1], \"columns\": {\"a\": [1], \"b\": [2]}}", &train);
    assert_says(&r.p, "columns", "are data themselves, beside X; give one of them");
    ck_assert_uint_eq(r.p.errors_count, 1);
    reading_free(&r);
}
END_TEST

/* ---- bounds ---- */

/* {"X": [[1, ..., 1]], "y": [1], "name": "n..."} */
static char *wide(size_t cols, size_t name_len)
{
    api_text t = {0};
    api_text_puts(&t, "{\"X\": [[1");
    for (size_t i = 1; i < cols; i++)
        api_text_puts(&t, ",1");
    api_text_puts(&t, "]], \"y\": [1], \"name\": \"");
    for (size_t i = 0; i < name_len; i++)
        api_text_puts(&t, "n");
    api_text_puts(&t, "\"}");
    return api_text_take(&t);
}

START_TEST(columns_and_names_are_bounded)
{
    char *text = wide(GD_MAX_COLUMNS, API_MAX_NAME);
    reading r = good(text, &train);
    ck_assert_uint_eq(r.set.cols, GD_MAX_COLUMNS);
    ck_assert_str_eq(r.set.columns[9999], "x10000");
    ck_assert_uint_eq(strlen(r.set.name), API_MAX_NAME);
    reading_free(&r);
    free(text);
    text = wide(GD_MAX_COLUMNS + 1, 1);
    refusal much = {text, API_INVALID, "X", "has more than 10000 columns"};
    assert_refused(&api_format_json, &train, &much, strlen(text));
    free(text);
    text = wide(1, API_MAX_NAME + 1);
    refusal name = {text, API_INVALID, "name", "at most 256 bytes long, got 257"};
    assert_refused(&api_format_json, &train, &name, strlen(text));
    free(text);
}
END_TEST

START_TEST(so_are_the_names_of_columns)
{
    api_text t = {0};
    api_text_puts(&t, "{\"X\": [1], \"y\": [1], \"columns\": [\"c0\"");
    for (int i = 1; i <= (int)GD_MAX_COLUMNS; i++)
        api_text_printf(&t, ",\"c%d\"", i);
    api_text_puts(&t, "]}");
    const refusal want = {t.data, API_INVALID, "columns", "names more than 10000 columns"};
    assert_refused(&api_format_json, &train, &want, t.len);
    api_text_free(&t);
}
END_TEST

START_TEST(many_rows_keep_their_order_through_the_buffers)
{
    enum { ROWS = 5000 };
    api_text t = {0};
    api_text_puts(&t, "{\"X\": [");
    for (int i = 0; i < ROWS; i++)
        api_text_printf(&t, "%s[%d, %d.5]", i ? ",\n" : "", i, -i);
    api_text_puts(&t, "], \"y\": [");
    for (int i = 0; i < ROWS; i++)
        api_text_printf(&t, "%s%d", i ? "," : "", 3 * i);
    api_text_puts(&t, "]}");
    reading r = good(t.data, &train);
    ck_assert_uint_eq(r.set.rows, ROWS);
    ck_assert_uint_eq(r.values.n, 2 * ROWS);
    ck_assert_uint_eq(r.targets.n, ROWS);
    for (int i = 0; i < ROWS; i++)
        if (r.values.v[2 * i] != i || r.values.v[2 * i + 1] != (i ? -i - 0.5 : 0.5) ||
            r.targets.v[i] != 3 * i)
            ck_abort_msg("row %d is wrong", i);
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

START_TEST(a_request_may_have_max_values_and_not_one_more)
{
    static const char *const cases[] = {"{\"X\": [[1, 2], [3, 4]]}", "{\"X\": [1, 2, 3, 4]}",
                                        "{\"data\": [{\"a\": 1, \"b\": 2}, {\"b\": 4, \"a\": 3}]}"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_read_options o = {.max_values = 4};
        reading r = good(cases[i], &o);
        assert_values(r, 1, 2, 3, 4);
        reading_free(&r);
        o.max_values = 3;
        refusal much = {cases[i], API_TOO_LARGE, "", "more than 3 values in one request"};
        assert_refused(&api_format_json, &o, &much, strlen(cases[i]));
    }
}
END_TEST

/* ---- predictions ---- */

START_TEST(rows_to_predict_need_no_target_and_take_nothing_else)
{
    static const refusal cases[] = {
        {"{\"X\":[1],\"y\":[1]}", API_INVALID, "y", "unknown field; known are: columns, X, data"},
        {"{\"X\":[1],\"columns\":[\"a\"]}", API_INVALID, "columns",
         "must be an object of columns, got an array"},
        {"{\"X\":[1],\"name\":\"a\"}", API_INVALID, "name", "unknown field"},
        {"{\"X\":[[1],[2,3]]}", API_INVALID, "X[1]", "has 2 values, but X[0] has 1"},
        {"{\"X\":[]}", API_INVALID, "X", "at least one row"},
        {"{}", API_INVALID, "X", "is missing: give X, or records in data"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_json, &predict, &cases[i], strlen(cases[i].text));
    reading r = good("{\"X\": [[1, 2], [3, 4]]}", &predict);
    ck_assert_uint_eq(r.set.rows, 2);
    ck_assert_uint_eq(r.set.cols, 2);
    ck_assert_ptr_null(r.set.target);
    ck_assert(api_dataset_plain(&r.set));
    assert_values(r, 1, 2, 3, 4);
    ck_assert_uint_eq(r.targets.n, 0);
    reading_free(&r);
}
END_TEST

START_TEST(a_sink_that_fails_stops_the_reader)
{
    static const char *const cases[] = {
        "{\"X\": [[1, 2], [3, 4]], \"y\": [1, 2]}", "{\"y\": [1, 2, 3], \"X\": [1, 2, 3]}",
        "{\"data\": [{\"a\": 1, \"b\": 2}, {\"a\": 3, \"b\": 4}], \"target\": \"b\"}"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        reading r = read_with(&api_format_json, &train, 1, cases[i], strlen(cases[i]));
        ck_assert(!r.ok && r.sink_full);
        ck_assert_int_eq(r.p.code, API_NO_SPACE);
        ck_assert_str_eq(r.p.detail, "the sink is full");
        reading_free(&r);
    }
    api_text t = {0}; /* long before the end */
    api_text_puts(&t, "{\"X\": [1");
    for (int i = 0; i < 10000; i++)
        api_text_puts(&t, ",1");
    api_text_puts(&t, ", oops");
    reading r = read_with(&api_format_json, &train, 3000, t.data, t.len);
    ck_assert_int_eq(r.p.code, API_NO_SPACE);
    ck_assert_uint_le(r.values.n, 3000);
    ck_assert_uint_gt(r.values.n, 0);
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("matrix");
    tcase_add_test(tc, a_matrix_is_read_with_its_members_in_any_order);
    tcase_add_test(tc, names_that_are_not_given_are_made_up);
    tcase_add_test(tc, a_flat_x_is_one_feature);
    tcase_add_test(tc, the_query_names_what_the_body_does_not);
    tcase_add_test(tc, columns_from_the_query_do_not_go_with_x);
    tcase_add_loop_test(tc, a_bad_matrix_is_refused_by_row_and_column, 0, COUNT(matrix_refusals));
    tcase_add_test(tc, all_bad_names_are_told_at_once);
    tcase_add_test(tc, bad_column_names_are_told_by_their_own_place);
    tcase_add_test(tc, columns_that_are_an_object_are_one_mistake);
    tcase_add_test(tc, columns_and_names_are_bounded);
    tcase_add_test(tc, so_are_the_names_of_columns);
    tcase_add_test(tc, many_rows_keep_their_order_through_the_buffers);
    tcase_add_test(tc, a_request_may_have_max_values_and_not_one_more);
    tcase_add_test(tc, rows_to_predict_need_no_target_and_take_nothing_else);
    tcase_add_test(tc, a_sink_that_fails_stops_the_reader);
    return run_tests(tc, "api_format_json");
}
