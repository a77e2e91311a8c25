/* A drop by `gamma` every `step_size` epochs (PyTorch: StepLR). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    uint64_t step_size;
    double gamma;
} hyper;

static const gd_param params[] = {
    {.name = "step_size",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, step_size),
     .def = 100,
     .min = 1,
     .max = 1e9,
     .doc = "epochs between drops"},
    {.name = "gamma",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, gamma),
     .def = 0.1,
     .min = 0,
     .min_open = true,
     .max = 1,
     .doc = "factor of a drop"},
};

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)epochs, (void)state;
    return base * fmax(pow(h->gamma, (double)((epoch - 1) / h->step_size)), GD_RATE_FLOOR);
}

const gd_schedule gd_schedule_step = {
    .name = "step",
    .doc = "a drop every so many epochs",
    .source = "rate = learning_rate gamma^floor((epoch - 1) / step_size)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
