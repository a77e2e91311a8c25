/* srv_app: start in order, stop in reverse. */
#include "srv_app.h"

#include "srv_audit.h"
#include "srv_desk.h"
#include "srv_folder.h"
#include "srv_http.h"
#include "srv_log.h"
#include "srv_papers.h"
#include "srv_partial.h"
#include "srv_settle.h"
#include "srv_quota.h"
#include "srv_tidy.h"
#include "srv_tls.h"
#include "srv_token_file.h"
#include "srv_waiters.h"
#include "srv_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- jobs of the last process ---- */

typedef struct unfinished_job {
    char id[SRV_ID_SIZE], tenant[SRV_TENANT_SIZE];
} unfinished_job;

typedef struct ids {
    unfinished_job *list; /* owned */
    size_t count, cap;
} ids;

static bool add_id(ids *all, const char *job, const char *tenant)
{
    if (all->count == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 64;
        unfinished_job *list = realloc(all->list, cap * sizeof *list);
        if (!list)
            return false;
        all->list = list;
        all->cap = cap;
    }
    unfinished_job *one = &all->list[all->count++];
    snprintf(one->id, sizeof one->id, "%s", job);
    snprintf(one->tenant, sizeof one->tenant, "%s", tenant);
    return true;
}

static bool read_ids(srv_db *db, void *arg, api_problem *p)
{
    ids *all = arg;
    srv_rows *rows = srv_db_query(db, SQL_JOB_UNFINISHED, p, "");
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        if (!add_id(all, srv_text(rows, 0), srv_text(rows, 1))) {
            srv_db_done(rows);
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        }
    return step == SRV_END;
}

/* Jobs that were queued or running when the last process ended. */
static bool take_up_jobs(srv_app *app, api_problem *p)
{
    ids unfinished = {0};
    bool ok = srv_store_read(app->store, read_ids, &unfinished, p);
    for (size_t i = 0; ok && i < unfinished.count; i++)
        ok = srv_pool_add(app->pool, unfinished.list[i].tenant, unfinished.list[i].id, false) ||
             api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    free(unfinished.list);
    return ok;
}

typedef struct need {
    const char *sha256;
    bool is;
} need;

static bool look_for_need(srv_db *db, void *arg, api_problem *p)
{
    need *n = arg;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_NEEDS, p, "t", n->sha256);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    n->is = step != SRV_END;
    if (step == SRV_ROW)
        srv_db_done(rows);
    return step != SRV_FAILED;
}

/* What can't be found out is kept. */
static bool needed(void *ctx, const char *sha256)
{
    srv_app *app = ctx;
    api_problem ignored = {0};
    need n = {sha256, true};
    return !srv_store_read(app->store, look_for_need, &n, &ignored) || n.is;
}

static void job_left(void *ctx, const char *id)
{
    srv_app *app = ctx;
    srv_waiters_wake(app->waiters, id);
    srv_heap_freed(app->heap);
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
    bool ok = srv_folder_make(dir, p) && srv_folder_lock(dir, &app->lock_fd, p) &&
              srv_folder_whole(dir, p);
    ok = ok && (app->store = srv_store_open(dir, p)) != NULL &&
         srv_settle_restore(app->store, dir, p) && srv_tidy(app, p);
    if (ok &&
        (!(app->heap = srv_heap_start()) ||
         !(app->files = srv_files_new(dir, app->config.disk_reserve, needed, app)) ||
         !(app->cache = srv_cache_new(dir)) ||
         !(app->waiters = srv_waiters_start(app->config.max_waiting)) ||
         !(app->desk = srv_desk_start()) || !(app->papers = srv_papers_new(app->config.kernels)) ||
         !(app->uploaders = srv_uploads_new()) || !(app->together = srv_together_new()) ||
         !(app->connections = srv_connections_start(fit, app->config.max_client_connections,
                                                    (double)app->config.idle_seconds))))
        ok = api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    ok = ok && (app->settle = srv_settle_start(app->store, dir, p)) != NULL;
    ok = ok && (app->team = srv_team_start(app->config.threads, p)) != NULL;
    ok = ok && (app->pool = srv_pool_start(app->config.workers, app->config.max_queue,
                                           srv_worker_run, job_left, app, p)) != NULL;
    ok = ok && (app->partials = srv_partials_start(app, p)) != NULL;
    ok = ok && take_up_jobs(app, p);
    ok = ok && (!*config->tls_cert || srv_tls_load(config->tls_cert, config->tls_key, p));
    ok = ok && (!*config->audit_log || (app->audit = srv_audit_open(config->audit_log, p)) != NULL);
    ok = ok && (!*config->token_file ||
                (app->token_file = srv_token_file_open(app->config.token_file, p)) != NULL);
    ok = ok && (app->http = srv_http_start(app, p)) != NULL;
    if (!ok)
        srv_app_stop(app);
    return ok;
}

void srv_app_reload(srv_app *app)
{
    const srv_config *c = &app->config;
    bool ok = true;
    for (int i = 0; i < 3; i++) { /* one that fails keeps no other from being read */
        api_problem p = {0};
        bool done = i == 0   ? !*c->tls_cert || srv_tls_load(c->tls_cert, c->tls_key, &p)
                    : i == 1 ? !app->token_file || srv_token_file_reload(app->token_file, &p)
                             : !app->audit || srv_audit_reopen(app->audit, &p);
        if (!done)
            srv_log("warning", srv_s("message", p.detail));
        ok = ok && done;
    }
    if (ok)
        srv_log("reloaded", srv_s("signal", "SIGHUP"));
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
    srv_papers_free(app->papers); /* which answers were reading */
    srv_connections_stop(app->connections);
    srv_partials_stop(app->partials);
    srv_settle_stop(app->settle);
    srv_pool_free(app->pool);
    srv_together_free(app->together);
    srv_team_stop(app->team);
    srv_waiters_stop(app->waiters);
    srv_cache_free(app->cache);
    srv_files_free(app->files);
    srv_uploads_free(app->uploaders);
    srv_audit_close(app->audit);
    srv_token_file_close(app->token_file);
    srv_store_close(app->store);
    srv_heap_stop(app->heap);
    if (app->lock_fd >= 0)
        close(app->lock_fd);
    app->http = NULL;
    app->connections = NULL;
    app->papers = NULL;
    app->partials = NULL;
    app->settle = NULL;
    app->pool = NULL;
    app->team = NULL;
    app->together = NULL;
    app->waiters = NULL;
    app->cache = NULL;
    app->files = NULL;
    app->uploaders = NULL;
    app->audit = NULL;
    app->token_file = NULL;
    app->store = NULL;
    app->heap = NULL;
    app->lock_fd = -1;
}
