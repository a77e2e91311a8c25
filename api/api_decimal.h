/* api_decimal: decimal digits to doubles, correctly rounded, at the speed of the memory bus. The
 * inner part of api_number and of the readers' loops over bulk numbers; all inline.
 *
 * A number is w * 10^q. Where w and the power are exact in a double, one operation rounds it
 * (Clinger, "How to read floating point numbers accurately", PLDI 1990). Else w is multiplied with
 * the leading 128 bits of 5^q (Eisel and Lemire: Lemire, "Number parsing at a gigabyte per second",
 * Software: Practice and Experience 51(8), 2021), which decides every w of 64 bits (Mushtak and
 * Lemire, "Fast number parsing without fallback", same journal 53(6), 2023). Digits are taken
 * eight at a time as a word.
 */
#ifndef API_DECIMAL_H
#define API_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define API_POWER_FIRST (-342)
#define API_POWER_LAST 308

/* Leading 128 bits of 5^q, high word first. */
extern const uint64_t api_powers[API_POWER_LAST - API_POWER_FIRST + 1][2];

/* What api_decimal_read may look at beyond the start of a number. */
#define API_DECIMAL_AHEAD 64

__extension__ typedef unsigned __int128 api_u128;

static inline double api_decimal_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The bits of w * 10^q rounded to nearest, ties to even: those of 0 when it is too small, of
 * infinity when it is too large. */
static inline uint64_t api_decimal_round(uint64_t w, int64_t q)
{
    const uint64_t infinity = UINT64_C(0x7ff) << 52;
    if (w == 0 || q < API_POWER_FIRST)
        return 0;
    if (q > API_POWER_LAST)
        return infinity;
    int zeros = __builtin_clzll(w);
    w <<= zeros;
    const uint64_t *power = api_powers[q - API_POWER_FIRST];
    api_u128 product = (api_u128)w * power[0];
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if ((high & 0x1ff) == 0x1ff) { /* the low half of the power may still matter */
        uint64_t more = (uint64_t)((api_u128)w * power[1] >> 64);
        low += more;
        high += low < more;
    }
    int upper = (int)(high >> 63), shift = upper + 9;
    uint64_t m = high >> shift; /* 53 bits and one to round by */
    /* floor(q log2(10)) + 63, and the bias */
    /* cppcheck-suppress shiftNegativeLHS ; rounds down in every compiler that has clzll */
    int64_t exponent = ((217706 * q) >> 16) + 63 + upper - zeros + 1023;
    if (exponent <= 0) {
        if (exponent <= -63)
            return 0;
        m >>= 1 - exponent;
        m += m & 1;
        return m >> 1; /* the carry into the exponent makes it normal */
    }
    /* half-way between two doubles: only where 5^q fits a word; then to even */
    if (low <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == high)
        m &= ~UINT64_C(1);
    m += m & 1;
    m >>= 1;
    if (m >> 53) {
        m >>= 1;
        exponent++;
    }
    if (exponent >= 0x7ff)
        return infinity;
    return (m & ((UINT64_C(1) << 52) - 1)) | (uint64_t)exponent << 52;
}

/* w * 10^q, or infinity. */
static inline double api_decimal_value(uint64_t w, int64_t q)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (w <= UINT64_C(1) << 53 && q >= -22 && q <= 22)
        return q < 0 ? (double)w / powers[-q] : (double)w * powers[q];
    return api_decimal_bits(api_decimal_round(w, q));
}

/* Eight bytes of text, the first in the lowest byte. */
static inline uint64_t api_decimal_word(const char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Digits less '0' in a word: its first `count` bytes are digits, 8 at most. */
static inline unsigned api_decimal_digits(uint64_t word)
{
    uint64_t other = (word | (word + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
    return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

/* The number in eight digits less '0', the first in the lowest byte. */
static inline uint64_t api_decimal_eight(uint64_t d)
{
    const uint64_t mask = UINT64_C(0x000000ff000000ff);
    d = d * 10 + (d >> 8);
    return ((d & mask) * UINT64_C(0x000f424000000064) +
            (d >> 16 & mask) * UINT64_C(0x0000271000000001)) >>
           32;
}

/* Takes the digits at s, behind those of *w: their count, at most 24. There is no loop over the
 * last of them, whose end could not be foreseen. */
static inline unsigned api_decimal_take(const char *s, uint64_t *w)
{
    static const uint64_t powers[] = {UINT64_C(1),       UINT64_C(10),       UINT64_C(100),
                                      UINT64_C(1000),    UINT64_C(10000),    UINT64_C(100000),
                                      UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000)};
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    uint64_t word = api_decimal_word(s) ^ zeros;
    unsigned count = api_decimal_digits(word), all = count;
    if (count == 8) {
        *w = *w * powers[8] + api_decimal_eight(word);
        word = api_decimal_word(s + 8) ^ zeros;
        count = api_decimal_digits(word);
        all += count;
        if (count == 8) {
            *w = *w * powers[8] + api_decimal_eight(word);
            word = api_decimal_word(s + 16) ^ zeros;
            count = api_decimal_digits(word);
            all += count;
            if (count == 8)
                return all; /* more than a word holds */
        }
    }
    /* 0 to 7 digits, moved behind zeros */
    *w = *w * powers[count] + api_decimal_eight(word << 8 << (56 - 8 * count));
    return all;
}

/* Reads a number of RFC 8259 at s, of which API_DECIMAL_AHEAD bytes may be read. Returns where it
 * ends, with the value in *out; NULL when it is none, is too long or too large to be read here:
 * api_number_parse knows then. */
static inline const char *api_decimal_read(const char *s, double *out)
{
    uint64_t w = 0;
    int64_t q = 0;
    uint64_t negative = *s == '-';
    s += negative;
    unsigned d = (unsigned)(unsigned char)*s - '0', digits = d != 0; /* that count */
    if (s[1] == '.' && d <= 9) {
        w = d;
        s++;
    } else {
        unsigned count = api_decimal_take(s, &w);
        if (count == 0 || count > 19 || (d == 0 && count > 1))
            return NULL;
        digits = d == 0 ? 0 : count;
        s += count;
    }
    if (*s == '.') {
        unsigned count = api_decimal_take(s + 1, &w);
        digits += count;
        if (count == 0 || digits > 19)
            return NULL;
        s += 1 + count;
        q = -(int64_t)count;
    }
    if ((*s | 0x20) == 'e') {
        s++;
        bool minus = *s == '-';
        s += minus || *s == '+';
        int64_t e = 0;
        unsigned count = 0;
        for (; count < 5 && (d = (unsigned)(unsigned char)*s - '0') <= 9; count++, s++)
            e = e * 10 + d;
        if (count == 0 || count == 5)
            return NULL;
        q += minus ? -e : e;
    }
    double v = api_decimal_value(w, q);
    if (v > 1.7976931348623157e308)
        return NULL;
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    *out = api_decimal_bits(bits | negative << 63);
    return s;
}

#endif
