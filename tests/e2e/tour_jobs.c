/* The tour of jobs and sweeps: how they are asked for, steered and watched, and how they end. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tour_jobs(void)
{
    static const char path[] = "/v1/jobs", one[] = "/v1/jobs/{id}", end[] = "/v1/jobs/{id}/cancel";
    char job[32], model[32], dataset[32], file[400], body[128], *large = large_body();
    train("{\"dataset\": " DATA ", \"name\": \"line\", \"learning_rate\": 0.001, "
          "\"initial_parameters\": {\"coefficients\": [1], \"intercept\": 2}}",
          job, model);
    train("{\"dataset\": " DATA ", \"initial_parameters\": {\"m\": 1, \"b\": 2}}", job, model);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1&state=succeeded", NULL, NULL, 200);
    see("POST", end, job, "", NULL, NULL, 409);
    see("DELETE", one, job, "", NULL, NULL, 204);
    see("DELETE", one, job, "", NULL, NULL, 404);
    see("GET", one, job, "", NULL, NULL, 404);
    see("POST", end, job, "", NULL, NULL, 404);
    train("{\"dataset\": " DATA ", \"learning_rate\": 1e300}", job, model); /* diverges */
    char ended[32];
    snprintf(ended, sizeof ended, "%s", job);
    keep(ask("POST", "/v1/jobs/{id}/replay", job, "", NULL, NULL, 202), "id", job);
    e2e_reply replayed = watch(job);
    ck_assert(cJSON_IsTrue(e2e_at(replayed.json, "replay.equal")));
    e2e_reply_free(&replayed);
    see("POST", "/v1/jobs/{id}/replay", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", path, "", "", JSON_TYPE, "{\"epochs\": 0}", 422);
    see("POST", path, "", "", JSON_TYPE,
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1}",
        422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    /* a job that the server itself fails: its file has gone */
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", dataset);
    e2e_dataset_file(server, dataset, file);
    ck_assert_int_eq(unlink(file), 0);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
    train(body, job, model);
    /* one runs, one waits, a third is too many */
    char runs[32], waits[32];
    e2e_reply r = ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202);
    snprintf(dataset, sizeof dataset, "%s", e2e_string(r.json, "dataset_id"));
    keep(r, "id", runs);
    for (bool running = false; !running;) {
        r = ask("GET", one, runs, "", NULL, NULL, 200);
        running = strcmp(e2e_string(r.json, "state"), "running") == 0;
        e2e_reply_free(&r);
    }
    keep(ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202), "id", waits);
    see("POST", path, "", "", JSON_TYPE, FOR_EVER, 429);
    /* a paused one gives up its place, and may not find one when it is resumed */
    char paused[32];
    see("POST", "/v1/jobs/{id}/pause", waits, "", NULL, NULL, 202);
    snprintf(paused, sizeof paused, "%s", waits);
    keep(ask("POST", path, "", "", JSON_TYPE, FOR_EVER, 202), "id", waits);
    see("POST", "/v1/jobs/{id}/resume", paused, "", NULL, NULL, 429);
    see("POST", "/v1/jobs/{id}/replay", ended, "", NULL, NULL, 429);
    see("GET", one, paused, "", NULL, NULL, 200);
    see("POST", end, paused, "", NULL, NULL, 202);
    see("DELETE", one, runs, "", NULL, NULL, 409);
    see("POST", "/v1/jobs/{id}/replay", runs, "", NULL, NULL, 409);
    see("DELETE", "/v1/datasets/{id}", dataset, "", NULL, NULL, 409);
    see("POST", end, waits, "", NULL, NULL, 202);
    see("POST", end, runs, "", NULL, NULL, 202);
    r = watch(runs);
    e2e_reply_free(&r);
    free(large);
}

void tour_dry_run(void)
{
    static const char path[] = "/v1/jobs:dry_run";
    char *large = large_body();
    see("POST", path, "", "", JSON_TYPE, "{\"dataset\": " DATA ", \"learning_rate\": 0.1}", 200);
    see("POST", path, "", "", JSON_TYPE, "{\"dataset\": " DATA ", \"learning_rate\": 1e300}", 200);
    see("POST", path, "", "", JSON_TYPE,
        "{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}", 200);
    see("POST", path, "", "", JSON_TYPE, "{\"epochs\": 0}", 422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    free(large);
}

void tour_check(void)
{
    static const char path[] = "/v1/jobs/{id}/gradient_check";
    char job[32], model[32], dataset[32];
    train("{\"dataset\": " DATA ", \"epochs\": 3}", job, model);
    see("POST", path, job, "", NULL, NULL, 200);
    keep(ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200), "dataset_id", dataset);
    see("DELETE", "/v1/datasets/{id}", dataset, "", NULL, NULL, 204);
    see("POST", path, job, "", NULL, NULL, 409);
    see("POST", path, "job_00000000000000000000", "", NULL, NULL, 404);
    train("{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}", job,
          model);
    see("POST", path, job, "", NULL, NULL, 422);
}

