/* api_job_members: the members of a job that are no rows of a parameter table: what each may be,
 * how it is kept, and which go together. What they say of a dataset's columns is resolved in
 * api_columns. */
#include "api_columns.h"
#include "api_fields.h"
#include "api_preparation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds of members ---- */

static bool keep_name(char **to, const cJSON *value, const char *field, api_problem *p)
{
    const char *text = api_field_name(value, field, p);
    if (!text)
        return false;
    free(*to);
    *to = strdup(text);
    return *to || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

static bool keep_json(char **to, const cJSON *value, api_problem *p)
{
    free(*to);
    *to = api_doc_text(value);
    return *to || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

static bool wrong(const cJSON *value, const char *field, const char *expected, api_problem *p)
{
    char got[80];
    return api_problem_field(p, field, "must be %s, got %s", expected,
                             api_value_text(value, got, sizeof got));
}

#define NAME_MEMBER(member, field)                                                                 \
    static bool decode_##member(api_job *job, const cJSON *value, api_problem *p)                  \
    {                                                                                              \
        return keep_name(&job->member, value, field, p);                                           \
    }                                                                                              \
    static void encode_##member(cJSON *o, const api_job *job)                                      \
    {                                                                                              \
        if (job->member && *job->member)                                                           \
            api_doc_string(o, field, job->member);                                                 \
    }

NAME_MEMBER(name, "name")
NAME_MEMBER(start_from, "start_from")
NAME_MEMBER(validation_dataset_id, "validation_dataset_id")
NAME_MEMBER(offset, "offset")
NAME_MEMBER(group_by, "group_by")

#define ENCODE_JSON(member, field)                                                                 \
    static void encode_##member(cJSON *o, const api_job *job)                                      \
    {                                                                                              \
        if (job->member)                                                                           \
            api_doc_embed(o, field, job->member);                                                  \
    }

static bool decode_dataset_id(api_job *job, const cJSON *value, api_problem *p)
{
    return keep_name(&job->dataset_id, value, "dataset_id", p);
}

static bool decode_initial(api_job *job, const cJSON *value, api_problem *p)
{
    return cJSON_IsObject(value)
               ? keep_json(&job->initial, value, p)
               : wrong(value, "initial_parameters",
                       "an object like {\"coefficients\": [...], \"intercept\": 0}", p);
}
ENCODE_JSON(initial, "initial_parameters")

/* ---- weights ---- */

/* A finite number of at least 0. */
static bool is_weight(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && isfinite(value->valuedouble);
}

static bool decode_sample_weight(api_job *job, const cJSON *value, api_problem *p)
{
    if (cJSON_IsString(value))
        return keep_name(&job->weight_column, value, "sample_weight", p);
    if (!cJSON_IsArray(value))
        return wrong(value, "sample_weight",
                     "the name of a column, or an array of one number of at least 0 a row", p);
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        char field[96];
        snprintf(field, sizeof field, "sample_weight[%zu]", i++);
        if (!is_weight(item))
            return wrong(item, field, "a finite number of at least 0", p);
    }
    return keep_json(&job->sample_weight, value, p);
}

static void encode_sample_weight(cJSON *o, const api_job *job)
{
    if (job->sample_weight)
        api_doc_embed(o, "sample_weight", job->sample_weight);
    else if (job->weight_column)
        api_doc_string(o, "sample_weight", job->weight_column);
}

static bool decode_class_weight(api_job *job, const cJSON *value, api_problem *p)
{
    static const char expected[] =
        "\"balanced\", or an object like {\"yes\": 2, \"no\": 1} of a class's label and its weight";
    if (cJSON_IsString(value) && strcmp(value->valuestring, "balanced") == 0)
        return job->spec.balanced = true;
    if (!cJSON_IsObject(value) || !value->child)
        return wrong(value, "class_weight", expected, p);
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        char field[96];
        snprintf(field, sizeof field, "class_weight.%.70s", item->string);
        if (!is_weight(item))
            return wrong(item, field, "a finite number of at least 0", p);
    }
    return keep_json(&job->class_weight, value, p);
}

static void encode_class_weight(cJSON *o, const api_job *job)
{
    if (job->class_weight)
        api_doc_embed(o, "class_weight", job->class_weight);
    else if (job->spec.balanced)
        api_doc_string(o, "class_weight", "balanced");
}

/* ---- bounds, threshold, compat ---- */

static bool is_end(const cJSON *value)
{
    return value && (cJSON_IsNull(value) || cJSON_IsNumber(value));
}

