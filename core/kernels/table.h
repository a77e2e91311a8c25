/* table: the kernels of one instruction set. Whoever includes it defines GD_WIDTH. */
#include "gd_kernels.h"

#include "vectors.h"

#include "functions.h"

#include "costs.h"
#include "bends.h"
#include "linear.h"
#include "many.h"
#include "summary.h"

#define GD_MAP(name, f)                                                                            \
    static void name(const double *x, double *out, size_t n)                                       \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + GD_WIDTH <= n; i += GD_WIDTH)                                                   \
            store(out + i, f(load(x + i)));                                                        \
        double last[GD_WIDTH];                                                                     \
        store(last, f(load_some(x + i, n - i)));                                                   \
        memcpy(out + i, last, (n - i) * sizeof *out);                                              \
    }
GD_MAP(map_exp, exp_of)
GD_MAP(map_expm1, expm1_of)
GD_MAP(map_log, log_of)
GD_MAP(map_log1p, log1p_of)
#undef GD_MAP

/* The table, with the kernels of these names that lie elsewhere. */
#define GD_KERNELS_TABLE(set, gram_set)                                                            \
    extern const struct gd_minibatch_kernels gd_minibatch_##set;                                   \
    extern const struct gd_gram_kernels gd_gram_##gram_set;                                        \
    extern const struct gd_net_ops gd_net_##set##_f64, gd_net_##set##_f32;                         \
    const gd_kernels gd_kernels_##set = {.name = #set,                                             \
                                         .minibatch = &gd_minibatch_##set,                         \
                                         .gram = &gd_gram_##gram_set,                              \
                                         .net = {&gd_net_##set##_f64, &gd_net_##set##_f32},        \
                                         GD_KERNELS_FUNCTIONS}

#define GD_KERNELS_FUNCTIONS                                                                       \
    .scores = scores, .gradient = gradient, .pack = pack, .scores_of_many = scores_of_many,        \
    .gradient_of_many = gradient_of_many, .softmax = softmax_cost, .total = total_cost,            \
    .exp = map_exp, .expm1 = map_expm1, .log = map_log, .log1p = map_log1p,                        \
    .bends = {[GD_FAST_LOGISTIC] = logistic_bends, [GD_FAST_POISSON] = poisson_bends},             \
    .gap = {[GD_FAST_LOGISTIC] = logistic_gap, [GD_FAST_POISSON] = poisson_gap},                   \
    .strip_moments = strip_moments, .strip_squares = strip_squares, .strip_bins = strip_bins,      \
    .strip_hashes = strip_hashes,                                                                  \
    .cost = {[GD_FAST_MSE] = mse_cost,                                                             \
             [GD_FAST_MAE] = mae_cost,                                                             \
             [GD_FAST_HUBER] = huber_cost,                                                         \
             [GD_FAST_QUANTILE] = quantile_cost,                                                   \
             [GD_FAST_LOG_COSH] = log_cosh_cost,                                                   \
             [GD_FAST_EPSILON_INSENSITIVE] = epsilon_insensitive_cost,                             \
             [GD_FAST_LOGISTIC] = logistic_cost,                                                   \
             [GD_FAST_POISSON] = poisson_cost,                                                     \
             [GD_FAST_HINGE] = hinge_cost,                                                         \
             [GD_FAST_SQUARED_HINGE] = squared_hinge_cost}
