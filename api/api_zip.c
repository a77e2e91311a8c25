/* api_zip: records, each of a signature, a fixed part and one whose length that tells; and members.
 */
#include "api_zip.h"

#include "api_text.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* input is not written to */
#include <zlib.h>

enum { ROOM = 32768, STORED = 0, DEFLATED = 8, ENCRYPTED = 1, SIZES_BEHIND = 8 };

/* Records, in the order in which they may come. */
typedef enum kind { MEMBER, ENTRY, END64, LOCATOR64, END, KINDS } kind;

static const struct {
    char signature[5];
    size_t fixed; /* bytes, with the signature */
} records[KINDS] = {
    {"PK\3\4", 30}, {"PK\1\2", 46}, {"PK\6\6", 12}, {"PK\6\7", 20}, {"PK\5\6", 22},
};

typedef enum state {
    RECORD,
    REST,
    STORED_BYTES,
    DEFLATED_BYTES,
    SKIPPED_BYTES,
    BEHIND,
    DONE
} state;

struct api_zip {
    api_zip_taker to;
    uint64_t limit, unpacked;
    state state;
    kind kind;
    api_text record; /* the one at hand */
    uint64_t rest;   /* bytes of it, or of a member, that are still to come */
    uint64_t size, packed_size;
    uint32_t crc, flags;
    bool wanted, zip64, inflating;
    uint64_t got, got_packed; /* of the member at hand */
    uint32_t got_crc;
    z_stream inflater;
    char room[ROOM];
};

api_zip *api_zip_new(api_zip_taker to, uint64_t limit)
{
    api_zip *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->to = to;
    z->limit = limit ? limit : UINT64_MAX;
    return z;
}

void api_zip_free(api_zip *z)
{
    if (!z)
        return;
    if (z->inflating)
        inflateEnd(&z->inflater);
    api_text_free(&z->record);
    free(z);
}

static uint64_t number(const char *at, size_t bytes)
{
    uint64_t v = 0;
    while (bytes-- > 0)
        v = v << 8 | (unsigned char)at[bytes];
    return v;
}

static bool broken(const char *what, api_problem *p)
{
    return api_problem_set(p, API_INVALID, "the archive is broken: %s", what);
}

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

/* ---- members ---- */

static void next_record(api_zip *z)
{
    z->record.len = 0;
    z->state = RECORD;
}

/* Takes the sizes from the extra field that has them where they are too large for the header. */
static bool read_extra(api_zip *z, const char *extra, size_t n)
{
    while (n >= 4) {
        size_t size = (size_t)number(extra + 2, 2);
        if (size > n - 4)
            return false;
        const char *at = extra + 4, *end = at + size;
        z->zip64 = z->zip64 || number(extra, 2) == 1;
        for (int k = 0; number(extra, 2) == 1 && k < 2; k++) {
            uint64_t *to = k == 0 ? &z->size : &z->packed_size;
            if (*to != UINT32_MAX)
                continue;
            if (end - at < 8)
                return false;
            *to = number(at, 8);
            at += 8;
        }
        n -= 4 + size;
        extra = end;
    }
    return true;
}

/* Unpacked bytes of a member. */
static bool hand_on(api_zip *z, const char *bytes, size_t n, api_problem *p)
{
    uint64_t left = z->limit - z->unpacked;
    size_t fits = n <= left ? n : (size_t)left;
    z->unpacked += fits;
    z->got += fits;
    if (z->wanted && fits) {
        z->got_crc = (uint32_t)crc32(z->got_crc, (const Bytef *)bytes, (uInt)fits);
        if (!z->to.bytes(z->to.ctx, bytes, fits, p))
            return false;
    }
    return fits == n || api_problem_set(p, API_TOO_LARGE,
                                        "unpacked, the archive may have at most %llu bytes here",
                                        (unsigned long long)z->limit);
}

static bool end_member(api_zip *z, api_problem *p)
{
    if (z->wanted && (z->got != z->size || z->got_packed != z->packed_size))
        return broken("the sizes of a member are wrong", p);
    if (z->wanted && z->got_crc != z->crc)
        return broken("the checksum of a member is wrong", p);
    next_record(z);
    return !z->wanted || z->to.end(z->to.ctx, p);
}

