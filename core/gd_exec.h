/* gd_exec: core names the work, the caller lends the hands.
 *
 * A pass over the data is cut into numbered blocks of GD_BLOCK_ROWS rows. An executor
 * runs them, in any order and on any threads, and returns when all are done. Block
 * sums are combined afterwards by block number, so the result is the same bits
 * whoever did the work. Core itself starts no thread.
 */
#ifndef GD_EXEC_H
#define GD_EXEC_H

#include "gd_kernels.h"

#include <stdbool.h>
#include <stddef.h>

/* Does block number `block`. `slot` is below the executor's `slots`, and no two calls
 * that run at the same time share one: it picks the scratch memory. */
typedef void gd_block_fn(void *arg, size_t block, size_t slot);

struct gd_objective; /* gd_objective.h */
struct gd_rows;      /* gd_data.h */

typedef struct gd_executor {
    size_t slots; /* how many blocks may run at once, at least 1 */
    void (*run)(void *ctx, gd_block_fn *fn, void *arg, size_t blocks);
    void *ctx; /* handed to run and interrupted; owned by the caller */
    /* NULL: never. True: the rest of the work is skipped, and what it was for is lost. Asked
     * before each block, on whichever thread does it; once true it stays true. */
    bool (*interrupted)(void *ctx);
    const gd_kernels *kernels; /* NULL: the best for this processor */
    /* NULL: none. Offered a pass of gd_objective_eval_shared, which it may bring together with those
     * of other objectives that are the same (gd_objective_same) in one gd_objective_eval_many. True:
     * cost and gradient (unless NULL) are written, as gd_objective_eval would have. False: they are
     * not, and the objective does the pass by itself. */
    bool (*share)(void *ctx, struct gd_objective *o, const double *theta,
                  const struct gd_rows *rows, double *cost, double *gradient);
    /* NULL: none. The largest curvature of an objective over its rows, which may have been found
     * for another that is the same: true when it was, and is written. False: it is to be found, and
     * then to be handed to `keep`; whoever asks for the same waits for it. */
    bool (*recall)(void *ctx, struct gd_objective *o, double *largest);
    void (*keep)(void *ctx, struct gd_objective *o, double largest);
} gd_executor;

/* The default: one block after the other on the calling thread. */
extern const gd_executor gd_executor_serial;

/* The kernels that its work is done with, all of it. NULL: the serial one's. */
const gd_kernels *gd_executor_kernels(const gd_executor *e);

/* The same, of functions that have no plain path: never "plain", whose table is empty. */
const gd_kernels *gd_kernels_of(const gd_executor *e);

#endif
