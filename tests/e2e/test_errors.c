/* Whatever a client does wrong over HTTP: the answer is a problem document that says what
 * to change, with the right status, and the server goes on. After each test the server is
 * asked for its health, and nothing temporary may be left on the disk. */
#include "e2e.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NO_JOB "job_00000000000000000000"
#define NO_DATASET "ds_00000000000000000000"
#define NO_MODEL "mdl_00000000000000000000"

static e2e_server *s; /* one for all tests of a case */

static void start(void)
{
    s = e2e_start((const char *const[]){"--workers", "1", NULL});
}

static void start_small(void)
{
    s = e2e_start(
        (const char *const[]){"--max-body", "64k", "--workers", "1", "--max-queue", "1", NULL});
}

static void stop(void)
{
    e2e_stop(s);
}

static int temporary_files(void)
{
    char path[300];
    int n = 0;
    snprintf(path, sizeof path, "%s/tmp", s->dir);
    DIR *d = opendir(path);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void check_alive(void)
{
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    for (double end = e2e_now() + 20; temporary_files() > 0 && e2e_now() < end;)
        sched_yield();
    ck_assert_int_eq(temporary_files(), 0);
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int more = *c < 0x80   ? 0
                   : *c < 0xc2 ? -1
                   : *c < 0xe0 ? 1
                   : *c < 0xf0 ? 2
                   : *c < 0xf5 ? 3
                               : -1;
        if (more < 0)
            return false;
        for (c++; more > 0; more--, c++)
            if ((*c & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* Sends it and checks the problem; the caller frees the reply. */
static e2e_reply refused(const char *method, const char *path, const char *type, const char *body,
                         long status, const char *slug)
{
    char header[300];
    snprintf(header, sizeof header, "Content-Type: %s", type ? type : "");
    e2e_reply r = e2e_request(s, method, path, (const char *const[]){header, NULL}, body,
                              body ? strlen(body) : 0);
    if (r.status != status)
        ck_abort_msg("%s %s %.200s: %ld, not %ld: %s", method, path, body ? body : "", r.status,
                     status, r.body);
    e2e_problem(&r, status, slug);
    ck_assert_msg(is_utf8(r.body), "not UTF-8: %s", r.body);
    return r;
}

static void bad_json(const char *path, const char *body)
{
    e2e_reply r = refused("POST", path, "application/json", body, 400, "invalid-json");
    e2e_reply_free(&r);
}

/* A 422 that names the field, with part of what it says. */
static void bad_field(const char *path, const char *body, const char *field, const char *part)
{
    const char *type = *body == '{' ? "application/json" : "text/csv";
    e2e_reply r = refused("POST", path, type, body, 422, "validation-failed");
    const char *message = e2e_field_error(&r, field);
    ck_assert_msg(strstr(message, part) != NULL, "%s: %s, which lacks \"%s\"", field, message,
                  part);
    e2e_reply_free(&r);
}

#define bad_dataset(body, field, part) bad_field("/v1/datasets", body, field, part)

static void bad_csv(const char *query, const char *csv, const char *part)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    e2e_reply r = refused("POST", path, "text/csv", csv, 422, "validation-failed");
    ck_assert_msg(strstr(e2e_string(r.json, "detail"), part) != NULL, "%s lacks \"%s\"", r.body,
                  part);
    e2e_reply_free(&r);
}

/* ---- JSON as such ---- */

START_TEST(malformed_json_is_refused_with_its_place)
{
    static const char *const bad[] = {
        "{\"X\": [1,], \"y\": [1]}",
        "{'X': [1]}",
        "{\"X\": [1] \"y\": [1]}",
        "{\"X\": [01]}",
        "{\"X\": [1.]}",
        "{\"X\": [.5]}",
        "{\"X\": [+1]}",
        "{\"X\": [1e]}",
        "{\"X\": [0x10]}",
        "{\"X\": [--1]}",
        "{\"X\": [1] // no\n}",
        "{\"name\": \"a\nb\"}",
        "{\"name\": \"\\x\"}",
        "{\"name\": \"\\ud800\"}",
        "{\"name\": \"\\udc00\"}",
        "{\"name\": \"\\u00\"}",
        "{\"name\": \"\xff\"}",
        "{\"name\": \"\xc0\xaf\"}",
        "{\"name\": \"\xed\xa0\x80\"}",
        "{\"X\": [1}]",
        "{\"X\"}",
        "{,}",
        "{\"X\": tru}",
        "{\"X\": True}",
        "{\"X\": [1], \"y\": [1]} x",
        "{\"X\": [1], \"y\": [1]}{}",
        "{X: [1]}",
        "{\"X\": [1], \"X\": [2], \"y\": [1]}",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad_json("/v1/datasets", bad[i]);
        bad_json("/v1/jobs", bad[i]);
    }
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", "{\"X\":\n [1,\n  oops]}",
                          400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "oops"));
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "line 3"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(body_cut_short_anywhere_is_refused)
{
    static const char whole[] =
        "{\"name\": \"\\u00e4\", \"X\": [[1, -2.5e-3], [3, 4]], \"y\": [1, 2]}";
    char part[sizeof whole] = "";
    for (size_t n = 0; n < strlen(whole); part[n] = whole[n], n++) {
        bad_json("/v1/datasets", part);
        if (n % 5 == 0)
            bad_json("/v1/jobs", part);
    }
    e2e_reply r = e2e_post(s, "/v1/datasets", whole);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(document_that_is_no_object_is_refused)
{
    static const char *const bad[] = {"[1, 2]", "5", "\"text\"", "null", "true", "[]"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad_json("/v1/datasets", bad[i]);
        bad_json("/v1/jobs", bad[i]);
    }
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    enum { LEVELS = 100000 };
    char *body = calloc(6 * LEVELS + 64, 1), *at = body + sprintf(body, "{\"name\": ");
    memset(at, '[', LEVELS);
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", body, 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "levels deep"));
    e2e_reply_free(&r);
    bad_json("/v1/jobs", body);
    memcpy(body, "{\"X\"", 4); /* here the first array too many is named */
    body[4] = body[5] = body[6] = ' ';
    bad_dataset(body, "X[0][0]", "got an array");
    at = body;
    for (int i = 0; i < LEVELS; i++)
        at += sprintf(at, "{\"a\":");
    bad_json("/v1/datasets", body);
    bad_json("/v1/jobs", body);
    sprintf(body,
            "{\"data\": [{\"a\": 1, \"b\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]");
    bad_json("/v1/datasets", body);
    free(body);
}
END_TEST

/* ---- numbers ---- */

START_TEST(nan_and_infinity_are_refused_and_explained)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity", "nan", "inf", "-NaN"};
    char body[128];
    for (size_t i = 0; i < COUNT(words); i++) {
        snprintf(body, sizeof body, "{\"X\": [1, %s], \"y\": [1, 2]}", words[i]);
        bad_json("/v1/datasets", body);
        snprintf(body, sizeof body, "{\"X\": [1, 2], \"y\": [%s, 2]}", words[i]);
        bad_json("/v1/datasets", body);
        snprintf(body, sizeof body, "{\"dataset_id\": \"" NO_DATASET "\", \"tol\": %s}", words[i]);
        bad_json("/v1/jobs", body);
        if (strcasecmp(words[i], "nan") == 0) /* missing, in a table */
            continue;
        snprintf(body, sizeof body, "a,t\n1,2\n%s,3\n", words[i]);
        bad_csv("?target=t", body, "is not a finite number");
        snprintf(body, sizeof body, "a,t\n1,%s\n", words[i]);
        bad_csv("?target=t", body, "is not a finite number");
    }
    e2e_reply r =
        refused("POST", "/v1/datasets", "application/json", "{\"X\": [NaN]}", 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "finite numbers"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(number_beyond_double_precision_is_refused)
{
    bad_dataset("{\"X\": [1, 1e400], \"y\": [1, 2]}", "X[1]", "beyond the range");
    bad_dataset("{\"X\": [1, -1e309], \"y\": [1, 2]}", "X[1]", "beyond the range");
    bad_dataset("{\"X\": [[1], [2]], \"y\": [1, 1e400]}", "y[1]", "beyond the range");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 2}, {\"a\": 1e999, \"t\": 2}], \"target\": \"t\"}",
                "data[1].a", "beyond the range");
    bad_csv("?target=t", "a,t\n1e400,1\n", "beyond the range");
    char *body = calloc(4096, 1), *at = body + sprintf(body, "{\"X\": [1");
    memset(at, '0', 400); /* 10^400 in full */
    sprintf(at + 400, "], \"y\": [1]}");
    bad_dataset(body, "X[0]", "beyond the range");
    memset(at, '0', 3000);
    sprintf(at + 3000, "], \"y\": [1]}");
    e2e_reply r = refused("POST", "/v1/datasets", "application/json", body, 400, "invalid-json");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "too many digits"));
    e2e_reply_free(&r);
    free(body);
    bad_json("/v1/jobs", "{\"dataset_id\": \"" NO_DATASET "\", \"learning_rate\": 1e400}");
}
END_TEST

/* ---- data ---- */

START_TEST(ragged_rows_are_refused)
{
    bad_dataset("{\"X\": [[1, 2], [3]], \"y\": [1, 2]}", "X[1]", "has 1 value, but X[0] has 2");
    bad_dataset("{\"X\": [[1], [2, 3]], \"y\": [1, 2]}", "X[1]", "has 2 values, but X[0] has 1");
    bad_dataset("{\"X\": [[1], 2], \"y\": [1, 2]}", "X[1]", "must be an array");
    bad_dataset("{\"X\": [1, [2]], \"y\": [1, 2]}", "X[1]", "must be a number");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 2}, {\"t\": 3}], \"target\": \"t\"}", "data[1]",
                "lacks \"a\"");
    bad_dataset("{\"data\": [{\"t\": 2}, {\"t\": 3, \"a\": 1}], \"target\": \"t\"}", "data[1]",
                "\"a\", which data[0] has not");
    bad_csv("?target=t", "a,t\n1,2\n3\n", "has 1 field, but the header has 2 (line 3)");
    bad_csv("?target=t", "a,t\n1,2,3\n", "has 3 fields, but the header has 2 (line 2)");
}
END_TEST

START_TEST(empty_data_is_refused)
{
    bad_dataset("{}", "X", "is missing");
    bad_dataset("{\"X\": [], \"y\": []}", "X", "at least one row");
    bad_dataset("{\"X\": [[]], \"y\": [1]}", "X[0]", "at least one value");
    bad_dataset("{\"X\": [1]}", "y", "is missing");
    bad_dataset("{\"y\": [1]}", "X", "is missing");
    bad_dataset("{\"data\": [], \"target\": \"t\"}", "data", "at least one record");
    bad_dataset("{\"data\": [{}], \"target\": \"t\"}", "data[0]", "at least one");
    bad_dataset("{\"data\": [{\"t\": 1}], \"target\": \"t\"}", "columns", "at least one feature");
    bad_csv("?target=t", "", "empty");
    bad_csv("?target=t", "a,t\n", "no row");
    bad_csv("?target=t", "t\n1\n", "at least one feature");
    bad_json("/v1/datasets", "");
    bad_json("/v1/jobs", "");
}
END_TEST

START_TEST(x_and_y_of_different_length_are_refused)
{
    bad_dataset("{\"X\": [1, 2, 3], \"y\": [1, 2]}", "y", "has 2 values, but X has 3 rows");
    bad_dataset("{\"y\": [1, 2, 3], \"X\": [[1, 2]]}", "y", "has 3 values, but X has 1 rows");
}
END_TEST

START_TEST(columns_that_are_doubled_or_unknown_are_refused)
{
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\", \"a\"]}", "columns[1]",
                "twice");
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\"]}", "columns", "names 1 column");
    bad_dataset("{\"X\": [[1, 2]], \"y\": [1], \"columns\": [\"a\", \"y\"]}", "target",
                "name of a column");
    bad_dataset("{\"data\": [{\"a\": 1, \"a\": 2, \"t\": 3}], \"target\": \"t\"}", "data[0]",
                "twice");
    bad_dataset("{\"data\": [{\"radio\": 1, \"t\": 3}], \"target\": \"t\", \"columns\": "
                "[\"rodio\"]}",
                "columns[0]", "did you mean \"radio\"");
    bad_dataset("{\"data\": [{\"a\": 1, \"sales\": 3}], \"target\": \"sale\"}", "target",
                "did you mean \"sales\"");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 3}]}", "target", "is missing");
    bad_dataset("{\"data\": [{\"a\": 1, \"t\": 3}], \"target\": \"t\", \"columns\": [\"t\"]}",
                "columns[0]", "is the target too");
    bad_csv("?target=t", "a,a,t\n1,2,3\n", "\"a\" twice");
    bad_csv("?target=tt", "a,t\n1,2\n", "no column \"tt\"");
    bad_csv("?target=sales&columns=rado", "radio,sales\n1,2\n", "did you mean \"radio\"");
    bad_csv("?target=t&columns=a,a", "a,t\n1,2\n", "given twice");
    bad_csv("?target=t&columns=t", "a,t\n1,2\n", "is the target too");
    bad_csv("?target=t&columns=", "a,t\n1,2\n", "columns");
    bad_csv("", "a,sales\n1,2\n", "?target=");
    bad_csv("?target=t", ",t\n1,2\n", "has no name");
}
END_TEST

