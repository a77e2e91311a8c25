/* gd_certificate: see gd_certificate.h; the arithmetic is gd_newton's. */
#include "gd_certificate.h"

#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_linear.h"
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

/* The objective and its gradient as trained. */
static void evaluate(gd_certificate *out, const gd_newton *w, double *a, double *z, double *g)
{
    const gd_fit *f = &w->fit;
    double cost = 0;
    memset(g, 0, w->n * sizeof *g);
    for (size_t i = 0; i < f->rows.count; i++) {
        double weight = gd_fit_weight(f, i) / w->total, y = gd_fit_target(f, i);
        if (!(weight > 0))
            continue;
        gd_fit_design(f, i, a);
        gd_fit_scores(f, i, a, f->theta, z);
        cost += weight * f->cost->eval(z, &y, 1, w->outputs, z, f->cost_hyper);
        for (size_t k = 0; k < w->outputs; k++)
            gd_axpy(weight * z[k], a, g + k * w->columns, w->columns);
    }
    for (size_t c = 0; c < w->n; c++) {
        cost += gd_penalty_cost(&w->penalty[c], w->start[c]);
        g[c] = gd_penalty_slope(&w->penalty[c], w->start[c], g[c]);
    }
    out->cost = cost;
    out->gradient_norm = gd_norm(g, w->n);
}

/* Unpenalised fits are the same in any scaling: the best conditioned one is taken. */
typedef struct scaling {
    gd_column *columns;
    double *theta, *center, *scale;
} scaling;

static bool standardise(scaling *s, gd_fit *f)
{
    size_t cols = f->shape.cols, n = f->model->params_len(&f->shape);
    s->columns = calloc(cols, sizeof *s->columns);
    s->theta = calloc(n + 2 * cols, sizeof *s->theta);
    if (!s->columns || !s->theta)
        return false;
    s->center = s->theta + n;
    s->scale = s->center + cols;
    gd_data_columns(f->data, &f->rows, s->columns);
    gd_scaling(s->columns, cols, f->shape.intercept, s->center, s->scale);
    for (size_t j = 0; j < cols; j++)
        if (!isfinite(s->center[j]) || !isfinite(s->scale[j]))
            return true;
    memcpy(s->theta, f->theta, n * sizeof *s->theta);
    if (f->scale)
        gd_linear_unscale(&f->shape, f->center, f->scale, s->theta, s->theta);
    gd_linear_rescale(&f->shape, s->center, s->scale, s->theta, s->theta);
    f->theta = s->theta;
    f->center = s->center;
    f->scale = s->scale;
    return true;
}

/* Iterates until the bound is as good as it gets; returns it. */
static double search(gd_newton *w, double cost, double allowed)
{
    double best = gd_newton_trivial_gap(w), scale = 0;
    bool smooth = w->fit.cost->smooth;
    for (int i = 0; i < ITERATIONS && (i == 0 || w->work < allowed); i++) {
        gd_newton_solve(w);
        if (i == 0 && !smooth) {
            scale = w->data_cost > 0 ? 2 * w->data_cost : 1;
            w->width = scale;
            gd_newton_solve(w);
        }
        best = fmin(best, gd_newton_gap(w));
        double fall = cost - w->cost; /* what the iterate shows to be possible */
        if (best - fall <= fmax(NEAR * fall, SMALL * cost))
            break;
        double moved = gd_newton_move(w);
        if (moved == 0 && (smooth || w->width <= NARROWEST * scale))
            break;
        /* smoothing is off by about the width: no need to solve to more than that */
        if (!smooth && (moved == 0 || w->decrement <= SOLVED * w->width))
            w->width = fmax(NARROW * w->width, NARROWEST * scale);
    }
    return best;
}

/* 1/2 g' H^+ g, by the step: 1/2 |R step|^2. */
static double quadratic_gap(gd_newton *w)
{
    gd_newton_solve(w);
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

static gd_status find_gap(gd_certificate *out, const gd_fit *fit, double allowed, gd_error *err)
{
    gd_newton w;
    gd_fit f = *fit;
    scaling s = {0};
    gd_status status = GD_OK;
    if (f.l1 == 0 && f.l2 == 0 && !standardise(&s, &f))
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a certificate");
    if (status == GD_OK)
        status = gd_newton_init(&w, &f, err);
    if (status != GD_OK)
        goto end;
    bool exact = w.simple && strcmp(f.cost->name, "mse") == 0;
    out->gap = exact ? quadratic_gap(&w) : search(&w, out->cost, allowed);
    out->kind = exact ? GD_GAP_EXACT : GD_GAP_BOUND;
    out->reason = "";
    if (!isfinite(out->gap))
        none(out, "the numbers leave the range of double precision");
    gd_newton_free(&w);
end:
    free(s.columns);
    free(s.theta);
    return status;
}

gd_status gd_certificate_find(gd_certificate *out, const gd_fit *fit, double work, gd_error *err)
{
    *out = (gd_certificate){.cost = NAN, .gradient_norm = NAN};
    bool dual = fit->cost->gap || (fit->cost->tasks & GD_MULTICLASS);
    if (!fit->model->linear || !dual) {
        none(out, "the best cost is not known for models that are not linear: the objective is not "
                  "convex");
        return GD_OK;
    }
    gd_newton w = {.fit = *fit};
    double p = (double)gd_fit_columns(fit), outputs = (double)fit->shape.outputs;
    double once = (double)fit->rows.count * outputs * (p * outputs) * (p * outputs);
    double allowed = fmax(work, GD_PROOF_WORK);
    if (p * outputs > (double)GD_MAX_QR_COLUMNS || once > allowed) {
        none(out, "too many parameters for the number of rows: the work would go with rows x "
                  "parameters^2");
        return GD_OK;
    }
    gd_status status = gd_newton_init(&w, fit, err);
    if (status != GD_OK)
        return status;
    evaluate(out, &w, w.a, w.z, w.gradient);
    gd_newton_free(&w);
    if (!isfinite(out->cost)) {
        none(out, "the cost is not finite");
        return GD_OK;
    }
    return find_gap(out, fit, allowed, err);
}
