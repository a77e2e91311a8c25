/* Kernels of every instruction set that this processor has: their functions against long double,
 * their passes against the plain path, and all of them against each other, to the bit. */
#include "gd_limits.h"
#include "gd_objective.h"
#include "problems.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- functions ---- */

/* Errors are in units of the last place of what is right. */
#define MOST_ULP 1.5

static double off_by(double got, long double want)
{
    if (isnan(want))
        return isnan(got) ? 0 : INFINITY;
    if (fabsl(want) > (long double)DBL_MAX * (1 + (long double)DBL_EPSILON / 4))
        return got == (want > 0 ? INFINITY : -INFINITY) ? 0 : INFINITY;
    if ((double)want == got)
        return 0;
    if (!isfinite(got))
        return INFINITY;
    int exponent;
    frexpl(want, &exponent);
    long double unit = ldexpl(1, exponent - DBL_MANT_DIG > -1074 ? exponent - DBL_MANT_DIG : -1074);
    return (double)(fabsl(got - want) / unit);
}

typedef struct function {
    const char *name;
    size_t at; /* in a gd_kernels */
    long double (*right)(long double);
    double from, to;
} function;

static const function functions[] = {
    {"exp", offsetof(gd_kernels, exp), expl, -760, 760},
    {"expm1", offsetof(gd_kernels, expm1), expm1l, -100, 0},
    {"log", offsetof(gd_kernels, log), logl, 0, 1e6},
    {"log1p", offsetof(gd_kernels, log1p), log1pl, 0, 1e6},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

typedef void mapping(const double *x, double *out, size_t n);

static void try_all(const gd_kernels *k, const function *f, const double *x, size_t n)
{
    mapping *map = *(mapping *const *)((const char *)k + f->at);
    double *got = calloc(n, sizeof *got), worst = 0;
    map(x, got, n);
    for (size_t i = 0; i < n; i++) {
        double off = off_by(got[i], f->right((long double)x[i]));
        worst = fmax(worst, off);
        ck_assert_msg(off <= MOST_ULP, "%s of %s: %a gives %a, off by %g", f->name, k->name, x[i],
                      got[i], off);
    }
    free(got);
}

static const double extremes[] = {0, -0.0, DBL_MIN, -DBL_MIN, 4.9e-324, -4.9e-324, 1e-310, -1e-310,
                                  DBL_EPSILON, -DBL_EPSILON, 1e-300, -1e-300, 1, -1, 0.5, 2, DBL_MAX,
                                  -DBL_MAX, INFINITY, -INFINITY, NAN, 709.78271289338397,
                                  709.78271289338409, 710, 711, -708.39641853226408, -708.5, -745.13,
                                  -745.13321910194122, -745.2, -746, -747, -37, -60, -61, 0.34657,
                                  -0.34657, 0.34658, -0.34658, 0.70710678118654746,
                                  0.70710678118654757, 1.4142135623730949, 1.4142135623730951};

START_TEST(functions_are_exact_to_the_last_place_or_two)
{
    const gd_kernels *k = gd_kernels_all[_i / FUNCTIONS];
    const function *f = &functions[_i % FUNCTIONS];
    if (!k->scores || !gd_kernels_usable(k))
        return;
    enum { DENSE = 200000, RANDOM = 200000 };
    size_t n = 0;
    double *x = calloc(DENSE + RANDOM + 64, sizeof *x);
    uint64_t seed = 11;
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        if (!(extremes[i] < f->from && f->from == 0) && !(extremes[i] > 0 && f->to == 0))
            x[n++] = extremes[i];
    for (int i = 0; i <= DENSE; i++)
        x[n++] = f->from + (f->to - f->from) * i / DENSE;
    for (int i = 0; i < RANDOM; i++) { /* of all sizes */
        double size = exp2(1074 * random_signed(&seed)), r = fabs(random_signed(&seed));
        x[n++] = (f->to <= 0 ? -1 : f->from >= 0 || i % 2 ? 1 : -1) * r * size;
    }
    try_all(k, f, x, n);
    free(x);
}
END_TEST

/* ---- passes ---- */

enum { MAX_COLS = 600 };

typedef struct scene {
    problem p;
    double *weights, *offset, *theta, *center, *scale;
    uint32_t *index;
    gd_shape shape;
    const gd_model *model;
    const gd_cost *cost;
    gd_hyper hyper;
    gd_rows rows;
    bool scaled;
    size_t n;
} scene;

static const char *model_for(const gd_cost *c)
{
    return c->fast == GD_FAST_SOFTMAX          ? "softmax_regression"
           : c->tasks & GD_COUNT               ? "poisson_regression"
           : c->tasks & GD_REGRESSION          ? "linear_regression"
           : strcmp(c->name, "logistic") == 0 ? "logistic_regression"
                                               : "svm";
}

/* What is drawn by `seed`: weights (some of them 0), offsets, scales, intercepts, which rows. */
static scene scene_of(const gd_cost *cost, size_t rows, size_t cols, uint64_t seed)
{
    scene s = {.cost = cost, .model = gd_model_find(model_for(cost))};
    size_t outputs = cost->fast == GD_FAST_SOFTMAX ? 2 + seed % 4 : 1;
    s.p = problem_for(s.model->task, outputs > 1 ? outputs : 2, rows, cols, seed);
    uint64_t with = seed / 3;
    s.shape = (gd_shape){.cols = cols, .intercept = with & 1, .outputs = outputs};
    s.n = s.model->params_len(&s.shape);
    s.weights = calloc(rows, sizeof(double));
    s.offset = calloc(rows, sizeof(double));
    s.index = calloc(rows, sizeof *s.index);
    s.theta = calloc(s.n, sizeof(double));
    s.center = calloc(cols, sizeof(double));
    s.scale = calloc(cols, sizeof(double));
    gd_param_defaults(&s.hyper, cost->params, cost->params_count);
    for (size_t i = 0; i < rows; i++) {
        s.weights[i] = i % 5 == 3 ? 0 : 1 + random_signed(&seed);
        s.offset[i] = random_signed(&seed);
        s.index[i] = (uint32_t)((i * 7 + 3) % rows);
    }
    if (with & 2)
        s.p.data.weights = s.weights;
    if (with & 4)
        s.p.data.offset = s.offset;
    s.scaled = with & 8;
    for (size_t j = 0; j < cols; j++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < rows; i++) {
            sum += s.p.rows[i * cols + j] / (double)rows;
            square += s.p.rows[i * cols + j] * s.p.rows[i * cols + j] / (double)rows;
        }
        s.center[j] = with & 16 ? sum : 0;
        s.scale[j] = sqrt(square) + 0.5;
    }
    double width = 0;
    for (size_t j = 0; j < cols; j++)
        width += s.scaled ? 1 : s.scale[j] * s.scale[j];
    for (size_t j = 0; j < s.n; j++)
        s.theta[j] = random_signed(&seed) / sqrt(width);
    size_t first = rows / 5;
    s.rows = with & 32 ? (gd_rows){s.index, first, rows - first} : (gd_rows){NULL, first, rows - first};
    return s;
}

