/* A network's fast passes, of every kind of processor that this one can stand in for, against the
 * model's own forward and backward, which test_mlp.c and test_model_laws.c hold against NumPy and
 * finite differences. */
#include "gd_limits.h"
#include "gd_net.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* Layers that fill vectors and panels, and that do not; rows that make pieces, units and several
 * waves of them, and that do not. */
static const struct {
    size_t rows, cols, classes; /* 0: numbers */
    uint64_t hidden[3];         /* 0: no more */
    const char *activation;
    bool intercept, weights, offset, shuffled;
} shapes[] = {
    {1, 1, 0, {1}, "relu", true, false, false, false},
    {63, 3, 0, {5, 4}, "tanh", true, true, true, true},
    {64, 20, 0, {64, 64}, "relu", true, false, false, true},
    {65, 33, 2, {7}, "sigmoid", true, true, true, false},
    {200, 17, 10, {100, 31, 9}, "gelu", true, true, false, true},
    {257, 16, 3, {32}, "identity", false, false, false, false},
    {9000, 5, 3, {8, 3}, "relu", true, true, false, true},
    {600, 300, 4, {130, 70}, "gelu", false, false, false, true},
    {5000, 210, 0, {200}, "tanh", true, false, true, false},
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

typedef struct subject {
    problem p;
    gd_spec spec;
    gd_shape shape;
    gd_rows rows;
    size_t n;
    double *theta, *center, *scale, *inverse_scale, *weights, *offset;
    uint32_t *order;
} subject;

static double *randoms(size_t n, double from, double to, uint64_t seed)
{
    double *v = malloc((n + 1) * sizeof *v);
    ck_assert_ptr_nonnull(v);
    for (size_t i = 0; i < n; i++)
        v[i] = from + (to - from) * (0.5 + 0.5 * random_signed(&seed));
    return v;
}

static const gd_param *row_of(const gd_model *m, const char *name)
{
    size_t i = 0;
    while (strcmp(m->params[i].name, name) != 0)
        i++;
    return &m->params[i];
}

static subject subject_of(int i)
{
    size_t rows = shapes[i].rows, cols = shapes[i].cols, classes = shapes[i].classes, count = 0;
    gd_task task = classes == 0 ? GD_REGRESSION : classes == 2 ? GD_BINARY : GD_MULTICLASS;
    subject u = {.p = problem_for(task, classes, rows, cols, 71 + (uint64_t)i),
                 .spec = spec_defaults(),
                 .rows = {.count = rows}};
    use_model(&u.spec, "mlp");
    while (count < 3 && shapes[i].hidden[count])
        count++;
    const gd_param *row = row_of(u.spec.model, "activation");
    ck_assert_int_eq(gd_param_set_list(&u.spec.model_hyper, row_of(u.spec.model, "hidden_layers"),
                                       shapes[i].hidden, count, NULL),
                     GD_OK);
    for (size_t k = 0; row->choices[k]; k++)
        if (strcmp(row->choices[k], shapes[i].activation) == 0)
            ck_assert_int_eq(gd_param_set(&u.spec.model_hyper, row, (double)k, NULL), GD_OK);
    u.spec.intercept = shapes[i].intercept;
    gd_spec_settle(&u.spec, u.p.data.classes, false);
    u.shape = gd_spec_shape(&u.spec, cols, u.p.data.classes);
    u.n = u.spec.model->params_len(&u.shape);
    u.theta = randoms(u.n, -1, 1, 5);
    for (size_t k = 0; k < u.n; k++)
        u.theta[k] /= sqrt((double)cols);
    u.center = randoms(cols, -1, 1, 6);
    u.scale = randoms(cols, 1, 3, 7);
    u.inverse_scale = malloc(cols * sizeof(double));
    for (size_t k = 0; k < cols; k++)
        u.inverse_scale[k] = 1 / u.scale[k];
    u.weights = randoms(rows, -0.2, 2, 8); /* some are 0 */
    for (size_t k = 0; k < rows; k++)
        u.weights[k] = fmax(u.weights[k], 0);
    u.offset = randoms(rows, -1, 1, 9);
    u.p.data.weights = shapes[i].weights ? u.weights : NULL;
    u.p.data.offset = shapes[i].offset ? u.offset : NULL;
    u.order = malloc(rows * sizeof *u.order);
    for (size_t k = 0; k < rows; k++)
        u.order[k] = (uint32_t)(k * 7919 % rows); /* a prime: each row once */
    u.rows.index = shapes[i].shuffled ? u.order : NULL;
    return u;
}

static void subject_free(subject *u)
{
    problem_free(&u->p);
    free(u->theta);
    free(u->center);
    free(u->scale);
    free(u->inverse_scale);
    free(u->weights);
    free(u->offset);
    free(u->order);
}

/* A row after the other, by the model's own passes. */
static double direct(const subject *u, double *gradient)
{
    const gd_data *d = &u->p.data;
    size_t outputs = u->shape.outputs;
    double cost = 0, z[16], *x = malloc(d->cols * sizeof *x),
           *work = malloc(gd_shape_work(u->spec.model, &u->shape) * sizeof *work);
    memset(gradient, 0, u->n * sizeof *gradient);
    for (size_t i = 0; i < d->rows; i++) {
        size_t row = u->rows.index ? u->rows.index[i] : i;
        double w = d->weights ? d->weights[row] : 1;
        for (size_t j = 0; j < d->cols; j++)
            x[j] = (d->X[row * d->cols + j] - u->center[j]) * u->inverse_scale[j];
        u->spec.model->forward(&u->shape, u->theta, x, 1, z, work);
        for (size_t k = 0; d->offset && k < outputs; k++)
            z[k] += d->offset[row];
        cost += w * u->spec.cost->eval(z, d->y + row, 1, outputs, z, &u->spec.cost_hyper);
        for (size_t k = 0; k < outputs; k++)
            z[k] *= w;
        u->spec.model->backward(&u->shape, u->theta, x, 1, z, gradient, work);
    }
    free(x);
    free(work);
    for (size_t i = 0; i < u->n; i++)
        gradient[i] /= (double)d->rows;
    return cost / (double)d->rows;
}

static double by_net(const subject *u, const gd_kernels *kernels, bool single, double *gradient)
{
    gd_net *net;
    gd_executor executor = gd_executor_serial;
    executor.kernels = kernels;
    bool interrupted = false;
    gd_shape shape = u->shape;
    shape.single = single;
    ck_assert_int_eq(gd_net_new(&net, &u->p.data, u->spec.model, &shape, u->spec.cost,
                                &u->spec.cost_hyper, &executor, NULL),
                     GD_OK);
    gd_net_scale(net, u->center, u->inverse_scale);
    double cost = gd_net_eval(net, u->theta, &u->rows, NULL, &interrupted);
    double again = gd_net_eval(net, u->theta, &u->rows, gradient, &interrupted);
    ck_assert(again == cost || (isnan(again) && isnan(cost)));
    ck_assert(!interrupted);
    gd_net_free(net);
    return cost;
}

static double largest(const double *v, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    return most;
}

/* Sums of a few hundred terms, several layers deep: 1e-12 is some thousand units in the last place
 * of doubles, 3e-5 some hundred of floats; of the largest part of the gradient. */
START_TEST(costs_and_gradients_are_those_of_the_model)
{
    subject u = subject_of(_i);
    double *want = randoms(u.n, 0, 0, 1), *got = randoms(u.n, 0, 0, 1);
    double cost = direct(&u, want), size = largest(want, u.n);
    for (int single = 0; single < 2; single++) {
        double room = single ? 3e-5 : 1e-12;
        for (size_t k = 0; k < gd_kernels_count; k++) {
            const gd_kernels *kernels = gd_kernels_all[k];
            if (!gd_kernels_usable(kernels))
                continue;
            ck_assert_str_eq(kernels->net[single]->name, k ? kernels->name : "portable");
            ck_assert_uint_eq(kernels->net[single]->real_bytes, single ? 4 : 8);
            memset(got, 0xff, u.n * sizeof *got); /* NaN */
            assert_close(by_net(&u, kernels, single, got), cost, room);
            for (size_t i = 0; i < u.n; i++)
                ck_assert_msg(fabs(got[i] - want[i]) <= room * size,
                              "%s, %s: gradient[%zu] is %.17g, not %.17g; the largest is %g",
                              kernels->name, single ? "float" : "double", i, got[i], want[i], size);
        }
    }
    free(want);
    free(got);
    subject_free(&u);
}
END_TEST

/* Single precision is single: a test of the test above, and of what the setting is for. */
START_TEST(single_precision_rounds_to_floats)
{
    subject u = subject_of(2);
    double *g = randoms(u.n, 0, 0, 1);
    double exact = by_net(&u, NULL, false, g), rounded = by_net(&u, NULL, true, g);
    ck_assert_double_gt(fabs(exact - rounded), 1e-12 * exact);
    free(g);
    subject_free(&u);
}
END_TEST

/* Each sum is taken in the same order, by multiply-adds, however many of them go side by side. */
START_TEST(processors_with_multiply_adds_give_the_same_bits)
{
    subject u = subject_of(_i);
    double *a = randoms(u.n, 0, 0, 1), *b = randoms(u.n, 0, 0, 1);
    for (int single = 0; single < 2; single++) {
        const gd_kernels *narrow = gd_kernels_find("avx2"), *wide = gd_kernels_find("avx512");
        if (!gd_kernels_usable(wide))
            continue;
        ck_assert_double_eq(by_net(&u, narrow, single, a), by_net(&u, wide, single, b));
        assert_same_bits(a, b, u.n);
    }
    free(a);
    free(b);
    subject_free(&u);
}
END_TEST

/* Without multiply-adds they are others: so it is seen that the executor's are taken. */
START_TEST(the_kernels_of_the_executor_are_taken)
{
    subject u = subject_of(2);
    double *a = randoms(u.n, 0, 0, 1), *b = randoms(u.n, 0, 0, 1);
    by_net(&u, gd_kernels_find("portable"), false, a);
    by_net(&u, gd_kernels_best(), false, b);
    ck_assert((memcmp(a, b, u.n * sizeof *a) != 0) == gd_kernels_usable(gd_kernels_find("avx2")));
    free(a);
    free(b);
    subject_free(&u);
}
END_TEST

START_TEST(what_is_not_a_number_stays_so)
{
    subject u = subject_of(2);
    double *g = randoms(u.n, 0, 0, 1);
    for (int single = 0; single < 2; single++) {
        double keep = u.theta[3];
        u.theta[3] = NAN;
        ck_assert(isnan(by_net(&u, NULL, single, g)));
        u.theta[3] = keep;
    }
    free(g);
    subject_free(&u);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("net");
    tcase_add_loop_test(tc, costs_and_gradients_are_those_of_the_model, 0, SHAPES);
    tcase_add_test(tc, single_precision_rounds_to_floats);
    tcase_add_loop_test(tc, processors_with_multiply_adds_give_the_same_bits, 0, SHAPES);
    tcase_add_test(tc, the_kernels_of_the_executor_are_taken);
    tcase_add_test(tc, what_is_not_a_number_stays_so);
    return run_case(tc, "net");
}
