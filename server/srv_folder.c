/* srv_folder: mkdir, flock, fsync. */
#include "srv_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make(const char *dir, const char *name, api_problem *p)
{
    char path[SRV_PATH_SIZE];
    snprintf(path, sizeof path, "%s%s%s", dir, *name ? "/" : "", name);
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           api_problem_set(p, API_INTERNAL, "can't make the folder %s: %s", path, strerror(errno));
}

bool srv_folder_make(const char *dir, api_problem *p)
{
    static const char *const folders[] = {"", "datasets", "tmp", "uploads"};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof folders / sizeof folders[0]; i++)
        ok = make(dir, folders[i], p);
    return ok;
}

/* ---- a restore under way ---- */

#define MARK "restoring"

static const char *mark_path(const char *dir, char path[SRV_PATH_SIZE])
{
    snprintf(path, SRV_PATH_SIZE, "%s/" MARK, dir);
    return path;
}

bool srv_folder_whole(const char *dir, api_problem *p)
{
    char path[SRV_PATH_SIZE];
    return (access(mark_path(dir, path), F_OK) != 0 && errno == ENOENT) ||
           api_problem_set(p, API_CONFLICT,
                           "%s holds what a restore left that did not come to its end: restore "
                           "again, or remove the directory",
                           dir);
}

bool srv_folder_mark(const char *dir, bool on, api_problem *p)
{
    char path[SRV_PATH_SIZE];
    int fd = on ? open(mark_path(dir, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    bool ok = on ? fd >= 0 && fsync(fd) == 0 : unlink(mark_path(dir, path)) == 0;
    if (fd >= 0)
        close(fd);
    return (ok && srv_folder_sync(dir)) ||
           api_problem_set(p, API_INTERNAL, "can't %s %s: %s", on ? "write" : "remove", path,
                           strerror(errno));
}

bool srv_folder_lock(const char *dir, int *fd, api_problem *p)
{
    char path[SRV_PATH_SIZE];
    snprintf(path, sizeof path, "%s/lock", dir);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return api_problem_set(p, API_INTERNAL, "can't open %s: %s", path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(*fd);
    *fd = -1;
    return api_problem_set(p, API_CONFLICT, "another descentd uses the data directory %s", dir);
}

bool srv_folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}
