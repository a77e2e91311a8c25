/* handle_check: is the gradient that a job trains with the derivative of its cost? */
#include "api_proof.h"
#include "gd_check.h"
#include "srv_guard.h"
#include "srv_model.h"
#include "srv_routes.h"
#include "srv_run.h"

#include <stdio.h>
#include <stdlib.h>

/* rows x parameters x coordinates that are gone through in one request: about a second. */
#define WORK 4e8

/* An error above this is none of rounding. */
#define TOLERANCE 1e-4

typedef struct model_of {
    const char *id;
    srv_model model;
} model_of;

static bool load_model(srv_db *db, void *arg, api_problem *p)
{
    model_of *m = arg;
    srv_rows *rows = srv_db_query(db, SQL_JOB_GET, p, "t", m->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    char id[SRV_ID_SIZE] = "";
    if (srv_text(rows, 12))
        snprintf(id, sizeof id, "%s", srv_text(rows, 12));
    srv_db_done(rows);
    return !*id || srv_model_load(db, id, &m->model, p);
}

static size_t most_rows(const gd_train *t)
{
    double n = (double)gd_train_params_len(t);
    double coordinates = n < (double)GD_CHECK_SAMPLE ? n : (double)GD_CHECK_SAMPLE;
    double rows = WORK / (n * (2 * coordinates + 1));
    return rows < 32 ? 32 : rows > (double)GD_MAX_ROWS ? GD_MAX_ROWS : (size_t)rows;
}

static void reply(srv_request *rq, const srv_run *w, const gd_check *c, bool fitted, size_t rows)
{
    cJSON *o = cJSON_CreateObject();
    gd_rows all;
    gd_train_rows(w->train, &all);
    api_doc_string(o, "job_id", rq->id);
    api_doc_string(o, "at", fitted ? "model" : "start");
    api_doc_bool(o, "ok", c->relative_error <= TOLERANCE);
    api_doc_number(o, "rows", (double)(all.count < rows ? all.count : rows));
    api_check_encode(o, c, w->job.spec.model, gd_train_shape(w->train));
    srv_reply_doc(rq, 200, o);
}

typedef struct checking {
    srv_request *rq;
    srv_run *w;
    const srv_model *m;
} checking;

/* The whole job's data, whatever its parts; a penalty of a path is left out. */
static bool check(void *arg, api_problem *p)
{
    const checking *all = arg;
    srv_request *rq = all->rq;
    srv_run *w = all->w;
    const srv_model *m = all->m;
    gd_error err;
    gd_check c;
    gd_spec spec = w->job.spec;
    spec.l1 = spec.l1 == GD_PATH ? 0 : spec.l1;
    spec.l2 = spec.l2 == GD_PATH ? 0 : spec.l2;
    srv_view_spec(&w->view, &spec);
    if (w->view.data.train_rows == 0 && spec.validation_fraction == GD_NO_VALIDATION)
        spec.patience = GD_NO_PATIENCE;
    if (gd_train_new(&w->train, &w->view.data, &spec, w->initial, NULL, &err) != GD_OK)
        return api_problem_core(p, &err);
    size_t rows = most_rows(w->train);
    gd_shape shape = *gd_train_shape(w->train);
    bool fitted = m->model == w->job.spec.model && m->shape.cols == shape.cols &&
                  m->shape.outputs == shape.outputs;
    if (gd_train_check(w->train, fitted ? m->theta : NULL, rows, &c, &err) != GD_OK)
        return api_problem_core(p, &err);
    reply(rq, w, &c, fitted, rows);
    return true;
}

void srv_post_gradient_check(srv_request *rq)
{
    model_of m = {.id = rq->id};
    srv_run w = {.app = rq->app, .id = rq->id};
    if (!srv_run_load(&w, &rq->problem) ||
        !srv_store_read(rq->app->store, load_model, &m, &rq->problem))
        goto end;
    if (!w.row.found)
        srv_no_such(rq, "job");
    else if (srv_run_open(&w, &rq->problem))
        srv_guarded(check, &(checking){rq, &w, &m.model}, &rq->problem);
end:
    srv_model_free(&m.model);
    srv_run_free(&w);
}
