/* api_doc: cJSON as it is used here, for control documents.
 *
 * Reading: a body is checked by our own strict reader first (api_json.h), because cJSON
 * accepts more than RFC 8259 does. Writing: by a writer of our own, because cJSON prints
 * doubles to within an epsilon only; here they read back exactly, and what is not finite is
 * null. A failed allocation surfaces when the document is printed: the text is NULL then.
 */
#ifndef API_DOC_H
#define API_DOC_H

#include "api_problem.h"

#include <cjson/cJSON.h>

/* The document in n bytes, which must be an object without duplicate names. The caller
 * frees it with cJSON_Delete. NULL when p says why not. */
cJSON *api_doc_parse(const char *bytes, size_t n, api_problem *p);

/* Add a member; `o` may be NULL (nothing happens: its own creation has failed). */
void api_doc_string(cJSON *o, const char *name, const char *value); /* NULL value: null */
void api_doc_number(cJSON *o, const char *name, double value);      /* not finite: null */
void api_doc_bool(cJSON *o, const char *name, bool value);
void api_doc_null(cJSON *o, const char *name);
void api_doc_numbers(cJSON *o, const char *name, const double *values, size_t n);
void api_doc_matrix(cJSON *o, const char *name, const double *values, size_t rows, size_t cols);
void api_doc_strings(cJSON *o, const char *name, const char *const *values, size_t n);
/* text: JSON that was stored; it becomes part of the document. */
void api_doc_embed(cJSON *o, const char *name, const char *text);
/* text: JSON in bulk, copied out as it is. */
void api_doc_raw(cJSON *o, const char *name, const char *text);
/* item: handed over; freed when it can't be added. */
void api_doc_item(cJSON *o, const char *name, cJSON *item);
/* A new, empty member or element, owned by its parent; NULL when out of memory. */
cJSON *api_doc_add_object(cJSON *o, const char *name);
cJSON *api_doc_add_array(cJSON *o, const char *name);
cJSON *api_doc_append_object(cJSON *array);
void api_doc_append_string(cJSON *array, const char *value);
void api_doc_append_number(cJSON *array, double value);

/* A value as JSON text on one line; the caller frees it. NULL when out of memory. */
char *api_doc_text(const cJSON *value);
/* The same, and deletes doc: for storing. */
char *api_doc_take_text(cJSON *doc);

/* Prints doc, indented for a reader at a terminal, and deletes it. The caller frees the text.
 * NULL when out of memory. */
char *api_doc_print(cJSON *doc);

#endif
