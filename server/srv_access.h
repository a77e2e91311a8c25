/* srv_access: may this request do that?
 *
 * Whoever asks sees what belongs to the tenant of the token, and is told that the rest is not
 * there. With access control off there is one tenant, who sees all.
 */
#ifndef SRV_ACCESS_H
#define SRV_ACCESS_H

#include "srv_request.h"

/* After the route was found and before anything else is done: the token, its scope, and whether the
 * thing that rq->id names is the tenant's. False with the problem set. */
bool srv_access_check(srv_request *rq);

#endif
