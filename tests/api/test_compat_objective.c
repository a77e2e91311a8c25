/* compat, held against scikit-learn: what its estimators fitted (tests/compat/verify.py,
 * tests/data/compat.json) minimises core's objective at the penalties and costs that the
 * translation names. A factor of two in any scale would show.
 */
#include "api_compat.h"
#include "api_families.h"
#include "api_tests.h"
#include "gd_objective.h"

#include <math.h>

static cJSON *file;
static double *X, *y;
static size_t rows, cols;

static void load(void)
{
    FILE *in = fopen(TEST_DATA "/compat.json", "rb");
    ck_assert_ptr_nonnull(in);
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, in);
    ck_assert(n > 0 && fclose(in) == 0);
    file = cJSON_Parse(text);
    free(text);
    const cJSON *matrix = member_of(file, "X"), *row, *v;
    rows = (size_t)cJSON_GetArraySize(matrix);
    cols = (size_t)cJSON_GetArraySize(matrix->child);
    X = calloc(rows * cols, sizeof *X);
    y = calloc(rows, sizeof *y);
    size_t at = 0;
    cJSON_ArrayForEach (row, matrix)
        cJSON_ArrayForEach (v, row)
            X[at++] = v->valuedouble;
    ck_assert_uint_eq(at, rows * cols);
}

static void unload(void)
{
    cJSON_Delete(file);
    free(X);
    free(y);
}

static size_t put_numbers(const cJSON *list, double *to)
{
    size_t n = 0;
    const cJSON *v;
    cJSON_ArrayForEach (v, list)
        if (cJSON_IsArray(v))
            n += put_numbers(v, to + n);
        else
            to[n++] = v->valuedouble;
    return n;
}

static double number_or(const cJSON *fields, const char *name, double otherwise)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(fields, name);
    return v ? v->valuedouble : otherwise;
}

typedef struct fit {
    gd_spec spec;
    gd_shape shape;
    gd_objective *objective;
    size_t weights, n; /* of theta */
    double theta[64];
} fit;

/* The spec that the fields ask for, as far as the objective goes. */
static gd_spec read_spec(const cJSON *fields)
{
    api_problem p = no_problem();
    gd_spec s;
    gd_spec_defaults(&s);
    for (size_t i = 0; i < 2; i++) { /* model and cost */
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(fields, api_families[i].field);
        ck_assert_msg(!value || api_family_decode(&api_families[i], value, &s, &p), "%s",
                      problem_text(&p));
        if (i == 0)
            gd_spec_default_cost(&s);
    }
    const cJSON *intercept = cJSON_GetObjectItemCaseSensitive(fields, "intercept");
    s.intercept = !cJSON_IsFalse(intercept);
    s.l1 = number_or(fields, "l1", 0);
    s.l2 = number_or(fields, "l2", 0);
    return s;
}

/* f stays where it is: the objective looks at its spec. */
static void open_case(const cJSON *c, fit *f)
{
    memset(f, 0, sizeof *f);
    cJSON *fields, *echo;
    api_problem p = no_problem();
    ck_assert_msg(api_compat_translate(member_of(c, "compat"), rows, &fields, &echo, &p), "%s",
                  problem_text(&p));
    f->spec = read_spec(fields);
    cJSON_Delete(fields);
    cJSON_Delete(echo);
    put_numbers(member_of(file, string_of(c, "target")), y);
    f->weights = put_numbers(member_of(c, "coefficients"), f->theta);
    size_t outputs = f->weights / cols;
    f->n = f->weights;
    if (f->spec.intercept)
        f->n += put_numbers(member_of(c, "intercept"), f->theta + f->weights);
    f->shape = gd_spec_shape(&f->spec, cols, outputs);
    ck_assert_uint_eq(f->shape.outputs, outputs);
    ck_assert_uint_eq(f->spec.model->params_len(&f->shape), f->n);
    const gd_data data = {.X = X, .y = y, .rows = rows, .cols = cols};
    gd_error err;
    ck_assert_int_eq(gd_objective_new(&f->objective, &data, f->spec.model, &f->shape, f->spec.cost,
                                      &f->spec.cost_hyper, NULL, &err),
                     GD_OK);
}

