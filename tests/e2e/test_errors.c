/* Documents that are refused: what is no JSON, numbers that are none, data that fits nothing. */
#include "errors.h"

/* ---- JSON as such ---- */

START_TEST(malformed_json_is_refused_with_its_place)
{
    static const char *const bad[] = {
        "{\"X\": [1,], \"y\": [1]}",
        "{'X': [1]}",
        "{\"X\": [1] \"y\": [1]}",
        "{\"X\": [01]}",
        "{\"X\": [1.]}",
        "{\"X\": [.5]}",
        "{\"X\": [+1]}",
        "{\"X\": [1e]}",
        "{\"X\": [0x10]}",
        "{\"X\": [--1]}",
        "{\"X\": [1] // no\n}",
        "{\"name\": \"a\nb\"}",
        "{\"name\": \"\\x\"}",
        "{\"name\": \"\\ud800\"}",
        "{\"name\": \"\\udc00\"}",
        "{\"name\": \"\\u00\"}",
        "{\"name\": \"\xff\"}",
        "{\"name\": \"\xc0\xaf\"}",
        "{\"name\": \"\xed\xa0\x80\"}",
        "{\"X\": [1}]",
        "{\"X\"}",
        "{,}",
        "{\"X\": tru}",
        "{\"X\": True}",
        "{\"X\": [1], \"y\": [1]} x",
        "{\"X\": [1], \"y\": [1]}{}",
        "{X: [1]}",
        "{\"X\": [1], \"X\": [2], \"y\": [1]}",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad_json("/v1/datasets", bad[i]);
        bad_json("/v1/jobs", bad[i]);
    }
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", "{\"X\":\n [1,\n  oops]}",
                          400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "oops"));
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "line 3"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(body_cut_short_anywhere_is_refused)
{
    static const char whole[] =
        "{\"name\": \"\\u00e4\", \"X\": [[1, -2.5e-3], [3, 4]], \"y\": [1, 2]}";
    char part[sizeof whole] = "";
    for (size_t n = 0; n < strlen(whole); part[n] = whole[n], n++) {
        bad_json("/v1/datasets", part);
        if (n % 5 == 0)
            bad_json("/v1/jobs", part);
    }
    e2e_reply r = e2e_post(s, "/v1/datasets", whole);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(document_that_is_no_object_is_refused)
{
    static const char *const bad[] = {"[1, 2]", "5", "\"text\"", "null", "true", "[]"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad_json("/v1/datasets", bad[i]);
        bad_json("/v1/jobs", bad[i]);
    }
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    enum { LEVELS = 100000 };
    char *body = calloc(6 * LEVELS + 64, 1), *at = body + sprintf(body, "{\"name\": ");
    memset(at, '[', LEVELS);
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", body, 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "levels deep"));
    e2e_reply_free(&r);
    bad_json("/v1/jobs", body);
    memcpy(body, "{\"X\"", 4); /* here the first array too many is named */
    body[4] = body[5] = body[6] = ' ';
    bad_dataset(body, "X[0][0]", "got an array");
    at = body;
    for (int i = 0; i < LEVELS; i++)
        at += sprintf(at, "{\"a\":");
    bad_json("/v1/datasets", body);
    bad_json("/v1/jobs", body);
    sprintf(body,
            "{\"data\": [{\"a\": 1, \"b\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]");
    bad_json("/v1/datasets", body);
    free(body);
}
END_TEST

/* ---- numbers ---- */

START_TEST(nan_and_infinity_are_refused_and_explained)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity", "nan", "inf", "-NaN"};
    char body[128];
    for (size_t i = 0; i < COUNT(words); i++) {
        snprintf(body, sizeof body, "{\"X\": [1, %s], \"y\": [1, 2]}", words[i]);
        bad_json("/v1/datasets", body);
        snprintf(body, sizeof body, "{\"X\": [1, 2], \"y\": [%s, 2]}", words[i]);
        bad_json("/v1/datasets", body);
        snprintf(body, sizeof body, "{\"dataset_id\": \"" NO_DATASET "\", \"tol\": %s}", words[i]);
        bad_json("/v1/jobs", body);
        if (strcasecmp(words[i], "nan") == 0) /* missing, in a table */
            continue;
        snprintf(body, sizeof body, "a,t\n1,2\n%s,3\n", words[i]);
        bad_csv("?target=t", body, "is not a finite number");
        snprintf(body, sizeof body, "a,t\n1,%s\n", words[i]);
        bad_csv("?target=t", body, "is not a finite number");
    }
    e2e_reply r =
        refused("POST", "/v1/datasets", "application/json", "{\"X\": [NaN]}", 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "finite numbers"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(number_beyond_double_precision_is_refused)
{
    bad_dataset("{\"X\": [1, 1e400], \"y\": [1, 2]}", "X[1]", "beyond the range");
    bad_dataset("{\"X\": [1, -1e309], \"y\": [1, 2]}", "X[1]", "beyond the range");
    bad_dataset("{\"X\": [[1], [2]], \"y\": [1, 1e400]}", "y[1]", "beyond the range");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 2}, {\"a\": 1e999, \"t\": 2}], \"target\": \"t\"}",
                "data[1].a", "beyond the range");
    bad_csv("?target=t", "a,t\n1e400,1\n", "beyond the range");
    char *body = calloc(4096, 1), *at = body + sprintf(body, "{\"X\": [1");
    memset(at, '0', 400); /* 10^400 in full */
    sprintf(at + 400, "], \"y\": [1]}");
    bad_dataset(body, "X[0]", "beyond the range");
    memset(at, '0', 3000);
    sprintf(at + 3000, "], \"y\": [1]}");
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", body, 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "too many digits"));
    e2e_reply_free(&r);
    free(body);
    bad_json("/v1/jobs", "{\"dataset_id\": \"" NO_DATASET "\", \"learning_rate\": 1e400}");
}
END_TEST

/* ---- data ---- */

START_TEST(ragged_rows_are_refused)
{
    bad_dataset("{\"X\": [[1, 2], [3]], \"y\": [1, 2]}", "X[1]", "has 1 value, but X[0] has 2");
    bad_dataset("{\"X\": [[1], [2, 3]], \"y\": [1, 2]}", "X[1]", "has 2 values, but X[0] has 1");
    bad_dataset("{\"X\": [[1], 2], \"y\": [1, 2]}", "X[1]", "must be an array");
    bad_dataset("{\"X\": [1, [2]], \"y\": [1, 2]}", "X[1]", "must be a number");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 2}, {\"t\": 3}], \"target\": \"t\"}", "data[1]",
                "lacks \"a\"");
    bad_dataset("{\"data\": [{\"t\": 2}, {\"t\": 3, \"a\": 1}], \"target\": \"t\"}", "data[1]",
                "\"a\", which data[0] has not");
    bad_csv("?target=t", "a,t\n1,2\n3\n", "has 1 field, but the header has 2 (line 3)");
    bad_csv("?target=t", "a,t\n1,2,3\n", "has 3 fields, but the header has 2 (line 2)");
}
END_TEST

