/* Targets of texts are class labels, in all three forms of uploads: codes reach the sink, the
 * labels stand in the result in the order of their first appearance, and whatever is no label is
 * told by its place.
 */
#include "api_text.h"
#include "readings.h"

#include <math.h>

extern const api_format api_format_json, api_format_csv;

static const api_read_options train = {.labelled = true, .target = "kind"},
                              plain = {.labelled = true}, predict = {.labelled = false};

typedef enum form { MATRIX, RECORDS, CSV, FORMS } form;

static const api_format *format_of(form f)
{
    return f == CSV ? &api_format_csv : &api_format_json;
}

/* An upload of the feature x = 0, 1, ... and these targets. They are JSON; CSV has them quoted
 * in its own way. */
static char *upload(form f, const char *const *targets, size_t n)
{
    api_text t = {0};
    api_text_puts(&t, f == MATRIX ? "{\"y\": [" : f == RECORDS ? "{\"data\": [" : "x,kind\n");
    for (size_t i = 0; i < n; i++)
        if (f == MATRIX)
            api_text_printf(&t, "%s%s", i ? ", " : "", targets[i]);
        else if (f == RECORDS)
            api_text_printf(&t, "%s{\"x\": %zu, \"kind\": %s}", i ? ",\n" : "", i, targets[i]);
        else
            api_text_printf(&t, "%zu,%s\n", i, targets[i]);
    if (f == MATRIX) {
        api_text_puts(&t, "], \"X\": [");
        for (size_t i = 0; i < n; i++)
            api_text_printf(&t, "%s%zu", i ? "," : "", i);
        api_text_puts(&t, "], \"target\": \"kind\"}");
    } else if (f == RECORDS) {
        api_text_puts(&t, "]}");
    }
    return api_text_take(&t);
}

static reading read_targets(form f, const char *const *targets, size_t n)
{
    char *text = upload(f, targets, n);
    reading r = read_with(format_of(f), &train, 0, text, strlen(text));
    free(text);
    return r;
}

