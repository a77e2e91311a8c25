/* srv_waiters: requests that are held until a job ends, without holding a thread.
 *
 * DESIGN
 * libmicrohttpd's suspended connections never time out, do not notice a client that has gone,
 * count against the connection limit, and must all be resumed before the daemon stops. So
 * they are kept in a list here, with one thread that wakes for the earliest deadline and, now
 * and then, looks whether clients have hung up. A job that leaves the pool wakes its own.
 * The list is bounded: when it is full the request is answered at once with what is known.
 */
#ifndef SRV_WAITERS_H
#define SRV_WAITERS_H

#include "srv_request.h"

#define SRV_MAX_WAIT 60 /* seconds that a request may ask to be held for */

/* Holds at most so many. NULL when it can't be started. */
srv_waiters *srv_waiters_start(uint64_t most);

/* Suspends rq until srv_waiters_wake(id), a job's, or rq->deadline (srv_monotonic). False when it
 * is not held: the list is full or closed. */
bool srv_waiters_hold(srv_waiters *w, srv_request *rq, const char *id);

void srv_waiters_wake(srv_waiters *w, const char *id);

/* Requests held now. */
uint64_t srv_waiters_count(srv_waiters *w);

/* Resumes all and holds none from now on. */
void srv_waiters_close(srv_waiters *w);

/* Ends the thread and frees. NULL is fine. */
void srv_waiters_stop(srv_waiters *w);

#endif
