/* gd_threshold: rows sorted by falling score, one walk down. */
#include "gd_threshold.h"

#include "gd_rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct item {
    double score, positive, weight; /* positive: the weight of a row of class 1, else 0 */
} item;

const char *gd_criterion_name(gd_criterion criterion)
{
    switch (criterion) {
#define X(name, word)                                                                              \
    case name:                                                                                     \
        return word;
        GD_CRITERION_LIST(X)
#undef X
    }
    return "";
}

/* What a threshold is worth; below 0 where it misses the target. */
static double worth(gd_criterion criterion, double parameter, const gd_threshold *t)
{
    switch (criterion) {
    case GD_F_BETA:
        return t->f_beta;
    case GD_PRECISION_AT_TARGET_RECALL:
        return t->recall >= parameter ? t->precision : -1;
    case GD_RECALL_AT_TARGET_PRECISION:
        return t->precision >= parameter ? t->recall : -1;
    }
    return -1;
}

static gd_status check(gd_criterion criterion, double parameter, gd_error *err)
{
    bool good = parameter > 0 && isfinite(parameter);
    if (criterion == GD_F_BETA)
        return good ? GD_OK
                    : gd_fail(err, GD_INVALID, "beta",
                              "must be a finite number greater than 0, "
                              "got %g",
                              parameter);
    return good && parameter <= 1
               ? GD_OK
               : gd_fail(err, GD_INVALID,
                         criterion == GD_PRECISION_AT_TARGET_RECALL ? "target_recall"
                                                                    : "target_precision",
                         "must be a finite number in (0, 1], got %g", parameter);
}

/* Walks down and keeps the best in *out; false where none reaches the target. */
static bool walk(gd_threshold *out, gd_criterion criterion, double parameter, const item *items,
                 size_t n, double positives)
{
    double hits = 0, called = 0, best = -1;
    double square = criterion == GD_F_BETA ? parameter * parameter : 1;
    for (size_t i = 0; i < n && !isnan(items[i].score); i++) {
        hits += items[i].positive;
        called += items[i].weight;
        if (i + 1 < n && items[i + 1].score == items[i].score)
            continue;
        gd_threshold t = {.threshold = items[i].score,
                          .precision = hits / called,
                          .recall = hits / positives,
                          .f_beta = (1 + square) * hits / (square * positives + called)};
        t.value = worth(criterion, parameter, &t);
        if (t.value > best) {
            best = t.value;
            *out = t;
        }
    }
    return best >= 0;
}

gd_status gd_threshold_find(gd_threshold *out, gd_criterion criterion, double parameter,
                            const double *scores, const double *y, const double *weights, size_t n,
                            const gd_executor *executor, gd_error *err)
{
    gd_status status = check(criterion, parameter, err);
    if (status != GD_OK)
        return status;
    item *items = calloc(n ? n : 1, sizeof *items);
    gd_ranked *ranked = calloc(n ? n : 1, sizeof *ranked);
    double positives = 0, all = 0;
    if (!items || !ranked)
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to sort %zu scores", n);
    else
        status = gd_rank(ranked, scores, n, executor, err);
    for (size_t i = 0; status == GD_OK && i < n; i++) {
        size_t row = ranked[i].row;
        double w = weights ? weights[row] : 1;
        items[i] = (item){ranked[i].score, y[row] > 0.5 ? w : 0, w};
        positives += items[i].positive;
        all += w;
    }
    if (status != GD_OK)
        goto end;
    if (positives == 0 || positives == all)
        status = gd_fail(err, GD_INVALID, "threshold",
                         "needs rows of both classes to be chosen on, got one");
    else if (!walk(out, criterion, parameter, items, n, positives))
        status = gd_fail(err, GD_INVALID,
                         criterion == GD_PRECISION_AT_TARGET_RECALL ? "target_recall"
                                                                    : "target_precision",
                         "no threshold reaches %g on these rows: set a lower one", parameter);
end:
    free(items);
    free(ranked);
    return status;
}
