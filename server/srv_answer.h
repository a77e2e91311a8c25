/* srv_answer: what a handled request says, or its problem, as an answer of libmicrohttpd's.
 *
 * The headers that every answer has (caching, browsers, who may ask again and when) are added here
 * and nowhere else.
 */
#ifndef SRV_ANSWER_H
#define SRV_ANSWER_H

#include "srv_request.h"

/* Queues the answer and writes the audit log's line. False: the connection has to be cut. */
bool srv_answer(srv_request *rq);

/* libmicrohttpd takes no answer in the middle of a body. This one is the last of its connection,
 * which is to be cut: what is written is taken off the socket before. */
void srv_answer_half_way(srv_request *rq);

/* Frees the stream of an answer that was not sent. */
void srv_answer_drop(srv_request *rq);

#endif
