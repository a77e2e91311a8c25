/* Clients that ask and don't read, or send their chunks a byte at a time: what waits for them takes little,
 * others are served meanwhile, and they get the whole of it when they read after all.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>

/* Those who do not read are let go after that, too. */
static const char *const patient[] = {"--idle-seconds", "600", NULL};

enum { MANY = 600, ROWS = 100000, NPY = ROWS * 4 * 8 }; /* bytes of an export, and its header */

static int fds[MANY];

static void allow_descriptors(void)
{
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
}

static int ask_and_not_read(const e2e_server *s, const char *path, int times)
{
    char request[200];
    int fd = e2e_connect(s);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    while (times-- > 0)
        send_all(fd, request, strlen(request));
    return fd;
}

static void close_all(int n)
{
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

static double connected(const e2e_server *s)
{
    e2e_reply r = e2e_get(s, "/readyz");
    ck_assert_int_eq(r.status, 200);
    double n = e2e_number(r.json, "connections");
    e2e_reply_free(&r);
    return n;
}

/* What others do meanwhile: a dataset, a job, its end. */
static void assert_works(const e2e_server *s)
{
    char ds[32], job[32];
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 2, 4]}", ds);
    post_job(s, ds, "", job);
    wait_for_end(s, job, "succeeded");
}

