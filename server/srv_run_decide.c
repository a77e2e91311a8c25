/* srv_run_decide: from which probability (or score) on a row is of the second class, where the job
 * says so: a number, or what does best on the rows that are validated on. */
#include "srv_run.h"

#include "api_columns.h"
#include "api_proof.h"
#include "gd_metrics.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 }; /* rows that are gathered at a time */

/* The responses and classes of some rows, one after the other. */
static bool respond(const srv_run *w, const double *theta, const gd_shape *shape,
                    const gd_rows *rows, double *scores, double *y)
{
    const gd_data *d = &w->data;
    size_t cols = shape->cols;
    double *X = malloc(CHUNK * cols * sizeof *X), offset[CHUNK];
    bool ok = X != NULL;
    for (size_t at = 0; ok && at < rows->count; at += CHUNK) {
        size_t n = rows->count - at < CHUNK ? rows->count - at : CHUNK;
        for (size_t i = 0; i < n; i++) {
            size_t place = rows->first + at + i, row = rows->index ? rows->index[place] : place;
            for (size_t j = 0; j < cols; j++)
                X[i * cols + j] = gd_data_at(d, row, j);
            offset[i] = d->offset ? d->offset[row] : 0;
            y[at + i] = d->y[row];
        }
        ok = gd_predict_offset(w->job.spec.model, shape, theta, X, d->offset ? offset : NULL, n,
                               scores + at) == GD_OK;
    }
    free(X);
    return ok;
}

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
    double *scores = malloc(2 * rows->count * sizeof *scores), *y = scores + rows->count;
    gd_status status = GD_NO_MEMORY;
    if (scores && respond(w, theta, shape, rows, scores, y))
        status = gd_threshold_find(&best, criterion, parameter, scores, y, NULL, rows->count, &err);
    free(scores);
    if (status == GD_NO_MEMORY)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the threshold");
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
