/* packing: bytes packed as clients pack them, by the libraries themselves. */
#ifndef PACKING_H
#define PACKING_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

typedef struct packed {
    char *bytes; /* owned */
    size_t n;
} packed;

/* What comes after `to`, whose bytes it takes over. */
static inline packed packed_add(packed to, const char *bytes, size_t n)
{
    to.bytes = realloc(to.bytes, to.n + n + 1);
    memcpy(to.bytes + to.n, bytes, n);
    to.n += n;
    to.bytes[to.n] = '\0';
    return to;
}

/* A member of gzip (window_bits 31), or raw (-15), at this level. */
static inline packed pack_deflate(const char *text, size_t n, int level, int window_bits)
{
    z_stream z = {0};
    if (deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    size_t room = deflateBound(&z, n);
    packed to = {malloc(room + 1), 0};
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)to.bytes;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    to.n = z.total_out;
    deflateEnd(&z);
    return to;
}

static inline packed pack_gzip(const char *text, size_t n)
{
    return pack_deflate(text, n, 6, 31);
}

/* A frame, with a checksum; window_log 0: as the level has it. Its size is not announced, as in
 * what is packed from a pipe. */
static inline packed pack_zstd_window(const char *text, size_t n, int window_log)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    if (window_log)
        ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
    size_t room = ZSTD_compressBound(n) + 64;
    packed to = {malloc(room + 1), 0};
    ZSTD_outBuffer out = {to.bytes, room, 0};
    ZSTD_inBuffer in = {text, n, 0};
    while (in.pos < in.size)
        if (ZSTD_isError(ZSTD_compressStream2(z, &out, &in, ZSTD_e_continue)))
            abort();
    if (ZSTD_compressStream2(z, &out, &in, ZSTD_e_end) != 0)
        abort();
    to.n = out.pos;
    ZSTD_freeCCtx(z);
    return to;
}

static inline packed pack_zstd(const char *text, size_t n)
{
    return pack_zstd_window(text, n, 0);
}

#endif
