/* Resumable uploads that nothing happens to: pieces in the usual way, what is said at the begin and
 * at the end, and what is refused. */
#include "uploads.h"

#include <nettle/sha2.h>

/* ---- the usual way ---- */

START_TEST(pieces_make_the_dataset_that_the_whole_would)
{
    char id[32], path[96], location[96];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(2000, 3, 1);
    size_t n = strlen(csv), at = 0;
    unsigned long long seed = 7;
    make_csv_upload(s, id);
    ck_assert_uint_eq(offset_of(s, id), 0);
    while (at < n) {
        size_t piece = 1 + (size_t)(draw(&seed) * 9000);
        piece = piece < n - at ? piece : n - at;
        send_piece(s, id, at, csv + at, piece);
        at += piece;
        ck_assert_uint_eq(offset_of(s, id), at);
    }
    send_piece(s, id, n, "", 0); /* nothing is fine */
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    assert_no_bytes_left(s);
    snprintf(path, sizeof path, "/v1/datasets/%s", e2e_string(r.json, "id"));
    ck_assert_str_eq(e2e_header(&r, "Location", location, sizeof location), path);

    e2e_reply again = finish_upload(s, id, ""); /* as if its answer had been lost */
    ck_assert_int_eq(again.status, 200);
    ck_assert_str_eq(e2e_string(again.json, "id"), e2e_string(r.json, "id"));
    e2e_reply_free(&again);
    again = patch(s, id, n, "x", 1);
    e2e_problem(&again, 409, "conflict");
    e2e_reply_free(&again);
    again = e2e_getf(s, "/v1/uploads/%s", id);
    ck_assert_str_eq(e2e_string(again.json, "state"), "finished");
    ck_assert_str_eq(e2e_string(again.json, "dataset_id"), e2e_string(r.json, "id"));
    e2e_reply_free(&again);
    delete_of(s, "datasets", e2e_string(r.json, "id"));
    again = finish_upload(s, id, "");
    e2e_problem(&again, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(again.body, "deleted"));
    e2e_reply_free(&again);
    e2e_reply_free(&r);
    free(csv);
    finish(s);
}
END_TEST

/* Parameters, formats and hashes are those of a whole upload. */
START_TEST(what_is_said_at_the_begin_holds_at_the_end)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};
    static const char *const tsv[] = {"Content-Type: text/tab-separated-values", NULL};
    char id[32];
    e2e_server *s = e2e_start(NULL);
    make(s, "?name=K%C3%B6ln&dtype=float32", json, id);
    send_piece(s, id, 0, "{\"X\": [[1, 2], [3", 17);
    send_piece(s, id, 17, ", 4]], \"y\": [5, 6]}", 19);
    e2e_reply r = finish_upload(s, id, "");
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), "K\xc3\xb6ln");
    ck_assert_str_eq(e2e_string(r.json, "dtype"), "float32");
    ck_assert_double_eq(e2e_number(r.json, "rows"), 2);
    e2e_reply_free(&r);
    make(s, "?target=c&columns=b", tsv, id);
    send_piece(s, id, 0, "a\tb\tc\n1\t2\t3\n", 12);
    r = finish_upload(s, id, "?name=later"); /* what is said at the end goes before it */
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), "later");
    ck_assert_str_eq(e2e_string(r.json, "target"), "c");
    ck_assert_str_eq(e2e_string(r.json, "columns.0"), "b");
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* The answer goes by the request that finishes, not by the one that the upload was made with. */
START_TEST(a_page_elsewhere_may_read_the_answer_of_a_finish)
{
    static const char *const pages[] = {"--cors-origin", "https://a.example", NULL};
    static const char *const origin[] = {"Origin: https://a.example", NULL};
    static const char *const bytes[] = {"", "{\"X\": [1, 2], \"y\": [1, 3]}"};
    for (int i = 0; i < 2; i++) { /* one that can't be read, and one that can */
        char id[32], path[96], allowed[64];
        e2e_server *s = e2e_start(pages);
        make(s, "", NULL, id);
        send_piece(s, id, 0, bytes[i], strlen(bytes[i]));
        snprintf(path, sizeof path, "/v1/uploads/%s/finish", id);
        e2e_reply r = e2e_request(s, "POST", path, origin, NULL, 0);
        ck_assert_int_eq(r.status == 201, i == 1);
        ck_assert_str_eq(e2e_header(&r, "Access-Control-Allow-Origin", allowed, sizeof allowed),
                         "https://a.example");
        e2e_reply_free(&r);
        delete_of(s, "uploads", id);
        finish(s);
    }
}
END_TEST

