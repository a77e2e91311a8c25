/* srv_run_decide: from which probability (or score) on a row is of the second class, where the job
 * says so: a number, or what does best on the rows that are validated on. */
#include "srv_run.h"

#include "api_columns.h"
#include "api_proof.h"
#include "gd_metrics.h"

#include <stdlib.h>

static gd_criterion criterion_of(const api_threshold *t)
{
    size_t k = 0;
    while (t->criterion != api_threshold_criteria[k])
        k++;
    return (gd_criterion)k;
}

/* A target that no threshold reaches is no reason to lose the model: it is said instead. */
static bool choose(const srv_run *w, const api_threshold *t, const double *theta, gd_shape *shape,
                   const gd_rows *rows, cJSON *said, api_problem *p)
{
    gd_error err = {0};
    gd_threshold best;
    gd_criterion criterion = criterion_of(t);
    double parameter = criterion == GD_F_BETA ? t->beta : t->target;
    double *scores = malloc(2 * rows->count * sizeof *scores);
    double *y = scores ? scores + rows->count : NULL;
    gd_status status = GD_NO_MEMORY;
    if (scores)
        status =
            gd_predict_rows(w->job.spec.model, shape, theta, &w->data, rows, &w->ending, scores, y);
    if (status == GD_OK)
        status = gd_threshold_find(&best, criterion, parameter, scores, y, NULL, rows->count,
                                   &w->ending, &err);
    free(scores);
    if (status == GD_NO_MEMORY)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the threshold");
    if (status == GD_INTERRUPTED)
        return api_problem_set(p, API_UNAVAILABLE, "broken off");
    if (status != GD_OK) {
        api_doc_null(said, "threshold");
        api_doc_string(said, "criterion", gd_criterion_name(criterion));
        api_doc_string(said, "reason", err.message);
        return true;
    }
    shape->decided = true;
    shape->threshold = best.threshold;
    api_threshold_encode(said, &best, criterion, parameter);
    return true;
}

bool srv_run_decide(const srv_run *w, const double *theta, gd_shape *shape, cJSON **said,
                    api_problem *p)
{
    api_threshold t;
    gd_rows aside;
    *said = NULL;
    if (!api_threshold_read(&w->job, &t, p))
        return false;
    if (!t.given || gd_shape_task(w->job.spec.model, shape) != GD_BINARY)
        return true;
    *said = cJSON_CreateObject();
    if (t.fixed) {
        shape->decided = true;
        shape->threshold = t.value;
        api_doc_number(*said, "threshold", t.value);
        return true;
    }
    return !gd_train_validation_rows(w->train, &aside) ||
           choose(w, &t, theta, shape, &aside, *said, p);
}
