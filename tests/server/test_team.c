/* The team: lanes, helpers, and whose turn it is. What must not happen is counted while it could
 * happen; no test looks at how long anything takes. Meant to run under ThreadSanitizer too. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST_BLOCKS = 512, MOST_SLOTS = 16 };

static srv_team *start(uint64_t lanes)
{
    api_problem p = {0};
    srv_team *t = srv_team_start(lanes, &p);
    if (!t)
        ck_abort_msg("%s", p.detail);
    return t;
}

/* ---- passes of many members ---- */

typedef struct crowd {
    srv_team *team;
    size_t lanes;
    atomic_uint at_work, most; /* threads in a block, and the most there were */
    atomic_bool wrong;
} crowd;

typedef struct job {
    crowd *all;
    size_t blocks;
    atomic_uint done[MOST_BLOCKS];
    atomic_bool slots[MOST_SLOTS];
    unsigned passes;
} job;

static void count(void *arg, size_t block, size_t slot)
{
    job *j = arg;
    unsigned now = atomic_fetch_add(&j->all->at_work, 1) + 1, most = atomic_load(&j->all->most);
    while (now > most && !atomic_compare_exchange_weak(&j->all->most, &most, now))
        ;
    if (slot >= srv_team_slots(j->all->team) || atomic_exchange(&j->slots[slot], true))
        atomic_store(&j->all->wrong, true); /* two of one pass share their scratch memory */
    atomic_fetch_add(&j->done[block], 1);
    for (int i = 0; i < 50; i++)
        atomic_signal_fence(memory_order_seq_cst);
    if (block % 7 == 0)
        sched_yield();
    atomic_store(&j->slots[slot], false);
    atomic_fetch_sub(&j->all->at_work, 1);
}

static void *train(void *arg)
{
    job *j = arg;
    srv_member m = {.team = j->all->team};
    for (unsigned pass = 0; pass < j->passes; pass++) {
        for (size_t b = 0; b < j->blocks; b++)
            atomic_store(&j->done[b], 0);
        memset(m.known, 0, sizeof m.known); /* however quick they were, they are shared */
        srv_team_enter(&m);
        srv_team_run(&m, count, j, j->blocks);
        srv_team_leave(&m);
        for (size_t b = 0; b < j->blocks; b++)
            if (atomic_load(&j->done[b]) != 1)
                atomic_store(&j->all->wrong, true);
    }
    return NULL;
}

START_TEST(every_block_is_done_once_and_never_more_at_once_than_there_are_lanes)
{
    enum { JOBS = 6 };
    static job jobs[JOBS];
    crowd all = {.lanes = (size_t)_i + 1};
    pthread_t threads[JOBS];
    all.team = start(all.lanes);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].all = &all;
        jobs[i].blocks = 1 + (i * 97) % MOST_BLOCKS;
        jobs[i].passes = 400 / SLOWER;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, train, &jobs[i]), 0);
    }
    for (size_t i = 0; i < JOBS; i++)
        pthread_join(threads[i], NULL);
    srv_team_stop(all.team);
    ck_assert(!atomic_load(&all.wrong));
    ck_assert_uint_le(atomic_load(&all.most), all.lanes);
}
END_TEST

/* ---- idle lanes help ---- */

typedef struct meeting {
    atomic_uint there;
    unsigned wanted;
    atomic_bool missed;
} meeting;

/* Each block waits for the others: they all end only if so many run at once. */
static void meet(void *arg, size_t block, size_t slot)
{
    (void)block, (void)slot;
    meeting *m = arg;
    atomic_fetch_add(&m->there, 1);
    double end = scratch_now() + 20;
    while (atomic_load(&m->there) < m->wanted && scratch_now() < end)
        sched_yield();
    if (atomic_load(&m->there) < m->wanted)
        atomic_store(&m->missed, true);
}

START_TEST(one_job_uses_every_idle_lane)
{
    srv_team *t = start(4);
    srv_member m = {.team = t};
    for (int pass = 0; pass < 50; pass++) {
        meeting here = {.wanted = 4};
        memset(m.known, 0, sizeof m.known); /* however soon they met */
        srv_team_enter(&m);
        srv_team_run(&m, meet, &here, 4);
        srv_team_leave(&m);
        ck_assert(!atomic_load(&here.missed));
    }
    srv_team_stop(t);
}
END_TEST

START_TEST(lanes_that_come_free_help_a_pass_that_goes_on)
{
    srv_team *t = start(2);
    srv_member other = {.team = t}, m = {.team = t};
    meeting here = {.wanted = 2};
    srv_team_enter(&other);
    srv_team_enter(&m);
    srv_team_leave(&other);
    srv_team_run(&m, meet, &here, 2);
    srv_team_leave(&m);
    srv_team_stop(t);
    ck_assert(!atomic_load(&here.missed));
}
END_TEST

typedef struct kind {
    bool slow;
    atomic_uint alone, helped; /* blocks by the member; by others */
} kind;

static void one_of_a_kind(void *arg, size_t block, size_t slot)
{
    (void)block;
    kind *k = arg;
    if (k->slow)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    atomic_fetch_add(slot == 0 ? &k->alone : &k->helped, 1);
}

/* What is known to take next to no time is not shared; it is once it takes longer. */
START_TEST(quick_passes_are_not_shared_and_slow_ones_are)
{
    srv_team *t = start(2);
    srv_member m = {.team = t};
    kind k = {.slow = false};
    srv_team_enter(&m);
    for (int pass = 0; pass < 100; pass++) {
        m.known[0].fn = one_of_a_kind;
        m.known[0].seconds = 1e-7;
        srv_team_run(&m, one_of_a_kind, &k, 8);
    }
    ck_assert_uint_eq(atomic_load(&k.alone), 800);
    k.slow = true;
    for (int pass = 0; pass < 200 && atomic_load(&k.helped) == 0; pass++)
        srv_team_run(&m, one_of_a_kind, &k, 8);
    srv_team_leave(&m);
    srv_team_stop(t);
    ck_assert_uint_gt(atomic_load(&k.helped), 0);
}
END_TEST

