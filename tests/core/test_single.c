/* Features in single precision: everything that reads rows gives the bits that the same numbers in
 * double precision give. The data are random, rounded to floats once; a run on either is compared
 * from the first epoch to what is said of the result afterwards. */
#include "gd_certificate.h"
#include "gd_check.h"
#include "gd_inference.h"
#include "gd_limits.h"
#include "gd_metrics.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

/* The same numbers twice. */
typedef struct pair {
    problem p;
    float *singles;
    double *weights, *offset;
    gd_data wide, narrow;
} pair;

static pair pair_of(gd_task task, size_t classes, size_t rows, size_t cols, bool beside)
{
    pair r = {.p = problem_for(task, classes, rows, cols, 71 + rows + cols)};
    r.singles = malloc(rows * cols * sizeof *r.singles);
    r.weights = malloc(rows * sizeof *r.weights);
    r.offset = malloc(rows * sizeof *r.offset);
    uint64_t seed = 5;
    for (size_t i = 0; i < rows * cols; i++) {
        r.singles[i] = (float)r.p.rows[i];
        r.p.rows[i] = (double)r.singles[i];
    }
    for (size_t i = 0; i < rows; i++) {
        r.weights[i] = i % 7 == 2 ? 0 : 1.5 + random_signed(&seed);
        r.offset[i] = 0.1 * random_signed(&seed);
    }
    r.wide = r.p.data;
    if (beside) {
        r.wide.weights = r.weights;
        r.wide.offset = r.offset;
    }
    r.narrow = r.wide;
    r.narrow.X = NULL;
    r.narrow.X32 = r.singles;
    return r;
}

