/* srv_brief: what is brief, and a run without anything in between. */
#include "srv_brief.h"

#include "gd_model.h"
#include "srv_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Other requests wait for no longer than this behind one, seconds; beyond, a worker begins anew. */
#define LONGEST 0.02

/* Numbers of the dataset; multiplications of training, of which each epoch costs some more for
 * itself, and of what follows it. */
#define MOST_VALUES 16384.0
#define MOST_WORK ((double)(1 << 20))
#define EPOCH_WORK 500.0

/* One run of training on a few rows of numbers. */
static bool is_brief(const srv_new_job *n)
{
    const api_job *job = &n->job;
    const srv_dataset *d = &n->dataset;
    if (job->cross_validation != API_NO_FOLDS || job->group_by || api_job_is_path(job) ||
        job->validation_dataset_id || job->features || n->replay_of || n->sweep_id || d->sparse ||
        d->kinds || gd_model_several(job->spec.model))
        return false;
    double values = (double)d->rows * (double)d->cols;
    return values <= MOST_VALUES && (values + EPOCH_WORK) * (double)job->spec.epochs <= MOST_WORK;
}

/* So is the search for a certificate and for standard errors, now that the parameters are counted.
 */
static bool ends_soon(const srv_run *w)
{
    double n = (double)gd_train_params_len(w->train), rows = (double)w->data.rows;
    return n * n * fmax(n, rows) <= MOST_WORK;
}

static void train(srv_run *w)
{
    bool done = false;
    gd_step step;
    srv_team_enter(&w->member);
    while (!done && !srv_run_interrupted(w) && !srv_run_much_waits(w)) {
        done = !srv_run_step(w, &step) || step == GD_STEP_DONE;
        if (w->member.broken)
            break;
        if (step == GD_STEP_EPOCH && !srv_run_record(w))
            break;
    }
    srv_team_leave(&w->member);
}

/* What is in n stays n's. */
static void lend(srv_run *w, srv_new_job *n)
{
    w->row = (srv_run_row){
        .found = true, .spec = n->spec, .name = n->job.name, .initial_columns = n->initial_columns};
    w->dataset = n->dataset;
}

static bool run(srv_run *w, srv_new_job *n)
{
    api_problem p = {0};
    if (n->initial) { /* the run's own */
        w->row.initial = malloc(n->initial_len * sizeof *n->initial);
        if (!w->row.initial)
            return false;
        memcpy(w->row.initial, n->initial, n->initial_len * sizeof *n->initial);
        w->row.initial_len = n->initial_len;
    }
    if (!srv_run_prepare(w, &p) || !ends_soon(w))
        return false;
    train(w);
    return !w->member.broken && gd_train_state(w->train)->stop != GD_STOP_NONE && srv_run_conclude(w) == SRV_RUN_OVER;
}

bool srv_brief_try(srv_new_job *n, srv_app *app)
{
    if (!is_brief(n) || !srv_pool_visit(app->pool, app->config.threads))
        return false;
    const srv_signals signals = {.stop = srv_pool_stopping(app->pool)};
    srv_run w = {.fresh = n};
    srv_new_job_name(n);
    srv_run_init(&w, app, n->id, &signals);
    w.give_up_at = w.began + LONGEST;
    snprintf(w.started_at, sizeof w.started_at, "%s", n->created_at);
    lend(&w, n);
    bool ended = run(&w, n);
    free(w.row.initial);
    lend(&w, &(srv_new_job){0});
    srv_run_free(&w);
    srv_pool_leave(app->pool);
    srv_heap_freed(app->heap);
    return ended;
}
