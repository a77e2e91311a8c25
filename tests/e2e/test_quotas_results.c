/* What models and histories take in the database: counted, refused beyond their quota. */
#define _GNU_SOURCE
#include "quotas.h"

static double counted(const e2e_server *s, const char *sql)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    double n = sqlite3_column_double(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* All that jobs and models of the tenant have in the database, row by row. */
static double take(const e2e_server *s)
{
    static const char jobs[] =
        "SELECT coalesce(sum(length(spec) + coalesce(length(objective), 0) + "
        "coalesce(length(initial), 0) + coalesce(length(error), 0) + coalesce(length(advice), 0) + "
        "coalesce(length(certificate), 0) + coalesce(length(proof), 0) + 72 * (SELECT count(*) "
        "FROM "
        "history WHERE job = jobs.seq) + (SELECT coalesce(sum(length(theta)), 0) FROM snapshots "
        "WHERE job = jobs.seq) + (SELECT coalesce(sum(length(theta) + length(result)), 0) FROM "
        "parts WHERE job = jobs.seq)), 0) FROM jobs WHERE tenant = 'acme'";
    static const char models[] =
        "SELECT coalesce(sum(length(theta) + coalesce(length(scaled), 0) + "
        "coalesce(length(center), "
        "0) + coalesce(length(scale), 0) + coalesce(length(optimizer_state), 0) + length(columns) "
        "+ "
        "length(metrics) + coalesce(length(validation_metrics), 0) + length(training) + "
        "coalesce(length(classes), 0) + coalesce(length(details), 0) + "
        "coalesce(length(preparation),"
        " 0)), 0) FROM models WHERE tenant = 'acme'";
    return counted(s, jobs) + counted(s, models);
}

/* What is said is what there is, but for a few points of each history, and grows and falls with it.
 */
START_TEST(models_and_histories_are_counted)
{
    static const char *const specs[] = {
        "\"epochs\": 50",
        "\"epochs\": 3000, \"tol\": 0, \"history_points\": 100",
        "\"epochs\": 300, \"tol\": 0, \"history_points\": \"all\", \"cost\": \"huber\"",
        "\"epochs\": 400, \"tol\": 0, \"record_parameters\": 3, \"history_points\": 60",
        "\"epochs\": 60, \"cross_validation\": 4, \"tol\": 0",
        "\"learning_rate\": 50, \"standardize\": false",
    };
    enum { SPECS = sizeof specs / sizeof specs[0] };
    char ds[32], jobs[SPECS][32], models[SPECS][32] = {""}, body[300];
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write"), other = make_token(s, "other", "write");
    make(s, &t, "/v1/datasets", LINE, ds);
    ck_assert_double_eq(usage(s, &t, "result_bytes.used"), 0);
    ck_assert_double_eq(usage(s, &t, "result_bytes.limit"), -1);
    double slack = 0;
    for (int i = 0; i < SPECS; i++) {
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", ds, specs[i]);
        make(s, &t, "/v1/jobs", body, jobs[i]);
        WAIT_UNTIL(has_ended(s, &t, jobs[i]), 30);
        slack += 72 * 2 * (i == 4 ? 5 : 1) + 100;
        double said = usage(s, &t, "result_bytes.used"), there = take(s);
        ck_assert_msg(fabs(said - there) <= slack, "%s: %.0f are said, %.0f are there", specs[i],
                      said, there);
        snprintf(body, sizeof body, "/v1/jobs/%s", jobs[i]);
        e2e_reply r = ask(s, &t, "GET", body, NULL);
        if (cJSON_IsString(e2e_at(r.json, "model_id")))
            snprintf(models[i], sizeof models[i], "%s", e2e_string(r.json, "model_id"));
        e2e_reply_free(&r);
    }
    ck_assert_double_ge(take(s), 72 * (50 + 80 + 300 + 40)); /* there was something to be counted */
    ck_assert_double_eq(usage(s, &other, "result_bytes.used"), 0);
    double before = usage(s, &t, "result_bytes.used");
    snprintf(body, sizeof body, "/v1/models/%s/updates", models[0]);
    expect(s, &t, "POST", body, "{\"X\": [5], \"y\": [10], \"optimizer\": \"adam\"}", 200);
    ck_assert_double_ge(usage(s, &t, "result_bytes.used"), before + 40); /* adam's state */
    expect(s, &t, "POST", body, "{\"X\": [6], \"y\": [12]}", 200);
    ck_assert_double_le(fabs(usage(s, &t, "result_bytes.used") - take(s)), slack);
    for (int i = 0; i < SPECS; i++) {
        remove_thing(s, &t, "jobs", jobs[i]);
        if (*models[i])
            remove_thing(s, &t, "models", models[i]);
    }
    ck_assert_double_eq(usage(s, &t, "result_bytes.used"), 0);
    e2e_stop(s);
}
END_TEST

START_TEST(results_end_at_their_quota)
{
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write"), other = make_token(s, "other", "write");
    char ds[32], theirs[32], job[32], running[32], body[300];
    make(s, &t, "/v1/datasets", LINE, ds);
    make(s, &other, "/v1/datasets", LINE, theirs);
    set_quota(s, "acme", "result_bytes", "200k");
    ck_assert_double_eq(usage(s, &t, "result_bytes.limit"), 200 << 10);
    /* refused up front by what it may come to, which is far beyond */
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"history_points\": \"all\", \"epochs\": 900000}", ds);
    refused(s, &t, "/v1/jobs", body, 507, "result_bytes", "delete jobs or models first");
    ck_assert_double_eq(usage(s, &t, "result_bytes.used"), 0); /* nothing is left of it */
    /* while it runs it counts for the most that it may come to */
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"history_points\": 1000, " LONG_JOB "}",
             ds);
    make(s, &t, "/v1/jobs", body, running);
    ck_assert_double_ge(usage(s, &t, "result_bytes.used"), 72000);
    make(s, &t, "/v1/jobs", body, job);
    refused(s, &t, "/v1/jobs", body, 507, "result_bytes", "would have 2");
    post_to(s, &t, "jobs", job, "cancel", 202);
    WAIT_UNTIL(has_ended(s, &t, job), 30);
    post_to(s, &t, "jobs", running, "stop", 202);
    WAIT_UNTIL(has_ended(s, &t, running), 30);
    ck_assert_double_le(fabs(usage(s, &t, "result_bytes.used") - take(s)), 2 * 300);
    make(s, &t, "/v1/jobs", body, job); /* there is room again */
    for (int i = 0; i < 4; i++) {       /* others have their own */
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"history_points\": 1000}", theirs);
        expect(s, &other, "POST", "/v1/jobs", body, 202);
    }
    e2e_stop(s);
}
END_TEST

