/* What comes over a connection: no HTTP, contradictions, floods, and clients that hang up. */
#include "errors.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(s->address, ':') + 1))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Sends the text; the answer's status, 0 when the server just hangs up. */
static int status_of(const char *text, size_t len)
{
    char *answer = e2e_raw(s, text, len, 20);
    int status = 0;
    sscanf(answer, "HTTP/1.1 %d", &status);
    free(answer);
    return status;
}

/* libmicrohttpd itself answers what is not HTTP, or hangs up. */
START_TEST(what_is_not_http_is_refused)
{
    static const char *const bad[] = {
        "\r\n\r\n\r\n\r\nx\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET\r\n\r\n",
        "GET  /healthz  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", /* TLS */
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n{}",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\n{} ",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "ffffffffffffffffff\r\n{}\r\n",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int status = status_of(bad[i], strlen(bad[i]));
        ck_assert_msg(status == 0 || (status >= 400 && status < 600 && status != 500), "%s: %d",
                      bad[i], status);
        check_alive();
    }
}
END_TEST

START_TEST(request_without_host_is_a_bad_request)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n";
    char *answer = e2e_raw(s, text, strlen(text), 20);
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
    ck_assert_msg(strstr(answer, "application/problem+json") != NULL, "%s", answer);
    free(answer);
}
END_TEST

/* RFC 9112, 6.3: two lengths are how requests are smuggled past a proxy. */
START_TEST(contradicting_lengths_are_a_bad_request)
{
    static const char *const bad[] = {
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 4\r\n"
        "Connection: close\r\n\r\n{}  ",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_int_eq(status_of(bad[i], strlen(bad[i])), 400);
}
END_TEST

START_TEST(floods_of_headers_are_refused)
{
    enum { SIZE = 4 << 20 };
    char *text = malloc(SIZE + 1024), *at;
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; at < text + SIZE; i++)
        at += sprintf(at, "Header-%d: value\r\n", i);
    at += sprintf(at, "\r\n");
    int status = status_of(text, (size_t)(at - text));
    ck_assert_msg(status == 431 || status == 0, "%d", status); /* 0: cut off while sending */
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ");
    memset(at, 'a', SIZE);
    sprintf(at + SIZE, "\r\n\r\n");
    status = status_of(text, strlen(text));
    ck_assert_msg(status == 431 || status == 0, "%d", status);
    at = text + sprintf(text, "GET /");
    memset(at, 'a', SIZE);
    sprintf(at + SIZE, " HTTP/1.1\r\nHost: x\r\n\r\n");
    status = status_of(text, strlen(text));
    ck_assert_msg(status == 414 || status == 0, "%d", status);
    check_alive();
    /* what is large but reasonable is read */
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ");
    memset(at, 'a', 8000);
    sprintf(at + 8000, "\r\n\r\n");
    ck_assert_int_eq(status_of(text, strlen(text)), 200);
    free(text);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                               "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
                               "{\"X\": [1, 2], \"y\": [1, 2]}"
                               "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                               "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: "
                               "20\r\n\r\n{\"X\": [1, 2], \"y\": ["
                               "DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static const int want[] = {200, 201, 404, 400, 405, 200};
    char *answer = e2e_raw(s, text, strlen(text), 20), *at = answer;
    for (size_t i = 0; i < COUNT(want); i++) {
        int status = 0;
        at = strstr(at, "HTTP/1.1 ");
        ck_assert_msg(at != NULL, "answer %zu is missing: %s", i, answer);
        sscanf(at, "HTTP/1.1 %d", &status);
        ck_assert_int_eq(status, want[i]);
        at += 9;
    }
    ck_assert_ptr_null(strstr(at, "HTTP/1.1 "));
    free(answer);
}
END_TEST

/* Reads until the server closes; false when it does not within ten seconds. */
static bool read_all(int fd, char *buf, size_t size)
{
    size_t n = 0;
    for (double end = e2e_now() + 10; e2e_now() < end;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t got = recv(fd, buf + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    buf[n] = '\0';
    return n > 0;
}

START_TEST(client_that_closed_its_side_gets_its_answer)
{
    char buf[4096];
    int fd = dial();
    say(fd,
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 26\r\n\r\n"
        "{\"X\": [1, 2], \"y\": [1, 2]}");
    shutdown(fd, SHUT_WR);
    ck_assert(read_all(fd, buf, sizeof buf));
    ck_assert_int_eq(strncmp(buf, "HTTP/1.1 201 ", 13), 0);
    close(fd);
}
END_TEST

static const char upload[] = "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
                             "{\"X\": [1, 2, 3";
static const char chunked_upload[] =
    "POST /v1/datasets?target=t HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    "Transfer-Encoding: chunked\r\n\r\n8\r\na,t\n1,2\n\r\n10\r\n3,4";

static void wait_for_files(int n)
{
    for (double end = e2e_now() + 20; temporary_files() != n && e2e_now() < end;)
        sched_yield();
    ck_assert_int_eq(temporary_files(), n);
}

/* Hang-ups in the headers, in the body and in a chunk; some are impolite (RST). */
START_TEST(client_that_hangs_up_leaves_no_file)
{
    enum { N = 12 };
    int fds[N];
    for (int i = 0; i < N; i++) {
        fds[i] = dial();
        say(fds[i], i % 3 == 0 ? upload : i % 3 == 1 ? chunked_upload : "POST /v1/datas");
    }
    wait_for_files(N / 3 * 2); /* a file an upload: they are under way */
    for (int i = 0; i < N; i++) {
        struct linger reset = {1, 0};
        if (i % 2)
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fds[i]);
    }
    wait_for_files(0);
    e2e_reply r = e2e_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(uploads_beyond_what_is_held_at_once_are_503)
{
    enum { N = 64 };
    int fds[N];
    char retry[16];
    for (int i = 0; i < N; i++) {
        fds[i] = dial();
        say(fds[i], upload);
    }
    wait_for_files(N);
    e2e_reply r =
        refused("POST", "/v1/datasets", NULL, "{\"X\": [1, 2], \"y\": [1, 2]}", 503, "unavailable");
    ck_assert_int_ge(atoi(e2e_header(&r, "Retry-After", retry, sizeof retry)), 1);
    e2e_reply_free(&r);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    wait_for_files(0);
    r = e2e_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

/* One who waits and goes: neither the job nor the end of the server minds. */
START_TEST(waiting_client_that_hangs_up_is_let_go)
{
    char id[32], request[128];
    e2e_job(s, "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}",
            id);
    snprintf(request, sizeof request, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n", id);
    for (int i = 0; i < 8; i++) {
        int fd = dial();
        say(fd, request);
        close(fd);
    }
    check_alive();
    snprintf(request, sizeof request, "/v1/jobs/%s/cancel", id);
    e2e_reply r = e2e_request(s, "POST", request, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    r = e2e_wait(s, id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "cancelled");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("errors_connections");
    tcase_add_test(tc, what_is_not_http_is_refused);
    tcase_add_test(tc, request_without_host_is_a_bad_request);
    tcase_add_test(tc, contradicting_lengths_are_a_bad_request);
    tcase_add_test(tc, floods_of_headers_are_refused);
    tcase_add_test(tc, pipelined_requests_are_answered_in_order);
    tcase_add_test(tc, client_that_closed_its_side_gets_its_answer);
    tcase_add_test(tc, client_that_hangs_up_leaves_no_file);
    tcase_add_test(tc, uploads_beyond_what_is_held_at_once_are_503);
    tcase_add_test(tc, waiting_client_that_hangs_up_is_let_go);
    return run_cases(tc, NULL);
}
