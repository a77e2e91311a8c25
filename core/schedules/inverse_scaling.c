/* A fall by a power of the epoch (scikit-learn: invscaling; Robbins and Monro, 1951, want a
 * power in (1/2, 1]). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    double power;
} hyper;

static const gd_param params[] = {
    {.name = "power",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, power),
     .def = 0.5,
     .min = 0,
     .max = 10,
     .doc = "the power"},
};

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)epochs, (void)state;
    return base / pow((double)epoch, h->power);
}

const gd_schedule gd_schedule_inverse_scaling = {
    .name = "inverse_scaling",
    .doc = "a fall by a power of the epoch",
    .source = "rate = learning_rate / epoch^power",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
