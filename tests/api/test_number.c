/* api_number: every text is read to the nearest double (ties to even) and every double is
 * written so that it reads back.
 *
 * Three outside truths: the C library's strtod, hexadecimal floating constants for published
 * hard cases, and midpoints of neighbouring doubles, whose right answer is known by
 * construction.
 */
#include "api_number.h"
#include "api_tests.h"

#include <float.h>
#include <math.h>

enum { ROUNDS = 500000, MIDPOINTS = 60000 };

/* Check's own assertions write to a file each; in loops of millions only failures may. */
#define FAIL_IF(wrong, ...)                                                                        \
    do {                                                                                           \
        if (wrong)                                                                                 \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

static void same_as_strtod(const char *text)
{
    char *end;
    double want = strtod(text, &end), got = 2.385;
    FAIL_IF(*end != '\0', "the test is wrong: %s", text);
    api_number_result result = api_number_parse(text, strlen(text), &got);
    if (isinf(want)) {
        FAIL_IF(result != API_NUMBER_OVERFLOW, "%s: result %d", text, (int)result);
        FAIL_IF(got != 2.385, "%s overflows but was written as %g", text, got);
    } else {
        FAIL_IF(result != API_NUMBER_OK, "%s: result %d", text, (int)result);
        FAIL_IF(bits_of(got) != bits_of(want), "%s is %a, not %a", text, got, want);
    }
}

static double random_finite(uint64_t *seed)
{
    double v;
    do
        v = double_of(random_bits(seed));
    while (!isfinite(v));
    return v;
}

/* ---- reading ---- */

START_TEST(random_doubles_in_15_to_17_digits_read_like_strtod)
{
    uint64_t seed = 20240229;
    char text[64];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, i % 4 == 3 ? "%.*e" : "%.*g", 15 + i % 3, random_finite(&seed));
        same_as_strtod(text);
    }
}
END_TEST

/* Mantissas near powers of two and of ten, exponents on both sides of what is exact. */
START_TEST(digits_with_small_exponents_read_like_strtod)
{
    uint64_t seed = 7;
    char text[96];
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t m = random_bits(&seed) >> (random_bits(&seed) % 64);
        if (i % 5 == 0)
            m = (UINT64_C(1) << 53) + random_bits(&seed) % 9 - 4;
        if (i % 5 == 1)
            m = UINT64_C(10000000000000000000) - 5 + random_bits(&seed) % 9;
        int power = (int)(random_bits(&seed) % 60) - 30;
        snprintf(text, sizeof text, "%s%" PRIu64 "%s%d", i % 7 ? "" : "-", m, i & 1 ? "e" : "E",
                 power);
        same_as_strtod(text);
    }
}
END_TEST

/* The same value in plain notation: points anywhere, zeros before and after. */
START_TEST(points_and_zeros_anywhere_read_like_strtod)
{
    uint64_t seed = 11;
    char text[160];
    for (int i = 0; i < ROUNDS; i++) {
        size_t at = 0, digits = 1 + random_bits(&seed) % 26, point = random_bits(&seed) % 30;
        if (random_bits(&seed) % 3 == 0)
            text[at++] = '-';
        for (uint64_t zeros = random_bits(&seed) % 4 ? 0 : random_bits(&seed) % 30; zeros; zeros--)
            text[at++] = '0';
        for (size_t k = 0; k < digits; k++) {
            if (k == point)
                text[at++] = '.';
            text[at++] = (char)('0' + (random_bits(&seed) % 4 ? random_bits(&seed) % 10 : 0));
        }
        text[at] = '\0';
        if (random_bits(&seed) % 2)
            snprintf(text + at, sizeof text - at, "e%s%d", random_bits(&seed) % 2 ? "+" : "",
                     (int)(random_bits(&seed) % 24));
        same_as_strtod(text);
    }
}
END_TEST

START_TEST(long_and_extreme_numbers_read_like_strtod)
{
    uint64_t seed = 13;
    char text[API_MAX_NUMBER + 1];
    for (int i = 0; i < 40000; i++) {
        size_t at = 0, digits = 19 + random_bits(&seed) % (i % 50 ? 60 : 900);
        size_t point = random_bits(&seed) % digits;
        for (size_t k = 0; k < digits; k++) {
            if (k == point && k > 0)
                text[at++] = '.';
            text[at++] = (char)('0' + random_bits(&seed) % 10);
        }
        snprintf(text + at, sizeof text - at, "e%d", (int)(random_bits(&seed) % 1400) - 700);
        same_as_strtod(text);
    }
    for (int e = -420; e <= 420; e++)
        for (int m = 1; m < 1000; m += 37) {
            snprintf(text, sizeof text, "%d.%03de%d", m % 10, m, e);
            same_as_strtod(text);
        }
    for (int i = 0; i < 40000; i++) {
        snprintf(text, sizeof text, "%.*e", 10 + i % 12, double_of(random_bits(&seed) >> 12));
        same_as_strtod(text); /* subnormals */
    }
}
END_TEST

