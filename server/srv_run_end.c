/* srv_run_end: what becomes of a part that has ended, and of the job with its last one. */
#include "srv_kept.h"
#include "srv_model.h"
#include "srv_new_job.h"
#include "srv_quota.h"
#include "srv_run.h"
#include "srv_token.h"

#include "api_model.h"
#include "gd_advice.h"
#include "gd_metrics.h"
#include "srv_log.h"
#include "srv_waiters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A result that can't be written (disk full) is tried again after so many seconds. */
#define RETRY_AFTER 1.0

/* Rows x parameters^2 from which on the certificate takes a tenth of a second or so. */
#define LONG_WORK 2e7

typedef struct result {
    srv_run *w;
    bool last;                       /* the job ends with it */
    const char *state, *stop_reason; /* of the job, if it ends */
    char model_id[SRV_ID_SIZE];      /* "" for no model */
    char *error, *advice, *training, *metrics, *validation_metrics, *certificate, *details;
    char *proof;     /* of the job, if it ends with a result */
    char *part;      /* what is kept of the part, or NULL for a job of a single one */
    char part_sha256[SRV_SHA256_SIZE];
    double *theta;   /* in the data's units */
    gd_shape shape;  /* with how it decides between two classes */
    cJSON *decision; /* what is said of that, or NULL */
    char finished_at[SRV_TIME_SIZE];
} result;

static void free_result(result *r)
{
    free(r->theta);
    free(r->error);
    free(r->advice);
    free(r->training);
    free(r->metrics);
    free(r->validation_metrics);
    free(r->certificate);
    free(r->details);
    free(r->part);
    cJSON_Delete(r->decision);
    free(r->proof);
}

/* ---- writing it ---- */

static bool write_model(srv_db *db, const result *r, api_problem *p)
{
    const srv_run *w = r->w;
    const gd_shape *shape = gd_train_shape(w->train);
    size_t len = gd_train_params_len(w->train) * sizeof(double),
           cols_len = shape->cols * sizeof(double);
    bool scaled = w->job.spec.standardize;
    const char *preparation = srv_plan_prepared(&w->plan, &w->view)->json;
    int64_t bytes = (int64_t)((scaled ? 2 : 1) * len + (scaled ? 2 * cols_len : 0)) +
                    srv_kept_text(srv_run_columns(w)) + srv_kept_text(r->metrics) +
                    srv_kept_text(r->training) + srv_kept_text(w->view.classes.json) +
                    srv_kept_text(r->validation_metrics) + srv_kept_text(r->details) +
                    srv_kept_text(preparation);
    return srv_db_run(
        db, SQL_MODEL_INSERT, p, "ttttiittbbbbttttittdti", r->model_id, w->id, w->row.name,
        w->job.spec.model->name, (int64_t)shape->cols, (int64_t)shape->intercept,
        srv_run_columns(w), w->dataset.target, (const void *)r->theta, len,
        scaled ? (const void *)gd_train_params(w->train) : NULL, len,
        scaled ? (const void *)gd_train_center(w->train) : NULL, cols_len,
        scaled ? (const void *)gd_train_scale(w->train) : NULL, cols_len, r->metrics, r->training,
        r->finished_at, w->view.classes.json, (int64_t)shape->outputs, r->validation_metrics,
        r->details, r->shape.decided ? r->shape.threshold : NAN, preparation, bytes);
}

/* By the job; -1: it is to be counted. */
static int64_t kept(const result *r)
{
    int64_t history = srv_run_kept(r->w);
    return history < 0 ? history
                       : history + srv_kept_text(r->error) + srv_kept_text(r->advice) +
                             srv_kept_text(r->certificate) + srv_kept_text(r->proof) +
                             srv_kept_text(r->part);
}

static bool write_part(srv_db *db, const result *r, api_problem *p)
{
    const srv_run *w = r->w;
    size_t len = gd_train_params_len(w->train) * sizeof(double);
    return !r->part || srv_db_run(db, SQL_PART_INSERT, p, "iitbt", w->row.seq, (int64_t)w->part,
                                  r->part, (const void *)r->theta, len, r->part_sha256);
}

/* A job has room for one model since it was taken; each of its groups makes one more. */
static bool check_quota(srv_db *db, const srv_run *w, api_problem *p)
{
    char tenant[SRV_TENANT_SIZE];
    return srv_tenant_of(db, w->id, tenant, p) &&
           srv_quota_check(db, &w->app->config, tenant,
                           SRV_OF(SRV_QUOTA_MODELS) | SRV_OF(SRV_QUOTA_RESULTS), p);
}

