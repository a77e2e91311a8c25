/* handle_sweeps: sweeps are asked for, watched, cancelled and deleted. What becomes of one is read
 * from the rows of its jobs, which are ordinary ones. */
#include "srv_list.h"
#include "srv_new_sweep.h"
#include "srv_routes.h"
#include "srv_waiters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the sweep");
}

/* ---- documents ---- */

static uint64_t count_in(const cJSON *states, const char *state)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(states, state);
    return n ? (uint64_t)n->valuedouble : 0;
}

static void encode_brief(cJSON *o, srv_rows *rows)
{
    cJSON *states = cJSON_Parse(srv_text(rows, 10));
    api_sweep_view v = {.id = srv_text(rows, 0),
                        .name = srv_text(rows, 1),
                        .metric = srv_text(rows, 3),
                        .children = (uint64_t)srv_integer(rows, 4),
                        .cancelled = srv_integer(rows, 7) != 0,
                        .created_at = srv_text(rows, 8),
                        .finished_at = srv_text(rows, 12),
                        .dataset_id = srv_text(rows, 13),
                        .counts = {.queued = count_in(states, "queued"),
                                   .running = count_in(states, "running"),
                                   .paused = count_in(states, "paused"),
                                   .succeeded = count_in(states, "succeeded"),
                                   .failed = count_in(states, "failed"),
                                   .cancelled = count_in(states, "cancelled"),
                                   .diverged = (uint64_t)srv_integer(rows, 11)}};
    api_sweep_encode(o, &v);
    cJSON_Delete(states);
}

/* The curve of a range test. */
static bool add_curve(srv_db *db, cJSON *child, int64_t job, bool ended, api_problem *p)
{
    gd_range_point *points = calloc(API_MAX_TEST_EPOCHS, sizeof *points);
    size_t n = 0;
    if (!points)
        return no_memory(p);
    srv_rows *rows =
        srv_db_query(db, SQL_POINT_LIST, p, "iii", job, (int64_t)0, (int64_t)API_MAX_TEST_EPOCHS);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        points[n++] =
            (gd_range_point){.learning_rate = srv_real(rows, 3), .cost = srv_real(rows, 1)};
    if (step == SRV_END)
        api_curve_encode(child, points, n, ended);
    free(points);
    return step == SRV_END;
}

static bool add_child(srv_db *db, srv_rows *rows, const char *metric, api_ranked *r, api_problem *p)
{
    api_child_view v = {.job_id = srv_text(rows, 0),
                        .state = srv_text(rows, 1),
                        .stop_reason = srv_text(rows, 2),
                        .model_id = srv_text(rows, 3),
                        .settings = srv_text(rows, 4),
                        .number = (uint64_t)srv_integer(rows, 5),
                        .detail = srv_text(rows, 6),
                        .metric = metric,
                        .value = srv_real(rows, 7),
                        .cost = srv_real(rows, 8),
                        .validation_cost = srv_real(rows, 9),
                        .seconds = srv_real(rows, 10)};
    bool ended = api_child_ended(&v);
    *r = (api_ranked){.value = v.value, .ended = ended && metric, .number = (size_t)v.number};
    cJSON *child = r->of = cJSON_CreateObject();
    api_child_encode(child, &v);
    return metric || add_curve(db, child, srv_integer(rows, 11), ended, p);
}

/* Hands the children over to the document, the best first. */
static void add_ranked(cJSON *doc, api_ranked *list, size_t count, const api_metric *m)
{
    static const char *const shown[] = {"number", "settings", "job_id", "model_id", "value"};
    if (m)
        api_rank(list, count, api_metric_higher(m));
    cJSON *jobs = cJSON_CreateArray(), *best = NULL;
    if (m && count && list[0].rank == 1 && !isnan(list[0].value)) {
        best = api_doc_add_object(doc, "best");
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
            api_doc_item(
                best, shown[i],
                cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(list[0].of, shown[i]), true));
    } else {
        api_doc_null(doc, "best");
    }
    for (size_t i = 0; i < count; i++) {
        api_doc_number(list[i].of, "rank", list[i].rank ? (double)list[i].rank : NAN);
        if (!jobs || !list[i].of || !cJSON_AddItemToArray(jobs, list[i].of)) {
            cJSON_Delete(list[i].of);
            cJSON_Delete(jobs);
            jobs = NULL;
        }
        list[i].of = NULL;
    }
    api_doc_item(doc, "jobs", jobs);
}

