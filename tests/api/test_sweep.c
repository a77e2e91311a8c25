/* api_sweep: which children a request makes, what is refused and by which name. */
#include "api_sweep.h"
#include "api_tests.h"

#include <math.h>

/* "says" of api_tests, with the fields that are there when it fails. */
static void assert_told(const api_problem *p, const char *field, const char *what, const char *of)
{
    for (size_t i = 0; i < p->errors_count; i++)
        if (strcmp(p->errors[i].field, field) == 0 && strstr(p->errors[i].message, what))
            return;
    ck_abort_msg("%s: no \"%s\" for %s: %s", of, what, field, problem_text(p));
}

static api_sweep decode(const char *text)
{
    api_sweep s;
    api_problem p = no_problem();
    ck_assert_msg(api_sweep_decode(text, strlen(text), &s, &p), "%s: %s", text, problem_text(&p));
    return s;
}

static api_job child(const api_sweep *s, size_t i, cJSON **settings)
{
    api_job job;
    api_problem p = no_problem();
    ck_assert_msg(api_sweep_child(s, i, &job, settings, &p), "%s", problem_text(&p));
    return job;
}

/* Each line: the settings of a child as JSON. */
static void assert_children(const char *text, const char *const *want, size_t count)
{
    api_sweep s = decode(text);
    ck_assert_uint_eq(s.count, count);
    for (size_t i = 0; i < count; i++) {
        cJSON *settings;
        api_job job = child(&s, i, &settings);
        char *got = api_doc_take_text(settings);
        ck_assert_str_eq(got, want[i]);
        free(got);
        api_job_free(&job);
    }
    api_sweep_free(&s);
}

#define JOB "\"job\": {\"dataset_id\": \"d\"}"

START_TEST(a_grid_makes_every_combination_and_the_last_field_changes_fastest)
{
    static const char *const want[] = {
        "{\"l2\": 0, \"epochs\": 3, \"optimizer\": \"gd\"}",
        "{\"l2\": 0, \"epochs\": 3, \"optimizer\": {\"name\": \"adam\"}}",
        "{\"l2\": 0, \"epochs\": 4, \"optimizer\": \"gd\"}",
        "{\"l2\": 0, \"epochs\": 4, \"optimizer\": {\"name\": \"adam\"}}",
        "{\"l2\": 0.5, \"epochs\": 3, \"optimizer\": \"gd\"}",
        "{\"l2\": 0.5, \"epochs\": 3, \"optimizer\": {\"name\": \"adam\"}}",
        "{\"l2\": 0.5, \"epochs\": 4, \"optimizer\": \"gd\"}",
        "{\"l2\": 0.5, \"epochs\": 4, \"optimizer\": {\"name\": \"adam\"}}",
    };
    assert_children("{" JOB ", \"grid\": {\"l2\": [0, 0.5], \"epochs\": [3, 4], \"optimizer\": "
                    "[\"gd\", {\"name\": \"adam\"}]}}",
                    want, COUNT(want));
}
END_TEST

/* Of two jobs, as they would be stored. */
static void assert_same_job(const api_job *a, const char *text)
{
    api_job b;
    api_problem p = no_problem();
    ck_assert_msg(api_job_decode(text, strlen(text), &b, &p), "%s", problem_text(&p));
    char *got = api_doc_take_text(api_job_encode_spec(a, "d")),
         *want = api_doc_take_text(api_job_encode_spec(&b, "d"));
    ck_assert_str_eq(got, want);
    free(got);
    free(want);
    api_job_free(&b);
}

