/* handle_steering: jobs are paused, resumed and changed on their way.
 *
 * The row comes first: what is acknowledged is stored. The worker is told afterwards; what it
 * would still write to a paused job's row finds nothing to write to.
 */
#include "srv_routes.h"
#include "srv_waiters.h"

#include <string.h>

static bool is(const char *state, const char *one)
{
    return strcmp(state, one) == 0;
}

static bool pause_row(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    char state[16];
    if (!srv_job_state(db, rq, state, p))
        return false;
    if (is(state, "paused"))
        return true;
    if (!is(state, "queued") && !is(state, "running"))
        return api_problem_set(p, API_CONFLICT,
                               "the job has %s; only one that is queued or running can be paused",
                               is(state, "cancelled") ? "been cancelled" : state);
    return srv_db_run(db, SQL_JOB_PAUSE, p, "t", rq->id);
}

void srv_pause_job(srv_request *rq)
{
    if (!srv_store_write(rq->app->store, pause_row, rq, &rq->problem))
        return;
    srv_pool_pause(rq->app->pool, rq->id);
    srv_waiters_wake(rq->app->waiters, rq->id);
    srv_reply_job(rq, 202);
}

static bool resume_row(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    char state[16];
    if (!srv_job_state(db, rq, state, p))
        return false;
    if (!is(state, "paused"))
        return api_problem_set(p, API_CONFLICT, "the job is %s; only a paused one can be resumed",
                               state);
    return srv_db_run(db, SQL_JOB_RESUME, p, "t", rq->id);
}

void srv_resume_job(srv_request *rq)
{
    if (!srv_pool_reserve(rq->app->pool, &rq->problem))
        return;
    if (!srv_store_write(rq->app->store, resume_row, rq, &rq->problem)) {
        srv_pool_unreserve(rq->app->pool);
        return;
    }
    srv_pool_add(rq->app->pool, rq->id, true);
    srv_reply_job(rq, 202);
}
