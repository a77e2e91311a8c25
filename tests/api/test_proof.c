/* api_proof: each result read back as the document it becomes; what is not known is null, and says
 * why. */
#include "api_proof.h"
#include "api_tests.h"

#include <math.h>

static const char *const columns[] = {"tv", "radio \"fm\""};

static cJSON *written(cJSON *o)
{
    char *text = api_doc_print(o);
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

static void assert_null(const cJSON *o, const char *name)
{
    ck_assert_msg(cJSON_IsNull(member_of(o, name)), "%s is not null", name);
}

START_TEST(a_certificate_with_and_without_a_gap)
{
    gd_certificate c = {
        .cost = 4, .gradient_norm = 1e-9, .kind = GD_GAP_EXACT, .gap = 1e-12, .reason = ""};
    cJSON *o = cJSON_CreateObject();
    api_certificate_encode(o, &c);
    cJSON *doc = written(o);
    assert_same_double(number_of(doc, "gap"), 1e-12);
    assert_same_double(number_of(doc, "relative_gap"), 2.5e-13);
    ck_assert_str_eq(string_of(doc, "gap_kind"), "exact");
    assert_null(doc, "reason");
    cJSON_Delete(doc);
    c = (gd_certificate){.cost = 4,
                         .gradient_norm = 1,
                         .kind = GD_GAP_NONE,
                         .gap = NAN,
                         .reason = "too many parameters"};
    o = cJSON_CreateObject();
    api_certificate_encode(o, &c);
    doc = written(o);
    assert_null(doc, "gap");
    assert_null(doc, "relative_gap");
    ck_assert_str_eq(string_of(doc, "gap_kind"), "none");
    ck_assert_str_eq(string_of(doc, "reason"), "too many parameters");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(standard_errors_name_their_columns)
{
    gd_term terms[] = {{0, 0, 1.5, 0.5, 3, 0.01, 0.5, 2.5, 1.25},
                       {0, 2, -1, 0.25, -4, 0.001, -2, 0, NAN}};
    gd_inference r = {.status = GD_INFERENCE_VALID,
                      .student = true,
                      .level = 0.95,
                      .df = 7,
                      .sigma = 0.3,
                      .distance = 1e-8,
                      .count = 2,
                      .terms = terms};
    cJSON *o = cJSON_CreateObject();
    api_inference_encode(o, &r, columns, 2, NULL);
    cJSON *doc = written(o), *list = member_of(doc, "coefficients");
    ck_assert(cJSON_IsTrue(member_of(doc, "valid")));
    ck_assert_str_eq(string_of(doc, "distribution"), "t");
    assert_same_double(number_of(doc, "df"), 7);
    assert_null(doc, "reason");
    cJSON *first = cJSON_GetArrayItem(list, 0), *second = cJSON_GetArrayItem(list, 1);
    ck_assert_str_eq(string_of(first, "column"), "tv");
    assert_same_double(number_of(first, "std_error"), 0.5);
    assert_same_double(number_of(first, "vif"), 1.25);
    ck_assert_ptr_null(cJSON_GetObjectItem(first, "class"));
    assert_null(second, "column");
    assert_null(second, "vif");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(contrasts_of_softmax_carry_their_class)
{
    gd_term terms[] = {{1, 0, 1, 1, 1, 1, 1, 1, NAN}, {2, 2, 1, 1, 1, 1, 1, 1, NAN}};
    gd_inference r = {.status = GD_INFERENCE_VALID,
                      .level = 0.95,
                      .df = INFINITY,
                      .sigma = 1,
                      .count = 2,
                      .terms = terms};
    cJSON *o = cJSON_CreateObject();
    api_inference_encode(o, &r, columns, 2, "[\"cat\", \"dog\", 7]");
    cJSON *doc = written(o), *list = member_of(doc, "coefficients");
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(list, 0), "class"), "dog");
    assert_same_double(number_of(cJSON_GetArrayItem(list, 1), "class"), 7);
    ck_assert_str_eq(string_of(doc, "distribution"), "z");
    assert_null(doc, "df");
    assert_null(doc, "sigma");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(standard_errors_that_do_not_hold_say_why)
{
    gd_inference r = {.status = GD_INFERENCE_RANK_DEFICIENT,
                      .level = 0.95,
                      .column = 1,
                      .df = 3,
                      .sigma = 1,
                      .distance = NAN};
    cJSON *o = cJSON_CreateObject();
    api_inference_encode(o, &r, columns, 2, NULL);
    cJSON *doc = written(o);
    ck_assert(cJSON_IsFalse(member_of(doc, "valid")));
    ck_assert_str_eq(string_of(doc, "status"), "rank_deficient");
    ck_assert_ptr_nonnull(strstr(string_of(doc, "reason"), "column \"radio \"fm\"\": "));
    assert_null(doc, "df");
    assert_null(doc, "distance");
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "coefficients")), 0);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_gradient_check_names_the_worst_parameter)
{
    gd_check c = {.checked = 3,
                  .worst = 2,
                  .analytic = 1,
                  .numeric = 1.5,
                  .relative_error = 1. / 3,
                  .max_absolute_error = 0.5};
    gd_shape shape = {.cols = 2, .intercept = true, .outputs = 1};
    cJSON *o = cJSON_CreateObject();
    api_check_encode(o, &c, gd_model_find("linear_regression"), &shape);
    cJSON *doc = written(o), *worst = member_of(doc, "worst");
    ck_assert_str_eq(string_of(worst, "part"), "intercept");
    assert_same_double(number_of(worst, "index"), 0);
    assert_same_double(number_of(worst, "numeric"), 1.5);
    assert_same_double(number_of(doc, "parameters"), 3);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_threshold_says_what_it_was_chosen_for)
{
    gd_threshold t = {
        .threshold = 0.4, .precision = 0.9, .recall = 0.8, .f_beta = 0.85, .value = 0.8};
    cJSON *o = cJSON_CreateObject();
    api_threshold_encode(o, &t, GD_RECALL_AT_TARGET_PRECISION, 0.88);
    cJSON *doc = written(o);
    ck_assert_str_eq(string_of(doc, "criterion"), "recall_at_target_precision");
    assert_same_double(number_of(doc, "target_precision"), 0.88);
    assert_same_double(number_of(doc, "threshold"), 0.4);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(diagnostics_with_an_infinite_condition_number)
{
    gd_extremes e = {.parameters = 3,
                     .rank = 2,
                     .largest = 4,
                     .smallest = 0,
                     .slowest = 1,
                     .condition = INFINITY,
                     .max_stable_rate = 0.5,
                     .best_rate = 0.4};
    gd_diagnosis d = {.kind = GD_EXTREMES_BOUND, .raw = e, .standardized = e, .count = 1};
    snprintf(d.warnings[0], sizeof d.warnings[0], "column \"a\" never changes");
    cJSON *o = cJSON_CreateObject();
    api_diagnosis_encode(o, &d, 0.6, 1e-6, true);
    cJSON *doc = written(o), *raw = member_of(doc, "raw"), *epochs = member_of(doc, "epochs");
    ck_assert_str_eq(string_of(doc, "curvature"), "bound");
    assert_null(raw, "condition_number");
    assert_same_double(number_of(raw, "rank"), 2);
    /* (3/5)^(2 k) <= 1e-6 from k = 14 */
    assert_same_double(number_of(epochs, "at_best_learning_rate"), 14);
    assert_null(epochs, "at_learning_rate");
    ck_assert(cJSON_IsFalse(member_of(epochs, "stable")));
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "warnings")), 1);
    cJSON_Delete(doc);
    d.kind = GD_EXTREMES_NONE;
    d.raw.largest = d.standardized.largest = NAN;
    o = cJSON_CreateObject();
    api_diagnosis_encode(o, &d, NAN, 1e-6, false);
    doc = written(o);
    ck_assert(cJSON_IsString(member_of(doc, "reason")));
    assert_null(member_of(doc, "raw"), "largest_curvature");
    ck_assert_ptr_null(cJSON_GetObjectItem(member_of(doc, "epochs"), "learning_rate"));
    cJSON_Delete(doc);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("proof");
    tcase_add_test(tc, a_certificate_with_and_without_a_gap);
    tcase_add_test(tc, standard_errors_name_their_columns);
    tcase_add_test(tc, contrasts_of_softmax_carry_their_class);
    tcase_add_test(tc, standard_errors_that_do_not_hold_say_why);
    tcase_add_test(tc, a_gradient_check_names_the_worst_parameter);
    tcase_add_test(tc, a_threshold_says_what_it_was_chosen_for);
    tcase_add_test(tc, diagnostics_with_an_infinite_condition_number);
    return run_tests(tc, "proof");
}
