/* Learning-rate range test (Smith, Cyclical Learning Rates, 2017, section 3.3): the rate grows by
 * the same factor each epoch, from far too low to far too high; gd_range_test.h reads the costs.
 * The ends are shares of learning_rate: with 1 they are rates themselves, and with "auto", which
 * is 1/L for gd, the range holds the limit of stability 2/L whatever the data. */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    double start, end;
} hyper;

static const gd_param params[] = {
    {.name = "start",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, start),
     .def = 1e-7,
     .min = 1e-12,
     .max = 1e6,
     .doc = "the rate of the first epoch, as a share of learning_rate"},
    {.name = "end",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, end),
     .def = 10,
     .min = 1e-12,
     .max = 1e6,
     .doc = "the rate of the last epoch, as a share of learning_rate"},
};

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)state;
    double done = epochs > 1 ? (double)(epoch - 1) / (double)(epochs - 1) : 0;
    return base * exp((1 - done) * log(h->start) + done * log(h->end));
}

const gd_schedule gd_schedule_range_test = {
    .name = "range_test",
    .doc = "a learning-rate range test: every rate from far too low to far too high, whatever tol",
    .source =
        "rate = learning_rate start^(1 - p) end^p, p = (epoch - 1) / (epochs - 1) (Smith, 2017)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .explores = true,
    .rate = rate,
};
