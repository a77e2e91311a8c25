/* api_sparse: rows as JSON objects that leave out what is 0: [{"3": 1.5, "17": 2}, {}, ...]. Their
 * names are those of the columns that the options list. */
#ifndef API_SPARSE_H
#define API_SPARSE_H

#include "api_json.h"
#include "api_names.h"
#include "api_reader.h"

typedef struct api_sparse_entry {
    uint32_t column;
    double value;
} api_sparse_entry;

typedef struct api_sparse {
    const api_read_options *options;
    const api_sink *sink;
    api_names names;       /* the columns', for look-up, where they are no numbers */
    api_sparse_entry *row; /* the one at hand */
    size_t count, cap;
    uint32_t column; /* of the value that comes next */
    uint64_t rows, entries;
} api_sparse;

void api_sparse_begin(api_sparse *r, const api_read_options *options, const api_sink *sink);
void api_sparse_free(api_sparse *r); /* a zeroed one is fine */

/* An event of the member `field`, an array at depth 1. */
bool api_sparse_event(api_sparse *r, const char *field, const api_json_event *e, api_problem *p);

#endif
