/* Poisson regression with the log link (Nelder, Wedderburn, 1972). */
#include "gd_linear.h"

const gd_model gd_model_poisson_regression = {
    .name = "poisson_regression",
    .doc = "counts: the log of their mean is linear",
    .formula = "mean = exp(z), z = X w + b",
    .task = GD_COUNT,
    .link = GD_LOG,
    .default_cost = "poisson",
    GD_LINEAR_FUNCTIONS,
};
