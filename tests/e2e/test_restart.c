/* Durability: what the server has said stays true after it was stopped, killed or started over.
 *
 * Kills come at random moments; the seed is printed, and DESCENTD_SEED gives the same ones again.
 */
#define _GNU_SOURCE
#include "everything.h"
#include "twins.h"

#include <stdatomic.h>

#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>

START_TEST(everything_is_the_same_after_any_end)
{
    static const char *const json_log[] = {"--workers", "2", NULL};
    e2e_server *s = e2e_start(json_log);
    fill(s);
    char *was = everything(s);
    static const struct {
        int signal;
        const char *name;
    } ends[] = {
        {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGKILL, "SIGKILL"}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].signal == SIGKILL)
            kill_hard(s);
        else
            end_cleanly(s, ends[i].signal, 5);
        assert_database_sound(s);
        e2e_restart(s, json_log);
        char *is = everything(s);
        assert_same_text(was, is, ends[i].name);
        free(is);
    }
    free(was);
    finish(s);
}
END_TEST

/* ---- jobs that are killed in the middle ---- */

/* `large` ones on 200,000 rows, the other on 60: many epochs, so that its history thins. */
static const struct {
    bool large;
    const char *spec;
} killed[] = {
    {true, "\"tol\": 0, \"learning_rate\": 0.0005, \"history_points\": 300"},
    {true, "\"tol\": 0, \"learning_rate\": 0.00003, \"batch_size\": 512, \"seed\": 77, "
           "\"history_points\": \"all\""},
    {true, "\"tol\": 0, \"standardize\": false, \"batch_size\": 40000, \"history_points\": 10"},
    {false, "\"tol\": 0, \"learning_rate\": 0.000001, \"history_points\": 1000"},
};
enum { KILLED = sizeof killed / sizeof killed[0], KILLS = 5 };

START_TEST(jobs_killed_in_the_middle_end_as_their_twins_do)
{
    static const char *const two[] = {"--workers", "2", NULL};
    unsigned long long seed = seed_of_the_day("jobs_killed_in_the_middle");
    char large[32], small[32], twin[KILLED][32], subject[KILLED][32], spec[KILLED][512];
    e2e_server *s = e2e_start(two);
    char *csv = make_csv(200000 / SLOWER, 3, 3);
    upload_csv(s, csv, large);
    free(csv);
    csv = make_csv(60, 3, 4);
    upload_csv(s, csv, small);
    free(csv);
    for (int i = 0; i < KILLED; i++) {
        const char *ds = killed[i].large ? large : small;
        snprintf(spec[i], sizeof spec[i], "\"epochs\": %lu, %s",
                 epochs_for(s, ds, killed[i].spec, 1.5), killed[i].spec);
        post_job(s, ds, spec[i], twin[i]);
    }
    for (int i = 0; i < KILLED; i++)
        wait_for_end(s, twin[i], "succeeded");

    for (int i = 0; i < KILLED; i++)
        post_job(s, killed[i].large ? large : small, spec[i], subject[i]);
    WAIT_UNTIL(count_of(s, "jobs", "&state=running") == 2, 10);
    int again = 0;
    for (int k = 0; k < KILLS && count_of(s, "jobs", "&state=running") > 0; k++) {
        rest(0.05 + 0.35 * draw(&seed)); /* the random moment, not a wait for anything */
        kill_hard(s);
        assert_database_sound(s);
        e2e_restart(s, two);
        again += taken_up(s);
    }
    for (int i = 0; i < KILLED; i++)
        wait_for_end(s, subject[i], "succeeded");
    printf("taken up again: %d times\n", again);
    ck_assert_int_ge(again, 1); /* a kill did come in the middle; how many depends on the machine */
    for (int i = 0; i < KILLED; i++)
        assert_twins(s, twin[i], subject[i]);
    finish(s);
}
END_TEST

/* ---- the queue ---- */

static const int any_end[] = {SIGKILL, SIGTERM, SIGINT};
enum { ANY_END = sizeof any_end / sizeof any_end[0] };

