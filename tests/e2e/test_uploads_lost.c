/* Resumable uploads go on where they stopped, through lost connections, kills and restarts; of many
 * who write or finish at once one wins, and what is left on the disk is right. */
#include "uploads.h"

/* ---- lost connections ---- */

START_TEST(an_interrupted_piece_keeps_what_arrived)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(20000, 3, 2);
    size_t n = strlen(csv), half = n / 2 + 7;
    make_csv_upload(s, id);
    int fd = begin_patch(s, id, 0, n, csv, half);
    WAIT_UNTIL(size_on_disk(s, id) == half, 20);
    close(fd);
    WAIT_UNTIL(offset_of(s, id) == half, 20);
    send_piece(s, id, half, csv + half, n - half);
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    free(csv);
    finish(s);
}
END_TEST

/* The connection of the first is not known to be lost: it just sends nothing any more. */
START_TEST(a_second_request_takes_over_from_one_that_hangs)
{
    char id[32], answer[512];
    e2e_server *s = e2e_start(NULL);
    static const char csv[] = "a,y\n1,2\n3,4\n5,6\n";
    size_t n = strlen(csv);
    make_csv_upload(s, id);
    send_piece(s, id, 0, csv, 4);
    int fd = begin_patch(s, id, 4, n - 4, csv + 4, 4);
    WAIT_UNTIL(size_on_disk(s, id) == 8, 20);
    e2e_reply r = finish_upload(s, id, ""); /* as long as bytes may come */
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    ck_assert_uint_eq(offset_of(s, id), 4); /* what is safe so far */
    send_piece(s, id, 4, csv + 4, n - 4);
    send_all(fd, csv + 8, n - 8); /* it lives after all */
    ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
    ck_assert_int_gt(got, 0);
    answer[got] = '\0';
    ck_assert_ptr_nonnull(strstr(answer, " 409 "));
    close(fd);
    ck_assert_uint_eq(offset_of(s, id), n);
    r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

typedef struct finisher {
    const e2e_server *s;
    const char *id;
    long status;
    char dataset[32], why[300];
    pthread_t thread;
} finisher;

static void *finish_main(void *arg)
{
    finisher *f = arg;
    e2e_reply r = finish_upload(f->s, f->id, "");
    f->status = r.status;
    if (r.status == 200 || r.status == 201)
        snprintf(f->dataset, sizeof f->dataset, "%s", e2e_string(r.json, "id"));
    snprintf(f->why, sizeof f->why, "%s", r.body);
    e2e_reply_free(&r);
    return NULL;
}

/* One makes the dataset, and all are told of it. */
START_TEST(of_many_who_finish_at_once_all_get_the_same_dataset)
{
    enum { MANY = 6, ROUNDS = 8 };
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(4000, 6, 3), id[32];
    for (int round = 0; round < ROUNDS; round++) {
        finisher all[MANY];
        int made = 0;
        make_csv_upload(s, id);
        send_piece(s, id, 0, csv, strlen(csv));
        for (int i = 0; i < MANY; i++) {
            all[i] = (finisher){.s = s, .id = id};
            ck_assert_int_eq(pthread_create(&all[i].thread, NULL, finish_main, &all[i]), 0);
        }
        for (int i = 0; i < MANY; i++)
            pthread_join(all[i].thread, NULL);
        for (int i = 0; i < MANY; i++) {
            ck_assert_msg(all[i].status == 200 || all[i].status == 201, "%ld %s", all[i].status,
                          all[i].why);
            ck_assert_str_eq(all[i].dataset, all[0].dataset);
            made += all[i].status == 201;
        }
        ck_assert_int_eq(made, 1);
    }
    ck_assert_int_eq(count_of(s, "datasets", ""), ROUNDS);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 1);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0 && e2e_files_in(s, "uploads") == 0, 5);
    finish(s);
    free(csv);
}
END_TEST

