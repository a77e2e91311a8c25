/* srv_framing: requests that two readers could take for different ones.
 *
 * libmicrohttpd is lenient about what it reads; a proxy in front of it may not be, and where
 * they disagree on where a request ends, one is smuggled in (RFC 9112, 11.2). What is malformed
 * is refused here at the head, and the connection closed, before any body is read.
 *
 * DESIGN
 * libmicrohttpd 0.9.75 cuts the head into strings where it lies in its buffer. So at the first
 * callback every byte of the head is accounted for: between the strings that it shows there may be
 * one space, a colon with white space, or two bytes of a line's end, and nothing is left over. What
 * it skipped or moved is seen by that: further spaces, bare line feeds, NULs, folded lines, headers
 * behind a line that it took for the last. Two things can't be seen so:
 *  - a NUL before a bare line feed, which leaves what CRLF leaves. No proxy that is worth its
 *    place forwards one; libmicrohttpd 1.x refuses it itself (srv_http.c asks it to).
 *  - chunks, which it reads leniently. A request in chunks is therefore its connection's last.
 */
#ifndef SRV_FRAMING_H
#define SRV_FRAMING_H

#include "api_problem.h"

struct MHD_Connection;

/* The first line as the callbacks show it; target_end: of the target as it came. */
typedef struct srv_framing_line {
    const char *method, *url, *version, *target_end;
} srv_framing_line;

/* Refuses what RFC 9112 has no place for, or leaves to the reader: other methods than tokens, other
 * versions than 1.0 and 1.1, names that are no tokens, control characters in values, bytes that
 * were skipped, not exactly one Host that is one, two lengths or both kinds of length, codings
 * other than chunked. False with the problem set. */
bool srv_framing_check(struct MHD_Connection *connection, const srv_framing_line *line,
                       api_problem *p);

/* Is this, as it came, a path with an optional query (RFC 9112, 3.2.1)? Printable characters,
 * whole %XX escapes, none of them NUL, no dot segments, no slash in disguise, no fragment. */
bool srv_framing_target(const char *target);

/* host or host:port, a name or an address (RFC 9112, 3.2). */
bool srv_framing_host(const char *host);

#endif
