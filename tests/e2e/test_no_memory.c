/* Allocations that fail anywhere in a request: whole requests are sent to the real binary, and the
 * first allocation that they make in it fails, then the second, and so on, alone or with all that
 * follow, until a request has had all it asks for. Each is answered with an error or dropped, or
 * done in full all the same; nothing is half stored, no place is lost, and the server works on.
 *
 * Run: ctest --preset dev -R e2e_no_memory. DESCENTD_OOM_STRIDE=1 leaves none out.
 */
#define _GNU_SOURCE
#include "faulty.h"

enum {
    FIRST = 120, /* allocations that are tried one by one; then at distances that grow */
    TRIES = 400  /* of a request, at most */
};

typedef struct request {
    const char *name, *method, *path, *type, *body;
    long status;      /* when it has all it asks for */
    const char *list; /* what it makes one of, or NULL */
} request;

/* %s: a dataset, %j: a job that has ended, %m: its model */
static const request requests[] = {
    {"health", "GET", "/healthz", NULL, NULL, 200, NULL},
    {"a dataset of JSON", "POST", "/v1/datasets", "application/json",
     "{\"name\": \"few\", \"columns\": [\"a\", \"b\"], \"X\": [[1, 2], [3, 5], [4, 4]], \"y\": [1, "
     "2, 3]}",
     201, "datasets"},
    {"a dataset of CSV", "POST", "/v1/datasets?target=y&name=table", "text/csv",
     "city,x,y\nRome,1,2\nOslo,2,3\nRome,4,5\n", 201, "datasets"},
    {"a sparse dataset", "POST", "/v1/datasets", "text/x-libsvm", "1 3:1.5 17:2\n-1 1:0.25\n", 201,
     "datasets"},
    {"datasets", "GET", "/v1/datasets", NULL, NULL, 200, NULL},
    {"a dataset's columns", "GET", "/v1/datasets/%s?columns=x", NULL, NULL, 200, NULL},
    {"rows", "GET", "/v1/datasets/%s/rows?shape=records", NULL, NULL, 200, NULL},
    {"an export", "GET", "/v1/datasets/%s/export?format=csv", NULL, NULL, 200, NULL},
    {"a job", "POST", "/v1/jobs", "application/json",
     "{\"dataset_id\": \"%s\", \"epochs\": 3, \"learning_rate\": 0.01}", 202, "jobs"},
    {"a bad job", "POST", "/v1/jobs", "application/json",
     "{\"dataset_id\": \"%s\", \"epochs\": -3, \"optimizer\": \"none\"}", 422, NULL},
    {"a job's state", "GET", "/v1/jobs/%j", NULL, NULL, 200, NULL},
    {"jobs", "GET", "/v1/jobs", NULL, NULL, 200, NULL},
    {"a history", "GET", "/v1/jobs/%j/history", NULL, NULL, 200, NULL},
    {"a model", "GET", "/v1/models/%m", NULL, NULL, 200, NULL},
    {"predictions", "POST", "/v1/models/%m/predictions", "application/json", "{\"X\": [4.5, 10]}",
     200, NULL},
    {"an upload", "POST", "/v1/uploads?target=y", "text/csv", "", 201, NULL},
};

static char dataset[32], job[32], model[32];

static void fill_in(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; *from && n + 40 < size; from++) {
        const char *id = *from != '%'     ? NULL
                         : from[1] == 's' ? dataset
                         : from[1] == 'j' ? job
                         : from[1] == 'm' ? model
                                          : NULL;
        if (id) {
            n += (size_t)snprintf(to + n, size - n, "%s", id);
            from++;
        } else {
            to[n++] = *from;
        }
    }
    to[n] = '\0';
}

static e2e_reply ask(const e2e_server *s, const request *q)
{
    char path[200], body[400], type[64];
    fill_in(path, sizeof path, q->path);
    fill_in(body, sizeof body, q->body ? q->body : "");
    snprintf(type, sizeof type, "Content-Type: %s", q->type ? q->type : "");
    const char *const headers[] = {q->type ? type : NULL, NULL};
    return e2e_try(s, NULL, q->method, path, headers, q->body ? body : NULL, strlen(body));
}