/* A validated job while it runs, cancelled and stopped. */
void tour_steering(void)
{
    static const char body[] =
        "{\"dataset\": " DATA
        ", \"epochs\": 1000000000, \"tol\": 0, \"validation_fraction\": 0.25}";
    static const char *const ways[] = {"/v1/jobs/{id}/stop", "/v1/jobs/{id}/cancel"};
    for (size_t i = 0; i < COUNT(ways); i++) {
        char job[32];
        keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, body, 202), "id", job);
        for (bool going = false; !going;) {
            e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
            going = cJSON_IsNumber(e2e_at(r.json, "validation_cost"));
            e2e_reply_free(&r);
        }
        see("POST", "/v1/jobs/{id}/pause", job, "", NULL, NULL, 202);
        see("POST", "/v1/jobs/{id}/resume", job, "", NULL, NULL, 202);
        see("POST", "/v1/jobs/{id}/resume", job, "", NULL, NULL, 409);
        for (bool going = false; !going;) {
            e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
            going = strcmp(e2e_string(r.json, "state"), "running") == 0;
            e2e_reply_free(&r);
        }
        see("POST", ways[i], job, "", NULL, NULL, 202);
        e2e_reply r = watch(job);
        e2e_reply_free(&r);
        if (i == 0)
            see("POST", ways[i], job, "", NULL, NULL, 409);
        see("POST", "/v1/jobs/{id}/pause", job, "", NULL, NULL, 409);
    }
    see("POST", "/v1/jobs/{id}/pause", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", "/v1/jobs/{id}/resume", "job_00000000000000000000", "", NULL, NULL, 404);
    see("POST", ways[0], "job_00000000000000000000", "", NULL, NULL, 404);
}

/* Settings of a job are changed, and seen wherever they are shown. */
void tour_changes(void)
{
    static const char path[] = "/v1/jobs/{id}", nobody[] = "job_00000000000000000000";
    char job[32], idle[32], *large = large_body();
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, FOR_EVER, 202), "id", job);
    see("PATCH", path, job, "", JSON_TYPE,
        "{\"learning_rate\": 1e-9, \"tol\": 0, \"epochs\": 999999999}", 202);
    for (bool taken = false; !taken;) {
        e2e_reply r = ask("GET", path, job, "", NULL, NULL, 200);
        taken = cJSON_IsNumber(e2e_at(r.json, "changes.0.epoch"));
        e2e_reply_free(&r);
    }
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, FOR_EVER, 202), "id", idle);
    see("PATCH", path, idle, "", JSON_TYPE, "{\"tol\": 0.5}", 202);
    see("POST", "/v1/jobs/{id}/cancel", idle, "", NULL, NULL, 202);
    see("GET", "/v1/jobs/{id}/history", idle, "", NULL, NULL, 200);
    see("PATCH", path, job, "", JSON_TYPE, "{\"tol\": 2}", 422);
    see("PATCH", path, job, "", CSV_TYPE, "tol\n0.5\n", 415);
    see("PATCH", path, job, "", JSON_TYPE, large, 413);
    see("PATCH", path, idle, "", JSON_TYPE, "{\"tol\": 0.5}", 409);
    see("PATCH", path, nobody, "", JSON_TYPE, "{\"tol\": 0.5}", 404);
    see("POST", "/v1/jobs/{id}/stop", job, "", NULL, NULL, 202);
    e2e_reply r = watch(job);
    see("GET", "/v1/models/{id}", e2e_string(r.json, "model_id"), "", NULL, NULL, 200);
    e2e_reply_free(&r);
    free(large);
}

#define SWEEP(job, rest) "{\"job\": {\"dataset\": " DATA job "}, " rest "}"

static void sweep(const char *body, char id[32])
{
    keep(ask("POST", "/v1/sweeps", "", "", JSON_TYPE, body, 202), "id", id);
    for (double end = e2e_now() + 60; e2e_now() < end;) {
        e2e_reply r = ask("GET", "/v1/sweeps/{id}", id, "?wait=10", NULL, NULL, 200);
        bool ended = !cJSON_IsNull(e2e_at(r.json, "finished_at"));
        e2e_reply_free(&r);
        if (ended)
            return;
    }
    ck_abort_msg("the sweep does not end");
}

/* A queue of one has no room for a sweep. */
void tour_full_queue(void)
{
    char *large = large_body();
    see("POST", "/v1/sweeps", "", "", JSON_TYPE, SWEEP("", "\"grid\": {\"l2\": [0, 1]}"), 429);
    see("POST", "/v1/sweeps", "", "", JSON_TYPE, large, 413);
    free(large);
}

