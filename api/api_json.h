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

/* A document a line (NDJSON) instead of one; blank lines are none. Depths of events are those in
 * a document, and a line end inside one is an error. */
void api_json_lines(api_json *j);

/* A name that records are expected to have: as it stands in the text, with its quotes, or NULL when
 * its values are the handler's. 8 bytes beyond its end may be read. */
typedef struct api_json_key {
    const char *text;
    size_t len;
} api_json_key;

/* Bulk numbers, which go to a buffer instead of to the handler. The counts are shared by reader
 * and handler: whichever takes a number moves them on. What is not as it is expected to be goes
 * to the handler, so that there is one place for each complaint.
 *
 *     width 0           the array's elements are numbers: `at` of them so far, `most` are allowed
 *     width             the elements are rows of so many numbers: `at` in the present one so far,
 *                       `rows` whole ones of `most`. 0 until the first row is there.
 *     width and keys    the elements are records with these names in this order
 */
typedef struct api_json_bulk {
    double *v; /* cap numbers, of which n are taken; n < cap between calls */
    size_t n, cap;
    size_t width;
    const api_json_key *keys; /* width of them, or NULL */
    bool paused;              /* the present record is the handler's */
    uint64_t at, rows, most;
    bool (*full)(void *ctx, api_problem *p); /* n == cap: makes room, or false with a problem */
} api_json_bulk;

/* In the handler, at the beginning of an array: its elements are bulk numbers. Of documents a line,
 * before or within any: the documents are. b is borrowed until the array's end. */
void api_json_bulk_begin(api_json *j, api_json_bulk *b);

/* Is this one valid JSON document whose numbers are in range? */
bool api_json_check(const char *bytes, size_t n, api_problem *p);

/* Where the value of the document's own member `name` lies: bytes[*start .. *end). Both
 * are 0 when there is none. Returns false when the document is not valid. */
bool api_json_member(const char *bytes, size_t n, const char *name, size_t *start, size_t *end,
                     api_problem *p);

#endif
