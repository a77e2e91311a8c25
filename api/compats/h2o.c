/* H2O: its GLM. It minimises -1/N log-likelihood + lambda (alpha |w|_1 + (1 - alpha)/2 |w|^2)
 * (H2O's documentation of GLM, Regularization), which for family gaussian is 1/(2N) |y - Xw|^2:
 * half of ours. Its standardized columns have a sample deviation of 1 (divided by N - 1), ours a
 * population deviation, so a weight there is sqrt(N / (N - 1)) times one here. */
#include "api_compats.h"
#include "gd_limits.h"

#include <math.h>
#include <string.h>

static const struct family {
    const char *name, *model, *cost, *link;
} families[] = {
    {"gaussian", "linear_regression", "mse", "identity"},
    {"binomial", "logistic_regression", "logistic", "logit"},
    {"poisson", "poisson_regression", "poisson", "log"},
    {"multinomial", "softmax_regression", "softmax", "multinomial"},
};

static const struct family *family_of(const api_compat_run *r)
{
    size_t i = 0; /* it is one of them: others were refused */
    while (i + 1 < API_COMPAT_COUNT(families) && !api_compat_is(r, "family", families[i].name))
        i++;
    return &families[i];
}

static void put_family(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const struct family *f = family_of(r);
    (void)value;
    api_compat_put_word(r, p, "model", f->model, "the same model");
    api_compat_put_word(r, p, "cost", f->cost,
                        strcmp(f->cost, "mse") == 0 ? "twice the negative log-likelihood of a row"
                                                    : "the negative log-likelihood of a row");
}

static void put_link(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const struct family *f = family_of(r);
    if (strcmp(value->valuestring, "family_default") != 0 &&
        strcmp(value->valuestring, f->link) != 0)
        api_compat_refuse(r, p->name, "of family \"%s\" must be \"%s\" here", f->name, f->link);
    else
        api_compat_idle(r, p, "the family's own link");
}

/* What a penalty on weights of H2O's standardized columns is on ours, for |w|^power. */
static double scale(api_compat_run *r, const char *name, double power)
{
    if (!api_compat_flag(r, "standardize"))
        return 1;
    double n = api_compat_rows(r, name);
    return n > 1 ? pow(n / (n - 1), power / 2) : isnan(n) ? n : 1;
}

static void put_lambda(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double lambda = value->valuedouble, alpha = api_compat_number(r, "alpha");
    double whole = api_compat_is(r, "family", "gaussian") ? 2 : 1;
    const char *twice = whole == 2 ? "2 " : "";
    bool standardized = api_compat_flag(r, "standardize");
    static const char form[] = "H2O minimises %smean cost + lambda (alpha |w|_1 + (1 - alpha)/2 "
                               "|w|^2): %s = %slambda %s%s";
    const char *half = whole == 2 ? "1/2 " : "";
    if (api_compat_flag(r, "lambda_search")) {
        api_compat_idle(r, p, "lambda_search runs through all of them");
        return;
    }
    api_compat_put_number(r, p, "l1", whole * lambda * alpha * scale(r, p->name, 1), form, half,
                          "l1", twice, "alpha",
                          standardized ? " sqrt(N / (N - 1)), which scales by N - 1" : "");
    api_compat_put_number(r, p, "l2", whole * lambda * (1 - alpha) * scale(r, p->name, 2), form,
                          half, "l2", twice, "(1 - alpha)",
                          standardized ? " N / (N - 1), which scales by N - 1" : "");
}

static void put_search(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double alpha = api_compat_number(r, "alpha");
    if (cJSON_IsTrue(value) && alpha != 0 && alpha != 1)
        api_compat_refuse(r, p->name,
                          "needs alpha 0 (a path of l2) or 1 (a path of l1) here, got %g", alpha);
    else if (cJSON_IsTrue(value))
        api_compat_put_word(r, p, alpha == 1 ? "l1" : "l2", "path", "the whole path, warm-started");
    else if (!api_compat_given(r, "lambda"))
        api_compat_refuse(r, "lambda",
                          "is missing: H2O takes one from the data; give it (0 for no "
                          "penalty), or lambda_search");
}

static void put_used(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "is part of what other rows of this translation became");
}

static void put_non_negative(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_put_flag(r, p, "non_negative", true, "the same bound");
    else
        api_compat_idle(r, p, "coefficients are free unless asked");
}

static void put_positive_count(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (value->valuedouble > 0)
        api_compat_put_number(r, p, p->to, value->valuedouble, "%s", p->because);
    else
        api_compat_idle(r, p, "no limit was asked for");
}

/* There is one tolerance here; the first that is given has it. */
static void put_tolerance(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (value->valuedouble < 0) {
        api_compat_idle(r, p, "H2O's choice is not known here: the default of tol");
        return;
    }
    bool gradient = strcmp(p->name, "gradient_epsilon") == 0;
    bool cost = strcmp(p->name, "objective_epsilon") == 0;
    const char *on = gradient ? "gradient" : cost ? "cost" : "parameters";
    int count = api_compat_given(r, "gradient_epsilon") + api_compat_given(r, "objective_epsilon") +
                api_compat_given(r, "beta_epsilon");
    if (count > 1) {
        api_compat_refuse(r, p->name,
                          "is one tolerance too many: give one of beta_epsilon, "
                          "gradient_epsilon, objective_epsilon");
        return;
    }
    api_compat_put_word(r, p, "tol_on", on, "what it is measured on");
    api_compat_put_number(r, p, "tol", value->valuedouble, "the tolerance%s",
                          gradient ? ": of the gradient's length here, its largest part there"
                          : cost   ? ", relative"
                                   : ": relative to the parameters here, of the largest there");
}

