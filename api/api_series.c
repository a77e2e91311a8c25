/* api_series: all columns are as long as the first. */
#include "api_series.h"

#include <stdio.h>

void api_series_begin(api_series *s, const api_read_options *options, const api_types *types,
                      size_t most_columns, bool (*full)(void *, api_problem *))
{
    s->named.options = options;
    s->named.types = types;
    s->most_columns = most_columns;
    s->bulk = (api_json_bulk){.v = s->room, .cap = API_SERIES_ROOM, .full = full};
}

void api_series_free(api_series *s)
{
    api_named_free(&s->named);
}

static bool complain(const api_series *s, const api_json_event *e, const char *what,
                     api_problem *p)
{
    char field[API_PLACE_SIZE];
    snprintf(field, sizeof field, "columns.%.64s", s->named.keys.list[s->key]);
    return api_problem_field(p, field, "%s, got %s (line %llu, byte %llu)", what,
                             api_json_type_name(e->type), (unsigned long long)e->line,
                             (unsigned long long)e->start);
}

static bool take_key(api_series *s, const api_json_event *e, api_problem *p)
{
    if (s->named.keys.count == s->most_columns)
        return api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    switch (api_named_add(&s->named, e->text)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, "columns", "the name \"%.64s\" is given twice (line %llu, byte %llu)",
                                 e->text, (unsigned long long)e->line, (unsigned long long)e->start);
    case API_NAMES_NO_MEMORY:
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    case API_NAMES_NEW:
        break;
    }
    s->key = s->named.keys.count - 1;
    return true;
}

static bool column_ended(api_series *s, const api_json_event *e, api_problem *p)
{
    if (s->key == 0)
        s->rows = s->bulk.at;
    if (s->bulk.at == s->rows)
        return true;
    char field[API_PLACE_SIZE];
    snprintf(field, sizeof field, "columns.%.64s", s->named.keys.list[s->key]);
    return api_problem_field(p, field, "has %llu values, but \"%.64s\" has %llu (line %llu, byte %llu)",
                             (unsigned long long)s->bulk.at, s->named.keys.list[0],
                             (unsigned long long)s->rows, (unsigned long long)e->line,
                             (unsigned long long)e->start);
}

bool api_series_event(api_series *s, api_json *j, void *ctx, const api_json_event *e, size_t depth,
                      api_problem *p)
{
    api_json_bulk *b = &s->bulk;
    if (e->depth == depth && e->type == API_JSON_KEY)
        return take_key(s, e, p);
    if (e->depth == depth && e->type == API_JSON_ARRAY_END)
        return column_ended(s, e, p);
    if (e->depth == depth) {
        if (e->type != API_JSON_ARRAY_BEGIN)
            return complain(s, e, "must be an array of values", p);
        b->at = 0;
        b->most = s->key == 0 ? GD_MAX_ROWS : s->rows;
        b->paused = true; /* until its first value tells what it is */
        api_json_bulk_begin(j, b);
        return true;
    }
    if (e->depth > depth + 1 || e->type == API_JSON_OBJECT_END || e->type == API_JSON_ARRAY_END)
        return true; /* of a value that is not a number, and noted as such */
    if (b->at >= GD_MAX_ROWS)
        return api_problem_field(p, "columns", "have more than %zu rows", GD_MAX_ROWS);
    if (!api_named_value(&s->named, s->key, b->at, e, &b->v[b->n], p))
        return false;
    b->paused = !api_named_is_numeric(&s->named, s->key);
    b->n++;
    b->at++;
    return b->n < b->cap || b->full(ctx, p);
}
