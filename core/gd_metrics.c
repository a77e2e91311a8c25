/* gd_metrics: responses, then sums over them. */
#include "gd_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- predictions ---- */

static void softmax(double *z, size_t outputs)
{
    double top = z[0], total = 0;
    for (size_t k = 1; k < outputs; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < outputs; k++)
        total += z[k] = exp(z[k] - top);
    for (size_t k = 0; k < outputs; k++)
        z[k] /= total;
}

static void respond(gd_link link, size_t outputs, size_t rows, double *out)
{
    for (size_t i = 0; i < rows; i++) {
        double *z = out + i * outputs;
        switch (link) {
        case GD_IDENTITY:
            break;
        case GD_LOGIT:
            *z = *z > 0 ? 1 / (1 + exp(-*z)) : exp(*z) / (1 + exp(*z));
            break;
        case GD_SOFTMAX:
            softmax(z, outputs);
            break;
        case GD_LOG:
            *z = exp(*z);
            break;
        }
    }
}

gd_status gd_predict(const gd_model *model, const gd_shape *shape, const double *theta,
                     const double *X, size_t rows, double *out)
{
    return gd_predict_offset(model, shape, theta, X, NULL, rows, out);
}

gd_status gd_predict_offset(const gd_model *model, const gd_shape *shape, const double *theta,
                            const double *X, const double *offset, size_t rows, double *out)
{
    size_t tile = gd_shape_tile(model, shape), work_len = gd_shape_work(model, shape);
    double *work = work_len ? malloc(tile * work_len * sizeof *work) : NULL;
    if (work_len && !work)
        return GD_NO_MEMORY;
    for (size_t at = 0; at < rows; at += tile) {
        size_t n = rows - at < tile ? rows - at : tile;
        double *z = out + at * shape->outputs;
        model->forward(shape, theta, X + at * shape->cols, n, z, work);
        for (size_t i = 0; offset && i < n * shape->outputs; i++)
            z[i] += offset[at + i / shape->outputs];
        respond(gd_shape_link(model, shape), shape->outputs, n, z);
    }
    free(work);
    return GD_OK;
}

gd_status gd_predict_data(const gd_model *model, const gd_shape *shape, const double *theta,
                          const gd_data *data, double *out)
{
    enum { CHUNK = 256 };
    size_t cols = data->cols;
    if (data->X)
        return gd_predict_offset(model, shape, theta, data->X, data->offset, data->rows, out);
    double *X = malloc(CHUNK * cols * sizeof *X);
    gd_status status = X ? GD_OK : GD_NO_MEMORY;
    for (size_t at = 0; status == GD_OK && at < data->rows; at += CHUNK) {
        size_t n = data->rows - at < CHUNK ? data->rows - at : CHUNK;
        for (size_t i = 0; i < n; i++)
            gd_data_row(data, at + i, X + i * cols);
        status = gd_predict_offset(model, shape, theta, X, data->offset ? data->offset + at : NULL,
                                   n, out + at * shape->outputs);
    }
    free(X);
    return status;
}

size_t gd_class_of(const gd_model *model, const gd_shape *shape, const double *response)
{
    if (gd_shape_task(model, shape) == GD_BINARY && shape->decided)
        return *response >= shape->threshold;
    if (gd_shape_task(model, shape) == GD_BINARY)
        return *response > (gd_shape_link(model, shape) == GD_LOGIT ? 0.5 : 0);
    size_t best = 0;
    for (size_t k = 1; k < shape->outputs; k++)
        best = response[k] > response[best] ? k : best;
    return best;
}

/* ---- lists of metrics ---- */

#define NUMBERS (GD_REGRESSION | GD_COUNT)

const gd_metric_kind gd_metric_kinds[] = {
    {"mse", NUMBERS, false},         {"rmse", NUMBERS, false},
    {"mae", NUMBERS, false},         {"r2", GD_REGRESSION, true},
    {"mape", GD_REGRESSION, false},  {"deviance", GD_COUNT, false},
    {"d2", GD_COUNT, true},          {"accuracy", GD_CLASSES, true},
    {"log_loss", GD_CLASSES, false}, {"roc_auc", GD_BINARY, true},
    {"pr_auc", GD_BINARY, true},     {"precision", GD_CLASSES, true},
    {"recall", GD_CLASSES, true},    {"f1", GD_CLASSES, true},
};
const size_t gd_metric_kinds_count = sizeof gd_metric_kinds / sizeof gd_metric_kinds[0];

