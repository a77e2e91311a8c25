/* handle_parameters: the parameters that a job has recorded on its way, by pages or of one epoch.
 */
#include "srv_routes.h"
#include "srv_snapshots.h"

#include "api_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PAGE 100
#define MAX_PAGE 10000

typedef struct wanted {
    srv_request *rq;
    bool one;       /* of a single epoch */
    uint64_t epoch; /* that one */
    int64_t after;  /* only epochs above */
    uint64_t limit;
    api_job job;
    int64_t seq, recorded;
    char state[16];
    cJSON *list;  /* what was found */
    int64_t next; /* the next page's after_epoch, or -1 */
} wanted;

static bool find_job(srv_db *db, wanted *w, api_problem *p)
{
    if (!srv_job_state(db, w->rq, w->state, p))
        return false;
    srv_rows *rows = srv_db_query(db, SQL_JOB_SPEC, p, "t", w->rq->id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    const char *spec = srv_text(rows, 1);
    w->seq = srv_integer(rows, 0);
    bool ok = api_job_decode(spec, strlen(spec), &w->job, p);
    srv_db_done(rows);
    if (!ok)
        return false;
    rows = srv_db_query(db, SQL_SNAPSHOT_COUNT, p, "i", w->seq);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    w->recorded = srv_integer(rows, 0);
    srv_db_done(rows);
    return true;
}

/* Adds the row at hand; its numbers are counted. */
static bool add(wanted *w, srv_rows *rows, size_t *numbers, api_problem *p)
{
    size_t bytes;
    const gd_model *model = w->job.spec.model;
    gd_shape shape =
        gd_spec_shape(&w->job.spec, (size_t)srv_integer(rows, 1), (size_t)srv_integer(rows, 2));
    const double *theta = srv_blob(rows, 3, &bytes);
    if (bytes != model->params_len(&shape) * sizeof *theta)
        return api_problem_set(p, API_INTERNAL,
                               "the recorded parameters are not of the model's shape");
    cJSON *o = api_doc_append_object(w->list);
    api_doc_number(o, "epoch", (double)srv_integer(rows, 0));
    api_parameters_encode(api_doc_add_object(o, "parameters"), model, &shape, theta);
    *numbers += bytes / sizeof *theta;
    return true;
}

static bool read_path(srv_db *db, void *arg, api_problem *p)
{
    wanted *w = arg;
    if (!find_job(db, w, p))
        return false;
    srv_rows *rows =
        srv_db_query(db, SQL_SNAPSHOT_LIST, p, "iii", w->seq, w->after, (int64_t)w->limit + 1);
    srv_step step = SRV_FAILED;
    size_t numbers = 0;
    uint64_t count = 0;
    for (int64_t last = -1; rows && (step = srv_db_step(db, rows, p)) == SRV_ROW; count++) {
        int64_t epoch = srv_integer(rows, 0);
        bool other = w->one && epoch != (int64_t)w->epoch;
        bool full = count == w->limit || numbers >= API_MAX_RECORDED_PAGE;
        if (full && !w->one)
            w->next = last;
        if (other || full || !add(w, rows, &numbers, p)) {
            srv_db_done(rows);
            step = p->code == API_NO_PROBLEM ? SRV_END : SRV_FAILED;
            break;
        }
        last = epoch;
    }
    if (step == SRV_END && w->one && numbers == 0)
        return srv_no_snapshot(db, w->seq, w->epoch, p);
    return step == SRV_END;
}

static bool read_query(srv_request *rq, wanted *w)
{
    uint64_t after = 0;
    bool paged = srv_request_query(rq, "after_epoch") || srv_request_query(rq, "limit");
    w->one = srv_request_query(rq, "epoch") != NULL;
    if (!srv_request_number(rq, "epoch", 0, INT64_MAX - 1, &w->epoch) ||
        !srv_request_number(rq, "after_epoch", 0, INT64_MAX - 1, &after) ||
        !srv_request_number(rq, "limit", 1, MAX_PAGE, &w->limit))
        return false;
    if (w->one && paged) {
        api_problem_set(&rq->problem, API_BAD_QUERY,
                        "epoch is one alone: leave out after_epoch and limit");
        return api_problem_field(&rq->problem, "epoch",
                                 "can't be given together with after_epoch or limit");
    }
    w->after = srv_request_query(rq, "after_epoch") ? (int64_t)after : -1;
    if (w->one) {
        w->after = (int64_t)w->epoch - 1;
        w->limit = 1;
    }
    return true;
}

void srv_get_parameters(srv_request *rq)
{
    wanted w = {.rq = rq, .limit = DEFAULT_PAGE, .next = -1};
    if (!read_query(rq, &w))
        return;
    cJSON *o = cJSON_CreateObject();
    w.list = api_doc_add_array(o, "parameters");
    if (srv_store_read(rq->app->store, read_path, &w, &rq->problem)) {
        api_doc_string(o, "job_id", rq->id);
        api_doc_string(o, "state", w.state);
        api_doc_number(o, "recorded", (double)w.recorded);
        api_doc_number(o, "next_after_epoch", w.next >= 0 ? (double)w.next : NAN);
        if (w.next >= 0)
            snprintf(rq->next, sizeof rq->next,
                     "/v1/jobs/%s/parameters?after_epoch=%lld&limit=%llu", rq->id,
                     (long long)w.next, (unsigned long long)w.limit);
        srv_reply_doc(rq, 200, o);
    } else {
        cJSON_Delete(o);
    }
    api_job_free(&w.job);
}
