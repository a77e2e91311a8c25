/* srv_plan: parts, one kind after the other. */
#include "srv_plan.h"

#include "gd_split.h"
#include "gd_train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the parts of the job");
}

/* ---- making it ---- */

static int rising(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

static bool find_groups(srv_plan *plan, const srv_view *v, api_problem *p)
{
    size_t rows = v->data.rows, n = 0;
    double *values = malloc(rows * sizeof *values);
    if (!values)
        return no_memory(p);
    memcpy(values, v->groups, rows * sizeof *values);
    qsort(values, rows, sizeof *values, rising);
    for (size_t i = 0; i < rows; i++)
        if (n == 0 || values[n - 1] != values[i])
            values[n++] = values[i];
    plan->groups = values;
    plan->parts = n;
    return n <= SRV_MAX_GROUPS ||
           api_problem_field(p, "group_by", "has %zu distinct values; %zu groups are the most", n,
                             SRV_MAX_GROUPS);
}

/* The largest slope of a weight where all weights are 0 and the intercept is at its best is where
 * an l1 path begins: there all weights are still 0 (Friedman, Hastie, Tibshirani, 2010, 2.5; they
 * divide it by 0.001 for l2, and end at 0.0001 of it). */
static bool largest_slope(const api_job *job, const srv_view *v, double *out, api_problem *p)
{
    gd_spec spec = job->spec;
    gd_error err;
    gd_train *t = NULL;
    spec.l1 = 1e300; /* nothing but the intercept moves */
    spec.l2 = 0;
    spec.epochs = 1000;
    spec.batch_size = GD_FULL_BATCH;
    spec.optimizer = gd_optimizers[0];
    spec.schedule = gd_schedules[0];
    spec.average = false;
    spec.validation_fraction = GD_NO_VALIDATION;
    spec.patience = GD_NO_PATIENCE;
    srv_view_spec(v, &spec);
    spec.lower = spec.upper = NULL;
    if (spec.cost->smooth)
        spec.learning_rate = GD_AUTO;
    else if (spec.learning_rate == GD_AUTO)
        spec.learning_rate = 0.01;
    if (gd_train_new(&t, &v->data, &spec, NULL, NULL, &err) != GD_OK)
        return api_problem_core(p, &err);
    while (gd_train_step(t) != GD_STEP_DONE)
        ;
    *out = 0;
    gd_part parts[GD_MAX_PARTS];
    size_t count = spec.model->layout(gd_train_shape(t), parts);
    const double *slope = gd_train_gradient(t);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; !parts[k].bias && i < parts[k].count; i++)
            *out = fmax(*out, fabs(slope[parts[k].offset + i]));
    gd_train_free(t);
    return true;
}

static bool find_penalties(srv_plan *plan, const api_job *job, const srv_view *v, api_problem *p)
{
    size_t n = (size_t)job->path_points;
    double slope;
    plan->penalties = malloc(n * sizeof *plan->penalties);
    if (!plan->penalties)
        return no_memory(p);
    if (!largest_slope(job, v, &slope, p))
        return false;
    if (!(slope > 0) || !isfinite(slope))
        slope = 1; /* features that say nothing: any penalty will do */
    double largest = job->spec.l1 == GD_PATH ? slope : slope * 1000, ratio = 1e-4;
    for (size_t k = 0; k < n; k++)
        plan->penalties[k] = largest * pow(ratio, (double)k / (double)(n - 1));
    plan->penalties_count = n;
    bool validates = job->spec.validation_fraction != GD_NO_VALIDATION || v->data.train_rows > 0;
    plan->parts = n + validates;
    return true;
}

bool srv_plan_make(srv_plan *plan, const api_job *job, const srv_view *view, api_problem *p)
{
    *plan = (srv_plan){.kind = SRV_SINGLE, .parts = 1};
    bool ok = true;
    if (api_job_is_path(job)) {
        plan->kind = SRV_PATH;
        ok = find_penalties(plan, job, view, p);
    } else if (job->cross_validation != API_NO_FOLDS) {
        plan->kind = SRV_FOLDS;
        plan->parts = (size_t)job->cross_validation + 1;
    } else if (view->groups) {
        plan->kind = SRV_GROUPS;
        ok = find_groups(plan, view, p);
    }
    plan->ended = ok ? calloc(plan->parts, sizeof *plan->ended) : NULL;
    return ok && (plan->ended || no_memory(p));
}