static void scene_free(scene *s)
{
    problem_free(&s->p);
    free(s->weights);
    free(s->offset);
    free(s->index);
    free(s->theta);
    free(s->center);
    free(s->scale);
}

static gd_objective *objective_of(const scene *s, gd_executor *executor, const gd_kernels *k)
{
    gd_objective *o;
    *executor = gd_executor_serial;
    executor->kernels = k;
    ck_assert_int_eq(gd_objective_new(&o, &s->p.data, s->model, &s->shape, s->cost, &s->hyper,
                                      executor, NULL),
                     GD_OK);
    if (s->scaled)
        gd_objective_scale(o, s->center, s->scale);
    gd_objective_over(o, &s->rows);
    return o;
}

typedef struct outcome {
    double cost, cost_alone, gradient[6 * MAX_COLS], product[MAX_COLS + 1];
} outcome;

static void run(const scene *s, const gd_kernels *k, outcome *out)
{
    gd_executor executor;
    gd_objective *o = objective_of(s, &executor, k);
    memset(out, 0, sizeof *out);
    out->cost = gd_objective_eval(o, s->theta, &s->rows, out->gradient);
    out->cost_alone = gd_objective_eval(o, s->theta, &s->rows, NULL);
    gd_objective_hessian_product(o, s->theta, out->product);
    gd_objective_free(o);
}

/* Each gradient is a mean of values as large as its length, or so. */
static void assert_vectors_close(const double *got, const double *want, size_t n, double rel)
{
    double size = 0;
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        assert_near(got[i], want[i], rel * (size + 1e-300));
}

