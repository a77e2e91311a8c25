/* api_types: names of types, and cells by the type of their column. */
#include "api_types.h"

#include "api_number.h"
#include "api_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

static const char *const type_names[] = {
    [API_TYPE_UNKNOWN] = "numeric", [API_NUMERIC] = "numeric",   [API_CATEGORICAL] = "categorical",
    [API_BOOLEAN] = "boolean",      [API_DATETIME] = "datetime", [API_IGNORE] = "ignore"};

const char *api_type_name(api_type type)
{
    return type_names[type];
}

api_type api_type_read(const char *text, const char *field, api_problem *p)
{
    for (api_type t = API_NUMERIC; t <= API_IGNORE; t++)
        if (strcmp(text, type_names[t]) == 0)
            return t;
    api_problem_field(p, field,
                      "must be \"numeric\", \"categorical\", \"boolean\", \"datetime\" or "
                      "\"ignore\", got \"%.40s\"",
                      text);
    return API_TYPE_UNKNOWN;
}

bool api_types_add(api_types *t, const char *column, api_type type, const char *field,
                   api_problem *p)
{
    if (t->names.count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        api_type *grown = realloc(t->list, cap * sizeof *grown);
        if (!grown)
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        t->list = grown;
        t->cap = cap;
    }
    switch (api_names_add(&t->names, column)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, field, "the type of \"%.64s\" is given twice", column);
    case API_NAMES_NO_MEMORY:
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    case API_NAMES_NEW:
        break;
    }
    t->list[t->names.count - 1] = type;
    return true;
}

bool api_types_fill(api_types *t, const char *const *columns, const api_type *types, size_t count)
{
    t->list = malloc((count ? count : 1) * sizeof *t->list);
    t->cap = count;
    if (!t->list || !api_names_fill(&t->names, columns, count))
        return false;
    for (size_t i = 0; i < count; i++)
        t->list[i] = types[i];
    return true;
}

api_type api_types_find(const api_types *t, const char *column)
{
    size_t at = t ? api_names_find(&t->names, column) : SIZE_MAX;
    return at == SIZE_MAX ? API_TYPE_UNKNOWN : t->list[at];
}

/* One "city:categorical". */
static bool read_pair(api_types *t, char *pair, api_problem *p)
{
    char *colon = strrchr(pair, ':');
    if (!colon || colon == pair)
        return api_problem_field(
            p, "types", "must be like city:categorical,when:datetime, got \"%.80s\"", pair);
    *colon = '\0';
    api_type type = api_type_read(colon + 1, "types", p);
    return type != API_TYPE_UNKNOWN && api_name_check(pair, "types", p) &&
           api_types_add(t, pair, type, "types", p);
}

bool api_types_read(api_types *t, const char *text, api_problem *p)
{
    char *copy = strdup(text), *at = copy;
    bool ok = copy || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    while (ok && at) {
        char *pair = at, *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        at = comma ? comma + 1 : NULL;
        ok = read_pair(t, pair, p);
    }
    free(copy);
    return ok;
}

void api_types_free(api_types *t)
{
    api_names_free(&t->names);
    free(t->list);
    *t = (api_types){0};
}

/* ---- cells ---- */

bool api_cell_missing(const char *text, size_t n)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "null", "?"};
    while (n > 0 && (*text == ' ' || *text == '\t'))
        text++, n--;
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    bool missing = n == 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !missing && n <= 4; i++)
        missing = strlen(words[i]) == n && strncasecmp(words[i], text, n) == 0;
    return missing;
}

bool api_cell_meant_numeric(const char *s)
{
    s += strspn(s, " \t+-$");
    if (!*s || strncasecmp(s, "nan", 3) == 0 || strncasecmp(s, "inf", 3) == 0)
        return true;
    return *s && strspn(s, "0123456789., '%eE") == strlen(s) &&
           (strpbrk(s, "0123456789") || strcmp(s, ".") == 0);
}

static api_fault number(const char *s, size_t n, double *out)
{
    while (n > 0 && (*s == ' ' || *s == '\t'))
        s++, n--;
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    api_number_result result = api_number_parse(s, n, out);
    if (result == API_NUMBER_OK)
        return API_CELL_FITS;
    if (result == API_NUMBER_OVERFLOW)
        return API_CELL_OVERFLOW;
    const char *bare = s + (n > 0 && (*s == '-' || *s == '+'));
    if (strncasecmp(bare, "nan", 3) == 0 || strncasecmp(bare, "inf", 3) == 0)
        return API_CELL_NOT_FINITE;
    /* too long to be looked at as a number: it may be a text all the same */
    return result == API_NUMBER_LONG && api_cell_meant_numeric(s) ? API_CELL_LONG_NUMBER
                                                                  : API_CELL_NO_NUMBER;
}

