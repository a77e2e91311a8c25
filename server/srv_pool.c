/* srv_pool: jobs under one lock, and threads that take them in turn. */
#include "srv_pool.h"

#include "srv_turns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct srv_pool {
    srv_run_job *run;
    srv_job_left *left;
    void *ctx;
    uint64_t max_queue, workers;
    pthread_t *threads; /* room for `workers` of them */
    atomic_bool stop;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t added;
    srv_turns turns;
    srv_entry *spare; /* as many as are reserved */
    uint64_t reserved, visitors, started; /* started: threads */
};

/* The lock is held, and something is reserved. */
static srv_entry *take_reserved(srv_pool *pool)
{
    srv_entry *e = pool->spare;
    pool->spare = e->next;
    pool->reserved--;
    e->next = NULL;
    return e;
}

static void *worker_main(void *arg)
{
    srv_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!srv_turns_any(&pool->turns) && !atomic_load(&pool->stop))
            pthread_cond_wait(&pool->added, &pool->lock);
        if (atomic_load(&pool->stop))
            break;
        srv_entry *e = srv_turns_begin(&pool->turns);
        pthread_mutex_unlock(&pool->lock);

        pool->run(pool->ctx, e->id, &e->signals);

        pthread_mutex_lock(&pool->lock);
        srv_turns_end(&pool->turns, e);
        pthread_mutex_unlock(&pool->lock);
        pool->left(pool->ctx, e->id);
        free(e);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* The lock is held, or nobody else knows the pool. */
static bool start_thread(srv_pool *pool)
{
    if (pthread_create(&pool->threads[pool->started], NULL, worker_main, pool) != 0)
        return false;
    pool->started++;
    return true;
}

srv_pool *srv_pool_start(uint64_t workers, uint64_t max_queue, srv_run_job *run, srv_job_left *left,
                         void *ctx, api_problem *p)
{
    srv_pool *pool = calloc(1, sizeof *pool);
    pthread_t *threads = calloc(workers, sizeof *threads);
    if (!pool || !threads) {
        free(pool);
        free(threads);
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    pool->run = run;
    pool->left = left;
    pool->ctx = ctx;
    pool->max_queue = max_queue;
    pool->workers = pool->turns.workers = workers;
    pool->threads = threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->added, &attr);
    pthread_condattr_destroy(&attr);
    if (!start_thread(pool)) {
        api_problem_set(p, API_UNAVAILABLE, "a worker thread can't be started");
        srv_pool_free(pool);
        return NULL;
    }
    return pool;
}

void srv_pool_drain(srv_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->added);
    pthread_mutex_unlock(&pool->lock);
    for (uint64_t i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
}

