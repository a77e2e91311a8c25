/* AdamW (Loshchilov, Hutter, 2019): Adam, with weights shrunk apart from the gradient.
 * Intercepts do not decay. */
#include "gd_adam.h"

#include <math.h>

typedef struct hyper {
    gd_adam base;
    double weight_decay;
} hyper;

static const gd_param params[] = {
    GD_ADAM_PARAMS(hyper),
    {.name = "weight_decay",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, weight_decay),
     .def = 0.01,
     .min = 0,
     .max = 1e6,
     .doc = "weights shrink by this share, times the learning rate, each step"},
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double bias1 = gd_adam_bias(h->base.beta1, u->t), bias2 = gd_adam_bias(h->base.beta2, u->t);
    const double *m = u->state, *v = u->state + u->n;
    gd_adam_moments(u, &h->base);
    for (size_t i = u->first; i < u->end; i++) {
        u->theta[i] -= u->learning_rate * h->weight_decay * u->weight[i] * u->theta[i];
        u->theta[i] -= u->learning_rate * (m[i] / bias1) / (sqrt(v[i] / bias2) + h->base.epsilon);
    }
}

const gd_optimizer gd_optimizer_adamw = {
    .name = "adamw",
    .doc = "Adam with decoupled weight decay",
    .source =
        "theta <- (1 - learning_rate weight_decay) theta, then as adam (Loshchilov, Hutter, 2019)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.001,
    .state_len = gd_state_two,
    .init = gd_state_two_init,
    .apart = true,
    .step = step,
};
