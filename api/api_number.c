/* api_number: the fast path covers numbers whose digits and power of ten are both exact
 * in a double (Clinger, 1990); strtod, which rounds correctly, does the rest. */
#include "api_number.h"

#include "api_limits.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *api_number_format(double v, char buf[API_NUMBER_SIZE])
{
    char text[API_NUMBER_SIZE];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (digits == 17 || strtod(text, NULL) == v)
            break;
    }
    memcpy(buf, text, sizeof text);
    return buf;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static api_number_result parse_slowly(const char *s, size_t n, double *out)
{
    char copy[API_MAX_NUMBER + 1];
    memcpy(copy, s, n);
    copy[n] = '\0';
    double v = strtod(copy, NULL);
    if (isinf(v))
        return API_NUMBER_OVERFLOW;
    *out = v;
    return API_NUMBER_OK;
}

api_number_result api_number_parse(const char *s, size_t n, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = s, *end = s + n;
    uint64_t mantissa = 0;
    size_t digits = 0;   /* seen at all */
    int significant = 0; /* in the mantissa, leading zeros apart */
    long scale = 0, exponent = 0;
    bool negative = false, point = false;

    if (n > API_MAX_NUMBER)
        return API_NUMBER_LONG;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    for (; at < end && (digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        digits++;
        scale -= point;
        if (significant < 19) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            significant += mantissa != 0;
        } else {
            significant = 20; /* too many for the fast path */
        }
    }
    if (digits == 0)
        return API_NUMBER_SYNTAX;
    if (at < end && (*at == 'e' || *at == 'E')) {
        bool minus = false;
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            minus = *at++ == '-';
        if (at == end)
            return API_NUMBER_SYNTAX;
        for (; at < end && digit(*at); at++)
            if (exponent < 100000)
                exponent = exponent * 10 + (*at - '0');
        exponent = minus ? -exponent : exponent;
    }
    if (at != end)
        return API_NUMBER_SYNTAX;

    long power = exponent + scale;
    if (significant > 19 || mantissa > (UINT64_C(1) << 53) || power < -22 || power > 22)
        return parse_slowly(s, n, out);
    double v = (double)mantissa;
    v = power < 0 ? v / powers[-power] : v * powers[power];
    *out = negative ? -v : v;
    return API_NUMBER_OK;
}
