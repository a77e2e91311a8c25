/* Up to the learning rate and far down again, along cosines (Smith, Topin, 2018; PyTorch:
 * OneCycleLR, a step an epoch). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    double warm_fraction;
    double start_divisor;
    double final_divisor;
} hyper;

static const gd_param params[] = {
    {.name = "warm_fraction",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, warm_fraction),
     .def = 0.3,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "share of the epochs that rise"},
    {.name = "start_divisor",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, start_divisor),
     .def = 25,
     .min = 1,
     .max = 1e6,
     .doc = "the first rate is learning_rate divided by this"},
    {.name = "final_divisor",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, final_divisor),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .doc = "the last rate is the first divided by this"},
};

#define PI 3.14159265358979323846

/* Along half a cosine: `from` at 0, `to` at 1. */
static double between(double from, double to, double share)
{
    return to + (from - to) * 0.5 * (1 + cos(PI * share));
}

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)state;
    double t = (double)(epoch - 1), last = (double)epochs - 1,
           top = h->warm_fraction * (double)epochs - 1;
    double first = base / h->start_divisor, final = first / h->final_divisor;
    if (t < top)
        return between(first, base, t / top);
    return last > fmax(top, 0) ? between(base, final, (t - fmax(top, 0)) / (last - fmax(top, 0)))
                               : base;
}

const gd_schedule gd_schedule_one_cycle = {
    .name = "one_cycle",
    .doc = "up to the learning rate and far down again",
    .source = "cosine from learning_rate / start_divisor up, then down to that / final_divisor "
              "(Smith, Topin, 2018)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
