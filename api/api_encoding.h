/* api_encoding: what comes packed is unpacked as it comes, in memory that does not grow: bodies with
 * a Content-Encoding (RFC 9110, 8.4), and files whose names say so.
 *
 * One file in encodings/ and one row in encodings/list.h make an encoding. Streams may be of several
 * members (gzip) or frames (zstd), one after the other. However the bytes are cut into pieces, what is
 * unpacked and what is wrong are the same.
 */
#ifndef API_ENCODING_H
#define API_ENCODING_H

#include "api_problem.h"

#include <stdint.h>

/* Where bytes go. False stops whoever sends them, with the reason in p. */
typedef struct api_bytes {
    void *ctx; /* borrowed */
    bool (*take)(void *ctx, const char *bytes, size_t n, api_problem *p);
} api_bytes;

/* A step of unpacking: what is taken and given moves `in` and `out` on. */
typedef struct api_unpacking {
    const char *in;
    size_t in_left;
    char *out;
    size_t out_left;
    bool ended;      /* a member ended here; another may follow */
    bool no_memory;  /* where the step failed: for this */
    const char *why; /* or for this; lives as long as the state */
} api_unpacking;

typedef struct api_encoding {
    const char *name, *other_name; /* as in Content-Encoding */
    const char *suffix;            /* of files */
    void *(*open)(void);           /* NULL: out of memory */
    bool (*step)(void *state, api_unpacking *u); /* false: it failed, only close may follow */
    void (*close)(void *state);                  /* NULL is fine */
} api_encoding;

extern const api_encoding *const api_encodings[];
extern const size_t api_encodings_count;

/* Their names, "gzip, zstd", into buf, which is returned. */
const char *api_encodings_list(char *buf, size_t size);

/* By the Content-Encoding header; *out is NULL for a body that comes as it is (no header, or
 * "identity"). False, with the known ones in p, for any other. */
bool api_encoding_find(const char *header, const api_encoding **out, api_problem *p);

/* By the end of a file's name, without regard to case; NULL for none. */
const api_encoding *api_encoding_of_file(const char *name);

typedef struct api_decoder api_decoder;

/* limit: bytes unpacked, at most: more are too large. NULL when out of memory. */
api_decoder *api_decoder_new(const api_encoding *encoding, uint64_t limit, api_bytes to);
/* Both false with the reason in p, the taker's own where it stopped; only free may follow then. */
bool api_decoder_feed(api_decoder *d, const char *bytes, size_t n, api_problem *p);
bool api_decoder_finish(api_decoder *d, api_problem *p);
void api_decoder_free(api_decoder *d); /* NULL is fine */

#endif
