/* Faults anywhere in a request: whole requests are sent to the real binary, and the first
 * allocation that they make in it fails, then the second, and so on, alone or with all that follow,
 * until a request has had all it asks for; likewise the first, the second, ... write, sync, open
 * and so on. Each is answered with an error or dropped, or done in full all the same; nothing is
 * half stored, no place is lost, and the server works on.
 *
 * Run: ctest --preset dev -R e2e_anywhere. DESCENTD_OOM_STRIDE=1 leaves no allocation out.
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

/* %s: a dataset, %j: a job that has ended, %m: its model; %u: a new upload that has all its bytes,
 * %d: a new dataset */
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
    {"usage", "GET", "/v1/usage", NULL, NULL, 200, NULL},
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
    {"the end of an upload", "POST", "/v1/uploads/%u/finish", NULL, "", 201, "datasets"},
    {"single precision", "POST", "/v1/datasets?target=x&columns=y&dtype=float32", "text/csv",
     "x,y,z\n1,2,3\n3,4,5\n5,6,7\n", 201, "datasets"},
    {"more rows", "POST", "/v1/datasets/%d/rows", "application/json",
     "{\"X\": [4, 5], \"y\": [6, 8]}", 201, NULL},
    {"a dataset's end", "DELETE", "/v1/datasets/%d", NULL, NULL, 204, NULL},
    {"a dry run", "POST", "/v1/jobs:dry_run", "application/json", "{\"dataset_id\": \"%s\"}", 200,
     NULL},
    {"a sweep", "POST", "/v1/sweeps", "application/json",
     "{\"job\": {\"dataset_id\": \"%s\", \"epochs\": 2, \"validation_fraction\": 0.4}, "
     "\"grid\": {\"l2\": [0, 0.5]}}",
     202, "sweeps"},
    {"diagnostics", "GET", "/v1/datasets/%s/diagnostics", NULL, NULL, 200, NULL},
    {"an evaluation", "POST", "/v1/models/%m/evaluations", "application/json",
     "{\"dataset_id\": \"%s\"}", 200, NULL},
    {"an update", "POST", "/v1/models/%m/updates", "application/json",
     "{\"X\": [[1], [2]], \"y\": [1, 2]}", 200, NULL},
};

static char dataset[32], job[32], model[32], upload[32], fresh[32];

