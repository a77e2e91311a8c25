/* api_records: the general way, for the first record and for whatever is unusual in later ones. */
#include "api_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 1024 };

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

void api_records_begin(api_records *r, const api_read_options *options, const api_types *types,
                       api_place_text *place, size_t most_columns,
                       bool (*full)(void *ctx, api_problem *p))
{
    r->named.options = options;
    r->named.types = types;
    r->place = place;
    r->most_columns = most_columns;
    r->split = SIZE_MAX;
    r->bulk = (api_json_bulk){.paused = true, .most = GD_MAX_ROWS, .full = full};
}

void api_records_free(api_records *r)
{
    api_named_free(&r->named);
    free(r->bulk.v);
    free(r->keys);
    free(r->spelled);
    free(r->key_text);
    free(r->first);
    free(r->filled);
    free(r->targets);
    *r = (api_records){0};
}

static bool complain(const api_records *r, const api_json_event *e, const char *before,
                     const char *name, const char *after, api_problem *p)
{
    char place[API_PLACE_SIZE];
    r->place(place, r->bulk.rows, NULL);
    return api_problem_field(p, place, "%s\"%.64s\"%s (line %llu, byte %llu)", before, name, after,
                             (unsigned long long)e->line, (unsigned long long)e->start);
}

static bool grow(api_records *r)
{
    size_t cap = r->cap ? 2 * r->cap : 16;
    double *first = realloc(r->first, cap * sizeof *first);
    if (first)
        r->first = first;
    uint64_t *filled = realloc(r->filled, cap * sizeof *filled);
    if (filled)
        r->filled = filled;
    if (!first || !filled)
        return false;
    memset(filled + r->cap, 0, (cap - r->cap) * sizeof *filled);
    r->cap = cap;
    return true;
}

/* ---- names ---- */

