/* api_problem: the document of RFC 9457, every bad field at once, and suggestions. */
#include "api_tests.h"
#include "api_text.h"

static cJSON *encode(const api_problem *p)
{
    char *text = api_problem_encode(p);
    cJSON *doc = read_back(text);
    ck_assert(api_utf8(text, strlen(text)));
    free(text);
    return doc;
}

/* ---- the table ---- */

static const api_problem_code codes[] = {
#define X(code, status, slug, title) code,
    API_PROBLEM_LIST(X)
#undef X
};

START_TEST(each_problem_has_a_stable_type_a_title_and_an_error_status)
{
    ck_assert_int_eq(codes[0], API_NO_PROBLEM);
    for (size_t i = 1; i < COUNT(codes); i++) {
        const char *type = api_problem_type(codes[i]), *prefix = "urn:descentd:problem:";
        ck_assert(strncmp(type, prefix, strlen(prefix)) == 0);
        ck_assert(strlen(type) > strlen(prefix));
        ck_assert_str_ne(api_problem_title(codes[i]), "");
        ck_assert_int_ge(api_problem_status(codes[i]), 400);
        ck_assert_int_lt(api_problem_status(codes[i]), 600);
        for (size_t k = 1; k < i; k++)
            ck_assert_str_ne(type, api_problem_type(codes[k]));
    }
    ck_assert_int_eq(api_problem_status(API_BAD_JSON), 400);
    ck_assert_int_eq(api_problem_status(API_INVALID), 422);
    ck_assert_int_eq(api_problem_status(API_UNAVAILABLE), 503);
    ck_assert_str_eq(api_problem_type(API_INVALID), "urn:descentd:problem:validation-failed");
}
END_TEST

/* RFC 9457, 3.1: type is a URI reference, status a number, title and detail strings. */
START_TEST(a_problem_is_written_as_problem_details)
{
    for (size_t i = 1; i < COUNT(codes); i++) {
        api_problem p = no_problem();
        ck_assert(!api_problem_set(&p, codes[i], "%s \"%d\"\n", "line", 7));
        cJSON *doc = encode(&p);
        ck_assert_str_eq(string_of(doc, "type"), api_problem_type(codes[i]));
        ck_assert_str_eq(string_of(doc, "title"), api_problem_title(codes[i]));
        assert_same_double(number_of(doc, "status"), api_problem_status(codes[i]));
        ck_assert_str_eq(string_of(doc, "detail"), "line \"7\"\n");
        ck_assert_ptr_null(cJSON_GetObjectItem(doc, "errors"));
        ck_assert_ptr_null(cJSON_GetObjectItem(doc, "errors_omitted"));
        ck_assert_int_eq(cJSON_GetArraySize(doc), 4);
        cJSON_Delete(doc);
    }
}
END_TEST

/* ---- collecting ---- */

START_TEST(the_first_problem_is_kept)
{
    api_problem p = no_problem();
    ck_assert(!api_problem_set(&p, API_NOT_FOUND, "there is no job \"%s\"", "j1"));
    ck_assert(!api_problem_set(&p, API_INTERNAL, "later"));
    ck_assert_int_eq(p.code, API_NOT_FOUND);
    ck_assert_str_eq(p.detail, "there is no job \"j1\"");
    ck_assert(!api_problem_field(&p, "tol", "is bad")); /* is added, but changes no code */
    ck_assert_int_eq(p.code, API_NOT_FOUND);
    ck_assert_uint_eq(p.errors_count, 1);
}
END_TEST

