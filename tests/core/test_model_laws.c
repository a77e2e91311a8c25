/* Laws that every row of models/list.h inherits, alone and in the full objective with every
 * cost that fits it. Gradients are held to finite differences of the objective. */
#include "gd_model.h"
#include "gd_limits.h"
#include "gd_objective.h"
#include "gd_spec.h"
#include "problems.h"
#include "slower.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define COLS 3
#define MAX_PARAMS 5200

static const double center[COLS] = {0.391, -1.149, 2.385};
static const double scale[COLS] = {0.713, 1.871, 0.233};

/* What is held to the laws: each model for one task, and networks of several layers with each
 * activation for each of their tasks. */
typedef struct subject {
    const gd_model *m;
    gd_hyper hyper;
    gd_task task;
    const char *activation; /* NULL: none */
} subject;

static const uint64_t hidden[][2] = {{4, 0}, {5, 3}};
static const char *const activations[] = {"relu", "tanh", "sigmoid", "gelu", "identity"};
static const gd_task tasks[] = {GD_REGRESSION, GD_BINARY, GD_MULTICLASS};
enum { NETWORKS = 2 * 5 * 3, WORK = 40 * 2 * 8 };

static const gd_param *row_of(const gd_model *m, const char *name)
{
    for (size_t i = 0; i < m->params_count; i++)
        if (strcmp(m->params[i].name, name) == 0)
            return &m->params[i];
    ck_abort_msg("%s has no %s", m->name, name);
    return NULL;
}

static void choose(subject *s, const char *name, const char *word)
{
    const gd_param *row = row_of(s->m, name);
    size_t i = 0;
    while (strcmp(row->choices[i], word) != 0)
        i++;
    ck_assert_int_eq(gd_param_set(&s->hyper, row, (double)i, NULL), GD_OK);
}

static size_t subjects(void)
{
    return gd_models_count - 1 + NETWORKS;
}

static subject subject_at(int at)
{
    size_t i = (size_t)at, k = 0;
    subject s = {.m = gd_model_find("mlp")};
    gd_param_defaults(&s.hyper, s.m->params, s.m->params_count);
    if (i >= NETWORKS) {
        for (i -= NETWORKS; i > 0 || gd_model_several(gd_models[k]); k++)
            i -= !gd_model_several(gd_models[k]);
        s.m = gd_models[k];
        s.task = s.m->task;
        return s;
    }
    const uint64_t *units = hidden[i % 2];
    ck_assert_int_eq(
        gd_param_set_list(&s.hyper, row_of(s.m, "hidden_layers"), units, units[1] ? 2 : 1, NULL),
        GD_OK);
    s.activation = activations[i / 2 % 5];
    choose(&s, "activation", s.activation);
    s.task = tasks[i / 10];
    return s;
}

static gd_shape shape_of(const subject *s, size_t cols, bool intercept, size_t outputs)
{
    return (gd_shape){cols, intercept, outputs, s->task, s->hyper};
}

/* How many outputs models are tried with: one, and more where they have classes. */
static const size_t output_counts[] = {1, 2, 4};

static size_t variants(const subject *s)
{
    return s->task == GD_MULTICLASS ? 3 : 1;
}

static void random_theta(double *theta, size_t n, uint64_t seed)
{
    ck_assert_uint_le(n, MAX_PARAMS);
    for (size_t i = 0; i < n; i++)
        theta[i] = 1.5 * random_signed(&seed);
}

START_TEST(the_parts_of_the_layout_cover_theta_exactly)
{
    subject u = subject_at(_i);
    const gd_model *m = u.m;
    for (size_t cols = 1; cols <= 5; cols++)
        for (size_t v = 0; v < 2 * variants(&u); v++) {
            bool intercept = v & 1;
            gd_shape s = shape_of(&u, cols, intercept, output_counts[v / 2]);
            gd_part parts[GD_MAX_PARTS];
            unsigned char covered[MAX_PARAMS] = {0};
            size_t n = m->params_len(&s), count = m->layout(&s, parts);
            ck_assert_uint_le(n, MAX_PARAMS);
            ck_assert(count >= 1 && count <= GD_MAX_PARTS);
            for (size_t i = 0; i < count; i++) {
                ck_assert(parts[i].name && *parts[i].name);
                ck_assert(!parts[i].scalar || parts[i].count == 1);
                ck_assert_uint_ge(parts[i].rows, 1);
                ck_assert_uint_eq(parts[i].count % parts[i].rows, 0);
                ck_assert(intercept || !parts[i].bias); /* no intercept: all may be penalised */
                ck_assert_uint_le(parts[i].offset + parts[i].count, n);
                for (size_t k = 0; k < parts[i].count; k++)
                    ck_assert_msg(!covered[parts[i].offset + k]++, "%s: %s overlaps", m->name,
                                  parts[i].name);
                for (size_t k = 0; k < i; k++)
                    ck_assert_str_ne(parts[i].name, parts[k].name);
            }
            for (size_t k = 0; k < n; k++)
                ck_assert_msg(covered[k], "%s: theta[%zu] has no part", m->name, k);
        }
}
END_TEST

