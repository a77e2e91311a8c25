/* schema: as much of JSON Schema 2020-12 as the OpenAPI document uses, to check replies by.
 *
 * A keyword that is not known here is an error, so nothing is checked by half. Property
 * schemas that a value was checked by are remembered: what was never seen can be told.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <cjson/cJSON.h>
#include <stdbool.h>

typedef struct schema schema;

/* root: the document that $ref points into; borrowed. */
schema *schema_new(const cJSON *root);
void schema_free(schema *c);

/* Does the value fit the schema `node`? If not, schema_why says where and why. */
bool schema_check(schema *c, const cJSON *node, const cJSON *value);
const char *schema_why(const schema *c);

/* What $ref points at, in as many steps as it takes; node itself when there is none. NULL for
 * one that leads nowhere. */
const cJSON *schema_resolve(const schema *c, const cJSON *node);

/* Was a value checked by this property's schema; one that is not null, if `not_null`? */
bool schema_seen(const schema *c, const cJSON *property, bool not_null);

/* May the value be null? */
bool schema_nullable(const schema *c, const cJSON *node);

/* Calls visit for every property below the schema `node`, wherever it lies. path: names with
 * dots between, borrowed for the call. */
typedef void schema_visit(void *ctx, const char *path, const cJSON *property);
void schema_each_property(const schema *c, const cJSON *node, const char *path, schema_visit *visit,
                          void *ctx);

#endif
