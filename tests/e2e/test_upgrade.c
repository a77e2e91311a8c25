/* Data directories that earlier releases left, killed in the middle of their work: this one serves
 * all that they did. tests/data/upgrade/make.sh made them, with what the old release said.
 */
#define _GNU_SOURCE
#include "tokens.h"
#include "twins.h"

#include <fcntl.h>
#include <sys/file.h>

static const char *const releases[] = {"schema1", "schema2", "schema3"};
enum { RELEASES = sizeof releases / sizeof releases[0] };

static cJSON *said(const char *release, const char *what)
{
    char path[400];
    snprintf(path, sizeof path, TEST_DATA "/upgrade/%s/%s.json", release, what);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *text = calloc(1, n + 1);
    ck_assert_uint_eq(fread(text, 1, n, f), n);
    fclose(f);
    cJSON *json = cJSON_Parse(text);
    ck_assert_ptr_nonnull(json);
    free(text);
    return json;
}

/* Everything that was said is said still; there may be more. */
static void assert_still(const cJSON *was, const cJSON *is, const char *where)
{
    const cJSON *child;
    if (!is || ((was->type ^ is->type) & 0xff & ~(cJSON_True | cJSON_False)))
        ck_abort_msg("%s is gone, or of another type", where);
    if (cJSON_IsNumber(was) &&
        fabs(was->valuedouble - is->valuedouble) > 1e-12 * fabs(was->valuedouble))
        ck_abort_msg("%s was %.17g and is %.17g", where, was->valuedouble, is->valuedouble);
    if (cJSON_IsString(was) && strcmp(was->valuestring, is->valuestring) != 0)
        ck_abort_msg("%s was \"%s\" and is \"%s\"", where, was->valuestring, is->valuestring);
    if (cJSON_IsArray(was))
        ck_assert_int_eq(cJSON_GetArraySize(was), cJSON_GetArraySize(is));
    int i = 0;
    cJSON_ArrayForEach (child, was) {
        char deeper[300];
        snprintf(deeper, sizeof deeper, "%s.%s", where, child->string ? child->string : "[]");
        assert_still(child,
                     child->string ? cJSON_GetObjectItem(is, child->string)
                                   : cJSON_GetArrayItem(is, i++),
                     deeper);
    }
}

static void assert_serves(const e2e_server *s, const char *path, const cJSON *was)
{
    e2e_reply r = e2e_get(s, path);
    ck_assert_int_eq(r.status, 200);
    assert_still(was, r.json, path);
    e2e_reply_free(&r);
}

/* Its document, history and model; but for the one that ran, and goes on. */
static void assert_job(const e2e_server *s, const char *release, const cJSON *was)
{
    const char *name = e2e_string(was, "name"), *id = e2e_string(was, "id");
    char path[200], file[64];
    if (strcmp(name, "running") == 0) {
        wait_for_end(s, id, "succeeded");
        return;
    }
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_serves(s, path, was);
    if (strcmp(name, "cancelled") == 0 || cJSON_IsString(cJSON_GetObjectItem(was, "sweep_id")))
        return;
    snprintf(file, sizeof file, "history_%s", strcmp(name, "too fast") ? name : "too_fast");
    cJSON *history = said(release, file);
    snprintf(path, sizeof path, "/v1/jobs/%s/history", id);
    assert_serves(s, path, history);
    cJSON_Delete(history);
    if (!cJSON_IsString(e2e_at(was, "model_id")))
        return;
    snprintf(file, sizeof file, "model_%s", name);
    cJSON *model = said(release, file);
    snprintf(path, sizeof path, "/v1/models/%s", e2e_string(was, "model_id"));
    assert_serves(s, path, model);
    cJSON_Delete(model);
    snprintf(file, sizeof file, "predictions_%s", name);
    cJSON *predictions = said(release, file);
    strcat(path, "/predictions");
    e2e_reply r = e2e_post(s, path,
                           strcmp(name, "texts") == 0
                               ? "{\"data\": [{\"city\": \"Oslo\", \"rooms\": 3}]}"
                               : "{\"X\": [[1.5, 2.5], [10, 20]]}");
    ck_assert_int_eq(r.status, 200);
    assert_still(predictions, r.json, path);
    e2e_reply_free(&r);
    cJSON_Delete(predictions);
}

static bool of_schema_2(const char *release)
{
    return strcmp(release, "schema1") != 0;
}

