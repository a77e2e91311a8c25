/* srv_worker: one job, from its stored row to its stored result (srv_run.h). */
#ifndef SRV_WORKER_H
#define SRV_WORKER_H

#include "srv_app.h"

/* A srv_run_job; ctx is the srv_app. */
void srv_worker_run(void *ctx, const char *id, const srv_signals *signals);

#endif
