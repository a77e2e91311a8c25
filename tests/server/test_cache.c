/* The cache of mapped dataset files: each file mapped once and shared, checked against its hash,
 * let go in time. What is mapped is read from /proc/self/maps. Meant to run under
 * ThreadSanitizer too.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_cache.h"
#include "srv_upload.h"

#include <fcntl.h>
#include <pthread.h>

static char dir[256];
static srv_cache *cache;
static srv_files *files;

static bool needed(void *ctx, const char *sha256)
{
    (void)ctx, (void)sha256;
    return true;
}

static void setup(void)
{
    scratch_make(dir);
    cache = srv_cache_new(dir);
    files = srv_files_new(dir, 0, needed, NULL);
    ck_assert(cache && files);
}

static void teardown(void)
{
    srv_cache_free(cache);
    srv_files_free(files);
    ck_assert_uint_eq(scratch_mappings(dir), 0);
    scratch_remove(dir);
}

/* A value that tells dataset, row and column apart. */
static double value(unsigned number, uint64_t row, uint64_t col)
{
    return number * 1e6 + (double)row + 0.25 * (double)col;
}

/* Stores dataset "ds_<number>" of rows x 2 the way the server does. */
static void make_dataset(unsigned number, uint64_t rows, char id[32], char sha256[SRV_SHA256_SIZE])
{
    static char *columns[] = {"a", "b"};
    static size_t features[] = {0, 1};
    api_problem p = {0};
    srv_stored stored;
    api_dataset d = {.name = (char *)"", .columns = columns, .cols = 2, .target = (char *)"y",
                     .rows = rows, .stored = 2, .features = features, .target_at = API_APART};
    srv_upload *u = srv_upload_new(files, false, &p);
    ck_assert_ptr_nonnull(u);
    const api_sink *sink = srv_upload_sink(u);
    bool ok = true;
    for (uint64_t i = 0; ok && i < rows; i++) {
        double x[] = {value(number, i, 0), value(number, i, 1)}, y = value(number, i, 2);
        ok = sink->values(sink->ctx, x, 2, &p) && sink->targets(sink->ctx, &y, 1, &p);
    }
    snprintf(id, 32, "ds_%u", number);
    if (!ok || !srv_upload_finish(u, &d, NULL, &stored, &p))
        ck_abort_msg("%s", p.detail);
    memcpy(sha256, stored.sha256, SRV_SHA256_SIZE);
    free(stored.statistics);
    free(stored.contents);
    srv_files_release(files, sha256);
    srv_upload_free(u);
}

static srv_mapped *hold(const char *id, const char *sha256)
{
    api_problem p = {0};
    srv_mapped *m = srv_cache_hold(cache, id, "acme", sha256, &p);
    if (!m)
        ck_abort_msg("%s: %s", id, p.detail);
    return m;
}

static void assert_data(const srv_mapped *m, unsigned number, uint64_t rows)
{
    const gd_data *d = srv_mapped_data(m);
    if (d->rows != rows || d->cols != 2)
        ck_abort_msg("%zu x %zu", d->rows, d->cols);
    for (uint64_t i = 0; i < rows; i++)
        if (d->X[2 * i] != value(number, i, 0) || d->X[2 * i + 1] != value(number, i, 1) ||
            d->y[i] != value(number, i, 2))
            ck_abort_msg("row %llu of dataset %u differs", (unsigned long long)i, number);
}