START_TEST(queued_jobs_finish_after_a_restart_in_their_order)
{
    static const char *const one[] = {"--workers", "1", NULL};
    enum { JOBS = 12 };
    char ds[32], first[32], ids[JOBS][32], started_before[40] = "";
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(2000, 2, 8);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, first);
    for (int i = 0; i < JOBS; i++)
        post_job(s, ds, i % 2 ? "\"epochs\": 400, \"tol\": 0" : "", ids[i]);
    WAIT_UNTIL(in_state(s, first, "running"), 30);
    e2e_end(s, any_end[_i]);
    e2e_restart(s, one);
    WAIT_UNTIL(in_state(s, first, "running"), 30); /* the one that ran is the first again */
    ck_assert_int_eq(count_of(s, "jobs", "&state=queued"), JOBS);
    cancel(s, first);
    wait_for_end(s, first, "cancelled");
    for (int i = 0; i < JOBS; i++) {
        e2e_reply r = e2e_wait(s, ids[i]);
        ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
        const char *started = e2e_string(r.json, "started_at");
        if (strcmp(started, started_before) < 0)
            ck_abort_msg("job %d started at %s, the one before it at %s", i, started,
                         started_before);
        snprintf(started_before, sizeof started_before, "%s", e2e_string(r.json, "finished_at"));
        e2e_reply_free(&r);
    }
    finish(s);
}
END_TEST

/* ---- what was acknowledged just before a kill ---- */

enum { CLIENTS = 8, MOST = 4000 };

typedef struct client {
    const e2e_server *s;
    pthread_t thread;
    const char *dataset;
    int number;
    char (*kept)[64]; /* paths that were acknowledged as made */
    char (*gone)[64]; /* and as deleted */
    int kept_count, gone_count, odd;
    atomic_int *kept_of_all, *gone_of_all;
} client;

/* The path in Location when the answer came whole and has the status; else false. */
static bool acknowledged(client *c, e2e_reply *r, long status, char path[64])
{
    bool ok = r->status == status && (status == 204 || r->json);
    if (r->status != 0 && r->status != status) {
        printf("unexpected: %ld %s\n", r->status, r->body);
        c->odd++;
    }
    if (ok && status != 204)
        e2e_header(r, "Location", path, 64);
    e2e_reply_free(r);
    return ok;
}

/* Posts jobs with and without inline data, datasets, and deletes some, until nobody answers. */
static void *keep_posting(void *arg)
{
    static const char *const type[] = {"Content-Type: application/json", NULL};
    static const char inline_job[] =
        "{\"dataset\": {\"X\": [1, 2, 4], \"y\": [2, 4.5, 7.25]}, \"epochs\": 30}";
    client *c = arg;
    char job[256], path[64];
    snprintf(job, sizeof job, "{\"dataset_id\": \"%s\", \"epochs\": 20}", c->dataset);
    for (int i = c->number; c->kept_count < MOST; i++) {
        bool dataset = i % 4 == 1;
        const char *body = dataset ? "{\"X\": [1, 2, 3], \"y\": [2, 4, 6.5]}"
                           : i % 4 ? job
                                   : inline_job;
        e2e_reply r = e2e_try(c->s, NULL, "POST", dataset ? "/v1/datasets" : "/v1/jobs", type, body,
                              strlen(body));
        if (!acknowledged(c, &r, dataset ? 201 : 202, path))
            return NULL;
        if (!dataset || i % 8 == 1) {
            memcpy(c->kept[c->kept_count++], path, 64);
            atomic_fetch_add(c->kept_of_all, 1);
            continue;
        }
        r = e2e_try(c->s, NULL, "DELETE", path, NULL, NULL, 0);
        if (!acknowledged(c, &r, 204, NULL))
            return NULL;
        memcpy(c->gone[c->gone_count++], path, 64);
        atomic_fetch_add(c->gone_of_all, 1);
    }
    return NULL;
}

