/* api_catalog and api_openapi: all that the tables know is described, and nothing else. */
#include "api_catalog.h"
#include "api_families.h"
#include "api_job.h"
#include "api_openapi.h"
#include "api_reader.h"
#include "api_tests.h"

#include <math.h>

static cJSON *get(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static cJSON *catalog(void)
{
    char *text = api_doc_print(api_catalog_encode(gd_kernels_best()));
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

/* The default as JSON has it: the word, true or false, the number. */
static void assert_default(const cJSON *o, const gd_param *p)
{
    if (p->word && p->def == p->word_value)
        ck_assert_str_eq(string_of(o, "default"), p->word);
    else if (p->kind == GD_BOOLEAN)
        ck_assert_int_eq(is_true(o, "default"), p->def != 0);
    else if (p->kind == GD_CHOICE)
        ck_assert_str_eq(string_of(o, "default"), p->choices[(size_t)p->def]);
    else if (p->kind == GD_LIST) {
        const cJSON *list = member_of(o, "default");
        ck_assert(cJSON_IsArray(list) && cJSON_GetArraySize(list) == 1);
        assert_same_double(cJSON_GetArrayItem(list, 0)->valuedouble, p->def);
    } else
        assert_same_double(number_of(o, "default"), p->def);
}

static void assert_words(const cJSON *list, const char *const *words)
{
    int n = 0;
    for (; words[n]; n++)
        ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetArrayItem(list, n)), words[n]);
    ck_assert_int_eq(cJSON_GetArraySize(list), n);
}

static void assert_params(const cJSON *list, const gd_param *params, size_t count)
{
    static const char *const kinds[] = {"number", "integer", "boolean", "choice", "list"};
    ck_assert(cJSON_IsArray(list));
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(list), count);
    for (size_t i = 0; i < count; i++) {
        const gd_param *p = &params[i];
        const cJSON *o = cJSON_GetArrayItem(list, (int)i);
        char rule[256];
        ck_assert_str_eq(string_of(o, "name"), p->name);
        ck_assert_str_eq(string_of(o, "type"), kinds[p->kind]);
        ck_assert_str_eq(string_of(o, "help"), p->doc);
        assert_default(o, p);
        if (p->kind == GD_CHOICE)
            assert_words(member_of(o, "choices"), p->choices);
        else
            ck_assert_ptr_null(get(o, "choices"));
        gd_param_rule(p, rule, sizeof rule);
        ck_assert_int_eq(strncmp(rule, "must be ", 8), 0);
        ck_assert_str_eq(string_of(o, "range"), rule + 8);
    }
}

START_TEST(the_kernels_in_use_are_among_those_available)
{
    cJSON *doc = catalog(), *kernels = get(doc, "kernels"), *list = get(kernels, "available");
    int usable = 0;
    for (size_t i = 0; i < gd_kernels_count; i++)
        if (gd_kernels_usable(gd_kernels_all[i]))
            ck_assert_str_eq(cJSON_GetArrayItem(list, usable++)->valuestring,
                             gd_kernels_all[i]->name);
    ck_assert_int_eq(cJSON_GetArraySize(list), usable);
    ck_assert_str_eq(string_of(kernels, "in_use"), gd_kernels_best()->name);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(the_catalog_has_every_member_and_parameter)
{
    cJSON *doc = catalog();
    ck_assert_int_eq(cJSON_GetArraySize(doc), (int)api_families_count + 6);
    for (size_t i = 0; i < api_families_count; i++) {
        const api_family *f = &api_families[i];
        cJSON *list = member_of(doc, f->plural);
        ck_assert_uint_eq((size_t)cJSON_GetArraySize(list), *f->members_count);
        for (size_t k = 0; k < *f->members_count; k++) {
            api_member m = f->at(k);
            cJSON *o = cJSON_GetArrayItem(list, (int)k);
            ck_assert_str_eq(string_of(o, "name"), m.name);
            ck_assert_str_eq(string_of(o, "help"), m.doc);
            ck_assert_str_eq(string_of(o, "formula"), m.formula);
            if (m.alias)
                ck_assert_str_eq(string_of(o, "alias"), m.alias);
            else
                ck_assert(is_null(o, "alias"));
            assert_params(member_of(o, "parameters"), m.params, m.params_count);
        }
    }
    assert_params(member_of(doc, "settings"), gd_spec_params, gd_spec_params_count);
    assert_params(member_of(doc, "recording"), api_job_params, api_job_params_count);
    cJSON *formats = member_of(doc, "formats");
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(formats), api_formats_count);
    for (size_t i = 0; i < api_formats_count; i++) {
        cJSON *o = cJSON_GetArrayItem(formats, (int)i);
        ck_assert_str_eq(string_of(o, "name"), api_formats[i]->name);
        ck_assert_str_eq(string_of(o, "media_type"), api_formats[i]->media_type);
    }
    cJSON_Delete(doc);
}
END_TEST

