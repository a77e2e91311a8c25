/* srv_model: a stored model, made ready to predict, to be measured and to learn on. */
#ifndef SRV_MODEL_H
#define SRV_MODEL_H

#include "api_preparation.h"
#include "gd_model.h"
#include "srv_db.h"

typedef struct srv_model {
    const gd_model *model; /* NULL: nothing is loaded */
    gd_shape shape;
    api_job job;   /* as it was trained by */
    double *theta; /* in the data's units; owned, as are the others */
    double *scaled, *center, *scale; /* as trained; NULL when features were not scaled */
    char *classes;        /* JSON array of the labels, NULL for a model of numbers */
    size_t classes_count; /* 0 for a model of numbers */
    /* Names of what a row has: the features, then the offset if there is one. Their texts belong
     * to `names`. */
    const char **columns;
    size_t columns_count;
    bool numbered; /* they are numbers from first_number on: of a model of sparse rows */
    size_t first_number;
    cJSON *names;
    /* Where its columns were prepared `columns` are what comes out, and these what goes in: again the
     * features, then the offset. Else they are the same list. Texts belong to the preparation. */
    const char **inputs;
    size_t inputs_count;
    bool prepared;
    api_preparation preparation; /* empty where they were not */
    char *target, *metrics, *validation_metrics; /* validation_metrics may be NULL */
    int64_t version; /* grows with each update */
} srv_model;

/* The model and its shape of a row of SRV_MODEL_COLUMNS; hyperparameters are read from the spec
 * that it was trained by. False with the reason in p. */
bool srv_model_shape(srv_rows *rows, const gd_model **model, gd_shape *shape, api_problem *p);

/* The stored names as a list into *names; both are freed by the caller. NULL when out of memory, or
 * when they are no names. */
const char **srv_model_names(const char *json, cJSON **names);

/* Loads the model of that id; m->model is NULL when there is none. False with the reason in p.
 * The caller frees *m with srv_model_free, after an error too. */
bool srv_model_load(srv_db *db, const char *id, srv_model *m, api_problem *p);
void srv_model_free(srv_model *m); /* a zeroed one is fine */

/* Does its rows' last column shift their scores? */
bool srv_model_has_offset(const srv_model *m);

#endif
