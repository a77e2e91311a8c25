/* gd_param: reading, checking and storing hyperparameters by table row. */
#include "gd_param.h"

#include "gd_limits.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void put(void *base, const gd_param *p, double value)
{
    unsigned char *at = (unsigned char *)base + p->offset;
    switch (p->kind) {
    case GD_NUMBER:
        memcpy(at, &value, sizeof value);
        break;
    case GD_INTEGER: {
        uint64_t u = (uint64_t)value;
        memcpy(at, &u, sizeof u);
        break;
    }
    case GD_BOOLEAN: {
        bool b = value != 0;
        memcpy(at, &b, sizeof b);
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
    case GD_INTEGER: {
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
    }
    return value;
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
    if (p->kind == GD_INTEGER && (v != floor(v) || v > GD_MAX_EXACT_INTEGER))
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

const char *gd_param_rule(const gd_param *p, char *buf, size_t size)
{
    char range[96] = "";
    if (p->kind == GD_BOOLEAN) {
        snprintf(buf, size, "must be true or false");
        return buf;
    }
    const char *noun = p->kind == GD_INTEGER ? "a whole number" : "a finite number";
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