/* The part, the last of its points, and where the job goes on: at the beginning of the next. */
static bool write_result(srv_db *db, void *arg, api_problem *p)
{
    result *r = arg;
    srv_run *w = r->w;
    if (w->fresh) {
        if (!srv_new_jobs_record(db, w->fresh, 1, &w->app->config, p))
            return false;
        w->row.seq = w->fresh->seq;
    }
    if (w->train) {
        if (!srv_run_write_progress(db, w, p))
            return false;
        /* a paused job may still be cancelled */
        if (w->gone && strcmp(r->state, "cancelled") != 0)
            return true;
        if (!w->gone && (!srv_run_write_ends(db, w, p) || !write_part(db, r, p)))
            return false;
    }
    if (*r->model_id && (!write_model(db, r, p) || (!r->last && !check_quota(db, w, p))))
        return false;
    return !r->last || (srv_db_run(db, SQL_JOB_END, p, "ttttttttit", r->state, r->stop_reason,
                                   *w->model_id ? w->model_id : NULL, r->error, r->advice,
                                   r->certificate, r->finished_at, w->started_at, kept(r), w->id) &&
                        (!r->proof || srv_db_run(db, SQL_JOB_PROOF, p, "tt", r->proof, w->id)) &&
                        srv_db_run(db, SQL_CHANGE_TOO_LATE, p, "t", w->id));
}

/* The checkpoint of a job whose next part has not begun: a head alone. */
static void point_to_next(srv_run *w)
{
    srv_run_take_checkpoint(w);
    w->checkpoint[SRV_RUN_BASE] = (double)(w->epoch_base + gd_train_state(w->train)->epoch + 1);
    w->checkpoint[SRV_RUN_PART] = (double)w->part + 1;
    w->checkpoint_len = SRV_RUN_HEAD;
    srv_run_seal_checkpoint(w);
}

/* Writes the result; a disk that is full may have room again later. False when the server
 * stops before that: the job goes on from its checkpoint at the next start; or when a fresh one can't
 * be written, of which nothing is; or when the tenant may have no further model, and the job has
 * failed. */
