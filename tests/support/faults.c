/* faults: a library to preload, through which calls of the C library fail when a test says so.
 * SQLite's, libmicrohttpd's and the server's own all come by here.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static faults off, *f = &off;

/* The next one of this name: the C library's. */
#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)next(#name)

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* Where it crashed, into its log. */
static void crashed(int number)
{
    void *frames[40];
    backtrace_symbols_fd(frames, backtrace(frames, 40), STDERR_FILENO);
    _exit(128 + number);
}

__attribute__((constructor)) static void begin(void)
{
    signal(SIGSEGV, crashed);
    signal(SIGABRT, crashed);
    const char *path = getenv("DESCENTD_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (map != MAP_FAILED)
        f = map;
}

/* ---- files ---- */

/* Is it this call's turn to fail? Sets errno then. */
static bool fails(unsigned call, const char *path)
{
    if (!(atomic_load(&f->calls) & call) || !strstr(path, f->path))
        return false;
    if (atomic_fetch_sub(&f->skip, 1) > 0)
        return false;
    if (atomic_fetch_sub(&f->left, 1) <= 0)
        return false;
    atomic_fetch_add(&f->hits, 1);
    errno = atomic_load(&f->error);
    return true;
}

static bool fails_on(unsigned call, int fd)
{
    char link[40], path[1200];
    if (!(atomic_load(&f->calls) & call))
        return false;
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = before;
    path[n < 0 ? 0 : n] = '\0';
    return path[0] == '/' && fails(call, path);
}

static unsigned opening(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) ? FAULT_OPEN | FAULT_CREATE
                                                                : FAULT_OPEN;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list ap;                                                                                \
        va_start(ap, flags);                                                                       \
        if (flags & (O_CREAT | O_TMPFILE))                                                         \
            mode = (mode_t)va_arg(ap, unsigned);                                                   \
        va_end(ap);                                                                                \
        REAL(name);                                                                                \
        return fails(opening(flags), path) ? -1 : real(path, flags, mode);                         \
    }
OPEN(open)
OPEN(open64)

/* result name(first descriptor, ...) */
#define ON_FD(call, failed, result, name, fd, parameters, arguments)                               \
    result name parameters                                                                         \
    {                                                                                              \
        REAL(name);                                                                                \
        return fails_on(call, fd) ? failed : real arguments;                                       \
    }
ON_FD(FAULT_WRITE, -1, ssize_t, write, fd, (int fd, const void *b, size_t n), (fd, b, n))
ON_FD(FAULT_WRITE, -1, ssize_t, pwrite, fd, (int fd, const void *b, size_t n, off_t at),
      (fd, b, n, at))
ON_FD(FAULT_WRITE, -1, ssize_t, pwrite64, fd, (int fd, const void *b, size_t n, off64_t at),
      (fd, b, n, at))
ON_FD(FAULT_WRITE, -1, ssize_t, copy_file_range, to,
      (int from, off64_t *in, int to, off64_t *out, size_t n, unsigned flags),
      (from, in, to, out, n, flags))
ON_FD(FAULT_READ, -1, ssize_t, read, fd, (int fd, void *b, size_t n), (fd, b, n))
ON_FD(FAULT_READ, -1, ssize_t, pread, fd, (int fd, void *b, size_t n, off_t at), (fd, b, n, at))
ON_FD(FAULT_READ, -1, ssize_t, pread64, fd, (int fd, void *b, size_t n, off64_t at), (fd, b, n, at))
ON_FD(FAULT_SYNC, -1, int, fsync, fd, (int fd), (fd))
ON_FD(FAULT_SYNC, -1, int, fdatasync, fd, (int fd), (fd))
ON_FD(FAULT_TRUNCATE, -1, int, ftruncate, fd, (int fd, off_t n), (fd, n))
ON_FD(FAULT_TRUNCATE, -1, int, ftruncate64, fd, (int fd, off64_t n), (fd, n))

