/* Bodies that come packed: what arrives is what was packed, to the last bit of its hash, on every
 * route that takes a body; what is broken or too large leaves nothing behind. */
#include "packing.h"
#include "serving.h"
#include "suite.h"

#include <dirent.h>
#include <sched.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void start_small(void)
{
    s = e2e_start((const char *const[]){"--max-body", "64k", NULL});
}

typedef struct coding {
    const char *header;
    packed (*pack)(const char *text, size_t n);
} coding;

static const coding codings[] = {{"Content-Encoding: gzip", pack_gzip},
                                 {"Content-Encoding: zstd", pack_zstd}};

static e2e_reply send_bytes(const char *path, const coding *c, const char *type, const packed *body)
{
    return e2e_request(s, "POST", path, (const char *const[]){c->header, type, NULL}, body->bytes,
                       body->n);
}

static e2e_reply post_packed(const char *path, const coding *c, const char *type, const char *text)
{
    packed body = c->pack(text, strlen(text));
    e2e_reply r = send_bytes(path, c, type, &body);
    free(body.bytes);
    return r;
}

/* Refused, and nothing is left of it once the request is over. */
static void leaves_nothing(e2e_reply r, long status, const char *slug, const char *part)
{
    e2e_problem(&r, status, slug);
    ck_assert_msg(strstr(r.body, part) != NULL, "%s lacks \"%s\"", r.body, part);
    e2e_reply_free(&r);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    double end = e2e_now() + 20;
    while (e2e_files_in(s, "tmp") > 0 && e2e_now() < end)
        sched_yield();
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
}

/* A table of so many rows. */
static char *table(int rows)
{
    char *csv = malloc((size_t)rows * 32 + 32), *at = csv + sprintf(csv, "a,b,t\n");
    for (int i = 0; i < rows; i++)
        at += sprintf(at, "%d,%.3f,%d\n", i % 977, i * 0.125, i % 13);
    return csv;
}

START_TEST(a_packed_dataset_is_the_dataset)
{
    char *csv = table(40000); /* many pieces on the wire */
    e2e_reply plain = e2e_post_csv(s, "/v1/datasets?target=t", csv);
    ck_assert_int_eq(plain.status, 201);
    for (size_t i = 0; i < COUNT(codings); i++) {
        e2e_reply r =
            post_packed("/v1/datasets?target=t", &codings[i], "Content-Type: text/csv", csv);
        ck_assert_msg(r.status == 201, "%s", r.body);
        ck_assert_str_eq(e2e_string(r.json, "sha256"), e2e_string(plain.json, "sha256"));
        e2e_reply_free(&r);
    }
    e2e_reply_free(&plain);
    free(csv);
}
END_TEST

START_TEST(a_packed_dataset_may_come_in_chunks_and_members)
{
    const char *const headers[] = {codings[0].header, "Content-Type: text/csv",
                                   "Transfer-Encoding: chunked", NULL};
    packed one = pack_gzip("a,t\n1,2\n3,", 10), two = pack_gzip("4\n", 2);
    packed both = packed_add(packed_add((packed){0}, one.bytes, one.n), two.bytes, two.n);
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets?target=t", headers, both.bytes, both.n);
    ck_assert_msg(r.status == 201, "%s", r.body);
    ck_assert_double_eq(e2e_number(r.json, "rows"), 2);
    e2e_reply_free(&r);
    free(one.bytes);
    free(two.bytes);
    free(both.bytes);
}
END_TEST

