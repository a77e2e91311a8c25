/* scikit-learn: its linear models and multi-layer perceptrons, by the parameters of their
 * constructors. Objectives: scikit-learn's user guide, 1.1, 1.4, 1.5 and 1.17, held against what
 * its estimators fit by tests/compat/verify.py. */
#include "scikit_learn/rows.h"

static const api_compat_estimator *const estimators[] = {
#define X(estimator) &api_sklearn_##estimator,
    API_SKLEARN_ESTIMATORS(X)
#undef X
};

const api_compat_library api_compat_scikit_learn = {
    .name = "scikit-learn",
    .doc = "Python's scikit-learn: estimators by their class names",
    .estimators = estimators,
    .estimators_count = API_COMPAT_COUNT(estimators),
};
