/* problems: data to fit and answers to compare with, shared by the tests of core.
 *
 * The answers come from outside core: NIST's certified values, or least squares solved here
 * in long double. Nothing in this file may call what it is used to check.
 */
#ifndef TEST_PROBLEMS_H
#define TEST_PROBLEMS_H

#include "gd_metrics.h"
#include "gd_train.h"
#include "quick.h"

#include <check.h>
#include <math.h>
#include <stdint.h>

/* |got - want| <= rel * |want|; a NaN is never close. */
#define assert_close(got, want, rel)                                                               \
    do {                                                                                           \
        double got_ = (got), want_ = (want), rel_ = (rel);                                         \
        ck_assert_msg(fabs(got_ - want_) <= rel_ * fabs(want_),                                    \
                      "%s is %.17g, not %.17g (%s): off by %.3g, allowed %.3g", #got, got_, want_, \
                      #want, fabs(got_ - want_), rel_ * fabs(want_));                              \
    } while (0)

/* |got - want| <= tol */
#define assert_near(got, want, tol)                                                                \
    do {                                                                                           \
        double got_ = (got), want_ = (want), tol_ = (tol);                                         \
        ck_assert_msg(fabs(got_ - want_) <= tol_,                                                  \
                      "%s is %.17g, not %.17g (%s): off by %.3g, allowed %.3g", #got, got_, want_, \
                      #want, fabs(got_ - want_), tol_);                                            \
    } while (0)

#define assert_same_bits(a, b, count)                                                              \
    ck_assert_mem_eq((const void *)(a), (const void *)(b), (count) * sizeof *(a))

/* Rows and targets that are owned here; `data` is the view that core borrows. */
typedef struct problem {
    gd_data data;
    double *rows, *targets;
} problem;

/* The file `name` of tests/data: a header line, then numbers; the last column is y. */
problem problem_nist(const char *name);

/* rows x cols random features, column j with mean and spread of its own, and targets
 * that are linear in them plus `noise` times a random number of [-1, 1). */
problem problem_random(size_t rows, size_t cols, double noise, uint64_t seed);

/* As problem_random, but with targets that are right for a task: numbers; counts; or the numbers
 * of so many classes, each of which occurs (rows >= classes), noisy, so that no model parts them
 * without an error. */
problem problem_for(gd_task task, size_t classes, size_t rows, size_t cols, uint64_t seed);

/* A copy of the given rows x cols features and targets. */
problem problem_of(const double *features, const double *targets, size_t rows, size_t cols);

void problem_free(problem *p);

/* A random number of [-1, 1); *seed moves on. Not gd_rng, which is itself under test. */
double random_signed(uint64_t *seed);

/* The least squares coefficients, then the intercept if there is one, by the normal
 * equations of centred columns in long double. For well-conditioned data only. */
void least_squares(const gd_data *d, bool intercept, double *theta);

/* Mean of (y - z)^2 of a linear model, in long double. theta as in least_squares. */
double direct_mse(const gd_data *d, bool intercept, const double *theta);

/* The value of a metric by name; the test fails where there is none. */
double metric(const gd_metric *m, size_t count, const char *name);

/* Runs one case's tests and says how main should exit. */
int run_case(TCase *tc, const char *name);

/* The same for several, with timeouts of their own. */
int run_cases(TCase *const *cases, size_t count, const char *name);

/* Sets a hyperparameter of a member (params: its rows) by name, which must exist. */
void set_param(void *base, const gd_param *params, size_t count, const char *name, double value);

/* The member of that name, with its defaults; model: and its default cost. Must exist. */
void use_model(gd_spec *s, const char *name);
void use_cost(gd_spec *s, const char *name);
void use_optimizer(gd_spec *s, const char *name);
void use_schedule(gd_spec *s, const char *name);

/* The task that a model is tried with: its only one, or regression. */
gd_task task_of(const gd_model *m);

/* Solves the n x n system a x = b in place by Gaussian elimination with pivoting. a: n rows of
 * n + 1 values, the last one of b, where x is left. */
void solve_linear(long double *a, size_t n);

/* The default spec; gd_train_new that must succeed; steps until the run has ended. */
gd_spec spec_defaults(void);
gd_train *train_begin(const gd_data *d, const gd_spec *spec, const double *initial);
void train_finish(gd_train *t);

#endif