START_TEST(bytes_that_can_not_be_read_stay_for_another_try)
{
    static const char csv[] = "a,b,c\n1,2,3\n4,y,6\n";
    static const char *const type[] = {"Content-Type: text/csv", NULL};
    char id[32];
    e2e_server *s = e2e_start(NULL);
    make(s, "?target=c", type, id);
    send_piece(s, id, 0, csv, strlen(csv));
    e2e_reply r = finish_upload(s, id, "");
    e2e_problem(&r, 422, "validation-failed");
    e2e_field_error(&r, "row 2, column \"b\"");
    e2e_reply_free(&r);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    ck_assert_int_eq(count_of(s, "datasets", ""), 0);
    ck_assert_uint_eq(offset_of(s, id), strlen(csv));
    r = finish_upload(s, id, "?columns=a");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    assert_no_bytes_left(s);
    finish(s);
}
END_TEST

static void hex_sha256(const char *bytes, size_t n, char hex[65])
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&ctx);
    sha256_update(&ctx, n, (const uint8_t *)bytes);
    sha256_digest(&ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

START_TEST(bytes_with_another_hash_are_no_dataset)
{
    static const char *const type[] = {"Content-Type: text/csv", NULL};
    static const char csv[] = "a,y\n1,2\n3,4\n", other[] = "a,y\n1,2\n3,5\n";
    char id[32], hex[65], query[128];
    e2e_server *s = e2e_start(NULL);
    hex_sha256(csv, strlen(csv), hex);
    snprintf(query, sizeof query, "?target=y&sha256=%s", hex);
    make(s, query, type, id);
    send_piece(s, id, 0, other, strlen(other));
    e2e_reply r = finish_upload(s, id, "");
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "sha256"), hex));
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 0);
    delete_of(s, "uploads", id);
    make(s, query, type, id);
    send_piece(s, id, 0, csv, strlen(csv));
    r = finish_upload(s, id, "");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    r = e2e_request(s, "POST", "/v1/uploads?sha256=abc", type, NULL, 0);
    e2e_problem(&r, 400, "invalid-parameter");
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_piece_for_another_place_is_told_where_to_go_on)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    make_csv_upload(s, id);
    send_piece(s, id, 0, "a,y\n1,2\n", 8);
    static const size_t wrong[] = {0, 4, 9, 1 << 20};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        e2e_reply r = patch(s, id, wrong[i], "3,4\n", 4);
        e2e_problem(&r, 409, "conflict");
        ck_assert_uint_eq(header_number(&r, "Upload-Offset"), 8);
        e2e_reply_free(&r);
    }
    char path[96];
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    static const char *const bad[] = {"Upload-Offset: -1", "Upload-Offset: 8.0", "Upload-Offset: ",
                                      "X: 8", "Upload-Offset: 99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply r = e2e_request(s, "PATCH", path, (const char *const[]){bad[i], NULL}, "3,4\n", 4);
        e2e_problem(&r, 400, "bad-request");
        e2e_reply_free(&r);
    }
    ck_assert_uint_eq(offset_of(s, id), 8);
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, "a,y\n1,2\n");
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(a_length_that_was_announced_is_kept_to)
{
    static const char *const type[] = {"Content-Type: text/csv", "Upload-Length: 12", NULL};
    static const char *const huge[] = {"Content-Type: text/csv", "Upload-Length: 5000", NULL};
    static const char *const small[] = {"--max-body", "4096", NULL};
    static char zeros[5000];
    char id[32], path[96];
    e2e_server *s = e2e_start(small);
    e2e_reply r = e2e_request(s, "POST", "/v1/uploads", huge, NULL, 0);
    e2e_problem(&r, 413, "too-large");
    e2e_reply_free(&r);
    make(s, "?target=y", type, id);
    send_piece(s, id, 0, "a,y\n1,2\n", 8);
    r = finish_upload(s, id, "");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(r.body, "8 of 12 bytes"));
    e2e_reply_free(&r);
    r = patch(s, id, 8, "3,4\n5,6\n", 8);
    e2e_problem(&r, 413, "too-large");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    static const char *const chunked[] = {"Upload-Offset: 8", "Transfer-Encoding: chunked", NULL};
    r = e2e_request(s, "PATCH", path, chunked, "3,4\n5,6\n", 8);
    e2e_problem(&r, 413, "too-large");
    size_t at = header_number(&r, "Upload-Offset");
    e2e_reply_free(&r);
    ck_assert_uint_eq(offset_of(s, id), at);
    ck_assert_uint_eq(at, 8); /* a piece that does not fit is not taken by half */
    r = e2e_request(s, "HEAD", path, NULL, NULL, 0);
    ck_assert_uint_eq(header_number(&r, "Upload-Length"), 12);
    e2e_reply_free(&r);
    send_piece(s, id, 8, "3,4\n", 4);
    r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, "a,y\n1,2\n3,4\n");
    e2e_reply_free(&r);
    make_csv_upload(s, id); /* without a length --max-body is one */
    r = patch(s, id, 0, zeros, sizeof zeros);
    e2e_problem(&r, 413, "too-large");
    e2e_reply_free(&r);
    delete_of(s, "uploads", id);
    finish(s);
}
END_TEST

