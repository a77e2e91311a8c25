/* LinearSVC and LinearSVR: 1/2 |w|^2 (or |w|_1) + C sum cost; here the mean of the cost, so both
 * sides are divided by C N. LIBLINEAR's intercept is a weight like others there. */
#include "rows.h"

static bool jumps(const api_compat_run *r)
{
    return api_compat_is(r, "loss", "hinge") || api_compat_is(r, "loss", "epsilon_insensitive");
}

static void note_intercept(api_compat_run *r)
{
    if (api_compat_flag(r, "fit_intercept"))
        api_compat_note(r,
                        "LIBLINEAR penalises the intercept as if it were a weight (of a column "
                        "intercept_scaling); here it is free, so the two minima differ a little");
}

static void end(api_compat_run *r)
{
    note_intercept(r);
    api_compat_settle(r, false, jumps(r));
}

static void begin_svc(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "svm", "what the estimator is for two classes");
    if (api_compat_is(r, "penalty", "l1") && api_compat_is(r, "loss", "hinge"))
        api_compat_refuse(r, "loss",
                          "\"hinge\" has no l1 penalty in scikit-learn: use "
                          "\"squared_hinge\"");
}

static void begin_svr(api_compat_run *r)
{
    api_compat_put_word(r, NULL, "model", "linear_regression", "what the estimator is");
}

static void put_c(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double n = api_compat_rows(r, p->name);
    bool l1 = api_compat_is(r, "penalty", "l1");
    api_compat_put_number(r, p, l1 ? "l1" : "l2", 1 / (value->valuedouble * n),
                          "sklearn minimises %s + C sum cost; here 1/N sum cost + %s, so %s = 1 / "
                          "(C N), N = %.0f",
                          l1 ? "|w|_1" : "1/2 |w|^2", l1 ? "l1 |w|_1" : "l2/2 |w|^2",
                          l1 ? "l1" : "l2", n);
}

static void put_svc_loss(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_word(r, p, "cost", value->valuestring, "the same cost");
}

/* Without a margin the squared cost is that of least squares. */
static void put_svr_loss(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    double epsilon = api_compat_number(r, "epsilon");
    (void)value;
    if (jumps(r)) {
        api_compat_put_word(r, p, "cost.name", "epsilon_insensitive", "the same cost");
        return;
    }
    if (epsilon > 0)
        api_compat_refuse(r, p->name,
                          "\"squared_epsilon_insensitive\" is known with epsilon 0 only, "
                          "where it is mse: use \"epsilon_insensitive\", or epsilon 0");
    else
        api_compat_put_word(r, p, "cost", "mse", "with epsilon 0 it is the squared error");
}

static void put_epsilon(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (jumps(r))
        api_compat_put_number(r, p, "cost.epsilon", value->valuedouble, "the same margin");
}

static void put_penalty(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "says whether l1 or l2 stands for 1 / (C N)");
}

static const char *const svc_losses[] = {"squared_hinge", "hinge", NULL};
static const char *const svr_losses[] = {"epsilon_insensitive", "squared_epsilon_insensitive",
                                         NULL};
static const char *const automatic[] = {"auto", NULL};

#define SHARED                                                                                     \
    API_SKLEARN_C(put_c), API_SKLEARN_INTERCEPT,                                                   \
        API_SKLEARN_COUNT("max_iter", "1000", "iterations, at most", api_sklearn_put_sweeps),      \
        API_SKLEARN_TOL("1e-4", 0, api_sklearn_put_sweep_tol), API_COMPAT_SEED("random_state"),    \
        {.name = "dual",                                                                           \
         .forms = API_COMPAT_BOOLEAN | API_COMPAT_WORD,                                            \
         .words = automatic,                                                                       \
         .doc = "has no effect here",                                                              \
         .put = api_sklearn_put_solver},                                                           \
        API_SKLEARN_IDLE("intercept_scaling", API_COMPAT_NUMBER,                                   \
                         "the intercept is never penalised"),                                      \
        API_SKLEARN_IDLES

static const api_compat_param svc_params[] = {
    {.name = "loss",
     .forms = API_COMPAT_WORD,
     .words = svc_losses,
     .def = "\"squared_hinge\"",
     .doc = "the cost",
     .put = put_svc_loss},
    {.name = "penalty",
     .forms = API_COMPAT_WORD,
     .words = (const char *const[]){"l2", "l1", NULL},
     .def = "\"l2\"",
     .doc = "which penalty",
     .put = put_penalty},
    {.name = "class_weight",
     .forms = API_COMPAT_WORD | API_COMPAT_NULL | API_COMPAT_WEIGHTS,
     .words = (const char *const[]){"balanced", NULL},
     .def = "null",
     .doc = "weights by class",
     .put = api_compat_put_class_weight},
    {.name = "multi_class",
     .forms = API_COMPAT_WORD,
     .words = (const char *const[]){"ovr", NULL},
     .doc = "has no effect here",
     .because = "an svm here parts two classes"},
    SHARED,
};

static const api_compat_param svr_params[] = {
    {.name = "epsilon",
     .forms = API_COMPAT_NUMBER,
     .max = 1e300,
     .def = "0.0",
     .doc = "errors up to this cost nothing",
     .put = put_epsilon},
    {.name = "loss",
     .forms = API_COMPAT_WORD,
     .words = svr_losses,
     .def = "\"epsilon_insensitive\"",
     .doc = "the cost",
     .put = put_svr_loss},
    SHARED,
};

const api_compat_estimator api_sklearn_linear_svc = {
    .name = "LinearSVC",
    .doc = "a linear support vector machine for two classes",
    .params = svc_params,
    .params_count = API_COMPAT_COUNT(svc_params),
    .begin = begin_svc,
    .end = end,
};

const api_compat_estimator api_sklearn_linear_svr = {
    .name = "LinearSVR",
    .doc = "linear support vector regression",
    .params = svr_params,
    .params_count = API_COMPAT_COUNT(svr_params),
    .begin = begin_svr,
    .end = end,
};
