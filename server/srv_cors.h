/* srv_cors: which web pages may call this server (the Fetch standard, 3.2). None, unless
 * --cors-origin names them: exact origins, separated by commas.
 */
#ifndef SRV_CORS_H
#define SRV_CORS_H

#include <stdbool.h>
#include <stddef.h>

/* Is it "none", or origins as browsers write them: http or https, a host, a port if need be? */
bool srv_cors_is_list(const char *list);

/* Is that one of them, in just these letters? NULL is none. */
bool srv_cors_allows(const char *list, const char *origin);

/* What a page may send, and what of an answer it may read beside the usual. */
#define SRV_CORS_HEADERS "Accept, Authorization, Content-Encoding, Content-Type"
#define SRV_CORS_EXPOSED "Allow, Link, Location, Retry-After"
#define SRV_CORS_SECONDS "600" /* for which a browser may remember that */

#endif
