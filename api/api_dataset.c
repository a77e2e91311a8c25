/* api_dataset: datasets written down. */
#include "api_dataset.h"

#include <math.h>

void api_dataset_encode(cJSON *o, const api_dataset_view *v)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_number(o, "rows", (double)v->rows);
    api_doc_embed(o, "columns", v->columns);
    api_doc_string(o, "target", v->target);
    api_doc_embed(o, "labels", v->labels ? v->labels : "null");
    api_doc_string(o, "dtype", v->single ? "float32" : "float64");
    api_doc_number(o, "bytes", (double)v->bytes);
    api_doc_string(o, "sha256", v->sha256);
    api_doc_string(o, "created_at", v->created_at);
    if (v->statistics)
        api_doc_embed(o, "statistics", v->statistics);
}

static void encode_column(cJSON *list, const char *name, const char *role, const gd_column *c)
{
    cJSON *o = api_doc_append_object(list);
    api_doc_string(o, "name", name);
    api_doc_string(o, "role", role);
    api_doc_number(o, "min", c->min);
    api_doc_number(o, "max", c->max);
    api_doc_number(o, "mean", c->mean);
    api_doc_number(o, "std", c->std);
}

cJSON *api_statistics_encode(const char *const *names, const gd_column *features, size_t cols,
                             const char *target, const gd_column *y)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < cols; i++)
        encode_column(list, names[i], "feature", &features[i]);
    const gd_column none = {NAN, NAN, NAN, NAN};
    encode_column(list, target, "target", y ? y : &none);
    return list;
}
