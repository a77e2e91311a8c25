/* srv_look: see srv_look.h. */
#include "srv_look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
    size_t column, cap;
    uint32_t *counts;
} tally;

struct srv_look {
    size_t width, row; /* row: bytes */
    bool single, failed;
    gd_summaries *summaries;
    tally *tallies; /* of columns with levels, ascending */
    size_t tallied;
};

srv_look *srv_look_new(size_t width, bool single)
{
    srv_look *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->width = width;
    l->single = single;
    l->row = width * (single ? sizeof(float) : sizeof(double));
    return l;
}

void srv_look_free(srv_look *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->tallied; i++)
        free(l->tallies[i].counts);
    free(l->tallies);
    gd_summaries_free(l->summaries);
    free(l);
}

static const tally *find(const srv_look *l, size_t column)
{
    for (size_t i = 0; i < l->tallied; i++)
        if (l->tallies[i].column == column)
            return &l->tallies[i];
    return NULL;
}

bool srv_look_levels(srv_look *l, size_t column)
{
    if (!l || find(l, column))
        return true;
    tally *grown = realloc(l->tallies, (l->tallied + 1) * sizeof *grown);
    if (!grown)
        return false;
    l->tallies = grown;
    grown[l->tallied++] = (tally){.column = column};
    return true;
}

static bool grow(tally *t, size_t level)
{
    size_t cap = t->cap ? t->cap : 64;
    while (cap <= level)
        cap *= 2;
    uint32_t *grown = realloc(t->counts, cap * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + t->cap, 0, (cap - t->cap) * sizeof *grown);
    t->counts = grown;
    t->cap = cap;
    return true;
}

static bool count(tally *t, const gd_data *d)
{
    for (size_t i = 0; i < d->rows; i++) {
        double v = gd_data_at(d, i, t->column);
        if (isnan(v))
            continue;
        if ((size_t)v >= t->cap && !grow(t, (size_t)v))
            return false;
        t->counts[(size_t)v]++;
    }
    return true;
}

void srv_look_add(srv_look *l, const void *rows, size_t bytes)
{
    const gd_data d = {.X = l->single ? NULL : rows,
                       .X32 = l->single ? rows : NULL,
                       .rows = bytes / l->row,
                       .cols = l->width};
    if (!l->summaries) /* rows that are few are never added here */
        l->summaries = gd_summaries_new(l->width + 1, UINT64_MAX);
    l->failed = l->failed || !l->summaries;
    if (!l->failed)
        gd_summaries_add(l->summaries, 0, &d);
    for (size_t i = 0; i < l->tallied && !l->failed; i++)
        l->failed = !count(&l->tallies[i], &d);
}

gd_summaries *srv_look_summaries(srv_look *l)
{
    return l->summaries;
}

uint32_t *srv_look_counts(const srv_look *l, size_t column, size_t levels)
{
    const tally *t = find(l, column);
    uint32_t *counts = t ? calloc(levels ? levels : 1, sizeof *counts) : NULL;
    for (size_t i = 0; counts && i < levels && i < t->cap; i++)
        counts[i] = t->counts[i];
    return counts;
}

bool srv_look_knows(const srv_look *l, size_t column, bool levels)
{
    return l->summaries && !l->failed && (find(l, column) != NULL) == levels;
}
