/* Sparse datasets over HTTP: what is stored of a LIBSVM upload, that whatever is trained on it is
 * what the same rows give filled in, that models take rows in every form, and what is refused. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 150, COLS = 12 };

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

static e2e_reply upload(const char *query, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    return e2e_request(s, "POST", path, (const char *const[]){"Content-Type: text/x-libsvm", NULL},
                       text, strlen(text));
}

static void keep(e2e_reply r, char id[32])
{
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

static void refused(e2e_reply r, long status, const char *slug, const char *field, const char *says)
{
    e2e_problem(&r, status, slug);
    const char *text = e2e_field_error(&r, field);
    ck_assert_msg(strstr(text, says) != NULL, "%s", text);
    e2e_reply_free(&r);
}

static double random_value(void)
{
    static uint64_t seed = 3;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

/* ---- the same rows twice ---- */

typedef enum targets { NUMBERS, COUNTS, TWO, THREE } targets;

typedef struct pair {
    char sparse[32], filled[32];
} pair;

static double rows[ROWS][COLS];

static void write_target(char *to, size_t size, targets kind, double z, int row)
{
    static const char *const labels[] = {"low", "middle", "high"};
    int class = (row + (z > 1)) % 3;
    if (kind == NUMBERS)
        snprintf(to, size, "%.6g", z + random_value());
    else if (kind == COUNTS)
        snprintf(to, size, "%d", (int)fmin(6, fabs(z) + 2 * random_value()));
    else
        snprintf(to, size, "%s%s%s", "", labels[kind == TWO ? class > 0 : class], "");
}

/* Filled in, columns are named by their numbers, too. */
static pair make(targets kind)
{
    static char lines[ROWS * COLS * 30], csv[ROWS * COLS * 30];
    char *a = lines, *b = csv;
    for (int j = 0; j < COLS; j++)
        b += sprintf(b, "%d,", j + 1);
    b += sprintf(b, "y\n");
    for (int i = 0; i < ROWS; i++) {
        char y[40];
        double z = 0;
        for (int j = 0; j < COLS; j++) {
            rows[i][j] = random_value() < 0.3 ? floor(1000 * random_value()) / 500 + 0.002 : 0;
            z += (j % 3 - 1) * rows[i][j];
        }
        if (i == 0)
            rows[i][COLS - 1] = 1; /* as wide as it is filled in */
        write_target(y, sizeof y, kind, z, i);
        a += sprintf(a, "%s", y);
        for (int j = 0; j < COLS; j++) {
            if (rows[i][j] != 0)
                a += sprintf(a, " %d:%g", j + 1, rows[i][j]);
            b += sprintf(b, "%g,", rows[i][j]);
        }
        a += sprintf(a, "\n");
        b += sprintf(b, "%s\n", y);
    }
    pair p;
    keep(upload("", lines), p.sparse);
    keep(e2e_post_csv(s, "/v1/datasets?target=y&header=true", csv), p.filled);
    return p;
}

/* To within 1e-9 of the largest number in the list, member by member. */
static void assert_alike(const cJSON *got, const cJSON *want, double size, const char *what)
{
    ck_assert_msg(got && want && got->type == want->type, "%s: not of the same kind", what);
    if (cJSON_IsNumber(want)) {
        ck_assert_msg(fabs(got->valuedouble - want->valuedouble) <= 1e-9 * (size + 1e-3),
                      "%s: %.17g, not %.17g", what, got->valuedouble, want->valuedouble);
        return;
    }
    const cJSON *a, *b = want->child;
    cJSON_ArrayForEach (a, want)
        size = cJSON_IsNumber(a) ? fmax(size, fabs(a->valuedouble)) : size;
    cJSON_ArrayForEach (a, got) {
        assert_alike(a, b, size, a->string ? a->string : what);
        b = b->next;
    }
    ck_assert_msg(!b, "%s: fewer members", what);
}

static e2e_reply model_of(const char *dataset, const char *settings, const char *other)
{
    char body[4000], id[32];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s%s%s%s}", dataset, settings,
             other ? ", \"validation_dataset_id\": \"" : "", other ? other : "", other ? "\"" : "");
    e2e_job(s, body, id);
    e2e_reply job = e2e_wait(s, id);
    ck_assert_msg(strcmp(e2e_string(job.json, "state"), "succeeded") == 0, "%s: %s", settings,
                  job.body);
    e2e_reply r = e2e_getf(s, "/v1/models/%s", e2e_string(job.json, "model_id"));
    e2e_reply_free(&job);
    return r;
}

