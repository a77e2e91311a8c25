/* Dry runs: they say what the job then does, refuse what it refuses, and leave nothing behind. */
#include "jobs.h"

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
    "\"columns\": [\"a\", \"b\", \"c\"], \"X\": [[1, 20, 1], [2, 11, 2], [3, 35, 1], [4, 13, 1], " \
    "[5, 25, 2], [6, 41, 1], [7, 2, 3], [8, 17, 2]]"
#define NUMBERS "{" ROWS ", \"y\": [3, 1, 4, 1, 5, 9, 2, 6]}"
#define TEXTS "{" ROWS ", \"y\": [\"a\", \"b\", \"a\", \"b\", \"b\", \"a\", \"b\", \"b\"]}"

static e2e_reply dry_run(const char *body)
{
    e2e_reply r = e2e_post(s, "/v1/jobs:dry_run", body);
    ck_assert_msg(r.status == 200, "%s: %ld %s", body, r.status, r.body);
    return r;
}

static bool warns(const e2e_reply *r, const char *words)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(r->json, "warnings"))
        if (strstr(item->valuestring, words))
            return true;
    return false;
}

#define assert_warns(r, words)                                                                     \
    ck_assert_msg(warns(r, words), "%s is not among: %s", words, (r)->body)

static void assert_same(const cJSON *forecast, const char *path, const cJSON *job, const char *as)
{
    char *a = cJSON_Print(e2e_at(forecast, path)), *b = cJSON_Print(e2e_at(job, as));
    ck_assert_msg(strcmp(a, b) == 0, "%s: %s, but %s", path, a, b);
    free(a);
    free(b);
}

/* Each job is run as well; it ends as was said, where that was said. */
START_TEST(what_is_foretold_comes_to_pass)
{
    static const struct {
        bool labels;
        const char *settings, *ends;
    } jobs[] = {
        {false, "", "converged"},
        {false, "\"epochs\": 7, \"tol\": 0", "max_epochs"},
        {false, "\"learning_rate\": 0.7", "diverged"},
        {false, "\"standardize\": false, \"learning_rate\": 0.1", "diverged"},
        {false, "\"batch_size\": 2, \"learning_rate\": 0.01, \"epochs\": 30", "max_epochs"},
        {false, "\"optimizer\": \"lbfgs\", \"cost\": \"huber\"", "converged"},
        {false,
         "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [4]}, \"optimizer\": \"adam\", "
         "\"epochs\": 20, \"tol\": 0",
         "max_epochs"},
        {false,
         "\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", \"alpha\": 2}",
         "converged"},
        {false, "\"sample_weight\": \"c\", \"bounds\": {\"a\": [0, null]}", "converged"},
        {true,
         "\"model\": \"logistic_regression\", \"l2\": 0.1, \"validation_fraction\": 0.25, "
         "\"patience\": 2, \"class_weight\": \"balanced\"",
         NULL},
        {true, "\"model\": \"softmax_regression\", \"l2\": 0.1", "converged"},
    };
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        char dataset[32], body[640], job[32];
        e2e_dataset(s, jobs[i].labels ? TEXTS : NUMBERS, dataset);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", dataset,
                 *jobs[i].settings ? ", " : "", jobs[i].settings);
        e2e_reply f = dry_run(body);
        e2e_job(s, body, job);
        e2e_reply r = e2e_wait(s, job);
        assert_same(f.json, "spec", r.json, "spec");
        assert_same(f.json, "objective", r.json, "objective");
        assert_same(f.json, "error", r.json, "error");
        assert_same(f.json, "epochs.stop_reason", r.json, "stop_reason");
        assert_same(f.json, "epochs.estimated", r.json, "epoch");
        assert_same(f.json, "learning_rate", r.json, "learning_rate");
        assert_same(f.json, "max_stable_learning_rate", r.json, "max_stable_learning_rate");
        if (jobs[i].ends)
            ck_assert_str_eq(e2e_string(f.json, "epochs.stop_reason"), jobs[i].ends);
        ck_assert_double_eq(
            e2e_number(f.json, "rows.train") + e2e_number(f.json, "rows.validation"), 8);
        ck_assert_double_gt(e2e_number(f.json, "estimated_seconds"), 0);
        e2e_reply_free(&f);
        e2e_reply_free(&r);
    }
}
END_TEST

