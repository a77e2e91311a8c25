/* api_compat_run: what the rows of compats/ read and write with. */
#include "api_compat_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what was asked for ---- */

bool api_compat_given(const api_compat_run *r, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(r->given, name) != NULL;
}

const cJSON *api_compat_value(const api_compat_run *r, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(r->given, name);
    return v ? v : cJSON_GetObjectItemCaseSensitive(r->defaults, name);
}

double api_compat_number(const api_compat_run *r, const char *name)
{
    const cJSON *v = api_compat_value(r, name);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

const char *api_compat_word(const api_compat_run *r, const char *name)
{
    const cJSON *v = api_compat_value(r, name);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

bool api_compat_is(const api_compat_run *r, const char *name, const char *word)
{
    const char *v = api_compat_word(r, name);
    return v && strcmp(v, word) == 0;
}

bool api_compat_flag(const api_compat_run *r, const char *name)
{
    return cJSON_IsTrue(api_compat_value(r, name));
}

double api_compat_rows(api_compat_run *r, const char *name)
{
    if (r->rows > 0)
        return (double)r->rows;
    api_compat_refuse(r, name, "is scaled by the number of training rows, which is not known");
    return NAN;
}

/* ---- what becomes of it ---- */

/* The place of "l2", or of "optimizer.momentum" in its object, which is made. */
static void set_field(api_compat_run *r, const char *to, cJSON *value)
{
    cJSON *o = r->fields;
    const char *dot = strchr(to, '.');
    if (dot) {
        char family[32];
        snprintf(family, sizeof family, "%.*s", (int)(dot - to), to);
        o = cJSON_GetObjectItemCaseSensitive(r->fields, family);
        if (!o)
            o = api_doc_add_object(r->fields, family);
        to = dot + 1;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(o, to);
    api_doc_item(o, to, value);
}

static void put(api_compat_run *r, const api_compat_param *p, const char *to, cJSON *becomes,
                const char *because, va_list ap)
{
    char reason[400];
    vsnprintf(reason, sizeof reason, because, ap);
    const cJSON *value = p ? api_compat_value(r, p->name) : NULL;
    cJSON *o = api_doc_append_object(r->translation);
    api_doc_string(o, "from", p ? p->name : NULL);
    api_doc_item(o, "value", value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
    api_doc_bool(o, "default", !p || !api_compat_given(r, p->name));
    api_doc_string(o, "to", to);
    api_doc_item(o, "becomes", cJSON_Duplicate(becomes, true));
    api_doc_string(o, "because", reason);
    if (to)
        set_field(r, to, becomes);
    else
        cJSON_Delete(becomes);
}

void api_compat_put(api_compat_run *r, const api_compat_param *p, const char *to, cJSON *becomes,
                    const char *because, ...)
{
    va_list ap;
    va_start(ap, because);
    put(r, p, to, becomes, because, ap);
    va_end(ap);
}

void api_compat_put_number(api_compat_run *r, const api_compat_param *p, const char *to,
                           double becomes, const char *because, ...)
{
    if (!isfinite(becomes)) {
        if (r->p->code == API_NO_PROBLEM)
            api_compat_refuse(r, p ? p->name : to, "makes %s leave the range of double", to);
        return;
    }
    va_list ap;
    va_start(ap, because);
    put(r, p, to, cJSON_CreateNumber(becomes), because, ap);
    va_end(ap);
}

void api_compat_put_word(api_compat_run *r, const api_compat_param *p, const char *to,
                         const char *becomes, const char *because, ...)
{
    va_list ap;
    va_start(ap, because);
    put(r, p, to, cJSON_CreateString(becomes), because, ap);
    va_end(ap);
}

void api_compat_put_flag(api_compat_run *r, const api_compat_param *p, const char *to, bool becomes,
                         const char *because, ...)
{
    va_list ap;
    va_start(ap, because);
    put(r, p, to, cJSON_CreateBool(becomes), because, ap);
    va_end(ap);
}

void api_compat_idle(api_compat_run *r, const api_compat_param *p, const char *because)
{
    if (api_compat_given(r, p->name))
        api_compat_put(r, p, NULL, cJSON_CreateNull(), "%s", because);
}

void api_compat_note(api_compat_run *r, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    api_doc_append_string(r->notes, text);
}

void api_compat_refuse(api_compat_run *r, const char *name, const char *fmt, ...)
{
    char field[96], text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(field, sizeof field, "compat.%.80s", name);
    api_problem_field(r->p, field, "%s", text);
}

double api_compat_field(const api_compat_run *r, const char *field)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(r->fields, field);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* ---- what several libraries share ---- */

void api_compat_put_seed(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsNumber(value) && value->valuedouble >= 0)
        api_compat_put_number(r, p, "seed", value->valuedouble,
                              "a seed repeats a run here; it does not draw the numbers that the "
                              "other library draws");
}

void api_compat_put_class_weight(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsNull(value))
        return;
    api_compat_put(r, p, "class_weight", cJSON_Duplicate(value, true),
                   "weights by class; \"balanced\" is n / (classes * rows of the class) in both");
    if (cJSON_IsObject(value))
        api_compat_note(r, "class weights are scaled to mean 1 here, so a penalty that counts "
                           "against a sum of costs is meant for weights whose mean is 1");
}

static const char *optimizer_for(bool jumps, bool proximal, const char **because)
{
    if (proximal && jumps)
        *because = "the proximal step of an l1 penalty is gd's; a cost whose slope jumps needs a "
                   "rate that falls";
    else if (proximal)
        *because = "l1 and bounds need gd's proximal step; its rate comes from the curvature";
    else if (jumps)
        *because = "the slope of this cost jumps, so steps must shrink by themselves";
    else
        *because = "the objective is smooth, and its minimum does not depend on the solver";
    return proximal ? "gd" : jumps ? "adam" : "lbfgs";
}

void api_compat_settle(api_compat_run *r, bool standardizes, bool jumps)
{
    double l1 = api_compat_field(r, "l1"), l2 = api_compat_field(r, "l2");
    bool bounded = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->fields, "non_negative"));
    bool path = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(r->fields, "l1"));
    bool path2 = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(r->fields, "l2"));
    const char *because, *name = optimizer_for(jumps, l1 > 0 || path || bounded, &because);
    api_compat_put_word(r, NULL, "optimizer.name", name, "%s", because);
    if (jumps) {
        api_compat_put_number(r, NULL, "learning_rate", 0.1,
                              "\"auto\" needs a slope that does not jump; choose it by the units "
                              "of your target");
        api_compat_put_word(r, NULL, "schedule.name", "inverse_scaling",
                            "subgradient steps reach a minimum only as they shrink");
    }
    bool penalised = l1 > 0 || l2 > 0 || path || path2;
    api_compat_put_flag(r, NULL, "standardize", standardizes || !penalised,
                        standardizes ? "features are standardized there too, and penalties are on "
                                       "weights in those units"
                        : penalised  ? "penalties there are on weights in the data's own units"
                                     : "with no penalty the minimum is the same, and scaled "
                                       "features reach it sooner");
}
