/* Models over HTTP: how the parameters of a document belong together, metrics against sums
 * worked out here, listings, and predictions in every form of request. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static e2e_server *s;

/* Two features of very different size, and targets off any plane. */
enum { ROWS = 8 };
static const double A[ROWS] = {1.5, 2.25, 3, 4.125, 5.5, 6, 7.75, 9},
                    B[ROWS] = {1200, 800, 1500, 950, 400, 1900, 300, 1100},
                    T[ROWS] = {3.1, 4.4, 2.9, 6.25, 8.8, 4.75, 12.1, 10.6};
static char dataset_id[32], job_id[32], model_id[32];

static void fit(const char *dataset, const char *settings, char job[32], char model[32])
{
    char body[2048];
    snprintf(body, sizeof body, "{\"dataset\": %s, \"name\": \"plane\"%s}", dataset, settings);
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%s", r.body);
    snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
    snprintf(dataset_id, sizeof dataset_id, "%s", e2e_string(r.json, "dataset_id"));
    e2e_reply_free(&r);
}

static void start(void)
{
    char data[1024], *at = data + sprintf(data, "{\"name\": \"two\", \"target\": \"t\", "
                                                "\"columns\": [\"a\", \"b\"], \"X\": [");
    s = e2e_start(NULL);
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%s[%.17g, %.17g]", i ? ", " : "", A[i], B[i]);
    at += sprintf(at, "], \"y\": [");
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%s%.17g", i ? ", " : "", T[i]);
    sprintf(at, "]}");
    fit(data, ", \"tol\": 1e-9", job_id, model_id);
}

static void stop(void)
{
    e2e_stop(s);
}

static void close_to(double got, double want, double rel)
{
    ck_assert_msg(fabs(got - want) <= rel * fabs(want), "got %.17g, not %.17g", got, want);
}

static e2e_reply get_model(const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/models/%s", id);
    ck_assert_int_eq(r.status, 200);
    return r;
}

/* w and b of the model above */
static void parameters(double w[2], double *b)
{
    e2e_reply r = get_model(model_id);
    w[0] = e2e_number(r.json, "parameters.coefficients.0");
    w[1] = e2e_number(r.json, "parameters.coefficients.1");
    *b = e2e_number(r.json, "parameters.intercept");
    e2e_reply_free(&r);
}

/* ---- the document ---- */

START_TEST(document_tells_what_was_fitted_and_how)
{
    e2e_reply r = get_model(model_id), job = e2e_getf(s, "/v1/jobs/%s", job_id),
              data = e2e_getf(s, "/v1/datasets/%s", dataset_id);
    ck_assert_str_eq(e2e_string(r.json, "id"), model_id);
    ck_assert_str_eq(e2e_string(r.json, "model"), "linear_regression");
    ck_assert_str_eq(e2e_string(r.json, "name"), "plane");
    ck_assert_str_eq(e2e_string(r.json, "job_id"), job_id);
    ck_assert_str_eq(e2e_string(r.json, "target"), "t");
    ck_assert_str_eq(e2e_string(r.json, "columns.0"), "a");
    ck_assert_str_eq(e2e_string(r.json, "columns.1"), "b");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "columns")), 2);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "parameters.coefficients")), 2);
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "parameters"), "m")); /* it is no line */
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "parameters"), "b"));
    static const char *const same_dataset[] = {"id", "name", "rows", "sha256"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "training.dataset.%s", same_dataset[i]);
        ck_assert(cJSON_Compare(e2e_at(r.json, path), e2e_at(data.json, same_dataset[i]), true));
    }
    static const char *const same_job[][2] = {{"training.epochs", "epoch"},
                                              {"training.stop_reason", "stop_reason"},
                                              {"training.cost", "cost"},
                                              {"training.gradient_norm", "gradient_norm"},
                                              {"training.learning_rate", "learning_rate"},
                                              {"training.spec", "spec"}};
    for (size_t i = 0; i < sizeof same_job / sizeof same_job[0]; i++)
        ck_assert_msg(
            cJSON_Compare(e2e_at(r.json, same_job[i][0]), e2e_at(job.json, same_job[i][1]), true),
            "%s is not the job's %s", same_job[i][0], same_job[i][1]);
    ck_assert_str_eq(e2e_string(r.json, "created_at"), e2e_string(job.json, "finished_at"));
    e2e_reply_free(&data);
    e2e_reply_free(&job);
    e2e_reply_free(&r);
}
END_TEST

