/* Lion (Chen et al., 2023): d = sign(beta1 m + (1 - beta1) g), m <- beta2 m + (1 - beta2) g,
 * theta <- theta - learning_rate (d + weight_decay theta). Intercepts do not decay. */
#include "gd_optimizer.h"

typedef struct hyper {
    double beta1, beta2, weight_decay;
} hyper;

static const gd_param params[] = {
    {.name = "beta1",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, beta1),
     .def = 0.9,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "share of the past in the step"},
    {.name = "beta2",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, beta2),
     .def = 0.99,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "how long gradients are remembered"},
    {.name = "weight_decay",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, weight_decay),
     .def = 0,
     .min = 0,
     .max = 1e6,
     .doc = "weights shrink by this share, times the learning rate, each step"},
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *m = u->state;
    for (size_t i = u->first; i < u->end; i++) {
        double g = u->gradient[i], d = h->beta1 * m[i] + (1 - h->beta1) * g;
        d = (d > 0) - (d < 0);
        m[i] = h->beta2 * m[i] + (1 - h->beta2) * g;
        u->theta[i] -= u->learning_rate * (d + h->weight_decay * u->weight[i] * u->theta[i]);
    }
}

const gd_optimizer gd_optimizer_lion = {
    .name = "lion",
    .doc = "steps of one length, by the sign of the momentum; for small rates",
    .source = "theta <- theta - learning_rate (sign(beta1 m + (1 - beta1) g) + weight_decay theta) "
              "(Chen et al., 2023)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.0001,
    .state_len = gd_state_one,
    .init = gd_state_one_init,
    .apart = true,
    .step = step,
};
