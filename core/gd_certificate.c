/* gd_certificate: see gd_certificate.h; the arithmetic is gd_newton's. */
#include "gd_certificate.h"

#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_newton.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS 120
#define NEAR 0.01   /* a bound within this share of what is possible will do */
#define SMALL 1e-11 /* and so will this share of the cost */
#define NARROW 0.2  /* the width of the smoothing falls by this factor */
#define SOLVED 0.01
#define NARROWEST 1e-13

const char *gd_gap_kind_name(gd_gap_kind kind)
{
    return kind == GD_GAP_EXACT ? "exact" : kind == GD_GAP_BOUND ? "bound" : "none";
}

/* ---- the objective and its gradient, as trained ---- */

typedef struct objective {
    const gd_fit *fit;
    size_t columns, outputs, n;
    gd_penalty *penalty; /* n */
    double *theta;       /* n: by output and column */
} objective;

/* Sums: the cost, then the gradient. */
static void visit(void *arg, const gd_fit_tile *t, size_t group, double *sums)
{
    (void)group;
    const objective *o = arg;
    const gd_fit *f = o->fit;
    double *z = t->spare;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < o->outputs; k++)
            z[i * o->outputs + k] =
                gd_dot(t->A + i * t->width, o->theta + k * o->columns, o->columns) + t->offset[i];
    sums[1] += gd_cost_sum(f->cost, z, t->y, t->weight, t->n, o->outputs, z, f->cost_hyper);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < o->outputs; k++)
            gd_axpy(z[i * o->outputs + k], t->A + i * t->width, sums + 2 + k * o->columns,
                    o->columns);
}

static void take_sums(gd_certificate *out, const objective *o, const double *sums, double *g)
{
    out->cost = sums[1];
    for (size_t c = 0; c < o->n; c++) {
        out->cost += gd_penalty_cost(&o->penalty[c], o->theta[c]);
        g[c] = gd_penalty_slope(&o->penalty[c], o->theta[c], sums[2 + c]);
    }
    out->gradient_norm = gd_norm(g, o->n);
}

static gd_status evaluate(gd_certificate *out, const gd_fit *fit, const gd_executor *executor,
                          gd_error *err)
{
    objective o = {.fit = fit, .columns = gd_fit_columns(fit), .outputs = fit->shape.outputs};
    gd_fit_pass *pass = NULL;
    o.n = o.columns * o.outputs;
    o.penalty = calloc(o.n, sizeof *o.penalty);
    o.theta = calloc(2 * o.n, sizeof *o.theta);
    gd_status status = GD_NO_MEMORY;
    if (!o.penalty || !o.theta)
        gd_fail(err, status, "", "not enough memory for a certificate");
    else
        status = gd_fit_pass_new(&pass, fit, 2 + o.n, GD_FIT_TILE_ROWS * o.outputs, executor, err);
    if (status != GD_OK)
        goto end;
    (void)gd_newton_penalties(fit, o.penalty);
    for (size_t c = 0; c < o.n; c++)
        o.theta[c] = fit->theta[gd_fit_index(fit, c / o.columns, c % o.columns)];
    const double *sums = gd_fit_pass_run(pass, visit, &o, 2 + o.n, 0);
    if (sums)
        take_sums(out, &o, sums, o.theta + o.n);
    else
        status = gd_fail(err, GD_INTERRUPTED, "", "broken off");
end:
    gd_fit_pass_free(pass);
    free(o.penalty);
    free(o.theta);
    return status;
}

/* ---- the gap ---- */

/* Narrows the smoothing, if there is any, and it is time. False when it is as narrow as can be. */
static bool narrow(gd_newton *w, double moved, double scale)
{
    if (w->fit.cost->smooth)
        return moved > 0;
    if (moved == 0 && w->width <= NARROWEST * scale)
        return false;
    /* it is off by about the width: no need to solve to more than that */
    if (moved == 0 || w->decrement <= SOLVED * w->width)
        w->width = fmax(NARROW * w->width, NARROWEST * scale);
    return true;
}

/* Iterates until the bound is as good as it gets; returns it. */
static double search(gd_newton *w, double cost, double allowed)
{
    double best = INFINITY, scale = 0, moved = 1;
    bool smooth = w->fit.cost->smooth;
    for (int i = 0; i < ITERATIONS && w->status == GD_OK; i++) {
        gd_newton_solve(w);
        if (i == 0 && !smooth) {
            scale = w->data_cost > 0 ? 2 * w->data_cost : 1;
            w->width = scale;
            gd_newton_solve(w);
        }
        /* what the iterate shows to be possible; and what its step is about to gain */
        double fall = cost - w->cost, enough = fmax(NEAR * fall, SMALL * cost);
        bool last = i + 1 == ITERATIONS || w->work >= allowed;
        bool near = !smooth || !(0.5 * w->decrement > enough);
        if (near || last)
            best = fmin(best, gd_newton_gap(w));
        if (best - fall <= enough)
            return best;
        if (last)
            break;
        moved = gd_newton_move(w);
        if (moved == 0 && !near) /* no further: what it has must do */
            best = fmin(best, gd_newton_gap(w));
        if (!narrow(w, moved, scale))
            break;
    }
    return fmin(best, gd_newton_trivial_gap(w));
}

