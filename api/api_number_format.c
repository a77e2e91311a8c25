/* api_number_format: the digits of a double by one product of 64 and 128 bits, and a reading of what they
 * make. printf is asked where that product can't decide, and for subnormal numbers. */
#include "api_number.h"

#include "api_decimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 17 };

/* v = (whole + fraction / 2^64) 10^(exponent - 16), with 17 digits in whole; the fraction is off by a
 * few units. */
typedef struct decimal {
    uint64_t whole, fraction;
    int exponent;
} decimal;

static const uint64_t tens[] = {1, 10, 100};

/* m 2^e 10^k, of which m has its highest bit set; false where it has not 17 digits. */
static bool scale(uint64_t m, int e, int k, decimal *out)
{
    const uint64_t *power = api_powers[k - API_POWER_FIRST]; /* 5^k, in [2^127, 2^128) */
    api_u128 high = (api_u128)m * power[0], low = (api_u128)m * power[1];
    api_u128 top = high + (low >> 64); /* the product without its last 64 bits */
    /* 5^k is power 2^(floor(k log2 5) - 127), so the point is that many bits from the end of top */
    int point = -(e + k + (int)((k * 152170L) >> 16) - 127 + 64);
    if (point < 65 || point > 127)
        return false;
    out->whole = (uint64_t)(top >> point);
    out->fraction = (uint64_t)(top >> (point - 64));
    out->exponent = 16 - k;
    return out->whole >= UINT64_C(10000000000000000) && out->whole < UINT64_C(100000000000000000);
}

/* Of v > 0, which is normal. */
static bool decimal_of(double v, decimal *out)
{
    int e;
    uint64_t m = (uint64_t)ldexp(frexp(v, &e), 53) << 11;
    int k = 16 - (int)(((e - 1) * 78913L) >> 18); /* floor((e - 1) log10 2), or one too few */
    for (int i = 0; i < 2; i++, k--)
        if (k >= API_POWER_FIRST && k <= API_POWER_LAST && scale(m, e - 64, k, out))
            return true;
    return false;
}

/* Without the last `less` digits, to nearest. False where the fraction is too near to a tie. */
static bool rounded(const decimal *d, int less, uint64_t *out)
{
    const uint64_t near = 16, unit = tens[less], half = unit / 2;
    uint64_t rest = d->whole % unit, f = d->fraction;
    bool up = less ? rest >= half : f >> 63;
    bool tie = less ? (rest == half && f < near) || (rest + 1 == half && f > UINT64_MAX - near)
                    : f - ((UINT64_C(1) << 63) - near) < 2 * near;
    *out = d->whole / unit + up;
    return !tie;
}

static char *write_digits(char *to, uint64_t w, int count)
{
    for (int i = count; i-- > 0; w /= 10)
        to[i] = (char)('0' + w % 10);
    return to + count;
}

static char *write_exponent(char *to, int e)
{
    *to++ = 'e';
    *to++ = e < 0 ? '-' : '+';
    unsigned n = (unsigned)(e < 0 ? -e : e);
    return write_digits(to, n, n < 100 ? 2 : 3);
}

/* As printf's %g with this precision: w has so many digits, the first worth 10^e. */
static void write_decimal(char *to, uint64_t w, int precision, int e)
{
    char digits[DIGITS + 1];
    write_digits(digits, w, precision);
    int count = precision;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    bool small = e < 0 && e >= -4, plain = e >= 0 && e < precision;
    int before = plain ? e + 1 : small ? 0 : 1; /* digits before the point */
    if (small) {
        memcpy(to, "0.0000", 6);
        to += 1 - e;
    }
    for (int i = 0; i < before; i++)
        *to++ = i < count ? digits[i] : '0';
    if (count > before) {
        if (!small)
            *to++ = '.';
        memcpy(to, digits + before, (size_t)(count - before));
        to += count - before;
    }
    if (!plain && !small)
        to = write_exponent(to, e);
    *to = '\0';
}

/* The fewest of 15 to 17 digits that read back. False where printf must be asked. */
static bool write_short(char *to, double v)
{
    decimal d;
    uint64_t w, bits;
    memcpy(&bits, &v, sizeof bits);
    if (v < 0x1p-1022 || !decimal_of(v, &d))
        return false;
    for (int less = 2; less >= 0; less--) {
        int e = d.exponent, precision = DIGITS - less;
        if (!rounded(&d, less, &w))
            return false;
        if (less && api_decimal_round(w, e - precision + 1) != bits)
            continue;
        if (w >= UINT64_C(100000000000000000) / tens[less]) { /* 9.99 became 10.0 */
            w /= 10;
            e++;
        }
        write_decimal(to, w, precision, e);
        return true;
    }
    return false;
}

static void by_printf(char *to, double v)
{
    for (int digits = 15; digits <= 17; digits++) {
        double back;
        int n = snprintf(to, API_NUMBER_SIZE, "%.*g", digits, v);
        if (digits == 17 ||
            (api_number_parse(to, (size_t)n, &back) == API_NUMBER_OK && back == v))
            break;
    }
}

const char *api_number_format(double v, char buf[API_NUMBER_SIZE])
{
    char *to = buf;
    if (signbit(v))
        *to++ = '-';
    double size = fabs(v);
    if (size < 1e15 && size == (double)(uint64_t)size) {
        uint64_t n = (uint64_t)size;
        int count = 1;
        for (uint64_t rest = n; rest >= 10; rest /= 10)
            count++;
        *write_digits(to, n, count) = '\0';
    } else if (!write_short(to, size)) {
        by_printf(to, size);
    }
    return buf;
}
