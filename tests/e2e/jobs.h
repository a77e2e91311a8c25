/* jobs: what the tests of durability and of many clients share: data, jobs that run as long as
 * they are needed, waiting for conditions, and a look at the process and its database.
 */
#ifndef JOBS_H
#define JOBS_H

#include "e2e.h"
#include "slower.h"
#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* Waits until the condition holds; fails the test when it has not within `seconds`. */
#define WAIT_UNTIL(condition, seconds)                                                             \
    do {                                                                                           \
        double end_ = e2e_now() + (seconds)*SLOWER;                                                \
        while (!(condition)) {                                                                     \
            if (e2e_now() > end_)                                                                  \
                ck_abort_msg("waited %g seconds for: %s", (double)(seconds)*SLOWER, #condition);   \
            rest(0.004);                                                                           \
        }                                                                                          \
    } while (0)

static UNUSED void rest(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    nanosleep(&t, NULL);
}

/* ---- random numbers with a seed ---- */

static UNUSED double draw(unsigned long long *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* From DESCENTD_SEED, or the time; printed, so that a failure can be had again. */
static UNUSED unsigned long long seed_of_the_day(const char *test)
{
    const char *given = getenv("DESCENTD_SEED");
    unsigned long long seed = given
                                  ? strtoull(given, NULL, 10)
                                  : (unsigned long long)time(NULL) * 1000003u + (unsigned)getpid();
    printf("%s: DESCENTD_SEED=%llu\n", test, seed);
    fflush(stdout);
    return seed;
}

/* ---- data ---- */

/* CSV of `rows` rows x `cols` features and a target y that depends on them, nearly. */
static UNUSED char *make_csv(size_t rows, size_t cols, unsigned long long seed)
{
    size_t room = rows * (cols + 1) * 12 + cols * 8 + 64, at = 0;
    char *csv = malloc(room);
    for (size_t j = 0; j < cols; j++)
        at += (size_t)sprintf(csv + at, "x%zu,", j);
    at += (size_t)sprintf(csv + at, "y\n");
    for (size_t i = 0; i < rows; i++) {
        double y = 1.75;
        for (size_t j = 0; j < cols; j++) {
            double x = 4 * draw(&seed) - 1;
            y += (0.5 + 0.7 * (double)j) * x;
            at += (size_t)sprintf(csv + at, "%.4f,", x);
        }
        at += (size_t)sprintf(csv + at, "%.4f\n", y + draw(&seed) - 0.5);
    }
    return csv;
}

/* Uploads it and writes its id (32 bytes). */
static UNUSED void upload_csv(const e2e_server *s, const char *csv, char *id)
{
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    if (r.status != 201)
        ck_abort_msg("POST /v1/datasets: %ld %s", r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

/* Sparse rows of two classes, two values in each. The caller frees. */
static UNUSED char *make_libsvm(size_t rows)
{
    char *text = malloc(rows * 64 + 1), *at = text;
    unsigned long long seed = 7;
    for (size_t i = 0; i < rows; i++) {
        unsigned a = 1 + (unsigned)(draw(&seed) * 200), b = a + 1 + (unsigned)(draw(&seed) * 200);
        at += sprintf(at, "%s %u:%.3f %u:%.3f\n", i % 2 ? "+1" : "-1", a, draw(&seed) + 0.01, b,
                      draw(&seed) + 0.01);
    }
    return text;
}

static UNUSED void upload_sparse(const e2e_server *s, size_t rows, char *id)
{
    static const char *const type[] = {"Content-Type: text/x-libsvm", NULL};
    char *text = make_libsvm(rows);
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets", type, text, strlen(text));
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    free(text);
}

/* ---- jobs ---- */

/* Posts {"dataset_id": ds, <spec>} and writes the job's id (32 bytes). */
static UNUSED void post_job(const e2e_server *s, const char *ds, const char *spec, char *id)
{
    char body[4096];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", ds, *spec ? ", " : "", spec);
    e2e_job(s, body, id);
}

enum { GREEDY = 1000000 / SLOWER / SLOWER };

/* A job that does not end before it is cancelled. */
#define ENDLESS "\"epochs\": 1000000000, \"tol\": 0, \"learning_rate\": 1e-9"

/* One that records every epoch, many of them; without a sanitizer as many as are allowed. */
static UNUSED void post_greedy_job(const e2e_server *s, const char *ds, char *id)
{
    char spec[160];
    snprintf(spec, sizeof spec,
             "\"epochs\": %d, \"tol\": 0, \"learning_rate\": 1e-9, \"history_points\": \"all\"",
             GREEDY);
    post_job(s, ds, spec, id);
}

static UNUSED bool in_state(const e2e_server *s, const char *id, const char *state)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    e2e_reply r = e2e_get(s, path);
    ck_assert_int_eq(r.status, 200);
    bool is = strcmp(e2e_string(r.json, "state"), state) == 0;
    e2e_reply_free(&r);
    return is;
}

static UNUSED void cancel(const e2e_server *s, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", id);
    e2e_reply r = e2e_request(s, "POST", path, NULL, NULL, 0);
    if (r.status != 202)
        ck_abort_msg("cancel: %ld %s", r.status, r.body);
    e2e_reply_free(&r);
}

/* Waits for the end, which must be the state given. */
static UNUSED void wait_for_end(const e2e_server *s, const char *id, const char *state)
{
    e2e_reply r = e2e_wait(s, id);
    if (strcmp(e2e_string(r.json, "state"), state) != 0)
        ck_abort_msg("job %s was to end as %s: %s", id, state, r.body);
    e2e_reply_free(&r);
}

/* How many items a listing has, over all its pages. */
static UNUSED int count_of(const e2e_server *s, const char *list, const char *query)
{
    int n = 0;
    for (double before = 9e15; before > 0;) {
        char path[160];
        snprintf(path, sizeof path, "/v1/%s?limit=1000&before=%.0f%s", list, before, query);
        e2e_reply r = e2e_get(s, path);
        if (r.status != 200)
            ck_abort_msg("GET %s: %ld %s", path, r.status, r.body);
        n += cJSON_GetArraySize(e2e_at(r.json, list));
        const cJSON *next = e2e_at(r.json, "next");
        before = cJSON_IsNumber(next) ? next->valuedouble : 0;
        e2e_reply_free(&r);
    }
    return n;
}

/* How many contents the datasets have: those with the same numbers share a file. */
static UNUSED int contents_of(const e2e_server *s)
{
    cJSON *seen = cJSON_CreateObject();
    for (double before = 9e15; before > 0;) {
        const cJSON *item;
        e2e_reply r = e2e_getf(s, "/v1/datasets?limit=1000&before=%.0f", before);
        ck_assert_int_eq(r.status, 200);
        cJSON_ArrayForEach (item, e2e_at(r.json, "datasets"))
            if (!cJSON_HasObjectItem(seen, e2e_string(item, "sha256")))
                cJSON_AddTrueToObject(seen, e2e_string(item, "sha256"));
        const cJSON *next = e2e_at(r.json, "next");
        before = cJSON_IsNumber(next) ? next->valuedouble : 0;
        e2e_reply_free(&r);
    }
    int n = cJSON_GetArraySize(seen);
    cJSON_Delete(seen);
    return n;
}

/* ---- bytes by hand ---- */

static UNUSED void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t did = send(fd, bytes, n, MSG_NOSIGNAL);
        ck_assert_int_gt(did, 0);
        bytes += did;
        n -= (size_t)did;
    }
}

/* Begins an upload in chunks and sends some rows, but no end. */
static UNUSED int begin_upload(const e2e_server *s, const char *csv, size_t n)
{
    char head[200];
    int fd = e2e_connect(s);
    snprintf(head, sizeof head,
             "POST /v1/datasets?target=y HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
             n);
    send_all(fd, head, strlen(head));
    send_all(fd, csv, n);
    send_all(fd, "\r\n", 2);
    return fd;
}

/* ---- the process and its files ---- */

/* Times that the log says a job was taken up from where it stood. */
static UNUSED int taken_up(const e2e_server *s)
{
    char line[512];
    int n = 0;
    FILE *f = fopen(s->log, "r");
    while (fgets(line, sizeof line, f))
        n += strstr(line, "job taken up again") != NULL;
    fclose(f);
    return n;
}

/* A number from /proc/<pid>/status, such as "Threads". */
static UNUSED long process_number(pid_t pid, const char *name)
{
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            value = strtol(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return value;
}

/* Entries of a folder but those that begin with a dot. */
static UNUSED int entries(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* Connections of the server: its descriptors that are sockets, but for the one it listens on. */
static UNUSED int connections(pid_t pid)
{
    char folder[64], path[400], to[64];
    int n = 0;
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        n += readlink(path, to, sizeof to) > 7 && strncmp(to, "socket:", 7) == 0;
    }
    closedir(d);
    return n - 1;
}

static int UNUSED complain(void *count, int columns, char **values, char **names)
{
    (void)columns, (void)names;
    if (!values[0] || strcmp(values[0], "ok") != 0) {
        printf("database: %s\n", values[0] ? values[0] : "null");
        ++*(int *)count;
    }
    return 0;
}

/* The server has ended: is its database sound? */
static UNUSED void assert_database_sound(const e2e_server *s)
{
    char path[300];
    sqlite3 *db;
    int complaints = 0;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA integrity_check", complain, &complaints, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA foreign_key_check", complain, &complaints, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    ck_assert_int_eq(complaints, 0);
}

/* Ends it with the signal, which must give exit code 0 soon. */
static UNUSED void end_cleanly(e2e_server *s, int signal, double seconds)
{
    double began = e2e_now();
    int status = e2e_end(s, signal);
    double took = e2e_now() - began;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        e2e_print_log(s);
        ck_abort_msg("signal %d ended it with status %#x", signal, (unsigned)status);
    }
    if (took > seconds * SLOWER)
        ck_abort_msg("it took %.1f seconds to end", took);
}

/* A process that is killed has no exit code to tell what a sanitizer found; its log does. */
static UNUSED void assert_no_finding(const e2e_server *s)
{
    char line[512];
    FILE *f = fopen(s->log, "r");
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, "Sanitizer") || strstr(line, "runtime error")) {
            e2e_print_log(s);
            ck_abort_msg("the sanitizer says: %s", line);
        }
    if (f)
        fclose(f);
}

