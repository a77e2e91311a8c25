/* A pass over further rows: the textbook recursions, worked out here a number at a time, and the
 * law that rows in two calls do what the same rows in one do. */
#include "gd_online.h"
#include "problems.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 30, COLS = 3, N = COLS + 1, MOST = 64 };

static const double center[COLS] = {0.4, -1.2, 2.3}, scale[COLS] = {1.5, 0.7, 3.1};

/* A model somewhere, and what a pass needs of it. */
typedef struct place {
    double theta[MOST], own[MOST], state[1 + 3 * MOST];
    gd_online o;
} place;

static void place_make(place *p, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < MOST; i++)
        p->theta[i] = random_signed(&seed);
    p->o = (gd_online){
        .center = center, .scale = scale, .theta = p->theta, .own = p->own, .state = p->state};
}

static gd_spec spec_of(const char *optimizer, double rate, uint64_t batch)
{
    gd_spec s = spec_defaults();
    use_optimizer(&s, optimizer);
    s.learning_rate = rate;
    s.batch_size = batch;
    return s;
}

static void go(place *p, const gd_data *d, const gd_spec *s)
{
    gd_error err = {0};
    gd_status status = gd_online_pass(&p->o, d, s, NULL, &err);
    ck_assert_msg(status == GD_OK, "%s: %s", err.field, err.message);
}

START_TEST(single_rows_move_a_line_by_the_recursion_of_sgd)
{
    problem p = problem_random(ROWS, COLS, 0.5, 21);
    const double rate = 0.0137, l1 = 0.02, l2 = 0.3;
    gd_spec s = spec_of("gd", rate, 1);
    s.l1 = l1;
    s.l2 = l2;
    place at;
    place_make(&at, 5);
    double w[N];
    memcpy(w, at.theta, sizeof w);
    go(&at, &p.data, &s);
    ck_assert_uint_eq(at.o.steps, ROWS);
    ck_assert_double_eq(at.o.learning_rate, rate);
    for (size_t i = 0; i < ROWS; i++) {
        double z = w[COLS], x[COLS];
        for (size_t j = 0; j < COLS; j++) {
            x[j] = (p.data.X[i * COLS + j] - center[j]) / scale[j];
            z += w[j] * x[j];
        }
        double slope = 2 * (z - p.data.y[i]);
        w[COLS] -= rate * slope;
        for (size_t j = 0; j < COLS; j++) {
            w[j] -= rate * (slope * x[j] + l2 * w[j]);
            double size = fabs(w[j]) - rate * l1;
            w[j] = size <= 0 ? 0 : copysign(size, w[j]);
        }
    }
    double intercept = w[COLS];
    for (size_t j = 0; j < COLS; j++) {
        assert_close(at.theta[j], w[j], 1e-12);
        assert_close(at.own[j], w[j] / scale[j], 1e-12);
        intercept -= w[j] * center[j] / scale[j];
    }
    assert_close(at.theta[COLS], w[COLS], 1e-12);
    assert_close(at.own[COLS], intercept, 1e-11);
    problem_free(&p);
}
END_TEST

START_TEST(weights_count_as_they_are)
{
    problem p = problem_random(1, COLS, 0.5, 22);
    const double weight = 2.5;
    gd_spec s = spec_of("gd", 0.01, 1);
    place heavy, light;
    place_make(&heavy, 6);
    place_make(&light, 6);
    double before[N];
    memcpy(before, heavy.theta, sizeof before);
    go(&light, &p.data, &s);
    p.data.weights = &weight;
    go(&heavy, &p.data, &s);
    for (size_t j = 0; j < N; j++)
        assert_close(heavy.theta[j] - before[j], weight * (light.theta[j] - before[j]), 1e-9);
    problem_free(&p);
}
END_TEST

/* Every optimizer that goes by batches, with a rate of its own. */
START_TEST(two_calls_go_on_from_one_another_bit_for_bit)
{
    const gd_optimizer *optimizer = gd_optimizers[_i];
    if (optimizer->descend)
        return;
    problem p = problem_random(ROWS, COLS, 0.5, 23);
    gd_spec s = spec_of(optimizer->name, 0.003, 1);
    place once, twice;
    place_make(&once, 7);
    place_make(&twice, 7);
    ck_assert_uint_le(gd_online_state_len(&s, N), sizeof once.state / sizeof(double));
    go(&once, &p.data, &s);
    gd_data first = p.data, rest = p.data;
    first.rows = 11;
    rest.rows -= 11;
    rest.X += 11 * COLS;
    rest.y += 11;
    go(&twice, &first, &s);
    twice.o.resumes = true;
    go(&twice, &rest, &s);
    assert_same_bits(once.theta, twice.theta, N);
    assert_same_bits(once.state, twice.state, gd_online_state_len(&s, N));
    ck_assert_double_eq(once.state[0], ROWS);
    problem_free(&p);
}
END_TEST

