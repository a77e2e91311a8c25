/* Networks over HTTP: a job for each of the three heads, the model that it makes, predictions with
 * it, and what is refused. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define XOR "\"X\": [[0, 0], [0, 1], [1, 0], [1, 1]]"
#define TANH "\"name\": \"mlp\", \"hidden_layers\": [8], \"activation\": \"tanh\""

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* Trains to the end; returns the model. */
static e2e_reply trained(const char *settings, const char *targets)
{
    char body[2048], job[32];
    snprintf(body, sizeof body, "{%s, \"dataset\": {" XOR ", \"y\": %s}}", settings, targets);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%s", r.body);
    e2e_reply model = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    ck_assert_int_eq(model.status, 200);
    e2e_reply_free(&r);
    return model;
}

static e2e_reply predicted(const e2e_reply *model)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/models/%s/predictions", e2e_string(model->json, "id"));
    e2e_reply r = e2e_post(s, path, "{" XOR "}");
    ck_assert_msg(r.status == 200, "%s", r.body);
    return r;
}

static void assert_task(const e2e_reply *model, const char *task, const char *cost)
{
    ck_assert_str_eq(e2e_string(model->json, "model"), "mlp");
    ck_assert_str_eq(e2e_string(model->json, "training.spec.model.task"), task);
    const cJSON *named = e2e_at(model->json, "training.spec.cost");
    ck_assert_str_eq(cJSON_IsString(named) ? named->valuestring : e2e_string(named, "name"), cost);
}

static double value(const cJSON *array, int row, int column)
{
    const cJSON *item = cJSON_GetArrayItem(array, row);
    item = column < 0 ? item : cJSON_GetArrayItem(item, column);
    ck_assert(cJSON_IsNumber(item));
    return item->valuedouble;
}

/* The predictions once more, from the parameters in the document. */
static double by_hand(const cJSON *p, double a, double b)
{
    const cJSON *w1 = e2e_at(p, "weights_1"), *b1 = e2e_at(p, "biases_1");
    const cJSON *w2 = e2e_at(p, "weights_2");
    double z = value(e2e_at(p, "biases_2"), 0, -1);
    ck_assert_int_eq(cJSON_GetArraySize(w1), 8);
    ck_assert_int_eq(cJSON_GetArraySize(w2), 1);
    for (int k = 0; k < 8; k++)
        z += value(w2, 0, k) * tanh(value(w1, k, 0) * a + value(w1, k, 1) * b + value(b1, k, -1));
    return z;
}

START_TEST(numbers_make_it_a_regression)
{
    e2e_reply model = trained("\"model\": {" TANH "}", "[0, 1, 1, 0]"), r = predicted(&model);
    assert_task(&model, "regression", "mse");
    const cJSON *parameters = e2e_at(model.json, "parameters");
    for (int i = 0; i < 4; i++) {
        double z = value(e2e_at(r.json, "predictions"), i, -1);
        ck_assert_double_eq_tol(z, i == 1 || i == 2, 0.01);
        ck_assert_double_eq_tol(z, by_hand(parameters, i / 2, i % 2), 1e-12);
    }
    ck_assert_double_gt(e2e_number(model.json, "metrics.r2"), 0.999);
    e2e_reply_free(&model);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(two_labels_make_it_binary)
{
    e2e_reply model = trained("\"model\": {" TANH "}", "[\"no\", \"yes\", \"yes\", \"no\"]");
    e2e_reply r = predicted(&model);
    assert_task(&model, "binary", "logistic");
    ck_assert_double_eq(e2e_number(model.json, "metrics.accuracy"), 1);
    static const char *const want[] = {"no", "yes", "yes", "no"};
    for (int i = 0; i < 4; i++) {
        double z = by_hand(e2e_at(model.json, "parameters"), i / 2, i % 2);
        ck_assert_str_eq(cJSON_GetArrayItem(e2e_at(r.json, "predictions"), i)->valuestring,
                         want[i]);
        ck_assert_double_eq_tol(value(e2e_at(r.json, "probabilities"), i, 1), 1 / (1 + exp(-z)),
                                1e-12);
    }
    e2e_reply_free(&model);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(integers_are_classes_when_the_task_says_so)
{
    e2e_reply model = trained("\"model\": {" TANH ", \"task\": \"multiclass\"}, \"optimizer\": "
                              "\"adam\", \"learning_rate\": 0.05",
                              "[7, -2, 5, 7]");
    e2e_reply r = predicted(&model);
    assert_task(&model, "multiclass", "softmax");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(model.json, "parameters.weights_2")), 3);
    static const double want[] = {7, -2, 5, 7};
    for (int i = 0; i < 4; i++) {
        double sum = 0;
        ck_assert_double_eq(value(e2e_at(r.json, "predictions"), i, -1), want[i]);
        for (int k = 0; k < 3; k++)
            sum += value(e2e_at(r.json, "probabilities"), i, k);
        ck_assert_double_eq_tol(sum, 1, 1e-12);
    }
    e2e_reply_free(&model);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_network)
{
    char *text[3];
    static const char *const seeds[] = {"4", "4", "5"};
    for (int i = 0; i < 3; i++) {
        char settings[200];
        snprintf(settings, sizeof settings,
                 "\"model\": {" TANH "}, \"epochs\": 20, \"tol\": 0, \"seed\": %s", seeds[i]);
        e2e_reply model = trained(settings, "[0, 1, 1, 0]");
        text[i] = cJSON_PrintUnformatted(e2e_at(model.json, "parameters"));
        e2e_reply_free(&model);
    }
    ck_assert_str_eq(text[0], text[1]);
    ck_assert_str_ne(text[0], text[2]);
    for (int i = 0; i < 3; i++)
        free(text[i]);
}
END_TEST