static void put_balance(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_put_word(r, p, "class_weight", "balanced",
                            "rows are weighed here where H2O draws them over and under");
    else
        api_compat_idle(r, p, "rows count alike");
}

static void refuse_unless_zero(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (value->valuedouble > 0)
        api_compat_refuse(r, p->name, "is a job of its own here: cross-validation by k folds");
    else
        api_compat_idle(r, p, "no folds were asked for");
}

static void end(api_compat_run *r)
{
    api_compat_settle(r, api_compat_flag(r, "standardize"), false);
}

static const char *const names[] = {"gaussian", "binomial", "poisson", "multinomial", NULL};
static const char *const links[] = {"family_default", "identity", "logit", "log",
                                    "multinomial",    NULL};
static const char *const solvers[] = {"AUTO",
                                      "IRLSM",
                                      "L_BFGS",
                                      "COORDINATE_DESCENT",
                                      "COORDINATE_DESCENT_NAIVE",
                                      "GRADIENT_DESCENT_LH",
                                      "GRADIENT_DESCENT_SQERR",
                                      NULL};

#define IDLE(name_, why)                                                                           \
    {                                                                                              \
        .name = name_, .forms = API_COMPAT_BOOLEAN, .doc = "has no effect here", .because = why    \
    }
#define EPSILON(name_, def_, doc_)                                                                 \
    {                                                                                              \
        .name = name_, .forms = API_COMPAT_NUMBER, .min = -1, .max = 1, .max_open = true,          \
        .def = def_, .doc = doc_, .put = put_tolerance                                             \
    }

static const api_compat_param params[] = {
    {.name = "family",
     .forms = API_COMPAT_WORD,
     .words = names,
     .required = true,
     .doc = "the distribution of the target",
     .put = put_family},
    {.name = "link",
     .forms = API_COMPAT_WORD,
     .words = links,
     .doc = "of the family",
     .put = put_link},
    {.name = "alpha",
     .forms = API_COMPAT_NUMBER,
     .max = 1,
     .def = "0.5",
     .doc = "share of l1 in the penalty",
     .put = put_used},
    {.name = "lambda_search",
     .forms = API_COMPAT_BOOLEAN,
     .def = "false",
     .doc = "run through a path of penalties",
     .put = put_search},
    {.name = "lambda",
     .forms = API_COMPAT_NUMBER,
     .max = INFINITY,
     .doc = "strength of the penalty",
     .put = put_lambda},
    API_COMPAT_SEED("seed"),
    {API_COMPAT_SWITCH("standardize", "true", "scale features inside"), .put = put_used},
    {API_COMPAT_SWITCH("intercept", "true", "fit a constant term"), .to = "intercept",
     .because = "the same switch"},
    {API_COMPAT_SWITCH("non_negative", "false", "keep coefficients at 0 or more"),
     .put = put_non_negative},
    {.name = "max_iterations",
     .forms = API_COMPAT_INTEGER,
     .min = -1,
     .max = 1e9,
     .doc = "iterations, at most",
     .put = put_positive_count,
     .to = "epochs",
     .because = "iterations are epochs here"},
    {.name = "max_runtime_secs",
     .forms = API_COMPAT_NUMBER,
     .max = INFINITY,
     .doc = "seconds, at most",
     .put = put_positive_count,
     .to = "max_seconds",
     .because = "the same limit"},
    EPSILON("gradient_epsilon", NULL, "tolerance of the gradient"),
    EPSILON("objective_epsilon", NULL, "tolerance of the objective"),
    EPSILON("beta_epsilon", NULL, "tolerance of the parameters"),
    {.name = "offset_column",
     .forms = API_COMPAT_NAME | API_COMPAT_NULL,
     .doc = "a column added to each score",
     .to = "offset",
     .because = "the same column"},
    {.name = "weights_column",
     .forms = API_COMPAT_NAME | API_COMPAT_NULL,
     .doc = "a column of weights",
     .to = "sample_weight",
     .because = "the same column"},
    {API_COMPAT_SWITCH("balance_classes", "false", "weigh classes alike"), .put = put_balance},
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = solvers,
     .doc = "has no effect here",
     .because = "solvers differ in their way, not in their minimum"},
    {.name = "nfolds",
     .forms = API_COMPAT_INTEGER,
     .max = 1e6,
     .doc = "folds of a validation",
     .put = refuse_unless_zero},
    IDLE("compute_p_values", "they are a part of the model here, not of its training"),
    IDLE("remove_collinear_columns", "the fit is one of the minima; diagnostics name the columns"),
    IDLE("early_stopping", "it ends a path of lambda there; tol ends the training here"),
    IDLE("ignore_const_cols", "a constant column keeps the weight 0 where it is penalised"),
    IDLE("score_each_iteration", "each epoch's cost is in the history"),
};

static const api_compat_estimator glm = {
    .name = "GLM",
    .doc = "generalized linear models; features are standardized unless told otherwise",
    .params = params,
    .params_count = API_COMPAT_COUNT(params),
    .end = end,
};

static const api_compat_estimator *const estimators[] = {&glm};

const api_compat_library api_compat_h2o = {
    .name = "h2o",
    .doc = "H2O-3: its GLM",
    .estimators = estimators,
    .estimators_count = API_COMPAT_COUNT(estimators),
};
