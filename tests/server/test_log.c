/* Log lines: one event is one line whatever its values hold, in both formats, from any number
 * of threads. The log goes to descriptor 2, which each test points at a file of its own.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_log.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>

static char dir[256], path[300];
static char *text; /* what was logged, once caught */

static void setup(void)
{
    scratch_make(dir);
    snprintf(path, sizeof path, "%s/log", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
}

static void teardown(void)
{
    free(text);
    text = NULL;
    scratch_remove(dir);
}

static const char *caught(void)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    free(text);
    text = calloc(1, (size_t)st.st_size + 1);
    FILE *f = fopen(path, "r");
    ck_assert_uint_eq(fread(text, 1, (size_t)st.st_size, f), (size_t)st.st_size);
    fclose(f);
    return text;
}

static size_t lines(const char *t)
{
    size_t n = 0;
    for (; *t; t++)
        n += *t == '\n';
    return n;
}

/* The one line that was logged, as JSON. */
static cJSON *caught_json(void)
{
    const char *line = caught();
    ck_assert_uint_eq(lines(line), 1);
    cJSON *o = cJSON_ParseWithOpts(line, NULL, false);
    if (!o)
        ck_abort_msg("not JSON: %s", line);
    return o;
}

static const char *member(const cJSON *o, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    if (!s)
        ck_abort_msg("there is no %s", name);
    return s;
}

START_TEST(a_json_line_has_time_event_and_fields)
{
    srv_log_format(true);
    srv_log("job ended", srv_s("id", "job_7k3m"), srv_n("epochs", 12), srv_n("cost", 0.1));
    cJSON *o = caught_json();
    ck_assert_str_eq(member(o, "event"), "job ended");
    ck_assert_str_eq(member(o, "id"), "job_7k3m");
    ck_assert_uint_eq(strlen(member(o, "time")), strlen("2026-11-24T09:41:07.123Z"));
    ck_assert_double_eq(cJSON_GetObjectItem(o, "epochs")->valuedouble, 12);
    ck_assert_double_eq(cJSON_GetObjectItem(o, "cost")->valuedouble, 0.1);
    cJSON_Delete(o);
}
END_TEST

/* Values come from clients (paths, for one) and may hold anything. */
static const char *const nasty[] = {
    "",
    "\"", "\\", "\\\"", "a\"b\\c/d", "line\nbreak", "\r\n\t\b\f", "\x01\x1f\x7f", "{}[],:",
    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\",\"event\":\"forged", "a=b c", "null", "%s%n%d",
    "\x1b[31mred"};

START_TEST(any_text_comes_back_from_json_as_it_was)
{
    srv_log_format(true);
    srv_log("e", srv_s("a", nasty[_i]), srv_s("b", "end"));
    cJSON *o = caught_json();
    ck_assert_str_eq(member(o, "a"), nasty[_i]);
    ck_assert_str_eq(member(o, "b"), "end");
    ck_assert_str_eq(member(o, "event"), "e");
    ck_assert_int_eq(cJSON_GetArraySize(o), 4);
    for (const char *c = text; *c && c[1]; c++) /* no control character is sent as it is */
        ck_assert_int_ge((unsigned char)*c, 0x20);
    cJSON_Delete(o);
}
END_TEST

START_TEST(bytes_that_are_no_utf_8_do_not_spoil_the_line)
{
    static const char *const broken[] = {"\xff", "a\xc3", "\xe2\x82z", "\xc0\x80", "\xed\xa0\x80",
                                         "ok\x80ok"};
    srv_log_format(true);
    srv_log("e", srv_s("a", broken[_i]), srv_s("b", "end"));
    cJSON *o = caught_json();
    ck_assert_ptr_nonnull(strchr(member(o, "a"), '?'));
    ck_assert_str_eq(member(o, "b"), "end");
    for (const char *c = text; *c; c++)
        ck_assert_int_lt((unsigned char)*c, 0x80);
    cJSON_Delete(o);
}
END_TEST

