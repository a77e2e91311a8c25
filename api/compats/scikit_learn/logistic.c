/* LogisticRegression: C sum log-loss + ratio |w|_1 + (1 - ratio)/2 |w|^2; here the mean of the
 * log-loss, so both sides are divided by C N. */
#include "rows.h"

#include <string.h>

static void begin(api_compat_run *r)
{
    bool several = api_compat_is(r, "multi_class", "multinomial");
    api_compat_put_word(r, NULL, "model", several ? "softmax_regression" : "logistic_regression",
                        "what the estimator is for %s classes", several ? "any number of" : "two");
    if (!several)
        api_compat_note(r, "for three classes or more give multi_class \"multinomial\", which is "
                           "softmax_regression");
}

static void end(api_compat_run *r)
{
    api_compat_settle(r, false, false);
}

/* scikit-learn refuses these as well. */
static void check_solver(api_compat_run *r, double share)
{
    if (!api_compat_given(r, "solver") || api_compat_is(r, "solver", "saga"))
        return;
    const char *solver = api_compat_word(r, "solver");
    bool l1 = share == 1 && strcmp(solver, "liblinear") == 0;
    bool none = isnan(share) && strcmp(solver, "liblinear") != 0;
    if (share != 0 && !l1 && !none)
        api_compat_refuse(r, "solver",
                          "\"%s\" has no such penalty in scikit-learn: use \"saga\", or "
                          "leave solver out",
                          solver);
}

static void put_c(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double ratio = api_compat_number(r, "l1_ratio");
    if (api_compat_is(r, "penalty", "elasticnet") && isnan(ratio)) {
        api_compat_refuse(r, "l1_ratio", "is missing: penalty \"elasticnet\" needs it, in [0, 1]");
        return;
    }
    double share = api_sklearn_l1_share(r, ratio);
    check_solver(r, share);
    if (isnan(share)) {
        api_compat_idle(r, p, "there is no penalty for it to be weighed against");
        return;
    }
    double n = api_compat_rows(r, p->name), whole = 1 / (value->valuedouble * n);
    static const char scale[] = "sklearn minimises C sum log-loss + penalty; here 1/N sum log-loss "
                                "+ l1 |w|_1 + l2/2 |w|^2";
    if (share > 0)
        api_compat_put_number(r, p, "l1", share * whole, "%s, so l1 = %s1 / (C N), N = %.0f", scale,
                              share < 1 ? "l1_ratio * " : "", n);
    if (share < 1)
        api_compat_put_number(r, p, "l2", (1 - share) * whole, "%s, so l2 = %s1 / (C N), N = %.0f",
                              scale, share > 0 ? "(1 - l1_ratio) * " : "", n);
    api_compat_note(r, "with sample weights, N is their sum in sklearn's objective: C counts the "
                       "same as here when their mean is 1");
}

static void put_penalty(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "says which of l1 and l2 stands for 1 / (C N)");
}

static bool sparse(const api_compat_run *r)
{
    double share = api_sklearn_l1_share(r, api_compat_number(r, "l1_ratio"));
    return share > 0;
}

static void put_max_iter(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (sparse(r) ? api_sklearn_put_sweeps : api_sklearn_put_epochs)(r, p, value);
}

static void put_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (sparse(r) ? api_sklearn_put_sweep_tol : api_sklearn_put_gradient_tol)(r, p, value);
}

static void put_solver(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_idle(r, p, "solvers differ in their way, not in their minimum");
    if (cJSON_IsString(value) && strcmp(value->valuestring, "liblinear") == 0)
        api_compat_note(r, "liblinear penalises the intercept as if it were a weight (of a column "
                           "intercept_scaling); here, as with every other solver, it is free");
}

static const char *const penalties[] = {"l2", "l1", "elasticnet", "none", NULL};
static const char *const solvers[] = {"lbfgs", "liblinear", "newton-cg", "newton-cholesky",
                                      "sag",   "saga",      NULL};
static const char *const multi[] = {"auto", "ovr", "multinomial", NULL};

static const api_compat_param params[] = {
    {.name = "penalty",
     .forms = API_COMPAT_WORD | API_COMPAT_NULL,
     .words = penalties,
     .def = "\"l2\"",
     .doc = "which penalty",
     .put = put_penalty},
    API_SKLEARN_C(put_c),
    {.name = "l1_ratio",
     .forms = API_COMPAT_NUMBER | API_COMPAT_NULL,
     .max = 1,
     .def = "null",
     .doc = "share of l1 in penalty \"elasticnet\"",
     .put = put_penalty},
    API_SKLEARN_INTERCEPT,
    {.name = "class_weight",
     .forms = API_COMPAT_WORD | API_COMPAT_NULL | API_COMPAT_WEIGHTS,
     .words = (const char *const[]){"balanced", NULL},
     .def = "null",
     .doc = "weights by class",
     .put = api_compat_put_class_weight},
    API_SKLEARN_COUNT("max_iter", "100", "iterations, at most", put_max_iter),
    API_SKLEARN_TOL("1e-4", 0, put_tol),
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = solvers,
     .def = "\"lbfgs\"",
     .doc = "how the minimum is found",
     .put = put_solver},
    {.name = "multi_class",
     .forms = API_COMPAT_WORD,
     .words = multi,
     .doc = "softmax_regression (\"multinomial\") or logistic_regression",
     .because = "it chooses the model"},
    API_COMPAT_SEED("random_state"),
    API_SKLEARN_IDLE("dual", API_COMPAT_BOOLEAN,
                     "solvers differ in their way, not in their minimum"),
    API_SKLEARN_IDLE("intercept_scaling", API_COMPAT_NUMBER, "the intercept is never penalised"),
    API_SKLEARN_IDLES,
};

const api_compat_estimator api_sklearn_logistic_regression = {
    .name = "LogisticRegression",
    .doc = "two classes, or several by multi_class \"multinomial\"; penalised by C unless told not "
           "to be",
    .params = params,
    .params_count = API_COMPAT_COUNT(params),
    .begin = begin,
    .end = end,
};
