/* api_names: an ordered list of distinct names with fast look-up, for column headers. */
#ifndef API_NAMES_H
#define API_NAMES_H

#include "api_problem.h"

#include <stdint.h>

typedef struct api_names {
    char **list;    /* in the order added; owned */
    size_t *sorted; /* indices into list, by name: look-up can't be slowed by chosen names */
    uint32_t *recent; /* indices into list that were found of late, by a sum of the name's bytes */
    size_t count, cap;
} api_names;

typedef enum api_names_added {
    API_NAMES_NEW,
    API_NAMES_TWICE,
    API_NAMES_NO_MEMORY
} api_names_added;

/* Copies the name in, unless it is there already. */
api_names_added api_names_add(api_names *names, const char *name);

/* Copies all of a list in, whose names differ, into an empty *names: quicker than one by one. False:
 * out of memory; *names is to be freed then too. */
bool api_names_fill(api_names *names, const char *const *list, size_t count);

/* Its index, or SIZE_MAX. */
size_t api_names_find(const api_names *names, const char *name);

/* The code of a class label, which is added when it is new; SIZE_MAX with the problem set
 * when there are too many, or it is not fit to be stored. */
size_t api_names_label(api_names *names, const char *label, const char *field, api_problem *p);

/* Hands the list to the caller and leaves *names empty. */
char **api_names_take(api_names *names, size_t *count);

void api_names_free(api_names *names); /* leaves it empty */

/* Is this fit to be stored and shown: 1 to API_MAX_NAME bytes, no control characters? If
 * not, says so for `field`. */
bool api_name_check(const char *name, const char *field, api_problem *p);

#endif
