/* twins: two runs of one job end alike, bit for bit: documents, models, histories. */
#ifndef TWINS_H
#define TWINS_H

#include "jobs.h"

/* Epochs that this job runs in about so many seconds, from a trial of a few. */
static UNUSED unsigned long epochs_for(const e2e_server *s, const char *ds, const char *spec,
                                       double seconds)
{
    char trial[512], id[32], path[96];
    unsigned long epochs = 8;
    double took = 0;
    while (took < 0.05) {
        epochs *= 4;
        snprintf(trial, sizeof trial, "\"epochs\": %lu, %s", epochs, spec);
        post_job(s, ds, trial, id);
        wait_for_end(s, id, "succeeded");
        snprintf(path, sizeof path, "/v1/jobs/%s/history?last=1", id);
        e2e_reply r = e2e_get(s, path);
        took = e2e_number(r.json, "history.0.seconds");
        e2e_reply_free(&r);
    }
    return (unsigned long)((double)epochs * seconds / took) + 1;
}

static UNUSED void assert_same_number(const cJSON *a, const cJSON *b, const char *name, int point)
{
    const cJSON *x = cJSON_GetObjectItem(a, name), *y = cJSON_GetObjectItem(b, name);
    bool same = cJSON_IsNull(x) ? cJSON_IsNull(y)
                                : cJSON_IsNumber(x) && cJSON_IsNumber(y) &&
                                      memcmp(&x->valuedouble, &y->valuedouble, sizeof(double)) == 0;
    if (!same)
        ck_abort_msg("point %d (epoch %g): %s is %.17g in one run and %.17g in the other", point,
                     e2e_number(a, "epoch"), name, x ? x->valuedouble : NAN,
                     y ? y->valuedouble : NAN);
}

static UNUSED void assert_same_history(const e2e_server *s, const char *a, const char *b)
{
    char path[2][128];
    snprintf(path[0], sizeof path[0], "/v1/jobs/%s/history?limit=100000", a);
    snprintf(path[1], sizeof path[1], "/v1/jobs/%s/history?limit=100000", b);
    e2e_reply ra = e2e_get(s, path[0]), rb = e2e_get(s, path[1]);
    const cJSON *x = e2e_at(ra.json, "history")->child, *y = e2e_at(rb.json, "history")->child;
    for (int i = 0; x || y; i++, x = x->next, y = y->next) {
        if (!x || !y)
            ck_abort_msg("one history has %d points, the other more", i);
        assert_same_number(x, y, "epoch", i);
        assert_same_number(x, y, "cost", i);
        assert_same_number(x, y, "gradient_norm", i);
        assert_same_number(x, y, "learning_rate", i);
    }
    e2e_reply_free(&ra);
    e2e_reply_free(&rb);
}

/* The members named, of the documents of both, letter by letter. */
static UNUSED void assert_same_members(const e2e_server *s, const char *list, const char *a, const char *b,
                                const char *const *members)
{
    char path[2][128];
    snprintf(path[0], sizeof path[0], "/v1/%s/%s", list, a);
    snprintf(path[1], sizeof path[1], "/v1/%s/%s", list, b);
    e2e_reply ra = e2e_get(s, path[0]), rb = e2e_get(s, path[1]);
    for (; *members; members++) {
        char *x = cJSON_Print(e2e_at(ra.json, *members)),
             *y = cJSON_Print(e2e_at(rb.json, *members));
        if (strcmp(x, y) != 0)
            ck_abort_msg("%s: %s in one run, %s in the other:\n%s", *members, x, y, rb.body);
        free(x);
        free(y);
    }
    e2e_reply_free(&ra);
    e2e_reply_free(&rb);
}

static UNUSED void model_of(const e2e_server *s, const char *job, char *model)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    e2e_reply r = e2e_get(s, path);
    snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

static UNUSED void assert_twins(const e2e_server *s, const char *a, const char *b)
{
    static const char *const of_job[] = {"state",
                                         "epoch",
                                         "epochs",
                                         "cost",
                                         "gradient_norm",
                                         "learning_rate",
                                         "max_stable_learning_rate",
                                         "stop_reason",
                                         "advice",
                                         "spec.model",
                                         "spec.optimizer",
                                         "spec.epochs",
                                         "spec.batch_size",
                                         "spec.seed",
                                         NULL};
    static const char *const of_model[] = {
        "parameters",    "scaled_parameters",      "metrics", "training.epochs",
        "training.cost", "training.gradient_norm", NULL};
    char ma[32], mb[32];
    assert_same_members(s, "jobs", a, b, of_job);
    model_of(s, a, ma);
    model_of(s, b, mb);
    assert_same_members(s, "models", ma, mb, of_model);
    assert_same_history(s, a, b);
}

#endif
