/* rows: what the tables of scikit-learn's estimators share. */
#ifndef API_SKLEARN_ROWS_H
#define API_SKLEARN_ROWS_H

#include "api_compats.h"
#include "gd_limits.h"

#include <math.h>

#define API_SKLEARN_ESTIMATORS(X)                                                                  \
    X(linear_regression)                                                                           \
    X(ridge)                                                                                       \
    X(lasso)                                                                                       \
    X(elastic_net)                                                                                 \
    X(logistic_regression)                                                                         \
    X(linear_svc)                                                                                  \
    X(linear_svr)                                                                                  \
    X(sgd_regressor)                                                                               \
    X(sgd_classifier)                                                                              \
    X(huber_regressor)                                                                             \
    X(quantile_regressor)                                                                          \
    X(poisson_regressor)                                                                           \
    X(mlp_regressor)                                                                               \
    X(mlp_classifier)

#define X(estimator) extern const api_compat_estimator api_sklearn_##estimator;
API_SKLEARN_ESTIMATORS(X)
#undef X

/* A member that says nothing about what is fitted. */
#define API_SKLEARN_IDLE(name_, forms_, why)                                                       \
    {                                                                                              \
        .name = name_, .forms = forms_, .min = -1e9, .max = 1e9, .doc = "has no effect here",      \
        .because = why                                                                             \
    }
#define API_SKLEARN_IDLES                                                                          \
    API_SKLEARN_IDLE("verbose", API_COMPAT_BOOLEAN | API_COMPAT_INTEGER,                           \
                     "progress is in the job's history"),                                          \
        API_SKLEARN_IDLE("n_jobs", API_COMPAT_INTEGER | API_COMPAT_NULL,                           \
                         "the server shares its workers by itself"),                               \
        API_SKLEARN_IDLE("copy_X", API_COMPAT_BOOLEAN, "the data is never written to"),            \
    {                                                                                              \
        API_COMPAT_SWITCH("warm_start", NULL, "go on from the last fit"),                          \
            .put = api_sklearn_put_warm_start                                                      \
    }

#define API_SKLEARN_INTERCEPT                                                                      \
    {                                                                                              \
        API_COMPAT_SWITCH("fit_intercept", "true", "fit a constant term"),                         \
            .to = "intercept", .because = "the same switch"                                        \
    }
#define API_SKLEARN_POSITIVE                                                                       \
    {                                                                                              \
        API_COMPAT_SWITCH("positive", "false", "keep coefficients at 0 or more"),                  \
            .put = api_sklearn_put_positive                                                        \
    }
#define API_SKLEARN_ALPHA(def_, put_)                                                              \
    {                                                                                              \
        .name = "alpha", .forms = API_COMPAT_NUMBER, .max = INFINITY, .def = def_,                 \
        .doc = "strength of the penalty", .put = put_                                              \
    }
#define API_SKLEARN_C(put_)                                                                        \
    {                                                                                              \
        .name = "C", .forms = API_COMPAT_NUMBER, .min_open = true, .max = INFINITY, .def = "1.0",  \
        .doc = "weight of the cost beside a penalty of weight 1", .put = put_                      \
    }
#define API_SKLEARN_COUNT(name_, def_, doc_, put_)                                                 \
    {                                                                                              \
        .name = name_, .forms = API_COMPAT_INTEGER | API_COMPAT_NULL, .min = 1, .max = 1e9,        \
        .def = def_, .doc = doc_, .put = put_                                                      \
    }
#define API_SKLEARN_TOL(def_, forms_, put_)                                                        \
    {                                                                                              \
        .name = "tol", .forms = API_COMPAT_NUMBER | (forms_), .max = 1, .max_open = true,          \
        .def = def_, .doc = "tolerance of the stopping rule", .put = put_                          \
    }

void api_sklearn_put_warm_start(api_compat_run *r, const api_compat_param *p, const cJSON *value);
void api_sklearn_put_positive(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* max_iter as epochs; of coordinate descent, whose sweeps go further, as 100 times as many. */
void api_sklearn_put_epochs(api_compat_run *r, const api_compat_param *p, const cJSON *value);
void api_sklearn_put_sweeps(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* tol of a solver that looks at the gradient, and of coordinate descent. */
void api_sklearn_put_gradient_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value);
void api_sklearn_put_sweep_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* A solver that is not ours: only its objective counts. */
void api_sklearn_put_solver(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* tol and epochs for an answer that there is a formula for. */
void api_sklearn_solve(api_compat_run *r);
/* The share of l1 in a penalty called "l1", "l2", "elasticnet" or null ("none"): NaN for none.
 * ratio: what l1_ratio means to elasticnet. */
double api_sklearn_l1_share(const api_compat_run *r, double ratio);

#endif
