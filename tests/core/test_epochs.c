/* gd_train: the epochs of a run. Which rows they visit in which order, against a loop written
 * by hand and a cost that notes what it is shown; and when they end, against the rule of tol
 * applied to the history of a run that tol does not end. */
#include "gd_train.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HISTORY 4000

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

/* ---- the order of rows ---- */

static gd_spec hand_spec(uint64_t batch, bool shuffle)
{
    gd_spec spec = exact_spec(5);
    spec.learning_rate = 0.0137;
    spec.standardize = false;
    spec.batch_size = batch;
    spec.shuffle = shuffle;
    return spec;
}

/* Stochastic gradient descent on a line as a textbook writes it. */
START_TEST(mini_batches_agree_with_a_loop_written_by_hand)
{
    const size_t batches[] = {1, 7, 10, 23, 24, 1000};
    size_t rows = 23, batch = batches[_i];
    problem p = problem_random(rows, 1, 0.8, 86);
    gd_spec spec = hand_spec(batch, false);
    double w = 0, b = 0, theta[2];
    for (int epoch = 0; epoch < 5; epoch++)
        for (size_t first = 0; first < rows; first += batch) {
            size_t end = first + batch < rows ? first + batch : rows;
            double dw = 0, db = 0;
            for (size_t i = first; i < end; i++) {
                double r = p.targets[i] - (w * p.rows[i] + b);
                dw += -2 * r * p.rows[i] / (double)(end - first);
                db += -2 * r / (double)(end - first);
            }
            w -= 0.0137 * dw;
            b -= 0.0137 * db;
        }
    fit(&p.data, &spec, NULL, theta);
    /* the sums of at most 23 terms round differently, the updates contract */
    assert_close(theta[0], w, 1e-13);
    assert_close(theta[1], b, 1e-13);
    problem_free(&p);
}
END_TEST

START_TEST(a_batch_of_all_rows_or_more_is_the_full_batch)
{
    problem p = problem_random(23, 3, 0.8, 87);
    gd_spec spec = exact_spec(30);
    double full[4], theta[4];
    gd_state a = fit(&p.data, &spec, NULL, full), b;
    const uint64_t sizes[] = {23, 24, 1000000};
    for (int k = 0; k < 3; k++) {
        spec.batch_size = sizes[k];
        spec.seed = 5 + (uint64_t)k; /* no shuffle, so no seed */
        b = fit(&p.data, &spec, NULL, theta);
        assert_same_bits(theta, full, 4);
        ck_assert_double_eq(b.cost, a.cost);
    }
    problem_free(&p);
}
END_TEST

/* Where the line fits exactly, every row agrees and even single rows lead to it. */
START_TEST(single_rows_find_an_exact_line)
{
    problem p = problem_random(40, 2, 0, 88);
    double want[3], theta[3];
    least_squares(&p.data, true, want);
    const uint64_t sizes[] = {1, 7};
    for (int k = 0; k < 4; k++) {
        gd_spec spec = exact_spec(3000);
        spec.batch_size = sizes[k & 1];
        spec.shuffle = k & 2;
        fit(&p.data, &spec, NULL, theta);
        for (int j = 0; j < 3; j++)
            assert_close(theta[j], want[j], 1e-12);
    }
    problem_free(&p);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_bits_and_another_others)
{
    problem p = problem_random(50, 3, 0.8, 89);
    gd_spec spec = exact_spec(7);
    spec.batch_size = 8;
    double a[4], b[4];
    spec.seed = 42;
    fit(&p.data, &spec, NULL, a);
    fit(&p.data, &spec, NULL, b);
    assert_same_bits(a, b, 4);
    spec.seed = 43;
    fit(&p.data, &spec, NULL, b);
    ck_assert(memcmp(a, b, sizeof a) != 0);
    spec.shuffle = false; /* then the seed has no say */
    fit(&p.data, &spec, NULL, a);
    spec.seed = 44;
    fit(&p.data, &spec, NULL, b);
    assert_same_bits(a, b, 4);
    problem_free(&p);
}
END_TEST

