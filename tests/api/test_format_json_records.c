/* Uploads in JSON as records: the first one names the columns, the others may have them in
 * any order; what no feature or target wants may be anything.
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

/* Three rows of a = 1, 2.5, -0; b = 10, 20, 30; c = 7, 8, 9 as the features a, c and the
 * target b, stored in whatever order. */
static void assert_a_and_c_predict_b(const reading *r)
{
    static const double a[] = {1, 2.5, -0.0}, b[] = {10, 20, 30}, c[] = {7, 8, 9};
    ck_assert_uint_eq(r->set.rows, 3);
    ck_assert_uint_eq(r->set.cols, 2);
    ck_assert_str_eq(r->set.target, "b");
    ck_assert_uint_eq(r->values.n, 3 * r->set.stored);
    bool turned = strcmp(r->set.columns[0], "c") == 0;
    assert_columns(r, turned ? "c|a" : "a|c");
    for (size_t i = 0; i < 3; i++) {
        assert_same_double(feature_of(r, i, turned), a[i]);
        assert_same_double(feature_of(r, i, !turned), c[i]);
        assert_same_double(target_of(r, i), b[i]);
    }
}

START_TEST(records_are_read_with_keys_and_members_in_any_order)
{
    static const char *const cases[] = {
        "{\"data\": [{\"a\": 1, \"b\": 10, \"c\": 7}, {\"a\": 2.5, \"b\": 20, \"c\": 8},"
        " {\"a\": -0, \"b\": 30, \"c\": 9}], \"target\": \"b\"}",
        "{\"target\": \"b\", \"data\": [{\"c\": 7, \"a\": 1, \"b\": 10}, {\"b\": 20, \"c\": 8, "
        "\"a\": 2.5}, {\"a\": -0.0, \"b\": 3e1, \"c\": 9}]}",
        "{\"data\": [{\"b\": 10, \"c\": 7, \"a\": 1}, {\"c\": 8, \"b\": 20, \"a\": 2.5},"
        " {\"b\": 30, \"c\": 9, \"a\": -0}], \"columns\": [\"c\", \"a\"], \"target\": \"b\"}",
        "{\"columns\": [\"a\", \"c\"], \"data\": [{\"skip\": \"x\", \"a\": 1, \"b\": 10, \"c\": 7},"
        " {\"skip\": null, \"a\": 2.5, \"b\": 20, \"c\": 8}, {\"a\": -0, \"b\": 30, \"c\": 9,"
        " \"skip\": {\"a\": [1, 2]}}], \"target\": \"b\", \"name\": \"n\"}",
    };
    reading r = good(cases[_i], &train);
    assert_a_and_c_predict_b(&r);
    ck_assert_str_eq(r.set.name, _i == 3 ? "n" : "");
    /* the target has gone apart; what nobody wants is in the rows still */
    ck_assert_int_eq(api_dataset_plain(&r.set), _i != 3);
    ck_assert_uint_eq(r.set.target_at, API_APART);
    reading_free(&r);
}
END_TEST

START_TEST(features_come_in_the_order_of_the_first_record_or_of_columns)
{
    reading r = good("{\"data\": [{\"z\": 1, \"m\": 2, \"a\": 3}], \"target\": \"m\"}", &train);
    assert_columns(&r, "z|a");
    reading_free(&r);
    r = good("{\"data\": [{\"z\": 1, \"m\": 2, \"a\": 3}], \"target\": \"m\", \"columns\": "
             "[\"a\", \"z\"]}",
             &train);
    assert_columns(&r, "a|z");
    assert_same_double(feature_of(&r, 0, 0), 3);
    assert_same_double(feature_of(&r, 0, 1), 1);
    reading_free(&r);
}
END_TEST

START_TEST(the_query_gives_target_and_columns_unless_the_body_does)
{
    const char *const asked[] = {"c", "a"};
    const api_read_options o = {
        .labelled = true, .target = "b", .columns = asked, .columns_count = 2, .name = "q"};
    const char data[] = "{\"data\": [{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": \"text\"}]";
    char text[256];
    snprintf(text, sizeof text, "%s}", data);
    reading r = good(text, &o);
    assert_columns(&r, "c|a");
    ck_assert_str_eq(r.set.target, "b");
    ck_assert_str_eq(r.set.name, "q");
    reading_free(&r);
    snprintf(text, sizeof text, "%s, \"target\": \"c\", \"columns\": [\"b\"]}", data);
    r = good(text, &o);
    assert_columns(&r, "b");
    assert_same_double(target_of(&r, 0), 3);
    reading_free(&r);
}
END_TEST

