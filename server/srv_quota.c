/* srv_quota: the table of quotas, and counting. */
#include "srv_quota.h"

#include "srv_store.h"
#include "srv_token.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *what, *remedy;
    size_t setting; /* where in srv_config */
    srv_sql use;
    api_problem_code code;
} quotas[] = {
#define AT(member) offsetof(srv_config, member)
    [SRV_QUOTA_BYTES] = {"bytes", "bytes of data", "delete datasets or uploads first",
                         AT(tenant_bytes), SQL_USE_BYTES, API_QUOTA_FULL},
    [SRV_QUOTA_RESULTS] = {"result_bytes",
                           "bytes of models and histories (and what jobs that have not ended may "
                           "come to)",
                           "delete jobs or models first", AT(tenant_result_bytes), SQL_USE_RESULTS,
                           API_QUOTA_FULL},
    [SRV_QUOTA_DATASETS] = {"datasets", "datasets", "delete some first", AT(tenant_datasets),
                            SQL_USE_DATASETS, API_QUOTA_FULL},
    [SRV_QUOTA_MODELS] = {"models", "models (one for each job that has not ended)",
                          "delete some first", AT(tenant_models), SQL_USE_MODELS, API_QUOTA_FULL},
    [SRV_QUOTA_JOBS] = {"jobs", "jobs and sweeps (ended ones too)", "delete some first",
                        AT(tenant_jobs), SQL_USE_JOBS, API_QUOTA_FULL},
    [SRV_QUOTA_ACTIVE] = {"active_jobs", "jobs that wait or run", "try again when some have ended",
                          AT(tenant_active_jobs), SQL_USE_ACTIVE, API_QUOTA_BUSY},
    [SRV_QUOTA_UPLOADS] = {"uploads", "uploads at once", "try again when some have ended",
                           AT(tenant_uploads), SQL_USE_UPLOADS, API_QUOTA_BUSY},
#undef AT
};

const char *srv_quota_name(srv_quota quota)
{
    return quotas[quota].name;
}

static bool of_bytes(srv_quota quota)
{
    return quota == SRV_QUOTA_BYTES || quota == SRV_QUOTA_RESULTS;
}

static bool find_quota(const char *name, srv_quota *out, api_problem *p)
{
    char known[128] = "";
    for (int q = 0; q < SRV_QUOTAS; q++) {
        if (strcmp(quotas[q].name, name) == 0)
            return *out = (srv_quota)q, true;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", q ? ", " : "",
                 quotas[q].name);
    }
    return api_problem_set(p, API_INVALID, "there is no quota \"%.40s\"; there are: %s", name,
                           known);
}

/* ---- what is stored ---- */

/* The limit that the database has for the tenant, else the setting. */
static bool find_most(srv_db *db, const srv_config *config, const char *tenant, srv_quota quota,
                      uint64_t *most, api_problem *p)
{
    memcpy(most, (const char *)config + quotas[quota].setting, sizeof *most);
    srv_rows *rows = srv_db_query(db, SQL_QUOTA_GET, p, "tt", tenant, quotas[quota].name);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        *most = (uint64_t)srv_integer(rows, 0);
        srv_db_done(rows);
    }
    return step != SRV_FAILED;
}

static bool count_used(srv_db *db, const char *tenant, srv_quota quota, uint64_t *used,
                       api_problem *p)
{
    srv_rows *rows = srv_db_query(db, quotas[quota].use, p, "t", tenant);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    *used = (uint64_t)srv_integer(rows, 0);
    srv_db_done(rows);
    return true;
}

bool srv_quota_use(srv_db *db, const srv_config *config, const char *tenant, srv_quota quota,
                   srv_use *out, api_problem *p)
{
    return find_most(db, config, tenant, quota, &out->most, p) &&
           count_used(db, tenant, quota, &out->used, p);
}

static bool beyond(const char *tenant, srv_quota quota, uint64_t used, uint64_t most,
                   api_problem *p)
{
    return api_problem_set(p, quotas[quota].code,
                           "the quota %s of tenant %s is %llu, and with this it would have %llu "
                           "%s; %s",
                           quotas[quota].name, tenant, (unsigned long long)most,
                           (unsigned long long)used, quotas[quota].what, quotas[quota].remedy);
}

bool srv_quota_check(srv_db *db, const srv_config *config, const char *tenant, unsigned set,
                     api_problem *p)
{
    for (int q = 0; q < SRV_QUOTAS; q++) {
        srv_use use = {0};
        if (!(set & SRV_OF(q)))
            continue;
        if (!find_most(db, config, tenant, (srv_quota)q, &use.most, p) ||
            (use.most && !count_used(db, tenant, (srv_quota)q, &use.used, p)))
            return false;
        if (use.most && use.used > use.most)
            return beyond(tenant, (srv_quota)q, use.used, use.most, p);
    }
    return true;
}

typedef struct outlook {
    const srv_config *config;
    const char *tenant;
    uint64_t more;    /* bytes */
    uint64_t uploads; /* that it may have at once, 0: any */
} outlook;

