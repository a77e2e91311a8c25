/* gd_rank: see gd_rank.h. */
#include "gd_rank.h"

#include <stdlib.h>
#include <string.h>

#define MANY ((size_t)2048)

/* A key has so many digits of so many bits. */
enum { DIGITS = 6, BITS = 11, VALUES = 1 << BITS };

static size_t digit_of(uint64_t key, unsigned digit)
{
    return (size_t)(key >> (digit * BITS)) & (VALUES - 1);
}

static int compare(const void *a_, const void *b_)
{
    const gd_ranked *a = a_, *b = b_;
    uint64_t x = gd_rank_key(a->score), y = gd_rank_key(b->score);
    return x != y ? (x > y) - (x < y) : (a->row > b->row) - (a->row < b->row);
}

/* Sorts by one digit, which leaves equal ones in their order. counts: of its values. */
static void scatter(const gd_ranked *from, gd_ranked *to, size_t n, unsigned digit, size_t *counts)
{
    size_t begin = 0;
    for (size_t v = 0; v < VALUES; v++) {
        size_t count = counts[v];
        counts[v] = begin;
        begin += count;
    }
    for (size_t i = 0; i < n; i++)
        to[counts[digit_of(gd_rank_key(from[i].score), digit)]++] = from[i];
}

static gd_status sort_digits(gd_ranked *out, size_t n, const gd_executor *e, gd_error *err)
{
    size_t *counts = calloc(DIGITS * VALUES, sizeof *counts);
    gd_ranked *other = malloc(n * sizeof *other), *from = out, *to = other;
    gd_status status = GD_OK;
    if (!counts || !other) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to rank %zu rows", n);
        goto end;
    }
    for (size_t i = 0; i < n; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d * VALUES + digit_of(gd_rank_key(out[i].score), d)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        size_t *c = counts + d * VALUES;
        if (c[digit_of(gd_rank_key(out[0].score), d)] == n)
            continue; /* they all have this one */
        if (e && e->interrupted && e->interrupted(e->ctx)) {
            status = gd_fail(err, GD_INTERRUPTED, "", "broken off");
            goto end;
        }
        scatter(from, to, n, d, c);
        gd_ranked *swap = from;
        from = to;
        to = swap;
    }
    if (from != out)
        memcpy(out, from, n * sizeof *out);
end:
    free(counts);
    free(other);
    return status;
}

gd_status gd_rank(gd_ranked *out, const double *scores, size_t n, const gd_executor *executor,
                  gd_error *err)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (gd_ranked){scores[i], (uint32_t)i};
    if (n >= MANY)
        return sort_digits(out, n, executor, err);
    qsort(out, n, sizeof *out, compare);
    return GD_OK;
}
