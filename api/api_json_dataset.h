/* api_json_dataset: a JSON dataset while it is read: for formats/json.c, and for api_json_matrix.c,
 * which reads its X and y. */
#ifndef API_JSON_DATASET_H
#define API_JSON_DATASET_H

#include "api_records.h"
#include "api_series.h"
#include "api_sparse.h"

/* Members of the document. */
typedef enum api_json_part {
    NAME,
    COLUMNS,
    X,
    Y,
    DATA,
    TARGET,
    DTYPE,
    TYPES,
    SPARSE_X,
    MEMBERS,
    UNKNOWN
} api_json_part;

enum { API_JSON_ROOM = 1024 };

typedef struct api_json_dataset {
    const api_read_options *options;
    const api_sink *sink;
    api_json *json;
    api_json_part at;
    size_t members, seen[MEMBERS]; /* which of the document's members each was, from 1; 0: none */
    api_problem soft; /* bad fields that don't stop the reading */
    char *name, *target;
    api_dtype dtype;
    api_names columns;
    size_t columns_at;   /* elements of "columns" so far */
    bool columns_listed; /* "columns" is an array of names */
    bool columns_given;  /* it is an object of columns */
    bool flat;
    size_t cols;
    api_json_bulk x, y; /* at: of a flat X its rows, of y its targets */
    api_types types;
    char *typed;        /* the name whose type comes next */
    api_cells *x_cells; /* of the columns of X; x_cells_count of them */
    size_t x_cells_count, x_cells_cap, level_bytes;
    bool x_told; /* the sink knows which columns of X are texts */
    api_cells y_cells;
    api_records records;
    api_series series;
    api_sparse sparse;
    uint64_t values; /* handed on to the sink */
    double x_room[API_JSON_ROOM], y_room[API_JSON_ROOM];
} api_json_dataset;

/* Hands on to the sink what is held; ctx: the api_json_dataset. */
bool api_json_full(void *ctx, api_problem *p);

/* An event inside X or y. */
bool api_json_read_x(api_json_dataset *r, const api_json_event *e, api_problem *p);
bool api_json_read_y(api_json_dataset *r, const api_json_event *e, api_problem *p);

/* The target's name, of X and y. */
const char *api_json_target(const api_json_dataset *r);

/* Fills *out by X and y; what is wrong with fields goes to r->soft. False: out of memory, or the
 * problem in p. */
bool api_json_matrix(api_json_dataset *r, api_dataset *out, api_problem *p);

#endif
