/* json_pieces: a document read by api_json whole, byte by byte and cut in two at every place;
 * the events and the problem must be the same. Pieces are copies of their exact size, so that
 * a sanitizer sees a read beyond one.
 */
#ifndef JSON_PIECES_H
#define JSON_PIECES_H

#include "api_tests.h"
#include "api_text.h"

typedef struct recorder {
    api_text log; /* a line an event: depth, type, text, start-end, line */
    size_t events, stop_at;
} recorder;

static inline bool record(void *ctx, const api_json_event *e, api_problem *p)
{
    static const char *const names[] = {"{",      "}",      "[",    "]",     "key",
                                        "string", "number", "true", "false", "null"};
    recorder *r = ctx;
    ck_assert_msg(r->stop_at == 0 || r->events < r->stop_at, "an event after the reader stopped");
    api_text_printf(&r->log, "%zu %s", e->depth, names[e->type]);
    if (e->type == API_JSON_KEY || e->type == API_JSON_STRING) {
        ck_assert_uint_eq(strlen(e->text), e->len);
        api_text_printf(&r->log, " <%s>", e->text);
    } else if (e->type == API_JSON_NUMBER) {
        api_text_printf(&r->log, " <%.*s>", (int)e->len, e->text);
        if (e->overflow)
            api_text_puts(&r->log, " overflow");
        else
            api_text_printf(&r->log, " %a", e->number);
    }
    api_text_printf(&r->log, " %" PRIu64 "-%" PRIu64 " line %" PRIu64 "\n", e->start, e->end,
                    e->line);
    if (++r->events == r->stop_at)
        return api_problem_set(p, API_CONFLICT, "the handler has enough");
    return true;
}

static inline bool feed_copy(api_json *j, const char *bytes, size_t n, api_problem *p)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, bytes, n);
    bool ok = api_json_feed(j, copy, n, p);
    free(copy);
    return ok;
}

/* In pieces: one of `first` bytes, then some of `step`. */
static inline bool read_pieces(const char *bytes, size_t n, size_t first, size_t step, recorder *r,
                               api_problem *p)
{
    api_json *j = api_json_new(record, r);
    bool ok = feed_copy(j, bytes, first, p);
    for (size_t at = first; ok && at < n; at += step)
        ok = feed_copy(j, bytes + at, n - at < step ? n - at : step, p);
    ok = ok && api_json_finish(j, p);
    api_json_free(j);
    api_text_add(&r->log, "", 0);
    ck_assert(ok == (p->code == API_NO_PROBLEM));
    return ok;
}

static inline void same_in_pieces(const char *bytes, size_t n, size_t first, size_t step,
                                  size_t stop_at, const recorder *whole, const api_problem *problem)
{
    recorder r = {.stop_at = stop_at};
    api_problem p = no_problem();
    read_pieces(bytes, n, first, step, &r, &p);
    if (strcmp(r.log.data, whole->log.data) != 0)
        ck_abort_msg("%.*s in pieces of %zu, %zu:\n%snot\n%s", (int)n, bytes, first, step,
                     r.log.data, whole->log.data);
    if (!same_problem(&p, problem))
        ck_abort_msg("%.300s in pieces of %zu, %zu: %s, not %s", bytes, first, step, p.detail,
                     problem->detail);
    api_text_free(&r.log);
}

/* Reads the sample in every way; the log of the whole one is the caller's to free. */
static inline bool read_everywhere(const char *bytes, size_t n, recorder *r, api_problem *p)
{
    *p = no_problem();
    bool ok = read_pieces(bytes, n, n, 1, r, p);
    same_in_pieces(bytes, n, 0, 1, r->stop_at, r, p);
    for (size_t cut = 0; cut < n && n < 2000; cut++)
        same_in_pieces(bytes, n, cut, n, r->stop_at, r, p);
    return ok;
}

static inline void accepted(const char *bytes, size_t n)
{
    recorder r = {0};
    api_problem p;
    ck_assert_msg(read_everywhere(bytes, n, &r, &p), "%s is refused: %s", bytes, p.detail);
    api_text_free(&r.log);
    ck_assert(api_json_check(bytes, n, &p));
}

/* The message must name `what`, and the byte and the line where it is; the column, if it is
 * told, follows from them. */
static inline void refused(const char *bytes, size_t n, const char *what, size_t byte,
                           unsigned line)
{
    recorder r = {0};
    api_problem p;
    char place[96];
    size_t column = 1;
    ck_assert_msg(!read_everywhere(bytes, n, &r, &p), "%s is accepted", bytes);
    api_text_free(&r.log);
    ck_assert_int_eq(p.code, API_BAD_JSON);
    while (column <= byte && bytes[byte - column] != '\n')
        column++;
    if (strstr(p.detail, "column"))
        snprintf(place, sizeof place, "at line %u, column %zu (byte %zu)", line, column, byte);
    else
        snprintf(place, sizeof place, "at line %u (byte %zu)", line, byte);
    ck_assert_msg(strstr(p.detail, what) && strstr(p.detail, place),
                  "%s: \"%s\", which lacks \"%s\" or \"%s\"", bytes, p.detail, what, place);
}

#endif
