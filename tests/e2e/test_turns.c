/* Tenants take turns: what one has queued does not hold up another, after a restart either. */
#define _GNU_SOURCE
#include "tokens.h"

enum { MANY = 500, FEW = 3 };

static void upload(const e2e_server *s, const token *t, char id[32])
{
    make(s, t, "/v1/datasets",
         "{\"X\": [[1, 2], [2, 1], [3, 5], [4, 3], [5, 8]], \"y\": [3, 4, 9, 8, 14]}", id);
}

static void post(const e2e_server *s, const token *t, const char *ds, const char *spec, char id[32])
{
    char body[300];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"cost\": \"huber\", \"tol\": 0, %s}", ds,
             spec);
    make(s, t, "/v1/jobs", body, id);
}

static bool state_is(const e2e_server *s, const token *t, const char *job, const char *state)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    e2e_reply r = ask(s, t, "GET", path, NULL);
    ck_assert_int_eq(r.status, 200);
    bool is = strcmp(e2e_string(r.json, "state"), state) == 0;
    e2e_reply_free(&r);
    return is;
}

/* Of the jobs of the first tenant, how many had begun before that one of the second? From the
 * database, which is nobody's. */
static int begun_before(const e2e_server *s, const char *job)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db,
                           "SELECT count(*) FROM jobs WHERE tenant = 'many' AND name = "
                           "'one of many' AND started_at < (SELECT started_at FROM "
                           "jobs WHERE id = ?)",
                           -1, &q, NULL),
        SQLITE_OK);
    sqlite3_bind_text(q, 1, job, -1, NULL);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int n = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* One worker, which is busy until all are queued. */
START_TEST(one_with_hundreds_of_jobs_does_not_hold_up_another)
{
    static const char *const options[] = {"--workers", "1", "--auth", "on", NULL};
    static const int ends[] = {0, SIGKILL, SIGTERM};
    char theirs[32], own[32], first[32], id[32], few[FEW][32], path[80];
    e2e_server *s = e2e_start(options);
    token many = make_token(s, "many", "write"), other = make_token(s, "few", "write");
    upload(s, &many, theirs);
    upload(s, &other, own);
    post(s, &many, theirs, "\"name\": \"first\", \"epochs\": 1000000000, \"learning_rate\": 1e-9",
         first);
    WAIT_UNTIL(state_is(s, &many, first, "running"), 30);
    for (int i = 0; i < MANY; i++)
        post(s, &many, theirs, "\"name\": \"one of many\", \"epochs\": 20000", id);
    for (int i = 0; i < FEW; i++)
        post(s, &other, own, "\"epochs\": 20000", few[i]);
    if (ends[_i]) {
        e2e_end(s, ends[_i]);
        e2e_restart(s, options);
        WAIT_UNTIL(state_is(s, &many, first, "running"), 30); /* what ran goes on first */
    }
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", first);
    expect(s, &many, "POST", path, NULL, 202);
    for (int i = 0; i < FEW; i++)
        WAIT_UNTIL(state_is(s, &other, few[i], "succeeded"), 60);
    for (int i = 0; i < FEW; i++) /* they alternate; times are of a millisecond */
        ck_assert_msg(begun_before(s, few[i]) <= i + 3, "%d of the others' went before number %d",
                      begun_before(s, few[i]), i);
    end_cleanly(s, SIGTERM, 5); /* the others have not ended, and need not */
    assert_database_sound(s);
    e2e_discard(s);
}
END_TEST

/* Of eight workers one is for others, however long the jobs are that run on the rest. */
START_TEST(one_with_long_jobs_does_not_have_all_the_workers)
{
    static const char *const options[] = {"--workers", "8", "--auth", "on", NULL};
    char theirs[32], own[32], jobs[10][32], id[32];
    e2e_server *s = e2e_start(options);
    token many = make_token(s, "many", "write"), other = make_token(s, "few", "write");
    upload(s, &many, theirs);
    upload(s, &other, own);
    for (int i = 0; i < 10; i++)
        post(s, &many, theirs, "\"epochs\": 1000000000, \"learning_rate\": 1e-9", jobs[i]);
    for (int i = 0; i < 7; i++)
        WAIT_UNTIL(state_is(s, &many, jobs[i], "running"), 30);
    post(s, &other, own, "\"epochs\": 20000", id);
    WAIT_UNTIL(state_is(s, &other, id, "succeeded"), 60);
    for (int i = 0; i < 10; i++)
        ck_assert(state_is(s, &many, jobs[i], i < 7 ? "running" : "queued"));
    end_cleanly(s, SIGTERM, 5);
    e2e_discard(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("turns");
    TCase *tc = tcase_create("turns");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_loop_test(tc, one_with_hundreds_of_jobs_does_not_hold_up_another, 0, 3);
    tcase_add_test(tc, one_with_long_jobs_does_not_have_all_the_workers);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
