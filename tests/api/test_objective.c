/* api_objective: the formula says what core minimises, and the equivalents are the other
 * libraries' own parameters for the same. */
#include "api_objective.h"
#include "api_tests.h"

#include <math.h>

static cJSON *encode(const gd_spec *s, uint64_t rows, bool weighted)
{
    cJSON *made = api_objective_encode(s, rows, weighted);
    char *text = api_doc_text(made);
    cJSON *doc = read_back(text);
    free(text);
    cJSON_Delete(made);
    return doc;
}

static gd_spec spec_of(const char *model, const char *cost)
{
    gd_spec s;
    gd_spec_defaults(&s);
    s.model = gd_model_find(model);
    s.cost = gd_cost_find(cost);
    ck_assert(s.model && s.cost);
    gd_param_defaults(&s.cost_hyper, s.cost->params, s.cost->params_count);
    return s;
}

static void assert_equivalent(const gd_spec *s, uint64_t rows, const char *library,
                              const char *name, double want)
{
    cJSON *o = encode(s, rows, false);
    const cJSON *l = member_of(member_of(o, "equivalents"), library);
    ck_assert_msg(fabs(number_of(l, name) - want) <= 1e-12 * fabs(want), "%s is %.17g, not %.17g",
                  name, number_of(l, name), want);
    cJSON_Delete(o);
}

START_TEST(no_penalty_unless_asked)
{
    gd_spec s;
    gd_spec_defaults(&s);
    cJSON *o = encode(&s, 50, false);
    ck_assert_str_eq(string_of(o, "formula"),
                     "J = 1/N sum (y - z)^2, z = X' w + b, X' standardized; "
                     "no penalty");
    ck_assert_str_eq(string_of(o, "cost"), "mse");
    ck_assert_str_eq(string_of(o, "cost_scale"), "mean over the training rows");
    ck_assert_str_eq(string_of(o, "penalised"), "nothing");
    assert_same_double(number_of(o, "l1"), 0);
    assert_same_double(number_of(o, "l2"), 0);
    assert_same_double(number_of(o, "train_rows"), 50);
    cJSON_Delete(o);
}
END_TEST

START_TEST(penalties_scaling_weights_and_intercept_show_in_the_formula)
{
    gd_spec s = spec_of("linear_regression", "mse");
    s.l1 = 0.1;
    s.l2 = 0.5;
    cJSON *o = encode(&s, 0, true);
    ck_assert_str_eq(
        string_of(o, "formula"),
        "J = 1/(sum v) sum v (y - z)^2 + 0.1 |w|_1 + 0.5/2 |w|^2, v the rows' weights, "
        "z = X' w + b, X' standardized; b is not penalised");
    ck_assert(is_null(o, "train_rows"));
    ck_assert_str_eq(string_of(o, "penalised"), "weights, as trained (standardized units)");
    cJSON_Delete(o);
    s = spec_of("linear_regression", "huber");
    s.l2 = 2;
    s.standardize = s.intercept = false;
    o = encode(&s, 0, false);
    ck_assert_str_eq(string_of(o, "formula"),
                     "J = 1/N sum (r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2)) + 2/2 "
                     "|w|^2, r = y - z, z = X w");
    ck_assert_str_eq(string_of(o, "penalised"), "weights, as trained (the data's units)");
    cJSON_Delete(o);
    s = spec_of("softmax_regression", "softmax");
    s.intercept = false;
    o = encode(&s, 0, false);
    ck_assert_str_eq(
        string_of(o, "formula"),
        "J = 1/N sum (log sum exp(z) - z_y), P(class k) = exp(z_k) / sum exp(z), z_k = "
        "X' w_k, X' scaled to mean square 1; no penalty");
    cJSON_Delete(o);
}
END_TEST

START_TEST(equivalents_are_those_of_the_libraries_own_objectives)
{
    gd_spec s = spec_of("linear_regression", "mse");
    s.l2 = 0.5; /* |y - Xw|^2 + 25 |w|^2 at N = 100 */
    assert_equivalent(&s, 100, "scikit-learn", "Ridge.alpha", 25);
    assert_equivalent(&s, 100, "glmnet", "lambda", 0.25);
    assert_equivalent(&s, 100, "glmnet", "alpha", 0);
    s.l1 = 0.3; /* 1/(2N) |y - Xw|^2 + 0.15 |w|_1 + 0.25/2 |w|^2 */
    assert_equivalent(&s, 0, "scikit-learn", "ElasticNet.alpha", 0.4);
    assert_equivalent(&s, 0, "scikit-learn", "ElasticNet.l1_ratio", 0.375);
    s.l2 = 0;
    assert_equivalent(&s, 0, "scikit-learn", "Lasso.alpha", 0.15);
    s = spec_of("logistic_regression", "logistic");
    s.l2 = 0.01;
    assert_equivalent(&s, 200, "scikit-learn", "LogisticRegression.C", 0.5);
    assert_equivalent(&s, 200, "scikit-learn", "SGDClassifier.alpha", 0.01);
    assert_equivalent(&s, 200, "glmnet", "lambda", 0.01);
    s = spec_of("svm", "squared_hinge");
    s.l2 = 0.02;
    assert_equivalent(&s, 50, "scikit-learn", "LinearSVC.C", 1);
    s = spec_of("poisson_regression", "poisson");
    s.l2 = 0.7;
    assert_equivalent(&s, 50, "scikit-learn", "PoissonRegressor.alpha", 0.7);
}
END_TEST

START_TEST(where_there_is_no_equivalent_none_is_claimed)
{
    gd_spec s = spec_of("linear_regression", "log_cosh");
    s.l2 = 1;
    cJSON *o = encode(&s, 10, false);
    ck_assert_ptr_null(member_of(o, "equivalents")->child);
    cJSON_Delete(o);
    s = spec_of("logistic_regression", "logistic"); /* C would be infinite */
    o = encode(&s, 10, false);
    ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(
        member_of(member_of(o, "equivalents"), "scikit-learn"), "LogisticRegression.C"));
    cJSON_Delete(o);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("objective");
    tcase_add_test(tc, no_penalty_unless_asked);
    tcase_add_test(tc, penalties_scaling_weights_and_intercept_show_in_the_formula);
    tcase_add_test(tc, equivalents_are_those_of_the_libraries_own_objectives);
    tcase_add_test(tc, where_there_is_no_equivalent_none_is_claimed);
    return run_tests(tc, "api_objective");
}