START_TEST(csv_that_is_no_csv_is_refused)
{
    bad_csv("?target=t", "a,t\n\"1\"x,2\n", "quoted field");
    bad_csv("?target=t", "a,t\n\"1,2\n", "inside a quoted field");
    bad_csv("?target=t", "a,t\n1,2\nx,2\n", "row 2, column \"a\"");
    bad_csv("?target=t", "a,t\n1 2,2\n", "is not a number");
    bad_csv("?target=t", "a,t\n\"1,5\",2\n", "\"1,5\" is not a number");
    bad_csv("?target=t&delimiter=,", "a;t\n1;2\n", "no column \"t\"");
    bad_csv("?target=t", "{\"X\": [1], \"y\": [2]}\n", "no column \"t\"");
}
END_TEST

START_TEST(wrong_types_of_data_are_refused_by_name)
{
    bad_dataset("{\"name\": 5, \"X\": [1], \"y\": [1]}", "name", "got a number");
    bad_dataset("{\"name\": \"\", \"X\": [1], \"y\": [1]}", "name", "must not be empty");
    bad_dataset("{\"name\": null, \"X\": [1], \"y\": [1]}", "name", "got null");
    bad_dataset("{\"target\": [1], \"X\": [1], \"y\": [1]}", "target", "got an array");
    bad_dataset("{\"columns\": \"a\", \"X\": [1], \"y\": [1]}", "columns", "got a string");
    bad_dataset("{\"columns\": [5], \"X\": [1], \"y\": [1]}", "columns[0]", "got a number");
    bad_dataset("{\"columns\": [\"a\\u0007\"], \"X\": [1], \"y\": [1]}", "columns[0]", "control");
    bad_dataset("{\"X\": \"1\", \"y\": [1]}", "X", "got a string");
    bad_dataset("{\"X\": {\"a\": [1]}, \"y\": [1]}", "X", "got an object");
    bad_dataset("{\"X\": [1, true], \"y\": [1]}", "X[1]", "got true");
    bad_dataset("{\"X\": [[[1]]], \"y\": [1]}", "X[0][0]", "got an array");
    bad_dataset("{\"X\": [1, \"1\"], \"y\": [1]}", "X[1]", "got a string");
    bad_dataset("{\"X\": [1], \"y\": 1}", "y", "got a number");
    bad_dataset("{\"X\": [1], \"y\": [[1]]}", "y[0]", "got an array");
    bad_dataset("{\"X\": [1, 2], \"y\": [1, \"1\"]}", "y[1]", "got a string");
    bad_dataset("{\"X\": [1, 2], \"y\": [\"1\", 1]}", "y[1]", "must be a string");
    bad_dataset("{\"data\": {\"a\": [1]}, \"target\": \"t\"}", "data", "got an object");
    bad_dataset("{\"data\": [[1]], \"target\": \"t\"}", "data[0]", "got an array");
    bad_dataset("{\"data\": [{\"a\": [], \"t\": 1}], \"target\": \"t\"}", "data[0].a",
                "got an array");
    bad_dataset("{\"X\": [1], \"y\": [1], \"data\": []}", "data", "together with X");
    bad_dataset("{\"y\": [1], \"data\": [{\"a\": 1}], \"target\": \"a\"}", "y", "belongs to X");
}
END_TEST

