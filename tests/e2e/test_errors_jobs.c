/* Jobs that are refused: every bad setting is named, all at once, with what was expected. */
#include "errors.h"

#define JOB(members) "{\"dataset_id\": \"" NO_DATASET "\", " members "}"

START_TEST(wrong_types_and_values_of_a_job_are_refused_by_name)
{
    static const struct {
        const char *body, *field, *part;
    } bad[] = {
        {JOB("\"learning_rate\": \"fast\""), "learning_rate",
         "must be a finite number greater than 0, or \"auto\", got \"fast\""},
        {JOB("\"learning_rate\": 0"), "learning_rate", "greater than 0"},
        {JOB("\"learning_rate\": -0.5"), "learning_rate", "got -0.5"},
        {JOB("\"learning_rate\": 1e-400"), "learning_rate", "got 0"},
        {JOB("\"learning_rate\": null"), "learning_rate", "got null"},
        {JOB("\"learning_rate\": [0.1]"), "learning_rate", "got an array"},
        {JOB("\"learning_rate\": true"), "learning_rate", "got true"},
        {JOB("\"epochs\": 0"), "epochs", "[1, 1000000000]"},
        {JOB("\"epochs\": 1.5"), "epochs", "a whole number"},
        {JOB("\"epochs\": \"10\""), "epochs", "got \"10\""},
        {JOB("\"epochs\": 1000000001"), "epochs", "[1, 1000000000]"},
        {JOB("\"epochs\": -1"), "epochs", "got -1"},
        {JOB("\"batch_size\": 0"), "batch_size", "or \"full\", got 0"},
        {JOB("\"batch_size\": \"all\""), "batch_size", "got \"all\""},
        {JOB("\"tol\": 1"), "tol", "[0, 1)"},
        {JOB("\"tol\": -1e-9"), "tol", "[0, 1)"},
        {JOB("\"n_iter_no_change\": 0"), "n_iter_no_change", "got 0"},
        {JOB("\"seed\": -1"), "seed", "got -1"},
        {JOB("\"seed\": 9007199254740994"), "seed", "got 9007199254740994"},
        {JOB("\"seed\": 0.5"), "seed", "got 0.5"},
        {JOB("\"shuffle\": 1"), "shuffle", "true or false, got 1"},
        {JOB("\"intercept\": \"yes\""), "intercept", "got \"yes\""},
        {JOB("\"standardize\": null"), "standardize", "got null"},
        {JOB("\"history_points\": 9"), "history_points", "or \"all\", got 9"},
        {JOB("\"history_points\": \"some\""), "history_points", "got \"some\""},
        {JOB("\"history_points\": \"all\", \"epochs\": 1000001"), "history_points", "1000000"},
        {JOB("\"name\": 7"), "name", "must be a string, got 7"},
        {JOB("\"name\": \"\""), "name", "must not be empty"},
        {JOB("\"model\": \"linear_regresion\""), "model", "did you mean \"linear_regression\""},
        {JOB("\"model\": 3"), "model", "got 3"},
        {JOB("\"model\": {}"), "model.name", "is missing"},
        {JOB("\"cost\": \"hinges\""), "cost", "must be one of \"mse\""},
        {JOB("\"optimizer\": \"adm\""), "optimizer", "did you mean \"adam\""},
        {JOB("\"optimizer\": {\"name\": 5}"), "optimizer.name", "got 5"},
        {JOB("\"optimizer\": [\"gd\"]"), "optimizer", "got an array"},
        {JOB("\"initial_parameters\": [1]"), "initial_parameters", "must be an object"},
        {"{\"dataset_id\": 5}", "dataset_id", "must be a string, got 5"},
        {"{\"dataset_id\": null}", "dataset_id", "got null"},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        bad_field("/v1/jobs", bad[i].body, bad[i].field, bad[i].part);
}
END_TEST

/* It is a wrong type like any other, not an invalid body. */
START_TEST(inline_dataset_of_another_type_is_refused_by_name)
{
    bad_field("/v1/jobs", "{\"dataset\": 5}", "dataset", "got a number");
    bad_field("/v1/jobs", "{\"dataset\": null}", "dataset", "got null");
    bad_field("/v1/jobs", "{\"dataset\": [[1, 2]]}", "dataset", "got an array");
    bad_field("/v1/jobs", "{\"dataset\": \"" NO_DATASET "\"}", "dataset", "got a string");
}
END_TEST

START_TEST(small_x_is_taken_for_a_slip_of_the_shift_key)
{
    bad_dataset("{\"x\": [1], \"y\": [1]}", "x", "did you mean \"X\"");
    bad_dataset("{\"X\": [1], \"Y\": [1]}", "Y", "did you mean \"y\"");
}
END_TEST

START_TEST(unknown_fields_are_refused_with_the_nearest_name)
{
    bad_dataset("{\"X\": [1], \"y\": [1], \"column\": [\"a\"]}", "column",
                "did you mean \"columns\"");
    bad_dataset("{\"X\": [1], \"y\": [1], \"zzz\": {\"deep\": [1]}}", "zzz", "known are");
    bad_field("/v1/jobs", JOB("\"learningrate\": 0.1"), "learningrate",
              "did you mean \"learning_rate\"");
    bad_field("/v1/jobs", JOB("\"Epochs\": 5"), "Epochs", "did you mean \"epochs\"");
    bad_field("/v1/jobs", JOB("\"completely_else\": 5"), "completely_else", "unknown field");
    bad_field("/v1/jobs", JOB("\"optimizer\": {\"name\": \"gd\", \"momentum\": 1}"),
              "optimizer.momentum", "unknown field");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [1], \"y\": [1], \"nmae\": \"a\"}}",
              "dataset.nmae", "did you mean \"name\"");
}
END_TEST

