/* srv_worker: load, train, record, finish. */
#include "srv_worker.h"

#include "api_job.h"
#include "api_model.h"
#include "gd_advice.h"
#include "gd_train.h"
#include "srv_classes.h"
#include "srv_clock.h"
#include "srv_log.h"
#include "srv_recorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds between writes of a running job; the first comes sooner, so that short jobs are
 * seen running. A write that takes long is repeated less often. */
#define FLUSH_FIRST 0.02
#define FLUSH_EVERY 0.25
#define FLUSH_POINTS                                                                               \
    2000                 /* or as soon as so many points wait: no write holds up others for long   \
                          */
#define FLUSH_SHARE 20.0 /* at most one part in so many of the time is spent writing */

/* A result that can't be written (disk full) is tried again after so many seconds. */
#define RETRY_AFTER 1.0

/* What the job's row and its dataset's row say; strings owned. */
typedef struct loaded {
    bool found;
    int64_t seq;
    char *state, *spec, *started_at, *name;
    char *dataset_id, *dataset_name, *columns, *target, *sha256, *labels;
    uint64_t rows, cols;
    double *checkpoint;
    size_t checkpoint_len; /* doubles */
} loaded;

typedef struct work {
    srv_app *app;
    const char *id;
    const srv_signals *signals;
    loaded row;
    api_job job;
    srv_mapped *mapped;
    gd_data data;        /* the mapped rows; targets of classes are their numbers */
    srv_classes classes; /* empty where the target is no class */
    double *initial;
    gd_train *train;
    srv_recorder recorder;
    double *checkpoint; /* room for SRV_RECORDER_SAVED, seconds and the run's own */
    size_t checkpoint_len;
    char started_at[SRV_TIME_SIZE];
    double began, seconds_before; /* of this process; of earlier ones */
    bool gone;                    /* the row no longer waits for this run */
} work;

/* ---- loading ---- */