/* What is full already takes no bytes: that they are too many is found when they are counted. */
static bool look_for_room(srv_db *db, void *arg, api_problem *p)
{
    outlook *o = arg;
    uint64_t most, used;
    if (!find_most(db, o->config, o->tenant, SRV_QUOTA_UPLOADS, &o->uploads, p) ||
        !find_most(db, o->config, o->tenant, SRV_QUOTA_BYTES, &most, p))
        return false;
    if (!most)
        return true;
    if (!count_used(db, o->tenant, SRV_QUOTA_BYTES, &used, p))
        return false;
    uint64_t more = o->more ? o->more : 1;
    return (used <= most && more <= most - used) ||
           beyond(o->tenant, SRV_QUOTA_BYTES, used + more, most, p);
}

bool srv_quota_room(srv_store *store, const srv_config *config, const char *tenant, uint64_t more,
                    api_problem *p)
{
    outlook o = {config, tenant, more, 0};
    return srv_store_read(store, look_for_room, &o, p);
}

/* ---- uploads under way ---- */

typedef struct uploader {
    char tenant[SRV_TENANT_SIZE];
    uint64_t count;
    struct uploader *next;
} uploader;

struct srv_uploads {
    pthread_mutex_t lock;
    uploader *first; /* those that have any */
};

srv_uploads *srv_uploads_new(void)
{
    srv_uploads *u = calloc(1, sizeof *u);
    if (u)
        pthread_mutex_init(&u->lock, NULL);
    return u;
}

void srv_uploads_free(srv_uploads *u)
{
    if (!u)
        return;
    while (u->first) {
        uploader *next = u->first->next;
        free(u->first);
        u->first = next;
    }
    pthread_mutex_destroy(&u->lock);
    free(u);
}

/* Where the tenant is in the list, or would be. Under the lock. */
static uploader **find(srv_uploads *u, const char *tenant)
{
    uploader **at = &u->first;
    while (*at && strcmp((*at)->tenant, tenant) != 0)
        at = &(*at)->next;
    return at;
}

bool srv_uploads_enter(srv_uploads *u, srv_store *store, const srv_config *config,
                       const char *tenant, api_problem *p)
{
    outlook o = {config, tenant, 0, 0};
    if (!srv_store_read(store, look_for_room, &o, p))
        return false;
    pthread_mutex_lock(&u->lock);
    uploader **at = find(u, tenant);
    if (!*at && (*at = calloc(1, sizeof **at)))
        snprintf((*at)->tenant, sizeof(*at)->tenant, "%s", tenant);
    uint64_t count = *at ? (*at)->count + 1 : 0;
    bool fits = !o.uploads || count <= o.uploads;
    if (*at && fits)
        (*at)->count = count;
    pthread_mutex_unlock(&u->lock);
    if (!count)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    return fits || beyond(tenant, SRV_QUOTA_UPLOADS, count, o.uploads, p);
}

void srv_uploads_leave(srv_uploads *u, const char *tenant)
{
    pthread_mutex_lock(&u->lock);
    uploader **at = find(u, tenant), *found = *at;
    if (found && --found->count == 0) {
        *at = found->next;
        free(found);
    }
    pthread_mutex_unlock(&u->lock);
}

/* ---- the command line ---- */

bool srv_quota_set(const char *dir, const char *tenant, const char *name, const char *value,
                   api_problem *p)
{
    srv_quota quota;
    uint64_t most;
    if (!srv_tenant_check(tenant, p) || !find_quota(name, &quota, p))
        return false;
    if (!srv_config_number(value, of_bytes(quota), &most) || most > INT64_MAX)
        return api_problem_set(p, API_INVALID,
                               "the quota %s must be a whole number%s, 0 for none, got \"%.40s\"",
                               name, of_bytes(quota) ? ", with k, m or g for units" : "", value);
    srv_db *db = srv_store_connect(dir, p);
    bool ok = db && srv_db_run(db, SQL_QUOTA_SET, p, "tti", tenant, name, (int64_t)most);
    srv_db_close(db);
    return ok;
}

bool srv_quota_clear(const char *dir, const char *tenant, const char *name, api_problem *p)
{
    srv_quota quota;
    if (name && !find_quota(name, &quota, p))
        return false;
    srv_db *db = srv_store_connect(dir, p);
    bool ok = db && srv_db_run(db, SQL_QUOTA_CLEAR, p, "tt", tenant, name);
    if (ok && srv_db_changes(db) == 0)
        ok = api_problem_set(p, API_NOT_FOUND, "tenant %.64s has no such quota of its own", tenant);
    srv_db_close(db);
    return ok;
}

bool srv_quota_list(const char *dir, FILE *to, api_problem *p)
{
    srv_db *db = srv_store_connect(dir, p);
    srv_rows *rows = db ? srv_db_query(db, SQL_QUOTA_LIST, p, "") : NULL;
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        fprintf(to, "%-16s %-12s %lld\n", srv_text(rows, 0), srv_text(rows, 1),
                (long long)srv_integer(rows, 2));
    srv_db_close(db);
    return step == SRV_END;
}
