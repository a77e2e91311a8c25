/* Sparse rows: everything that reads rows gives what the same rows, filled in, give, to rounding;
 * whoever does the blocks, the bits are the same. The data are random, most of them 0, with rows
 * and columns of zeros alone and with entries that say 0. */
#include "gd_certificate.h"
#include "gd_check.h"
#include "gd_curvature.h"
#include "gd_inference.h"
#include "gd_limits.h"
#include "gd_metrics.h"
#include "gd_online.h"
#include "gd_sparse.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

/* The same rows twice. */
typedef struct pair {
    problem p;
    uint64_t *starts;
    uint32_t *columns;
    double *values, *weights, *offset;
    float *singles;
    gd_data filled, sparse;
} pair;

/* Keeps about `share` of the values, those that are kept with a mean far from 0. */
static void thin_out(pair *r, size_t rows, size_t cols, double share)
{
    uint64_t seed = 99 + rows + cols, n = 0;
    for (size_t i = 0; i < rows; i++) {
        r->starts[i] = n;
        for (size_t j = 0; j < cols; j++) {
            double *x = &r->p.rows[i * cols + j];
            bool kept = random_signed(&seed) < 2 * share - 1 && i % 11 != 5 && (cols < 4 || j != 2);
            *x = kept ? (double)(float)(*x + 0.5) : 0;
            if (!kept && random_signed(&seed) < 0.98)
                continue; /* else an entry that says 0 */
            r->columns[n] = (uint32_t)j;
            r->values[n] = *x;
            r->singles[n++] = (float)*x;
        }
    }
    r->starts[rows] = n;
}

static pair pair_of(gd_task task, size_t classes, size_t rows, size_t cols, double share,
                    bool beside)
{
    pair r = {.p = problem_for(task, classes, rows, cols, 71 + rows + cols)};
    r.starts = malloc((rows + 1) * sizeof *r.starts);
    r.columns = malloc(rows * cols * sizeof *r.columns);
    r.values = malloc(rows * cols * sizeof *r.values);
    r.singles = malloc(rows * cols * sizeof *r.singles);
    r.weights = malloc(rows * sizeof *r.weights);
    r.offset = malloc(rows * sizeof *r.offset);
    thin_out(&r, rows, cols, share);
    uint64_t seed = 5;
    for (size_t i = 0; i < rows; i++) {
        r.weights[i] = i % 7 == 2 ? 0 : 1.5 + random_signed(&seed);
        r.offset[i] = 0.1 * random_signed(&seed);
    }
    r.filled = r.p.data;
    if (beside) {
        r.filled.weights = r.weights;
        r.filled.offset = task == GD_MULTICLASS ? NULL : r.offset;
    }
    r.sparse = r.filled;
    r.sparse.X = NULL;
    r.sparse.sparse = (gd_sparse){r.starts, r.columns, r.values, NULL};
    return r;
}

static void pair_free(pair *p)
{
    problem_free(&p->p);
    free(p->starts);
    free(p->columns);
    free(p->values);
    free(p->singles);
    free(p->weights);
    free(p->offset);
}

/* ---- training ---- */

typedef struct run_kind {
    const char *model, *cost, *optimizer;
    size_t rows, cols;
    uint64_t batch;
    bool standardize, intercept, beside;
    double l1, l2, validation;
} run_kind;

