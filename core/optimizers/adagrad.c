/* AdaGrad (Duchi, Hazan, Singer, 2011): s <- s + g^2,
 * theta <- theta - learning_rate g / (sqrt(s) + epsilon). */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double epsilon;
} hyper;

static const gd_param params[] = {
    {.name = "epsilon",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, epsilon),
     .def = 1e-10,
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
        s[i] += g * g;
        u->theta[i] -= u->learning_rate * g / (sqrt(s[i]) + h->epsilon);
    }
}

const gd_optimizer gd_optimizer_adagrad = {
    .name = "adagrad",
    .doc = "a rate of its own for each parameter, falling with its past gradients",
    .source = "theta <- theta - learning_rate g / (sqrt(sum g^2) + epsilon) (Duchi et al., 2011)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.01,
    .state_len = gd_state_one,
    .init = gd_state_one_init,
    .apart = true,
    .step = step,
};
