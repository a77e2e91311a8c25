/* The same data, spec and seed give bitwise the same parameters and history, whoever computes them
 * and however often it is interrupted; a replay says so, and says so when it is not true. */
#include "jobs.h"

#include <nettle/sha2.h>

static e2e_server *start(const char *workers)
{
    return e2e_start((const char *const[]){"--workers", workers, NULL});
}

static e2e_reply job_of(const e2e_server *s, const char *id)
{
    return e2e_getf(s, "/v1/jobs/%s", id);
}

static e2e_reply post_replay(const e2e_server *s, const char *job)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s/replay", job);
    return e2e_request(s, "POST", path, NULL, NULL, 0);
}

static void replay(const e2e_server *s, const char *job, char id[32])
{
    e2e_reply r = post_replay(s, job);
    ck_assert_msg(r.status == 202, "%ld %s", r.status, r.body);
    ck_assert_str_eq(e2e_string(r.json, "replay.of"), job);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "replay.equal")));
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

static void assert_equal(const e2e_server *s, const char *id, const char *what)
{
    static const char *const all[] = {"equal", "inputs_equal", "parameters_equal",
                                      "history_equal"};
    e2e_reply r = e2e_wait(s, id);
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "replay.%s", all[i]);
        ck_assert_msg(cJSON_IsTrue(e2e_at(r.json, path)), "%s: %s: %s", what, all[i], r.body);
    }
    e2e_reply_free(&r);
}

static void sum(const double *v, size_t n, char hex[65])
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&ctx);
    sha256_update(&ctx, n * sizeof *v, (const uint8_t *)v);
    sha256_digest(&ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
}

/* ---- every kind of job, by other threads, interrupted ---- */

/* The second column of the labelled data is small whole numbers, to group by. */
static const struct {
    bool labels;
    const char *spec;
} kinds[] = {
    {false, "\"epochs\": 400, \"tol\": 0, \"learning_rate\": 0.001"},
    {false, "\"batch_size\": 64, \"epochs\": 4000, \"tol\": 0, \"seed\": 5, \"optimizer\": "
            "\"nesterov\", \"learning_rate\": 1e-4, \"schedule\": \"cosine\""},
    {false, "\"optimizer\": \"adam\", \"model\": {\"name\": \"mlp\", \"hidden_layers\": [8, 4]}, "
            "\"batch_size\": 128, \"epochs\": 12, \"tol\": 0, \"validation_fraction\": 0.2"},
    {false, "\"cost\": \"huber\", \"optimizer\": \"lbfgs\", \"epochs\": 50"},
    {false, "\"batch_size\": 32, \"average\": true, \"l1\": 0.01, \"l2\": 0.1, \"epochs\": 20, "
            "\"tol\": 0, \"non_negative\": true"},
    {false, "\"cross_validation\": 4, \"epochs\": 60, \"tol\": 0"},
    {false, "\"l2\": \"path\", \"path_points\": 6, \"epochs\": 40, \"validation_fraction\": 0.3"},
    {false, "\"optimizer\": \"adagrad\", \"learning_rate\": 0.1, \"cost\": \"mae\", \"epochs\": "
            "100, \"history_points\": 20"},
    {true, "\"model\": \"softmax_regression\", \"optimizer\": \"momentum\", \"epochs\": 150, "
           "\"tol\": 0"},
    {true, "\"model\": \"softmax_regression\", \"optimizer\": \"amsgrad\", \"batch_size\": 50, "
           "\"epochs\": 30, \"validation_fraction\": 0.25, \"patience\": 3, \"class_weight\": "
           "\"balanced\""},
    {true, "\"model\": {\"name\": \"mlp\", \"hidden_layers\": [6]}, \"optimizer\": \"lion\", "
           "\"learning_rate\": 0.001, \"batch_size\": 200, \"epochs\": 12, \"tol\": 0"},
    {false, "\"group_by\": \"x2\", \"epochs\": 30, \"tol\": 0"},
    {false, "\"learning_rate\": 1e6, \"standardize\": false"}, /* diverges */
};
enum { KINDS = sizeof kinds / sizeof kinds[0], ROWS = 9000, COLS = 3 };