static void drop_part(srv_plan *plan)
{
    free(plan->index);
    free(plan->X);
    free(plan->X32);
    free(plan->y);
    free(plan->weights);
    free(plan->offset);
    plan->index = NULL;
    plan->X = plan->y = plan->weights = plan->offset = NULL;
    plan->X32 = NULL;
    srv_prepared_free(&plan->prepared);
}

void srv_plan_free(srv_plan *plan)
{
    drop_part(plan);
    for (size_t i = 0; i < plan->ended_count; i++) {
        free(plan->ended[i].result);
        free(plan->ended[i].theta);
    }
    free(plan->ended);
    free(plan->penalties);
    free(plan->groups);
    *plan = (srv_plan){0};
}

/* ---- a part's data ---- */

/* Rows to train on, then those of the fold, each in ascending order. */
static bool take_fold(srv_plan *plan, size_t which, const api_job *job, const srv_view *v,
                      gd_data *data, api_problem *p)
{
    gd_error err;
    size_t rows = v->data.rows, n = 0;
    uint32_t *fold = malloc(rows * sizeof *fold);
    plan->index = malloc(rows * sizeof *plan->index);
    bool ok = (fold && plan->index) || no_memory(p);
    if (ok &&
        gd_folds(&v->data, (size_t)job->cross_validation, job->spec.seed, fold, &err) != GD_OK)
        ok = api_problem_core(p, &err);
    for (int aside = 0; ok && aside < 2; aside++) {
        for (size_t i = 0; i < rows; i++)
            if ((fold[i] == which) == aside)
                plan->index[n++] = (uint32_t)i;
        data->train_rows = aside ? data->train_rows : n;
    }
    data->index = plan->index;
    free(fold);
    return ok;
}

/* Columns of the part's own rows. */
static bool prepare_part(srv_plan *plan, const srv_view *v, gd_data *data, gd_spec *spec,
                         api_problem *p)
{
    if (!v->prepared.active)
        return true;
    if (!srv_prepare(&plan->prepared, &v->preparing, spec->validation_fraction,
                     plan->kind == SRV_FOLDS, data, p))
        return false;
    spec->lower = plan->prepared.bounds;
    spec->upper = spec->lower ? spec->lower + data->cols : NULL;
    if (plan->prepared.index)
        spec->validation_fraction = GD_NO_VALIDATION;
    return true;
}

/* bytes: of a row. n: rows of the group. `failed` is set when there is no memory. */
static void *take_values(const void *from, const double *groups, double group, size_t rows,
                         size_t bytes, size_t n, bool *failed)
{
    if (!from)
        return NULL;
    char *to = malloc(n * bytes);
    size_t at = 0;
    for (size_t i = 0; to && i < rows; i++)
        if (groups[i] == group)
            memcpy(to + bytes * at++, (const char *)from + bytes * i, bytes);
    *failed = *failed || !to;
    return to;
}

static bool take_group(srv_plan *plan, size_t which, const srv_view *v, gd_data *data,
                       api_problem *p)
{
    const gd_data *d = &v->raw;
    double group = plan->groups[which];
    size_t n = 0;
    for (size_t i = 0; i < d->rows; i++)
        n += v->groups[i] == group;
    const double *of = v->groups;
    bool failed = false;
    size_t word = sizeof(double), cols = d->cols;
    plan->X = take_values(d->X, of, group, d->rows, cols * word, n, &failed);
    plan->X32 = take_values(d->X32, of, group, d->rows, cols * sizeof(float), n, &failed);
    plan->y = take_values(d->y, of, group, d->rows, word, n, &failed);
    plan->weights = take_values(d->weights, of, group, d->rows, word, n, &failed);
    plan->offset = take_values(d->offset, of, group, d->rows, word, n, &failed);
    if (failed)
        return no_memory(p);
    data->X = plan->X;
    data->X32 = plan->X32;
    data->y = plan->y;
    data->weights = plan->weights;
    data->offset = plan->offset;
    data->rows = n;
    return true;
}

/* ---- a part's penalty ---- */

static double cost_of(const srv_part *part)
{
    cJSON *o = cJSON_Parse(part->result);
    const cJSON *cost = cJSON_GetObjectItemCaseSensitive(o, "validation_cost");
    double v = cJSON_IsNumber(cost) ? cost->valuedouble : INFINITY;
    cJSON_Delete(o);
    return v;
}

/* The penalty that validated best so far: the largest of equals. */
static size_t best_point(const srv_plan *plan)
{
    size_t best = 0;
    double lowest = INFINITY;
    for (size_t k = 0; k < plan->ended_count && k < plan->penalties_count; k++) {
        double cost = cost_of(&plan->ended[k]);
        if (cost < lowest) {
            lowest = cost;
            best = k;
        }
    }
    return best;
}

