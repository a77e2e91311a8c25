/* api_series: data by columns, {"radio": [37.8, 39.3], "sales": [22.1, 10.4]}: one after the other in
 * the text, and so on to the sink. */
#ifndef API_SERIES_H
#define API_SERIES_H

#include "api_named.h"

enum { API_SERIES_ROOM = 1024 };

typedef struct api_series {
    api_named named;
    api_json_bulk bulk; /* at: values of the present column so far */
    uint64_t rows;      /* of the first column */
    size_t key, most_columns;
    double room[API_SERIES_ROOM];
} api_series;

/* options and types (of the document): borrowed. */
void api_series_begin(api_series *s, const api_read_options *options, const api_types *types,
                      size_t most_columns, bool (*full)(void *, api_problem *));
void api_series_free(api_series *s);

/* An event inside the object of columns; j: where it comes from, ctx: for `full`. */
bool api_series_event(api_series *s, api_json *j, void *ctx, const api_json_event *e, size_t depth,
                      api_problem *p);

#endif