/* More than two blocks of rows. x2 is one of 0, 1, 2; the label goes by x0 and x1, nearly. */
static char *make_rows(bool labels)
{
    unsigned long long seed = labels ? 31 : 32;
    char *csv = malloc(ROWS * 48 + 32), *at = csv;
    at += sprintf(at, "x0,x1,x2,y\n");
    for (int i = 0; i < ROWS; i++) {
        double a = 4 * draw(&seed) - 1, b = 3 * draw(&seed), c = floor(3 * draw(&seed));
        double y = a - 2 * b + 0.3 * c + draw(&seed);
        at += sprintf(at, "%.4f,%.4f,%.0f,", a, b, c);
        at += labels ? sprintf(at, "%s\n", y < -3 ? "low" : y < 0 ? "mid" : "high")
                     : sprintf(at, "%.4f\n", y);
    }
    return csv;
}

START_TEST(replays_by_other_threads_interrupted_are_equal)
{
    unsigned long long seed = seed_of_the_day("replays");
    char numbers[32], labels[32], first[KINDS][32], again[KINDS][32];
    e2e_server *s = start("1");
    char *csv = make_rows(false);
    upload_csv(s, csv, numbers);
    free(csv);
    csv = make_rows(true);
    upload_csv(s, csv, labels);
    free(csv);
    for (int i = 0; i < KINDS; i++)
        post_job(s, kinds[i].labels ? labels : numbers, kinds[i].spec, first[i]);
    for (int i = 0; i < KINDS; i++) {
        e2e_reply r = e2e_wait(s, first[i]);
        ck_assert_msg(cJSON_IsObject(e2e_at(r.json, "proof")), "%s", r.body);
        e2e_reply_free(&r);
    }
    end_cleanly(s, SIGTERM, 10);
    static const char *const workers[] = {"3", "1", "2"};
    e2e_restart(s, (const char *const[]){"--workers", workers[0], NULL});
    for (int i = 0; i < KINDS; i++)
        replay(s, first[i], again[i]);
    for (int k = 1; k <= 6 && !in_state(s, again[KINDS - 1], "failed"); k++) {
        rest((0.02 + 0.2 * draw(&seed)) * SLOWER);
        kill_hard(s);
        e2e_restart(s, (const char *const[]){"--workers", workers[k % 3], NULL});
    }
    for (int i = 0; i < KINDS; i++)
        assert_equal(s, again[i], kinds[i].spec);
    ck_assert_int_ge(taken_up(s), 1); /* or nothing was interrupted */
    /* and the replay of a replay */
    replay(s, again[1], again[0]);
    assert_equal(s, again[0], "of a replay");
    finish(s);
}
END_TEST

/* ---- what the hashes are of ---- */

