/* Jobs over HTTP: what is asked and echoed, and the states a job goes through. */
#include "line.h"

/* ---- specs ---- */

START_TEST(defaults_are_resolved_and_echoed)
{
    char body[96], location[96], want[96];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", line_id);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    ck_assert_int_eq(r.status, 202);
    const char *id = e2e_string(r.json, "id");
    snprintf(want, sizeof want, "/v1/jobs/%s", id);
    ck_assert_str_eq(e2e_header(&r, "Location", location, sizeof location), want);
    bool ended = is_in(&r, "succeeded"); /* already: it is a small one (srv_brief.h) */
    ck_assert(ended || is_in(&r, "queued"));
    ck_assert_double_eq(e2e_number(r.json, "epochs"), 1000);
    ck_assert_double_eq(e2e_number(r.json, "progress"), ended);
    static const char *const unknown_before[] = {
        "cost",     "gradient_norm", "learning_rate", "stop_reason",
        "model_id", "started_at",    "finished_at",
    };
    for (size_t i = 0; i < sizeof unknown_before / sizeof unknown_before[0]; i++)
        ck_assert(cJSON_IsNull(e2e_at(r.json, unknown_before[i])) == !ended);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "error")));
    char spec[1024];
    snprintf(spec, sizeof spec,
             "{\"dataset_id\": \"%s\", \"model\": \"linear_regression\", \"cost\": \"mse\", "
             "\"optimizer\": \"gd\", \"schedule\": \"constant\", \"learning_rate\": \"auto\", "
             "\"epochs\": 1000, \"validation_fraction\": \"none\", \"patience\": \"none\", "
             "\"l1\": 0, \"l2\": 0, \"clip_norm\": \"none\", \"clip_value\": \"none\", "
             "\"average\": false, \"max_seconds\": \"none\", \"tol_on\": \"cost\", "
             "\"dtype\": \"float64\", \"missing\": \"error\", \"missing_indicator\": false, "
             "\"unknown_levels\": \"error\", "
             "\"non_negative\": false, \"cross_validation\": \"none\", \"path_points\": 30, "
             "\"record_parameters\": \"none\", \"confidence_level\": 0.95, "
             "\"batch_size\": \"full\", \"tol\": 1e-6, \"n_iter_no_change\": \"auto\", "
             "\"seed\": 0, \"shuffle\": true, \"intercept\": true, \"standardize\": true, "
             "\"history_points\": 1000}",
             line_id);
    cJSON *all = cJSON_Parse(spec);
    ck_assert(cJSON_Compare(e2e_at(r.json, "spec"), all, true));
    e2e_reply done = e2e_wait(s, id);
    ck_assert(cJSON_Compare(e2e_at(done.json, "spec"), all, true));
    e2e_reply_free(&done);
    cJSON_Delete(all);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(every_setting_is_taken_and_echoed)
{
    static const char *const settings[] = {
        "\"name\": \"\\u00fcber \\\"all\\\"\"",
        "\"model\": \"linear_regression\"",
        "\"cost\": \"mse\"",
        "\"optimizer\": \"gd\"",
        "\"schedule\": {\"name\": \"cosine\", \"period\": 5, \"period_multiplier\": 2, "
        "\"minimum\": 0.125}",
        "\"l1\": 0.0009765625",
        "\"l2\": 0.001953125",
        "\"validation_fraction\": 0.25",
        "\"patience\": 100",
        "\"clip_norm\": 1e9",
        "\"clip_value\": 1e8",
        "\"average\": true",
        "\"max_seconds\": 3600.5",
        "\"learning_rate\": 0.0123456789012345678",
        "\"epochs\": 17",
        "\"batch_size\": 2",
        "\"tol\": 1.5e-9",
        "\"n_iter_no_change\": 3",
        "\"seed\": 9007199254740991",
        "\"shuffle\": false",
        "\"intercept\": false",
        "\"standardize\": false",
        "\"history_points\": \"all\"",
        "\"tol_on\": \"parameters\"",
        "\"non_negative\": true",
        "\"dtype\": \"float64\"",
        "\"cross_validation\": \"none\"",
        "\"path_points\": 7",
        "\"record_parameters\": 4",
        "\"confidence_level\": 0.5",
        "\"missing\": \"median\"",
        "\"missing_indicator\": true",
        "\"unknown_levels\": \"ignore\"",
        "\"reference_level\": true",
        "\"features\": {\"polynomial\": 1, \"interactions_only\": true}",
        "\"initial_parameters\": {\"coefficients\": [0.25]}",
    };
    char body[2048], id[32];
    int at = snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"", line_id);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        at += snprintf(body + at, sizeof body - (size_t)at, ", %s", settings[i]);
    snprintf(body + at, sizeof body - (size_t)at, "}");
    e2e_job(s, body, id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert(is_in(&r, "succeeded"));
    ck_assert_str_eq(e2e_string(r.json, "name"), "\xc3\xbc"
                                                 "ber \"all\"");
    cJSON *want = cJSON_Parse(body);
    ck_assert_msg(cJSON_Compare(e2e_at(r.json, "spec"), want, true), "%s", r.body);
    cJSON_Delete(want);
    e2e_reply_free(&r);
    /* the long form of a choice says the same */
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"model\": {\"name\": \"linear_regression\"}, "
             "\"optimizer\": {\"name\": \"gd\"}, \"cost\": {\"name\": \"mse\"}}",
             line_id);
    r = e2e_post(s, "/v1/jobs", body);
    ck_assert_int_eq(r.status, 202);
    ck_assert_str_eq(e2e_string(r.json, "spec.optimizer"), "gd");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(inline_dataset_is_stored_like_an_upload)
{
    e2e_reply r = e2e_post(s, "/v1/jobs", "{\"dataset\": {\"name\": \"in line\", " LINE "}}");
    ck_assert_int_eq(r.status, 202);
    e2e_reply inlined = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "dataset_id"));
    e2e_reply uploaded = e2e_getf(s, "/v1/datasets/%s", line_id);
    ck_assert_str_eq(e2e_string(inlined.json, "name"), "in line");
    ck_assert_str_eq(e2e_string(inlined.json, "sha256"), e2e_string(uploaded.json, "sha256"));
    ck_assert_str_eq(e2e_string(r.json, "spec.dataset_id"), e2e_string(inlined.json, "id"));
    e2e_reply done = e2e_wait(s, e2e_string(r.json, "id"));
    ck_assert(is_in(&done, "succeeded"));
    e2e_reply_free(&done);
    e2e_reply_free(&uploaded);
    e2e_reply_free(&inlined);
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs",
                 "{\"epochs\": 5, \"dataset\": {\"data\": [{\"a\": 1, \"b\": 3}, "
                 "{\"a\": 2, \"b\": 5}], \"target\": \"b\"}, \"seed\": 1}");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
}
END_TEST

