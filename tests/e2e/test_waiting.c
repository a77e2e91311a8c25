/* Long-polls: held until the job ends, without holding a thread, and without being in the way of
 * anybody else. The clients here are plain sockets, so that one thread can hold hundreds, hang up
 * in the middle, or say nothing at all.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <poll.h>

/* ---- held requests ---- */

typedef struct held {
    int fd;
    double answered; /* when the whole answer was there; 0 before */
    double at;       /* the same moment in seconds since 1970 */
    char reply[4096];
    size_t len;
} held;

static void ask(held *h, const e2e_server *s, const char *path)
{
    char request[256];
    memset(h, 0, sizeof *h);
    h->fd = e2e_connect(s);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    send_all(h->fd, request, strlen(request));
}

static void hold(held *h, const e2e_server *s, const char *job, int seconds)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=%d", job, seconds);
    ask(h, s, path);
}

/* Reads what has come for any of them; waits at most so many seconds for something. */
static void listen_to(held *h, int n, double seconds)
{
    static struct pollfd fds[1024];
    for (int i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = h[i].answered > 0 ? -1 : h[i].fd, .events = POLLIN};
    if (poll(fds, (nfds_t)n, (int)(seconds * 1e3)) <= 0)
        return;
    for (int i = 0; i < n; i++) {
        if (!fds[i].revents)
            continue;
        ssize_t got = recv(h[i].fd, h[i].reply + h[i].len, sizeof h[i].reply - 1 - h[i].len, 0);
        h[i].len += got > 0 ? (size_t)got : 0;
        if (got <= 0) { /* the answer closes the connection */
            struct timespec t;
            clock_gettime(CLOCK_REALTIME, &t);
            h[i].answered = e2e_now();
            h[i].at = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
        }
    }
}

static int answered(const held *h, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += h[i].answered > 0;
    return count;
}

static void listen_to_all(held *h, int n, double seconds)
{
    double end = e2e_now() + seconds * SLOWER;
    while (answered(h, n) < n) {
        if (e2e_now() > end)
            ck_abort_msg("after %g seconds only %d of %d are answered", seconds * SLOWER,
                         answered(h, n), n);
        listen_to(h, n, 0.05);
    }
}

static void assert_state(const held *h, const char *state)
{
    char want[48];
    snprintf(want, sizeof want, "\"state\": \"%s\"", state);
    if (strncmp(h->reply, "HTTP/1.1 200", 12) != 0 || !strstr(h->reply, want))
        ck_abort_msg("the answer was to say %s: %s", want, h->len ? h->reply : "(nothing)");
}

/* Seconds between the end of the job, as the answer tells it, and the answer. */
static double delay(const held *h)
{
    struct tm tm = {0};
    double seconds = 0;
    const char *at = strstr(h->reply, "\"finished_at\": \"");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(strchr(at, ':') + 3, "%4d-%2d-%2dT%2d:%2d:%lfZ", &tm.tm_year,
                            &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return h->at - (double)timegm(&tm) - seconds;
}

static void close_all(held *h, int n)
{
    for (int i = 0; i < n; i++)
        close(h[i].fd);
}

/* ---- a server with one long job ---- */

static const char *const one_worker[] = {"--workers", "1", NULL};

/* The server may notice a moment later that a connection was closed. */
static void assert_connections_gone(const e2e_server *s)
{
    WAIT_UNTIL(connections(s->pid) == 0, 20);
}

static e2e_server *start_with_job(char ds[32], char job[32])
{
    e2e_server *s = e2e_start(one_worker);
    char *csv = make_csv(500, 2, 6);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, job);
    WAIT_UNTIL(in_state(s, job, "running"), 30);
    assert_connections_gone(s);
    return s;
}

static void assert_healthy_soon(const e2e_server *s, const char *while_what)
{
    double began = e2e_now();
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    double took = e2e_now() - began;
    if (took > 1.0 * SLOWER)
        ck_abort_msg("with %s another request took %.1f seconds", while_what, took);
}

/* ---- tests ---- */

START_TEST(three_hundred_wait_without_a_thread_and_are_all_answered_when_the_job_ends)
{
    enum { HELD = 300 };
    static held h[HELD];
    char ds[32], job[32];
    e2e_server *s = start_with_job(ds, job);
    long threads = process_number(s->pid, "Threads");
    for (int i = 0; i < HELD; i++)
        hold(&h[i], s, job, 60);
    WAIT_UNTIL(connections(s->pid) >= HELD, 10);
    assert_healthy_soon(s, "300 long-polls held"); /* after these have been read, too */
    ck_assert_int_eq(process_number(s->pid, "Threads"), threads);
    listen_to(h, HELD, 0.2);
    ck_assert_int_eq(answered(h, HELD), 0); /* they do wait */

    cancel(s, job);
    listen_to_all(h, HELD, 10);
    for (int i = 0; i < HELD; i++) {
        assert_state(&h[i], "cancelled");
        if (delay(&h[i]) > 2 * SLOWER)
            ck_abort_msg("one was answered %.1f seconds after the job's end", delay(&h[i]));
    }
    ck_assert_int_eq(process_number(s->pid, "Threads"), threads);
    close_all(h, HELD);
    assert_connections_gone(s);
    finish(s);
}
END_TEST

