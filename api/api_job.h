/* api_job: what a client asks to be trained, and what it is told of it. */
#ifndef API_JOB_H
#define API_JOB_H

#include "api_doc.h"
#include "api_text.h"
#include "gd_spec.h"

#include <stdint.h>

/* ---- the request ---- */

#define API_NO_LIMIT 0   /* max_seconds */
#define API_ALL_POINTS 0 /* history_points: record every epoch */

typedef struct api_job {
    char *name;                        /* "" when none was given */
    char *dataset_id;                  /* NULL when the dataset is inline */
    size_t dataset_start, dataset_end; /* where the inline dataset lies in the request */
    gd_spec spec;
    bool cost_given;         /* the cost is the client's choice, not the model's default */
    double max_seconds;      /* training time, or API_NO_LIMIT */
    uint64_t history_points; /* points kept of the history, or API_ALL_POINTS */
    uint64_t cross_validation;  /* folds, or API_NO_FOLDS */
    uint64_t path_points;       /* penalties on a path */
    uint64_t record_parameters; /* keep them at every so many recorded points, or API_NO_RECORD */
    double confidence_level;    /* of the intervals */
    uint64_t missing;           /* api_missing */
    bool missing_indicator;     /* a column tells where cells were missing */
    uint64_t unknown_levels;    /* API_UNKNOWN_ERROR or API_UNKNOWN_IGNORE */
    /* Owned; NULL when not given. In the form of JSON where they are not names. */
    char *initial;               /* initial_parameters */
    char *start_from;            /* id of a model */
    char *validation_dataset_id; /* rows to validate on */
    char *weight_column, *sample_weight; /* a column's name, or an array */
    char *class_weight;                  /* a map; "balanced" is in the spec */
    char *offset, *group_by;             /* names of columns */
    char *bounds;                        /* {"column": [low or null, high or null]} */
    char *threshold;                     /* a number or an object, see api_threshold_read */
    char *reference_level;               /* true, or {"column": "level"} */
    char *features;                      /* {"polynomial": 2, "interactions_only": false} */
    char *compat;                        /* how another library's settings were translated */
    char *foreign; /* the request, while its compat is not translated: see api_job_translate */
} api_job;

/* What becomes of missing cells. */
typedef enum api_missing {
    API_MISSING_ERROR,
    API_MISSING_DROP, /* the rows that have any */
    API_MISSING_MEAN,
    API_MISSING_MEDIAN,
    API_MISSING_MOST_FREQUENT
} api_missing;

enum { API_UNKNOWN_ERROR, API_UNKNOWN_IGNORE };

#define API_NO_FOLDS 0
#define API_NO_RECORD 0

/* The rows of the scalar members above (beside those of gd_spec). */
extern const gd_param api_job_params[];
extern const size_t api_job_params_count;

/* The other members of a job: names, arrays, objects. One more is one more row. */
typedef struct api_job_member {
    const char *name;
    const char *help; /* one line */
    /* Reads the value; false with the field in p. NULL: read elsewhere. */
    bool (*decode)(api_job *job, const cJSON *value, api_problem *p);
    /* Adds it to a spec, if it was given; NULL: it is no part of one. */
    void (*encode)(cJSON *o, const api_job *job);
} api_job_member;

extern const api_job_member api_job_members[];
extern const size_t api_job_members_count;

/* Do these settings fit together, apart from the data? For api_job_decode. */
void api_job_check(const api_job *job, api_problem *p);

/* Are there not too many parameters to keep on the way of so many epochs (record_parameters)?
 * params: of the model. False with the field in p. */
bool api_job_check_recorded(const api_job *job, uint64_t epochs, size_t params, api_problem *p);

/* Is any l1 or l2 a path? */
bool api_job_is_path(const api_job *job);

/* Reads a request, or the stored form that api_job_encode_spec made. The caller frees *out
 * with api_job_free, after an error too. Every bad field is named in p. */
bool api_job_decode(const char *bytes, size_t n, api_job *out, api_problem *p);
void api_job_free(api_job *job);

/* Reads the rest of a request in the names of another library (job->foreign), now that its data
 * is known to have so many rows; others are left as they are. False with the fields in p. */
bool api_job_translate(api_job *job, uint64_t rows, api_problem *p);

/* The initial parameters for data of `cols` features and (where y is a class) classes:
 * params_len values that the caller frees, or NULL when the job gives none. With classes 0 those
 * of a model with an output for each class are left alone. False with the fields in p when they
 * don't fit. */
bool api_job_initial(const api_job *job, size_t cols, size_t classes, double **out, api_problem *p);

/* The whole spec, defaults resolved, as a JSON object; the caller owns it. */
cJSON *api_job_encode_spec(const api_job *job, const char *dataset_id);

/* ---- the reply ---- */

/* Strings are borrowed and may be NULL; numbers that are not known are NaN. */
typedef struct api_job_view {
    const char *id, *name, *dataset_id, *state, *stop_reason, *model_id, *sweep_id;
    uint64_t epoch, epochs; /* over all parts; of one, at most */
    uint64_t part, parts;
    double cost, validation_cost, gradient_norm, learning_rate, max_stable_learning_rate, seconds;
    bool finite; /* false: cost was no longer a number */
    const char *created_at, *started_at, *finished_at;
    const char *spec, *error, *advice, *certificate, *objective; /* JSON, as stored */
    const char *note;    /* a sentence on what befell it; NULL: nothing did */
    const char *changes; /* JSON array: of settings, on its way; NULL: none */
    const char *epochs_by; /* gd_train_epochs_by; NULL until it is known */
    const char *replay_of;        /* id of a job; NULL: it is no replay */
    const char *proof, *expected; /* JSON, as stored: its own, and of the job that it replays */
    const char *results; /* JSON array: what came of the parts that have ended; NULL: of none */
} api_job_view;

/* The job as a document; `brief` leaves out what fills a terminal (spec, advice, error). */
void api_job_encode(cJSON *o, const api_job_view *v, bool brief);

typedef struct api_point {
    uint64_t epoch; /* counted over all parts of a job */
    double cost, validation_cost, gradient_norm, learning_rate, seconds; /* not finite: null */
    uint64_t part; /* which part of the job it is of, from 0 */
} api_point;

/* One point after the other; `first` for the first of a list; with `parts` its part is named. */
void api_point_json(api_text *t, const api_point *point, bool parts, bool first);
extern const char api_point_csv_header[];
void api_point_csv(api_text *t, const api_point *point);

/* Parameters by the model's own names: coefficients, intercept; m and b for a line. */
void api_parameters_encode(cJSON *o, const gd_model *model, const gd_shape *shape,
                           const double *theta);

/* The error member of a job that the server failed to run. The caller owns it. */
cJSON *api_failure_encode(const api_problem *p);

/* The error member of a job that diverged. theta: the last finite parameters, in the data's
 * units, as of `epoch`. The caller owns it. */
cJSON *api_diverged_encode(const gd_error *err, uint64_t epoch, double max_stable_rate,
                           double safe_rate, const gd_model *model, const gd_shape *shape,
                           const double *theta, uint64_t theta_epoch);

#endif
