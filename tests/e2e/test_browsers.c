/* What browsers go by: headers on every answer, and which pages may call the server: none, or those
 * that are named. The source is the Fetch standard, 3.2 and 4.9.
 */
#define _GNU_SOURCE
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PAGE "https://app.example.org"
#define OTHER "http://localhost:3000"

static const char *const named[] = {"--cors-origin", PAGE "," OTHER, NULL};

static void header_is(const e2e_reply *r, const char *name, const char *value)
{
    char got[256];
    ck_assert_msg(strcmp(e2e_header(r, name, got, sizeof got), value) == 0, "%s: %s, not %s", name,
                  got, value);
}

static e2e_reply ask(const e2e_server *s, const char *method, const char *path, const char *origin,
                     const char *wanted)
{
    char a[128], b[128];
    snprintf(a, sizeof a, "Origin: %s", origin ? origin : "");
    snprintf(b, sizeof b, "Access-Control-Request-Method: %s", wanted ? wanted : "");
    const char *headers[3] = {origin ? a : NULL, wanted ? b : NULL, NULL};
    return e2e_request(s, method, path, headers, NULL, 0);
}

static void has_security_headers(const e2e_reply *r)
{
    header_is(r, "X-Content-Type-Options", "nosniff");
    header_is(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    header_is(r, "Referrer-Policy", "no-referrer");
    header_is(r, "Cache-Control", "no-store");
}

static void has_no_cors(const e2e_reply *r)
{
    header_is(r, "Access-Control-Allow-Origin", "");
    header_is(r, "Access-Control-Allow-Methods", "");
    header_is(r, "Access-Control-Allow-Headers", "");
}

START_TEST(every_answer_has_security_headers)
{
    static const struct {
        const char *method, *path, *body;
        long status;
    } some[] = {
        {"GET", "/healthz", NULL, 200},
        {"HEAD", "/v1/jobs", NULL, 200},
        {"GET", "/openapi.json", NULL, 200},
        {"POST", "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", 201},
        {"POST", "/v1/datasets", "{", 400},
        {"POST", "/v1/jobs", "{}", 422},
        {"GET", "/v1/jobs?nothing=1", NULL, 400},
        {"GET", "/nowhere", NULL, 404},
        {"PUT", "/v1/jobs", NULL, 405},
        {"GET", "/v1/%00", NULL, 400},
    };
    e2e_server *s = e2e_start(NULL);
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        const char *body = some[i].body;
        e2e_reply r = e2e_request(s, some[i].method, some[i].path,
                                  (const char *const[]){"Content-Type: application/json", NULL},
                                  body, body ? strlen(body) : 0);
        ck_assert_int_eq(r.status, some[i].status);
        has_security_headers(&r);
        has_no_cors(&r);
        e2e_reply_free(&r);
    }
    e2e_stop(s);
}
END_TEST

START_TEST(no_page_is_let_in_unless_it_is_named)
{
    e2e_server *s = e2e_start(NULL);
    e2e_reply r = ask(s, "GET", "/v1/jobs", PAGE, NULL);
    ck_assert_int_eq(r.status, 200);
    has_no_cors(&r);
    header_is(&r, "Vary", "");
    e2e_reply_free(&r);
    r = ask(s, "OPTIONS", "/v1/jobs", PAGE, "POST");
    ck_assert_int_eq(r.status, 405);
    has_no_cors(&r);
    e2e_reply_free(&r);
    e2e_stop(s);
}
END_TEST