START_TEST(columns_that_nothing_wants_may_hold_anything)
{
    reading r = good("{\"data\": [{\"a\": 1, \"id\": \"x\", \"y\": 2}, {\"a\": 3, \"id\": 1e999, "
                     "\"y\": 4}, {\"a\": 5, \"id\": [{\"y\": [7]}, {}], \"y\": 6}],"
                     "\"columns\": [\"a\"], \"target\": \"y\"}",
                     &train);
    for (size_t i = 0; i < 3; i++) {
        assert_same_double(feature_of(&r, i, 0), 2.0 * (double)i + 1);
        assert_same_double(target_of(&r, i), 2.0 * (double)i + 2);
    }
    reading_free(&r);
}
END_TEST

static const refusal refusals[] = {
    /* keys */
    {"{\"data\":[{\"a\":1,\"b\":2},{\"a\":1}],\"target\":\"b\"}", API_INVALID, "data[1]",
     "lacks \"b\", which data[0] has"},
    {"{\"data\":[{\"a\":1,\"b\":2},{\"b\":1,\"a\":1},{}],\"target\":\"b\"}", API_INVALID, "data[2]",
     "lacks \"a\""},
    {"{\"data\":[{\"a\":1},{\"a\":1,\"c\":2}],\"target\":\"a\"}", API_INVALID, "data[1]",
     "has the name \"c\", which data[0] has not"},
    {"{\"data\":[{\"a\":1,\"b\":2},{\"a\":1,\"a\":2}],\"target\":\"b\"}", API_INVALID, "data[1]",
     "the name \"a\" is given twice"},
    {"{\"data\":[{\"a\":1,\"a\":2}],\"target\":\"a\"}", API_INVALID, "data[0]",
     "the name \"a\" is given twice"},
    {"{\"data\":[{}],\"target\":\"a\"}", API_INVALID, "data[0]", "at least one member"},
    {"{\"data\":[],\"target\":\"a\"}", API_INVALID, "data", "at least one record"},
    {"{\"data\":[[1,2]],\"target\":\"a\"}", API_INVALID, "data[0]",
     "must be an object, got an arr"},
    {"{\"data\":[{\"a\":1},5],\"target\":\"a\"}", API_INVALID, "data[1]", "got a number"},
    {"{\"data\":{\"a\":[1]},\"target\":\"a\"}", API_INVALID, "data", "must be an array of objects"},
    {"{\"data\":\"a,b\"}", API_INVALID, "data", "got a string"},
    /* values of columns that are wanted: the first bad one of each */
    {"{\"data\":[{\"a\":1,\"b\":2},{\"a\":\"x\",\"b\":3},{\"a\":null,\"b\":1}],\"target\":\"b\"}",
     API_INVALID, "data[1].a", "must be a finite number, got a string"},
    {"{\"data\":[{\"a\":[1],\"b\":1}],\"target\":\"b\"}", API_INVALID, "data[0].a", "got an array"},
    {"{\"data\":[{\"a\":{},\"b\":1}],\"target\":\"b\"}", API_INVALID, "data[0].a", "got an object"},
    {"{\"data\":[{\"a\":1,\"b\":1},{\"a\":1e400,\"b\":1}],\"target\":\"b\"}", API_INVALID,
     "data[1].a", "is beyond the range of double precision"},
    {"{\"data\":[{\"id\":\"x\",\"a\":1,\"b\":1},{\"id\":2,\"a\":1,\"b\":1}],\"target\":\"b\","
     "\"columns\":[\"id\"]}",
     API_INVALID, "data[1].id",
     "must be a string, got a number (line 1, byte 38); to take numbers as texts, declare it: types=id:categorical"},
    /* target and columns */
    {"{\"data\":[{\"a\":1,\"b\":2}]}", API_INVALID, "target", "is missing: the column to predict"},
    {"{\"data\":[{\"radio\":1,\"sales\":2}],\"target\":\"sale\"}", API_INVALID, "target",
     "no column \"sale\"; did you mean \"sales\"?"},
    {"{\"target\":\"profit\",\"data\":[{\"radio\":1,\"sales\":2}]}", API_INVALID, "target",
     "the records have no column \"profit\""},
    {"{\"data\":[{\"radio\":1,\"y\":2}],\"target\":\"y\",\"columns\":[\"radios\"]}", API_INVALID,
     "columns[0]", "no column \"radios\"; did you mean \"radio\"?"},
    {"{\"data\":[{\"a\":1,\"y\":2}],\"target\":\"y\",\"columns\":[\"a\",\"y\"]}", API_INVALID,
     "columns[1]", "\"y\" is the target too"},
    {"{\"data\":[{\"a\":1,\"y\":2}],\"target\":\"y\",\"columns\":[\"a\",\"a\"]}", API_INVALID,
     "columns[1]", "\"a\" is given twice"},
    {"{\"data\":[{\"a\":1,\"y\":2}],\"target\":\"y\",\"columns\":[]}", API_INVALID, "columns",
     "at least one feature"},
    {"{\"data\":[{\"y\":2}],\"target\":\"y\"}", API_INVALID, "columns", "at least one feature"},
    {"{\"data\":[{\"a\":1,\"y\":2}],\"y\":[1]}", API_INVALID, "y",
     "belongs to X; records name their target by \"target\""},
    {"{\"data\":[{\"a\":1}],\"data\":[{\"a\":1}],\"target\":\"a\"}", API_BAD_JSON, "",
     "\"data\" is given twice"},
    /* names */
    {"{\"data\":[{\"\":1,\"y\":2}],\"target\":\"y\"}", API_INVALID, "data[0].",
     "must not be empty"},
    {"{\"data\":[{\"a\\nb\":1,\"y\":2}],\"target\":\"y\"}", API_INVALID, "data[0].a\nb", "control"},
    {"{\"data\":[{\"a\":1,\"\\u0001\":2}],\"target\":\"\\u0001\"}", API_INVALID, "target",
     "control"},
    /* cut off */
    {"{\"data\":[{\"a\":1},{\"a\"", API_BAD_JSON, "", "ends too early"},
    {"[{\"a\":1,\"y\":2}]", API_BAD_JSON, "", "must be a JSON object: {...}, not an array"},
};

