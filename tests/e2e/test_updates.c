/* Models that learn from rows as they come, over HTTP: the textbook recursion, rows by name and
 * labels by class, updates at once of which none is lost, and a kill right after the answer. */
#include "serving.h"

#include <pthread.h>
#include <signal.h>

static void near(double got, double want, double tol)
{
    ck_assert_msg(fabs(got - want) <= tol, "got %.17g, not %.17g", got, want);
}

static e2e_reply update(const char *model, const char *query, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static e2e_reply update(const char *model, const char *query, const char *fmt, ...)
{
    char path[160], body[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(body, sizeof body, fmt, args);
    va_end(args);
    snprintf(path, sizeof path, "/v1/models/%s/updates%s", model, query);
    return *body == '{' ? e2e_post(s, path, body) : e2e_post_csv(s, path, body);
}

static e2e_reply must(e2e_reply r)
{
    ck_assert_msg(r.status == 200, "%ld %s", r.status, r.body);
    return r;
}

#define PLANE                                                                                      \
    "{\"epochs\": 3, \"l2\": 0.125, \"dataset\": {\"columns\": [\"a\", \"b\"], \"target\": \"t\", " \
    "\"X\": [[1, 0], [0, 1], [2, 1], [1, 3]], \"y\": [2, 3, 7, 11]}}"

START_TEST(a_pass_is_the_textbook_recursion)
{
    static const double X[3][2] = {{1.5, 2}, {-1, 0.5}, {4, 1}}, y[3] = {9, 0, 10};
    char model[32];
    fit(PLANE, model);
    e2e_reply before = e2e_getf(s, "/v1/models/%s", model);
    double w[2], c[2], d[2], b = e2e_number(before.json, "scaled_parameters.intercept"), cost = 0;
    for (size_t j = 0; j < 2; j++) {
        char path[64];
        snprintf(path, sizeof path, "scaled_parameters.coefficients.%zu", j);
        w[j] = e2e_number(before.json, path);
        snprintf(path, sizeof path, "scaled_parameters.center.%zu", j);
        c[j] = e2e_number(before.json, path);
        snprintf(path, sizeof path, "scaled_parameters.scale.%zu", j);
        d[j] = e2e_number(before.json, path);
    }
    ck_assert(cJSON_IsNull(e2e_at(before.json, "updated_at")));
    for (size_t i = 0; i < 3; i++) {
        double z = b;
        for (size_t j = 0; j < 2; j++)
            z += w[j] * (X[i][j] - c[j]) / d[j];
        cost += (z - y[i]) * (z - y[i]) / 3;
    }
    e2e_reply r = must(update(model, "", "{\"data\": [{\"t\": 9, \"b\": 2, \"a\": 1.5}, {\"t\": 0, "
                                         "\"b\": 0.5, \"a\": -1}, {\"t\": 10, \"b\": 1, \"a\": 4}], "
                                         "\"learning_rate\": 0.0137}"));
    near(e2e_number(r.json, "mean_cost_before"), cost, 1e-12 * cost);
    for (size_t i = 0; i < 3; i++) {
        double z = b, slope;
        for (size_t j = 0; j < 2; j++)
            z += w[j] * (X[i][j] - c[j]) / d[j];
        slope = 2 * (z - y[i]);
        b -= 0.0137 * slope;
        for (size_t j = 0; j < 2; j++)
            w[j] -= 0.0137 * (slope * (X[i][j] - c[j]) / d[j] + 0.125 * w[j]);
    }
    cost = 0;
    for (size_t i = 0; i < 3; i++) {
        double z = b;
        for (size_t j = 0; j < 2; j++)
            z += w[j] * (X[i][j] - c[j]) / d[j];
        cost += (z - y[i]) * (z - y[i]) / 3;
    }
    near(e2e_number(r.json, "mean_cost_after"), cost, 1e-12 * cost);
    near(e2e_number(r.json, "rows"), 3, 0);
    near(e2e_number(r.json, "steps"), 3, 0);
    near(e2e_number(r.json, "version"), 2, 0);
    e2e_reply after = e2e_getf(s, "/v1/models/%s", model);
    near(e2e_number(after.json, "scaled_parameters.coefficients.0"), w[0], 1e-12);
    near(e2e_number(after.json, "scaled_parameters.coefficients.1"), w[1], 1e-12);
    near(e2e_number(after.json, "scaled_parameters.intercept"), b, 1e-12);
    near(e2e_number(after.json, "parameters.coefficients.0"), w[0] / d[0], 1e-12);
    near(e2e_number(after.json, "parameters.intercept"),
             b - w[0] * c[0] / d[0] - w[1] * c[1] / d[1], 1e-12);
    near(e2e_number(after.json, "updates"), 1, 0);
    ck_assert_str_eq(e2e_string(after.json, "updated_at"), e2e_string(r.json, "updated_at"));
    ck_assert_ptr_nonnull(strstr(e2e_string(after.json, "note"), "before the updates"));
    ck_assert(cJSON_Compare(e2e_at(before.json, "metrics"), e2e_at(after.json, "metrics"), true));
    e2e_reply_free(&before);
    e2e_reply_free(&after);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(every_shape_of_rows_moves_a_model_alike)
{
    static const struct {
        const char *query, *body;
    } same[] = {
        {"", "{\"X\": [[1, 2], [3, 1]], \"y\": [9, 8], \"learning_rate\": 0.01, \"batch_size\": 2}"},
        {"", "{\"columns\": [\"b\", \"z\", \"a\"], \"X\": [[2, 7, 1], [1, 7, 3]], \"y\": [9, 8], "
             "\"learning_rate\": 0.01, \"batch_size\": 2}"},
        {"?learning_rate=0.01&batch_size=2", "note,t,b,a\nx,9,2,1\ny,8,1,3\n"},
        {"?learning_rate=0.01&batch_size=2&target=u", "u,t,b,a\n9,0,2,1\n8,0,1,3\n"},
        {"?learning_rate=0.01", "{\"batch_size\": \"full\", \"data\": [{\"a\": 1, \"b\": 2, "
                                "\"q\": 9}, {\"a\": 3, \"b\": 1, \"q\": 8}], \"target\": \"q\"}"},
    };
    double first = 0;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char model[32];
        fit(PLANE, model);
        e2e_reply r = must(update(model, same[i].query, "%s", same[i].body));
        ck_assert(e2e_number(r.json, "steps") == 1);
        e2e_reply_free(&r);
        double b = of_model(model, "parameters.intercept");
        first = i == 0 ? b : first;
        ck_assert_msg(b == first, "%zu: %.17g, not %.17g", i, b, first);
    }
}
END_TEST

#define LABELLED                                                                                   \
    "{\"model\": %s, \"optimizer\": \"adam\", \"epochs\": 20, \"dataset\": {\"X\": [[1], [2], "     \
    "[3], [4], [2.5], [0]], \"y\": [\"no\", \"no\", \"yes\", \"yes\", \"may\", \"may\"]}}"

START_TEST(every_model_learns_and_labels_are_its_classes)
{
    static const char *const models[] = {"\"softmax_regression\"",
                                         "{\"name\": \"mlp\", \"hidden_layers\": [3]}"};
    for (size_t i = 0; i < 2; i++) {
        char model[32], job[512];
        snprintf(job, sizeof job, LABELLED, models[i]);
        fit(job, model);
        /* the label that comes first in the request is the third class */
        e2e_reply r = must(update(model, "", "{\"X\": [[9], [9], [9], [9]], \"y\": [\"yes\", "
                                             "\"yes\", \"yes\", \"yes\"], \"learning_rate\": 0.1}"));
        ck_assert(e2e_number(r.json, "mean_cost_after") < e2e_number(r.json, "mean_cost_before"));
        e2e_reply_free(&r);
        r = update(model, "", "{\"X\": [[9], [8]], \"y\": [\"no\", \"never\"]}");
        e2e_problem(&r, 422, "validation-failed");
        ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "y"), "\"never\" in row 2"));
        e2e_reply_free(&r);
        ck_assert(of_model(model, "updates") == 1);
    }
}
END_TEST

