/* api_problem: collecting what is wrong and writing it down. */
#include "api_problem.h"

#include "api_doc.h"
#include "api_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool api_problem_set(api_problem *p, api_problem_code code, const char *fmt, ...)
{
    if (p->code != API_NO_PROBLEM)
        return false;
    p->code = code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->detail, sizeof p->detail, fmt, ap);
    va_end(ap);
    api_utf8_clean(p->detail);
    return false;
}

bool api_problem_field(api_problem *p, const char *field, const char *fmt, ...)
{
    if (p->code == API_NO_PROBLEM)
        p->code = API_INVALID;
    if (p->errors_count == API_MAX_FIELD_ERRORS) {
        p->errors_more++;
        return false;
    }
    api_field_error *e = &p->errors[p->errors_count++];
    snprintf(e->field, sizeof e->field, "%s", field);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, ap);
    va_end(ap);
    api_utf8_clean(e->field);
    api_utf8_clean(e->message);
    return false;
}

bool api_problem_query(api_problem *p, const char *name, const char *fmt, ...)
{
    char why[sizeof p->errors[0].message];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    api_problem_set(p, API_BAD_QUERY, "the query parameter %.64s is invalid: %s", name, why);
    return api_problem_field(p, name, "%s", why);
}

bool api_problem_core(api_problem *p, const gd_error *err)
{
    if (err->status == GD_NO_MEMORY)
        return api_problem_set(p, API_UNAVAILABLE, "%s", err->message);
    return api_problem_field(p, err->field, "%s", err->message);
}

/* Edits (insert, delete, replace) from a to b; words here are short. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t n = strlen(a), m = strlen(b), row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *api_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 2 + 1; /* farther than this is another word */
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(word, names[i]) == 0)
            return names[i];
        size_t d = distance(word, names[i]);
        if (d < best) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

bool api_problem_unknown(api_problem *p, const char *field, const char *const *names, size_t count)
{
    const char *dot = strrchr(field, '.');
    const char *near = api_nearest(dot ? dot + 1 : field, names, count);
    if (near)
        return api_problem_field(p, field, "unknown field; did you mean \"%s\"?", near);
    char known[320] = "";
    size_t at = 0;
    for (size_t i = 0; i < count && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", names[i]);
    if (at >= sizeof known) /* too many to be read in an error */
        return api_problem_field(p, field, "unknown field; GET /openapi.json describes all");
    return api_problem_field(p, field, "unknown field; known are: %s", known);
}

int api_problem_status(api_problem_code code)
{
    switch (code) {
#define X(name, status, slug, title)                                                               \
    case name:                                                                                     \
        return status;
        API_PROBLEM_LIST(X)
#undef X
    }
    return 500;
}

const char *api_problem_type(api_problem_code code)
{
    switch (code) {
#define X(name, status, slug, title)                                                               \
    case name:                                                                                     \
        return "urn:descentd:problem:" slug;
        API_PROBLEM_LIST(X)
#undef X
    }
    return "about:blank";
}

const char *api_problem_title(api_problem_code code)
{
    switch (code) {
#define X(name, status, slug, title)                                                               \
    case name:                                                                                     \
        return title;
        API_PROBLEM_LIST(X)
#undef X
    }
    return "";
}

const char *api_problem_text(const api_problem *p, char *buf, size_t size)
{
    size_t count = p->errors_count + p->errors_more;
    if (p->detail[0] || count == 0)
        snprintf(buf, size, "%s", p->detail);
    else if (count == 1)
        snprintf(buf, size, "%s: %s", p->errors[0].field, p->errors[0].message);
    else
        snprintf(buf, size, "%zu fields are invalid, the first is %s: %s", count,
                 p->errors[0].field, p->errors[0].message);
    return buf;
}

char *api_problem_encode(const api_problem *p)
{
    char detail[768];
    cJSON *doc = cJSON_CreateObject();
    api_doc_string(doc, "type", api_problem_type(p->code));
    api_doc_string(doc, "title", api_problem_title(p->code));
    api_doc_number(doc, "status", api_problem_status(p->code));
    api_doc_string(doc, "detail", api_problem_text(p, detail, sizeof detail));
    if (p->errors_count) {
        cJSON *list = api_doc_add_array(doc, "errors");
        for (size_t i = 0; i < p->errors_count; i++) {
            cJSON *e = api_doc_append_object(list);
            api_doc_string(e, "field", p->errors[i].field);
            api_doc_string(e, "message", p->errors[i].message);
        }
    }
    if (p->errors_more)
        api_doc_number(doc, "errors_omitted", (double)p->errors_more);
    return api_doc_print(doc);
}
