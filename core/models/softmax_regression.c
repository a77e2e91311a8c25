/* Softmax (multinomial logistic) regression: a score for each class. */
#include "gd_linear.h"

const gd_model gd_model_softmax_regression = {
    .name = "softmax_regression",
    .doc = "several classes: the log of their odds is linear",
    .formula = "P(class k) = exp(z_k) / sum exp(z), z_k = X w_k + b_k",
    .task = GD_MULTICLASS,
    .link = GD_SOFTMAX,
    .default_cost = "softmax",
    GD_LINEAR_FUNCTIONS,
};
