/* srv_store: the database, shared by all threads.
 *
 * DESIGN
 * One connection writes. Whoever comes while nobody writes does it on its own thread; what comes
 * meanwhile waits together, and is done by one of those whose it is, in one transaction, each
 * piece in a savepoint, and committed with one sync: a write alone needs no other thread, many
 * share the cost, and nobody ever meets a lock. srv_store_write returns when the commit is on disk.
 * When another process holds the database, whoever finds that out waits a moment, and fails; as long
 * as it goes on, others fail at once. Requests are dealt with by threads that serve others too.
 * Readers borrow one of a few read-only connections and see a
 * snapshot; WAL lets them go on while the writer writes.
 */
#ifndef SRV_STORE_H
#define SRV_STORE_H

#include "srv_db.h"

typedef struct srv_store srv_store;

/* Returns false, with the reason in p, to undo what it did. */
typedef bool srv_work(srv_db *db, void *arg, api_problem *p);

/* dir: the data directory, which exists. NULL with the reason in p. */
srv_store *srv_store_open(const char *dir, api_problem *p);

/* All other threads must have stopped using it. NULL is fine. */
void srv_store_close(srv_store *store);

/* For the command line: a connection of its own to the database, which a server may be using. The
 * directory is made if it is missing. NULL with the reason in p. */
srv_db *srv_store_connect(const char *dir, api_problem *p);

/* Both run work and wait for it; from any thread. False with the reason in p, and then
 * nothing was changed. */
bool srv_store_write(srv_store *store, srv_work *work, void *arg, api_problem *p);
bool srv_store_read(srv_store *store, srv_work *work, void *arg, api_problem *p);

#endif
