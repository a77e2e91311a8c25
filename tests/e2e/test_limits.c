/* Bounds on uploads: how many at once, how large, how slow, how full the disk. Each is said clearly,
 * takes nothing from others, and leaves nothing behind. */
#define _GNU_SOURCE
#include "jobs.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

/* What comes until the server closes, or 30 seconds; the caller frees it. */
static char *read_to_end(int fd)
{
    char *text = calloc(1, 8192);
    size_t n = 0;
    for (double end = e2e_now() + 30 * SLOWER; n < 8000 && e2e_now() < end;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t got = recv(fd, text + n, 8000 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return text;
}

START_TEST(more_uploads_at_once_than_there_may_be_are_told_to_come_later)
{
    static const char *const two[] = {"--max-uploads", "2", NULL};
    char id[32], after[32];
    e2e_server *s = e2e_start(two);
    int a = begin_upload(s, "x,y\n1,2\n", 8), b = begin_upload(s, "x,y\n1,2\n", 8);
    WAIT_UNTIL(e2e_files_in(s, "tmp") >= 2, 20);
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", "x,y\n1,2\n");
    e2e_problem(&r, 503, "unavailable");
    ck_assert_str_ne(e2e_header(&r, "Retry-After", after, sizeof after), "");
    ck_assert_ptr_nonnull(strstr(r.body, "2 uploads"));
    e2e_reply_free(&r);
    close(a);
    WAIT_UNTIL(e2e_files_in(s, "tmp") <= 1, 20);
    upload_csv(s, "x,y\n1,2\n", id);
    close(b);
    finish(s);
}
END_TEST

START_TEST(a_dataset_of_too_many_cells_is_refused)
{
    static const char *const few[] = {"--max-cells", "12", NULL};
    static const struct {
        const char *type, *body;
    } large[] = {
        {"text/csv", "a,b,y\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n"},
        {"application/json", "{\"X\": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 1], [2, 3], [4, 5]], "
                             "\"y\": [1, 2, 3, 4, 5, 6, 7]}"},
        {"application/x-ndjson", "{\"a\": 1, \"b\": 2, \"y\": 3}\n{\"a\": 1, \"b\": 2, \"y\": 3}\n"
                                 "{\"a\": 1, \"b\": 2, \"y\": 3}\n{\"a\": 1, \"b\": 2, \"y\": 3}\n"
                                 "{\"a\": 1, \"b\": 2, \"y\": 3}\n{\"a\": 1, \"b\": 2, \"y\": 3}\n"
                                 "{\"a\": 1, \"b\": 2, \"y\": 3}\n"},
    };
    char id[32], path[96];
    e2e_server *s = e2e_start(few);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        char header[64];
        snprintf(header, sizeof header, "Content-Type: %s", large[i].type);
        e2e_reply r = e2e_request(s, "POST",
                                  i == 1 ? "/v1/datasets" : "/v1/datasets?target=y",
                                  (const char *const[]){header, NULL}, large[i].body,
                                  strlen(large[i].body));
        if (r.status != 413)
            ck_abort_msg("%s: %ld %s", large[i].type, r.status, r.body);
        e2e_problem(&r, 413, "too-large");
        ck_assert_ptr_nonnull(strstr(r.body, "12 values"));
        e2e_reply_free(&r);
    }
    e2e_dataset(s, "{\"X\": [[1, 2], [3, 4], [5, 6]], \"y\": [1, 2, 4]}", id);
    snprintf(path, sizeof path, "/v1/datasets/%s/rows", id);
    e2e_reply r = e2e_post(s, path, "{\"X\": [[1, 2], [3, 4], [5, 6], [7, 8]], \"y\": [1, 2, 4, 4]}");
    e2e_problem(&r, 413, "too-large");
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 1);
    finish(s);
}
END_TEST

/* A body that trickles is ended with an answer, and its place is free again. */
START_TEST(a_body_that_trickles_is_ended)
{
    static const char *const slow[] = {"--idle-seconds", "2",  "--min-rate",
                                       "1k",             "--max-uploads", "1", NULL};
    char id[32];
    e2e_server *s = e2e_start(slow);
    int fd = begin_upload(s, "x,y\n1,2\n", 8);
    WAIT_UNTIL(e2e_files_in(s, "tmp") > 0, 20);
    for (double end = e2e_now() + 60 * SLOWER; e2e_now() < end;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 200) != 0) /* each byte comes well before the connection is idle */
            break;
        if (send(fd, "4\r\n1,2\n\r\n", 9, MSG_NOSIGNAL) < 0)
            break;
    }
    char *answer = read_to_end(fd);
    if (!strstr(answer, "HTTP/1.1 408 ") || !strstr(answer, "too-slow") ||
        !strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"))
        ck_abort_msg("%s", answer);
    free(answer);
    close(fd);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 20);
    upload_csv(s, "x,y\n1,2\n", id);
    finish(s);
}
END_TEST

