/* Networks: against the same ones computed with NumPy (golden/mlp.py), and what they are for. The
 * laws of every model, finite differences among them, are in test_model_laws.c. */
#include "gd_limits.h"
#include "gd_objective.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 7, COLS = 3, MOST = 64 };

typedef struct golden_network {
    const char *activation, *task;
    double y[ROWS], theta[MOST], z[3 * ROWS], gradient[MOST], after[MOST];
    double cost, last; /* mean cost at theta; the objective at `after` */
} golden_network;

#include "golden/mlp.h"

#define NETWORKS (int)(sizeof golden_networks / sizeof golden_networks[0])

static const gd_param *row_of(const gd_model *m, const char *name)
{
    for (size_t i = 0; i < m->params_count; i++)
        if (strcmp(m->params[i].name, name) == 0)
            return &m->params[i];
    ck_abort_msg("there is no %s", name);
    return NULL;
}

static void choose(gd_spec *s, const char *name, const char *word)
{
    const gd_param *row = row_of(s->model, name);
    size_t i = 0;
    while (row->choices[i] && strcmp(row->choices[i], word) != 0)
        i++;
    ck_assert_int_eq(gd_param_set(&s->model_hyper, row, (double)i, NULL), GD_OK);
}

/* An mlp with these hidden layers. */
static gd_spec network(size_t count, const uint64_t *units, const char *activation)
{
    gd_spec s = spec_defaults();
    use_model(&s, "mlp");
    ck_assert_int_eq(
        gd_param_set_list(&s.model_hyper, row_of(s.model, "hidden_layers"), units, count, NULL),
        GD_OK);
    choose(&s, "activation", activation);
    return s;
}

/* ---- as computed elsewhere ---- */

static gd_spec spec_of(const golden_network *g)
{
    gd_spec s = network(2, (const uint64_t[]){4, 3}, g->activation);
    choose(&s, "task", g->task);
    gd_spec_default_cost(&s);
    s.standardize = false;
    return s;
}

static problem problem_golden(const golden_network *g)
{
    problem p = problem_of(mlp_rows, g->y, ROWS, COLS);
    p.data.classes = strcmp(g->task, "binary") == 0 ? 2 : strcmp(g->task, "multiclass") ? 0 : 3;
    return p;
}