/* What POST /v1/jobs takes and only fails for later. */
START_TEST(jobs_that_would_fail_say_why)
{
    static const char *const jobs[] = {
        "{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}",
        "{\"dataset\": {\"X\": [1, 2, 3], \"y\": [1, 2, 3]}, \"model\": \"logistic_regression\"}",
        "{\"dataset\": {\"columns\": [\"a\", \"w\"], \"X\": [[1, -1], [2, 3]], \"y\": [1, 2]}, "
        "\"sample_weight\": \"w\"}"};
    for (int i = 0; i < 3; i++) {
        char job[32];
        e2e_reply f = dry_run(jobs[i]);
        e2e_job(s, jobs[i], job);
        e2e_reply r = e2e_wait(s, job);
        ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
        assert_same(f.json, "error", r.json, "error");
        ck_assert(cJSON_IsNull(e2e_at(f.json, "estimated_seconds")));
        e2e_reply_free(&f);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(errors_are_those_of_a_job)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"epochs\": 0, \"dataset_id\": \"ds_00000000000000000000\"}",
        "{\"dataset_id\": \"ds_00000000000000000000\"}",
        "{\"dataset\": 3}",
        "{\"dataset\": {\"X\": [1, 2], \"y\": [1]}, \"epochs\": -1}",
        "{\"dataset\": " NUMBERS ", \"model\": \"foo\"}",
        "{\"dataset\": " NUMBERS ", \"typo\": 1}",
        "{\"dataset\": " TEXTS "}",
        "{\"dataset\": " NUMBERS ", \"optimizer\": \"lbfgs\", \"batch_size\": 2}",
        "{\"dataset\": " NUMBERS ", \"offset\": \"none\"}",
        "{\"dataset\": " NUMBERS ", \"cross_validation\": 9}",
        "{\"dataset\": " NUMBERS ", \"start_from\": \"mdl_00000000000000000000\"}",
        "{\"dataset\": " NUMBERS ", \"initial_parameters\": {\"coefficients\": [1]}}",
        "{\"dataset\": " NUMBERS ", \"bounds\": {\"z\": [0, 1]}}",
        "{\"dataset\": " NUMBERS ", \"validation_dataset_id\": \"ds_00000000000000000000\"}",
        "{\"dataset\": " NUMBERS ", \"compat\": {\"library\": \"h2o\", \"alpha\": 7}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply a = e2e_post(s, "/v1/jobs", bad[i]), b = e2e_post(s, "/v1/jobs:dry_run", bad[i]);
        ck_assert_msg(a.status == b.status && a.status / 100 == 4, "%s: %ld and %ld", bad[i],
                      a.status, b.status);
        ck_assert_str_eq(a.body, b.body);
        e2e_reply_free(&a);
        e2e_reply_free(&b);
    }
}
END_TEST

START_TEST(nothing_is_left_behind)
{
    e2e_reply r = dry_run("{\"dataset\": " NUMBERS "}");
    ck_assert_ptr_null(cJSON_GetObjectItem(e2e_at(r.json, "spec"), "dataset_id"));
    ck_assert_double_gt(e2e_number(r.json, "bytes.dataset"), 8 * 8 * 4);
    e2e_reply_free(&r);
    r = dry_run(
        "{\"dataset\": {\"X\": [1, 2], \"y\": [-1, 2]}, \"model\": \"poisson_regression\"}");
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs:dry_run", "{\"dataset\": " NUMBERS ", \"epochs\": 0}");
    ck_assert_int_eq(r.status, 422);
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 0);
    ck_assert_int_eq(count_of(s, "jobs", ""), 0);
    ck_assert_int_eq(count_of(s, "models", ""), 0);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
}
END_TEST

