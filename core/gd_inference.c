/* gd_inference: see gd_inference.h. A step of Newton's method from theta, of features that are
 * centred and scaled, gives the factor of the information and how far the optimum is; the rest is
 * triangular solves. */
#include "gd_inference.h"

#include "gd_distribution.h"
#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_newton.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Farther than this from the optimum, in standard errors, digits that are shown would be wrong. */
#define FAR 0.01
/* Where the best cost is 0 at infinity, what Newton's step gains stays this share of the cost. */
#define SEPARATED 0.05

typedef struct work {
    const gd_fit *fit; /* as given */
    gd_first_step *first;
    double *plain; /* theta in the data's units */
    double *g, *h; /* newton.n each */
    double unit;   /* standard deviations of a factor of weights that sum to 1, to those of rows */
} work;

const char *gd_inference_status_name(gd_inference_status status)
{
    switch (status) {
#define X(name, word, sentence)                                                                    \
    case name:                                                                                     \
        return word;
        GD_INFERENCE_LIST(X)
#undef X
    }
    return "";
}

const char *gd_inference_reason(gd_inference_status status)
{
    switch (status) {
#define X(name, word, sentence)                                                                    \
    case name:                                                                                     \
        return sentence;
        GD_INFERENCE_LIST(X)
#undef X
    }
    return "";
}

static bool is_cost(const gd_fit *f, const char *name)
{
    return strcmp(f->cost->name, name) == 0;
}

static bool bounded(const gd_fit *f)
{
    for (size_t j = 0; j < f->shape.cols; j++)
        if ((f->lower && f->lower[j] > -INFINITY) || (f->upper && f->upper[j] < INFINITY))
            return true;
    return false;
}

/* What can be said before looking at the data. */
static gd_inference_status look(const gd_fit *f, double allowed)
{
    bool known = is_cost(f, "mse") || is_cost(f, "logistic") || is_cost(f, "poisson") ||
                 is_cost(f, "softmax");
    double outputs = (double)f->shape.outputs;
    double n = fmax(outputs - 1, 1) * (double)gd_fit_columns(f);
    if (!f->model->linear || !known)
        return GD_INFERENCE_MODEL;
    if (f->l1 > 0 || f->l2 > 0)
        return GD_INFERENCE_PENALISED;
    if (bounded(f))
        return GD_INFERENCE_BOUNDED;
    if (f->class_weights)
        return GD_INFERENCE_CLASS_WEIGHTS;
    if (n > (double)GD_MAX_QR_COLUMNS ||
        (double)f->rows.count * outputs * n * n > fmax(allowed, GD_PROOF_WORK))
        return GD_INFERENCE_TOO_LARGE;
    return GD_INFERENCE_VALID;
}

static gd_status prepare(work *w, const gd_executor *executor, gd_error *err)
{
    const gd_fit *f = w->fit;
    size_t theta = f->model->params_len(&f->shape);
    w->plain = calloc(3 * theta, sizeof *w->plain);
    if (!w->plain)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    w->g = w->plain + theta;
    w->h = w->g + theta;
    memcpy(w->plain, f->theta, theta * sizeof *w->plain);
    if (f->scale)
        f->model->unscale(&f->shape, f->center, f->scale, w->plain, w->plain);
    gd_status status = gd_fit_scale(&w->first->scaled, f, executor, err);
    if (status == GD_OK)
        status = gd_newton_init(&w->first->newton, &w->first->scaled.fit, GD_NEWTON_SHOWN, executor,
                                err);
    return status;
}

static gd_status take_step(work *w, gd_error *err)
{
    gd_newton *n = &w->first->newton;
    gd_newton_solve(n);
    w->unit = 1 / sqrt(n->total);
    w->first->made = w->first->solved = n->status == GD_OK;
    if (w->first->made)
        return GD_OK;
    bool interrupted = n->status == GD_INTERRUPTED;
    return gd_fail(err, n->status, "",
                   interrupted ? "broken off" : "not enough memory for standard errors");
}

/* |R^-T g|: times `unit` the standard deviation of g . theta but for sigma */
static double deviation(work *w)
{
    gd_qr_half_solve(w->first->newton.qr, w->g, w->h);
    return gd_norm(w->h, gd_qr_rank(w->first->newton.qr));
}

/* |R step|^2: twice what the step is about to gain */
static double gain_of(const gd_newton *n)
{
    double gain = 0;
    size_t rank = gd_qr_rank(n->qr);
    for (size_t i = 0; i < rank; i++) {
        double sum = 0;
        for (size_t k = i; k < rank; k++)
            sum += gd_qr_at(n->qr, i, k) * n->step[gd_qr_column(n->qr, k)];
        gain += sum * sum;
    }
    return gain;
}

