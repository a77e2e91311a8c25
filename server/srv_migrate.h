/* srv_migrate: the schema, as numbered steps; PRAGMA user_version counts those taken. */
#ifndef SRV_MIGRATE_H
#define SRV_MIGRATE_H

#include "srv_db.h"

/* Brings the database to the newest schema, each step in a transaction of its own. False
 * with the reason in p, also for a database from a newer version. */
bool srv_migrate(srv_db *db, api_problem *p);

/* Is it at the newest schema? */
bool srv_migrated(srv_db *db);

#endif