static bool begin_inflating(api_zip *z, api_problem *p)
{
    int done = z->inflating ? inflateReset(&z->inflater) : inflateInit2(&z->inflater, -MAX_WBITS);
    z->inflating = done == Z_OK;
    return z->inflating || no_memory(p);
}

static bool begin_member(api_zip *z, api_problem *p)
{
    const char *h = z->record.data;
    size_t name_len = (size_t)number(h + 26, 2), method = (size_t)number(h + 8, 2);
    char *name = z->record.data + 30, after = name[name_len]; /* NUL-terminated in any case */
    z->flags = (uint32_t)number(h + 6, 2);
    z->crc = (uint32_t)number(h + 14, 4);
    z->packed_size = number(h + 18, 4);
    z->size = number(h + 22, 4);
    z->zip64 = z->wanted = false;
    z->got = z->got_packed = 0;
    z->got_crc = (uint32_t)crc32(0, NULL, 0);
    if (!read_extra(z, name + name_len, (size_t)number(h + 28, 2)))
        return broken("an extra field of a member does not fit", p);
    name[name_len] = '\0';
    bool ok = z->to.begin(z->to.ctx, name, &z->wanted, p);
    name[name_len] = after;
    if (!ok)
        return false;
    bool behind = z->flags & SIZES_BEHIND;
    if (z->flags & ENCRYPTED)
        return api_problem_set(p, API_INVALID, "the archive is encrypted");
    if (!behind && (!z->wanted || method == STORED)) {
        if (z->wanted && z->size != z->packed_size)
            return broken("a stored member has two sizes", p);
        z->state = z->wanted ? STORED_BYTES : SKIPPED_BYTES;
        z->rest = z->packed_size;
        return z->rest > 0 || end_member(z, p);
    }
    if (method == DEFLATED) {
        z->state = DEFLATED_BYTES;
        return begin_inflating(z, p);
    }
    if (method == STORED)
        return api_problem_set(
            p, API_INVALID,
            "the archive was written to a pipe, without sizes: write it to a file, or "
            "by savez_compressed");
    return api_problem_set(
        p, API_INVALID,
        "the archive has a member packed by method %zu; stored and deflated ones are "
        "read",
        method);
}

/* What stands behind a member: a signature, the checksum and both sizes. */
static bool end_behind(api_zip *z, api_problem *p)
{
    const char *h = z->record.data;
    size_t wide = z->zip64 ? 8 : 4;
    if (memcmp(h, "PK\7\10", 4) != 0)
        return broken("the sizes behind a member are not there", p);
    z->crc = (uint32_t)number(h + 4, 4);
    z->packed_size = number(h + 8, wide);
    z->size = number(h + 8 + wide, wide);
    return end_member(z, p);
}

/* ---- records ---- */

static kind kind_of(const char *signature)
{
    kind k = MEMBER;
    while (k < KINDS && memcmp(signature, records[k].signature, 4) != 0)
        k++;
    return k;
}

/* Its signature is there. They come in order; an end with nothing before it is an empty archive. */
static bool begin_record(api_zip *z, api_problem *p)
{
    kind k = kind_of(z->record.data);
    if (k == KINDS || k < z->kind)
        return broken(k == KINDS ? "a record begins with no signature that is known"
                                 : "a record comes behind one that must follow it",
                      p);
    z->kind = k;
    return true;
}

/* The fixed part is there: how much more? */
static void measure_record(api_zip *z)
{
    const char *h = z->record.data;
    switch (z->kind) {
    case MEMBER:
        z->rest = number(h + 26, 2) + number(h + 28, 2);
        break;
    case ENTRY:
        z->rest = number(h + 28, 2) + number(h + 30, 2) + number(h + 32, 2);
        break;
    case END64:
        z->rest = number(h + 4, 8);
        break;
    case END:
        z->rest = number(h + 20, 2);
        break;
    case LOCATOR64:
    case KINDS:
        z->rest = 0;
        break;
    }
}

