/* srv_listen: addresses: "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0". */
#ifndef SRV_LISTEN_H
#define SRV_LISTEN_H

#include "api_problem.h"

/* A listening socket; bound: room for the address with the port that the system chose. -1
 * with the reason in p. */
int srv_listen(const char *address, char *bound, size_t bound_size, api_problem *p);

/* Asks the server at `address` for /healthz; an address that means "any" is asked on the
 * loopback. True when it answers 200 within a few seconds. */
bool srv_healthy(const char *address, bool tls);

/* Can only this machine reach this address, as srv_listen wrote it? */
bool srv_is_loopback(const char *address);

#endif
