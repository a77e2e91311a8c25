/* SGDRegressor and SGDClassifier: 1/N sum loss + alpha (share |w|_1 + (1 - share)/2 |w|^2), one
 * row an update. Their squared_error is half of ours, so with it the whole objective is, and the
 * rate is halved too. */
#include "stochastic.h"

#include <string.h>

/* Our objective for one of theirs. */
static double factor(const api_compat_run *r)
{
    return api_compat_is(r, "loss", "squared_error") ? 2 : 1;
}

static void begin(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "optimizer", "gd", "plain stochastic gradient descent");
    api_compat_put_number(r, NULL, "batch_size", 1, "one row an update");
    api_compat_put_flag(r, NULL, "standardize", false, "features are taken as they are");
}

static void begin_regressor(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "linear_regression", "what the estimator is");
    begin(r);
}

/* ---- rows ---- */

static void put_regressor_loss(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *loss = value->valuestring;
    if (strcmp(loss, "squared_error") == 0)
        api_compat_put_word(r, p, "cost", "mse",
                            "sklearn's is half of it: penalties are doubled and "
                            "the rate is halved");
    else if (strcmp(loss, "squared_epsilon_insensitive") == 0)
        api_compat_refuse(r, p->name,
                          "\"%s\" is not known here: use \"epsilon_insensitive\" or "
                          "\"huber\"",
                          loss);
    else
        api_compat_put_word(r, p, "cost.name", loss, "the same cost");
}

static void put_classifier_loss(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *loss = value->valuestring;
    bool log_loss = strcmp(loss, "log_loss") == 0;
    if (log_loss || strstr(loss, "hinge")) {
        api_compat_put_word(r, p, "model", log_loss ? "logistic_regression" : "svm",
                            "a linear score with that loss");
        api_compat_put_word(r, p, "cost", log_loss ? "logistic" : loss, "the same cost");
    } else if (strcmp(loss, "modified_huber") == 0 || strcmp(loss, "perceptron") == 0) {
        api_compat_refuse(r, p->name,
                          "\"%s\" is not known here: use \"hinge\", \"squared_hinge\" or "
                          "\"log_loss\"",
                          loss);
    } else {
        api_compat_refuse(r, p->name,
                          "\"%s\" measures numbers, not classes: use SGDRegressor, or "
                          "\"log_loss\"",
                          loss);
    }
}

static void put_epsilon(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (api_compat_is(r, "loss", "huber"))
        api_compat_put_number(r, p, "cost.delta", value->valuedouble, "the same threshold");
    else if (api_compat_is(r, "loss", "epsilon_insensitive"))
        api_compat_put_number(r, p, "cost.epsilon", value->valuedouble, "the same margin");
    else
        api_compat_idle(r, p, "this loss has no epsilon");
}

static void put_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double share = api_sklearn_l1_share(r, api_compat_number(r, "l1_ratio"));
    double whole = factor(r) * value->valuedouble;
    static const char scale[] =
        "sklearn minimises 1/N sum loss + alpha penalty, penalty = 1/2 |w|^2 "
        "for l2, |w|_1 for l1";
    const char *twice = factor(r) == 2 ? "2 " : "";
    if (share > 0)
        api_compat_put_number(r, p, "l1", share * whole, "%s: l1 = %salpha%s", scale, twice,
                              share < 1 ? " l1_ratio" : "");
    if (share < 1)
        api_compat_put_number(r, p, "l2", (1 - share) * whole, "%s: l2 = %salpha%s", scale, twice,
                              share > 0 ? " (1 - l1_ratio)" : "");
}

/* Bottou's rate 1 / (alpha (t0 + t)), t in samples, as one that falls by epochs. */
static void put_optimal(api_compat_run *r, const api_compat_param *p, double n)
{
    double alpha = api_compat_number(r, "alpha");
    if (alpha <= 0) {
        api_compat_refuse(r, p->name, "\"optimal\" needs alpha above 0, as in scikit-learn");
        return;
    }
    double typical = sqrt(1 / sqrt(alpha)), t0 = 1 / (typical * alpha);
    api_compat_put_number(
        r, p, "learning_rate", 1 / (alpha * (t0 + n)) / factor(r),
        "sklearn's rate is 1 / (alpha (t0 + t)) after t samples, t0 = %g: this is "
        "the rate at the end of the first epoch, N = %.0f",
        t0, n);
    api_compat_put_word(r, p, "schedule.name", "inverse_scaling", "it falls as 1 / t");
    api_compat_put_number(r, p, "schedule.power", 1,
                          "it falls as 1 / t; t0 is left out after the "
                          "first epoch");
}

static void put_learning_rate(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *rule = value->valuestring;
    double eta = api_compat_number(r, "eta0") / factor(r);
    bool by_samples = strcmp(rule, "optimal") == 0 || strcmp(rule, "invscaling") == 0;
    double n = by_samples ? api_compat_rows(r, p->name) : 1;
    if (isnan(n))
        return;
    if (strcmp(rule, "optimal") == 0) {
        put_optimal(r, p, n);
        return;
    }
    if (eta <= 0) {
        api_compat_refuse(r, "eta0", "must be greater than 0 with learning_rate \"%s\"", rule);
        return;
    }
    if (strcmp(rule, "invscaling") == 0) {
        api_sklearn_invscaling(r, p, eta, n);
        return;
    }
    api_compat_put_number(r, p, "learning_rate", eta, factor(r) == 2 ? "eta0 / 2" : "eta0");
    if (strcmp(rule, "adaptive") == 0)
        api_sklearn_plateau(r, p, api_compat_number(r, "n_iter_no_change") - 1);
}

