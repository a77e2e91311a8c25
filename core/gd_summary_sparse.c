/* gd_summary_sparse: entries of a stretch of rows are put together by their columns, and what is no
 * entry is so many zeros. */
#include "gd_summary.h"

#include <stdlib.h>
#include <string.h>

/* Entries of a stretch; a row that has more is one by itself. */
enum { STRETCH = 1 << 17 };

typedef struct sorting {
    uint64_t *ends;  /* cols + 1: where each column's values are written to next */
    uint64_t *found; /* cols: entries so far */
    double *values;  /* room of them */
    size_t room;
} sorting;

/* The rows from `first` on that make a stretch; how many. */
static size_t stretch_rows(const gd_data *d, size_t first)
{
    const uint64_t *starts = d->sparse.starts;
    size_t n = 1;
    while (first + n < d->rows && starts[first + n + 1] - starts[first] <= STRETCH)
        n++;
    return n;
}

static bool make_room(sorting *t, size_t n)
{
    if (n <= t->room)
        return true;
    free(t->values);
    t->values = malloc(n * sizeof *t->values);
    t->room = t->values ? n : 0;
    return t->values != NULL;
}

/* The entries first .. end, by column. */
static bool add_entries(gd_summaries *s, const gd_data *d, uint64_t first, uint64_t end, sorting *t)
{
    const gd_sparse *e = &d->sparse;
    if (!make_room(t, (size_t)(end - first)))
        return false;
    memset(t->ends, 0, (d->cols + 1) * sizeof *t->ends);
    for (uint64_t i = first; i < end; i++)
        t->ends[e->columns[i] + 1]++;
    for (size_t j = 0; j < d->cols; j++) {
        t->found[j] += t->ends[j + 1];
        t->ends[j + 1] += t->ends[j];
    }
    for (uint64_t i = first; i < end; i++)
        t->values[t->ends[e->columns[i]]++] =
            e->values32 ? (double)e->values32[i] : e->values[i];
    /* each column now ends where the next one began */
    for (size_t j = 0; j < d->cols; j++) {
        uint64_t begin = j ? t->ends[j - 1] : 0;
        if (t->ends[j] > begin)
            gd_summaries_add_values(s, j, t->values + begin, (size_t)(t->ends[j] - begin));
    }
    return true;
}

bool gd_summaries_add_sparse(gd_summaries *s, const gd_data *d)
{
    sorting t = {.ends = malloc((d->cols + 1) * sizeof *t.ends),
                 .found = calloc(d->cols, sizeof *t.found)};
    bool ok = t.ends && t.found;
    for (size_t row = 0, n; ok && row < d->rows; row += n) {
        n = stretch_rows(d, row);
        ok = add_entries(s, d, d->sparse.starts[row], d->sparse.starts[row + n], &t);
    }
    for (size_t j = 0; ok && j < d->cols; j++)
        gd_summaries_add_zeros(s, j, d->rows - t.found[j]);
    free(t.ends);
    free(t.found);
    free(t.values);
    return ok;
}