/* A cost that notes which targets it is shown, and in how many calls. */
static struct {
    double y[2000];
    size_t count, calls[2000], calls_count;
} seen;

static double noting_eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                          const void *hyper)
{
    for (size_t i = 0; i < rows; i++)
        seen.y[seen.count++] = y[i];
    seen.calls[seen.calls_count++] = rows;
    return gd_cost_find("mse")->eval(z, y, rows, outputs, dz, hyper);
}

static double noting_derivative(double z, double y, const void *hyper)
{
    seen.y[seen.count++] = y;
    seen.calls[seen.calls_count++] = 1;
    return gd_cost_find("mse")->derivative(z, y, hyper);
}

/* Also where batches are passes of their own, for costs without a derivative of a row. */
START_TEST(each_epoch_visits_every_row_once_in_a_new_order)
{
    enum { ROWS = 10, EPOCHS = 8 };
    double x[ROWS], y[ROWS], before[ROWS];
    for (int i = 0; i < ROWS; i++)
        x[i] = y[i] = before[i] = i;
    problem p = problem_of(x, y, ROWS, 1);
    gd_cost noting = *gd_cost_find("mse");
    bool shuffled = _i & 1, passes = _i & 2;
    noting.eval = noting_eval;
    noting.derivative = passes ? NULL : noting_derivative;
    noting.slope_kind = GD_SLOPE_OTHER;
    noting.fast = GD_FAST_NONE;
    gd_spec spec = hand_spec(4, shuffled);
    spec.cost = &noting;
    spec.epochs = EPOCHS;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_train_step(t); /* scaling */
    gd_train_step(t); /* the start */
    ck_assert_uint_eq(gd_train_state(t)->epoch, 0);
    for (int e = 0; e < EPOCHS; e++) {
        memset(&seen, 0, sizeof seen);
        gd_train_step(t);
        /* ten rows in batches of four, then the ten of the recorded cost */
        const size_t batches[] = {4, 4, 2, 10}, rows[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10};
        ck_assert_uint_eq(seen.calls_count, passes ? 4 : 11);
        assert_same_bits(seen.calls, passes ? batches : rows, seen.calls_count);
        bool visited[ROWS] = {false};
        for (int i = 0; i < ROWS; i++) {
            ck_assert_msg(!visited[(int)seen.y[i]], "row %g came twice", seen.y[i]);
            visited[(int)seen.y[i]] = true;
        }
        assert_same_bits(seen.y + ROWS, y, ROWS);
        bool same = memcmp(seen.y, before, sizeof before) == 0;
        ck_assert_msg(same != shuffled, "epoch %d visits rows in %s order", e + 1,
                      same ? "the same" : "another");
        memcpy(before, seen.y, sizeof before);
    }
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- when it stops ---- */

typedef struct history {
    double cost[MAX_HISTORY];
    size_t count;
    gd_state end;
} history;

static void record(const gd_data *d, const gd_spec *spec, history *h)
{
    gd_train *t = train_begin(d, spec, NULL);
    gd_step step;
    h->count = 0;
    while ((step = gd_train_step(t)) != GD_STEP_DONE)
        if (step == GD_STEP_EPOCH) {
            ck_assert_uint_lt(h->count, MAX_HISTORY);
            h->cost[h->count++] = gd_train_state(t)->cost;
        }
    h->end = *gd_train_state(t);
    gd_train_free(t);
}

START_TEST(the_cost_never_rises_at_one_over_the_curvature)
{
    static history h;
    problem p = problem_random(60, 5, 0.8, 91);
    gd_spec spec = exact_spec(2000);
    spec.intercept = _i & 1;
    spec.standardize = _i & 2;
    record(&p.data, &spec, &h);
    ck_assert_uint_eq(h.count, 2001);
    for (size_t k = 1; k < h.count; k++) /* at the bottom the sums' rounding is what is left */
        ck_assert_msg(h.cost[k] <= h.cost[k - 1] * (1 + 60 * DBL_EPSILON),
                      "epoch %zu: from %.17g to %.17g", k, h.cost[k - 1], h.cost[k]);
    ck_assert_double_lt(h.cost[20], h.cost[0] / 2);
    problem_free(&p);
}
END_TEST

/* The first epoch, counted from 1, at which the rule has held `patience` times in a row. */
static size_t stops_at(const history *h, double tol, size_t patience, bool full)
{
    double best = h->cost[0], zero = h->cost[0];
    size_t held = 0;
    for (size_t k = 1; k < h->count; k++) {
        double cost = h->cost[k];
        bool settled = full ? fabs(h->cost[k - 1] - cost) <= tol * h->cost[k - 1]
                            : cost >= best * (1 - tol) && cost <= zero;
        held = settled ? held + 1 : 0;
        best = fmin(best, cost);
        if (held == patience)
            return k;
    }
    return 0;
}

START_TEST(full_batches_stop_once_the_cost_changes_by_no_more_than_tol)
{
    static history all, h;
    problem p = problem_random(60, 4, 0.8, 92);
    gd_spec spec = exact_spec(3000);
    spec.learning_rate = 0.05;
    record(&p.data, &spec, &all);
    ck_assert_int_eq(all.end.stop, GD_STOP_MAX_EPOCHS);
    const double tols[] = {1e-2, 1e-4, 1e-6, 1e-9};
    const uint64_t patiences[] = {GD_AUTO, 1, 3};
    size_t last = 0;
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++) {
            spec.tol = tols[i];
            spec.n_iter_no_change = patiences[k];
            record(&p.data, &spec, &h);
            size_t want = stops_at(&all, tols[i], patiences[k] == 3 ? 3 : 1, true);
            ck_assert_uint_gt(want, 1);
            ck_assert_uint_eq(h.end.epoch, want);
            ck_assert_int_eq(h.end.stop, GD_STOP_CONVERGED);
            ck_assert_uint_ge(want, last);
            last = want;
            assert_same_bits(h.cost, all.cost, want + 1);
        }
    problem_free(&p);
}
END_TEST