/* 1/2 g' H^+ g, by the step: 1/2 |R step|^2. */
static double quadratic_gap(gd_newton *w)
{
    gd_newton_solve(w);
    if (w->status != GD_OK)
        return NAN;
    double sum = 0;
    size_t rank = gd_qr_rank(w->qr);
    for (size_t i = 0; i < rank; i++) {
        double h = 0;
        for (size_t k = i; k < rank; k++)
            h += gd_qr_at(w->qr, i, k) * w->step[gd_qr_column(w->qr, k)];
        sum += 0.5 * h * h;
    }
    return sum;
}

static void none(gd_certificate *out, const char *reason)
{
    out->kind = GD_GAP_NONE;
    out->gap = NAN;
    out->reason = reason;
}

static bool is_quadratic(const gd_fit *fit)
{
    return strcmp(fit->cost->name, "mse") == 0;
}

/* What became of it, beside gd_newton's own. */
static gd_status status_of(const gd_newton *w, gd_error *err)
{
    if (w->status == GD_OK)
        return GD_OK;
    return gd_fail(err, w->status, "",
                   w->status == GD_NO_MEMORY ? "not enough memory for a certificate" : "broken off");
}

/* A step to begin with. */
static gd_status take_step(gd_first_step *first, const gd_fit *fit, const gd_executor *executor,
                           gd_error *err)
{
    gd_status status = GD_OK;
    bool exact = is_quadratic(fit);
    gd_first_step_free(first);
    first->scaled.fit = *fit;
    /* unpenalised fits are the same in any scaling: the best conditioned one is taken */
    if (fit->l1 == 0 && fit->l2 == 0)
        status = gd_fit_scale(&first->scaled, fit, executor, err);
    if (status == GD_OK)
        status = gd_newton_init(&first->newton, &first->scaled.fit,
                                exact ? GD_NEWTON_SHOWN : GD_NEWTON_CORRECTED, executor, err);
    first->made = status == GD_OK;
    first->solved = exact && first->made && first->newton.simple;
    if (!first->solved)
        return status;
    gd_newton_solve(&first->newton); /* all that is needed; it says the cost too */
    return status_of(&first->newton, err);
}

static gd_status find_gap(gd_certificate *out, const gd_fit *fit, double allowed,
                          gd_first_step *first, const gd_executor *executor, gd_error *err)
{
    gd_status status = first->made ? GD_OK : take_step(first, fit, executor, err);
    if (status != GD_OK)
        return status;
    gd_newton *w = &first->newton;
    bool exact = is_quadratic(fit) && w->simple;
    w->factored = first->solved;
    if (first->solved && !exact) { /* what is corrected afterwards may be less exact */
        w->condition = GD_NEWTON_CORRECTED;
        w->by_rows = false;
    }
    out->gap = exact ? quadratic_gap(w) : search(w, out->cost, allowed);
    out->kind = exact ? GD_GAP_EXACT : GD_GAP_BOUND;
    out->reason = "";
    status = status_of(w, err);
    if (status == GD_OK && !isfinite(out->gap))
        none(out, "the numbers leave the range of double precision");
    return status;
}

/* Cost and gradient as trained, from those of the step, which may be of scaled features. */
static bool known(gd_certificate *out, const gd_fit *fit, const gd_first_step *first)
{
    const gd_newton *w = &first->newton;
    const gd_fit *f = &first->scaled.fit;
    if (!first->solved || w->outputs > 1)
        return false;
    bool rescaled = !fit->scale && f->scale;
    size_t cols = fit->shape.cols;
    memcpy(w->trial, w->gradient, w->n * sizeof *w->trial);
    for (size_t j = 0; rescaled && j < cols; j++)
        w->trial[j] = f->scale[j] * w->trial[j] +
                      (fit->shape.intercept ? f->center[j] * w->gradient[cols] : 0);
    out->cost = w->cost;
    for (size_t c = 0; c < w->n; c++)
        w->trial[c] = gd_penalty_slope(&w->penalty[c], w->theta[c], w->trial[c]);
    out->gradient_norm = gd_norm(w->trial, w->n);
    return true;
}

gd_status gd_certificate_from(gd_certificate *out, const gd_fit *fit, double work,
                              gd_first_step *first, const gd_executor *executor, gd_error *err)
{
    *out = (gd_certificate){.cost = NAN, .gradient_norm = NAN};
    bool dual = fit->cost->gap || (fit->cost->tasks & GD_MULTICLASS);
    if (!fit->model->linear || !dual) {
        none(out, "the best cost is not known for models that are not linear: the objective is not "
                  "convex");
        return GD_OK;
    }
    double p = (double)gd_fit_columns(fit), outputs = (double)fit->shape.outputs;
    double once = (double)fit->rows.count * outputs * (p * outputs) * (p * outputs);
    double allowed = fmax(work, GD_PROOF_WORK);
    if (p * outputs > (double)GD_MAX_QR_COLUMNS || once > allowed) {
        none(out, "too many parameters for the number of rows: the work would go with rows x "
                  "parameters^2");
        return GD_OK;
    }
    gd_status status = GD_OK;
    if (!first->made && is_quadratic(fit))
        status = take_step(first, fit, executor, err);
    if (status == GD_OK && !known(out, fit, first))
        status = evaluate(out, fit, executor, err);
    if (status != GD_OK)
        return status;
    if (!isfinite(out->cost)) {
        none(out, "the cost is not finite");
        return GD_OK;
    }
    return find_gap(out, fit, allowed, first, executor, err);
}

gd_status gd_certificate_find(gd_certificate *out, const gd_fit *fit, double work,
                              const gd_executor *executor, gd_error *err)
{
    gd_first_step first = {0};
    gd_status status = gd_certificate_from(out, fit, work, &first, executor, err);
    gd_first_step_free(&first);
    return status;
}