START_TEST(names_have_bounds)
{
    char name[300], body[400];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    snprintf(body, sizeof body, "{\"name\": \"%s\", \"X\": [1, 2], \"y\": [1, 2]}", name);
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    name[256] = 'n';
    name[257] = '\0';
    snprintf(body, sizeof body, "{\"name\": \"%s\", \"X\": [1], \"y\": [1]}", name);
    bad_dataset(body, "name", "at most 256 bytes");
    snprintf(body, sizeof body, "{\"dataset_id\": \"" NO_DATASET "\", \"name\": \"%s\"}", name);
    bad_field("/v1/jobs", body, "name", "at most 256 bytes");
    snprintf(body, sizeof body, "/v1/datasets?target=t&name=%s", name);
    r = refused("POST", body, "text/csv", "a,t\n1,2\n", 422, "validation-failed");
    e2e_reply_free(&r);
    /* not UTF-8, in the query and in CSV */
    r = refused("POST", "/v1/datasets?target=t&name=%ff", "text/csv", "a,t\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets?target=t", "text/csv", "a\xff,t\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets?target=%ff", "text/csv", "a,\xff\n1,2\n", 422,
                "validation-failed");
    e2e_reply_free(&r);
}
END_TEST

/* ---- jobs ---- */

#define JOB(members) "{\"dataset_id\": \"" NO_DATASET "\", " members "}"

