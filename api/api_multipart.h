/* api_multipart: forms with files, multipart/form-data (RFC 7578 and 2046), read as they come.
 *
 * Parts come one after the other, each with its name; of a part no more is kept than its headers, 8
 * KiB at most, and what may be the beginning of a boundary. However the bytes are cut into pieces,
 * the parts and what is wrong are the same.
 */
#ifndef API_MULTIPART_H
#define API_MULTIPART_H

#include "api_problem.h"

/* What the headers of a part say; lives until begin has returned. */
typedef struct api_part {
    const char *name;
    const char *filename;     /* NULL: it is a field, not a file */
    const char *content_type; /* NULL: not said */
    const char *content_encoding; /* NULL: not said. RFC 7578 knows none, and says that what it does not
                                     know is to be passed over; but bytes that are packed are */
} api_part;

/* Gets each part: its begin, its bytes in any pieces, its end. False stops the reading, with the
 * reason in p. */
typedef struct api_part_taker {
    void *ctx; /* borrowed */
    bool (*begin)(void *ctx, const api_part *part, api_problem *p);
    bool (*bytes)(void *ctx, const char *bytes, size_t n, api_problem *p);
    bool (*end)(void *ctx, api_problem *p);
} api_part_taker;

typedef struct api_multipart api_multipart;

/* Is a body with this Content-Type (NULL for none) such a form? */
bool api_multipart_is(const char *content_type);

/* NULL with the reason in p: the type has no good boundary, or there is no memory. */
api_multipart *api_multipart_new(const char *content_type, api_part_taker to, api_problem *p);
/* Both false with the reason in p; only free may follow then. */
bool api_multipart_feed(api_multipart *m, const char *bytes, size_t n, api_problem *p);
bool api_multipart_finish(api_multipart *m, api_problem *p);
void api_multipart_free(api_multipart *m); /* NULL is fine */

/* The value of a parameter in a header's value like `form-data; name="a"; filename=b`, with quotes
 * and escapes taken off, into buf. False: there is none, or no room for it. */
bool api_header_parameter(const char *value, const char *name, char *buf, size_t size);

#endif
