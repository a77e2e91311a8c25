/* Least squares without passes over the rows: moments against sums in long double, histories
 * against those of passes, and when it is used. */
#include "gd_eigen.h"
#include "gd_gram.h"
#include "gd_kernels.h"
#include "gd_limits.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

/* ---- moments ---- */

/* A problem of several blocks with weights, offsets and a split; any part may be left out. */
typedef struct sample {
    problem p;
    double *weights, *offset;
    uint32_t *index;
} sample;

static sample sample_of(size_t rows, size_t cols, unsigned parts, uint64_t seed)
{
    sample s = {problem_random(rows, cols, 0.7, seed)};
    s.weights = malloc(rows * sizeof(double));
    s.offset = malloc(rows * sizeof(double));
    s.index = malloc(rows * sizeof(uint32_t));
    for (size_t i = 0; i < rows; i++) {
        s.weights[i] = i % 7 == 3 ? 0 : 1 + random_signed(&seed);
        s.offset[i] = 3 * random_signed(&seed);
    }
    /* two thirds are trained on, the others validated on */
    size_t n = 0;
    for (size_t i = 0; i < rows; i++)
        if (i % 3 != 1)
            s.index[n++] = (uint32_t)i;
    size_t train = n;
    for (size_t i = 1; i < rows; i += 3)
        s.index[n++] = (uint32_t)i;
    if (parts & 1)
        s.p.data.weights = s.weights;
    if (parts & 2)
        s.p.data.offset = s.offset;
    if (parts & 4) {
        s.p.data.index = s.index;
        s.p.data.train_rows = train;
    }
    return s;
}

static void sample_free(sample *s)
{
    problem_free(&s->p);
    free(s->weights);
    free(s->offset);
    free(s->index);
}

/* 2/N sum w z_j z_k, z standing for 1 at j = cols and for t at j = cols + 1 */
static long double direct(const gd_data *d, const gd_rows *rows, const double *center,
                          const double *scale, size_t j, size_t k)
{
    long double sum = 0;
    for (size_t i = 0; i < rows->count; i++) {
        size_t row = rows->index ? rows->index[rows->first + i] : rows->first + i;
        long double z[2];
        for (int a = 0; a < 2; a++) {
            size_t at = a ? k : j;
            if (at < d->cols)
                z[a] = ((long double)d->X[row * d->cols + at] - center[at]) / scale[at];
            else if (at == d->cols)
                z[a] = 1;
            else
                z[a] = (long double)d->y[row] - (d->offset ? d->offset[row] : 0);
        }
        sum += (d->weights ? d->weights[row] : 1) * z[0] * z[1];
    }
    return 2 * sum / rows->count;
}

START_TEST(moments_are_those_of_long_double)
{
    enum { ROWS = 9000, COLS = 5, N = COLS + 1 };
    sample s = sample_of(ROWS, COLS, (unsigned)_i, 11);
    const gd_data *d = &s.p.data;
    gd_rows rows = {d->index, 0, d->train_rows ? d->train_rows : ROWS};
    gd_gram *g;
    ck_assert_int_eq(gd_gram_new(&g, d, NULL, NULL), GD_OK);
    ck_assert(gd_gram_pass(g, &rows));
    gd_column columns[COLS], want[COLS];
    double center[COLS], scale[COLS], H[N * N], b[N];
    gd_columns(d->X, &rows, COLS, want);
    if (!d->weights) {
        gd_gram_columns(g, columns);
        for (int j = 0; j < COLS; j++) {
            ck_assert_double_eq(columns[j].min, want[j].min);
            ck_assert_double_eq(columns[j].max, want[j].max);
            assert_near(columns[j].mean, want[j].mean, 1e-14 * (fabs(want[j].mean) + want[j].std));
            assert_close(columns[j].std, want[j].std, 1e-13);
        }
    }
    gd_scaling(want, COLS, true, center, scale);
    for (int intercept = 0; intercept < 2; intercept++) {
        size_t n = COLS + (size_t)intercept;
        gd_gram_normal(g, intercept, center, scale, H, b);
        for (size_t j = 0; j < n; j++) {
            for (size_t k = 0; k < n; k++)
                assert_near(H[j * n + k], (double)direct(d, &rows, center, scale, j, k), 1e-13);
            assert_near(b[j], (double)direct(d, &rows, center, scale, j, COLS + 1),
                        1e-13 * fabs((double)direct(d, &rows, center, scale, COLS, COLS + 1)) +
                            1e-12);
        }
    }
    gd_gram_free(g);
    sample_free(&s);
}
END_TEST

