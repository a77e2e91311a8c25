/* srv_backup: the database is copied first and archived last. */
#include "srv_backup.h"

#include "srv_db.h"
#include "srv_files.h"
#include "srv_folder.h"
#include "srv_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATABASE "descentd.db"
#define DATASETS "datasets/"
#define DATABASE_SUM "descentd.db.sha256"

static const char *path_of(const char *dir, const char *name, char path[SRV_PATH_SIZE])
{
    snprintf(path, SRV_PATH_SIZE, "%s/%s", dir, name);
    return path;
}

static bool cant(api_problem *p, const char *what, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return api_problem_set(p, API_NO_SPACE, "the disk that holds %s is full", path);
    return api_problem_set(p, API_INTERNAL, "can't %s %s: %s", what, path, strerror(errno));
}

/* ---- out ---- */

typedef struct backup {
    const char *dir;
    srv_db *live, *copy;
    int archive;
} backup;

/* The file of a content. One that is not there was deleted since, or lost. */
static bool add_content(backup *b, const char *sha256, api_problem *p)
{
    char path[SRV_FILE_PATH], name[SRV_TAR_NAME], sum[SRV_SHA256_SIZE];
    int from = open(srv_file_path(b->dir, sha256, path), O_RDONLY | O_CLOEXEC);
    if (from < 0 && errno == ENOENT) {
        srv_rows *rows = srv_db_query(b->live, SQL_DATASET_NEEDS, p, "t", sha256);
        srv_step step = rows ? srv_db_step(b->live, rows, p) : SRV_FAILED;
        if (step == SRV_ROW)
            srv_db_done(rows);
        if (step == SRV_ROW)
            return api_problem_set(p, API_INTERNAL, "the dataset file %s is lost", path);
        return step == SRV_END && srv_db_run(b->copy, SQL_DATASET_LOST, p, "t", sha256);
    }
    if (from < 0)
        return cant(p, "open", path);
    snprintf(name, sizeof name, DATASETS "%s", sha256);
    bool ok = srv_tar_add(b->archive, name, from, sum, p);
    close(from);
    return ok && (strcmp(sum, sha256) == 0 ||
                  api_problem_set(p, API_INTERNAL,
                                  "the dataset file %s is damaged: delete its dataset, "
                                  "or upload the data again",
                                  path));
}

/* All contents, in a list that the caller frees with its texts. */
static bool list_contents(srv_db *db, char ***list, size_t *count, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_DATASET_CONTENTS, p, "");
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        char **longer = realloc(*list, (*count + 1) * sizeof **list);
        if (longer)
            *list = longer;
        if (!longer || !(longer[*count] = strdup(srv_text(rows, 0)))) {
            srv_db_done(rows);
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        }
        ++*count;
    }
    return step == SRV_END;
}

/* The digits, in a file of their own. */
static bool add_sum(backup *b, const char *copy, const char *digits, api_problem *p)
{
    char path[SRV_PATH_SIZE], sum[SRV_SHA256_SIZE];
    snprintf(path, sizeof path, "%.*s.sum", SRV_PATH_SIZE - 5, copy);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = (fd >= 0 && write(fd, digits, SRV_SHA256_SIZE - 1) == SRV_SHA256_SIZE - 1 &&
               lseek(fd, 0, SEEK_SET) == 0) ||
              cant(p, "write", path);
    ok = ok && srv_tar_add(b->archive, DATABASE_SUM, fd, sum, p);
    if (fd >= 0)
        close(fd);
    unlink(path);
    return ok;
}

static bool fill(backup *b, const char *copy, api_problem *p)
{
    char **contents = NULL, sum[SRV_SHA256_SIZE];
    size_t count = 0;
    /* a file of its own, without a log beside it; it is synced as part of the archive */
    bool ok = srv_db_copy(b->live, b->copy, p) &&
              srv_db_exec(b->copy,
                          "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; "
                          "DELETE FROM uploads",
                          p) &&
              list_contents(b->copy, &contents, &count, p);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_content(b, contents[i], p);
    for (size_t i = 0; i < count; i++)
        free(contents[i]);
    free(contents);
    if (!ok)
        return false;
    srv_db_close(b->copy);
    b->copy = NULL;
    int from = open(copy, O_RDONLY | O_CLOEXEC);
    ok = from >= 0 ? srv_tar_add(b->archive, DATABASE, from, sum, p) : cant(p, "open", copy);
    if (from >= 0)
        close(from);
    return ok && add_sum(b, copy, sum, p) && srv_tar_end(b->archive, p);
}

/* The folder that a file is in. */
static const char *folder_of(const char *file, char folder[SRV_PATH_SIZE])
{
    const char *end = strrchr(file, '/');
    snprintf(folder, SRV_PATH_SIZE, "%.*s", end ? (int)(end - file) + 1 : 1, end ? file : ".");
    return folder;
}

bool srv_backup(const char *dir, const char *file, api_problem *p)
{
    if (!srv_folder_whole(dir, p))
        return false;
    char from[SRV_PATH_SIZE], copy[SRV_PATH_SIZE], part[SRV_PATH_SIZE], folder[SRV_PATH_SIZE];
    backup b = {.dir = dir, .archive = -1};
    bool ok = false;
    if (strlen(file) + 16 > sizeof part)
        return api_problem_set(p, API_BAD_REQUEST, "the name of the backup is too long");
    snprintf(copy, sizeof copy, "%s.database", file);
    snprintf(part, sizeof part, "%s.part", file);
    if (access(path_of(dir, DATABASE, from), F_OK) != 0)
        return cant(p, "open", from);
    unlink(copy); /* of a backup that was broken off */
    b.archive = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (b.archive < 0) {
        cant(p, "write", part);
        goto end;
    }
    b.live = srv_db_open(from, false, p);
    b.copy = b.live ? srv_db_open(copy, true, p) : NULL;
    if (!b.copy || !fill(&b, copy, p))
        goto end;
    if (fsync(b.archive) != 0 || rename(part, file) != 0 ||
        !srv_folder_sync(folder_of(file, folder)))
        cant(p, "write", file);
    else
        ok = true;
end:
    srv_db_close(b.copy);
    srv_db_close(b.live);
    if (b.archive >= 0)
        close(b.archive);
    unlink(copy);
    if (!ok)
        unlink(part);
    return ok;
}

