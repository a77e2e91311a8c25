/* handle_steering: jobs are paused, resumed and changed on their way.
 *
 * The row comes first: what is acknowledged is stored. The worker is told afterwards; what it
 * would still write to a paused job's row finds nothing to write to.
 */
#include "api_change.h"
#include "srv_clock.h"
#include "srv_job_limits.h"
#include "srv_quota.h"
#include "srv_routes.h"
#include "srv_view.h"
#include "srv_waiters.h"

#include <stdlib.h>
#include <string.h>

/* Rows that each take a moment of a restart; nobody steers by hand so often. */
#define MAX_CHANGES 1000

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

static bool check_paused(srv_db *db, void *arg, api_problem *p)
{
    char state[16];
    if (!srv_job_state(db, arg, state, p))
        return false;
    return is(state, "paused") ||
           api_problem_set(p, API_CONFLICT, "the job is %s; only a paused one can be resumed",
                           state);
}

typedef struct resuming {
    srv_request *rq;
    char tenant[SRV_TENANT_SIZE]; /* whose job it is, whoever asks */
} resuming;

static bool resume_row(srv_db *db, void *arg, api_problem *p)
{
    resuming *r = arg;
    const char *id = r->rq->id;
    return check_paused(db, r->rq, p) && srv_db_run(db, SQL_JOB_RESUME, p, "t", id) &&
           srv_tenant_of(db, id, r->tenant, p) &&
           srv_quota_check(db, &r->rq->app->config, r->tenant, SRV_OF(SRV_QUOTA_ACTIVE), p);
}

void srv_resume_job(srv_request *rq)
{
    /* looked at first: that it can't be resumed is the better answer where the queue is full too */
    if (!srv_store_read(rq->app->store, check_paused, rq, &rq->problem) ||
        !srv_pool_reserve(rq->app->pool, &rq->problem))
        return;
    resuming r = {.rq = rq};
    if (!srv_store_write(rq->app->store, resume_row, &r, &rq->problem)) {
        srv_pool_unreserve(rq->app->pool);
        return;
    }
    srv_pool_add(rq->app->pool, r.tenant, rq->id, true);
    srv_reply_job(rq, 202);
}

/* ---- changes ---- */

typedef struct asked {
    srv_request *rq;
    api_change change;
} asked;

/* More epochs are more work. */
static bool check_work(srv_db *db, const asked *a, api_job *job, api_problem *p)
{
    const srv_config *config = &a->rq->app->config;
    srv_dataset d = {0};
    if (a->change.epochs == 0 || config->max_job_work == 0)
        return true;
    job->spec.epochs = a->change.epochs;
    bool ok = srv_dataset_load(db, job->dataset_id, &d, p) &&
              srv_job_limits_work(job, d.rows, config, p);
    srv_dataset_free(&d);
    return ok;
}

/* What the job was asked to be, and where it stands. */
static bool check_change(srv_db *db, const asked *a, int64_t *seq, api_problem *p)
{
    api_job job = {0};
    srv_rows *rows = srv_db_query(db, SQL_JOB_SPEC, p, "t", a->rq->id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    const char *spec = srv_text(rows, 1);
    uint64_t epoch = (uint64_t)srv_integer(rows, 2);
    int64_t count = srv_integer(rows, 3);
    *seq = srv_integer(rows, 0);
    bool ok = api_job_decode(spec, strlen(spec), &job, p);
    srv_db_done(rows);
    ok = ok && api_change_check(&a->change, &job, epoch, p) && check_work(db, a, &job, p);
    api_job_free(&job);
    return ok && (count < MAX_CHANGES ||
                  api_problem_set(p, API_CONFLICT, "the job was changed %d times, which is the most",
                                  MAX_CHANGES));
}

/* A longer history is more to keep. */
static bool check_room(srv_db *db, const asked *a, api_problem *p)
{
    const srv_request *rq = a->rq;
    char tenant[SRV_TENANT_SIZE];
    if (a->change.epochs == 0)
        return true;
    return srv_db_run(db, SQL_JOB_MORE_EPOCHS, p, "ti", rq->id, (int64_t)a->change.epochs) &&
           (srv_db_changes(db) == 0 ||
            (srv_tenant_of(db, rq->id, tenant, p) &&
             srv_quota_check(db, &rq->app->config, tenant, SRV_OF(SRV_QUOTA_RESULTS), p)));
}

static bool store_change(srv_db *db, void *arg, api_problem *p)
{
    asked *a = arg;
    char state[16], now[SRV_TIME_SIZE];
    int64_t seq;
    if (!srv_job_state(db, a->rq, state, p))
        return false;
    if (!is(state, "queued") && !is(state, "running") && !is(state, "paused"))
        return api_problem_set(p, API_CONFLICT, "the job has %s; nothing of it changes any more",
                               is(state, "cancelled") ? "been cancelled" : state);
    if (!check_change(db, a, &seq, p) || !check_room(db, a, p))
        return false;
    cJSON *o = cJSON_CreateObject();
    api_change_encode(o, &a->change);
    char *text = api_doc_take_text(o);
    bool ok = text ? srv_db_run(db, SQL_CHANGE_INSERT, p, "itt", seq, text, srv_time_text(now))
                   : api_problem_set(p, API_UNAVAILABLE, "not enough memory for the change");
    free(text);
    return ok;
}

void srv_patch_job(srv_request *rq)
{
    asked a = {.rq = rq};
    const char *body = rq->body.data ? rq->body.data : "";
    if (!srv_json_body(rq) || !api_change_decode(body, rq->body.len, &a.change, &rq->problem) ||
        !srv_store_write(rq->app->store, store_change, &a, &rq->problem))
        return;
    srv_pool_changed(rq->app->pool, rq->id);
    srv_reply_job(rq, 202);
}