/* A mean 1e9 times the spread, which the rows that are sampled for the shift do not show. */
START_TEST(a_large_mean_costs_no_digits)
{
    enum { ROWS = 5000 };
    double *x = malloc(ROWS * sizeof *x), *y = malloc(ROWS * sizeof *y);
    uint64_t seed = 5;
    for (size_t i = 0; i < ROWS; i++) {
        x[i] = 1e9 + (i % 2 ? 3 : -3) * (i > 0) - (i == 0) * 1e9;
        y[i] = random_signed(&seed);
    }
    x[0] = 1e9;
    problem p = problem_of(x, y, ROWS, 1);
    gd_gram *g;
    gd_column c;
    ck_assert_int_eq(gd_gram_new(&g, &p.data, NULL, NULL), GD_OK);
    ck_assert(gd_gram_pass(g, &(gd_rows){.count = ROWS}));
    gd_gram_columns(g, &c);
    assert_close(c.std, 3 * sqrt((double)(ROWS - 1) / ROWS), 1e-7);
    gd_gram_free(g);
    problem_free(&p);
    free(x);
    free(y);
}
END_TEST

START_TEST(the_fast_loops_agree_with_the_portable_ones)
{
    enum { ROWS = 61, COLS = 21, WIDTH = 24 };
    double rows[ROWS][COLS], shift[COLS], tile[2][ROWS * WIDTH], low[2][COLS], high[2][COLS];
    double sums[2][WIDTH * WIDTH];
    const double *at[ROWS];
    uint64_t seed = 17;
    memset(tile, 0, sizeof tile);
    memset(sums, 0, sizeof sums);
    for (int i = 0; i < ROWS; i++) {
        at[i] = rows[i];
        for (int j = 0; j < COLS; j++)
            rows[i][j] = random_signed(&seed);
    }
    for (int j = 0; j < COLS; j++) {
        shift[j] = random_signed(&seed);
        low[0][j] = low[1][j] = INFINITY;
        high[0][j] = high[1][j] = -INFINITY;
    }
    const gd_gram_kernels *k[2] = {&gd_gram_portable, gd_kernels_best()->gram};
    for (int v = 0; v < 2; v++) {
        k[v]->load(at, ROWS, COLS, shift, tile[v], WIDTH, low[v], high[v]);
        k[v]->add(tile[v], ROWS, WIDTH, sums[v], tile[v], 0);
    }
    assert_same_bits(tile[0], tile[1], ROWS * WIDTH);
    assert_same_bits(low[0], low[1], COLS);
    assert_same_bits(high[0], high[1], COLS);
    for (int i = 0; i < COLS; i++)
        for (int j = i; j < COLS; j++) {
            long double want = 0;
            for (int r = 0; r < ROWS; r++)
                want += (long double)tile[0][r * WIDTH + i] * tile[0][r * WIDTH + j];
            assert_near(sums[0][i * WIDTH + j], (double)want, 1e-13);
            assert_near(sums[1][i * WIDTH + j], (double)want, 1e-13);
        }
    for (int j = 0; j < COLS; j++) {
        double least = INFINITY, most = -INFINITY;
        for (int i = 0; i < ROWS; i++) {
            least = fmin(least, rows[i][j]);
            most = fmax(most, rows[i][j]);
        }
        ck_assert_double_eq(low[0][j], least);
        ck_assert_double_eq(high[0][j], most);
    }
}
END_TEST

