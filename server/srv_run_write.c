/* srv_run_write: a run's progress on its way to the database. */
#include "srv_run.h"

#include "srv_kept.h"
#include "srv_log.h"

#include <math.h>
#include <string.h>

double srv_run_seconds(const srv_run *w)
{
    double s = w->seconds_before + srv_monotonic() - w->began;
    return round(s * 1e6) / 1e6; /* microseconds are all that is meant */
}

/* Points, or numbers of parameters on the way, that may wait: no write holds up others for long. */
#define MOST_POINTS 2000
#define MOST_NUMBERS ((size_t)1 << 20)

bool srv_run_much_waits(const srv_run *w)
{
    return w->recorder.pending_count >= MOST_POINTS ||
           w->snapshots.count * w->snapshots.len >= MOST_NUMBERS;
}

uint64_t srv_run_due(const srv_run *w)
{
    uint64_t now = w->epoch_base + gd_train_state(w->train)->epoch, change = srv_run_change_due(w);
    uint64_t point = srv_recorder_due(&w->recorder, now) - w->epoch_base;
    return point < change ? point : change;
}

/* The best epoch, if it is one that the last step ran through. */
static void pass_best(srv_run *w)
{
    const gd_point *b = gd_train_best(w->train);
    uint64_t epoch = w->epoch_base + b->epoch;
    const api_point point = {.epoch = epoch,
                             .part = w->part,
                             .cost = b->cost,
                             .validation_cost = b->validation_cost,
                             .gradient_norm = b->gradient_norm,
                             .learning_rate = b->learning_rate,
                             .seconds = srv_run_seconds(w)};
    if (w->recorder.any && epoch > w->recorder.last.epoch &&
        b->epoch < gd_train_state(w->train)->epoch)
        srv_recorder_pass(&w->recorder, &point);
}

bool srv_run_record(srv_run *w)
{
    const gd_state *s = gd_train_state(w->train);
    uint64_t stride = w->recorder.stride;
    pass_best(w);
    const api_point point = {.epoch = w->epoch_base + s->epoch,
                             .part = w->part,
                             .cost = s->cost,
                             .validation_cost = s->validation_cost,
                             .gradient_norm = s->gradient_norm,
                             .learning_rate = s->learning_rate,
                             .seconds = srv_run_seconds(w)};
    if (!srv_recorder_add(&w->recorder, &point))
        return false;
    if (w->recorder.stride != stride)
        srv_snapshots_thin(&w->snapshots, w->recorder.stride);
    if (!srv_snapshots_due(&w->snapshots, w->recorder.stride, s->epoch) || !isfinite(s->cost) ||
        !isfinite(s->gradient_norm))
        return true;
    double *theta = srv_snapshots_add(&w->snapshots, s->epoch);
    if (theta)
        gd_train_params_now(w->train, theta);
    return theta != NULL;
}

/* A statement for each is what most of the time would go to. */
static bool write_many(srv_db *db, const srv_run *w, const api_point *points, api_problem *p)
{
    enum { VALUES = 7 };
    srv_rows *rows = srv_db_query(db, SQL_POINTS_INSERT, p, "i", w->row.seq);
    bool ok = rows != NULL;
    for (int i = 0; ok && i < SRV_POINTS_AT_ONCE; i++)
        ok = srv_db_bind(db, rows, p, 2 + VALUES * i, "idddddi", (int64_t)points[i].epoch,
                         points[i].cost, points[i].gradient_norm, points[i].learning_rate,
                         points[i].seconds, points[i].validation_cost, (int64_t)points[i].part);
    return ok && srv_db_step(db, rows, p) == SRV_END;
}

static bool write_points(srv_db *db, const srv_run *w, const api_point *points, size_t n,
                         api_problem *p)
{
    for (; n >= SRV_POINTS_AT_ONCE; n -= SRV_POINTS_AT_ONCE, points += SRV_POINTS_AT_ONCE)
        if (!write_many(db, w, points, p))
            return false;
    for (size_t i = 0; i < n; i++)
        if (!srv_db_run(db, SQL_POINT_INSERT, p, "iidddddi", w->row.seq, (int64_t)points[i].epoch,
                        points[i].cost, points[i].gradient_norm, points[i].learning_rate,
                        points[i].seconds, points[i].validation_cost, (int64_t)points[i].part))
            return false;
    return true;
}

