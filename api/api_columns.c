/* api_columns: names looked up, and the values that belong to them. */
#include "api_columns.h"

#include "api_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
}

/* ---- roles ---- */

static bool find_column(const char *wanted, const char *field, const char *const *names,
                        size_t count, size_t *out, api_problem *p)
{
    *out = API_NO_COLUMN;
    for (size_t i = 0; wanted && i < count; i++)
        if (strcmp(names[i], wanted) == 0)
            *out = i;
    if (!wanted || *out != API_NO_COLUMN)
        return true;
    const char *near = api_nearest(wanted, names, count);
    return near ? api_problem_field(p, field,
                                    "must be a feature column of the dataset, got \"%.80s\"; did "
                                    "you mean \"%.80s\"?",
                                    wanted, near)
                : api_problem_field(
                      p, field, "must be a feature column of the dataset, got \"%.80s\"", wanted);
}

bool api_columns_resolve(const api_job *job, const char *const *names, size_t count,
                         api_columns *out, api_problem *p)
{
    *out = (api_columns){.weight = API_NO_COLUMN};
    bool ok = find_column(job->weight_column, "sample_weight", names, count, &out->weight, p);
    ok = find_column(job->offset, "offset", names, count, &out->offset, p) && ok;
    ok = find_column(job->group_by, "group_by", names, count, &out->group, p) && ok;
    if (ok && out->group != API_NO_COLUMN &&
        (out->group == out->weight || out->group == out->offset))
        ok = api_problem_field(p, "group_by", "is a column that is used otherwise already");
    if (ok && out->offset != API_NO_COLUMN && out->offset == out->weight)
        ok = api_problem_field(p, "offset", "is the column of sample_weight already");
    out->features = ok ? calloc(count ? count : 1, sizeof *out->features) : NULL;
    if (!ok || !out->features)
        return ok ? no_memory(p) : false;
    for (size_t i = 0; i < count; i++)
        if (i != out->weight && i != out->offset && i != out->group)
            out->features[out->features_count++] = i;
    if (out->features_count > 0)
        return true;
    api_columns_free(out);
    return api_problem_field(p, "dataset_id", "has no feature column left to train on");
}

void api_columns_free(api_columns *c)
{
    free(c->features);
    c->features = NULL;
    c->features_count = 0;
}

/* ---- weights ---- */

bool api_sample_weights(const api_job *job, uint64_t rows, double **out, api_problem *p)
{
    *out = NULL;
    if (!job->sample_weight)
        return true;
    cJSON *list = cJSON_Parse(job->sample_weight);
    if (!list)
        return no_memory(p);
    double *w = NULL;
    size_t count = (size_t)cJSON_GetArraySize(list), i = 0;
    if (count != rows)
        api_problem_field(p, "sample_weight",
                          "must have one number a row of the dataset, %llu, got %zu",
                          (unsigned long long)rows, count);
    else if (!(w = malloc(count * sizeof *w)))
        no_memory(p);
    const cJSON *item;
    if (w)
        cJSON_ArrayForEach (item, list)
            w[i++] = item->valuedouble;
    cJSON_Delete(list);
    *out = w;
    return w != NULL;
}

/* Is this the label that `name`, a member's name, stands for? Integers by their digits. */
static bool is_label(const cJSON *label, const char *name)
{
    char *text = cJSON_IsString(label) ? NULL : api_doc_text(label);
    bool same = strcmp(text ? text : label->valuestring ? label->valuestring : "", name) == 0;
    free(text);
    return same;
}

bool api_class_weights(const api_job *job, const char *labels, double **out, api_problem *p)
{
    *out = NULL;
    if (!job->class_weight)
        return true;
    cJSON *map = cJSON_Parse(job->class_weight), *list = cJSON_Parse(labels);
    size_t count = (size_t)cJSON_GetArraySize(list);
    double *w = map && list ? malloc((count ? count : 1) * sizeof *w) : NULL;
    bool ok = w || no_memory(p);
    for (size_t k = 0; ok && k < count; k++)
        w[k] = 1;
    const cJSON *item;
    if (ok)
        cJSON_ArrayForEach (item, map) {
            size_t k = 0;
            while (k < count && !is_label(cJSON_GetArrayItem(list, (int)k), item->string))
                k++;
            if (k == count)
                ok = api_problem_field(p, "class_weight",
                                       "names \"%.80s\", which is no class of the target",
                                       item->string);
            else
                w[k] = item->valuedouble;
        }
    cJSON_Delete(map);
    cJSON_Delete(list);
    if (ok)
        *out = w;
    else
        free(w);
    return ok;
}

/* ---- bounds ---- */

