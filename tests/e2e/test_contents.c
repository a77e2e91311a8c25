/* Equal data is stored once: what lies on the disk while datasets with the same numbers come and
 * go, in every order, at once, and through kills. */
#include "jobs.h"

#include <pthread.h>

#define NUMBERS "\"X\": [[1, 2], [3, 5], [4, 4], [7, 1]], \"y\": [1, 2, 4, 5]"

static void delete_dataset(const e2e_server *s, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    e2e_reply r = e2e_delete(s, path);
    if (r.status != 204)
        ck_abort_msg("DELETE %s: %ld %s", path, r.status, r.body);
    e2e_reply_free(&r);
}

static void assert_trains(const e2e_server *s, const char *id)
{
    char job[32];
    post_job(s, id, "\"epochs\": 1", job);
    wait_for_end(s, job, "succeeded");
}

/* Every dataset that is listed has its numbers. Returns how many there are. */
static int assert_all_train(const e2e_server *s)
{
    const cJSON *item;
    e2e_reply r = e2e_get(s, "/v1/datasets?limit=1000");
    cJSON_ArrayForEach (item, e2e_at(r.json, "datasets"))
        assert_trains(s, e2e_string(item, "id"));
    int n = cJSON_GetArraySize(e2e_at(r.json, "datasets"));
    e2e_reply_free(&r);
    return n;
}

START_TEST(equal_data_is_one_file_whatever_order_it_is_deleted_in)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    char ids[3][32], job[32];
    e2e_server *s = e2e_start(NULL);
    e2e_dataset(s, "{\"name\": \"a\", \"columns\": [\"u\", \"v\"], " NUMBERS "}", ids[0]);
    upload_csv(s, "x2,x1,y\n2,1,1\n5,3,2\n4,4,4\n1,7,5\n", ids[1]); /* in another order: other numbers */
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 2);
    delete_dataset(s, ids[1]);
    upload_csv(s, "y,p,q\n1,1,2\n2,3,5\n4,4,4\n5,7,1\n", ids[1]);
    e2e_job(s, "{\"dataset\": {" NUMBERS "}}", job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(ids[2], sizeof ids[2], "%s", e2e_string(r.json, "dataset_id"));
    e2e_reply_free(&r);
    WAIT_UNTIL(e2e_files_in(s, "datasets") == 1, 5);
    ck_assert_int_eq(count_of(s, "datasets", ""), 3);
    for (int i = 0; i < 3; i++) {
        WAIT_UNTIL(e2e_files_in(s, "datasets") == 1, 5);
        assert_trains(s, ids[orders[_i][i]]);
        delete_dataset(s, ids[orders[_i][i]]);
    }
    WAIT_UNTIL(e2e_files_in(s, "datasets") == 0, 5);
    finish(s);
}
END_TEST

START_TEST(a_refused_job_takes_no_file_from_a_dataset_with_its_numbers)
{
    char id[32];
    e2e_server *s = e2e_start(NULL);
    e2e_dataset(s, "{" NUMBERS "}", id);
    e2e_reply r = e2e_post(s, "/v1/jobs", "{\"dataset\": {" NUMBERS "}, \"epochs\": -1}");
    e2e_problem(&r, 422, "validation-failed");
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs:dry_run", "{\"dataset\": {" NUMBERS "}}");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 1);
    assert_trains(s, id);
    finish(s);
}
END_TEST

typedef struct client {
    pthread_t thread;
    const e2e_server *s;
    char body[160];
    unsigned long long seed;
    int rounds;
    int odd; /* answers that may not be */
    char kept[32]; /* the last one, not deleted; or "" */
} client;

/* Uploads the same numbers again and again, and deletes most of what it made. */
static void *come_and_go(void *arg)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    client *c = arg;
    for (int i = 0; i < c->rounds; i++) {
        char path[96];
        e2e_reply r = e2e_try(c->s, NULL, "POST", "/v1/datasets", headers, c->body, strlen(c->body));
        if (r.status != 201) {
            c->odd += r.status != 0;
            e2e_reply_free(&r);
            break; /* the server was killed */
        }
        snprintf(c->kept, sizeof c->kept, "%s", e2e_string(r.json, "id"));
        e2e_reply_free(&r);
        if (draw(&c->seed) < 0.1)
            continue;
        snprintf(path, sizeof path, "/v1/datasets/%s", c->kept);
        *c->kept = '\0';
        r = e2e_try(c->s, NULL, "DELETE", path, NULL, NULL, 0);
        c->odd += r.status != 204 && r.status != 0;
        bool gone = r.status == 0;
        e2e_reply_free(&r);
        if (gone)
            break;
    }
    return NULL;
}

