/* gd_minibatch: the short way of mini-batches against the way of full passes, which a cost without
 * a derivative of its own takes; and its parts against libm and each other. */
#include "gd_exp.h"
#include "gd_minibatch.h"
#include "gd_objective.h"
#include "gd_rng.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts ---- */

START_TEST(exp_is_within_two_ulp)
{
    double worst = 0;
    uint64_t seed = 71;
    for (int i = 0; i < 400000; i++) {
        double x = i < 200000 ? 700 * random_signed(&seed) : 3 * random_signed(&seed);
        long double want = expl((long double)x);
        double ulp = nextafter((double)want, INFINITY) - (double)want;
        worst = fmax(worst, (double)fabsl((long double)gd_exp(x) - want) / ulp);
    }
    ck_assert_msg(worst <= 2, "off by %.3g ulp", worst);
    ck_assert_double_eq(gd_exp(0), 1);
    ck_assert(isnan(gd_exp(NAN)));
}
END_TEST

static bool single(const gd_cost *c)
{
    return c->tasks != GD_MULTICLASS;
}

static void check_derivative(const gd_cost *c, const void *hyper, double z, double y)
{
    double want, got = c->derivative(z, y, hyper);
    c->eval(&z, &y, 1, 1, &want, hyper);
    bool same = isnan(want) ? isnan(got)
                            : fabs(got - want) <= 4 * DBL_EPSILON * fabs(want) || got == want ||
                                  fabs(got - want) < 1e-300;
    ck_assert_msg(same, "%s at z = %g, y = %g: %.17g, not %.17g", c->name, z, y, got, want);
}

START_TEST(a_derivative_is_that_of_the_cost)
{
    const double extremes[] = {0,    1,   -1,   0.5,   1e-9,     1e-300,    709, 720,
                               -720, 1e6, -1e6, 1e200, INFINITY, -INFINITY, NAN};
    for (size_t k = 0; k < gd_costs_count; k++) {
        const gd_cost *c = gd_costs[k];
        gd_hyper hyper;
        gd_param_defaults(&hyper, c->params, c->params_count);
        ck_assert_msg(!single(c) || c->derivative, "%s has no derivative", c->name);
        if (!single(c))
            continue;
        uint64_t seed = 72;
        for (int i = 0; i < 2000; i++) {
            double y = c->tasks == GD_REGRESSION ? 3 * random_signed(&seed) : i % 2;
            check_derivative(c, &hyper, 5 * random_signed(&seed), y);
        }
        for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
            for (int y = 0; y < 2; y++)
                check_derivative(c, &hyper, extremes[i], y);
    }
}
END_TEST

/* A row of a dataset with all that may stand beside it. */
typedef struct scene {
    problem p;
    double *beside, center[128], inverse[128], theta[128], gradient[128];
    uint32_t *order;
    gd_minibatch_rows rows;
} scene;

enum { SCENE_ROWS = 61 };

static void scene_new(scene *s, size_t cols, const gd_cost *cost, const void *hyper, int how)
{
    gd_task task = cost->tasks & GD_BINARY  ? GD_BINARY
                   : cost->tasks & GD_COUNT ? GD_COUNT
                                            : GD_REGRESSION;
    double center[128], scale[128];
    uint64_t seed = 73 + cols;
    memset(s, 0, sizeof *s);
    s->p = problem_for(task, 2, SCENE_ROWS, cols, 74);
    s->beside = calloc(2 * SCENE_ROWS, sizeof *s->beside);
    s->order = calloc(SCENE_ROWS, sizeof *s->order);
    for (size_t i = 0; i < SCENE_ROWS; i++) {
        s->beside[i] = i % 7 == 3 ? 0 : 1 + random_signed(&seed);
        s->beside[SCENE_ROWS + i] = random_signed(&seed);
    }
    s->p.data.weights = how & 1 ? s->beside : NULL;
    s->p.data.offset = how & 1 ? s->beside + SCENE_ROWS : NULL;
    gd_rng r = gd_rng_seed(75, cols);
    gd_rng_permutation(&r, s->order, SCENE_ROWS);
    for (size_t j = 0; j < cols; j++) {
        center[j] = how & 2 ? random_signed(&seed) : 0;
        scale[j] = how & 2 ? 1.5 + random_signed(&seed) : 1;
    }
    for (size_t j = 0; j <= cols; j++)
        s->theta[j] = 0.9 / (double)(3 + cols) * random_signed(&seed);
    gd_minibatch_spread(cols, center, scale, s->center, s->inverse);
    s->rows = (gd_minibatch_rows){.data = s->p.data,
                                  .order = how & 2 ? s->order : NULL,
                                  .end = SCENE_ROWS,
                                  .known = SCENE_ROWS,
                                  .center = s->center,
                                  .inverse = s->inverse,
                                  .cost = cost,
                                  .cost_hyper = hyper,
                                  .intercept = how & 4,
                                  .theta = s->theta,
                                  .gradient = s->gradient,
                                  .rate = 0.02 / (double)(1 + cols),
                                  .l2 = how & 1 ? 0.1 : 0};
}