static long status_of_upload(const e2e_server *s)
{
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", "x,y\n1,2\n2,3\n");
    long status = r.status;
    ck_assert_msg(status == 201 || status == 503, "%s", r.body);
    e2e_reply_free(&r);
    return status;
}

/* All places are taken by uploads that drip, but for one that does not: that one stays. */
START_TEST(uploads_that_drip_give_way_to_others)
{
    enum { PLACES = 4 };
    static const char *const few[] = {"--max-uploads", "4", "--idle-seconds", "300", NULL};
    char chunk[2 + 4 + 0x8000 + 2 + 1], *at = chunk + sprintf(chunk, "8000\r\n");
    for (int i = 0; i < 0x8000; i += 4)
        at += sprintf(at, "1,2\n");
    at += sprintf(at, "\r\n");
    int fds[PLACES], refused = 0;
    e2e_server *s = e2e_start(few);
    for (int i = 0; i < PLACES; i++)
        fds[i] = begin_upload(s, "x,y\n1,2\n", 8);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == PLACES, 20);
    for (double end = e2e_now() + 60 * SLOWER; status_of_upload(s) == 503; refused++) {
        ck_assert_double_lt(e2e_now(), end);
        for (int i = 1; i < PLACES; i++)
            send(fds[i], "4\r\n1,2\n\r\n", 9, MSG_NOSIGNAL);
        for (int i = 0; i < 3; i++) {
            send_all(fds[0], chunk, (size_t)(at - chunk));
            rest(0.05);
        }
    }
    ck_assert_int_gt(refused, 0); /* they are not shed at once */
    send_all(fds[0], "0\r\n\r\n", 5);
    char *answer = read_to_end(fds[0]);
    ck_assert_msg(strstr(answer, " 201 ") != NULL, "%s", answer);
    free(answer);
    for (int i = 0; i < PLACES; i++)
        close(fds[i]);
    finish(s);
}
END_TEST

enum { HELD = 16000 };

/* A job's body that does not come to its end. */
static int begin_body(const e2e_server *s)
{
    static const char head[] = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    char blanks[HELD];
    int fd = e2e_connect(s);
    memset(blanks, ' ', sizeof blanks);
    send_all(fd, head, sizeof head - 1);
    send_all(fd, blanks, sizeof blanks);
    return fd;
}

/* Bodies that drip hold all the memory that there is for bodies: the next finds room. */
START_TEST(bodies_that_drip_give_way_to_others)
{
    enum { BODIES = 4, MOST = 32 };
    static const char *const little[] = {"--max-bodies", "64000", "--idle-seconds", "300", NULL};
    int fds[MOST], bodies = 0;
    long status = 0;
    e2e_server *s = e2e_start(little);
    while (bodies < BODIES)
        fds[bodies++] = begin_body(s);
    double began = e2e_now();
    int refused = 0;
    for (double end = e2e_now() + 60 * SLOWER; status != 422 || refused == 0; rest(0.1)) {
        ck_assert_double_lt(e2e_now(), end);
        /* one of them had no room beside the two bytes below */
        if (refused == 0 && bodies < MOST && e2e_now() > began + bodies)
            fds[bodies++] = begin_body(s);
        e2e_reply r = e2e_post(s, "/v1/jobs", "{}");
        status = r.status;
        ck_assert_msg(status == 422 || status == 503, "%s", r.body);
        refused += status == 503; /* once all is there */
        e2e_reply_free(&r);
    }
    for (int i = 0; i < bodies; i++)
        close(fds[i]);
    finish(s);
}
END_TEST

/* Who asks before it sends is told at once, and sends nothing. */
START_TEST(a_body_that_would_be_refused_is_not_asked_for)
{
    static const char *const small[] = {"--max-body", "4096", NULL};
    static const char *const heads[] = {
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n",
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n",
        "POST /v1/datasets?nothing=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n",
        "POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n",
        "PATCH /v1/uploads/upl_none HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\nContent-Length: 100\r\n",
    };
    static const char *const want[] = {" 413 ", " 415 ", " 400 ", " 404 ", " 404 "};
    e2e_server *s = e2e_start(small);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char head[400];
        snprintf(head, sizeof head, "%sExpect: 100-continue\r\n\r\n", heads[i]);
        char *answer = e2e_raw(s, head, strlen(head), 20 * SLOWER);
        if (!strstr(answer, want[i]) || strstr(answer, " 100 "))
            ck_abort_msg("%s%s", head, answer);
        free(answer);
    }
    char ok[300];
    snprintf(ok, sizeof ok, "POST /v1/datasets?target=y HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                            "Content-Length: 8\r\nExpect: 100-continue\r\n\r\n");
    int fd = e2e_connect(s);
    send_all(fd, ok, strlen(ok));
    char answer[600];
    ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
    ck_assert_int_gt(got, 0);
    answer[got] = '\0';
    ck_assert_ptr_nonnull(strstr(answer, " 100 "));
    send_all(fd, "x,y\n1,2\n", 8);
    got = recv(fd, answer, sizeof answer - 1, 0);
    ck_assert_int_gt(got, 0);
    answer[got] = '\0';
    ck_assert_ptr_nonnull(strstr(answer, " 201 "));
    close(fd);
    finish(s);
}
END_TEST