/* Published hard cases; the answers are written in binary. */
START_TEST(known_hard_cases_have_their_known_answers)
{
    static const struct {
        const char *text;
        double want;
    } cases[] = {
        {"0.1", 0x1.999999999999ap-4},
        {"9007199254740991", 0x1.fffffffffffffp+52},
        {"9007199254740993", 0x1p+53}, /* 2^53 + 1 is halfway: ties to even */
        {"9007199254740993.0", 0x1p+53},
        {"9007199254740993.00000000000000000000000000000000000000000001", 0x1.0000000000001p+53},
        {"9007199254740995", 0x1.0000000000002p+53},
        {"6929495644600919.5", 0x1.89e56ee5e7a58p+52},
        {"3.518437208883201171875e13", 0x1.0000000000002p+45},
        {"1e22", 0x1.0f0cf064dd592p+73},
        {"1e23", 0x1.52d02c7e14af6p+76},                      /* not 0x1.52d02c7e14af7p+76 */
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022}, /* hung PHP and Java */
        {"2.2250738585072012e-308", 0x1p-1022},
        {"2.2250738585072014e-308", 0x1p-1022},
        {"5e-324", 0x1p-1074},
        {"2.4703282292062327208e-324", 0}, /* just below half of the smallest */
        {"2.4703282292062328e-324", 0x1p-1074},
        {"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
        {"1.7976931348623158e308", 0x1.fffffffffffffp+1023}, /* below the midpoint to 2^1024 */
        {"1e-400", 0},
        {"-1e-400", -0.0},
        {"-0", -0.0},
        {"-0.0e5", -0.0},
        {"0", 0},
        {"0e999999999999999999999", 0},
        {"0.000000000000000000000000000000000000001e39", 1},
        {"1000000000000000000000000000000000000000e-39", 1},
        {"1e-99999999999999999999", 0},
        {"+5", 5}, /* CSV has these; JSON checks its own grammar first */
        {".5", 0.5},
        {"5.", 5},
        {"007", 7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double got = 2.385;
        ck_assert_msg(api_number_parse(cases[i].text, strlen(cases[i].text), &got) == API_NUMBER_OK,
                      "%s is refused", cases[i].text);
        ck_assert_msg(bits_of(got) == bits_of(cases[i].want), "%s is %a, not %a", cases[i].text,
                      got, cases[i].want);
    }
}
END_TEST

static void reads_as(const char *text, double want)
{
    double got = 2.385;
    FAIL_IF(api_number_parse(text, strlen(text), &got) != API_NUMBER_OK, "%s is refused", text);
    FAIL_IF(bits_of(got) != bits_of(want), "%s is %a, not %a", text, got, want);
}

/* The midpoint of two neighbours, in all its digits, goes to the even one; a hair more or
 * less goes to the nearer one. */
START_TEST(midpoints_of_neighbours_are_rounded_to_even)
{
    if (LDBL_MANT_DIG < 64)
        return; /* nothing here holds a midpoint */
    uint64_t seed = 17;
    char text[1300];
    for (int i = 0; i < MIDPOINTS; i++) {
        uint64_t low = random_bits(&seed) >> 1;
        low = i % 3 ? (low & 0xfffffffffffffu) | (UINT64_C(900) + low % 200) << 52 : low;
        if (i % 50 == 0)
            low >>= 12; /* subnormal */
        double a = double_of(low), b = double_of(low + 1);
        if (!isfinite(b))
            continue;
        snprintf(text, 1000, "%.780Le", ((long double)a + (long double)b) / 2);
        char *e = strchr(text, 'e'), tail[8];
        snprintf(tail, sizeof tail, "%s", e);
        while (e[-1] == '0')
            e--;
        size_t room = sizeof text - (size_t)(e - text);
        snprintf(e, room, "%s", tail);
        reads_as(text, low & 1 ? b : a);
        snprintf(e, room, "0000000000000000000000001%s", tail); /* a hair more */
        reads_as(text, b);
        e[-1]--;                                                /* its last digit is not 0 */
        snprintf(e, room, "9999999999999999999999999%s", tail); /* a hair less */
        reads_as(text, a);
    }
}
END_TEST

START_TEST(beyond_double_is_overflow_and_leaves_the_output_alone)
{
    static const char *const cases[] = {"1e400",
                                        "-1e400",
                                        "1.7976931348623159e308",
                                        "2e308",
                                        "1e309",
                                        "1e99999999999999999999999",
                                        "123456789012345678901234567890e300"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double v = 2.385;
        ck_assert_msg(api_number_parse(cases[i], strlen(cases[i]), &v) == API_NUMBER_OVERFLOW, "%s",
                      cases[i]);
        assert_same_double(v, 2.385);
    }
}
END_TEST

START_TEST(what_is_no_decimal_number_is_syntax)
{
    static const char *const cases[] = {
        "",    "-",   "+",    ".",    "-.",   "e5",   "1e",    "1e+",      "1e-", "1e+-5", "--1",
        "+-1", "1..", "1.2.", ".e1",  " 1",   "1 ",   "1,5",   "12,5",     "0x1", "1f",    "1_000",
        "nan", "NaN", "inf",  "-inf", "1e5x", "1e5.", "1e5e5", "Infinity", "١",   "1\n",   "½"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double v = 2.385;
        ck_assert_msg(api_number_parse(cases[i], strlen(cases[i]), &v) == API_NUMBER_SYNTAX, "%s",
                      cases[i]);
        assert_same_double(v, 2.385);
    }
    double v = 2.385;
    ck_assert_int_eq(api_number_parse("1\0"
                                      "2",
                                      3, &v),
                     API_NUMBER_SYNTAX);
    /* only n bytes are the number */
    ck_assert_int_eq(api_number_parse("12345", 3, &v), API_NUMBER_OK);
    assert_same_double(v, 123);
    ck_assert_int_eq(api_number_parse("1e5", 1, &v), API_NUMBER_OK);
    assert_same_double(v, 1);
}
END_TEST

/* Any text of these characters: strtod, which reads no more than decimals from them, tells
 * whether all of it is one. */
START_TEST(random_texts_are_taken_or_refused_like_strtod_does)
{
    static const char alphabet[] = "0123456789012345.-+eE";
    uint64_t seed = 19;
    unsigned taken = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char text[16], *end;
        size_t n = random_bits(&seed) % 12;
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[random_bits(&seed) % (sizeof alphabet - 1)];
        text[n] = '\0';
        double want = strtod(text, &end), got = 2.385;
        bool all = n > 0 && *end == '\0';
        api_number_result result = api_number_parse(text, n, &got);
        FAIL_IF((result == API_NUMBER_SYNTAX) == all, "\"%s\": result %d", text, (int)result);
        FAIL_IF(result == API_NUMBER_OK && bits_of(got) != bits_of(want), "%s is %a, not %a", text,
                got, want);
        taken += all;
    }
    ck_assert_uint_gt(taken, ROUNDS / 10); /* or else this shows nothing */
}
END_TEST

