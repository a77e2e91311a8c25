/* srv_run_load: a job's rows read, its data opened, its parts taken up where they stood. */
#include "srv_run.h"

#include "api_replay.h"
#include "gd_sparse.h"
#include "srv_guard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the job");
}

/* ---- rows ---- */

static bool copy(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

/* Column `column` as doubles, owned; NULL and 0 for null. */
static bool copy_blob(srv_rows *rows, int column, double **to, size_t *count)
{
    size_t len;
    const void *blob = srv_blob(rows, column, &len);
    *count = len / sizeof **to;
    *to = len ? malloc(len) : NULL;
    if (*to)
        memcpy(*to, blob, len);
    return *to || !len;
}

static bool load_job(srv_db *db, srv_run *w, api_problem *p)
{
    char *sum = NULL;
    srv_run_row *r = &w->row;
    srv_rows *rows = srv_db_query(db, SQL_JOB_LOAD, p, "t", w->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    r->found = true;
    r->seq = srv_integer(rows, 0);
    bool ok = copy(&r->state, srv_text(rows, 1)) && copy(&r->spec, srv_text(rows, 2)) &&
              copy_blob(rows, 3, &r->checkpoint, &r->checkpoint_len) &&
              copy(&r->started_at, srv_text(rows, 4)) && copy(&r->name, srv_text(rows, 5)) &&
              copy(&r->dataset_id, srv_text(rows, 6)) &&
              copy_blob(rows, 7, &r->initial, &r->initial_len) &&
              copy(&r->expected, srv_text(rows, 8)) && copy(&r->asked, srv_text(rows, 9)) &&
              copy(&r->initial_columns, srv_text(rows, 10)) && copy(&sum, srv_text(rows, 11));
    srv_db_done(rows);
    ok = ok ? srv_run_look_at_progress(db, w, sum, p) : no_memory(p);
    free(sum);
    return ok;
}

static bool load_parts(srv_db *db, void *arg, api_problem *p)
{
    srv_run *w = arg;
    srv_rows *rows = srv_db_query(db, SQL_PART_LIST, p, "i", w->row.seq);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        size_t len;
        double *theta = NULL;
        char *result = NULL;
        bool copied = copy(&result, srv_text(rows, 0)) && copy_blob(rows, 1, &theta, &len);
        if (!copied)
            free(result);
        if (!copied || !srv_plan_ended(&w->plan, result, theta, len)) {
            srv_db_done(rows);
            return no_memory(p);
        }
    }
    return step == SRV_END;
}

static bool load(srv_db *db, void *arg, api_problem *p)
{
    srv_run *w = arg;
    bool ok = load_job(db, w, p);
    if (ok && w->row.found && w->row.dataset_id)
        ok = srv_dataset_load(db, w->row.dataset_id, &w->dataset, p);
    return ok;
}

void srv_run_init(srv_run *w, srv_app *app, const char *id, const srv_signals *signals)
{
    w->app = app;
    w->id = id;
    w->signals = signals;
    w->began = srv_monotonic();
    w->member.team = app->team;
    w->partner = (srv_partner){.meeting = app->together,
                               .member = &w->member,
                               .interrupted = srv_run_interrupted,
                               .ctx = w};
    w->executor = (gd_executor){.slots = srv_team_slots(app->team),
                                .run = srv_run_blocks,
                                .ctx = w,
                                .interrupted = srv_run_interrupted,
                                .share = srv_run_share,
                                .recall = srv_run_recall,
                                .keep = srv_run_keep,
                                .kernels = app->config.kernels};
    w->ending = w->executor;
    w->ending.interrupted = srv_run_broken_off;
}

bool srv_run_load(srv_run *w, api_problem *p)
{
    return srv_store_read(w->app->store, load, w, p);
}

/* ---- the run ---- */

static bool load_validation(srv_db *db, void *arg, api_problem *p)
{
    srv_run *w = arg;
    return srv_dataset_load(db, w->job.validation_dataset_id, &w->validation, p);
}

static bool open_data(srv_run *w, api_problem *p)
{
    if (!w->dataset.id)
        return api_problem_set(p, API_CONFLICT, "the job's dataset was deleted");
    if (w->job.validation_dataset_id) {
        if (!srv_store_read(w->app->store, load_validation, w, p))
            return false;
        if (!w->validation.id)
            return api_problem_set(p, API_CONFLICT, "the dataset to validate on was deleted");
    }
    return srv_view_open(&w->view, w->app->cache, &w->job, &w->dataset,
                         w->validation.id ? &w->validation : NULL, p);
}

const char *srv_run_columns(const srv_run *w)
{
    const srv_prepared *own = &w->plan.prepared;
    return own->active ? own->columns : w->view.columns;
}

/* Are the columns those of the model that training starts from, where they were prepared? */
static bool same_columns(const srv_run *w, api_problem *p)
{
    const char *theirs = w->row.initial_columns;
    if (!theirs || strcmp(theirs, w->view.columns) == 0)
        return true;
    cJSON *own = cJSON_Parse(w->view.columns), *other = cJSON_Parse(theirs);
    const cJSON *a = own ? own->child : NULL, *b = other ? other->child : NULL;
    while (a && b && strcmp(a->valuestring, b->valuestring) == 0) {
        a = a->next;
        b = b->next;
    }
    api_problem_field(p, "start_from", "has other columns: \"%.80s\" where this data has \"%.80s\"",
                      b ? b->valuestring : "nothing", a ? a->valuestring : "nothing");
    cJSON_Delete(own);
    cJSON_Delete(other);
    return false;
}

/* Where the job begins: given parameters, or those of a model. Groups may have columns of their own,
 * and are looked at one by one. */
static bool find_start(srv_run *w, api_problem *p)
{
    bool apart = w->job.group_by && w->view.prepared.active;
    if (!w->row.initial)
        return apart || api_job_initial(&w->job, w->view.data.cols, w->view.data.classes,
                                        &w->initial, p);
    gd_shape shape = gd_spec_shape(&w->job.spec, w->view.data.cols, w->view.data.classes);
    if (w->row.initial_len != w->job.spec.model->params_len(&shape))
        return api_problem_field(p, "start_from",
                                 "has %zu parameters, but this data needs %zu: other columns or "
                                 "other classes",
                                 w->row.initial_len, w->job.spec.model->params_len(&shape));
    if (!same_columns(w, p))
        return false;
    w->initial = w->row.initial;
    w->row.initial = NULL;
    return true;
}

bool srv_run_broken_off(void *run)
{
    srv_run *w = run;
    const srv_signals *s = w->signals;
    if (!w->member.in_pass)
        srv_team_yield(&w->member);
    return w->member.broken || atomic_load(&s->cancel) || atomic_load(s->stop) ||
           atomic_load(&s->pause) ||
           (w->fresh && srv_monotonic() > w->give_up_at);
}

bool srv_run_interrupted(void *run)
{
    srv_run *w = run;
    return srv_run_broken_off(run) || atomic_load(&w->signals->finish) ||
           (w->job.max_seconds != API_NO_LIMIT && srv_run_seconds(w) >= w->job.max_seconds);
}

void srv_run_blocks(void *run, gd_block_fn *fn, void *arg, size_t blocks)
{
    srv_run *w = run;
    srv_team_run(&w->member, fn, arg, blocks);
}

/* Values of the rows below which a pass takes no longer than bringing threads together: a quarter of
 * a millisecond or so. */
#define WORTH_SHARING ((size_t)1 << 19)

static bool worth_sharing(const srv_run *w)
{
    const gd_data *d = &w->data;
    uint64_t batch = w->job.spec.batch_size;
    size_t values = gd_data_sparse(d) ? (size_t)gd_sparse_entries(d) : d->rows * d->cols;
    return (batch == GD_FULL_BATCH || batch >= d->rows) && values >= WORTH_SHARING;
}

bool srv_run_share(void *run, gd_objective *o, const double *theta, const gd_rows *rows,
                   double *cost, double *gradient)
{
    srv_run *w = run;
    return worth_sharing(w) && srv_together_eval(&w->partner, o, theta, rows, cost, gradient);
}

bool srv_run_recall(void *run, gd_objective *o, double *curvature)
{
    srv_run *w = run;
    return worth_sharing(w) && srv_together_recall(&w->partner, o, curvature);
}

void srv_run_keep(void *run, gd_objective *o, double curvature)
{
    srv_run *w = run;
    (void)o;
    srv_together_keep(&w->partner, curvature);
}

bool srv_run_begin_part(srv_run *w, api_problem *p)
{
    gd_error err;
    gd_data data;
    gd_spec spec;
    const double *initial;
    srv_together_leave(&w->partner);
    gd_train_free(w->train);
    w->train = NULL;
    free(w->checkpoint);
    w->checkpoint = NULL;
    if (!srv_plan_part(&w->plan, w->part, &w->job, &w->view, &data, &spec, &initial, p))
        return false;
    if (w->plan.kind == SRV_GROUPS && w->plan.prepared.active) {
        free(w->initial);
        w->initial = NULL;
        if (!api_job_initial(&w->job, data.cols, data.classes, &w->initial, p))
            return false;
    }
    if (gd_train_new(&w->train, &data, &spec, initial ? initial : w->initial, &w->executor,
                     &err) != GD_OK)
        return api_problem_core(p, &err);
    w->data = data;
    w->checkpoint_len = SRV_RUN_HEAD + gd_train_save_len(w->train);
    w->checkpoint = calloc(w->checkpoint_len, sizeof *w->checkpoint);
    if (w->checkpoint)
        return true;
    gd_train_free(w->train); /* one that can't be saved is none */
    w->train = NULL;
    return no_memory(p);
}

/* The head of the stored checkpoint. False when it is of another part, or was never written so. */
static bool take_up_head(srv_run *w)
{
    const srv_run_row *r = &w->row;
    if (r->checkpoint_len < SRV_RUN_HEAD)
        return false;
    double seconds = r->checkpoint[SRV_RUN_SECONDS], base = r->checkpoint[SRV_RUN_BASE];
    if (r->checkpoint[SRV_RUN_PART] != (double)w->part || !(seconds >= 0) || !isfinite(seconds) ||
        !(base >= 0) || base > GD_MAX_EXACT_INTEGER || base != floor(base))
        return false;
    w->seconds_before = seconds;
    w->epoch_base = (uint64_t)base;
    /* the points of the parts before it count */
    return r->checkpoint_len > SRV_RUN_HEAD || srv_recorder_restore(&w->recorder, r->checkpoint);
}

/* And the run of the part at hand. */
static bool take_up_run(srv_run *w)
{
    gd_error err;
    const srv_run_row *r = &w->row;
    srv_recorder points = w->recorder;
    if (r->checkpoint_len != w->checkpoint_len || !srv_recorder_restore(&points, r->checkpoint) ||
        gd_train_restore(w->train, r->checkpoint + SRV_RUN_HEAD, w->checkpoint_len - SRV_RUN_HEAD,
                         &err) != GD_OK)
        return false;
    w->taken_up = true;
    /* a run that had not begun does so anew, and so do its points */
    if (gd_train_begun(w->train) || w->epoch_base > 0)
        w->recorder = points;
    return true;
}

static bool damaged(srv_run *w, api_problem *p)
{
    w->row.damaged = true;
    return api_problem_set(p, API_INTERNAL, "what is stored of the job's progress is damaged");
}

/* A checkpoint that is whole, as far as its sum tells, and not of this run: of another release,
 * say. Groups before this one may have models in use: of such a job the part alone begins anew. */
static bool unfit(srv_run *w, api_problem *p)
{
    return (w->plan.kind == SRV_GROUPS && w->part > 0) || damaged(w, p);
}

bool srv_run_open(srv_run *w, api_problem *p)
{
    if (!api_job_decode(w->row.spec, strlen(w->row.spec), &w->job, p))
        return false;
    w->stops = api_stopped_after(w->row.expected, &w->stops_after);
    if (w->row.expected)
        w->job.max_seconds = API_NO_LIMIT; /* a replay ends where that job did, however long it takes */
    return open_data(w, p) && find_start(w, p);
}

bool srv_run_read(srv_run *w, bool (*work)(void *ctx, api_problem *p), void *ctx, api_problem *p)
{
    bool ok;
    w->member.broken = !srv_guard_try(work, ctx, &ok, p) || w->member.broken;
    return w->member.broken ? srv_guard_problem(p) : ok;
}

typedef struct stepping {
    srv_run *w;
    gd_step step;
} stepping;

static bool step(void *arg, api_problem *p)
{
    stepping *s = arg;
    (void)p;
    s->step = gd_train_step_until(s->w->train, srv_run_due(s->w));
    return true;
}

bool srv_run_step(srv_run *w, gd_step *out)
{
    stepping s = {.w = w};
    api_problem why = {0}; /* the same each time */
    bool ok = srv_run_read(w, step, &s, &why);
    *out = s.step;
    return ok;
}

static bool prepare(void *run, api_problem *p)
{
    srv_run *w = run;
    const srv_run_row *r = &w->row;
    if (r->damaged)
        return damaged(w, p);
    if (!srv_run_open(w, p))
        return false;
    srv_recorder_init(&w->recorder, w->job.history_points);
    if (!srv_plan_make(&w->plan, &w->job, &w->view, p) ||
        (!w->fresh && !srv_store_read(w->app->store, load_parts, w, p)))
        return false;
    w->part = w->plan.ended_count;
    srv_plan_first_model(&w->plan, w->model_id, sizeof w->model_id);
    if (r->checkpoint && !take_up_head(w) && !unfit(w, p))
        return false;
    if (!srv_run_begin_part(w, p) ||
        !api_job_check_recorded(&w->job, w->job.spec.epochs, gd_train_params_len(w->train), p))
        return false;
    srv_snapshots_init(&w->snapshots, w->job.record_parameters, gd_train_params_len(w->train));
    if (r->checkpoint_len > SRV_RUN_HEAD && !take_up_run(w) && !unfit(w, p))
        return false;
    return w->fresh || srv_run_load_changes(w, p);
}

bool srv_run_prepare(srv_run *w, api_problem *p)
{
    return srv_run_read(w, prepare, w, p);
}

void srv_run_free(srv_run *w)
{
    srv_run_row *r = &w->row;
    srv_together_leave(&w->partner);
    gd_train_free(w->train);
    srv_plan_free(&w->plan);
    srv_view_close(&w->view);
    srv_dataset_free(&w->dataset);
    srv_dataset_free(&w->validation);
    srv_recorder_free(&w->recorder);
    srv_snapshots_free(&w->snapshots);
    api_job_free(&w->job);
    free(w->initial);
    free(w->checkpoint);
    free(w->changes);
    free(r->state);
    free(r->spec);
    free(r->started_at);
    free(r->name);
    free(r->dataset_id);
    free(r->asked);
    free(r->expected);
    free(r->checkpoint);
    free(r->initial);
    free(r->initial_columns);
}
