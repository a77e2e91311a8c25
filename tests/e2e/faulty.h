/* faulty: a server with a library preloaded into it through which its calls of the system fail when
 * the test says so (tests/support/faults.h).
 */
#ifndef FAULTY_H
#define FAULTY_H

#include "faults.h"
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

/* A sanitizer's runtime must be the first library, and brings an allocator of its own. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { CAN_PRELOAD = 0 };
#else
enum { CAN_PRELOAD = 1 };
#endif

static char switches_path[64];
static faults *switches;

static UNUSED bool can_preload(void)
{
    if (!CAN_PRELOAD)
        printf("skipped: nothing is preloaded before a sanitizer\n");
    fflush(stdout);
    return CAN_PRELOAD;
}

static UNUSED e2e_server *start_faulty(const char *const *extra)
{
    snprintf(switches_path, sizeof switches_path, "/tmp/descentd-faults-XXXXXX");
    int fd = mkstemp(switches_path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *switches), 0);
    switches = mmap(NULL, sizeof *switches, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(switches, MAP_FAILED);
    close(fd);
    setenv("DESCENTD_FAULTS", switches_path, 1);
    setenv("LD_PRELOAD", FAULTS, 1); /* for who is started from here: the server */
    e2e_server *s = e2e_start(extra);
    unsetenv("LD_PRELOAD");
    return s;
}

/* Nothing fails any more. */
static UNUSED void faults_off(void)
{
    atomic_store(&switches->calls, 0);
    atomic_store(&switches->fail_to, 0);
}

/* Such calls on files whose path has `path` in it fail with `error`: `count` of them, after `skip`
 * that go well. */
static UNUSED void faults_on(unsigned calls, int error, const char *path, int64_t skip,
                             int64_t count)
{
    atomic_store(&switches->calls, 0);
    snprintf(switches->path, sizeof switches->path, "%s", path);
    atomic_store(&switches->error, error);
    atomic_store(&switches->skip, skip);
    atomic_store(&switches->left, count);
    atomic_store(&switches->hits, 0);
    atomic_store(&switches->calls, calls);
}

static UNUSED void finish_faulty(e2e_server *s)
{
    faults_off();
    finish(s);
    munmap(switches, sizeof *switches);
    unlink(switches_path);
}

#endif
