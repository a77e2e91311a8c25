/* api_npy_type: the table of element types. Loads are by memcpy, since elements come at any
 * address. */
#include "api_npy.h"

#include <math.h>
#include <string.h>

#define READ(name, type)                                                                           \
    static void name(const char *from, size_t n, double *to)                                       \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            type v;                                                                                \
            memcpy(&v, from + i * sizeof v, sizeof v);                                             \
            to[i] = (double)v;                                                                     \
        }                                                                                          \
    }

READ(read_f8, double)
READ(read_f4, float)
READ(read_i1, int8_t)
READ(read_i2, int16_t)
READ(read_i4, int32_t)
READ(read_i8, int64_t)
READ(read_u1, uint8_t)
READ(read_u2, uint16_t)
READ(read_u4, uint32_t)
READ(read_u8, uint64_t)

/* binary16 of IEEE 754: a sign, 5 bits of exponent, 10 of fraction. */
static void read_f2(const char *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, from + i * sizeof bits, sizeof bits);
        int exponent = bits >> 10 & 31, fraction = bits & 1023;
        double v = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                  : ldexp(fraction, -24);
        to[i] = bits >> 15 ? -v : v;
    }
}

static void read_b1(const char *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] != 0;
}

/* 2^53: up to here all whole numbers are doubles. */
#define WHOLE (INT64_C(1) << 53)

static size_t inexact_i8(const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t v;
        memcpy(&v, from + i * sizeof v, sizeof v);
        if ((v > WHOLE || v < -WHOLE) && ((double)v >= 0x1p63 || (int64_t)(double)v != v))
            return i;
    }
    return n;
}

static size_t inexact_u8(const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, from + i * sizeof v, sizeof v);
        if (v > (uint64_t)WHOLE && ((double)v >= 0x1p64 || (uint64_t)(double)v != v))
            return i;
    }
    return n;
}

static const api_npy_type types[] = {
    {'f', 8, read_f8, NULL},       {'f', 4, read_f4, NULL},       {'f', 2, read_f2, NULL},
    {'i', 8, read_i8, inexact_i8}, {'i', 4, read_i4, NULL},       {'i', 2, read_i2, NULL},
    {'i', 1, read_i1, NULL},       {'u', 8, read_u8, inexact_u8}, {'u', 4, read_u4, NULL},
    {'u', 2, read_u2, NULL},       {'u', 1, read_u1, NULL},       {'b', 1, read_b1, NULL},
};

static bool little_endian(void)
{
    const uint16_t one = 1;
    char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* ---- texts ---- */

char api_npy_text_type(const char *descr, size_t *size, bool *swapped)
{
    char kind = *descr && strchr("<>|=", descr[0]) ? descr[1] : '\0';
    size_t digits = kind ? strspn(descr + 2, "0123456789") : 0;
    if ((kind != 'U' && kind != 'S') || digits < 1 || digits > 4 || descr[2 + digits])
        return '\0';
    *size = 0;
    for (size_t i = 0; i < digits; i++)
        *size = 10 * *size + (size_t)(descr[2 + i] - '0');
    *size *= kind == 'U' ? 4 : 1;
    *swapped =
        kind == 'U' && (descr[0] == '<' || descr[0] == '>') && (descr[0] == '<') != little_endian();
    return *size > 0 && *size <= API_NPY_ELEMENT ? kind : '\0';
}

static uint32_t code_point(const char *from, bool swapped)
{
    uint32_t c = 0;
    for (size_t k = 0; k < 4; k++) {
        bool last_first = little_endian() != swapped;
        c = c << 8 | (unsigned char)from[last_first ? 3 - k : k];
    }
    return c;
}

size_t api_npy_text(const char *from, size_t size, char kind, bool swapped, char buf[API_NPY_TEXT])
{
    size_t n = 0;
    while (size > 0 && from[size - 1] == '\0' &&
           (kind == 'S' || code_point(from + size - 4, swapped) == 0))
        size -= kind == 'S' ? 1 : 4;
    if (kind == 'S')
        memcpy(buf, from, n = size);
    for (size_t i = 0; kind == 'U' && i < size; i += 4) {
        uint32_t c = code_point(from + i, swapped);
        size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
        buf[n++] = (char)(c > 0x10ffff ? 0xff : lead[more] | c >> 6 * more);
        while (c <= 0x10ffff && more-- > 0)
            buf[n++] = (char)(0x80 | (c >> 6 * more & 0x3f));
    }
    buf[n] = '\0';
    return n;
}

/* ---- numbers ---- */

const api_npy_type *api_npy_type_find(const char *descr, bool *swapped, const char *label,
                                      api_problem *p)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char size = (char)('0' + types[i].size);
        if (!*descr || !strchr("<>|=", descr[0]) || descr[1] != types[i].kind || descr[2] != size ||
            descr[3])
            continue;
        *swapped = types[i].size > 1 && (descr[0] == '<' || descr[0] == '>') &&
                   (descr[0] == '<') != little_endian();
        return &types[i];
    }
    api_problem_set(
        p, API_INVALID,
        "%s has elements of type \"%.40s\"; float16, float32, float64, whole numbers and "
        "booleans are read: convert it with astype(float)",
        label, descr);
    return NULL;
}
