/* JSON datasets, in three shapes, with members in any order:
 *
 *     {"name": "...", "columns": ["radio"], "X": [[37.8], [39.3]], "y": [22.1, 10.4]}
 *     {"data": [{"radio": 37.8, "sales": 22.1}, ...], "target": "sales"}
 *     {"columns": {"radio": [37.8, 39.3], "sales": [22.1, 10.4]}, "target": "sales"}
 *
 * A flat X means one feature. In records the first one names the columns; values that no
 * feature or target wants may be anything. A target that is not named is "y".
 */
#include "api_records.h"
#include "api_series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum member { NAME, COLUMNS, X, Y, DATA, TARGET, DTYPE, MEMBERS, UNKNOWN } member;

static const char *const member_names[MEMBERS] = {"name", "columns", "X",    "y",
                                                  "data", "target",  "dtype"};

enum { ROOM = 1024 };

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    api_json *json;
    member at;
    bool seen[MEMBERS];
    api_problem soft; /* bad fields that don't stop the reading */
    char *name, *target;
    api_dtype dtype;
    api_names columns;
    size_t columns_at;   /* elements of "columns" so far */
    bool columns_listed; /* "columns" is an array of names */
    bool columns_given;  /* it is an object of columns */
    bool flat;
    size_t cols;
    api_json_bulk x, y; /* at: of a flat X its rows, of y its targets */
    api_names labels;   /* of y, where it is texts */
    api_records records;
    api_series series;
    uint64_t values; /* handed on to the sink */
    double x_room[ROOM], y_room[ROOM];
} reader;

/* ---- towards the sink ---- */

