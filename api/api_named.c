/* api_named: columns grow together; the choice of features and target comes last. */
#include "api_named.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

void api_place_record(char place[API_PLACE_SIZE], uint64_t row, const char *column)
{
    snprintf(place, API_PLACE_SIZE, "data[%llu]%s%.64s", (unsigned long long)row,
             column ? "." : "", column ? column : "");
}

void api_place_row(char place[API_PLACE_SIZE], uint64_t row, const char *column)
{
    unsigned long long number = (unsigned long long)row + 1;
    if (column)
        snprintf(place, API_PLACE_SIZE, "row %llu, column \"%.50s\"", number, column);
    else
        snprintf(place, API_PLACE_SIZE, "row %llu", number);
}

void api_place_series(char place[API_PLACE_SIZE], uint64_t row, const char *column)
{
    snprintf(place, API_PLACE_SIZE, "columns%s%.56s[%llu]", column ? "." : "",
             column ? column : "", (unsigned long long)row);
}

void api_named_free(api_named *n)
{
    for (size_t i = 0; i < n->keys.count && n->cells; i++)
        api_cells_free(&n->cells[i]);
    free(n->cells);
    free(n->misfits);
    api_names_free(&n->keys);
    *n = (api_named){.options = n->options, .types = n->types};
}

static bool grow(api_named *n)
{
    size_t cap = n->cap ? 2 * n->cap : 16;
    api_misfit *misfits = realloc(n->misfits, cap * sizeof *misfits);
    if (misfits)
        n->misfits = misfits;
    api_cells *cells = realloc(n->cells, cap * sizeof *cells);
    if (cells)
        n->cells = cells;
    if (!misfits || !cells)
        return false;
    memset(cells + n->cap, 0, (cap - n->cap) * sizeof *cells);
    memset(misfits + n->cap, 0, (cap - n->cap) * sizeof *misfits);
    n->cap = cap;
    return true;
}

api_names_added api_named_add(api_named *n, const char *name)
{
    if (n->keys.count == n->cap && !grow(n))
        return API_NAMES_NO_MEMORY;
    api_names_added added = api_names_add(&n->keys, name);
    if (added != API_NAMES_NEW)
        return added;
    api_cells *c = &n->cells[n->keys.count - 1];
    *c = api_cells_of(name, n->types, n->options->types);
    /* rows for a model, whose columns all have types: others are of no interest */
    if (n->options->in_order && !n->options->labelled && n->options->types && !c->given)
        c->type = API_IGNORE;
    return added;
}

bool api_named_is_numeric(const api_named *n, size_t key)
{
    return n->cells[key].type == API_NUMERIC;
}

bool api_named_value(api_named *n, size_t key, uint64_t row, const api_json_event *e, double *out,
                     api_problem *p)
{
    api_misfit *m = &n->misfits[key];
    *out = (double)NAN;
    if (m->fault) { /* once is enough; numbers that are read in bulk come all the same */
        if (n->cells[key].type == API_NUMERIC && e->type == API_JSON_NUMBER && !e->overflow)
            *out = e->number;
        return true;
    }
    n->cells[key].level_bytes = &n->level_bytes;
    api_fault fault = api_cells_event(&n->cells[key], e, out);
    if (fault == API_CELL_NO_MEMORY)
        return no_memory(p);
    /* a target may have fewer texts than other columns: where they became too many is noted too */
    bool many = !m->line && n->cells[key].levels.count > API_MAX_LABELS;
    if (fault || many)
        *m = (api_misfit){fault, e->type, row, e->line, e->start};
    return true;
}

/* ---- what is wanted ---- */

static void check_misfit(const api_named *n, size_t key, bool target, const char *place,
                         api_problem *soft)
{
    const api_misfit *m = &n->misfits[key];
    const api_cells *c = &n->cells[key];
    const char *wanted = api_fault_wanted(m->fault), *column = n->keys.list[key];
    char at[80] = "", remedy[160];
    bool alone;
    if (m->line)
        snprintf(at, sizeof at, " (line %llu, byte %llu)", (unsigned long long)m->line,
                 (unsigned long long)m->byte);
    if (target && c->type == API_CATEGORICAL && (m->fault || c->levels.count > API_MAX_LABELS))
        api_problem_field(soft, place,
                          "must be one of at most %zu class labels of 1 to %zu bytes, got %s%s",
                          API_MAX_LABELS, API_MAX_NAME,
                          m->fault ? api_json_type_name(m->type) : "more", at);
    else if (m->fault && wanted)
        api_problem_field(soft, place, "must be %s, got %s%s%s", wanted, api_json_type_name(m->type),
                          at,
                          api_fault_remedy(m->fault, c, column, m->type != API_JSON_STRING, remedy,
                                           sizeof remedy));
    else if (m->fault)
        api_problem_field(soft, place, "%s%s%s", api_fault_text(m->fault, c, &alone), at,
                          api_fault_remedy(m->fault, c, column, false, remedy, sizeof remedy));
}