START_TEST(warnings_are_in_plain_words)
{
    e2e_reply r =
        dry_run("{\"dataset\": {\"columns\": [\"rooms\", \"year\"], \"X\": [[1, 1980], [4, "
                "2020], [2, 1995], [3, 1960], [5, 2001]], \"y\": [1, 2, 3, 4, 5]}, "
                "\"standardize\": false, \"epochs\": 1000000000, \"tol\": 0}");
    assert_warns(&r, "columns are not scaled: \"year\"");
    assert_warns(&r, "epochs to come within a millionth of the way to the best cost");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "epochs.stop_reason")));
    ck_assert_double_eq(e2e_number(r.json, "epochs.estimated"), 1e9);
    double each = e2e_number(r.json, "epochs.seconds_each");
    ck_assert_double_lt(fabs(e2e_number(r.json, "estimated_seconds") / (1e9 * each) - 1), 0.01);
    e2e_reply_free(&r);

    /* standardize is on: they are scaled */
    r = dry_run("{\"dataset\": " NUMBERS "}");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "warnings")), 0);
    e2e_reply_free(&r);

    r = dry_run("{\"dataset\": {\"X\": [1, 2, 3, 4], \"y\": [\"a\", \"b\", \"b\", \"c\"]}, "
                "\"model\": \"softmax_regression\", \"epochs\": 2}");
    assert_warns(&r, "2 classes have a single row");
    assert_warns(&r, "raise epochs");
    e2e_reply_free(&r);

    r = dry_run("{\"dataset\": " NUMBERS ", \"learning_rate\": 0.9, \"cross_validation\": 4}");
    assert_warns(&r, "trained on all rows at once it diverged");
    assert_warns(&r, "learning_rate 0.9 diverges: the largest stable rate is");
    ck_assert_double_eq(e2e_number(r.json, "parts"), 5);
    e2e_reply_free(&r);

    r = dry_run("{\"dataset\": " NUMBERS ", \"max_seconds\": 0.5, \"epochs\": 1000000000, "
                "\"tol\": 0}");
    assert_warns(&r, "max_seconds ends it after about");
    ck_assert_double_eq(e2e_number(r.json, "estimated_seconds"), 0.5);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(parts_are_counted)
{
    static const struct {
        const char *settings;
        double parts;
    } jobs[] = {{"\"cross_validation\": 3", 4},
                {"\"l1\": \"path\", \"path_points\": 6", 6},
                {"\"l2\": \"path\", \"path_points\": 6, \"validation_fraction\": 0.25", 7},
                {"\"group_by\": \"c\", \"standardize\": false, \"learning_rate\": 1e-4", 3}};
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        char body[400];
        snprintf(body, sizeof body, "{\"dataset\": " NUMBERS ", %s}", jobs[i].settings);
        e2e_reply r = dry_run(body);
        ck_assert_double_eq(e2e_number(r.json, "parts"), jobs[i].parts);
        ck_assert(cJSON_IsNull(e2e_at(r.json, "error")));
        e2e_reply_free(&r);
    }
}
END_TEST

