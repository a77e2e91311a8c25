/* Rows of the database that were damaged, or edited by hand: what asks for them gets an error, what asks
 * for others an answer, and the server lives on.
 */
#define _GNU_SOURCE
#include "jobs.h"

typedef struct things {
    e2e_server *s;
    sqlite3 *db;
    char dataset[32], model[32];
} things;

static void make_things(things *t)
{
    char job[32], path[300];
    t->s = e2e_start(NULL);
    e2e_dataset(t->s,
                "{\"columns\": [\"size\", \"city\"], \"target\": \"kind\", \"X\": [[1, \"Rome\"], "
                "[2, \"Oslo\"], [3, \"Rome\"], [4, \"Oslo\"], [5, \"Bern\"], [6, \"Bern\"]], "
                "\"y\": [\"a\", \"b\", \"a\", \"a\", \"b\", \"b\"]}",
                t->dataset);
    snprintf(path, sizeof path, "{\"dataset_id\": \"%s\", \"model\": \"logistic_regression\"}",
             t->dataset);
    e2e_job(t->s, path, job);
    e2e_reply r = e2e_wait(t->s, job);
    snprintf(t->model, sizeof t->model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "%s/descentd.db", t->s->dir);
    ck_assert_int_eq(sqlite3_open(path, &t->db), SQLITE_OK);
    sqlite3_busy_timeout(t->db, 10000);
}

static void run_sql(const things *t, const char *sql)
{
    char *error = NULL;
    ck_assert_msg(sqlite3_exec(t->db, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
}

/* The server's answer, whatever it is; and then it has to be there still. */
static void ask_for(const things *t, const char *set, const char *method, const char *what,
                    const char *body)
{
    char path[160];
    bool of_model = strstr(what, "/v1/models/") != NULL;
    snprintf(path, sizeof path, what, of_model ? t->model : t->dataset);
    e2e_reply r = e2e_request(t->s, method, path, NULL, body, body ? strlen(body) : 0);
    ck_assert_msg(r.status >= 200 && r.status < 600, "%s: %s %s: %ld", set, method, path, r.status);
    e2e_reply_free(&r);
    r = e2e_get(t->s, "/healthz");
    ck_assert_msg(r.status == 200, "%s: the server is gone after %s %s", set, method, path);
    e2e_reply_free(&r);
}

static const char *const models[] = {
    "outputs = 0",         "outputs = -1",          "outputs = 2147483648", "cols = 0",
    "cols = -1",           "cols = 5",              "cols = 4611686018427387904",
    "theta = x''",         "theta = x'0011223344556677'",
    "scaled = x'00'",      "center = x''",          "scale = x'00'",        "center = NULL",
    "scale = NULL",        "columns = '[-1]'",      "columns = '[{}, {}]'", "columns = '[\"size\"]'",
    "columns = 'null'",    "columns = '{\"from\": 1, \"to\": 4}'",          "columns = '['",
    "classes = '[]'",      "classes = '[1, 2]'",    "classes = '{}'",       "classes = NULL",
    "training = '{}'",     "training = '['",        "metrics = '['",        "details = '['",
    "preparation = '{}'",  "preparation = NULL",    "model = ''",           "intercept = 0",
    "threshold = -1e308",
};

static const char *const datasets[] = {
    "columns = '[1, 2]'",  "columns = '[{}, {}]'",  "columns = '[]'",       "columns = ''",
    "columns = '{\"from\": 1, \"to\": 2}'",         "labels = '\"x\"'",     "labels = '[1e308]'",
    "labels = '[]'",       "labels = '[\"a\"]'",    "labels = NULL",        "labels = '{}'",
    "kinds = '[{}]'",      "kinds = '[{}, {}, {}]'",
    "kinds = '[{\"type\": \"categorical\", \"levels\": [1]}, {}, {}]'",
    "kinds = '[{}, {\"type\": \"categorical\", \"levels\": []}, {}]'",
    "kinds = NULL",        "cols = 0",              "cols = -1",            "cols = 7",
    "rows = -1",           "rows = 0",              "rows = 4611686018427387904",
    "statistics = '['",    "statistics = '{}'",     "sha256 = '[]'",        "target = ''",
};

/* The row as it was is put back each time. */
static void damage(const things *t, const char *table, const char *id, const char *set)
{
    char sql[300];
    snprintf(sql, sizeof sql, "CREATE TEMP TABLE kept AS SELECT * FROM %s WHERE id = '%s'", table, id);
    run_sql(t, sql);
    snprintf(sql, sizeof sql, "UPDATE %s SET %s WHERE id = '%s'", table, set, id);
    run_sql(t, sql);
    ck_assert_int_eq(sqlite3_changes(t->db), 1);
}

static void put_back(const things *t, const char *table)
{
    char sql[200];
    snprintf(sql, sizeof sql, "PRAGMA foreign_keys = OFF; REPLACE INTO %s SELECT * FROM kept; DROP TABLE kept",
             table);
    run_sql(t, sql);
}

START_TEST(a_damaged_row_of_a_model_is_an_error_of_its_own)
{
    things t;
    make_things(&t);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        damage(&t, "models", t.model, models[i]);
        ask_for(&t, models[i], "GET", "/v1/models/%s", NULL);
        ask_for(&t, models[i], "POST", "/v1/models/%s/predictions",
                "{\"X\": [[2, \"Rome\"], [9, \"Bern\"]]}");
        ask_for(&t, models[i], "POST", "/v1/models/%s/evaluations",
                "{\"X\": [[2, \"Rome\"], [9, \"Bern\"]], \"y\": [\"a\", \"b\"]}");
        ask_for(&t, models[i], "GET", "/v1/models", NULL);
        put_back(&t, "models");
    }
    e2e_reply r = e2e_getf(t.s, "/v1/models/%s", t.model);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    sqlite3_close(t.db);
    e2e_stop(t.s);
}
END_TEST

START_TEST(a_damaged_row_of_a_dataset_is_an_error_of_its_own)
{
    things t;
    make_things(&t);
    char job[200];
    snprintf(job, sizeof job, "{\"dataset_id\": \"%s\", \"model\": \"logistic_regression\"}", t.dataset);
    for (size_t i = 0; i < sizeof datasets / sizeof datasets[0]; i++) {
        damage(&t, "datasets", t.dataset, datasets[i]);
        ask_for(&t, datasets[i], "GET", "/v1/datasets/%s", NULL);
        ask_for(&t, datasets[i], "GET", "/v1/datasets/%s/rows?limit=6&shape=records", NULL);
        ask_for(&t, datasets[i], "GET", "/v1/datasets/%s/export", NULL);
        ask_for(&t, datasets[i], "GET", "/v1/datasets/%s/diagnostics", NULL);
        ask_for(&t, datasets[i], "POST", "/v1/datasets/%s/rows",
                "{\"X\": [[2, \"Rome\"]], \"y\": [\"a\"]}");
        ask_for(&t, datasets[i], "POST", "/v1/jobs", job);
        ask_for(&t, datasets[i], "GET", "/v1/datasets", NULL);
        put_back(&t, "datasets");
    }
    e2e_reply r = e2e_getf(t.s, "/v1/datasets/%s/export", t.dataset);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    sqlite3_close(t.db);
    e2e_stop(t.s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damaged_rows");
    TCase *tc = tcase_create("damaged_rows");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, a_damaged_row_of_a_model_is_an_error_of_its_own);
    tcase_add_test(tc, a_damaged_row_of_a_dataset_is_an_error_of_its_own);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
