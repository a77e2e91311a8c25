/* srv_new_job: checks, then one transaction. */
#include "srv_new_job.h"

#include "api_dataset.h"
#include "api_objective.h"
#include "srv_complete.h"
#include "srv_job_limits.h"
#include "srv_kept.h"
#include "srv_model.h"
#include "srv_quota.h"
#include "srv_token.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the job");
}

/* ---- the data it names ---- */

static bool copy(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

bool srv_new_job_ingested(srv_new_job *n, api_problem *p)
{
    const srv_ingest *g = n->ingest;
    srv_dataset *d = &n->dataset;
    d->rows = g->dataset.rows;
    d->cols = g->dataset.cols;
    d->sparse = g->dataset.sparse;
    d->names = calloc(d->cols ? d->cols : 1, sizeof *d->names);
    for (size_t j = 0; d->names && j < d->cols; j++)
        d->names[j] = g->dataset.columns[j]; /* the ingest outlives this */
    return (d->names && copy(&d->id, g->id) && copy(&d->name, srv_ingest_name(g)) &&
            copy(&d->target, g->dataset.target) && copy(&d->labels, g->labels) &&
            copy(&d->columns, g->columns) && copy(&d->sha256, g->stored.sha256) &&
            copy(&d->tenant, srv_tenant_name(g->tenant)) &&
            api_kinds_decode(g->kinds, d->cols + 1, &d->kinds)) ||
           no_memory(p);
}

typedef struct look_up {
    srv_new_job *n;
    srv_dataset validation;
    bool found;
} look_up;

static bool find_model(srv_db *db, srv_new_job *n, api_problem *p)
{
    bool theirs = srv_owned(db, n->job.start_from, n->tenant, p);
    srv_rows *rows = srv_db_query(db, SQL_MODEL_GET, p, "t", theirs ? n->job.start_from : "");
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        return api_problem_field(p, "start_from", "there is no model with id \"%.60s\"",
                                 n->job.start_from);
    if (step == SRV_FAILED)
        return false;
    size_t len;
    bool same = strcmp(srv_text(rows, 3), n->job.spec.model->name) == 0;
    const void *theta = srv_blob(rows, 8, &len);
    if (!same)
        api_problem_field(p, "start_from", "is a \"%s\", but model is \"%s\"", srv_text(rows, 3),
                          n->job.spec.model->name);
    else if (!(n->initial = malloc(len ? len : 1)))
        no_memory(p);
    else
        memcpy(n->initial, theta, len);
    n->initial_len = len / sizeof *n->initial;
    bool ok = same && n->initial && (copy(&n->initial_columns, srv_text(rows, 6)) || no_memory(p));
    srv_db_done(rows);
    return ok;
}

static bool find_dataset(srv_db *db, void *arg, api_problem *p)
{
    srv_new_job *n = arg;
    bool theirs = n->dataset.id || srv_owned(db, n->job.dataset_id, n->tenant, p);
    if (theirs && !n->dataset.id && !srv_dataset_load(db, n->job.dataset_id, &n->dataset, p))
        return false;
    return n->dataset.id ||
           api_problem_field(p, "dataset_id", "there is no dataset with id \"%.60s\"",
                             n->job.dataset_id);
}

static bool find_others(srv_db *db, void *arg, api_problem *p)
{
    look_up *l = arg;
    srv_new_job *n = l->n;
    const char *other = n->job.validation_dataset_id;
    bool theirs = other && srv_owned(db, other, n->tenant, p);
    if (theirs && !srv_dataset_load(db, other, &l->validation, p))
        return false;
    if (other && !l->validation.id)
        return api_problem_field(p, "validation_dataset_id",
                                 "there is no dataset with id \"%.60s\"", other);
    return !n->job.start_from || n->initial || find_model(db, n, p);
}

/* ---- does it all fit? ---- */

/* What can be said of classes before the rows are read: of labels that are texts. */
static bool check_classes(const srv_new_job *n, size_t labels, api_problem *p)
{
    double *weights = NULL;
    gd_task task = gd_spec_task(&n->job.spec, labels);
    if (n->job.offset && task == GD_MULTICLASS)
        return api_problem_field(p, "offset",
                                 "is added to the score of every class alike, which changes "
                                 "nothing in \"%s\": leave it out",
                                 n->job.spec.model->name);
    if (labels && (task == GD_BINARY ? labels != 2 : labels < 2))
        return api_problem_field(p, "model", "\"%s\" needs %s classes in the target, got %zu",
                                 n->job.spec.model->name,
                                 task == GD_BINARY ? "exactly 2" : "at least 2", labels);
    bool ok = !labels || api_class_weights(&n->job, n->dataset.labels, &weights, p);
    free(weights);
    return ok;
}

/* Says what "auto" stands for, now that the target is known, and looks whether it all fits. Whole
 * numbers may be classes too, but are so for a model of classes alone. */
static bool settle(srv_new_job *n, size_t labels, api_problem *p)
{
    gd_spec *spec = &n->job.spec;
    bool several = gd_model_several(spec->model);
    gd_spec_settle(spec, labels, n->job.cost_given);
    if (labels && !(gd_spec_task(spec, labels) & GD_CLASSES))
        return api_problem_field(
            p, several ? "model.task" : "model",
            "\"%s\" needs numbers, but the dataset's target is class labels; use %s",
            several ? "regression" : spec->model->name,
            several ? "\"binary\", \"multiclass\" or \"auto\""
                    : "\"logistic_regression\" or \"softmax_regression\"");
    api_job_check(&n->job, p);
    return p->code == API_NO_PROBLEM && check_classes(n, labels, p);
}

/* Names of the columns that are trained on, as far as they are known before the rows are read: a list
 * of *cols, the caller's as is *names, which owns them. NULL with the field in p. */
static const char **trained_columns(const srv_new_job *n, const api_columns *roles, cJSON **names,
                                    size_t *cols, api_problem *p)
{
    const srv_dataset *d = &n->dataset;
    const srv_preparing from = {
        .job = &n->job, .names = d->names, .kinds = d->kinds, .roles = roles};
    api_preparation outline = {0};
    const char **list = NULL;
    *names = NULL;
    *cols = roles->features_count;
    bool prepared = srv_prepare_needed(&from), ok = true;
    if (prepared && d->sparse) {
        api_problem_field(p, n->job.features ? "features" : "missing",
                          "is not for sparse datasets, which have no missing values and no room for "
                          "products");
        return NULL;
    }
    if (prepared && (ok = srv_prepare_outline(&from, &outline, p))) {
        char *text = srv_prepared_names(&outline, NULL);
        *cols = gd_prepare_outputs(outline.core);
        list = text ? srv_model_names(text, names) : NULL;
        free(text);
    } else if (!prepared && (list = calloc(*cols, sizeof *list))) {
        for (size_t j = 0; j < *cols; j++)
            list[j] = d->names[roles->features[j]];
    }
    api_preparation_free(&outline);
    if (ok && !list)
        no_memory(p);
    return list;
}

/* May the columns that are trained on be fewer than trained_columns says? */
static bool may_have_fewer(const srv_new_job *n)
{
    const api_job *job = &n->job;
    return n->dataset.kinds &&
           (job->group_by || job->missing == API_MISSING_DROP || job->missing_indicator ||
            job->spec.validation_fraction != GD_NO_VALIDATION);
}

static bool check_columns(srv_new_job *n, size_t labels, const srv_config *config, api_problem *p)
{
    gd_error err;
    api_columns roles;
    const srv_dataset *d = &n->dataset;
    if (!api_columns_resolve(&n->job, d->names, d->cols, &roles, p))
        return false;
    size_t cols;
    cJSON *names = NULL;
    double *initial = NULL, *bounds = NULL, *weights = NULL;
    const char **columns = NULL;
    bool ok = srv_complete_check(&n->job, d, &roles, "dataset_id", p) &&
              api_reference_check(&n->job, d->names, d->kinds, d->cols, p) &&
              (columns = trained_columns(n, &roles, &names, &cols, p)) != NULL;
    if (ok && gd_spec_check_shape(&n->job.spec, cols, labels, &err) != GD_OK)
        ok = api_problem_core(p, &err);
    gd_shape shape = ok ? gd_spec_shape(&n->job.spec, cols, labels) : (gd_shape){0};
    n->kept = ok ? srv_kept_at_most(&n->job, &shape) : 0;
    ok = ok && api_job_check_recorded(&n->job, n->job.spec.epochs,
                                      n->job.spec.model->params_len(&shape), p);
    ok = ok && (n->replay_of || srv_job_limits_check(&n->job, d->rows, cols, labels, d->sparse,
                                                     names != NULL, config, p));
    ok = ok && api_bounds(&n->job, columns, cols, &bounds, p) &&
         (!n->job.sample_weight || api_sample_weights(&n->job, d->rows, &weights, p)) &&
         (may_have_fewer(n) || api_job_initial(&n->job, cols, labels, &initial, p));
    free(initial);
    free(bounds);
    free(weights);
    free(columns);
    cJSON_Delete(names);
    api_columns_free(&roles);
    return ok;
}

static bool check_folds(const srv_new_job *n, api_problem *p)
{
    return n->job.cross_validation <= n->dataset.rows ||
           api_problem_field(
               p, "cross_validation", "must be at most the number of rows, %llu, got %llu",
               (unsigned long long)n->dataset.rows, (unsigned long long)n->job.cross_validation);
}

/* Columns of sparse rows are features alone. */
static bool check_sparse(const srv_new_job *n, api_problem *p)
{
    const api_job *j = &n->job;
    const struct {
        const char *column, *field, *instead;
    } roles[] = {{j->weight_column, "sample_weight", ": give an array of weights"},
                 {j->offset, "offset", ""},
                 {j->group_by, "group_by", ""}};
    bool ok = true;
    for (size_t i = 0; n->dataset.sparse && i < sizeof roles / sizeof roles[0]; i++)
        if (roles[i].column)
            ok = api_problem_field(p, roles[i].field,
                                   "can't be a column of a sparse dataset, whose columns are "
                                   "features alone%s",
                                   roles[i].instead);
    return ok;
}

static bool check_validation(const srv_dataset *d, const srv_dataset *v, api_problem *p)
{
    if (v->id && v->sparse != d->sparse)
        return srv_layouts_differ("validation_dataset_id", d->sparse, p);
    if (v->id && !v->labels != !d->labels)
        return api_problem_field(
            p, "validation_dataset_id", "has %s as its target, but the dataset to train on has %s",
            v->labels ? "labels" : "numbers", d->labels ? "labels" : "numbers");
    return true;
}

bool srv_new_job_check(srv_new_job *n, srv_app *app, api_problem *p)
{
    look_up l = {.n = n};
    bool ok = srv_store_read(app->store, find_dataset, n, p) &&
              api_job_translate(&n->job, n->dataset.rows, p) &&
              srv_store_read(app->store, find_others, &l, p);
    size_t labels = ok ? srv_dataset_labels(&n->dataset) : 0;
    ok = ok && settle(n, labels, p) && check_sparse(n, p) && check_validation(&n->dataset, &l.validation, p) &&
         check_folds(n, p) && check_columns(n, labels, &app->config, p);
    srv_dataset_free(&l.validation);
    if (!ok)
        return false;
    bool weighted =
        n->job.weight_column || n->job.sample_weight || n->job.class_weight || n->job.spec.balanced;
    double aside = n->job.spec.validation_fraction;
    uint64_t train = n->dataset.rows - (uint64_t)(aside * (double)n->dataset.rows + 0.5);
    free(n->spec);
    free(n->objective);
    n->spec = api_doc_take_text(api_job_encode_spec(&n->job, n->dataset.id));
    n->objective = api_doc_take_text(api_objective_encode(&n->job.spec, train, weighted));
    return (n->spec && n->objective) || no_memory(p);
}

/* ---- storing ---- */

typedef struct batch {
    srv_new_job *jobs;
    size_t count;
    srv_work *also;
    void *arg;
    const srv_config *config;
} batch;

/* What it is to be held against, and the changes that it takes up on its way. */
static bool record_replay(srv_db *db, const srv_new_job *n, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_JOB_STATE, p, "t", n->replay_of);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        return api_problem_set(p, API_NOT_FOUND, "the job %s was deleted", n->replay_of);
    if (step != SRV_ROW)
        return false;
    srv_db_done(rows);
    return srv_db_run(db, SQL_JOB_EXPECT, p, "tt", n->expected, n->id) &&
           srv_db_run(db, SQL_CHANGE_REPLAY, p, "ttt", n->id, n->replay_of, n->created_at);
}

