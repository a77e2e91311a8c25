/* The learning rate as it is. */
#include "gd_schedule.h"

static double rate(const void *hyper_, double base, uint64_t epoch, uint64_t epochs,
                   const double *state)
{
    (void)hyper_, (void)epoch, (void)epochs, (void)state;
    return base;
}

const gd_schedule gd_schedule_constant = {
    .name = "constant",
    .doc = "the learning rate as it is",
    .source = "rate = learning_rate",
    .rate = rate,
};
