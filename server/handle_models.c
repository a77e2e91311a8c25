/* handle_models: fitted parameters, and predictions with them. */
#include "api_model.h"
#include "api_reader.h"
#include "srv_list.h"
#include "srv_routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers in one request for predictions: what they take in memory is bounded by it. */
#define MAX_VALUES (UINT64_C(4) << 20)

/* ---- documents ---- */

static bool view_of(srv_rows *rows, api_model_view *v)
{
    size_t len;
    *v = (api_model_view){.id = srv_text(rows, 0),
                          .job_id = srv_text(rows, 1),
                          .name = srv_text(rows, 2),
                          .model = gd_model_find(srv_text(rows, 3)),
                          .shape = {.cols = (size_t)srv_integer(rows, 4),
                                    .intercept = srv_integer(rows, 5) != 0,
                                    .outputs = (size_t)srv_integer(rows, 16)},
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
    return v->model != NULL;
}

static void encode_brief(cJSON *o, srv_rows *rows)
{
    api_model_view v;
    if (view_of(rows, &v))
        api_model_encode(o, &v, true);
}

/* The stored names as a list into *names; both are freed by the caller. */
static const char **names_of(const char *json, cJSON **names)
{
    *names = cJSON_Parse(json);
    size_t n = (size_t)cJSON_GetArraySize(*names), i = 0;
    const char **list = calloc(n ? n : 1, sizeof *list);
    const cJSON *item;
    if (list)
        cJSON_ArrayForEach (item, *names)
            list[i++] = item->valuestring;
    return list;
}

static void encode_full(cJSON *o, srv_rows *rows)
{
    api_model_view v;
    cJSON *names;
    const char **columns = names_of(srv_text(rows, 6), &names);
    v.columns = NULL;
    if (columns && names && view_of(rows, &v)) {
        v.columns = columns;
        api_model_encode(o, &v, false);
    } else {
        api_doc_item(o, "columns", NULL); /* marks the document as incomplete */
    }
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

/* What is needed of a model to predict; owned. */
typedef struct predictor {
    const srv_request *rq;
    bool found;
    const gd_model *model;
    gd_shape shape;
    double *theta;
    char *classes; /* JSON, or NULL */
    cJSON *names;
    const char **columns;
} predictor;

static bool load_predictor(srv_db *db, void *arg, api_problem *p)
{
    predictor *m = arg;
    srv_rows *rows = srv_db_query(db, SQL_MODEL_GET, p, "t", m->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    api_model_view v;
    bool ok = true;
    m->found = view_of(rows, &v);
    if (m->found) {
        m->model = v.model;
        m->shape = v.shape;
        size_t n = v.model->params_len(&v.shape) * sizeof(double);
        m->theta = malloc(n);
        if (m->theta)
            memcpy(m->theta, v.theta, n);
        m->columns = names_of(srv_text(rows, 6), &m->names);
        m->classes = v.classes ? strdup(v.classes) : NULL;
        ok = !v.classes || m->classes;
    }
    srv_db_done(rows);
    return !m->found || (ok && m->theta && m->columns && m->names) ||
           api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
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
static bool arrange(const predictor *m, const api_dataset *d, values *rows, api_problem *p)
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

static void reply_predictions(srv_request *rq, const predictor *m, const api_dataset *d,
                              const values *rows)
{
    double *z = malloc((size_t)d->rows * m->shape.outputs * sizeof *z);
    if (!z) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the predictions");
        return;
    }
    gd_predict(m->model, &m->shape, m->theta, rows->v, (size_t)d->rows, z);
    srv_reply_text(
        rq, 200, "application/json",
        api_predictions_encode(rq->id, m->model, &m->shape, m->classes, z, (size_t)d->rows));
    free(z);
}

static bool read_rows(srv_request *rq, const api_format *format, const predictor *m, api_dataset *d,
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
    predictor m = {.rq = rq};
    api_dataset d = {0};
    values rows = {0};
    const api_format *format =
        api_format_find(srv_request_header(rq, "Content-Type"), &rq->problem);
    if (!format || !srv_store_read(rq->app->store, load_predictor, &m, &rq->problem))
        goto end;
    if (!m.found)
        srv_no_such(rq, "model");
    else if (read_rows(rq, format, &m, &d, &rows))
        reply_predictions(rq, &m, &d, &rows);
end:
    api_dataset_free(&d);
    free(rows.v);
    free(m.theta);
    free(m.columns);
    free(m.classes);
    cJSON_Delete(m.names);
}
