/* handle_models: fitted parameters, and predictions with them. */
#include "api_model.h"
#include "api_numbered.h"
#include "srv_input.h"
#include "srv_list.h"
#include "srv_model.h"
#include "srv_routes.h"
#include "srv_snapshots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- documents ---- */

/* All but the shape, which a brief document has no need of. */
static api_model_view view_of(srv_rows *rows)
{
    size_t len;
    return (api_model_view){.id = srv_text(rows, 0),
                            .job_id = srv_text(rows, 1),
                            .name = srv_text(rows, 2),
                            .model = gd_model_find(srv_text(rows, 3)),
                            .target = srv_text(rows, 7),
                            .theta = srv_blob(rows, 8, &len),
                            .scaled = srv_blob(rows, 9, &len),
                            .center = srv_blob(rows, 10, &len),
                            .scale = srv_blob(rows, 11, &len),
                            .metrics = srv_text(rows, 12),
                            .validation_metrics = srv_text(rows, 18),
                            .training = srv_text(rows, 13),
                            .details = srv_text(rows, 19),
                            .preparation = srv_text(rows, 23),
                            .updates = (uint64_t)srv_integer(rows, 21) - 1,
                            .updated_at = srv_text(rows, 22),
                            .created_at = srv_text(rows, 14),
                            .classes = srv_text(rows, 15)};
}

static void encode_brief(cJSON *o, srv_rows *rows)
{
    api_model_view v = view_of(rows);
    if (v.model)
        api_model_encode(o, &v, true);
}

static void encode_full(cJSON *o, srv_rows *rows)
{
    api_problem p = {0};
    cJSON *names;
    const char **columns = srv_model_names(srv_text(rows, 6), &names);
    api_model_view v = view_of(rows);
    v.columns = columns;
    v.numbered = cJSON_IsObject(names) ? srv_text(rows, 6) : NULL;
    size_t first, count;
    if (!api_numbered_read(srv_text(rows, 6), &first, &count))
        count = (size_t)cJSON_GetArraySize(names);
    if (columns && names && srv_model_shape(rows, &v.model, &v.shape, &p) && count >= v.shape.cols)
        api_model_encode(o, &v, false);
    else
        api_doc_item(o, "columns", NULL); /* marks the document as incomplete */
    free(columns);
    cJSON_Delete(names);
}

void srv_list_models(srv_request *rq)
{
    srv_list(rq, &(srv_listing){
                     .sql = SQL_MODEL_LIST, .seq = 17, .member = "models", .encode = encode_brief});
}

void srv_get_model(srv_request *rq)
{
    srv_get_one(rq, SQL_MODEL_GET, "model", encode_full);
}

static bool delete_model(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    if (!srv_db_run(db, SQL_MODEL_DELETE, p, "t", rq->id))
        return false;
    if (srv_db_changes(db) == 0)
        srv_no_such(rq, "model");
    return p->code == API_NO_PROBLEM;
}

void srv_delete_model(srv_request *rq)
{
    if (srv_store_write(rq->app->store, delete_model, rq, &rq->problem))
        srv_reply_empty(rq, 204);
}

/* ---- predictions ---- */

typedef struct wanted {
    const char *id;
    bool on_the_way; /* as of `epoch` of its training */
    uint64_t epoch;
    srv_model model;
} wanted;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    wanted *w = arg;
    srv_model *m = &w->model;
    if (!srv_model_load(db, w->id, m, p))
        return false;
    return !m->model || !w->on_the_way ||
           srv_snapshot_of_model(db, w->id, w->epoch, m->theta, m->model->params_len(&m->shape), p);
}

static void reply_predictions(srv_request *rq, const wanted *w, const gd_data *d)
{
    const srv_model *m = &w->model;
    double *z = malloc(d->rows * m->shape.outputs * sizeof *z);
    if (!z) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the predictions");
        return;
    }
    const gd_rows rows = {.count = d->rows};
    gd_status status =
        gd_data_sparse(d)
            ? gd_predict_rows(m->model, &m->shape, m->theta, d, &rows, NULL, z, NULL)
            : gd_predict_offset(m->model, &m->shape, m->theta, d->X, d->offset, d->rows, z);
    if (status != GD_OK)
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the predictions");
    else
        srv_reply_text(
            rq, 200, "application/json",
            api_predictions_encode(rq->id, w->on_the_way ? &w->epoch : NULL, m->model, &m->shape,
                                   m->classes, z, d->rows));
    free(z);
}

void srv_post_predictions(srv_request *rq)
{
    wanted w = {.id = rq->id, .on_the_way = srv_request_query(rq, "epoch") != NULL};
    srv_input in = {0};
    const api_format *format =
        api_format_find(srv_request_header(rq, "Content-Type"), &rq->problem);
    if (!format || !srv_request_number(rq, "epoch", 0, INT64_MAX - 1, &w.epoch) || !srv_store_read(rq->app->store, load, &w, &rq->problem))
        goto end;
    if (!w.model.model)
        srv_no_such(rq, "model");
    else if (srv_input_read(&in, &w.model, &(srv_input_options){.format = format}, rq->body.data,
                            rq->body.len, &rq->problem))
        reply_predictions(rq, &w, &in.data);
end:
    srv_input_free(&in);
    srv_model_free(&w.model);
}