/* ---- eigenvectors ---- */

/* The second difference, whose eigenvalues are 2 - 2 cos(pi k / (n + 1)), and some others. */
START_TEST(eigenvectors_diagonalise)
{
    enum { MOST = 60 };
    static double a[MOST * MOST], copy[MOST * MOST], v[MOST * MOST], values[MOST], work[2 * MOST];
    uint64_t seed = 3;
    for (size_t n = 1; n <= MOST; n = n < 6 ? n + 1 : 2 * n - 1)
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j <= i; j++) {
                    double x = i == j ? 2 : i == j + 1 ? -1 : 0;
                    if (kind > 0)
                        x = random_signed(&seed);
                    if (kind == 2 && (i == n / 2 || j == n / 2))
                        x = 0;
                    a[i * n + j] = a[j * n + i] = x;
                }
            memcpy(copy, a, sizeof a);
            ck_assert(gd_eigen_ql(copy, n, values, v, work));
            double largest = 0;
            for (size_t k = 0; k < n; k++) {
                largest = fmax(largest, values[k]);
                for (size_t i = 0; i < n; i++) {
                    double sum = -values[k] * v[k * n + i], dot = -(double)(i == k);
                    for (size_t j = 0; j < n; j++) {
                        sum += a[i * n + j] * v[k * n + j];
                        dot += v[i * n + j] * v[k * n + j];
                    }
                    assert_near(sum, 0, 1e-13);
                    assert_near(dot, 0, 1e-13);
                }
            }
            if (kind == 0)
                assert_close(largest, 2 + 2 * cos(3.14159265358979323846 / (double)(n + 1)), 1e-14);
        }
}
END_TEST

/* ---- histories ---- */

enum { MOST_EPOCHS = 400, MOST_PARAMS = 24 };

typedef struct history {
    gd_state states[MOST_EPOCHS + 1], end;
    double theta[MOST_PARAMS], gradient[MOST_PARAMS];
    bool quadratic;
} history;

static history *follow(const gd_data *d, const gd_spec *spec, int gram, const double *initial,
                       const gd_executor *executor)
{
    history *h = calloc(1, sizeof *h);
    gd_spec s = *spec;
    gd_train *t;
    gd_error err;
    s.gram = gram;
    ck_assert_msg(gd_train_new(&t, d, &s, initial, executor, &err) == GD_OK, "%s", err.message);
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE)
        if (step == GD_STEP_EPOCH)
            h->states[gd_train_state(t)->epoch] = *gd_train_state(t);
    h->end = *gd_train_state(t);
    memcpy(h->theta, gd_train_params(t), gd_train_params_len(t) * sizeof(double));
    memcpy(h->gradient, gd_train_gradient(t), gd_train_params_len(t) * sizeof(double));
    h->quadratic = gd_train_quadratic(t);
    gd_train_free(t);
    return h;
}

/* The same to 1e-9; what has fallen to rounding in passes is compared with that. */
static void assert_same_history(const history *got, const history *want, const char *what,
                                double noise)
{
    double gradient = (noise > 0 ? noise : 1e-12) * want->states[0].gradient_norm;
    double cost = 1e-15 * want->states[0].cost;
    ck_assert_msg(got->end.epoch == want->end.epoch && got->end.stop == want->end.stop,
                  "%s: ended at epoch %lu by %s, not %lu by %s", what,
                  (unsigned long)got->end.epoch, gd_stop_name(got->end.stop),
                  (unsigned long)want->end.epoch, gd_stop_name(want->end.stop));
    for (size_t e = 0; e <= want->end.epoch; e++) {
        const gd_state *a = &got->states[e], *b = &want->states[e];
        ck_assert_msg(fabs(a->cost - b->cost) <= 1e-9 * b->cost + cost,
                      "%s, epoch %zu: cost %.17g, not %.17g", what, e, a->cost, b->cost);
        ck_assert_msg(fabs(a->gradient_norm - b->gradient_norm) <= 1e-9 * b->gradient_norm + gradient,
                      "%s, epoch %zu: gradient %.17g, not %.17g", what, e, a->gradient_norm,
                      b->gradient_norm);
        assert_close(a->learning_rate, b->learning_rate, 1e-9);
        if (isnan(b->validation_cost))
            ck_assert(isnan(a->validation_cost));
        else
            assert_near(a->validation_cost, b->validation_cost, 1e-9 * b->validation_cost + cost);
    }
}

