/* handle_jobs: jobs are asked for, watched, cancelled and deleted. */
#include "api_job.h"
#include "srv_brief.h"
#include "srv_ingest.h"
#include "srv_list.h"
#include "srv_new_job.h"
#include "srv_routes.h"
#include "srv_waiters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- documents ---- */

static api_job_view view_of(srv_rows *rows)
{
    return (api_job_view){.id = srv_text(rows, 0),
                          .name = srv_text(rows, 1),
                          .dataset_id = srv_text(rows, 2),
                          .state = srv_text(rows, 3),
                          .epoch = (uint64_t)srv_integer(rows, 4),
                          .epochs = (uint64_t)srv_integer(rows, 5),
                          .cost = srv_real(rows, 6),
                          .validation_cost = srv_real(rows, 21),
                          .finite = srv_integer(rows, 7) != 0,
                          .gradient_norm = srv_real(rows, 8),
                          .learning_rate = srv_real(rows, 9),
                          .max_stable_learning_rate = srv_real(rows, 10),
                          .epochs_by = srv_text(rows, 32),
                          .stop_reason = srv_text(rows, 11),
                          .model_id = srv_text(rows, 12),
                          .seconds = srv_real(rows, 13),
                          .created_at = srv_text(rows, 14),
                          .started_at = srv_text(rows, 15),
                          .finished_at = srv_text(rows, 16),
                          .spec = srv_text(rows, 17),
                          .error = srv_text(rows, 18),
                          .advice = srv_text(rows, 19),
                          .part = (uint64_t)srv_integer(rows, 22),
                          .parts = (uint64_t)srv_integer(rows, 23),
                          .certificate = srv_text(rows, 24),
                          .results = srv_text(rows, 25),
                          .objective = srv_text(rows, 26),
                          .changes = srv_text(rows, 27),
                          .sweep_id = srv_text(rows, 28),
                          .replay_of = srv_text(rows, 29),
                          .expected = srv_text(rows, 30),
                          .proof = srv_text(rows, 31),
                          .note = srv_text(rows, 33)};
}

static void encode_brief(cJSON *o, srv_rows *rows)
{
    api_job_view v = view_of(rows);
    api_job_encode(o, &v, true);
}

static void encode_full(cJSON *o, srv_rows *rows)
{
    api_job_view v = view_of(rows);
    api_job_encode(o, &v, false);
}

/* ---- POST ---- */

/* The inline dataset becomes a dataset like any other. What is wrong with it is told beside what
 * is wrong with the rest of the job, all bad fields at once. */
static bool read_inline(srv_request *rq, const api_job *job, srv_ingest *g)
{
    api_problem p = {0};
    bool ok = srv_ingest_inline(g, rq->app, rq->token.tenant, "dataset", rq->body.data + job->dataset_start,
                                job->dataset_end - job->dataset_start, &p);
    if (rq->problem.code == API_INVALID && p.code == API_INVALID)
        for (size_t i = 0; i < p.errors_count; i++)
            api_problem_field(&rq->problem, p.errors[i].field, "%s", p.errors[i].message);
    else if (!ok && rq->problem.code == API_NO_PROBLEM)
        rq->problem = p;
    return ok && rq->problem.code == API_NO_PROBLEM;
}

bool srv_job_read(srv_request *rq, srv_new_job *n, srv_ingest *ingest)
{
    const char *body = rq->body.data ? rq->body.data : "";
    if (!srv_json_body(rq))
        return false;
    n->tenant = rq->token.tenant;
    bool ok = api_job_decode(body, rq->body.len, &n->job, &rq->problem);
    bool has_data = n->job.dataset_end > n->job.dataset_start;
    if (!ok && !(rq->problem.code == API_INVALID && has_data))
        return false;
    if (has_data) {
        n->ingest = ingest;
        return read_inline(rq, &n->job, ingest) && srv_new_job_ingested(n, &rq->problem);
    }
    return true;
}

static void reply_job(srv_request *rq, const srv_new_job *n)
{
    api_job_view v = {.id = n->id,
                      .name = n->job.name,
                      .dataset_id = n->dataset.id,
                      .state = "queued",
                      .epochs = n->job.spec.epochs,
                      .parts = 1,
                      .cost = NAN,
                      .validation_cost = NAN,
                      .gradient_norm = NAN,
                      .learning_rate = NAN,
                      .max_stable_learning_rate = NAN,
                      .seconds = NAN,
                      .finite = true,
                      .created_at = n->created_at,
                      .objective = n->objective,
                      .spec = n->spec};
    cJSON *o = cJSON_CreateObject();
    api_job_encode(o, &v, false);
    snprintf(rq->location, sizeof rq->location, "/v1/jobs/%s", n->id);
    srv_reply_doc(rq, 202, o);
}

void srv_post_job(srv_request *rq)
{
    srv_ingest ingest = {0};
    srv_new_job n = {0};
    bool ok = srv_job_read(rq, &n, &ingest) && srv_new_job_check(&n, rq->app, &rq->problem);
    if (ok && srv_brief_try(&n, rq->app)) {
        snprintf(rq->id, sizeof rq->id, "%s", n.id);
        srv_reply_job(rq, 202);
        snprintf(rq->location, sizeof rq->location, "/v1/jobs/%s", n.id);
    } else if (ok && srv_new_jobs_store(&n, 1, NULL, NULL, rq->app, &rq->problem)) {
        srv_new_jobs_start(&n, 1, rq->app);
        reply_job(rq, &n);
    }
    srv_ingest_free(&ingest);
    srv_new_job_free(&n);
}