static const size_t widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 25, 31, 32, 33, 39, 40,
                                41, 63, 64, 65, 100, 128, 129, 200, 255, 257, 511, 600};
enum { WIDTHS = sizeof widths / sizeof widths[0] };

START_TEST(passes_are_those_of_the_plain_path_and_the_same_for_all)
{
    static outcome plain, first, got;
    const gd_cost *cost = gd_costs[_i];
    for (size_t w = 0; w < WIDTHS; w++) {
        uint64_t seed = w * 5 + 13 * (uint64_t)_i + (w % 2 ? 64 : 1);
        scene s = scene_of(cost, 20 + (w * 37) % 900, widths[w], seed);
        run(&s, gd_kernels_find("plain"), &plain);
        bool any = false;
        for (size_t k = 0; k < gd_kernels_count; k++) {
            const gd_kernels *kernels = gd_kernels_all[k];
            if (!kernels->scores || !gd_kernels_usable(kernels))
                continue;
            run(&s, kernels, &got);
            ck_assert_double_eq(got.cost, got.cost_alone);
            if (any)
                assert_same_bits(&got, &first, 1);
            else
                first = got;
            any = true;
            assert_close(got.cost, plain.cost, 1e-12);
            assert_vectors_close(got.gradient, plain.gradient, s.n, 1e-12);
            assert_vectors_close(got.product, plain.product, widths[w] + s.shape.intercept, 1e-12);
        }
        ck_assert(any);
        scene_free(&s);
    }
}
END_TEST

/* Rows in single precision are read as doubles: they give the bits of the numbers they round to. */
START_TEST(single_precision_is_that_of_the_rounded_numbers)
{
    static outcome wide, narrow;
    const gd_cost *cost = gd_costs[_i];
    for (size_t w = 0; w < WIDTHS; w++) {
        size_t rows = 20 + (w * 37) % 900, cols = widths[w];
        scene s = scene_of(cost, rows, cols, w * 5 + 13 * (uint64_t)_i + (w % 2 ? 64 : 1));
        float *singles = malloc(rows * cols * sizeof *singles); /* nothing beyond its end is read */
        for (size_t i = 0; i < rows * cols; i++) {
            singles[i] = (float)s.p.rows[i];
            s.p.rows[i] = (double)singles[i];
        }
        scene of_singles = s;
        of_singles.p.data.X = NULL;
        of_singles.p.data.X32 = singles;
        for (size_t k = 0; k < gd_kernels_count; k++) {
            if (!gd_kernels_usable(gd_kernels_all[k]))
                continue;
            run(&s, gd_kernels_all[k], &wide);
            run(&of_singles, gd_kernels_all[k], &narrow);
            assert_same_bits(&wide, &narrow, 1);
        }
        free(singles);
        scene_free(&s);
    }
}
END_TEST

/* Of several blocks, and of waves of blocks: the wave does not show. */
START_TEST(many_blocks_are_summed_in_one_order)
{
    static outcome plain, got;
    scene s = scene_of(gd_cost_find("logistic"), 9 * GD_BLOCK_ROWS + 77, 3, 3 * 27);
    run(&s, gd_kernels_find("plain"), &plain);
    run(&s, NULL, &got);
    assert_close(got.cost, plain.cost, 1e-12);
    assert_vectors_close(got.gradient, plain.gradient, s.n, 1e-12);
    scene_free(&s);
}
END_TEST

/* The sum of the costs of a few rows; dz: written. */
static double cost_of(const gd_kernels *k, gd_fast_cost fast, const double *z, const double *y,
                      const double *weights, size_t n, double *dz, const gd_hyper *hyper)
{
    double sums[GD_COST_SUMS] = {0};
    k->cost[fast](z, y, weights, n, dz, hyper, sums);
    double cost = k->total(sums);
    for (size_t i = 0; i < GD_COST_SUMS; i++)
        ck_assert_double_eq(sums[i], 0);
    return cost;
}

