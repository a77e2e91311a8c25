/* Jobs over HTTP: what is asked and echoed, the states a job goes through, waiting,
 * cancelling, deleting, the cost history, and what a job that diverges says. Costs and
 * parameters are compared with gradient descent written out here in long double, learning
 * rates with the eigenvalues of the 2 x 2 Hessian. */
#include "e2e.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static e2e_server *s;
static char line_id[32]; /* the dataset below */

/* Not quite a line. */
enum { ROWS = 7 };
static const double XS[ROWS] = {1, 2, 3, 4, 5, 6, 8},
                    YS[ROWS] = {2.9, 5.2, 6.8, 9.3, 11.1, 12.8, 17};
#define LINE "\"X\": [1, 2, 3, 4, 5, 6, 8], \"y\": [2.9, 5.2, 6.8, 9.3, 11.1, 12.8, 17]"
#define FOR_EVER "\"epochs\": 1000000000, \"tol\": 0"

static void start(void)
{
    s = e2e_start((const char *const[]){"--workers", "2", NULL});
    e2e_dataset(s, "{\"name\": \"line\", " LINE "}", line_id);
}

static void start_with_one_worker(void)
{
    s = e2e_start((const char *const[]){"--workers", "1", NULL});
    e2e_dataset(s, "{\"name\": \"line\", " LINE "}", line_id);
}

static void stop(void)
{
    e2e_stop(s);
}

/* ---- what the tests are written with ---- */

/* A job on the line: members as in "\"epochs\": 3". */
static void begin(const char *members, char id[32])
{
    char body[2048];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", line_id, *members ? ", " : "",
             members);
    e2e_job(s, body, id);
}

/* The same, to its end; the caller frees the job's document. */
static e2e_reply run(const char *members, char id[32])
{
    begin(members, id);
    return e2e_wait(s, id);
}

static e2e_reply run_well(const char *members, char id[32])
{
    e2e_reply r = run(members, id);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%s", r.body);
    return r;
}

/* The parameters of a job with these members: m, b (0 without intercept). */
static void fit(const char *members, double mb[2])
{
    char id[32];
    e2e_reply r = run_well(members, id);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    mb[0] = e2e_number(m.json, "parameters.m");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(e2e_at(m.json, "parameters"), "b");
    mb[1] = b ? b->valuedouble : 0;
    e2e_reply_free(&m);
    e2e_reply_free(&r);
}

static void close_to(double got, double want, double rel)
{
    ck_assert_msg(fabs(got - want) <= rel * fabs(want), "got %.17g, not %.17g", got, want);
}

static e2e_reply act(const char *method, const char *id, const char *what)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s%s", id, what);
    return e2e_request(s, method, path, NULL, NULL, 0);
}

static void cancel(const char *id)
{
    e2e_reply r = act("POST", id, "/cancel");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
}

static bool is_in(const e2e_reply *r, const char *state)
{
    return strcmp(e2e_string(r->json, "state"), state) == 0;
}

/* Looks until the job runs and is past `epoch`; the caller frees the answer. */
static e2e_reply running_past(const char *id, double epoch)
{
    for (double end = e2e_now() + 30; e2e_now() < end;) {
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s", id);
        if (is_in(&r, "running") && e2e_number(r.json, "epoch") > epoch)
            return r;
        ck_assert(is_in(&r, "queued") || is_in(&r, "running"));
        e2e_reply_free(&r);
    }
    ck_abort_msg("job %s does not run", id);
    return (e2e_reply){0};
}

/* Full-batch gradient descent on the line as it is. */
static double descend(double rate, int epochs, double mb[2])
{
    long double m = mb[0], b = mb[1], cost = 0;
    for (int e = 0; e <= epochs; e++) {
        long double gm = 0, gb = 0;
        cost = 0;
        for (int i = 0; i < ROWS; i++) {
            long double r = YS[i] - (m * XS[i] + b);
            cost += r * r / ROWS;
            gm -= 2 * r * XS[i] / ROWS;
            gb -= 2 * r / ROWS;
        }
        if (e < epochs) {
            m -= rate * gm;
            b -= rate * gb;
        }
    }
    mb[0] = (double)m;
    mb[1] = (double)b;
    return (double)cost;
}

static void least_squares(double mb[2])
{
    long double n = ROWS, sx = 0, sy = 0, xx = 0, xy = 0;
    for (int i = 0; i < ROWS; i++) {
        sx += XS[i];
        sy += YS[i];
        xx += (long double)XS[i] * XS[i];
        xy += (long double)XS[i] * YS[i];
    }
    mb[0] = (double)((n * xy - sx * sy) / (n * xx - sx * sx));
    mb[1] = (double)((sy - mb[0] * sx) / n);
}

/* 2 / largest eigenvalue of 2/N [[sum xx, sum x], [sum x, N]] */
static double largest_stable_rate(void)
{
    double xx = 0, sx = 0;
    for (int i = 0; i < ROWS; i++) {
        xx += XS[i] * XS[i];
        sx += XS[i];
    }
    double a = 2 * xx / ROWS, b = 2 * sx / ROWS, d = 2, half = (a + d) / 2;
    return 2 / (half + sqrt(half * half - (a * d - b * b)));
}

/* ---- histories ---- */

typedef struct point {
    double epoch, cost, norm, rate, seconds;
} point;

/* A null is read as NaN. */
static double number_or_nan(const cJSON *o, const char *name)
{
    const cJSON *item = e2e_at(o, name);
    return cJSON_IsNull(item) ? NAN : e2e_number(o, name);
}