static gd_inference_status judge(work *w, gd_inference *r)
{
    const gd_newton *n = &w->first->newton;
    size_t rank = gd_qr_rank(n->qr), counted = gd_fit_pass_counted(n->pass);
    if (counted <= n->n && r->student)
        return GD_INFERENCE_TOO_FEW_ROWS;
    if (rank < n->n) {
        r->column = gd_qr_column(n->qr, n->n - 1) % n->columns;
        return GD_INFERENCE_RANK_DEFICIENT;
    }
    r->distance = 0;
    /* mse bends by 2: what the factor has of that, s takes back */
    double gain = gain_of(n), rest = fmax(n->square - gain, 0) * n->total;
    r->sigma = r->student ? sqrt(rest / (2 * r->df)) : 1;
    for (size_t j = 0; j < n->n; j++) {
        memset(w->g, 0, n->n * sizeof *w->g);
        w->g[j] = 1;
        double se = deviation(w) * w->unit * r->sigma * (r->student ? sqrt(2) : 1);
        double d = fabs(n->step[j]);
        if (!isfinite(d))
            return GD_INFERENCE_NOT_CONVERGED;
        /* a perfect fit has no standard error: then rounding is what counts */
        double rounding = 1e-12 * (fabs(n->step[j]) + gd_norm(n->theta, n->n));
        if (d > rounding)
            r->distance = fmax(r->distance, d / se);
    }
    if (!(r->distance <= FAR))
        return GD_INFERENCE_NOT_CONVERGED;
    if ((w->fit->cost->tasks & GD_CLASSES) && 0.5 * gain > SEPARATED * n->data_cost)
        return GD_INFERENCE_SEPARATED;
    return GD_INFERENCE_VALID;
}

/* R_i . R_j, the factor's columns: the information of two coefficients */
static double information(const gd_newton *n, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k <= i && k <= j; k++)
        sum += gd_qr_at(n->qr, k, i) * gd_qr_at(n->qr, k, j);
    return sum;
}

/* Variance inflation: the coefficient's variance times the information that its column alone,
 * beside the intercept, would give. */
static double inflation(const gd_newton *n, size_t j, double deviation_j)
{
    size_t last = n->columns - 1;
    double square = information(n, j, j);
    if (n->fit.shape.intercept) {
        double sum = information(n, j, last);
        square -= sum * (sum / information(n, last, last));
    }
    return deviation_j * deviation_j * square;
}

static void fill_term(work *w, gd_inference *r, size_t block, size_t j, double critical)
{
    const gd_fit *f = &w->first->scaled.fit;
    const gd_newton *n = &w->first->newton;
    size_t cols = f->shape.cols, at = block * n->columns;
    bool softmax = f->shape.outputs > 1;
    gd_term *t = &r->terms[at + j];
    memset(w->g, 0, n->n * sizeof *w->g);
    w->g[at + j] = j < cols ? 1 / f->scale[j] : 1;
    for (size_t c = 0; j == cols && c < cols; c++)
        w->g[at + c] = -f->center[c] / f->scale[c];
    double spread = deviation(w);
    t->output = softmax ? block + 1 : 0;
    t->column = j;
    t->estimate = w->plain[gd_fit_index(f, t->output, j)];
    if (softmax)
        t->estimate -= w->plain[gd_fit_index(f, 0, j)];
    t->std_error = spread * w->unit * r->sigma * (r->student ? sqrt(2) : 1);
    t->statistic = t->std_error > 0 || t->estimate != 0 ? t->estimate / t->std_error : NAN;
    t->p_value =
        r->student ? gd_student_two_sided(t->statistic, r->df) : gd_normal_two_sided(t->statistic);
    t->low = t->estimate - critical * t->std_error;
    t->high = t->estimate + critical * t->std_error;
    t->vif = softmax || j == cols ? NAN : inflation(n, j, spread * f->scale[j]);
}

static gd_status fill(work *w, gd_inference *r, gd_error *err)
{
    const gd_newton *n = &w->first->newton;
    r->terms = calloc(n->n, sizeof *r->terms);
    if (!r->terms)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    r->count = n->n;
    double critical = gd_student_critical(1 - r->level, r->df);
    for (size_t k = 0; k < n->outputs - n->first; k++)
        for (size_t j = 0; j < n->columns; j++)
            fill_term(w, r, k, j, critical);
    return GD_OK;
}

static gd_status infer(work *w, gd_inference *r, const gd_executor *executor, gd_error *err)
{
    gd_status status = prepare(w, executor, err);
    if (status == GD_OK && !w->first->scaled.finite) {
        r->status = GD_INFERENCE_OUT_OF_RANGE;
        return GD_OK;
    }
    if (status == GD_OK)
        status = take_step(w, err);
    if (status != GD_OK)
        return status;
    if (r->student)
        r->df = (double)gd_fit_pass_counted(w->first->newton.pass) - (double)w->first->newton.n;
    r->status = judge(w, r);
    return r->status == GD_INFERENCE_VALID ? fill(w, r, err) : GD_OK;
}

gd_status gd_inference_from(gd_inference **out, const gd_fit *fit, double level, double allowed,
                            gd_first_step *first, const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    if (!(level > 0 && level < 1))
        return gd_fail(err, GD_INVALID, "level", "must be in (0, 1), got %g", level);
    gd_status status = GD_OK;
    work w = {.fit = fit, .first = first};
    gd_inference *r = calloc(1, sizeof *r);
    if (!r)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    r->level = level;
    r->distance = NAN;
    r->student = is_cost(fit, "mse");
    r->sigma = 1;
    r->df = INFINITY;
    r->status = look(fit, allowed);
    if (r->status == GD_INFERENCE_VALID)
        status = infer(&w, r, executor, err);
    free(w.plain);
    if (status == GD_OK)
        *out = r;
    else
        gd_inference_free(r);
    return status;
}

gd_status gd_inference_new(gd_inference **out, const gd_fit *fit, double level, double allowed,
                           const gd_executor *executor, gd_error *err)
{
    gd_first_step first = {0};
    gd_status status = gd_inference_from(out, fit, level, allowed, &first, executor, err);
    gd_first_step_free(&first);
    return status;
}

void gd_inference_free(gd_inference *r)
{
    if (!r)
        return;
    free(r->terms);
    free(r);
}