static bool read_bound(const cJSON *pair, const char *name, double *low, double *high,
                       api_problem *p)
{
    const cJSON *a = cJSON_GetArrayItem(pair, 0), *b = cJSON_GetArrayItem(pair, 1);
    *low = cJSON_IsNumber(a) ? a->valuedouble : -INFINITY;
    *high = cJSON_IsNumber(b) ? b->valuedouble : INFINITY;
    char field[96];
    snprintf(field, sizeof field, "bounds.%.80s", name);
    return *low <= *high ||
           api_problem_field(p, field, "has a lower end, %g, above its upper, %g", *low, *high);
}

bool api_bounds(const api_job *job, const char *const *names, size_t cols, double **out,
                api_problem *p)
{
    *out = NULL;
    if (!job->bounds)
        return true;
    cJSON *map = cJSON_Parse(job->bounds);
    double *b = map ? malloc(2 * cols * sizeof *b) : NULL;
    bool ok = b || no_memory(p);
    for (size_t j = 0; ok && j < cols; j++) {
        b[j] = -INFINITY;
        b[cols + j] = INFINITY;
    }
    const cJSON *item;
    if (ok)
        cJSON_ArrayForEach (item, map) {
            size_t j;
            char field[96];
            snprintf(field, sizeof field, "bounds.%.80s", item->string);
            if (!find_column(item->string, field, names, cols, &j, p) ||
                !read_bound(item, item->string, &b[j], &b[cols + j], p))
                ok = false;
        }
    cJSON_Delete(map);
    if (ok)
        *out = b;
    else
        free(b);
    return ok;
}

/* ---- threshold ---- */

const char *const api_threshold_criteria[] = {"f_beta", "precision_at_target_recall",
                                              "recall_at_target_precision"};
const size_t api_threshold_criteria_count = 3;

static bool read_share(const cJSON *value, const char *field, double most, double *out,
                       api_problem *p)
{
    char got[80];
    if (cJSON_IsNumber(value) && value->valuedouble > 0 && value->valuedouble <= most) {
        *out = value->valuedouble;
        return true;
    }
    return api_problem_field(p, field, "must be a number in (0, %g], got %s", most,
                             api_value_text(value, got, sizeof got));
}

static bool read_criterion(const cJSON *o, api_threshold *out, api_problem *p)
{
    char got[80];
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(o, "criterion");
    for (size_t i = 0; cJSON_IsString(name) && i < api_threshold_criteria_count; i++)
        if (strcmp(name->valuestring, api_threshold_criteria[i]) == 0)
            out->criterion = api_threshold_criteria[i];
    if (!out->criterion)
        return api_problem_field(p, "threshold.criterion",
                                 "must be \"f_beta\", \"precision_at_target_recall\" or "
                                 "\"recall_at_target_precision\", got %s",
                                 name ? api_value_text(name, got, sizeof got) : "nothing");
    bool f_beta = out->criterion == api_threshold_criteria[0], ok = true, target = false;
    out->beta = 1;
    const cJSON *item;
    cJSON_ArrayForEach (item, o) {
        if (strcmp(item->string, "criterion") == 0)
            continue;
        if (f_beta && strcmp(item->string, "beta") == 0) {
            ok = read_share(item, "threshold.beta", 1e6, &out->beta, p) && ok;
        } else if (!f_beta && strcmp(item->string, "target") == 0) {
            ok = read_share(item, "threshold.target", 1, &out->target, p) && ok;
            target = true;
        } else {
            char field[96];
            snprintf(field, sizeof field, "threshold.%.80s", item->string);
            ok = api_problem_field(p, field, "is unknown here; \"%s\" takes \"%s\"", out->criterion,
                                   f_beta ? "beta" : "target");
        }
    }
    if (!f_beta && !target)
        ok = api_problem_field(p, "threshold.target", "is missing: the share to reach");
    return ok;
}

bool api_threshold_read(const api_job *job, api_threshold *out, api_problem *p)
{
    *out = (api_threshold){0};
    if (!job->threshold)
        return true;
    cJSON *doc = cJSON_Parse(job->threshold);
    if (!doc)
        return no_memory(p);
    out->given = true;
    out->fixed = cJSON_IsNumber(doc);
    bool ok;
    if (!out->fixed)
        ok = read_criterion(doc, out, p);
    else
        ok = (doc->valuedouble > 0 && doc->valuedouble < 1) ||
             api_problem_field(p, "threshold",
                               "must be a number in (0, 1), or an object like "
                               "{\"criterion\": \"f_beta\", \"beta\": 1}, got %g",
                               doc->valuedouble);
    out->value = out->fixed ? doc->valuedouble : 0;
    cJSON_Delete(doc);
    return ok;
}
