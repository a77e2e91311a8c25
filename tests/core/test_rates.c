/* gd_train on learning rates: what "auto" finds, which rates diverge, and what a run that
 * has diverged says and keeps. Eigenvalues come from closed forms. */
#include "gd_limits.h"
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gd_spec exact_spec(uint64_t epochs)
{
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = epochs;
    return spec;
}

static gd_state run(const gd_data *d, const gd_spec *spec)
{
    gd_train *t = train_begin(d, spec, NULL);
    train_finish(t);
    gd_state s = *gd_train_state(t);
    gd_train_free(t);
    return s;
}

/* Two columns, not standardised, no intercept: H = (a b; b c). */
static double closed_form(const gd_data *d)
{
    double a = 0, b = 0, c = 0, n = (double)d->rows;
    const double *x = d->X;
    for (size_t i = 0; i < d->rows; i++, x += 2) {
        a += 2 * x[0] * x[0] / n;
        b += 2 * x[0] * x[1] / n;
        c += 2 * x[1] * x[1] / n;
    }
    return (a + c) / 2 + sqrt((a - c) * (a - c) / 4 + b * b);
}

/* The search settles to 1e-9 a pass; with eigenvalues this far apart the rest is no larger. */
#define SEARCHED 1e-8

START_TEST(auto_is_one_over_the_largest_eigenvalue)
{
    problem p = problem_random(40, 2, 0.5, 101);
    gd_spec spec = exact_spec(10);
    spec.standardize = spec.intercept = false;
    double largest = closed_form(&p.data);
    gd_state s = run(&p.data, &spec);
    assert_close(s.curvature, largest, SEARCHED);
    assert_close(s.learning_rate, 1 / largest, SEARCHED);
    assert_close(s.safe_rate, 1 / largest, SEARCHED);
    assert_close(s.max_stable_rate, 2 / largest, SEARCHED);
    problem_free(&p);
}
END_TEST

/* Standardised, with an intercept: H = 2 (1 r; r 1) and 2 for the intercept, so 2 (1 + |r|). */
START_TEST(auto_of_two_scaled_columns_follows_from_their_correlation)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        problem p = problem_random(40, 2, 0.5, 102);
        long double m0 = 0, m1 = 0, a = 0, b = 0, c = 0;
        for (int i = 0; i < 40; i++) {
            p.rows[2 * i + 1] += sign * 2 * p.rows[2 * i]; /* so that they correlate */
            m0 += p.rows[2 * i] / 40;
            m1 += p.rows[2 * i + 1] / 40;
        }
        for (int i = 0; i < 40; i++) {
            long double u = p.rows[2 * i] - m0, v = p.rows[2 * i + 1] - m1;
            a += u * u;
            b += u * v;
            c += v * v;
        }
        double r = (double)(b / sqrtl(a * c)), largest = 2 * (1 + fabs(r));
        ck_assert(sign * r > 0.3);
        gd_spec spec = exact_spec(10);
        assert_close(run(&p.data, &spec).learning_rate, 1 / largest, SEARCHED);
        problem_free(&p);
    }
}
END_TEST

START_TEST(auto_for_single_rows_is_half_of_one_over_the_longest_row)
{
    problem p = problem_random(40, 3, 0.5, 103);
    double longest = 0;
    for (int i = 0; i < 40; i++) {
        const double *x = &p.rows[3 * i];
        longest = fmax(longest, 2 * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + 1));
    }
    gd_spec spec = exact_spec(3);
    spec.standardize = false;
    spec.batch_size = 1;
    assert_close(run(&p.data, &spec).learning_rate, 0.5 / longest, 1e-14);
    problem_free(&p);
}
END_TEST