/* ---- states ---- */

START_TEST(job_is_queued_then_runs_then_succeeds)
{
    char first[32], second[32];
    begin(FOR_EVER, first);
    e2e_reply r = running_past(first, 0);
    e2e_reply_free(&r);
    begin("\"epochs\": 20000000, \"tol\": 0", second); /* waits for the only worker */
    r = e2e_getf(s, "/v1/jobs/%s", second);
    ck_assert(is_in(&r, "queued"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "started_at")));
    e2e_reply_free(&r);
    r = e2e_get(s, "/readyz");
    ck_assert_double_eq(e2e_number(r.json, "workers"), 1);
    ck_assert_double_eq(e2e_number(r.json, "running"), 1);
    ck_assert_double_eq(e2e_number(r.json, "queued"), 1);
    e2e_reply_free(&r);
    cancel(first);
    r = running_past(second, 0);
    ck_assert_double_gt(e2e_number(r.json, "cost"), 0);
    ck_assert_double_gt(e2e_number(r.json, "learning_rate"), 0);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "finished_at")));
    e2e_reply_free(&r);
    r = e2e_wait(s, second);
    ck_assert(is_in(&r, "succeeded"));
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "max_epochs");
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 20000000);
    ck_assert_double_eq(e2e_number(r.json, "progress"), 1);
    ck_assert_int_le(strcmp(e2e_string(r.json, "created_at"), e2e_string(r.json, "started_at")), 0);
    ck_assert_int_lt(strcmp(e2e_string(r.json, "started_at"), e2e_string(r.json, "finished_at")),
                     0);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    ck_assert_str_eq(e2e_string(m.json, "job_id"), second);
    e2e_reply_free(&m);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(jobs_run_in_the_order_they_came)
{
    enum { N = 6 };
    char ids[N][32], before[32] = "";
    for (int i = 0; i < N; i++)
        begin("\"epochs\": 20000, \"tol\": 0", ids[i]);
    for (int i = 0; i < N; i++) {
        e2e_reply r = e2e_wait(s, ids[i]);
        ck_assert_int_ge(strcmp(e2e_string(r.json, "started_at"), before), 0);
        snprintf(before, sizeof before, "%s", e2e_string(r.json, "finished_at"));
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(progress_grows_and_the_history_is_live)
{
    char id[32];
    double epoch = 0, progress = 0, recorded = 0;
    begin("\"epochs\": 1000000000, \"tol\": 0, \"history_points\": 50", id);
    for (int i = 0; i < 3; i++) {
        e2e_reply r = running_past(id, epoch);
        epoch = e2e_number(r.json, "epoch");
        close_to(e2e_number(r.json, "progress"), epoch / 1e9, 1e-15);
        ck_assert_double_gt(e2e_number(r.json, "progress"), progress);
        progress = e2e_number(r.json, "progress");
        e2e_reply_free(&r);
        r = act("GET", id, "/history?last=1");
        ck_assert(is_in(&r, "running"));
        ck_assert_double_gt(e2e_number(r.json, "history.0.epoch"), recorded);
        recorded = e2e_number(r.json, "history.0.epoch");
        ck_assert_double_le(e2e_number(r.json, "recorded"), 50);
        e2e_reply_free(&r);
    }
    cancel(id);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("jobs"), *one = tcase_create("one worker");
    tcase_add_test(tc, defaults_are_resolved_and_echoed);
    tcase_add_test(tc, every_setting_is_taken_and_echoed);
    tcase_add_test(tc, inline_dataset_is_stored_like_an_upload);
    tcase_add_test(one, job_is_queued_then_runs_then_succeeds);
    tcase_add_test(one, jobs_run_in_the_order_they_came);
    tcase_add_test(tc, progress_grows_and_the_history_is_live);
    return run_cases(tc, one);
}
