/* api_json: the events of a document, their places and texts, the bounds of tokens and of
 * nesting, and the spans of members.
 */
#include "json_pieces.h"

START_TEST(events_come_in_order_with_depths_offsets_and_lines)
{
    static const char doc[] = "{\"a\": [1, -2.5e1,\n \"x\\ty\"],\n\n"
                              " \"\\u00e9\" : {\"b\":true , \"\":[]},\r\n\"c\":null,\"d\":false}\n";
    recorder r = {0};
    api_problem p;
    ck_assert_msg(read_everywhere(doc, strlen(doc), &r, &p), "%s", p.detail);
    ck_assert_str_eq(r.log.data, "0 { 0-1 line 1\n"
                                 "1 key <a> 1-4 line 1\n"
                                 "1 [ 6-7 line 1\n"
                                 "2 number <1> 0x1p+0 7-8 line 1\n"
                                 "2 number <-2.5e1> -0x1.9p+4 10-16 line 1\n"
                                 "2 string <x\ty> 19-25 line 2\n"
                                 "1 ] 25-26 line 2\n"
                                 "1 key <\xc3\xa9> 30-38 line 4\n"
                                 "1 { 41-42 line 4\n"
                                 "2 key <b> 42-45 line 4\n"
                                 "2 true 46-50 line 4\n"
                                 "2 key <> 53-55 line 4\n"
                                 "2 [ 56-57 line 4\n"
                                 "2 ] 57-58 line 4\n"
                                 "1 } 58-59 line 4\n"
                                 "1 key <c> 62-65 line 5\n"
                                 "1 null 66-70 line 5\n"
                                 "1 key <d> 71-74 line 5\n"
                                 "1 false 75-80 line 5\n"
                                 "0 } 80-81 line 5\n");
    api_text_free(&r.log);
}
END_TEST

START_TEST(numbers_beyond_double_are_events_marked_as_overflow)
{
    static const char doc[] = "[1e400,-1e400,1e-400,1e308]";
    recorder r = {0};
    api_problem p;
    ck_assert(read_everywhere(doc, strlen(doc), &r, &p));
    ck_assert_str_eq(r.log.data, "0 [ 0-1 line 1\n"
                                 "1 number <1e400> overflow 1-6 line 1\n"
                                 "1 number <-1e400> overflow 7-13 line 1\n"
                                 "1 number <1e-400> 0x0p+0 14-20 line 1\n"
                                 "1 number <1e308> 0x1.1ccf385ebc8ap+1023 21-26 line 1\n"
                                 "0 ] 26-27 line 1\n");
    api_text_free(&r.log);
    ck_assert(!api_json_check(doc, strlen(doc), &p));
    ck_assert_int_eq(p.code, API_BAD_JSON);
    ck_assert_ptr_nonnull(strstr(p.detail, "1e400 is beyond the range"));
    ck_assert_ptr_nonnull(strstr(p.detail, "(byte 1)"));
}
END_TEST

START_TEST(a_handler_that_refuses_stops_the_reader_at_once)
{
    static const char doc[] = "{\"a\": [1, \"s\", true, {}], \"b\": 2}";
    for (size_t stop = 1; stop <= 12; stop++) {
        recorder r = {.stop_at = stop};
        api_problem p;
        ck_assert(!read_everywhere(doc, strlen(doc), &r, &p));
        ck_assert_uint_eq(r.events, stop);
        ck_assert_int_eq(p.code, API_CONFLICT);
        ck_assert_str_eq(p.detail, "the handler has enough");
        api_text_free(&r.log);
    }
}
END_TEST

