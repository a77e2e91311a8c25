/* srv_writer: a ring of blocks under one lock. */
#include "srv_writer.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCKS = 3 }; /* one that is filled, one that waits, one that is taken */

struct srv_writer {
    srv_block_taken *take;
    void *ctx;
    char *blocks[BLOCKS];
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    size_t bytes[BLOCKS];
    uint64_t put, taken; /* blocks; number k is blocks[k % BLOCKS] */
    bool ending;
    api_problem problem; /* of the first block that could not be taken */
};

static void *writer_main(void *arg)
{
    srv_writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->taken == w->put && !w->ending)
            pthread_cond_wait(&w->changed, &w->lock);
        if (w->ending)
            break;
        size_t at = w->taken % BLOCKS, bytes = w->bytes[at];
        bool go_on = w->problem.code == API_NO_PROBLEM;
        pthread_mutex_unlock(&w->lock);
        api_problem p = {0};
        if (go_on)
            w->take(w->ctx, w->blocks[at], bytes, &p);
        pthread_mutex_lock(&w->lock);
        if (p.code != API_NO_PROBLEM)
            w->problem = p;
        w->taken++;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void drop(srv_writer *w)
{
    for (size_t i = 0; i < BLOCKS; i++)
        free(w->blocks[i]);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

srv_writer *srv_writer_new(size_t block, srv_block_taken *take, void *ctx)
{
    srv_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->take = take;
    w->ctx = ctx;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    bool ok = true;
    for (size_t i = 0; ok && i < BLOCKS; i++)
        ok = (w->blocks[i] = malloc(block)) != NULL;
    if (ok && pthread_create(&w->thread, NULL, writer_main, w) == 0)
        return w;
    drop(w);
    return NULL;
}

void *srv_writer_block(srv_writer *w)
{
    return w->blocks[0];
}

/* Until at most so many are left. Under the lock. */
static bool wait_for(srv_writer *w, uint64_t left, api_problem *p)
{
    while (w->put - w->taken > left)
        pthread_cond_wait(&w->changed, &w->lock);
    if (w->problem.code != API_NO_PROBLEM)
        *p = w->problem;
    return w->problem.code == API_NO_PROBLEM;
}

void *srv_writer_put(srv_writer *w, size_t bytes, api_problem *p)
{
    pthread_mutex_lock(&w->lock);
    w->bytes[w->put++ % BLOCKS] = bytes;
    pthread_cond_signal(&w->changed);
    void *next = wait_for(w, BLOCKS - 1, p) ? w->blocks[w->put % BLOCKS] : NULL;
    pthread_mutex_unlock(&w->lock);
    return next;
}

bool srv_writer_wait(srv_writer *w, api_problem *p)
{
    pthread_mutex_lock(&w->lock);
    bool ok = wait_for(w, 0, p);
    pthread_mutex_unlock(&w->lock);
    return ok;
}

void srv_writer_free(srv_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    drop(w);
}
