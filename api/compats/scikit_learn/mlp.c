/* MLPRegressor and MLPClassifier: 1/b sum loss + alpha/(2 b) |W|^2 over each batch of b rows (so
 * the penalty is that of b rows, not of N). MLPRegressor's loss is half the squared error, so
 * with it all is doubled here and the rate of plain steps halved. */
#include "stochastic.h"

#include <string.h>

static bool regressor(const api_compat_run *r)
{
    return api_compat_is(r, "estimator", "MLPRegressor");
}

static void begin(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model.name", "mlp", "what the estimator is");
    api_compat_put_word(r, NULL, "model.task", regressor(r) ? "regression" : "auto",
                        "what the estimator is for");
    if (regressor(r))
        api_compat_put_word(r, NULL, "cost", "mse",
                            "sklearn's loss is half of it: the penalty is "
                            "doubled, and the rate of sgd halved");
    api_compat_put_word(r, NULL, "model.initialization", "glorot",
                        "as there, by a seed of our own");
    api_compat_put_flag(r, NULL, "standardize", false, "features are taken as they are");
}

/* Rows a batch; NaN with the problem set when N is not known. */
static double batch(api_compat_run *r)
{
    double n = api_compat_rows(r, "batch_size");
    if (api_compat_is(r, "solver", "lbfgs"))
        return n;
    double asked = api_compat_number(r, "batch_size");
    return isnan(asked) ? fmin(200, n) : fmin(asked, n);
}

static void put_layers(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 1;
    if (count > 8) {
        api_compat_refuse(r, p->name, "may have 8 layers at the most here, got %d", count);
        return;
    }
    cJSON *layers = cJSON_IsArray(value) ? cJSON_Duplicate(value, true) : cJSON_CreateArray();
    if (!cJSON_IsArray(value))
        api_doc_append_number(layers, value->valuedouble);
    api_compat_put(r, p, "model.hidden_layers", layers, "the same");
}

static void put_activation(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool logistic = strcmp(value->valuestring, "logistic") == 0;
    api_compat_put_word(r, p, "model.activation", logistic ? "sigmoid" : value->valuestring,
                        logistic ? "another name for it" : "the same");
}

static void put_solver(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *solver = value->valuestring;
    bool sgd = strcmp(solver, "sgd") == 0;
    const char *rule = api_compat_flag(r, "nesterovs_momentum") ? "nesterov" : "momentum";
    if (sgd && api_compat_number(r, "momentum") == 0)
        rule = "gd";
    api_compat_put_word(r, p, "optimizer.name", sgd ? rule : solver, "the same rule");
}

static void put_momentum(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!api_compat_is(r, "solver", "sgd"))
        api_compat_idle(r, p, "counts only with solver \"sgd\"");
    else if (value->valuedouble > 0)
        api_compat_put_number(r, p, "optimizer.momentum", value->valuedouble, "the same");
    else
        api_compat_idle(r, p, "no momentum is plain gd");
}

static void put_adam(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    const char *to = strcmp(p->name, "beta_1") == 0   ? "optimizer.beta1"
                     : strcmp(p->name, "beta_2") == 0 ? "optimizer.beta2"
                                                      : "optimizer.epsilon";
    if (api_compat_is(r, "solver", "adam"))
        api_compat_put_number(r, p, to, value->valuedouble, "the same");
    else
        api_compat_idle(r, p, "counts only with solver \"adam\"");
}

static void put_alpha(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double b = batch(r), factor = regressor(r) ? 2 : 1;
    if (isnan(b))
        return;
    api_compat_put_number(r, p, "l2", factor * value->valuedouble / b,
                          "sklearn minimises %smean loss + alpha/(2 b) |W|^2 over batches of b = "
                          "%.0f rows; here mean cost + l2/2 |W|^2, so l2 = %salpha / b",
                          regressor(r) ? "1/2 " : "", b, regressor(r) ? "2 " : "");
}

static void put_batch(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double b = batch(r);
    if (isnan(b))
        return;
    if (api_compat_is(r, "solver", "lbfgs"))
        api_compat_put_word(r, p, "batch_size", "full", "lbfgs sees all rows at once");
    else
        api_compat_put_number(r, p, "batch_size", b,
                              cJSON_IsNumber(value) ? "the same" : "\"auto\" is min(200, N)");
}

