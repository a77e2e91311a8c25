/* Requests that take long to answer don't hold up others: here dry runs, which train for a third
 * of a second, on more connections than the server has threads that listen. */
#define _GNU_SOURCE
#include "jobs.h"

#include <poll.h>

enum { LONG_ONES = 12 };

static const char *spec(const char *ds, char *body, size_t size)
{
    snprintf(body, size, "{\"dataset_id\": \"%s\", \"tol\": 0, \"epochs\": 1000000, \"l1\": 0.1}",
             ds);
    return body;
}

static int begin_dry_run(const e2e_server *s, const char *ds)
{
    char body[256], request[512];
    spec(ds, body, sizeof body);
    int fd = e2e_connect(s);
    snprintf(request, sizeof request,
             "POST /v1/jobs:dry_run HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    send_all(fd, request, strlen(request));
    return fd;
}

/* Has anything come for any of them? Waits for it, at most so long. */
static bool any_answer(const int *fds, int n, int ms)
{
    struct pollfd p[LONG_ONES];
    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    return poll(p, (nfds_t)n, ms) > 0;
}

static void read_answer(int fd, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got;
    while (n + 1 < size && (got = recv(fd, text + n, size - 1 - n, 0)) > 0)
        n += (size_t)got;
    text[n] = '\0';
}

static e2e_server *with_data(char *ds)
{
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(20000, 20, 7);
    upload_csv(s, csv, ds);
    free(csv);
    return s;
}

START_TEST(requests_that_take_long_hold_up_nobody)
{
    char ds[64], text[65536];
    e2e_server *s = with_data(ds);
    int fds[LONG_ONES];
    for (int i = 0; i < LONG_ONES; i++)
        fds[i] = begin_dry_run(s, ds);
    /* on twelve new connections, three a thread: each is answered before any of the long ones */
    for (int i = 0; i < 12; i++) {
        e2e_reply r = e2e_get(s, "/healthz");
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
        if (i < 4)
            ck_assert(!any_answer(fds, LONG_ONES, 0));
    }
    for (int i = 0; i < LONG_ONES; i++) {
        read_answer(fds[i], text, sizeof text);
        if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || !strstr(text, "\"estimated_seconds\""))
            ck_abort_msg("%s", text);
        close(fds[i]);
    }
    e2e_stop(s);
}
END_TEST

START_TEST(a_client_that_leaves_takes_its_request_with_it)
{
    char ds[64];
    e2e_server *s = with_data(ds);
    for (int round = 0; round < 3; round++) {
        int fds[LONG_ONES];
        for (int i = 0; i < LONG_ONES; i++)
            fds[i] = begin_dry_run(s, ds);
        for (int i = 0; i < LONG_ONES; i++)
            close(fds[i]);
        e2e_reply r = e2e_get(s, "/readyz");
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
    }
    e2e_stop(s);
}
END_TEST

START_TEST(a_server_that_stops_answers_what_waits)
{
    char ds[64], text[65536];
    e2e_server *s = with_data(ds);
    int fds[LONG_ONES], answered = 0;
    for (int i = 0; i < LONG_ONES; i++)
        fds[i] = begin_dry_run(s, ds);
    ck_assert(any_answer(fds, LONG_ONES, 20000)); /* they are all there by then */
    ck_assert_int_eq(e2e_end(s, SIGTERM), 0);
    for (int i = 0; i < LONG_ONES; i++) {
        read_answer(fds[i], text, sizeof text);
        answered +=
            strncmp(text, "HTTP/1.1 200 ", 13) == 0 || strncmp(text, "HTTP/1.1 503 ", 13) == 0;
        close(fds[i]);
    }
    ck_assert_int_eq(answered, LONG_ONES);
    e2e_discard(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("desk");
    TCase *tc = tcase_create("desk");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, requests_that_take_long_hold_up_nobody);
    tcase_add_test(tc, a_client_that_leaves_takes_its_request_with_it);
    tcase_add_test(tc, a_server_that_stops_answers_what_waits);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