typedef struct kind {
    const char *name, *optimizer, *schedule;
    unsigned parts; /* of sample_of */
    double rate, l1, l2, tol;
    bool raw, no_intercept, bounded, from_afar;
    double noise; /* of gradients that have vanished, as a share of the first; 0: 1e-12 */
} kind;

static const kind kinds[] = {
    {"gd by curvature", "gd"},
    {"gd", "gd", .rate = 0.1},
    {"gd with l2", "gd", .rate = 0.1, .l2 = 0.3},
    {"momentum", "momentum", .rate = 0.02},
    {"momentum by curvature", "momentum", .l2 = 0.01},
    {"nesterov", "nesterov", .rate = 0.05, .l2 = 0.1},
    {"weights", "gd", .parts = 1, .rate = 0.1},
    {"offset", "momentum", .parts = 2, .rate = 0.05},
    {"validation", "gd", .parts = 4, .rate = 0.1},
    {"all of them", "nesterov", .parts = 7, .rate = 0.05, .l2 = 0.2},
    {"as it is", "gd", .raw = true},
    {"as it is, no intercept", "momentum", .raw = true, .no_intercept = true},
    {"no intercept", "gd", .no_intercept = true, .l2 = 0.1},
    {"weights, no intercept", "momentum", .parts = 1, .raw = true, .no_intercept = true, .l2 = 0.1},
    {"weights, no intercept, scaled", "nesterov", .parts = 1, .rate = 0.02, .no_intercept = true},
    {"a start", "gd", .rate = 0.1, .from_afar = true},
    {"until it settles", "gd", .tol = 1e-7},
    {"until it settles, with momentum", "momentum", .rate = 0.02, .tol = 1e-7},
    {"l1", "gd", .rate = 0.1, .l1 = 0.2},
    {"l1 and momentum", "momentum", .parts = 5, .rate = 0.02, .l1 = 0.2, .l2 = 0.1},
    {"bounds", "gd", .rate = 0.1, .bounded = true},
    {"adam", "adam", .rate = 0.05},
    {"rmsprop", "rmsprop", .parts = 3, .rate = 0.05, .noise = 1e-8},
    {"step", "gd", "step"},
    {"exponential", "gd", "exponential", .rate = 0.1},
    {"cosine", "momentum", "cosine", .rate = 0.05},
    {"one cycle", "nesterov", "one_cycle", .rate = 0.05},
    {"plateau", "gd", "reduce_on_plateau", .rate = 0.2},
    {"warm-up", "gd", "linear_warmup", .rate = 0.2},
};
#define KINDS (int)(sizeof kinds / sizeof kinds[0])

static gd_spec spec_of(const kind *k, size_t cols, double *lower)
{
    gd_spec spec = spec_defaults();
    use_optimizer(&spec, k->optimizer);
    if (k->schedule)
        use_schedule(&spec, k->schedule);
    spec.learning_rate = k->rate;
    spec.l1 = k->l1;
    spec.l2 = k->l2;
    spec.tol = k->tol;
    spec.epochs = 150;
    spec.standardize = !k->raw;
    spec.intercept = !k->no_intercept;
    for (size_t j = 0; j < cols; j++)
        lower[j] = j == 1 ? 0.5 : -INFINITY;
    if (k->bounded)
        spec.lower = lower;
    return spec;
}

