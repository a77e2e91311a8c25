/* api_multipart: forms as curl, browsers and others send them, in any pieces; what is no form is
 * refused with its place. */
#include "api_multipart.h"
#include "api_tests.h"
#include "api_text.h"

#define TYPE "multipart/form-data; boundary=XX"

/* What the taker gets, as text: <name|filename|type>, the bytes, </>; "-" where there is none. */
typedef struct taken {
    api_text log;
    const char *stop_at; /* the part at which it stops */
    bool in_part;
} taken;

static bool begin(void *ctx, const api_part *part, api_problem *p)
{
    taken *t = ctx;
    ck_assert(!t->in_part);
    t->in_part = true;
    api_text_printf(&t->log, "<%s|%s|%s>", part->name, part->filename ? part->filename : "-",
                    part->content_type ? part->content_type : "-");
    return !t->stop_at || strcmp(t->stop_at, part->name) != 0 ||
           api_problem_set(p, API_INVALID, "stopped");
}

static bool bytes_of(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p;
    taken *t = ctx;
    ck_assert(t->in_part && n > 0);
    api_text_add(&t->log, bytes, n);
    return true;
}

static bool end(void *ctx, api_problem *p)
{
    (void)p;
    taken *t = ctx;
    ck_assert(t->in_part);
    t->in_part = false;
    api_text_puts(&t->log, "</>");
    return true;
}

static bool feed_copy(api_multipart *m, const char *bytes, size_t n, api_problem *p)
{
    char *copy = malloc(n ? n : 1); /* its exact size: a sanitizer sees a read beyond */
    memcpy(copy, bytes, n);
    bool ok = api_multipart_feed(m, copy, n, p);
    free(copy);
    return ok;
}

/* The log; the caller frees it. One piece of `first` bytes, then some of `step`. */
static char *read_pieces(const char *type, const char *stop_at, const char *body, size_t n,
                         size_t first, size_t step, api_problem *p)
{
    taken t = {.stop_at = stop_at};
    *p = no_problem();
    api_multipart *m = api_multipart_new(type, (api_part_taker){&t, begin, bytes_of, end}, p);
    bool ok = m && feed_copy(m, body, first, p);
    for (size_t at = first; ok && at < n; at += step)
        ok = feed_copy(m, body + at, n - at < step ? n - at : step, p);
    ok = ok && api_multipart_finish(m, p);
    api_multipart_free(m);
    ck_assert_int_eq(ok, p->code == API_NO_PROBLEM);
    ck_assert(!ok || !t.in_part);
    return api_text_take(&t.log);
}

/* In every way; the caller frees the log. */
static char *read_form(const char *type, const char *stop_at, const char *body, size_t n,
                       api_problem *p)
{
    api_problem q;
    char *whole = read_pieces(type, stop_at, body, n, n, 1, p);
    for (size_t cut = 0; cut <= n && n < 2000; cut++) {
        char *log = read_pieces(type, stop_at, body, n, cut, cut ? n : 1, &q);
        ck_assert_msg(strcmp(log, whole) == 0, "cut at %zu: %s, not %s", cut, log, whole);
        ck_assert_msg(same_problem(p, &q), "cut at %zu: %s", cut, problem_text(&q));
        free(log);
    }
    return whole;
}

static void reads_as(const char *type, const char *body, const char *want)
{
    api_problem p;
    char *log = read_form(type, NULL, body, strlen(body), &p);
    ck_assert_msg(p.code == API_NO_PROBLEM, "%s: %s", body, problem_text(&p));
    ck_assert_str_eq(log, want);
    free(log);
}

static void refused(const char *type, const char *body, api_problem_code code, const char *part)
{
    api_problem p;
    char *log = read_form(type, NULL, body, strlen(body), &p);
    ck_assert_msg(p.code == code && says(&p, "", part), "%s: %s, not \"%s\"", body,
                  problem_text(&p), part);
    free(log);
}