static void same_models(const char *settings, const pair *p, const pair *other)
{
    static const char *const members[] = {"parameters",         "scaled_parameters", "metrics",
                                          "validation_metrics", "classes",           "decision"};
    e2e_reply a = model_of(p->sparse, settings, other ? other->sparse : NULL),
              b = model_of(p->filled, settings, other ? other->filled : NULL);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const cJSON *want = cJSON_GetObjectItem(b.json, members[i]);
        if (want)
            assert_alike(cJSON_GetObjectItem(a.json, members[i]), want, 0, settings);
    }
    ck_assert_double_eq(e2e_number(a.json, "columns.from"), 1);
    ck_assert_double_eq(e2e_number(a.json, "columns.to"), COLS);
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}

START_TEST(jobs_give_what_rows_that_are_filled_in_give)
{
    static const struct {
        targets kind;
        const char *settings;
    } jobs[] = {
        {NUMBERS, "\"epochs\": 60, \"optimizer\": \"momentum\", \"learning_rate\": 0.05"},
        {NUMBERS,
         "\"epochs\": 20, \"cost\": \"huber\", \"optimizer\": \"adam\", \"batch_size\": 16"},
        {NUMBERS, "\"epochs\": 9, \"batch_size\": 1, \"learning_rate\": 0.01, \"l2\": 0.1"},
        {NUMBERS,
         "\"epochs\": 20, \"l1\": 0.1, \"cost\": \"log_cosh\", \"validation_fraction\": 0.2"},
        {NUMBERS, "\"epochs\": 20, \"cost\": \"huber\", \"bounds\": {\"3\": [0, 0.5]}, "
                  "\"cross_validation\": 3"},
        {NUMBERS, "\"epochs\": 50, \"cost\": \"huber\", \"l1\": \"path\", \"path_points\": 4"},
        {COUNTS, "\"epochs\": 20, \"model\": \"poisson_regression\", \"optimizer\": \"lbfgs\""},
        {TWO,
         "\"epochs\": 30, \"model\": \"logistic_regression\", \"class_weight\": \"balanced\", "
         "\"validation_fraction\": 0.3, \"threshold\": {\"criterion\": \"f_beta\", \"beta\": 1}"},
        {TWO, "\"epochs\": 5, \"model\": \"logistic_regression\", \"batch_size\": 1, "
              "\"learning_rate\": 0.01, \"class_weight\": {\"low\": 2}, \"seed\": 4"},
        {TWO, "\"epochs\": 30, \"model\": \"svm\", \"standardize\": false"},
        {THREE, "\"epochs\": 30, \"model\": \"softmax_regression\", \"l2\": 0.01"},
        {THREE, "\"epochs\": 4, \"model\": \"softmax_regression\", \"batch_size\": 1, "
                "\"learning_rate\": 0.02"},
        {THREE, "\"epochs\": 4, \"model\": {\"name\": \"mlp\", \"hidden_layers\": [5]}, "
                "\"optimizer\": \"adam\", \"batch_size\": 32"},
    };
    targets kind = NUMBERS;
    pair p = make(kind), other = make(NUMBERS);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        if (jobs[i].kind != kind) {
            kind = jobs[i].kind;
            p = make(kind);
        }
        same_models(jobs[i].settings, &p, NULL);
    }
    p = make(NUMBERS);
    same_models("\"epochs\": 30, \"cost\": \"huber\", \"patience\": 20", &p, &other);
}
END_TEST

START_TEST(rows_may_weigh_by_a_list)
{
    pair p = make(NUMBERS);
    char settings[ROWS * 8] = "\"epochs\": 20, \"cost\": \"huber\", \"sample_weight\": [";
    char *at = settings + strlen(settings);
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%s%d", i ? "," : "", i % 4);
    strcpy(at, "]");
    same_models(settings, &p, NULL);
}
END_TEST

/* ---- what is stored ---- */

