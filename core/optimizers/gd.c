/* Gradient descent: theta <- theta - learning_rate * gradient (Cauchy, 1847). With a
 * batch_size it is stochastic gradient descent (Robbins and Monro, 1951). */
#include "gd_optimizer.h"

static double stable(const void *hyper_)
{
    (void)hyper_;
    return 2;
}

static double gain(const void *hyper_)
{
    (void)hyper_;
    return 1;
}

static void step(const gd_update *u)
{
    for (size_t i = u->first; i < u->end; i++)
        u->theta[i] -= u->learning_rate * u->gradient[i];
}

const gd_optimizer gd_optimizer_gd = {
    .name = "gd",
    .alias = "sgd",
    .doc = "plain gradient descent; with a batch_size, stochastic gradient descent",
    .source = "theta <- theta - learning_rate * gradient",
    .stable = stable,
    .gain = gain,
    .rotates = true,
    .state_len = gd_state_none,
    .init = gd_state_none_init,
    .apart = true,
    .step = step,
};
