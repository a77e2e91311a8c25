/* Disks that are full, read-only or broken, syncs that fail, descriptors that are used up, a
 * database that somebody else holds, a clock that jumps: all is refused with a clear status and
 * leaves nothing, the server lives on and goes on by itself when the fault is gone, and running
 * jobs end with the result that they would have had.
 *
 * Faults come through a library that is preloaded into the real binary (tests/support/faults.c).
 * Run: ctest --preset dev -R e2e_faults, or CK_RUN_CASE=faults build/dev/tests/e2e_faults.
 */
#define _GNU_SOURCE
#include "faulty.h"

#include <curl/curl.h>
#include <sys/resource.h>

#define PLENTY 1000000000

/* ---- disks ---- */

enum {
    CHANGES = FAULT_WRITE | FAULT_CREATE | FAULT_RENAME | FAULT_TRUNCATE,
    DESCRIPTORS = FAULT_OPEN | FAULT_CREATE
};

static const struct {
    const char *name;
    unsigned calls;
    int error;
    long status;
    const char *type;
} disks[] = {
    {"a full disk", CHANGES, ENOSPC, 507, "no-space"},
    {"a used-up quota", CHANGES, EDQUOT, 507, "no-space"},
    {"a read-only disk", CHANGES | FAULT_SYNC, EROFS, 503, "unavailable"},
    {"a broken disk", CHANGES, EIO, 500, "internal"},
    {"syncs that fail", FAULT_SYNC, EIO, 500, "internal"},
};

static void assert_status(const e2e_reply *r, long status, const char *type, const char *what)
{
    char after[16];
    if (r->status != status || !r->json || !strstr(e2e_string(r->json, "type"), type))
        ck_abort_msg("%s: %ld %s, not %ld", what, r->status, r->body, status);
    if (status == 503)
        ck_assert_str_eq(e2e_header(r, "Retry-After", after, sizeof after), "1");
}

static void refuses(const e2e_server *s, int disk, const char *method, const char *path,
                    const char *type, const char *body)
{
    const char *const headers[] = {type, "Upload-Offset: 0", NULL};
    e2e_reply r = e2e_request(s, method, path, headers, body, strlen(body));
    assert_status(&r, disks[disk].status, disks[disk].type, path);
    e2e_reply_free(&r);
}

static void assert_reads_work(const e2e_server *s, const char *job)
{
    static const char *const paths[] = {"/healthz", "/v1/datasets", "/v1/jobs", "/v1/models"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        e2e_reply r = e2e_get(s, paths[i]);
        if (r.status != 200)
            ck_abort_msg("GET %s: %ld %s", paths[i], r.status, r.body);
        e2e_reply_free(&r);
    }
    ck_assert(in_state(s, job, "running"));
}

