/* The tour of models: of every task, of what only some jobs have, and what is asked of a model. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS "{\"X\": [1, 2, 3, 4, 5, 6, 7, 9], \"y\": [%s]}"
#define TWO "\"a\", \"a\", \"b\", \"a\", \"b\", \"b\", \"a\", \"b\""
#define THREE "\"a\", \"a\", \"c\", \"b\", \"b\", \"c\", \"c\", \"a\""

/* Every task: what only some models have. */
void tour_tasks(void)
{
    static const struct {
        const char *settings, *targets;
    } tasks[] = {
        {"\"model\": \"logistic_regression\", \"validation_fraction\": 0.25", TWO},
        {"\"model\": \"softmax_regression\"", THREE},
        {"\"model\": \"svm\", \"l2\": 0.1, \"standardize\": false", TWO},
        {"\"model\": \"poisson_regression\"", "1, 2, 2, 4, 3, 6, 8, 9"},
        {"\"model\": {\"name\": \"mlp\", \"hidden_layers\": [3, 2]}", THREE},
    };
    for (size_t i = 0; i < COUNT(tasks); i++) {
        char data[256], body[512], job[32], model[32], dataset[32];
        snprintf(data, sizeof data, PAIRS, tasks[i].targets);
        keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, data, 201), "id", dataset);
        see("GET", "/v1/datasets/{id}", dataset, "", NULL, NULL, 200);
        see("GET", "/v1/datasets/{id}", dataset, "?limit=1", NULL, NULL, 200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, tasks[i].settings);
        train(body, job, model);
        see("GET", "/v1/jobs/{id}/history", job, "", NULL, NULL, 200);
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
        see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"X\": [2, 8]}", 200);
        see("POST", "/v1/models/{id}/evaluations", model, "", JSON_TYPE, "{\"on\": \"training\"}",
            200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
        see("POST", "/v1/models/{id}/evaluations", model, "", JSON_TYPE, body, 200);
    }
    see("GET", "/v1/datasets", "", "", NULL, NULL, 200);
    see("GET", "/v1/jobs", "", "", NULL, NULL, 200);
    see("GET", "/v1/models", "", "", NULL, NULL, 200);
}

#define WIDE                                                                                       \
    "{\"columns\": [\"a\", \"b\", \"c\"], \"X\": [[1, 2, 1], [2, 1, 1], [3, 5, 1], [4, 3, 1], "    \
    "[5, 5, 1], [6, 1, 1], [1, 3, 2], [2, 2, 2], [3, 4, 2], [4, 1, 2], [5, 2, 2], [600, 500, "     \
    "2]], "                                                                                        \
    "\"y\": [%s]}"
#define NUMBERS "1, 3, 2, 5, 4, 6, 2, 4, 3, 7, 5, 9"
#define LABELS "\"n\", \"y\", \"n\", \"n\", \"y\", \"y\", \"n\", \"y\", \"n\", \"y\", \"y\", \"n\""

/* What a job says of rows, columns and coefficients, and jobs of several runs. */
void tour_members(void)
{
    static const struct {
        bool labels;
        const char *settings;
    } jobs[] = {
        {false, "\"sample_weight\": \"b\", \"offset\": \"c\", \"bounds\": {\"a\": [0, null]}"},
        {false, "\"sample_weight\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]"},
        {false, "\"cross_validation\": 3"},
        {false, "\"l1\": \"path\", \"path_points\": 3"},
        {false, "\"l2\": \"path\", \"path_points\": 3, \"validation_fraction\": 0.25"},
        {false, "\"group_by\": \"c\", \"standardize\": false, \"learning_rate\": 0.01"},
        {false,
         "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"LinearSVR\", \"C\": 1, "
         "\"dual\": true}"},
        {false, "\"model\": \"mlp\""},
        {true, "\"model\": \"logistic_regression\", \"class_weight\": {\"y\": 2}, "
               "\"validation_dataset_id\": \"%s\", \"threshold\": {\"criterion\": \"f_beta\", "
               "\"beta\": 2}"},
        {true, "\"model\": \"logistic_regression\", \"validation_fraction\": 0.5, \"threshold\": "
               "{\"criterion\": \"precision_at_target_recall\", \"target\": 0.5}"},
        {true, "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", "
               "\"threshold\": {\"criterion\": \"recall_at_target_precision\", \"target\": 0.1}"},
        {true, "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"%s\", "
               "\"threshold\": {\"criterion\": \"recall_at_target_precision\", \"target\": 1}, "
               "\"epochs\": 1, \"learning_rate\": 1e-9, \"standardize\": false, "
               "\"initial_parameters\": {\"coefficients\": [1, 0, 0]}"},
        {true, "\"model\": \"logistic_regression\", \"cross_validation\": 2"},
        {true, "\"model\": \"softmax_regression\", \"l2\": 0.5"},
        {true, "\"model\": \"softmax_regression\", \"optimizer\": \"lbfgs\""},
    };
    for (size_t i = 0; i < COUNT(jobs); i++) {
        char data[768], settings[512], body[1024], job[32], model[32], dataset[32];
        snprintf(data, sizeof data, WIDE, jobs[i].labels ? LABELS : NUMBERS);
        keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, data, 201), "id", dataset);
        snprintf(settings, sizeof settings, jobs[i].settings, dataset);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, settings);
        see("POST", "/v1/jobs:dry_run", "", "", JSON_TYPE, body, 200);
        train(body, job, model);
        see("GET", "/v1/jobs/{id}/history", job, "", NULL, NULL, 200);
        if (!*model)
            continue;
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s, \"start_from\": \"%s\"}", dataset,
                 settings, model);
        if (i != 1 && !strstr(settings, "softmax"))
            continue;
        train(body, job, model);
        see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    }
    see("GET", "/v1/jobs", "", "", NULL, NULL, 200);
}