/* The points of a history document into a new array. */
static point *read_points(const cJSON *doc, size_t *n)
{
    const cJSON *item, *list = e2e_at(doc, "history");
    point *p = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *p);
    *n = 0;
    cJSON_ArrayForEach (item, list) {
        p[*n] = (point){e2e_number(item, "epoch"), number_or_nan(item, "cost"),
                        number_or_nan(item, "gradient_norm"), e2e_number(item, "learning_rate"),
                        e2e_number(item, "seconds")};
        ck_assert(*n == 0 || p[*n].epoch > p[*n - 1].epoch);
        ck_assert(*n == 0 || p[*n].seconds >= p[*n - 1].seconds);
        ++*n;
    }
    return p;
}

static point *get_points(const char *id, const char *query, size_t *n)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/history%s", id, query);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "job_id"), id);
    point *p = read_points(r.json, n);
    e2e_reply_free(&r);
    return p;
}

static bool holds(const point *p, size_t n, const point *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&p[i], wanted, sizeof *p) == 0)
            return true;
    return false;
}

/* The point with the lowest (sign 1) or highest (-1) cost, the first of equals. */
static const point *extreme(const point *p, size_t n, double sign)
{
    const point *best = p;
    for (size_t i = 1; i < n; i++)
        if (sign * p[i].cost < sign * best->cost)
            best = &p[i];
    return best;
}

/* ---- specs ---- */

START_TEST(defaults_are_resolved_and_echoed)
{
    char body[96], location[96], want[96];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", line_id);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    ck_assert_int_eq(r.status, 202);
    const char *id = e2e_string(r.json, "id");
    snprintf(want, sizeof want, "/v1/jobs/%s", id);
    ck_assert_str_eq(e2e_header(&r, "Location", location, sizeof location), want);
    bool ended = is_in(&r, "succeeded"); /* already: it is a small one (srv_brief.h) */
    ck_assert(ended || is_in(&r, "queued"));
    ck_assert_double_eq(e2e_number(r.json, "epochs"), 1000);
    ck_assert_double_eq(e2e_number(r.json, "progress"), ended);
    static const char *const unknown_before[] = {
        "cost",     "gradient_norm", "learning_rate", "stop_reason",
        "model_id", "started_at",    "finished_at",
    };
    for (size_t i = 0; i < sizeof unknown_before / sizeof unknown_before[0]; i++)
        ck_assert(cJSON_IsNull(e2e_at(r.json, unknown_before[i])) == !ended);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "error")));
    char spec[1024];
    snprintf(spec, sizeof spec,
             "{\"dataset_id\": \"%s\", \"model\": \"linear_regression\", \"cost\": \"mse\", "
             "\"optimizer\": \"gd\", \"schedule\": \"constant\", \"learning_rate\": \"auto\", "
             "\"epochs\": 1000, \"validation_fraction\": \"none\", \"patience\": \"none\", "
             "\"l1\": 0, \"l2\": 0, \"clip_norm\": \"none\", \"clip_value\": \"none\", "
             "\"average\": false, \"max_seconds\": \"none\", \"tol_on\": \"cost\", "
             "\"dtype\": \"float64\", \"missing\": \"error\", \"missing_indicator\": false, "
             "\"unknown_levels\": \"error\", "
             "\"non_negative\": false, \"cross_validation\": \"none\", \"path_points\": 30, "
             "\"record_parameters\": \"none\", \"confidence_level\": 0.95, "
             "\"batch_size\": \"full\", \"tol\": 1e-6, \"n_iter_no_change\": \"auto\", "
             "\"seed\": 0, \"shuffle\": true, \"intercept\": true, \"standardize\": true, "
             "\"history_points\": 1000}",
             line_id);
    cJSON *all = cJSON_Parse(spec);
    ck_assert(cJSON_Compare(e2e_at(r.json, "spec"), all, true));
    e2e_reply done = e2e_wait(s, id);
    ck_assert(cJSON_Compare(e2e_at(done.json, "spec"), all, true));
    e2e_reply_free(&done);
    cJSON_Delete(all);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(every_setting_is_taken_and_echoed)
{
    static const char *const settings[] = {
        "\"name\": \"\\u00fcber \\\"all\\\"\"",
        "\"model\": \"linear_regression\"",
        "\"cost\": \"mse\"",
        "\"optimizer\": \"gd\"",
        "\"schedule\": {\"name\": \"cosine\", \"period\": 5, \"period_multiplier\": 2, "
        "\"minimum\": 0.125}",
        "\"l1\": 0.0009765625",
        "\"l2\": 0.001953125",
        "\"validation_fraction\": 0.25",
        "\"patience\": 100",
        "\"clip_norm\": 1e9",
        "\"clip_value\": 1e8",
        "\"average\": true",
        "\"max_seconds\": 3600.5",
        "\"learning_rate\": 0.0123456789012345678",
        "\"epochs\": 17",
        "\"batch_size\": 2",
        "\"tol\": 1.5e-9",
        "\"n_iter_no_change\": 3",
        "\"seed\": 9007199254740991",
        "\"shuffle\": false",
        "\"intercept\": false",
        "\"standardize\": false",
        "\"history_points\": \"all\"",
        "\"tol_on\": \"parameters\"",
        "\"non_negative\": true",
        "\"dtype\": \"float64\"",
        "\"cross_validation\": \"none\"",
        "\"path_points\": 7",
        "\"record_parameters\": 4",
        "\"confidence_level\": 0.5",
        "\"missing\": \"median\"",
        "\"missing_indicator\": true",
        "\"unknown_levels\": \"ignore\"",
        "\"reference_level\": true",
        "\"features\": {\"polynomial\": 1, \"interactions_only\": true}",
        "\"initial_parameters\": {\"coefficients\": [0.25]}",
    };
    char body[2048], id[32];
    int at = snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"", line_id);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        at += snprintf(body + at, sizeof body - (size_t)at, ", %s", settings[i]);
    snprintf(body + at, sizeof body - (size_t)at, "}");
    e2e_job(s, body, id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert(is_in(&r, "succeeded"));
    ck_assert_str_eq(e2e_string(r.json, "name"), "\xc3\xbc"
                                                 "ber \"all\"");
    cJSON *want = cJSON_Parse(body);
    ck_assert_msg(cJSON_Compare(e2e_at(r.json, "spec"), want, true), "%s", r.body);
    cJSON_Delete(want);
    e2e_reply_free(&r);
    /* the long form of a choice says the same */
    snprintf(body, sizeof body,
             "{\"dataset_id\": \"%s\", \"model\": {\"name\": \"linear_regression\"}, "
             "\"optimizer\": {\"name\": \"gd\"}, \"cost\": {\"name\": \"mse\"}}",
             line_id);
    r = e2e_post(s, "/v1/jobs", body);
    ck_assert_int_eq(r.status, 202);
    ck_assert_str_eq(e2e_string(r.json, "spec.optimizer"), "gd");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(inline_dataset_is_stored_like_an_upload)
{
    e2e_reply r = e2e_post(s, "/v1/jobs", "{\"dataset\": {\"name\": \"in line\", " LINE "}}");
    ck_assert_int_eq(r.status, 202);
    e2e_reply inlined = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "dataset_id"));
    e2e_reply uploaded = e2e_getf(s, "/v1/datasets/%s", line_id);
    ck_assert_str_eq(e2e_string(inlined.json, "name"), "in line");
    ck_assert_str_eq(e2e_string(inlined.json, "sha256"), e2e_string(uploaded.json, "sha256"));
    ck_assert_str_eq(e2e_string(r.json, "spec.dataset_id"), e2e_string(inlined.json, "id"));
    e2e_reply done = e2e_wait(s, e2e_string(r.json, "id"));
    ck_assert(is_in(&done, "succeeded"));
    e2e_reply_free(&done);
    e2e_reply_free(&uploaded);
    e2e_reply_free(&inlined);
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs",
                 "{\"epochs\": 5, \"dataset\": {\"data\": [{\"a\": 1, \"b\": 3}, "
                 "{\"a\": 2, \"b\": 5}], \"target\": \"b\"}, \"seed\": 1}");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
}
END_TEST

