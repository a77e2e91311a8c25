/* api_records: rows as JSON objects, {"radio": 37.8, "sales": 22.1}: members of a JSON document, or
 * lines of their own. The first one names the columns; all have the same, in any order. */
#ifndef API_RECORDS_H
#define API_RECORDS_H

#include "api_named.h"

typedef struct api_records {
    api_named named;
    api_json_bulk bulk; /* n: values on their way to the sink; rows: whole records; at: members of
                           the present one so far, while they come in the usual order */
    api_place_text *place;
    size_t most_columns;
    api_json_key *keys; /* of the bulk reader; they point into key_text */
    api_json_key *spelled; /* the same of all columns: those that are not numbers have no key above */
    char *key_text;
    double *first;    /* the first record, which tells how many columns there are */
    uint64_t *filled; /* the record (from 1) that last had this key, of paused ones */
    size_t cap;       /* of first and filled */
    size_t key;       /* of the value that comes next */
    size_t count;     /* members of the present record, if it is paused */
    size_t split;     /* the target, which goes to the sink apart; SIZE_MAX: none does */
    bool handed_on;   /* some record was: split is settled */
    bool told;        /* the sink knows which columns are texts */
    double *targets;  /* room for those of the records that are held */
} api_records;

/* options and types (of the document): borrowed. */
void api_records_begin(api_records *r, const api_read_options *options, const api_types *types,
                       api_place_text *place, size_t most_columns,
                       bool (*full)(void *ctx, api_problem *p));
void api_records_free(api_records *r); /* a zeroed one is fine */

/* An event at or below the depth of the records, which is `depth`. ctx: for `full`. */
bool api_records_event(api_records *r, void *ctx, const api_json_event *e, size_t depth,
                       api_problem *p);

/* Hands the whole records that are held on. target: which column is to go apart, if it is known for
 * good by the first of them; or NULL. False with the reason in p. */
bool api_records_hand_on(api_records *r, const api_sink *sink, const char *target, api_problem *p);

/* Makes out, which is of the records as they came, one of the rows that were handed on. */
void api_records_settle(const api_records *r, api_dataset *out);

#endif
