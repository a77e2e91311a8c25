/* srv_body: a request's body from the connection to its route: what its headers say, how large it may
 * be, unpacked where it is packed, gathered in memory or handed on as it comes. */
#ifndef SRV_BODY_H
#define SRV_BODY_H

#include "srv_request.h"

/* Looks at the headers; what is wrong with them is the request's problem. */
void srv_body_check(srv_request *rq);

/* A piece of it. False: too much came after it was refused, the connection is to be cut. */
bool srv_body_take(srv_request *rq, const char *bytes, size_t n);

/* All of it came; may be called again. What is wrong is the request's problem. */
void srv_body_end(srv_request *rq);

void srv_body_free(srv_request *rq);

#endif
