/* gd_train_save and gd_train_restore: a run that is saved after any step and restored into a
 * fresh one ends with the same bits, words and all. */
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#define MAX_STEPS 700
#define MAX_LEN 256
#define MAX_COLS 3
#define MAX_PARAMS 9

/* Runs of every kind: each passes through other phases or ends in another way. */
typedef struct scenario {
    const char *name;
    double learning_rate, tol;
    uint64_t epochs, batch_size;
    bool intercept, standardize, initial;
    bool huge_x, huge_y;                      /* of 1e200 */
    gd_stop stop;                             /* GD_STOP_NONE: not through divergence */
    const char *model, *optimizer, *schedule; /* NULL: the default */
    double validation_fraction, l1;
    uint64_t patience;
    bool average, non_negative, weights;
    uint64_t tol_on, dtype;
} scenario;

#define ORDINARY .intercept = true, .standardize = true

static const scenario scenarios[] = {
    {ORDINARY, .name = "full batches, auto", .epochs = 12, .stop = GD_STOP_MAX_EPOCHS},
    {ORDINARY, .name = "full batches that converge", .epochs = 500, .tol = 1e-6,
     .stop = GD_STOP_CONVERGED},
    {ORDINARY, .name = "a rate by hand, analysed", .learning_rate = 0.0137, .epochs = 12,
     .stop = GD_STOP_MAX_EPOCHS},
    {ORDINARY, .name = "mini-batches, auto", .epochs = 12, .batch_size = 7,
     .stop = GD_STOP_MAX_EPOCHS},
    {ORDINARY, .name = "mini-batches that converge", .epochs = 500, .batch_size = 7, .tol = 1e-3,
     .stop = GD_STOP_CONVERGED},
    {ORDINARY, .name = "initial parameters", .epochs = 12, .batch_size = 7, .initial = true,
     .stop = GD_STOP_MAX_EPOCHS},
    {.name = "neither intercept nor scaling",
     .epochs = 12,
     .initial = true,
     .stop = GD_STOP_MAX_EPOCHS},
    {ORDINARY, .name = "a divergence", .learning_rate = 3, .epochs = 50, .stop = GD_STOP_DIVERGED},
    {ORDINARY, .name = "a divergence of mini-batches", .learning_rate = 3, .epochs = 50,
     .batch_size = 7, .stop = GD_STOP_DIVERGED},
    {ORDINARY, .name = "a divergence beyond double", .learning_rate = 1e200, .epochs = 50,
     .stop = GD_STOP_DIVERGED},
    {ORDINARY, .name = "columns too large to scale", .huge_x = true, .epochs = 12,
     .stop = GD_STOP_DIVERGED},
    {.name = "columns too large for a curvature",
     .huge_x = true,
     .epochs = 12,
     .stop = GD_STOP_DIVERGED},
    {ORDINARY, .name = "targets too large for a cost", .huge_y = true, .epochs = 12,
     .stop = GD_STOP_DIVERGED},
    {ORDINARY, .name = "bounds and weights", .epochs = 500, .tol = 1e-3, .stop = GD_STOP_CONVERGED,
     .non_negative = true, .weights = true, .validation_fraction = 0.3,
     .tol_on = GD_TOL_PARAMETERS},
    {ORDINARY, .name = "a network in single precision", .model = "mlp", .optimizer = "adam",
     .epochs = 12, .batch_size = 7, .dtype = GD_FLOAT32, .stop = GD_STOP_MAX_EPOCHS},
};
#define THAT_TRAIN 7 /* the first ones pass the third epoch */
#define SCENARIOS (int)(sizeof scenarios / sizeof scenarios[0])

/* Then one for each optimizer, with all that mini-batches may keep between epochs; one for each
 * schedule; and two for each model, one of which stops early. */
static int scenarios_count(void)
{
    return SCENARIOS + (int)(gd_optimizers_count + gd_schedules_count + 2 * gd_models_count);
}