static void put_average(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsFalse(value) || (cJSON_IsNumber(value) && value->valuedouble == 0)) {
        api_compat_idle(r, p, "the last parameters are the result");
        return;
    }
    api_compat_put_flag(r, p, "average", true, "the mean of the parameters over the updates");
    api_compat_note(r, "averaging begins with the second epoch here%s",
                    cJSON_IsNumber(value) ? ", not after so many samples" : "");
}

/* ---- tables ---- */

static const char *const regressor_losses[] = {"squared_error", "huber", "epsilon_insensitive",
                                               "squared_epsilon_insensitive", NULL};
static const char *const classifier_losses[] = {"hinge",
                                                "log_loss",
                                                "squared_hinge",
                                                "modified_huber",
                                                "perceptron",
                                                "squared_error",
                                                "huber",
                                                "epsilon_insensitive",
                                                "squared_epsilon_insensitive",
                                                NULL};
static const char *const penalties[] = {"l2", "l1", "elasticnet", NULL};
static const char *const rates[] = {"constant", "optimal", "invscaling", "adaptive", NULL};

#define SHARED(rate, eta, power)                                                                   \
    {.name = "penalty",                                                                            \
     .forms = API_COMPAT_WORD | API_COMPAT_NULL,                                                   \
     .words = penalties,                                                                           \
     .def = "\"l2\"",                                                                              \
     .doc = "which penalty",                                                                       \
     .put = api_sklearn_put_used},                                                                 \
        API_SKLEARN_ALPHA("0.0001", put_alpha),                                                    \
        {.name = "l1_ratio",                                                                       \
         .forms = API_COMPAT_NUMBER,                                                               \
         .max = 1,                                                                                 \
         .def = "0.15",                                                                            \
         .doc = "share of l1 in penalty \"elasticnet\"",                                           \
         .put = api_sklearn_put_used},                                                             \
        {.name = "learning_rate",                                                                  \
         .forms = API_COMPAT_WORD,                                                                 \
         .words = rates,                                                                           \
         .def = rate,                                                                              \
         .doc = "how the rate falls",                                                              \
         .put = put_learning_rate},                                                                \
        {.name = "eta0",                                                                           \
         .forms = API_COMPAT_NUMBER,                                                               \
         .max = INFINITY,                                                                          \
         .def = eta,                                                                               \
         .doc = "the first rate",                                                                  \
         .put = api_sklearn_put_used},                                                             \
        {.name = "power_t",                                                                        \
         .forms = API_COMPAT_NUMBER,                                                               \
         .max = 10,                                                                                \
         .def = power,                                                                             \
         .doc = "power of \"invscaling\"",                                                         \
         .put = api_sklearn_put_used},                                                             \
        {.name = "average",                                                                        \
         .forms = API_COMPAT_BOOLEAN | API_COMPAT_INTEGER,                                         \
         .max = 1e15,                                                                              \
         .def = "false",                                                                           \
         .doc = "report the mean of the parameters",                                               \
         .put = put_average},                                                                      \
        {.name = "epsilon",                                                                        \
         .forms = API_COMPAT_NUMBER,                                                               \
         .max = 1e300,                                                                             \
         .def = "0.1",                                                                             \
         .doc = "of the losses that have one",                                                     \
         .put = put_epsilon},                                                                      \
        API_SKLEARN_COUNT("max_iter", "1000", "epochs, at most", api_sklearn_put_epochs),          \
        API_SKLEARN_STOPPING("5"), API_SKLEARN_INTERCEPT, API_COMPAT_SEED("random_state"),         \
        API_SKLEARN_IDLES

static const api_compat_param regressor_params[] = {
    {.name = "loss",
     .forms = API_COMPAT_WORD,
     .words = regressor_losses,
     .def = "\"squared_error\"",
     .doc = "the cost",
     .put = put_regressor_loss},
    SHARED("\"invscaling\"", "0.01", "0.25"),
};

static const api_compat_param classifier_params[] = {
    {.name = "loss",
     .forms = API_COMPAT_WORD,
     .words = classifier_losses,
     .def = "\"hinge\"",
     .doc = "the cost",
     .put = put_classifier_loss},
    {.name = "class_weight",
     .forms = API_COMPAT_WORD | API_COMPAT_NULL | API_COMPAT_WEIGHTS,
     .words = (const char *const[]){"balanced", NULL},
     .def = "null",
     .doc = "weights by class",
     .put = api_compat_put_class_weight},
    SHARED("\"optimal\"", "0.0", "0.5"),
};

const api_compat_estimator api_sklearn_sgd_regressor = {
    .name = "SGDRegressor",
    .doc = "linear regression by stochastic gradient descent",
    .params = regressor_params,
    .params_count = API_COMPAT_COUNT(regressor_params),
    .begin = begin_regressor,
};

const api_compat_estimator api_sklearn_sgd_classifier = {
    .name = "SGDClassifier",
    .doc = "two classes by stochastic gradient descent",
    .params = classifier_params,
    .params_count = API_COMPAT_COUNT(classifier_params),
    .begin = begin,
};
