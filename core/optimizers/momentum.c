/* Momentum (Polyak, 1964), in the form of PyTorch's SGD:
 * v <- momentum v + g, theta <- theta - learning_rate v. */
#include "gd_optimizer.h"

typedef struct hyper {
    double momentum;
} hyper;

static const gd_param params[] = {
    {.name = "momentum",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, momentum),
     .def = 0.9,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "share of the last step that is kept"},
};

static double stable(const void *hyper_)
{
    const hyper *h = hyper_;
    return 2 * (1 + h->momentum);
}

static double gain(const void *hyper_)
{
    const hyper *h = hyper_;
    return 1 / (1 - h->momentum);
}

static void step(const gd_update *u)
{
    const hyper *h = u->hyper;
    double *v = u->state;
    for (size_t i = u->first; i < u->end; i++) {
        v[i] = h->momentum * v[i] + u->gradient[i];
        u->theta[i] -= u->learning_rate * v[i];
    }
}

const gd_optimizer gd_optimizer_momentum = {
    .name = "momentum",
    .doc = "heavy ball: steps gather speed along a slope",
    .source = "v <- momentum v + g; theta <- theta - learning_rate v (Polyak, 1964)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .stable = stable,
    .gain = gain,
    .rotates = true,
    .state_len = gd_state_one,
    .init = gd_state_one_init,
    .apart = true,
    .step = step,
};
