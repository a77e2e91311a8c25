/* srv_heap: a thread that waits for quiet. */
#include "srv_heap.h"

#include "srv_clock.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Seconds without a word before memory goes back, and after the first one at the latest. */
#define QUIET 2.0
#define AT_LATEST 30.0

struct srv_heap {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool told, stopping;
    double first, last; /* when it was told, since memory was given back */
};

static void give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static void *heap_main(void *arg)
{
    srv_heap *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping) {
        if (!h->told) {
            pthread_cond_wait(&h->changed, &h->lock);
            continue;
        }
        double until = fmin(h->last + QUIET, h->first + AT_LATEST);
        if (srv_monotonic() < until) {
            struct timespec t = {(time_t)until, (long)((until - floor(until)) * 1e9)};
            pthread_cond_timedwait(&h->changed, &h->lock, &t);
            continue;
        }
        h->told = false;
        pthread_mutex_unlock(&h->lock);
        give_back();
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

srv_heap *srv_heap_start(void)
{
    srv_heap *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&h->lock, NULL);
    if (pthread_create(&h->thread, NULL, heap_main, h) == 0)
        return h;
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    free(h);
    return NULL;
}

void srv_heap_freed(srv_heap *h)
{
    pthread_mutex_lock(&h->lock);
    h->last = srv_monotonic();
    if (!h->told) { /* else it looks again by itself */
        h->first = h->last;
        h->told = true;
        pthread_cond_signal(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
}

void srv_heap_stop(srv_heap *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
