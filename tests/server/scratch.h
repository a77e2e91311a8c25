/* scratch: what tests of the server's rooms share: a data directory that is made and taken
 * away, waiting for a condition, and a look at this process from outside.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Sanitizers make everything slower; sizes that only lend weight are divided by this. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 8 };
#else
enum { SLOWER = 1 };
#endif

/* Waits until the condition holds; fails the test when it has not within 30 seconds. */
#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        double end_ = scratch_now() + 30;                                                          \
        while (!(condition)) {                                                                     \
            if (scratch_now() > end_)                                                              \
                ck_abort_msg("waited 30 seconds for: %s", #condition);                             \
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);                                \
        }                                                                                          \
    } while (0)

static inline double scratch_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Makes a data directory, with its folders, and writes its path. */
static inline void scratch_make(char dir[256])
{
    char path[300];
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, 256, "%s/descentd-room-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/datasets", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/tmp", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void scratch_remove(const char *dir)
{
    nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Files in a folder of the data directory. */
static inline size_t scratch_count(const char *dir, const char *folder)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, folder);
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    size_t n = 0;
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* Mappings of this process whose line in /proc/self/maps contains `what`. */
static inline size_t scratch_mappings(const char *what)
{
    char line[512];
    size_t n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f))
        n += strstr(line, what) != NULL;
    fclose(f);
    return n;
}

/* A small generator with a seed: the same numbers everywhere. */
static inline double scratch_random(unsigned long long *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Runs a suite of one program; the exit code is the verdict. */
static inline int scratch_run(Suite *s)
{
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

#endif
