/* api_compat: what other libraries' words become, what is refused, and that the echo tells all
 * of it. Expected numbers are worked out from the libraries' documented objectives. */
#include "api_compat.h"
#include "api_compats.h"
#include "api_tests.h"

#include <math.h>

static cJSON *fields, *echo;

static bool translate(const char *json, uint64_t rows, api_problem *p)
{
    cJSON *compat = cJSON_Parse(json);
    ck_assert_msg(compat != NULL, "%s", json);
    cJSON_Delete(fields);
    cJSON_Delete(echo);
    *p = no_problem();
    bool ok = api_compat_translate(compat, rows, &fields, &echo, p);
    cJSON_Delete(compat);
    ck_assert(ok == (p->code == API_NO_PROBLEM) && ok == (fields != NULL) && ok == (echo != NULL));
    return ok;
}

static void good(const char *json)
{
    api_problem p;
    ck_assert_msg(translate(json, 100, &p), "%s: %s", json, problem_text(&p));
}

static void bad(const char *json, const char *field, const char *part)
{
    api_problem p;
    ck_assert_msg(!translate(json, 100, &p), "%s is accepted", json);
    ck_assert_int_eq(p.code, API_INVALID);
    assert_says(&p, field, part);
}

/* The field at "l2" or "optimizer.name" as compact JSON. */
static void assert_field(const char *path, const char *want)
{
    char family[64];
    const cJSON *o = fields;
    const char *dot = strchr(path, '.');
    if (dot) {
        snprintf(family, sizeof family, "%.*s", (int)(dot - path), path);
        o = member_of(fields, family);
        path = dot + 1;
    }
    char *text = api_doc_text(member_of(o, path));
    cJSON *expected = cJSON_Parse(want);
    const cJSON *got = member_of(o, path);
    bool near =
        cJSON_IsNumber(got) && cJSON_IsNumber(expected) &&
        fabs(got->valuedouble - expected->valuedouble) <= 1e-12 * fabs(expected->valuedouble);
    ck_assert_msg(near || cJSON_Compare(got, expected, true), "%s is %s, not %s", path, text, want);
    cJSON_Delete(expected);
    free(text);
}

#define SKLEARN(rest) "{\"library\": \"scikit-learn\", \"estimator\": " rest "}"
#define H2O(rest) "{\"library\": \"h2o\", " rest "}"
#define LEARNER(rest) "{\"library\": \"sagemaker\", " rest "}"

static void finish(void)
{
    cJSON_Delete(fields);
    cJSON_Delete(echo);
    fields = echo = NULL;
}

