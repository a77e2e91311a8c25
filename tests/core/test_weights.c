/* What rows count for: weights, class weights and offsets, and rows that the caller has split.
 * The laws are those of the formula: an integer weight is a row repeated, an offset of linear
 * regression is a shift of the target. */
#include "gd_objective.h"
#include "gd_train.h"
#include "gd_weights.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40, COLS = 3, MAX_OUTPUTS = 3, MAX_PARAMS = MAX_OUTPUTS * (COLS + 1) };

static const double counts[] = {1, 3, 0, 2, 1, 4, 2}; /* one weight a row, over and over */
#define COUNTS (sizeof counts / sizeof counts[0])

/* A problem for a cost, its weights, and the same rows repeated as often as their weights say. */
typedef struct pair {
    problem once, repeated;
    double weights[ROWS], offset[ROWS], repeated_offset[4 * ROWS];
} pair;

static void pair_make(pair *p, gd_task task)
{
    p->once = problem_for(task, 3 - (task == GD_BINARY), ROWS, COLS, 711);
    p->repeated = problem_random(4 * ROWS, COLS, 0, 1);
    p->repeated.data.classes = p->once.data.classes;
    uint64_t seed = 712;
    size_t at = 0;
    for (size_t i = 0; i < ROWS; i++) {
        p->weights[i] = counts[i % COUNTS];
        p->offset[i] = 0.3 * random_signed(&seed);
        for (int k = 0; k < (int)p->weights[i]; k++, at++) {
            memcpy(p->repeated.rows + at * COLS, p->once.rows + i * COLS, COLS * sizeof(double));
            p->repeated.targets[at] = p->once.targets[i];
            p->repeated_offset[at] = p->offset[i];
        }
    }
    p->repeated.data.rows = at;
    p->once.data.weights = p->weights;
    if (task != GD_MULTICLASS) {
        p->once.data.offset = p->offset;
        p->repeated.data.offset = p->repeated_offset;
    }
}

static void pair_free(pair *p)
{
    problem_free(&p->once);
    problem_free(&p->repeated);
}

static gd_task task_of_cost(const gd_cost *c)
{
    const gd_task tasks[] = {GD_REGRESSION, GD_COUNT, GD_BINARY};
    for (int i = 0; i < 3; i++)
        if (c->tasks & tasks[i])
            return tasks[i];
    return GD_MULTICLASS;
}

static const char *model_of(gd_task task, const gd_cost *c)
{
    if (task == GD_BINARY)
        return strcmp(c->name, "logistic") == 0 ? "logistic_regression" : "svm";
    return task == GD_REGRESSION ? "linear_regression"
           : task == GD_COUNT    ? "poisson_regression"
                                 : "softmax_regression";
}

static gd_spec spec_of(const gd_cost *c)
{
    gd_spec spec = spec_defaults();
    use_model(&spec, model_of(task_of_cost(c), c));
    use_cost(&spec, c->name);
    spec.learning_rate = 0.05;
    spec.tol = 0;
    spec.epochs = 25;
    return spec;
}

/* Cost, gradient norm and parameters of every epoch. */
START_TEST(integer_weights_are_rows_repeated)
{
    const gd_cost *c = gd_costs[_i];
    pair p;
    pair_make(&p, task_of_cost(c));
    gd_spec spec = spec_of(c);
    spec.standardize = false; /* whose statistics are plain ones */
    spec.l2 = 0.3;
    spec.l1 = 0.01;
    gd_train *a = train_begin(&p.once.data, &spec, NULL),
             *b = train_begin(&p.repeated.data, &spec, NULL);
    gd_step step;
    while ((step = gd_train_step(a)) != GD_STEP_DONE) {
        ck_assert_int_eq(gd_train_step(b), step);
        if (step != GD_STEP_EPOCH)
            continue;
        const gd_state *s = gd_train_state(a), *t = gd_train_state(b);
        assert_close(s->cost, t->cost, 1e-12);
        assert_close(s->gradient_norm, t->gradient_norm, 1e-10);
        for (size_t i = 0; i < gd_train_params_len(a); i++)
            assert_near(gd_train_params(a)[i], gd_train_params(b)[i], 1e-12);
    }
    ck_assert_uint_eq(gd_train_state(a)->epoch, 25);
    gd_train_free(a);
    gd_train_free(b);
    pair_free(&p);
}
END_TEST

