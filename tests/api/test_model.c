/* api_model and api_dataset: models, predictions and datasets written down; every number
 * reads back bit for bit, and null stands for what is not finite.
 */
#include "api_dataset.h"
#include "api_model.h"
#include "api_tests.h"

#include <math.h>

static const char *const columns[] = {"tv", "radio \"fm\"", "caf\xc3\xa9"};
static const double theta[] = {0.1, -1.0 / 3, 1e22, 0.1 + 0.2};
static const double scaled[] = {5e-324, -0.0, 2.385, 1e-7};
static const double center[] = {147.0425, 23.264, 0}, scale[] = {85.63933, 14.80964561, 1};

static void assert_numbers(const cJSON *list, const double *want, size_t n)
{
    ck_assert(cJSON_IsArray(list));
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(list), n);
    for (size_t i = 0; i < n; i++)
        assert_same_double(cJSON_GetArrayItem(list, (int)i)->valuedouble, want[i]);
}

static cJSON *written(cJSON *o)
{
    char *text = api_doc_print(o);
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

static cJSON *model_document(const api_model_view *v, bool brief)
{
    cJSON *o = cJSON_CreateObject();
    api_model_encode(o, v, brief);
    return written(o);
}

static api_model_view wide(void)
{
    return (api_model_view){.id = "model_1",
                            .job_id = "job_1",
                            .name = "ads",
                            .target = "sales",
                            .created_at = "2024-02-29T12:00:00Z",
                            .model = gd_model_find("linear_regression"),
                            .shape = {3, true, 1},
                            .columns = columns,
                            .theta = theta,
                            .scaled = scaled,
                            .center = center,
                            .scale = scale,
                            .metrics = "{\"mse\": 2.784126314510936, \"r2\": 0.8972106381789522}",
                            .training = "{\"rows\": 200}"};
}

/* ---- models ---- */

START_TEST(a_model_is_written_with_its_parameters_in_both_units)
{
    api_model_view v = wide();
    cJSON *doc = model_document(&v, false), *parameters = member_of(doc, "parameters");
    ck_assert_str_eq(string_of(doc, "id"), "model_1");
    ck_assert_str_eq(string_of(doc, "job_id"), "job_1");
    ck_assert_str_eq(string_of(doc, "name"), "ads");
    ck_assert_str_eq(string_of(doc, "model"), "linear_regression");
    ck_assert_str_eq(string_of(doc, "target"), "sales");
    ck_assert_str_eq(string_of(doc, "created_at"), "2024-02-29T12:00:00Z");
    assert_numbers(member_of(parameters, "coefficients"), theta, 3);
    assert_same_double(number_of(parameters, "intercept"), theta[3]);
    ck_assert_ptr_null(cJSON_GetObjectItem(parameters, "m"));
    cJSON *inner = member_of(doc, "scaled_parameters");
    assert_numbers(member_of(inner, "coefficients"), scaled, 3);
    assert_same_double(number_of(inner, "intercept"), scaled[3]);
    assert_numbers(member_of(inner, "center"), center, 3);
    assert_numbers(member_of(inner, "scale"), scale, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(cJSON_GetArrayItem(member_of(doc, "columns"), i)->valuestring, columns[i]);
    cJSON *metrics = member_of(doc, "metrics");
    assert_same_double(number_of(metrics, "mse"), 2.784126314510936);
    assert_same_double(number_of(metrics, "r2"), 0.8972106381789522);
    ck_assert(is_null(doc, "validation_metrics") && is_null(doc, "classes"));
    assert_same_double(number_of(member_of(doc, "training"), "rows"), 200);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_brief_model_leaves_out_what_is_long)
{
    api_model_view v = wide();
    v.columns = NULL;
    v.theta = v.scaled = v.center = v.scale = NULL;
    v.training = NULL;
    v.metrics = "{\"mse\": null}";
    v.validation_metrics = "{\"mse\": 0.1}";
    v.classes = "[\"no\", \"yes\"]";
    cJSON *doc = model_document(&v, true);
    static const char *const long_ones[] = {"parameters", "scaled_parameters", "columns",
                                            "training"};
    for (size_t i = 0; i < COUNT(long_ones); i++)
        ck_assert_ptr_null(cJSON_GetObjectItem(doc, long_ones[i]));
    ck_assert(is_null(member_of(doc, "metrics"), "mse"));
    assert_same_double(number_of(member_of(doc, "validation_metrics"), "mse"), 0.1);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "classes")), 2);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_line_has_m_and_b_beside_its_parameters)
{
    api_model_view v = wide();
    v.shape = (gd_shape){1, true, 1};
    v.theta = (const double[]){1.0 / 3, -7};
    v.scaled = NULL;
    cJSON *doc = model_document(&v, false), *parameters = member_of(doc, "parameters");
    assert_same_double(number_of(parameters, "m"), 1.0 / 3);
    assert_same_double(number_of(parameters, "b"), -7);
    assert_numbers(member_of(parameters, "coefficients"), v.theta, 1);
    assert_same_double(number_of(parameters, "intercept"), -7);
    ck_assert(is_null(doc, "scaled_parameters"));
    cJSON_Delete(doc);
    v.shape.intercept = false;
    doc = model_document(&v, false);
    parameters = member_of(doc, "parameters");
    assert_same_double(number_of(parameters, "m"), 1.0 / 3);
    ck_assert_ptr_null(cJSON_GetObjectItem(parameters, "b"));
    ck_assert_ptr_null(cJSON_GetObjectItem(parameters, "intercept"));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(the_training_of_a_model_is_written)
{
    cJSON *doc = written(api_training_encode("ds_1", "ads", "ab12", 200, "{\"epochs\": 10}",
                                             "converged", 7, 0.1, 5e-324, 1.0 / 3, 0.25));
    cJSON *dataset = member_of(doc, "dataset");
    ck_assert_str_eq(string_of(dataset, "id"), "ds_1");
    ck_assert_str_eq(string_of(dataset, "name"), "ads");
    ck_assert_str_eq(string_of(dataset, "sha256"), "ab12");
    assert_same_double(number_of(dataset, "rows"), 200);
    assert_same_double(number_of(doc, "epochs"), 7);
    ck_assert_str_eq(string_of(doc, "stop_reason"), "converged");
    assert_same_double(number_of(doc, "cost"), 0.1);
    assert_same_double(number_of(doc, "gradient_norm"), 5e-324);
    assert_same_double(number_of(doc, "learning_rate"), 1.0 / 3);
    assert_same_double(number_of(doc, "seconds"), 0.25);
    assert_same_double(number_of(member_of(doc, "spec"), "epochs"), 10);
    cJSON_Delete(doc);
}
END_TEST

/* ---- predictions ---- */

static char *of_numbers(const char *id, const double *out, size_t n)
{
    const gd_shape shape = {3, true, 1};
    return api_predictions_encode(id, NULL, gd_model_find("linear_regression"), &shape, NULL, out, n);
}

START_TEST(predictions_are_exact)
{
    enum { N = 3000 };
    static double z[N];
    uint64_t seed = 43;
    for (size_t i = 0; i < N; i++)
        do
            z[i] = double_of(random_bits(&seed));
        while (!isfinite(z[i]));
    char *text = of_numbers("model_1", z, N);
    cJSON *doc = read_back(text), *item;
    ck_assert_str_eq(string_of(doc, "model_id"), "model_1");
    assert_same_double(number_of(doc, "count"), N);
    ck_assert(is_true(doc, "finite"));
    size_t i = 0;
    cJSON_ArrayForEach (item, member_of(doc, "predictions")) {
        if (bits_of(item->valuedouble) != bits_of(z[i]))
            ck_abort_msg("prediction %zu is %.17g, not %.17g", i, item->valuedouble, z[i]);
        i++;
    }
    ck_assert_uint_eq(i, N);
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(predictions_that_are_not_finite_are_null_and_flagged)
{
    const double z[] = {1.5, INFINITY, -2, NAN, -INFINITY};
    char *text = of_numbers("m", z, COUNT(z));
    cJSON *doc = read_back(text), *list = member_of(doc, "predictions");
    ck_assert(!is_true(doc, "finite"));
    ck_assert_int_eq(cJSON_GetArraySize(list), COUNT(z));
    for (size_t i = 0; i < COUNT(z); i++) {
        cJSON *item = cJSON_GetArrayItem(list, (int)i);
        ck_assert(isfinite(z[i]) ? cJSON_IsNumber(item) : cJSON_IsNull(item));
    }
    cJSON_Delete(doc);
    free(text);
    text = of_numbers("m", NULL, 0);
    doc = read_back(text);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "predictions")), 0);
    ck_assert(is_true(doc, "finite"));
    cJSON_Delete(doc);
    free(text);
}
END_TEST

