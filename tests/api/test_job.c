/* api_job: a request becomes a whole spec, or every bad field of it is named; what is stored
 * of a job reads back as the same job.
 */
#include "api_families.h"
#include "api_job.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>

/* The request in a copy of its exact size. */
static bool decode(const char *text, size_t n, api_job *job, api_problem *p)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    memset(job, 0xa5, sizeof *job);
    *p = no_problem();
    bool ok = api_job_decode(copy, n, job, p);
    free(copy);
    ck_assert(ok == (p->code == API_NO_PROBLEM));
    return ok;
}

static api_job good(const char *text)
{
    api_job job;
    api_problem p;
    ck_assert_msg(decode(text, strlen(text), &job, &p), "%s: %s", text, problem_text(&p));
    return job;
}

static api_problem bad(const char *text)
{
    api_job job;
    api_problem p;
    ck_assert_msg(!decode(text, strlen(text), &job, &p), "%s is accepted", text);
    api_job_free(&job);
    return p;
}

/* {"dataset_id": "d", <member>} */
static const char *with(const char *member)
{
    static char text[2048];
    snprintf(text, sizeof text, "{\"dataset_id\": \"d\", %s}", member);
    return text;
}

static void says_of(const char *member, const char *field, const char *part)
{
    api_problem p = bad(with(member));
    ck_assert_msg(p.code == API_INVALID && p.errors_count == 1 && says(&p, field, part),
                  "%s: %s; expected \"%s\" of \"%s\" alone", member, problem_text(&p), part, field);
}

/* ---- defaults ---- */

START_TEST(what_is_not_said_has_its_default)
{
    api_job job = good("{\"dataset_id\": \"ds_7\"}");
    ck_assert_str_eq(job.name, "");
    ck_assert_str_eq(job.dataset_id, "ds_7");
    ck_assert(job.dataset_start == 0 && job.dataset_end == 0);
    ck_assert_ptr_null(job.initial);
    ck_assert_uint_eq(job.history_points, 1000);
    assert_same_double(job.max_seconds, API_NO_LIMIT);
    const gd_spec *s = &job.spec;
    ck_assert_str_eq(s->model->name, "linear_regression");
    ck_assert_str_eq(s->cost->name, "mse");
    ck_assert_str_eq(s->optimizer->name, "gd");
    ck_assert_str_eq(s->schedule->name, "constant");
    assert_same_double(s->learning_rate, GD_AUTO);
    ck_assert_uint_eq(s->epochs, 1000);
    ck_assert_uint_eq(s->batch_size, GD_FULL_BATCH);
    assert_same_double(s->tol, 1e-6);
    ck_assert_uint_eq(s->n_iter_no_change, GD_AUTO);
    ck_assert_uint_eq(s->seed, 0);
    ck_assert(s->shuffle && s->intercept && s->standardize);
    for (size_t i = 0; i < gd_spec_params_count; i++) /* and rows to come */
        assert_same_double(gd_param_get(s, &gd_spec_params[i]), gd_spec_params[i].def);
    for (size_t i = 0; i < api_job_params_count; i++)
        assert_same_double(gd_param_get(&job, &api_job_params[i]), api_job_params[i].def);
    api_job_free(&job);
}
END_TEST

