/* api_ranking: which of several jobs is best, by a metric of one's choice.
 *
 * A metric is "cost", or one of gd_metric_kinds; on the rows trained on, or after "validation_" on
 * those validated on.
 */
#ifndef API_RANKING_H
#define API_RANKING_H

#include "api_problem.h"
#include "gd_metrics.h"

#define API_METRIC_SIZE 32

typedef struct api_metric {
    char text[API_METRIC_SIZE]; /* as asked for: "validation_r2" */
    const char *name;           /* without the prefix: "r2" */
    const gd_metric_kind *kind; /* NULL: the cost */
    bool validation;
} api_metric;

/* Finds it. False, with the known ones in p for `field`, when there is none of that name. */
bool api_metric_find(const char *text, const char *field, api_metric *out, api_problem *p);

/* Is a larger value better? */
bool api_metric_higher(const api_metric *m);

typedef struct api_ranked {
    double value; /* NaN: there is none */
    bool ended;
    size_t number; /* of the job, for order among equals */
    size_t rank;   /* written: from 1, the same for equals; 0 for a job that has not ended */
    void *of;      /* the caller's own */
} api_ranked;

/* Ranks and sorts them: the best first; then those that ended without a value, who share the rank
 * after the last; then those that have not ended. */
void api_rank(api_ranked *list, size_t count, bool higher);

#endif
