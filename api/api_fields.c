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

bool api_field_set(void *base, const gd_param *param, const cJSON *value, const char *prefix,
                   api_problem *p)
{
    double v = NAN;
    if (param->kind == GD_BOOLEAN && cJSON_IsBool(value))
        v = cJSON_IsTrue(value);
    else if (param->kind != GD_BOOLEAN && cJSON_IsNumber(value))
        v = value->valuedouble;
    else if (param->word && cJSON_IsString(value) && strcmp(value->valuestring, param->word) == 0)
        v = param->word_value;
    /* the word's value is how we store it, not how it may be asked for */
    bool disguised = param->word && cJSON_IsNumber(value) && v == param->word_value;
    gd_error err;
    if (!disguised && gd_param_set(base, param, v, &err) == GD_OK)
        return true;
    char field[96], rule[256], got[80];
    snprintf(field, sizeof field, "%s%s", prefix, param->name);
    return api_problem_field(p, field, "%s, got %s", gd_param_rule(param, rule, sizeof rule),
                             api_value_text(value, got, sizeof got));
}

void api_fields_encode(cJSON *o, const void *base, const gd_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double v = gd_param_get(base, &params[i]);
        if (params[i].word && v == params[i].word_value)
            api_doc_string(o, params[i].name, params[i].word);
        else if (params[i].kind == GD_BOOLEAN)
            api_doc_bool(o, params[i].name, v != 0);
        else
            api_doc_number(o, params[i].name, v);
    }
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
