/* A run that is steered from outside: broken off within a pass, adjusted between epochs, and
 * stopped by one of three measures. */
#include "gd_limits.h"
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 3, ROWS = BLOCKS * 4096 + 100, COLS = 2, MAX_LEN = 256 };

/* An executor that is asked to leave when it has begun so many blocks. */
typedef struct patience {
    long blocks;
    long asked;
} patience;

static bool out_of_patience(void *ctx)
{
    patience *p = ctx;
    return p->asked++ >= p->blocks;
}

static void run_in_turn(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

static gd_spec spec_number(int i)
{
    gd_spec spec = spec_defaults();
    spec.epochs = 4;
    spec.tol = 0;
    spec.gram = GD_GRAM_NEVER; /* epochs that pass over the rows */
    if (i == 1)
        spec.batch_size = 5000; /* batches of two blocks */
    if (i == 2)
        use_model(&spec, "poisson_regression"); /* which backtracks */
    if (i == 3)
        spec.validation_fraction = 0.3;
    if (i == 4)
        use_optimizer(&spec, "lbfgs");
    return spec;
}
enum { SPECS = 5 };

static problem data_number(int i)
{
    gd_spec spec = spec_number(i);
    return problem_for(spec.model->task, 2, ROWS, COLS, 741);
}

/* What the run without interruption looked like after each epoch. */
typedef struct point {
    gd_state state;
    double best[COLS + 1], saved[MAX_LEN];
} point;

static void end_here(gd_train *t, gd_state *state, double *theta)
{
    gd_train_finish(t, GD_STOP_REQUESTED);
    *state = *gd_train_state(t);
    memcpy(theta, gd_train_params(t), (COLS + 1) * sizeof *theta);
}

START_TEST(a_run_that_is_broken_off_anywhere_ends_with_the_best_of_the_epochs_before)
{
    problem p = data_number(_i);
    gd_spec spec = spec_number(_i);
    static point points[5];
    long total = 0;
    for (int e = 0; e < 5; e++) { /* stopped in peace after each epoch */
        patience forever = {.blocks = 1000000};
        gd_executor executor = {1, run_in_turn, &forever, out_of_patience};
        gd_train *t;
        ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, NULL), GD_OK);
        gd_step step;
        do
            step = gd_train_step(t);
        while (step != GD_STEP_EPOCH || gd_train_state(t)->epoch < (uint64_t)e);
        if (e == 4)
            total = forever.asked;
        end_here(t, &points[e].state, points[e].best);
        gd_train_free(t);
    }
    ck_assert_int_gt(total, 20);
    for (long k = 0; k < total; k += 1 + total / 60) {
        patience few = {.blocks = k};
        gd_executor executor = {1, run_in_turn, &few, out_of_patience};
        gd_train *t;
        ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, NULL), GD_OK);
        int epochs = -1;
        gd_step step;
        while ((step = gd_train_step(t)) != GD_STEP_DONE)
            epochs += step == GD_STEP_EPOCH;
        if (!gd_train_interrupted(t)) /* it ended before */
            ck_assert_int_eq(epochs, 4);
        long asked = few.asked;
        ck_assert_int_eq(gd_train_step(t), GD_STEP_DONE);
        ck_assert_int_eq(few.asked, asked); /* no more work is begun */
        ck_assert_int_le(asked, k + (_i == 1 ? 1 : BLOCKS) + 100);
        double theta[COLS + 1];
        gd_state state;
        end_here(t, &state, theta);
        if (epochs >= 0 && gd_train_interrupted(t)) {
            ck_assert_int_eq(state.stop, GD_STOP_REQUESTED);
            ck_assert_msg(memcmp(theta, points[epochs].best, sizeof theta) == 0,
                          "broken off after %ld blocks, in epoch %d: other parameters", k,
                          epochs + 1);
            ck_assert_double_eq(state.cost, points[epochs].state.cost);
            ck_assert_uint_eq(state.epoch, (uint64_t)epochs);
        } else if (epochs < 0) {
            ck_assert_int_eq(state.stop, GD_STOP_REQUESTED);
            ck_assert(isnan(state.cost));
            ck_assert_double_eq(theta[0], 0);
        }
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