#define FULL GD_FULL_BATCH
static const run_kind kinds[] = {
    /* model, cost, optimizer; rows, cols, batch; standardize, intercept, weights; l1, l2, aside */
    {"linear_regression", "mse", "gd", 300, 1, FULL, true, true, false, 0, 0.01, 0},
    {"linear_regression", "mse", "gd", 5000, 9, FULL, false, true, true, 0, 0, 0},
    {"linear_regression", "mse", "lbfgs", 900, 40, FULL, true, true, true, 0, 0.1, 0.25},
    {"linear_regression", "mse", "nesterov", 700, 30, FULL, true, false, false, 0.01, 0, 0},
    {"linear_regression", "huber", "adam", 4500, 20, FULL, true, true, true, 0, 0.01, 0},
    {"linear_regression", "mae", "adam", 999, 33, FULL, false, true, false, 0, 0, 0.25},
    {"linear_regression", "quantile", "rmsprop", 500, 13, FULL, true, true, false, 0, 0, 0},
    {"linear_regression", "log_cosh", "momentum", 500, 13, FULL, true, true, false, 0, 0, 0},
    {"linear_regression", "epsilon_insensitive", "adagrad", 500, 8, FULL, true, true, false, 0, 0,
     0},
    {"logistic_regression", "logistic", "gd", 3000, 16, FULL, true, true, true, 0, 0.01, 0},
    {"logistic_regression", "logistic", "nadam", 600, 50, FULL, true, true, false, 0, 0.01, 0.2},
    {"poisson_regression", "poisson", "lbfgs", 2000, 9, FULL, true, true, true, 0, 0.01, 0},
    {"poisson_regression", "poisson", "gd", 600, 5, FULL, true, true, false, 0, 0, 0},
    {"softmax_regression", "softmax", "gd", 2000, 11, FULL, true, true, true, 0, 0.01, 0.2},
    {"svm", "squared_hinge", "gd", 800, 40, FULL, true, true, false, 0, 0.01, 0},
    {"svm", "hinge", "adam", 800, 40, FULL, true, true, false, 0, 0.01, 0},
    /* updates by entries alone */
    {"linear_regression", "mse", "gd", 400, 6, 1, true, true, true, 0, 0.01, 0},
    {"linear_regression", "mse", "gd", 400, 6, 1, false, true, false, 0, 0, 0},
    {"linear_regression", "huber", "gd", 300, 45, 7, true, false, false, 0, 0.5, 0},
    {"logistic_regression", "logistic", "gd", 9000, 20, 1, true, true, true, 0, 0.01, 0.2},
    {"softmax_regression", "softmax", "gd", 700, 8, 1, true, true, true, 0, 0.01, 0},
    {"softmax_regression", "softmax", "gd", 700, 8, 50, false, true, false, 0, 0, 0},
    {"svm", "hinge", "gd", 700, 30, 1, true, true, false, 0, 0.01, 0},
    {"poisson_regression", "poisson", "gd", 9000, 4, 5000, true, true, true, 0, 0.01, 0},
    {"linear_regression", "mse", "gd", 500, 6, 3, true, true, false, 0, 200, 0}, /* keeps none */
    /* updates of every weight */
    {"logistic_regression", "logistic", "gd", 900, 31, 1, true, true, true, 0.001, 0.01, 0},
    {"logistic_regression", "logistic", "adam", 900, 31, 32, true, true, true, 0, 0.01, 0},
    {"linear_regression", "mse", "lion", 500, 70, 16, false, true, false, 0, 0, 0},
    {"softmax_regression", "softmax", "amsgrad", 700, 8, 50, true, true, false, 0, 0, 0},
    {"poisson_regression", "poisson", "adadelta", 9000, 4, 5000, true, true, false, 0, 0, 0},
    /* a network, whose rows are filled in batch by batch; more columns than are taken at a time */
    {"mlp", NULL, "adam", 400, 70, 64, true, true, true, 0, 0.01, 0.2},
    {"mlp", NULL, "adam", 400, 70, FULL, false, true, false, 0, 0, 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static gd_spec spec_of(const run_kind *k, const gd_data *d)
{
    gd_spec s = spec_defaults();
    use_model(&s, k->model);
    gd_spec_settle(&s, d->classes, false);
    if (k->cost)
        use_cost(&s, k->cost);
    use_optimizer(&s, k->optimizer);
    bool finds = s.optimizer->descend ||
                 (k->batch == FULL && s.cost->smooth && !s.optimizer->customary_rate);
    s.learning_rate = finds ? GD_AUTO : s.optimizer->customary_rate ? 0.02 : 0.005;
    s.epochs = 6;
    s.tol = 0;
    s.batch_size = k->batch;
    s.standardize = k->standardize;
    s.intercept = k->intercept;
    s.gram = GD_GRAM_NEVER;
    s.l1 = k->l1;
    s.l2 = k->l2;
    if (k->validation > 0)
        s.validation_fraction = k->validation;
    return s;
}

static gd_task task_for(const char *model)
{
    return strcmp(model, "softmax_regression") == 0    ? GD_MULTICLASS
           : strcmp(model, "poisson_regression") == 0  ? GD_COUNT
           : strcmp(model, "logistic_regression") == 0 ? GD_BINARY
           : strcmp(model, "svm") == 0                 ? GD_BINARY
                                                       : GD_REGRESSION;
}

static void assert_alike(const double *got, const double *want, size_t n, const char *what)
{
    double size = 0;
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg((isnan(got[i]) && isnan(want[i])) || fabs(got[i] - want[i]) <= 1e-9 * size,
                      "%s %zu is %.17g, not %.17g", what, i, got[i], want[i]);
}

static void assert_states(const gd_train *got, const gd_train *want)
{
    const gd_state *s = gd_train_state(got), *t = gd_train_state(want);
    const double g[] = {s->cost, s->learning_rate, s->curvature},
                 w[] = {t->cost, t->learning_rate, t->curvature};
    ck_assert_uint_eq(s->epoch, t->epoch);
    for (size_t i = 0; i < 3; i++)
        assert_alike(&g[i], &w[i], 1, "cost, learning_rate, curvature:");
    assert_alike(&s->validation_cost, &t->validation_cost, 1, "validation_cost");
    assert_alike(gd_train_params(got), gd_train_params(want), gd_train_params_len(want),
                 "parameter");
    assert_alike(gd_train_center(got), gd_train_center(want), gd_train_data(want)->cols, "center");
    assert_alike(gd_train_scale(got), gd_train_scale(want), gd_train_data(want)->cols, "scale");
}

START_TEST(runs_are_those_of_rows_that_are_filled_in)
{
    const run_kind *k = &kinds[_i];
    gd_task task = task_for(k->model);
    pair p = pair_of(task, task == GD_MULTICLASS ? 3 : 2, k->rows, k->cols, 0.3, k->beside);
    gd_spec spec = spec_of(k, &p.filled);
    gd_train *a = train_begin(&p.sparse, &spec, NULL), *b = train_begin(&p.filled, &spec, NULL);
    for (gd_step step = GD_STEP_WORKING; step != GD_STEP_DONE;) {
        step = gd_train_step(a);
        ck_assert_int_eq(step, gd_train_step(b));
        assert_states(a, b);
    }
    ck_assert_uint_eq(gd_train_state(a)->epoch, 6);
    ck_assert(isfinite(gd_train_state(a)->cost));
    gd_train_free(a);
    gd_train_free(b);

    /* of single precision the values are the same, and so are the bits */
    gd_data narrow = p.sparse;
    narrow.sparse.values = NULL;
    narrow.sparse.values32 = p.singles;
    a = train_begin(&narrow, &spec, NULL);
    b = train_begin(&p.sparse, &spec, NULL);
    train_finish(a);
    train_finish(b);
    assert_same_bits(gd_train_params(a), gd_train_params(b), gd_train_params_len(a));
    gd_train_free(a);
    gd_train_free(b);
    pair_free(&p);
}
END_TEST

START_TEST(a_run_goes_on_from_its_checkpoint)
{
    pair p = pair_of(GD_BINARY, 2, 900, 12, 0.3, true);
    for (uint64_t batch = 0; batch < 6; batch += 5) {
        run_kind k = {
            "logistic_regression", "logistic", "gd", 0, 0, batch, true, true, true, 0, 0.1, 0};
        gd_spec spec = spec_of(&k, &p.sparse);
        gd_train *a = train_begin(&p.sparse, &spec, NULL), *b = train_begin(&p.sparse, &spec, NULL);
        while (gd_train_state(a)->epoch < 3)
            gd_train_step(a);
        double *saved = malloc(gd_train_save_len(a) * sizeof *saved);
        gd_train_save(a, saved);
        ck_assert_int_eq(gd_train_restore(b, saved, gd_train_save_len(a), NULL), GD_OK);
        train_finish(a);
        train_finish(b);
        assert_same_bits(gd_train_params(a), gd_train_params(b), gd_train_params_len(a));
        free(saved);
        gd_train_free(a);
        gd_train_free(b);
    }
    pair_free(&p);
}
END_TEST

/* ---- any executor ---- */

/* The last block first, in turns by three hands. */
static void backwards(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = blocks; i-- > 0;)
        fn(arg, i, i % 3);
}

START_TEST(whoever_does_the_blocks_the_bits_are_the_same)
{
    const gd_executor other = {.slots = 3, .run = backwards};
    pair p = pair_of(GD_BINARY, 2, 30000, 6, 0.4, true);
    gd_spec spec = spec_of(&kinds[9], &p.sparse);
    gd_train *a, *b;
    ck_assert_int_eq(gd_train_new(&a, &p.sparse, &spec, NULL, NULL, NULL), GD_OK);
    ck_assert_int_eq(gd_train_new(&b, &p.sparse, &spec, NULL, &other, NULL), GD_OK);
    train_finish(a);
    train_finish(b);
    assert_same_bits(gd_train_params(a), gd_train_params(b), gd_train_params_len(a));
    ck_assert(gd_train_state(a)->cost == gd_train_state(b)->cost);
    gd_train_free(a);
    gd_train_free(b);
    pair_free(&p);
}
END_TEST

/* Each table's costs give the same bits, and rows have no plain path of their own. */
START_TEST(whatever_the_kernels_are_the_bits_are_the_same)
{
    pair p = pair_of(GD_MULTICLASS, 3, 5000, 6, 0.4, true);
    gd_spec spec = spec_of(&kinds[13], &p.sparse);
    gd_train *first = train_begin(&p.sparse, &spec, NULL);
    train_finish(first);
    for (size_t i = 0; i < gd_kernels_count; i++) {
        gd_executor e = gd_executor_serial;
        e.kernels = gd_kernels_all[i];
        if (!gd_kernels_usable(e.kernels))
            continue;
        gd_train *t;
        ck_assert_int_eq(gd_train_new(&t, &p.sparse, &spec, NULL, &e, NULL), GD_OK);
        train_finish(t);
        assert_same_bits(gd_train_params(t), gd_train_params(first), gd_train_params_len(t));
        gd_train_free(t);
    }
    gd_train_free(first);
    pair_free(&p);
}
END_TEST

/* Blocks have about an entry for each column, of wide rows too, and some of those are left over. */
START_TEST(wide_rows_make_long_blocks)
{
    enum { ROWS = 40000, COLS = 20000 };
    uint64_t *starts = malloc((ROWS + 1) * sizeof *starts);
    uint32_t *columns = malloc(2 * ROWS * sizeof *columns);
    double *values = malloc(2 * ROWS * sizeof *values), *y = malloc(ROWS * sizeof *y);
    uint64_t seed = 1;
    for (size_t i = 0; i <= ROWS; i++)
        starts[i] = 2 * i;
    for (size_t i = 0; i < ROWS; i++) {
        columns[2 * i] = (uint32_t)(i % 7000);
        columns[2 * i + 1] = (uint32_t)(7000 + i % 13000);
        values[2 * i] = random_signed(&seed);
        values[2 * i + 1] = random_signed(&seed);
        y[i] = random_signed(&seed) + values[2 * i];
    }
    gd_data d = {.y = y, .rows = ROWS, .cols = COLS, .sparse = {starts, columns, values, NULL}};
    ck_assert_uint_eq(gd_data_block_rows(&d), COLS / 2);
    /* the gradient of squares, directly */
    gd_spec s = spec_defaults();
    gd_shape shape = gd_spec_shape(&s, COLS, 0);
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, &d, s.model, &shape, s.cost, &s.cost_hyper, NULL, NULL),
                     GD_OK);
    double *theta = calloc(3 * (COLS + 1), sizeof *theta), *g = theta + COLS + 1,
           *want = g + COLS + 1, cost = 0;
    for (size_t j = 0; j <= COLS; j++)
        theta[j] = random_signed(&seed);
    for (size_t i = 0; i < ROWS; i++) {
        size_t a = columns[2 * i], b = columns[2 * i + 1];
        double r = values[2 * i] * theta[a] + values[2 * i + 1] * theta[b] + theta[COLS] - y[i];
        cost += r * r / ROWS;
        want[a] += 2 * r * values[2 * i] / ROWS;
        want[b] += 2 * r * values[2 * i + 1] / ROWS;
        want[COLS] += 2 * r / ROWS;
    }
    assert_close(gd_objective_eval(o, theta, &(gd_rows){.count = ROWS}, g), cost, 1e-12);
    assert_alike(g, want, COLS + 1, "slope");
    gd_objective_free(o);
    free(starts);
    free(columns);
    free(values);
    free(y);
    free(theta);
}
END_TEST