/* ---- states ---- */

START_TEST(job_is_queued_then_runs_then_succeeds)
{
    char first[32], second[32];
    begin(FOR_EVER, first);
    e2e_reply r = running_past(first, 0);
    e2e_reply_free(&r);
    begin("\"epochs\": 20000000, \"tol\": 0", second); /* waits for the only worker */
    r = e2e_getf(s, "/v1/jobs/%s", second);
    ck_assert(is_in(&r, "queued"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "started_at")));
    e2e_reply_free(&r);
    r = e2e_get(s, "/readyz");
    ck_assert_double_eq(e2e_number(r.json, "workers"), 1);
    ck_assert_double_eq(e2e_number(r.json, "running"), 1);
    ck_assert_double_eq(e2e_number(r.json, "queued"), 1);
    e2e_reply_free(&r);
    cancel(first);
    r = running_past(second, 0);
    ck_assert_double_gt(e2e_number(r.json, "cost"), 0);
    ck_assert_double_gt(e2e_number(r.json, "learning_rate"), 0);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "finished_at")));
    e2e_reply_free(&r);
    r = e2e_wait(s, second);
    ck_assert(is_in(&r, "succeeded"));
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "max_epochs");
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 20000000);
    ck_assert_double_eq(e2e_number(r.json, "progress"), 1);
    ck_assert_int_le(strcmp(e2e_string(r.json, "created_at"), e2e_string(r.json, "started_at")), 0);
    ck_assert_int_lt(strcmp(e2e_string(r.json, "started_at"), e2e_string(r.json, "finished_at")),
                     0);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    ck_assert_str_eq(e2e_string(m.json, "job_id"), second);
    e2e_reply_free(&m);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(jobs_run_in_the_order_they_came)
{
    enum { N = 6 };
    char ids[N][32], before[32] = "";
    for (int i = 0; i < N; i++)
        begin("\"epochs\": 20000, \"tol\": 0", ids[i]);
    for (int i = 0; i < N; i++) {
        e2e_reply r = e2e_wait(s, ids[i]);
        ck_assert_int_ge(strcmp(e2e_string(r.json, "started_at"), before), 0);
        snprintf(before, sizeof before, "%s", e2e_string(r.json, "finished_at"));
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(progress_grows_and_the_history_is_live)
{
    char id[32];
    double epoch = 0, progress = 0, recorded = 0;
    begin("\"epochs\": 1000000000, \"tol\": 0, \"history_points\": 50", id);
    for (int i = 0; i < 3; i++) {
        e2e_reply r = running_past(id, epoch);
        epoch = e2e_number(r.json, "epoch");
        close_to(e2e_number(r.json, "progress"), epoch / 1e9, 1e-15);
        ck_assert_double_gt(e2e_number(r.json, "progress"), progress);
        progress = e2e_number(r.json, "progress");
        e2e_reply_free(&r);
        r = act("GET", id, "/history?last=1");
        ck_assert(is_in(&r, "running"));
        ck_assert_double_gt(e2e_number(r.json, "history.0.epoch"), recorded);
        recorded = e2e_number(r.json, "history.0.epoch");
        ck_assert_double_le(e2e_number(r.json, "recorded"), 50);
        e2e_reply_free(&r);
    }
    cancel(id);
}
END_TEST

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

/* ---- history ---- */

START_TEST(short_job_records_every_epoch_as_gradient_descent_has_it)
{
    char id[32];
    e2e_reply r =
        run_well("\"epochs\": 50, \"tol\": 0, \"standardize\": false, \"learning_rate\": 0.02", id);
    size_t n;
    point *p = get_points(id, "", &n);
    ck_assert_uint_eq(n, 51);
    for (size_t i = 0; i < n; i++) {
        double mb[2] = {0, 0};
        ck_assert_double_eq(p[i].epoch, (double)i);
        ck_assert_double_eq(p[i].rate, 0.02);
        close_to(p[i].cost, descend(0.02, (int)i, mb), 1e-12);
    }
    ck_assert_double_eq(e2e_number(r.json, "cost"), p[n - 1].cost);
    ck_assert_double_eq(e2e_number(r.json, "gradient_norm"), p[n - 1].norm);
    double mb[2] = {0, 0}, gm = 0, gb = 0; /* the gradient at the start */
    for (int i = 0; i < ROWS; i++) {
        gm -= 2 * YS[i] * XS[i] / ROWS;
        gb -= 2 * YS[i] / ROWS;
    }
    close_to(p[0].norm, hypot(gm, gb), 1e-13);
    descend(0.02, 50, mb);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    close_to(e2e_number(m.json, "parameters.m"), mb[0], 1e-12);
    close_to(e2e_number(m.json, "parameters.b"), mb[1], 1e-12);
    e2e_reply_free(&m);
    e2e_reply_free(&r);
    free(p);
}
END_TEST

/* Single-row updates at a high rate: the cost goes up and down, its lowest is no end. */
#define NOISY                                                                                      \
    "\"epochs\": 5000, \"tol\": 0, \"batch_size\": 1, \"learning_rate\": 0.2, \"seed\": 7, "       \
    "\"history_points\": "

/* All points of a noisy run, and the id of a run that was the same but kept `kept`. */
static point *noisy(const char *kept, char id[32], size_t *n)
{
    char members[256], whole[32];
    snprintf(members, sizeof members, NOISY "%s", kept);
    e2e_reply r = run_well(members, id);
    e2e_reply_free(&r);
    r = run_well(NOISY "\"all\"", whole);
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 5000);
    e2e_reply_free(&r);
    point *p = get_points(whole, "?limit=100000", n);
    ck_assert_uint_eq(*n, 5001);
    ck_assert_double_eq(p[5000].epoch, 5000);
    return p;
}

static bool same_step(const point *a, const point *b)
{
    return a->epoch == b->epoch && a->cost == b->cost && a->norm == b->norm && a->rate == b->rate;
}

START_TEST(at_most_history_points_are_kept_with_first_last_and_best)
{
    static const char *const limits[] = {"10", "100", "1000"};
    for (int k = 0; k < 3; k++) {
        char id[32];
        size_t n, kept;
        point *all = noisy(limits[k], id, &n), *p = get_points(id, "", &kept);
        ck_assert_uint_le(kept, strtoul(limits[k], NULL, 10));
        ck_assert_uint_ge(kept, strtoul(limits[k], NULL, 10) / 2 - 1); /* not too few either */
        const point *best = extreme(all, n, 1);
        ck_assert(best->epoch > 0 && best->epoch < 5000);
        bool has_best = false;
        for (size_t i = 0; i < kept; i++) {
            ck_assert(same_step(&p[i], &all[(size_t)p[i].epoch]));
            has_best = has_best || same_step(&p[i], best);
        }
        ck_assert(has_best);
        ck_assert_double_eq(p[0].epoch, 0);
        ck_assert_double_eq(p[kept - 1].epoch, 5000);
        free(p);
        free(all);
    }
}
END_TEST

START_TEST(points_thin_further_and_keep_first_last_and_extremes)
{
    static const size_t points[] = {4, 5, 6, 7, 10, 50, 200, 999, 4999, 5000, 5001, 100000};
    char id[32], query[64];
    size_t n, kept;
    point *all = noisy("\"all\"", id, &n);
    free(all);
    all = get_points(id, "?limit=100000", &n);
    for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
        snprintf(query, sizeof query, "?points=%zu", points[k]);
        point *p = get_points(id, query, &kept);
        ck_assert_uint_le(kept, points[k]);
        ck_assert_uint_ge(kept, points[k] < n ? points[k] / 2 : n);
        ck_assert(holds(p, kept, &all[0]));
        ck_assert(holds(p, kept, &all[n - 1]));
        ck_assert(holds(p, kept, extreme(all, n, 1)));
        ck_assert(holds(p, kept, extreme(all, n, -1)));
        for (size_t i = 0; i < kept; i++)
            ck_assert(holds(&all[(size_t)p[i].epoch], 1, &p[i]));
        free(p);
    }
    /* after an epoch: first, last and extremes of what is left */
    point *p = get_points(id, "?points=20&after_epoch=3000", &kept);
    ck_assert_uint_le(kept, 20);
    ck_assert_double_eq(p[0].epoch, 3001);
    ck_assert_double_eq(p[kept - 1].epoch, 5000);
    ck_assert(holds(p, kept, extreme(all + 3001, n - 3001, 1)));
    ck_assert(holds(p, kept, extreme(all + 3001, n - 3001, -1)));
    free(p);
    free(all);
}
END_TEST