static UNUSED void kill_hard(e2e_server *s)
{
    int status = e2e_end(s, SIGKILL);
    assert_no_finding(s);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        e2e_print_log(s);
        ck_abort_msg("it had ended before with status %#x", (unsigned)status);
    }
}

/* How many lines of its log have this in them. */
static UNUSED int log_says(const e2e_server *s, const char *what, const char *and)
{
    char line[1024];
    int n = 0;
    FILE *f = fopen(s->log, "r");
    while (f && fgets(line, sizeof line, f))
        n += strstr(line, what) && strstr(line, and);
    if (f)
        fclose(f);
    return n;
}

/* It does not start, and says why. */
static UNUSED void refuses_to_start(e2e_server *s, const char *const *options, const char *why)
{
    char line[512], said_so[512] = "";
    int status;
    e2e_launch(s, options);
    WAIT_UNTIL(waitpid(s->pid, &status, WNOHANG) == s->pid, 20);
    s->pid = 0;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    FILE *f = fopen(s->log, "r");
    while (fgets(line, sizeof line, f))
        memcpy(said_so, line, sizeof line);
    fclose(f);
    if (!strstr(said_so, why))
        ck_abort_msg("it does not say \"%s\": %s", why, said_so);
}

/* The last act of each test: nothing is under way, it stops cleanly, its database is sound. */
static UNUSED void finish(e2e_server *s)
{
    ck_assert_int_eq(count_of(s, "jobs", "&state=running"), 0);
    ck_assert_int_eq(count_of(s, "jobs", "&state=queued"), 0);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5); /* an upload's go when its connection is done with */
    WAIT_UNTIL(e2e_files_in(s, "datasets") == contents_of(s), 5);
    end_cleanly(s, SIGTERM, 5);
    assert_database_sound(s);
    e2e_discard(s);
}

/* Runs the one suite of a program; the exit code is the verdict. The data lie in memory where
 * that is possible: deadlines here are the server's, and a disk may take seconds for a sync. */
static UNUSED int run_suite(Suite *suite)
{
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    return suite_run(suite);
}

#endif
