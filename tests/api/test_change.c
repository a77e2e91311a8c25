/* api_change: settings that change on the way are read by the table that jobs are read by, go with
 * their job or are refused by name, and are written as they were read. */
#include "api_change.h"
#include "api_tests.h"

#include <math.h>

static bool decode(const char *text, api_change *c, api_problem *p)
{
    *p = no_problem();
    return api_change_decode(text, strlen(text), c, p);
}

static api_change good(const char *text)
{
    api_change c;
    api_problem p;
    ck_assert_msg(decode(text, &c, &p), "%s: %s", text, problem_text(&p));
    return c;
}

START_TEST(what_is_not_named_stays_as_it_is)
{
    api_change c = good("{\"learning_rate\": 0.2385}");
    ck_assert_double_eq(c.learning_rate, 0.2385);
    ck_assert(isnan(c.tol) && c.epochs == 0);
    c = good("{\"tol\": 0}"); /* 0 says something: never stop */
    ck_assert_double_eq(c.tol, 0);
    ck_assert(isnan(c.learning_rate) && c.epochs == 0);
    c = good(" {\"epochs\": 1000000000, \"tol\": 1e-300}\n");
    ck_assert_uint_eq(c.epochs, 1000000000);
    ck_assert_double_eq(c.tol, 1e-300);
    ck_assert(isnan(c.learning_rate));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_by_name)
{
    static const struct {
        const char *text, *field, *part;
    } cases[] = {
        {"{\"learning_rate\": 0}", "learning_rate", "must be a finite number greater than 0, got 0"},
        {"{\"learning_rate\": -1}", "learning_rate", "must be a finite number greater than 0, got -1"},
        {"{\"learning_rate\": \"auto\"}", "learning_rate", "before the first epoch only"},
        {"{\"learning_rate\": null}", "learning_rate", "got null"},
        {"{\"learning_rate\": 1e999}", "", "beyond the range"},
        {"{\"tol\": 1}", "tol", "got 1"},
        {"{\"tol\": -1e-9}", "tol", "got -1e-09"},
        {"{\"tol\": \"none\"}", "tol", "got \"none\""},
        {"{\"epochs\": 0}", "epochs", "got 0"},
        {"{\"epochs\": 2.5}", "epochs", "got 2.5"},
        {"{\"epochs\": 1000000001}", "epochs", "got 1000000001"},
        {"{\"epochs\": [1]}", "epochs", "an array"},
        {"{\"epoch\": 3}", "epoch", "epochs"}, /* what was meant */
        {"{\"seed\": 3}", "seed", "known are: learning_rate, tol, epochs"},
        {"{}", "", "give learning_rate, tol or epochs"},
        {"[]", "", "object"},
        {"", "", ""},
        {"{\"tol\": 0.1, \"tol\": 0.2}", "", "tol"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_change c;
        api_problem p;
        ck_assert_msg(!decode(cases[i].text, &c, &p), "%s is taken", cases[i].text);
        ck_assert_msg(says(&p, cases[i].field, cases[i].part), "%s: %s; expected \"%s\" of \"%s\"",
                      cases[i].text, problem_text(&p), cases[i].part, cases[i].field);
    }
}
END_TEST

START_TEST(all_that_is_wrong_is_said_at_once)
{
    api_change c;
    api_problem p;
    ck_assert(!decode("{\"learning_rate\": 0, \"tol\": 7, \"epochs\": 0, \"x\": 1}", &c, &p));
    ck_assert_uint_eq(p.errors_count, 4);
}
END_TEST

START_TEST(what_is_written_reads_back)
{
    static const char *const texts[] = {
        "{\"learning_rate\": 0.1}",
        "{\"tol\": 0}",
        "{\"epochs\": 7}",
        "{\"learning_rate\": 4.9406564584124654e-324, \"tol\": 0.30000000000000004, \"epochs\": 9}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        api_change c = good(texts[i]);
        cJSON *o = cJSON_CreateObject();
        api_change_encode(o, &c);
        char *text = api_doc_take_text(o);
        /* the server stores it so, and puts further members in before the brace */
        ck_assert_int_eq(text[0], '{');
        ck_assert_int_eq(text[strlen(text) - 1], '}');
        api_change again = good(text);
        ck_assert(bits_of(again.learning_rate) == bits_of(c.learning_rate) ||
                  (isnan(again.learning_rate) && isnan(c.learning_rate)));
        ck_assert(bits_of(again.tol) == bits_of(c.tol) || (isnan(again.tol) && isnan(c.tol)));
        ck_assert_uint_eq(again.epochs, c.epochs);
        cJSON *doc = read_back(text), *want = cJSON_Parse(texts[i]);
        ck_assert(cJSON_Compare(doc, want, true));
        cJSON_Delete(doc);
        cJSON_Delete(want);
        free(text);
    }
}
END_TEST

/* Does the change go with the job of these members, of which `epoch` epochs have run? */
static bool check(const char *members, const char *change, uint64_t epoch, api_problem *p)
{
    char text[512];
    api_job job;
    api_change c = good(change);
    *p = no_problem();
    snprintf(text, sizeof text, "{\"dataset_id\": \"d\"%s%s}", *members ? ", " : "", members);
    ck_assert_msg(api_job_decode(text, strlen(text), &job, p), "%s: %s", text, problem_text(p));
    bool ok = api_change_check(&c, &job, epoch, p);
    api_job_free(&job);
    return ok;
}

START_TEST(a_change_goes_with_its_job_or_says_why_not)
{
    static const struct {
        const char *members, *change;
        uint64_t epoch;
        const char *field, *part; /* NULL: it goes */
    } cases[] = {
        {"", "{\"learning_rate\": 1, \"tol\": 0, \"epochs\": 1}", 0, NULL, NULL},
        {"", "{\"epochs\": 41}", 40, NULL, NULL},
        {"", "{\"epochs\": 40}", 40, "epochs", "more than the 40 that have run, got 40"},
        {"", "{\"epochs\": 3}", 40, "epochs", "stop it"},
        {"\"optimizer\": \"lbfgs\"", "{\"learning_rate\": 1}", 0, "learning_rate", "line search"},
        {"\"optimizer\": \"lbfgs\"", "{\"tol\": 1e-9, \"epochs\": 9}", 0, NULL, NULL},
        {"\"model\": \"poisson_regression\"", "{\"learning_rate\": 1}", 5, NULL, NULL},
        {"\"history_points\": \"all\"", "{\"epochs\": 1000000}", 0, NULL, NULL},
        {"\"history_points\": \"all\"", "{\"epochs\": 1000001}", 0, "epochs", "\"all\""},
        {"\"history_points\": 50", "{\"epochs\": 1000001}", 0, NULL, NULL},
        {"\"cross_validation\": 3", "{\"tol\": 0}", 0, "", "several runs"},
        {"\"group_by\": \"g\"", "{\"tol\": 0}", 0, "", "several runs"},
        {"\"l1\": \"path\"", "{\"tol\": 0}", 0, "", "several runs"},
        {"\"l2\": \"path\"", "{\"tol\": 0}", 0, "", "several runs"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p;
        bool ok = check(cases[i].members, cases[i].change, cases[i].epoch, &p);
        ck_assert_msg(ok == !cases[i].field, "%s, %s: %s", cases[i].members, cases[i].change,
                      problem_text(&p));
        if (cases[i].field)
            assert_says(&p, cases[i].field, cases[i].part);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("change");
    tcase_add_test(tc, what_is_not_named_stays_as_it_is);
    tcase_add_test(tc, what_makes_no_sense_is_refused_by_name);
    tcase_add_test(tc, all_that_is_wrong_is_said_at_once);
    tcase_add_test(tc, what_is_written_reads_back);
    tcase_add_test(tc, a_change_goes_with_its_job_or_says_why_not);
    return run_tests(tc, "change");
}
