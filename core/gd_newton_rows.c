/* gd_newton_rows: what Newton's method asks of the rows, a tile at a time. Nothing is kept a row:
 * slopes are found again in each pass, which costs a p-th of the factor. */
#include "gd_newton.h"

#include "gd_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Factors of groups of rows: so many, within so many values in all (32 MiB). */
#define PARTS ((size_t)64)
#define PARTS_VALUES ((size_t)1 << 22)

/* The condition number of what has a ridge: any that its factor can bear. */
#define RIDGED 1e12

static size_t pairs(const gd_newton *w)
{
    size_t blocks = w->outputs - w->first;
    return blocks * (blocks + 1) / 2;
}

static size_t tile_width(const gd_newton *w)
{
    return (w->columns + GD_GRAM_LANES - 1) / GD_GRAM_LANES * GD_GRAM_LANES;
}

size_t gd_newton_sums(const gd_newton *w)
{
    size_t factor = GD_NEWTON_GRADIENT + w->stretch + pairs(w) * tile_width(w) * tile_width(w);
    size_t dual = GD_NEWTON_DUAL + 2 * w->stretch;
    return factor > dual ? factor : dual;
}

size_t gd_newton_spare(const gd_newton *w)
{
    size_t plain = GD_FIT_TILE_ROWS * (4 * w->outputs + tile_width(w)) + w->n;
    size_t fast = w->fast ? gd_newton_fast_spare(w) : 0;
    return plain > fast ? plain : fast;
}

/* A slot's scratch: outputs values a row, but for what is noted. */
typedef struct scratch {
    double *z, *alpha, *bend, *delta;
    double *rows; /* a tile of weighted rows */
    double *unit; /* n */
} scratch;

static scratch scratch_of(const gd_newton *w, const gd_fit_tile *t)
{
    size_t each = GD_FIT_TILE_ROWS * w->outputs;
    double *s = t->spare;
    return (scratch){s,
                     s + each,
                     s + 2 * each,
                     s + 3 * each,
                     s + 4 * each,
                     s + 4 * each + GD_FIT_TILE_ROWS * t->width};
}

/* ---- a row ---- */

/* out: a . v of each output; of those without coordinates 0 */
static void products(const gd_newton *w, const gd_fit_tile *t, const double *v, double *out)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < w->outputs; k++)
            out[i * w->outputs + k] =
                k < w->first
                    ? 0
                    : gd_dot(t->A + i * t->width, v + (k - w->first) * w->columns, w->columns);
}

static void scores(const gd_newton *w, const gd_fit_tile *t, const double *theta, double *z)
{
    products(w, t, theta, z);
    for (size_t i = 0; w->fit.offset && i < t->n; i++)
        for (size_t k = 0; k < w->outputs; k++)
            z[i * w->outputs + k] += t->offset[i];
}

/* alpha: the slopes by z. Of one output `bend` is the second derivative, of several the
 * probabilities, which the Hessian diag(p) - p p' is made of. */
static void slopes(const gd_newton *w, const double *z, double y, double *alpha, double *bend)
{
    const gd_cost *c = w->fit.cost;
    if (w->outputs == 1) {
        *alpha = c->slope(*z, y, w->width, bend, w->fit.cost_hyper);
        return;
    }
    c->eval(z, &y, 1, w->outputs, alpha, w->fit.cost_hyper);
    double top = z[0], sum = 0;
    for (size_t k = 1; k < w->outputs; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < w->outputs; k++)
        sum += bend[k] = exp(z[k] - top);
    for (size_t k = 0; k < w->outputs; k++)
        bend[k] /= sum;
}

/* alpha += Hessian by z times delta */
static void linearise(const gd_newton *w, double *alpha, const double *bend, const double *delta)
{
    if (w->outputs == 1) {
        *alpha += *bend * *delta;
        return;
    }
    double mean = gd_dot(bend, delta, w->outputs);
    for (size_t k = 0; k < w->outputs; k++)
        alpha[k] += bend[k] * (delta[k] - mean);
}

/* What phi + phi* - alpha z is for the row. */
static double row_gap(const gd_newton *w, const double *z, double y, const double *alpha)
{
    if (w->outputs == 1)
        return w->fit.cost->gap(*z, y, *alpha, w->fit.cost_hyper);
    return gd_cost_softmax_gap(z, y, alpha, w->outputs);
}

