/* gd_advice: each text for the run that needs it, and none for a run that went well. What a
 * text recommends is then done, and must help. */
#include "gd_advice.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

/* Trains and fills *out. Returns how the run stood. */
static gd_state advise(const gd_data *d, const gd_spec *spec, const char *const *names,
                       gd_advice *out)
{
    gd_train *t = train_begin(d, spec, NULL);
    train_finish(t);
    memset(out, 0xa5, sizeof *out);
    gd_train_advice(t, names, out);
    gd_state s = *gd_train_state(t);
    gd_train_free(t);
    ck_assert_uint_le(out->count, GD_ADVICE_MAX);
    for (size_t i = 0; i < out->count; i++) {
        size_t len = strnlen(out->text[i], sizeof out->text[i]);
        ck_assert_uint_gt(len, 20);
        ck_assert_uint_lt(len, sizeof out->text[i] - 1); /* or it was cut */
    }
    return s;
}

static const char *find(const gd_advice *a, const char *words)
{
    for (size_t i = 0; i < a->count; i++)
        if (strstr(a->text[i], words))
            return a->text[i];
    return NULL;
}

static double number_before(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    while (at > text && strchr("0123456789.e+-", at[-1]))
        at--;
    return strtod(at, NULL);
}

START_TEST(a_run_that_went_well_gets_no_advice)
{
    problem p = problem_random(50, 3, 0.5, 131);
    gd_spec spec = spec_defaults();
    gd_advice a;
    spec.tol = 1e-12;
    ck_assert_int_eq(advise(&p.data, &spec, NULL, &a).stop, GD_STOP_CONVERGED);
    for (size_t i = 0; i < a.count; i++)
        ck_abort_msg("unasked: %s", a.text[i]);
    problem_free(&p);
}
END_TEST

/* What is left of the cost is rounding: no step lowers it. */
START_TEST(a_perfect_fit_gets_no_advice)
{
    const double x[] = {1, 2, 3}, y[] = {7, 7, 7};
    problem p = problem_of(x, y, 3, 1);
    gd_spec spec = spec_defaults();
    gd_advice a;
    ck_assert_int_eq(advise(&p.data, &spec, NULL, &a).stop, GD_STOP_CONVERGED);
    for (size_t i = 0; i < a.count; i++)
        ck_abort_msg("unasked: %s", a.text[i]);
    problem_free(&p);
}
END_TEST

static bool at_once(void *ctx)
{
    (void)ctx;
    return true;
}

static void run_all(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

/* No pass has been over its columns: none of them is known to be constant. */
START_TEST(a_run_broken_off_before_it_began_gets_no_advice)
{
    problem p = problem_random(50, 3, 0.5, 131);
    gd_spec spec = spec_defaults();
    gd_executor executor = {1, run_all, NULL, at_once};
    gd_advice a;
    gd_train *t;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, NULL), GD_OK);
    while (gd_train_step(t) != GD_STEP_DONE)
        ;
    gd_train_finish(t, GD_STOP_MAX_SECONDS);
    gd_train_advice(t, NULL, &a);
    for (size_t i = 0; i < a.count; i++)
        ck_abort_msg("unasked: %s", a.text[i]);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(a_crawling_rate_is_told_a_better_one)
{
    problem p = problem_random(50, 3, 0.5, 132);
    gd_spec spec = spec_defaults();
    gd_advice a;
    spec.learning_rate = 1e-4;
    spec.epochs = 30;
    gd_state crawled = advise(&p.data, &spec, NULL, &a);
    const char *text = find(&a, "crawls");
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(text, "learning_rate 0.0001 "));
    double rate = number_before(text, " is safe on this data");
    double times = number_before(text, " times faster");
    assert_close(rate, crawled.safe_rate, 5e-3); /* three digits */
    assert_close(times, crawled.safe_rate / 1e-4, 1e-3);

    spec.learning_rate = rate;
    gd_state better = advise(&p.data, &spec, NULL, &a);
    ck_assert_ptr_null(find(&a, "crawls"));
    ck_assert_double_lt(better.cost, crawled.cost / 10);
    spec.learning_rate = 0.11 * crawled.safe_rate; /* slow, but not crawling */
    advise(&p.data, &spec, NULL, &a);
    ck_assert_ptr_null(find(&a, "crawls"));
    problem_free(&p);
}
END_TEST