static scenario scenario_number(int number)
{
    size_t i = (size_t)number - SCENARIOS;
    scenario c = {ORDINARY, .epochs = 12, .optimizer = "gd", .schedule = "constant"};
    if (number < SCENARIOS)
        return scenarios[number];
    if (i < gd_optimizers_count) {
        c.name = c.optimizer = gd_optimizers[i]->name;
        c.learning_rate = 0.0137;
        c.batch_size = 7;
        c.schedule = "reduce_on_plateau";
        c.validation_fraction = 0.3;
        c.patience = 100;
        c.average = true;
        c.l1 = gd_optimizers[i]->gain ? 0.05 : 0;
        if (gd_optimizers[i]->descend) {
            c.learning_rate = c.batch_size = 0;
            c.schedule = "constant";
            c.average = false;
        }
        return c;
    }
    i -= gd_optimizers_count;
    if (i < gd_schedules_count) {
        c.name = c.schedule = gd_schedules[i]->name;
        c.learning_rate = 0.0137;
        c.optimizer = "momentum";
        return c;
    }
    i -= gd_schedules_count;
    c.name = c.model = gd_models[i / 2]->name;
    c.validation_fraction = i % 2 ? 0.3 : 0;
    c.patience = i % 2 ? 3 : 0;
    c.epochs = i % 2 ? 300 : 12;
    return c;
}

static problem data_of(const scenario *c)
{
    const gd_model *m = c->model ? gd_model_find(c->model) : NULL;
    if (m)
        return problem_for(task_of(m), task_of(m) == GD_MULTICLASS ? 3 : 2, 30, 2, 111);
    static const double weights[30] = {1, 2, 3, 4, 5, 6, 7, 8, 9, [20] = 1, 2, 3, 4, 5, 6, 7, 8, 9};
    problem p = problem_random(30, 2, 0.5, 111);
    p.data.weights = c->weights ? weights : NULL;
    for (size_t i = 0; c->huge_x && i < 60; i++)
        p.rows[i] *= 1e200;
    for (size_t i = 0; c->huge_y && i < 30; i++)
        p.targets[i] *= 1e200;
    return p;
}

static gd_train *begin(const scenario *c, const gd_data *d)
{
    static const double initial[] = {1.713, -2.291, 0.587};
    gd_spec spec = spec_defaults();
    spec.learning_rate = c->learning_rate;
    spec.tol = c->tol;
    spec.epochs = c->epochs;
    spec.batch_size = c->batch_size;
    spec.intercept = c->intercept;
    spec.standardize = c->standardize;
    spec.seed = 42;
    if (c->model)
        use_model(&spec, c->model);
    if (gd_model_several(spec.model)) /* a network, but a small one */
        set_param(&spec.model_hyper, spec.model->params, spec.model->params_count, "hidden_layers",
                  3);
    if (c->optimizer)
        use_optimizer(&spec, c->optimizer);
    if (c->schedule)
        use_schedule(&spec, c->schedule);
    if (c->schedule && strcmp(c->schedule, "reduce_on_plateau") == 0)
        set_param(&spec.schedule_hyper, spec.schedule->params, spec.schedule->params_count,
                  "patience", 1);
    spec.validation_fraction = c->validation_fraction;
    spec.patience = c->patience;
    spec.average = c->average;
    spec.l1 = c->l1;
    spec.non_negative = c->non_negative;
    spec.tol_on = c->tol_on;
    spec.dtype = c->dtype;
    return train_begin(d, &spec, c->initial ? initial : NULL);
}

static size_t save(const gd_train *t, double *out)
{
    size_t len = gd_train_save_len(t);
    ck_assert_uint_lt(len, MAX_LEN);
    out[len] = 1234.5;
    gd_train_save(t, out);
    ck_assert_double_eq(out[len], 1234.5);
    return len;
}

/* Everything that can be seen of a run. */
typedef struct view {
    double saved[MAX_LEN], unscaled[MAX_PARAMS], center[MAX_COLS], scale[MAX_COLS];
    gd_state state;
    gd_error error;
} view;

