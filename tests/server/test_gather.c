/* Columns that become rows: the same file and the same words on it as of rows, wherever blocks and
 * windows end; what goes wrong on the way leaves nothing behind.
 */
#define _GNU_SOURCE
#include "samples.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- memory and threads that fail (the linker has these called: -Wl,--wrap) ---- */

static atomic_bool watching;       /* else they are calls of the test */
static atomic_long asked, fail_at; /* fail_at: the call that fails, counted from 1; 0: none does */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

static bool fails(void)
{
    return atomic_load(&watching) && atomic_fetch_add(&asked, 1) + 1 == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

/* ---- data by columns ---- */

/* All stored columns but the target's, from the last one on if they are turned round. */
static void make_columns(sample *s, uint64_t rows, size_t stored, size_t target_at, bool turned)
{
    size_t *features = malloc(stored * sizeof *features), cols = 0;
    for (size_t k = 0; k < stored; k++) {
        size_t at = turned ? stored - 1 - k : k;
        if (at != target_at)
            features[cols++] = at;
    }
    make_sample(s, rows, stored, features, cols, target_at);
    free(features);
    s->d.by_columns = true;
}

/* The same rows, one behind the other, targets apart. */
static void make_rows(sample *to, const sample *s)
{
    size_t *features = malloc(s->d.cols * sizeof *features);
    for (size_t j = 0; j < s->d.cols; j++)
        features[j] = j;
    make_sample(to, s->d.rows, s->d.cols, features, s->d.cols, API_APART);
    free(features);
    for (uint64_t i = 0; i < s->d.rows; i++) {
        for (size_t j = 0; j < s->d.cols; j++)
            to->values[i * s->d.cols + j] = feature(s, i, j);
        to->targets[i] = target(s, i);
    }
    memcpy(to->names, s->names, s->d.cols * sizeof *s->names);
}

/* All of it, and nothing temporary is left. */
static bool upload(const sample *s, srv_stored *stored, api_problem *p)
{
    api_dataset d = s->d;
    double *values = in_order(s);
    atomic_store(&watching, true);
    srv_upload *u = srv_upload_new(files, s->d.dtype == API_FLOAT32, p);
    bool ok = u && stream_values(u, s, values, p) && srv_upload_finish(u, &d, NULL, stored, p);
    srv_upload_free(u);
    atomic_store(&watching, false);
    free_order(s, values);
    ck_assert_uint_eq(scratch_count(dir, "tmp"), 0);
    return ok;
}

static void drop(srv_stored *stored)
{
    srv_files_release(files, stored->sha256);
    free(stored->statistics);
    free(stored->contents);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
}

/* ---- what comes out ---- */

/* Rows are gathered eight at a time, from windows (of 6,553 rows of five columns, of 374 of 700),
 * into blocks (of 8,192 rows of four columns, of 32,768 of one). */
static const struct {
    uint64_t rows;
    size_t stored, target_at;
} shapes[] = {{1, 1, API_APART},
              {1, 2, 0},
              {7, 2, 1},
              {9, 3, 1},
              {16384, 1, API_APART},
              {16385, 1, API_APART},
              {32768, 2, 1},
              {32769, 2, 0},
              {70001, 2, 0},
              {6553, 5, 4},
              {6554, 5, 0},
              {13106, 5, 2},
              {13107, 5, 4},
              {8191, 5, 4},
              {8192, 5, 4},
              {8193, 5, 1},
              {16384, 4, API_APART},
              {24577, 5, 4},
              {373, 700, 699},
              {374, 700, 0},
              {375, 700, 350},
              {1001, 700, 699},
              {3, 16385, 16384}};

START_TEST(columns_become_rows)
{
    sample s;
    api_problem p = {0};
    srv_stored stored;
    make_columns(&s, shapes[_i].rows, shapes[_i].stored, shapes[_i].target_at, true);
    ck_assert_msg(upload(&s, &stored, &p), "%s", p.detail);
    assert_file(&s, &stored);
    assert_statistics(&s, stored.statistics);
    drop(&stored);
    free_sample(&s);
}
END_TEST

/* Not a digit of the statistics is another one, with cells that are missing too. */
START_TEST(they_are_told_of_as_rows_are)
{
    sample s, rows;
    api_problem p = {0};
    srv_stored a, b;
    make_columns(&s, shapes[_i].rows, shapes[_i].stored, shapes[_i].target_at, false);
    for (uint64_t i = 0; i < s.d.rows * s.d.stored; i += 13)
        if (i % s.d.stored != s.d.target_at)
            s.values[i] = i % 3 ? NAN : 0;
    make_rows(&rows, &s);
    ck_assert(upload(&s, &a, &p) && upload(&rows, &b, &p));
    ck_assert_str_eq(a.sha256, b.sha256);
    ck_assert_str_eq(a.statistics, b.statistics);
    ck_assert_uint_eq(a.bytes, b.bytes);
    srv_files_release(files, a.sha256);
    free(a.statistics);
    free(a.contents);
    drop(&b);
    free_sample(&s);
    free_sample(&rows);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(a_value_too_large_for_single_precision_is_named)
{
    sample s;
    api_problem p = {0};
    srv_stored stored = {0};
    make_columns(&s, 20011, 4, 3, false);
    s.d.dtype = API_FLOAT32;
    s.values[20010 * 4 + 2] = 1e39; /* the last feature of the last row */
    ck_assert(!upload(&s, &stored, &p));
    ck_assert_str_eq(p.errors[0].field, "dtype");
    ck_assert_ptr_nonnull(strstr(p.errors[0].message, "1e+39, in row 20011 of column \"c2\""));
    ck_assert_ptr_null(stored.statistics);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
    s.values[20010 * 4 + 2] = 1e38;
    p = (api_problem){0};
    ck_assert(upload(&s, &stored, &p));
    drop(&stored);
    free_sample(&s);
}
END_TEST

/* In rows and by columns: it is said, or done without a thread, and then with the same result. */
START_TEST(memory_and_threads_may_fail_at_any_time)
{
    sample s, rows;
    api_problem p = {0};
    srv_stored whole;
    long failed = 0, k = 1, calls;
    make_columns(&s, 24577, 5, 4, false);
    make_rows(&rows, &s);
    const sample *const which = _i ? &rows : &s;
    atomic_store(&asked, 0);
    ck_assert(upload(which, &whole, &p));
    calls = atomic_load(&asked);
    ck_assert_int_gt(calls, 8);
    for (; k <= calls; k++) {
        srv_stored stored = {0};
        p = (api_problem){0};
        atomic_store(&asked, 0);
        atomic_store(&fail_at, k);
        bool ok = upload(which, &stored, &p);
        atomic_store(&fail_at, 0);
        failed += !ok;
        if (!ok) {
            ck_assert_int_eq(p.code, API_UNAVAILABLE);
            ck_assert_ptr_null(stored.statistics);
            continue;
        }
        ck_assert_str_eq(stored.sha256, whole.sha256);
        ck_assert_str_eq(stored.statistics, whole.statistics);
        srv_files_release(files, stored.sha256);
        free(stored.statistics);
        free(stored.contents);
    }
    ck_assert_int_gt(failed, 2);
    ck_assert_int_lt(failed, calls);
    drop(&whole);
    free_sample(&s);
    free_sample(&rows);
}
END_TEST

int main(void)
{
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    Suite *s = suite_create("gather");
    TCase *tc = tcase_create("gather");
    tcase_set_timeout(tc, 60 * SLOWER);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, columns_become_rows, 0, SHAPES);
    tcase_add_loop_test(tc, they_are_told_of_as_rows_are, 0, SHAPES);
    tcase_add_test(tc, a_value_too_large_for_single_precision_is_named);
    tcase_add_loop_test(tc, memory_and_threads_may_fail_at_any_time, 0, 2);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
