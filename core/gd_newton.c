/* gd_newton: see gd_newton.h. Nothing is kept a row: slopes are found again in each pass, which
 * costs a p-th of the factor. */
#include "gd_newton.h"

#include "gd_kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SWEEPS 300     /* of coordinate descent */
#define REFINEMENTS 3  /* of a step, in the dual point */
#define HALVINGS 60    /* of a step, in the search along it */
#define ROUNDING 1e-11 /* a sum of this share of its terms' sizes is 0 */
#define RIDGE 1e-8     /* of the largest curvature, where some direction has none */

/* ---- making and freeing ---- */

static void set_penalties(gd_newton *w)
{
    const gd_fit *f = &w->fit;
    w->simple = f->l1 == 0;
    for (size_t c = 0; c < w->n; c++) {
        size_t j = c % w->columns;
        gd_penalty *p = &w->penalty[c];
        *p = (gd_penalty){.low = -INFINITY, .high = INFINITY};
        if (j == f->shape.cols)
            continue;
        double scale = f->scale ? f->scale[j] : 1;
        p->l1 = f->l1;
        p->l2 = f->l2;
        if (f->lower)
            p->low = f->lower[j] * scale;
        if (f->upper)
            p->high = f->upper[j] * scale;
        w->simple = w->simple && isinf(p->low) && isinf(p->high);
    }
}

gd_status gd_newton_init(gd_newton *w, const gd_fit *fit, gd_error *err)
{
    size_t p = gd_fit_columns(fit), outputs = fit->shape.outputs, n = p * outputs;
    *w = (gd_newton){.fit = *fit, .columns = p, .outputs = outputs, .n = n};
    gd_status status = gd_qr_new(&w->qr, n, 0, err);
    if (status == GD_OK)
        status = gd_qr_new(&w->sub, n, 0, err);
    if (status != GD_OK)
        goto fail;
    w->memory = calloc(n * n + 10 * n + 1 + p + 4 * outputs, sizeof(double));
    w->penalty = calloc(n, sizeof *w->penalty);
    if (!w->memory || !w->penalty) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a certificate");
        goto fail;
    }
    double **const parts[] = {&w->start, &w->theta, &w->step,  &w->gradient, &w->shift,
                              &w->u,     &w->size,  &w->trial, &w->half};
    w->hessian = w->memory;
    double *at = w->memory + n * n;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++, at += n)
        *parts[i] = at;
    w->unit = at;
    w->a = w->unit + n + 1;
    w->z = w->a + p;
    w->alpha = w->z + outputs;
    w->bend = w->alpha + outputs;
    w->delta = w->bend + outputs;
    set_penalties(w);
    for (size_t c = 0; c < n; c++)
        w->start[c] = fit->theta[gd_fit_index(fit, c / p, c % p)];
    memcpy(w->theta, w->start, n * sizeof *w->theta);
    w->total = gd_fit_weights(fit);
    w->width = 1;
    return GD_OK;
fail:
    gd_newton_free(w);
    return status;
}

void gd_newton_free(gd_newton *w)
{
    gd_qr_free(w->qr);
    gd_qr_free(w->sub);
    free(w->memory);
    free(w->penalty);
    *w = (gd_newton){0};
}

/* ---- a row ---- */

static bool load(gd_newton *w, size_t i, double *y, double *weight)
{
    *weight = gd_fit_weight(&w->fit, i) / w->total;
    if (!(*weight > 0))
        return false;
    *y = gd_fit_target(&w->fit, i);
    gd_fit_design(&w->fit, i, w->a);
    return true;
}

/* out: a . v of each output */
static void scores(const gd_newton *w, const double *v, double *out)
{
    for (size_t k = 0; k < w->outputs; k++)
        out[k] = gd_dot(w->a, v + k * w->columns, w->columns);
}

