/* A straight rise over the first epochs, then the learning rate (Goyal et al., 2017). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    uint64_t warmup;
} hyper;

static const gd_param params[] = {
    {.name = "warmup",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, warmup),
     .def = 5,
     .min = 1,
     .max = 1e9,
     .doc = "epochs of the rise"},
};

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)epochs, (void)state;
    return base * fmin(1, (double)epoch / (double)h->warmup);
}

const gd_schedule gd_schedule_linear_warmup = {
    .name = "linear_warmup",
    .doc = "a straight rise over the first epochs",
    .source = "rate = learning_rate min(1, epoch / warmup) (Goyal et al., 2017)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
