/* JSON by RFC 8259, by categories: what must be read, what must be refused, and what the RFC leaves
 * open and how it is decided here. Where a category is small enough, all of it is tried: every
 * text of so many tokens or characters, against a grammar written down here a second time.
 */
#include "json_pieces.h"

/* Does api_json take it, whole and byte by byte alike? */
static bool taken(const char *text, size_t n)
{
    recorder whole = {0}, pieces = {0};
    api_problem p = no_problem(), q = no_problem();
    bool ok = read_pieces(text, n, n, 1, &whole, &p);
    ck_assert_msg(ok == read_pieces(text, n, 0, 1, &pieces, &q), "%.*s: in pieces it is another", (int)n,
                  text);
    ck_assert_str_eq(whole.log.data, pieces.log.data);
    ck_assert(same_problem(&p, &q));
    api_text_free(&whole.log);
    api_text_free(&pieces.log);
    return ok;
}

static bool ignore(void *ctx, const api_json_event *e, api_problem *p)
{
    (void)ctx, (void)e, (void)p;
    return true;
}

/* As above, whole alone: for many. */
static bool taken_whole(const char *text, size_t n)
{
    api_problem p = no_problem();
    api_json *j = api_json_new(ignore, NULL);
    bool ok = api_json_feed(j, text, n, &p) && api_json_finish(j, &p);
    api_json_free(j);
    return ok;
}

/* ---- structure: every text of up to six tokens ---- */

static const char *const tokens[] = {"[", "]", "{", "}", ",", ":", "\"a\"", "1"};
enum { TOKENS = COUNT(tokens), LONGEST = 6 };

/* The grammar over tokens; each returns how many it takes from t, or -1. */
static int value(const char *t);

static int list(const char *t, char close, bool members)
{
    int n = 1;
    if (t[1] == close)
        return 2;
    for (;;) {
        if (members) {
            if (t[n] != 's' || t[n + 1] != ':')
                return -1;
            n += 2;
        }
        int more = value(t + n);
        if (more < 0)
            return -1;
        n += more;
        if (t[n] == close)
            return n + 1;
        if (t[n++] != ',')
            return -1;
    }
}

static int value(const char *t)
{
    switch (*t) {
    case '[':
        return list(t, ']', false);
    case '{':
        return list(t, '}', true);
    case 's':
    case '1':
        return 1;
    }
    return -1;
}

START_TEST(every_short_sequence_of_tokens_is_taken_by_the_grammar)
{
    static const char kinds[] = "[]{},:s1";
    unsigned good = 0, all = 0;
    for (int n = 1; n <= LONGEST; n++) {
        unsigned count = 1;
        for (int i = 0; i < n; i++)
            count *= TOKENS;
        for (unsigned code = 0; code < count; code++) {
            char text[64] = "", kind[LONGEST + 1] = "";
            unsigned rest = code;
            for (int i = 0; i < n; i++, rest /= TOKENS) {
                /* a blank between, so that 1 1 is not 11 */
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                         tokens[rest % TOKENS]);
                kind[i] = kinds[rest % TOKENS];
            }
            bool want = value(kind) == n;
            ck_assert_msg(taken_whole(text, strlen(text)) == want, "%s", text);
            if (want)
                accepted(text, strlen(text));
            good += want;
            all++;
        }
    }
    ck_assert_uint_gt(good, 25); /* or else this shows nothing */
    ck_assert_uint_gt(all, 290000);
}
END_TEST

/* ---- numbers: every text of up to six characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_number(const char *s)
{
    s += *s == '-';
    if (!is_digit(*s))
        return false;
    if (*s++ != '0')
        while (is_digit(*s))
            s++;
    if (*s == '.') {
        if (!is_digit(*++s))
            return false;
        while (is_digit(*s))
            s++;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '+' || *s == '-';
        if (!is_digit(*s))
            return false;
        while (is_digit(*s))
            s++;
    }
    return *s == '\0';
}

START_TEST(every_short_text_of_number_characters_is_taken_by_the_grammar)
{
    static const char alphabet[] = "01-+.eE";
    enum { LETTERS = sizeof alphabet - 1, MOST = 6 };
    unsigned good = 0;
    for (int n = 1; n <= MOST; n++) {
        unsigned count = 1;
        for (int i = 0; i < n; i++)
            count *= LETTERS;
        for (unsigned code = 0; code < count; code++) {
            char number[MOST + 1] = "", text[MOST + 80];
            unsigned rest = code;
            for (int i = 0; i < n; i++, rest /= LETTERS)
                number[i] = alphabet[rest % LETTERS];
            /* alone, and in an array with so much behind it that loops may look ahead */
            bool want = is_number(number);
            ck_assert_msg(taken_whole(number, (size_t)n) == want, "%s", number);
            int len = snprintf(text, sizeof text, "[%s]%70s", number, "");
            ck_assert_msg(taken_whole(text, (size_t)len) == want, "%s", text);
            good += want;
        }
    }
    ck_assert_uint_gt(good, 1000);
}
END_TEST

/* ---- strings: every byte in every place ---- */

