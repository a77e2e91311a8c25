/* Hyperparameters of models, costs, optimizers and schedules, as jobs give them.
 *
 * The members of today have no parameter of some kinds, so this program brings tables of its own
 * in the place of core's gd_tables.c (which the linker takes from the library only when it is
 * needed): an optimizer with a parameter of each kind, and a model and a cost of another task.
 * What core's own members have is in test_families.c.
 */
#include "api_job.h"
#include "api_tests.h"

#include <math.h>

typedef struct pushing {
    double beta;
    uint64_t window;
    bool nesterov;
    uint64_t mode;
    gd_list sizes;
} pushing;

static const char *const modes[] = {"slow", "fast", "warp", NULL};

#define ROW(member) .name = #member, .offset = offsetof(pushing, member)

static const gd_param pushing_params[] = {
    {ROW(beta), .kind = GD_NUMBER, .def = 0.9, .min = 0, .max = 1, .max_open = true},
    {ROW(window), .kind = GD_INTEGER, .def = 0, .min = 1, .max = 100, .word = "auto"},
    {ROW(nesterov), .kind = GD_BOOLEAN, .def = 1, .max = 1},
    {ROW(mode), .kind = GD_CHOICE, .def = 1, .choices = modes},
    {ROW(sizes), .kind = GD_LIST, .def = 100, .min = 1, .max = 500},
};

typedef struct bending {
    double delta;
} bending;

static const gd_param bending_params[] = {
    {.name = "delta", .kind = GD_NUMBER, .def = 1.35, .min = 0, .min_open = true, .max = INFINITY},
};

static const gd_optimizer plain = {.name = "plain"};
static const gd_optimizer momentum = {
    .name = "momentum", .params = pushing_params, .params_count = COUNT(pushing_params)};
static const gd_cost squares = {
    .name = "squares", .tasks = GD_REGRESSION, .curvature = 1, .smooth = true};
static const gd_cost bent = {.name = "bent",
                             .tasks = GD_REGRESSION,
                             .curvature = 1,
                             .smooth = true,
                             .params = bending_params,
                             .params_count = COUNT(bending_params)};
static const gd_cost entropy = {
    .name = "entropy", .tasks = GD_CLASSES, .curvature = 0.25, .smooth = true};
static const gd_model line = {
    .name = "line", .task = GD_REGRESSION, .default_cost = "squares", .linear = true};
static const gd_model classes = {.name = "classes",
                                 .task = GD_BINARY,
                                 .linear = true,
                                 .default_cost = "entropy",
                                 .params = bending_params,
                                 .params_count = COUNT(bending_params)};

static const gd_schedule steady = {.name = "steady"};
static const gd_schedule falling = {.name = "falling",
                                    .alias = "decay",
                                    .params = pushing_params,
                                    .params_count = COUNT(pushing_params)};

const gd_optimizer *const gd_optimizers[] = {&plain, &momentum};
const gd_cost *const gd_costs[] = {&squares, &bent, &entropy};
const gd_model *const gd_models[] = {&line, &classes};
const gd_schedule *const gd_schedules[] = {&steady, &falling};

