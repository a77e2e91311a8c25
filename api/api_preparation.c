/* api_preparation: names and texts around gd_prepare. */
#include "api_preparation.h"

#include "api_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to prepare the columns");
}

/* ---- what a job asks for ---- */

static const gd_param product_params[] = {
    {.name = "polynomial",
     .kind = GD_INTEGER,
     .offset = offsetof(api_products, degree),
     .def = 1,
     .min = 1,
     .max = (double)GD_MAX_DEGREE,
     .doc = "factors in a product, at most"},
    {.name = "interactions_only",
     .kind = GD_BOOLEAN,
     .offset = offsetof(api_products, interactions_only),
     .doc = "products of different columns alone"},
};

bool api_products_read(const api_job *job, api_products *out, api_problem *p)
{
    static const char *const names[] = {"polynomial", "interactions_only"};
    gd_param_defaults(out, product_params, 2);
    if (!job->features)
        return true;
    cJSON *doc = cJSON_Parse(job->features);
    if (!doc)
        return no_memory(p);
    bool ok = true;
    const cJSON *item;
    cJSON_ArrayForEach (item, doc) {
        size_t i = 0;
        while (i < 2 && strcmp(names[i], item->string) != 0)
            i++;
        char field[96];
        snprintf(field, sizeof field, "features.%.70s", item->string);
        if (i == 2)
            ok = api_problem_unknown(p, field, names, 2);
        else
            ok = api_field_set(out, &product_params[i], item, "features.", p) && ok;
    }
    cJSON_Delete(doc);
    return ok;
}