/* ---- OpenAPI ---- */

static cJSON *openapi(void)
{
    char *text = api_openapi_encode("1.2.3 \"x\"");
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

static const cJSON *schema(const cJSON *doc, const char *name)
{
    return member_of(member_of(member_of(doc, "components"), "schemas"), name);
}

static void assert_bound(const cJSON *o, const char *closed, const char *open, double bound,
                         bool is_open)
{
    if (!isfinite(bound)) {
        ck_assert(!get(o, closed) && !get(o, open));
        return;
    }
    assert_same_double(number_of(o, is_open ? open : closed), bound);
    ck_assert_ptr_null(get(o, is_open ? closed : open));
}

static void assert_param(const cJSON *properties, const gd_param *p)
{
    const cJSON *o = member_of(properties, p->name), *range = o;
    ck_assert_str_eq(string_of(o, "description"), p->doc);
    assert_default(o, p);
    if (p->word) {
        const cJSON *choices = member_of(o, "oneOf");
        ck_assert_int_eq(cJSON_GetArraySize(choices), 2);
        range = cJSON_GetArrayItem(choices, 0);
        ck_assert_str_eq(string_of(cJSON_GetArrayItem(choices, 1), "const"), p->word);
    }
    static const char *const types[] = {"number", "integer", "boolean", "string", "array"};
    ck_assert_str_eq(string_of(range, "type"), types[p->kind]);
    if (p->kind == GD_CHOICE) {
        assert_words(member_of(range, "enum"), p->choices);
        return;
    }
    if (p->kind == GD_LIST) {
        assert_same_double(number_of(range, "maxItems"), GD_MAX_LIST);
        range = member_of(range, "items");
        ck_assert_str_eq(string_of(range, "type"), "integer");
    }
    if (p->kind == GD_BOOLEAN)
        return;
    assert_bound(range, "minimum", "exclusiveMinimum", p->min, p->min_open);
    assert_bound(range, "maximum", "exclusiveMaximum", p->max, p->max_open);
}

static bool listed(const cJSON *list, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list)
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
            return true;
    return false;
}

static void assert_family(const cJSON *properties, const api_family *f)
{
    const cJSON *o = member_of(properties, f->field), *choices = member_of(o, "oneOf");
    const cJSON *names = member_of(cJSON_GetArrayItem(choices, 0), "enum");
    int count = 0;
    ck_assert_str_eq(string_of(o, "default"), f->at(0).name);
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(choices), 1 + *f->members_count);
    for (size_t i = 0; i < *f->members_count; i++) {
        api_member m = f->at(i);
        const cJSON *choice = cJSON_GetArrayItem(choices, 1 + (int)i);
        const cJSON *inner = member_of(choice, "properties");
        count += 1 + (m.alias != NULL);
        ck_assert_msg(listed(names, m.name) && (!m.alias || listed(names, m.alias)), "%s", m.name);
        ck_assert_str_eq(string_of(choice, "title"), m.name);
        ck_assert_str_eq(string_of(member_of(inner, "name"), "const"), m.name);
        ck_assert(listed(member_of(choice, "required"), "name"));
        ck_assert(!is_true(choice, "additionalProperties"));
        ck_assert_uint_eq((size_t)cJSON_GetArraySize(inner), 1 + m.params_count);
        for (size_t k = 0; k < m.params_count; k++)
            assert_param(inner, &m.params[k]);
    }
    ck_assert_int_eq(cJSON_GetArraySize(names), count);
}

