/* problems: see problems.h. Failures here are failures of the test that asks. */
#include "problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARAMS 32

static problem allocate(size_t rows, size_t cols)
{
    problem p = {.rows = calloc(rows * cols, sizeof(double)),
                 .targets = calloc(rows, sizeof(double))};
    ck_assert_ptr_nonnull(p.rows);
    ck_assert_ptr_nonnull(p.targets);
    p.data = (gd_data){.X = p.rows, .y = p.targets, .rows = rows, .cols = cols};
    return p;
}

void problem_free(problem *p)
{
    free(p->rows);
    free(p->targets);
}

problem problem_of(const double *features, const double *targets, size_t rows, size_t cols)
{
    problem p = allocate(rows, cols);
    memcpy(p.rows, features, rows * cols * sizeof *features);
    memcpy(p.targets, targets, rows * sizeof *targets);
    return p;
}

problem problem_nist(const char *name)
{
    char path[4096], line[256];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    size_t cols = 0, rows = 0;
    for (const char *c = line; *c; c++)
        cols += *c == ',';
    problem p = allocate(100, cols);
    while (fgets(line, sizeof line, f)) {
        ck_assert_uint_lt(rows, 100);
        char *at = line;
        for (size_t j = 0; j <= cols; j++) {
            char *end;
            double v = strtod(at, &end);
            ck_assert_msg(end != at, "%s, row %zu: no number", path, rows + 1);
            *(j < cols ? &p.rows[rows * cols + j] : &p.targets[rows]) = v;
            at = end + 1;
        }
        rows++;
    }
    fclose(f);
    p.data.rows = rows;
    return p;
}

/* Knuth's 64-bit linear congruential generator (MMIX); the high bits are used. */
double random_signed(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) * 0x1.0p-52 - 1;
}

problem problem_random(size_t rows, size_t cols, double noise, uint64_t seed)
{
    problem p = allocate(rows, cols);
    for (size_t i = 0; i < rows; i++) {
        p.targets[i] = 1.873;
        for (size_t j = 0; j < cols; j++) {
            double spread = 0.713 + (double)(j % 5), mean = 0.391 * (double)(j % 7) - 0.617;
            double x = mean + spread * random_signed(&seed);
            p.rows[i * cols + j] = x;
            p.targets[i] += (j % 2 ? -1.327 : 0.719) / (double)(1 + j % 11) * x;
        }
        p.targets[i] += noise * random_signed(&seed);
    }
    return p;
}

problem problem_for(gd_task task, size_t classes, size_t rows, size_t cols, uint64_t seed)
{
    problem p = problem_random(rows, cols, 0.7, seed);
    bool is_class = task & GD_CLASSES;
    for (size_t i = 0; i < rows && task == GD_COUNT; i++)
        p.targets[i] = floor(fmin(exp(0.3 * p.targets[i]), 1e3));
    for (size_t i = 0; i < rows && is_class; i++) {
        double at = fabs(p.targets[i] + 0.9 * random_signed(&seed));
        p.targets[i] = i < classes ? (double)i : fmod(floor(1.3 * at), (double)classes);
    }
    p.data.classes = is_class ? classes : 0;
    return p;
}

double metric(const gd_metric *m, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(m[i].name, name) == 0)
            return m[i].value;
    ck_abort_msg("there is no metric \"%s\"", name);
    return NAN;
}

void set_param(void *base, const gd_param *params, size_t count, const char *name, double value)
{
    gd_error err = {0};
    for (size_t i = 0; i < count; i++)
        if (strcmp(params[i].name, name) == 0) {
            ck_assert_msg(gd_param_set(base, &params[i], value, &err) == GD_OK, "%s: %s", name,
                          err.message);
            return;
        }
    ck_abort_msg("there is no hyperparameter \"%s\"", name);
}

