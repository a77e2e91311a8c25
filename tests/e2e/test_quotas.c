/* Quotas: what a tenant may have, however many ask at once; what it has, and who says so. */
#define _GNU_SOURCE
#include "quotas.h"

#include <pthread.h>

START_TEST(what_is_stored_ends_at_its_quota)
{
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write"), other = make_token(s, "other", "write");
    char first[32], second[32], job[32], body[200];
    make(s, &t, "/v1/datasets", LINE, first);
    double bytes = usage(s, &t, "bytes.used");
    ck_assert_double_ge(bytes, 64);
    ck_assert_double_eq(usage(s, &t, "bytes.limit"), -1);
    make(s, &t, "/v1/datasets", LINE, second); /* equal data takes no further file */
    double described = usage(s, &t, "bytes.used") - bytes;
    ck_assert_double_gt(described, 0);
    ck_assert_double_lt(described, bytes - 4096);
    ck_assert_double_eq(usage(s, &t, "datasets.used"), 2);
    ck_assert_double_eq(usage(s, &other, "datasets.used"), 0);

    set_quota(s, "acme", "datasets", "2");
    refused(s, &t, "/v1/datasets", LINE, 507, "datasets", "would have 3 datasets");
    refused(s, &t, "/v1/jobs", "{\"dataset\": " LINE "}", 507, "datasets", "is 2, and");
    expect(s, &other, "POST", "/v1/datasets", LINE, 201);
    remove_thing(s, &t, "datasets", second);
    make(s, &t, "/v1/datasets", LINE, second);
    set_quota(s, "acme", "datasets", "0"); /* none */

    snprintf(body, sizeof body, "%.0f", bytes + 10);
    set_quota(s, "acme", "bytes", body);
    refused(s, &t, "/v1/datasets", "{\"X\": [1, 2], \"y\": [2, 4]}", 507, "bytes", "bytes of data");
    set_quota(s, "acme", "bytes", "1g");
    ck_assert_double_eq(usage(s, &t, "bytes.limit"), 1 << 30);

    set_quota(s, "acme", "jobs", "1");
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", first);
    make(s, &t, "/v1/jobs", body, job);
    refused(s, &t, "/v1/jobs", body, 507, "jobs", "would have 2 jobs");
    WAIT_UNTIL(has_ended(s, &t, job), 30);
    refused(s, &t, "/v1/jobs", body, 507, "jobs", "would have 2 jobs");
    post_to(s, &t, "jobs", job, "replay", 507);
    snprintf(body, sizeof body, "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [0, 1]}}",
             first);
    refused(s, &t, "/v1/sweeps", body, 507, "jobs", "would have 4 jobs");
    remove_thing(s, &t, "jobs", job);
    set_quota(s, "acme", "jobs", "0");
    set_quota(s, "acme", "models", "2"); /* its model has stayed */
    refused(s, &t, "/v1/sweeps", body, 507, "models", "would have 3 models");
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", first);
    make(s, &t, "/v1/jobs", body, job);
    ck_assert_double_eq(usage(s, &t, "models.used"), 2);
    char said[2048];
    ck_assert_int_eq(COMMAND(s, said, "quota", "list"), 0);
    ck_assert_ptr_nonnull(strstr(said, "acme             models       2\n"));
    ck_assert_int_eq(COMMAND(s, said, "quota", "clear", "acme"), 0);
    expect(s, &t, "POST", "/v1/jobs", body, 202);
    ck_assert_int_eq(COMMAND(s, said, "quota", "clear", "acme"), 1);
    e2e_stop(s);
}
END_TEST

