/* Who is next: a job of the tenant that has fewest running, among those of whom had his turn
 * longest ago; and a tenant's jobs in their order.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_turns.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 64 };

/* Jobs by their names, the first letter of which is their tenant's. */
typedef struct queue {
    srv_turns turns;
    srv_entry *running[MOST]; /* as they were begun */
    size_t begun;
} queue;

static void add(queue *q, const char *id)
{
    const char tenant[2] = {id[0], '\0'};
    srv_entry *e = srv_entries_new(1);
    ck_assert_ptr_nonnull(e);
    srv_turns_add(&q->turns, e, tenant, id);
}

static void add_all(queue *q, const char *tenant, int count)
{
    char id[16];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%s%d", tenant, i);
        add(q, id);
    }
}

static void begins(queue *q, const char *id)
{
    ck_assert(srv_turns_any(&q->turns));
    srv_entry *e = srv_turns_begin(&q->turns);
    ck_assert_ptr_nonnull(e);
    ck_assert_str_eq(e->id, id);
    q->running[q->begun++] = e;
}

static void begins_nothing(queue *q)
{
    ck_assert(!srv_turns_any(&q->turns));
    ck_assert_ptr_null(srv_turns_begin(&q->turns));
}

static void ends(queue *q, const char *id)
{
    for (size_t i = 0; i < q->begun; i++)
        if (q->running[i] && strcmp(q->running[i]->id, id) == 0) {
            srv_turns_end(&q->turns, q->running[i]);
            srv_entries_free(q->running[i]);
            q->running[i] = NULL;
            return;
        }
    ck_abort_msg("%s does not run", id);
}

static void done(queue *q)
{
    for (size_t i = 0; i < q->begun; i++)
        if (q->running[i]) {
            srv_turns_end(&q->turns, q->running[i]);
            srv_entries_free(q->running[i]);
        }
    ck_assert_ptr_null(q->turns.running);
    ck_assert_uint_eq(q->turns.running_count, 0);
    srv_turns_free(&q->turns);
}

START_TEST(one_tenant_is_a_queue)
{
    queue q = {0};
    add_all(&q, "a", 3);
    begins(&q, "a0");
    begins(&q, "a1");
    ends(&q, "a0");
    add(&q, "a9");
    begins(&q, "a2");
    begins(&q, "a9");
    begins_nothing(&q);
    done(&q);
}
END_TEST

START_TEST(one_worker_serves_tenants_in_turn)
{
    queue q = {0};
    add_all(&q, "a", 4);
    begins(&q, "a0");
    add_all(&q, "b", 2);
    add_all(&q, "c", 1);
    static const char *const order[] = {"a0", "b0", "c0", "a1", "b1", "a2", "a3"};
    for (size_t i = 1; i < sizeof order / sizeof order[0]; i++) {
        ends(&q, order[i - 1]);
        begins(&q, order[i]);
    }
    begins_nothing(&q);
    done(&q);
}
END_TEST

START_TEST(a_worker_that_gets_free_is_for_whom_fewest_serve)
{
    queue q = {0};
    add_all(&q, "a", 6);
    for (int i = 0; i < 4; i++)
        begins(&q, (const char *const[]){"a0", "a1", "a2", "a3"}[i]);
    add_all(&q, "b", 6);
    add_all(&q, "c", 1);
    ends(&q, "a1");
    begins(&q, "b0");
    ends(&q, "a2");
    begins(&q, "c0");
    ends(&q, "c0");
    begins(&q, "b1"); /* of a two still run, of b one */
    ends(&q, "a0");
    begins(&q, "a4"); /* of a one, of b two */
    ends(&q, "b0");
    begins(&q, "b2");
    done(&q);
}
END_TEST

START_TEST(nobody_has_the_last_workers_but_who_is_alone)
{
    queue q = {.turns.workers = 8};
    char id[16];
    add_all(&q, "a", 20);
    for (int i = 0; i < 7; i++) {
        snprintf(id, sizeof id, "a%d", i);
        begins(&q, id);
    }
    begins_nothing(&q);
    add_all(&q, "b", 2);
    begins(&q, "b0"); /* at once */
    add(&q, "c0");
    ck_assert_uint_eq(q.turns.running_count, 8); /* the pool has no thread for it now */
    ends(&q, "a0");
    begins(&q, "c0");
    ends(&q, "c0");
    begins(&q, "b1");
    ends(&q, "b0");
    ends(&q, "b1");
    begins(&q, "a7");
    begins_nothing(&q);
    done(&q);

    queue one = {.turns.workers = 2};
    for (int i = 0; i < 3; i++) {
        srv_entry *e = srv_entries_new(1);
        snprintf(id, sizeof id, "j%d", i);
        srv_turns_add(&one.turns, e, SRV_EVERYBODY, id);
    }
    begins(&one, "j0");
    begins(&one, "j1");
    ends(&one, "j0");
    begins(&one, "j2");
    done(&one);

    queue everybody = {.turns.workers = 64};
    for (int i = 0; i < 64; i++) {
        srv_entry *e = srv_entries_new(1);
        snprintf(id, sizeof id, "j%d", i);
        srv_turns_add(&everybody.turns, e, SRV_EVERYBODY, id);
    }
    for (int i = 0; i < 64; i++) {
        snprintf(id, sizeof id, "j%d", i);
        begins(&everybody, id);
    }
    done(&everybody);
}
END_TEST

