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

typedef struct srv_input {
    gd_data data;           /* in the units of the data; borrows from the rest */
    double *X, *y, *offset; /* owned; NULL where not needed */
    srv_sparse sparse;      /* owned: rows that came, or are copied, as entries */
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
bool srv_input_open(srv_input *in, const srv_model *m, srv_app *app, const char *dataset_id,
                    api_problem *p);

void srv_input_free(srv_input *in); /* a zeroed one is fine */

#endif
