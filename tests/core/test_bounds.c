/* Coefficients between bounds: the fits are held to what the conditions of Karush, Kuhn and Tucker
 * give by hand, and to every coefficient's own slope at the end. */
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <string.h>

#define NONE INFINITY

/* Columns that are orthogonal and centred, so that each coefficient of least squares, and of the
 * bounded problem, stands for itself: x1 = +-1, x2 = +-2, y = 3 x1 - 1.5 x2 + 5. */
static const double x[] = {1, 2, -1, 2, 1, -2, -1, -2}, y[] = {5, -1, 11, 5};

static gd_spec spec_of(const char *optimizer)
{
    gd_spec spec = spec_defaults();
    use_optimizer(&spec, optimizer);
    spec.tol = 0;
    spec.epochs = 3000;
    if (spec.optimizer->customary_rate)
        spec.learning_rate = 0.01;
    return spec;
}

static bool bounded_rule(const gd_optimizer *o)
{
    return o->step != NULL;
}

/* With x1 and x2 orthogonal the minimum within the box is the box's nearest point. */
START_TEST(every_optimizer_ends_at_the_nearest_point_of_the_box)
{
    const gd_optimizer *o = gd_optimizers[_i];
    if (!bounded_rule(o))
        return;
    problem p = problem_of(x, y, 4, 2);
    const double lower[] = {-NONE, -0.5}, upper[] = {2, NONE};
    for (int standardize = 0; standardize < 2; standardize++) {
        gd_spec spec = spec_of(o->name);
        spec.standardize = standardize;
        spec.lower = lower;
        spec.upper = upper;
        double got[3], start[] = {0, 0, 4.5};
        if (strcmp(o->name, "adamw") == 0)
            set_param(&spec.optimizer_hyper, o->params, o->params_count, "weight_decay", 0);
        if (strcmp(o->name, "adadelta") == 0)
            spec.learning_rate = 1;
        if (strcmp(o->name, "adagrad") == 0)
            spec.learning_rate = 0.5;
        gd_train *t = train_begin(&p.data, &spec, start);
        while (gd_train_step(t) != GD_STEP_DONE) {
            gd_train_params_unscaled(t, got); /* at every epoch, not only the last */
            ck_assert_double_le(got[0], 2);
            ck_assert_double_ge(got[1], -0.5);
        }
        gd_train_params_unscaled(t, got);
        ck_assert_msg(got[0] == 2 && got[1] == -0.5, "%s: %.17g %.17g", o->name, got[0], got[1]);
        assert_near(got[2], 5, 0.05); /* lion and rmsprop hover */
        ck_assert_msg(gd_train_state(t)->gradient_norm < 0.1, "%s: %g", o->name,
                      gd_train_state(t)->gradient_norm);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* min (w - 1)^2 over x = 1, w <= 0.25: the gradient there is -1.5, of which nothing is left. */
START_TEST(the_gradient_norm_is_that_of_the_projected_step)
{
    const double one[] = {1, 1}, two[] = {1, 1}, upper[] = {0.25}, lower[] = {-3};
    problem p = problem_of(one, two, 2, 1);
    gd_spec spec = spec_defaults();
    spec.standardize = spec.intercept = false;
    spec.upper = upper;
    spec.lower = lower;
    spec.learning_rate = 0.1;
    spec.tol = 0;
    spec.epochs = 4;
    const double at[] = {-7}, norms[] = {8, 6.4, 5.12, 4.096, 3.2768};
    gd_train *t = train_begin(&p.data, &spec, at); /* projected to -3 */
    for (int e = 0; e <= 4; e++) {
        while (gd_train_step(t) != GD_STEP_EPOCH)
            ;
        assert_close(gd_train_state(t)->gradient_norm, norms[e], 1e-14);
    }
    gd_train_free(t);
    spec.epochs = 100;
    spec.tol = 1e-6;
    t = train_begin(&p.data, &spec, at);
    train_finish(t);
    ck_assert_double_eq(gd_train_params(t)[0], 0.25);
    ck_assert_double_eq(gd_train_state(t)->gradient_norm, 0);
    ck_assert_double_eq(gd_train_state(t)->cost, 0.5625);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* l1 and a bound on the same coefficient: min (w - 1)^2 + 0.6 |w| is at 0.7. */
START_TEST(the_penalty_of_l1_and_bounds_go_together)
{
    const double one[] = {1, 1}, lower[] = {0.9}, upper[] = {0.3};
    problem p = problem_of(one, one, 2, 1);
    for (int k = 0; k < 3; k++) {
        gd_spec spec = spec_defaults();
        spec.standardize = spec.intercept = false;
        spec.l1 = 0.6;
        spec.lower = k == 1 ? lower : NULL;
        spec.upper = k == 2 ? upper : NULL;
        spec.tol = 1e-15;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        assert_close(gd_train_params(t)[0], k == 0 ? 0.7 : k == 1 ? 0.9 : 0.3, 1e-12);
        assert_near(gd_train_state(t)->gradient_norm, 0, 1e-12);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* KKT: the free coefficients have slope 0, those at 0 one that leads below. */
static void check_non_negative(const char *model, bool standardize, bool intercept)
{
    gd_spec spec = spec_defaults();
    use_model(&spec, model);
    problem p = problem_for(spec.model->task, 2, 60, 4, 731);
    spec.non_negative = true;
    spec.standardize = standardize;
    spec.intercept = intercept;
    spec.tol = 1e-14;
    spec.epochs = 100000;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    double theta[5] = {0};
    gd_train_params_unscaled(t, theta);
    double norm = gd_train_state(t)->gradient_norm;
    gd_train_free(t);
    ck_assert_msg(norm < 1e-4, "%s: %g", model, norm);
    /* nearby, within the box, nothing costs less */
    spec.standardize = false;
    spec.epochs = 1;
    double cost = 0;
    int zeros = 0;
    for (int i = -1; i < 4 + intercept; i++)
        for (int side = -1; side < 2; side += 2) {
            double near[5];
            memcpy(near, theta, sizeof near);
            if (i >= 0)
                near[i] += side * 1e-3;
            if (i >= 0 && i < 4 && near[i] < 0)
                continue;
            t = train_begin(&p.data, &spec, near);
            gd_train_step(t);
            while (gd_train_state(t)->cost == 0 && gd_train_step(t) != GD_STEP_EPOCH)
                ;
            if (i < 0)
                cost = gd_train_state(t)->cost;
            else
                ck_assert_msg(gd_train_state(t)->cost >= cost * (1 - 1e-12), "%s, %d", model, i);
            gd_train_free(t);
        }
    for (int i = 0; i < 4; i++) {
        ck_assert_double_ge(theta[i], 0);
        zeros += theta[i] == 0 && !signbit(theta[i]);
    }
    ck_assert_msg(zeros > 0 && zeros < 4, "%s: %d zeros", model, zeros);
    problem_free(&p);
}

START_TEST(non_negative_fits_meet_the_conditions_of_the_minimum)
{
    const char *const models[] = {"linear_regression", "logistic_regression", "poisson_regression"};
    for (int standardize = 0; standardize < 2; standardize++)
        check_non_negative(models[_i], standardize, true);
    check_non_negative(models[_i], true, false);
}
END_TEST

/* However the scaling rounds. */
START_TEST(unscaled_parameters_keep_to_the_bounds_exactly)
{
    uint64_t seed = 733;
    for (int trial = 0; trial < 50; trial++) {
        problem p = problem_random(20, 3, 0.7, 733 + (uint64_t)trial);
        double lower[3], upper[3], got[4];
        for (int j = 0; j < 3; j++) {
            lower[j] = 0.1 * random_signed(&seed);
            upper[j] = lower[j] + 1e-3 * fabs(random_signed(&seed));
        }
        gd_spec spec = spec_defaults();
        spec.lower = lower;
        spec.upper = upper;
        spec.epochs = 50;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        do {
            gd_train_params_unscaled(t, got);
            for (int j = 0; j < 3; j++)
                ck_assert_msg(got[j] >= lower[j] && got[j] <= upper[j],
                              "%.17g not in [%.17g, %.17g]", got[j], lower[j], upper[j]);
        } while (gd_train_step(t) != GD_STEP_DONE);
        gd_train_free(t);
        problem_free(&p);
    }
}
END_TEST

START_TEST(bounds_that_make_no_sense_are_refused)
{
    problem p = problem_random(5, 2, 0.5, 734);
    const struct {
        double lower[2], upper[2];
        bool non_negative;
        const char *field;
    } wrong[] = {{{0, NAN}, {1, 1}, false, "bounds"},      {{0, 0}, {NAN, 1}, false, "bounds"},
                 {{0, INFINITY}, {1, 1}, false, "bounds"}, {{0, 0}, {1, -INFINITY}, false, "bounds"},
                 {{0, 2}, {1, 1}, false, "bounds"},        {{-2, -2}, {1, -1}, true, "bounds"}};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        gd_spec spec = spec_defaults();
        gd_error err = {0};
        gd_train *t;
        spec.lower = wrong[k].lower;
        spec.upper = wrong[k].upper;
        spec.non_negative = wrong[k].non_negative;
        ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
        ck_assert_str_eq(err.field, wrong[k].field);
    }
    gd_spec spec = spec_defaults();
    gd_error err = {0};
    use_model(&spec, "softmax_regression");
    spec.non_negative = true;
    ck_assert_int_eq(gd_spec_check(&spec, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "non_negative");
    ck_assert_ptr_nonnull(strstr(err.message, "leave them out"));
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bounds");
    tcase_add_loop_test(tc, every_optimizer_ends_at_the_nearest_point_of_the_box, 0,
                        (int)gd_optimizers_count);
    tcase_add_test(tc, the_gradient_norm_is_that_of_the_projected_step);
    tcase_add_test(tc, the_penalty_of_l1_and_bounds_go_together);
    tcase_add_loop_test(tc, non_negative_fits_meet_the_conditions_of_the_minimum, 0, 3);
    tcase_add_test(tc, unscaled_parameters_keep_to_the_bounds_exactly);
    tcase_add_test(tc, bounds_that_make_no_sense_are_refused);
    return run_case(tc, "bounds");
}
