/* gd_train on numbers near the ends of double: a run may fail, but it says what to change, and
 * its parameters are always finite. */
#include "gd_advice.h"
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 6

/* An exact line through features of the size `xs` and targets of the size `ys`. */
static problem sized(double xs, double ys)
{
    const double shape[ROWS] = {1, -2, 4, 0.5, 3, -1};
    double x[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = xs * shape[i];
        y[i] = ys * (0.3 * shape[i] + 0.25);
    }
    return problem_of(x, y, ROWS, 1);
}

static void check_parameters(const gd_train *t)
{
    double theta[2] = {0};
    gd_train_params_unscaled(t, theta);
    for (size_t i = 0; i < gd_train_params_len(t); i++) {
        ck_assert_msg(isfinite(gd_train_params(t)[i]), "trained parameter %zu is %g", i,
                      gd_train_params(t)[i]);
        ck_assert_msg(isfinite(theta[i]), "parameter %zu is %g", i, theta[i]);
    }
}

static void check_end(const gd_train *t)
{
    const gd_state *s = gd_train_state(t);
    const gd_error *err = gd_train_error(t);
    ck_assert_int_ne(s->stop, GD_STOP_NONE);
    check_parameters(t);
    if (s->stop == GD_STOP_DIVERGED) {
        ck_assert_int_eq(err->status, GD_OVERFLOW);
        ck_assert_msg(strcmp(err->field, "dataset") == 0 ||
                          strcmp(err->field, "initial_parameters") == 0 ||
                          strcmp(err->field, "learning_rate") == 0,
                      "field \"%s\": %s", err->field, err->message);
        ck_assert_msg(!strstr(err->message, "nan") && !strstr(err->message, " inf"), "%s",
                      err->message);
    } else {
        ck_assert_int_eq(err->status, GD_OK);
        ck_assert(isfinite(s->cost) && isfinite(s->gradient_norm));
    }
    ck_assert_msg(isfinite(s->learning_rate), "learning_rate %g", s->learning_rate);
}

static gd_spec variant(int v)
{
    gd_spec spec = spec_defaults();
    spec.epochs = 50;
    spec.intercept = v & 1;
    spec.standardize = v & 2;
    spec.learning_rate = v & 4 ? 0.0137 : GD_AUTO;
    spec.batch_size = v & 8 ? 2 : GD_FULL_BATCH;
    return spec;
}

START_TEST(huge_values_end_in_a_clear_error_and_finite_parameters)
{
    const double sizes[] = {1, 1e100, 1e150, 1e154, 1e160, 1e200, 1e300, 4e307};
    enum { N = sizeof sizes / sizeof sizes[0] };
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            problem p = sized(sizes[a], sizes[b]);
            gd_spec spec = variant(_i);
            gd_train *t = train_begin(&p.data, &spec, NULL);
            train_finish(t);
            check_end(t);
            if (sizes[b] >= 1e200 || (sizes[a] >= 1e200 && spec.learning_rate == GD_AUTO)) {
                ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
                ck_assert_str_eq(gd_train_error(t)->field, "dataset");
            }
            gd_train_free(t);
            problem_free(&p);
        }
}
END_TEST

/* Large, but with squares that are within double: no excuse. */
START_TEST(large_values_are_fitted_when_standardised)
{
    const double sizes[] = {1e-100, 1e-50, 1e50, 1e100, 1e150};
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < 5; b++) {
            problem p = sized(sizes[a], sizes[b]);
            gd_spec spec = variant(3);
            gd_train *t = train_begin(&p.data, &spec, NULL);
            double theta[2];
            train_finish(t);
            check_end(t);
            gd_train_params_unscaled(t, theta);
            /* one column: the first step is right, and the rest rounding */
            assert_close(theta[0], 0.3 * (sizes[b] / sizes[a]), 1e-13);
            assert_close(theta[1], 0.25 * sizes[b], 1e-13);
            gd_train_free(t);
            problem_free(&p);
        }
}
END_TEST

