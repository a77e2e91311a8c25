/* api_dataset: datasets written down. */
#include "api_dataset.h"

#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

static void encode_kind(cJSON *o, const api_kind *k)
{
    api_doc_string(o, "type", api_type_name(k ? k->type : API_NUMERIC));
    api_doc_number(o, "missing", k ? (double)k->missing : 0);
    if (k && k->levels)
        api_doc_strings(o, "levels", (const char *const *)k->levels, k->levels_count);
}

char *api_kinds_encode(const api_dataset *d)
{
    if (!d->kinds)
        return NULL;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i <= d->cols; i++)
        encode_kind(api_doc_append_object(list), &d->kinds[i]);
    return api_doc_take_text(list);
}

static bool decode_kind(const cJSON *o, api_kind *k)
{
    api_problem ignored = {0};
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(o, "type"),
                *missing = cJSON_GetObjectItemCaseSensitive(o, "missing"),
                *levels = cJSON_GetObjectItemCaseSensitive(o, "levels"), *level;
    size_t count = (size_t)cJSON_GetArraySize(levels);
    k->type = cJSON_IsString(type) ? api_type_read(type->valuestring, "", &ignored) : API_NUMERIC;
    k->missing = cJSON_IsNumber(missing) ? (uint64_t)missing->valuedouble : 0;
    if (!levels)
        return true;
    k->levels = calloc(count ? count : 1, sizeof *k->levels);
    bool ok = k->levels != NULL;
    if (ok)
        cJSON_ArrayForEach (level, levels)
            if (ok && (ok = cJSON_IsString(level) &&
                            (k->levels[k->levels_count] = strdup(level->valuestring)) != NULL))
                k->levels_count++;
    return ok;
}

bool api_kinds_decode(const char *json, size_t count, api_kind **out)
{
    *out = NULL;
    if (!json)
        return true;
    cJSON *list = cJSON_Parse(json);
    api_kind *kinds = calloc(count, sizeof *kinds);
    bool ok = kinds && list && (size_t)cJSON_GetArraySize(list) == count;
    const cJSON *item;
    size_t i = 0;
    if (ok)
        cJSON_ArrayForEach (item, list)
            ok = ok && decode_kind(item, &kinds[i++]);
    cJSON_Delete(list);
    if (ok)
        *out = kinds;
    else
        api_kinds_free(kinds, count);
    return ok;
}

void api_kinds_free(api_kind *kinds, size_t count)
{
    for (size_t i = 0; kinds && i < count; i++) {
        for (size_t k = 0; kinds[i].levels && k < kinds[i].levels_count; k++)
            free(kinds[i].levels[k]);
        free(kinds[i].levels);
    }
    free(kinds);
}

/* "types": a feature each, as `columns`; "missing": {"price": 2}, of columns that lack any. */
static void encode_types(cJSON *o, const api_dataset_view *v)
{
    cJSON *columns = cJSON_Parse(v->sparse ? "[]" : v->columns), *types = api_doc_add_array(o, "types"),
          *missing = api_doc_add_object(o, "missing");
    size_t count = (size_t)cJSON_GetArraySize(columns);
    api_kind *kinds = NULL;
    bool known = columns && api_kinds_decode(v->kinds, count + 1, &kinds);
    const cJSON *name = columns ? columns->child : NULL;
    for (size_t i = 0; known && i <= count; i++, name = name ? name->next : NULL) {
        if (i < count)
            api_doc_append_string(types, api_type_name(kinds ? kinds[i].type : API_NUMERIC));
        if (kinds && kinds[i].missing)
            api_doc_number(missing, i < count ? name->valuestring : v->target,
                           (double)kinds[i].missing);
    }
    if (!known) /* out of memory */
        api_doc_item(o, "types", NULL);
    api_kinds_free(kinds, count + 1);
    cJSON_Delete(columns);
}

void api_dataset_encode(cJSON *o, const api_dataset_view *v)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_number(o, "rows", (double)v->rows);
    api_doc_embed(o, "columns", v->columns);
    encode_types(o, v);
    api_doc_string(o, "target", v->target);
    api_doc_embed(o, "labels", v->labels ? v->labels : "null");
    api_doc_string(o, "dtype", v->single ? "float32" : "float64");
    api_doc_string(o, "layout", v->sparse ? "sparse" : "dense");
    if (v->sparse) {
        api_doc_number(o, "nonzeros", (double)v->nonzeros);
        api_doc_number(o, "density", (double)v->nonzeros / ((double)v->rows * (double)v->cols));
    }
    api_doc_number(o, "bytes", (double)v->bytes);
    api_doc_string(o, "sha256", v->sha256);
    api_doc_number(o, "version", (double)v->version);
    api_doc_string(o, "previous_version", v->previous);
    api_doc_string(o, "created_at", v->created_at);
}