/* z = w' . (x - center) / scale + b' in scaled terms is w . x + b in the data's. */
START_TEST(scaled_parameters_are_the_same_plane)
{
    e2e_reply r = get_model(model_id);
    const double *const columns[] = {A, B};
    double b = e2e_number(r.json, "scaled_parameters.intercept");
    for (int j = 0; j < 2; j++) {
        char path[64];
        double mean = 0, square = 0;
        for (int i = 0; i < ROWS; i++)
            mean += columns[j][i] / ROWS;
        for (int i = 0; i < ROWS; i++)
            square += (columns[j][i] - mean) * (columns[j][i] - mean) / ROWS;
        snprintf(path, sizeof path, "scaled_parameters.center.%d", j);
        double center = e2e_number(r.json, path);
        close_to(center, mean, 1e-14);
        snprintf(path, sizeof path, "scaled_parameters.scale.%d", j);
        double scale = e2e_number(r.json, path);
        close_to(scale, sqrt(square), 1e-14);
        snprintf(path, sizeof path, "scaled_parameters.coefficients.%d", j);
        double w = e2e_number(r.json, path) / scale;
        snprintf(path, sizeof path, "parameters.coefficients.%d", j);
        close_to(e2e_number(r.json, path), w, 1e-15);
        b -= w * center;
    }
    close_to(e2e_number(r.json, "parameters.intercept"), b, 1e-13);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(metrics_are_those_of_its_predictions)
{
    double w[2], b, squares = 0, absolutes = 0, mean = 0, total = 0;
    parameters(w, &b);
    for (int i = 0; i < ROWS; i++)
        mean += T[i] / ROWS;
    for (int i = 0; i < ROWS; i++) {
        double residual = T[i] - (w[0] * A[i] + w[1] * B[i] + b);
        squares += residual * residual;
        absolutes += fabs(residual);
        total += (T[i] - mean) * (T[i] - mean);
    }
    e2e_reply r = get_model(model_id);
    close_to(e2e_number(r.json, "metrics.mse"), squares / ROWS, 1e-13);
    close_to(e2e_number(r.json, "metrics.rmse"), sqrt(squares / ROWS), 1e-13);
    close_to(e2e_number(r.json, "metrics.mae"), absolutes / ROWS, 1e-13);
    close_to(e2e_number(r.json, "metrics.r2"), 1 - squares / total, 1e-13);
    close_to(e2e_number(r.json, "training.cost"), squares / ROWS, 1e-12);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_line_has_m_and_b_too)
{
    char job[32], model[32];
    fit("{\"X\": [1, 2, 3], \"y\": [2, 4.5, 6]}", "", job, model);
    e2e_reply r = get_model(model);
    ck_assert_double_eq(e2e_number(r.json, "parameters.m"),
                        e2e_number(r.json, "parameters.coefficients.0"));
    ck_assert_double_eq(e2e_number(r.json, "parameters.b"),
                        e2e_number(r.json, "parameters.intercept"));
    close_to(e2e_number(r.json, "parameters.m"), 2, 1e-14);
    close_to(e2e_number(r.json, "parameters.b"), 0.5 / 3, 1e-13);
    e2e_reply_free(&r);
    fit("{\"X\": [1, 2, 3], \"y\": [2, 4.5, 6]}", ", \"intercept\": false, \"standardize\": false",
        job, model);
    r = get_model(model);
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "parameters"), "b"));
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "parameters"), "intercept"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "scaled_parameters")));
    close_to(e2e_number(r.json, "parameters.m"), 29.0 / 14, 1e-14);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(r2_of_a_constant_target_is_null)
{
    char job[32], model[32];
    fit("{\"X\": [1, 2, 3], \"y\": [5, 5, 5]}", "", job, model);
    e2e_reply r = get_model(model);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "metrics.r2")));
    ck_assert_double_eq_tol(e2e_number(r.json, "metrics.mse"), 0, 1e-28);
    e2e_reply_free(&r);
    fit("{\"X\": [1, 2, 3], \"y\": [5, 7, 9]}", "", job, model);
    r = get_model(model);
    ck_assert_double_eq_tol(e2e_number(r.json, "metrics.r2"), 1, 1e-15);
    e2e_reply_free(&r);
}
END_TEST

