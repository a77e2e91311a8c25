/* SageMaker: its Linear Learner, by the names of its documentation ("Linear learner
 * hyperparameters"). That doesn't write its objective down; wd and l1 are read as MXNet reads
 * them, on which it is built: mean loss + wd/2 |w|^2 + l1 |w|_1, squared and huber loss with the
 * factor 1/2. The echo says so. */
#include "api_compats.h"
#include "gd_limits.h"

#include <math.h>
#include <string.h>

static bool binary(const api_compat_run *r)
{
    return api_compat_is(r, "predictor_type", "binary_classifier");
}

static bool several(const api_compat_run *r)
{
    return api_compat_is(r, "predictor_type", "multiclass_classifier");
}

/* The loss, "auto" resolved. */
static const char *loss_of(const api_compat_run *r)
{
    const char *asked = api_compat_word(r, "loss");
    if (strcmp(asked, "auto") != 0)
        return asked;
    return binary(r) ? "logistic" : several(r) ? "softmax_loss" : "squared_loss";
}

static double factor(const api_compat_run *r)
{
    return strcmp(loss_of(r), "squared_loss") == 0 ? 2 : 1;
}

static const struct loss {
    const char *name, *type, *cost, *model, *param, *to;
} losses[] = {
    {"logistic", "binary_classifier", "logistic", "logistic_regression", NULL, NULL},
    {"hinge_loss", "binary_classifier", "hinge", "svm", NULL, NULL},
    {"softmax_loss", "multiclass_classifier", "softmax", "softmax_regression", NULL, NULL},
    {"squared_loss", "regressor", "mse", "linear_regression", NULL, NULL},
    {"absolute_loss", "regressor", "mae", "linear_regression", NULL, NULL},
    {"quantile_loss", "regressor", "quantile", "linear_regression", "quantile", "cost.q"},
    {"eps_insensitive_absolute_loss", "regressor", "epsilon_insensitive", "linear_regression",
     "loss_insensitivity", "cost.epsilon"},
    {"huber_loss", "regressor", "huber", "linear_regression", "huber_delta", "cost.delta"},
};

static void put_loss(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *name = loss_of(r);
    (void)value;
    for (size_t i = 0; i < API_COMPAT_COUNT(losses); i++) {
        const struct loss *l = &losses[i];
        if (strcmp(l->name, name) != 0)
            continue;
        if (!api_compat_is(r, "predictor_type", l->type)) {
            api_compat_refuse(r, p->name, "\"%s\" is for predictor_type \"%s\"", name, l->type);
            return;
        }
        api_compat_put_word(r, p, "model", l->model, "a linear score with that loss");
        api_compat_put_word(
            r, p, "cost.name", l->cost,
            factor(r) == 2 ? "taken as half the squared error there: penalties are doubled here"
                           : "the same cost");
        return;
    }
    api_compat_refuse(r, p->name,
                      "\"%s\" is not known here: use \"eps_insensitive_absolute_loss\" "
                      "or \"huber_loss\"",
                      name);
}

/* huber_delta, quantile, loss_insensitivity: of the loss that has it. */
static void put_cost_param(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    for (size_t i = 0; i < API_COMPAT_COUNT(losses); i++)
        if (losses[i].param && strcmp(losses[i].param, p->name) == 0 &&
            strcmp(losses[i].name, loss_of(r)) == 0) {
            if (cJSON_IsNumber(value))
                api_compat_put_number(r, p, losses[i].to, value->valuedouble, "the same");
            return;
        }
    api_compat_idle(r, p, "this loss has no such parameter");
}

static void put_penalty(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool l2 = strcmp(p->name, "wd") == 0;
    if (cJSON_IsNumber(value))
        api_compat_put_number(r, p, l2 ? "l2" : "l1", factor(r) * value->valuedouble,
                              "SageMaker does not write its objective down; taken as MXNet's, mean "
                              "loss + %s, so %s = %s%s",
                              l2 ? "wd/2 |w|^2" : "l1 |w|_1", l2 ? "l2" : "l1",
                              factor(r) == 2 ? "2 " : "", p->name);
    else
        api_compat_put_number(
            r, p, l2 ? "l2" : "l1", 0,
            "SageMaker tries several; here there is no penalty unless asked: sweep "
            "over %s",
            l2 ? "l2" : "l1");
}

