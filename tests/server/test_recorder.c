/* The recorder against a simulated table of history: the bound holds wherever a run stops, the
 * points on it are an even grid with the first, best and last, and neither the moments at
 * which points are stored nor interruptions change what is stored in the end.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_recorder.h"

#include <math.h>

/* The table `history` of one job: what srv_worker.c does to it, in memory. */
typedef struct table {
    api_point *points; /* by epoch */
    bool *has;
    size_t cap, count;
} table;

static table table_new(size_t epochs)
{
    table t = {.cap = epochs + 1};
    t.points = calloc(t.cap, sizeof *t.points);
    t.has = calloc(t.cap, sizeof *t.has);
    return t;
}

static void table_free(table *t)
{
    free(t->points);
    free(t->has);
}

/* INSERT OR REPLACE INTO history ... */
static void insert(table *t, const api_point *p)
{
    t->count += !t->has[p->epoch];
    t->has[p->epoch] = true;
    t->points[p->epoch] = *p;
}

/* DELETE FROM history WHERE epoch % stride <> 0 */
static void thin(table *t, uint64_t stride)
{
    for (size_t e = 0; e < t->cap; e++)
        if (t->has[e] && e % stride != 0) {
            t->has[e] = false;
            t->count--;
        }
}

static void store(table *t, srv_recorder *r)
{
    if (r->thinned)
        thin(t, r->stride);
    for (size_t i = 0; i < r->pending_count; i++)
        insert(t, &r->pending[i]);
    srv_recorder_flushed(r);
    if (r->pending_count != 0 || r->thinned)
        ck_abort_msg("what was stored would be stored again");
}

/* What write_result does: the pending points, then the best and the last. */
static void finish(table *t, srv_recorder *r)
{
    store(t, r);
    if (r->any) {
        insert(t, &r->best);
        insert(t, &r->last);
    }
}

/* Bit for bit, whatever padding holds. */
static bool same_point(const api_point *a, const api_point *b)
{
    return a->epoch == b->epoch && memcmp(&a->cost, &b->cost, sizeof a->cost) == 0 &&
           memcmp(&a->validation_cost, &b->validation_cost, sizeof a->cost) == 0 &&
           memcmp(&a->gradient_norm, &b->gradient_norm, sizeof a->cost) == 0 &&
           memcmp(&a->learning_rate, &b->learning_rate, sizeof a->cost) == 0 &&
           memcmp(&a->seconds, &b->seconds, sizeof a->cost) == 0;
}

static void assert_same(const table *a, const table *b, const char *when, uint64_t at)
{
    for (size_t e = 0; e < a->cap; e++) {
        if (a->has[e] != b->has[e])
            ck_abort_msg("%s %llu: epoch %zu is stored in one run only", when,
                         (unsigned long long)at, e);
        if (a->has[e] && !same_point(&a->points[e], &b->points[e]))
            ck_abort_msg("%s %llu: epoch %zu differs", when, (unsigned long long)at, e);
    }
}

/* ---- courses that a cost may take ---- */

enum { FALLING, NOISY, RISING, FLAT, BEST_EARLY, BLOWING_UP, NEVER_A_NUMBER, COURSES };

static api_point point_at(int course, uint64_t epoch)
{
    unsigned long long seed = epoch * 2654435761u + 17;
    double noise = scratch_random(&seed), e = (double)epoch, cost = 0;
    switch (course) {
    case FALLING:
        cost = 2.385 * exp(-e / 700) + 0.731;
        break;
    case NOISY:
        cost = 1.847 + noise;
        break;
    case RISING:
        cost = 0.319 + 1e-3 * e;
        break;
    case FLAT:
        cost = 4.25;
        break;
    case BEST_EARLY:
        cost = epoch == 7 || epoch == 23 ? 0.125 : 3.5 + noise; /* the earlier is the best */
        break;
    case BLOWING_UP:
        cost = epoch < 37 ? 1.5 + e * noise : epoch % 2 ? INFINITY : NAN;
        break;
    case NEVER_A_NUMBER:
        cost = NAN;
        break;
    }
    return (api_point){.epoch = epoch,
                       .cost = cost,
                       .validation_cost = 1.1 * cost - 0.2,
                       .gradient_norm = 0.618 * cost,
                       .learning_rate = 0.00131 + 1e-9 * e,
                       .seconds = 1e-3 * e};
}

static void record(srv_recorder *r, int course, uint64_t epoch)
{
    api_point p = point_at(course, epoch);
    if (!srv_recorder_add(r, &p)) /* ck_assert writes to a pipe each time: too slow here */
        ck_abort_msg("out of memory");
}

/* ---- what must be stored, from the header's words alone ---- */

/* The grid: every stride-th epoch, the stride the smallest power of two that leaves two
 * places. */
static uint64_t stride_for(uint64_t last, uint64_t limit)
{
    uint64_t stride = 1;
    while (limit != API_ALL_POINTS && last / stride + 1 > limit - 2)
        stride *= 2;
    return stride;
}

