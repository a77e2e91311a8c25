/* srv_recorder: a grid of epochs that widens. */
#include "srv_recorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void srv_recorder_init(srv_recorder *r, uint64_t limit)
{
    *r = (srv_recorder){.limit = limit, .stride = 1};
}

void srv_recorder_free(srv_recorder *r)
{
    free(r->pending);
    *r = (srv_recorder){0};
}

/* Doubles the stride and drops pending points off the new grid. `epoch` is the newest. */
static void widen(srv_recorder *r, uint64_t epoch)
{
    size_t n = 0;
    r->stride *= 2;
    r->thinned = true;
    for (size_t i = 0; i < r->pending_count; i++)
        if (r->pending[i].epoch % r->stride == 0)
            r->pending[n++] = r->pending[i];
    r->pending_count = n;
    r->kept = epoch / r->stride + 1;
}

/* The cost that says which point is best. */
static double watched(const api_point *p)
{
    return isnan(p->validation_cost) ? p->cost : p->validation_cost;
}

void srv_recorder_pass(srv_recorder *r, const api_point *point)
{
    double cost = watched(point), best = watched(&r->best);
    if (!r->any || (isfinite(cost) && (!isfinite(best) || cost < best)))
        r->best = *point;
}

uint64_t srv_recorder_due(const srv_recorder *r, uint64_t epoch)
{
    return (epoch / r->stride + 1) * r->stride;
}

bool srv_recorder_add(srv_recorder *r, const api_point *point)
{
    srv_recorder_pass(r, point);
    r->last = *point;
    r->any = true;
    if (point->epoch % r->stride != 0)
        return true;
    if (r->pending_count == r->pending_cap) {
        size_t cap = r->pending_cap ? 2 * r->pending_cap : 64;
        api_point *pending = realloc(r->pending, cap * sizeof *pending);
        if (!pending)
            return false;
        r->pending = pending;
        r->pending_cap = cap;
    }
    r->pending[r->pending_count++] = *point;
    /* two places are left for the best and the last point */
    if (++r->kept > r->limit - 2 && r->limit != API_ALL_POINTS)
        widen(r, point->epoch);
    return true;
}

void srv_recorder_next(srv_recorder *r)
{
    r->any = false;
}

void srv_recorder_flushed(srv_recorder *r)
{
    r->pending_count = 0;
    r->thinned = false;
}

enum { POINT = 7 }; /* numbers in a point */

static void save_point(const api_point *p, double *out)
{
    out[0] = (double)p->epoch;
    out[1] = p->cost;
    out[2] = p->validation_cost;
    out[3] = p->gradient_norm;
    out[4] = p->learning_rate;
    out[5] = p->seconds;
    out[6] = (double)p->part;
}

static api_point restore_point(const double *in)
{
    return (api_point){.epoch = (uint64_t)in[0],
                       .cost = in[1],
                       .validation_cost = in[2],
                       .gradient_norm = in[3],
                       .learning_rate = in[4],
                       .seconds = in[5],
                       .part = (uint64_t)in[6]};
}

void srv_recorder_save(const srv_recorder *r, double *out)
{
    out[0] = (double)r->stride;
    out[1] = (double)r->kept;
    out[2] = r->any;
    save_point(&r->best, out + 3);
    save_point(&r->last, out + 3 + POINT);
}

static bool whole(double v)
{
    return v >= 0 && v <= GD_MAX_EXACT_INTEGER && v == floor(v); /* false for NaN */
}

static bool is_point(const double *in)
{
    return whole(in[0]) && whole(in[6]);
}

bool srv_recorder_restore(srv_recorder *r, const double *in)
{
    if (!whole(in[0]) || in[0] < 1 || !whole(in[1]) || !is_point(in + 3) ||
        !is_point(in + 3 + POINT))
        return false;
    r->stride = (uint64_t)in[0];
    r->kept = (uint64_t)in[1];
    r->any = in[2] != 0;
    r->best = restore_point(in + 3);
    r->last = restore_point(in + 3 + POINT);
    return true;
}