static void begin_upload_in_pieces(const e2e_server *s, char id[32])
{
    static const char *const csv[] = {"Content-Type: text/csv", NULL};
    e2e_reply r = e2e_request(s, "POST", "/v1/uploads?target=y", csv, "", 0);
    if (r.status != 201)
        ck_abort_msg("POST /v1/uploads: %ld %s", r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

static long offset_of(const e2e_server *s, const char *upload)
{
    char text[32];
    e2e_reply r = e2e_getf(s, "/v1/uploads/%s", upload);
    ck_assert_int_eq(r.status, 200);
    long offset = strtol(e2e_header(&r, "Upload-Offset", text, sizeof text), NULL, 10);
    e2e_reply_free(&r);
    return offset;
}

/* Sends bytes of an upload; the status. */
static long send_piece(const e2e_server *s, const char *upload, long offset, const char *bytes,
                       size_t n)
{
    char path[96], at[48];
    snprintf(path, sizeof path, "/v1/uploads/%s", upload);
    snprintf(at, sizeof at, "Upload-Offset: %ld", offset);
    const char *const headers[] = {at, "Content-Type: application/octet-stream", NULL};
    e2e_reply r = e2e_request(s, "PATCH", path, headers, bytes, n);
    long status = r.status;
    e2e_reply_free(&r);
    return status;
}

static const char *parameters(const e2e_server *s, const char *job, char *text, size_t size)
{
    e2e_reply j = e2e_wait(s, job);
    if (strcmp(e2e_string(j.json, "state"), "succeeded") != 0)
        ck_abort_msg("%s", j.body);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(j.json, "model_id"));
    char *parameters = cJSON_PrintUnformatted(e2e_at(m.json, "parameters"));
    snprintf(text, size, "%s", parameters);
    free(parameters);
    e2e_reply_free(&m);
    e2e_reply_free(&j);
    return text;
}

START_TEST(a_disk_that_fails_is_told_and_outlived)
{
    static const char *const three[] = {"--workers", "3", NULL};
    static const char work[] = "\"epochs\": 300000, \"tol\": 0, \"optimizer\": \"adam\"";
    char ds[32], idle[32], slow[32], job[32], timed[32], twin[32], upload[32], path[96], body[128],
        one[512], other[512];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(three);
    char *csv = make_csv(300, 2, 3);
    upload_csv(s, csv, ds);
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 3, 4]}", idle);
    begin_upload_in_pieces(s, upload);
    post_job(s, ds, ENDLESS, slow);
    post_job(s, ds, work, job);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    post_job(s, ds, ENDLESS ", \"max_seconds\": 2", timed);

    faults_on(disks[_i].calls, disks[_i].error, s->dir, 0, PLENTY);
    for (int turn = 0; turn < 2; turn++) {
        refuses(s, _i, "POST", "/v1/datasets?target=y", "Content-Type: text/csv", csv);
        refuses(s, _i, "POST", "/v1/datasets", "Content-Type: application/json",
                "{\"X\": [1, 2], \"y\": [1, 3]}");
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"epochs\": 5}", ds);
        refuses(s, _i, "POST", "/v1/jobs", "Content-Type: application/json", body);
        snprintf(path, sizeof path, "/v1/uploads/%s", upload);
        refuses(s, _i, "PATCH", path, "Content-Type: application/octet-stream", csv);
        snprintf(path, sizeof path, "/v1/jobs/%s/cancel", slow);
        refuses(s, _i, "POST", path, "Content-Type: application/json", "");
        snprintf(path, sizeof path, "/v1/datasets/%s", idle);
        refuses(s, _i, "DELETE", path, "Content-Type: application/json", "");
        assert_reads_work(s, slow);
    }
    WAIT_UNTIL(log_says(s, "job result not saved", timed) > 0, 30);
    WAIT_UNTIL(log_says(s, "not saved", slow) > 0, 30);
    ck_assert(!in_state(s, timed, "succeeded"));
    ck_assert_int_gt(atomic_load(&switches->hits), 0);
    faults_off();

    wait_for_end(s, timed, "succeeded");
    ck_assert_int_eq(count_of(s, "datasets", ""), 2);
    ck_assert_int_eq(offset_of(s, upload), 0); /* nothing that was refused is said to be safe */
    ck_assert_int_eq(send_piece(s, upload, 0, csv, strlen(csv)), 204);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish", upload);
    e2e_reply r = e2e_request(s, "POST", path, NULL, "", 0);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
    post_job(s, ds, work, twin);
    ck_assert_str_eq(parameters(s, job, one, sizeof one), parameters(s, twin, other, sizeof other));
    ck_assert_int_eq(count_of(s, "jobs", ""), 4);
    free(csv);
    finish_faulty(s);
}
END_TEST

/* The system tells of a failed sync once; the next one succeeds, and what should have been written
 * is lost all the same. */
