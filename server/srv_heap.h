/* srv_heap: free memory, on its way back to the system.
 *
 * DESIGN
 * The allocator keeps what is freed below anything that is still in use, which after many wide
 * uploads at once, each of whose memory lies among that of the others, is most of it. Who frees
 * much, or often, says so, and a thread gives it back once nobody has for a moment: what follows
 * soon would ask for the same memory again. Where that moment does not come, it is given back now
 * and then all the same. Nobody waits for it, whatever runs meanwhile.
 */
#ifndef SRV_HEAP_H
#define SRV_HEAP_H

typedef struct srv_heap srv_heap;

enum { SRV_HEAP_MUCH = 1 << 20 }; /* bytes of a body or an answer that are worth a word */

/* NULL when it can't be started. */
srv_heap *srv_heap_start(void);

/* Memory was freed, or is about to be. From any thread. */
void srv_heap_freed(srv_heap *h);

/* Ends the thread and frees. NULL is fine. */
void srv_heap_stop(srv_heap *h);

#endif