/* As curl 7.88 sends -F target=y -F 'file=@data.csv'. */
START_TEST(forms_of_curl_are_read)
{
    static const char rule[] = "------------------------1d1b3a8d2f6e4c5b";
    char type[128], body[600];
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", rule);
    snprintf(body, sizeof body,
             "--%s\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\ny\r\n"
             "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"data.csv\"\r\n"
             "Content-Type: application/octet-stream\r\n\r\nx,y\n1,2\n\r\n--%s--\r\n",
             rule, rule, rule);
    reads_as(type, body, "<target|-|->y</><file|data.csv|application/octet-stream>x,y\n1,2\n</>");
}
END_TEST

START_TEST(bytes_of_a_part_are_whatever_is_no_boundary)
{
    reads_as(TYPE,
             "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n"
             "\r\r\n\r\n-\r\n--\r\n--X\r\n--XY--XX\r\r\n--XX\r\n"
             "content-disposition:form-data;name=b\r\n\r\n\r\n--XX--",
             "<a|-|->\r\r\n\r\n-\r\n--\r\n--X\r\n--XY--XX\r</><b|-|-></>");
    /* what stands before the first boundary and behind the last one, and blanks behind one */
    reads_as(TYPE,
             "preamble --XX\r\n-\r\n--XX \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
             "--XX--epilogue\r\n--XX\r\n",
             "<a|-|->1</>");
    reads_as(TYPE, "--XX--\r\n", "");
}
END_TEST

START_TEST(bytes_may_be_any)
{
    static const char head[] = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    static const char tail[] = "\r\n--XX--\r\n";
    char body[1200];
    size_t n = 0;
    memcpy(body, head, sizeof head - 1);
    n += sizeof head - 1;
    for (int i = 0; i < 512; i++)
        body[n++] = (char)(i * 7 + 1);
    memcpy(body + n, tail, sizeof tail - 1);
    n += sizeof tail - 1;
    for (size_t cut = 0; cut <= n; cut++) {
        api_problem p = no_problem();
        taken t = {0};
        api_multipart *m = api_multipart_new(TYPE, (api_part_taker){&t, begin, bytes_of, end}, &p);
        ck_assert(feed_copy(m, body, cut, &p) && feed_copy(m, body + cut, n - cut, &p) &&
                  api_multipart_finish(m, &p));
        ck_assert_uint_eq(t.log.len, 7 + 512 + 3);
        ck_assert_mem_eq(t.log.data + 7, body + sizeof head - 1, 512);
        api_text_free(&t.log);
        api_multipart_free(m);
    }
}
END_TEST

START_TEST(names_are_read_with_quotes_and_escapes)
{
    reads_as(TYPE,
             "--XX\r\nX-Other: 1\r\nContent-Type: text/csv; charset=utf-8\r\n"
             "CONTENT-DISPOSITION: Form-Data ; filename=\"a \\\"b\\\\ ; c.csv\" ; NAME = \"f\"\r\n"
             "\r\n1\r\n--XX--",
             "<f|a \"b\\ ; c.csv|text/csv; charset=utf-8>1</>");
    reads_as(TYPE,
             "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename*=utf-8''k%C3%B6.csv\r\n"
             "\r\n1\r\n--XX--",
             "<f|utf-8''k%C3%B6.csv|->1</>");
    reads_as(TYPE,
             "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n"
             "Content-Transfer-Encoding: binary\r\n\r\n1\r\n--XX--",
             "<f||->1</>");
}
END_TEST

START_TEST(boundaries_are_those_of_the_type)
{
    static const char body[] =
        "--b 1\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b 1--";
    reads_as("multipart/form-data; charset=utf-8; boundary=\"b 1\"", body, "<a|-|->1</>");
    reads_as("Multipart/Form-Data;BOUNDARY=\"b 1\";x=y", body, "<a|-|->1</>");
    ck_assert(api_multipart_is("multipart/form-data"));
    ck_assert(api_multipart_is("Multipart/FORM-data;boundary=x"));
    ck_assert(!api_multipart_is(NULL));
    ck_assert(!api_multipart_is("multipart/form-data2"));
    ck_assert(!api_multipart_is("multipart/mixed; boundary=x"));
    refused("multipart/form-data", body, API_BAD_REQUEST, "boundary");
    refused("multipart/form-data; boundary=", body, API_BAD_REQUEST, "boundary");
    refused("multipart/form-data; boundary=\"b", body, API_BAD_REQUEST, "boundary");
    refused("multipart/form-data; boundary; x=boundary", body, API_BAD_REQUEST, "boundary");
    refused("multipart/form-data; boundary=12345678901234567890123456789012345678901234567890"
            "123456789012345678901",
            body, API_BAD_REQUEST, "1 to 70 bytes");
}
END_TEST

