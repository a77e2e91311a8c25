/* api_compat_check: is a value what its row allows, and what that is in words. */
#include "api_compat_private.h"

#include "api_fields.h"
#include "api_names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool in_range(const api_compat_param *p, double v)
{
    bool above = p->min_open ? v > p->min : v >= p->min;
    bool below = p->max_open ? v < p->max : v <= p->max;
    return isfinite(v) && above && below;
}

static bool whole(const api_compat_param *p, const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
           in_range(p, v->valuedouble);
}

static bool is_word(const api_compat_param *p, const cJSON *v)
{
    for (const char *const *w = p->words; cJSON_IsString(v) && w && *w; w++)
        if (strcmp(*w, v->valuestring) == 0)
            return true;
    return false;
}

static bool whole_numbers(const api_compat_param *p, const cJSON *v)
{
    const cJSON *item;
    if (!cJSON_IsArray(v) || !v->child)
        return false;
    cJSON_ArrayForEach (item, v)
        if (!whole(p, item))
            return false;
    return true;
}

static bool weights(const cJSON *v)
{
    const cJSON *item;
    if (!cJSON_IsObject(v) || !v->child)
        return false;
    cJSON_ArrayForEach (item, v)
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble) || item->valuedouble < 0)
            return false;
    return true;
}

static bool fits(const api_compat_param *p, const cJSON *v)
{
    unsigned f = p->forms;
    return ((f & API_COMPAT_NUMBER) && cJSON_IsNumber(v) && in_range(p, v->valuedouble)) ||
           ((f & API_COMPAT_INTEGER) && whole(p, v)) ||
           ((f & API_COMPAT_BOOLEAN) && cJSON_IsBool(v)) ||
           ((f & API_COMPAT_WORD) && is_word(p, v)) || ((f & API_COMPAT_NULL) && cJSON_IsNull(v)) ||
           ((f & API_COMPAT_INTEGERS) && whole_numbers(p, v)) ||
           ((f & API_COMPAT_WEIGHTS) && weights(v));
}

/* Adds an alternative: "a", "a, or b". */
static void add(char *buf, size_t size, const char *what)
{
    size_t at = strlen(buf);
    snprintf(buf + at, size - at, "%s%s", at ? " or " : "", what);
}

static void add_numbers(const api_compat_param *p, char *buf, size_t size, const char *noun)
{
    char text[160];
    bool low = isfinite(p->min), high = isfinite(p->max);
    if (low && high)
        snprintf(text, sizeof text, "%s in %c%.16g, %.16g%c", noun, p->min_open ? '(' : '[', p->min,
                 p->max, p->max_open ? ')' : ']');
    else if (low)
        snprintf(text, sizeof text, "%s %s %.16g", noun,
                 p->min_open ? "greater than" : "of at least", p->min);
    else
        snprintf(text, sizeof text, "%s", noun);
    add(buf, size, text);
}

const char *api_compat_rule(const api_compat_param *p, char *buf, size_t size)
{
    *buf = '\0';
    if (p->forms & API_COMPAT_NUMBER)
        add_numbers(p, buf, size, "a finite number");
    if (p->forms & API_COMPAT_INTEGER)
        add_numbers(p, buf, size, "a whole number");
    if (p->forms & API_COMPAT_INTEGERS)
        add_numbers(p, buf, size, "an array of whole numbers, each");
    if (p->forms & API_COMPAT_BOOLEAN)
        add(buf, size, "true or false");
    for (const char *const *w = p->words; w && *w; w++) {
        char word[64];
        snprintf(word, sizeof word, "\"%s\"", *w);
        add(buf, size, word);
    }
    if (p->forms & API_COMPAT_WEIGHTS)
        add(buf, size, "an object of class labels and weights of at least 0");
    if (p->forms & API_COMPAT_NAME)
        add(buf, size, "the name of a column");
    if (p->forms & API_COMPAT_NULL)
        add(buf, size, "null");
    return buf;
}

bool api_compat_check(const api_compat_param *p, const cJSON *value, api_problem *problem)
{
    char field[96], rule[400], got[80];
    snprintf(field, sizeof field, "compat.%.80s", p->name);
    if ((p->forms & API_COMPAT_NAME) && cJSON_IsString(value))
        return api_name_check(value->valuestring, field, problem);
    if (fits(p, value))
        return true;
    const char *near = NULL;
    size_t count = 0;
    while (p->words && p->words[count])
        count++;
    if (cJSON_IsString(value) && count)
        near = api_nearest(value->valuestring, p->words, count);
    return api_problem_field(problem, field, "must be %s, got %s%s%s%s",
                             api_compat_rule(p, rule, sizeof rule),
                             api_value_text(value, got, sizeof got),
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}
