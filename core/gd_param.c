/* gd_param: reading, checking and storing hyperparameters by table row. */
#include "gd_param.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void put(void *base, const gd_param *p, double value)
{
    unsigned char *at = (unsigned char *)base + p->offset;
    switch (p->kind) {
    case GD_NUMBER:
        memcpy(at, &value, sizeof value);
        break;
    case GD_INTEGER:
    case GD_CHOICE: {
        uint64_t u = (uint64_t)value;
        memcpy(at, &u, sizeof u);
        break;
    }
    case GD_BOOLEAN: {
        bool b = value != 0;
        memcpy(at, &b, sizeof b);
        break;
    }
    case GD_LIST: {
        gd_list list = {.count = 1, .values = {(uint64_t)value}};
        memcpy(at, &list, sizeof list);
        break;
    }
    }
}

double gd_param_get(const void *base, const gd_param *p)
{
    const unsigned char *at = (const unsigned char *)base + p->offset;
    double value = 0;
    switch (p->kind) {
    case GD_NUMBER:
        memcpy(&value, at, sizeof value);
        break;
    case GD_INTEGER:
    case GD_CHOICE: {
        uint64_t u;
        memcpy(&u, at, sizeof u);
        value = (double)u;
        break;
    }
    case GD_BOOLEAN: {
        bool b;
        memcpy(&b, at, sizeof b);
        value = b;
        break;
    }
    case GD_LIST: {
        gd_list list = gd_param_list(base, p);
        value = list.count ? (double)list.values[0] : NAN;
        break;
    }
    }
    return value;
}

gd_list gd_param_list(const void *base, const gd_param *p)
{
    gd_list list;
    memcpy(&list, (const unsigned char *)base + p->offset, sizeof list);
    return list;
}

size_t gd_param_choices(const gd_param *p)
{
    size_t n = 0;
    while (p->choices[n])
        n++;
    return n;
}

gd_param gd_param_element(const gd_param *list)
{
    gd_param p = *list;
    p.kind = GD_INTEGER;
    p.offset = 0;
    return p;
}

void gd_param_defaults(void *base, const gd_param *params, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(base, &params[i], params[i].def);
}

static bool in_range(const gd_param *p, double v)
{
    if (!isfinite(v))
        return false;
    if (p->word && v == p->word_value)
        return true;
    if (p->kind == GD_BOOLEAN)
        return v == 0 || v == 1;
    if (p->kind == GD_CHOICE)
        return v >= 0 && v == floor(v) && v < (double)gd_param_choices(p);
    if (p->kind != GD_NUMBER && (v != floor(v) || v > GD_MAX_EXACT_INTEGER))
        return false;
    bool above = p->min_open ? v > p->min : v >= p->min;
    bool below = p->max_open ? v < p->max : v <= p->max;
    return above && below;
}

gd_status gd_param_set(void *base, const gd_param *p, double value, gd_error *err)
{
    char rule[200];
    if (!in_range(p, value))
        return gd_fail(err, GD_INVALID, p->name, "%s, got %.15g",
                       gd_param_rule(p, rule, sizeof rule), value);
    put(base, p, value);
    return GD_OK;
}

gd_status gd_param_set_list(void *base, const gd_param *p, const uint64_t *values, size_t count,
                            gd_error *err)
{
    char rule[200];
    gd_list list = {.count = count};
    if (count > GD_MAX_LIST)
        return gd_fail(err, GD_INVALID, p->name, "%s, got %zu of them",
                       gd_param_rule(p, rule, sizeof rule), count);
    for (size_t i = 0; i < count; i++) {
        if (!in_range(p, (double)values[i]))
            return gd_fail(err, GD_INVALID, p->name, "%s, got %llu",
                           gd_param_rule(p, rule, sizeof rule), (unsigned long long)values[i]);
        list.values[i] = values[i];
    }
    memcpy((unsigned char *)base + p->offset, &list, sizeof list);
    return GD_OK;
}

static const char *choice_rule(const gd_param *p, char *buf, size_t size)
{
    size_t at = (size_t)snprintf(buf, size, "must be one of ");
    for (size_t i = 0; p->choices[i] && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s\"%s\"", i ? ", " : "", p->choices[i]);
    return buf;
}

const char *gd_param_rule(const gd_param *p, char *buf, size_t size)
{
    char range[96] = "", list[64];
    if (p->kind == GD_CHOICE)
        return choice_rule(p, buf, size);
    if (p->kind == GD_BOOLEAN) {
        snprintf(buf, size, "must be true or false");
        return buf;
    }
    snprintf(list, sizeof list, "an array of at most %d whole numbers", GD_MAX_LIST);
    const char *noun = p->kind == GD_LIST      ? list
                       : p->kind == GD_INTEGER ? "a whole number"
                                               : "a finite number";
    bool low = isfinite(p->min), high = isfinite(p->max);
    if (low && high)
        snprintf(range, sizeof range, " in %c%.16g, %.16g%c", p->min_open ? '(' : '[', p->min,
                 p->max, p->max_open ? ')' : ']');
    else if (low)
        snprintf(range, sizeof range, " %s %.16g", p->min_open ? "greater than" : "of at least",
                 p->min);
    else if (high)
        snprintf(range, sizeof range, " %s %.16g", p->max_open ? "less than" : "of at most",
                 p->max);
    if (p->word)
        snprintf(buf, size, "must be %s%s, or \"%s\"", noun, range, p->word);
    else
        snprintf(buf, size, "must be %s%s", noun, range);
    return buf;
}