START_TEST(wrong_types_and_values_of_a_job_are_refused_by_name)
{
    static const struct {
        const char *body, *field, *part;
    } bad[] = {
        {JOB("\"learning_rate\": \"fast\""), "learning_rate",
         "must be a finite number greater than 0, or \"auto\", got \"fast\""},
        {JOB("\"learning_rate\": 0"), "learning_rate", "greater than 0"},
        {JOB("\"learning_rate\": -0.5"), "learning_rate", "got -0.5"},
        {JOB("\"learning_rate\": 1e-400"), "learning_rate", "got 0"},
        {JOB("\"learning_rate\": null"), "learning_rate", "got null"},
        {JOB("\"learning_rate\": [0.1]"), "learning_rate", "got an array"},
        {JOB("\"learning_rate\": true"), "learning_rate", "got true"},
        {JOB("\"epochs\": 0"), "epochs", "[1, 1000000000]"},
        {JOB("\"epochs\": 1.5"), "epochs", "a whole number"},
        {JOB("\"epochs\": \"10\""), "epochs", "got \"10\""},
        {JOB("\"epochs\": 1000000001"), "epochs", "[1, 1000000000]"},
        {JOB("\"epochs\": -1"), "epochs", "got -1"},
        {JOB("\"batch_size\": 0"), "batch_size", "or \"full\", got 0"},
        {JOB("\"batch_size\": \"all\""), "batch_size", "got \"all\""},
        {JOB("\"tol\": 1"), "tol", "[0, 1)"},
        {JOB("\"tol\": -1e-9"), "tol", "[0, 1)"},
        {JOB("\"n_iter_no_change\": 0"), "n_iter_no_change", "got 0"},
        {JOB("\"seed\": -1"), "seed", "got -1"},
        {JOB("\"seed\": 9007199254740994"), "seed", "got 9007199254740994"},
        {JOB("\"seed\": 0.5"), "seed", "got 0.5"},
        {JOB("\"shuffle\": 1"), "shuffle", "true or false, got 1"},
        {JOB("\"intercept\": \"yes\""), "intercept", "got \"yes\""},
        {JOB("\"standardize\": null"), "standardize", "got null"},
        {JOB("\"history_points\": 9"), "history_points", "or \"all\", got 9"},
        {JOB("\"history_points\": \"some\""), "history_points", "got \"some\""},
        {JOB("\"history_points\": \"all\", \"epochs\": 1000001"), "history_points", "1000000"},
        {JOB("\"name\": 7"), "name", "must be a string, got 7"},
        {JOB("\"name\": \"\""), "name", "must not be empty"},
        {JOB("\"model\": \"linear_regresion\""), "model", "did you mean \"linear_regression\""},
        {JOB("\"model\": 3"), "model", "got 3"},
        {JOB("\"model\": {}"), "model.name", "is missing"},
        {JOB("\"cost\": \"hinges\""), "cost", "must be one of \"mse\""},
        {JOB("\"optimizer\": \"adm\""), "optimizer", "did you mean \"adam\""},
        {JOB("\"optimizer\": {\"name\": 5}"), "optimizer.name", "got 5"},
        {JOB("\"optimizer\": [\"gd\"]"), "optimizer", "got an array"},
        {JOB("\"initial_parameters\": [1]"), "initial_parameters", "must be an object"},
        {"{\"dataset_id\": 5}", "dataset_id", "must be a string, got 5"},
        {"{\"dataset_id\": null}", "dataset_id", "got null"},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        bad_field("/v1/jobs", bad[i].body, bad[i].field, bad[i].part);
}
END_TEST

/* It is a wrong type like any other, not an invalid body. */
START_TEST(inline_dataset_of_another_type_is_refused_by_name)
{
    bad_field("/v1/jobs", "{\"dataset\": 5}", "dataset", "got a number");
    bad_field("/v1/jobs", "{\"dataset\": null}", "dataset", "got null");
    bad_field("/v1/jobs", "{\"dataset\": [[1, 2]]}", "dataset", "got an array");
    bad_field("/v1/jobs", "{\"dataset\": \"" NO_DATASET "\"}", "dataset", "got a string");
}
END_TEST

START_TEST(small_x_is_taken_for_a_slip_of_the_shift_key)
{
    bad_dataset("{\"x\": [1], \"y\": [1]}", "x", "did you mean \"X\"");
    bad_dataset("{\"X\": [1], \"Y\": [1]}", "Y", "did you mean \"y\"");
}
END_TEST

START_TEST(unknown_fields_are_refused_with_the_nearest_name)
{
    bad_dataset("{\"X\": [1], \"y\": [1], \"column\": [\"a\"]}", "column",
                "did you mean \"columns\"");
    bad_dataset("{\"X\": [1], \"y\": [1], \"zzz\": {\"deep\": [1]}}", "zzz", "known are");
    bad_field("/v1/jobs", JOB("\"learningrate\": 0.1"), "learningrate",
              "did you mean \"learning_rate\"");
    bad_field("/v1/jobs", JOB("\"Epochs\": 5"), "Epochs", "did you mean \"epochs\"");
    bad_field("/v1/jobs", JOB("\"completely_else\": 5"), "completely_else", "unknown field");
    bad_field("/v1/jobs", JOB("\"optimizer\": {\"name\": \"gd\", \"momentum\": 1}"),
              "optimizer.momentum", "unknown field");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [1], \"y\": [1], \"nmae\": \"a\"}}",
              "dataset.nmae", "did you mean \"name\"");
}
END_TEST

START_TEST(all_bad_fields_are_named_at_once)
{
    static const char body[] =
        "{\"learning_rate\": \"fast\", \"epochs\": 0, \"batch_size\": -1, \"tol\": 2, "
        "\"n_iter_no_change\": 0, \"seed\": 1.5, \"shuffle\": \"yes\", \"intercept\": 1, "
        "\"standardize\": null, \"history_points\": 5, \"model\": \"x\", \"optimizer\": 5, "
        "\"name\": \"\", \"lerning_rate\": 1}";
    static const char *const fields[] = {
        "learning_rate", "epochs",    "batch_size", "tol",          "n_iter_no_change",
        "seed",          "shuffle",   "intercept",  "standardize",  "history_points",
        "model",         "optimizer", "name",       "lerning_rate", "dataset_id"};
    e2e_reply r = refused("POST", "/v1/jobs", "application/json", body, 422, "validation-failed");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "errors")), COUNT(fields));
    for (size_t i = 0; i < COUNT(fields); i++)
        e2e_field_error(&r, fields[i]);
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "15 fields"));
    e2e_reply_free(&r);
    r = refused("POST", "/v1/datasets", "application/json",
                "{\"name\": 5, \"target\": 6, \"columns\": [7, 8], \"zzz\": 1, \"X\": [1, 2], "
                "\"y\": [1]}",
                422, "validation-failed");
    ck_assert_int_ge(cJSON_GetArraySize(e2e_at(r.json, "errors")), 6);
    e2e_reply_free(&r);
    /* there is a limit to it, and it says so */
    char many[2048], *at = many + sprintf(many, "{");
    for (int i = 0; i < 40; i++)
        at += sprintf(at, "\"unknown_%d\": 1, ", i);
    sprintf(at, "\"epochs\": 0}");
    r = refused("POST", "/v1/jobs", "application/json", many, 422, "validation-failed");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "errors")), 16);
    ck_assert_double_eq(e2e_number(r.json, "errors_omitted"), 42 - 16);
    e2e_reply_free(&r);
}
END_TEST

/* Settings and inline data are both the client's to mend: hear of both. */
START_TEST(bad_settings_and_bad_inline_data_are_named_at_once)
{
    e2e_reply r = refused("POST", "/v1/jobs", "application/json",
                          "{\"epochs\": 0, \"dataset\": {\"X\": [1, 2], \"y\": [1]}}", 422,
                          "validation-failed");
    e2e_field_error(&r, "epochs");
    e2e_field_error(&r, "dataset.y");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(dataset_of_a_job_must_exist_and_be_one)
{
    bad_field("/v1/jobs", "{\"dataset_id\": \"" NO_DATASET "\"}", "dataset_id", NO_DATASET);
    bad_field("/v1/jobs", "{}", "dataset_id", "is missing");
    bad_field("/v1/jobs", JOB("\"dataset\": {\"X\": [1], \"y\": [1]}"), "dataset", "together");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [[1, 2], [3]], \"y\": [1, 2]}}", "dataset.X[1]",
              "has 1 value");
    bad_field("/v1/jobs", "{\"dataset\": {\"X\": [1, 2]}}", "dataset.y", "is missing");
}
END_TEST