static double number_from(const char *sql)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *st;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    double v = sqlite3_column_double(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* Against the database after the job: its checkpoint exactly, its pages within a half. */
START_TEST(bytes_are_about_those_that_are_taken)
{
    static const char settings[] =
        "\"epochs\": 20000, \"tol\": 0, \"learning_rate\": 0.0001, \"history_points\": \"all\"";
    char dataset[32], body[320], job[32], path[96];
    e2e_dataset(s, NUMBERS, dataset);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset, settings);
    e2e_reply f = dry_run(body);
    double checkpoint = e2e_number(f.json, "bytes.checkpoint"),
           history = e2e_number(f.json, "bytes.history");
    ck_assert_double_eq(e2e_number(f.json, "bytes.dataset"), 0);
    ck_assert_double_eq(e2e_number(f.json, "bytes.disk"),
                        checkpoint + history + e2e_number(f.json, "bytes.models"));
    e2e_reply_free(&f);
    double before = number_from("SELECT page_count * page_size FROM pragma_page_count, "
                                "pragma_page_size");
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    e2e_reply_free(&r);
    double after = number_from("SELECT page_count * page_size FROM pragma_page_count, "
                               "pragma_page_size");
    ck_assert_msg(after - before > 0.5 * history && after - before < 1.5 * history,
                  "the database grew by %g, foretold were %g", after - before, history);
    /* a paused one has its checkpoint still */
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", " ENDLESS "}", dataset);
    e2e_job(s, body, job);
    WAIT_UNTIL(number_from("SELECT count(*) FROM jobs WHERE checkpoint IS NOT NULL") > 0, 20);
    ck_assert_double_eq(number_from("SELECT max(length(checkpoint)) FROM jobs"), checkpoint);
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", job);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_reply_free(&r);
    r = e2e_wait(s, job);
    e2e_reply_free(&r);
}
END_TEST

/* Rows that repeat: a run on some has the rates of all. */
START_TEST(of_large_data_some_rows_tell_of_all)
{
    enum { ROWS_OF = 240000 / SLOWER };
    static const double pattern[4][3] = {{1, 2, 3}, {2, 1, 5}, {-1, 4, 2}, {0.5, -3, 1}};
    char *csv = malloc(ROWS_OF * 20 + 64), *at = csv, id[32], body[256];
    at += sprintf(at, "a,b,y\n");
    for (int i = 0; i < ROWS_OF; i++) {
        const double *row = pattern[i * 7 % 11 % 4];
        at += sprintf(at, "%g,%g,%g\n", row[0], row[1], row[2]);
    }
    upload_csv(s, csv, id);
    free(csv);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"validation_fraction\": 0.25}", id);
    e2e_reply f = dry_run(body);
    ck_assert_double_eq(e2e_number(f.json, "rows.train"), 0.75 * ROWS_OF);
    ck_assert_double_eq(e2e_number(f.json, "rows.validation"), 0.25 * ROWS_OF);
    char job[32];
    e2e_job(s, body, job);
    e2e_reply r = e2e_wait(s, job);
    double rate = e2e_number(r.json, "learning_rate");
    ck_assert_double_lt(fabs(e2e_number(f.json, "learning_rate") / rate - 1), 0.02);
    ck_assert_double_ge(e2e_number(f.json, "bytes.memory"), ROWS_OF * 3.0 * 8);
    e2e_reply_free(&r);
    e2e_reply_free(&f);
}
END_TEST

START_TEST(the_route_is_no_job)
{
    e2e_reply r = e2e_get(s, "/v1/jobs:dry_run");
    e2e_problem(&r, 405, "method-not-allowed");
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/jobs/:dry_run");
    e2e_problem(&r, 404, "not-found");
    ck_assert_ptr_nonnull(strstr(r.body, "no job with id"));
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs:dry", "{}");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dry_run");
    TCase *tc = tcase_create("dry_run");
    tcase_add_test(tc, what_is_foretold_comes_to_pass);
    tcase_add_test(tc, jobs_that_would_fail_say_why);
    tcase_add_test(tc, errors_are_those_of_a_job);
    tcase_add_test(tc, nothing_is_left_behind);
    tcase_add_test(tc, warnings_are_in_plain_words);
    tcase_add_test(tc, parts_are_counted);
    tcase_add_test(tc, bytes_are_about_those_that_are_taken);
    tcase_add_test(tc, of_large_data_some_rows_tell_of_all);
    tcase_add_test(tc, the_route_is_no_job);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_set_timeout(tc, 180);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