START_TEST(a_run_out_of_epochs_is_told_to_take_more)
{
    problem p = problem_random(50, 3, 0.5, 133);
    gd_spec spec = spec_defaults();
    gd_advice a;
    spec.epochs = 3;
    ck_assert_int_eq(advise(&p.data, &spec, NULL, &a).stop, GD_STOP_MAX_EPOCHS);
    const char *text = find(&a, "raise epochs");
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strstr(text, "standardize"));
    spec.standardize = false;
    advise(&p.data, &spec, NULL, &a);
    text = find(&a, "raise epochs");
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(text, "standardize to true"));

    spec.epochs = 1000;
    ck_assert_int_eq(advise(&p.data, &spec, NULL, &a).stop, GD_STOP_CONVERGED);
    ck_assert_ptr_null(find(&a, "raise epochs"));
    spec.epochs = 3;
    spec.tol = 0; /* then epochs are all that ends a run: nothing ran out */
    advise(&p.data, &spec, NULL, &a);
    ck_assert_ptr_null(find(&a, "raise epochs"));
    problem_free(&p);
}
END_TEST

/* Columns in line but for a hair: the long valley changes the cost by little each epoch, and
 * tol ends the run far from the minimum. */
START_TEST(a_run_that_tol_ended_early_is_told_so)
{
    problem p = problem_random(50, 2, 0.05, 134);
    gd_spec spec = spec_defaults();
    gd_advice a;
    spec.tol = 1e-3;
    spec.learning_rate = 1e-5;
    gd_state s = advise(&p.data, &spec, NULL, &a);
    ck_assert_int_eq(s.stop, GD_STOP_CONVERGED);
    const char *text = find(&a, "stopped by tol");
    ck_assert_ptr_nonnull(text);
    double fall = strtod(strstr(text, "cost by ") + strlen("cost by "), NULL);
    assert_close(fall, s.gradient_norm * s.gradient_norm / (2 * s.curvature), 5e-3);
    ck_assert_double_gt(fall, spec.tol * s.cost);
    spec.tol = 1e-12;
    spec.learning_rate = GD_AUTO;
    advise(&p.data, &spec, NULL, &a);
    ck_assert_ptr_null(find(&a, "stopped by tol"));
    problem_free(&p);
}
END_TEST

/* The intercept is where it began, and a step moves it by less than tol sees. */
START_TEST(a_penalty_that_outweighs_the_data_is_named)
{
    problem p = problem_random(50, 3, 0.5, 136);
    gd_spec spec = spec_defaults();
    gd_advice a;
    for (int i = 0; i < 4; i++) {
        static const double l2[] = {1e2, 1e6, 1e100, 1e300};
        spec.l2 = l2[i];
        advise(&p.data, &spec, NULL, &a);
        ck_assert(!find(&a, "outweighs the data") == (i == 0));
    }
    problem_free(&p);
}
END_TEST