START_TEST(what_is_under_way_ends_at_its_quota)
{
    static const char *const few[] = {"--auth", "on", "--tenant-active-jobs", "2",
                                      "--tenant-uploads", "1", NULL};
    e2e_server *s = e2e_start(few);
    token t = make_token(s, "acme", "write"), other = make_token(s, "other", "write");
    char ds[32], one[32], two[32], three[32], upload[32], body[200];
    make(s, &t, "/v1/datasets", LINE, ds);
    ck_assert_double_eq(usage(s, &t, "active_jobs.limit"), 2);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", " LONG_JOB "}", ds);
    make(s, &t, "/v1/jobs", body, one);
    make(s, &t, "/v1/jobs", body, two);
    refused(s, &t, "/v1/jobs", body, 429, "active_jobs", "is 2, and with this it would have 3 jobs");
    ck_assert_double_eq(usage(s, &t, "active_jobs.used"), 2);
    post_to(s, &t, "jobs", one, "pause", 202); /* a paused one makes room */
    make(s, &t, "/v1/jobs", body, three);
    post_to(s, &t, "jobs", one, "resume", 429);
    post_to(s, &t, "jobs", two, "cancel", 202);
    WAIT_UNTIL(has_ended(s, &t, two), 30);
    post_to(s, &t, "jobs", one, "resume", 202);
    ck_assert_double_eq(usage(s, &other, "active_jobs.used"), 0);

    make(s, &t, "/v1/uploads", NULL, upload);
    refused(s, &t, "/v1/uploads", NULL, 429, "uploads", "is 1, and with this it would have 2");
    expect(s, &other, "POST", "/v1/uploads", NULL, 201);
    remove_thing(s, &t, "uploads", upload);
    expect(s, &t, "POST", "/v1/uploads", NULL, 201);

    /* of requests one at a time, while another sends its rows */
    char head[400];
    int fd = e2e_connect(s);
    snprintf(head, sizeof head,
             "POST /v1/datasets?target=y HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n%s\r\n"
             "Content-Length: 1000\r\n\r\na,y\n1,2\n",
             t.header);
    send_all(fd, head, strlen(head));
    e2e_reply r = {0};
    for (double end = e2e_now() + 30 * SLOWER; r.status != 429 && e2e_now() < end;) {
        e2e_reply_free(&r);
        r = ask(s, &t, "POST", "/v1/datasets", LINE);
    }
    e2e_problem(&r, 429, "quota-busy");
    e2e_reply_free(&r);
    expect(s, &other, "POST", "/v1/datasets", LINE, 201);
    close(fd);
    for (double end = e2e_now() + 30 * SLOWER; r.status != 201 && e2e_now() < end;) {
        e2e_reply_free(&r);
        r = ask(s, &t, "POST", "/v1/datasets", LINE);
    }
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    e2e_stop(s);
}
END_TEST

/* So many bytes of a column of ones, 400 a row. */
static char *wide_rows(size_t bytes)
{
    char *rows = malloc(bytes + 1);
    memset(rows, '0', bytes);
    for (size_t i = 0; i + 400 <= bytes; i += 400) {
        memcpy(rows + i, "1.", 2);
        memcpy(rows + i + 397, ",2\n", 3);
    }
    memcpy(rows, "a,y\n1.", 6);
    rows[bytes] = '\0';
    return rows;
}

