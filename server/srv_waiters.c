/* srv_waiters: the list, its timer and its watch for clients that have gone. */
#include "srv_waiters.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY 1.0 /* seconds between looks for clients that have gone */

struct srv_waiters {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below, and is held while a request is suspended */
    pthread_cond_t changed;
    srv_request *first;
    uint64_t count, most;
    bool asleep; /* the timer, until it is told that somebody waits */
    bool closed, stopping;
};

/* Takes the request at *at out of the list and lets it go on. */
static void release(srv_waiters *w, srv_request **at)
{
    srv_request *rq = *at;
    *at = rq->next_waiting;
    w->count--;
    srv_request_resume(rq);
}

static void *timer_main(void *arg)
{
    srv_waiters *w = arg;
    bool idle = false; /* nobody waited the last time */
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        double now = srv_monotonic(), next = now + LOOK_EVERY;
        for (srv_request **at = &w->first; *at;) {
            if ((*at)->deadline <= now || srv_request_gone(*at)) {
                release(w, at);
                continue;
            }
            next = fmin(next, (*at)->deadline);
            at = &(*at)->next_waiting;
        }
        /* it looks once more before it sleeps: whoever comes again and again wakes nobody */
        w->asleep = !w->first && idle;
        idle = !w->first;
        if (w->asleep) {
            pthread_cond_wait(&w->changed, &w->lock);
            w->asleep = idle = false;
            continue;
        }
        struct timespec until = {.tv_sec = (time_t)next,
                                 .tv_nsec = (long)((next - floor(next)) * 1e9)};
        pthread_cond_timedwait(&w->changed, &w->lock, &until);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

srv_waiters *srv_waiters_start(uint64_t most)
{
    srv_waiters *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->most = most;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    if (pthread_create(&w->thread, NULL, timer_main, w) == 0)
        return w;
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return NULL;
}

bool srv_waiters_hold(srv_waiters *w, srv_request *rq, const char *id)
{
    snprintf(rq->awaited, sizeof rq->awaited, "%s", id);
    pthread_mutex_lock(&w->lock);
    bool room = !w->closed && w->count < w->most;
    if (room) {
        srv_request_suspend(rq);
        rq->next_waiting = w->first;
        w->first = rq;
        w->count++;
        /* else it looks soon enough: nobody waits for less than LOOK_EVERY */
        if (w->asleep || rq->deadline < srv_monotonic() + LOOK_EVERY)
            pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

void srv_waiters_wake(srv_waiters *w, const char *id)
{
    pthread_mutex_lock(&w->lock);
    for (srv_request **at = &w->first; *at;)
        if (strcmp((*at)->awaited, id) == 0)
            release(w, at);
        else
            at = &(*at)->next_waiting;
    pthread_mutex_unlock(&w->lock);
}

uint64_t srv_waiters_count(srv_waiters *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}

void srv_waiters_close(srv_waiters *w)
{
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    while (w->first)
        release(w, &w->first);
    pthread_mutex_unlock(&w->lock);
}

void srv_waiters_stop(srv_waiters *w)
{
    if (!w)
        return;
    srv_waiters_close(w);
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