START_TEST(a_rate_set_by_hand_is_used_and_explained_afterwards)
{
    problem p = problem_random(40, 2, 0.5, 104);
    gd_spec spec = exact_spec(10);
    spec.standardize = spec.intercept = false;
    spec.learning_rate = 0.0137;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    ck_assert_double_eq(gd_train_state(t)->learning_rate, 0.0137);
    train_finish(t);
    ck_assert_double_eq(gd_train_state(t)->learning_rate, 0.0137);
    assert_close(gd_train_state(t)->max_stable_rate, 2 / closed_form(&p.data), SEARCHED);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(without_any_curvature_auto_is_a_rate_that_moves_nothing)
{
    const double zeros[8] = {0}, y[] = {1, 2, 3, 4};
    problem p = problem_of(zeros, y, 4, 2);
    gd_spec spec = exact_spec(5);
    spec.intercept = false;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    double theta[2];
    gd_train_params_unscaled(t, theta);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    ck_assert_double_eq(theta[0], 0);
    ck_assert_double_eq(theta[1], 0);
    ck_assert_double_eq(gd_train_state(t)->cost, 30. / 4);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- the edge of stability ---- */

/* 1 % above 2/L the error in the worst direction grows by 2 % an epoch, 1 % below it shrinks
 * by as much: 3000 epochs make that a factor of 1e25 either way. */
START_TEST(one_percent_above_the_largest_stable_rate_diverges_and_below_does_not)
{
    problem p = problem_random(40, 3, 0.5, 105);
    double want[4], theta[4];
    gd_spec spec = exact_spec(3000);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    least_squares(&p.data, spec.intercept, want);
    double edge = run(&p.data, &spec).max_stable_rate;

    spec.learning_rate = 1.01 * edge;
    gd_state above = run(&p.data, &spec);
    ck_assert_int_eq(above.stop, GD_STOP_DIVERGED);
    ck_assert_uint_lt(above.epoch, 3000);

    spec.learning_rate = 0.99 * edge;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    gd_train_params_unscaled(t, theta);
    for (size_t j = 0; j < 3 + (size_t)spec.intercept; j++)
        assert_close(theta[j], want[j], 1e-9);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* A run too short to run away all the same ends as diverged when it ends far above. */
START_TEST(a_short_run_that_ends_above_its_start_has_diverged)
{
    problem p = problem_random(40, 3, 0.5, 106);
    gd_spec spec = exact_spec(3);
    spec.learning_rate = 1.5 * run(&p.data, &spec).max_stable_rate;
    spec.epochs = 2;
    gd_state s = run(&p.data, &spec);
    ck_assert_uint_eq(s.epoch, 2);
    ck_assert_int_eq(s.stop, GD_STOP_DIVERGED);
    problem_free(&p);
}
END_TEST

/* ---- what a diverged run says ---- */

static unsigned long long number_after(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    ck_assert_msg(at != NULL, "\"%s\" does not say \"%s\"", text, words);
    return strtoull(at + strlen(words), NULL, 10);
}

static double rate_after(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    ck_assert_msg(at != NULL, "\"%s\" does not say \"%s\"", text, words);
    return strtod(at + strlen(words), NULL);
}

/* Doing what the message says must work, whatever the settings. */
START_TEST(a_diverged_run_says_a_rate_that_converges)
{
    problem p = problem_random(60, 3, 0.1, 107);
    double want[4], theta[4];
    gd_spec spec = exact_spec(20000);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    spec.batch_size = _i & 4 ? 7 : GD_FULL_BATCH;
    least_squares(&p.data, spec.intercept, want);
    spec.learning_rate = _i & 8 ? 1e100 : 3;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    const gd_state *s = gd_train_state(t);
    const gd_error *err = gd_train_error(t);
    ck_assert_int_eq(s->stop, GD_STOP_DIVERGED);
    ck_assert_int_eq(err->status, GD_OVERFLOW);
    ck_assert_str_eq(err->field, "learning_rate");
    ck_assert_uint_eq(number_after(err->message, "epoch "), s->epoch);
    assert_close(rate_after(err->message, "learning_rate "), spec.learning_rate, 1e-5);
    assert_close(rate_after(err->message, "largest stable rate is "), s->max_stable_rate, 1e-5);
    ck_assert_msg(!spec.standardize == (strstr(err->message, "standardize to true") != NULL),
                  "standardize is %d: %s", spec.standardize, err->message);

    double rate = rate_after(err->message, "set learning_rate to ");
    gd_train_free(t);
    ck_assert_double_gt(rate, 0);
    spec.learning_rate = rate;
    t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_msg(gd_train_state(t)->stop == GD_STOP_MAX_EPOCHS, "%g: %s", rate,
                  gd_train_error(t)->message);
    gd_train_params_unscaled(t, theta);
    /* single steps keep their noise: near the least squares, not at it */
    double fitted = direct_mse(&p.data, spec.intercept, theta);
    double least = direct_mse(&p.data, spec.intercept, want);
    ck_assert_double_le(fitted, least * (_i & 4 ? 2 : 1 + 1e-9));
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* The word "auto", which the message offers, and standardize, where it offers that. */
START_TEST(a_diverged_run_is_cured_by_the_words_it_offers)
{
    const double x[] = {120, 2000, 340, 1000, 500, 4000, 710, 3000}, y[] = {1, 2, 3, 4};
    problem p = problem_of(x, y, 4, 2);
    gd_spec spec = exact_spec(200);
    spec.standardize = false;
    spec.learning_rate = 0.1;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
    ck_assert_ptr_nonnull(strstr(gd_train_error(t)->message, "or \"auto\""));
    gd_train_free(t);
    spec.standardize = true;
    ck_assert_int_eq(run(&p.data, &spec).stop, GD_STOP_MAX_EPOCHS);
    spec.standardize = false;
    spec.learning_rate = GD_AUTO;
    ck_assert_int_eq(run(&p.data, &spec).stop, GD_STOP_MAX_EPOCHS);
    problem_free(&p);
}
END_TEST

START_TEST(divergence_keeps_the_last_finite_parameters)
{
    problem p = problem_random(30, 3, 0.5, 108);
    const double rates[] = {1e5, 1e100, 1e160, 1e200, 1e300};
    gd_spec spec = exact_spec(50);
    spec.standardize = _i & 1;
    spec.batch_size = _i & 2 ? 4 : GD_FULL_BATCH;
    for (int k = 0; k < 5; k++) {
        spec.learning_rate = rates[k];
        gd_train *t = train_begin(&p.data, &spec, NULL);
        double kept[4] = {0};
        uint64_t epoch = 0;
        gd_step step;
        while ((step = gd_train_step(t)) != GD_STEP_DONE)
            if (step == GD_STEP_EPOCH && isfinite(gd_train_state(t)->cost) &&
                isfinite(gd_train_state(t)->gradient_norm)) {
                memcpy(kept, gd_train_params(t), sizeof kept);
                epoch = gd_train_state(t)->epoch;
            }
        const gd_state *s = gd_train_state(t);
        ck_assert_int_eq(s->stop, GD_STOP_DIVERGED);
        ck_assert_uint_eq(s->finite_epoch, epoch);
        assert_same_bits(gd_train_params(t), kept, 4);
        if (rates[k] >= 1e160) { /* then the very first cost overflows: the start is kept */
            const double zeros[4] = {0};
            ck_assert_uint_eq(epoch, 0);
            ck_assert(!isfinite(s->cost));
            assert_same_bits(kept, zeros, 4);
        }
        ck_assert(isfinite(s->best_cost));
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rates");
    tcase_add_test(tc, auto_is_one_over_the_largest_eigenvalue);
    tcase_add_test(tc, auto_of_two_scaled_columns_follows_from_their_correlation);
    tcase_add_test(tc, auto_for_single_rows_is_half_of_one_over_the_longest_row);
    tcase_add_test(tc, a_rate_set_by_hand_is_used_and_explained_afterwards);
    tcase_add_test(tc, without_any_curvature_auto_is_a_rate_that_moves_nothing);
    tcase_add_loop_test(tc, one_percent_above_the_largest_stable_rate_diverges_and_below_does_not,
                        0, 4);
    tcase_add_test(tc, a_short_run_that_ends_above_its_start_has_diverged);
    tcase_add_loop_test(tc, a_diverged_run_says_a_rate_that_converges, 0, 16);
    tcase_add_test(tc, a_diverged_run_is_cured_by_the_words_it_offers);
    tcase_add_loop_test(tc, divergence_keeps_the_last_finite_parameters, 0, 4);
    return run_case(tc, "rates");
}
