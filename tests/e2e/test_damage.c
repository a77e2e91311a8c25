/* Dataset files that are cut off while they are read: the job or the request fails and says why, the
 * server lives on, nothing of what it read is kept, and data that is whole again is trained on.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A file and what it held. */
typedef struct kept {
    char path[400];
    char *bytes;
    size_t size;
} kept;

static kept keep_file(const e2e_server *s, const char *ds)
{
    kept k;
    struct stat st;
    e2e_dataset_file(s, ds, k.path);
    ck_assert_int_eq(stat(k.path, &st), 0);
    k.size = (size_t)st.st_size;
    k.bytes = malloc(k.size);
    int fd = open(k.path, O_RDONLY);
    ck_assert_int_eq(read(fd, k.bytes, k.size), (ssize_t)k.size);
    close(fd);
    return k;
}

static void cut(const kept *k)
{
    ck_assert_int_eq(truncate(k->path, 4096), 0);
}

static void put_back(const kept *k)
{
    int fd = open(k->path, O_WRONLY);
    ck_assert_int_eq(write(fd, k->bytes, k->size), (ssize_t)k->size);
    close(fd);
}

static void upload(const e2e_server *s, const char *type, const char *query, const char *text,
                   char *id)
{
    char header[80], path[80];
    snprintf(header, sizeof header, "Content-Type: %s", type);
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    const char *const headers[] = {header, NULL};
    e2e_reply r = e2e_request(s, "POST", path, headers, text, strlen(text));
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

/* ---- jobs ---- */

static const struct {
    const char *name, *spec;
    bool sparse;
} jobs[] = {
    {"passes by blocks", "\"cost\": \"huber\"", false},
    {"mini-batches", "\"batch_size\": 32", false},
    {"single rows", "\"batch_size\": 1", false},
    {"another optimizer", "\"optimizer\": \"adam\", \"cost\": \"log_cosh\"", false},
    {"a network", "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [8]}, \"batch_size\": 64", false},
    {"folds", "\"cost\": \"huber\", \"cross_validation\": 2", false},
    {"sparse rows", "\"model\": \"logistic_regression\"", true},
    {"sparse single rows", "\"model\": \"logistic_regression\", \"batch_size\": 1", true},
};

static bool has_run(const e2e_server *s, const char *job)
{
    e2e_reply r = e2e_getf(s, "/v1/jobs/%s", job);
    bool has = strcmp(e2e_string(r.json, "state"), "running") == 0 &&
               e2e_number(r.json, "epoch") >= 2;
    e2e_reply_free(&r);
    return has;
}

START_TEST(a_job_whose_file_is_cut_off_fails_and_the_server_goes_on)
{
    char ds[32], other[32], job[32], spec[300];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(20000 / SLOWER, 4, 3), *libsvm = make_libsvm(20000 / SLOWER);
    const char *type = jobs[_i].sparse ? "text/x-libsvm" : "text/csv",
               *query = jobs[_i].sparse ? "" : "?target=y", *text = jobs[_i].sparse ? libsvm : csv;
    upload(s, type, query, text, ds);
    char *small = make_csv(100, 2, 5);
    upload_csv(s, small, other);
    kept k = keep_file(s, ds);
    snprintf(spec, sizeof spec, "%s, " ENDLESS, jobs[_i].spec);
    post_job(s, ds, spec, job);
    WAIT_UNTIL(has_run(s, job), 60);
    cut(&k);
    e2e_reply r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
    ck_assert_msg(strstr(e2e_string(r.json, "error.detail"), "can't be read any more") != NULL,
                  "%s: %s", jobs[_i].name, r.body);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "model_id")));
    e2e_reply_free(&r);
    post_job(s, other, "", job); /* the server goes on with others */
    wait_for_end(s, job, "succeeded");
    post_job(s, ds, "\"epochs\": 5", job); /* what is damaged is found before it is trained on */
    r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), "is damaged"));
    e2e_reply_free(&r);
    char again[32]; /* as the message says */
    upload(s, type, query, text, again);
    post_job(s, ds, "\"epochs\": 5", job);
    wait_for_end(s, job, "succeeded");
    free(csv);
    free(libsvm);
    free(small);
    free(k.bytes);
    finish(s);
}
END_TEST

/* Jobs that share their passes: each is told, and none waits for another. */
START_TEST(jobs_that_read_together_fail_together)
{
    enum { JOBS = 6 };
    char ds[32], ids[JOBS][32], spec[200];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(200000 / SLOWER, 4, 3);
    upload_csv(s, csv, ds);
    free(csv);
    kept k = keep_file(s, ds);
    for (int i = 0; i < JOBS; i++) {
        snprintf(spec, sizeof spec,
                 "\"cost\": \"huber\", \"epochs\": 100000000, \"tol\": 0, \"learning_rate\": %de-9",
                 i + 1);
        post_job(s, ds, spec, ids[i]);
    }
    for (int i = 0; i < JOBS; i++)
        WAIT_UNTIL(has_run(s, ids[i]), 60);
    cut(&k);
    for (int i = 0; i < JOBS; i++) {
        e2e_reply r = e2e_wait(s, ids[i]);
        ck_assert_str_eq(e2e_string(r.json, "state"), "failed");
        ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), "can't be read any more"));
        e2e_reply_free(&r);
    }
    put_back(&k);
    post_job(s, ds, "\"epochs\": 5", ids[0]);
    wait_for_end(s, ids[0], "succeeded");
    free(k.bytes);
    finish(s);
}
END_TEST

