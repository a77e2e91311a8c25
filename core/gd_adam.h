/* gd_adam: what the optimizers of Adam's family share: running means m of the gradient and v of
 * its square, which are the state's first 2 n values (Kingma, Ba, 2015, algorithm 1). */
#ifndef GD_ADAM_H
#define GD_ADAM_H

#include "gd_optimizer.h"

/* The first member of their hyperparameters. */
typedef struct gd_adam {
    double beta1, beta2, epsilon;
} gd_adam;

/* Its rows in the parameter table of a struct whose member `base` it is. */
#define GD_ADAM_PARAMS(type)                                                                       \
    {.name = "beta1",                                                                              \
     .kind = GD_NUMBER,                                                                            \
     .offset = offsetof(type, base.beta1),                                                         \
     .def = 0.9,                                                                                   \
     .min = 0,                                                                                     \
     .max = 1,                                                                                     \
     .max_open = true,                                                                             \
     .doc = "how long gradients are remembered"},                                                  \
        {.name = "beta2",                                                                          \
         .kind = GD_NUMBER,                                                                        \
         .offset = offsetof(type, base.beta2),                                                     \
         .def = 0.999,                                                                             \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .max_open = true,                                                                         \
         .doc = "how long squared gradients are remembered"},                                      \
    {                                                                                              \
        .name = "epsilon", .kind = GD_NUMBER, .offset = offsetof(type, base.epsilon), .def = 1e-8, \
        .min = 0, .min_open = true, .max = 1, .doc = "keeps divisors above zero"                   \
    }

/* m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2. */
void gd_adam_moments(const gd_update *u, const gd_adam *h);

/* What a running mean that began at 0 has reached after t steps: 1 - beta^t. */
double gd_adam_bias(double beta, uint64_t t);

#endif