static void fill_in(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; *from && n + 40 < size; from++) {
        const char *id = *from != '%'     ? NULL
                         : from[1] == 's' ? dataset
                         : from[1] == 'j' ? job
                         : from[1] == 'm' ? model
                         : from[1] == 'u' ? upload
                         : from[1] == 'd' ? fresh
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

/* What the request is to be about, made while nothing fails. */
static void make_ready(const e2e_server *s, const request *q)
{
    static const char csv[] = "x,y\n1,2\n2,3\n4,5\n";
    if (strstr(q->path, "%d"))
        e2e_dataset(s, "{\"X\": [1, 2, 3, 4, 5], \"y\": [1, 3, 4, 4, 7]}", fresh);
    if (!strstr(q->path, "%u"))
        return;
    char path[96];
    static const char *const type[] = {"Content-Type: text/csv", NULL}, *const at[] = {
                                                                            "Upload-Offset: 0",
                                                                            NULL};
    e2e_reply r = e2e_request(s, "POST", "/v1/uploads?target=y", type, "", 0);
    ck_assert_int_eq(r.status, 201);
    snprintf(upload, sizeof upload, "%s", e2e_string(r.json, "id"));
    snprintf(path, sizeof path, "/v1/uploads/%s", upload);
    e2e_reply_free(&r);
    r = e2e_request(s, "PATCH", path, at, csv, strlen(csv));
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
}

static int made(const e2e_server *s, const request *q)
{
    return q->list ? count_of(s, q->list, "") : 0;
}

static bool all_ended(const e2e_server *s)
{
    return count_of(s, "jobs", "&state=running") + count_of(s, "jobs", "&state=queued") == 0;
}

/* What became of the tries of a request. */
typedef struct tally {
    int tries, acknowledged, unanswered;
} tally;

static void assert_alive(const e2e_server *s, const char *name, const char *what, int64_t n)
{
    if (waitpid(s->pid, NULL, WNOHANG) == 0)
        return;
    e2e_print_log(s);
    ck_abort_msg("%s: the server is gone, without its %s %ld", name, what, (long)n);
}

/* One answer. expected: may it be this status, too? */
static void count(tally *t, const request *q, const e2e_reply *r, bool expected, const char *what,
                  int64_t n)
{
    /* an upload that was finished, and whose answer could not be written, is answered as one that is */
    bool fine = r->status == q->status || (r->status == 200 && strstr(q->path, "/finish"));
    t->tries++;
    t->acknowledged += fine;
    t->unanswered += r->status == 0 || r->status >= 500;
    if (!fine && r->status != 0 && !expected)
        ck_abort_msg("%s without its %s %ld: %ld %s", q->name, what, (long)n, r->status, r->body);
}

/* The request with the n-th allocation failing, and all that follow or none. True when it did not
 * come to that. */
static bool try_without(const e2e_server *s, const request *q, int64_t n, bool all_after, tally *t)
{
    const char *what = all_after ? "allocations from" : "allocation";
    make_ready(s, q);
    atomic_store(&switches->asked, 0);
    atomic_store(&switches->fail_at, n);
    atomic_store(&switches->fail_to, all_after ? INT64_MAX : n);
    e2e_reply r = ask(s, q);
    atomic_store(&switches->fail_to, 0);
    bool through = atomic_load(&switches->asked) < n;
    assert_alive(s, q->name, what, n);
    count(t, q, &r, r.status == 503, what, n);
    if (through && r.status != q->status)
        ck_abort_msg("%s: %ld %s", q->name, r.status, r.body);
    e2e_reply_free(&r);
    return through;
}

/* Is there what was acknowledged, and nothing that was not? */
static void assert_whole(const e2e_server *s, const request *q, const tally *t, int before)
{
    if (!q->list)
        return;
    int now = made(s, q);
    if (now < before + t->acknowledged || now > before + t->acknowledged + t->unanswered)
        ck_abort_msg("%s: %d %s, %d before, %d acknowledged, %d unanswered", q->name, now, q->list,
                     before, t->acknowledged, t->unanswered);
    e2e_reply r = e2e_getf(s, "/v1/%s?limit=1000", q->list);
    const cJSON *item;
    cJSON_ArrayForEach (item, e2e_at(r.json, q->list)) {
        e2e_reply one = e2e_getf(s, "/v1/%s/%s", q->list, e2e_string(item, "id"));
        ck_assert_int_eq(one.status, 200);
        e2e_reply_free(&one);
    }
    e2e_reply_free(&r);
}

static void without_memory(const e2e_server *s, const request *q, bool all_after)
{
    const char *given = getenv("DESCENTD_OOM_STRIDE");
    int before = made(s, q), most = given ? 100000 : TRIES;
    tally t = {0};
    for (int64_t n = 1; !try_without(s, q, n, all_after, &t);) {
        ck_assert_int_lt(t.tries, most);
        n += given ? strtol(given, NULL, 10) : n < FIRST ? 1 : 1 + n / 40;
    }
    ck_assert_int_gt(t.tries, q->list ? 20 : 1);
    assert_whole(s, q, &t, before);
}

/* The n-th of such calls fails, on the files of the server. True when it did not come to that. */
static bool try_with_fault(const e2e_server *s, const request *q, unsigned call, int error, int n,
                           tally *t)
{
    char what[32];
    snprintf(what, sizeof what, "call of kind %u,", call);
    make_ready(s, q);
    WAIT_UNTIL(all_ended(s), 30);
    faults_on(call, error, s->dir, n, 1);
    e2e_reply r = ask(s, q);
    faults_off();
    bool through = atomic_load(&switches->hits) == 0;
    assert_alive(s, q->name, what, n);
    count(t, q, &r, r.status == 500 || (r.status == 503 && error != EIO), what, n);
    if (through && r.status != q->status)
        ck_abort_msg("%s: %ld %s", q->name, r.status, r.body);
    e2e_reply_free(&r);
    return through;
}

static void without_calls(const e2e_server *s, const request *q)
{
    static const struct {
        unsigned call;
        int error;
    } kinds[] = {{FAULT_WRITE, EIO},  {FAULT_SYNC, EIO}, {FAULT_OPEN, EMFILE},
                 {FAULT_RENAME, EIO}, {FAULT_READ, EIO}, {FAULT_TRUNCATE, EIO},
                 {FAULT_MMAP, ENOMEM}};
    int before = made(s, q);
    tally t = {0};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int n = 0; !try_with_fault(s, q, kinds[k].call, kinds[k].error, n, &t); n++)
            ck_assert_int_lt(n, TRIES);
    assert_whole(s, q, &t, before);
}

START_TEST(requests_do_without_anything)
{
    const request *q = &requests[_i];
    if (!can_preload())
        return;
    static const char *const quotas[] = {"--tenant-bytes",       "1g",
                                         "--tenant-result-bytes", "1g",   "--tenant-datasets",
                                         "1000000",              "--tenant-models", "1000000",
                                         "--tenant-jobs",        "1000000",
                                         "--tenant-active-jobs", "1000000",
                                         "--tenant-uploads",     "1000000", NULL};
    e2e_server *s = start_faulty(quotas);
    e2e_dataset(s, "{\"columns\": [\"x\"], \"X\": [1, 2, 3], \"y\": [1, 3, 4]}", dataset);
    post_job(s, dataset, "\"epochs\": 20", job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    make_ready(s, q);
    r = ask(s, q);
    ck_assert_int_eq(r.status, q->status);
    e2e_reply_free(&r);
    WAIT_UNTIL(all_ended(s), 30);
    without_calls(s, q);
    WAIT_UNTIL(all_ended(s), 60);
    without_memory(s, q, false);
    without_memory(s, q, true);
    WAIT_UNTIL(all_ended(s), 60);
    WAIT_UNTIL(connections(s->pid) <= 1, 10);
    make_ready(s, q);
    r = ask(s, q);
    ck_assert_int_eq(r.status, q->status);
    e2e_reply_free(&r);
    WAIT_UNTIL(all_ended(s), 30);
    finish_faulty(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("anywhere");
    TCase *tc = tcase_create("anywhere");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, requests_do_without_anything, 0, sizeof requests / sizeof requests[0]);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
