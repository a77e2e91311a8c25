/* srv_framing: requests that two readers could take for different ones.
 *
 * libmicrohttpd is lenient about what it reads; a proxy in front of it may not be, and where
 * they disagree on where a request ends, one is smuggled in (RFC 9112, 11.2). What its first
 * callback can see is refused here, and the connection closed, before any body is read.
 */
#ifndef SRV_FRAMING_H
#define SRV_FRAMING_H

#include "api_problem.h"

struct MHD_Connection;

/* Two lengths or both kinds of length, names that are no tokens, control characters in values,
 * not exactly one Host. False with the problem set. */
bool srv_framing_check(struct MHD_Connection *connection, const char *version, api_problem *p);

/* Is this, as it came, a path with an optional query (RFC 9112, 3.2.1): printable characters
 * and whole %XX escapes, none of them NUL? */
bool srv_framing_target(const char *target);

#endif
