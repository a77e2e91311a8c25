/* Gradient descent: theta <- theta - learning_rate * gradient (Cauchy, 1847). With a
 * batch_size it is stochastic gradient descent (Robbins and Monro, 1951). */
#include "gd_kernels.h"
#include "gd_optimizer.h"

static size_t state_len(size_t n)
{
    (void)n;
    return 0;
}

static void init(double *state, size_t n, const void *hyper)
{
    (void)state, (void)n, (void)hyper;
}

static void step(double *theta, const double *gradient, size_t n, double learning_rate, uint64_t t,
                 double *state, const void *hyper)
{
    (void)t, (void)state, (void)hyper;
    gd_axpy(-learning_rate, gradient, theta, n);
}

const gd_optimizer gd_optimizer_gd = {
    .name = "gd",
    .doc = "plain gradient descent; with a batch_size, stochastic gradient descent",
    .source = "theta <- theta - learning_rate * gradient",
    .state_len = state_len,
    .init = init,
    .step = step,
};
