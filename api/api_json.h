/* api_json: an incremental JSON reader, strict by RFC 8259.
 *
 * Bytes are fed in pieces of any size and events come out; no tree is built, so memory
 * does not grow with the document. Bulk data goes through it, and every control document
 * before cJSON sees it. Strings come out decoded; numbers correctly rounded.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include "api_problem.h"

#include <stdint.h>

typedef enum api_json_type {
    API_JSON_OBJECT_BEGIN,
    API_JSON_OBJECT_END,
    API_JSON_ARRAY_BEGIN,
    API_JSON_ARRAY_END,
    API_JSON_KEY,
    API_JSON_STRING,
    API_JSON_NUMBER,
    API_JSON_TRUE,
    API_JSON_FALSE,
    API_JSON_NULL
} api_json_type;

/* "an object", "a string", "null", ... */
const char *api_json_type_name(api_json_type type);

typedef struct api_json_event {
    api_json_type type;
    size_t depth;     /* open objects and arrays around it: 0 for the document itself */
    const char *text; /* key, string: decoded, NUL-terminated, without NUL inside; number:
                         as written, not terminated. Valid during the call. */
    size_t len;
    double number;       /* of a number; not written when it overflows */
    bool overflow;       /* the number is beyond the range of double */
    uint64_t start, end; /* byte offsets of the token in the document */
    uint64_t line;       /* from 1 */
} api_json_event;

/* Returns false to stop reading, with the reason in p. */
typedef bool api_json_handler(void *ctx, const api_json_event *e, api_problem *p);

typedef struct api_json api_json;

/* ctx: handed to the handler, borrowed. NULL when out of memory. */
api_json *api_json_new(api_json_handler *handler, void *ctx);
void api_json_free(api_json *j); /* NULL is fine */

/* Both return false with the reason in p, and must not be called again then. */
bool api_json_feed(api_json *j, const char *bytes, size_t n, api_problem *p);
bool api_json_finish(api_json *j, api_problem *p);

/* Is this one valid JSON document whose numbers are in range? */
bool api_json_check(const char *bytes, size_t n, api_problem *p);

/* Where the value of the document's own member `name` lies: bytes[*start .. *end). Both
 * are 0 when there is none. Returns false when the document is not valid. */
bool api_json_member(const char *bytes, size_t n, const char *name, size_t *start, size_t *end,
                     api_problem *p);

#endif
