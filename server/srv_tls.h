/* srv_tls: the certificate and key of the listener, read again when told to; the one door to
 * GnuTLS.
 *
 * libmicrohttpd asks for them at each handshake by a function without a context, so there is one
 * pair a process. A pair that was replaced is kept: a handshake may be using it, and it takes a few
 * KiB.
 */
#ifndef SRV_TLS_H
#define SRV_TLS_H

#include "api_problem.h"

/* PEM files: the certificate with its chain, and its key. False with the reason in p; what was
 * loaded before stays then. From one thread at a time. */
bool srv_tls_load(const char *certificate, const char *key, api_problem *p);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK, once something was loaded. */
void *srv_tls_callback(void);

/* For MHD_OPTION_HTTPS_PRIORITIES: TLS 1.2 and 1.3 (RFC 8996 deprecates what was before). */
#define SRV_TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

/* Sends the last bytes of a connection, and that they are the last, past libmicrohttpd: session is its
 * gnutls_session_t, and its thread the caller's. What does not fit the socket's buffer is not sent. */
void srv_tls_end(void *session, const char *bytes, size_t n);

/* Sends a request on a connected socket by TLS, whoever answers, and reads the first n bytes of the
 * answer. For the health check, which asks a server on this machine. */
bool srv_tls_ask(int fd, const char *request, char *reply, unsigned n);

#endif