#define USE(family)                                                                                \
    void use_##family(gd_spec *s, const char *name)                                                \
    {                                                                                              \
        s->family = gd_##family##_find(name);                                                      \
        ck_assert_msg(s->family != NULL, "there is no " #family " \"%s\"", name);                  \
        gd_param_defaults(&s->family##_hyper, s->family->params, s->family->params_count);         \
        WITH(s);                                                                                   \
    }
#define WITH(s) (void)0
USE(cost)
USE(optimizer)
USE(schedule)
#undef WITH
#define WITH(s) gd_spec_default_cost(s)
USE(model)

gd_task task_of(const gd_model *m)
{
    return gd_model_several(m) ? GD_REGRESSION : m->task;
}

void solve_linear(long double *a, size_t n)
{
    size_t w = n + 1;
    for (size_t i = 0; i < n; i++) {
        size_t pivot = i;
        for (size_t k = i + 1; k < n; k++)
            if (fabsl(a[k * w + i]) > fabsl(a[pivot * w + i]))
                pivot = k;
        for (size_t j = 0; j < w; j++) {
            long double swap = a[i * w + j];
            a[i * w + j] = a[pivot * w + j];
            a[pivot * w + j] = swap;
        }
        for (size_t k = 0; k < n; k++) {
            long double f = k == i ? 0 : a[k * w + i] / a[i * w + i];
            for (size_t j = i; j < w; j++)
                a[k * w + j] -= f * a[i * w + j];
        }
    }
    for (size_t i = 0; i < n; i++)
        a[i * w + n] /= a[i * w + i];
}

void least_squares(const gd_data *d, bool intercept, double *theta)
{
    size_t cols = d->cols;
    const double *rows = d->X;
    ck_assert_uint_le(cols, MAX_PARAMS);
    long double mean[MAX_PARAMS + 1] = {0}, *m = calloc(cols * (cols + 1), sizeof *m);
    ck_assert_ptr_nonnull(m);
    for (size_t i = 0; intercept && i < d->rows; i++)
        for (size_t j = 0; j <= cols; j++)
            mean[j] += (j < cols ? rows[i * cols + j] : d->y[i]) / (long double)d->rows;
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            long double x = rows[i * cols + j] - mean[j];
            for (size_t k = 0; k < cols; k++)
                m[j * (cols + 1) + k] += x * (rows[i * cols + k] - mean[k]);
            m[j * (cols + 1) + cols] += x * (d->y[i] - mean[cols]);
        }
    solve_linear(m, cols);
    long double b = mean[cols];
    for (size_t j = 0; j < cols; j++) {
        theta[j] = (double)m[j * (cols + 1) + cols];
        b -= m[j * (cols + 1) + cols] * mean[j];
    }
    if (intercept)
        theta[cols] = (double)b;
    free(m);
}

double direct_mse(const gd_data *d, bool intercept, const double *theta)
{
    long double sum = 0;
    const double *x = d->X;
    for (size_t i = 0; i < d->rows; i++) {
        long double z = intercept ? theta[d->cols] : 0;
        for (size_t j = 0; j < d->cols; j++)
            z += (long double)x[i * d->cols + j] * theta[j];
        sum += (d->y[i] - z) * (d->y[i] - z);
    }
    return (double)(sum / (long double)d->rows);
}

int run_cases(TCase *const *cases, size_t count, const char *name)
{
    Suite *s = suite_create(name);
    for (size_t i = 0; i < count; i++)
        suite_add_tcase(s, cases[i]);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int run_case(TCase *tc, const char *name)
{
    tcase_set_timeout(tc, 120); /* sanitizers on a busy machine */
    return run_cases(&tc, 1, name);
}

gd_spec spec_defaults(void)
{
    gd_spec spec;
    gd_spec_defaults(&spec);
    return spec;
}

gd_train *train_begin(const gd_data *d, const gd_spec *spec, const double *initial)
{
    gd_train *t;
    gd_error err = {0};
    gd_status status = gd_train_new(&t, d, spec, initial, NULL, &err);
    ck_assert_msg(status == GD_OK, "%s: %s", err.field, err.message);
    return t;
}

void train_finish(gd_train *t)
{
    while (gd_train_step(t) != GD_STEP_DONE)
        ;
}
