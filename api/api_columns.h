/* api_columns: what a job says of a dataset's columns and rows, resolved by their names: which are
 * features, which weigh, shift or group rows, which coefficients are bounded.
 */
#ifndef API_COLUMNS_H
#define API_COLUMNS_H

#include "api_job.h"

#define API_NO_COLUMN SIZE_MAX

typedef struct api_columns {
    size_t *features; /* features_count indices into the stored columns; owned */
    size_t features_count;
    size_t weight, offset, group; /* stored columns, or API_NO_COLUMN */
} api_columns;

/* names: count stored columns. False with the fields in p; *out is empty then. */
bool api_columns_resolve(const api_job *job, const char *const *names, size_t count,
                         api_columns *out, api_problem *p);
void api_columns_free(api_columns *c);

/* The sample weights that the job itself lists: *out has rows values that the caller frees, or is
 * NULL where it lists none. */
bool api_sample_weights(const api_job *job, uint64_t rows, double **out, api_problem *p);

/* A weight for each class of `labels` (JSON array): *out has that many values that the caller
 * frees, or is NULL where the job gives no map. A class that the map does not name weighs 1. */
bool api_class_weights(const api_job *job, const char *labels, double **out, api_problem *p);

/* Bounds of the coefficients: *out has 2 cols values, all lower ones, then all upper ones, that
 * the caller frees, or is NULL where there are none. names: the cols features. */
bool api_bounds(const api_job *job, const char *const *names, size_t cols, double **out,
                api_problem *p);

/* How class 1 is decided on. */
typedef struct api_threshold {
    bool given, fixed;     /* fixed: `value` itself; else chosen on validation data */
    double value;          /* in (0, 1) */
    const char *criterion; /* name in api_threshold_criteria; static */
    double beta, target;
} api_threshold;

extern const char *const api_threshold_criteria[]; /* f_beta, precision_at_target_recall, ... */
extern const size_t api_threshold_criteria_count;

/* Reads the job's threshold. False with the fields in p. */
bool api_threshold_read(const api_job *job, api_threshold *out, api_problem *p);

#endif
