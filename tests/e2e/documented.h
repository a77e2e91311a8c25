/* documented: a server beside the OpenAPI document that it gives out, and how parts of the document
 * are found. Replies are checked by schema.c. */
#ifndef DOCUMENTED_H
#define DOCUMENTED_H

#include "e2e.h"
#include "schema.h"

#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

extern e2e_server *server; /* the one that is asked */
extern const cJSON *api;   /* the document */
extern schema *checker;    /* of the document; remembers what it has seen */

/* Runs the case, each test with a server of its own: of the usual options, or of few jobs and small
 * bodies. Returns the exit code. */
int run_documented(TCase *tc);
int run_documented_small(TCase *tc);

/* A member by name, $ref followed; NULL when there is none. Unlike e2e_at it takes names with
 * slashes and dots. */
const cJSON *member(const cJSON *o, const char *name);
const cJSON *schema_of(const char *name);

/* The operation, by method as in HTTP and path with {id}; NULL when there is none. */
const cJSON *operation(const char *method, const char *path);
/* Is this member of a path an operation? */
bool is_method(const char *name);

/* The reply has the headers that this response is to have. */
void check_headers(const e2e_reply *r, const cJSON *response);

/* A dataset of one exact line, and a model of it. */
void train_line(char dataset_id[32], char model_id[32]);

#endif