/* ---- predictions of classes ---- */

static cJSON *of_classes(const char *model, size_t outputs, const char *classes, const double *out,
                         size_t n)
{
    const gd_shape shape = {3, true, outputs};
    char *text = api_predictions_encode("m", NULL, gd_model_find(model), &shape, classes, out, n);
    cJSON *doc = read_back(text);
    free(text);
    ck_assert_str_eq(string_of(doc, "model_id"), "m");
    assert_same_double(number_of(doc, "count"), (double)n);
    return doc;
}

/* want: labels, NULL for null */
static void assert_labels(const cJSON *doc, const char *const *want, size_t n)
{
    const cJSON *list = member_of(doc, "predictions");
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(list), n);
    for (size_t i = 0; i < n; i++) {
        const cJSON *item = cJSON_GetArrayItem(list, (int)i);
        if (want[i])
            ck_assert_msg(cJSON_IsString(item) && strcmp(item->valuestring, want[i]) == 0,
                          "%zu is not \"%s\"", i, want[i]);
        else
            ck_assert_msg(cJSON_IsNull(item), "%zu is not null", i);
    }
}

static void assert_row(const cJSON *matrix, int row, const double *want, size_t n)
{
    const cJSON *list = cJSON_GetArrayItem(matrix, row);
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(list), n);
    for (size_t i = 0; i < n; i++) {
        const cJSON *item = cJSON_GetArrayItem(list, (int)i);
        if (isfinite(want[i]))
            assert_same_double(item->valuedouble, want[i]);
        else
            ck_assert(cJSON_IsNull(item));
    }
}

