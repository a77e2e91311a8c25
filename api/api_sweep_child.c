/* api_sweep_child: a sweep's children one by one: which settings they have, whether they can be
 * compared, what is wrong with them. */
#include "api_families.h"
#include "api_sweep.h"

#include "gd_rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the sweep");
}

/* ---- values ---- */

/* FNV-1a: a stream of random numbers for each name. */
static uint64_t stream_of(const char *name)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}

static double within(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v; /* rounding may lead out */
}

/* A new item, or NULL when out of memory. */
static cJSON *draw(const api_sweep_field *f, gd_rng *r)
{
    if (f->values) {
        uint32_t size = (uint32_t)cJSON_GetArraySize(f->values);
        return cJSON_Duplicate(cJSON_GetArrayItem(f->values, (int)gd_rng_below(r, size)), true);
    }
    if (f->whole)
        return cJSON_CreateNumber(f->low + gd_rng_below(r, (uint32_t)(f->high - f->low) + 1));
    double u = gd_rng_uniform(r);
    double v =
        f->log ? exp((1 - u) * log(f->low) + u * log(f->high)) : f->low + u * (f->high - f->low);
    return cJSON_CreateNumber(within(v, f->low, f->high));
}

static cJSON *drawn(const api_sweep *s, const api_sweep_field *f, size_t child)
{
    gd_rng r = gd_rng_seed(s->seed, stream_of(f->path));
    cJSON *value = NULL;
    for (size_t i = 0; i <= child; i++) {
        cJSON_Delete(value);
        value = draw(f, &r);
    }
    return value;
}

/* What is varied, and how, as an object. NULL when out of memory. */
static cJSON *settings_of(const api_sweep *s, size_t child)
{
    cJSON *o = cJSON_CreateObject();
    size_t below = 1; /* combinations of the fields after this one */
    for (size_t f = 0; f < s->fields_count; f++)
        below *= s->random ? 1 : (size_t)cJSON_GetArraySize(s->fields[f].values);
    for (size_t f = 0; o && f < s->fields_count; f++) {
        const api_sweep_field *field = &s->fields[f];
        cJSON *value;
        if (s->random) {
            value = drawn(s, field, child);
        } else {
            size_t size = (size_t)cJSON_GetArraySize(field->values);
            below /= size;
            value = cJSON_Duplicate(cJSON_GetArrayItem(field->values, (int)(child / below % size)),
                                    true);
        }
        if (!value || !cJSON_AddItemToObject(o, field->path, value)) {
            cJSON_Delete(value);
            cJSON_Delete(o);
            o = NULL;
        }
    }
    return o;
}

/* ---- put into the job ---- */

/* Takes the value over. */
static bool put(cJSON *o, const char *name, cJSON *value, api_problem *p)
{
    cJSON_DeleteItemFromObjectCaseSensitive(o, name);
    if (value && cJSON_AddItemToObject(o, name, value))
        return true;
    cJSON_Delete(value);
    return no_memory(p);
}

static bool is_family(const char *name)
{
    for (size_t i = 0; i < api_families_count; i++)
        if (strcmp(api_families[i].field, name) == 0)
            return true;
    return false;
}

/* "optimizer.beta1": a member of one of the job's objects. */
static bool put_inside(cJSON *job, const char *path, const cJSON *value, api_problem *p)
{
    char outer[64];
    const char *inner = strchr(path, '.') + 1;
    snprintf(outer, sizeof outer, "%.*s", (int)(inner - 1 - path), path);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(job, outer);
    if (cJSON_IsString(item) && is_family(outer)) { /* by name alone */
        cJSON *object = cJSON_CreateObject();
        if (!cJSON_AddStringToObject(object, "name", item->valuestring)) {
            cJSON_Delete(object);
            return no_memory(p);
        }
        if (!put(job, outer, object, p))
            return false;
    }
    cJSON *object = cJSON_GetObjectItemCaseSensitive(job, outer);
    if (!cJSON_IsObject(object))
        return api_problem_field(p, path, "needs %s in the job, so that \"%.40s\" in it can be set",
                                 outer, inner);
    return put(object, inner, cJSON_Duplicate(value, true), p);
}

/* Whole members first: what is inside of them comes on top. */
static bool apply(cJSON *job, const cJSON *settings, api_problem *p)
{
    const cJSON *item;
    for (int inside = 0; inside < 2; inside++)
        cJSON_ArrayForEach (item, settings) {
            if ((strchr(item->string, '.') != NULL) != inside)
                continue;
            if (inside ? !put_inside(job, item->string, item, p)
                       : !put(job, item->string, cJSON_Duplicate(item, true), p))
                return false;
        }
    return true;
}

