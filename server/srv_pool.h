/* srv_pool: the threads that train, and the queue before them.
 *
 * DESIGN
 * Jobs are begun `workers` at a time, each tenant's in the order in which they were added, tenants in
 * turn (srv_turns.h); how they share the processors is another's business (srv_team.h). Threads are started as they are needed. The queue is bounded:
 * a place is reserved before a job is stored, so a 202 is never taken back. Jobs run with no
 * lock held. Cancelling a queued job takes it out; cancelling a running one sets a flag that
 * its worker looks at between blocks of rows. Stopping sets a flag for all: each running job saves its
 * place and stays `running` in the database, and the next start takes it up again.
 * A job that is done in less time than it takes to hand it over may be done by whoever brings it (a
 * visitor), while there is a worker to spare and nobody waits.
 * Lock order: the pool's lock is never held while calling out.
 */
#ifndef SRV_POOL_H
#define SRV_POOL_H

#include "api_problem.h"

#include <stdatomic.h>
#include <stdint.h>

typedef struct srv_pool srv_pool;

/* What a worker looks at between blocks of rows; any may be set at any time. */
typedef struct srv_signals {
    atomic_bool cancel;      /* of this job: throw it away */
    atomic_bool finish;      /* of this job: end it now, keep the best so far */
    atomic_bool pause;       /* of this job: leave it as it is stored */
    atomic_uint changes;     /* of this job: times that changes of its settings were stored */
    const atomic_bool *stop; /* of the whole pool */
} srv_signals;

/* Does the job; called on a worker's thread. */
typedef void srv_run_job(void *ctx, const char *id, const srv_signals *signals);
/* A job has left the pool: it ended, or was set aside by a stop. Called on its thread. */
typedef void srv_job_left(void *ctx, const char *id);

/* ctx: handed to both, borrowed. NULL with the reason in p. */
srv_pool *srv_pool_start(uint64_t workers, uint64_t max_queue, srv_run_job *run, srv_job_left *left,
                         void *ctx, api_problem *p);

/* Tells running jobs to save their place and waits for them. What is still asked of the pool
 * afterwards is answered: it takes no job. NULL is fine. */
void srv_pool_drain(srv_pool *pool);

/* Once drained, and when nobody asks any more. NULL is fine. */
void srv_pool_free(srv_pool *pool);

/* Keeps a place in the queue, to be used by srv_pool_add or given back. False with the reason
 * in p when it is full or the pool is stopping. */
bool srv_pool_reserve(srv_pool *pool, api_problem *p);
/* The same for `count` places, all or none. */
bool srv_pool_reserve_all(srv_pool *pool, uint64_t count, api_problem *p);
void srv_pool_unreserve(srv_pool *pool);

/* Queues a job of the tenant's. Uses up a reservation if `reserved`, and then succeeds; otherwise the bound is not
 * looked at (jobs of an earlier run), and false means that there was no memory for it. One that is on
 * its way out (paused) begins when it has left. */
bool srv_pool_add(srv_pool *pool, const char *tenant, const char *id, bool reserved);

/* Begins such a visit; false when others wait, `most` jobs are under way, or as many as there are
 * workers, or the pool is stopping. srv_pool_leave ends it. */
bool srv_pool_visit(srv_pool *pool, uint64_t most);
void srv_pool_leave(srv_pool *pool);

/* For the signals of such a job: is the pool stopping? */
const atomic_bool *srv_pool_stopping(const srv_pool *pool);

typedef enum srv_cancelled {
    SRV_CANCEL_ABSENT, /* neither queued nor running */
    SRV_CANCEL_QUEUED, /* taken out of the queue: the caller records it */
    SRV_CANCEL_RUNNING /* its worker will see it and record it */
} srv_cancelled;

srv_cancelled srv_pool_cancel(srv_pool *pool, const char *id);

/* Tells a running job to end now with what it has. False when it is not running, or about to be
 * paused. */
bool srv_pool_finish(srv_pool *pool, const char *id);

/* Is it running, and not about to be paused? */
bool srv_pool_runs(srv_pool *pool, const char *id);

/* Takes it out of the queue, or tells its worker to leave it. Its row says already that it is
 * paused. */
void srv_pool_pause(srv_pool *pool, const char *id);

/* Tells a running job that changes of its settings are stored. */
void srv_pool_changed(srv_pool *pool, const char *id);

/* Is it queued or running, and not about to be paused? */
bool srv_pool_has(srv_pool *pool, const char *id);

void srv_pool_counts(srv_pool *pool, uint64_t *workers, uint64_t *running, uint64_t *queued);

#endif
