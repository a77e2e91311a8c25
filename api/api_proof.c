/* api_proof: see api_proof.h. */
#include "api_proof.h"

#include <math.h>
#include <stdio.h>

static void reason(cJSON *o, const char *text)
{
    api_doc_string(o, "reason", text && *text ? text : NULL);
}

void api_certificate_encode(cJSON *o, const gd_certificate *c)
{
    api_doc_number(o, "cost", c->cost);
    api_doc_number(o, "gradient_norm", c->gradient_norm);
    api_doc_number(o, "gap", c->gap);
    api_doc_string(o, "gap_kind", gd_gap_kind_name(c->kind));
    api_doc_number(o, "relative_gap", c->gap / fabs(c->cost));
    reason(o, c->reason);
}

static void term_encode(cJSON *list, const gd_term *t, const char *const *columns, size_t cols,
                        const cJSON *labels)
{
    cJSON *o = api_doc_append_object(list);
    api_doc_string(o, "column", t->column < cols ? columns[t->column] : NULL);
    if (labels) {
        const cJSON *label = cJSON_GetArrayItem(labels, (int)t->output);
        api_doc_item(o, "class", label ? cJSON_Duplicate(label, true) : cJSON_CreateNull());
    }
    api_doc_number(o, "estimate", t->estimate);
    api_doc_number(o, "std_error", t->std_error);
    api_doc_number(o, "statistic", t->statistic);
    api_doc_number(o, "p_value", t->p_value);
    api_doc_number(o, "low", t->low);
    api_doc_number(o, "high", t->high);
    api_doc_number(o, "vif", t->vif);
}

void api_inference_encode(cJSON *o, const gd_inference *r, const char *const *columns, size_t cols,
                          const char *classes)
{
    bool valid = r->status == GD_INFERENCE_VALID, softmax = r->count && r->terms[0].output > 0;
    api_doc_bool(o, "valid", valid);
    api_doc_string(o, "status", gd_inference_status_name(r->status));
    if (r->status == GD_INFERENCE_RANK_DEFICIENT && r->column < cols) {
        char text[400];
        snprintf(text, sizeof text, "column \"%.100s\": %s", columns[r->column],
                 gd_inference_reason(r->status));
        api_doc_string(o, "reason", text);
    } else {
        reason(o, gd_inference_reason(r->status));
    }
    api_doc_string(o, "distribution", !valid ? NULL : r->student ? "t" : "z");
    api_doc_number(o, "df", valid ? r->df : NAN);
    api_doc_number(o, "sigma", valid && r->student ? r->sigma : NAN);
    api_doc_number(o, "level", r->level);
    api_doc_number(o, "distance", r->distance);
    cJSON *labels = softmax && classes ? cJSON_Parse(classes) : NULL;
    if (softmax && classes && !labels)
        api_doc_item(o, "coefficients", NULL); /* out of memory: printing says so */
    cJSON *list = api_doc_add_array(o, "coefficients");
    for (size_t i = 0; i < r->count; i++)
        term_encode(list, &r->terms[i], columns, cols, labels);
    cJSON_Delete(labels);
}

void api_check_encode(cJSON *o, const gd_check *c, const gd_model *model, const gd_shape *shape)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = model->layout(shape, parts);
    api_doc_number(o, "checked", (double)c->checked);
    api_doc_number(o, "parameters", (double)model->params_len(shape));
    api_doc_number(o, "max_relative_error", c->relative_error);
    api_doc_number(o, "max_absolute_error", c->max_absolute_error);
    cJSON *worst = api_doc_add_object(o, "worst");
    for (size_t i = 0; i < count; i++)
        if (c->worst >= parts[i].offset && c->worst < parts[i].offset + parts[i].count) {
            api_doc_string(worst, "part", parts[i].name);
            api_doc_number(worst, "index", (double)(c->worst - parts[i].offset));
        }
    api_doc_number(worst, "analytic", c->analytic);
    api_doc_number(worst, "numeric", c->numeric);
}

void api_threshold_encode(cJSON *o, const gd_threshold *t, gd_criterion criterion, double parameter)
{
    const char *name = criterion == GD_F_BETA                       ? "beta"
                       : criterion == GD_PRECISION_AT_TARGET_RECALL ? "target_recall"
                                                                    : "target_precision";
    api_doc_number(o, "threshold", t->threshold);
    api_doc_string(o, "criterion", gd_criterion_name(criterion));
    api_doc_number(o, name, parameter);
    api_doc_number(o, "value", t->value);
    api_doc_number(o, "precision", t->precision);
    api_doc_number(o, "recall", t->recall);
    api_doc_number(o, "f_beta", t->f_beta);
}

static void extremes_encode(cJSON *o, const gd_extremes *e)
{
    api_doc_number(o, "largest_curvature", e->largest);
    api_doc_number(o, "smallest_curvature", e->smallest);
    api_doc_number(o, "condition_number", e->condition);
    api_doc_number(o, "parameters", (double)e->parameters);
    api_doc_number(o, "rank", isnan(e->largest) ? NAN : (double)e->rank);
    api_doc_number(o, "max_stable_learning_rate", e->max_stable_rate);
    api_doc_number(o, "best_learning_rate", e->best_rate);
}

void api_diagnosis_encode(cJSON *o, const gd_diagnosis *d, double learning_rate, double tolerance,
                          bool standardize)
{
    const gd_extremes *e = standardize ? &d->standardized : &d->raw;
    api_doc_string(o, "curvature", gd_extremes_name(d->kind));
    api_doc_string(o, "reason",
                   d->kind == GD_EXTREMES_NONE
                       ? "the cost's slope jumps, the model is not linear, or there are too many "
                         "parameters: no curvature to learn the rate from"
                       : NULL);
    extremes_encode(api_doc_add_object(o, "raw"), &d->raw);
    extremes_encode(api_doc_add_object(o, "standardized"), &d->standardized);
    cJSON *epochs = api_doc_add_object(o, "epochs");
    api_doc_bool(epochs, "standardize", standardize);
    api_doc_number(epochs, "tolerance", tolerance);
    api_doc_number(epochs, "at_best_learning_rate", gd_epochs_to(e, e->best_rate, tolerance));
    if (!isnan(learning_rate)) {
        api_doc_number(epochs, "learning_rate", learning_rate);
        if (e->max_stable_rate > 0)
            api_doc_bool(epochs, "stable", learning_rate < e->max_stable_rate);
        api_doc_number(epochs, "at_learning_rate", gd_epochs_to(e, learning_rate, tolerance));
    }
    cJSON *warnings = api_doc_add_array(o, "warnings");
    for (size_t i = 0; i < d->count; i++)
        api_doc_append_string(warnings, d->warnings[i]);
}
