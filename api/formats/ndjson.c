/* NDJSON: a row a line, each a JSON document without a line end inside.
 *
 *     {"radio": 37.8, "sales": 22.1}        or        ["radio", "sales"]
 *     {"radio": 39.3, "sales": 10.4}                  [37.8, 22.1]
 *                                                     [39.3, 10.4]
 *
 * Records are those of JSON. Rows as arrays may have their names in the first line; else their
 * columns are x1, x2, ..., or x, or those of the model that they are for. The query names the target, and the features if not all other
 * columns are wanted. Blank lines are passed over. */
#include "api_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1024 };

typedef enum shape { NOTHING_YET, RECORDS, ARRAYS } shape;

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    api_json *json;
    shape shape;
    api_records records;
    api_named named;    /* of arrays */
    api_json_bulk rows; /* of arrays; width 0 before the first line's end */
    double *first;      /* the first line's values */
    char **texts;       /* texts_count: those that are texts; the others are NULL */
    size_t texts_count;
    size_t first_cap;
    size_t split,
        column;     /* the target's column, which goes apart, or SIZE_MAX; that of the next value */
    bool handed_on; /* the first values of arrays */
    bool told;      /* the sink knows which columns are texts */
    uint64_t values; /* handed on to the sink */
    double room[ROOM], targets[ROOM];
} reader;

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

/* Rows as arrays whose target is among them go without it; those whose other columns are all wanted
 * are told of. */
static void begin_arrays(reader *r)
{
    const api_read_options *o = r->options;
    size_t width = r->rows.width;
    r->handed_on = true;
    if (!o->labelled || !o->target || width < 2)
        return;
    r->split = api_names_find(&r->named.keys, o->target);
    bool all = r->split != SIZE_MAX && r->sink->width && !o->columns;
    for (size_t i = 0; i < width; i++)
        all = all && r->named.cells[i].type != API_IGNORE;
    if (all)
        r->sink->width(r->sink->ctx, width - 1);
}

/* Takes the targets out of n values, which move up; how many are left. */
static size_t split_values(reader *r, double *v, size_t n)
{
    const double *from = v, *end = v + n;
    double *to = v, *target = r->targets;
    while (from < end) {
        bool is_target = r->column == r->split;
        size_t run = is_target ? 1 : (r->column < r->split ? r->split : r->rows.width) - r->column;
        run = run < (size_t)(end - from) ? run : (size_t)(end - from);
        if (is_target)
            *target++ = *from;
        else
            memmove(to, from, run * sizeof *to);
        to += is_target ? 0 : run;
        from += run;
        r->column = (r->column + run) % r->rows.width;
    }
    return (size_t)(to - v);
}

static bool hand_on_arrays(reader *r, api_problem *p)
{
    const api_sink *s = r->sink;
    size_t n = r->rows.n, left = n;
    r->rows.n = 0;
    if (n == 0)
        return true;
    if (!r->handed_on)
        begin_arrays(r);
    if (!r->told)
        r->told = api_sink_texts(s, r->named.cells, r->rows.width, r->split);
    if (r->split != SIZE_MAX)
        left = split_values(r, r->rows.v, n);
    return (left == 0 || s->values(s->ctx, r->rows.v, left, p)) &&
           (left == n || s->targets(s->ctx, r->targets, n - left, p));
}

