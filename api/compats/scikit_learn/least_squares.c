/* LinearRegression, Ridge, Lasso and ElasticNet. Three scales of one sum of squares:
 * |y - Xw|^2, the same + alpha |w|^2, and 1/(2N) |y - Xw|^2 + alpha (ratio |w|_1 +
 * (1 - ratio)/2 |w|^2); here 1/N |y - Xw|^2 + l1 |w|_1 + l2/2 |w|^2. */
#include "rows.h"

static void begin(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "linear_regression", "what the estimator is");
    api_compat_put_word(r, NULL, "cost", "mse", "what the estimator minimises, by rows");
}

static void end(api_compat_run *r)
{
    api_sklearn_solve(r);
    api_compat_settle(r, false, false);
}

static void put_ridge_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_word(r, p, "tol_on", "parameters", "a measure without units");
    api_compat_put_number(r, p, "tol", value->valuedouble,
                          "what it means there depends on the solver");
}

static void put_ridge_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double n = api_compat_rows(r, p->name);
    api_compat_put_number(r, p, "l2", 2 * value->valuedouble / n,
                          "sklearn minimises |y - Xw|^2 + alpha |w|^2; here 1/N |y - Xw|^2 + l2/2 "
                          "|w|^2, so l2 = 2 alpha / N, N = %.0f",
                          n);
    api_compat_note(r, "with sample weights, N is their sum in sklearn's objective: alpha counts "
                       "the same as here when their mean is 1");
}

static void put_lasso_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_number(r, p, "l1", 2 * value->valuedouble,
                          "sklearn minimises 1/(2N) |y - Xw|^2 + alpha |w|_1; here 1/N |y - Xw|^2 "
                          "+ l1 |w|_1, so l1 = 2 alpha");
}

static void put_elastic_net_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double alpha = value->valuedouble, share = api_compat_number(r, "l1_ratio");
    static const char scale[] = "sklearn minimises 1/(2N) |y - Xw|^2 + alpha (l1_ratio |w|_1 + "
                                "(1 - l1_ratio)/2 |w|^2); here 1/N |y - Xw|^2 + l1 |w|_1 + l2/2 "
                                "|w|^2, so";
    api_compat_put_number(r, p, "l1", 2 * alpha * share, "%s l1 = 2 alpha l1_ratio", scale);
    api_compat_put_number(r, p, "l2", 2 * alpha * (1 - share), "%s l2 = 2 alpha (1 - l1_ratio)",
                          scale);
}

/* Used up by alpha's row. */
static void put_ratio(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "parts alpha between l1 and l2");
}

static const char *const ridge_solvers[] = {"auto", "svd",  "cholesky", "lsqr", "sparse_cg",
                                            "sag",  "saga", "lbfgs",    NULL};
static const char *const selections[] = {"cyclic", "random", NULL};

static const api_compat_param linear_params[] = {
    API_SKLEARN_INTERCEPT,
    API_SKLEARN_POSITIVE,
    API_SKLEARN_IDLES,
};

static const api_compat_param ridge_params[] = {
    API_SKLEARN_ALPHA("1.0", put_ridge_alpha),
    API_SKLEARN_INTERCEPT,
    API_SKLEARN_POSITIVE,
    API_SKLEARN_COUNT("max_iter", NULL, "iterations, at most", api_sklearn_put_epochs),
    API_SKLEARN_TOL(NULL, 0, put_ridge_tol),
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = ridge_solvers,
     .doc = "how the minimum is found",
     .put = api_sklearn_put_solver},
    API_COMPAT_SEED("random_state"),
    API_SKLEARN_IDLES,
};

#define SPARSE                                                                                     \
    API_SKLEARN_INTERCEPT, API_SKLEARN_POSITIVE,                                                   \
        API_SKLEARN_COUNT("max_iter", "1000", "sweeps, at most", api_sklearn_put_sweeps),          \
        API_SKLEARN_TOL("1e-4", 0, api_sklearn_put_sweep_tol),                                     \
        {.name = "selection",                                                                      \
         .forms = API_COMPAT_WORD,                                                                 \
         .words = selections,                                                                      \
         .doc = "order of the coordinates",                                                        \
         .put = api_sklearn_put_solver},                                                           \
        API_SKLEARN_IDLE("precompute", API_COMPAT_BOOLEAN, "there is no Gram matrix here"),        \
        API_COMPAT_SEED("random_state"), API_SKLEARN_IDLES

static const api_compat_param lasso_params[] = {
    API_SKLEARN_ALPHA("1.0", put_lasso_alpha),
    SPARSE,
};

static const api_compat_param elastic_net_params[] = {
    API_SKLEARN_ALPHA("1.0", put_elastic_net_alpha),
    {.name = "l1_ratio",
     .forms = API_COMPAT_NUMBER,
     .max = 1,
     .def = "0.5",
     .doc = "share of l1 in the penalty",
     .put = put_ratio},
    SPARSE,
};

#define ESTIMATOR(symbol, name_, doc_, params_)                                                    \
    const api_compat_estimator api_sklearn_##symbol = {.name = name_,                              \
                                                       .doc = doc_,                                \
                                                       .params = params_,                          \
                                                       .params_count = API_COMPAT_COUNT(params_),  \
                                                       .begin = begin,                             \
                                                       .end = end}

ESTIMATOR(linear_regression, "LinearRegression", "least squares", linear_params);
ESTIMATOR(ridge, "Ridge", "least squares with an l2 penalty", ridge_params);
ESTIMATOR(lasso, "Lasso", "least squares with an l1 penalty", lasso_params);
ESTIMATOR(elastic_net, "ElasticNet", "least squares with both penalties", elastic_net_params);
