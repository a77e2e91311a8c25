/* srv_app: start in order, stop in reverse. */
#include "srv_app.h"

#include "srv_desk.h"
#include "srv_http.h"
#include "srv_log.h"
#include "srv_upload.h"
#include "srv_waiters.h"
#include "srv_worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the data directory ---- */

static bool make_folder(const char *dir, const char *name, api_problem *p)
{
    char path[1200];
    snprintf(path, sizeof path, "%s%s%s", dir, *name ? "/" : "", name);
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           api_problem_set(p, API_INTERNAL, "can't make the folder %s: %s", path, strerror(errno));
}

/* Two servers on one data directory would undo each other's work. */
static bool lock_folder(srv_app *app, api_problem *p)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/lock", app->config.data_dir);
    app->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (app->lock_fd < 0)
        return api_problem_set(p, API_INTERNAL, "can't open %s: %s", path, strerror(errno));
    return flock(app->lock_fd, LOCK_EX | LOCK_NB) == 0 ||
           api_problem_set(p, API_CONFLICT, "another descentd uses the data directory %s",
                           app->config.data_dir);
}

/* Removes the files of `folder` that `keep` does not want. */
static void clean_folder(const char *dir, const char *folder,
                         bool (*keep)(void *ctx, const char *name), void *ctx)
{
    char path[1200];
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

static bool keep_none(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return false;
}

typedef struct ids {
    char (*list)[SRV_ID_SIZE]; /* owned */
    size_t count, cap;
} ids;

static bool add_id(ids *all, const char *id)
{
    if (all->count == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 64;
        char(*list)[SRV_ID_SIZE] = realloc(all->list, cap * sizeof *list);
        if (!list)
            return false;
        all->list = list;
        all->cap = cap;
    }
    snprintf(all->list[all->count++], SRV_ID_SIZE, "%s", id);
    return true;
}

typedef struct id_query {
    srv_sql sql;
    ids all;
} id_query;

static bool read_ids(srv_db *db, void *arg, api_problem *p)
{
    id_query *q = arg;
    srv_rows *rows = srv_db_query(db, q->sql, p, "");
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        if (!add_id(&q->all, srv_text(rows, 0))) {
            srv_db_done(rows);
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        }
    return step == SRV_END;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool keep_known(void *ctx, const char *name)
{
    const ids *known = ctx;
    return known->count && bsearch(name, known->list, known->count, SRV_ID_SIZE, by_name);
}

/* Files that a crash left behind: half-written ones, and whole ones never recorded. */
static bool clean_up(srv_app *app, api_problem *p)
{
    id_query known = {.sql = SQL_DATASET_IDS};
    bool ok = srv_store_read(app->store, read_ids, &known, p);
    if (ok) {
        if (known.all.count)
            qsort(known.all.list, known.all.count, SRV_ID_SIZE, by_name);
        clean_folder(app->config.data_dir, "tmp", keep_none, NULL);
        clean_folder(app->config.data_dir, "datasets", keep_known, &known.all);
    }
    free(known.all.list);
    return ok;
}

/* Jobs that were queued or running when the last process ended. */
static bool take_up_jobs(srv_app *app, api_problem *p)
{
    id_query unfinished = {.sql = SQL_JOB_UNFINISHED};
    bool ok = srv_store_read(app->store, read_ids, &unfinished, p);
    for (size_t i = 0; ok && i < unfinished.all.count; i++)
        ok = srv_pool_add(app->pool, unfinished.all.list[i], false) ||
             api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    free(unfinished.all.list);
    return ok;
}

static void job_left(void *ctx, const char *id)
{
    srv_app *app = ctx;
    srv_waiters_wake(app->waiters, id);
}

bool srv_app_start(srv_app *app, const srv_config *config, api_problem *p)
{
    memset(app, 0, sizeof *app);
    app->config = *config;
    app->lock_fd = -1;
    for (size_t i = 0; i < SRV_UPDATE_LOCKS; i++)
        pthread_mutex_init(&app->updating[i], NULL);
    const char *dir = app->config.data_dir;
    if (app->config.threads == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        app->config.threads = processors < 1               ? 1
                              : processors > SRV_MAX_LANES ? SRV_MAX_LANES
                                                           : (uint64_t)processors;
    }
    uint64_t fit = srv_connections_fit(app->config.max_connections);
    if (fit < app->config.max_connections)
        srv_log("warning", srv_s("message", "the limit of open files leaves room for fewer connections"),
                srv_n("max_connections", (double)fit));
    app->config.max_connections = fit;
    bool ok = make_folder(dir, "", p) && make_folder(dir, "datasets", p) &&
              make_folder(dir, "tmp", p) && lock_folder(app, p);
    ok = ok && (app->store = srv_store_open(dir, p)) != NULL && clean_up(app, p);
    if (ok && (!(app->cache = srv_cache_new(dir)) || !(app->waiters = srv_waiters_start(app->config.max_waiting)) ||
               !(app->desk = srv_desk_start()) || !(app->together = srv_together_new()) ||
               !(app->connections = srv_connections_start(
                     fit, app->config.max_client_connections, (double)app->config.idle_seconds))))
        ok = api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    ok = ok && (app->team = srv_team_start(app->config.threads, p)) != NULL;
    ok = ok && (app->pool = srv_pool_start(app->config.workers, app->config.max_queue,
                                           srv_worker_run, job_left, app, p)) != NULL;
    ok = ok && take_up_jobs(app, p);
    ok = ok && (app->http = srv_http_start(app, p)) != NULL;
    if (!ok)
        srv_app_stop(app);
    return ok;
}

void srv_app_stop(srv_app *app)
{
    srv_http_quiesce(app->http);
    srv_pool_drain(app->pool);
    if (app->waiters)
        srv_waiters_close(app->waiters); /* all must be resumed before the daemon stops */
    srv_desk_stop(app->desk);            /* likewise */
    app->desk = NULL;
    srv_http_stop(app->http);
    srv_connections_stop(app->connections);
    srv_pool_free(app->pool);
    srv_together_free(app->together);
    srv_team_stop(app->team);
    srv_waiters_stop(app->waiters);
    srv_cache_free(app->cache);
    srv_store_close(app->store);
    if (app->lock_fd >= 0)
        close(app->lock_fd);
    app->http = NULL;
    app->connections = NULL;
    app->pool = NULL;
    app->team = NULL;
    app->together = NULL;
    app->waiters = NULL;
    app->cache = NULL;
    app->store = NULL;
    app->lock_fd = -1;
}