/* ... and so is the curvature, for the rate that "auto" takes. */
START_TEST(the_curvature_is_weighted)
{
    const gd_cost *c = gd_costs[_i];
    if (c->curvature == 0)
        return;
    pair p;
    pair_make(&p, task_of_cost(c));
    gd_spec spec = spec_of(c);
    spec.standardize = false;
    spec.learning_rate = GD_AUTO;
    gd_train *a = train_begin(&p.once.data, &spec, NULL),
             *b = train_begin(&p.repeated.data, &spec, NULL);
    train_finish(a);
    train_finish(b);
    ck_assert_double_gt(gd_train_state(a)->curvature, 0);
    assert_close(gd_train_state(a)->curvature, gd_train_state(b)->curvature, 1e-9);
    gd_train_free(a);
    gd_train_free(b);
    pair_free(&p);
}
END_TEST

/* The largest of w_i c |a_i|^2, over rows whose weights have mean 1. */
START_TEST(the_curvature_of_a_row_is_times_its_weight)
{
    const double x[] = {1, 2, 3}, y[] = {0, 0, 0}, weights[] = {2, 0.75, 0.25};
    problem p = problem_of(x, y, 3, 1);
    p.data.weights = weights;
    gd_spec spec = spec_defaults();
    gd_shape shape = gd_spec_shape(&spec, 1, 0);
    gd_objective *o;
    ck_assert_int_eq(
        gd_objective_new(&o, &p.data, spec.model, &shape, spec.cost, &spec.cost_hyper, NULL, NULL),
        GD_OK);
    /* 2 * 2 * (1 + 1), 2 * 0.75 * (4 + 1), 2 * 0.25 * (9 + 1) */
    ck_assert_double_eq(gd_objective_row_curvature(o), 8);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

/* The gradient of cost, weights and offsets against central differences, at random points; with
 * penalties, through the first step of descent. */
START_TEST(weighted_penalised_gradients_agree_with_central_differences)
{
    const gd_cost *c = gd_costs[_i];
    pair p;
    pair_make(&p, task_of_cost(c));
    for (int i = 0; i < ROWS; i++)
        p.weights[i] *= 0.37;
    gd_spec spec = spec_of(c);
    spec.standardize = false;
    spec.l2 = 0.37;
    spec.l1 = 0.11;
    spec.epochs = 1;
    uint64_t seed = 713;
    for (int trial = 0; trial < 3; trial++) {
        double theta[MAX_PARAMS], cost[2], gradient[MAX_PARAMS];
        gd_shape shape = gd_spec_shape(&spec, COLS, p.once.data.classes);
        size_t n = spec.model->params_len(&shape);
        for (size_t i = 0; i < n; i++)
            theta[i] = 0.5 * random_signed(&seed);
        /* theta after a step of gd is prox(theta - rate g), and no weight comes near 0 */
        spec.learning_rate = 1e-3;
        gd_train *t = train_begin(&p.once.data, &spec, theta);
        train_finish(t);
        for (size_t i = 0; i < n; i++)
            gradient[i] = (theta[i] - gd_train_params(t)[i]) / 1e-3;
        gd_train_free(t);
        for (size_t i = 0; i < n; i++) {
            double keep = theta[i], h = 1e-5;
            for (int side = 0; side < 2; side++) {
                theta[i] = keep + (side ? -h : h);
                t = train_begin(&p.once.data, &spec, theta);
                while (gd_train_step(t) != GD_STEP_EPOCH)
                    ;
                cost[side] = gd_train_state(t)->cost;
                gd_train_free(t);
            }
            theta[i] = keep;
            ck_assert_double_gt(i < n - shape.outputs ? fabs(keep) : 1, 1e-2);
            double slope = (cost[0] - cost[1]) / (2 * h);
            ck_assert_msg(fabs(gradient[i] - slope) <= 1e-6 * (1 + fabs(slope)),
                          "%s, parameter %zu: gradient %.12g, difference %.12g", c->name, i,
                          gradient[i], slope);
        }
    }
    pair_free(&p);
}
END_TEST

/* y - offset on x is y on x with that offset. */
START_TEST(an_offset_of_linear_regression_is_a_shift_of_the_target)
{
    problem p = problem_random(ROWS, COLS, 0.7, 714), q = problem_random(ROWS, COLS, 0.7, 714);
    double offset[ROWS], want[COLS + 1], got[COLS + 1];
    uint64_t seed = 715;
    for (size_t i = 0; i < ROWS; i++) {
        offset[i] = 5 * random_signed(&seed);
        q.targets[i] -= offset[i];
    }
    p.data.offset = offset;
    least_squares(&q.data, true, want);
    gd_spec spec = spec_defaults();
    spec.tol = 1e-15;
    spec.epochs = 5000;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    gd_train_params_unscaled(t, got);
    for (int i = 0; i <= COLS; i++)
        assert_near(got[i], want[i], 1e-6);
    assert_close(gd_train_state(t)->cost, direct_mse(&q.data, true, want), 1e-10);

    gd_metric m[GD_MAX_METRICS];
    size_t count;
    ck_assert_int_eq(gd_metrics(spec.model, gd_train_shape(t), got, &p.data,
                                &(gd_rows){.count = ROWS}, NULL, m, &count, NULL, NULL),
                     GD_OK);
    assert_close(metric(m, count, "mse"), direct_mse(&q.data, true, want), 1e-9);
    gd_train_free(t);
    problem_free(&p);
    problem_free(&q);
}
END_TEST

START_TEST(a_row_of_weight_0_is_not_there_even_where_it_costs_infinitely_much)
{
    const double x[] = {1, 2, 3, 1e4}, y[] = {1, 2, 4, 1}, weights[] = {5, 5, 5, 0};
    problem p = problem_of(x, y, 4, 1), q = problem_of(x, y, 3, 1);
    p.data.weights = weights;
    gd_spec spec = spec_defaults();
    use_model(&spec, "poisson_regression");
    spec.standardize = false;
    spec.learning_rate = 0.1;
    spec.epochs = 50;
    gd_train *a = train_begin(&p.data, &spec, NULL), *b = train_begin(&q.data, &spec, NULL);
    train_finish(a);
    train_finish(b);
    assert_close(gd_train_state(a)->cost, gd_train_state(b)->cost, 1e-12);
    assert_close(gd_train_params(a)[0], gd_train_params(b)[0], 1e-12);
    gd_train_free(a);
    gd_train_free(b);
    problem_free(&p);
    problem_free(&q);
}
END_TEST

/* Weights are shares: ten times, or 1e300 times as large ones are the same ones. */
START_TEST(only_the_ratios_of_weights_count)
{
    pair p;
    pair_make(&p, GD_REGRESSION);
    gd_spec spec = spec_of(gd_cost_find("mse"));
    double cost[3];
    const double factor[] = {1, 0x1p-1000, 0x1p1000};
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < ROWS; i++)
            p.weights[i] = counts[i % COUNTS] * factor[k];
        gd_train *t = train_begin(&p.once.data, &spec, NULL);
        train_finish(t);
        cost[k] = gd_train_state(t)->cost;
        gd_train_free(t);
        ck_assert_double_eq(cost[k], cost[0]);
    }
    pair_free(&p);
}
END_TEST

