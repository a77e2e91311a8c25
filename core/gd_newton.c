/* gd_newton: see gd_newton.h. Steps, and what is made of the sums over rows (gd_newton_rows.c). */
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

/* ---- making and freeing ---- */

bool gd_newton_penalties(const gd_fit *f, gd_penalty *out)
{
    size_t columns = gd_fit_columns(f), n = columns * f->shape.outputs;
    bool simple = f->l1 == 0;
    for (size_t c = 0; c < n; c++) {
        size_t j = c % columns;
        gd_penalty *p = &out[c];
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
        simple = simple && isinf(p->low) && isinf(p->high);
    }
    return simple;
}

/* n values each, and zeros; the Hessian has n x n. */
static bool allocate(gd_newton *w)
{
    size_t n = w->n, all = w->outputs * w->columns; /* penalties of all outputs */
    double **const parts[] = {&w->theta, &w->shift, &w->start, &w->step, &w->gradient,
                              &w->u,     &w->size,  &w->trial, &w->half, &w->unit};
    size_t count = sizeof parts / sizeof parts[0];
    w->memory = calloc(n * n + count * w->stretch, sizeof(double));
    w->penalty = calloc(all, sizeof *w->penalty);
    w->aside = calloc(n, sizeof *w->aside);
    if (!w->memory || !w->penalty || !w->aside)
        return false;
    w->hessian = w->memory;
    double *at = w->memory + n * n;
    for (size_t i = 0; i < count; i++, at += w->stretch)
        *parts[i] = at;
    return true;
}

static bool bounded(const gd_fit *f)
{
    for (size_t j = 0; j < f->shape.cols; j++)
        if ((f->lower && !isinf(f->lower[j])) || (f->upper && !isinf(f->upper[j])))
            return true;
    return false;
}

/* Where the iterate begins: theta, less what class 0 has where that has no coordinates. */
static void begin(gd_newton *w)
{
    const gd_fit *f = &w->fit;
    size_t p = w->columns;
    for (size_t c = 0; c < w->n; c++) {
        w->start[c] = f->theta[gd_fit_index(f, w->first + c / p, c % p)];
        if (w->first > 0)
            w->start[c] -= f->theta[gd_fit_index(f, 0, c % p)];
    }
    memcpy(w->theta, w->start, w->n * sizeof *w->theta);
}

gd_status gd_newton_init(gd_newton *w, const gd_fit *fit, double condition,
                         const gd_executor *executor, gd_error *err)
{
    size_t p = gd_fit_columns(fit), outputs = fit->shape.outputs;
    bool free_of_all = fit->l1 == 0 && fit->l2 == 0 && !bounded(fit);
    *w = (gd_newton){.fit = *fit,
                     .columns = p,
                     .outputs = outputs,
                     .first = outputs > 1 && free_of_all,
                     .condition = condition,
                     .width = 1,
                     .kernels = gd_executor_kernels(executor)};
    w->n = (outputs - w->first) * p;
    w->stretch = gd_pitch(w->n);
    w->fast = gd_newton_may_be_fast(w);
    gd_status status = gd_qr_new(&w->qr, w->n, 0, err);
    if (status == GD_OK)
        status = gd_qr_new(&w->sub, w->n, 0, err);
    if (status == GD_OK)
        status =
            gd_fit_pass_new(&w->pass, fit, gd_newton_sums(w), gd_newton_spare(w), executor, err);
    if (status == GD_OK && !allocate(w))
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a certificate");
    if (status != GD_OK) {
        gd_newton_free(w);
        return status;
    }
    w->simple = gd_newton_penalties(fit, w->penalty);
    w->total = gd_fit_pass_weights(w->pass);
    if (outputs > 1 && w->first == 0 && w->simple && fit->shape.intercept)
        w->aside[p - 1] = true;
    begin(w);
    return GD_OK;
}

void gd_newton_free(gd_newton *w)
{
    gd_qr_free(w->qr);
    gd_qr_free(w->sub);
    for (size_t i = 0; i < w->parts_count; i++)
        gd_qr_free(w->parts[i]);
    free(w->parts);
    gd_fit_pass_free(w->pass);
    free(w->memory);
    free(w->penalty);
    free(w->aside);
    *w = (gd_newton){0};
}

void gd_first_step_free(gd_first_step *first)
{
    gd_newton_free(&first->newton);
    gd_fit_scaled_free(&first->scaled);
    first->made = first->solved = false;
}