START_TEST(everything_can_be_said)
{
    api_job job =
        good("{\"name\": \"first \xc3\xa9\", \"dataset_id\": \"ds_1\", \"model\": "
             "\"linear_regression\", \"cost\": {\"name\": \"mse\"}, \"optimizer\": \"gd\", "
             "\"learning_rate\": 0.1, \"epochs\": 250, \"batch_size\": 32, \"tol\": 0, "
             "\"n_iter_no_change\": 7, \"seed\": 9007199254740991, \"shuffle\": false, "
             "\"intercept\": false, \"standardize\": false, \"history_points\": \"all\", "
             "\"schedule\": {\"name\": \"constant\"}, \"max_seconds\": 0.5, \"l2\": 0.125, "
             "\"initial_parameters\": {\"coefficients\": [1, 2]}}");
    ck_assert_str_eq(job.name, "first \xc3\xa9");
    assert_same_double(job.spec.learning_rate, 0.1);
    ck_assert_uint_eq(job.spec.epochs, 250);
    ck_assert_uint_eq(job.spec.batch_size, 32);
    assert_same_double(job.spec.tol, 0);
    ck_assert_uint_eq(job.spec.n_iter_no_change, 7);
    ck_assert_uint_eq(job.spec.seed, UINT64_C(9007199254740991));
    ck_assert(!job.spec.shuffle && !job.spec.intercept && !job.spec.standardize);
    ck_assert_uint_eq(job.history_points, API_ALL_POINTS);
    assert_same_double(job.max_seconds, 0.5);
    assert_same_double(job.spec.l2, 0.125);
    ck_assert_ptr_nonnull(job.initial);
    api_job_free(&job);
}
END_TEST

/* ---- each row of the tables ---- */

typedef struct row {
    const gd_param *param;
    bool in_job;
} row;

static row row_at(int i)
{
    bool in_job = (size_t)i >= gd_spec_params_count;
    return (row){in_job ? &api_job_params[(size_t)i - gd_spec_params_count] : &gd_spec_params[i],
                 in_job};
}

static void refuses(const gd_param *param, const char *value)
{
    char member[200], got[100];
    snprintf(member, sizeof member, "\"%s\": %s", param->name, value);
    bool list = *value == '[', object = *value == '{';
    snprintf(got, sizeof got, "got %s", list ? "an array" : object ? "an object" : value);
    says_of(member, param->name, got);
    says_of(member, param->name, "must be ");
}

static void refuses_number(const gd_param *param, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.15g", value);
    refuses(param, text);
}

/* What else a row must be told to have a meaning: settings are checked together as well. */
static const char *companion(const gd_param *param)
{
    if (strcmp(param->name, "patience") == 0)
        return ", \"validation_fraction\": 0.25";
    if (strcmp(param->name, "average") == 0)
        return ", \"batch_size\": 8";
    if (strcmp(param->name, "dtype") == 0)
        return ", \"model\": \"mlp\"";
    return "";
}

static void takes(row r, const char *value, double want)
{
    char member[200];
    snprintf(member, sizeof member, "\"%s\": %s%s", r.param->name, value, companion(r.param));
    api_job job = good(with(member));
    assert_same_double(gd_param_get(r.in_job ? (void *)&job : (void *)&job.spec, r.param), want);
    api_job_free(&job);
}

static void takes_number(row r, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", value);
    takes(r, text, value);
}

START_TEST(each_parameter_takes_its_range_and_nothing_else)
{
    row r = row_at(_i);
    const gd_param *p = r.param;
    static const char *const wrong[] = {"null", "[]", "[1]", "{}", "\"\"", "\"5\"", "\"many\""};
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuses(p, wrong[i]);
    if (p->kind == GD_BOOLEAN) {
        static const char *const no_bool[] = {"0", "1", "\"true\"", "2.5"};
        for (size_t i = 0; i < COUNT(no_bool); i++)
            refuses(p, no_bool[i]);
        takes(r, "true", 1);
        takes(r, "false", 0);
        return;
    }
    refuses(p, "true");
    refuses(p, "false");
    if (p->kind == GD_CHOICE) {
        char text[40];
        for (size_t i = 0; p->choices[i]; i++) {
            snprintf(text, sizeof text, "\"%s\"", p->choices[i]);
            takes(r, text, (double)i);
        }
        refuses(p, "0");
        return;
    }
    double step = p->kind == GD_INTEGER ? 1 : fmax(fabs(p->min) / 4, 1e-3);
    if (isfinite(p->min)) {
        refuses_number(p, p->min - step);
        if (p->min_open)
            refuses_number(p, p->min);
        else
            takes_number(r, p->min);
        takes_number(r, p->min + step);
    }
    if (isfinite(p->max)) {
        refuses_number(p, 2 * p->max + 4); /* 2^53 + 1 is no double */
        if (p->max_open)
            refuses_number(p, p->max);
        else
            takes_number(r, p->max);
        takes_number(r, p->kind == GD_INTEGER ? p->max - 1 : p->max * 0.875);
    } else {
        takes_number(r, 1e300);
    }
    if (p->kind == GD_INTEGER) {
        refuses_number(p, p->min + 0.5);
        refuses_number(p, p->min + 0.001);
        refuses_number(p, 1e300);
        takes(r, "1.2e1", 12);
        takes(r, "12.0", 12);
    }
    if (p->word) {
        char text[40];
        snprintf(text, sizeof text, "\"%s\"", p->word);
        takes(r, text, p->word_value);
        snprintf(text, sizeof text, "\"%sx\"", p->word);
        refuses(p, text);
        refuses_number(p, p->word_value); /* only by its word */
    }
}
END_TEST

