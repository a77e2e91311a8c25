/* srv_input: rows for a stored model: of a request or a stored dataset, their columns found by
 * name and put in the model's order, the offset taken apart, labels as the model's classes.
 */
#ifndef SRV_INPUT_H
#define SRV_INPUT_H

#include "api_reader.h"
#include "srv_app.h"
#include "srv_model.h"
#include "srv_sparse.h"

/* Numbers in one request: what they take in memory is bounded by it. */
#define SRV_INPUT_VALUES (UINT64_C(4) << 20)
/* And with the columns that are made of them: 1 GiB. */
#define SRV_INPUT_PREPARED ((size_t)1 << 27)

typedef struct srv_input {
    gd_data data;           /* in the units of the data; borrows from the rest */
    double *X, *y, *offset; /* owned; NULL where not needed */
    srv_sparse sparse;      /* owned: rows that came, or are copied, as entries */
    const api_kind **kinds; /* while it is read: of each column of the model what the rows have; their
                               own are borrowed. NULL: numbers, none of which is missing */
    srv_cache *cache;
    srv_mapped *mapped; /* of a stored dataset whose rows are used as they lie */
} srv_input;

/* How the bytes of a request are read. */
typedef struct srv_input_options {
    const api_format *format;
    bool labelled;             /* with targets */
    const char *target;        /* their column, of records and CSV; NULL: as in training */
    const char *const *others; /* as in api_read_options */
} srv_input_options;

/* Reads n bytes. On error p says why, and srv_input_free cleans up. */
bool srv_input_read(srv_input *in, const srv_model *m, const srv_input_options *how,
                    const char *bytes, size_t n, api_problem *p);

/* Opens a stored dataset with its targets. */
bool srv_input_open(srv_input *in, const srv_model *m, srv_app *app, const char *tenant, const char *dataset_id,
                    api_problem *p);

void srv_input_free(srv_input *in); /* a zeroed one is fine */

/* ---- srv_input_prepare.c, for srv_input.c ---- */

/* What the model's columns are, to read rows for it. */
bool srv_input_types(const srv_model *m, api_types *types, api_problem *p);
/* Are the rows' columns of the model's types? All false with the field in p. */
bool srv_input_check_kinds(const srv_input *in, const srv_model *m, const char *field,
                           api_problem *p);
/* Leaves out rows that lack a feature, their offset or target; *y: rows values, or what is left of
 * them then. */
bool srv_input_drop(srv_input *in, const double **y, const char *field, api_problem *p);
/* Are targets (y may be NULL), offsets and, if asked for, features all there? */
bool srv_input_complete(const srv_input *in, const double *y, bool features, const char *field,
                        api_problem *p);
/* Rows as they came into rows as the model was trained on. */
bool srv_input_prepare(srv_input *in, const srv_model *m, const char *field, api_problem *p);

#endif