static void scores_at(const gd_newton *w, size_t i, const double *theta, double *z)
{
    double offset = w->fit.offset ? w->fit.offset[gd_fit_row(&w->fit, i)] : 0;
    scores(w, theta, z);
    for (size_t k = 0; k < w->outputs; k++)
        z[k] += offset;
}

/* alpha: the slopes by z. Of one output `bend` is the second derivative, of several
 * the probabilities, which the Hessian diag(p) - p p' is made of. */
static void slopes(gd_newton *w, const double *z, double y)
{
    const gd_cost *c = w->fit.cost;
    if (w->outputs == 1) {
        w->alpha[0] = c->slope(z[0], y, w->width, &w->bend[0], w->fit.cost_hyper);
        return;
    }
    c->eval(z, &y, 1, w->outputs, w->alpha, w->fit.cost_hyper);
    double top = z[0], sum = 0;
    for (size_t k = 1; k < w->outputs; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < w->outputs; k++)
        sum += exp(z[k] - top);
    for (size_t k = 0; k < w->outputs; k++)
        w->bend[k] = exp(z[k] - top) / sum;
}

/* alpha += Hessian by z times delta */
static void linearise(gd_newton *w)
{
    if (w->outputs == 1) {
        w->alpha[0] += w->bend[0] * w->delta[0];
        return;
    }
    double mean = gd_dot(w->bend, w->delta, w->outputs);
    for (size_t k = 0; k < w->outputs; k++)
        w->alpha[k] += w->bend[k] * (w->delta[k] - mean);
}

/* What phi + phi* - alpha z is for the row. */
static double row_gap(const gd_newton *w, const double *z, double y, const double *alpha)
{
    if (w->outputs == 1)
        return w->fit.cost->gap(z[0], y, alpha[0], w->fit.cost_hyper);
    return gd_cost_softmax_gap(z, y, alpha, w->outputs);
}

/* The largest share of alpha that is within the bounds of the row's conjugate. 0 always is. */
static double share_inside(gd_newton *w, const double *z, double y)
{
    double low = 0, high = 1;
    for (int i = 0; i < 40; i++) {
        double middle = 0.5 * (low + high);
        for (size_t k = 0; k < w->outputs; k++)
            w->delta[k] = middle * w->alpha[k];
        if (isinf(row_gap(w, z, y, w->delta)))
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* Counts a pass over the rows that takes `each` work a parameter. */
static void count_pass(gd_newton *w, double each)
{
    w->work += each * (double)w->fit.rows.count * (double)w->outputs * (double)w->n;
}

/* ---- the factor ---- */

static void factor_row(gd_newton *w, double weight)
{
    size_t p = w->columns;
    for (size_t k = 0; k < w->outputs; k++) {
        double share = w->outputs == 1 ? 0 : 1;
        if (w->bend[k] == 0)
            continue;
        for (size_t c = 0; c < w->outputs; c++)
            for (size_t j = 0; j < p; j++)
                w->unit[c * p + j] = ((c == k) - share * w->bend[c]) * w->a[j];
        gd_qr_add(w->qr, w->unit, sqrt(weight * w->bend[k]));
    }
}

/* factor * the unit vector of coordinate c, as a row of q */
static void add_unit(gd_newton *w, gd_qr *q, size_t c, double factor)
{
    memset(w->unit, 0, w->n * sizeof *w->unit);
    w->unit[c] = 1;
    gd_qr_add(q, w->unit, factor);
}

static void build_hessian(gd_newton *w)
{
    size_t n = w->n, rank = gd_qr_rank(w->qr);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t i = 0; i < rank; i++)
                sum += gd_qr_at(w->qr, i, a) * gd_qr_at(w->qr, i, b);
            size_t ca = gd_qr_column(w->qr, a), cb = gd_qr_column(w->qr, b);
            w->hessian[ca * n + cb] = w->hessian[cb * n + ca] = sum;
        }
}