static bool first_key(api_records *r, const api_json_event *e, api_problem *p)
{
    if (r->named.keys.count == r->most_columns) {
        char place[API_PLACE_SIZE];
        r->place(place, 0, NULL);
        return api_problem_field(p, place, "has more than %zu columns", GD_MAX_COLUMNS);
    }
    if (r->named.keys.count == r->cap && !grow(r))
        return no_memory(p);
    switch (api_named_add(&r->named, e->text)) {
    case API_NAMES_TWICE:
        return complain(r, e, "the name ", e->text, " is given twice", p);
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    r->key = r->named.keys.count - 1;
    r->bulk.at++;
    return true;
}

/* The present record has its names in an order of its own, from here on. */
static void leave_order(api_records *r)
{
    for (size_t i = 0; i < r->bulk.at; i++)
        r->filled[i] = r->bulk.rows + 1;
    r->count = r->bulk.at;
    r->bulk.paused = true;
}

static bool take_key(api_records *r, const api_json_event *e, api_problem *p)
{
    api_json_bulk *b = &r->bulk;
    if (b->rows == 0)
        return first_key(r, e, p);
    if (!b->paused && b->at < b->width && strcmp(r->named.keys.list[b->at], e->text) == 0) {
        r->key = b->at++; /* the usual case: the order of the first record */
        return true;
    }
    r->key = api_names_find(&r->named.keys, e->text);
    if (r->key == SIZE_MAX) {
        char first[API_PLACE_SIZE], after[API_PLACE_SIZE + 24];
        r->place(first, 0, NULL);
        snprintf(after, sizeof after, ", which %s has not", first);
        return complain(r, e, "has the name ", e->text, after, p);
    }
    if (!b->paused)
        leave_order(r);
    if (r->filled[r->key] == b->rows + 1)
        return complain(r, e, "the name ", e->text, " is given twice", p);
    r->filled[r->key] = b->rows + 1;
    r->count++;
    return true;
}

/* ---- whole records ---- */

/* The name as it stands in the text, if that is its only way or the usual one. */
static size_t spell(const char *name, char *to)
{
    size_t n = strlen(name);
    for (const char *c = name; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20)
            return 0;
    to[0] = '"';
    memcpy(to + 1, name, n);
    to[n + 1] = '"';
    return n + 2;
}

/* The first record is there: now it is known what the others look like. */
static bool settle(api_records *r, api_problem *p)
{
    api_json_bulk *b = &r->bulk;
    size_t width = r->named.keys.count, bytes = 0, used = 0;
    for (size_t i = 0; i < width; i++)
        bytes += strlen(r->named.keys.list[i]) + 2;
    b->cap = 2 * width > LEAST_ROOM ? 2 * width : LEAST_ROOM;
    b->v = malloc(b->cap * sizeof *b->v);
    r->keys = calloc(width, sizeof *r->keys);
    r->spelled = calloc(width, sizeof *r->spelled);
    r->key_text = malloc(bytes + 8); /* read by words */
    if (!b->v || !r->keys || !r->spelled || !r->key_text)
        return no_memory(p);
    for (size_t i = 0; i < width; i++) {
        size_t len = spell(r->named.keys.list[i], r->key_text + used);
        if (len > 0)
            r->spelled[i] = (api_json_key){r->key_text + used, len};
        if (api_named_is_numeric(&r->named, i))
            r->keys[i] = r->spelled[i];
        used += len;
    }
    memcpy(b->v, r->first, width * sizeof *b->v);
    b->keys = r->keys;
    b->width = width;
    return true;
}

static bool take_record(api_records *r, void *ctx, const api_json_event *e, api_problem *p)
{
    api_json_bulk *b = &r->bulk;
    char place[API_PLACE_SIZE];
    r->place(place, b->rows, NULL);
    if (r->named.keys.count == 0)
        return api_problem_field(p, place, "must have at least one member");
    if (b->rows == 0 && !settle(r, p))
        return false;
    if (b->rows > 0 && !b->paused && b->at < b->width)
        leave_order(r);
    for (size_t i = 0; b->rows > 0 && b->paused && r->count < b->width && i < b->width; i++)
        if (r->filled[i] != b->rows + 1) {
            char first[API_PLACE_SIZE], after[API_PLACE_SIZE + 24];
            r->place(first, 0, NULL);
            snprintf(after, sizeof after, ", which %s has", first);
            return complain(r, e, "lacks ", r->named.keys.list[i], after, p);
        }
    if (++b->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    b->paused = false;
    b->n += b->width;
    return b->n + b->width <= b->cap || b->full(ctx, p);
}

bool api_records_event(api_records *r, void *ctx, const api_json_event *e, size_t depth,
                       api_problem *p)
{
    api_json_bulk *b = &r->bulk;
    if (e->depth == depth && e->type == API_JSON_OBJECT_END)
        return take_record(r, ctx, e, p);
    if (e->depth == depth) {
        char place[API_PLACE_SIZE];
        r->place(place, b->rows, NULL);
        if (e->type != API_JSON_OBJECT_BEGIN)
            return api_problem_field(p, place, "must be an object, got %s (line %llu, byte %llu)",
                                     api_json_type_name(e->type), (unsigned long long)e->line,
                                     (unsigned long long)e->start);
        b->at = 0;
        return true;
    }
    if (e->depth > depth + 1)
        return true; /* inside a value that is of no type, and noted as such */
    if (e->type == API_JSON_KEY)
        return take_key(r, e, p);
    double *record = b->rows == 0 ? r->first : b->v + b->n;
    if (!api_named_value(&r->named, r->key, b->rows, e, &record[r->key], p))
        return false;
    if (b->rows > 0 && api_named_is_numeric(&r->named, r->key)) /* known since this value, maybe */
        r->keys[r->key] = r->spelled[r->key];
    return true;
}

/* ---- towards the sink ---- */

/* Rows whose columns are all wanted, or as good as that, are told of. */
static bool begin_rows(api_records *r, const api_sink *sink, const char *target, api_problem *p)
{
    size_t width = r->named.keys.count;
    r->handed_on = true;
    if (!target || width < 2)
        return true;
    r->split = api_names_find(&r->named.keys, target);
    if (r->split == SIZE_MAX)
        return true;
    r->targets = malloc((r->bulk.cap / width + 1) * sizeof *r->targets);
    if (!r->targets)
        return no_memory(p);
    bool all = sink->width && !r->named.options->columns;
    for (size_t i = 0; i < width; i++)
        all = all && r->named.cells[i].type != API_IGNORE;
    if (all)
        sink->width(sink->ctx, width - 1);
    return true;
}

/* Takes the target out of n records, whose values move up. */
static void split_rows(api_records *r, size_t n)
{
    size_t width = r->named.keys.count, at = r->split, behind = width - 1 - at;
    double *to = r->bulk.v;
    for (size_t i = 0; i < n; i++, to += width - 1) {
        const double *from = r->bulk.v + i * width;
        r->targets[i] = from[at];
        memmove(to, from, at * sizeof *to);
        memmove(to + at, from + at + 1, behind * sizeof *to);
    }
}

bool api_records_hand_on(api_records *r, const api_sink *sink, const char *target, api_problem *p)
{
    size_t width = r->named.keys.count, n = r->bulk.n / (width ? width : 1);
    r->bulk.n = 0;
    if (n == 0)
        return true;
    if (!r->handed_on && !begin_rows(r, sink, target, p))
        return false;
    if (!r->told)
        r->told = api_sink_texts(sink, r->named.cells, width, r->split);
    if (r->split == SIZE_MAX)
        return sink->values(sink->ctx, r->bulk.v, n * width, p);
    split_rows(r, n);
    return sink->values(sink->ctx, r->bulk.v, n * (width - 1), p) &&
           sink->targets(sink->ctx, r->targets, n, p);
}

void api_records_settle(const api_records *r, api_dataset *out)
{
    api_dataset_split(out, r->split);
}
