/* The pool of workers: order, bounds, reservations, cancelling and stopping. Jobs here are
 * turnstiles: they run until the test lets them go or a signal reaches them, so each test
 * decides what happens when, and none waits for a clock. Meant to run under ThreadSanitizer too.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_pool.h"

#include <pthread.h>

enum { MOST = 4096 };

/* What the pool did, and the turnstile that jobs stand at. */
typedef struct stage {
    srv_pool *pool;
    pthread_mutex_t lock;
    bool open;       /* jobs run through; else each waits for a pass or a signal */
    unsigned passes; /* jobs that may go on */
    unsigned running, most_running, ran, left, saw_cancel, saw_stop;
    char order[MOST][32]; /* ids as they were started */
    bool has_when_left;   /* the pool still had a job that was said to have left */
} stage;

static stage *stage_new(bool open)
{
    stage *s = calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->open = open;
    return s;
}

static unsigned look(stage *s, const unsigned *counter)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = *counter;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void let_go(stage *s, unsigned n)
{
    pthread_mutex_lock(&s->lock);
    s->passes += n;
    pthread_mutex_unlock(&s->lock);
}

static void run(void *ctx, const char *id, const srv_signals *signals)
{
    stage *s = ctx;
    pthread_mutex_lock(&s->lock);
    snprintf(s->order[s->ran++ % MOST], sizeof s->order[0], "%s", id);
    if (++s->running > s->most_running)
        s->most_running = s->running;
    for (;;) {
        bool cancel = atomic_load(&signals->cancel), stop = atomic_load(signals->stop);
        if (s->open || s->passes || cancel || stop) {
            s->saw_cancel += cancel;
            s->saw_stop += stop && !cancel;
            if (!s->open && !cancel && !stop)
                s->passes--;
            break;
        }
        pthread_mutex_unlock(&s->lock);
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        pthread_mutex_lock(&s->lock);
    }
    s->running--;
    pthread_mutex_unlock(&s->lock);
}

static void left(void *ctx, const char *id)
{
    stage *s = ctx;
    /* nobody who is woken now may find the job in the pool: it would wait again */
    bool has = srv_pool_has(s->pool, id);
    pthread_mutex_lock(&s->lock);
    s->left++;
    s->has_when_left = s->has_when_left || has;
    pthread_mutex_unlock(&s->lock);
}

static void start(stage *s, uint64_t workers, uint64_t max_queue)
{
    api_problem p = {0};
    s->pool = srv_pool_start(workers, max_queue, run, left, s, &p);
    if (!s->pool)
        ck_abort_msg("%s", p.detail);
}

static void end(stage *s)
{
    srv_pool_drain(s->pool);
    srv_pool_free(s->pool);
    if (s->has_when_left)
        ck_abort_msg("the pool still had a job when it was said to have left");
    free(s);
}

static void add(stage *s, const char *id)
{
    if (!srv_pool_add(s->pool, "default", id, false))
        ck_abort_msg("%s was not added", id);
}

static void add_numbered(stage *s, unsigned from, unsigned to)
{
    char id[32];
    for (unsigned i = from; i < to; i++) {
        snprintf(id, sizeof id, "job_%u", i);
        add(s, id);
    }
}

static void assert_counts(stage *s, uint64_t workers, uint64_t running, uint64_t queued)
{
    uint64_t w, r, q;
    srv_pool_counts(s->pool, &w, &r, &q);
    ck_assert_uint_eq(w, workers);
    ck_assert_uint_eq(r, running);
    ck_assert_uint_eq(q, queued);
}

static bool reserve(stage *s, api_problem_code *why)
{
    api_problem p = {0};
    bool ok = srv_pool_reserve(s->pool, &p);
    if (why)
        *why = p.code;
    ck_assert(ok == (p.code == API_NO_PROBLEM));
    return ok;
}

/* ---- tests ---- */

START_TEST(jobs_are_run_in_the_order_they_were_added)
{
    enum { JOBS = 500 };
    stage *s = stage_new(true);
    start(s, 1, 10);
    add_numbered(s, 0, JOBS);
    WAIT_UNTIL(look(s, &s->left) == JOBS);
    for (unsigned i = 0; i < JOBS; i++) {
        char id[32];
        snprintf(id, sizeof id, "job_%u", i);
        if (strcmp(s->order[i], id) != 0)
            ck_abort_msg("job %u to run was %s", i, s->order[i]);
    }
    assert_counts(s, 1, 0, 0);
    end(s);
}
END_TEST

/* A tenant's jobs, "a_0" and so on. */
static void add_of(stage *s, const char *tenant, unsigned count)
{
    char id[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%s_%u", tenant, i);
        ck_assert(srv_pool_add(s->pool, tenant, id, false));
    }
}