START_TEST(the_promised_fall_of_the_cost_is_kept)
{
    problem p = problem_random(50, 3, 0.5, 135);
    gd_spec spec = spec_defaults();
    spec.tol = 1e-2;
    spec.learning_rate = 1e-3;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    gd_advice a;
    gd_train_advice(t, NULL, &a);
    const char *text = find(&a, "stopped by tol");
    ck_assert_ptr_nonnull(text);
    double rate = strtod(strstr(text, "rate ") + 5, NULL);
    double fall = strtod(strstr(text, "cost by ") + 8, NULL);
    double theta[4];
    gd_train_params_unscaled(t, theta);
    double cost = gd_train_state(t)->cost;
    gd_train_free(t);
    spec.learning_rate = rate;
    spec.epochs = 1;
    t = train_begin(&p.data, &spec, theta);
    train_finish(t);
    ck_assert_double_le(gd_train_state(t)->cost, cost - 0.99 * fall); /* three digits */
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(a_run_that_got_worse_is_told_its_best_epoch)
{
    problem p = problem_random(60, 3, 2, 136);
    gd_spec spec = spec_defaults();
    gd_advice a;
    bool told = false;
    spec.tol = 0;
    spec.batch_size = 1;
    spec.learning_rate = 0.05;
    for (spec.seed = 0; spec.seed < 20; spec.seed++) {
        spec.epochs = 15;
        gd_state s = advise(&p.data, &spec, NULL, &a);
        const char *text = find(&a, "cost was lower");
        bool worse = s.stop != GD_STOP_DIVERGED && s.cost > 1.001 * s.best_cost;
        ck_assert_msg(worse == (text != NULL), "best %g, end %g", s.best_cost, s.cost);
        if (!text)
            continue;
        told = true;
        ck_assert_uint_eq(strtoull(strstr(text, "epoch ") + 6, NULL, 10), s.best_epoch);
        assert_close(strtod(strstr(text, "lower, ") + 7, NULL), s.best_cost, 1e-5);
        ck_assert_ptr_nonnull(strstr(text, "larger batches"));
    }
    ck_assert(told);
    problem_free(&p);
}
END_TEST

START_TEST(a_constant_column_is_told_by_name_or_number)
{
    const char *const names[] = {"tv", "radio", "press"};
    problem p = problem_random(50, 3, 0.5, 137);
    gd_spec spec = spec_defaults();
    gd_advice a;
    for (size_t i = 0; i < 50; i++)
        p.rows[3 * i + 1] = 0.1;
    advise(&p.data, &spec, names, &a);
    ck_assert_ptr_nonnull(find(&a, "column \"radio\" never changes"));
    ck_assert_ptr_null(find(&a, "and others"));
    advise(&p.data, &spec, NULL, &a);
    ck_assert_ptr_nonnull(find(&a, "column \"2\" never changes")); /* counted from 1 */
    for (size_t i = 0; i < 50; i++)
        p.rows[3 * i + 2] = -7;
    advise(&p.data, &spec, names, &a);
    ck_assert_ptr_nonnull(find(&a, "column \"radio\" (and others) never changes"));
    spec.intercept = false; /* then a constant column is as good as any */
    advise(&p.data, &spec, names, &a);
    ck_assert_ptr_null(find(&a, "never changes"));
    problem_free(&p);
}
END_TEST

START_TEST(a_diverged_run_has_its_error_and_no_advice)
{
    problem p = problem_random(50, 3, 0.5, 138);
    gd_spec spec = spec_defaults();
    gd_advice a;
    spec.learning_rate = 30;
    ck_assert_int_eq(advise(&p.data, &spec, NULL, &a).stop, GD_STOP_DIVERGED);
    ck_assert_uint_eq(a.count, 0);
    problem_free(&p);
}
END_TEST

/* The server hands names of its users on: the texts must not overflow. */
START_TEST(a_name_of_any_length_fits)
{
    char huge[2000];
    memset(huge, 'n', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *const names[] = {huge};
    const double x[] = {3, 3, 3}, y[] = {1, 2, 4};
    problem p = problem_of(x, y, 3, 1);
    gd_spec spec = spec_defaults();
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    struct {
        gd_advice a;
        char guard[16];
    } box;
    memset(&box, 'g', sizeof box);
    gd_train_advice(t, names, &box.a);
    ck_assert_uint_ge(box.a.count, 1);
    for (size_t i = 0; i < box.a.count; i++)
        ck_assert_uint_lt(strnlen(box.a.text[i], sizeof box.a.text[i]), sizeof box.a.text[i]);
    ck_assert_mem_eq(box.guard, "gggggggggggggggg", sizeof box.guard);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("advice");
    tcase_add_test(tc, a_run_that_went_well_gets_no_advice);
    tcase_add_test(tc, a_perfect_fit_gets_no_advice);
    tcase_add_test(tc, a_run_broken_off_before_it_began_gets_no_advice);
    tcase_add_test(tc, a_crawling_rate_is_told_a_better_one);
    tcase_add_test(tc, a_run_out_of_epochs_is_told_to_take_more);
    tcase_add_test(tc, a_run_that_tol_ended_early_is_told_so);
    tcase_add_test(tc, a_penalty_that_outweighs_the_data_is_named);
    tcase_add_test(tc, the_promised_fall_of_the_cost_is_kept);
    tcase_add_test(tc, a_run_that_got_worse_is_told_its_best_epoch);
    tcase_add_test(tc, a_constant_column_is_told_by_name_or_number);
    tcase_add_test(tc, a_diverged_run_has_its_error_and_no_advice);
    tcase_add_test(tc, a_name_of_any_length_fits);
    return run_case(tc, "advice");
}