START_TEST(penalties_are_scaled_by_each_librarys_objective)
{
    static const struct {
        const char *compat, *l1, *l2;
    } rows[] = {
        {SKLEARN("\"LinearRegression\""), NULL, NULL},
        {SKLEARN("\"Ridge\""), NULL, "0.02"}, /* 2 alpha / N */
        {SKLEARN("\"Ridge\", \"alpha\": 50"), NULL, "1"},
        {SKLEARN("\"Lasso\""), "2", NULL},
        {SKLEARN("\"ElasticNet\", \"alpha\": 0.5, \"l1_ratio\": 0.2"), "0.2", "0.8"},
        {SKLEARN("\"LogisticRegression\""), NULL, "0.01"}, /* 1 / (C N) */
        {SKLEARN("\"LogisticRegression\", \"penalty\": null"), NULL, NULL},
        {SKLEARN("\"LogisticRegression\", \"penalty\": \"elasticnet\", \"l1_ratio\": 0.25, "
                 "\"C\": 0.1, \"solver\": \"saga\""),
         "0.025", "0.075"},
        {SKLEARN("\"LinearSVC\", \"C\": 2"), NULL, "0.005"},
        {SKLEARN("\"LinearSVC\", \"penalty\": \"l1\""), "0.01", NULL},
        {SKLEARN("\"LinearSVR\""), NULL, "0.01"},
        {SKLEARN("\"SGDRegressor\""), NULL, "2e-4"},
        {SKLEARN("\"SGDRegressor\", \"loss\": \"huber\""), NULL, "1e-4"},
        {SKLEARN("\"SGDClassifier\", \"penalty\": \"elasticnet\""), "1.5e-5", "8.5e-5"},
        {SKLEARN("\"SGDClassifier\", \"penalty\": null"), NULL, NULL},
        {SKLEARN("\"PoissonRegressor\", \"alpha\": 3"), NULL, "3"},
        {SKLEARN("\"QuantileRegressor\""), "1", NULL},
        {SKLEARN("\"HuberRegressor\", \"scale_\": 2, \"alpha\": 5"), NULL, "0.1"},
        {SKLEARN("\"MLPRegressor\""), NULL, "2e-6"}, /* 2 alpha / min(200, N) */
        {SKLEARN("\"MLPClassifier\", \"batch_size\": 10"), NULL, "1e-5"},
        {H2O("\"family\": \"gaussian\", \"lambda\": 0.1, \"standardize\": false"), "0.1", "0.1"},
        {H2O("\"family\": \"binomial\", \"lambda\": 0.1, \"alpha\": 0, \"standardize\": false"),
         "0", "0.1"},
        {H2O("\"family\": \"binomial\", \"lambda\": 0.99, \"alpha\": 0"), "0",
         "1"}, /* N / (N - 1) */
        {H2O("\"family\": \"poisson\", \"alpha\": 1, \"lambda_search\": true"), "\"path\"", NULL},
        {LEARNER("\"predictor_type\": \"binary_classifier\", \"wd\": 0.3"), "0", "0.3"},
        {LEARNER("\"predictor_type\": \"regressor\", \"wd\": 0.3"), "0", "0.6"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        good(rows[i].compat);
        static const char *const names[] = {"l1", "l2"};
        for (size_t k = 0; k < 2; k++) {
            const char *want = k ? rows[i].l2 : rows[i].l1;
            if (want)
                assert_field(names[k], want);
            else
                ck_assert_msg(!cJSON_HasObjectItem(fields, names[k]), "%s", rows[i].compat);
        }
    }
}
END_TEST

START_TEST(the_rest_of_a_translation)
{
    static const struct {
        const char *compat, *field, *want;
    } rows[] = {
        {SKLEARN("\"Ridge\""), "optimizer.name", "\"lbfgs\""},
        {SKLEARN("\"Ridge\""), "standardize", "false"},
        {SKLEARN("\"LinearRegression\""), "standardize", "true"}, /* moves no minimum */
        {SKLEARN("\"Lasso\""), "optimizer.name", "\"gd\""},
        {SKLEARN("\"LinearRegression\", \"positive\": true"), "optimizer.name", "\"gd\""},
        {SKLEARN("\"LinearRegression\", \"positive\": true"), "non_negative", "true"},
        {SKLEARN("\"LogisticRegression\", \"multi_class\": \"multinomial\""), "model",
         "\"softmax_regression\""},
        {SKLEARN("\"LogisticRegression\", \"class_weight\": {\"a\": 1, \"b\": 3}"), "class_weight",
         "{\"a\": 1, \"b\": 3}"},
        {SKLEARN("\"LogisticRegression\""), "tol_on", "\"gradient\""},
        {SKLEARN("\"LogisticRegression\", \"random_state\": 4"), "seed", "4"},
        {SKLEARN("\"SGDRegressor\""), "batch_size", "1"},
        {SKLEARN("\"SGDRegressor\""), "learning_rate", "0.0015811388300841897"}, /* .01/2/100^.25 */
        {SKLEARN("\"SGDRegressor\""), "schedule.power", "0.25"},
        {SKLEARN("\"SGDRegressor\", \"learning_rate\": \"adaptive\""), "schedule.patience", "4"},
        {SKLEARN("\"SGDClassifier\""), "learning_rate", "9.0909090909090917"}, /* 1e4 / 1100 */
        {SKLEARN("\"SGDClassifier\", \"loss\": \"log_loss\""), "cost", "\"logistic\""},
        {SKLEARN("\"SGDClassifier\", \"early_stopping\": true"), "patience", "5"},
        {SKLEARN("\"QuantileRegressor\", \"quantile\": 0.9"), "cost.q", "0.9"},
        {SKLEARN("\"HuberRegressor\", \"scale_\": 2"), "cost.delta", "2.7"},
        {SKLEARN("\"MLPClassifier\", \"hidden_layer_sizes\": 7"), "model.hidden_layers", "[7]"},
        {SKLEARN("\"MLPRegressor\", \"activation\": \"logistic\""), "model.activation",
         "\"sigmoid\""},
        {SKLEARN("\"MLPRegressor\", \"solver\": \"sgd\""), "optimizer.name", "\"nesterov\""},
        {SKLEARN("\"MLPRegressor\", \"solver\": \"sgd\""), "learning_rate", "0.0005"},
        {SKLEARN("\"MLPRegressor\", \"solver\": \"lbfgs\""), "batch_size", "\"full\""},
        {SKLEARN("\"MLPRegressor\""), "batch_size", "100"},
        {H2O("\"family\": \"poisson\", \"lambda\": 0, \"offset_column\": \"t\""), "offset",
         "\"t\""},
        {H2O("\"family\": \"poisson\", \"lambda\": 0, \"weights_column\": \"w\""), "sample_weight",
         "\"w\""},
        {LEARNER("\"predictor_type\": \"regressor\", \"loss\": \"huber_loss\", \"huber_delta\": 3"),
         "cost.delta", "3"},
        {LEARNER("\"predictor_type\": \"binary_classifier\", "
                 "\"positive_example_weight_mult\": 4"),
         "class_weight", "{\"0\": 1, \"1\": 4}"},
        {LEARNER("\"predictor_type\": \"binary_classifier\", "
                 "\"binary_classifier_model_selection_criteria\": \"recall_at_target_precision\""),
         "threshold", "{\"criterion\": \"recall_at_target_precision\", \"target\": 0.8}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        good(rows[i].compat);
        assert_field(rows[i].field, rows[i].want);
    }
}
END_TEST

START_TEST(the_echo_tells_defaults_from_what_was_given)
{
    good(SKLEARN("\"Ridge\", \"fit_intercept\": false, \"copy_X\": true"));
    ck_assert_str_eq(string_of(echo, "library"), "scikit-learn");
    ck_assert_str_eq(string_of(echo, "estimator"), "Ridge");
    const cJSON *e;
    int seen = 0;
    cJSON_ArrayForEach (e, member_of(echo, "translation")) {
        ck_assert(*string_of(e, "because"));
        const cJSON *from = member_of(e, "from");
        if (cJSON_IsNull(from))
            continue;
        if (strcmp(from->valuestring, "alpha") == 0) {
            ck_assert(is_true(e, "default") && number_of(e, "value") == 1);
            ck_assert_str_eq(string_of(e, "to"), "l2");
            assert_same_double(number_of(e, "becomes"), 0.02);
            seen++;
        }
        if (strcmp(from->valuestring, "fit_intercept") == 0) {
            ck_assert(!is_true(e, "default") && !is_true(e, "becomes"));
            seen++;
        }
        if (strcmp(from->valuestring, "copy_X") == 0) {
            ck_assert(is_null(e, "to"));
            seen++;
        }
    }
    ck_assert_int_eq(seen, 3);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    bad("5", "compat", "must be an object");
    bad("{}", "compat.library", "is missing");
    bad("{\"library\": \"scikit-lern\"}", "compat.library", "did you mean \"scikit-learn\"?");
    bad(SKLEARN("\"Rige\""), "compat.estimator", "did you mean \"Ridge\"?");
    bad("{\"library\": \"scikit-learn\"}", "compat.estimator", "is missing");
    bad(SKLEARN("\"Ridge\", \"alhpa\": 1"), "compat.alhpa", "did you mean \"alpha\"?");
    bad(SKLEARN("\"Ridge\", \"alpha\": -1"), "compat.alpha",
        "must be a finite number of at least 0");
    bad(SKLEARN("\"Ridge\", \"alpha\": \"1\""), "compat.alpha", "got \"1\"");
    bad(SKLEARN("\"Ridge\", \"fit_intercept\": 1"), "compat.fit_intercept", "true or false");
    bad(SKLEARN("\"Ridge\", \"warm_start\": true"), "compat.warm_start", "start_from");
    bad(SKLEARN("\"LogisticRegression\", \"C\": 0"), "compat.C", "greater than 0");
    bad(SKLEARN("\"LogisticRegression\", \"C\": 1e-320"), "compat.C", "range of double");
    bad(SKLEARN("\"LogisticRegression\", \"penalty\": \"l3\""), "compat.penalty", "did you mean");
    bad(SKLEARN("\"LogisticRegression\", \"penalty\": \"l1\", \"solver\": \"lbfgs\""),
        "compat.solver", "saga");
    bad(SKLEARN("\"LogisticRegression\", \"penalty\": \"elasticnet\""), "compat.l1_ratio",
        "is missing");
    bad(SKLEARN("\"HuberRegressor\""), "compat.scale_", "is missing");
    bad(SKLEARN("\"SGDClassifier\", \"loss\": \"perceptron\""), "compat.loss", "use \"hinge\"");
    bad(SKLEARN("\"SGDClassifier\", \"learning_rate\": \"constant\""), "compat.eta0",
        "greater than 0");
    bad(SKLEARN("\"SGDClassifier\", \"alpha\": 0"), "compat.learning_rate", "alpha above 0");
    bad(SKLEARN("\"MLPRegressor\", \"hidden_layer_sizes\": [1,1,1,1,1,1,1,1,1]"),
        "compat.hidden_layer_sizes", "8 layers");
    bad(SKLEARN("\"MLPRegressor\", \"hidden_layer_sizes\": []"), "compat.hidden_layer_sizes",
        "array of whole numbers");
    bad(H2O("\"lambda\": 0"), "compat.family", "is missing");
    bad(H2O("\"family\": \"gaussian\""), "compat.lambda", "is missing");
    bad(H2O("\"family\": \"gaussian\", \"lambda_search\": true"), "compat.lambda_search", "alpha");
    bad(H2O("\"family\": \"gaussian\", \"lambda\": 0, \"link\": \"log\""), "compat.link",
        "identity");
    bad(H2O("\"family\": \"poisson\", \"lambda\": 0, \"beta_epsilon\": 0.1, "
            "\"gradient_epsilon\": 0.1"),
        "compat.beta_epsilon", "one tolerance too many");
    bad(LEARNER("\"predictor_type\": \"regressor\", \"loss\": \"logistic\""), "compat.loss",
        "binary_classifier");
    bad(LEARNER("\"predictor_type\": \"regressor\", \"bias_wd_mult\": 1"), "compat.bias_wd_mult",
        "never penalised");
    api_problem p;
    ck_assert(!translate(SKLEARN("\"Ridge\""), 0, &p));
    assert_says(&p, "compat.alpha", "number of training rows");
}
END_TEST

START_TEST(every_row_of_the_tables_is_in_order_and_in_the_catalog)
{
    cJSON *list = cJSON_CreateArray();
    api_compat_catalog(list);
    ck_assert_int_eq(cJSON_GetArraySize(list), (int)api_compat_libraries_count);
    for (size_t i = 0; i < api_compat_libraries_count; i++) {
        const api_compat_library *l = api_compat_libraries[i];
        const cJSON *library = cJSON_GetArrayItem(list, (int)i);
        ck_assert_str_eq(string_of(library, "name"), l->name);
        for (size_t k = 0; k < l->estimators_count; k++) {
            const api_compat_estimator *e = l->estimators[k];
            const cJSON *o = cJSON_GetArrayItem(member_of(library, "estimators"), (int)k);
            ck_assert_int_eq(cJSON_GetArraySize(member_of(o, "parameters")), (int)e->params_count);
            for (size_t j = 0; j < e->params_count; j++) {
                const api_compat_param *p = &e->params[j];
                ck_assert_msg(p->forms && p->doc && (p->put || p->because), "%s.%s", e->name,
                              p->name);
                ck_assert(!p->words == !(p->forms & API_COMPAT_WORD));
                cJSON *def = p->def ? cJSON_Parse(p->def) : NULL;
                ck_assert_msg(!p->def == !def, "%s.%s: %s", e->name, p->name, p->def);
                cJSON_Delete(def);
                for (size_t m = 0; m < j; m++)
                    ck_assert_str_ne(e->params[m].name, p->name);
            }
        }
    }
    cJSON_Delete(list);
}
END_TEST

/* A default is a value that may be given, and then the same comes of it. */
START_TEST(defaults_may_be_given_and_change_nothing)
{
    for (size_t i = 0; i < api_compat_libraries_count; i++)
        for (size_t k = 0; k < api_compat_libraries[i]->estimators_count; k++) {
            const api_compat_estimator *e = api_compat_libraries[i]->estimators[k];
            cJSON *compat = cJSON_CreateObject();
            api_doc_string(compat, "library", api_compat_libraries[i]->name);
            api_doc_string(compat, "estimator", e->name);
            for (size_t j = 0; j < e->params_count; j++)
                if (e->params[j].required)
                    api_doc_string(compat, e->params[j].name, e->params[j].words[0]);
            if (i == 1)
                api_doc_number(compat, "lambda", 1);
            if (strcmp(e->name, "HuberRegressor") == 0)
                api_doc_number(compat, "scale_", 1);
            char *text = api_doc_text(compat);
            good(text);
            cJSON *first = cJSON_Duplicate(fields, true);
            for (size_t j = 0; j < e->params_count; j++)
                if (e->params[j].def)
                    api_doc_embed(compat, e->params[j].name, e->params[j].def);
            free(text);
            text = api_doc_text(compat);
            good(text);
            ck_assert_msg(cJSON_Compare(first, fields, true), "%s", text);
            free(text);
            cJSON_Delete(first);
            cJSON_Delete(compat);
        }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("compat");
    tcase_add_checked_fixture(tc, NULL, finish);
    tcase_add_test(tc, penalties_are_scaled_by_each_librarys_objective);
    tcase_add_test(tc, the_rest_of_a_translation);
    tcase_add_test(tc, the_echo_tells_defaults_from_what_was_given);
    tcase_add_test(tc, what_is_wrong_is_named);
    tcase_add_test(tc, every_row_of_the_tables_is_in_order_and_in_the_catalog);
    tcase_add_test(tc, defaults_may_be_given_and_change_nothing);
    return run_tests(tc, "api_compat");
}
