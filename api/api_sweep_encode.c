/* api_sweep_encode: a sweep and its children written down. */
#include "api_sweep.h"

#include <math.h>
#include <string.h>

cJSON *api_sweep_encode_spec(const api_sweep *s, const char *dataset_id)
{
    static const char *const kept[] = {"grid", "random"};
    cJSON *o = cJSON_CreateObject(), *job = cJSON_Duplicate(s->base, true);
    cJSON_DeleteItemFromObjectCaseSensitive(job, "dataset_id");
    api_doc_string(job, "dataset_id", dataset_id);
    api_doc_item(o, "job", job);
    for (size_t i = 0; i < 2; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(s->doc, kept[i]);
        if (item)
            api_doc_item(o, kept[i], cJSON_Duplicate(item, true));
    }
    cJSON *random = cJSON_GetObjectItemCaseSensitive(o, "random");
    if (random) { /* with what was left to its default */
        cJSON_DeleteItemFromObjectCaseSensitive(random, "n");
        cJSON_DeleteItemFromObjectCaseSensitive(random, "seed");
        api_doc_number(random, "n", (double)s->n);
        api_doc_number(random, "seed", (double)s->seed);
    }
    if (s->finds) {
        cJSON *test = api_doc_add_object(o, "find_learning_rate");
        api_doc_number(test, "start", s->test.start);
        api_doc_number(test, "end", s->test.end);
        api_doc_number(test, "epochs", (double)s->test.epochs);
    } else {
        api_doc_string(o, "metric", s->metric.text);
    }
    api_doc_bool(o, "skip_invalid", s->skip_invalid);
    return o;
}

/* ---- replies ---- */

static const char *state_of(const api_sweep_view *v)
{
    const api_sweep_counts *c = &v->counts;
    uint64_t ended = c->succeeded + c->failed + c->cancelled;
    if (c->running || (c->queued && ended))
        return "running";
    if (c->queued)
        return "queued";
    if (c->paused)
        return "paused";
    if (v->cancelled)
        return "cancelled";
    /* a range test may well end where the rate is too high */
    if (c->succeeded || (!v->metric && c->diverged))
        return "succeeded";
    return c->failed ? "failed" : c->cancelled ? "cancelled" : "succeeded";
}

void api_sweep_encode(cJSON *o, const api_sweep_view *v)
{
    const api_sweep_counts *c = &v->counts;
    uint64_t ended = c->succeeded + c->failed + c->cancelled,
             left = c->queued + c->running + c->paused;
    api_metric metric;
    api_problem ignored = {0};
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_string(o, "state", state_of(v));
    api_doc_number(o, "children", (double)v->children);
    cJSON *counts = api_doc_add_object(o, "counts");
    api_doc_number(counts, "queued", (double)c->queued);
    api_doc_number(counts, "running", (double)c->running);
    api_doc_number(counts, "paused", (double)c->paused);
    api_doc_number(counts, "succeeded", (double)c->succeeded);
    api_doc_number(counts, "failed", (double)c->failed);
    api_doc_number(counts, "cancelled", (double)c->cancelled);
    api_doc_number(o, "progress", ended + left ? (double)ended / (double)(ended + left) : 1);
    api_doc_string(o, "metric", v->metric);
    if (v->metric && api_metric_find(v->metric, "", &metric, &ignored))
        api_doc_string(o, "better", api_metric_higher(&metric) ? "higher" : "lower");
    else
        api_doc_null(o, "better");
    api_doc_string(o, "dataset_id", v->dataset_id);
    api_doc_string(o, "created_at", v->created_at);
    api_doc_string(o, "finished_at", left ? NULL : v->finished_at);
}

bool api_child_ended(const api_child_view *v)
{
    return strcmp(v->state, "queued") != 0 && strcmp(v->state, "running") != 0 &&
           strcmp(v->state, "paused") != 0;
}

/* Why an ended child has no value. */
static void add_reason(cJSON *o, const api_child_view *v)
{
    api_text t = {0};
    if (strcmp(v->state, "failed") == 0)
        api_text_puts(&t, v->detail ? v->detail : "it failed");
    else if (strcmp(v->state, "cancelled") == 0)
        api_text_puts(&t, "it was cancelled");
    else if (!v->model_id)
        api_text_puts(&t, "its model was deleted");
    else
        api_text_printf(&t, "%s is not defined for it", v->metric);
    api_doc_item(o, "reason", t.failed ? NULL : cJSON_CreateString(t.data));
    api_text_free(&t);
}

void api_child_encode(cJSON *o, const api_child_view *v)
{
    api_doc_number(o, "number", (double)v->number);
    api_doc_embed(o, "settings", v->settings ? v->settings : "{}");
    api_doc_string(o, "job_id", v->job_id);
    api_doc_string(o, "state", v->state);
    api_doc_string(o, "stop_reason", v->stop_reason);
    api_doc_number(o, "value", v->value);
    api_doc_number(o, "cost", v->cost);
    api_doc_number(o, "validation_cost", v->validation_cost);
    api_doc_string(o, "model_id", v->model_id);
    api_doc_number(o, "seconds", v->seconds);
    if (v->metric && api_child_ended(v) && isnan(v->value))
        add_reason(o, v);
    else
        api_doc_null(o, "reason");
}

void api_curve_encode(cJSON *child, const gd_range_point *points, size_t count, bool ended)
{
    cJSON *o = api_doc_add_object(child, "learning_rate");
    api_doc_number(o, "suggested", ended ? gd_range_test_suggest(points, count) : NAN);
    cJSON *curve = api_doc_add_array(o, "curve");
    for (size_t i = 0; i < count; i++) {
        cJSON *point = api_doc_append_object(curve);
        api_doc_number(point, "learning_rate", points[i].learning_rate);
        api_doc_number(point, "cost", points[i].cost);
    }
}
