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

/* One update, in place, of the parameters first .. end. All arrays have n values. */
typedef struct gd_update {
    double *theta;          /* moved */
    const double *gradient; /* of the objective at theta */
    const double *weight;   /* 1 for weights, 0 for intercepts and biases, which never decay */
    size_t n;
    size_t first, end;    /* all of them, 0 .. n, unless the rule moves them apart */
    double learning_rate; /* > 0 */
    uint64_t t;           /* updates so far, this one included */
    double *state;        /* state_len doubles */
    const void *hyper;
} gd_update;

/* One iteration of a rule that evaluates the objective on its way, in place. On entry cost and
 * gradient are those at theta; on return again, wherever it has led. */
typedef struct gd_descent {
    double *theta, *gradient; /* n values */
    double cost;
    size_t n;
    /* The full, penalised objective at theta: returns its cost, which may be infinite or NaN,
     * and writes its gradient. */
    double (*eval)(void *ctx, const double *theta, double *gradient);
    void *ctx;
    double *state; /* state_len doubles */
    const void *hyper;
    double step_length; /* written: that of the accepted step; 0 when there was none to be found:
                           nothing is lower, as far as doubles can tell */
} gd_descent;

typedef struct gd_optimizer {
    const char *name;
    const char *alias;      /* another name for it, or NULL */
    const char *doc;        /* one line */
    const char *source;     /* the paper or formula */
    const gd_param *params; /* rows over a struct of at most GD_HYPER_BYTES */
    size_t params_count;
    /* What learning_rate "auto" takes: 0 for a rate found from the curvature, else the rate
     * that is customary for this rule, whose steps do not scale with the gradient. */
    double customary_rate;
    /* On a quadratic with largest curvature L, full batches are stable below this value / L.
     * NULL for rules where that is not known. */
    double (*stable)(const void *hyper);
    /* In the long run a step is -learning_rate * gradient times this; what the proximal step
     * of an l1 penalty is scaled by. NULL for rules whose steps are not so. */
    double (*gain)(const void *hyper);
    /* The rule is linear and treats all parameters alike, so that it is the same in any
     * orthonormal basis; its state, if it has any, is a vector like theta. */
    bool rotates;
    bool apart; /* each parameter moves by itself, so parts of an update may be done at once */
    /* doubles of state for n parameters; 0 for none */
    size_t (*state_len)(size_t n, const void *hyper);
    /* state: state_len doubles, written */
    void (*init)(double *state, size_t n, const void *hyper);
    /* Could the rule have left this state, in so far as it finds places in memory by it? NULL: it
     * does not, and any doubles will do. What is restored is asked about. */
    bool (*sound)(const double *state, size_t n, const void *hyper);
    /* One update; NULL where there is a descend. */
    void (*step)(const gd_update *u);
    /* For rules that look for their steps: a whole epoch, for full batches; else NULL. */
    void (*descend)(gd_descent *d);
} gd_optimizer;

/* The table, in the order of optimizers/list.h. */
extern const gd_optimizer *const gd_optimizers[];
extern const size_t gd_optimizers_count;

/* By name or alias. NULL when there is none. */
const gd_optimizer *gd_optimizer_find(const char *name);

/* For the members: states of none, one, two and three values a parameter, all zero. */
size_t gd_state_none(size_t n, const void *hyper);
size_t gd_state_one(size_t n, const void *hyper);
size_t gd_state_two(size_t n, const void *hyper);
size_t gd_state_three(size_t n, const void *hyper);
void gd_state_none_init(double *state, size_t n, const void *hyper);
void gd_state_one_init(double *state, size_t n, const void *hyper);
void gd_state_two_init(double *state, size_t n, const void *hyper);
void gd_state_three_init(double *state, size_t n, const void *hyper);

#endif
