/* AdamW (Loshchilov, Hutter, 2019): Adam, with weights shrunk apart from the gradient.
 * Intercepts do not decay. */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double beta1, beta2, epsilon, weight_decay;
} hyper;

static const gd_param params[] = {
    {.name = "beta1",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, beta1),
     .def = 0.9,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "how long gradients are remembered"},
    {.name = "beta2",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, beta2),
     .def = 0.999,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "how long squared gradients are remembered"},
    {.name = "epsilon",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, epsilon),
     .def = 1e-8,
     .min = 0,
     .min_open = true,
     .max = 1,
     .doc = "keeps divisors above zero"},
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
    double *m = u->state, *v = u->state + u->n;
    double bias1 = 1 - pow(h->beta1, (double)u->t), bias2 = 1 - pow(h->beta2, (double)u->t);
    for (size_t i = 0; i < u->n; i++) {
        double g = u->gradient[i];
        m[i] = h->beta1 * m[i] + (1 - h->beta1) * g;
        v[i] = h->beta2 * v[i] + (1 - h->beta2) * (g * g);
        u->theta[i] -= u->learning_rate * h->weight_decay * u->weight[i] * u->theta[i];
        u->theta[i] -= u->learning_rate * (m[i] / bias1) / (sqrt(v[i] / bias2) + h->epsilon);
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
    .step = step,
};
