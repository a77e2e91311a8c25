/* api_job: reading a job request by the tables of core. */
#include "api_job.h"

#include "api_compat.h"
#include "api_families.h"
#include "api_fields.h"
#include "api_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_POINTS 1000

static const char *const missing_words[] = {"error",  "drop",          "mean",
                                            "median", "most_frequent", NULL};
static const char *const unknown_words[] = {"error", "ignore", NULL};

const gd_param api_job_params[] = {
    {.name = "max_seconds",
     .kind = GD_NUMBER,
     .offset = offsetof(api_job, max_seconds),
     .def = API_NO_LIMIT,
     .min = 0,
     .min_open = true,
     .max = INFINITY,
     .word = "none",
     .word_value = API_NO_LIMIT,
     .doc = "training stops after this time and gives back the best parameters so far"},
    {.name = "history_points",
     .kind = GD_INTEGER,
     .offset = offsetof(api_job, history_points),
     .def = DEFAULT_POINTS,
     .min = 10,
     .max = API_MAX_POINTS,
     .word = "all",
     .word_value = API_ALL_POINTS,
     .doc = "points kept of the cost history, first, last and best among them; \"all\" for every "
            "epoch"},
    {.name = "cross_validation",
     .kind = GD_INTEGER,
     .offset = offsetof(api_job, cross_validation),
     .def = API_NO_FOLDS,
     .min = 2,
     .max = 100,
     .word = "none",
     .word_value = API_NO_FOLDS,
     .doc = "folds: train so many times, each time validating on another share of the rows (of "
            "each class), then once on all of them"},
    {.name = "path_points",
     .kind = GD_INTEGER,
     .offset = offsetof(api_job, path_points),
     .def = 30,
     .min = 2,
     .max = 1000,
     .doc = "penalties on a path (l1 or l2 \"path\"), from the largest down, each begun where the "
            "one before ended"},
    {.name = "record_parameters",
     .kind = GD_INTEGER,
     .offset = offsetof(api_job, record_parameters),
     .def = API_NO_RECORD,
     .min = 1,
     .max = 1e9,
     .word = "none",
     .word_value = API_NO_RECORD,
     .doc = "keep the parameters at every so many recorded points of the history, thinned as they "
            "are"},
    {.name = "confidence_level",
     .kind = GD_NUMBER,
     .offset = offsetof(api_job, confidence_level),
     .def = 0.95,
     .min = 0,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .doc = "of the confidence intervals of coefficients"},
    {.name = "missing",
     .kind = GD_CHOICE,
     .offset = offsetof(api_job, missing),
     .def = API_MISSING_ERROR,
     .choices = missing_words,
     .doc = "what becomes of missing values: they are an error, the rows that have any are dropped, "
            "or they are filled in with the mean or median of their column (texts with the most "
            "frequent one), or the most frequent value, of the rows trained on"},
    {.name = "missing_indicator",
     .kind = GD_BOOLEAN,
     .offset = offsetof(api_job, missing_indicator),
     .def = 0,
     .doc = "add a column that is 1 where a value was missing, for each column that lacks any in "
            "the rows trained on"},
    {.name = "unknown_levels",
     .kind = GD_CHOICE,
     .offset = offsetof(api_job, unknown_levels),
     .def = API_UNKNOWN_ERROR,
     .choices = unknown_words,
     .doc = "what becomes of a text that no row trained on has: it is an error, or 0 in all columns "
            "of its column's texts"},
};
const size_t api_job_params_count = sizeof api_job_params / sizeof api_job_params[0];

/* ---- the request ---- */

static bool decode_scalar(api_job *job, const cJSON *item, api_problem *p)
{
    for (size_t i = 0; i < gd_spec_params_count; i++)
        if (strcmp(gd_spec_params[i].name, item->string) == 0)
            return api_field_set(&job->spec, &gd_spec_params[i], item, "", p), true;
    for (size_t i = 0; i < api_job_params_count; i++)
        if (strcmp(api_job_params[i].name, item->string) == 0)
            return api_field_set(job, &api_job_params[i], item, "", p), true;
    return false;
}

