/* AMSGrad (Reddi, Kale, Kumar, 2018), in the form of PyTorch: Adam with the largest v so far. */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double beta1, beta2, epsilon;
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
};

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *m = u->state, *v = u->state + u->n, *top = u->state + 2 * u->n;
    double bias1 = 1 - pow(h->beta1, (double)u->t), bias2 = 1 - pow(h->beta2, (double)u->t);
    for (size_t i = 0; i < u->n; i++) {
        double g = u->gradient[i];
        m[i] = h->beta1 * m[i] + (1 - h->beta1) * g;
        v[i] = h->beta2 * v[i] + (1 - h->beta2) * (g * g);
        top[i] = fmax(top[i], v[i]);
        u->theta[i] -= u->learning_rate * (m[i] / bias1) / (sqrt(top[i] / bias2) + h->epsilon);
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
    .step = step,
};
