/* srv_classes: distinct labels, sorted, and each row's place among them. */
#include "srv_classes.h"

#include "api_doc.h"
#include "srv_texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Integers that a label may be: exact in a double. */
#define MOST GD_MAX_EXACT_INTEGER

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the classes");
}

static int by_value(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

/* Distinct targets into values (room for API_MAX_LABELS), sorted. */
static bool distinct(const gd_data *d, double *values, size_t *count, api_problem *p)
{
    size_t n = 0;
    for (size_t i = 0; i < d->rows; i++) {
        double v = d->y[i];
        if (v != floor(v) || fabs(v) > MOST)
            return api_problem_field(
                p, "model",
                "needs class labels: texts, or integers up to 2^53, but the target "
                "has %.15g in row %zu",
                v, i + 1);
        if (n && bsearch(&v, values, n, sizeof v, by_value))
            continue;
        if (n == API_MAX_LABELS)
            return api_problem_field(
                p, "model",
                "needs class labels, but the target has more than %zu distinct "
                "values",
                API_MAX_LABELS);
        size_t at = n++;
        while (at > 0 && values[at - 1] > v) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = v;
    }
    *count = n;
    return true;
}

static bool of_integers(srv_classes *c, const gd_data *d, api_problem *p)
{
    double values[API_MAX_LABELS];
    if (!distinct(d, values, &c->count, p))
        return false;
    for (size_t i = 0; i < d->rows; i++) {
        const double *at = bsearch(&d->y[i], values, c->count, sizeof values[0], by_value);
        c->y[i] = (double)(at - values);
    }
    cJSON *list = cJSON_CreateArray();
    for (size_t k = 0; k < c->count; k++)
        api_doc_append_number(list, values[k]);
    c->json = api_doc_take_text(list);
    return c->json || no_memory(p);
}

typedef struct label {
    const char *text;
    size_t code;
} label;

static int by_text(const void *a_, const void *b_)
{
    const label *a = a_, *b = b_;
    return strcmp(a->text, b->text);
}

static bool of_texts(srv_classes *c, const gd_data *d, const cJSON *texts, api_problem *p)
{
    label sorted[API_MAX_LABELS] = {0};
    double class[API_MAX_LABELS] = {0}; /* of a code */
    const cJSON *text;
    cJSON *list = cJSON_CreateArray();
    cJSON_ArrayForEach (text, texts) {
        sorted[c->count] = (label){text->valuestring, c->count};
        c->count++;
    }
    qsort(sorted, c->count, sizeof sorted[0], by_text);
    for (size_t k = 0; k < c->count; k++) {
        class[sorted[k].code] = (double)k;
        api_doc_append_string(list, sorted[k].text);
    }
    for (size_t i = 0; i < d->rows; i++)
        c->y[i] = class[(size_t)d->y[i]];
    c->json = api_doc_take_text(list);
    return c->json || no_memory(p);
}

bool srv_classes_find(srv_classes *c, const gd_data *d, const char *labels, api_problem *p)
{
    memset(c, 0, sizeof *c);
    c->y = malloc(d->rows * sizeof *c->y);
    cJSON *texts = srv_texts_parse(labels);
    bool ok = (c->y && (!labels || texts) && (size_t)cJSON_GetArraySize(texts) <= API_MAX_LABELS) ||
              no_memory(p);
    ok = ok && (labels ? of_texts(c, d, texts, p) : of_integers(c, d, p));
    cJSON_Delete(texts);
    if (!ok)
        srv_classes_free(c);
    return ok;
}

/* ---- other data, by the same classes ---- */

/* The place of a label among the classes; their count when it is none of them. */
static size_t place_of(const cJSON *classes, const char *text, double number)
{
    size_t k = 0;
    const cJSON *class;
    cJSON_ArrayForEach (class, classes) {
        if (text ? cJSON_IsString(class) && strcmp(class->valuestring, text) == 0
                 : cJSON_IsNumber(class) && class->valuedouble == number)
            break;
        k++;
    }
    return k;
}

static bool unknown_class(const char *field, const char *text, double number, size_t row,
                          api_problem *p)
{
    return text ? api_problem_field(
                      p, field, "has the label \"%.80s\" in row %zu, which is no class of the model",
                      text, row)
                : api_problem_field(
                      p, field, "has the label %.15g in row %zu, which is no class of the model",
                      number, row);
}

bool srv_classes_map(const char *classes, const gd_data *d, const char *labels, double *y,
                     const char *field, api_problem *p)
{
    cJSON *known = cJSON_Parse(classes), *texts = srv_texts_parse(labels);
    size_t codes[API_MAX_LABELS] = {0}, count = (size_t)cJSON_GetArraySize(known), n = 0;
    bool ok = (known && (texts || !labels)) || no_memory(p);
    const cJSON *text;
    cJSON_ArrayForEach (text, texts) {
        if (n < API_MAX_LABELS)
            codes[n++] = place_of(known, text->valuestring, 0);
    }
    for (size_t i = 0; ok && i < d->rows; i++) {
        size_t k = texts ? codes[(size_t)d->y[i]] : place_of(known, NULL, d->y[i]);
        y[i] = (double)k;
        if (k == count)
            ok = unknown_class(
                field,
                cJSON_GetStringValue(cJSON_GetArrayItem(texts, (int)d->y[i])), d->y[i], i + 1,
                p);
    }
    cJSON_Delete(known);
    cJSON_Delete(texts);
    return ok;
}

void srv_classes_free(srv_classes *c)
{
    free(c->y);
    free(c->json);
    *c = (srv_classes){0};
}