/* Where the data (and l2) bends nowhere in some direction, a small ridge bounds the step. */
static void settle_factor(gd_newton *w)
{
    double most = 0;
    for (size_t k = 0; k < gd_qr_rank(w->qr); k++)
        for (size_t i = 0; i <= k; i++)
            most = fmax(most, fabs(gd_qr_at(w->qr, i, k)));
    if (gd_qr_rank(w->qr) < w->n && !(w->fit.cost->smooth && w->simple)) {
        for (size_t c = 0; c < w->n; c++)
            add_unit(w, w->qr, c, most > 0 ? sqrt(RIDGE) * most : 1);
        (void)gd_qr_finish(w->qr);
    }
    if (!w->simple)
        build_hessian(w);
}

/* ---- the step ---- */

/* step += (H + l2)^+ rest */
static void add_solution(gd_newton *w, const double *rest, double *step)
{
    gd_qr_half_solve(w->qr, rest, w->half);
    gd_qr_back_solve(w->qr, w->half, w->unit);
    gd_axpy(1, w->unit, step, w->n);
}

/* Coordinate descent on the quadratic model. half: H step. */
static void descend(gd_newton *w)
{
    size_t n = w->n;
    memset(w->step, 0, n * sizeof *w->step);
    memset(w->half, 0, n * sizeof *w->half);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double moved = 0, length = 0;
        for (size_t c = 0; c < n; c++) {
            double h = w->hessian[c * n + c], now = w->theta[c] + w->step[c];
            if (!(h > 0))
                continue;
            double to =
                gd_penalty_nearest(&w->penalty[c], now - (w->gradient[c] + w->half[c]) / h, h);
            double by = to - now;
            w->step[c] = to - w->theta[c];
            gd_axpy(by, w->hessian + c * n, w->half, n);
            moved = fmax(moved, fabs(by) * sqrt(h));
            length = fmax(length, fabs(to) * sqrt(h));
        }
        if (moved <= 1e-14 * length)
            break;
    }
}

static bool is_free(const gd_newton *w, size_t c, double at)
{
    const gd_penalty *p = &w->penalty[c];
    return at > p->low && at < p->high && (p->l1 == 0 || at != 0);
}

/* The step again, exactly, over the coordinates that descent has left free; kept if they stay on
 * their sides. Coordinates that are not free keep unit rows, which hold them at 0 change. */
static void finish_exactly(gd_newton *w)
{
    size_t n = w->n, rank = gd_qr_rank(w->qr);
    gd_qr_clear(w->sub);
    for (size_t c = 0; c < n; c++)
        w->trial[c] = is_free(w, c, w->theta[c] + w->step[c]);
    for (size_t i = 0; i < rank; i++) {
        for (size_t k = 0; k < n; k++) {
            size_t c = gd_qr_column(w->qr, k);
            w->unit[c] = w->trial[c] != 0 ? gd_qr_at(w->qr, i, k) : 0;
        }
        gd_qr_add(w->sub, w->unit, 1);
    }
    for (size_t c = 0; c < n; c++) {
        double held = w->trial[c] != 0 ? sqrt(w->penalty[c].l2) : 1;
        if (held > 0)
            add_unit(w, w->sub, c, held);
    }
    (void)gd_qr_finish(w->sub);
    for (size_t c = 0; c < n; c++) { /* what is left of the slope, over those that are free */
        double at = w->theta[c] + w->step[c], s = w->penalty[c].l1 * copysign(1, at);
        double slope = w->gradient[c] + w->half[c] + w->penalty[c].l2 * at + (at != 0 ? s : 0);
        w->trial[c] = w->trial[c] != 0 ? -slope : 0;
    }
    gd_qr_half_solve(w->sub, w->trial, w->shift);
    gd_qr_back_solve(w->sub, w->shift, w->trial);
    for (size_t c = 0; c < n; c++) {
        double before = w->theta[c] + w->step[c], at = before + w->trial[c];
        if (w->trial[c] != 0 && (!is_free(w, c, at) || (w->penalty[c].l1 > 0 && at * before <= 0)))
            return;
    }
    gd_axpy(1, w->trial, w->step, n);
}

