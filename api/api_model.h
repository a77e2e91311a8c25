/* api_model: what was fitted, and what it predicts. */
#ifndef API_MODEL_H
#define API_MODEL_H

#include "api_doc.h"
#include "gd_metrics.h"

#include <stdint.h>

/* All borrowed; columns may be NULL in a brief document. */
typedef struct api_model_view {
    const char *id, *job_id, *name, *target, *created_at;
    const gd_model *model;
    gd_shape shape;
    const char *const *columns;                    /* shape.cols names */
    const char *numbered; /* JSON in place of them: api_numbered.h; or NULL */
    const double *theta, *scaled, *center, *scale; /* scaled: NULL when not standardized */
    const char *classes;                      /* JSON array in the order of the classes, or NULL */
    const char *metrics, *validation_metrics; /* JSON, as stored; NULL without validation */
    const char *training;                     /* JSON, as stored */
    const char *details;                      /* JSON object of further members, or NULL */
    const char *preparation;                  /* JSON: of its columns, or NULL */
    uint64_t updates;                         /* passes over further rows since training */
    const char *updated_at;                   /* of the last one, or NULL */
} api_model_view;

/* `brief` leaves out parameters, columns and training. */
void api_model_encode(cJSON *o, const api_model_view *v, bool brief);

/* The metrics member, as stored: each by its name, and with classes > 0 the confusion_matrix of
 * classes x classes. The caller owns it. */
cJSON *api_metrics_encode(const gd_metric *metrics, size_t count, const double *confusion,
                          size_t classes);

/* The training member, as stored: strings borrowed, spec is JSON. The caller owns it. */
cJSON *api_training_encode(const char *dataset_id, const char *dataset_name, const char *sha256,
                           uint64_t rows, const char *spec, const char *stop_reason,
                           uint64_t epochs, double cost, double gradient_norm, double learning_rate,
                           double seconds);

/* {"model_id", "epoch", "count", "finite", "predictions": [...]}: epoch: of its training, as of
 * which it predicts; NULL for the model as it is. out: n x outputs responses (gd_predict).
 * Of classes, predictions are labels, and "classes" with their "probabilities" (or "scores", of a
 * margin) stand beside them. What is not finite is null and sets "finite" to false. classes: JSON,
 * as stored, or NULL. The caller frees the text; NULL when out of memory. */
char *api_predictions_encode(const char *model_id, const uint64_t *epoch, const gd_model *model,
                             const gd_shape *shape, const char *classes, const double *out,
                             size_t n);

#endif