typedef struct list {
    gd_metric *out;
    size_t count;
} list;

static void add(list *l, const char *name, double value)
{
    l->out[l->count++] = (gd_metric){name, value};
}

/* ---- numbers and counts; z: rows responses ---- */

static void add_errors(list *l, const double *y, const double *z, size_t rows)
{
    double squares = 0, absolutes = 0, n = (double)rows;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i];
        squares += r * r;
        absolutes += fabs(r);
    }
    add(l, "mse", squares / n);
    add(l, "rmse", sqrt(squares / n));
    add(l, "mae", absolutes / n);
}

static void regression(list *l, const double *y, const double *z, size_t rows)
{
    gd_column c;
    gd_columns(y, &(gd_rows){.count = rows}, 1, &c);
    double rest = 0, total = 0, shares = 0;
    for (size_t i = 0; i < rows; i++) {
        double r = y[i] - z[i], d = y[i] - c.mean;
        rest += r * r;
        total += d * d;
        shares += y[i] == 0 ? NAN : fabs(r / y[i]);
    }
    add_errors(l, y, z, rows);
    add(l, "r2", c.min == c.max ? NAN : 1 - rest / total);
    add(l, "mape", shares / (double)rows);
}

static double deviance(double y, double mean)
{
    return 2 * ((y > 0 ? y * log(y / mean) : 0) - y + mean);
}

static void counts(list *l, const double *y, const double *z, size_t rows)
{
    gd_column c;
    gd_columns(y, &(gd_rows){.count = rows}, 1, &c);
    double rest = 0, total = 0;
    for (size_t i = 0; i < rows; i++) {
        rest += deviance(y[i], z[i]);
        total += deviance(y[i], c.mean);
    }
    add_errors(l, y, z, rows);
    add(l, "deviance", rest / (double)rows);
    add(l, "d2", c.min == c.max ? NAN : 1 - rest / total);
}

/* ---- classes ---- */

typedef struct ranked {
    double score;
    bool positive;
} ranked;

/* NaN, which a broken model may score, comes last. */
static int by_score_falling(const void *a_, const void *b_)
{
    const ranked *a = a_, *b = b_;
    if (isnan(a->score) || isnan(b->score))
        return isnan(a->score) - isnan(b->score);
    return (a->score < b->score) - (a->score > b->score);
}

/* roc_auc by the trapezoidal rule, ties taken together (Fawcett, 2006); pr_auc as average
 * precision, the sum over thresholds of precision times the gain in recall. r: sorted. */
static void add_areas(list *l, const ranked *r, size_t rows)
{
    double positives = 0, hits = 0, false_alarms = 0, roc = 0, pr = 0;
    for (size_t i = 0; i < rows; i++)
        positives += r[i].positive;
    double negatives = (double)rows - positives;
    for (size_t i = 0; i < rows;) {
        double more_hits = 0, more_alarms = 0, score = r[i].score;
        for (; i < rows && (r[i].score == score || (isnan(score) && isnan(r[i].score))); i++) {
            more_hits += r[i].positive;
            more_alarms += !r[i].positive;
        }
        roc += more_alarms * (hits + more_hits / 2);
        hits += more_hits;
        false_alarms += more_alarms;
        pr += more_hits * hits / (hits + false_alarms);
    }
    bool both = positives > 0 && negatives > 0;
    add(l, "roc_auc", both ? roc / (positives * negatives) : NAN);
    add(l, "pr_auc", positives > 0 ? pr / positives : NAN);
}

/* Of one class in a confusion matrix; 0 where a quotient has nothing in it, as in
 * scikit-learn. */
static void scores_of(const double *confusion, size_t classes, size_t k, double *precision,
                      double *recall, double *f1)
{
    double hits = confusion[k * classes + k], said = 0, were = 0;
    for (size_t j = 0; j < classes; j++) {
        said += confusion[j * classes + k];
        were += confusion[k * classes + j];
    }
    *precision = said > 0 ? hits / said : 0;
    *recall = were > 0 ? hits / were : 0;
    *f1 = said + were > 0 ? 2 * hits / (said + were) : 0;
}

