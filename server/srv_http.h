/* srv_http: the HTTP listener, the door to libmicrohttpd; srv_answer.h is the way out.
 *
 * DESIGN
 * A pool of threads, each with its own epoll, runs the connections. A request is routed at
 * its first callback, its body gathered or streamed, then handled once on the same thread;
 * handlers may block for a moment (a commit), and hold long-polls by suspending. A body that
 * is refused half-way is read to its end and dropped, within bounds, so that the client reads
 * the answer instead of a reset connection.
 */
#ifndef SRV_HTTP_H
#define SRV_HTTP_H

#include "srv_app.h"

/* Listens on app->config.listen; writes app->address. NULL with the reason in p. */
srv_http *srv_http_start(srv_app *app, api_problem *p);

/* No new connections from now on. NULL is fine. */
void srv_http_quiesce(srv_http *h);

/* Ends all connections and frees. Suspended ones must have been resumed. NULL is fine. */
void srv_http_stop(srv_http *h);

#endif