START_TEST(openapi_describes_every_row_of_the_tables)
{
    static const char *const schemas[] = {"JobRequest", "JobSpec"};
    cJSON *doc = openapi();
    ck_assert_str_eq(string_of(member_of(doc, "info"), "version"), "1.2.3 \"x\"");
    ck_assert_int_eq(strncmp(string_of(doc, "openapi"), "3.1", 3), 0);
    for (size_t i = 0; i < COUNT(schemas); i++) {
        const cJSON *properties = member_of(schema(doc, schemas[i]), "properties");
        for (size_t k = 0; k < api_families_count; k++)
            assert_family(properties, &api_families[k]);
        for (size_t k = 0; k < gd_spec_params_count; k++)
            assert_param(properties, &gd_spec_params[k]);
        for (size_t k = 0; k < api_job_params_count; k++)
            assert_param(properties, &api_job_params[k]);
    }
    const cJSON *request = member_of(schema(doc, "JobRequest"), "properties");
    for (size_t i = 0; i < api_job_members_count; i++)
        member_of(request, api_job_members[i].name);
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(request),
                      api_job_members_count + api_families_count + gd_spec_params_count +
                          api_job_params_count);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_stored_spec_has_all_that_openapi_requires_and_no_more)
{
    static const char text[] =
        "{\"dataset_id\": \"d\", \"name\": \"n\", \"initial_parameters\": {}}";
    api_job job;
    api_problem p = no_problem();
    ck_assert(api_job_decode(text, strlen(text), &job, &p));
    char *stored = api_doc_take_text(api_job_encode_spec(&job, "d"));
    cJSON *doc = openapi(), *spec = read_back(stored);
    const cJSON *item, *required = member_of(schema(doc, "JobSpec"), "required"),
                       *properties = member_of(schema(doc, "JobSpec"), "properties");
    cJSON_ArrayForEach (item, required)
        member_of(spec, item->valuestring);
    cJSON_ArrayForEach (item, spec)
        ck_assert_msg(get(properties, item->string) != NULL, "%s is not described", item->string);
    /* what is described and not there was not given: a member of its own */
    cJSON_ArrayForEach (item, properties) {
        size_t k = 0;
        while (k < api_job_members_count && strcmp(api_job_members[k].name, item->string) != 0)
            k++;
        ck_assert_msg(get(spec, item->string) || (k < api_job_members_count && api_job_members[k].encode),
                      "%s is described, but no part of a spec", item->string);
    }
    cJSON_Delete(doc);
    cJSON_Delete(spec);
    free(stored);
    api_job_free(&job);
}
END_TEST

/* Each "spec" is a whole one that decodes. */
static size_t assert_specs(const cJSON *value, const cJSON *required)
{
    size_t count = 0;
    const cJSON *child, *name;
    cJSON_ArrayForEach (child, value) {
        count += assert_specs(child, required);
        if (!child->string || strcmp(child->string, "spec") != 0 || !cJSON_IsObject(child))
            continue;
        cJSON_ArrayForEach (name, required)
            member_of(child, name->valuestring);
        char *text = api_doc_text(child);
        api_job job;
        api_problem p = no_problem();
        ck_assert_msg(api_job_decode(text, strlen(text), &job, &p), "%s: %s", text,
                      problem_text(&p));
        api_job_free(&job);
        free(text);
        count++;
    }
    return count;
}

