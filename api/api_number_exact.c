/* api_number_exact: both sides of the comparison as integers, without a fraction.
 *
 * The number is D * 10^e with all its digits in D; half-way between the doubles is M * 2^t. Negative
 * powers go to the other side, which leaves two integers of some thousand bits at most. */
#include "api_number_exact.h"

#include "api_limits.h"

#include <stdbool.h>
#include <string.h>

/* D has at most API_MAX_NUMBER digits, 3402 bits. Both sides are of the size of the number, in units
 * of its last place: 10^-1366 at the least, or 2^-1075, whichever is less. */
enum { WORDS = 160 };

_Static_assert(API_MAX_NUMBER <= 1024, "long integers have room for so many digits");

typedef struct integer {
    uint64_t word[WORDS]; /* lowest first */
    size_t n;             /* words in use, none of them above is anything but 0 */
} integer;

__extension__ typedef unsigned __int128 u128;

static void multiply_add(integer *x, uint64_t by, uint64_t plus)
{
    u128 carry = plus;
    for (size_t i = 0; i < x->n; i++) {
        carry += (u128)x->word[i] * by;
        x->word[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry && x->n < WORDS)
        x->word[x->n++] = (uint64_t)carry;
}

static void multiply_power_of_5(integer *x, uint64_t power)
{
    const uint64_t five_27 = UINT64_C(7450580596923828125);
    for (; power >= 27; power -= 27)
        multiply_add(x, five_27, 0);
    for (; power > 0; power--)
        multiply_add(x, 5, 0);
}

static void shift_left(integer *x, uint64_t bits)
{
    size_t words = bits / 64;
    if (x->n == 0 || x->n + words > WORDS)
        return;
    memmove(x->word + words, x->word, x->n * sizeof x->word[0]);
    memset(x->word, 0, words * sizeof x->word[0]);
    x->n += words;
    multiply_add(x, UINT64_C(1) << bits % 64, 0);
}

static int compare(const integer *a, const integer *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

uint64_t api_number_exact(const char *digits, size_t n, int64_t exponent, uint64_t below)
{
    integer number = {.n = 0}, middle = {.n = 0};
    bool point = false;
    for (size_t i = 0; i < n; i++) {
        if (digits[i] == '.') {
            point = true;
            continue;
        }
        multiply_add(&number, 10, (uint64_t)(digits[i] - '0'));
        exponent -= point;
    }
    /* half-way: 2m + 1 halves of the last place of the lower one */
    uint64_t m = below & ((UINT64_C(1) << 52) - 1), biased = below >> 52;
    if (biased > 0)
        m |= UINT64_C(1) << 52;
    int64_t t = (int64_t)(biased > 0 ? biased : 1) - 1075 - 1;
    multiply_add(&middle, 0, 2 * m + 1);
    if (exponent >= 0)
        multiply_power_of_5(&number, (uint64_t)exponent);
    else
        multiply_power_of_5(&middle, (uint64_t)-exponent);
    if (exponent >= t)
        shift_left(&number, (uint64_t)(exponent - t));
    else
        shift_left(&middle, (uint64_t)(t - exponent));
    int side = compare(&number, &middle);
    return below + (side > 0 || (side == 0 && (below & 1)));
}
