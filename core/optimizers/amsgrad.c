/* AMSGrad (Reddi, Kale, Kumar, 2018), in the form of PyTorch: Adam with the largest v so far. */
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
    double *top = u->state + 2 * u->n;
    for (size_t i = u->first; i < u->end; i++) {
        top[i] = fmax(top[i], v[i]);
        u->theta[i] -= u->learning_rate * (m[i] / bias1) / (sqrt(top[i] / bias2) + h->base.epsilon);
    }
}

const gd_optimizer gd_optimizer_amsgrad = {
    .name = "amsgrad",
    .doc = "Adam whose rates never rise again",
    .source = "as adam, with the largest v so far (Reddi et al., 2018)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.001,
    .state_len = gd_state_three,
    .init = gd_state_three_init,
    .apart = true,
    .step = step,
};
