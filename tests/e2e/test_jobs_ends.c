/* How jobs end: waiting for it, cancelling, deleting, and what is listed then. */
#include "line.h"

#include <pthread.h>
#include <strings.h>
#include <time.h>

/* ---- waiting ---- */

/* Seconds since a time like 2026-11-24T09:41:07.123Z. */
static double since(const char *text)
{
    struct tm tm = {0};
    double seconds;
    struct timespec now;
    ck_assert_int_eq(sscanf(text, "%d-%d-%dT%d:%d:%lf", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &seconds),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(now.tv_sec - timegm(&tm)) + 1e-9 * (double)now.tv_nsec - seconds;
}

START_TEST(wait_answers_as_soon_as_the_job_ends)
{
    double waited = 0;
    for (double epochs = 20000; waited < 0.2; epochs *= 4) { /* until it takes a while */
        char id[32], members[64];
        snprintf(members, sizeof members, "\"epochs\": %.0f, \"tol\": 0", epochs);
        begin(members, id);
        double began = e2e_now();
        e2e_reply r = act("GET", id, "?wait=60");
        waited = e2e_now() - began;
        ck_assert(is_in(&r, "succeeded"));
        ck_assert_double_lt(since(e2e_string(r.json, "finished_at")), 2);
        e2e_reply_free(&r);
    }
    ck_assert_double_lt(waited, 60);
}
END_TEST

START_TEST(wait_gives_up_after_the_seconds_asked)
{
    char id[32];
    begin(FOR_EVER, id);
    e2e_reply r = running_past(id, 0);
    e2e_reply_free(&r);
    double began = e2e_now();
    r = act("GET", id, "?wait=2");
    double took = e2e_now() - began;
    ck_assert_int_eq(r.status, 200);
    ck_assert(is_in(&r, "running"));
    ck_assert_double_ge(took, 1.95);
    ck_assert_double_lt(took, 4);
    e2e_reply_free(&r);
    cancel(id);
}
END_TEST

START_TEST(there_is_no_waiting_for_what_has_ended)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    double began = e2e_now();
    r = act("GET", id, "?wait=60");
    ck_assert(is_in(&r, "succeeded"));
    e2e_reply_free(&r);
    r = act("GET", "job_00000000000000000000", "?wait=60");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = act("GET", id, "?wait=0");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    ck_assert_double_lt(e2e_now() - began, 10);
}
END_TEST

typedef struct waiter {
    pthread_t thread;
    const char *id;
    e2e_reply reply;
} waiter;

static void *wait_main(void *arg)
{
    waiter *w = arg;
    w->reply = act("GET", w->id, "?wait=60");
    return NULL;
}

/* The server has four threads for connections: forty that wait must not hold them. */
START_TEST(many_may_wait_and_others_are_served_meanwhile)
{
    enum { N = 40 };
    static waiter waiters[N];
    char id[32];
    begin(FOR_EVER, id);
    for (int i = 0; i < N; i++) {
        waiters[i].id = id;
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, wait_main, &waiters[i]), 0);
    }
    double began = e2e_now();
    for (int i = 0; i < 200; i++) {
        e2e_reply r = e2e_get(s, "/healthz");
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
    }
    ck_assert_double_lt(e2e_now() - began, 30);
    cancel(id);
    for (int i = 0; i < N; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert(is_in(&waiters[i].reply, "cancelled"));
        e2e_reply_free(&waiters[i].reply);
    }
    ck_assert_double_lt(e2e_now() - began, 45); /* they were woken, not timed out */
}
END_TEST

/* ---- cancelling and deleting ---- */

