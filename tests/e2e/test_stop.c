/* Stopping: by a signal while all kinds of work are under way, while starting, and by a kill in
 * the middle of uploads. What matters is how soon it ends, with which code, and what it leaves.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* ---- stopping with work under way ---- */

/* Holds a long-poll on the job; the caller reads the answer. */
static int hold(const e2e_server *s, const char *job)
{
    char request[256];
    int fd = e2e_connect(s);
    snprintf(request, sizeof request,
             "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", job);
    send_all(fd, request, strlen(request));
    return fd;
}

/* What the server still sent: an answer or nothing, but then an end. */
static void assert_answered_or_closed(int fd, double deadline)
{
    char buf[8192];
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        double left = deadline - e2e_now();
        if (left <= 0 || poll(&p, 1, (int)(left * 1e3) + 1) == 0)
            ck_abort_msg("a connection was neither answered nor closed");
        got = recv(fd, buf + len, sizeof buf - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    buf[len] = '\0';
    if (len && strncmp(buf, "HTTP/1.1 200", 12) != 0)
        ck_abort_msg("answered with %.100s", buf);
    if (len && (!strstr(buf, "\"state\": \"running\"") && !strstr(buf, "\"state\": \"queued\"")))
        ck_abort_msg("answered with %s", buf);
    close(fd);
}

START_TEST(it_stops_within_seconds_whatever_is_under_way)
{
    static const char *const one[] = {"--workers", "1", NULL};
    enum { HELD = 60, QUEUED = 6 };
    int held[HELD], uploads[3];
    char ds[32], running[32], queued[QUEUED][32];
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(200000 / SLOWER, 3, 3);
    upload_csv(s, csv, ds);
    post_job(s, ds, ENDLESS, running);
    for (int i = 0; i < QUEUED; i++)
        post_job(s, ds, "\"epochs\": 2, \"learning_rate\": 0.01, \"batch_size\": 50000", queued[i]);
    WAIT_UNTIL(in_state(s, running, "running"), 30);
    for (int i = 0; i < HELD; i++)
        held[i] = hold(s, i % 2 ? running : queued[i % QUEUED]);
    for (int i = 0; i < 3; i++)
        uploads[i] = begin_upload(s, csv, 100000);
    WAIT_UNTIL(e2e_files_in(s, "tmp") >= 3, 10);
    int idle = e2e_connect(s);

    if (_i == 2)
        kill(s->pid, SIGTERM); /* told twice, it ends no worse */
    end_cleanly(s, _i == 1 ? SIGINT : SIGTERM, 5);
    double deadline = e2e_now() + 1;
    for (int i = 0; i < HELD; i++)
        assert_answered_or_closed(held[i], deadline);
    for (int i = 0; i < 3; i++)
        close(uploads[i]);
    close(idle);
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
    assert_database_sound(s);

    e2e_restart(s, one);
    WAIT_UNTIL(taken_up(s) == 1, 30); /* the row says running all along */
    ck_assert(in_state(s, running, "running"));
    ck_assert_int_eq(count_of(s, "jobs", "&state=queued"), QUEUED);
    ck_assert_int_eq(count_of(s, "datasets", ""), 1);
    cancel(s, running);
    for (int i = 0; i < QUEUED; i++)
        wait_for_end(s, queued[i], "succeeded");
    free(csv);
    finish(s);
}
END_TEST

typedef struct asker {
    const e2e_server *s;
    pthread_t thread;
    atomic_int answers, odd;
} asker;

static void *keep_asking(void *arg)
{
    asker *a = arg;
    for (;;) {
        e2e_reply r = e2e_try(a->s, NULL, "GET", "/healthz", NULL, NULL, 0);
        long status = r.status;
        e2e_reply_free(&r);
        if (status == 0)
            return NULL;
        a->answers += status == 200;
        a->odd += status != 200;
    }
}

/* Connections come and go on every listener thread at the moment of the signal. */
START_TEST(it_stops_cleanly_while_clients_come_and_go)
{
    enum { TIMES = 40, ASKERS = 8 };
    asker askers[ASKERS];
    e2e_server *s = e2e_start(NULL);
    for (int k = 0; k < TIMES; k++) {
        for (int i = 0; i < ASKERS; i++) {
            askers[i].s = s;
            atomic_init(&askers[i].answers, 0);
            atomic_init(&askers[i].odd, 0);
            ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, keep_asking, &askers[i]), 0);
        }
        WAIT_UNTIL(atomic_load(&askers[0].answers) > 2, 10);
        end_cleanly(s, SIGTERM, 5);
        for (int i = 0; i < ASKERS; i++) {
            pthread_join(askers[i].thread, NULL);
            ck_assert_int_eq(askers[i].odd, 0);
        }
        e2e_restart(s, NULL);
    }
    finish(s);
}
END_TEST

