/* api_types: dates against POSIX time, missing cells, what tells a column's type, and what each
 * format makes of columns that are not numbers. */
#define _GNU_SOURCE
#include "api_text.h"
#include "readings.h"

#include <math.h>
#include <time.h>

extern const api_format api_format_json, api_format_ndjson, api_format_csv;

static const api_read_options train = {.labelled = true, .target = "y"};

/* ---- dates ---- */

static double seconds_of(const char *text)
{
    double v;
    ck_assert_msg(api_datetime_read(text, strlen(text), &v), "%s is refused", text);
    return v;
}

START_TEST(dates_are_seconds_since_1970_utc)
{
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        {"1970-01-01", 0},
        {"2024-05-01", 1714521600},
        {"2024-05-01T12:30:15Z", 1714566615},
        {"2024-05-01 12:30:15", 1714566615}, /* no offset: UTC */
        {"2024-05-01t12:30z", 1714566600},
        {"2024-05-01T12:30:15.25Z", 1714566615.25},
        {"2024-05-01T12:30:15,5Z", 1714566615.5},
        {"2024-05-01T12:30:15+02:00", 1714559415},
        {"2024-05-01T12:30:15-0930", 1714600815},
        {"2024-05-01T12:30+02", 1714559400},
        {"2000-02-29", 951782400},
        {"1969-12-31T23:59:59Z", -1},
        {"0001-01-01", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"  2024-05-01 ", 1714521600},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_same_double(seconds_of(cases[i].text), cases[i].seconds);
}
END_TEST