static bool finish(srv_run *w, result *r)
{
    srv_time_text(r->finished_at);
    if (r->part)
        srv_run_sum_part(r->part, r->theta, gd_train_params_len(w->train) * sizeof *r->theta,
                         r->part_sha256);
    if (*r->model_id && !*w->model_id)
        snprintf(w->model_id, sizeof w->model_id, "%s", r->model_id);
    for (;;) {
        api_problem p = {0};
        if (w->train && r->last)
            w->checkpoint_len = 0; /* nothing goes on from here */
        else if (w->train)
            point_to_next(w);
        if (srv_store_write(w->app->store, write_result, r, &p))
            break;
        if (w->fresh)
            return false;
        if (p.code == API_QUOTA_FULL) {
            if (strcmp(w->model_id, r->model_id) == 0)
                *w->model_id = '\0'; /* it is not stored */
            srv_run_fail(w, &p);
            return false;
        }
        srv_log("job result not saved", srv_s("id", w->id), srv_s("why", p.detail));
        for (double until = srv_monotonic() + RETRY_AFTER; srv_monotonic() < until;) {
            if (atomic_load(w->signals->stop))
                return false;
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    }
    srv_run_written(w);
    if (w->fresh)
        srv_log("job started", srv_s("id", w->id));
    else if (r->last)
        srv_waiters_wake(w->app->waiters, w->id);
    if (r->last)
        srv_log("job ended", srv_s("id", w->id), srv_s("state", r->state),
                srv_s("stop_reason", r->stop_reason),
                srv_n("epochs", w->train ? (double)gd_train_state(w->train)->epoch : 0),
                srv_n("cost", w->train ? gd_train_state(w->train)->cost : NAN),
                srv_n("seconds", srv_run_seconds(w)));
    return true;
}

void srv_run_fail(srv_run *w, const api_problem *p)
{
    result r = {.w = w, .last = true, .state = "failed"};
    r.error = api_doc_take_text(api_failure_encode(p));
    finish(w, &r);
    free_result(&r);
}

void srv_run_cancelled(srv_run *w)
{
    result r = {.w = w, .last = true, .state = "cancelled", .stop_reason = "cancelled"};
    finish(w, &r);
}

/* ---- what is said of it ---- */

static char *advice(srv_run *w)
{
    gd_advice a;
    cJSON *names, *list = cJSON_CreateArray();
    const char **columns = srv_model_names(srv_run_columns(w), &names);
    gd_train_advice(w->train, columns, &a);
    for (size_t k = 0; k < a.count; k++)
        api_doc_append_string(list, a.text[k]);
    char *text = api_doc_take_text(list);
    free(columns);
    cJSON_Delete(names);
    return text;
}

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static void diverged(srv_run *w, result *r, const gd_error *err)
{
    const gd_state *s = gd_train_state(w->train);
    r->state = "failed";
    r->stop_reason = gd_stop_name(GD_STOP_DIVERGED);
    /* where the rate is not to blame, another one is no remedy */
    bool rate = strcmp(err->field, "learning_rate") == 0;
    cJSON *o =
        api_diverged_encode(err, s->epoch, s->max_stable_rate, rate ? s->safe_rate : 0,
                            w->job.spec.model, gd_train_shape(w->train), r->theta, s->finite_epoch);
    r->error = api_doc_take_text(o);
}

/* Of columns it is said which they are; without memory for their names, by their numbers. */
static void training_diverged(srv_run *w, result *r)
{
    cJSON *names;
    const char **columns = srv_model_names(srv_run_columns(w), &names);
    diverged(w, r, gd_train_error_named(w->train, columns));
    free(columns);
    cJSON_Delete(names);
}

/* How well the model fits some rows of its data, as JSON. */
static char *metrics(srv_run *w, const result *r, const gd_rows *rows, gd_error *err)
{
    gd_metric list[GD_MAX_METRICS];
    size_t count, classes = w->data.classes;
    double *confusion = classes ? calloc(classes * classes, sizeof *confusion) : NULL;
    char *text = NULL;
    gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the metrics");
    if ((confusion || !classes) &&
        gd_metrics(w->job.spec.model, &r->shape, r->theta, &w->data, rows, &w->ending, list, &count,
                   confusion, err) == GD_OK)
        text = api_doc_take_text(api_metrics_encode(list, count, confusion, classes));
    free(confusion);
    return text;
}

static bool measure(srv_run *w, result *r, gd_error *err)
{
    gd_rows rows;
    gd_train_rows(w->train, &rows);
    r->metrics = metrics(w, r, &rows, err);
    if (r->metrics && gd_train_validation_rows(w->train, &rows))
        return (r->validation_metrics = metrics(w, r, &rows, err)) != NULL;
    return r->metrics != NULL;
}

/* What is kept of one of several parts. */
static char *describe(srv_run *w, const result *r)
{
    const gd_state *s = gd_train_state(w->train);
    gd_rows rows;
    cJSON *o = cJSON_CreateObject();
    srv_plan_describe(&w->plan, w->part, &w->job, &w->view, o);
    gd_train_rows(w->train, &rows);
    api_doc_number(o, "rows", (double)rows.count);
    if (gd_train_validation_rows(w->train, &rows))
        api_doc_number(o, "validation_rows", (double)rows.count);
    api_doc_number(o, "epochs", (double)s->epoch);
    api_doc_string(o, "stop_reason", gd_stop_name(s->stop));
    api_doc_number(o, "cost", s->cost);
    api_doc_number(o, "validation_cost", s->validation_cost);
    if (r->error)
        api_doc_embed(o, "error", r->error);
    if (r->metrics)
        api_doc_embed(o, "metrics", r->metrics);
    if (r->validation_metrics)
        api_doc_embed(o, "validation_metrics", r->validation_metrics);
    if (*r->model_id)
        api_doc_string(o, "model_id", r->model_id);
    if (w->plan.kind == SRV_PATH)
        api_parameters_encode(api_doc_add_object(o, "parameters"), w->job.spec.model,
                              gd_train_shape(w->train), r->theta);
    return api_doc_take_text(o);
}

/* ---- the end of a part ---- */

/* Was the whole job asked to end, rather than this part? */
static bool asked_to_end(const gd_state *s)
{
    return s->stop == GD_STOP_REQUESTED || s->stop == GD_STOP_MAX_SECONDS;
}

static bool write_up(void *arg, api_problem *p)
{
    result *r = arg;
    srv_run *w = r->w;
    const gd_state *s = gd_train_state(w->train);
    gd_error err = {0};
    r->shape = *gd_train_shape(w->train);
    gd_train_params_unscaled(w->train, r->theta);
    if (s->stop == GD_STOP_DIVERGED) {
        training_diverged(w, r);
    } else if (!all_finite(r->theta, gd_train_params_len(w->train))) {
        gd_fail(&err, GD_OVERFLOW, "dataset",
                "a parameter is beyond the range of double precision in the data's own units: "
                "multiply the smallest columns by a constant");
        diverged(w, r, &err);
    } else if (!srv_run_decide(w, r->theta, &r->shape, &r->decision, p)) {
        return false;
    } else if (!measure(w, r, &err)) {
        return api_problem_core(p, &err);
    }
    /* a fold that was broken off says nothing of the whole */
    bool fold = w->plan.kind == SRV_FOLDS && w->part + 1 < w->plan.parts;
    if (!r->error && (srv_plan_keeps_model(&w->plan, w->part) || (r->last && !fold))) {
        cJSON *details = cJSON_CreateObject();
        if (r->decision)
            api_doc_item(details, "decision", r->decision);
        r->decision = NULL;
        srv_id_new(r->model_id, "mdl_");
        if (w->plan.kind != SRV_SINGLE)
            r->part = describe(w, r);
        bool known = srv_run_facts(w, r->part, &r->certificate, details, p);
        api_doc_item(details, "proof", srv_run_prove_model(w, r->theta));
        r->details = api_doc_take_text(details);
        if (!known)
            return false;
        r->advice = advice(w);
        cJSON *training =
            api_training_encode(w->dataset.id, w->dataset.name, w->dataset.sha256, w->dataset.rows,
                                w->row.spec, gd_stop_name(s->stop), s->epoch, s->cost,
                                s->gradient_norm, s->learning_rate, srv_run_seconds(w));
        srv_run_describe_changes(w, training);
        r->training = api_doc_take_text(training);
    }
    if (w->plan.kind != SRV_SINGLE && !r->part)
        r->part = describe(w, r);
    bool made = (r->error || !*r->model_id || (r->advice && r->training && r->details)) &&
                (r->part || w->plan.kind == SRV_SINGLE);
    return made || api_problem_set(p, API_UNAVAILABLE, "not enough memory for the result");
}

/* One group that can't be trained does not take the others with it. */
static void settle_state(srv_run *w, result *r)
{
    if (w->plan.kind != SRV_GROUPS || !r->error)
        return;
    r->last = w->part + 1 == w->plan.parts;
    if (!r->last || *w->model_id) {
        free(r->error);
        r->error = NULL;
        r->state = "succeeded";
        r->stop_reason = gd_stop_name(GD_STOP_MAX_EPOCHS);
    }
}

static bool begin_part(void *run, api_problem *p)
{
    return srv_run_begin_part(run, p);
}

static bool next_part(srv_run *w, result *r)
{
    api_problem p = {0};
    uint64_t base = w->epoch_base + gd_train_state(w->train)->epoch + 1;
    bool ok = srv_plan_ended(&w->plan, r->part, r->theta, gd_train_params_len(w->train));
    r->part = NULL;
    r->theta = NULL;
    srv_recorder_next(&w->recorder);
    w->epoch_base = base;
    w->part++;
    ok = ok || api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the result");
    if (!ok || !srv_run_read(w, begin_part, w, &p))
        srv_run_fail(w, &p);
    else
        return true;
    return false;
}

/* Where this takes a while the training is kept first, and seen to have ended: who breaks off what
 * follows loses no more than that. */
static void keep_training(srv_run *w)
{
    gd_rows rows;
    double n = (double)gd_train_params_len(w->train);
    gd_train_rows(w->train, &rows);
    if (!w->fresh && (double)rows.count * n * n > LONG_WORK)
        (void)srv_run_flush(w);
}

srv_conclusion srv_run_conclude(srv_run *w)
{
    const gd_state *s = gd_train_state(w->train);
    api_problem p = {0};
    keep_training(w);
    result r = {.w = w, .state = "succeeded", .stop_reason = gd_stop_name(s->stop)};
    r.last = w->part + 1 == w->plan.parts || asked_to_end(s);
    r.theta = calloc(gd_train_params_len(w->train), sizeof *r.theta);
    bool ok = r.theta || api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the result");
    srv_team_enter(&w->member);
    ok = ok && srv_run_read(w, write_up, &r, &p);
    srv_team_leave(&w->member);
    bool goes_on = false, waits = !ok && (w->fresh || srv_run_broken_off(w));
    if (ok) {
        r.last = r.last || (r.error && w->plan.kind != SRV_GROUPS);
        settle_state(w, &r);
        ok = !r.last || srv_run_prove(w, r.theta, &r.proof, &p);
    }
    if (ok) {
        bool written = finish(w, &r);
        goes_on = written && !r.last && !w->gone && next_part(w, &r);
        waits = !written && w->fresh;
    } else if (!waits) {
        srv_run_fail(w, &p);
    }
    free_result(&r);
    return waits ? SRV_RUN_WAITS : goes_on ? SRV_RUN_GOES_ON : SRV_RUN_OVER;
}
