/* strtod_check: api_number_parse against strtod, bit for bit, on doubles written in many ways.
 *
 *   strtod_check [COUNT [SEED]]      1,000,000 texts unless told otherwise; exit 1 at a difference
 *
 * Kinds of text, in turn: a random double in its shortest form and in 17 digits; random digits of any
 * length with any exponent; subnormals; the middle between two doubles to its last digit, which is a
 * tie, and a hair below and above it; every power of ten with 19 random digits; long strings of
 * digits; what people write. Each goes through api_decimal_read too, wherever that takes it. The
 * locale is C, where strtod of glibc rounds correctly. */
#include "api_decimal.h"
#include "api_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1024 };

static uint64_t state;

static uint64_t random_bits(void)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
    return random_bits() % n;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static double random_double(void)
{
    for (;;) {
        double v = api_decimal_bits(random_bits());
        if (isfinite(v))
            return v;
    }
}

/* ---- texts ---- */

static size_t digits(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s[i] = (char)('0' + below(10));
    return n;
}

static void shortest(char *s)
{
    double v = random_double();
    for (int n = 1; n <= 17; n++) {
        snprintf(s, TEXT, "%.*g", n, v);
        if (n >= 15 && strtod(s, NULL) == v)
            return;
    }
}

static void seventeen(char *s)
{
    snprintf(s, TEXT, below(2) ? "%.17g" : "%.16e", random_double());
}

static void any_digits(char *s)
{
    size_t n = digits(s, 1 + below(25));
    if (below(2)) {
        s[n++] = '.';
        n += digits(s + n, 1 + below(25));
    }
    snprintf(s + n, TEXT - n, "e%d", (int)below(700) - 350);
}

static void subnormal(char *s)
{
    double v = api_decimal_bits(random_bits() >> (12 + below(52)));
    snprintf(s, TEXT, "%.*g", (int)(1 + below(40)), v);
}

/* The middle of two doubles, exactly; long double holds it. Its last digit is 5. */
static void middle(char *s)
{
    double v = fabs(random_double());
    if (below(2)) /* where ties have few digits */
        v = api_decimal_bits((1023 - 10 + below(80)) << 52 | (random_bits() >> 12));
    double up = api_decimal_bits(bits_of(v) + 1);
    if (!isfinite(up))
        up = v, v = api_decimal_bits(bits_of(v) - 1);
    snprintf(s, TEXT, "%.800Le", ((long double)v + (long double)up) / 2);
    char *e = strchr(s, 'e'), tail[16], *end = e;
    snprintf(tail, sizeof tail, "%s", e);
    while (end[-1] == '0')
        end--;
    size_t room = TEXT - (size_t)(end - s);
    switch (below(4)) {
    case 0:
        snprintf(end, room, "%s", tail);
        break;
    case 1: /* a hair more */
        snprintf(end, room, "%.*s1%s", (int)below(100),
                 "0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                 "000000000000000000",
                 tail);
        break;
    case 2: /* a hair less */
        end[-1]--;
        snprintf(end, room, "9999999999999999999999999%s", tail);
        break;
    default: /* cut off early: nearly a middle */
        end = s + 2 + below(40) < end ? s + 2 + below(40) : end;
        snprintf(end, room, "%s", end[-1] == '.' ? "0" : "");
        snprintf(end + strlen(end), TEXT / 2, "%s", tail);
    }
}

static void each_power(char *s)
{
    size_t n = digits(s, 1 + below(19));
    snprintf(s + n, TEXT - n, "e%d", (int)below(680) - 360);
}

static void many_digits(char *s)
{
    size_t n = digits(s, below(400));
    if (n == 0 || below(2)) {
        s[n++] = '.';
        size_t zeros = below(2) ? below(330) : 0;
        memset(s + n, '0', zeros);
        n += zeros;
        n += digits(s + n, 1 + below(280));
    }
    snprintf(s + n, TEXT - n, "e%d", (int)below(400) - 300);
}

static void everyday(char *s)
{
    static const char *const forms[] = {"%.2f", "%.6g", "%g", "%.0f", "%.10f", "%.3e"};
    double v = ((double)random_bits() / 0x1p64 - 0.5) * pow(10, (double)below(9));
    snprintf(s, TEXT, forms[below(6)], v);
}

/* ---- both readers ---- */

static uint64_t taken;

static int compare(const char *text)
{
    char copy[TEXT + API_DECIMAL_AHEAD] = "";
    size_t n = strlen(text);
    double want = strtod(text, NULL), got = 0, fast;
    api_number_result result = api_number_parse(text, n, &got);
    int bad = isinf(want) ? result != API_NUMBER_OVERFLOW
                          : result != API_NUMBER_OK || bits_of(got) != bits_of(want);
    memcpy(copy, text, n);
    const char *behind = api_decimal_read(copy, &fast);
    taken += behind != NULL;
    bad = bad || (behind && (behind != copy + n || bits_of(fast) != bits_of(want)));
    if (bad)
        fprintf(stderr, "%s: result %d, %a; strtod: %a\n", text, (int)result, got, want);
    return bad;
}

int main(int argc, char **argv)
{
    static void (*const kinds[])(char *) = {shortest, seventeen,  any_digits,  subnormal,
                                            middle,   each_power, many_digits, everyday};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 2385;
    unsigned bad = 0;
    for (uint64_t i = 0; i < count && bad < 20; i++) {
        char text[2 * TEXT];
        kinds[i % KINDS](text);
        bad += (unsigned)compare(text);
    }
    printf("%" PRIu64 " texts, %u differences; the readers' loops took %" PRIu64 " of them\n", count,
           bad, taken);
    return bad > 0;
}
