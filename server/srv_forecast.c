/* srv_forecast: a probe of training, and what follows from it. */
#include "srv_forecast.h"

#include "gd_advice.h"
#include "gd_facts.h"
#include "gd_limits.h"
#include "gd_metrics.h"
#include "gd_sparse.h"
#include "srv_clock.h"
#include "srv_guard.h"
#include "srv_kept.h"
#include "srv_model.h"
#include "srv_probe.h"
#include "srv_sample.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIAGNOSE_WORK 1e7     /* rows x parameters^2 */
#define MOST_TRIED 1e9        /* the same of a certificate that is found to see what it takes */
#define PRODUCT 2.5e-10       /* seconds or so of one that is not, for each of that */
#define LONG_SECONDS 3600.0

typedef struct outlook {
    srv_forecast *f;
    srv_run *w;
    srv_probe probe;
    double end; /* seconds of what is found out about a fit at the end */
} outlook;

static void __attribute__((format(printf, 2, 3))) warn(srv_forecast *f, const char *fmt, ...)
{
    if (f->said.count == GD_MAX_WARNINGS)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->said.warnings[f->said.count++], sizeof f->said.warnings[0], fmt, ap);
    va_end(ap);
}

/* ---- the run that is thrown away ---- */

/* Stands for the job's parts: a path's penalties take the time of none. */
static gd_spec spec_of(const srv_run *w)
{
    gd_spec s = w->job.spec;
    bool alone = w->view.data.train_rows == 0 && s.validation_fraction == GD_NO_VALIDATION;
    s.l1 = s.l1 == GD_PATH ? 0 : s.l1;
    s.l2 = s.l2 == GD_PATH ? 0 : s.l2;
    srv_view_spec(&w->view, &s);
    if (alone) /* that of the folds is theirs */
        s.patience = GD_NO_PATIENCE;
    return s;
}

/* The largest stable rate, where it was set by hand and is the same in every epoch. */
static void find_rate(outlook *b)
{
    double max_stable, safe;
    const gd_spec *s = &b->probe.spec;
    bool full = s->batch_size == GD_FULL_BATCH || s->batch_size >= b->probe.data.rows;
    if (s->learning_rate == GD_AUTO || s->schedule != gd_schedules[0] || !full ||
        !srv_probe_rates(&b->probe, b->w->initial, &max_stable, &safe))
        return;
    b->f->shown.max_stable_rate = max_stable;
    gd_diagnose_rate(&b->f->said, s->learning_rate, max_stable, safe);
}

/* How it ended, within the time; only on all rows and in one part is it how the job would end. */
static bool ended(outlook *b, bool exact, api_problem *p)
{
    const gd_state *s = gd_train_state(b->probe.train);
    srv_forecast *f = b->f;
    cJSON *list;
    const char **names = srv_model_names(b->w->view.columns, &list);
    const gd_error *err = gd_train_error_named(b->probe.train, names);
    free(names);
    cJSON_Delete(list);
    if (s->stop == GD_STOP_DIVERGED && !exact)
        warn(f, "trained on %s it diverged: %.280s",
             b->probe.scale > 1 ? "evenly spread rows" : "all rows at once", err->message);
    if (!exact)
        return true;
    f->shown.stop_reason = gd_stop_name(s->stop);
    f->shown.epochs = (double)s->epoch;
    if (s->stop != GD_STOP_DIVERGED) {
        gd_advice a;
        gd_train_advice_on_run(b->probe.train, &a);
        for (size_t i = 0; i < a.count; i++)
            warn(f, "%s", a.text[i]);
        return true;
    }
    double *theta = calloc(gd_train_params_len(b->probe.train), sizeof *theta);
    if (!theta)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
    gd_train_params_unscaled(b->probe.train, theta);
    bool rate = strcmp(err->field, "learning_rate") == 0;
    f->error = api_doc_take_text(api_diverged_encode(
        err, s->epoch, s->max_stable_rate, rate ? s->safe_rate : 0, b->probe.spec.model,
        gd_train_shape(b->probe.train), theta, s->finite_epoch));
    free(theta);
    return f->error || api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
}

