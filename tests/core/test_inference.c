/* gd_inference: against the standard deviations that NIST certifies, and against summary() of R
 * 4.2.2's lm, glm and nnet::multinom on R's own data. glm with epsilon = 1e-15; multinom with
 * reltol = abstol = 1e-20. The commands stand at each test. */
#include "gd_inference.h"
#include "gd_limits.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

/* mtcars[, c("mpg", "cyl", "drat", "wt", "hp", "qsec", "am", "carb", "gear")] */
enum { MPG, CYL, DRAT, WT, HP, QSEC, AM, CARB, GEAR, MTCARS_COLS };
#define MTCARS_ROWS 32
static const double mtcars[MTCARS_ROWS][MTCARS_COLS] = {
    {21, 6, 3.9, 2.62, 110, 16.46, 1, 4, 4},     {21, 6, 3.9, 2.875, 110, 17.02, 1, 4, 4},
    {22.8, 4, 3.85, 2.32, 93, 18.61, 1, 1, 4},   {21.4, 6, 3.08, 3.215, 110, 19.44, 0, 1, 3},
    {18.7, 8, 3.15, 3.44, 175, 17.02, 0, 2, 3},  {18.1, 6, 2.76, 3.46, 105, 20.22, 0, 1, 3},
    {14.3, 8, 3.21, 3.57, 245, 15.84, 0, 4, 3},  {24.4, 4, 3.69, 3.19, 62, 20, 0, 2, 4},
    {22.8, 4, 3.92, 3.15, 95, 22.9, 0, 2, 4},    {19.2, 6, 3.92, 3.44, 123, 18.3, 0, 4, 4},
    {17.8, 6, 3.92, 3.44, 123, 18.9, 0, 4, 4},   {16.4, 8, 3.07, 4.07, 180, 17.4, 0, 3, 3},
    {17.3, 8, 3.07, 3.73, 180, 17.6, 0, 3, 3},   {15.2, 8, 3.07, 3.78, 180, 18, 0, 3, 3},
    {10.4, 8, 2.93, 5.25, 205, 17.98, 0, 4, 3},  {10.4, 8, 3, 5.424, 215, 17.82, 0, 4, 3},
    {14.7, 8, 3.23, 5.345, 230, 17.42, 0, 4, 3}, {32.4, 4, 4.08, 2.2, 66, 19.47, 1, 1, 4},
    {30.4, 4, 4.93, 1.615, 52, 18.52, 1, 2, 4},  {33.9, 4, 4.22, 1.835, 65, 19.9, 1, 1, 4},
    {21.5, 4, 3.7, 2.465, 97, 20.01, 0, 1, 3},   {15.5, 8, 2.76, 3.52, 150, 16.87, 0, 2, 3},
    {15.2, 8, 3.15, 3.435, 150, 17.3, 0, 2, 3},  {13.3, 8, 3.73, 3.84, 245, 15.41, 0, 4, 3},
    {19.2, 8, 3.08, 3.845, 175, 17.05, 0, 2, 3}, {27.3, 4, 4.08, 1.935, 66, 18.9, 1, 1, 4},
    {26, 4, 4.43, 2.14, 91, 16.7, 1, 2, 5},      {30.4, 4, 3.77, 1.513, 113, 16.9, 1, 2, 5},
    {15.8, 8, 4.22, 3.17, 264, 14.5, 1, 4, 5},   {19.7, 6, 3.62, 2.77, 175, 15.5, 1, 6, 5},
    {15, 8, 3.54, 3.57, 335, 14.6, 1, 8, 5},     {21.4, 4, 4.11, 2.78, 109, 18.6, 1, 2, 4},
};

typedef struct setup {
    problem p;
    gd_fit fit;
    double weights[MTCARS_ROWS], offset[MTCARS_ROWS];
} setup;

static void fit_of(setup *s, const char *model, const double *theta)
{
    gd_spec spec = spec_defaults();
    use_model(&spec, model);
    s->fit = (gd_fit){.model = spec.model,
                      .shape = gd_spec_shape(&spec, s->p.data.cols, s->p.data.classes),
                      .cost = spec.cost,
                      .theta = theta,
                      .data = &s->p.data,
                      .rows = {.count = s->p.data.rows}};
}

static void mtcars_of(setup *s, const char *model, int target, const int *features, size_t cols,
                      const double *theta)
{
    double x[MTCARS_ROWS * 4], y[MTCARS_ROWS];
    for (size_t i = 0; i < MTCARS_ROWS; i++) {
        for (size_t j = 0; j < cols; j++)
            x[i * cols + j] = mtcars[i][features[j]];
        y[i] = mtcars[i][target];
    }
    s->p = problem_of(x, y, MTCARS_ROWS, cols);
    s->p.data.classes = target == AM ? 2 : 0;
    fit_of(s, model, theta);
}

