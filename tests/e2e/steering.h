/* steering: what the tests of steering share: jobs are asked for something on their way, and held
 * against a twin that was left alone. */
#ifndef STEERING_H
#define STEERING_H

#include "jobs.h"

/* Long enough to be asked for something; under a sanitizer fewer epochs take as long. The second: of
 * one part of several. */
#if defined(__SANITIZE_THREAD__)
#define STEADY_EPOCHS "30000"
#define PART_EPOCHS "8000"
#elif defined(__SANITIZE_ADDRESS__)
#define STEADY_EPOCHS "60000"
#define PART_EPOCHS "15000"
#else
#define STEADY_EPOCHS "600000"
#define PART_EPOCHS "60000"
#endif
#define STEADY                                                                                     \
    "\"epochs\": " STEADY_EPOCHS ", \"tol\": 0, \"learning_rate\": 1e-7, \"batch_size\": 16"

static UNUSED e2e_reply ask(const e2e_server *s, const char *job, const char *what)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s/%s", job, what);
    return e2e_request(s, "POST", path, NULL, NULL, 0);
}

static UNUSED void must(const e2e_server *s, const char *job, const char *what)
{
    e2e_reply r = ask(s, job, what);
    if (r.status != 202)
        ck_abort_msg("%s: %ld %s", what, r.status, r.body);
    e2e_reply_free(&r);
}

static UNUSED void must_conflict(const e2e_server *s, const char *job, const char *what,
                                 const char *why)
{
    e2e_reply r = ask(s, job, what);
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), why));
    e2e_reply_free(&r);
}

static UNUSED double epoch_of(const e2e_server *s, const char *job)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    double epoch = e2e_number(r.json, "epoch");
    e2e_reply_free(&r);
    return epoch;
}

/* The member `name` of the job or, where `of_model`, of its model, printed; the caller frees it. */
static UNUSED char *member(const e2e_server *s, const char *job, bool of_model, const char *name)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    if (of_model) {
        e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
        e2e_reply_free(&r);
        r = m;
    }
    char *text = cJSON_PrintUnformatted(e2e_at(r.json, name));
    e2e_reply_free(&r);
    return text;
}

static UNUSED void assert_same_member(const e2e_server *s, const char *a, const char *b,
                                      bool of_model, const char *name)
{
    char *x = member(s, a, of_model, name), *y = member(s, b, of_model, name);
    ck_assert_str_eq(x, y);
    free(x);
    free(y);
}

/* The history but for its seconds. */
static UNUSED char *history(const e2e_server *s, const char *job)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/history?limit=100000", job);
    cJSON *point;
    cJSON_ArrayForEach (point, e2e_at(r.json, "history"))
        cJSON_DeleteItemFromObject(point, "seconds");
    char *text = cJSON_PrintUnformatted(e2e_at(r.json, "history"));
    e2e_reply_free(&r);
    return text;
}

/* Numbers are printed with all their digits: the same text is the same bits. */
static UNUSED void assert_twins(const e2e_server *s, const char *a, const char *b)
{
    char *x = history(s, a), *y = history(s, b);
    assert_same_member(s, a, b, true, "parameters");
    assert_same_member(s, a, b, false, "stop_reason");
    assert_same_member(s, a, b, false, "epoch");
    ck_assert_msg(strcmp(x, y) == 0, "the histories differ");
    free(x);
    free(y);
}

static UNUSED e2e_server *start_with_data(char ds[32])
{
    static const char *const one[] = {"--workers", "1", NULL};
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(60, 3, 7);
    upload_csv(s, csv, ds);
    free(csv);
    return s;
}

#endif