START_TEST(every_day_is_as_the_c_library_has_it)
{
    for (int day = -50000; day < 50000; day += 7) {
        time_t t = (time_t)day * 86400 + 3723;
        struct tm tm;
        char text[40];
        gmtime_r(&t, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        assert_same_double(seconds_of(text), (double)t);
    }
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
    static const char *const cases[] = {"",
                                        "2024",
                                        "2024-05",
                                        "2024-5-1",
                                        "24-05-01",
                                        "2024-13-01",
                                        "2024-00-01",
                                        "2023-02-29",
                                        "1900-02-29",
                                        "2024-04-31",
                                        "2024-05-00",
                                        "2024/05/01",
                                        "01.05.2024",
                                        "2024-05-01T",
                                        "2024-05-01T25:00",
                                        "20240501",
                                        "2024-05-01x",
                                        "2024-05-01T12:60",
                                        "2024-05-01T12:30:60",
                                        "2024-05-01T12:30:15.",
                                        "2024-05-01T12:30:15+",
                                        "2024-05-01T12:30:15+2:00",
                                        "2024-05-01T12:30:15+24:00",
                                        "2024-05-01T12:30:15Z ago",
                                        "2024-05-01T12"};
    double v;
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(!api_datetime_read(cases[i], strlen(cases[i]), &v), "%s is taken", cases[i]);
}
END_TEST

/* ---- given types ---- */

START_TEST(types_of_a_query_are_read)
{
    api_types t = {0};
    api_problem p = no_problem();
    ck_assert(
        api_types_read(&t, "city:categorical,a:b:datetime,n:numeric,f:boolean,id:ignore", &p));
    ck_assert_int_eq(api_types_find(&t, "city"), API_CATEGORICAL);
    ck_assert_int_eq(api_types_find(&t, "a:b"), API_DATETIME);
    ck_assert_int_eq(api_types_find(&t, "n"), API_NUMERIC);
    ck_assert_int_eq(api_types_find(&t, "f"), API_BOOLEAN);
    ck_assert_int_eq(api_types_find(&t, "id"), API_IGNORE);
    ck_assert_int_eq(api_types_find(&t, "other"), API_TYPE_UNKNOWN);
    api_types_free(&t);
    static const char *const bad[][2] = {
        {"city", "like city:categorical"},     {"", "like city:categorical"},
        {":numeric", "like city:categorical"}, {"a:text", "must be \"numeric\""},
        {"a:numeric,", "like city"},           {"a:numeric,a:boolean", "given twice"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        p = no_problem();
        ck_assert(!api_types_read(&t, bad[i][0], &p));
        assert_says(&p, "types", bad[i][1]);
        api_types_free(&t);
    }
}
END_TEST

START_TEST(many_types_are_found_by_name)
{
    enum { COLUMNS = 3000 };
    static char names[COLUMNS][16];
    static const char *list[COLUMNS];
    static api_type types[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i * 7919 % 100003);
        list[i] = names[i];
        types[i] = i % 3 ? API_NUMERIC : API_CATEGORICAL;
    }
    api_types t = {0};
    ck_assert(api_types_fill(&t, list, types, COLUMNS));
    for (size_t i = 0; i < COLUMNS; i++)
        ck_assert_int_eq(api_types_find(&t, names[i]), types[i]);
    ck_assert_int_eq(api_types_find(&t, "d"), API_TYPE_UNKNOWN);
    api_problem p = no_problem();
    ck_assert(api_types_add(&t, "d", API_BOOLEAN, "types", &p));
    ck_assert_int_eq(api_types_find(&t, "d"), API_BOOLEAN);
    ck_assert(!api_types_add(&t, names[5], API_BOOLEAN, "types", &p));
    api_types_free(&t);
}
END_TEST

/* ---- what formats make of columns ---- */

static reading good(const api_format *f, const char *text, const api_read_options *o)
{
    reading r = read_with(f, o, 0, text, strlen(text));
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

static void assert_kind(const reading *r, size_t j, api_type type, uint64_t missing,
                        const char *levels)
{
    char got[256] = "";
    ck_assert_ptr_nonnull(r->set.kinds);
    const api_kind *k = &r->set.kinds[j];
    for (size_t i = 0; i < k->levels_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "|" : "", k->levels[i]);
    ck_assert_msg(k->type == type, "column %zu is %s", j, api_type_name(k->type));
    ck_assert_uint_eq(k->missing, missing);
    ck_assert_str_eq(got, levels);
}

static void assert_feature(const reading *r, size_t j, const double *want, size_t rows)
{
    ck_assert_uint_eq(r->set.rows, rows);
    for (size_t i = 0; i < rows; i++)
        if (isnan(want[i]))
            ck_assert_msg(isnan(feature_of(r, i, j)), "row %zu, column %zu is there", i, j);
        else
            assert_same_double(feature_of(r, i, j), want[i]);
}

/* The same table in every shape. */
static const char *const tables[] = {
    "city,rooms,lift,since,y\n"
    "Rome,3,true,2021-05-01,1\n"
    "Oslo,NA,False,2019-11-15,2\n"
    "?,2,,n/a,3\n"
    "Rome,4,TRUE,2020-08-20T12:00:00Z,\n",
    "{\"data\": [{\"city\": \"Rome\", \"rooms\": 3, \"lift\": true, \"since\": \"2021-05-01\", "
    "\"y\": 1},"
    "{\"city\": \"Oslo\", \"rooms\": null, \"lift\": false, \"since\": \"2019-11-15\", \"y\": 2},"
    "{\"lift\": null, \"city\": null, \"rooms\": 2, \"since\": null, \"y\": 3},"
    "{\"city\": \"Rome\", \"rooms\": 4, \"lift\": true, \"since\": \"2020-08-20T12:00:00Z\", "
    "\"y\": "
    "null}]}",
    "{\"columns\": {\"city\": [\"Rome\", \"Oslo\", null, \"Rome\"], \"rooms\": [3, null, 2, 4], "
    "\"lift\": [true, false, null, true], \"since\": [\"2021-05-01\", \"2019-11-15\", \"\", "
    "\"2020-08-20T12:00:00Z\"], \"y\": [1, 2, 3, null]}}",
    "{\"y\": [1, 2, 3, null], \"columns\": [\"city\", \"rooms\", \"lift\", \"since\"], "
    "\"X\": [[\"Rome\", 3, true, \"2021-05-01\"], [\"Oslo\", null, false, \"2019-11-15\"], "
    "[null, 2, null, null], [\"Rome\", 4, true, \"2020-08-20T12:00:00Z\"]]}",
    "{\"city\": \"Rome\", \"rooms\": 3, \"lift\": true, \"since\": \"2021-05-01\", \"y\": 1}\n"
    "{\"city\": \"Oslo\", \"rooms\": null, \"lift\": false, \"since\": \"2019-11-15\", \"y\": 2}\n"
    "{\"city\": null, \"rooms\": 2, \"lift\": null, \"since\": null, \"y\": 3}\n"
    "{\"city\": \"Rome\", \"rooms\": 4, \"lift\": true, \"since\": \"2020-08-20T12:00:00Z\", "
    "\"y\": "
    "null}\n",
    "[\"city\", \"rooms\", \"lift\", \"since\", \"y\"]\n"
    "[\"Rome\", 3, true, \"2021-05-01\", 1]\n[\"Oslo\", null, false, \"2019-11-15\", 2]\n"
    "[null, 2, null, null, 3]\n[\"Rome\", 4, true, \"2020-08-20T12:00:00Z\", null]\n"};
static const api_format *const table_formats[] = {&api_format_csv,    &api_format_json,
                                                  &api_format_json,   &api_format_json,
                                                  &api_format_ndjson, &api_format_ndjson};

START_TEST(types_are_found_alike_in_every_shape)
{
    reading r = good(table_formats[_i], tables[_i], &train);
    assert_columns(&r, "city|rooms|lift|since");
    assert_kind(&r, 0, API_CATEGORICAL, 1, "Rome|Oslo");
    assert_kind(&r, 1, API_NUMERIC, 1, "");
    assert_kind(&r, 2, API_BOOLEAN, 1, "");
    assert_kind(&r, 3, API_DATETIME, 1, "");
    assert_kind(&r, 4, API_NUMERIC, 1, "");
    assert_feature(&r, 0, (const double[]){0, 1, NAN, 0}, 4);
    assert_feature(&r, 1, (const double[]){3, NAN, 2, 4}, 4);
    assert_feature(&r, 2, (const double[]){1, 0, NAN, 1}, 4);
    assert_feature(&r, 3, (const double[]){1619827200, 1573776000, NAN, 1597924800}, 4);
    ck_assert(isnan(target_of(&r, 3)));
    assert_same_double(target_of(&r, 2), 3);
    assert_labels(&r, "");
    reading_free(&r);
}
END_TEST

START_TEST(numbers_alone_have_no_kinds)
{
    static const char *const texts[] = {"a,y\n1,2\n3,4\n", "{\"X\": [[1], [3]], \"y\": [2, 4]}",
                                        "{\"data\": [{\"a\": 1, \"y\": 2}, {\"a\": 3, \"y\": 4}]}",
                                        "{\"columns\": {\"a\": [1, 3], \"y\": [2, 4]}}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        reading r = good(i ? &api_format_json : &api_format_csv, texts[i], &train);
        ck_assert_ptr_null(r.set.kinds);
        reading_free(&r);
    }
}
END_TEST

/* A column that begins with missing cells is told by the first that is there. */
START_TEST(missing_cells_tell_no_type)
{
    static const char *const texts[] = {
        "a,b,c,y\n,,,1\nNA,,,2\n5,x,,3\n6,1,,4\n7,y,,5\n",
        "{\"X\": [[null, null, null], [null, null, null], [5, \"x\", null], [6, \"1\", null], "
        "[7, \"y\", null]], \"y\": [1, 2, 3, 4, 5]}",
        "{\"target\": \"y\", \"data\": [{\"a\": null, \"b\": null, \"c\": null, \"y\": 1}, "
        "{\"a\": null, \"b\": null, \"c\": null, \"y\": 2}, {\"a\": 5, \"b\": \"x\", \"c\": null, "
        "\"y\": 3}, {\"a\": 6, \"b\": \"1\", \"c\": null, \"y\": 4}, {\"a\": 7, \"b\": \"y\", "
        "\"c\": null, \"y\": 5}]}",
        "{\"columns\": {\"a\": [null, null, 5, 6, 7], \"b\": [null, null, \"x\", \"1\", \"y\"], "
        "\"c\": [null, null, null, null, null], \"y\": [1, 2, 3, 4, 5]}}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        reading r = good(i ? &api_format_json : &api_format_csv, texts[i], &train);
        assert_kind(&r, 0, API_NUMERIC, 2, "");
        assert_kind(&r, 1, API_CATEGORICAL, 2, "x|1|y");
        assert_kind(&r, 2, API_NUMERIC, 5, "");
        assert_feature(&r, 0, (const double[]){NAN, NAN, 5, 6, 7}, 5);
        reading_free(&r);
    }
}
END_TEST

START_TEST(numbers_may_be_declared_texts_and_columns_ignored)
{
    api_types types = {0};
    api_problem p = no_problem();
    ck_assert(api_types_read(&types, "zip:categorical,id:ignore", &p));
    const api_read_options o = {.labelled = true, .target = "y", .types = &types};
    static const char *const texts[] = {
        "id,zip,a,y\n1,00184,1,1\nx,0150,2,2\n-[],00184,3,3\n",
        "{\"data\": [{\"id\": 1, \"zip\": \"00184\", \"a\": 1, \"y\": 1}, {\"id\": [[]], \"zip\": "
        "\"0150\", \"a\": 2, \"y\": 2}, {\"id\": {}, \"zip\": \"00184\", \"a\": 3, \"y\": 3}]}",
        "{\"columns\": {\"id\": [1, {\"a\": []}, null], \"zip\": [\"00184\", \"0150\", \"00184\"], "
        "\"a\": [1, 2, 3], \"y\": [1, 2, 3]}}",
        "{\"columns\": [\"id\", \"zip\", \"a\"], \"X\": [[1, \"00184\", 1], [\"x\", \"0150\", 2], "
        "[null, \"00184\", 3]], \"y\": [1, 2, 3]}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        reading r = good(i ? &api_format_json : &api_format_csv, texts[i], &o);
        assert_columns(&r, "zip|a");
        assert_kind(&r, 0, API_CATEGORICAL, 0, "00184|0150");
        assert_feature(&r, 0, (const double[]){0, 1, 0}, 3);
        assert_feature(&r, 1, (const double[]){1, 2, 3}, 3);
        reading_free(&r);
    }
    /* JSON numbers are texts as they are written */
    reading r =
        good(&api_format_json,
             "{\"types\": {\"a\": \"categorical\"}, \"columns\": [\"a\"], \"X\": [1, 1.0, 1e0, "
             "true, 1], \"y\": [1, 2, 3, 4, 5]}",
             &train);
    assert_kind(&r, 0, API_CATEGORICAL, 0, "1|1.0|1e0|true");
    reading_free(&r);
    r = good(&api_format_json,
             "{\"types\": {\"a\": \"categorical\"}, \"data\": [{\"a\": 1, \"y\": 1}, {\"a\": 1.0, "
             "\"y\": 2}, {\"a\": 1, \"y\": 2}, {\"a\": true, \"y\": 3}]}",
             &train);
    assert_kind(&r, 0, API_CATEGORICAL, 0, "1|1.0|true");
    reading_free(&r);
    api_types_free(&types);
}
END_TEST

START_TEST(true_and_false_as_targets_are_classes)
{
    static const char *const texts[] = {"{\"X\": [1, 2, 3], \"y\": [true, null, false]}",
                                        "{\"data\": [{\"x\": 1, \"y\": true}, {\"x\": 2, \"y\": "
                                        "null}, {\"x\": 3, \"y\": false}]}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        reading r = good(&api_format_json, texts[i], &train);
        assert_labels(&r, "false|true");
        assert_same_double(target_of(&r, 0), 1);
        ck_assert(isnan(target_of(&r, 1)));
        assert_same_double(target_of(&r, 2), 0);
        reading_free(&r);
    }
}
END_TEST

START_TEST(what_does_not_fit_the_type_is_told_with_its_place)
{
    static const struct {
        const api_format *format;
        refusal want;
    } cases[] = {
        {&api_format_csv,
         {"p,y\n1,1\nRome,2\n", API_INVALID, "row 2, column \"p\"",
          "\"Rome\" is not a number (line 3, byte 8); if the column is not numeric, declare it: "
          "types=p:categorical"}},
        {&api_format_csv,
         {"p,y\n2024-05-01,1\nmay,2\n", API_INVALID, "row 2, column \"p\"",
          "\"may\" is not a date like 2024-05-01 or 2024-05-01T12:30:00Z (line 3"}},
        {&api_format_csv,
         {"p,y\ntrue,1\nmaybe,2\n", API_INVALID, "row 2, column \"p\"",
          "\"maybe\" is not true or false (line 3"}},
        {&api_format_csv,
         {"p,y\na\tb,1\n", API_INVALID, "row 1, column \"p\"",
          "must not contain control characters (line 2, byte 4); leave the column out: "
          "types=p:ignore"}},
        {&api_format_json,
         {"{\"X\": [[\"a\"], [1]], \"y\": [1, 2]}", API_INVALID, "X[1][0]",
          "must be a string, got a number (line 1, byte 15); to take numbers as texts, declare "
          "it"}},
        {&api_format_json,
         {"{\"X\": [[true], [1.5]], \"y\": [1, 2]}", API_INVALID, "X[1][0]",
          "must be true or false"}},
        {&api_format_json,
         {"{\"data\": [{\"a\": \"2024-05-01\", \"y\": 1}, {\"a\": 5, \"y\": 1}]}", API_INVALID,
          "data[1].a", "must be a date like"}},
        {&api_format_json,
         {"{\"X\": [[1]], \"y\": [1], \"types\": {\"x\": \"categorical\"}}", API_INVALID, "types",
          "stand behind the data, which were read as numeric"}},
        {&api_format_json,
         {"{\"data\": [{\"a\": 1, \"y\": 1}], \"types\": {\"a\": \"boolean\"}}", API_INVALID,
          "types.a", "stands behind the data"}},
        {&api_format_json,
         {"{\"data\": [{\"a\": 1, \"y\": 1}], \"types\": {\"b\": \"ignore\"}}", API_INVALID,
          "types", "name \"b\", which is no column"}},
        {&api_format_json,
         {"{\"types\": {\"a\": \"text\"}, \"data\": [{\"a\": 1, \"y\": 1}]}", API_INVALID,
          "types.a", "must be \"numeric\""}},
        {&api_format_json,
         {"{\"types\": [\"a\"], \"data\": [{\"a\": 1, \"y\": 1}]}", API_INVALID, "types",
          "must be an object"}},
        {&api_format_json,
         {"{\"types\": {\"y\": \"ignore\"}, \"data\": [{\"a\": 1, \"y\": 1}]}", API_INVALID,
          "target", "is ignored"}},
        {&api_format_json,
         {"{\"types\": {\"a\": \"ignore\"}, \"data\": [{\"a\": 1, \"y\": 1}]}", API_INVALID,
          "columns", "at least one feature"}},
    };
    assert_refused(cases[_i].format, &train, &cases[_i].want, strlen(cases[_i].want.text));
}
END_TEST

START_TEST(types_behind_the_data_may_repeat_what_they_are)
{
    reading r =
        good(&api_format_json,
             "{\"data\": [{\"a\": \"u\", \"b\": 1, \"c\": {}, \"y\": 1}], \"types\": {\"a\": "
             "\"categorical\", \"b\": \"numeric\", \"c\": \"ignore\"}}",
             &train);
    assert_columns(&r, "a|b");
    reading_free(&r);
    r = good(&api_format_json,
             "{\"X\": [[\"u\", 1, 2]], \"y\": [1], \"types\": {\"x1\": \"categorical\", \"x3\": "
             "\"ignore\"}}",
             &train);
    assert_columns(&r, "x1|x2");
    reading_free(&r);
}
END_TEST

/* Before X comes nobody knows how many columns it has. */
START_TEST(unnamed_columns_of_x_are_typed_by_their_numbers)
{
    static const char *const one[] = {"x", "x1"};
    static const char *const data[] = {"[[3], [4], [3]]", "[3, 4, 3]"};
    for (size_t k = 0; k < 8; k++) { /* in the document, or in the query */
        bool in_query = k & 4;
        char text[160], query[40];
        api_types types = {0};
        api_problem p = no_problem();
        snprintf(query, sizeof query, "%s:categorical", one[k & 1]);
        ck_assert(api_types_read(&types, query, &p));
        api_read_options o = train;
        o.types = in_query ? &types : NULL;
        snprintf(text, sizeof text, "{%s%s%s \"X\": %s, \"y\": [1, 2, 3]}",
                 in_query ? "" : "\"types\": {\"", in_query ? "" : one[k & 1],
                 in_query ? "" : "\": \"categorical\"},", data[k >> 1 & 1]);
        reading r = good(&api_format_json, text, &o);
        assert_columns(&r, "x");
        assert_kind(&r, 0, API_CATEGORICAL, 0, "3|4");
        assert_same_double(feature_of(&r, 1, 0), 1);
        reading_free(&r);
        api_types_free(&types);
    }
    reading r =
        good(&api_format_json,
             "{\"types\": {\"x1\": \"categorical\", \"x3\": \"ignore\"}, \"X\": [[3, 4, 5]], "
             "\"y\": [1]}",
             &train);
    assert_columns(&r, "x1|x2");
    assert_kind(&r, 0, API_CATEGORICAL, 0, "3");
    assert_kind(&r, 1, API_NUMERIC, 0, "");
    reading_free(&r);
    /* names that stand behind them are more names */
    r = good(
        &api_format_json,
        "{\"types\": {\"x1\": \"categorical\"}, \"X\": [[3], [4]], \"y\": [1, 2], \"columns\": "
        "[\"zip\"]}",
        &train);
    assert_columns(&r, "zip");
    assert_kind(&r, 0, API_CATEGORICAL, 0, "3|4");
    reading_free(&r);
    /* what is the target is no column of X */
    r = good(
        &api_format_json,
        "{\"types\": {\"x\": \"categorical\"}, \"target\": \"x\", \"X\": [[3, 4]], \"y\": [1]}",
        &train);
    assert_kind(&r, 0, API_NUMERIC, 0, "");
    assert_labels(&r, "1");
    reading_free(&r);
}
END_TEST

START_TEST(types_of_x_that_can_not_hold_are_told_truly)
{
    static const refusal cases[] = {
        {"{\"types\": {\"y\": \"ignore\"}, \"X\": [[3]], \"y\": [5]}", API_INVALID, "types",
         "say that \"y\" is ignored, but it is the target"},
        {"{\"X\": [[3]], \"y\": [5], \"types\": {\"y\": \"ignore\"}}", API_INVALID, "types",
         "say that \"y\" is ignored, but it is the target"},
        {"{\"types\": {\"x\": \"categorical\"}, \"X\": [[3, 4]], \"y\": [1]}", API_INVALID, "types",
         "name \"x\", which is no column: they are x1 to x2"},
        {"{\"types\": {\"x3\": \"categorical\"}, \"X\": [[3, 4]], \"y\": [1]}", API_INVALID,
         "types", "name \"x3\", which is no column: they are x1 to x2"},
        {"{\"types\": {\"x01\": \"numeric\"}, \"X\": [[3, 4]], \"y\": [1]}", API_INVALID, "types",
         "name \"x01\", which is no column"},
        {"{\"types\": {\"city\": \"categorical\"}, \"X\": [3], \"y\": [1]}", API_INVALID, "types",
         "name \"city\", which is no column: the only one is x"},
        {"{\"columns\": [\"a\"], \"types\": {\"x1\": \"numeric\"}, \"X\": [3], \"y\": [1]}",
         API_INVALID, "types", "name \"x1\", which is no column"},
        {"{\"X\": [[3]], \"y\": [1], \"types\": {\"x1\": \"categorical\"}}", API_INVALID, "types",
         "say \"x1\" is categorical, but stand behind the data, which were read as numeric: give "
         "types before them, or in the query"},
        {"{\"types\": {\"a\": \"categorical\"}, \"X\": [[3]], \"y\": [1], \"columns\": [\"a\"]}",
         API_INVALID, "types",
         "say \"a\" is categorical, but columns name it behind the data, which were read as "
         "numeric: give columns before them"},
        {"{\"X\": [[3]], \"y\": [1], \"columns\": [\"a\"], \"types\": {\"a\": \"categorical\"}}",
         API_INVALID, "types", "numeric: give columns and types before them"},
        {"{\"types\": {\"t\": \"categorical\"}, \"X\": [[3]], \"y\": [1], \"target\": \"t\"}",
         API_INVALID, "types",
         "say \"t\" is categorical, but target names it behind the data, which were read as "
         "numeric: give target before them"},
        {"{\"types\": {\"x\": \"categorical\", \"x1\": \"numeric\"}, \"X\": [[3]], \"y\": [1]}",
         API_INVALID, "types", "say \"x\" is categorical, and by another name that it is numeric"},
        {"{\"types\": {\"x1\": \"ignore\"}, \"X\": [[3, 4]], \"y\": [1], \"columns\": [\"x2\", "
         "\"x1\"]}",
         API_INVALID, "types", "name \"x1\", which is column 1 of X until columns or target"},
        {"{\"types\": {\"x\": \"categorical\"}, \"X\": [[3, 4]], \"y\": [1], \"target\": \"x\"}",
         API_INVALID, "types", "name \"x\", which is column 1 of X until columns or target"},
        {"{\"X\": [[\"a\"], [1]], \"y\": [1, 2]}", API_INVALID, "X[1][0]",
         "declare it: types=x:cat"},
        {"{\"X\": [\"a\", 1], \"y\": [1, 2]}", API_INVALID, "X[1]", "declare it: types=x:cat"},
        {"{\"X\": [[\"a\", 1], [1, 1]], \"y\": [1, 2]}", API_INVALID, "X[1][0]",
         "declare it: types=x1:cat"},
    };
    assert_refused(&api_format_json, &train, &cases[_i], strlen(cases[_i].text));
}
END_TEST

START_TEST(types_in_the_query_are_of_columns_of_x)
{
    api_types types = {0};
    api_problem p = no_problem();
    ck_assert(api_types_read(&types, "x:boolean,city:ignore", &p));
    api_read_options o = train;
    o.types = &types;
    const refusal want = {"{\"X\": [[1]], \"y\": [1]}", API_INVALID, "types",
                          "name \"city\", which is no column"};
    assert_refused(&api_format_json, &o, &want, strlen(want.text));
    /* those of the document go before them */
    reading r =
        good(&api_format_json,
             "{\"types\": {\"x\": \"numeric\", \"city\": \"numeric\"}, \"columns\": [\"x\", "
             "\"city\"], \"X\": [[1, 2]], \"y\": [1]}",
             &o);
    assert_columns(&r, "x|city");
    ck_assert_ptr_null(r.set.kinds); /* of numbers alone */
    reading_free(&r);
    api_types_free(&types);
}
END_TEST

START_TEST(levels_are_bounded)
{
    api_text t = {0};
    for (size_t more = 0; more < 2; more++) {
        t.len = 0;
        api_text_puts(&t, "a,y\n");
        for (size_t i = 0; i < API_MAX_LEVELS + more; i++)
            api_text_printf(&t, "level %zu,1\n", i);
        reading r = read_pieces(&api_format_csv, &train, 0, t.data, t.len, t.len, 1);
        ck_assert_msg(r.ok == !more, "%s", problem_text(&r.p));
        if (more)
            assert_says(&r.p, "row 10001, column \"a\"", "one more than 10000 distinct texts");
        reading_free(&r);
    }
    t.len = 0;
    api_text_puts(&t, "a,b,y\n"); /* 2 x 9000 texts of 250 bytes */
    for (size_t i = 0; i < 9000; i++)
        api_text_printf(&t, "%0250zua,%0250zub,1\n", i, i);
    reading r = read_pieces(&api_format_csv, &train, 0, t.data, t.len, t.len, 1);
    ck_assert(!r.ok);
    ck_assert_msg(says(&r.p, "row 8356, column \"b\"", "4 MiB of distinct texts") ||
                      says(&r.p, "row 8356, column \"a\"", "4 MiB of distinct texts"),
                  "%s", problem_text(&r.p));
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("types");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, dates_are_seconds_since_1970_utc);
    tcase_add_test(tc, every_day_is_as_the_c_library_has_it);
    tcase_add_test(tc, what_is_no_date_is_refused);
    tcase_add_test(tc, types_of_a_query_are_read);
    tcase_add_test(tc, many_types_are_found_by_name);
    tcase_add_loop_test(tc, types_are_found_alike_in_every_shape, 0, COUNT(tables));
    tcase_add_test(tc, numbers_alone_have_no_kinds);
    tcase_add_test(tc, missing_cells_tell_no_type);
    tcase_add_test(tc, numbers_may_be_declared_texts_and_columns_ignored);
    tcase_add_test(tc, true_and_false_as_targets_are_classes);
    tcase_add_loop_test(tc, what_does_not_fit_the_type_is_told_with_its_place, 0, 14);
    tcase_add_test(tc, types_behind_the_data_may_repeat_what_they_are);
    tcase_add_test(tc, unnamed_columns_of_x_are_typed_by_their_numbers);
    tcase_add_loop_test(tc, types_of_x_that_can_not_hold_are_told_truly, 0, 17);
    tcase_add_test(tc, types_in_the_query_are_of_columns_of_x);
    tcase_add_test(tc, levels_are_bounded);
    return run_tests(tc, "api_types");
}