/* ---- range tests ---- */

static bool asks_for_a_rate(const cJSON *job)
{
    const cJSON *rate = cJSON_GetObjectItemCaseSensitive(job, "learning_rate");
    return rate && !(cJSON_IsString(rate) && strcmp(rate->valuestring, "auto") == 0);
}

static bool apply_test(cJSON *job, const api_range_test *t, api_problem *p)
{
    cJSON *schedule = cJSON_CreateObject();
    api_doc_string(schedule, "name", "range_test");
    api_doc_number(schedule, "start", t->start);
    api_doc_number(schedule, "end", t->end);
    return put(job, "schedule", schedule, p) &&
           put(job, "epochs", cJSON_CreateNumber((double)t->epochs), p) &&
           put(job, "history_points", cJSON_CreateString("all"), p) &&
           put(job, "patience", cJSON_CreateString("none"), p) &&
           (asks_for_a_rate(job) || put(job, "learning_rate", cJSON_CreateNumber(1), p));
}

/* Where the curvature has a bound the rate of 1/L is found from it, and the range holds the limit
 * of stability 2/L whatever the data; elsewhere the range is one of rates themselves. */
static bool knows_its_scale(const gd_spec *spec)
{
    return !spec->optimizer->customary_rate && !spec->optimizer->descend && spec->model->linear &&
           spec->cost->curvature > 0;
}

static bool decode(const cJSON *doc, api_job *job, api_problem *p)
{
    char *text = api_doc_text(doc);
    if (!text) {
        *job = (api_job){0};
        return no_memory(p);
    }
    bool ok = api_job_decode(text, strlen(text), job, p);
    free(text);
    return ok;
}

static bool decode_test(cJSON *doc, const api_range_test *t, api_job *job, api_problem *p)
{
    api_problem own = {0};
    bool free_rate = !asks_for_a_rate(doc);
    if (cJSON_GetObjectItemCaseSensitive(doc, "compat")) {
        *job = (api_job){0};
        return api_problem_field(p, "compat",
                                 "does not go with find_learning_rate: give the job "
                                 "in its own names");
    }
    if (!apply_test(doc, t, p)) {
        *job = (api_job){0};
        return false;
    }
    bool ok = decode(doc, job, &own);
    if (own.code == API_INVALID && job->spec.optimizer->descend) {
        own = (api_problem){0};
        api_problem_field(&own, "optimizer",
                          "\"%s\" finds the length of each step: there is no rate to look for",
                          job->spec.optimizer->name);
    }
    if (ok && free_rate && knows_its_scale(&job->spec))
        job->spec.learning_rate = GD_AUTO;
    if (!ok)
        *p = own;
    return ok;
}

bool api_sweep_child(const api_sweep *s, size_t i, api_job *job, cJSON **settings, api_problem *p)
{
    cJSON *doc = cJSON_Duplicate(s->base, true);
    *settings = settings_of(s, i);
    *job = (api_job){0};
    bool ok = (doc && *settings) || no_memory(p);
    ok = ok && apply(doc, *settings, p) &&
         (s->finds ? decode_test(doc, &s->test, job, p) : decode(doc, job, p));
    cJSON_Delete(doc);
    return ok;
}

/* ---- do they compare? ---- */

static bool validates(const api_job *job)
{
    return job->validation_dataset_id || job->spec.validation_fraction != GD_NO_VALIDATION ||
           job->cross_validation != API_NO_FOLDS;
}

static bool check_metric(const api_metric *m, const api_job *job, gd_task task, bool probable,
                         api_problem *p)
{
    if (m->validation && !validates(job))
        return api_problem_field(p, "metric",
                                 "\"%s\" needs rows to validate on: set validation_fraction, "
                                 "validation_dataset_id or cross_validation",
                                 m->text);
    if (m->kind && !(m->kind->tasks & task))
        return api_problem_field(p, "metric", "\"%s\" does not measure what \"%s\" predicts here",
                                 m->text, job->spec.model->name);
    return !m->kind || strcmp(m->name, "log_loss") != 0 || probable ||
           api_problem_field(p, "metric", "\"%s\" needs probabilities, and \"%s\" gives none",
                             m->text, job->spec.model->name);
}

