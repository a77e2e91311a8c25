/* More than the server wants to bear: connections that do nothing, or it slowly, by the thousand;
 * more of them, more long-polls and more bytes than it takes at once. Who behaves is served, and
 * who can't be is told so.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>

enum { SLOW = 2000 };

/* ---- connections of the tests' own ---- */

/* From 127.0.0.host, so that clients can be told apart. */
static int connect_from(const e2e_server *s, int host)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(s->address, ':') + 1)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}},
                       from = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK - 1 + (uint32_t)host)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static int say(int fd, const char *text)
{
    return (int)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Has the server closed it? What came before is thrown away. */
static bool is_closed(int fd)
{
    char buf[4096];
    ssize_t got;
    while ((got = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
        ;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* Reads until it closes, or until so many seconds have passed. */
static void read_answer(int fd, char *text, size_t size, double seconds)
{
    size_t n = 0;
    for (double end = e2e_now() + seconds * SLOWER; e2e_now() < end && n + 1 < size;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t got = recv(fd, text + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
}

/* One request on a connection of its own from that host: the status, and the answer in text. */
static int ask_from(const e2e_server *s, int host, const char *path, char *text, size_t size)
{
    char request[256];
    int status = 0, fd = connect_from(s, host);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    say(fd, request);
    read_answer(fd, text, size, 20);
    close(fd);
    sscanf(text, "HTTP/1.1 %d", &status);
    return status;
}

static void assert_served(const e2e_server *s, int host)
{
    char text[4096];
    int status = ask_from(s, host, "/healthz", text, sizeof text);
    ck_assert_msg(status == 200, "%d: %s", status, text);
}

/* Refused with a document that says why, and when to come again. */
static void assert_refused(const e2e_server *s, int host, int status, const char *slug)
{
    char text[4096];
    int got = ask_from(s, host, "/healthz", text, sizeof text);
    ck_assert_msg(got == status && strstr(text, slug) && strstr(text, "\r\nRetry-After: ") &&
                      strstr(text, "application/problem+json") &&
                      strstr(text, "\r\nConnection: close"),
                  "%d: %s", got, text);
}

/* -1 when there is no place to ask from. */
static double counted(const e2e_server *s, const char *what)
{
    e2e_reply r = e2e_get(s, "/readyz");
    double n = r.status == 200 ? e2e_number(r.json, what) : -1;
    e2e_reply_free(&r);
    return n;
}

static int hold_from(const e2e_server *s, int host, const char *job)
{
    char request[256];
    int fd = connect_from(s, host);
    snprintf(request, sizeof request, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n", job);
    say(fd, request);
    return fd;
}

static e2e_server *start_with_job(const char *const *options, char *job)
{
    char ds[32];
    e2e_server *s = e2e_start(options);
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 2, 4]}", ds);
    post_job(s, ds, ENDLESS, job);
    return s;
}

static void close_all(int *fds, int n)
{
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

/* ---- two thousand slow ones ---- */

/* A third say nothing, a third drip their heads, a third their bodies. */
static const char head[] =
    "GET /v1/jobs HTTP/1.1\r\nHost: x\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char body[] = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
                           "{\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaa";
enum { WHOLE_HEAD = 62, DRIPS = 20 };

static void open_slow(const e2e_server *s, int *fds, int hosts)
{
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
    for (int i = 0; i < SLOW; i++) {
        fds[i] = connect_from(s, 2 + i % hosts);
        if (i % 3 == 2)
            send(fds[i], body, WHOLE_HEAD, MSG_NOSIGNAL);
    }
}

static void drip(const int *fds, int n)
{
    for (int i = 0; i < SLOW; i++)
        if (i % 3)
            send(fds[i], i % 3 == 1 ? &head[n] : &body[WHOLE_HEAD + n], 1,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What others do meanwhile: a dataset, a job, its end. */
static void assert_works(const e2e_server *s)
{
    char ds[32], job[32];
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 2, 4]}", ds);
    post_job(s, ds, "", job);
    wait_for_end(s, job, "succeeded");
}

START_TEST(two_thousand_slow_connections_do_not_stop_others)
{
    static int fds[SLOW];
    e2e_server *s = e2e_start(NULL);
    open_slow(s, fds, 1);
    for (int n = 0; n < DRIPS; n++) {
        drip(fds, n);
        assert_works(s);
        if (n % 4 == 0)
            rest(0.5);
    }
    WAIT_UNTIL(counted(s, "connections") >= SLOW, 20);
    ck_assert_double_eq(counted(s, "connections_shed"), 0);
    close_all(fds, SLOW);
    WAIT_UNTIL(counted(s, "connections") < 10, 20);
    finish(s);
}
END_TEST

/* Far more than there are places for: each that behaves takes that of a slow one. */
START_TEST(slow_connections_give_way_where_there_are_too_many)
{
    static const char *const few[] = {"--max-connections", "300", NULL};
    static int fds[SLOW];
    e2e_server *s = e2e_start(few);
    char text[4096];
    open_slow(s, fds, 20);
    /* all have come, and no body is slow from the start */
    WAIT_UNTIL(counted(s, "connections_shed") + counted(s, "connections_turned_away") >= SLOW - 300, 60);
    WAIT_UNTIL(ask_from(s, 1, "/healthz", text, sizeof text) == 200, 20);
    for (int n = 0; n < DRIPS; n++) {
        drip(fds, n);
        assert_works(s);
    }
    ck_assert_double_le(counted(s, "connections"), 300);
    ck_assert_double_ge(counted(s, "connections_shed") + counted(s, "connections_turned_away"),
                        SLOW - 300);
    close_all(fds, SLOW);
    finish(s);
}
END_TEST

/* ---- time ---- */

/* However its bytes drip, a head must come to its end; one whose answer is held may wait. */
START_TEST(a_head_that_drips_is_cut_off)
{
    static const char *const short_[] = {"--idle-seconds", "2", NULL};
    char job[32];
    e2e_server *s = start_with_job(short_, job);
    int slow = e2e_connect(s), idle = e2e_connect(s), kept = e2e_connect(s),
        held = hold_from(s, 1, job);
    say(kept, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    double began = e2e_now();
    say(slow, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ");
    while (!is_closed(slow)) {
        ck_assert_double_lt(e2e_now() - began, 30 * SLOWER);
        say(slow, "a");
        rest(0.1);
    }
    ck_assert_double_gt(e2e_now() - began, 1.9);
    WAIT_UNTIL(is_closed(idle), 20);
    WAIT_UNTIL(is_closed(kept), 20); /* after its answer */
    rest(2.5);
    ck_assert(!is_closed(held));
    cancel(s, job);
    WAIT_UNTIL(is_closed(held), 30); /* answered, then idle */
    close(slow);
    close(idle);
    close(kept);
    close(held);
    finish(s);
}
END_TEST

/* ---- numbers ---- */

START_TEST(an_address_has_so_many_connections)
{
    enum { EACH = 6 };
    static const char *const few[] = {"--max-client-connections", "6", NULL};
    char job[32], text[4096];
    int fds[EACH];
    e2e_server *s = start_with_job(few, job);
    for (int i = 0; i < EACH - 1; i++)
        fds[i] = hold_from(s, 2, job);
    WAIT_UNTIL(counted(s, "held") == EACH - 1, 20);
    fds[EACH - 1] = connect_from(s, 2);
    say(fds[EACH - 1], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_gt(recv(fds[EACH - 1], (char[1]){0}, 1, 0), 0);
    /* idle, and in the way, as soon as the server knows that its answer is gone */
    WAIT_UNTIL(ask_from(s, 2, "/healthz", text, sizeof text) == 200, 20);
    WAIT_UNTIL(is_closed(fds[EACH - 1]), 20);
    close(fds[EACH - 1]);
    WAIT_UNTIL(counted(s, "connections") <= EACH, 20);
    fds[EACH - 1] = hold_from(s, 2, job);
    WAIT_UNTIL(counted(s, "held") == EACH, 20);
    assert_refused(s, 2, 429, "too-many-connections");
    assert_served(s, 3); /* others may still */
    ck_assert_double_ge(counted(s, "connections_turned_away"), 1);
    for (int i = 0; i < EACH; i++)
        ck_assert(!is_closed(fds[i]));
    close(fds[0]);
    WAIT_UNTIL(ask_from(s, 2, "/healthz", text, sizeof text) == 200, 20);
    close_all(fds + 1, EACH - 1);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

/* Until so many are held. Whoever asks takes places too, so one that was not read yet may be shed: then
 * it comes again. */
static void hold_until(const e2e_server *s, int *fd, int host, const char *job, int count)
{
    for (double end = e2e_now() + 20 * SLOWER; counted(s, "held") != count; rest(0.1)) {
        ck_assert_double_lt(e2e_now(), end);
        if (is_closed(*fd)) {
            close(*fd);
            *fd = hold_from(s, host, job);
        }
    }
}

START_TEST(there_are_so_many_connections)
{
    enum { ALL = 8 };
    static const char *const few[] = {"--max-connections", "8", NULL};
    char job[32], text[4096];
    int fds[ALL];
    e2e_server *s = start_with_job(few, job);
    for (int i = 0; i < ALL - 1; i++) {
        fds[i] = hold_from(s, 2 + i, job);
        hold_until(s, &fds[i], 2 + i, job, i + 1);
    }
    /* the last takes the last place, so there is none to ask by; it is shed while it is idle */
    fds[ALL - 1] = hold_from(s, 2, job);
    for (double end = e2e_now() + 20 * SLOWER;
         ask_from(s, 1, "/healthz", text, sizeof text) != 503 || is_closed(fds[ALL - 1]);) {
        ck_assert_double_lt(e2e_now(), end);
        if (is_closed(fds[ALL - 1])) {
            close(fds[ALL - 1]);
            fds[ALL - 1] = hold_from(s, 2, job);
        }
        rest(0.1); /* to be read */
    }
    assert_refused(s, 1, 503, "urn:descentd:problem:unavailable");
    assert_refused(s, 2, 503, "urn:descentd:problem:unavailable");
    close(fds[0]);
    WAIT_UNTIL(ask_from(s, 1, "/healthz", text, sizeof text) == 200, 20);
    for (int i = 1; i < ALL; i++)
        ck_assert(!is_closed(fds[i]));
    close_all(fds + 1, ALL - 1);
    WAIT_UNTIL(counted(s, "connections") == 1, 20);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

START_TEST(so_many_long_polls_are_held_and_the_others_answered_at_once)
{
    static const char *const two[] = {"--max-waiting", "2", NULL};
    char job[32], path[96], text[8192];
    e2e_server *s = start_with_job(two, job);
    WAIT_UNTIL(in_state(s, job, "running"), 20);
    int a = hold_from(s, 1, job), b = hold_from(s, 1, job);
    WAIT_UNTIL(counted(s, "held") == 2, 20);
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=30", job);
    double began = e2e_now();
    ck_assert_int_eq(ask_from(s, 1, path, text, sizeof text), 200);
    ck_assert_double_lt(e2e_now() - began, 25);
    ck_assert_msg(strstr(text, "\"state\": \"running\"") != NULL, "%s", text);
    ck_assert(!is_closed(a) && !is_closed(b));
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    close(a);
    close(b);
    finish(s);
}
END_TEST

/* ---- bytes ---- */

/* The status of two bodies that are together more than may be held, and each alone is not. */
static void send_two(const e2e_server *s, const char *blanks, size_t n, int status[2])
{
    static const char begin[] = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                "Content-Length: 700001\r\n\r\n";
    int fds[2];
    char text[4096];
    for (int i = 0; i < 2; i++) {
        fds[i] = e2e_connect(s);
        send_all(fds[i], begin, sizeof begin - 1);
        send_all(fds[i], blanks, n);
    }
    for (int i = 1; i >= 0; i--) {
        send_all(fds[i], "x", 1);
        read_answer(fds[i], text, sizeof text, 20);
        ck_assert_int_eq(sscanf(text, "HTTP/1.1 %d", &status[i]), 1);
        ck_assert_msg(status[i] == 503 ? strstr(text, "\r\nRetry-After: ") != NULL
                                       : strstr(text, "invalid-json") != NULL,
                      "%s", text);
        close(fds[i]);
    }
}

/* One of them is refused, whichever is read last; the other is not hurt. (Both are where both come to
 * the bound at once; neither where one was answered before the other came.) */
START_TEST(bodies_are_held_up_to_so_many_bytes)
{
    enum { SIZE = 700000 };
    static const char *const little[] = {"--max-bodies", "1m", NULL};
    char *blanks = malloc(SIZE);
    int status[2] = {0, 0};
    e2e_server *s = e2e_start(little);
    memset(blanks, ' ', SIZE);
    for (int i = 0; i < 50 && status[0] + status[1] != 503 + 400; i++)
        send_two(s, blanks, SIZE, status);
    ck_assert_int_eq(status[0] + status[1], 503 + 400);
    e2e_reply r = e2e_post(s, "/v1/jobs", "{}");
    ck_assert_int_eq(r.status, 422);
    e2e_reply_free(&r);
    free(blanks);
    finish(s);
}
END_TEST

/* ---- jobs ---- */

static void refused_job(const e2e_server *s, const char *path, const char *job, const char *field,
                        const char *part)
{
    e2e_reply r = e2e_post(s, path, job);
    e2e_problem(&r, 422, "validation-failed");
    const char *said = e2e_field_error(&r, field);
    ck_assert_msg(strstr(said, part) != NULL, "%s: %s", field, said);
    e2e_reply_free(&r);
}

#define DATA "\"dataset\": {\"X\": [1, 2, 3, 4], \"y\": [1, 3, 5, 7.5]}"

START_TEST(a_job_that_asks_for_too_much_is_refused_with_the_estimate)
{
    static const char *const bounds[] = {
        "--max-job-work", "2000000000", "--max-job-memory", "2m", "--max-job-seconds", "60", NULL};
    char job[32], path[64];
    e2e_server *s = e2e_start(bounds);
    e2e_job(s, "{" DATA ", \"epochs\": 500000000}", job); /* just so much */
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert_double_eq(e2e_number(r.json, "spec.max_seconds"), 60); /* it was given none */
    e2e_reply_free(&r);
    refused_job(s, "/v1/jobs", "{" DATA ", \"epochs\": 500000001}", "epochs",
                "500000000 epochs at most");
    refused_job(s, "/v1/jobs:dry_run", "{" DATA ", \"epochs\": 500000001}", "epochs",
                "--max-job-work");
    refused_job(s, "/v1/jobs", "{" DATA ", \"epochs\": 500000000, \"cross_validation\": 2}",
                "epochs", "250000000 epochs at most");
    refused_job(s, "/v1/jobs", "{" DATA ", \"max_seconds\": 61}", "max_seconds", "at most 60");
    /* a million parameters with adam's two moments: 24 MB of them alone */
    refused_job(s, "/v1/jobs",
                "{" DATA ", \"optimizer\": \"adam\", \"learning_rate\": 0.01, "
                "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [1000, 1000]}}",
                "model", "may take 2 MiB");
    r = e2e_post(s, "/v1/sweeps",
                 "{\"job\": {" DATA "}, \"grid\": {\"epochs\": [100, 1000000000]}}");
    ck_assert_int_eq(r.status, 422);
    ck_assert_msg(strstr(r.body, "--max-job-work") != NULL, "%s", r.body);
    e2e_reply_free(&r);
    /* nor may it be changed to be more */
    e2e_job(s, "{" DATA ", \"epochs\": 500000000, \"tol\": 0, \"max_seconds\": 50}", job);
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    static const char more[] = "{\"epochs\": 500000001}";
    r = e2e_request(s, "PATCH", path, (const char *const[]){"Content-Type: application/json", NULL},
                    more, sizeof more - 1);
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_msg(strstr(e2e_field_error(&r, "epochs"), "--max-job-work") != NULL, "%s", r.body);
    e2e_reply_free(&r);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("overload");
    TCase *tc = tcase_create("overload");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, two_thousand_slow_connections_do_not_stop_others);
    tcase_add_test(tc, slow_connections_give_way_where_there_are_too_many);
    tcase_add_test(tc, a_head_that_drips_is_cut_off);
    tcase_add_test(tc, an_address_has_so_many_connections);
    tcase_add_test(tc, there_are_so_many_connections);
    tcase_add_test(tc, so_many_long_polls_are_held_and_the_others_answered_at_once);
    tcase_add_test(tc, bodies_are_held_up_to_so_many_bytes);
    tcase_add_test(tc, a_job_that_asks_for_too_much_is_refused_with_the_estimate);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
