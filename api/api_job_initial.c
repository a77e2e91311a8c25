/* api_job_initial: the parameters that a job is told to begin with, by the names of its model's
 * parts. */
#include "api_fields.h"
#include "api_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `count` numbers; `what` says of what there is one each. */
static bool read_numbers(const cJSON *value, size_t count, const char *what, const char *field,
                         double *out, api_problem *p)
{
    char got[80], path[128];
    if (!cJSON_IsArray(value) || (size_t)cJSON_GetArraySize(value) != count)
        return api_problem_field(p, field, "must be an array of %zu number%s%s, got %s%s", count,
                                 count == 1 ? "" : "s", what,
                                 api_value_text(value, got, sizeof got),
                                 cJSON_IsArray(value) ? " of another length" : "");
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach (item, value) {
        if (!cJSON_IsNumber(item)) {
            snprintf(path, sizeof path, "%.80s[%zu]", field, i);
            return api_problem_field(p, path, "must be a finite number, got %s",
                                     api_value_text(item, got, sizeof got));
        }
        out[i++] = item->valuedouble;
    }
    return true;
}

static bool read_rows(const cJSON *value, const gd_part *part, const char *field, double *out,
                      api_problem *p)
{
    char got[80], path[128];
    size_t cols = part->count / part->rows, i = 0;
    if (!cJSON_IsArray(value) || (size_t)cJSON_GetArraySize(value) != part->rows)
        return api_problem_field(p, field,
                                 "must be an array of %zu row%s of %zu number%s, got %s%s",
                                 part->rows, part->rows == 1 ? "" : "s", cols, cols == 1 ? "" : "s",
                                 api_value_text(value, got, sizeof got),
                                 cJSON_IsArray(value) ? " of another length" : "");
    const cJSON *row;
    cJSON_ArrayForEach (row, value) {
        snprintf(path, sizeof path, "%.80s[%zu]", field, i);
        if (!read_numbers(row, cols, "", path, out + cols * i++, p))
            return false;
    }
    return true;
}

static bool read_part(const cJSON *value, const gd_part *part, const char *field, double *theta,
                      api_problem *p)
{
    char got[80];
    if (part->matrix || part->rows > 1)
        return read_rows(value, part, field, theta + part->offset, p);
    if (!part->scalar)
        return read_numbers(value, part->count, part->bias ? "" : ", one a feature", field,
                            theta + part->offset, p);
    if (!cJSON_IsNumber(value))
        return api_problem_field(p, field, "must be a finite number, got %s",
                                 api_value_text(value, got, sizeof got));
    theta[part->offset] = value->valuedouble;
    return true;
}

/* The m and b of a line are other names for its one coefficient and its intercept. */
static const char *line_alias(const gd_model *model, const gd_shape *shape, const char *name)
{
    bool line = shape->cols == 1 && shape->outputs == 1 && model->linear;
    if (line && strcmp(name, "m") == 0)
        return "coefficients";
    if (line && strcmp(name, "b") == 0)
        return "intercept";
    return name;
}

/* A model that does not start at zeros has no natural value for what is left out. */
static void check_complete(const gd_model *model, const gd_part *parts, const bool *given,
                           size_t count, api_problem *p)
{
    for (size_t i = 0; i < count && !model->linear && p->code == API_NO_PROBLEM; i++)
        if (!given[i]) {
            char field[96];
            snprintf(field, sizeof field, "initial_parameters.%s", parts[i].name);
            api_problem_field(p, field, "is missing: \"%s\" needs all of its parameters, or none",
                              model->name);
        }
}

static void read_parts(const cJSON *doc, const gd_model *model, const gd_shape *shape,
                       double *theta, api_problem *p)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = model->layout(shape, parts);
    bool given[GD_MAX_PARTS] = {0};
    const cJSON *item;
    cJSON_ArrayForEach (item, doc) {
        char field[96];
        const char *names[GD_MAX_PARTS], *name = line_alias(model, shape, item->string);
        size_t i = 0;
        for (size_t k = 0; k < count; k++)
            names[k] = parts[k].name;
        while (i < count && strcmp(parts[i].name, name) != 0)
            i++;
        snprintf(field, sizeof field, "initial_parameters.%.70s", item->string);
        if (i == count) {
            api_problem_unknown(p, field, names, count);
            continue;
        }
        if (given[i]) {
            api_problem_field(p, field, "gives \"%s\" twice", parts[i].name);
            continue;
        }
        given[i] = true;
        gd_part part = parts[i];
        part.scalar = part.scalar || name != item->string;
        read_part(item, &part, field, theta, p);
    }
    check_complete(model, parts, given, count, p);
}

bool api_job_initial(const api_job *job, size_t cols, size_t classes, double **out, api_problem *p)
{
    *out = NULL;
    const gd_model *model = job->spec.model;
    if (!job->initial || (classes == 0 && gd_spec_task(&job->spec, classes) == GD_MULTICLASS))
        return true;
    gd_shape shape = gd_spec_shape(&job->spec, cols, classes);
    double *theta = calloc(model->params_len(&shape), sizeof *theta);
    cJSON *doc = cJSON_Parse(job->initial);
    if (theta && doc)
        read_parts(doc, model, &shape, theta, p);
    else
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    cJSON_Delete(doc);
    if (p->code == API_NO_PROBLEM)
        *out = theta;
    else
        free(theta);
    return p->code == API_NO_PROBLEM;
}