START_TEST(empty_data_is_refused)
{
    bad_dataset("{}", "X", "is missing");
    bad_dataset("{\"X\": [], \"y\": []}", "X", "at least one row");
    bad_dataset("{\"X\": [[]], \"y\": [1]}", "X[0]", "at least one value");
    bad_dataset("{\"X\": [1]}", "y", "is missing");
    bad_dataset("{\"y\": [1]}", "X", "is missing");
    bad_dataset("{\"data\": [], \"target\": \"t\"}", "data", "at least one record");
    bad_dataset("{\"data\": [{}], \"target\": \"t\"}", "data[0]", "at least one");
    bad_dataset("{\"data\": [{\"t\": 1}], \"target\": \"t\"}", "columns", "at least one feature");
    bad_csv("?target=t", "", "empty");
    bad_csv("?target=t", "a,t\n", "no row");
    bad_csv("?target=t", "t\n1\n", "at least one feature");
    bad_json("/v1/datasets", "");
    bad_json("/v1/jobs", "");
}
END_TEST

START_TEST(x_and_y_of_different_length_are_refused)
{
    bad_dataset("{\"X\": [1, 2, 3], \"y\": [1, 2]}", "y", "has 2 values, but X has 3 rows");
    bad_dataset("{\"y\": [1, 2, 3], \"X\": [[1, 2]]}", "y", "has 3 values, but X has 1 rows");
}
END_TEST