/* One that waits while another tenant has 500 queued is the next to run, and then they alternate. */
START_TEST(tenants_take_turns)
{
    static const char *const order[] = {"a_0", "b_0", "a_1", "b_1", "a_2", "b_2", "a_3", "a_4"};
    stage *s = stage_new(false);
    start(s, 1, 10);
    add_of(s, "a", 500);
    WAIT_UNTIL(look(s, &s->running) == 1);
    add_of(s, "b", 3);
    let_go(s, 503);
    WAIT_UNTIL(look(s, &s->left) == 503);
    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++)
        ck_assert_str_eq(s->order[i], order[i]);
    end(s);
}
END_TEST

START_TEST(as_many_run_at_once_as_there_are_workers_and_no_more)
{
    stage *s = stage_new(false);
    start(s, 4, 100);
    add_numbered(s, 0, 20);
    WAIT_UNTIL(look(s, &s->running) == 4);
    assert_counts(s, 4, 4, 16);
    for (unsigned done = 1; done <= 16; done++) {
        let_go(s, 1);
        WAIT_UNTIL(look(s, &s->left) == done && look(s, &s->running) == 4);
    }
    assert_counts(s, 4, 4, 0);
    let_go(s, 4);
    WAIT_UNTIL(look(s, &s->left) == 20);
    assert_counts(s, 4, 0, 0);
    ck_assert_uint_eq(s->most_running, 4);
    end(s);
}
END_TEST

START_TEST(places_in_the_queue_are_bounded_reserved_ones_included)
{
    stage *s = stage_new(false);
    api_problem_code why;
    start(s, 1, 3);
    add(s, "running");
    WAIT_UNTIL(look(s, &s->running) == 1); /* it takes no place in the queue */
    ck_assert(reserve(s, NULL) && reserve(s, NULL) && reserve(s, NULL));
    ck_assert(!reserve(s, &why));
    ck_assert_int_eq(why, API_QUEUE_FULL);
    assert_counts(s, 1, 1, 0);

    srv_pool_unreserve(s->pool); /* the store refused it, say */
    ck_assert(reserve(s, NULL));
    ck_assert(!reserve(s, NULL));

    ck_assert(srv_pool_add(s->pool, "default", "a", true)); /* a place reserved becomes a place taken */
    ck_assert(!reserve(s, NULL));
    ck_assert(srv_pool_add(s->pool, "default", "b", true));
    ck_assert(srv_pool_add(s->pool, "default", "c", true));
    ck_assert(!reserve(s, NULL));
    assert_counts(s, 1, 1, 3);

    ck_assert_int_eq(srv_pool_cancel(s->pool, "b"), SRV_CANCEL_QUEUED);
    ck_assert(reserve(s, NULL)); /* cancelling made room */
    srv_pool_unreserve(s->pool);
    let_go(s, 1);
    WAIT_UNTIL(look(s, &s->ran) == 2); /* "a" has left the queue: room for two */
    ck_assert(reserve(s, NULL) && reserve(s, NULL));
    ck_assert(!reserve(s, NULL));
    end(s);
}
END_TEST

START_TEST(jobs_of_an_earlier_run_are_taken_whatever_the_bound)
{
    stage *s = stage_new(false);
    api_problem_code why;
    start(s, 1, 2);
    add_numbered(s, 0, 50);
    WAIT_UNTIL(look(s, &s->running) == 1);
    assert_counts(s, 1, 1, 49);
    ck_assert(!reserve(s, &why));
    ck_assert_int_eq(why, API_QUEUE_FULL);
    let_go(s, 50);
    WAIT_UNTIL(look(s, &s->left) == 50);
    ck_assert(reserve(s, NULL));
    end(s);
}
END_TEST

START_TEST(a_cancelled_job_leaves_the_queue_and_the_others_keep_their_order)
{
    static const char *const rest[] = {"job_0", "job_2", "job_3", "job_6", "late_1", "late_2"};
    stage *s = stage_new(false);
    start(s, 1, 100);
    add_numbered(s, 0, 8);
    WAIT_UNTIL(look(s, &s->running) == 1);
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_4"), SRV_CANCEL_QUEUED); /* in the middle */
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_5"), SRV_CANCEL_QUEUED);
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_1"), SRV_CANCEL_QUEUED); /* the first */
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_7"), SRV_CANCEL_QUEUED); /* the last */
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_7"), SRV_CANCEL_ABSENT);
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_99"), SRV_CANCEL_ABSENT);
    ck_assert(!srv_pool_has(s->pool, "job_4"));
    ck_assert(srv_pool_has(s->pool, "job_6"));
    assert_counts(s, 1, 1, 3);
    add(s, "late_1"); /* behind what is the last one now */
    add(s, "late_2");
    let_go(s, 6);
    WAIT_UNTIL(look(s, &s->left) == 6);
    ck_assert_uint_eq(s->ran, 6);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_str_eq(s->order[i], rest[i]);
    end(s);
}
END_TEST