START_TEST(a_checkpoint_from_before_the_interruption_goes_on)
{
    problem p = data_number(_i);
    gd_spec spec = spec_number(_i);
    patience few = {.blocks = 1000000};
    gd_executor executor = {1, run_in_turn, &few, out_of_patience};
    double saved[MAX_LEN], want[COLS + 1];
    gd_train *t = train_begin(&p.data, &spec, NULL), *u;
    train_finish(t);
    memcpy(want, gd_train_params(t), sizeof want);
    gd_train_free(t);
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, NULL), GD_OK);
    while (gd_train_state(t)->epoch < 2)
        gd_train_step(t);
    ck_assert_uint_le(gd_train_save_len(t), MAX_LEN);
    gd_train_save(t, saved);
    few.blocks = few.asked + 2;
    while (gd_train_step(t) != GD_STEP_DONE)
        ;
    ck_assert(gd_train_interrupted(t));
    u = train_begin(&p.data, &spec, NULL);
    ck_assert_int_eq(gd_train_restore(u, saved, gd_train_save_len(u), NULL), GD_OK);
    train_finish(u);
    assert_same_bits(gd_train_params(u), want, COLS + 1);
    gd_train_free(t);
    gd_train_free(u);
    problem_free(&p);
}
END_TEST

/* ---- tol_on ---- */

/* J = (w - 1)^2 at w = 0, rate 0.25: the error halves each epoch. */
static gd_train *halving(const problem *p, uint64_t tol_on, double tol)
{
    gd_spec spec = spec_defaults();
    spec.standardize = spec.intercept = false;
    spec.learning_rate = 0.25;
    spec.epochs = 60;
    spec.tol = tol;
    spec.tol_on = tol_on;
    gd_train *t = train_begin(&p->data, &spec, NULL);
    train_finish(t);
    return t;
}

START_TEST(tol_is_held_against_what_tol_on_names)
{
    const double one[] = {1, 1};
    problem p = problem_of(one, one, 2, 1);
    /* gradient 2 / 2^e <= 0.07 from e = 5 on (0.0625) */
    gd_train *t = halving(&p, GD_TOL_GRADIENT, 0.07);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 5);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    assert_close(gd_train_state(t)->gradient_norm, 0.0625, 1e-14);
    gd_train_free(t);
    t = halving(&p, GD_TOL_GRADIENT, 0.0625); /* the number itself is enough */
    ck_assert_uint_eq(gd_train_state(t)->epoch, 5);
    gd_train_free(t);
    /* the step of epoch e is 2^-e, the parameter then 1 - 2^-e: 1/7 at 3, 1/15 at 4 */
    t = halving(&p, GD_TOL_PARAMETERS, 0.1);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 4);
    gd_train_free(t);
    t = halving(&p, GD_TOL_PARAMETERS, 0.143);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 3);
    gd_train_free(t);
    /* the cost falls to a quarter each time, until it is 0: never by less than 0.5 */
    t = halving(&p, GD_TOL_COST, 0.5);
    ck_assert_uint_gt(gd_train_state(t)->epoch, 20);
    gd_train_free(t);
    /* 0 never stops */
    t = halving(&p, GD_TOL_GRADIENT, 0);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 60);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- adjusting ---- */

START_TEST(a_new_rate_holds_from_the_next_epoch_on)
{
    const double one[] = {1, 1};
    problem p = problem_of(one, one, 2, 1);
    gd_spec spec = spec_defaults();
    spec.standardize = spec.intercept = false;
    spec.learning_rate = 0.25;
    spec.tol = 0;
    spec.epochs = 4;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_state(t)->epoch < 2)
        gd_train_step(t);
    assert_close(gd_train_params(t)[0], 0.75, 1e-15);
    ck_assert_int_eq(gd_train_adjust(t, 0.125, NAN, 6, NULL), GD_OK);
    double saved[MAX_LEN];
    gd_train_save(t, saved);
    gd_train *u = train_begin(&p.data, &spec, NULL); /* with the settings of old */
    ck_assert_int_eq(gd_train_restore(u, saved, gd_train_save_len(u), NULL), GD_OK);
    for (int k = 0; k < 2; k++) {
        gd_train *which = k ? u : t;
        gd_train_step(which);
        ck_assert_double_eq(gd_train_state(which)->learning_rate, 0.125);
        assert_close(gd_train_params(which)[0], 0.8125, 1e-15); /* 0.75 + 0.25 * 0.25 */
        train_finish(which);
        ck_assert_uint_eq(gd_train_state(which)->epoch, 6);
    }
    assert_same_bits(gd_train_params(t), gd_train_params(u), 1);
    gd_train_free(t);
    gd_train_free(u);
    problem_free(&p);
}
END_TEST

START_TEST(a_new_tol_stops_a_run_that_would_not)
{
    problem p = problem_random(30, 2, 0.5, 742);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 100000;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_state(t)->epoch < 5)
        gd_train_step(t);
    ck_assert_int_eq(gd_train_adjust(t, NAN, 1e-6, 0, NULL), GD_OK);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_CONVERGED);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Whatever phase it is in, before the first epoch too. */
