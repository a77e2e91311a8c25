/* Datasets in single precision over HTTP: what is stored, and that whatever is done with one gives
 * what the float64 dataset of the rounded numbers gives, to the bit. C's own conversion to float
 * rounds the numbers here. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60, COLS = 5 };

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* ---- what is stored ---- */

/* The header's numbers, then features as they are stored and targets. */
static void read_file(const char *id, uint64_t head[6], float *X, double *y)
{
    char path[400];
    e2e_dataset_file(s, id, path);
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    fseek(f, -80, SEEK_END); /* server/srv_file.h */
    ck_assert_uint_eq(fread(head, 8, 6, f), 6);
    size_t values = head[1] * head[2];
    fseek(f, (long)head[3], SEEK_SET);
    ck_assert_uint_eq(fread(X, sizeof *X, values, f), values);
    fseek(f, (long)head[4], SEEK_SET);
    ck_assert_uint_eq(fread(y, sizeof *y, head[1], f), head[1]);
    fclose(f);
}

static e2e_reply post(const char *type, const char *path, const char *body)
{
    char header[64];
    snprintf(header, sizeof header, "Content-Type: %s", type);
    return e2e_request(s, "POST", path, (const char *const[]){header, NULL}, body, strlen(body));
}

START_TEST(every_format_stores_floats_and_targets_as_they_are)
{
    static const struct {
        const char *type, *query, *body;
    } same[] = {
        {"application/json", "",
         "{\"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.6], \"dtype\": \"float32\"}"},
        {"application/json", "?dtype=float32", "{\"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.6]}"},
        {"application/json", "?dtype=float64",
         "{\"dtype\": \"float32\", \"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.6]}"},
        {"application/json", "",
         "{\"columns\": {\"x1\": [0.1, 3e-7], \"y\": [5, 0.6], \"x2\": [-2, 4]}, "
         "\"dtype\": \"float32\"}"},
        {"application/json", "",
         "{\"dtype\": \"float32\", \"data\": [{\"x1\": 0.1, \"y\": 5, \"x2\": -2}, {\"x1\": 3e-7, "
         "\"y\": 0.6, \"x2\": 4}], \"target\": \"y\"}"},
        {"application/x-ndjson", "?target=y&dtype=float32",
         "{\"x1\": 0.1, \"y\": 5, \"x2\": -2}\n{\"y\": 0.6, \"x1\": 3e-7, \"x2\": 4}\n"},
        {"text/csv", "?target=y&dtype=float32", "y,x1,x2\n5,0.1,-2\n0.6,3e-7,4\n"},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char path[96];
        uint64_t head[6];
        float X[4];
        double y[2];
        snprintf(path, sizeof path, "/v1/datasets%s", same[i].query);
        e2e_reply r = post(same[i].type, path, same[i].body);
        ck_assert_msg(r.status == 201, "%s: %s", same[i].body, r.body);
        ck_assert_str_eq(e2e_string(r.json, "dtype"), "float32");
        read_file(e2e_string(r.json, "id"), head, X, y);
        ck_assert_uint_eq(head[1], 2);
        ck_assert_uint_eq(head[2], 2);
        ck_assert_mem_eq(X, ((float[]){0.1F, -2, 3e-7F, 4}), sizeof X);
        ck_assert_mem_eq(y, ((double[]){5, 0.6}), sizeof y);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(features_take_half_the_bytes)
{
    enum { MANY = 2000 };
    char *body = malloc(MANY * 64 + 100), *at = body;
    at += sprintf(at, "a,b,c,d,t\n");
    for (int i = 0; i < MANY; i++)
        at += sprintf(at, "%d.1,%d.2,%d,0.5,%d\n", i, i % 7, i % 11, i % 13);
    e2e_reply wide = e2e_post_csv(s, "/v1/datasets?target=t", body),
              narrow = e2e_post_csv(s, "/v1/datasets?target=t&dtype=float32", body);
    ck_assert_str_eq(e2e_string(wide.json, "dtype"), "float64");
    ck_assert_str_eq(e2e_string(narrow.json, "dtype"), "float32");
    /* a page before them; each part begins on a page; the header is the end */
    ck_assert_double_eq(e2e_number(wide.json, "bytes"), 4096 + 65536 + MANY * 8 + 80);
    ck_assert_double_eq(e2e_number(narrow.json, "bytes"), 4096 + 32768 + MANY * 8 + 80);
    /* statistics are those of the stored numbers */
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", e2e_string(narrow.json, "id"));
    ck_assert_str_eq(e2e_string(r.json, "dtype"), "float32");
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.min"), (double)0.1F);
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.max"), (double)1999.1F);
    ck_assert_double_eq(e2e_number(r.json, "statistics.3.mean"), 0.5);
    ck_assert_double_eq(e2e_number(r.json, "statistics.4.max"), 12);
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets");
    ck_assert_str_eq(e2e_string(r.json, "datasets.0.dtype"), "float32");
    ck_assert_str_eq(e2e_string(r.json, "datasets.1.dtype"), "float64");
    e2e_reply_free(&r);
    e2e_reply_free(&wide);
    e2e_reply_free(&narrow);
    free(body);
}
END_TEST

static void refused(e2e_reply r, long status, const char *slug, const char *field, const char *says)
{
    e2e_problem(&r, status, slug);
    const char *text = e2e_field_error(&r, field);
    ck_assert_msg(strstr(text, says) != NULL, "%s", text);
    e2e_reply_free(&r);
}

START_TEST(numbers_that_floats_do_not_have_are_named)
{
    refused(e2e_post_csv(s, "/v1/datasets?target=t&dtype=float32",
                         "a,skipped,b,t\n1,1,2,3\n4,1,-3.5e38,6\n"),
            422, "validation-failed", "dtype", "-3.5e+38, in row 2 of column \"b\"");
    refused(e2e_post(s, "/v1/datasets",
                     "{\"dtype\": \"float32\", \"X\": [[1, 2], [3, 1e300]], \"y\": [1, 2]}"),
            422, "validation-failed", "dtype", "1e+300, in row 2 of column \"x2\"");
    /* the largest that rounds down, the least that would round up to 2^128; targets are doubles */
    e2e_reply r = e2e_post(s, "/v1/datasets",
                           "{\"dtype\": \"float32\", \"X\": [1, "
                           "3.4028235677973362e38], \"y\": [1e300, 2]}");
    ck_assert_msg(r.status == 201, "%s", r.body);
    e2e_reply_free(&r);
    refused(e2e_post(s, "/v1/datasets",
                     "{\"dtype\": \"float32\", \"X\": [1, "
                     "3.4028235677973366e38], \"y\": [1, 2]}"),
            422, "validation-failed", "dtype", "in row 2 of column \"x\"");
}
END_TEST

START_TEST(other_dtypes_are_refused)
{
    refused(e2e_post(s, "/v1/datasets", "{\"dtype\": \"float16\", \"X\": [1, 2], \"y\": [1, 2]}"),
            422, "validation-failed", "dtype",
            "must be \"float64\" or \"float32\", got \"float16\"");
    refused(e2e_post(s, "/v1/datasets", "{\"dtype\": 32, \"X\": [1, 2], \"y\": [1, 2]}"), 422,
            "validation-failed", "dtype", "must be \"float64\" or \"float32\", got a number");
    refused(e2e_post_csv(s, "/v1/datasets?target=b&dtype=double", "a,b\n1,2\n"), 400,
            "invalid-parameter", "dtype", "must be \"float64\" or \"float32\", got \"double\"");
    /* linear models compute in double precision: what is stored is the dataset's matter */
    refused(e2e_post(s, "/v1/jobs",
                     "{\"dtype\": \"float32\", \"dataset\": {\"X\": [1, 2], \"y\": [1, 2]}}"),
            422, "validation-failed", "dtype", "upload the dataset with \"dtype\": \"float32\"");
}
END_TEST

/* ---- what is done with them ---- */

static double random_value(void)
{
    static uint64_t seed = 3;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

/* The same numbers: as floats, and rounded to floats before. Columns: features, a weight that is
 * one of them, a group; classes or counts for targets. */
static void make_pair(bool classes, char narrow[32], char wide[32])
{
    static char a[ROWS * COLS * 30 + 4000], b[sizeof a];
    char *to_a = a, *to_b = b, *end_a = a + sizeof a, *end_b = b + sizeof b;
    to_a += snprintf(to_a, sizeof a,
                     "{\"dtype\": \"float32\", \"columns\": [\"a\", \"b\", \"c\", "
                     "\"w\", \"g\"], \"X\": [");
    to_b += snprintf(to_b, sizeof b, "{\"columns\": [\"a\", \"b\", \"c\", \"w\", \"g\"], \"X\": [");
    for (int i = 0; i < ROWS * COLS; i++) {
        double v = i % COLS == COLS - 1 ? i / COLS % 2 : random_value() + i % COLS;
        const char *before = i % COLS ? ", " : i ? "], [" : "[";
        to_a += snprintf(to_a, (size_t)(end_a - to_a), "%s%.17g", before, v);
        to_b += snprintf(to_b, (size_t)(end_b - to_b), "%s%.17g", before, (double)(float)v);
    }
    to_a += snprintf(to_a, (size_t)(end_a - to_a), "]], \"y\": [");
    to_b += snprintf(to_b, (size_t)(end_b - to_b), "]], \"y\": [");
    for (int i = 0; i < ROWS; i++) {
        char y[40];
        int draw = (int)(3 * random_value());
        if (classes)
            snprintf(y, sizeof y, "%s\"%s\"", i ? ", " : "", draw == 0 ? "no" : "yes");
        else
            snprintf(y, sizeof y, "%s%d", i ? ", " : "", draw + i % 3);
        to_a += snprintf(to_a, (size_t)(end_a - to_a), "%s", y);
        to_b += snprintf(to_b, (size_t)(end_b - to_b), "%s", y);
    }
    snprintf(to_a, (size_t)(end_a - to_a), "]}");
    snprintf(to_b, (size_t)(end_b - to_b), "]}");
    e2e_dataset(s, a, narrow);
    e2e_dataset(s, b, wide);
}

/* Members that both have, as texts. */
static void same_members(const cJSON *a, const cJSON *b, const char *const *names, const char *what)
{
    for (; *names; names++) {
        char *x = cJSON_PrintUnformatted(cJSON_GetObjectItem(a, *names)),
             *y = cJSON_PrintUnformatted(cJSON_GetObjectItem(b, *names));
        ck_assert_msg(x && y, "%s: no %s", what, *names);
        ck_assert_msg(strcmp(x, y) == 0, "%s: %s is %s, not %s", what, *names, x, y);
        free(x);
        free(y);
    }
}

/* Trains on a dataset; the job's and the model's documents. */
static void train(const char *dataset, const char *settings, e2e_reply *job, e2e_reply *model)
{
    char body[600], id[32];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, settings);
    e2e_job(s, body, id);
    *job = e2e_wait(s, id);
    ck_assert_msg(strcmp(e2e_string(job->json, "state"), "succeeded") == 0, "%s: %s", settings,
                  job->body);
    *model = cJSON_IsString(cJSON_GetObjectItem(job->json, "model_id"))
                 ? e2e_getf(s, "/v1/models/%s", e2e_string(job->json, "model_id"))
                 : e2e_getf(s, "/v1/jobs/%s/history", id);
}

static const char *const of_job[] = {
    "cost", "epoch", "learning_rate", "max_stable_learning_rate", "certificate", NULL};
static const char *const of_model[] = {"parameters", "metrics", NULL};

static void same_results(const char *narrow, const char *wide, const char *settings)
{
    e2e_reply jobs[2], models[2];
    train(narrow, settings, &jobs[0], &models[0]);
    train(wide, settings, &jobs[1], &models[1]);
    same_members(jobs[0].json, jobs[1].json, of_job, settings);
    same_members(models[0].json, models[1].json, of_model, settings);
    for (int i = 0; i < 2; i++) {
        e2e_reply_free(&jobs[i]);
        e2e_reply_free(&models[i]);
    }
}

START_TEST(jobs_give_what_the_rounded_numbers_give)
{
    static const char *const of_numbers[] = {
        "\"epochs\": 50",
        "\"epochs\": 20, \"batch_size\": 1, \"standardize\": false, \"learning_rate\": 0.01",
        "\"epochs\": 20, \"cost\": \"huber\", \"optimizer\": \"adam\", \"batch_size\": 16",
        "\"model\": \"poisson_regression\", \"optimizer\": \"lbfgs\", \"sample_weight\": \"w\", "
        "\"offset\": \"g\"",
        "\"epochs\": 30, \"validation_fraction\": 0.25, \"patience\": 5",
        "\"epochs\": 30, \"cross_validation\": 3, \"l2\": 0.1",
        "\"model\": \"mlp\", \"epochs\": 20, \"optimizer\": \"adam\", \"batch_size\": 8",
        "\"model\": \"mlp\", \"dtype\": \"float32\", \"epochs\": 20, \"optimizer\": \"adam\"",
    };
    static const char *const of_classes[] = {
        "\"model\": \"logistic_regression\", \"optimizer\": \"lbfgs\"",
        "\"model\": \"svm\", \"epochs\": 40, \"optimizer\": \"adam\", \"l2\": 0.01",
        "\"model\": \"softmax_regression\", \"epochs\": 40, \"class_weight\": \"balanced\"",
        "\"model\": \"logistic_regression\", \"epochs\": 20, \"batch_size\": 7, "
        "\"validation_fraction\": 0.3, \"threshold\": {\"criterion\": \"f_beta\", \"beta\": 1}",
    };
    char narrow[32], wide[32];
    make_pair(false, narrow, wide);
    for (size_t i = 0; i < sizeof of_numbers / sizeof of_numbers[0]; i++)
        same_results(narrow, wide, of_numbers[i]);
    make_pair(true, narrow, wide);
    for (size_t i = 0; i < sizeof of_classes / sizeof of_classes[0]; i++)
        same_results(narrow, wide, of_classes[i]);
}
END_TEST

/* A file that is mapped again by another process. */
START_TEST(a_restart_changes_nothing)
{
    char narrow[32], wide[32];
    make_pair(false, narrow, wide);
    ck_assert_int_eq(e2e_end(s, 15), 0);
    e2e_restart(s, NULL);
    same_results(narrow, wide, "\"epochs\": 50, \"optimizer\": \"momentum\"");
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", narrow);
    ck_assert_str_eq(e2e_string(r.json, "dtype"), "float32");
    e2e_reply_free(&r);
}
END_TEST

/* One of them trains, the other validates. */
START_TEST(datasets_of_either_kind_validate_each_other)
{
    char narrow[32], wide[32], settings[128];
    make_pair(false, narrow, wide);
    snprintf(settings, sizeof settings, "\"epochs\": 20, \"validation_dataset_id\": \"%s\"", wide);
    same_results(narrow, wide, settings);
    snprintf(settings, sizeof settings, "\"epochs\": 20, \"validation_dataset_id\": \"%s\"",
             narrow);
    same_results(narrow, wide, settings);
}
END_TEST

START_TEST(groups_are_models_of_their_own)
{
    static const char settings[] = "\"epochs\": 20, \"group_by\": \"g\"";
    static const char *const names[] = {"cost", NULL};
    char narrow[32], wide[32];
    e2e_reply jobs[2], others[2];
    make_pair(false, narrow, wide);
    train(narrow, settings, &jobs[0], &others[0]);
    train(wide, settings, &jobs[1], &others[1]);
    same_members(jobs[0].json, jobs[1].json, names, settings);
    for (int i = 0; i < 2; i++) {
        e2e_reply_free(&jobs[i]);
        e2e_reply_free(&others[i]);
    }
}
END_TEST

/* Evaluations, updates, diagnostics and dry runs read stored rows, too. */
START_TEST(whatever_reads_a_dataset_reads_both)
{
    static const char *const of_evaluation[] = {"mean_cost", "objective", "metrics", NULL};
    char narrow[32], wide[32], body[128], path[96];
    e2e_reply job, model, r[2];
    make_pair(false, narrow, wide);
    const char *const sets[] = {narrow, wide};
    const char *const settings[] = {"\"epochs\": 20", "\"epochs\": 20, \"offset\": \"b\""};
    for (int k = 0; k < 2; k++) {
        train(wide, settings[k], &job, &model);
        snprintf(path, sizeof path, "/v1/models/%s/evaluations", e2e_string(job.json, "model_id"));
        for (int i = 0; i < 2; i++) {
            snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", sets[i]);
            r[i] = e2e_post(s, path, body);
            ck_assert_msg(r[i].status == 200, "%s", r[i].body);
        }
        same_members(r[0].json, r[1].json, of_evaluation, "evaluation");
        e2e_reply_free(&r[0]);
        e2e_reply_free(&r[1]);
        e2e_reply_free(&job);
        e2e_reply_free(&model);
    }
    for (int i = 0; i < 2; i++) {
        r[i] = e2e_getf(s, "/v1/datasets/%s/diagnostics", sets[i]);
        ck_assert_msg(r[i].status == 200, "%s", r[i].body);
    }
    cJSON_DeleteItemFromObject(r[0].json, "dataset_id");
    cJSON_DeleteItemFromObject(r[1].json, "dataset_id");
    char *a = cJSON_PrintUnformatted(r[0].json), *b = cJSON_PrintUnformatted(r[1].json);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    e2e_reply_free(&r[0]);
    e2e_reply_free(&r[1]);
    double memory[2];
    for (int i = 0; i < 2; i++) {
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"epochs\": 3}", sets[i]);
        r[i] = e2e_post(s, "/v1/jobs:dry_run", body);
        ck_assert_msg(r[i].status == 200, "%s", r[i].body);
        memory[i] = e2e_number(r[i].json, "bytes.memory");
        e2e_reply_free(&r[i]);
    }
    ck_assert_double_eq(memory[1] - memory[0], ROWS * COLS * 4);
}
END_TEST

/* Rows that are sent to a model are no dataset. */
START_TEST(rows_for_a_model_have_no_dtype)
{
    e2e_reply job, model;
    char narrow[32], wide[32], path[96];
    make_pair(false, narrow, wide);
    train(narrow, "\"epochs\": 5", &job, &model);
    snprintf(path, sizeof path, "/v1/models/%s/updates", e2e_string(job.json, "model_id"));
    e2e_reply r = e2e_post(s, path,
                           "{\"dtype\": \"float32\", \"X\": [[1, 2, 3, 4, 5]], "
                           "\"y\": [1]}");
    ck_assert_int_eq(r.status, 422);
    e2e_field_error(&r, "dtype");
    e2e_reply_free(&r);
    /* a prediction takes doubles as they come: 2^25 + 1 is no float */
    snprintf(path, sizeof path, "/v1/models/%s/predictions", e2e_string(job.json, "model_id"));
    r = e2e_post(s, path, "{\"X\": [[33554432, 1, 1, 1, 1], [33554433, 1, 1, 1, 1]]}");
    ck_assert_int_eq(r.status, 200);
    ck_assert(e2e_number(r.json, "predictions.0") != e2e_number(r.json, "predictions.1"));
    e2e_reply_free(&r);
    e2e_reply_free(&job);
    e2e_reply_free(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("float32");
    TCase *tc = tcase_create("float32");
    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, every_format_stores_floats_and_targets_as_they_are);
    tcase_add_test(tc, features_take_half_the_bytes);
    tcase_add_test(tc, numbers_that_floats_do_not_have_are_named);
    tcase_add_test(tc, other_dtypes_are_refused);
    tcase_add_test(tc, jobs_give_what_the_rounded_numbers_give);
    tcase_add_test(tc, a_restart_changes_nothing);
    tcase_add_test(tc, datasets_of_either_kind_validate_each_other);
    tcase_add_test(tc, groups_are_models_of_their_own);
    tcase_add_test(tc, whatever_reads_a_dataset_reads_both);
    tcase_add_test(tc, rows_for_a_model_have_no_dtype);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
