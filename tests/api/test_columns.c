/* api_columns and the members of a job: what a job says of columns, rows, classes and bounds. */
#include "api_columns.h"
#include "api_tests.h"

#include <math.h>

static const char *const names[] = {"age", "exposure", "region", "w"};

/* {"dataset_id": "d", <members>} */
static bool decode(const char *members, api_job *job, api_problem *p)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"dataset_id\": \"d\"%s%s}", *members ? ", " : "", members);
    *p = no_problem();
    return api_job_decode(text, strlen(text), job, p);
}

static api_job good(const char *members)
{
    api_job job;
    api_problem p;
    ck_assert_msg(decode(members, &job, &p), "%s: %s", members, problem_text(&p));
    return job;
}

static void bad(const char *members, const char *field, const char *part)
{
    api_job job;
    api_problem p;
    ck_assert_msg(!decode(members, &job, &p), "%s is taken", members);
    ck_assert_msg(says(&p, field, part), "%s: %s; expected \"%s\" of %s", members, problem_text(&p),
                  part, field);
    api_job_free(&job);
}

START_TEST(members_of_the_wrong_form_are_refused_by_name)
{
    bad("\"sample_weight\": 1", "sample_weight", "the name of a column, or an array");
    bad("\"sample_weight\": [1, -2]", "sample_weight[1]", "at least 0");
    bad("\"sample_weight\": [1, null]", "sample_weight[1]", "got null");
    bad("\"model\": \"logistic_regression\", \"class_weight\": \"even\"", "class_weight",
        "\"balanced\"");
    bad("\"model\": \"logistic_regression\", \"class_weight\": {\"a\": -1}", "class_weight.a",
        "at least 0");
    bad("\"model\": \"logistic_regression\", \"class_weight\": {}", "class_weight", "an object");
    bad("\"class_weight\": \"balanced\"", "class_weight", "is for models of classes");
    bad("\"bounds\": [1]", "bounds", "an object");
    bad("\"bounds\": {\"age\": [0]}", "bounds.age", "null for none");
    bad("\"bounds\": {\"age\": [0, \"a\"]}", "bounds.age", "null for none");
    bad("\"threshold\": 0.5", "threshold", "two classes");
    bad("\"model\": \"logistic_regression\", \"threshold\": 1", "threshold", "in (0, 1)");
    bad("\"model\": \"logistic_regression\", \"threshold\": \"f1\"", "threshold", "got \"f1\"");
    bad("\"model\": \"logistic_regression\", \"threshold\": {\"beta\": 1}", "threshold.criterion",
        "got nothing");
    bad("\"model\": \"logistic_regression\", \"threshold\": {\"criterion\": \"f1\"}",
        "threshold.criterion", "f_beta");
    bad("\"model\": \"logistic_regression\", \"threshold\": {\"criterion\": "
        "\"precision_at_target_recall\"}",
        "threshold.target", "is missing");
    bad("\"model\": \"logistic_regression\", \"threshold\": {\"criterion\": \"f_beta\", "
        "\"target\": 1}",
        "threshold.target", "takes \"beta\"");
    bad("\"offset\": 3", "offset", "must be a string");
    bad("\"compat\": \"Ridge\"", "compat", "an object");
    bad("\"start_from\": \"m\", \"initial_parameters\": {}", "start_from", "together");
}
END_TEST

START_TEST(what_does_not_go_together_is_refused_by_name)
{
    bad("\"validation_dataset_id\": \"v\", \"validation_fraction\": 0.5", "validation_fraction",
        "together");
    bad("\"cross_validation\": 3, \"validation_fraction\": 0.5", "cross_validation", "each fold");
    bad("\"cross_validation\": 3, \"l1\": \"path\"", "cross_validation", "path");
    bad("\"l1\": \"path\", \"l2\": \"path\"", "l1", "both");
    bad("\"group_by\": \"g\", \"l2\": \"path\"", "group_by", "path");
    bad("\"group_by\": \"g\", \"start_from\": \"m\"", "group_by", "start_from");
    bad("\"record_parameters\": 5, \"cross_validation\": 3", "record_parameters", "single run");
    bad("\"model\": \"logistic_regression\", \"threshold\": {\"criterion\": \"f_beta\"}",
        "threshold", "validation_fraction");
    bad("\"patience\": 3", "patience", "validation");
    api_job job = good("\"patience\": 3, \"cross_validation\": 4");
    api_job_free(&job);
    job = good("\"patience\": 3, \"validation_dataset_id\": \"v\"");
    api_job_free(&job);
}
END_TEST