static api_fault boolean(const char *s, size_t n, double *out)
{
    while (n > 0 && (*s == ' ' || *s == '\t'))
        s++, n--;
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    bool yes = (n == 4 && strncasecmp(s, "true", n) == 0) || (n == 1 && *s == '1');
    bool no = (n == 5 && strncasecmp(s, "false", n) == 0) || (n == 1 && *s == '0');
    *out = yes;
    return yes || no ? API_CELL_FITS : API_CELL_NO_BOOLEAN;
}

static api_fault level(api_cells *c, const char *text, size_t n, double *out)
{
    size_t at = api_names_find(&c->levels, text);
    *out = (double)at;
    if (at != SIZE_MAX)
        return API_CELL_FITS;
    if (n > API_MAX_NAME)
        return API_CELL_LONG_TEXT;
    if (!api_utf8(text, n))
        return API_CELL_NO_UTF8;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return API_CELL_CONTROL;
    if (c->levels.count == (c->label ? API_MAX_LABELS : API_MAX_LEVELS))
        return API_CELL_MANY_LEVELS;
    if (*c->level_bytes + n > API_MAX_LEVEL_BYTES)
        return API_CELL_LEVEL_BYTES;
    if (api_names_add(&c->levels, text) != API_NAMES_NEW)
        return API_CELL_NO_MEMORY;
    *c->level_bytes += n;
    *out = (double)(c->levels.count - 1);
    return API_CELL_FITS;
}

static api_fault by_type(api_cells *c, const char *text, size_t n, double *out)
{
    switch (c->type) {
    case API_NUMERIC:
        return number(text, n, out);
    case API_CATEGORICAL:
        return level(c, text, n, out);
    case API_BOOLEAN:
        return boolean(text, n, out);
    case API_DATETIME:
        return api_datetime_read(text, n, out) ? API_CELL_FITS : API_CELL_NO_DATE;
    case API_TYPE_UNKNOWN:
    case API_IGNORE:
        break;
    }
    *out = 0; /* of no interest */
    return API_CELL_FITS;
}

/* What a table's first cell tells. What is meant as a number and is none is no text either. */
static api_type infer(const api_cells *c, const char *text, size_t n)
{
    double ignored;
    if (number(text, n, &ignored) != API_CELL_NO_NUMBER || api_cell_meant_numeric(text))
        return API_NUMERIC;
    if (api_datetime_read(text, n, &ignored))
        return API_DATETIME;
    return n > 1 && !c->label && boolean(text, n, &ignored) == API_CELL_FITS ? API_BOOLEAN
                                                                             : API_CATEGORICAL;
}

static api_fault missing(api_cells *c, double *out)
{
    c->missing++;
    *out = (double)NAN;
    return API_CELL_FITS;
}

api_fault api_cells_text(api_cells *c, const char *text, size_t n, bool quoted, double *out)
{
    bool word = c->type != API_IGNORE && api_cell_missing(text, n);
    bool wanted = c->type == API_CATEGORICAL || c->type == API_TYPE_UNKNOWN;
    if (word && !(quoted && n > 0 && wanted))
        return missing(c, out);
    *out = (double)NAN;
    if (c->unsure && !word) {
        if (infer(c, text, n) != API_CATEGORICAL)
            return API_CELL_UNSURE;
        c->unsure = false;
    }
    if (c->type == API_TYPE_UNKNOWN) {
        c->unsure = word;
        c->type = word ? API_CATEGORICAL : infer(c, text, n);
    }
    return by_type(c, text, n, out);
}

static api_type infer_event(const api_json_event *e)
{
    double ignored;
    if (e->type == API_JSON_TRUE || e->type == API_JSON_FALSE)
        return API_BOOLEAN;
    if (e->type != API_JSON_STRING)
        return API_NUMERIC;
    return api_datetime_read(e->text, e->len, &ignored) ? API_DATETIME : API_CATEGORICAL;
}

static api_fault fault_of(api_type type)
{
    return type == API_CATEGORICAL ? API_CELL_NO_TEXT
           : type == API_BOOLEAN   ? API_CELL_NO_BOOLEAN
           : type == API_DATETIME  ? API_CELL_NO_DATE
                                   : API_CELL_NO_NUMBER;
}

/* A number as it is written is a text where one is asked for. */
static api_fault number_event(api_cells *c, const api_json_event *e, double *out)
{
    char text[API_MAX_NAME + 2];
    size_t n = e->len < sizeof text - 1 ? e->len : sizeof text - 1;
    if (c->type == API_NUMERIC && !e->overflow)
        *out = e->number;
    if (c->type == API_NUMERIC)
        return e->overflow ? API_CELL_OVERFLOW : API_CELL_FITS;
    if (c->type == API_DATETIME || (c->type == API_CATEGORICAL && !c->given))
        return fault_of(c->type);
    memcpy(text, e->text, n);
    text[n] = '\0';
    return by_type(c, text, n, out);
}

