/* gd_optimizer: the states that members share. */
#include "gd_optimizer.h"

#include <string.h>

#define STATE(name, values)                                                                        \
    size_t gd_state_##name(size_t n, const void *hyper)                                            \
    {                                                                                              \
        (void)hyper;                                                                               \
        return values * n;                                                                         \
    }                                                                                              \
    void gd_state_##name##_init(double *state, size_t n, const void *hyper)                        \
    {                                                                                              \
        (void)hyper;                                                                               \
        if (values)                                                                                \
            memset(state, 0, values *n * sizeof *state);                                           \
    }

STATE(none, 0)
STATE(one, 1)
STATE(two, 2)
STATE(three, 3)
