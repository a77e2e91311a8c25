/* api_catalog: tables written down. */
#include "api_catalog.h"

#include "api_compat.h"
#include "api_families.h"
#include "api_fields.h"
#include "api_job.h"
#include "api_reader.h"

#include <string.h>

static void encode_param(cJSON *list, const gd_param *p)
{
    static const char *const kinds[] = {"number", "integer", "boolean", "choice", "list"};
    char rule[256];
    cJSON *o = api_doc_append_object(list);
    api_doc_string(o, "name", p->name);
    api_doc_string(o, "type", kinds[p->kind]);
    api_field_default(o, p);
    if (p->kind == GD_CHOICE)
        api_doc_strings(o, "choices", p->choices, gd_param_choices(p));
    api_doc_string(o, "range", gd_param_rule(p, rule, sizeof rule) + strlen("must be "));
    api_doc_string(o, "help", p->doc);
}

static void encode_params(cJSON *o, const char *name, const gd_param *params, size_t count)
{
    cJSON *list = api_doc_add_array(o, name);
    for (size_t i = 0; i < count; i++)
        encode_param(list, &params[i]);
}

static void encode_family(cJSON *o, const api_family *f)
{
    cJSON *list = api_doc_add_array(o, f->plural);
    for (size_t i = 0; i < *f->members_count; i++) {
        api_member m = f->at(i);
        cJSON *member = api_doc_append_object(list);
        api_doc_string(member, "name", m.name);
        api_doc_string(member, "alias", m.alias);
        api_doc_string(member, "help", m.doc);
        api_doc_string(member, "formula", m.formula);
        encode_params(member, "parameters", m.params, m.params_count);
    }
}

static void encode_kernels(cJSON *o, const gd_kernels *in_use)
{
    cJSON *list = api_doc_add_array(o, "available");
    api_doc_string(o, "in_use", in_use->name);
    for (size_t i = 0; i < gd_kernels_count; i++)
        if (gd_kernels_usable(gd_kernels_all[i]))
            api_doc_append_string(list, gd_kernels_all[i]->name);
}

cJSON *api_catalog_encode(const gd_kernels *in_use)
{
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < api_families_count; i++)
        encode_family(o, &api_families[i]);
    encode_params(o, "settings", gd_spec_params, gd_spec_params_count);
    encode_params(o, "recording", api_job_params, api_job_params_count);
    cJSON *members = api_doc_add_array(o, "members");
    for (size_t i = 0; i < api_job_members_count; i++) {
        cJSON *member = api_doc_append_object(members);
        api_doc_string(member, "name", api_job_members[i].name);
        api_doc_string(member, "help", api_job_members[i].help);
    }
    cJSON *formats = api_doc_add_array(o, "formats");
    for (size_t i = 0; i < api_formats_count; i++) {
        cJSON *f = api_doc_append_object(formats);
        api_doc_string(f, "name", api_formats[i]->name);
        api_doc_string(f, "media_type", api_formats[i]->media_type);
    }
    api_compat_catalog(api_doc_add_array(o, "compat"));
    encode_kernels(api_doc_add_object(o, "kernels"), in_use);
    return o;
}