START_TEST(rules_are_told_in_words)
{
    static const char *const cases[][3] = {
        {"\"learning_rate\": -0.5", "learning_rate",
         "must be a finite number greater than 0, or \"auto\", got -0.5"},
        {"\"learning_rate\": \"fast\"", "learning_rate", "or \"auto\", got \"fast\""},
        {"\"learning_rate\": 0.0", "learning_rate", "greater than 0, or \"auto\", got 0"},
        {"\"learning_rate\": -0", "learning_rate", "greater than 0, or \"auto\", got -0"},
        {"\"epochs\": 0", "epochs", "must be a whole number in [1, 1000000000], got 0"},
        {"\"epochs\": 2.5", "epochs", "must be a whole number in [1, 1000000000], got 2.5"},
        {"\"tol\": 1", "tol", "must be a finite number in [0, 1), got 1"},
        {"\"seed\": -1", "seed", "must be a whole number in [0, 9007199254740991], got -1"},
        {"\"shuffle\": 1", "shuffle", "must be true or false, got 1"},
        {"\"history_points\": 9", "history_points",
         "must be a whole number in [10, 1000000], or \"all\", got 9"},
        {"\"name\": \"\"", "name", "must not be empty"},
        {"\"name\": 5", "name", "must be a string, got 5"},
        {"\"name\": \"a\\u0000\"", "", ""}, /* see below */
    };
    for (size_t i = 0; i + 1 < COUNT(cases); i++)
        says_of(cases[i][0], cases[i][1], cases[i][2]);
    api_problem p = bad(with(cases[COUNT(cases) - 1][0]));
    ck_assert_int_eq(p.code, API_BAD_JSON);
    p = bad("{\"dataset_id\": \"\"}");
    assert_says(&p, "dataset_id", "must not be empty");
    p = bad("{\"dataset_id\": null}");
    assert_says(&p, "dataset_id", "must be a string, got null");
}
END_TEST

START_TEST(all_bad_fields_are_named_at_once)
{
    api_problem p = bad("{\"learning_rate\": -1, \"epochs\": 1.5, \"shuffle\": \"no\", \"tol\": 2, "
                        "\"name\": 7, \"optimizer\": \"adamm\", \"epoch\": 3, \"dataset_id\": [], "
                        "\"initial_parameters\": 4, \"history_points\": 1}");
    static const char *const fields[] = {"learning_rate", "epochs",     "shuffle",
                                         "tol",           "name",       "optimizer",
                                         "epoch",         "dataset_id", "initial_parameters",
                                         "history_points"};
    for (size_t i = 0; i < COUNT(fields); i++)
        assert_says(&p, fields[i], "");
    ck_assert_uint_eq(p.errors_count, COUNT(fields));
    ck_assert_int_eq(p.code, API_INVALID);
    api_text t = {0}; /* more than are listed */
    for (int i = 0; i < 40; i++)
        api_text_printf(&t, "%s\"unknown_%d\": 0", i ? "," : "{", i);
    api_text_puts(&t, "}");
    p = bad(t.data);
    api_text_free(&t);
    ck_assert_uint_eq(p.errors_count, API_MAX_FIELD_ERRORS);
    ck_assert_uint_eq(p.errors_more, 41 - API_MAX_FIELD_ERRORS); /* and no dataset */
}
END_TEST

