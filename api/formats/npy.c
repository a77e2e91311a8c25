/* .npy: one array of NumPy, whose columns are x1, x2, ..., or x; of rows for a model, the model's.
 * The query names the target among them, and the features if not all others are wanted. Rows (C
 * order) with all their columns are stored as they come, without the target; else the array is
 * stored as it is, and features are chosen from it at the end. */
#include "api_matrix.h"

#include <stdlib.h>
#include <string.h>

enum { TARGETS = 2048 };

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    api_npy *npy;
    api_matrix matrix;
    api_dataset made; /* once the header is there */
    bool split;       /* targets are taken out of the rows */
    size_t column;    /* the one that comes next, where they are */
    double targets[TARGETS];
} reader;

/* Is all wanted but the target, in its order? */
static bool all_in_order(const api_dataset *d)
{
    for (size_t i = 0; i < d->cols; i++)
        if (d->features[i] != i + (i >= d->target_at))
            return false;
    return d->cols + 1 == d->stored;
}

static bool begin(void *ctx, const api_npy_shape *shape, const bool **wanted, api_problem *p)
{
    reader *r = ctx;
    api_problem soft = {0};
    if (!api_matrix_begin(&r->matrix, r->options, shape, p) ||
        !api_matrix_finish(&r->matrix, r->options, &r->made, &soft, p))
        return false;
    if (soft.code != API_NO_PROBLEM) {
        *p = soft;
        return false;
    }
    if (!api_matrix_wanted(&r->matrix, &r->made, wanted, p))
        return false;
    r->split = r->options->labelled && !shape->by_columns && all_in_order(&r->made);
    if (r->split && r->sink->width)
        r->sink->width(r->sink->ctx, r->made.cols);
    return true;
}

/* What is stored of rows that were split: the features, as they are. */
static void settle_split(api_dataset *d)
{
    d->target_at = API_APART;
    d->stored = d->cols;
    for (size_t i = 0; i < d->cols; i++)
        d->features[i] = i;
}

/* Puts features together where they are, and targets apart. */
static bool split_rows(reader *r, double *v, size_t n, api_problem *p)
{
    const api_sink *s = r->sink;
    size_t kept = 0, targets = 0, target_at = r->made.target_at;
    for (size_t i = 0; i < n;) {
        /* up to the target, or the row's end */
        size_t until = r->column <= target_at ? target_at : r->made.cols + 1;
        size_t run = until - r->column < n - i ? until - r->column : n - i;
        memmove(v + kept, v + i, run * sizeof *v);
        kept += run;
        i += run;
        r->column += run;
        if (i < n && r->column == target_at) {
            r->targets[targets++] = v[i++];
            r->column++;
        }
        if (r->column == r->made.cols + 1)
            r->column = 0;
    }
    return (kept == 0 || s->values(s->ctx, v, kept, p)) &&
           (targets == 0 || s->targets(s->ctx, r->targets, targets, p));
}

static bool values(void *ctx, double *v, size_t n, api_problem *p)
{
    reader *r = ctx;
    for (size_t at = 0; r->split && at < n; at += TARGETS)
        if (!split_rows(r, v + at, n - at < TARGETS ? n - at : TARGETS, p))
            return false;
    return r->split || r->sink->values(r->sink->ctx, v, n, p);
}

static void missing(void *ctx, size_t column)
{
    ((reader *)ctx)->matrix.missing[column]++;
}

static const char *name(void *ctx, size_t column, char buf[API_NPY_NAME])
{
    (void)buf;
    return ((reader *)ctx)->matrix.named.keys.list[column];
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_npy_free(r->npy);
    api_matrix_free(&r->matrix);
    api_dataset_free(&r->made);
    free(r);
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->npy = api_npy_new((api_npy_taker){r, begin, missing, values, NULL, name}, "the array");
    if (r->npy)
        return r;
    free(r);
    return NULL;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    return api_npy_feed(((reader *)reader_)->npy, bytes, n, p);
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    if (!api_npy_finish(r->npy, p) || !api_matrix_kinds(&r->matrix, 0, &r->made, p))
        return false;
    if (r->split)
        settle_split(&r->made);
    r->made.name = strdup(r->options->name ? r->options->name : "");
    if (!r->made.name)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    *out = r->made;
    r->made = (api_dataset){0};
    return true;
}

const api_format api_format_npy = {
    .name = "npy",
    .media_type = "application/x-npy",
    .suffixes = ".npy",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
