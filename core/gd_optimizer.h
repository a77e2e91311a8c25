/* gd_optimizer: the rule that moves parameters against a gradient.
 *
 * An optimizer declares how much state it needs and the caller owns that memory: it
 * allocates nothing, cannot fail, and a checkpoint of it is an array copy. One file in
 * optimizers/ and one row in optimizers/list.h make an optimizer.
 */
#ifndef GD_OPTIMIZER_H
#define GD_OPTIMIZER_H

#include "gd_param.h"

#include <stdint.h>

typedef struct gd_optimizer {
    const char *name;
    const char *doc;        /* one line */
    const char *source;     /* the paper or formula */
    const gd_param *params; /* rows over a struct of at most GD_HYPER_BYTES */
    size_t params_count;
    /* doubles of state for n parameters; 0 for none */
    size_t (*state_len)(size_t n);
    /* state: state_len(n) doubles, written */
    void (*init)(double *state, size_t n, const void *hyper);
    /* theta, gradient: n values; theta is moved. learning_rate > 0. t counts updates
     * from 1. */
    void (*step)(double *theta, const double *gradient, size_t n, double learning_rate, uint64_t t,
                 double *state, const void *hyper);
} gd_optimizer;

/* The table, in the order of optimizers/list.h. */
extern const gd_optimizer *const gd_optimizers[];
extern const size_t gd_optimizers_count;

/* NULL when there is none of that name. */
const gd_optimizer *gd_optimizer_find(const char *name);

#endif
