/* api_model: models and predictions written down. */
#include "api_model.h"

#include "api_job.h"
#include "api_text.h"

#include <math.h>

static void encode_metrics(cJSON *o, const gd_regression_metrics *m)
{
    api_doc_number(o, "mse", m->mse);
    api_doc_number(o, "rmse", m->rmse);
    api_doc_number(o, "mae", m->mae);
    api_doc_number(o, "r2", m->r2);
}

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
        api_doc_strings(o, "columns", v->columns, v->shape.cols);
    }
    api_doc_string(o, "target", v->target);
    encode_metrics(api_doc_add_object(o, "metrics"), &v->metrics);
    api_doc_string(o, "job_id", v->job_id);
    api_doc_string(o, "created_at", v->created_at);
    if (!brief)
        api_doc_embed(o, "training", v->training);
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

char *api_predictions_encode(const char *model_id, const double *z, size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n; i++)
        finite = finite && isfinite(z[i]);
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "model_id", model_id);
    api_doc_number(o, "count", (double)n);
    api_doc_bool(o, "finite", finite);
    api_doc_numbers(o, "predictions", z, n);
    return api_doc_print(o);
}
