/* api_compat: from a library's estimator and parameters to the fields of a job, by the tables
 * of compats/. */
#include "api_compat.h"

#include "api_compat_private.h"
#include "api_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 64 };

#define X(library) extern const api_compat_library api_compat_##library;
#include "compats/list.h"
#undef X

const api_compat_library *const api_compat_libraries[] = {
#define X(library) &api_compat_##library,
#include "compats/list.h"
#undef X
};
const size_t api_compat_libraries_count = API_COMPAT_COUNT(api_compat_libraries);

/* ---- library and estimator, by name ---- */

/* Which of the names does the member have? SIZE_MAX, with the field in p, when none. */
static size_t choose(const cJSON *compat, const char *member, const char *const *names,
                     size_t count, api_problem *p)
{
    char field[32], known[320] = "", got[80];
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(compat, member);
    for (size_t i = 0; cJSON_IsString(value) && i < count; i++)
        if (strcmp(value->valuestring, names[i]) == 0)
            return i;
    for (size_t i = 0, at = 0; i < count && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s\"%s\"", i ? ", " : "", names[i]);
    snprintf(field, sizeof field, "compat.%s", member);
    const char *near = cJSON_IsString(value) ? api_nearest(value->valuestring, names, count) : NULL;
    if (!value)
        api_problem_field(p, field, "is missing: one of %s", known);
    else if (near)
        api_problem_field(p, field, "must be one of the known, got %s; did you mean \"%s\"?",
                          api_value_text(value, got, sizeof got), near);
    else
        api_problem_field(p, field, "must be one of %s, got %s", known,
                          api_value_text(value, got, sizeof got));
    return SIZE_MAX;
}

static const api_compat_library *find_library(const cJSON *compat, api_problem *p)
{
    const char *names[MAX_NAMES];
    for (size_t i = 0; i < api_compat_libraries_count; i++)
        names[i] = api_compat_libraries[i]->name;
    size_t i = choose(compat, "library", names, api_compat_libraries_count, p);
    return i == SIZE_MAX ? NULL : api_compat_libraries[i];
}

/* A library of one estimator needs no name for it. */
static const api_compat_estimator *find_estimator(const api_compat_library *l, const cJSON *compat,
                                                  api_problem *p)
{
    const char *names[MAX_NAMES];
    size_t count = 0;
    if (l->estimators_count == 1 && !cJSON_GetObjectItemCaseSensitive(compat, "estimator"))
        return l->estimators[0];
    for (; count < l->estimators_count && count < MAX_NAMES; count++)
        names[count] = l->estimators[count]->name;
    size_t i = choose(compat, "estimator", names, count, p);
    return i == SIZE_MAX ? NULL : l->estimators[i];
}

/* ---- parameters ---- */

static const api_compat_param *find_param(const api_compat_estimator *e, const char *name)
{
    for (size_t i = 0; i < e->params_count; i++)
        if (strcmp(e->params[i].name, name) == 0)
            return &e->params[i];
    return NULL;
}

static void check_given(const api_compat_run *r)
{
    const char *names[MAX_NAMES] = {"library", "estimator"};
    size_t count = 2;
    for (size_t i = 0; i < r->estimator->params_count && count < MAX_NAMES; i++)
        names[count++] = r->estimator->params[i].name;
    const cJSON *item;
    cJSON_ArrayForEach (item, r->given) {
        if (strcmp(item->string, "library") == 0 || strcmp(item->string, "estimator") == 0)
            continue;
        const api_compat_param *param = find_param(r->estimator, item->string);
        char field[96];
        snprintf(field, sizeof field, "compat.%.80s", item->string);
        if (param)
            api_compat_check(param, item, r->p);
        else
            api_problem_unknown(r->p, field, names, count);
    }
}

static void fill_defaults(api_compat_run *r)
{
    for (size_t i = 0; i < r->estimator->params_count; i++) {
        const api_compat_param *p = &r->estimator->params[i];
        char field[96], rule[400];
        if (api_compat_given(r, p->name))
            continue;
        if (p->def)
            api_doc_embed(r->defaults, p->name, p->def);
        if (!p->required)
            continue;
        snprintf(field, sizeof field, "compat.%.80s", p->name);
        api_problem_field(r->p, field, "is missing: %s", api_compat_rule(p, rule, sizeof rule));
    }
}