START_TEST(an_update_in_pieces_is_one_update_with_the_optimizer_going_on)
{
    char whole[32], pieces[32], job[512];
    snprintf(job, sizeof job, LABELLED, "\"softmax_regression\"");
    fit(job, whole);
    fit(job, pieces);
    e2e_reply r = must(update(whole, "", "{\"X\": [1, 2, 3], \"y\": [\"no\", \"yes\", \"may\"]}"));
    e2e_reply_free(&r);
    r = must(update(pieces, "", "{\"X\": [1], \"y\": [\"no\"]}"));
    e2e_reply_free(&r);
    e2e_end(s, SIGTERM);
    e2e_restart(s, NULL);
    r = must(update(pieces, "", "{\"X\": [2, 3], \"y\": [\"yes\", \"may\"]}"));
    e2e_reply_free(&r);
    e2e_reply a = e2e_getf(s, "/v1/models/%s", whole), b = e2e_getf(s, "/v1/models/%s", pieces);
    ck_assert(cJSON_Compare(e2e_at(a.json, "scaled_parameters"), e2e_at(b.json, "scaled_parameters"),
                            true));
    ck_assert(e2e_number(a.json, "updates") == 1 && e2e_number(b.json, "updates") == 2);
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_changes_nothing)
{
    static const struct {
        const char *query, *body, *field, *says;
    } bad[] = {
        {"", "{\"X\": [[1, 2]]}", "y", "missing"},
        {"", "{\"y\": [1]}", "X", "missing"},
        {"", "{\"X\": [1], \"y\": [1]}", "columns", "2"},
        {"", "{\"X\": [[1, 2]], \"y\": [\"high\"]}", "y", "labels"},
        {"", "{\"data\": [{\"a\": 1, \"t\": 2}]}", "columns[1]", "\"b\""},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"learning_rate\": 0}", "learning_rate", "got 0"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"learning_rat\": 1}", "learning_rat", "learning_rate"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"optimizer\": \"lbfgs\"}", "optimizer", "adam"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"optimizer\": \"best\"}", "optimizer", "best"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"l1\": \"path\"}", "l1", "number"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"sample_weight\": \"b\"}", "sample_weight", "array"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"sample_weight\": [1, 2]}", "sample_weight", "got 2"},
        {"", "{\"X\": [[1, 2]], \"y\": [1], \"class_weight\": {\"a\": 1}}", "class_weight",
         "classes"},
        {"?batch_size=0", "a,b,t\n1,2,3\n", "batch_size", "0"},
        {"?learning_rate=1", "{\"X\": [[1, 2]], \"y\": [1], \"learning_rate\": 1}", "learning_rate",
         "query"},
    };
    char model[32];
    fit(PLANE, model);
    double b = of_model(model, "parameters.intercept");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply r = update(model, bad[i].query, "%s", bad[i].body);
        ck_assert_msg(r.status == 422, "%s: %ld %s", bad[i].body, r.status, r.body);
        const char *why = e2e_field_error(&r, bad[i].field);
        ck_assert_msg(strstr(why, bad[i].says) != NULL, "%s: %s", bad[i].body, why);
        e2e_reply_free(&r);
    }
    e2e_reply r = update(model, "", "{\"X\": [[1, 2]], \"y\": [1e9], \"learning_rate\": 1e300}");
    e2e_problem(&r, 422, "diverged");
    e2e_reply_free(&r);
    r = update(model, "", "{\"X\": [[1, 1e200]], \"y\": [1]}");
    e2e_problem(&r, 422, "diverged");
    ck_assert_msg(strstr(e2e_string(r.json, "detail"), "column \"b\" reaches 1e+200") != NULL, "%s",
                  r.body);
    e2e_reply_free(&r);
    r = update(model, "", "{\"X\": [[1, 2]], \"y\": [1], \"version\": 2}");
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    ck_assert(of_model(model, "parameters.intercept") == b);
    ck_assert(of_model(model, "updates") == 0);
    r = must(update(model, "?version=1", "a,b,t\n1,2,8\n"));
    e2e_reply_free(&r);
    r = update("mdl_none", "", "{\"X\": [[1, 2]], \"y\": [1]}");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_balanced_model_asks_for_weights_of_its_classes)
{
    char model[32];
    fit("{\"model\": \"logistic_regression\", \"class_weight\": \"balanced\", \"dataset\": {\"X\": "
        "[1, 2, 3, 4], \"y\": [0, 1, 0, 1]}}",
        model);
    e2e_reply r = update(model, "", "{\"X\": [1], \"y\": [1]}");
    e2e_problem(&r, 422, "validation-failed");
    e2e_field_error(&r, "class_weight");
    e2e_reply_free(&r);
    r = must(update(model, "", "{\"X\": [1], \"y\": [1], \"class_weight\": {\"1\": 2}}"));
    e2e_reply_free(&r);
}
END_TEST

