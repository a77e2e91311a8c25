/* srv_partial: writers, their turns, and the thread that removes what was abandoned. */
#include "srv_partial.h"

#include "srv_clock.h"
#include "srv_folder.h"
#include "srv_log.h"
#include "srv_quota.h"
#include "srv_token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bytes after which they are counted; a crash costs a client no more. */
#define COUNT_EVERY ((uint64_t)16 << 20)
/* Bytes after which the system is told to write, so that counting waits less. */
#define WRITE_BACK ((uint64_t)4 << 20)

enum { LOOK_EVERY = 30 }; /* seconds between looks for expired uploads, at most */

struct srv_partial {
    srv_partials *all;
    char id[SRV_ID_SIZE];
    pthread_mutex_t lock; /* guards all below */
    int fd;
    uint64_t written, started, counted; /* bytes of the upload */
    bool ousted;
    bool unsure; /* a sync failed: what was written since the last one may be lost */
    struct srv_partial *next; /* the list's lock */
};

struct srv_partials {
    srv_app *app;
    pthread_mutex_t lock; /* guards the list and `stopping` */
    pthread_cond_t changed;
    pthread_t thread;
    bool started, stopping;
    srv_partial *first;
};

const char *srv_partial_path(const char *dir, const char *id, char path[SRV_FILE_PATH])
{
    snprintf(path, SRV_FILE_PATH, "%s/uploads/%s", dir, id);
    return path;
}

int64_t srv_partial_expiry(const srv_app *app)
{
    return srv_steady_time() + (int64_t)app->config.upload_expiry;
}

/* ---- one writer at a time ---- */

/* All that write to the upload, but for `own`, do so no longer. Under the list's lock. */
static void oust(srv_partials *ps, const char *id, const srv_partial *own)
{
    for (srv_partial *w = ps->first; w; w = w->next)
        if (w != own && strcmp(w->id, id) == 0) {
            pthread_mutex_lock(&w->lock);
            w->ousted = true;
            pthread_mutex_unlock(&w->lock);
        }
}

bool srv_partials_busy(srv_partials *ps, const char *id)
{
    bool busy = false;
    pthread_mutex_lock(&ps->lock);
    for (srv_partial *w = ps->first; w; w = w->next)
        if (strcmp(w->id, id) == 0) {
            pthread_mutex_lock(&w->lock);
            busy = busy || !w->ousted;
            pthread_mutex_unlock(&w->lock);
        }
    pthread_mutex_unlock(&ps->lock);
    return busy;
}

void srv_partials_remove(srv_partials *ps, const char *id)
{
    char path[SRV_FILE_PATH];
    pthread_mutex_lock(&ps->lock);
    oust(ps, id, NULL);
    pthread_mutex_unlock(&ps->lock);
    unlink(srv_partial_path(ps->app->config.data_dir, id, path));
}

typedef struct look {
    const char *id;
    bool open;
    uint64_t received, length;
} look;

static bool read_upload(srv_db *db, void *arg, api_problem *p)
{
    look *l = arg;
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_WRITE, p, "t", l->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        l->open = strcmp(srv_text(rows, 0), "open") == 0;
        l->received = (uint64_t)srv_integer(rows, 1);
        l->length = srv_is_null(rows, 2) ? UINT64_MAX : (uint64_t)srv_integer(rows, 2);
        srv_db_done(rows);
    } else if (step == SRV_END) {
        api_problem_set(p, API_NOT_FOUND, "there is no upload with id \"%s\"", l->id);
    }
    return step == SRV_ROW;
}

/* May writing go on at `offset`? */
static bool check(srv_partials *ps, look *l, uint64_t offset, api_problem *p)
{
    if (!srv_store_read(ps->app->store, read_upload, l, p))
        return false;
    if (!l->open)
        return api_problem_set(p, API_CONFLICT, "the upload is finished: its dataset is stored");
    return l->received == offset ||
           api_problem_set(p, API_CONFLICT,
                           "%llu bytes of this upload are stored: go on at Upload-Offset %llu, not %llu",
                           (unsigned long long)l->received, (unsigned long long)l->received,
                           (unsigned long long)offset);
}

static bool is_ousted(api_problem *p)
{
    return api_problem_set(p, API_CONFLICT,
                           "another request went on with this upload, or ended it");
}

