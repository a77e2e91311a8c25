/* api_families: the table of families, and choices read and written by it. */
#include "api_families.h"

#include "api_fields.h"

#include <stdio.h>
#include <string.h>

#define ACCESS(family, equation)                                                                   \
    static api_member family##_at(size_t i)                                                        \
    {                                                                                              \
        const gd_##family *m = gd_##family##s[i];                                                  \
        return (api_member){m->name, m->alias, m->doc, m->equation, m->params, m->params_count};   \
    }                                                                                              \
    static const void *family##_object(size_t i)                                                   \
    {                                                                                              \
        return gd_##family##s[i];                                                                  \
    }

ACCESS(model, formula)
ACCESS(cost, formula)
ACCESS(optimizer, source)
ACCESS(schedule, source)

/* clang-format off */
#define FAMILY(family, doc)                                                                        \
    {#family, #family "s", doc, &gd_##family##s_count, offsetof(gd_spec, family),                  \
     offsetof(gd_spec, family##_hyper), family##_at, family##_object}
/* clang-format on */

const api_family api_families[] = {
    FAMILY(model, "the function that is fitted"),
    FAMILY(cost, "what a wrong prediction costs; the model has a default of its own"),
    FAMILY(optimizer, "the rule that moves the parameters"),
    FAMILY(schedule, "how the learning rate changes from epoch to epoch"),
};

const size_t api_families_count = sizeof api_families / sizeof api_families[0];

enum { MAX_NAMES = 64 };

api_member api_family_chosen(const api_family *f, const gd_spec *spec)
{
    const void *object;
    memcpy(&object, (const char *)spec + f->chosen, sizeof object);
    size_t i = 0;
    while (f->object(i) != object)
        i++;
    return f->at(i);
}

static void choose(const api_family *f, size_t i, gd_spec *spec)
{
    const void *object = f->object(i);
    api_member m = f->at(i);
    memcpy((char *)spec + f->chosen, &object, sizeof object);
    gd_param_defaults((char *)spec + f->hyper, m.params, m.params_count);
}

static bool unknown_member(const api_family *f, const char *field, const cJSON *value,
                           api_problem *p)
{
    const char *names[MAX_NAMES];
    char known[320] = "", got[80];
    size_t at = 0, n = 0;
    for (; n < *f->members_count && n < MAX_NAMES; n++) {
        names[n] = f->at(n).name;
        if (at < sizeof known)
            at += (size_t)snprintf(known + at, sizeof known - at, "%s\"%s\"", n ? ", " : "",
                                   names[n]);
    }
    const char *near = cJSON_IsString(value) ? api_nearest(value->valuestring, names, n) : NULL;
    if (near)
        return api_problem_field(p, field, "must be one of %s, got %s; did you mean \"%s\"?", known,
                                 api_value_text(value, got, sizeof got), near);
    return api_problem_field(p, field, "must be one of %s, got %s", known,
                             api_value_text(value, got, sizeof got));
}

static bool decode_hyper(const cJSON *object, const char *field, const api_member *m, void *hyper,
                         api_problem *p)
{
    char prefix[32];
    bool ok = true;
    snprintf(prefix, sizeof prefix, "%s.", field);
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        if (strcmp(item->string, "name") == 0)
            continue;
        size_t i = 0;
        while (i < m->params_count && strcmp(m->params[i].name, item->string) != 0)
            i++;
        if (i < m->params_count) {
            ok = api_field_set(hyper, &m->params[i], item, prefix, p) && ok;
            continue;
        }
        char path[96];
        const char *names[MAX_NAMES] = {"name"};
        size_t count = 1;
        for (size_t k = 0; k < m->params_count && count < MAX_NAMES; k++)
            names[count++] = m->params[k].name;
        snprintf(path, sizeof path, "%s%.60s", prefix, item->string);
        ok = api_problem_unknown(p, path, names, count);
    }
    return ok;
}

bool api_family_decode(const api_family *f, const cJSON *value, gd_spec *spec, api_problem *p)
{
    char path[32];
    const cJSON *name = value;
    snprintf(path, sizeof path, "%s", f->field);
    if (cJSON_IsObject(value)) {
        name = cJSON_GetObjectItemCaseSensitive(value, "name");
        snprintf(path, sizeof path, "%s.name", f->field);
        if (!name)
            return api_problem_field(p, path, "is missing");
    }
    for (size_t i = 0; cJSON_IsString(name) && i < *f->members_count; i++) {
        api_member m = f->at(i);
        if (strcmp(m.name, name->valuestring) != 0 &&
            !(m.alias && strcmp(m.alias, name->valuestring) == 0))
            continue;
        choose(f, i, spec);
        return !cJSON_IsObject(value) ||
               decode_hyper(value, f->field, &m, (char *)spec + f->hyper, p);
    }
    return unknown_member(f, path, name, p);
}

void api_family_encode(cJSON *o, const api_family *f, const gd_spec *spec)
{
    api_member m = api_family_chosen(f, spec);
    if (m.params_count == 0) {
        api_doc_string(o, f->field, m.name);
        return;
    }
    cJSON *member = api_doc_add_object(o, f->field);
    api_doc_string(member, "name", m.name);
    api_fields_encode(member, (const char *)spec + f->hyper, m.params, m.params_count);
}