START_TEST(a_child_is_the_job_that_one_would_have_asked_for)
{
    static const struct {
        const char *sweep, *job;
    } cases[] = {
        {"{\"job\": {\"dataset_id\": \"d\", \"optimizer\": \"adam\", \"name\": \"n\"}, \"grid\": "
         "{\"optimizer.beta1\": [0.5]}}",
         "{\"dataset_id\": \"d\", \"name\": \"n\", \"optimizer\": {\"name\": \"adam\", \"beta1\": "
         "0.5}}"},
        {"{\"job\": {\"dataset_id\": \"d\", \"optimizer\": {\"name\": \"adam\", \"beta1\": 0.1, "
         "\"beta2\": 0.25}}, \"grid\": {\"optimizer.beta1\": [0.5]}}",
         "{\"dataset_id\": \"d\", \"optimizer\": {\"name\": \"adam\", \"beta1\": 0.5, \"beta2\": "
         "0.25}}"},
        /* what is inside comes on top of what is varied as a whole, whichever is named first */
        {"{" JOB ", \"grid\": {\"optimizer.beta1\": [0.5], \"optimizer\": [\"adamw\"]}}",
         "{\"dataset_id\": \"d\", \"optimizer\": {\"name\": \"adamw\", \"beta1\": 0.5}}"},
        {"{\"job\": {\"dataset_id\": \"d\", \"model\": \"mlp\", \"optimizer\": \"adam\"}, "
         "\"grid\": {\"model.hidden_layers\": [[5, 6]], \"model.activation\": [\"tanh\"]}}",
         "{\"dataset_id\": \"d\", \"optimizer\": \"adam\", \"model\": {\"name\": \"mlp\", "
         "\"hidden_layers\": [5, 6], \"activation\": \"tanh\"}}"},
        {"{\"job\": {\"dataset_id\": \"d\", \"l2\": 3, \"epochs\": 7}, \"grid\": {\"l2\": "
         "[0.1], \"schedule\": [{\"name\": \"step\"}], \"batch_size\": [8]}}",
         "{\"dataset_id\": \"d\", \"l2\": 0.1, \"epochs\": 7, \"schedule\": \"step\", "
         "\"batch_size\": 8}"},
        {"{\"job\": {\"dataset_id\": \"d\", \"bounds\": {\"a\": [0, 1]}}, \"grid\": "
         "{\"bounds.b.c\": [[2, null]]}}",
         "{\"dataset_id\": \"d\", \"bounds\": {\"a\": [0, 1], \"b.c\": [2, null]}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cJSON *settings;
        api_sweep s = decode(cases[i].sweep);
        api_job job = child(&s, 0, &settings);
        assert_same_job(&job, cases[i].job);
        cJSON_Delete(settings);
        api_job_free(&job);
        api_sweep_free(&s);
    }
}
END_TEST

START_TEST(the_place_of_an_inline_dataset_is_told)
{
    static const char text[] = "{\"name\": \"s\", \"job\": {\"epochs\": 5, \"dataset\": {\"X\": "
                               "[1], \"job\": 7}}, \"grid\": {\"l2\": [0]}}";
    cJSON *settings;
    api_sweep s = decode(text);
    ck_assert_str_eq(s.name, "s");
    ck_assert_int_eq(strncmp(text + s.dataset_start, "{\"X\": [1], \"job\": 7}}",
                             s.dataset_end - s.dataset_start),
                     0);
    ck_assert_uint_eq(s.dataset_end - s.dataset_start, 20);
    api_job job = child(&s, 0, &settings);
    ck_assert_uint_eq(job.spec.epochs, 5);
    cJSON_Delete(settings);
    api_job_free(&job);
    char *spec = api_doc_take_text(api_sweep_encode_spec(&s, "ds_1"));
    ck_assert_msg(strstr(spec, "\"dataset_id\": \"ds_1\"") && !strstr(spec, "inline"), "%s", spec);
    free(spec);
    api_sweep_free(&s);
}
END_TEST

/* ---- random searches ---- */

#define RANDOM(n, seed, fields)                                                                    \
    "{" JOB ", \"random\": {\"n\": " n ", \"seed\": " seed ", \"fields\": {" fields "}}}"
#define L2 "\"l2\": {\"distribution\": \"log_uniform\", \"low\": 1e-4, \"high\": 1}"
#define EPOCHS "\"epochs\": {\"distribution\": \"int\", \"low\": 3, \"high\": 7}"
#define TOL "\"tol\": {\"distribution\": \"uniform\", \"low\": 0.25, \"high\": 0.75}"
#define RULE_                                                                                      \
    "\"optimizer\": {\"distribution\": \"choice\", \"values\": [\"gd\", \"adam\", \"lion\"]}"

/* The jobs' own values, read back from the settings. */
static void draws(const char *text, const char *field, double *out, size_t n)
{
    api_sweep s = decode(text);
    ck_assert_uint_eq(s.count, n);
    for (size_t i = 0; i < n; i++) {
        cJSON *settings;
        api_job job = child(&s, i, &settings);
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(settings, field);
        out[i] = cJSON_IsString(v) ? v->valuestring[0] : v->valuedouble;
        if (strcmp(field, "l2") == 0)
            assert_same_double(job.spec.l2, out[i]);
        cJSON_Delete(settings);
        api_job_free(&job);
    }
    api_sweep_free(&s);
}

START_TEST(the_same_seed_draws_the_same_and_other_fields_change_nothing)
{
    double a[20], b[40], c[20], d[20];
    draws(RANDOM("20", "5", L2), "l2", a, 20);
    draws(RANDOM("40", "5", EPOCHS ", " L2 ", " TOL), "l2", b, 40);
    draws(RANDOM("20", "6", L2), "l2", c, 20);
    draws(RANDOM("20", "5", TOL), "tol", d, 20);
    size_t same = 0;
    for (size_t i = 0; i < 20; i++) {
        assert_same_double(a[i], b[i]);
        same += a[i] == c[i];
        /* fields don't share their numbers */
        same += fabs((log(a[i]) - log(1e-4)) / -log(1e-4) - (d[i] - 0.25) / 0.5) < 1e-9;
    }
    ck_assert_uint_eq(same, 0);
}
END_TEST

/* Of 1000 draws: how many are below the middle, and that all are within. */
static size_t below(const double *v, double low, double middle, double high)
{
    size_t n = 0;
    for (size_t i = 0; i < 1000; i++) {
        ck_assert(v[i] >= low && v[i] <= high);
        n += v[i] < middle;
    }
    return n;
}

START_TEST(draws_follow_their_distributions)
{
    static double v[1000];
    /* four standard deviations of a binomial count: 4 sqrt(1000 p (1 - p)) */
    draws(RANDOM("1000", "1", L2), "l2", v, 1000);
    ck_assert_double_eq_tol((double)below(v, 1e-4, 1e-2, 1), 500, 64);
    ck_assert_double_eq_tol((double)below(v, 1e-4, 1e-3, 1), 250, 55);
    draws(RANDOM("1000", "1", TOL), "tol", v, 1000);
    ck_assert_double_eq_tol((double)below(v, 0.25, 0.5, 0.75), 500, 64);
    ck_assert_double_eq_tol((double)below(v, 0.25, 0.35, 0.75), 200, 51);
    draws(RANDOM("1000", "1", EPOCHS), "epochs", v, 1000);
    for (int k = 3; k <= 7; k++) {
        size_t n = 0;
        for (size_t i = 0; i < 1000; i++)
            n += v[i] == k;
        ck_assert_double_eq_tol((double)n, 200, 51);
    }
    below(v, 3, 5, 7);
    draws(RANDOM("1000", "1", RULE_), "optimizer", v, 1000);
    for (size_t k = 0; k < 3; k++) {
        size_t n = 0;
        for (size_t i = 0; i < 1000; i++)
            n += v[i] == "gal"[k];
        ck_assert_double_eq_tol((double)n, 333.3, 60);
    }
}
END_TEST

START_TEST(a_range_of_one_value_gives_it)
{
    double v[3];
    draws(RANDOM("3", "1",
                 "\"l2\": {\"distribution\": \"log_uniform\", \"low\": 0.3, \"high\": 0.3}"),
          "l2", v, 3);
    assert_same_double(v[2], 0.3);
    draws(RANDOM("3", "1", "\"epochs\": {\"distribution\": \"int\", \"low\": 4, \"high\": 4}"),
          "epochs", v, 3);
    assert_same_double(v[0], 4);
}
END_TEST

/* ---- range tests ---- */

static gd_spec tested(const char *job)
{
    char text[512];
    cJSON *settings;
    snprintf(text, sizeof text,
             "{\"job\": {\"dataset_id\": \"d\", %s}, \"find_learning_rate\": {\"start\": 1e-5, "
             "\"end\": 2, \"epochs\": 40}}",
             job);
    api_sweep s = decode(text);
    ck_assert_uint_eq(s.count, 1);
    api_job j = child(&s, 0, &settings);
    gd_spec spec = j.spec;
    ck_assert_str_eq(spec.schedule->name, "range_test");
    ck_assert(gd_param_get(&spec.schedule_hyper, &spec.schedule->params[0]) == 1e-5 &&
              gd_param_get(&spec.schedule_hyper, &spec.schedule->params[1]) == 2);
    ck_assert_uint_eq(spec.epochs, 40);
    ck_assert(j.history_points == API_ALL_POINTS && spec.patience == GD_NO_PATIENCE);
    cJSON_Delete(settings);
    api_job_free(&j);
    api_sweep_free(&s);
    return spec;
}

START_TEST(a_range_test_is_of_shares_of_the_rate_where_that_has_a_scale)
{
    ck_assert(tested("\"epochs\": 7").learning_rate == GD_AUTO);
    ck_assert(tested("\"patience\": 3, \"validation_fraction\": 0.2").learning_rate == GD_AUTO);
    ck_assert(tested("\"model\": \"logistic_regression\"").learning_rate == GD_AUTO);
    ck_assert(tested("\"optimizer\": \"adam\"").learning_rate == 1);
    ck_assert(tested("\"learning_rate\": \"auto\", \"optimizer\": \"adam\"").learning_rate == 1);
    ck_assert(tested("\"learning_rate\": 0.25").learning_rate == 0.25);
    ck_assert(tested("\"model\": \"poisson_regression\"").learning_rate == 1);
    ck_assert(tested("\"cost\": \"mae\"").learning_rate == 1);
    ck_assert(tested("\"model\": \"mlp\"").learning_rate == 1);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(bad_requests_are_told_by_field)
{
    static const struct {
        const char *body, *field, *says;
    } bad[] = {
        {"{}", "job", "missing"},
        {"{\"job\": 7, \"grid\": {\"l2\": [1]}}", "job", "got 7"},
        {"{\"job\": {}, \"grid\": {\"l2\": [1]}}", "job.dataset_id", "missing"},
        {"{\"job\": {\"dataset_id\": \"d\", \"dataset\": {}}, \"grid\": {\"l2\": [1]}}",
         "job.dataset", "together"},
        {"{" JOB "}", "grid", "missing"},
        {"{" JOB ", \"find_learning_rate\": false}", "grid", "missing"},
        {"{" JOB ", \"grid\": {}}", "grid", "is empty"},
        {"{" JOB ", \"random\": {\"fields\": {\"l2\": {\"distribution\": \"choice\"}}}}",
         "random.fields.l2.values", "is missing"},
        {"{" JOB ", \"grid\": []}", "grid", "an array"},
        {"{" JOB ", \"grid\": {\"l2\": []}}", "grid.l2", "is empty"},
        {"{" JOB ", \"grid\": {\"l2\": 3}}", "grid.l2", "got 3"},
        {"{" JOB ", \"grid\": {\"dataset_id\": [\"e\"]}}", "grid.dataset_id", "shared"},
        {"{" JOB ", \"grid\": {\"l2\": [1]}, \"random\": {}}", "random", "together"},
        {"{" JOB ", \"gird\": {\"l2\": [1]}}", "gird", "grid"},
        {"{" JOB ", \"grid\": {\"l2\": [1]}, \"metric\": \"r3\"}", "metric", "\"r2\""},
        {"{" JOB ", \"grid\": {\"l2\": [1]}, \"metric\": 3}", "metric", "got 3"},
        {"{" JOB ", \"grid\": {\"l2\": [1]}, \"skip_invalid\": 3}", "skip_invalid", "got 3"},
        {"{" JOB ", \"grid\": {\"l2\": [1]}, \"name\": \"\\n\"}", "name", ""},
        {"{" JOB ", \"random\": {\"n\": 3}}", "random.fields", "missing"},
        {"{" JOB ", \"random\": {\"n\": 0, \"fields\": {" TOL "}}}", "random.n", "got 0"},
        {"{" JOB ", \"random\": {\"n\": 1001, \"fields\": {" TOL "}}}", "random.n", "1000"},
        {"{" JOB ", \"random\": {\"seeds\": 0, \"fields\": {" TOL "}}}", "random.seeds", "seed"},
        {RANDOM("1", "0", "\"l2\": [1]"), "random.fields.l2", "distribution"},
        {RANDOM("1", "0", "\"l2\": {\"low\": 1}"), "random.fields.l2.distribution", "missing"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"normal\"}"),
         "random.fields.l2.distribution", "\"normal\""},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"uniform\", \"low\": 1}"),
         "random.fields.l2.high", "missing"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"uniform\", \"low\": 1, \"high\": 0}"),
         "random.fields.l2.high", "below"},
        {RANDOM("1", "0",
                "\"l2\": {\"distribution\": \"uniform\", \"low\": -1e308, \"high\": "
                "1e308}"),
         "random.fields.l2.high", "far"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"log_uniform\", \"low\": 0, \"high\": 1}"),
         "random.fields.l2.low", "greater than 0"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"int\", \"low\": 0.5, \"high\": 1}"),
         "random.fields.l2.low", "whole"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"int\", \"low\": 0, \"high\": 4294967295}"),
         "random.fields.l2.high", "4294967295"},
        {RANDOM("1", "0",
                "\"l2\": {\"distribution\": \"int\", \"low\": 0, \"high\": 9, \"lo\": 1}"),
         "random.fields.l2.lo", "low"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"choice\", \"values\": []}"),
         "random.fields.l2.values", "is empty"},
        {RANDOM("1", "0", "\"l2\": {\"distribution\": \"choice\", \"values\": [1], \"low\": 1}"),
         "random.fields.l2.low", "unknown"},
        {"{" JOB ", \"find_learning_rate\": 3}", "find_learning_rate", "got 3"},
        {"{" JOB ", \"find_learning_rate\": {\"stop\": 3}}", "find_learning_rate.stop", "start"},
        {"{" JOB ", \"find_learning_rate\": {\"epochs\": 2}}", "find_learning_rate.epochs", "3"},
        {"{" JOB ", \"find_learning_rate\": {\"start\": 10}}", "find_learning_rate.end", "above"},
        {"{" JOB ", \"find_learning_rate\": true, \"metric\": \"mse\"}", "metric", "ranks"},
        {"{" JOB ", \"find_learning_rate\": true, \"grid\": {\"schedule.start\": [1]}}",
         "grid.schedule.start", "find_learning_rate"},
        {"{" JOB ", \"find_learning_rate\": {\"epochs\": 10000}, \"grid\": {\"l2\": [1, 2, 3, 4, "
         "5, 6, 7, 8, 9, 10, 11]}}",
         "find_learning_rate.epochs", "110000"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        api_sweep s;
        api_problem p = no_problem();
        ck_assert_msg(!api_sweep_decode(bad[i].body, strlen(bad[i].body), &s, &p), "%s",
                      bad[i].body);
        assert_told(&p, bad[i].field, bad[i].says, bad[i].body);
        api_sweep_free(&s);
    }
}
END_TEST

