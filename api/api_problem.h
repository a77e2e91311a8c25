/* api_problem: why a request was refused, as RFC 9457 problem details.
 *
 * A problem has a stable type, a detail that a person can act on, and for bad fields a
 * list that names each with what was expected of it.
 */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "api_limits.h"
#include "gd_error.h"

#include <stdbool.h>

/* X(enumerator, HTTP status, slug of the type, title) */
#define API_PROBLEM_LIST(X)                                                                        \
    X(API_NO_PROBLEM, 200, "", "")                                                                 \
    X(API_BAD_REQUEST, 400, "bad-request", "The request is malformed")                             \
    X(API_BAD_JSON, 400, "invalid-json", "The body is not valid JSON")                             \
    X(API_BAD_QUERY, 400, "invalid-parameter", "A query parameter is invalid")                     \
    X(API_UNAUTHORIZED, 401, "unauthorized", "A token is needed")                                  \
    X(API_FORBIDDEN, 403, "forbidden", "The token does not allow this")                            \
    X(API_NOT_FOUND, 404, "not-found", "There is nothing here")                                    \
    X(API_METHOD_NOT_ALLOWED, 405, "method-not-allowed", "The method is not allowed here")         \
    X(API_NOT_ACCEPTABLE, 406, "not-acceptable", "No representation fits the Accept header")       \
    X(API_TOO_SLOW, 408, "too-slow", "The body comes too slowly")                                  \
    X(API_CONFLICT, 409, "conflict", "The resource is in the wrong state for this")                \
    X(API_TOO_LARGE, 413, "too-large", "The body is too large")                                    \
    X(API_UNSUPPORTED_MEDIA, 415, "unsupported-media-type", "The body's type is not supported")    \
    X(API_INVALID, 422, "validation-failed", "Some fields are invalid")                            \
    X(API_DIVERGED, 422, "diverged", "The training diverged")                                      \
    X(API_QUEUE_FULL, 429, "queue-full", "Too many jobs are waiting")                              \
    X(API_QUOTA_BUSY, 429, "quota-busy", "The tenant has as much under way as it may")             \
    X(API_TOO_MANY, 429, "too-many-connections", "Too many connections from one address")          \
    X(API_INTERNAL, 500, "internal", "The server failed")                                          \
    X(API_UNAVAILABLE, 503, "unavailable", "The server can't take this now")                       \
    X(API_NO_SPACE, 507, "no-space", "The server's disk is full")                                  \
    X(API_QUOTA_FULL, 507, "quota-full", "The tenant has as much stored as it may")

typedef enum api_problem_code {
#define X(code, status, slug, title) code,
    API_PROBLEM_LIST(X)
#undef X
} api_problem_code;

typedef struct api_field_error {
    char field[96];
    char message[400];
} api_field_error;

/* Plain data; zero-initialised it is no problem. */
typedef struct api_problem {
    api_problem_code code;
    char detail[512];
    api_field_error errors[API_MAX_FIELD_ERRORS];
    size_t errors_count;
    size_t errors_more; /* further ones that had no room */
} api_problem;

/* Sets the problem, unless there is one already (the first cause is kept). Returns false,
 * so that a failing function can return it. */
bool api_problem_set(api_problem *p, api_problem_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a bad field and makes this API_INVALID unless it is a problem already. Returns false. */
bool api_problem_field(api_problem *p, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a bad query parameter: this is API_BAD_QUERY, and the detail says which and why, unless it
 * is a problem already. Returns false. */
bool api_problem_query(api_problem *p, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds what core said. Returns false. */
bool api_problem_core(api_problem *p, const gd_error *err);

/* Which known name did they mean? Adds "unknown field" with the nearest of `names`. */
bool api_problem_unknown(api_problem *p, const char *field, const char *const *names, size_t count);

/* The nearest of `names` to `word`, or NULL when none is near. */
const char *api_nearest(const char *word, const char *const *names, size_t count);

int api_problem_status(api_problem_code code);
/* "urn:descentd:problem:validation-failed" */
const char *api_problem_type(api_problem_code code);
const char *api_problem_title(api_problem_code code);

/* What is wrong, in one sentence; stands for the list of fields too. Returns buf. */
const char *api_problem_text(const api_problem *p, char *buf, size_t size);

/* The document, application/problem+json; the caller frees it. NULL when out of memory. */
char *api_problem_encode(const api_problem *p);

#endif
