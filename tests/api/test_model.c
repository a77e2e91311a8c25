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
                            .shape = {3, true},
                            .columns = columns,
                            .theta = theta,
                            .scaled = scaled,
                            .center = center,
                            .scale = scale,
                            .metrics = {.mse = 2.784126314510936,
                                        .rmse = 1.6685701407225697,
                                        .mae = 1.2520112296870685,
                                        .r2 = 0.8972106381789522},
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
    assert_same_double(number_of(metrics, "mse"), v.metrics.mse);
    assert_same_double(number_of(metrics, "rmse"), v.metrics.rmse);
    assert_same_double(number_of(metrics, "mae"), v.metrics.mae);
    assert_same_double(number_of(metrics, "r2"), v.metrics.r2);
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
    v.metrics.r2 = NAN;
    v.metrics.mse = INFINITY;
    cJSON *doc = model_document(&v, true);
    static const char *const long_ones[] = {"parameters", "scaled_parameters", "columns",
                                            "training"};
    for (size_t i = 0; i < COUNT(long_ones); i++)
        ck_assert_ptr_null(cJSON_GetObjectItem(doc, long_ones[i]));
    ck_assert(is_null(member_of(doc, "metrics"), "r2") &&
              is_null(member_of(doc, "metrics"), "mse"));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_line_has_m_and_b_beside_its_parameters)
{
    api_model_view v = wide();
    v.shape = (gd_shape){1, true};
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

START_TEST(predictions_are_exact)
{
    enum { N = 3000 };
    static double z[N];
    uint64_t seed = 43;
    for (size_t i = 0; i < N; i++)
        do
            z[i] = double_of(random_bits(&seed));
        while (!isfinite(z[i]));
    char *text = api_predictions_encode("model_1", z, N);
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
    char *text = api_predictions_encode("m", z, COUNT(z));
    cJSON *doc = read_back(text), *list = member_of(doc, "predictions");
    ck_assert(!is_true(doc, "finite"));
    ck_assert_int_eq(cJSON_GetArraySize(list), COUNT(z));
    for (size_t i = 0; i < COUNT(z); i++) {
        cJSON *item = cJSON_GetArrayItem(list, (int)i);
        ck_assert(isfinite(z[i]) ? cJSON_IsNumber(item) : cJSON_IsNull(item));
    }
    cJSON_Delete(doc);
    free(text);
    text = api_predictions_encode("m", NULL, 0);
    doc = read_back(text);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "predictions")), 0);
    ck_assert(is_true(doc, "finite"));
    cJSON_Delete(doc);
    free(text);
}
END_TEST

/* ---- datasets ---- */

START_TEST(a_dataset_is_written_with_its_statistics)
{
    const gd_column features[] = {{0.1, 1.0 / 3, 0.2, 5e-324}, {-1e308, 1e308, INFINITY, NAN}};
    const gd_column y = {-1, 1, 0, 1};
    char *statistics = api_doc_print(api_statistics_encode(columns, features, 2, "sales", &y));
    const api_dataset_view v = {.id = "ds_1",
                                .name = "caf\xc3\xa9",
                                .target = "sales",
                                .sha256 = "00ff",
                                .created_at = "2024-02-29T12:00:00Z",
                                .rows = UINT64_C(2147483647),
                                .bytes = UINT64_C(9007199254740991),
                                .columns = "[\"tv\", \"radio\"]",
                                .statistics = statistics};
    cJSON *o = cJSON_CreateObject();
    api_dataset_encode(o, &v);
    cJSON *doc = written(o), *list = member_of(doc, "statistics");
    ck_assert_str_eq(string_of(doc, "id"), "ds_1");
    ck_assert_str_eq(string_of(doc, "name"), "caf\xc3\xa9");
    ck_assert_str_eq(string_of(doc, "target"), "sales");
    ck_assert_str_eq(string_of(doc, "sha256"), "00ff");
    ck_assert_str_eq(string_of(doc, "created_at"), "2024-02-29T12:00:00Z");
    assert_same_double(number_of(doc, "rows"), 2147483647);
    assert_same_double(number_of(doc, "bytes"), 9007199254740991);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "columns")), 2);
    ck_assert_int_eq(cJSON_GetArraySize(list), 3);
    cJSON *tv = cJSON_GetArrayItem(list, 0), *radio = cJSON_GetArrayItem(list, 1);
    ck_assert_str_eq(string_of(tv, "name"), "tv");
    ck_assert_str_eq(string_of(tv, "role"), "feature");
    assert_same_double(number_of(tv, "min"), 0.1);
    assert_same_double(number_of(tv, "max"), 1.0 / 3);
    assert_same_double(number_of(tv, "mean"), 0.2);
    assert_same_double(number_of(tv, "std"), 5e-324);
    assert_same_double(number_of(radio, "max"), 1e308);
    ck_assert(is_null(radio, "mean") && is_null(radio, "std"));
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(list, 2), "name"), "sales");
    ck_assert_str_eq(string_of(cJSON_GetArrayItem(list, 2), "role"), "target");
    cJSON_Delete(doc);
    free(statistics);
}
END_TEST

START_TEST(a_dataset_in_a_list_has_no_statistics)
{
    const api_dataset_view v = {.id = "ds_1", .columns = "[]"};
    cJSON *o = cJSON_CreateObject();
    api_dataset_encode(o, &v);
    cJSON *doc = written(o);
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "statistics"));
    ck_assert(is_null(doc, "name"));
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
    tcase_add_test(tc, a_dataset_is_written_with_its_statistics);
    tcase_add_test(tc, a_dataset_in_a_list_has_no_statistics);
    return run_tests(tc, "api_model");
}