static bool record_ended(api_zip *z, api_problem *p)
{
    if (z->kind == MEMBER)
        return begin_member(z, p);
    next_record(z);
    if (z->kind == END)
        z->state = DONE;
    return true;
}

/* Takes bytes of the record up to `until`; true once they are there. */
static bool gather(api_zip *z, const char **at, const char *end, size_t until)
{
    size_t left = (size_t)(end - *at), need = until - z->record.len, n = left < need ? left : need;
    api_text_add(&z->record, *at, n);
    *at += n;
    return z->record.len == until;
}

static bool take_record(api_zip *z, const char **at, const char *end, api_problem *p)
{
    if (z->record.len < 4 && !gather(z, at, end, 4))
        return true;
    if (z->record.len == 4 && !begin_record(z, p))
        return false;
    if (!gather(z, at, end, records[z->kind].fixed))
        return true;
    measure_record(z);
    z->state = REST;
    return z->rest > 0 || record_ended(z, p);
}

/* The rest of a record is kept of members alone, whose names it has. */
static bool take_rest(api_zip *z, const char **at, const char *end, api_problem *p)
{
    size_t n = (uint64_t)(end - *at) < z->rest ? (size_t)(end - *at) : (size_t)z->rest;
    if (z->kind == MEMBER)
        api_text_add(&z->record, *at, n);
    *at += n;
    z->rest -= n;
    return z->rest > 0 || z->record.failed || record_ended(z, p);
}

/* ---- bytes ---- */

static bool take_stored(api_zip *z, const char **at, const char *end, api_problem *p)
{
    size_t n = (uint64_t)(end - *at) < z->rest ? (size_t)(end - *at) : (size_t)z->rest;
    if (z->state == STORED_BYTES && !hand_on(z, *at, n, p))
        return false;
    *at += n;
    z->rest -= n;
    z->got_packed += n;
    return z->rest > 0 || end_member(z, p);
}

static bool take_deflated(api_zip *z, const char **at, const char *end, api_problem *p)
{
    z_stream *s = &z->inflater;
    size_t n = (size_t)(end - *at) < ROOM ? (size_t)(end - *at) : ROOM;
    s->next_in = (const Bytef *)*at;
    s->avail_in = (uInt)n;
    int result;
    do {
        s->next_out = (Bytef *)z->room;
        s->avail_out = ROOM;
        result = inflate(s, Z_NO_FLUSH);
        if (!hand_on(z, z->room, ROOM - s->avail_out, p))
            return false;
    } while (result == Z_OK && (s->avail_in > 0 || s->avail_out == 0));
    z->got_packed += n - s->avail_in;
    *at += n - s->avail_in;
    if (result == Z_MEM_ERROR)
        return no_memory(p);
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
        return broken(s->msg ? s->msg : "a member is not deflated", p);
    if (result != Z_STREAM_END)
        return true;
    if (!(z->flags & SIZES_BEHIND))
        return end_member(z, p);
    z->record.len = 0;
    z->state = BEHIND;
    return true;
}

bool api_zip_feed(api_zip *z, const char *bytes, size_t n, api_problem *p)
{
    const char *at = bytes, *end = bytes + n;
    bool ok = true;
    while (ok && at < end) {
        switch (z->state) {
        case RECORD:
            ok = take_record(z, &at, end, p);
            break;
        case REST:
            ok = take_rest(z, &at, end, p);
            break;
        case STORED_BYTES:
        case SKIPPED_BYTES:
            ok = take_stored(z, &at, end, p);
            break;
        case DEFLATED_BYTES:
            ok = take_deflated(z, &at, end, p);
            break;
        case BEHIND:
            ok = !gather(z, &at, end, z->zip64 ? 24 : 16) || end_behind(z, p);
            break;
        case DONE:
            ok = broken("it goes on behind its end", p);
            break;
        }
        if (ok && z->record.failed)
            ok = no_memory(p);
    }
    return ok;
}

bool api_zip_finish(api_zip *z, api_problem *p)
{
    return z->state == DONE || broken("it ends too early", p);
}
