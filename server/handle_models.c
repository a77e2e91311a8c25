/* handle_models: fitted parameters, and predictions with them. */
#include "api_model.h"
#include "api_reader.h"
#include "srv_list.h"
#include "srv_model.h"
#include "srv_routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers in one request for predictions: what they take in memory is bounded by it. */
#define MAX_VALUES (UINT64_C(4) << 20)

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
    if (columns && names && srv_model_shape(rows, &v.model, &v.shape, &p))
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
    srv_model model;
} wanted;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    wanted *w = arg;
    return srv_model_load(db, w->id, &w->model, p);
}

/* Rows read into memory; bounded by MAX_VALUES. */
typedef struct values {
    double *v;
    size_t n, cap;
} values;

static bool put_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    values *to = ctx;
    if (to->n + n > to->cap) {
        size_t cap = 2 * (to->n + n);
        double *grown = realloc(to->v, cap * sizeof *grown);
        if (!grown)
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the rows");
        to->v = grown;
        to->cap = cap;
    }
    memcpy(to->v + to->n, v, n * sizeof *v);
    to->n += n;
    return true;
}

/* The rows of the body, their columns in the model's order, in place of what was read. */
static bool arrange(const srv_model *m, const api_dataset *d, values *rows, api_problem *p)
{
    if (d->cols != m->shape.cols)
        return api_problem_field(p, "X", "has %zu column%s, but the model has %zu", d->cols,
                                 d->cols == 1 ? "" : "s", m->shape.cols);
    if (api_dataset_plain(d))
        return true;
    double *x = malloc((size_t)d->rows * d->cols * sizeof *x);
    if (!x)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the rows");
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->cols; j++)
            x[i * d->cols + j] = rows->v[i * d->stored + d->features[j]];
    free(rows->v);
    rows->v = x;
    return true;
}

static void reply_predictions(srv_request *rq, const srv_model *m, const api_dataset *d,
                              const values *rows)
{
    double *z = malloc((size_t)d->rows * m->shape.outputs * sizeof *z);
    if (!z) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the predictions");
        return;
    }
    if (gd_predict(m->model, &m->shape, m->theta, rows->v, (size_t)d->rows, z) != GD_OK)
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the predictions");
    else
        srv_reply_text(
            rq, 200, "application/json",
            api_predictions_encode(rq->id, m->model, &m->shape, m->classes, z, (size_t)d->rows));
    free(z);
}

static bool read_rows(srv_request *rq, const api_format *format, const srv_model *m, api_dataset *d,
                      values *rows)
{
    api_problem *p = &rq->problem;
    api_read_options options = {
        .columns = m->columns, .columns_count = m->shape.cols, .max_values = MAX_VALUES};
    api_sink sink = {rows, put_values, put_values};
    void *reader = format->open(&options, &sink);
    bool ok = reader || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    ok = ok && format->feed(reader, rq->body.data ? rq->body.data : "", rq->body.len, p) &&
         format->finish(reader, d, p);
    format->close(reader);
    return ok && arrange(m, d, rows, p);
}

void srv_post_predictions(srv_request *rq)
{
    wanted w = {.id = rq->id};
    api_dataset d = {0};
    values rows = {0};
    const api_format *format =
        api_format_find(srv_request_header(rq, "Content-Type"), &rq->problem);
    if (!format || !srv_store_read(rq->app->store, load, &w, &rq->problem))
        goto end;
    if (!w.model.model)
        srv_no_such(rq, "model");
    else if (read_rows(rq, format, &w.model, &d, &rows))
        reply_predictions(rq, &w.model, &d, &rows);
end:
    api_dataset_free(&d);
    free(rows.v);
    srv_model_free(&w.model);
}