/* A writer that nobody knows yet. */
static srv_partial *new_writer(srv_partials *ps, const char *id, uint64_t offset)
{
    srv_partial *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->all = ps;
    w->fd = -1;
    w->written = w->started = w->counted = offset;
    snprintf(w->id, sizeof w->id, "%s", id);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

/* From here on it is the one that writes. */
static void take_over(srv_partial *w)
{
    srv_partials *ps = w->all;
    pthread_mutex_lock(&ps->lock);
    w->next = ps->first;
    ps->first = w;
    oust(ps, w->id, w);
    pthread_mutex_unlock(&ps->lock);
}

/* A file just made has its name in the folder for good. */
static bool sync_name(const srv_partial *w)
{
    char path[SRV_FILE_PATH];
    snprintf(path, sizeof path, "%s/uploads", w->all->app->config.data_dir);
    return srv_folder_sync(path);
}

static bool open_file(srv_partial *w, api_problem *p)
{
    char path[SRV_FILE_PATH];
    pthread_mutex_lock(&w->lock);
    bool ok = !w->ousted || is_ousted(p); /* else its end is another's to say */
    if (ok) {
        w->fd = open(srv_partial_path(w->all->app->config.data_dir, w->id, path),
                     O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ok = (w->fd >= 0 && ftruncate(w->fd, (off_t)w->written) == 0 &&
              (w->written > 0 || sync_name(w))) ||
             srv_disk_problem(p, "open");
    }
    pthread_mutex_unlock(&w->lock);
    return ok;
}

srv_partial *srv_partial_open(srv_partials *ps, const char *id, uint64_t offset, uint64_t *received,
                              uint64_t *length, api_problem *p)
{
    look l = {.id = id};
    bool ok = check(ps, &l, offset, p); /* who asks wrongly ousts nobody */
    srv_partial *w = ok ? new_writer(ps, id, offset) : NULL;
    if (w) {
        take_over(w);
        /* the one before may have counted more until it was ousted */
        ok = check(ps, &l, offset, p) && open_file(w, p);
    } else if (ok) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    }
    *received = l.received;
    *length = l.length;
    if (ok && w)
        return w;
    srv_partial_close(w);
    return NULL;
}

/* ---- writing and counting ---- */

typedef struct counting {
    const srv_partial *w;
    int64_t expires;
} counting;

static bool record(srv_db *db, void *arg, api_problem *p)
{
    counting *c = arg;
    char tenant[SRV_TENANT_SIZE];
    if (!srv_db_run(db, SQL_UPLOAD_RECEIVED, p, "iit", (int64_t)c->w->written, c->expires,
                    c->w->id))
        return false;
    if (srv_db_changes(db) == 0) /* it has ended */
        return true;
    return srv_tenant_of(db, c->w->id, tenant, p) &&
           srv_quota_check(db, &c->w->all->app->config, tenant, SRV_OF(SRV_QUOTA_BYTES), p);
}

/* Under the writer's lock. */
static bool count(srv_partial *w, api_problem *p)
{
    if (w->ousted)
        return is_ousted(p);
    if (w->counted == w->written)
        return true;
    /* the system tells of a failure once: the next sync says all is well, and nothing is */
    if (w->unsure)
        return api_problem_set(p, API_INTERNAL, "can't sync a dataset file: it failed before");
    if (fdatasync(w->fd) != 0) {
        w->unsure = true;
        return srv_disk_problem(p, "sync");
    }
    counting c = {w, srv_partial_expiry(w->all->app)};
    if (!srv_store_write(w->all->app->store, record, &c, p))
        return false;
    w->counted = w->written;
    return true;
}

bool srv_partial_count(srv_partial *w, uint64_t *received, api_problem *p)
{
    pthread_mutex_lock(&w->lock);
    bool ok = count(w, p);
    *received = w->counted;
    pthread_mutex_unlock(&w->lock);
    return ok;
}

static bool append(srv_partial *w, const char *bytes, size_t n, api_problem *p)
{
    while (n > 0) {
        ssize_t did = pwrite(w->fd, bytes, n, (off_t)w->written);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return srv_disk_problem(p, "write");
        bytes += did;
        n -= (size_t)did;
        w->written += (uint64_t)did;
    }
    if (w->written - w->started >= WRITE_BACK) {
        sync_file_range(w->fd, (off_t)w->started, (off_t)(w->written - w->started),
                        SYNC_FILE_RANGE_WRITE);
        w->started = w->written;
        if (!srv_files_room(w->all->app->files, 0, p))
            return false;
    }
    return w->written - w->counted < COUNT_EVERY || count(w, p);
}

bool srv_partial_write(srv_partial *w, const char *bytes, size_t n, api_problem *p)
{
    pthread_mutex_lock(&w->lock);
    bool ok = w->ousted ? is_ousted(p) : append(w, bytes, n, p);
    pthread_mutex_unlock(&w->lock);
    return ok;
}

void srv_partial_close(srv_partial *w)
{
    if (!w)
        return;
    srv_partials *ps = w->all;
    api_problem ignored = {0}; /* what can't be counted is sent again */
    pthread_mutex_lock(&w->lock);
    if (w->fd >= 0) {
        count(w, &ignored);
        close(w->fd);
    }
    pthread_mutex_unlock(&w->lock);
    pthread_mutex_lock(&ps->lock);
    srv_partial **at = &ps->first;
    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    pthread_mutex_unlock(&ps->lock);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* ---- what was abandoned ---- */

typedef struct expired {
    int64_t now;
    char ids[64][SRV_ID_SIZE];
    unsigned count;
} expired;

static bool take_expired(srv_db *db, void *arg, api_problem *p)
{
    expired *e = arg;
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_EXPIRED, p, "ii", e->now,
                                  (int64_t)(sizeof e->ids / sizeof e->ids[0]));
    srv_step step = SRV_FAILED;
    e->count = 0;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        snprintf(e->ids[e->count++], SRV_ID_SIZE, "%s", srv_text(rows, 0));
    bool ok = step == SRV_END;
    for (unsigned i = 0; ok && i < e->count; i++)
        ok = srv_db_run(db, SQL_UPLOAD_DELETE, p, "t", e->ids[i]);
    return ok;
}

static void remove_expired(srv_partials *ps)
{
    expired e = {.now = srv_steady_time()};
    api_problem ignored = {0}; /* the next look will do */
    do {
        if (!srv_store_write(ps->app->store, take_expired, &e, &ignored))
            return;
        for (unsigned i = 0; i < e.count; i++) {
            srv_log("upload expired", srv_s("id", e.ids[i]));
            srv_partials_remove(ps, e.ids[i]);
        }
    } while (e.count == sizeof e.ids / sizeof e.ids[0]);
}

static void *partials_main(void *arg)
{
    srv_partials *ps = arg;
    uint64_t expiry = ps->app->config.upload_expiry;
    time_t pause = expiry / 4 < 1 ? 1 : expiry / 4 < LOOK_EVERY ? (time_t)(expiry / 4) : LOOK_EVERY;
    pthread_mutex_lock(&ps->lock);
    while (!ps->stopping) {
        pthread_mutex_unlock(&ps->lock);
        remove_expired(ps);
        pthread_mutex_lock(&ps->lock);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += pause;
        if (!ps->stopping)
            pthread_cond_timedwait(&ps->changed, &ps->lock, &until);
    }
    pthread_mutex_unlock(&ps->lock);
    return NULL;
}

srv_partials *srv_partials_start(srv_app *app, api_problem *p)
{
    srv_partials *ps = calloc(1, sizeof *ps);
    if (!ps) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    ps->app = app;
    pthread_mutex_init(&ps->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ps->changed, &attr);
    pthread_condattr_destroy(&attr);
    ps->started = pthread_create(&ps->thread, NULL, partials_main, ps) == 0;
    if (ps->started)
        return ps;
    api_problem_set(p, API_UNAVAILABLE, "a thread can't be started");
    srv_partials_stop(ps);
    return NULL;
}

void srv_partials_stop(srv_partials *ps)
{
    if (!ps)
        return;
    if (ps->started) {
        pthread_mutex_lock(&ps->lock);
        ps->stopping = true;
        pthread_cond_signal(&ps->changed);
        pthread_mutex_unlock(&ps->lock);
        pthread_join(ps->thread, NULL);
    }
    pthread_cond_destroy(&ps->changed);
    pthread_mutex_destroy(&ps->lock);
    free(ps);
}
