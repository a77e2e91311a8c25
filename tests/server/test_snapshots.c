/* Parameters on the way, beside the recorder whose grid they go by: which epochs are kept depends
 * on the epochs alone, not on the moments at which they are stored. */
#define _GNU_SOURCE
#include "api_job.h"
#include "scratch.h"
#include "srv_recorder.h"
#include "srv_snapshots.h"

enum { LEN = 3, EPOCHS = 700 };

/* What the table of a job holds. */
typedef struct table {
    bool has[EPOCHS + 1];
    double values[EPOCHS + 1][LEN];
} table;

static void store(table *t, srv_recorder *r, srv_snapshots *s)
{
    for (uint64_t e = 0; r->thinned && e <= EPOCHS; e++)
        if (e % (r->stride * s->every) != 0)
            t->has[e] = false;
    for (size_t i = 0; i < s->count; i++) {
        t->has[s->epochs[i]] = true;
        memcpy(t->values[s->epochs[i]], s->values + i * LEN, sizeof t->values[0]);
    }
    srv_recorder_flushed(r);
    srv_snapshots_written(s);
    ck_assert_uint_eq(s->count, 0);
}

static double value(uint64_t epoch, int k)
{
    return 1.25 * (double)epoch + 0.618 * k;
}

/* Runs so many epochs, stores after each with probability `often`, and at the end. */
static void run(table *t, uint64_t points, uint64_t every, uint64_t epochs, double often,
                unsigned long long seed)
{
    srv_recorder r;
    srv_snapshots s;
    srv_recorder_init(&r, points);
    srv_snapshots_init(&s, every, LEN);
    memset(t, 0, sizeof *t);
    for (uint64_t e = 0; e <= epochs; e++) {
        uint64_t stride = r.stride;
        ck_assert(srv_recorder_add(&r, &(api_point){.epoch = e, .cost = 1 / (1.0 + (double)e)}));
        if (r.stride != stride)
            srv_snapshots_thin(&s, r.stride);
        if (srv_snapshots_due(&s, r.stride, e)) {
            double *v = srv_snapshots_add(&s, e);
            for (int k = 0; k < LEN; k++)
                v[k] = value(e, k);
        }
        if (scratch_random(&seed) < often)
            store(t, &r, &s);
    }
    store(t, &r, &s);
    /* they lie on the grid, each `every`-th of it from the first */
    for (uint64_t e = 0; e <= EPOCHS; e++)
        if (t->has[e] != (e <= epochs && e % (r.stride * every) == 0))
            ck_abort_msg("points %llu, every %llu, %llu epochs: epoch %llu",
                         (unsigned long long)points, (unsigned long long)every,
                         (unsigned long long)epochs, (unsigned long long)e);
    for (uint64_t e = 0; e <= EPOCHS; e++)
        for (int k = 0; t->has[e] && k < LEN; k++)
            ck_assert_double_eq(t->values[e][k], value(e, k));
    srv_snapshots_free(&s);
    srv_recorder_free(&r);
}

START_TEST(what_is_kept_depends_on_the_epochs_alone)
{
    static const uint64_t points[] = {10, 37, 1000, API_ALL_POINTS}, every[] = {1, 2, 3, 50, 1000},
                          epochs[] = {0, 1, 7, 64, 255, EPOCHS};
    static const double often[] = {0, 0.05, 0.7, 1};
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 5; b++)
            for (size_t c = 0; c < 6; c++)
                for (size_t d = 0; d < 4; d++) {
                    static table t;
                    run(&t, points[a], every[b], epochs[c], often[d], 741 + a + 10 * b);
                }
}
END_TEST

/* The number that is promised when a job is asked for bounds what waits and what is stored. */
START_TEST(they_are_never_more_than_was_allowed)
{
    for (uint64_t points = 10; points < 60; points += 7)
        for (uint64_t every = 1; every < 9; every++) {
            static table t;
            size_t count = 0;
            run(&t, points, every, EPOCHS, 0.1, points);
            for (size_t e = 0; e <= EPOCHS; e++)
                count += t.has[e];
            ck_assert_uint_le(count, (points - 3) / every + 1);
        }
}
END_TEST

START_TEST(none_are_due_where_none_were_asked_for)
{
    srv_snapshots s;
    srv_snapshots_init(&s, API_NO_RECORD, LEN);
    for (uint64_t e = 0; e < 9; e++)
        ck_assert(!srv_snapshots_due(&s, 1, e));
    srv_snapshots_thin(&s, 4);
    srv_snapshots_free(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("snapshots");
    TCase *tc = tcase_create("snapshots");
    tcase_add_test(tc, what_is_kept_depends_on_the_epochs_alone);
    tcase_add_test(tc, they_are_never_more_than_was_allowed);
    tcase_add_test(tc, none_are_due_where_none_were_asked_for);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