START_TEST(mini_batches_stop_once_their_best_no_longer_improves)
{
    static history all, h;
    problem p = problem_random(60, 4, 0.8, 93);
    gd_spec spec = exact_spec(500);
    spec.batch_size = 8;
    record(&p.data, &spec, &all);
    const double tols[] = {1e-2, 1e-6};
    const uint64_t patiences[] = {GD_AUTO, 1, 5, 12};
    const size_t meant[] = {5, 1, 5, 12};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 4; k++) {
            spec.tol = tols[i];
            spec.n_iter_no_change = patiences[k];
            record(&p.data, &spec, &h);
            size_t want = stops_at(&all, tols[i], meant[k], false);
            ck_assert_uint_gt(want, 0);
            ck_assert_uint_eq(h.end.epoch, want);
            ck_assert_int_eq(h.end.stop, GD_STOP_CONVERGED);
        }
    problem_free(&p);
}
END_TEST

/* Targets that have nothing to do with the features: the start is as good as it gets, and the
 * noise of single rows at a high rate stays above it. That is no convergence. */
START_TEST(mini_batches_that_stay_above_their_start_have_not_converged)
{
    static history h;
    problem p = problem_random(60, 4, 0, 99);
    uint64_t seed = 100;
    for (size_t i = 0; i < 60; i++)
        p.targets[i] = random_signed(&seed);
    gd_spec spec = exact_spec(40);
    spec.batch_size = 1;
    spec.learning_rate = 0.07;
    spec.tol = 1e-6;
    record(&p.data, &spec, &h);
    for (size_t k = 1; k < h.count; k++)
        ck_assert_double_gt(h.cost[k], h.cost[0]); /* or this test says nothing */
    ck_assert_int_eq(h.end.stop, GD_STOP_MAX_EPOCHS);
    ck_assert_uint_eq(h.end.epoch, 40);
    problem_free(&p);
}
END_TEST