/* Scores far out, infinite and not numbers cost and slope the same as by the plain path. */
START_TEST(costs_agree_at_the_extremes)
{
    static const double scores[] = {0, -0.0, 1e-300, -1e-300, 1e-17, 0.4, 0.5, 1, -1, 20, -20, 40, -40,
                                    700, -700, 745, -745, 800, -800, 1e10, -1e10, 1e200, -1e200,
                                    INFINITY, -INFINITY, NAN};
    enum { N = sizeof scores / sizeof scores[0] };
    const gd_cost *c = gd_costs[_i];
    if (c->fast == GD_FAST_SOFTMAX)
        return;
    gd_hyper hyper = {0};
    gd_param_defaults(&hyper, c->params, c->params_count);
    for (size_t k = 0; k < gd_kernels_count; k++) {
        const gd_kernels *kernels = gd_kernels_all[k];
        if (!kernels->scores || !gd_kernels_usable(kernels))
            continue;
        for (size_t i = 0; i < 2 * N; i++) {
            double z = scores[i / 2], y = i % 2, want_slope, slope[GD_PITCH], one = 1;
            double want = c->eval(&z, &y, 1, 1, &want_slope, &hyper);
            for (int weighted = 0; weighted < 2; weighted++) {
                double cost = cost_of(kernels, c->fast, &z, &y, weighted ? &one : NULL, 1, slope,
                                      c->params_count ? &hyper : NULL);
                ck_assert_msg(cost == want || (isnan(cost) && isnan(want)) ||
                                  fabs(cost - want) <= 1e-15 * fmax(fabs(want), 1),
                              "%s by %s of z %g, y %g: cost %.17g, not %.17g", c->name,
                              kernels->name, z, y, cost, want);
                /* exp(z) - y cancels on the plain path */
                double size = c->fast == GD_FAST_POISSON ? 1 : 1e-290;
                ck_assert_msg(slope[0] == want_slope || isnan(z) ||
                                  (isnan(slope[0]) && isnan(want_slope)) ||
                                  fabs(slope[0] - want_slope) <= 1e-15 * fmax(fabs(want_slope), size),
                              "%s by %s of z %g, y %g: slope %.17g, not %.17g", c->name,
                              kernels->name, z, y, slope[0], want_slope);
                for (size_t p = 1; p < GD_PITCH; p++)
                    ck_assert_double_eq(slope[p], 0);
            }
            double none = 0; /* rows of weight 0 are not there */
            ck_assert_double_eq(cost_of(kernels, c->fast, &z, &y, &none, 1, slope,
                                        c->params_count ? &hyper : NULL),
                                0);
            ck_assert_double_eq(slope[0], 0);
        }
    }
}
END_TEST

/* Classes that are parted by far: costs of e^-100 and less keep their digits. */
START_TEST(costs_next_to_nothing_keep_their_digits)
{
    enum { N = 300 };
    double z[GD_TILE_MAX_ROWS], y[N], dz[GD_TILE_MAX_ROWS];
    long double want = 0;
    for (int i = 0; i < N; i++) {
        y[i] = i % 2;
        z[i] = (y[i] > 0 ? 1 : -1) * (100 + i % 7);
        want += log1pl(expl(-fabsl((long double)z[i])));
    }
    for (size_t k = 0; k < gd_kernels_count; k++)
        if (gd_kernels_all[k]->scores && gd_kernels_usable(gd_kernels_all[k]))
            assert_close(cost_of(gd_kernels_all[k], GD_FAST_LOGISTIC, z, y, NULL, N, dz, NULL),
                         (double)want, N * DBL_EPSILON);
}
END_TEST

/* ---- several vectors of parameters ---- */

START_TEST(many_at_once_are_the_same_bits_as_each_alone)
{
    enum { K = 11 };
    const gd_cost *cost = gd_costs[_i % (int)gd_costs_count];
    size_t cols = _i < (int)gd_costs_count ? 20 : 37;
    scene s = scene_of(cost, 2 * GD_BLOCK_ROWS + 501, cols, 3 * (uint64_t)(_i * 5 + 1) + 1);
    double *thetas = calloc(3 * K * s.n, sizeof *thetas), *many = thetas + K * s.n;
    double *alone = many + K * s.n, costs[K];
    uint64_t seed = 99;
    for (size_t i = 0; i < K * s.n; i++)
        thetas[i] = s.theta[i % s.n] * (1 + 0.5 * random_signed(&seed));
    static const size_t rooms[] = {1, 3, K, GD_MAX_THETAS + 5};
    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
        gd_executor executor;
        gd_objective *o = objective_of(&s, &executor, NULL);
        ck_assert_int_eq(gd_objective_reserve(o, rooms[r], NULL), GD_OK);
        gd_objective_eval_many(o, thetas, K, &s.rows, costs, many);
        for (size_t k = 0; k < K; k++) {
            double c = gd_objective_eval(o, thetas + k * s.n, &s.rows, alone);
            ck_assert_double_eq(costs[k], c);
            assert_same_bits(many + k * s.n, alone, s.n);
        }
        double only[K];
        gd_objective_eval_many(o, thetas, K, &s.rows, only, NULL);
        assert_same_bits(only, costs, K);
        gd_objective_free(o);
    }
    free(thetas);
    scene_free(&s);
}
END_TEST

