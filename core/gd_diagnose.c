/* gd_diagnose: see gd_diagnose.h. */
#include "gd_diagnose.h"

#include "gd_eigen.h"
#include "gd_limits.h"
#include "gd_qr.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINGULAR 1e-14 /* an eigenvalue this share of the largest can't be told from 0 */
#define NEARLY 1e4     /* condition number of scaled columns that are nearly dependent */
#define UNSCALED 100   /* times the condition number that standardizing would leave */
#define PART_OF_IT 0.3 /* of a unit vector: its column matters */
#define CRAWLS 0.1     /* of a good rate */
#define SHOWN 5        /* columns that a warning names */

typedef struct work {
    gd_fit fit;
    gd_diagnosis *out;
    const char *const *names;
    size_t n;
    bool out_of_range; /* columns are so large or so small that curvature says nothing of them */
    gd_qr *qr;
    gd_column *columns;
    double *center, *scale, *a, *values, *matrix, *vectors;
} work;

const char *gd_extremes_name(gd_extremes_kind kind)
{
    switch (kind) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        GD_EXTREMES_LIST(X)
#undef X
    }
    return "";
}

double gd_epochs_to(const gd_extremes *e, double rate, double tolerance)
{
    double factor = fmax(fabs(1 - rate * e->slowest), fabs(1 - rate * e->largest));
    if (!(factor < 1))
        return INFINITY;
    return factor == 0 ? 1 : fmax(1, ceil(log(tolerance) / (2 * log(factor))));
}

/* ---- words ---- */

static void __attribute__((format(printf, 2, 3))) say(gd_diagnosis *out, const char *fmt, ...)
{
    if (out->count == GD_MAX_WARNINGS)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out->warnings[out->count++], sizeof out->warnings[0], fmt, ap);
    va_end(ap);
}

/* The name of a column, quoted, cut where it is long. */
static const char *name_of(const work *w, size_t j, char *buf, size_t size)
{
    if (w->names)
        snprintf(buf, size, "\"%.48s\"", w->names[j]);
    else
        snprintf(buf, size, "%zu", j + 1);
    return buf;
}

static void add_name(const work *w, size_t j, size_t count, char *list, size_t size)
{
    char name[64];
    size_t at = strlen(list);
    if (count < SHOWN)
        snprintf(list + at, size - at, "%s%s", count ? ", " : "", name_of(w, j, name, sizeof name));
    else if (count == SHOWN)
        snprintf(list + at, size - at, " and others");
}

void gd_diagnose_rate(gd_diagnosis *out, double rate, double max_stable, double advised)
{
    if (max_stable > 0 && rate >= max_stable)
        say(out,
            "learning_rate %.6g diverges: the largest stable rate is %.6g; set learning_rate to "
            "%.3g or \"auto\"",
            rate, max_stable, advised);
    else if (advised > 0 && rate < CRAWLS * advised)
        say(out,
            "learning_rate %.3g crawls: %.3g is stable too, and about %.3g times as fast; set it, "
            "or \"auto\"",
            rate, advised, advised / rate);
}

/* ---- curvature ---- */

static gd_extremes_kind kind_of(const gd_fit *f)
{
    if (!f->model->linear || !f->cost->smooth)
        return GD_EXTREMES_NONE;
    if (strcmp(f->cost->name, "mse") == 0)
        return GD_EXTREMES_EXACT;
    return f->cost->curvature > 0 ? GD_EXTREMES_BOUND : GD_EXTREMES_AT_ZERO;
}

static double bend(const work *w, size_t i)
{
    const gd_fit *f = &w->fit;
    double b = f->cost->curvature;
    if (w->out->kind == GD_EXTREMES_NONE)
        return 1;
    if (w->out->kind == GD_EXTREMES_AT_ZERO)
        f->cost->slope(f->offset ? f->offset[gd_fit_row(f, i)] : 0, gd_fit_target(f, i), 0, &b,
                       f->cost_hyper);
    return b;
}

