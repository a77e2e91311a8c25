/* srv_prepare: columns of a job's rows made ready to be trained on: what stands for missing cells,
 * which levels there are and become columns, which products are added. All of it is found from the
 * rows trained on alone and kept with the model. Data that needs none of it is used as it lies. */
#ifndef SRV_PREPARE_H
#define SRV_PREPARE_H

#include "api_columns.h"
#include "api_preparation.h"

/* What is to be prepared; all borrowed. */
typedef struct srv_preparing {
    const api_job *job;
    const char *const *names; /* of the stored columns */
    const api_kind *kinds;  /* of the stored columns; NULL: all are numbers, and none is missing */
    const api_kind *others; /* of the dataset to validate on, a feature each, or NULL */
    const api_columns *roles;
    bool complete; /* no cell is missing, whatever the kinds say: such rows were dropped */
} srv_preparing;

/* Zeroed it is empty, and stands for columns that are used as they are. */
typedef struct srv_prepared {
    bool active; /* the model needs the preparation with further rows */
    api_preparation preparation;
    char *json,
        *columns;    /* the preparation; names of the features that come out, then the offset */
    double *X;       /* NULL: rows are used as they are */
    uint32_t *index; /* rows split by the job's validation_fraction; NULL: not here */
    double *bounds;  /* of the coefficients, as api_bounds, or NULL */
} srv_prepared;

/* Does a job need its columns prepared? */
bool srv_prepare_needed(const srv_preparing *from);

/* The preparation as far as it is known before the rows are read: with every level that is stored,
 * so that it has at least as many columns as any that is found. False with the field in p. */
bool srv_prepare_outline(const srv_preparing *from, api_preparation *out, api_problem *p);

/* Finds the preparation from the rows of *data that are trained on and makes *data what comes out;
 * a validation_fraction that is not 0 is set aside here, and is in data->index then. of_all: levels
 * are those of all rows, which another part will train on (folds). On error p says why; free *out
 * with srv_prepared_free. */
bool srv_prepare(srv_prepared *out, const srv_preparing *from, double validation_fraction,
                 bool of_all, gd_data *data, api_problem *p);

void srv_prepared_free(srv_prepared *s); /* leaves it empty */

/* Names of the features that come out of `a`, then the offset, if there is one; JSON. The caller
 * frees it; NULL when out of memory. */
char *srv_prepared_names(const api_preparation *a, const char *offset);

#endif
