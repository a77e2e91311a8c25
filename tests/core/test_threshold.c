/* gd_threshold: against every threshold there is. */
#include "gd_threshold.h"
#include "problems.h"

#include <string.h>

#define N 40

/* precision, recall and f_beta of a threshold, counted */
static void count(double at, const double *s, const double *y, const double *w, double beta,
                  double *precision, double *recall, double *f)
{
    double tp = 0, fp = 0, fn = 0;
    for (int i = 0; i < N; i++) {
        double weight = w ? w[i] : 1;
        tp += s[i] >= at && y[i] == 1 ? weight : 0;
        fp += s[i] >= at && y[i] == 0 ? weight : 0;
        fn += s[i] < at && y[i] == 1 ? weight : 0;
    }
    *precision = tp / (tp + fp);
    *recall = tp / (tp + fn);
    *f = (1 + beta * beta) * tp / ((1 + beta * beta) * tp + beta * beta * fn + fp);
}

START_TEST(the_best_of_all_thresholds_is_found)
{
    uint64_t seed = 1 + (uint64_t)_i;
    double s[N], y[N], weights[N], *w = _i % 2 ? weights : NULL;
    for (int i = 0; i < N; i++) {
        y[i] = random_signed(&seed) > 0.2;
        s[i] = round(6 * (0.8 * y[i] + random_signed(&seed))) / 8; /* many ties */
        weights[i] = 1.1 + random_signed(&seed);
    }
    for (int c = 0; c < 3; c++)
        for (double parameter = 0.2; parameter < 1; parameter += 0.15) {
            gd_threshold got;
            gd_error err = {0};
            double best = -1, where = NAN, beta = c == GD_F_BETA ? parameter : 1;
            for (int i = 0; i < N; i++) {
                double p, r, f;
                count(s[i], s, y, w, beta, &p, &r, &f);
                double value = c == GD_F_BETA                       ? f
                               : c == GD_PRECISION_AT_TARGET_RECALL ? (r >= parameter ? p : -1)
                                                                    : (p >= parameter ? r : -1);
                if (value > best + 1e-12 || (value > best - 1e-12 && s[i] > where)) {
                    best = fmax(best, value);
                    where = s[i];
                }
            }
            gd_status status = gd_threshold_find(&got, c, parameter, s, y, w, N, NULL, &err);
            if (best < 0) {
                ck_assert_int_eq(status, GD_INVALID);
                ck_assert_str_eq(err.field, "target_precision");
                continue;
            }
            ck_assert_int_eq(status, GD_OK);
            assert_near(got.value, best, 1e-12);
            double p, r, f;
            count(got.threshold, s, y, w, beta, &p, &r, &f);
            assert_near(got.precision, p, 1e-12);
            assert_near(got.recall, r, 1e-12);
            assert_near(got.f_beta, f, 1e-12);
            if (!w)
                ck_assert_double_eq(got.threshold, where);
        }
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    const double s[] = {0.1, 0.9}, both[] = {0, 1}, one[] = {1, 1};
    gd_threshold t;
    gd_error err = {0};
    ck_assert_int_eq(gd_threshold_find(&t, GD_F_BETA, 0, s, both, NULL, 2, NULL, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "beta");
    ck_assert_int_eq(
        gd_threshold_find(&t, GD_PRECISION_AT_TARGET_RECALL, 1.5, s, both, NULL, 2, NULL, &err),
        GD_INVALID);
    ck_assert_str_eq(err.field, "target_recall");
    ck_assert_int_eq(gd_threshold_find(&t, GD_F_BETA, 1, s, one, NULL, 2, NULL, &err), GD_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "both classes"));
    ck_assert_int_eq(gd_threshold_find(&t, GD_F_BETA, 1, s, both, NULL, 2, NULL, &err), GD_OK);
    ck_assert_double_eq(t.threshold, 0.9);
    ck_assert_double_eq(t.value, 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("threshold");
    tcase_add_loop_test(tc, the_best_of_all_thresholds_is_found, 0, 30);
    tcase_add_test(tc, what_makes_no_sense_is_refused);
    return run_case(tc, "threshold");
}
