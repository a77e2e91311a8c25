/* fuzz: what the fuzz targets share. A target is LLVMFuzzerTestOneInput; it aborts when one
 * of the rules is broken, and run.sh or replay_main.c give it its inputs.
 *
 * The rules: however the bytes are cut into pieces, the numbers, the result and the problem
 * are the same; what is accepted is whole and finite; what is refused says why, in UTF-8.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "api_limits.h"
#include "api_reader.h"
#include "api_text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define RULE(holds)                                                                                \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds);                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Where to cut: anywhere, but always at the same place for the same data. */
static inline size_t cut_of(const uint8_t *data, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ data[i]) * 16777619u;
    return (h ^ h >> 16) % (n + 1);
}

static inline void check_problem(const api_problem *p)
{
    RULE(p->code != API_NO_PROBLEM && p->code != API_UNAVAILABLE);
    RULE(api_utf8(p->detail, strlen(p->detail)));
    RULE(*p->detail || p->errors_count > 0);
    for (size_t i = 0; i < p->errors_count; i++) {
        RULE(api_utf8(p->errors[i].field, strlen(p->errors[i].field)));
        RULE(api_utf8(p->errors[i].message, strlen(p->errors[i].message)));
        RULE(*p->errors[i].message);
    }
}

static inline bool same_problem(const api_problem *a, const api_problem *b)
{
    bool same = a->code == b->code && strcmp(a->detail, b->detail) == 0 &&
                a->errors_count == b->errors_count && a->errors_more == b->errors_more;
    for (size_t i = 0; same && i < a->errors_count; i++)
        same = strcmp(a->errors[i].field, b->errors[i].field) == 0 &&
               strcmp(a->errors[i].message, b->errors[i].message) == 0;
    return same;
}

/* ---- datasets ---- */

typedef struct reading {
    bool ok;
    api_text values, targets; /* the doubles, as bytes */
    api_text columns, ends;   /* of sparse rows: 32 and 64 bits each */
    api_dataset set;
    api_problem p;
} reading;

static inline bool take_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    (void)p;
    api_text_add(&((reading *)ctx)->values, (const char *)v, n * sizeof *v);
    return true;
}

static inline bool take_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    (void)p;
    api_text_add(&((reading *)ctx)->targets, (const char *)v, n * sizeof *v);
    return true;
}

static inline bool take_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                                api_problem *p)
{
    api_text_add(&((reading *)ctx)->columns, (const char *)columns, n * sizeof *columns);
    return take_values(ctx, v, n, p);
}

static inline bool take_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    (void)p;
    api_text_add(&((reading *)ctx)->ends, (const char *)ends, n * sizeof *ends);
    return true;
}

static inline bool feed_copy(const api_format *f, void *reader, const uint8_t *data, size_t n,
                             api_problem *p)
{
    char *copy = malloc(n ? n : 1); /* its exact size: a sanitizer sees a read beyond */
    if (n)
        memcpy(copy, data, n);
    bool ok = f->feed(reader, copy, n, p);
    free(copy);
    return ok;
}

/* A piece of `cut` bytes, then some of `step`. */
static inline reading read_upload(const api_format *f, const api_read_options *o,
                                  const uint8_t *data, size_t n, size_t cut, size_t step)
{
    reading r;
    memset(&r, 0, sizeof r);
    const api_sink sink = {&r, take_values, take_targets, take_entries, take_ends, NULL, NULL, NULL};
    void *reader = f->open(o, &sink);
    r.ok = feed_copy(f, reader, data, cut, &r.p);
    for (size_t at = cut; r.ok && at < n; at += step)
        r.ok = feed_copy(f, reader, data + at, n - at < step ? n - at : step, &r.p);
    r.ok = r.ok && f->finish(reader, &r.set, &r.p);
    f->close(reader);
    return r;
}

static inline void reading_free(reading *r)
{
    api_text_free(&r->values);
    api_text_free(&r->targets);
    api_text_free(&r->columns);
    api_text_free(&r->ends);
    api_dataset_free(&r->set);
}