static bool hand_on(reader *r, api_json_bulk *b, api_problem *p)
{
    size_t n = b->n;
    r->values += n;
    if (r->options->max_values && r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    if (b == &r->records.bulk)
        return api_records_hand_on(&r->records, r->sink,
                                   r->options->labelled ? r->options->target : NULL, p);
    return hand_on_arrays(r, p);
}

static bool full(void *ctx, api_problem *p)
{
    reader *r = ctx;
    return hand_on(r, &r->rows, p) && hand_on(r, &r->records.bulk, p);
}

/* ---- rows as arrays ---- */

static bool put(reader *r, double v, api_problem *p)
{
    r->rows.v[r->rows.n++] = v;
    return r->rows.n < r->rows.cap || full(r, p);
}

static bool add_column(api_named *n, const char *name, api_problem *p)
{
    switch (api_named_add(n, name)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, "columns", "the first line has \"%.64s\" twice", name);
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    return true;
}

/* A value of the first line, which tells how many columns there are. */
static bool first_value(reader *r, const api_json_event *e, api_problem *p)
{
    size_t at = (size_t)r->rows.at;
    char made[32];
    if (at == GD_MAX_COLUMNS + r->options->labelled) /* one column more for the target */
        return api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    const api_read_options *o = r->options;
    bool by_place = o->in_order && !o->labelled && at < o->columns_count; /* unless they are names */
    snprintf(made, sizeof made, "x%zu", at + 1);
    if (!add_column(&r->named, by_place ? o->columns[at] : made, p))
        return false;
    if (at == r->first_cap) {
        size_t cap = r->first_cap ? 2 * r->first_cap : 64;
        double *grown = realloc(r->first, cap * sizeof *grown);
        if (grown)
            r->first = grown;
        char **texts = realloc(r->texts, cap * sizeof *texts);
        if (texts)
            r->texts = texts;
        if (!grown || !texts)
            return no_memory(p);
        r->first_cap = cap;
    }
    r->rows.at++;
    r->texts[at] = e->type == API_JSON_STRING ? strdup(e->text) : NULL;
    r->texts_count = at + 1;
    if (e->type == API_JSON_STRING && !r->texts[at])
        return no_memory(p);
    return api_named_value(&r->named, at, 0, e, &r->first[at], p);
}

/* The first line has texts alone: they name the columns. */
static bool take_names(reader *r, api_problem *p)
{
    bool ok = true;
    api_named_free(&r->named);
    for (size_t i = 0; ok && i < r->rows.width; i++)
        ok = add_column(&r->named, r->texts[i], p);
    return ok;
}

/* Must each value of a row pass through api_named_value? */
static bool is_mixed(const reader *r)
{
    bool mixed = false;
    for (size_t i = 0; i < r->rows.width; i++)
        mixed = mixed || !api_named_is_numeric(&r->named, i);
    return mixed;
}

static bool first_line_ended(reader *r, api_problem *p)
{
    api_json_bulk *b = &r->rows;
    size_t texts = 0;
    if (b->at == 0)
        return api_problem_field(p, "row 1", "must have at least one value");
    b->width = (size_t)b->at;
    for (size_t i = 0; i < b->width; i++)
        texts += r->texts[i] != NULL;
    if (texts == b->width)
        return take_names(r, p);
    const api_read_options *o = r->options;
    if (o->in_order && !o->labelled && b->width != o->columns_count)
        return api_problem_field(p, "row 1", "has %zu value%s without names, but the model has %zu",
                                 b->width, b->width == 1 ? "" : "s", o->columns_count);
    if (b->width == 1 && strcmp(r->named.keys.list[0], "x1") == 0)
        r->named.keys.list[0][1] = '\0'; /* x, not x1 */
    b->rows = 1;
    b->paused = is_mixed(r);
    for (size_t i = 0; i < b->width; i++)
        if (!put(r, r->first[i], p))
            return false;
    return true;
}

static bool row_ended(reader *r, const api_json_event *e, api_problem *p)
{
    api_json_bulk *b = &r->rows;
    if (b->width == 0)
        return first_line_ended(r, p);
    if (b->at != b->width) {
        char place[API_PLACE_SIZE];
        api_place_row(place, b->rows, NULL);
        return api_problem_field(p, place, "has %llu value%s, but the first line has %zu (line %llu)",
                                 (unsigned long long)b->at, b->at == 1 ? "" : "s", b->width,
                                 (unsigned long long)e->line);
    }
    if (b->paused)
        b->paused = is_mixed(r);
    if (++b->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    return true;
}

static bool read_array(reader *r, const api_json_event *e, api_problem *p)
{
    api_json_bulk *b = &r->rows;
    if (e->depth == 0 && e->type == API_JSON_ARRAY_BEGIN) {
        b->at = 0;
        return true;
    }
    if (e->depth == 0)
        return row_ended(r, e, p);
    if (e->depth > 1 || e->type == API_JSON_OBJECT_END || e->type == API_JSON_ARRAY_END)
        return true; /* of a value that is not a number, and noted as such */
    if (b->width == 0)
        return first_value(r, e, p);
    double v;
    if (b->at >= b->width)
        return b->at++, true; /* said at the row's end */
    if (!api_named_value(&r->named, (size_t)b->at, b->rows, e, &v, p))
        return false;
    b->at++;
    return put(r, v, p);
}

/* ---- the lines ---- */

static bool on_event(void *ctx, const api_json_event *e, api_problem *p)
{
    reader *r = ctx;
    bool object = e->type == API_JSON_OBJECT_BEGIN, array = e->type == API_JSON_ARRAY_BEGIN;
    if (r->shape == NOTHING_YET && object) {
        r->shape = RECORDS;
        api_json_bulk_begin(r->json, &r->records.bulk);
    } else if (r->shape == NOTHING_YET && array) {
        r->shape = ARRAYS;
        api_json_bulk_begin(r->json, &r->rows);
    }
    bool fits = r->shape == RECORDS  ? e->type != API_JSON_ARRAY_BEGIN
                : r->shape == ARRAYS ? e->type != API_JSON_OBJECT_BEGIN
                                     : false;
    bool scalar = e->type >= API_JSON_KEY;
    if (e->depth == 0 && (!fits || scalar))
        return api_problem_field(
            p, "rows", "must be %s a line, got %s (line %llu, byte %llu)",
            r->shape == RECORDS  ? "an object"
            : r->shape == ARRAYS ? "an array"
                                 : "an object or an array",
            api_json_type_name(e->type), (unsigned long long)e->line, (unsigned long long)e->start);
    return r->shape == RECORDS ? api_records_event(&r->records, r, e, 0, p) : read_array(r, e, p);
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_json_free(r->json);
    api_records_free(&r->records);
    api_named_free(&r->named);
    for (size_t i = 0; r->texts && i < r->texts_count; i++)
        free(r->texts[i]);
    free(r->texts);
    free(r->first);
    free(r);
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->rows = (api_json_bulk){
        .v = r->room, .cap = ROOM, .paused = true, .most = GD_MAX_ROWS, .full = full};
    r->named.options = options;
    r->split = SIZE_MAX;
    api_records_begin(&r->records, options, NULL, api_place_row, GD_MAX_COLUMNS + options->labelled, full);
    r->json = api_json_new(on_event, r);
    if (!r->json) {
        close_reader(r);
        return NULL;
    }
    api_json_lines(r->json);
    return r;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    reader *r = reader_;
    return api_json_feed(r->json, bytes, n, p);
}

static bool choose(reader *r, api_dataset *made, api_problem *p)
{
    const api_read_options *o = r->options;
    api_problem soft = {0};
    bool records = r->shape == RECORDS;
    api_choice c = {.columns = o->columns,
                    .columns_count = o->columns_count,
                    .target = o->target,
                    .labelled = o->labelled,
                    .what = records ? "the records" : "the rows",
                    .place = api_place_row};
    made->rows = records ? r->records.bulk.rows : r->rows.rows;
    if (made->rows == 0)
        return api_problem_set(p, API_INVALID, r->shape == NOTHING_YET
                                                   ? "the body is empty: a row a line is needed"
                                                   : "there are names but no rows");
    if (!api_named_finish(records ? &r->records.named : &r->named, &c, made, &soft, p))
        return false;
    if (soft.code != API_NO_PROBLEM) {
        *p = soft;
        return false;
    }
    if (records)
        api_records_settle(&r->records, made);
    else
        api_dataset_split(made, r->split);
    made->name = strdup(o->name ? o->name : "");
    return made->name || no_memory(p);
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    api_dataset made = {0};
    if (!api_json_finish(r->json, p) || !full(r, p))
        return false;
    if (!choose(r, &made, p)) {
        api_dataset_free(&made);
        return false;
    }
    *out = made;
    return true;
}

const api_format api_format_ndjson = {
    .name = "ndjson",
    .media_type = "application/x-ndjson",
    .suffixes = ".ndjson .jsonl",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
