/* srv_connections: who is connected, from where, and what each is about; bounds on all of it.
 *
 * DESIGN
 * libmicrohttpd counts a connection as alive while now and then a byte comes, and closes new ones
 * without a word when it has as many as it may. Here each connection is a guest that is idle (or
 * on its way with a request's head), sends a body, is dealt with, or takes its answer.
 *  - A head must have come within --idle-seconds of the connection's begin or its last answer,
 *    however its bytes drip.
 *  - Where the house is full, or one address has as many guests as it may, whoever holds up a
 *    place is shed for the one who comes: the one that is idle for longest, else the slowest
 *    body, else the one that takes its answer for longest. Who is being dealt with is never shed.
 *  - Bodies that drip give way, too, where their uploads take all places that there are, or their bytes
 *    all memory for bodies.
 *  - When there is nobody to shed, the one who comes is told so (429 or 503) in answer to its
 *    first request, for which there are some places more than are let on.
 *  - Who hung up in the middle of a request is let go after a second or two. libmicrohttpd, whose
 *    epoll is edge-triggered, does not see an end that came together with the last bytes.
 * To shed is to shut the socket down: libmicrohttpd then finds that the client is gone.
 */
#ifndef SRV_CONNECTIONS_H
#define SRV_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

typedef enum srv_guest_state {
    SRV_GUEST_IDLE,      /* no request, or not all of its head yet */
    SRV_GUEST_SENDING,   /* its body is under way */
    SRV_GUEST_SERVED,    /* it is dealt with, or held */
    SRV_GUEST_ANSWERED,  /* the answer is under way */
    SRV_GUEST_UNWELCOME, /* there is no place; it is told so at its first request */
    SRV_GUEST_LEAVING,   /* shed */
    SRV_GUEST_STATES
} srv_guest_state;

typedef struct srv_guest srv_guest;
typedef struct srv_connections srv_connections;

enum { SRV_MORE_CONNECTIONS = 256 }; /* places for those who are to be told that there is none */

/* As many as fit into the descriptors that this process may have, `wanted` at most; raises its
 * limit as far as that needs and is allowed. */
uint64_t srv_connections_fit(uint64_t wanted);

/* At most `most` guests, `most_each` from one address (of IPv6: from one /64), who may be idle for
 * so long. NULL when it can't be started. */
srv_connections *srv_connections_start(uint64_t most, uint64_t most_each, double idle_seconds);

/* A connection has begun. NULL, and its socket shut down, when out of memory. */
srv_guest *srv_connections_add(srv_connections *c, int fd, const struct sockaddr *address);

/* It ends: before its socket is closed. NULL is fine, here and below. */
void srv_connections_remove(srv_connections *c, srv_guest *g);

/* What it is about now. One that is unwelcome or leaving stays so. */
void srv_connections_set(srv_connections *c, srv_guest *g, srv_guest_state state);

/* Bytes of its body so far. */
void srv_connections_received(srv_guest *g, uint64_t bytes);

/* This request of its is an upload, which has one of the places that there are for those. */
void srv_connections_uploads(srv_connections *c, srv_guest *g);

/* All places for uploads are taken, or all memory for other bodies: sheds one that drips, if there is
 * one but `self` (NULL: any): five seconds old or more, and at less than 16 KiB a second since. */
bool srv_connections_hurry(srv_connections *c, bool uploads, const srv_guest *self);

/* Is there no place for it? Then why: too many of its address, or of all. */
bool srv_connections_unwelcome(srv_connections *c, const srv_guest *g, bool *of_its_address);

/* Guests now; shed, and turned away, since the start. */
void srv_connections_counts(srv_connections *c, uint64_t *guests, uint64_t *shed,
                            uint64_t *turned_away);

/* Ends the thread and frees. No guest may be left. NULL is fine. */
void srv_connections_stop(srv_connections *c);

#endif