START_TEST(the_history_is_that_of_passes)
{
    enum { ROWS = 5000, COLS = 6 };
    const kind *k = &kinds[_i];
    double lower[COLS], afar[COLS + 1] = {30, -20, 10, 5, 2, 1, -100};
    sample s = sample_of(ROWS, COLS, k->parts, 29);
    if (k->raw) /* of one size: otherwise it is for passes */
        for (size_t i = 0; i < ROWS * COLS; i++)
            s.p.rows[i] = fmod(s.p.rows[i], 1);
    gd_spec spec = spec_of(k, COLS, lower);
    const double *initial = k->from_afar ? afar : NULL;
    history *got = follow(&s.p.data, &spec, GD_GRAM_ALWAYS, initial, NULL);
    history *want = follow(&s.p.data, &spec, GD_GRAM_NEVER, initial, NULL);
    ck_assert_msg(got->quadratic, "%s: not used", k->name);
    ck_assert(!want->quadratic);
    assert_same_history(got, want, k->name, k->noise);
    for (size_t i = 0; i < (size_t)COLS + spec.intercept; i++)
        assert_near(got->theta[i], want->theta[i],
                    (k->noise > 0 ? 1e-7 : 1e-9) * (1 + fabs(want->theta[i])));
    free(got);
    free(want);
    sample_free(&s);
}
END_TEST

