/* gzip (RFC 1952) by zlib, which checks each member's CRC and length. */
#include "api_encoding.h"

#define ZLIB_CONST /* input is not written to */
#include <stdlib.h>
#include <zlib.h>

static void *open_state(void)
{
    enum { GZIP_ALONE = 16 + MAX_WBITS };
    z_stream *z = calloc(1, sizeof *z);
    if (z && inflateInit2(z, GZIP_ALONE) != Z_OK) {
        free(z);
        return NULL;
    }
    return z;
}

static bool step(void *state, api_unpacking *u)
{
    z_stream *z = state;
    z->next_in = (const Bytef *)u->in;
    z->avail_in = (uInt)u->in_left;
    z->next_out = (Bytef *)u->out;
    z->avail_out = (uInt)u->out_left;
    int result = inflate(z, Z_NO_FLUSH);
    u->in += u->in_left - z->avail_in;
    u->in_left = z->avail_in;
    u->out += u->out_left - z->avail_out;
    u->out_left = z->avail_out;
    u->ended = result == Z_STREAM_END;
    if (u->ended)
        result = inflateReset(z);
    if (result == Z_OK || result == Z_BUF_ERROR) /* the latter: nothing was left to do */
        return true;
    u->no_memory = result == Z_MEM_ERROR;
    u->why = z->msg ? z->msg : "it needs a dictionary";
    return false;
}

static void close_state(void *state)
{
    if (state)
        inflateEnd(state);
    free(state);
}

const api_encoding api_encoding_gzip = {
    .name = "gzip",
    .other_name = "x-gzip",
    .suffix = ".gz",
    .open = open_state,
    .step = step,
    .close = close_state,
};
