/* gd_areas: see gd_areas.h. Scores become whole numbers that rise as scores fall; those of either
 * class are sorted (digit by digit where they are many: Knuth, The Art of Computer
 * Programming, 5.2.5), and both are gone through at once. */
#include "gd_areas.h"

#include "gd_rank.h"

#include <math.h>
#include <stdlib.h>

#define MANY ((size_t)2048)

/* A key has so many digits of so many bits. */
enum { DIGITS = 6, BITS = 11, VALUES = 1 << BITS };

typedef struct sorting {
    uint64_t *keys[2], *other[2]; /* of negative and of positive rows; room of the same size */
    size_t n[2];
    size_t *counts; /* DIGITS x VALUES a class */
    const gd_executor *executor;
    bool broken_off[2];
} sorting;

static int compare(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

static size_t digit_of(uint64_t key, unsigned digit)
{
    return (size_t)(key >> (digit * BITS)) & (VALUES - 1);
}

/* Sorts by one digit, which leaves equal ones in their order. counts: of its values. */
static void scatter(const uint64_t *from, uint64_t *to, size_t n, unsigned digit, size_t *counts)
{
    size_t begin = 0;
    for (size_t v = 0; v < VALUES; v++) {
        size_t count = counts[v];
        counts[v] = begin;
        begin += count;
    }
    for (size_t i = 0; i < n; i++)
        to[counts[digit_of(from[i], digit)]++] = from[i];
}

static void sort_class(void *arg, size_t class, size_t slot)
{
    sorting *s = arg;
    const gd_executor *e = s->executor;
    size_t n = s->n[class], *counts = s->counts + class * DIGITS * VALUES;
    uint64_t *from = s->keys[class], *to = s->other[class];
    (void)slot;
    if (n < MANY) {
        qsort(from, n, sizeof *from, compare);
        return;
    }
    for (size_t i = 0; i < n; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d * VALUES + digit_of(from[i], d)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d * VALUES + digit_of(from[0], d)] == n)
            continue; /* they all have this one */
        if (e->interrupted && e->interrupted(e->ctx)) {
            s->broken_off[class] = true;
            return;
        }
        scatter(from, to, n, d, counts + d * VALUES);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    s->keys[class] = from;
    s->other[class] = to;
}

/* From the highest score down. */
static void go_through(const sorting *s, gd_areas *out)
{
    const uint64_t *negative = s->keys[0], *positive = s->keys[1];
    double positives = (double)s->n[1], negatives = (double)s->n[0], hits = 0, roc = 0, pr = 0;
    size_t above = 0; /* negative rows that score higher */
    for (size_t i = 0; i < s->n[1];) {
        uint64_t key = positive[i];
        size_t first = i;
        while (i < s->n[1] && positive[i] == key)
            i++;
        while (above < s->n[0] && negative[above] < key)
            above++;
        size_t tied = above;
        while (tied < s->n[0] && negative[tied] == key)
            tied++;
        double more = (double)(i - first), here = (double)(tied - above);
        /* whoever is below a positive row counts, of those beside it half */
        roc += more * (negatives - (double)tied + here / 2);
        hits += more;
        pr += more * hits / (hits + (double)tied);
        above = tied;
    }
    bool both = positives > 0 && negatives > 0;
    out->roc = both ? roc / (positives * negatives) : NAN;
    out->pr = positives > 0 ? pr / positives : NAN;
}

/* The positive ones from the beginning of the room, the others behind them. */
static void split(sorting *s, uint64_t *room, const double *scores, const double *y, size_t n)
{
    size_t positives = 0, at[2];
    for (size_t i = 0; i < n; i++)
        positives += y[i] == 1;
    s->n[0] = n - positives;
    s->n[1] = positives;
    for (size_t class = 0; class < 2; class ++) {
        s->keys[class] = room + (class ? 0 : positives);
        s->other[class] = room + n + (class ? 0 : positives);
    }
    at[0] = positives;
    at[1] = 0;
    for (size_t i = 0; i < n; i++) /* by no branch, which nobody could foresee */
        room[at[y[i] == 1]++] = gd_rank_key(scores[i]);
}

gd_status gd_areas_find(gd_areas *out, const double *scores, const double *y, size_t n,
                        const gd_executor *executor, gd_error *err)
{
    sorting s = {.executor = executor ? executor : &gd_executor_serial};
    uint64_t *room = malloc((2 * n + 1) * sizeof *room);
    s.counts = n >= MANY ? calloc(2 * DIGITS * VALUES, sizeof *s.counts) : NULL;
    gd_status status = GD_OK;
    if (!room || (n >= MANY && !s.counts)) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to rank %zu rows", n);
        goto end;
    }
    split(&s, room, scores, y, n);
    if (n >= MANY)
        s.executor->run(s.executor->ctx, sort_class, &s, 2);
    for (size_t class = 0; n < MANY && class < 2; class ++)
        sort_class(&s, class, 0);
    if (s.broken_off[0] || s.broken_off[1])
        status = gd_fail(err, GD_INTERRUPTED, "", "broken off");
    else
        go_through(&s, out);
end:
    free(s.counts);
    free(room);
    return status;
}
