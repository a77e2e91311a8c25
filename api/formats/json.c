/* JSON datasets, in three shapes, with members in any order:
 *
 *     {"name": "...", "columns": ["radio"], "X": [[37.8], [39.3]], "y": [22.1, 10.4]}
 *     {"data": [{"radio": 37.8, "sales": 22.1}, ...], "target": "sales"}
 *     {"columns": {"radio": [37.8, 39.3], "sales": [22.1, 10.4]}, "target": "sales"}
 *
 * Rows for a model may also be sparse: {"sparse_X": [{"3": 1.5, "17": 2}, ...]}.
 * A flat X means one feature. In records the first one names the columns; values that no
 * feature or target wants may be anything. A target that is not named is "y". "types": {"city":
 * "categorical"} gives the types of columns; it stands before the data, unless they are of those
 * types anyway.
 */
#include "api_dataset.h"
#include "api_json_dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef api_json_dataset reader;
typedef api_json_part member;

static const char *const member_names[MEMBERS] = {"name",   "columns", "X",     "y",       "data",
                                                  "target", "dtype",   "types", "sparse_X"};

/* ---- towards the sink ---- */

static bool hand_on(reader *r, api_json_bulk *b, bool targets, api_problem *p)
{
    const api_sink *s = r->sink;
    size_t n = b->n;
    if (n == 0)
        return true;
    r->values += n;
    if (r->options->max_values && r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    if (b == &r->records.bulk) /* a target named by the query may be named otherwise behind them */
        return api_records_hand_on(&r->records, s, r->options->labelled ? r->target : NULL, p);
    if (b == &r->x && !r->x_told)
        r->x_told = api_sink_texts(s, r->x_cells, r->x_cells_count, SIZE_MAX);
    b->n = 0;
    if (targets)
        return s->targets(s->ctx, b->v, n, p);
    bool ok = s->values(s->ctx, b->v, n, p);
    if (ok && s->room)
        b->v = s->room(s->ctx, &b->cap);
    if (b->cap > API_JSON_ROOM)
        b->cap = API_JSON_ROOM; /* what is held is looked at now and then */
    return ok;
}

bool api_json_full(void *ctx, api_problem *p)
{
    reader *r = ctx;
    return hand_on(r, &r->x, false, p) && hand_on(r, &r->records.bulk, false, p) &&
           hand_on(r, &r->series.bulk, false, p) && hand_on(r, &r->y, true, p);
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

static bool read_typed(reader *r, const api_json_event *e, api_problem *p)
{
    free(r->typed);
    r->typed = strdup(e->text);
    return r->typed || no_memory(p);
}

/* "types": {"city": "categorical"} */
static bool read_types(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1 && e->type != API_JSON_OBJECT_BEGIN && e->type != API_JSON_OBJECT_END &&
        e->type != API_JSON_ARRAY_END)
        api_problem_field(&r->soft, "types",
                          "must be an object like {\"city\": \"categorical\"}, got %s",
                          api_json_type_name(e->type));
    if (e->depth != 2 || e->type == API_JSON_OBJECT_END || e->type == API_JSON_ARRAY_END)
        return true;
    if (e->type == API_JSON_KEY)
        return read_typed(r, e, p);
    if (!r->typed)
        return true; /* in an array, which is told of already */
    char field[96];
    snprintf(field, sizeof field, "types.%.80s", r->typed);
    if (e->type != API_JSON_STRING) {
        api_problem_field(&r->soft, field, "must be a string, got %s", api_json_type_name(e->type));
        return true;
    }
    api_type type = api_type_read(e->text, field, &r->soft);
    return type == API_TYPE_UNKNOWN || api_types_add(&r->types, r->typed, type, field, p);
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
    if (m == DTYPE || m == TYPES) /* of what is stored, not of rows for a model */
        return r->options->labelled && !r->options->in_order;
    if (r->options->added_to && (m == SPARSE_X || m == X || m == DATA || m == COLUMNS))
        return (m == SPARSE_X) == r->options->numbered;
    if (m == SPARSE_X)
        return r->options->in_order && r->sink->entries;
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
        return api_problem_set(p, API_BAD_JSON, "the name \"%.64s\" is given twice (line %llu, byte %llu)",
                               e->text, (unsigned long long)e->line, (unsigned long long)e->start);
    r->seen[r->at] = ++r->members;
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
        return api_json_read_x(r, e, p);
    case Y:
        return api_json_read_y(r, e, p);
    case DATA:
        return read_data(r, e, p);
    case DTYPE:
        return read_dtype(r, e);
    case TYPES:
        return read_types(r, e, p);
    case SPARSE_X:
        return api_sparse_event(&r->sparse, "sparse_X", e, p);
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
    r->x = (api_json_bulk){.v = r->x_room, .cap = API_JSON_ROOM, .most = GD_MAX_ROWS, .full = api_json_full};
    r->y = (api_json_bulk){.v = r->y_room, .cap = API_JSON_ROOM, .most = GD_MAX_ROWS, .full = api_json_full};
    size_t most = GD_MAX_COLUMNS + options->labelled; /* one more for the target */
    api_records_begin(&r->records, options, &r->types, api_place_record, most, api_json_full);
    api_series_begin(&r->series, options, &r->types, most, api_json_full);
    api_sparse_begin(&r->sparse, options, sink);
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
    api_sparse_free(&r->sparse);
    api_types_free(&r->types);
    for (size_t i = 0; i < r->x_cells_count; i++)
        api_cells_free(&r->x_cells[i]);
    free(r->x_cells);
    api_cells_free(&r->y_cells);
    free(r->typed);
    free(r->name);
    free(r->target);
    free(r);
}

/* ---- what it all was ---- */

/* Rows for a model, which knows their columns. */
static bool finish_sparse(reader *r, api_dataset *out, api_problem *p)
{
    const api_read_options *o = r->options;
    if (r->sparse.rows == 0)
        api_problem_field(&r->soft, "sparse_X", "must have at least one row");
    else if (o->labelled && r->y.at != r->sparse.rows)
        api_problem_field(&r->soft, "y", "has %llu values, but sparse_X has %llu rows",
                          (unsigned long long)r->y.at, (unsigned long long)r->sparse.rows);
    else if (r->y_cells.missing)
        api_problem_field(&r->soft, "y", "must be there in every row");
    if (r->soft.code != API_NO_PROBLEM)
        return true;
    out->sparse = true;
    out->first_number = o->first_number;
    out->rows = r->sparse.rows;
    out->entries = r->sparse.entries;
    out->cols = o->columns_count;
    out->target_at = API_APART;
    if (!o->labelled)
        return true;
    api_kind *kind = calloc(1, sizeof *kind);
    if (!kind)
        return no_memory(p);
    *kind = api_cells_take(&r->y_cells);
    bool ok = api_target_labels(kind, out);
    api_kinds_free(kind, 1);
    out->target = strdup(api_json_target(r));
    return (ok && out->target) || no_memory(p);
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
    bool ok = finish_named(r, &r->records.named, "the records", api_place_record, out, p);
    if (ok && r->soft.code == API_NO_PROBLEM)
        api_records_settle(&r->records, out);
    return ok;
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
    bool ok = api_json_finish(r->json, p) && api_json_full(r, p);
    if (!ok)
        goto fail;
    if (r->seen[SPARSE_X] && (r->seen[X] || r->seen[DATA] || r->seen[COLUMNS]))
        api_problem_field(&r->soft, "sparse_X", "can't be given together with %s",
                          r->seen[X]      ? "X"
                          : r->seen[DATA] ? "data"
                                          : "columns");
    else if (r->seen[SPARSE_X])
        ok = finish_sparse(r, &made, p);
    else if (r->options->added_to && r->options->numbered)
        api_problem_field(&r->soft, "sparse_X", "is missing: rows like {\"3\": 1.5}");
    else if (r->seen[X] && r->seen[DATA])
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
        ok = api_json_matrix(r, &made, p);
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
