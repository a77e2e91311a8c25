/* api_statistics: bulk is written as text, and cut out of it by its brackets. */
#include "api_statistics.h"

#include <stdlib.h>
#include <string.h>

static void add_number(api_text *t, const char *name, double v)
{
    api_text_puts(t, ", \"");
    api_text_puts(t, name);
    api_text_puts(t, "\": ");
    api_text_number(t, v);
}

static void add_bins(api_text *t, const gd_summary *s)
{
    if (!s->has_bins) {
        api_text_puts(t, ", \"histogram\": null");
        return;
    }
    api_text_puts(t, ", \"histogram\": {\"low\": ");
    api_text_number(t, s->bins.low);
    add_number(t, "width", s->bins.width);
    api_text_puts(t, ", \"counts\": [");
    for (size_t i = 0; i < GD_HISTOGRAM_SHOWN; i++) {
        api_text_puts(t, i ? ", " : "");
        api_text_integer(t, s->bins.counts[i]);
    }
    api_text_puts(t, "]}");
}

static void add_distinct(api_text *t, double count, double error)
{
    api_text_puts(t, ", \"distinct\": {\"count\": ");
    api_text_number(t, count);
    api_text_puts(t, error > 0 ? ", \"exact\": false" : ", \"exact\": true");
    add_number(t, "error", error);
    api_text_puts(t, "}");
}

static void add_numbers(api_text *t, const gd_summary *s)
{
    add_number(t, "min", s->min);
    add_number(t, "max", s->max);
    add_number(t, "mean", s->mean);
    add_number(t, "std", s->std);
    add_distinct(t, s->distinct, s->distinct_error);
    add_bins(t, s);
    api_text_puts(t, ", \"top\": null");
}

static void add_texts(api_text *t, const api_kind *k)
{
    api_text_puts(t, ", \"levels\": [");
    for (size_t i = 0; i < k->levels_count; i++) {
        api_text_puts(t, i ? ", " : "");
        api_text_string(t, k->levels[i]);
    }
    api_text_puts(t, "]");
}

/* The most frequent levels first, of equals the earlier. */
static void add_top(api_text *t, const api_column_facts *c)
{
    size_t shown[API_LEVELS_SHOWN], n = 0, distinct = 0;
    for (size_t k = 0; k < c->levels_count; k++) {
        distinct += c->counts[k] > 0;
        size_t at = n;
        while (at > 0 && c->counts[shown[at - 1]] < c->counts[k])
            at--;
        if (at == API_LEVELS_SHOWN || c->counts[k] == 0)
            continue;
        n += n < API_LEVELS_SHOWN;
        memmove(&shown[at + 1], &shown[at], (n - at - 1) * sizeof *shown);
        shown[at] = k;
    }
    api_text_puts(t, ", \"min\": null, \"max\": null, \"mean\": null, \"std\": null");
    add_distinct(t, (double)distinct, 0);
    api_text_puts(t, ", \"histogram\": null, \"top\": [");
    for (size_t i = 0; i < n; i++) {
        api_text_puts(t, i ? ", {\"value\": " : "{\"value\": ");
        api_text_string(t, c->levels[shown[i]]);
        api_text_puts(t, ", \"count\": ");
        api_text_integer(t, c->counts[shown[i]]);
        api_text_puts(t, "}");
    }
    api_text_puts(t, "]");
}

void api_statistics_add(api_text *t, const api_column_facts *c)
{
    api_text_puts(t, t->len == 0 ? "[{\"name\": " : ", {\"name\": ");
    api_text_string(t, c->name);
    api_text_puts(t, c->target ? ", \"role\": \"target\"" : ", \"role\": \"feature\"");
    api_text_puts(t, ", \"type\": ");
    api_text_string(t, api_type_name(c->levels ? API_CATEGORICAL
                                     : c->kind ? c->kind->type
                                               : API_NUMERIC));
    add_number(t, "count", (double)c->summary->count);
    add_number(t, "missing", (double)c->summary->missing);
    if (c->kind && c->kind->levels)
        add_texts(t, c->kind);
    if (c->levels)
        add_top(t, c);
    else
        add_numbers(t, c->summary);
    api_text_puts(t, "}");
}

/* ---- reading back ---- */

/* Behind the object that begins at s. */
static const char *object_end(const char *s)
{
    int depth = 0;
    for (bool quoted = false;; s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (quoted)
            s += *s == '\\';
        else if (*s == '{')
            depth++;
        else if (*s == '}' && --depth == 0)
            return s + 1;
        if (!*s)
            return s;
    }
}

/* What was stored before there were more than four numbers a column. */
static void fill_in(cJSON *o, uint64_t rows, bool labelled)
{
    const cJSON *role = cJSON_GetObjectItemCaseSensitive(o, "role");
    bool label = labelled && role && strcmp(role->valuestring, "target") == 0;
    if (cJSON_GetObjectItemCaseSensitive(o, "type"))
        return;
    api_doc_string(o, "type", label ? "categorical" : "numeric");
    api_doc_number(o, "count", (double)rows);
    api_doc_number(o, "missing", 0);
    api_doc_null(o, "distinct");
    api_doc_null(o, "histogram");
    api_doc_null(o, "top");
}

/* Where each element begins, and behind the last one; NULL when out of memory. */
static const char **find_elements(const char *text, size_t *count)
{
    size_t room = 16;
    const char **at = malloc(room * sizeof *at), **grown;
    *count = 0;
    for (const char *s = strchr(text, '{'); at && s; s = strchr(object_end(s), '{')) {
        if (*count == room) {
            grown = realloc(at, (room *= 2) * sizeof *at);
            if (!grown) {
                free(at);
                return NULL;
            }
            at = grown;
        }
        at[(*count)++] = s;
    }
    return at;
}

bool api_statistics_pick(cJSON *list, const char *text, const size_t *index, size_t n,
                         uint64_t rows, bool labelled)
{
    size_t count;
    const char **at = find_elements(text, &count);
    bool ok = at != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        if (index[i] >= count)
            continue;
        const char *from = at[index[i]];
        cJSON *o = cJSON_ParseWithLength(from, (size_t)(object_end(from) - from));
        if (o)
            fill_in(o, rows, labelled);
        ok = o && cJSON_AddItemToArray(list, o);
    }
    free(at);
    return ok;
}
