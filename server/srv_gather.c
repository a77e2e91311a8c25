/* srv_gather: windows of what was stored, and rows from them. */
#include "srv_gather.h"

#include "srv_describe.h"

#include <math.h>
#include <stdlib.h>

/* Rows that are written are in the cache. */
static bool take_rows(void *ctx, const void *block, size_t bytes, api_problem *p)
{
    srv_gathering *g = ctx;
    if (g->look)
        srv_look_add(g->look, block, bytes);
    return srv_out_write(&g->out, block, bytes, p);
}

/* The rows first .. first + n of what the reader stored, row after row or column after column. */
static bool load_rows(srv_gathering *g, const api_dataset *d, uint64_t first, size_t n, double *to,
                      api_problem *p)
{
    if (!d->by_columns)
        return srv_out_read(g->from, to, n * d->stored * sizeof *to,
                            SRV_ALIGN + first * d->stored * sizeof *to, p);
    bool ok = true;
    for (size_t k = 0; ok && k < d->stored; k++)
        ok = srv_out_read(g->from, to + k * n, n * sizeof *to,
                          SRV_ALIGN + (k * d->rows + first) * sizeof *to, p);
    return ok;
}

/* Rows of features from what lies row after row or column after column: from[i * row + k * column]
 * is what the reader stored as the k-th value of row i. */
typedef struct layout {
    const double *from;
    size_t rows, row, column;
} layout;

/* How many of `left` rows are gathered together, all values of a column behind each other: a line
 * of the cache each, or nearly. Blocks are filled to the brim. */
static size_t rows_together(const srv_gathering *g, size_t left, size_t bytes)
{
    enum { TOGETHER = 8 };
    size_t room, n = left < TOGETHER ? left : TOGETHER;
    srv_out_room(&g->out, &room);
    room /= bytes;
    return room == 0 ? 1 : n < room ? n : room;
}

static bool gather_rows(srv_gathering *g, const api_dataset *d, const layout *l, api_problem *p)
{
    for (size_t first = 0, n; first < l->rows; first += n) {
        n = rows_together(g, l->rows - first, d->cols * sizeof(double));
        double *to = srv_out_reserve(&g->out, n * d->cols * sizeof *to, p);
        if (!to)
            return false;
        for (size_t j = 0; j < d->cols; j++) {
            const double *v = l->from + first * l->row + d->features[j] * l->column;
            for (size_t i = 0; i < n; i++)
                to[i * d->cols + j] = v[i * l->row];
        }
    }
    return true;
}

/* Can single precision hold it? A missing cell is a NaN. */
static bool fits_single(double v)
{
    return !(fabs(v) >= 0x1.ffffffp127); /* from there on 2^128 is nearer than the largest float */
}

static bool too_large(const api_dataset *d, uint64_t row, size_t column, double v, api_problem *p)
{
    return api_problem_field(p, "dtype",
                             "\"float32\" can't hold %g, in row %llu of column \"%.80s\": its "
                             "numbers end at 3.4e38; leave dtype at \"float64\"",
                             v, (unsigned long long)row + 1, d->columns[column]);
}

/* The same in single precision. before: rows that were gathered already. */
static bool gather_singles(srv_gathering *g, const api_dataset *d, const layout *l, uint64_t before,
                           api_problem *p)
{
    for (size_t first = 0, n; first < l->rows; first += n) {
        n = rows_together(g, l->rows - first, d->cols * sizeof(float));
        const double *from = l->from + first * l->row;
        float *to = srv_out_reserve(&g->out, n * d->cols * sizeof *to, p);
        bool fit = true;
        if (!to)
            return false;
        for (size_t j = 0; j < d->cols; j++)
            for (size_t i = 0; i < n; i++) {
                double v = from[i * l->row + d->features[j] * l->column];
                fit = fit && fits_single(v);
                to[i * d->cols + j] = (float)v;
            }
        for (size_t i = 0; !fit && i < n; i++) /* the first one that does not */
            for (size_t j = 0; j < d->cols; j++) {
                double v = from[i * l->row + d->features[j] * l->column];
                if (!fits_single(v))
                    return too_large(d, before + first + i, j, v, p);
            }
    }
    return true;
}