START_TEST(the_starting_point_is_the_same_whatever_memory_held_before)
{
    subject u = subject_at(_i);
    const gd_model *m = u.m;
    gd_shape s = shape_of(&u, COLS, true, output_counts[variants(&u) - 1]);
    double a[MAX_PARAMS], b[MAX_PARAMS];
    size_t n = m->params_len(&s);
    memset(a, 0xa5, sizeof a);
    memset(b, 0xff, sizeof b);
    m->init(&s, 7, a);
    m->init(&s, 7, b);
    assert_same_bits(a, b, n);
    for (size_t i = 0; i < n; i++)
        ck_assert(isfinite(a[i]));
}
END_TEST

/* Each way there and back rounds a few times; the intercept gathers the sums of the others. */
START_TEST(unscaling_takes_rescaling_back)
{
    subject u = subject_at(_i);
    const gd_model *m = u.m;
    for (size_t k = 0; k < 2 * variants(&u); k++) {
        bool intercept = k & 1;
        gd_shape s = shape_of(&u, COLS, intercept, output_counts[k / 2]);
        const double zero[COLS] = {0}, *shift = intercept ? center : zero;
        double theta[MAX_PARAMS], there[MAX_PARAMS], back[MAX_PARAMS];
        size_t n = m->params_len(&s);
        random_theta(theta, n, 41);
        m->rescale(&s, shift, scale, theta, there);
        m->unscale(&s, shift, scale, there, back);
        for (size_t i = 0; i < n; i++)
            assert_near(back[i], theta[i], 16 * DBL_EPSILON);
        ck_assert(memcmp(there, theta, n * sizeof *theta) != 0);
        /* in place, too */
        memcpy(back, theta, n * sizeof *theta);
        m->rescale(&s, shift, scale, back, back);
        assert_same_bits(back, there, n);
        m->unscale(&s, shift, scale, there, theta);
        m->unscale(&s, shift, scale, back, back);
        assert_same_bits(back, theta, n);
    }
}
END_TEST

START_TEST(rescaled_parameters_predict_the_same_from_scaled_rows)
{
    subject u = subject_at(_i);
    const gd_model *m = u.m;
    problem p = problem_random(40, COLS, 0, 42);
    for (size_t k = 0; k < 2 * variants(&u); k++) {
        bool intercept = k & 1;
        gd_shape s = shape_of(&u, COLS, intercept, output_counts[k / 2]);
        const double zero[COLS] = {0}, *shift = intercept ? center : zero;
        double theta[MAX_PARAMS], inside[MAX_PARAMS], scaled[40 * COLS], z[160], zs[160];
        double work[WORK];
        random_theta(theta, m->params_len(&s), 43);
        m->rescale(&s, shift, scale, theta, inside);
        for (size_t i = 0; i < 40 * COLS; i++)
            scaled[i] = (p.rows[i] - shift[i % COLS]) / scale[i % COLS];
        m->forward(&s, theta, p.rows, 40, z, work);
        m->forward(&s, inside, scaled, 40, zs, work);
        for (size_t i = 0; i < 40 * s.outputs; i++)
            assert_near(zs[i], z[i], 1e-13); /* sums of a few values of up to 20 */
    }
    problem_free(&p);
}
END_TEST

START_TEST(backward_adds_to_the_gradient)
{
    subject u = subject_at(_i);
    const gd_model *m = u.m;
    gd_shape s = shape_of(&u, COLS, true, output_counts[variants(&u) - 1]);
    size_t n = m->params_len(&s);
    double theta[MAX_PARAMS], once[MAX_PARAMS] = {0}, more[MAX_PARAMS];
    double x[] = {1.25, -2, 0.5}, dz[] = {0.75, -0.5, 0.25, 1};
    random_theta(theta, n, 44);
    for (size_t i = 0; i < n; i++)
        more[i] = 8;
    double work[WORK], z[4];
    m->forward(&s, theta, x, 1, z, work);
    m->backward(&s, theta, x, 1, dz, once, work);
    m->forward(&s, theta, x, 1, z, work);
    m->backward(&s, theta, x, 1, dz, more, work);
    for (size_t i = 0; i < n; i++)
        assert_near(more[i], 8 + once[i], 4 * DBL_EPSILON * 16);
}
END_TEST