START_TEST(pages_that_are_named_are_let_in_and_others_not)
{
    static const char *const wrong[] = {"https://app.example.org.evil.example",
                                        "https://evil.example",
                                        "http://app.example.org",
                                        "https://app.example.org:8443",
                                        "https://app.example.or",
                                        "https://app.example.org/",
                                        "https://APP.example.org",
                                        "null",
                                        "none",
                                        "https://app.example.org,http://localhost:3000"};
    e2e_server *s = e2e_start(named);
    for (int i = 0; i < 2; i++) {
        e2e_reply r = ask(s, "GET", i ? "/nowhere" : "/v1/jobs", i ? OTHER : PAGE, NULL);
        ck_assert_int_eq(r.status, i ? 404 : 200);
        header_is(&r, "Access-Control-Allow-Origin", i ? OTHER : PAGE);
        header_is(&r, "Access-Control-Expose-Headers", "Allow, Link, Location, Retry-After");
        header_is(&r, "Access-Control-Allow-Credentials", "");
        header_is(&r, "Vary", "Origin");
        has_security_headers(&r);
        e2e_reply_free(&r);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        e2e_reply r = ask(s, "GET", "/v1/jobs", wrong[i], NULL);
        has_no_cors(&r);
        header_is(&r, "Vary", "Origin");
        e2e_reply_free(&r);
        r = ask(s, "OPTIONS", "/v1/jobs", wrong[i], "POST");
        ck_assert_int_eq(r.status, 405);
        has_no_cors(&r);
        e2e_reply_free(&r);
    }
    e2e_reply r = ask(s, "GET", "/v1/jobs", NULL, NULL); /* no browser at all */
    ck_assert_int_eq(r.status, 200);
    has_no_cors(&r);
    e2e_reply_free(&r);
    e2e_stop(s);
}
END_TEST

START_TEST(a_preflight_is_told_what_may_be_sent)
{
    e2e_server *s = e2e_start(named);
    e2e_reply r = ask(s, "OPTIONS", "/v1/jobs", PAGE, "POST");
    ck_assert_int_eq(r.status, 204);
    header_is(&r, "Access-Control-Allow-Origin", PAGE);
    header_is(&r, "Access-Control-Allow-Methods", "POST, GET, HEAD");
    header_is(&r, "Access-Control-Allow-Headers",
              "Accept, Authorization, Content-Encoding, Content-Type");
    header_is(&r, "Access-Control-Max-Age", "600");
    header_is(&r, "Vary", "Origin");
    has_security_headers(&r);
    e2e_reply_free(&r);
    r = ask(s, "OPTIONS", "/nowhere", PAGE, "POST");
    ck_assert_int_eq(r.status, 404);
    e2e_reply_free(&r);
    r = ask(s, "OPTIONS", "/v1/jobs", PAGE, NULL); /* no preflight: an OPTIONS like any other */
    ck_assert_int_eq(r.status, 405);
    e2e_reply_free(&r);
    /* and one with a body, on a connection that is kept */
    static const char two[] =
        "OPTIONS /v1/datasets HTTP/1.1\r\nHost: x\r\nOrigin: " PAGE "\r\nContent-Length: 5\r\n"
        "Access-Control-Request-Method: POST\r\n\r\nabcde"
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char *text = e2e_raw(s, two, sizeof two - 1, 20);
    ck_assert_msg(strncmp(text, "HTTP/1.1 204 ", 13) == 0 && strstr(text, "HTTP/1.1 200 "), "%s",
                  text);
    free(text);
    e2e_stop(s);
}
END_TEST

START_TEST(a_list_that_is_none_is_refused_at_the_start)
{
    static const char *const wrong[] = {"*",          "app.example.org", "https://",
                                        "https://a/", "ftp://a",         "https://a, https://b",
                                        "https://a,", "https://me@a",    "null"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char command[600], line[600] = "";
        snprintf(command, sizeof command, "%s --cors-origin '%s' --data-dir /nowhere/at/all 2>&1",
                 DESCENTD, wrong[i]);
        FILE *f = popen(command, "r");
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        int status = pclose(f);
        ck_assert_msg(WEXITSTATUS(status) == 2 && strstr(line, "--cors-origin must be"), "%s: %s",
                      wrong[i], line);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("browsers");
    TCase *tc = tcase_create("browsers");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_answer_has_security_headers);
    tcase_add_test(tc, no_page_is_let_in_unless_it_is_named);
    tcase_add_test(tc, pages_that_are_named_are_let_in_and_others_not);
    tcase_add_test(tc, a_preflight_is_told_what_may_be_sent);
    tcase_add_test(tc, a_list_that_is_none_is_refused_at_the_start);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