START_TEST(tol_zero_never_stops_not_even_a_perfect_fit)
{
    const double x[] = {1, 2, 3}, y[] = {0, 0, 0};
    problem p = problem_of(x, y, 3, 1);
    static history h;
    gd_spec spec = exact_spec(17);
    record(&p.data, &spec, &h);
    ck_assert_uint_eq(h.end.epoch, 17);
    ck_assert_int_eq(h.end.stop, GD_STOP_MAX_EPOCHS);
    spec.tol = 1e-6; /* and any tol stops it at once */
    record(&p.data, &spec, &h);
    ck_assert_uint_eq(h.end.epoch, 1);
    ck_assert_int_eq(h.end.stop, GD_STOP_CONVERGED);
    problem_free(&p);
}
END_TEST

START_TEST(epochs_are_counted_exactly_and_the_end_is_final)
{
    problem p = problem_random(20, 2, 0.8, 94);
    const uint64_t epochs[] = {1, 2, 33};
    for (int k = 0; k < 3; k++) {
        gd_spec spec = exact_spec(epochs[k]);
        gd_train *t = train_begin(&p.data, &spec, NULL);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_NONE);
        train_finish(t);
        gd_state end = *gd_train_state(t);
        double theta[3], after[3];
        gd_train_params_unscaled(t, theta);
        ck_assert_int_eq(end.stop, GD_STOP_MAX_EPOCHS);
        ck_assert_uint_eq(end.epoch, epochs[k]);
        ck_assert_int_eq(gd_train_error(t)->status, GD_OK);
        ck_assert_int_eq(gd_train_step(t), GD_STEP_DONE);
        ck_assert_mem_eq(&end, gd_train_state(t), sizeof end);
        gd_train_params_unscaled(t, after);
        assert_same_bits(theta, after, 3);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

START_TEST(the_best_epoch_is_the_lowest_cost_of_the_history)
{
    static history h;
    problem p = problem_random(60, 4, 0.8, 95);
    gd_spec spec = exact_spec(60);
    spec.batch_size = 1;
    spec.learning_rate = 0.02;
    record(&p.data, &spec, &h);
    size_t best = 0;
    for (size_t k = 1; k < h.count; k++)
        if (h.cost[k] < h.cost[best])
            best = k;
    ck_assert_uint_gt(best, 0);
    ck_assert_uint_lt(best, 60); /* noise: or the last would do as well */
    ck_assert_uint_eq(h.end.best_epoch, best);
    ck_assert_double_eq(h.end.best_cost, h.cost[best]);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("epochs");
    tcase_add_loop_test(tc, mini_batches_agree_with_a_loop_written_by_hand, 0, 6);
    tcase_add_test(tc, a_batch_of_all_rows_or_more_is_the_full_batch);
    tcase_add_test(tc, single_rows_find_an_exact_line);
    tcase_add_test(tc, the_same_seed_gives_the_same_bits_and_another_others);
    tcase_add_loop_test(tc, each_epoch_visits_every_row_once_in_a_new_order, 0, 4);
    tcase_add_loop_test(tc, the_cost_never_rises_at_one_over_the_curvature, 0, 4);
    tcase_add_test(tc, full_batches_stop_once_the_cost_changes_by_no_more_than_tol);
    tcase_add_test(tc, mini_batches_stop_once_their_best_no_longer_improves);
    tcase_add_test(tc, mini_batches_that_stay_above_their_start_have_not_converged);
    tcase_add_test(tc, tol_zero_never_stops_not_even_a_perfect_fit);
    tcase_add_test(tc, epochs_are_counted_exactly_and_the_end_is_final);
    tcase_add_test(tc, the_best_epoch_is_the_lowest_cost_of_the_history);
    return run_case(tc, "epochs");
}
