/* api_known: the short texts that a column had of late and what they are as numbers, found by their
 * bytes where they stand. What is not in it is looked up as ever. */
#ifndef API_KNOWN_H
#define API_KNOWN_H

#include "api_decimal.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    API_KNOWN_BYTES = 16,     /* of a text, at most */
    API_KNOWN_MEMORY = 1 << 20 /* bytes, of all columns of a table */
};

typedef struct api_known_text {
    uint64_t words[2]; /* its bytes, then zeros */
    double value;
    uint64_t bytes; /* 0: there is none */
} api_known_text;

typedef struct api_known {
    api_known_text *texts; /* each has one place, that its bytes choose; or NULL */
    size_t places;         /* a power of two */
} api_known;

static inline uint64_t api_known_place(const api_known *k, const uint64_t words[2], size_t n)
{
    uint64_t h = (words[0] ^ n) * 0x9e3779b97f4a7c15u ^ words[1] * 0xc2b2ae3d27d4eb4fu;
    return (h ^ h >> 29) * 0x9e3779b97f4a7c15u >> 40 & (k->places - 1);
}

/* The first n bytes of a text, 1 to API_KNOWN_BYTES, of which as many as that may be read. */
static inline void api_known_words(const char *s, size_t n, uint64_t words[2])
{
    words[0] = api_decimal_word(s);
    words[1] = n > 8 ? api_decimal_word(s + 8) << (128 - 8 * n) >> (128 - 8 * n) : 0;
    if (n < 8)
        words[0] = words[0] << (64 - 8 * n) >> (64 - 8 * n);
}

/* Is it known? */
static inline bool api_known_find(const api_known *k, const uint64_t words[2], size_t n,
                                  double *value)
{
    if (!k->texts)
        return false;
    const api_known_text *t = &k->texts[api_known_place(k, words, n)];
    *value = t->value;
    return ((t->words[0] ^ words[0]) | (t->words[1] ^ words[1]) | (t->bytes ^ n)) == 0;
}

/* In place of another, maybe. count: of different texts that there are so far; taken: the memory that all
 * columns take. Where there is none left less is known, or nothing. */
void api_known_add(api_known *k, const uint64_t words[2], size_t n, double value, size_t count,
                   size_t *taken);

void api_known_free(api_known *k); /* leaves it empty */

/* Of eight bytes: the highest bit of each that is `c`, at least of the lowest one that is. */
static inline uint64_t api_known_bytes_equal(uint64_t word, char c)
{
    uint64_t x = word ^ (unsigned char)c * 0x0101010101010101u;
    return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

/* Where the first delimiter, line feed or NUL of API_KNOWN_BYTES bytes is, or that many. */
static inline size_t api_known_end(const char *s, char delimiter)
{
    for (size_t at = 0; at < API_KNOWN_BYTES; at += 8) {
        uint64_t word = api_decimal_word(s + at);
        uint64_t ends = api_known_bytes_equal(word, delimiter) |
                        api_known_bytes_equal(word, '\n') | api_known_bytes_equal(word, '\0');
        if (ends)
            return at + (size_t)__builtin_ctzll(ends) / 8;
    }
    return API_KNOWN_BYTES;
}

#endif