START_TEST(a_queue_emptied_by_cancelling_takes_jobs_again)
{
    stage *s = stage_new(false);
    start(s, 1, 100);
    add(s, "running");
    WAIT_UNTIL(look(s, &s->running) == 1);
    add(s, "only");
    ck_assert_int_eq(srv_pool_cancel(s->pool, "only"), SRV_CANCEL_QUEUED);
    assert_counts(s, 1, 1, 0);
    add(s, "next");
    add(s, "after");
    let_go(s, 3);
    WAIT_UNTIL(look(s, &s->left) == 3);
    ck_assert_str_eq(s->order[1], "next");
    ck_assert_str_eq(s->order[2], "after");
    end(s);
}
END_TEST

START_TEST(cancelling_a_running_job_reaches_that_job_alone)
{
    stage *s = stage_new(false);
    start(s, 3, 100);
    add_numbered(s, 0, 3);
    WAIT_UNTIL(look(s, &s->running) == 3);
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_1"), SRV_CANCEL_RUNNING);
    WAIT_UNTIL(look(s, &s->left) == 1);
    ck_assert_uint_eq(s->saw_cancel, 1);
    ck_assert_uint_eq(s->saw_stop, 0);
    ck_assert(!srv_pool_has(s->pool, "job_1"));
    ck_assert(srv_pool_has(s->pool, "job_0") && srv_pool_has(s->pool, "job_2"));
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_1"), SRV_CANCEL_ABSENT);
    assert_counts(s, 3, 2, 0);
    /* a new job that stands in the same place starts unmarked */
    add(s, "job_3");
    WAIT_UNTIL(look(s, &s->running) == 3);
    let_go(s, 3);
    WAIT_UNTIL(look(s, &s->left) == 4);
    ck_assert_uint_eq(s->saw_cancel, 1);
    end(s);
}
END_TEST

START_TEST(draining_stops_what_runs_and_starts_nothing_more)
{
    stage *s = stage_new(false);
    api_problem_code why;
    start(s, 2, 100);
    add_numbered(s, 0, 10);
    WAIT_UNTIL(look(s, &s->running) == 2);
    ck_assert(reserve(s, NULL)); /* a request is on its way */
    srv_pool_drain(s->pool);
    ck_assert_uint_eq(s->ran, 2);
    ck_assert_uint_eq(s->left, 2);
    ck_assert_uint_eq(s->saw_stop, 2);
    assert_counts(s, 2, 0, 8);

    /* questions that arrive late are answered, and no job is lost by accepting it */
    ck_assert(!reserve(s, &why));
    ck_assert_int_eq(why, API_UNAVAILABLE);
    ck_assert(srv_pool_add(s->pool, "default", "late", true));
    ck_assert(srv_pool_has(s->pool, "late") && srv_pool_has(s->pool, "job_5"));
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_5"), SRV_CANCEL_QUEUED);
    ck_assert_int_eq(srv_pool_cancel(s->pool, "job_0"), SRV_CANCEL_ABSENT);
    ck_assert_uint_eq(s->ran, 2);
    srv_pool_free(s->pool);
    free(s);
}
END_TEST

START_TEST(a_pool_without_jobs_starts_and_ends)
{
    stage *s = stage_new(false);
    start(s, 8, 1);
    assert_counts(s, 8, 0, 0);
    end(s);
    srv_pool_drain(NULL);
    srv_pool_free(NULL);
}
END_TEST

/* ---- many at once ---- */

typedef struct crowd {
    stage *s;
    unsigned number, jobs;
    unsigned taken_out, refused;
} crowd;

static void *add_and_cancel(void *arg)
{
    crowd *c = arg;
    unsigned long long seed = c->number + 1;
    for (unsigned i = 0; i < c->jobs; i++) {
        char id[32];
        uint64_t w, r, q;
        api_problem p = {0};
        snprintf(id, sizeof id, "job_%u_%u", c->number, i);
        while (!srv_pool_reserve(c->s->pool, &p)) {
            if (p.code == API_UNAVAILABLE) { /* drained meanwhile */
                c->refused += c->jobs - i;
                return NULL;
            }
            p = (api_problem){0};
            sched_yield();
        }
        if (!srv_pool_add(c->s->pool, "default", id, true))
            ck_abort_msg("out of memory");
        srv_pool_counts(c->s->pool, &w, &r, &q);
        if (r > w || q > 64)
            ck_abort_msg("%llu running, %llu queued", (unsigned long long)r, (unsigned long long)q);
        if (scratch_random(&seed) < 0.4)
            c->taken_out += srv_pool_cancel(c->s->pool, id) == SRV_CANCEL_QUEUED;
        srv_pool_has(c->s->pool, id);
    }
    return NULL;
}

