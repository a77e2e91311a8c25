/* api_json: what RFC 8259 allows is read and what it forbids is refused where it stands,
 * however the bytes are cut into pieces (json_pieces.h).
 */
#include "json_pieces.h"

/* clang-format off */
static const char *const good[] = {
    /* structure */
    "{}", "[]", "[[]]", "{\"a\":{}}", "[{},{}]", "[[],[[]],[]]", "{\"\":0}",
    "{\"a\":1,\"b\":2,\"c\":[3,{\"d\":null}]}", "{\"a\":1,\"a\":2}", "[1,[2,[3,[4]]],5]",
    /* scalars alone */
    "0", "-0", "7", "true", "false", "null", "\"\"", "\"a\"", "1.5e3", " null ", "\n-3.25\n",
    /* numbers */
    "[0]", "[-0]", "[0.0]", "[0e0]", "[0E+0]", "[0.0e-0]", "[10]", "[-1]", "[1.25]", "[-0.5]",
    "[1e5]", "[1E5]", "[1e+5]", "[1e-5]", "[1.5e10,2.5E-10]", "[123456789012345678901234567890]",
    "[0.00000000000000000000000000001]", "[1e-400]", "[1e007]", "[1.000]", "[9007199254740993]",
    /* words */
    "[true,false,null]", "[true ,false\n,null\t]",
    /* strings and escapes */
    "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0041\"",
    "\"\\u00e9\\u20AC\"", "\"\\u001f\"", "\"\\\\u0000\"", "\"\\\\\\\"\"", "\"{[,:]}\"", "\"\x7f\"",
    "\"\\ud83d\\ude00\"", "\"\\uD800\\uDC00\"", "\"\\udbff\\udfff\"", "\"\\uFFFF\\ufffe\"",
    "\"a\\ud83d\\ude00\\ud83d\\ude01b\"", "\"\\ud7ff\\ue000\"",
    /* UTF-8: the first and last of each length */
    "\"\xc2\x80\xdf\xbf\"", "\"\xe0\xa0\x80\xef\xbf\xbf\"", "\"\xed\x9f\xbf\xee\x80\x80\"",
    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "{\"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87\":\"\xe2\x82\xac\"}",
    "\"\xef\xbb\xbf\"", /* U+FEFF inside a string is a character */
    /* white space */
    " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", "\n{\n\"a\"\n:\n1\n}\n", "{ }", "[ ]",
    "\r\r\r{}\r\n",
};
/* clang-format on */

START_TEST(what_the_rfc_allows_is_read)
{
    accepted(good[_i], strlen(good[_i]));
}
END_TEST

/* ---- what is not ---- */

typedef struct sample {
    const char *text, *what;
    size_t byte;
    unsigned line;
} sample;