START_TEST(too_many_children_are_counted_not_made)
{
    /* 30^7 are more than the 2.2e10 that 32 bits hold */
    static const char *const fields[] = {"l1",        "l2",   "tol",     "epochs",
                                         "clip_norm", "seed", "patience"};
    char text[4096] = "{" JOB ", \"grid\": {";
    for (size_t f = 0; f < COUNT(fields); f++) {
        sprintf(text + strlen(text), "%s\"%s\": [", f ? ", " : "", fields[f]);
        for (int i = 0; i < 30; i++)
            sprintf(text + strlen(text), "%s%d", i ? ", " : "", i);
        strcat(text, "]");
    }
    strcat(text, "}}");
    api_sweep s;
    api_problem p = no_problem();
    ck_assert(!api_sweep_decode(text, strlen(text), &s, &p));
    assert_told(&p, "grid", "makes 21870000000 children; at most 1000", text);
    api_sweep_free(&s);
}
END_TEST

/* The problem of every child, as the client is told. */
static api_problem blame_all(const char *text)
{
    api_sweep s = decode(text);
    api_problem p = no_problem(), seen = no_problem();
    for (size_t i = 0; i < s.count; i++) {
        api_job job;
        cJSON *settings;
        api_problem own = no_problem();
        bool ok =
            api_sweep_child(&s, i, &job, &settings, &own) && api_sweep_admit(&s, &job, 0, &own);
        if (!ok)
            api_sweep_blame(&s, i, settings, &own, &seen, &p);
        cJSON_Delete(settings);
        api_job_free(&job);
    }
    api_sweep_free(&s);
    return p;
}

