/* srv_plan: how a job is made of runs of training, its parts.
 *
 *     single   one run
 *     folds    cross-validation: a run a fold, then one on all rows, whose model is the job's
 *     path     a run a penalty, from the largest down, each begun where the one before ended;
 *              with validation one more at the penalty that validated best
 *     groups   a run and a model for each value of a column
 *
 * What a part trains on and how follows from the job, its data and the results of earlier parts
 * alone, so that a job goes on with the same parts after a restart.
 */
#ifndef SRV_PLAN_H
#define SRV_PLAN_H

#include "srv_view.h"

typedef enum srv_plan_kind { SRV_SINGLE, SRV_FOLDS, SRV_PATH, SRV_GROUPS } srv_plan_kind;

/* What is known of a part that has ended; owned by the plan. */
typedef struct srv_part {
    char *result;  /* JSON, as shown */
    double *theta; /* len values: the parameters in the data's units */
    size_t len;
} srv_part;

typedef struct srv_plan {
    srv_plan_kind kind;
    size_t parts;
    srv_part *ended; /* ended_count of them, in order */
    size_t ended_count;
    double *penalties; /* of a path, falling */
    size_t penalties_count;
    double *groups; /* the distinct values of the column, rising */
    /* of the part at hand: rows taken out of the view */
    uint32_t *index;
    gd_data taken;
    double *X, *y, *weights, *offset;
    float *X32; /* in place of X */
    srv_prepared prepared; /* its columns; of a part on all rows they are the view's */
} srv_plan;

#define SRV_MAX_GROUPS ((size_t)1000)

/* Makes the plan; on error p says why, and srv_plan_free cleans up. */
bool srv_plan_make(srv_plan *plan, const api_job *job, const srv_view *view, api_problem *p);
void srv_plan_free(srv_plan *plan); /* a zeroed one is fine */

/* What part `part` trains on, how, and where it begins (*initial: borrowed, or NULL for the job's
 * own). The data is valid until the next call. */
bool srv_plan_part(srv_plan *plan, size_t part, const api_job *job, const srv_view *view,
                   gd_data *data, gd_spec *spec, const double **initial, api_problem *p);

/* Does a part's model become one that is kept? */
bool srv_plan_keeps_model(const srv_plan *plan, size_t part);

/* Keeps what came of the next part; both are handed over. False when out of memory. */
bool srv_plan_ended(srv_plan *plan, char *result, double *theta, size_t len);

/* The id of the first model that a part has given, into id; "" while there is none. */
void srv_plan_first_model(const srv_plan *plan, char *id, size_t size);

/* How the columns of the part at hand were prepared; not active where they are as they were. */
const srv_prepared *srv_plan_prepared(const srv_plan *plan, const srv_view *view);

/* Adds what a part is about ("fold": 1, "l2": 0.1, "group": 3) to its result. */
void srv_plan_describe(const srv_plan *plan, size_t part, const api_job *job, const srv_view *view,
                       cJSON *o);
/* Of groups: the value of the part's, a text where the column is one of texts. */
void srv_plan_describe_group(const srv_plan *plan, size_t part, const srv_view *view, cJSON *o);

#endif