/* Is a share of alpha within the bounds of the row's conjugate? 0 always is. */
static bool is_inside(const gd_newton *w, const double *z, double y, const double *alpha,
                      double share, double *trial)
{
    for (size_t k = 0; k < w->outputs; k++)
        trial[k] = share * alpha[k];
    return !isinf(row_gap(w, z, y, trial));
}

/* Nearly all rows are within what others have left. */
void gd_newton_bring_inside(const gd_newton *w, const double *z, double y, const double *alpha,
                            double *trial, double *least)
{
    double low = 0, high = fmin(*least, 1);
    if (isfinite(*least) && is_inside(w, z, y, alpha, high, trial))
        return;
    for (int i = 0; high > 0 && i < 40; i++) {
        double middle = 0.5 * (low + high);
        if (is_inside(w, z, y, alpha, middle, trial))
            low = middle;
        else
            high = middle;
    }
    *least = low;
}

/* Counts a pass over the rows that takes `each` work a parameter; and how it went. */
static bool count_pass(gd_newton *w, double each, const double *sums)
{
    w->work += each * (double)w->fit.rows.count * (double)w->outputs * (double)w->n;
    if (!sums)
        w->status = GD_INTERRUPTED;
    return sums != NULL;
}

/* ---- the factor ---- */

/* Adds the moments of the tile's rows, each times its weight and the bend `h` between two outputs.
 */
static void add_moments(const gd_newton *w, const gd_fit_tile *t, const double *h, double *rows,
                        double *sums)
{
    w->kernels->gram->weigh(t->A, t->n, t->width, t->weight, h, rows);
    w->kernels->gram->add(rows, t->n, t->width, sums, rows, 0);
}

/* Of several outputs the blocks of the Hessian; off the diagonal with the sign turned. */
static void add_blocks(const gd_newton *w, const gd_fit_tile *t, const scratch *s, double *sums)
{
    size_t outputs = w->outputs, square = t->width * t->width;
    for (size_t c = w->first; c < outputs; c++)
        for (size_t k = c; k < outputs; k++, sums += square) {
            for (size_t i = 0; i < t->n; i++) {
                const double *p = s->bend + i * outputs;
                double other = k == c ? 0 : p[k]; /* 1 - p, without cancellation */
                for (size_t m = 0; k == c && m < outputs; m++)
                    other += m == c ? 0 : p[m];
                s->delta[i] = p[c] * other;
            }
            add_moments(w, t, s->delta, s->rows, sums);
        }
}

/* The rows of which the Hessian is the square: of softmax sqrt(p_k) (e_k - p)' for each k. */
static void add_rows(const gd_newton *w, const gd_fit_tile *t, const scratch *s, gd_qr *q)
{
    size_t columns = w->columns;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < w->outputs; k++) {
            const double *a = t->A + i * t->width, *bend = s->bend + i * w->outputs;
            double share = w->outputs == 1 ? 0 : 1;
            if (bend[k] == 0)
                continue;
            for (size_t c = w->first; c < w->outputs; c++)
                for (size_t j = 0; j < columns; j++)
                    s->unit[(c - w->first) * columns + j] = ((c == k) - share * bend[c]) * a[j];
            gd_qr_add(q, s->unit, sqrt(t->weight[i] * bend[k]));
        }
}

static void visit_factor(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    const gd_newton *w = arg;
    const gd_fit *f = &w->fit;
    const scratch s = scratch_of(w, t);
    size_t outputs = w->outputs;
    scores(w, t, w->theta, s.z);
    sums[GD_NEWTON_COST] +=
        gd_cost_sum(f->cost, s.z, t->y, t->weight, t->n, outputs, NULL, f->cost_hyper);
    for (size_t i = 0; i < t->n; i++) {
        double *alpha = s.alpha + i * outputs, *bend = s.bend + i * outputs;
        slopes(w, s.z + i * outputs, t->y[i], alpha, bend);
        for (size_t k = w->first; k < outputs; k++)
            gd_axpy(t->weight[i] * alpha[k], t->A + i * t->width,
                    sums + GD_NEWTON_GRADIENT + (k - w->first) * w->columns, w->columns);
        if (outputs == 1 && *bend > 0)
            sums[GD_NEWTON_SQUARE] += t->weight[i] * *alpha * (*alpha / *bend);
    }
    if (w->by_rows)
        add_rows(w, t, &s, w->parts[group]);
    else if (outputs == 1)
        add_moments(w, t, s.bend, s.rows, sums + GD_NEWTON_GRADIENT + w->stretch);
    else
        add_blocks(w, t, &s, sums + GD_NEWTON_GRADIENT + w->stretch);
}