static size_t point_of(const srv_plan *plan, size_t part)
{
    return part < plan->penalties_count ? part : best_point(plan);
}

static void set_penalty(const srv_plan *plan, size_t part, gd_spec *spec)
{
    double *at = spec->l1 == GD_PATH ? &spec->l1 : &spec->l2;
    *at = plan->penalties[point_of(plan, part)];
}

/* Where the part before ended, or the best one. */
static bool begin_at_earlier(const srv_plan *plan, size_t part, const api_job *job,
                             const srv_view *v, const double **initial, api_problem *p)
{
    const srv_part *at = &plan->ended[part < plan->penalties_count ? part - 1 : best_point(plan)];
    gd_shape shape = gd_spec_shape(&job->spec, v->data.cols, v->data.classes);
    *initial = at->theta;
    return at->len == job->spec.model->params_len(&shape) ||
           api_problem_set(p, API_INTERNAL, "what is stored of the job's parts is damaged");
}

bool srv_plan_part(srv_plan *plan, size_t part, const api_job *job, const srv_view *v,
                   gd_data *data, gd_spec *spec, const double **initial, api_problem *p)
{
    drop_part(plan);
    *data = v->data;
    *spec = job->spec;
    *initial = NULL;
    bool own = plan->kind == SRV_GROUPS ||
               (plan->kind == SRV_FOLDS && part < job->cross_validation);
    srv_view_spec(v, spec);
    if (own) {
        *data = v->raw;
        spec->validation_fraction = job->spec.validation_fraction;
    }
    switch (plan->kind) {
    case SRV_SINGLE:
        break;
    case SRV_FOLDS:
        if (part < job->cross_validation)
            return take_fold(plan, part, job, v, data, p) && prepare_part(plan, v, data, spec, p);
        spec->patience = GD_NO_PATIENCE; /* nothing is left to validate on */
        break;
    case SRV_GROUPS:
        return take_group(plan, part, v, data, p) && prepare_part(plan, v, data, spec, p);
    case SRV_PATH:
        set_penalty(plan, part, spec);
        return part == 0 || begin_at_earlier(plan, part, job, v, initial, p);
    }
    return true;
}

bool srv_plan_keeps_model(const srv_plan *plan, size_t part)
{
    return plan->kind == SRV_GROUPS || part + 1 == plan->parts;
}

const srv_prepared *srv_plan_prepared(const srv_plan *plan, const srv_view *view)
{
    return plan->prepared.active ? &plan->prepared : &view->prepared;
}

bool srv_plan_ended(srv_plan *plan, char *result, double *theta, size_t len)
{
    if (!result || !theta || plan->ended_count == plan->parts) {
        free(result);
        free(theta);
        return false;
    }
    plan->ended[plan->ended_count++] = (srv_part){result, theta, len};
    return true;
}

void srv_plan_first_model(const srv_plan *plan, char *id, size_t size)
{
    id[0] = '\0';
    for (size_t k = 0; k < plan->ended_count && !*id; k++) {
        cJSON *o = cJSON_Parse(plan->ended[k].result);
        const cJSON *model = cJSON_GetObjectItemCaseSensitive(o, "model_id");
        if (cJSON_IsString(model))
            snprintf(id, size, "%s", model->valuestring);
        cJSON_Delete(o);
    }
}

void srv_plan_describe_group(const srv_plan *plan, size_t part, const srv_view *view, cJSON *o)
{
    size_t column = view->roles.group;
    const api_kind *kind = view->preparing.kinds ? &view->preparing.kinds[column] : NULL;
    size_t level = (size_t)plan->groups[part];
    if (kind && kind->type == API_CATEGORICAL && level < kind->levels_count)
        api_doc_string(o, "group", kind->levels[level]);
    else
        api_doc_number(o, "group", plan->groups[part]);
}

void srv_plan_describe(const srv_plan *plan, size_t part, const api_job *job, const srv_view *view,
                       cJSON *o)
{
    switch (plan->kind) {
    case SRV_SINGLE:
        break;
    case SRV_FOLDS:
        if (part < job->cross_validation)
            api_doc_number(o, "fold", (double)part + 1);
        break;
    case SRV_GROUPS:
        srv_plan_describe_group(plan, part, view, o);
        break;
    case SRV_PATH:
        api_doc_number(o, job->spec.l1 == GD_PATH ? "l1" : "l2",
                       plan->penalties[point_of(plan, part)]);
        break;
    }
}