static void unknown_field(const char *field, api_problem *p)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < api_job_members_count; i++)
        names[count++] = api_job_members[i].name;
    for (size_t i = 0; i < api_families_count; i++)
        names[count++] = api_families[i].field;
    for (size_t i = 0; i < gd_spec_params_count; i++)
        names[count++] = gd_spec_params[i].name;
    for (size_t i = 0; i < api_job_params_count; i++)
        names[count++] = api_job_params[i].name;
    api_problem_unknown(p, field, names, count);
}

/* The model first: it says which cost is the default. */
static void decode_families(api_job *job, const cJSON *doc, api_problem *p)
{
    for (size_t i = 0; i < api_families_count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(doc, api_families[i].field);
        if (!item)
            continue;
        api_family_decode(&api_families[i], item, &job->spec, p);
        if (i == 0)
            gd_spec_default_cost(&job->spec);
        if (strcmp(api_families[i].field, "cost") == 0)
            job->cost_given = true;
    }
}

static bool is_family(const char *name)
{
    for (size_t i = 0; i < api_families_count; i++)
        if (strcmp(api_families[i].field, name) == 0)
            return true;
    return false;
}

static const api_job_member *member(const char *name)
{
    for (size_t i = 0; i < api_job_members_count; i++)
        if (strcmp(api_job_members[i].name, name) == 0)
            return &api_job_members[i];
    return NULL;
}

/* In the names of another library, and not translated yet? */
static bool is_foreign(const cJSON *doc)
{
    const cJSON *compat = cJSON_GetObjectItemCaseSensitive(doc, "compat");
    return cJSON_IsObject(compat) && !cJSON_GetObjectItemCaseSensitive(compat, "translation");
}

/* Keeps what can be read only once the data is known. */
static void keep_foreign(api_job *job, const cJSON *doc, api_problem *p)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(doc, "dataset_id");
    const api_job_member *m = id ? member("dataset_id") : NULL;
    if (m)
        m->decode(job, id, p);
    job->foreign = api_doc_text(doc);
    if (!job->foreign)
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

static void decode_members(api_job *job, const cJSON *doc, bool inline_dataset, api_problem *p)
{
    const cJSON *item;
    if (is_foreign(doc))
        keep_foreign(job, doc, p);
    else
        decode_families(job, doc, p);
    if (!job->foreign)
        cJSON_ArrayForEach (item, doc) {
            const api_job_member *m = member(item->string);
            if (m && m->decode)
                m->decode(job, item, p);
            else if (!m && !is_family(item->string) && !decode_scalar(job, item, p))
                unknown_field(item->string, p);
        }
    bool has_id = cJSON_GetObjectItemCaseSensitive(doc, "dataset_id") != NULL;
    if (has_id && inline_dataset)
        api_problem_field(p, "dataset", "can't be given together with dataset_id");
    else if (!has_id && !inline_dataset)
        api_problem_field(p, "dataset_id",
                          "is missing: the id of a dataset, or the data itself as \"dataset\"");
}

static bool reset(api_job *job, api_problem *p)
{
    memset(job, 0, sizeof *job);
    gd_spec_defaults(&job->spec);
    gd_param_defaults(job, api_job_params, api_job_params_count);
    job->name = strdup("");
    return job->name || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

bool api_job_decode(const char *bytes, size_t n, api_job *job, api_problem *p)
{
    char *control = NULL;
    cJSON *doc = NULL;
    if (!reset(job, p) ||
        !api_json_member(bytes, n, "dataset", &job->dataset_start, &job->dataset_end, p))
        goto end;
    /* The inline dataset goes to a reader of its own; what is left is a control document. */
    size_t cut = job->dataset_end - job->dataset_start;
    if (n - cut > API_MAX_DOCUMENT) {
        api_problem_set(p, API_TOO_LARGE, "a job (without its dataset) may have %zu bytes",
                        API_MAX_DOCUMENT);
        goto end;
    }
    control = malloc(n + 1);
    if (!control) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        goto end;
    }
    /* A blank of the same shape keeps its place, so that places in errors stay right. */
    memcpy(control, bytes, n);
    for (size_t i = job->dataset_start; i < job->dataset_end; i++)
        if (control[i] != '\n')
            control[i] = i == job->dataset_start ? '0' : ' ';
    doc = api_doc_parse(control, n, p);
    if (doc)
        decode_members(job, doc, cut != 0, p);
    if (doc && !job->foreign && p->code == API_NO_PROBLEM)
        api_job_check(job, p);
end:
    free(control);
    cJSON_Delete(doc);
    return p->code == API_NO_PROBLEM;
}

