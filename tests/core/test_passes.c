/* What is found out of a fit once it is trained, on more than a block of rows: the sums of a pass
 * against long double, factors of moments against those of rows, ranks against definitions; whoever
 * does the blocks the bits are the same, and who breaks them off is obeyed. */
#include "gd_certificate.h"
#include "gd_facts.h"
#include "gd_inference.h"
#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_newton.h"
#include "gd_areas.h"
#include "gd_rank.h"
#include "problems.h"

#include <float.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ROWS (5 * GD_BLOCK_ROWS + 77)
#define COLS 5
#define MAX_COORDINATES 24

/* ---- who does the blocks ---- */

typedef struct team {
    size_t threads;
    gd_block_fn *fn;
    void *arg;
    size_t blocks;
    atomic_size_t next;
    atomic_long asked; /* how often: may it go on? */
    long until;        /* from then on it may not; 0: always */
} team;

typedef struct hand {
    team *t;
    size_t slot;
} hand;

static void *work(void *arg)
{
    const hand *h = arg;
    size_t block;
    while ((block = atomic_fetch_add(&h->t->next, 1)) < h->t->blocks)
        h->t->fn(h->t->arg, block, h->slot);
    return NULL;
}

static void run_threads(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    team *t = ctx;
    pthread_t threads[3];
    hand hands[3];
    t->fn = fn;
    t->arg = arg;
    t->blocks = blocks;
    atomic_store(&t->next, 0);
    for (size_t i = 0; i < t->threads; i++) {
        hands[i] = (hand){t, i};
        if (pthread_create(&threads[i], NULL, work, &hands[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < t->threads; i++)
        pthread_join(threads[i], NULL);
}

static bool interrupted(void *ctx)
{
    team *t = ctx;
    long asked = atomic_fetch_add(&t->asked, 1) + 1;
    return t->until > 0 && asked >= t->until;
}

static gd_executor executor_of(team *t)
{
    return (gd_executor){t->threads, run_threads, t, interrupted};
}

/* ---- fits ---- */

typedef struct setup {
    problem p;
    gd_spec spec;
    gd_fit fit;
    double *weights, *offset, theta[MAX_COORDINATES], lower[COLS], upper[COLS];
    double center[COLS], scale[COLS];
    uint32_t *index;
} setup;

/* The families, and what goes with them. */
typedef struct kind {
    const char *model, *cost;
    double l1, l2;
    bool bounds, plain; /* plain: neither weights nor offset */
} kind;

static const kind kinds[] = {
    {"linear_regression", "mse", 0, 0, false, false},
    {"linear_regression", "mse", 0, 0.1, false, true},
    {"linear_regression", "huber", 0.01, 0, false, false},
    {"linear_regression", "quantile", 0, 0.05, false, false},
    {"logistic_regression", "logistic", 0, 0, false, false},
    {"logistic_regression", "logistic", 0.01, 0.02, false, true},
    {"logistic_regression", "logistic", 0, 0, true, false},
    {"poisson_regression", "poisson", 0, 0, false, false},
    {"softmax_regression", "softmax", 0, 0, false, false},
    {"softmax_regression", "softmax", 0, 0.03, false, false},
    {"softmax_regression", "softmax", 0.01, 0, false, false},
    {"svm", "hinge", 0, 0.1, false, false},
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

static setup set_up(const kind *k, size_t rows)
{
    setup s = {.spec = spec_defaults()};
    gd_task task = gd_model_find(k->model)->task;
    uint64_t seed = 77;
    s.p = problem_for(task, task == GD_MULTICLASS ? 3 : 2, rows, COLS, 5);
    use_model(&s.spec, k->model);
    use_cost(&s.spec, k->cost);
    s.weights = calloc(rows, sizeof *s.weights);
    s.offset = calloc(rows, sizeof *s.offset);
    s.index = calloc(rows, sizeof *s.index);
    for (size_t i = 0; i < rows; i++) {
        s.weights[i] = i % 7 == 6 ? 0 : 1.5 + random_signed(&seed);
        s.offset[i] = 0.3 * random_signed(&seed);
        s.index[i] = (uint32_t)i;
    }
    gd_column columns[COLS];
    gd_columns(s.p.data.X, &(gd_rows){.count = rows}, COLS, columns);
    gd_scaling(columns, COLS, true, s.center, s.scale);
    for (size_t j = 0; j < COLS; j++) {
        s.lower[j] = j == 1 ? 0 : -INFINITY;
        s.upper[j] = j == 2 ? 0.1 : INFINITY;
    }
    for (size_t c = 0; c < MAX_COORDINATES; c++)
        s.theta[c] = 0.2 * random_signed(&seed);
    s.theta[1] = k->bounds ? 0.05 : s.theta[1];
    s.theta[2] = k->bounds ? 0.05 : s.theta[2];
    s.fit = (gd_fit){.model = s.spec.model,
                     .shape = gd_spec_shape(&s.spec, COLS, s.p.data.classes),
                     .cost = s.spec.cost,
                     .cost_hyper = &s.spec.cost_hyper,
                     .rows = {.count = rows},
                     .l1 = k->l1,
                     .l2 = k->l2};
    return s;
}

/* Pointers into s, which is where it stays. */
static void point(setup *s, const kind *k)
{
    s->fit.data = &s->p.data;
    s->fit.theta = s->theta;
    s->fit.center = s->center;
    s->fit.scale = s->scale;
    s->fit.cost_hyper = &s->spec.cost_hyper;
    s->fit.weights = k->plain ? NULL : s->weights;
    s->fit.offset = k->plain ? NULL : s->offset;
    s->fit.lower = k->bounds ? s->lower : NULL;
    s->fit.upper = k->bounds ? s->upper : NULL;
    if (!k->plain) { /* some rows, by number */
        s->fit.rows.index = s->index;
        s->fit.rows.first = 3;
        s->fit.rows.count -= 5;
    }
}

static void tear_down(setup *s)
{
    problem_free(&s->p);
    free(s->weights);
    free(s->offset);
    free(s->index);
}

/* ---- sums ---- */

/* Of one coordinate in long double: its gradient, and the sizes of the terms. */
typedef struct reference {
    long double gradient[MAX_COORDINATES], size[MAX_COORDINATES], cost, total;
    long double hessian[MAX_COORDINATES][MAX_COORDINATES];
} reference;

static void add_row(reference *r, const gd_newton *w, size_t i)
{
    const gd_fit *f = &w->fit;
    size_t K = w->outputs, p = w->columns;
    double a[COLS + 1], z[3], alpha[3], bend[3], y = gd_fit_target(f, i), top = -INFINITY;
    long double weight = gd_fit_weight(f, i), sum = 0;
    gd_fit_design(f, i, a);
    gd_fit_scores(f, i, a, f->theta, z);
    if (K == 1) {
        alpha[0] = f->cost->slope(z[0], y, w->width, &bend[0], f->cost_hyper);
    } else {
        f->cost->eval(z, &y, 1, K, alpha, f->cost_hyper);
        for (size_t k = 0; k < K; k++)
            top = fmax(top, z[k]);
        for (size_t k = 0; k < K; k++)
            sum += bend[k] = exp(z[k] - top);
        for (size_t k = 0; k < K; k++)
            bend[k] /= (double)sum;
    }
    r->total += weight;
    r->cost += weight * gd_cost_of(f->cost, z, y, K, f->cost_hyper);
    for (size_t c = 0; c < w->n; c++) {
        size_t k = w->first + c / p, j = c % p;
        r->gradient[c] += weight * alpha[k] * a[j];
        r->size[c] += fabsl(weight * alpha[k] * a[j]);
        for (size_t e = 0; e < w->n; e++) {
            size_t m = w->first + e / p;
            double h = K == 1 ? bend[0] : bend[k] * ((k == m) - bend[m]);
            r->hessian[c][e] += weight * h * a[j] * a[e % p];
        }
    }
}

/* Cost, gradient and R'R are what the rows say one by one, whether R comes from moments or rows. */
START_TEST(sums_are_those_of_the_rows)
{
    const kind *family = &kinds[_i / 2];
    static reference r;
    memset(&r, 0, sizeof r);
    setup s = set_up(family, ROWS);
    point(&s, family);
    gd_newton w;
    ck_assert_int_eq(gd_newton_init(&w, &s.fit, _i % 2 ? GD_NEWTON_CORRECTED : 0, NULL, NULL),
                     GD_OK);
    w.width = 0.5;
    for (size_t i = 0; i < s.fit.rows.count; i++)
        if (gd_fit_weight(&s.fit, i) > 0)
            add_row(&r, &w, i);
    ck_assert(gd_newton_factor(&w));
    ck_assert(!w.by_rows || _i % 2 == 0);
    /* but for an intercept of all classes that no penalty holds, or a ridge does */
    bool shared = w.outputs > 1 && w.first == 0;
    size_t rank = gd_qr_rank(w.qr);
    ck_assert_uint_eq(rank, w.n - (shared && w.simple));
    assert_close(w.total, (double)r.total, 1e-13);
    assert_close(w.data_cost, (double)(r.cost / r.total), 1e-13);
    long double most = 0;
    for (size_t c = 0; c < w.n; c++) {
        assert_near(w.gradient[c], (double)(r.gradient[c] / r.total),
                    1e-14 * (double)(r.size[c] / r.total));
        most = fmaxl(most, r.hessian[c][c] / r.total);
    }
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j < rank; j++) {
            size_t c = gd_qr_column(w.qr, i), e = gd_qr_column(w.qr, j);
            long double sum = 0, size = sqrtl(r.hessian[c][c] * r.hessian[e][e]) / r.total;
            double held = w.simple ? w.penalty[c].l2 : shared ? GD_NEWTON_RIDGE * (double)most : 0;
            held = c == e ? held : 0;
            for (size_t k = 0; k < rank; k++)
                sum += (long double)gd_qr_at(w.qr, k, i) * gd_qr_at(w.qr, k, j);
            assert_near((double)sum, (double)(r.hessian[c][e] / r.total) + held,
                        1e-13 * ((double)size + held));
        }
    gd_newton_free(&w);
    tear_down(&s);
}
END_TEST

/* What a fit says, as numbers. */
typedef struct said {
    gd_certificate c;
    gd_inference_status status;
    double terms[MAX_COORDINATES][3];
    gd_metric metrics[GD_MAX_METRICS];
    size_t count;
    double confusion[9];
} said;

static gd_status say(said *out, const setup *s, const gd_executor *e)
{
    gd_inference *r = NULL;
    gd_error err;
    memset(out, 0, sizeof *out);
    gd_status status = gd_certificate_find(&out->c, &s->fit, 0, e, &err);
    if (status == GD_OK)
        status = gd_inference_new(&r, &s->fit, 0.9, 0, e, &err);
    if (status == GD_OK) {
        out->status = r->status;
        for (size_t i = 0; i < r->count; i++)
            memcpy(out->terms[i],
                   (double[]){r->terms[i].std_error, r->terms[i].low, r->terms[i].vif},
                   sizeof out->terms[i]);
    }
    gd_inference_free(r);
    if (status == GD_OK)
        status = gd_metrics(s->fit.model, &s->fit.shape, s->theta, s->fit.data, &s->fit.rows, e,
                            out->metrics, &out->count, out->confusion, &err);
    return status;
}

static void assert_same(const said *a, const said *b)
{
    assert_same_bits(&a->c.cost, &b->c.cost, 1);
    assert_same_bits(&a->c.gap, &b->c.gap, 1);
    assert_same_bits(&a->c.gradient_norm, &b->c.gradient_norm, 1);
    ck_assert_int_eq(a->status, b->status);
    assert_same_bits(&a->terms[0][0], &b->terms[0][0], 3 * MAX_COORDINATES);
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        assert_same_bits(&a->metrics[i].value, &b->metrics[i].value, 1);
    assert_same_bits(a->confusion, b->confusion, 9);
}

/* Near the optimum of what has standard errors, where it is trained to the end. */
static void train_to_the_end(setup *s)
{
    gd_newton w;
    ck_assert_int_eq(gd_newton_init(&w, &s->fit, GD_NEWTON_CORRECTED, NULL, NULL), GD_OK);
    for (int i = 0; i < 30; i++) {
        gd_newton_solve(&w);
        if (gd_newton_move(&w) == 0)
            break;
    }
    for (size_t c = 0; c < w.outputs * w.columns; c++) {
        size_t k = c / w.columns;
        s->theta[gd_fit_index(&s->fit, k, c % w.columns)] =
            k < w.first ? 0 : w.theta[c - w.first * w.columns];
    }
    gd_newton_free(&w);
}

/* gd_facts passes over the rows once for both; where it is at the optimum, and where it is not. */
START_TEST(facts_found_together_are_those_found_alone)
{
    const kind *k = &kinds[_i / 2];
    bool ends = _i % 2 && k->l1 == 0 && !k->bounds;
    setup s = set_up(k, ROWS);
    point(&s, k);
    if (ends && s.fit.cost->smooth)
        train_to_the_end(&s);
    gd_certificate alone, c;
    gd_inference *r = NULL, *own = NULL;
    gd_error err;
    ck_assert_int_eq(gd_certificate_find(&alone, &s.fit, 0, NULL, &err), GD_OK);
    ck_assert_int_eq(gd_inference_new(&own, &s.fit, 0.9, 0, NULL, &err), GD_OK);
    ck_assert_int_eq(gd_facts_find(&c, &r, &s.fit, s.fit.weights, 0.9, 0, NULL, &err), GD_OK);
    ck_assert_int_eq(c.kind, alone.kind);
    assert_close(c.cost, alone.cost, 1e-12);
    assert_near(c.gradient_norm, alone.gradient_norm, 1e-11 * (alone.gradient_norm + alone.cost));
    /* bounds may be a hundredth above what is possible */
    assert_near(c.gap, alone.gap,
                (c.kind == GD_GAP_EXACT ? 1e-10 : 0.02) * alone.gap + 1e-10 * alone.cost);
    ck_assert_int_eq(r->status, own->status);
    ck_assert_uint_eq(r->count, own->count);
    for (size_t i = 0; i < r->count; i++) {
        assert_same_bits(&r->terms[i].std_error, &own->terms[i].std_error, 1);
        assert_same_bits(&r->terms[i].low, &own->terms[i].low, 1);
    }
    gd_inference_free(own);
    gd_inference_free(r);
    tear_down(&s);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    const kind *k = &kinds[_i];
    setup s = set_up(k, ROWS);
    point(&s, k);
    if (k->l1 == 0 && s.fit.cost->smooth && !k->bounds)
        train_to_the_end(&s);
    said alone, other;
    ck_assert_int_eq(say(&alone, &s, NULL), GD_OK);
    ck_assert_int_ne(alone.c.kind, GD_GAP_NONE);
    if (k->l1 == 0 && k->l2 == 0 && !k->bounds)
        ck_assert_int_eq(alone.status, GD_INFERENCE_VALID);
    for (size_t threads = 1; threads <= 3; threads++) {
        team t = {.threads = threads};
        gd_executor e = executor_of(&t);
        ck_assert_int_eq(say(&other, &s, &e), GD_OK);
        assert_same(&alone, &other);
    }
    tear_down(&s);
}
END_TEST

/* Features in single precision are those in double that have the same values. */
/* Kernels take other sums than the plain path; what they say is the same but for rounding. */
START_TEST(kernels_say_what_the_plain_path_says)
{
    const kind *k = &kinds[_i];
    setup s = set_up(k, ROWS);
    point(&s, k);
    said plain, other;
    gd_executor e = gd_executor_serial;
    e.kernels = gd_kernels_find("plain");
    ck_assert_int_eq(say(&plain, &s, &e), GD_OK);
    for (size_t i = 1; i < gd_kernels_count; i++) {
        e.kernels = gd_kernels_all[i];
        if (!gd_kernels_usable(e.kernels))
            continue;
        ck_assert_int_eq(say(&other, &s, &e), GD_OK);
        ck_assert_int_eq(other.c.kind, plain.c.kind);
        ck_assert_int_eq(other.status, plain.status);
        assert_close(other.c.cost, plain.c.cost, 1e-12);
        assert_close(other.c.gap, plain.c.gap, 1e-6);
        for (size_t m = 0; m < plain.count; m++)
            if (!isnan(plain.metrics[m].value))
                assert_close(other.metrics[m].value, plain.metrics[m].value, 1e-12);
        assert_same_bits(other.confusion, plain.confusion, 9);
    }
    tear_down(&s);
}
END_TEST

START_TEST(single_precision_says_the_same)
{
    const kind *k = &kinds[_i];
    setup s = set_up(k, ROWS);
    point(&s, k);
    float *narrow = calloc(ROWS * COLS, sizeof *narrow);
    for (size_t i = 0; i < ROWS * COLS; i++) {
        narrow[i] = (float)s.p.rows[i];
        s.p.rows[i] = (double)narrow[i];
    }
    said wide, half;
    for (int scaled = 0; scaled < 2; scaled++) {
        s.fit.center = scaled ? s.center : NULL;
        s.fit.scale = scaled ? s.scale : NULL;
        s.p.data.X = s.p.rows;
        s.p.data.X32 = NULL;
        ck_assert_int_eq(say(&wide, &s, NULL), GD_OK);
        s.p.data.X = NULL;
        s.p.data.X32 = narrow;
        ck_assert_int_eq(say(&half, &s, NULL), GD_OK);
        assert_same(&wide, &half);
    }
    free(narrow);
    tear_down(&s);
}
END_TEST

/* Wherever it is broken off, that is what is said, and nothing is lost. */
START_TEST(who_breaks_it_off_is_obeyed)
{
    const kind *k = &kinds[_i];
    setup s = set_up(k, 2 * GD_BLOCK_ROWS);
    point(&s, k);
    team all = {.threads = 1};
    gd_executor e = executor_of(&all);
    said out;
    ck_assert_int_eq(say(&out, &s, &e), GD_OK);
    long asked = atomic_load(&all.asked);
    ck_assert_int_ge(asked, 6);
    for (long until = 1; until <= asked; until += 1 + asked / 40) {
        team t = {.threads = 1 + (size_t)until % 2, .until = until};
        e = executor_of(&t);
        ck_assert_int_eq(say(&out, &s, &e), GD_INTERRUPTED);
        ck_assert_int_le(atomic_load(&t.asked), until + 8); /* and soon */
    }
    tear_down(&s);
}
END_TEST

/* ---- columns that depend on others ---- */

/* Standard errors by moments against those by rows; and where moments have no digits left, the
 * rows are taken: an almost dependent column, to digits that moments could not give. */
START_TEST(moments_are_taken_where_they_have_the_digits)
{
    const double close[] = {1, 1e-1, 1e-3, 1e-6};
    double nearness = close[_i];
    kind k = kinds[0];
    setup s = set_up(&k, ROWS);
    uint64_t seed = 3;
    for (size_t i = 0; i < ROWS; i++) { /* the last column is the first and a little */
        double *x = &s.p.rows[i * COLS], u = random_signed(&seed);
        x[COLS - 1] = x[0] + nearness * u;
    }
    point(&s, &k);
    gd_column columns[COLS];
    gd_columns(s.p.data.X, &(gd_rows){.count = ROWS}, COLS, columns);
    gd_scaling(columns, COLS, true, s.center, s.scale);
    double h[MAX_COORDINATES], unit[MAX_COORDINATES] = {0}, found[2];
    unit[COLS - 1] = 1;
    bool rows = false;
    for (int way = 0; way < 2; way++) {
        gd_newton w;
        ck_assert_int_eq(gd_newton_init(&w, &s.fit, way ? 0 : GD_NEWTON_SHOWN, NULL, NULL), GD_OK);
        ck_assert(gd_newton_factor(&w));
        rows = way == 0 ? w.by_rows : rows;
        ck_assert_uint_eq(gd_qr_rank(w.qr), w.n);
        gd_qr_half_solve(w.qr, unit, h);
        found[way] = gd_norm(h, w.n);
        gd_newton_free(&w);
    }
    ck_assert_int_eq(rows, nearness < 1e-2);
    assert_close(found[0], found[1], rows ? 0 : 1e-12);
    tear_down(&s);
}
END_TEST

/* A column that is exactly another: it is set aside, and the certificate is that without it. */
START_TEST(dependent_columns_are_set_aside)
{
    const kind *k = &kinds[4];
    setup s = set_up(k, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        s.p.rows[i * COLS + COLS - 1] = s.p.rows[i * COLS];
    s.center[COLS - 1] = s.center[0];
    s.scale[COLS - 1] = s.scale[0];
    point(&s, k);
    s.theta[COLS - 1] = 0;
    gd_certificate with, without;
    gd_error err;
    ck_assert_int_eq(gd_certificate_find(&with, &s.fit, 0, NULL, &err), GD_OK);
    s.theta[COLS - 1] = s.theta[COLS]; /* the intercept */
    setup less = s;
    double *X = calloc(ROWS * (COLS - 1), sizeof *X);
    for (size_t i = 0; i < ROWS; i++)
        memcpy(X + i * (COLS - 1), s.p.rows + i * COLS, (COLS - 1) * sizeof *X);
    gd_data data = s.p.data;
    data.X = X;
    data.cols = COLS - 1;
    less.fit.data = &data;
    less.fit.shape.cols = COLS - 1;
    ck_assert_int_eq(gd_certificate_find(&without, &less.fit, 0, NULL, &err), GD_OK);
    ck_assert_int_eq(with.kind, GD_GAP_BOUND);
    assert_close(with.cost, without.cost, 1e-13);
    assert_close(with.gap, without.gap, 1e-9);
    free(X);
    tear_down(&s);
}
END_TEST

/* ---- columns and ranks ---- */

START_TEST(columns_by_an_executor_have_the_same_bits)
{
    const size_t cols = 37, rows = 33 * GD_BLOCK_ROWS + 5;
    problem p = problem_random(rows, cols, 1, 8);
    gd_column want[37], got[37];
    gd_error err;
    gd_columns(p.data.X, &(gd_rows){.count = rows}, cols, want);
    for (size_t threads = 1; threads <= 3; threads++) {
        team t = {.threads = threads};
        gd_executor e = executor_of(&t);
        ck_assert_int_eq(gd_columns_by(&e, &p.data, &(gd_rows){.count = rows}, got, &err),
                         GD_OK);
        assert_same_bits(got, want, cols);
    }
    team t = {.threads = 2, .until = 20};
    gd_executor e = executor_of(&t);
    ck_assert_int_eq(gd_columns_by(&e, &p.data, &(gd_rows){.count = rows}, got, &err),
                     GD_INTERRUPTED);
    problem_free(&p);
}
END_TEST

/* Every kind of double, among few and many: falling, ties as they lie, NaN last. */
START_TEST(ranks_fall)
{
    const size_t counts[] = {1, 2, 100, 2047, 2048, 30000};
    size_t n = counts[_i];
    double *scores = calloc(n, sizeof *scores);
    gd_ranked *r = calloc(n, sizeof *r);
    bool *seen = calloc(n, sizeof *seen);
    uint64_t seed = 4;
    const double odd[] = {NAN,     -NAN,     INFINITY, -INFINITY, 0.0,     -0.0,
                          DBL_MIN, -DBL_MIN, 5e-324,   -5e-324,   DBL_MAX, -DBL_MAX};
    for (size_t i = 0; i < n; i++) {
        double v = random_signed(&seed);
        scores[i] = i % 5 == 0 ? odd[i / 5 % 12] : i % 3 == 0 ? floor(20 * v) : v * exp(50 * v);
    }
    gd_error err;
    ck_assert_int_eq(gd_rank(r, scores, n, NULL, &err), GD_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert(!seen[r[i].row]);
        seen[r[i].row] = true;
        assert_same_bits(&r[i].score, &scores[r[i].row], 1);
        if (i == 0)
            continue;
        double before = r[i - 1].score, now = r[i].score;
        ck_assert(isnan(now) || before >= now);
        if (before == now || (isnan(before) && isnan(now)))
            ck_assert_uint_lt(r[i - 1].row, r[i].row);
    }
    free(scores);
    free(r);
    free(seen);
}
END_TEST

/* By definition: of all pairs of a positive and a negative row the share that is in order, ties half;
 * and precision summed over thresholds. Few and many, with ties, NaN, and signs of 0. */
START_TEST(areas_are_shares_of_pairs)
{
    const size_t counts[] = {2, 7, 100, 2047, 4999};
    size_t n = counts[_i / 2];
    double *scores = calloc(n, sizeof *scores), *y = calloc(n, sizeof *y);
    uint64_t seed = 14;
    for (size_t i = 0; i < n; i++) {
        double v = random_signed(&seed);
        y[i] = i == 0 || (i > 1 && random_signed(&seed) + 0.3 * v > (_i % 2 ? 0.9 : 0));
        scores[i] = i % 11 == 5   ? NAN
                    : i % 5 == 0  ? -0.0
                    : i % 15 == 1 ? 0
                    : i % 3 == 0  ? floor(20 * v)
                                  : v * exp(50 * v);
    }
    double pairs = 0, order = 0, precision = 0, positives = 0;
    for (size_t i = 0; i < n; i++) {
        double hits = 0, called = 0;
        positives += y[i] == 1;
        for (size_t j = 0; y[i] == 1 && j < n; j++) {
            bool tied = scores[j] == scores[i] || (isnan(scores[j]) && isnan(scores[i]));
            bool above = !tied && (isnan(scores[i]) ? !isnan(scores[j]) : scores[j] > scores[i]);
            called += above || tied;
            hits += (above || tied) && y[j] == 1;
            pairs += y[j] != 1;
            order += y[j] == 1 || above ? 0 : tied ? 0.5 : 1;
        }
        precision += called > 0 ? hits / called : 0;
    }
    gd_areas areas;
    gd_error err;
    ck_assert_int_eq(gd_areas_find(&areas, scores, y, n, NULL, &err), GD_OK);
    assert_close(areas.roc, order / pairs, 1e-13);
    assert_close(areas.pr, precision / positives, 1e-13);
    free(scores);
    free(y);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("passes");
    tcase_add_loop_test(tc, sums_are_those_of_the_rows, 0, 2 * KINDS);
    tcase_add_loop_test(tc, facts_found_together_are_those_found_alone, 0, 2 * KINDS);
    tcase_add_loop_test(tc, threads_do_not_change_a_bit, 0, KINDS);
    tcase_add_loop_test(tc, kernels_say_what_the_plain_path_says, 0, KINDS);
    tcase_add_loop_test(tc, single_precision_says_the_same, 0, KINDS);
    tcase_add_loop_test(tc, who_breaks_it_off_is_obeyed, 0, KINDS);
    tcase_add_loop_test(tc, moments_are_taken_where_they_have_the_digits, 0, 4);
    tcase_add_test(tc, dependent_columns_are_set_aside);
    tcase_add_test(tc, columns_by_an_executor_have_the_same_bits);
    tcase_add_loop_test(tc, ranks_fall, 0, 6);
    tcase_add_loop_test(tc, areas_are_shares_of_pairs, 0, 10);
    tcase_set_timeout(tc, 60);
    return run_case(tc, "passes");
}
