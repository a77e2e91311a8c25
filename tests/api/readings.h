/* readings: an upload read by a format whole, byte by byte and cut in two at every place. The
 * numbers that reach the sink, the result and the problem must be the same each time. Pieces
 * are copies of their exact size, so that a sanitizer sees a read beyond one.
 */
#ifndef READINGS_H
#define READINGS_H

#include "api_reader.h"
#include "api_tests.h"

typedef struct tape {
    double *v;
    size_t n;
} tape;

/* What came of an upload. */
typedef struct reading {
    bool ok;
    tape values, targets;
    tape columns, ends; /* of sparse rows, as doubles */
    size_t room;    /* values and targets the sink takes before it fails; 0: any number */
    bool sink_full; /* it has failed */
    api_dataset set;
    api_problem p;
} reading;

static inline bool take(reading *r, tape *t, const double *v, size_t n, api_problem *p)
{
    if (r->sink_full)
        ck_abort_msg("the sink is called after it has failed");
    if (r->room && r->values.n + r->targets.n + n > r->room) {
        r->sink_full = true;
        return api_problem_set(p, API_NO_SPACE, "the sink is full");
    }
    t->v = realloc(t->v, (t->n + n) * sizeof *v);
    memcpy(t->v + t->n, v, n * sizeof *v);
    t->n += n;
    return true;
}

static inline bool take_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    reading *r = ctx;
    return take(r, &r->values, v, n, p);
}

static inline bool take_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    reading *r = ctx;
    return take(r, &r->targets, v, n, p);
}

static inline bool take_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                                api_problem *p)
{
    reading *r = ctx;
    r->columns.v = realloc(r->columns.v, (r->columns.n + n) * sizeof *r->columns.v);
    for (size_t i = 0; i < n; i++)
        r->columns.v[r->columns.n++] = columns[i];
    return take(r, &r->values, v, n, p);
}

static inline bool take_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    reading *r = ctx;
    (void)p;
    if (r->sink_full)
        ck_abort_msg("the sink is called after it has failed");
    r->ends.v = realloc(r->ends.v, (r->ends.n + n) * sizeof *r->ends.v);
    for (size_t i = 0; i < n; i++)
        r->ends.v[r->ends.n++] = (double)ends[i];
    return true;
}

static inline void reading_free(reading *r)
{
    free(r->columns.v);
    free(r->ends.v);
    free(r->values.v);
    free(r->targets.v);
    api_dataset_free(&r->set);
}

static inline bool feed_copy(const api_format *f, void *reader, const char *bytes, size_t n,
                             api_problem *p)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, bytes, n);
    bool ok = f->feed(reader, copy, n, p);
    free(copy);
    return ok;
}

/* One piece of `first` bytes, then some of `step`. */
static inline reading read_pieces(const api_format *f, const api_read_options *o, size_t room,
                                  const char *bytes, size_t n, size_t first, size_t step)
{
    reading r = {.room = room, .p = no_problem()};
    const api_sink sink = {&r, take_values, take_targets, take_entries, take_ends, NULL, NULL, NULL};
    void *reader = f->open(o, &sink);
    bool ok = feed_copy(f, reader, bytes, first, &r.p);
    for (size_t at = first; ok && at < n; at += step)
        ok = feed_copy(f, reader, bytes + at, n - at < step ? n - at : step, &r.p);
    api_dataset untouched = {.rows = 2385};
    r.set = untouched;
    r.ok = ok && f->finish(reader, &r.set, &r.p);
    f->close(reader);
    if (r.ok != (r.p.code == API_NO_PROBLEM))
        ck_abort_msg("success and problem disagree: %s", problem_text(&r.p));
    if (!r.ok && memcmp(&r.set, &untouched, sizeof untouched) != 0)
        ck_abort_msg("the result is written although there is a problem");
    if (!r.ok)
        r.set = (api_dataset){0};
    return r;
}

