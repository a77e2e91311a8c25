/* Guards: what reads a mapped file that was cut off is broken off, and nothing else is. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 64 * 4096 };

static char dir[256];

static void setup(void)
{
    scratch_make(dir);
    srv_guard_start();
}

static void teardown(void)
{
    scratch_remove(dir);
}

/* A file of SIZE bytes, all 1, mapped; *fd can cut it off. */
static unsigned char *map_file(const char *name, int *fd)
{
    char path[300], ones[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    memset(ones, 1, sizeof ones);
    *fd = open(path, O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < SIZE / 4096; i++)
        ck_assert_int_eq(write(*fd, ones, sizeof ones), sizeof ones);
    unsigned char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, *fd, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    return map;
}

typedef struct sum {
    const unsigned char *map;
    int fd; /* to be cut off in the middle; -1: none */
    unsigned long total;
    bool through;
} sum;

static void add_up(void *arg)
{
    sum *s = arg;
    for (size_t i = 0; i < SIZE; i++) {
        if (s->fd >= 0 && i == SIZE / 4)
            ck_assert_int_eq(ftruncate(s->fd, SIZE / 2), 0);
        s->total += ((const volatile unsigned char *)s->map)[i];
    }
    s->through = true;
}

START_TEST(a_read_beyond_a_files_new_end_is_broken_off_and_the_region_has_failed)
{
    int fd, other_fd;
    unsigned char *map = map_file("a", &fd), *other = map_file("b", &other_fd);
    srv_region *r = srv_region_add(map, SIZE), *o = srv_region_add(other, SIZE);
    sum whole = {map, -1, 0, false}, cut = {map, fd, 0, false}, fine = {other, -1, 0, false};
    ck_assert(srv_guard_run(add_up, &whole));
    ck_assert(whole.through);
    ck_assert_uint_eq(whole.total, SIZE);
    ck_assert(!srv_region_failed(r));
    ck_assert(!srv_guard_run(add_up, &cut));
    ck_assert(!cut.through);
    ck_assert_uint_eq(cut.total, SIZE / 2);
    ck_assert(srv_region_failed(r));
    ck_assert(!srv_region_failed(o));
    for (int i = 0; i < 3; i++) { /* again, and others' */
        ck_assert(!srv_guard_run(add_up, &(sum){map, -1, 0, false}));
        ck_assert(srv_guard_run(add_up, &fine));
    }
    srv_region_remove(r);
    srv_region_remove(o);
    srv_region_remove(NULL);
    ck_assert(!srv_region_failed(srv_region_add(other, SIZE))); /* a place that is used again */
}
END_TEST

typedef struct outer {
    sum inner;
    bool inner_ran, went_on;
} outer;

static void run_inner(void *arg)
{
    outer *o = arg;
    o->inner_ran = srv_guard_run(add_up, &o->inner);
    o->went_on = true;
    add_up(&o->inner); /* under the outer one alone */
}

START_TEST(the_innermost_guard_breaks_off)
{
    int fd;
    unsigned char *map = map_file("a", &fd);
    srv_region_add(map, SIZE);
    outer o = {.inner = {map, fd, 0, false}, .inner_ran = true};
    ck_assert(!srv_guard_run(run_inner, &o));
    ck_assert(!o.inner_ran);
    ck_assert(o.went_on);
    ck_assert(!o.inner.through);
}
END_TEST

static bool work(void *arg, api_problem *p)
{
    add_up(arg);
    return api_problem_set(p, API_CONFLICT, "it came to its end");
}

START_TEST(work_that_is_broken_off_has_that_as_its_problem)
{
    int fd;
    unsigned char *map = map_file("a", &fd);
    api_problem p = {0};
    srv_region_add(map, SIZE);
    sum s = {map, -1, 0, false};
    ck_assert(!srv_guarded(work, &s, &p));
    ck_assert_int_eq(p.code, API_CONFLICT);
    s.fd = fd;
    ck_assert(!srv_guarded(work, &s, &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
    ck_assert_ptr_nonnull(strstr(p.detail, "can't be read any more"));
}
END_TEST

/* Each thread has guards of its own. */
static void *add_up_often(void *arg)
{
    sum *s = arg;
    for (int i = 0; i < 200; i++)
        if (srv_guard_run(add_up, s) != (s->fd == -1))
            return s;
    return NULL;
}

START_TEST(one_threads_fault_is_no_others)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    sum sums[THREADS];
    int fd;
    for (int i = 0; i < THREADS; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        sums[i] = (sum){map_file(name, &fd), -1, 0, false};
        srv_region_add(sums[i].map, SIZE);
        if (i % 2) {
            ck_assert_int_eq(ftruncate(fd, 4096), 0);
            sums[i].fd = -2; /* cut off before */
        }
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_up_often, &sums[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
}
END_TEST

/* A fault that is nobody's ends the process: it is not to be hidden. */
static int end_of(bool known, bool guarded)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int fd;
        signal(SIGABRT, SIG_DFL);
        sum s = {map_file("a", &fd), fd, 0, false};
        if (known)
            srv_region_add(s.map, SIZE);
        if (guarded)
            srv_guard_run(add_up, &s);
        else
            add_up(&s);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

START_TEST(a_fault_elsewhere_ends_the_process)
{
    for (int i = 0; i < 3; i++) {
        int status = end_of(i == 1, i == 2);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    }
    int status = end_of(true, true);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard");
    TCase *tc = tcase_create("guard");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_read_beyond_a_files_new_end_is_broken_off_and_the_region_has_failed);
    tcase_add_test(tc, the_innermost_guard_breaks_off);
    tcase_add_test(tc, work_that_is_broken_off_has_that_as_its_problem);
    tcase_add_test(tc, one_threads_fault_is_no_others);
    tcase_add_test(tc, a_fault_elsewhere_ends_the_process);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
