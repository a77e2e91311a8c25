/* handle_diagnostics: how would this data train? Its curvature, the learning rates that follow from
 * it, and what is wrong with its columns, before anything is trained. */
#include "api_proof.h"
#include "srv_guard.h"
#include "srv_model.h"
#include "srv_new_job.h"
#include "srv_routes.h"
#include "srv_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* rows x parameters^2 that are gone through in one request, some three times: a third of a
 * second. */
#define WORK 1e8

#define TOLERANCE 1e-6 /* that epochs are told for, unless asked otherwise */

typedef struct asked {
    double learning_rate, tolerance; /* rate: NaN for none */
    bool standardize;
} asked;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    srv_new_job *n = arg;
    return srv_dataset_load(db, n->job.dataset_id, &n->dataset, p);
}

/* What is said of a job by the query, as a job; its dataset is known. */
static char *as_job(srv_request *rq, const srv_dataset *d, asked *a)
{
    bool intercept = true;
    double l2 = 0;
    size_t labels = srv_dataset_labels(d);
    const char *model = srv_request_query(rq, "model"), *cost = srv_request_query(rq, "cost"),
               *missing = srv_request_query(rq, "missing");
    *a = (asked){.learning_rate = NAN, .tolerance = TOLERANCE, .standardize = true};
    if (!srv_request_real(rq, "l2", &l2) || !srv_request_bool(rq, "intercept", &intercept) ||
        !srv_request_bool(rq, "standardize", &a->standardize) ||
        !srv_request_real(rq, "learning_rate", &a->learning_rate) ||
        !srv_request_real(rq, "tol", &a->tolerance))
        return NULL;
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "dataset_id", d->id);
    api_doc_string(o, "model",
                   model         ? model
                   : labels == 0 ? "linear_regression"
                   : labels == 2 ? "logistic_regression"
                                 : "softmax_regression");
    if (cost)
        api_doc_string(o, "cost", cost);
    if (missing)
        api_doc_string(o, "missing", missing);
    api_doc_number(o, "l2", l2);
    api_doc_bool(o, "intercept", intercept);
    api_doc_bool(o, "standardize", a->standardize);
    /* any number will do where none is asked about: "auto" is not for every cost */
    api_doc_number(o, "learning_rate", isnan(a->learning_rate) ? 1 : a->learning_rate);
    char *text = api_doc_take_text(o);
    if (!text)
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for diagnostics");
    return text;
}

static bool read_query(srv_request *rq, srv_new_job *n, asked *a)
{
    char *text = as_job(rq, &n->dataset, a);
    if (!text)
        return false;
    bool ok = api_job_decode(text, strlen(text), &n->job, &rq->problem) &&
              srv_new_job_check(n, rq->app, &rq->problem);
    free(text);
    if (ok && !(a->tolerance > 0 && a->tolerance < 1))
        ok = api_problem_field(&rq->problem, "tol", "must be in (0, 1), got %g", a->tolerance);
    /* what a job names in its fields is named here by the query */
    if (rq->problem.code == API_INVALID)
        rq->problem.code = API_BAD_QUERY;
    return ok;
}

static void reply(srv_request *rq, const srv_new_job *n, const gd_diagnosis *d, const asked *a,
                  size_t rows)
{
    const gd_spec *s = &n->job.spec;
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "dataset_id", n->dataset.id);
    api_doc_string(o, "model", s->model->name);
    api_doc_string(o, "cost", s->cost->name);
    api_doc_number(o, "l2", s->l2);
    api_doc_bool(o, "intercept", s->intercept);
    api_doc_number(o, "rows", (double)n->dataset.rows);
    api_doc_number(o, "rows_used", (double)rows);
    api_diagnosis_encode(o, d, a->learning_rate, a->tolerance, a->standardize);
    srv_reply_doc(rq, 200, o);
}

/* Is the target what the model is for? A job would fail for it. */
static bool fits(srv_request *rq, const gd_spec *s, const gd_data *data)
{
    gd_task task = gd_spec_task(s, data->classes);
    size_t i = 0;
    while (task == GD_COUNT && i < data->rows && data->y[i] >= 0)
        i++;
    bool many = task == GD_BINARY && data->classes != 2,
         few = task == GD_MULTICLASS && data->classes < 2,
         negative = task == GD_COUNT && i < data->rows;
    if (!many && !few && !negative)
        return true;
    return negative
               ? api_problem_query(&rq->problem, "model",
                                   "\"%s\" needs targets of 0 or more, row %zu has %g",
                                   s->model->name, i + 1, data->y[i])
               : api_problem_query(&rq->problem, "model",
                                   "\"%s\" needs %s classes in the target, got %zu", s->model->name,
                                   many ? "exactly 2" : "at least 2", data->classes);
}

static void diagnose(srv_request *rq, srv_new_job *n, const asked *a, const gd_data *data,
                     const char *const *names)
{
    gd_error err;
    gd_diagnosis d;
    const gd_spec *s = &n->job.spec;
    gd_fit fit = {.model = s->model,
                  .shape = gd_spec_shape(s, data->cols, data->classes),
                  .cost = s->cost,
                  .cost_hyper = &s->cost_hyper,
                  .data = data,
                  .l2 = s->l2};
    double columns = (double)gd_fit_columns(&fit);
    srv_sample sample;
    if (!srv_sample_rows(&sample, data->rows, WORK / (columns * columns), &rq->problem))
        return;
    fit.rows = sample.rows;
    if (gd_diagnose(&d, &fit, names, &err) == GD_OK) {
        const gd_extremes *e = a->standardize ? &d.standardized : &d.raw;
        if (!isnan(a->learning_rate))
            gd_diagnose_rate(&d, a->learning_rate, e->max_stable_rate, e->best_rate);
        reply(rq, n, &d, a, fit.rows.count);
    } else {
        api_problem_core(&rq->problem, &err);
    }
    srv_sample_free(&sample);
}

/* With the names of the columns as they are trained on. */
static void diagnose_view(srv_request *rq, srv_new_job *n, const asked *a, const srv_view *view)
{
    cJSON *owner;
    const char **names = srv_model_names(view->columns, &owner);
    if (names && owner)
        diagnose(rq, n, a, &view->data, names);
    else
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for diagnostics");
    free(names);
    cJSON_Delete(owner);
}

typedef struct diagnosing {
    srv_request *rq;
    srv_new_job *n;
    const asked *a;
    const srv_view *view;
} diagnosing;

/* The request's problem is the guard's, too. */
static bool diagnose_rows(void *arg, api_problem *p)
{
    const diagnosing *d = arg;
    diagnose_view(d->rq, d->n, d->a, d->view);
    return p->code == API_NO_PROBLEM;
}

void srv_get_diagnostics(srv_request *rq)
{
    asked a;
    srv_view view = {0};
    srv_new_job n = {.job = {.dataset_id = rq->id}, .tenant = rq->token.tenant};
    bool ok = srv_store_read(rq->app->store, load, &n, &rq->problem);
    n.job.dataset_id = NULL; /* borrowed */
    if (ok && !n.dataset.id)
        srv_no_such(rq, "dataset");
    else if (ok && read_query(rq, &n, &a) &&
             srv_view_open(&view, rq->app->cache, &n.job, &n.dataset, NULL, &rq->problem) &&
             fits(rq, &n.job.spec, &view.data))
        srv_guarded(diagnose_rows, &(diagnosing){rq, &n, &a, &view}, &rq->problem);
    srv_view_close(&view);
    srv_new_job_free(&n);
}