/* What a model has fitted is where another one may start. */
START_TEST(training_goes_on_from_the_parameters_of_a_model)
{
    e2e_reply model = trained("\"model\": {" TANH "}", "[0, 1, 1, 0]");
    char *parameters = cJSON_PrintUnformatted(e2e_at(model.json, "parameters")), body[4096];
    double mse = e2e_number(model.json, "metrics.mse");
    snprintf(body, sizeof body, "\"model\": {" TANH "}, \"epochs\": 1, \"initial_parameters\": %s",
             parameters);
    e2e_reply again = trained(body, "[0, 1, 1, 0]");
    ck_assert_double_le(e2e_number(again.json, "metrics.mse"), mse + 1e-12);
    free(parameters);
    e2e_reply_free(&model);
    e2e_reply_free(&again);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_by_name)
{
    static const char *const cases[][4] = {
        {"\"model\": {\"name\": \"mlp\", \"hidden_layers\": [10000, 10000]}", "[0, 1, 1, 0]",
         "model.hidden_layers", "100050001 parameters"},
        {"\"model\": {\"name\": \"mlp\", \"hidden_layers\": [4, 0]}", "[0, 1, 1, 0]",
         "model.hidden_layers[1]", "in [1, 10000], got 0"},
        {"\"model\": {\"name\": \"mlp\", \"activation\": \"rellu\"}", "[0, 1, 1, 0]",
         "model.activation", "did you mean \"relu\"?"},
        {"\"model\": {\"name\": \"mlp\", \"task\": \"regression\"}", "[\"a\", \"b\", \"b\", \"a\"]",
         "model.task", "needs numbers"},
        {"\"model\": \"mlp\", \"cost\": \"logistic\"", "[0, 1, 1, 0]", "cost",
         "with task \"regression\""},
        {"\"model\": \"mlp\", \"cost\": \"mse\"", "[\"a\", \"b\", \"b\", \"a\"]", "cost",
         "\"logistic\""},
        {"\"model\": \"mlp\", \"optimizer\": \"momentum\"", "[0, 1, 1, 0]", "learning_rate",
         "with model \"mlp\" needs gd and full batches"},
        {"\"model\": {" TANH "}, \"initial_parameters\": {\"weights_1\": [[1, 2]]}", "[0, 1, 1, 0]",
         "initial_parameters.weights_1", "must be an array of 8 rows of 2 numbers"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[1024];
        snprintf(body, sizeof body, "{%s, \"dataset\": {" XOR ", \"y\": %s}}", cases[i][0],
                 cases[i][1]);
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        e2e_problem(&r, 422, "validation-failed");
        const char *said = e2e_field_error(&r, cases[i][2]);
        ck_assert_msg(strstr(said, cases[i][3]) != NULL, "%s", said);
        e2e_reply_free(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("e2e_mlp");
    TCase *tc = tcase_create("mlp");
    tcase_add_unchecked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, numbers_make_it_a_regression);
    tcase_add_test(tc, two_labels_make_it_binary);
    tcase_add_test(tc, integers_are_classes_when_the_task_says_so);
    tcase_add_test(tc, the_same_seed_gives_the_same_network);
    tcase_add_test(tc, training_goes_on_from_the_parameters_of_a_model);
    tcase_add_test(tc, what_does_not_fit_is_refused_by_name);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