START_TEST(any_document_may_come_packed)
{
    static const char json[] = "Content-Type: application/json";
    for (size_t i = 0; i < COUNT(codings); i++) {
        char model[32], path[100];
        e2e_reply r = post_packed("/v1/jobs", &codings[i], json,
                                  "{\"dataset\": {\"X\": [1, 2, 3], \"y\": [3, 5, 7]}}");
        ck_assert_msg(r.status == 202, "%s", r.body);
        e2e_reply job = e2e_wait(s, e2e_string(r.json, "id"));
        snprintf(model, sizeof model, "%s", e2e_string(job.json, "model_id"));
        e2e_reply_free(&job);
        e2e_reply_free(&r);
        snprintf(path, sizeof path, "/v1/models/%s/predictions", model);
        r = post_packed(path, &codings[i], json, "{\"X\": [10]}");
        ck_assert_msg(r.status == 200, "%s", r.body);
        close_to(e2e_number(r.json, "predictions.0"), 21, 1e-6);
        e2e_reply_free(&r);
    }
    e2e_reply r =
        e2e_request(s, "POST", "/v1/jobs", (const char *const[]){codings[0].header, NULL}, "{}", 2);
    e2e_problem(&r, 400, "bad-request");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(what_is_broken_leaves_nothing)
{
    static const char csv_type[] = "Content-Type: text/csv";
    char *csv = table(5000);
    for (size_t i = 0; i < COUNT(codings); i++) {
        packed all = codings[i].pack(csv, strlen(csv));
        for (size_t n = 0; n < all.n; n = 20 * n + 1) {
            packed part = {all.bytes, n};
            leaves_nothing(send_bytes("/v1/datasets?target=t", &codings[i], csv_type, &part), 400,
                           "bad-request", "ends too early");
        }
        all.bytes[all.n - 2] ^= 0x55; /* of the length, or the checksum */
        leaves_nothing(send_bytes("/v1/datasets?target=t", &codings[i], csv_type, &all), 400,
                       "bad-request", "is broken near byte ");
        free(all.bytes);
        /* and what is wrong in it, when unpacked, is told as ever */
        leaves_nothing(
            post_packed("/v1/datasets?target=t", &codings[i], csv_type, "a,t\n1,2\nx,3\n"), 422,
            "validation-failed", "is not a number (line 3, byte 8)");
    }
    free(csv);
}
END_TEST

/* Of 64 KiB, packed or not; to see that the rest is not unpacked, there is far more of it than
 * anything here would wait for. */
START_TEST(what_unpacks_to_too_much_is_413)
{
    enum { LINES = 8 << 20 };
    char *csv = malloc(4 * (size_t)LINES + 1);
    memcpy(csv, "a,t\n", 4);
    for (size_t i = 1; i < LINES; i++)
        memcpy(csv + 4 * i, "1,2\n", 4);
    csv[4 * (size_t)LINES] = '\0';
    for (size_t i = 0; i < COUNT(codings); i++) {
        packed bomb = codings[i].pack(csv, 4 * (size_t)LINES);
        ck_assert_uint_lt(bomb.n, 64 << 10);
        leaves_nothing(
            send_bytes("/v1/datasets?target=t", &codings[i], "Content-Type: text/csv", &bomb), 413,
            "too-large", "65536");
        e2e_reply r = send_bytes("/v1/jobs", &codings[i], "Content-Type: application/json", &bomb);
        e2e_problem(&r, 413, "too-large");
        e2e_reply_free(&r);
        free(bomb.bytes);
        bomb = codings[i].pack(csv, 64 << 10); /* as much as is allowed */
        r = send_bytes("/v1/datasets?target=t", &codings[i], "Content-Type: text/csv", &bomb);
        ck_assert_msg(r.status == 201, "%s", r.body);
        char path[64];
        snprintf(path, sizeof path, "/v1/datasets/%s", e2e_string(r.json, "id"));
        e2e_reply_free(&r);
        r = e2e_delete(s, path);
        ck_assert_int_eq(r.status, 204);
        e2e_reply_free(&r);
        free(bomb.bytes);
    }
    free(csv);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("packed"), *small = tcase_create("small");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, a_packed_dataset_is_the_dataset);
    tcase_add_test(tc, a_packed_dataset_may_come_in_chunks_and_members);
    tcase_add_test(tc, any_document_may_come_packed);
    tcase_add_test(tc, what_is_broken_leaves_nothing);
    tcase_add_checked_fixture(small, start_small, stop);
    tcase_set_timeout(small, 120);
    tcase_add_test(small, what_unpacks_to_too_much_is_413);
    Suite *suite = suite_create("packed");
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, small);
    return suite_run(suite);
}
