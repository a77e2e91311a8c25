/* api_model: models and predictions written down. */
#include "api_model.h"

#include "api_job.h"
#include "api_text.h"

#include <math.h>
#include <stdlib.h>

void api_model_encode(cJSON *o, const api_model_view *v, bool brief)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_string(o, "model", v->model->name);
    if (!brief) {
        api_parameters_encode(api_doc_add_object(o, "parameters"), v->model, &v->shape, v->theta);
        if (v->scaled) {
            cJSON *scaled = api_doc_add_object(o, "scaled_parameters");
            api_parameters_encode(scaled, v->model, &v->shape, v->scaled);
            api_doc_numbers(scaled, "center", v->center, v->shape.cols);
            api_doc_numbers(scaled, "scale", v->scale, v->shape.cols);
        } else {
            api_doc_null(o, "scaled_parameters");
        }
        if (v->numbered)
            api_doc_embed(o, "columns", v->numbered);
        else
            api_doc_strings(o, "columns", v->columns, v->shape.cols);
        api_doc_embed(o, "preparation", v->preparation ? v->preparation : "null");
    }
    api_doc_string(o, "target", v->target);
    api_doc_embed(o, "classes", v->classes ? v->classes : "null");
    api_doc_embed(o, "metrics", v->metrics);
    api_doc_embed(o, "validation_metrics", v->validation_metrics ? v->validation_metrics : "null");
    api_doc_string(o, "job_id", v->job_id);
    api_doc_string(o, "created_at", v->created_at);
    api_doc_number(o, "updates", (double)v->updates);
    api_doc_string(o, "updated_at", v->updated_at);
    if (v->updates)
        api_doc_string(o, "note",
                       "metrics, details of the fit and training are those before the updates; "
                       "POST /v1/models/{id}/evaluations measures the model as it is now");
    if (brief)
        return;
    api_doc_embed(o, "training", v->training);
    cJSON *details = v->details ? cJSON_Parse(v->details) : NULL;
    while (details && details->child) {
        cJSON *member = cJSON_DetachItemViaPointer(details, details->child);
        if (!cJSON_AddItemToObject(o, member->string, member))
            cJSON_Delete(member);
    }
    cJSON_Delete(details);
}

cJSON *api_training_encode(const char *dataset_id, const char *dataset_name, const char *sha256,
                           uint64_t rows, const char *spec, const char *stop_reason,
                           uint64_t epochs, double cost, double gradient_norm, double learning_rate,
                           double seconds)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *dataset = api_doc_add_object(o, "dataset");
    api_doc_string(dataset, "id", dataset_id);
    api_doc_string(dataset, "name", dataset_name);
    api_doc_number(dataset, "rows", (double)rows);
    api_doc_string(dataset, "sha256", sha256);
    api_doc_number(o, "epochs", (double)epochs);
    api_doc_string(o, "stop_reason", stop_reason);
    api_doc_number(o, "cost", cost);
    api_doc_number(o, "gradient_norm", gradient_norm);
    api_doc_number(o, "learning_rate", learning_rate);
    api_doc_number(o, "seconds", seconds);
    api_doc_embed(o, "spec", spec);
    return o;
}

cJSON *api_metrics_encode(const gd_metric *metrics, size_t count, const double *confusion,
                          size_t classes)
{
    cJSON *o = cJSON_CreateObject();
    for (size_t i = 0; i < count; i++)
        api_doc_number(o, metrics[i].name, metrics[i].value);
    if (classes)
        api_doc_matrix(o, "confusion_matrix", confusion, classes, classes);
    return o;
}

/* The label of each row's class, as text: labels may be many times as long as numbers, and are
 * written once each. */
static void encode_labels(cJSON *o, const gd_model *model, const gd_shape *shape,
                          const cJSON *labels, const double *out, size_t n)
{
    api_text t = {0};
    size_t count = (size_t)cJSON_GetArraySize(labels);
    char **texts = calloc(count ? count : 1, sizeof *texts);
    bool ok = texts && count > 0;
    const cJSON *label;
    size_t k = 0;
    if (ok)
        cJSON_ArrayForEach (label, labels)
            ok = (texts[k++] = api_doc_text(label)) && ok;
    api_text_puts(&t, "[");
    for (size_t i = 0; ok && i < n; i++) {
        const double *response = out + i * shape->outputs;
        size_t class = gd_class_of(model, shape, response);
        api_text_puts(&t, i ? ", " : "");
        api_text_puts(&t, isfinite(*response) && class < count ? texts[class] : "null");
    }
    api_text_puts(&t, "]");
    api_doc_raw(o, "predictions", ok && !t.failed ? t.data : NULL);
    for (size_t i = 0; texts && i < k; i++)
        free(texts[i]);
    free(texts);
    api_text_free(&t);
}

/* A probability for each class, also of two, where the model gives that of the second. */
static void encode_probabilities(cJSON *o, const double *out, size_t n)
{
    double *both = malloc((n ? n : 1) * 2 * sizeof *both);
    for (size_t i = 0; both && i < n; i++) {
        both[2 * i] = 1 - out[i];
        both[2 * i + 1] = out[i];
    }
    if (both)
        api_doc_matrix(o, "probabilities", both, n, 2);
    else
        api_doc_item(o, "probabilities", NULL);
    free(both);
}

char *api_predictions_encode(const char *model_id, const uint64_t *epoch, const gd_model *model,
                             const gd_shape *shape, const char *classes, const double *out,
                             size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n * shape->outputs; i++)
        finite = finite && isfinite(out[i]);
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "model_id", model_id);
    if (epoch)
        api_doc_number(o, "epoch", (double)*epoch);
    api_doc_number(o, "count", (double)n);
    api_doc_bool(o, "finite", finite);
    if (!(gd_shape_task(model, shape) & GD_CLASSES)) {
        api_doc_numbers(o, "predictions", out, n);
        return api_doc_print(o);
    }
    cJSON *labels = cJSON_Parse(classes ? classes : "[]");
    encode_labels(o, model, shape, labels, out, n);
    cJSON_Delete(labels);
    api_doc_embed(o, "classes", classes ? classes : "[]");
    if (gd_shape_link(model, shape) == GD_LOGIT)
        encode_probabilities(o, out, n);
    else if (gd_shape_link(model, shape) == GD_SOFTMAX)
        api_doc_matrix(o, "probabilities", out, n, shape->outputs);
    else
        api_doc_numbers(o, "scores", out, n);
    return api_doc_print(o);
}
