/* The process from outside: options, environment, exit codes, the health check, the lock on
 * the data directory, stopping, and log lines. */
#include "e2e.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* DESCENTD: path of the binary, from CMake. */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FOR_EVER "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}"
#define CRAMPED "/proc/descentd-can-not-be-made-here"

/* ---- running it to its end ---- */

typedef struct ended {
    int code; /* -1: it did not exit by itself */
    char out[8192], err[4096];
} ended;

static size_t drain(int fd, char *buf, size_t size)
{
    size_t n = 0;
    for (ssize_t got; n + 1 < size && (got = read(fd, buf + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    buf[n] = '\0';
    return n;
}

/* Runs it with these arguments (up to a NULL), at most ten seconds. */
static ended run(const char *first, ...)
{
    const char *argv[16] = {DESCENTD};
    int n = 1, out[2], err[2], status = 0;
    ended e = {.code = -1};
    va_list ap;
    va_start(ap, first);
    for (const char *a = first; a && n < 15; a = va_arg(ap, const char *))
        argv[n++] = a;
    va_end(ap);
    ck_assert_int_eq(pipe(out) | pipe(err), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(10); /* one that starts to serve after all is ended */
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]), close(out[1]), close(err[0]), close(err[1]);
        execv(DESCENTD, (char *const *)argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    drain(out[0], e.out, sizeof e.out);
    drain(err[0], e.err, sizeof e.err);
    close(out[0]);
    close(err[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        e.code = WEXITSTATUS(status);
    return e;
}

/* It refused with this code and said this much, on standard error. */
static void check_refused(ended e, int code, const char *part)
{
    ck_assert_msg(e.code == code, "exit code %d, not %d: %s", e.code, code, e.err);
    ck_assert_msg(strstr(e.err, part) != NULL, "\"%s\" lacks \"%s\"", e.err, part);
    ck_assert_int_eq(strncmp(e.err, "descentd: ", 10), 0);
    ck_assert_str_eq(e.out, "");
}

/* ---- options ---- */

START_TEST(help_names_every_option_and_variable)
{
    static const char *const words[] = {"--listen",
                                        "DESCENTD_LISTEN",
                                        "127.0.0.1:8080",
                                        "--data-dir",
                                        "DESCENTD_DATA_DIR",
                                        "./descentd-data",
                                        "--workers",
                                        "DESCENTD_WORKERS",
                                        "--max-body",
                                        "--log-format",
                                        "DESCENTD_LOG_FORMAT",
                                        "DESCENTD_MAX_BODY",
                                        "--max-queue",
                                        "DESCENTD_MAX_QUEUE",
                                        "text|json",
                                        "--kernels",
                                        "DESCENTD_KERNELS",
                                        "--health",
                                        "--help",
                                        "--version"};
    ended e = run("--help", NULL), short_form = run("-h", NULL);
    ck_assert_int_eq(e.code, 0);
    ck_assert_str_eq(e.err, "");
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_msg(strstr(e.out, words[i]) != NULL, "%s is missing", words[i]);
    for (const char *line = e.out; *line; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 100);
    ck_assert_int_eq(short_form.code, 0);
    ck_assert_str_eq(short_form.out, e.out);
}
END_TEST

START_TEST(version_is_the_one_that_the_server_tells)
{
    char version[32] = "";
    ended e = run("--version", NULL);
    ck_assert_int_eq(e.code, 0);
    ck_assert_int_eq(sscanf(e.out, "descentd %31s", version), 1);
    e2e_server *s = e2e_start(NULL);
    static const char *const where[][2] = {
        {"/healthz", "version"}, {"/v1", "version"}, {"/openapi.json", "info.version"}};
    for (size_t i = 0; i < COUNT(where); i++) {
        e2e_reply r = e2e_get(s, where[i][0]);
        ck_assert_str_eq(e2e_string(r.json, where[i][1]), version);
        e2e_reply_free(&r);
    }
    e2e_stop(s);
}
END_TEST

START_TEST(unknown_option_is_refused)
{
    check_refused(run("--wrokers", "2", NULL), 2, "--wrokers");
    check_refused(run("--listen-on", "127.0.0.1:0", NULL), 2, "--listen-on");
    check_refused(run("-x", NULL), 2, "-x");
    check_refused(run("serve", NULL), 2, "serve");
    check_refused(run("", NULL), 2, "--help");
}
END_TEST

START_TEST(bad_values_are_refused_by_name)
{
    static const char *const bad[][2] = {
        {"--workers", "two"},
        {"--workers", "-1"},
        {"--workers", "1025"},
        {"--workers", "0"},
        {"--threads", "1025"},
        {"--workers", "1.5"},
        {"--workers", ""},
        {"--workers", "99999999999999999999"},
        {"--max-body", "0"},
        {"--max-body", "5q"},
        {"--max-body", "1kb"},
        {"--max-body", "99999999999g"},
        {"--max-body", "18446744073709551617"},
        {"--max-body", "k"},
        {"--max-queue", "0"},
        {"--log-format", "xml"},
        {"--kernels", "mmx"},
        {"--listen", ""},
        {"--data-dir", ""},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char joined[64];
        check_refused(run(bad[i][0], bad[i][1], NULL), 2, bad[i][0]);
        snprintf(joined, sizeof joined, "%s=%s", bad[i][0], bad[i][1]);
        check_refused(run(joined, NULL), 2, bad[i][0]);
    }
    check_refused(run("--workers", NULL), 2, "--workers needs a value");
}
END_TEST

START_TEST(address_that_can_not_be_listened_on_is_refused)
{
    e2e_server *s = e2e_start(NULL);
    char dir[300];
    snprintf(dir, sizeof dir, "%s-other", s->dir);
    check_refused(run("--data-dir", dir, "--listen", "nowhere", NULL), 1, "HOST:PORT");
    check_refused(run("--data-dir", dir, "--listen", "127.0.0.1:port", NULL), 1, "127.0.0.1:port");
    check_refused(run("--data-dir", dir, "--listen", "192.0.2.1:80", NULL), 1, "192.0.2.1:80");
    check_refused(run("--data-dir", dir, "--listen", s->address, NULL), 1, s->address);
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    e2e_stop(s);
}
END_TEST

START_TEST(port_that_is_no_port_is_refused)
{
    static const char *const bad[] = {"127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:99999"};
    e2e_server *s = e2e_start(NULL);
    char dir[300];
    snprintf(dir, sizeof dir, "%s-other", s->dir);
    for (size_t i = 0; i < COUNT(bad); i++)
        check_refused(run("--data-dir", dir, "--listen", bad[i], NULL), 1, bad[i]);
    e2e_stop(s);
}
END_TEST

START_TEST(data_directory_that_can_not_be_made_is_refused)
{
    char path[64] = "/tmp/descentd-e2e-file-XXXXXX";
    check_refused(run("--listen", "127.0.0.1:0", "--data-dir", CRAMPED, NULL), 1, CRAMPED);
    int fd = mkstemp(path); /* a file is no directory */
    check_refused(run("--listen", "127.0.0.1:0", "--data-dir", path, NULL), 1, path);
    close(fd);
    unlink(path);
}
END_TEST

static double readiness(const e2e_server *s, const char *name)
{
    e2e_reply r = e2e_get(s, "/readyz");
    ck_assert_int_eq(r.status, 200);
    double n = e2e_number(r.json, name);
    e2e_reply_free(&r);
    return n;
}

START_TEST(options_are_heeded_in_both_forms)
{
    e2e_server *s = e2e_start((const char *const[]){"--workers=3", "--threads=5", "--max-body", "1K", NULL});
    char body[2048];
    ck_assert_double_eq(readiness(s, "workers"), 3);
    ck_assert_double_eq(readiness(s, "threads"), 5);
    snprintf(body, sizeof body, "{\"X\": [1, 2], %1500s \"y\": [1, 2]}", "");
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    e2e_problem(&r, 413, "too-large");
    e2e_reply_free(&r);
    e2e_stop(s);
    s = e2e_start(NULL); /* by default all processors train */
    ck_assert_double_eq(readiness(s, "threads"), (double)sysconf(_SC_NPROCESSORS_ONLN));
    ck_assert_double_eq(readiness(s, "workers"), 64);
    e2e_stop(s);
}
END_TEST

START_TEST(environment_sets_what_options_do_not)
{
    setenv("DESCENTD_WORKERS", "5", 1);
    e2e_server *s = e2e_start(NULL);
    ck_assert_double_eq(readiness(s, "workers"), 5);
    e2e_stop(s);
    s = e2e_start((const char *const[]){"--workers", "4", NULL});
    ck_assert_double_eq(readiness(s, "workers"), 4);
    e2e_stop(s);
    static const char *const bad[][2] = {{"DESCENTD_WORKERS", "many"},
                                         {"DESCENTD_MAX_BODY", "large"},
                                         {"DESCENTD_MAX_QUEUE", ""},
                                         {"DESCENTD_LOG_FORMAT", "logfmt"},
                                         {"DESCENTD_KERNELS", "mmx"},
                                         {"DESCENTD_LISTEN", ""}};
    unsetenv("DESCENTD_WORKERS");
    for (size_t i = 0; i < COUNT(bad); i++) {
        setenv(bad[i][0], bad[i][1], 1);
        check_refused(run("--data-dir", CRAMPED, NULL), 2, bad[i][0]);
        unsetenv(bad[i][0]);
    }
    /* these two decide where it would start */
    setenv("DESCENTD_DATA_DIR", CRAMPED, 1);
    check_refused(run("--listen", "127.0.0.1:0", NULL), 1, CRAMPED);
    unsetenv("DESCENTD_DATA_DIR");
    s = e2e_start(NULL);
    char dir[300];
    snprintf(dir, sizeof dir, "%s-other", s->dir);
    setenv("DESCENTD_LISTEN", s->address, 1);
    check_refused(run("--data-dir", dir, NULL), 1, s->address); /* taken */
    ck_assert_int_eq(run("--health", NULL).code, 0);            /* and healthy */
    unsetenv("DESCENTD_LISTEN");
    e2e_stop(s);
}
END_TEST

/* ---- health ---- */

START_TEST(health_is_told_by_the_exit_code)
{
    e2e_server *s = e2e_start(NULL);
    char address[48];
    snprintf(address, sizeof address, "%s", s->address);
    ended e = run("--listen", address, "--health", NULL);
    ck_assert_int_eq(e.code, 0);
    ck_assert_int_eq(run("--health", "--listen", address, NULL).code, 0);
    snprintf(address, sizeof address, "localhost%s", strrchr(s->address, ':'));
    ck_assert_int_eq(run("--health", "--listen", address, NULL).code, 0);
    /* as in a container, where it listens on all addresses */
    snprintf(address, sizeof address, "0.0.0.0%s", strrchr(s->address, ':'));
    ck_assert_int_eq(run("--health", "--listen", address, NULL).code, 0);
    snprintf(address, sizeof address, "%s", s->address);
    e2e_stop(s);
    ck_assert_int_eq(run("--health", "--listen", address, NULL).code, 1);
    ck_assert_int_eq(run("--health", "--listen", "nowhere", NULL).code, 1);
}
END_TEST

/* Something listens, but never answers. */
START_TEST(health_check_does_not_wait_for_ever)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    char address[48];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(a.sin_port));
    double began = e2e_now();
    ck_assert_int_eq(run("--health", "--listen", address, NULL).code, 1);
    ck_assert_double_lt(e2e_now() - began, 8);
    close(fd);
}
END_TEST

/* ---- one server a directory, and its end ---- */

START_TEST(second_server_on_a_data_directory_is_refused)
{
    e2e_server *s = e2e_start(NULL);
    char id[32];
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    ended e = run("--listen", "127.0.0.1:0", "--data-dir", s->dir, NULL);
    check_refused(e, 1, "another descentd");
    ck_assert_ptr_nonnull(strstr(e.err, s->dir));
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", id);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    /* the lock goes with the process, however that ends */
    e2e_end(s, SIGKILL);
    e2e_restart(s, NULL);
    r = e2e_getf(s, "/v1/datasets/%s", id);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    e2e_stop(s);
}
END_TEST

START_TEST(data_is_for_the_owner_alone)
{
    e2e_server *s = e2e_start(NULL);
    char id[32], path[400];
    struct stat st;
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    e2e_dataset_file(s, id, path);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 077, 0);
    ck_assert_int_eq(stat(s->dir, &st), 0);
    ck_assert_int_eq(st.st_mode & 077, 0);
    e2e_stop(s);
}
END_TEST

typedef struct waiter {
    pthread_t thread;
    const e2e_server *s;
    char request[128];
    char *answer; /* all that came until the connection was closed */
} waiter;

static void *wait_main(void *arg)
{
    waiter *w = arg;
    w->answer = e2e_raw(w->s, w->request, strlen(w->request), 30);
    return NULL;
}

/* Ends the server while a job runs and a client waits for it, and looks at how fast that is.
 * The caller frees what the client got. */
static char *stop_busy(int signal)
{
    waiter w = {.s = e2e_start(NULL)};
    e2e_server *s = (e2e_server *)w.s;
    char id[32];
    e2e_job(s, FOR_EVER, id);
    snprintf(w.request, sizeof w.request, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n",
             id);
    pthread_create(&w.thread, NULL, wait_main, &w);
    for (bool runs = false; !runs;) {
        e2e_reply r = e2e_get(s, "/v1/jobs?state=running");
        runs = cJSON_GetArraySize(e2e_at(r.json, "jobs")) == 1;
        e2e_reply_free(&r);
    }
    for (int i = 0; i < 100; i++) { /* by then the waiting one was read, too */
        e2e_reply r = e2e_get(s, "/healthz");
        e2e_reply_free(&r);
    }
    double began = e2e_now();
    int status = e2e_end(s, signal);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_double_lt(e2e_now() - began, 5);
    pthread_join(w.thread, NULL);
    e2e_stop(s);
    return w.answer;
}

START_TEST(either_signal_stops_it_within_seconds)
{
    free(stop_busy(SIGTERM));
    free(stop_busy(SIGINT));
}
END_TEST

START_TEST(who_waits_is_answered_before_it_stops)
{
    char *answer = stop_busy(SIGTERM);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "got \"%s\"", answer);
    ck_assert_ptr_nonnull(strstr(answer, "\"running\""));
    free(answer);
}
END_TEST

typedef struct hammer {
    pthread_t thread;
    struct sockaddr_in to;
    atomic_bool *enough;
} hammer;

/* One request after the other on a connection, and a new one when that ends, until told to
 * stop; whatever comes of them. */
static void *hammer_main(void *arg)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const hammer *h = arg;
    char buf[512];
    while (!atomic_load(h->enough)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval limit = {.tv_sec = 5};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(fd, (const struct sockaddr *)&h->to, sizeof h->to) == 0)
            while (!atomic_load(h->enough) &&
                   send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
                   recv(fd, buf, sizeof buf, 0) > 0)
                ;
        close(fd);
    }
    return NULL;
}

