/* srv_settle: a table that is worked off, again and again. */
#include "srv_settle.h"

#include "srv_clock.h"
#include "srv_describe.h"
#include "srv_files.h"
#include "srv_folder.h"
#include "srv_log.h"
#include "srv_out.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Seconds in which others gather: syncing many takes little longer than syncing one. */
#define PAUSE 2.0

enum { AT_ONCE = 32 };

struct srv_settle {
    srv_store *store;
    const char *dir;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool told, stopping;
};

/* ---- a start ---- */

/* Is there a file of these bytes, and no more? */
static bool holds(const char *path, const void *bytes, size_t n)
{
    bool same = false;
    struct stat st;
    char *there = malloc(n ? n : 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (there && fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == n)
        same = srv_read_all(fd, there, n, 0) && memcmp(there, bytes, n) == 0;
    if (fd >= 0)
        close(fd);
    free(there);
    return same;
}

typedef struct restoring {
    const char *dir;
    uint64_t written;
} restoring;

static bool write_file(const char *dir, const char *sha256, const void *bytes, size_t n,
                       api_problem *p)
{
    char temporary[SRV_FILE_PATH], place[SRV_FILE_PATH];
    snprintf(temporary, sizeof temporary, "%s/tmp/settle", dir);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return srv_disk_problem(p, "create");
    bool ok = srv_write_all(fd, bytes, n, 0, p);
    close(fd);
    if (ok && rename(temporary, srv_file_path(dir, sha256, place)) != 0)
        ok = srv_disk_problem(p, "name");
    return ok;
}

static bool restore(srv_db *db, void *arg, api_problem *p)
{
    restoring *r = arg;
    srv_rows *rows = srv_db_query(db, SQL_CONTENT_BYTES, p, "");
    srv_step step = SRV_FAILED;
    bool ok = true;
    while (ok && rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        size_t n;
        char path[SRV_FILE_PATH];
        const char *sha256 = srv_text(rows, 0);
        const void *bytes = srv_blob(rows, 1, &n);
        if (holds(srv_file_path(r->dir, sha256, path), bytes, n))
            continue;
        ok = write_file(r->dir, sha256, bytes, n, p);
        r->written++;
    }
    return ok && step == SRV_END;
}

bool srv_settle_restore(srv_store *store, const char *dir, api_problem *p)
{
    restoring r = {.dir = dir};
    bool ok = srv_store_read(store, restore, &r, p);
    if (r.written)
        srv_log("dataset files written again", srv_n("count", (double)r.written));
    return ok;
}

/* ---- the table ---- */

typedef struct one {
    int64_t seq;
    char sha256[SRV_SHA256_SIZE];
    int fd; /* -1: the file is not there */
    bool synced;
} one;

typedef struct some {
    one list[AT_ONCE];
    size_t count;
    int64_t after; /* the number of the last one before them */
} some;

static bool read_some(srv_db *db, void *arg, api_problem *p)
{
    some *m = arg;
    m->count = 0;
    srv_rows *rows = srv_db_query(db, SQL_CONTENT_LIST, p, "ii", m->after, (int64_t)AT_ONCE);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        one *o = &m->list[m->count++];
        *o = (one){.seq = srv_integer(rows, 0), .fd = -1};
        snprintf(o->sha256, sizeof o->sha256, "%s", srv_text(rows, 1));
    }
    return step == SRV_END;
}

/* A file that is gone was that of a dataset that was deleted. If not, the next start writes it. */
static bool remove_rows(srv_db *db, void *arg, api_problem *p)
{
    const some *m = arg;
    bool ok = true;
    for (size_t i = 0; ok && i < m->count; i++)
        if (m->list[i].synced || m->list[i].fd < 0)
            ok = srv_db_run(db, m->list[i].synced ? SQL_CONTENT_ON_DISK : SQL_CONTENT_DROP, p, "i",
                            m->list[i].seq);
    return ok;
}

/* All are on their way before the first one is waited for. */
static bool sync_files(const srv_settle *s, some *m, api_problem *p)
{
    char path[SRV_FILE_PATH];
    bool ok = true;
    for (size_t i = 0; ok && i < m->count; i++) {
        one *o = &m->list[i];
        o->fd = open(srv_file_path(s->dir, o->sha256, path), O_RDONLY | O_CLOEXEC);
        ok = o->fd >= 0 || errno == ENOENT || srv_disk_problem(p, "open");
        if (o->fd >= 0)
            sync_file_range(o->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    for (size_t i = 0; ok && i < m->count; i++) {
        m->list[i].synced = m->list[i].fd >= 0 && fsync(m->list[i].fd) == 0;
        ok = m->list[i].synced || m->list[i].fd < 0 || srv_disk_problem(p, "sync");
    }
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i].fd >= 0)
            close(m->list[i].fd);
    snprintf(path, sizeof path, "%s/datasets", s->dir);
    return ok && (srv_folder_sync(path) || srv_disk_problem(p, "sync"));
}

static bool stopping(srv_settle *s)
{
    pthread_mutex_lock(&s->lock);
    bool is = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return is;
}

static void work_off(srv_settle *s)
{
    some m = {0};
    api_problem p = {0};
    bool ok = true;
    do {
        ok = srv_store_read(s->store, read_some, &m, &p) &&
             (m.count == 0 ||
              (sync_files(s, &m, &p) && srv_store_write(s->store, remove_rows, &m, &p)));
        if (m.count)
            m.after = m.list[m.count - 1].seq;
    } while (ok && m.count == AT_ONCE && !stopping(s));
    if (!ok) /* the next time, or the next start */
        srv_log("dataset files not synced", srv_s("why", p.detail));
}

/* ---- the thread ---- */

/* The lock is held, and again on return. */
static void gather(srv_settle *s)
{
    double until = srv_monotonic() + PAUSE;
    struct timespec t = {(time_t)until, (long)((until - floor(until)) * 1e9)};
    while (!s->stopping && pthread_cond_timedwait(&s->changed, &s->lock, &t) == 0)
        ;
}

static void *settle_main(void *arg)
{
    srv_settle *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        while (!s->told && !s->stopping)
            pthread_cond_wait(&s->changed, &s->lock);
        gather(s);
        if (s->stopping)
            break;
        s->told = false;
        pthread_mutex_unlock(&s->lock);
        work_off(s);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

srv_settle *srv_settle_start(srv_store *store, const char *dir, api_problem *p)
{
    srv_settle *s = calloc(1, sizeof *s);
    if (!s) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    *s = (srv_settle){.store = store, .dir = dir, .told = true};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&s->lock, NULL);
    if (pthread_create(&s->thread, NULL, settle_main, s) == 0)
        return s;
    api_problem_set(p, API_UNAVAILABLE, "a thread can't be started");
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

void srv_settle_tell(srv_settle *s)
{
    pthread_mutex_lock(&s->lock);
    if (!s->told)
        pthread_cond_signal(&s->changed);
    s->told = true;
    pthread_mutex_unlock(&s->lock);
}

void srv_settle_stop(srv_settle *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
