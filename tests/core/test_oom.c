/* The k-th allocation fails, for every k: core says GD_NO_MEMORY, hands nothing back, loses
 * nothing, and works the next time. The linker puts these functions in the place of malloc and
 * friends (-Wl,--wrap), and Check, which is a static library, gets them too: so they count
 * and fail only between watch and unwatch, where nothing of Check is called. */
#include "gd_certificate.h"
#include "gd_diagnose.h"
#include "gd_inference.h"
#include "gd_metrics.h"
#include "gd_online.h"
#include "gd_split.h"
#include "gd_summary.h"
#include "gd_train.h"
#include "problems.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);

static bool watching;
static long fail_at;     /* the allocation that fails, counted from 1; 0: none */
static long allocations; /* asked for since watching began */
static long live;        /* blocks taken and not given back, while watching */
static double asked;     /* bytes of them */

static void watch(long k)
{
    fail_at = k;
    allocations = 0;
    asked = 0;
    watching = true;
}

static void unwatch(void)
{
    watching = false;
}

static bool refuse(void)
{
    return watching && ++allocations == fail_at;
}

static void *count(void *block, size_t size)
{
    live += watching && block != NULL;
    asked += watching ? (double)size : 0;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : count(__real_malloc(size), size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : count(__real_calloc(n, size), n * size);
}

void *__wrap_realloc(void *old, size_t size)
{
    if (refuse())
        return NULL;
    return old ? __real_realloc(old, size) : count(__real_malloc(size), size);
}

void __wrap_free(void *block)
{
    live -= watching && block != NULL;
    __real_free(block);
}

/* Full batches; shuffled mini-batches, which hold an order of rows; a rate by hand; rows set
 * aside, which hold an index; classes; a step by backtracking; a line search, with history; weights
 * and bounds. */
enum { SPECS = 9 };

static gd_spec spec_number(int i)
{
    const char *const models[SPECS] = {
        [4] = "logistic_regression", [5] = "softmax_regression", [6] = "poisson_regression"};
    gd_spec spec = spec_defaults();
    if (models[i])
        use_model(&spec, models[i]);
    spec.epochs = 5;
    spec.batch_size = i == 1 || i == 3 ? 7 : GD_FULL_BATCH;
    spec.learning_rate = i == 2 ? 0.0137 : GD_AUTO;
    spec.validation_fraction = i >= 3 ? 0.25 : GD_NO_VALIDATION;
    spec.patience = i == 3 ? 100 : GD_NO_PATIENCE;
    if (i == 7)
        use_optimizer(&spec, "lbfgs");
    spec.non_negative = i == 8;
    if (i == 5) {
        use_optimizer(&spec, "nadam");
        use_schedule(&spec, "reduce_on_plateau");
    }
    return spec;
}

static problem data_number(int i, uint64_t seed)
{
    gd_spec spec = spec_number(i);
    static const double weights[40] = {1, 2, 3, [10] = 1, 1, 1, 1, [20] = 2,
                                       2, 2, 2, [30] = 1, 1, 1, 1, 5};
    problem p = problem_for(task_of(spec.model), i == 5 ? 3 : 2, 40, 3, seed);
    p.data.weights = i == 8 ? weights : NULL;
    return p;
}

START_TEST(every_allocation_of_a_new_run_may_fail)
{
    problem p = data_number(_i, 141);
    gd_spec spec = spec_number(_i);
    long failed = 0;
    for (long k = 1;; k++) {
        gd_train *t = (gd_train *)&spec; /* anything but NULL */
        gd_error err = {0};
        watch(k);
        gd_status status = gd_train_new(&t, &p.data, &spec, NULL, NULL, &err);
        unwatch();
        if (status == GD_OK) {
            ck_assert_msg(allocations < k, "k=%ld: a failed allocation went unnoticed", k);
            ck_assert_ptr_nonnull(t);
            train_finish(t); /* after all those failures it works */
            ck_assert_uint_eq(gd_train_state(t)->epoch, 5);
            ck_assert_int_gt(live, 0);
            watch(0);
            gd_train_free(t);
            unwatch();
            ck_assert_msg(live == 0, "%ld block(s) leaked", live);
            break;
        }
        failed++;
        ck_assert_msg(status == GD_NO_MEMORY, "k=%ld: status %d", k, status);
        ck_assert_int_eq(err.status, GD_NO_MEMORY);
        ck_assert_uint_gt(strlen(err.message), 8);
        ck_assert_msg(t == NULL, "k=%ld: something was handed back", k);
        ck_assert_msg(live == 0, "k=%ld: %ld block(s) leaked", k, live);
        ck_assert_int_lt(k, 100);
    }
    ck_assert_int_ge(failed, _i == 3 ? 8 : 6); /* or nothing was refused at all */
    problem_free(&p);
}
END_TEST

/* Within a quarter, which is what rooms that come and go may add. */
START_TEST(the_bytes_of_a_run_are_foretold)
{
    gd_spec spec = spec_number(_i);
    problem p = problem_for(task_of(spec.model), _i == 5 ? 3 : 2, 30000, 12, 144);
    gd_train *t;
    watch(0);
    gd_status status = gd_train_new(&t, &p.data, &spec, NULL, NULL, NULL);
    unwatch();
    double took = asked, foretold = gd_train_bytes(&p.data, &spec);
    ck_assert_int_eq(status, GD_OK);
    ck_assert_msg(foretold > 0.75 * took && foretold < 1.25 * took, "%g bytes, foretold %g", took,
                  foretold);
    watch(0);
    gd_train_free(t);
    unwatch();
    problem_free(&p);
}
END_TEST

/* "Cannot fail: memory is all there." */
START_TEST(stepping_saving_and_restoring_allocate_nothing)
{
    problem p = data_number(_i, 142);
    gd_spec spec = spec_number(_i);
    gd_train *t = train_begin(&p.data, &spec, NULL), *other = train_begin(&p.data, &spec, NULL);
    double *saved = malloc(gd_train_save_len(t) * sizeof *saved);
    int refused = 0;
    watch(0);
    do {
        gd_train_save(t, saved);
        refused += gd_train_restore(other, saved, gd_train_save_len(t), NULL) != GD_OK;
    } while (gd_train_step(t) != GD_STEP_DONE);
    unwatch();
    ck_assert_int_eq(allocations, 0);
    ck_assert_int_eq(refused, 0);
    free(saved);
    gd_train_free(t);
    gd_train_free(other);
    problem_free(&p);
}
END_TEST

/* With a confusion matrix of the caller's and without. */
START_TEST(metrics_survive_a_failed_allocation)
{
    const gd_model *model = gd_models[_i / 2];
    size_t classes = task_of(model) == GD_MULTICLASS ? 3 : 2;
    problem p = problem_for(task_of(model), classes, 40, 3, 143);
    gd_shape shape = {3, true, classes == 3 ? 3 : 1};
    const double theta[12] = {0.1, 0.2, 0.3, 0.4};
    gd_metric m[GD_MAX_METRICS];
    double confusion[9];
    size_t count;
    long k = 0;
    gd_status status;
    do {
        gd_error err = {0};
        watch(++k);
        status = gd_metrics(model, &shape, theta, &p.data, &(gd_rows){.count = 40}, NULL, m, &count,
                            _i % 2 ? confusion : NULL, &err);
        unwatch();
        ck_assert_msg(live == 0, "%s, k=%ld: %ld block(s) leaked", model->name, k, live);
        ck_assert_msg((status == GD_OK) == (allocations < k), "k=%ld: status %d", k, status);
        if (status != GD_OK) {
            ck_assert_int_eq(status, GD_NO_MEMORY);
            ck_assert_int_eq(err.status, GD_NO_MEMORY);
        }
    } while (status != GD_OK);
    ck_assert_int_ge(k, 3);
    ck_assert_uint_ge(count, 5);
    problem_free(&p);
}
END_TEST

START_TEST(a_split_survives_a_failed_allocation)
{
    problem p = problem_for(GD_BINARY, 2, 40, 3, 145);
    uint32_t index[40];
    size_t train;
    long k = 0;
    do {
        gd_error err = {0};
        watch(++k);
        train = gd_split(&p.data, 0.25, 1, index, &err);
        unwatch();
        ck_assert_int_eq(live, 0);
        ck_assert((train == 0) == (allocations >= k));
        ck_assert_int_eq(err.status, train ? GD_OK : GD_NO_MEMORY);
    } while (train == 0);
    ck_assert_int_eq(k, 3);
    problem_free(&p);
}
END_TEST

START_TEST(an_online_pass_survives_a_failed_allocation)
{
    problem p = problem_random(40, 3, 0.5, 146);
    gd_spec spec = spec_defaults();
    spec.batch_size = 1;
    spec.non_negative = true;
    const double center[3] = {0.5, 0, 1}, scale[3] = {1, 2, 3};
    double theta[4] = {0.1, 0.2, 0.3, 0.4}, own[4], state[1];
    gd_online o = {.center = center, .scale = scale, .theta = theta, .own = own, .state = state};
    long k = 0;
    gd_status status;
    do {
        gd_error err = {0};
        watch(++k);
        status = gd_online_pass(&o, &p.data, &spec, NULL, &err);
        unwatch();
        ck_assert_int_eq(live, 0);
        ck_assert((status == GD_OK) == (allocations < k));
        ck_assert_int_eq(err.status, status == GD_OK ? GD_OK : GD_NO_MEMORY);
        ck_assert(status == GD_OK || theta[0] == 0.1);
    } while (status != GD_OK);
    ck_assert_int_ge(k, 6);
    problem_free(&p);
}
END_TEST

START_TEST(what_is_refused_by_rule_holds_no_memory)
{
    problem p = problem_random(40, 3, 0.5, 144);
    gd_spec spec = spec_number(0);
    gd_data none = p.data;
    none.rows = 0;
    gd_train *t;
    watch(0);
    gd_status status = gd_train_new(&t, &none, &spec, NULL, NULL, NULL);
    unwatch();
    ck_assert_int_eq(status, GD_INVALID);
    ck_assert_int_eq(live, 0);
    problem_free(&p);
}
END_TEST

/* Standard errors, a certificate and diagnostics of one fit. */
static gd_status prove(int what, const gd_fit *f, gd_error *err)
{
    static gd_diagnosis diagnosis;
    gd_certificate certificate;
    gd_inference *inference = NULL;
    gd_status status = GD_OK;
    if (what == 0) {
        status = gd_inference_new(&inference, f, 0.95, 0, NULL, err);
        gd_inference_free(inference);
    } else if (what == 1) {
        status = gd_certificate_find(&certificate, f, 0, NULL, err);
    } else {
        status = gd_diagnose(&diagnosis, f, NULL, err);
    }
    return status;
}

START_TEST(proofs_survive_a_failed_allocation)
{
    problem p = problem_random(30, 3, 1, 5);
    double theta[4];
    least_squares(&p.data, true, theta);
    gd_spec spec = spec_defaults();
    gd_fit f = {.model = spec.model,
                .shape = gd_spec_shape(&spec, 3, 0),
                .cost = spec.cost,
                .theta = theta,
                .data = &p.data,
                .rows = {.count = 30}};
    gd_status status = GD_NO_MEMORY;
    for (long k = 1; status != GD_OK; k++) {
        gd_error err = {0};
        long before = live;
        watch(k);
        status = prove(_i, &f, &err);
        unwatch();
        ck_assert_int_eq(live, before);
        ck_assert_int_lt(k, 40);
        ck_assert_int_eq(status, allocations >= k ? GD_NO_MEMORY : GD_OK);
        ck_assert_int_eq(err.status, status);
    }
    problem_free(&p);
}
END_TEST

START_TEST(summaries_survive_a_failed_allocation)
{
    gd_summaries *s = NULL;
    for (long k = 1; !s; k++) {
        long before = live;
        watch(k);
        s = gd_summaries_new(3, 10);
        unwatch();
        if (!s)
            ck_assert_int_eq(live, before);
        ck_assert_int_lt(k, 10);
        ck_assert(!s == (allocations >= k));
    }
    gd_summaries_free(s);
}
END_TEST

/* However many columns there are: an upload has 16 MiB in all. */
START_TEST(summaries_are_small)
{
    static const size_t cols[] = {1, 21, 300, 1001, GD_MAX_COLUMNS + 1};
    for (size_t i = 0; i < sizeof cols / sizeof cols[0]; i++) {
        watch(0);
        gd_summaries *s = gd_summaries_new(cols[i], GD_MAX_ROWS);
        unwatch();
        ck_assert_ptr_nonnull(s);
        ck_assert_double_le(asked, 10 << 20);
        gd_summaries_free(s);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("oom");
    tcase_add_loop_test(tc, the_bytes_of_a_run_are_foretold, 0, SPECS);
    tcase_add_loop_test(tc, every_allocation_of_a_new_run_may_fail, 0, SPECS);
    tcase_add_loop_test(tc, stepping_saving_and_restoring_allocate_nothing, 0, SPECS);
    tcase_add_loop_test(tc, metrics_survive_a_failed_allocation, 0, 2 * (int)gd_models_count);
    tcase_add_test(tc, a_split_survives_a_failed_allocation);
    tcase_add_loop_test(tc, proofs_survive_a_failed_allocation, 0, 3);
    tcase_add_test(tc, an_online_pass_survives_a_failed_allocation);
    tcase_add_test(tc, summaries_survive_a_failed_allocation);
    tcase_add_test(tc, summaries_are_small);
    tcase_add_test(tc, what_is_refused_by_rule_holds_no_memory);
    return run_case(tc, "oom");
}