static bool hand_on(reader *r, api_json_bulk *b, bool targets, api_problem *p)
{
    const api_sink *s = r->sink;
    size_t n = b->n;
    b->n = 0;
    r->values += n;
    if (r->options->max_values && r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    return n == 0 || (targets ? s->targets : s->values)(s->ctx, b->v, n, p);
}

static bool full(void *ctx, api_problem *p)
{
    reader *r = ctx;
    return hand_on(r, &r->x, false, p) && hand_on(r, &r->records.bulk, false, p) &&
           hand_on(r, &r->series.bulk, false, p) && hand_on(r, &r->y, true, p);
}

static bool put(reader *r, api_json_bulk *b, double v, api_problem *p)
{
    b->v[b->n++] = v;
    return b->n < b->cap || full(r, p);
}

/* ---- X and y ---- */

static bool not_a_number(const char *field, const api_json_event *e, api_problem *p)
{
    if (e->overflow)
        return api_problem_field(p, field,
                                 "%.*s is beyond the range of double precision (line %llu, byte "
                                 "%llu)",
                                 (int)(e->len < 40 ? e->len : 40), e->text,
                                 (unsigned long long)e->line, (unsigned long long)e->start);
    return api_problem_field(p, field, "must be a finite number, got %s (line %llu, byte %llu)",
                             api_json_type_name(e->type), (unsigned long long)e->line,
                             (unsigned long long)e->start);
}

static uint64_t rows_of(const reader *r)
{
    return r->flat ? r->x.at : r->x.rows;
}

static bool x_problem(const reader *r, const char *what, size_t got, api_problem *p)
{
    char field[40];
    snprintf(field, sizeof field, "X[%llu]", (unsigned long long)rows_of(r));
    return api_problem_field(p, field, what, got, got == 1 ? "" : "s", r->cols);
}

static bool row_ended(reader *r, api_problem *p)
{
    api_json_bulk *b = &r->x;
    if (b->at == 0)
        return x_problem(r, "must have at least one value", 0, p);
    if (b->rows == 0)
        r->cols = b->width = (size_t)b->at;
    if (b->at != r->cols)
        return x_problem(r, "has %zu value%s, but X[0] has %zu", (size_t)b->at, p);
    b->paused = false;
    if (++b->rows > GD_MAX_ROWS)
        return api_problem_field(p, "X", "has more than %zu rows", GD_MAX_ROWS);
    return true;
}

/* An element of X that is a number: X is flat, or should not have it. */
static bool flat_value(reader *r, const api_json_event *e, api_problem *p)
{
    char field[40];
    snprintf(field, sizeof field, "X[%llu]", (unsigned long long)rows_of(r));
    if (e->type != API_JSON_NUMBER || e->overflow)
        return not_a_number(field, e, p);
    if (r->x.rows > 0)
        return api_problem_field(
            p, field,
            "must be an array of %zu numbers like X[0], got a number (line %llu, byte %llu)",
            r->cols, (unsigned long long)e->line, (unsigned long long)e->start);
    r->flat = true;
    r->cols = 1;
    r->x.paused = false;
    if (++r->x.at > GD_MAX_ROWS)
        return api_problem_field(p, "X", "has more than %zu rows", GD_MAX_ROWS);
    return put(r, &r->x, e->number, p);
}

/* The array itself, X or y, at depth 1. */
static bool read_list(reader *r, api_json_bulk *b, const char *name, const char *of,
                      const api_json_event *e, api_problem *p)
{
    if (e->type != API_JSON_ARRAY_BEGIN && e->type != API_JSON_ARRAY_END)
        return api_problem_field(p, name, "must be an array of %s, got %s", of,
                                 api_json_type_name(e->type));
    b->paused = true; /* until its first element tells what they are */
    if (e->type == API_JSON_ARRAY_BEGIN)
        api_json_bulk_begin(r->json, b);
    return true;
}

static bool read_x(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return read_list(r, &r->x, "X", "rows", e, p);
    if (e->depth == 2 && e->type == API_JSON_ARRAY_BEGIN) {
        if (r->flat)
            return x_problem(r, "must be a number like X[0], got an array", 0, p);
        r->x.at = 0;
        return true;
    }
    if (e->depth == 2)
        return e->type == API_JSON_ARRAY_END ? row_ended(r, p) : flat_value(r, e, p);
    if (e->type != API_JSON_NUMBER || e->overflow) {
        char field[64];
        snprintf(field, sizeof field, "X[%llu][%llu]", (unsigned long long)r->x.rows,
                 (unsigned long long)r->x.at);
        return not_a_number(field, e, p);
    }
    if (++r->x.at > GD_MAX_COLUMNS)
        return api_problem_field(p, "X", "has more than %zu columns", GD_MAX_COLUMNS);
    return put(r, &r->x, e->number, p);
}

static bool read_y(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return read_list(r, &r->y, "y", "numbers", e, p);
    char field[40];
    snprintf(field, sizeof field, "y[%llu]", (unsigned long long)r->y.at);
    bool texts = r->labels.count > 0 || (r->y.at == 0 && e->type == API_JSON_STRING);
    size_t label = 0;
    if (texts && e->type != API_JSON_STRING)
        return api_problem_field(p, field, "must be a string like y[0], got %s (line %llu, byte %llu)",
                                 api_json_type_name(e->type), (unsigned long long)e->line,
                                 (unsigned long long)e->start);
    if (!texts && (e->type != API_JSON_NUMBER || e->overflow))
        return not_a_number(field, e, p);
    if (texts && (label = api_names_label(&r->labels, e->text, field, p)) == SIZE_MAX)
        return false;
    if (++r->y.at > GD_MAX_ROWS)
        return api_problem_field(p, "y", "has more than %zu values", GD_MAX_ROWS);
    r->y.paused = texts;
    return put(r, &r->y, texts ? (double)label : e->number, p);
}

static bool read_data(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth > 1)
        return api_records_event(&r->records, r, e, 2, p);
    if (e->type == API_JSON_ARRAY_BEGIN)
        api_json_bulk_begin(r->json, &r->records.bulk);
    return e->type == API_JSON_ARRAY_BEGIN || e->type == API_JSON_ARRAY_END ||
           api_problem_field(p, "data", "must be an array of objects, got %s",
                             api_json_type_name(e->type));
}

/* ---- names ---- */

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

