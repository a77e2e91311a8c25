/* Jobs that pass over the same rows: each gets, to the bit, what it would have got alone, from
 * fewer readings; and nobody waits for one that goes. Meant to run under ThreadSanitizer too. */
#define _GNU_SOURCE
#include "gd_limits.h"
#include "scratch.h"
#include "srv_together.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

enum { ROWS = 3 * 4096 + 100, COLS = 3, PARAMS = COLS + 1, MOST = 40 };

static double X[ROWS * COLS], y[ROWS], other_y[ROWS];

static void fill(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        double score = 0;
        for (size_t j = 0; j < COLS; j++) {
            X[i * COLS + j] = sin((double)(i * COLS + j) * 1.7);
            score += X[i * COLS + j];
        }
        y[i] = score + cos((double)i) > 0;
        other_y[i] = y[i];
    }
    other_y[ROWS - 1] = 1 - y[ROWS - 1];
}

/* ---- a job: an objective, hands that can be held up, and somebody who may ask it to leave ---- */

typedef struct job {
    srv_partner partner;
    srv_member member;
    gd_executor executor;
    gd_data data;
    gd_objective *objective;
    atomic_bool asked, held; /* held: its passes stand still */
    atomic_uint standing;    /* passes that stand still now */
    double theta[PARAMS];
    size_t evals;
    bool without_gradient;
    bool failed; /* an evaluation was not what it would have been alone */
    atomic_bool left;
} job;

static bool asked(void *ctx)
{
    job *j = ctx;
    return atomic_load(&j->asked);
}

static void run(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    job *j = ctx;
    atomic_fetch_add(&j->standing, 1);
    double end = scratch_now() + 30;
    while (atomic_load(&j->held) && !atomic_load(&j->asked) && scratch_now() < end)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    atomic_fetch_sub(&j->standing, 1);
    srv_team_run(&j->member, fn, arg, blocks);
}

static bool share(void *ctx, gd_objective *o, const double *theta, const gd_rows *rows,
                  double *cost, double *gradient)
{
    return srv_together_eval(&((job *)ctx)->partner, o, theta, rows, cost, gradient);
}

static gd_objective *objective_of(const gd_data *data, const gd_executor *executor)
{
    gd_objective *o;
    gd_error err;
    gd_shape shape = {.cols = COLS, .intercept = true, .outputs = 1};
    ck_assert_int_eq(gd_objective_new(&o, data, gd_model_find("logistic_regression"), &shape,
                                      gd_cost_find("logistic"), NULL, executor, &err),
                     GD_OK);
    return o;
}

static void make(job *j, srv_together *t, srv_team *team, const double *targets, size_t number)
{
    *j = (job){.member = {.team = team}, .evals = 1};
    j->partner = (srv_partner){.meeting = t, .member = &j->member, .interrupted = asked, .ctx = j};
    j->executor = (gd_executor){
        .slots = srv_team_slots(team), .run = run, .ctx = j, .interrupted = asked, .share = share};
    j->data = (gd_data){.X = X, .y = targets, .rows = ROWS, .cols = COLS, .classes = 2};
    j->objective = objective_of(&j->data, &j->executor);
    for (size_t i = 0; i < PARAMS; i++)
        j->theta[i] = cos((double)(number * PARAMS + i));
}

/* Evaluates here and there along a line, each time against an objective that is alone. */
static void *work(void *arg)
{
    job *j = arg;
    gd_rows all = {.count = ROWS};
    gd_objective *alone = objective_of(&j->data, NULL);
    for (size_t e = 0; e < j->evals && !j->left; e++) {
        double got[PARAMS], want[PARAMS];
        srv_team_enter(&j->member);
        double cost = gd_objective_eval_shared(j->objective, j->theta, &all,
                                               j->without_gradient ? NULL : got);
        j->left = gd_objective_interrupted(j->objective);
        j->failed = j->failed || !j->member.holds;
        srv_team_leave(&j->member);
        if (j->left)
            break;
        double c = gd_objective_eval(alone, j->theta, &all, want);
        j->failed = j->failed || memcmp(&c, &cost, sizeof c) != 0 ||
                    (!j->without_gradient && memcmp(got, want, sizeof got) != 0);
        for (size_t i = 0; i < PARAMS; i++)
            j->theta[i] -= 0.1 * want[i];
    }
    srv_together_leave(&j->partner);
    gd_objective_free(alone);
    gd_objective_free(j->objective);
    return NULL;
}

typedef struct crowd {
    srv_team *team;
    srv_together *together;
    job jobs[MOST];
    pthread_t threads[MOST];
    size_t started;
} crowd;

