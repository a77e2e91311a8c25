/* api_json_matrix: X and y of a JSON dataset: rows of values, or values of one feature, and
 * targets. */
#include "api_json_dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef api_json_dataset reader;

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

static bool put(reader *r, api_json_bulk *b, double v, api_problem *p)
{
    b->v[b->n++] = v;
    return b->n < b->cap || api_json_full(r, p);
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
    bool alone = r->flat || (r->x.rows > 0 && r->cols == 1);
    snprintf(made, MADE_NAME, alone ? "x" : "x%zu", i + 1);
    return made;
}

static bool behind(const reader *r, api_json_part part, api_json_part data)
{
    return r->seen[part] > r->seen[data];
}

/* Have the columns of X no names while they are read? Types call them by their numbers then, x1,
 * x2, ..., and the first one x too, since it may be alone. */
static bool unnamed(const reader *r)
{
    return !(r->columns_listed && !behind(r, COLUMNS, X)) && !r->options->in_order;
}

static api_type type_by_number(const reader *r, const api_types *t, const char *name)
{
    return strcmp(name, api_json_target(r)) == 0 ? API_TYPE_UNKNOWN : api_types_find(t, name);
}

/* The type that is given for a column of X by any of its names, as far as they are known. */
static api_type type_among(const reader *r, const api_types *t, size_t i)
{
    char made[MADE_NAME];
    if (!unnamed(r))
        return api_types_find(t, x_name(r, i, made));
    snprintf(made, MADE_NAME, "x%zu", i + 1);
    api_type type = type_by_number(r, t, made);
    if (type == API_TYPE_UNKNOWN && i == 0)
        type = type_by_number(r, t, "x");
    if (type == API_TYPE_UNKNOWN && i < r->columns.count) /* they came behind X */
        type = api_types_find(t, r->columns.list[i]);
    return type;
}

static api_type given_type(const reader *r, size_t i)
{
    api_type type = type_among(r, &r->types, i);
    return type == API_TYPE_UNKNOWN ? type_among(r, r->options->types, i) : type;
}