static bool read_word(reader *r, const api_json_event *e, const char *field, char **to,
                      api_problem *p)
{
    if (e->depth > 1)
        return true;
    if (e->type != API_JSON_STRING) {
        if (e->type != API_JSON_OBJECT_END && e->type != API_JSON_ARRAY_END)
            api_problem_field(&r->soft, field, "must be a string, got %s",
                              api_json_type_name(e->type));
        return true;
    }
    if (!api_name_check(e->text, field, &r->soft))
        return true;
    free(*to);
    *to = strdup(e->text);
    return *to || no_memory(p);
}

static bool read_dtype(reader *r, const api_json_event *e)
{
    if (e->depth == 1 && e->type == API_JSON_STRING)
        r->dtype = api_dtype_read(e->text, "dtype", &r->soft);
    else if (e->depth == 1 && e->type != API_JSON_OBJECT_END && e->type != API_JSON_ARRAY_END)
        api_problem_field(&r->soft, "dtype", "must be \"float64\" or \"float32\", got %s",
                          api_json_type_name(e->type));
    return true;
}

/* "columns": a list of names, or the columns themselves. */
static bool read_columns(reader *r, const api_json_event *e, api_problem *p)
{
    char field[40];
    bool begins = e->type != API_JSON_OBJECT_END && e->type != API_JSON_ARRAY_END;
    if (e->depth == 1 && begins) {
        r->columns_listed = r->options->labelled && e->type == API_JSON_ARRAY_BEGIN;
        r->columns_given = e->type == API_JSON_OBJECT_BEGIN;
        if (!r->columns_listed && !r->columns_given)
            api_problem_field(&r->soft, "columns", "must be %san object of columns, got %s",
                              r->options->labelled ? "an array of names or " : "",
                              api_json_type_name(e->type));
        return true;
    }
    if (e->depth >= 2 && r->columns_given)
        return api_series_event(&r->series, r->json, r, e, 2, p);
    if (e->depth != 2 || !begins || !r->columns_listed)
        return true;
    snprintf(field, sizeof field, "columns[%zu]", r->columns_at++);
    if (e->type != API_JSON_STRING) {
        api_problem_field(&r->soft, field, "must be a string, got %s", api_json_type_name(e->type));
        return true;
    }
    if (r->columns.count == GD_MAX_COLUMNS)
        return api_problem_field(p, "columns", "names more than %zu columns", GD_MAX_COLUMNS);
    api_name_check(e->text, field, &r->soft);
    switch (api_names_add(&r->columns, e->text)) {
    case API_NAMES_TWICE:
        api_problem_field(&r->soft, field, "\"%.64s\" is given twice", e->text);
        break;
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    return true;
}

/* ---- the document ---- */

static bool known(const reader *r, member m)
{
    if (m == DTYPE) /* of what is stored, not of rows for a model */
        return r->options->labelled && !r->options->in_order;
    return r->options->labelled || m == X || m == DATA || m == COLUMNS;
}

static bool begin_member(reader *r, const api_json_event *e, api_problem *p)
{
    enum { MOST_OTHERS = 16 };
    const char *names[MEMBERS + MOST_OTHERS], *const *others = r->options->others;
    size_t count = 0;
    r->at = UNKNOWN;
    for (size_t i = 0; others && others[i] && i < MOST_OTHERS; i++) {
        names[count++] = others[i];
        if (strcmp(e->text, others[i]) == 0)
            return true;
    }
    for (member m = 0; m < MEMBERS; m++) {
        if (!known(r, m))
            continue;
        names[count++] = member_names[m];
        if (strcmp(e->text, member_names[m]) == 0)
            r->at = m;
    }
    if (r->at == UNKNOWN) {
        api_problem_unknown(&r->soft, e->text, names, count);
        return true;
    }
    if (r->seen[r->at])
        return api_problem_set(p, API_BAD_JSON, "the name \"%s\" is given twice", e->text);
    r->seen[r->at] = true;
    return true;
}

static bool on_event(void *ctx, const api_json_event *e, api_problem *p)
{
    reader *r = ctx;
    if (e->depth == 0)
        return e->type == API_JSON_OBJECT_BEGIN || e->type == API_JSON_OBJECT_END ||
               api_problem_set(p, API_BAD_JSON, "the body must be a JSON object: {...}, not %s",
                               api_json_type_name(e->type));
    if (e->depth == 1 && e->type == API_JSON_KEY)
        return begin_member(r, e, p);
    switch (r->at) {
    case NAME:
        return read_word(r, e, "name", &r->name, p);
    case TARGET:
        return read_word(r, e, "target", &r->target, p);
    case COLUMNS:
        return read_columns(r, e, p);
    case X:
        return read_x(r, e, p);
    case Y:
        return read_y(r, e, p);
    case DATA:
        return read_data(r, e, p);
    case DTYPE:
        return read_dtype(r, e);
    case MEMBERS:
    case UNKNOWN:
        break;
    }
    return true;
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->at = UNKNOWN;
    r->x = (api_json_bulk){.v = r->x_room, .cap = ROOM, .most = GD_MAX_ROWS, .full = full};
    r->y = (api_json_bulk){.v = r->y_room, .cap = ROOM, .most = GD_MAX_ROWS, .full = full};
    size_t most = GD_MAX_COLUMNS + options->labelled; /* one more for the target */
    api_records_begin(&r->records, api_place_record, most, full);
    api_series_begin(&r->series, most, full);
    r->json = api_json_new(on_event, r);
    if (!r->json) {
        free(r);
        return NULL;
    }
    return r;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    reader *r = reader_;
    return api_json_feed(r->json, bytes, n, p);
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_json_free(r->json);
    api_names_free(&r->columns);
    api_records_free(&r->records);
    api_series_free(&r->series);
    api_names_free(&r->labels);
    free(r->name);
    free(r->target);
    free(r);
}

/* ---- what it all was ---- */

static bool take_columns(api_dataset *out, size_t cols, api_problem *p)
{
    out->cols = cols;
    out->columns = calloc(cols, sizeof *out->columns);
    out->features = calloc(cols, sizeof *out->features);
    return (out->columns && out->features) || no_memory(p);
}

enum { MADE_NAME = 32 };

/* Columns without names are x, or x1, x2, ... */
static const char *make_name(const reader *r, size_t i, char name[MADE_NAME])
{
    if (r->cols > 1)
        snprintf(name, MADE_NAME, "x%zu", i + 1);
    else
        snprintf(name, MADE_NAME, "x");
    return name;
}

static bool has_column(const reader *r, bool named, const char *name)
{
    char made[MADE_NAME];
    bool has = named && api_names_find(&r->columns, name) != SIZE_MAX;
    for (size_t i = 0; !named && i < r->cols; i++)
        has = has || strcmp(make_name(r, i, made), name) == 0;
    return has;
}

static bool finish_matrix(reader *r, api_dataset *out, api_problem *p)
{
    api_problem *soft = &r->soft;
    bool named = r->seen[COLUMNS];
    const char *asked = r->options->target, *target = r->target ? r->target : asked ? asked : "y";
    if (rows_of(r) == 0)
        api_problem_field(soft, "X", "must have at least one row");
    if (r->options->labelled && !r->seen[Y])
        api_problem_field(soft, "y", "is missing: the target of each row of X");
    else if (r->options->labelled && r->y.at != rows_of(r))
        api_problem_field(soft, "y", "has %llu values, but X has %llu rows",
                          (unsigned long long)r->y.at, (unsigned long long)rows_of(r));
    if (named && r->columns_listed && rows_of(r) > 0 && r->columns_at != r->cols)
        api_problem_field(soft, "columns", "names %zu columns, but the rows of X have %zu values",
                          r->columns_at, r->cols);
    if (r->options->labelled && r->options->columns && !r->options->in_order)
        api_problem_field(soft, "columns",
                          "in the query chooses among named columns: of CSV or records");
    if (r->options->labelled && has_column(r, named, target))
        api_problem_field(soft, "target", "\"%s\" is the name of a column of X too", target);
    if (soft->code != API_NO_PROBLEM)
        return true;
    if (!take_columns(out, r->cols, p))
        return false;
    for (size_t i = 0; i < r->cols; i++) {
        char made[MADE_NAME];
        out->columns[i] = strdup(named ? r->columns.list[i] : make_name(r, i, made));
        out->features[i] = i;
        if (!out->columns[i])
            return no_memory(p);
    }
    out->rows = rows_of(r);
    out->stored = r->cols;
    out->target_at = API_APART;
    if (r->options->labelled && !(out->target = strdup(target)))
        return no_memory(p);
    if (r->labels.count)
        out->labels = api_names_take(&r->labels, &out->labels_count);
    return true;
}

/* Records, and columns that are given. */
static bool finish_named(reader *r, api_named *n, const char *what, api_place_text *place,
                         api_dataset *out, api_problem *p)
{
    static const char *const none[] = {NULL};
    api_choice c = {.target = r->target ? r->target : r->options->target,
                    .labelled = r->options->labelled,
                    .what = what,
                    .place = place};
    if (r->columns_listed) {
        c.columns = r->columns.count ? (const char *const *)r->columns.list : none;
        c.columns_count = r->columns.count;
    } else if (r->options->columns) {
        c.columns = r->options->columns;
        c.columns_count = r->options->columns_count;
    }
    return api_named_finish(n, &c, out, &r->soft, p);
}

static bool finish_records(reader *r, api_dataset *out, api_problem *p)
{
    out->rows = r->records.bulk.rows;
    if (out->rows == 0)
        return api_problem_field(&r->soft, "data", "must have at least one record"), true;
    return finish_named(r, &r->records.named, "the records", api_place_record, out, p);
}

static bool finish_series(reader *r, api_dataset *out, api_problem *p)
{
    out->rows = r->series.rows;
    out->by_columns = true;
    if (out->rows == 0)
        return api_problem_field(&r->soft, "columns", "must have at least one value each"), true;
    if (!r->target && !(r->target = strdup(r->options->target ? r->options->target : "y")))
        return no_memory(p);
    return finish_named(r, &r->series.named, "the columns", api_place_series, out, p);
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    api_dataset made = {0};
    bool ok = api_json_finish(r->json, p) && full(r, p);
    if (!ok)
        goto fail;
    if (r->seen[X] && r->seen[DATA])
        api_problem_field(&r->soft, "data", "can't be given together with X");
    else if (r->columns_given && (r->seen[X] || r->seen[DATA]))
        api_problem_field(&r->soft, "columns", "are data themselves, beside %s; give one of them",
                          r->seen[X] ? "X" : "data");
    else if (r->seen[Y] && !r->seen[X] && (r->seen[DATA] || r->columns_given))
        api_problem_field(&r->soft, "y", "belongs to X; %s name their target by \"target\"",
                          r->seen[DATA] ? "records" : "columns");
    else if (r->seen[DATA])
        ok = finish_records(r, &made, p);
    else if (r->columns_given)
        ok = finish_series(r, &made, p);
    else if (r->seen[X])
        ok = finish_matrix(r, &made, p);
    else
        api_problem_field(&r->soft, "X", "is missing: give X%s, or records in data, or columns",
                          r->options->labelled ? " and y" : "");
    if (ok && r->soft.code != API_NO_PROBLEM) {
        *p = r->soft;
        ok = false;
    }
    const char *name = r->name ? r->name : r->options->name ? r->options->name : "";
    if (ok && !(made.name = strdup(name)))
        ok = no_memory(p);
    if (!ok)
        goto fail;
    made.dtype = r->dtype;
    *out = made;
    return true;
fail:
    api_dataset_free(&made);
    return false;
}

const api_format api_format_json = {
    .name = "json",
    .media_type = "application/json",
    .suffixes = ".json",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
