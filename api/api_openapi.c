/* api_openapi: the embedded document, with what the tables know filled in. A parameter, a
 * member of a family or a problem that gets its row is described by that row alone. */
#include "api_openapi.h"

#include "api_families.h"
#include "api_fields.h"
#include "api_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const char api_openapi_text[]; /* openapi.json, embedded by CMakeLists.txt */

/* ---- a row of a parameter table ---- */

static void add_range(cJSON *o, const gd_param *p)
{
    if (p->kind == GD_BOOLEAN) {
        api_doc_string(o, "type", "boolean");
        return;
    }
    if (p->kind == GD_CHOICE) {
        api_doc_string(o, "type", "string");
        api_doc_strings(o, "enum", p->choices, gd_param_choices(p));
        return;
    }
    if (p->kind == GD_LIST) {
        gd_param element = gd_param_element(p);
        api_doc_string(o, "type", "array");
        api_doc_number(o, "maxItems", GD_MAX_LIST);
        add_range(api_doc_add_object(o, "items"), &element);
        return;
    }
    api_doc_string(o, "type", p->kind == GD_INTEGER ? "integer" : "number");
    if (isfinite(p->min))
        api_doc_number(o, p->min_open ? "exclusiveMinimum" : "minimum", p->min);
    if (isfinite(p->max))
        api_doc_number(o, p->max_open ? "exclusiveMaximum" : "maximum", p->max);
}

static void add_param(cJSON *properties, const gd_param *p)
{
    cJSON *o = api_doc_add_object(properties, p->name);
    api_doc_string(o, "description", p->doc);
    if (p->word) {
        cJSON *choices = api_doc_add_array(o, "oneOf");
        add_range(api_doc_append_object(choices), p);
        api_doc_string(api_doc_append_object(choices), "const", p->word);
    } else {
        add_range(o, p);
    }
    api_field_default(o, p);
}

/* ---- families: a name, or an object of the name and its hyperparameters ---- */

static void add_member(cJSON *choices, const api_member *m)
{
    api_text doc = {0};
    cJSON *o = api_doc_append_object(choices);
    api_text_printf(&doc, "%s: %s", m->doc, m->formula);
    api_doc_string(o, "title", m->name);
    api_doc_item(o, "description", doc.failed ? NULL : cJSON_CreateString(doc.data));
    api_text_free(&doc);
    api_doc_string(o, "type", "object");
    api_doc_bool(o, "additionalProperties", false);
    api_doc_append_string(api_doc_add_array(o, "required"), "name");
    cJSON *properties = api_doc_add_object(o, "properties");
    api_doc_string(api_doc_add_object(properties, "name"), "const", m->name);
    for (size_t i = 0; i < m->params_count; i++)
        add_param(properties, &m->params[i]);
}

static void add_family(cJSON *properties, const api_family *f, const char *def)
{
    cJSON *o = api_doc_add_object(properties, f->field);
    api_doc_string(o, "description", f->doc);
    cJSON *choices = api_doc_add_array(o, "oneOf");
    cJSON *short_form = api_doc_append_object(choices);
    api_doc_string(short_form, "title", "By name");
    api_doc_string(short_form, "type", "string");
    cJSON *names = api_doc_add_array(short_form, "enum");
    for (size_t i = 0; i < *f->members_count; i++) {
        api_member m = f->at(i);
        api_doc_append_string(names, m.name);
        if (m.alias)
            api_doc_append_string(names, m.alias);
        add_member(choices, &m);
    }
    api_doc_string(o, "default", def);
}

/* ---- the document ---- */

static cJSON *get(cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* The settings of a job, as `properties` of a schema; their names go into `required` too,
 * unless that is NULL. */
static void add_settings(cJSON *properties, cJSON *required)
{
    gd_spec spec;
    gd_spec_defaults(&spec);
    for (size_t i = 0; i < api_families_count; i++) {
        add_family(properties, &api_families[i], api_family_chosen(&api_families[i], &spec).name);
        if (required)
            api_doc_append_string(required, api_families[i].field);
    }
    for (size_t i = 0; i < gd_spec_params_count + api_job_params_count; i++) {
        const gd_param *p = i < gd_spec_params_count ? &gd_spec_params[i]
                                                     : &api_job_params[i - gd_spec_params_count];
        add_param(properties, p);
        if (required)
            api_doc_append_string(required, p->name);
    }
}

static void add_problem_types(cJSON *type)
{
#define X(code, status, slug, title) code,
    static const api_problem_code codes[] = {API_PROBLEM_LIST(X)};
#undef X
    cJSON *types = api_doc_add_array(type, "enum");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] != API_NO_PROBLEM)
            api_doc_append_string(types, api_problem_type(codes[i]));
}

/* The specs in the examples name what they are about; what else a spec has, it has from the
 * tables. */
static void complete_specs(cJSON *value, const cJSON *defaults)
{
    cJSON *child;
    cJSON_ArrayForEach (child, value) {
        complete_specs(child, defaults);
        if (!child->string || strcmp(child->string, "spec") != 0 || !cJSON_IsObject(child))
            continue;
        const cJSON *member;
        cJSON_ArrayForEach (member, defaults)
            if (!get(child, member->string))
                api_doc_item(child, member->string, cJSON_Duplicate(member, true));
    }
}

static cJSON *default_spec(void)
{
    char empty[] = "";
    api_job job = {.name = empty};
    gd_spec_defaults(&job.spec);
    gd_param_defaults(&job, api_job_params, api_job_params_count);
    /* by way of its text, which an incomplete document does not have */
    char *text = api_doc_take_text(api_job_encode_spec(&job, NULL));
    cJSON *spec = text ? cJSON_Parse(text) : NULL;
    free(text);
    return spec;
}

char *api_openapi_encode(const char *version)
{
    cJSON *doc = cJSON_Parse(api_openapi_text);
    cJSON *schemas = get(get(doc, "components"), "schemas");
    cJSON *request = get(schemas, "JobRequest"), *spec = get(schemas, "JobSpec");
    api_doc_string(get(doc, "info"), "version", version);
    add_settings(get(request, "properties"), NULL);
    add_settings(get(spec, "properties"), get(spec, "required"));
    cJSON *defaults = default_spec();
    if (!defaults)
        api_doc_item(doc, "components", NULL); /* marks the document as incomplete */
    complete_specs(get(get(doc, "components"), "examples"), defaults);
    cJSON_Delete(defaults);
    add_problem_types(get(get(get(schemas, "Problem"), "properties"), "type"));
    return api_doc_print(doc);
}
