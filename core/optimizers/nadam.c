/* NAdam (Dozat, 2016), in the form of PyTorch: the momentum at step t is
 * mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2). The product of all mu so far is the state's
 * last value. */
#include "gd_optimizer.h"

#include <math.h>

typedef struct hyper {
    double beta1, beta2, epsilon, momentum_decay;
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
    {.name = "momentum_decay",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, momentum_decay),
     .def = 0.004,
     .min = 0,
     .max = 1,
     .doc = "how fast the momentum approaches beta1"},
};

static size_t state_len(size_t n)
{
    return 2 * n + 1;
}

static void init(double *state, size_t n, const void *hyper_)
{
    gd_state_two_init(state, n, hyper_);
    state[2 * n] = 1;
}

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *m = u->state, *v = u->state + u->n, *product = u->state + 2 * u->n;
    double t = (double)u->t, bias2 = 1 - pow(h->beta2, t);
    double mu = h->beta1 * (1 - 0.5 * pow(0.96, t * h->momentum_decay));
    double mu_next = h->beta1 * (1 - 0.5 * pow(0.96, (t + 1) * h->momentum_decay));
    *product *= mu;
    double now = (1 - mu) / (1 - *product), ahead = mu_next / (1 - *product * mu_next);
    for (size_t i = 0; i < u->n; i++) {
        double g = u->gradient[i];
        m[i] = h->beta1 * m[i] + (1 - h->beta1) * g;
        v[i] = h->beta2 * v[i] + (1 - h->beta2) * (g * g);
        double denominator = sqrt(v[i] / bias2) + h->epsilon;
        u->theta[i] -= u->learning_rate * (now * g + ahead * m[i]) / denominator;
    }
}

const gd_optimizer gd_optimizer_nadam = {
    .name = "nadam",
    .doc = "Adam with Nesterov momentum",
    .source = "as adam, with the momentum of the next step (Dozat, 2016)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .customary_rate = 0.002,
    .state_len = state_len,
    .init = init,
    .step = step,
};
