/* srv_upload: temporary files, the gathering of columns, and the final rename. */
#include "srv_upload.h"

#include "api_dataset.h"
#include "gd_data.h"
#include "srv_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFER = 16384 }; /* doubles held before a write */

/* A file being written, with a buffer before it. */
typedef struct out {
    char path[1200];
    int fd;
    uint64_t at; /* bytes written and buffered */
    size_t n;
    double buffer[BUFFER];
} out;

struct srv_upload {
    const char *dir;
    api_sink sink;
    out values, targets, gathered;
};

static bool disk_problem(api_problem *p, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return api_problem_set(p, API_NO_SPACE, "the disk that holds the datasets is full");
    return api_problem_set(p, API_INTERNAL, "can't %s a dataset file: %s", what, strerror(errno));
}

static bool create(out *o, const char *dir, api_problem *p)
{
    char id[SRV_ID_SIZE];
    snprintf(o->path, sizeof o->path, "%s/tmp/%s", dir, srv_id_new(id, "up_"));
    o->fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return o->fd >= 0 || disk_problem(p, "create");
}

static bool write_all(int fd, const void *bytes, size_t n, off_t at, api_problem *p)
{
    const char *from = bytes;
    while (n > 0) {
        ssize_t did = pwrite(fd, from, n, at);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return disk_problem(p, "write");
        from += did;
        at += did;
        n -= (size_t)did;
    }
    return true;
}

static bool flush(out *o, api_problem *p)
{
    size_t n = o->n * sizeof o->buffer[0];
    o->n = 0;
    return write_all(o->fd, o->buffer, n, (off_t)(o->at - n), p);
}

static bool put(out *o, const double *v, size_t n, api_problem *p)
{
    while (n > 0) {
        size_t take = BUFFER - o->n < n ? BUFFER - o->n : n;
        memcpy(o->buffer + o->n, v, take * sizeof *v);
        o->n += take;
        o->at += take * sizeof *v;
        v += take;
        n -= take;
        if (o->n == BUFFER && !flush(o, p))
            return false;
    }
    return true;
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

srv_upload *srv_upload_new(const char *dir, api_problem *p)
{
    srv_upload *u = calloc(1, sizeof *u);
    if (!u) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
        return NULL;
    }
    u->dir = dir;
    u->sink = (api_sink){u, put_values, put_targets};
    u->values.fd = u->targets.fd = u->gathered.fd = -1;
    u->values.at = u->gathered.at = SRV_ALIGN; /* room for the header */
    if (create(&u->values, dir, p) && create(&u->targets, dir, p))
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
    free(u);
}

static uint64_t aligned(uint64_t n)
{
    return (n + SRV_ALIGN - 1) / SRV_ALIGN * SRV_ALIGN;
}

/* Copies the wanted columns of the stored rows into files of their own, in one pass. */
static bool gather(srv_upload *u, const api_dataset *d, api_problem *p)
{
    if (!create(&u->gathered, u->dir, p))
        return false;
    size_t size = SRV_ALIGN + d->rows * d->stored * sizeof(double);
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, u->values.fd, 0);
    if (map == MAP_FAILED)
        return disk_problem(p, "map");
    const double *row = (const double *)((const char *)map + SRV_ALIGN);
    bool ok = true;
    for (uint64_t i = 0; ok && i < d->rows; i++, row += d->stored) {
        for (size_t j = 0; ok && j < d->cols; j++)
            ok = put(&u->gathered, &row[d->features[j]], 1, p);
        if (ok && d->target_at != API_APART)
            ok = put(&u->targets, &row[d->target_at], 1, p);
    }
    munmap(map, size);
    return ok && flush(&u->gathered, p) && flush(&u->targets, p);
}

/* Puts the targets behind the rows. */
static bool append_targets(srv_upload *u, out *o, uint64_t y_at, api_problem *p)
{
    double *buffer = o->buffer; /* empty now */
    for (uint64_t at = 0; at < u->targets.at;) {
        ssize_t got = pread(u->targets.fd, buffer, sizeof o->buffer, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return disk_problem(p, "read");
        if (!write_all(o->fd, buffer, (size_t)got, (off_t)(y_at + at), p))
            return false;
        at += (uint64_t)got;
    }
    return true;
}

static char *statistics(const api_dataset *d, const double *X, const double *y)
{
    gd_column *columns = calloc(d->cols + 1, sizeof *columns);
    if (!columns)
        return NULL;
    gd_rows all = {.count = d->rows};
    gd_columns(X, &all, d->cols, columns);
    gd_columns(y, &all, 1, &columns[d->cols]);
    char *text =
        api_doc_take_text(api_statistics_encode((const char *const *)d->columns, columns, d->cols,
                                                d->target, d->labels ? NULL : &columns[d->cols]));
    free(columns);
    return text;
}

/* What is said of the whole file, from one mapping. */
static bool describe(int fd, const api_dataset *d, const srv_file_header *h, srv_stored *to,
                     api_problem *p)
{
    const char *map = mmap(NULL, to->bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return disk_problem(p, "map");
    srv_sha256(map, to->bytes, to->sha256);
    to->statistics =
        statistics(d, (const double *)(map + h->x_at), (const double *)(map + h->y_at));
    munmap((void *)map, to->bytes);
    return to->statistics || api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

static bool sync_folder(const char *dir, api_problem *p)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/datasets", dir);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    ok = ok || disk_problem(p, "sync");
    if (fd >= 0)
        close(fd);
    return ok;
}

bool srv_upload_finish(srv_upload *u, const api_dataset *d, const char *id, srv_stored *to,
                       api_problem *p)
{
    if (!flush(&u->values, p) || !flush(&u->targets, p))
        return false;
    out *o = &u->values;
    if (!api_dataset_plain(d)) {
        if (!gather(u, d, p))
            return false;
        o = &u->gathered;
    }
    srv_file_header h = {.rows = d->rows, .cols = d->cols, .x_at = SRV_ALIGN};
    memcpy(h.magic, SRV_FILE_MAGIC, sizeof h.magic);
    h.y_at = aligned(h.x_at + d->rows * d->cols * sizeof(double));
    *to = (srv_stored){.bytes = h.y_at + d->rows * sizeof(double)};
    if (!write_all(o->fd, &h, sizeof h, 0, p) || !append_targets(u, o, h.y_at, p))
        return false;
    if (fsync(o->fd) != 0)
        return disk_problem(p, "sync");
    if (!describe(o->fd, d, &h, to, p))
        return false;
    char path[1200];
    snprintf(path, sizeof path, "%s/datasets/%s", u->dir, id);
    bool ok = rename(o->path, path) == 0 || disk_problem(p, "name");
    if (ok) {
        *o->path = '\0'; /* it has its name: nothing temporary to remove */
        ok = sync_folder(u->dir, p);
        if (!ok)
            srv_upload_discard(u->dir, id);
    }
    if (!ok) {
        free(to->statistics);
        to->statistics = NULL;
    }
    return ok;
}

void srv_upload_discard(const char *dir, const char *id)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/datasets/%s", dir, id);
    unlink(path);
}
