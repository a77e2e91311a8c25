/* api_sparse: entries are gathered a row at a time, and put in order at its end. */
#include "api_sparse.h"

#include "api_numbered.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLACE = 96 };

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

void api_sparse_begin(api_sparse *r, const api_read_options *options, const api_sink *sink)
{
    *r = (api_sparse){.options = options, .sink = sink};
}

void api_sparse_free(api_sparse *r)
{
    api_names_free(&r->names);
    free(r->row);
    r->row = NULL;
}

static const char *place_of(const api_sparse *r, const char *field, char place[PLACE])
{
    snprintf(place, PLACE, "%.40s[%llu]", field, (unsigned long long)r->rows);
    return place;
}

static bool index_names(api_sparse *r, api_problem *p)
{
    const api_read_options *o = r->options;
    bool needed = !o->numbered && r->names.count == 0;
    for (size_t j = 0; needed && j < o->columns_count; j++)
        if (api_names_add(&r->names, o->columns[j]) == API_NAMES_NO_MEMORY)
            return no_memory(p);
    return true;
}

static bool key(api_sparse *r, const char *field, const api_json_event *e, api_problem *p)
{
    const api_read_options *o = r->options;
    char place[PLACE];
    if (!index_names(r, p))
        return false;
    size_t at = o->numbered ? api_numbered_find(o->first_number, o->columns_count, e->text)
                            : api_names_find(&r->names, e->text);
    if (at == SIZE_MAX)
        return api_problem_field(p, place_of(r, field, place),
                                 "has \"%.64s\", which is no column %s (line %llu, byte %llu)%s", e->text,
                                 o->added_to ? o->added_to : "of the model", (unsigned long long)e->line,
                                 (unsigned long long)e->start,
                                 o->added_to ? "; ?columns= gives it more" : "");
    r->column = (uint32_t)at;
    return true;
}

static bool number(api_sparse *r, const char *field, const api_json_event *e, api_problem *p)
{
    char place[PLACE];
    if (e->type != API_JSON_NUMBER || e->overflow)
        return api_problem_field(
            p, place_of(r, field, place), "must have finite numbers, got %s (line %llu, byte %llu)",
            e->overflow ? "one beyond the range of double precision" : api_json_type_name(e->type),
            (unsigned long long)e->line, (unsigned long long)e->start);
    if (r->options->max_values && r->entries + r->count >= r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    if (r->count == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        api_sparse_entry *grown = realloc(r->row, cap * sizeof *grown);
        if (!grown)
            return no_memory(p);
        r->row = grown;
        r->cap = cap;
    }
    r->row[r->count++] = (api_sparse_entry){r->column, e->number};
    return true;
}

static int by_column(const void *a_, const void *b_)
{
    const api_sparse_entry *a = a_, *b = b_;
    return (a->column > b->column) - (a->column < b->column);
}

static bool row_ended(api_sparse *r, const char *field, const api_json_event *e, api_problem *p)
{
    char place[PLACE];
    if (r->count > 1)
        qsort(r->row, r->count, sizeof *r->row, by_column);
    for (size_t i = 0; i < r->count; i++) {
        if (i > 0 && r->row[i].column == r->row[i - 1].column)
            return api_problem_field(p, place_of(r, field, place),
                                     "has a column twice (line %llu, byte %llu)",
                                     (unsigned long long)e->line, (unsigned long long)e->start);
        if (r->row[i].value == 0) /* what is left out is 0 */
            continue;
        r->entries++;
        if (!r->sink->entries(r->sink->ctx, &r->row[i].column, &r->row[i].value, 1, p))
            return false;
    }
    uint64_t end = r->entries;
    r->count = 0;
    r->rows++;
    return r->sink->ends(r->sink->ctx, &end, 1, p);
}

bool api_sparse_event(api_sparse *r, const char *field, const api_json_event *e, api_problem *p)
{
    char place[PLACE];
    if (e->depth == 1)
        return e->type == API_JSON_ARRAY_BEGIN || e->type == API_JSON_ARRAY_END ||
               api_problem_field(p, field, "must be an array of objects, got %s",
                                 api_json_type_name(e->type));
    if (e->depth == 2 && e->type == API_JSON_OBJECT_END)
        return row_ended(r, field, e, p);
    if (e->depth == 2)
        return e->type == API_JSON_OBJECT_BEGIN ||
               api_problem_field(
                   p, place_of(r, field, place),
                   "must be an object like {\"3\": 1.5}, got %s (line %llu, byte %llu)",
                   api_json_type_name(e->type), (unsigned long long)e->line,
                   (unsigned long long)e->start);
    return e->type == API_JSON_KEY ? key(r, field, e, p) : number(r, field, e, p);
}
