/* api_job: initial parameters, the stored spec that reads back as the same job, and the
 * documents of jobs and their history.
 */
#include "api_job.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>

static api_job decode(const char *text)
{
    api_job job;
    api_problem p = no_problem();
    ck_assert_msg(api_job_decode(text, strlen(text), &job, &p), "%s: %s", text, problem_text(&p));
    return job;
}

/* ---- the spec ---- */

static void assert_same_spec(const gd_spec *a, const gd_spec *b)
{
    ck_assert_ptr_eq(a->model, b->model);
    ck_assert_ptr_eq(a->cost, b->cost);
    ck_assert_ptr_eq(a->optimizer, b->optimizer);
    ck_assert_ptr_eq(a->schedule, b->schedule);
    ck_assert_mem_eq(&a->schedule_hyper, &b->schedule_hyper, sizeof a->schedule_hyper);
    ck_assert_mem_eq(&a->model_hyper, &b->model_hyper, sizeof a->model_hyper);
    ck_assert_mem_eq(&a->cost_hyper, &b->cost_hyper, sizeof a->cost_hyper);
    ck_assert_mem_eq(&a->optimizer_hyper, &b->optimizer_hyper, sizeof a->optimizer_hyper);
    assert_same_double(a->learning_rate, b->learning_rate);
    ck_assert_uint_eq(a->epochs, b->epochs);
    ck_assert_uint_eq(a->batch_size, b->batch_size);
    assert_same_double(a->tol, b->tol);
    ck_assert_uint_eq(a->n_iter_no_change, b->n_iter_no_change);
    ck_assert_uint_eq(a->seed, b->seed);
    ck_assert(a->shuffle == b->shuffle && a->intercept == b->intercept &&
              a->standardize == b->standardize);
    for (size_t i = 0; i < gd_spec_params_count; i++) /* and the others */
        assert_same_double(gd_param_get(a, &gd_spec_params[i]),
                           gd_param_get(b, &gd_spec_params[i]));
}

START_TEST(a_stored_spec_reads_back_as_the_same_job)
{
    static const char *const cases[] = {
        "{\"dataset_id\": \"d\"}",
        "{\"dataset_id\": \"d\", \"learning_rate\": 0.1, \"tol\": 1e-9, \"seed\": "
        "9007199254740991}",
        "{\"dataset_id\": \"d\", \"learning_rate\": 0.30000000000000004, \"epochs\": 1000000000, "
        "\"batch_size\": \"full\", \"n_iter_no_change\": \"auto\", \"tol\": 0}",
        "{\"dataset\": {\"X\": [1]}, \"name\": \"caf\xc3\xa9 \\\"1\\\"\\\\\", \"batch_size\": "
        "2147483647, "
        "\"history_points\": \"all\", \"shuffle\": false}",
        "{\"dataset_id\": \"d\", \"history_points\": 10, \"intercept\": false, \"standardize\": "
        "false, "
        "\"optimizer\": {\"name\": \"gd\"}, \"model\": \"linear_regression\", \"cost\": \"mse\", "
        "\"n_iter_no_change\": 3, \"learning_rate\": 5e-324}",
        "{\"dataset_id\": \"d\", \"initial_parameters\": {\"coefficients\": [0.1, 1e22, -0, "
        "3.0000000000000004], \"intercept\": 5e-324}}",
        "{\"dataset_id\": \"d\", \"model\": \"logistic_regression\", \"optimizer\": {\"name\": "
        "\"momentum\"}, \"schedule\": \"cosine\", \"learning_rate\": 0.1, \"max_seconds\": 1e-300, "
        "\"validation_fraction\": 0.30000000000000004, \"patience\": 7, \"l1\": 5e-324, \"l2\": "
        "1e300, \"clip_norm\": 0.1, \"clip_value\": 1e22, \"average\": true, \"batch_size\": 1}",
        "{\"dataset_id\": \"d\", \"cost\": {\"name\": \"huber\", \"delta\": 0.30000000000000004}, "
        "\"optimizer\": {\"name\": \"adam\", \"beta1\": 0.1}, \"schedule\": {\"name\": \"step\"}, "
        "\"max_seconds\": \"none\", \"patience\": \"none\", \"validation_fraction\": \"none\"}",
    };
    api_job job = decode(cases[_i]), again;
    char *text = api_doc_print(api_job_encode_spec(&job, "stored-id")), *twice;
    again = decode(text);
    ck_assert_str_eq(again.dataset_id, "stored-id");
    ck_assert_str_eq(again.name, job.name);
    assert_same_spec(&job.spec, &again.spec);
    ck_assert_uint_eq(again.history_points, job.history_points);
    assert_same_double(again.max_seconds, job.max_seconds);
    ck_assert((again.initial == NULL) == (job.initial == NULL));
    if (job.initial)
        ck_assert_str_eq(again.initial, job.initial);
    twice = api_doc_print(api_job_encode_spec(&again, "stored-id"));
    ck_assert_str_eq(twice, text);
    free(twice);
    free(text);
    api_job_free(&job);
    api_job_free(&again);
}
END_TEST

