/* handle_system: the process itself: health, readiness, what is where. */
#include "srv_papers.h"
#include "srv_routes.h"
#include "srv_waiters.h"

void srv_get_health(srv_request *rq)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "status", "ok");
    api_doc_string(o, "version", DESCENTD_VERSION);
    srv_reply_doc(rq, 200, o);
}

static bool touch(srv_db *db, void *arg, api_problem *p)
{
    (void)arg;
    srv_rows *rows = srv_db_query(db, SQL_JOB_STATE, p, "t", "");
    return rows && srv_db_step(db, rows, p) != SRV_FAILED;
}

void srv_get_ready(srv_request *rq)
{
    if (!srv_store_read(rq->app->store, touch, NULL, &rq->problem)) {
        rq->problem.code = API_UNAVAILABLE; /* whatever the cause: not ready */
        return;
    }
    uint64_t workers, running, queued;
    srv_pool_counts(rq->app->pool, &workers, &running, &queued);
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "status", "ready");
    api_doc_number(o, "threads", (double)rq->app->config.threads);
    api_doc_number(o, "workers", (double)workers);
    api_doc_number(o, "running", (double)running);
    api_doc_number(o, "queued", (double)queued);
    api_doc_number(o, "held", (double)srv_waiters_count(rq->app->waiters));
    uint64_t connections, shed, turned_away;
    srv_connections_counts(rq->app->connections, &connections, &shed, &turned_away);
    api_doc_number(o, "connections", (double)connections);
    api_doc_number(o, "connections_shed", (double)shed);
    api_doc_number(o, "connections_turned_away", (double)turned_away);
    srv_reply_doc(rq, 200, o);
}

void srv_get_root(srv_request *rq)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "name", "descentd");
    api_doc_string(o, "version", DESCENTD_VERSION);
    api_doc_string(
        o, "description",
        "gradient descent as a service: POST data to /v1/datasets, POST a job to /v1/jobs, "
        "poll it, fetch the parameters from /v1/models");
    api_doc_string(o, "documentation", "/openapi.json");
    cJSON *routes = api_doc_add_array(o, "routes");
    for (size_t i = 0; i < srv_routes_count; i++) {
        cJSON *r = api_doc_append_object(routes);
        api_doc_string(r, "method", srv_routes[i].method);
        api_doc_string(r, "path", srv_routes[i].pattern);
        api_doc_string(r, "summary", srv_routes[i].summary);
    }
    srv_reply_doc(rq, 200, o);
}

void srv_get_capabilities(srv_request *rq)
{
    srv_reply_shared(rq, 200, srv_papers_get(rq->app->papers, SRV_PAPER_CAPABILITIES));
}

void srv_get_openapi(srv_request *rq)
{
    srv_reply_shared(rq, 200, srv_papers_get(rq->app->papers, SRV_PAPER_OPENAPI));
}
