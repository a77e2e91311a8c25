/* api_update: one online pass of a model over further rows: how it is asked for, and the answer. */
#ifndef API_UPDATE_H
#define API_UPDATE_H

#include "api_job.h"

#define API_ANY_VERSION 0

typedef struct api_update {
    api_job job;      /* its spec: the pass; its sample_weight and class_weight */
    uint64_t version; /* the one that the model must have, or API_ANY_VERSION */
} api_update;

/* Names of the settings, then NULL: members of a request beside its data, or of its query. */
extern const char *const api_update_settings[];

/* The settings in a JSON request: its own members without those that are data, which a reader of
 * their own takes. The caller frees them with cJSON_Delete. NULL when p says why not. */
cJSON *api_update_extract(const char *bytes, size_t n, api_problem *p);

/* Adds a setting of the query: a number where it reads as one, else a name. */
void api_update_add(cJSON *settings, const char *name, const char *text, api_problem *p);

/* Reads the settings; what they don't say is as the model was trained (the optimizer, its rate,
 * penalties, class weights), but for batch_size, which is 1. trained: resolved, as srv_model has
 * it. The caller frees *out with api_update_free, after an error too. Every bad field is named in
 * p. */
bool api_update_decode(const cJSON *settings, const api_job *trained, api_update *out,
                       api_problem *p);
void api_update_free(api_update *u);

/* What the optimizer's state is of, as JSON: two passes of the same text go on from one another.
 * The caller frees it; NULL when out of memory. */
char *api_update_optimizer(const api_update *u);

/* All borrowed. */
typedef struct api_update_view {
    const char *model_id, *updated_at;
    uint64_t version, rows, steps;
    double learning_rate, cost_before, cost_after; /* not finite: null */
} api_update_view;

void api_update_encode(cJSON *o, const api_update_view *v);

#endif