static void pair_free(pair *p)
{
    problem_free(&p->p);
    free(p->singles);
    free(p->weights);
    free(p->offset);
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* ---- training ---- */

typedef struct run_kind {
    const char *model, *cost, *optimizer;
    size_t rows, cols;
    uint64_t batch;
    bool standardize, beside;
    int gram;
    double validation;
} run_kind;

static const run_kind kinds[] = {
    /* full batches by kernels: one column, less than a vector, whole vectors, beyond registers */
    {"linear_regression", "mse", "gd", 300, 1, GD_FULL_BATCH, true, false, GD_GRAM_NEVER, 0},
    {"linear_regression", "mse", "gd", 5000, 7, GD_FULL_BATCH, false, true, GD_GRAM_NEVER, 0},
    {"linear_regression", "huber", "adam", 4500, 20, GD_FULL_BATCH, true, true, GD_GRAM_NEVER, 0},
    {"linear_regression", "mae", "adam", 999, 33, GD_FULL_BATCH, false, false, GD_GRAM_NEVER, 0.25},
    {"logistic_regression", "logistic", "lbfgs", 3000, 16, GD_FULL_BATCH, true, true, GD_GRAM_NEVER,
     0},
    {"poisson_regression", "poisson", "lbfgs", 2000, 9, GD_FULL_BATCH, true, true, GD_GRAM_NEVER,
     0},
    {"softmax_regression", "softmax", "adam", 2000, 11, GD_FULL_BATCH, true, false, GD_GRAM_NEVER,
     0.2},
    {"svm", "hinge", "adam", 800, 40, GD_FULL_BATCH, true, false, GD_GRAM_NEVER, 0},
    /* by second moments */
    {"linear_regression", "mse", "gd", 5000, 6, GD_FULL_BATCH, true, false, GD_GRAM_ALWAYS, 0},
    {"linear_regression", "mse", "momentum", 9001, 21, GD_FULL_BATCH, true, true, GD_GRAM_ALWAYS,
     0.3},
    /* in batches: single rows, few, beyond a block; of vectors in registers and of wide rows */
    {"linear_regression", "mse", "gd", 400, 3, 1, true, true, GD_GRAM_NEVER, 0},
    {"logistic_regression", "logistic", "gd", 600, 20, 1, true, false, GD_GRAM_NEVER, 0.2},
    {"linear_regression", "huber", "gd", 300, 45, 1, true, false, GD_GRAM_NEVER, 0},
    {"logistic_regression", "logistic", "adam", 900, 31, 32, true, true, GD_GRAM_NEVER, 0},
    {"linear_regression", "mse", "adam", 500, 70, 16, false, false, GD_GRAM_NEVER, 0},
    {"softmax_regression", "softmax", "gd", 700, 8, 50, true, false, GD_GRAM_NEVER, 0},
    {"poisson_regression", "poisson", "adam", 9000, 4, 5000, true, false, GD_GRAM_NEVER, 0},
    /* a network, more columns than are converted at a time */
    {"mlp", NULL, "adam", 400, 70, 64, true, true, GD_GRAM_NEVER, 0.2},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static gd_spec spec_of(const run_kind *k, const gd_data *d, bool single)
{
    gd_spec s = spec_defaults();
    use_model(&s, k->model);
    gd_spec_settle(&s, d->classes, false);
    if (k->cost)
        use_cost(&s, k->cost);
    use_optimizer(&s, k->optimizer);
    if (s.optimizer->descend)
        s.learning_rate = GD_AUTO;
    else if (strcmp(k->optimizer, "adam") == 0)
        s.learning_rate = 0.05;
    s.epochs = 6;
    s.tol = 0;
    s.batch_size = k->batch;
    s.standardize = k->standardize;
    s.gram = (uint64_t)k->gram;
    s.l2 = 0.001;
    if (k->validation > 0)
        s.validation_fraction = k->validation;
    s.dtype = single ? GD_FLOAT32 : GD_FLOAT64;
    return s;
}

static void after(const gd_train *t, const gd_data *d, double *out)
{
    const gd_spec *s = gd_train_spec(t);
    double *theta = malloc(gd_train_params_len(t) * sizeof *theta);
    gd_metric m[GD_MAX_METRICS];
    size_t count;
    gd_rows rows;
    gd_error err = {0};
    gd_train_params_unscaled(t, theta);
    gd_train_rows(t, &rows);
    ck_assert_int_eq(
        gd_metrics(s->model, gd_train_shape(t), theta, d, &rows, NULL, m, &count, NULL, &err), GD_OK);
    for (size_t i = 0; i < count; i++)
        out[i] = m[i].value;
    gd_fit fit = {.model = s->model,
                  .shape = *gd_train_shape(t),
                  .cost = s->cost,
                  .cost_hyper = &s->cost_hyper,
                  .theta = theta,
                  .data = d,
                  .rows = rows,
                  .weights = d->weights,
                  .offset = d->offset,
                  .l2 = s->model->linear ? s->l2 : 0};
    gd_certificate c;
    ck_assert_int_eq(gd_certificate_find(&c, &fit, 0, NULL, &err), GD_OK);
    out[GD_MAX_METRICS] = c.cost;
    out[GD_MAX_METRICS + 1] = c.gradient_norm;
    out[GD_MAX_METRICS + 2] = c.gap;
    fit.l2 = 0;
    gd_inference *inference;
    ck_assert_int_eq(gd_inference_new(&inference, &fit, 0.95, 0, NULL, &err), GD_OK);
    out[GD_MAX_METRICS + 3] = (double)inference->status;
    out[GD_MAX_METRICS + 4] = inference->distance;
    gd_inference_free(inference);
    free(theta);
}

static gd_task task_for(const char *model)
{
    return strcmp(model, "softmax_regression") == 0    ? GD_MULTICLASS
           : strcmp(model, "poisson_regression") == 0  ? GD_COUNT
           : strcmp(model, "logistic_regression") == 0 ? GD_BINARY
           : strcmp(model, "svm") == 0                 ? GD_BINARY
                                                       : GD_REGRESSION;
}

START_TEST(runs_have_the_bits_of_the_rounded_numbers)
{
    const run_kind *k = &kinds[_i];
    gd_task task = task_for(k->model);
    pair p = pair_of(task, task == GD_MULTICLASS ? 3 : 2, k->rows, k->cols, k->beside);
    for (int single = 0; single <= (k->cost ? 0 : 1); single++) {
        gd_spec spec = spec_of(k, &p.wide, single);
        gd_train *a = train_begin(&p.wide, &spec, NULL), *b = train_begin(&p.narrow, &spec, NULL);
        for (gd_step step = GD_STEP_WORKING; step != GD_STEP_DONE;) {
            step = gd_train_step(a);
            ck_assert_int_eq(step, gd_train_step(b));
            const gd_state *s = gd_train_state(a), *t = gd_train_state(b);
            ck_assert_msg(same(s->cost, t->cost) && same(s->gradient_norm, t->gradient_norm) &&
                              same(s->validation_cost, t->validation_cost) &&
                              same(s->learning_rate, t->learning_rate),
                          "epoch %d: cost %.17g, not %.17g", (int)s->epoch, t->cost, s->cost);
            assert_same_bits(gd_train_params(a), gd_train_params(b), gd_train_params_len(a));
        }
        ck_assert_uint_gt(gd_train_state(a)->epoch, 0);
        ck_assert(isfinite(gd_train_state(a)->cost));
        double of_a[GD_MAX_METRICS + 5] = {0}, of_b[GD_MAX_METRICS + 5] = {0};
        after(a, &p.wide, of_a);
        after(b, &p.narrow, of_b);
        assert_same_bits(of_a, of_b, GD_MAX_METRICS + 5);
        gd_train_free(a);
        gd_train_free(b);
    }
    pair_free(&p);
}
END_TEST

/* ---- what looks at rows alone ---- */

START_TEST(columns_are_those_of_the_rounded_numbers)
{
    pair p = pair_of(GD_REGRESSION, 0, 9000, 37, false);
    gd_column of_a[37], of_b[37];
    uint32_t index[50];
    for (uint32_t i = 0; i < 50; i++)
        index[i] = (i * 179 + 3) % 9000;
    const gd_rows rows[] = {{.count = 9000}, {.first = 17, .count = 4500}, {index, 5, 40}};
    for (size_t k = 0; k < 3; k++) {
        gd_data_columns(&p.wide, &rows[k], of_a);
        gd_data_columns(&p.narrow, &rows[k], of_b);
        assert_same_bits(of_a, of_b, 37);
        gd_columns(p.wide.X, &rows[k], 37, of_b);
        assert_same_bits(of_a, of_b, 37);
    }
    pair_free(&p);
}
END_TEST

START_TEST(a_row_is_where_it_lies_or_in_the_room_for_it)
{
    pair p = pair_of(GD_REGRESSION, 0, 10, 3, false);
    double room[3] = {7, 7, 7};
    ck_assert_ptr_eq(gd_data_row(&p.wide, 4, room), p.wide.X + 12);
    ck_assert(room[0] == 7 && room[1] == 7 && room[2] == 7);
    ck_assert_ptr_eq(gd_data_row(&p.narrow, 4, room), room);
    assert_same_bits(room, p.wide.X + 12, 3);
    ck_assert(same(gd_data_at(&p.narrow, 4, 1), gd_data_at(&p.wide, 4, 1)));
    pair_free(&p);
}
END_TEST

START_TEST(the_gradient_check_is_the_same)
{
    pair p = pair_of(GD_BINARY, 2, 600, 6, true);
    const run_kind k = {"logistic_regression", "logistic", "gd", 0, 0, GD_FULL_BATCH, true, false,
                        GD_GRAM_NEVER,         0};
    gd_spec spec = spec_of(&k, &p.wide, false);
    gd_train *a = train_begin(&p.wide, &spec, NULL), *b = train_begin(&p.narrow, &spec, NULL);
    gd_check of_a, of_b;
    gd_error err;
    memset(&of_a, 0, sizeof of_a);
    memset(&of_b, 0, sizeof of_b);
    ck_assert_int_eq(gd_train_check(a, NULL, 300, &of_a, &err), GD_OK);
    ck_assert_int_eq(gd_train_check(b, NULL, 300, &of_b, &err), GD_OK);
    ck_assert_uint_gt(of_a.checked, 0);
    ck_assert(same(of_a.numeric, of_b.numeric) && same(of_a.analytic, of_b.analytic));
    ck_assert(same(of_a.relative_error, of_b.relative_error));
    gd_train_free(a);
    gd_train_free(b);
    pair_free(&p);
}
END_TEST

/* What went wrong is looked for in the columns, too. */
START_TEST(targets_that_are_too_large_are_named)
{
    const float x[] = {1, 2e38F, 2, 3e38F, 3, -1e38F, 4, 2.5e38F};
    const double y[] = {1e200, 2e200, -1e200, 3};
    gd_data d = {.X32 = x, .y = y, .rows = 4, .cols = 2};
    gd_spec spec = spec_defaults();
    gd_train *t = train_begin(&d, &spec, NULL);
    train_finish(t);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_DIVERGED);
    ck_assert_ptr_nonnull(strstr(gd_train_error(t)->message, "the target reaches 2e+200"));
    gd_train_free(t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("single");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, runs_have_the_bits_of_the_rounded_numbers, 0, KINDS);
    tcase_add_test(tc, columns_are_those_of_the_rounded_numbers);
    tcase_add_test(tc, a_row_is_where_it_lies_or_in_the_room_for_it);
    tcase_add_test(tc, the_gradient_check_is_the_same);
    tcase_add_test(tc, targets_that_are_too_large_are_named);
    return run_case(tc, "single");
}