START_TEST(pages_put_together_are_the_whole)
{
    char id[32], path[64] = "?limit=7";
    e2e_reply r = run_well("\"epochs\": 100, \"tol\": 0, \"history_points\": \"all\"", id);
    e2e_reply_free(&r);
    size_t n, at = 0;
    point *all = get_points(id, "", &n);
    ck_assert_uint_eq(n, 101);
    for (bool more = true; more;) {
        r = act("GET", id, "/history");
        e2e_reply_free(&r);
        r = e2e_getf(s, "/v1/jobs/%s/history%s", id, path);
        size_t here;
        point *p = read_points(r.json, &here);
        ck_assert_double_eq(e2e_number(r.json, "recorded"), 101);
        ck_assert_uint_le(here, 7);
        ck_assert_mem_eq(p, all + at, here * sizeof *p);
        at += here;
        const cJSON *next = e2e_at(r.json, "next_after_epoch");
        more = !cJSON_IsNull(next);
        if (more)
            ck_assert_double_eq(next->valuedouble, p[here - 1].epoch);
        snprintf(path, sizeof path, "?limit=7&after_epoch=%.0f", next->valuedouble);
        free(p);
        e2e_reply_free(&r);
    }
    ck_assert_uint_eq(at, n);
    /* what a client that polls asks for: all after the newest it has */
    point *p = get_points(id, "?after_epoch=99", &at);
    ck_assert_uint_eq(at, 1);
    ck_assert(holds(p, 1, &all[100]));
    free(p);
    free(get_points(id, "?after_epoch=100", &at));
    ck_assert_uint_eq(at, 0);
    free(all);
}
END_TEST