START_TEST(a_rate_that_is_being_looked_for_may_be_given_instead)
{
    problem p = problem_random(30, 2, 0.5, 743);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 5;
    for (int steps = 0; steps < 6; steps++) {
        gd_train *t = train_begin(&p.data, &spec, NULL), *u = train_begin(&p.data, &spec, NULL);
        for (int k = 0; k < steps; k++)
            gd_train_step(t);
        ck_assert_int_eq(gd_train_adjust(t, 0.0137, NAN, 0, NULL), GD_OK);
        double saved[MAX_LEN];
        gd_train_save(t, saved);
        ck_assert_int_eq(gd_train_restore(u, saved, gd_train_save_len(u), NULL), GD_OK);
        train_finish(t);
        train_finish(u);
        ck_assert_double_eq(gd_train_state(t)->learning_rate, 0.0137);
        assert_same_bits(gd_train_params(t), gd_train_params(u), 3);
        gd_train_free(t);
        gd_train_free(u);
    }
    problem_free(&p);
}
END_TEST

START_TEST(a_run_that_backtracks_takes_a_number)
{
    problem p = problem_for(GD_COUNT, 0, 30, 2, 744);
    gd_spec spec = spec_defaults();
    use_model(&spec, "poisson_regression");
    spec.epochs = 12;
    spec.tol = 0;
    gd_train *t = train_begin(&p.data, &spec, NULL), *u = train_begin(&p.data, &spec, NULL);
    while (gd_train_state(t)->epoch < 5)
        gd_train_step(t);
    ck_assert_int_eq(gd_train_adjust(t, 0.0137, NAN, 0, NULL), GD_OK);
    double saved[MAX_LEN];
    gd_train_save(t, saved);
    ck_assert_int_eq(gd_train_restore(u, saved, gd_train_save_len(u), NULL), GD_OK);
    train_finish(t);
    train_finish(u);
    ck_assert_double_eq(gd_train_state(t)->learning_rate, 0.0137);
    assert_same_bits(gd_train_params(t), gd_train_params(u), 3);
    gd_train_free(t);
    gd_train_free(u);
    problem_free(&p);
}
END_TEST

START_TEST(adjustments_that_make_no_sense_change_nothing)
{
    const struct {
        double rate, tol;
        uint64_t epochs;
        const char *field;
    } wrong[] = {{0, NAN, 0, "learning_rate"},
                 {-1, NAN, 0, "learning_rate"},
                 {INFINITY, NAN, 0, "learning_rate"},
                 {0.5, 1, 0, "tol"},
                 {0.5, -1, 0, "tol"},
                 {0.5, 0.5, 3, "epochs"},
                 {0.5, 0.5, 2000000000, "epochs"}};
    problem p = problem_random(30, 2, 0.5, 745);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 8;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_state(t)->epoch < 3)
        gd_train_step(t);
    double before[MAX_LEN], after[MAX_LEN];
    gd_train_save(t, before);
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        gd_error err = {0};
        ck_assert_int_eq(gd_train_adjust(t, wrong[k].rate, wrong[k].tol, wrong[k].epochs, &err),
                         GD_INVALID);
        ck_assert_str_eq(err.field, wrong[k].field);
        gd_train_save(t, after);
        ck_assert_mem_eq(before, after, gd_train_save_len(t) * sizeof *before);
    }
    train_finish(t);
    ck_assert_int_eq(gd_train_adjust(t, 0.1, NAN, 0, NULL), GD_INVALID); /* it has ended */
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(a_path_is_not_one_run)
{
    problem p = problem_random(30, 2, 0.5, 746);
    gd_spec spec = spec_defaults();
    gd_error err = {0};
    gd_train *t;
    spec.l2 = GD_PATH;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "l2");
    spec.l1 = GD_PATH;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "l1");
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("steering");
    tcase_add_loop_test(
        tc, a_run_that_is_broken_off_anywhere_ends_with_the_best_of_the_epochs_before, 0, SPECS);
    tcase_add_loop_test(tc, a_checkpoint_from_before_the_interruption_goes_on, 0, SPECS);
    tcase_add_test(tc, tol_is_held_against_what_tol_on_names);
    tcase_add_test(tc, a_new_rate_holds_from_the_next_epoch_on);
    tcase_add_test(tc, a_new_tol_stops_a_run_that_would_not);
    tcase_add_test(tc, a_rate_that_is_being_looked_for_may_be_given_instead);
    tcase_add_test(tc, a_run_that_backtracks_takes_a_number);
    tcase_add_test(tc, adjustments_that_make_no_sense_change_nothing);
    tcase_add_test(tc, a_path_is_not_one_run);
    return run_case(tc, "steering");
}
