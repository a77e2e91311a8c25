/* api_compat_private: a translation under way; for api_compat.c and api_compat_run.c. */
#ifndef API_COMPAT_PRIVATE_H
#define API_COMPAT_PRIVATE_H

#include "api_compats.h"

struct api_compat_run {
    const api_compat_estimator *estimator;
    const cJSON *given; /* borrowed */
    cJSON *defaults;    /* of the parameters that were not given */
    uint64_t rows;
    cJSON *fields, *echo;
    cJSON *translation, *notes; /* of the echo */
    api_problem *p;
};

/* "must be a finite number of at least 0, or \"auto\"", into buf. Returns buf. */
const char *api_compat_rule(const api_compat_param *p, char *buf, size_t size);

/* Does the value fit its row? If not, says so. */
bool api_compat_check(const api_compat_param *p, const cJSON *value, api_problem *problem);

#endif