START_TEST(a_bad_combination_is_named_with_its_field)
{
    static const struct {
        const char *body, *field, *says;
    } bad[] = {
        {"{" JOB ", \"grid\": {\"l2\": [0, -1], \"epochs\": [5]}}", "grid.l2",
         "got -1 (child 2: {\"l2\": -1, \"epochs\": 5})"},
        {"{" JOB ", \"grid\": {\"l3\": [0]}}", "grid.l3", "did you mean"},
        {"{" JOB ", \"grid\": {\"optimizer\": [\"gd\", \"adm\"]}}", "grid.optimizer",
         "did you mean \"adam\"? (child 2"},
        {"{" JOB ", \"grid\": {\"optimizer.beta1\": [0.5]}}", "grid.optimizer.beta1",
         "needs optimizer in the job"},
        {"{\"job\": {\"dataset_id\": \"d\", \"optimizer\": \"gd\"}, \"grid\": "
         "{\"optimizer.beta1\": [0.5]}}",
         "grid.optimizer.beta1", "unknown field"},
        {"{" JOB ", \"grid\": {\"optimizer\": [\"adam\", \"lbfgs\"], \"batch_size\": [4]}}",
         "grid.batch_size", "\"lbfgs\" needs full batches"},
        {"{\"job\": {\"dataset_id\": \"d\", \"epochs\": 0}, \"grid\": {\"l2\": [0, 1]}}",
         "job.epochs", "got 0"},
        {"{" JOB ", \"grid\": {\"l2\": [0]}, \"metric\": \"validation_r2\"}", "metric",
         "validation_fraction"},
        {"{" JOB ", \"grid\": {\"l2\": [0]}, \"metric\": \"roc_auc\"}", "metric",
         "linear_regression"},
        {"{\"job\": {\"dataset_id\": \"d\", \"model\": \"svm\"}, \"grid\": {\"l2\": [1]}, "
         "\"metric\": \"log_loss\"}",
         "metric", "probabilities"},
        {"{" JOB ", \"grid\": {\"group_by\": [\"a\"]}}", "grid.group_by", "single models"},
        {"{\"job\": {\"dataset_id\": \"d\", \"optimizer\": \"lbfgs\"}, \"find_learning_rate\": "
         "true}",
         "job.optimizer", "no rate to look for"},
        {"{\"job\": {\"dataset_id\": \"d\", \"cross_validation\": 3}, \"find_learning_rate\": "
         "true}",
         "find_learning_rate", "cross_validation"},
        {"{\"job\": {\"dataset_id\": \"d\", \"compat\": {}}, \"find_learning_rate\": true}",
         "job.compat", "own names"},
        {RANDOM("2", "0", "\"l2\": {\"distribution\": \"choice\", \"values\": [-1]}"),
         "random.fields.l2", "got -1"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        api_problem p = blame_all(bad[i].body);
        assert_told(&p, bad[i].field, bad[i].says, bad[i].body);
        ck_assert_msg(p.errors_count == 1 && !p.errors_more, "%s: %s", bad[i].body,
                      problem_text(&p)); /* each thing once */
    }
}
END_TEST

/* ---- metrics and ranking ---- */

START_TEST(the_default_metric_is_the_tasks_own)
{
    static const struct {
        const char *body, *metric, *warning;
        size_t labels;
    } cases[] = {
        {"{" JOB ", \"grid\": {\"l2\": [0, 1]}}", "mse", "trained on", 0},
        {"{\"job\": {\"dataset_id\": \"d\", \"validation_fraction\": 0.5}, \"grid\": {\"l2\": [0, "
         "1]}}",
         "validation_mse", "", 0},
        {"{\"job\": {\"dataset_id\": \"d\", \"cross_validation\": 5}, \"grid\": {\"l2\": [0, 1]}}",
         "validation_mse", "", 0},
        {"{" JOB ", \"grid\": {\"validation_fraction\": [\"none\", 0.5]}}", "mse", "trained on", 0},
        {"{" JOB ", \"grid\": {\"validation_fraction\": [0.25, 0.5]}}", "validation_mse",
         "same rows", 0},
        {"{\"job\": {\"dataset_id\": \"d\", \"model\": \"poisson_regression\"}, \"grid\": {\"l2\": "
         "[0, 1]}}",
         "deviance", "trained on", 0},
        {"{" JOB ", \"grid\": {\"model\": [\"linear_regression\", \"poisson_regression\"]}}", "mse",
         "trained on", 0},
        {"{\"job\": {\"dataset_id\": \"d\", \"model\": \"logistic_regression\"}, \"grid\": "
         "{\"l2\": [0, 1]}}",
         "log_loss", "trained on", 2},
        {"{" JOB ", \"grid\": {\"model\": [\"logistic_regression\", \"softmax_regression\"]}}",
         "log_loss", "trained on", 2},
        {"{" JOB ", \"grid\": {\"model\": [\"logistic_regression\", \"svm\"]}}", "accuracy",
         "trained on", 2},
        {"{" JOB ", \"metric\": \"cost\", \"grid\": {\"l2\": [0, 1]}}", "cost", "penalty", 0},
        {"{" JOB ", \"metric\": \"cost\", \"grid\": {\"cost\": [\"mse\", \"huber\"]}}", "cost",
         "different costs", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_sweep s = decode(cases[i].body);
        api_problem p = no_problem();
        for (size_t k = 0; k < s.count; k++) {
            cJSON *settings;
            api_job job = child(&s, k, &settings);
            ck_assert_msg(api_sweep_admit(&s, &job, cases[i].labels, &p), "%s", problem_text(&p));
            cJSON_Delete(settings);
            api_job_free(&job);
        }
        ck_assert_msg(api_sweep_conclude(&s, &p), "%s", problem_text(&p));
        ck_assert_str_eq(s.metric.text, cases[i].metric);
        char *warnings = api_doc_take_text(api_sweep_warnings(&s));
        ck_assert_msg(*cases[i].warning ? strstr(warnings, cases[i].warning) != NULL
                                        : strcmp(warnings, "[]") == 0,
                      "%s: %s", cases[i].body, warnings);
        free(warnings);
        api_sweep_free(&s);
    }
}
END_TEST

START_TEST(metrics_are_found_with_their_direction)
{
    static const struct {
        const char *text;
        bool higher, validation;
    } cases[] = {{"cost", false, false},        {"validation_cost", false, true},
                 {"r2", true, false},           {"validation_roc_auc", true, true},
                 {"log_loss", false, false},    {"validation_rmse", false, true},
                 {"validation_d2", true, true}, {"deviance", false, false},
                 {"accuracy", true, false},     {"mape", false, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_metric m;
        api_problem p = no_problem();
        ck_assert(api_metric_find(cases[i].text, "metric", &m, &p));
        ck_assert_str_eq(m.text, cases[i].text);
        ck_assert(api_metric_higher(&m) == cases[i].higher);
        ck_assert(m.validation == cases[i].validation);
    }
}
END_TEST

START_TEST(the_best_is_first_and_what_has_no_value_last)
{
    const double none = NAN;
    api_ranked list[] = {{3, true, 1, 9, NULL},         {none, false, 2, 9, NULL},
                         {none, true, 3, 9, NULL},      {1, true, 4, 9, NULL},
                         {3, true, 5, 9, NULL},         {none, true, 6, 9, NULL},
                         {-INFINITY, true, 7, 9, NULL}, {7, true, 8, 9, NULL}};
    static const size_t low[][2] = {{7, 1}, {4, 2}, {1, 3}, {5, 3}, {8, 5}, {3, 6}, {6, 6}, {2, 0}},
                        high[][2] = {{8, 1}, {1, 2}, {5, 2}, {4, 4},
                                     {7, 5}, {3, 6}, {6, 6}, {2, 0}};
    for (int h = 0; h < 2; h++) {
        api_rank(list, COUNT(list), h);
        for (size_t i = 0; i < COUNT(list); i++) {
            ck_assert_uint_eq(list[i].number, (h ? high : low)[i][0]);
            ck_assert_uint_eq(list[i].rank, (h ? high : low)[i][1]);
        }
        ck_assert(list[h ? 0 : 4].value == 7); /* values are as they were */
    }
    api_rank(NULL, 0, true);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("sweep");
    tcase_add_test(tc, a_grid_makes_every_combination_and_the_last_field_changes_fastest);
    tcase_add_test(tc, a_child_is_the_job_that_one_would_have_asked_for);
    tcase_add_test(tc, the_place_of_an_inline_dataset_is_told);
    tcase_add_test(tc, the_same_seed_draws_the_same_and_other_fields_change_nothing);
    tcase_add_test(tc, draws_follow_their_distributions);
    tcase_add_test(tc, a_range_of_one_value_gives_it);
    tcase_add_test(tc, a_range_test_is_of_shares_of_the_rate_where_that_has_a_scale);
    tcase_add_test(tc, bad_requests_are_told_by_field);
    tcase_add_test(tc, too_many_children_are_counted_not_made);
    tcase_add_test(tc, a_bad_combination_is_named_with_its_field);
    tcase_add_test(tc, the_default_metric_is_the_tasks_own);
    tcase_add_test(tc, metrics_are_found_with_their_direction);
    tcase_add_test(tc, the_best_is_first_and_what_has_no_value_last);
    return run_tests(tc, "api_sweep");
}