/* Changes the byte at `at` of a dataset's file; twice gives back what was. */
static void flip(const char *sha, off_t at)
{
    char path[400];
    unsigned char byte;
    snprintf(path, sizeof path, "%s/datasets/%s", dir, sha);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* ---- one at a time ---- */

START_TEST(a_file_is_mapped_once_and_shared_by_all_who_hold_it)
{
    char id[32], sha[SRV_SHA256_SIZE];
    make_dataset(1, 5000, id, sha);
    srv_mapped *a = hold(id, sha), *b = hold(id, sha), *c = hold(id, sha);
    ck_assert_uint_eq(scratch_mappings(sha), 1);
    ck_assert_ptr_eq(srv_mapped_data(a)->X, srv_mapped_data(b)->X);
    ck_assert_ptr_eq(srv_mapped_data(a)->X, srv_mapped_data(c)->X);
    assert_data(a, 1, 5000);
    ck_assert_uint_eq((size_t)srv_mapped_data(a)->X % SRV_ALIGN, 0);
    ck_assert_uint_eq((size_t)srv_mapped_data(a)->y % SRV_ALIGN, 0);
    srv_cache_release(cache, a);
    srv_cache_release(cache, b);
    assert_data(c, 1, 5000);
    srv_cache_release(cache, c);
    srv_cache_release(cache, NULL);
}
END_TEST

START_TEST(a_tenant_does_not_find_what_another_has_mapped)
{
    char id[32], sha[SRV_SHA256_SIZE];
    api_problem p = {0};
    make_dataset(1, 5000, id, sha);
    srv_mapped *ours = hold(id, sha), *theirs = srv_cache_hold(cache, id, "other", sha, &p);
    ck_assert_ptr_nonnull(theirs);
    ck_assert_uint_eq(scratch_mappings(sha), 2);
    ck_assert_ptr_ne(srv_mapped_data(ours)->X, srv_mapped_data(theirs)->X);
    assert_data(theirs, 1, 5000);
    srv_cache_forget(cache, sha); /* deleted or changed, it is so for all */
    srv_cache_release(cache, ours);
    srv_cache_release(cache, theirs);
    ck_assert_uint_eq(scratch_mappings(sha), 0);
}
END_TEST

START_TEST(a_file_that_nobody_holds_stays_warm_for_the_next_job)
{
    char id[32], sha[SRV_SHA256_SIZE], path[400];
    make_dataset(1, 100, id, sha);
    srv_cache_release(cache, hold(id, sha));
    ck_assert_uint_eq(scratch_mappings(sha), 1);
    snprintf(path, sizeof path, "%s/datasets/%s", dir, sha);
    ck_assert_int_eq(unlink(path), 0); /* were it opened again, this would be noticed */
    srv_mapped *m = hold(id, sha);
    assert_data(m, 1, 100);
    srv_cache_release(cache, m);
}
END_TEST

START_TEST(of_many_files_that_nobody_holds_only_some_are_kept)
{
    char ids[50][32], shas[50][SRV_SHA256_SIZE];
    for (unsigned i = 0; i < 50; i++)
        make_dataset(i, 10, ids[i], shas[i]);
    srv_mapped *held = hold(ids[0], shas[0]);
    for (unsigned i = 1; i < 50; i++)
        srv_cache_release(cache, hold(ids[i], shas[i]));
    ck_assert_uint_le(scratch_mappings(dir), 20);
    ck_assert_uint_ge(scratch_mappings(dir), 2);
    assert_data(held, 0, 10); /* one that is held is never given up */
    srv_mapped *again = hold(ids[1], shas[1]); /* given up, and mapped anew */
    assert_data(again, 1, 10);
    srv_cache_release(cache, again);
    srv_cache_release(cache, held);
}
END_TEST

START_TEST(many_files_may_be_held_at_once)
{
    char ids[50][32], shas[50][SRV_SHA256_SIZE];
    srv_mapped *held[50];
    for (unsigned i = 0; i < 50; i++) {
        make_dataset(i, 10, ids[i], shas[i]);
        held[i] = hold(ids[i], shas[i]);
    }
    ck_assert_uint_eq(scratch_mappings(dir), 50);
    for (unsigned i = 0; i < 50; i++)
        assert_data(held[i], i, 10);
    for (unsigned i = 0; i < 50; i++)
        srv_cache_release(cache, held[i]);
    ck_assert_uint_le(scratch_mappings(dir), 20);
}
END_TEST

/* ---- deleted datasets ---- */

START_TEST(a_forgotten_file_is_kept_for_those_who_hold_it_and_no_longer)
{
    char id[32], sha[SRV_SHA256_SIZE];
    make_dataset(1, 300, id, sha);
    srv_mapped *a = hold(id, sha), *b = hold(id, sha);
    srv_cache_forget(cache, sha);
    char path[SRV_FILE_PATH];
    ck_assert_int_eq(unlink(srv_file_path(dir, sha, path)), 0); /* as when a dataset is deleted */
    srv_cache_release(cache, a);
    assert_data(b, 1, 300);
    ck_assert_uint_eq(scratch_mappings(dir), 1);
    api_problem p = {0};
    ck_assert_ptr_null(srv_cache_hold(cache, id, "acme", sha, &p)); /* no new holder finds it */
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    srv_cache_release(cache, b);
    ck_assert_uint_eq(scratch_mappings(dir), 0);
}
END_TEST

START_TEST(a_forgotten_file_that_nobody_holds_goes_at_once)
{
    char id[32], sha[SRV_SHA256_SIZE];
    make_dataset(1, 300, id, sha);
    srv_cache_release(cache, hold(id, sha));
    srv_cache_forget(cache, sha);
    ck_assert_uint_eq(scratch_mappings(dir), 0);
    srv_cache_forget(cache, sha);
    srv_cache_forget(cache, "ds_never");
}
END_TEST

/* ---- damage ---- */

START_TEST(a_damaged_file_is_a_problem_that_names_it)
{
    static const off_t places[] = {0, 9, 17, 4096, 4096 + 3000, 2 * 4096 + 100};
    char id[32], sha[SRV_SHA256_SIZE];
    make_dataset(7, 250, id, sha);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        api_problem p = {0};
        flip(sha, places[i]);
        ck_assert_ptr_null(srv_cache_hold(cache, id, "acme", sha, &p));
        ck_assert_int_eq(p.code, API_INTERNAL);
        ck_assert_ptr_nonnull(strstr(p.detail, id));
        ck_assert_ptr_nonnull(strstr(p.detail, "damaged"));
        ck_assert_uint_eq(scratch_mappings(dir), 0);
        flip(sha, places[i]); /* put right again, it is taken again */
        srv_mapped *m = hold(id, sha);
        assert_data(m, 7, 250);
        srv_cache_release(cache, m);
        srv_cache_forget(cache, sha);
    }
}
END_TEST

