/* gd_train: what is fitted, from where it starts, and what is refused. Answers come from NIST,
 * closed forms and least squares in long double (problems.h). The order of rows and the end of
 * a run are in test_epochs.c, learning rates and divergence in test_rates.c. */
#include "gd_limits.h"
#include "gd_metrics.h"
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* tol 0: only epochs end such a run. */
static gd_spec exact_spec(uint64_t epochs)
{
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = epochs;
    return spec;
}

/* Trains to the end and writes the parameters in the data's units. */
static gd_state fit(const gd_data *d, const gd_spec *spec, const double *initial, double *theta)
{
    gd_train *t = train_begin(d, spec, initial);
    train_finish(t);
    gd_state s = *gd_train_state(t);
    ck_assert_msg(s.stop != GD_STOP_DIVERGED, "%s", gd_train_error(t)->message);
    gd_train_params_unscaled(t, theta);
    gd_train_free(t);
    return s;
}

/* ---- what is fitted ---- */

/* One scaled column and an intercept have the Hessian 2 I: a step at 1/L is Newton's. */
START_TEST(a_line_is_found_to_rounding)
{
    const double x[] = {-2, -1, 0.5, 1, 3, 7, 11};
    double y[7], theta[2];
    for (int i = 0; i < 7; i++)
        y[i] = 2.385 * x[i] - 0.713;
    problem p = problem_of(x, y, 7, 1);
    gd_spec spec = exact_spec(20);
    fit(&p.data, &spec, NULL, theta);
    assert_close(theta[0], 2.385, 1e-15 * 8);
    assert_close(theta[1], -0.713, 1e-15 * 32); /* the difference of larger numbers */
    problem_free(&p);
}
END_TEST

/* Nine digits of all that NIST certifies. Pontius is the hard one: x and x^2 correlate at 0.97
 * over a range where x^2 reaches 9e12, so its scaled condition is 70, and 1/L needs thousands
 * of epochs. */
START_TEST(certified_values_are_reached_to_nine_digits)
{
    static const struct {
        const char *file;
        double b[3], residual, r2; /* b: coefficients, then intercept */
    } nist[] = {
        {"norris.csv",
         {1.00211681802045, -0.262323073774029, 0},
         0.884796396144373,
         0.999993745883712},
        {"pontius.csv",
         {0.732059160401003E-06, -0.316081871345029E-14, 0.673565789473684E-03},
         0.205177424076185E-03,
         0.999999900178537},
    };
    problem p = problem_nist(nist[_i].file);
    size_t n = p.data.cols + 1;
    ck_assert_uint_eq(p.data.rows, _i == 0 ? 36 : 40);
    gd_spec spec = exact_spec(20000);
    double theta[3];
    fit(&p.data, &spec, NULL, theta);
    for (size_t j = 0; j < n; j++)
        assert_close(theta[j], nist[_i].b[j], 1e-9);
    gd_shape shape = {p.data.cols, true, 1};
    gd_metric m[GD_MAX_METRICS];
    size_t count;
    ck_assert_int_eq(gd_metrics(spec.model, &shape, theta, &p.data,
                                &(gd_rows){.count = p.data.rows}, NULL, m, &count, NULL, NULL),
                     GD_OK);
    double rows = (double)p.data.rows, freedom = rows - (double)n;
    assert_close(sqrt(metric(m, count, "mse") * rows / freedom), nist[_i].residual, 1e-9);
    assert_close(1 - metric(m, count, "r2"), 1 - nist[_i].r2,
                 1e-7); /* 1 - R2 is certified to eight digits or so */
    problem_free(&p);
}
END_TEST

/* Every setting of intercept and standardize finds the least squares solution. The slowest
 * direction's condition is below 100, so 20000 epochs at 1/L leave nothing but rounding. */
START_TEST(least_squares_is_reached_with_every_setting)
{
    problem p = problem_random(60, 3, 0.8, 81);
    double want[4], theta[4];
    gd_spec spec = exact_spec(20000);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    least_squares(&p.data, spec.intercept, want);
    gd_state s = fit(&p.data, &spec, NULL, theta);
    for (size_t j = 0; j < 3 + (size_t)spec.intercept; j++)
        assert_close(theta[j], want[j], 1e-12);
    assert_close(s.cost, direct_mse(&p.data, spec.intercept, want), 1e-12);
    ck_assert_double_le(s.gradient_norm, 1e-13);
    problem_free(&p);
}
END_TEST

