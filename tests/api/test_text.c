/* api_text and api_names: growing strings, UTF-8 by RFC 3629, and names in order. */
#include "api_names.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>

/* ---- UTF-8 ---- */

static size_t encode(uint32_t c, unsigned char *to)
{
    if (c < 0x80)
        return to[0] = (unsigned char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (unsigned char)(0x80 | (c & 0x3f));
    to[0] = (unsigned char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

static void set_bit(unsigned char *bits, size_t i)
{
    bits[i / 8] = (unsigned char)(bits[i / 8] | 1 << i % 8);
}

static bool get_bit(const unsigned char *bits, size_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

/* The truth is the list of all encodings: three bytes are valid when they are three, two or
 * one of them, one after the other. */
START_TEST(all_strings_of_up_to_three_bytes_are_judged_by_the_encodings_of_all_characters)
{
    unsigned char *two = calloc(1 << 13, 1), *three = calloc(1 << 21, 1), s[4];
    for (uint32_t c = 0x80; c < 0x10000; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t n = encode(c, s);
        if (n == 2)
            set_bit(two, (size_t)s[0] << 8 | s[1]);
        else
            set_bit(three, (size_t)s[0] << 16 | (size_t)s[1] << 8 | s[2]);
    }
    for (uint32_t i = 0; i < 1 << 24; i++) {
        unsigned char a = (unsigned char)(i >> 16), b = (unsigned char)(i >> 8);
        unsigned char c = (unsigned char)i;
        bool want1 = a < 0x80, want2 = (a < 0x80 && b < 0x80) || get_bit(two, i >> 8);
        bool want3 =
            (want2 && c < 0x80) || (a < 0x80 && get_bit(two, i & 0xffff)) || get_bit(three, i);
        char text[3] = {(char)a, (char)b, (char)c};
        if (api_utf8(text, 3) != want3 || api_utf8(text, 2) != want2 || api_utf8(text, 1) != want1)
            ck_abort_msg("%02x %02x %02x is misjudged", a, b, c);
    }
    free(two);
    free(three);
}
END_TEST

START_TEST(four_byte_characters_are_those_from_10000_to_10ffff)
{
    static const unsigned char some[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90,
                                         0x9f, 0xa0, 0xbf, 0xc0, 0xf0, 0xff};
    unsigned char s[4];
    for (uint32_t c = 0x10000; c <= 0x10ffff; c++) {
        encode(c, s);
        if (!api_utf8((char *)s, 4) || api_utf8((char *)s, 3))
            ck_abort_msg("U+%04X is misjudged", c);
    }
    for (unsigned lead = 0xf0; lead <= 0xff; lead++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t i = 0; i < COUNT(some); i++)
                for (size_t k = 0; k < COUNT(some); k++) {
                    char text[4] = {(char)lead, (char)b, (char)some[i], (char)some[k]};
                    uint32_t c = (lead & 7) << 18 | (b & 0x3f) << 12 | (some[i] & 0x3fu) << 6 |
                                 (some[k] & 0x3fu);
                    bool tails = b >> 6 == 2 && some[i] >> 6 == 2 && some[k] >> 6 == 2;
                    bool want = lead < 0xf8 && tails && c >= 0x10000 && c <= 0x10ffff;
                    if (api_utf8(text, 4) != want)
                        ck_abort_msg("%02x %02x %02x %02x is misjudged", lead, b, some[i], some[k]);
                }
    ck_assert(api_utf8("", 0));
}
END_TEST

START_TEST(cleaning_replaces_only_what_is_not_utf8)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"cut \xc3", "cut ?"},
        {"cut \xe2\x82", "cut ??"},
        {"cut \xf0\x9f\x98", "cut ???"},
        {"\x80\xc3\xa9\xff", "?\xc3\xa9?"},
        {"\xed\xa0\x80", "???"},
        {"\xe2\x82"
         "a",
         "??a"},
        {"\xc0\xaf", "??"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char s[32];
        snprintf(s, sizeof s, "%s", cases[i][0]);
        api_utf8_clean(s);
        ck_assert_str_eq(s, cases[i][1]);
    }
}
END_TEST

START_TEST(whatever_is_cleaned_is_utf8)
{
    uint64_t seed = 5;
    for (int i = 0; i < 200000; i++) {
        char s[13] = "";
        for (size_t k = 0; k < 12; k++) {
            s[k] = (char)(random_bits(&seed) % 255 + 1);
            if (random_bits(&seed) % 2)
                s[k] = (char)(0x80 | (s[k] & 0x7f));
        }
        bool was = api_utf8(s, 12);
        char before[13];
        memcpy(before, s, sizeof s);
        api_utf8_clean(s);
        if (!api_utf8(s, strlen(s)) || strlen(s) != 12 || (was && memcmp(s, before, 12) != 0))
            ck_abort_msg("case %d", i);
    }
}
END_TEST

/* ---- growing strings ---- */

START_TEST(text_grows_by_any_amounts)
{
    api_text t = {0};
    size_t n = 0;
    for (size_t i = 0; i < 600; i++) {
        char piece[600];
        memset(piece, 'a' + (int)(i % 26), sizeof piece);
        api_text_add(&t, piece, i);
        n += i;
        ck_assert_uint_eq(t.len, n);
        ck_assert(t.data[n] == '\0');
    }
    ck_assert(!t.failed);
    for (size_t i = 0, at = 0; i < 600; i++)
        for (size_t k = 0; k < i; k++)
            if (t.data[at++] != 'a' + (int)(i % 26))
                ck_abort_msg("piece %zu is lost", i);
    api_text_free(&t);
    ck_assert(!t.data && !t.len && !t.cap);
}
END_TEST

START_TEST(formatted_text_of_any_length_is_whole)
{
    api_text t = {0};
    char long_word[1000];
    memset(long_word, 'w', sizeof long_word);
    long_word[999] = '\0';
    api_text_printf(&t, "%d-%s-%d", 1, long_word, 2);
    api_text_puts(&t, "!");
    ck_assert_uint_eq(t.len, 1004);
    ck_assert_uint_eq(strlen(t.data), 1004);
    ck_assert_str_eq(t.data + 1000, "w-2!");
    char *taken = api_text_take(&t);
    ck_assert(!t.data && !t.len);
    free(taken);
}
END_TEST

START_TEST(numbers_in_text_are_exact_or_null)
{
    api_text t = {0};
    const double values[] = {0.1, -0.0, 1.0 / 3, 1e22, 5e-324, NAN, INFINITY, -INFINITY, 42};
    for (size_t i = 0; i < COUNT(values); i++) {
        api_text_number(&t, values[i]);
        api_text_puts(&t, " ");
    }
    ck_assert_str_eq(t.data, "0.1 -0 0.3333333333333333 1e+22 4.94065645841247e-324 null null "
                             "null 42 ");
    api_text_free(&t);
}
END_TEST

START_TEST(taking_nothing_gives_an_empty_string)
{
    api_text t = {0};
    char *taken = api_text_take(&t);
    ck_assert_str_eq(taken, "");
    free(taken);
    t.failed = true; /* and what has failed gives none */
    ck_assert_ptr_null(api_text_take(&t));
    ck_assert(!t.failed);
}
END_TEST

/* ---- names ---- */

START_TEST(names_keep_their_order_and_are_found)
{
    api_names names = {0};
    char name[32];
    ck_assert_uint_eq(api_names_find(&names, "x0"), SIZE_MAX);
    for (size_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "x%zu", i * 7919 % 5000);
        ck_assert_int_eq(api_names_add(&names, name), API_NAMES_NEW);
    }
    ck_assert_uint_eq(names.count, 5000);
    for (size_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "x%zu", i * 7919 % 5000);
        ck_assert_str_eq(names.list[i], name);
        ck_assert_uint_eq(api_names_find(&names, name), i);
        ck_assert_int_eq(api_names_add(&names, name), API_NAMES_TWICE);
    }
    ck_assert_uint_eq(names.count, 5000);
    ck_assert_uint_eq(api_names_find(&names, "x5000"), SIZE_MAX);
    ck_assert_uint_eq(api_names_find(&names, "X1"), SIZE_MAX);
    ck_assert_uint_eq(api_names_find(&names, ""), SIZE_MAX);
    ck_assert_int_eq(api_names_add(&names, ""), API_NAMES_NEW);
    ck_assert_uint_eq(api_names_find(&names, ""), 5000);
    api_names_free(&names);
    ck_assert_uint_eq(names.count, 0);
    api_names_free(&names);
}
END_TEST