START_TEST(the_examples_of_openapi_have_whole_specs)
{
    cJSON *doc = openapi();
    size_t specs = assert_specs(member_of(member_of(doc, "components"), "examples"),
                                member_of(schema(doc, "JobSpec"), "required"));
    ck_assert_uint_gt(specs, 1);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(the_examples_of_job_requests_are_accepted)
{
    static const char *const names[] = {"jobDefaults", "jobByHand", "jobStochastic", "jobInline"};
    cJSON *doc = openapi();
    for (size_t i = 0; i < COUNT(names); i++) {
        const cJSON *example =
            member_of(member_of(member_of(doc, "components"), "examples"), names[i]);
        char *text = api_doc_text(member_of(example, "value"));
        api_job job;
        api_problem p = no_problem();
        ck_assert_msg(api_job_decode(text, strlen(text), &job, &p), "%s: %s", names[i],
                      problem_text(&p));
        api_job_free(&job);
        free(text);
    }
    cJSON_Delete(doc);
}
END_TEST

START_TEST(openapi_lists_every_type_of_problem)
{
    cJSON *doc = openapi();
    const cJSON *types =
        member_of(member_of(member_of(schema(doc, "Problem"), "properties"), "type"), "enum");
    int count = 0;
#define X(code, status, slug, title)                                                               \
    if (code != API_NO_PROBLEM) {                                                                  \
        ck_assert_msg(listed(types, api_problem_type(code)), "%s", slug);                          \
        count++;                                                                                   \
    }
    API_PROBLEM_LIST(X)
#undef X
    ck_assert_int_eq(cJSON_GetArraySize(types), count);
    cJSON_Delete(doc);
}
END_TEST

/* Every reference leads somewhere. */
static void assert_references(const cJSON *doc, const cJSON *value)
{
    const cJSON *child;
    cJSON_ArrayForEach (child, value) {
        assert_references(doc, child);
        if (!child->string || strcmp(child->string, "$ref") != 0 || !cJSON_IsString(child))
            continue;
        char path[200];
        const cJSON *at = doc;
        ck_assert_int_eq(strncmp(child->valuestring, "#/", 2), 0);
        snprintf(path, sizeof path, "%s", child->valuestring + 2);
        for (char *part = strtok(path, "/"); part; part = strtok(NULL, "/")) {
            char name[200];
            size_t n = 0;
            for (const char *c = part; *c; c++, n++) { /* ~1 is a slash */
                bool slash = c[0] == '~' && c[1] == '1';
                name[n] = slash ? '/' : *c;
                c += slash;
            }
            name[n] = '\0';
            at = get(at, name);
        }
        ck_assert_msg(at != NULL, "%s leads nowhere", child->valuestring);
    }
}

START_TEST(references_of_openapi_lead_somewhere)
{
    cJSON *doc = openapi();
    assert_references(doc, doc);
    cJSON_Delete(doc);
}
END_TEST

/* The catalog is as its own schema says: no member more or less. */
START_TEST(the_catalog_is_as_openapi_describes_it)
{
    cJSON *doc = openapi(), *list = catalog();
    const cJSON *item, *properties = member_of(schema(doc, "Catalog"), "properties"),
                       *member = member_of(schema(doc, "CatalogMember"), "properties"),
                       *parameter = member_of(schema(doc, "CatalogParameter"), "properties");
    cJSON_ArrayForEach (item, list)
        ck_assert_msg(get(properties, item->string) != NULL, "%s is not described", item->string);
    cJSON_ArrayForEach (item, properties)
        member_of(list, item->string);
    cJSON_ArrayForEach (item, cJSON_GetArrayItem(member_of(list, "models"), 0))
        ck_assert_msg(get(member, item->string) != NULL, "%s is not described", item->string);
    cJSON_ArrayForEach (item, cJSON_GetArrayItem(member_of(list, "settings"), 0))
        ck_assert_msg(get(parameter, item->string) != NULL, "%s is not described", item->string);
    cJSON_Delete(doc);
    cJSON_Delete(list);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("catalog");
    tcase_add_test(tc, the_catalog_has_every_member_and_parameter);
    tcase_add_test(tc, the_kernels_in_use_are_among_those_available);
    tcase_add_test(tc, openapi_describes_every_row_of_the_tables);
    tcase_add_test(tc, a_stored_spec_has_all_that_openapi_requires_and_no_more);
    tcase_add_test(tc, the_examples_of_openapi_have_whole_specs);
    tcase_add_test(tc, the_examples_of_job_requests_are_accepted);
    tcase_add_test(tc, openapi_lists_every_type_of_problem);
    tcase_add_test(tc, references_of_openapi_lead_somewhere);
    tcase_add_test(tc, the_catalog_is_as_openapi_describes_it);
    return run_tests(tc, "api_catalog");
}
