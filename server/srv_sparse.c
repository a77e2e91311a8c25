/* srv_sparse: copies of entries. */
#include "srv_sparse.h"

#include "gd_sparse.h"

#include <stdlib.h>

void srv_sparse_free(srv_sparse *s)
{
    free(s->starts);
    free(s->columns);
    free(s->values);
    free(s->values32);
    *s = (srv_sparse){0};
}

gd_sparse srv_sparse_view(const srv_sparse *s)
{
    return (gd_sparse){s->starts, s->columns, s->values, s->values32};
}

static bool make_room(srv_sparse *s, size_t rows, uint64_t entries, bool single)
{
    size_t room = entries ? (size_t)entries : 1;
    s->starts = calloc(rows + 1, sizeof *s->starts);
    s->columns = malloc(room * sizeof *s->columns);
    if (single)
        s->values32 = malloc(room * sizeof *s->values32);
    else
        s->values = malloc(room * sizeof *s->values);
    if (s->starts && s->columns && (s->values || s->values32))
        return true;
    srv_sparse_free(s);
    return false;
}

/* Copies a row behind the `at` entries that there are; returns how many there are then. */
static uint64_t add_row(srv_sparse *s, const gd_data *from, size_t row, int64_t shift, size_t cols,
                        uint64_t at)
{
    const gd_sparse *f = &from->sparse;
    for (uint64_t e = f->starts[row]; e < f->starts[row + 1]; e++) {
        int64_t column = (int64_t)f->columns[e] + shift;
        if (column < 0 || column >= (int64_t)cols)
            continue;
        s->columns[at] = (uint32_t)column;
        if (s->values32)
            s->values32[at] = f->values32[e];
        else
            s->values[at] = gd_sparse_value(f, e);
        at++;
    }
    return at;
}

bool srv_sparse_stack(srv_sparse *s, const gd_data *const *parts, const int64_t *shifts,
                      size_t count, size_t cols)
{
    size_t rows = 0, row = 0;
    uint64_t entries = 0, at = 0;
    bool single = true;
    for (size_t k = 0; k < count; k++) {
        rows += parts[k]->rows;
        entries += gd_sparse_entries(parts[k]);
        single = single && parts[k]->sparse.values32;
    }
    if (!make_room(s, rows, entries, single))
        return false;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < parts[k]->rows; i++)
            s->starts[++row] = at = add_row(s, parts[k], i, shifts[k], cols, at);
    return true;
}

bool srv_sparse_take(srv_sparse *s, const gd_data *from, const uint32_t *index, size_t n)
{
    uint64_t entries = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        entries += from->sparse.starts[index[i] + 1] - from->sparse.starts[index[i]];
    if (!make_room(s, n, entries, from->sparse.values32 != NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        s->starts[i + 1] = at = add_row(s, from, index[i], 0, from->cols, at);
    return true;
}

bool srv_layouts_differ(const char *field, bool sparse, api_problem *p)
{
    return api_problem_field(p, field,
                             "is %s, but the dataset to train on is %s: both must be alike",
                             sparse ? "dense" : "sparse", sparse ? "sparse" : "dense");
}
