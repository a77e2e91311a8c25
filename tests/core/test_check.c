/* gd_check: it passes for every cost and model, and finds a gradient that is wrong. */
#include "gd_check.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

START_TEST(the_gradient_of_every_linear_model_and_cost_is_right)
{
    for (size_t m = 0; m < gd_models_count; m++)
        for (size_t c = 0; c < gd_costs_count; c++) {
            const gd_model *model = gd_models[m];
            if (!(model->task & gd_costs[c]->tasks) || !model->linear)
                continue;
            gd_spec spec = spec_defaults();
            use_model(&spec, model->name);
            use_cost(&spec, gd_costs[c]->name);
            problem p = problem_for(model->task, model->task == GD_MULTICLASS ? 3 : 2, 60, 4, 7);
            gd_shape shape = gd_spec_shape(&spec, 4, p.data.classes);
            gd_objective *o;
            ck_assert_int_eq(gd_objective_new(&o, &p.data, model, &shape, spec.cost,
                                              &spec.cost_hyper, NULL, NULL),
                             GD_OK);
            double theta[15], before[15], weight[15];
            size_t n = model->params_len(&shape);
            uint64_t seed = 8;
            for (size_t i = 0; i < n; i++) {
                before[i] = theta[i] = 0.4 * random_signed(&seed);
                weight[i] = i < shape.outputs * 4;
            }
            gd_rows rows = {.count = 60};
            gd_check check;
            ck_assert_int_eq(
                gd_check_gradient(&check, o, theta, n, &rows, weight, 0.1, 0.2, 0, NULL), GD_OK);
            ck_assert_uint_eq(check.checked, n);
            ck_assert_msg(check.relative_error < 1e-6, "%s %s: %g at %zu, %g not %g", model->name,
                          gd_costs[c]->name, check.relative_error, check.worst, check.analytic,
                          check.numeric);
            assert_same_bits(theta, before, n);
            gd_objective_free(o);
            problem_free(&p);
        }
}
END_TEST

/* The least squares line: both derivatives are 0, and differences are rounding alone. */
START_TEST(at_a_minimum_rounding_is_no_error)
{
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {52, 55, 61, 64, 68, 75, 77, 83};
    double mean_x = 4.5, mean_y = 0, xy = 0, xx = 0;
    for (size_t i = 0; i < 8; i++)
        mean_y += y[i] / 8;
    for (size_t i = 0; i < 8; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
    }
    double theta[] = {xy / xx, mean_y - xy / xx * mean_x};
    problem p = problem_of(x, y, 8, 1);
    gd_spec spec = spec_defaults();
    gd_shape shape = gd_spec_shape(&spec, 1, 0);
    gd_rows rows = {.count = 8};
    gd_objective *o;
    gd_check check;
    ck_assert_int_eq(
        gd_objective_new(&o, &p.data, spec.model, &shape, spec.cost, &spec.cost_hyper, NULL, NULL),
        GD_OK);
    ck_assert_int_eq(gd_check_gradient(&check, o, theta, 2, &rows, NULL, 0, 0, 0, NULL), GD_OK);
    ck_assert_double_lt(check.relative_error, 1e-4);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

static double wrong_eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                         const void *hyper)
{
    double sum = gd_cost_find("mse")->eval(z, y, rows, outputs, dz, hyper);
    for (size_t i = 0; dz && i < rows; i++)
        dz[i] *= 1.001;
    return sum;
}

START_TEST(a_wrong_derivative_is_found)
{
    problem p = problem_random(50, 300, 1, 9);
    gd_spec spec = spec_defaults();
    gd_cost wrong = *spec.cost;
    wrong.eval = wrong_eval;
    wrong.fast = GD_FAST_NONE;
    gd_shape shape = gd_spec_shape(&spec, 300, 0);
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, &p.data, spec.model, &shape, &wrong, NULL, NULL, NULL),
                     GD_OK);
    double *theta = calloc(301, sizeof *theta);
    gd_rows rows = {.count = 50};
    gd_check check;
    ck_assert_int_eq(gd_check_gradient(&check, o, theta, 301, &rows, NULL, 0, 0, 5, NULL), GD_OK);
    ck_assert_uint_eq(check.checked, GD_CHECK_SAMPLE);
    assert_near(check.relative_error, 0.001 / 1.001, 2e-4);
    assert_close(check.analytic, 1.001 * check.numeric, 2e-4);
    gd_check again;
    ck_assert_int_eq(gd_check_gradient(&again, o, theta, 301, &rows, NULL, 0, 0, 5, NULL), GD_OK);
    ck_assert_uint_eq(again.worst, check.worst);
    free(theta);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

START_TEST(parameters_without_a_cost_are_said)
{
    problem p = problem_random(20, 2, 1, 9);
    gd_spec spec = spec_defaults();
    gd_shape shape = gd_spec_shape(&spec, 2, 0);
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, &p.data, spec.model, &shape, spec.cost, NULL, NULL, NULL),
                     GD_OK);
    double theta[] = {1e300, 0, 0};
    gd_rows rows = {.count = 20};
    gd_check check;
    ck_assert_int_eq(gd_check_gradient(&check, o, theta, 3, &rows, NULL, 0, 0, 0, NULL),
                     GD_OVERFLOW);
    gd_objective_free(o);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("check");
    tcase_add_test(tc, the_gradient_of_every_linear_model_and_cost_is_right);
    tcase_add_test(tc, at_a_minimum_rounding_is_no_error);
    tcase_add_test(tc, a_wrong_derivative_is_found);
    tcase_add_test(tc, parameters_without_a_cost_are_said);
    return run_case(tc, "check");
}
