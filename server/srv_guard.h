/* srv_guard: files that are read through memory, and what happens when they can't be.
 *
 * DESIGN
 * A mapped file that was cut off since, or whose disk fails, answers a read with the signal SIGBUS,
 * which would end the process. Who reads one does so under a guard: where the fault is within a
 * region that is known to be such a file, the work is broken off (siglongjmp) and the guard says so;
 * anywhere else it ends the process, as it should. Work under a guard holds no lock while it reads,
 * and what it owns is reached from its context, so that it is freed all the same; scratch of core's
 * that is broken off is lost, once for a mapping that fails. Blocks of rows are
 * guarded one by one (srv_team.c): a pass that others help with is never left before they are done.
 * A region that failed is not to be trusted any more, whatever it reads as later.
 */
#ifndef SRV_GUARD_H
#define SRV_GUARD_H

#include "api_problem.h"

#include <stddef.h>

typedef struct srv_region srv_region;

/* From here on faults are caught: once, at the start. */
void srv_guard_start(void);

/* A mapping that is about to be read. NULL when out of memory. */
srv_region *srv_region_add(const void *map, size_t size);
/* It is about to be unmapped; NULL is fine. */
void srv_region_remove(srv_region *r);
/* Could a part of it not be read? */
bool srv_region_failed(const srv_region *r);

/* Runs fn. False: it was broken off. Guards may be nested: the innermost breaks off. */
bool srv_guard_run(void (*fn)(void *ctx), void *ctx);

/* The same of work that can fail, with the reason in p; to be broken off is one. *ok: what the work
 * returned, false if it was broken off. */
bool srv_guard_try(bool (*work)(void *ctx, api_problem *p), void *ctx, bool *ok, api_problem *p);

/* The same for who need not know which it was: returns *ok. */
bool srv_guarded(bool (*work)(void *ctx, api_problem *p), void *ctx, api_problem *p);

/* Says that a dataset's file can't be read. Returns false. */
bool srv_guard_problem(api_problem *p);

#endif