START_TEST(all_bad_fields_are_listed_in_order)
{
    api_problem p = no_problem();
    ck_assert(!api_problem_field(&p, "learning_rate", "must be %s, got %d", "greater than 0", -1));
    api_problem_field(&p, "epochs", "must be a whole number");
    api_problem_field(&p, "X[17]", "has 2 values");
    ck_assert_int_eq(p.code, API_INVALID);
    cJSON *doc = encode(&p), *errors = member_of(doc, "errors");
    ck_assert_str_eq(string_of(doc, "type"), "urn:descentd:problem:validation-failed");
    assert_same_double(number_of(doc, "status"), 422);
    ck_assert_int_eq(cJSON_GetArraySize(errors), 3);
    static const char *const want[][2] = {{"learning_rate", "must be greater than 0, got -1"},
                                          {"epochs", "must be a whole number"},
                                          {"X[17]", "has 2 values"}};
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, i), "field"), want[i][0]);
        ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, i), "message"), want[i][1]);
    }
    const char *detail = string_of(doc, "detail"); /* for those who read only this */
    ck_assert(strstr(detail, "3 fields") && strstr(detail, "learning_rate: must be greater"));
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "errors_omitted"));
    char text[768];
    ck_assert_str_eq(api_problem_text(&p, text, sizeof text), detail);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_single_bad_field_is_the_detail)
{
    api_problem p = no_problem();
    api_problem_field(&p, "tol", "must be less than 1");
    cJSON *doc = encode(&p);
    ck_assert_str_eq(string_of(doc, "detail"), "tol: must be less than 1");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_bad_query_parameter_is_the_detail_with_its_name)
{
    api_problem p = no_problem();
    ck_assert(!api_problem_query(&p, "limit", "must be %s, got \"%s\"", "a number", "all"));
    ck_assert(!api_problem_query(&p, "state", "is given twice"));
    ck_assert_int_eq(p.code, API_BAD_QUERY);
    cJSON *doc = encode(&p);
    ck_assert_str_eq(string_of(doc, "detail"),
                     "the query parameter limit is invalid: must be a number, got \"all\"");
    cJSON_Delete(doc);
    ck_assert_uint_eq(p.errors_count, 2);
    ck_assert_str_eq(p.errors[0].field, "limit");
    ck_assert_str_eq(p.errors[0].message, "must be a number, got \"all\"");
    ck_assert_str_eq(p.errors[1].field, "state");
    ck_assert_str_eq(p.errors[1].message, "is given twice");
    p = no_problem(); /* a name and a reason as long as may be */
    char longest[1200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    api_problem_query(&p, longest, "%s", longest);
    ck_assert_ptr_nonnull(strstr(p.detail, "xxx is invalid: xxx"));
    cJSON_Delete(encode(&p));
}
END_TEST

START_TEST(bad_fields_beyond_the_bound_are_counted)
{
    api_problem p = no_problem();
    for (int i = 0; i < API_MAX_FIELD_ERRORS + 5; i++) {
        char field[16];
        snprintf(field, sizeof field, "f%d", i);
        api_problem_field(&p, field, "is bad");
    }
    ck_assert_uint_eq(p.errors_count, API_MAX_FIELD_ERRORS);
    cJSON *doc = encode(&p), *errors = member_of(doc, "errors");
    ck_assert_int_eq(cJSON_GetArraySize(errors), API_MAX_FIELD_ERRORS);
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, 0), "field"), "f0");
    assert_same_double(number_of(doc, "errors_omitted"), 5);
    ck_assert(strstr(string_of(doc, "detail"), "21 fields") != NULL);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(what_core_says_becomes_a_field)
{
    api_problem p = no_problem();
    gd_error err = {.status = GD_INVALID, .field = "cost", .message = "does not fit"};
    ck_assert(!api_problem_core(&p, &err));
    ck_assert_int_eq(p.code, API_INVALID);
    assert_says(&p, "cost", "does not fit");
    p = no_problem();
    err = (gd_error){.status = GD_NO_MEMORY, .message = "no room for theta"};
    ck_assert(!api_problem_core(&p, &err));
    ck_assert_int_eq(p.code, API_UNAVAILABLE);
    ck_assert_str_eq(p.detail, "no room for theta");
}
END_TEST

/* ---- text from strangers ---- */

START_TEST(messages_that_are_cut_or_not_utf8_are_cleaned)
{
    api_problem p = no_problem();
    char longest[1200] = "x"; /* e acutes from byte 1 on: the cut falls inside one */
    for (size_t i = 1; i + 2 < sizeof longest; i += 2)
        memcpy(longest + i, "\xc3\xa9", 3);
    api_problem_set(&p, API_BAD_REQUEST, "%s", longest);
    api_problem_field(&p, longest, "%s%s", longest, longest);
    api_problem_field(&p, "caf\xe9", "got \"\xff\xfe\xed\xa0\x80\"");
    api_problem_field(&p, "line\nbreak\x01\x7f\"\\", "tab\t and \"quotes\" \\");
    ck_assert_uint_eq(strlen(p.detail), sizeof p.detail - 1);
    ck_assert_int_eq(p.detail[0], 'x');
    cJSON *doc = encode(&p), *errors = member_of(doc, "errors");
    ck_assert_str_eq(string_of(doc, "detail"), p.detail);
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, 1), "field"), "caf?");
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, 1), "message"), "got \"?????\"");
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, 2), "field"), "line\nbreak\x01\x7f\"\\");
    cJSON_Delete(doc);
    p = no_problem(); /* the summary of long fields is cut too */
    for (size_t i = 0; i < 3; i++)
        api_problem_field(&p, longest + i, "%s", longest + i);
    cJSON_Delete(encode(&p));
}
END_TEST