static inline bool same_text(const api_text *a, const api_text *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static inline double number_at(const api_text *t, size_t i)
{
    double v;
    RULE((i + 1) * sizeof v <= t->len);
    memcpy(&v, t->data + i * sizeof v, sizeof v);
    return v;
}

static inline double stored_at(const reading *r, size_t row, size_t i)
{
    const api_dataset *d = &r->set;
    return number_at(&r->values, d->by_columns ? i * d->rows + row : row * d->stored + i);
}

/* Labels are distinct, and targets are their numbers. */
static inline void check_labels(const reading *r)
{
    const api_dataset *d = &r->set;
    RULE(!d->labels == !d->labels_count && d->labels_count <= API_MAX_LABELS);
    for (size_t i = 0; i < d->labels_count; i++) {
        RULE(*d->labels[i] && strlen(d->labels[i]) <= API_MAX_NAME);
        RULE(api_utf8(d->labels[i], strlen(d->labels[i])));
        for (size_t k = 0; k < i; k++)
            RULE(strcmp(d->labels[i], d->labels[k]) != 0);
    }
    size_t seen = 0; /* in the order of their first appearance */
    for (size_t row = 0; d->labels && row < d->rows; row++) {
        double y = d->target_at == API_APART
                       ? number_at(&r->targets, row)
                       : stored_at(r, row, d->target_at);
        bool boolean = d->kinds && d->kinds[d->cols].type == API_BOOLEAN;
        seen = boolean ? 2 : seen;
        RULE(isnan(y) || (y >= 0 && y <= (double)seen && y == floor(y)));
        seen += y == (double)seen;
    }
    RULE(seen == d->labels_count);
}

/* Cells are of their column's kind: numbers, places of levels in the order of their first
 * appearance, 0 or 1; as many are missing as it says. */
static inline void check_column(const reading *r, size_t column)
{
    const api_dataset *d = &r->set;
    const api_kind none = {.type = API_NUMERIC}, *k = d->kinds ? &d->kinds[column] : &none;
    size_t seen = 0, missing = 0;
    RULE(k->type >= API_NUMERIC && k->type < API_IGNORE);
    RULE(!k->levels == !k->levels_count && k->levels_count <= API_MAX_LEVELS);
    for (size_t row = 0; row < d->rows; row++) {
        double v = stored_at(r, row, d->features[column]);
        missing += isnan(v) ? 1 : 0;
        if (isnan(v))
            continue;
        RULE(isfinite(v) && (k->type != API_BOOLEAN || v == 0 || v == 1));
        RULE(k->type != API_CATEGORICAL || (v >= 0 && v <= (double)seen && v == floor(v)));
        seen += v == (double)seen;
    }
    RULE(missing == k->missing);
    RULE(k->type != API_CATEGORICAL || seen == k->levels_count);
}

/* Entries are finite, and ascend within their row. */
static inline void check_sparse(const reading *r, bool labelled)
{
    const api_dataset *d = &r->set;
    uint64_t at = 0, end;
    RULE(d->rows > 0 && d->name && !d->columns && !d->kinds && (d->cols > 0 || !labelled));
    RULE(d->cols <= GD_MAX_SPARSE_COLUMNS && r->ends.len == d->rows * sizeof end);
    RULE(r->values.len == d->entries * sizeof(double));
    RULE(r->columns.len == d->entries * sizeof(uint32_t));
    RULE(r->targets.len == (labelled ? d->rows * sizeof(double) : 0));
    check_labels(r);
    for (size_t row = 0; row < d->rows; row++) {
        memcpy(&end, r->ends.data + row * sizeof end, sizeof end);
        RULE(at <= end && end <= d->entries);
        RULE(!labelled || isfinite(number_at(&r->targets, row)));
        for (uint32_t next = 0, column; at < end; at++, next = column + 1) {
            memcpy(&column, r->columns.data + at * sizeof column, sizeof column);
            RULE(column >= next && column < d->cols && isfinite(number_at(&r->values, at)));
        }
    }
    RULE(at == d->entries);
}

static inline void check_dataset(const reading *r, bool labelled)
{
    const api_dataset *d = &r->set;
    if (d->sparse) {
        check_sparse(r, labelled);
        return;
    }
    bool apart = d->target_at == API_APART;
    RULE(d->rows > 0 && d->cols > 0 && d->name);
    RULE(r->values.len == d->rows * d->stored * sizeof(double));
    RULE(r->targets.len == (labelled && apart ? d->rows * sizeof(double) : 0));
    check_labels(r);
    RULE(labelled || !d->labels);
    RULE(labelled ? d->target != NULL : !d->target && apart);
    for (size_t i = 0; i < d->cols; i++)
        RULE(d->columns[i] && d->features[i] < d->stored && d->features[i] != d->target_at);
    for (size_t i = 0; i < d->cols; i++)
        check_column(r, i);
    size_t missing = 0;
    for (size_t row = 0; labelled && row < d->rows; row++) {
        double y = apart ? number_at(&r->targets, row) : stored_at(r, row, d->target_at);
        RULE(!isinf(y));
        missing += isnan(y) ? 1 : 0;
    }
    RULE(missing == (labelled && d->kinds ? d->kinds[d->cols].missing : 0));
}

static inline void check_same(const reading *whole, const reading *cut)
{
    RULE(whole->ok == cut->ok && whole->ok == (whole->p.code == API_NO_PROBLEM));
    RULE(same_text(&whole->values, &cut->values) && same_text(&whole->targets, &cut->targets));
    RULE(same_text(&whole->columns, &cut->columns) && same_text(&whole->ends, &cut->ends));
    RULE(same_problem(&whole->p, &cut->p));
    RULE(whole->set.sparse == cut->set.sparse && whole->set.entries == cut->set.entries);
    RULE(whole->set.rows == cut->set.rows && whole->set.cols == cut->set.cols);
    RULE(whole->set.labels_count == cut->set.labels_count);
    for (size_t i = 0; i < whole->set.labels_count; i++)
        RULE(strcmp(whole->set.labels[i], cut->set.labels[i]) == 0);
    for (size_t i = 0; !whole->set.sparse && i < whole->set.cols; i++)
        RULE(strcmp(whole->set.columns[i], cut->set.columns[i]) == 0 &&
             whole->set.features[i] == cut->set.features[i]);
}

/* Whole, cut in two, and in pieces too short for the loops over bulk numbers. */
static inline void check_upload(const api_format *f, const api_read_options *o, const uint8_t *data,
                                size_t n)
{
    reading whole = read_upload(f, o, data, n, n, n),
            cut = read_upload(f, o, data, n, cut_of(data, n), n),
            slow = read_upload(f, o, data, n, 0, 40);
    check_same(&whole, &cut);
    check_same(&whole, &slow);
    if (whole.ok)
        check_dataset(&whole, o->labelled);
    else
        check_problem(&whole.p);
    reading_free(&whole);
    reading_free(&cut);
    reading_free(&slow);
}

#endif
