/* srv_upload: temporary files, the gathering of columns, and the final rename. */
#include "srv_upload.h"

#include "srv_clock.h"
#include "srv_describe.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER = 16384,      /* doubles held before a write */
    WRITE_BACK = 4 << 20 /* bytes */
};

/* A file being written, with a buffer before it. */
typedef struct out {
    char path[1200];
    int fd;
    const srv_files *files; /* where there must be room */
    uint64_t at;      /* bytes written and buffered */
    uint64_t started; /* those the system was told to write to the disk */
    size_t n;         /* bytes in the buffer */
    union {
        double buffer[BUFFER];
        float narrow[2 * BUFFER];
    };
} out;

struct srv_upload {
    srv_files *files;
    api_sink sink;
    out values, targets, gathered, joined;
    out columns, starts; /* of sparse rows */
};

_Static_assert(GD_MAX_COLUMNS <= BUFFER, "a row fits the buffer");

static bool create(out *o, const srv_files *files, api_problem *p)
{
    char id[SRV_ID_SIZE];
    snprintf(o->path, sizeof o->path, "%s/tmp/%s", srv_files_dir(files), srv_id_new(id, "up_"));
    o->files = files;
    o->fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return o->fd >= 0 || srv_disk_problem(p, "create");
}

static bool write_all(int fd, const void *bytes, size_t n, off_t at, api_problem *p)
{
    const char *from = bytes;
    while (n > 0) {
        ssize_t did = pwrite(fd, from, n, at);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return srv_disk_problem(p, "write");
        from += did;
        at += did;
        n -= (size_t)did;
    }
    return true;
}

static bool flush(out *o, api_problem *p)
{
    size_t n = o->n;
    o->n = 0;
    if (!srv_files_room(o->files, n, p) || !write_all(o->fd, o->buffer, n, (off_t)(o->at - n), p))
        return false;
    /* what is on its way to the disk already need not be waited for at the end */
    if (o->at - o->started >= WRITE_BACK) {
        sync_file_range(o->fd, (off_t)o->started, (off_t)(o->at - o->started),
                        SYNC_FILE_RANGE_WRITE);
        o->started = o->at;
    }
    return true;
}

static bool put_bytes(out *o, const void *bytes, size_t n, api_problem *p)
{
    const char *from = bytes;
    for (size_t left = n, take; left > 0; left -= take, from += take) {
        take = sizeof o->buffer - o->n < left ? sizeof o->buffer - o->n : left;
        memcpy((char *)o->buffer + o->n, from, take);
        o->n += take;
        o->at += take;
        if (o->n == sizeof o->buffer && !flush(o, p))
            return false;
    }
    return true;
}

static bool put(out *o, const double *v, size_t n, api_problem *p)
{
    return put_bytes(o, v, n * sizeof *v, p);
}

/* Room for n bytes, at most the buffer's, which the caller fills. NULL with the reason in p. */
static void *reserve(out *o, size_t n, api_problem *p)
{
    if (sizeof o->buffer - o->n < n && !flush(o, p))
        return NULL;
    void *to = (char *)o->buffer + o->n;
    o->n += n;
    o->at += n;
    return to;
}

static bool put_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    srv_upload *u = ctx;
    return put(&u->values, v, n, p);
}

static bool put_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    srv_upload *u = ctx;
    return put(&u->targets, v, n, p);
}

static bool put_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                        api_problem *p)
{
    srv_upload *u = ctx;
    return (u->columns.fd >= 0 || create(&u->columns, u->files, p)) &&
           put(&u->values, v, n, p) && put_bytes(&u->columns, columns, n * sizeof *columns, p);
}

static bool put_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    static const uint64_t zero = 0;
    srv_upload *u = ctx;
    if (u->starts.fd < 0 &&
        (!create(&u->starts, u->files, p) || !put_bytes(&u->starts, &zero, sizeof zero, p)))
        return false;
    return put_bytes(&u->starts, ends, n * sizeof *ends, p);
}