static bool decode_bounds(api_job *job, const cJSON *value, api_problem *p)
{
    if (!cJSON_IsObject(value))
        return wrong(value, "bounds", "an object like {\"column\": [0, null]}", p);
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        char field[96];
        snprintf(field, sizeof field, "bounds.%.80s", item->string);
        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !is_end(item->child) ||
            !is_end(item->child->next))
            return wrong(item, field, "an array of the lowest and the highest value, null for none",
                         p);
    }
    return keep_json(&job->bounds, value, p);
}
ENCODE_JSON(bounds, "bounds")

static bool decode_threshold(api_job *job, const cJSON *value, api_problem *p)
{
    api_threshold t;
    if (!cJSON_IsNumber(value) && !cJSON_IsObject(value))
        return wrong(value, "threshold",
                     "a number in (0, 1), or an object like {\"criterion\": \"f_beta\"}", p);
    return keep_json(&job->threshold, value, p) && api_threshold_read(job, &t, p);
}
ENCODE_JSON(threshold, "threshold")

static bool decode_reference_level(api_job *job, const cJSON *value, api_problem *p)
{
    static const char expected[] =
        "true for the first level of each column, or an object like {\"city\": \"Rome\"}";
    if (cJSON_IsFalse(value)) {
        free(job->reference_level);
        job->reference_level = NULL;
        return true;
    }
    if (!cJSON_IsTrue(value) && (!cJSON_IsObject(value) || !value->child))
        return wrong(value, "reference_level", expected, p);
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        char field[96];
        snprintf(field, sizeof field, "reference_level.%.70s", item->string);
        if (!cJSON_IsString(item))
            return wrong(item, field, "one of the column's texts", p);
    }
    return keep_json(&job->reference_level, value, p);
}
ENCODE_JSON(reference_level, "reference_level")

static bool decode_features(api_job *job, const cJSON *value, api_problem *p)
{
    api_products products;
    return cJSON_IsObject(value) ? keep_json(&job->features, value, p) &&
                                       api_products_read(job, &products, p)
                                 : wrong(value, "features", "an object like {\"polynomial\": 2}", p);
}
ENCODE_JSON(features, "features")

static bool decode_compat(api_job *job, const cJSON *value, api_problem *p)
{
    return cJSON_IsObject(value)
               ? keep_json(&job->compat, value, p)
               : wrong(value, "compat",
                       "an object like {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\"}",
                       p);
}
ENCODE_JSON(compat, "compat")

const api_job_member api_job_members[] = {
    {"dataset_id", "id of the dataset to train on", decode_dataset_id, NULL},
    {"dataset", "the data itself, which is stored like an uploaded dataset", NULL, NULL},
    {"name", "shown in listings and in the model", decode_name, encode_name},
    {"initial_parameters",
     "where training begins, in the data's units, by the names of the model's parameters",
     decode_initial, encode_initial},
    {"start_from", "id of a model whose parameters training begins with", decode_start_from,
     encode_start_from},
    {"validation_dataset_id", "id of a dataset to validate on", decode_validation_dataset_id,
     encode_validation_dataset_id},
    {"sample_weight", "what each row weighs: the name of a column, or an array of one number a row",
     decode_sample_weight, encode_sample_weight},
    {"class_weight",
     "what the rows of a class weigh: \"balanced\", or an object of labels and weights",
     decode_class_weight, encode_class_weight},
    {"offset", "name of a column that is added to the score", decode_offset, encode_offset},
    {"group_by", "name of a column: a model for each of its values", decode_group_by,
     encode_group_by},
    {"bounds",
     "lowest and highest coefficient of a column: {\"column\": [low, high]}, null for none",
     decode_bounds, encode_bounds},
    {"threshold",
     "from which probability (or score) on a row is of the second class, or how it is chosen on "
     "the validation rows",
     decode_threshold, encode_threshold},
    {"reference_level",
     "the level of a column of texts that has no column of its own: true for the first, by the "
     "texts' bytes, or {\"column\": \"level\"}",
     decode_reference_level, encode_reference_level},
    {"features",
     "products of columns to add: {\"polynomial\": 2} for those of up to two, "
     "\"interactions_only\": true to leave out powers",
     decode_features, encode_features},
    {"compat", "settings in the names of another library, translated", decode_compat,
     encode_compat},
};
const size_t api_job_members_count = sizeof api_job_members / sizeof api_job_members[0];