static void set_up(crowd *c, uint64_t lanes)
{
    api_problem p = {0};
    memset(c, 0, sizeof *c);
    ck_assert_ptr_nonnull(c->team = srv_team_start(lanes, &p));
    ck_assert_ptr_nonnull(c->together = srv_together_new());
    fill();
    for (size_t i = 0; i < MOST; i++)
        c->jobs[i].evals = 0;
}

static job *add(crowd *c, const double *targets)
{
    job *j = &c->jobs[c->started];
    make(j, c->together, c->team, targets, c->started++);
    return j;
}

static void go(crowd *c, const job *j)
{
    size_t i = (size_t)(j - c->jobs);
    ck_assert_int_eq(pthread_create(&c->threads[i], NULL, work, &c->jobs[i]), 0);
}

static void finish(crowd *c)
{
    for (size_t i = 0; i < c->started; i++) {
        pthread_join(c->threads[i], NULL);
        ck_assert_msg(!c->jobs[i].failed, "job %zu", i);
    }
}

static void tear_down(crowd *c)
{
    srv_together_free(c->together);
    srv_team_stop(c->team);
}

static crowd all;

/* The first job's pass stands still until `count` others wait. */
static void gather(crowd *c, size_t count)
{
    WAIT_UNTIL(atomic_load(&c->jobs[0].standing) == 1);
    for (size_t i = 1; i < c->started; i++)
        go(c, &c->jobs[i]);
    WAIT_UNTIL(srv_together_count(c->together).waiting == count);
}

START_TEST(those_who_wait_share_one_reading)
{
    set_up(&all, (uint64_t)_i);
    job *first = add(&all, y);
    atomic_store(&first->held, true);
    go(&all, first);
    for (int i = 0; i < 16; i++)
        add(&all, y);
    gather(&all, 16);
    atomic_store(&first->held, false);
    finish(&all);
    srv_together_counts n = srv_together_count(all.together);
    ck_assert_uint_eq(n.wanted, 17);
    ck_assert_uint_eq(n.passes, 2);
    tear_down(&all);
}
END_TEST

START_TEST(more_than_fit_take_another_reading)
{
    set_up(&all, 2);
    job *first = add(&all, y);
    atomic_store(&first->held, true);
    go(&all, first);
    while (all.started < GD_MAX_THETAS + 4)
        add(&all, y);
    gather(&all, GD_MAX_THETAS + 3);
    atomic_store(&first->held, false);
    finish(&all);
    ck_assert_uint_eq(srv_together_count(all.together).passes, 3);
    tear_down(&all);
}
END_TEST

START_TEST(jobs_of_many_epochs_fall_into_step)
{
    enum { JOBS = 8, EVALS = 40 };
    set_up(&all, (uint64_t)_i);
    for (size_t i = 0; i < JOBS; i++)
        add(&all, y)->evals = EVALS;
    bool alone = _i == 1; /* a single lane, which one that stands still would keep */
    atomic_store(&all.jobs[0].held, !alone); /* or one is through before the next begins */
    go(&all, &all.jobs[0]);
    for (size_t i = 1; alone && i < JOBS; i++)
        go(&all, &all.jobs[i]);
    if (!alone)
        gather(&all, JOBS - 1);
    atomic_store(&all.jobs[0].held, false);
    finish(&all);
    srv_together_counts n = srv_together_count(all.together);
    ck_assert_uint_eq(n.wanted, JOBS * EVALS);
    ck_assert_uint_lt(n.passes, JOBS * EVALS + alone);
    tear_down(&all);
}
END_TEST

START_TEST(only_the_same_objectives_meet)
{
    set_up(&all, 2);
    job *first = add(&all, y), *other = add(&all, other_y);
    job *costs = add(&all, y), *more = add(&all, y);
    costs->without_gradient = true;
    atomic_store(&first->held, true);
    go(&all, first);
    WAIT_UNTIL(atomic_load(&first->standing) == 1);
    /* one target differs: it is not held up */
    go(&all, other);
    pthread_join(all.threads[1], NULL);
    ck_assert_uint_eq(srv_together_count(all.together).passes, 1);
    go(&all, costs);
    go(&all, more);
    WAIT_UNTIL(srv_together_count(all.together).waiting == 2);
    atomic_store(&first->held, false);
    pthread_join(all.threads[0], NULL);
    pthread_join(all.threads[2], NULL);
    pthread_join(all.threads[3], NULL);
    for (size_t i = 0; i < all.started; i++)
        ck_assert_msg(!all.jobs[i].failed, "job %zu", i);
    ck_assert_uint_eq(srv_together_count(all.together).passes, 4);
    tear_down(&all);
}
END_TEST