START_TEST(a_stored_spec_reads_back_as_it_was)
{
    static const char *const cases[] = {
        "\"sample_weight\": \"w\", \"offset\": \"exposure\", \"group_by\": \"region\"",
        "\"sample_weight\": [1, 0.5, 2]",
        "\"model\": \"softmax_regression\", \"class_weight\": {\"1\": 2, \"b\": 0}",
        "\"model\": \"logistic_regression\", \"class_weight\": \"balanced\", \"threshold\": 0.25",
        "\"bounds\": {\"age\": [null, 3], \"w\": [0, null]}, \"cross_validation\": 5",
        "\"l1\": \"path\", \"path_points\": 7, \"validation_dataset_id\": \"v\"",
        "\"model\": \"logistic_regression\", \"validation_fraction\": 0.5, \"threshold\": "
        "{\"criterion\": \"f_beta\", \"beta\": 2}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job = good(cases[i]), again;
        api_problem p = no_problem();
        char *first = api_doc_take_text(api_job_encode_spec(&job, "d"));
        ck_assert_msg(api_job_decode(first, strlen(first), &again, &p), "%s", problem_text(&p));
        char *second = api_doc_take_text(api_job_encode_spec(&again, "d"));
        ck_assert_str_eq(first, second);
        cJSON *spec = read_back(first), *asked;
        char text[512];
        snprintf(text, sizeof text, "{%s}", cases[i]);
        asked = read_back(text);
        const cJSON *member;
        cJSON_ArrayForEach (member, asked)
            ck_assert_msg(cJSON_Compare(member, member_of(spec, member->string), true), "%s: %s",
                          cases[i], first);
        cJSON_Delete(spec);
        cJSON_Delete(asked);
        free(first);
        free(second);
        api_job_free(&job);
        api_job_free(&again);
    }
}
END_TEST

START_TEST(columns_are_found_by_name)
{
    api_columns c;
    api_problem p = no_problem();
    api_job job = good("\"sample_weight\": \"w\", \"offset\": \"exposure\"");
    ck_assert(api_columns_resolve(&job, names, 4, &c, &p));
    ck_assert_uint_eq(c.weight, 3);
    ck_assert_uint_eq(c.offset, 1);
    ck_assert_uint_eq(c.group, API_NO_COLUMN);
    ck_assert_uint_eq(c.features_count, 2);
    ck_assert(c.features[0] == 0 && c.features[1] == 2);
    api_columns_free(&c);
    ck_assert(!api_columns_resolve(&job, names, 2, &c, &p)); /* no w among them */
    ck_assert(says(&p, "sample_weight", "must be a feature column"));
    api_job_free(&job);

    job = good("\"sample_weight\": \"ages\", \"offset\": \"age\", \"group_by\": \"age\"");
    p = no_problem();
    ck_assert(!api_columns_resolve(&job, names, 4, &c, &p));
    ck_assert(says(&p, "sample_weight", "did you mean \"age\"?"));
    api_job_free(&job);
    job = good("\"offset\": \"age\", \"group_by\": \"age\"");
    p = no_problem();
    ck_assert(!api_columns_resolve(&job, names, 4, &c, &p));
    ck_assert(says(&p, "group_by", "used otherwise"));
    api_job_free(&job);
    job = good("\"offset\": \"age\"");
    p = no_problem();
    ck_assert(!api_columns_resolve(&job, names, 1, &c, &p)); /* nothing is left */
    ck_assert(says(&p, "dataset_id", "no feature column"));
    api_job_free(&job);
}
END_TEST

