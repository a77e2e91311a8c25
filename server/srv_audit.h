/* srv_audit: who changed what, one JSON object a line, at the end of a file. */
#ifndef SRV_AUDIT_H
#define SRV_AUDIT_H

#include "srv_request.h"

typedef struct srv_audit srv_audit;

/* Appends to the file, making it if missing. NULL with the reason in p. */
srv_audit *srv_audit_open(const char *path, api_problem *p);
void srv_audit_close(srv_audit *audit); /* NULL is fine */

/* A request that was answered: written down unless it only looked. From any thread. The line is
 * written before the client has the whole answer; it is not synced by itself. */
void srv_audit_write(srv_audit *audit, const srv_request *rq, const char *client);

/* Opens the file anew, after it was moved away. */
bool srv_audit_reopen(srv_audit *audit, api_problem *p);

#endif
