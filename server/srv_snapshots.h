/* srv_snapshots: parameters on the way: the path of a descent.
 *
 * Kept at every `every`-th point of the history's grid, and thinned as it is: they lie at the
 * multiples of stride x every. Like the points they wait until the next flush, and are stored in
 * the transaction of the checkpoint that has them behind it, so that an interrupted run ends with
 * the same.
 */
#ifndef SRV_SNAPSHOTS_H
#define SRV_SNAPSHOTS_H

#include "srv_db.h"

typedef struct srv_snapshots {
    uint64_t every; /* recorded points from one to the next; API_NO_RECORD: none are kept */
    size_t len;     /* parameters of each */
    uint64_t *epochs;
    double *values; /* count x len, those that are not stored yet */
    size_t count, cap;
} srv_snapshots;

void srv_snapshots_init(srv_snapshots *s, uint64_t every, size_t len);
void srv_snapshots_free(srv_snapshots *s); /* a zeroed one is fine */

/* Is this epoch one of them, where the history keeps each stride-th? */
bool srv_snapshots_due(const srv_snapshots *s, uint64_t stride, uint64_t epoch);

/* Room for the `len` parameters of an epoch, which the caller fills. NULL when out of memory. */
double *srv_snapshots_add(srv_snapshots *s, uint64_t epoch);

/* The history's stride has grown: drops those off the grid. */
void srv_snapshots_thin(srv_snapshots *s, uint64_t stride);

/* In a transaction: stores those that wait, and where the history was thinned, thins the table. */
bool srv_snapshots_write(srv_db *db, const srv_snapshots *s, int64_t job, uint64_t stride,
                         bool thinned, size_t cols, size_t outputs, api_problem *p);
void srv_snapshots_written(srv_snapshots *s);

/* ---- stored ones ---- */

/* Reads the parameters of an epoch of a model's training into theta, len values. False with the
 * reason in p: not found, naming epochs near it that were recorded. */
bool srv_snapshot_of_model(srv_db *db, const char *model_id, uint64_t epoch, double *theta,
                           size_t len, api_problem *p);

/* Sets p to not found, likewise; false. job: its number. */
bool srv_no_snapshot(srv_db *db, int64_t job, uint64_t epoch, api_problem *p);

#endif