START_TEST(weights_and_bounds_come_in_the_order_of_classes_and_columns)
{
    double *v;
    api_problem p = no_problem();
    api_job job =
        good("\"model\": \"softmax_regression\", \"class_weight\": {\"7\": 2.5, \"b\": 0}");
    ck_assert(api_class_weights(&job, "[\"a\", \"b\", 7]", &v, &p));
    ck_assert(v[0] == 1 && v[1] == 0 && v[2] == 2.5);
    free(v);
    ck_assert(!api_class_weights(&job, "[\"a\", 7]", &v, &p));
    ck_assert(says(&p, "class_weight", "no class of the target"));
    api_job_free(&job);

    job = good("\"bounds\": {\"w\": [null, 2], \"age\": [-1, null]}");
    p = no_problem();
    ck_assert(api_bounds(&job, names, 4, &v, &p));
    const double want[] = {-1, -INFINITY, -INFINITY, -INFINITY, INFINITY, INFINITY, INFINITY, 2};
    ck_assert_mem_eq(v, want, sizeof want);
    free(v);
    ck_assert(!api_bounds(&job, names, 3, &v, &p));
    ck_assert(says(&p, "bounds.w", "must be a feature column"));
    api_job_free(&job);
    job = good("\"bounds\": {\"age\": [2, 1]}");
    p = no_problem();
    ck_assert(!api_bounds(&job, names, 4, &v, &p));
    ck_assert(says(&p, "bounds.age", "above its upper"));
    api_job_free(&job);

    job = good("\"sample_weight\": [1, 2, 0]");
    p = no_problem();
    ck_assert(api_sample_weights(&job, 3, &v, &p));
    ck_assert(v[0] == 1 && v[1] == 2 && v[2] == 0);
    free(v);
    ck_assert(!api_sample_weights(&job, 4, &v, &p));
    ck_assert(says(&p, "sample_weight", "one number a row of the dataset, 4, got 3"));
    api_job_free(&job);
}
END_TEST

START_TEST(a_foreign_job_is_read_once_its_rows_are_known)
{
    api_problem p = no_problem();
    api_job job = good("\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", "
                       "\"alpha\": 3}, \"epochs\": 77");
    ck_assert_ptr_nonnull(job.foreign);
    ck_assert_str_eq(job.dataset_id, "d");
    ck_assert_msg(api_job_translate(&job, 12, &p), "%s", problem_text(&p));
    ck_assert_ptr_null(job.foreign);
    ck_assert_double_eq(job.spec.l2, 2 * 3 / 12.0); /* sklearn's sum over 12 rows */
    ck_assert_uint_eq(job.spec.epochs, 77);
    char *spec = api_doc_take_text(api_job_encode_spec(&job, "d"));
    api_job again;
    ck_assert(api_job_decode(spec, strlen(spec), &again, &p)); /* a stored one is translated */
    ck_assert_ptr_null(again.foreign);
    ck_assert_double_eq(again.spec.l2, 0.5);
    free(spec);
    api_job_free(&again);
    api_job_free(&job);

    job = good("\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\", \"alpha\": "
               "2}, \"l2\": 1");
    ck_assert(!api_job_translate(&job, 12, &p));
    ck_assert(says(&p, "l2", "set by compat already"));
    api_job_free(&job);
    /* a default of the library's yields, what the estimator is does not */
    p = no_problem();
    job = good("\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\"}, \"l2\": 1");
    ck_assert(api_job_translate(&job, 12, &p));
    ck_assert_double_eq(job.spec.l2, 1);
    ck_assert_ptr_null(strstr(job.compat, "\"l2\""));
    api_job_free(&job);
    job = good("\"compat\": {\"library\": \"scikit-learn\", \"estimator\": \"Ridge\"}, "
               "\"model\": \"svm\"");
    ck_assert(!api_job_translate(&job, 12, &p));
    ck_assert(says(&p, "model", "set by compat already"));
    api_job_free(&job);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("columns");
    tcase_add_test(tc, members_of_the_wrong_form_are_refused_by_name);
    tcase_add_test(tc, what_does_not_go_together_is_refused_by_name);
    tcase_add_test(tc, a_stored_spec_reads_back_as_it_was);
    tcase_add_test(tc, columns_are_found_by_name);
    tcase_add_test(tc, weights_and_bounds_come_in_the_order_of_classes_and_columns);
    tcase_add_test(tc, a_foreign_job_is_read_once_its_rows_are_known);
    return run_tests(tc, "columns");
}