/* Each number of the text is the shortest of 15 to 17 digits that reads back as it is: no
 * bit was lost in printing, and none is made up. */
START_TEST(numbers_are_printed_to_read_back_exactly)
{
    e2e_reply r = get_model(model_id);
    int numbers = 0;
    for (const char *at = r.body; *at;) {
        if (*at == '"') {
            for (at++; *at != '"'; at++)
                at += *at == '\\';
            at++;
        } else if (*at == '-' || isdigit((unsigned char)*at)) {
            char *end, text[40];
            double v = strtod(at, &end);
            int digits = 15;
            do
                snprintf(text, sizeof text, "%.*g", digits, v);
            while (strtod(text, NULL) != v && digits++ < 17);
            ck_assert_msg(strlen(text) == (size_t)(end - at) &&
                              strncmp(text, at, strlen(text)) == 0,
                          "%.*s should be %s", (int)(end - at), at, text);
            numbers++;
            at = end;
        } else {
            at++;
        }
    }
    ck_assert_int_gt(numbers, 15);
    /* the list and the document hold the same doubles */
    e2e_reply list = e2e_get(s, "/v1/models");
    ck_assert(
        cJSON_Compare(e2e_at(list.json, "models.0.metrics"), e2e_at(r.json, "metrics"), true));
    e2e_reply_free(&list);
    e2e_reply_free(&r);
}
END_TEST

/* ---- listings and deletion ---- */

START_TEST(models_are_listed_newest_first_by_pages)
{
    enum { N = 7 };
    char ids[N][32], job[32], before[64] = "";
    snprintf(ids[0], 32, "%s", model_id);
    for (int i = 1; i < N; i++)
        fit("{\"X\": [1, 2, 3], \"y\": [2, 4.5, 6]}", "", job, ids[i]);
    int seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        e2e_reply r = e2e_getf(s, "/v1/models?limit=2%s", before);
        const cJSON *item, *next = e2e_at(r.json, "next");
        cJSON_ArrayForEach (item, e2e_at(r.json, "models")) {
            ck_assert_str_eq(e2e_string(item, "id"), ids[N - 1 - seen++]);
            ck_assert(!cJSON_HasObjectItem(item, "parameters")); /* a list is brief */
            ck_assert(!cJSON_HasObjectItem(item, "training"));
        }
        more = !cJSON_IsNull(next);
        snprintf(before, sizeof before, "&before=%.0f", next->valuedouble);
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(seen, N);
    ck_assert_int_eq(pages, 4);
}
END_TEST

START_TEST(deleted_model_is_gone_and_its_job_knows)
{
    char url[64], predictions[96];
    snprintf(url, sizeof url, "/v1/models/%s", model_id);
    snprintf(predictions, sizeof predictions, "%s/predictions", url);
    e2e_reply r = e2e_delete(s, url);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    r = e2e_get(s, url);
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_delete(s, url);
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_post(s, predictions, "{\"X\": [[1, 2]]}");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/jobs/%s", job_id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/models");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "models")), 0);
    e2e_reply_free(&r);
}
END_TEST

/* ---- predictions ---- */

/* Asks the model; the caller frees the answer. */
static e2e_reply ask(const char *id, const char *type, const char *body)
{
    char path[96], header[64];
    snprintf(path, sizeof path, "/v1/models/%s/predictions", id);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    return e2e_request(s, "POST", path, (const char *const[]){header, NULL}, body, strlen(body));
}

/* The answer is n predictions for rows (a, b) of the model above. */
static void check_predictions(e2e_reply r, int n, const double (*rows)[2])
{
    double w[2], b;
    parameters(w, &b);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "model_id"), model_id);
    ck_assert_double_eq(e2e_number(r.json, "count"), n);
    ck_assert(cJSON_IsTrue(e2e_at(r.json, "finite")));
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "predictions")), n);
    for (int i = 0; i < n; i++) {
        char path[32];
        snprintf(path, sizeof path, "predictions.%d", i);
        close_to(e2e_number(r.json, path), w[0] * rows[i][0] + w[1] * rows[i][1] + b, 1e-14);
    }
    e2e_reply_free(&r);
}

