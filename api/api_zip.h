/* api_zip: an archive (ZIP, APPNOTE 6.3) read as it comes, by the headers before its members:
 * stored and deflated ones, of any size (ZIP64), with their sizes there or, of deflated ones,
 * behind them. Of members that are wanted the CRC-32 is checked; the directory at the end is looked
 * at for its end alone.
 */
#ifndef API_ZIP_H
#define API_ZIP_H

#include "api_problem.h"

#include <stdint.h>

/* Gets the members, one after the other. False stops the reading, with the reason in p. */
typedef struct api_zip_taker {
    void *ctx; /* borrowed */
    /* *wanted: false at first; bytes and end come for members that are. */
    bool (*begin)(void *ctx, const char *name, bool *wanted, api_problem *p);
    bool (*bytes)(void *ctx, const char *bytes, size_t n, api_problem *p);
    bool (*end)(void *ctx, api_problem *p);
} api_zip_taker;

typedef struct api_zip api_zip;

/* limit: bytes unpacked in all, at most; 0 for no such limit. NULL: out of memory. */
api_zip *api_zip_new(api_zip_taker to, uint64_t limit);
/* Both false with the reason in p; only free may follow then. */
bool api_zip_feed(api_zip *z, const char *bytes, size_t n, api_problem *p);
bool api_zip_finish(api_zip *z, api_problem *p);
void api_zip_free(api_zip *z); /* NULL is fine */

#endif
