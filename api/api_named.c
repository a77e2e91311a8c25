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
    for (size_t i = 0; i < n->keys.count && n->texts; i++)
        api_names_free(&n->texts[i]);
    free(n->texts);
    free(n->misfits);
    api_names_free(&n->keys);
    *n = (api_named){0};
}

static bool grow(api_named *n)
{
    size_t cap = n->cap ? 2 * n->cap : 16;
    api_misfit *misfits = realloc(n->misfits, cap * sizeof *misfits);
    if (misfits)
        n->misfits = misfits;
    api_names *texts = realloc(n->texts, cap * sizeof *texts);
    if (texts)
        n->texts = texts;
    if (!misfits || !texts)
        return false;
    memset(texts + n->cap, 0, (cap - n->cap) * sizeof *texts);
    memset(misfits + n->cap, 0, (cap - n->cap) * sizeof *misfits);
    n->cap = cap;
    return true;
}

api_names_added api_named_add(api_named *n, const char *name)
{
    if (n->keys.count == n->cap && !grow(n))
        return API_NAMES_NO_MEMORY;
    return api_names_add(&n->keys, name);
}

bool api_named_is_text(const api_named *n, size_t key)
{
    return n->texts[key].count > 0;
}

bool api_named_value(api_named *n, size_t key, uint64_t row, const api_json_event *e, double *out,
                     api_problem *p)
{
    bool number = e->type == API_JSON_NUMBER && !e->overflow;
    api_misfit *m = &n->misfits[key];
    *out = number ? e->number : (double)NAN;
    if (e->type == API_JSON_STRING && !m->found && (row == 0 || api_named_is_text(n, key))) {
        /* what it may not be as a target is said only if it is the target */
        api_problem ignored = {0};
        size_t label = api_names_label(&n->texts[key], e->text, "", &ignored);
        number = label != SIZE_MAX;
        *out = number ? (double)label : (double)NAN;
        if (ignored.code == API_UNAVAILABLE)
            return no_memory(p);
    }
    if ((!number || (e->type == API_JSON_NUMBER && api_named_is_text(n, key))) && !m->found)
        *m = (api_misfit){true, e->overflow, e->type, row, e->line, e->start};
    return true;
}

/* ---- what is wanted ---- */

static void check_misfit(const api_misfit *m, bool text, bool target, const char *place,
                         api_problem *soft)
{
    char at[80] = "";
    if (m->line)
        snprintf(at, sizeof at, " (line %llu, byte %llu)", (unsigned long long)m->line,
                 (unsigned long long)m->byte);
    if (text && !target) /* from its first row on */
        api_problem_field(soft, place, "must be a finite number, got a string");
    else if (text && m->found)
        api_problem_field(soft, place,
                          "must be one of at most %zu class labels of 1 to %zu bytes, got %s%s",
                          API_MAX_LABELS, API_MAX_NAME, api_json_type_name(m->type), at);
    else if (m->found && m->overflow)
        api_problem_field(soft, place, "is beyond the range of double precision%s", at);
    else if (m->found)
        api_problem_field(soft, place, "must be a finite number, got %s%s",
                          api_json_type_name(m->type), at);
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
    const api_misfit *m = &n->misfits[key];
    bool text = api_named_is_text(n, key);
    char place[API_PLACE_SIZE];
    c->place(place, text && !target ? 0 : m->row, column);
    check_misfit(m, text, target, place, soft);
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
        out->features[cols] = wanted_key(n, c, column, field, false, soft);
        if (!(out->columns[cols++] = strdup(column)))
            return no_memory(p);
    }
    out->cols = cols;
    if (cols == 0)
        api_problem_field(soft, "columns", "must leave at least one feature beside the target");
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
    if (!take_features(n, c, out, soft, p))
        return false;
    if (c->labelled && c->target && !(out->target = strdup(c->target)))
        return no_memory(p);
    if (soft->code == API_NO_PROBLEM && out->target_at != API_APART &&
        api_named_is_text(n, out->target_at))
        out->labels = api_names_take(&n->texts[out->target_at], &out->labels_count);
    return true;
}