static bool gather_targets(srv_gathering *g, const api_dataset *d, const layout *l, api_problem *p)
{
    const double *v = l->from + d->target_at * l->column;
    bool ok = true;
    if (l->row == 1)
        return srv_out_put(g->targets, v, l->rows, p);
    for (size_t i = 0; ok && i < l->rows; i++)
        ok = srv_out_put(g->targets, v + i * l->row, 1, p);
    return ok;
}

/* The values of sparse rows in single precision. */
static bool narrow(srv_gathering *g, const api_dataset *d, api_problem *p)
{
    enum { SOME = 2048 };
    double from[SOME];
    bool ok = srv_out_create(&g->out, g->files, p);
    for (uint64_t first = 0; ok && first < d->entries; first += SOME) {
        size_t n = d->entries - first < SOME ? (size_t)(d->entries - first) : SOME;
        ok = srv_out_read(g->from, from, n * sizeof *from, SRV_ALIGN + first * sizeof *from, p);
        float *to = ok ? srv_out_reserve(&g->out, n * sizeof *to, p) : NULL;
        for (size_t i = 0; to && i < n; i++) {
            if (!fits_single(from[i]))
                return api_problem_field(
                    p, "dtype",
                    "\"float32\" can't hold %g: its numbers end at 3.4e38; leave "
                    "dtype at \"float64\"",
                    from[i]);
            to[i] = (float)from[i];
        }
        ok = to != NULL;
    }
    return ok;
}

/* Rows that are many are written, and looked at, by another thread. Who gathers them has them
 * hashed as well: the other thread looks at them and writes them, which takes as long. */
static void begin_gathered(srv_gathering *g, const api_dataset *d)
{
    bool single = d->dtype == API_FLOAT32;
    size_t block = srv_describe_rows(d->cols) * d->cols * (single ? sizeof(float) : sizeof(double));
    if (d->rows * d->cols <= SRV_OUT_BUFFER)
        return;
    g->look = srv_look_new(d->cols, single);
    bool ok = g->look != NULL;
    for (size_t j = 0; ok && d->kinds && j < d->cols; j++)
        ok = !d->kinds[j].levels || srv_look_levels(g->look, j);
    g->out.ahead = ok && srv_out_hand_over(&g->out, block, take_rows, g);
    if (g->out.ahead)
        return;
    srv_look_free(g->look);
    g->look = NULL;
}

/* Rows that are gathered from one window: it stays in the cache, but of columns there are some
 * values each to be read at once. */
static size_t window_rows(const api_dataset *d)
{
    enum { WINDOW = 1 << 15, MOST_WINDOW = 1 << 18, SOME = 1024 }; /* doubles, and rows */
    size_t rows = WINDOW / d->stored, most = MOST_WINDOW / d->stored;
    if (d->by_columns && rows < SOME)
        rows = most < SOME ? most : SOME;
    return rows ? rows : 1;
}

/* Copies the wanted columns of the stored rows into files of their own, in one pass over windows
 * of them. */
static bool gather_dense(srv_gathering *g, const api_dataset *d, api_problem *p)
{
    size_t most = window_rows(d);
    double *window = malloc(most * d->stored * sizeof *window);
    if (!window)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    bool ok = srv_out_create(&g->out, g->files, p);
    if (ok)
        begin_gathered(g, d);
    for (uint64_t first = 0; ok && first < d->rows; first += most) {
        layout l = {window, d->rows - first < most ? (size_t)(d->rows - first) : most, d->stored,
                    1};
        if (d->by_columns) {
            l.row = 1;
            l.column = l.rows;
        }
        ok = load_rows(g, d, first, l.rows, window, p) &&
             (d->dtype == API_FLOAT32 ? gather_singles(g, d, &l, first, p)
                                      : gather_rows(g, d, &l, p)) &&
             (d->target_at == API_APART || gather_targets(g, d, &l, p));
    }
    free(window);
    return ok;
}

void srv_gather_none(srv_gathering *g)
{
    srv_out_none(&g->out);
    g->look = NULL;
}

bool srv_gather(srv_gathering *g, const srv_out *from, srv_out *targets, const api_dataset *d,
                api_problem *p)
{
    g->files = from->files;
    g->from = from->fd;
    g->targets = targets;
    return (d->sparse ? narrow : gather_dense)(g, d, p) && srv_out_settle(&g->out, p);
}

void srv_gather_close(srv_gathering *g)
{
    srv_out_close(&g->out);
    srv_look_free(g->look);
    g->look = NULL;
}