START_TEST(last_gives_the_newest_in_order)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 100, \"tol\": 0", id);
    e2e_reply_free(&r);
    size_t n, some;
    point *all = get_points(id, "", &n), *p = get_points(id, "?last=1", &some);
    ck_assert_uint_eq(some, 1);
    ck_assert(holds(p, 1, &all[n - 1]));
    free(p);
    p = get_points(id, "?last=5", &some);
    ck_assert_uint_eq(some, 5);
    ck_assert_mem_eq(p, all + n - 5, 5 * sizeof *p);
    free(p);
    free(get_points(id, "?last=100000", &some));
    ck_assert_uint_eq(some, n);
    free(get_points(id, "?last=5&after_epoch=97", &some));
    ck_assert_uint_eq(some, 3);
    free(all);
}
END_TEST

static e2e_reply history_as(const char *id, const char *accept)
{
    char path[96], header[128];
    snprintf(path, sizeof path, "/v1/jobs/%s/history", id);
    snprintf(header, sizeof header, "Accept: %s", accept);
    return e2e_request(s, "GET", path, (const char *const[]){header, NULL}, NULL, 0);
}

START_TEST(csv_has_the_numbers_of_json_to_the_last_bit)
{
    char id[32], type[64];
    e2e_reply r = run_well("\"epochs\": 300, \"tol\": 0, \"batch_size\": 2", id);
    e2e_reply_free(&r);
    size_t n;
    point *all = get_points(id, "", &n);
    r = history_as(id, "text/csv");
    ck_assert_int_eq(r.status, 200);
    e2e_header(&r, "Content-Type", type, sizeof type);
    ck_assert_int_eq(strncmp(type, "text/csv", 8), 0);
    const char *at = r.body;
    static const char header[] =
        "epoch,cost,validation_cost,gradient_norm,learning_rate,seconds,finite,part\r\n";
    ck_assert_int_eq(strncmp(at, header, strlen(header)), 0);
    at += strlen(header);
    for (size_t i = 0; i < n; i++) {
        double v[5];
        for (int j = 0; j < 5; j++) {
            char *end;
            v[j] = strtod(at, &end);
            ck_assert_int_eq(*end, ',');
            at = end + 1;
            if (j == 1) { /* no validation: an empty field */
                ck_assert_int_eq(*at, ',');
                at++;
            }
        }
        ck_assert_mem_eq(v, &all[i], sizeof v);
        ck_assert_int_eq(strncmp(at, "true,1\r\n", 8), 0);
        at += 8;
    }
    ck_assert_int_eq(*at, '\0');
    e2e_reply_free(&r);
    free(all);
}
END_TEST

static void check_form(const char *id, const char *accept, const char *want)
{
    char type[64];
    e2e_reply r = history_as(id, accept);
    ck_assert_int_eq(r.status, 200);
    e2e_header(&r, "Content-Type", type, sizeof type);
    ck_assert_msg(strncmp(type, want, strlen(want)) == 0, "Accept: %s is answered with %s", accept,
                  type);
    e2e_reply_free(&r);
}

START_TEST(accept_chooses_the_form_of_a_history)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    check_form(id, "*/*", "application/json");
    check_form(id, "application/*", "application/json");
    check_form(id, "text/*", "text/csv");
    check_form(id, "Text/CSV; charset=utf-8", "text/csv");
    check_form(id, "image/png, text/csv", "text/csv");
    r = history_as(id, "image/png");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
    r = history_as(id, "application/xml;q=1, text/html");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
}
END_TEST

/* RFC 9110, 12.5.1: q weighs, and q=0 means "not this". */
START_TEST(quality_in_accept_is_heeded)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    check_form(id, "application/json, text/csv;q=0", "application/json");
    check_form(id, "text/csv;q=0.1, application/json", "application/json");
    check_form(id, "text/csv, application/json;q=0.5", "text/csv");
    r = history_as(id, "text/csv;q=0");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
}
END_TEST

/* ---- what the settings do ---- */

START_TEST(auto_rate_reaches_least_squares)
{
    double mb[2], want[2];
    least_squares(want);
    fit("\"tol\": 0, \"epochs\": 5", mb); /* scaled: one step is enough */
    close_to(mb[0], want[0], 1e-13);
    close_to(mb[1], want[1], 1e-12);
    fit("\"tol\": 0, \"epochs\": 20000, \"standardize\": false", mb);
    close_to(mb[0], want[0], 1e-12);
    close_to(mb[1], want[1], 1e-11);
}
END_TEST

START_TEST(no_intercept_fits_through_the_origin)
{
    double mb[2], xx = 0, xy = 0;
    for (int i = 0; i < ROWS; i++) {
        xx += XS[i] * XS[i];
        xy += XS[i] * YS[i];
    }
    fit("\"tol\": 0, \"epochs\": 100, \"intercept\": false", mb);
    close_to(mb[0], xy / xx, 1e-14);
    ck_assert_double_eq(mb[1], 0); /* there is none */
    fit("\"tol\": 0, \"epochs\": 100, \"intercept\": false, \"standardize\": false", mb);
    close_to(mb[0], xy / xx, 1e-14);
}
END_TEST

