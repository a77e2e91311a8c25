/* Real data through HTTP alone: upload the file as it is, train, read the model. NIST's
 * certified values (tests/data/README.md) are the truth. With DESCENTD_SHOW_DIGITS set, the digits
 * that were reached are printed. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* The file's text; the caller frees it. */
static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *text = calloc(n + 1, 1);
    ck_assert_uint_eq(fread(text, 1, n, f), n);
    fclose(f);
    return text;
}

static void upload(const char *path, const char *query, char id[32])
{
    char url[256], *csv = read_file(path);
    snprintf(url, sizeof url, "/v1/datasets?%s", query);
    e2e_reply r = e2e_post_csv(s, url, csv);
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    free(csv);
}

/* Trains and returns the ended job. */
static e2e_reply train(const char *dataset, const char *settings)
{
    char body[512], job[32];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s}", dataset, settings);
    e2e_job(s, body, job);
    return e2e_wait(s, job);
}

static e2e_reply model_of(const e2e_reply *job)
{
    ck_assert_msg(strcmp(e2e_string(job->json, "state"), "succeeded") == 0, "%s", job->body);
    e2e_reply r = e2e_getf(s, "/v1/models/%s", e2e_string(job->json, "model_id"));
    ck_assert_int_eq(r.status, 200);
    return r;
}

/* Decimal digits that agree; 15 for all that NIST gives. */
static double digits(const char *what, double got, double certified)
{
    double error = fabs(got - certified) / fabs(certified), d = error == 0 ? 15 : -log10(error);
    if (getenv("DESCENTD_SHOW_DIGITS"))
        printf("%-28s %.15g, certified %.15g: %.1f digits\n", what, got, certified, fmin(d, 15));
    return d;
}

typedef struct nist_set {
    const char *file;
    int rows, cols;
    double intercept, coefficients[2], residual_deviation, r2;
} nist_set;

static const nist_set nist[] = {
    {"norris.csv",
     36,
     1,
     -0.262323073774029,
     {1.00211681802045},
     0.884796396144373,
     0.999993745883712},
    {"pontius.csv",
     40,
     2,
     0.673565789473684E-03,
     {0.732059160401003E-06, -0.316081871345029E-14},
     0.205177424076185E-03,
     0.999999900178537},
};

#define DIGITS 9 /* the issue asks for six */

START_TEST(certified_values_are_reached)
{
    const nist_set *n = &nist[_i];
    char path[1024], id[32], what[64];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, n->file);
    upload(path, "target=y&name=nist", id);
    e2e_reply job = train(id, ", \"tol\": 0, \"epochs\": 20000"), m = model_of(&job);
    ck_assert_double_eq(e2e_number(m.json, "training.dataset.rows"), n->rows);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(m.json, "parameters.coefficients")), n->cols);
    for (int j = 0; j < n->cols; j++) {
        snprintf(what, sizeof what, "parameters.coefficients.%d", j);
        ck_assert_double_ge(digits(what, e2e_number(m.json, what), n->coefficients[j]), DIGITS);
    }
    ck_assert_double_ge(
        digits("intercept", e2e_number(m.json, "parameters.intercept"), n->intercept), DIGITS);
    double mse = e2e_number(m.json, "metrics.mse"),
           deviation = sqrt(mse * n->rows / (n->rows - n->cols - 1));
    ck_assert_double_ge(digits("residual deviation", deviation, n->residual_deviation), DIGITS);
    ck_assert_double_ge(digits("r2", e2e_number(m.json, "metrics.r2"), n->r2), 14);
    e2e_reply_free(&m);
    e2e_reply_free(&job);
}
END_TEST

/* A user who sets nothing at all: a line is found whole. Of Pontius the predictions are good,
 * though tol stops it where its coefficients are not yet. */