START_TEST(weights_that_are_all_alike_change_no_bit)
{
    pair p;
    pair_make(&p, GD_REGRESSION);
    gd_spec spec = spec_of(gd_cost_find("mse"));
    spec.batch_size = 7;
    double theta[2][COLS + 1];
    for (size_t i = 0; i < ROWS; i++)
        p.weights[i] = 7;
    for (int k = 0; k < 2; k++) {
        p.once.data.weights = k ? p.weights : NULL;
        gd_train *t = train_begin(&p.once.data, &spec, NULL);
        train_finish(t);
        memcpy(theta[k], gd_train_params(t), sizeof theta[k]);
        gd_train_free(t);
    }
    assert_same_bits(theta[0], theta[1], COLS + 1);
    pair_free(&p);
}
END_TEST

/* Single-sample updates along w_i g_i, weights of mean 1: the loop by hand. */
START_TEST(mini_batches_weigh_their_rows_and_divide_by_their_number)
{
    const double x[] = {1, 2, 3, 4}, y[] = {2, 1, 5, 3}, weights[] = {2, 6, 4, 4};
    problem p = problem_of(x, y, 4, 1);
    p.data.weights = weights;
    gd_spec spec = spec_defaults();
    spec.standardize = spec.intercept = spec.shuffle = false;
    spec.batch_size = 2;
    spec.learning_rate = 0.01;
    spec.tol = 0;
    spec.epochs = 3;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    double w = 0;
    for (int e = 0; e < 3; e++)
        for (int b = 0; b < 4; b += 2) {
            double g = 0;
            for (int i = b; i < b + 2; i++)
                g += weights[i] / 4 * -2 * (y[i] - w * x[i]) * x[i] / 2;
            w -= 0.01 * g;
        }
    assert_close(gd_train_params(t)[0], w, 1e-14);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* scikit-learn: n_samples / (n_classes * bincount(y)), times sample_weight. */
START_TEST(balanced_classes_count_alike)
{
    const double x[] = {0, 0, 0, 0, 0, 0}, y[] = {0, 1, 1, 1, 1, 0}, own[] = {3, 1, 1, 2, 1, 1};
    problem p = problem_of(x, y, 6, 1);
    double out[6];
    const gd_rows all = {.count = 6};
    p.data.classes = 2;
    ck_assert_int_eq(gd_weights_find(&p.data, &all, true, out, NULL), GD_OK);
    const double want[] = {1.5, 0.75, 0.75, 0.75, 0.75, 1.5}; /* 6 / (2 * 2), 6 / (2 * 4) */
    for (int i = 0; i < 6; i++)
        assert_close(out[i], want[i], 4 * DBL_EPSILON);
    p.data.weights = own;
    ck_assert_int_eq(gd_weights_find(&p.data, &all, true, out, NULL), GD_OK);
    const double sum = 1.5 * 4 + 0.75 * 5;
    for (int i = 0; i < 6; i++)
        assert_close(out[i], want[i] * own[i] * 6 / sum, 8 * DBL_EPSILON);
    /* counted, and brought to mean 1, over the rows that are trained on */
    const uint32_t index[] = {1, 2, 5, 0, 3, 4};
    p.data.weights = NULL;
    ck_assert_int_eq(
        gd_weights_find(&p.data, &(gd_rows){.index = index, .count = 3}, true, out, NULL), GD_OK);
    for (int i = 0; i < 6; i++)
        assert_close(out[i], y[i] > 0 ? 0.75 : 1.5, 4 * DBL_EPSILON);

    /* with x constant the fitted log odds are 0, however rare class 0 is */
    gd_spec spec = spec_defaults();
    use_model(&spec, "logistic_regression");
    spec.balanced = true;
    spec.epochs = 100;
    double start[] = {0, 0.7};
    gd_train *t = train_begin(&p.data, &spec, start);
    train_finish(t);
    assert_near(gd_train_params(t)[1], 0, 1e-3);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- rows that the caller has split ---- */

START_TEST(given_rows_are_trained_on_and_the_others_validated_on)
{
    problem p = problem_random(10, 2, 0.7, 717), q = problem_random(10, 2, 0.7, 717);
    const uint32_t index[] = {1, 4, 5, 6, 7, 9, 0, 2, 3, 8};
    for (size_t i = 0; i < 10; i++) { /* q: the same rows, as they lie */
        memcpy(q.rows + 2 * i, p.rows + 2 * index[i], 2 * sizeof(double));
        q.targets[i] = p.targets[index[i]];
    }
    double weights[10], moved[10], theta[2][3], cost[2], aside[2];
    for (size_t i = 0; i < 10; i++)
        moved[i] = 1 + (double)(i % 3);
    for (size_t i = 0; i < 10; i++)
        weights[index[i]] = moved[i];
    for (int k = 0; k < 2; k++) {
        gd_data d = k ? q.data : p.data;
        d.train_rows = 6;
        d.index = k ? NULL : index;
        d.weights = k ? moved : weights;
        gd_spec spec = spec_defaults();
        spec.batch_size = 4;
        spec.shuffle = true;
        spec.epochs = 7;
        spec.tol = 0;
        spec.patience = 100;
        gd_train *t = train_begin(&d, &spec, NULL);
        train_finish(t);
        gd_rows train, validation;
        gd_train_rows(t, &train);
        ck_assert(gd_train_validation_rows(t, &validation));
        ck_assert_uint_eq(train.count, 6);
        ck_assert_uint_eq(validation.first, 6);
        ck_assert_uint_eq(validation.count, 4);
        memcpy(theta[k], gd_train_params(t), sizeof theta[k]);
        cost[k] = gd_train_state(t)->cost;
        aside[k] = gd_train_state(t)->validation_cost;
        /* sum w c / sum w, at the best parameters */
        double at[3], sum = 0, total = 0;
        gd_train_params_unscaled(t, at);
        for (size_t i = 6; i < 10; i++) {
            double r = q.targets[i] - at[0] * q.rows[2 * i] - at[1] * q.rows[2 * i + 1] - at[2];
            sum += moved[i] * r * r;
            total += moved[i];
        }
        assert_close(gd_train_state(t)->best_cost, sum / total, 1e-12);
        gd_train_free(t);
    }
    assert_same_bits(theta[0], theta[1], 3);
    ck_assert_double_eq(cost[0], cost[1]);
    assert_close(aside[0], aside[1], 1e-14);
    problem_free(&p);
    problem_free(&q);
}
END_TEST

START_TEST(training_on_all_of_the_given_rows_validates_on_none)
{
    problem p = problem_random(10, 2, 0.7, 717);
    gd_spec spec = spec_defaults();
    gd_rows rows;
    p.data.train_rows = 10;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    ck_assert(!gd_train_validation_rows(t, &rows));
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- what is refused ---- */

static void refused(const gd_data *d, const gd_spec *spec, const char *field)
{
    gd_train *t;
    gd_error err = {0};
    ck_assert_int_eq(gd_train_new(&t, d, spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, field);
    ck_assert_ptr_null(t);
}

START_TEST(weights_that_make_no_sense_are_refused)
{
    problem p = problem_random(4, 1, 0.5, 718);
    gd_spec spec = spec_defaults();
    const double wrong[][4] = {
        {1, 1, -1, 1}, {1, NAN, 1, 1}, {1, 1, 1, INFINITY}, {0, 0, 0, 0}, {-0.0, 0, 0, 0}};
    for (int i = 0; i < 5; i++) {
        p.data.weights = wrong[i];
        refused(&p.data, &spec, "weights");
    }
    const double halves[][4] = {{0, 0, 1, 1}, {1, 1, 0, 0}};
    p.data.train_rows = 2;
    for (int i = 0; i < 2; i++) {
        p.data.weights = halves[i];
        refused(&p.data, &spec, "weights");
    }
    p.data.weights = NULL;
    spec.balanced = true;
    refused(&p.data, &spec, "class_weight");
    problem_free(&p);
}
END_TEST

START_TEST(offsets_that_make_no_sense_are_refused)
{
    problem p = problem_for(GD_MULTICLASS, 3, 5, 1, 718);
    gd_spec spec = spec_defaults();
    const double nan[] = {0, 0, NAN, 0, 0}, zero[5] = {0};
    p.data.offset = nan;
    refused(&p.data, &spec, "offset");
    use_model(&spec, "softmax_regression");
    p.data.offset = zero;
    refused(&p.data, &spec, "offset");
    problem_free(&p);
}
END_TEST

START_TEST(splits_that_make_no_sense_are_refused)
{
    problem p = problem_random(4, 1, 0.5, 719);
    gd_spec spec = spec_defaults();
    p.data.train_rows = 5;
    refused(&p.data, &spec, "train_rows");
    p.data.train_rows = 2;
    const uint32_t wrong[][4] = {{0, 4, 1, 2}, {1, 0, 2, 3}, {0, 0, 2, 3}, {0, 1, 3, 2}};
    for (int i = 0; i < 4; i++) {
        p.data.index = wrong[i];
        refused(&p.data, &spec, "index");
    }
    p.data.index = NULL;
    spec.validation_fraction = 0.5;
    refused(&p.data, &spec, "validation_fraction");
    spec.validation_fraction = GD_NO_VALIDATION;
    spec.patience = 3;
    p.data.train_rows = 4; /* none are left to watch */
    refused(&p.data, &spec, "patience");
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("weights");
    int n = (int)gd_costs_count;
    tcase_add_loop_test(tc, integer_weights_are_rows_repeated, 0, n);
    tcase_add_loop_test(tc, the_curvature_is_weighted, 0, n);
    tcase_add_test(tc, the_curvature_of_a_row_is_times_its_weight);
    tcase_add_loop_test(tc, weighted_penalised_gradients_agree_with_central_differences, 0, n);
    tcase_add_test(tc, an_offset_of_linear_regression_is_a_shift_of_the_target);
    tcase_add_test(tc, a_row_of_weight_0_is_not_there_even_where_it_costs_infinitely_much);
    tcase_add_test(tc, only_the_ratios_of_weights_count);
    tcase_add_test(tc, weights_that_are_all_alike_change_no_bit);
    tcase_add_test(tc, mini_batches_weigh_their_rows_and_divide_by_their_number);
    tcase_add_test(tc, balanced_classes_count_alike);
    tcase_add_test(tc, given_rows_are_trained_on_and_the_others_validated_on);
    tcase_add_test(tc, training_on_all_of_the_given_rows_validates_on_none);
    tcase_add_test(tc, weights_that_make_no_sense_are_refused);
    tcase_add_test(tc, offsets_that_make_no_sense_are_refused);
    tcase_add_test(tc, splits_that_make_no_sense_are_refused);
    return run_case(tc, "weights");
}