static void put_optimizer(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *name = value->valuestring;
    bool automatic = strcmp(name, "auto") == 0;
    bool momentum = api_compat_number(r, "momentum") > 0;
    const char *ours = automatic                  ? "adam"
                       : strcmp(name, "sgd") != 0 ? name
                       : momentum                 ? "momentum"
                                                  : "gd";
    api_compat_put_word(r, p, "optimizer.name", ours,
                        automatic ? "\"auto\" is adam" : "the same rule");
    bool l1 = api_compat_number(r, "l1") > 0;
    if (l1 && strcmp(ours, "gd") != 0 && strcmp(ours, "momentum") != 0)
        api_compat_refuse(r, p->name, "\"%s\" has no exact l1 step: use \"sgd\" with l1", name);
}

static void put_of_optimizer(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool momentum = strcmp(p->name, "momentum") == 0;
    bool adam = api_compat_is(r, "optimizer", "adam") || api_compat_is(r, "optimizer", "auto");
    bool has = momentum ? api_compat_is(r, "optimizer", "sgd") : adam;
    if (!has)
        api_compat_idle(r, p, "this optimizer has no such parameter");
    else if (cJSON_IsNumber(value) && (!momentum || value->valuedouble > 0))
        api_compat_put_number(r, p,
                              momentum                         ? "optimizer.momentum"
                              : strcmp(p->name, "beta_1") == 0 ? "optimizer.beta1"
                                                               : "optimizer.beta2",
                              value->valuedouble, "the same");
}

static void put_rate(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool sgd = api_compat_is(r, "optimizer", "sgd");
    if (cJSON_IsNumber(value))
        api_compat_put_number(r, p, "learning_rate", value->valuedouble / (sgd ? factor(r) : 1),
                              sgd && factor(r) == 2 ? "halved, as the cost is doubled"
                                                    : "the same");
    else
        api_compat_put_word(r, p, "learning_rate", "auto", "found by the trainer in both");
}

static void put_batch(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double n = api_compat_rows(r, p->name);
    if (!isnan(n))
        api_compat_put_number(r, p, "batch_size", fmin(value->valuedouble, n),
                              "the same, and all rows where there are fewer");
}

static void put_normalize(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_flag(r, p, "standardize", !cJSON_IsFalse(value),
                        cJSON_IsString(value) ? "\"auto\" normalizes" : "the same switch");
}

static void put_use_bias(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_flag(r, p, "intercept", !cJSON_IsFalse(value), "the same switch");
}

static void put_label(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool effective = !cJSON_IsFalse(value) && !binary(r) && !several(r);
    api_compat_idle(r, p, "targets are taken as they are");
    if (effective)
        api_compat_note(r,
                        "SageMaker normalizes a regressor's targets inside; here they are as they "
                        "are, so wd, l1 and huber_delta count in their units");
}

static void put_bias(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool decays = strcmp(p->name, "bias_wd_mult") == 0;
    double usual = decays ? 0 : 1;
    if (cJSON_IsNumber(value) && value->valuedouble != usual)
        api_compat_refuse(r, p->name, "must be %g or \"auto\": the intercept is %s here", usual,
                          decays ? "never penalised" : "trained at the rate of the weights");
    else
        api_compat_idle(r, p, "the intercept is free and trained at the rate of the weights");
}

static void put_balance(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_put_word(r, p, "class_weight", "balanced", "each class has the same weight");
    else
        api_compat_idle(r, p, "rows count alike");
}

static void put_positive_weight(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!binary(r)) {
        api_compat_idle(r, p, "counts only for predictor_type \"binary_classifier\"");
    } else if (cJSON_IsNumber(value) && value->valuedouble != 1) {
        cJSON *weights = cJSON_CreateObject();
        api_doc_number(weights, "0", 1);
        api_doc_number(weights, "1", value->valuedouble);
        api_compat_put(r, p, "class_weight", weights, "weights of the labels 0 and 1");
    } else if (cJSON_IsString(value) && strcmp(value->valuestring, "balanced") == 0) {
        api_compat_put_word(r, p, "class_weight", "balanced", "each class has the same weight");
    } else {
        api_compat_idle(r, p,
                        cJSON_IsString(value) ? "SageMaker tries several; classes count alike"
                                              : "classes count alike");
    }
}

