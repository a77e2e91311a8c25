/* srv_desk: a queue and the threads that serve it. */
#include "srv_desk.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 4, WAITING = 256 };

typedef struct ticket {
    srv_request *rq;
    void (*handle)(srv_request *rq);
} ticket;

struct srv_desk {
    pthread_t threads[THREADS];
    unsigned started;
    pthread_mutex_t lock; /* guards all below, and is held while a request is suspended */
    pthread_cond_t added;
    ticket queue[WAITING]; /* a ring */
    unsigned first, count;
    bool closed;
};

static void deal_with(const ticket *t, bool closed)
{
    srv_request *rq = t->rq;
    if (closed)
        api_problem_set(&rq->problem, API_UNAVAILABLE, "the server is stopping");
    else if (!srv_request_gone(rq))
        t->handle(rq);
    else
        api_problem_set(&rq->problem, API_UNAVAILABLE, "nobody waits for the answer any more");
    rq->handled = true;
    srv_request_resume(rq);
}

static void *desk_main(void *arg)
{
    srv_desk *d = arg;
    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (d->count == 0 && !d->closed)
            pthread_cond_wait(&d->added, &d->lock);
        if (d->count == 0)
            break;
        ticket t = d->queue[d->first];
        bool closed = d->closed;
        d->first = (d->first + 1) % WAITING;
        d->count--;
        pthread_mutex_unlock(&d->lock);
        deal_with(&t, closed);
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

srv_desk *srv_desk_start(void)
{
    srv_desk *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->added, NULL);
    for (; d->started < THREADS; d->started++)
        if (pthread_create(&d->threads[d->started], NULL, desk_main, d) != 0) {
            srv_desk_stop(d);
            return NULL;
        }
    return d;
}

bool srv_desk_take(srv_desk *d, srv_request *rq, void (*handle)(srv_request *rq))
{
    pthread_mutex_lock(&d->lock);
    bool closed = d->closed, room = d->count < WAITING;
    if (!closed && room) {
        srv_request_suspend(rq);
        d->queue[(d->first + d->count++) % WAITING] = (ticket){rq, handle};
        pthread_cond_signal(&d->added);
    }
    pthread_mutex_unlock(&d->lock);
    if (closed)
        return api_problem_set(&rq->problem, API_UNAVAILABLE, "the server is stopping");
    return room || api_problem_set(
                       &rq->problem, API_UNAVAILABLE,
                       "%d requests that take long are waiting already; try again later", WAITING);
}

void srv_desk_close(srv_desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_cond_broadcast(&d->added);
    pthread_mutex_unlock(&d->lock);
}

void srv_desk_stop(srv_desk *d)
{
    if (!d)
        return;
    srv_desk_close(d);
    for (unsigned i = 0; i < d->started; i++)
        pthread_join(d->threads[i], NULL);
    pthread_cond_destroy(&d->added);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