/* How many bytes come until none does for so many milliseconds, or there are as many. */
static size_t drain(int fd, size_t most, int ms)
{
    static char bytes[1 << 16];
    size_t n = 0;
    struct pollfd p = {fd, POLLIN, 0};
    while (n < most && poll(&p, 1, ms) > 0) {
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

static e2e_server *start_with_export(char path[96])
{
    char ds[32];
    e2e_server *s = e2e_start(patient);
    char *csv = make_csv(ROWS, 3, 4);
    upload_csv(s, csv, ds);
    free(csv);
    snprintf(path, 96, "/v1/datasets/%s/export?format=npy", ds);
    return s;
}

/* By system buffers that grow as they may it would be megabytes each. */
START_TEST(little_of_an_answer_waits_for_who_does_not_read_it)
{
    char path[96];
    int status;
    allow_descriptors();
    e2e_server *s = start_with_export(path);
    for (int i = 0; i < MANY; i++)
        fds[i] = ask_and_not_read(s, path, 1);
    WAIT_UNTIL(connected(s) >= MANY, 20);
    for (int i = 0; i < 5; i++)
        assert_works(s);
    struct pollfd p = {fds[0], POLLIN, 0};
    ck_assert_int_eq(poll(&p, 1, 20000 * SLOWER), 1);
    rest(0.5); /* to fill what there is to fill */
    kill(s->pid, SIGSTOP); /* so that nothing follows what is taken */
    ck_assert_int_eq(waitpid(s->pid, &status, WUNTRACED), s->pid);
    ck_assert(WIFSTOPPED(status));
    size_t waiting = drain(fds[0], NPY, 1000);
    kill(s->pid, SIGCONT);
    ck_assert_uint_gt(waiting, 1000);
    ck_assert_uint_lt(waiting, 1 << 20);
    size_t rest_of_it = drain(fds[0], NPY - waiting + 1, 20000 * SLOWER); /* once it is read, it comes */
    ck_assert_uint_gt(waiting + rest_of_it, NPY);
    ck_assert_uint_lt(waiting + rest_of_it, NPY + 4096);
    close_all(MANY);
    WAIT_UNTIL(connected(s) < 10, 20);
    finish(s);
}
END_TEST

/* The longest document that anybody may ask for, on many connections, several times each. */
START_TEST(long_documents_are_shared_by_those_who_ask)
{
    allow_descriptors();
    e2e_server *s = e2e_start(patient);
    e2e_reply r = e2e_get(s, "/openapi.json");
    ck_assert_uint_gt(r.len, 200000);
    long before = process_number(s->pid, "VmRSS");
    for (int i = 0; i < MANY; i++)
        fds[i] = ask_and_not_read(s, "/openapi.json", 8);
    WAIT_UNTIL(connected(s) >= MANY, 20);
    for (int i = 0; i < 5; i++)
        assert_works(s);
    for (int i = 0; i < MANY; i++) {
        struct pollfd p = {fds[i], POLLIN, 0};
        ck_assert_int_eq(poll(&p, 1, 20000 * SLOWER), 1);
    }
    long grown = process_number(s->pid, "VmRSS") - before; /* KiB */
    if (SLOWER == 1)
        ck_assert_int_lt(grown, (long)(MANY * (r.len / 2) / 1024));
    e2e_reply again = e2e_get(s, "/openapi.json");
    ck_assert_str_eq(again.body, r.body);
    ck_assert_uint_gt(drain(fds[7], 8 * r.len, 20000 * SLOWER), 8 * r.len - 1); /* all eight */
    close_all(MANY);
    e2e_reply_free(&again);
    e2e_reply_free(&r);
    WAIT_UNTIL(connected(s) < 10, 20);
    finish(s);
}
END_TEST

START_TEST(chunks_that_drip_hold_up_nobody)
{
    static const char head[] = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                      chunks[] = "1;slow=yes\r\n \r\n2\r\n  \r\n00000001\r\n \r\n";
    allow_descriptors();
    e2e_server *s = e2e_start(patient);
    for (int i = 0; i < MANY; i++) {
        fds[i] = e2e_connect(s);
        send_all(fds[i], head, sizeof head - 1);
    }
    for (size_t n = 0; n < sizeof chunks - 1; n++) {
        for (int i = 0; i < MANY; i++)
            ck_assert_int_eq(send(fds[i], &chunks[n], 1, MSG_NOSIGNAL), 1);
        assert_works(s);
    }
    ck_assert_double_ge(connected(s), MANY);
    /* the rest of one body, and it is answered as if it had come at once */
    static const char rest_of_it[] = "2\r\n{}\r\n0\r\n\r\n";
    char answer[40] = "";
    send_all(fds[5], rest_of_it, sizeof rest_of_it - 1);
    ck_assert_int_ge(recv(fds[5], answer, sizeof answer - 1, 0), 12);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 422 ", 13) == 0, "%s", answer);
    close_all(MANY);
    WAIT_UNTIL(connected(s) < 10, 20);
    finish(s);
}
END_TEST

/* No size that is claimed is waited for: what comes is counted. */
START_TEST(a_chunk_that_claims_to_be_huge_ends_where_the_body_is_too_large)
{
    static const char *const little[] = {"--max-body", "64k", NULL};
    static const char *const sizes[] = {"ffffffffffffffff", "8000000000000000", "7fffffffffffffff",
                                        "100000"};
    char head[200], answer[4096];
    char *body = calloc(1, 200000);
    memset(body, ' ', 200000);
    e2e_server *s = e2e_start(little);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = 0;
        int fd = e2e_connect(s), len = snprintf(head, sizeof head,
                                                "POST /v1/jobs HTTP/1.1\r\nHost: x\r\n"
                                                "Transfer-Encoding: chunked\r\n\r\n%s\r\n",
                                                sizes[i]);
        send_all(fd, head, (size_t)len);
        send(fd, body, 200000, MSG_NOSIGNAL); /* which fails where it was refused already */
        shutdown(fd, SHUT_WR);
        for (ssize_t got; n < sizeof answer - 1 &&
                          (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0;)
            n += (size_t)got;
        answer[n] = '\0';
        ck_assert_msg(n == 0 || strstr(answer, "HTTP/1.1 413 "), "%s: %s", sizes[i], answer);
        close(fd);
        WAIT_UNTIL(connected(s) < 2, 20);
    }
    free(body);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unread");
    TCase *tc = tcase_create("unread");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_test(tc, little_of_an_answer_waits_for_who_does_not_read_it);
    tcase_add_test(tc, long_documents_are_shared_by_those_who_ask);
    tcase_add_test(tc, chunks_that_drip_hold_up_nobody);
    tcase_add_test(tc, a_chunk_that_claims_to_be_huge_ends_where_the_body_is_too_large);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