srv_upload *srv_upload_new(srv_files *files, api_problem *p)
{
    srv_upload *u = calloc(1, sizeof *u);
    if (!u) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
        return NULL;
    }
    u->files = files;
    u->sink = (api_sink){u, put_values, put_targets, put_entries, put_ends};
    u->values.fd = u->targets.fd = u->gathered.fd = u->joined.fd = u->columns.fd = u->starts.fd = -1;
    u->values.at = u->gathered.at = SRV_ALIGN; /* room for the header */
    if (srv_files_room(files, 0, p) && create(&u->values, files, p) && create(&u->targets, files, p))
        return u;
    srv_upload_free(u);
    return NULL;
}

const api_sink *srv_upload_sink(srv_upload *u)
{
    return &u->sink;
}

static void close_out(out *o)
{
    if (o->fd < 0)
        return;
    close(o->fd);
    if (*o->path)
        unlink(o->path);
}

void srv_upload_free(srv_upload *u)
{
    if (!u)
        return;
    close_out(&u->values);
    close_out(&u->targets);
    close_out(&u->gathered);
    close_out(&u->joined);
    close_out(&u->columns);
    close_out(&u->starts);
    free(u);
}

static uint64_t aligned(uint64_t n)
{
    return (n + SRV_ALIGN - 1) / SRV_ALIGN * SRV_ALIGN;
}

static bool read_all(int fd, void *bytes, size_t n, uint64_t at, api_problem *p)
{
    return srv_read_all(fd, bytes, n, at) || srv_disk_problem(p, "read");
}

/* The rows first .. first + n of what the reader stored, row after row or column after column. */
static bool load_rows(srv_upload *u, const api_dataset *d, uint64_t first, size_t n, double *to,
                      api_problem *p)
{
    if (!d->by_columns)
        return read_all(u->values.fd, to, n * d->stored * sizeof *to,
                        SRV_ALIGN + first * d->stored * sizeof *to, p);
    bool ok = true;
    for (size_t k = 0; ok && k < d->stored; k++)
        ok = read_all(u->values.fd, to + k * n, n * sizeof *to,
                      SRV_ALIGN + (k * d->rows + first) * sizeof *to, p);
    return ok;
}

/* The features of a row: from[k * column] is what the reader stored as its k-th value. */
static bool gather_row(srv_upload *u, const api_dataset *d, const double *from, size_t column,
                       api_problem *p)
{
    double *to = reserve(&u->gathered, d->cols * sizeof *to, p);
    for (size_t j = 0; to && j < d->cols; j++)
        to[j] = from[d->features[j] * column];
    return to != NULL;
}

/* Can single precision hold it? A missing cell is a NaN. */
static bool fits_single(double v)
{
    return !(fabs(v) >= 0x1.ffffffp127); /* from there on 2^128 is nearer than the largest float */
}

/* The same in single precision. row: its number. */
static bool gather_singles(srv_upload *u, const api_dataset *d, uint64_t row, const double *from,
                           size_t column, api_problem *p)
{
    float *to = reserve(&u->gathered, d->cols * sizeof *to, p);
    for (size_t j = 0; to && j < d->cols; j++) {
        double v = from[d->features[j] * column];
        if (!fits_single(v))
            return api_problem_field(p, "dtype",
                                     "\"float32\" can't hold %g, in row %llu of column \"%.80s\": "
                                     "its numbers end at 3.4e38; leave dtype at \"float64\"",
                                     v, (unsigned long long)row + 1, d->columns[j]);
        to[j] = (float)v;
    }
    return to != NULL;
}

/* The values of sparse rows in single precision. */
static bool narrow(srv_upload *u, const api_dataset *d, api_problem *p)
{
    enum { SOME = 2048 };
    double from[SOME];
    bool ok = create(&u->gathered, u->files, p);
    for (uint64_t first = 0; ok && first < d->entries; first += SOME) {
        size_t n = d->entries - first < SOME ? (size_t)(d->entries - first) : SOME;
        ok = read_all(u->values.fd, from, n * sizeof *from, SRV_ALIGN + first * sizeof *from, p);
        float *to = ok ? reserve(&u->gathered, n * sizeof *to, p) : NULL;
        for (size_t i = 0; to && i < n; i++) {
            if (!fits_single(from[i]))
                return api_problem_field(p, "dtype",
                                         "\"float32\" can't hold %g: its numbers end at 3.4e38; leave "
                                         "dtype at \"float64\"",
                                         from[i]);
            to[i] = (float)from[i];
        }
        ok = to != NULL;
    }
    return ok && flush(&u->gathered, p);
}

