/* What many wide uploads at once took is given back when they are over: whatever else lies in
 * memory, and runs.
 */
#define _GNU_SOURCE
#include "jobs.h"

enum { AT_ONCE = 32, ROWS = 10, WIDE = 9000 / SLOWER, PIECE = 1 << 18, KEPT = 32 << 10 /* KiB */ };

/* {"X": [[...], ...], "y": [...]} */
static char *make_wide(size_t *len)
{
    size_t cap = (size_t)ROWS * (WIDE + 1) * 20 + 100;
    char *body = malloc(cap);
    FILE *f = fmemopen(body, cap, "w");
    ck_assert_ptr_nonnull(f);
    unsigned state = 1;
    fputs("{\"X\": [", f);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < WIDE; j++) {
            state = state * 1664525u + 1013904223u;
            fprintf(f, "%s%.9f%s",
                    j   ? ","
                    : i ? ",["
                        : "[",
                    state / 4294967296.0, j == WIDE - 1 ? "]" : "");
        }
    fputs("], \"y\": [", f);
    for (int i = 0; i < ROWS; i++)
        fprintf(f, "%s%d", i ? "," : "", i);
    fputs("]}", f);
    *len = (size_t)ftell(f);
    fclose(f);
    return body;
}

/* All of them are under way until the last piece is sent; they stay connected. */
static void upload_all(const e2e_server *s, int fds[AT_ONCE], const char *body, size_t len)
{
    char head[200];
    int n = snprintf(head, sizeof head,
                     "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     len);
    for (int i = 0; i < AT_ONCE; i++) {
        fds[i] = e2e_connect(s);
        send_all(fds[i], head, (size_t)n);
    }
    for (size_t at = 0; at < len; at += PIECE)
        for (int i = 0; i < AT_ONCE; i++)
            send_all(fds[i], body + at, len - at < PIECE ? len - at : PIECE);
    for (int i = 0; i < AT_ONCE; i++) {
        char answer[16] = "";
        ck_assert_int_eq(recv(fds[i], answer, 12, MSG_WAITALL), 12);
        ck_assert_str_eq(answer, "HTTP/1.1 201");
    }
}

static long resident(const e2e_server *s)
{
    return process_number(s->pid, "VmRSS");
}

START_TEST(what_wide_uploads_took_is_given_back)
{
    static const char *const patient[] = {"--idle-seconds", "600", NULL};
    char ds[32], job[32];
    int fds[3][AT_ONCE];
    size_t len;
    char *body = make_wide(&len);
    e2e_server *s = e2e_start(patient);
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [1, 2, 4]}", ds);
    post_job(s, ds, ENDLESS, job); /* goes on meanwhile */
    long before = resident(s);
    for (int i = 0; i < 3; i++)
        upload_all(s, fds[i], body, len);
    long most = process_number(s->pid, "VmHWM");
    if (SLOWER == 1) {
        ck_assert_int_gt(most - before, 3 * KEPT); /* there was something to be given back */
        WAIT_UNTIL(resident(s) - before < KEPT, 30);
    }
    for (int i = 0; i < 3 * AT_ONCE; i++)
        close(fds[i / AT_ONCE][i % AT_ONCE]);
    free(body);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tc = tcase_create("memory");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_test(tc, what_wide_uploads_took_is_given_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