START_TEST(bytes_in_pieces_count_as_they_come)
{
    static const char *const small[] = {"--auth", "on", "--tenant-bytes", "10000", NULL};
    e2e_server *s = e2e_start(small);
    token t = make_token(s, "acme", "write");
    char path[80], *rows = wide_rows(8000);
    const char *const csv[] = {t.header, "Content-Type: text/csv", NULL},
                      *const at_0[] = {t.header, "Upload-Offset: 0", NULL},
                      *const at_8000[] = {t.header, "Upload-Offset: 8000", NULL},
                      *const announced[] = {t.header, "Upload-Length: 2001", NULL};
    e2e_reply r = e2e_request(s, "POST", "/v1/uploads?target=y", csv, NULL, 0);
    ck_assert_int_eq(r.status, 201);
    snprintf(path, sizeof path, "/v1/uploads/%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    r = e2e_request(s, "PATCH", path, at_0, rows, 8000);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    ck_assert_double_eq(usage(s, &t, "bytes.used"), 8000);
    r = e2e_request(s, "PATCH", path, at_8000, rows, 2001);
    e2e_problem(&r, 507, "quota-full");
    e2e_reply_free(&r);
    r = e2e_request(s, "POST", "/v1/uploads", announced, NULL, 0);
    e2e_problem(&r, 507, "quota-full");
    e2e_reply_free(&r);
    ck_assert_double_eq(usage(s, &t, "bytes.used"), 8000);
    /* the dataset takes the place of what it is made of; both together would be too many */
    strcat(path, "/finish");
    r = ask(s, &t, "POST", path, NULL);
    ck_assert_int_eq(r.status, 201);
    ck_assert_double_ge(usage(s, &t, "bytes.used"), e2e_number(r.json, "bytes"));
    ck_assert_double_ge(e2e_number(r.json, "bytes"), 2001);
    e2e_reply_free(&r);
    free(rows);
    e2e_stop(s);
}
END_TEST

/* Texts are kept once for all rows that have them, beside the numbers of the file. */
START_TEST(texts_are_data_too)
{
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write");
    const char *const csv[] = {t.header, "Content-Type: text/csv", NULL};
    char *rows = malloc(80000);
    strcpy(rows, "city,y\n");
    for (int i = 0; i < 200; i++) {
        char text[241];
        memset(text, 'a' + i % 26, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        sprintf(rows + strlen(rows), "%s%d,%d\n", text, i, i);
    }
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets?target=y&types=city:categorical", csv, rows, strlen(rows));
    ck_assert_msg(r.status == 201, "%.600s", r.body);
    ck_assert_double_lt(e2e_number(r.json, "bytes"), 20000);
    ck_assert_double_ge(usage(s, &t, "bytes.used"), 40000);
    e2e_reply_free(&r);
    free(rows);
    e2e_stop(s);
}
END_TEST

/* So too where the length of what comes is not announced. */
START_TEST(bytes_that_come_unannounced_count_too)
{
    static const char *const small[] = {"--auth", "on", "--tenant-bytes", "10000", NULL};
    e2e_server *s = e2e_start(small);
    token t = make_token(s, "acme", "write");
    char upload[32], head[400], *rows = wide_rows(12000);
    make(s, &t, "/v1/uploads?target=y", NULL, upload);
    int fd = e2e_connect(s);
    snprintf(head, sizeof head,
             "PATCH /v1/uploads/%s HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\n%s\r\n"
             "Transfer-Encoding: chunked\r\n\r\n2ee0\r\n",
             upload, t.header);
    send_all(fd, head, strlen(head));
    send_all(fd, rows, 12000);
    send_all(fd, "\r\n0\r\n\r\n", 7);
    char answer[512] = "";
    ck_assert_int_gt(recv(fd, answer, sizeof answer - 1, 0), 12);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 507", 12) == 0, "%s", answer);
    close(fd);
    ck_assert_double_eq(usage(s, &t, "bytes.used"), 0);
    free(rows);
    e2e_stop(s);
}
END_TEST

/* A job has room for its model since it was taken; one of many groups asks for more on its way. */
START_TEST(groups_make_no_more_models_than_there_is_room_for)
{
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write");
    const char *const csv[] = {t.header, "Content-Type: text/csv", NULL};
    char rows[400] = "g,x,y\n", job[32], body[200], path[80];
    for (int i = 0; i < 24; i++)
        sprintf(rows + strlen(rows), "%d,%d,%d\n", i % 6, i, 3 * i + i % 5);
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets?target=y", csv, rows, strlen(rows));
    ck_assert_int_eq(r.status, 201);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"group_by\": \"g\", \"epochs\": 20}",
             e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    for (int room = 4; room <= 6; room += 2) {
        char most[8];
        snprintf(most, sizeof most, "%d", room);
        set_quota(s, "acme", "models", most);
        make(s, &t, "/v1/jobs", body, job);
        WAIT_UNTIL(has_ended(s, &t, job), 60);
        snprintf(path, sizeof path, "/v1/jobs/%s", job);
        r = ask(s, &t, "GET", path, NULL);
        ck_assert_str_eq(e2e_string(r.json, "state"), room == 6 ? "succeeded" : "failed");
        if (room < 6)
            ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), "quota models"));
        e2e_reply_free(&r);
        ck_assert_double_le(usage(s, &t, "models.used"), room);
        ck_assert_double_ge(usage(s, &t, "models.used"), room - 1);
        r = ask(s, &t, "GET", "/v1/models", NULL);
        const cJSON *item;
        cJSON_ArrayForEach (item, e2e_at(r.json, "models"))
            remove_thing(s, &t, "models", e2e_string(item, "id"));
        e2e_reply_free(&r);
    }
    e2e_stop(s);
}
END_TEST

