/* api_openapi: the published description of every route, field, default and error. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

/* The OpenAPI 3.1 document: api/openapi.json, with the schemas of hyperparameters filled in
 * from core's tables, the problem types from api_problem.h, and `version`. The caller frees
 * it. NULL when out of memory. */
char *api_openapi_encode(const char *version);

#endif