static void put_plain(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!p->to)
        api_compat_idle(r, p, p->because);
    else if (!cJSON_IsNull(value))
        api_compat_put(r, p, p->to, cJSON_Duplicate(value, true), "%s", p->because);
}

static void translate(api_compat_run *r)
{
    const api_compat_estimator *e = r->estimator;
    if (e->begin)
        e->begin(r);
    for (size_t i = 0; i < e->params_count; i++) {
        const cJSON *value = api_compat_value(r, e->params[i].name);
        if (value)
            (e->params[i].put ? e->params[i].put : put_plain)(r, &e->params[i], value);
    }
    if (e->end)
        e->end(r);
}

/* Nothing is missing for want of memory? */
static bool whole(const cJSON *doc)
{
    char *text = api_doc_text(doc);
    free(text);
    return text != NULL;
}

bool api_compat_translate(const cJSON *compat, uint64_t train_rows, cJSON **fields, cJSON **echo,
                          api_problem *p)
{
    char got[80];
    *fields = *echo = NULL;
    if (!cJSON_IsObject(compat))
        return api_problem_field(p, "compat",
                                 "must be an object like {\"library\": \"scikit-learn\", "
                                 "\"estimator\": \"Ridge\", \"alpha\": 1}, got %s",
                                 api_value_text(compat, got, sizeof got));
    const api_compat_library *library = find_library(compat, p);
    const api_compat_estimator *estimator = library ? find_estimator(library, compat, p) : NULL;
    if (!estimator)
        return false;
    size_t before = p->errors_count + p->errors_more;
    api_compat_run r = {.estimator = estimator, .given = compat, .rows = train_rows, .p = p};
    r.defaults = cJSON_CreateObject();
    r.fields = cJSON_CreateObject();
    r.echo = cJSON_CreateObject();
    api_doc_string(r.echo, "library", library->name);
    api_doc_string(r.echo, "estimator", estimator->name);
    r.translation = api_doc_add_array(r.echo, "translation");
    r.notes = api_doc_add_array(r.echo, "notes");
    check_given(&r);
    fill_defaults(&r);
    if (!whole(r.defaults))
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    else if (p->errors_count + p->errors_more == before)
        translate(&r);
    if (!whole(r.fields) || !whole(r.echo))
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    cJSON_Delete(r.defaults);
    if (p->code == API_NO_PROBLEM) {
        *fields = r.fields;
        *echo = r.echo;
        return true;
    }
    cJSON_Delete(r.fields);
    cJSON_Delete(r.echo);
    return false;
}

/* ---- the catalog ---- */

static void encode_param(cJSON *list, const api_compat_param *p)
{
    char rule[400];
    cJSON *o = api_doc_append_object(list);
    api_doc_string(o, "name", p->name);
    api_doc_string(o, "range", api_compat_rule(p, rule, sizeof rule));
    api_doc_embed(o, "default", p->def ? p->def : "null");
    api_doc_bool(o, "required", p->required);
    api_doc_string(o, "help", p->doc);
}

void api_compat_catalog(cJSON *list)
{
    for (size_t i = 0; i < api_compat_libraries_count; i++) {
        const api_compat_library *l = api_compat_libraries[i];
        cJSON *o = api_doc_append_object(list);
        api_doc_string(o, "name", l->name);
        api_doc_string(o, "help", l->doc);
        cJSON *estimators = api_doc_add_array(o, "estimators");
        for (size_t k = 0; k < l->estimators_count; k++) {
            const api_compat_estimator *e = l->estimators[k];
            cJSON *item = api_doc_append_object(estimators);
            api_doc_string(item, "name", e->name);
            api_doc_string(item, "help", e->doc);
            cJSON *params = api_doc_add_array(item, "parameters");
            for (size_t j = 0; j < e->params_count; j++)
                encode_param(params, &e->params[j]);
        }
    }
}
