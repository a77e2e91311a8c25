/* api_doc: the one door to cJSON's reading and writing. */
#include "api_doc.h"

#include "api_json.h"
#include "api_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An object or array that lacks a member for want of memory says so here, where cJSON keeps
 * nothing for those; printing looks for it. */
enum { INCOMPLETE = -1 };

static void mark_incomplete(cJSON *item)
{
    if (item)
        item->valueint = INCOMPLETE;
}

static bool complete(const cJSON *item)
{
    if (!item || ((cJSON_IsObject(item) || cJSON_IsArray(item)) && item->valueint == INCOMPLETE))
        return false;
    for (const cJSON *child = item->child; child; child = child->next)
        if (!complete(child))
            return false;
    return true;
}

static bool check_names(const cJSON *item, api_problem *p)
{
    size_t members = 0;
    for (const cJSON *a = item->child; a; a = a->next) {
        if ((cJSON_IsObject(item) || cJSON_IsArray(item)) && a->child && !check_names(a, p))
            return false;
        if (!cJSON_IsObject(item))
            continue;
        if (++members > API_MAX_MEMBERS)
            return api_problem_set(p, API_BAD_JSON, "an object has more than %d members",
                                   API_MAX_MEMBERS);
        for (const cJSON *b = item->child; b != a; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return api_problem_set(p, API_BAD_JSON, "the name \"%.64s\" is given twice",
                                       a->string);
    }
    return true;
}

cJSON *api_doc_parse(const char *bytes, size_t n, api_problem *p)
{
    if (!api_json_check(bytes, n, p))
        return NULL;
    cJSON *doc = cJSON_ParseWithLength(bytes, n);
    if (!doc) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the document");
        return NULL;
    }
    if (!cJSON_IsObject(doc))
        api_problem_set(p, API_BAD_JSON, "the body must be a JSON object: {...}");
    else
        check_names(doc, p);
    if (p->code != API_NO_PROBLEM) {
        cJSON_Delete(doc);
        return NULL;
    }
    return doc;
}

void api_doc_item(cJSON *o, const char *name, cJSON *item)
{
    if (o && item && cJSON_AddItemToObject(o, name, item))
        return;
    cJSON_Delete(item);
    mark_incomplete(o);
}

static cJSON *append(cJSON *array, cJSON *item)
{
    if (array && item && cJSON_AddItemToArray(array, item))
        return item;
    cJSON_Delete(item);
    mark_incomplete(array);
    return NULL;
}

static cJSON *add(cJSON *o, const char *name, cJSON *item)
{
    api_doc_item(o, name, item);
    return o && o->valueint != INCOMPLETE ? item : NULL;
}

cJSON *api_doc_add_object(cJSON *o, const char *name)
{
    return add(o, name, o ? cJSON_CreateObject() : NULL);
}

cJSON *api_doc_add_array(cJSON *o, const char *name)
{
    return add(o, name, o ? cJSON_CreateArray() : NULL);
}

cJSON *api_doc_append_object(cJSON *array)
{
    return append(array, array ? cJSON_CreateObject() : NULL);
}

void api_doc_append_number(cJSON *array, double value)
{
    append(array, array ? cJSON_CreateNumber(value) : NULL);
}

void api_doc_append_string(cJSON *array, const char *value)
{
    append(array, array ? cJSON_CreateString(value) : NULL);
}

void api_doc_raw(cJSON *o, const char *name, const char *text)
{
    api_doc_item(o, name, text ? cJSON_CreateRaw(text) : NULL);
}

void api_doc_embed(cJSON *o, const char *name, const char *text)
{
    api_doc_item(o, name, text ? cJSON_Parse(text) : NULL);
}

