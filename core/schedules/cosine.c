/* Half a cosine down, with warm restarts (SGDR: Loshchilov, Hutter, 2017, equation 5). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    uint64_t period;
    uint64_t period_multiplier;
    double minimum;
} hyper;

static const gd_param params[] = {
    {.name = "period",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, period),
     .def = 0,
     .min = 1,
     .max = 1e9,
     .word = "epochs",
     .word_value = 0,
     .doc = "epochs of the first cycle; \"epochs\" for a single one"},
    {.name = "period_multiplier",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, period_multiplier),
     .def = 1,
     .min = 1,
     .max = 100,
     .doc = "each cycle is so many times as long as the one before"},
    {.name = "minimum",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, minimum),
     .def = 0,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "lowest rate, as a share of learning_rate"},
};

#define PI 3.14159265358979323846

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)state;
    uint64_t length = h->period ? h->period : epochs, at = epoch - 1;
    if (h->period_multiplier == 1)
        at %= length;
    while (at >= length) {
        at -= length;
        length *= h->period_multiplier;
    }
    double share = 0.5 * (1 + cos(PI * (double)at / (double)length));
    return base * fmax(h->minimum + (1 - h->minimum) * share, GD_RATE_FLOOR);
}

const gd_schedule gd_schedule_cosine = {
    .name = "cosine",
    .doc = "half a cosine down, with warm restarts",
    .source = "rate = learning_rate (minimum + (1 - minimum) (1 + cos(pi t / period)) / 2) "
              "(Loshchilov, Hutter, 2017)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
};
