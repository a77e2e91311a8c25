/* srv_cache: dataset files mapped into memory, each once for a tenant, shared by its jobs: a tenant
 * does not feel, by what is there already, that another has the same data.
 *
 * A file is checked against its SHA-256 when it is mapped, so a torn or changed one is never
 * trained on. Mappings that no job uses are kept for a while: the next job finds them warm.
 */
#ifndef SRV_CACHE_H
#define SRV_CACHE_H

#include "api_problem.h"
#include "gd_data.h"

typedef struct srv_cache srv_cache;
typedef struct srv_mapped srv_mapped;

/* dir: the data directory, borrowed. NULL when out of memory. */
srv_cache *srv_cache_new(const char *dir);
void srv_cache_free(srv_cache *c); /* nothing may be held; NULL is fine */

/* Holds the mapping of the tenant's file with this content until srv_cache_release; id: of the dataset
 * that it is wanted for, for messages. NULL with the reason in p. */
srv_mapped *srv_cache_hold(srv_cache *c, const char *id, const char *tenant, const char *sha256,
                           api_problem *p);
void srv_cache_release(srv_cache *c, srv_mapped *m); /* NULL is fine */
const gd_data *srv_mapped_data(const srv_mapped *m);

/* A dataset with this content was deleted, or its file is to be looked at anew: drop the mapping
 * as soon as nobody holds it. */
void srv_cache_forget(srv_cache *c, const char *sha256);

#endif