/* Subject _i / costs with cost _i % costs. False when they do not fit. */
static bool pair(int i, subject *u, const gd_cost **c, gd_hyper *hyper)
{
    *u = subject_at(i / (int)gd_costs_count);
    *c = gd_costs[(size_t)i % gd_costs_count];
    gd_param_defaults(hyper, (*c)->params, (*c)->params_count);
    return u->task & (*c)->tasks;
}

/* Targets that fit, of two classes or of three. */
static problem targets_for(const subject *u, size_t rows, size_t cols, uint64_t seed)
{
    return problem_for(u->task, u->task == GD_MULTICLASS ? 3 : 2, rows, cols, seed);
}

static size_t outputs_of(const subject *u)
{
    return u->task == GD_MULTICLASS ? 3 : 1;
}

/* Does neither the cost's slope jump nor that of the units? */
static bool is_smooth(const subject *u, const gd_cost *c)
{
    return c->smooth && !(u->activation && strcmp(u->activation, "relu") == 0);
}

static gd_objective *objective(const gd_data *d, const gd_model *m, const gd_shape *s,
                               const gd_cost *c, const gd_hyper *hyper)
{
    gd_objective *o;
    ck_assert_int_eq(gd_objective_new(&o, d, m, s, c, hyper, NULL, NULL), GD_OK);
    return o;
}

/* The slope along theta[i]: central differences with h and h / 2, whose errors of h^2 cancel
 * (Richardson). A cost whose derivative jumps gets steps so small that no row of these jumps. */
static double slope_along(gd_objective *o, double *theta, size_t i, const gd_rows *rows,
                          bool smooth)
{
    double keep = theta[i], h = smooth ? 1e-4 : 1e-7, d[2];
    for (int k = 0; k < 2; k++, h /= 2) {
        theta[i] = keep + h;
        double up = gd_objective_eval(o, theta, rows, NULL);
        theta[i] = keep - h;
        d[k] = (up - gd_objective_eval(o, theta, rows, NULL)) / (2 * h);
    }
    theta[i] = keep;
    return smooth ? (4 * d[1] - d[0]) / 3 : d[0];
}

/* eps * J / h is 1e-10 for h = 1e-4 and J of up to 1e4. 1e-7 of the gradient leaves room, a
 * sign or a forgotten part does not fit in. Where h is 1e-7 it is 1e-6, of smaller costs. */
static void check_gradient(gd_objective *o, const gd_shape *s, const gd_rows *rows,
                           const subject *u, const gd_cost *c)
{
    size_t n = u->m->params_len(s);
    bool smooth = is_smooth(u, c);
    double theta[MAX_PARAMS], g[MAX_PARAMS], size = 0, room = smooth ? 1e-7 : 1e-5;
    random_theta(theta, n, 45);
    for (size_t i = 0; u->activation && i < n; i++) /* units that are not all saturated */
        theta[i] /= sqrt((double)s->cols);
    double cost = gd_objective_eval(o, theta, rows, g);
    ck_assert_double_eq(cost, gd_objective_eval(o, theta, rows, NULL));
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs(g[i]));
    /* the one row may be one that all units are deaf to */
    ck_assert(size > (u->activation ? 1e-3 : 0.01) || (u->activation && rows->count < 4));
    size = fmax(size, 0.01);
    for (size_t i = 0; i < n; i += 1 + n / (60 / SLOWER)) { /* of thousands, some */
        double slope = slope_along(o, theta, i, rows, smooth);
        ck_assert_msg(fabs(g[i] - slope) <= room * size,
                      "%s %s, %s: gradient[%zu] is %.12g, the difference %.12g", u->m->name,
                      u->activation ? u->activation : "", c->name, i, g[i], slope);
    }
}

/* Shapes: a few columns, and so many that a tile holds few rows. Rows: more than a block. */
START_TEST(the_gradient_agrees_with_central_differences)
{
    subject u;
    const gd_cost *c;
    gd_hyper hyper = {{0}};
    if (!pair(_i, &u, &c, &hyper))
        return;
    const struct {
        size_t rows, cols;
    } sizes[] = {{1, 1}, {9, COLS}, {GD_BLOCK_ROWS + 700, COLS}, {61, 1000}};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (int variant = 0; variant < 8; variant++) {
            bool intercept = variant & 1, scaled = variant & 2, indexed = variant & 4;
            size_t cols = sizes[k].cols, count = sizes[k].rows;
            if (u.activation && count > GD_BLOCK_ROWS && variant != 7)
                continue; /* many networks, which take their time */
            problem p = targets_for(&u, count, cols, 46);
            gd_shape s = shape_of(&u, cols, intercept, outputs_of(&u));
            gd_objective *o = objective(&p.data, u.m, &s, c, &hyper);
            double *shift = calloc(2 * cols, sizeof *shift), *spread = shift + cols;
            for (size_t j = 0; j < cols; j++) {
                shift[j] = intercept ? center[j % COLS] : 0;
                spread[j] = scale[j % COLS];
            }
            if (scaled)
                gd_objective_scale(o, shift, spread);
            uint32_t *index = calloc(count, sizeof *index);
            for (size_t i = 0; i < count; i++)
                index[i] = (uint32_t)((i * 7 + 3) % count);
            gd_rows rows = {indexed ? index : NULL, count / 4, count - count / 4 - count / 5};
            check_gradient(o, &s, &rows, &u, c);
            free(index);
            free(shift);
            gd_objective_free(o);
            problem_free(&p);
        }
}
END_TEST