START_TEST(initial_parameters_must_fit_the_data)
{
#define INITIAL(parameters)                                                                        \
    "{\"dataset\": {\"X\": [[1, 2], [3, 5]], \"y\": [1, 2]}, \"initial_parameters\": " parameters  \
    "}"
#define IN "initial_parameters."
    static const struct {
        const char *body, *field, *part;
    } bad[] = {
        {INITIAL("{\"coefficients\": [1]}"), IN "coefficients", "array of 2 numbers"},
        {INITIAL("{\"coefficients\": 1}"), IN "coefficients", "got 1"},
        {INITIAL("{\"coefficients\": [1, \"2\"]}"), IN "coefficients[1]", "got \"2\""},
        {INITIAL("{\"intercept\": null}"), IN "intercept", "got null"},
        {INITIAL("{\"coeficients\": [1, 2]}"), IN "coeficients", "did you mean"},
        {INITIAL("{\"m\": 1}"), IN "m", "unknown field"}, /* it is no line */
        {INITIAL("{\"intercept\": 1}, \"intercept\": false"), IN "intercept", "unknown field"},
        {"{\"dataset\": {\"X\": [1, 2], \"y\": [1, 2]}, \"initial_parameters\": {\"m\": 1, "
         "\"coefficients\": [1]}}",
         IN "coefficients", "twice"},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        bad_field("/v1/jobs", bad[i].body, bad[i].field, bad[i].part);
}
END_TEST

/* What was sent is quoted in answers, cut to length: never in the middle of a character. */
START_TEST(quoted_text_is_cut_between_characters)
{
    char word[400] = "", body[600];
    for (int shift = 0; shift < 3; shift++) {
        memset(word, 'x', (size_t)shift);
        word[shift] = '\0';
        for (int i = 0; i < 60; i++)
            strcat(word, "\xe2\x82\xac");
        static const char *const bodies[] = {"{\"learning_rate\": \"%s\"}", "{\"%s\": 1}",
                                             "{\"model\": \"%s\"}", "{\"dataset_id\": \"%s\"}",
                                             "{\"optimizer\": {\"name\": \"gd\", \"%s\": 1}}"};
        for (size_t i = 0; i < COUNT(bodies); i++) {
            snprintf(body, sizeof body, bodies[i], word);
            e2e_reply r =
                refused("POST", "/v1/jobs", "application/json", body, 422, "validation-failed");
            e2e_reply_free(&r);
        }
        snprintf(body, sizeof body, "a,t\n1,1\n%s,1\n", word);
        bad_csv("?target=t", body, "is not a number");
        snprintf(body, sizeof body, "{\"data\": [{\"%s\": [1], \"t\": 1}], \"target\": \"t\"}",
                 word);
        e2e_reply r =
            refused("POST", "/v1/datasets", "application/json", body, 422, "validation-failed");
        e2e_reply_free(&r);
    }
}
END_TEST

/* ---- routes, methods, queries ---- */

START_TEST(unknown_routes_are_404)
{
    static const char *const paths[] = {"/",
                                        "/v1/",
                                        "/v2",
                                        "/v1/dataset",
                                        "/V1/datasets",
                                        "/v1/datasets/",
                                        "/v1/datasets/a/b",
                                        "/v1/jobs/" NO_JOB "/histories",
                                        "/v1/jobs/" NO_JOB "/history/",
                                        "/healthz/",
                                        "/v1//jobs",
                                        "/favicon.ico",
                                        "/v1/models/%20%20/predictions/x",
                                        "/v1/jobs/%e2%82%ac/x",
                                        "/v1/datasets/" NO_DATASET NO_DATASET};
    for (size_t i = 0; i < COUNT(paths); i++) {
        e2e_reply r = refused("GET", paths[i], NULL, NULL, 404, "not-found");
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(unknown_ids_are_404_and_touch_no_file)
{
    static const struct {
        const char *method, *path, *body;
    } requests[] = {
        {"GET", "/v1/datasets/" NO_DATASET, NULL},
        {"DELETE", "/v1/datasets/" NO_DATASET, NULL},
        {"GET", "/v1/datasets/' OR 1=1 --", NULL},
        {"GET", "/v1/jobs/" NO_JOB, NULL},
        {"GET", "/v1/jobs/" NO_JOB "/history", NULL},
        {"POST", "/v1/jobs/" NO_JOB "/cancel", NULL},
        {"DELETE", "/v1/jobs/" NO_JOB, NULL},
        {"GET", "/v1/models/" NO_MODEL, NULL},
        {"DELETE", "/v1/models/" NO_MODEL, NULL},
        {"POST", "/v1/models/" NO_MODEL "/predictions", "{\"X\": [1]}"},
    };
    for (size_t i = 0; i < COUNT(requests); i++) {
        char path[128] = "";
        for (const char *c = requests[i].path; *c; c++)
            sprintf(path + strlen(path), *c == ' ' || *c == '\'' ? "%%%02x" : "%c", *c);
        e2e_reply r = refused(requests[i].method, path, NULL, requests[i].body, 404, "not-found");
        e2e_reply_free(&r);
    }
}
END_TEST

/* Of paths that somebody on the way might read otherwise nothing is looked up. */
START_TEST(paths_with_dot_segments_or_slashes_in_disguise_are_400)
{
    static const char *const paths[] = {"/v1/datasets/..", "/v1/datasets/.", "/v1/%2e%2e/v1/jobs",
                                        "/v1/datasets/..%2f..%2fdescentd.db"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        e2e_reply r = refused("DELETE", paths[i], NULL, NULL, 400, "bad-request");
        e2e_reply_free(&r);
    }
}
END_TEST

/* A NUL that was escaped is not the end of the path: that would be another resource. */
START_TEST(escaped_nul_in_a_path_is_not_its_end)
{
    char id[32];
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s%%00junk", id);
    ck_assert_msg(r.status == 404 || r.status == 400, "%ld", r.status);
    e2e_reply_free(&r);
}
END_TEST

/* Does the list "GET, HEAD, DELETE" have the word? */
static bool has_method(const char *list, const char *method)
{
    size_t n = strlen(method);
    for (const char *at = list; (at = strstr(at, method)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
            return true;
    return false;
}

START_TEST(wrong_method_on_each_route_is_405_with_allow)
{
    static const char *const methods[] = {"GET",    "HEAD",    "POST",     "PUT", "PATCH",
                                          "DELETE", "OPTIONS", "PROPFIND", "get"};
    e2e_reply index = e2e_get(s, "/v1");
    const cJSON *route, *other, *routes = e2e_at(index.json, "routes");
    ck_assert_int_ge(cJSON_GetArraySize(routes), 18);
    cJSON_ArrayForEach (route, routes) {
        char path[128], allowed[128] = "", allow[128];
        const char *pattern = e2e_string(route, "path"), *id = strstr(pattern, "{id}");
        snprintf(path, sizeof path, "%.*s%s%s", id ? (int)(id - pattern) : (int)strlen(pattern),
                 pattern, id ? "x" : "", id ? id + 4 : "");
        cJSON_ArrayForEach (other, routes)
            if (strcmp(e2e_string(other, "path"), pattern) == 0)
                sprintf(allowed + strlen(allowed), "%s%s", *allowed ? ", " : "",
                        e2e_string(other, "method"));
        if (has_method(allowed, "GET"))
            strcat(allowed, ", HEAD");
        for (size_t i = 0; i < COUNT(methods); i++) {
            if (has_method(allowed, methods[i]))
                continue;
            e2e_reply r = e2e_request(s, methods[i], path, NULL, NULL, 0);
            ck_assert_msg(r.status == 405, "%s %s: %ld", methods[i], path, r.status);
            if (strcmp(methods[i], "HEAD") != 0)
                e2e_problem(&r, 405, "method-not-allowed");
            e2e_header(&r, "Allow", allow, sizeof allow);
            ck_assert_msg(strlen(allow) == strlen(allowed), "%s: %s, not %s", path, allow, allowed);
            for (size_t k = 0; k < COUNT(methods); k++)
                ck_assert(has_method(allow, methods[k]) == has_method(allowed, methods[k]));
            e2e_reply_free(&r);
        }
    }
    e2e_reply_free(&index);
}
END_TEST

START_TEST(head_is_get_without_the_body)
{
    static const char *const paths[] = {"/healthz", "/readyz",      "/v1",       "/openapi.json",
                                        "/v1/jobs", "/v1/datasets", "/v1/models"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        char length[32], type[64], want[32];
        e2e_reply get = e2e_get(s, paths[i]),
                  head = e2e_request(s, "HEAD", paths[i], NULL, NULL, 0);
        ck_assert_int_eq(get.status, 200);
        ck_assert_int_eq(head.status, 200);
        ck_assert_uint_eq(head.len, 0);
        snprintf(want, sizeof want, "%zu", get.len);
        ck_assert_str_eq(e2e_header(&head, "Content-Length", length, sizeof length), want);
        ck_assert_str_eq(e2e_header(&head, "Content-Type", type, sizeof type), "application/json");
        e2e_reply_free(&get);
        e2e_reply_free(&head);
    }
    e2e_reply r = e2e_request(s, "HEAD", "/v1/jobs/" NO_JOB, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 404);
    ck_assert_uint_eq(r.len, 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(query_parameters_are_checked)
{
    static const struct {
        const char *path, *field, *part;
    } bad[] = {
        {"/healthz?verbose=1", "verbose", "takes no query parameters"},
        {"/v1?x", "x", "takes no query parameters"},
        {"/v1/datasets?limt=3", "limt", "did you mean \"limit\""},
        {"/v1/datasets?limit=3&limit=4", "limit", "given twice"},
        {"/v1/datasets?limit=3&limit=3", "limit", "given twice"},
        {"/v1/datasets?limit", "limit", "must have a value"},
        {"/v1/datasets?limit=", "limit", "[1, 1000]"},
        {"/v1/datasets?limit=0", "limit", "[1, 1000]"},
        {"/v1/datasets?limit=1001", "limit", "got \"1001\""},
        {"/v1/datasets?limit=-1", "limit", "got \"-1\""},
        {"/v1/datasets?limit=+5", "limit", "a whole number"},
        {"/v1/datasets?limit=%205", "limit", "a whole number"},
        {"/v1/datasets?limit=5.0", "limit", "a whole number"},
        {"/v1/datasets?limit=1e2", "limit", "a whole number"},
        {"/v1/datasets?limit=18446744073709551617", "limit", "a whole number"},
        {"/v1/datasets?before=ds_1", "before", "a whole number"},
        {"/v1/jobs?state=sleeping", "state", "queued, running"},
        {"/v1/jobs?state=", "state", "queued, running"},
        {"/v1/jobs/" NO_JOB "?wait=61", "wait", "[0, 60]"},
        {"/v1/jobs/" NO_JOB "?wait=soon", "wait", "got \"soon\""},
        {"/v1/jobs/" NO_JOB "/history?points=3", "points", "[4, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?points=100001", "points", "[4, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?last=0", "last", "[1, 100000]"},
        {"/v1/jobs/" NO_JOB "/history?after_epoch=-1", "after_epoch", "a whole number"},
        {"/v1/jobs/" NO_JOB "/history?points=10&last=3", "last", "together"},
        {"/v1/jobs/" NO_JOB "/history?points=10&limit=3", "limit", "together"},
        {"/v1/jobs/" NO_JOB "/history?last=10&limit=3", "limit", "together"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        e2e_reply r = refused("GET", bad[i].path, NULL, NULL, 400, "invalid-parameter");
        const char *message = e2e_field_error(&r, bad[i].field);
        ck_assert_msg(strstr(message, bad[i].part) != NULL, "%s: %s", bad[i].path, message);
        e2e_reply_free(&r);
    }
    static const struct {
        const char *query, *field;
    } layouts[] = {{"delimiter=x", "delimiter"}, {"delimiter=;;", "delimiter"}, {"header=1", "header"}};
    for (size_t i = 0; i < COUNT(layouts); i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/datasets?target=t&%s", layouts[i].query);
        e2e_reply l = refused("POST", path, "text/csv", "a,t\n1,2\n", 400, "invalid-parameter");
        e2e_field_error(&l, layouts[i].field);
        e2e_reply_free(&l);
    }
    e2e_reply r = refused("POST", "/v1/datasets?traget=t", "text/csv", "a,t\n1,2\n", 400,
                          "invalid-parameter");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "traget"), "did you mean \"target\""));
    e2e_reply_free(&r);
    r = refused("POST", "/v1/jobs?name=x", NULL, "{}", 400, "invalid-parameter");
    e2e_reply_free(&r);
    /* several at once */
    r = refused("GET", "/v1/jobs?limit=3&limit=4&nope=1", NULL, NULL, 400, "invalid-parameter");
    e2e_field_error(&r, "limit");
    e2e_field_error(&r, "nope");
    e2e_reply_free(&r);
}
END_TEST

/* ---- what a body is and how large ---- */

START_TEST(body_of_another_type_is_415)
{
    static const char *const types[] = {"text/plain",
                                        "application/xml",
                                        "application/jsonx",
                                        "application/json-seq",
                                        "multipart/mixed; boundary=x",
                                        "json",
                                        "text/csvx",
                                        "image/\xe2\x82\xac"};
    static const char *const paths[] = {"/v1/datasets?target=t", "/v1/jobs",
                                        "/v1/models/" NO_MODEL "/predictions"};
    for (size_t p = 0; p < COUNT(paths); p++)
        for (size_t t = 0; t < COUNT(types); t++) {
            e2e_reply r = refused("POST", paths[p], types[t], "{}", 415, "unsupported-media-type");
            ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "application/json"));
            e2e_reply_free(&r);
        }
    e2e_reply r =
        refused("POST", "/v1/jobs", "text/csv", "a,t\n1,2\n", 415, "unsupported-media-type");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(body_in_an_unknown_encoding_is_415)
{
    static const char *const encodings[] = {"br", "deflate", "gzip, identity", "compress"};
    static const char body[] = "{\"X\": [1, 2], \"y\": [1, 2]}";
    for (size_t i = 0; i < COUNT(encodings); i++) {
        char header[64];
        snprintf(header, sizeof header, "Content-Encoding: %s", encodings[i]);
        e2e_reply r = e2e_request(s, "POST", "/v1/datasets", (const char *const[]){header, NULL},
                                  body, strlen(body));
        e2e_problem(&r, 415, "unsupported-media-type");
        ck_assert_str_eq(e2e_header(&r, "Accept-Encoding", header, sizeof header), "gzip, zstd");
        e2e_reply_free(&r);
    }
    e2e_reply r =
        e2e_request(s, "POST", "/v1/datasets",
                    (const char *const[]){"Content-Encoding: identity", NULL}, body, strlen(body));
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

enum { LIMIT = 64 << 10 };

/* A dataset of exactly n bytes. */
static char *dataset_of(size_t n)
{
    static const char begin[] = "{\"X\": [1, 2], \"y\": [1, 2]";
    char *body = malloc(n + 1);
    memset(body, ' ', n);
    memcpy(body, begin, strlen(begin));
    body[n - 1] = '}';
    body[n] = '\0';
    return body;
}

START_TEST(body_above_the_limit_is_413_and_one_at_it_is_read)
{
    static const char *const paths[] = {"/v1/datasets", "/v1/jobs",
                                        "/v1/models/" NO_MODEL "/predictions"};
    char *body = dataset_of(LIMIT);
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    free(body);
    for (size_t more = 1; more < 2000000; more *= 40) {
        body = dataset_of(LIMIT + more);
        for (size_t i = 0; i < COUNT(paths); i++) {
            r = refused("POST", paths[i], "application/json", body, 413, "too-large");
            ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), "65536"));
            e2e_reply_free(&r);
        }
        free(body);
    }
}
END_TEST

START_TEST(chunked_body_above_the_limit_is_413)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Transfer-Encoding: chunked", NULL};
    static const char *const paths[] = {"/v1/datasets", "/v1/jobs"};
    for (size_t more = 0; more < 300000; more = 40 * more + 1)
        for (size_t i = 0; i < COUNT(paths); i++) {
            char *body = dataset_of(LIMIT + more);
            e2e_reply r = e2e_request(s, "POST", paths[i], headers, body, LIMIT + more);
            if (more > 0)
                e2e_problem(&r, 413, "too-large");
            else
                ck_assert_int_eq(r.status, i == 0 ? 201 : 422);
            e2e_reply_free(&r);
            free(body);
        }
}
END_TEST

/* ---- connections ---- */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(s->address, ':') + 1))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Sends the text; the answer's status, 0 when the server just hangs up. */
static int status_of(const char *text, size_t len)
{
    char *answer = e2e_raw(s, text, len, 20);
    int status = 0;
    sscanf(answer, "HTTP/1.1 %d", &status);
    free(answer);
    return status;
}

