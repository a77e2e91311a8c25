/* handle_export: a dataset as a file, written while it is sent. */
#include "srv_routes.h"
#include "srv_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are written before they are sent. */
#define PIECE ((size_t)32 << 10)

typedef enum format { CSV, NPY, LIBSVM } format;

static const struct {
    const char *name, *media_type, *sent_as, *ending;
} formats[] = {[CSV] = {"csv", "text/csv", "text/csv; charset=utf-8", ".csv"},
               [NPY] = {"npy", "application/x-npy", "application/x-npy", ".npy"},
               [LIBSVM] = {"libsvm", "text/x-libsvm", "text/x-libsvm", ".libsvm"}};

typedef struct export {
    srv_table *table;
    const api_table_column *columns;
    size_t count;
    uint64_t rows, next; /* next: row to be written */
    format format;
    bool single;
    api_text piece;      /* written and not sent yet, from `sent` on */
    size_t sent;
} export;

static void add_numbers(export *e, const double *values)
{
    if (!e->single) {
        api_text_add(&e->piece, (const char *)values, e->count * sizeof *values);
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        float v = (float)values[i];
        api_text_add(&e->piece, (const char *)&v, sizeof v);
    }
}

static bool add_row(export *e, uint64_t row)
{
    api_problem ignored = {0}; /* too late to tell: the reply breaks off */
    if (e->format == LIBSVM) {
        srv_entries r = srv_table_entries(e->table, row);
        api_table_libsvm_row(&e->piece, &e->columns[e->count - 1], r.target, r.columns,
                             r.first_number, r.values, r.values32, r.count);
        return true;
    }
    const double *values = srv_table_row(e->table, row, &ignored);
    if (values && e->format == NPY)
        add_numbers(e, values);
    else if (values)
        api_table_csv_row(&e->piece, e->columns, e->count, values);
    return values != NULL;
}

/* Fills the piece with further rows. False when that can't be done. */
static bool write_piece(export *e)
{
    bool ok = true;
    e->piece.len = e->sent = 0;
    while (ok && e->next < e->rows && e->piece.len < PIECE && !e->piece.failed)
        ok = add_row(e, e->next++);
    return ok && !e->piece.failed;
}

static ptrdiff_t read_export(void *ctx, char *to, size_t max)
{
    export *e = ctx;
    if (e->sent == e->piece.len && !write_piece(e))
        return -1;
    size_t left = e->piece.len - e->sent, n = left < max ? left : max;
    memcpy(to, e->piece.data + e->sent, n);
    e->sent += n;
    return (ptrdiff_t)n;
}

static void free_export(void *ctx)
{
    export *e = ctx;
    if (!e)
        return;
    srv_table_close(e->table);
    api_text_free(&e->piece);
    free(e);
}

static bool bad(srv_request *rq, const char *name, const char *wanted)
{
    return api_problem_query(&rq->problem, name, "must be %s, got \"%.40s\"", wanted,
                             srv_request_query(rq, name));
}

static bool bad_format(srv_request *rq, bool sparse)
{
    return api_problem_query(&rq->problem, "format", "\"libsvm\" is for sparse datasets, %s",
                             sparse ? "with all columns" : "which this one is not");
}

/* What the query asks for, or else the Accept header. */
static bool choose_format(srv_request *rq, export *e)
{
    const char *asked = srv_request_query(rq, "format");
    bool sparse = srv_table_sparse(e->table), all = !srv_request_query(rq, "columns");
    double best = 0;
    for (format f = CSV; f <= LIBSVM; f++) {
        double q = srv_request_accepts(rq, formats[f].media_type);
        if (f == NPY)
            q = fmax(q, srv_request_accepts(rq, "application/octet-stream"));
        bool fits = f != LIBSVM || (sparse && all);
        if (asked ? strcmp(asked, formats[f].name) == 0
                  : fits && (q > best || (f == LIBSVM && q > 0 && q == best))) {
            e->format = f;
            best = asked ? 1 : q;
        }
    }
    if (asked && best == 0)
        return bad(rq, "format", "\"csv\", \"npy\" or \"libsvm\"");
    if (best == 0)
        return api_problem_set(&rq->problem, API_NOT_ACCEPTABLE,
                               "an export is sent as text/csv, application/x-npy or, of sparse "
                               "datasets, text/x-libsvm");
    return e->format != LIBSVM || (sparse && all) || bad_format(rq, sparse);
}

static bool choose_dtype(srv_request *rq, export *e)
{
    const char *dtype = srv_request_query(rq, "dtype");
    e->single = dtype && strcmp(dtype, "float32") == 0;
    if (dtype && !e->single && strcmp(dtype, "float64") != 0)
        return bad(rq, "dtype", "\"float64\" or \"float32\"");
    if (!e->single || e->format == NPY)
        return true;
    return api_problem_query(&rq->problem, "dtype", "is for format=npy; texts are exact always");
}

static void begin(srv_request *rq, export *e)
{
    api_text name = {0};
    uint64_t size = SRV_SIZE_UNKNOWN;
    api_table_disposition(&name, srv_table_name(e->table), formats[e->format].ending);
    if (e->format == NPY) {
        api_table_npy_header(&e->piece, e->rows, e->count, e->single);
        size = e->piece.len + e->rows * e->count * (e->single ? sizeof(float) : sizeof(double));
    } else if (e->format == CSV) {
        api_table_csv_header(&e->piece, e->columns, e->count);
    }
    rq->disposition = api_text_take(&name);
    if (!rq->disposition || e->piece.failed) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the answer");
        free_export(e);
        return;
    }
    rq->status = 200;
    rq->content_type = formats[e->format].sent_as;
    rq->stream = (srv_stream){e, size, read_export, free_export};
}

void srv_get_export(srv_request *rq)
{
    export *e = calloc(1, sizeof *e);
    if (!e) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the answer");
        return;
    }
    e->table = srv_table_open(rq);
    if (!e->table || !choose_format(rq, e) || !choose_dtype(rq, e)) {
        free_export(e);
        return;
    }
    e->rows = srv_table_rows(e->table);
    e->columns = srv_table_columns(e->table, &e->count);
    begin(rq, e);
}