/* ---- what else looks at rows ---- */

START_TEST(columns_are_those_of_rows_that_are_filled_in)
{
    pair p = pair_of(GD_REGRESSION, 0, 9000, 17, 0.3, false);
    gd_column got[17], want[17];
    uint32_t index[50];
    for (uint32_t i = 0; i < 50; i++)
        index[i] = (i * 179 + 3) % 9000;
    const gd_rows rows[] = {{.count = 9000}, {.first = 17, .count = 4500}, {index, 5, 40}};
    for (size_t k = 0; k < 3; k++) {
        gd_data_columns(&p.filled, &rows[k], want);
        gd_data_columns(&p.sparse, &rows[k], got);
        for (size_t j = 0; j < 17; j++) {
            ck_assert(got[j].min == want[j].min && got[j].max == want[j].max);
            assert_near(got[j].mean, want[j].mean, 1e-13 * (fabs(want[j].mean) + want[j].std));
            assert_close(got[j].std, want[j].std, 1e-13);
        }
        ck_assert_int_eq(gd_columns_by(&gd_executor_serial, &p.sparse, &rows[k], want, NULL),
                         GD_OK);
        assert_same_bits(got, want, 17);
    }
    pair_free(&p);
}
END_TEST

START_TEST(a_row_is_filled_in_where_it_is_asked_for)
{
    pair p = pair_of(GD_REGRESSION, 0, 40, 9, 0.3, false);
    double room[9];
    for (size_t i = 0; i < 40; i++) {
        ck_assert_ptr_eq(gd_data_row(&p.sparse, i, room), room);
        assert_same_bits(room, p.filled.X + 9 * i, 9);
        for (size_t j = 0; j < 9; j++)
            ck_assert(gd_data_at(&p.sparse, i, j) == room[j]);
    }
    pair_free(&p);
}
END_TEST

