/* api_evaluation: how good a model is on some data: what is asked for, and the answer. */
#ifndef API_EVALUATION_H
#define API_EVALUATION_H

#include "api_doc.h"
#include "gd_metrics.h"

/* The data to measure on: exactly one of the three. */
typedef struct api_evaluation {
    char *dataset_id;                  /* or NULL; owned */
    size_t dataset_start, dataset_end; /* where an inline dataset lies in the request */
    bool on_training, on_validation;   /* what was measured when it was trained */
} api_evaluation;

/* Reads a request. The caller frees *out with api_evaluation_free, after an error too. Every bad
 * field is named in p. */
bool api_evaluation_decode(const char *bytes, size_t n, api_evaluation *out, api_problem *p);
void api_evaluation_free(api_evaluation *e);

/* All borrowed. */
typedef struct api_evaluation_view {
    const char *model_id;
    const char *on;         /* "training", "validation" or "dataset" */
    const char *dataset_id; /* NULL for inline data and what was measured in training */
    uint64_t version;       /* of the model */
    double rows;            /* NaN: not known */
    const char *cost_name;  /* NULL: leave cost and objective out */
    double cost, objective; /* the mean cost, and with the penalty; not finite: null */
    const char *metrics;    /* JSON, as api_metrics_encode made it */
    const char *classes;    /* JSON, or NULL */
} api_evaluation_view;

void api_evaluation_encode(cJSON *o, const api_evaluation_view *v);

#endif
