/* What stands between a gradient and a step: clipping, averaging and penalties, against loops
 * written by hand for one column. */
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 23, BATCH = 7, EPOCHS = 6 };
#define RATE 0.0137

/* Settings of a run and of the loop. */
typedef struct how {
    double clip_norm, clip_value, l1, l2, momentum;
    bool average, nesterov;
} how;

static gd_spec spec_of(const how *h)
{
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = EPOCHS;
    spec.learning_rate = RATE;
    spec.standardize = spec.shuffle = false;
    spec.batch_size = BATCH;
    spec.clip_norm = h->clip_norm;
    spec.clip_value = h->clip_value;
    spec.l1 = h->l1;
    spec.l2 = h->l2;
    spec.average = h->average;
    if (h->momentum > 0) {
        use_optimizer(&spec, h->nesterov ? "nesterov" : "momentum");
        set_param(&spec.optimizer_hyper, spec.optimizer->params, 1, "momentum", h->momentum);
    }
    return spec;
}

typedef struct line {
    double w, b;
} line;

static line clipped(line g, const how *h, int *clips)
{
    if (h->clip_value > 0) {
        *clips += fabs(g.w) > h->clip_value || fabs(g.b) > h->clip_value;
        g.w = g.w > h->clip_value ? h->clip_value : g.w < -h->clip_value ? -h->clip_value : g.w;
        g.b = g.b > h->clip_value ? h->clip_value : g.b < -h->clip_value ? -h->clip_value : g.b;
    }
    double norm = sqrt(g.w * g.w + g.b * g.b);
    if (h->clip_norm > 0 && norm > h->clip_norm) {
        ++*clips;
        g.w *= h->clip_norm / norm;
        g.b *= h->clip_norm / norm;
    }
    return g;
}

/* Writes where each epoch ends, and the mean of what came after the first. */
static void by_hand(const gd_data *d, const how *h, line *end, line *mean, int *clips)
{
    line at = {0, 0}, v = {0, 0}, sum = {0, 0};
    int updates = 0;
    *clips = 0;
    for (int e = 0; e < EPOCHS; e++) {
        for (size_t first = 0; first < ROWS; first += BATCH) {
            size_t last = first + BATCH < ROWS ? first + BATCH : ROWS;
            line g = {0, 0};
            for (size_t i = first; i < last; i++) {
                double r = d->y[i] - (at.w * d->X[i] + at.b);
                g.w += -2 * r * d->X[i] / (double)(last - first);
                g.b += -2 * r / (double)(last - first);
            }
            g.w += h->l2 * at.w;
            g = clipped(g, h, clips);
            v = (line){h->momentum * v.w + g.w, h->momentum * v.b + g.b};
            line step = h->nesterov ? (line){g.w + h->momentum * v.w, g.b + h->momentum * v.b} : v;
            at.w -= RATE * step.w;
            at.b -= RATE * step.b;
            double by = h->l1 * RATE / (1 - h->momentum);
            at.w = at.w > by ? at.w - by : at.w < -by ? at.w + by : 0;
            if (e > 0) {
                updates++;
                sum.w += at.w;
                sum.b += at.b;
            }
        }
        end[e] = at;
        mean[e] = updates ? (line){sum.w / updates, sum.b / updates} : at;
    }
}

static void check(const how *h, bool clips_expected)
{
    problem p = problem_random(ROWS, 1, 0.8, 341);
    gd_spec spec = spec_of(h);
    line end[EPOCHS], mean[EPOCHS];
    int clips;
    by_hand(&p.data, h, end, mean, &clips);
    ck_assert_msg(!clips_expected || (clips > 3 && clips < EPOCHS * 4), "%d clips", clips);
    gd_train *t = train_begin(&p.data, &spec, NULL);
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE) {
        uint64_t e = gd_train_state(t)->epoch;
        if (step != GD_STEP_EPOCH || e == 0)
            continue;
        line want = h->average ? mean[e - 1] : end[e - 1];
        assert_near(gd_train_params(t)[0], want.w, 1e-13);
        assert_near(gd_train_params(t)[1], want.b, 1e-13);
        /* the cost is that of what is reported */
        double theta[] = {want.w, want.b};
        double penalty = h->l1 * fabs(want.w) + h->l2 / 2 * want.w * want.w;
        assert_close(gd_train_state(t)->cost, direct_mse(&p.data, true, theta) + penalty, 1e-12);
    }
    gd_train_free(t);
    problem_free(&p);
}

START_TEST(plain_momentum_and_nesterov_agree_with_the_loop)
{
    check(&(how){0}, false);
    check(&(how){.momentum = 0.5}, false);
    check(&(how){.momentum = 0.5, .nesterov = true}, false);
}
END_TEST

START_TEST(long_gradients_are_shortened)
{
    check(&(how){.clip_norm = 2.9}, true);
    check(&(how){.clip_norm = 2.9, .momentum = 0.5}, true); /* the gradient, not the step */
    check(&(how){.clip_norm = 2.9, .l2 = 0.5}, true);       /* with the penalty's part */
}
END_TEST

START_TEST(large_parts_of_gradients_are_cut)
{
    check(&(how){.clip_value = 2.5}, true);
    check(&(how){.clip_value = 2.5, .clip_norm = 2.6}, true); /* by value first */
}
END_TEST

START_TEST(penalties_of_mini_batches_agree_with_the_loop)
{
    check(&(how){.l2 = 0.3}, false);
    check(&(how){.l1 = 0.2}, false);
    check(&(how){.l1 = 0.2, .l2 = 0.3, .momentum = 0.5}, false);
    check(&(how){.l1 = 0.2, .momentum = 0.5, .nesterov = true}, false);
    check(&(how){.l1 = 50}, false); /* never leaves 0 */
}
END_TEST

START_TEST(averages_are_the_mean_of_the_iterates_after_the_first_epoch)
{
    check(&(how){.average = true}, false);
    check(&(how){.average = true, .momentum = 0.5, .l2 = 0.3}, false);
    check(&(how){.average = true, .l1 = 0.2, .clip_norm = 2.9}, true);
}
END_TEST

/* A gradient of exactly the limit, and one of zeros, pass as they are. */
START_TEST(gradients_within_the_limit_pass)
{
    const double x[] = {1, 1}, y[] = {3, 3};
    problem p = problem_of(x, y, 2, 1);
    gd_spec spec = spec_defaults();
    spec.standardize = spec.intercept = false;
    spec.tol = 0;
    spec.learning_rate = 0.5; /* Newton's step: to 3 at once */
    spec.epochs = 5;
    spec.clip_norm = spec.clip_value = 6;
    gd_train *t = train_begin(&p.data, &spec, NULL);
    train_finish(t);
    ck_assert_double_eq(gd_train_params(t)[0], 3);
    gd_train_free(t);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("updates");
    tcase_add_test(tc, plain_momentum_and_nesterov_agree_with_the_loop);
    tcase_add_test(tc, long_gradients_are_shortened);
    tcase_add_test(tc, large_parts_of_gradients_are_cut);
    tcase_add_test(tc, penalties_of_mini_batches_agree_with_the_loop);
    tcase_add_test(tc, averages_are_the_mean_of_the_iterates_after_the_first_epoch);
    tcase_add_test(tc, gradients_within_the_limit_pass);
    return run_case(tc, "updates");
}
