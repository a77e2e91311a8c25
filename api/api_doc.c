/* api_doc: the one door to cJSON's reading and writing. */
#include "api_doc.h"

#include "api_json.h"
#include "api_text.h"

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

void api_doc_append_string(cJSON *array, const char *value)
{
    append(array, array ? cJSON_CreateString(value) : NULL);
}

void api_doc_raw(cJSON *o, const char *name, const char *text)
{
    api_doc_item(o, name, text ? cJSON_CreateRaw(text) : NULL);
}

void api_doc_string(cJSON *o, const char *name, const char *value)
{
    api_doc_item(o, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void api_doc_number(cJSON *o, const char *name, double value)
{
    api_text t = {0};
    api_text_number(&t, value);
    api_doc_raw(o, name, t.failed ? NULL : t.data);
    api_text_free(&t);
}

void api_doc_bool(cJSON *o, const char *name, bool value)
{
    api_doc_item(o, name, cJSON_CreateBool(value));
}

void api_doc_null(cJSON *o, const char *name)
{
    api_doc_item(o, name, cJSON_CreateNull());
}

void api_doc_numbers(cJSON *o, const char *name, const double *values, size_t n)
{
    api_text t = {0};
    api_text_puts(&t, "[");
    for (size_t i = 0; i < n; i++) {
        api_text_puts(&t, i ? ", " : "");
        api_text_number(&t, values[i]);
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

static void write_string(api_text *t, const char *s)
{
    cJSON *item = cJSON_CreateStringReference(s);
    char *text = item ? cJSON_PrintUnformatted(item) : NULL;
    if (text)
        api_text_puts(t, text);
    else
        t->failed = true;
    free(text);
    cJSON_Delete(item);
}

static void write_value(api_text *t, const cJSON *value)
{
    bool object = cJSON_IsObject(value);
    if (cJSON_IsNumber(value)) {
        api_text_number(t, value->valuedouble);
    } else if (cJSON_IsString(value)) {
        write_string(t, value->valuestring);
    } else if (object || cJSON_IsArray(value)) {
        api_text_puts(t, object ? "{" : "[");
        for (const cJSON *child = value->child; child; child = child->next) {
            if (object) {
                write_string(t, child->string);
                api_text_puts(t, ": ");
            }
            write_value(t, child);
            api_text_puts(t, child->next ? ", " : "");
        }
        api_text_puts(t, object ? "}" : "]");
    } else {
        api_text_puts(t, cJSON_IsTrue(value) ? "true" : cJSON_IsFalse(value) ? "false" : "null");
    }
}

char *api_doc_text(const cJSON *value)
{
    api_text t = {0};
    write_value(&t, value);
    return api_text_take(&t);
}

char *api_doc_print(cJSON *doc)
{
    char *text = complete(doc) ? cJSON_Print(doc) : NULL;
    size_t n = text ? strlen(text) : 0;
    cJSON_Delete(doc);
    char *line = text ? realloc(text, n + 2) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    line[n] = '\n';
    line[n + 1] = '\0';
    return line;
}