/* Columns of texts, with missing values and products. */
void tour_columns(void)
{
    char body[512], job[32], model[32], dataset[32];
    keep(ask("POST", "/v1/datasets", "", "?target=y", CSV_TYPE,
             "city,a,y\nRome,1,2\nOslo,,3\nRome,2,4\nBonn,3,6\n,4,7\nOslo,5,8\n", 201),
         "id", dataset);
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"missing\": \"mean\", \"missing_indicator\": true, "
             "\"reference_level\": {\"city\": \"Oslo\"}, \"features\": {\"polynomial\": 2, "
             "\"interactions_only\": false}, \"l2\": 0.1}",
             dataset);
    see("POST", "/v1/jobs:dry_run", "", "", JSON_TYPE, body, 200);
    train(body, job, model);
    see("GET", "/v1/jobs/{id}", job, "", NULL, NULL, 200);
    see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    see("GET", "/v1/datasets/{id}/diagnostics", dataset, "?missing=median", NULL, NULL, 200);
    see("GET", "/v1/datasets/{id}/diagnostics", dataset, "", NULL, NULL, 400);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE,
        "{\"data\": [{\"city\": \"Rome\", \"a\": null}]}", 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"X\": [[\"Paris\", 1]]}",
        422);
}

void tour_models(void)
{
    static const char path[] = "/v1/models", one[] = "/v1/models/{id}",
                      predict[] = "/v1/models/{id}/predictions",
                      evaluate[] = "/v1/models/{id}/evaluations", update[] = "/v1/models/{id}/updates";
    char job[32], line[32], plane[32], *large = large_body();
    train("{\"dataset\": " DATA ", \"name\": \"line\"}", job, line);
    train("{\"dataset\": {\"X\": [[1, 2], [2, 1], [3, 3]], \"y\": [1, 2, 4]}, "
          "\"standardize\": false}",
          job, plane);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    see("GET", one, line, "", NULL, NULL, 200);
    see("GET", one, plane, "", NULL, NULL, 200);
    see("POST", predict, line, "", JSON_TYPE, "{\"X\": [1, 1e308]}", 200);
    see("POST", predict, line, "", JSON_TYPE, "{\"X\": [-1e308, 1.7e308]}", 200);
    see("POST", predict, plane, "", JSON_TYPE, "{\"data\": [{\"x2\": 1, \"x1\": 2}]}", 200);
    see("POST", predict, plane, "", CSV_TYPE, "x1,x2\n1,2\n", 200);
    see("POST", predict, plane, "", JSON_TYPE, "{\"X\": [1]}", 422);
    see("POST", predict, plane, "", "Content-Type: a/b", "x", 415);
    see("POST", predict, plane, "", JSON_TYPE, large, 413);
    see("POST", evaluate, plane, "", JSON_TYPE, "{\"on\": \"validation\"}", 422);
    see("POST", evaluate, plane, "", CSV_TYPE, "x1,x2,y\n1,2,1\n", 415);
    see("POST", evaluate, plane, "", JSON_TYPE, large, 413);
    see("POST", update, line, "", JSON_TYPE, "{\"X\": [2, 3], \"y\": [3, 5]}", 200);
    see("POST", update, plane, "?l2=0.5", CSV_TYPE, "x1,x2,y\n1,2,1\n", 200);
    see("GET", one, line, "", NULL, NULL, 200);
    see("GET", path, "", "", NULL, NULL, 200);
    see("POST", evaluate, line, "", JSON_TYPE, "{\"on\": \"training\"}", 409);
    see("POST", update, plane, "?version=1", CSV_TYPE, "x1,x2,y\n1,2,1\n", 409);
    see("POST", update, plane, "", JSON_TYPE, "{\"X\": [2], \"y\": [3]}", 422);
    see("POST", update, plane, "", "Content-Type: a/b", "x", 415);
    see("POST", update, plane, "", JSON_TYPE, large, 413);
    see("DELETE", one, plane, "", NULL, NULL, 204);
    see("DELETE", one, plane, "", NULL, NULL, 404);
    see("POST", update, plane, "", JSON_TYPE, "{\"X\": [[2, 1]], \"y\": [3]}", 404);
    see("GET", one, plane, "", NULL, NULL, 404);
    see("POST", predict, plane, "", JSON_TYPE, "{\"X\": [[1, 2]]}", 404);
    see("POST", evaluate, plane, "", JSON_TYPE, "{\"on\": \"training\"}", 404);
    free(large);
}
