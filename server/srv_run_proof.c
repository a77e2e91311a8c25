/* srv_run_proof: what a result was made of and what came out, as hashes, so that whoever makes it
 * again can tell whether it is the same.
 *
 * Parameters are hashed as they are stored, history as six doubles a point: epoch, part (from 1),
 * cost, validation cost, gradient norm, learning rate. A number that is none is one NaN there, and
 * a zero has no sign, as the database keeps them. Seconds are no part of a result. */
#include "srv_run.h"

#include "api_replay.h"
#include "srv_build.h"
#include "srv_sha256.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the proof of the result");
}

/* ---- what went in ---- */

static bool spec_sum(const srv_run *w, double stopped_after, char hex[SRV_SHA256_SIZE])
{
    cJSON *changes = cJSON_CreateObject();
    srv_run_describe_changes(w, changes);
    char *text = api_canonical_spec(
        w->row.spec, cJSON_GetObjectItemCaseSensitive(changes, "changes"), stopped_after);
    if (text)
        srv_sha256(text, strlen(text), hex);
    free(text);
    cJSON_Delete(changes);
    return text != NULL;
}

/* {inputs, "inputs_sha256"}; NULL when out of memory. */
static cJSON *inputs(const srv_run *w)
{
    char start[SRV_SHA256_SIZE], spec[SRV_SHA256_SIZE], all[SRV_SHA256_SIZE];
    const gd_state *s = gd_train_state(w->train);
    bool stopped = s->stop == GD_STOP_REQUESTED || s->stop == GD_STOP_MAX_SECONDS;
    double after = stopped ? (double)(w->epoch_base + s->epoch) : NAN;
    if (!spec_sum(w, after, spec))
        return NULL;
    if (w->job.start_from)
        srv_sha256(w->initial, gd_train_params_len(w->train) * sizeof *w->initial, start);
    cJSON *o = cJSON_CreateObject();
    const api_inputs of = {.data = w->dataset.sha256,
                           .validation = w->validation.sha256,
                           .start = w->job.start_from ? start : NULL,
                           .spec = spec,
                           .seed = w->job.spec.seed,
                           .stopped_after = after};
    api_inputs_encode(o, &of, srv_build_encode(w->app->config.kernels));
    char *text = api_doc_text(o);
    if (!text) {
        cJSON_Delete(o);
        return NULL;
    }
    srv_sha256(text, strlen(text), all);
    free(text);
    api_doc_string(o, "inputs_sha256", all);
    return o;
}

/* ---- what came out ---- */

static double canonical(double v)
{
    return isnan(v) || isinf(v) ? (double)NAN : v == 0 ? 0 : v;
}

static void add_point(srv_sum *sum, const api_point *p)
{
    const double values[] = {(double)p->epoch,
                             (double)p->part + 1,
                             canonical(p->cost),
                             canonical(p->validation_cost),
                             canonical(p->gradient_norm),
                             canonical(p->learning_rate)};
    srv_sum_doubles(sum, values, sizeof values / sizeof values[0]);
}

typedef struct history {
    const srv_run *w;
    srv_sum sum;
    api_point ends[2]; /* the best and the last point, which are stored beside those of the grid */
    size_t ends_count, ends_at;
} history;

/* A point of the grid, after those ends that come before it. */
static void take(history *h, const api_point *p)
{
    while (h->ends_at < h->ends_count && h->ends[h->ends_at].epoch < p->epoch)
        add_point(&h->sum, &h->ends[h->ends_at++]);
    if (h->ends_at < h->ends_count && h->ends[h->ends_at].epoch == p->epoch)
        h->ends_at++;
    add_point(&h->sum, p);
}

/* Those that are stored already, and stay when the pending ones are written. */
static bool take_stored(srv_db *db, void *arg, api_problem *p)
{
    history *h = arg;
    const srv_recorder *r = &h->w->recorder;
    srv_rows *rows = srv_db_query(db, SQL_POINT_LIST, p, "iii", h->w->row.seq, (int64_t)-1,
                                  (int64_t)INT64_MAX);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        api_point point = {.epoch = (uint64_t)srv_integer(rows, 0),
                           .cost = srv_real(rows, 1),
                           .gradient_norm = srv_real(rows, 2),
                           .learning_rate = srv_real(rows, 3),
                           .validation_cost = srv_real(rows, 5),
                           .part = (uint64_t)srv_integer(rows, 6)};
        if (!r->thinned || point.epoch % r->stride == 0)
            take(h, &point);
    }
    return step == SRV_END;
}

static bool history_sum(const srv_run *w, char hex[SRV_SHA256_SIZE], api_problem *p)
{
    const srv_recorder *r = &w->recorder;
    history h = {.w = w, .ends = {r->best, r->last}};
    h.ends_count = !r->any ? 0 : r->best.epoch == r->last.epoch ? 1 : 2;
    srv_sum_begin(&h.sum);
    if (!w->fresh && !srv_store_read(w->app->store, take_stored, &h, p))
        return false;
    for (size_t i = 0; i < r->pending_count; i++)
        take(&h, &r->pending[i]);
    while (h.ends_at < h.ends_count)
        add_point(&h.sum, &h.ends[h.ends_at++]);
    srv_sum_end(&h.sum, hex);
    return true;
}

cJSON *srv_run_prove_model(const srv_run *w, const double *theta)
{
    char hex[SRV_SHA256_SIZE];
    cJSON *o = inputs(w);
    srv_sha256(theta, gd_train_params_len(w->train) * sizeof *theta, hex);
    api_doc_string(o, "parameters_sha256", hex);
    return o;
}

bool srv_run_prove(const srv_run *w, const double *theta, char **out, api_problem *p)
{
    char parameters[SRV_SHA256_SIZE], points[SRV_SHA256_SIZE];
    size_t n = gd_train_params_len(w->train);
    srv_sum sum;
    srv_sum_begin(&sum);
    for (size_t k = 0; k < w->plan.ended_count; k++)
        srv_sum_doubles(&sum, w->plan.ended[k].theta, w->plan.ended[k].len);
    srv_sum_doubles(&sum, theta, n);
    srv_sum_end(&sum, parameters);
    if (!history_sum(w, points, p))
        return false;
    cJSON *o = inputs(w);
    api_doc_string(o, "parameters_sha256", parameters);
    api_doc_string(o, "history_sha256", points);
    *out = o ? api_doc_take_text(o) : NULL;
    return *out || no_memory(p);
}

bool srv_run_replayed(const srv_run *w)
{
    const gd_state *s = gd_train_state(w->train);
    return w->stops && s->stop == GD_STOP_NONE && w->recorder.any &&
           w->epoch_base + s->epoch >= w->stops_after;
}