START_TEST(a_dataset_says_that_it_is_sparse)
{
    static const char text[] = "a 1:0.1 4:-2\nb # nothing\na 2:3\n";
    e2e_reply r = upload("?name=few&target=t", text);
    ck_assert_msg(r.status == 201, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "layout"), "sparse");
    ck_assert_str_eq(e2e_string(r.json, "name"), "few");
    ck_assert_str_eq(e2e_string(r.json, "target"), "t");
    ck_assert_str_eq(e2e_string(r.json, "labels.1"), "b");
    ck_assert_double_eq(e2e_number(r.json, "rows"), 3);
    ck_assert_double_eq(e2e_number(r.json, "columns.to"), 4);
    ck_assert_double_eq(e2e_number(r.json, "nonzeros"), 3);
    ck_assert_double_eq(e2e_number(r.json, "density"), 0.25);
    e2e_reply one = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "id"));
    ck_assert_str_eq(e2e_string(one.json, "statistics.3.name"), "4");
    ck_assert_double_eq(e2e_number(one.json, "statistics.3.min"), -2);
    ck_assert_double_eq(e2e_number(one.json, "statistics.3.max"), 0);
    ck_assert_double_eq(e2e_number(one.json, "statistics.1.mean"), 1);
    e2e_reply_free(&one);
    e2e_reply_free(&r);
    /* from 0, wider than what is there, in half the bytes; then the target alone is described */
    r = upload("?index_base=0&columns=20000&dtype=float32", "1 0:0.1 7:2\n2 3:1\n");
    ck_assert_msg(r.status == 201, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "dtype"), "float32");
    ck_assert_double_eq(e2e_number(r.json, "columns.from"), 0);
    ck_assert_double_eq(e2e_number(r.json, "columns.to"), 19999);
    one = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "id"));
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(one.json, "statistics")), 1);
    e2e_reply_free(&one);
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets");
    ck_assert_str_eq(e2e_string(r.json, "datasets.0.layout"), "sparse");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(what_is_wrong_leaves_nothing_behind)
{
    refused(upload("", "1 1:1\n2 17:x\n"), 422, "validation-failed", "row 2, column \"17\"",
            "\"17:x\" is not a number (line 2, byte 8)");
    refused(upload("", "1 2:1 1:1\n"), 422, "validation-failed", "row 1, column \"1\"",
            "must ascend");
    refused(upload("?columns=a,b", "1 2:1\n"), 400, "invalid-parameter", "columns", "must be");
    refused(upload("?dtype=float32", "1 2:1e300\n"), 422, "validation-failed", "dtype", "1e+300");
    /* an upload's files go when its connection is done with */
    for (double end = e2e_now() + 30; e2e_files_in(s, "tmp") > 0 && e2e_now() < end;)
        usleep(10000);
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
}
END_TEST

/* ---- rows for a model ---- */

static e2e_reply predict(const char *model, const char *type, const char *body)
{
    char path[96], header[64];
    snprintf(path, sizeof path, "/v1/models/%s/predictions", model);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    return e2e_request(s, "POST", path, (const char *const[]){header, NULL}, body, strlen(body));
}

