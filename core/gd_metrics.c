/* gd_metrics: responses (gd_predict.c), then sums over them by blocks of rows, which are added up
 * in a fixed tree. */
#include "gd_metrics.h"

#include "gd_areas.h"
#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- passes over responses ---- */

enum { SUMS = 8 };

/* What is added up, of rows that lie one after the other. */
typedef struct scored {
    const gd_model *model;
    const gd_shape *shape;
    const gd_executor *executor;
    size_t rows, classes;
    double *z, *y;  /* responses: rows x outputs; targets */
    uint32_t *said; /* rows: the class that each was taken for */
    double mean;    /* of the targets */
    void (*visit)(const struct scored *s, size_t first, size_t n, double *sums);
    double *sums;  /* SUMS a block */
    bool *skipped; /* a slot */
} scored;

static void visit_block(void *arg, size_t block, size_t slot)
{
    const scored *s = arg;
    const gd_executor *e = s->executor;
    size_t first = block * GD_BLOCK_ROWS, left = s->rows - first;
    if (s->skipped[slot] || (e->interrupted && e->interrupted(e->ctx))) {
        s->skipped[slot] = true;
        return;
    }
    memset(s->sums + block * SUMS, 0, SUMS * sizeof *s->sums);
    s->visit(s, first, left < GD_BLOCK_ROWS ? left : GD_BLOCK_ROWS, s->sums + block * SUMS);
}