/* The cost, its gradient and the factor. False: once more (gd_qr_finish). */
static bool visit_rows(gd_newton *w)
{
    double y, weight;
    count_pass(w, 4 + (double)w->n);
    memset(w->gradient, 0, w->n * sizeof *w->gradient);
    w->data_cost = 0;
    for (size_t i = 0; i < w->fit.rows.count; i++) {
        if (!load(w, i, &y, &weight))
            continue;
        scores_at(w, i, w->theta, w->z);
        w->data_cost += weight * gd_cost_of(w->fit.cost, w->z, y, w->outputs, w->fit.cost_hyper);
        slopes(w, w->z, y);
        for (size_t k = 0; k < w->outputs; k++)
            gd_axpy(weight * w->alpha[k], w->a, w->gradient + k * w->columns, w->columns);
        factor_row(w, weight);
    }
    w->cost = w->data_cost;
    for (size_t c = 0; c < w->n; c++) {
        w->cost += gd_penalty_cost(&w->penalty[c], w->theta[c]);
        if (w->simple && w->penalty[c].l2 > 0)
            add_unit(w, w->qr, c, sqrt(w->penalty[c].l2));
    }
    return gd_qr_finish(w->qr);
}

void gd_newton_solve(gd_newton *w)
{
    gd_qr_clear(w->qr);
    gd_qr_expect(w->qr, w->fit.rows.count);
    while (!visit_rows(w))
        ;
    settle_factor(w);
    if (!w->simple) {
        descend(w);
        finish_exactly(w);
        return;
    }
    memset(w->step, 0, w->n * sizeof *w->step);
    for (size_t c = 0; c < w->n; c++)
        w->trial[c] = -(w->gradient[c] + w->penalty[c].l2 * w->theta[c]);
    add_solution(w, w->trial, w->step);
}

/* ---- the dual point ---- */

/* Sets u and its size for alpha linearised by `shift`, times `share`; returns the rows' gap. */
static double visit_dual(gd_newton *w, double share)
{
    double y, weight, gap = 0;
    count_pass(w, 8);
    w->inside = 1;
    memset(w->u, 0, w->n * sizeof *w->u);
    memset(w->size, 0, w->n * sizeof *w->size);
    for (size_t i = 0; i < w->fit.rows.count; i++) {
        if (!load(w, i, &y, &weight))
            continue;
        scores_at(w, i, w->theta, w->z);
        slopes(w, w->z, y);
        scores(w, w->shift, w->delta);
        linearise(w);
        for (size_t k = 0; k < w->outputs; k++) {
            w->alpha[k] *= share;
            for (size_t j = 0; j < w->columns; j++) {
                double term = weight * w->alpha[k] * w->a[j];
                w->u[k * w->columns + j] -= term;
                w->size[k * w->columns + j] += fabs(term);
            }
        }
        scores_at(w, i, w->start, w->z);
        double term = row_gap(w, w->z, y, w->alpha);
        if (isinf(term) && w->inside > 0)
            w->inside = fmin(w->inside, share_inside(w, w->z, y));
        gap += weight * term;
    }
    return gap;
}

/* Makes u = l2 (theta + shift) to the last digits, as it is in exact arithmetic. */
static double balanced_dual(gd_newton *w)
{
    memcpy(w->shift, w->step, w->n * sizeof *w->shift);
    double gap = visit_dual(w, 1);
    for (int i = 0; w->simple && i < REFINEMENTS; i++) {
        bool off = false;
        for (size_t c = 0; c < w->n; c++) {
            double l2 = w->penalty[c].l2;
            w->trial[c] = w->u[c] - l2 * (w->theta[c] + w->shift[c]);
            off = off || (l2 == 0 && fabs(w->u[c]) > 1e-3 * ROUNDING * w->size[c]);
        }
        if (!off)
            break;
        add_solution(w, w->trial, w->shift);
        gap = visit_dual(w, 1);
    }
    return gap;
}