static void scene_free(scene *s)
{
    problem_free(&s->p);
    free(s->beside);
    free(s->order);
}

static const size_t widths[] = {1,  2,  3,  7,  8,  9,  12, 15, 16, 17,
                                20, 24, 25, 31, 32, 33, 40, 41, 47, 100};
#define WIDTHS (sizeof widths / sizeof widths[0])

/* A step after another, as written; theta before and after it are kept apart. */
static void descend_by_hand(const gd_minibatch_rows *r, double *theta)
{
    size_t cols = r->data.cols, lanes = gd_minibatch_lanes(cols);
    for (size_t i = r->first; i < r->end; i++) {
        size_t row = r->order ? r->order[i] : i;
        double x[128], z = r->intercept ? theta[cols] : 0;
        for (size_t j = 0; j < cols; j++) {
            size_t lane = cols < 8 || j < lanes - 8 ? j : lanes - cols + j;
            x[j] = (r->data.X[row * cols + j] - r->center[lane]) * r->inverse[lane];
            z += x[j] * theta[j];
        }
        z += r->data.offset ? r->data.offset[row] : 0;
        double slope = r->cost->derivative(z, r->data.y[row], r->cost_hyper);
        slope *= r->data.weights ? r->data.weights[row] : 1;
        for (size_t j = 0; j < cols; j++)
            theta[j] -= r->rate * (slope * x[j] + r->l2 * theta[j]);
        theta[cols] -= r->intercept ? r->rate * slope : 0;
    }
}

/* All that this processor can run, the best first. Returns how many. */
static size_t usable(const gd_minibatch_kernels **list)
{
    size_t count = 0;
    for (size_t i = gd_kernels_count; i-- > 0;)
        if (gd_kernels_all[i]->scores && gd_kernels_usable(gd_kernels_all[i])) {
            ck_assert_str_eq(gd_kernels_all[i]->minibatch->name, gd_kernels_all[i]->name);
            list[count++] = gd_kernels_all[i]->minibatch;
        }
    return count;
}
enum { MOST_KERNELS = 8 };

START_TEST(single_rows_descend_as_written)
{
    const gd_minibatch_kernels *all[MOST_KERNELS];
    size_t count = usable(all);
    ck_assert_uint_ge(count, 1);
    ck_assert_str_eq(all[count - 1]->name, "portable");
    for (size_t c = 0; c < gd_costs_count; c++)
        for (size_t w = 0; w < WIDTHS && single(gd_costs[c]); w++)
            for (int how = 0; how < 8; how++) {
                scene s;
                gd_hyper hyper;
                double want[128], begin[128], first[128];
                gd_param_defaults(&hyper, gd_costs[c]->params, gd_costs[c]->params_count);
                scene_new(&s, widths[w], gd_costs[c], &hyper, how);
                memcpy(begin, s.theta, sizeof begin);
                memcpy(want, s.theta, sizeof want);
                descend_by_hand(&s.rows, want);
                for (size_t k = count; k-- > 0;) {
                    memcpy(s.theta, begin, sizeof begin);
                    all[k]->descend(&s.rows);
                    for (size_t j = 0; j <= widths[w]; j++)
                        assert_near(s.theta[j], want[j], 1e-12 * (1 + fabs(want[j])));
                    if (k == count - 1)
                        memcpy(first, s.theta, sizeof first);
                    assert_same_bits(s.theta, first, 128);
                }
                scene_free(&s);
            }
}
END_TEST

