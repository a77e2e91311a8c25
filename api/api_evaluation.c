/* api_evaluation: one of three ways to name the data. */
#include "api_evaluation.h"

#include "api_fields.h"
#include "api_json.h"

#include <stdlib.h>
#include <string.h>

static void decode_on(api_evaluation *e, const cJSON *value, api_problem *p)
{
    char got[80];
    e->on_training = cJSON_IsString(value) && strcmp(value->valuestring, "training") == 0;
    e->on_validation = cJSON_IsString(value) && strcmp(value->valuestring, "validation") == 0;
    if (!e->on_training && !e->on_validation)
        api_problem_field(p, "on", "must be \"training\" or \"validation\", got %s",
                          api_value_text(value, got, sizeof got));
}

static void decode_id(api_evaluation *e, const cJSON *value, api_problem *p)
{
    char got[80];
    if (!cJSON_IsString(value))
        api_problem_field(p, "dataset_id", "must be the id of a dataset, got %s",
                          api_value_text(value, got, sizeof got));
    else if (!(e->dataset_id = strdup(value->valuestring)))
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

static void decode_members(api_evaluation *e, const cJSON *doc, api_problem *p)
{
    static const char *const names[] = {"dataset_id", "dataset", "on"};
    int given = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, doc) {
        given++;
        if (strcmp(item->string, "on") == 0)
            decode_on(e, item, p);
        else if (strcmp(item->string, "dataset_id") == 0)
            decode_id(e, item, p);
        else if (strcmp(item->string, "dataset") != 0)
            api_problem_unknown(p, item->string, names, 3);
    }
    if (p->code == API_NO_PROBLEM && given != 1)
        api_problem_field(p, "dataset_id",
                          given ? "dataset and on can't be given together: give one of them"
                                : "is missing: the id of a dataset, the data itself as "
                                  "\"dataset\", or \"on\": \"training\" or \"validation\"");
}

bool api_evaluation_decode(const char *bytes, size_t n, api_evaluation *e, api_problem *p)
{
    *e = (api_evaluation){0};
    if (!api_json_member(bytes, n, "dataset", &e->dataset_start, &e->dataset_end, p))
        return false;
    if (n - (e->dataset_end - e->dataset_start) > API_MAX_DOCUMENT)
        return api_problem_set(p, API_TOO_LARGE,
                               "an evaluation (without its dataset) may have %zu bytes",
                               API_MAX_DOCUMENT);
    char *control = malloc(n + 1);
    if (!control)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    /* The inline dataset goes to a reader of its own; a blank keeps its place. */
    memcpy(control, bytes, n);
    for (size_t i = e->dataset_start; i < e->dataset_end; i++)
        if (control[i] != '\n')
            control[i] = i == e->dataset_start ? '0' : ' ';
    cJSON *doc = api_doc_parse(control, n, p);
    if (doc)
        decode_members(e, doc, p);
    free(control);
    cJSON_Delete(doc);
    return p->code == API_NO_PROBLEM;
}

void api_evaluation_free(api_evaluation *e)
{
    free(e->dataset_id);
    *e = (api_evaluation){0};
}

void api_evaluation_encode(cJSON *o, const api_evaluation_view *v)
{
    api_doc_string(o, "model_id", v->model_id);
    api_doc_number(o, "version", (double)v->version);
    api_doc_string(o, "on", v->on);
    api_doc_string(o, "dataset_id", v->dataset_id);
    api_doc_number(o, "rows", v->rows);
    if (v->cost_name) {
        api_doc_string(o, "cost", v->cost_name);
        api_doc_number(o, "mean_cost", v->cost);
        api_doc_number(o, "objective", v->objective);
    }
    api_doc_embed(o, "metrics", v->metrics);
    api_doc_embed(o, "classes", v->classes ? v->classes : "null");
}