bool api_reference_read(const api_job *job, const char *column, char *const *levels, size_t count,
                        size_t *out, api_problem *p)
{
    *out = GD_NO_LEVEL;
    if (!job->reference_level)
        return true;
    cJSON *doc = cJSON_Parse(job->reference_level);
    if (!doc)
        return no_memory(p);
    const cJSON *level = cJSON_GetObjectItemCaseSensitive(doc, column);
    if (cJSON_IsTrue(doc))
        *out = 0;
    for (size_t k = 0; cJSON_IsString(level) && k < count; k++)
        if (strcmp(levels[k], level->valuestring) == 0)
            *out = k;
    bool ok = !level || *out != GD_NO_LEVEL;
    if (!ok) {
        char field[96];
        const char *near = api_nearest(level->valuestring, (const char *const *)levels, count);
        snprintf(field, sizeof field, "reference_level.%.70s", column);
        api_problem_field(p, field, "is \"%.80s\", which no row trained on has%s%.80s%s",
                          level->valuestring, near ? "; did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
    }
    cJSON_Delete(doc);
    return ok;
}

bool api_reference_check(const api_job *job, const char *const *names, const api_kind *kinds,
                         size_t count, api_problem *p)
{
    cJSON *doc = job->reference_level ? cJSON_Parse(job->reference_level) : NULL;
    if (job->reference_level && !doc)
        return no_memory(p);
    bool ok = true;
    const cJSON *item;
    cJSON_ArrayForEach (item, doc) {
        size_t i = 0;
        char field[96];
        snprintf(field, sizeof field, "reference_level.%.70s", item->string);
        while (i < count && strcmp(names[i], item->string) != 0)
            i++;
        if (i == count)
            ok = api_problem_field(p, field, "is no column of the dataset");
        else if (!kinds || kinds[i].type != API_CATEGORICAL)
            ok = api_problem_field(p, field, "is a column of type %s: it has no levels",
                                   api_type_name(kinds ? kinds[i].type : API_NUMERIC));
    }
    cJSON_Delete(doc);
    return ok;
}

/* ---- core ---- */

bool api_preparation_settle(api_preparation *a, api_problem *p)
{
    gd_error err;
    gd_prepare_column *columns = calloc(a->cols ? a->cols : 1, sizeof *columns);
    if (!columns)
        return no_memory(p);
    for (size_t j = 0; j < a->cols; j++) {
        const api_prepared *c = &a->columns[j];
        bool counts = c->type == API_NUMERIC || c->type == API_DATETIME;
        columns[j] = (gd_prepare_column){.levels = c->levels_count,
                                         .reference = c->reference,
                                         .fill = c->fill,
                                         .indicated = c->indicated,
                                         .powers = counts};
    }
    gd_prepare_spec spec = {.columns = columns,
                            .cols = a->cols,
                            .ignore_unknown = a->ignore_unknown,
                            .degree = a->products.degree,
                            .interactions_only = a->products.interactions_only};
    gd_prepare_free(a->core);
    bool ok = gd_prepare_new(&a->core, &spec, &err) == GD_OK || api_problem_core(p, &err);
    free(columns);
    return ok;
}

void api_preparation_free(api_preparation *a)
{
    for (size_t j = 0; a->columns && j < a->cols; j++) {
        api_prepared *c = &a->columns[j];
        for (size_t k = 0; c->levels && k < c->levels_count; k++)
            free(c->levels[k]);
        free(c->levels);
        free(c->name);
    }
    free(a->columns);
    gd_prepare_free(a->core);
    *a = (api_preparation){0};
}

/* ---- JSON ---- */

static const char *const missing_words[] = {"error", "drop", "mean", "median", "most_frequent"};

static void encode_column(cJSON *o, const api_prepared *c)
{
    bool categorical = c->type == API_CATEGORICAL;
    api_doc_string(o, "name", c->name);
    api_doc_string(o, "type", api_type_name(c->type));
    if (categorical)
        api_doc_strings(o, "levels", (const char *const *)c->levels, c->levels_count);
    if (c->reference != GD_NO_LEVEL)
        api_doc_string(o, "reference_level", c->levels[c->reference]);
    if (!isnan(c->fill) && categorical)
        api_doc_string(o, "fill", c->levels[(size_t)c->fill]);
    else if (!isnan(c->fill))
        api_doc_number(o, "fill", c->fill);
    if (c->indicated)
        api_doc_bool(o, "missing_indicator", true);
}

cJSON *api_preparation_encode(const api_preparation *a)
{
    cJSON *o = cJSON_CreateObject(), *list = api_doc_add_array(o, "columns");
    for (size_t j = 0; j < a->cols; j++)
        encode_column(api_doc_append_object(list), &a->columns[j]);
    api_doc_string(o, "missing", missing_words[a->missing]);
    api_doc_string(o, "unknown_levels", a->ignore_unknown ? "ignore" : "error");
    cJSON *features = api_doc_add_object(o, "features");
    api_doc_number(features, "polynomial", (double)a->products.degree);
    api_doc_bool(features, "interactions_only", a->products.interactions_only);
    return o;
}

/* The place of a text among the levels that were read. */
static size_t place_of(const api_prepared *c, const cJSON *text)
{
    size_t k = 0;
    if (!cJSON_IsString(text))
        return GD_NO_LEVEL;
    while (k < c->levels_count && strcmp(c->levels[k], text->valuestring) != 0)
        k++;
    return k < c->levels_count ? k : GD_NO_LEVEL;
}

/* What encode_column never wrote. */
static bool damaged(api_problem *p)
{
    return api_problem_set(p, API_INTERNAL,
                           "what is stored of how the model's columns are prepared is damaged");
}

static bool decode_levels(const cJSON *levels, api_prepared *c, api_problem *p)
{
    const cJSON *level;
    size_t count = (size_t)cJSON_GetArraySize(levels);
    c->levels = calloc(count ? count : 1, sizeof *c->levels);
    if (!c->levels)
        return no_memory(p);
    cJSON_ArrayForEach (level, levels) {
        if (!cJSON_IsString(level))
            return damaged(p);
        c->levels[c->levels_count] = strdup(level->valuestring);
        if (!c->levels[c->levels_count])
            return no_memory(p);
        c->levels_count++;
    }
    return true;
}

/* The level that `text`, where it is there, names. */
static bool decode_level(const cJSON *text, const api_prepared *c, size_t *out, api_problem *p)
{
    *out = place_of(c, text);
    return !text || *out != GD_NO_LEVEL || damaged(p);
}

static bool decode_column(const cJSON *o, api_prepared *c, api_problem *p)
{
    api_problem ignored = {0};
    const cJSON *levels = cJSON_GetObjectItemCaseSensitive(o, "levels"),
                *fill = cJSON_GetObjectItemCaseSensitive(o, "fill"),
                *name = cJSON_GetObjectItemCaseSensitive(o, "name"),
                *type = cJSON_GetObjectItemCaseSensitive(o, "type"),
                *reference = cJSON_GetObjectItemCaseSensitive(o, "reference_level");
    size_t level = GD_NO_LEVEL;
    *c = (api_prepared){.reference = GD_NO_LEVEL, .fill = (double)NAN};
    c->type = cJSON_IsString(type) ? api_type_read(type->valuestring, "", &ignored)
                                   : API_TYPE_UNKNOWN;
    bool categorical = c->type == API_CATEGORICAL;
    if (!cJSON_IsString(name) || !*name->valuestring || c->type == API_TYPE_UNKNOWN ||
        categorical != (levels != NULL))
        return damaged(p);
    c->name = strdup(name->valuestring);
    if (!c->name)
        return no_memory(p);
    if (categorical && (!decode_levels(levels, c, p) || !decode_level(fill, c, &level, p)))
        return false;
    if (!decode_level(reference, c, &c->reference, p))
        return false;
    if (level != GD_NO_LEVEL)
        c->fill = (double)level;
    else if (cJSON_IsNumber(fill) && isfinite(fill->valuedouble))
        c->fill = fill->valuedouble;
    else if (fill)
        return damaged(p);
    c->indicated = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "missing_indicator"));
    return true;
}