/* Seconds that the metrics of all rows take. */
static gd_status time_metrics(const outlook *b, const gd_fit *fit, double *seconds, gd_error *err)
{
    const gd_train *t = b->probe.train;
    gd_metric list[GD_MAX_METRICS];
    gd_rows rows[2];
    size_t count, parts = gd_train_validation_rows(t, &rows[1]) ? 2 : 1;
    double began = srv_processor_seconds(), *theta = calloc(gd_train_params_len(t), sizeof *theta);
    gd_status status = GD_OK;
    if (!theta)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a dry run");
    gd_train_rows(t, &rows[0]);
    gd_train_params_unscaled(t, theta);
    for (size_t i = 0; i < parts && status == GD_OK; i++)
        status = gd_metrics(fit->model, &fit->shape, theta, fit->data, &rows[i], NULL, list, &count,
                            NULL, err);
    *seconds = b->probe.scale * (srv_processor_seconds() - began);
    free(theta);
    return status;
}

/* Those of a certificate and standard errors, which are found for the rows at hand. */
static gd_status time_facts(const outlook *b, const gd_fit *fit, double *seconds, gd_error *err)
{
    double n = (double)(gd_fit_columns(fit) * fit->shape.outputs), rows = (double)fit->rows.count;
    double work = rows * n * n, all = b->probe.scale * work, began = srv_processor_seconds();
    gd_certificate c;
    gd_inference *r = NULL;
    gd_status status = GD_OK;
    *seconds = 0;
    if (!fit->model->linear || all > fmax(GD_PROOF_WORK, all / n * b->f->shown.epochs))
        return GD_OK; /* none are found */
    if (work <= MOST_TRIED)
        status = gd_facts_find(&c, &r, fit, b->probe.data.weights, b->w->job.confidence_level, 0,
                               NULL, err);
    gd_inference_free(r);
    *seconds = work <= MOST_TRIED ? b->probe.scale * (srv_processor_seconds() - began) : all * PRODUCT;
    return status;
}

/* What follows training, but where it diverged. Of a network in batches the gradient at the end is
 * found too, which takes as long as that at the start. */
static bool time_the_end(outlook *b, api_problem *p)
{
    gd_error err;
    double metrics = 0, facts = 0;
    if (gd_train_state(b->probe.train)->stop == GD_STOP_DIVERGED)
        return true;
    gd_fit fit = srv_fit_of(b->probe.train, &b->w->job);
    if (time_metrics(b, &fit, &metrics, &err) != GD_OK ||
        time_facts(b, &fit, &facts, &err) != GD_OK)
        return api_problem_core(p, &err);
    uint64_t batch = b->probe.spec.batch_size;
    bool slope = fit.model->layers && batch != GD_FULL_BATCH && batch < fit.rows.count;
    b->end = metrics + facts + (slope ? b->probe.preparation : 0);
    return true;
}

static bool measure(outlook *b, api_problem *p)
{
    const gd_state *s = gd_train_state(b->probe.train);
    const srv_plan *plan = &b->w->plan;
    api_forecast *shown = &b->f->shown;
    srv_probe_run(&b->probe);
    shown->measured_epochs = (double)s->epoch;
    shown->learning_rate = s->learning_rate > 0 ? s->learning_rate : NAN;
    if (s->max_stable_rate > 0)
        shown->max_stable_rate = s->max_stable_rate;
    bool exact = plan->kind == SRV_SINGLE && b->probe.scale == 1;
    if (b->probe.ended && !ended(b, exact, p))
        return false;
    if (!shown->stop_reason)
        find_rate(b);
    /* folds take the time of as many whole passes; groups that of one */
    double times = plan->kind == SRV_FOLDS  ? (double)plan->parts - 1
                   : plan->kind == SRV_PATH ? (double)plan->parts
                                            : 1;
    if (!time_the_end(b, p))
        return false;
    shown->epoch_seconds = b->probe.an_epoch;
    shown->seconds = b->probe.preparation;
    if (shown->epochs > 0)
        shown->seconds += shown->epochs * shown->epoch_seconds;
    shown->seconds = times * shown->seconds + b->end;
    return true;
}