static bool make_parts(gd_newton *w)
{
    size_t most = PARTS_VALUES / (2 * w->n * w->n + 128 * w->n);
    size_t count = most < 1 ? 1 : most < PARTS ? most : PARTS;
    w->parts = calloc(count, sizeof(gd_qr *));
    for (size_t i = 0; w->parts && i < count; i++, w->parts_count++)
        if (gd_qr_new(&w->parts[i], w->n, 0, NULL) != GD_OK)
            break;
    if (w->parts_count < count)
        w->status = GD_NO_MEMORY;
    return w->status == GD_OK;
}

static void take_sums(gd_newton *w, const double *sums)
{
    w->data_cost = sums[GD_NEWTON_COST];
    w->square = sums[GD_NEWTON_SQUARE];
    memcpy(w->gradient, sums + GD_NEWTON_GRADIENT, w->n * sizeof *w->gradient);
}

/* Moments of pairs of outputs to the Hessian, l2 included where it is quadratic. */
static void assemble(gd_newton *w, const double *sums)
{
    size_t p = w->columns, n = w->n, width = tile_width(w), blocks = w->outputs - w->first;
    for (size_t c = 0; c < blocks; c++)
        for (size_t k = c; k < blocks; k++, sums += width * width)
            for (size_t i = 0; i < p; i++)
                for (size_t j = 0; j < p; j++) {
                    double v = i <= j ? sums[i * width + j] : sums[j * width + i];
                    w->hessian[(c * p + i) * n + k * p + j] = c == k ? v : -v;
                }
    for (size_t c = 0; c < n; c++) {
        w->hessian[c * n + c] += w->simple ? w->penalty[c].l2 : 0;
        for (size_t k = 0; w->aside[c] && k < n; k++)
            w->hessian[c * n + k] = w->hessian[k * n + c] = 0;
    }
}

/* Several classes with penalties or bounds: adds the ridge that they always need. */
static bool add_ridge(gd_newton *w)
{
    size_t n = w->n;
    double most = 0;
    if (w->outputs == 1 || w->first > 0 || w->simple)
        return false;
    for (size_t c = 0; c < n; c++)
        most = fmax(most, w->hessian[c * n + c]);
    for (size_t c = 0; c < n; c++)
        w->hessian[c * n + c] += GD_NEWTON_RIDGE * most;
    return true;
}

static bool factor_moments(gd_newton *w)
{
    size_t len = gd_newton_sums(w);
    const double *sums =
        gd_fit_pass_run(w->pass, w->fast ? gd_newton_fast_factor : visit_factor, w, len, 0);
    if (!count_pass(w, 4 + (double)w->n, sums))
        return false;
    take_sums(w, sums);
    assemble(w, sums + GD_NEWTON_GRADIENT + w->stretch);
    double condition = add_ridge(w) ? RIDGED : w->condition;
    w->by_rows = !gd_qr_take_moments(w->qr, w->hessian, condition);
    return true;
}

static bool factor_rows(gd_newton *w)
{
    if (!w->parts && !make_parts(w))
        return false;
    for (size_t i = 0; i < w->parts_count; i++)
        gd_qr_clear(w->parts[i]);
    const double *sums =
        gd_fit_pass_run(w->pass, visit_factor, w, GD_NEWTON_GRADIENT + w->n, w->parts_count);
    if (!count_pass(w, 4 + (double)w->n, sums))
        return false;
    take_sums(w, sums);
    gd_qr_clear(w->qr);
    for (size_t i = 0; i < w->parts_count; i++)
        gd_qr_merge(w->qr, w->parts[i]);
    for (size_t c = 0; c < w->n; c++)
        if (w->simple && w->penalty[c].l2 > 0) {
            memset(w->unit, 0, w->n * sizeof *w->unit);
            w->unit[c] = 1;
            gd_qr_add(w->qr, w->unit, sqrt(w->penalty[c].l2));
        }
    return true;
}