START_TEST(models_take_rows_in_every_form)
{
    static const char *const forms[][2] = {
        {"application/json", "{\"sparse_X\": [{\"3\": 1.5, \"1\": 2}, {}]}"},
        {"application/json", "{\"X\": [[2, 0, 1.5], [0, 0, 0]]}"},
        {"application/json",
         "{\"data\": [{\"3\": 1.5, \"2\": 0, \"1\": 2}, {\"1\": 0, \"2\": 0, \"3\": 0}]}"},
        {"text/csv", "3,1,2\n1.5,2,0\n0,0,0\n"},
        {"text/x-libsvm", "7 1:2 3:1.5 900:4\n0\n"}, /* what the model does not have is left out */
        {"text/x-libsvm", "1:2 3:1.5\n9:0\n"},
    };
    char sparse[32], named[32];
    keep(upload("", "3 1:1 2:1\n1 2:2\n4 1:2 3:-1\n6 3:1\n0\n"), sparse);
    keep(e2e_post_csv(s, "/v1/datasets?target=y",
                      "a,b,c,y\n1,1,0,3\n0,2,0,1\n2,0,-1,4\n0,0,1,6\n0,0,0,0\n"),
         named);
    e2e_reply a = model_of(sparse, "\"epochs\": 50, \"cost\": \"huber\"", NULL),
              b = model_of(named, "\"epochs\": 50, \"cost\": \"huber\"", NULL);
    const char *id = e2e_string(a.json, "id");
    e2e_reply want = predict(id, forms[0][0], forms[0][1]);
    ck_assert_msg(want.status == 200, "%s", want.body);
    for (size_t i = 1; i < sizeof forms / sizeof forms[0]; i++) {
        e2e_reply r = predict(id, forms[i][0], forms[i][1]);
        ck_assert_msg(r.status == 200, "%s: %s", forms[i][1], r.body);
        assert_alike(cJSON_GetObjectItem(r.json, "predictions"),
                     cJSON_GetObjectItem(want.json, "predictions"), 0, forms[i][1]);
        e2e_reply_free(&r);
    }
    /* a model of named columns takes sparse rows, too */
    e2e_reply r = predict(e2e_string(b.json, "id"), "application/json",
                          "{\"sparse_X\": [{\"c\": 1.5, \"a\": 2}, {}]}");
    assert_alike(cJSON_GetObjectItem(r.json, "predictions"),
                 cJSON_GetObjectItem(want.json, "predictions"), 0, "by name");
    e2e_reply_free(&r);
    refused(predict(id, "application/json", "{\"sparse_X\": [{\"4\": 1}]}"), 422,
            "validation-failed", "sparse_X[0]", "no column of the model");
    e2e_reply_free(&want);
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}
END_TEST

static e2e_reply evaluate(const char *model, const char *dataset)
{
    char path[96], body[64];
    snprintf(path, sizeof path, "/v1/models/%s/evaluations", model);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
    return e2e_post(s, path, body);
}

START_TEST(models_are_measured_and_learn_on)
{
    char sparse[32], other[32], named[32], path[96];
    keep(upload("", "3 1:1 2:1\n1 2:2\n4 1:2 3:-1\n6 3:1\n0\n"), sparse);
    /* the same rows from 0 on, and wider */
    keep(upload("?index_base=0", "3 0:1 1:1\n1 1:2\n4 0:2 2:-1\n6 2:1 8:5\n0\n"), other);
    keep(e2e_post_csv(s, "/v1/datasets?target=y", "a,b,y\n1,1,3\n0,2,1\n"), named);
    e2e_reply m = model_of(sparse, "\"epochs\": 50, \"cost\": \"huber\"", NULL);
    const char *id = e2e_string(m.json, "id");
    e2e_reply want = evaluate(id, sparse), r;
    ck_assert_msg(want.status == 200, "%s", want.body);
    assert_alike(cJSON_GetObjectItem(want.json, "metrics"), cJSON_GetObjectItem(m.json, "metrics"),
                 0, "metrics");
    /* columns are the same by their names: those of `other` are one further on */
    r = evaluate(id, other);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_double_ne(e2e_number(r.json, "mean_cost"), e2e_number(want.json, "mean_cost"));
    e2e_reply_free(&r);
    refused(evaluate(id, named), 422, "validation-failed", "dataset_id", "has no column \"1\"");
    e2e_reply of_names = model_of(named, "\"epochs\": 50, \"cost\": \"huber\"", NULL);
    refused(evaluate(e2e_string(of_names.json, "id"), sparse), 422, "validation-failed",
            "dataset_id", "it has no column \"a\"");
    e2e_reply_free(&of_names);
    snprintf(path, sizeof path, "/v1/models/%s/updates", id);
    r = e2e_post(s, path,
                 "{\"sparse_X\": [{\"1\": 1}, {}], \"y\": [2, 3], \"learning_rate\": 0.01}");
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_double_eq(e2e_number(r.json, "steps"), 2);
    ck_assert(e2e_number(r.json, "mean_cost_after") < e2e_number(r.json, "mean_cost_before"));
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/models/%s/updates?learning_rate=0.01", id);
    r = e2e_request(s, "POST", path, (const char *const[]){"Content-Type: text/x-libsvm", NULL},
                    "2 1:1\n3\n", 8);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_double_eq(e2e_number(r.json, "version"), 3);
    e2e_reply_free(&r);
    e2e_reply_free(&want);
    e2e_reply_free(&m);
}
END_TEST

/* ---- what does not go together ---- */

