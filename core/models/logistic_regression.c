/* Logistic regression: two classes, by the log of their odds (Berkson, 1944). */
#include "gd_linear.h"

const gd_model gd_model_logistic_regression = {
    .name = "logistic_regression",
    .doc = "two classes: the log of their odds is linear",
    .formula = "P(class 1) = 1 / (1 + exp(-z)), z = X w + b",
    .task = GD_BINARY,
    .link = GD_LOGIT,
    .default_cost = "logistic",
    GD_LINEAR_FUNCTIONS,
};
