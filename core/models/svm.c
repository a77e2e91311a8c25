/* Linear support vector machine (Cortes, Vapnik, 1995): two classes, by a margin. With l2 > 0
 * it is the usual one. */
#include "gd_linear.h"

const gd_model gd_model_svm = {
    .name = "svm",
    .doc = "two classes, parted by a margin",
    .formula = "class 1 where z > 0, z = X w + b",
    .task = GD_BINARY,
    .link = GD_IDENTITY,
    .default_cost = "squared_hinge",
    GD_LINEAR_FUNCTIONS,
};
