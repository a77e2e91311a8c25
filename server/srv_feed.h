/* srv_feed: a body's bytes on their way to a reader, which is on a thread of its own once they are
 * many: while it reads, who receives them receives the next.
 *
 * All functions are the receiving thread's. What reads is one thread at a time: the receiving one,
 * then the other, and the receiving one again when srv_feed_end has returned. */
#ifndef SRV_FEED_H
#define SRV_FEED_H

#include "srv_writer.h"

#include <stdint.h>

enum { SRV_FEED_PIECE = 128 << 10 }; /* bytes; smaller ones are gathered, once there is a thread */

typedef struct srv_feed {
    srv_block_taken *take; /* what reads */
    void *ctx;
    srv_writer *reading; /* NULL: no thread */
    char *piece;         /* what is gathered */
    size_t held;         /* bytes in it */
    uint64_t bytes;      /* that came so far */
} srv_feed;

/* ctx: borrowed. Nothing to be freed yet. */
void srv_feed_begin(srv_feed *f, srv_block_taken *take, void *ctx);

/* Has them read now or later. apart: once they are many, by a thread that is begun for it; where there is
 * no memory for one they are read right here. False, with the reason in p, when these or some before
 * could not be: only srv_feed_free may follow then. */
bool srv_feed_bytes(srv_feed *f, bool apart, const char *bytes, size_t n, api_problem *p);

/* Waits until all are read. False, with the reason in p, when some could not be. */
bool srv_feed_end(srv_feed *f, api_problem *p);

/* Ends the thread; what it has not begun to read is dropped. One that was zeroed is fine. */
void srv_feed_free(srv_feed *f);

#endif