/* ---- while a long history is written ---- */

static long long size_of(const e2e_server *s, const char *name)
{
    char path[400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    return stat(path, &st) == 0 ? (long long)st.st_size : 0;
}

START_TEST(it_stops_within_seconds_while_a_long_history_is_written)
{
    static const char *const two[] = {"--workers", "2", NULL};
    char ds[32], jobs[2][32], path[96];
    e2e_server *s = e2e_start(two);
    e2e_dataset(s, "{\"X\": [1, 2, 3, 5], \"y\": [2, 4.1, 6, 8]}", ds);
    for (int i = 0; i < 2; i++)
        post_greedy_job(s, ds, jobs[i]);
    WAIT_UNTIL(size_of(s, "descentd.db-wal") > 3 << 20 || in_state(s, jobs[0], "succeeded"), 60);
    end_cleanly(s, SIGTERM, 5);
    assert_database_sound(s);
    e2e_restart(s, two);
    for (int i = 0; i < 2; i++) {
        wait_for_end(s, jobs[i], "succeeded");
        snprintf(path, sizeof path, "/v1/jobs/%s/history?last=1", jobs[i]);
        e2e_reply r = e2e_get(s, path);
        ck_assert_double_eq(e2e_number(r.json, "recorded"), GREEDY + 1);
        e2e_reply_free(&r);
    }
    finish(s);
}
END_TEST

/* ---- a kill in the middle of uploads ---- */

enum { MOST = 4000 };

typedef struct uploader {
    const e2e_server *s;
    pthread_t thread;
    const char *csv;
    char (*ids)[32];
    int count, odd;
} uploader;

static void *keep_uploading(void *arg)
{
    static const char *const type[] = {"Content-Type: text/csv", NULL};
    uploader *u = arg;
    while (u->count < MOST) {
        e2e_reply r =
            e2e_try(u->s, NULL, "POST", "/v1/datasets?target=y", type, u->csv, strlen(u->csv));
        bool whole = r.status == 201 && r.json;
        u->odd += r.status != 201 && r.status != 0;
        if (whole)
            snprintf(u->ids[u->count++], 32, "%s", e2e_string(r.json, "id"));
        e2e_reply_free(&r);
        if (!whole)
            return NULL;
    }
    return NULL;
}

/* Every dataset that is listed is whole: its file matches its hash, or a job would fail. */
static void assert_datasets_whole(const e2e_server *s)
{
    e2e_reply r = e2e_get(s, "/v1/datasets?limit=1000");
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(r.json, "datasets")) {
        char job[32];
        post_job(s, e2e_string(item, "id"), "\"epochs\": 1", job);
        wait_for_end(s, job, "succeeded");
    }
    e2e_reply_free(&r);
}