/* ---- turns ---- */

typedef struct turns {
    srv_team *team;
    atomic_bool end;
    atomic_uint rounds[8]; /* passes of each large job */
} turns;

typedef struct large {
    turns *all;
    size_t number;
} large;

static void slowly(void *arg, size_t block, size_t slot)
{
    (void)arg, (void)block, (void)slot;
    for (double end = scratch_now() + 0.0005; scratch_now() < end;)
        ;
}

static void *large_job(void *arg)
{
    large *l = arg;
    srv_member m = {.team = l->all->team};
    while (!atomic_load(&l->all->end)) {
        srv_team_enter(&m);
        srv_team_run(&m, slowly, l->all, 40);
        srv_team_leave(&m);
        atomic_fetch_add(&l->all->rounds[l->number], 1);
    }
    return NULL;
}

/* Blocks that end one by one, as the test says. */
typedef struct gate {
    srv_team *team;
    pthread_barrier_t entered; /* each has a lane of its own before a helper finds work */
    atomic_uint begun, permits;
    atomic_bool open;
} gate;

static void stand(void *arg, size_t block, size_t slot)
{
    (void)block, (void)slot;
    gate *g = arg;
    atomic_fetch_add(&g->begun, 1);
    for (;;) {
        unsigned n = atomic_load(&g->permits);
        if (atomic_load(&g->open) ||
            (n > 0 && atomic_compare_exchange_weak(&g->permits, &n, n - 1)))
            return;
        sched_yield();
    }
}

static void *gated_job(void *arg)
{
    gate *g = arg;
    srv_member m = {.team = g->team};
    srv_team_enter(&m);
    pthread_barrier_wait(&g->entered);
    srv_team_run(&m, stand, g, 100);
    srv_team_leave(&m);
    return NULL;
}

typedef struct newcomer {
    srv_team *team;
    atomic_bool in, leave;
} newcomer;

static void *newcomer_job(void *arg)
{
    newcomer *n = arg;
    srv_member m = {.team = n->team};
    srv_team_enter(&m);
    atomic_store(&n->in, true);
    WAIT_UNTIL(atomic_load(&n->leave));
    srv_team_leave(&m);
    return NULL;
}

START_TEST(a_new_job_waits_for_no_more_than_a_block)
{
    enum { LARGE = 2 };
    gate g = {.team = start(2)};
    pthread_t threads[LARGE], thread;
    pthread_barrier_init(&g.entered, NULL, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, gated_job, &g), 0);
    for (unsigned turn = 0; turn < 20; turn++) {
        newcomer n = {.team = g.team};
        WAIT_UNTIL(atomic_load(&g.begun) == turn + 2); /* both lanes are in a block */
        ck_assert_int_eq(pthread_create(&thread, NULL, newcomer_job, &n), 0);
        WAIT_UNTIL(srv_team_waiting(g.team) == 1);
        ck_assert(!atomic_load(&n.in));
        atomic_fetch_add(&g.permits, 1); /* one block ends */
        WAIT_UNTIL(atomic_load(&n.in));
        ck_assert_uint_eq(atomic_load(&g.begun), turn + 2);
        atomic_store(&n.leave, true);
        pthread_join(thread, NULL);
    }
    atomic_store(&g.open, true);
    for (size_t i = 0; i < LARGE; i++)
        pthread_join(threads[i], NULL);
    srv_team_stop(g.team);
}
END_TEST

START_TEST(large_jobs_take_turns_and_none_is_left_out)
{
    enum { LARGE = 8 };
    turns all = {.team = start(1 + (uint64_t)_i)};
    large jobs[LARGE];
    pthread_t threads[LARGE];
    for (size_t i = 0; i < LARGE; i++) {
        jobs[i] = (large){&all, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, large_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < LARGE; i++)
        WAIT_UNTIL(atomic_load(&all.rounds[i]) >= 4);
    atomic_store(&all.end, true);
    for (size_t i = 0; i < LARGE; i++)
        pthread_join(threads[i], NULL);
    srv_team_stop(all.team);
}
END_TEST

/* Without a lane a pass is done all the same, by the caller. */
START_TEST(a_member_without_a_lane_does_its_own_blocks)
{
    static job alone;
    crowd all = {.team = start(3), .lanes = 3};
    srv_member m = {.team = all.team};
    alone.all = &all;
    srv_team_run(&m, count, &alone, 100);
    srv_team_yield(&m);
    for (size_t b = 0; b < 100; b++)
        ck_assert_uint_eq(atomic_load(&alone.done[b]), 1);
    ck_assert_uint_eq(atomic_load(&all.most), 1);
    srv_team_stop(all.team);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("team");
    TCase *tc = tcase_create("team");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, every_block_is_done_once_and_never_more_at_once_than_there_are_lanes, 0,
                        5);
    tcase_add_test(tc, one_job_uses_every_idle_lane);
    tcase_add_test(tc, lanes_that_come_free_help_a_pass_that_goes_on);
    tcase_add_test(tc, quick_passes_are_not_shared_and_slow_ones_are);
    tcase_add_test(tc, a_new_job_waits_for_no_more_than_a_block);
    tcase_add_loop_test(tc, large_jobs_take_turns_and_none_is_left_out, 0, 3);
    tcase_add_test(tc, a_member_without_a_lane_does_its_own_blocks);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
