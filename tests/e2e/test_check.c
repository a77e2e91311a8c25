/* The gradient check over HTTP: every model's derivatives are those of its cost. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

#define ROWS                                                                                       \
    "\"X\": [[1, 20, 1], [2, 11, 2], [3, 35, 1], [4, 13, 1], [5, 25, 2], [6, 41, 1], [7, 2, 3]]"
#define NUMBERS "{" ROWS ", \"y\": [3, 1, 4, 1, 5, 9, 2]}"
#define TEXTS "{" ROWS ", \"y\": [\"a\", \"b\", \"a\", \"b\", \"b\", \"a\", \"b\"]}"

/* The answer for a job that has ended; the caller frees it. */
static e2e_reply check(const char *data, const char *settings, long status, char job[32])
{
    char body[1024], path[96];
    snprintf(body, sizeof body, "{\"dataset\": %s%s%s}", data, *settings ? ", " : "", settings);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s/gradient_check", job);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    ck_assert_msg(r.status == status, "%s: %ld %s", settings, r.status, r.body);
    return r;
}

START_TEST(every_model_passes_at_its_fit)
{
    static const struct {
        const char *data, *settings;
    } jobs[] = {
        {NUMBERS, ""},
        {NUMBERS, "\"cost\": {\"name\": \"huber\", \"delta\": 0.7}, \"l2\": 0.3, \"epochs\": 5"},
        {NUMBERS, "\"l1\": 0.2, \"sample_weight\": \"x3\", \"epochs\": 3"},
        {NUMBERS, "\"model\": \"poisson_regression\", \"offset\": \"x3\", \"epochs\": 4"},
        {NUMBERS, "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [5, 3], \"activation\": "
                  "\"tanh\"}, \"optimizer\": \"adam\", \"epochs\": 9"},
        {TEXTS,
         "\"model\": \"logistic_regression\", \"class_weight\": \"balanced\", \"epochs\": 6"},
        {TEXTS, "\"model\": \"softmax_regression\", \"l2\": 0.1, \"epochs\": 6"},
        {TEXTS, "\"model\": \"svm\", \"epochs\": 6"},
        {NUMBERS, "\"cross_validation\": 3, \"patience\": 4, \"epochs\": 5"},
        {NUMBERS, "\"l2\": \"path\", \"path_points\": 3, \"epochs\": 5"},
    };
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        char job[32];
        e2e_reply r = check(jobs[i].data, jobs[i].settings, 200, job);
        ck_assert_str_eq(e2e_string(r.json, "at"), "model");
        ck_assert_msg(cJSON_IsTrue(e2e_at(r.json, "ok")), "%s: %s", jobs[i].settings, r.body);
        ck_assert_double_le(e2e_number(r.json, "max_relative_error"), 1e-4);
        ck_assert_double_eq(e2e_number(r.json, "checked"), e2e_number(r.json, "parameters"));
        e2e_reply_free(&r);
    }
}
END_TEST

/* What capabilities list, weighted and penalised; a network for each of its tasks. */
START_TEST(every_model_passes_with_every_cost_that_fits)
{
    static const char *const tasks[] = {"regression", "binary", "multiclass"};
    e2e_reply all = e2e_get(s, "/v1/capabilities");
    const cJSON *model, *cost;
    int checked = 0, costs = 0, models = 0;
    cJSON_ArrayForEach (cost, e2e_at(all.json, "costs"))
        costs++;
    cJSON_ArrayForEach (model, e2e_at(all.json, "models")) {
        const char *name = e2e_string(model, "name");
        bool network = strcmp(name, "mlp") == 0;
        int before = checked;
        models++;
        cJSON_ArrayForEach (cost, e2e_at(all.json, "costs"))
            for (int k = 0; k < (network ? 3 : 1); k++) {
                char settings[512], body[1024], task[64] = "", job[32];
                bool labels = strcmp(name, "linear_regression") &&
                              strcmp(name, "poisson_regression") && !(network && k == 0);
                if (network)
                    snprintf(task, sizeof task, ", \"task\": \"%s\", \"hidden_layers\": [3]",
                             tasks[k]);
                snprintf(settings, sizeof settings,
                         "\"model\": {\"name\": \"%s\"%s}, \"cost\": \"%s\", \"l2\": 0.3, "
                         "\"sample_weight\": \"x3\", \"learning_rate\": 0.01, \"epochs\": 3",
                         name, task, e2e_string(cost, "name"));
                snprintf(body, sizeof body, "{\"dataset\": %s, %s}", labels ? TEXTS : NUMBERS,
                         settings);
                e2e_reply r = e2e_post(s, "/v1/jobs:dry_run", body);
                bool fits = r.status == 200;
                if (!fits)
                    ck_assert_msg(strstr(e2e_field_error(&r, "cost"), "does not fit") != NULL, "%s",
                                  r.body);
                e2e_reply_free(&r);
                if (!fits)
                    continue;
                r = check(labels ? TEXTS : NUMBERS, settings, 200, job);
                ck_assert_msg(cJSON_IsTrue(e2e_at(r.json, "ok")), "%s: %s", settings, r.body);
                e2e_reply_free(&r);
                checked++;
            }
        ck_assert_msg(checked > before, "no cost fits %s", name);
    }
    ck_assert_int_ge(models, 6);
    ck_assert_int_ge(checked, costs); /* each fits some model */
    e2e_reply_free(&all);
}
END_TEST

START_TEST(a_job_without_a_model_is_checked_where_it_begins)
{
    char job[32];
    e2e_reply r = check(NUMBERS, "\"learning_rate\": 1e300", 200, job);
    ck_assert_str_eq(e2e_string(r.json, "at"), "start");
    ck_assert(cJSON_IsTrue(e2e_at(r.json, "ok")));
    ck_assert_double_eq(e2e_number(r.json, "rows"), 7);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(without_job_or_data_there_is_nothing_to_check)
{
    char job[32], path[96];
    e2e_reply r = check(NUMBERS, "", 200, job);
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/jobs/%s", job);
    snprintf(path, sizeof path, "/v1/datasets/%s", e2e_string(r.json, "dataset_id"));
    e2e_reply_free(&r);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s/gradient_check", job);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    r = e2e_request(s, "POST", "/v1/jobs/job_nothing/gradient_check", NULL, NULL, 0);
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *tc = tcase_create("gradient");
    tcase_add_test(tc, every_model_passes_at_its_fit);
    tcase_add_test(tc, every_model_passes_with_every_cost_that_fits);
    tcase_add_test(tc, a_job_without_a_model_is_checked_where_it_begins);
    tcase_add_test(tc, without_job_or_data_there_is_nothing_to_check);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