START_TEST(predictions_are_the_same_in_every_form)
{
    static const double rows[][2] = {{2, 1000}, {-3.5, 0.25}, {0, 0}};
    static const char json[] = "application/json";
    check_predictions(ask(model_id, json, "{\"X\": [[2, 1000], [-3.5, 0.25], [0, 0]]}"), 3, rows);
    check_predictions(ask(model_id, json,
                          "{\"data\": [{\"a\": 2, \"b\": 1000}, {\"a\": -3.5, \"b\": 0.25}, "
                          "{\"b\": 0, \"a\": 0}]}"),
                      3, rows);
    /* other orders, and columns that the model does not know */
    check_predictions(ask(model_id, json,
                          "{\"data\": [{\"note\": \"x\", \"b\": 1000, \"t\": null, \"a\": 2}, "
                          "{\"a\": -3.5, \"b\": 0.25, \"t\": {\"deep\": [1]}, \"note\": 5}]}"),
                      2, rows);
    check_predictions(ask(model_id, "application/json",
                          "{\"columns\": {\"b\": [1000, 0.25, 0], \"z\": [null, 1, \"\"], "
                          "\"a\": [2, -3.5, 0]}}"),
                      3, rows);
    check_predictions(ask(model_id, "application/x-ndjson", "[\"b\",\"a\"]\n[1000,2]\n[0.25,-3.5]\n[0,0]\n"),
                      3, rows);
    check_predictions(ask(model_id, "text/csv", "2,1000\n-3.5,0.25\n0,0\n"), 3, rows);
    check_predictions(ask(model_id, "text/csv", "a,b\n2,1000\n-3.5,0.25\n0,0\n"), 3, rows);
    check_predictions(
        ask(model_id, "text/csv", "note,b,t,a\r\n\"x, y\",1e3,,2\r\nz,.25,?,-3.5\r\n"), 2, rows);
    check_predictions(ask(model_id, "application/x-www-form-urlencoded", "{\"X\": [[2, 1000]]}"), 1,
                      rows);
}
END_TEST