START_TEST(results_are_looked_at_alike)
{
    pair p = pair_of(GD_REGRESSION, 0, 500, 9, 0.4, true);
    gd_spec s = spec_defaults();
    double theta[10], got[GD_MAX_METRICS + 4] = {0}, want[GD_MAX_METRICS + 4] = {0};
    uint64_t seed = 4;
    for (size_t j = 0; j < 10; j++)
        theta[j] = random_signed(&seed);
    for (int i = 0; i < 2; i++) {
        const gd_data *d = i ? &p.sparse : &p.filled;
        double *out = i ? got : want;
        gd_metric m[GD_MAX_METRICS];
        size_t count;
        gd_shape shape = gd_spec_shape(&s, 9, 0);
        gd_rows rows = {.first = 3, .count = 480};
        ck_assert_int_eq(gd_metrics(s.model, &shape, theta, d, &rows, NULL, m, &count, NULL, NULL),
                         GD_OK);
        for (size_t k = 0; k < count; k++)
            out[k] = m[k].value;
        gd_fit fit = {.model = s.model,
                      .shape = shape,
                      .cost = s.cost,
                      .cost_hyper = &s.cost_hyper,
                      .theta = theta,
                      .data = d,
                      .rows = rows,
                      .weights = d->weights,
                      .offset = d->offset};
        gd_certificate c;
        ck_assert_int_eq(gd_certificate_find(&c, &fit, 0, NULL, NULL), GD_OK);
        out[GD_MAX_METRICS] = c.cost;
        out[GD_MAX_METRICS + 1] = c.gap;
        gd_inference *inference;
        ck_assert_int_eq(gd_inference_new(&inference, &fit, 0.95, 0, NULL, NULL), GD_OK);
        out[GD_MAX_METRICS + 2] = (double)inference->status;
        gd_inference_free(inference);
    }
    for (size_t k = 0; k < GD_MAX_METRICS + 4; k++)
        assert_alike(&got[k], &want[k], 1, "number");
    pair_free(&p);
}
END_TEST

