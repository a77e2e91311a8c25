/* Small files of datasets (server/srv_settle.h): what was acknowledged is there although its file was
 * not synced when the machine failed. A test can't let it fail; it does to the files what that would
 * do, while the server is down. */
#define _GNU_SOURCE
#include "jobs.h"
#include "suite.h"

#include <sys/stat.h>

#define DATA "{\"X\": [[1, 2], [2, 1.5], [3, 4], [4, %d]], \"y\": [3.25, 4, 9.5, 10]}"

/* Rows of the table that holds what may not be on disk yet. */
static int unsettled(const e2e_server *s)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *count;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM contents", -1, &count, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
    int n = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return n;
}

static void store(const e2e_server *s, int number, char id[32])
{
    char body[200];
    snprintf(body, sizeof body, DATA, number);
    e2e_dataset(s, body, id);
}

/* All of the rows, which are hashed when they are opened. */
static void assert_whole(const e2e_server *s, const char *id, int number)
{
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s/rows", id);
    if (r.status != 200)
        ck_abort_msg("%ld %s", r.status, r.body);
    ck_assert_double_eq(e2e_number(r.json, "total"), 4);
    ck_assert_double_eq(e2e_number(r.json, "rows.3.1"), number);
    e2e_reply_free(&r);
}

/* What is left of a file that was not synced. */
static void lose(const char *path, int how)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    if (how == 0)
        ck_assert_int_eq(unlink(path), 0);
    else
        ck_assert_int_eq(truncate(path, 0), 0);
    if (how == 2) /* zeros */
        ck_assert_int_eq(truncate(path, st.st_size), 0);
}

enum { WAYS = 3, MOST = 8 };

/* Stored and lost again and again, until a kill came before the file was settled. */
START_TEST(a_small_dataset_outlives_its_file_that_was_not_synced)
{
    e2e_server *s = e2e_start(NULL);
    char ids[MOST][32], path[400];
    bool met = false;
    for (int k = 0; k < MOST && !met; k++) {
        store(s, k, ids[k]);
        e2e_dataset_file(s, ids[k], path);
        e2e_end(s, SIGKILL);
        met = unsettled(s) > 0;
        if (met)
            lose(path, _i);
        e2e_restart(s, NULL);
        for (int i = 0; i <= k; i++)
            assert_whole(s, ids[i], i);
    }
    ck_assert(met);
    WAIT_UNTIL(unsettled(s) == 0, 60);
    e2e_end(s, SIGKILL);
    e2e_restart(s, NULL);
    assert_whole(s, ids[0], 0);
    e2e_stop(s);
}
END_TEST

/* Each is settled by a row of its own, whether it is still there or not, and whether its content was
 * there before. */
START_TEST(what_is_settled_is_taken_from_the_database_and_stays_on_disk)
{
    enum { MANY = 70 }; /* more than are synced at once */
    e2e_server *s = e2e_start(NULL);
    char ids[MANY][32], twin[32], again[32], path[400], of_twin[400];
    for (int i = 0; i < MANY; i++)
        store(s, i, ids[i]);
    store(s, 3, twin);
    e2e_dataset_file(s, ids[3], path);
    ck_assert_str_eq(e2e_dataset_file(s, twin, of_twin), path);
    for (int i = 0; i < MANY; i += 5) {
        snprintf(path, sizeof path, "/v1/datasets/%s", ids[i]);
        e2e_reply r = e2e_delete(s, path);
        ck_assert_int_eq(r.status, 204);
        e2e_reply_free(&r);
    }
    store(s, 5, again); /* one whose file has just been removed */
    WAIT_UNTIL(unsettled(s) == 0, 60);
    e2e_end(s, SIGKILL);
    e2e_restart(s, NULL);
    for (int i = 0; i < MANY; i++)
        if (i % 5)
            assert_whole(s, ids[i], i);
    assert_whole(s, twin, 3);
    assert_whole(s, again, 5);
    store(s, 7, again); /* is there, and settled: once more */
    assert_whole(s, again, 7);
    e2e_stop(s);
}
END_TEST

/* A file that was damaged later on, and what is sent to mend it. */
START_TEST(data_sent_again_mends_a_damaged_file_and_is_settled_anew)
{
    e2e_server *s = e2e_start(NULL);
    char first[32], second[32], path[400];
    store(s, 1, first);
    WAIT_UNTIL(unsettled(s) == 0, 60);
    lose(e2e_dataset_file(s, first, path), 2);
    store(s, 1, second);
    assert_whole(s, second, 1);
    assert_whole(s, first, 1);
    WAIT_UNTIL(unsettled(s) == 0, 60);
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settle");
    TCase *tc = tcase_create("settle");
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, a_small_dataset_outlives_its_file_that_was_not_synced, 0, WAYS);
    tcase_add_test(tc, what_is_settled_is_taken_from_the_database_and_stays_on_disk);
    tcase_add_test(tc, data_sent_again_mends_a_damaged_file_and_is_settled_anew);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