/* ---- back ---- */

static bool is_content(const char *name)
{
    size_t n = strlen(DATASETS);
    return strncmp(name, DATASETS, n) == 0 && strlen(name) == n + SRV_SHA256_SIZE - 1 &&
           strspn(name + n, "0123456789abcdef") == SRV_SHA256_SIZE - 1;
}

/* What is known of the database so far. */
typedef struct taken {
    char path[SRV_PATH_SIZE]; /* where it is put */
    char sum[SRV_SHA256_SIZE];
    bool there, checked;
} taken;

/* One file of the archive, whole and synced, to where it belongs. */
static bool take(int archive, const char *name, uint64_t size, const char *dir, taken *database,
                 api_problem *p)
{
    char part[SRV_PATH_SIZE], place[SRV_PATH_SIZE], sum[SRV_SHA256_SIZE], want[SRV_SHA256_SIZE];
    bool content = is_content(name), digits = strcmp(name, DATABASE_SUM) == 0;
    if (!content && !digits && strcmp(name, DATABASE) != 0)
        return api_problem_set(p, API_BAD_REQUEST, "the file is no backup of descentd: it has %s",
                               name);
    path_of(dir, "tmp/restored", part);
    int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0)
        return cant(p, "write", part);
    bool ok = srv_tar_take(archive, size, to, sum, p) && (fsync(to) == 0 || cant(p, "sync", part));
    close(to);
    snprintf(want, sizeof want, "%.64s", content ? name + strlen(DATASETS) : sum);
    if (digits) /* the sum of the digits that the database's sum has */
        srv_sha256(database->sum, SRV_SHA256_SIZE - 1, want);
    if (ok && strcmp(sum, want) != 0)
        return api_problem_set(p, API_BAD_REQUEST, "the backup is damaged: %s is not what it was",
                               digits ? DATABASE : name);
    if (!ok || digits) {
        database->checked = ok;
        unlink(part);
        return ok;
    }
    if (!content) {
        memcpy(database->sum, sum, sizeof sum);
        database->there = true;
    }
    return rename(part, content ? path_of(dir, name, place) : database->path) == 0 ||
           cant(p, "name", part);
}

/* Is the database sound, and is everything there that it needs? */
static bool check(const char *dir, const char *database, api_problem *p)
{
    srv_db *db = srv_db_open(database, false, p);
    char **contents = NULL, path[SRV_FILE_PATH];
    size_t count = 0;
    srv_rows *rows = db ? srv_db_query(db, SQL_SOUND, p, "") : NULL;
    bool ok = rows && srv_db_step(db, rows, p) == SRV_ROW;
    if (ok && strcmp(srv_text(rows, 0), "ok") != 0)
        ok = api_problem_set(p, API_BAD_REQUEST, "the backup's database is damaged: %s",
                             srv_text(rows, 0));
    if (rows)
        srv_db_done(rows);
    ok = ok && list_contents(db, &contents, &count, p);
    for (size_t i = 0; i < count; i++) {
        if (ok && access(srv_file_path(dir, contents[i], path), R_OK) != 0)
            ok = api_problem_set(p, API_BAD_REQUEST, "the backup lacks the dataset file %s",
                                 contents[i]);
        free(contents[i]);
    }
    free(contents);
    srv_db_close(db);
    return ok;
}

bool srv_restore(const char *file, const char *dir, api_problem *p)
{
    char place[SRV_PATH_SIZE], datasets[SRV_PATH_SIZE], name[SRV_TAR_NAME];
    taken database = {.there = false};
    uint64_t size;
    int lock = -1, archive = open(file, O_RDONLY | O_CLOEXEC);
    bool ok = false;
    if (archive < 0)
        return cant(p, "open", file);
    if (!srv_folder_make(dir, p) || !srv_folder_lock(dir, &lock, p))
        goto end;
    path_of(dir, DATABASE, place);
    path_of(dir, "tmp/" DATABASE, database.path);
    path_of(dir, "datasets", datasets);
    api_problem left = {0}; /* by a restore that did not end: nobody has used it */
    if (access(place, F_OK) == 0 && srv_folder_whole(dir, &left)) {
        api_problem_set(p, API_CONFLICT, "%s is there already: restore into an empty directory",
                        place);
        goto end;
    }
    /* from here on it is no empty directory, until all is there: what an earlier try left is
     * written over, or removed by the server as nobody's */
    if (!srv_folder_mark(dir, true, p))
        goto end;
    srv_tar_step step;
    while ((step = srv_tar_next(archive, name, &size, p)) == SRV_TAR_FILE)
        if (!take(archive, name, size, dir, &database, p))
            goto end;
    if (step == SRV_TAR_FAILED)
        goto end;
    if (!database.there || !database.checked)
        api_problem_set(p, API_BAD_REQUEST,
                        "the file is no backup of descentd: it has no database with its sum");
    else if (check(dir, database.path, p))
        ok = (srv_folder_sync(datasets) && rename(database.path, place) == 0 &&
              srv_folder_sync(dir)) ||
             cant(p, "write", place);
    ok = ok && srv_folder_mark(dir, false, p);
end:
    close(archive);
    if (lock >= 0)
        close(lock);
    return ok;
}
