/* endings: what follows training takes a while on much data. A job can be cancelled, paused,
 * stopped and set aside then as at any other time, and ends as if it had not been. */
#define _GNU_SOURCE
#include "steering.h"

/* The slope of this cost jumps: its certificate goes over the rows until its work is spent. */
#define LONG_END                                                                                   \
    "\"cost\": \"mae\", \"epochs\": 3, \"tol\": 0, \"learning_rate\": 0.01, "                      \
    "\"confidence_level\": 0.9"

static e2e_server *start_with_much_data(char ds[32])
{
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(300000, 12, 7); /* the end must outlast the look at it, also when slowed */
    upload_csv(s, csv, ds);
    free(csv);
    return s;
}

/* Posts a job, and waits until it has trained. */
static void train(const e2e_server *s, const char *ds, char job[32])
{
    post_job(s, ds, LONG_END, job);
    WAIT_UNTIL(epoch_of(s, job) == 3, 30);
    ck_assert_msg(in_state(s, job, "running"), "it has ended before anybody could ask it to");
}

static void assert_same_ends(const e2e_server *s, const char *twin, const char *job)
{
    assert_twins(s, twin, job);
    assert_same_member(s, twin, job, false, "certificate");
    assert_same_member(s, twin, job, true, "metrics");
}

START_TEST(a_job_is_cancelled_after_its_training)
{
    char ds[32], job[32];
    e2e_server *s = start_with_much_data(ds);
    train(s, ds, job);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
    ck_assert_int_eq(count_of(s, "models", ""), 0);
    finish(s);
}
END_TEST

/* By a signal, and by a kill that leaves no time to save anything. */
START_TEST(a_job_set_aside_after_its_training_ends_as_if_it_had_not_been)
{
    char ds[32], twin[32], job[32];
    e2e_server *s = start_with_much_data(ds);
    post_job(s, ds, LONG_END, twin);
    wait_for_end(s, twin, "succeeded");
    train(s, ds, job);
    if (_i == 0)
        end_cleanly(s, SIGTERM, 2);
    else
        kill_hard(s);
    e2e_restart(s, NULL);
    WAIT_UNTIL(taken_up(s) == 1, 30);
    ck_assert(epoch_of(s, job) == 3);
    wait_for_end(s, job, "succeeded");
    assert_same_ends(s, twin, job);
    ck_assert_int_eq(count_of(s, "models", ""), 2);
    finish(s);
}
END_TEST

START_TEST(a_job_paused_after_its_training_ends_when_it_is_resumed)
{
    char ds[32], twin[32], job[32];
    e2e_server *s = start_with_much_data(ds);
    post_job(s, ds, LONG_END, twin);
    wait_for_end(s, twin, "succeeded");
    train(s, ds, job);
    must(s, job, "pause");
    rest(3);
    ck_assert(in_state(s, job, "paused"));
    ck_assert_int_eq(count_of(s, "models", ""), 1);
    must(s, job, "resume");
    wait_for_end(s, job, "succeeded");
    assert_same_ends(s, twin, job);
    finish(s);
}
END_TEST

/* It is ending already. */
START_TEST(a_stop_after_training_changes_nothing)
{
    char ds[32], twin[32], job[32];
    e2e_server *s = start_with_much_data(ds);
    post_job(s, ds, LONG_END, twin);
    wait_for_end(s, twin, "succeeded");
    train(s, ds, job);
    must(s, job, "stop");
    wait_for_end(s, job, "succeeded");
    assert_same_ends(s, twin, job);
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endings");
    TCase *tc = tcase_create("endings");
    tcase_set_timeout(tc, 180 * SLOWER);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, a_job_is_cancelled_after_its_training);
    tcase_add_loop_test(tc, a_job_set_aside_after_its_training_ends_as_if_it_had_not_been, 0, 2);
    tcase_add_test(tc, a_job_paused_after_its_training_ends_when_it_is_resumed);
    tcase_add_test(tc, a_stop_after_training_changes_nothing);
    return run_suite(suite);
}