START_TEST(the_gradient_is_the_derivative_of_the_cost)
{
    static const char *const models[] = {"linear_regression", "logistic_regression",
                                         "poisson_regression", "softmax_regression"};
    gd_task task = task_for(models[_i]);
    pair p = pair_of(task, task == GD_MULTICLASS ? 3 : 2, 300, 8, 0.3, true);
    run_kind k = {models[_i], NULL, "gd", 0, 0, FULL, true, true, true, 0, 0.1, 0};
    gd_spec spec = spec_of(&k, &p.sparse);
    gd_train *t = train_begin(&p.sparse, &spec, NULL);
    double theta[27];
    uint64_t seed = 6;
    for (size_t i = 0; i < gd_train_params_len(t); i++)
        theta[i] = 0.3 * random_signed(&seed);
    gd_check c;
    gd_error err;
    ck_assert_int_eq(gd_train_check(t, theta, 300, &c, &err), GD_OK);
    ck_assert_uint_eq(c.checked, gd_train_params_len(t));
    ck_assert_msg(c.relative_error < 1e-6, "%g", c.relative_error);
    gd_train_free(t);
    pair_free(&p);
}
END_TEST

/* With three vectors the largest eigenvalue is still found. */
START_TEST(curvature_of_very_many_columns_is_found)
{
    enum { COLS = 120000 };
    /* the columns' squares: 1, 4, 9, ..., and many of 1/100; rows of one entry each, so that the
     * Hessian is diagonal */
    uint64_t *starts = malloc((COLS + 1) * sizeof *starts);
    uint32_t *columns = malloc(COLS * sizeof *columns);
    double *values = malloc(COLS * sizeof *values), *y = calloc(COLS, sizeof *y);
    for (size_t i = 0; i < COLS; i++) {
        starts[i] = i;
        columns[i] = (uint32_t)i;
        values[i] = i < 40 ? (double)i + 1 : 0.1;
    }
    starts[COLS] = COLS;
    gd_data d = {.y = y, .rows = COLS, .cols = COLS, .sparse = {starts, columns, values, NULL}};
    gd_spec s = spec_defaults();
    gd_shape shape = {.cols = COLS, .outputs = 1};
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, &d, s.model, &shape, s.cost, &s.cost_hyper, NULL, NULL),
                     GD_OK);
    gd_curvature c;
    ck_assert_uint_eq(gd_curvature_len(COLS), 3 * (size_t)COLS);
    double *basis = malloc(gd_curvature_len(COLS) * sizeof *basis);
    gd_curvature_begin(&c, basis, COLS, COLS, COLS);
    while (!gd_curvature_step(&c, o))
        ;
    assert_close(c.largest, 2 * 1600. / COLS, 1e-6);
    free(basis);
    gd_objective_free(o);
    free(starts);
    free(columns);
    free(values);
    free(y);
}
END_TEST