START_TEST(columns_that_are_doubled_or_unknown_are_refused)
{
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\", \"a\"]}", "columns[1]",
                "twice");
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\"]}", "columns", "names 1 column");
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\", \"y\"]}", "target",
                "name of a column");
    bad_dataset("{\"data\": [{\"a\": 1, \"a\": 2, \"t\": 3}], \"target\": \"t\"}", "data[0]",
                "twice");
    bad_dataset("{\"data\": [{\"radio\": 1, \"t\": 3}], \"target\": \"t\", \"columns\": "
                "[\"rodio\"]}",
                "columns[0]", "did you mean \"radio\"");
    bad_dataset("{\"data\": [{\"a\": 1, \"sales\": 3}], \"target\": \"sale\"}", "target",
                "did you mean \"sales\"");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 3}]}", "target", "is missing");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 3}], \"target\": \"t\", \"columns\": [\"t\"]}",
                "columns[0]", "is the target too");
    bad_csv("?target=t", "a,a,t\n1,2,3\n", "\"a\" twice");
    bad_csv("?target=tt", "a,t\n1,2\n", "no column \"tt\"");
    bad_csv("?target=sales&columns=rado", "radio,sales\n1,2\n", "did you mean \"radio\"");
    bad_csv("?target=t&columns=a,a", "a,t\n1,2\n", "given twice");
    bad_csv("?target=t&columns=t", "a,t\n1,2\n", "is the target too");
    bad_csv("?target=t&columns=", "a,t\n1,2\n", "columns");
    bad_csv("", "a,sales\n1,2\n", "?target=");
    bad_csv("?target=t", ",t\n1,2\n", "has no name");
}
END_TEST

START_TEST(csv_that_is_no_csv_is_refused)
{
    bad_csv("?target=t", "a,t\n\"1\"x,2\n", "quoted field");
    bad_csv("?target=t", "a,t\n\"1,2\n", "inside a quoted field");
    bad_csv("?target=t", "a,t\n1,2\nx,2\n", "row 2, column \"a\"");
    bad_csv("?target=t", "a,t\n1 2,2\n", "is not a number");
    bad_csv("?target=t", "a,t\n\"1,5\",2\n", "\"1,5\" is not a number");
    bad_csv("?target=t&delimiter=,", "a;t\n1;2\n", "no column \"t\"");
    bad_csv("?target=t", "{\"X\": [1], \"y\": [2]}\n", "no column \"t\"");
}
END_TEST

