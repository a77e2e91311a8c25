/* zstd (RFC 8878) by libzstd, with the window that HTTP allows at most (RFC 9659). */
#include "api_encoding.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { WINDOW_LOG = 23 }; /* 8 MiB */

static void *open_state(void)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    if (z && ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG))) {
        ZSTD_freeDStream(z);
        return NULL;
    }
    return z;
}

static bool step(void *state, api_unpacking *u)
{
    ZSTD_inBuffer in = {u->in, u->in_left, 0};
    ZSTD_outBuffer out = {u->out, u->out_left, 0};
    size_t result = ZSTD_decompressStream(state, &out, &in);
    u->in += in.pos;
    u->in_left -= in.pos;
    u->out += out.pos;
    u->out_left -= out.pos;
    u->ended = result == 0;
    if (!ZSTD_isError(result))
        return true;
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    u->no_memory = code == ZSTD_error_memory_allocation;
    u->why = code == ZSTD_error_frameParameter_windowTooLarge
                 ? "its window is larger than 8 MiB (RFC 9659); pack it without --long and --ultra"
                 : ZSTD_getErrorName(result);
    return false;
}

static void close_state(void *state)
{
    ZSTD_freeDStream(state);
}

const api_encoding api_encoding_zstd = {
    .name = "zstd",
    .other_name = "zstd",
    .suffix = ".zst",
    .open = open_state,
    .step = step,
    .close = close_state,
};