START_TEST(a_model_learns_on_from_sparse_rows)
{
    pair p = pair_of(GD_BINARY, 2, 400, 10, 0.3, true);
    double center[10], scale[10], of_a[11] = {0}, of_b[11] = {0}, own[11], state[2] = {0};
    for (size_t j = 0; j < 10; j++) {
        center[j] = 0.1 * (double)j;
        scale[j] = 1 + 0.1 * (double)j;
    }
    run_kind k = {"logistic_regression", "logistic", "gd", 0, 0, 1, true, true, true, 0, 0.1, 0};
    gd_spec spec = spec_of(&k, &p.sparse);
    gd_online a = {center, scale, of_a, own, state}, b = {center, scale, of_b, own, state};
    ck_assert_int_eq(gd_online_pass(&a, &p.sparse, &spec, NULL, NULL), GD_OK);
    ck_assert_int_eq(gd_online_pass(&b, &p.filled, &spec, NULL, NULL), GD_OK);
    assert_alike(of_a, of_b, 11, "parameter");
    ck_assert_uint_eq(a.steps, 400);
    pair_free(&p);
}
END_TEST

/* ---- what goes wrong ---- */

static gd_error run_on(const double *values, const double *y)
{
    static const uint64_t starts[] = {0, 2, 3, 3, 4};
    static const uint32_t columns[] = {0, 2, 1, 2};
    gd_data d = {.y = y, .rows = 4, .cols = 3, .sparse = {starts, columns, values, NULL}};
    gd_spec s = spec_defaults();
    s.standardize = false;
    gd_train *t = train_begin(&d, &s, NULL);
    train_finish(t);
    gd_error err = *gd_train_error(t);
    gd_train_free(t);
    return err;
}