static const sample bad[] = {
    /* structure */
    {"]", "expected a value", 0, 1},
    {"}", "expected a value", 0, 1},
    {",", "expected a value", 0, 1},
    {":", "expected a value", 0, 1},
    {"[1,]", "expected a value", 3, 1},
    {"[,1]", "expected a value", 1, 1},
    {"[1,,2]", "expected a value", 3, 1},
    {"[1 2]", "expected ',' or ']'", 3, 1},
    {"[1}", "expected ',' or ']', got '}'", 2, 1},
    {"[}", "expected a value", 1, 1},
    {"[\"a\":1]", "expected ',' or ']'", 4, 1},
    {"{\"a\":1]", "expected ',' or '}', got ']'", 6, 1},
    {"{]", "expected a name", 1, 1},
    {"{,}", "expected a name", 1, 1},
    {"{\"a\":1,}", "expected a name", 7, 1},
    {"{\"a\":1,,\"b\":2}", "expected a name", 7, 1},
    {"{\"a\" 1}", "expected ':'", 5, 1},
    {"{\"a\",\"b\"}", "expected ':'", 4, 1},
    {"{\"a\"}", "expected ':'", 4, 1},
    {"{\"a\":}", "expected a value", 5, 1},
    {"{\"a\"::1}", "expected a value", 5, 1},
    {"{\"a\":1 \"b\":2}", "expected ',' or '}'", 7, 1},
    {"{a:1}", "expected a name in double quotes", 1, 1},
    {"{'a':1}", "expected a name in double quotes", 1, 1},
    {"{1:1}", "expected a name", 1, 1},
    {"{null:1}", "expected a name", 1, 1},
    {"{{}}", "expected a name", 1, 1},
    {"['a']", "expected a value", 1, 1},
    {"[\n1,\n\n]", "expected a value", 6, 4},
    {"{\n  \"a\": [1,\n  2,\n  }\n}", "expected a value", 20, 4},
    {"// no\n{}", "expected a value", 0, 1},
    {"[1] /* no */", "something follows", 4, 1},
    {"#", "expected a value", 0, 1},
    /* trailing data */
    {"{} {}", "something follows", 3, 1},
    {"[]]", "something follows", 2, 1},
    {"1 2", "something follows", 2, 1},
    {"null,", "something follows", 4, 1},
    {"\"a\"\n\n\"b\"", "something follows", 5, 3},
    {"{}\x1a", "something follows", 2, 1},
    /* numbers */
    {"01", "\"01\" is not a JSON number", 0, 1},
    {"-01", "\"-01\" is not a JSON number", 0, 1},
    {"[00]", "\"00\" is not", 1, 1},
    {"[007,1]", "\"007\" is not", 1, 1},
    {"[1.]", "\"1.\" is not", 1, 1},
    {"[1.e5]", "\"1.e5\" is not", 1, 1},
    {"[.5]", "expected a value", 1, 1},
    {"[-.5]", "\"-.5\" is not", 1, 1},
    {"[+1]", "expected a value", 1, 1},
    {"[-]", "\"-\" is not", 1, 1},
    {"[--1]", "\"--1\" is not", 1, 1},
    {"[1e]", "\"1e\" is not", 1, 1},
    {"[1e+]", "\"1e+\" is not", 1, 1},
    {"[1e+-5]", "\"1e+-5\" is not", 1, 1},
    {"[1e5.5]", "\"1e5.5\" is not", 1, 1},
    {"[1.2.3]", "\"1.2.3\" is not", 1, 1},
    {"[1-2]", "\"1-2\" is not", 1, 1},
    {"[0x10]", "expected ',' or ']'", 2, 1},
    {"[1_000]", "expected ',' or ']'", 2, 1},
    {"[1,\n12,5a]", "expected ',' or ']'", 8, 2},
    {"[1f]", "expected ',' or ']'", 2, 1},
    {"[- 1]", "\"-\" is not", 1, 1},
    {"-", "\"-\" is not", 0, 1},
    {"2.", "\"2.\" is not", 0, 1},
    /* words */
    {"nul", "\"nul\" is not a JSON value", 0, 1},
    {"[nulll]", "\"nulll\" is not", 1, 1},
    {"[True]", "\"True\" is not", 1, 1},
    {"[TRUE,1]", "\"TRUE\" is not", 1, 1},
    {"[\nundefined]", "\"undefined\" is not", 2, 2},
    {"[truefalse]", "\"truefalse\" is not", 1, 1},
    {"[true1]", "\"true1\" is not", 1, 1},
    {"[null_]", "\"null_\" is not", 1, 1},
    {"{\"a\": None}", "\"None\" is not", 6, 1},
    {"[a]", "\"a\" is not", 1, 1},
    {"hello", "\"hello\" is not", 0, 1},
    {"a,b\n1,2\n", "\"a\" is not", 0, 1}, /* a CSV file sent as JSON */
    /* strings */
    {"\"a\nb\"", "control character", 2, 1},
    {"\"a\tb\"", "control character", 2, 1},
    {"\"\x01\"", "control character", 1, 1},
    {"\"\x1f\"", "control character", 1, 1},
    {"{\"a\rb\":1}", "control character", 3, 1},
    {"\"\\x41\"", "unknown escape", 2, 1},
    {"\"\\'\"", "unknown escape", 2, 1},
    {"\"\\a\"", "unknown escape", 2, 1},
    {"\"\\U0041\"", "unknown escape", 2, 1},
    {"\"\\ \"", "unknown escape", 2, 1},
    {"\"\\\n\"", "unknown escape", 2, 1},
    {"\"\\u\"", "four hexadecimal digits", 3, 1},
    {"\"\\u12\"", "four hexadecimal digits", 5, 1},
    {"\"\\u12g4\"", "four hexadecimal digits", 5, 1},
    {"\"\\u+123\"", "four hexadecimal digits", 3, 1},
    {"\"\\u 123\"", "four hexadecimal digits", 3, 1},
    {"\"\\u0000\"", "U+0000", 6, 1},
    {"{\"a\\u0000b\":1}", "U+0000", 8, 1},
    /* surrogates */
    {"\"\\ud800\"", "high surrogate", 7, 1},
    {"\"\\ud800x\"", "high surrogate", 7, 1},
    {"\"\\ud800\\n\"", "high surrogate", 8, 1},
    {"\"\\ud800\\\"\"", "high surrogate", 8, 1},
    {"\"\\ud800\\u0041\"", "high surrogate", 12, 1},
    {"\"\\ud800\\ud800\"", "high surrogate", 12, 1},
    {"\"\\udbff\\ue000\"", "high surrogate", 12, 1},
    {"\"\\ud800\xc3\xa9\"", "high surrogate", 7, 1},
    {"\"\\udc00\"", "low surrogate", 6, 1},
    {"\"\\udfff\\ud800\"", "low surrogate", 6, 1},
    {"\"\\ud83d\\ude00\\ude00\"", "low surrogate", 18, 1},
    /* UTF-8: found when the string ends */
    {"\"\x80\"", "not valid UTF-8", 2, 1},
    {"\"\xbf\"", "not valid UTF-8", 2, 1},
    {"\"\xc0\x80\"", "not valid UTF-8", 3, 1},
    {"\"\xc1\xbf\"", "not valid UTF-8", 3, 1},
    {"\"\xc3\"", "not valid UTF-8", 2, 1},
    {"\"\xc3(\"", "not valid UTF-8", 3, 1},
    {"\"\xe0\x80\x80\"", "not valid UTF-8", 4, 1},
    {"\"\xe0\x9f\xbf\"", "not valid UTF-8", 4, 1},
    {"\"\xe2\x82\"", "not valid UTF-8", 3, 1},
    {"\"\xed\xa0\x80\"", "not valid UTF-8", 4, 1}, /* a surrogate, raw */
    {"\"\xed\xbf\xbf\"", "not valid UTF-8", 4, 1},
    {"\"\xed\xa0\xbd\xed\xb8\x80\"", "not valid UTF-8", 7, 1}, /* CESU-8 */
    {"\"\xf0\x8f\xbf\xbf\"", "not valid UTF-8", 5, 1},
    {"\"\xf4\x90\x80\x80\"", "not valid UTF-8", 5, 1},
    {"\"\xf5\x80\x80\x80\"", "not valid UTF-8", 5, 1},
    {"\"\xf0\x9f\x98\"", "not valid UTF-8", 4, 1},
    {"\"\xfe\"", "not valid UTF-8", 2, 1},
    {"\"\xff\"", "not valid UTF-8", 2, 1},
    {"\"caf\xe9\"", "not valid UTF-8", 5, 1}, /* Latin-1 */
    {"{\"\xe9\":1}", "not valid UTF-8", 3, 1},
    /* bytes outside strings */
    {"\xef\xbb\xbf{}", "expected a value", 0, 1}, /* a byte order mark */
    {"\xff\xfe{", "expected a value", 0, 1},
    {"[\xc2\xa0"
     "1]",
     "expected a value", 1, 1}, /* no-break space */
    {"[\x0b"
     "1]",
     "expected a value", 1, 1},
    {"[1\x0c]", "expected ',' or ']'", 2, 1},
    {"[\xe2\x80\x9c"
     "a\xe2\x80\x9d]",
     "expected a value", 1, 1}, /* curly quotes */
    /* cut off */
    {" ", "ends too early", 1, 1},
    {"\n\n", "ends too early", 2, 3},
    {"{", "ends too early", 1, 1},
    {"[", "ends too early", 1, 1},
    {"[[]", "ends too early", 3, 1},
    {"[1,", "ends too early", 3, 1},
    {"{\"a\"", "ends too early", 4, 1},
    {"{\"a\":", "ends too early", 5, 1},
    {"{\"a\":\"b\"", "ends too early", 8, 1},
    {"{\"a\":[]", "ends too early", 7, 1},
    {"{\"a\":1,", "ends too early", 7, 1},
    {"\"", "ends too early", 1, 1},
    {"\"abc", "ends too early", 4, 1},
    {"\"abc\\", "ends too early", 5, 1},
    {"\"abc\\u00", "ends too early", 8, 1},
    {"\"abc\\ud83d", "ends too early", 10, 1},
    {"[\n1,\n2 ", "ends too early", 7, 3},
};

