/* srv_team: the processors that train, and whose turn it is.
 *
 * DESIGN
 * There are as many lanes as processors to train on. Whoever computes holds one: a job's own
 * thread (a member), or a helper that does blocks of a member's pass. Helpers take lanes that
 * nobody waits for, so one large job uses every idle processor; as soon as a member waits they
 * go away after the block at hand. A member gives way between two blocks of rows: at once to one
 * that has only just begun, which so never waits for more than a block, and after its slice to
 * the others in turn. Who does a block changes nothing of the result (gd_exec.h).
 * Between passes that follow each other closely helpers spin, since waking one takes longer than
 * a small pass does. A pass that would take its member alone next to no time is not shared at all: what
 * blocks of its kind took before tells.
 */
#ifndef SRV_TEAM_H
#define SRV_TEAM_H

#include "api_problem.h"
#include "gd_exec.h"

#include <stdint.h>

#define SRV_MAX_LANES 1024

/* Kinds of blocks whose time a member remembers. */
enum { SRV_KINDS = 4 };

typedef struct srv_team srv_team;

/* A job's thread, as the team knows it. Zeroed but for team before its first use, and used by that
 * thread alone. */
typedef struct srv_member {
    srv_team *team;
    double since; /* when it took the lane that it holds */
    double used;  /* seconds of lanes so far, as of `since` */
    bool holds;   /* a lane */
    bool in_pass; /* helpers may be at work on its blocks */
    bool broken;  /* rows could not be read (srv_guard.h): what any pass since has given is none */
    struct {
        gd_block_fn *fn;
        double seconds; /* that one of its blocks took, the last time */
    } known[SRV_KINDS];
    unsigned next_known; /* the place that another kind gets */
} srv_member;

/* NULL with the reason in p. lanes: 1 to SRV_MAX_LANES. */
srv_team *srv_team_start(uint64_t lanes, api_problem *p);
void srv_team_stop(srv_team *t); /* no member may hold a lane or wait for one; NULL is fine */

/* How many blocks of one pass may run at once. */
size_t srv_team_slots(const srv_team *t);

/* How many members wait for a lane. */
unsigned srv_team_waiting(const srv_team *t);

/* Takes a lane, waiting for it; gives it back. */
void srv_team_enter(srv_member *m);
void srv_team_leave(srv_member *m);

/* Gives way if it is another's turn. A member that holds a lane has one afterwards too; for others
 * it does nothing. */
void srv_team_yield(srv_member *m);

/* Runs the blocks; for a member that holds a lane with whoever has nothing else to do. */
void srv_team_run(srv_member *m, gd_block_fn *fn, void *arg, size_t blocks);

#endif