#define PART "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1"

START_TEST(what_is_broken_is_told_with_its_place)
{
    refused(TYPE, "", API_BAD_REQUEST, "byte 0: it ends without its boundary");
    refused(TYPE, "a,t\r\n1,2\r\n", API_BAD_REQUEST, "byte 10: it ends without its boundary");
    refused(TYPE, "--XX", API_BAD_REQUEST, "byte 4: it ends without the last boundary");
    refused(TYPE, PART, API_BAD_REQUEST, "byte 49: it ends inside a part");
    refused(TYPE, PART "\r\n--X", API_BAD_REQUEST, "byte 54: it ends inside a part");
    refused(TYPE, PART "\r\n--XX\r\n", API_BAD_REQUEST, "byte 57: it ends without the last");
    refused(TYPE, PART "\r\n--XXY\r\n", API_BAD_REQUEST, "byte 55: a boundary must end its line");
    refused(TYPE, PART "\r\n--XX-\r\n", API_BAD_REQUEST, "byte 56: a boundary must end its line");
    refused(TYPE, PART "\r\n--XX\n", API_BAD_REQUEST, "byte 55: a boundary must end its line");
    refused(TYPE, "--XX\r\n\r\n1\r\n--XX--", API_BAD_REQUEST, "Content-Disposition");
    refused(TYPE, "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--",
            API_BAD_REQUEST, "Content-Disposition");
    refused(TYPE, "--XX\r\nContent-Disposition: form-data; filename=a\r\n\r\n1\r\n--XX--",
            API_BAD_REQUEST, "Content-Disposition");
    refused(TYPE,
            "--XX\r\nContent-Disposition: form-data; name=a\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--XX--",
            API_UNSUPPORTED_MEDIA, "\"base64\" of part \"a\"");
}
END_TEST

START_TEST(headers_have_a_bound)
{
    enum { LONG = 100000 };
    char *body = malloc(LONG + 1), *log;
    api_problem p;
    memset(body, 'a', LONG);
    memcpy(body, "--XX\r\n", 6);
    log = read_form(TYPE, NULL, body, LONG, &p);
    ck_assert(p.code == API_BAD_REQUEST && says(&p, "", "longer than 8192 bytes"));
    free(log);
    body[40] = '\0';
    log = read_form(TYPE, NULL, body, LONG, &p);
    ck_assert(p.code == API_BAD_REQUEST && says(&p, "", "byte 40: a NUL byte"));
    free(log);
    free(body);
}
END_TEST

START_TEST(the_taker_may_stop_it)
{
    api_problem p;
    static const char body[] =
        PART "\r\n--XX\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n--XX--";
    char *log = read_form(TYPE, "b", body, strlen(body), &p);
    ck_assert_int_eq(p.code, API_INVALID);
    ck_assert_str_eq(log, "<a|-|->1</><b|-|->");
    free(log);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("multipart");
    tcase_add_test(tc, forms_of_curl_are_read);
    tcase_add_test(tc, bytes_of_a_part_are_whatever_is_no_boundary);
    tcase_add_test(tc, bytes_may_be_any);
    tcase_add_test(tc, names_are_read_with_quotes_and_escapes);
    tcase_add_test(tc, boundaries_are_those_of_the_type);
    tcase_add_test(tc, what_is_broken_is_told_with_its_place);
    tcase_add_test(tc, headers_have_a_bound);
    tcase_add_test(tc, the_taker_may_stop_it);
    return run_tests(tc, "api_multipart");
}