/* Batches of two in the order of the rows; the last one has a single row. */
START_TEST(mini_batches_without_shuffle_go_through_the_rows_in_order)
{
    double got[2];
    fit("\"batch_size\": 2, \"shuffle\": false, \"epochs\": 3, \"tol\": 0, "
        "\"learning_rate\": 0.01, \"standardize\": false",
        got);
    long double m = 0, b = 0;
    for (int e = 0; e < 3; e++)
        for (int first = 0; first < ROWS; first += 2) {
            int n = ROWS - first < 2 ? ROWS - first : 2;
            long double gm = 0, gb = 0;
            for (int i = first; i < first + n; i++) {
                long double r = YS[i] - (m * XS[i] + b);
                gm -= 2 * r * XS[i] / n;
                gb -= 2 * r / n;
            }
            m -= 0.01 * gm;
            b -= 0.01 * gb;
        }
    close_to(got[0], (double)m, 1e-13);
    close_to(got[1], (double)b, 1e-13);
}
END_TEST

START_TEST(a_batch_of_all_rows_is_a_full_batch)
{
    double full[2], seven[2], more[2];
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3", full);
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3, \"batch_size\": 7, \"seed\": 3", seven);
    fit("\"epochs\": 4, \"tol\": 0, \"learning_rate\": 0.3, \"batch_size\": 1000", more);
    ck_assert_mem_eq(full, seven, sizeof full);
    ck_assert_mem_eq(full, more, sizeof full);
}
END_TEST

#define SHUFFLED "\"batch_size\": 2, \"epochs\": 20, \"tol\": 0, \"learning_rate\": 0.1, \"seed\": "

START_TEST(a_seed_decides_the_result_to_the_last_bit)
{
    double a[2], again[2], other[2];
    fit(SHUFFLED "42", a);
    fit(SHUFFLED "42", again);
    fit(SHUFFLED "43", other);
    ck_assert_mem_eq(a, again, sizeof a);
    ck_assert_double_ne(a[0], other[0]);
    fit("\"batch_size\": 2, \"epochs\": 20, \"tol\": 0, \"learning_rate\": 0.1", a);
    fit(SHUFFLED "0", again); /* the default */
    ck_assert_mem_eq(a, again, sizeof a);
}
END_TEST

START_TEST(a_start_at_the_optimum_converges_at_once)
{
    char id[32];
    /* the optimum of these is 1, exactly, at a cost of 2 */
    static const char body[] =
        "{\"dataset\": {\"X\": [-1, 0, 1], \"y\": [0, 3, 0]}, \"standardize\": %s, "
        "\"initial_parameters\": %s}";
    static const char *const at[] = {"{\"coefficients\": [0], \"intercept\": 1}",
                                     "{\"m\": 0, \"b\": 1}", "{\"b\": 1}"};
    for (int i = 0; i < 6; i++) {
        char text[256];
        snprintf(text, sizeof text, body, i % 2 ? "true" : "false", at[i / 2]);
        e2e_job(s, text, id);
        e2e_reply r = e2e_wait(s, id);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "converged");
        ck_assert_double_eq(e2e_number(r.json, "epoch"), 1);
        ck_assert_double_eq(e2e_number(r.json, "progress"), 1);
        ck_assert_double_eq(e2e_number(r.json, "cost"), 2);
        ck_assert_double_eq(e2e_number(r.json, "gradient_norm"), 0);
        e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
        ck_assert_double_eq(e2e_number(m.json, "parameters.m"), 0);
        ck_assert_double_eq(e2e_number(m.json, "parameters.b"), 1);
        e2e_reply_free(&m);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(initial_parameters_are_where_training_starts)
{
    double got[2], want[2] = {2.5, -1};
    fit("\"initial_parameters\": {\"m\": 2.5, \"b\": -1}, \"epochs\": 2, \"tol\": 0, "
        "\"standardize\": false, \"learning_rate\": 0.01",
        got);
    descend(0.01, 2, want);
    close_to(got[0], want[0], 1e-13);
    close_to(got[1], want[1], 1e-13);
}
END_TEST

START_TEST(tol_is_the_relative_improvement_that_is_too_small)
{
    char id[32];
    static const double tols[] = {1e-2, 1e-4, 1e-8};
    double epochs = 0;
    for (int i = 0; i < 3; i++) {
        char members[160];
        snprintf(members, sizeof members,
                 "\"tol\": %g, \"standardize\": false, \"epochs\": 100000, "
                 "\"history_points\": \"all\"",
                 tols[i]);
        e2e_reply r = run_well(members, id);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "converged");
        size_t n;
        point *p = get_points(id, "?limit=100000", &n);
        ck_assert_double_eq(e2e_number(r.json, "epoch"), p[n - 1].epoch);
        for (size_t k = 1; k < n; k++)
            ck_assert((p[k - 1].cost - p[k].cost <= tols[i] * p[k - 1].cost) == (k == n - 1));
        ck_assert_double_gt(p[n - 1].epoch, epochs);
        epochs = p[n - 1].epoch;
        free(p);
        e2e_reply_free(&r);
    }
    e2e_reply r = run_well("\"tol\": 1e-8, \"standardize\": false, \"epochs\": 100000, "
                           "\"n_iter_no_change\": 5",
                           id);
    ck_assert_double_eq(e2e_number(r.json, "epoch"), epochs + 4);
    e2e_reply_free(&r);
}
END_TEST

/* ---- divergence ---- */