START_TEST(names_must_be_short_text_without_control_characters)
{
    char longest[API_MAX_NAME + 1], longer[API_MAX_NAME + 2];
    memset(longest, 'n', sizeof longest);
    longest[API_MAX_NAME] = '\0';
    memset(longer, 'n', sizeof longer);
    longer[API_MAX_NAME + 1] = '\0';
    const struct {
        const char *name, *complaint; /* NULL: fine */
    } cases[] = {{"radio", NULL},
                 {" ", NULL},
                 {"Gr\xc3\xb6\xc3\x9f"
                  "e, in \xe2\x82\xac",
                  NULL},
                 {longest, NULL},
                 {"", "must not be empty"},
                 {longer, "must be at most 256 bytes long, got 257"},
                 {"a\tb", "must not contain control characters"},
                 {"a\n", "must not contain control characters"},
                 {"\x01", "must not contain control characters"},
                 {"a\x7f", "must not contain control characters"},
                 {"caf\xe9", "must be valid UTF-8"},
                 {"\xed\xa0\x80", "must be valid UTF-8"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p = no_problem();
        bool ok = api_name_check(cases[i].name, "columns[3]", &p);
        ck_assert_msg(ok == !cases[i].complaint, "\"%s\": %s", cases[i].name, problem_text(&p));
        if (!ok)
            assert_says(&p, "columns[3]", cases[i].complaint);
        ck_assert_uint_eq(p.errors_count, ok ? 0 : 1);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("text");
    tcase_add_test(tc,
                   all_strings_of_up_to_three_bytes_are_judged_by_the_encodings_of_all_characters);
    tcase_add_test(tc, four_byte_characters_are_those_from_10000_to_10ffff);
    tcase_add_test(tc, cleaning_replaces_only_what_is_not_utf8);
    tcase_add_test(tc, whatever_is_cleaned_is_utf8);
    tcase_add_test(tc, text_grows_by_any_amounts);
    tcase_add_test(tc, formatted_text_of_any_length_is_whole);
    tcase_add_test(tc, numbers_in_text_are_exact_or_null);
    tcase_add_test(tc, taking_nothing_gives_an_empty_string);
    tcase_add_test(tc, names_keep_their_order_and_are_found);
    tcase_add_test(tc, names_must_be_short_text_without_control_characters);
    return run_tests(tc, "api_text");
}