/* ---- suggestions ---- */

static const char *const known[] = {"learning_rate", "epochs",     "batch_size", "tol", "seed",
                                    "name",          "dataset_id", "X",          "y",   "data",
                                    "target",        "columns"};

START_TEST(a_misspelt_name_finds_its_nearest)
{
    static const char *const cases[][2] = {
        {"learning_rat", "learning_rate"},
        {"lerning_rate", "learning_rate"},
        {"learningrate", "learning_rate"},
        {"learning-rate", "learning_rate"},
        {"epoch", "epochs"},
        {"epocs", "epochs"},
        {"Epochs", "epochs"},
        {"batchsize", "batch_size"},
        {"batch_sizes", "batch_size"},
        {"toll", "tol"},
        {"seeds", "seed"},
        {"dataset", "dataset_id"},
        {"datasetid", "dataset_id"},
        {"targte", "target"},
        {"column", "columns"},
        {"nmae", "name"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *near = api_nearest(cases[i][0], known, COUNT(known));
        ck_assert_msg(near && strcmp(near, cases[i][1]) == 0, "%s: %s", cases[i][0],
                      near ? near : "none");
    }
}
END_TEST

START_TEST(another_word_finds_none)
{
    static const char *const cases[] = {"",        "q",           "verbose", "momentum",
                                        "weights", "optimizer_2", "42",      "\xff\xfe"};
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(api_nearest(cases[i], known, COUNT(known)) == NULL, "\"%s\": %s", cases[i],
                      api_nearest(cases[i], known, COUNT(known)));
    ck_assert_ptr_null(api_nearest("tol", NULL, 0));
}
END_TEST

START_TEST(a_very_long_word_finds_none)
{
    char word[400] = "";
    for (size_t n = 40; n < sizeof word; n += 40) {
        memset(word, 'q', n);
        word[n] = '\0';
        const char *near = api_nearest(word, known, COUNT(known));
        ck_assert_msg(near == NULL, "%zu times q is taken for \"%s\"", n, near);
    }
}
END_TEST

START_TEST(an_unknown_field_is_answered_with_the_nearest_name)
{
    api_problem p = no_problem();
    ck_assert(!api_problem_unknown(&p, "learning_rat", known, COUNT(known)));
    assert_says(&p, "learning_rat", "unknown field; did you mean \"learning_rate\"?");
    ck_assert(!api_problem_unknown(&p, "optimizer.tolx", known, COUNT(known)));
    assert_says(&p, "optimizer.tolx", "did you mean \"tol\"?");
    ck_assert_int_eq(p.code, API_INVALID);
}
END_TEST

START_TEST(an_unrelated_field_is_answered_with_all_names)
{
    api_problem p = no_problem();
    api_problem_unknown(&p, "verbose", known, COUNT(known));
    assert_says(&p, "verbose", "unknown field; known are: learning_rate, epochs, ");
    for (size_t i = 0; i < COUNT(known); i++)
        assert_says(&p, "verbose", known[i]);
    const char *many[200]; /* more names than have room */
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = "a_rather_long_name";
    api_problem_unknown(&p, "zzzzz", many, COUNT(many));
    assert_says(&p, "zzzzz", "unknown field; GET /openapi.json describes all");
    api_problem_unknown(&p, "nothing_is_known", NULL, 0);
    ck_assert_uint_eq(p.errors_count, 3);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("problem");
    tcase_add_test(tc, each_problem_has_a_stable_type_a_title_and_an_error_status);
    tcase_add_test(tc, a_problem_is_written_as_problem_details);
    tcase_add_test(tc, the_first_problem_is_kept);
    tcase_add_test(tc, all_bad_fields_are_listed_in_order);
    tcase_add_test(tc, a_single_bad_field_is_the_detail);
    tcase_add_test(tc, a_bad_query_parameter_is_the_detail_with_its_name);
    tcase_add_test(tc, bad_fields_beyond_the_bound_are_counted);
    tcase_add_test(tc, what_core_says_becomes_a_field);
    tcase_add_test(tc, messages_that_are_cut_or_not_utf8_are_cleaned);
    tcase_add_test(tc, a_misspelt_name_finds_its_nearest);
    tcase_add_test(tc, another_word_finds_none);
    tcase_add_test(tc, a_very_long_word_finds_none);
    tcase_add_test(tc, an_unknown_field_is_answered_with_the_nearest_name);
    tcase_add_test(tc, an_unrelated_field_is_answered_with_all_names);
    return run_tests(tc, "api_problem");
}