START_TEST(every_byte_may_be_in_a_string_or_not)
{
    for (int c = 0; c < 256; c++) {
        const char alone[] = {'"', 'a', (char)c, 'b', '"'};
        bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
        ck_assert_msg(taken(alone, sizeof alone) == (plain || c == '\\'), "byte %d", c); /* \\b */
        const char escaped[] = {'"', '\\', (char)c, '"'};
        ck_assert_msg(taken(escaped, sizeof escaped) == (c && strchr("\"\\/bfnrt", c)), "\\ %d", c);
        const char outside[] = {'[', '1', (char)c, ']'};
        bool after_1 = is_digit((char)c) || (c && strchr(" \t\r\n", c));
        ck_assert_msg(taken(outside, sizeof outside) == after_1, "1 and byte %d", c);
        char hex[16] = "\"\\u00?1\"";
        hex[5] = (char)c;
        bool digit = is_digit((char)c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        ck_assert_msg(taken(hex, 8) == digit, "\\u with %d", c);
    }
}
END_TEST

START_TEST(every_pair_of_bytes_is_utf_8_or_not)
{
    for (int a = 0x80; a < 256; a++)
        for (int b = 0x80; b < 256; b++) {
            const char text[] = {'"', (char)a, (char)b, '"'};
            bool two = a >= 0xc2 && a <= 0xdf && b <= 0xbf;
            ck_assert_msg(taken(text, sizeof text) == two, "%x %x", a, b);
        }
}
END_TEST

START_TEST(escaped_code_units_are_taken_in_pairs_alone)
{
    static const unsigned units[] = {0x1, 0x7f, 0x80, 0xd7ff, 0xd800, 0xdabc, 0xdbff, 0xdc00, 0xdead,
                                     0xdfff, 0xe000, 0xfeff, 0xffff};
    for (size_t i = 0; i < COUNT(units); i++)
        for (size_t k = 0; k < COUNT(units); k++) {
            char text[32];
            unsigned a = units[i], b = units[k];
            bool high = a >= 0xd800 && a <= 0xdbff, low = b >= 0xdc00 && b <= 0xdfff;
            bool lone = (a >= 0xdc00 && a <= 0xdfff) || (b >= 0xd800 && b <= 0xdbff);
            int n = snprintf(text, sizeof text, "\"\\u%04x\\u%04X\"", a, b);
            ck_assert_msg(taken(text, (size_t)n) == (high == low && !lone), "%s", text);
        }
}
END_TEST

/* ---- what the RFC leaves open ---- */

static const struct {
    const char *text;
    bool taken; /* as the reader of control documents decides */
    const char *why;
} open[] = {
    {"[1e400]", false, "a number beyond double precision is no infinity"},
    {"[-1e400]", false, "nor this one"},
    {"[1e-400]", true, "nothing but 0 is nearer"},
    {"[0e99999999999]", true, "0 it is"},
    {"[123456789012345678901234567890]", true, "rounded correctly"},
    {"[0.1000000000000000055511151231257827021181583404541015625]", true, "that is 0.1"},
    {"{\"a\":1,\"a\":2}", true, "who reads the names refuses one given twice"},
    {"\"\\u0000\"", false, "texts have no U+0000"},
    {"\"\\ud800\"", false, "half a character"},
    {"\"\xed\xa0\x80\"", false, "a surrogate in UTF-8"},
    {"\xef\xbb\xbf[]", false, "a byte order mark"},
    {"\"\xef\xbf\xbf\\uffff\"", true, "a noncharacter is a code point"},
    {"\"\\u0001\x7f\"", true, "control characters, escaped or allowed"},
    {"1", true, "any value is a document"},
    {"\"a\"", true, "this one too"},
    {" ", false, "no value is none"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", true, "32 levels"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", false, "33 levels"},
    {"[NaN]", false, "no JSON"},
    {"[Infinity]", false, "no JSON"},
    {"[1]\f", false, "no white space of JSON's"},
    {"[1]\xc2\xa0", false, "nor is this"},
    {"[1]//", false, "no comments"},
    {"{'a':1}", false, "no other quotes"},
    {"[1,]", false, "no comma at the end"},
};

START_TEST(what_the_rfc_leaves_open_is_decided)
{
    bool ok = api_json_check(open[_i].text, strlen(open[_i].text), &(api_problem){0});
    ck_assert_msg(ok == open[_i].taken, "%s: %s", open[_i].text, open[_i].why);
    recorder r = {0};
    api_problem p;
    read_everywhere(open[_i].text, strlen(open[_i].text), &r, &p);
    api_text_free(&r.log);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("suite");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_short_sequence_of_tokens_is_taken_by_the_grammar);
    tcase_add_test(tc, every_short_text_of_number_characters_is_taken_by_the_grammar);
    tcase_add_test(tc, every_byte_may_be_in_a_string_or_not);
    tcase_add_test(tc, every_pair_of_bytes_is_utf_8_or_not);
    tcase_add_test(tc, escaped_code_units_are_taken_in_pairs_alone);
    tcase_add_loop_test(tc, what_the_rfc_leaves_open_is_decided, 0, COUNT(open));
    return run_tests(tc, "api_json_suite");
}