/* Of every width and number of models: those of the plain path, each alone, and the same for all. */
START_TEST(copies_for_many_are_the_same_bits_as_rows)
{
    enum { MOST = 7 };
    const gd_cost *cost = gd_costs[_i];
    for (size_t w = 0; w < WIDTHS; w++) {
        size_t rows = 20 + (w * 61) % 300, count = 1 + (w + (size_t)_i) % MOST;
        scene s = scene_of(cost, rows, widths[w], w * 7 + 11 * (uint64_t)_i + (w % 2 ? 64 : 1));
        float *singles = malloc(rows * widths[w] * sizeof *singles);
        for (size_t i = 0; i < rows * widths[w]; i++)
            s.p.rows[i] = (double)(singles[i] = (float)s.p.rows[i]);
        scene of_singles = s;
        of_singles.p.data.X = NULL;
        of_singles.p.data.X32 = singles;
        double *thetas = calloc(4 * MOST * s.n, sizeof *thetas), *first = thetas + MOST * s.n;
        double *many = first + MOST * s.n, *alone = many + MOST * s.n, costs[MOST], want[MOST];
        uint64_t seed = 5;
        for (size_t i = 0; i < count * s.n; i++)
            thetas[i] = s.theta[i % s.n] * (1 + 0.5 * random_signed(&seed));
        for (size_t k = 0; k < 2 * gd_kernels_count; k++) {
            const gd_kernels *kernels = gd_kernels_all[k / 2];
            if (!gd_kernels_usable(kernels))
                continue;
            gd_executor executor;
            gd_objective *o = objective_of(k % 2 ? &of_singles : &s, &executor, kernels);
            ck_assert_int_eq(gd_objective_reserve(o, count, NULL), GD_OK);
            gd_objective_eval_many(o, thetas, count, &s.rows, costs, many);
            for (size_t i = 0; i < count; i++) {
                ck_assert_double_eq(costs[i], gd_objective_eval(o, thetas + i * s.n, &s.rows, alone));
                assert_same_bits(many + i * s.n, alone, s.n);
                if (k / 2 == 0) { /* the plain path */
                    want[i] = costs[i];
                    memcpy(first + i * s.n, alone, s.n * sizeof *alone);
                }
                assert_close(costs[i], want[i], 1e-12);
                assert_vectors_close(many + i * s.n, first + i * s.n, s.n, 1e-12);
            }
            gd_objective_free(o);
        }
        free(thetas);
        free(singles);
        scene_free(&s);
    }
}
END_TEST

/* ---- slopes, bends and gaps ---- */

/* Near what it is, by so much of its size. */
static void assert_same(double got, double want, double by, const char *what, double z, double y)
{
    ck_assert_msg(got == want || (isinf(want) && got == want) || fabs(got - want) <= by * fabs(want),
                  "%s at z %g, y %g: %.17g, not %.17g", what, z, y, got, want);
}

/* Those of tables are those of the cost itself, as test_certificate.c has them right; and the same bits
 * by every table, whatever they are beside. */