/* ---- requests ---- */

/* Requests that read the rows of a dataset which an earlier one left mapped. */
START_TEST(a_request_whose_file_is_cut_off_fails_and_is_answered_once_it_is_whole)
{
    char ds[32], sparse[32], job[32], model[32], body[300];
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(3000, 4, 3), *libsvm = make_libsvm(3000);
    upload_csv(s, csv, ds);
    upload(s, "text/x-libsvm", "", libsvm, sparse);
    post_job(s, ds, "\"epochs\": 20", job);
    e2e_reply r = e2e_wait(s, job);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", ds);
    const struct {
        const char *format, *id, *body; /* body: NULL for GET */
    } requests[] = {{"/v1/datasets/%s/diagnostics", ds, NULL},
                    {"/v1/models/%s/evaluations", model, body},
                    {"/v1/jobs/%s/gradient_check", job, ""},
                    {"/v1/jobs:dry_run", "", body}};
    kept k = keep_file(s, ds);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        char path[120];
        snprintf(path, sizeof path, requests[i].format, requests[i].id);
        for (int turn = 0; turn < 3; turn++) {
            if (turn == 1) /* mapped and found to be whole in the turn before */
                cut(&k);
            r = requests[i].body ? e2e_post(s, path, requests[i].body) : e2e_get(s, path);
            if (r.status != (turn == 1 ? 500 : 200))
                ck_abort_msg("%s: %ld %s", path, r.status, r.body);
            if (turn == 1 && !strstr(r.body, "can't be read any more"))
                ck_abort_msg("%s: %s", path, r.body);
            e2e_reply_free(&r);
            if (turn == 1) {
                r = requests[i].body ? e2e_post(s, path, requests[i].body) : e2e_get(s, path);
                if (r.status != 500 || !strstr(r.body, "is damaged"))
                    ck_abort_msg("%s: %ld %s", path, r.status, r.body);
                e2e_reply_free(&r);
                put_back(&k);
            }
        }
    }
    free(csv);
    free(libsvm);
    free(k.bytes);
    finish(s);
}
END_TEST

/* An export that is under way is cut off: the client sees that it is not whole. */
START_TEST(an_export_whose_file_is_cut_off_ends_its_connection)
{
    char ds[32], head[200], *bytes = malloc(1 << 20);
    e2e_server *s = e2e_start(NULL);
    size_t rows = 400000 / SLOWER;
    char *libsvm = make_libsvm(rows);
    upload(s, "text/x-libsvm", "", libsvm, ds);
    kept k = keep_file(s, ds);
    int fd = e2e_connect(s), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    snprintf(head, sizeof head,
             "GET /v1/datasets/%s/export?format=libsvm HTTP/1.1\r\nHost: x\r\n\r\n", ds);
    send_all(fd, head, strlen(head));
    ck_assert_int_gt(recv(fd, bytes, 1000, 0), 100);
    cut(&k);
    size_t got = 0;
    bool ended = false;
    for (ssize_t n; (n = recv(fd, bytes, 1 << 20, 0)) > 0; got += (size_t)n)
        ended = n >= 5 && memcmp(bytes + n - 5, "0\r\n\r\n", 5) == 0;
    ck_assert(!ended); /* no last chunk */
    ck_assert_uint_lt(got, strlen(libsvm));
    close(fd);
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    put_back(&k);
    r = e2e_getf(s, "/v1/datasets/%s/export?format=libsvm", ds);
    ck_assert_int_eq(r.status, 200);
    ck_assert_uint_ge(r.len, got);
    e2e_reply_free(&r);
    free(libsvm);
    free(bytes);
    free(k.bytes);
    finish(s);
}
END_TEST

int main(void)
{
    /* What is broken off leaves what it had allocated, once for a file that is lost (srv_guard.h). */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    Suite *suite = suite_create("damage");
    TCase *tc = tcase_create("damage");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_loop_test(tc, a_job_whose_file_is_cut_off_fails_and_the_server_goes_on, 0,
                        sizeof jobs / sizeof jobs[0]);
    tcase_add_test(tc, jobs_that_read_together_fail_together);
    tcase_add_test(tc, a_request_whose_file_is_cut_off_fails_and_is_answered_once_it_is_whole);
    tcase_add_test(tc, an_export_whose_file_is_cut_off_ends_its_connection);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