START_TEST(two_classes_have_labels_and_both_probabilities)
{
    static const char classes[] = "[\"caf\xc3\xa9\", \"say \\\"yes\\\"\"]";
    static const double p[] = {0.1, 0.9, 0.5, 0.5000000000000001, 0, 1, NAN};
    static const char *const labels[] = {"caf\xc3\xa9", "say \"yes\"", "caf\xc3\xa9", "say \"yes\"",
                                         "caf\xc3\xa9", "say \"yes\"", NULL};
    cJSON *doc = of_classes("logistic_regression", 1, classes, p, COUNT(p));
    assert_labels(doc, labels, COUNT(p));
    const cJSON *matrix = member_of(doc, "probabilities");
    ck_assert_int_eq(cJSON_GetArraySize(matrix), COUNT(p));
    for (size_t i = 0; i < COUNT(p); i++)
        assert_row(matrix, (int)i, (const double[]){1 - p[i], p[i]}, 2);
    ck_assert(!is_true(doc, "finite"));
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "scores"));
    cJSON_Delete(doc);
    doc = of_classes("logistic_regression", 1, classes, p, COUNT(p) - 1);
    ck_assert(is_true(doc, "finite"));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(more_classes_have_the_likeliest_and_all_probabilities)
{
    static const double p[] = {0.2, 0.5, 0.3, 1,   0,   0,   5e-324, 0.1,
                               0.9, 0.4, 0.4, 0.2, NAN, NAN, NAN};
    static const char *const labels[] = {"b", "a", "c", "a", NULL}; /* the first of equals */
    cJSON *doc = of_classes("softmax_regression", 3, "[\"a\", \"b\", \"c\"]", p, 5);
    assert_labels(doc, labels, 5);
    for (int i = 0; i < 5; i++)
        assert_row(member_of(doc, "probabilities"), i, p + 3 * i, 3);
    ck_assert(!is_true(doc, "finite"));
    cJSON_Delete(doc);
    doc = of_classes("softmax_regression", 2, "[\"a\", \"b\"]", p, 1); /* two of its own */
    assert_labels(doc, (const char *const[]){"b"}, 1);
    assert_row(member_of(doc, "probabilities"), 0, p, 2);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_margin_has_scores_instead_of_probabilities)
{
    static const double z[] = {-1.5, 0, -0.0, 5e-324, 1e300, INFINITY, NAN};
    static const char *const labels[] = {"no", "no", "no", "yes", "yes", NULL, NULL};
    cJSON *doc = of_classes("svm", 1, "[\"no\", \"yes\"]", z, COUNT(z));
    assert_labels(doc, labels, COUNT(z));
    const cJSON *list = member_of(doc, "scores");
    for (size_t i = 0; i < COUNT(z); i++) {
        const cJSON *item = cJSON_GetArrayItem(list, (int)i);
        if (isfinite(z[i]))
            assert_same_double(item->valuedouble, z[i]);
        else
            ck_assert(cJSON_IsNull(item));
    }
    ck_assert(!is_true(doc, "finite"));
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "probabilities"));
    cJSON_Delete(doc);
}
END_TEST

