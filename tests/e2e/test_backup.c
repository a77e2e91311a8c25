/* Backups: made of a server that runs, restored elsewhere, refused when they are not whole. */
#define _GNU_SOURCE
#include "commands.h"
#include "everything.h"
#include "twins.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static int command(char said[SAID], const char *what, const char *file, const char *dir)
{
    return run_binary(said, (const char *const[]){DESCENTD, what, file, "--data-dir", dir, NULL});
}

static void run(const char *what, const char *file, const char *dir)
{
    char said[SAID];
    int code = command(said, what, file, dir);
    if (code != 0)
        ck_abort_msg("%s ended with %d: %s", what, code, said);
}

static void refuse(const char *what, const char *file, const char *dir, const char *word)
{
    char said[SAID];
    int code = command(said, what, file, dir);
    if (code != 1 || !strstr(said, word))
        ck_abort_msg("%s was to be refused with \"%s\", and ended with %d: %s", what, word, code,
                     said);
}

/* Beside the data of s. */
static const char *beside(const e2e_server *s, const char *name, char path[300])
{
    snprintf(path, 300, "%.*s/%s", (int)(strrchr(s->dir, '/') - s->dir), s->dir, name);
    return path;
}

/* The server of another directory, in the place of the one of s, which has ended. */
static void move_to(e2e_server *s, const char *dir)
{
    snprintf(s->dir, sizeof s->dir, "%.255s", dir);
    e2e_restart(s, NULL);
}

START_TEST(what_is_restored_says_what_was_backed_up)
{
    char file[300], dir[300], ds[32], doomed[32];
    e2e_server *s = e2e_start(NULL);
    fill(s);
    char *was = everything(s);
    run("backup", beside(s, "backup", file), s->dir);
    char *csv = make_csv(30, 2, 9); /* what comes after it is not in it */
    upload_csv(s, csv, ds);
    free(csv);
    run("restore", file, beside(s, "restored", dir));
    end_cleanly(s, SIGTERM, 5);
    move_to(s, dir);
    char *is = everything(s);
    assert_same_text(was, is, "a restore");
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", ds);
    ck_assert_int_eq(r.status, 404);
    e2e_reply_free(&r);
    csv = make_csv(30, 2, 10); /* it is a server as any other */
    upload_csv(s, csv, doomed);
    free(csv);
    delete_item(s, "datasets", doomed);
    free(was);
    free(is);
    finish(s);
}
END_TEST

START_TEST(a_job_that_ran_goes_on_where_it_was)
{
    static const char spec[] = "\"epochs\": 4000, \"tol\": 0, \"cost\": \"huber\", "
                               "\"learning_rate\": 0.001, \"batch_size\": 64";
    char file[300], dir[300], ds[32], job[32], twin[32];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(4000 / SLOWER, 3, 3);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, spec, job);
    WAIT_UNTIL(in_state(s, job, "running"), 30);
    run("backup", beside(s, "backup", file), s->dir);
    ck_assert(in_state(s, job, "running"));
    kill_hard(s);
    run("restore", file, beside(s, "restored", dir));
    move_to(s, dir);
    WAIT_UNTIL(taken_up(s) == 1, 20);
    post_job(s, ds, spec, twin);
    wait_for_end(s, job, "succeeded");
    wait_for_end(s, twin, "succeeded");
    assert_twins(s, twin, job);
    finish(s);
}
END_TEST

typedef struct client {
    const e2e_server *s;
    atomic_bool *enough;
    unsigned number;
    int made;
} client;

static void *come_and_go(void *arg)
{
    static const char *const type[] = {"Content-Type: text/csv", NULL};
    client *c = arg;
    while (!atomic_load(c->enough)) {
        char *csv = make_csv(200, 2, 100 * (unsigned long long)c->number + (unsigned)c->made++ % 7);
        char path[80];
        e2e_reply r = e2e_try(c->s, NULL, "POST", "/v1/datasets?target=y", type, csv, strlen(csv));
        e2e_header(&r, "Location", path, sizeof path);
        e2e_reply_free(&r);
        free(csv);
        r = e2e_try(c->s, NULL, "DELETE", path, NULL, NULL, 0);
        e2e_reply_free(&r);
    }
    return NULL;
}

START_TEST(a_backup_under_load_is_whole)
{
    enum { CLIENTS = 3, BACKUPS = 6 };
    char file[300], dir[300], name[32], ds[32], id[32];
    pthread_t threads[CLIENTS];
    client clients[CLIENTS];
    atomic_bool enough = false;
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(300, 2, 1);
    upload_csv(s, csv, ds);
    free(csv);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (client){s, &enough, i, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &clients[i]), 0);
    }
    for (int k = 0; k < BACKUPS; k++) {
        rest(0.02);
        snprintf(name, sizeof name, "backup%d", k);
        run("backup", beside(s, name, file), s->dir);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    kill_hard(s);
    for (int k = 0; k < BACKUPS; k++) {
        snprintf(name, sizeof name, "backup%d", k);
        beside(s, name, file);
        snprintf(name, sizeof name, "restored%d", k);
        run("restore", file, beside(s, name, dir));
        move_to(s, dir);
        e2e_reply r = e2e_get(s, "/v1/datasets?limit=1000");
        const cJSON *item;
        cJSON_ArrayForEach (item, e2e_at(r.json, "datasets")) { /* all their files are there */
            post_job(s, e2e_string(item, "id"), "", id);
            wait_for_end(s, id, "succeeded");
        }
        ck_assert_int_ge(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 1);
        e2e_reply_free(&r);
        kill_hard(s);
        assert_database_sound(s);
    }
    e2e_discard(s);
}
END_TEST