/* R of the rows, each by the root of its share of the Hessian. */
static void factor(work *w, double l2)
{
    double total = gd_fit_weights(&w->fit);
    gd_qr_clear(w->qr);
    for (size_t i = 0; i < w->fit.rows.count; i++) {
        double weight = gd_fit_weight(&w->fit, i) / total;
        if (!(weight > 0))
            continue;
        gd_fit_design(&w->fit, i, w->a);
        gd_qr_add(w->qr, w->a, sqrt(weight * bend(w, i)));
    }
    memset(w->a, 0, w->n * sizeof *w->a);
    for (size_t j = 0; l2 > 0 && j < w->fit.shape.cols; j++) {
        w->a[j] = 1;
        gd_qr_add(w->qr, w->a, sqrt(l2));
        w->a[j] = 0;
    }
    gd_qr_finish(w->qr);
}

/* Eigenvalues of R'R, ascending, into values; eigenvectors beside them. */
static void find_eigenvalues(work *w)
{
    size_t n = w->n, rank = gd_qr_rank(w->qr);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            double sum = 0;
            for (size_t i = 0; i < rank; i++)
                sum += gd_qr_at(w->qr, i, a) * gd_qr_at(w->qr, i, b);
            w->matrix[gd_qr_column(w->qr, a) * n + gd_qr_column(w->qr, b)] = sum;
        }
    gd_eigen_symmetric(w->matrix, n, w->values, w->vectors);
}

static gd_extremes extremes_of(work *w)
{
    size_t n = w->n, rank = gd_qr_rank(w->qr);
    find_eigenvalues(w);
    gd_extremes e = {.parameters = n, .largest = w->values[n - 1]};
    /* the factor knows the rank of columns of any size; the eigenvalues what is left of it */
    size_t zeros = n - rank;
    while (zeros < n && !(w->values[zeros] > SINGULAR * e.largest))
        zeros++;
    e.rank = n - zeros;
    e.smallest = zeros ? 0 : w->values[0];
    e.slowest = zeros < n ? w->values[zeros] : 0;
    e.condition = e.smallest > 0 ? e.largest / e.smallest : INFINITY;
    e.max_stable_rate = 2 / e.largest;
    e.best_rate = 2 / (e.largest + e.slowest);
    return e;
}

static gd_extremes unknown(size_t n)
{
    return (gd_extremes){n, n, NAN, NAN, NAN, NAN, NAN, NAN};
}

/* ---- warnings ---- */

static void on_columns(work *w)
{
    char list[300] = "";
    size_t constant = 0;
    for (size_t j = 0; j < w->fit.shape.cols; j++)
        if (w->columns[j].min == w->columns[j].max)
            add_name(w, j, constant++, list, sizeof list);
    const gd_data *data = w->fit.data;
    size_t rows = data->train_rows ? data->train_rows : data->rows;
    if (constant && w->fit.rows.count < rows && gd_data_sparse(data))
        ; /* most columns of some sparse rows are empty: that says nothing of all */
    else if (constant && w->fit.rows.count < rows)
        say(w->out,
            "column%s %s never change%s in the %zu rows looked at: leave %s out if so in all",
            constant > 1 ? "s" : "", list, constant > 1 ? "" : "s", w->fit.rows.count,
            constant > 1 ? "them" : "it");
    else if (constant)
        say(w->out, "column%s %s never change%s%s: leave %s out", constant > 1 ? "s" : "", list,
            constant > 1 ? "" : "s",
            w->fit.shape.intercept ? ", which can't be told from the intercept" : "",
            constant > 1 ? "them" : "it");
    if (w->n > rows)
        say(w->out,
            "there are more parameters, %zu, than rows, %zu: many fits are perfect, and most of "
            "them mean nothing; set l2, or use fewer columns",
            w->n, rows);
}