START_TEST(hashes_are_those_of_what_is_shown)
{
    e2e_server *s = start("1");
    char id[32], hex[65];
    double v[1000];
    size_t n = 0;
    e2e_job(s, "{\"dataset\": {\"X\": [[1, 2], [2, 1], [3, 5], [4, 3], [5, 8], [6, 1]], \"y\": [1, "
               "3, 2, 5, 4, 6]}, \"epochs\": 100, \"tol\": 0, \"learning_rate\": 0.1, "
               "\"history_points\": 20, \"validation_fraction\": 0.3, \"seed\": 9}",
            id);
    e2e_reply job = e2e_wait(s, id);
    e2e_reply model = e2e_getf(s, "/v1/models/%s", e2e_string(job.json, "model_id")),
              history = e2e_getf(s, "/v1/jobs/%s/history?limit=1000", id),
              data = e2e_getf(s, "/v1/datasets/%s", e2e_string(job.json, "dataset_id"));
    v[n++] = e2e_number(model.json, "parameters.coefficients.0");
    v[n++] = e2e_number(model.json, "parameters.coefficients.1");
    v[n++] = e2e_number(model.json, "parameters.intercept");
    sum(v, n, hex);
    ck_assert_str_eq(e2e_string(job.json, "proof.parameters_sha256"), hex);
    ck_assert_str_eq(e2e_string(model.json, "proof.parameters_sha256"), hex);
    const cJSON *point;
    n = 0;
    cJSON_ArrayForEach (point, e2e_at(history.json, "history")) {
        v[n++] = e2e_number(point, "epoch");
        v[n++] = 1;
        v[n++] = e2e_number(point, "cost");
        v[n++] = e2e_number(point, "validation_cost");
        v[n++] = e2e_number(point, "gradient_norm");
        v[n++] = e2e_number(point, "learning_rate");
    }
    ck_assert_uint_ge(n, 6 * 10);
    sum(v, n, hex);
    ck_assert_str_eq(e2e_string(job.json, "proof.history_sha256"), hex);
    ck_assert_str_eq(e2e_string(job.json, "proof.data_sha256"), e2e_string(data.json, "sha256"));
    ck_assert_str_eq(e2e_string(job.json, "proof.inputs_sha256"),
                     e2e_string(model.json, "proof.inputs_sha256"));
    ck_assert(e2e_number(job.json, "proof.seed") == 9);
    e2e_reply_free(&job);
    e2e_reply_free(&model);
    e2e_reply_free(&history);
    e2e_reply_free(&data);
    finish(s);
}
END_TEST

/* A spec's hash is of what matters: not of a name, but of a seed. */
START_TEST(a_spec_that_says_the_same_has_the_same_hash)
{
    static const char *const specs[] = {"", "\"name\": \"n\", \"max_seconds\": 1000",
                                        "\"tol\": 0.000001, \"epochs\": 1000", "\"seed\": 1"};
    e2e_server *s = start("1");
    char ds[32], id[32], hash[4][65];
    e2e_dataset(s, "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8]}", ds);
    for (size_t i = 0; i < 4; i++) {
        post_job(s, ds, specs[i], id);
        e2e_reply r = e2e_wait(s, id);
        snprintf(hash[i], 65, "%s", e2e_string(r.json, "proof.spec_sha256"));
        e2e_reply_free(&r);
    }
    ck_assert_str_eq(hash[1], hash[0]);
    ck_assert_str_eq(hash[2], hash[0]);
    ck_assert_str_ne(hash[3], hash[0]);
    finish(s);
}
END_TEST

/* ---- runs that were steered ---- */

static double epoch_of(const e2e_server *s, const char *id)
{
    e2e_reply r = job_of(s, id);
    double epoch = e2e_number(r.json, "epoch");
    e2e_reply_free(&r);
    return epoch;
}

START_TEST(a_run_that_was_stopped_is_replayed_to_where_it_stood)
{
    e2e_server *s = start("2");
    char ds[32], id[2][32], again[32], path[96];
    char *csv = make_rows(false);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, "\"epochs\": 100000000, \"tol\": 0, \"learning_rate\": 1e-6, \"batch_size\": "
                    "500", id[0]);
    WAIT_UNTIL(epoch_of(s, id[0]) > 3, 30);
    snprintf(path, sizeof path, "/v1/jobs/%s/stop", id[0]);
    e2e_reply r = e2e_request(s, "POST", path, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    wait_for_end(s, id[0], "succeeded");
    post_job(s, ds, "\"epochs\": 100000000, \"tol\": 0, \"learning_rate\": 1e-6, "
                    "\"max_seconds\": 0.3", id[1]);
    wait_for_end(s, id[1], "succeeded");
    for (int i = 0; i < 2; i++) {
        r = job_of(s, id[i]);
        ck_assert(e2e_number(r.json, "proof.stopped_after") == e2e_number(r.json, "epoch"));
        e2e_reply_free(&r);
        replay(s, id[i], again);
        assert_equal(s, again, "stopped");
        r = job_of(s, again);
        ck_assert_str_eq(e2e_string(r.json, "stop_reason"), "stopped");
        e2e_reply_free(&r);
    }
    finish(s);
}
END_TEST

