/* Files of datasets as the first releases wrote them, made here byte by byte, are read and trained on as
 * ever; and what is no file of a dataset, or only a part of one, is found out. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_cache.h"
#include "srv_file.h"
#include "srv_files.h"

#include <errno.h>
#include <fcntl.h>

static char dir[256];

static void setup(void)
{
    scratch_make(dir);
}

static void teardown(void)
{
    scratch_remove(dir);
}

enum { ROWS = 3, COLS = 2, SIZE = 3 * 4096 };

static void put_words(unsigned char *to, const uint64_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 8; k++)
            to[8 * i + (size_t)k] = (unsigned char)(words[i] >> 8 * k);
}

/* A header of ten words at the begin; rows on the second page, targets on the third and last one. */
static size_t first_release(unsigned char bytes[SIZE])
{
    static const double X[ROWS * COLS] = {1.5, -2, 3, 0.25, 1e300, -0.0}, y[ROWS] = {7, 8.5, -9};
    const uint64_t facts[9] = {ROWS, COLS, 4096, 8192, 0, 0, 0, 0, 0};
    memset(bytes, 0, SIZE);
    memcpy(bytes, "GDDATA\r\n", 8);
    put_words(bytes + 8, facts, 9);
    memcpy(bytes + 4096, X, sizeof X);
    memcpy(bytes + 8192, y, sizeof y);
    return 8192 + sizeof y;
}

/* Rows {1: 4.5}, {} and {0: 2, 2: -1} of three columns: values, columns, starts, targets. */
static size_t first_release_sparse(unsigned char bytes[5 * 4096])
{
    static const double values[] = {4.5, 2, -1}, y[] = {1, 2, 3};
    static const uint32_t columns[] = {1, 0, 2};
    static const uint64_t starts[] = {0, 1, 1, 3};
    const uint64_t facts[9] = {3, 3, 4096, 4 * 4096, 0, 1, 3, 8192, 3 * 4096};
    memset(bytes, 0, 5 * 4096);
    memcpy(bytes, "GDDATA\r\n", 8);
    put_words(bytes + 8, facts, 9);
    memcpy(bytes + 4096, values, sizeof values);
    memcpy(bytes + 2 * 4096, columns, sizeof columns);
    memcpy(bytes + 3 * 4096, starts, sizeof starts);
    memcpy(bytes + 4 * 4096, y, sizeof y);
    return 4 * 4096 + sizeof y;
}

static int keep(const void *bytes, size_t n, char sha256[SRV_SHA256_SIZE])
{
    char path[SRV_FILE_PATH];
    srv_sha256(bytes, n, sha256);
    int fd = open(srv_file_path(dir, sha256, path), O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, bytes, n), (int)n);
    return fd;
}

START_TEST(a_file_of_the_first_release_is_read)
{
    unsigned char bytes[SIZE];
    char sha[SRV_SHA256_SIZE];
    srv_file_header h, found;
    size_t n = first_release(bytes);
    int fd = keep(bytes, n, sha);
    ck_assert(srv_file_read(fd, &h));
    ck_assert(srv_file_find(bytes, n, &found));
    ck_assert_mem_eq(&h, &found, sizeof h);
    ck_assert_uint_eq(h.rows, ROWS);
    ck_assert_uint_eq(h.cols, COLS);
    ck_assert_uint_eq(h.x_at, 4096);
    ck_assert_uint_eq(h.y_at, 8192);
    close(fd);

    srv_cache *cache = srv_cache_new(dir);
    api_problem p = {0};
    srv_mapped *m = srv_cache_hold(cache, "ds_old", "acme", sha, &p);
    ck_assert_msg(m != NULL, "%s", p.detail);
    const gd_data *d = srv_mapped_data(m);
    ck_assert_uint_eq(d->rows, ROWS);
    ck_assert_uint_eq(d->cols, COLS);
    ck_assert_mem_eq(d->X, bytes + 4096, ROWS * COLS * sizeof(double));
    ck_assert_mem_eq(d->y, bytes + 8192, ROWS * sizeof(double));
    srv_cache_release(cache, m);
    srv_cache_free(cache);
}
END_TEST

START_TEST(a_sparse_file_of_the_first_release_is_read)
{
    unsigned char bytes[5 * 4096];
    char sha[SRV_SHA256_SIZE];
    srv_file_header h;
    size_t n = first_release_sparse(bytes);
    int fd = keep(bytes, n, sha);
    ck_assert(srv_file_read(fd, &h));
    ck_assert_uint_eq(h.entries, 3);
    close(fd);
    srv_cache *cache = srv_cache_new(dir);
    api_problem p = {0};
    srv_mapped *m = srv_cache_hold(cache, "ds_old", "acme", sha, &p);
    ck_assert_msg(m != NULL, "%s", p.detail);
    const gd_sparse *s = &srv_mapped_data(m)->sparse;
    ck_assert_uint_eq(s->starts[3], 3);
    ck_assert_uint_eq(s->columns[2], 2);
    ck_assert_double_eq(s->values[1], 2);
    ck_assert_double_eq(srv_mapped_data(m)->y[2], 3);
    srv_cache_release(cache, m);
    srv_cache_free(cache);
}
END_TEST

static void assert_no_file(const void *bytes, size_t n)
{
    char sha[SRV_SHA256_SIZE];
    srv_file_header h;
    int fd = keep(bytes, n, sha);
    ck_assert(!srv_file_find(bytes, n, &h));
    errno = 0;
    ck_assert(!srv_file_read(fd, &h));
    ck_assert_int_eq(errno, EBADMSG);
    close(fd);
}

/* The same with its header at the end, as files have it now. */
static size_t present(unsigned char bytes[SIZE + 80])
{
    size_t n = first_release(bytes);
    memmove(bytes + n, bytes, 80);
    memset(bytes, 0, 4096);
    memcpy(bytes, "GDDATA2\n", 8);
    memcpy(bytes + n, "GDDATA2\n", 8);
    return n + 80;
}

START_TEST(what_is_no_whole_file_is_found_out)
{
    unsigned char bytes[SIZE + 80];
    srv_file_header h;
    size_t n = first_release(bytes);
    for (size_t less = 1; less <= n; less += 97)
        assert_no_file(bytes, n - less);
    assert_no_file(bytes, 0);
    n = present(bytes);
    ck_assert(srv_file_find(bytes, n, &h));
    ck_assert_uint_eq(h.y_at, 8192);
    for (size_t less = 1; less <= n; less += 97)
        assert_no_file(bytes, n - less);
    for (size_t word = 1; word < 5; word++) { /* facts that are beyond any file */
        n = present(bytes);
        memset(bytes + n - 80 + 8 * word, 0xff, 8);
        assert_no_file(bytes, n);
    }
    n = present(bytes);
    memcpy(bytes + n - 80, "GDDATA\r\n", 8); /* begin and end are of two kinds */
    assert_no_file(bytes, n);
    n = present(bytes);
    memcpy(bytes, "GDDATA3\n", 8);
    assert_no_file(bytes, n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("file");
    TCase *tc = tcase_create("file");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_file_of_the_first_release_is_read);
    tcase_add_test(tc, a_sparse_file_of_the_first_release_is_read);
    tcase_add_test(tc, what_is_no_whole_file_is_found_out);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