static gd_inference *infer(const gd_fit *f, double level)
{
    gd_inference *r;
    gd_error err = {0};
    ck_assert_msg(gd_inference_new(&r, f, level, 0, NULL, &err) == GD_OK, "%s", err.message);
    return r;
}

static void is_valid(const gd_inference *r, size_t count)
{
    ck_assert_msg(r->status == GD_INFERENCE_VALID, "%s (%g)", gd_inference_reason(r->status),
                  r->distance);
    ck_assert_uint_eq(r->count, count);
}

/* want: estimate, standard error, statistic, p-value, as R's summary has them */
static void assert_term(const gd_term *t, const double *want, double digits)
{
    assert_close(t->estimate, want[0], 1e-15);
    assert_close(t->std_error, want[1], digits);
    assert_close(t->statistic, want[2], digits);
    assert_close(t->p_value, want[3], 30 * digits); /* d log p / d log t is about t^2 */
}

/* theta: coefficients, then the intercept; sd the same way, then the residual's */
static void check_nist(const char *file, const double *theta, const double *sd, size_t n,
                       double digits)
{
    setup s = {.p = problem_nist(file)};
    fit_of(&s, "linear_regression", theta);
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, n);
    ck_assert(r->student);
    ck_assert_double_eq(r->df, (double)(s.p.data.rows - n));
    for (size_t j = 0; j < n; j++) {
        ck_assert_uint_eq(r->terms[j].column, j);
        assert_close(r->terms[j].std_error, sd[j], digits);
    }
    assert_close(r->sigma, sd[n], digits);
    gd_inference_free(r);
    problem_free(&s.p);
}

START_TEST(nist_norris_to_twelve_digits)
{
    const double theta[] = {1.00211681802045, -0.262323073774029};
    const double sd[] = {0.429796848199937E-03, 0.232818234301152, 0.884796396144373};
    check_nist("norris.csv", theta, sd, 2, 1e-12);
}
END_TEST

START_TEST(nist_pontius_to_ten_digits)
{
    const double theta[] = {0.732059160401003E-06, -0.316081871345029E-14, 0.673565789473684E-03};
    const double sd[] = {0.157817399981659E-09, 0.486652849992036E-16, 0.107938612033077E-03,
                         0.205177424076185E-03};
    check_nist("pontius.csv", theta, sd, 3, 1e-10);
}
END_TEST

START_TEST(nist_longley_to_ten_digits)
{
    const double theta[] = {15.0618722713733,  -0.358191792925910E-01, -2.02022980381683,
                            -1.03322686717359, -0.511041056535807E-01, 1829.15146461355,
                            -3482258.63459582};
    const double sd[] = {84.9149257747669,  0.334910077722432E-01, 0.488399681651699,
                         0.214274163161675, 0.226073200069370,     455.478499142212,
                         890420.383607373,  304.854073561965};
    check_nist("longley.csv", theta, sd, 7, 1e-10);
}
END_TEST

