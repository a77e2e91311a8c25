/* api_numbered: names of columns that are their numbers, as those of sparse rows are: "1", "2", ...
 * In documents and in the database {"from": 1, "to": 100000} stands for them all.
 */
#ifndef API_NUMBERED_H
#define API_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>

/* The caller frees it. NULL when out of memory. */
char *api_numbered_text(size_t first, size_t count);

/* Does `columns`, stored JSON, stand for numbers? */
bool api_numbered_read(const char *columns, size_t *first, size_t *count);

/* The names, all in one piece that the caller frees. NULL when out of memory. */
const char **api_numbered_names(size_t first, size_t count);

/* Which of `count` columns, numbered from `first` on, has this name? SIZE_MAX: none. */
size_t api_numbered_find(size_t first, size_t count, const char *name);

#endif