START_TEST(what_a_failed_sync_was_to_keep_is_not_acknowledged_by_the_next)
{
    char upload[32], path[96], job[32], ds[32], sha[80];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(NULL);
    char *csv = make_csv(3000, 3, 5);
    size_t n = strlen(csv), half = n / 2;
    upload_csv(s, csv, ds);
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", ds);
    snprintf(sha, sizeof sha, "%s", e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
    begin_upload_in_pieces(s, upload);
    ck_assert_int_eq(send_piece(s, upload, 0, csv, half), 204);
    faults_on(FAULT_SYNC, EIO, "/uploads/", 0, 1);
    ck_assert_int_eq(send_piece(s, upload, half, csv + half, n - half), 500);
    ck_assert_int_eq(atomic_load(&switches->hits), 1);
    ck_assert_int_eq(offset_of(s, upload), half);
    ck_assert_int_eq(send_piece(s, upload, half, csv + half, n - half), 204);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish", upload);
    /* each sync of the way in turn: that of the file, of its folder, of the database */
    int failed = 0;
    for (;; failed++) {
        faults_on(FAULT_SYNC, EIO, s->dir, failed, 1);
        r = e2e_request(s, "POST", path, NULL, "", 0);
        if (r.status != 500)
            break;
        e2e_reply_free(&r);
        r = e2e_getf(s, "/v1/uploads/%s", upload);
        ck_assert_str_eq(e2e_string(r.json, "state"), "open");
        e2e_reply_free(&r);
    }
    faults_off();
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "sha256"), sha);
    ck_assert_int_ge(failed, 3);
    e2e_reply_free(&r);
    /* a job whose commit failed is none, after a crash either */
    faults_on(FAULT_SYNC, EIO, "descentd.db", 0, PLENTY);
    snprintf(path, sizeof path, "{\"dataset_id\": \"%s\"}", ds);
    r = e2e_post(s, "/v1/jobs", path);
    e2e_problem(&r, 500, "internal");
    e2e_reply_free(&r);
    faults_off();
    ck_assert_int_eq(count_of(s, "jobs", ""), 0);
    post_job(s, ds, "\"epochs\": 5", job);
    kill_hard(s);
    e2e_restart(s, NULL);
    wait_for_end(s, job, "succeeded");
    ck_assert_int_eq(count_of(s, "jobs", ""), 1);
    free(csv);
    finish_faulty(s);
}
END_TEST

/* ---- descriptors ---- */

/* The first that is free of those that the server has. */
static rlim_t first_free(pid_t pid)
{
    char path[64];
    for (rlim_t n = 0;; n++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, (int)n);
        if (access(path, F_OK) != 0 && errno == ENOENT)
            return n;
    }
}

