/* api_objective: the formula put together from the cost's and the model's own. */
#include "api_objective.h"

#include "api_fields.h"
#include "api_number.h"
#include "api_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is(const gd_spec *s, const char *model, const char *cost)
{
    return strcmp(s->model->name, model) == 0 && strcmp(s->cost->name, cost) == 0;
}

/* ---- the formula ---- */

/* Where the sum of "J = 1/N sum cost, r = y - z" ends and its legend begins. */
static size_t legend_at(const char *formula)
{
    size_t depth = 0, i = 0;
    for (; formula[i]; i++) {
        depth += formula[i] == '(';
        depth -= formula[i] == ')' && depth > 0;
        if (formula[i] == ',' && depth == 0)
            break;
    }
    return i;
}

static void add_cost(api_text *t, const char *formula, size_t n, bool weighted)
{
    static const char mean[] = "J = 1/N sum ";
    if (weighted && strncmp(formula, mean, strlen(mean)) == 0) {
        api_text_puts(t, "J = 1/(sum v) sum v ");
        formula += strlen(mean);
        n -= strlen(mean);
    }
    api_text_add(t, formula, n);
}

/* A penalty that is a path has no number yet. */
static void add_penalty(api_text *t, double weight, const char *name, const char *tail)
{
    if (weight == 0)
        return;
    api_text_puts(t, " + ");
    if (weight > 0)
        api_text_number(t, weight);
    else
        api_text_puts(t, name);
    api_text_puts(t, tail);
}

/* "z = X w + b" with the features and the intercept that there are. */
static void add_model(api_text *t, const char *formula, bool scaled, bool intercept)
{
    static const char features[] = "X w", constants[][5] = {" + b"};
    for (const char *at = formula; *at;) {
        if (scaled && strncmp(at, features, 3) == 0) {
            api_text_puts(t, "X' w");
            at += 3;
        } else if (!intercept && strncmp(at, constants[0], 4) == 0 && (!at[4] || at[4] == '_')) {
            at += at[4] ? 6 : 4; /* b, or the b_k of a class */
        } else {
            api_text_add(t, at++, 1);
        }
    }
    if (scaled && strstr(formula, features))
        api_text_puts(t, intercept ? ", X' standardized" : ", X' scaled to mean square 1");
    else if (scaled)
        api_text_puts(t, intercept ? ", X standardized" : ", X scaled to mean square 1");
}

static char *formula(const gd_spec *s, bool weighted)
{
    api_text t = {0};
    const char *cost = s->cost->formula;
    size_t end = legend_at(cost);
    bool penalised = s->l1 != 0 || s->l2 != 0;
    add_cost(&t, cost, end, weighted);
    add_penalty(&t, s->l1, "l1", " |w|_1");
    add_penalty(&t, s->l2, "l2", "/2 |w|^2");
    api_text_puts(&t, cost + end);
    api_text_puts(&t, weighted ? ", v the rows' weights, " : ", ");
    add_model(&t, s->model->formula, s->standardize, s->intercept);
    if (!penalised)
        api_text_puts(&t, "; no penalty");
    else if (s->intercept)
        api_text_puts(&t, "; b is not penalised");
    return api_text_take(&t);
}

/* ---- equivalents ---- */

/* In penalties of another scale: mean cost of theirs = ours / factor. */
typedef struct elastic {
    double factor, whole, share; /* l1 + l2 in their scale; l1's share of it, 0 without any */
    double n;                    /* NaN when it is not known */
} elastic;

static void add_least_squares(cJSON *o, const elastic *e)
{
    double l1 = e->whole * e->share, l2 = e->whole - l1;
    if (l1 == 0 && !isnan(e->n))
        api_doc_number(o, "Ridge.alpha", l2 * e->n);
    if (l2 == 0 && l1 > 0)
        api_doc_number(o, "Lasso.alpha", l1);
    if (l1 > 0) {
        api_doc_number(o, "ElasticNet.alpha", e->whole);
        api_doc_number(o, "ElasticNet.l1_ratio", e->share);
    }
}