static bool copy(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

typedef struct load_args {
    const char *id;
    loaded *row;
} load_args;

static bool load_row(srv_db *db, void *arg, api_problem *p)
{
    load_args *a = arg;
    loaded *r = a->row;
    srv_rows *rows = srv_db_query(db, SQL_JOB_LOAD, p, "t", a->id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return p->code == API_NO_PROBLEM;
    size_t len;
    const void *blob = srv_blob(rows, 3, &len);
    bool ok = copy(&r->state, srv_text(rows, 1)) && copy(&r->spec, srv_text(rows, 2)) &&
              copy(&r->started_at, srv_text(rows, 4)) && copy(&r->dataset_id, srv_text(rows, 5)) &&
              copy(&r->dataset_name, srv_text(rows, 6)) && copy(&r->columns, srv_text(rows, 9)) &&
              copy(&r->target, srv_text(rows, 10)) && copy(&r->sha256, srv_text(rows, 11)) &&
              copy(&r->name, srv_text(rows, 12)) && copy(&r->labels, srv_text(rows, 13));
    if (ok && len) {
        r->checkpoint = malloc(len);
        ok = r->checkpoint != NULL;
        if (ok)
            memcpy(r->checkpoint, blob, len);
        r->checkpoint_len = len / sizeof *r->checkpoint;
    }
    r->seq = srv_integer(rows, 0);
    r->rows = (uint64_t)srv_integer(rows, 7);
    r->cols = (uint64_t)srv_integer(rows, 8);
    r->found = true;
    srv_db_done(rows);
    return ok || api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the job");
}

static void free_row(loaded *r)
{
    free(r->state);
    free(r->spec);
    free(r->started_at);
    free(r->name);
    free(r->dataset_id);
    free(r->dataset_name);
    free(r->columns);
    free(r->target);
    free(r->sha256);
    free(r->labels);
    free(r->checkpoint);
}

/* The run itself, taken up from its checkpoint if it has one. */
static bool prepare(work *w, api_problem *p)
{
    gd_error err;
    loaded *r = &w->row;
    if (!api_job_decode(r->spec, strlen(r->spec), &w->job, p))
        return false;
    srv_recorder_init(&w->recorder, w->job.history_points);
    if (!r->dataset_id)
        return api_problem_set(p, API_CONFLICT, "the job's dataset was deleted");
    w->mapped = srv_cache_hold(w->app->cache, r->dataset_id, r->sha256, p);
    if (!w->mapped)
        return false;
    w->data = *srv_mapped_data(w->mapped);
    if (gd_spec_task(&w->job.spec, 0) & GD_CLASSES) {
        if (!srv_classes_find(&w->classes, &w->data, r->labels, p))
            return false;
        w->data.y = w->classes.y;
        w->data.classes = w->classes.count;
    }
    if (!api_job_initial(&w->job, (size_t)r->cols, w->data.classes, &w->initial, p))
        return false;
    if (gd_train_new(&w->train, &w->data, &w->job.spec, w->initial, NULL, &err) != GD_OK)
        return api_problem_core(p, &err);
    w->checkpoint_len = SRV_RECORDER_SAVED + 1 + gd_train_save_len(w->train);
    w->checkpoint = calloc(w->checkpoint_len, sizeof *w->checkpoint);
    if (!w->checkpoint)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to train");
    if (r->checkpoint_len == w->checkpoint_len &&
        gd_train_restore(w->train, r->checkpoint + SRV_RECORDER_SAVED + 1,
                         w->checkpoint_len - SRV_RECORDER_SAVED - 1, &err) == GD_OK &&
        gd_train_state(w->train)->learning_rate > 0) {
        srv_recorder_restore(&w->recorder, r->checkpoint);
        w->seconds_before = r->checkpoint[SRV_RECORDER_SAVED];
    }
    return true;
}

/* ---- writing while it runs ---- */

static double seconds(const work *w)
{
    double s = w->seconds_before + srv_monotonic() - w->began;
    return round(s * 1e6) / 1e6; /* microseconds are all that is meant */
}

static bool write_points(srv_db *db, const work *w, const api_point *points, size_t n,
                         api_problem *p)
{
    for (size_t i = 0; i < n; i++)
        if (!srv_db_run(db, SQL_POINT_INSERT, p, "iiddddd", w->row.seq, (int64_t)points[i].epoch,
                        points[i].cost, points[i].gradient_norm, points[i].learning_rate,
                        points[i].seconds, points[i].validation_cost))
            return false;
    return true;
}

static bool write_progress(srv_db *db, void *arg, api_problem *p)
{
    work *w = arg;
    const gd_state *s = gd_train_state(w->train);
    const srv_recorder *r = &w->recorder;
    size_t len = w->checkpoint_len * sizeof *w->checkpoint;
    double rate = s->learning_rate > 0 ? s->learning_rate : NAN;
    double limit = s->max_stable_rate > 0 ? s->max_stable_rate : NAN;
    bool begun = r->any;
    if (!srv_db_run(db, SQL_JOB_PROGRESS, p, "tididddddbt", w->started_at, (int64_t)s->epoch,
                    begun ? s->cost : NAN, (int64_t)(!begun || isfinite(s->cost)),
                    begun ? s->gradient_norm : NAN, rate, limit, seconds(w),
                    begun ? s->validation_cost : NAN, (const void *)w->checkpoint, len, w->id))
        return false;
    /* cancelled before this worker saw it: nothing to write to */
    w->gone = srv_db_changes(db) == 0;
    if (w->gone)
        return true;
    if (r->thinned && !srv_db_run(db, SQL_POINT_THIN, p, "ii", w->row.seq, (int64_t)r->stride))
        return false;
    return write_points(db, w, r->pending, r->pending_count, p);
}

static void take_checkpoint(work *w)
{
    srv_recorder_save(&w->recorder, w->checkpoint);
    w->checkpoint[SRV_RECORDER_SAVED] = seconds(w);
    gd_train_save(w->train, w->checkpoint + SRV_RECORDER_SAVED + 1);
}

static bool flush(work *w)
{
    api_problem p = {0};
    take_checkpoint(w);
    if (!srv_store_write(w->app->store, write_progress, w, &p)) {
        /* The points stay pending and are tried with the next ones. */
        srv_log("job progress not saved", srv_s("id", w->id), srv_s("why", p.detail));
        return false;
    }
    srv_recorder_flushed(&w->recorder);
    return true;
}

/* ---- the end ---- */

typedef struct result {
    work *w;
    const char *state, *stop_reason;
    char model_id[SRV_ID_SIZE]; /* "" for no model */
    char *error, *advice, *training, *metrics, *validation_metrics;
    double *theta; /* in the data's units */

    char finished_at[SRV_TIME_SIZE];
} result;

static bool write_model(srv_db *db, const result *r, api_problem *p)
{
    const work *w = r->w;
    const gd_shape *shape = gd_train_shape(w->train);
    size_t len = gd_train_params_len(w->train) * sizeof(double),
           cols_len = shape->cols * sizeof(double);
    bool scaled = w->job.spec.standardize;
    return srv_db_run(
        db, SQL_MODEL_INSERT, p, "ttttiittbbbbttttit", r->model_id, w->id, w->row.name,
        w->job.spec.model->name, (int64_t)shape->cols, (int64_t)shape->intercept, w->row.columns,
        w->row.target, (const void *)r->theta, len,
        scaled ? (const void *)gd_train_params(w->train) : NULL, len,
        scaled ? (const void *)gd_train_center(w->train) : NULL, cols_len,
        scaled ? (const void *)gd_train_scale(w->train) : NULL, cols_len, r->metrics, r->training,
        r->finished_at, w->classes.json, (int64_t)shape->outputs, r->validation_metrics);
}

static bool write_result(srv_db *db, void *arg, api_problem *p)
{
    result *r = arg;
    work *w = r->w;
    if (w->train) {
        if (!write_progress(db, w, p))
            return false;
        if (w->gone)
            return true;
        const api_point ends[] = {w->recorder.best, w->recorder.last};
        if (w->recorder.any && !write_points(db, w, ends, 2, p))
            return false;
    }
    if (*r->model_id && !write_model(db, r, p))
        return false;
    return srv_db_run(db, SQL_JOB_END, p, "tttttttt", r->state, r->stop_reason,
                      *r->model_id ? r->model_id : NULL, r->error, r->advice, r->finished_at,
                      w->started_at, w->id);
}

/* Writes the result; a disk that is full may have room again later. */
static void finish(work *w, result *r)
{
    srv_time_text(r->finished_at);
    for (;;) {
        api_problem p = {0};
        if (w->train)
            take_checkpoint(w);
        if (srv_store_write(w->app->store, write_result, r, &p))
            break;
        srv_log("job result not saved", srv_s("id", w->id), srv_s("why", p.detail));
        for (double until = srv_monotonic() + RETRY_AFTER; srv_monotonic() < until;) {
            if (atomic_load(w->signals->stop))
                return; /* it runs again from its checkpoint at the next start */
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    }
    srv_log("job ended", srv_s("id", w->id), srv_s("state", r->state),
            srv_s("stop_reason", r->stop_reason),
            srv_n("epochs", w->train ? (double)gd_train_state(w->train)->epoch : 0),
            srv_n("cost", w->train ? gd_train_state(w->train)->cost : NAN),
            srv_n("seconds", seconds(w)));
}

/* The server's own failure to run the job: a problem without fields. */
static void fail(work *w, const api_problem *p)
{
    result r = {.w = w, .state = "failed"};
    r.error = api_doc_take_text(api_failure_encode(p));
    finish(w, &r);
    free(r.error);
}

static char *advice(work *w)
{
    gd_advice a;
    cJSON *names = cJSON_Parse(w->row.columns), *list = cJSON_CreateArray();
    size_t n = (size_t)cJSON_GetArraySize(names);
    const char **columns = calloc(n ? n : 1, sizeof *columns);
    const cJSON *item;
    size_t i = 0;
    if (columns)
        cJSON_ArrayForEach (item, names)
            columns[i++] = item->valuestring;
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

static void diverged(work *w, result *r, const gd_error *err)
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

/* How well the model fits some rows of its data, as JSON. */
static char *metrics(work *w, const double *theta, const gd_rows *rows, gd_error *err)
{
    gd_metric list[GD_MAX_METRICS];
    size_t count, classes = w->data.classes;
    double *confusion = classes ? calloc(classes * classes, sizeof *confusion) : NULL;
    char *text = NULL;
    gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the metrics");
    if ((confusion || !classes) &&
        gd_metrics(w->job.spec.model, gd_train_shape(w->train), theta, &w->data, rows, list, &count,
                   confusion, err) == GD_OK)
        text = api_doc_take_text(api_metrics_encode(list, count, confusion, classes));
    free(confusion);
    return text;
}

static bool measure(work *w, result *r, gd_error *err)
{
    gd_rows rows;
    gd_train_rows(w->train, &rows);
    r->metrics = metrics(w, r->theta, &rows, err);
    if (r->metrics && gd_train_validation_rows(w->train, &rows))
        return (r->validation_metrics = metrics(w, r->theta, &rows, err)) != NULL;
    return r->metrics != NULL;
}

/* The run has ended by itself. */
static void conclude(work *w)
{
    const gd_state *s = gd_train_state(w->train);
    size_t n = gd_train_params_len(w->train);
    result r = {.w = w, .state = "succeeded", .stop_reason = gd_stop_name(s->stop)};
    api_problem p = {0};
    gd_error err = {0};
    r.theta = calloc(n, sizeof *r.theta);
    if (!r.theta) {
        api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the result");
        goto end;
    }
    gd_train_params_unscaled(w->train, r.theta);
    if (s->stop == GD_STOP_DIVERGED) {
        diverged(w, &r, gd_train_error(w->train));
    } else if (!all_finite(r.theta, n)) {
        gd_fail(&err, GD_OVERFLOW, "dataset",
                "a parameter is beyond the range of double precision in the data's own units: "
                "multiply the smallest columns by a constant");
        diverged(w, &r, &err);
    } else if (!measure(w, &r, &err)) {
        api_problem_core(&p, &err);
    } else {
        srv_id_new(r.model_id, "mdl_");
        r.advice = advice(w);
        r.training = api_doc_take_text(api_training_encode(
            w->row.dataset_id, w->row.dataset_name, w->row.sha256, w->row.rows, w->row.spec,
            r.stop_reason, s->epoch, s->cost, s->gradient_norm, s->learning_rate, seconds(w)));
    }
    bool made = r.error || (r.advice && r.training);
    if (!made)
        api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the result");
end:
    if (p.code == API_NO_PROBLEM)
        finish(w, &r);
    else
        fail(w, &p);
    free(r.theta);
    free(r.error);
    free(r.advice);
    free(r.training);
    free(r.metrics);
    free(r.validation_metrics);
}

static void cancelled(work *w)
{
    result r = {.w = w, .state = "cancelled", .stop_reason = "cancelled"};
    finish(w, &r);
}

/* ---- the loop ---- */

static void train(work *w)
{
    bool saved = true; /* the last write was */
    double flush_at = w->began + (w->seconds_before > 0 ? FLUSH_EVERY : FLUSH_FIRST);
    for (;;) {
        if (atomic_load(&w->signals->cancel)) {
            cancelled(w);
            return;
        }
        if (atomic_load(w->signals->stop)) {
            flush(w);
            srv_log("job set aside", srv_s("id", w->id),
                    srv_n("epoch", (double)gd_train_state(w->train)->epoch));
            return;
        }
        bool late = w->job.max_seconds != API_NO_LIMIT && seconds(w) >= w->job.max_seconds;
        if (atomic_load(&w->signals->finish) || late)
            gd_train_finish(w->train, late ? GD_STOP_MAX_SECONDS : GD_STOP_REQUESTED);
        gd_step step = gd_train_step(w->train);
        const gd_state *s = gd_train_state(w->train);
        if (step == GD_STEP_DONE) {
            conclude(w);
            return;
        }
        if (step == GD_STEP_EPOCH) {
            api_point point = {.epoch = s->epoch,
                               .cost = s->cost,
                               .validation_cost = s->validation_cost,
                               .gradient_norm = s->gradient_norm,
                               .learning_rate = s->learning_rate,
                               .seconds = seconds(w)};
            if (!srv_recorder_add(&w->recorder, &point)) {
                api_problem p = {0};
                api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the history");
                fail(w, &p);
                return;
            }
        }
        double now = srv_monotonic();
        if (now >= flush_at || (w->recorder.pending_count >= FLUSH_POINTS && saved)) {
            saved = flush(w);
            double took = srv_monotonic() - now;
            flush_at = now + took + fmax(FLUSH_EVERY, FLUSH_SHARE * took);
        }
    }
}

void srv_worker_run(void *ctx, const char *id, const srv_signals *signals)
{
    work w = {.app = ctx, .id = id, .signals = signals, .began = srv_monotonic()};
    load_args args = {id, &w.row};
    api_problem p = {0};
    bool ok = srv_store_read(w.app->store, load_row, &args, &p);
    /* deleted or cancelled while it was on its way here */
    if (ok && (!w.row.found || (strcmp(w.row.state, "queued") && strcmp(w.row.state, "running"))))
        goto end;
    if (ok && w.row.started_at)
        snprintf(w.started_at, sizeof w.started_at, "%s", w.row.started_at);
    else
        srv_time_text(w.started_at);
    srv_log(w.row.checkpoint ? "job taken up again" : "job started", srv_s("id", id));
    if (ok && prepare(&w, &p))
        train(&w);
    else
        fail(&w, &p);
end:
    gd_train_free(w.train);
    srv_classes_free(&w.classes);
    srv_cache_release(w.app->cache, w.mapped);
    srv_recorder_free(&w.recorder);
    api_job_free(&w.job);
    free(w.initial);
    free(w.checkpoint);
    free_row(&w.row);
}