static bool add_children(srv_db *db, cJSON *doc, int64_t sweep, size_t children, const char *metric,
                         api_problem *p)
{
    api_metric m = {.name = NULL};
    if (*metric && !api_metric_find(metric, "metric", &m, p))
        return false;
    api_ranked *list = calloc(children ? children : 1, sizeof *list);
    size_t count = 0;
    srv_rows *rows =
        list ? srv_db_query(db, SQL_SWEEP_CHILDREN, p, "iti", sweep, m.name, (int64_t)m.validation)
             : NULL;
    srv_step step = list ? SRV_FAILED : (no_memory(p), SRV_FAILED);
    bool ok = true;
    while (ok && rows && count < children && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        ok = add_child(db, rows, *metric ? metric : NULL, &list[count++], p);
    ok = ok && rows && step != SRV_FAILED;
    if (ok)
        add_ranked(doc, list, count, *metric ? &m : NULL);
    else
        for (size_t i = 0; i < count; i++)
            cJSON_Delete(list[i].of);
    free(list);
    return ok;
}

typedef struct reading {
    const char *id;
    cJSON *doc;
    bool found;
} reading;

static bool read_sweep(srv_db *db, void *arg, api_problem *p)
{
    reading *r = arg;
    srv_rows *rows = srv_db_query(db, SQL_SWEEP_GET, p, "t", r->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    char metric[API_METRIC_SIZE];
    r->found = true;
    encode_brief(r->doc, rows);
    int64_t sweep = srv_integer(rows, 9);
    size_t children = (size_t)srv_integer(rows, 4);
    snprintf(metric, sizeof metric, "%s", srv_text(rows, 3) ? srv_text(rows, 3) : "");
    cJSON *spec = cJSON_CreateObject();
    api_doc_embed(spec, "spec", srv_text(rows, 2));
    api_doc_embed(r->doc, "warnings", srv_text(rows, 6));
    api_doc_embed(r->doc, "skipped", srv_text(rows, 5));
    srv_db_done(rows);
    bool ok = add_children(db, r->doc, sweep, children, metric, p);
    /* at the end: it may be long */
    api_doc_item(r->doc, "request", cJSON_DetachItemFromObjectCaseSensitive(spec, "spec"));
    cJSON_Delete(spec);
    return ok;
}

static void reply_sweep(srv_request *rq, const char *id, int status)
{
    reading r = {.id = id, .doc = cJSON_CreateObject()};
    if (srv_store_read(rq->app->store, read_sweep, &r, &rq->problem) && r.found) {
        srv_reply_doc(rq, status, r.doc);
        return;
    }
    cJSON_Delete(r.doc);
    srv_no_such(rq, "sweep");
}

/* ---- POST ---- */

void srv_post_sweep(srv_request *rq)
{
    srv_new_sweep n = {.tenant = rq->token.tenant};
    const char *body = rq->body.data ? rq->body.data : "";
    if (srv_json_body(rq) && srv_new_sweep_read(&n, rq->app, body, rq->body.len, &rq->problem) &&
        srv_new_sweep_store(&n, rq->app, &rq->problem)) {
        reply_sweep(rq, n.id, 202);
        snprintf(rq->location, sizeof rq->location, "/v1/sweeps/%s", n.id);
        srv_new_sweep_start(&n, rq->app);
    }
    srv_new_sweep_free(&n);
}

/* ---- GET ---- */

void srv_list_sweeps(srv_request *rq)
{
    srv_list(rq, &(srv_listing){
                     .sql = SQL_SWEEP_LIST, .seq = 9, .member = "sweeps", .encode = encode_brief});
}

typedef struct unfinished {
    const char *sweep;
    char (*ids)[SRV_ID_SIZE]; /* owned */
    size_t count;
    bool waiting; /* the first of them is not paused */
    bool exists, cancelled;
} unfinished;

static bool find_unfinished(srv_db *db, unfinished *u, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_SWEEP_UNFINISHED, p, "t", u->sweep);
    srv_step step = SRV_FAILED;
    free(u->ids); /* work may be done again */
    u->ids = calloc(API_MAX_CHILDREN, sizeof *u->ids);
    u->count = 0;
    while (rows && u->ids && u->count < API_MAX_CHILDREN &&
           (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        if (u->count == 0)
            u->waiting = srv_integer(rows, 1) == 0;
        snprintf(u->ids[u->count++], SRV_ID_SIZE, "%s", srv_text(rows, 0));
    }
    if (rows && step == SRV_ROW)
        srv_db_done(rows);
    if (!u->ids)
        return no_memory(p);
    return rows && step != SRV_FAILED;
}

static bool read_unfinished(srv_db *db, void *arg, api_problem *p)
{
    return find_unfinished(db, arg, p);
}

/* Holds the request until one of its jobs ends: the last in the queue, so that the others have
 * probably ended by then. False: there is none to wait for. */
static bool hold(srv_request *rq)
{
    unfinished u = {.sweep = rq->id};
    api_problem ignored = {0};
    bool held = false;
    if (srv_store_read(rq->app->store, read_unfinished, &u, &ignored) && u.waiting &&
        srv_pool_has(rq->app->pool, u.ids[0]) && srv_waiters_hold(rq->app->waiters, rq, u.ids[0])) {
        held = true;
        /* it may have left the pool before it was on the list */
        if (!srv_pool_has(rq->app->pool, u.ids[0]))
            srv_waiters_wake(rq->app->waiters, u.ids[0]);
    }
    free(u.ids);
    return held;
}

void srv_get_sweep(srv_request *rq)
{
    enum { TRIES = 3 }; /* a job may end between the look at its row and at the pool */
    uint64_t wait = 0;
    if (!srv_request_number(rq, "wait", 0, SRV_MAX_WAIT, &wait))
        return;
    rq->deadline = rq->began + (double)wait;
    for (int i = 0; i < TRIES && srv_monotonic() < rq->deadline; i++)
        if (hold(rq))
            return;
    reply_sweep(rq, rq->id, 200);
}

/* ---- cancel and DELETE ---- */

/* Its row, and those of its jobs that have not ended. False when there is none, or p says why. */
static bool look(srv_db *db, srv_request *rq, unfinished *u, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_SWEEP_GET, p, "t", rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        srv_no_such(rq, "sweep");
    if (step != SRV_ROW)
        return false;
    u->cancelled = srv_integer(rows, 7) != 0;
    srv_db_done(rows);
    return find_unfinished(db, u, p);
}

typedef struct ending {
    srv_request *rq;
    unfinished left;
} ending;

static bool cancel_jobs(srv_db *db, void *arg, api_problem *p)
{
    ending *e = arg;
    char now[SRV_TIME_SIZE];
    if (!look(db, e->rq, &e->left, p))
        return false;
    if (e->left.count == 0 && !e->left.cancelled)
        return api_problem_set(p, API_CONFLICT, "the sweep has already ended");
    return srv_db_run(db, SQL_SWEEP_CANCEL, p, "t", e->rq->id) &&
           srv_db_run(db, SQL_SWEEP_CANCEL_JOBS, p, "tt", srv_time_text(now), e->rq->id);
}

void srv_cancel_sweep(srv_request *rq)
{
    /* The rows come first: workers that are told afterwards find nothing more to write to. */
    ending e = {.rq = rq, .left = {.sweep = rq->id}};
    if (srv_store_write(rq->app->store, cancel_jobs, &e, &rq->problem)) {
        for (size_t i = 0; i < e.left.count; i++) {
            srv_pool_cancel(rq->app->pool, e.left.ids[i]);
            srv_waiters_wake(rq->app->waiters, e.left.ids[i]);
        }
        reply_sweep(rq, rq->id, 202);
    }
    free(e.left.ids);
}

static bool delete_sweep(srv_db *db, void *arg, api_problem *p)
{
    ending *e = arg;
    if (!look(db, e->rq, &e->left, p))
        return false;
    if (e->left.count)
        return api_problem_set(p, API_CONFLICT,
                               "%zu jobs of the sweep have not ended; cancel it first",
                               e->left.count);
    return srv_db_run(db, SQL_SWEEP_DELETE_JOBS, p, "t", e->rq->id) &&
           srv_db_run(db, SQL_SWEEP_DELETE, p, "t", e->rq->id);
}

void srv_delete_sweep(srv_request *rq)
{
    ending e = {.rq = rq, .left = {.sweep = rq->id}};
    if (srv_store_write(rq->app->store, delete_sweep, &e, &rq->problem))
        srv_reply_empty(rq, 204);
    free(e.left.ids);
}