/* Classes that were numbers are predicted as numbers. */
START_TEST(classes_may_be_numbers)
{
    static const double p[] = {0.25, 0.75};
    cJSON *doc = of_classes("logistic_regression", 1, "[-1, 2.5]", p, 2);
    assert_numbers(member_of(doc, "predictions"), (const double[]){-1, 2.5}, 2);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(no_rows_have_no_predictions)
{
    static const char *const models[] = {"logistic_regression", "softmax_regression", "svm",
                                         "poisson_regression"};
    for (size_t i = 0; i < COUNT(models); i++) {
        cJSON *doc = of_classes(models[i], 1, "[\"a\", \"b\"]", NULL, 0);
        ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "predictions")), 0);
        ck_assert(is_true(doc, "finite"));
        cJSON_Delete(doc);
    }
}
END_TEST

START_TEST(counts_are_predicted_as_numbers_alone)
{
    static const double z[] = {0.5, 1e22, INFINITY};
    cJSON *doc = of_classes("poisson_regression", 1, NULL, z, 3);
    assert_same_double(cJSON_GetArrayItem(member_of(doc, "predictions"), 1)->valuedouble, 1e22);
    ck_assert(cJSON_IsNull(cJSON_GetArrayItem(member_of(doc, "predictions"), 2)));
    ck_assert(!cJSON_GetObjectItem(doc, "probabilities") && !cJSON_GetObjectItem(doc, "scores"));
    cJSON_Delete(doc);
}
END_TEST

/* ---- metrics and models of classes ---- */

START_TEST(metrics_have_a_confusion_matrix_with_classes)
{
    static const gd_metric metrics[] = {{"accuracy", 1.0 / 3}, {"log_loss", NAN}, {"f1", 5e-324}};
    static const double counts[] = {5, 0, 1, 2, 2147483647, 0, 0, 0, 7};
    cJSON *doc = written(api_metrics_encode(metrics, 3, counts, 3));
    assert_same_double(number_of(doc, "accuracy"), 1.0 / 3);
    assert_same_double(number_of(doc, "f1"), 5e-324);
    ck_assert(is_null(doc, "log_loss"));
    const cJSON *matrix = member_of(doc, "confusion_matrix");
    ck_assert_int_eq(cJSON_GetArraySize(matrix), 3);
    for (int i = 0; i < 3; i++)
        assert_row(matrix, i, counts + 3 * i, 3);
    cJSON_Delete(doc);
    doc = written(api_metrics_encode(metrics, 1, NULL, 0));
    ck_assert_int_eq(cJSON_GetArraySize(doc), 1);
    cJSON_Delete(doc);
    doc = written(api_metrics_encode(NULL, 0, NULL, 0));
    ck_assert_int_eq(cJSON_GetArraySize(doc), 0);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_model_of_classes_has_a_row_of_coefficients_for_each)
{
    static const double of_three[] = {0.1, 1.0 / 3, 3, -4, 5, -0.0, 1e22, 8, 5e-324};
    api_model_view v = wide();
    v.model = gd_model_find("softmax_regression");
    v.shape = (gd_shape){2, true, 3};
    v.theta = v.scaled = of_three;
    v.classes = "[\"a\", \"b\", \"c\"]";
    v.validation_metrics = "{\"accuracy\": 0.5}";
    cJSON *doc = model_document(&v, false);
    static const char *const both[] = {"parameters", "scaled_parameters"};
    for (size_t k = 0; k < 2; k++) {
        const cJSON *parameters = member_of(doc, both[k]);
        ck_assert_int_eq(cJSON_GetArraySize(member_of(parameters, "coefficients")), 3);
        for (int i = 0; i < 3; i++)
            assert_row(member_of(parameters, "coefficients"), i, of_three + 2 * i, 2);
        assert_numbers(member_of(parameters, "intercept"), of_three + 6, 3);
        ck_assert_ptr_null(cJSON_GetObjectItem(parameters, "m"));
    }
    ck_assert_str_eq(cJSON_GetArrayItem(member_of(doc, "classes"), 2)->valuestring, "c");
    assert_same_double(number_of(member_of(doc, "validation_metrics"), "accuracy"), 0.5);
    cJSON_Delete(doc);
    v.shape = (gd_shape){1, false, 3}; /* one feature: rows of one, and no m */
    v.scaled = NULL;
    doc = model_document(&v, false);
    const cJSON *parameters = member_of(doc, "parameters");
    for (int i = 0; i < 3; i++)
        assert_row(member_of(parameters, "coefficients"), i, of_three + i, 1);
    ck_assert(!cJSON_GetObjectItem(parameters, "m") &&
              !cJSON_GetObjectItem(parameters, "intercept"));
    cJSON_Delete(doc);
}
END_TEST