/* ---- GET ---- */

void srv_list_jobs(srv_request *rq)
{
    static const char *const states[] = {"queued", "running",   "paused",
                                         "succeeded", "failed", "cancelled"};
    const char *state = srv_request_query(rq, "state");
    bool known = !state;
    for (size_t i = 0; state && i < sizeof states / sizeof states[0]; i++)
        known = known || strcmp(state, states[i]) == 0;
    if (!known) {
        api_problem_query(
            &rq->problem, "state",
            "must be queued, running, paused, succeeded, failed or cancelled, got \"%.40s\"",
            state);
        return;
    }
    srv_list(rq, &(srv_listing){.sql = SQL_JOB_LIST,
                                .seq = 20,
                                .member = "jobs",
                                .filters = {state, srv_request_query(rq, "sweep")},
                                .encode = encode_brief});
}

void srv_get_job(srv_request *rq)
{
    uint64_t wait = 0;
    if (!srv_request_number(rq, "wait", 0, SRV_MAX_WAIT, &wait))
        return;
    if (wait > 0 && !rq->waited && srv_pool_has(rq->app->pool, rq->id)) {
        rq->waited = true;
        rq->deadline = rq->began + (double)wait;
        if (srv_waiters_hold(rq->app->waiters, rq, rq->id)) {
            /* it may have left the pool before it was on the list */
            if (!srv_pool_has(rq->app->pool, rq->id))
                srv_waiters_wake(rq->app->waiters, rq->id);
            return;
        }
    }
    srv_get_one(rq, SQL_JOB_GET, "job", encode_full);
}

/* ---- cancel and DELETE ---- */

bool srv_job_state(srv_db *db, srv_request *rq, char state[16], api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_JOB_STATE, p, "t", rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        srv_no_such(rq, "job");
    if (step != SRV_ROW)
        return false;
    snprintf(state, 16, "%s", srv_text(rows, 0));
    srv_db_done(rows);
    return true;
}

static bool active(const char *state)
{
    return strcmp(state, "queued") == 0 || strcmp(state, "running") == 0 ||
           strcmp(state, "paused") == 0;
}

void srv_reply_job(srv_request *rq, int status)
{
    srv_get_one(rq, SQL_JOB_GET, "job", encode_full);
    if (rq->problem.code == API_NO_PROBLEM)
        rq->status = status;
}

typedef struct ending {
    srv_request *rq;
    bool asked; /* its worker is to record the end */
} ending;

/* A job that runs records its own end; that it was asked to is stored, so that a restart does not
 * forget it. One that waits ends here. */
static bool cancel_row(srv_db *db, void *arg, api_problem *p)
{
    ending *e = arg;
    srv_request *rq = e->rq;
    char state[16], now[SRV_TIME_SIZE];
    if (!srv_job_state(db, rq, state, p))
        return false;
    if (strcmp(state, "cancelled") == 0)
        return true;
    if (!active(state))
        return api_problem_set(p, API_CONFLICT, "the job has already %s",
                               strcmp(state, "failed") == 0 ? "failed" : "succeeded");
    e->asked = strcmp(state, "paused") != 0 && srv_pool_runs(rq->app->pool, rq->id);
    if (e->asked)
        return srv_db_run(db, SQL_JOB_ASK, p, "tt", "cancel", rq->id);
    const char *none = NULL; /* with its type, as varargs need it */
    return srv_db_run(db, SQL_JOB_END, p, "ttttttttit", "cancelled", "cancelled", none, none,
                      none, none, srv_time_text(now), none, (int64_t)-1, rq->id) &&
           srv_db_run(db, SQL_CHANGE_TOO_LATE, p, "t", rq->id);
}

void srv_cancel_job(srv_request *rq)
{
    /* One that waits keeps its place until its end is recorded; should it begin to run meanwhile,
     * its worker is told. One that left its worker before that was told is looked at again. */
    ending e = {.rq = rq};
    srv_cancelled found;
    do {
        if (!srv_store_write(rq->app->store, cancel_row, &e, &rq->problem))
            return;
        found = srv_pool_cancel(rq->app->pool, rq->id);
    } while (e.asked && found != SRV_CANCEL_RUNNING);
    if (!e.asked)
        srv_waiters_wake(rq->app->waiters, rq->id);
    srv_reply_job(rq, 202);
}

static bool stop_row(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    char state[16];
    if (!srv_job_state(db, rq, state, p))
        return false;
    /* one that has just begun may still be called queued */
    if (active(state) && strcmp(state, "paused") != 0 && srv_pool_runs(rq->app->pool, rq->id))
        return srv_db_run(db, SQL_JOB_ASK, p, "tt", "stop", rq->id);
    return api_problem_set(p, API_CONFLICT, "the job is %s; only a running one can be stopped",
                           state);
}

void srv_stop_job(srv_request *rq)
{
    if (!srv_store_write(rq->app->store, stop_row, rq, &rq->problem))
        return;
    srv_pool_finish(rq->app->pool, rq->id);
    srv_reply_job(rq, 202);
}

static bool delete_ended(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    char state[16];
    if (!srv_job_state(db, rq, state, p))
        return false;
    if (active(state))
        return api_problem_set(p, API_CONFLICT, "the job is %s; cancel it first", state);
    return srv_db_run(db, SQL_JOB_DELETE, p, "t", rq->id);
}

void srv_delete_job(srv_request *rq)
{
    if (srv_store_write(rq->app->store, delete_ended, rq, &rq->problem))
        srv_reply_empty(rq, 204);
}
