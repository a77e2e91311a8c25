/* srv_files: a short list of the contents that are held, under one lock. */
#include "srv_files.h"

#include "srv_folder.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

typedef struct held {
    char sha256[SRV_SHA256_SIZE];
    unsigned times;
    struct held *next;
} held;

struct srv_files {
    const char *dir;
    uint64_t reserve;
    srv_needed *needed;
    void *ctx;
    pthread_mutex_t lock; /* guards the list, and places of files while they change */
    held *first;
};

srv_files *srv_files_new(const char *dir, uint64_t reserve, srv_needed *needed, void *ctx)
{
    srv_files *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (srv_files){.dir = dir, .reserve = reserve, .needed = needed, .ctx = ctx};
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void srv_files_free(srv_files *f)
{
    if (!f)
        return;
    while (f->first) {
        held *next = f->first->next;
        free(f->first);
        f->first = next;
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
}

const char *srv_files_dir(const srv_files *f)
{
    return f->dir;
}

const char *srv_file_path(const char *dir, const char *sha256, char path[SRV_FILE_PATH])
{
    snprintf(path, SRV_FILE_PATH, "%s/datasets/%s", dir, sha256);
    return path;
}

/* Is errno one that another try may not meet? */
static bool may_pass(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

bool srv_open_problem(api_problem *p, const char *id)
{
    return api_problem_set(p, may_pass() ? API_UNAVAILABLE : API_INTERNAL,
                           "the file of dataset %s can't be opened: %s", id, strerror(errno));
}

bool srv_disk_problem(api_problem *p, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return api_problem_set(p, API_NO_SPACE, "the disk that holds the datasets is full");
    if (errno == EROFS)
        return api_problem_set(p, API_UNAVAILABLE, "the disk that holds the datasets is read-only");
    if (may_pass())
        return api_problem_set(p, API_UNAVAILABLE, "can't %s a dataset file now: %s", what,
                               strerror(errno));
    return api_problem_set(p, API_INTERNAL, "can't %s a dataset file: %s", what, strerror(errno));
}

bool srv_files_room(const srv_files *f, uint64_t more, api_problem *p)
{
    struct statvfs v;
    if (statvfs(f->dir, &v) != 0)
        return srv_disk_problem(p, "look for room for");
    uint64_t all = (uint64_t)v.f_blocks * v.f_frsize, free = (uint64_t)v.f_bavail * v.f_frsize,
             reserve = f->reserve < all / 20 ? f->reserve : all / 20;
    return (free >= reserve && free - reserve >= more) ||
           api_problem_set(p, API_NO_SPACE,
                           "the disk that holds the datasets is full, but for %llu MiB that are kept "
                           "in reserve",
                           (unsigned long long)reserve >> 20);
}

/* Where the entry is, or would be. Under the lock. */
static held **find(srv_files *f, const char *sha256)
{
    held **at = &f->first;
    while (*at && strcmp((*at)->sha256, sha256) != 0)
        at = &(*at)->next;
    return at;
}

static bool hold(srv_files *f, const char *sha256, api_problem *p)
{
    held **at = find(f, sha256);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
        snprintf((*at)->sha256, sizeof(*at)->sha256, "%s", sha256);
    }
    (*at)->times++;
    return true;
}

static void let_go(srv_files *f, const char *sha256)
{
    held **at = find(f, sha256), *h = *at;
    if (h && --h->times == 0) {
        *at = h->next;
        free(h);
    }
}

/* Under the lock. */
static void remove_unless_needed(srv_files *f, const char *sha256)
{
    char path[SRV_FILE_PATH];
    if (!*find(f, sha256) && !f->needed(f->ctx, sha256))
        unlink(srv_file_path(f->dir, sha256, path));
}

static bool sync_folder(const srv_files *f, api_problem *p)
{
    char path[SRV_FILE_PATH];
    snprintf(path, sizeof path, "%s/datasets", f->dir);
    return srv_folder_sync(path) || srv_disk_problem(p, "sync");
}

bool srv_files_put(srv_files *f, const char *path, const char *sha256, bool synced, api_problem *p)
{
    char place[SRV_FILE_PATH];
    pthread_mutex_lock(&f->lock);
    bool ok = hold(f, sha256, p);
    if (ok && rename(path, srv_file_path(f->dir, sha256, place)) != 0) {
        ok = srv_disk_problem(p, "name");
        let_go(f, sha256);
    }
    pthread_mutex_unlock(&f->lock);
    if (ok && synced && !sync_folder(f, p)) {
        srv_files_release(f, sha256);
        ok = false;
    }
    return ok;
}

void srv_files_release(srv_files *f, const char *sha256)
{
    pthread_mutex_lock(&f->lock);
    let_go(f, sha256);
    remove_unless_needed(f, sha256);
    pthread_mutex_unlock(&f->lock);
}

void srv_files_drop(srv_files *f, const char *sha256)
{
    pthread_mutex_lock(&f->lock);
    remove_unless_needed(f, sha256);
    pthread_mutex_unlock(&f->lock);
}
