/* Rows set aside: what is measured on them, that nothing of them is trained on, and early
 * stopping by them. */
#include "gd_split.h"
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EPOCHS 400

static gd_spec validated(uint64_t epochs)
{
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = epochs;
    spec.validation_fraction = 0.3;
    spec.seed = 5;
    return spec;
}

/* Many columns, few rows, much noise: the validation cost falls and then rises. */
static problem overfit(uint64_t seed)
{
    return problem_random(24, 12, 6, seed);
}

static problem copy_of(const gd_data *d, const gd_rows *rows)
{
    problem p = problem_random(rows->count, d->cols, 0, 1);
    for (size_t i = 0; i < rows->count; i++) {
        size_t from = rows->index[rows->first + i];
        memcpy(p.rows + i * d->cols, d->X + from * d->cols, d->cols * sizeof(double));
        p.targets[i] = d->y[from];
    }
    p.data.classes = d->classes;
    return p;
}

START_TEST(the_validation_cost_is_that_of_the_rows_set_aside)
{
    problem p = problem_random(40, 3, 0.8, 331);
    gd_spec spec = validated(30);
    spec.standardize = _i & 1;
    spec.l1 = _i ? 0 : 0.03;
    spec.l2 = _i ? 0 : 0.2;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_rows train, aside;
    gd_train_rows(t, &train);
    ck_assert(gd_train_validation_rows(t, &aside));
    ck_assert_uint_eq(aside.count, 12);
    ck_assert_uint_eq(train.count + aside.count, 40);
    problem a = copy_of(&p.data, &train), b = copy_of(&p.data, &aside);
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE) {
        if (step != GD_STEP_EPOCH)
            continue;
        double theta[4], penalty = 0;
        gd_train_params_unscaled(t, theta);
        for (int j = 0; j < 3; j++)
            penalty += spec.l1 * fabs(theta[j]) + spec.l2 / 2 * theta[j] * theta[j];
        assert_close(gd_train_state(t)->cost, direct_mse(&a.data, true, theta) + penalty, 1e-12);
        assert_close(gd_train_state(t)->validation_cost, direct_mse(&b.data, true, theta) + penalty,
                     1e-12);
    }
    gd_train_free(t);
    problem_free(&p);
    problem_free(&a);
    problem_free(&b);
}
END_TEST

START_TEST(without_validation_there_is_no_such_cost)
{
    problem p = problem_random(40, 3, 0.8, 332);
    gd_spec spec = validated(3);
    spec.validation_fraction = GD_NO_VALIDATION;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_rows rows;
    ck_assert(!gd_train_validation_rows(t, &rows));
    gd_train_rows(t, &rows);
    ck_assert(rows.count == 40 && rows.first == 0 && !rows.index);
    train_finish(t);
    ck_assert(isnan(gd_train_state(t)->validation_cost));
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* Wild values in the rows set aside change neither the scaling, nor the rate, nor the fit: it is
 * that of a copy of the other rows, to the bit. */
START_TEST(nothing_of_the_rows_set_aside_is_trained_on)
{
    const gd_model *m = gd_models[_i / 2];
    problem p = problem_for(task_of(m), task_of(m) == GD_MULTICLASS ? 3 : 2, 40, 3, 333);
    gd_spec spec = validated(20);
    use_model(&spec, m->name);
    spec.batch_size = _i % 2 ? 7 : GD_FULL_BATCH;
    spec.shuffle = false;
    if (_i % 2)
        use_optimizer(&spec, "adam");
    uint32_t index[40];
    size_t count = gd_split(&p.data, 0.3, 5, index, NULL);
    problem copy = copy_of(&p.data, &(gd_rows){index, 0, count});
    for (size_t i = count; i < 40; i++)
        for (int j = 0; j < 3; j++)
            p.rows[3 * index[i] + (size_t)j] += 1000;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    spec.validation_fraction = GD_NO_VALIDATION;
    gd_train *of_copy = train_begin(&copy.data, &spec, NULL);
    train_finish(t);
    train_finish(of_copy);
    assert_same_bits(gd_train_center(t), gd_train_center(of_copy), 3);
    assert_same_bits(gd_train_scale(t), gd_train_scale(of_copy), 3);
    assert_same_bits(gd_train_params(t), gd_train_params(of_copy), gd_train_params_len(t));
    ck_assert_double_eq(gd_train_state(t)->learning_rate, gd_train_state(of_copy)->learning_rate);
    ck_assert_double_eq(gd_train_state(t)->cost, gd_train_state(of_copy)->cost);
    /* and by their own account: the mean of the first column */
    double mean = 0;
    for (size_t i = 0; i < count; i++)
        mean += copy.rows[3 * i] / (double)count;
    assert_near(gd_train_center(t)[0], mean, 1e-13);
    gd_train_free(t);
    gd_train_free(of_copy);
    problem_free(&p);
    problem_free(&copy);
}
END_TEST

/* Shuffled mini-batches visit the rows trained on, each once an epoch, and no others. */
static struct {
    double y[500];
    size_t count;
} seen;

static double noting_eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                          const void *hyper)
{
    for (size_t i = 0; i < rows && dz; i++)
        seen.y[seen.count++] = y[i];
    return gd_cost_find("mse")->eval(z, y, rows, outputs, dz, hyper);
}