static void look(const gd_train *t, view *v)
{
    memset(v, 0, sizeof *v);
    save(t, v->saved);
    gd_train_params_unscaled(t, v->unscaled);
    size_t cols = gd_train_shape(t)->cols;
    ck_assert_uint_le(cols, MAX_COLS);
    memcpy(v->center, gd_train_center(t), cols * sizeof *v->center);
    memcpy(v->scale, gd_train_scale(t), cols * sizeof *v->scale);
    v->state = *gd_train_state(t);
    v->error.status = gd_train_error(t)->status;
    strcpy(v->error.field, gd_train_error(t)->field);
    strcpy(v->error.message, gd_train_error(t)->message);
}

static void check_same(const view *a, const view *b, const char *name, size_t k)
{
    ck_assert_msg(a->error.status == b->error.status, "%s, step %zu: status %d, not %d", name, k,
                  a->error.status, b->error.status);
    ck_assert_msg(strcmp(a->error.message, b->error.message) == 0 &&
                      strcmp(a->error.field, b->error.field) == 0,
                  "%s, step %zu: \"%s: %s\", not \"%s: %s\"", name, k, a->error.field,
                  a->error.message, b->error.field, b->error.message);
    ck_assert_msg(memcmp(a, b, sizeof *a) == 0, "%s, step %zu: numbers differ", name, k);
}

/* Every step of the run, then from every one of them to the end again; from one in 23 where
 * hundreds of them search for the curvature. */
START_TEST(a_run_saved_after_any_step_ends_with_the_same_bits)
{
    static double saves[MAX_STEPS][MAX_LEN];
    const scenario of_number = scenario_number(_i), *c = &of_number;
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    size_t count = 1, len = save(t, saves[0]);
    while (gd_train_step(t) != GD_STEP_DONE) {
        ck_assert_uint_lt(count, MAX_STEPS);
        save(t, saves[count++]);
    }
    view end, again;
    look(t, &end);
    ck_assert_msg(c->stop ? end.state.stop == c->stop : end.state.stop != GD_STOP_DIVERGED,
                  "%s: stops as %s", c->name, gd_stop_name(end.state.stop));
    gd_train_free(t);

    for (size_t k = 0; k < count; k++) {
        gd_error err = {0};
        if (k > 20 && k + 20 < count && k % 23 != 0)
            continue;
        t = begin(c, &p.data);
        ck_assert_msg(gd_train_restore(t, saves[k], len, &err) == GD_OK, "%s, step %zu: %s",
                      c->name, k, err.message);
        train_finish(t);
        look(t, &again);
        check_same(&again, &end, c->name, k);
        gd_train_free(t);
    }
    problem_free(&p);
}
END_TEST

/* Once training has begun, a restored run shows at once what the saved one showed. */
START_TEST(a_restored_run_stands_where_the_saved_one_stood)
{
    const scenario of_number = scenario_number(_i), *c = &of_number;
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    gd_step step;
    for (size_t k = 0; (step = gd_train_step(t)) != GD_STEP_DONE; k++) {
        if (step != GD_STEP_EPOCH)
            continue;
        if (gd_train_state(t)->epoch == 0 && gd_train_state(t)->stop == GD_STOP_DIVERGED)
            continue; /* nothing was trained: that it is out of range is found out again */
        view a, b;
        look(t, &a);
        gd_train *restored = begin(c, &p.data);
        ck_assert_int_eq(gd_train_restore(restored, a.saved, gd_train_save_len(t), NULL), GD_OK);
        look(restored, &b);
        check_same(&b, &a, c->name, k);
        gd_train_free(restored);
    }
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* The history after a restore is the rest of the history, epoch by epoch. */
START_TEST(a_restored_run_goes_on_with_the_next_epoch)
{
    const scenario of_number = scenario_number(_i), *c = &of_number;
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    while (gd_train_state(t)->epoch < 3)
        ck_assert_int_ne(gd_train_step(t), GD_STEP_DONE);
    double saved[MAX_LEN];
    size_t len = save(t, saved);
    gd_train *restored = begin(c, &p.data);
    ck_assert_int_eq(gd_train_restore(restored, saved, len, NULL), GD_OK);
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE) {
        ck_assert_int_eq(gd_train_step(restored), step);
        if (step == GD_STEP_EPOCH)
            assert_same_bits(gd_train_state(t), gd_train_state(restored), 1);
    }
    gd_train_free(t);
    gd_train_free(restored);
    problem_free(&p);
}
END_TEST

