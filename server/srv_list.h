/* srv_list: the listings of datasets, jobs and models: pages of documents, newest first. */
#ifndef SRV_LIST_H
#define SRV_LIST_H

#include "srv_request.h"

/* Adds the row at hand to o. */
typedef void srv_encode_row(cJSON *o, srv_rows *rows);

/* Rows that are not in the database come before it, numbered from SRV_FIRST_ROW up: adds those with
 * numbers below `before` to list, the highest first, `most` of them and no more. Returns how many there
 * are with such numbers; *last: the number of the last that was added. */
#define SRV_FIRST_ROW (UINT64_C(1) << 52) /* the database never gets there, and doubles have it */
typedef uint64_t srv_encode_first(const srv_request *rq, cJSON *list, uint64_t most,
                                  uint64_t before, uint64_t *last);

typedef struct srv_listing {
    srv_sql sql; /* one of SRV_PAGES */
    int seq;            /* column of the row's number, which pages go by */
    const char *member; /* name of the array in the reply */
    const char *filters[2]; /* values for ?3 and ?4, NULL for none */
    srv_encode_row *encode;
    srv_encode_first *first; /* NULL: all rows are in the database */
} srv_listing;

/* Answers with {"<member>": [...], "next": number or null}: what to give as `before` for the
 * page after it. */
void srv_list(srv_request *rq, const srv_listing *listing);

/* Answers with one row, found by rq->id; 404 ("no such <what>") when there is none. */
void srv_get_one(srv_request *rq, srv_sql sql, const char *what, srv_encode_row *encode);

#endif