START_TEST(what_was_acknowledged_before_a_kill_is_there_after_it)
{
    static const char *const two[] = {"--workers", "2", NULL};
    unsigned long long seed = seed_of_the_day("what_was_acknowledged") + (unsigned)_i;
    client clients[CLIENTS];
    char ds[32];
    int kept = 0, gone = 0;
    atomic_int made = 0, deleted = 0;
    e2e_server *s = e2e_start(two);
    char *csv = make_csv(500, 2, 8);
    upload_csv(s, csv, ds);
    free(csv);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.s = s,
                              .number = i,
                              .dataset = ds,
                              .kept_of_all = &made,
                              .gone_of_all = &deleted};
        clients[i].kept = calloc(MOST, sizeof *clients[i].kept);
        clients[i].gone = calloc(MOST, sizeof *clients[i].gone);
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, keep_posting, &clients[i]), 0);
    }
    for (double end = e2e_now() + 60; atomic_load(&made) < 20 || atomic_load(&deleted) < 1;) {
        ck_assert(e2e_now() < end);
        rest(0.001);
    }
    rest(0.5 * draw(&seed) * SLOWER);
    kill_hard(s);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    assert_database_sound(s);
    e2e_restart(s, two);
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];
        ck_assert_int_eq(c->odd, 0);
        for (int k = 0; k < c->kept_count + c->gone_count; k++) {
            bool is_made = k < c->kept_count;
            const char *path = is_made ? c->kept[k] : c->gone[k - c->kept_count];
            e2e_reply r = e2e_get(s, path);
            if (r.status != (is_made ? 200 : 404))
                ck_abort_msg("%s was acknowledged as %s, but is answered with %ld", path,
                             is_made ? "made" : "deleted", r.status);
            e2e_reply_free(&r);
        }
        kept += c->kept_count;
        gone += c->gone_count;
    }
    printf("acknowledged before the kill: %d made, %d deleted\n", kept, gone);
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; k < clients[i].kept_count; k++)
            if (strncmp(clients[i].kept[k], "/v1/jobs/", 9) == 0)
                wait_for_end(s, clients[i].kept[k] + 9, "succeeded");
        free(clients[i].kept);
        free(clients[i].gone);
    }
    /* jobs that were stored but whose answer was lost end too */
    WAIT_UNTIL(count_of(s, "jobs", "&state=queued") + count_of(s, "jobs", "&state=running") == 0,
               60);
    finish(s);
}
END_TEST

/* ---- damage ---- */

static void damage(const char *path, int how)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    FILE *f = fopen(path, "r+");
    switch (how) {
    case 0: /* one bit of one number */
        fseek(f, 4096 + 803, SEEK_SET);
        fputc(fgetc(f) ^ 1, (fseek(f, -1, SEEK_CUR), f));
        fclose(f);
        return;
    case 1: /* cut */
        fclose(f);
        ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
        return;
    case 2: /* emptied */
        fclose(f);
        ck_assert_int_eq(truncate(path, 0), 0);
        return;
    default: /* gone */
        fclose(f);
        ck_assert_int_eq(unlink(path), 0);
    }
}

START_TEST(a_dataset_damaged_while_it_was_down_fails_its_jobs_and_nothing_else)
{
    static const char *const one[] = {"--workers", "1", NULL};
    char bad[32], good[32], running[32], queued[2][32], later[32], fine[32], file[400];
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(3000, 3, 3), *other = make_csv(3000, 3, 4);
    upload_csv(s, csv, bad);
    upload_csv(s, other, good);
    free(other);
    post_job(s, bad, ENDLESS, running);
    post_job(s, bad, "", queued[0]);
    post_job(s, bad, "", queued[1]);
    WAIT_UNTIL(in_state(s, running, "running"), 30);
    e2e_dataset_file(s, bad, file);
    kill_hard(s);
    damage(file, _i);
    e2e_restart(s, one);
    post_job(s, good, "", fine);
    post_job(s, bad, "", later);
    wait_for_end(s, fine, "succeeded");
    const char *const failed[] = {running, queued[0], queued[1], later};
    for (int i = 0; i < 4; i++) {
        e2e_reply r = e2e_wait(s, failed[i]);
        ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
        const char *detail = e2e_string(r.json, "error.detail");
        if (!strstr(detail, bad) || (!strstr(detail, "damaged") && !strstr(detail, "opened")))
            ck_abort_msg("the error does not say what happened: %s", detail);
        ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
        e2e_reply_free(&r);
    }
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    delete_item(s, "datasets", bad); /* it can be got rid of */
    upload_csv(s, csv, bad);         /* and uploaded again */
    post_job(s, bad, "", later);
    wait_for_end(s, later, "succeeded");
    free(csv);
    finish(s);
}
END_TEST

