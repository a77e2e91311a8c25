/* Linear regression: the score is the prediction. */
#include "gd_linear.h"

const gd_model gd_model_linear_regression = {
    .name = "linear_regression",
    .doc = "a weighted sum of the features plus an intercept",
    .formula = "z = X w + b",
    .task = GD_REGRESSION,
    .link = GD_IDENTITY,
    .default_cost = "mse",
    GD_LINEAR_FUNCTIONS,
};