static inline bool same_strings(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool same_tape(const tape *a, const tape *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

static inline bool same_kind(const api_kind *a, const api_kind *b)
{
    bool same = a->type == b->type && a->missing == b->missing &&
                a->levels_count == b->levels_count && !a->levels == !b->levels;
    for (size_t i = 0; same && i < a->levels_count; i++)
        same = same_strings(a->levels[i], b->levels[i]);
    return same;
}

static inline bool same_dataset(const api_dataset *a, const api_dataset *b)
{
    bool same = same_strings(a->name, b->name) && same_strings(a->target, b->target) &&
                a->cols == b->cols && a->rows == b->rows && a->stored == b->stored &&
                a->target_at == b->target_at && a->by_columns == b->by_columns &&
                a->labels_count == b->labels_count && a->sparse == b->sparse &&
                a->entries == b->entries && a->first_number == b->first_number &&
                !a->labels == !b->labels && !a->columns == !b->columns;
    for (size_t i = 0; same && i < a->labels_count; i++)
        same = same_strings(a->labels[i], b->labels[i]);
    for (size_t i = 0; same && a->columns && i < a->cols; i++)
        same = same_strings(a->columns[i], b->columns[i]) && a->features[i] == b->features[i];
    same = same && !a->kinds == !b->kinds;
    for (size_t i = 0; same && a->kinds && i < a->cols + (a->target != NULL); i++)
        same = same_kind(&a->kinds[i], &b->kinds[i]);
    return same;
}

static inline void same_in_pieces(const api_format *f, const api_read_options *o, const char *bytes,
                                  size_t n, size_t first, size_t step, const reading *whole)
{
    reading r = read_pieces(f, o, whole->room, bytes, n, first, step);
    if (!same_problem(&r.p, &whole->p))
        ck_abort_msg("%.200s in pieces of %zu, %zu: %s", bytes, first, step, problem_text(&r.p));
    if (!same_tape(&r.values, &whole->values) || !same_tape(&r.targets, &whole->targets) ||
        !same_tape(&r.columns, &whole->columns) || !same_tape(&r.ends, &whole->ends))
        ck_abort_msg("%.200s in pieces of %zu, %zu: other numbers", bytes, first, step);
    if (!same_dataset(&r.set, &whole->set))
        ck_abort_msg("%.200s in pieces of %zu, %zu: another dataset", bytes, first, step);
    reading_free(&r);
}

/* Reads it in every way (long ones in fewer). The caller frees the reading. */
static inline reading read_with(const api_format *f, const api_read_options *o, size_t room,
                                const char *bytes, size_t n)
{
    static const size_t some[] = {3, 64, 1000, 4096, 65536};
    reading whole = read_pieces(f, o, room, bytes, n, n, 1);
    if (n < 1000) {
        same_in_pieces(f, o, bytes, n, 0, 1, &whole);
        for (size_t cut = 0; cut < n; cut++)
            same_in_pieces(f, o, bytes, n, cut, n, &whole);
    }
    for (size_t i = 0; i < COUNT(some); i++)
        if (some[i] < n)
            same_in_pieces(f, o, bytes, n, some[i] / 2, some[i], &whole);
    return whole;
}

/* ---- what is expected ---- */

static inline void same_numbers(const char *what, const tape *got, const double *want, size_t n)
{
    ck_assert_msg(got->n == n, "%zu %s came, not %zu", got->n, what, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(bits_of(got->v[i]) == bits_of(want[i]), "%s %zu is %.17g, not %.17g", what, i,
                      got->v[i], want[i]);
}

/* The stream of rows, or of targets, that the sink got. */
#define assert_values(r, ...)                                                                      \
    same_numbers("values", &(r).values, (const double[]){__VA_ARGS__},                             \
                 sizeof(const double[]){__VA_ARGS__} / sizeof(double))
#define assert_targets(r, ...)                                                                     \
    same_numbers("targets", &(r).targets, (const double[]){__VA_ARGS__},                           \
                 sizeof(const double[]){__VA_ARGS__} / sizeof(double))

/* The names of the features, separated by |. */
static inline void assert_columns(const reading *r, const char *want)
{
    char got[1024] = "";
    for (size_t i = 0, at = 0; i < r->set.cols; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", i ? "|" : "", r->set.columns[i]);
    ck_assert_str_eq(got, want);
}

/* The class labels, separated by |; "" where targets are numbers. */
static inline void assert_labels(const reading *r, const char *want)
{
    char got[1024] = "";
    ck_assert(!r->set.labels == !r->set.labels_count);
    for (size_t i = 0, at = 0; i < r->set.labels_count; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", i ? "|" : "", r->set.labels[i]);
    ck_assert_str_eq(got, want);
}

/* A stored value; a row's features and its target, wherever they are stored: what training will
 * see. */
static inline double stored_at(const reading *r, size_t row, size_t i)
{
    return r->values.v[r->set.by_columns ? i * r->set.rows + row : row * r->set.stored + i];
}

static inline double feature_of(const reading *r, size_t row, size_t i)
{
    return stored_at(r, row, r->set.features[i]);
}

static inline double target_of(const reading *r, size_t row)
{
    return r->set.target_at == API_APART ? r->targets.v[row] : stored_at(r, row, r->set.target_at);
}

/* An upload that must be refused, and what must be said: of which field ("" for the detail
 * itself) and in which words. */
typedef struct refusal {
    const char *text;
    api_problem_code code;
    const char *field, *part;
} refusal;

static inline void assert_refused(const api_format *f, const api_read_options *o,
                                  const refusal *want, size_t n)
{
    reading r = read_with(f, o, 0, want->text, n);
    ck_assert_msg(!r.ok, "%.300s is accepted", want->text);
    ck_assert_msg(r.p.code == want->code && says(&r.p, want->field, want->part),
                  "%.300s: %s; expected code %d, \"%s\" of \"%s\"", want->text, problem_text(&r.p),
                  (int)want->code, want->part, want->field);
    reading_free(&r);
}

#endif