/* ---- at once ---- */

enum { CLIENTS = 6, UPDATES = 20 };

/* Without standardisation, l2 and features, a row moves the intercept b by -2 r (b - y); here each
 * moves a weight too: x = 0. So b - y shrinks by (1 - 2 r) with each update, whoever sends it. */
#define FLAT                                                                                       \
    "{\"standardize\": false, \"epochs\": 1, \"learning_rate\": 0.001, \"dataset\": {\"X\": [[1], " \
    "[2], [3]], \"y\": [5, 6, 7]}}"

typedef struct client {
    char model[32];
    int failed;
    bool reads;
} client;

static void *send_all(void *arg)
{
    client *c = arg;
    char path[96];
    snprintf(path, sizeof path, "/v1/models/%s%s", c->model, c->reads ? "" : "/updates");
    for (int i = 0; i < UPDATES; i++) {
        static const char body[] = "{\"X\": [[0]], \"y\": [100], \"learning_rate\": 0.01}";
        const char *const headers[] = {"Content-Type: application/json", NULL};
        e2e_reply r = c->reads ? e2e_try(s, NULL, "GET", path, NULL, NULL, 0)
                               : e2e_try(s, NULL, "POST", path, headers, body, sizeof body - 1);
        c->failed += r.status != 200;
        /* a reader sees the parameters of the version that it is told */
        if (c->reads && r.status == 200) {
            double n = e2e_number(r.json, "updates"), b = e2e_number(r.json, "parameters.b");
            c->failed += fabs((100 - b) / pow(0.98, n) - 100) > 5; /* began near 0 */
        }
        e2e_reply_free(&r);
    }
    return NULL;
}

