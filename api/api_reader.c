/* api_reader: the table of formats, and what every reader shares. */
#include "api_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define X(name) extern const api_format api_format_##name;
#include "formats/list.h"
#undef X

const api_format *const api_formats[] = {
#define X(name) &api_format_##name,
#include "formats/list.h"
#undef X
};

enum { KNOWN = 320 };

const size_t api_formats_count = sizeof api_formats / sizeof api_formats[0];

static const api_format *by_type(const char *content_type)
{
    size_t n = strcspn(content_type, "; \t");
    for (size_t i = 0; i < api_formats_count; i++)
        if (strlen(api_formats[i]->media_type) == n &&
            strncasecmp(content_type, api_formats[i]->media_type, n) == 0)
            return api_formats[i];
    return NULL;
}

static const char *known_types(char *buf, size_t size)
{
    *buf = '\0';
    for (size_t i = 0, at = 0; i < api_formats_count && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "",
                               api_formats[i]->media_type);
    return buf;
}

const api_format *api_format_find(const char *content_type, api_problem *p)
{
    /* curl -d says this unless told otherwise, and means JSON here. */
    static const char form[] = "application/x-www-form-urlencoded";
    char known[KNOWN];
    if (!content_type)
        return api_formats[0];
    size_t n = strcspn(content_type, "; \t");
    if (n == sizeof form - 1 && strncasecmp(content_type, form, n) == 0)
        return api_formats[0];
    const api_format *found = by_type(content_type);
    if (!found)
        api_problem_set(p, API_UNSUPPORTED_MEDIA, "Content-Type \"%.80s\" is not read here; send %s",
                        content_type, known_types(known, sizeof known));
    return found;
}

/* ---- files ---- */

/* Does the name's first n bytes end in one of the suffixes? */
static bool ends_in(const char *name, size_t n, const char *suffixes)
{
    for (const char *s = suffixes; s && *s; s += strspn(s, " ")) {
        size_t m = strcspn(s, " ");
        if (n > m && strncasecmp(name + n - m, s, m) == 0)
            return true;
        s += m;
    }
    return false;
}

static const api_format *by_name(const char *name, size_t n)
{
    for (size_t i = 0; i < api_formats_count; i++)
        if (ends_in(name, n, api_formats[i]->suffixes))
            return api_formats[i];
    return NULL;
}

const api_format *api_format_of_file(const char *content_type, const char *name,
                                     const api_encoding **packed, api_problem *p)
{
    char known[KNOWN], suffixes[KNOWN] = "";
    *packed = name ? api_encoding_of_file(name) : NULL;
    const api_format *found = content_type ? by_type(content_type) : NULL;
    if (name && (!found || found == &api_format_octets)) {
        const api_format *named =
            by_name(name, strlen(name) - (*packed ? strlen((*packed)->suffix) : 0));
        found = named ? named : found;
    }
    for (size_t i = 0, at = 0; i < api_formats_count && at < sizeof suffixes; i++)
        if (api_formats[i]->suffixes)
            at += (size_t)snprintf(suffixes + at, sizeof suffixes - at, "%s%s", at ? " " : "",
                                   api_formats[i]->suffixes);
    if (!found)
        api_problem_set(p, API_UNSUPPORTED_MEDIA,
                        "neither its type \"%.60s\" nor its name \"%.60s\" says how the file is read: "
                        "names end in %s; types are %s",
                        content_type ? content_type : "", name ? name : "", suffixes,
                        known_types(known, sizeof known));
    return found;
}

bool api_sink_texts(const api_sink *s, const api_cells *cells, size_t count, size_t skip)
{
    bool all = true;
    for (size_t i = 0; s->texts && i < count; i++) {
        if (cells[i].type == API_CATEGORICAL && i != skip)
            s->texts(s->ctx, i - (i > skip));
        all = all && cells[i].type != API_TYPE_UNKNOWN;
    }
    return all;
}

void api_dataset_split(api_dataset *d, size_t column)
{
    if (column == SIZE_MAX)
        return;
    d->stored--;
    d->target_at = API_APART;
    for (size_t i = 0; i < d->cols; i++)
        d->features[i] -= d->features[i] > column;
}

void api_dataset_free(api_dataset *d)
{
    free(d->name);
    free(d->target);
    for (size_t i = 0; d->columns && i < d->cols; i++)
        free(d->columns[i]);
    free(d->columns);
    for (size_t i = 0; d->labels && i < d->labels_count; i++)
        free(d->labels[i]);
    free(d->labels);
    free(d->features);
    for (size_t i = 0; d->kinds && i < d->cols + (d->target != NULL); i++) {
        for (size_t k = 0; d->kinds[i].levels && k < d->kinds[i].levels_count; k++)
            free(d->kinds[i].levels[k]);
        free(d->kinds[i].levels);
    }
    free(d->kinds);
    *d = (api_dataset){0};
}

void api_dataset_settle_kinds(api_dataset *d)
{
    bool needed = false;
    for (size_t i = 0; d->kinds && i < d->cols + (d->target != NULL); i++)
        needed = needed || d->kinds[i].missing || d->kinds[i].type != API_NUMERIC;
    if (needed)
        return;
    free(d->kinds);
    d->kinds = NULL;
}

bool api_target_labels(api_kind *kind, api_dataset *d)
{
    if (kind->type == API_BOOLEAN) {
        kind->levels = calloc(2, sizeof *kind->levels);
        kind->levels_count = 2;
        if (!kind->levels || !(kind->levels[0] = strdup("false")) ||
            !(kind->levels[1] = strdup("true")))
            return false;
    }
    d->labels = kind->levels;
    d->labels_count = kind->levels_count;
    kind->levels = NULL;
    kind->levels_count = 0;
    return true;
}

api_dtype api_dtype_read(const char *text, const char *field, api_problem *p)
{
    if (strcmp(text, "float64") == 0)
        return API_FLOAT64;
    if (strcmp(text, "float32") == 0)
        return API_FLOAT32;
    api_problem_field(p, field, "must be \"float64\" or \"float32\", got \"%.40s\"", text);
    return API_DTYPE_UNSAID;
}

bool api_dataset_plain(const api_dataset *d)
{
    if (d->dtype == API_FLOAT32 || d->sparse || d->by_columns || d->target_at != API_APART ||
        d->stored != d->cols)
        return false;
    for (size_t i = 0; i < d->cols; i++)
        if (d->features[i] != i)
            return false;
    return true;
}
