/* api_replay: a spec in one form whatever order it came in, and what a replay is said to be. */
#include "api_replay.h"
#include "api_tests.h"

#include <math.h>

START_TEST(a_canonical_spec_is_sorted_compact_and_without_what_does_not_matter)
{
    static const char *const same[] = {
        "{\"dataset_id\": \"ds_1\", \"seed\": 3, \"cost\": {\"name\": \"huber\", \"delta\": 2}, "
        "\"bounds\": {\"b\": [0, null], \"a\": [1, 2]}, \"name\": \"n\", \"max_seconds\": 3, "
        "\"compat\": {\"library\": \"x\"}, \"start_from\": \"mdl_1\", \"validation_dataset_id\": "
        "\"ds_2\"}",
        "{ \"bounds\" : {\"a\":[1,2],\"b\":[0,null]},\"cost\":{\"delta\":2,\"name\":\"huber\"},"
        "\"seed\":3}"};
    for (size_t i = 0; i < 2; i++) {
        char *text = api_canonical_spec(same[i], NULL, NAN);
        cJSON *doc = read_back(text);
        const cJSON *first = doc->child;
        ck_assert_str_eq(first->string, "bounds");
        ck_assert_str_eq(first->child->string, "a");
        ck_assert_str_eq(first->next->string, "cost");
        ck_assert_str_eq(first->next->child->string, "delta");
        ck_assert_str_eq(first->next->next->string, "seed");
        ck_assert_ptr_null(first->next->next->next);
        ck_assert_ptr_null(strchr(text, '\n'));
        char *other = api_canonical_spec(same[1 - i], NULL, NAN);
        ck_assert_str_eq(text, other);
        free(text);
        free(other);
        cJSON_Delete(doc);
    }
}
END_TEST

START_TEST(changes_and_an_early_end_are_part_of_a_canonical_spec)
{
    cJSON *changes = cJSON_Parse("[{\"tol\": 0.5, \"epoch\": 3}, {\"epoch\": 2}]");
    char *text = api_canonical_spec("{\"seed\": 1}", changes, 17);
    cJSON *doc = read_back(text);
    ck_assert_str_eq(doc->child->string, "changes");
    ck_assert_str_eq(doc->child->child->child->string, "epoch"); /* sorted, but not the list */
    ck_assert(number_of(doc->child->child, "epoch") == 3);
    ck_assert(number_of(doc, "stopped_after") == 17);
    free(text);
    cJSON_Delete(doc);
    cJSON_Delete(changes);
    ck_assert_ptr_null(api_canonical_spec("{\"seed\"", NULL, NAN));
}
END_TEST

START_TEST(where_a_run_was_stopped_is_read_from_its_proof)
{
    uint64_t epoch = 0;
    ck_assert(api_stopped_after("{\"stopped_after\": 12}", &epoch) && epoch == 12);
    ck_assert(!api_stopped_after("{\"stopped_after\": null}", &epoch));
    ck_assert(!api_stopped_after(NULL, &epoch));
}
END_TEST

static cJSON *said(const char *of, const char *expected, const char *proof)
{
    cJSON *o = cJSON_CreateObject();
    api_replay_encode(o, of, expected, proof);
    char *text = api_doc_print(o);
    cJSON *doc = read_back(text);
    free(text);
    return doc;
}

#define PROOF(i, p, h)                                                                             \
    "{\"inputs_sha256\": \"" i "\", \"parameters_sha256\": \"" p "\", \"history_sha256\": \"" h "\"}"

START_TEST(a_replay_is_equal_when_parameters_and_history_are)
{
    static const struct {
        const char *proof;
        bool equal, inputs, parameters, history;
    } cases[] = {{PROOF("i", "p", "h"), true, true, true, true},
                 {PROOF("j", "p", "h"), true, false, true, true},
                 {PROOF("i", "q", "h"), false, true, false, true},
                 {PROOF("i", "p", "g"), false, true, true, false},
                 {"{}", false, false, false, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        cJSON *doc = said("job_1", PROOF("i", "p", "h"), cases[i].proof);
        const cJSON *r = member_of(doc, "replay");
        ck_assert_str_eq(string_of(r, "of"), "job_1");
        ck_assert(cJSON_IsTrue(member_of(r, "equal")) == cases[i].equal);
        ck_assert(cJSON_IsTrue(member_of(r, "inputs_equal")) == cases[i].inputs);
        ck_assert(cJSON_IsTrue(member_of(r, "parameters_equal")) == cases[i].parameters);
        ck_assert(cJSON_IsTrue(member_of(r, "history_equal")) == cases[i].history);
        cJSON_Delete(doc);
    }
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    static const char *const one = PROOF("i", "p", "h");
    cJSON *doc = said(NULL, NULL, one);
    ck_assert(cJSON_IsNull(member_of(doc, "replay")));
    cJSON_Delete(doc);
    for (int i = 0; i < 2; i++) {
        doc = said("job_1", i ? one : NULL, i ? NULL : one);
        const cJSON *r = member_of(doc, "replay");
        ck_assert(cJSON_IsNull(member_of(r, "equal")) && cJSON_IsNull(member_of(r, "inputs_equal")));
        cJSON_Delete(doc);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("replay");
    tcase_add_test(tc, a_canonical_spec_is_sorted_compact_and_without_what_does_not_matter);
    tcase_add_test(tc, changes_and_an_early_end_are_part_of_a_canonical_spec);
    tcase_add_test(tc, where_a_run_was_stopped_is_read_from_its_proof);
    tcase_add_test(tc, a_replay_is_equal_when_parameters_and_history_are);
    tcase_add_test(tc, what_is_not_known_is_null);
    return run_tests(tc, "replay");
}
