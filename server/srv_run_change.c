/* srv_run_change: settings of a job that change while it runs.
 *
 * A change is a row before it is acknowledged. The worker takes it up between two epochs, after
 * the starting point was recorded, and writes the epoch that went before it in the transaction
 * of the checkpoint which has it: one that is not written yet is applied again after a restart,
 * one that is written is in the checkpoint. */
#include "srv_run.h"

#include "srv_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool keep(srv_run *w, const srv_run_change *c)
{
    srv_run_change *grown = realloc(w->changes, (w->changes_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    w->changes = grown;
    w->changes[w->changes_count++] = *c;
    return true;
}

static bool load(srv_db *db, void *arg, api_problem *p)
{
    srv_run *w = arg;
    int64_t last = w->changes_count ? w->changes[w->changes_count - 1].seq : 0;
    srv_rows *rows = srv_db_query(db, SQL_CHANGE_LIST, p, "ii", w->row.seq, last);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        const char *text = srv_text(rows, 3);
        bool written = !srv_is_null(rows, 1);
        srv_run_change c = {.seq = srv_integer(rows, 0), .epoch = -1};
        c.done = written && w->taken_up;
        if (written || !srv_is_null(rows, 2))
            c.epoch = srv_integer(rows, written ? 1 : 2);
        if (!api_change_decode(text, strlen(text), &c.change, p) || !keep(w, &c)) {
            srv_db_done(rows);
            return p->code != API_NO_PROBLEM
                       ? false
                       : api_problem_set(p, API_UNAVAILABLE, "not enough memory for a change");
        }
    }
    return step == SRV_END;
}

bool srv_run_load_changes(srv_run *w, api_problem *p)
{
    w->changes_seen = atomic_load(&w->signals->changes);
    return srv_store_read(w->app->store, load, w, p);
}

static gd_status adjust(srv_run *w, const api_change *c, gd_error *err)
{
    api_problem p = {0};
    if (c->epochs > 0 &&
        !api_job_check_recorded(&w->job, c->epochs, gd_train_params_len(w->train), &p))
        return gd_fail(err, GD_INVALID, p.errors[0].field, "%s", p.errors[0].message);
    return gd_train_adjust(w->train, c->learning_rate, c->tol, c->epochs, err);
}

static bool apply(srv_run *w)
{
    const gd_state *s = gd_train_state(w->train);
    bool any = false;
    for (size_t i = 0; i < w->changes_count; i++) {
        srv_run_change *c = &w->changes[i];
        if (c->done || (int64_t)s->epoch < c->epoch)
            continue;
        gd_error err;
        if (adjust(w, &c->change, &err) != GD_OK)
            snprintf(c->refused, sizeof c->refused, "%s%s%s", err.field, *err.field ? " " : "",
                     err.message);
        c->epoch = (int64_t)s->epoch;
        c->done = c->unwritten = any = true;
    }
    return any;
}

bool srv_run_apply_changes(srv_run *w)
{
    if (!w->recorder.any || w->plan.kind != SRV_SINGLE)
        return false;
    if (atomic_load(&w->signals->changes) != w->changes_seen) {
        api_problem p = {0};
        unsigned seen = w->changes_seen;
        if (!srv_run_load_changes(w, &p)) {
            w->changes_seen = seen; /* with the next epoch, then */
            srv_log("changes not read", srv_s("id", w->id), srv_s("why", p.detail));
            return false;
        }
    }
    return gd_train_state(w->train)->stop == GD_STOP_NONE && apply(w);
}

uint64_t srv_run_change_due(const srv_run *w)
{
    uint64_t due = UINT64_MAX, now = gd_train_state(w->train)->epoch;
    for (size_t i = 0; i < w->changes_count; i++) {
        const srv_run_change *c = &w->changes[i];
        if (!c->done && c->epoch > (int64_t)now && (uint64_t)c->epoch < due)
            due = (uint64_t)c->epoch;
    }
    return due;
}

bool srv_run_write_changes(srv_db *db, srv_run *w, api_problem *p)
{
    for (size_t i = 0; i < w->changes_count; i++) {
        const srv_run_change *c = &w->changes[i];
        cJSON *why = c->unwritten && *c->refused ? cJSON_CreateString(c->refused) : NULL;
        char *text = why ? api_doc_take_text(why) : NULL;
        bool ok = !c->unwritten ||
                  (srv_db_run(db, SQL_CHANGE_APPLIED, p, "iti", (int64_t)c->epoch, text, c->seq) &&
                   (c->change.epochs == 0 || *c->refused ||
                    srv_db_run(db, SQL_JOB_EPOCHS, p, "it", (int64_t)c->change.epochs, w->id)));
        free(text);
        if (!ok)
            return false;
    }
    return true;
}

void srv_run_describe_changes(const srv_run *w, cJSON *o)
{
    cJSON *list = NULL;
    bool any = false;
    for (size_t i = 0; i < w->changes_count; i++) {
        const srv_run_change *c = &w->changes[i];
        if (!c->done || *c->refused)
            continue;
        if (!any)
            list = api_doc_add_array(o, "changes");
        any = true;
        cJSON *one = api_doc_append_object(list);
        api_doc_number(one, "epoch", (double)c->epoch);
        api_change_encode(one, &c->change);
    }
}
