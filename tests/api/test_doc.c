/* api_doc: control documents are objects without duplicate names, and numbers leave and enter
 * through cJSON without losing a bit.
 */
#include "api_doc.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>

static cJSON *parse(const char *text, api_problem *p)
{
    *p = no_problem();
    size_t n = strlen(text);
    char *exact = malloc(n ? n : 1); /* no NUL behind it */
    memcpy(exact, text, n);
    cJSON *doc = api_doc_parse(exact, n, p);
    free(exact);
    ck_assert((doc != NULL) == (p->code == API_NO_PROBLEM));
    return doc;
}

static void refused(const char *text, const char *part)
{
    api_problem p;
    ck_assert_msg(parse(text, &p) == NULL, "%.200s is accepted", text);
    ck_assert_int_eq(p.code, API_BAD_JSON);
    ck_assert_msg(strstr(p.detail, part) != NULL, "%.200s: \"%s\" lacks \"%s\"", text, p.detail,
                  part);
}

/* ---- reading ---- */

START_TEST(an_object_is_read_with_its_members)
{
    api_problem p;
    cJSON *doc =
        parse(" {\"a\": 1.5, \"b\": {\"a\": [true, null, \"\\u20ac\"]}, \"A\": {}} \n", &p);
    ck_assert_msg(doc != NULL, "%s", p.detail);
    ck_assert_int_eq(cJSON_GetArraySize(doc), 3);
    assert_same_double(number_of(doc, "a"), 1.5);
    cJSON *list = member_of(member_of(doc, "b"), "a");
    ck_assert_str_eq(cJSON_GetArrayItem(list, 2)->valuestring, "\xe2\x82\xac");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(anything_but_an_object_is_refused)
{
    static const char *const cases[] = {"[]", "[{}]", "\"{}\"", "1", "null", "true", " [1] "};
    for (size_t i = 0; i < COUNT(cases); i++)
        refused(cases[i], "must be a JSON object");
    refused("", "the body is empty");
    refused("{\"a\":1,}", "(byte 7)");
    refused("{\"a\":1} x", "something follows");
    refused("{\"a\":01}", "\"01\" is not a JSON number");
    refused("{\"a\":1e400}", "1e400 is beyond the range of double precision");
}
END_TEST

START_TEST(a_name_given_twice_is_refused_at_any_depth)
{
    refused("{\"epochs\":1,\"epochs\":1}", "the name \"epochs\" is given twice");
    refused("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", "\"b\" is given twice");
    refused("{\"a\":[1,{\"b\":[{\"x\":0,\"x\":0}]}]}", "\"x\" is given twice");
    refused("{\"ab\":1,\"\\u0061b\":2}", "\"ab\" is given twice");
    refused("{\"\":1,\"\":2}", "\"\" is given twice");
    api_problem p;
    cJSON *doc = parse("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"A\":3}", &p);
    ck_assert_msg(doc != NULL, "%s", p.detail);
    cJSON_Delete(doc);
}
END_TEST

static char *members(size_t count)
{
    api_text t = {0};
    api_text_puts(&t, "{\"list\": [{");
    for (size_t i = 0; i < count; i++)
        api_text_printf(&t, "%s\"m%zu\": %zu", i ? "," : "", i, i);
    api_text_puts(&t, "}]}");
    return api_text_take(&t);
}

START_TEST(too_many_members_are_refused)
{
    api_problem p;
    char *text = members(API_MAX_MEMBERS);
    cJSON *doc = parse(text, &p);
    ck_assert_msg(doc != NULL, "%s", p.detail);
    cJSON_Delete(doc);
    free(text);
    text = members(API_MAX_MEMBERS + 1);
    refused(text, "an object has more than 256 members");
    free(text);
}
END_TEST

START_TEST(numbers_are_read_to_the_last_bit)
{
    uint64_t seed = 31;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        double v = double_of(random_bits(&seed));
        if (!isfinite(v))
            continue;
        int n = snprintf(text, sizeof text, "{\"v\":%.17g}", v);
        api_problem p;
        p.code = API_NO_PROBLEM;
        cJSON *doc = api_doc_parse(text, (size_t)n, &p);
        if (!doc || bits_of(cJSON_GetObjectItem(doc, "v")->valuedouble) != bits_of(v))
            ck_abort_msg("%s reads as another number", text);
        cJSON_Delete(doc);
    }
}
END_TEST

