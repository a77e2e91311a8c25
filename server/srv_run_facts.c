/* srv_run_facts: what is known of a fit beside its numbers: what it minimises, how far it is from
 * the best there is, how sure its coefficients are, what cross-validation and a path said. */
#include "srv_model.h"
#include "srv_run.h"

#include "api_objective.h"
#include "api_proof.h"
#include "gd_facts.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>

static bool weighted(const api_job *job)
{
    return job->weight_column || job->sample_weight || job->class_weight || job->spec.balanced;
}

/* What was fitted to what; weights are those of the objective, or those of the rows alone. */
gd_fit srv_fit_of(const gd_train *t, const api_job *job)
{
    const gd_spec *spec = gd_train_spec(t);
    const gd_data *data = gd_train_data(t);
    gd_fit fit = {.columns = gd_train_columns_known(t),
                  .model = spec->model,
                  .shape = *gd_train_shape(t),
                  .cost = spec->cost,
                  .cost_hyper = &spec->cost_hyper,
                  .theta = gd_train_params(t),
                  .center = spec->standardize ? gd_train_center(t) : NULL,
                  .scale = spec->standardize ? gd_train_scale(t) : NULL,
                  .data = data,
                  .weights = data->weights,
                  .offset = data->offset,
                  .class_weights = job->class_weight || spec->balanced,
                  .l1 = spec->l1,
                  .l2 = spec->l2,
                  .lower = spec->lower,
                  .upper = spec->upper};
    gd_train_rows(t, &fit.rows);
    return fit;
}

/* Half a minute or so of one processor: a proof that takes longer is not what a job is for. Whoever
 * cancels or pauses the job, or stops the server, breaks it off. */
#define MOST_WORK (30 * GD_PROOF_WORK)

/* What may be spent: as much as training itself went through, rows x parameters an epoch. Whoever has
 * asked for an end waits no longer than for what is always spent, a second or so. */
static double work_of(const srv_run *w, const gd_fit *fit)
{
    const gd_state *s = gd_train_state(w->train);
    if (s->stop == GD_STOP_REQUESTED || s->stop == GD_STOP_MAX_SECONDS)
        return 0;
    return fmin(MOST_WORK, (double)s->epoch * (double)fit->rows.count *
                               (double)gd_train_params_len(w->train));
}

static void show_certificate(const srv_run *w, gd_certificate *c, cJSON *o)
{
    if (isnan(c->cost)) { /* what training saw last is all that is known */
        c->cost = gd_train_state(w->train)->cost;
        c->gradient_norm = gd_train_state(w->train)->gradient_norm;
    }
    api_certificate_encode(o, c);
}

static bool show_inference(const srv_run *w, const gd_inference *r, cJSON *o)
{
    cJSON *names;
    const char **columns = srv_model_names(srv_run_columns(w), &names);
    bool ok = names && columns;
    if (ok)
        api_inference_encode(o, r, columns, gd_train_shape(w->train)->cols, w->view.classes.json);
    free(columns);
    cJSON_Delete(names);
    return ok;
}

/* ---- cross-validation: means over the folds ---- */

/* Mean and standard deviation (divided by folds - 1) of the members of the folds' `from`. */
static void summarise(cJSON *o, const srv_plan *plan, size_t folds, const char *from)
{
    cJSON *first = cJSON_Parse(plan->ended[0].result), *mean = api_doc_add_object(o, "mean"),
          *std = api_doc_add_object(o, "std");
    const cJSON *member;
    cJSON_ArrayForEach (member, cJSON_GetObjectItemCaseSensitive(first, from)) {
        double sum = 0, squares = 0, n = (double)folds;
        if (cJSON_IsArray(member))
            continue;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < folds; k++) {
                cJSON *fold = cJSON_Parse(plan->ended[k].result);
                const cJSON *v = cJSON_GetObjectItemCaseSensitive(
                    cJSON_GetObjectItemCaseSensitive(fold, from), member->string);
                double value = cJSON_IsNumber(v) ? v->valuedouble : NAN;
                if (pass == 0)
                    sum += value;
                else
                    squares += (value - sum / n) * (value - sum / n);
                cJSON_Delete(fold);
            }
        api_doc_number(mean, member->string, sum / n);
        api_doc_number(std, member->string, sqrt(squares / (n - 1)));
    }
    cJSON_Delete(first);
}

static void add_parts(srv_run *w, const char *part, cJSON *o)
{
    const srv_plan *plan = &w->plan;
    size_t folds = (size_t)w->job.cross_validation;
    if (plan->kind == SRV_FOLDS && plan->ended_count >= folds) {
        cJSON *cv = api_doc_add_object(o, "cross_validation");
        api_doc_number(cv, "folds", (double)folds);
        summarise(cv, plan, folds, "validation_metrics");
    }
    if (plan->kind == SRV_GROUPS)
        srv_plan_describe_group(plan, w->part, &w->view, o);
    if (plan->kind != SRV_PATH)
        return;
    cJSON *path = api_doc_add_array(o, "path");
    for (size_t k = 0; k < plan->ended_count && k < plan->penalties_count; k++)
        cJSON_AddItemToArray(path, cJSON_Parse(plan->ended[k].result));
    if (w->part < plan->penalties_count && part) /* its last point is the model's own */
        cJSON_AddItemToArray(path, cJSON_Parse(part));
    srv_plan_describe(plan, w->part, &w->job, &w->view, o);
}

/* non_negative is a lower bound of every coefficient; *out is freed by the caller. */
static bool find_lower(const srv_run *w, gd_fit *fit, double **out, api_problem *p)
{
    *out = NULL;
    if (!gd_train_spec(w->train)->non_negative)
        return true;
    *out = malloc(fit->shape.cols * sizeof **out);
    for (size_t j = 0; *out && j < fit->shape.cols; j++)
        (*out)[j] = fit->lower ? fmax(fit->lower[j], 0) : 0;
    fit->lower = *out;
    return *out || api_problem_set(p, API_UNAVAILABLE, "not enough memory for the result");
}

static bool find_facts(srv_run *w, const gd_fit *fit, const char *part, char **certificate,
                       cJSON *details, api_problem *p)
{
    gd_error err;
    gd_certificate c;
    gd_inference *r = NULL;
    /* standard errors have the weights as they were given: one of 2 is two rows */
    if (gd_facts_find(&c, &r, fit, w->data.weights, w->job.confidence_level, work_of(w, fit),
                      &w->ending, &err) != GD_OK)
        return api_problem_core(p, &err);
    cJSON *o = cJSON_CreateObject();
    show_certificate(w, &c, o);
    *certificate = api_doc_take_text(o);
    api_doc_item(details, "objective",
                 api_objective_encode(gd_train_spec(w->train), fit->rows.count, weighted(&w->job)));
    if (*certificate)
        api_doc_embed(details, "certificate", *certificate);
    add_parts(w, part, details);
    bool ok = show_inference(w, r, api_doc_add_object(details, "inference")) && *certificate;
    gd_inference_free(r);
    return ok || api_problem_set(p, API_UNAVAILABLE, "not enough memory for the result");
}

bool srv_run_facts(srv_run *w, const char *part, char **certificate, cJSON *details,
                   api_problem *p)
{
    gd_fit fit = srv_fit_of(w->train, &w->job);
    double *lower;
    bool ok = find_lower(w, &fit, &lower, p) && find_facts(w, &fit, part, certificate, details, p);
    free(lower);
    return ok;
}