START_TEST(updates_at_once_are_all_there_and_readers_see_whole_ones)
{
    char model[32];
    fit(FLAT, model);
    double b = of_model(model, "parameters.b"), left = 100 - b;
    ck_assert(fabs(b) < 4);
    client clients[CLIENTS + 2];
    pthread_t threads[CLIENTS + 2];
    for (int i = 0; i < CLIENTS + 2; i++) {
        clients[i] = (client){.reads = i >= CLIENTS};
        memcpy(clients[i].model, model, sizeof model);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_all, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS + 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(clients[i].failed, 0);
    }
    ck_assert(of_model(model, "updates") == CLIENTS * UPDATES);
    for (int i = 0; i < CLIENTS * UPDATES; i++)
        left *= 1 - 2 * 0.01;
    near(of_model(model, "parameters.b"), 100 - left, 1e-9);
}
END_TEST

START_TEST(a_kill_after_the_answer_keeps_it)
{
    char model[32];
    fit(FLAT, model);
    for (int round = 1; round <= 3; round++) {
        e2e_reply r = must(update(model, "", "{\"X\": [[2]], \"y\": [9], \"learning_rate\": 0.01}"));
        e2e_reply_free(&r);
        double b = of_model(model, "parameters.b");
        e2e_end(s, SIGKILL);
        e2e_restart(s, NULL);
        ck_assert(of_model(model, "parameters.b") == b);
        ck_assert(of_model(model, "updates") == round);
    }
}
END_TEST

START_TEST(jobs_and_evaluations_begin_with_the_model_as_it_is_now)
{
    char model[32], second[32], job[256];
    fit(PLANE, model);
    e2e_reply r = must(update(model, "", "{\"X\": [[1, 2]], \"y\": [90], \"learning_rate\": 0.1}"));
    double after = e2e_number(r.json, "mean_cost_after");
    e2e_reply_free(&r);
    char path[96];
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", model);
    r = must(e2e_post(s, path, "{\"dataset\": {\"X\": [[1, 2]], \"y\": [90]}}"));
    ck_assert(e2e_number(r.json, "mean_cost") == after && e2e_number(r.json, "version") == 2);
    e2e_reply_free(&r);
    /* one epoch of nearly no step leaves the parameters where they begin */
    snprintf(job, sizeof job,
             "{\"start_from\": \"%s\", \"epochs\": 1, \"learning_rate\": 1e-300, \"standardize\": "
             "false, \"dataset\": {\"columns\": [\"a\", \"b\"], \"X\": [[5, 1], [1, 2]], \"y\": [1, "
             "2]}}",
             model);
    fit(job, second);
    ck_assert(of_model(second, "parameters.coefficients.0") ==
              of_model(model, "parameters.coefficients.0"));
    ck_assert(of_model(second, "parameters.intercept") == of_model(model, "parameters.intercept"));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("updates");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_pass_is_the_textbook_recursion);
    tcase_add_test(tc, every_shape_of_rows_moves_a_model_alike);
    tcase_add_test(tc, every_model_learns_and_labels_are_its_classes);
    tcase_add_test(tc, an_update_in_pieces_is_one_update_with_the_optimizer_going_on);
    tcase_add_test(tc, what_does_not_fit_is_refused_and_changes_nothing);
    tcase_add_test(tc, a_balanced_model_asks_for_weights_of_its_classes);
    tcase_add_test(tc, updates_at_once_are_all_there_and_readers_see_whole_ones);
    tcase_add_test(tc, a_kill_after_the_answer_keeps_it);
    tcase_add_test(tc, jobs_and_evaluations_begin_with_the_model_as_it_is_now);
    return run_suite(tc, "updates");
}
