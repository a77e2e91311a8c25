/* handle_evaluations: how good is a model on this data? */
#include "api_evaluation.h"
#include "srv_evaluate.h"
#include "srv_guard.h"
#include "srv_routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct wanted {
    const char *id;
    srv_model model;
} wanted;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    wanted *w = arg;
    return srv_model_load(db, w->id, &w->model, p);
}

/* Opens the data that the request names; fields of an inline dataset are named below it. */
static bool open_data(srv_request *rq, const api_evaluation *e, const srv_model *m, srv_input *in)
{
    api_problem p = {0};
    if (e->dataset_id)
        return srv_input_open(in, m, rq->app, rq->token.tenant, e->dataset_id, &rq->problem);
    srv_input_options how = {.format = api_formats[0], .labelled = true};
    bool ok = srv_input_read(in, m, &how, rq->body.data + e->dataset_start,
                             e->dataset_end - e->dataset_start, &p);
    if (ok)
        return true;
    if (p.code != API_INVALID) {
        rq->problem = p;
        return false;
    }
    for (size_t i = 0; i < p.errors_count; i++) {
        char field[sizeof p.errors[i].field + 8];
        snprintf(field, sizeof field, "dataset.%s", p.errors[i].field);
        api_problem_field(&rq->problem, field, "%s", p.errors[i].message);
    }
    return false;
}

static void reply(srv_request *rq, const api_evaluation_view *v)
{
    cJSON *o = cJSON_CreateObject();
    api_evaluation_encode(o, v);
    srv_reply_doc(rq, 200, o);
}

/* What was measured when the model was trained. */
static void reply_trained(srv_request *rq, const api_evaluation *e, const srv_model *m)
{
    if (e->on_validation && !m->validation_metrics) {
        api_problem_field(&rq->problem, "on", "is \"validation\", but the model was trained "
                                              "without: give a dataset");
        return;
    }
    if (m->version > 1) {
        api_problem_set(&rq->problem, API_CONFLICT,
                        "the model has learned from %lld updates since it was measured in "
                        "training: give a dataset",
                        (long long)m->version - 1);
        return;
    }
    const api_evaluation_view view = {.model_id = rq->id,
                                      .on = e->on_validation ? "validation" : "training",
                                      .version = (uint64_t)m->version,
                                      .rows = NAN,
                                      .metrics = e->on_validation ? m->validation_metrics
                                                                  : m->metrics,
                                      .classes = m->classes};
    reply(rq, &view);
}

typedef struct measuring {
    const srv_model *m;
    const gd_data *data;
    srv_evaluation *out;
} measuring;

static bool measure(void *arg, api_problem *p)
{
    const measuring *e = arg;
    return srv_evaluate(e->m, e->data, e->out, p);
}

static void reply_measured(srv_request *rq, const api_evaluation *e, const srv_model *m)
{
    srv_input in = {0};
    srv_evaluation r = {0};
    measuring all = {m, &in.data, &r};
    if (open_data(rq, e, m, &in) && srv_guarded(measure, &all, &rq->problem)) {
        const api_evaluation_view view = {.model_id = rq->id,
                                          .on = "dataset",
                                          .dataset_id = e->dataset_id,
                                          .version = (uint64_t)m->version,
                                          .rows = (double)in.data.rows,
                                          .cost_name = m->job.spec.cost->name,
                                          .cost = r.cost,
                                          .objective = r.objective,
                                          .metrics = r.metrics,
                                          .classes = m->classes};
        reply(rq, &view);
    }
    free(r.metrics);
    srv_input_free(&in);
}

void srv_post_evaluation(srv_request *rq)
{
    wanted w = {.id = rq->id};
    api_evaluation e = {0};
    const char *body = rq->body.data ? rq->body.data : "";
    if (srv_json_body(rq) && api_evaluation_decode(body, rq->body.len, &e, &rq->problem) &&
        srv_store_read(rq->app->store, load, &w, &rq->problem)) {
        if (!w.model.model)
            srv_no_such(rq, "model");
        else if (e.on_training || e.on_validation)
            reply_trained(rq, &e, &w.model);
        else
            reply_measured(rq, &e, &w.model);
    }
    api_evaluation_free(&e);
    srv_model_free(&w.model);
}