/* Copies the wanted columns of the stored rows into files of their own, in one pass over windows
 * of them. */
static bool gather(srv_upload *u, const api_dataset *d, api_problem *p)
{
    enum { WINDOW = 1 << 18 }; /* doubles */
    size_t most = d->stored < WINDOW ? WINDOW / d->stored : 1;
    double *window = malloc(most * d->stored * sizeof *window);
    if (!window)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    bool ok = create(&u->gathered, u->files, p);
    for (uint64_t first = 0; ok && first < d->rows; first += most) {
        size_t n = d->rows - first < most ? (size_t)(d->rows - first) : most;
        size_t row = d->by_columns ? 1 : d->stored, column = d->by_columns ? n : 1;
        ok = load_rows(u, d, first, n, window, p);
        for (size_t i = 0; ok && i < n; i++) {
            const double *from = window + i * row;
            ok = d->dtype == API_FLOAT32 ? gather_singles(u, d, first + i, from, column, p)
                                         : gather_row(u, d, from, column, p);
            if (ok && d->target_at != API_APART)
                ok = put(&u->targets, &from[d->target_at * column], 1, p);
        }
    }
    free(window);
    return ok && flush(&u->gathered, p) && flush(&u->targets, p);
}

/* Puts what another file has behind the rows, from byte `to` on. */
static bool append(out *o, const out *from, uint64_t to, api_problem *p)
{
    double *buffer = o->buffer; /* empty now */
    for (uint64_t at = 0; at < from->at;) {
        ssize_t got = pread(from->fd, buffer, sizeof o->buffer, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return srv_disk_problem(p, "read");
        if (!write_all(o->fd, buffer, (size_t)got, (off_t)(to + at), p))
            return false;
        at += (uint64_t)got;
    }
    return true;
}

/* Rows as they are to be stored: those that were read, or a copy; NULL with the reason in p. */
static out *arrange(srv_upload *u, const api_dataset *d, api_problem *p)
{
    if (!flush(&u->values, p) || !flush(&u->targets, p))
        return NULL;
    if (d->sparse && ((d->entries && !flush(&u->columns, p)) || !flush(&u->starts, p)))
        return NULL;
    if (api_dataset_plain(d) || (d->sparse && d->dtype != API_FLOAT32))
        return &u->values;
    return (d->sparse ? narrow(u, d, p) : gather(u, d, p)) ? &u->gathered : NULL;
}

static srv_file_header header_of(const api_dataset *d)
{
    bool single = d->dtype == API_FLOAT32;
    uint64_t values = d->sparse ? d->entries : d->rows * d->cols;
    srv_file_header h = {.rows = d->rows, .cols = d->cols, .x_at = SRV_ALIGN, .single = single};
    memcpy(h.magic, SRV_FILE_MAGIC, sizeof h.magic);
    h.y_at = aligned(h.x_at + values * (single ? sizeof(float) : sizeof(double)));
    if (!d->sparse)
        return h;
    h.sparse = 1;
    h.entries = d->entries;
    h.columns_at = h.y_at;
    h.starts_at = aligned(h.columns_at + d->entries * sizeof(uint32_t));
    h.y_at = aligned(h.starts_at + (d->rows + 1) * sizeof(uint64_t));
    return h;
}

/* ---- rows behind others ---- */

/* n bytes from file to file, by the system where it can. */
static bool copy_bytes(out *o, int from, uint64_t at, uint64_t to, uint64_t n, api_problem *p)
{
    while (n > 0) {
        off_t in = (off_t)at, behind = (off_t)to;
        ssize_t did = copy_file_range(from, &in, o->fd, &behind, n < WRITE_BACK ? n : WRITE_BACK, 0);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0 && (did == 0 || errno == ENOSPC || errno == EDQUOT || errno == EIO))
            return srv_disk_problem(p, "copy");
        if (did < 0) { /* not from here to there */
            did = n < sizeof o->buffer ? (ssize_t)n : (ssize_t)sizeof o->buffer;
            if (!read_all(from, o->buffer, (size_t)did, at, p) ||
                !write_all(o->fd, o->buffer, (size_t)did, (off_t)to, p))
                return false;
        }
        at += (uint64_t)did;
        to += (uint64_t)did;
        n -= (uint64_t)did;
    }
    return true;
}