/* f <- lm(mpg ~ wt + hp + qsec, mtcars, weights = cyl, offset = drat); confint(f, level = 0.9) */
START_TEST(a_weighted_linear_fit_with_an_offset_agrees_with_r)
{
    const double want[4][4] = {
        {-3.7325650617082364e+00, 6.7616543196694856e-01, -5.5201950369605512e+00,
         6.7053937879676782e-06},
        {-0.015502460392491401, 0.013721566540836528, -1.129787939762911586, 0.268151554897867461},
        {0.61126434739614566, 0.44615771021064166, 1.37006339553686796, 0.18155366997488101},
        {19.761994709234691925, 8.502100117835823312, 2.324366266609553033, 0.027582652628114001}};
    const double theta[] = {want[0][0], want[1][0], want[2][0], want[3][0]};
    const int features[] = {WT, HP, QSEC};
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 3, theta);
    for (size_t i = 0; i < MTCARS_ROWS; i++) {
        s.weights[i] = mtcars[i][CYL];
        s.offset[i] = mtcars[i][DRAT];
    }
    s.fit.weights = s.weights;
    s.fit.offset = s.offset;
    gd_inference *r = infer(&s.fit, 0.9);
    is_valid(r, 4);
    for (size_t j = 0; j < 4; j++)
        assert_term(&r->terms[j], want[j], 1e-10);
    assert_close(r->sigma, 5.8832657224649578, 1e-12);
    assert_close(r->terms[3].low, 5.29880919255815108, 1e-10);
    assert_close(r->terms[3].high, 34.2251802259112309912, 1e-10);
    assert_close(r->terms[0].low, -4.88281099470849878, 1e-10);
    ck_assert(isnan(r->terms[3].vif));
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* diag(solve(cor(mtcars[, c("wt", "hp", "qsec")]))) */
START_TEST(variance_inflation_agrees_with_the_inverse_of_the_correlations)
{
    const double want[] = {2.5304427501289801, 4.9219557480794895, 2.8738037543873913};
    const int features[] = {WT, HP, QSEC};
    double theta[4] = {0};
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 3, theta);
    least_squares(&s.p.data, true, theta);
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, 4);
    for (size_t j = 0; j < 3; j++)
        assert_close(r->terms[j].vif, want[j], 1e-11);
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* summary(glm(am ~ wt, binomial, mtcars)) */
START_TEST(a_logistic_fit_agrees_with_r)
{
    const double want[2][4] = {
        {-4.0239699621732017, 1.436527743689314, -2.8011780349182649, 0.0050916420320824083},
        {12.040369728657319, 4.5100662101330355, 2.669665846945994, 0.0075926766308842212}};
    const double theta[] = {want[0][0], want[1][0]};
    const int features[] = {WT};
    setup s;
    mtcars_of(&s, "logistic_regression", AM, features, 1, theta);
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, 2);
    ck_assert(!r->student);
    ck_assert(isinf(r->df));
    for (size_t j = 0; j < 2; j++)
        assert_term(&r->terms[j], want[j], 2e-8); /* as far as glm goes */
    assert_close(r->terms[0].high, want[0][0] + 1.9599639845400542 * want[0][1], 1e-7);
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* summary(glm(am ~ wt + hp, binomial, mtcars, weights = carb)) */
START_TEST(a_weighted_logistic_fit_agrees_with_r)
{
    const double want[3][4] = {{-1.2867689480484183e+01, 3.5712169982114066e+00,
                                -3.6031665079239885e+00, 3.1436400587066818e-04},
                               {0.04926216094522034572, 0.01477731560049862052,
                                3.33363394793829304064, 0.00085719386765150177},
                               {3.2390295199381157e+01, 9.1727436451560624e+00,
                                3.5311458002520113e+00, 4.1376360700077922e-04}};
    const double theta[] = {want[0][0], want[1][0], want[2][0]};
    const int features[] = {WT, HP};
    setup s;
    mtcars_of(&s, "logistic_regression", AM, features, 2, theta);
    for (size_t i = 0; i < MTCARS_ROWS; i++)
        s.weights[i] = mtcars[i][CARB];
    s.fit.weights = s.weights;
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, 3);
    for (size_t j = 0; j < 3; j++)
        assert_term(&r->terms[j], want[j], 1e-8); /* as far as glm goes */
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* summary(glm(carb ~ wt + hp, poisson, mtcars, weights = gear, offset = log(cyl))) */
START_TEST(a_weighted_poisson_fit_with_an_offset_agrees_with_r)
{
    const double want[3][4] = {
        {-0.141479505775738590, 0.070928311610464839, -1.994683118255201171, 0.046077451753334581},
        {3.5088926063370860e-03, 8.0173435163483010e-04, 4.3766274941095435e+00,
         1.2052970191799668e-05},
        {-8.5326129712542831e-01, 2.1030183104410557e-01, -4.0573174892922257e+00,
         4.9639581187230066e-05}};
    const double theta[] = {want[0][0], want[1][0], want[2][0]};
    const int features[] = {WT, HP};
    setup s;
    mtcars_of(&s, "poisson_regression", CARB, features, 2, theta);
    for (size_t i = 0; i < MTCARS_ROWS; i++) {
        s.weights[i] = mtcars[i][GEAR];
        s.offset[i] = log(mtcars[i][CYL]);
    }
    s.fit.weights = s.weights;
    s.fit.offset = s.offset;
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, 3);
    for (size_t j = 0; j < 3; j++)
        assert_term(&r->terms[j], want[j], 1e-9);
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* d <- warpbreaks; d$w <- as.integer(d$wool) - 1; summary(multinom(tension ~ breaks + w, d)) */
START_TEST(a_softmax_fit_agrees_with_multinom)
{
    const double breaks[] = {26, 30, 54, 25, 70, 52, 51, 26, 67, 18, 21, 29, 17, 12,
                             18, 35, 30, 36, 36, 21, 24, 18, 10, 43, 28, 15, 26, 27,
                             14, 29, 19, 29, 31, 41, 20, 44, 42, 26, 19, 16, 39, 28,
                             21, 39, 29, 20, 21, 24, 17, 13, 15, 15, 16, 28};
    double x[108], y[54];
    for (size_t i = 0; i < 54; i++) {
        x[2 * i] = breaks[i];
        x[2 * i + 1] = i >= 27;
        y[i] = (double)(i / 9 % 3);
    }
    /* class by class; 7 is added to each class: only contrasts are determined */
    const double theta[] = {7,
                            7,
                            7 - 0.0655897880272107,
                            7 - 0.478075018658943,
                            7 - 0.1248667614035467,
                            7 - 0.604411151674425,
                            7,
                            7 + 2.26618074660771,
                            7 + 3.73956028332339};
    const double se[] = {0.0311400550455152, 0.737743512830756, 1.15657111236968,
                         0.0424871234766098, 0.780368053508991, 1.30527818250111};
    const double estimate[] = {-0.0655897880272107, -0.478075018658943, 2.26618074660771,
                               -0.1248667614035467, -0.604411151674425, 3.73956028332339};
    setup s = {.p = problem_of(x, y, 54, 2)};
    s.p.data.classes = 3;
    fit_of(&s, "softmax_regression", theta);
    gd_inference *r = infer(&s.fit, 0.95);
    is_valid(r, 6);
    for (size_t j = 0; j < 6; j++) {
        ck_assert_uint_eq(r->terms[j].output, 1 + j / 3);
        ck_assert_uint_eq(r->terms[j].column, j % 3);
        assert_close(r->terms[j].estimate, estimate[j], 1e-12);
        assert_close(r->terms[j].std_error, se[j], 1e-7); /* as far as BFGS goes */
    }
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

/* With two classes softmax and logistic regression are the same fit. */
START_TEST(softmax_of_two_classes_is_logistic_regression)
{
    const double logistic[] = {-4.0239699621732017, 12.040369728657319};
    const double softmax[] = {2, 2 - 4.0239699621732017, 5, 5 + 12.040369728657319};
    const int features[] = {WT};
    setup a, b;
    mtcars_of(&a, "logistic_regression", AM, features, 1, logistic);
    mtcars_of(&b, "softmax_regression", AM, features, 1, softmax);
    gd_inference *r = infer(&a.fit, 0.95), *q = infer(&b.fit, 0.95);
    is_valid(q, 2);
    for (size_t j = 0; j < 2; j++)
        assert_close(q->terms[j].std_error, r->terms[j].std_error, 1e-10);
    gd_inference_free(r);
    gd_inference_free(q);
    problem_free(&a.p);
    problem_free(&b.p);
}
END_TEST

/* Parameters as trained, for scaled features, say the same. */
START_TEST(how_the_run_scaled_does_not_matter)
{
    const int features[] = {WT, HP, QSEC};
    double theta[4] = {0}, scaled[4];
    const double center[] = {3, 100, 20}, scale[] = {2, 50, 0.25};
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 3, theta);
    least_squares(&s.p.data, true, theta);
    gd_inference *a = infer(&s.fit, 0.95);
    s.fit.model->rescale(&s.fit.shape, center, scale, theta, scaled);
    s.fit.theta = scaled;
    s.fit.center = center;
    s.fit.scale = scale;
    gd_inference *b = infer(&s.fit, 0.95);
    for (size_t j = 0; j < 4; j++) {
        assert_close(b->terms[j].estimate, a->terms[j].estimate, 1e-12);
        assert_close(b->terms[j].std_error, a->terms[j].std_error, 1e-14);
    }
    gd_inference_free(a);
    gd_inference_free(b);
    problem_free(&s.p);
}
END_TEST