api_fault api_cells_event(api_cells *c, const api_json_event *e, double *out)
{
    *out = 0;
    if (c->type == API_IGNORE)
        return API_CELL_FITS;
    if (e->type == API_JSON_NULL || (e->type == API_JSON_STRING && e->len == 0))
        return missing(c, out);
    if (c->type == API_TYPE_UNKNOWN)
        c->type = infer_event(e);
    *out = (double)NAN;
    bool truth = e->type == API_JSON_TRUE || e->type == API_JSON_FALSE;
    if (e->type == API_JSON_NUMBER)
        return number_event(c, e, out);
    if (truth && (c->type == API_BOOLEAN || (c->type == API_CATEGORICAL && c->given)))
        return by_type(c, e->type == API_JSON_TRUE ? "true" : "false",
                       e->type == API_JSON_TRUE ? 4 : 5, out);
    if (e->type != API_JSON_STRING || c->type == API_NUMERIC)
        return fault_of(c->type);
    return by_type(c, e->text, e->len, out);
}

/* ---- what is wrong ---- */

_Static_assert(API_MAX_LABELS == 1000 && API_MAX_LEVELS == 10000 && API_MAX_NAME == 256 &&
                   API_MAX_LEVEL_BYTES == 4 << 20,
               "said in words below");

const char *api_fault_text(api_fault fault, const api_cells *c, bool *alone)
{
    *alone = fault >= API_CELL_LONG_TEXT;
    switch (fault) {
    case API_CELL_NO_NUMBER:
        return "is not a number";
    case API_CELL_NOT_FINITE:
        return "is not a finite number";
    case API_CELL_OVERFLOW:
        return "is beyond the range of double precision";
    case API_CELL_LONG_NUMBER:
        return "has too many digits";
    case API_CELL_NO_DATE:
        return "is not a date like 2024-05-01 or 2024-05-01T12:30:00Z";
    case API_CELL_NO_BOOLEAN:
        return "is not true or false";
    case API_CELL_NO_TEXT:
        return "is not a text";
    case API_CELL_UNSURE:
        return "is no text, but the cells above it are, being in quotes, such as \"NA\"";
    case API_CELL_LONG_TEXT:
        return "must be at most 256 bytes long";
    case API_CELL_NO_UTF8:
        return "must be valid UTF-8";
    case API_CELL_CONTROL:
        return "must not contain control characters";
    case API_CELL_MANY_LEVELS:
        return c->label ? "is one more than 1000 distinct labels; a target of texts is a class"
                        : "is one more than 10000 distinct texts in a column";
    case API_CELL_LEVEL_BYTES:
        return "is one more than the 4 MiB of distinct texts that a dataset may have";
    case API_CELL_FITS:
    case API_CELL_NO_MEMORY:
        break;
    }
    return "";
}

const char *api_fault_wanted(api_fault fault)
{
    switch (fault) {
    case API_CELL_NO_NUMBER:
        return "a finite number";
    case API_CELL_NO_DATE:
        return "a date like \"2024-05-01\" or \"2024-05-01T12:30:00Z\"";
    case API_CELL_NO_BOOLEAN:
        return "true or false";
    case API_CELL_NO_TEXT:
        return "a string";
    default:
        return NULL;
    }
}

const char *api_fault_remedy(api_fault fault, const api_cells *c, const char *column, bool numeric,
                             char *buf, size_t size)
{
    bool other =
        fault == API_CELL_NO_NUMBER || fault == API_CELL_NO_DATE || fault == API_CELL_NO_BOOLEAN;
    *buf = '\0';
    if (fault == API_CELL_NO_TEXT && !c->given && numeric && !c->label)
        snprintf(buf, size, "; to take numbers as texts, declare it: types=%.64s:categorical",
                 column);
    if (fault == API_CELL_UNSURE)
        snprintf(buf, size, "; declare what the column is: with types=%.64s:numeric such cells are "
                            "missing, with types=%.64s:categorical all are texts",
                 column, column);
    if (fault >= API_CELL_LONG_TEXT && !c->label)
        snprintf(buf, size, "; leave the column out: types=%.64s:ignore", column);
    else if (other && !c->given && !numeric)
        snprintf(buf, size, "; if the column is not %s, declare it: types=%.64s:categorical",
                 type_names[c->type], column);
    return buf;
}

/* ---- begin and end ---- */

api_cells api_cells_of(const char *column, const api_types *types, const api_types *others)
{
    api_type type = api_types_find(types, column);
    if (type == API_TYPE_UNKNOWN)
        type = api_types_find(others, column);
    return (api_cells){.type = type, .given = type != API_TYPE_UNKNOWN};
}

api_kind api_cells_take(api_cells *c)
{
    api_kind kind = {.type = c->type == API_TYPE_UNKNOWN ? API_NUMERIC : c->type,
                     .missing = c->missing};
    if (c->type == API_CATEGORICAL)
        kind.levels = api_names_take(&c->levels, &kind.levels_count);
    return kind;
}

void api_cells_free(api_cells *c)
{
    api_known_free(&c->known);
    api_names_free(&c->levels);
}
