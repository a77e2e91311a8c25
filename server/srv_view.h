/* srv_view: a stored dataset as a job sees it: which of its columns are features, what weighs its
 * rows, which rows validate, its targets as classes, its columns prepared. Mapped rows are used as
 * they lie where that is possible; a job that takes columns or rows apart gets a copy.
 */
#ifndef SRV_VIEW_H
#define SRV_VIEW_H

#include "api_columns.h"
#include "api_types.h"
#include "srv_cache.h"
#include "srv_classes.h"
#include "srv_prepare.h"
#include "srv_sparse.h"
#include "srv_store.h"

/* A dataset's row; all owned. */
typedef struct srv_dataset {
    char *id, *name, *target, *sha256, *tenant, *labels; /* labels: JSON, or NULL */
    char *columns;                              /* JSON array of the features' names */
    cJSON *parsed;                              /* the same, parsed: owns the names; NULL where they
                                                   are numbers, which come with the list */
    const char **names;                         /* cols of them */
    api_kind *kinds; /* of them, then of the target; NULL: all numbers, and none is missing */
    uint64_t rows, cols;
    bool sparse; /* rows are stored by their entries; names are numbers then */
} srv_dataset;

/* Reads it. False with the reason in p; a dataset that does not exist leaves d->id NULL. */
bool srv_dataset_load(srv_db *db, const char *id, srv_dataset *d, api_problem *p);
/* Is it there? If not, says so for dataset_id. */
bool srv_dataset_exists(srv_db *db, const char *id, api_problem *p);
void srv_dataset_free(srv_dataset *d); /* a zeroed one is fine */

/* How many classes its target has by its labels; 0 where it is numbers. */
size_t srv_dataset_labels(const srv_dataset *d);

typedef struct srv_view {
    gd_data data; /* what core is given; borrows from the rest */
    srv_mapped *mapped, *validation;
    srv_cache *cache;
    srv_classes classes; /* empty where the target is no class */
    api_columns roles;
    char *columns; /* JSON array: names of the features, then of the offset if there is one */
    double *X, *y, *weights, *offset, *groups, *bounds; /* owned; NULL where not needed */
    float *X32;                  /* the same, in place of X where the datasets have it so */
    srv_sparse sparse;           /* the same, of sparse datasets */
    double *kept;                /* targets of the rows that lack no cell; owned, or NULL */
    api_kind *others; /* of the dataset to validate on, a feature each; levels borrowed; or NULL */
    const double *lower, *upper; /* cols values each, or NULL */
    gd_data raw;                 /* `data` before its columns were prepared */
    srv_preparing preparing;     /* what of */
    srv_prepared prepared;       /* by all the rows that a job trains on */
} srv_view;

/* Opens the job's view of d; validation: the dataset to validate on, or NULL. All three are borrowed
 * until it is closed. On error p says why, and srv_view_close cleans up. */
bool srv_view_open(srv_view *v, srv_cache *cache, const api_job *job, const srv_dataset *d,
                   const srv_dataset *validation, api_problem *p);
void srv_view_close(srv_view *v); /* a zeroed one is fine */

/* Sets what follows from the view's data in a spec to train on it: the bounds, and that rows which
 * the view has set aside already are not to be set aside once more. */
void srv_view_spec(const srv_view *v, gd_spec *spec);

#endif