bool gd_newton_factor(gd_newton *w)
{
    if (!w->by_rows && !factor_moments(w))
        return false;
    bool rows = w->by_rows;
    if (rows && !factor_rows(w))
        return false;
    gd_qr_finish(w->qr);
    size_t rank = gd_qr_rank(w->qr);
    if (rows && w->simple && w->fit.cost->smooth && rank < w->n) {
        /* the same columns depend on others whatever the weights: without them moments may do */
        for (size_t k = rank; k < w->n; k++)
            w->aside[gd_qr_column(w->qr, k)] = true;
        w->by_rows = w->set_aside;
        w->set_aside = true;
    }
    return true;
}

/* ---- the dual point ---- */

static void visit_dual(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    (void)group;
    const gd_newton *w = arg;
    const scratch s = scratch_of(w, t);
    size_t outputs = w->outputs, columns = w->columns;
    scores(w, t, w->theta, s.z);
    products(w, t, w->shift, s.delta);
    for (size_t i = 0; i < t->n; i++) {
        double *alpha = s.alpha + i * outputs, *bend = s.bend + i * outputs;
        const double *restrict a = t->A + i * t->width;
        slopes(w, s.z + i * outputs, t->y[i], alpha, bend);
        linearise(w, alpha, bend, s.delta + i * outputs);
        for (size_t k = 0; k < outputs; k++)
            alpha[k] *= w->share;
        for (size_t k = w->first; k < outputs; k++) {
            double *restrict u = sums + GD_NEWTON_DUAL + (k - w->first) * columns, *restrict size =
                                                                                       u +
                                                                                       w->stretch;
            double factor = t->weight[i] * alpha[k];
            for (size_t j = 0; j < columns; j++) {
                double term = factor * a[j];
                u[j] -= term;
                size[j] += fabs(term);
            }
        }
    }
    scores(w, t, w->start, s.z);
    for (size_t i = 0; i < t->n; i++) {
        const double *z = s.z + i * outputs, *alpha = s.alpha + i * outputs;
        double term = row_gap(w, z, t->y[i], alpha);
        if (isinf(term))
            gd_newton_bring_inside(w, z, t->y[i], alpha, s.delta, &sums[GD_NEWTON_LEAST]);
        sums[GD_NEWTON_GAP] += t->weight[i] * term;
    }
}

bool gd_newton_dual(gd_newton *w, double share, double *gap)
{
    w->share = share;
    const double *sums = gd_fit_pass_run(w->pass, w->fast ? gd_newton_fast_dual : visit_dual, w,
                                         GD_NEWTON_DUAL + 2 * w->stretch, 0);
    if (!count_pass(w, 8, sums))
        return false;
    w->inside = fmin(1, sums[GD_NEWTON_LEAST]);
    *gap = sums[GD_NEWTON_GAP];
    memcpy(w->u, sums + GD_NEWTON_DUAL, w->n * sizeof *w->u);
    memcpy(w->size, sums + GD_NEWTON_DUAL + w->stretch, w->n * sizeof *w->size);
    return true;
}

/* ---- along the step ---- */

static void visit_slope(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    (void)group;
    const gd_newton *w = arg;
    const scratch s = scratch_of(w, t);
    size_t outputs = w->outputs;
    scores(w, t, w->theta, s.z);
    products(w, t, w->step, s.delta);
    gd_axpy(w->along, s.delta, s.z, t->n * outputs);
    for (size_t i = 0; i < t->n; i++) {
        slopes(w, s.z + i * outputs, t->y[i], s.alpha, s.bend);
        sums[GD_NEWTON_COST] += t->weight[i] * gd_dot(s.alpha, s.delta + i * outputs, outputs);
    }
}

bool gd_newton_slope(gd_newton *w, double t, double *slope)
{
    w->along = t;
    const double *sums = gd_fit_pass_run(w->pass, visit_slope, w, GD_NEWTON_COST + 1, 0);
    if (!count_pass(w, 4, sums))
        return false;
    *slope = sums[GD_NEWTON_COST];
    return true;
}