/* ---- two at once ---- */

START_TEST(a_second_server_on_the_same_data_is_refused_and_the_first_unharmed)
{
    char ds[32], id[32], line[512] = "";
    e2e_server *s = e2e_start(NULL), second = *s;
    char *csv = make_csv(100, 1, 3);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, id);
    WAIT_UNTIL(in_state(s, id, "running"), 30);
    int half = begin_upload(s, "x0,y\n1,2\n3,4\n", 13);
    WAIT_UNTIL(e2e_files_in(s, "tmp") >= 1, 10);

    snprintf(second.log, sizeof second.log, "%.270s.second", s->log);
    second.pid = 0;
    e2e_launch(&second, NULL);
    int status = 0;
    WAIT_UNTIL(waitpid(second.pid, &status, WNOHANG) == second.pid, 20);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    FILE *f = fopen(second.log, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    fclose(f);
    if (!strstr(line, "another") || !strstr(line, s->dir))
        ck_abort_msg("it does not say why: %s", line);

    ck_assert_int_ge(e2e_files_in(s, "tmp"), 1); /* not cleaned away under the first one */
    send_all(half, "0\r\n\r\n", 5);
    char answer[13] = "";
    ck_assert_int_eq(recv(half, answer, 12, MSG_WAITALL), 12);
    ck_assert_str_eq(answer, "HTTP/1.1 201");
    close(half);
    ck_assert(in_state(s, id, "running"));
    cancel(s, id);
    wait_for_end(s, id, "cancelled");
    finish(s);
}
END_TEST

static long size_of_database(const e2e_server *s)
{
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(stat(path, &st), 0);
    return (long)st.st_size;
}

/* Pages that nothing is in, as many deletions leave them. */
static void leave_empty_pages(const e2e_server *s, int megabytes)
{
    char path[300], sql[200];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(sql, sizeof sql,
             "CREATE TABLE gone (b BLOB); INSERT INTO gone VALUES (zeroblob(%d)); DROP TABLE gone;",
             megabytes << 20);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(a_database_that_is_nearly_empty_is_made_small_at_the_start)
{
    char ds[32], job[32];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(60, 3, 4);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, "\"epochs\": 100", job);
    wait_for_end(s, job, "succeeded");
    ck_assert_int_eq(e2e_end(s, SIGTERM), 0);
    leave_empty_pages(s, 20);
    e2e_restart(s, NULL);
    ck_assert_int_gt(size_of_database(s), 20 << 20); /* not worth it: they are used again */
    kill_hard(s);
    leave_empty_pages(s, 80);
    e2e_restart(s, NULL);
    ck_assert_int_lt(size_of_database(s), 4 << 20);
    wait_for_end(s, job, "succeeded");
    post_job(s, ds, "\"epochs\": 100", job);
    wait_for_end(s, job, "succeeded");
    assert_database_sound(s);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("restart");
    TCase *tc = tcase_create("restart");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, everything_is_the_same_after_any_end);
    tcase_add_test(tc, jobs_killed_in_the_middle_end_as_their_twins_do);
    tcase_add_loop_test(tc, queued_jobs_finish_after_a_restart_in_their_order, 0, ANY_END);
    tcase_add_loop_test(tc, what_was_acknowledged_before_a_kill_is_there_after_it, 0, 3);
    tcase_add_loop_test(tc, a_dataset_damaged_while_it_was_down_fails_its_jobs_and_nothing_else, 0,
                        4);
    tcase_add_test(tc, a_database_that_is_nearly_empty_is_made_small_at_the_start);
    tcase_add_test(tc, a_second_server_on_the_same_data_is_refused_and_the_first_unharmed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