/* ---- the factor ---- */

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
            add_unit(w, w->qr, c, most > 0 ? sqrt(GD_NEWTON_RIDGE) * most : 1);
        gd_qr_finish(w->qr);
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
    gd_qr_finish(w->sub);
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

/* Where a step that is meant to end at 0 does so, whatever rounding makes of it. */
static double move_to(const gd_newton *w, size_t c, double t)
{
    double at = w->theta[c] + t * w->step[c];
    return w->penalty[c].l1 > 0 && fabs(at) <= 4 * DBL_EPSILON * fabs(w->theta[c]) ? 0 : at;
}

/* The penalties' part of the slope along the step, at theta + t step. */
static double penalty_slope(const gd_newton *w, double t)
{
    double sum = 0;
    for (size_t c = 0; c < w->n; c++) {
        const gd_penalty *p = &w->penalty[c];
        double now = w->theta[c], at = move_to(w, c, t);
        double s = copysign(1, at != 0 ? at : now != 0 ? now : w->step[c]);
        sum += (p->l1 * s + p->l2 * at) * w->step[c];
    }
    return sum;
}

static void find_step(gd_newton *w)
{
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

void gd_newton_solve(gd_newton *w)
{
    if (w->status != GD_OK || (!w->factored && !gd_newton_factor(w)))
        return;
    w->factored = false;
    w->cost = w->data_cost;
    for (size_t c = 0; c < w->n; c++)
        w->cost += gd_penalty_cost(&w->penalty[c], w->theta[c]);
    settle_factor(w);
    find_step(w);
    w->decrement = -(gd_dot(w->gradient, w->step, w->n) + penalty_slope(w, 0));
}

/* ---- the dual point ---- */

/* Makes u = l2 (theta + shift) to the last digits, as it is in exact arithmetic. */
static double balanced_dual(gd_newton *w)
{
    double gap = NAN;
    memcpy(w->shift, w->step, w->n * sizeof *w->shift);
    if (!gd_newton_dual(w, 1, &gap))
        return NAN;
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
        if (!gd_newton_dual(w, 1, &gap))
            return NAN;
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
    if (w->status != GD_OK)
        return INFINITY;
    double gap = balanced_dual(w), share = fmin(w->inside, allowed_share(w));
    if (w->status == GD_OK && share < 1 && share > 0)
        (void)gd_newton_dual(w, share, &gap);
    gap += penalty_gap(w);
    return isnan(gap) ? INFINITY : gap;
}

double gd_newton_trivial_gap(gd_newton *w)
{
    double gap = NAN;
    memset(w->shift, 0, w->n * sizeof *w->shift);
    if (w->status == GD_OK)
        (void)gd_newton_dual(w, 0, &gap);
    gap += penalty_gap(w);
    return isnan(gap) ? INFINITY : gap;
}

/* ---- along the step ---- */

static void move(gd_newton *w, double t)
{
    for (size_t c = 0; c < w->n; c++)
        w->theta[c] = move_to(w, c, t);
}

/* Moves by the whole step, as nearly always is right, and finds the factor there, which is needed
 * next. False, and nothing moved, where the slope says that it was too long. */
static bool move_wholly(gd_newton *w)
{
    memcpy(w->trial, w->theta, w->n * sizeof *w->trial);
    double penalties = penalty_slope(w, 1);
    move(w, 1);
    if (!gd_newton_factor(w))
        return false;
    w->factored = gd_dot(w->gradient, w->step, w->n) + penalties <= 0.5 * w->decrement;
    if (!w->factored)
        memcpy(w->theta, w->trial, w->n * sizeof *w->trial);
    return w->factored;
}

/* The cost along the step is convex: where its slope is not above 0, or has halved, it has
 * fallen. Of smoothed costs the factor may yet be asked for with another width. */
double gd_newton_move(gd_newton *w)
{
    bool smooth = w->fit.cost->smooth;
    double t = smooth ? 0.5 : 1, slope;
    if (!(w->decrement > 0))
        return 0;
    if (smooth && move_wholly(w))
        return 1;
    for (int i = 0; w->status == GD_OK && i < HALVINGS; i++, t *= 0.5) {
        if (!gd_newton_slope(w, t, &slope) || !(slope + penalty_slope(w, t) <= 0.5 * w->decrement))
            continue;
        move(w, t);
        return t;
    }
    return 0;
}
