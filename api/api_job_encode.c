/* api_job_encode: a job, its spec and its history written down. */
#include "api_families.h"
#include "api_fields.h"
#include "api_job.h"
#include "api_replay.h"

#include <math.h>
#include <string.h>

cJSON *api_job_encode_spec(const api_job *job, const char *dataset_id)
{
    const gd_spec *s = &job->spec;
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "dataset_id", dataset_id);
    for (size_t i = 0; i < api_families_count; i++)
        api_family_encode(o, &api_families[i], s);
    api_fields_encode(o, s, gd_spec_params, gd_spec_params_count);
    api_fields_encode(o, job, api_job_params, api_job_params_count);
    for (size_t i = 0; i < api_job_members_count; i++)
        if (api_job_members[i].encode)
            api_job_members[i].encode(o, job);
    return o;
}

/* Of all parts; the one at hand counts by its epochs where there is one alone. */
static double progress(const api_job_view *v)
{
    if (v->parts > 1)
        return (double)v->part / (double)v->parts;
    return v->epochs ? (double)v->epoch / (double)v->epochs : 0;
}

void api_job_encode(cJSON *o, const api_job_view *v, bool brief)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_string(o, "state", v->state);
    api_doc_number(o, "epoch", (double)v->epoch);
    api_doc_number(o, "epochs", (double)v->epochs);
    bool ended = v->finished_at && v->stop_reason && strcmp(v->state, "succeeded") == 0;
    api_doc_number(o, "progress", ended ? 1 : progress(v));
    if (v->parts > 1) {
        api_doc_number(o, "part", (double)v->part + 1);
        api_doc_number(o, "parts", (double)v->parts);
    }
    api_doc_number(o, "cost", v->cost);
    api_doc_number(o, "validation_cost", v->validation_cost);
    api_doc_bool(o, "finite", v->finite);
    api_doc_number(o, "gradient_norm", v->gradient_norm);
    api_doc_number(o, "learning_rate", v->learning_rate);
    api_doc_number(o, "max_stable_learning_rate", v->max_stable_learning_rate);
    api_doc_string(o, "epochs_by", v->epochs_by);
    api_doc_string(o, "stop_reason", v->stop_reason);
    api_doc_string(o, "dataset_id", v->dataset_id);
    api_doc_string(o, "model_id", v->model_id);
    api_doc_string(o, "sweep_id", v->sweep_id);
    api_doc_string(o, "created_at", v->created_at);
    api_doc_string(o, "started_at", v->started_at);
    api_doc_string(o, "finished_at", v->finished_at);
    api_doc_number(o, "seconds", v->seconds);
    if (brief)
        return;
    api_doc_string(o, "note", v->note);
    api_doc_embed(o, "advice", v->advice ? v->advice : "[]");
    api_doc_embed(o, "error", v->error ? v->error : "null");
    api_doc_embed(o, "objective", v->objective ? v->objective : "null");
    api_doc_embed(o, "certificate", v->certificate ? v->certificate : "null");
    if (v->parts > 1)
        api_doc_embed(o, "results", v->results ? v->results : "[]");
    api_doc_embed(o, "changes", v->changes ? v->changes : "[]");
    api_doc_embed(o, "proof", v->proof ? v->proof : "null");
    api_replay_encode(o, v->replay_of, v->expected, v->proof);
    api_doc_embed(o, "spec", v->spec);
}

/* ---- history ---- */

void api_point_json(api_text *t, const api_point *point, bool parts, bool first)
{
    api_text_printf(t, "%s{\"epoch\": %llu, ", first ? "" : ",\n",
                    (unsigned long long)point->epoch);
    if (parts)
        api_text_printf(t, "\"part\": %llu, ", (unsigned long long)point->part + 1);
    api_text_puts(t, "\"cost\": ");
    api_text_number(t, point->cost);
    if (!isnan(point->validation_cost)) {
        api_text_puts(t, ", \"validation_cost\": ");
        api_text_number(t, point->validation_cost);
    }
    api_text_puts(t, ", \"gradient_norm\": ");
    api_text_number(t, point->gradient_norm);
    api_text_puts(t, ", \"learning_rate\": ");
    api_text_number(t, point->learning_rate);
    api_text_puts(t, ", \"seconds\": ");
    api_text_number(t, point->seconds);
    api_text_puts(t, isfinite(point->cost) ? "}" : ", \"finite\": false}");
}

const char api_point_csv_header[] =
    "epoch,cost,validation_cost,gradient_norm,learning_rate,seconds,finite,part\r\n";

/* An empty field for what is not finite. */
static void csv_number(api_text *t, double v)
{
    if (isfinite(v))
        api_text_number(t, v);
    api_text_puts(t, ",");
}

void api_point_csv(api_text *t, const api_point *point)
{
    api_text_printf(t, "%llu,", (unsigned long long)point->epoch);
    csv_number(t, point->cost);
    csv_number(t, point->validation_cost);
    csv_number(t, point->gradient_norm);
    csv_number(t, point->learning_rate);
    csv_number(t, point->seconds);
    api_text_printf(t, "%s,%llu\r\n", isfinite(point->cost) ? "true" : "false",
                    (unsigned long long)point->part + 1);
}

/* ---- parameters ---- */

void api_parameters_encode(cJSON *o, const gd_model *model, const gd_shape *shape,
                           const double *theta)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = model->layout(shape, parts);
    for (size_t i = 0; i < count; i++)
        if (parts[i].scalar)
            api_doc_number(o, parts[i].name, theta[parts[i].offset]);
        else if (parts[i].rows == 1 && !parts[i].matrix)
            api_doc_numbers(o, parts[i].name, theta + parts[i].offset, parts[i].count);
        else
            api_doc_matrix(o, parts[i].name, theta + parts[i].offset, parts[i].rows,
                           parts[i].count / parts[i].rows);
    if (shape->cols == 1 && shape->outputs == 1 && model->linear) {
        api_doc_number(o, "m", theta[0]);
        if (shape->intercept)
            api_doc_number(o, "b", theta[1]);
    }
}

cJSON *api_failure_encode(const api_problem *p)
{
    char detail[768];
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "type", api_problem_type(p->code));
    api_doc_string(o, "title", api_problem_title(p->code));
    api_doc_string(o, "detail", api_problem_text(p, detail, sizeof detail));
    return o;
}

cJSON *api_diverged_encode(const gd_error *err, uint64_t epoch, double max_stable_rate,
                           double safe_rate, const gd_model *model, const gd_shape *shape,
                           const double *theta, uint64_t theta_epoch)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "type", api_problem_type(API_DIVERGED));
    api_doc_string(o, "title", api_problem_title(API_DIVERGED));
    api_doc_string(o, "detail", err->message);
    api_doc_string(o, "field", err->field);
    api_doc_number(o, "epoch", (double)epoch);
    api_doc_number(o, "max_stable_learning_rate", max_stable_rate > 0 ? max_stable_rate : NAN);
    api_doc_number(o, "suggested_learning_rate", safe_rate > 0 ? safe_rate : NAN);
    cJSON *last = api_doc_add_object(o, "last_finite");
    api_doc_number(last, "epoch", (double)theta_epoch);
    api_parameters_encode(api_doc_add_object(last, "parameters"), model, shape, theta);
    return o;
}
