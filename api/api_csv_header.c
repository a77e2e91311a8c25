/* api_csv_header: what the first line says, and which columns are wanted. */
#include "api_csv.h"

#include "api_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool api_csv_no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

char api_csv_delimiter(const char *line, size_t n)
{
    static const char known[] = {',', ';', '\t', '|'};
    size_t count[sizeof known] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        quoted ^= line[i] == '"';
        for (size_t k = 0; !quoted && k < sizeof known; k++)
            count[k] += line[i] == known[k];
    }
    for (size_t k = 1; k < sizeof known; k++)
        if (count[k] > count[best])
            best = k;
    return known[best];
}

bool api_csv_first_field(api_csv *r, api_problem *p)
{
    if (r->first_count > GD_MAX_COLUMNS)
        return api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    if (r->first_count == r->first_cap) {
        size_t cap = r->first_cap ? 2 * r->first_cap : 16;
        void *grown = realloc(r->first, cap * sizeof *r->first);
        if (!grown)
            return api_csv_no_memory(p);
        r->first = grown;
        r->first_cap = cap;
    }
    r->first[r->first_count].quoted = r->field_quoted;
    r->first[r->first_count].text = strdup(r->field.data);
    return r->first[r->first_count++].text || api_csv_no_memory(p);
}

/* ---- roles ---- */

static size_t find_column(const api_csv *r, const char *name, const char *parameter,
                          api_problem *p)
{
    size_t at = api_names_find(&r->header, name);
    if (at != SIZE_MAX)
        return at;
    const char *near = api_nearest(name, (const char *const *)r->header.list, r->header.count);
    if (r->headless)
        api_problem_field(p, parameter,
                          "there is no column \"%.64s\": without a header they are %s%s", name,
                          r->header.count > 1 ? "x1 to " : "",
                          r->header.list[r->header.count - 1]);
    else
        api_problem_field(p, parameter, "the header has no column \"%.64s\"%s%s%s", name,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return at;
}

static void find_target(api_csv *r, api_problem *p)
{
    if (!r->options->labelled)
        return;
    if (!r->options->target) {
        char names[240] = "";
        for (size_t i = 0, at = 0; i < r->header.count && at < sizeof names; i++)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "",
                                   r->header.list[i]);
        api_problem_field(p, "target", "is missing: say ?target= with one of the columns %s",
                          names);
        return;
    }
    size_t at = find_column(r, r->options->target, "target", p);
    if (at == SIZE_MAX)
        return;
    r->role[at] = API_CSV_TARGET;
    r->cells[at].label = true;
    if (r->cells[at].type == API_IGNORE)
        api_problem_field(p, "types", "say that \"%.64s\" is ignored, but it is the target",
                          r->options->target);
}

static void choose_columns(api_csv *r, api_problem *p)
{
    for (size_t i = 0; i < r->options->columns_count; i++) {
        const char *name = r->options->columns[i];
        size_t at = find_column(r, name, "columns", p);
        if (at == SIZE_MAX)
            continue;
        if (r->role[at] == API_CSV_TARGET)
            api_problem_field(p, "columns", "\"%.64s\" is the target too", name);
        else if (r->role[at] != API_CSV_UNWANTED)
            api_problem_field(p, "columns", "\"%.64s\" is given twice", name);
        else if (r->cells[at].type == API_IGNORE)
            api_problem_field(p, "columns", "\"%.64s\" is ignored, as types say", name);
        else
            r->role[at] = (long)r->cols++;
    }
}

static void all_columns(api_csv *r, api_problem *p)
{
    for (size_t i = 0; i < r->header.count; i++) {
        if (r->role[i] == API_CSV_TARGET)
            continue;
        if (r->cells[i].type == API_IGNORE)
            continue;
        char field[40];
        snprintf(field, sizeof field, "columns[%zu]", i);
        if (!*r->header.list[i])
            api_problem_field(p, field,
                              "column %zu has no name: name it in the header, or choose features "
                              "with ?columns=",
                              i + 1);
        else
            api_name_check(r->header.list[i], field, p);
        r->role[i] = (long)r->cols++;
    }
}

