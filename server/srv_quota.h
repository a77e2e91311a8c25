/* srv_quota: what a tenant may have, and what it has.
 *
 * DESIGN
 * What is stored is counted in the database, after it was added and in the transaction that adds it: writers
 * take turns, so that no two requests find the same room, and what goes beyond is undone as if it had
 * not been. Uploads under way are stored nowhere yet: they are counted in memory.
 * A limit is a setting (--tenant-...), unless the database has another for that tenant, which the command
 * line puts there (descentd quota set) and which holds from the next request on.
 */
#ifndef SRV_QUOTA_H
#define SRV_QUOTA_H

#include "srv_config.h"
#include "srv_db.h"

#include <stdio.h>

typedef enum srv_quota {
    SRV_QUOTA_BYTES,    /* of datasets, each content once, with what describes them, and of uploads
                           in pieces */
    SRV_QUOTA_RESULTS,  /* bytes of models, and of jobs with their histories (srv_kept.h) */
    SRV_QUOTA_DATASETS,
    SRV_QUOTA_MODELS,   /* stored, and one for each job that has not ended */
    SRV_QUOTA_JOBS,     /* stored, ended ones too, and sweeps */
    SRV_QUOTA_ACTIVE,   /* jobs that are queued or running */
    SRV_QUOTA_UPLOADS,  /* in pieces and open; and, apart from these, requests under way */
    SRV_QUOTAS
} srv_quota;

#define SRV_OF(quota) (1u << (quota)) /* several make a set */

/* As in /v1/usage and on the command line: "bytes". */
const char *srv_quota_name(srv_quota quota);

/* Both inside of work of the store's (srv_store.h); tenant: by its name, not "". */

typedef struct srv_use {
    uint64_t used, most; /* most: 0: any */
} srv_use;

bool srv_quota_use(srv_db *db, const srv_config *config, const char *tenant, srv_quota quota,
                   srv_use *out, api_problem *p);

/* Is what the tenant has by now within its quotas of this set? If not, says so: 507 where something
 * has to go first, 429 where it does so by itself. */
bool srv_quota_check(srv_db *db, const srv_config *config, const char *tenant, unsigned set,
                     api_problem *p);

/* ---- uploads under way ---- */

typedef struct srv_uploads srv_uploads; /* how many each tenant has */
typedef struct srv_store srv_store;

srv_uploads *srv_uploads_new(void); /* NULL when out of memory */
void srv_uploads_free(srv_uploads *u); /* NULL is fine */

/* One more of the tenant's, and is there room for so many further bytes? On success one must leave. */
bool srv_uploads_enter(srv_uploads *u, srv_store *store, const srv_config *config,
                       const char *tenant, api_problem *p);
void srv_uploads_leave(srv_uploads *u, const char *tenant);

/* Has the tenant room for so many bytes more, as it is now? Looked at before they are read. */
bool srv_quota_room(srv_store *store, const srv_config *config, const char *tenant, uint64_t more,
                    api_problem *p);

/* ---- the command line ---- */

/* dir: the data directory, of a server that runs or not. name: of a quota, or NULL for all. */
bool srv_quota_set(const char *dir, const char *tenant, const char *name, const char *value,
                   api_problem *p);
bool srv_quota_clear(const char *dir, const char *tenant, const char *name, api_problem *p);
bool srv_quota_list(const char *dir, FILE *to, api_problem *p);

#endif