/* Each of these makes another function of theta. */
START_TEST(whatever_differs_is_seen)
{
    static double weights[2][ROWS], offset[ROWS];
    static float single[2][ROWS * COLS];
    static uint32_t index[2][ROWS];
    const double center[2][COLS] = {{1, 2, 3}, {1, 2, 4}}, scale[COLS] = {1, 1, 2};
    const double delta[] = {1, 2};
    gd_error err;
    fill();
    for (size_t i = 0; i < ROWS; i++) {
        weights[0][i] = weights[1][i] = 1;
        index[0][i] = index[1][i] = (uint32_t)i;
    }
    weights[1][7] = 2;
    index[1][ROWS / 2 - 1]++;
    enum {
        PLAIN,
        WEIGHED,
        WEIGHED_OTHERWISE,
        OFFSET,
        SOME,
        OTHERS,
        FEWER,
        SCALED,
        SCALED_OTHERWISE,
        WITHOUT_INTERCEPT,
        OTHER_COST,
        OTHER_DELTA,
        SINGLE,
        OTHER_SINGLE,
        KINDS
    };
    gd_objective *o[KINDS], *again[KINDS];
    for (size_t k = 0; k < 2 * KINDS; k++) {
        size_t kind = k % KINDS;
        gd_shape shape = {.cols = COLS, .intercept = kind != WITHOUT_INTERCEPT, .outputs = 1};
        bool floats = kind >= SINGLE;
        gd_data data = {.X = floats ? NULL : X,
                        .X32 = floats ? single[kind == OTHER_SINGLE] : NULL,
                        .y = y,
                        .rows = ROWS,
                        .cols = COLS,
                        .classes = 2,
                        .weights = kind == WEIGHED             ? weights[0]
                                   : kind == WEIGHED_OTHERWISE ? weights[1]
                                                               : NULL,
                        .offset = kind == OFFSET ? offset : NULL};
        bool huber = kind == OTHER_COST || kind == OTHER_DELTA;
        ck_assert_int_eq(
            gd_objective_new(&(k < KINDS ? o : again)[kind], &data,
                             gd_model_find(huber ? "linear_regression" : "logistic_regression"),
                             &shape, gd_cost_find(huber ? "huber" : "logistic"),
                             &delta[kind == OTHER_DELTA], NULL, &err),
            GD_OK);
        gd_objective *made = (k < KINDS ? o : again)[kind];
        if (kind >= SOME && kind <= FEWER)
            gd_objective_over(made, &(gd_rows){.index = index[kind == OTHERS],
                                               .count = ROWS / 2 - (kind == FEWER)});
        if (kind == SCALED || kind == SCALED_OTHERWISE)
            gd_objective_scale(made, center[kind == SCALED_OTHERWISE], scale);
    }
    for (size_t a = 0; a < KINDS; a++)
        for (size_t b = 0; b < KINDS; b++)
            ck_assert_msg(gd_objective_same(o[a], again[b]) == (a == b), "%zu and %zu", a, b);
    for (size_t k = 0; k < KINDS; k++) {
        gd_objective_free(o[k]);
        gd_objective_free(again[k]);
    }
}
END_TEST

START_TEST(one_that_waits_goes_as_soon_as_it_is_asked)
{
    set_up(&all, 2);
    job *first = add(&all, y), *second = add(&all, y);
    atomic_store(&first->held, true);
    go(&all, first);
    gather(&all, 1);
    atomic_store(&second->asked, true);
    pthread_join(all.threads[1], NULL); /* while the pass stands still */
    ck_assert(second->left);
    ck_assert_uint_eq(atomic_load(&first->standing), 1);
    atomic_store(&first->held, false);
    pthread_join(all.threads[0], NULL);
    ck_assert(!first->left && !first->failed);
    tear_down(&all);
}
END_TEST

START_TEST(one_whose_pass_serves_others_goes_without_taking_them_along)
{
    enum { OTHERS = 6 };
    set_up(&all, 2);
    job *first = add(&all, y);
    first->evals = 2;
    for (int i = 0; i < OTHERS; i++)
        add(&all, y)->evals = 20;
    atomic_store(&first->held, true);
    go(&all, first);
    gather(&all, OTHERS);
    atomic_store(&first->asked, true); /* breaks its own pass off; they have theirs run */
    finish(&all);
    ck_assert(first->left);
    for (size_t i = 1; i < all.started; i++)
        ck_assert(!all.jobs[i].left);
    tear_down(&all);
}
END_TEST

/* ---- what is found once ---- */

static atomic_uint finders, through; /* who was to find it; who has asked, and come back */

/* A run that is asked whether it goes on may hand its lane over, and wait for it: who holds one is
 * not to be asked under the meeting's lock. */
static atomic_bool asked_with_a_lane;

static bool asked_between(void *ctx)
{
    const job *j = ctx;
    if (j->member.holds)
        atomic_store(&asked_with_a_lane, true);
    return asked(ctx);
}