/* libmicrohttpd itself answers what is not HTTP, or hangs up. */
START_TEST(what_is_not_http_is_refused)
{
    static const char *const bad[] = {
        "\r\n\r\n\r\n\r\nx\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET\r\n\r\n",
        "GET  /healthz  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n", /* TLS */
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n{}",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\n{} ",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "ffffffffffffffffff\r\n{}\r\n",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int status = status_of(bad[i], strlen(bad[i]));
        ck_assert_msg(status == 0 || (status >= 400 && status < 600 && status != 500), "%s: %d",
                      bad[i], status);
        check_alive();
    }
}
END_TEST

START_TEST(request_without_host_is_a_bad_request)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n";
    char *answer = e2e_raw(s, text, strlen(text), 20);
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
    ck_assert_msg(strstr(answer, "application/problem+json") != NULL, "%s", answer);
    free(answer);
}
END_TEST

/* RFC 9112, 6.3: two lengths are how requests are smuggled past a proxy. */
START_TEST(contradicting_lengths_are_a_bad_request)
{
    static const char *const bad[] = {
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 4\r\n"
        "Connection: close\r\n\r\n{}  ",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_int_eq(status_of(bad[i], strlen(bad[i])), 400);
}
END_TEST

START_TEST(floods_of_headers_are_refused)
{
    enum { SIZE = 4 << 20 };
    char *text = malloc(SIZE + 1024), *at;
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; at < text + SIZE; i++)
        at += sprintf(at, "Header-%d: value\r\n", i);
    at += sprintf(at, "\r\n");
    int status = status_of(text, (size_t)(at - text));
    ck_assert_msg(status == 431 || status == 0, "%d", status); /* 0: cut off while sending */
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ");
    memset(at, 'a', SIZE);
    sprintf(at + SIZE, "\r\n\r\n");
    status = status_of(text, strlen(text));
    ck_assert_msg(status == 431 || status == 0, "%d", status);
    at = text + sprintf(text, "GET /");
    memset(at, 'a', SIZE);
    sprintf(at + SIZE, " HTTP/1.1\r\nHost: x\r\n\r\n");
    status = status_of(text, strlen(text));
    ck_assert_msg(status == 414 || status == 0, "%d", status);
    check_alive();
    /* what is large but reasonable is read */
    at = text + sprintf(text, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ");
    memset(at, 'a', 8000);
    sprintf(at + 8000, "\r\n\r\n");
    ck_assert_int_eq(status_of(text, strlen(text)), 200);
    free(text);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                               "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
                               "{\"X\": [1, 2], \"y\": [1, 2]}"
                               "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                               "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: "
                               "20\r\n\r\n{\"X\": [1, 2], \"y\": ["
                               "DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static const int want[] = {200, 201, 404, 400, 405, 200};
    char *answer = e2e_raw(s, text, strlen(text), 20), *at = answer;
    for (size_t i = 0; i < COUNT(want); i++) {
        int status = 0;
        at = strstr(at, "HTTP/1.1 ");
        ck_assert_msg(at != NULL, "answer %zu is missing: %s", i, answer);
        sscanf(at, "HTTP/1.1 %d", &status);
        ck_assert_int_eq(status, want[i]);
        at += 9;
    }
    ck_assert_ptr_null(strstr(at, "HTTP/1.1 "));
    free(answer);
}
END_TEST

/* Reads until the server closes; false when it does not within ten seconds. */
static bool read_all(int fd, char *buf, size_t size)
{
    size_t n = 0;
    for (double end = e2e_now() + 10; e2e_now() < end;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t got = recv(fd, buf + n, size - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    buf[n] = '\0';
    return n > 0;
}

START_TEST(client_that_closed_its_side_gets_its_answer)
{
    char buf[4096];
    int fd = dial();
    say(fd,
        "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 26\r\n\r\n"
        "{\"X\": [1, 2], \"y\": [1, 2]}");
    shutdown(fd, SHUT_WR);
    ck_assert(read_all(fd, buf, sizeof buf));
    ck_assert_int_eq(strncmp(buf, "HTTP/1.1 201 ", 13), 0);
    close(fd);
}
END_TEST

static const char upload[] = "POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
                             "{\"X\": [1, 2, 3";
static const char chunked_upload[] =
    "POST /v1/datasets?target=t HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    "Transfer-Encoding: chunked\r\n\r\n8\r\na,t\n1,2\n\r\n10\r\n3,4";

static void wait_for_files(int n)
{
    for (double end = e2e_now() + 20; temporary_files() != n && e2e_now() < end;)
        sched_yield();
    ck_assert_int_eq(temporary_files(), n);
}

/* Hang-ups in the headers, in the body and in a chunk; some are impolite (RST). */
START_TEST(client_that_hangs_up_leaves_no_file)
{
    enum { N = 12 };
    int fds[N];
    for (int i = 0; i < N; i++) {
        fds[i] = dial();
        say(fds[i], i % 3 == 0 ? upload : i % 3 == 1 ? chunked_upload : "POST /v1/datas");
    }
    wait_for_files(N / 3 * 2); /* a file an upload: they are under way */
    for (int i = 0; i < N; i++) {
        struct linger reset = {1, 0};
        if (i % 2)
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fds[i]);
    }
    wait_for_files(0);
    e2e_reply r = e2e_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(uploads_beyond_what_is_held_at_once_are_503)
{
    enum { N = 64 };
    int fds[N];
    char retry[16];
    for (int i = 0; i < N; i++) {
        fds[i] = dial();
        say(fds[i], upload);
    }
    wait_for_files(N);
    e2e_reply r =
        refused("POST", "/v1/datasets", NULL, "{\"X\": [1, 2], \"y\": [1, 2]}", 503, "unavailable");
    ck_assert_int_ge(atoi(e2e_header(&r, "Retry-After", retry, sizeof retry)), 1);
    e2e_reply_free(&r);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    wait_for_files(0);
    r = e2e_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}");
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(job_beyond_the_queue_is_429)
{
    static const char body[] =
        "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}";
    char first[32], second[32], path[64], retry[16];
    e2e_job(s, body, first);
    for (double end = e2e_now() + 20; e2e_now() < end;) {
        e2e_reply r = e2e_getf(s, "/v1/jobs/%s", first);
        bool runs = strcmp(e2e_string(r.json, "state"), "running") == 0;
        e2e_reply_free(&r);
        if (runs)
            break;
    }
    e2e_job(s, body, second);
    e2e_reply before = e2e_get(s, "/v1/datasets");
    e2e_reply r = refused("POST", "/v1/jobs", NULL, body, 429, "queue-full");
    ck_assert_int_ge(atoi(e2e_header(&r, "Retry-After", retry, sizeof retry)), 1);
    e2e_reply_free(&r);
    e2e_reply after = e2e_get(s, "/v1/datasets"); /* its data is not kept */
    ck_assert_str_eq(before.body, after.body);
    e2e_reply_free(&before);
    e2e_reply_free(&after);
    const char *const ids[] = {second, first};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v1/jobs/%s/cancel", ids[i]);
        r = e2e_request(s, "POST", path, NULL, NULL, 0);
        ck_assert_int_eq(r.status, 202);
        e2e_reply_free(&r);
    }
    r = e2e_wait(s, first);
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/jobs", "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}}");
    ck_assert_int_eq(r.status, 202); /* there is room again */
    e2e_reply_free(&r);
}
END_TEST