/* The earliest of the lowest costs; the first point when none is a number. */
static uint64_t best_of(int course, uint64_t last)
{
    uint64_t best = 0;
    for (uint64_t e = 1; e <= last; e++) {
        double cost = point_at(course, e).cost, lowest = point_at(course, best).cost;
        if (isfinite(cost) && (!isfinite(lowest) || cost < lowest))
            best = e;
    }
    return best;
}

static void assert_as_promised(const table *t, int course, uint64_t last, uint64_t limit)
{
    uint64_t stride = stride_for(last, limit), best = best_of(course, last);
    for (uint64_t e = 0; e < t->cap; e++) {
        bool wanted = e <= last && (e % stride == 0 || e == best || e == last);
        if (t->has[e] != wanted)
            ck_abort_msg("course %d, limit %llu, %llu epochs: epoch %llu %s", course,
                         (unsigned long long)limit, (unsigned long long)last,
                         (unsigned long long)e,
                         wanted ? "is not stored" : "is stored though it should not be");
        api_point p = point_at(course, e);
        if (wanted && !same_point(&t->points[e], &p))
            ck_abort_msg("epoch %llu is stored with other values", (unsigned long long)e);
    }
    if (limit != API_ALL_POINTS)
        ck_assert_uint_le(t->count, limit);
}

/* One run that stores its points every `every` epochs (0: at the end only). */
static table run(int course, uint64_t limit, uint64_t last, uint64_t every)
{
    table t = table_new(last);
    srv_recorder r;
    srv_recorder_init(&r, limit);
    for (uint64_t e = 0; e <= last; e++) {
        record(&r, course, e);
        if (every && e % every == 0)
            store(&t, &r);
    }
    finish(&t, &r);
    srv_recorder_free(&r);
    return t;
}

/* ---- tests ---- */

START_TEST(wherever_a_run_stops_the_bound_holds_and_the_grid_is_even)
{
    static const uint64_t limits[] = {10, 11, 13, 64, 1000, API_ALL_POINTS};
    int course = _i;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (uint64_t last = 0; last < 5000; last = last < 60 ? last + 1 : last * 5 / 4 + 3) {
            table t = run(course, limits[i], last, last % 3 == 0 ? 0 : last % 29);
            assert_as_promised(&t, course, last, limits[i]);
            table_free(&t);
        }
}
END_TEST

START_TEST(a_very_long_run_keeps_as_many_points_as_it_may)
{
    enum { EPOCHS = 1000003 / SLOWER };
    table t = run(NOISY, 1000, EPOCHS, 997);
    assert_as_promised(&t, NOISY, EPOCHS, 1000);
    ck_assert_uint_ge(t.count, 1000 / 2 - 2); /* a power of two may halve it, no more */
    table_free(&t);
}
END_TEST

/* Every moment of a long run, not only its end, as a client that polls would see it. */
START_TEST(at_no_moment_of_a_run_is_the_bound_exceeded)
{
    static const uint64_t limits[] = {10, 13, 250};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        table t = table_new(4000);
        srv_recorder r;
        srv_recorder_init(&r, limits[i]);
        for (uint64_t e = 0; e <= 4000; e++) {
            record(&r, NOISY, e);
            store(&t, &r);
            bool best_apart = !t.has[r.best.epoch];
            bool last_apart = !t.has[r.last.epoch] && r.last.epoch != r.best.epoch;
            if (t.count + best_apart + last_apart > limits[i] || t.count != r.kept)
                ck_abort_msg("limit %llu, epoch %llu: %zu points on the grid (said to be %llu)",
                             (unsigned long long)limits[i], (unsigned long long)e, t.count,
                             (unsigned long long)r.kept);
        }
        srv_recorder_free(&r);
        table_free(&t);
    }
}
END_TEST

START_TEST(with_all_points_every_epoch_is_stored)
{
    table t = run(NOISY, API_ALL_POINTS, 20011, 333);
    ck_assert_uint_eq(t.count, 20012);
    table_free(&t);
}
END_TEST

START_TEST(when_the_points_are_stored_makes_no_difference)
{
    static const uint64_t every[] = {1, 2, 3, 7, 64, 500};
    table once = run(NOISY, 20, 1500, 0);
    for (size_t i = 0; i < sizeof every / sizeof every[0]; i++) {
        table often = run(NOISY, 20, 1500, every[i]);
        assert_same(&once, &often, "stored every so many epochs:", every[i]);
        table_free(&often);
    }
    table_free(&once);
}
END_TEST

/* The table and the saved state are what a commit left behind; what came after it is lost. */
static void continue_from(const double *saved, table *t, int course, uint64_t limit, uint64_t from,
                          uint64_t last)
{
    srv_recorder r;
    srv_recorder_init(&r, limit);
    ck_assert(srv_recorder_restore(&r, saved));
    for (uint64_t e = from; e <= last; e++) {
        record(&r, course, e);
        if (e % 11 == 0)
            store(t, &r);
    }
    finish(t, &r);
    srv_recorder_free(&r);
}