static gd_inference_status status_of(const gd_fit *f)
{
    gd_inference *r = infer(f, 0.95);
    gd_inference_status status = r->status;
    ck_assert_uint_eq(r->count > 0, status == GD_INFERENCE_VALID);
    ck_assert_uint_eq(strlen(gd_inference_reason(status)) > 0, status != GD_INFERENCE_VALID);
    gd_inference_free(r);
    return status;
}

START_TEST(where_it_does_not_hold_it_says_why)
{
    const int features[] = {WT, HP};
    double theta[3] = {0}, lower[] = {-INFINITY, -1}, far[3];
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 2, theta);
    least_squares(&s.p.data, true, theta);
    gd_fit f = s.fit;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_VALID);
    f.l2 = 0.1;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_PENALISED);
    f = s.fit;
    f.l1 = 0.1;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_PENALISED);
    f = s.fit;
    f.lower = lower;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_BOUNDED);
    lower[1] = -INFINITY;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_VALID);
    f = s.fit;
    f.class_weights = true;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_CLASS_WEIGHTS);
    f = s.fit;
    f.cost = gd_cost_find("mae");
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_MODEL);
    f = s.fit;
    f.rows.count = 3;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_TOO_FEW_ROWS);
    f = s.fit;
    memcpy(far, theta, sizeof far);
    far[1] += 0.01;
    f.theta = far;
    ck_assert_int_eq(status_of(&f), GD_INFERENCE_NOT_CONVERGED);
    problem_free(&s.p);
}
END_TEST