START_TEST(unknown_fields_are_answered_with_a_suggestion)
{
    says_of("\"learning_rat\": 0.1", "learning_rat",
            "unknown field; did you mean \"learning_rate\"?");
    says_of("\"batchsize\": 8", "batchsize", "did you mean \"batch_size\"?");
    says_of("\"Epochs\": 8", "Epochs", "did you mean \"epochs\"?");
    says_of("\"optimiser\": \"gd\"", "optimiser", "did you mean \"optimizer\"?");
    says_of("\"verbose\": true", "verbose", "unknown field; GET /openapi.json describes all");
    says_of("\"\": 1", "", "");
}
END_TEST

/* ---- families ---- */

START_TEST(model_cost_and_optimizer_are_a_name_or_an_object)
{
    static const char *const cases[] = {"\"model\": \"linear_regression\"",
                                        "\"model\": {\"name\": \"linear_regression\"}",
                                        "\"cost\": \"mse\"",
                                        "\"cost\": {\"name\": \"mse\"}",
                                        "\"optimizer\": \"gd\"",
                                        "\"optimizer\": {\"name\": \"gd\"}"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job = good(with(cases[i]));
        ck_assert_str_eq(job.spec.model->name, "linear_regression");
        ck_assert_str_eq(job.spec.cost->name, "mse");
        ck_assert_str_eq(job.spec.optimizer->name, "gd");
        api_job_free(&job);
    }
}
END_TEST