static void put_criterion(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *name = value->valuestring;
    bool f1 = strcmp(name, "f1") == 0, f = f1 || strcmp(name, "f_beta") == 0;
    bool precision = strcmp(name, "precision_at_target_recall") == 0;
    bool recall = strcmp(name, "recall_at_target_precision") == 0;
    if (!binary(r) || !(f || precision || recall)) {
        api_compat_idle(r, p, "the threshold stays at one half");
        return;
    }
    cJSON *threshold = cJSON_CreateObject();
    api_doc_string(threshold, "criterion", f ? "f_beta" : name);
    if (f)
        api_doc_number(threshold, "beta", f1 ? 1 : api_compat_number(r, "f_beta"));
    else
        api_doc_number(threshold, "target",
                       api_compat_number(r, precision ? "target_recall" : "target_precision"));
    api_compat_put(r, p, "threshold", threshold,
                   "the threshold that is best by it on validation data");
}

static void put_used(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "is part of what other rows of this translation became");
}

/* ---- the table ---- */

static const char *const types[] = {"binary_classifier", "multiclass_classifier", "regressor",
                                    NULL};
static const char *const loss_names[] = {"auto",
                                         "logistic",
                                         "hinge_loss",
                                         "softmax_loss",
                                         "squared_loss",
                                         "absolute_loss",
                                         "quantile_loss",
                                         "eps_insensitive_squared_loss",
                                         "eps_insensitive_absolute_loss",
                                         "huber_loss",
                                         NULL};
static const char *const optimizers[] = {"auto", "sgd", "adam", "rmsprop", NULL};
static const char *const automatic[] = {"auto", NULL};
static const char *const weights[] = {"auto", "balanced", NULL};
static const char *const criteria[] = {"accuracy",
                                       "f_beta",
                                       "f1",
                                       "precision_at_target_recall",
                                       "recall_at_target_precision",
                                       "cross_entropy_loss",
                                       "loss_function",
                                       NULL};

#define AUTO .forms = API_COMPAT_NUMBER | API_COMPAT_WORD, .words = automatic
#define SWITCH .forms = API_COMPAT_BOOLEAN | API_COMPAT_WORD, .words = automatic
#define IDLE(name_, why)                                                                           \
    {                                                                                              \
        .name = name_, AUTO, .max = INFINITY, .doc = "has no effect here", .because = why          \
    }