/* Asks for the curvature, which only the first is to find. */
static void *ask(void *arg)
{
    job *j = arg;
    double curvature = 0;
    j->partner.interrupted = asked_between;
    srv_team_enter(&j->member);
    bool known = srv_together_recall(&j->partner, j->objective, &curvature);
    if (!known && !atomic_load(&j->asked)) {
        atomic_fetch_add(&finders, 1);
        atomic_fetch_add(&j->standing, 1);
        double end = scratch_now() + 30;
        while (atomic_load(&j->held) && !atomic_load(&j->asked) && scratch_now() < end)
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        if (!atomic_load(&j->asked))
            srv_together_keep(&j->partner, 2.385);
    }
    j->left = !known && atomic_load(&j->asked);
    j->failed = !j->member.holds || (known && curvature != 2.385);
    srv_team_leave(&j->member);
    atomic_fetch_add(&through, 1);
    if (!j->left) /* else it may be forgotten */
        WAIT_UNTIL(atomic_load(&through) == all.started);
    srv_together_leave(&j->partner);
    gd_objective_free(j->objective);
    return NULL;
}

static void begin_to_ask(crowd *c, size_t jobs)
{
    atomic_store(&finders, 0);
    atomic_store(&through, 0);
    for (size_t i = 0; i < jobs; i++)
        add(c, y);
    atomic_store(&c->jobs[0].held, true);
    ck_assert_int_eq(pthread_create(&c->threads[0], NULL, ask, &c->jobs[0]), 0);
    WAIT_UNTIL(atomic_load(&c->jobs[0].standing) == 1);
    for (size_t i = 1; i < jobs; i++)
        ck_assert_int_eq(pthread_create(&c->threads[i], NULL, ask, &c->jobs[i]), 0);
}

START_TEST(a_curvature_is_found_once)
{
    set_up(&all, (uint64_t)_i);
    begin_to_ask(&all, 9);
    atomic_store(&all.jobs[0].held, false);
    finish(&all);
    ck_assert_uint_eq(atomic_load(&finders), 1);
    ck_assert(!atomic_load(&asked_with_a_lane));
    tear_down(&all);
}
END_TEST

/* Then one of those who wait finds it in its place, and others have it from that one. */
START_TEST(who_was_to_find_it_may_be_asked_to_leave)
{
    set_up(&all, 2);
    begin_to_ask(&all, 6);
    atomic_store(&all.jobs[0].asked, true);
    atomic_store(&all.jobs[0].held, false);
    finish(&all);
    ck_assert(all.jobs[0].left);
    ck_assert_uint_eq(atomic_load(&finders), 2);
    tear_down(&all);
}
END_TEST

START_TEST(who_waits_for_it_goes_as_soon_as_it_is_asked)
{
    set_up(&all, 2);
    begin_to_ask(&all, 2);
    atomic_store(&all.jobs[1].asked, true);
    WAIT_UNTIL(all.jobs[1].left);
    ck_assert_uint_eq(atomic_load(&finders), 1);
    atomic_store(&all.jobs[0].held, false);
    finish(&all);
    tear_down(&all);
}
END_TEST

/* Some come and go at any moment, others must not notice. */
START_TEST(crowds_that_come_and_go_lose_nothing)
{
    enum { JOBS = 24 };
    set_up(&all, (uint64_t)_i);
    for (size_t i = 0; i < JOBS; i++) {
        job *j = add(&all, i % 5 == 4 ? other_y : y);
        j->evals = 5 + 3 * i;
        j->without_gradient = i % 7 == 3;
    }
    for (size_t i = 0; i < JOBS; i++)
        go(&all, &all.jobs[i]);
    for (size_t i = 0; i < JOBS; i += 3) {
        nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
        atomic_store(&all.jobs[i].asked, true);
    }
    finish(&all);
    for (size_t i = 0; i < JOBS; i++)
        ck_assert(i % 3 == 0 || !all.jobs[i].left);
    ck_assert_uint_eq(srv_together_count(all.together).waiting, 0);
    tear_down(&all);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("together");
    TCase *tc = tcase_create("together");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, those_who_wait_share_one_reading, 2, 5);
    tcase_add_test(tc, more_than_fit_take_another_reading);
    tcase_add_loop_test(tc, jobs_of_many_epochs_fall_into_step, 1, 4);
    tcase_add_test(tc, only_the_same_objectives_meet);
    tcase_add_test(tc, whatever_differs_is_seen);
    tcase_add_test(tc, one_that_waits_goes_as_soon_as_it_is_asked);
    tcase_add_test(tc, one_whose_pass_serves_others_goes_without_taking_them_along);
    tcase_add_loop_test(tc, a_curvature_is_found_once, 1, 4);
    tcase_add_test(tc, who_was_to_find_it_may_be_asked_to_leave);
    tcase_add_test(tc, who_waits_for_it_goes_as_soon_as_it_is_asked);
    tcase_add_loop_test(tc, crowds_that_come_and_go_lose_nothing, 1, 4);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