/* Columns whose squares leave the range of double precision: a job would fail for them. */
static void on_range(work *w)
{
    for (size_t j = 0; j < w->fit.shape.cols; j++) {
        const gd_column *c = &w->columns[j];
        double size = fmax(fabs(c->min), fabs(c->max));
        bool large = !isfinite(size * size * (double)w->fit.rows.count);
        char name[64];
        if (!large && (c->min == c->max || c->std > 0))
            continue;
        w->out_of_range = true;
        say(w->out,
            "column %s %s %.3g, too %s for its squares in double precision: %s it by a constant",
            name_of(w, j, name, sizeof name), large ? "reaches" : "stays below", size,
            large ? "large" : "small", large ? "divide" : "multiply");
    }
}

/* Columns that depend on others exactly; for standardized features. */
static void on_dependence(work *w)
{
    size_t rank = gd_qr_rank(w->qr);
    if (w->n > w->fit.rows.count || w->out_of_range)
        return;
    for (size_t k = rank; k < w->n; k++) {
        size_t j = gd_qr_column(w->qr, k), count = 0, other = 0;
        if (j == w->fit.shape.cols || w->columns[j].min == w->columns[j].max)
            continue;
        char list[300] = "", name[64];
        gd_qr_explain(w->qr, k, w->a);
        for (size_t i = 0; i < rank; i++) {
            size_t c = gd_qr_column(w->qr, i);
            if (c < w->fit.shape.cols && fabs(w->a[i]) > 1e-7) {
                add_name(w, c, count++, list, sizeof list);
                other = c;
            }
        }
        bool copy = count == 1 && w->columns[j].min == w->columns[other].min &&
                    w->columns[j].max == w->columns[other].max;
        say(w->out, "column %s %s %s: their coefficients can't be told apart; leave one out",
            name_of(w, j, name, sizeof name),
            copy         ? "is a copy of column"
            : count == 1 ? "goes along exactly with column"
                         : "is a weighted sum of columns",
            list);
    }
}

static void on_collinearity(work *w)
{
    const gd_extremes *e = &w->out->standardized;
    if (w->out_of_range || e->rank < e->parameters || !(e->condition > NEARLY))
        return;
    char list[300] = "";
    size_t count = 0;
    for (size_t j = 0; j < w->fit.shape.cols; j++)
        if (fabs(w->vectors[j]) > PART_OF_IT)
            add_name(w, j, count++, list, sizeof list);
    say(w->out,
        "columns %s nearly depend on each other (condition number %.3g even when standardized): "
        "training is slow and their coefficients are uncertain; leave some out, or set l2",
        list, e->condition);
}

/* data: the largest curvature without the penalty. */
static bool on_penalty(work *w, double data)
{
    if (!(w->fit.l2 > NEARLY * data))
        return false;
    say(w->out,
        "l2 %.3g outweighs the data, whose curvature is at most %.3g: it holds the weights at 0, and steps "
        "that are small enough for it hardly move anything else; set it lower",
        w->fit.l2, data);
    return true;
}

static void on_scale(work *w)
{
    const gd_extremes *raw = &w->out->raw, *e = &w->out->standardized;
    size_t low = w->fit.shape.cols, high = 0;
    /* of what the data determine: where columns depend on each other the rest is infinite */
    double now = raw->largest / raw->slowest, then = e->largest / e->slowest;
    if (w->out_of_range || !(now > UNSCALED * then))
        return;
    double least = INFINITY, most = 0;
    for (size_t j = 0; j < w->fit.shape.cols; j++) {
        double size = hypot(w->columns[j].std, w->columns[j].mean);
        if (w->columns[j].std > 0 && size > most)
            most = size, high = j;
        if (w->columns[j].std > 0 && w->columns[j].std < least)
            least = w->columns[j].std, low = j;
    }
    char a[64], b[64];
    if (low == w->fit.shape.cols || w->out->count == GD_MAX_WARNINGS)
        return;
    w->out->unscaled = w->out->count;
    if (low == high)
        say(w->out,
            "columns are not scaled: %s lies around %.3g while it varies by %.3g; set standardize "
            "to true, which lowers the condition number from %.3g to %.3g",
            name_of(w, high, a, sizeof a), w->columns[high].mean, least, now, then);
    else
        say(w->out,
            "columns are not scaled: %s is of size %.3g while %s varies by %.3g; set standardize "
            "to "
            "true, which lowers the condition number from %.3g to %.3g",
            name_of(w, high, a, sizeof a), most, name_of(w, low, b, sizeof b), least, now, then);
}