START_TEST(defaults_are_good_for_six_digits)
{
    char id[32];
    upload(TEST_DATA "/norris.csv", "target=y", id);
    e2e_reply job = train(id, ""), m = model_of(&job);
    ck_assert_double_ge(
        digits("m by default", e2e_number(m.json, "parameters.m"), nist[0].coefficients[0]), 6);
    ck_assert_double_ge(
        digits("b by default", e2e_number(m.json, "parameters.b"), nist[0].intercept), 6);
    e2e_reply_free(&m);
    e2e_reply_free(&job);
    upload(TEST_DATA "/pontius.csv", "target=y", id);
    job = train(id, "");
    m = model_of(&job);
    digits("pontius by default", e2e_number(m.json, "parameters.intercept"), nist[1].intercept);
    ck_assert_double_ge(digits("pontius r2", e2e_number(m.json, "metrics.r2"), nist[1].r2), 6);
    e2e_reply_free(&m);
    e2e_reply_free(&job);
}
END_TEST

/* x^2 reaches 9e12: without scaling the largest stable rate is about 1e-25, and any rate
 * that one would try diverges and is told so. */
START_TEST(pontius_unscaled_diverges_and_says_the_rate)
{
    char id[32];
    double top = 0;
    upload(TEST_DATA "/pontius.csv", "target=y", id);
    e2e_reply job = train(id, ", \"standardize\": false, \"learning_rate\": 0.01");
    ck_assert_str_eq(e2e_string(job.json, "stop_reason"), "diverged");
    /* the largest eigenvalue of 2/N A'A, by power iteration on the file itself */
    FILE *f = fopen(TEST_DATA "/pontius.csv", "r");
    double x, x2, y, rows[64][3], v[3] = {1, 1, 1};
    int n = 0;
    ck_assert_int_eq(fscanf(f, "%*[^\n]"), 0);
    for (; n < 64 && fscanf(f, "%lf,%lf,%lf", &x, &x2, &y) == 3; n++) {
        rows[n][0] = x;
        rows[n][1] = x2;
        rows[n][2] = 1;
    }
    fclose(f);
    ck_assert_int_eq(n, 40);
    for (int k = 0; k < 100; k++) {
        double next[3] = {0, 0, 0};
        for (int i = 0; i < n; i++)
            for (int j = 0; j < 3; j++)
                next[j] += 2.0 / n * rows[i][j] *
                           (rows[i][0] * v[0] + rows[i][1] * v[1] + rows[i][2] * v[2]);
        top = sqrt(next[0] * next[0] + next[1] * next[1] + next[2] * next[2]);
        for (int j = 0; j < 3; j++)
            v[j] = next[j] / top;
    }
    double said = e2e_number(job.json, "error.max_stable_learning_rate");
    ck_assert_msg(fabs(said * top / 2 - 1) < 1e-6, "said %g, is %g", said, 2 / top);
    e2e_reply_free(&job);
}
END_TEST

/* Where the advertising data is at hand: radio -> sales. */
START_TEST(advertising_by_radio)
{
    static const char file[] = TEST_DATA "/../../../shared/data/advertising.csv";
    char id[32];
    if (access(file, R_OK) != 0)
        return;
    upload(file, "target=Sales&columns=Radio", id);
    e2e_reply job = train(id, ""), m = model_of(&job);
    ck_assert_double_eq_tol(e2e_number(m.json, "parameters.m"), 0.202496, 1e-6);
    ck_assert_double_eq_tol(e2e_number(m.json, "parameters.b"), 9.311638, 1e-6);
    ck_assert_double_eq_tol(e2e_number(m.json, "metrics.mse"), 18.0924, 1e-4);
    e2e_reply_free(&m);
    e2e_reply_free(&job);
    job = train(id, ", \"standardize\": false, \"learning_rate\": 0.01");
    ck_assert_str_eq(e2e_string(job.json, "state"), "failed");
    ck_assert_double_eq_tol(e2e_number(job.json, "error.max_stable_learning_rate"), 0.00131, 5e-6);
    e2e_reply_free(&job);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real_data");
    TCase *tc = tcase_create("real_data");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_loop_test(tc, certified_values_are_reached, 0, COUNT(nist));
    tcase_add_test(tc, defaults_are_good_for_six_digits);
    tcase_add_test(tc, pontius_unscaled_diverges_and_says_the_rate);
    tcase_add_test(tc, advertising_by_radio);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