START_TEST(a_file_of_another_length_is_damaged)
{
    static const off_t lengths[] = {0, 1, 40, 4095, 4096, 8192, 8200, 20000, 1 << 20};
    char id[32], sha[SRV_SHA256_SIZE], path[400];
    make_dataset(7, 250, id, sha);
    snprintf(path, sizeof path, "%s/datasets/%s", dir, sha);
    for (size_t i = sizeof lengths / sizeof lengths[0]; i-- > 0;) {
        api_problem p = {0};
        ck_assert_int_eq(truncate(path, lengths[i]), 0);
        ck_assert_ptr_null(srv_cache_hold(cache, id, "acme", sha, &p));
        ck_assert_int_eq(p.code, API_INTERNAL);
        ck_assert_ptr_nonnull(strstr(p.detail, id));
        ck_assert_uint_eq(scratch_mappings(dir), 0);
    }
}
END_TEST

START_TEST(a_file_that_is_missing_or_no_file_is_a_problem)
{
    char path[400];
    api_problem p = {0};
    ck_assert_ptr_null(srv_cache_hold(cache, "ds_none", "acme", "00", &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
    ck_assert_ptr_nonnull(strstr(p.detail, "ds_none"));
    p = (api_problem){0};
    snprintf(path, sizeof path, "%s/datasets/00", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_ptr_null(srv_cache_hold(cache, "ds_folder", "acme", "00", &p));
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    p = (api_problem){0};
    char id[32], sha[SRV_SHA256_SIZE];
    make_dataset(1, 10, id, sha);
    sha[5] = sha[5] == '0' ? '1' : '0'; /* another file's hash */
    ck_assert_ptr_null(srv_cache_hold(cache, id, "acme", sha, &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
}
END_TEST

/* ---- many at once ---- */

enum { THREADS = 12, FILES = 24, ROWS = 600 };

typedef struct reader {
    pthread_t thread;
    pthread_barrier_t *start;
    unsigned number;
    char (*ids)[32], (*shas)[SRV_SHA256_SIZE];
    bool refused;
} reader;

static void *hold_and_read(void *arg)
{
    reader *r = arg;
    unsigned long long seed = r->number;
    pthread_barrier_wait(r->start);
    for (unsigned i = 0; i < 400 / SLOWER; i++) {
        unsigned k = (unsigned)(scratch_random(&seed) * FILES);
        srv_mapped *m = hold(r->ids[k], r->shas[k]);
        assert_data(m, k, ROWS);
        if (scratch_random(&seed) < 0.1)
            srv_cache_forget(cache, r->shas[k]); /* while others hold it */
        assert_data(m, k, ROWS);
        srv_cache_release(cache, m);
    }
    return NULL;
}

static void *hold_damaged(void *arg)
{
    reader *r = arg;
    api_problem p = {0};
    pthread_barrier_wait(r->start);
    r->refused = !srv_cache_hold(cache, r->ids[0], "acme", r->shas[0], &p) && p.code == API_INTERNAL;
    return NULL;
}

static void run_readers(reader *readers, void *(*main)(void *), char (*ids)[32],
                        char (*shas)[SRV_SHA256_SIZE])
{
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        readers[i] = (reader){.start = &start, .number = i, .ids = ids, .shas = shas};
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, main, &readers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(readers[i].thread, NULL);
    pthread_barrier_destroy(&start);
}

START_TEST(many_threads_hold_forget_and_release_and_read_what_they_should)
{
    static char ids[FILES][32], shas[FILES][SRV_SHA256_SIZE];
    reader readers[THREADS];
    for (unsigned i = 0; i < FILES; i++)
        make_dataset(i, ROWS, ids[i], shas[i]);
    run_readers(readers, hold_and_read, ids, shas);
    ck_assert_uint_le(scratch_mappings(dir), 20);
}
END_TEST

/* Those who wait while another checks the file must not each leave a mapping behind. */
START_TEST(a_damaged_file_asked_for_by_many_at_once_leaves_no_mapping)
{
    static char id[1][32], sha[1][SRV_SHA256_SIZE];
    reader readers[THREADS];
    make_dataset(1, 100000, id[0], sha[0]); /* large, so that checking takes a while */
    flip(sha[0], 5000);
    for (int round = 0; round < 5; round++) {
        run_readers(readers, hold_damaged, id, sha);
        for (unsigned i = 0; i < THREADS; i++)
            ck_assert(readers[i].refused);
        ck_assert_uint_eq(scratch_mappings(dir), 0);
    }
    flip(sha[0], 5000);
    srv_mapped *m = hold(id[0], sha[0]);
    assert_data(m, 1, 100000);
    srv_cache_release(cache, m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cache");
    TCase *tc = tcase_create("cache");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_file_is_mapped_once_and_shared_by_all_who_hold_it);
    tcase_add_test(tc, a_tenant_does_not_find_what_another_has_mapped);
    tcase_add_test(tc, a_file_that_nobody_holds_stays_warm_for_the_next_job);
    tcase_add_test(tc, of_many_files_that_nobody_holds_only_some_are_kept);
    tcase_add_test(tc, many_files_may_be_held_at_once);
    tcase_add_test(tc, a_forgotten_file_is_kept_for_those_who_hold_it_and_no_longer);
    tcase_add_test(tc, a_forgotten_file_that_nobody_holds_goes_at_once);
    tcase_add_test(tc, a_damaged_file_is_a_problem_that_names_it);
    tcase_add_test(tc, a_file_of_another_length_is_damaged);
    tcase_add_test(tc, a_file_that_is_missing_or_no_file_is_a_problem);
    tcase_add_test(tc, many_threads_hold_forget_and_release_and_read_what_they_should);
    tcase_add_test(tc, a_damaged_file_asked_for_by_many_at_once_leaves_no_mapping);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