/* Nothing in any document or table of the job that is no number. */
static void check_tokens(const char *id)
{
    const char *const what[] = {"", "/history", "/history?points=10", "/history?last=2"};
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        e2e_reply r = act("GET", id, what[i]);
        ck_assert_ptr_nonnull(r.json); /* cJSON refuses NaN and Infinity */
        e2e_reply_free(&r);
    }
    e2e_reply r = history_as(id, "text/csv");
    for (const char *c = r.body + strcspn(r.body, "\n"); *c; c++)
        ck_assert(strncasecmp(c, "nan", 3) != 0 && strncasecmp(c, "inf", 3) != 0);
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/jobs");
    ck_assert_ptr_nonnull(r.json);
    e2e_reply_free(&r);
}

/* The job failed by diverging; its document is freed by the caller. */
static e2e_reply diverge(const char *members, char id[32])
{
    e2e_reply r = run(members, id);
    ck_assert_msg(is_in(&r, "failed"), "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    ck_assert_str_eq(e2e_string(r.json, "error.type"), "urn:descentd:problem:diverged");
    ck_assert_str_eq(e2e_string(r.json, "error.field"), "learning_rate");
    ck_assert_double_eq(e2e_number(r.json, "error.epoch"), e2e_number(r.json, "epoch"));
    ck_assert(isfinite(e2e_number(r.json, "error.last_finite.parameters.coefficients.0")));
    ck_assert(isfinite(e2e_number(r.json, "error.last_finite.parameters.intercept")));
    check_tokens(id);
    e2e_reply models = e2e_get(s, "/v1/models");
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(models.json, "models"))
        ck_assert_str_ne(e2e_string(item, "job_id"), id);
    e2e_reply_free(&models);
    return r;
}

START_TEST(diverging_job_says_the_largest_stable_rate)
{
    double limit = largest_stable_rate(), mb[2] = {0, 0}, want[2];
    char id[32], members[160];
    snprintf(members, sizeof members,
             "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 1000000000",
             1.5 * limit);
    e2e_reply r = diverge(members, id);
    ck_assert_double_lt(e2e_number(r.json, "epoch"), 100); /* 4^k > 1e4 comes soon */
    close_to(e2e_number(r.json, "error.max_stable_learning_rate"), limit, 1e-6);
    close_to(e2e_number(r.json, "max_stable_learning_rate"), limit, 1e-6);
    double suggested = e2e_number(r.json, "error.suggested_learning_rate");
    ck_assert_double_gt(suggested, 0);
    ck_assert_double_lt(suggested, limit);
    /* the detail says it all: at which epoch, and what to set */
    char text[64];
    const char *detail = e2e_string(r.json, "error.detail");
    snprintf(text, sizeof text, "epoch %.0f", e2e_number(r.json, "epoch"));
    ck_assert_ptr_nonnull(strstr(detail, text));
    snprintf(text, sizeof text, "%.6g", limit);
    ck_assert_msg(strstr(detail, text) != NULL, "%s", detail);
    ck_assert_ptr_nonnull(strstr(detail, "learning_rate"));
    /* the parameters kept are those of gradient descent at that epoch */
    descend(1.5 * limit, (int)e2e_number(r.json, "error.last_finite.epoch"), mb);
    close_to(e2e_number(r.json, "error.last_finite.parameters.m"), mb[0], 1e-9);
    close_to(e2e_number(r.json, "error.last_finite.parameters.b"), mb[1], 1e-9);
    e2e_reply_free(&r);
    /* and the rate that it suggests leads to the optimum */
    snprintf(members, sizeof members,
             "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 10000",
             suggested);
    fit(members, mb);
    least_squares(want);
    close_to(mb[0], want[0], 1e-9);
    close_to(mb[1], want[1], 1e-9);
}
END_TEST

START_TEST(the_limit_divides_what_diverges_from_what_does_not)
{
    char id[32], members[160];
    static const double factors[] = {0.98, 1.02};
    for (int i = 0; i < 2; i++) {
        snprintf(members, sizeof members,
                 "\"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0, \"epochs\": 3000",
                 factors[i] * largest_stable_rate());
        e2e_reply r = i == 0 ? run_well(members, id) : diverge(members, id);
        close_to(e2e_number(r.json, "max_stable_learning_rate"), largest_stable_rate(), 1e-6);
        e2e_reply_free(&r);
    }
    /* one scaled feature and an intercept: the Hessian is 2 I */
    e2e_reply r = diverge("\"learning_rate\": 1.1", id);
    close_to(e2e_number(r.json, "error.max_stable_learning_rate"), 1, 1e-9);
    close_to(e2e_number(r.json, "error.suggested_learning_rate"), 0.5, 1e-9);
    e2e_reply_free(&r);
    r = run_well("\"learning_rate\": 0.9", id);
    e2e_reply_free(&r);
}
END_TEST

/* At the limit each step jumps to the other side of the minimum: the cost stays as it was at
 * the start, which is no convergence; above the limit it even rises. */
