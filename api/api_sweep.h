/* api_sweep: one request for many jobs: a base job, and what is varied in it.
 *
 *     {"job": {...}, "grid": {"l2": [0, 0.1], "optimizer": ["gd", "adam"]}}
 *     {"job": {...}, "random": {"n": 20, "seed": 1, "fields": {"l2": {"distribution":
 *         "log_uniform", "low": 1e-6, "high": 1}}}}
 *     {"job": {...}, "find_learning_rate": true}
 *
 * A child is the base job with some fields set, read by the tables of any job. A field of an
 * object in the job is named with a dot: "optimizer.beta1". Which children there are follows from
 * the request alone: of a grid all combinations, the last field changing fastest; of a random
 * search child i has draw i of each field, from a stream of its own, by the seed and the field's
 * name: more children, or another field, leave the others as they are.
 *
 * With find_learning_rate each child is a learning-rate range test of its combination.
 */
#ifndef API_SWEEP_H
#define API_SWEEP_H

#include "api_job.h"
#include "api_ranking.h"
#include "gd_range_test.h"

#define API_MAX_CHILDREN 1000
#define API_MAX_TEST_EPOCHS 10000 /* of a range test: each is a point of its curve */

/* What a range test tries: as the schedule range_test has it. */
typedef struct api_range_test {
    double start, end;
    uint64_t epochs;
} api_range_test;

typedef struct api_sweep_field {
    const char *path;    /* "l2", "optimizer.beta1"; borrowed from the document, as is the next */
    const cJSON *values; /* of a grid or a choice: the array; else NULL */
    bool log, whole;     /* log_uniform; int */
    double low, high;
} api_sweep_field;

typedef struct api_sweep {
    char *name;                        /* "" when none was given */
    size_t dataset_start, dataset_end; /* where an inline dataset lies in the request */
    cJSON *doc;                        /* the request; owned */
    cJSON *base;                       /* its job, with some dataset_id; borrowed */
    api_sweep_field *fields;           /* fields_count of them; owned */
    size_t fields_count, count;        /* count: children */
    bool random, finds, skip_invalid;
    uint64_t n, seed; /* of a random search */
    api_range_test test;
    bool metric_given;
    api_metric metric;
    /* what the children admitted so far have in common */
    unsigned tasks; /* gd_task flags, each of one at least */
    size_t admitted, validated, without_log_loss;
} api_sweep;

/* Reads a request. The caller frees *out with api_sweep_free, after an error too. Every bad field
 * is named in p. Its children are not looked at. */
bool api_sweep_decode(const char *bytes, size_t n, api_sweep *out, api_problem *p);
void api_sweep_free(api_sweep *s);

/* Child i as a job, which the caller frees with api_job_free (after an error too), and
 * *settings: what is varied in it, {"l2": 0.1}, which the caller owns. Of a sweep with an inline
 * dataset the job's dataset_id means nothing. False with the job's fields in p. */
bool api_sweep_child(const api_sweep *s, size_t i, api_job *job, cJSON **settings, api_problem *p);

/* Can the child, whose job is settled, be ranked? labels: as for gd_spec_task. False with the
 * field in p. */
bool api_sweep_admit(api_sweep *s, const api_job *job, size_t labels, api_problem *p);

/* Once all children are admitted: settles the metric, where none was asked for, on mean squared
 * error, deviance, log loss or accuracy, by the task. False with the field in p. */
bool api_sweep_conclude(api_sweep *s, api_problem *p);

/* Adds what is wrong with child i to what is wrong with the sweep, each thing once. seen:
 * the same without the combinations; zero at first. */
void api_sweep_blame(const api_sweep *s, size_t i, const cJSON *settings, const api_problem *child,
                     api_problem *seen, api_problem *p);

/* What the client should know of how its children compare: an array of sentences. The caller owns
 * it. */
cJSON *api_sweep_warnings(const api_sweep *s);

/* The request as it was understood; the caller owns it. */
cJSON *api_sweep_encode_spec(const api_sweep *s, const char *dataset_id);

/* ---- the reply ---- */

/* How many children are in each state. */
typedef struct api_sweep_counts {
    uint64_t queued, running, paused, succeeded, failed, cancelled;
    uint64_t diverged; /* of those that failed */
} api_sweep_counts;

/* Strings are borrowed. */
typedef struct api_sweep_view {
    const char *id, *name, *created_at, *finished_at, *dataset_id;
    const char *metric; /* NULL: range tests */
    uint64_t children;  /* as it began */
    bool cancelled;
    api_sweep_counts counts;
} api_sweep_view;

void api_sweep_encode(cJSON *o, const api_sweep_view *v);

/* Strings are borrowed and may be NULL; numbers that are not known are NaN. */
typedef struct api_child_view {
    const char *job_id, *state, *stop_reason, *model_id;
    const char *settings; /* JSON */
    uint64_t number;      /* of the child, from 1 */
    const char *detail;   /* of its error */
    const char *metric;   /* NULL: a range test */
    double value, cost, validation_cost, seconds;
} api_child_view;

bool api_child_ended(const api_child_view *v);
void api_child_encode(cJSON *o, const api_child_view *v);

/* What a range test found, as member "learning_rate" of its child: the curve, and, of one that has
 * ended, the rate that it speaks for. */
void api_curve_encode(cJSON *child, const gd_range_point *points, size_t count, bool ended);

#endif
