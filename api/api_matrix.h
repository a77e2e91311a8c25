/* api_matrix: an array whose columns have no names, as a dataset: they are x1, x2, ..., or x, and
 * of rows for a model the model's own, in order. */
#ifndef API_MATRIX_H
#define API_MATRIX_H

#include "api_named.h"
#include "api_npy.h"

typedef struct api_matrix {
    api_npy_shape shape;
    api_named named;
    bool *wanted;      /* a flag a column */
    uint64_t *missing; /* cells of each column, counted by whoever reads them */
} api_matrix;

void api_matrix_free(api_matrix *m); /* a zeroed one is fine */

/* Names the columns of an array of this shape. False with the reason in p: they don't fit the
 * model, or there are more values than options->max_values. */
bool api_matrix_begin(api_matrix *m, const api_read_options *options, const api_npy_shape *shape,
                      api_problem *p);

/* Fills all of *out but its name, with the target among the columns if options->labelled; what is
 * wrong with fields goes to soft. False: out of memory. The caller frees *out. */
bool api_matrix_finish(api_matrix *m, const api_read_options *options, api_dataset *out,
                       api_problem *soft, api_problem *p);

/* What the columns of d are, of which so many targets are missing in an array of their own; once all
 * cells were read. False: out of memory. */
bool api_matrix_kinds(const api_matrix *m, uint64_t targets_missing, api_dataset *d, api_problem *p);

/* Which columns d has; NULL in *wanted where it has them all. */
bool api_matrix_wanted(api_matrix *m, const api_dataset *d, const bool **wanted, api_problem *p);

#endif