START_TEST(running_job_is_cancelled_and_keeps_its_history)
{
    char id[32];
    begin(FOR_EVER, id);
    e2e_reply r = running_past(id, 10);
    e2e_reply_free(&r);
    r = act("POST", id, "/cancel");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    r = e2e_wait(s, id);
    ck_assert(is_in(&r, "cancelled"));
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "cancelled");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "error")));
    ck_assert_double_lt(e2e_number(r.json, "progress"), 1);
    double epoch = e2e_number(r.json, "epoch"), cost = e2e_number(r.json, "cost");
    e2e_reply_free(&r);
    size_t n;
    point *p = get_points(id, "", &n);
    ck_assert_double_eq(p[0].epoch, 0);
    ck_assert_double_eq(p[n - 1].epoch, epoch);
    ck_assert_double_eq(p[n - 1].cost, cost);
    free(p);
    r = act("POST", id, "/cancel"); /* twice is fine */
    ck_assert_int_eq(r.status, 202);
    ck_assert(is_in(&r, "cancelled"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(queued_job_is_cancelled_at_once_and_never_runs)
{
    char first[32], second[32], third[32];
    begin(FOR_EVER, first);
    begin(FOR_EVER, second);
    begin("\"epochs\": 3", third);
    e2e_reply r = act("POST", second, "/cancel");
    ck_assert_int_eq(r.status, 202);
    ck_assert(is_in(&r, "cancelled"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "started_at")));
    ck_assert(cJSON_IsString(e2e_at(r.json, "finished_at")));
    e2e_reply_free(&r);
    cancel(first);
    r = e2e_wait(s, third);
    ck_assert(is_in(&r, "succeeded"));
    e2e_reply_free(&r);
    r = act("GET", second, "/history");
    ck_assert(is_in(&r, "cancelled"));
    ck_assert_double_eq(e2e_number(r.json, "recorded"), 0);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "history")), 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(what_has_ended_is_not_cancelled)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    r = act("POST", id, "/cancel");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "succeeded"));
    e2e_reply_free(&r);
    r = run("\"learning_rate\": 1e9", id);
    e2e_reply_free(&r);
    r = act("POST", id, "/cancel");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "failed"));
    e2e_reply_free(&r);
    r = act("POST", "job_00000000000000000000", "/cancel");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(only_an_ended_job_is_deleted_and_its_model_stays)
{
    char id[32], later[32], model[32];
    begin(FOR_EVER, id);
    begin("\"epochs\": 3", later);
    e2e_reply r = running_past(id, 0);
    e2e_reply_free(&r);
    r = act("DELETE", id, "");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "running"));
    e2e_reply_free(&r);
    r = act("DELETE", later, "");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "queued"));
    e2e_reply_free(&r);
    cancel(id);
    r = e2e_wait(s, later);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    r = act("DELETE", later, "");
    ck_assert_int_eq(r.status, 204);
    ck_assert_uint_eq(r.len, 0);
    e2e_reply_free(&r);
    static const struct {
        const char *method, *what;
    } gone[] = {{"GET", ""}, {"GET", "/history"}, {"DELETE", ""}, {"POST", "/cancel"}};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        r = act(gone[i].method, later, gone[i].what);
        e2e_problem(&r, 404, "not-found");
        e2e_reply_free(&r);
    }
    r = e2e_getf(s, "/v1/models/%s", model);
    ck_assert_int_eq(r.status, 200);
    ck_assert_str_eq(e2e_string(r.json, "job_id"), later);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(list_is_filtered_by_state_and_paged)
{
    enum { GOOD = 7 };
    char good[GOOD][32], bad[32], gone[32], going[32], waiting[32];
    e2e_reply r;
    for (int i = 0; i < GOOD; i++) {
        r = run_well("\"epochs\": 3", good[i]);
        e2e_reply_free(&r);
    }
    r = run("\"learning_rate\": 1e9", bad);
    e2e_reply_free(&r);
    begin(FOR_EVER, going);
    begin(FOR_EVER, gone);
    begin(FOR_EVER, waiting);
    cancel(gone);
    r = running_past(going, 0);
    e2e_reply_free(&r);
    const struct {
        const char *state, *id;
    } one[] = {{"failed", bad}, {"cancelled", gone}, {"running", going}, {"queued", waiting}};
    for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
        r = e2e_getf(s, "/v1/jobs?state=%s", one[i].state);
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), 1);
        ck_assert_str_eq(e2e_string(r.json, "jobs.0.id"), one[i].id);
        ck_assert_str_eq(e2e_string(r.json, "jobs.0.state"), one[i].state);
        ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "jobs.0"), "spec"));
        e2e_reply_free(&r);
    }
    int seen = 0, pages = 0;
    char before[64] = "";
    for (bool more = true; more; pages++) {
        r = e2e_getf(s, "/v1/jobs?state=succeeded&limit=2%s", before);
        const cJSON *item, *next = e2e_at(r.json, "next");
        cJSON_ArrayForEach (item, e2e_at(r.json, "jobs"))
            ck_assert_str_eq(e2e_string(item, "id"), good[GOOD - 1 - seen++]);
        more = !cJSON_IsNull(next);
        snprintf(before, sizeof before, "&before=%.0f", next->valuedouble);
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(seen, GOOD);
    ck_assert_int_eq(pages, 4);
    r = e2e_get(s, "/v1/jobs");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), GOOD + 4);
    ck_assert_str_eq(e2e_string(r.json, "jobs.0.id"), waiting);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(job_whose_file_is_gone_or_changed_fails_and_says_so)
{
    char path[400], id[32];
    e2e_dataset_file(s, line_id, path);
    FILE *f = fopen(path, "r+b");
    fseek(f, 4096, SEEK_SET);
    fputc(1, f);
    fclose(f);
    e2e_reply r = run("", id);
    ck_assert(is_in(&r, "failed"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), "damaged"));
    e2e_reply_free(&r);
    ck_assert_int_eq(remove(path), 0);
    r = run("", id);
    ck_assert(is_in(&r, "failed"));
    ck_assert_str_eq(e2e_string(r.json, "error.type"), "urn:descentd:problem:internal");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), line_id));
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("jobs"), *one = tcase_create("one worker");
    tcase_add_test(tc, wait_answers_as_soon_as_the_job_ends);
    tcase_add_test(tc, wait_gives_up_after_the_seconds_asked);
    tcase_add_test(tc, there_is_no_waiting_for_what_has_ended);
    tcase_add_test(tc, many_may_wait_and_others_are_served_meanwhile);
    tcase_add_test(tc, running_job_is_cancelled_and_keeps_its_history);
    tcase_add_test(one, queued_job_is_cancelled_at_once_and_never_runs);
    tcase_add_test(tc, what_has_ended_is_not_cancelled);
    tcase_add_test(one, only_an_ended_job_is_deleted_and_its_model_stays);
    tcase_add_test(one, list_is_filtered_by_state_and_paged);
    tcase_add_test(tc, job_whose_file_is_gone_or_changed_fails_and_says_so);
    return run_cases(tc, one);
}
