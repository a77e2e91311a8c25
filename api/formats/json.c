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
#include "api_records.h"
#include "api_series.h"
#include "api_sparse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum member {
    NAME,
    COLUMNS,
    X,
    Y,
    DATA,
    TARGET,
    DTYPE,
    TYPES,
    SPARSE_X,
    MEMBERS,
    UNKNOWN
} member;

static const char *const member_names[MEMBERS] = {"name",   "columns", "X",     "y",       "data",
                                                  "target", "dtype",   "types", "sparse_X"};

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
    api_types types;
    char *typed;        /* the name whose type comes next */
    api_cells *x_cells; /* of the columns of X; x_cells_count of them */
    size_t x_cells_count, x_cells_cap, level_bytes;
    api_cells y_cells;
    api_records records;
    api_series series;
    api_sparse sparse;
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

/* A value of X or y that its column does not take. */
static bool misfit(const api_cells *c, api_fault fault, const char *field, const char *column,
                   const api_json_event *e, api_problem *p)
{
    char remedy[160];
    bool alone;
    const char *wanted = api_fault_wanted(fault);
    if (fault == API_CELL_NO_MEMORY)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    api_fault_remedy(fault, c, column, e->type != API_JSON_STRING, remedy, sizeof remedy);
    if (wanted)
        return api_problem_field(p, field, "must be %s%s, got %s (line %llu, byte %llu)%s", wanted,
                                 fault == API_CELL_NO_TEXT && c->label ? " like y[0]" : "",
                                 api_json_type_name(e->type), (unsigned long long)e->line,
                                 (unsigned long long)e->start, c->label ? "" : remedy);
    const char *what = api_fault_text(fault, c, &alone);
    return api_problem_field(p, field, "%.*s%s%s (line %llu, byte %llu)%s",
                             alone         ? 0
                             : e->len < 40 ? (int)e->len
                                           : 40,
                             e->text ? e->text : "", alone ? "" : " ", what,
                             (unsigned long long)e->line, (unsigned long long)e->start, remedy);
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

enum { MADE_NAME = 32 };

/* The name of a column of X, as far as it is known before the end. Columns without names are x, or
 * x1, x2, ... */
static const char *x_name(const reader *r, size_t i, char made[MADE_NAME])
{
    const api_read_options *o = r->options;
    if (r->columns_listed && i < r->columns.count)
        return r->columns.list[i];
    if (o->in_order && i < o->columns_count)
        return o->columns[i];
    snprintf(made, MADE_NAME, r->flat ? "x" : "x%zu", i + 1);
    return made;
}

/* The column of the value that comes next in a row of X, or in a flat one. NULL: out of memory. */
static api_cells *x_cells_at(reader *r, size_t i)
{
    char made[MADE_NAME];
    if (i < r->x_cells_count)
        return &r->x_cells[i];
    if (i == r->x_cells_cap) {
        size_t cap = r->x_cells_cap ? 2 * r->x_cells_cap : 16;
        api_cells *grown = realloc(r->x_cells, cap * sizeof *grown);
        if (!grown)
            return NULL;
        r->x_cells = grown;
        r->x_cells_cap = cap;
    }
    r->x_cells[i] = api_cells_of(x_name(r, i, made), &r->types, r->options->types);
    r->x_cells_count = i + 1;
    return &r->x_cells[i];
}

/* Must each value of a row of X pass through its column's cells? */
static bool x_is_mixed(const reader *r)
{
    bool mixed = false;
    for (size_t i = 0; i < r->x_cells_count; i++)
        mixed = mixed || r->x_cells[i].type != API_NUMERIC;
    return mixed;
}

static bool x_value(reader *r, size_t column, const char *field, const api_json_event *e,
                    double *out, api_problem *p)
{
    char made[MADE_NAME];
    api_cells *c = x_cells_at(r, column);
    if (!c)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    c->level_bytes = &r->level_bytes;
    api_fault fault = api_cells_event(c, e, out);
    return !fault || misfit(c, fault, field, x_name(r, column, made), e, p);
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
    if (b->paused)
        b->paused = x_is_mixed(r);
    if (++b->rows > GD_MAX_ROWS)
        return api_problem_field(p, "X", "has more than %zu rows", GD_MAX_ROWS);
    return true;
}

/* An element of X that is no row: X is flat, or should not have it. */
static bool flat_value(reader *r, const api_json_event *e, api_problem *p)
{
    char field[40];
    snprintf(field, sizeof field, "X[%llu]", (unsigned long long)rows_of(r));
    double v;
    if (r->x.rows > 0)
        return api_problem_field(
            p, field, "must be an array of %zu values like X[0], got %s (line %llu, byte %llu)",
            r->cols, api_json_type_name(e->type), (unsigned long long)e->line,
            (unsigned long long)e->start);
    r->flat = true;
    r->cols = 1;
    if (!x_value(r, 0, field, e, &v, p))
        return false;
    r->x.paused = x_is_mixed(r);
    if (++r->x.at > GD_MAX_ROWS)
        return api_problem_field(p, "X", "has more than %zu rows", GD_MAX_ROWS);
    return put(r, &r->x, v, p);
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
    double v;
    char field[64];
    size_t column = (size_t)r->x.at;
    if (++r->x.at > GD_MAX_COLUMNS)
        return api_problem_field(p, "X", "has more than %zu columns", GD_MAX_COLUMNS);
    if (r->x.rows > 0 && column >= r->cols)
        return true; /* said at the row's end */
    snprintf(field, sizeof field, "X[%llu][%llu]", (unsigned long long)r->x.rows,
             (unsigned long long)column);
    return x_value(r, column, field, e, &v, p) && put(r, &r->x, v, p);
}

/* Of X and y. */
static const char *target_of(const reader *r)
{
    const char *asked = r->options->target;
    return r->target ? r->target : asked ? asked : "y";
}

static bool read_y(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return read_list(r, &r->y, "y", "numbers", e, p);
    char field[40];
    snprintf(field, sizeof field, "y[%llu]", (unsigned long long)r->y.at);
    double v;
    api_cells *c = &r->y_cells;
    if (r->y.at == 0 && c->type == API_TYPE_UNKNOWN)
        *c = api_cells_of(target_of(r), &r->types, r->options->types);
    c->label = true;
    c->level_bytes = &r->level_bytes;
    api_fault fault = api_cells_event(c, e, &v);
    if (fault)
        return misfit(c, fault, field, target_of(r), e, p);
    if (++r->y.at > GD_MAX_ROWS)
        return api_problem_field(p, "y", "has more than %zu values", GD_MAX_ROWS);
    r->y.paused = c->type != API_NUMERIC;
    return put(r, &r->y, v, p);
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
    r->x = (api_json_bulk){.v = r->x_room, .cap = ROOM, .most = GD_MAX_ROWS, .full = full};
    r->y = (api_json_bulk){.v = r->y_room, .cap = ROOM, .most = GD_MAX_ROWS, .full = full};
    size_t most = GD_MAX_COLUMNS + options->labelled; /* one more for the target */
    api_records_begin(&r->records, options, &r->types, api_place_record, most, full);
    api_series_begin(&r->series, options, &r->types, most, full);
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

static bool take_columns(api_dataset *out, size_t cols, api_problem *p)
{
    out->cols = cols;
    out->columns = calloc(cols, sizeof *out->columns);
    out->features = calloc(cols, sizeof *out->features);
    return (out->columns && out->features) || no_memory(p);
}

/* The name of a column of X, now that all is known. */
static const char *final_name(const reader *r, size_t i, char made[MADE_NAME])
{
    if (r->seen[COLUMNS])
        return r->columns.list[i];
    snprintf(made, MADE_NAME, r->cols > 1 ? "x%zu" : "x", i + 1);
    return made;
}

static bool has_column(const reader *r, const char *name)
{
    char made[MADE_NAME];
    bool has = r->seen[COLUMNS] && api_names_find(&r->columns, name) != SIZE_MAX;
    for (size_t i = 0; !r->seen[COLUMNS] && i < r->cols; i++)
        has = has || strcmp(final_name(r, i, made), name) == 0;
    return has;
}

/* The type that was given for a column of X by its name at last, wherever that stood. */
static api_type given_type(const reader *r, const char *name)
{
    api_cells c = api_cells_of(name, &r->types, r->options->in_order ? NULL : r->options->types);
    return c.type;
}

/* Types that stand behind what they are of must be those that were found. */
static void check_type(reader *r, const char *name, const api_cells *c)
{
    api_type given = given_type(r, name);
    if (given != API_TYPE_UNKNOWN && given != API_IGNORE && given != c->type &&
        c->type != API_TYPE_UNKNOWN)
        api_problem_field(&r->soft, "types",
                          "say \"%.64s\" is %s, but stand behind the data, which were read as %s: "
                          "give types (and columns) before them, or in the query",
                          name, api_type_name(given), api_type_name(c->type));
}

static void check_types(reader *r)
{
    char made[MADE_NAME];
    for (size_t i = 0; i < r->cols && i < r->x_cells_count; i++)
        check_type(r, final_name(r, i, made), &r->x_cells[i]);
    check_type(r, target_of(r), &r->y_cells);
    for (size_t i = 0; i < r->types.names.count; i++)
        if (!has_column(r, r->types.names.list[i]) &&
            strcmp(r->types.names.list[i], target_of(r)) != 0)
            api_problem_field(&r->soft, "types", "name \"%.64s\", which is no column",
                              r->types.names.list[i]);
}

/* All columns but those that are to be ignored, and their kinds. */
static bool take_matrix(reader *r, api_dataset *out, api_problem *p)
{
    char made[MADE_NAME];
    size_t cols = 0;
    out->kinds = calloc(r->cols + 1, sizeof *out->kinds);
    if (!take_columns(out, r->cols, p) || !out->kinds)
        return no_memory(p);
    out->cols = 0;
    for (size_t i = 0; i < r->cols; i++) {
        const char *name = final_name(r, i, made);
        if (r->x_cells[i].type == API_IGNORE || given_type(r, name) == API_IGNORE)
            continue;
        out->kinds[cols] = api_cells_take(&r->x_cells[i]);
        out->features[cols] = i;
        out->columns[cols] = strdup(name);
        out->cols = ++cols;
        if (!out->columns[cols - 1])
            return no_memory(p);
    }
    if (cols == 0)
        return api_problem_field(p, "types", "leave no feature: all columns are ignored");
    if (!r->options->labelled)
        return true;
    api_kind *kind = &out->kinds[cols];
    *kind = api_cells_take(&r->y_cells);
    out->target = strdup(target_of(r));
    return (api_target_labels(kind, out) && out->target) || no_memory(p);
}

static bool finish_matrix(reader *r, api_dataset *out, api_problem *p)
{
    api_problem *soft = &r->soft;
    bool named = r->seen[COLUMNS];
    const char *target = target_of(r);
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
    if (soft->code != API_NO_PROBLEM)
        return true;
    if (r->options->labelled && has_column(r, target))
        api_problem_field(soft, "target", "\"%s\" is the name of a column of X too", target);
    check_types(r);
    if (soft->code != API_NO_PROBLEM)
        return true;
    out->rows = rows_of(r);
    out->stored = r->cols;
    out->target_at = API_APART;
    if (!take_matrix(r, out, p))
        return false;
    api_dataset_settle_kinds(out);
    return true;
}

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
    out->target = strdup(target_of(r));
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
    if (r->seen[SPARSE_X] && (r->seen[X] || r->seen[DATA] || r->seen[COLUMNS]))
        api_problem_field(&r->soft, "sparse_X", "can't be given together with %s",
                          r->seen[X]      ? "X"
                          : r->seen[DATA] ? "data"
                                          : "columns");
    else if (r->seen[SPARSE_X])
        ok = finish_sparse(r, &made, p);
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