/* One who waits and goes: neither the job nor the end of the server minds. */
START_TEST(waiting_client_that_hangs_up_is_let_go)
{
    char id[32], request[128];
    e2e_job(s, "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 3]}, \"epochs\": 1000000000, \"tol\": 0}",
            id);
    snprintf(request, sizeof request, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n", id);
    for (int i = 0; i < 8; i++) {
        int fd = dial();
        say(fd, request);
        close(fd);
    }
    check_alive();
    snprintf(request, sizeof request, "/v1/jobs/%s/cancel", id);
    e2e_reply r = e2e_request(s, "POST", request, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    r = e2e_wait(s, id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "cancelled");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("errors");
    TCase *json = tcase_create("documents"), *routes = tcase_create("routes"),
          *small = tcase_create("limits"), *http = tcase_create("connections");
    tcase_add_test(json, malformed_json_is_refused_with_its_place);
    tcase_add_test(json, body_cut_short_anywhere_is_refused);
    tcase_add_test(json, document_that_is_no_object_is_refused);
    tcase_add_test(json, deep_nesting_is_refused);
    tcase_add_test(json, nan_and_infinity_are_refused_and_explained);
    tcase_add_test(json, number_beyond_double_precision_is_refused);
    tcase_add_test(json, ragged_rows_are_refused);
    tcase_add_test(json, empty_data_is_refused);
    tcase_add_test(json, x_and_y_of_different_length_are_refused);
    tcase_add_test(json, columns_that_are_doubled_or_unknown_are_refused);
    tcase_add_test(json, csv_that_is_no_csv_is_refused);
    tcase_add_test(json, wrong_types_of_data_are_refused_by_name);
    tcase_add_test(json, names_have_bounds);
    tcase_add_test(json, wrong_types_and_values_of_a_job_are_refused_by_name);
    tcase_add_test(json, inline_dataset_of_another_type_is_refused_by_name);
    tcase_add_test(json, small_x_is_taken_for_a_slip_of_the_shift_key);
    tcase_add_test(json, unknown_fields_are_refused_with_the_nearest_name);
    tcase_add_test(json, all_bad_fields_are_named_at_once);
    tcase_add_test(json, bad_settings_and_bad_inline_data_are_named_at_once);
    tcase_add_test(json, dataset_of_a_job_must_exist_and_be_one);
    tcase_add_test(json, initial_parameters_must_fit_the_data);
    tcase_add_test(json, quoted_text_is_cut_between_characters);
    tcase_add_test(routes, unknown_routes_are_404);
    tcase_add_test(routes, unknown_ids_are_404_and_touch_no_file);
    tcase_add_test(routes, paths_with_dot_segments_or_slashes_in_disguise_are_400);
    tcase_add_test(routes, escaped_nul_in_a_path_is_not_its_end);
    tcase_add_test(routes, wrong_method_on_each_route_is_405_with_allow);
    tcase_add_test(routes, head_is_get_without_the_body);
    tcase_add_test(routes, query_parameters_are_checked);
    tcase_add_test(routes, body_of_another_type_is_415);
    tcase_add_test(routes, body_in_an_unknown_encoding_is_415);
    tcase_add_test(small, body_above_the_limit_is_413_and_one_at_it_is_read);
    tcase_add_test(small, chunked_body_above_the_limit_is_413);
    tcase_add_test(small, job_beyond_the_queue_is_429);
    tcase_add_test(http, what_is_not_http_is_refused);
    tcase_add_test(http, request_without_host_is_a_bad_request);
    tcase_add_test(http, contradicting_lengths_are_a_bad_request);
    tcase_add_test(http, floods_of_headers_are_refused);
    tcase_add_test(http, pipelined_requests_are_answered_in_order);
    tcase_add_test(http, client_that_closed_its_side_gets_its_answer);
    tcase_add_test(http, client_that_hangs_up_leaves_no_file);
    tcase_add_test(http, uploads_beyond_what_is_held_at_once_are_503);
    tcase_add_test(http, waiting_client_that_hangs_up_is_let_go);
    TCase *const cases[] = {json, routes, small, http};
    for (size_t i = 0; i < COUNT(cases); i++) {
        tcase_set_timeout(cases[i], 120);
        tcase_add_unchecked_fixture(cases[i], cases[i] == small ? start_small : start, stop);
        tcase_add_checked_fixture(cases[i], NULL, check_alive);
        suite_add_tcase(suite, cases[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
