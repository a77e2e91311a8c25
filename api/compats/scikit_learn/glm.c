/* HuberRegressor, QuantileRegressor and PoissonRegressor. */
#include "rows.h"

/* ---- HuberRegressor: sum (s + H(r / s) s) + alpha |w|^2 with H(z) = z^2 within epsilon, else
 * 2 epsilon |z| - epsilon^2, and the scale s fitted too. For its s that is 2/s times the sum of
 * our huber with delta = epsilon s, so dividing by 2 N / s gives l2 = alpha s / N. ---- */

static void begin_huber(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "linear_regression", "what the estimator is");
    api_compat_put_word(r, NULL, "cost.name", "huber", "the same cost, at a given scale");
    api_compat_note(r,
                    "HuberRegressor fits the scale of the residuals along with the weights; here "
                    "the scale is the number given as scale_");
    if (!api_compat_given(r, "scale_"))
        api_compat_refuse(r, "scale_",
                          "is missing: epsilon counts residuals in units of a scale that "
                          "HuberRegressor fits (its attribute scale_); give that, or leave compat "
                          "out and use cost {\"name\": \"huber\", \"delta\": ...} in units of the "
                          "target");
}

static void put_huber_epsilon(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_number(r, p, "cost.delta", value->valuedouble * api_compat_number(r, "scale_"),
                          "delta = epsilon scale_: in units of the target here, of scale_ there");
}

static void put_huber_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double n = api_compat_rows(r, p->name), scale = api_compat_number(r, "scale_");
    api_compat_put_number(
        r, p, "l2", value->valuedouble * scale / n,
        "sklearn minimises 2/scale_ sum huber + alpha |w|^2; here 1/N sum huber + "
        "l2/2 |w|^2, so l2 = alpha scale_ / N, N = %.0f",
        n);
}

static void put_huber_scale(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "is part of delta and l2");
}

/* ---- QuantileRegressor: 1/N sum pinball + alpha |w|_1, as here ---- */

static void begin_quantile(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "linear_regression", "what the estimator is");
    api_compat_put_word(r, NULL, "cost.name", "quantile", "the pinball cost");
    api_compat_note(r, "QuantileRegressor solves a linear programme, to the last digit; gradient "
                       "descent on a cost that jumps comes near");
}

static void put_quantile_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_number(r, p, "l1", value->valuedouble,
                          "sklearn minimises 1/N sum pinball + alpha |w|_1, as here: l1 = alpha");
}

/* ---- PoissonRegressor: 1/(2N) sum deviance + alpha/2 |w|^2; our cost is half the deviance ---- */

static void begin_poisson(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "poisson_regression", "what the estimator is");
    api_compat_put_word(r, NULL, "cost", "poisson", "half the deviance, as there");
}

static void put_poisson_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_number(r, p, "l2", value->valuedouble,
                          "sklearn minimises 1/(2N) sum deviance + alpha/2 |w|^2; here the cost is "
                          "half the deviance too, so l2 = alpha");
}

static void end(api_compat_run *r)
{
    api_compat_settle(r, false, false);
}

static void end_jumpy(api_compat_run *r)
{
    api_compat_settle(r, false, true);
}

static const char *const quantile_solvers[] = {"highs",          "highs-ds",        "highs-ipm",
                                               "interior-point", "revised simplex", NULL};
static const char *const poisson_solvers[] = {"lbfgs", "newton-cholesky", NULL};

static const api_compat_param huber_params[] = {
    {.name = "scale_",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = INFINITY,
     .doc = "the fitted scale of the residuals, HuberRegressor's attribute",
     .put = put_huber_scale},
    {.name = "epsilon",
     .forms = API_COMPAT_NUMBER,
     .min = 1,
     .max = 1e150,
     .def = "1.35",
     .doc = "where the cost turns linear, in units of scale_",
     .put = put_huber_epsilon},
    API_SKLEARN_ALPHA("0.0001", put_huber_alpha),
    API_SKLEARN_INTERCEPT,
    API_SKLEARN_COUNT("max_iter", "100", "iterations, at most", api_sklearn_put_epochs),
    API_SKLEARN_TOL("1e-5", 0, api_sklearn_put_gradient_tol),
    API_SKLEARN_IDLES,
};

static const api_compat_param quantile_params[] = {
    {.name = "quantile",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .def = "0.5",
     .doc = "the quantile that is fitted",
     .to = "cost.q",
     .because = "the same"},
    API_SKLEARN_ALPHA("1.0", put_quantile_alpha),
    API_SKLEARN_INTERCEPT,
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = quantile_solvers,
     .doc = "how the minimum is found",
     .put = api_sklearn_put_solver},
    API_SKLEARN_IDLES,
};

static const api_compat_param poisson_params[] = {
    API_SKLEARN_ALPHA("1.0", put_poisson_alpha),
    API_SKLEARN_INTERCEPT,
    API_SKLEARN_COUNT("max_iter", "100", "iterations, at most", api_sklearn_put_epochs),
    API_SKLEARN_TOL("1e-4", 0, api_sklearn_put_gradient_tol),
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = poisson_solvers,
     .doc = "how the minimum is found",
     .put = api_sklearn_put_solver},
    API_SKLEARN_IDLES,
};

#define ESTIMATOR(symbol, name_, doc_, begin_, end_)                                               \
    const api_compat_estimator api_sklearn_##symbol##_regressor = {                                \
        .name = name_,                                                                             \
        .doc = doc_,                                                                               \
        .params = symbol##_params,                                                                 \
        .params_count = API_COMPAT_COUNT(symbol##_params),                                         \
        .begin = begin_,                                                                           \
        .end = end_}

ESTIMATOR(huber, "HuberRegressor", "regression that outliers move little", begin_huber, end);
ESTIMATOR(quantile, "QuantileRegressor", "a conditional quantile", begin_quantile, end_jumpy);
ESTIMATOR(poisson, "PoissonRegressor", "counts, by the log of their mean", begin_poisson, end);