START_TEST(what_the_rfc_forbids_is_refused_where_it_stands)
{
    refused(bad[_i].text, strlen(bad[_i].text), bad[_i].what, bad[_i].byte, bad[_i].line);
}
END_TEST

START_TEST(a_document_cut_after_a_number_or_word_ends_at_its_last_byte)
{
    refused("[1", 2, "ends too early", 2, 1);
    refused("[\n1.5", 5, "ends too early", 5, 2);
    refused("{\"a\":true", 9, "ends too early", 9, 1);
}
END_TEST

START_TEST(nul_bytes_are_refused_wherever_they_are)
{
    refused("\0", 1, "expected a value", 0, 1);
    refused("[1]\0", 4, "something follows", 3, 1);
    refused("\"a\0b\"", 5, "control character", 2, 1);
    refused("[1\0]", 4, "expected ',' or ']'", 2, 1);
    refused("\"\\\0\"", 4, "unknown escape", 2, 1);
}
END_TEST

START_TEST(an_empty_body_says_so)
{
    recorder r = {0};
    api_problem p;
    ck_assert(!read_everywhere("", 0, &r, &p));
    ck_assert_int_eq(p.code, API_BAD_JSON);
    ck_assert_str_eq(p.detail, "the body is empty");
    api_text_free(&r.log);
}
END_TEST

/* What json.dumps of Python writes for non-finite numbers. */
START_TEST(nan_and_infinity_are_explained)
{
    refused("[NaN]", 5, "JSON has no NaN or Infinity", 1, 1);
    refused("{\"y\": [1, Infinity]}", 20, "JSON has no NaN or Infinity", 10, 1);
    refused("NaN", 3, "JSON has no NaN or Infinity", 0, 1);
}
END_TEST

START_TEST(minus_infinity_is_explained_too)
{
    refused("[1, -Infinity]", 14, "JSON has no NaN or Infinity", 4, 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("json");
    tcase_add_loop_test(tc, what_the_rfc_allows_is_read, 0, COUNT(good));
    tcase_add_loop_test(tc, what_the_rfc_forbids_is_refused_where_it_stands, 0, COUNT(bad));
    tcase_add_test(tc, a_document_cut_after_a_number_or_word_ends_at_its_last_byte);
    tcase_add_test(tc, nul_bytes_are_refused_wherever_they_are);
    tcase_add_test(tc, an_empty_body_says_so);
    tcase_add_test(tc, nan_and_infinity_are_explained);
    tcase_add_test(tc, minus_infinity_is_explained_too);
    return run_tests(tc, "api_json");
}