/* The column of the value that comes next in a row of X, or in a flat one. NULL: out of memory. */
static api_cells *x_cells_at(reader *r, size_t i)
{
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
    api_type type = given_type(r, i);
    r->x_cells[i] = (api_cells){.type = type, .given = type != API_TYPE_UNKNOWN};
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
    if (b->rows == 0) {
        r->cols = b->width = (size_t)b->at;
        if (r->sink->width)
            r->sink->width(r->sink->ctx, r->cols);
    }
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

bool api_json_read_x(reader *r, const api_json_event *e, api_problem *p)
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
const char *api_json_target(const reader *r)
{
    const char *asked = r->options->target;
    return r->target ? r->target : asked ? asked : "y";
}

bool api_json_read_y(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return read_list(r, &r->y, "y", "numbers", e, p);
    char field[40];
    snprintf(field, sizeof field, "y[%llu]", (unsigned long long)r->y.at);
    double v;
    api_cells *c = &r->y_cells;
    if (r->y.at == 0 && c->type == API_TYPE_UNKNOWN)
        *c = api_cells_of(api_json_target(r), &r->types, r->options->types);
    c->label = true;
    c->level_bytes = &r->level_bytes;
    api_fault fault = api_cells_event(c, e, &v);
    if (fault)
        return misfit(c, fault, field, api_json_target(r), e, p);
    if (++r->y.at > GD_MAX_ROWS)
        return api_problem_field(p, "y", "has more than %zu values", GD_MAX_ROWS);
    r->y.paused = c->type != API_NUMERIC;
    return put(r, &r->y, v, p);
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

/* ---- types, now that all is known ---- */

/* The column that is called so by its number; SIZE_MAX: none is. */
static size_t number_of(const char *name)
{
    size_t n = 0;
    if (strcmp(name, "x") == 0)
        return 0;
    if (*name != 'x' || name[1] == '0')
        return SIZE_MAX;
    for (const char *at = name + 1; *at; at++) {
        if (*at < '0' || *at > '9' || n > GD_MAX_COLUMNS)
            return SIZE_MAX;
        n = 10 * n + (size_t)(*at - '0');
    }
    return n - 1;
}

/* A type that is given for a column of X, or the target: where it, or the name, stood behind the
 * data, it must be what was found in them. namer: COLUMNS or TARGET where that gave the name, else
 * MEMBERS. */
static void check_found(reader *r, const char *name, api_type given, bool in_query,
                        const api_cells *c, api_json_part namer)
{
    api_json_part data = c == &r->y_cells ? Y : X;
    bool late = !in_query && behind(r, TYPES, data);
    const char *type = api_type_name(given), *found = api_type_name(c->type);
    if (given == API_IGNORE || given == c->type || c->type == API_TYPE_UNKNOWN)
        return;
    if (namer != MEMBERS && behind(r, namer, data))
        api_problem_field(
            &r->soft, "types",
            "say \"%.64s\" is %s, but %s behind the data, which were read as %s: give "
            "%s%s before them",
            name, type, namer == TARGET ? "target names it" : "columns name it", found,
            namer == TARGET ? "target" : "columns", late ? " and types" : "");
    else if (late)
        api_problem_field(&r->soft, "types",
                          "say \"%.64s\" is %s, but stand behind the data, which were read as %s: "
                          "give types before them, or in the query",
                          name, type, found);
    else
        api_problem_field(&r->soft, "types",
                          "say \"%.64s\" is %s, and by another name that it is %s", name, type,
                          found);
}

static void no_column(reader *r, const char *name)
{
    char are[80] = "";
    if (!r->seen[COLUMNS] && r->cols == 1)
        snprintf(are, sizeof are, ": the only one is x");
    else if (!r->seen[COLUMNS])
        snprintf(are, sizeof are, ": they are x1 to x%zu", r->cols);
    api_problem_field(&r->soft, "types", "name \"%.64s\", which is no column%s", name, are);
}

static void check_type(reader *r, const char *name, api_type given, bool in_query)
{
    bool target = r->options->labelled && strcmp(name, api_json_target(r)) == 0;
    size_t named = r->seen[COLUMNS] ? api_names_find(&r->columns, name) : SIZE_MAX;
    size_t number = unnamed(r) ? number_of(name) : SIZE_MAX;
    if (target && !behind(r, TARGET, X))
        number = SIZE_MAX; /* it was known not to be that */
    if (number < r->cols && (target || (named != SIZE_MAX && named != number)))
        api_problem_field(
            &r->soft, "types",
            "name \"%.64s\", which is column %zu of X until columns or target, behind "
            "it, call another so: give those before X",
            name, number + 1);
    else if (target)
        check_found(r, name, given, in_query, &r->y_cells, TARGET);
    else if (named < r->cols)
        check_found(r, name, given, in_query, &r->x_cells[named], COLUMNS);
    else if (number < r->cols && (name[1] || r->cols == 1))
        check_found(r, name, given, in_query, &r->x_cells[number], MEMBERS);
    else
        no_column(r, name);
}

/* The document's own types go before those of the query. */
static void check_types(reader *r)
{
    const api_types *t = &r->types, *others = r->options->in_order ? NULL : r->options->types;
    const char *target = api_json_target(r);
    api_cells said = api_cells_of(target, t, others);
    if (r->options->labelled && (said.type == API_IGNORE || r->y_cells.type == API_IGNORE))
        api_problem_field(&r->soft, "types", "say that \"%.64s\" is ignored, but it is the target",
                          target);
    for (size_t i = 0; i < t->names.count; i++)
        check_type(r, t->names.list[i], t->list[i], false);
    for (size_t i = 0; others && i < others->names.count; i++)
        if (api_types_find(t, others->names.list[i]) == API_TYPE_UNKNOWN)
            check_type(r, others->names.list[i], others->list[i], true);
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
        bool late = !r->options->in_order && given_type(r, i) == API_IGNORE;
        if (r->x_cells[i].type == API_IGNORE || late)
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
    out->target = strdup(api_json_target(r));
    return (api_target_labels(kind, out) && out->target) || no_memory(p);
}

bool api_json_matrix(reader *r, api_dataset *out, api_problem *p)
{
    api_problem *soft = &r->soft;
    bool named = r->seen[COLUMNS] > 0;
    const char *target = api_json_target(r);
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