static void add_scores(list *l, gd_task task, const double *confusion, size_t classes)
{
    double precision = 0, recall = 0, f1 = 0, sum[3] = {0};
    size_t first = task == GD_BINARY ? 1 : 0;
    for (size_t k = first; k < classes; k++) {
        scores_of(confusion, classes, k, &precision, &recall, &f1);
        sum[0] += precision;
        sum[1] += recall;
        sum[2] += f1;
    }
    double n = (double)(classes - first);
    add(l, "precision", sum[0] / n);
    add(l, "recall", sum[1] / n);
    add(l, "f1", sum[2] / n);
}

static double log_loss(gd_link link, size_t outputs, const double *y, const double *z, size_t rows)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double p =
            link == GD_LOGIT ? (y[i] > 0.5 ? z[i] : 1 - z[i]) : z[i * outputs + (size_t)y[i]];
        sum -= log(fmax(p, 2.220446049250313e-16)); /* as scikit-learn clips it */
    }
    return sum / (double)rows;
}

static bool classes(list *l, const gd_model *model, const gd_shape *shape, const gd_data *d,
                    const double *z, double *confusion)
{
    size_t n = d->classes;
    gd_task task = gd_shape_task(model, shape);
    gd_link link = gd_shape_link(model, shape);
    bool binary = task == GD_BINARY;
    ranked *r = binary ? calloc(d->rows, sizeof *r) : NULL;
    if (binary && !r)
        return false;
    memset(confusion, 0, n * n * sizeof *confusion);
    double right = 0;
    for (size_t i = 0; i < d->rows; i++) {
        size_t was = (size_t)d->y[i], said = gd_class_of(model, shape, z + i * shape->outputs);
        confusion[was * n + said]++;
        right += was == said;
        if (binary)
            r[i] = (ranked){z[i], was == 1};
    }
    add(l, "accuracy", right / (double)d->rows);
    if (link != GD_IDENTITY)
        add(l, "log_loss", log_loss(link, shape->outputs, d->y, z, d->rows));
    if (binary) {
        qsort(r, d->rows, sizeof *r, by_score_falling);
        add_areas(l, r, d->rows);
    }
    add_scores(l, task, confusion, n);
    free(r);
    return true;
}

/* The responses and targets of the chosen rows, moved to the front. rows: ascending. */
static void pick(const gd_rows *rows, size_t outputs, double *z, double *y)
{
    for (size_t i = 0; i < rows->count; i++) {
        size_t at = rows->first + i, from = rows->index ? rows->index[at] : at;
        y[i] = y[from];
        memmove(z + i * outputs, z + from * outputs, outputs * sizeof *z);
    }
}

gd_status gd_metrics(const gd_model *model, const gd_shape *shape, const double *theta,
                     const gd_data *data, const gd_rows *rows, gd_metric *out, size_t *count,
                     double *confusion, gd_error *err)
{
    list l = {out, 0};
    double *z = calloc(data->rows * shape->outputs, sizeof *z), *own = NULL;
    double *y = calloc(data->rows, sizeof *y);
    gd_task task = gd_shape_task(model, shape);
    bool ok = z && y;
    if (ok && (task & GD_CLASSES) && !confusion) {
        own = confusion = calloc(data->classes * data->classes, sizeof *own);
        ok = own != NULL;
    }
    ok = ok && gd_predict_data(model, shape, theta, data, z) == GD_OK;
    if (ok) {
        memcpy(y, data->y, data->rows * sizeof *y);
        pick(rows, shape->outputs, z, y);
        gd_data chosen = {
            .y = y, .rows = rows->count, .cols = data->cols, .classes = data->classes};
        if (task & GD_CLASSES)
            ok = classes(&l, model, shape, &chosen, z, confusion);
        else if (task == GD_COUNT)
            counts(&l, y, z, rows->count);
        else
            regression(&l, y, z, rows->count);
    }
    free(z);
    free(y);
    free(own);
    *count = l.count;
    return ok ? GD_OK : gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the metrics");
}