enum { CLIENTS = 8 };

static void start_clients(client *c, const e2e_server *s, int rounds, unsigned long long seed)
{
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = (client){.s = s, .seed = seed + (unsigned)i, .rounds = rounds};
        /* two contents, shared by half of the clients each */
        snprintf(c[i].body, sizeof c[i].body, "{\"name\": \"c%d\", \"X\": [1, 2, %d], \"y\": [1, 3, 4]}",
                 i, i % 2 ? 4 : 5);
        ck_assert_int_eq(pthread_create(&c[i].thread, NULL, come_and_go, &c[i]), 0);
    }
}

START_TEST(equal_data_uploaded_and_deleted_at_once_is_there_or_gone)
{
    client c[CLIENTS];
    e2e_server *s = e2e_start(NULL);
    start_clients(c, s, 60 / SLOWER, seed_of_the_day("at_once"));
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(c[i].thread, NULL);
        ck_assert_int_eq(c[i].odd, 0);
    }
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
    WAIT_UNTIL(e2e_files_in(s, "datasets") == contents_of(s), 5);
    assert_all_train(s);
    finish(s);
}
END_TEST

START_TEST(a_kill_while_equal_data_comes_and_goes_loses_no_file)
{
    client c[CLIENTS];
    unsigned long long seed = seed_of_the_day("a_kill_while_equal_data_comes") + (unsigned)_i;
    e2e_server *s = e2e_start(NULL);
    start_clients(c, s, 1000000, seed);
    WAIT_UNTIL(count_of(s, "datasets", "") >= 3, 60);
    rest((0.05 + 0.3 * draw(&seed)) * SLOWER);
    kill_hard(s);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(c[i].thread, NULL);
        ck_assert_int_eq(c[i].odd, 0);
    }
    e2e_restart(s, NULL);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), contents_of(s)); /* no stray one */
    ck_assert_int_ge(assert_all_train(s), 3);
    finish(s);
}
END_TEST

START_TEST(uploading_the_data_again_mends_a_damaged_file)
{
    char first[32], second[32], job[32], path[400];
    e2e_server *s = e2e_start(NULL);
    e2e_dataset(s, "{" NUMBERS "}", first);
    ck_assert_int_eq(truncate(e2e_dataset_file(s, first, path), 4096), 0);
    post_job(s, first, "", job);
    wait_for_end(s, job, "failed");
    e2e_dataset(s, "{" NUMBERS "}", second);
    assert_trains(s, first);
    assert_trains(s, second);
    finish(s);
}
END_TEST

/* As it was before contents were shared: a file each, named by the dataset's id. */
START_TEST(files_named_by_id_get_the_names_of_their_contents)
{
    char ids[3][32], paths[3][400], old[3][400], stray[400];
    e2e_server *s = e2e_start(NULL);
    e2e_dataset(s, "{" NUMBERS "}", ids[0]);
    e2e_dataset(s, "{" NUMBERS "}", ids[1]);
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [2, 4, 5]}", ids[2]);
    for (int i = 0; i < 3; i++) {
        e2e_dataset_file(s, ids[i], paths[i]);
        snprintf(old[i], sizeof old[i], "%s/datasets/%s", s->dir, ids[i]);
    }
    end_cleanly(s, SIGTERM, 5);
    ck_assert_int_eq(link(paths[0], old[0]), 0);
    ck_assert_int_eq(rename(paths[1], old[1]), 0);
    ck_assert_int_eq(rename(paths[2], old[2]), 0);
    snprintf(stray, sizeof stray, "%s/datasets/ds_0never0recorded000", s->dir);
    ck_assert_int_eq(link(old[2], stray), 0);
    e2e_restart(s, NULL);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 2);
    for (int i = 0; i < 3; i++)
        assert_trains(s, ids[i]);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contents");
    TCase *tc = tcase_create("contents");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_loop_test(tc, equal_data_is_one_file_whatever_order_it_is_deleted_in, 0, 6);
    tcase_add_test(tc, a_refused_job_takes_no_file_from_a_dataset_with_its_numbers);
    tcase_add_test(tc, equal_data_uploaded_and_deleted_at_once_is_there_or_gone);
    tcase_add_loop_test(tc, a_kill_while_equal_data_comes_and_goes_loses_no_file, 0, 3);
    tcase_add_test(tc, uploading_the_data_again_mends_a_damaged_file);
    tcase_add_test(tc, files_named_by_id_get_the_names_of_their_contents);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
