/* api_update: settings beside data in one document, and defaults that come from a model. */
#include "api_update.h"

#include "api_families.h"
#include "api_fields.h"
#include "api_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const api_update_settings[] = {"learning_rate", "batch_size",    "l1",
                                           "l2",            "optimizer",     "sample_weight",
                                           "class_weight",  "version",       NULL};

static const gd_param version_row = {.name = "version",
                                     .kind = GD_INTEGER,
                                     .offset = offsetof(api_update, version),
                                     .def = API_ANY_VERSION,
                                     .min = 1,
                                     .max = GD_MAX_EXACT_INTEGER,
                                     .word = "any",
                                     .word_value = API_ANY_VERSION,
                                     .doc = "the version that the model must have"};

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

/* ---- apart from the data ---- */

static bool is_setting(const char *name)
{
    for (size_t i = 0; api_update_settings[i]; i++)
        if (strcmp(api_update_settings[i], name) == 0)
            return true;
    return false;
}

cJSON *api_update_extract(const char *bytes, size_t n, api_problem *p)
{
    static const char *const bulk[] = {"X", "y", "data"};
    cJSON *doc = NULL;
    char *control = malloc(n + 1);
    if (!control) {
        no_memory(p);
        return NULL;
    }
    memcpy(control, bytes, n);
    size_t left = n;
    for (size_t k = 0; k < sizeof bulk / sizeof bulk[0]; k++) {
        size_t start, end;
        if (!api_json_member(bytes, n, bulk[k], &start, &end, p))
            goto end;
        left -= end - start;
        for (size_t i = start; i < end; i++) /* a blank keeps its place */
            if (control[i] != '\n')
                control[i] = i == start ? '0' : ' ';
    }
    if (left > API_MAX_DOCUMENT) {
        api_problem_set(p, API_TOO_LARGE, "an update (without its rows) may have %zu bytes",
                        API_MAX_DOCUMENT);
        goto end;
    }
    doc = api_doc_parse(control, n, p);
    cJSON *next;
    for (cJSON *item = doc ? doc->child : NULL; item; item = next) {
        next = item->next;
        if (!is_setting(item->string)) /* the reader of the data sees to it */
            cJSON_Delete(cJSON_DetachItemViaPointer(doc, item));
    }
end:
    free(control);
    return doc;
}

void api_update_add(cJSON *settings, const char *name, const char *text, api_problem *p)
{
    char *end;
    if (cJSON_GetObjectItemCaseSensitive(settings, name)) {
        api_problem_field(p, name, "is given in the body and in the query: give one of them");
        return;
    }
    errno = 0;
    double number = strtod(text, &end);
    bool digits = strspn(text, "+-.0123456789eE") == strlen(text);
    if (*text && digits && !*end && errno == 0)
        api_doc_number(settings, name, number);
    else
        api_doc_string(settings, name, text);
}

/* ---- settings ---- */

static void make_gd(gd_spec *s)
{
    s->optimizer = gd_optimizers[0];
    gd_param_defaults(&s->optimizer_hyper, s->optimizer->params, s->optimizer->params_count);
    s->learning_rate = GD_AUTO;
}

/* A pass by the model's own settings. */
static bool begin(api_update *u, const api_job *trained, api_problem *p)
{
    *u = (api_update){.version = API_ANY_VERSION};
    gd_spec *s = &u->job.spec;
    *s = trained->spec;
    s->batch_size = 1;
    s->lower = s->upper = NULL;
    if (s->optimizer->descend) /* one that needs all rows at once */
        make_gd(s);
    if (trained->class_weight && !(u->job.class_weight = strdup(trained->class_weight)))
        return no_memory(p);
    return true;
}

static void decode_optimizer(gd_spec *s, const cJSON *value, bool rate_given, api_problem *p)
{
    const gd_optimizer *before = s->optimizer;
    for (size_t i = 0; i < api_families_count; i++)
        if (strcmp(api_families[i].field, "optimizer") == 0)
            api_family_decode(&api_families[i], value, s, p);
    if (s->optimizer->descend)
        api_problem_field(p, "optimizer",
                          "\"%s\" needs all rows at once: use one that goes by batches, such as "
                          "\"gd\" or \"adam\"",
                          s->optimizer->name);
    if (s->optimizer != before && !rate_given)
        s->learning_rate = GD_AUTO; /* a rate is of its rule */
}

static void decode_weights(api_update *u, const cJSON *item, api_problem *p)
{
    u->job.spec.balanced = false;
    for (size_t i = 0; i < api_job_members_count; i++)
        if (strcmp(api_job_members[i].name, item->string) == 0)
            api_job_members[i].decode(&u->job, item, p);
}

static void check_weights(const api_update *u, api_problem *p)
{
    if (u->job.weight_column)
        api_problem_field(p, "sample_weight", "must be an array here, of one number a row");
    if (u->job.spec.balanced)
        api_problem_field(p, "class_weight",
                          "\"balanced\" goes by how many rows a class has, which a few rows don't "
                          "tell: give an object of labels and weights");
    if (u->job.class_weight && !(u->job.spec.model->task & GD_CLASSES))
        api_problem_field(p, "class_weight", "is for models of classes, \"%s\" is none",
                          u->job.spec.model->name);
}

bool api_update_decode(const cJSON *settings, const api_job *trained, api_update *u,
                       api_problem *p)
{
    if (!begin(u, trained, p))
        return false;
    bool rate_given = cJSON_GetObjectItemCaseSensitive(settings, "learning_rate") != NULL;
    const cJSON *item;
    cJSON_ArrayForEach (item, settings) {
        if (strcmp(item->string, "optimizer") == 0)
            decode_optimizer(&u->job.spec, item, rate_given, p);
        else if (strcmp(item->string, "version") == 0)
            api_field_set(u, &version_row, item, "", p);
        else if (strstr(item->string, "_weight"))
            decode_weights(u, item, p);
        for (size_t i = 0; i < gd_spec_params_count; i++)
            if (strcmp(gd_spec_params[i].name, item->string) == 0)
                api_field_set(&u->job.spec, &gd_spec_params[i], item, "", p);
    }
    if (u->job.spec.l1 == GD_PATH || u->job.spec.l2 == GD_PATH)
        api_problem_field(p, u->job.spec.l1 == GD_PATH ? "l1" : "l2",
                          "must be a number here: a path is of many runs");
    check_weights(u, p);
    return p->code == API_NO_PROBLEM;
}

void api_update_free(api_update *u)
{
    api_job_free(&u->job);
}

char *api_update_optimizer(const api_update *u)
{
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < api_families_count; i++)
        if (strcmp(api_families[i].field, "optimizer") == 0)
            api_family_encode(o, &api_families[i], &u->job.spec);
    return api_doc_take_text(o);
}

/* ---- the answer ---- */

void api_update_encode(cJSON *o, const api_update_view *v)
{
    api_doc_string(o, "model_id", v->model_id);
    api_doc_number(o, "version", (double)v->version);
    api_doc_number(o, "rows", (double)v->rows);
    api_doc_number(o, "steps", (double)v->steps);
    api_doc_number(o, "learning_rate", v->learning_rate);
    api_doc_number(o, "mean_cost_before", v->cost_before);
    api_doc_number(o, "mean_cost_after", v->cost_after);
    api_doc_string(o, "updated_at", v->updated_at);
}