static double value_at(const fit *f, const double *theta)
{
    const gd_rows all = {.count = rows};
    double J = gd_objective_eval(f->objective, theta, &all, NULL);
    for (size_t i = 0; i < f->weights; i++)
        J += f->spec.l1 * fabs(theta[i]) + f->spec.l2 / 2 * theta[i] * theta[i];
    return J;
}

/* The largest part of the gradient that l1 can't take to 0. */
static double slope_at(const fit *f, const double *theta, double l1, double l2)
{
    const gd_rows all = {.count = rows};
    double gradient[64], largest = 0;
    gd_objective_eval(f->objective, theta, &all, gradient);
    for (size_t i = 0; i < f->n; i++) {
        double g = gradient[i];
        if (i < f->weights)
            g += l2 * theta[i];
        if (i < f->weights && theta[i] != 0)
            g += copysign(l1, theta[i]);
        else if (i < f->weights)
            g = fmax(fabs(g) - l1, 0);
        largest = fmax(largest, fabs(g));
    }
    return largest;
}

/* How far J falls in steps along the weights and in random directions. */
static double descent_from(const fit *f)
{
    uint64_t state = 7;
    double J = value_at(f, f->theta), best = 0;
    for (double length = 0.1; length > 5e-4; length /= 10)
        for (int k = 0; k < 600; k++) {
            double theta[64];
            for (size_t i = 0; i < f->n; i++) {
                double random = (double)(random_bits(&state) >> 11) / 4503599627370496.0 - 1;
                double along = i < f->weights ? f->theta[i] * (k == 0 ? 1 : -1) : 0;
                theta[i] = f->theta[i] + length * (k < 2 ? along : 2 * random);
            }
            best = fmax(best, J - value_at(f, theta));
        }
    return best / J;
}

START_TEST(what_scikit_learn_fits_minimises_the_translated_objective)
{
    const cJSON *c;
    size_t count = 0;
    cJSON_ArrayForEach (c, member_of(file, "cases")) {
        fit f;
        open_case(c, &f);
        const double zeros[64] = {0};
        double tolerance = number_of(c, "tolerance"), off;
        if (f.spec.cost->smooth)
            off = slope_at(&f, f.theta, f.spec.l1, f.spec.l2) / slope_at(&f, zeros, 0, 0);
        else
            off = descent_from(&f);
        char *text = cJSON_PrintUnformatted(member_of(c, "compat"));
        ck_assert_msg(off <= tolerance, "%s: off by %g", text, off);
        free(text);
        gd_objective_free(f.objective);
        count++;
    }
    ck_assert_uint_ge(count, 30);
}
END_TEST

/* The test can tell: at twice the penalty the same solutions are no minima. */
START_TEST(at_another_penalty_they_would_not)
{
    const cJSON *c;
    cJSON_ArrayForEach (c, member_of(file, "cases")) {
        fit f;
        open_case(c, &f);
        const double zeros[64] = {0};
        if (f.spec.l1 + f.spec.l2 > 0 && f.spec.cost->smooth) {
            double off =
                slope_at(&f, f.theta, 2 * f.spec.l1, 2 * f.spec.l2) / slope_at(&f, zeros, 0, 0);
            ck_assert_msg(off > 3 * number_of(c, "tolerance") || f.theta[0] == 0, "%s: off by %g",
                          string_of(member_of(c, "compat"), "estimator"), off);
        }
        gd_objective_free(f.objective);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("compat_objective");
    tcase_add_checked_fixture(tc, load, unload);
    tcase_add_test(tc, what_scikit_learn_fits_minimises_the_translated_objective);
    tcase_add_test(tc, at_another_penalty_they_would_not);
    return run_tests(tc, "api_compat_objective");
}
