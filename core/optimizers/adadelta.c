/* Adadelta (Zeiler, 2012): s <- rho s + (1 - rho) g^2, d = sqrt(a + epsilon) / sqrt(s + epsilon) g,
 * a <- rho a + (1 - rho) d^2, theta <- theta - learning_rate d. */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double rho, epsilon;
} hyper;

static const gd_param params[] = {
    {.name = "rho",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, rho),
     .def = 0.9,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "how long squared gradients and steps are remembered"},
    {.name = "epsilon",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, epsilon),
     .def = 1e-6,
     .min = 0,
     .min_open = true,
     .max = 1,
     .doc = "keeps divisors above zero"},
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *s = u->state, *a = u->state + u->n;
    for (size_t i = u->first; i < u->end; i++) {
        double g = u->gradient[i];
        s[i] = h->rho * s[i] + (1 - h->rho) * (g * g);
        double d = sqrt(a[i] + h->epsilon) / sqrt(s[i] + h->epsilon) * g;
        a[i] = h->rho * a[i] + (1 - h->rho) * (d * d);
        u->theta[i] -= u->learning_rate * d;
    }
}

const gd_optimizer gd_optimizer_adadelta = {
    .name = "adadelta",
    .doc = "steps in the units of the parameters; needs hardly a learning rate",
    .source = "theta <- theta - learning_rate sqrt(mean d^2 + epsilon) / sqrt(mean g^2 + epsilon) "
              "g (Zeiler, 2012)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 1,
    .state_len = gd_state_two,
    .init = gd_state_two_init,
    .apart = true,
    .step = step,
};