/* One that is paused stays as it is while it is changed. */
START_TEST(more_epochs_have_to_fit_where_each_is_recorded)
{
    static const char *const all[] = {"all", "1000"};
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write");
    char ds[32], job[32], body[300], path[80];
    make(s, &t, "/v1/datasets", LINE, ds);
    set_quota(s, "acme", "result_bytes", "40m");
    for (int i = 0; i < 2; i++) {
        snprintf(
            body, sizeof body,
            "{\"dataset_id\": \"%s\", \"history_points\": %s%s%s, \"epochs\": 300000, \"tol\": "
            "0, \"learning_rate\": 1e-9, \"cost\": \"huber\", \"name\": \"x\"}",
            ds, i ? "" : "\"", all[i], i ? "" : "\"");
        make(s, &t, "/v1/jobs", body, job);
        post_to(s, &t, "jobs", job, "pause", 202);
        snprintf(path, sizeof path, "/v1/jobs/%s", job);
        expect(s, &t, "PATCH", path, "{\"epochs\": 900000}", i ? 202 : 507);
        expect(s, &t, "PATCH", path, "{\"epochs\": 400000}", 202);
        post_to(s, &t, "jobs", job, "cancel", 202);
        WAIT_UNTIL(has_ended(s, &t, job), 30);
        ck_assert_double_le(fabs(usage(s, &t, "result_bytes.used") - take(s)), 600);
        remove_thing(s, &t, "jobs", job);
    }
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quotas_results");
    TCase *tc = tcase_create("quotas_results");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, models_and_histories_are_counted);
    tcase_add_test(tc, results_end_at_their_quota);
    tcase_add_test(tc, more_epochs_have_to_fit_where_each_is_recorded);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
