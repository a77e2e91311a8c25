/* handle_replay: a job is run again, as a job of its own, and held against the first time. */
#include "api_replay.h"
#include "srv_new_job.h"
#include "srv_routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct replayed {
    srv_request *rq;
    srv_new_job job;
    char *proof; /* owned */
} replayed;

static bool copy_initial(srv_rows *rows, srv_new_job *n, api_problem *p)
{
    size_t len;
    const void *initial = srv_blob(rows, 2, &len);
    if (!initial || !len)
        return true;
    n->initial = malloc(len);
    n->initial_len = len / sizeof *n->initial;
    if (n->initial)
        memcpy(n->initial, initial, len);
    const char *columns = srv_text(rows, 7);
    n->initial_columns = columns ? strdup(columns) : NULL;
    return (n->initial && (n->initial_columns || !columns)) ||
           api_problem_set(p, API_UNAVAILABLE, "not enough memory for the job");
}

/* Is there something to compare with, and all that it was made of? */
static bool check(srv_rows *rows, replayed *r, api_problem *p)
{
    const char *state = srv_text(rows, 0), *proof = srv_text(rows, 4);
    uint64_t epoch;
    if (strcmp(state, "succeeded") != 0 && strcmp(state, "failed") != 0)
        return api_problem_set(p, API_CONFLICT, "the job is %s; one that has a result is replayed",
                               state);
    if (!proof)
        return api_problem_set(p, API_CONFLICT, "the job has failed without a result to compare with");
    if (!srv_text(rows, 3))
        return api_problem_set(p, API_CONFLICT, "the job's dataset was deleted");
    if (api_stopped_after(proof, &epoch) && isnan(srv_real(rows, 5)))
        return api_problem_set(p, API_CONFLICT,
                               "the job was stopped before the first point of its history");
    r->proof = strdup(proof);
    return r->proof || api_problem_set(p, API_UNAVAILABLE, "not enough memory for the job");
}

static bool load(srv_db *db, void *arg, api_problem *p)
{
    replayed *r = arg;
    srv_rows *rows = srv_db_query(db, SQL_JOB_REPLAYED, p, "t", r->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        srv_no_such(r->rq, "job");
    if (step != SRV_ROW)
        return false;
    const char *spec = srv_text(rows, 1);
    bool ok = check(rows, r, p) && api_job_decode(spec, strlen(spec), &r->job.job, p) &&
              copy_initial(rows, &r->job, p);
    srv_db_done(rows);
    return ok;
}

/* What the job was made of was right when it was first posted: if it isn't now, something has
 * gone. */
static bool settle(replayed *r, srv_app *app, api_problem *p)
{
    api_problem own = {0};
    char text[512];
    if (srv_new_job_check(&r->job, app, &own))
        return true;
    if (own.code == API_INVALID)
        return api_problem_set(p, API_CONFLICT, "it can't be run again: %s",
                               api_problem_text(&own, text, sizeof text));
    *p = own;
    return false;
}

typedef struct glance {
    srv_cache *cache;
    const char *dataset_id;
} glance;

static bool forget(srv_db *db, void *arg, api_problem *p)
{
    glance *g = arg;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_SHA256, p, "t", g->dataset_id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        srv_cache_forget(g->cache, srv_text(rows, 0));
        srv_db_done(rows);
    }
    return step != SRV_FAILED;
}

/* Its file is checked again before it is trained on. */
static void look_anew(srv_app *app, const char *dataset_id)
{
    api_problem ignored = {0};
    glance g = {app->cache, dataset_id};
    if (dataset_id)
        srv_store_read(app->store, forget, &g, &ignored);
}

void srv_post_replay(srv_request *rq)
{
    replayed r = {.rq = rq};
    srv_new_job *n = &r.job;
    n->replay_of = rq->id;
    n->tenant = rq->token.tenant;
    if (srv_store_read(rq->app->store, load, &r, &rq->problem) &&
        settle(&r, rq->app, &rq->problem)) {
        n->expected = r.proof;
        look_anew(rq->app, n->dataset.id);
        look_anew(rq->app, n->job.validation_dataset_id);
        if (srv_new_jobs_store(n, 1, NULL, NULL, rq->app, &rq->problem)) {
            snprintf(rq->location, sizeof rq->location, "/v1/jobs/%s", n->id);
            snprintf(rq->id, sizeof rq->id, "%s", n->id);
            srv_reply_job(rq, 202);
            srv_new_jobs_start(n, 1, rq->app);
        }
    }
    free(r.proof);
    srv_new_job_free(n);
}