/* Sums of a few terms of about 1: a few eps. */
START_TEST(scores_costs_and_gradients_are_those_of_numpy)
{
    const golden_network *g = &golden_networks[_i];
    gd_spec spec = spec_of(g);
    problem p = problem_golden(g);
    gd_shape s = gd_spec_shape(&spec, COLS, p.data.classes);
    double z[3 * ROWS], work[ROWS * 14], gradient[MOST];
    ck_assert_uint_eq(spec.model->work_len(&s), 14);
    spec.model->forward(&s, g->theta, mlp_rows, ROWS, z, work);
    for (size_t i = 0; i < ROWS * s.outputs; i++)
        assert_near(z[i], g->z[i], 1e-14);
    gd_objective *o;
    ck_assert_int_eq(
        gd_objective_new(&o, &p.data, spec.model, &s, spec.cost, &spec.cost_hyper, NULL, NULL),
        GD_OK);
    double cost = gd_objective_eval(o, g->theta, &(gd_rows){.count = ROWS}, gradient);
    assert_close(cost, g->cost, 1e-14);
    for (size_t i = 0; i < spec.model->params_len(&s); i++)
        assert_near(gradient[i], g->gradient[i], 1e-14);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

/* In single precision the path of 200 steps is off by some thousand units in the last place of its
 * floats, while cost and parameters at its end are of order 1. */
START_TEST(two_hundred_steps_of_adam_lead_where_they_lead_numpy)
{
    const golden_network *g = &golden_networks[_i % NETWORKS];
    bool single = _i >= NETWORKS;
    gd_spec spec = spec_of(g);
    problem p = problem_golden(g);
    use_optimizer(&spec, "adam");
    spec.learning_rate = 0.01;
    spec.l2 = 0.1;
    spec.epochs = 200;
    spec.tol = 0;
    spec.dtype = single ? GD_FLOAT32 : GD_FLOAT64;
    gd_train *t = train_begin(&p.data, &spec, g->theta);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    assert_close(gd_train_state(t)->cost, g->last, single ? 1e-5 : 1e-12);
    for (size_t i = 0; i < gd_train_params_len(t); i++)
        assert_near(gd_train_params(t)[i], g->after[i], single ? 1e-3 : 1e-10);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- the gradient's norm ---- */

/* It is that of the full objective wherever it is taken: at the start and the end of mini-batches,
 * and in each epoch of full ones or where tol is held against it. */
START_TEST(the_norm_of_the_gradient_is_taken_where_it_is_said_to_be)
{
    problem p = problem_for(GD_REGRESSION, 0, 300, 3, 29);
    gd_spec spec = network(1, (const uint64_t[]){4}, "tanh");
    use_optimizer(&spec, "adam");
    spec.epochs = 4;
    spec.tol = _i == 2 ? 1e-30 : 0;
    spec.tol_on = _i == 2 ? GD_TOL_GRADIENT : GD_TOL_COST;
    spec.batch_size = _i ? 64 : GD_FULL_BATCH;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_shape s = *gd_train_shape(t);
    gd_objective *o;
    double gradient[MOST], sum;
    ck_assert_int_eq(
        gd_objective_new(&o, &p.data, spec.model, &s, spec.cost, &spec.cost_hyper, NULL, NULL),
        GD_OK);
    for (gd_step step; (step = gd_train_step(t)) != GD_STEP_DONE;) {
        const gd_state *state = gd_train_state(t);
        if (step == GD_STEP_EPOCH && (_i != 1 || state->epoch % 4 == 0)) {
            gd_objective_scale(o, gd_train_center(t), gd_train_scale(t));
            gd_objective_eval(o, gd_train_params(t), &(gd_rows){.count = 300}, gradient);
            sum = 0;
            for (size_t i = 0; i < gd_train_params_len(t); i++)
                sum += gradient[i] * gradient[i];
            assert_close(state->gradient_norm, sqrt(sum), 1e-14);
        } else if (step == GD_STEP_EPOCH) {
            ck_assert(isnan(state->gradient_norm));
        }
    }
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    gd_objective_free(o);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- penalties ---- */

START_TEST(l2_is_of_weights_and_never_of_biases)
{
    const golden_network *g = &golden_networks[_i];
    gd_spec spec = spec_of(g);
    problem p = problem_golden(g);
    gd_shape s = gd_spec_shape(&spec, COLS, p.data.classes);
    gd_part parts[GD_MAX_PARTS];
    size_t count = spec.model->layout(&s, parts), n = spec.model->params_len(&s);
    double penalty = 0, squares = 0;
    ck_assert_uint_eq(count, 6);
    for (size_t k = 0; k < count; k++) {
        bool biases = strncmp(parts[k].name, "biases_", 7) == 0;
        ck_assert_int_eq(parts[k].bias, biases);
        for (size_t i = parts[k].offset; i < parts[k].offset + parts[k].count; i++) {
            double slope = g->gradient[i] + (biases ? 0 : 0.3 * g->theta[i]);
            penalty += biases ? 0 : 0.15 * g->theta[i] * g->theta[i];
            squares += slope * slope;
        }
    }
    spec.l2 = 0.3;
    gd_train *t = train_begin(&p.data, &spec, g->theta);
    while (gd_train_step(t) == GD_STEP_WORKING)
        ;
    assert_close(gd_train_state(t)->cost, g->cost + penalty, 1e-13);
    assert_close(gd_train_state(t)->gradient_norm, sqrt(squares), 1e-13);
    ck_assert_uint_eq(gd_train_params_len(t), n);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- where it starts ---- */

static void starts_within(const char *activation, const char *initialization, double of_first)
{
    gd_spec spec = network(1, (const uint64_t[]){200}, activation);
    choose(&spec, "initialization", initialization);
    gd_shape s = gd_spec_shape(&spec, 100, 0);
    size_t n = spec.model->params_len(&s), weights = 200 * 100;
    double *a = calloc(2 * n, sizeof *a), *b = a + n, most = 0, mean = 0, square = 0;
    spec.model->init(&s, 5, a);
    for (size_t i = 0; i < weights; i++) {
        most = fmax(most, fabs(a[i]));
        mean += a[i] / (double)weights;
        square += a[i] * a[i] / (double)weights;
    }
    ck_assert(most <= of_first && most > 0.999 * of_first);
    /* 20000 draws of variance bound^2 / 3: five standard deviations of what is estimated */
    assert_near(mean, 0, 5 * of_first / sqrt(3. * (double)weights));
    assert_close(square, of_first * of_first / 3, 5 * sqrt(0.8 / (double)weights));
    for (size_t i = weights; i < weights + 200; i++)
        ck_assert_double_eq(a[i], 0);
    ck_assert_double_eq(a[n - 1], 0);
    spec.model->init(&s, 5, b);
    assert_same_bits(a, b, n);
    spec.model->init(&s, 6, b);
    ck_assert(a[0] != b[0] && a[weights + 200] != b[weights + 200]);
    free(a);
}

START_TEST(weights_start_within_the_bounds_of_he_and_glorot)
{
    const double he = sqrt(6. / 100), glorot = sqrt(6. / 300);
    starts_within("relu", "auto", he);
    starts_within("gelu", "auto", he);
    starts_within("tanh", "auto", glorot);
    starts_within("sigmoid", "auto", glorot);
    starts_within("identity", "auto", glorot);
    starts_within("tanh", "he", he);
    starts_within("relu", "glorot", glorot);
}
END_TEST

START_TEST(the_starting_point_is_in_the_units_that_are_trained_in)
{
    problem p = problem_random(30, COLS, 0.3, 501);
    gd_spec spec = network(1, (const uint64_t[]){5}, "tanh");
    spec.seed = 11;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_step(t) == GD_STEP_WORKING)
        ;
    double want[26];
    ck_assert_uint_eq(gd_train_params_len(t), 26);
    spec.model->init(gd_train_shape(t), 11, want);
    assert_same_bits(gd_train_params(t), want, 26);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- learning ---- */

static const double xor_rows[] = {0, 0, 0, 1, 1, 0, 1, 1}, xor_targets[] = {0, 1, 1, 0};

/* By descent with a step that is looked for: the cost never rises. */
START_TEST(xor_is_learned)
{
    static const char *const tasks[] = {"regression", "binary"};
    problem p = problem_of(xor_rows, xor_targets, 4, 2);
    gd_spec spec = network(1, (const uint64_t[]){8}, "tanh");
    choose(&spec, "task", tasks[_i % 2]);
    p.data.classes = _i % 2 ? 2 : 0;
    gd_spec_default_cost(&spec);
    spec.seed = (uint64_t)_i / 4;
    if (_i / 2 % 2) {
        use_optimizer(&spec, "adam");
        spec.learning_rate = 0.03;
    }
    spec.epochs = 3000;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    double before = INFINITY, theta[33], z[4];
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE)
        if (step == GD_STEP_EPOCH) {
            ck_assert(_i / 2 % 2 || gd_train_state(t)->cost <= before);
            before = gd_train_state(t)->cost;
        }
    ck_assert_int_ne(gd_train_state(t)->stop, GD_STOP_DIVERGED);
    ck_assert_uint_eq(gd_train_params_len(t), 33);
    gd_train_params_unscaled(t, theta);
    ck_assert_int_eq(gd_predict(spec.model, gd_train_shape(t), theta, xor_rows, 4, z), GD_OK);
    for (int i = 0; i < 4; i++)
        assert_near(z[i], xor_targets[i], 0.05);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(predictions_do_not_depend_on_the_rows_beside_them)
{
    enum { MANY = 1300 };
    problem p = problem_random(MANY, COLS, 0.3, 502);
    gd_spec spec = network(2, (const uint64_t[]){40, 30}, "gelu");
    gd_shape s = gd_spec_shape(&spec, COLS, 0);
    double *theta = calloc(spec.model->params_len(&s), sizeof *theta), all[MANY], one;
    spec.model->init(&s, 3, theta);
    ck_assert_uint_lt(gd_shape_tile(spec.model, &s), MANY);
    ck_assert_int_eq(gd_predict(spec.model, &s, theta, p.rows, MANY, all), GD_OK);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_int_eq(gd_predict(spec.model, &s, theta, p.rows + i * COLS, 1, &one), GD_OK);
        assert_same_bits(&one, &all[i], 1);
    }
    free(theta);
    problem_free(&p);
}
END_TEST

/* ---- shapes ---- */

START_TEST(without_hidden_layers_it_is_linear)
{
    problem p = problem_random(20, COLS, 0.3, 503);
    gd_spec spec = network(0, NULL, "relu");
    gd_shape s = gd_spec_shape(&spec, COLS, 0), line = {COLS, true, 1};
    const double theta[] = {0.719, -1.149, 0.391, 2.385};
    double a[20], b[20];
    ck_assert_uint_eq(spec.model->params_len(&s), 4);
    ck_assert_int_eq(gd_predict(spec.model, &s, theta, p.rows, 20, a), GD_OK);
    ck_assert_int_eq(gd_predict(gd_model_find("linear_regression"), &line, theta, p.rows, 20, b),
                     GD_OK);
    assert_same_bits(a, b, 20);
    problem_free(&p);
}
END_TEST

START_TEST(without_an_intercept_there_are_no_biases)
{
    gd_spec spec = network(2, (const uint64_t[]){4, 2}, "relu");
    spec.intercept = false;
    gd_shape s = gd_spec_shape(&spec, COLS, 0);
    gd_part parts[GD_MAX_PARTS];
    ck_assert_uint_eq(spec.model->params_len(&s), 12 + 8 + 2);
    ck_assert_uint_eq(spec.model->layout(&s, parts), 3);
    ck_assert_str_eq(parts[2].name, "weights_3");
    ck_assert(parts[2].matrix && parts[2].rows == 1 && parts[1].rows == 2);
}
END_TEST

START_TEST(too_many_parameters_are_refused_by_name)
{
    problem p = problem_random(5, COLS, 0.3, 504);
    gd_spec spec = network(3, (const uint64_t[]){1000, 2000, 100}, "relu");
    gd_train *t;
    gd_error err = {0};
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "model.hidden_layers");
    ck_assert_msg(strstr(err.message, "2206201 parameters") != NULL, "%s", err.message);
    ck_assert_ptr_null(t);
    problem_free(&p);
}
END_TEST

/* The rows are claimed, not read: 513 blocks of a million parameters are refused at once. */
START_TEST(gradients_of_too_many_blocks_are_refused)
{
    problem p = problem_random(5, COLS, 0.3, 505);
    gd_spec spec = network(2, (const uint64_t[]){1000, 1000}, "relu");
    gd_train *t;
    gd_error err = {0};
    p.data.rows = 513 * GD_BLOCK_ROWS;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "model");
    ck_assert_msg(strstr(err.message, "at most 261632 can be trained") != NULL, "%s", err.message);
    problem_free(&p);
}
END_TEST

/* ---- tasks ---- */

START_TEST(the_task_follows_the_target_and_brings_its_cost)
{
    const struct {
        size_t classes;
        gd_task task;
        gd_link link;
        const char *cost;
    } cases[] = {{0, GD_REGRESSION, GD_IDENTITY, "mse"},
                 {2, GD_BINARY, GD_LOGIT, "logistic"},
                 {3, GD_MULTICLASS, GD_SOFTMAX, "softmax"}};
    for (int i = 0; i < 3; i++) {
        gd_spec spec = network(1, (const uint64_t[]){4}, "relu"), given = spec;
        gd_shape s = gd_spec_shape(&spec, COLS, cases[i].classes);
        ck_assert_int_eq(gd_shape_task(spec.model, &s), cases[i].task);
        ck_assert_int_eq(gd_shape_link(spec.model, &s), cases[i].link);
        ck_assert_uint_eq(s.outputs, i == 2 ? 3 : 1);
        gd_spec_settle(&spec, cases[i].classes, false);
        ck_assert_str_eq(spec.cost->name, cases[i].cost);
        ck_assert_int_eq(gd_spec_task(&spec, 0), cases[i].task); /* it is written down */
        ck_assert_int_eq(gd_spec_check(&spec, NULL), GD_OK);
        gd_error err = {0};
        use_cost(&given, "hinge");
        gd_spec_settle(&given, cases[i].classes, true);
        ck_assert_str_eq(given.cost->name, "hinge");
        given.learning_rate = 0.1;
        ck_assert_int_eq(gd_spec_check(&given, &err), i == 1 ? GD_OK : GD_INVALID);
        ck_assert_str_eq(err.field, i == 1 ? "" : "cost");
    }
    gd_spec line = spec_defaults(), before = line; /* of one task: nothing to settle */
    gd_spec_settle(&line, 3, false);
    ck_assert_mem_eq(&line, &before, sizeof line);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("mlp");
    tcase_add_loop_test(tc, scores_costs_and_gradients_are_those_of_numpy, 0, NETWORKS);
    tcase_add_loop_test(tc, two_hundred_steps_of_adam_lead_where_they_lead_numpy, 0,
                        2 * NETWORKS);
    tcase_add_loop_test(tc, the_norm_of_the_gradient_is_taken_where_it_is_said_to_be, 0, 3);
    tcase_add_loop_test(tc, l2_is_of_weights_and_never_of_biases, 0, NETWORKS);
    tcase_add_test(tc, weights_start_within_the_bounds_of_he_and_glorot);
    tcase_add_test(tc, the_starting_point_is_in_the_units_that_are_trained_in);
    tcase_add_loop_test(tc, xor_is_learned, 0, 20);
    tcase_add_test(tc, predictions_do_not_depend_on_the_rows_beside_them);
    tcase_add_test(tc, without_hidden_layers_it_is_linear);
    tcase_add_test(tc, without_an_intercept_there_are_no_biases);
    tcase_add_test(tc, too_many_parameters_are_refused_by_name);
    tcase_add_test(tc, gradients_of_too_many_blocks_are_refused);
    tcase_add_test(tc, the_task_follows_the_target_and_brings_its_cost);
    return run_case(tc, "mlp");
}