void srv_new_job_name(srv_new_job *n)
{
    srv_id_new(n->id, "job_");
    srv_time_text(n->created_at);
}

static bool record_one(srv_db *db, srv_new_job *n, api_problem *p)
{
    size_t initial = n->initial_len * sizeof *n->initial;
    int64_t texts = srv_kept_text(n->spec) + srv_kept_text(n->objective) + (int64_t)initial;
    /* the dataset may have been deleted since it was looked at: the row refers to it */
    if ((n->ingest && !srv_ingest_record(db, n->ingest, p)) ||
        (!n->ingest && !srv_dataset_exists(db, n->dataset.id, p)) ||
        !srv_db_run(db, SQL_JOB_INSERT, p, "tttitttbttttti", n->id, n->job.name, n->dataset.id,
                    (int64_t)n->job.spec.epochs, n->spec, n->objective, n->created_at,
                    (const void *)n->initial, initial, n->replay_of, n->sweep_id, n->trial,
                    n->initial_columns, srv_tenant_name(n->tenant), texts + n->kept))
        return false;
    n->seq = srv_db_inserted(db);
    return !n->replay_of || record_replay(db, n, p);
}

bool srv_new_jobs_record(srv_db *db, srv_new_job *jobs, size_t count, const srv_config *config,
                         api_problem *p)
{
    for (size_t i = 0; i < count; i++)
        if (!record_one(db, &jobs[i], p))
            return false;
    return srv_quota_check(db, config, srv_tenant_name(jobs->tenant),
                           SRV_OF(SRV_QUOTA_ACTIVE) | SRV_OF(SRV_QUOTA_JOBS) |
                               SRV_OF(SRV_QUOTA_MODELS) | SRV_OF(SRV_QUOTA_RESULTS),
                           p);
}