START_TEST(random_numbers_survive_in_the_stored_spec)
{
    uint64_t seed = 41;
    for (int i = 0; i < 500; i++) {
        api_job job = decode("{\"dataset_id\": \"d\"}");
        do
            job.spec.learning_rate = fabs(double_of(random_bits(&seed)));
        while (!isfinite(job.spec.learning_rate));
        job.spec.tol = (double)(random_bits(&seed) >> 11) * 0x1p-53;
        job.spec.seed = random_bits(&seed) >> 11;
        job.spec.epochs = 1 + random_bits(&seed) % 1000000000;
        char *text = api_doc_print(api_job_encode_spec(&job, "d"));
        api_job again = decode(text);
        assert_same_spec(&job.spec, &again.spec);
        free(text);
        api_job_free(&job);
        api_job_free(&again);
    }
}
END_TEST

START_TEST(the_stored_spec_has_every_default_resolved)
{
    api_job job = decode("{\"dataset\": {\"X\": [1]}}");
    char *text = api_doc_print(api_job_encode_spec(&job, "d"));
    cJSON *doc = read_back(text);
    for (size_t i = 0; i < gd_spec_params_count; i++)
        member_of(doc, gd_spec_params[i].name);
    for (size_t i = 0; i < api_job_params_count; i++)
        member_of(doc, api_job_params[i].name);
    ck_assert_str_eq(string_of(doc, "learning_rate"), "auto");
    ck_assert_str_eq(string_of(doc, "batch_size"), "full");
    ck_assert_str_eq(string_of(doc, "dataset_id"), "d");
    ck_assert(is_true(doc, "shuffle"));
    member_of(doc, "model");
    member_of(doc, "cost");
    member_of(doc, "optimizer");
    ck_assert_str_eq(string_of(doc, "schedule"), "constant");
    ck_assert_str_eq(string_of(doc, "max_seconds"), "none");
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "dataset"));
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "name"));
    ck_assert_ptr_null(cJSON_GetObjectItem(doc, "initial_parameters"));
    cJSON_Delete(doc);
    free(text);
    api_job_free(&job);
}
END_TEST

/* ---- initial parameters ---- */

static double *initial(const char *parameters, size_t cols, bool intercept, api_problem *p)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"dataset_id\": \"d\", \"intercept\": %s, \"initial_parameters\": %s}",
             intercept ? "true" : "false", parameters);
    api_job job = decode(text);
    double *theta = (double *)1;
    *p = no_problem();
    bool ok = api_job_initial(&job, cols, 0, &theta, p);
    ck_assert(ok == (p->code == API_NO_PROBLEM));
    ck_assert(ok || !theta);
    api_job_free(&job);
    return theta;
}