static char disk[64];

/* A disk of 64 MiB over a directory of the test's own; takes root. */
static bool small_disk(void)
{
    snprintf(disk, sizeof disk, "/tmp/descentd-disk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(disk));
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", disk, "tmpfs", 0, "size=64m") == 0) {
        setenv("TMPDIR", disk, 1);
        return true;
    }
    rmdir(disk);
    printf("skipped: a small disk needs root and a tmpfs mount\n");
    fflush(stdout);
    return false;
}

static unsigned long long room_left(void)
{
    struct statvfs v;
    ck_assert_int_eq(statvfs(disk, &v), 0);
    return (unsigned long long)v.f_bavail * v.f_bsize;
}

START_TEST(uploads_leave_a_part_of_the_disk_free)
{
    static const char *const reserve[] = {"--disk-reserve", "1g", NULL}; /* a twentieth: 3.2 MiB */
    static const char *const type[] = {"Content-Type: text/csv", NULL};
    enum { REST = 10 << 20 };
    char path[96], filler[96], id[32], at[64];
    if (!small_disk())
        return;
    e2e_server *s = e2e_start(reserve);
    char *csv = make_csv(260000, 4, 3); /* 10 MB as numbers, 9 as text */
    snprintf(filler, sizeof filler, "%s/filler", disk);
    static char block[1 << 16];
    FILE *f = fopen(filler, "w");
    while (room_left() > REST && fwrite(block, 1, sizeof block, f) == sizeof block)
        fflush(f);
    fclose(f);
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    e2e_problem(&r, 507, "no-space");
    ck_assert_ptr_nonnull(strstr(r.body, "in reserve"));
    e2e_reply_free(&r);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 20);
    r = e2e_request(s, "POST", "/v1/uploads?target=y", type, NULL, 0);
    ck_assert_int_eq(r.status, 201);
    snprintf(id, sizeof id, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    snprintf(at, sizeof at, "Upload-Offset: 0");
    /* told before any byte of it is sent, and half-way where its length is not told */
    r = e2e_request(s, "PATCH", path, (const char *const[]){at, NULL}, csv, strlen(csv));
    e2e_problem(&r, 507, "no-space");
    e2e_reply_free(&r);
    r = e2e_request(s, "PATCH", path, (const char *const[]){at, "Transfer-Encoding: chunked", NULL},
                    csv, strlen(csv));
    e2e_problem(&r, 507, "no-space");
    ck_assert_ptr_nonnull(strstr(r.body, "in reserve"));
    e2e_reply_free(&r);
    ck_assert(room_left() > 1 << 20);
    ck_assert_int_eq(unlink(filler), 0); /* and it goes on once there is room */
    r = e2e_request(s, "HEAD", path, NULL, NULL, 0);
    char value[32];
    size_t offset = strtoull(e2e_header(&r, "Upload-Offset", value, sizeof value), NULL, 10);
    e2e_reply_free(&r);
    ck_assert_uint_gt(offset, 0); /* what arrived stays */
    snprintf(at, sizeof at, "Upload-Offset: %zu", offset);
    r = e2e_request(s, "PATCH", path, (const char *const[]){at, NULL}, csv + offset,
                    strlen(csv) - offset);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish", id);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    free(csv);
    finish(s);
    ck_assert_int_eq(umount(disk), 0);
    rmdir(disk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tc = tcase_create("limits");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, more_uploads_at_once_than_there_may_be_are_told_to_come_later);
    tcase_add_test(tc, a_dataset_of_too_many_cells_is_refused);
    tcase_add_test(tc, a_body_that_trickles_is_ended);
    tcase_add_test(tc, uploads_that_drip_give_way_to_others);
    tcase_add_test(tc, bodies_that_drip_give_way_to_others);
    tcase_add_test(tc, a_body_that_would_be_refused_is_not_asked_for);
    tcase_add_test(tc, uploads_leave_a_part_of_the_disk_free);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