/* ---- what does not belong ---- */

static void refused(const scenario *c, const gd_data *d, const double *saved, size_t len)
{
    gd_train *t = begin(c, d);
    view before, after;
    look(t, &before);
    gd_error err = {0};
    ck_assert_int_eq(gd_train_restore(t, saved, len, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "checkpoint");
    ck_assert_int_eq(gd_train_restore(t, saved, len, NULL), GD_INVALID);
    look(t, &after);
    ck_assert_mem_eq(&before, &after, sizeof before);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, c->stop);
    gd_train_free(t);
}

START_TEST(a_checkpoint_of_another_run_is_refused)
{
    const scenario *c = &scenarios[0];
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    for (int k = 0; k < 20; k++)
        gd_train_step(t);
    double saved[MAX_LEN];
    size_t len = save(t, saved);
    gd_train_free(t);

    gd_data other = p.data;
    other.rows--;
    refused(c, &other, saved, len);
    other = p.data;
    other.cols = 1;
    refused(c, &other, saved, len);
    /* one column more and no intercept: as many parameters, but not the same ones */
    problem wide = problem_random(30, 3, 0.5, 112);
    scenario without = *c;
    without.intercept = false;
    refused(&without, &wide.data, saved, len);
    problem_free(&wide);
    problem_free(&p);
}
END_TEST

START_TEST(a_damaged_checkpoint_is_refused)
{
    const scenario *c = &scenarios[0];
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    double saved[MAX_LEN], damaged[MAX_LEN];
    for (int k = 0; k < 20; k++)
        gd_train_step(t);
    size_t len = save(t, saved);
    gd_train_free(t);
    refused(c, &p.data, saved, len - 1);
    refused(c, &p.data, saved, len + 1);
    refused(c, &p.data, saved, 0);
    const double wrong[] = {0, 2, NAN, INFINITY, -1, 1e300};
    for (int at = 0; at < 4; at++) /* version, parameters, rows, phase */
        for (int k = 0; k < 6; k++) {
            if (at == 3 && wrong[k] >= 0 && wrong[k] <= 5)
                continue; /* a phase */
            memcpy(damaged, saved, sizeof saved);
            damaged[at] = wrong[k];
            refused(c, &p.data, damaged, len);
        }
    problem_free(&p);
}
END_TEST

/* ---- what is damaged and may not show it ---- */

/* Refused, which leaves *t as it was, or trained on without reading or writing anywhere else, which
 * a sanitizer sees; then *t is another fresh run. */
static bool survives(gd_train **t, const scenario *c, const gd_data *d, const double *saved,
                     size_t len)
{
    enum { STEPS = 6 };
    double params[MAX_LEN];
    if (gd_train_restore(*t, saved, len, NULL) != GD_OK)
        return false;
    for (int k = 0; k < STEPS && gd_train_step(*t) != GD_STEP_DONE; k++)
        continue;
    gd_train_finish(*t, GD_STOP_REQUESTED);
    gd_train_params_unscaled(*t, params);
    ck_assert(gd_train_state(*t)->best_epoch <= gd_train_state(*t)->epoch);
    gd_train_free(*t);
    *t = begin(c, d);
    return true;
}

/* Every bit of the head, the byte of each number in the arrays that says how large it is, and every
 * number replaced by what no count is. */
