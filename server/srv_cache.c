/* srv_cache: a short list of mappings under one lock. */
#include "srv_cache.h"

#include "srv_file.h"
#include "srv_files.h"
#include "srv_guard.h"
#include "srv_token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDLE = 16 }; /* mappings kept though unused */

struct srv_mapped {
    char tenant[SRV_TENANT_SIZE], sha256[SRV_SHA256_SIZE];
    pthread_mutex_t lock; /* held while the file is being mapped and checked */
    void *map;
    size_t size;
    _Atomic(srv_region *) region; /* NULL until it is mapped */
    gd_data data;
    unsigned held;
    bool forgotten;
    struct srv_mapped *next; /* most recently used first */
};

struct srv_cache {
    const char *dir;
    pthread_mutex_t lock; /* guards the list and each `held`, `forgotten` */
    srv_mapped *first;
};

srv_cache *srv_cache_new(const char *dir)
{
    srv_cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->dir = dir;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

static void unmap(srv_mapped *m)
{
    srv_region_remove(atomic_exchange(&m->region, NULL));
    if (m->map)
        munmap(m->map, m->size);
    m->map = NULL;
}

static void drop(srv_mapped *m)
{
    unmap(m);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void srv_cache_free(srv_cache *c)
{
    if (!c)
        return;
    while (c->first) {
        srv_mapped *next = c->first->next;
        drop(c->first);
        c->first = next;
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static bool damaged(const char *id, api_problem *p)
{
    return api_problem_set(
        p, API_INTERNAL,
        "the file of dataset %s is damaged: it does not match its SHA-256; upload "
        "the data again",
        id);
}

static const void *at(const void *map, uint64_t offset)
{
    return (const char *)map + offset;
}

/* Is it what its hash says, and where are its parts? */
static bool check(void *arg, api_problem *p)
{
    srv_mapped *m = arg;
    char hex[SRV_SHA256_SIZE];
    (void)p;
    /* What the hash vouches for was well-formed when it was written. */
    srv_sha256(m->map, m->size, hex);
    srv_file_header header, *h = &header;
    if (strcmp(hex, m->sha256) != 0 || !srv_file_find(m->map, m->size, h))
        return false;
    const void *rows = at(m->map, h->x_at);
    m->data = (gd_data){.X = h->single ? NULL : rows,
                        .X32 = h->single ? rows : NULL,
                        .y = at(m->map, h->y_at),
                        .rows = (size_t)h->rows,
                        .cols = (size_t)h->cols};
    if (h->sparse) {
        m->data.X = NULL;
        m->data.X32 = NULL;
        m->data.sparse = (gd_sparse){.starts = at(m->map, h->starts_at),
                                     .columns = at(m->map, h->columns_at),
                                     .values = h->single ? NULL : rows,
                                     .values32 = h->single ? rows : NULL};
    }
    return true;
}

static bool map_file(srv_cache *c, srv_mapped *m, const char *id, api_problem *p)
{
    char path[SRV_FILE_PATH];
    api_problem broken_off = {0};
    int fd = open(srv_file_path(c->dir, m->sha256, path), O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *map = MAP_FAILED;
    srv_region *region = NULL;
    if (fd < 0 || fstat(fd, &st) != 0) {
        srv_open_problem(p, id);
    } else if (st.st_size < SRV_ALIGN) {
        damaged(id, p);
    } else {
        m->size = (size_t)st.st_size;
        map = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
            api_problem_set(p, API_UNAVAILABLE, "dataset %s can't be mapped: %s", id,
                            strerror(errno));
        else if (!(region = srv_region_add(map, m->size)))
            api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the dataset");
    }
    m->map = map == MAP_FAILED ? NULL : map;
    atomic_store(&m->region, region);
    bool sound = false, read = region && srv_guard_try(check, m, &sound, &broken_off);
    if (region && !read)
        *p = broken_off; /* which says nothing of what is stored */
    else if (region && !sound)
        damaged(id, p);
    if (fd >= 0)
        close(fd);
    if (p->code == API_NO_PROBLEM)
        return true;
    unmap(m);
    return false;
}

/* Unlinks what is no longer wanted: forgotten, failed or too many idle. Under the lock. */
static void sweep(srv_cache *c)
{
    unsigned idle = 0;
    for (srv_mapped **at = &c->first; *at;) {
        srv_mapped *m = *at;
        if (m->held == 0 && (m->forgotten || !m->map || srv_region_failed(atomic_load(&m->region)) ||
                             ++idle > IDLE)) {
            *at = m->next;
            drop(m);
        } else {
            at = &m->next;
        }
    }
}

/* Finds or adds the entry, moves it to the front and counts one more holder. */
static srv_mapped *take_entry(srv_cache *c, const char *tenant, const char *sha256)
{
    pthread_mutex_lock(&c->lock);
    srv_mapped **at = &c->first, *m;
    while (*at && (strcmp((*at)->sha256, sha256) != 0 || strcmp((*at)->tenant, tenant) != 0 ||
                   (*at)->forgotten ||
                   srv_region_failed(atomic_load(&(*at)->region))))
        at = &(*at)->next;
    m = *at;
    if (m) {
        *at = m->next;
    } else if ((m = calloc(1, sizeof *m))) {
        snprintf(m->tenant, sizeof m->tenant, "%s", tenant);
        snprintf(m->sha256, sizeof m->sha256, "%s", sha256);
        pthread_mutex_init(&m->lock, NULL);
    }
    if (m) {
        m->next = c->first;
        c->first = m;
        m->held++;
    }
    pthread_mutex_unlock(&c->lock);
    return m;
}

srv_mapped *srv_cache_hold(srv_cache *c, const char *id, const char *tenant, const char *sha256,
                           api_problem *p)
{
    srv_mapped *m = take_entry(c, tenant, sha256);
    if (!m) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the dataset");
        return NULL;
    }
    pthread_mutex_lock(&m->lock);
    bool ok = m->map || map_file(c, m, id, p);
    pthread_mutex_unlock(&m->lock);
    if (ok)
        return m;
    srv_cache_forget(c, sha256); /* don't keep a mapping that failed its check */
    srv_cache_release(c, m);
    return NULL;
}

void srv_cache_release(srv_cache *c, srv_mapped *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&c->lock);
    m->held--;
    sweep(c);
    pthread_mutex_unlock(&c->lock);
}

const gd_data *srv_mapped_data(const srv_mapped *m)
{
    return &m->data;
}

void srv_cache_forget(srv_cache *c, const char *sha256)
{
    pthread_mutex_lock(&c->lock);
    for (srv_mapped *m = c->first; m; m = m->next)
        if (strcmp(m->sha256, sha256) == 0)
            m->forgotten = true;
    sweep(c);
    pthread_mutex_unlock(&c->lock);
}
