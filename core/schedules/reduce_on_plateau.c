/* A drop whenever the cost has not improved for `patience` epochs (PyTorch: ReduceLROnPlateau,
 * relative threshold). */
#include "gd_schedule.h"

#include <math.h>

typedef struct hyper {
    double factor;
    uint64_t patience;
    double threshold;
    double minimum;
} hyper;

static const gd_param params[] = {
    {.name = "factor",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, factor),
     .def = 0.1,
     .min = 0,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .doc = "factor of a drop"},
    {.name = "patience",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, patience),
     .def = 10,
     .min = 0,
     .max = 1e9,
     .doc = "epochs without improvement that are tolerated"},
    {.name = "threshold",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, threshold),
     .def = 0.0001,
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "relative improvement that counts"},
    {.name = "minimum",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, minimum),
     .def = 0,
     .min = 0,
     .max = 1,
     .doc = "lowest rate, as a share of learning_rate"},
};

/* What the state holds. SEEN: 0 before the first cost. */
enum { SEEN, BEST, BAD_EPOCHS, DROPS };

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    const hyper *h = hyper_;
    (void)epoch, (void)epochs;
    return base * fmax(fmax(h->minimum, GD_RATE_FLOOR), pow(h->factor, state[DROPS]));
}

static void observe(const void *hyper_, double cost, double *state)
{
    const hyper *h = hyper_;
    if (state[SEEN] == 0 || cost < state[BEST] * (1 - h->threshold)) {
        state[SEEN] = 1;
        state[BEST] = cost;
        state[BAD_EPOCHS] = 0;
        return;
    }
    if (++state[BAD_EPOCHS] > (double)h->patience) {
        state[DROPS]++;
        state[BAD_EPOCHS] = 0;
    }
}

const gd_schedule gd_schedule_reduce_on_plateau = {
    .name = "reduce_on_plateau",
    .doc = "a drop whenever the cost has stopped improving",
    .source = "rate = learning_rate factor^drops, a drop after patience epochs without improvement",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .rate = rate,
    .observe = observe,
};