/* "Divide the column by a constant", and then the target, must be all that it takes. */
START_TEST(doing_what_the_overflow_message_says_helps)
{
    problem p = sized(1e200, 1e200);
    gd_spec spec = variant(3);
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    const char *message = gd_train_error(t)->message;
    ck_assert_msg(strstr(message, "column 1 reaches 4e+200") &&
                      strstr(message, "divide the column by a constant"),
                  "%s", message);
    message = gd_train_error_named(t, (const char *const[]){"area", "age"})->message;
    ck_assert_msg(strstr(message, "column \"area\" reaches 4e+200, and sums of its squares"), "%s",
                  message);
    gd_train_free(t);
    for (int i = 0; i < ROWS; i++)
        p.rows[i] /= 1e100;
    t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    message = gd_train_error(t)->message;
    ck_assert_msg(strstr(message, "the target reaches") &&
                      strstr(message, "divide it by a constant"),
                  "%s", message);
    gd_train_free(t);
    for (int i = 0; i < ROWS; i++)
        p.targets[i] /= 1e100;
    t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* One step to residuals of 1e150, whose squares are within double and whose products with
 * columns of 1e160 are not: no further step is possible from there. */
START_TEST(a_finite_cost_with_an_infinite_gradient_keeps_what_was_before)
{
    problem p = sized(1e160, 1);
    gd_spec spec = variant(0);
    spec.learning_rate = 1e-170;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    const gd_state *s = gd_train_state(t);
    ck_assert_int_eq(s->stop, GD_STOP_DIVERGED);
    ck_assert(isfinite(s->cost) && !isfinite(s->gradient_norm));
    ck_assert_uint_eq(s->epoch, 1);
    ck_assert_uint_eq(s->finite_epoch, 0);
    ck_assert_double_eq(gd_train_params(t)[0], 0);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Initial parameters are multiplied by the scale: 1e200 * 1e150 is out of range. */
START_TEST(initial_parameters_that_overflow_when_scaled_leave_finite_ones)
{
    const double initial[] = {1e200, -1e200};
    problem p = sized(1e150, 1);
    for (int v = 0; v < 16; v++) {
        gd_spec spec = variant(v);
        gd_train *t = train_begin(&p.data, &spec, initial);
        train_finish(t);
        check_end(t);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* A target of 1e200 is as large with standardised columns as without. */
START_TEST(a_huge_target_is_named_whether_columns_are_standardised_or_not)
{
    problem p = sized(1, 1e200);
    for (int v = 0; v < 16; v++) {
        gd_spec spec = variant(v);
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
        ck_assert_msg(strstr(gd_train_error(t)->message, "target") != NULL, "standardize %d: %s",
                      spec.standardize, gd_train_error(t)->message);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* No learning_rate at all is low enough for columns of 1e200: to ask for a lower one than
 * 0.0137 sends the user the wrong way. */
START_TEST(huge_columns_are_named_as_the_cause_also_with_a_rate_set_by_hand)
{
    problem p = sized(1e200, 1);
    for (int v = 0; v < 16; v++) {
        gd_spec spec = variant(v);
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
        const char *message = gd_train_error(t)->message;
        ck_assert_msg(strstr(message, "column") || strstr(message, "standardize"), "%s", message);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* Coefficients of 1e150 / 1e-160 are beyond double, and so not a success. */
START_TEST(coefficients_beyond_double_are_not_reported_as_infinite)
{
    problem p = sized(1e-160, 1e150);
    for (int v = 2; v < 4; v++) {
        gd_spec spec = variant(v);
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        check_end(t);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* Curvature of 1e-310 is not zero, but one over it is out of range. */
START_TEST(auto_is_finite_for_tiny_columns)
{
    problem p = sized(1e-155, 1);
    gd_spec spec = variant(0);
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    check_end(t);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Squares of 1e-200 vanish, and with them the variance; the column changes all the same. */
START_TEST(a_tiny_column_is_not_called_constant)
{
    problem p = sized(1e-200, 1);
    gd_spec spec = variant(3);
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    gd_advice advice;
    gd_train_advice(t, NULL, &advice);
    for (size_t i = 0; i < advice.count; i++)
        ck_assert_msg(!strstr(advice.text[i], "never changes"), "%s", advice.text[i]);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Scores of inf - inf are no fit, least of all a perfect one. */
START_TEST(scores_that_are_nan_are_not_reported_as_a_success)
{
    const gd_cost *c = gd_costs[_i];
    const gd_model *m = NULL;
    for (size_t i = 0; i < gd_models_count && !m; i++)
        m = task_of(gd_models[i]) & c->tasks ? gd_models[i] : NULL;
    ck_assert_ptr_nonnull(m);
    problem p = problem_for(task_of(m), task_of(m) == GD_MULTICLASS ? 3 : 2, 10, 2, 161);
    for (size_t i = 0; i < 20; i++)
        p.rows[i] = 1e3;
    const double initial[9] = {1e308, -1e308, 1e308, -1e308, 1e308, -1e308};
    gd_spec spec = spec_defaults();
    use_model(&spec, m->name);
    use_cost(&spec, c->name);
    spec.standardize = false;
    spec.learning_rate = 0.01;
    gd_train *t = train_begin(&p.data, &spec, initial);
    train_finish(t);
    ck_assert_msg(gd_train_state(t)->stop == GD_STOP_DIVERGED, "%s: %s with a cost of %g", c->name,
                  gd_stop_name(gd_train_state(t)->stop), gd_train_state(t)->cost);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("extremes");
    tcase_add_loop_test(tc, huge_values_end_in_a_clear_error_and_finite_parameters, 0, 16);
    tcase_add_test(tc, large_values_are_fitted_when_standardised);
    tcase_add_test(tc, doing_what_the_overflow_message_says_helps);
    tcase_add_test(tc, a_finite_cost_with_an_infinite_gradient_keeps_what_was_before);
    tcase_add_test(tc, initial_parameters_that_overflow_when_scaled_leave_finite_ones);
    tcase_add_test(tc, a_huge_target_is_named_whether_columns_are_standardised_or_not);
    tcase_add_test(tc, huge_columns_are_named_as_the_cause_also_with_a_rate_set_by_hand);
    tcase_add_test(tc, coefficients_beyond_double_are_not_reported_as_infinite);
    tcase_add_test(tc, auto_is_finite_for_tiny_columns);
    tcase_add_test(tc, a_tiny_column_is_not_called_constant);
    tcase_add_loop_test(tc, scores_that_are_nan_are_not_reported_as_a_success, 0,
                        (int)gd_costs_count);
    return run_case(tc, "extremes");
}