START_TEST(gradients_are_those_of_a_full_pass)
{
    const gd_minibatch_kernels *all[MOST_KERNELS];
    size_t count = usable(all);
    const gd_model *model = gd_model_find("linear_regression"); /* any that is linear */
    for (size_t c = 0; c < gd_costs_count; c++)
        for (size_t w = 0; w < WIDTHS && single(gd_costs[c]); w++)
            for (int how = 0; how < 8; how++) {
                scene s;
                gd_hyper hyper;
                gd_error err;
                gd_objective *o;
                double want[128], first[128];
                gd_param_defaults(&hyper, gd_costs[c]->params, gd_costs[c]->params_count);
                scene_new(&s, widths[w], gd_costs[c], &hyper, how & 5);
                gd_shape shape = {.cols = widths[w], .intercept = how & 4, .outputs = 1};
                ck_assert_int_eq(gd_objective_new(&o, &s.rows.data, model, &shape, gd_costs[c],
                                                  &hyper, NULL, &err),
                                 GD_OK);
                gd_rows rows = {.index = how & 2 ? s.order : NULL, .first = 5, .count = 33};
                gd_objective_eval(o, s.theta, &rows, want);
                s.rows.order = rows.index;
                s.rows.first = 5;
                s.rows.end = 38;
                for (size_t k = count; k-- > 0;) {
                    all[k]->gradient(&s.rows);
                    for (size_t j = 0; j < widths[w] + shape.intercept; j++)
                        assert_near(s.gradient[j], want[j], 1e-13 * (1 + fabs(want[j])));
                    if (k == count - 1)
                        memcpy(first, s.gradient, sizeof first);
                    assert_same_bits(s.gradient, first, 128);
                }
                gd_objective_free(o);
                scene_free(&s);
            }
}
END_TEST

START_TEST(single_precision_is_that_of_the_rounded_numbers)
{
    const gd_minibatch_kernels *all[MOST_KERNELS];
    size_t count = usable(all);
    for (size_t c = 0; c < gd_costs_count; c++)
        for (size_t w = 0; w < WIDTHS && single(gd_costs[c]); w++)
            for (int how = 0; how < 8; how++) {
                scene s;
                gd_hyper hyper;
                double begin[128], want[128], want_gradient[128];
                gd_param_defaults(&hyper, gd_costs[c]->params, gd_costs[c]->params_count);
                scene_new(&s, widths[w], gd_costs[c], &hyper, how);
                size_t values = SCENE_ROWS * widths[w];
                float *singles = malloc(values * sizeof *singles);
                for (size_t i = 0; i < values; i++) {
                    singles[i] = (float)s.p.rows[i];
                    s.p.rows[i] = (double)singles[i];
                }
                memcpy(begin, s.theta, sizeof begin);
                for (size_t k = 0; k < count; k++) {
                    gd_minibatch_rows narrow = s.rows;
                    narrow.data.X = NULL;
                    narrow.data.X32 = singles;
                    memcpy(s.theta, begin, sizeof begin);
                    all[k]->gradient(&s.rows);
                    memcpy(want_gradient, s.gradient, sizeof want_gradient);
                    all[k]->descend(&s.rows);
                    memcpy(want, s.theta, sizeof want);
                    memcpy(s.theta, begin, sizeof begin);
                    all[k]->gradient(&narrow);
                    assert_same_bits(s.gradient, want_gradient, 128);
                    all[k]->descend(&narrow);
                    assert_same_bits(s.theta, want, 128);
                }
                free(singles);
                scene_free(&s);
            }
}
END_TEST

/* ---- runs ---- */

static void as_it_is(gd_spec *s)
{
    (void)s;
}

static void with_penalties(gd_spec *s)
{
    s->l2 = 0.03;
    s->l1 = s->optimizer->gain ? 0.02 : 0;
}

static void with_l2(gd_spec *s)
{
    s->l2 = 0.05;
}

static void clipped(gd_spec *s)
{
    s->clip_norm = 0.7;
    s->clip_value = 0.4;
}

static void averaged(gd_spec *s)
{
    s->average = true;
}

static void bounded(gd_spec *s)
{
    s->non_negative = s->optimizer->gain != NULL;
}

static void unscaled(gd_spec *s)
{
    s->standardize = false;
}

static void without_intercept(gd_spec *s)
{
    s->intercept = false;
    s->l2 = 0.02;
}

static void in_order(gd_spec *s)
{
    s->shuffle = false;
}

static void validated(gd_spec *s)
{
    s->validation_fraction = 0.2;
}

/* What a run may ask for beside its model, cost and optimizer. */
static const struct {
    const char *name;
    void (*set)(gd_spec *s);
} features[] = {
    {"as it is", as_it_is},
    {"l1 and l2", with_penalties},
    {"l2", with_l2},
    {"clipping", clipped},
    {"average", averaged},
    {"bounds", bounded},
    {"no standardize", unscaled},
    {"no intercept", without_intercept},
    {"no shuffle", in_order},
    {"validation", validated},
};
#define FEATURES (sizeof features / sizeof features[0])

