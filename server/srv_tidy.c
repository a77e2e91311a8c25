/* srv_tidy: looking through folders. */
#include "srv_tidy.h"

#include "srv_log.h"
#include "srv_partial.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef char content[SRV_SHA256_SIZE];

typedef struct contents {
    content *list; /* owned */
    size_t count, cap;
} contents;

static bool add(contents *all, const char *sha256)
{
    if (all->count == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 64;
        content *list = realloc(all->list, cap * sizeof *list);
        if (!list)
            return false;
        all->list = list;
        all->cap = cap;
    }
    snprintf(all->list[all->count++], sizeof(content), "%s", sha256);
    return true;
}

static bool read_contents(srv_db *db, void *arg, api_problem *p)
{
    contents *all = arg;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_CONTENTS, p, "");
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        if (!add(all, srv_text(rows, 0))) {
            srv_db_done(rows);
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        }
    return step == SRV_END;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool keep_none(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return false;
}

static bool keep_known(void *ctx, const char *name)
{
    const contents *known = ctx;
    return known->count && bsearch(name, known->list, known->count, sizeof(content), by_name);
}

/* Removes the files of `folder` that `keep` does not want. */
static void clean_folder(const char *dir, const char *folder,
                         bool (*keep)(void *ctx, const char *name), void *ctx)
{
    char path[SRV_FILE_PATH];
    snprintf(path, sizeof path, "%s/%s", dir, folder);
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && !keep(ctx, e->d_name)) {
            srv_log("stray file removed", srv_s("folder", folder), srv_s("name", e->d_name));
            unlinkat(dirfd(d), e->d_name, 0);
        }
    if (d)
        closedir(d);
}

/* ---- files named by their dataset's id ---- */

typedef struct renaming {
    const char *id;
    content sha256; /* "" when there is no such dataset */
} renaming;

static bool find_content(srv_db *db, void *arg, api_problem *p)
{
    renaming *r = arg;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_SHA256, p, "t", r->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        snprintf(r->sha256, sizeof r->sha256, "%s", srv_text(rows, 0));
        srv_db_done(rows);
    }
    return step != SRV_FAILED;
}

static bool rename_files(srv_app *app, api_problem *p)
{
    char path[SRV_FILE_PATH];
    bool ok = true;
    snprintf(path, sizeof path, "%s/datasets", app->config.data_dir);
    DIR *d = opendir(path);
    const struct dirent *e;
    while (ok && d && (e = readdir(d))) {
        if (strncmp(e->d_name, "ds_", 3) != 0)
            continue;
        renaming r = {.id = e->d_name};
        ok = srv_store_read(app->store, find_content, &r, p);
        if (ok && *r.sha256 && renameat(dirfd(d), e->d_name, dirfd(d), r.sha256) != 0)
            ok = srv_disk_problem(p, "name");
    }
    if (d)
        closedir(d);
    return ok;
}

/* ---- resumable uploads ---- */

typedef struct opened {
    srv_app *app;
    contents all; /* ids */
} opened;

/* Open uploads; one whose file is shorter than was counted, as after a disk failed, goes on where the
 * file ends. */
static bool read_opened(srv_db *db, void *arg, api_problem *p)
{
    opened *o = arg;
    char path[SRV_FILE_PATH];
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_OPEN, p, "");
    srv_step step = SRV_FAILED;
    bool ok = true;
    while (ok && rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        struct stat st;
        const char *id = srv_text(rows, 0);
        bool there = stat(srv_partial_path(o->app->config.data_dir, id, path), &st) == 0;
        int64_t size = there ? (int64_t)st.st_size : 0;
        ok = add(&o->all, id) || api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        if (ok && size < srv_integer(rows, 1))
            ok = srv_db_run(db, SQL_UPLOAD_RECEIVED, p, "iit", size, srv_partial_expiry(o->app), id);
    }
    return ok && step == SRV_END;
}

bool srv_tidy(srv_app *app, api_problem *p)
{
    contents known = {0};
    opened uploads = {.app = app};
    bool ok = rename_files(app, p) && srv_store_read(app->store, read_contents, &known, p) &&
              srv_store_write(app->store, read_opened, &uploads, p);
    if (ok) {
        if (uploads.all.count)
            qsort(uploads.all.list, uploads.all.count, sizeof(content), by_name);
        clean_folder(app->config.data_dir, "uploads", keep_known, &uploads.all);
        if (known.count)
            qsort(known.list, known.count, sizeof(content), by_name);
        clean_folder(app->config.data_dir, "tmp", keep_none, NULL);
        clean_folder(app->config.data_dir, "datasets", keep_known, &known);
    }
    free(known.list);
    free(uploads.all.list);
    return ok;
}