START_TEST(every_model_learns_and_unscaled_ones_stay_unscaled)
{
    const gd_model *model = gd_models[_i];
    gd_spec s = spec_of("gd", 0.002, 4);
    use_model(&s, model->name);
    size_t classes = task_of(model) == GD_MULTICLASS ? 3 : task_of(model) == GD_BINARY ? 2 : 0;
    problem p = problem_for(task_of(model), classes, ROWS, COLS, 24);
    gd_shape shape = gd_spec_shape(&s, COLS, p.data.classes);
    size_t n = model->params_len(&shape);
    place at;
    double *theta = calloc(n, sizeof *theta), *own = calloc(n, sizeof *own),
           *state = calloc(gd_online_state_len(&s, n), sizeof *state);
    model->init(&shape, 3, theta);
    at.o = (gd_online){.theta = theta, .own = own, .state = state};
    go(&at, &p.data, &s);
    assert_same_bits(theta, own, n);
    ck_assert_uint_eq(at.o.steps, (ROWS + 3) / 4);
    free(theta);
    free(own);
    free(state);
    problem_free(&p);
}
END_TEST

START_TEST(coefficients_stay_within_their_bounds)
{
    const double low[COLS] = {0.1, -INFINITY, -0.2}, high[COLS] = {0.2, -0.3, INFINITY};
    problem p = problem_random(ROWS, COLS, 0.5, 25);
    gd_spec s = spec_of("gd", 0.01, 1);
    s.lower = low;
    s.upper = high;
    place at;
    place_make(&at, 8);
    go(&at, &p.data, &s);
    for (size_t j = 0; j < COLS; j++)
        ck_assert_msg(at.own[j] >= low[j] && at.own[j] <= high[j], "%zu: %g", j, at.own[j]);
    problem_free(&p);
}
END_TEST

START_TEST(numbers_that_run_away_change_nothing)
{
    problem p = problem_random(ROWS, COLS, 0.5, 26);
    gd_spec s = spec_of("gd", 1e200, 1);
    gd_error err;
    place at, before;
    place_make(&at, 9);
    place_make(&before, 9);
    ck_assert_int_eq(gd_online_pass(&at.o, &p.data, &s, NULL, &err), GD_OVERFLOW);
    ck_assert_str_eq(err.field, "learning_rate");
    assert_same_bits(at.theta, before.theta, N);
    assert_same_bits(at.state, before.state, gd_online_state_len(&s, N));
    problem_free(&p);
}
END_TEST

START_TEST(auto_is_a_safe_rate_for_these_rows)
{
    problem p = problem_random(ROWS, COLS, 0.5, 27);
    gd_spec s = spec_of("gd", GD_AUTO, 1);
    place at;
    place_make(&at, 10);
    go(&at, &p.data, &s);
    /* 1 / (2 L), L the largest curvature of a row: 2 |(x, 1)|^2 */
    double most = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 1;
        for (size_t j = 0; j < COLS; j++)
            sum += pow((p.data.X[i * COLS + j] - center[j]) / scale[j], 2);
        most = fmax(most, 2 * sum);
    }
    assert_close(at.o.learning_rate, 1 / (2 * most), 1e-9);
    problem_free(&p);
}
END_TEST

START_TEST(what_needs_all_rows_is_refused)
{
    problem p = problem_random(ROWS, COLS, 0.5, 28);
    gd_spec s = spec_of("lbfgs", GD_AUTO, 1);
    gd_error err;
    place at;
    place_make(&at, 11);
    ck_assert_int_eq(gd_online_pass(&at.o, &p.data, &s, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "batch_size");
    problem_free(&p);
}
END_TEST

START_TEST(a_state_that_no_pass_has_left_is_refused_and_the_model_stays)
{
    static const double wrong[] = {NAN, INFINITY, -1, 0.5, 1e300};
    problem p = problem_random(ROWS, COLS, 0.5, 21);
    gd_spec s = spec_of("adam", 0.01, 1);
    place at, before;
    gd_error err = {0};
    place_make(&at, 5);
    go(&at, &p.data, &s);
    at.o.resumes = true;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        at.state[0] = wrong[k];
        before = at;
        ck_assert_int_eq(gd_online_pass(&at.o, &p.data, &s, NULL, &err), GD_INVALID);
        ck_assert_ptr_nonnull(strstr(err.message, "damaged"));
        ck_assert_mem_eq(before.theta, at.theta, sizeof at.theta);
    }
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("online");
    tcase_add_test(tc, single_rows_move_a_line_by_the_recursion_of_sgd);
    tcase_add_test(tc, weights_count_as_they_are);
    tcase_add_loop_test(tc, two_calls_go_on_from_one_another_bit_for_bit, 0,
                        (int)gd_optimizers_count);
    tcase_add_loop_test(tc, every_model_learns_and_unscaled_ones_stay_unscaled, 0,
                        (int)gd_models_count);
    tcase_add_test(tc, coefficients_stay_within_their_bounds);
    tcase_add_test(tc, numbers_that_run_away_change_nothing);
    tcase_add_test(tc, auto_is_a_safe_rate_for_these_rows);
    tcase_add_test(tc, what_needs_all_rows_is_refused);
    tcase_add_test(tc, a_state_that_no_pass_has_left_is_refused_and_the_model_stays);
    return run_case(tc, "online");
}
