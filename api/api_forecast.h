/* api_forecast: the answer of a dry run: what would become of a job, were it posted. */
#ifndef API_FORECAST_H
#define API_FORECAST_H

#include "api_doc.h"

#include <stdint.h>

/* All borrowed; numbers that are not known are NaN. */
typedef struct api_forecast {
    const char *spec, *objective; /* JSON, resolved */
    const char *dataset_id;       /* NULL: the dataset is inline, the spec shown has none */
    const char *error;            /* JSON: why it would fail, or NULL */
    double train_rows, validation_rows, parameters, parts;
    double learning_rate, max_stable_rate;
    double epochs; /* that it would train, at most if stop_reason is NULL */
    const char *stop_reason;
    double measured_epochs, epoch_seconds;
    double seconds;                              /* for all */
    double memory;                               /* bytes, as are those below */
    double dataset, history, checkpoint, models; /* on disk */
    const char *const *warnings;
    size_t warnings_count;
} api_forecast;

/* {"spec", "objective", "rows": {"train", "validation"}, "parameters", "parts", "learning_rate",
 * "max_stable_learning_rate", "epochs": {"estimated", "stop_reason", "measured", "seconds_each"},
 * "estimated_seconds", "bytes": {"memory", "disk", "dataset", "history", "checkpoint", "models"},
 * "warnings", "error"} */
void api_forecast_encode(cJSON *o, const api_forecast *f);

#endif