/* A type that a document gives behind its data must be what was found in them. */
static void check_type(const api_named *n, size_t key, api_problem *soft)
{
    const char *column = n->keys.list[key];
    const api_cells *c = &n->cells[key];
    api_type type = api_types_find(n->types, column);
    if (type == API_TYPE_UNKNOWN || type == c->type || type == API_IGNORE ||
        c->type == API_TYPE_UNKNOWN)
        return;
    char field[API_PLACE_SIZE];
    snprintf(field, sizeof field, "types.%.64s", column);
    api_problem_field(soft, field,
                      "is \"%s\", but stands behind the data, which were read as %s: give types "
                      "before them, or in the query",
                      api_type_name(type), api_type_name(c->type));
}

static bool is_ignored(const api_named *n, size_t key)
{
    return n->cells[key].type == API_IGNORE ||
           api_types_find(n->types, n->keys.list[key]) == API_IGNORE;
}

/* The key that holds `column`; says what is wrong with it. */
static size_t wanted_key(const api_named *n, const api_choice *c, const char *column,
                         const char *field, bool target, api_problem *soft)
{
    size_t key = api_names_find(&n->keys, column);
    if (key == SIZE_MAX) {
        const char *near = api_nearest(column, (const char *const *)n->keys.list, n->keys.count);
        api_problem_field(soft, field, "%s have no column \"%.64s\"%s%s%s", c->what, column,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return key;
    }
    if (is_ignored(n, key))
        api_problem_field(soft, field, "\"%.64s\" is ignored, as types say", column);
    char place[API_PLACE_SIZE];
    c->place(place, n->misfits[key].row, column);
    check_misfit(n, key, target, place, soft);
    check_type(n, key, soft);
    api_name_check(column, place, soft);
    return key;
}

/* All columns but the target, or those chosen. */
static bool take_features(const api_named *n, const api_choice *c, api_dataset *out,
                          api_problem *soft, api_problem *p)
{
    size_t count = c->columns ? c->columns_count : n->keys.count;
    out->cols = count;
    out->columns = calloc(count, sizeof *out->columns);
    out->features = calloc(count, sizeof *out->features);
    if (!out->columns || !out->features)
        return no_memory(p);
    size_t cols = 0;
    for (size_t i = 0; i < count; i++) {
        const char *column = c->columns ? c->columns[i] : n->keys.list[i];
        char field[40];
        snprintf(field, sizeof field, "columns[%zu]", i);
        if (c->labelled && c->target && strcmp(column, c->target) == 0) {
            if (c->columns)
                api_problem_field(soft, field, "\"%.64s\" is the target too", column);
            continue;
        }
        if (!c->columns && is_ignored(n, i))
            continue;
        out->features[cols] = wanted_key(n, c, column, field, false, soft);
        if (!(out->columns[cols++] = strdup(column)))
            return no_memory(p);
    }
    out->cols = cols;
    if (cols == 0)
        api_problem_field(soft, "columns", "must leave at least one feature beside the target");
    return true;
}

/* Features are columns of their own each. */
static bool check_twice(const api_named *n, const api_dataset *d, api_problem *soft, api_problem *p)
{
    bool *taken = calloc(n->keys.count + 1, sizeof *taken);
    if (!taken)
        return no_memory(p);
    for (size_t i = 0; i < d->cols; i++) {
        size_t key = d->features[i];
        if (key < n->keys.count && taken[key])
            api_problem_field(soft, "columns", "\"%.64s\" is given twice", d->columns[i]);
        if (key < n->keys.count)
            taken[key] = true;
    }
    free(taken);
    return true;
}

/* Types of columns that there are none of. */
static void check_names(const api_named *n, const api_types *types, api_problem *soft)
{
    for (size_t i = 0; types && i < types->names.count; i++) {
        const char *name = types->names.list[i];
        if (api_names_find(&n->keys, name) != SIZE_MAX)
            continue;
        const char *near = api_nearest(name, (const char *const *)n->keys.list, n->keys.count);
        api_problem_field(soft, "types", "name \"%.64s\", which is no column%s%s%s", name,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
}

/* The column's kind; a true or false that is to be predicted is a class. */
static bool take_kinds(api_named *n, const api_choice *c, api_dataset *out, api_problem *p)
{
    out->kinds = calloc(out->cols + c->labelled, sizeof *out->kinds);
    if (!out->kinds)
        return no_memory(p);
    for (size_t j = 0; j < out->cols; j++)
        out->kinds[j] = api_cells_take(&n->cells[out->features[j]]);
    if (c->labelled) {
        api_kind *kind = &out->kinds[out->cols];
        *kind = api_cells_take(&n->cells[out->target_at]);
        if (!api_target_labels(kind, out))
            return no_memory(p);
    }
    api_dataset_settle_kinds(out);
    return true;
}

bool api_named_finish(api_named *n, const api_choice *c, api_dataset *out, api_problem *soft,
                      api_problem *p)
{
    out->stored = n->keys.count;
    out->target_at = API_APART;
    if (c->labelled && !c->target)
        api_problem_field(soft, "target", "is missing: the column to predict");
    else if (c->labelled)
        out->target_at = wanted_key(n, c, c->target, "target", true, soft);
    if (!take_features(n, c, out, soft, p) || !check_twice(n, out, soft, p))
        return false;
    check_names(n, n->types, soft);
    if (!n->options->in_order)
        check_names(n, n->options->types, soft);
    if (c->labelled && c->target && !(out->target = strdup(c->target)))
        return no_memory(p);
    return soft->code != API_NO_PROBLEM || take_kinds(n, c, out, p);
}