void srv_pool_free(srv_pool *pool)
{
    if (!pool)
        return;
    srv_turns_free(&pool->turns);
    srv_entries_free(pool->spare);
    pthread_cond_destroy(&pool->added);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

bool srv_pool_reserve(srv_pool *pool, api_problem *p)
{
    return srv_pool_reserve_all(pool, 1, p);
}

bool srv_pool_reserve_all(srv_pool *pool, uint64_t count, api_problem *p)
{
    bool possible = count <= pool->max_queue;
    srv_entry *made = possible ? srv_entries_new(count) : NULL;
    pthread_mutex_lock(&pool->lock);
    bool stopping = atomic_load(&pool->stop);
    uint64_t taken = pool->turns.queued + pool->reserved;
    bool room = taken <= pool->max_queue && count <= pool->max_queue - taken;
    bool done = !stopping && room && (made || count == 0);
    for (srv_entry *e; done && (e = made); pool->reserved++) {
        made = e->next;
        e->next = pool->spare;
        pool->spare = e;
    }
    pthread_mutex_unlock(&pool->lock);
    srv_entries_free(made);
    if (stopping)
        return api_problem_set(p, API_UNAVAILABLE, "the server is stopping");
    if (room)
        return done || api_problem_set(p, API_UNAVAILABLE, "not enough memory for a job");
    unsigned long long most = pool->max_queue, waiting = taken, wanted = count;
    if (count == 1)
        return api_problem_set(p, API_QUEUE_FULL, "%llu jobs are waiting already; try again later",
                               waiting);
    return api_problem_set(p, API_QUEUE_FULL,
                           "%llu of the %llu places in the queue are taken, and this needs %llu; "
                           "%s",
                           waiting, most, wanted,
                           count <= most ? "try again later" : "start with a larger --max-queue");
}

void srv_pool_unreserve(srv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    srv_entry *e = take_reserved(pool);
    pthread_mutex_unlock(&pool->lock);
    srv_entries_free(e);
}

bool srv_pool_add(srv_pool *pool, const char *tenant, const char *id, bool reserved)
{
    srv_entry *e = reserved ? NULL : srv_entries_new(1);
    pthread_mutex_lock(&pool->lock);
    if (reserved)
        e = take_reserved(pool);
    if (e) {
        e->signals.stop = &pool->stop;
        srv_turns_add(&pool->turns, e, tenant, id);
        /* one that can't be started now is tried again with the next job */
        bool busy = pool->turns.running_count + pool->turns.queued > pool->started;
        if (busy && pool->started < pool->workers && !atomic_load(&pool->stop))
            start_thread(pool);
        pthread_cond_signal(&pool->added);
    }
    pthread_mutex_unlock(&pool->lock);
    return e != NULL;
}

bool srv_pool_visit(srv_pool *pool, uint64_t most)
{
    pthread_mutex_lock(&pool->lock);
    if (most > pool->workers)
        most = pool->workers;
    bool welcome = !atomic_load(&pool->stop) && pool->turns.queued == 0 &&
                   pool->turns.running_count + pool->visitors < most;
    pool->visitors += welcome;
    pthread_mutex_unlock(&pool->lock);
    return welcome;
}

void srv_pool_leave(srv_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->visitors--;
    pthread_mutex_unlock(&pool->lock);
}

const atomic_bool *srv_pool_stopping(const srv_pool *pool)
{
    return &pool->stop;
}

srv_cancelled srv_pool_cancel(srv_pool *pool, const char *id)
{
    srv_cancelled found = SRV_CANCEL_ABSENT;
    pthread_mutex_lock(&pool->lock);
    srv_entry *waiting = srv_turns_take_out(&pool->turns, id);
    if (waiting)
        found = SRV_CANCEL_QUEUED;
    srv_entries_free(waiting);
    for (srv_entry *e = pool->turns.running; e; e = e->next)
        if (strcmp(e->id, id) == 0) {
            atomic_store(&e->signals.cancel, true);
            found = SRV_CANCEL_RUNNING;
        }
    pthread_mutex_unlock(&pool->lock);
    return found;
}

typedef enum signal { FINISH, PAUSE, CHANGED } signal;

static bool tell(srv_pool *pool, const char *id, signal what)
{
    bool found = false;
    pthread_mutex_lock(&pool->lock);
    for (srv_entry *e = pool->turns.running; e; e = e->next)
        if (strcmp(e->id, id) == 0) {
            srv_signals *s = &e->signals;
            atomic_bool *const flags[] = {&s->finish, &s->pause};
            if (what == CHANGED)
                atomic_fetch_add(&s->changes, 1);
            else
                atomic_store(flags[what], true);
            /* one that is being paused is not ended by keeping what it has */
            found = what != FINISH || !atomic_load(&s->pause);
        }
    pthread_mutex_unlock(&pool->lock);
    return found;
}

bool srv_pool_finish(srv_pool *pool, const char *id)
{
    return tell(pool, id, FINISH);
}

void srv_pool_pause(srv_pool *pool, const char *id)
{
    tell(pool, id, PAUSE);
    pthread_mutex_lock(&pool->lock);
    srv_entries_free(srv_turns_take_out(&pool->turns, id));
    pthread_mutex_unlock(&pool->lock);
}

void srv_pool_changed(srv_pool *pool, const char *id)
{
    tell(pool, id, CHANGED);
}

/* The lock is held. */
static bool runs(const srv_pool *pool, const char *id)
{
    for (const srv_entry *e = pool->turns.running; e; e = e->next)
        if (strcmp(e->id, id) == 0 && !atomic_load(&e->signals.pause))
            return true;
    return false;
}

bool srv_pool_runs(srv_pool *pool, const char *id)
{
    pthread_mutex_lock(&pool->lock);
    bool found = runs(pool, id);
    pthread_mutex_unlock(&pool->lock);
    return found;
}

bool srv_pool_has(srv_pool *pool, const char *id)
{
    pthread_mutex_lock(&pool->lock);
    bool has = srv_turns_waits(&pool->turns, id) || runs(pool, id);
    pthread_mutex_unlock(&pool->lock);
    return has;
}

void srv_pool_counts(srv_pool *pool, uint64_t *workers, uint64_t *running, uint64_t *queued)
{
    pthread_mutex_lock(&pool->lock);
    *workers = pool->workers;
    *running = pool->turns.running_count;
    *queued = pool->turns.queued;
    pthread_mutex_unlock(&pool->lock);
}