START_TEST(the_longest_number_is_read_and_one_byte_more_is_not)
{
    char *text = malloc(API_MAX_NUMBER + 1); /* exactly, so that ASan sees a byte too far */
    memset(text, '3', API_MAX_NUMBER + 1);
    text[1] = '.';
    double v = 2.385;
    ck_assert_int_eq(api_number_parse(text, API_MAX_NUMBER + 1, &v), API_NUMBER_LONG);
    assert_same_double(v, 2.385);
    ck_assert_int_eq(api_number_parse(text, API_MAX_NUMBER, &v), API_NUMBER_OK);
    assert_same_double(v, 10.0 / 3);
    memset(text, '0', API_MAX_NUMBER);
    text[API_MAX_NUMBER - 1] = '7';
    ck_assert_int_eq(api_number_parse(text, API_MAX_NUMBER, &v), API_NUMBER_OK);
    assert_same_double(v, 7);
    free(text);
}
END_TEST

/* ---- writing ---- */

START_TEST(every_double_reads_back_from_its_text)
{
    uint64_t seed = 23;
    char text[API_NUMBER_SIZE];
    for (int i = 0; i < ROUNDS; i++) {
        double v = random_finite(&seed);
        if (i % 4 == 0) /* what people write: few digits */
            v = (double)(int64_t)(random_bits(&seed) % 2000001 - 1000000) / 1000;
        memset(text, 'x', sizeof text);
        FAIL_IF(api_number_format(v, text) != text, "%a: not the buffer", v);
        FAIL_IF(memchr(text, '\0', sizeof text) == NULL, "%a has no end", v);
        FAIL_IF(bits_of(strtod(text, NULL)) != bits_of(v), "%a is written as %s", v, text);
    }
    const double edges[] = {0,        -0.0,
                            1,        5e-324,
                            DBL_MIN,  DBL_MAX,
                            -DBL_MAX, 0x1.fffffp-1023,
                            1.0 / 3,  9007199254740992,
                            1e22,     -5e-324};
    for (size_t i = 0; i < COUNT(edges); i++)
        assert_same_double(strtod(api_number_format(edges[i], text), NULL), edges[i]);
}
END_TEST