static gd_state train_to(const gd_data *d, const gd_spec *spec, double *params)
{
    gd_train *t = train_begin(d, spec, NULL);
    train_finish(t);
    gd_state s = *gd_train_state(t);
    memcpy(params, gd_train_params(t), gd_train_params_len(t) * sizeof *params);
    gd_train_free(t);
    return s;
}

/* Both ways, from the same start. */
static void compare(const gd_data *d, const gd_spec *spec, const char *what)
{
    double fast[64], slow[64];
    gd_cost passes = *spec->cost;
    passes.derivative = NULL;
    gd_spec other = *spec;
    other.cost = &passes;
    gd_state a = train_to(d, spec, fast), b = train_to(d, &other, slow);
    ck_assert_msg(a.epoch == spec->epochs, "%s, %s, %s, batch %d: ended at epoch %d, cost %g", what,
                  spec->cost->name, spec->optimizer->name, (int)spec->batch_size, (int)a.epoch,
                  a.cost);
    ck_assert_uint_eq(a.epoch, b.epoch);
    ck_assert_msg(fabs(a.cost - b.cost) <= 1e-9 * fabs(b.cost),
                  "%s, %s, %s, batch %d: cost %.17g, not %.17g", what, spec->cost->name,
                  spec->optimizer->name, (int)spec->batch_size, a.cost, b.cost);
    for (size_t j = 0; j < d->cols + spec->intercept; j++)
        ck_assert_msg(fabs(fast[j] - slow[j]) <= 1e-9 * (1 + fabs(slow[j])),
                      "%s, %s, %s, batch %d: parameter %d is %.17g, not %.17g", what,
                      spec->cost->name, spec->optimizer->name, (int)spec->batch_size, (int)j,
                      fast[j], slow[j]);
}

/* The model that a cost is tried with. */
static const char *model_for(const gd_cost *c)
{
    return c->tasks & GD_REGRESSION           ? "linear_regression"
           : c->tasks & GD_COUNT              ? "poisson_regression"
           : strcmp(c->name, "logistic") == 0 ? "logistic_regression"
                                              : "svm";
}

static void compare_features(const gd_cost *cost, const gd_optimizer *optimizer, bool weighed)
{
    enum { ROWS = 90, COLS = 11 };
    static const uint64_t batches[] = {1, 2, 16, 45};
    double beside[2 * ROWS];
    uint64_t seed = 81;
    gd_spec spec = spec_defaults();
    use_model(&spec, model_for(cost));
    gd_task task = task_of(spec.model);
    problem p = problem_for(task, 2, ROWS, COLS, 82);
    for (size_t i = 0; i < ROWS; i++) {
        beside[i] = i % 5 == 0 ? 0 : 1.2 + random_signed(&seed);
        beside[ROWS + i] = 0.3 * random_signed(&seed);
    }
    p.data.weights = weighed ? beside : NULL;
    p.data.offset = weighed ? beside + ROWS : NULL;
    for (size_t f = 0; f < FEATURES; f++) {
        spec = spec_defaults();
        use_model(&spec, model_for(cost));
        use_cost(&spec, cost->name);
        use_optimizer(&spec, optimizer->name);
        spec.tol = 0;
        spec.epochs = 3;
        spec.learning_rate = 0.0005;
        spec.batch_size = batches[(f + weighed) % 4];
        features[f].set(&spec);
        compare(&p.data, &spec, features[f].name);
        spec.batch_size = 1;
        compare(&p.data, &spec, features[f].name);
    }
    problem_free(&p);
}

START_TEST(runs_are_the_same_both_ways)
{
    const gd_cost *cost = gd_costs[_i];
    if (!single(cost))
        return;
    for (size_t k = 0; k < gd_optimizers_count; k++)
        for (int weighed = 0; weighed < 2 && gd_optimizers[k]->step; weighed++)
            compare_features(cost, gd_optimizers[k], weighed);
}
END_TEST

START_TEST(rows_of_any_width_are_the_same_both_ways)
{
    for (size_t w = 0; w < WIDTHS; w++) {
        if (widths[w] > 60)
            continue;
        problem p = problem_random(130, widths[w], 0.7, 83);
        gd_spec spec = spec_defaults();
        spec.tol = 0;
        spec.epochs = 3;
        spec.learning_rate = 0.2 / (double)(10 + 4 * widths[w]);
        spec.l2 = 0.01;
        for (int b = 0; b < 3; b++) {
            spec.batch_size = (uint64_t[]){1, 3, 64}[b];
            compare(&p.data, &spec, "width");
        }
        problem_free(&p);
    }
}
END_TEST

