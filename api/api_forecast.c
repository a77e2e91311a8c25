/* api_forecast: a dry run's answer, member by member. */
#include "api_forecast.h"

#include "api_number.h"

#include <math.h>
#include <stdio.h>

/* Three digits: no more is known of a time that was measured. */
static double rounded(double v)
{
    char text[API_NUMBER_SIZE];
    double out = v;
    if (isfinite(v) && api_number_parse(text, (size_t)snprintf(text, sizeof text, "%.2e", v),
                                        &out) != API_NUMBER_OK)
        return v;
    return out;
}

static void encode_bytes(cJSON *o, const api_forecast *f)
{
    api_doc_number(o, "memory", round(f->memory));
    api_doc_number(o, "disk", round(f->dataset + f->history + f->checkpoint + f->models));
    api_doc_number(o, "dataset", round(f->dataset));
    api_doc_number(o, "history", round(f->history));
    api_doc_number(o, "checkpoint", round(f->checkpoint));
    api_doc_number(o, "models", round(f->models));
}

void api_forecast_encode(cJSON *o, const api_forecast *f)
{
    cJSON *spec = cJSON_Parse(f->spec);
    if (!f->dataset_id)
        cJSON_DeleteItemFromObjectCaseSensitive(spec, "dataset_id");
    api_doc_item(o, "spec", spec);
    api_doc_embed(o, "objective", f->objective);
    cJSON *rows = api_doc_add_object(o, "rows");
    api_doc_number(rows, "train", f->train_rows);
    api_doc_number(rows, "validation", f->validation_rows);
    api_doc_number(o, "parameters", f->parameters);
    api_doc_number(o, "parts", f->parts);
    api_doc_number(o, "learning_rate", f->learning_rate);
    api_doc_number(o, "max_stable_learning_rate", f->max_stable_rate);
    cJSON *epochs = api_doc_add_object(o, "epochs");
    api_doc_number(epochs, "estimated", f->epochs);
    api_doc_string(epochs, "stop_reason", f->stop_reason);
    api_doc_number(epochs, "measured", f->measured_epochs);
    api_doc_number(epochs, "seconds_each", rounded(f->epoch_seconds));
    api_doc_number(o, "estimated_seconds", rounded(f->seconds));
    encode_bytes(api_doc_add_object(o, "bytes"), f);
    api_doc_strings(o, "warnings", f->warnings, f->warnings_count);
    api_doc_embed(o, "error", f->error ? f->error : "null");
}