START_TEST(all_bad_fields_are_named_at_once)
{
    static const char body[] =
        "{\"learning_rate\": \"fast\", \"epochs\": 0, \"batch_size\": -1, \"tol\": 2, "
        "\"n_iter_no_change\": 0, \"seed\": 1.5, \"shuffle\": \"yes\", \"intercept\": 1, "
        "\"standardize\": null, \"history_points\": 5, \"model\": \"x\", \"optimizer\": 5, "
        "\"name\": \"\", \"lerning_rate\": 1}";
    static const char *const fields[] = {
        "learning_rate", "epochs",    "batch_size", "tol",          "n_iter_no_change",
        "seed",          "shuffle",   "intercept",  "standardize",  "history_points",
        "model",         "optimizer", "name",       "lerning_rate", "dataset_id"};
    e2e_reply r = refused("POST", "/v1/jobs", "application/json", body, 422, "validation-failed");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "errors")), COUNT(fields));
    for (size_t i = 0; i < COUNT(fields); i++)
        e2e_field_error(&r, fields[i]);
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "15 fields"));
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets", "application/json",
                "{\"name\": 5, \"target\": 6, \"columns\": [7, 8], \"zzz\": 1, \"X\": [1, 2], "
                "\"y\": [1]}",
                422, "validation-failed");
    ck_assert_int_ge(cJSON_GetArraySize(e2e_at(r.json, "errors")), 6);
    e2e_reply_free(&r);
    /* there is a limit to it, and it says so */
    char many[2048], *at = many + sprintf(many, "{");
    for (int i = 0; i < 40; i++)
        at += sprintf(at, "\"unknown_%d\": 1, ", i);
    sprintf(at, "\"epochs\": 0}");
    r = refused("POST", "/v1/jobs", "application/json", many, 422, "validation-failed");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "errors")), 16);
    ck_assert_double_eq(e2e_number(r.json, "errors_omitted"), 42 - 16);
    e2e_reply_free(&r);
}
END_TEST

/* Settings and inline data are both the client's to mend: hear of both. */
START_TEST(bad_settings_and_bad_inline_data_are_named_at_once)
{
    e2e_reply r = refused("POST", "/v1/jobs", "application/json",
                          "{\"epochs\": 0, \"dataset\": {\"X\": [1, 2], \"y\": [1]}}", 422,
                          "validation-failed");
    e2e_field_error(&r, "epochs");
    e2e_field_error(&r, "dataset.y");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(dataset_of_a_job_must_exist_and_be_one)
{
    bad_field("/v1/jobs", "{\"dataset_id\": \"" NO_DATASET "\"}", "dataset_id", NO_DATASET);
    bad_field("/v1/jobs", "{}", "dataset_id", "is missing");
    bad_field("/v1/jobs", JOB("\"dataset\": {\"X\": [1], \"y\": [1]}"), "dataset", "together");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [[1, 2], [3]], \"y\": [1, 2]}}", "dataset.X[1]",
              "has 1 value");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [1, 2]}}", "dataset.y", "is missing");
}
END_TEST

