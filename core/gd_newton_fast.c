/* gd_newton_fast: what gd_newton_rows.c asks of a tile, of one output, by kernels: scores, slopes
 * and sums of many rows at a time. */
#include "gd_newton.h"

#include <math.h>
#include <string.h>

/* Beyond it a gap is had from the cost's own function. */
#define FAR_SCORE 700.0

bool gd_newton_may_be_fast(const gd_newton *w)
{
    return w->outputs == 1 && w->kernels->scores && w->fit.cost->fast < GD_FAST_COSTS &&
           w->kernels->cost[w->fit.cost->fast];
}

/* A slot's scratch: a value a row, but for what is noted. */
typedef struct scratch {
    double *z, *delta, *from; /* scores at theta, along shift, at start: side by side */
    double *alpha, *bend, *dz, *out;
    double *rows; /* of the tile's width */
    double *cost; /* GD_COST_SUMS */
} scratch;

enum { EACH_ROW = 7 };

size_t gd_newton_fast_spare(const gd_newton *w)
{
    return GD_FIT_TILE_ROWS * (EACH_ROW + w->stretch) + GD_COST_SUMS;
}

static scratch scratch_of(const gd_fit_tile *t)
{
    scratch s = {.z = t->spare};
    s.delta = s.z + GD_FIT_TILE_ROWS;
    s.from = s.delta + GD_FIT_TILE_ROWS;
    s.alpha = s.from + GD_FIT_TILE_ROWS;
    s.bend = s.alpha + GD_FIT_TILE_ROWS;
    s.dz = s.bend + GD_FIT_TILE_ROWS;
    s.out = s.dz + GD_FIT_TILE_ROWS;
    s.rows = s.out + GD_FIT_TILE_ROWS;
    s.cost = s.rows + GD_FIT_TILE_ROWS * t->width;
    return s;
}

static gd_tile rows_at(const double *A, const gd_fit_tile *t)
{
    return (gd_tile){.X = A, .rows_of_data = t->n, .cols = t->width, .count = t->n};
}

/* Of `count` vectors of n values, which lie one after the other. */
static void scores(const gd_newton *w, const gd_fit_tile *t, const double *vectors, size_t count,
                   double *z)
{
    const gd_tile tile = rows_at(t->A, t);
    w->kernels->scores(&tile, vectors, NULL, count, z, GD_FIT_TILE_ROWS);
}

static void add_offset(const gd_newton *w, const gd_fit_tile *t, double *z)
{
    for (size_t i = 0; w->fit.offset && i < t->n; i++)
        z[i] += t->offset[i];
}

static void slopes(const gd_newton *w, const gd_fit_tile *t, const scratch *s)
{
    const gd_cost *c = w->fit.cost;
    if (w->kernels->bends[c->fast]) {
        w->kernels->bends[c->fast](s->z, t->y, t->n, s->alpha, s->bend);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        s->alpha[i] = c->slope(s->z[i], t->y[i], w->width, &s->bend[i], w->fit.cost_hyper);
}

/* sums += sum by[i] x row i of A; zeros behind `by`, to where vectors end */
static void add_rows(const gd_newton *w, const gd_fit_tile *t, const double *A, double *by,
                     double *sums)
{
    double unused = 0;
    const gd_tile tile = rows_at(A, t);
    for (size_t i = t->n; i < gd_pitch(t->n); i++)
        by[i] = 0;
    w->kernels->gradient(&tile, by, GD_FIT_TILE_ROWS, 1, sums, &unused);
}

void gd_newton_fast_factor(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    (void)group;
    const gd_newton *w = arg;
    const gd_cost *c = w->fit.cost;
    const scratch s = scratch_of(t);
    scores(w, t, w->theta, 1, s.z);
    add_offset(w, t, s.z);
    slopes(w, t, &s);
    memset(s.cost, 0, GD_COST_SUMS * sizeof *s.cost);
    w->kernels->cost[c->fast](s.z, t->y, t->weight, t->n, s.out,
                              c->params_count ? w->fit.cost_hyper : NULL, s.cost);
    sums[GD_NEWTON_COST] += w->kernels->total(s.cost);
    for (size_t i = 0; i < t->n; i++)
        s.dz[i] = t->weight[i] * s.alpha[i];
    for (size_t i = 0; i < t->n; i++)
        sums[GD_NEWTON_SQUARE] += s.bend[i] > 0 ? s.dz[i] * (s.alpha[i] / s.bend[i]) : 0;
    add_rows(w, t, t->A, s.dz, sums + GD_NEWTON_GRADIENT);
    w->kernels->gram->weigh(t->A, t->n, t->width, t->weight, s.bend, s.rows);
    w->kernels->gram->add(s.rows, t->n, t->width, sums + GD_NEWTON_GRADIENT + w->stretch, s.rows,
                          0);
}

/* The rows' gaps at start, of alpha. */
static void gaps(const gd_newton *w, const gd_fit_tile *t, const scratch *s)
{
    const gd_cost *c = w->fit.cost;
    bool known = w->kernels->gap[c->fast];
    if (known)
        w->kernels->gap[c->fast](s->from, t->y, s->alpha, t->n, s->out);
    for (size_t i = 0; i < t->n; i++)
        if (!known || !isfinite(s->out[i]) || !(fabs(s->from[i]) <= FAR_SCORE))
            s->out[i] = c->gap(s->from[i], t->y[i], s->alpha[i], w->fit.cost_hyper);
}

void gd_newton_fast_dual(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    (void)group;
    const gd_newton *w = arg;
    const scratch s = scratch_of(t);
    double *u = sums + GD_NEWTON_DUAL, *size = u + w->stretch;
    scores(w, t, w->theta, 3, s.z); /* and shift, and start */
    add_offset(w, t, s.z);
    add_offset(w, t, s.from);
    slopes(w, t, &s);
    for (size_t i = 0; i < t->n; i++) {
        s.alpha[i] = w->share * (s.alpha[i] + s.bend[i] * s.delta[i]);
        s.dz[i] = -t->weight[i] * s.alpha[i];
    }
    add_rows(w, t, t->A, s.dz, u);
    for (size_t i = 0; i < t->n; i++)
        s.dz[i] = fabs(s.dz[i]);
    for (size_t k = 0; k < t->n * t->width; k++)
        s.rows[k] = fabs(t->A[k]);
    add_rows(w, t, s.rows, s.dz, size);
    gaps(w, t, &s);
    for (size_t i = 0; i < t->n; i++) {
        if (isinf(s.out[i]))
            gd_newton_bring_inside(w, s.from + i, t->y[i], s.alpha + i, s.bend,
                                   &sums[GD_NEWTON_LEAST]);
        sums[GD_NEWTON_GAP] += t->weight[i] * s.out[i];
    }
}
