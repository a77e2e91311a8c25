/* api_encoding: the table, and the loop around an encoding's steps. */
#include "api_encoding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define X(name) extern const api_encoding api_encoding_##name;
#include "encodings/list.h"
#undef X

const api_encoding *const api_encodings[] = {
#define X(name) &api_encoding_##name,
#include "encodings/list.h"
#undef X
};

const size_t api_encodings_count = sizeof api_encodings / sizeof api_encodings[0];

const char *api_encodings_list(char *buf, size_t size)
{
    *buf = '\0';
    for (size_t i = 0, at = 0; i < api_encodings_count && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "", api_encodings[i]->name);
    return buf;
}

bool api_encoding_find(const char *header, const api_encoding **out, api_problem *p)
{
    char known[80];
    *out = NULL;
    if (!header || strcasecmp(header, "identity") == 0)
        return true;
    for (size_t i = 0; i < api_encodings_count; i++)
        if (strcasecmp(header, api_encodings[i]->name) == 0 ||
            strcasecmp(header, api_encodings[i]->other_name) == 0) {
            *out = api_encodings[i];
            return true;
        }
    return api_problem_set(
        p, API_UNSUPPORTED_MEDIA,
        "Content-Encoding \"%.40s\" is not read here; send one of %s, or the body "
        "as it is",
        header, api_encodings_list(known, sizeof known));
}

const api_encoding *api_encoding_of_file(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < api_encodings_count; i++) {
        size_t m = strlen(api_encodings[i]->suffix);
        if (n > m && strcasecmp(name + n - m, api_encodings[i]->suffix) == 0)
            return api_encodings[i];
    }
    return NULL;
}

/* ---- unpacking ---- */

enum {
    PIECE =
        4096, /* bytes that are unpacked at once, so that pieces as they come make no difference */
    ROOM = 32768
};

struct api_decoder {
    const api_encoding *encoding;
    void *state;
    api_bytes to;
    uint64_t limit, unpacked, packed;
    bool inside; /* a member */
    size_t held;
    char piece[PIECE], room[ROOM];
};

api_decoder *api_decoder_new(const api_encoding *encoding, uint64_t limit, api_bytes to)
{
    api_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->encoding = encoding;
    d->limit = limit;
    d->to = to;
    d->state = encoding->open();
    if (!d->state) {
        free(d);
        return NULL;
    }
    return d;
}

void api_decoder_free(api_decoder *d)
{
    if (d)
        d->encoding->close(d->state);
    free(d);
}

static bool hand_on(api_decoder *d, size_t n, api_problem *p)
{
    uint64_t left = d->limit - d->unpacked;
    size_t fits = n <= left ? n : (size_t)left;
    d->unpacked += fits;
    if (fits && !d->to.take(d->to.ctx, d->room, fits, p))
        return false;
    return fits == n ||
           api_problem_set(p, API_TOO_LARGE, "unpacked, the body may have at most %llu bytes here",
                           (unsigned long long)d->limit);
}

static bool failed(const api_decoder *d, const api_unpacking *u, api_problem *p)
{
    if (u->no_memory)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to unpack the body");
    return api_problem_set(p, API_BAD_REQUEST, "the %s stream is broken near byte %llu: %s",
                           d->encoding->name, (unsigned long long)(d->packed - u->in_left), u->why);
}

static bool unpack(api_decoder *d, const char *bytes, size_t n, api_problem *p)
{
    api_unpacking u = {.in = bytes, .in_left = n};
    d->packed += n;
    do {
        size_t left = u.in_left;
        u.out = d->room;
        u.out_left = ROOM;
        bool ok = d->encoding->step(d->state, &u);
        if (!hand_on(d, ROOM - u.out_left, p))
            return false;
        if (!ok)
            return failed(d, &u, p);
        if (u.ended)
            d->inside = false;
        else if (u.in_left < left)
            d->inside = true;
    } while (u.in_left > 0 || u.out_left == 0);
    return true;
}

bool api_decoder_feed(api_decoder *d, const char *bytes, size_t n, api_problem *p)
{
    while (n > 0) {
        size_t take = PIECE - d->held < n ? PIECE - d->held : n;
        const char *piece = take == PIECE ? bytes : d->piece;
        if (piece == d->piece)
            memcpy(d->piece + d->held, bytes, take);
        d->held += take;
        bytes += take;
        n -= take;
        if (d->held < PIECE)
            break;
        d->held = 0;
        if (!unpack(d, piece, PIECE, p))
            return false;
    }
    return true;
}

bool api_decoder_finish(api_decoder *d, api_problem *p)
{
    size_t n = d->held;
    d->held = 0;
    if (n && !unpack(d, d->piece, n, p))
        return false;
    return (!d->inside && d->packed > 0) ||
           api_problem_set(
               p, API_BAD_REQUEST,
               "the %s stream ends too early: after %llu bytes, which are %llu unpacked",
               d->encoding->name, (unsigned long long)d->packed, (unsigned long long)d->unpacked);
}