static void damage_all(const scenario *c, const gd_data *d, const double *saved, size_t len)
{
    static const double odd[] = {NAN, INFINITY, -1, 1e300, -INFINITY, -0.0, 0.5, 7, 4294967296.0};
    enum { HEAD = 37, OF_ARRAYS = 4, ODD = sizeof odd / sizeof odd[0] };
    double damaged[MAX_LEN];
    unsigned char *bytes = (unsigned char *)damaged;
    size_t taken = 0, tried = 0;
    gd_train *t = begin(c, d);
    memcpy(damaged, saved, sizeof damaged);
    ck_assert(survives(&t, c, d, damaged, len));
    for (size_t i = 0; i < len; i++) {
        for (int k = 0; k < (i < HEAD ? ODD : OF_ARRAYS); k++, tried++) {
            damaged[i] = odd[k];
            taken += survives(&t, c, d, damaged, len);
        }
        damaged[i] = saved[i];
        for (int bit = i < HEAD ? 0 : 56; bit < 64; bit += i < HEAD ? 1 : 8, tried++) {
            unsigned char mask = (unsigned char)(i < HEAD ? 1 << bit % 8 : 0xff);
            bytes[i * 8 + (size_t)bit / 8] ^= mask;
            taken += survives(&t, c, d, damaged, len);
            bytes[i * 8 + (size_t)bit / 8] ^= mask;
        }
    }
    ck_assert_mem_eq(damaged, saved, sizeof damaged);
    ck_assert_uint_lt(taken, tried); /* counts at least are looked at */
    gd_train_free(t);
}

START_TEST(a_checkpoint_with_any_byte_changed_is_refused_or_harmless)
{
    const scenario of_number = scenario_number(_i), *c = &of_number;
    problem p = data_of(c);
    gd_train *t = begin(c, &p.data);
    double saved[MAX_LEN] = {0};
    size_t len = 0;
    while (gd_train_step(t) != GD_STEP_DONE)
        if (len == 0 && gd_train_state(t)->epoch == 3) {
            len = save(t, saved);
            damage_all(c, &p.data, saved, len);
        }
    len = save(t, saved);
    damage_all(c, &p.data, saved, len);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* The pairs that lbfgs remembers are found by two numbers at the front of its state. */
START_TEST(a_memory_of_lbfgs_that_points_elsewhere_is_refused)
{
    scenario c = {ORDINARY, .name = "lbfgs", .epochs = 12, .tol = 0, .optimizer = "lbfgs"};
    problem p = data_of(&c);
    gd_train *t = begin(&c, &p.data);
    double saved[MAX_LEN];
    while (gd_train_state(t)->epoch < 2)
        gd_train_step(t);
    size_t len = save(t, saved), at = 0;
    for (size_t i = len; i-- > 1 && !at;) /* two numbers: so many pairs, and the place behind */
        at = saved[i - 1] == 2 && saved[i] == 2 && i > 37 ? i - 1 : 0;
    ck_assert_uint_gt(at, 37);
    gd_train_free(t);
    const double wrong[] = {-1, 11, 1.5, NAN, INFINITY, 1e18};
    for (size_t place = at; place < at + 2; place++)
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            double kept = saved[place];
            saved[place] = wrong[k];
            t = begin(&c, &p.data);
            ck_assert_int_eq(gd_train_restore(t, saved, len, NULL), GD_INVALID);
            gd_train_free(t);
            saved[place] = kept;
        }
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("checkpoint");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, a_checkpoint_with_any_byte_changed_is_refused_or_harmless, 0,
                        scenarios_count());
    tcase_add_test(tc, a_memory_of_lbfgs_that_points_elsewhere_is_refused);
    tcase_add_loop_test(tc, a_run_saved_after_any_step_ends_with_the_same_bits, 0,
                        scenarios_count());
    tcase_add_loop_test(tc, a_restored_run_stands_where_the_saved_one_stood, 0, scenarios_count());
    tcase_add_loop_test(tc, a_restored_run_goes_on_with_the_next_epoch, 0, THAT_TRAIN);
    tcase_add_loop_test(tc, a_restored_run_goes_on_with_the_next_epoch, SCENARIOS,
                        scenarios_count());
    tcase_add_test(tc, a_checkpoint_of_another_run_is_refused);
    tcase_add_test(tc, a_damaged_checkpoint_is_refused);
    return run_case(tc, "checkpoint");
}
