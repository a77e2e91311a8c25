/* api_statistics: what is said of a dataset's columns: written once, when they are stored, and read
 * back by a few of them, since ten thousand make megabytes. */
#ifndef API_STATISTICS_H
#define API_STATISTICS_H

#include "api_doc.h"
#include "api_text.h"
#include "api_types.h"
#include "gd_summary.h"

/* All borrowed. */
typedef struct api_column_facts {
    const char *name;
    bool target;
    const api_kind *kind; /* NULL: numbers, or class labels */
    const gd_summary *summary;
    const char *const *levels; /* the texts that its numbers stand for, NULL: they are numbers */
    const uint32_t *counts;    /* how often there is each of them */
    size_t levels_count;
} api_column_facts;

/* Levels that are shown: those that there are most often. */
enum { API_LEVELS_SHOWN = 20 };

/* Adds an element to a JSON array, which the first one opens: {"name", "role", "type", "count",
 * "missing", "levels" of a categorical feature, "min", "max", "mean", "std", "distinct", "histogram",
 * "top"}. */
void api_statistics_add(api_text *t, const api_column_facts *c);

/* Adds the elements number index[0 .. n) of `text`, the array once it was closed with "]", to
 * `list`. What data stored by an earlier version lacks is null. labelled: the target's values are
 * labels. False when out of memory. */
bool api_statistics_pick(cJSON *list, const char *text, const size_t *index, size_t n,
                         uint64_t rows, bool labelled);

#endif