/* ---- datasets ---- */

START_TEST(a_dataset_is_written)
{
    const api_dataset_view v = {.id = "ds_1",
                                .name = "caf\xc3\xa9",
                                .target = "sales",
                                .sha256 = "00ff",
                                .created_at = "2024-02-29T12:00:00Z",
                                .rows = UINT64_C(2147483647),
                                .bytes = UINT64_C(9007199254740991),
                                .columns = "[\"tv\", \"radio\"]"};
    cJSON *o = cJSON_CreateObject();
    api_dataset_encode(o, &v);
    cJSON *doc = written(o);
    ck_assert_str_eq(string_of(doc, "id"), "ds_1");
    ck_assert_str_eq(string_of(doc, "name"), "caf\xc3\xa9");
    ck_assert_str_eq(string_of(doc, "target"), "sales");
    ck_assert_str_eq(string_of(doc, "sha256"), "00ff");
    ck_assert_str_eq(string_of(doc, "created_at"), "2024-02-29T12:00:00Z");
    assert_same_double(number_of(doc, "rows"), 2147483647);
    assert_same_double(number_of(doc, "bytes"), 9007199254740991);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "columns")), 2);
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_dataset_in_a_list_has_no_statistics)
{
    const api_dataset_view v = {.id = "ds_1", .columns = "[]"};
    cJSON *o = cJSON_CreateObject();
    api_dataset_encode(o, &v);
    cJSON *doc = written(o);
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "statistics"));
    ck_assert(is_null(doc, "name") && is_null(doc, "labels"));
    cJSON_Delete(doc);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("model");
    tcase_add_test(tc, a_model_is_written_with_its_parameters_in_both_units);
    tcase_add_test(tc, a_brief_model_leaves_out_what_is_long);
    tcase_add_test(tc, a_line_has_m_and_b_beside_its_parameters);
    tcase_add_test(tc, the_training_of_a_model_is_written);
    tcase_add_test(tc, predictions_are_exact);
    tcase_add_test(tc, predictions_that_are_not_finite_are_null_and_flagged);
    tcase_add_test(tc, two_classes_have_labels_and_both_probabilities);
    tcase_add_test(tc, more_classes_have_the_likeliest_and_all_probabilities);
    tcase_add_test(tc, a_margin_has_scores_instead_of_probabilities);
    tcase_add_test(tc, classes_may_be_numbers);
    tcase_add_test(tc, no_rows_have_no_predictions);
    tcase_add_test(tc, counts_are_predicted_as_numbers_alone);
    tcase_add_test(tc, metrics_have_a_confusion_matrix_with_classes);
    tcase_add_test(tc, a_model_of_classes_has_a_row_of_coefficients_for_each);
    tcase_add_test(tc, a_dataset_is_written);
    tcase_add_test(tc, a_dataset_in_a_list_has_no_statistics);
    return run_tests(tc, "api_model");
}