START_TEST(a_kill_in_the_middle_of_uploads_leaves_no_half_dataset)
{
    unsigned long long seed = seed_of_the_day("a_kill_in_the_middle_of_uploads") + (unsigned)_i;
    enum { WHOLE = 4, HALF = 6 };
    uploader whole[WHOLE];
    int half[HALF];
    char path[400];
    char *csv = make_csv(6000, 3, 3);
    e2e_server *s = e2e_start(NULL);
    for (int i = 0; i < HALF; i++)
        half[i] = begin_upload(s, csv, 50000 + (size_t)i);
    for (int i = 0; i < WHOLE; i++) {
        whole[i] = (uploader){.s = s, .csv = csv, .ids = calloc(MOST, 32)};
        ck_assert_int_eq(pthread_create(&whole[i].thread, NULL, keep_uploading, &whole[i]), 0);
    }
    WAIT_UNTIL(e2e_files_in(s, "tmp") >= HALF, 10);
    rest((0.1 + 0.3 * draw(&seed)) * SLOWER);
    kill_hard(s);
    ck_assert_int_ge(e2e_files_in(s, "tmp"), HALF); /* the kill did come in the middle */
    for (int i = 0; i < HALF; i++)
        close(half[i]);
    for (int i = 0; i < WHOLE; i++)
        pthread_join(whole[i].thread, NULL);

    /* as if it had been killed between the file and its row, too */
    snprintf(path, sizeof path, "%s/datasets/ds_0never0recorded000", s->dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("whole, but not in the database", f);
    fclose(f);

    e2e_restart(s, NULL);
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), contents_of(s));
    for (int i = 0; i < WHOLE; i++) {
        ck_assert_int_eq(whole[i].odd, 0);
        for (int k = 0; k < whole[i].count; k++) {
            snprintf(path, sizeof path, "/v1/datasets/%s", whole[i].ids[k]);
            e2e_reply r = e2e_get(s, path);
            if (r.status != 200)
                ck_abort_msg("%s was acknowledged and is answered with %ld", path, r.status);
            ck_assert_double_eq(e2e_number(r.json, "rows"), 6000);
            e2e_reply_free(&r);
        }
        free(whole[i].ids);
    }
    assert_datasets_whole(s);
    free(csv);
    finish(s);
}
END_TEST

/* ---- the start ---- */

START_TEST(a_signal_during_the_start_ends_it_and_harms_nothing)
{
    enum { TIMES = 24 };
    unsigned long long seed = seed_of_the_day("a_signal_during_the_start");
    char ds[32], id[32];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(3000, 3, 3);
    upload_csv(s, csv, ds);
    free(csv);
    for (int i = 0; i < 4; i++)
        post_job(s, ds, ENDLESS, id);
    for (int i = 0; i < 20; i++)
        post_job(s, ds, "\"epochs\": 5", id);
    int all = count_of(s, "jobs", "");
    kill_hard(s);
    double began = e2e_now();
    e2e_restart(s, NULL);
    double took = e2e_now() - began;
    kill_hard(s);
    for (int i = 0; i < TIMES; i++) {
        e2e_launch(s, NULL);
        rest(1.3 * took * draw(&seed));
        began = e2e_now();
        int status = e2e_end(s, i % 3 ? SIGTERM : SIGINT);
        took = fmax(took, 0.01);
        if (e2e_now() - began > 5 * SLOWER)
            ck_abort_msg("it took %.1f seconds to end", e2e_now() - began);
        /* before it has looked at signals they end it the hard way */
        bool early =
            WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT);
        if (!early && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
            e2e_print_log(s);
            ck_abort_msg("it ended with status %#x", (unsigned)status);
        }
        assert_database_sound(s);
    }
    e2e_restart(s, NULL);
    ck_assert_int_eq(count_of(s, "jobs", ""), all);
    e2e_reply r = e2e_get(s, "/v1/jobs?limit=1000");
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(r.json, "jobs"))
        if (e2e_number(item, "epochs") > 5)
            cancel(s, e2e_string(item, "id"));
    cJSON_ArrayForEach (item, e2e_at(r.json, "jobs"))
        wait_for_end(s, e2e_string(item, "id"),
                     e2e_number(item, "epochs") > 5 ? "cancelled" : "succeeded");
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stop");
    TCase *tc = tcase_create("stop");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_loop_test(tc, it_stops_within_seconds_whatever_is_under_way, 0, 3);
    tcase_add_test(tc, it_stops_cleanly_while_clients_come_and_go);
    tcase_add_test(tc, it_stops_within_seconds_while_a_long_history_is_written);
    tcase_add_loop_test(tc, a_kill_in_the_middle_of_uploads_leaves_no_half_dataset, 0, 3);
    tcase_add_test(tc, a_signal_during_the_start_ends_it_and_harms_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
