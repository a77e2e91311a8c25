/* Adam (Kingma, Ba, 2015, algorithm 1), with bias correction. */
#include "gd_adam.h"

#include <math.h>

typedef struct hyper {
    gd_adam base;
} hyper;

static const gd_param params[] = {
    GD_ADAM_PARAMS(hyper),
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double bias1 = gd_adam_bias(h->base.beta1, u->t), bias2 = gd_adam_bias(h->base.beta2, u->t);
    const double *m = u->state, *v = u->state + u->n;
    gd_adam_moments(u, &h->base);
    for (size_t i = 0; i < u->n; i++)
        u->theta[i] -= u->learning_rate * (m[i] / bias1) / (sqrt(v[i] / bias2) + h->base.epsilon);
}

const gd_optimizer gd_optimizer_adam = {
    .name = "adam",
    .doc = "momentum and a rate of its own for each parameter",
    .source =
        "theta <- theta - learning_rate m / (sqrt(v) + epsilon), bias-corrected (Kingma, Ba, 2015)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.001,
    .state_len = gd_state_two,
    .init = gd_state_two_init,
    .step = step,
};