/* ---- what goes together ---- */

bool api_job_is_path(const api_job *job)
{
    return job->spec.l1 == GD_PATH || job->spec.l2 == GD_PATH;
}

/* Rows to validate on may be set aside in one way only. */
static void check_validation(const api_job *job, api_problem *p)
{
    bool fraction = job->spec.validation_fraction != GD_NO_VALIDATION,
         folds = job->cross_validation != API_NO_FOLDS;
    if (job->validation_dataset_id && fraction)
        api_problem_field(p, "validation_fraction",
                          "can't be given together with validation_dataset_id");
    if (folds && (fraction || job->validation_dataset_id))
        api_problem_field(p, "cross_validation",
                          "validates on each fold in turn: leave out validation_fraction and "
                          "validation_dataset_id");
    api_threshold t = {0};
    if (job->threshold && api_threshold_read(job, &t, p) && !t.fixed && !fraction &&
        !job->validation_dataset_id)
        api_problem_field(p, "threshold",
                          "is chosen on validation data: set validation_fraction or "
                          "validation_dataset_id, or give a number");
}

/* A job of several parts is of one kind. */
static void check_parts(const api_job *job, api_problem *p)
{
    bool path = api_job_is_path(job), folds = job->cross_validation != API_NO_FOLDS;
    if (job->spec.l1 == GD_PATH && job->spec.l2 == GD_PATH)
        api_problem_field(p, "l1", "and l2 can't both be \"path\": give one of them as a number");
    if (path && folds)
        api_problem_field(p, "cross_validation",
                          "does not go with a path: set validation_fraction to choose on it");
    if (job->group_by && (path || folds || job->validation_dataset_id))
        api_problem_field(p, "group_by",
                          "does not go with a path, cross_validation or validation_dataset_id");
    if (job->group_by && (job->start_from || job->sample_weight))
        api_problem_field(p, "group_by",
                          "does not go with start_from or an array of sample_weight");
    if (job->record_parameters != API_NO_RECORD && (path || folds || job->group_by))
        api_problem_field(p, "record_parameters",
                          "is for jobs of a single run: leave out cross_validation, group_by and "
                          "paths");
}

void api_job_check(const api_job *job, api_problem *p)
{
    gd_error err;
    gd_spec spec = job->spec;
    spec.split = job->validation_dataset_id || job->cross_validation != API_NO_FOLDS;
    static const double any; /* which bounds is not known before the columns are */
    if (job->bounds)
        spec.lower = &any;
    if (spec.l1 == GD_PATH)
        spec.l1 = 1; /* what a path's points are like */
    if (spec.l2 == GD_PATH)
        spec.l2 = 1;
    if (gd_spec_check(&spec, &err) != GD_OK)
        api_problem_core(p, &err);
    if (job->history_points == API_ALL_POINTS && spec.epochs > API_MAX_POINTS)
        api_problem_field(p, "history_points", "\"all\" needs epochs of at most %d, got %llu",
                          API_MAX_POINTS, (unsigned long long)spec.epochs);
    if ((job->class_weight || spec.balanced) && !(spec.model->task & GD_CLASSES))
        api_problem_field(p, "class_weight", "is for models of classes, \"%s\" is none",
                          spec.model->name);
    if (job->threshold && !(spec.model->task & GD_BINARY))
        api_problem_field(p, "threshold", "is for models of two classes, \"%s\" is none",
                          spec.model->name);
    if (job->start_from && job->initial)
        api_problem_field(p, "start_from", "can't be given together with initial_parameters");
    check_validation(job, p);
    check_parts(job, p);
}

bool api_job_check_recorded(const api_job *job, uint64_t epochs, size_t params, api_problem *p)
{
    if (job->record_parameters == API_NO_RECORD)
        return true;
    /* the first point is one of them; two are kept for the best and the last, which have none */
    uint64_t points = epochs + 1, most = API_MAX_RECORDED / (params ? params : 1);
    if (job->history_points != API_ALL_POINTS && points > job->history_points - 2)
        points = job->history_points - 2;
    uint64_t times = (points - 1) / job->record_parameters + 1;
    return times <= most ||
           api_problem_field(p, "record_parameters",
                             "would keep %zu parameters up to %llu times, %zu numbers is the most: "
                             "set it to %llu or more, or keep fewer history_points",
                             params, (unsigned long long)times, API_MAX_RECORDED,
                             (unsigned long long)((points - 1) / (most ? most : 1) + 1));
}