#define FIND(type, table)                                                                          \
    const size_t table##_count = COUNT(table);                                                     \
    const type *type##_find(const char *name)                                                      \
    {                                                                                              \
        for (size_t i = 0; i < table##_count; i++)                                                 \
            if (strcmp(table[i]->name, name) == 0)                                                 \
                return table[i];                                                                   \
        return NULL;                                                                               \
    }
FIND(gd_optimizer, gd_optimizers)
FIND(gd_cost, gd_costs)
FIND(gd_model, gd_models)
FIND(gd_schedule, gd_schedules)

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

static pushing pushing_in(const gd_hyper *hyper)
{
    pushing h;
    memcpy(&h, hyper->bytes, sizeof h);
    return h;
}

static pushing pushing_of(const api_job *job)
{
    return pushing_in(&job->spec.optimizer_hyper);
}

static double delta_of(const gd_hyper *hyper)
{
    bending h;
    memcpy(&h, hyper->bytes, sizeof h);
    return h.delta;
}

START_TEST(hyperparameters_that_are_not_given_have_their_defaults)
{
    static const char *const cases[] = {"\"optimizer\": \"momentum\"",
                                        "\"optimizer\": {\"name\": \"momentum\"}"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job = good(cases[i]);
        pushing h = pushing_of(&job);
        ck_assert_ptr_eq(job.spec.optimizer, &momentum);
        assert_same_double(h.beta, 0.9);
        ck_assert_uint_eq(h.window, 0);
        ck_assert(h.nesterov);
        ck_assert_uint_eq(h.mode, 1);
        ck_assert_uint_eq(h.sizes.count, 1);
        ck_assert_uint_eq(h.sizes.values[0], 100);
        api_job_free(&job);
    }
}
END_TEST

START_TEST(hyperparameters_are_taken_before_and_after_the_name)
{
    api_job job = good("\"optimizer\": {\"beta\": 0.30000000000000004, \"name\": \"momentum\", "
                       "\"nesterov\": false, \"window\": 7, \"sizes\": [3, 500], "
                       "\"mode\": \"warp\"}, "
                       "\"cost\": {\"delta\": 2.5, \"name\": \"bent\"}");
    pushing h = pushing_of(&job);
    assert_same_double(h.beta, 0.1 + 0.2);
    ck_assert_uint_eq(h.window, 7);
    ck_assert(!h.nesterov);
    ck_assert_uint_eq(h.mode, 2);
    ck_assert_uint_eq(h.sizes.count, 2);
    ck_assert(h.sizes.values[0] == 3 && h.sizes.values[1] == 500);
    ck_assert_ptr_eq(job.spec.cost, &bent);
    assert_same_double(delta_of(&job.spec.cost_hyper), 2.5);
    api_job_free(&job);
}
END_TEST

START_TEST(bad_hyperparameters_are_told_by_their_path)
{
    static const char *const cases[][3] = {
        {"\"beta\": 1", "optimizer.beta", "must be a finite number in [0, 1), got 1"},
        {"\"beta\": \"0.9\"", "optimizer.beta", "got \"0.9\""},
        {"\"beta\": null", "optimizer.beta", "got null"},
        {"\"window\": 0", "optimizer.window", "in [1, 100], or \"auto\", got 0"},
        {"\"window\": 2.5", "optimizer.window", "must be a whole number"},
        {"\"nesterov\": 1", "optimizer.nesterov", "must be true or false, got 1"},
        {"\"mode\": \"fats\"", "optimizer.mode",
         "must be one of \"slow\", \"fast\", \"warp\", got \"fats\"; did you mean \"fast\"?"},
        {"\"mode\": 1", "optimizer.mode", "\"warp\", got 1"},
        {"\"mode\": [\"slow\"]", "optimizer.mode", "got an array"},
        {"\"sizes\": 8", "optimizer.sizes",
         "must be an array of at most 8 whole numbers in [1, 500], got 8"},
        {"\"sizes\": {}", "optimizer.sizes", "got an object"},
        {"\"sizes\": [1, 2, 3, 4, 5, 6, 7, 8, 9]", "optimizer.sizes", "got 9 of them"},
        {"\"sizes\": [8, 0]", "optimizer.sizes[1]", "must be a whole number in [1, 500], got 0"},
        {"\"sizes\": [2.5, 0]", "optimizer.sizes[0]", "got 2.5"},
        {"\"sizes\": [1e300]", "optimizer.sizes[0]", "got 1e+300"},
        {"\"sizes\": [8, \"9\"]", "optimizer.sizes[1]", "got \"9\""},
        {"\"sizes\": [[8]]", "optimizer.sizes[0]", "got an array"},
        {"\"bet\": 0.5", "optimizer.bet", "unknown field; did you mean \"beta\"?"},
        {"\"warp\": 0.5", "optimizer.warp", "known are: name, beta, window, nesterov, mode, sizes"},
        {"\"delta\": 0.5", "optimizer.delta", "did you mean \"beta\"?"}, /* of another member */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[200];
        api_job job;
        api_problem p;
        snprintf(text, sizeof text, "\"optimizer\": {\"name\": \"momentum\", %s}", cases[i][0]);
        ck_assert(!decode(text, &job, &p));
        api_job_free(&job);
        ck_assert_uint_eq(p.errors_count, 1);
        assert_says(&p, cases[i][1], cases[i][2]);
    }
    api_job job;
    api_problem p; /* all at once, in every family */
    ck_assert(!decode("\"optimizer\": {\"name\": \"momentum\", \"beta\": -1, \"window\": 101}, "
                      "\"cost\": {\"name\": \"bent\", \"delta\": 0}, "
                      "\"model\": {\"name\": \"line\", \"delta\": 1}",
                      &job, &p));
    api_job_free(&job);
    ck_assert_uint_eq(p.errors_count, 4);
    assert_says(&p, "optimizer.beta", "got -1");
    assert_says(&p, "optimizer.window", "got 101");
    assert_says(&p, "cost.delta", "greater than 0");
    assert_says(&p, "model.delta", "unknown field; known are: name");
}
END_TEST

START_TEST(hyperparameters_survive_in_the_stored_spec)
{
    static const char *const cases[] = {
        "\"optimizer\": \"momentum\"",
        ("\"optimizer\": {\"name\": \"momentum\", \"beta\": 0.30000000000000004, \"window\": 100, "
         "\"nesterov\": false, \"mode\": \"slow\", \"sizes\": [1, 2, 3, 4, 5, 6, 7, 500]}, "
         "\"cost\": {\"name\": \"bent\", \"delta\": 5e-324}"),
        "\"optimizer\": {\"name\": \"momentum\", \"sizes\": []}",
        "\"model\": {\"name\": \"classes\", \"delta\": 1e22}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_job job = good(cases[i]), again;
        api_problem p = no_problem();
        char *text = api_doc_take_text(api_job_encode_spec(&job, "d"));
        ck_assert_msg(api_job_decode(text, strlen(text), &again, &p), "%s", problem_text(&p));
        pushing a = pushing_of(&job), b = pushing_of(&again);
        assert_same_double(b.beta, a.beta);
        ck_assert(a.window == b.window && a.nesterov == b.nesterov && a.mode == b.mode);
        ck_assert_mem_eq(&a.sizes, &b.sizes, sizeof a.sizes);
        assert_same_double(delta_of(&again.spec.cost_hyper), delta_of(&job.spec.cost_hyper));
        assert_same_double(delta_of(&again.spec.model_hyper), delta_of(&job.spec.model_hyper));
        ck_assert_ptr_eq(again.spec.cost, job.spec.cost);
        ck_assert_ptr_eq(again.spec.model, job.spec.model);
        free(text);
        api_job_free(&job);
        api_job_free(&again);
    }
    api_job job = good("\"optimizer\": \"momentum\"");
    char *text = api_doc_take_text(api_job_encode_spec(&job, "d"));
    cJSON *doc = read_back(text), *optimizer = member_of(doc, "optimizer");
    ck_assert_str_eq(string_of(optimizer, "name"), "momentum");
    assert_same_double(number_of(optimizer, "beta"), 0.9);
    ck_assert_str_eq(string_of(optimizer, "window"), "auto");
    ck_assert(is_true(optimizer, "nesterov"));
    ck_assert_str_eq(string_of(optimizer, "mode"), "fast");
    const cJSON *sizes = member_of(optimizer, "sizes");
    ck_assert_int_eq(cJSON_GetArraySize(sizes), 1);
    ck_assert_double_eq(cJSON_GetArrayItem(sizes, 0)->valuedouble, 100);
    ck_assert_str_eq(string_of(doc, "model"), "line"); /* has none: its name alone */
    cJSON_Delete(doc);
    free(text);
    api_job_free(&job);
}
END_TEST

START_TEST(a_model_brings_its_own_cost_and_refuses_those_of_other_tasks)
{
    api_job job = good("\"model\": \"classes\"");
    ck_assert_ptr_eq(job.spec.cost, &entropy);
    api_job_free(&job);
    job = good("\"cost\": \"bent\", \"model\": \"line\"");
    ck_assert_ptr_eq(job.spec.cost, &bent);
    api_job_free(&job);
    api_problem p;
    ck_assert(!decode("\"model\": \"classes\", \"cost\": \"bent\"", &job, &p));
    api_job_free(&job);
    ck_assert_uint_eq(p.errors_count, 1);
    assert_says(&p, "cost", "\"bent\" does not fit model \"classes\"; use one of \"entropy\"");
}
END_TEST

START_TEST(a_schedule_has_hyperparameters_of_its_own)
{
    api_job job = good("\"schedule\": {\"name\": \"decay\", \"beta\": 0.25}, "
                       "\"optimizer\": {\"name\": \"momentum\", \"beta\": 0.5}");
    ck_assert_ptr_eq(job.spec.schedule, &falling); /* by its alias */
    assert_same_double(pushing_in(&job.spec.schedule_hyper).beta, 0.25);
    ck_assert(pushing_in(&job.spec.schedule_hyper).nesterov);
    assert_same_double(pushing_of(&job).beta, 0.5);
    char *text = api_doc_take_text(api_job_encode_spec(&job, "d"));
    cJSON *doc = read_back(text), *schedule = member_of(doc, "schedule");
    ck_assert_str_eq(string_of(schedule, "name"), "falling");
    assert_same_double(number_of(schedule, "beta"), 0.25);
    cJSON_Delete(doc);
    free(text);
    api_job_free(&job);
    api_problem p;
    ck_assert(!decode("\"schedule\": {\"name\": \"decay\", \"beta\": 1}", &job, &p));
    api_job_free(&job);
    assert_says(&p, "schedule.beta", "must be a finite number in [0, 1), got 1");
}
END_TEST

START_TEST(all_members_are_listed_for_an_unknown_one)
{
    api_job job;
    api_problem p;
    ck_assert(!decode("\"optimizer\": \"lbfgs\", \"cost\": \"squared\"", &job, &p));
    api_job_free(&job);
    assert_says(&p, "optimizer", "must be one of \"plain\", \"momentum\", got \"lbfgs\"");
    assert_says(&p, "cost", "did you mean \"squares\"?");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hyper");
    tcase_add_test(tc, hyperparameters_that_are_not_given_have_their_defaults);
    tcase_add_test(tc, hyperparameters_are_taken_before_and_after_the_name);
    tcase_add_test(tc, bad_hyperparameters_are_told_by_their_path);
    tcase_add_test(tc, hyperparameters_survive_in_the_stored_spec);
    tcase_add_test(tc, a_model_brings_its_own_cost_and_refuses_those_of_other_tasks);
    tcase_add_test(tc, a_schedule_has_hyperparameters_of_its_own);
    tcase_add_test(tc, all_members_are_listed_for_an_unknown_one);
    return run_tests(tc, "api_hyper");
}