static void change_byte(const char *file, long at)
{
    FILE *f = fopen(file, "r+");
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

START_TEST(what_is_not_whole_is_refused)
{
    char file[300], dir[300], nothing[300], line[400];
    struct stat st;
    e2e_server *s = e2e_start(NULL);
    char ds[32];
    char *csv = make_csv(300, 2, 1);
    upload_csv(s, csv, ds);
    free(csv);
    beside(s, "backup", file);
    beside(s, "restored", dir);
    run("backup", file, s->dir);
    ck_assert_int_eq(stat(file, &st), 0);
    snprintf(line, sizeof line,
             "tar tf %s | grep -q '^datasets/' && tar tf %s | grep -qx descentd.db", file, file);
    ck_assert_int_eq(system(line), 0); /* other tools read it as well */

    refuse("restore", file, s->dir, "another descentd uses");
    refuse("backup", file, dir, "descentd.db");
    refuse("restore", beside(s, "nothing", nothing), dir, "nothing");
    change_byte(file, 512 + 4096 + 9); /* a number of the dataset */
    refuse("restore", file, dir, "is not what it was");
    change_byte(file, 512 + 4096 + 9);
    change_byte(file, (long)st.st_size - 512 * 4 - 4096 + 77); /* a byte of the database */
    refuse("restore", file, dir, "descentd.db is not what it was");
    change_byte(file, (long)st.st_size - 512 * 4 - 4096 + 77);
    change_byte(file, 130); /* a header */
    refuse("restore", file, dir, "damaged");
    change_byte(file, 130);
    run("backup", file, s->dir);
    ck_assert_int_eq(truncate(file, st.st_size - 600), 0);
    refuse("restore", file, dir, "cut off");
    ck_assert_int_eq(truncate(file, 512 + 700), 0);
    refuse("restore", file, dir, "cut off");
    snprintf(line, sizeof line, "%.280s/descentd.db", s->dir);
    refuse("restore", line, dir, "no backup");
    snprintf(line, sizeof line, "%.280s/descentd.db", dir);
    ck_assert_int_ne(access(line, F_OK), 0); /* nothing half-restored would start */
    run("backup", file, s->dir);
    run("restore", file, dir);
    refuse("restore", file, dir, "is there already");
    finish(s);
}
END_TEST

START_TEST(a_directory_that_is_half_restored_is_no_empty_one)
{
    static const char why[] = "a restore left that did not come to its end";
    char file[300], dir[300], path[400], ds[32];
    struct stat st;
    e2e_server *s = e2e_start(NULL);
    for (unsigned i = 0; i < 2; i++) {
        char *csv = make_csv(300, 2, i + 1);
        upload_csv(s, csv, ds);
        free(csv);
    }
    beside(s, "backup", file);
    beside(s, "restored", dir);
    run("backup", file, s->dir);
    end_cleanly(s, SIGTERM, 5);
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(truncate(file, st.st_size / 2), 0);
    refuse("restore", file, dir, "cut off");
    snprintf(s->dir, sizeof s->dir, "%.255s", dir);
    refuses_to_start(s, NULL, why);
    refuse("token", "list", dir, why);
    snprintf(path, sizeof path, "%.290s2", file);
    refuse("backup", path, dir, why);
    snprintf(s->dir, sizeof s->dir, "%.*s/data", (int)(strrchr(dir, '/') - dir), dir);
    run("backup", file, s->dir);
    run("restore", file, dir);
    /* one that was killed right before its end is begun anew, too */
    snprintf(path, sizeof path, "%.290s/restoring", dir);
    fclose(fopen(path, "w"));
    snprintf(s->dir, sizeof s->dir, "%.255s", dir);
    refuses_to_start(s, NULL, why);
    run("restore", file, dir);
    e2e_restart(s, NULL);
    ck_assert_int_eq(count_of(s, "datasets", ""), 2);
    post_job(s, ds, "", path);
    wait_for_end(s, path, "succeeded");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backup");
    TCase *tc = tcase_create("backup");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, what_is_restored_says_what_was_backed_up);
    tcase_add_test(tc, a_job_that_ran_goes_on_where_it_was);
    tcase_add_test(tc, a_backup_under_load_is_whole);
    tcase_add_test(tc, what_is_not_whole_is_refused);
    tcase_add_test(tc, a_directory_that_is_half_restored_is_no_empty_one);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
