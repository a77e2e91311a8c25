/* srv_together: where jobs meet that pass over the same rows.
 *
 * DESIGN
 * Jobs whose objectives are the same function of the parameters (gd_objective_same: children of a
 * sweep of learning rates, say) are partners of one group. A partner that wants a pass gives its
 * lane back and waits; when a pass begins, all who wait for one of its kind, up to GD_MAX_THETAS,
 * are served by one reading of the rows, on the objective and by the hands of one of them. The next
 * pass takes those who came meanwhile. So that partners fall into step, a pass is held up for those
 * who are about to come: for half as long as the last one took, and no longer than GATHER. Whoever
 * is known to be elsewhere (writing, or at its end) is not waited for.
 *
 * What a group has found of its objective's curvature it remembers while it has partners: the first
 * who asks is to find it, and others who ask meanwhile wait.
 *
 * A partner's numbers are those of a pass of its own, to the bit, whoever is beside it. One that is
 * interrupted goes at once; if it was the one that ran the pass, the others have theirs run again.
 * Nobody waits for a wake-up alone: all look up every LOOK.
 */
#ifndef SRV_TOGETHER_H
#define SRV_TOGETHER_H

#include "api_problem.h"
#include "gd_objective.h"
#include "srv_team.h"

#include <pthread.h>

typedef struct srv_together srv_together;
typedef struct srv_group srv_group;

typedef enum srv_partner_state {
    SRV_PARTNER_BUSY, /* between two passes */
    SRV_PARTNER_AWAY, /* the same, for longer */
    SRV_PARTNER_WAITS,
    SRV_PARTNER_TAKEN, /* a pass is under way that serves it */
    SRV_PARTNER_SERVED
} srv_partner_state;

/* A job. Used by its thread alone; the first four members are set, the rest zeroed, before the
 * first use. */
typedef struct srv_partner {
    srv_together *meeting;
    srv_member *member;
    bool (*interrupted)(void *ctx); /* once true it stays true */
    void *ctx;
    /* the meeting's */
    srv_group *group; /* NULL: none */
    struct srv_partner *next;
    gd_objective *objective;
    srv_partner_state state;
    const double *theta; /* what it wants: */
    gd_rows rows;
    double *cost, *gradient;
    double since; /* when it came */
    size_t place; /* in the pass */
    pthread_cond_t news;
} srv_partner;

/* NULL when out of memory. */
srv_together *srv_together_new(void);
void srv_together_free(srv_together *t); /* no partners are left; NULL is fine */

/* A gd_executor's `share` for o, which is p's until srv_together_leave: joins a group if need be.
 * The partner may hold a lane, and does afterwards if it did. */
bool srv_together_eval(srv_partner *p, gd_objective *o, const double *theta, const gd_rows *rows,
                       double *cost, double *gradient);

/* A gd_executor's `recall` and `keep`: the same. Whoever is asked to leave while it waits is told
 * that there is nothing. */
bool srv_together_recall(srv_partner *p, gd_objective *o, double *curvature);
void srv_together_keep(srv_partner *p, double curvature);

/* It may be a while until p comes again. */
void srv_together_away(srv_partner *p);

/* p's objective is about to go, or needs no more passes. Fine for one that never came. */
void srv_together_leave(srv_partner *p);

typedef struct srv_together_counts {
    uint64_t wanted, passes; /* so far: evaluations; readings of the rows that they took */
    size_t waiting;          /* partners, now */
} srv_together_counts;

srv_together_counts srv_together_count(srv_together *t);

#endif
