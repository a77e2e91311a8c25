/* schema: one function a keyword, and a table of them. */
#include "schema.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32, PATH = 256 };

typedef struct seen {
    const cJSON *property;
    bool not_null;
} seen;

struct schema {
    const cJSON *root;
    seen *list;
    size_t count;
    int quiet; /* above 0: a trial, of which nothing is remembered */
    int depth;
    char path[PATH]; /* of the value being checked */
    char why[1024];
};

static const cJSON *get(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

schema *schema_new(const cJSON *root)
{
    schema *c = calloc(1, sizeof *c);
    c->root = root;
    return c;
}

void schema_free(schema *c)
{
    free(c->list);
    free(c);
}

const char *schema_why(const schema *c)
{
    return c->why;
}

const cJSON *schema_resolve(const schema *c, const cJSON *node)
{
    for (int i = 0; i < DEEPEST && node; i++) {
        const cJSON *ref = get(node, "$ref");
        if (!ref)
            return node;
        char copy[PATH], *rest = NULL;
        snprintf(copy, sizeof copy, "%s", ref->valuestring);
        char *part = strtok_r(copy, "/", &rest);
        if (!part || strcmp(part, "#") != 0)
            return NULL;
        node = c->root;
        while (node && (part = strtok_r(NULL, "/", &rest)))
            node = get(node, part);
    }
    return NULL;
}

/* ---- what was seen ---- */

static seen *find(const schema *c, const cJSON *property)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].property == property)
            return &c->list[i];
    return NULL;
}

static void note(schema *c, const cJSON *property, const cJSON *value)
{
    if (c->quiet)
        return;
    seen *s = find(c, property);
    if (!s) {
        c->list = realloc(c->list, (c->count + 1) * sizeof *c->list);
        s = &c->list[c->count++];
        *s = (seen){property, false};
    }
    s->not_null = s->not_null || !cJSON_IsNull(value);
}

bool schema_seen(const schema *c, const cJSON *property, bool not_null)
{
    const seen *s = find(c, property);
    return s && (s->not_null || !not_null);
}

/* ---- keywords ---- */

