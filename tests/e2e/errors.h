/* errors: whatever a client does wrong, the answer is a problem document that says what to change,
 * with the right status, and the server goes on. After each test the server is asked for its
 * health, and nothing temporary may be left on the disk. */
#ifndef ERRORS_H
#define ERRORS_H

#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define NO_JOB "job_00000000000000000000"
#define NO_DATASET "ds_00000000000000000000"
#define NO_MODEL "mdl_00000000000000000000"

static e2e_server *s; /* one for all tests of a case */

static UNUSED void start(void)
{
    s = e2e_start((const char *const[]){"--workers", "1", NULL});
}

static UNUSED void start_small(void)
{
    s = e2e_start(
        (const char *const[]){"--max-body", "64k", "--workers", "1", "--max-queue", "1", NULL});
}

static UNUSED void stop(void)
{
    e2e_stop(s);
}

static UNUSED int temporary_files(void)
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

static UNUSED void check_alive(void)
{
    e2e_reply r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    for (double end = e2e_now() + 20; temporary_files() > 0 && e2e_now() < end;)
        sched_yield();
    ck_assert_int_eq(temporary_files(), 0);
}

static UNUSED bool is_utf8(const char *text)
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
static UNUSED e2e_reply refused(const char *method, const char *path, const char *type, const char *body,
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

static UNUSED void bad_json(const char *path, const char *body)
{
    e2e_reply r = refused("POST", path, "application/json", body, 400, "invalid-json");
    e2e_reply_free(&r);
}

/* A 422 that names the field, with part of what it says. */
static UNUSED void bad_field(const char *path, const char *body, const char *field, const char *part)
{
    const char *type = *body == '{' ? "application/json" : "text/csv";
    e2e_reply r = refused("POST", path, type, body, 422, "validation-failed");
    const char *message = e2e_field_error(&r, field);
    ck_assert_msg(strstr(message, part) != NULL, "%s: %s, which lacks \"%s\"", field, message,
                  part);
    e2e_reply_free(&r);
}

#define bad_dataset(body, field, part) bad_field("/v1/datasets", body, field, part)

static UNUSED void bad_csv(const char *query, const char *csv, const char *part)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    e2e_reply r = refused("POST", path, "text/csv", csv, 422, "validation-failed");
    ck_assert_msg(strstr(e2e_string(r.json, "detail"), part) != NULL, "%s lacks \"%s\"", r.body,
                  part);
    e2e_reply_free(&r);
}

/* All tests of a program, with one server for each case: `small`'s takes little. */
static UNUSED int run_cases(TCase *tc, TCase *small)
{
    Suite *suite = suite_create("errors");
    TCase *const cases[] = {tc, small};
    for (int i = 0; i < (small ? 2 : 1); i++) {
        tcase_set_timeout(cases[i], 120);
        tcase_add_unchecked_fixture(cases[i], i == 1 ? start_small : start, stop);
        tcase_add_checked_fixture(cases[i], NULL, check_alive);
        suite_add_tcase(suite, cases[i]);
    }
    return suite_run(suite);
}

#endif