bool api_sweep_admit(api_sweep *s, const api_job *job, size_t labels, api_problem *p)
{
    gd_shape shape = gd_spec_shape(&job->spec, 1, labels);
    gd_task task = gd_spec_task(&job->spec, labels);
    bool probable = gd_shape_link(job->spec.model, &shape) != GD_IDENTITY;
    if (job->group_by)
        return api_problem_field(p, "group_by",
                                 "makes a model for each group: a sweep compares single models");
    if (s->finds && (job->cross_validation != API_NO_FOLDS || api_job_is_path(job)))
        return api_problem_field(p, "find_learning_rate",
                                 "does not go with cross_validation or a path");
    if (s->metric_given && !check_metric(&s->metric, job, task, probable, p))
        return false;
    s->tasks |= task;
    s->admitted++;
    s->validated += validates(job);
    s->without_log_loss += (task & GD_CLASSES) && !probable;
    return true;
}

bool api_sweep_conclude(api_sweep *s, api_problem *p)
{
    char text[API_METRIC_SIZE];
    if (s->metric_given || s->finds)
        return true;
    bool classes = s->tasks & GD_CLASSES;
    if (classes && s->tasks & ~(unsigned)GD_CLASSES)
        return api_problem_field(p, "metric",
                                 "some children predict classes, others numbers: no metric "
                                 "measures both");
    snprintf(text, sizeof text, "%s%s", s->validated == s->admitted ? "validation_" : "",
             classes                ? (s->without_log_loss ? "accuracy" : "log_loss")
             : s->tasks == GD_COUNT ? "deviance"
                                    : "mse");
    return api_metric_find(text, "metric", &s->metric, p);
}

/* ---- what is to be said ---- */

/* Is the field, or anything in it, varied? */
static const char *varied(const api_sweep *s, const char *field)
{
    size_t n = strcspn(field, ".[");
    for (int exact = 1; exact >= 0; exact--)
        for (size_t f = 0; f < s->fields_count; f++) {
            const char *path = s->fields[f].path;
            if (exact ? strcmp(path, field) == 0
                      : strncmp(path, field, n) == 0 && (!path[n] || path[n] == '.'))
                return path;
        }
    return NULL;
}

void api_sweep_blame(const api_sweep *s, size_t i, const cJSON *settings, const api_problem *child,
                     api_problem *seen, api_problem *p)
{
    bool varies = settings && settings->child;
    char *text = varies ? api_doc_text(settings) : NULL;
    if (varies && !text) {
        no_memory(p);
        return;
    }
    for (size_t e = 0; e < child->errors_count; e++) {
        const api_field_error *error = &child->errors[e];
        size_t k = 0;
        while (k < seen->errors_count && (strcmp(seen->errors[k].field, error->field) != 0 ||
                                          strcmp(seen->errors[k].message, error->message) != 0))
            k++;
        if (k < seen->errors_count)
            continue;
        api_problem_field(seen, error->field, "%s", error->message);
        char field[128];
        const char *path = varied(s, error->field);
        bool own =
            strcmp(error->field, "metric") == 0 || strcmp(error->field, "find_learning_rate") == 0;
        snprintf(field, sizeof field, "%s%s",
                 own         ? ""
                 : !path     ? "job."
                 : s->random ? "random.fields."
                             : "grid.",
                 path ? path : error->field);
        if (text)
            api_problem_field(p, field, "%.300s (child %zu: %.80s)", error->message, i + 1, text);
        else
            api_problem_field(p, field, "%s", error->message);
    }
    free(text);
}

cJSON *api_sweep_warnings(const api_sweep *s)
{
    cJSON *list = cJSON_CreateArray();
    if (s->finds || s->admitted < 2)
        return list;
    bool penalties = varied(s, "l1") || varied(s, "l2"), costs = varied(s, "cost");
    if (!s->metric.kind && (penalties || costs))
        api_doc_append_string(
            list, penalties
                      ? "the cost holds the penalty, which is not the same for all children: "
                        "rank by a metric such as mse or log_loss"
                      : "the children minimise different costs, which do not compare: rank by "
                        "a metric such as mse or log_loss");
    if (!s->metric.validation)
        api_doc_append_string(list, "children are ranked by how they fit the rows that they were "
                                    "trained on: set validation_fraction or cross_validation to "
                                    "rank them by rows that they have not seen");
    else if (varied(s, "seed") || varied(s, "validation_fraction") ||
             varied(s, "validation_dataset_id") || varied(s, "cross_validation"))
        api_doc_append_string(list, "the children do not validate on the same rows");
    return list;
}