START_TEST(bad_records_are_refused_by_row_and_name)
{
    const refusal *r = &refusals[_i];
    assert_refused(&api_format_json, &train, r, strlen(r->text));
}
END_TEST

START_TEST(each_bad_column_is_told)
{
    reading r =
        read_json("{\"data\": [{\"a\": 1, \"b\": [], \"c\": 3, \"y\": 1}, {\"a\": \"-\", "
                  "\"b\": 2, \"c\": 1e999, \"y\": false}], \"target\": \"y\", \"extra\": 0}",
                  &train);
    ck_assert_int_eq(r.p.code, API_INVALID);
    assert_says(&r.p, "data[1].a", "got a string");
    assert_says(&r.p, "data[0].b", "got an array");
    assert_says(&r.p, "data[1].c", "beyond the range");
    assert_says(&r.p, "data[1].y", "got false");
    assert_says(&r.p, "extra", "unknown field");
    ck_assert_uint_eq(r.p.errors_count, 5);
    reading_free(&r);
}
END_TEST

START_TEST(many_keys_are_found_in_any_order)
{
    enum { KEYS = 200 };
    api_text t = {0};
    api_text_puts(&t, "{\"data\": [{");
    for (int i = 0; i < KEYS; i++)
        api_text_printf(&t, "%s\"k%d\": %d", i ? ", " : "", i, i);
    api_text_puts(&t, "}, {");
    for (int i = 0; i < KEYS; i++)
        api_text_printf(&t, "%s\"k%d\": %d", i ? ", " : "", i * 77 % KEYS, 1000 + i * 77 % KEYS);
    api_text_puts(&t, "}], \"target\": \"k0\"}");
    reading r = good(t.data, &train);
    ck_assert_uint_eq(r.set.cols, KEYS - 1);
    for (size_t i = 1; i < KEYS; i++) {
        assert_same_double(feature_of(&r, 0, i - 1), (double)i);
        assert_same_double(feature_of(&r, 1, i - 1), 1000 + (double)i);
    }
    assert_same_double(target_of(&r, 1), 1000);
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

static char *wide_record(size_t keys)
{
    api_text t = {0};
    api_text_puts(&t, "{\"target\": \"k0\", \"data\": [{");
    for (size_t i = 0; i < keys; i++)
        api_text_printf(&t, "%s\"k%zu\": 1", i ? ", " : "", i);
    api_text_puts(&t, "}]}");
    return api_text_take(&t);
}

START_TEST(columns_are_bounded_beside_the_target)
{
    char *text = wide_record(GD_MAX_COLUMNS + 1);
    reading r = good(text, &train);
    ck_assert_uint_eq(r.set.cols, GD_MAX_COLUMNS);
    reading_free(&r);
    free(text);
    text = wide_record(GD_MAX_COLUMNS + 2);
    refusal much = {text, API_INVALID, "data[0]", "has more than 10000 columns"};
    assert_refused(&api_format_json, &train, &much, strlen(text));
    free(text);
}
END_TEST

START_TEST(columns_are_bounded_for_predictions_too)
{
    api_text t = {0};
    api_text_puts(&t, "{\"data\": [{");
    for (size_t i = 0; i <= GD_MAX_COLUMNS; i++)
        api_text_printf(&t, "%s\"k%zu\": 1", i ? ", " : "", i);
    api_text_puts(&t, "}]}");
    reading r = read_json(t.data, &predict);
    ck_assert_msg(!r.ok, "%zu columns are accepted", r.set.cols);
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

/* ---- names ---- */

static reading with_name_of(size_t len, const char *format)
{
    char name[API_MAX_NAME + 2], text[2048];
    memset(name, 'n', len);
    name[len] = '\0';
    snprintf(text, sizeof text, format, name, name);
    return read_json(text, &train);
}

START_TEST(names_of_wanted_columns_are_bounded)
{
    static const char as_feature[] = "{\"data\": [{\"%s\": 1, \"y\": 2}], \"target\": \"y\"}";
    static const char as_target[] = "{\"data\": [{\"%s\": 1, \"x\": 2}], \"target\": \"%s\"}";
    const char *const formats[] = {as_feature, as_target};
    for (int i = 0; i < 2; i++) {
        reading r = with_name_of(API_MAX_NAME, formats[i]);
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        reading_free(&r);
        r = with_name_of(API_MAX_NAME + 1, formats[i]);
        ck_assert_int_eq(r.p.code, API_INVALID);
        ck_assert_ptr_nonnull(strstr(r.p.errors[0].message, "at most 256 bytes long, got 257"));
        reading_free(&r);
    }
}
END_TEST

/* ---- predictions ---- */

START_TEST(records_to_predict_are_reordered_to_the_columns_of_the_model)
{
    const char *const columns[] = {"radio", "tv"};
    const api_read_options o = {.columns = columns, .columns_count = 2};
    reading r = good("{\"data\": [{\"tv\": 1, \"sales\": \"?\", \"radio\": 2}, {\"radio\": 4, "
                     "\"tv\": 3, \"sales\": null}]}",
                     &o);
    assert_columns(&r, "radio|tv");
    ck_assert_ptr_null(r.set.target);
    assert_same_double(feature_of(&r, 0, 0), 2);
    assert_same_double(feature_of(&r, 0, 1), 1);
    assert_same_double(feature_of(&r, 1, 0), 4);
    assert_same_double(feature_of(&r, 1, 1), 3);
    ck_assert_uint_eq(r.targets.n, 0);
    reading_free(&r);
    static const refusal cases[] = {
        {"{\"data\":[{\"tv\":1}]}", API_INVALID, "columns[0]", "no column \"radio\""},
        {"{\"data\":[{\"tv\":1,\"radios\":2}]}", API_INVALID, "columns[0]", "mean \"radios\"?"},
        {"{\"data\":[{\"tv\":[1],\"radio\":2}]}", API_INVALID, "data[0].tv", "got an array"},
        {"{\"data\":[{\"tv\":1,\"radio\":2}],\"target\":\"tv\"}", API_INVALID, "target", "unknown"},
        {"{\"data\":[]}", API_INVALID, "data", "at least one record"},
        {"{\"data\":[{\"tv\":1,\"radio\":2}],\"X\":[1]}", API_INVALID, "data", "together with X"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_json, &o, &cases[i], strlen(cases[i].text));
    r = good("{\"data\": [{\"a\": 1, \"b\": 2}]}", &predict);
    assert_columns(&r, "a|b");
    ck_assert(api_dataset_plain(&r.set));
    reading_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("records");
    tcase_add_loop_test(tc, records_are_read_with_keys_and_members_in_any_order, 0, 4);
    tcase_add_test(tc, features_come_in_the_order_of_the_first_record_or_of_columns);
    tcase_add_test(tc, the_query_gives_target_and_columns_unless_the_body_does);
    tcase_add_test(tc, columns_that_nothing_wants_may_hold_anything);
    tcase_add_loop_test(tc, bad_records_are_refused_by_row_and_name, 0, COUNT(refusals));
    tcase_add_test(tc, each_bad_column_is_told);
    tcase_add_test(tc, many_keys_are_found_in_any_order);
    tcase_add_test(tc, columns_are_bounded_beside_the_target);
    tcase_add_test(tc, columns_are_bounded_for_predictions_too);
    tcase_add_test(tc, names_of_wanted_columns_are_bounded);
    tcase_add_test(tc, records_to_predict_are_reordered_to_the_columns_of_the_model);
    return run_tests(tc, "api_format_json_records");
}