/* ---- writing ---- */

static const double hard[] = {0,
                              -0.0,
                              0.1,
                              0.1 + 0.2,
                              1.0 / 3,
                              2.0 / 3,
                              1e22,
                              1e23,
                              5e-324,
                              -2.2250738585072009e-308,
                              1.7976931348623157e308,
                              9007199254740991,
                              9007199254740992,
                              123456789.123456789,
                              3.141592653589793,
                              1e21,
                              100,
                              -273.15};

START_TEST(numbers_written_are_read_back_bit_for_bit)
{
    cJSON *doc = cJSON_CreateObject();
    for (size_t i = 0; i < COUNT(hard); i++) {
        char name[16];
        snprintf(name, sizeof name, "n%zu", i);
        api_doc_number(doc, name, hard[i]);
    }
    api_doc_numbers(doc, "list", hard, COUNT(hard));
    api_doc_numbers(doc, "none", NULL, 0);
    char *text = api_doc_print(doc);
    doc = read_back(text);
    cJSON *list = member_of(doc, "list");
    ck_assert_int_eq(cJSON_GetArraySize(list), COUNT(hard));
    for (size_t i = 0; i < COUNT(hard); i++) {
        char name[16];
        snprintf(name, sizeof name, "n%zu", i);
        assert_same_double(number_of(doc, name), hard[i]);
        assert_same_double(cJSON_GetArrayItem(list, (int)i)->valuedouble, hard[i]);
    }
    ck_assert(cJSON_IsArray(member_of(doc, "none")));
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "none")), 0);
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_null)
{
    const double v[] = {1.5, NAN, INFINITY, -INFINITY};
    cJSON *doc = cJSON_CreateObject();
    api_doc_number(doc, "nan", NAN);
    api_doc_number(doc, "inf", INFINITY);
    api_doc_number(doc, "minus", -INFINITY);
    api_doc_numbers(doc, "list", v, COUNT(v));
    char *text = api_doc_print(doc);
    doc = read_back(text);
    ck_assert(is_null(doc, "nan") && is_null(doc, "inf") && is_null(doc, "minus"));
    cJSON *list = member_of(doc, "list");
    ck_assert(cJSON_IsNumber(cJSON_GetArrayItem(list, 0)));
    for (int i = 1; i < 4; i++)
        ck_assert(cJSON_IsNull(cJSON_GetArrayItem(list, i)));
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(each_kind_of_member_is_written)
{
    static const char *const words[] = {"a", "", "q\"\\\n\x01\xc3\xa9"};
    cJSON *doc = cJSON_CreateObject();
    api_doc_string(doc, "s", words[2]);
    api_doc_string(doc, "no", NULL);
    api_doc_bool(doc, "t", true);
    api_doc_bool(doc, "f", false);
    api_doc_null(doc, "z");
    api_doc_strings(doc, "words", words, COUNT(words));
    api_doc_raw(doc, "raw", "{\"x\": [1, 2.5]}");
    api_doc_embed(doc, "embedded", " {\"x\":[1,0.30000000000000004]} ");
    api_doc_number(api_doc_append_object(api_doc_add_array(doc, "list")), "k", 0.1);
    api_doc_append_string(api_doc_add_array(api_doc_add_object(doc, "o"), "l"), "end");
    api_doc_item(doc, "item", cJSON_CreateString("handed over"));
    char *text = api_doc_print(doc);
    ck_assert(text[strlen(text) - 1] == '\n');
    doc = read_back(text);
    ck_assert_str_eq(string_of(doc, "s"), words[2]);
    ck_assert(is_null(doc, "no") && is_null(doc, "z"));
    ck_assert(is_true(doc, "t") && !is_true(doc, "f"));
    ck_assert_str_eq(cJSON_GetArrayItem(member_of(doc, "words"), 2)->valuestring, words[2]);
    cJSON *x = member_of(member_of(doc, "raw"), "x");
    assert_same_double(cJSON_GetArrayItem(x, 1)->valuedouble, 2.5);
    x = member_of(member_of(doc, "embedded"), "x");
    assert_same_double(cJSON_GetArrayItem(x, 1)->valuedouble, 0.1 + 0.2);
    assert_same_double(number_of(cJSON_GetArrayItem(member_of(doc, "list"), 0), "k"), 0.1);
    cJSON *l = member_of(member_of(doc, "o"), "l");
    ck_assert_str_eq(cJSON_GetArrayItem(l, 0)->valuestring, "end");
    ck_assert_str_eq(string_of(doc, "item"), "handed over");
    ck_assert_int_eq(cJSON_GetArraySize(doc), 11);
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(adding_to_nothing_does_nothing_and_nothing_is_not_printed)
{
    const double one = 1;
    const char *const word = "w";
    api_doc_string(NULL, "a", "b");
    api_doc_number(NULL, "a", 1);
    api_doc_bool(NULL, "a", true);
    api_doc_null(NULL, "a");
    api_doc_numbers(NULL, "a", &one, 1);
    api_doc_strings(NULL, "a", &word, 1);
    api_doc_raw(NULL, "a", "1");
    api_doc_embed(NULL, "a", "1");
    api_doc_item(NULL, "a", cJSON_CreateObject());
    ck_assert_ptr_null(api_doc_add_object(NULL, "a"));
    ck_assert_ptr_null(api_doc_add_array(NULL, "a"));
    ck_assert_ptr_null(api_doc_append_object(NULL));
    api_doc_append_string(NULL, "w");
    ck_assert_ptr_null(api_doc_print(NULL));
    ck_assert_ptr_null(api_doc_text(NULL));
    ck_assert_ptr_null(api_doc_take_text(NULL));
}
END_TEST

/* A part that could not be made must not be missing in silence. */
START_TEST(a_document_that_lacks_a_part_is_not_printed)
{
    for (int way = 0; way < 3; way++) {
        cJSON *doc = cJSON_CreateObject();
        api_doc_string(doc, "a", "b");
        cJSON *inner = api_doc_add_object(doc, "o");
        if (way == 0)
            api_doc_item(inner, "lost", NULL);
        else if (way == 1)
            api_doc_raw(inner, "lost", NULL);
        else
            api_doc_embed(inner, "lost", "no JSON");
        api_doc_string(doc, "c", "d");
        ck_assert_ptr_null(api_doc_text(doc));
        ck_assert_ptr_null(way ? api_doc_print(doc) : api_doc_take_text(doc));
    }
}
END_TEST

START_TEST(a_document_is_printed_for_a_reader_or_on_one_line)
{
    static const char source[] = "{\"a\":1,\"list\":[1,2.5,\"x\"],\"o\":{\"b\":[[],{}],"
                                 "\"c\":null}}";
    api_problem p;
    cJSON *doc = parse(source, &p);
    char *line = api_doc_text(doc), *text = api_doc_print(doc);
    ck_assert_str_eq(line, "{\"a\": 1, \"list\": [1, 2.5, \"x\"], \"o\": {\"b\": [[], {}], "
                           "\"c\": null}}");
    ck_assert_str_eq(text, "{\n  \"a\": 1,\n  \"list\": [1, 2.5, \"x\"],\n  \"o\": {\n"
                           "    \"b\": [\n      [],\n      {}\n    ],\n    \"c\": null\n  }\n}\n");
    free(line);
    free(text);
}
END_TEST

/* Every character that a string can hold, in names and values. */
START_TEST(strings_of_any_characters_are_read_back)
{
    char all[600] = "";
    for (int c = 1; c < 0x80; c++)
        all[c - 1] = (char)c;
    strcat(all,
           "\xc2\x80\xdf\xbf\xe0\xa0\x80\xe2\x80\xa8\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    cJSON *doc = cJSON_CreateObject();
    api_doc_string(doc, all, all);
    char *text = api_doc_print(doc);
    doc = read_back(text);
    ck_assert_str_eq(doc->child->string, all);
    ck_assert_str_eq(doc->child->valuestring, all);
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(text_is_the_value_again_with_exact_numbers)
{
    static const char source[] =
        "{\"coefficients\": [0.1, -3.0000000000000004, 5e-324, 1e+22, -0], \"o\": {\"\": null}, "
        "\"s\": \"q\\\"\\\\\\u0001\xc3\xa9\\n\", \"t\": [true, false, [], {}], \"i\": "
        "123456789012}";
    api_problem p;
    cJSON *doc = parse(source, &p), *again;
    ck_assert_msg(doc != NULL, "%s", p.detail);
    char *text = api_doc_text(doc);
    again = read_back(text);
    ck_assert(cJSON_Compare(doc, again, true));
    const double want[] = {0.1, -3.0000000000000004, 5e-324, 1e22, -0.0};
    for (size_t i = 0; i < COUNT(want); i++)
        assert_same_double(
            cJSON_GetArrayItem(member_of(again, "coefficients"), (int)i)->valuedouble, want[i]);
    const char *names[] = {"coefficients", "o", "s", "t", "i"};
    for (size_t i = 0; i < COUNT(names); i++) /* in the same order */
        ck_assert_str_eq(cJSON_GetArrayItem(again, (int)i)->string, names[i]);
    free(text);
    cJSON_Delete(again);
    text = api_doc_text(member_of(doc, "o")); /* a part of a document */
    ck_assert_str_eq(text, "{\"\": null}");
    free(text);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(text_of_a_document_made_here_keeps_its_numbers)
{
    cJSON *doc = cJSON_CreateObject();
    const double list[] = {0.1, 2};
    api_doc_number(doc, "rate", 0.1);
    api_doc_numbers(doc, "list", list, 2);
    char *text = api_doc_take_text(doc);
    cJSON *again = read_back(text);
    assert_same_double(number_of(again, "rate"), 0.1);
    ck_assert(cJSON_IsArray(member_of(again, "list")));
    cJSON_Delete(again);
    free(text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("doc");
    tcase_add_test(tc, an_object_is_read_with_its_members);
    tcase_add_test(tc, anything_but_an_object_is_refused);
    tcase_add_test(tc, a_name_given_twice_is_refused_at_any_depth);
    tcase_add_test(tc, too_many_members_are_refused);
    tcase_add_test(tc, numbers_are_read_to_the_last_bit);
    tcase_add_test(tc, numbers_written_are_read_back_bit_for_bit);
    tcase_add_test(tc, numbers_that_are_not_finite_are_null);
    tcase_add_test(tc, each_kind_of_member_is_written);
    tcase_add_test(tc, adding_to_nothing_does_nothing_and_nothing_is_not_printed);
    tcase_add_test(tc, a_document_that_lacks_a_part_is_not_printed);
    tcase_add_test(tc, a_document_is_printed_for_a_reader_or_on_one_line);
    tcase_add_test(tc, strings_of_any_characters_are_read_back);
    tcase_add_test(tc, text_is_the_value_again_with_exact_numbers);
    tcase_add_test(tc, text_of_a_document_made_here_keeps_its_numbers);
    return run_tests(tc, "api_doc");
}