START_TEST(signal_amid_requests_ends_it_cleanly)
{
    enum { ROUNDS = 10, HAMMERS = 4 };
    for (int round = 0; round < ROUNDS; round++) {
        e2e_server *s = e2e_start((const char *const[]){"--workers", "4", NULL});
        atomic_bool enough = false;
        char id[32];
        for (int i = 0; i < 4; i++) /* more to do than processors */
            e2e_job(s, FOR_EVER, id);
        hammer hammers[HAMMERS];
        for (int i = 0; i < HAMMERS; i++) {
            hammers[i] =
                (hammer){.to = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)atoi(strrchr(s->address, ':') + 1))},
                         .enough = &enough};
            pthread_create(&hammers[i].thread, NULL, hammer_main, &hammers[i]);
        }
        for (int i = 0; i < 20; i++) {
            e2e_reply r = e2e_get(s, "/healthz");
            e2e_reply_free(&r);
        }
        int status = e2e_end(s, SIGTERM);
        atomic_store(&enough, true);
        for (int i = 0; i < HAMMERS; i++)
            pthread_join(hammers[i].thread, NULL);
        if (status != 0) {
            e2e_print_log(s);
            ck_abort_msg("round %d: it ended with wait status %#x", round, (unsigned)status);
        }
        e2e_stop(s);
    }
}
END_TEST