/* ---- many at once ---- */

enum { CLIENTS = 8, EACH = 12 };

typedef struct client {
    const e2e_server *s;
    const token *t;
    const char *path, *body;
    int made, refused;
} client;

static void *ask_on(void *arg)
{
    client *c = arg;
    const char *const headers[] = {"Content-Type: application/json", c->t->header, NULL};
    for (int i = 0; i < EACH; i++) {
        e2e_reply r = e2e_try(c->s, NULL, "POST", c->path, headers, c->body, strlen(c->body));
        c->made += r.status == 201 || r.status == 202;
        c->refused += r.status == 507 || r.status == 429;
        e2e_reply_free(&r);
    }
    return NULL;
}

/* So many of all the clients' requests are to be taken, and all others refused. */
static void crowd(const e2e_server *s, const token *t, const char *path, const char *body, int most)
{
    pthread_t threads[CLIENTS];
    client clients[CLIENTS];
    int made = 0, refused = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){s, t, path, body, 0, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_on, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        made += clients[i].made;
        refused += clients[i].refused;
    }
    ck_assert_int_eq(made, most);
    ck_assert_int_eq(refused, CLIENTS * EACH - most);
}

START_TEST(however_many_ask_at_once_no_quota_is_passed)
{
    e2e_server *s = e2e_start(with_auth);
    token t = make_token(s, "acme", "write");
    char ds[32], body[200];
    make(s, &t, "/v1/datasets", LINE, ds);
    set_quota(s, "acme", "datasets", "10");
    crowd(s, &t, "/v1/datasets", LINE, 9);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", " LONG_JOB "}", ds);
    set_quota(s, "acme", "active_jobs", "5");
    crowd(s, &t, "/v1/jobs", body, 5);
    ck_assert_double_eq(usage(s, &t, "active_jobs.used"), 5);
    set_quota(s, "acme", "active_jobs", "0");
    set_quota(s, "acme", "jobs", "12");
    crowd(s, &t, "/v1/jobs", body, 7);
    set_quota(s, "acme", "uploads", "3");
    crowd(s, &t, "/v1/uploads", "", 3);
    e2e_stop(s);
}
END_TEST

START_TEST(the_command_line_says_what_is_wrong_with_a_quota)
{
    static const struct {
        const char *words[6], *part;
    } rows[] = {
        {{"quota", "set", "acme", "bytes"}, "quota set needs TENANT NAME N"},
        {{"quota", "set", "acme", "rows", "1"}, "there is no quota \"rows\"; there are: bytes, "},
        {{"quota", "set", "acme", "jobs", "1k"}, "the quota jobs must be a whole number, 0"},
        {{"quota", "set", "acme", "bytes", "1t"}, "with k, m or g"},
        {{"quota", "set", "a b", "bytes", "1"}, "a tenant's name has"},
        {{"quota", "clear", "acme", "bytes"}, "tenant acme has no such quota"},
        {{"--tenant-jobs", "many"}, "--tenant-jobs must be a whole number"},
    };
    char said[2048];
    e2e_server *s = e2e_start(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int code = command(s, said, rows[i].words);
        if (code == 0 || !strstr(said, rows[i].part))
            ck_abort_msg("row %zu: %d %s", i, code, said);
    }
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quotas");
    TCase *tc = tcase_create("quotas");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, what_is_stored_ends_at_its_quota);
    tcase_add_test(tc, what_is_under_way_ends_at_its_quota);
    tcase_add_test(tc, bytes_in_pieces_count_as_they_come);
    tcase_add_test(tc, texts_are_data_too);
    tcase_add_test(tc, bytes_that_come_unannounced_count_too);
    tcase_add_test(tc, groups_make_no_more_models_than_there_is_room_for);
    tcase_add_test(tc, however_many_ask_at_once_no_quota_is_passed);
    tcase_add_test(tc, the_command_line_says_what_is_wrong_with_a_quota);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
