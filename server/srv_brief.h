/* srv_brief: jobs that take less than to hand them over.
 *
 * DESIGN
 * A job of a few rows is trained in a fraction of a millisecond, which is less than what it takes
 * to wake a worker, to sync its row and its end one after the other, and to wake who waits for it.
 * So such a job is trained by the thread that answers its POST, and stored with its end in one
 * transaction, by one sync. Nobody knows it before: there is nothing to be cancelled, changed or
 * waited for, and of a process that ends meanwhile nothing is left. This is done while the pool has
 * a lane to spare and nobody waits in its queue. What turns out to take longer, or can't be done
 * for whatever reason, is stored and queued like any other job, and then says why.
 */
#ifndef SRV_BRIEF_H
#define SRV_BRIEF_H

#include "srv_new_job.h"

/* A job that was checked (srv_new_job_check). True: it has ended, and is stored. False: nothing was
 * done. */
bool srv_brief_try(srv_new_job *n, srv_app *app);

#endif