START_TEST(bends_and_gaps_are_the_costs_own)
{
    static const double scores[] = {0, 1e-17, 0.3, -0.3, 1, -1, 8, -8, 36, -36, 300, -300, 699, -699};
    static const double shares[] = {0, 1e-300, 1e-9, 0.02, 0.5, 0.93, 1, 1 + 1e-15, -1e-12, 1.4};
    enum { SCORES = sizeof scores / sizeof scores[0], SHARES = sizeof shares / sizeof shares[0] };
    const gd_cost *c = gd_costs[_i];
    bool first = true;
    double slopes[2 * SCORES * SHARES], bends[2 * SCORES * SHARES], gaps[2 * SCORES * SHARES];
    for (size_t k = 0; k < gd_kernels_count; k++) {
        const gd_kernels *kernels = gd_kernels_all[k];
        if (!kernels->scores || !gd_kernels_usable(kernels) || c->fast >= GD_FAST_COSTS ||
            !kernels->bends[c->fast])
            continue;
        for (size_t i = 0; i < 2 * SCORES * SHARES; i++) {
            double y = i % 2 * (c->fast == GD_FAST_POISSON ? 3.0 : 1), z = scores[i / 2 % SCORES];
            double zs[GD_PITCH] = {z, 1, -2}, ys[GD_PITCH] = {y, 0, 1}, slope[GD_PITCH],
                   bend[GD_PITCH], gap[GD_PITCH], want_bend;
            kernels->bends[c->fast](zs, ys, 1 + i % 3, slope, bend);
            double want = c->slope(z, y, 1, &want_bend, NULL), share = shares[i / 2 / SCORES];
            assert_same(slope[0], want, c->fast == GD_FAST_POISSON && fabs(z) < 2 ? 1e-14 : 1e-15, "slope", z, y);
            assert_same(bend[0], want_bend, 2e-15, "bend", z, y);
            double alphas[GD_PITCH] = {share * want};
            kernels->gap[c->fast](zs, ys, alphas, 1 + i % 3, gap);
            /* the cost's own function has log x - log y, here of up to 700; and where it is next to
             * 0 a gap goes with the square of what is rounded */
            double right = c->gap(z, y, alphas[0], NULL), size = fabs(want) + want_bend;
            if (isinf(right) ||
                !(fabs(gap[0] - right) <= 4e-15 * sqrt(right * size) + 1e-29 * size))
                assert_same(gap[0], right, 1e-13 * (10 + fabs(z)), "gap", z, y);
            if (first) {
                slopes[i] = slope[0], bends[i] = bend[0], gaps[i] = gap[0];
            } else {
                assert_same_bits(&slope[0], &slopes[i], 1);
                assert_same_bits(&bend[0], &bends[i], 1);
                assert_same_bits(&gap[0], &gaps[i], 1);
            }
        }
        first = false;
    }
}
END_TEST

/* ---- the choice ---- */

START_TEST(the_best_that_is_usable_is_chosen)
{
    const gd_kernels *best = gd_kernels_best();
    ck_assert(gd_kernels_usable(best) && best->scores);
    ck_assert_ptr_eq(gd_kernels_find(best->name), best);
    ck_assert_ptr_eq(gd_kernels_find("none of them"), NULL);
    bool after = false;
    for (size_t i = 0; i < gd_kernels_count; i++) {
        ck_assert(!after || !gd_kernels_usable(gd_kernels_all[i]));
        after = after || gd_kernels_all[i] == best;
    }
    ck_assert(gd_kernels_usable(gd_kernels_find("plain")));
    ck_assert(gd_kernels_usable(gd_kernels_find("portable")));
    ck_assert(!gd_kernels_find("plain")->scores);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("instruction sets");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, functions_are_exact_to_the_last_place_or_two, 0,
                        (int)gd_kernels_count * FUNCTIONS);
    tcase_add_loop_test(tc, passes_are_those_of_the_plain_path_and_the_same_for_all, 0,
                        (int)gd_costs_count);
    tcase_add_loop_test(tc, single_precision_is_that_of_the_rounded_numbers, 0,
                        (int)gd_costs_count);
    tcase_add_test(tc, many_blocks_are_summed_in_one_order);
    tcase_add_loop_test(tc, costs_agree_at_the_extremes, 0, (int)gd_costs_count);
    tcase_add_test(tc, costs_next_to_nothing_keep_their_digits);
    tcase_add_loop_test(tc, many_at_once_are_the_same_bits_as_each_alone, 0,
                        2 * (int)gd_costs_count);
    tcase_add_loop_test(tc, copies_for_many_are_the_same_bits_as_rows, 0, (int)gd_costs_count);
    tcase_add_loop_test(tc, bends_and_gaps_are_the_costs_own, 0, (int)gd_costs_count);
    tcase_add_test(tc, the_best_that_is_usable_is_chosen);
    return run_case(tc, "instruction sets");
}