START_TEST(a_line_predicts_from_a_flat_x_bit_for_bit)
{
    char job[32], line[32];
    fit("{\"X\": [1, 2, 3], \"y\": [2.1, 4.5, 6.3], \"columns\": [\"k\"]}", ", \"epochs\": 3", job,
        line);
    e2e_reply r = get_model(line);
    double m = e2e_number(r.json, "parameters.m"), b = e2e_number(r.json, "parameters.b");
    e2e_reply_free(&r);
    static const char *const bodies[] = {"{\"X\": [0, 1, 0.1]}", "{\"X\": [[0], [1], [0.1]]}",
                                         "{\"data\": [{\"k\": 0}, {\"k\": 1}, {\"k\": 0.1}]}"};
    for (int i = 0; i < 3; i++) {
        r = ask(line, "application/json", bodies[i]);
        ck_assert_double_eq(e2e_number(r.json, "predictions.0"), b);
        ck_assert_double_eq(e2e_number(r.json, "predictions.1"), m + b);
        ck_assert_double_eq(e2e_number(r.json, "predictions.2"), m * 0.1 + b);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(prediction_beyond_double_precision_is_null)
{
    char job[32], line[32];
    fit("{\"X\": [1, 2, 3], \"y\": [20, 40, 60]}", "", job, line);
    e2e_reply r = ask(line, "application/json", "{\"X\": [1, 1e308, -1e308]}");
    ck_assert_int_eq(r.status, 200);
    ck_assert_double_eq(e2e_number(r.json, "count"), 3);
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "finite")));
    close_to(e2e_number(r.json, "predictions.0"), 20, 1e-13);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "predictions.1")));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "predictions.2")));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(what_does_not_fit_the_model_is_refused_by_name)
{
    static const struct {
        const char *type, *body, *field;
    } bad[] = {
        {"application/json", "{\"X\": [[1, 2, 3]]}", "X"},
        {"application/json", "{\"X\": [1, 2]}", "X"},
        {"application/json", "{\"X\": [[1, 2], [3]]}", "X[1]"},
        {"application/json", "{\"X\": [[1, \"2\"]]}", "X[0][1]"},
        {"application/json", "{\"X\": [[1, 1e400]]}", "X[0][1]"},
        {"application/json", "{\"X\": []}", "X"},
        {"application/json", "{}", "X"},
        {"application/json", "{\"X\": [[1, 2]], \"y\": [1]}", "y"},
        {"application/json", "{\"X\": [[1, 2]], \"data\": [{\"a\": 1, \"b\": 2}]}", "data"},
        {"application/json", "{\"data\": []}", "data"},
        {"application/json", "{\"data\": [{\"a\": 1, \"b\": true}]}", "data[0].b"},
        {"text/csv", "a,b\n1,x\n", "row 1, column \"b\""},
        {"text/csv", "a,b\n1\n", "row 1"},
        {"text/csv", "a,c\n1,2\n", "columns"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply r = ask(model_id, bad[i].type, bad[i].body);
        ck_assert_msg(r.status == 422, "%s: %ld %s", bad[i].body, r.status, r.body);
        e2e_problem(&r, 422, "validation-failed");
        e2e_field_error(&r, bad[i].field);
        e2e_reply_free(&r);
    }
    /* a column that is missing is told by its name */
    e2e_reply r = ask(model_id, "application/json", "{\"data\": [{\"a\": 1, \"bb\": 2}]}");
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "\"b\""));
    e2e_reply_free(&r);
    r = ask("mdl_00000000000000000000", "application/json", "{\"X\": [[1, 2]]}");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(model_outlives_its_job_and_its_dataset)
{
    static const double rows[][2] = {{2, 1000}};
    char url[64];
    e2e_reply before = get_model(model_id);
    snprintf(url, sizeof url, "/v1/jobs/%s", job_id);
    e2e_reply r = e2e_delete(s, url);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(url, sizeof url, "/v1/datasets/%s", dataset_id);
    r = e2e_delete(s, url);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    ck_assert_int_eq(e2e_end(s, 15), 0); /* and a restart */
    e2e_restart(s, NULL);
    r = get_model(model_id);
    ck_assert_str_eq(r.body, before.body);
    e2e_reply_free(&r);
    e2e_reply_free(&before);
    check_predictions(ask(model_id, "application/json", "{\"X\": [[2, 1000]]}"), 1, rows);
}
END_TEST

START_TEST(many_rows_are_predicted_in_order)
{
    enum { N = 100000 };
    char *body = malloc(32 * N), *at = body + sprintf(body, "a,b\n");
    double w[2], b;
    parameters(w, &b);
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%d,%d.5\n", i, N - i);
    e2e_reply r = ask(model_id, "text/csv", body);
    ck_assert_double_eq(e2e_number(r.json, "count"), N);
    const cJSON *item;
    int i = 0;
    cJSON_ArrayForEach (item, e2e_at(r.json, "predictions")) {
        close_to(item->valuedouble, w[0] * i + w[1] * (N - i + 0.5) + b, 1e-12);
        i++;
    }
    ck_assert_int_eq(i, N);
    e2e_reply_free(&r);
    free(body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("models");
    TCase *tc = tcase_create("models");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, document_tells_what_was_fitted_and_how);
    tcase_add_test(tc, scaled_parameters_are_the_same_plane);
    tcase_add_test(tc, metrics_are_those_of_its_predictions);
    tcase_add_test(tc, a_line_has_m_and_b_too);
    tcase_add_test(tc, r2_of_a_constant_target_is_null);
    tcase_add_test(tc, numbers_are_printed_to_read_back_exactly);
    tcase_add_test(tc, models_are_listed_newest_first_by_pages);
    tcase_add_test(tc, deleted_model_is_gone_and_its_job_knows);
    tcase_add_test(tc, predictions_are_the_same_in_every_form);
    tcase_add_test(tc, a_line_predicts_from_a_flat_x_bit_for_bit);
    tcase_add_test(tc, prediction_beyond_double_precision_is_null);
    tcase_add_test(tc, what_does_not_fit_the_model_is_refused_by_name);
    tcase_add_test(tc, model_outlives_its_job_and_its_dataset);
    tcase_add_test(tc, many_rows_are_predicted_in_order);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
