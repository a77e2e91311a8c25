/* srv_app: the server as a whole: what it owns, how it starts and stops. Used by main and by
 * tests alike. */
#ifndef SRV_APP_H
#define SRV_APP_H

#include "api_problem.h"
#include "srv_cache.h"
#include "srv_config.h"
#include "srv_connections.h"
#include "srv_files.h"
#include "srv_heap.h"
#include "srv_pool.h"
#include "srv_store.h"
#include "srv_team.h"
#include "srv_together.h"

#include <pthread.h>

typedef struct srv_http srv_http;
typedef struct srv_waiters srv_waiters;
typedef struct srv_desk srv_desk;
typedef struct srv_papers srv_papers;
typedef struct srv_partials srv_partials;
typedef struct srv_settle srv_settle;
typedef struct srv_uploads srv_uploads;

enum { SRV_UPDATE_LOCKS = 16 };

typedef struct srv_app {
    srv_config config;
    int lock_fd; /* holds the data directory for this process */
    srv_heap *heap;
    srv_store *store;
    srv_files *files;
    srv_settle *settle;
    srv_cache *cache;
    srv_waiters *waiters;
    srv_desk *desk;
    srv_papers *papers;
    srv_partials *partials;
    srv_uploads *uploaders;
    srv_team *team;
    srv_together *together;
    srv_pool *pool;
    srv_connections *connections;
    srv_http *http;
    pthread_mutex_t updating[SRV_UPDATE_LOCKS]; /* handle_updates.c */
    atomic_uint requests;   /* not answered yet */
    atomic_uint uploads;    /* under way */
    atomic_size_t gathered; /* bytes of bodies held in memory */
    struct srv_audit *audit; /* NULL: none */
    struct srv_token_file *token_file; /* NULL: none */
    bool auth;              /* requests need a token */
    char address[300];      /* host:port that is listened on */
} srv_app;

/* Opens the data directory (making it if missing), takes up unfinished jobs, listens. On
 * error everything is undone and p says why. */
bool srv_app_start(srv_app *app, const srv_config *config, api_problem *p);

/* Reads certificate and key and the file of tokens again, and opens the audit log anew; what can't be
 * is logged, and the old stays. */
void srv_app_reload(srv_app *app);

/* No new connections or jobs; running jobs save their place; then everything is closed. */
void srv_app_stop(srv_app *app);

#endif
