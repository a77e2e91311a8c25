/* A steady fall (PyTorch: ExponentialLR). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    double gamma;
} hyper;

static const gd_param params[] = {
    {.name = "gamma",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, gamma),
     .def = 0.99,
     .min = 0,
     .min_open = true,
     .max = 1,
     .doc = "factor of each epoch"},
};

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)epochs, (void)state;
    return base * fmax(pow(h->gamma, (double)(epoch - 1)), GD_RATE_FLOOR);
}

const gd_schedule gd_schedule_exponential = {
    .name = "exponential",
    .doc = "a steady fall",
    .source = "rate = learning_rate gamma^(epoch - 1)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