START_TEST(numbers_that_are_none_are_null)
{
    srv_log_format(true);
    srv_log("e", srv_n("a", NAN), srv_n("b", INFINITY), srv_n("c", -0.0), srv_n("d", 1e300));
    cJSON *o = caught_json();
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(o, "a")));
    ck_assert(cJSON_IsNull(cJSON_GetObjectItem(o, "b")));
    ck_assert_double_eq(cJSON_GetObjectItem(o, "d")->valuedouble, 1e300);
    cJSON_Delete(o);
}
END_TEST

START_TEST(a_text_that_is_missing_is_empty)
{
    srv_log_format(true);
    srv_log("e", srv_s("a", NULL));
    cJSON *o = caught_json();
    ck_assert_str_eq(member(o, "a"), "");
    cJSON_Delete(o);
}
END_TEST

START_TEST(in_text_an_event_is_one_line_whatever_its_values_hold)
{
    srv_log_format(false);
    srv_log("request", srv_s("path", nasty[_i]), srv_n("status", 404));
    const char *line = caught();
    ck_assert_uint_eq(lines(line), 1);
    ck_assert_int_eq(line[strlen(line) - 1], '\n');
    ck_assert_ptr_nonnull(strstr(line, " request path="));
    ck_assert_ptr_nonnull(strstr(line, " status=404\n"));
    for (const char *c = line; c[1]; c++)
        ck_assert_int_ge((unsigned char)*c, 0x20);
}
END_TEST

START_TEST(in_text_only_what_could_be_misread_is_quoted)
{
    srv_log_format(false);
    srv_log("e", srv_s("a", "/v1/jobs"), srv_s("b", "two words"), srv_s("c", ""),
            srv_s("d", "x=y"));
    ck_assert_ptr_nonnull(strstr(caught(), " a=/v1/jobs b=\"two words\" c=\"\" d=\"x=y\"\n"));
}
END_TEST

START_TEST(a_long_text_stays_whole)
{
    enum { LONG = 200000 };
    char *value = malloc(LONG + 1);
    memset(value, 'v', LONG);
    value[LONG] = '\0';
    srv_log_format(true);
    srv_log("e", srv_s("a", value));
    cJSON *o = caught_json();
    ck_assert_str_eq(member(o, "a"), value);
    cJSON_Delete(o);
    free(value);
}
END_TEST

enum { THREADS = 8, EACH = 500 };

static void *chatter(void *arg)
{
    for (int i = 0; i < EACH; i++)
        srv_log("e", srv_n("thread", *(int *)arg), srv_n("i", i),
                srv_s("text", "some words, \"quoted\", to make the line long enough to be torn"));
    return NULL;
}

START_TEST(lines_of_many_threads_do_not_mix)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], next[THREADS] = {0};
    srv_log_format(true);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, chatter, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(lines(caught()), THREADS * EACH);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *o = cJSON_Parse(line);
        if (!o)
            ck_abort_msg("torn: %s", line);
        int thread = cJSON_GetObjectItem(o, "thread")->valueint;
        int i = cJSON_GetObjectItem(o, "i")->valueint;
        if (thread < 0 || thread >= THREADS || i != next[thread]++)
            ck_abort_msg("out of order: %s", line);
        cJSON_Delete(o);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log");
    TCase *tc = tcase_create("log");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_json_line_has_time_event_and_fields);
    tcase_add_loop_test(tc, any_text_comes_back_from_json_as_it_was, 0,
                        sizeof nasty / sizeof nasty[0]);
    tcase_add_loop_test(tc, bytes_that_are_no_utf_8_do_not_spoil_the_line, 0, 6);
    tcase_add_test(tc, numbers_that_are_none_are_null);
    tcase_add_test(tc, a_text_that_is_missing_is_empty);
    tcase_add_loop_test(tc, in_text_an_event_is_one_line_whatever_its_values_hold, 0,
                        sizeof nasty / sizeof nasty[0]);
    tcase_add_test(tc, in_text_only_what_could_be_misread_is_quoted);
    tcase_add_test(tc, a_long_text_stays_whole);
    tcase_add_test(tc, lines_of_many_threads_do_not_mix);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
