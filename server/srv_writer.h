/* srv_writer: a thread that takes blocks of bytes off another's hands, in order.
 *
 * Few blocks go round between the two, so that whoever fills them waits where they are not taken as
 * fast. All functions are the filling thread's. */
#ifndef SRV_WRITER_H
#define SRV_WRITER_H

#include "api_problem.h"

#include <stddef.h>

typedef struct srv_writer srv_writer;

/* What becomes of a block, on the other thread. After the first one it returns false for none is
 * taken any more. */
typedef bool srv_block_taken(void *ctx, const void *block, size_t bytes, api_problem *p);

/* ctx: borrowed. block: bytes of one. NULL when there is no memory or no thread to be had. */
srv_writer *srv_writer_new(size_t block, srv_block_taken *take, void *ctx);

/* The block to be filled first. */
void *srv_writer_block(srv_writer *w);

/* Hands on so many bytes of the block that was filled; returns the next one to be filled, which may
 * have to be waited for. NULL, with the reason in p, when a block could not be taken. */
void *srv_writer_put(srv_writer *w, size_t bytes, api_problem *p);

/* Waits until all are taken. False, with the reason in p, when one could not be. */
bool srv_writer_wait(srv_writer *w, api_problem *p);

/* Ends the thread; what it has not begun to take is dropped. NULL is fine. */
void srv_writer_free(srv_writer *w);

#endif