/* The sweep, and the upload in pieces, which is as far as it was and can be finished. */
static void assert_version_2(const e2e_server *s, const char *release, int start)
{
    static const char *const more[] = {"Upload-Offset: 14", NULL};
    char path[100];
    cJSON *sweep = said(release, "sweep"), *upload = said(release, "upload");
    snprintf(path, sizeof path, "/v1/sweeps/%s", e2e_string(sweep, "id"));
    assert_serves(s, path, sweep);
    snprintf(path, sizeof path, "/v1/uploads/%s", e2e_string(upload, "id"));
    if (start == 0) {
        e2e_reply r = e2e_get(s, path);
        ck_assert_int_eq(r.status, 200);
        ck_assert_double_eq(e2e_number(r.json, "offset"), e2e_number(upload, "offset"));
        e2e_reply_free(&r);
        r = e2e_request(s, "PATCH", path, more, "6\n", 2);
        ck_assert_int_eq(r.status, 204);
        e2e_reply_free(&r);
    }
    strcat(path, "/finish"); /* the second time it says what it was finished into */
    e2e_reply r = e2e_request(s, "POST", path, NULL, NULL, 0);
    ck_assert_int_eq(r.status, start == 0 ? 201 : 200);
    ck_assert_double_eq(e2e_number(r.json, "rows"), 3);
    e2e_reply_free(&r);
    cJSON_Delete(sweep);
    cJSON_Delete(upload);
}

/* The job that ran goes on from a checkpoint without a checksum, and ends as if it had not been
 * interrupted. */
static void assert_goes_on(const e2e_server *s, const cJSON *jobs)
{
    const cJSON *item;
    char ds[32], twin[32];
    ck_assert_int_eq(taken_up(s), 1);
    cJSON_ArrayForEach (item, e2e_at(jobs, "jobs"))
        if (strcmp(e2e_string(item, "name"), "running") == 0) {
            snprintf(ds, sizeof ds, "%s", e2e_string(item, "dataset_id"));
            post_job(s, ds,
                     "\"epochs\": 80000000, \"tol\": 0, \"learning_rate\": 0.01, "
                     "\"history_points\": 20",
                     twin);
            wait_for_end(s, twin, "succeeded");
            assert_twins(s, twin, e2e_string(item, "id"));
            e2e_reply r = e2e_getf(s, "/v1/jobs/%s", e2e_string(item, "id"));
            ck_assert(cJSON_IsNull(e2e_at(r.json, "note")));
            e2e_reply_free(&r);
        }
}

/* Tokens let in whom they did, to what they did. */
static void assert_tokens(e2e_server *s, const char *release)
{
    static const char *const with_auth[] = {"--auth", "on", NULL};
    cJSON *tokens = said(release, "tokens"), *jobs = said(release, "jobs");
    char header[120], path[100];
    e2e_restart(s, with_auth);
    snprintf(path, sizeof path, "/v1/jobs/%s", e2e_string(jobs, "jobs.0.id"));
    for (int own = 0; own < 2; own++) {
        snprintf(header, sizeof header, "Authorization: Bearer %s",
                 e2e_string(tokens, own ? "default" : "acme"));
        const char *const headers[] = {header, NULL};
        e2e_reply r = e2e_request(s, "GET", path, headers, NULL, 0);
        ck_assert_int_eq(r.status, own ? 200 : 404);
        e2e_reply_free(&r);
        r = e2e_request(s, "GET", "/v1/jobs", headers, NULL, 0);
        ck_assert_int_eq(r.status, 200);
        ck_assert((cJSON_GetArraySize(e2e_at(r.json, "jobs")) > 0) == own);
        e2e_reply_free(&r);
    }
    end_cleanly(s, SIGTERM, 5);
    cJSON_Delete(tokens);
    cJSON_Delete(jobs);
}

/* What was there before it was counted counts, too. */
static void assert_counted(const e2e_server *s)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *q;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db,
                           "SELECT (SELECT count(*) FROM jobs WHERE kept < length(spec) + 72 * "
                           "(SELECT count(*) FROM history WHERE job = jobs.seq)) + (SELECT count(*) "
                           "FROM models WHERE bytes < length(theta) + length(training))",
                           -1, &q, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(q, 0), 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* A directory of the release's, unpacked, in the place of the one of s, which has ended. */
