/* Adam (Kingma, Ba, 2015, algorithm 1), with bias correction. */
#include "gd_adam.h"

#include <math.h>

typedef struct hyper {
    gd_adam base;
} hyper;

static const gd_param params[] = {
    GD_ADAM_PARAMS(hyper),
};

/* The moments of gd_adam_moments and the step in one reading of all; with one division a value. */
static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double beta1 = h->base.beta1, beta2 = h->base.beta2, epsilon = h->base.epsilon;
    double rate = u->learning_rate / gd_adam_bias(beta1, u->t);
    double unbias = 1 / sqrt(gd_adam_bias(beta2, u->t));
    const double *restrict gradient = u->gradient;
    double *restrict m = u->state, *restrict v = u->state + u->n, *restrict theta = u->theta;
    for (size_t i = u->first; i < u->end; i++) {
        double g = gradient[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * (g * g);
        theta[i] -= rate * m[i] / (sqrt(v[i]) * unbias + epsilon);
    }
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
    .apart = true,
    .step = step,
};