static size_t utf8_of(uint32_t c, char *to)
{
    if (c < 0x80)
        return to[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

static bool compare_text(void *ctx, const api_json_event *e, api_problem *p)
{
    (void)p;
    if (strcmp(e->text, ctx) != 0)
        ck_abort_msg("decoded <%s>, not <%s>", e->text, (const char *)ctx);
    return true;
}

/* All of them, raw and escaped. */
START_TEST(every_code_point_is_decoded)
{
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char want[8] = "", doc[40];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        want[utf8_of(c, want)] = '\0';
        int n = c < 0x10000 ? snprintf(doc, sizeof doc, "\"\\u%04x\"", c)
                            : snprintf(doc, sizeof doc, "\"\\u%04X\\u%04x\"",
                                       0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
        if (c >= 0x20 && c != '"' && c != '\\' && c & 1)
            n = snprintf(doc, sizeof doc, "\"%s\"", want);
        api_problem p;
        p.code = API_NO_PROBLEM;
        api_json *j = api_json_new(compare_text, want);
        if (!api_json_feed(j, doc, (size_t)n, &p) || !api_json_finish(j, &p))
            ck_abort_msg("U+%04X: %s", c, p.detail);
        api_json_free(j);
    }
}
END_TEST

/* ---- bounds ---- */

static char *nested(size_t depth, const char *open, const char *inner, char close)
{
    api_text t = {0};
    for (size_t i = 0; i < depth; i++)
        api_text_puts(&t, open);
    api_text_puts(&t, inner);
    for (size_t i = 0; i < depth; i++)
        api_text_add(&t, &close, 1);
    return api_text_take(&t);
}

START_TEST(nesting_is_read_to_its_bound_and_refused_beyond)
{
    for (int object = 0; object < 2; object++) {
        const char *open = object ? "{\"a\":" : "[";
        char close = object ? '}' : ']', *doc = nested(API_MAX_DEPTH, open, "1", close);
        accepted(doc, strlen(doc));
        free(doc);
        doc = nested(API_MAX_DEPTH + 1, open, "1", close);
        refused(doc, strlen(doc), "nested more than 32 levels deep", API_MAX_DEPTH * strlen(open),
                1);
        free(doc);
    }
    /* a mix remembers at each level which it was */
    char *doc = nested(16, "[{\"a\":", "0", '}');
    refused(doc, strlen(doc), "expected ',' or ']', got '}'", 16 * 6 + 2, 1);
    free(doc);
    doc = nested(1000000, "[", "", ']');
    api_problem p = no_problem();
    ck_assert(!api_json_check(doc, strlen(doc), &p));
    free(doc);
}
END_TEST

/* A document that is `head`, then count times c, then `tail`. */
static char *repeated(const char *head, char c, size_t count, const char *tail)
{
    api_text t = {0};
    api_text_puts(&t, head);
    for (size_t i = 0; i < count; i++)
        api_text_add(&t, &c, 1);
    api_text_puts(&t, tail);
    return api_text_take(&t);
}

START_TEST(tokens_are_read_to_their_bounds)
{
    char *doc = repeated("[\"", 'x', API_MAX_TOKEN, "\"]");
    accepted(doc, strlen(doc));
    free(doc);
    doc = repeated("{\"", 'k', API_MAX_TOKEN, "\":0}");
    accepted(doc, strlen(doc));
    free(doc);
    recorder r = {0};
    api_problem p;
    doc = repeated("[0.", '3', API_MAX_NUMBER - 2, "]");
    ck_assert_msg(read_everywhere(doc, strlen(doc), &r, &p), "%s", p.detail);
    ck_assert_ptr_nonnull(strstr(r.log.data, "0x1.5555555555555p-2"));
    api_text_free(&r.log);
    free(doc);
}
END_TEST

/* One byte more than its bound and many more: refused, and where does not depend on the
 * pieces. */
static void too_long(const char *head, char c, size_t count, const char *tail, const char *what)
{
    api_problem whole = no_problem();
    char *doc = repeated(head, c, count, tail);
    size_t n = strlen(doc);
    recorder r = {0};
    ck_assert(!read_pieces(doc, n, n, 1, &r, &whole));
    ck_assert_int_eq(whole.code, API_BAD_JSON);
    ck_assert_msg(strstr(whole.detail, what) != NULL, "%s", whole.detail);
    const size_t steps[] = {1, 2, 7, 63, 64, 65, 1000, 4096, 65536};
    for (size_t i = 0; i < COUNT(steps); i++)
        same_in_pieces(doc, n, 0, steps[i], 0, &r, &whole);
    api_text_free(&r.log);
    free(doc);
}

START_TEST(a_string_that_is_too_long_is_refused_alike_in_any_pieces)
{
    too_long("[\"", 'x', API_MAX_TOKEN + 1, "\"]", "a string is too long");
    too_long("[\"", 'x', API_MAX_TOKEN + 5000, "\"]", "a string is too long");
}
END_TEST

START_TEST(a_number_that_is_too_long_is_refused_alike_in_any_pieces)
{
    too_long("[", '1', API_MAX_NUMBER + 1, "]", "too many digits");
    too_long("[", '1', API_MAX_NUMBER + 500, "]", "too many digits");
}
END_TEST

START_TEST(a_word_that_is_too_long_is_refused_alike_in_any_pieces)
{
    too_long("[", 'n', 65, "]", "is not a JSON value");
    too_long("[", 'n', 200, "]", "is not a JSON value");
}
END_TEST

/* A string made of escapes alone must not grow past the bound either. */
START_TEST(escapes_count_towards_the_length_of_a_string)
{
    api_text t = {0};
    api_text_puts(&t, "\"");
    for (size_t i = 0; i < API_MAX_TOKEN + 1; i++)
        api_text_puts(&t, "\\n");
    api_text_puts(&t, "\"");
    api_problem p = no_problem();
    ck_assert(!api_json_check(t.data, t.len, &p));
    ck_assert_ptr_nonnull(strstr(p.detail, "a string is too long"));
    api_text_free(&t);
}
END_TEST

/* cJSON cuts numbers off at 63 bytes, so none that long may reach it. */
START_TEST(check_refuses_numbers_that_cjson_would_cut_off)
{
    char text[80] = "0.";
    memset(text + 2, '3', 60);
    api_problem p = no_problem();
    ck_assert(api_json_check(text, 59, &p));
    ck_assert(!api_json_check(text, 62, &p));
    ck_assert_ptr_nonnull(strstr(p.detail, "too long"));
}
END_TEST

/* ---- members ---- */

START_TEST(a_member_spans_exactly_its_value)
{
    static const struct {
        const char *doc, *value; /* "" for none */
    } cases[] = {
        {"{\"dataset\": {\"X\": [1]}, \"a\": 1}", "{\"X\": [1]}"},
        {"{\"a\": 1, \"dataset\" :\n [1, [2], {}] \n}", "[1, [2], {}]"},
        {"{\"dataset\":12.5e3}", "12.5e3"},
        {"{\"dataset\":-1 }", "-1"},
        {"{\"dataset\": \"s\\\"}\" }", "\"s\\\"}\""},
        {"{\"dataset\":null,\"z\":0}", "null"},
        {"{\"dataset\":true}", "true"},
        {"{\"z\":true,\"dataset\": false }", "false"},
        {"{\"dataset\":{}}", "{}"},
        {"{\"dataset\":[]}", "[]"},
        {"{\"a\":{\"dataset\":1},\"b\":[{\"dataset\":2}],\"dataset\":3}", "3"},
        {"{\"dataset\":{\"dataset\":{\"dataset\":0}},\"a\":\"dataset\"}",
         "{\"dataset\":{\"dataset\":0}}"},
        {"{\"a\":\"\\\"dataset\\\":1\",\"data\\u0073et\":[true]}", "[true]"},
        {"{\"dataset \":1,\"Dataset\":2,\"datase\":3,\"datasets\":4}", ""},
        {"{\"a\":{\"dataset\":1}}", ""},
        {"{\"a\":\"dataset\"}", ""},
        {"[\"dataset\",1]", ""},
        {"[{\"dataset\":1}]", ""},
        {"\"dataset\"", ""},
        {"{}", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p = no_problem();
        const char *doc = cases[i].doc;
        size_t start = 99, end = 77;
        ck_assert(api_json_member(doc, strlen(doc), "dataset", &start, &end, &p));
        ck_assert_msg(end - start == strlen(cases[i].value) &&
                          memcmp(doc + start, cases[i].value, end - start) == 0,
                      "%s: %zu to %zu is %.*s", doc, start, end, (int)(end - start), doc + start);
        if (!*cases[i].value)
            ck_assert(start == 0 && end == 0);
    }
}
END_TEST

START_TEST(a_member_of_a_bad_document_is_not_found)
{
    api_problem p = no_problem();
    size_t start = 99, end = 77;
    const char doc[] = "{\"dataset\": [1], oops}";
    ck_assert(!api_json_member(doc, strlen(doc), "dataset", &start, &end, &p));
    ck_assert(start == 0 && end == 0);
    ck_assert_int_eq(p.code, API_BAD_JSON);
    ck_assert_ptr_nonnull(strstr(p.detail, "(byte 17)"));
}
END_TEST

START_TEST(types_have_names_for_people)
{
    ck_assert_str_eq(api_json_type_name(API_JSON_OBJECT_BEGIN), "an object");
    ck_assert_str_eq(api_json_type_name(API_JSON_ARRAY_END), "an array");
    ck_assert_str_eq(api_json_type_name(API_JSON_NUMBER), "a number");
    for (int t = API_JSON_OBJECT_BEGIN; t <= API_JSON_NULL; t++)
        ck_assert_str_ne(api_json_type_name((api_json_type)t), "");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("json_events");
    tcase_add_test(tc, events_come_in_order_with_depths_offsets_and_lines);
    tcase_add_test(tc, numbers_beyond_double_are_events_marked_as_overflow);
    tcase_add_test(tc, a_handler_that_refuses_stops_the_reader_at_once);
    tcase_add_test(tc, every_code_point_is_decoded);
    tcase_add_test(tc, nesting_is_read_to_its_bound_and_refused_beyond);
    tcase_add_test(tc, tokens_are_read_to_their_bounds);
    tcase_add_test(tc, a_string_that_is_too_long_is_refused_alike_in_any_pieces);
    tcase_add_test(tc, a_number_that_is_too_long_is_refused_alike_in_any_pieces);
    tcase_add_test(tc, a_word_that_is_too_long_is_refused_alike_in_any_pieces);
    tcase_add_test(tc, escapes_count_towards_the_length_of_a_string);
    tcase_add_test(tc, check_refuses_numbers_that_cjson_would_cut_off);
    tcase_add_test(tc, a_member_spans_exactly_its_value);
    tcase_add_test(tc, a_member_of_a_bad_document_is_not_found);
    tcase_add_test(tc, types_have_names_for_people);
    return run_tests(tc, "api_json_events");
}