START_TEST(columns_out_of_range_are_named)
{
    const double y[] = {1, 2, 3, 4};
    gd_error err = run_on((const double[]){1, 2, -1e200, 3}, y);
    ck_assert_int_eq(err.status, GD_OVERFLOW);
    ck_assert_ptr_nonnull(strstr(err.message, "column 2 reaches 1e+200"));
    err = run_on((const double[]){0, 0, 0, 0}, y);
    ck_assert_int_eq(err.status, GD_OK); /* the intercept alone */
}
END_TEST

START_TEST(networks_take_no_more_columns_than_can_be_filled_in)
{
    const uint64_t starts[] = {0, 1};
    const uint32_t columns[] = {5};
    const double one = 1;
    gd_data d = {
        .y = &one, .rows = 1, .cols = GD_MAX_COLUMNS + 1, .sparse = {starts, columns, &one, NULL}};
    gd_spec s = spec_defaults();
    gd_train *t;
    gd_error err;
    use_model(&s, "mlp");
    gd_spec_settle(&s, 0, false);
    ck_assert_int_eq(gd_train_new(&t, &d, &s, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "model");
    use_model(&s, "linear_regression");
    d.cols = GD_MAX_SPARSE_COLUMNS + 1;
    ck_assert_int_eq(gd_train_new(&t, &d, &s, NULL, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "columns");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("sparse");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, runs_are_those_of_rows_that_are_filled_in, 0, KINDS);
    tcase_add_test(tc, a_run_goes_on_from_its_checkpoint);
    tcase_add_test(tc, whoever_does_the_blocks_the_bits_are_the_same);
    tcase_add_test(tc, whatever_the_kernels_are_the_bits_are_the_same);
    tcase_add_test(tc, wide_rows_make_long_blocks);
    tcase_add_test(tc, columns_are_those_of_rows_that_are_filled_in);
    tcase_add_test(tc, a_row_is_filled_in_where_it_is_asked_for);
    tcase_add_test(tc, results_are_looked_at_alike);
    tcase_add_loop_test(tc, the_gradient_is_the_derivative_of_the_cost, 0, 4);
    tcase_add_test(tc, curvature_of_very_many_columns_is_found);
    tcase_add_test(tc, a_model_learns_on_from_sparse_rows);
    tcase_add_test(tc, columns_out_of_range_are_named);
    tcase_add_test(tc, networks_take_no_more_columns_than_can_be_filled_in);
    return run_case(tc, "sparse");
}