/* ---- bytes ---- */

static void count_bytes(outlook *b)
{
    const srv_run *w = b->w;
    const gd_data *d = &w->view.data;
    api_forecast *shown = &b->f->shown;
    double n = shown->parameters, rows = (double)d->rows, cols = (double)d->cols,
           word = sizeof(double);
    double columns = (w->view.y != NULL || w->view.classes.y != NULL) + (d->weights != NULL) +
                     (d->offset != NULL) + (w->view.groups != NULL);
    const gd_data *mapped = srv_mapped_data(w->view.mapped);
    double feature = mapped->X32 || mapped->sparse.values32 ? 0.5 : 1; /* of a word */
    double values = (double)w->dataset.rows * (double)w->dataset.cols * feature;
    if (gd_data_sparse(d)) /* an entry has its column, too, in half a word */
        values = (feature + 0.5) * (double)gd_sparse_entries(mapped);
    double own = (double)w->view.raw.cols; /* before they were prepared */
    double data = values + (double)w->dataset.rows + rows * columns +
                  (w->view.prepared.X ? rows * cols : 0) +
                  (w->view.X               ? rows * own
                   : w->view.X32           ? rows * own * feature
                   : w->view.sparse.starts ? values
                                           : 0);
    shown->memory = word * data + gd_train_bytes(d, &b->probe.spec);
    shown->checkpoint = word * (double)(SRV_RUN_HEAD + gd_train_save_len(b->probe.train));
    double points = shown->epochs + 1;
    if (w->job.history_points != API_ALL_POINTS)
        points = fmin(points, (double)w->job.history_points);
    shown->history = SRV_POINT_BYTES * points;
    if (w->job.record_parameters != API_NO_RECORD)
        shown->history += word * n * ceil(points / (double)w->job.record_parameters);
    double model = word * (b->probe.spec.standardize ? 2 * n + 2 * cols : n) + SRV_MODEL_BYTES +
                   (b->probe.spec.model->linear ? SRV_PARAMETER_BYTES * n : 0);
    shown->models = (w->plan.kind == SRV_GROUPS ? shown->parts : 1) * model +
                    (shown->parts > 1 ? shown->parts * word * n : 0);
}

/* ---- warnings ---- */

/* What is wrong with the data, by rows that are looked at in a moment. */
static bool diagnose(outlook *b, api_problem *p)
{
    const srv_view *v = &b->w->view;
    gd_error err;
    srv_forecast *f = b->f;
    srv_sample some;
    gd_fit fit = {.model = b->probe.spec.model,
                  .shape = gd_spec_shape(&b->probe.spec, v->data.cols, v->data.classes),
                  .cost = b->probe.spec.cost,
                  .cost_hyper = &b->probe.spec.cost_hyper,
                  .data = &v->data,
                  .weights = v->data.weights,
                  .offset = v->data.offset,
                  .l2 = b->probe.spec.l2};
    double n = (double)gd_fit_columns(&fit);
    size_t train = v->data.train_rows ? v->data.train_rows : v->data.rows;
    if (!srv_sample_rows(&some, train, DIAGNOSE_WORK / (n * n), p))
        return false;
    fit.rows = some.rows;
    cJSON *list;
    const char **names = srv_model_names(v->columns, &list);
    bool ok = list && names;
    ok = ok ? gd_diagnose(&f->said, &fit, names, &err) == GD_OK || api_problem_core(p, &err)
            : api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
    free(names);
    cJSON_Delete(list);
    srv_sample_free(&some);
    /* the job scales them */
    size_t k = f->said.unscaled;
    if (ok && b->probe.spec.standardize && k < f->said.count)
        memmove(f->said.warnings[k], f->said.warnings[k + 1],
                (--f->said.count - k) * sizeof f->said.warnings[0]);
    return ok;
}

