/* api_number: the text is cut into digits and a power of ten; api_decimal rounds what 19 digits
 * decide, and long integers the rest (api_number_exact). */
#include "api_number.h"

#include "api_decimal.h"
#include "api_limits.h"
#include "api_number_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits at *s, with one point among them: w has the first 19 that count, 10^*scale is the
 * unit of the last of these. Returns how many digits there are. */
static size_t read_digits(const char **s, const char *end, uint64_t *w, int64_t *scale,
                          size_t *significant)
{
    size_t digits = 0;
    bool point = false;
    const char *at = *s;
    for (; at < end && (digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        digits++;
        if (*significant < 19) {
            *w = *w * 10 + (uint64_t)(*at - '0');
            *significant += *w != 0;
            *scale -= point;
        } else {
            ++*significant;
            *scale += !point;
        }
    }
    *s = at;
    return digits;
}

static bool read_exponent(const char **s, const char *end, int64_t *exponent)
{
    const char *at = *s;
    int64_t e = 0;
    bool minus = false;
    if (at < end && (*at == '-' || *at == '+'))
        minus = *at++ == '-';
    if (at == end)
        return false;
    for (; at < end && digit(*at); at++)
        if (e < 100000)
            e = e * 10 + (*at - '0');
    *s = at;
    *exponent = minus ? -e : e;
    return true;
}

api_number_result api_number_parse(const char *s, size_t n, double *out)
{
    const char *at = s, *end = s + n, *first;
    uint64_t w = 0, bits;
    int64_t scale = 0, exponent = 0;
    size_t significant = 0;
    bool negative = false;

    if (n > API_MAX_NUMBER)
        return API_NUMBER_LONG;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    first = at;
    if (read_digits(&at, end, &w, &scale, &significant) == 0)
        return API_NUMBER_SYNTAX;
    const char *last = at;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (!read_exponent(&at, end, &exponent))
            return API_NUMBER_SYNTAX;
    }
    if (at != end)
        return API_NUMBER_SYNTAX;
    bits = api_decimal_round(w, scale + exponent);
    /* more digits: the number lies in [w, w + 1) units */
    if (significant > 19 && bits != api_decimal_round(w + 1, scale + exponent))
        bits = api_number_exact(first, (size_t)(last - first), exponent, bits);
    double v = api_decimal_bits(bits);
    if (isinf(v))
        return API_NUMBER_OVERFLOW;
    *out = negative ? -v : v;
    return API_NUMBER_OK;
}