START_TEST(bouncing_at_the_limit_is_not_called_converged)
{
    static const char *const rates[] = {"1", "1.0000001"}; /* the limit is 1 */
    for (int i = 0; i < 2; i++) {
        char id[32], members[64];
        snprintf(members, sizeof members, "\"learning_rate\": %s", rates[i]);
        e2e_reply r = run(members, id);
        ck_assert_msg(strcmp(e2e_string(r.json, "stop_reason"), "converged") != 0,
                      "learning_rate %s: %s at epoch %.0f with cost %.6g and gradient_norm %.6g",
                      rates[i], e2e_string(r.json, "stop_reason"), e2e_number(r.json, "epoch"),
                      e2e_number(r.json, "cost"), e2e_number(r.json, "gradient_norm"));
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(overflow_is_recorded_as_null_and_said)
{
    char id[32];
    e2e_reply r = diverge("\"learning_rate\": 1e300", id);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "cost")));
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "finite")));
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 1);
    ck_assert_double_eq(e2e_number(r.json, "error.last_finite.epoch"), 0);
    ck_assert_double_eq(e2e_number(r.json, "error.last_finite.parameters.m"), 0);
    e2e_reply_free(&r);
    r = act("GET", id, "/history");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "history")), 2);
    ck_assert(isfinite(e2e_number(r.json, "history.0.cost")));
    ck_assert(!cJSON_HasObjectItem(e2e_at(r.json, "history.0"), "finite"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "history.1.cost")));
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "history.1.finite")));
    ck_assert_double_eq(e2e_number(r.json, "history.1.learning_rate"), 1e300);
    e2e_reply_free(&r);
    r = history_as(id, "text/csv");
    ck_assert_ptr_nonnull(strstr(r.body, "\r\n1,,"));
    ck_assert_ptr_nonnull(strstr(r.body, ",false,1\r\n"));
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/jobs?state=failed");
    ck_assert(cJSON_IsFalse(e2e_at(r.json, "jobs.0.finite")));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(diverging_mini_batches_get_a_rate_that_works)
{
    char id[32], members[160];
    e2e_reply r = diverge("\"batch_size\": 1, \"standardize\": false, \"learning_rate\": 0.2, "
                          "\"tol\": 0",
                          id);
    double suggested = e2e_number(r.json, "error.suggested_learning_rate");
    e2e_reply_free(&r);
    ck_assert_double_lt(suggested, 0.2);
    snprintf(members, sizeof members,
             "\"batch_size\": 1, \"standardize\": false, \"learning_rate\": %.17g, \"tol\": 0",
             suggested);
    r = run_well(members, id);
    ck_assert_double_lt(e2e_number(r.json, "cost"), 1);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(data_too_large_to_square_fails_and_names_the_data)
{
    char id[32];
    e2e_job(s, "{\"dataset\": {\"X\": [1e200, -1e200, 3e200], \"y\": [1, 2, 3]}}", id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert(is_in(&r, "failed"));
    ck_assert_str_eq(e2e_string(r.json, "error.field"), "dataset");
    ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "diverged");
    check_tokens(id);
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobs");
    TCase *one = tcase_create("one worker"), *specs = tcase_create("specs and states"),
          *history = tcase_create("history"), *settings = tcase_create("settings"),
          *divergence = tcase_create("divergence");
    tcase_add_test(specs, defaults_are_resolved_and_echoed);
    tcase_add_test(specs, every_setting_is_taken_and_echoed);
    tcase_add_test(specs, inline_dataset_is_stored_like_an_upload);
    tcase_add_test(specs, progress_grows_and_the_history_is_live);
    tcase_add_test(specs, wait_answers_as_soon_as_the_job_ends);
    tcase_add_test(specs, wait_gives_up_after_the_seconds_asked);
    tcase_add_test(specs, there_is_no_waiting_for_what_has_ended);
    tcase_add_test(specs, many_may_wait_and_others_are_served_meanwhile);
    tcase_add_test(specs, running_job_is_cancelled_and_keeps_its_history);
    tcase_add_test(specs, what_has_ended_is_not_cancelled);
    tcase_add_test(specs, job_whose_file_is_gone_or_changed_fails_and_says_so);
    tcase_add_test(one, job_is_queued_then_runs_then_succeeds);
    tcase_add_test(one, jobs_run_in_the_order_they_came);
    tcase_add_test(one, queued_job_is_cancelled_at_once_and_never_runs);
    tcase_add_test(one, only_an_ended_job_is_deleted_and_its_model_stays);
    tcase_add_test(one, list_is_filtered_by_state_and_paged);
    tcase_add_test(history, short_job_records_every_epoch_as_gradient_descent_has_it);
    tcase_add_test(history, at_most_history_points_are_kept_with_first_last_and_best);
    tcase_add_test(history, points_thin_further_and_keep_first_last_and_extremes);
    tcase_add_test(history, pages_put_together_are_the_whole);
    tcase_add_test(history, last_gives_the_newest_in_order);
    tcase_add_test(history, csv_has_the_numbers_of_json_to_the_last_bit);
    tcase_add_test(history, accept_chooses_the_form_of_a_history);
    tcase_add_test(history, quality_in_accept_is_heeded);
    tcase_add_test(settings, auto_rate_reaches_least_squares);
    tcase_add_test(settings, no_intercept_fits_through_the_origin);
    tcase_add_test(settings, mini_batches_without_shuffle_go_through_the_rows_in_order);
    tcase_add_test(settings, a_batch_of_all_rows_is_a_full_batch);
    tcase_add_test(settings, a_seed_decides_the_result_to_the_last_bit);
    tcase_add_test(settings, a_start_at_the_optimum_converges_at_once);
    tcase_add_test(settings, initial_parameters_are_where_training_starts);
    tcase_add_test(settings, tol_is_the_relative_improvement_that_is_too_small);
    tcase_add_test(divergence, diverging_job_says_the_largest_stable_rate);
    tcase_add_test(divergence, the_limit_divides_what_diverges_from_what_does_not);
    tcase_add_test(divergence, bouncing_at_the_limit_is_not_called_converged);
    tcase_add_test(divergence, overflow_is_recorded_as_null_and_said);
    tcase_add_test(divergence, diverging_mini_batches_get_a_rate_that_works);
    tcase_add_test(divergence, data_too_large_to_square_fails_and_names_the_data);
    TCase *const cases[] = {specs, one, history, settings, divergence};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tcase_set_timeout(cases[i], 120);
        tcase_add_checked_fixture(cases[i], cases[i] == one ? start_with_one_worker : start, stop);
        suite_add_tcase(suite, cases[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
