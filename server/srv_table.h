/* srv_table: the rows of a stored dataset as a reply needs them: some columns, in order, read from the
 * file bit by bit.
 *
 * The file is held open, so whoever deletes the dataset meanwhile does not disturb. It is read, not
 * mapped, as memory would grow by its pages; but for sparse rows, whose parts lie apart. */
#ifndef SRV_TABLE_H
#define SRV_TABLE_H

#include "api_table.h"
#include "srv_request.h"

typedef struct srv_table srv_table;

/* The dataset of the request's id, with the columns that its query asks for; it belongs to the
 * caller. NULL with the problem set. */
srv_table *srv_table_open(srv_request *rq);
void srv_table_close(srv_table *t); /* NULL is fine */

uint64_t srv_table_rows(const srv_table *t);
const char *srv_table_name(const srv_table *t); /* the dataset's */
const api_table_column *srv_table_columns(const srv_table *t, size_t *count);

/* The values of a row's columns, valid until the next call; quick when rows are asked for in order.
 * NULL with the reason in p. */
const double *srv_table_row(srv_table *t, uint64_t row, api_problem *p);

/* ---- sparse rows ---- */

typedef struct srv_entries {
    const uint32_t *columns;
    const double *values;
    const float *values32; /* in place of values, which is NULL then */
    size_t count, first_number; /* first_number: what the first column is called */
    double target;
} srv_entries;

bool srv_table_sparse(const srv_table *t);
srv_entries srv_table_entries(const srv_table *t, uint64_t row);

#endif