static bool decode(const cJSON *doc, api_preparation *a, api_problem *p)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(doc, "columns"), *item,
                *missing = cJSON_GetObjectItemCaseSensitive(doc, "missing"),
                *unknown = cJSON_GetObjectItemCaseSensitive(doc, "unknown_levels"),
                *features = cJSON_GetObjectItemCaseSensitive(doc, "features"),
                *degree = cJSON_GetObjectItemCaseSensitive(features, "polynomial");
    size_t count = (size_t)cJSON_GetArraySize(list);
    a->columns = calloc(count ? count : 1, sizeof *a->columns);
    if (!a->columns)
        return no_memory(p);
    cJSON_ArrayForEach (item, list)
        if (!decode_column(item, &a->columns[a->cols++], p))
            return false;
    for (size_t k = 0; cJSON_IsString(missing) && k < 5; k++)
        if (strcmp(missing->valuestring, missing_words[k]) == 0)
            a->missing = (api_missing)k;
    a->ignore_unknown = cJSON_IsString(unknown) && strcmp(unknown->valuestring, "ignore") == 0;
    if (cJSON_IsNumber(degree)) {
        if (!(degree->valuedouble >= 1 && degree->valuedouble <= (double)GD_MAX_DEGREE))
            return damaged(p);
        a->products.degree = (uint64_t)degree->valuedouble;
    }
    a->products.interactions_only =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(features, "interactions_only"));
    return true;
}

bool api_preparation_decode(const char *json, api_preparation *a, api_problem *p)
{
    *a = (api_preparation){.products = {.degree = 1}};
    cJSON *doc = cJSON_Parse(json);
    /* cJSON tells no difference between what is no JSON and no memory; it is our own. */
    bool ok = doc ? decode(doc, a, p) : no_memory(p);
    cJSON_Delete(doc);
    return ok && api_preparation_settle(a, p);
}

/* ---- names and cells ---- */

char *api_preparation_name(const api_preparation *a, size_t output)
{
    api_text t = {0};
    gd_prepare_factor f[GD_MAX_DEGREE];
    size_t count = gd_prepare_factors(a->core, output, f);
    for (size_t i = 0; i < count; i++) {
        const api_prepared *c = &a->columns[f[i].column];
        api_text_puts(&t, i ? "*" : "");
        api_text_puts(&t, f[i].indicator ? "missing(" : "");
        api_text_puts(&t, c->name);
        if (f[i].level != GD_NO_LEVEL) {
            api_text_puts(&t, "=");
            api_text_puts(&t, c->levels[f[i].level]);
        }
        api_text_puts(&t, f[i].indicator ? ")" : "");
        if (f[i].power > 1)
            api_text_printf(&t, "^%u", f[i].power);
    }
    return api_text_take(&t);
}

double api_prepared_level(const api_prepared *c, const char *text)
{
    size_t low = 0, high = c->levels_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(text, c->levels[middle]);
        if (order == 0)
            return (double)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return GD_UNKNOWN_LEVEL;
}

bool api_preparation_fault(const api_preparation *a, gd_prepare_fault fault, size_t at,
                           const char *text, size_t row, const char *field, api_problem *p)
{
    char *name = NULL;
    switch (fault) {
    case GD_PREPARED:
        break;
    case GD_PREPARE_MISSING:
        return api_problem_field(
            p, field,
            "has no value for \"%.80s\" in row %zu: a model takes rows that lack "
            "any if it was trained with missing set to \"mean\", \"median\" or "
            "\"most_frequent\"",
            a->columns[at].name, row);
    case GD_PREPARE_UNKNOWN:
        return api_problem_field(
            p, field,
            "has %s%.80s%s for \"%.80s\" in row %zu, which no row trained on has; "
            "set unknown_levels of the job to \"ignore\" to take it as none of "
            "them",
            text ? "\"" : "a text", text ? text : "", text ? "\"" : "", a->columns[at].name, row);
    case GD_PREPARE_OVERFLOW:
        name = api_preparation_name(a, at);
        api_problem_field(p, field,
                          "\"%.80s\" is beyond double precision in row %zu: scale the column",
                          name ? name : "a product", row);
        free(name);
        return false;
    }
    return true;
}
