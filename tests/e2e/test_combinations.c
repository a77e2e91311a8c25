/* Settings that make no sense together are refused by name, with what to use instead; and each of
 * them alone is fine. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static e2e_server *s;
static char numbers[32], texts[32], three[32], model[32], negative[32];

#define ROWS                                                                                       \
    "\"columns\": [\"a\", \"b\", \"c\"], \"X\": [[1, 20, 1], [2, 11, 2], [3, 35, 1], [4, 13, 1], " \
    "[5, 25, 2], [6, 41, 1], [7, 2, 3], [8, 17, 2]]"

static void start(void)
{
    char body[128], job[32];
    s = e2e_start(NULL);
    e2e_dataset(s, "{" ROWS ", \"y\": [3, 1, 4, 1, 5, 9, 2, 6]}", numbers);
    e2e_dataset(s, "{" ROWS ", \"y\": [3, 1, -4, 1, 5, 9, 2, 6]}", negative);
    e2e_dataset(s, "{" ROWS ", \"y\": [\"n\", \"y\", \"n\", \"y\", \"y\", \"n\", \"y\", \"n\"]}",
                texts);
    e2e_dataset(s, "{" ROWS ", \"y\": [\"n\", \"y\", \"o\", \"y\", \"y\", \"n\", \"y\", \"o\"]}",
                three);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", numbers);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

static void stop(void)
{
    e2e_stop(s);
}

typedef struct combination {
    const char *const dataset;  /* of the above */
    const char *const settings; /* @: the model of `numbers`, #: the dataset `numbers` */
    const char *const field;    /* that is named; NULL: it is taken */
    const char *const words[2]; /* what its message has: what is wrong, what to use instead */
} combination;

static void put_in(char *out, size_t size, const char *settings)
{
    size_t at = 0;
    for (; *settings && at + 40 < size; settings++)
        if (*settings == '@')
            at += (size_t)sprintf(out + at, "%s", model);
        else if (*settings == '#')
            at += (size_t)sprintf(out + at, "%s", numbers);
        else
            out[at++] = *settings;
    out[at] = '\0';
}

static void try(const combination *c)
{
    char settings[512], body[640];
    put_in(settings, sizeof settings, c->settings);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", c->dataset, settings);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    if (!c->field) {
        ck_assert_msg(r.status == 202, "%s: %ld %s", settings, r.status, r.body);
        e2e_reply_free(&r);
        return;
    }
    ck_assert_msg(r.status == 422, "%s: %ld %s", settings, r.status, r.body);
    const char *message = e2e_field_error(&r, c->field);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(!c->words[k] || strstr(message, c->words[k]), "%s: \"%s\" has no \"%s\"",
                      settings, message, c->words[k]);
    e2e_reply_free(&r);
}

#define LOGISTIC "\"model\": \"logistic_regression\""
#define SOFTMAX "\"model\": \"softmax_regression\""
#define POISSON "\"model\": \"poisson_regression\""
#define LBFGS "\"optimizer\": \"lbfgs\""
#define ASIDE "\"validation_fraction\": 0.25"
#define RATE "\"learning_rate\": 0.01"