/* ---- pages ----
 * A page that the disk does not give is answered by the system with the same signal and code (SIGBUS,
 * BUS_ADRERR) as one beyond a file's end. So pages of an empty file are laid over those that are to
 * fail, while the file behind the rest stays as it is. */

enum { MAPS = 64 };

static struct {
    char *start;
    size_t size;
    char path[200];
    bool spoilt;
} maps[MAPS];
static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;

/* Under the lock. */
static void spoil(size_t i)
{
    __typeof__(mmap) *real = (__typeof__(mmap) *)next("mmap");
    size_t half = maps[i].size / 2 & ~(size_t)4095;
    int empty = memfd_create("empty", MFD_CLOEXEC);
    if (empty < 0 || maps[i].spoilt)
        return;
    real(maps[i].start + half, maps[i].size - half, PROT_READ, MAP_SHARED | MAP_FIXED, empty, 0);
    close(empty);
    maps[i].spoilt = true;
    atomic_fetch_add(&f->hits, 1);
}

static void spoil_all(void)
{
    if (!(atomic_load(&f->calls) & FAULT_PAGES))
        return;
    pthread_mutex_lock(&maps_lock);
    for (size_t i = 0; i < MAPS; i++)
        if (maps[i].start && strstr(maps[i].path, f->path))
            spoil(i);
    pthread_mutex_unlock(&maps_lock);
}

static void remember(char *start, size_t size, int fd)
{
    char link[40];
    size_t i = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    pthread_mutex_lock(&maps_lock);
    while (i < MAPS && maps[i].start)
        i++;
    ssize_t n = i < MAPS ? readlink(link, maps[i].path, sizeof maps[i].path - 1) : -1;
    if (n > 0) {
        maps[i].path[n] = '\0';
        maps[i].start = start;
        maps[i].size = size;
        maps[i].spoilt = false;
    }
    pthread_mutex_unlock(&maps_lock);
}

#define MMAP(name, offset)                                                                         \
    void *name(void *to, size_t n, int prot, int flags, int fd, offset at)                         \
    {                                                                                              \
        REAL(name);                                                                                \
        if (fails_on(FAULT_MMAP, fd))                                                              \
            return MAP_FAILED;                                                                     \
        void *map = real(to, n, prot, flags, fd, at);                                              \
        if (map != MAP_FAILED && fd >= 0 && prot == PROT_READ && at == 0)                          \
            remember(map, n, fd);                                                                  \
        spoil_all();                                                                               \
        return map;                                                                                \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int munmap(void *map, size_t n)
{
    REAL(munmap);
    pthread_mutex_lock(&maps_lock); /* until it is done: another may get the place */
    for (size_t i = 0; i < MAPS; i++)
        if (maps[i].start == map)
            maps[i].start = NULL;
    int code = real(map, n);
    pthread_mutex_unlock(&maps_lock);
    return code;
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return fails(FAULT_RENAME, to) || fails(FAULT_RENAME, from) ? -1 : real(from, to);
}

/* ---- the clock of the day ---- */

int clock_gettime(clockid_t clock, struct timespec *t)
{
    REAL(clock_gettime);
    int code = real(clock, t);
    spoil_all(); /* of the calls that everybody makes again and again */
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        t->tv_sec += (time_t)atomic_load(&f->jump);
    return code;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    REAL(gettimeofday);
    int code = real(t, zone);
    if (code == 0)
        t->tv_sec += (time_t)atomic_load(&f->jump);
    return code;
}

time_t time(time_t *to)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (to)
        *to = t.tv_sec;
    return t.tv_sec;
}

/* ---- memory ---- */

static bool runs_out(void)
{
    int64_t to = atomic_load(&f->fail_to);
    if (to == 0)
        return false;
    int64_t n = atomic_fetch_add(&f->asked, 1) + 1;
    if (n < atomic_load(&f->fail_at) || n > to)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return runs_out() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return runs_out() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return runs_out() ? NULL : __libc_realloc(p, n);
}
