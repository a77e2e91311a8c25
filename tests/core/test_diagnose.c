/* gd_diagnose: eigenvalues with closed forms, epochs that are predicted and then counted, and a
 * dataset for each warning. */
#include "gd_diagnose.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"alpha", "beta", "gamma", "delta"};

static gd_fit fit_of(gd_spec *spec, const problem *p)
{
    return (gd_fit){.model = spec->model,
                    .shape = gd_spec_shape(spec, p->data.cols, p->data.classes),
                    .cost = spec->cost,
                    .cost_hyper = &spec->cost_hyper,
                    .data = &p->data,
                    .rows = {.count = p->data.rows},
                    .l2 = spec->l2};
}

static gd_diagnosis diagnose(const gd_fit *f)
{
    gd_diagnosis d;
    gd_error err = {0};
    ck_assert_msg(gd_diagnose(&d, f, names, &err) == GD_OK, "%s", err.message);
    return d;
}

static bool warns(const gd_diagnosis *d, const char *words)
{
    for (size_t i = 0; i < d->count; i++)
        if (strstr(d->warnings[i], words))
            return true;
    return false;
}

#define assert_warns(d, words)                                                                     \
    ck_assert_msg(warns(d, words), "no warning has \"%s\"; the first of %zu: %s", words,           \
                  (d)->count, (d)->warnings[0])

/* No intercept: H = 2/N (a b; b c) + l2, eigenvalues (a + c)/2 +- sqrt((a - c)^2/4 + b^2). */
START_TEST(two_columns_agree_with_the_closed_form)
{
    const double x[] = {1.5, -0.25, 2, 3.5, -1, 4, 0.5, 0.75}, y[] = {1, 2, 3, 4};
    double a = 0, b = 0, c = 0;
    for (int i = 0; i < 4; i++) {
        a += x[2 * i] * x[2 * i] / 2;
        b += x[2 * i] * x[2 * i + 1] / 2;
        c += x[2 * i + 1] * x[2 * i + 1] / 2;
    }
    double root = sqrt((a - c) * (a - c) / 4 + b * b), L = (a + c) / 2 + root,
           mu = (a + c) / 2 - root;
    problem p = problem_of(x, y, 4, 2);
    for (int k = 0; k < 2; k++) {
        gd_spec spec = spec_defaults();
        spec.intercept = false;
        spec.l2 = 0.25 * k;
        gd_fit f = fit_of(&spec, &p);
        gd_diagnosis d = diagnose(&f);
        ck_assert_int_eq(d.kind, GD_EXTREMES_EXACT);
        double high = L + spec.l2, low = mu + spec.l2;
        assert_close(d.raw.largest, high, 1e-14);
        assert_close(d.raw.smallest, low, 1e-13);
        assert_close(d.raw.condition, high / low, 1e-13);
        assert_close(d.raw.max_stable_rate, 2 / high, 1e-14);
        assert_close(d.raw.best_rate, 2 / (high + low), 1e-14);
    }
    problem_free(&p);
}
END_TEST

/* Standardized columns with correlation r, an intercept: 2 (1 - r), 2, 2 (1 + r). */
START_TEST(standardized_columns_have_the_eigenvalues_of_their_correlation)
{
    problem p = problem_random(50, 2, 1, 5);
    double m[2] = {0}, v[2] = {0}, cross = 0;
    for (int i = 0; i < 100; i++)
        m[i % 2] += p.rows[i] / 50;
    for (int i = 0; i < 50; i++) {
        double a = p.rows[2 * i] - m[0], b = p.rows[2 * i + 1] - m[1];
        v[0] += a * a;
        v[1] += b * b;
        cross += a * b;
    }
    double r = fabs(cross) / sqrt(v[0] * v[1]);
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    assert_close(d.standardized.largest, 2 * (1 + r), 1e-13);
    assert_close(d.standardized.smallest, 2 * (1 - r), 1e-13);
    ck_assert_uint_eq(d.count, 0);
    problem_free(&p);
}
END_TEST

/* gd with that rate is run until the cost above the best one has fallen as far. */
START_TEST(epochs_are_about_as_predicted)
{
    problem p = problem_random(80, 3, 1, 6);
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.standardize = true;
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    double best[4], tolerance = 1e-10;
    least_squares(&p.data, true, best);
    double least = direct_mse(&p.data, true, best);
    const double rates[] = {0.2 * d.standardized.best_rate, d.standardized.best_rate,
                            0.97 * d.standardized.max_stable_rate};
    for (int k = 0; k < 3; k++) {
        spec.learning_rate = rates[k];
        spec.epochs = 100000;
        gd_train *t = train_begin(&p.data, &spec, NULL);
        double first = NAN;
        while (gd_train_step(t) != GD_STEP_DONE) {
            const gd_state *s = gd_train_state(t);
            if (s->cost == 0)
                continue;
            if (isnan(first))
                first = s->cost - least;
            if (s->cost - least <= tolerance * first)
                break;
        }
        double took = (double)gd_train_state(t)->epoch;
        double predicted = gd_epochs_to(&d.standardized, rates[k], tolerance);
        ck_assert_msg(took <= predicted + 1 && took > 0.4 * predicted,
                      "rate %g: %g epochs, predicted %g", rates[k], took, predicted);
        gd_train_free(t);
    }
    ck_assert(isinf(gd_epochs_to(&d.standardized, 1.01 * d.standardized.max_stable_rate, 0.1)));
    problem_free(&p);
}
END_TEST