START_TEST(a_divergence_is_the_same_too)
{
    problem p = problem_random(300, 3, 0.5, 31);
    gd_spec spec = spec_defaults();
    spec.learning_rate = 1.5;
    history *got = follow(&p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    history *want = follow(&p.data, &spec, GD_GRAM_NEVER, NULL, NULL);
    ck_assert(got->quadratic);
    ck_assert_int_eq(got->end.stop, GD_STOP_DIVERGED);
    assert_same_history(got, want, "diverged", 0);
    assert_close(got->end.max_stable_rate, want->end.max_stable_rate, 1e-9);
    ck_assert_uint_eq(got->end.finite_epoch, want->end.finite_epoch);
    ck_assert_uint_eq(got->end.best_epoch, want->end.best_epoch);
    free(got);
    free(want);
    problem_free(&p);
}
END_TEST

/* J* is 1e-16 of the variance of y: from sums of squares no digit of it would be left. */
START_TEST(a_fit_that_is_nearly_perfect_has_the_cost_of_passes)
{
    problem p = problem_random(6000, 4, 1e-7, 37);
    gd_spec spec = spec_defaults();
    spec.epochs = MOST_EPOCHS;
    spec.tol = 0;
    history *got = follow(&p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    history *want = follow(&p.data, &spec, GD_GRAM_NEVER, NULL, NULL);
    ck_assert(got->quadratic);
    ck_assert_double_lt(want->end.cost, 1e-13 * want->states[0].cost);
    assert_close(got->end.cost, want->end.cost, 1e-9);
    free(got);
    free(want);
    problem_free(&p);
}
END_TEST

START_TEST(parameters_are_those_of_least_squares)
{
    problem p = problem_random(6000, 5, 0.3, 41);
    gd_spec spec = spec_defaults();
    spec.epochs = 100000;
    spec.tol = 0;
    spec.gram = GD_GRAM_ALWAYS;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_step_until(t, UINT64_MAX) != GD_STEP_DONE)
        ;
    double want[6], got[6];
    least_squares(&p.data, true, want);
    gd_train_params_unscaled(t, got);
    ck_assert(gd_train_quadratic(t));
    for (int i = 0; i < 6; i++)
        assert_close(got[i], want[i], 1e-12);
    assert_close(gd_train_state(t)->cost, direct_mse(&p.data, true, want), 1e-13);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

/* ---- where it is not to be trusted ---- */

/* Features x, x^2, ..., which are nearly dependent when they are not scaled (Wampler), and when
 * they are: the columns of a Hilbert matrix. */
START_TEST(ill_conditioned_data_is_passed_over)
{
    enum { ROWS = 21, COLS = 5 };
    double x[ROWS * COLS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        y[i] = 1;
        for (int j = 0; j < COLS; j++) {
            x[i * COLS + j] = _i == 0 ? pow(i, j + 1) : 1.0 / (i + j + 1);
            y[i] += x[i * COLS + j];
        }
    }
    problem p = problem_of(x, y, ROWS, COLS);
    gd_spec spec = spec_defaults();
    spec.standardize = _i != 0;
    spec.epochs = 50;
    history *got = follow(&p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    history *want = follow(&p.data, &spec, GD_GRAM_NEVER, NULL, NULL);
    ck_assert(!got->quadratic);
    assert_same_history(got, want, "ill-conditioned", 0);
    free(got);
    free(want);
    problem_free(&p);
}
END_TEST

START_TEST(longley_holds_or_is_passed_over)
{
    problem p = problem_nist("longley.csv");
    gd_spec spec = spec_defaults();
    spec.standardize = _i != 0;
    spec.tol = 0;
    spec.epochs = MOST_EPOCHS;
    history *got = follow(&p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    history *want = follow(&p.data, &spec, GD_GRAM_NEVER, NULL, NULL);
    ck_assert_int_eq(got->quadratic, _i != 0);
    assert_same_history(got, want, "longley", 0);
    free(got);
    free(want);
    problem_free(&p);
}
END_TEST

/* Dependent columns: zeros of the Hessian are zeros, and nothing moves along them. */
START_TEST(dependent_and_constant_columns_are_no_obstacle)
{
    enum { ROWS = 500, COLS = 4 };
    problem p = problem_random(ROWS, COLS, 0.5, 43);
    for (int i = 0; i < ROWS; i++) {
        p.rows[i * COLS + 2] = p.rows[i * COLS] - 2 * p.rows[i * COLS + 1];
        p.rows[i * COLS + 3] = 7;
    }
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 300;
    double initial[COLS + 1] = {1, 2, 3, 0, 5};
    history *got = follow(&p.data, &spec, GD_GRAM_ALWAYS, _i ? initial : NULL, NULL);
    history *want = follow(&p.data, &spec, GD_GRAM_NEVER, _i ? initial : NULL, NULL);
    ck_assert(got->quadratic);
    assert_same_history(got, want, "dependent columns", 0);
    for (int i = 0; i <= COLS; i++)
        assert_near(got->theta[i], want->theta[i], 1e-10 * (1 + fabs(want->theta[i])));
    ck_assert_double_eq(got->theta[3], 0);
    free(got);
    free(want);
    problem_free(&p);
}
END_TEST

START_TEST(the_choice_follows_the_work)
{
    /* a pass for the moments is worth it for many epochs, not for one or two */
    ck_assert(gd_gram_pays(1e6, 21, 1000, true));
    ck_assert(gd_gram_pays(1e6, 21, 20, true));
    ck_assert(!gd_gram_pays(1e6, 21, 2, true));
    /* 300 parameters cost dozens of epochs to set up */
    ck_assert(!gd_gram_pays(1e6, 300, 20, true));
    ck_assert(gd_gram_pays(1e6, 300, 1000, true));
    /* with fewer rows than parameters their matrix is larger than the data */
    ck_assert(!gd_gram_pays(100, 300, 1000, false));
    ck_assert(gd_gram_pays(100, 3, 1000, true));
    /* and it is asked */
    problem p = problem_random(3000, 3, 0.5, 47);
    for (int i = 0; i < 3; i++) {
        gd_spec spec = spec_defaults();
        spec.epochs = i == 0 ? 1 : 100;
        if (i == 2)
            spec.batch_size = 100;
        history *h = follow(&p.data, &spec, GD_GRAM_AUTO, NULL, NULL);
        ck_assert_int_eq(h->quadratic, i == 1);
        free(h);
    }
    problem_free(&p);
}
END_TEST

/* ---- bits ---- */

static void run_odd_first(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 1 - half; i < blocks; i += 2)
            fn(arg, i, (i + half) % 3);
}

START_TEST(any_executor_gives_the_bits_of_the_serial_one)
{
    sample s = sample_of(6 * GD_BLOCK_ROWS + 5, 3, (unsigned)_i, 53);
    gd_spec spec = spec_defaults();
    const gd_executor odd = {.slots = 3, .run = run_odd_first};
    spec.epochs = 30;
    history *serial = follow(&s.p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    history *other = follow(&s.p.data, &spec, GD_GRAM_ALWAYS, NULL, &odd);
    ck_assert(serial->quadratic);
    ck_assert_mem_eq(serial, other, sizeof *serial);
    free(serial);
    free(other);
    sample_free(&s);
}
END_TEST

/* Each kind, saved after so many epochs and taken up again, in steps of several epochs. */
START_TEST(neither_checkpoints_nor_longer_steps_change_a_bit)
{
    const kind *k = &kinds[_i];
    enum { COLS = 4, LEN = 400 };
    double lower[COLS], saved[LEN], again[LEN];
    sample s = sample_of(600, COLS, k->parts, 59);
    if (k->raw)
        for (size_t i = 0; i < 600 * COLS; i++)
            s.p.rows[i] = fmod(s.p.rows[i], 1);
    gd_spec spec = spec_of(k, COLS, lower);
    spec.gram = GD_GRAM_ALWAYS;
    history *whole = follow(&s.p.data, &spec, GD_GRAM_ALWAYS, NULL, NULL);
    for (uint64_t stride = 1; stride < 100; stride = 3 * stride + 1) {
        gd_train *t = train_begin(&s.p.data, &spec, NULL);
        for (gd_step step; step = gd_train_step_until(t, gd_train_state(t)->epoch + stride),
                           step != GD_STEP_DONE;) {
            if (step != GD_STEP_EPOCH)
                continue;
            const gd_state *a = gd_train_state(t), *b = &whole->states[a->epoch];
            ck_assert_msg(a->cost == b->cost && a->gradient_norm == b->gradient_norm &&
                              a->best_cost == b->best_cost && a->best_epoch == b->best_epoch,
                          "%s: another epoch %lu", k->name, (unsigned long)a->epoch);
            const gd_state *best = &whole->states[a->best_epoch];
            const gd_point *point = gd_train_best(t);
            ck_assert_uint_eq(point->epoch, a->best_epoch);
            ck_assert_double_eq(point->cost, best->cost);
            ck_assert_double_eq(point->gradient_norm, best->gradient_norm);
            ck_assert_double_eq(point->learning_rate, best->learning_rate);
            gd_train *u = train_begin(&s.p.data, &spec, NULL);
            size_t len = gd_train_save_len(t);
            ck_assert_uint_le(len, LEN);
            gd_train_save(t, saved);
            ck_assert_int_eq(gd_train_restore(u, saved, len, NULL), GD_OK);
            gd_train_save(u, again);
            ck_assert_msg(memcmp(saved, again, len * sizeof *saved) == 0,
                          "%s: a checkpoint that differs", k->name);
            gd_train_free(t);
            t = u;
        }
        assert_same_bits(gd_train_params(t), whole->theta, gd_train_params_len(t));
        gd_train_free(t);
    }
    free(whole);
    sample_free(&s);
}
END_TEST

/* An executor that is asked to leave after so many questions. */
static bool enough(void *ctx)
{
    long *left = ctx;
    return (*left)-- <= 0;
}

static void run_in_turn(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    for (size_t i = 0; i < blocks; i++)
        fn(arg, i, 0);
}

START_TEST(a_pass_for_the_moments_can_be_broken_off)
{
    sample s = sample_of(3 * GD_BLOCK_ROWS, 2, 4, 61);
    gd_spec spec = spec_defaults();
    spec.gram = GD_GRAM_ALWAYS;
    int broken = 0;
    for (long k = 0; k < 40; k++) {
        long left = k;
        const gd_executor executor = {1, run_in_turn, &left, enough};
        gd_train *t;
        ck_assert_int_eq(gd_train_new(&t, &s.p.data, &spec, NULL, &executor, NULL), GD_OK);
        while (gd_train_step(t) != GD_STEP_DONE)
            ;
        if (gd_train_interrupted(t)) {
            broken++;
            ck_assert_int_eq(gd_train_step(t), GD_STEP_DONE);
            gd_train_finish(t, GD_STOP_REQUESTED);
            ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_REQUESTED);
            ck_assert(isnan(gd_train_state(t)->cost));
            ck_assert_double_eq(gd_train_params(t)[0], 0);
        }
        gd_train_free(t);
    }
    ck_assert_int_gt(broken, 3);
    ck_assert_int_lt(broken, 40);
    sample_free(&s);
}
END_TEST

/* ---- steps ---- */

START_TEST(a_step_never_runs_beyond_what_is_asked_for)
{
    problem p = problem_random(200, 2, 0.5, 67);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = 1000000000;
    spec.gram = GD_GRAM_ALWAYS;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    while (gd_train_step(t) != GD_STEP_EPOCH)
        ;
    ck_assert_uint_eq(gd_train_state(t)->epoch, 0);
    ck_assert_int_eq(gd_train_step_until(t, 50), GD_STEP_EPOCH);
    ck_assert_uint_eq(gd_train_state(t)->epoch, 50);
    ck_assert_int_eq(gd_train_step_until(t, 50), GD_STEP_EPOCH); /* one at least */
    ck_assert_uint_eq(gd_train_state(t)->epoch, 51);
    /* its work is bounded */
    ck_assert_int_eq(gd_train_step_until(t, UINT64_MAX), GD_STEP_EPOCH);
    ck_assert_uint_gt(gd_train_state(t)->epoch, 1000);
    ck_assert_uint_le(gd_train_state(t)->epoch, 51 + GD_STEP_WORK);
    gd_train_finish(t, GD_STOP_REQUESTED);
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_REQUESTED);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *moments = tcase_create("moments"), *histories = tcase_create("histories"),
          *bits = tcase_create("bits");
    tcase_add_loop_test(moments, moments_are_those_of_long_double, 0, 8);
    tcase_add_test(moments, a_large_mean_costs_no_digits);
    tcase_add_test(moments, the_fast_loops_agree_with_the_portable_ones);
    tcase_add_test(moments, eigenvectors_diagonalise);
    tcase_add_loop_test(histories, the_history_is_that_of_passes, 0, KINDS);
    tcase_add_test(histories, a_divergence_is_the_same_too);
    tcase_add_test(histories, a_fit_that_is_nearly_perfect_has_the_cost_of_passes);
    tcase_add_test(histories, parameters_are_those_of_least_squares);
    tcase_add_loop_test(histories, ill_conditioned_data_is_passed_over, 0, 2);
    tcase_add_loop_test(histories, longley_holds_or_is_passed_over, 0, 2);
    tcase_add_loop_test(histories, dependent_and_constant_columns_are_no_obstacle, 0, 2);
    tcase_add_test(histories, the_choice_follows_the_work);
    tcase_add_loop_test(bits, any_executor_gives_the_bits_of_the_serial_one, 0, 8);
    tcase_add_loop_test(bits, neither_checkpoints_nor_longer_steps_change_a_bit, 0, KINDS);
    tcase_add_test(bits, a_pass_for_the_moments_can_be_broken_off);
    tcase_add_test(bits, a_step_never_runs_beyond_what_is_asked_for);
    TCase *const cases[] = {moments, histories, bits};
    for (int i = 0; i < 3; i++)
        tcase_set_timeout(cases[i], 120);
    return run_cases(cases, 3, "gram");
}