/* A tenant's turn is remembered while it has no job at all. */
START_TEST(who_comes_again_does_not_come_first_each_time)
{
    queue q = {0};
    add_all(&q, "a", 10);
    begins(&q, "a0");
    add(&q, "b0");
    ends(&q, "a0");
    begins(&q, "b0");
    ends(&q, "b0");
    begins(&q, "a1"); /* nobody else was there */
    add(&q, "b1");
    ends(&q, "a1");
    begins(&q, "b1");
    add(&q, "c0");
    ends(&q, "b1");
    add(&q, "b2");
    begins(&q, "c0"); /* has had no turn */
    ends(&q, "c0");
    add(&q, "c1");
    begins(&q, "a2"); /* b and c have had theirs since */
    ends(&q, "a2");
    begins(&q, "b2");
    done(&q);
}
END_TEST

/* The same id runs still: another of the tenant's goes first, and then others'. */
START_TEST(a_job_that_is_on_its_way_out_waits_until_it_has_left)
{
    queue q = {0};
    add(&q, "a0");
    begins(&q, "a0");
    add(&q, "a0"); /* paused and resumed */
    begins_nothing(&q);
    ck_assert(srv_turns_waits(&q.turns, "a0"));
    add(&q, "a1");
    add(&q, "b0");
    begins(&q, "b0");
    begins(&q, "a1");
    begins_nothing(&q);
    ends(&q, "a0");
    begins(&q, "a0");
    done(&q);
}
END_TEST

START_TEST(what_is_taken_out_leaves_the_others_in_their_order)
{
    queue q = {0};
    add_all(&q, "a", 5);
    add_all(&q, "b", 2);
    static const char *const out[] = {"a0", "a2", "a4", "b1"};
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        srv_entry *e = srv_turns_take_out(&q.turns, out[i]);
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->id, out[i]);
        srv_entries_free(e);
        ck_assert(!srv_turns_waits(&q.turns, out[i]));
        ck_assert_ptr_null(srv_turns_take_out(&q.turns, out[i]));
    }
    ck_assert_uint_eq(q.turns.queued, 3);
    add(&q, "a7");
    add(&q, "b7");
    begins(&q, "a1");
    begins(&q, "b0");
    begins(&q, "a3");
    begins(&q, "b7");
    begins(&q, "a7");
    begins_nothing(&q);
    done(&q);
}
END_TEST

/* Any course of events against the rule, worked out the slow way. */
START_TEST(the_rule_holds_at_random)
{
    enum { TENANTS = 4, STEPS = 4000 };
    unsigned long long seed = 11;
    queue q = {0};
    unsigned waiting[TENANTS] = {0}, first[TENANTS] = {0}, running[TENANTS] = {0},
             turn[TENANTS] = {0}, turns = 0;
    for (int step = 0; step < STEPS; step++) {
        int k = (int)(scratch_random(&seed) * TENANTS);
        char id[16];
        double what = scratch_random(&seed);
        if (what < 0.4) {
            snprintf(id, sizeof id, "%c%u", 'a' + k, first[k] + waiting[k]++);
            add(&q, id);
        } else if (what < 0.7) {
            int best = -1;
            for (int i = 0; i < TENANTS; i++)
                if (waiting[i] && (best < 0 || running[i] < running[best] ||
                                   (running[i] == running[best] && turn[i] < turn[best])))
                    best = i;
            if (best < 0 || q.begun == MOST) {
                ck_assert(best >= 0 || !srv_turns_any(&q.turns));
                continue;
            }
            if (turn[best] == 0) { /* level with others that had none: by who came first */
                srv_entry *e = srv_turns_begin(&q.turns);
                ck_assert_uint_eq(turn[e->id[0] - 'a'], 0);
                best = e->id[0] - 'a';
                q.running[q.begun++] = e;
            } else {
                snprintf(id, sizeof id, "%c%u", 'a' + best, first[best]);
                begins(&q, id);
            }
            first[best]++;
            waiting[best]--;
            running[best]++;
            turn[best] = ++turns;
        } else if (q.begun > 0) {
            size_t at = (size_t)(scratch_random(&seed) * (double)q.begun);
            running[q.running[at]->id[0] - 'a']--;
            srv_turns_end(&q.turns, q.running[at]);
            srv_entries_free(q.running[at]);
            q.running[at] = q.running[--q.begun];
        }
    }
    ck_assert_uint_gt(turns, 500);
    done(&q);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("turns");
    TCase *tc = tcase_create("turns");
    tcase_add_test(tc, one_tenant_is_a_queue);
    tcase_add_test(tc, one_worker_serves_tenants_in_turn);
    tcase_add_test(tc, a_worker_that_gets_free_is_for_whom_fewest_serve);
    tcase_add_test(tc, nobody_has_the_last_workers_but_who_is_alone);
    tcase_add_test(tc, who_comes_again_does_not_come_first_each_time);
    tcase_add_test(tc, a_job_that_is_on_its_way_out_waits_until_it_has_left);
    tcase_add_test(tc, what_is_taken_out_leaves_the_others_in_their_order);
    tcase_add_test(tc, the_rule_holds_at_random);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
