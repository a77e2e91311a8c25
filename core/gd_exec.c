/* gd_exec: the serial executor, and which kernels are chosen. */
#include "gd_exec.h"

static void run_serially(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

const gd_executor gd_executor_serial = {.slots = 1, .run = run_serially, .ctx = NULL};

const gd_kernels *gd_executor_kernels(const gd_executor *e)
{
    return e && e->kernels ? e->kernels : gd_kernels_best();
}

const gd_kernels *gd_kernels_of(const gd_executor *e)
{
    const gd_kernels *k = gd_executor_kernels(e);
    return k->scores ? k : gd_kernels_find("portable");
}
