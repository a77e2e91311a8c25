/* handle_dry_run: what would become of a job? It is read and checked as one that is posted, and
 * nothing of it is kept. */
#include "srv_forecast.h"
#include "srv_new_job.h"
#include "srv_routes.h"

#include <stdlib.h>
#include <string.h>

static void reply(srv_request *rq, const srv_new_job *n, const char *dataset_id, srv_forecast *f)
{
    f->shown.spec = n->spec;
    f->shown.objective = n->objective;
    f->shown.dataset_id = n->ingest ? NULL : dataset_id;
    f->shown.dataset = n->ingest ? (double)n->ingest->stored.bytes : 0;
    cJSON *o = cJSON_CreateObject();
    api_forecast_encode(o, &f->shown);
    srv_reply_doc(rq, 200, o);
}

/* The job as a run that was just loaded; what it takes of n, n has no longer. */
static bool as_run(srv_run *w, srv_new_job *n, api_problem *p)
{
    w->row.spec = strdup(n->spec);
    if (!w->row.spec)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
    w->row.initial = n->initial;
    w->row.initial_len = n->initial_len;
    w->row.initial_columns = n->initial_columns;
    n->initial_columns = NULL;
    w->dataset = n->dataset;
    n->initial = NULL;
    n->dataset = (srv_dataset){0};
    return true;
}

void srv_post_dry_run(srv_request *rq)
{
    srv_ingest ingest = {0};
    srv_new_job n = {0};
    srv_run w = {.app = rq->app, .id = ""};
    srv_forecast f = {0};
    if (srv_job_read(rq, &n, &ingest) && srv_new_job_check(&n, rq->app, &rq->problem) &&
        as_run(&w, &n, &rq->problem) && srv_forecast_make(&f, &w, &rq->problem))
        reply(rq, &n, w.dataset.id, &f);
    srv_forecast_free(&f);
    srv_run_free(&w);
    if (*ingest.id)
        srv_cache_forget(rq->app->cache, ingest.stored.sha256);
    srv_ingest_free(&ingest);
    srv_new_job_free(&n);
}