/* C and 1 / (C N); there is no C for no penalty. */
static void add_c(cJSON *o, const char *name, const elastic *e)
{
    double c = 1 / (e->whole * e->n);
    if (isfinite(c))
        api_doc_number(o, name, c);
}

static void add_scikit_learn(cJSON *o, const gd_spec *s, const elastic *e)
{
    bool svm = strcmp(s->model->name, "svm") == 0;
    if (is(s, "linear_regression", "mse"))
        add_least_squares(o, e);
    if (is(s, "logistic_regression", "logistic") || is(s, "softmax_regression", "softmax")) {
        add_c(o, "LogisticRegression.C", e);
        if (e->share > 0)
            api_doc_number(o, "LogisticRegression.l1_ratio", e->share);
    }
    if (svm && e->share == 0)
        add_c(o, "LinearSVC.C", e);
    if (is(s, "linear_regression", "epsilon_insensitive") && e->share == 0)
        add_c(o, "LinearSVR.C", e);
    if (is(s, "poisson_regression", "poisson") && e->share == 0)
        api_doc_number(o, "PoissonRegressor.alpha", e->whole);
    if (is(s, "linear_regression", "quantile") && (e->share == 1 || e->whole == 0))
        api_doc_number(o, "QuantileRegressor.alpha", e->whole);
    bool sgd_regressor = is(s, "linear_regression", "mse") || is(s, "linear_regression", "huber") ||
                         is(s, "linear_regression", "epsilon_insensitive");
    if (sgd_regressor)
        api_doc_number(o, "SGDRegressor.alpha", e->whole);
    if (svm || is(s, "logistic_regression", "logistic"))
        api_doc_number(o, "SGDClassifier.alpha", e->whole);
}

static void add_equivalents(cJSON *o, const gd_spec *s, uint64_t rows)
{
    bool gaussian = is(s, "linear_regression", "mse");
    elastic e = {.factor = gaussian ? 2 : 1, .n = rows ? (double)rows : NAN};
    if (s->l1 < 0 || s->l2 < 0)
        return; /* a path, which has no one equivalent */
    e.whole = (s->l1 + s->l2) / e.factor;
    e.share = e.whole > 0 ? s->l1 / (s->l1 + s->l2) : 0;
    cJSON *sklearn = cJSON_CreateObject();
    add_scikit_learn(sklearn, s, &e);
    if (!sklearn || sklearn->child)
        api_doc_item(o, "scikit-learn", sklearn);
    else
        cJSON_Delete(sklearn);
    if (!gaussian && !is(s, "logistic_regression", "logistic") &&
        !is(s, "softmax_regression", "softmax") && !is(s, "poisson_regression", "poisson"))
        return;
    cJSON *glmnet = api_doc_add_object(o, "glmnet");
    api_doc_number(glmnet, "lambda", e.whole);
    api_doc_number(glmnet, "alpha", e.share);
}

/* ---- all of it ---- */

static void add_settings(cJSON *o, const gd_spec *s)
{
    for (size_t i = 0; i < gd_spec_params_count; i++)
        if (strcmp(gd_spec_params[i].name, "l1") == 0 || strcmp(gd_spec_params[i].name, "l2") == 0)
            api_fields_encode(o, s, &gd_spec_params[i], 1);
}

cJSON *api_objective_encode(const gd_spec *s, uint64_t train_rows, bool weighted)
{
    cJSON *o = cJSON_CreateObject();
    char *text = formula(s, weighted);
    api_doc_item(o, "formula", text ? cJSON_CreateString(text) : NULL);
    free(text);
    api_doc_string(o, "cost", s->cost->name);
    api_doc_string(o, "cost_scale",
                   weighted ? "weighted mean over the training rows"
                            : "mean over the training rows");
    api_doc_number(o, "train_rows", train_rows ? (double)train_rows : NAN);
    add_settings(o, s);
    bool penalised = s->l1 != 0 || s->l2 != 0;
    api_doc_string(o, "penalised",
                   !penalised       ? "nothing"
                   : s->standardize ? "weights, as trained (standardized units)"
                                    : "weights, as trained (the data's units)");
    add_equivalents(api_doc_add_object(o, "equivalents"), s, train_rows);
    return o;
}
