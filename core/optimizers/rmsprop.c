/* RMSProp (Tieleman, Hinton, 2012): s <- alpha s + (1 - alpha) g^2,
 * theta <- theta - learning_rate g / (sqrt(s) + epsilon). */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double alpha, epsilon;
} hyper;

static const gd_param params[] = {
    {.name = "alpha",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, alpha),
     .def = 0.99,
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
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *s = u->state;
    for (size_t i = u->first; i < u->end; i++) {
        double g = u->gradient[i];
        s[i] = h->alpha * s[i] + (1 - h->alpha) * (g * g);
        u->theta[i] -= u->learning_rate * g / (sqrt(s[i]) + h->epsilon);
    }
}

const gd_optimizer gd_optimizer_rmsprop = {
    .name = "rmsprop",
    .doc = "AdaGrad with a memory that fades",
    .source =
        "theta <- theta - learning_rate g / (sqrt(mean g^2) + epsilon) (Tieleman, Hinton, 2012)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.01,
    .state_len = gd_state_one,
    .init = gd_state_one_init,
    .apart = true,
    .step = step,
};