/* Jobs go in and out while others run; drained in the middle on odd rounds. */
START_TEST(with_many_threads_every_job_is_run_or_taken_out_once)
{
    enum { THREADS = 8, JOBS = 3000 / SLOWER };
    pthread_t threads[THREADS];
    crowd crowds[THREADS];
    stage *s = stage_new(true);
    start(s, 4, 64);
    for (unsigned i = 0; i < THREADS; i++) {
        crowds[i] = (crowd){.s = s, .number = i, .jobs = JOBS};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_and_cancel, &crowds[i]), 0);
    }
    if (_i % 2) {
        WAIT_UNTIL(look(s, &s->ran) > JOBS / 2);
        srv_pool_drain(s->pool);
    }
    unsigned taken_out = 0, refused = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        taken_out += crowds[i].taken_out;
        refused += crowds[i].refused;
    }
    uint64_t w, r, q = 0;
    if (_i % 2)
        srv_pool_counts(s->pool, &w, &r, &q);
    else
        WAIT_UNTIL(look(s, &s->left) + taken_out == THREADS * JOBS);
    ck_assert_uint_eq(s->left + taken_out + refused + q, THREADS * JOBS);
    ck_assert_uint_eq(s->left, s->ran);
    ck_assert_uint_le(s->most_running, 4);
    ck_assert_uint_gt(taken_out, 0);
    if (_i % 2 == 0) {
        assert_counts(s, 4, 0, 0);
        /* no reservation was lost or counted twice */
        for (unsigned i = 0; i < 64; i++)
            if (!reserve(s, NULL))
                ck_abort_msg("only %u places are left", i);
        ck_assert(!reserve(s, NULL));
        srv_pool_drain(s->pool);
    }
    ck_assert(!s->has_when_left);
    srv_pool_free(s->pool);
    free(s);
}
END_TEST

static void assert_visit(stage *s, uint64_t most, bool welcome)
{
    bool begun = srv_pool_visit(s->pool, most);
    ck_assert_int_eq(begun, welcome);
    if (begun)
        srv_pool_leave(s->pool);
}

/* Two workers. Whoever would come before those who wait, or be one too many, is to queue up. */
START_TEST(a_visitor_is_welcome_while_nobody_waits_and_there_is_room)
{
    stage *s = stage_new(false);
    api_problem p = {0};
    s->pool = srv_pool_start(2, 16, run, left, s, &p);
    ck_assert_ptr_nonnull(s->pool);
    ck_assert(!atomic_load(srv_pool_stopping(s->pool)));
    assert_visit(s, 2, true);
    assert_visit(s, 2, true); /* the one before has left */
    ck_assert(srv_pool_visit(s->pool, 2));
    assert_visit(s, 1, false);
    ck_assert(srv_pool_visit(s->pool, 2));
    assert_visit(s, 8, false); /* as many as there are workers */
    srv_pool_leave(s->pool);
    srv_pool_leave(s->pool);
    ck_assert(srv_pool_add(s->pool, "default", "a", false));
    WAIT_UNTIL(look(s, &s->ran) == 1);
    assert_visit(s, 2, true); /* beside a job that runs */
    assert_visit(s, 1, false);
    ck_assert(srv_pool_add(s->pool, "default", "b", false) && srv_pool_add(s->pool, "default", "c", false));
    WAIT_UNTIL(look(s, &s->ran) == 2);
    assert_visit(s, 8, false); /* one waits */
    let_go(s, 3);
    WAIT_UNTIL(look(s, &s->left) == 3);
    assert_visit(s, 2, true);
    srv_pool_drain(s->pool);
    ck_assert(atomic_load(srv_pool_stopping(s->pool)));
    assert_visit(s, 2, false);
    srv_pool_free(s->pool);
    free(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool");
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, jobs_are_run_in_the_order_they_were_added);
    tcase_add_test(tc, tenants_take_turns);
    tcase_add_test(tc, as_many_run_at_once_as_there_are_workers_and_no_more);
    tcase_add_test(tc, places_in_the_queue_are_bounded_reserved_ones_included);
    tcase_add_test(tc, jobs_of_an_earlier_run_are_taken_whatever_the_bound);
    tcase_add_test(tc, a_cancelled_job_leaves_the_queue_and_the_others_keep_their_order);
    tcase_add_test(tc, a_queue_emptied_by_cancelling_takes_jobs_again);
    tcase_add_test(tc, cancelling_a_running_job_reaches_that_job_alone);
    tcase_add_test(tc, draining_stops_what_runs_and_starts_nothing_more);
    tcase_add_test(tc, a_pool_without_jobs_starts_and_ends);
    tcase_add_test(tc, a_visitor_is_welcome_while_nobody_waits_and_there_is_room);
    tcase_add_loop_test(tc, with_many_threads_every_job_is_run_or_taken_out_once, 0, 4);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
