/* A dry run's answer: sums, three digits of times, null for what is not known. */
#include "api_forecast.h"
#include "api_tests.h"

#include <math.h>
#include <string.h>

static cJSON *answer(const api_forecast *f)
{
    cJSON *o = cJSON_CreateObject();
    api_forecast_encode(o, f);
    char *text = api_doc_print(o);
    cJSON *doc = cJSON_Parse(text);
    ck_assert_ptr_nonnull(doc);
    free(text);
    return doc;
}

static const cJSON *at(const cJSON *doc, const char *a, const char *b)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(doc, a);
    return b ? cJSON_GetObjectItemCaseSensitive(found, b) : found;
}

START_TEST(a_forecast_is_written_in_full)
{
    const char *warnings[] = {"one", "two"};
    api_forecast f = {.spec = "{\"dataset_id\": \"ds_x\", \"epochs\": 7}",
                      .objective = "{\"formula\": \"J\"}",
                      .dataset_id = "ds_x",
                      .train_rows = 6,
                      .validation_rows = 2,
                      .parameters = 3,
                      .parts = 5,
                      .learning_rate = 0.123456789,
                      .max_stable_rate = NAN,
                      .epochs = 7,
                      .stop_reason = "converged",
                      .measured_epochs = 9,
                      .epoch_seconds = 1.23456e-7,
                      .seconds = 50.4321,
                      .memory = 1000.4,
                      .dataset = 1,
                      .history = 20,
                      .checkpoint = 300,
                      .models = 4000,
                      .warnings = warnings,
                      .warnings_count = 2};
    cJSON *doc = answer(&f);
    ck_assert_str_eq(at(doc, "spec", "dataset_id")->valuestring, "ds_x");
    ck_assert_double_eq(at(doc, "rows", "validation")->valuedouble, 2);
    ck_assert_double_eq(at(doc, "learning_rate", NULL)->valuedouble, 0.123456789);
    ck_assert(cJSON_IsNull(at(doc, "max_stable_learning_rate", NULL)));
    ck_assert_double_eq(at(doc, "epochs", "seconds_each")->valuedouble, 1.23e-7);
    ck_assert_double_eq(at(doc, "estimated_seconds", NULL)->valuedouble, 50.4);
    ck_assert_double_eq(at(doc, "bytes", "memory")->valuedouble, 1000);
    ck_assert_double_eq(at(doc, "bytes", "disk")->valuedouble, 4321);
    ck_assert_int_eq(cJSON_GetArraySize(at(doc, "warnings", NULL)), 2);
    ck_assert(cJSON_IsNull(at(doc, "error", NULL)));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(an_inline_dataset_has_no_id_and_what_fails_no_numbers)
{
    api_forecast f = {.spec = "{\"dataset_id\": \"ds_x\", \"epochs\": 7}",
                      .objective = "{}",
                      .error = "{\"detail\": \"why\"}",
                      .train_rows = NAN,
                      .seconds = NAN,
                      .epoch_seconds = INFINITY,
                      .history = NAN};
    cJSON *doc = answer(&f);
    ck_assert_ptr_null(at(doc, "spec", "dataset_id"));
    ck_assert_double_eq(at(doc, "spec", "epochs")->valuedouble, 7);
    ck_assert_str_eq(at(doc, "error", "detail")->valuestring, "why");
    ck_assert(cJSON_IsNull(at(doc, "rows", "train")));
    ck_assert(cJSON_IsNull(at(doc, "epochs", "seconds_each")));
    ck_assert(cJSON_IsNull(at(doc, "epochs", "stop_reason")));
    ck_assert(cJSON_IsNull(at(doc, "estimated_seconds", NULL)));
    ck_assert(cJSON_IsNull(at(doc, "bytes", "disk")));
    cJSON_Delete(doc);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("forecast");
    tcase_add_test(tc, a_forecast_is_written_in_full);
    tcase_add_test(tc, an_inline_dataset_has_no_id_and_what_fails_no_numbers);
    return run_tests(tc, "forecast");
}