START_TEST(wrong_types_of_data_are_refused_by_name)
{
    bad_dataset("{\"name\": 5, \"X\": [1], \"y\": [1]}", "name", "got a number");
    bad_dataset("{\"name\": \"\", \"X\": [1], \"y\": [1]}", "name", "must not be empty");
    bad_dataset("{\"name\": null, \"X\": [1], \"y\": [1]}", "name", "got null");
    bad_dataset("{\"target\": [1], \"X\": [1], \"y\": [1]}", "target", "got an array");
    bad_dataset("{\"columns\": \"a\", \"X\": [1], \"y\": [1]}", "columns", "got a string");
    bad_dataset("{\"columns\": [5], \"X\": [1], \"y\": [1]}", "columns[0]", "got a number");
    bad_dataset("{\"columns\": [\"a\\u0007\"], \"X\": [1], \"y\": [1]}", "columns[0]", "control");
    bad_dataset("{\"X\": \"1\", \"y\": [1]}", "X", "got a string");
    bad_dataset("{\"X\": {\"a\": [1]}, \"y\": [1]}", "X", "got an object");
    bad_dataset("{\"X\": [1, true], \"y\": [1]}", "X[1]", "got true");
    bad_dataset("{\"X\": [[[1]]], \"y\": [1]}", "X[0][0]", "got an array");
    bad_dataset("{\"X\": [1, \"1\"], \"y\": [1]}", "X[1]", "got a string");
    bad_dataset("{\"X\": [1], \"y\": 1}", "y", "got a number");
    bad_dataset("{\"X\": [1], \"y\": [[1]]}", "y[0]", "got an array");
    bad_dataset("{\"X\": [1, 2], \"y\": [1, \"1\"]}", "y[1]", "got a string");
    bad_dataset("{\"X\": [1, 2], \"y\": [\"1\", 1]}", "y[1]", "must be a string");
    bad_dataset("{\"data\": {\"a\": [1]}, \"target\": \"t\"}", "data", "got an object");
    bad_dataset("{\"data\": [[1]], \"target\": \"t\"}", "data[0]", "got an array");
    bad_dataset("{\"data\": [{\"a\": [], \"t\": 1}], \"target\": \"t\"}", "data[0].a",
                "got an array");
    bad_dataset("{\"X\": [1], \"y\": [1], \"data\": []}", "data", "together with X");
    bad_dataset("{\"y\": [1], \"data\": [{\"a\": 1}], \"target\": \"a\"}", "y", "belongs to X");
}
END_TEST

START_TEST(names_have_bounds)
{
    char name[300], body[400];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    snprintf(body, sizeof body, "{\"name\": \"%s\", \"X\": [1, 2], \"y\": [1, 2]}", name);
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    name[256] = 'n';
    name[257] = '\0';
    snprintf(body, sizeof body, "{\"name\": \"%s\", \"X\": [1], \"y\": [1]}", name);
    bad_dataset(body, "name", "at most 256 bytes");
    snprintf(body, sizeof body, "{\"dataset_id\": \"" NO_DATASET "\", \"name\": \"%s\"}", name);
    bad_field("/v1/jobs", body, "name", "at most 256 bytes");
    snprintf(body, sizeof body, "/v1/datasets?target=t&name=%s", name);
    r = refused("POST", body, "text/csv", "a,t\n1,2\n", 422, "validation-failed");
    e2e_reply_free(&r);
    /* not UTF-8, in the query and in CSV */
    r = refused("POST", "/v1/datasets?target=t&name=%ff", "text/csv", "a,t\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets?target=t", "text/csv", "a\xff,t\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets?target=%ff", "text/csv", "a,\xff\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("errors");
    tcase_add_test(tc, malformed_json_is_refused_with_its_place);
    tcase_add_test(tc, body_cut_short_anywhere_is_refused);
    tcase_add_test(tc, document_that_is_no_object_is_refused);
    tcase_add_test(tc, deep_nesting_is_refused);
    tcase_add_test(tc, nan_and_infinity_are_refused_and_explained);
    tcase_add_test(tc, number_beyond_double_precision_is_refused);
    tcase_add_test(tc, ragged_rows_are_refused);
    tcase_add_test(tc, empty_data_is_refused);
    tcase_add_test(tc, x_and_y_of_different_length_are_refused);
    tcase_add_test(tc, columns_that_are_doubled_or_unknown_are_refused);
    tcase_add_test(tc, csv_that_is_no_csv_is_refused);
    tcase_add_test(tc, wrong_types_of_data_are_refused_by_name);
    tcase_add_test(tc, names_have_bounds);
    return run_cases(tc, NULL);
}
