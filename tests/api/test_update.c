/* api_update: settings apart from the data, and the defaults that a model gives. */
#include "api_update.h"
#include "api_tests.h"

#include <math.h>

static api_job job_of(const char *json)
{
    api_job job;
    api_problem p = {0};
    ck_assert_msg(api_job_decode(json, strlen(json), &job, &p), "%s", problem_text(&p));
    return job;
}

static cJSON *settings_of(const char *body)
{
    api_problem p = {0};
    cJSON *doc = api_update_extract(body, strlen(body), &p);
    ck_assert_msg(doc != NULL, "%s", p.detail);
    return doc;
}

/* Decodes the settings for a model trained by `job`; returns the problem. */
static api_problem decode(const char *job, const char *body, api_update *u)
{
    api_problem p = {0};
    api_job trained = job_of(job);
    cJSON *settings = settings_of(body);
    api_update_decode(settings, &trained, u, &p);
    cJSON_Delete(settings);
    api_job_free(&trained);
    return p;
}

START_TEST(settings_are_told_from_data_of_any_size)
{
    char *body = malloc((size_t)3 << 20), *at = body;
    at += sprintf(at, "{\"X\": [[1");
    while (at < body + ((size_t)2 << 20))
        at += sprintf(at, ", 1");
    sprintf(at, "]], \"version\": 4, \"data\": [{\"version\": 5}], \"l2\": 0.5, \"y\": [\"l1\"], "
                "\"name\": \"n\"}");
    cJSON *doc = settings_of(body);
    ck_assert_int_eq(cJSON_GetArraySize(doc), 2);
    ck_assert(number_of(doc, "version") == 4 && number_of(doc, "l2") == 0.5);
    cJSON_Delete(doc);
    free(body);
    api_problem p = {0};
    ck_assert_ptr_null(api_update_extract("{\"X\": [1}", 9, &p));
    ck_assert_int_eq(p.code, API_BAD_JSON);
}
END_TEST

START_TEST(what_is_not_said_is_as_in_training)
{
    api_update u;
    api_problem p = decode("{\"dataset_id\": \"d\", \"optimizer\": {\"name\": \"momentum\", \"momentum\": "
                           "0.7}, \"learning_rate\": 0.03, \"l2\": 0.25, \"batch_size\": 64, "
                           "\"clip_norm\": 3}",
                           "{}", &u);
    ck_assert_int_eq(p.code, API_NO_PROBLEM);
    ck_assert_str_eq(u.job.spec.optimizer->name, "momentum");
    ck_assert(u.job.spec.learning_rate == 0.03 && u.job.spec.l2 == 0.25);
    ck_assert(u.job.spec.clip_norm == 3 && u.job.spec.batch_size == 1);
    ck_assert(u.version == API_ANY_VERSION);
    char *text = api_update_optimizer(&u);
    ck_assert_ptr_nonnull(strstr(text, "0.7"));
    free(text);
    api_update_free(&u);
}
END_TEST

START_TEST(a_rate_is_not_taken_over_to_another_rule)
{
    static const char job[] = "{\"dataset_id\": \"d\", \"learning_rate\": 0.5}";
    api_update u;
    ck_assert_int_eq(decode(job, "{\"optimizer\": \"adam\"}", &u).code, API_NO_PROBLEM);
    ck_assert(u.job.spec.learning_rate == GD_AUTO);
    api_update_free(&u);
    ck_assert_int_eq(decode(job, "{\"optimizer\": \"gd\"}", &u).code, API_NO_PROBLEM);
    ck_assert(u.job.spec.learning_rate == 0.5);
    api_update_free(&u);
    ck_assert_int_eq(decode(job, "{\"optimizer\": \"adam\", \"learning_rate\": 2}", &u).code,
                     API_NO_PROBLEM);
    ck_assert(u.job.spec.learning_rate == 2);
    api_update_free(&u);
    ck_assert_int_eq(decode("{\"dataset_id\": \"d\", \"optimizer\": \"lbfgs\"}", "{}", &u).code,
                     API_NO_PROBLEM);
    ck_assert_str_eq(u.job.spec.optimizer->name, "gd");
    api_update_free(&u);
}
END_TEST

START_TEST(a_query_gives_numbers_and_names)
{
    cJSON *doc = cJSON_CreateObject();
    api_problem p = {0};
    api_update_add(doc, "learning_rate", "1e-3", &p);
    api_update_add(doc, "optimizer", "adam", &p);
    api_update_add(doc, "batch_size", "full", &p);
    api_update_add(doc, "l2", "nan", &p);
    ck_assert_int_eq(p.code, API_NO_PROBLEM);
    ck_assert(number_of(doc, "learning_rate") == 1e-3);
    ck_assert_str_eq(string_of(doc, "optimizer"), "adam");
    ck_assert_str_eq(string_of(doc, "batch_size"), "full");
    ck_assert_str_eq(string_of(doc, "l2"), "nan"); /* refused as it is */
    api_update_add(doc, "optimizer", "gd", &p);
    ck_assert_int_eq(p.code, API_INVALID);
    ck_assert_str_eq(p.errors[0].field, "optimizer");
    cJSON_Delete(doc);
}
END_TEST

START_TEST(every_bad_setting_is_named_at_once)
{
    api_update u;
    api_problem p = decode("{\"dataset_id\": \"d\"}",
                           "{\"learning_rate\": -1, \"batch_size\": 0.5, \"version\": 0, "
                           "\"sample_weight\": [-1], \"class_weight\": \"balanced\"}",
                           &u);
    ck_assert_int_eq(p.code, API_INVALID);
    ck_assert_uint_eq(p.errors_count, 5);
    api_update_free(&u);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("update");
    tcase_add_test(tc, settings_are_told_from_data_of_any_size);
    tcase_add_test(tc, what_is_not_said_is_as_in_training);
    tcase_add_test(tc, a_rate_is_not_taken_over_to_another_rule);
    tcase_add_test(tc, a_query_gives_numbers_and_names);
    tcase_add_test(tc, every_bad_setting_is_named_at_once);
    return run_tests(tc, "update");
}