START_TEST(a_job_that_ends_by_itself_answers_who_waits_for_it_and_nobody_else)
{
    enum { EACH = 20 };
    static held shorter[EACH], queued[EACH];
    char ds[32], job[32], slow[32], behind[32];
    e2e_server *s = start_with_job(ds, slow);
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    post_job(s, ds, "\"epochs\": 30, \"tol\": 0", job);
    post_job(s, ds, ENDLESS, behind);
    for (int i = 0; i < EACH; i++) {
        hold(&shorter[i], s, job, 60);
        hold(&queued[i], s, behind, 60);
    }
    listen_to(shorter, EACH, 0.1);
    ck_assert_int_eq(answered(shorter, EACH), 0);
    cancel(s, slow); /* lets `job` run and end, and `behind` start */
    listen_to_all(shorter, EACH, 10);
    for (int i = 0; i < EACH; i++)
        assert_state(&shorter[i], "succeeded");
    WAIT_UNTIL(in_state(s, behind, "running"), 10);
    listen_to(queued, EACH, 0.1);
    ck_assert_int_eq(answered(queued, EACH), 0); /* to have started is not to have ended */
    cancel(s, behind);
    listen_to_all(queued, EACH, 10);
    for (int i = 0; i < EACH; i++)
        assert_state(&queued[i], "cancelled");
    close_all(shorter, EACH);
    close_all(queued, EACH);
    finish(s);
}
END_TEST

START_TEST(a_wait_that_expires_is_answered_with_what_is_known)
{
    char ds[32], job[32], queued[32];
    held h[2];
    e2e_server *s = start_with_job(ds, job);
    post_job(s, ds, "", queued);
    double began = e2e_now();
    hold(&h[0], s, job, 1);
    hold(&h[1], s, queued, 1);
    listen_to_all(h, 2, 10);
    for (int i = 0; i < 2; i++) {
        double took = h[i].answered - began;
        if (took < 0.95 || took > 2.5 * SLOWER)
            ck_abort_msg("wait=1 took %.2f seconds", took);
    }
    assert_state(&h[0], "running");
    assert_state(&h[1], "queued");
    close_all(h, 2);
    cancel(s, job);
    wait_for_end(s, queued, "succeeded");
    finish(s);
}
END_TEST

START_TEST(a_job_that_has_ended_is_answered_at_once)
{
    char ds[32], job[32], done[32];
    static const char *const paths[] = {"/v1/jobs/%s?wait=60", "/v1/jobs/%s?wait=0", "/v1/jobs/%s"};
    e2e_server *s = start_with_job(ds, job);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    post_job(s, ds, "", done);
    wait_for_end(s, done, "succeeded");
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        double began = e2e_now();
        snprintf(path, sizeof path, paths[i], i % 2 ? job : done);
        e2e_reply r = e2e_get(s, path);
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
        ck_assert_double_lt(e2e_now() - began, 1.0 * SLOWER);
    }
    double began = e2e_now();
    e2e_reply r = e2e_get(s, "/v1/jobs/job_00000000000000000000?wait=60");
    ck_assert_int_eq(r.status, 404);
    e2e_reply_free(&r);
    ck_assert_double_lt(e2e_now() - began, 1.0 * SLOWER);
    finish(s);
}
END_TEST

