/* Evaluations over HTTP: metrics against sums worked out by hand, columns and labels by name. */
#include "serving.h"

/* y = 2 a + 3 b, exactly: the fit is known. */
#define PLANE                                                                                      \
    "{\"optimizer\": \"lbfgs\", \"tol\": 1e-12, \"dataset\": {\"columns\": [\"a\", \"b\"], "       \
    "\"target\": \"t\", \"X\": [[1, 0], [0, 1], [2, 1], [1, 3]], \"y\": [2, 3, 7, 11]}"

START_TEST(errors_of_a_plane_are_those_worked_out_by_hand)
{
    char model[32];
    fit(PLANE "}", model);
    /* predicted: 5, 8; errors 1 and -2 */
    e2e_reply r = post_model_ok(model, "evaluations",
                                "{\"dataset\": {\"data\": [{\"b\": 1, \"t\": 6, \"a\": 1}, "
                                "{\"b\": 2, \"t\": 6, \"a\": 1}], \"target\": \"t\"}}");
    ck_assert_str_eq(e2e_string(r.json, "on"), "dataset");
    ck_assert_str_eq(e2e_string(r.json, "cost"), "mse");
    ck_assert(e2e_number(r.json, "rows") == 2);
    close_to(e2e_number(r.json, "metrics.mse"), 2.5, 1e-6);
    close_to(e2e_number(r.json, "mean_cost"), 2.5, 1e-6);
    close_to(e2e_number(r.json, "objective"), 2.5, 1e-6);
    close_to(e2e_number(r.json, "metrics.mae"), 1.5, 1e-6);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "metrics.r2")));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(columns_are_found_by_name_and_without_names_by_place)
{
    static const char *const same[] = {
        "{\"dataset\": {\"X\": [[1, 1], [2, 0]], \"y\": [6, 5]}}",
        "{\"dataset\": {\"columns\": [\"b\", \"z\", \"a\"], \"X\": [[1, 9, 1], [0, 9, 2]], "
        "\"y\": [6, 5]}}",
        "{\"dataset\": {\"target\": \"t\", \"data\": [{\"t\": 6, \"b\": 1, \"note\": \"no\", "
        "\"a\": 1}, {\"t\": 5, \"b\": 0, \"note\": \"no\", \"a\": 2}]}}"};
    char model[32], id[32], body[96];
    fit(PLANE "}", model);
    for (size_t i = 0; i < 3; i++) {
        e2e_reply r = post_model_ok(model, "evaluations", same[i]);
        close_to(e2e_number(r.json, "metrics.mse"), 1, 1e-6);
        e2e_reply_free(&r);
    }
    e2e_dataset(s, "{\"columns\": [\"b\", \"a\"], \"X\": [[1, 1], [0, 2]], \"y\": [6, 5]}", id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", id);
    e2e_reply r = post_model_ok(model, "evaluations", body);
    close_to(e2e_number(r.json, "metrics.mse"), 1, 1e-6);
    ck_assert_str_eq(e2e_string(r.json, "dataset_id"), id);
    e2e_reply_free(&r);
}
END_TEST

#define TWO_CLASSES                                                                                \
    "{\"model\": \"logistic_regression\", \"l2\": 0.1, \"dataset\": {\"X\": [[1], [2], [3], [4]]," \
    " \"y\": [\"no\", \"no\", \"yes\", \"yes\"]}"

START_TEST(labels_are_mapped_whatever_order_they_come_in)
{
    char model[32];
    fit(TWO_CLASSES "}", model);
    e2e_reply r = post_model_ok(model, "evaluations",
                                "{\"dataset\": {\"X\": [[4], [1], [0], [5], [1]], "
                                "\"y\": [\"yes\", \"no\", \"no\", \"yes\", \"yes\"]}}");
    ck_assert(e2e_number(r.json, "metrics.confusion_matrix.0.0") == 2);
    ck_assert(e2e_number(r.json, "metrics.confusion_matrix.0.1") == 0);
    ck_assert(e2e_number(r.json, "metrics.confusion_matrix.1.0") == 1);
    ck_assert(e2e_number(r.json, "metrics.confusion_matrix.1.1") == 2);
    close_to(e2e_number(r.json, "metrics.accuracy"), 0.8, 1e-15);
    close_to(e2e_number(r.json, "metrics.recall"), 2.0 / 3, 1e-15);
    ck_assert_str_eq(e2e_string(r.json, "classes.1"), "yes");
    /* the penalty is l2/2 w^2 of the scaled weight */
    double w = of_model(model, "scaled_parameters.coefficients.0");
    close_to(e2e_number(r.json, "objective") - e2e_number(r.json, "mean_cost"), 0.05 * w * w,
             1e-10);
    close_to(e2e_number(r.json, "mean_cost"), e2e_number(r.json, "metrics.log_loss"), 1e-12);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(what_training_measured_is_asked_for_by_name)
{
    char model[32];
    fit(TWO_CLASSES "}", model);
    e2e_reply r = post_model_ok(model, "evaluations", "{\"on\": \"training\"}"),
              doc = e2e_getf(s, "/v1/models/%s", model);
    ck_assert(cJSON_Compare(e2e_at(r.json, "metrics"), e2e_at(doc.json, "metrics"), true));
    e2e_reply_free(&r);
    r = post_model(model, "evaluations", "{\"on\": \"validation\"}");
    e2e_problem(&r, 422, "validation-failed");
    e2e_field_error(&r, "on");
    e2e_reply_free(&r);
    e2e_reply_free(&doc);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_by_name)
{
    static const struct {
        const char *body, *field, *says;
    } bad[] = {
        {"{}", "dataset_id", "missing"},
        {"{\"on\": \"training\", \"dataset_id\": \"ds_x\"}", "dataset_id", "one of them"},
        {"{\"on\": \"sunday\"}", "on", "validation"},
        {"{\"dataset_id\": \"ds_none\"}", "dataset_id", "no dataset"},
        {"{\"dataset_id\": 3}", "dataset_id", "got 3"},
        {"{\"datasets\": 3}", "datasets", "dataset"},
        {"{\"dataset\": {\"X\": [[1]], \"y\": [\"maybe\"]}}", "dataset.y", "maybe"},
        {"{\"dataset\": {\"X\": [[1]], \"y\": [3]}}", "dataset.y", "3"},
        {"{\"dataset\": {\"X\": [[1, 2]], \"y\": [\"yes\"]}}", "dataset.columns", "2 columns"},
        {"{\"dataset\": {\"columns\": [\"q\"], \"X\": [[1]], \"y\": [\"yes\"]}}",
         "dataset.columns", "\"x\""},
        {"{\"dataset\": {\"X\": [[1]]}}", "dataset.y", "missing"},
    };
    char model[32];
    fit(TWO_CLASSES "}", model);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply r = post_model(model, "evaluations", bad[i].body);
        ck_assert_msg(r.status == 422, "%s: %ld %s", bad[i].body, r.status, r.body);
        const char *why = e2e_field_error(&r, bad[i].field);
        ck_assert_msg(strstr(why, bad[i].says) != NULL, "%s: %s", bad[i].body, why);
        e2e_reply_free(&r);
    }
    e2e_reply r = post_model("mdl_none", "evaluations", "{\"on\": \"training\"}");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("evaluations");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, errors_of_a_plane_are_those_worked_out_by_hand);
    tcase_add_test(tc, columns_are_found_by_name_and_without_names_by_place);
    tcase_add_test(tc, labels_are_mapped_whatever_order_they_come_in);
    tcase_add_test(tc, what_training_measured_is_asked_for_by_name);
    tcase_add_test(tc, what_does_not_fit_is_refused_by_name);
    return run_suite(tc, "evaluations");
}