START_TEST(a_column_that_depends_on_others_is_named)
{
    const int features[] = {WT, HP, WT, QSEC};
    const double theta[5] = {0};
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 4, theta);
    gd_inference *r = infer(&s.fit, 0.95);
    ck_assert_int_eq(r->status, GD_INFERENCE_RANK_DEFICIENT);
    ck_assert_uint_eq(r->column, 2);
    gd_inference_free(r);
    for (size_t i = 0; i < MTCARS_ROWS; i++)
        s.p.rows[4 * i + 2] = (double)i * (double)i;
    for (size_t i = 0; i < MTCARS_ROWS; i++)
        s.p.rows[4 * i + 1] = 4.5;
    r = infer(&s.fit, 0.95);
    ck_assert_int_eq(r->status, GD_INFERENCE_RANK_DEFICIENT);
    ck_assert_uint_eq(r->column, 1);
    gd_inference_free(r);
    problem_free(&s.p);
}
END_TEST

START_TEST(classes_that_are_told_apart_without_error_have_no_standard_errors)
{
    const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {0, 0, 0, 1, 1, 1};
    for (double size = 2; size < 2000; size *= 3) {
        const double theta[] = {size, -3.5 * size};
        setup s = {.p = problem_of(x, y, 6, 1)};
        s.p.data.classes = 2;
        fit_of(&s, "logistic_regression", theta);
        gd_inference_status status = status_of(&s.fit);
        ck_assert_msg(status == GD_INFERENCE_SEPARATED || status == GD_INFERENCE_NOT_CONVERGED ||
                          status == GD_INFERENCE_RANK_DEFICIENT,
                      "%g: %s", size, gd_inference_status_name(status));
        problem_free(&s.p);
    }
}
END_TEST

START_TEST(a_level_that_is_none_is_refused)
{
    const int features[] = {WT};
    const double theta[2] = {0};
    setup s;
    mtcars_of(&s, "linear_regression", MPG, features, 1, theta);
    const double levels[] = {0, 1, -1, NAN};
    for (int i = 0; i < 4; i++) {
        gd_inference *r;
        gd_error err = {0};
        ck_assert_int_eq(gd_inference_new(&r, &s.fit, levels[i], 0, NULL, &err), GD_INVALID);
        ck_assert_str_eq(err.field, "level");
        ck_assert_ptr_null(r);
    }
    problem_free(&s.p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("inference");
    tcase_add_test(tc, nist_norris_to_twelve_digits);
    tcase_add_test(tc, nist_pontius_to_ten_digits);
    tcase_add_test(tc, nist_longley_to_ten_digits);
    tcase_add_test(tc, a_weighted_linear_fit_with_an_offset_agrees_with_r);
    tcase_add_test(tc, variance_inflation_agrees_with_the_inverse_of_the_correlations);
    tcase_add_test(tc, a_logistic_fit_agrees_with_r);
    tcase_add_test(tc, a_weighted_logistic_fit_agrees_with_r);
    tcase_add_test(tc, a_weighted_poisson_fit_with_an_offset_agrees_with_r);
    tcase_add_test(tc, a_softmax_fit_agrees_with_multinom);
    tcase_add_test(tc, softmax_of_two_classes_is_logistic_regression);
    tcase_add_test(tc, how_the_run_scaled_does_not_matter);
    tcase_add_test(tc, where_it_does_not_hold_it_says_why);
    tcase_add_test(tc, a_column_that_depends_on_others_is_named);
    tcase_add_test(tc, classes_that_are_told_apart_without_error_have_no_standard_errors);
    tcase_add_test(tc, a_level_that_is_none_is_refused);
    return run_case(tc, "inference");
}