/* Poisson at zero: sum a a' exp(0) / N; of costs whose slope jumps nothing is said. */
START_TEST(other_costs_say_what_is_known)
{
    problem p = problem_for(GD_COUNT, 0, 40, 2, 7);
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis squares = diagnose(&f);
    use_model(&spec, "poisson_regression");
    f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    ck_assert_int_eq(d.kind, GD_EXTREMES_AT_ZERO);
    assert_close(d.raw.largest, squares.raw.largest / 2, 1e-13);
    use_model(&spec, "linear_regression");
    use_cost(&spec, "huber");
    f = fit_of(&spec, &p);
    d = diagnose(&f);
    ck_assert_int_eq(d.kind, GD_EXTREMES_BOUND);
    assert_close(d.raw.largest, squares.raw.largest / 2, 1e-13);
    use_cost(&spec, "mae");
    f = fit_of(&spec, &p);
    d = diagnose(&f);
    ck_assert_int_eq(d.kind, GD_EXTREMES_NONE);
    ck_assert(isnan(d.raw.largest));
    problem_free(&p);
}
END_TEST

START_TEST(each_fault_has_its_words)
{
    problem p = problem_random(60, 4, 1, 8);
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    ck_assert_uint_eq(d.count, 0);

    for (size_t i = 0; i < 60; i++)
        p.rows[4 * i + 2] = p.rows[4 * i];
    d = diagnose(&f);
    assert_warns(&d, "column \"gamma\" is a copy of column \"alpha\"");
    ck_assert_uint_eq(d.standardized.rank, 4);
    ck_assert(isinf(d.standardized.condition));
    ck_assert_double_gt(d.standardized.slowest, 0);

    for (size_t i = 0; i < 60; i++)
        p.rows[4 * i + 2] = 3 - 2 * p.rows[4 * i];
    d = diagnose(&f);
    assert_warns(&d, "column \"gamma\" goes along exactly with column \"alpha\"");

    for (size_t i = 0; i < 60; i++)
        p.rows[4 * i + 3] = p.rows[4 * i] + p.rows[4 * i + 1];
    d = diagnose(&f);
    assert_warns(&d, "column \"delta\" is a weighted sum of columns \"alpha\", \"beta\"");

    uint64_t seed = 9;
    for (size_t i = 0; i < 60; i++) {
        p.rows[4 * i + 2] = random_signed(&seed);
        p.rows[4 * i + 3] = p.rows[4 * i + 1] + 1e-3 * random_signed(&seed);
    }
    d = diagnose(&f);
    assert_warns(&d, "columns \"beta\", \"delta\" nearly depend on each other");
    f.l2 = 1; /* which mends that */
    d = diagnose(&f);
    ck_assert_uint_eq(d.count, 0);
    for (int i = 0; i < 3; i++) { /* and this is no fault of the columns */
        static const double l2[] = {1e6, 1e100, 1e300};
        f.l2 = l2[i];
        d = diagnose(&f);
        ck_assert_uint_eq(d.count, 1);
        assert_warns(&d, "outweighs the data, whose curvature is at most");
    }
    f.l2 = 0;

    for (size_t i = 0; i < 60; i++) {
        p.rows[4 * i + 3] = 7;
        p.rows[4 * i + 2] = 5000 + 1000 * random_signed(&seed);
    }
    d = diagnose(&f);
    assert_warns(&d, "column \"delta\" never changes");
    assert_warns(&d, "columns are not scaled: \"gamma\"");
    ck_assert_ptr_nonnull(strstr(d.warnings[d.unscaled], "columns are not scaled"));

    gd_fit one = f;
    one.shape.cols = p.data.cols = 1; /* the first 60 values, a column of their own */
    for (size_t i = 0; i < 60; i++)
        p.rows[i] = 300 + random_signed(&seed);
    d = diagnose(&one);
    assert_warns(&d, "columns are not scaled: \"alpha\" lies around 300 while it varies by");
    p.data.cols = 4;

    f.rows.count = p.data.rows = 4;
    d = diagnose(&f);
    assert_warns(&d, "more parameters, 5, than rows, 4");
    problem_free(&p);
}
END_TEST