START_TEST(an_upload_that_is_given_up_leaves_nothing)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    make_csv_upload(s, id);
    send_piece(s, id, 0, "a,y\n1,2\n", 8);
    ck_assert_int_eq(e2e_files_in(s, "uploads"), 1);
    delete_of(s, "uploads", id);
    assert_no_bytes_left(s);
    e2e_reply r = patch(s, id, 8, "3,4\n", 4);
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = finish_upload(s, id, "");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "uploads", ""), 0);
    finish(s);
}
END_TEST

START_TEST(abandoned_uploads_are_removed_after_a_while)
{
    static const char *const soon[] = {"--upload-expiry", "1", NULL};
    char open[32], gone[32];
    e2e_server *s = e2e_start(NULL);
    make_csv_upload(s, gone);
    send_piece(s, gone, 0, "a,y\n", 4);
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, NULL); /* a day has not passed */
    ck_assert_uint_eq(offset_of(s, gone), 4);
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, soon);
    make_csv_upload(s, open);
    send_piece(s, open, 0, "a,y\n", 4);
    WAIT_UNTIL(count_of(s, "uploads", "") == 1, 30); /* the first was given a day */
    WAIT_UNTIL(e2e_files_in(s, "uploads") == 1, 5);
    ck_assert_uint_eq(offset_of(s, gone), 4);
    delete_of(s, "uploads", gone);
    finish(s);
}
END_TEST

/* Packed pieces would be taken for bytes of the whole. */
START_TEST(a_piece_comes_without_an_encoding)
{
    e2e_server *s = e2e_start(NULL);
    char id[32], path[96], value[64];
    make_csv_upload(s, id);
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    for (int i = 0; i < 3; i++) {
        static const char *const encodings[] = {"gzip", "zstd", "br"};
        snprintf(value, sizeof value, "Content-Encoding: %s", encodings[i]);
        e2e_reply r = e2e_request(s, "PATCH", path,
                                  (const char *const[]){"Upload-Offset: 0", value, NULL}, "a,y\n", 4);
        e2e_problem(&r, 415, "unsupported-media-type");
        ck_assert_ptr_nonnull(strstr(r.body, "Content-Encoding"));
        ck_assert_str_eq(e2e_header(&r, "Accept-Encoding", value, sizeof value), "identity");
        e2e_reply_free(&r);
    }
    ck_assert_uint_eq(offset_of(s, id), 0);
    e2e_reply r = e2e_request(
        s, "PATCH", path, (const char *const[]){"Upload-Offset: 0", "Content-Encoding: identity", NULL},
        "a,y\n1,2\n", 8);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* A page of statistics is chosen by the same names as columns of a table. */
START_TEST(what_a_second_finish_asks_for_changes_nothing)
{
    e2e_server *s = e2e_start(NULL);
    static const char *const libsvm[] = {"Content-Type: text/x-libsvm", NULL};
    char id[32];
    make(s, "", libsvm, id);
    send_piece(s, id, 0, "1 1:2\n2 2:1\n", 12);
    for (int i = 0; i < 2; i++) {
        e2e_reply r = finish_upload(s, id, "?columns=9");
        ck_assert_msg(r.status == (i ? 200 : 201), "%s", r.body);
        ck_assert_double_eq(e2e_number(r.json, "columns.to"), 9);
        if (i)
            ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "statistics")), 10);
        e2e_reply_free(&r);
    }
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uploads");
    TCase *tc = tcase_create("uploads");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, pieces_make_the_dataset_that_the_whole_would);
    tcase_add_test(tc, what_is_said_at_the_begin_holds_at_the_end);
    tcase_add_test(tc, a_page_elsewhere_may_read_the_answer_of_a_finish);
    tcase_add_test(tc, bytes_that_can_not_be_read_stay_for_another_try);
    tcase_add_test(tc, bytes_with_another_hash_are_no_dataset);
    tcase_add_test(tc, a_piece_for_another_place_is_told_where_to_go_on);
    tcase_add_test(tc, a_length_that_was_announced_is_kept_to);
    tcase_add_test(tc, an_upload_that_is_given_up_leaves_nothing);
    tcase_add_test(tc, abandoned_uploads_are_removed_after_a_while);
    tcase_add_test(tc, a_piece_comes_without_an_encoding);
    tcase_add_test(tc, what_a_second_finish_asks_for_changes_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