START_TEST(optimizers_and_how_they_are_used)
{
    const combination table[] = {
        {numbers, LBFGS ", \"batch_size\": 2", "batch_size", {"full batches", "\"adam\""}},
        {numbers, LBFGS ", " RATE, "learning_rate", {"finds the length", "\"gd\" or"}},
        {numbers, LBFGS ", \"schedule\": \"cosine\"", "schedule", {"\"constant\"", "\"gd\" or"}},
        {numbers, LBFGS ", \"clip_norm\": 1", "clip_norm", {"bounds its", "\"none\""}},
        {numbers, LBFGS ", \"clip_value\": 1", "clip_value", {"bounds its", "\"none\""}},
        {numbers, LBFGS ", \"l1\": 0.1", "l1", {"proximal step", "use l2"}},
        {numbers, LBFGS ", \"l1\": \"path\"", "l1", {"proximal step", "use l2"}},
        {numbers, LBFGS ", \"non_negative\": true", "non_negative", {"projected steps", "\"gd\""}},
        {numbers, LBFGS ", \"bounds\": {\"a\": [0, 1]}", "bounds", {"projected steps", "\"gd\""}},
        {numbers, LBFGS ", \"cost\": \"mae\"", "optimizer", {"slope does not jump", "\"huber\""}},
        {numbers,
         "\"optimizer\": \"adam\", \"l1\": 0.1",
         "l1",
         {"proximal step", "gd, momentum or"}},
        {numbers, "\"average\": true", "average", {"mini-batches", "set batch_size"}},
        {numbers, "\"cost\": \"quantile\"", "learning_rate", {"slope does not jump", "\"adam\""}},
        {numbers, POISSON ", \"schedule\": \"step\"", "schedule", {"needs a number", NULL}},
        {numbers,
         POISSON ", \"batch_size\": 2",
         "learning_rate",
         {"gd and full batches", "\"adam\""}},
        {numbers,
         POISSON ", \"optimizer\": \"momentum\"",
         "learning_rate",
         {"give a number", "\"adam\""}},
        {numbers, LBFGS, NULL, {NULL}},
        {numbers, "\"batch_size\": 2, \"average\": true, " RATE, NULL, {NULL}},
        {numbers, "\"cost\": \"quantile\", \"optimizer\": \"adam\"", NULL, {NULL}},
        {numbers, POISSON ", \"batch_size\": 2, " RATE, NULL, {NULL}},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        try(&table[i]);
}
END_TEST

/* Costs of one task with a model of another; "quantile with logistic". */
START_TEST(costs_and_models)
{
    const combination table[] = {
        {texts, LOGISTIC ", \"cost\": \"quantile\"", "cost", {"does not fit", "\"logistic\""}},
        {texts, LOGISTIC ", \"cost\": \"mse\"", "cost", {"does not fit", "\"squared_hinge\""}},
        {texts, LOGISTIC ", \"cost\": \"softmax\"", "cost", {"does not fit", "\"hinge\""}},
        {texts, "\"model\": \"svm\", \"cost\": \"huber\"", "cost", {"does not fit", "\"hinge\""}},
        {three, SOFTMAX ", \"cost\": \"logistic\"", "cost", {"does not fit", "\"softmax\""}},
        {numbers, POISSON ", \"cost\": \"mse\"", "cost", {"does not fit", "\"poisson\""}},
        {numbers, "\"cost\": \"logistic\"", "cost", {"does not fit", "\"mse\""}},
        {numbers, "\"cost\": \"poisson\"", "cost", {"does not fit", "\"quantile\""}},
        {texts,
         "\"model\": {\"name\": \"mlp\", \"task\": \"binary\"}, \"cost\": \"mse\"",
         "cost",
         {"does not fit", "model.task"}},
        {texts,
         "\"model\": \"linear_regression\"",
         "model",
         {"class labels", "\"logistic_regression\""}},
        {texts, POISSON, "model", {"class labels", "\"softmax_regression\""}},
        {texts,
         "\"model\": {\"name\": \"mlp\", \"task\": \"regression\"}",
         "model.task",
         {"class labels", "\"binary\""}},
        {three, LOGISTIC, "model", {"exactly 2 classes", "got 3"}},
        {three, "\"model\": \"svm\"", "model", {"exactly 2 classes", "got 3"}},
        {texts, LOGISTIC ", \"cost\": \"squared_hinge\"", NULL, {NULL}},
        {texts, SOFTMAX, NULL, {NULL}},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        try(&table[i]);
}
END_TEST

START_TEST(validation_and_parts)
{
    const combination table[] = {
        {numbers, "\"patience\": 3", "patience", {"validation cost", "validation_fraction"}},
        {numbers,
         ASIDE ", \"validation_dataset_id\": \"#\"",
         "validation_fraction",
         {"together with validation_dataset_id", NULL}},
        {numbers,
         ASIDE ", \"cross_validation\": 2",
         "cross_validation",
         {"each fold", "leave out"}},
        {numbers,
         "\"validation_dataset_id\": \"#\", \"cross_validation\": 2",
         "cross_validation",
         {"each fold", "leave out"}},
        {numbers,
         "\"cross_validation\": 9",
         "cross_validation",
         {"at most the number of rows, 8", NULL}},
        {numbers,
         "\"l2\": \"path\", \"cross_validation\": 2",
         "cross_validation",
         {"path", "validation_fraction"}},
        {numbers, "\"l1\": \"path\", \"l2\": \"path\"", "l1", {"both", "as a number"}},
        {numbers,
         "\"group_by\": \"c\", \"l2\": \"path\"",
         "group_by",
         {"does not go with a path", NULL}},
        {numbers,
         "\"group_by\": \"c\", \"cross_validation\": 2",
         "group_by",
         {"cross_validation", NULL}},
        {numbers,
         "\"group_by\": \"c\", \"validation_dataset_id\": \"#\"",
         "group_by",
         {"validation_dataset_id", NULL}},
        {numbers, "\"group_by\": \"c\", \"start_from\": \"@\"", "group_by", {"start_from", NULL}},
        {numbers,
         "\"group_by\": \"c\", \"sample_weight\": [1, 1, 1, 1, 1, 1, 1, 2]",
         "group_by",
         {"sample_weight", NULL}},
        {numbers,
         "\"record_parameters\": 1, \"cross_validation\": 2",
         "record_parameters",
         {"single run", "leave out"}},
        {numbers,
         "\"history_points\": \"all\", \"epochs\": 1000001",
         "history_points",
         {"epochs of at most 1000000", NULL}},
        {texts,
         "\"model\": \"logistic_regression\", \"validation_dataset_id\": \"#\"",
         "validation_dataset_id",
         {"numbers", "labels"}},
        {numbers, "\"cross_validation\": 2, \"patience\": 3", NULL, {NULL}},
        {numbers, "\"validation_dataset_id\": \"#\", \"patience\": 3", NULL, {NULL}},
        {numbers, "\"l2\": \"path\", \"path_points\": 3, " ASIDE, NULL, {NULL}},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        try(&table[i]);
}
END_TEST

START_TEST(classes_columns_and_starts)
{
    const combination table[] = {
        {numbers, "\"class_weight\": \"balanced\"", "class_weight", {"models of classes", NULL}},
        {numbers, "\"threshold\": 0.3", "threshold", {"two classes", NULL}},
        {three, SOFTMAX ", \"threshold\": 0.3", "threshold", {"two classes", NULL}},
        {texts,
         LOGISTIC ", \"threshold\": {\"criterion\": \"f_beta\"}",
         "threshold",
         {"validation data", "or give a number"}},
        {texts,
         LOGISTIC ", " ASIDE ", \"threshold\": {\"criterion\": \"best\"}",
         "threshold.criterion",
         {"f_beta", NULL}},
        {texts,
         LOGISTIC ", " ASIDE ", \"threshold\": {\"criterion\": \"f_beta\", \"target\": 0.5}",
         "threshold.target",
         {"\"beta\"", NULL}},
        {texts,
         LOGISTIC ", " ASIDE ", \"threshold\": {\"criterion\": \"precision_at_target_recall\"}",
         "threshold.target",
         {"is missing", NULL}},
        {three, SOFTMAX ", \"offset\": \"c\"", "offset", {"every class alike", "leave it out"}},
        {three,
         SOFTMAX ", \"non_negative\": true",
         "non_negative",
         {"one coefficient a column", "\"logistic_regression\""}},
        {numbers,
         "\"model\": \"mlp\", \"bounds\": {\"a\": [0, 1]}, " RATE,
         "bounds",
         {"one coefficient a column", "leave them out"}},
        {numbers, "\"bounds\": {\"a\": [2, 1]}", "bounds.a", {"above its upper", NULL}},
        {numbers,
         "\"sample_weight\": \"c\", \"offset\": \"c\"",
         "offset",
         {"the column of sample_weight already", NULL}},
        {numbers,
         "\"sample_weight\": \"c\", \"group_by\": \"c\"",
         "group_by",
         {"used otherwise already", NULL}},
        {numbers, "\"sample_weight\": [1, 2]", "sample_weight", {"8", NULL}},
        {texts, LOGISTIC ", \"class_weight\": {\"z\": 2}", "class_weight", {"z", NULL}},
        {numbers,
         "\"start_from\": \"@\", \"initial_parameters\": {\"coefficients\": [1, 1, 1]}",
         "start_from",
         {"initial_parameters", NULL}},
        {numbers,
         POISSON ", \"start_from\": \"@\"",
         "start_from",
         {"\"linear_regression\"", "\"poisson_regression\""}},
        {numbers,
         "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\"}, \"l2\": 1",
         NULL,
         {NULL}},
        {numbers,
         "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", \"alpha\": 3}, "
         "\"l2\": 1",
         "l2",
         {"set by compat already", "leave out one"}},
        {texts,
         LOGISTIC ", \"offset\": \"c\", \"class_weight\": {\"n\": 2}, \"non_negative\": true",
         NULL,
         {NULL}},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        try(&table[i]);
}
END_TEST

/* What only the rows can say fails the job, by name. */
START_TEST(what_the_rows_say_fails_the_job)
{
    const struct {
        const char *dataset, *settings, *words;
    } jobs[] = {
        {negative, POISSON, "needs targets of 0 or more"},
        {numbers, LOGISTIC, "exactly 2 classes"},
        {negative, "\"sample_weight\": \"zero\"", NULL},
    };
    for (size_t i = 0; i < COUNT(jobs); i++) {
        char body[256], job[32];
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", jobs[i].dataset,
                 jobs[i].settings);
        if (!jobs[i].words) {
            e2e_reply r = e2e_post(s, "/v1/jobs", body);
            e2e_problem(&r, 422, "validation-failed");
            ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "sample_weight"), "zero"));
            e2e_reply_free(&r);
            continue;
        }
        e2e_job(s, body, job);
        e2e_reply r = e2e_wait(s, job);
        ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
        ck_assert_msg(strstr(e2e_string(r.json, "error.detail"), jobs[i].words) != NULL, "%s",
                      r.body);
        e2e_reply_free(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("combinations");
    TCase *tc = tcase_create("combinations");
    tcase_add_test(tc, optimizers_and_how_they_are_used);
    tcase_add_test(tc, costs_and_models);
    tcase_add_test(tc, validation_and_parts);
    tcase_add_test(tc, classes_columns_and_starts);
    tcase_add_test(tc, what_the_rows_say_fails_the_job);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