/* Rows that stand for more: what is so in them need not be so in all. */
START_TEST(of_some_of_the_rows_no_more_is_said_than_they_show)
{
    problem p = problem_random(60, 4, 1, 8);
    for (size_t i = 0; i < 60; i++)
        p.rows[4 * i + 1] = i == 59;
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    f.rows.count = 4;
    gd_diagnosis d = diagnose(&f);
    assert_warns(&d, "column \"beta\" never changes in the 4 rows looked at");
    ck_assert(!warns(&d, "more parameters"));
    problem_free(&p);
}
END_TEST

/* Their squares are 0 or infinite: that, and not that one column was another's double. */
START_TEST(columns_beyond_the_range_of_squares_are_named_as_such)
{
    static const struct {
        double scale;
        const char *words;
    } ranges[] = {{1e200, "column \"beta\" reaches"}, {1e-300, "column \"beta\" stays below"}};
    for (size_t k = 0; k < 2; k++) {
        problem p = problem_random(60, 4, 1, 8);
        for (size_t i = 0; i < 60; i++)
            p.rows[4 * i + 1] *= ranges[k].scale;
        gd_spec spec = spec_defaults();
        gd_fit f = fit_of(&spec, &p);
        gd_diagnosis d = diagnose(&f);
        assert_warns(&d, ranges[k].words);
        ck_assert_uint_eq(d.count, 1);
        problem_free(&p);
    }
}
END_TEST

/* x2 = 1000 x1: standardizing helps, and says how much with numbers. */
START_TEST(no_condition_number_is_infinite_in_words)
{
    problem p = problem_random(60, 2, 1, 8);
    for (size_t i = 0; i < 60; i++)
        p.rows[2 * i + 1] = 1000 * p.rows[2 * i];
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    assert_warns(&d, "columns are not scaled");
    ck_assert(!warns(&d, "inf"));
    problem_free(&p);
}
END_TEST

START_TEST(a_class_of_one_row_is_said)
{
    problem p = problem_random(30, 2, 1, 10);
    for (size_t i = 0; i < 30; i++)
        p.targets[i] = i == 11 ? 2 : (double)(i % 2);
    p.data.classes = 3;
    gd_spec spec = spec_defaults();
    use_model(&spec, "softmax_regression");
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d = diagnose(&f);
    assert_warns(&d, "1 class has a single row");
    problem_free(&p);
}
END_TEST

START_TEST(a_rate_that_diverges_or_crawls_is_said)
{
    gd_diagnosis d = {0};
    gd_diagnose_rate(&d, 0.2, 0.5, 0.4);
    gd_diagnose_rate(&d, 0.499, 0.5, 0.4);
    gd_diagnose_rate(&d, 0.7, NAN, NAN);
    gd_diagnose_rate(&d, 0.7, 0, 0);
    ck_assert_uint_eq(d.count, 0);
    gd_diagnose_rate(&d, 0.5, 0.5, 0.4);
    assert_warns(&d, "learning_rate 0.5 diverges: the largest stable rate is 0.5; set "
                     "learning_rate to 0.4 or");
    gd_diagnose_rate(&d, 0.001, 0.5, 0.4);
    assert_warns(&d, "learning_rate 0.001 crawls: 0.4 is stable too, and about 400 times");
    ck_assert_uint_eq(d.count, 2);
}
END_TEST

START_TEST(very_wide_data_is_looked_at_column_by_column)
{
    problem p = problem_random(20, 400, 1, 11);
    for (size_t i = 0; i < 20; i++)
        p.rows[400 * i + 1] = 5;
    gd_spec spec = spec_defaults();
    gd_fit f = fit_of(&spec, &p);
    gd_diagnosis d;
    ck_assert_int_eq(gd_diagnose(&d, &f, NULL, NULL), GD_OK);
    ck_assert_int_eq(d.kind, GD_EXTREMES_NONE);
    assert_warns(&d, "column 2 never changes");
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("diagnose");
    tcase_add_test(tc, two_columns_agree_with_the_closed_form);
    tcase_add_test(tc, standardized_columns_have_the_eigenvalues_of_their_correlation);
    tcase_add_test(tc, epochs_are_about_as_predicted);
    tcase_add_test(tc, other_costs_say_what_is_known);
    tcase_add_test(tc, each_fault_has_its_words);
    tcase_add_test(tc, of_some_of_the_rows_no_more_is_said_than_they_show);
    tcase_add_test(tc, columns_beyond_the_range_of_squares_are_named_as_such);
    tcase_add_test(tc, no_condition_number_is_infinite_in_words);
    tcase_add_test(tc, a_class_of_one_row_is_said);
    tcase_add_test(tc, a_rate_that_diverges_or_crawls_is_said);
    tcase_add_test(tc, very_wide_data_is_looked_at_column_by_column);
    return run_case(tc, "diagnose");
}