/* ---- the log ---- */

/* A few requests and three jobs: one that succeeds, one that diverges, one cancelled. */
static void make_traffic(e2e_server *s, char ids[3][32])
{
    static const char *const jobs[] = {
        "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}}",
        "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"learning_rate\": 1e300}", FOR_EVER};
    for (int i = 0; i < 3; i++)
        e2e_job(s, jobs[i], ids[i]);
    char path[64];
    e2e_reply r;
    for (int i = 0; i < 2; i++) {
        r = e2e_wait(s, ids[i]);
        e2e_reply_free(&r);
    }
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", ids[2]);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_reply_free(&r);
    r = e2e_wait(s, ids[2]);
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/%0a%22forged%22%20=%5c%01\xe2\x82\xac%ff");
    ck_assert_int_eq(r.status, 400); /* it is logged all the same */
    e2e_reply_free(&r);
    r = e2e_request(s, "HEAD", "/healthz?x=1", NULL, NULL, 0);
    e2e_reply_free(&r);
}

START_TEST(json_log_has_a_line_a_request_and_a_job_start_and_end)
{
    e2e_server *s = e2e_start((const char *const[]){"--log-format", "json", NULL});
    char ids[3][32], line[4096];
    static const char *const states[] = {"succeeded", "failed", "cancelled"};
    int requests = 0, posts = 0, heads = 0, forged = 0, started[3] = {0}, ended_[3] = {0};
    make_traffic(s, ids);
    ck_assert_int_eq(e2e_end(s, SIGTERM), 0);
    FILE *f = fopen(s->log, "r");
    bool stopped = false;
    while (fgets(line, sizeof line, f)) {
        cJSON *o = cJSON_Parse(line);
        ck_assert_msg(o != NULL && cJSON_IsObject(o), "not JSON: %s", line);
        const char *event = e2e_string(o, "event"), *time = e2e_string(o, "time");
        ck_assert_uint_eq(strlen(time), strlen("2026-11-24T09:41:07.123Z"));
        stopped = stopped || strcmp(event, "stopped") == 0;
        if (strcmp(event, "request") == 0) {
            const char *method = e2e_string(o, "method"), *path = e2e_string(o, "path");
            double status = e2e_number(o, "status");
            ck_assert(status >= 200 && status < 500);
            ck_assert_double_ge(e2e_number(o, "ms"), 0);
            requests++;
            posts += strcmp(method, "POST") == 0;
            heads += strcmp(method, "HEAD") == 0;
            forged += strstr(path, "\"forged\"") != NULL;
        }
        for (int i = 0; i < 3; i++) {
            const cJSON *id = cJSON_GetObjectItemCaseSensitive(o, "id");
            if (!id || strcmp(id->valuestring, ids[i]) != 0)
                continue;
            started[i] += strcmp(event, "job started") == 0;
            if (strcmp(event, "job ended") == 0) {
                ended_[i]++;
                ck_assert_str_eq(e2e_string(o, "state"), states[i]);
                ck_assert_double_ge(e2e_number(o, "epochs"), 1);
                ck_assert_double_ge(e2e_number(o, "seconds"), 0);
                ck_assert(cJSON_IsNull(e2e_at(o, "cost")) == (i == 1)); /* it overflowed */
            }
        }
        cJSON_Delete(o);
    }
    fclose(f);
    ck_assert(stopped);
    ck_assert_int_eq(posts, 4);
    ck_assert_int_eq(heads, 1);
    ck_assert_int_eq(forged, 1);
    ck_assert_int_ge(requests, 9); /* waits may take more than one */
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(started[i], 1);
        ck_assert_int_eq(ended_[i], 1);
    }
    e2e_stop(s);
}
END_TEST