START_TEST(initial_parameters_are_taken_by_name_and_exactly)
{
    static const struct {
        const char *text;
        size_t cols;
        bool intercept;
        double want[4];
    } cases[] = {
        {"{\"coefficients\": [0.1, -0, 1e22], \"intercept\": 5e-324}",
         3,
         true,
         {0.1, -0.0, 1e22, 5e-324}},
        {"{\"intercept\": 0.30000000000000004, \"coefficients\": [1, 2]}",
         2,
         true,
         {1, 2, 0.1 + 0.2}},
        {"{\"coefficients\": [1, 2]}", 2, false, {1, 2}},
        {"{\"coefficients\": [1, 2]}", 2, true, {1, 2, 0}}, /* the others start as usual */
        {"{\"intercept\": 7.5}", 2, true, {0, 0, 7.5}},
        {"{}", 2, true, {0, 0, 0}},
        {"{\"m\": 2.385, \"b\": -1}", 1, true, {2.385, -1}},
        {"{\"b\": -1, \"m\": 2.385}", 1, true, {2.385, -1}},
        {"{\"m\": 2.385}", 1, false, {2.385}},
        {"{\"coefficients\": [2.385], \"b\": 3}", 1, true, {2.385, 3}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p;
        double *theta = initial(cases[i].text, cases[i].cols, cases[i].intercept, &p);
        ck_assert_msg(theta != NULL, "%s: %s", cases[i].text, problem_text(&p));
        for (size_t k = 0; k < cases[i].cols + cases[i].intercept; k++)
            ck_assert_msg(bits_of(theta[k]) == bits_of(cases[i].want[k]), "%s: %zu is %.17g",
                          cases[i].text, k, theta[k]);
        free(theta);
    }
    api_job job = decode("{\"dataset_id\": \"d\"}"); /* none: the model's own */
    double *theta = (double *)1;
    api_problem p = no_problem();
    ck_assert(api_job_initial(&job, 3, 0, &theta, &p));
    ck_assert_ptr_null(theta);
    api_job_free(&job);
}
END_TEST

START_TEST(initial_parameters_that_do_not_fit_are_told_by_name)
{
    static const struct {
        const char *text;
        size_t cols;
        bool intercept;
        const char *field, *part;
    } cases[] = {
        {"{\"coefficients\": [1, 2]}", 3, true, "coefficients",
         "an array of 3 numbers, one a feature"},
        {"{\"coefficients\": [1, 2]}", 3, true, "coefficients", "got an array of another length"},
        {"{\"coefficients\": [1, 2]}", 1, true, "coefficients", "an array of 1 number, one a"},
        {"{\"coefficients\": []}", 1, true, "coefficients", "another length"},
        {"{\"coefficients\": 5}", 2, true, "coefficients", "must be an array of 2 numbers"},
        {"{\"coefficients\": {\"a\": 1, \"b\": 2}}", 2, true, "coefficients", "got an object"},
        {"{\"coefficients\": [1, null]}", 2, true, "coefficients[1]", "a finite number, got null"},
        {"{\"coefficients\": [\"1\", 2]}", 2, true, "coefficients[0]", "got \"1\""},
        {"{\"intercept\": \"0\"}", 2, true, "intercept", "must be a finite number, got \"0\""},
        {"{\"intercept\": [1]}", 2, true, "intercept", "got an array"},
        {"{\"intercept\": 1}", 2, false, "intercept", "unknown field"},
        {"{\"b\": 1}", 1, false, "b", "unknown field"},
        {"{\"m\": 1}", 2, true, "m", "unknown field; known are: coefficients, intercept"},
        {"{\"m\": [1]}", 1, true, "m", "must be a finite number, got an array"},
        {"{\"coefficient\": [1]}", 1, true, "coefficient", "did you mean \"coefficients\"?"},
        {"{\"weights\": [1]}", 1, true, "weights", "unknown field; known are: coefficients"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p;
        char field[96];
        snprintf(field, sizeof field, "initial_parameters.%s", cases[i].field);
        ck_assert_msg(!initial(cases[i].text, cases[i].cols, cases[i].intercept, &p), "%s",
                      cases[i].text);
        ck_assert_int_eq(p.code, API_INVALID);
        ck_assert_msg(says(&p, field, cases[i].part), "%s: %s", cases[i].text, problem_text(&p));
    }
    api_problem p; /* all at once */
    ck_assert_ptr_null(
        initial("{\"coefficients\": [1], \"intercept\": null, \"w\": 0}", 2, true, &p));
    ck_assert_uint_eq(p.errors_count, 3);
}
END_TEST

START_TEST(a_parameter_is_given_under_one_of_its_names_only)
{
    api_problem p;
    double *theta = initial("{\"m\": 1, \"coefficients\": [2]}", 1, true, &p);
    free(theta);
    ck_assert_msg(p.code == API_INVALID, "m = 1 and coefficients = [2] are both accepted");
    theta = initial("{\"intercept\": 1, \"b\": 2}", 1, true, &p);
    free(theta);
    ck_assert_int_eq(p.code, API_INVALID);
}
END_TEST

START_TEST(initial_parameters_are_of_models_whose_shape_is_known)
{
    api_job job = decode("{\"dataset_id\": \"d\", \"model\": \"softmax_regression\", "
                         "\"initial_parameters\": {\"coefficients\": [[1, 2], [3, 4]]}}");
    api_problem p = no_problem();
    double *theta = (double *)1;
    ck_assert(api_job_initial(&job, 2, 0, &theta, &p)); /* nobody knows yet how many rows */
    ck_assert_ptr_null(theta);
    ck_assert(api_job_initial(&job, 2, 2, &theta, &p));
    const double want[] = {1, 2, 3, 4, 0, 0};
    for (size_t i = 0; i < COUNT(want); i++)
        assert_same_double(theta[i], want[i]);
    free(theta);
    ck_assert(!api_job_initial(&job, 2, 3, &theta, &p));
    ck_assert_ptr_null(theta);
    assert_says(&p, "initial_parameters.coefficients",
                "must be an array of 3 rows of 2 numbers, got an array of another length");
    p = no_problem();
    ck_assert(!api_job_initial(&job, 1, 2, &theta, &p));
    assert_says(&p, "initial_parameters.coefficients[0]", "must be an array of 1 number, got an");
    api_job_free(&job);
    job = decode("{\"dataset_id\": \"d\", \"model\": \"softmax_regression\"}");
    p = no_problem();
    ck_assert(api_job_initial(&job, 2, 3, &theta, &p)); /* none: none */
    ck_assert_ptr_null(theta);
    api_job_free(&job);
    static const char *const models[] = {"logistic_regression", "poisson_regression", "svm"};
    for (size_t i = 0; i < COUNT(models); i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"dataset_id\": \"d\", \"model\": \"%s\", \"initial_parameters\": "
                 "{\"coefficients\": [0.1, -0], \"intercept\": 7}}",
                 models[i]);
        job = decode(text);
        ck_assert(api_job_initial(&job, 2, 0, &theta, &p));
        assert_same_double(theta[0], 0.1);
        assert_same_double(theta[1], -0.0);
        assert_same_double(theta[2], 7);
        free(theta);
        api_job_free(&job);
    }
}
END_TEST

START_TEST(a_network_starts_from_all_of_its_parameters_or_none)
{
    static const char text[] =
        "{\"dataset_id\": \"d\", \"model\": {\"name\": \"mlp\", \"hidden_layers\": [2]}, "
        "\"initial_parameters\": {%s\"weights_1\": [[1, 2, 3], [4, 5, 6]], \"biases_1\": [7, 8], "
        "\"weights_2\": [[9, 10]]}}";
    char json[512];
    api_problem p = no_problem();
    double *theta;
    snprintf(json, sizeof json, text, "\"biases_2\": [11], ");
    api_job job = decode(json);
    ck_assert_msg(api_job_initial(&job, 3, 0, &theta, &p), "%s", problem_text(&p));
    for (size_t i = 0; i < 11; i++)
        assert_same_double(theta[i], (double)i + 1);
    free(theta);
    api_job_free(&job);
    snprintf(json, sizeof json, text, "");
    job = decode(json);
    ck_assert(!api_job_initial(&job, 3, 0, &theta, &p));
    assert_says(&p, "initial_parameters.biases_2", "is missing: \"mlp\" needs all");
    api_job_free(&job);
    p = no_problem();
    snprintf(json, sizeof json, text, "\"biases_2\": 11, ");
    job = decode(json);
    ck_assert(!api_job_initial(&job, 3, 0, &theta, &p));
    assert_says(&p, "initial_parameters.biases_2", "must be an array of 1 number, got 11");
    api_job_free(&job);
}
END_TEST

/* ---- the job ---- */

static cJSON *job_document(const api_job_view *v, bool brief)
{
    cJSON *o = cJSON_CreateObject();
    api_job_encode(o, v, brief);
    char *text = api_doc_print(o);
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

static const api_job_view fresh = {.id = "job_1",
                                   .name = "",
                                   .state = "queued",
                                   .dataset_id = "ds_1",
                                   .epochs = 300,
                                   .cost = NAN,
                                   .validation_cost = NAN,
                                   .gradient_norm = NAN,
                                   .learning_rate = NAN,
                                   .max_stable_learning_rate = NAN,
                                   .seconds = NAN,
                                   .finite = true,
                                   .created_at = "2024-02-29T00:00:00Z",
                                   .spec = "{\"epochs\": 300}"};

START_TEST(a_job_that_waits_has_null_for_what_is_not_known)
{
    static const char *const unknown[] = {"cost",
                                          "validation_cost",
                                          "gradient_norm",
                                          "learning_rate",
                                          "max_stable_learning_rate",
                                          "epochs_by",
                                          "stop_reason",
                                          "started_at",
                                          "finished_at",
                                          "model_id",
                                          "seconds",
                                          "error"};
    cJSON *doc = job_document(&fresh, false);
    for (size_t i = 0; i < COUNT(unknown); i++)
        ck_assert_msg(is_null(doc, unknown[i]), "%s is not null", unknown[i]);
    ck_assert_str_eq(string_of(doc, "id"), "job_1");
    ck_assert_str_eq(string_of(doc, "state"), "queued");
    ck_assert_str_eq(string_of(doc, "dataset_id"), "ds_1");
    assert_same_double(number_of(doc, "epoch"), 0);
    assert_same_double(number_of(doc, "epochs"), 300);
    assert_same_double(number_of(doc, "progress"), 0);
    assert_same_double(number_of(member_of(doc, "spec"), "epochs"), 300);
    ck_assert(cJSON_IsArray(member_of(doc, "advice")));
    ck_assert(is_true(doc, "finite"));
    cJSON_Delete(doc);
    doc = job_document(&fresh, true);
    static const char *const long_ones[] = {"spec", "advice", "error"};
    for (size_t i = 0; i < COUNT(long_ones); i++)
        ck_assert_ptr_null(cJSON_GetObjectItem(doc, long_ones[i]));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(numbers_of_a_job_are_exact_and_flagged_when_not_finite)
{
    api_job_view v = fresh;
    v.state = "running";
    v.epoch = 100;
    v.cost = 0.1 + 0.2;
    v.validation_cost = 2.0 / 3;
    v.gradient_norm = 5e-324;
    v.learning_rate = 1.0 / 3;
    v.max_stable_learning_rate = 1e22;
    v.seconds = 1.7976931348623157e308;
    cJSON *doc = job_document(&v, true);
    assert_same_double(number_of(doc, "cost"), 0.1 + 0.2);
    assert_same_double(number_of(doc, "validation_cost"), 2.0 / 3);
    assert_same_double(number_of(doc, "gradient_norm"), 5e-324);
    assert_same_double(number_of(doc, "learning_rate"), 1.0 / 3);
    assert_same_double(number_of(doc, "max_stable_learning_rate"), 1e22);
    assert_same_double(number_of(doc, "seconds"), 1.7976931348623157e308);
    assert_same_double(number_of(doc, "progress"), 100.0 / 300);
    cJSON_Delete(doc);
    v.cost = INFINITY;
    v.finite = false;
    doc = job_document(&v, true);
    ck_assert(is_null(doc, "cost") && !is_true(doc, "finite"));
    cJSON_Delete(doc);
}
END_TEST

START_TEST(a_job_that_succeeded_early_has_made_all_its_progress)
{
    api_job_view v = fresh;
    v.state = "succeeded";
    v.stop_reason = "converged";
    v.finished_at = "2024-02-29T00:00:09Z";
    v.epoch = 7;
    v.advice = "[{\"a\": 1}]";
    v.error = "{\"type\": \"x\"}";
    cJSON *doc = job_document(&v, false);
    assert_same_double(number_of(doc, "progress"), 1);
    assert_same_double(number_of(doc, "epoch"), 7);
    ck_assert_int_eq(cJSON_GetArraySize(member_of(doc, "advice")), 1);
    ck_assert_str_eq(string_of(member_of(doc, "error"), "type"), "x");
    cJSON_Delete(doc);
    v.state = "cancelled";
    doc = job_document(&v, false);
    assert_same_double(number_of(doc, "progress"), 7.0 / 300);
    cJSON_Delete(doc);
    v.epochs = v.epoch = 0;
    doc = job_document(&v, false);
    assert_same_double(number_of(doc, "progress"), 0);
    cJSON_Delete(doc);
}
END_TEST

/* ---- history ---- */

static const api_point points[] = {
    {0, 0.1, NAN, 1.0 / 3, 1e22, 0},
    {1, 5e-324, 0.1 + 0.2, INFINITY, 0.30000000000000004, 2.5},
    {UINT64_C(9007199254740991), NAN, NAN, NAN, 0.5, NAN},
    {12, -INFINITY, INFINITY, 1, 1, 1},
};

START_TEST(history_in_json_is_exact_and_flags_what_is_not_finite)
{
    api_text t = {0};
    api_text_puts(&t, "[");
    for (size_t i = 0; i < COUNT(points); i++)
        api_point_json(&t, &points[i], false, i == 0);
    api_text_puts(&t, "]");
    cJSON *list = read_back(t.data);
    ck_assert_int_eq(cJSON_GetArraySize(list), COUNT(points));
    for (size_t i = 0; i < COUNT(points); i++) {
        const double want[] = {points[i].cost, points[i].gradient_norm, points[i].learning_rate,
                               points[i].seconds};
        static const char *const names[] = {"cost", "gradient_norm", "learning_rate", "seconds"};
        cJSON *point = cJSON_GetArrayItem(list, (int)i);
        assert_same_double(number_of(point, "epoch"), (double)points[i].epoch);
        for (size_t k = 0; k < COUNT(names); k++)
            if (isfinite(want[k]))
                assert_same_double(number_of(point, names[k]), want[k]);
            else
                ck_assert(is_null(point, names[k]));
        cJSON *validation = cJSON_GetObjectItem(point, "validation_cost");
        ck_assert((validation == NULL) == isnan(points[i].validation_cost)); /* none: not there */
        if (validation && isfinite(points[i].validation_cost))
            assert_same_double(validation->valuedouble, points[i].validation_cost);
        else
            ck_assert(!validation || cJSON_IsNull(validation));
        cJSON *flag = cJSON_GetObjectItem(point, "finite");
        ck_assert(isfinite(points[i].cost) ? !flag : cJSON_IsFalse(flag));
    }
    cJSON_Delete(list);
    api_text_free(&t);
}
END_TEST

/* RFC 4180: CRLF, as many fields in each line as in the header. */
START_TEST(history_in_csv_has_empty_fields_for_what_is_not_finite)
{
    api_text t = {0};
    api_text_puts(&t, api_point_csv_header);
    for (size_t i = 0; i < COUNT(points); i++)
        api_point_csv(&t, &points[i]);
    ck_assert_str_eq(t.data,
                     "epoch,cost,validation_cost,gradient_norm,learning_rate,seconds,finite,part\r\n"
                     "0,0.1,,0.3333333333333333,1e+22,0,true,1\r\n"
                     "1,4.94065645841247e-324,0.30000000000000004,,0.30000000000000004,2.5,true,1\r\n"
                     "9007199254740991,,,,0.5,,false,1\r\n"
                     "12,,,1,1,1,false,1\r\n");
    api_text_free(&t);
}
END_TEST

/* ---- a job that failed ---- */

START_TEST(a_failed_job_says_why)
{
    api_problem p = no_problem();
    api_problem_set(&p, API_NO_SPACE, "no room for \"model_1\"");
    char *text = api_doc_take_text(api_failure_encode(&p));
    cJSON *doc = read_back(text);
    ck_assert_str_eq(string_of(doc, "type"), "urn:descentd:problem:no-space");
    ck_assert_str_eq(string_of(doc, "title"), api_problem_title(API_NO_SPACE));
    ck_assert_str_eq(string_of(doc, "detail"), "no room for \"model_1\"");
    cJSON_Delete(doc);
    free(text);
}
END_TEST

START_TEST(a_diverged_job_says_what_would_have_been_stable)
{
    const gd_error err = {.field = "learning_rate", .message = "is too large: 0.5"};
    const double theta[] = {1.0 / 3, -1e300};
    const gd_shape line = {1, true, 1};
    const gd_model *model = gd_model_find("linear_regression");
    char *text = api_doc_print(api_diverged_encode(&err, 17, 0.25, 0.125, model, &line, theta, 16));
    cJSON *doc = read_back(text);
    ck_assert_str_eq(string_of(doc, "type"), "urn:descentd:problem:diverged");
    ck_assert_str_eq(string_of(doc, "detail"), "is too large: 0.5");
    ck_assert_str_eq(string_of(doc, "field"), "learning_rate");
    assert_same_double(number_of(doc, "epoch"), 17);
    assert_same_double(number_of(doc, "max_stable_learning_rate"), 0.25);
    assert_same_double(number_of(doc, "suggested_learning_rate"), 0.125);
    cJSON *last = member_of(doc, "last_finite"), *parameters = member_of(last, "parameters");
    assert_same_double(number_of(last, "epoch"), 16);
    assert_same_double(number_of(parameters, "m"), 1.0 / 3);
    assert_same_double(number_of(parameters, "b"), -1e300);
    cJSON_Delete(doc);
    free(text);
    text = api_doc_print(api_diverged_encode(&err, 17, 0, NAN, model, &line, theta, 16));
    doc = read_back(text);
    ck_assert(is_null(doc, "max_stable_learning_rate") && is_null(doc, "suggested_learning_rate"));
    cJSON_Delete(doc);
    free(text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("job_encode");
    tcase_add_loop_test(tc, a_stored_spec_reads_back_as_the_same_job, 0, 8);
    tcase_add_test(tc, random_numbers_survive_in_the_stored_spec);
    tcase_add_test(tc, the_stored_spec_has_every_default_resolved);
    tcase_add_test(tc, initial_parameters_are_taken_by_name_and_exactly);
    tcase_add_test(tc, initial_parameters_that_do_not_fit_are_told_by_name);
    tcase_add_test(tc, a_parameter_is_given_under_one_of_its_names_only);
    tcase_add_test(tc, initial_parameters_are_of_models_whose_shape_is_known);
    tcase_add_test(tc, a_network_starts_from_all_of_its_parameters_or_none);
    tcase_add_test(tc, a_job_that_waits_has_null_for_what_is_not_known);
    tcase_add_test(tc, numbers_of_a_job_are_exact_and_flagged_when_not_finite);
    tcase_add_test(tc, a_job_that_succeeded_early_has_made_all_its_progress);
    tcase_add_test(tc, history_in_json_is_exact_and_flags_what_is_not_finite);
    tcase_add_test(tc, history_in_csv_has_empty_fields_for_what_is_not_finite);
    tcase_add_test(tc, a_failed_job_says_why);
    tcase_add_test(tc, a_diverged_job_says_what_would_have_been_stable);
    return run_tests(tc, "api_job_encode");
}