static gd_status on_classes(work *w, gd_error *err)
{
    size_t classes = w->fit.data->classes, single = 0, none = 0;
    if (classes == 0)
        return GD_OK;
    size_t *counts = calloc(classes, sizeof *counts);
    if (!counts)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for diagnostics");
    for (size_t i = 0; i < w->fit.rows.count; i++)
        counts[(size_t)gd_fit_target(&w->fit, i)]++;
    for (size_t k = 0; k < classes; k++) {
        single += counts[k] == 1;
        none += counts[k] == 0;
    }
    free(counts);
    if (single)
        say(w->out, "%zu class%s a single row: nothing can be validated there, and little learnt",
            single, single > 1 ? "es have" : " has");
    if (none)
        say(w->out, "%zu class%s no row", none, none > 1 ? "es have" : " has");
    return GD_OK;
}

/* ---- the whole ---- */

static gd_status allocate(work *w, gd_error *err)
{
    size_t n = w->n, cols = w->fit.shape.cols;
    gd_status status = gd_qr_new(&w->qr, n, 0, err);
    if (status != GD_OK)
        return status;
    w->columns = calloc(cols, sizeof *w->columns);
    w->center = calloc(2 * cols + 2 * n + 2 * n * n, sizeof(double));
    if (!w->columns || !w->center)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for diagnostics");
    w->scale = w->center + cols;
    w->a = w->scale + cols;
    w->values = w->a + n;
    w->matrix = w->values + n;
    w->vectors = w->matrix + n * n;
    return GD_OK;
}

static void find_curvature(work *w)
{
    double l2 = w->fit.l2;
    factor(w, l2);
    w->out->raw = extremes_of(w);
    gd_scaling(w->columns, w->fit.shape.cols, w->fit.shape.intercept, w->center, w->scale);
    w->fit.center = w->center;
    w->fit.scale = w->scale;
    bool outweighed = false;
    if (l2 > 0) { /* dependence is a matter of the data alone */
        factor(w, 0);
        on_dependence(w);
        outweighed = on_penalty(w, extremes_of(w).largest);
    }
    factor(w, l2);
    w->out->standardized = extremes_of(w);
    if (l2 == 0)
        on_dependence(w);
    if (outweighed)
        return;
    on_collinearity(w);
    on_scale(w);
}

gd_status gd_diagnose(gd_diagnosis *out, const gd_fit *fit, const char *const *names, gd_error *err)
{
    memset(out, 0, sizeof *out);
    out->unscaled = GD_MAX_WARNINGS;
    work w = {.fit = *fit, .out = out, .names = names, .n = gd_fit_columns(fit)};
    w.fit.center = w.fit.scale = NULL;
    out->kind = kind_of(fit);
    out->raw = out->standardized = unknown(w.n);
    double rows = (double)fit->rows.count, n = (double)w.n;
    bool possible = w.n <= GD_MAX_EIGEN && rows * n * n <= GD_DIAGNOSE_WORK;
    gd_status status = on_classes(&w, err);
    if (status != GD_OK)
        return status;
    if (!possible)
        w.n = 0; /* the columns alone are looked at */
    status = allocate(&w, err);
    w.n = gd_fit_columns(fit);
    if (status != GD_OK)
        goto end;
    gd_data_columns(fit->data, &fit->rows, w.columns);
    on_columns(&w);
    on_range(&w);
    if (possible)
        find_curvature(&w);
    if (!possible || out->kind == GD_EXTREMES_NONE) {
        out->kind = GD_EXTREMES_NONE;
        out->raw = out->standardized = unknown(w.n);
    }
end:
    gd_qr_free(w.qr);
    free(w.columns);
    free(w.center);
    return status;
}