static void warn_of_time(const outlook *b)
{
    srv_forecast *f = b->f;
    api_forecast *shown = &f->shown;
    double limit = b->w->job.max_seconds;
    if (limit != API_NO_LIMIT && shown->seconds > limit) {
        warn(f, "max_seconds ends it after about %.2g of %.0f epochs, unless tol does before",
             shown->epochs * limit / shown->seconds, shown->epochs);
        shown->seconds = limit;
    } else if (shown->seconds > LONG_SECONDS) {
        warn(f,
             "%.0f epochs of %zu rows take about %.2g hours, unless tol ends them before: lower "
             "epochs, or set max_seconds",
             shown->epochs, b->w->view.data.rows, shown->seconds / 3600);
    }
    const gd_extremes *e = b->probe.spec.standardize ? &f->said.standardized : &f->said.raw;
    bool plain = b->probe.spec.optimizer == gd_optimizers[0] &&
                 b->probe.spec.schedule == gd_schedules[0] &&
                 b->probe.spec.batch_size == GD_FULL_BATCH && f->said.kind == GD_EXTREMES_EXACT;
    double needed = plain ? gd_epochs_to(e, shown->learning_rate, 1e-6) : 0;
    if (!shown->stop_reason && isfinite(needed) && needed > shown->epochs)
        warn(f,
             "it takes about %.2g epochs to come within a millionth of the way to the best cost, "
             "but epochs is %.0f",
             needed, shown->epochs);
}

/* ---- the whole ---- */

/* A path's penalties are not looked for: that is a run of its own. */
static bool make_plan(srv_run *w, api_problem *p)
{
    if (!api_job_is_path(&w->job))
        return srv_plan_make(&w->plan, &w->job, &w->view, p);
    bool validates =
        w->job.spec.validation_fraction != GD_NO_VALIDATION || w->view.data.train_rows > 0;
    w->plan.kind = SRV_PATH;
    w->plan.parts = (size_t)w->job.path_points + validates;
    return true;
}

static bool forecast(void *arg, api_problem *p)
{
    outlook *b = arg;
    srv_run *w = b->w;
    api_forecast *shown = &b->f->shown;
    gd_rows aside;
    if (!srv_run_open(w, p) || !make_plan(w, p))
        return false;
    gd_spec spec = spec_of(w);
    if (!srv_probe_begin(&b->probe, &w->view.data, &spec, w->initial, p))
        return false;
    shown->parameters = (double)gd_train_params_len(b->probe.train);
    shown->parts = (double)w->plan.parts;
    shown->epochs = (double)spec.epochs;
    bool validates = gd_train_validation_rows(b->probe.train, &aside);
    double all = (double)w->view.data.rows;
    shown->validation_rows = w->view.data.train_rows ? all - (double)w->view.data.train_rows
                             : validates             ? round(b->probe.scale * (double)aside.count)
                                                     : 0;
    shown->train_rows = all - shown->validation_rows;
    if (!diagnose(b, p))
        return false;
    if (!measure(b, p))
        return false;
    warn_of_time(b);
    count_bytes(b);
    return true;
}

bool srv_forecast_make(srv_forecast *f, srv_run *w, api_problem *p)
{
    outlook b = {.f = f, .w = w};
    api_problem why = {0};
    double no = NAN;
    f->shown = (api_forecast){.train_rows = no,
                              .validation_rows = no,
                              .parameters = no,
                              .parts = no,
                              .learning_rate = no,
                              .max_stable_rate = no,
                              .epochs = no,
                              .measured_epochs = no,
                              .epoch_seconds = no,
                              .seconds = no,
                              .memory = no,
                              .dataset = 0,
                              .history = no,
                              .checkpoint = no,
                              .models = no};
    bool ok = srv_guarded(forecast, &b, &why);
    bool failing = !ok && (why.code == API_INVALID || why.code == API_CONFLICT);
    if (failing && !(f->error = api_doc_take_text(api_failure_encode(&why))))
        failing = api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
    else if (!ok && !failing)
        *p = why;
    for (size_t i = 0; i < f->said.count; i++)
        f->warnings[i] = f->said.warnings[i];
    f->shown.warnings = f->warnings;
    f->shown.warnings_count = f->said.count;
    f->shown.error = f->error;
    srv_probe_free(&b.probe);
    return ok || failing;
}

void srv_forecast_free(srv_forecast *f)
{
    free(f->error);
    f->error = NULL;
}
