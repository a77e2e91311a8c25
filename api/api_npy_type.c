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