static gd_status sum_up(scored *s, void (*visit)(const scored *, size_t, size_t, double *))
{
    size_t blocks = (s->rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    s->visit = visit;
    if (blocks == 1)
        visit_block(s, 0, 0);
    else
        s->executor->run(s->executor->ctx, visit_block, s, blocks);
    for (size_t i = 0; i < s->executor->slots; i++)
        if (s->skipped[i])
            return GD_INTERRUPTED;
    gd_sum_tree(s->sums, blocks, SUMS);
    return GD_OK;
}

/* ---- numbers and counts ---- */

enum { SQUARES, ABSOLUTES, TOTAL, SHARES, DEVIANCE, NO_MODEL };

static void visit_errors(const scored *s, size_t first, size_t n, double *sums)
{
    for (size_t i = first; i < first + n; i++) {
        double y = s->y[i], r = y - s->z[i], d = y - s->mean;
        sums[SQUARES] += r * r;
        sums[ABSOLUTES] += fabs(r);
        sums[TOTAL] += d * d;
        sums[SHARES] += y == 0 ? NAN : fabs(r / y);
    }
}

static double deviance(double y, double mean)
{
    return 2 * ((y > 0 ? y * log(y / mean) : 0) - y + mean);
}

static void visit_counts(const scored *s, size_t first, size_t n, double *sums)
{
    visit_errors(s, first, n, sums);
    for (size_t i = first; i < first + n; i++) {
        sums[DEVIANCE] += deviance(s->y[i], s->z[i]);
        sums[NO_MODEL] += deviance(s->y[i], s->mean);
    }
}

static gd_status numbers(list *l, scored *s, bool counts, gd_error *err)
{
    gd_column c;
    double n = (double)s->rows;
    gd_status status = gd_columns_by(s->executor, &(gd_data){.X = s->y, .cols = 1},
                                     &(gd_rows){.count = s->rows}, &c, err);
    if (status != GD_OK)
        return status;
    s->mean = c.mean;
    status = sum_up(s, counts ? visit_counts : visit_errors);
    if (status != GD_OK)
        return status;
    bool constant = c.min == c.max;
    add(l, "mse", s->sums[SQUARES] / n);
    add(l, "rmse", sqrt(s->sums[SQUARES] / n));
    add(l, "mae", s->sums[ABSOLUTES] / n);
    if (counts) {
        add(l, "deviance", s->sums[DEVIANCE] / n);
        add(l, "d2", constant ? NAN : 1 - s->sums[DEVIANCE] / s->sums[NO_MODEL]);
    } else {
        add(l, "r2", constant ? NAN : 1 - s->sums[SQUARES] / s->sums[TOTAL]);
        add(l, "mape", s->sums[SHARES] / n);
    }
    return GD_OK;
}

/* ---- classes ---- */

static gd_status rank(list *l, const scored *s, gd_error *err)
{
    gd_areas areas = {NAN, NAN};
    gd_status status = gd_areas_find(&areas, s->z, s->y, s->rows, s->executor, err);
    add(l, "roc_auc", areas.roc);
    add(l, "pr_auc", areas.pr);
    return status;
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

enum { RIGHT, LOG_LOSS, CONFUSION };

#define LEAST_PROBABILITY 2.220446049250313e-16 /* as scikit-learn clips it */

/* Two classes by one score: what they are taken for is known without a look at the model a row, and
 * the logarithms are of many rows at once. */
static void visit_two(const scored *s, size_t first, size_t n, double *sums)
{
    enum { SOME = 256 };
    bool logs = gd_shape_link(s->model, s->shape) == GD_LOGIT;
    const gd_kernels *kernels = gd_kernels_of(s->executor);
    double cut = gd_cut_of(s->model, s->shape);
    for (size_t at = first; at < first + n; at += SOME) {
        size_t some = first + n - at < SOME ? first + n - at : SOME;
        const double *z = s->z + at, *y = s->y + at;
        double p[SOME], counts[4] = {0};
        for (size_t i = 0; i < some; i++) {
            size_t was = y[i] > 0.5, said = s->shape->decided ? z[i] >= cut : z[i] > cut;
            counts[2 * was + said]++;
            p[i] = fmax(was ? z[i] : 1 - z[i], LEAST_PROBABILITY);
        }
        for (size_t k = 0; k < 4; k++)
            sums[CONFUSION + k] += counts[k];
        sums[RIGHT] += counts[0] + counts[3];
        if (logs)
            kernels->log(p, p, some);
        for (size_t i = 0; logs && i < some; i++)
            sums[LOG_LOSS] -= p[i];
    }
}

static void visit_classes(const scored *s, size_t first, size_t n, double *sums)
{
    size_t outputs = s->shape->outputs;
    gd_link link = gd_shape_link(s->model, s->shape);
    for (size_t i = first; i < first + n; i++) {
        const double *z = s->z + i * outputs;
        size_t was = (size_t)s->y[i], said = gd_class_of(s->model, s->shape, z);
        s->said[i] = (uint32_t)said;
        sums[RIGHT] += was == said;
        if (link == GD_IDENTITY)
            continue;
        double p = link == GD_LOGIT ? (s->y[i] > 0.5 ? *z : 1 - *z) : z[was];
        sums[LOG_LOSS] -= log(fmax(p, LEAST_PROBABILITY));
    }
}

static gd_status classes(list *l, scored *s, double *confusion, gd_error *err)
{
    size_t n = s->classes;
    gd_task task = gd_shape_task(s->model, s->shape);
    bool two = task == GD_BINARY && n == 2 && s->shape->outputs == 1;
    gd_status status = sum_up(s, two ? visit_two : visit_classes);
    if (status != GD_OK)
        return status;
    memset(confusion, 0, n * n * sizeof *confusion);
    for (size_t k = 0; two && k < 4; k++)
        confusion[k] = s->sums[CONFUSION + k];
    for (size_t i = 0; !two && i < s->rows; i++)
        confusion[(size_t)s->y[i] * n + s->said[i]]++;
    add(l, "accuracy", s->sums[RIGHT] / (double)s->rows);
    if (gd_shape_link(s->model, s->shape) != GD_IDENTITY)
        add(l, "log_loss", s->sums[LOG_LOSS] / (double)s->rows);
    if (task == GD_BINARY)
        status = rank(l, s, err);
    if (status == GD_OK)
        add_scores(l, task, confusion, n);
    return status;
}

/* ---- the whole ---- */

static bool allocate(scored *s)
{
    size_t blocks = (s->rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    s->z = malloc(s->rows * s->shape->outputs * sizeof *s->z);
    s->y = malloc(s->rows * sizeof *s->y);
    s->said = s->classes > 0 ? malloc(s->rows * sizeof *s->said) : NULL;
    s->sums = malloc(blocks * SUMS * sizeof *s->sums);
    s->skipped = calloc(s->executor->slots, sizeof *s->skipped);
    return s->z && s->y && (s->said || s->classes == 0) && s->sums && s->skipped;
}

static void free_scored(scored *s)
{
    free(s->z);
    free(s->y);
    free(s->said);
    free(s->sums);
    free(s->skipped);
}

gd_status gd_metrics(const gd_model *model, const gd_shape *shape, const double *theta,
                     const gd_data *data, const gd_rows *rows, const gd_executor *executor,
                     gd_metric *out, size_t *count, double *confusion, gd_error *err)
{
    list l = {out, 0};
    gd_task task = gd_shape_task(model, shape);
    scored s = {.model = model,
                .shape = shape,
                .executor = executor ? executor : &gd_executor_serial,
                .rows = rows->count,
                .classes = task & GD_CLASSES ? data->classes : 0};
    double *own = NULL;
    bool ok = allocate(&s);
    if (ok && s.classes > 0 && !confusion) {
        own = confusion = calloc(s.classes * s.classes, sizeof *own);
        ok = own != NULL;
    }
    gd_status status = GD_NO_MEMORY;
    if (ok)
        status = gd_predict_rows(model, shape, theta, data, rows, s.executor, s.z, s.y);
    if (status == GD_OK)
        status = s.classes > 0 ? classes(&l, &s, confusion, err)
                               : numbers(&l, &s, task == GD_COUNT, err);
    free_scored(&s);
    free(own);
    *count = l.count;
    if (status == GD_NO_MEMORY)
        gd_fail(err, status, "", "not enough memory for the metrics");
    else if (status == GD_INTERRUPTED)
        gd_fail(err, status, "", "broken off");
    return status;
}
