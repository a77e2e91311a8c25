/* line: jobs on seven points that are not quite a line, and what must come of them: gradient descent
 * written out here in long double, learning rates from the eigenvalues of the 2 x 2 Hessian. */
#ifndef LINE_H
#define LINE_H

#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static e2e_server *s;
static char line_id[32]; /* the dataset below */

/* Not quite a line. */
enum { ROWS = 7 };
static const double XS[ROWS] = {1, 2, 3, 4, 5, 6, 8},
                    YS[ROWS] = {2.9, 5.2, 6.8, 9.3, 11.1, 12.8, 17};
#define LINE "\"X\": [1, 2, 3, 4, 5, 6, 8], \"y\": [2.9, 5.2, 6.8, 9.3, 11.1, 12.8, 17]"
#define FOR_EVER "\"epochs\": 1000000000, \"tol\": 0"

static UNUSED void start(void)
{
    s = e2e_start((const char *const[]){"--workers", "2", NULL});
    e2e_dataset(s, "{\"name\": \"line\", " LINE "}", line_id);
}

static UNUSED void start_with_one_worker(void)
{
    s = e2e_start((const char *const[]){"--workers", "1", NULL});
    e2e_dataset(s, "{\"name\": \"line\", " LINE "}", line_id);
}

static UNUSED void stop(void)
{
    e2e_stop(s);
}

/* ---- what the tests are written with ---- */

/* A job on the line: members as in "\"epochs\": 3". */
static UNUSED void begin(const char *members, char id[32])
{
    char body[2048];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", line_id, *members ? ", " : "",
             members);
    e2e_job(s, body, id);
}

/* The same, to its end; the caller frees the job's document. */
static UNUSED e2e_reply run(const char *members, char id[32])
{
    begin(members, id);
    return e2e_wait(s, id);
}

static UNUSED e2e_reply run_well(const char *members, char id[32])
{
    e2e_reply r = run(members, id);
    ck_assert_msg(strcmp(e2e_string(r.json, "state"), "succeeded") == 0, "%s", r.body);
    return r;
}

/* The parameters of a job with these members: m, b (0 without intercept). */
static UNUSED void fit(const char *members, double mb[2])
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

static UNUSED void close_to(double got, double want, double rel)
{
    ck_assert_msg(fabs(got - want) <= rel * fabs(want), "got %.17g, not %.17g", got, want);
}

static UNUSED e2e_reply act(const char *method, const char *id, const char *what)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s%s", id, what);
    return e2e_request(s, method, path, NULL, NULL, 0);
}

static UNUSED void cancel(const char *id)
{
    e2e_reply r = act("POST", id, "/cancel");
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
}

static UNUSED bool is_in(const e2e_reply *r, const char *state)
{
    return strcmp(e2e_string(r->json, "state"), state) == 0;
}

/* Looks until the job runs and is past `epoch`; the caller frees the answer. */
static UNUSED e2e_reply running_past(const char *id, double epoch)
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
static UNUSED double descend(double rate, int epochs, double mb[2])
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

static UNUSED void least_squares(double mb[2])
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
static UNUSED double largest_stable_rate(void)
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
static UNUSED double number_or_nan(const cJSON *o, const char *name)
{
    const cJSON *item = e2e_at(o, name);
    return cJSON_IsNull(item) ? NAN : e2e_number(o, name);
}

/* The points of a history document into a new array. */
static UNUSED point *read_points(const cJSON *doc, size_t *n)
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

static UNUSED point *get_points(const char *id, const char *query, size_t *n)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s/history%s", id, query);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "job_id"), id);
    point *p = read_points(r.json, n);
    e2e_reply_free(&r);
    return p;
}

static UNUSED bool holds(const point *p, size_t n, const point *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&p[i], wanted, sizeof *p) == 0)
            return true;
    return false;
}

/* The point with the lowest (sign 1) or highest (-1) cost, the first of equals. */
static UNUSED const point *extreme(const point *p, size_t n, double sign)
{
    const point *best = p;
    for (size_t i = 1; i < n; i++)
        if (sign * p[i].cost < sign * best->cost)
            best = &p[i];
    return best;
}

/* The history in the form that this Accept asks for. */
static UNUSED e2e_reply history_as(const char *id, const char *accept)
{
    char path[96], header[128];
    snprintf(path, sizeof path, "/v1/jobs/%s/history", id);
    snprintf(header, sizeof header, "Accept: %s", accept);
    return e2e_request(s, "GET", path, (const char *const[]){header, NULL}, NULL, 0);
}

/* All tests of a program, each with a server of its own: `one`'s has one worker. */
static UNUSED int run_cases(TCase *tc, TCase *one)
{
    Suite *suite = suite_create("jobs");
    TCase *const cases[] = {tc, one};
    for (int i = 0; i < (one ? 2 : 1); i++) {
        tcase_set_timeout(cases[i], 120);
        tcase_add_checked_fixture(cases[i], i == 1 ? start_with_one_worker : start, stop);
        suite_add_tcase(suite, cases[i]);
    }
    return suite_run(suite);
}

#endif