START_TEST(interrupted_at_any_epoch_it_ends_as_if_it_had_not_been)
{
    static const uint64_t limits[] = {10, 30, API_ALL_POINTS};
    enum { LAST = 211 };
    int course = _i;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        table whole = run(course, limits[i], LAST, 0);
        for (uint64_t at = 0; at < LAST; at++) {
            double saved[SRV_RECORDER_SAVED];
            table t = table_new(LAST);
            srv_recorder r;
            srv_recorder_init(&r, limits[i]);
            for (uint64_t e = 0; e <= at; e++) {
                record(&r, course, e);
                if (e % 5 == 0)
                    store(&t, &r);
            }
            srv_recorder_save(&r, saved); /* as the worker: saved, then stored */
            store(&t, &r);
            /* a few more epochs that never reach the disk */
            for (uint64_t e = at + 1; e <= LAST && e < at + 9; e++)
                record(&r, course, e);
            srv_recorder_free(&r);
            continue_from(saved, &t, course, limits[i], at + 1, LAST);
            assert_same(&whole, &t, "interrupted at epoch", at);
            table_free(&t);
        }
        table_free(&whole);
    }
}
END_TEST

START_TEST(interrupted_after_every_epoch_it_ends_as_if_it_had_not_been)
{
    enum { LAST = 777 };
    int course = _i;
    table whole = run(course, 25, LAST, 0), t = table_new(LAST);
    double saved[SRV_RECORDER_SAVED];
    srv_recorder r;
    srv_recorder_init(&r, 25);
    for (uint64_t e = 0; e <= LAST; e++) {
        record(&r, course, e);
        srv_recorder_save(&r, saved);
        store(&t, &r);
        srv_recorder_free(&r);
        srv_recorder_init(&r, 25);
        ck_assert(srv_recorder_restore(&r, saved));
    }
    finish(&t, &r);
    srv_recorder_free(&r);
    assert_same(&whole, &t, "interrupted after every epoch,", LAST);
    table_free(&whole);
    table_free(&t);
}
END_TEST

/* Before the first epoch there is nothing to record, but a checkpoint all the same. */
START_TEST(a_run_saved_before_its_first_point_starts_from_nothing)
{
    double saved[SRV_RECORDER_SAVED];
    srv_recorder r;
    srv_recorder_init(&r, 10);
    srv_recorder_save(&r, saved);
    srv_recorder_free(&r);
    table whole = run(NOISY, 10, 40, 0), t = table_new(40);
    continue_from(saved, &t, NOISY, 10, 0, 40);
    assert_same(&whole, &t, "saved before the first point,", 0);
    table_free(&whole);
    table_free(&t);
}
END_TEST

START_TEST(numbers_that_were_never_saved_are_refused)
{
    static const double wrong[] = {NAN, INFINITY, -1, 0.5, 1e300};
    static const int counts[] = {0, 1, 3, 9, 10, 16}; /* stride, points, and of two their places */
    double saved[SRV_RECORDER_SAVED];
    srv_recorder r, before;
    srv_recorder_init(&r, 10);
    record(&r, NOISY, 0);
    srv_recorder_save(&r, saved);
    before = r;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            double kept = saved[counts[i]];
            saved[counts[i]] = wrong[k];
            ck_assert(!srv_recorder_restore(&r, saved));
            ck_assert_mem_eq(&before, &r, sizeof r);
            saved[counts[i]] = kept;
        }
    saved[0] = 0; /* no grid is so narrow */
    ck_assert(!srv_recorder_restore(&r, saved));
    srv_recorder_free(&r);
}
END_TEST

START_TEST(a_run_without_a_point_stores_nothing)
{
    table t = table_new(3);
    srv_recorder r;
    srv_recorder_init(&r, 10);
    finish(&t, &r);
    ck_assert_uint_eq(t.count, 0);
    srv_recorder_free(&r);
    table_free(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("recorder");
    TCase *tc = tcase_create("recorder");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, wherever_a_run_stops_the_bound_holds_and_the_grid_is_even, 0, COURSES);
    tcase_add_test(tc, a_very_long_run_keeps_as_many_points_as_it_may);
    tcase_add_test(tc, at_no_moment_of_a_run_is_the_bound_exceeded);
    tcase_add_test(tc, with_all_points_every_epoch_is_stored);
    tcase_add_test(tc, when_the_points_are_stored_makes_no_difference);
    tcase_add_loop_test(tc, interrupted_at_any_epoch_it_ends_as_if_it_had_not_been, 0, COURSES);
    tcase_add_loop_test(tc, interrupted_after_every_epoch_it_ends_as_if_it_had_not_been, 0,
                        COURSES);
    tcase_add_test(tc, a_run_saved_before_its_first_point_starts_from_nothing);
    tcase_add_test(tc, a_run_without_a_point_stores_nothing);
    tcase_add_test(tc, numbers_that_were_never_saved_are_refused);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
