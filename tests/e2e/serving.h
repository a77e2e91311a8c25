/* serving: what the tests of stored models share: a model from a job, requests by printf. */
#ifndef SERVING_H
#define SERVING_H

#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))

static e2e_server *s;

static UNUSED void start(void)
{
    s = e2e_start(NULL);
}

static UNUSED void stop(void)
{
    e2e_stop(s);
}

static UNUSED void close_to(double got, double want, double rel)
{
    ck_assert_msg(fabs(got - want) <= rel * fmax(fabs(want), 1e-300), "got %.17g, not %.17g", got,
                  want);
}

/* Trains by a job's JSON and writes the model's id (32 bytes). */
static UNUSED void fit(const char *job, char *model)
{
    char id[32];
    e2e_job(s, job, id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%.2000s", r.body);
    snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

/* Posts JSON to /v1/models/{model}/{what}. */
static UNUSED e2e_reply post_model(const char *model, const char *what, const char *json)
{
    char path[160];
    snprintf(path, sizeof path, "/v1/models/%s/%s", model, what);
    return e2e_post(s, path, json);
}

static UNUSED e2e_reply post_model_ok(const char *model, const char *what, const char *json)
{
    e2e_reply r = post_model(model, what, json);
    ck_assert_msg(r.status == 200, "%s: %ld %s", what, r.status, r.body);
    return r;
}

/* One number of a model's document. */
static UNUSED double of_model(const char *model, const char *path)
{
    e2e_reply r = e2e_getf(s, "/v1/models/%s", model);
    ck_assert_msg(r.status == 200, "%s", r.body);
    double v = e2e_number(r.json, path);
    e2e_reply_free(&r);
    return v;
}

static UNUSED int run_suite(TCase *tc, const char *name)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}

#endif