START_TEST(initial_parameters_must_fit_the_data)
{
#define INITIAL(parameters)                                                                        \
    "{\"dataset\": {\"X\": [[1, 2], [3, 5]], \"y\": [1, 2]}, \"initial_parameters\": " parameters  \
    "}"
#define IN "initial_parameters."
    static const struct {
        const char *body, *field, *part;
    } bad[] = {
        {INITIAL("{\"coefficients\": [1]}"), IN "coefficients", "array of 2 numbers"},
        {INITIAL("{\"coefficients\": 1}"), IN "coefficients", "got 1"},
        {INITIAL("{\"coefficients\": [1, \"2\"]}"), IN "coefficients[1]", "got \"2\""},
        {INITIAL("{\"intercept\": null}"), IN "intercept", "got null"},
        {INITIAL("{\"coeficients\": [1, 2]}"), IN "coeficients", "did you mean"},
        {INITIAL("{\"m\": 1}"), IN "m", "unknown field"}, /* it is no line */
        {INITIAL("{\"intercept\": 1}, \"intercept\": false"), IN "intercept", "unknown field"},
        {"{\"dataset\": {\"X\": [1, 2], \"y\": [1, 2]}, \"initial_parameters\": {\"m\": 1, "
         "\"coefficients\": [1]}}",
         IN "coefficients", "twice"},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        bad_field("/v1/jobs", bad[i].body, bad[i].field, bad[i].part);
}
END_TEST

/* What was sent is quoted in answers, cut to length: never in the middle of a character. */
START_TEST(quoted_text_is_cut_between_characters)
{
    char word[400] = "", body[600];
    for (int shift = 0; shift < 3; shift++) {
        memset(word, 'x', (size_t)shift);
        word[shift] = '\0';
        for (int i = 0; i < 60; i++)
            strcat(word, "\xe2\x82\xac");
        static const char *const bodies[] = {"{\"learning_rate\": \"%s\"}", "{\"%s\": 1}",
                                             "{\"model\": \"%s\"}", "{\"dataset_id\": \"%s\"}",
                                             "{\"optimizer\": {\"name\": \"gd\", \"%s\": 1}}"};
        for (size_t i = 0; i < COUNT(bodies); i++) {
            snprintf(body, sizeof body, bodies[i], word);
            e2e_reply r =
                refused("POST", "/v1/jobs", "application/json", body, 422, "validation-failed");
            e2e_reply_free(&r);
        }
        snprintf(body, sizeof body, "a,t\n1,1\n%s,1\n", word);
        bad_csv("?target=t", body, "is not a number");
        snprintf(body, sizeof body, "{\"data\": [{\"%s\": [1], \"t\": 1}], \"target\": \"t\"}",
                 word);
        e2e_reply r =
            refused("POST", "/v1/datasets", "application/json", body, 422, "validation-failed");
        e2e_reply_free(&r);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("errors_jobs");
    tcase_add_test(tc, wrong_types_and_values_of_a_job_are_refused_by_name);
    tcase_add_test(tc, inline_dataset_of_another_type_is_refused_by_name);
    tcase_add_test(tc, small_x_is_taken_for_a_slip_of_the_shift_key);
    tcase_add_test(tc, unknown_fields_are_refused_with_the_nearest_name);
    tcase_add_test(tc, all_bad_fields_are_named_at_once);
    tcase_add_test(tc, bad_settings_and_bad_inline_data_are_named_at_once);
    tcase_add_test(tc, dataset_of_a_job_must_exist_and_be_one);
    tcase_add_test(tc, initial_parameters_must_fit_the_data);
    tcase_add_test(tc, quoted_text_is_cut_between_characters);
    return run_cases(tc, NULL);
}