bool srv_run_write_ends(srv_db *db, srv_run *w, api_problem *p)
{
    const api_point ends[] = {w->recorder.best, w->recorder.last};
    return !w->recorder.any || write_points(db, w, ends, 2, p);
}

int64_t srv_run_kept(const srv_run *w)
{
    if (!w->train)
        return -1;
    const srv_plan *plan = &w->plan;
    const srv_snapshots *s = &w->snapshots;
    uint64_t points = w->recorder.kept + 2 * (plan->ended_count + 1), recorded = 0;
    if (s->every != API_NO_RECORD)
        recorded = gd_train_state(w->train)->epoch / (w->recorder.stride * s->every) + 1;
    uint64_t bytes = SRV_POINT_BYTES * points + recorded * s->len * sizeof(double) +
                     w->row.initial_len * sizeof(double);
    for (size_t i = 0; i < plan->ended_count; i++)
        bytes += plan->ended[i].len * sizeof(double) + strlen(plan->ended[i].result);
    return (int64_t)bytes + srv_kept_text(w->row.spec);
}

bool srv_run_write_progress(srv_db *db, srv_run *w, api_problem *p)
{
    const gd_state *s = gd_train_state(w->train);
    const srv_recorder *r = &w->recorder;
    size_t len = w->checkpoint_len * sizeof *w->checkpoint;
    double rate = s->learning_rate > 0 ? s->learning_rate : NAN;
    double limit = s->max_stable_rate > 0 ? s->max_stable_rate : NAN;
    bool begun = r->any;
    const char *by = gd_train_epochs_by(w->train);
    if (!srv_db_run(db, SQL_JOB_PROGRESS, p, "tididddddiibttt", w->started_at,
                    (int64_t)(w->epoch_base + s->epoch), begun ? s->cost : NAN,
                    (int64_t)(!begun || isfinite(s->cost)), begun ? s->gradient_norm : NAN, rate,
                    limit, srv_run_seconds(w), begun ? s->validation_cost : NAN, (int64_t)w->part,
                    (int64_t)w->plan.parts, (const void *)w->checkpoint, len,
                    w->checkpoint_sha256, *by ? by : NULL, w->id))
        return false;
    /* cancelled before this worker saw it: nothing to write to */
    w->gone = srv_db_changes(db) == 0;
    if (w->gone)
        return true;
    if (r->thinned && !srv_db_run(db, SQL_POINT_THIN, p, "ii", w->row.seq, (int64_t)r->stride))
        return false;
    const gd_shape *shape = gd_train_shape(w->train);
    return write_points(db, w, r->pending, r->pending_count, p) &&
           srv_snapshots_write(db, &w->snapshots, w->row.seq, r->stride, r->thinned, shape->cols,
                               shape->outputs, p) &&
           srv_run_write_changes(db, w, p);
}

void srv_run_written(srv_run *w)
{
    srv_recorder_flushed(&w->recorder);
    srv_snapshots_written(&w->snapshots);
    for (size_t i = 0; i < w->changes_count; i++)
        w->changes[i].unwritten = false;
}

void srv_run_take_checkpoint(srv_run *w)
{
    srv_recorder_save(&w->recorder, w->checkpoint);
    w->checkpoint[SRV_RUN_SECONDS] = srv_run_seconds(w);
    w->checkpoint[SRV_RUN_BASE] = (double)w->epoch_base;
    w->checkpoint[SRV_RUN_PART] = (double)w->part;
    if (w->checkpoint_len > SRV_RUN_HEAD)
        gd_train_save(w->train, w->checkpoint + SRV_RUN_HEAD);
    srv_run_seal_checkpoint(w);
}

void srv_run_seal_checkpoint(srv_run *w)
{
    srv_sha256(w->checkpoint, w->checkpoint_len * sizeof *w->checkpoint, w->checkpoint_sha256);
}

static bool write_progress(srv_db *db, void *arg, api_problem *p)
{
    return srv_run_write_progress(db, arg, p);
}

bool srv_run_flush(srv_run *w)
{
    api_problem p = {0};
    srv_run_take_checkpoint(w);
    if (!srv_store_write(w->app->store, write_progress, w, &p)) {
        /* The points stay pending and are tried with the next ones. */
        srv_log("job progress not saved", srv_s("id", w->id), srv_s("why", p.detail));
        return false;
    }
    srv_run_written(w);
    return true;
}