/* Rows of `cols` numbers; maps[j]: what those of column j become. */
static bool copy_mapped(out *o, int from, uint64_t at, uint64_t to, uint64_t rows, size_t cols,
                        bool single, double *const *maps, api_problem *p)
{
    size_t row = cols * (single ? sizeof(float) : sizeof(double)), most = sizeof o->buffer / row;
    bool any = false, ok = true;
    for (size_t j = 0; j < cols; j++)
        any = any || maps[j];
    if (!any)
        return copy_bytes(o, from, at, to, rows * row, p);
    for (uint64_t first = 0; ok && first < rows; first += most) {
        size_t n = rows - first < most ? (size_t)(rows - first) : most;
        ok = read_all(from, o->buffer, n * row, at + first * row, p);
        for (size_t i = 0; ok && i < n * cols; i++) {
            const double *map = maps[i % cols];
            double v = single ? (double)o->narrow[i] : o->buffer[i];
            if (!map || isnan(v))
                continue;
            if (single)
                o->narrow[i] = (float)map[(size_t)v];
            else
                o->buffer[i] = map[(size_t)v];
        }
        ok = ok && write_all(o->fd, o->buffer, n * row, (off_t)(to + first * row), p);
    }
    return ok;
}

/* A file of the rows before, those in o, and the targets of both; all are d->rows. */
static out *join(srv_upload *u, const out *o, const api_dataset *d, const srv_before *before,
                 api_problem *p)
{
    out *j = &u->joined;
    const srv_file_header *b = &before->header, h = header_of(d);
    uint64_t rows = d->rows - b->rows,
             bytes = b->rows * d->cols * (b->single ? sizeof(float) : sizeof(double));
    bool ok = srv_files_room(u->files, bytes, p) && create(j, u->files, p) && copy_bytes(j, before->fd, b->x_at, h.x_at, bytes, p) &&
              copy_mapped(j, o->fd, SRV_ALIGN, h.x_at + bytes, rows, d->cols, b->single,
                          before->maps, p) &&
              copy_bytes(j, before->fd, b->y_at, h.y_at, b->rows * sizeof(double), p) &&
              copy_mapped(j, u->targets.fd, 0, h.y_at + b->rows * sizeof(double), rows, 1, false,
                          before->maps + d->cols, p);
    return ok ? j : NULL;
}

/* The rest of the file: its header, and what else lies behind the rows. */
static bool complete(srv_upload *u, out *o, const api_dataset *d, const srv_file_header *h,
                     api_problem *p)
{
    if (!write_all(o->fd, h, sizeof *h, 0, p) ||
        (o != &u->joined && !append(o, &u->targets, h->y_at, p)))
        return false;
    if (d->sparse && ((d->entries && !append(o, &u->columns, h->columns_at, p)) ||
                      !append(o, &u->starts, h->starts_at, p)))
        return false;
    return srv_files_room(u->files, 0, p) && (fsync(o->fd) == 0 || srv_disk_problem(p, "sync"));
}

bool srv_upload_finish(srv_upload *u, api_dataset *d, const srv_before *before, srv_stored *to,
                       api_problem *p)
{
    out *o = arrange(u, d, p);
    if (o && before) {
        d->rows += before->header.rows;
        o = join(u, o, d, before, p);
    }
    if (!o)
        return false;
    srv_file_header h = header_of(d);
    *to = (srv_stored){.bytes = h.y_at + d->rows * sizeof(double)};
    if (!complete(u, o, d, &h, p) || !srv_describe(o->fd, d, &h, to, p))
        return false;
    if (srv_files_put(u->files, o->path, to->sha256, p)) {
        *o->path = '\0'; /* it has its name: nothing temporary to remove */
        return true;
    }
    free(to->statistics);
    to->statistics = NULL;
    return false;
}