/* The cost and gradient of chosen, scaled rows are those of a copy of these rows, scaled
 * beforehand and visited as they lie. */
START_TEST(chosen_and_scaled_rows_count_as_a_copy_of_them_would)
{
    subject u;
    const gd_cost *c;
    gd_hyper hyper = {{0}};
    if (!pair(_i, &u, &c, &hyper))
        return;
    size_t count = 2 * GD_BLOCK_ROWS + 300, some = GD_BLOCK_ROWS + 200, first = 90;
    problem p = targets_for(&u, count, COLS, 47), copy = problem_random(some, COLS, 0, 48);
    uint32_t *index = calloc(count, sizeof *index);
    for (size_t i = 0; i < count; i++)
        index[i] = (uint32_t)((i * 4099 + 5) % count);
    for (size_t i = 0; i < some; i++) {
        copy.targets[i] = p.targets[index[first + i]];
        for (size_t j = 0; j < COLS; j++)
            copy.rows[i * COLS + j] = (p.rows[index[first + i] * COLS + j] - center[j]) / scale[j];
    }
    gd_shape s = shape_of(&u, COLS, true, outputs_of(&u));
    gd_objective *o = objective(&p.data, u.m, &s, c, &hyper);
    gd_objective *of_copy = objective(&copy.data, u.m, &s, c, &hyper);
    gd_objective_scale(o, center, scale);
    double theta[MAX_PARAMS], g[MAX_PARAMS], want[MAX_PARAMS];
    size_t n = u.m->params_len(&s);
    random_theta(theta, n, 49);
    double cost = gd_objective_eval(o, theta, &(gd_rows){index, first, some}, g);
    assert_close(cost, gd_objective_eval(of_copy, theta, &(gd_rows){NULL, 0, some}, want), 1e-12);
    for (size_t i = 0; i < n; i++)
        assert_close(g[i], want[i], 1e-11); /* sums of 4000 terms, partly of both signs */
    gd_objective_free(o);
    gd_objective_free(of_copy);
    free(index);
    problem_free(&p);
    problem_free(&copy);
}
END_TEST

/* z = w . x + b, d cost / d w = dz x, d cost / d b = dz: by hand. */
START_TEST(linear_regression_is_a_weighted_sum)
{
    const gd_model *m = gd_model_find("linear_regression");
    ck_assert_ptr_nonnull(m);
    double x[] = {1, 2, 3, /**/ -4, 0.5, 8}, theta[] = {2, -1, 0.25, 10}, z[2];
    for (int intercept = 0; intercept < 2; intercept++) {
        gd_shape s = {3, intercept, 1};
        ck_assert_uint_eq(m->params_len(&s), 3 + (size_t)intercept);
        m->forward(&s, theta, x, 2, z, NULL);
        ck_assert_double_eq(z[0], 0.75 + 10 * intercept);
        ck_assert_double_eq(z[1], -6.5 + 10 * intercept);
        double dz[] = {2, -1}, g[4] = {0, 0, 0, -99};
        m->backward(&s, theta, x, 2, dz, g, NULL);
        double want[] = {6, 3.5, -2, intercept ? -98 : -99};
        assert_same_bits(g, want, 4);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("model_laws");
    int n = (int)subjects(), pairs = n * (int)gd_costs_count;
    tcase_add_loop_test(tc, the_parts_of_the_layout_cover_theta_exactly, 0, n);
    tcase_add_loop_test(tc, the_starting_point_is_the_same_whatever_memory_held_before, 0, n);
    tcase_add_loop_test(tc, unscaling_takes_rescaling_back, 0, n);
    tcase_add_loop_test(tc, rescaled_parameters_predict_the_same_from_scaled_rows, 0, n);
    tcase_add_loop_test(tc, backward_adds_to_the_gradient, 0, n);
    tcase_add_loop_test(tc, the_gradient_agrees_with_central_differences, 0, pairs);
    tcase_add_loop_test(tc, chosen_and_scaled_rows_count_as_a_copy_of_them_would, 0, pairs);
    tcase_add_test(tc, linear_regression_is_a_weighted_sum);
    return run_case(tc, "model_laws");
}