/* ---- breaking off, and going on ---- */

enum { MANY = 20000 };

typedef struct patience {
    int asked, most;
} patience;

static bool out_of_patience(void *ctx)
{
    patience *p = ctx;
    return ++p->asked > p->most;
}

static void one_after_the_other(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

/* However small the batches: the executor is asked once a block of rows, and heeded at once. */
START_TEST(an_epoch_is_broken_off_within_a_block)
{
    problem p = problem_random(MANY, 3, 0.7, 84);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 5;
    spec.learning_rate = 0.001;
    spec.standardize = false;
    spec.batch_size = (uint64_t[]){1, 7, 1}[_i];
    spec.average = _i == 2;
    patience all = {.most = 1000000};
    gd_executor executor = {1, one_after_the_other, &all, out_of_patience};
    gd_train *t;
    gd_error err;
    ck_assert_int_eq(gd_train_new(&t, &p.data, &spec, NULL, &executor, &err), GD_OK);
    while (gd_train_state(t)->epoch < 1)
        gd_train_step(t);
    double before[4], cost = gd_train_state(t)->cost;
    memcpy(before, gd_train_params(t), sizeof before);
    all.asked = 0;
    gd_train_step(t);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 2);
    int blocks = (MANY + 4095) / 4096; /* of updates, then of the objective */
    ck_assert_int_eq(all.asked, 2 * blocks);
    memcpy(before, gd_train_params(t), sizeof before);
    cost = gd_train_state(t)->cost;
    all = (patience){.most = 2};
    ck_assert_int_eq(gd_train_step(t), GD_STEP_DONE);
    ck_assert_int_eq(all.asked, 3);
    ck_assert(gd_train_interrupted(t));
    ck_assert_uint_eq(gd_train_state(t)->epoch, 2);
    ck_assert_double_eq(gd_train_state(t)->cost, cost);
    assert_same_bits(gd_train_params(t), before, 4);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

START_TEST(a_run_taken_up_again_gives_the_same_bits)
{
    problem p = problem_random(5000, 20, 0.7, 85);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 6;
    spec.learning_rate = 0.001;
    spec.batch_size = _i % 2 ? 1 : 9;
    use_optimizer(&spec, _i < 2 ? "gd" : "adam");
    double whole[21];
    train_to(&p.data, &spec, whole);
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_state(t)->epoch < 3)
        gd_train_step(t);
    size_t len = gd_train_save_len(t);
    double *saved = calloc(len, sizeof *saved);
    gd_train_save(t, saved);
    gd_train_free(t);
    t = train_begin(&p.data, &spec, NULL);
    gd_error err;
    ck_assert_int_eq(gd_train_restore(t, saved, len, &err), GD_OK);
    train_finish(t);
    assert_same_bits(gd_train_params(t), whole, 21);
    gd_train_free(t);
    free(saved);
    problem_free(&p);
}
END_TEST

/* A rate that is too high still shows as such. */
START_TEST(divergence_is_seen)
{
    problem p = problem_random(3000, 20, 0.7, 86);
    gd_spec spec = spec_defaults();
    spec.learning_rate = 5;
    spec.batch_size = 1;
    spec.epochs = 10;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 1);
    for (int j = 0; j < 21; j++)
        ck_assert(isfinite(gd_train_params(t)[j]));
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("minibatch");
    tcase_add_test(tc, exp_is_within_two_ulp);
    tcase_add_test(tc, a_derivative_is_that_of_the_cost);
    tcase_add_test(tc, single_rows_descend_as_written);
    tcase_add_test(tc, single_precision_is_that_of_the_rounded_numbers);
    tcase_add_test(tc, gradients_are_those_of_a_full_pass);
    tcase_add_loop_test(tc, runs_are_the_same_both_ways, 0, (int)gd_costs_count);
    tcase_add_test(tc, rows_of_any_width_are_the_same_both_ways);
    tcase_add_loop_test(tc, an_epoch_is_broken_off_within_a_block, 0, 3);
    tcase_add_loop_test(tc, a_run_taken_up_again_gives_the_same_bits, 0, 4);
    tcase_add_test(tc, divergence_is_seen);
    return run_case(tc, "minibatch");
}