START_TEST(wait_zero_does_not_wait_for_a_running_job)
{
    char ds[32], job[32], path[96];
    e2e_server *s = start_with_job(ds, job);
    double began = e2e_now();
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=0", job);
    e2e_reply r = e2e_get(s, path);
    ck_assert_str_eq(e2e_string(r.json, "state"), "running");
    e2e_reply_free(&r);
    ck_assert_double_lt(e2e_now() - began, 1.0 * SLOWER);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

/* In several ways: closed, half-closed, reset. */
START_TEST(clients_that_hang_up_while_they_wait_are_noticed)
{
    enum { HELD = 90 };
    static held h[HELD];
    char ds[32], job[32];
    e2e_server *s = start_with_job(ds, job);
    for (int i = 0; i < HELD; i++)
        hold(&h[i], s, job, 60);
    WAIT_UNTIL(connections(s->pid) >= HELD, 10);
    assert_healthy_soon(s, "90 long-polls held");
    for (int i = 0; i < HELD; i++) {
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        if (i % 3 == 1)
            setsockopt(h[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (i % 3 == 2)
            shutdown(h[i].fd, SHUT_WR);
        else
            close(h[i].fd);
    }
    /* the job goes on; only the connections end */
    WAIT_UNTIL(connections(s->pid) <= HELD / 3, 5);
    for (int i = 2; i < HELD; i += 3)
        close(h[i].fd);
    assert_connections_gone(s);
    ck_assert(in_state(s, job, "running"));
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

START_TEST(a_long_poll_and_the_next_request_share_a_connection)
{
    char ds[32], job[32], request[512];
    held h = {0};
    e2e_server *s = start_with_job(ds, job);
    h.fd = e2e_connect(s);
    snprintf(request, sizeof request,
             "GET /v1/jobs/%s?wait=1 HTTP/1.1\r\nHost: x\r\n\r\n"
             "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             job);
    send_all(h.fd, request, strlen(request)); /* both at once: the second waits its turn */
    listen_to_all(&h, 1, 10);
    assert_state(&h, "running");
    const char *second = strstr(h.reply + 12, "HTTP/1.1 200");
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_nonnull(strstr(second, "\"status\": \"ok\""));
    close(h.fd);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

static const int ends[] = {SIGTERM, SIGINT};

START_TEST(who_waits_when_the_server_stops_is_answered_or_let_go_at_once)
{
    enum { HELD = 200 };
    static held h[HELD];
    char ds[32], job[32], queued[32];
    e2e_server *s = start_with_job(ds, job);
    post_job(s, ds, "", queued);
    assert_connections_gone(s);
    for (int i = 0; i < HELD; i++)
        hold(&h[i], s, i % 2 ? job : queued, 60);
    WAIT_UNTIL(connections(s->pid) >= HELD, 10);
    end_cleanly(s, ends[_i], 5);
    listen_to_all(h, HELD, 1);
    int whole = 0;
    for (int i = 0; i < HELD; i++) {
        if (h[i].len) /* if it is answered, then with the truth */
            assert_state(&h[i], i % 2 ? "running" : "queued");
        whole += h[i].len > 0;
    }
    printf("%d of %d were answered\n", whole, HELD);
    close_all(h, HELD);
    e2e_restart(s, one_worker);
    WAIT_UNTIL(in_state(s, job, "running"), 10);
    held again; /* and waiting works as before */
    hold(&again, s, queued, 60);
    cancel(s, job);
    listen_to_all(&again, 1, 10);
    assert_state(&again, "succeeded");
    close(again.fd);
    finish(s);
}
END_TEST

START_TEST(waiting_does_not_delay_other_requests)
{
    enum { HELD = 250, REQUESTS = 200 };
    static held h[HELD];
    char ds[32], job[32];
    e2e_server *s = start_with_job(ds, job);
    for (int i = 0; i < HELD; i++)
        hold(&h[i], s, job, 60);
    WAIT_UNTIL(connections(s->pid) >= HELD, 10);
    double began = e2e_now(), worst = 0;
    for (int i = 0; i < REQUESTS; i++) {
        double at = e2e_now();
        e2e_reply r = i % 4 == 3 ? e2e_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 3]}")
                                 : e2e_get(s, i % 4 ? "/v1/jobs" : "/healthz");
        ck_assert_int_eq(r.status, i % 4 == 3 ? 201 : 200);
        e2e_reply_free(&r);
        worst = fmax(worst, e2e_now() - at);
    }
    double took = e2e_now() - began;
    if (worst > 1.0 * SLOWER || took > 10.0 * SLOWER)
        ck_abort_msg("%d requests took %.1f seconds, the slowest %.2f", REQUESTS, took, worst);
    ck_assert_int_eq(answered(h, HELD), 0);
    cancel(s, job);
    listen_to_all(h, HELD, 10);
    close_all(h, HELD);
    finish(s);
}
END_TEST

/* Cancelled while it waits in the queue; deleted right after it ended. */
START_TEST(a_queued_job_that_is_cancelled_answers_who_waits_for_it)
{
    enum { HELD = 10 };
    held h[HELD];
    char ds[32], job[32], queued[32], path[96];
    e2e_server *s = start_with_job(ds, job);
    post_job(s, ds, "", queued);
    for (int i = 0; i < HELD; i++)
        hold(&h[i], s, queued, 60);
    listen_to(h, HELD, 0.2);
    ck_assert_int_eq(answered(h, HELD), 0);
    cancel(s, queued);
    snprintf(path, sizeof path, "/v1/jobs/%s", queued);
    e2e_reply r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    listen_to_all(h, HELD, 10);
    for (int i = 0; i < HELD; i++) { /* the delete may have been first */
        bool gone = strncmp(h[i].reply, "HTTP/1.1 404", 12) == 0;
        if (!gone)
            assert_state(&h[i], "cancelled");
    }
    close_all(h, HELD);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

/* Jobs that end at the very moment at which somebody begins to wait. */
START_TEST(no_wake_up_is_lost_between_asking_and_waiting)
{
    enum { JOBS = 60, EACH = 4 };
    held h[EACH];
    char ds[32], job[32], id[32];
    e2e_server *s = start_with_job(ds, job);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    for (int k = 0; k < JOBS; k++) {
        char spec[64];
        snprintf(spec, sizeof spec, "\"epochs\": %d, \"tol\": 0", 1 + 3 * k);
        post_job(s, ds, spec, id);
        for (int i = 0; i < EACH; i++)
            hold(&h[i], s, id, 60);
        listen_to_all(h, EACH, 20);
        for (int i = 0; i < EACH; i++) {
            assert_state(&h[i], "succeeded");
            if (delay(&h[i]) > 2 * SLOWER)
                ck_abort_msg("it was answered %.1f seconds after the job's end", delay(&h[i]));
        }
        close_all(h, EACH);
    }
    finish(s);
}
END_TEST

START_TEST(connections_that_say_nothing_do_not_stop_others)
{
    enum { IDLE = 200, HALF = 50 };
    int idle[IDLE + HALF];
    char ds[32], job[32];
    e2e_server *s = start_with_job(ds, job);
    long threads = process_number(s->pid, "Threads");
    for (int i = 0; i < IDLE; i++)
        idle[i] = e2e_connect(s);
    for (int i = IDLE; i < IDLE + HALF; i++) { /* and some that stop in the middle of a word */
        idle[i] = e2e_connect(s);
        const char *start = i % 2 ? "GET /v1/jo"
                                  : "POST /v1/jobs HTTP/1.1\r\nHost: x\r\n"
                                    "Content-Length: 1000\r\n\r\n{\"data";
        send_all(idle[i], start, strlen(start));
    }
    WAIT_UNTIL(connections(s->pid) >= IDLE + HALF, 10);
    for (int i = 0; i < 50; i++)
        assert_healthy_soon(s, "idle connections");
    ck_assert_int_eq(process_number(s->pid, "Threads"), threads);
    char other[32];
    post_job(s, ds, "", other);
    cancel(s, job);
    wait_for_end(s, other, "succeeded");
    for (int i = 0; i < IDLE + HALF; i++)
        close(idle[i]);
    assert_connections_gone(s);
    finish(s);
}
END_TEST

/* Nor do they keep the server from stopping. */
START_TEST(connections_that_say_nothing_do_not_hold_up_the_end)
{
    enum { IDLE = 100 };
    int idle[IDLE];
    e2e_server *s = e2e_start(NULL);
    for (int i = 0; i < IDLE; i++)
        idle[i] = e2e_connect(s);
    WAIT_UNTIL(connections(s->pid) >= IDLE, 10);
    finish(s);
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tc = tcase_create("waiting");
    tcase_set_timeout(tc, 60 * SLOWER);
    tcase_add_test(tc, three_hundred_wait_without_a_thread_and_are_all_answered_when_the_job_ends);
    tcase_add_test(tc, a_job_that_ends_by_itself_answers_who_waits_for_it_and_nobody_else);
    tcase_add_test(tc, a_wait_that_expires_is_answered_with_what_is_known);
    tcase_add_test(tc, a_job_that_has_ended_is_answered_at_once);
    tcase_add_test(tc, wait_zero_does_not_wait_for_a_running_job);
    tcase_add_test(tc, clients_that_hang_up_while_they_wait_are_noticed);
    tcase_add_test(tc, a_long_poll_and_the_next_request_share_a_connection);
    tcase_add_loop_test(tc, who_waits_when_the_server_stops_is_answered_or_let_go_at_once, 0, 2);
    tcase_add_test(tc, waiting_does_not_delay_other_requests);
    tcase_add_test(tc, a_queued_job_that_is_cancelled_answers_who_waits_for_it);
    tcase_add_test(tc, no_wake_up_is_lost_between_asking_and_waiting);
    tcase_add_test(tc, connections_that_say_nothing_do_not_stop_others);
    tcase_add_test(tc, connections_that_say_nothing_do_not_hold_up_the_end);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