START_TEST(descriptors_that_are_used_up_are_waited_for)
{
    static const char body[] = "{\"X\": [1, 2], \"y\": [1, 3]}";
    char ds[32], job[32], late[128], after[16];
    e2e_server *s = e2e_start(NULL);
    CURL *kept = curl_easy_init();
    e2e_dataset(s, body, ds);
    post_job(s, ds, ENDLESS, job);
    WAIT_UNTIL(in_state(s, job, "running"), 30);
    e2e_reply r = e2e_try(s, kept, "GET", "/healthz", NULL, NULL, 0);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    struct rlimit before, none;
    ck_assert_int_eq(prlimit(s->pid, RLIMIT_NOFILE, NULL, &before), 0);
    none = before;
    none.rlim_cur = first_free(s->pid);
    ck_assert_int_eq(prlimit(s->pid, RLIMIT_NOFILE, &none, NULL), 0);
    int waiting = e2e_connect(s); /* the system accepts it, the server can't */
    send_all(waiting, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 35);
    /* a connection that is there is served: what needs a file is told to come again */
    static const char *const json[] = {"Content-Type: application/json", NULL};
    for (int i = 0; i < 3; i++) {
        r = e2e_try(s, kept, "POST", "/v1/datasets", json, body, strlen(body));
        e2e_problem(&r, 503, "unavailable");
        ck_assert_str_eq(e2e_header(&r, "Retry-After", after, sizeof after), "1");
        e2e_reply_free(&r);
        r = e2e_try(s, kept, "GET", "/v1/jobs", NULL, NULL, 0);
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(prlimit(s->pid, RLIMIT_NOFILE, &before, NULL), 0);
    struct timeval most = {.tv_sec = 30 * SLOWER};
    setsockopt(waiting, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    ssize_t n = recv(waiting, late, sizeof late, 0);
    ck_assert_int_gt(n, 15);
    ck_assert_int_eq(memcmp(late, "HTTP/1.1 200 OK", 15), 0);
    close(waiting);
    curl_easy_cleanup(kept);
    e2e_dataset(s, body, ds);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

START_TEST(a_job_that_finds_no_descriptor_begins_when_there_is_one)
{
    char ds[32], job[32];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(NULL);
    char *csv = make_csv(300, 2, 3);
    upload_csv(s, csv, ds);
    free(csv);
    faults_on(FAULT_OPEN, EMFILE, "/datasets/", 0, PLENTY);
    post_job(s, ds, "\"epochs\": 5", job);
    WAIT_UNTIL(log_says(s, "can't begin yet", job) > 0, 30);
    faults_off();
    wait_for_end(s, job, "succeeded");
    finish_faulty(s);
}
END_TEST

/* ---- the database ---- */

START_TEST(a_database_that_another_process_holds_is_waited_for_then_told)
{
    char ds[32], job[32], path[300], body[128];
    sqlite3 *other;
    e2e_server *s = e2e_start(NULL);
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [1, 3]}", ds);
    post_job(s, ds, ENDLESS, job);
    WAIT_UNTIL(in_state(s, job, "running"), 30);
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 20000);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"epochs\": 5}", ds);
    /* those who want to write are told soon, again and again, and hold up nobody: had each waited
     * for seconds, it would be minutes until here */
    double end = e2e_now() + 40 * SLOWER;
    for (int i = 0; i < 30; i++) {
        e2e_reply r = e2e_post(s, "/v1/jobs", body);
        assert_status(&r, 503, "unavailable", "a locked database");
        e2e_reply_free(&r);
        assert_reads_work(s, job);
    }
    ck_assert_double_lt(e2e_now(), end);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    char after[32];
    e2e_job(s, body, after);
    wait_for_end(s, after, "succeeded");
    ck_assert_int_eq(count_of(s, "jobs", ""), 2);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

/* ---- the clock ---- */

static long state_of_upload(const e2e_server *s, const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/uploads/%s", id);
    long status = r.status;
    e2e_reply_free(&r);
    return status;
}

START_TEST(a_clock_that_jumps_moves_no_deadline)
{
    enum { DAY = 86400 };
    static const char *const expiry[] = {"--upload-expiry", "600", NULL};
    static const char *const soon[] = {"--upload-expiry", "1", NULL};
    static const int jumps[] = {30 * DAY, -30 * DAY, 0};
    char ds[32], job[32], slow[32], upload[32];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(expiry);
    e2e_dataset(s, "{\"X\": [1, 2, 4], \"y\": [1, 3, 4]}", ds);
    begin_upload_in_pieces(s, upload);
    post_job(s, ds, ENDLESS, slow);
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        atomic_store(&switches->jump, jumps[i]);
        post_job(s, ds, ENDLESS ", \"max_seconds\": 0.2", job);
        double began = e2e_now();
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s?wait=1", slow);
        ck_assert_str_eq(e2e_string(r.json, "state"), "running");
        ck_assert_double_ge(e2e_now() - began, 0.9);
        e2e_reply_free(&r);
        r = e2e_wait(s, job);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "max_seconds");
        ck_assert_double_ge(e2e_number(r.json, "seconds"), 0.2);
        ck_assert_double_le(e2e_number(r.json, "seconds"), 60 * SLOWER);
        e2e_reply_free(&r);
        ck_assert_int_eq(send_piece(s, upload, (long)i, "y", 1), 204); /* and it looks again */
        ck_assert_int_eq(state_of_upload(s, upload), 200);
    }
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
    /* what expires does so however the clock stands */
    end_cleanly(s, SIGTERM, 20);
    setenv("LD_PRELOAD", FAULTS, 1);
    e2e_restart(s, soon);
    unsetenv("LD_PRELOAD");
    for (size_t i = 0; i < 2; i++) {
        atomic_store(&switches->jump, 0);
        begin_upload_in_pieces(s, upload);
        atomic_store(&switches->jump, jumps[i]);
        WAIT_UNTIL(state_of_upload(s, upload) == 404, 30);
    }
    finish_faulty(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tc = tcase_create("faults");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, a_disk_that_fails_is_told_and_outlived, 0,
                        sizeof disks / sizeof disks[0]);
    tcase_add_test(tc, what_a_failed_sync_was_to_keep_is_not_acknowledged_by_the_next);
    tcase_add_test(tc, descriptors_that_are_used_up_are_waited_for);
    tcase_add_test(tc, a_job_that_finds_no_descriptor_begins_when_there_is_one);
    tcase_add_test(tc, a_database_that_another_process_holds_is_waited_for_then_told);
    tcase_add_test(tc, a_clock_that_jumps_moves_no_deadline);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