static e2e_reply post_job(const char *dataset, const char *more, const char *id)
{
    char body[300];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s%s%s}", dataset, more, id ? id : "",
             id ? "\"" : "");
    return e2e_post(s, "/v1/jobs", body);
}

START_TEST(what_sparse_rows_can_t_have_is_refused_at_once)
{
    static const char *const columns[][2] = {{"sample_weight", "give an array of weights"},
                                             {"offset", "features alone"},
                                             {"group_by", "features alone"}};
    char sparse[32], filled[32], wide[32], more[64];
    keep(upload("", "1 1:1 2:2\n2 2:1\n3 1:2\n"), sparse);
    keep(upload("?columns=10001", "1 1:1 2:2\n2 2:1\n3 1:2\n"), wide);
    keep(e2e_post_csv(s, "/v1/datasets?target=y&header=true", "1,2,y\n1,2,1\n0,1,2\n"), filled);
    for (int i = 0; i < 3; i++) {
        snprintf(more, sizeof more, "\"%s\": \"2\"", columns[i][0]);
        refused(post_job(sparse, more, NULL), 422, "validation-failed", columns[i][0],
                columns[i][1]);
    }
    refused(post_job(sparse, "\"validation_dataset_id\": \"", filled), 422, "validation-failed",
            "validation_dataset_id", "is dense, but the dataset to train on is sparse");
    refused(post_job(filled, "\"validation_dataset_id\": \"", sparse), 422, "validation-failed",
            "validation_dataset_id", "is sparse, but the dataset to train on is dense");
    refused(post_job(wide, "\"model\": \"mlp\"", NULL), 422, "validation-failed", "model",
            "takes at most 10000 columns");
}
END_TEST

/* ---- size ---- */

static double peak_megabytes(void)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = atof(line + 6);
    fclose(f);
    return kib / 1024;
}

START_TEST(two_gigabytes_of_zeros_are_not_there)
{
    enum { MANY = 5000, WIDE = 50000, EACH = 50, ROOM = MANY * EACH * 12 };
    char *text = malloc(ROOM), *at = text, id[32];
    for (int i = 0; i < MANY; i++) {
        at += sprintf(at, "%s", i % 2 ? "+1" : "-1");
        for (int k = 0; k < EACH; k++) /* one of a thousand columns each, odd rows the upper ones */
            at += sprintf(at, " %d:1",
                          1 + k * (WIDE / EACH) + (int)(500 * random_value()) + 500 * (i % 2));
        at += sprintf(at, "\n");
    }
    keep(upload("?columns=50000", text), id);
    free(text);
    e2e_reply m = model_of(id,
                           "\"model\": \"logistic_regression\", \"epochs\": 5, "
                           "\"validation_fraction\": 0.1",
                           NULL);
    ck_assert_double_gt(e2e_number(m.json, "validation_metrics.accuracy"), 0.95);
    ck_assert_double_eq(e2e_number(m.json, "columns.to"), WIDE);
    e2e_reply_free(&m);
    m = model_of(id,
                 "\"model\": \"logistic_regression\", \"epochs\": 2, \"batch_size\": 1, "
                 "\"learning_rate\": 0.001",
                 NULL);
    ck_assert_double_gt(e2e_number(m.json, "metrics.accuracy"), 0.95);
    e2e_reply_free(&m);
    /* filled in, the rows alone take 1,907 */
    ck_assert_msg(peak_megabytes() < 900, "%g MiB", peak_megabytes());
    e2e_end(s, SIGTERM);
    e2e_restart(s, NULL);
    m = model_of(id, "\"model\": \"logistic_regression\", \"epochs\": 2", NULL);
    e2e_reply_free(&m);
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s/diagnostics", id);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse");
    TCase *tc = tcase_create("sparse");
    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, jobs_give_what_rows_that_are_filled_in_give);
    tcase_add_test(tc, rows_may_weigh_by_a_list);
    tcase_add_test(tc, a_dataset_says_that_it_is_sparse);
    tcase_add_test(tc, what_is_wrong_leaves_nothing_behind);
    tcase_add_test(tc, models_take_rows_in_every_form);
    tcase_add_test(tc, models_are_measured_and_learn_on);
    tcase_add_test(tc, what_sparse_rows_can_t_have_is_refused_at_once);
    tcase_add_test(tc, two_gigabytes_of_zeros_are_not_there);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