START_TEST(without_an_intercept_columns_are_scaled_but_not_centred)
{
    const double x[] = {3, 100, 4, 100.5, 5, 99, 7, 101}, y[] = {1, 2, 2.5, 3};
    problem p = problem_of(x, y, 4, 2);
    gd_spec spec = exact_spec(100000); /* long columns almost in line: a condition of 300 */
    spec.intercept = false;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_uint_eq(gd_train_params_len(t), 2);
    for (int j = 0; j < 2; j++) {
        double square = 0;
        for (int i = 0; i < 4; i++)
            square += x[2 * i + j] * x[2 * i + j] / 4;
        ck_assert_double_eq(gd_train_center(t)[j], 0);
        assert_close(gd_train_scale(t)[j], sqrt(square), 4 * DBL_EPSILON);
    }
    double want[2], theta[2];
    least_squares(&p.data, false, want);
    gd_train_params_unscaled(t, theta);
    for (int j = 0; j < 2; j++)
        assert_close(theta[j], want[j], 1e-10);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(scaling_is_the_mean_and_deviation_of_each_column)
{
    problem p = problem_random(50, 2, 0, 82);
    gd_spec spec = exact_spec(1);
    for (int on = 0; on < 2; on++) {
        spec.standardize = on;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        ck_assert_ptr_null(gd_train_columns(t)); /* not yet known */
        train_finish(t);
        gd_column want[2];
        gd_columns(p.data.X, &(gd_rows){.count = 50}, 2, want);
        for (int j = 0; j < 2; j++) {
            ck_assert_double_eq(gd_train_center(t)[j], on ? want[j].mean : 0);
            ck_assert_double_eq(gd_train_scale(t)[j], on ? want[j].std : 1);
        }
        if (on)
            assert_same_bits(gd_train_columns(t), want, 2);
        else
            ck_assert_ptr_null(gd_train_columns(t));
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

START_TEST(a_single_row_and_constant_columns_are_fitted)
{
    const double x[] = {5, 7}, y[] = {2.385};
    problem p = problem_of(x, y, 1, 2);
    gd_spec spec = exact_spec(100);
    double theta[3];
    fit(&p.data, &spec, NULL, theta);
    assert_close(5 * theta[0] + 7 * theta[1] + theta[2], 2.385, 1e-14);
    spec.standardize = false;
    fit(&p.data, &spec, NULL, theta);
    assert_close(5 * theta[0] + 7 * theta[1] + theta[2], 2.385, 1e-14);
    problem_free(&p);
}
END_TEST

/* ---- where it starts ---- */

START_TEST(a_start_at_the_optimum_stays_there)
{
    problem p = problem_random(60, 3, 0.8, 83);
    gd_spec spec = exact_spec(50);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    size_t n = 3 + (size_t)spec.intercept;
    double best[4], theta[4];
    least_squares(&p.data, spec.intercept, best);
    fit(&p.data, &spec, best, theta);
    for (size_t j = 0; j < n; j++)
        assert_close(theta[j], best[j], 1e-13);
    problem_free(&p);
}
END_TEST

START_TEST(initial_parameters_are_in_the_units_of_the_data)
{
    problem p = problem_random(60, 3, 0.8, 84);
    const double initial[] = {1.713, -2.291, 0.587, 4.75};
    gd_spec spec = exact_spec(3);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    size_t n = 3 + (size_t)spec.intercept;
    gd_train *t = train_begin(&p.data, &spec, initial);
    double theta[4];
    gd_train_params_unscaled(t, theta);
    assert_same_bits(theta, initial, n);
    while (gd_train_step(t) != GD_STEP_EPOCH)
        ;
    gd_train_params_unscaled(t, theta);
    for (size_t j = 0; j < n; j++)
        assert_close(theta[j], initial[j], 8 * DBL_EPSILON);
    const gd_state *s = gd_train_state(t);
    ck_assert_uint_eq(s->epoch, 0);
    assert_close(s->cost, direct_mse(&p.data, spec.intercept, initial), 1e-13);
    train_finish(t);
    ck_assert_double_lt(s->cost, direct_mse(&p.data, spec.intercept, initial));
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Every recorded cost is the full objective of the parameters of that moment. */
START_TEST(recorded_costs_are_those_of_the_parameters)
{
    problem p = problem_random(60, 3, 0.8, 85);
    gd_spec spec = exact_spec(6);
    spec.standardize = _i & 1;
    spec.batch_size = _i & 2 ? 7 : GD_FULL_BATCH;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    uint64_t next = 0;
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE) {
        if (step != GD_STEP_EPOCH)
            continue;
        const gd_state *s = gd_train_state(t);
        double theta[4];
        gd_train_params_unscaled(t, theta);
        ck_assert_uint_eq(s->epoch, next++);
        ck_assert_uint_eq(s->finite_epoch, s->epoch);
        assert_close(s->cost, direct_mse(&p.data, true, theta), 1e-13);
    }
    ck_assert_uint_eq(next, 7);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- what is refused ---- */

static void refused(const gd_data *d, const gd_spec *spec, const double *initial, const char *field)
{
    gd_train *t = (gd_train *)spec; /* anything but NULL */
    gd_error err = {0};
    ck_assert_int_eq(gd_train_new(&t, d, spec, initial, NULL, &err), GD_INVALID);
    ck_assert_ptr_null(t);
    ck_assert_int_eq(err.status, GD_INVALID);
    ck_assert_str_eq(err.field, field);
    ck_assert_uint_gt(strlen(err.message), 8);
    ck_assert_int_eq(gd_train_new(&t, d, spec, initial, NULL, NULL), GD_INVALID);
}

START_TEST(a_run_that_can_not_be_is_refused_by_field)
{
    problem p = problem_random(5, 2, 0, 96);
    gd_spec spec = spec_defaults();
    gd_data d = p.data;
    d.rows = 0;
    refused(&d, &spec, NULL, "rows");
    d.rows = GD_MAX_ROWS + 1;
    refused(&d, &spec, NULL, "rows");
    d = p.data;
    d.cols = 0;
    refused(&d, &spec, NULL, "columns");
    d.cols = GD_MAX_COLUMNS + 1;
    refused(&d, &spec, NULL, "columns");
    d = p.data;
    d.y = NULL;
    refused(&d, &spec, NULL, "y");
    for (int k = 0; k < 3; k++) { /* the intercept is one of them */
        double initial[] = {1, 2, 3};
        initial[k] = k == 1 ? INFINITY : NAN;
        refused(&p.data, &spec, initial, "initial_parameters");
    }
    gd_cost other = *spec.cost;
    other.tasks = ~(unsigned)spec.model->task;
    spec.cost = &other;
    refused(&p.data, &spec, NULL, "cost");
    spec = spec_defaults();
    spec.cost = gd_cost_find("mae"); /* there is no curvature to find a rate from */
    refused(&p.data, &spec, NULL, "learning_rate");
    problem_free(&p);
}
END_TEST

/* Targets that are not of the model's task. */
START_TEST(targets_that_do_not_suit_the_model_are_refused)
{
    problem p = problem_for(GD_MULTICLASS, 3, 20, 2, 98);
    gd_spec spec = spec_defaults();
    const char *const binary[] = {"logistic_regression", "svm"};
    for (int k = 0; k < 2; k++) {
        use_model(&spec, binary[k]);
        refused(&p.data, &spec, NULL, "model"); /* three classes */
        p.data.classes = 0;
        refused(&p.data, &spec, NULL, "model");
        p.data.classes = 1;
        refused(&p.data, &spec, NULL, "model");
        p.data.classes = 2;
        refused(&p.data, &spec, NULL, "y"); /* a 2 among them */
        p.data.classes = 3;
    }
    use_model(&spec, "softmax_regression");
    gd_train_free(train_begin(&p.data, &spec, NULL));
    p.data.classes = 1;
    refused(&p.data, &spec, NULL, "model");
    p.data.classes = 3;
    const double wrong[] = {-1, 3, 0.5};
    for (int k = 0; k < 3; k++) {
        p.targets[7] = wrong[k];
        refused(&p.data, &spec, NULL, "y");
    }
    use_model(&spec, "poisson_regression");
    p.data.classes = 0;
    p.targets[7] = 0.5; /* counts of nothing in particular, but not negative */
    gd_train_free(train_begin(&p.data, &spec, NULL));
    p.targets[7] = -1;
    refused(&p.data, &spec, NULL, "model");
    problem_free(&p);
}
END_TEST

START_TEST(without_an_intercept_the_value_behind_the_coefficients_is_not_read)
{
    problem p = problem_random(5, 2, 0, 97);
    gd_spec spec = spec_defaults();
    spec.intercept = false;
    const double initial[] = {1, 2, NAN};
    gd_train_free(train_begin(&p.data, &spec, initial));
    problem_free(&p);
}
END_TEST

START_TEST(the_spec_is_copied_and_nothing_is_freed_in_peace)
{
    problem p = problem_random(5, 2, 0, 98);
    gd_spec spec = exact_spec(3), copy = spec;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    memset(&spec, 0xa5, sizeof spec);
    train_finish(t);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 3);
    ck_assert_double_eq(gd_train_spec(t)->tol, copy.tol);
    ck_assert_uint_eq(gd_train_shape(t)->cols, 2);
    gd_train_free(t);
    gd_train_free(NULL);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("train");
    tcase_add_test(tc, a_line_is_found_to_rounding);
    tcase_add_loop_test(tc, certified_values_are_reached_to_nine_digits, 0, 2);
    tcase_add_loop_test(tc, least_squares_is_reached_with_every_setting, 0, 4);
    tcase_add_test(tc, without_an_intercept_columns_are_scaled_but_not_centred);
    tcase_add_test(tc, scaling_is_the_mean_and_deviation_of_each_column);
    tcase_add_test(tc, a_single_row_and_constant_columns_are_fitted);
    tcase_add_loop_test(tc, a_start_at_the_optimum_stays_there, 0, 4);
    tcase_add_loop_test(tc, initial_parameters_are_in_the_units_of_the_data, 0, 4);
    tcase_add_loop_test(tc, recorded_costs_are_those_of_the_parameters, 0, 4);
    tcase_add_test(tc, a_run_that_can_not_be_is_refused_by_field);
    tcase_add_test(tc, targets_that_do_not_suit_the_model_are_refused);
    tcase_add_test(tc, without_an_intercept_the_value_behind_the_coefficients_is_not_read);
    tcase_add_test(tc, the_spec_is_copied_and_nothing_is_freed_in_peace);
    return run_case(tc, "train");
}