static reading good(const api_format *f, const char *text, const api_read_options *o)
{
    reading r = read_with(f, o, 0, text, strlen(text));
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

/* "y[1]", "data[1].kind", "row 2, column \"kind\"" */
static const char *place_of(form f, size_t row)
{
    static char place[80];
    if (f == CSV)
        snprintf(place, sizeof place, "row %zu, column \"kind\"", row + 1);
    else
        snprintf(place, sizeof place, f == MATRIX ? "y[%zu]" : "data[%zu].kind", row);
    return place;
}

static void assert_codes(const reading *r, const double *want, size_t n)
{
    ck_assert_uint_eq(r->set.rows, n);
    for (size_t i = 0; i < n; i++) {
        assert_same_double(target_of(r, i), want[i]);
        assert_same_double(feature_of(r, i, 0), (double)i);
    }
}

/* ---- what is a label ---- */

START_TEST(labels_are_numbered_in_the_order_of_their_first_appearance)
{
    static const char *const targets[] = {"\"versicolor\"", "\"setosa\"",    "\"versicolor\"",
                                          "\"virginica\"",  "\"setosa\"",    "\"virginica\"",
                                          "\"Setosa\"",     "\"versicolor\""};
    static const double codes[] = {0, 1, 0, 2, 1, 2, 3, 0};
    reading r = read_targets((form)_i, targets, COUNT(targets));
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_labels(&r, "versicolor|setosa|virginica|Setosa");
    assert_codes(&r, codes, COUNT(codes));
    assert_columns(&r, "x");
    ck_assert_str_eq(r.set.target, "kind");
    reading_free(&r);
}
END_TEST

START_TEST(a_single_label_is_one_too)
{
    static const char *const targets[] = {"\"all\"", "\"all\""};
    static const double codes[] = {0, 0};
    reading r = read_targets((form)_i, targets, COUNT(targets));
    assert_labels(&r, "all");
    assert_codes(&r, codes, 2);
    reading_free(&r);
}
END_TEST

START_TEST(numbers_have_no_labels)
{
    static const char *const targets[] = {"1", "0", "1"};
    static const double codes[] = {1, 0, 1};
    reading r = read_targets((form)_i, targets, COUNT(targets));
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_labels(&r, "");
    assert_codes(&r, codes, 3);
    reading_free(&r);
}
END_TEST

START_TEST(labels_are_compared_byte_by_byte)
{
    static const char *const targets[] = {
        "\"a\"", "\"a \"", "\" a\"", "\"caf\xc3\xa9\"", "\"cafe\xcc\x81\"", "\"a,b\"", "\"a\""};
    static const double codes[] = {0, 1, 2, 3, 4, 5, 0};
    reading r = read_targets((form)_i, targets, COUNT(targets));
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_labels(&r, "a|a | a|caf\xc3\xa9|cafe\xcc\x81|a,b");
    assert_codes(&r, codes, COUNT(codes));
    reading_free(&r);
}
END_TEST

START_TEST(escapes_in_json_are_part_of_no_label)
{
    static const char *const targets[] = {"\"\\u0061\\u00e9\"", "\"a\xc3\xa9\"",
                                          "\"\\ud83d\\ude00\"", "\"say \\\"b\\\"\""};
    static const double codes[] = {0, 0, 1, 2};
    for (form f = MATRIX; f < CSV; f++) {
        reading r = read_targets(f, targets, COUNT(targets));
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        assert_labels(&r, "a\xc3\xa9|\xf0\x9f\x98\x80|say \"b\"");
        assert_codes(&r, codes, COUNT(codes));
        reading_free(&r);
    }
}
END_TEST

START_TEST(texts_of_digits_are_labels_where_they_are_texts)
{
    static const char *const targets[] = {"\"1\"", "\"01\"", "\"1.0\"", "\"nan\""};
    static const double codes[] = {0, 1, 2, 3};
    for (form f = MATRIX; f < CSV; f++) {
        reading r = read_targets(f, targets, COUNT(targets));
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        assert_labels(&r, "1|01|1.0|nan");
        assert_codes(&r, codes, COUNT(codes));
        reading_free(&r);
    }
}
END_TEST

/* CSV has no types: the first row tells, and quotes don't matter. */
START_TEST(the_first_row_of_csv_tells_numbers_from_labels)
{
    static const struct {
        const char *text, *labels;
        double codes[3];
    } cases[] = {
        {"x,kind\n0,yes\n1,no\n2,yes\n", "yes|no", {0, 1, 0}},
        {"x,kind\r\n0,\"yes\"\r\n1,no\r\n2,yes\r\n", "yes|no", {0, 1, 0}},
        {"kind,x\nyes,0\nno,1\nyes,2", "yes|no", {0, 1, 0}},
        {"x,kind\n0,yes\n1,7\n2,0.5\n", "yes|7|0.5", {0, 1, 2}}, /* are texts then */
        {"x,kind\n0,\"1\"\n1,\"2.5\"\n2,-0\n", "", {1, 2.5, -0.0}},
        {"x,kind\n0, 1 \n1,2\n2,3\n", "", {1, 2, 3}},
        {"x,kind\n0,\"say \"\"a\"\"\"\n1,\"a,b\"\n2,b\n", "say \"a\"|a,b|b", {0, 1, 2}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        reading r = good(&api_format_csv, cases[i].text, &train);
        assert_labels(&r, cases[i].labels);
        assert_codes(&r, cases[i].codes, 3);
        reading_free(&r);
    }
}
END_TEST

START_TEST(what_is_meant_as_a_number_is_no_label)
{
    static const char *const first[] = {"-nan",  "inf", "-Infinity", "\"1,5\"",
                                        "1 000", "-",   ".",         "5%"};
    for (size_t i = 0; i < COUNT(first); i++) {
        char text[80];
        snprintf(text, sizeof text, "x,kind\n0,%s\n1,a\n", first[i]);
        const refusal want = {text, API_INVALID, "row 1, column \"kind\"",
                              "number (line 2, byte"};
        assert_refused(&api_format_csv, &train, &want, strlen(text));
    }
}
END_TEST

/* ---- what is none ---- */

typedef struct bad_label {
    const char *targets[3];
    size_t at; /* the one that is told */
    const char *part[FORMS];
} bad_label;

static const bad_label bad_labels[] = {
    {{"\"a\"", "5", "\"b\""},
     1,
     {"must be a string like y[0], got a number",
      "must be one of at most 1000 class labels of 1 to 256 bytes, got a number", NULL}},
    {{"5", "\"a\"", "7"},
     1,
     {"must be a finite number, got a string", "must be a finite number, got a string",
      "\"a\" is not a number (line 3, byte"}},
    {{"1", "2", "\"b\""},
     2,
     {"must be a finite number, got a string", "must be a finite number, got a string",
      "\"b\" is not a number (line 4, byte"}},
    {{"\"a\"", "true", "\"b\""}, 1, {"must be a string like y[0], got", "got", NULL}},
    {{"\"a\"", "[\"b\"]", "\"b\""},
     1,
     {"must be a string like y[0], got an array", "got an array", NULL}},
    {{"\"a\"", "{\"b\": 1}", "\"b\""},
     1,
     {"must be a string like y[0], got an object", "got an object", NULL}},
    {{"\"a\"", "1e999", "\"b\""}, 1, {"must be a string like y[0], got a number", "", NULL}},
    {{"\"a\"", "\"b\\tc\"", "\"b\""}, 1, {"must not contain control characters", "", NULL}},
    {{"\"a\\n\"", "\"a\"", "\"b\""}, 0, {"must not contain control characters", "", NULL}},
};

START_TEST(what_is_no_label_is_told_by_its_place)
{
    const bad_label *b = &bad_labels[_i];
    for (form f = MATRIX; f < FORMS; f++) {
        if (!b->part[f])
            continue;
        char *text = upload(f, b->targets, 3);
        const refusal want = {text, API_INVALID, place_of(f, b->at), b->part[f]};
        assert_refused(format_of(f), &train, &want, strlen(text));
        free(text);
    }
}
END_TEST

START_TEST(csv_labels_are_utf_8_without_control_characters)
{
    static const refusal cases[] = {
        {"x,kind\n0,caf\xe9\n", API_INVALID, "row 1, column \"kind\"", "must be valid UTF-8"},
        {"x,kind\n0,a\n1,\xc0\xaf\n", API_INVALID, "row 2, column \"kind\"", "must be valid UTF-8"},
        {"x,kind\n0,a\n1,\"b\nc\"\n", API_INVALID, "row 2, column \"kind\"",
         "must not contain control characters"},
        {"x,kind\n0,a\n1\n", API_INVALID, "row 2", "has 1 field"},
        {"x,kind\n1,a\nb,a\n", API_INVALID, "row 2, column \"x\"", "\"b\" is not a number"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_csv, &train, &cases[i], strlen(cases[i].text));
}
END_TEST

START_TEST(labels_are_as_long_as_names)
{
    for (size_t more = 0; more < 2; more++) {
        char label[API_MAX_NAME + 4] = "\"";
        memset(label + 1, 'x', API_MAX_NAME + more);
        strcpy(label + 1 + API_MAX_NAME + more, "\"");
        const char *const targets[] = {"\"a\"", label};
        reading r = read_targets((form)_i, targets, 2);
        ck_assert_msg(r.ok == !more, "%s", problem_text(&r.p));
        if (more)
            ck_assert_msg(says(&r.p, place_of((form)_i, 1), "256"), "%s", problem_text(&r.p));
        reading_free(&r);
    }
}
END_TEST

START_TEST(there_may_be_max_labels_and_not_one_more)
{
    static char labels[API_MAX_LABELS + 1][16];
    static const char *targets[API_MAX_LABELS + 3];
    for (size_t i = 0; i <= API_MAX_LABELS; i++) {
        snprintf(labels[i], sizeof labels[i], "\"l%zu\"", i * 7919 % 10007);
        targets[i] = labels[i];
    }
    form f = (form)_i;
    targets[API_MAX_LABELS] = labels[5]; /* known ones may follow */
    targets[API_MAX_LABELS + 1] = labels[999];
    reading r = read_targets(f, targets, API_MAX_LABELS + 2);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.labels_count, API_MAX_LABELS);
    for (size_t i = 0; i < API_MAX_LABELS; i++) {
        ck_assert_int_eq(strncmp(r.set.labels[i], labels[i] + 1, strlen(r.set.labels[i])), 0);
        assert_same_double(target_of(&r, i), (double)i);
    }
    assert_same_double(target_of(&r, API_MAX_LABELS), 5);
    assert_same_double(target_of(&r, API_MAX_LABELS + 1), 999);
    reading_free(&r);
    targets[API_MAX_LABELS + 2] = labels[API_MAX_LABELS];
    r = read_targets(f, targets, API_MAX_LABELS + 3);
    ck_assert(!r.ok);
    ck_assert_msg(says(&r.p, place_of(f, API_MAX_LABELS + 2), "1000"), "%s",
                  problem_text(&r.p));
    reading_free(&r);
}
END_TEST

/* ---- texts in other columns ---- */

/* Targets that are missing keep their rows; the codes go on beside them. */
START_TEST(labels_may_be_missing)
{
    static const char *const targets[] = {"null", "\"a\"", "\"\"", "\"b\"", "\"a\""};
    static const double codes[] = {NAN, 0, NAN, 1, 0};
    for (form f = MATRIX; f < FORMS; f++) {
        reading r = read_targets(f, targets, COUNT(targets));
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        assert_labels(&r, "a|b");
        for (size_t i = 0; i < COUNT(codes); i++)
            if (isnan(codes[i]))
                ck_assert(isnan(target_of(&r, i)));
            else
                assert_same_double(target_of(&r, i), codes[i]);
        ck_assert_uint_eq(r.set.kinds[1].missing, 2);
        reading_free(&r);
    }
}
END_TEST

START_TEST(a_column_of_texts_that_is_not_selected_is_ignored)
{
    api_text t = {0}; /* also of more texts than there may be labels, and of what are none */
    api_text_puts(&t, "{\"data\": [");
    for (size_t i = 0; i < API_MAX_LABELS + 100; i++)
        api_text_printf(&t, "%s{\"id\": \"row %zu\", \"x\": %zu, \"note\": \"\", \"kind\": \"%s\"}",
                        i ? ", " : "", i, i, i % 3 ? "b" : "a");
    api_text_puts(&t, "], \"columns\": [\"x\"], \"target\": \"kind\"}");
    reading r = good(&api_format_json, t.data, &plain);
    assert_labels(&r, "a|b");
    assert_columns(&r, "x");
    for (size_t i = 0; i < API_MAX_LABELS + 100; i++)
        assert_same_double(target_of(&r, i), i % 3 ? 1 : 0);
    reading_free(&r);
    api_text_free(&t);
    const char *const x[] = {"x"};
    const api_read_options o = {
        .labelled = true, .target = "kind", .columns = x, .columns_count = 1};
    r = good(&api_format_csv, "id,x,note,kind\na,0,,no\nb,1,,yes\n,2,5,no\n", &o);
    assert_labels(&r, "no|yes");
    assert_values(r, 0, 1, 2);
    assert_targets(r, 0, 1, 0);
    reading_free(&r);
}
END_TEST

/* The codes that reach the sink of a column that nothing reads are small, or no numbers. */
START_TEST(texts_that_are_no_labels_reach_the_sink_as_nan)
{
    reading r = good(&api_format_json,
                     "{\"data\": [{\"x\": 1, \"note\": \"\", \"kind\": 1}, {\"x\": 2, \"note\": "
                     "\"\", \"kind\": 0}], \"columns\": [\"x\"], \"target\": \"kind\"}",
                     &plain);
    ck_assert_uint_eq(r.values.n, 4); /* the targets come apart */
    ck_assert_uint_eq(r.targets.n, 2);
    for (size_t i = 0; i < r.values.n; i++)
        ck_assert_msg(isnan(r.values.v[i]) || r.values.v[i] <= 2, "%g is stored", r.values.v[i]);
    reading_free(&r);
}
END_TEST

START_TEST(a_target_may_be_known_after_the_data_only)
{
    static const char data[] =
        "{\"data\": [{\"a\": \"u\", \"x\": 1, \"b\": \"v\"}, {\"b\": \"w\", "
        "\"x\": 2, \"a\": \"u\"}], \"columns\": [\"x\"], \"target\": \"%s\"}";
    char text[256];
    snprintf(text, sizeof text, data, "b");
    reading r = good(&api_format_json, text, &plain);
    assert_labels(&r, "v|w");
    assert_same_double(target_of(&r, 0), 0);
    assert_same_double(target_of(&r, 1), 1);
    reading_free(&r);
    snprintf(text, sizeof text, data, "a");
    r = good(&api_format_json, text, &plain);
    assert_labels(&r, "u");
    assert_same_double(target_of(&r, 1), 0);
    reading_free(&r);
    snprintf(text, sizeof text, data, "x"); /* twice: feature and target */
    r = read_with(&api_format_json, &plain, 0, text, strlen(text));
    assert_says(&r.p, "columns[0]", "\"x\" is the target too");
    reading_free(&r);
    /* y before X, and X before y */
    r = good(&api_format_json, "{\"y\": [\"v\", \"w\"], \"X\": [1, 2]}", &plain);
    assert_labels(&r, "v|w");
    assert_targets(r, 0, 1);
    reading_free(&r);
    r = good(&api_format_json, "{\"X\": [1, 2], \"y\": [\"v\", \"w\"]}", &plain);
    assert_labels(&r, "v|w");
    reading_free(&r);
}
END_TEST

START_TEST(rows_to_predict_have_no_labels)
{
    const char *const x[] = {"x"};
    const api_read_options o = {.columns = x, .columns_count = 1};
    reading r = good(&api_format_json,
                     "{\"data\": [{\"x\": 1, \"kind\": \"a\"}, {\"x\": 2, \"kind\": 7}]}", &o);
    assert_labels(&r, "");
    assert_same_double(feature_of(&r, 1, 0), 2);
    reading_free(&r);
    r = good(&api_format_csv, "kind,x\na,1\nb,2\n", &o);
    assert_labels(&r, "");
    assert_values(r, 1, 2);
    reading_free(&r);
    const refusal want = {"x\n1\na\n", API_INVALID, "row 2, column \"x\"",
                          "\"a\" is not a number"};
    assert_refused(&api_format_csv, &predict, &want, strlen(want.text));
}
END_TEST

START_TEST(labels_keep_their_codes_through_the_buffers)
{
    enum { ROWS = 5000, KINDS = 37 };
    static char texts[KINDS][16];
    static const char *targets[ROWS];
    for (size_t i = 0; i < KINDS; i++)
        snprintf(texts[i], sizeof texts[i], "\"kind %zu\"", (i * 11) % KINDS);
    for (size_t i = 0; i < ROWS; i++)
        targets[i] = texts[i < KINDS ? i : i * i % KINDS];
    reading r = read_targets((form)_i, targets, ROWS);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.labels_count, KINDS);
    for (size_t i = 0; i < ROWS; i++)
        if (target_of(&r, i) != (double)(i < KINDS ? i : i * i % KINDS))
            ck_abort_msg("row %zu has the code %g", i, target_of(&r, i));
    reading_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("labels");
    tcase_add_loop_test(tc, labels_are_numbered_in_the_order_of_their_first_appearance, 0, FORMS);
    tcase_add_loop_test(tc, a_single_label_is_one_too, 0, FORMS);
    tcase_add_loop_test(tc, numbers_have_no_labels, 0, FORMS);
    tcase_add_loop_test(tc, labels_are_compared_byte_by_byte, 0, FORMS);
    tcase_add_test(tc, escapes_in_json_are_part_of_no_label);
    tcase_add_test(tc, texts_of_digits_are_labels_where_they_are_texts);
    tcase_add_test(tc, the_first_row_of_csv_tells_numbers_from_labels);
    tcase_add_test(tc, what_is_meant_as_a_number_is_no_label);
    tcase_add_loop_test(tc, what_is_no_label_is_told_by_its_place, 0, COUNT(bad_labels));
    tcase_add_test(tc, csv_labels_are_utf_8_without_control_characters);
    tcase_add_loop_test(tc, labels_are_as_long_as_names, 0, FORMS);
    tcase_add_loop_test(tc, there_may_be_max_labels_and_not_one_more, 0, FORMS);
    tcase_add_test(tc, labels_may_be_missing);
    tcase_add_test(tc, a_column_of_texts_that_is_not_selected_is_ignored);
    tcase_add_test(tc, texts_that_are_no_labels_reach_the_sink_as_nan);
    tcase_add_test(tc, a_target_may_be_known_after_the_data_only);
    tcase_add_test(tc, rows_to_predict_have_no_labels);
    tcase_add_loop_test(tc, labels_keep_their_codes_through_the_buffers, 0, FORMS);
    return run_tests(tc, "api_labels");
}