/* ---- settings in the names of another library ---- */

static double share_aside(const cJSON *doc, const cJSON *compat)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(doc, "validation_fraction"),
                *theirs = cJSON_GetObjectItemCaseSensitive(compat, "validation_fraction");
    if (cJSON_IsNumber(own))
        return own->valuedouble;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(compat, "early_stopping")))
        return 0;
    return cJSON_IsNumber(theirs) ? theirs->valuedouble : 0.1;
}

/* Is the translation of this field no more than a default of the library's? Takes its rows out
 * then, as the job's own value holds. */
static bool yields(cJSON *echo, const char *field)
{
    cJSON *rows = cJSON_GetObjectItemCaseSensitive(echo, "translation"), *row, *next;
    size_t n = strlen(field);
    if (strcmp(field, "model") == 0 || strcmp(field, "cost") == 0)
        return false; /* what the estimator is */
    for (int drop = 0; drop < 2; drop++)
        for (row = rows ? rows->child : NULL; row; row = next) {
            next = row->next;
            const cJSON *to = cJSON_GetObjectItemCaseSensitive(row, "to");
            if (!cJSON_IsString(to) || strncmp(to->valuestring, field, n) != 0 ||
                (to->valuestring[n] && to->valuestring[n] != '.'))
                continue;
            if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "default")))
                return false;
            if (drop)
                cJSON_Delete(cJSON_DetachItemViaPointer(rows, row));
        }
    return true;
}

/* Moves the translated fields into the document. What was asked for there twice is a mistake. */
static void merge_fields(cJSON *doc, cJSON *fields, cJSON *echo, api_problem *p)
{
    while (fields->child) {
        cJSON *field = cJSON_DetachItemViaPointer(fields, fields->child);
        bool own = cJSON_GetObjectItemCaseSensitive(doc, field->string) != NULL;
        if (own && !yields(echo, field->string))
            api_problem_field(p, field->string, "is set by compat already: leave out one of both");
        if (own) {
            cJSON_Delete(field);
        } else if (!cJSON_AddItemToObject(doc, field->string, field)) {
            cJSON_Delete(field);
            api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        }
    }
}

bool api_job_translate(api_job *job, uint64_t rows, api_problem *p)
{
    if (!job->foreign)
        return true;
    size_t start = job->dataset_start, end = job->dataset_end;
    cJSON *doc = cJSON_Parse(job->foreign), *fields = NULL, *echo = NULL;
    const cJSON *compat = cJSON_GetObjectItemCaseSensitive(doc, "compat");
    double aside = fmin(fmax(share_aside(doc, compat), 0), 1);
    uint64_t train = rows - (uint64_t)floor(aside * (double)rows + 0.5);
    if (!doc)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    if (!api_compat_translate(compat, train, &fields, &echo, p))
        goto end;
    merge_fields(doc, fields, echo, p);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(doc, "compat", echo))
        cJSON_Delete(echo);
    api_job_free(job);
    if (!reset(job, p))
        goto end;
    job->dataset_start = start;
    job->dataset_end = end;
    decode_members(job, doc, end > start, p);
    if (p->code == API_NO_PROBLEM)
        api_job_check(job, p);
end:
    cJSON_Delete(doc);
    cJSON_Delete(fields);
    return p->code == API_NO_PROBLEM;
}

void api_job_free(api_job *job)
{
    char **owned[] = {&job->name,
                      &job->dataset_id,
                      &job->initial,
                      &job->start_from,
                      &job->weight_column,
                      &job->sample_weight,
                      &job->class_weight,
                      &job->offset,
                      &job->group_by,
                      &job->bounds,
                      &job->threshold,
                      &job->reference_level,
                      &job->features,
                      &job->compat,
                      &job->validation_dataset_id,
                      &job->foreign};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        free(*owned[i]);
        *owned[i] = NULL;
    }
}
