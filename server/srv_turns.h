/* srv_turns: jobs that wait and jobs that run, and who is next.
 *
 * DESIGN
 * Tenants take turns. Each has a line of its own, in which its jobs keep their order; the next job
 * is of the tenant that has the fewest running, among those of the one whose last turn was longest
 * ago, so that somebody with one job waits for no more than one of each of the others, however many
 * they have queued. A tenant's place is remembered when its line is empty: who comes with one job
 * at a time does not come first each time. After a restart nobody has had a turn. All of one tenant
 * is a queue.
 * Nor does a tenant have all the workers: to one that has some running another is given while the free
 * ones are more than a seventh of those. So of 64 one alone has 56, the next one that comes begins at
 * once, and so does the one after it. A server without tokens has one tenant, who may have them all.
 * No locks: it is the pool's (srv_pool.c), under the pool's lock.
 */
#ifndef SRV_TURNS_H
#define SRV_TURNS_H

#include "srv_clock.h"
#include "srv_pool.h"
#include "srv_token.h"

typedef struct srv_line srv_line;

typedef struct srv_entry {
    char id[SRV_ID_SIZE];
    srv_signals signals;
    srv_line *line; /* its tenant's, once it is added; before, room for one */
    struct srv_entry *next;
} srv_entry;

typedef struct srv_turns {
    srv_line *lines;    /* of all tenants that were ever seen, by when they were; owned */
    srv_entry *running; /* owned */
    uint64_t queued, running_count;
    uint64_t begun; /* jobs so far */
    uint64_t workers; /* 0: as many as are asked for */
} srv_turns;

/* So many entries in a list, or NULL. What follows can't fail. */
srv_entry *srv_entries_new(uint64_t count);
void srv_entries_free(srv_entry *first); /* of entries that are in no line; NULL is fine */

void srv_turns_free(srv_turns *t);

/* The last in its tenant's line. */
void srv_turns_add(srv_turns *t, srv_entry *e, const char *tenant, const char *id);

/* Is there one to begin? One that was paused and resumed waits until its worker has left it. */
bool srv_turns_any(const srv_turns *t);
/* The next one, which runs from now on; NULL when there is none. */
srv_entry *srv_turns_begin(srv_turns *t);
/* It runs no more; the caller's. */
void srv_turns_end(srv_turns *t, srv_entry *e);

/* Out of its line, the caller's; NULL when it is in none. */
srv_entry *srv_turns_take_out(srv_turns *t, const char *id);
bool srv_turns_waits(const srv_turns *t, const char *id);

#endif
