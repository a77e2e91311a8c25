/* srv_out: see srv_out.h. */
#include "srv_out.h"

#include "srv_clock.h"
#include "srv_describe.h"
#include "srv_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WRITE_BACK = 1 << 20, /* bytes */
    SYNC_APART = 1 << 20
};

void srv_out_none(srv_out *o)
{
    memset(o, 0, offsetof(srv_out, buffer));
    o->fd = -1;
}

void srv_out_begin(srv_out *o, const srv_files *files, uint64_t at)
{
    o->fd = -1;
    o->files = files;
    o->passing = true;
    o->at = o->written = o->started = at;
    o->block = (char *)o->buffer;
    o->cap = sizeof o->buffer;
}

static bool open_file(srv_out *o, api_problem *p)
{
    char id[SRV_ID_SIZE];
    snprintf(o->path, sizeof o->path, "%s/tmp/%s", srv_files_dir(o->files), srv_id_new(id, "up_"));
    o->fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return o->fd >= 0 || srv_disk_problem(p, "create");
}

bool srv_out_create(srv_out *o, const srv_files *files, api_problem *p)
{
    static const char page[SRV_ALIGN] = SRV_FILE_MAGIC;
    srv_out_begin(o, files, 0);
    o->passing = false;
    o->hashed = true;
    srv_sum_begin(&o->sum);
    return open_file(o, p) && srv_out_write(o, page, sizeof page, p) && (o->at = sizeof page);
}

bool srv_write_all(int fd, const void *bytes, size_t n, off_t at, api_problem *p)
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

bool srv_out_write(srv_out *o, const void *bytes, size_t n, api_problem *p)
{
    if (o->fd < 0 && !open_file(o, p))
        return false;
    if (!srv_files_room(o->files, n, p) || !srv_write_all(o->fd, bytes, n, (off_t)o->written, p))
        return false;
    if (o->hashed && !(o->ahead && o->writer))
        srv_sum_add(&o->sum, bytes, n);
    o->written += n;
    if (o->passing)
        return true;
    /* what is on its way to the disk already need not be waited for at the end */
    if (o->written - o->started >= WRITE_BACK) {
        sync_file_range(o->fd, (off_t)o->started, (off_t)(o->written - o->started),
                        SYNC_FILE_RANGE_WRITE);
        o->started = o->written;
    }
    return true;
}

static bool flush(srv_out *o, api_problem *p)
{
    size_t n = o->n;
    o->n = 0;
    if (!o->writer)
        return srv_out_write(o, o->block, n, p);
    if (o->hashed && o->ahead)
        srv_sum_add(&o->sum, o->block, n);
    char *next = srv_writer_put(o->writer, n, p);
    if (next)
        o->block = next;
    return next != NULL;
}

bool srv_out_hand_over(srv_out *o, size_t block, srv_block_taken *take, void *ctx)
{
    o->writer = srv_writer_new(block, take, ctx);
    if (!o->writer)
        return false;
    o->block = srv_writer_block(o->writer);
    o->cap = block;
    memcpy(o->block, o->buffer, o->n);
    return true;
}

bool srv_out_settle(srv_out *o, api_problem *p)
{
    bool ok = flush(o, p) && (!o->writer || srv_writer_wait(o->writer, p));
    srv_writer_free(o->writer);
    o->writer = NULL;
    o->block = (char *)o->buffer;
    o->cap = sizeof o->buffer;
    return ok;
}

bool srv_out_bytes(srv_out *o, const void *bytes, size_t n, api_problem *p)
{
    const char *from = bytes;
    for (size_t left = n, take; left > 0; left -= take, from += take) {
        take = o->cap - o->n < left ? o->cap - o->n : left;
        if (from != o->block + o->n)
            memcpy(o->block + o->n, from, take);
        o->n += take;
        o->at += take;
        if (o->n == o->cap && !flush(o, p))
            return false;
    }
    return true;
}

void *srv_out_room(const srv_out *o, size_t *n)
{
    *n = o->cap - o->n;
    return o->block + o->n;
}

bool srv_out_pad(srv_out *o, uint64_t to, api_problem *p)
{
    static const char zeros[SRV_ALIGN];
    bool ok = true;
    while (ok && o->at < to)
        ok = srv_out_bytes(o, zeros, to - o->at < sizeof zeros ? (size_t)(to - o->at) : sizeof zeros, p);
    return ok;
}

bool srv_out_append(srv_out *o, const srv_out *from, api_problem *p)
{
    enum { PIECE = 1 << 16 };
    bool ok = true;
    for (uint64_t at = 0; ok && at < from->written;) {
        size_t n = from->written - at < PIECE ? (size_t)(from->written - at) : PIECE;
        void *to = srv_out_reserve(o, n, p);
        ok = to && srv_out_read(from->fd, to, n, at, p);
        at += n;
    }
    return ok && srv_out_bytes(o, from->block, from->n, p);
}

bool srv_out_put(srv_out *o, const double *v, size_t n, api_problem *p)
{
    return srv_out_bytes(o, v, n * sizeof *v, p);
}

void *srv_out_reserve(srv_out *o, size_t n, api_problem *p)
{
    if (o->cap - o->n < n && !flush(o, p))
        return NULL;
    void *to = o->block + o->n;
    o->n += n;
    o->at += n;
    return to;
}

void srv_out_close(srv_out *o)
{
    srv_writer_free(o->writer); /* which may write still */
    o->writer = NULL;
    if (o->fd < 0)
        return;
    close(o->fd);
    if (*o->path)
        unlink(o->path);
    o->fd = -1;
}

bool srv_out_read(int fd, void *bytes, size_t n, uint64_t at, api_problem *p)
{
    return srv_read_all(fd, bytes, n, at) || srv_disk_problem(p, "read");
}

bool srv_out_copy(srv_out *o, int from, uint64_t at, uint64_t to, uint64_t n, api_problem *p)
{
    while (n > 0) {
        off_t in = (off_t)at, behind = (off_t)to;
        ssize_t did =
            copy_file_range(from, &in, o->fd, &behind, n < WRITE_BACK ? n : WRITE_BACK, 0);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0 && (did == 0 || errno == ENOSPC || errno == EDQUOT || errno == EIO))
            return srv_disk_problem(p, "copy");
        if (did < 0) { /* not from here to there */
            did = n < sizeof o->buffer ? (ssize_t)n : (ssize_t)sizeof o->buffer;
            if (!srv_out_read(from, o->buffer, (size_t)did, at, p) ||
                !srv_write_all(o->fd, o->buffer, (size_t)did, (off_t)to, p))
                return false;
        }
        at += (uint64_t)did;
        to += (uint64_t)did;
        n -= (uint64_t)did;
    }
    return true;
}

/* ---- sync ---- */

static void *sync_main(void *arg)
{
    srv_sync *s = arg;
    s->error = fsync(s->fd) == 0 ? 0 : errno;
    return NULL;
}

void srv_sync_begin(srv_sync *s, int fd, uint64_t bytes)
{
    *s = (srv_sync){.fd = fd};
    s->apart = bytes >= SYNC_APART && pthread_create(&s->thread, NULL, sync_main, s) == 0;
    if (!s->apart)
        sync_main(s);
}

bool srv_sync_end(srv_sync *s, api_problem *p)
{
    if (s->apart)
        pthread_join(s->thread, NULL);
    s->apart = false;
    errno = s->error;
    return s->error == 0 || srv_disk_problem(p, "sync");
}
