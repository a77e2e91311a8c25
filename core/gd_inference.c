/* gd_inference: see gd_inference.h. One pass over the rows fills a QR factor, of features that are
 * centred and scaled whatever the run did; the rest is triangular solves. Its right-hand side is
 * made so that its least squares solution is Newton's step from theta: how far the optimum is. */
#include "gd_inference.h"

#include "gd_distribution.h"
#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_qr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Farther than this from the optimum, in standard errors, digits that are shown would be wrong. */
#define FAR 0.01
/* Where the best cost is 0 at infinity, what Newton's step gains stays this share of the cost. */
#define SEPARATED 0.05

typedef struct work {
    gd_fit fit;     /* as given, but for theta, center and scale */
    size_t columns; /* of one output */
    size_t blocks;  /* outputs that are free: classes - 1 for softmax */
    size_t n;       /* blocks x columns */
    gd_qr *qr;
    gd_column *stats;
    double *theta, *plain, *center, *scale; /* plain: theta in the data's units */
    double *a, *z, *row, *g, *h, *step;
    double *sums, *squares; /* columns: sums of w a and w a^2, w as the information has it */
    double weights, cost;
    size_t counted; /* rows of a weight above 0 */
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

static gd_status allocate(work *w, gd_error *err)
{
    size_t cols = w->fit.shape.cols, theta = w->fit.model->params_len(&w->fit.shape);
    gd_status status = gd_qr_new(&w->qr, w->n, 1, err);
    if (status != GD_OK)
        return status;
    w->stats = calloc(cols, sizeof *w->stats);
    w->theta = calloc(2 * theta + 2 * cols + 3 * w->columns + w->fit.shape.outputs + 4 * w->n + 1,
                      sizeof(double));
    if (!w->stats || !w->theta)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    w->plain = w->theta + theta;
    w->center = w->plain + theta;
    w->scale = w->center + cols;
    w->a = w->scale + cols;
    w->sums = w->a + w->columns;
    w->squares = w->sums + w->columns;
    w->z = w->squares + w->columns;
    w->g = w->z + w->fit.shape.outputs;
    w->h = w->g + w->n;
    w->step = w->h + w->n;
    w->row = w->step + w->n; /* n and the right-hand side */
    return GD_OK;
}

/* Features centred and scaled, and theta with them. */
static bool standardise(work *w, const gd_fit *given)
{
    const gd_shape *s = &given->shape;
    memcpy(w->plain, given->theta, given->model->params_len(s) * sizeof *w->plain);
    if (given->scale)
        given->model->unscale(s, given->center, given->scale, w->plain, w->plain);
    gd_data_columns(given->data, &given->rows, w->stats);
    gd_scaling(w->stats, s->cols, s->intercept, w->center, w->scale);
    for (size_t j = 0; j < s->cols; j++)
        if (!isfinite(w->center[j]) || !isfinite(w->scale[j]))
            return false;
    given->model->rescale(s, w->center, w->scale, w->plain, w->theta);
    w->fit.theta = w->theta;
    w->fit.center = w->center;
    w->fit.scale = w->scale;
    return true;
}

/* A row of one output: its information is weight * bend. */
static void add_single(work *w, double y, double weight)
{
    double bend, slope = w->fit.cost->slope(w->z[0], y, 0, &bend, w->fit.cost_hyper);
    memcpy(w->row, w->a, w->columns * sizeof *w->a);
    w->row[w->n] = bend > 0 ? -slope / bend : 0;
    gd_qr_add(w->qr, w->row, sqrt(weight * bend));
    for (size_t j = 0; j < w->columns; j++) {
        w->sums[j] += weight * bend * w->a[j];
        w->squares[j] += weight * bend * w->a[j] * w->a[j];
    }
    w->weights += weight * bend;
}

/* A row of softmax: its information diag(p) - p p' is S'S with the rows sqrt(p_k) (e_k - p)'. */
static void add_classes(work *w, double y, double weight)
{
    size_t outputs = w->fit.shape.outputs;
    double top = w->z[0], total = 0;
    for (size_t k = 1; k < outputs; k++)
        top = fmax(top, w->z[k]);
    for (size_t k = 0; k < outputs; k++)
        total += exp(w->z[k] - top);
    for (size_t k = 0; k < outputs; k++)
        w->z[k] = exp(w->z[k] - top) / total;
    for (size_t k = 0; k < outputs; k++) {
        double p = w->z[k], slope = p - (k == (size_t)y);
        for (size_t c = 1; c < outputs; c++)
            for (size_t j = 0; j < w->columns; j++)
                w->row[(c - 1) * w->columns + j] = ((c == k) - w->z[c]) * w->a[j];
        w->row[w->n] = p > 0 ? -slope / p : 0;
        gd_qr_add(w->qr, w->row, sqrt(weight * p));
    }
}

/* False: once more (gd_qr_finish). */
static bool visit_rows(work *w)
{
    const gd_fit *f = &w->fit;
    w->counted = 0;
    w->cost = w->weights = 0;
    memset(w->sums, 0, 2 * w->columns * sizeof *w->sums); /* and squares */
    for (size_t i = 0; i < f->rows.count; i++) {
        double y = gd_fit_target(f, i), weight = gd_fit_weight(f, i);
        if (!(weight > 0))
            continue;
        gd_fit_design(f, i, w->a);
        gd_fit_scores(f, i, w->a, f->theta, w->z);
        w->counted++;
        w->cost += weight * gd_cost_of(f->cost, w->z, y, f->shape.outputs, f->cost_hyper);
        if (w->blocks > 1 || f->shape.outputs > 1)
            add_classes(w, y, weight);
        else
            add_single(w, y, weight);
    }
    return gd_qr_finish(w->qr);
}

/* |R^-T g|, the standard deviation of g . theta but for sigma */
static double deviation(work *w)
{
    gd_qr_half_solve(w->qr, w->g, w->h);
    return gd_norm(w->h, gd_qr_rank(w->qr));
}

static gd_inference_status judge(work *w, gd_inference *r)
{
    size_t rank = gd_qr_rank(w->qr);
    if (w->counted <= w->n && r->student)
        return GD_INFERENCE_TOO_FEW_ROWS;
    if (rank < w->n) {
        r->column = gd_qr_column(w->qr, w->n - 1) % w->columns;
        return GD_INFERENCE_RANK_DEFICIENT;
    }
    gd_qr_least_squares(w->qr, 0, w->step);
    r->distance = 0;
    /* mse bends by 2: what the factor has of that, s takes back */
    r->sigma = r->student ? gd_qr_residual(w->qr, 0) / sqrt(2 * r->df) : 1;
    double gain = 0;
    for (size_t j = 0; j < w->n; j++) {
        memset(w->g, 0, w->n * sizeof *w->g);
        w->g[j] = 1;
        double se = deviation(w) * r->sigma * (r->student ? sqrt(2) : 1);
        double d = fabs(w->step[j]);
        if (!isfinite(d))
            return GD_INFERENCE_NOT_CONVERGED;
        /* a perfect fit has no standard error: then rounding is what counts */
        double rounding = 1e-12 * (fabs(w->step[j]) + gd_norm(w->theta, w->n));
        if (d > rounding)
            r->distance = fmax(r->distance, d / se);
    }
    for (size_t i = 0; i < rank; i++) { /* |R step|^2 / 2 */
        double sum = 0;
        for (size_t k = i; k < rank; k++)
            sum += gd_qr_at(w->qr, i, k) * w->step[gd_qr_column(w->qr, k)];
        gain += 0.5 * sum * sum;
    }
    if (!(r->distance <= FAR))
        return GD_INFERENCE_NOT_CONVERGED;
    if ((w->fit.cost->tasks & GD_CLASSES) && gain > SEPARATED * w->cost)
        return GD_INFERENCE_SEPARATED;
    return GD_INFERENCE_VALID;
}

/* Variance inflation: the coefficient's variance times the information that its column alone,
 * beside the intercept, would give. */
static double inflation(const work *w, size_t j, double deviation_j)
{
    double square = w->squares[j];
    if (w->fit.shape.intercept)
        square -= w->sums[j] * (w->sums[j] / w->weights);
    return deviation_j * deviation_j * square;
}

static void fill_term(work *w, gd_inference *r, size_t block, size_t j, double critical)
{
    const gd_fit *f = &w->fit;
    size_t cols = f->shape.cols, at = block * w->columns;
    bool softmax = f->shape.outputs > 1;
    gd_term *t = &r->terms[at + j];
    memset(w->g, 0, w->n * sizeof *w->g);
    w->g[at + j] = j < cols ? 1 / w->scale[j] : 1;
    for (size_t c = 0; j == cols && c < cols; c++)
        w->g[at + c] = -w->center[c] / w->scale[c];
    double unit = deviation(w);
    t->output = softmax ? block + 1 : 0;
    t->column = j;
    t->estimate = w->plain[gd_fit_index(f, t->output, j)];
    if (softmax)
        t->estimate -= w->plain[gd_fit_index(f, 0, j)];
    t->std_error = unit * r->sigma * (r->student ? sqrt(2) : 1);
    t->statistic = t->std_error > 0 || t->estimate != 0 ? t->estimate / t->std_error : NAN;
    t->p_value =
        r->student ? gd_student_two_sided(t->statistic, r->df) : gd_normal_two_sided(t->statistic);
    t->low = t->estimate - critical * t->std_error;
    t->high = t->estimate + critical * t->std_error;
    t->vif = softmax || j == cols ? NAN : inflation(w, j, unit * w->scale[j]);
}

static gd_status fill(work *w, gd_inference *r, gd_error *err)
{
    r->terms = calloc(w->n, sizeof *r->terms);
    if (!r->terms)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    r->count = w->n;
    double critical = gd_student_critical(1 - r->level, r->df);
    for (size_t k = 0; k < w->blocks; k++)
        for (size_t j = 0; j < w->columns; j++)
            fill_term(w, r, k, j, critical);
    return GD_OK;
}

gd_status gd_inference_new(gd_inference **out, const gd_fit *fit, double level, double allowed,
                           gd_error *err)
{
    *out = NULL;
    if (!(level > 0 && level < 1))
        return gd_fail(err, GD_INVALID, "level", "must be in (0, 1), got %g", level);
    gd_status status = GD_OK;
    work w = {.fit = *fit, .columns = gd_fit_columns(fit)};
    gd_inference *r = calloc(1, sizeof *r);
    if (!r)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for standard errors");
    r->level = level;
    r->distance = NAN;
    r->student = is_cost(fit, "mse");
    r->sigma = 1;
    r->df = INFINITY;
    r->status = look(fit, allowed);
    if (r->status != GD_INFERENCE_VALID)
        goto end;
    w.blocks = fit->shape.outputs > 1 ? fit->shape.outputs - 1 : 1;
    w.n = w.blocks * w.columns;
    status = allocate(&w, err);
    if (status != GD_OK)
        goto end;
    if (!standardise(&w, fit)) {
        r->status = GD_INFERENCE_OUT_OF_RANGE;
        goto end;
    }
    gd_qr_expect(w.qr, fit->rows.count);
    while (!visit_rows(&w))
        ;
    if (r->student)
        r->df = (double)w.counted - (double)w.n;
    r->status = judge(&w, r);
    if (r->status == GD_INFERENCE_VALID)
        status = fill(&w, r, err);
end:
    gd_qr_free(w.qr);
    free(w.stats);
    free(w.theta);
    if (status == GD_OK)
        *out = r;
    else
        gd_inference_free(r);
    return status;
}

void gd_inference_free(gd_inference *r)
{
    if (!r)
        return;
    free(r->terms);
    free(r);
}
