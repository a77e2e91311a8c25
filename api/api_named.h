/* api_named: the named columns of records and of their kin, while values come: what no feature or
 * target may be is remembered, and told only of columns that are wanted in the end. */
#ifndef API_NAMED_H
#define API_NAMED_H

#include "api_json.h"
#include "api_names.h"
#include "api_reader.h"

/* The first value of a column that is not of its type. */
typedef struct api_misfit {
    api_fault fault; /* API_CELL_FITS: there is none */
    api_json_type type;
    uint64_t row, line, byte;
} api_misfit;

typedef struct api_named {
    const api_read_options *options; /* borrowed */
    const api_types *types;          /* of the document; borrowed */
    api_names keys;
    api_misfit *misfits; /* a key each, as are the cells */
    api_cells *cells;
    size_t cap;
    size_t level_bytes;
} api_named;

void api_named_free(api_named *n); /* a zeroed one is fine */

/* Adds a column. Its type is the one that was given for its name; what a model does not want is
 * ignored. */
api_names_added api_named_add(api_named *n, const char *name);

/* The value of column `key` in this row, from 0; NAN where it is none or missing. False: out of
 * memory. */
bool api_named_value(api_named *n, size_t key, uint64_t row, const api_json_event *e, double *out,
                     api_problem *p);

/* Is it known to be one of numbers, so that plain ones need not pass through api_named_value? */
bool api_named_is_numeric(const api_named *n, size_t key);

enum { API_PLACE_SIZE = 96 };

/* Where a value stands, or the row itself where column is NULL, for a message. row: from 0. */
typedef void api_place_text(char place[API_PLACE_SIZE], uint64_t row, const char *column);

/* data[4811].price */
api_place_text api_place_record;
/* row 4812, column "price" */
api_place_text api_place_row;
/* columns.price[4811] */
api_place_text api_place_series;

typedef struct api_choice {
    const char *const *columns; /* the features wanted, or NULL for all but the target */
    size_t columns_count;
    const char *target; /* or NULL */
    bool labelled;
    const char *what; /* "the records" */
    api_place_text *place;
} api_choice;

/* Fills features, target, labels, kinds, stored of *out; what is wrong with fields goes to soft. False:
 * out of memory. */
bool api_named_finish(api_named *n, const api_choice *c, api_dataset *out, api_problem *soft,
                      api_problem *p);

#endif
