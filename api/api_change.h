/* api_change: settings of a job that are changed while it waits or runs.
 */
#ifndef API_CHANGE_H
#define API_CHANGE_H

#include "api_job.h"

typedef struct api_change {
    double learning_rate, tol; /* NaN: as it is */
    uint64_t epochs;           /* 0: as it is */
} api_change;

/* Reads {"learning_rate", "tol", "epochs"}, each by its row in the table of a job's settings, at
 * least one of them. False with every bad field in p. */
bool api_change_decode(const char *bytes, size_t n, api_change *out, api_problem *p);

/* Does it go with the job, of which `epoch` epochs have run? False with the fields in p. */
bool api_change_check(const api_change *c, const api_job *job, uint64_t epoch, api_problem *p);

/* Adds the members again, of what is changed. */
void api_change_encode(cJSON *o, const api_change *c);

#endif