START_TEST(of_many_who_write_at_once_one_wins)
{
    enum { WRITERS = 6, ROUNDS = 30 / SLOWER };
    char id[32];
    int fd[WRITERS];
    e2e_server *s = e2e_start(NULL);
    make_csv_upload(s, id);
    send_piece(s, id, 0, "a,y\n", 4);
    for (int round = 0; round < ROUNDS; round++) {
        size_t at = offset_of(s, id);
        for (int i = 0; i < WRITERS; i++)
            fd[i] = begin_patch(s, id, at, 4, "1,2\n", 4);
        for (int i = 0; i < WRITERS; i++) {
            char answer[512];
            ck_assert_int_gt(recv(fd[i], answer, sizeof answer, 0), 0);
            ck_assert(memcmp(answer + 8, " 204", 4) == 0 || memcmp(answer + 8, " 409", 4) == 0);
            close(fd[i]);
        }
        ck_assert_uint_le(offset_of(s, id), at + 4);
    }
    size_t rows = (offset_of(s, id) - 4) / 4;
    ck_assert_uint_ge(rows, 1);
    e2e_reply r = finish_upload(s, id, "");
    ck_assert_int_eq(r.status, 201);
    ck_assert_double_eq(e2e_number(r.json, "rows"), (double)rows);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* ---- kills ---- */

START_TEST(an_upload_goes_on_after_a_kill_in_the_middle_of_a_piece)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    enum { ROWS = 900000 / SLOWER };
    char *csv = make_csv(ROWS, 3, 5); /* more than is counted at once */
    size_t n = strlen(csv), first = 1000, sent = n / 4 * 3;
    make_csv_upload(s, id);
    send_piece(s, id, 0, csv, first);
    int fd = begin_patch(s, id, first, n - first, csv + first, sent - first);
    WAIT_UNTIL(size_on_disk(s, id) == sent, 60);
    kill_hard(s);
    close(fd);
    e2e_restart(s, NULL);
    size_t at = offset_of(s, id);
    ck_assert_uint_ge(at, first);
    ck_assert_uint_le(at, sent);
    if (SLOWER == 1)
        ck_assert_uint_ge(at, (size_t)16 << 20); /* some of it was counted on the way */
    send_piece(s, id, at, csv + at, n - at);
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    assert_no_bytes_left(s);
    free(csv);
    finish(s);
}
END_TEST

START_TEST(a_kill_while_it_is_finished_leaves_an_upload_to_finish_or_a_dataset)
{
    unsigned long long seed = seed_of_the_day("a_kill_while_it_is_finished") + (unsigned)_i;
    char id[32], request[128];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(60000, 3, 6);
    make_csv_upload(s, id);
    send_piece(s, id, 0, csv, strlen(csv));
    int fd = e2e_connect(s);
    snprintf(request, sizeof request, "POST /v1/uploads/%s/finish HTTP/1.1\r\nHost: x\r\n\r\n", id);
    send_all(fd, request, strlen(request));
    rest(0.12 * draw(&seed) * SLOWER);
    kill_hard(s);
    close(fd);
    e2e_restart(s, NULL);
    ck_assert_int_eq(e2e_files_in(s, "tmp"), 0);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), count_of(s, "datasets", ""));
    e2e_reply r = e2e_getf(s, "/v1/uploads/%s", id);
    bool finished = strcmp(e2e_string(r.json, "state"), "finished") == 0;
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), finished);
    ck_assert_int_eq(e2e_files_in(s, "uploads"), !finished);
    r = finish_upload(s, id, "");
    ck_assert_int_eq(r.status, finished ? 200 : 201);
    r.status = 201;
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    assert_no_bytes_left(s);
    free(csv);
    finish(s);
}
END_TEST

START_TEST(a_stop_keeps_what_arrived)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    static const char csv[] = "a,y\n1,2\n3,4\n5,6\n";
    make_csv_upload(s, id);
    int fd = begin_patch(s, id, 0, strlen(csv), csv, 9);
    WAIT_UNTIL(size_on_disk(s, id) == 9, 20);
    end_cleanly(s, SIGTERM, 8);
    close(fd);
    e2e_restart(s, NULL);
    ck_assert_uint_eq(offset_of(s, id), 9);
    send_piece(s, id, 9, csv + 9, strlen(csv) - 9);
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

/* A file that lost bytes which were counted, as a failing disk may have it. */
START_TEST(a_shortened_file_goes_on_where_it_ends)
{
    char id[32], path[400];
    e2e_server *s = e2e_start(NULL);
    static const char csv[] = "a,y\n1,2\n3,4\n5,6\n";
    make_csv_upload(s, id);
    send_piece(s, id, 0, csv, 12);
    end_cleanly(s, SIGTERM, 5);
    snprintf(path, sizeof path, "%s/uploads/%s", s->dir, id);
    ck_assert_int_eq(truncate(path, 5), 0);
    snprintf(path, sizeof path, "%s/uploads/upl_0never0recorded00", s->dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    e2e_restart(s, NULL);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_uint_eq(offset_of(s, id), 5);
    send_piece(s, id, 5, csv + 5, strlen(csv) - 5);
    e2e_reply r = finish_upload(s, id, "");
    assert_same_as_whole(s, &r, csv);
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uploads_lost");
    TCase *tc = tcase_create("uploads_lost");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, an_interrupted_piece_keeps_what_arrived);
    tcase_add_test(tc, a_second_request_takes_over_from_one_that_hangs);
    tcase_add_test(tc, of_many_who_finish_at_once_all_get_the_same_dataset);
    tcase_add_test(tc, of_many_who_write_at_once_one_wins);
    tcase_add_test(tc, an_upload_goes_on_after_a_kill_in_the_middle_of_a_piece);
    tcase_add_loop_test(tc, a_kill_while_it_is_finished_leaves_an_upload_to_finish_or_a_dataset, 0, 5);
    tcase_add_test(tc, a_stop_keeps_what_arrived);
    tcase_add_test(tc, a_shortened_file_goes_on_where_it_ends);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