START_TEST(changes_are_taken_up_after_the_same_epochs)
{
    e2e_server *s = start("1");
    char ds[32], id[32], again[32], path[96], body[96];
    char *csv = make_rows(false);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds,
             "\"epochs\": 100000000, \"tol\": 0, \"learning_rate\": 1e-5, \"cost\": \"huber\"",
             id);
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    for (int i = 0; i < 2; i++) {
        double seen = epoch_of(s, id);
        WAIT_UNTIL(epoch_of(s, id) > seen + 2, 30);
        static const char *const rates[] = {"{\"learning_rate\": 3e-5}", "{\"learning_rate\": 7e-5}"};
        e2e_reply r = e2e_request(s, "PATCH", path, NULL, rates[i], strlen(rates[i]));
        ck_assert_msg(r.status == 202, "%s", r.body);
        e2e_reply_free(&r);
    }
    double seen = epoch_of(s, id);
    WAIT_UNTIL(epoch_of(s, id) > seen + 2, 30);
    snprintf(body, sizeof body, "{\"epochs\": %.0f}", epoch_of(s, id) + 3000);
    e2e_reply r = e2e_request(s, "PATCH", path, NULL, body, strlen(body));
    ck_assert_msg(r.status == 202, "%s", r.body);
    e2e_reply_free(&r);
    wait_for_end(s, id, "succeeded");
    replay(s, id, again);
    assert_equal(s, again, "changed");
    e2e_reply a = job_of(s, id), b = job_of(s, again);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(b.json, "changes")), 3);
    for (int i = 0; i < 3; i++) {
        snprintf(body, sizeof body, "changes.%d.epoch", i);
        ck_assert(e2e_number(a.json, body) == e2e_number(b.json, body));
    }
    ck_assert(e2e_number(a.json, "epochs") == e2e_number(b.json, "epochs"));
    e2e_reply_free(&a);
    e2e_reply_free(&b);
    finish(s);
}
END_TEST

START_TEST(a_job_that_goes_on_from_a_model_begins_where_that_was)
{
    e2e_server *s = start("1");
    char ds[32], id[32], again[32], model[32], path[96], spec[128];
    e2e_dataset(s, "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8]}", ds);
    post_job(s, ds, "\"epochs\": 2, \"learning_rate\": 0.1", id);
    e2e_reply r = e2e_wait(s, id);
    snprintf(model, sizeof model, "%s", e2e_string(r.json, "model_id"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "proof.start_sha256")));
    e2e_reply_free(&r);
    snprintf(spec, sizeof spec, "\"epochs\": 3, \"start_from\": \"%s\", \"learning_rate\": 0.1",
             model);
    post_job(s, ds, spec, id);
    r = e2e_wait(s, id);
    ck_assert(cJSON_IsString(e2e_at(r.json, "proof.start_sha256")));
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/models/%s/updates", model);
    r = e2e_post(s, path, "{\"X\": [9], \"y\": [1], \"learning_rate\": 0.01}");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    replay(s, id, again);
    assert_equal(s, again, "although the model was updated");
    snprintf(path, sizeof path, "/v1/models/%s", model);
    r = e2e_delete(s, path);
    e2e_reply_free(&r);
    replay(s, id, again);
    assert_equal(s, again, "although the model was deleted");
    finish(s);
}
END_TEST

/* ---- what can't be replayed, and what differs ---- */

START_TEST(what_has_no_result_or_lost_its_data_is_refused)
{
    e2e_server *s = start("1");
    char ds[32], id[32], path[96];
    e2e_dataset(s, "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8]}", ds);
    post_job(s, ds, ENDLESS, id);
    WAIT_UNTIL(in_state(s, id, "running"), 30);
    e2e_reply r = post_replay(s, id);
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(r.body, "running"));
    e2e_reply_free(&r);
    cancel(s, id);
    wait_for_end(s, id, "cancelled");
    r = post_replay(s, id);
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    r = post_replay(s, "job_none");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    post_job(s, ds, "", id);
    wait_for_end(s, id, "succeeded");
    snprintf(path, sizeof path, "/v1/datasets/%s", ds);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    r = post_replay(s, id);
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(r.body, "dataset was deleted"));
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