static void tour_ended_sweeps(char id[32])
{
    static const char path[] = "/v1/sweeps";
    static const char *const bodies[] = {
        SWEEP("", "\"name\": \"s\", \"skip_invalid\": true, \"metric\": \"r2\", "
                  "\"grid\": {\"l2\": [0, 1, -1], \"learning_rate\": [0.1, 1e300]}"),
        SWEEP(", \"validation_fraction\": 0.25",
              "\"random\": {\"n\": 2, \"fields\": {\"l2\": {\"distribution\": \"uniform\", "
              "\"low\": 0, \"high\": 1}}}"),
        SWEEP("", "\"find_learning_rate\": true"),
    };
    char query[64];
    for (size_t i = 0; i < COUNT(bodies); i++)
        sweep(bodies[i], id);
    see("GET", path, "", "", NULL, NULL, 200);
    e2e_reply r = ask("GET", path, "", "?limit=1", NULL, NULL, 200);
    snprintf(query, sizeof query, "?limit=1&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    see("GET", path, "", query, NULL, NULL, 200);
}

void tour_sweeps(void)
{
    static const char path[] = "/v1/sweeps", one[] = "/v1/sweeps/{id}",
                      end[] = "/v1/sweeps/{id}/cancel", none[] = "swp_00000000000000000000";
    char id[32], job[32], query[64];
    tour_ended_sweeps(id);
    snprintf(query, sizeof query, "?sweep=%s", id);
    e2e_reply r = ask("GET", "/v1/jobs", "", query, NULL, NULL, 200);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), 1);
    keep(r, "jobs.0.id", job);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
    see("POST", "/v1/jobs/{id}/cancel", job, "", NULL, NULL, 409);
    see("POST", end, id, "", NULL, NULL, 409);
    see("DELETE", one, id, "", NULL, NULL, 204);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 404);
    keep(ask("POST", path, "", "", JSON_TYPE,
             SWEEP(", \"epochs\": 1000000000, \"tol\": 0", "\"grid\": {\"l2\": [0, 1, 2]}"), 202),
         "id", id);
    see("DELETE", one, id, "", NULL, NULL, 409);
    see("POST", end, id, "", NULL, NULL, 202);
    see("GET", one, id, "", NULL, NULL, 200);
    see("POST", path, "", "", JSON_TYPE, SWEEP("", "\"grid\": {\"l3\": [0, 1]}"), 422);
    see("POST", path, "", "", CSV_TYPE, "a,b\n1,2\n", 415);
    see("GET", one, none, "", NULL, NULL, 404);
    see("POST", end, none, "", NULL, NULL, 404);
    see("DELETE", one, none, "", NULL, NULL, 404);
}

void tour_history(void)
{
    static const char path[] = "/v1/jobs/{id}/history";
    char job[32], model[32];
    train("{\"dataset\": " DATA ", \"epochs\": 20, \"tol\": 0}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
    see("GET", path, job, "?limit=3", NULL, NULL, 200);
    see("GET", path, job, "?limit=3&after_epoch=19", NULL, NULL, 200);
    see("GET", path, job, "?last=2", NULL, NULL, 200);
    see("GET", path, job, "?points=5", NULL, NULL, 200);
    see("GET", path, job, "", "Accept: text/csv", NULL, 200);
    see("GET", path, job, "", "Accept: image/png", NULL, 406);
    see("GET", path, "job_00000000000000000000", "", NULL, NULL, 404);
    train("{\"dataset\": " DATA ", \"learning_rate\": 1e300}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
}

/* What was recorded on the way, and predictions as of then. */
void tour_parameters(void)
{
    static const char path[] = "/v1/jobs/{id}/parameters",
                      predict[] = "/v1/models/{id}/predictions";
    char job[32], model[32];
    train("{\"dataset\": " DATA ", \"epochs\": 20, \"tol\": 0, \"record_parameters\": 4}", job, model);
    see("GET", path, job, "", NULL, NULL, 200);
    see("GET", path, job, "?limit=2&after_epoch=3", NULL, NULL, 200);
    see("GET", path, job, "?epoch=8", NULL, NULL, 200);
    see("GET", path, job, "?epoch=9", NULL, NULL, 404);
    see("GET", path, job, "?epoch=8&limit=1", NULL, NULL, 400);
    see("POST", predict, model, "?epoch=8", JSON_TYPE, "{\"X\": [1]}", 200);
    see("POST", predict, model, "?epoch=9", JSON_TYPE, "{\"X\": [1]}", 404);
    see("DELETE", "/v1/jobs/{id}", job, "", NULL, NULL, 204);
    see("POST", predict, model, "?epoch=8", JSON_TYPE, "{\"X\": [1]}", 404);
    see("GET", path, job, "", NULL, NULL, 404);
}
