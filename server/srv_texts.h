/* srv_texts: lists of texts, which the database keeps as JSON. What a list should be and is not, in a
 * row that was damaged, is refused here, so that nobody behind meets a text that is none.
 */
#ifndef SRV_TEXTS_H
#define SRV_TEXTS_H

#include "api_doc.h"
#include <stdbool.h>

/* An array of strings and nothing else; the caller deletes it. NULL when `json` is not one, is NULL, or
 * out of memory. */
cJSON *srv_texts_parse(const char *json);

/* Its texts, which stay the array's; the caller frees the list. NULL when out of memory. */
const char **srv_texts_list(const cJSON *array);

#endif
