/* Steering over HTTP: jobs are ended within an epoch, paused and resumed. */
#include "steering.h"

START_TEST(a_job_with_a_long_epoch_ends_within_it)
{
    static const char *const ways[][2] = {
        {"cancel", "cancelled"}, {"stop", "succeeded"}, {"pause", "paused"}};
    char ds[32], job[32], spec[256];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(60000, 10, 3);
    upload_csv(s, csv, ds);
    free(csv);
    /* networks like this one take many seconds an epoch; under a sanitizer smaller ones do */
    snprintf(spec, sizeof spec,
             "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [%d, %d]}, \"epochs\": 1000, "
             "\"optimizer\": \"adam\", \"learning_rate\": 0.001, \"tol\": 0",
             400 / SLOWER, 400 / SLOWER);
    for (size_t i = 0; i < 3; i++) {
        post_job(s, ds, spec, job);
        rest(0.5);
        must(s, job, ways[i][0]);
        WAIT_UNTIL(in_state(s, job, ways[i][1]), 60);
        ck_assert_double_eq(epoch_of(s, job), 0); /* the first one was broken off */
        if (i == 2)
            must(s, job, "cancel");
    }
    finish(s);
}
END_TEST

/* One run, and one of several parts, which has parts behind it and before it. */
START_TEST(a_job_paused_and_resumed_ends_as_if_it_had_not_been)
{
    static const char *const specs[] = {
        STEADY, "\"epochs\": " PART_EPOCHS ", \"tol\": 0, \"learning_rate\": 1e-7, \"batch_size\": 16, "
                "\"cross_validation\": 5"};
    char ds[32], twin[32], job[32];
    int times = 0;
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, specs[_i], twin);
    wait_for_end(s, twin, "succeeded");
    post_job(s, ds, specs[_i], job);
    for (bool going = true; going && times < 4; times += going) {
        double before = epoch_of(s, job);
        WAIT_UNTIL(epoch_of(s, job) > before || in_state(s, job, "succeeded"), 10);
        e2e_reply r = ask(s, job, "pause");
        going = r.status == 202;
        e2e_reply_free(&r);
        if (!going)
            break;
        ck_assert(in_state(s, job, "paused"));
        ck_assert_int_eq(count_of(s, "jobs", "&state=paused"), 1);
        ck_assert_int_eq(count_of(s, "jobs", "&state=queued"), 0);
        must(s, job, "resume");
    }
    ck_assert_int_ge(times, 1);
    wait_for_end(s, job, "succeeded");
    assert_twins(s, twin, job);
    finish(s);
}
END_TEST

/* Those that waited behind it run before it. */
START_TEST(a_queued_job_that_is_paused_gives_up_its_turn)
{
    char ds[32], first[32], paused[32], next[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, ENDLESS, first);
    WAIT_UNTIL(in_state(s, first, "running"), 10);
    post_job(s, ds, "", paused);
    post_job(s, ds, ENDLESS, next);
    must(s, paused, "pause");
    must(s, paused, "resume");
    ck_assert(in_state(s, paused, "queued"));
    cancel(s, first);
    WAIT_UNTIL(in_state(s, next, "running"), 10);
    ck_assert(in_state(s, paused, "queued"));
    cancel(s, next);
    wait_for_end(s, paused, "succeeded");
    finish(s);
}
END_TEST

START_TEST(a_paused_job_stays_so_over_a_restart)
{
    char ds[32], twin[32], job[32], waiting[32];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, STEADY, twin);
    wait_for_end(s, twin, "succeeded");
    post_job(s, ds, STEADY, job);
    post_job(s, ds, STEADY, waiting);
    must(s, waiting, "pause");
    WAIT_UNTIL(epoch_of(s, job) > 0, 10);
    must(s, job, "pause");
    double epoch = epoch_of(s, job);
    kill_hard(s);
    e2e_restart(s, NULL);
    rest(0.2);
    ck_assert(in_state(s, job, "paused") && in_state(s, waiting, "paused"));
    ck_assert(epoch_of(s, job) == epoch);
    /* nobody waits for what will not end */
    double began = e2e_now();
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s?wait=10", job);
    ck_assert(e2e_now() - began < 5);
    e2e_reply_free(&r);
    must(s, job, "resume");
    wait_for_end(s, job, "succeeded");
    assert_twins(s, twin, job);
    must(s, waiting, "cancel");
    ck_assert(in_state(s, waiting, "cancelled"));
    finish(s);
}
END_TEST

/* The server ends as soon as it has answered, before the workers have written what they were asked
 * for. */
START_TEST(a_stop_and_a_cancel_are_not_forgotten_over_a_restart)
{
    enum { ROUNDS = 4 };
    char ds[32], stopped[32], cancelled[32];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(60, 3, 7);
    upload_csv(s, csv, ds);
    free(csv);
    for (int i = 0; i < ROUNDS; i++) {
        post_job(s, ds, ENDLESS, stopped);
        post_job(s, ds, ENDLESS, cancelled);
        WAIT_UNTIL(epoch_of(s, stopped) > 0 && epoch_of(s, cancelled) > 0, 10);
        must(s, stopped, "stop");
        must(s, cancelled, "cancel");
        if (i % 2)
            end_cleanly(s, SIGTERM, 20);
        else
            kill_hard(s);
        e2e_restart(s, NULL);
        wait_for_end(s, stopped, "succeeded");
        wait_for_end(s, cancelled, "cancelled");
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s", stopped);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "stopped");
        e2e_reply_free(&r);
    }
    finish(s);
}
END_TEST

START_TEST(pausing_in_the_wrong_state_is_a_conflict_that_says_so)
{
    char ds[32], job[32], path[96];
    e2e_server *s = start_with_data(ds);
    post_job(s, ds, ENDLESS, job);
    WAIT_UNTIL(in_state(s, job, "running"), 10);
    must_conflict(s, job, "resume", "is running");
    must(s, job, "pause");
    must(s, job, "pause");
    must_conflict(s, job, "stop", "is paused");
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    e2e_reply r = e2e_delete(s, path);
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/datasets/%s", ds);
    r = e2e_delete(s, path);
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    must(s, job, "cancel");
    must_conflict(s, job, "pause", "been cancelled");
    must_conflict(s, job, "resume", "is cancelled");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("steering");
    TCase *tc = tcase_create("steering");
    tcase_set_timeout(tc, 180 * SLOWER);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, a_job_with_a_long_epoch_ends_within_it);
    tcase_add_loop_test(tc, a_job_paused_and_resumed_ends_as_if_it_had_not_been, 0, 2);
    tcase_add_test(tc, a_queued_job_that_is_paused_gives_up_its_turn);
    tcase_add_test(tc, a_paused_job_stays_so_over_a_restart);
    tcase_add_test(tc, a_stop_and_a_cancel_are_not_forgotten_over_a_restart);
    tcase_add_test(tc, pausing_in_the_wrong_state_is_a_conflict_that_says_so);
    return run_suite(suite);
}