static void put_rate(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    bool sgd = api_compat_is(r, "solver", "sgd"), half = sgd && regressor(r);
    if (api_compat_is(r, "solver", "lbfgs"))
        api_compat_idle(r, p, "lbfgs finds its own steps");
    else if (!sgd || !api_compat_is(r, "learning_rate", "invscaling"))
        api_compat_put_number(r, p, "learning_rate", value->valuedouble / (half ? 2 : 1),
                              half ? "halved, as the cost is doubled" : "the same");
}

static void put_schedule(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!api_compat_is(r, "solver", "sgd")) {
        api_compat_idle(r, p, "counts only with solver \"sgd\"");
        return;
    }
    if (strcmp(value->valuestring, "adaptive") == 0)
        api_sklearn_plateau(r, p, api_compat_number(r, "n_iter_no_change"));
    if (strcmp(value->valuestring, "invscaling") != 0)
        return;
    double n = api_compat_rows(r, p->name);
    if (!isnan(n))
        api_sklearn_invscaling(r, p,
                               api_compat_number(r, "learning_rate_init") / (regressor(r) + 1), n);
}

static const char *const activations[] = {"relu", "identity", "logistic", "tanh", NULL};
static const char *const solvers[] = {"adam", "sgd", "lbfgs", NULL};
static const char *const rates[] = {"constant", "invscaling", "adaptive", NULL};

#define SHARE(name_, def_, doc_, put_)                                                             \
    {                                                                                              \
        .name = name_, .forms = API_COMPAT_NUMBER, .max = 1, .max_open = true, .def = def_,        \
        .doc = doc_, .put = put_                                                                   \
    }

static const api_compat_param params[] = {
    {.name = "hidden_layer_sizes",
     .forms = API_COMPAT_INTEGER | API_COMPAT_INTEGERS,
     .min = 1,
     .max = 1e6,
     .def = "[100]",
     .doc = "neurons of each hidden layer",
     .put = put_layers},
    {.name = "activation",
     .forms = API_COMPAT_WORD,
     .words = activations,
     .def = "\"relu\"",
     .doc = "of the hidden layers",
     .put = put_activation},
    {.name = "solver",
     .forms = API_COMPAT_WORD,
     .words = solvers,
     .def = "\"adam\"",
     .doc = "the optimizer",
     .put = put_solver},
    API_SKLEARN_ALPHA("0.0001", put_alpha),
    {.name = "batch_size",
     .forms = API_COMPAT_INTEGER | API_COMPAT_WORD,
     .min = 1,
     .max = 2147483647,
     .words = (const char *const[]){"auto", NULL},
     .def = "\"auto\"",
     .doc = "rows an update",
     .put = put_batch},
    {.name = "learning_rate",
     .forms = API_COMPAT_WORD,
     .words = rates,
     .def = "\"constant\"",
     .doc = "how the rate of \"sgd\" falls",
     .put = put_schedule},
    {.name = "learning_rate_init",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = INFINITY,
     .def = "0.001",
     .doc = "the first rate",
     .put = put_rate},
    {.name = "power_t",
     .forms = API_COMPAT_NUMBER,
     .max = 10,
     .def = "0.5",
     .doc = "power of \"invscaling\"",
     .put = api_sklearn_put_used},
    SHARE("momentum", "0.9", "of \"sgd\"", put_momentum),
    {API_COMPAT_SWITCH("nesterovs_momentum", "true", "of \"sgd\" with momentum"),
     .put = api_sklearn_put_used},
    SHARE("beta_1", "0.9", "of \"adam\"", put_adam),
    SHARE("beta_2", "0.999", "of \"adam\"", put_adam),
    {.name = "epsilon",
     .forms = API_COMPAT_NUMBER,
     .min_open = true,
     .max = 1,
     .def = "1e-8",
     .doc = "of \"adam\"",
     .put = put_adam},
    API_SKLEARN_COUNT("max_iter", "200", "epochs, at most", api_sklearn_put_epochs),
    API_SKLEARN_STOPPING("10"),
    API_COMPAT_SEED("random_state"),
    API_SKLEARN_IDLE("max_fun", API_COMPAT_INTEGER, "lbfgs is bounded by its epochs"),
    API_SKLEARN_IDLES,
};

const api_compat_estimator api_sklearn_mlp_regressor = {
    .name = "MLPRegressor",
    .doc = "a multi-layer perceptron for numbers",
    .params = params,
    .params_count = API_COMPAT_COUNT(params),
    .begin = begin,
};

const api_compat_estimator api_sklearn_mlp_classifier = {
    .name = "MLPClassifier",
    .doc = "a multi-layer perceptron for classes",
    .params = params,
    .params_count = API_COMPAT_COUNT(params),
    .begin = begin,
};
