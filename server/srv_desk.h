/* srv_desk: requests that take long to answer, dealt with away from the threads that listen.
 *
 * DESIGN
 * Each of libmicrohttpd's threads serves many connections, which all wait while a handler works.
 * So a request that may take long is suspended and put in a bounded queue; a thread of the desk
 * handles it and resumes it, and its answer is sent by the thread that it came from. What the
 * handler sees is the same in both places, and the request is one thread's at a time.
 */
#ifndef SRV_DESK_H
#define SRV_DESK_H

#include "srv_request.h"

/* NULL when it can't be started. */
srv_desk *srv_desk_start(void);

/* Suspends rq and has `handle` called with it elsewhere. rq->handled is then set and rq resumed.
 * False with the problem set, and nothing begun, when too many wait or the server stops. */
bool srv_desk_take(srv_desk *d, srv_request *rq, void (*handle)(srv_request *rq));

/* Takes none from now on; those that wait are answered with a problem, the others finished. */
void srv_desk_close(srv_desk *d);

/* Ends the threads and frees. NULL is fine. */
void srv_desk_stop(srv_desk *d);

#endif