static double noting_derivative(double z, double y, const void *hyper)
{
    seen.y[seen.count++] = y;
    return gd_cost_find("mse")->derivative(z, y, hyper);
}

START_TEST(mini_batches_visit_the_rows_trained_on)
{
    double x[20], y[20];
    for (int i = 0; i < 20; i++)
        x[i] = y[i] = i;
    problem p = problem_of(x, y, 20, 1);
    gd_cost noting = *gd_cost_find("mse");
    noting.eval = noting_eval;
    noting.derivative = _i & 2 ? NULL : noting_derivative; /* without one, batches are passes */
    noting.slope_kind = GD_SLOPE_OTHER;
    noting.fast = GD_FAST_NONE;
    gd_spec spec = validated(3);
    spec.cost = &noting;
    spec.batch_size = 4;
    spec.shuffle = _i & 1;
    spec.learning_rate = 0.001;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_rows rows;
    gd_train_rows(t, &rows);
    ck_assert_uint_eq(rows.count, 14);
    gd_train_step(t);
    gd_train_step(t);
    for (int e = 0; e < 3; e++) {
        memset(&seen, 0, sizeof seen);
        gd_train_step(t);
        ck_assert_uint_eq(seen.count, 28); /* the updates, then the recorded cost */
        int times[20] = {0};
        for (size_t i = 0; i < 14; i++)
            times[(int)seen.y[i]]++;
        for (size_t i = 0; i < 14; i++)
            ck_assert_int_eq(times[rows.index[i]]--, 1);
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(times[i], 0);
    }
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- early stopping ---- */

typedef struct history {
    double validation[MAX_EPOCHS + 1], theta[MAX_EPOCHS + 1][13];
    double now[MAX_EPOCHS + 1][13]; /* in the data's units */
    size_t count;
    gd_state end;
    double kept[13];
} history;

static void record(const gd_data *d, const gd_spec *spec, history *h)
{
    gd_train *t = train_begin(d, spec, NULL);
    gd_step step;
    h->count = 0;
    while (h->end = *gd_train_state(t), (step = gd_train_step(t)) != GD_STEP_DONE) {
        if (step != GD_STEP_EPOCH)
            continue;
        ck_assert_uint_le(h->count, MAX_EPOCHS);
        h->validation[h->count] = gd_train_state(t)->validation_cost;
        gd_train_params_now(t, h->now[h->count]);
        memcpy(h->theta[h->count++], gd_train_params(t), sizeof h->kept);
    }
    h->end = *gd_train_state(t);
    memcpy(h->kept, gd_train_params(t), sizeof h->kept);
    gd_train_free(t);
}

/* Patience _i: the run is that without patience, ended after so many epochs without a lower
 * validation cost, and what it gives back are the parameters of the lowest. */
START_TEST(early_stopping_gives_back_the_best_parameters)
{
    static history all, h;
    int stopped = 0;
    for (uint64_t seed = 334; seed < 342; seed++) {
        problem p = overfit(seed);
        gd_spec spec = validated(MAX_EPOCHS);
        spec.learning_rate = 0.05;
        if (seed % 2)
            spec.batch_size = 5;
        record(&p.data, &spec, &all);
        ck_assert_uint_eq(all.end.finite_epoch, MAX_EPOCHS); /* without patience: the last */
        size_t best = 0, end = MAX_EPOCHS;
        for (size_t k = 1; k <= MAX_EPOCHS; k++) {
            if (all.validation[k] < all.validation[best])
                best = k;
            if (k - best == (size_t)_i) {
                end = k;
                break;
            }
        }
        spec.patience = (uint64_t)_i;
        record(&p.data, &spec, &h);
        ck_assert_uint_eq(h.end.epoch, end);
        ck_assert_int_eq(h.end.stop, end - best == (size_t)_i ? GD_STOP_EARLY : GD_STOP_MAX_EPOCHS);
        stopped += h.end.stop == GD_STOP_EARLY;
        ck_assert_uint_eq(h.end.best_epoch, best);
        ck_assert_uint_eq(h.end.finite_epoch, best);
        ck_assert_double_eq(h.end.best_cost, all.validation[best]);
        assert_same_bits(h.kept, all.theta[best], 13);
        /* where each epoch has led, the last one too, though its parameters are not given back */
        assert_same_bits(h.now[0], all.now[0], 13 * (end + 1));
        problem_free(&p);
    }
    ck_assert_int_gt(stopped, 4); /* or this test says little */
}
END_TEST

/* Scaled features, averaged iterates, bounds: where an epoch has led is what a run that ends there
 * gives. */
START_TEST(where_an_epoch_has_led_is_what_a_run_of_so_many_epochs_gives)
{
    static history h;
    problem p = overfit(339);
    gd_spec spec = validated(20);
    spec.learning_rate = 0.05;
    spec.average = _i == 1;
    spec.batch_size = _i == 1 ? 5 : GD_FULL_BATCH;
    spec.non_negative = _i == 2;
    spec.standardize = _i != 2;
    record(&p.data, &spec, &h);
    for (uint64_t k = 1; k <= 20; k++) {
        double theta[13];
        spec.epochs = k;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        train_finish(t);
        ck_assert_uint_eq(gd_train_state(t)->epoch, k);
        gd_train_params_unscaled(t, theta);
        assert_same_bits(theta, h.now[k], 13);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* Also a run that ends for another reason gives back the best. */
START_TEST(with_patience_the_best_is_given_back_however_the_run_ends)
{
    static history h;
    problem p = overfit(337);
    gd_spec spec = validated(200);
    spec.learning_rate = 0.05;
    spec.patience = 1000;
    record(&p.data, &spec, &h);
    ck_assert_int_eq(h.end.stop, GD_STOP_MAX_EPOCHS);
    ck_assert_uint_lt(h.end.best_epoch, 200);
    assert_same_bits(h.kept, h.theta[h.end.best_epoch], 13);
    spec.tol = 0.01;
    record(&p.data, &spec, &h);
    ck_assert_int_eq(h.end.stop, GD_STOP_CONVERGED);
    assert_same_bits(h.kept, h.theta[h.end.best_epoch], 13);
    problem_free(&p);
}
END_TEST

/* A run that its caller ends gives back the best so far, by the validation cost where there is
 * one, else by its own; before the starting point and after the end it goes on as it is. */
START_TEST(a_run_ended_by_its_caller_gives_back_the_best_so_far)
{
    static history h;
    problem p = overfit(337);
    gd_spec spec = validated(100);
    spec.learning_rate = 0.05;
    spec.batch_size = 5;
    if (_i)
        spec.validation_fraction = GD_NO_VALIDATION;
    record(&p.data, &spec, &h);
    for (uint64_t epoch = 0; epoch < 100; epoch += 33) {
        gd_train *t = train_begin(&p.data, &spec, NULL);
        gd_train_finish(t, GD_STOP_REQUESTED);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_NONE);
        while (gd_train_step(t) != GD_STEP_EPOCH || gd_train_state(t)->epoch < epoch)
            ;
        uint64_t best = gd_train_state(t)->best_epoch;
        gd_train_finish(t, GD_STOP_MAX_SECONDS);
        train_finish(t);
        gd_train_finish(t, GD_STOP_REQUESTED);
        ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_SECONDS);
        ck_assert_uint_eq(gd_train_state(t)->epoch, epoch);
        ck_assert_uint_eq(gd_train_state(t)->finite_epoch, best);
        assert_same_bits(gd_train_params(t), h.theta[best], 13);
        ck_assert_int_eq(gd_train_error(t)->status, GD_OK);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

START_TEST(a_fraction_that_leaves_no_rows_is_refused)
{
    problem p = problem_random(5, 1, 0, 338);
    gd_spec spec = validated(3);
    spec.validation_fraction = 0.01;
    gd_train *t = (gd_train *)&spec;
    gd_error err = {0};
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, &err), GD_INVALID);
    ck_assert_ptr_null(t);
    ck_assert_str_eq(err.field, "validation_fraction");
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, NULL, NULL), GD_INVALID);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("validation");
    tcase_add_loop_test(tc, the_validation_cost_is_that_of_the_rows_set_aside, 0, 2);
    tcase_add_test(tc, without_validation_there_is_no_such_cost);
    tcase_add_loop_test(tc, nothing_of_the_rows_set_aside_is_trained_on, 0,
                        2 * (int)gd_models_count);
    tcase_add_loop_test(tc, mini_batches_visit_the_rows_trained_on, 0, 4);
    tcase_add_loop_test(tc, early_stopping_gives_back_the_best_parameters, 1, 8);
    tcase_add_loop_test(tc, where_an_epoch_has_led_is_what_a_run_of_so_many_epochs_gives, 0, 3);
    tcase_add_test(tc, with_patience_the_best_is_given_back_however_the_run_ends);
    tcase_add_loop_test(tc, a_run_ended_by_its_caller_gives_back_the_best_so_far, 0, 2);
    tcase_add_test(tc, a_fraction_that_leaves_no_rows_is_refused);
    return run_case(tc, "validation");
}
