/* api_fields: one value, one row, one error text. */
#include "api_fields.h"

#include "api_names.h"
#include "api_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *api_value_text(const cJSON *v, char *buf, size_t size)
{
    char number[API_NUMBER_SIZE];
    if (cJSON_IsString(v))
        snprintf(buf, size, "\"%.60s\"", v->valuestring);
    else if (cJSON_IsNumber(v))
        snprintf(buf, size, "%s", api_number_format(v->valuedouble, number));
    else
        snprintf(buf, size, "%s",
                 cJSON_IsNull(v)    ? "null"
                 : cJSON_IsTrue(v)  ? "true"
                 : cJSON_IsFalse(v) ? "false"
                 : cJSON_IsArray(v) ? "an array"
                                    : "an object");
    return buf;
}

static bool refuse(const gd_param *param, const char *prefix, const cJSON *value, api_problem *p)
{
    char field[96], rule[256], got[80];
    snprintf(field, sizeof field, "%s%s", prefix, param->name);
    const char *near =
        param->kind == GD_CHOICE && cJSON_IsString(value)
            ? api_nearest(value->valuestring, param->choices, gd_param_choices(param))
            : NULL;
    return api_problem_field(p, field, "%s, got %s%s%s%s", gd_param_rule(param, rule, sizeof rule),
                             api_value_text(value, got, sizeof got),
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool set_list(void *base, const gd_param *param, const cJSON *value, const char *prefix,
                     api_problem *p)
{
    uint64_t values[GD_MAX_LIST];
    size_t count = 0;
    gd_error err;
    const cJSON *item;
    if (!cJSON_IsArray(value))
        return refuse(param, prefix, value, p);
    size_t len = (size_t)cJSON_GetArraySize(value);
    char field[96], rule[256];
    snprintf(field, sizeof field, "%s%s", prefix, param->name);
    if (len > GD_MAX_LIST)
        return api_problem_field(p, field, "%s, got %zu of them",
                                 gd_param_rule(param, rule, sizeof rule), len);
    cJSON_ArrayForEach (item, value) {
        char name[64];
        gd_param element = gd_param_element(param);
        snprintf(name, sizeof name, "%.40s[%zu]", param->name, count);
        element.name = name;
        if (!api_field_set(&values[count++], &element, item, prefix, p))
            return false;
    }
    return gd_param_set_list(base, param, values, count, &err) == GD_OK ||
           api_problem_core(p, &err);
}

static double choice_of(const gd_param *param, const char *word)
{
    for (size_t i = 0; param->choices[i]; i++)
        if (strcmp(param->choices[i], word) == 0)
            return (double)i;
    return NAN;
}

bool api_field_set(void *base, const gd_param *param, const cJSON *value, const char *prefix,
                   api_problem *p)
{
    double v = NAN;
    if (param->kind == GD_LIST)
        return set_list(base, param, value, prefix, p);
    bool number = param->kind == GD_NUMBER || param->kind == GD_INTEGER;
    if (param->kind == GD_BOOLEAN && cJSON_IsBool(value))
        v = cJSON_IsTrue(value);
    else if (param->kind == GD_CHOICE && cJSON_IsString(value))
        v = choice_of(param, value->valuestring);
    else if (number && cJSON_IsNumber(value))
        v = value->valuedouble;
    else if (param->word && cJSON_IsString(value) && strcmp(value->valuestring, param->word) == 0)
        v = param->word_value;
    /* the word's value is how we store it, not how it may be asked for */
    bool disguised = param->word && cJSON_IsNumber(value) && v == param->word_value;
    gd_error err;
    if (!disguised && gd_param_set(base, param, v, &err) == GD_OK)
        return true;
    return refuse(param, prefix, value, p);
}

static void encode_value(cJSON *o, const char *name, const gd_param *param, double v)
{
    if (param->word && v == param->word_value)
        api_doc_string(o, name, param->word);
    else if (param->kind == GD_BOOLEAN)
        api_doc_bool(o, name, v != 0);
    else if (param->kind == GD_CHOICE)
        api_doc_string(o, name, param->choices[(size_t)v]);
    else
        api_doc_number(o, name, v);
}

void api_fields_encode(cJSON *o, const void *base, const gd_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (params[i].kind != GD_LIST) {
            encode_value(o, params[i].name, &params[i], gd_param_get(base, &params[i]));
            continue;
        }
        gd_list list = gd_param_list(base, &params[i]);
        cJSON *array = api_doc_add_array(o, params[i].name);
        for (uint64_t k = 0; k < list.count; k++)
            api_doc_append_number(array, (double)list.values[k]);
    }
}

void api_field_default(cJSON *o, const gd_param *param)
{
    if (param->kind == GD_LIST)
        api_doc_append_number(api_doc_add_array(o, "default"), param->def);
    else
        encode_value(o, "default", param, param->def);
}

const char *api_field_name(const cJSON *value, const char *field, api_problem *p)
{
    char got[80];
    if (!cJSON_IsString(value)) {
        api_problem_field(p, field, "must be a string, got %s",
                          api_value_text(value, got, sizeof got));
        return NULL;
    }
    return api_name_check(value->valuestring, field, p) ? value->valuestring : NULL;
}