/* What each column is, as far as it is given; those to be ignored are not wanted. */
static bool give_types(api_csv *r, api_problem *p)
{
    const api_types *types = r->options->types;
    r->cells = calloc(r->header.count, sizeof *r->cells);
    if (!r->cells)
        return api_csv_no_memory(p);
    for (size_t i = 0; i < r->header.count; i++)
        r->cells[i] = api_cells_of(r->header.list[i], types, NULL);
    for (size_t i = 0; types && !r->options->in_order && i < types->names.count; i++)
        find_column(r, types->names.list[i], "types", p);
    return true;
}

/* ---- names ---- */

static bool is_number(const char *s)
{
    double ignored;
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    return api_number_parse(s, n, &ignored) != API_NUMBER_SYNTAX;
}

/* Does the query speak of a column of this name? */
static bool is_asked_for(const api_read_options *o, const char *name)
{
    bool asked = o->labelled && o->target && strcmp(o->target, name) == 0;
    for (size_t i = 0; i < o->columns_count; i++)
        asked = asked || strcmp(o->columns[i], name) == 0;
    return asked;
}

static bool is_header(const api_csv *r)
{
    if (r->options->header != API_HEADER_LOOK)
        return r->options->header == API_HEADER_THERE;
    for (size_t i = 0; i < r->first_count; i++)
        if (!is_number(r->first[i].text) || is_asked_for(r->options, r->first[i].text))
            return true;
    return false;
}

static bool add_name(api_csv *r, const char *name, api_problem *p)
{
    switch (api_names_add(&r->header, name)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, "columns", "the header has \"%.64s\" twice", name);
    case API_NAMES_NO_MEMORY:
        return api_csv_no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    return true;
}

/* Rows to predict without names have the columns of the model, in their order. */
static bool name_columns(api_csv *r, api_problem *p)
{
    const api_read_options *o = r->options;
    bool by_place = o->in_order && !o->labelled;
    if (by_place && r->first_count != o->columns_count)
        return api_problem_field(p, "columns",
                                 "are %zu without a header, but the model has %zu", r->first_count,
                                 o->columns_count);
    for (size_t i = 0; i < r->first_count; i++) {
        char made[32];
        snprintf(made, sizeof made, r->first_count > 1 ? "x%zu" : "x", i + 1);
        if (!add_name(r, by_place ? o->columns[i] : made, p))
            return false;
    }
    return true;
}

bool api_csv_columns(api_csv *r, bool *is_row, api_problem *p)
{
    enum { LEAST_ROOM = 1024 };
    for (size_t i = 0; i < r->first_count; i++)
        if (!r->first[i].quoted && strchr(r->first[i].text, '\r'))
            return api_problem_set(p, API_INVALID,
                                   "the first line has a carriage return inside: lines must end in a line "
                                   "feed, with a carriage return before it or without");
    r->headless = *is_row = !is_header(r);
    bool ok = !r->headless || name_columns(r, p);
    for (size_t i = 0; ok && !r->headless && i < r->first_count; i++)
        ok = add_name(r, r->first[i].text, p);
    if (!ok)
        return false;
    r->has_columns = true;
    r->role = calloc(r->header.count, sizeof *r->role);
    if (!r->role)
        return api_csv_no_memory(p);
    for (size_t i = 0; i < r->header.count; i++)
        r->role[i] = API_CSV_UNWANTED;
    if (!give_types(r, p))
        return false;
    find_target(r, p);
    if (r->options->columns)
        choose_columns(r, p);
    else
        all_columns(r, p);
    if (p->code == API_NO_PROBLEM && r->cols == 0)
        api_problem_field(p, "columns", "must leave at least one feature beside the target");
    if (r->cols > GD_MAX_COLUMNS)
        api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    if (p->code != API_NO_PROBLEM)
        return false;
    if (r->sink->width)
        r->sink->width(r->sink->ctx, r->cols);
    r->rows_own_for = r->cols < LEAST_ROOM ? LEAST_ROOM / r->cols : 1;
    r->rows_own = calloc(r->rows_own_for * r->cols, sizeof *r->rows_own);
    r->targets_room = calloc(r->rows_own_for, sizeof *r->targets_room);
    api_csv_room(r);
    return (r->rows_own && r->targets_room) || api_csv_no_memory(p);
}
