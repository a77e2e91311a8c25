/* srv_worker: one job, from its stored row to its stored result.
 *
 * DESIGN
 * The worker owns the loop over gd_train_step. Every so often it writes the new points of
 * the history, the job's progress and a checkpoint in one transaction, so that these three
 * always agree: a job that is taken up again goes on from there and ends with bitwise the
 * same parameters and history as one that was never interrupted.
 */
#ifndef SRV_WORKER_H
#define SRV_WORKER_H

#include "srv_app.h"

/* A srv_run_job; ctx is the srv_app. */
void srv_worker_run(void *ctx, const char *id, const srv_signals *signals);

#endif
