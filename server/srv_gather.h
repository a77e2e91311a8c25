/* srv_gather: the rows of a dataset, made of what its reader stored otherwise: column by column,
 * with the target or other columns among them, in another order, or in double precision where
 * single is wanted.
 *
 * What was stored is read once, in windows that stay in the cache. Rows that are many are hashed by
 * who gathers them, and looked at and written by a thread beside it, which takes as long.
 */
#ifndef SRV_GATHER_H
#define SRV_GATHER_H

#include "api_reader.h"
#include "srv_look.h"
#include "srv_out.h"

typedef struct srv_gathering {
    srv_out out;    /* the rows; hashed */
    srv_look *look; /* at them; NULL: they were not looked at */
    const srv_files *files;
    int from;
    srv_out *targets;
} srv_gathering;

/* Nothing is gathered: what srv_gather_close does nothing to. */
void srv_gather_none(srv_gathering *g);

/* Fills and settles g->out, which srv_gather_none was called for, from what lies behind the first
 * page of `from`, settled; of sparse rows their values. Targets that are among the rows are put
 * behind those that there are. False with the reason in p. */
bool srv_gather(srv_gathering *g, const srv_out *from, srv_out *targets, const api_dataset *d,
                api_problem *p);

void srv_gather_close(srv_gathering *g);

#endif