static const api_compat_param params[] = {
    {.name = "predictor_type",
     .forms = API_COMPAT_WORD,
     .words = types,
     .required = true,
     .doc = "what is predicted",
     .put = put_used},
    {.name = "loss",
     .forms = API_COMPAT_WORD,
     .words = loss_names,
     .def = "\"auto\"",
     .doc = "the cost",
     .put = put_loss},
    {.name = "huber_delta",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1e300,
     .def = "1.0",
     .doc = "of huber_loss",
     .put = put_cost_param},
    {.name = "quantile",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .def = "0.5",
     .doc = "of quantile_loss",
     .put = put_cost_param},
    {.name = "loss_insensitivity",
     .forms = API_COMPAT_NUMBER,
     .max = 1e300,
     .def = "0.01",
     .doc = "of eps_insensitive_absolute_loss",
     .put = put_cost_param},
    {.name = "wd",
     AUTO,
     .max = INFINITY,
     .def = "\"auto\"",
     .doc = "the l2 penalty",
     .put = put_penalty},
    {.name = "l1",
     AUTO,
     .max = INFINITY,
     .def = "\"auto\"",
     .doc = "the l1 penalty",
     .put = put_penalty},
    {.name = "optimizer",
     .forms = API_COMPAT_WORD,
     .words = optimizers,
     .def = "\"auto\"",
     .doc = "the optimizer",
     .put = put_optimizer},
    {.name = "momentum",
     AUTO,
     .max = 1,
     .max_open = true,
     .doc = "of sgd",
     .put = put_of_optimizer},
    {.name = "beta_1", AUTO, .max = 1, .max_open = true, .doc = "of adam", .put = put_of_optimizer},
    {.name = "beta_2", AUTO, .max = 1, .max_open = true, .doc = "of adam", .put = put_of_optimizer},
    {.name = "learning_rate",
     AUTO,
     .min_open = true,
     .max = INFINITY,
     .def = "\"auto\"",
     .doc = "the step length",
     .put = put_rate},
    {.name = "mini_batch_size",
     .forms = API_COMPAT_INTEGER,
     .min = 1,
     .max = 2147483647,
     .def = "1000",
     .doc = "rows an update",
     .put = put_batch},
    {.name = "epochs",
     .forms = API_COMPAT_INTEGER,
     .min = 1,
     .max = 1e9,
     .def = "15",
     .doc = "passes over the data, at most",
     .to = "epochs",
     .because = "the same"},
    {.name = "early_stopping_patience",
     .forms = API_COMPAT_INTEGER,
     .min = 1,
     .max = 1e9,
     .def = "3",
     .doc = "epochs without improvement",
     .to = "n_iter_no_change",
     .because = "epochs in a row without enough improvement of the training cost"},
    {.name = "early_stopping_tolerance",
     .forms = API_COMPAT_NUMBER,
     .max = 1,
     .max_open = true,
     .def = "0.001",
     .doc = "improvement that counts",
     .to = "tol",
     .because = "relative improvement, in both"},
    {.name = "use_bias", SWITCH, .def = "true", .doc = "fit a constant term", .put = put_use_bias},
    {.name = "normalize_data",
     SWITCH,
     .def = "true",
     .doc = "scale features inside",
     .put = put_normalize},
    {.name = "normalize_label",
     SWITCH,
     .def = "\"auto\"",
     .doc = "scale targets inside",
     .put = put_label},
    {.name = "bias_lr_mult",
     AUTO,
     .min_open = true,
     .max = INFINITY,
     .doc = "rate of the intercept, as a multiple",
     .put = put_bias},
    {.name = "bias_wd_mult",
     AUTO,
     .max = INFINITY,
     .doc = "penalty of the intercept, as a multiple",
     .put = put_bias},
    {.name = "balance_multiclass_weights",
     .forms = API_COMPAT_BOOLEAN,
     .def = "false",
     .doc = "weigh classes alike",
     .put = put_balance},
    {.name = "positive_example_weight_mult",
     .forms = API_COMPAT_NUMBER | API_COMPAT_WORD,
     .words = weights,
     .min_open = true,
     .max = 1e300,
     .def = "1.0",
     .doc = "weight of the label 1 beside the label 0",
     .put = put_positive_weight},
    {.name = "binary_classifier_model_selection_criteria",
     .forms = API_COMPAT_WORD,
     .words = criteria,
     .def = "\"accuracy\"",
     .doc = "what the threshold is chosen for",
     .put = put_criterion},
    {.name = "f_beta",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1e9,
     .def = "1.0",
     .doc = "of f_beta",
     .put = put_used},
    {.name = "target_recall",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .def = "0.8",
     .doc = "of precision_at_target_recall",
     .put = put_used},
    {.name = "target_precision",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .def = "0.8",
     .doc = "of recall_at_target_precision",
     .put = put_used},
    IDLE("feature_dim", "the dataset says it"),
    IDLE("num_classes", "the dataset says it"),
    IDLE("num_models", "a job trains one model: sweep for more"),
    IDLE("num_calibration_samples", "there is no calibration among models"),
    IDLE("accuracy_top_k", "a metric that is not known here"),
};

static void end(api_compat_run *r)
{
    if (strcmp(loss_of(r), "absolute_loss") == 0 || strcmp(loss_of(r), "quantile_loss") == 0)
        api_compat_note(r, "the slope of this cost jumps: \"auto\" rates are those of adam");
}

static const api_compat_estimator linear_learner = {
    .name = "LinearLearner",
    .doc = "linear models for numbers and classes; features are normalized unless told otherwise",
    .params = params,
    .params_count = API_COMPAT_COUNT(params),
    .end = end,
};

static const api_compat_estimator *const estimators[] = {&linear_learner};

const api_compat_library api_compat_sagemaker = {
    .name = "sagemaker",
    .doc = "Amazon SageMaker: its Linear Learner",
    .estimators = estimators,
    .estimators_count = API_COMPAT_COUNT(estimators),
};
