/* NAdam (Dozat, 2016), in the form of PyTorch: the momentum at step t is
 * mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2). The product of all mu so far is the state's
 * last value. */
#include "gd_adam.h"

#include <math.h>

typedef struct hyper {
    gd_adam base;
    double momentum_decay;
} hyper;

static const gd_param params[] = {
    GD_ADAM_PARAMS(hyper),
    {.name = "momentum_decay",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, momentum_decay),
     .def = 0.004,
     .min = 0,
     .max = 1,
     .doc = "how fast the momentum approaches beta1"},
};

static size_t state_len(size_t n, const void *hyper_)
{
    (void)hyper_;
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
    const double *m = u->state, *v = u->state + u->n;
    double t = (double)u->t, bias2 = gd_adam_bias(h->base.beta2, u->t);
    double mu = h->base.beta1 * (1 - 0.5 * pow(0.96, t * h->momentum_decay));
    double mu_next = h->base.beta1 * (1 - 0.5 * pow(0.96, (t + 1) * h->momentum_decay));
    double *product = u->state + 2 * u->n;
    *product *= mu;
    double now = (1 - mu) / (1 - *product), ahead = mu_next / (1 - *product * mu_next);
    gd_adam_moments(u, &h->base);
    for (size_t i = u->first; i < u->end; i++) {
        double denominator = sqrt(v[i] / bias2) + h->base.epsilon;
        u->theta[i] -= u->learning_rate * (now * u->gradient[i] + ahead * m[i]) / denominator;
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