static bool record(srv_db *db, void *arg, api_problem *p)
{
    batch *b = arg;
    return (!b->also || b->also(db, b->arg, p)) &&
           srv_new_jobs_record(db, b->jobs, b->count, b->config, p);
}

bool srv_new_jobs_store(srv_new_job *jobs, size_t count, srv_work *also, void *arg, srv_app *app,
                        api_problem *p)
{
    batch b = {jobs, count, also, arg, &app->config};
    if (!srv_pool_reserve_all(app->pool, count, p))
        return false;
    for (size_t i = 0; i < count; i++)
        srv_new_job_name(&jobs[i]);
    if (srv_store_write(app->store, record, &b, p))
        return true;
    for (size_t i = 0; i < count; i++)
        srv_pool_unreserve(app->pool);
    return false;
}

void srv_new_jobs_start(const srv_new_job *jobs, size_t count, srv_app *app)
{
    for (size_t i = 0; i < count; i++)
        srv_pool_add(app->pool, srv_tenant_name(jobs[i].tenant), jobs[i].id,
                     true); /* its place was reserved */
}

void srv_new_job_free(srv_new_job *n)
{
    api_job_free(&n->job);
    srv_dataset_free(&n->dataset);
    free(n->initial);
    free(n->initial_columns);
    free(n->spec);
    free(n->objective);
    memset(n, 0, sizeof *n);
}