START_TEST(text_log_has_one_line_an_event)
{
    e2e_server *s = e2e_start((const char *const[]){"--log-format", "text", NULL});
    char ids[3][32], line[4096], want[64];
    int posts = 0, started = 0, ended_ = 0, forged = 0;
    make_traffic(s, ids);
    ck_assert_int_eq(e2e_end(s, SIGTERM), 0);
    FILE *f = fopen(s->log, "r");
    while (fgets(line, sizeof line, f)) {
        int year, at = 0;
        char *end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*6fZ %n", &year, &at), 1);
        ck_assert_int_gt(at, 0);
        for (const char *c = line; c < end; c++)
            ck_assert_int_ge((unsigned char)*c, 0x20);
        posts += strstr(line, " request method=POST path=/v1/jobs status=202 ms=") != NULL;
        forged += strstr(line, "forged") != NULL;
        snprintf(want, sizeof want, " job started id=%s", ids[1]);
        started += strstr(line, want) != NULL;
        snprintf(want, sizeof want, " job ended id=%s state=failed", ids[1]);
        ended_ += strstr(line, want) != NULL;
    }
    fclose(f);
    ck_assert_int_eq(posts, 3);
    ck_assert_int_eq(forged, 1);
    ck_assert_int_eq(started, 1);
    ck_assert_int_eq(ended_, 1);
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tc = tcase_create("process");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, help_names_every_option_and_variable);
    tcase_add_test(tc, version_is_the_one_that_the_server_tells);
    tcase_add_test(tc, unknown_option_is_refused);
    tcase_add_test(tc, bad_values_are_refused_by_name);
    tcase_add_test(tc, address_that_can_not_be_listened_on_is_refused);
    tcase_add_test(tc, port_that_is_no_port_is_refused);
    tcase_add_test(tc, data_directory_that_can_not_be_made_is_refused);
    tcase_add_test(tc, options_are_heeded_in_both_forms);
    tcase_add_test(tc, environment_sets_what_options_do_not);
    tcase_add_test(tc, health_is_told_by_the_exit_code);
    tcase_add_test(tc, health_check_does_not_wait_for_ever);
    tcase_add_test(tc, second_server_on_a_data_directory_is_refused);
    tcase_add_test(tc, data_is_for_the_owner_alone);
    tcase_add_test(tc, either_signal_stops_it_within_seconds);
    tcase_add_test(tc, who_waits_is_answered_before_it_stops);
    tcase_add_test(tc, signal_amid_requests_ends_it_cleanly);
    tcase_add_test(tc, json_log_has_a_line_a_request_and_a_job_start_and_end);
    tcase_add_test(tc, text_log_has_one_line_an_event);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