void api_doc_string(cJSON *o, const char *name, const char *value)
{
    api_doc_item(o, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void api_doc_number(cJSON *o, const char *name, double value)
{
    api_doc_item(o, name, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void api_doc_bool(cJSON *o, const char *name, bool value)
{
    api_doc_item(o, name, cJSON_CreateBool(value));
}

void api_doc_null(cJSON *o, const char *name)
{
    api_doc_item(o, name, cJSON_CreateNull());
}

/* Bulk goes in as text: a node for each of many numbers would take ten times the room. */
static void add_numbers(api_text *t, const double *values, size_t n)
{
    api_text_puts(t, "[");
    for (size_t i = 0; i < n; i++) {
        api_text_puts(t, i ? ", " : "");
        api_text_number(t, values[i]);
    }
    api_text_puts(t, "]");
}

void api_doc_numbers(cJSON *o, const char *name, const double *values, size_t n)
{
    api_text t = {0};
    add_numbers(&t, values, n);
    api_doc_raw(o, name, t.failed ? NULL : t.data);
    api_text_free(&t);
}

void api_doc_matrix(cJSON *o, const char *name, const double *values, size_t rows, size_t cols)
{
    api_text t = {0};
    api_text_puts(&t, "[");
    for (size_t i = 0; i < rows; i++) {
        api_text_puts(&t, i ? ", " : "");
        add_numbers(&t, values + i * cols, cols);
    }
    api_text_puts(&t, "]");
    api_doc_raw(o, name, t.failed ? NULL : t.data);
    api_text_free(&t);
}

void api_doc_strings(cJSON *o, const char *name, const char *const *values, size_t n)
{
    cJSON *list = api_doc_add_array(o, name);
    for (size_t i = 0; i < n; i++)
        api_doc_append_string(list, values[i]);
}

/* ---- writing; cJSON's own printer rounds numbers ---- */

enum { COMPACT = -1 };

static void new_line(api_text *t, int indent)
{
    api_text_printf(t, "\n%*s", 2 * indent, "");
}

static void write_value(api_text *t, const cJSON *value, int indent);

/* Members on lines of their own; elements too, unless all are scalars. */
static void write_members(api_text *t, const cJSON *parent, int indent)
{
    bool object = cJSON_IsObject(parent), lines = object;
    for (const cJSON *child = parent->child; child; child = child->next)
        lines = lines || cJSON_IsObject(child) || cJSON_IsArray(child);
    lines = lines && indent != COMPACT && parent->child;
    int inner = indent == COMPACT ? COMPACT : indent + lines;
    api_text_puts(t, object ? "{" : "[");
    for (const cJSON *child = parent->child; child; child = child->next) {
        if (lines)
            new_line(t, inner);
        if (object) {
            api_text_string(t, child->string);
            api_text_puts(t, ": ");
        }
        write_value(t, child, inner);
        api_text_puts(t, !child->next ? "" : lines ? "," : ", ");
    }
    if (lines)
        new_line(t, indent);
    api_text_puts(t, object ? "}" : "]");
}

static void write_value(api_text *t, const cJSON *value, int indent)
{
    if (cJSON_IsNumber(value))
        api_text_number(t, value->valuedouble);
    else if (cJSON_IsString(value))
        api_text_string(t, value->valuestring);
    else if (cJSON_IsRaw(value))
        api_text_puts(t, value->valuestring);
    else if (cJSON_IsObject(value) || cJSON_IsArray(value))
        write_members(t, value, indent);
    else
        api_text_puts(t, cJSON_IsTrue(value) ? "true" : cJSON_IsFalse(value) ? "false" : "null");
}

char *api_doc_text(const cJSON *value)
{
    api_text t = {0};
    if (!complete(value))
        return NULL;
    write_value(&t, value, COMPACT);
    return api_text_take(&t);
}

char *api_doc_take_text(cJSON *doc)
{
    char *text = api_doc_text(doc);
    cJSON_Delete(doc);
    return text;
}

char *api_doc_print(cJSON *doc)
{
    api_text t = {0};
    if (complete(doc)) {
        write_value(&t, doc, 0);
        api_text_puts(&t, "\n");
    } else {
        t.failed = true;
    }
    cJSON_Delete(doc);
    return api_text_take(&t);
}