START_TEST(members_that_are_not_there_are_told_with_those_that_are)
{
    static const char *const cases[][3] = {
        {"\"optimizer\": \"gdd\"", "optimizer", "got \"gdd\"; did you mean \"gd\"?"},
        {"\"optimizer\": \"newton\"", "optimizer", "must be one of \"gd\""},
        {"\"optimizer\": \"newton\"", "optimizer", "got \"newton\""},
        {"\"optimizer\": {\"name\": \"gdd\"}", "optimizer.name", "did you mean \"gd\"?"},
        {"\"optimizer\": {\"name\": 5}", "optimizer.name", "must be one of"},
        {"\"optimizer\": {\"name\": null}", "optimizer.name", "got null"},
        {"\"optimizer\": {}", "optimizer.name", "is missing"},
        {"\"optimizer\": {\"learning_rate\": 1}", "optimizer.name", "is missing"},
        {"\"optimizer\": null", "optimizer", "got null"},
        {"\"optimizer\": 3", "optimizer", "got 3"},
        {"\"optimizer\": [\"gd\"]", "optimizer", "got an array"},
        {"\"optimizer\": {\"name\": \"gd\", \"warp\": 9}", "optimizer.warp", "unknown field"},
        {"\"optimizer\": {\"name\": \"gd\", \"nam\": 9}", "optimizer.nam",
         "did you mean \"name\"?"},
        {"\"cost\": \"mae_\"", "cost", "must be one of \"mse\""},
        {"\"cost\": \"msee\"", "cost", "did you mean \"mse\"?"},
        {"\"cost\": {\"name\": \"mse\", \"warp\": 9}", "cost.warp", "unknown field"},
        {"\"cost\": false", "cost", "got false"},
        {"\"model\": \"linear_regresion\"", "model", "did you mean \"linear_regression\"?"},
        {"\"model\": \"forest\"", "model", "must be one of \"linear_regression\""},
        {"\"model\": {\"name\": \"linear_regression\", \"warp\": 9}", "model.warp",
         "unknown field"},
        {"\"model\": {}", "model.name", "is missing"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        says_of(cases[i][0], cases[i][1], cases[i][2]);
}
END_TEST

/* Every hyperparameter of every member, those to come too, is reached by its path. */
static void hyperparameters_are_checked(const char *family, const char *name,
                                        const gd_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char member[300], path[100];
        snprintf(member, sizeof member, "\"%s\": {\"%s\": \"nonsense\", \"name\": \"%s\"}", family,
                 params[i].name, name);
        snprintf(path, sizeof path, "%s.%s", family, params[i].name);
        says_of(member, path, "got \"nonsense\"");
        snprintf(member, sizeof member, "\"%s\": {\"%sq\": 1, \"name\": \"%s\"}", family,
                 params[i].name, name);
        snprintf(path, sizeof path, "%s.%sq", family, params[i].name);
        says_of(member, path, params[i].name);
    }
}

START_TEST(every_hyperparameter_is_reached_by_its_path)
{
    for (size_t k = 0; k < api_families_count; k++)
        for (size_t i = 0; i < *api_families[k].members_count; i++) {
            api_member m = api_families[k].at(i);
            hyperparameters_are_checked(api_families[k].field, m.name, m.params, m.params_count);
        }
}
END_TEST

/* ---- the dataset ---- */

START_TEST(a_dataset_is_given_by_its_id_or_inline_and_not_both)
{
    api_problem p = bad("{\"epochs\": 5}");
    assert_says(&p, "dataset_id", "is missing: the id of a dataset, or the data itself");
    p = bad("{\"dataset_id\": \"d\", \"dataset\": {\"X\": [1], \"y\": [2]}}");
    assert_says(&p, "dataset", "can't be given together with dataset_id");
}
END_TEST

START_TEST(an_inline_dataset_spans_exactly_its_value)
{
    static const char *const cases[][2] = {
        {"{\"dataset\": {\"X\": [[1, 2]], \"y\": [3]}, \"epochs\": 5}",
         "{\"X\": [[1, 2]], \"y\": [3]}"},
        {"{\"epochs\": 5,\"dataset\":{\"X\":[1e5]}\n}", "{\"X\":[1e5]}"},
        {"{\"name\": \"\\\"dataset\\\": {}\", \"dataset\": {\"name\": \"dataset\"}, \"epochs\": 5}",
         "{\"name\": \"dataset\"}"},
        {"{\"dataset\": {\"dataset\": {\"dataset\": []}}, \"epochs\": 5}",
         "{\"dataset\": {\"dataset\": []}}"},
        {"{\"initial_parameters\": {\"dataset\": 1}, \"epochs\": 5, \"dataset\" : [ ] }", "[ ]"},
        {"{\"dataset\": {\"X\": [1e999, {\"a\":1,\"a\":2}]}, \"epochs\": 5}",
         "{\"X\": [1e999, {\"a\":1,\"a\":2}]}"}, /* its reader's business */
        {"{\"epochs\": 5, \"data\\u0073et\": {}}", "{}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job = good(cases[i][0]);
        ck_assert_msg(
            job.dataset_end - job.dataset_start == strlen(cases[i][1]) &&
                memcmp(cases[i][0] + job.dataset_start, cases[i][1], strlen(cases[i][1])) == 0,
            "%s: %.*s", cases[i][0], (int)(job.dataset_end - job.dataset_start),
            cases[i][0] + job.dataset_start);
        ck_assert_ptr_null(job.dataset_id);
        ck_assert_uint_eq(job.spec.epochs, 5);
        api_job_free(&job);
    }
    api_problem p = bad("{\"dataset\": {\"X\": [1]}, \"dataset\": {\"X\": [2]}}");
    ck_assert_int_eq(p.code, API_BAD_JSON);
    assert_says(&p, "", "the name \"dataset\" is given twice");
}
END_TEST

static char *padded(const char *head, char c, size_t count, const char *tail)
{
    size_t n = strlen(head);
    char *text = malloc(n + count + strlen(tail) + 1);
    memcpy(text, head, n);
    memset(text + n, c, count);
    strcpy(text + n + count, tail);
    return text;
}

START_TEST(a_dataset_may_be_large_but_the_rest_of_a_job_may_not)
{
    char *text =
        padded("{\"dataset\": {\"X\": [", ' ', 3 * API_MAX_DOCUMENT, "1]}, \"epochs\": 5}");
    api_job job = good(text);
    ck_assert_uint_gt(job.dataset_end - job.dataset_start, 3 * API_MAX_DOCUMENT);
    ck_assert_uint_eq(job.spec.epochs, 5);
    api_job_free(&job);
    free(text);
    size_t around = strlen("{\"dataset_id\":\"d\"}");
    text = padded("{\"dataset_id\":\"d\"", ' ', API_MAX_DOCUMENT - around, "}");
    job = good(text);
    api_job_free(&job);
    free(text);
    text = padded("{\"dataset_id\":\"d\"", ' ', API_MAX_DOCUMENT - around + 1, "}");
    api_problem p = bad(text);
    ck_assert_int_eq(p.code, API_TOO_LARGE);
    free(text);
}
END_TEST

/* ---- what is no job at all ---- */

START_TEST(what_is_no_object_is_bad_json)
{
    static const char *const cases[][2] = {
        {"", "the body is empty"},
        {"[]", "must be a JSON object"},
        {"\"job\"", "must be a JSON object"},
        {"{\"dataset_id\": \"d\",}", "(byte 19)"},
        {"{\"dataset_id\": \"d\"} {}", "something follows"},
        {"{\"dataset_id\": \"d\", \"epochs\": 010}", "\"010\" is not a JSON number"},
        {"{\"dataset_id\": \"d\", \"tol\": NaN}", "JSON has no NaN"},
        {"{\"dataset_id\": \"d\", \"epochs\": 5, \"epochs\": 6}", "\"epochs\" is given twice"},
        {"{\"dataset_id\": \"d\", \"learning_rate\": 1e400}", "1e400 is beyond the range"},
        {"dataset_id=d&epochs=5", "\"dataset_id\" is not a JSON value"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p = bad(cases[i][0]);
        ck_assert_int_eq(p.code, API_BAD_JSON);
        assert_says(&p, "", cases[i][1]);
    }
}
END_TEST

START_TEST(places_behind_an_inline_dataset_are_those_of_the_request)
{
    api_problem p = bad("{\"dataset\": {\"X\":\n[1, 2,\n3]},\n \"learning_rate\": 1e400}");
    ck_assert_int_eq(p.code, API_BAD_JSON);
    assert_says(&p, "", "at line 4 (byte 48)");
}
END_TEST

/* ---- settings that are good one by one, but not together ---- */

START_TEST(settings_must_fit_each_other)
{
    static const char *const cases[][3] = {
        {"\"patience\": 5", "patience", "set validation_fraction, or patience to \"none\""},
        {"\"average\": true", "average", "set batch_size, or average to false"},
        {"\"average\": true, \"batch_size\": \"full\"", "average", "is for mini-batches"},
        {"\"l1\": 0.1, \"optimizer\": \"adam\"", "l1",
         "needs the proximal step of gd, momentum or nesterov; \"adam\" has none"},
        {"\"cost\": \"mae\"", "learning_rate", "such as \"huber\"; with \"mae\" give a number"},
        {"\"model\": \"svm\", \"cost\": \"hinge\"", "learning_rate", "with \"hinge\""},
        {"\"model\": \"poisson_regression\", \"schedule\": \"cosine\"", "schedule",
         "needs a number for learning_rate: with cost \"poisson\""},
        {"\"model\": \"poisson_regression\", \"batch_size\": 8", "learning_rate",
         "\"auto\" with cost \"poisson\" needs gd and full batches"},
        {"\"model\": \"poisson_regression\", \"optimizer\": \"momentum\"", "learning_rate",
         "needs gd and full batches"},
        {"\"model\": \"logistic_regression\", \"cost\": \"mse\"", "cost",
         "\"mse\" does not fit model \"logistic_regression\"; use one of \"logistic\""},
        {"\"cost\": \"poisson\", \"learning_rate\": 0.1", "cost",
         "does not fit model \"linear_regression\"; use one of \"mse\", \"mae\", \"huber\""},
    };
    static const char *const fit[] = {
        "\"patience\": 5, \"validation_fraction\": 0.2",
        "\"patience\": \"none\"",
        "\"average\": true, \"batch_size\": 1",
        "\"l1\": 0, \"optimizer\": \"adam\"",
        "\"l1\": 0.1, \"optimizer\": \"gd\"",
        "\"l1\": 0.1, \"optimizer\": \"momentum\"",
        "\"l1\": 0.1, \"optimizer\": \"nesterov\"",
        "\"cost\": \"mae\", \"learning_rate\": 0.1",
        "\"cost\": \"mae\", \"optimizer\": \"adam\"",
        "\"cost\": \"huber\"",
        "\"model\": \"poisson_regression\"",
        "\"model\": \"poisson_regression\", \"learning_rate\": 0.1, \"batch_size\": 8",
        "\"model\": \"poisson_regression\", \"optimizer\": \"adam\", \"schedule\": \"cosine\"",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        says_of(cases[i][0], cases[i][1], cases[i][2]);
    for (size_t i = 0; i < COUNT(fit); i++) {
        api_job job = good(with(fit[i]));
        api_job_free(&job);
    }
    /* bad fields are told first, alone */
    says_of("\"patience\": 5, \"epochs\": 0", "epochs", "got 0");
}
END_TEST

START_TEST(every_model_brings_its_own_cost)
{
    for (size_t i = 0; i < gd_models_count; i++) {
        char member[200];
        snprintf(member, sizeof member, "\"model\": \"%s\"", gd_models[i]->name);
        api_job job = good(with(member));
        ck_assert_ptr_eq(job.spec.model, gd_models[i]);
        ck_assert_str_eq(job.spec.cost->name, gd_models[i]->default_cost);
        api_job_free(&job);
        snprintf(member, sizeof member, "\"cost\": \"%s\", \"model\": \"%s\"",
                 gd_models[i]->default_cost, gd_models[i]->name); /* and in this order */
        job = good(with(member));
        ck_assert_str_eq(job.spec.cost->name, gd_models[i]->default_cost);
        api_job_free(&job);
    }
    api_job job = good(with("\"cost\": {\"delta\": 2.5, \"name\": \"huber\"}, "
                            "\"model\": \"linear_regression\""));
    ck_assert_str_eq(job.spec.cost->name, "huber"); /* is not replaced by the model's */
    api_job_free(&job);
}
END_TEST

START_TEST(training_time_is_bounded_on_demand)
{
    api_job job = good(with("\"max_seconds\": 1e-9"));
    assert_same_double(job.max_seconds, 1e-9);
    api_job_free(&job);
    job = good(with("\"max_seconds\": \"none\""));
    assert_same_double(job.max_seconds, API_NO_LIMIT);
    api_job_free(&job);
    says_of("\"max_seconds\": 0", "max_seconds",
            "must be a finite number greater than 0, or \"none\", got 0");
    says_of("\"max_seconds\": -1", "max_seconds", "got -1");
    says_of("\"max_second\": 1", "max_second", "did you mean \"max_seconds\"?");
}
END_TEST

START_TEST(all_points_of_very_many_epochs_are_refused)
{
    api_job job = good(with("\"epochs\": 1000000, \"history_points\": \"all\""));
    ck_assert_uint_eq(job.history_points, API_ALL_POINTS);
    api_job_free(&job);
    says_of("\"epochs\": 1000001, \"history_points\": \"all\"", "history_points",
            "\"all\" needs epochs of at most 1000000, got 1000001");
    job = good(with("\"epochs\": 1000001, \"history_points\": 1000000"));
    api_job_free(&job);
}
END_TEST

/* The most that fits is taken, and the message names a setting that fits. */
START_TEST(parameters_on_the_way_have_a_limit_that_is_told)
{
    static const struct {
        const char *members;
        size_t params, most; /* the most parameters that fit */
    } cases[] = {
        {"\"record_parameters\": 1, \"epochs\": 7", 100, API_MAX_RECORDED / 8}, /* 0 to 7 */
        {"\"record_parameters\": 3, \"epochs\": 7", 100, API_MAX_RECORDED / 3},
        {"\"record_parameters\": 9, \"epochs\": 7", 100, API_MAX_RECORDED},
        {"\"record_parameters\": 1, \"epochs\": 1000000", 100, API_MAX_RECORDED / 998},
        {"\"record_parameters\": 10, \"epochs\": 1000000", 100, API_MAX_RECORDED / 100},
        {"\"record_parameters\": 2, \"history_points\": \"all\", \"epochs\": 999999", 33,
         API_MAX_RECORDED / 500000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job;
        char text[256];
        api_problem p = no_problem();
        snprintf(text, sizeof text, "{\"dataset_id\": \"d\", %s}", cases[i].members);
        ck_assert_msg(api_job_decode(text, strlen(text), &job, &p), "%s", problem_text(&p));
        ck_assert(api_job_check_recorded(&job, job.spec.epochs, cases[i].params, &p));
        ck_assert(api_job_check_recorded(&job, job.spec.epochs, cases[i].most, &p));
        ck_assert(!api_job_check_recorded(&job, job.spec.epochs, cases[i].most + 1, &p));
        assert_says(&p, "record_parameters", "set it to ");
        const char *advice = strstr(p.errors[0].message, "set it to ");
        job.record_parameters = strtoull(advice + 10, NULL, 10);
        if (cases[i].most < API_MAX_RECORDED) {
            p = no_problem();
            ck_assert(api_job_check_recorded(&job, job.spec.epochs, cases[i].most + 1, &p));
            job.record_parameters--; /* and is the least that does */
            ck_assert(!api_job_check_recorded(&job, job.spec.epochs, cases[i].most + 1, &p));
        }
        api_job_free(&job);
    }
    api_job none;
    api_problem p = no_problem();
    ck_assert(api_job_decode("{\"dataset_id\": \"d\"}", 19, &none, &p));
    ck_assert(api_job_check_recorded(&none, 1000000000, SIZE_MAX, &p));
    api_job_free(&none);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("job");
    tcase_add_test(tc, what_is_not_said_has_its_default);
    tcase_add_test(tc, everything_can_be_said);
    tcase_add_loop_test(tc, each_parameter_takes_its_range_and_nothing_else, 0,
                        (int)(gd_spec_params_count + api_job_params_count));
    tcase_add_test(tc, rules_are_told_in_words);
    tcase_add_test(tc, all_bad_fields_are_named_at_once);
    tcase_add_test(tc, unknown_fields_are_answered_with_a_suggestion);
    tcase_add_test(tc, model_cost_and_optimizer_are_a_name_or_an_object);
    tcase_add_test(tc, members_that_are_not_there_are_told_with_those_that_are);
    tcase_add_test(tc, every_hyperparameter_is_reached_by_its_path);
    tcase_add_test(tc, a_dataset_is_given_by_its_id_or_inline_and_not_both);
    tcase_add_test(tc, an_inline_dataset_spans_exactly_its_value);
    tcase_add_test(tc, a_dataset_may_be_large_but_the_rest_of_a_job_may_not);
    tcase_add_test(tc, what_is_no_object_is_bad_json);
    tcase_add_test(tc, places_behind_an_inline_dataset_are_those_of_the_request);
    tcase_add_test(tc, settings_must_fit_each_other);
    tcase_add_test(tc, every_model_brings_its_own_cost);
    tcase_add_test(tc, training_time_is_bounded_on_demand);
    tcase_add_test(tc, all_points_of_very_many_epochs_are_refused);
    tcase_add_test(tc, parameters_on_the_way_have_a_limit_that_is_told);
    return run_tests(tc, "api_job");
}