/* The penalties' part of the gap. */
static double penalty_gap(const gd_newton *w)
{
    double gap = 0;
    for (size_t c = 0; c < w->n; c++) {
        double term = gd_penalty_gap(&w->penalty[c], w->start[c], w->u[c]);
        if (!isfinite(term)) { /* rounding, and what it may come to; or out of bounds */
            const gd_penalty *p = &w->penalty[c];
            double excess = fabs(w->u[c]) - p->l1;
            if (!(excess <= ROUNDING * w->size[c]))
                return INFINITY;
            term = gd_penalty_gap(p, w->start[c], copysign(p->l1, w->u[c])) +
                   excess * fabs(w->start[c] - w->theta[c]);
        }
        gap += term;
    }
    return gap;
}

/* Without l2 no |u| may be above l1: the share of alpha that does it. */
static double allowed_share(const gd_newton *w)
{
    double share = 1;
    for (size_t c = 0; c < w->n; c++) {
        const gd_penalty *p = &w->penalty[c];
        bool open = w->u[c] > 0 ? isinf(p->high) : isinf(p->low);
        if (p->l1 > 0 && p->l2 == 0 && open && fabs(w->u[c]) > p->l1)
            share = fmin(share, p->l1 / fabs(w->u[c]));
    }
    return share;
}

double gd_newton_gap(gd_newton *w)
{
    double gap = balanced_dual(w), share = fmin(w->inside, allowed_share(w));
    if (share < 1 && share > 0)
        gap = visit_dual(w, share);
    gap += penalty_gap(w);
    return isnan(gap) ? INFINITY : gap;
}

double gd_newton_trivial_gap(gd_newton *w)
{
    memset(w->shift, 0, w->n * sizeof *w->shift);
    double gap = visit_dual(w, 0) + penalty_gap(w);
    return isnan(gap) ? INFINITY : gap;
}

/* ---- along the step ---- */

/* Where a step that is meant to end at 0 does so, whatever rounding makes of it. */
static double move_to(const gd_newton *w, size_t c, double t)
{
    double at = w->theta[c] + t * w->step[c];
    return w->penalty[c].l1 > 0 && fabs(at) <= 4 * DBL_EPSILON * fabs(w->theta[c]) ? 0 : at;
}

/* The slope along the step, from behind, at theta + t step. */
static double slope_along(gd_newton *w, double t)
{
    double y, weight, sum = 0;
    count_pass(w, 4);
    for (size_t i = 0; i < w->fit.rows.count; i++) {
        if (!load(w, i, &y, &weight))
            continue;
        scores_at(w, i, w->theta, w->z);
        scores(w, w->step, w->delta);
        gd_axpy(t, w->delta, w->z, w->outputs);
        slopes(w, w->z, y);
        sum += weight * gd_dot(w->alpha, w->delta, w->outputs);
    }
    for (size_t c = 0; c < w->n; c++) {
        const gd_penalty *p = &w->penalty[c];
        double now = w->theta[c], at = move_to(w, c, t);
        double s = copysign(1, at != 0 ? at : now != 0 ? now : w->step[c]);
        sum += (p->l1 * s + p->l2 * at) * w->step[c];
    }
    return sum;
}

/* The cost along the step is convex: where its slope is not above 0, or has halved, it has
 * fallen. */
double gd_newton_move(gd_newton *w)
{
    double first = slope_along(w, 0), t = 1;
    w->decrement = -first;
    if (!(first < 0))
        return 0;
    for (int i = 0; i < HALVINGS; i++, t *= 0.5) {
        double slope = slope_along(w, t);
        if (!(slope <= -0.5 * first))
            continue;
        for (size_t c = 0; c < w->n; c++)
            w->theta[c] = move_to(w, c, t);
        return t;
    }
    return 0;
}
