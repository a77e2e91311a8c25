/* srv_recorder: which points of a run's history are kept.
 *
 * At most `limit` points, however many epochs run and wherever it stops: every stride-th
 * epoch is kept, and when these grow too many the stride doubles and every second one goes.
 * The best point (by the validation cost, if there is one) and the last are added at the end. What
 * is kept depends on the epochs alone, so a run that was interrupted ends with the same history.
 */
#ifndef SRV_RECORDER_H
#define SRV_RECORDER_H

#include "api_job.h"

typedef struct srv_recorder {
    uint64_t limit;  /* points in all, or API_ALL_POINTS */
    uint64_t stride; /* epochs between points kept */
    uint64_t kept;   /* points on the grid, stored ones included */
    bool thinned;    /* the stride has grown since the last flush */
    api_point best, last;
    bool any;           /* best and last are set (best: to a finite cost, if there was one) */
    api_point *pending; /* points on the grid that are not stored yet; owned */
    size_t pending_count, pending_cap;
} srv_recorder;

void srv_recorder_init(srv_recorder *r, uint64_t limit);
void srv_recorder_free(srv_recorder *r);

/* A point that is not shown to srv_recorder_add, before the one after it: it may be the best. */
void srv_recorder_pass(srv_recorder *r, const api_point *point);

/* The next epoch that may be kept, given the last that was added; those between need not be shown, but
 * for the best of them. */
uint64_t srv_recorder_due(const srv_recorder *r, uint64_t epoch);

/* False when out of memory. */
bool srv_recorder_add(srv_recorder *r, const api_point *point);

/* Another run begins: its best and last points are its own. */
void srv_recorder_next(srv_recorder *r);

/* The pending points are stored, and those off the grid deleted. */
void srv_recorder_flushed(srv_recorder *r);

/* For checkpoints, right after a flush: SRV_RECORDER_SAVED doubles out and back in. */
#define SRV_RECORDER_SAVED 17
void srv_recorder_save(const srv_recorder *r, double *out);
/* False, and nothing is changed, where save has not written it. */
bool srv_recorder_restore(srv_recorder *r, const double *in);

#endif
