/* srv_sample: some of a dataset's rows, evenly spread, where all of them would take too long for an
 * answer. */
#ifndef SRV_SAMPLE_H
#define SRV_SAMPLE_H

#include "api_problem.h"
#include "gd_data.h"

typedef struct srv_sample {
    gd_rows rows;
    uint32_t *index; /* owned; NULL: all rows */
} srv_sample;

/* At most `most` of so many rows, but SRV_SAMPLE_LEAST of them at least; in order. */
#define SRV_SAMPLE_LEAST ((size_t)64)
bool srv_sample_rows(srv_sample *s, size_t rows, double most, api_problem *p);
void srv_sample_free(srv_sample *s);

#endif
