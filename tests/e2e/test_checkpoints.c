/* Progress that is damaged in the database while the server is down: a job does not train on it. It
 * begins anew and ends as its twin does, bit for bit, and says so.
 */
#define _GNU_SOURCE
#include "twins.h"

static sqlite3 *open_database(const e2e_server *s)
{
    char path[300];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static sqlite3_int64 number_of(sqlite3 *db, const char *sql, const char *job)
{
    sqlite3_stmt *q;
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    sqlite3_bind_text(q, 1, job, -1, NULL);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    sqlite3_int64 n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void run_sql(sqlite3 *db, const char *sql, const char *job)
{
    sqlite3_stmt *q;
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_bind_text(q, 1, job, -1, NULL);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_DONE);
    ck_assert_int_gt(sqlite3_changes(db), 0);
    sqlite3_finalize(q);
}

/* ---- what is done to it ---- */

/* A bit of its checkpoint, `at` of the way through it. */
static void flip(sqlite3 *db, const char *job, double at)
{
    sqlite3_blob *blob;
    unsigned char byte;
    sqlite3_int64 seq = number_of(db, "SELECT seq FROM jobs WHERE id = ?", job);
    ck_assert_int_eq(sqlite3_blob_open(db, "main", "jobs", "checkpoint", seq, 1, &blob), SQLITE_OK);
    int place = (int)(at * sqlite3_blob_bytes(blob));
    ck_assert_int_eq(sqlite3_blob_read(blob, &byte, 1, place), SQLITE_OK);
    byte ^= 0x10;
    ck_assert_int_eq(sqlite3_blob_write(blob, &byte, 1, place), SQLITE_OK);
    sqlite3_blob_close(blob);
}

static void leave(sqlite3 *db, const char *job)
{
    (void)db, (void)job;
}

static void flip_in_the_middle(sqlite3 *db, const char *job)
{
    flip(db, job, 0.5);
}

static void flip_the_last_byte(sqlite3 *db, const char *job)
{
    flip(db, job, 0.9999);
}

static void cut_off(sqlite3 *db, const char *job)
{
    run_sql(db,
            "UPDATE jobs SET checkpoint = substr(checkpoint, 1, length(checkpoint) / 2) "
            "WHERE id = ?",
            job);
}

static void lose(sqlite3 *db, const char *job)
{
    run_sql(db, "UPDATE jobs SET checkpoint = NULL WHERE id = ?", job);
}

static void change_a_part(sqlite3 *db, const char *job)
{
    run_sql(db,
            "UPDATE parts SET result = replace(result, '1', '2') WHERE part = 0 AND job = "
            "(SELECT seq FROM jobs WHERE id = ?)",
            job);
}

/* As one of an earlier release, which had no sums; the first number, which points are spaced by, is
 * 0. */
static void zero_without_a_sum(sqlite3 *db, const char *job)
{
    sqlite3_blob *blob;
    const double zero = 0;
    sqlite3_int64 seq = number_of(db, "SELECT seq FROM jobs WHERE id = ?", job);
    run_sql(db, "UPDATE jobs SET checkpoint_sha256 = NULL WHERE id = ?", job);
    ck_assert_int_eq(sqlite3_blob_open(db, "main", "jobs", "checkpoint", seq, 1, &blob), SQLITE_OK);
    ck_assert_int_eq(sqlite3_blob_write(blob, &zero, sizeof zero, 0), SQLITE_OK);
    sqlite3_blob_close(blob);
}

static void forget_the_sum(sqlite3 *db, const char *job)
{
    run_sql(db, "UPDATE jobs SET checkpoint_sha256 = NULL WHERE id = ?", job);
}

#define ADAM "\"optimizer\": \"adam\", \"batch_size\": 32"
#define FOLDS "\"cross_validation\": 3, \"cost\": \"huber\""
#define SNAPSHOTS "\"cost\": \"huber\", \"record_parameters\": 4, \"history_points\": 20"

static const struct {
    const char *spec;
    int parts; /* that have ended before it is killed */
    void (*damage)(sqlite3 *db, const char *job);
    bool goes_on;
} damages[] = {
    {ADAM, 0, leave, true},
    {ADAM, 0, forget_the_sum, true},
    {ADAM, 0, flip_in_the_middle, false},
    {"\"optimizer\": \"momentum\", \"cost\": \"huber\"", 0, flip_the_last_byte, false},
    {SNAPSHOTS, 0, cut_off, false},
    {ADAM, 0, lose, false},
    {ADAM, 0, zero_without_a_sum, false},
    {FOLDS, 1, leave, true},
    {FOLDS, 1, flip_in_the_middle, false},
    {FOLDS, 1, change_a_part, false},
};
enum { DAMAGES = sizeof damages / sizeof damages[0] };

/* Posts the job and kills the server once the job has progress that is stored, and as many parts;
 * again, where it has ended before that. */
static void kill_in_the_middle(e2e_server *s, const char *ds, const char *spec, int parts,
                               char *job)
{
    sqlite3 *db = open_database(s);
    sqlite3_int64 ended;
    for (;;) {
        post_job(s, ds, spec, job);
        WAIT_UNTIL(
            (ended = number_of(db, "SELECT finished_at IS NOT NULL FROM jobs WHERE id = ?", job)) ||
                (number_of(db,
                           "SELECT checkpoint IS NOT NULL AND epoch > 1 FROM jobs WHERE "
                           "id = ?",
                           job) &&
                 number_of(db,
                           "SELECT count(*) FROM parts WHERE job = (SELECT seq FROM jobs "
                           "WHERE id = ?)",
                           job) >= parts),
            60);
        if (ended)
            continue;
        kill_hard(s);
        if (number_of(db, "SELECT checkpoint IS NOT NULL FROM jobs WHERE id = ?", job))
            break;
        e2e_restart(s, NULL);
    }
    sqlite3_close(db);
}

START_TEST(a_job_whose_progress_is_damaged_ends_as_its_twin_does)
{
    char ds[32], twin[32], job[32], tail[200], spec[300];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(2000, 3, 5);
    upload_csv(s, csv, ds);
    free(csv);
    snprintf(tail, sizeof tail, "\"tol\": 0, \"learning_rate\": 0.0001, %s", damages[_i].spec);
    snprintf(spec, sizeof spec, "\"epochs\": %lu, %s",
             epochs_for(s, ds, tail, damages[_i].parts ? 0.25 : 0.5), tail);
    post_job(s, ds, spec, twin);
    wait_for_end(s, twin, "succeeded");
    kill_in_the_middle(s, ds, spec, damages[_i].parts, job);
    sqlite3 *db = open_database(s);
    damages[_i].damage(db, job);
    sqlite3_close(db);
    e2e_restart(s, NULL);
    wait_for_end(s, job, "succeeded");
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    const cJSON *note = e2e_at(r.json, "note");
    ck_assert_int_eq(taken_up(s), damages[_i].goes_on || damages[_i].damage == zero_without_a_sum);
    ck_assert_int_eq(log_says(s, "job begins anew", "") == 0, damages[_i].goes_on);
    if (damages[_i].goes_on)
        ck_assert(cJSON_IsNull(note));
    else
        ck_assert_msg(cJSON_IsString(note) && strstr(note->valuestring, "began anew"), "%s",
                      r.body);
    e2e_reply_free(&r);
    assert_twins(s, twin, job);
    finish(s);
}
END_TEST

/* The models of its groups may be in use. A checkpoint that is damaged fails the job; where it is
 * whole as far as can be told, but not of this run, its group begins anew. */
START_TEST(models_of_groups_stay)
{
    enum { GROUPS = 8 };
    char ds[32], job[32], *csv = malloc(100000), *at = csv;
    unsigned long long seed = 3;
    e2e_server *s = e2e_start(NULL);
    at += sprintf(at, "g,x,y\n");
    for (int i = 0; i < 100 * GROUPS; i++)
        at += sprintf(at, "%d,%.4f,%.4f\n", i % GROUPS, draw(&seed), draw(&seed));
    upload_csv(s, csv, ds);
    free(csv);
    kill_in_the_middle(s, ds,
                       "\"group_by\": \"g\", \"cost\": \"huber\", \"tol\": 0, \"learning_rate\": "
                       "1e-6, \"epochs\": 20000",
                       2, job);
    sqlite3 *db = open_database(s);
    if (_i)
        zero_without_a_sum(db, job);
    else
        flip(db, job, 0.3);
    sqlite3_int64 made = number_of(db, "SELECT count(*) FROM models WHERE job_id = ?", job);
    ck_assert_int_ge(made, 2);
    sqlite3_close(db);
    e2e_restart(s, NULL);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), _i ? "succeeded" : "failed");
    if (_i == 0)
        ck_assert_msg(
            strstr(e2e_string(r.json, "error.detail"), "damaged; the models of the groups") != NULL,
            "%s", r.body);
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/models?limit=1000");
    int count = 0;
    const cJSON *model;
    cJSON_ArrayForEach (model, e2e_at(r.json, "models"))
        count += strcmp(e2e_string(model, "job_id"), job) == 0;
    e2e_reply_free(&r);
    ck_assert_int_eq(count, _i ? GROUPS : made);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoints");
    TCase *tc = tcase_create("checkpoints");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, a_job_whose_progress_is_damaged_ends_as_its_twin_does, 0, DAMAGES);
    tcase_add_loop_test(tc, models_of_groups_stay, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