START_TEST(numbers_are_written_the_way_people_do)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1, "1"},
                 {-2.5, "-2.5"},
                 {100000, "100000"},
                 {0.3, "0.3"},
                 {1e22, "1e+22"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {-0.0, "-0"},
                 {1000, "1000"},
                 {5e-324, "4.94065645841247e-324"},
                 {22.1, "22.1"},
                 {1e-7, "1e-07"},
                 {9007199254740992, "9007199254740992"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[API_NUMBER_SIZE];
        ck_assert_str_eq(api_number_format(cases[i].v, text), cases[i].text);
    }
}
END_TEST

/* What is written is a JSON number as RFC 8259 has it. */
START_TEST(written_numbers_are_json)
{
    uint64_t seed = 29;
    char text[API_NUMBER_SIZE];
    for (int i = 0; i < 20000; i++) {
        api_problem p = no_problem();
        api_number_format(random_finite(&seed), text);
        ck_assert_msg(api_json_check(text, strlen(text), &p), "%s: %s", text, p.detail);
    }
}
END_TEST

/* The shortest of printf's with 15, 16 and 17 digits that strtod reads back. */
static void check_written(double v)
{
    char want[64], got[API_NUMBER_SIZE];
    if (!isfinite(v))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(want, sizeof want, "%.*g", digits, v);
        if (strtod(want, NULL) == v)
            break;
    }
    api_number_format(v, got);
    ck_assert_msg(strcmp(got, want) == 0, "%s, not %s (%a)", got, want, v);
}

static void check_neighbours(double v)
{
    check_written(v);
    check_written(-v);
    check_written(nextafter(v, 0));
    check_written(nextafter(v, INFINITY));
}

START_TEST(numbers_are_written_as_printf_does)
{
    uint64_t state = 77;
    for (int e = -1074; e < 1024; e++)
        check_neighbours(ldexp(1, e));
    for (int e = -323; e < 309; e++) {
        char text[32];
        for (int digit = 1; digit < 10; digit += 4) {
            snprintf(text, sizeof text, "%de%d", digit, e);
            check_neighbours(strtod(text, NULL));
        }
    }
    for (int i = 0; i < 30000; i++) {
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64 "e%d",
                 random_bits(&state) % UINT64_C(10000000000000000) >> i % 50,
                 (int)(random_bits(&state) % 620) - 320);
        check_written(strtod(text, NULL)); /* decimals of few digits */
        check_written((double)(random_bits(&state) % 1000000) / 1000);
        check_written(double_of(random_bits(&state)));
        check_written((double)(random_bits(&state) >> i % 64)); /* whole numbers */
        /* half-way between two numbers of 15 or 16 digits */
        check_written((double)(random_bits(&state) >> 11) / (i % 2 ? 2 : 16));
    }
    check_written(0);
    check_written(-0.0);
    check_written(DBL_MAX);
    check_written(999999999999999.9);
    check_written(9999999999999998);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("number");
    tcase_add_test(tc, numbers_are_written_as_printf_does);
    tcase_add_test(tc, random_doubles_in_15_to_17_digits_read_like_strtod);
    tcase_add_test(tc, digits_with_small_exponents_read_like_strtod);
    tcase_add_test(tc, points_and_zeros_anywhere_read_like_strtod);
    tcase_add_test(tc, long_and_extreme_numbers_read_like_strtod);
    tcase_add_test(tc, known_hard_cases_have_their_known_answers);
    tcase_add_test(tc, midpoints_of_neighbours_are_rounded_to_even);
    tcase_add_test(tc, beyond_double_is_overflow_and_leaves_the_output_alone);
    tcase_add_test(tc, what_is_no_decimal_number_is_syntax);
    tcase_add_test(tc, random_texts_are_taken_or_refused_like_strtod_does);
    tcase_add_test(tc, the_longest_number_is_read_and_one_byte_more_is_not);
    tcase_add_test(tc, every_double_reads_back_from_its_text);
    tcase_add_test(tc, numbers_are_written_the_way_people_do);
    tcase_add_test(tc, written_numbers_are_json);
    return run_tests(tc, "api_number");
}