static int made(const e2e_server *s, const request *q)
{
    return q->list ? count_of(s, q->list, "") : 0;
}

static bool all_ended(const e2e_server *s)
{
    return count_of(s, "jobs", "&state=running") + count_of(s, "jobs", "&state=queued") == 0;
}

/* The request with the n-th allocation failing, and all that follow or none. True when it did not
 * come to that. */
static bool try_without(const e2e_server *s, const request *q, int64_t n, bool all_after,
                        int *acknowledged, int *unanswered)
{
    atomic_store(&switches->asked, 0);
    atomic_store(&switches->fail_at, n);
    atomic_store(&switches->fail_to, all_after ? INT64_MAX : n);
    e2e_reply r = ask(s, q);
    atomic_store(&switches->fail_to, 0);
    bool through = atomic_load(&switches->asked) < n;
    bool fine = r.status == q->status;
    *acknowledged += fine;
    *unanswered += r.status == 0 || r.status >= 500;
    if (r.status != 0 && !fine && r.status != 503)
        ck_abort_msg("%s without its allocation %ld%s: %ld %s", q->name, (long)n,
                     all_after ? " and later ones" : "", r.status, r.body);
    if (waitpid(s->pid, NULL, WNOHANG) != 0) {
        e2e_print_log(s);
        ck_abort_msg("%s without its allocation %ld%s: the server is gone", q->name, (long)n,
                     all_after ? " and later ones" : "");
    }
    if (through && !fine)
        ck_abort_msg("%s: %ld %s", q->name, r.status, r.body);
    e2e_reply_free(&r);
    return through;
}

static void sweep(const e2e_server *s, const request *q, bool all_after)
{
    const char *given = getenv("DESCENTD_OOM_STRIDE");
    int before = made(s, q), acknowledged = 0, unanswered = 0, tries = 0;
    int64_t n = 1, step = 1;
    for (; tries < TRIES; tries++, n += step) {
        if (try_without(s, q, n, all_after, &acknowledged, &unanswered))
            break;
        step = given ? strtol(given, NULL, 10) : n < FIRST ? 1 : 1 + n / 40;
    }
    ck_assert_int_lt(tries, TRIES);
    ck_assert_int_gt(tries, q->list ? 20 : 1);
    int now = made(s, q);
    if (now < before + acknowledged * (q->list != NULL) ||
        now > before + (acknowledged + unanswered) * (q->list != NULL))
        ck_abort_msg("%s: %d %s, %d before, %d acknowledged, %d unanswered", q->name, now, q->list,
                     before, acknowledged, unanswered);
    /* what is listed can be had */
    if (q->list) {
        e2e_reply r = e2e_getf(s, "/v1/%s?limit=1000", q->list);
        const cJSON *item;
        cJSON_ArrayForEach (item, e2e_at(r.json, q->list)) {
            e2e_reply one = e2e_getf(s, "/v1/%s/%s", q->list, e2e_string(item, "id"));
            ck_assert_int_eq(one.status, 200);
            e2e_reply_free(&one);
        }
        e2e_reply_free(&r);
    }
}

START_TEST(requests_do_without_any_allocation)
{
    const request *q = &requests[_i];
    if (!can_preload())
        return;
    e2e_server *s = start_faulty(NULL);
    e2e_dataset(s, "{\"columns\": [\"x\"], \"X\": [1, 2, 3], \"y\": [1, 3, 4]}", dataset);
    post_job(s, dataset, "\"epochs\": 20", job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    r = ask(s, q);
    ck_assert_int_eq(r.status, q->status);
    e2e_reply_free(&r);
    WAIT_UNTIL(all_ended(s), 30);
    sweep(s, q, false);
    sweep(s, q, true);
    WAIT_UNTIL(all_ended(s), 60);
    WAIT_UNTIL(connections(s->pid) <= 1, 10);
    r = ask(s, q);
    ck_assert_int_eq(r.status, q->status);
    e2e_reply_free(&r);
    WAIT_UNTIL(all_ended(s), 30);
    finish_faulty(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("no_memory");
    TCase *tc = tcase_create("no_memory");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, requests_do_without_any_allocation, 0,
                        sizeof requests / sizeof requests[0]);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