START_TEST(data_that_changed_is_found_out)
{
    e2e_server *s = start("1");
    char ds[32], id[32], again[32], path[400];
    e2e_dataset(s, "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8]}", ds);
    post_job(s, ds, "", id);
    wait_for_end(s, id, "succeeded");
    e2e_dataset_file(s, ds, path);
    FILE *f = fopen(path, "r+b");
    double changed = 7;
    ck_assert(f && fseek(f, 4096, SEEK_SET) == 0 && fwrite(&changed, 8, 1, f) == 1);
    fclose(f);
    replay(s, id, again);
    wait_for_end(s, again, "failed");
    e2e_reply r = job_of(s, again);
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "error.detail"), "SHA-256"));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "replay.equal")));
    ck_assert(cJSON_IsNull(e2e_at(r.json, "proof")));
    e2e_reply_free(&r);
    r = post_replay(s, again); /* without a result */
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    finish(s);
}
END_TEST

static void alter(const e2e_server *s, const char *sql)
{
    char path[300];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(a_result_that_differs_is_called_so)
{
    static const struct {
        const char *sql;
        bool inputs, parameters, history;
    } differ[] = {
        {"UPDATE jobs SET spec = replace(spec, '\"epochs\": 7', '\"epochs\": 8')", false, false,
         false},
        {"UPDATE jobs SET proof = json_set(proof, '$.parameters_sha256', 'x')", true, false, true},
        {"UPDATE jobs SET proof = json_set(proof, '$.history_sha256', 'x')", true, true, false},
        {"UPDATE jobs SET proof = json_set(proof, '$.inputs_sha256', 'x')", false, true, true},
    };
    for (size_t i = 0; i < 4; i++) {
        e2e_server *s = start("1");
        char id[32], again[32];
        e2e_job(s, "{\"dataset\": {\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8]}, \"epochs\": 7, "
                   "\"tol\": 0, \"learning_rate\": 0.1}", id);
        wait_for_end(s, id, "succeeded");
        end_cleanly(s, SIGTERM, 5);
        alter(s, differ[i].sql);
        e2e_restart(s, (const char *const[]){"--workers", "1", NULL});
        replay(s, id, again);
        e2e_reply r = e2e_wait(s, again);
        ck_assert(cJSON_IsFalse(e2e_at(r.json, "replay.equal")) ==
                  (!differ[i].parameters || !differ[i].history));
        ck_assert(cJSON_IsTrue(e2e_at(r.json, "replay.inputs_equal")) == differ[i].inputs);
        ck_assert(cJSON_IsTrue(e2e_at(r.json, "replay.parameters_equal")) == differ[i].parameters);
        ck_assert(cJSON_IsTrue(e2e_at(r.json, "replay.history_equal")) == differ[i].history);
        e2e_reply_free(&r);
        finish(s);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tc = tcase_create("replay");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, replays_by_other_threads_interrupted_are_equal);
    tcase_add_test(tc, hashes_are_those_of_what_is_shown);
    tcase_add_test(tc, a_spec_that_says_the_same_has_the_same_hash);
    tcase_add_test(tc, a_run_that_was_stopped_is_replayed_to_where_it_stood);
    tcase_add_test(tc, changes_are_taken_up_after_the_same_epochs);
    tcase_add_test(tc, a_job_that_goes_on_from_a_model_begins_where_that_was);
    tcase_add_test(tc, what_has_no_result_or_lost_its_data_is_refused);
    tcase_add_test(tc, data_that_changed_is_found_out);
    tcase_add_test(tc, a_result_that_differs_is_called_so);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