static bool fail(schema *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool fail(schema *c, const char *fmt, ...)
{
    char what[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(c->why, sizeof c->why, "%s: %s", *c->path ? c->path : "(the value)", what);
    return false;
}

/* Checks a part of the value, with its name added to the path. */
static bool check_part(schema *c, const cJSON *node, const cJSON *value, const char *name)
{
    size_t n = strlen(c->path);
    snprintf(c->path + n, sizeof c->path - n, "%s%s", n ? "." : "", name);
    bool ok = schema_check(c, node, value);
    c->path[n] = '\0';
    return ok;
}

static bool is_type(const cJSON *value, const char *type)
{
    switch (type[0]) {
    case 'o':
        return cJSON_IsObject(value);
    case 'a':
        return cJSON_IsArray(value);
    case 's':
        return cJSON_IsString(value);
    case 'b':
        return cJSON_IsBool(value);
    case 'i':
        return cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble);
    default:
        return type[1] == 'u' && type[2] == 'm' ? cJSON_IsNumber(value) : cJSON_IsNull(value);
    }
}

static bool check_type(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    if (cJSON_IsString(rule) && is_type(value, rule->valuestring))
        return true;
    const cJSON *one;
    cJSON_ArrayForEach (one, rule)
        if (is_type(value, one->valuestring))
            return true;
    char *text = cJSON_PrintUnformatted(value), *want = cJSON_PrintUnformatted(rule);
    fail(c, "%.200s is not of type %s", text, want);
    free(text);
    free(want);
    return false;
}

static bool check_properties(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    const cJSON *item;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach (item, value) {
        const cJSON *property = get(rule, item->string);
        if (property && !check_part(c, property, item, item->string))
            return false;
        if (property)
            note(c, property, item);
    }
    return true;
}

static bool check_additional(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    const cJSON *item, *known = get(node, "properties");
    if (!cJSON_IsObject(value) || cJSON_IsTrue(rule))
        return true;
    cJSON_ArrayForEach (item, value) {
        if (get(known, item->string))
            continue;
        if (cJSON_IsFalse(rule))
            return fail(c, "\"%s\" is not documented", item->string);
        if (!check_part(c, rule, item, item->string))
            return false;
    }
    return true;
}

static bool check_required(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    const cJSON *name;
    cJSON_ArrayForEach (name, rule)
        if (cJSON_IsObject(value) && !get(value, name->valuestring))
            return fail(c, "\"%s\" is missing", name->valuestring);
    return true;
}

static bool check_items(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    const cJSON *item;
    int i = 0;
    if (!cJSON_IsArray(value))
        return true;
    cJSON_ArrayForEach (item, value) {
        char name[24];
        snprintf(name, sizeof name, "%d", i++);
        if (!check_part(c, rule, item, name))
            return false;
    }
    return true;
}

static bool check_enum(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    const cJSON *one;
    cJSON_ArrayForEach (one, rule)
        if (cJSON_Compare(one, value, true))
            return true;
    char *text = cJSON_PrintUnformatted(value);
    fail(c, "%.200s is not one of the enum", text);
    free(text);
    return false;
}

static bool check_const(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    return cJSON_Compare(rule, value, true) || fail(c, "is not the constant");
}

static bool check_one_of(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    const cJSON *one, *fits = NULL;
    char reasons[600] = "";
    int count = 0;
    cJSON_ArrayForEach (one, rule) {
        c->quiet++;
        bool ok = schema_check(c, one, value);
        c->quiet--;
        if (ok) {
            fits = one;
            count++;
        } else {
            size_t n = strlen(reasons);
            snprintf(reasons + n, sizeof reasons - n, "; %.250s", c->why);
        }
    }
    if (count == 1)
        return schema_check(c, fits, value);
    return fail(c, "fits %d of oneOf%s", count, reasons);
}

static bool check_bound(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    double v = value->valuedouble, bound = rule->valuedouble;
    if (!cJSON_IsNumber(value))
        return true;
    bool exclusive = strncmp(rule->string, "exclusive", 9) == 0,
         low = strstr(rule->string, "inimum");
    bool ok = low ? (exclusive ? v > bound : v >= bound) : (exclusive ? v < bound : v <= bound);
    return ok || fail(c, "%.17g breaks %s %.17g", v, rule->string, bound);
}

/* In characters, elements or members. */
static bool check_size(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    double n = 0;
    const char *of = rule->string + 3;
    if (strcmp(of, "Length") == 0 && cJSON_IsString(value)) {
        for (const char *s = value->valuestring; *s; s++)
            n += (*s & 0xc0) != 0x80;
    } else if ((strcmp(of, "Items") == 0 && cJSON_IsArray(value)) ||
               (strcmp(of, "Properties") == 0 && cJSON_IsObject(value))) {
        n = cJSON_GetArraySize(value);
    } else {
        return true;
    }
    bool ok = rule->string[1] == 'i' ? n >= rule->valuedouble : n <= rule->valuedouble;
    return ok || fail(c, "%.0f breaks %s %.0f", n, rule->string, rule->valuedouble);
}

static bool check_unique(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    if (!cJSON_IsArray(value) || !cJSON_IsTrue(rule))
        return true;
    for (const cJSON *a = value->child; a; a = a->next)
        for (const cJSON *b = a->next; b; b = b->next)
            if (cJSON_Compare(a, b, true))
                return fail(c, "has an element twice");
    return true;
}

static bool matches(schema *c, const char *text, const char *pattern)
{
    regex_t re;
    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return fail(c, "the pattern %s is not understood here", pattern);
    bool ok = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return ok || fail(c, "\"%.200s\" does not match %s", text, pattern);
}

static bool check_pattern(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    if (!cJSON_IsString(value))
        return true;
    /* \u escapes are not POSIX; this pattern is the one that has them */
    if (strcmp(rule->valuestring, "^[^\\u0000-\\u001f\\u007f]+$") == 0)
        return matches(c, value->valuestring, "^[^\001-\037\177]+$");
    return matches(c, value->valuestring, rule->valuestring);
}

static bool check_format(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value)
{
    (void)node;
    if (!cJSON_IsString(value) || strcmp(rule->valuestring, "date-time") != 0)
        return true;
    return matches(c, value->valuestring,
                   "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]+)?Z$");
}

typedef bool keyword(schema *c, const cJSON *node, const cJSON *rule, const cJSON *value);

static const struct {
    const char *name;
    keyword *check; /* NULL: says nothing of values */
} keywords[] = {
    {"type", check_type},
    {"properties", check_properties},
    {"additionalProperties", check_additional},
    {"required", check_required},
    {"items", check_items},
    {"enum", check_enum},
    {"const", check_const},
    {"oneOf", check_one_of},
    {"minimum", check_bound},
    {"maximum", check_bound},
    {"exclusiveMinimum", check_bound},
    {"exclusiveMaximum", check_bound},
    {"minLength", check_size},
    {"maxLength", check_size},
    {"minItems", check_size},
    {"maxItems", check_size},
    {"minProperties", check_size},
    {"maxProperties", check_size},
    {"uniqueItems", check_unique},
    {"pattern", check_pattern},
    {"format", check_format},
    {"$ref", NULL}, /* followed before */
    {"title", NULL},
    {"description", NULL},
    {"default", NULL},
    {"examples", NULL},
};

enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };

static bool check_keywords(schema *c, const cJSON *node, const cJSON *value)
{
    const cJSON *rule;
    cJSON_ArrayForEach (rule, node) {
        int i = 0;
        while (i < KEYWORDS && strcmp(keywords[i].name, rule->string) != 0)
            i++;
        if (i == KEYWORDS)
            return fail(c, "the keyword %s is not known here", rule->string);
        if (keywords[i].check && !keywords[i].check(c, node, rule, value))
            return false;
    }
    return true;
}

bool schema_check(schema *c, const cJSON *node, const cJSON *value)
{
    const cJSON *there = schema_resolve(c, node);
    if (!cJSON_IsObject(there))
        return fail(c, "there is no schema for it");
    if (!value)
        return fail(c, "there is no value");
    if (c->depth == DEEPEST)
        return fail(c, "the schema goes round in circles");
    c->depth++;
    bool ok = check_keywords(c, there, value) && (there == node || check_keywords(c, node, value));
    c->depth--;
    return ok;
}

/* ---- walking ---- */

bool schema_nullable(const schema *c, const cJSON *node)
{
    const cJSON *one, *there = schema_resolve(c, node), *type = get(there, "type");
    if (cJSON_IsString(type) && strcmp(type->valuestring, "null") == 0)
        return true;
    cJSON_ArrayForEach (one, type)
        if (strcmp(one->valuestring, "null") == 0)
            return true;
    cJSON_ArrayForEach (one, get(there, "oneOf"))
        if (schema_nullable(c, one))
            return true;
    return false;
}

void schema_each_property(const schema *c, const cJSON *node, const char *path, schema_visit *visit,
                          void *ctx)
{
    const cJSON *one, *there = schema_resolve(c, node);
    cJSON_ArrayForEach (one, get(there, "properties")) {
        char longer[PATH];
        snprintf(longer, sizeof longer, "%s.%s", path, one->string);
        visit(ctx, longer, one);
        schema_each_property(c, one, longer, visit, ctx);
    }
    cJSON_ArrayForEach (one, get(there, "oneOf"))
        schema_each_property(c, one, path, visit, ctx);
    const cJSON *items = get(there, "items");
    if (items)
        schema_each_property(c, items, path, visit, ctx);
}