static void unpack(e2e_server *s, const char *release)
{
    char line[800];
    snprintf(line, sizeof line,
             "rm -rf %s && tar -C %.*s -xzf " TEST_DATA "/upgrade/%s/data.tar.gz", s->dir,
             (int)(strrchr(s->dir, '/') - s->dir), s->dir, release);
    ck_assert_int_eq(system(line), 0);
    if (!of_schema_2(release))
        return;
    sqlite3 *db; /* its upload would have expired since */
    snprintf(line, sizeof line, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(line, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "UPDATE uploads SET expires = strftime('%s', 'now') + 86400",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(what_an_earlier_release_left_is_served)
{
    const char *release = releases[_i];
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    unpack(s, release);
    for (int start = 0; start < 2; start++) { /* the second time nothing is left to be changed */
        e2e_restart(s, NULL);
        cJSON *datasets = said(release, "datasets"), *jobs = said(release, "jobs"),
              *models = said(release, "models");
        const cJSON *item;
        cJSON_ArrayForEach (item, e2e_at(jobs, "jobs"))
            assert_job(s, release, item);
        cJSON_ArrayForEach (item, e2e_at(datasets, "datasets")) {
            char path[100], job[32];
            snprintf(path, sizeof path, "/v1/datasets/%s", e2e_string(item, "id"));
            assert_serves(s, path, item);
            const char *name = e2e_string(item, "name");
            post_job(s, e2e_string(item, "id"),
                     strcmp(name, "flowers") == 0 ? "\"model\": \"softmax_regression\""
                     : strcmp(name, "homes") == 0 ? "\"missing\": \"median\""
                                                  : "",
                     job);
            wait_for_end(s, job, "succeeded");
        }
        cJSON_ArrayForEach (item, e2e_at(models, "models")) {
            char path[100];
            snprintf(path, sizeof path, "/v1/models/%s", e2e_string(item, "id"));
            assert_serves(s, path, item);
        }
        if (of_schema_2(release))
            assert_version_2(s, release, start);
        if (start == 0 && strcmp(release, "schema3") == 0)
            assert_goes_on(s, jobs);
        cJSON_Delete(datasets);
        cJSON_Delete(jobs);
        cJSON_Delete(models);
        end_cleanly(s, SIGTERM, 5);
        assert_database_sound(s);
        assert_counted(s);
    }
    if (of_schema_2(release))
        assert_tokens(s, release);
    e2e_restart(s, NULL);
    finish(s);
}
END_TEST

/* A server of the earlier release would find a schema that it does not know. */
START_TEST(the_command_line_changes_no_schema_under_a_server)
{
    char path[300], said_so[2048];
    sqlite3 *db;
    sqlite3_stmt *version;
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    unpack(s, "schema2");
    snprintf(path, sizeof path, "%s/lock", s->dir);
    int held = open(path, O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(flock(held, LOCK_EX | LOCK_NB), 0);
    ck_assert_int_eq(COMMAND(s, said_so, "token", "list"), 1);
    ck_assert_msg(strstr(said_so, "is of another version") != NULL, "%s", said_so);
    ck_assert_int_eq(COMMAND(s, said_so, "quota", "set", "acme", "jobs", "1"), 1);
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &version, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(version), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(version, 0), 2);
    sqlite3_finalize(version);
    sqlite3_close(db);
    close(held);
    ck_assert_int_eq(COMMAND(s, said_so, "token", "list"), 0);
    ck_assert_ptr_nonnull(strstr(said_so, "acme"));
    e2e_discard(s);
}
END_TEST

START_TEST(a_newer_database_is_refused_and_left_as_it_is)
{
    char path[300], line[512] = "", said_so[512] = "";
    sqlite3 *db;
    int status;
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    e2e_launch(s, NULL);
    WAIT_UNTIL(waitpid(s->pid, &status, WNOHANG) == s->pid, 20);
    s->pid = 0;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    FILE *f = fopen(s->log, "r");
    while (fgets(line, sizeof line, f))
        memcpy(said_so, line, sizeof line);
    fclose(f);
    if (!strstr(said_so, "999") || !strstr(said_so, "newer descentd"))
        ck_abort_msg("it does not say why: %s", said_so);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "SELECT count(*) FROM datasets", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    e2e_discard(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *tc = tcase_create("upgrade");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_loop_test(tc, what_an_earlier_release_left_is_served, 0, RELEASES);
    tcase_add_test(tc, the_command_line_changes_no_schema_under_a_server);
    tcase_add_test(tc, a_newer_database_is_refused_and_left_as_it_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
