/* Rows added to datasets. What a version must be is told by a dataset that was uploaded with all rows
 * at once: equal numbers have an equal hash, and its labels, types and statistics are known. */
#include "jobs.h"

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    finish(s);
}

static e2e_reply send_to(const char *path, const char *type, const char *body)
{
    char header[96];
    snprintf(header, sizeof header, "Content-Type: %s", type);
    return e2e_request(s, "POST", path, (const char *const[]){header, NULL}, body, strlen(body));
}

static e2e_reply add(const char *id, const char *query, const char *type, const char *body)
{
    char path[160];
    snprintf(path, sizeof path, "/v1/datasets/%s/rows%s", id, query);
    return send_to(path, type, body);
}

static e2e_reply describe(const char *id)
{
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", id);
    ck_assert_int_eq(r.status, 200);
    return r;
}

static void keep_id(e2e_reply *r, char id[32])
{
    if (r->status != 201)
        ck_abort_msg("%ld %s", r->status, r->body);
    snprintf(id, 32, "%s", e2e_string(r->json, "id"));
    e2e_reply_free(r);
}

static void assert_members(const cJSON *a, const cJSON *b, const char *const *names)
{
    for (; *names; names++)
        if (!cJSON_Compare(e2e_at(a, *names), e2e_at(b, *names), true))
            ck_abort_msg("%s: %s, not %s", *names, cJSON_Print(e2e_at(a, *names)),
                         cJSON_Print(e2e_at(b, *names)));
}

/* All that is said of the numbers is the same. */
static void assert_same(const char *id, const char *whole)
{
    static const char *const exact[] = {"rows",   "columns", "types", "missing", "target",
                                        "labels", "dtype",   "bytes", "sha256",  NULL};
    static const char *const columns[] = {"name", "role", "type", "missing", "min", "max", NULL};
    e2e_reply a = describe(id), b = describe(whole);
    assert_members(a.json, b.json, exact);
    const cJSON *x = e2e_at(a.json, "statistics"), *y = e2e_at(b.json, "statistics");
    ck_assert_int_eq(cJSON_GetArraySize(x), cJSON_GetArraySize(y));
    for (int j = 0; j < cJSON_GetArraySize(x); j++)
        assert_members(cJSON_GetArrayItem(x, j), cJSON_GetArrayItem(y, j), columns);
    e2e_reply_free(&a);
    e2e_reply_free(&b);
}

static void assert_trains(const char *id)
{
    char job[32];
    post_job(s, id, "\"epochs\": 1", job);
    wait_for_end(s, job, "succeeded");
}

/* ---- rows of every kind ---- */

static const struct {
    const char *query, *type, *base, *rows_type, *rows, *whole;
} cases[] = {
    /* numbers; columns of a table are found by name */
    {"?target=y", "text/csv", "a,b,y\n1,2,3\n4,5,6\n", "text/csv", "y,b,a\n9,8,7\n0.5,-1,2e3\n",
     "a,b,y\n1,2,3\n4,5,6\n7,8,9\n2e3,-1,0.5\n"},
    {"?target=y&dtype=float32", "text/csv", "a,b,y\n0.1,2,3\n4,5,6\n", "text/csv",
     "a,b,y\n0.7,8,9\n", "a,b,y\n0.1,2,3\n4,5,6\n0.7,8,9\n"},
    /* arrays without names, by place; records */
    {"?target=y", "text/csv", "a,b,y\n1,2,3\n4,5,6\n", "application/json",
     "{\"X\": [[7, 8]], \"y\": [9]}", "a,b,y\n1,2,3\n4,5,6\n7,8,9\n"},
    {"?target=y", "text/csv", "a,b,y\n1,2,3\n4,5,6\n", "application/x-ndjson",
     "{\"b\": 8, \"y\": 9, \"a\": 7}\n", "a,b,y\n1,2,3\n4,5,6\n7,8,9\n"},
    {"?target=y", "text/csv", "a,b,y\n1,2,3\n4,5,6\n", "application/json",
     "{\"columns\": {\"y\": [9, 12], \"a\": [7, 10], \"b\": [8, 11]}}",
     "a,b,y\n1,2,3\n4,5,6\n7,8,9\n10,11,12\n"},
    /* labels: those before keep their numbers, new ones follow, some do not come again */
    {"?target=y", "text/csv", "a,y\n1,low\n2,high\n", "text/csv", "a,y\n3,mid\n4,high\n5,low\n6,mid\n",
     "a,y\n1,low\n2,high\n3,mid\n4,high\n5,low\n6,mid\n"},
    {"?target=y", "text/csv", "a,y\n1,low\n2,high\n", "application/json",
     "{\"X\": [[3], [4]], \"y\": [\"high\", \"high\"]}", "a,y\n1,low\n2,high\n3,high\n4,high\n"},
    /* levels of categorical columns, missing cells, booleans and times */
    {"?target=y", "text/csv", "city,n,y\nUlm,1,3\nBonn,2,4\n", "text/csv",
     "city,n,y\nKiel,5,6\nBonn,7,8\nUlm,9,1\n",
     "city,n,y\nUlm,1,3\nBonn,2,4\nKiel,5,6\nBonn,7,8\nUlm,9,1\n"},
    {"?target=y&dtype=float32", "text/csv", "city,n,y\nUlm,1,3\nBonn,2,4\n", "text/csv",
     "city,n,y\nKiel,5,6\n,7,8\nUlm,9,1\n",
     "city,n,y\nUlm,1,3\nBonn,2,4\nKiel,5,6\n,7,8\nUlm,9,1\n"},
    {"?target=y", "text/csv", "a,b,y\n1,2,3\n4,5,6\n", "text/csv", "a,b,y\n,8,9\n1,NA,3\n",
     "a,b,y\n1,2,3\n4,5,6\n,8,9\n1,NA,3\n"},
    {"?target=y", "text/csv", "a,b,y\n1,,3\n,5,6\n", "text/csv", "a,b,y\n7,8,9\n",
     "a,b,y\n1,,3\n,5,6\n7,8,9\n"},
    {"?target=y", "text/csv", "on,at,y\ntrue,2024-01-01,3\nfalse,2024-01-02,4\n", "text/csv",
     "on,at,y\nfalse,2024-02-01T12:00:00Z,5\n",
     "on,at,y\ntrue,2024-01-01,3\nfalse,2024-01-02,4\nfalse,2024-02-01T12:00:00Z,5\n"},
};

enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(a_version_is_what_all_rows_at_once_would_be)
{
    char path[96], base[32], next[32], whole[32], sha256[80];
    snprintf(path, sizeof path, "/v1/datasets%s", cases[_i].query);
    e2e_reply r = send_to(path, cases[_i].type, cases[_i].base);
    snprintf(sha256, sizeof sha256, "%s", e2e_string(r.json, "sha256"));
    ck_assert_double_eq(e2e_number(r.json, "version"), 1);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "previous_version")));
    keep_id(&r, base);
    r = add(base, "", cases[_i].rows_type, cases[_i].rows);
    if (r.status != 201)
        ck_abort_msg("%s: %ld %s", cases[_i].rows, r.status, r.body);
    ck_assert_double_eq(e2e_number(r.json, "version"), 2);
    ck_assert_str_eq(e2e_string(r.json, "previous_version"), base);
    keep_id(&r, next);
    r = send_to(path, cases[_i].type, cases[_i].whole);
    keep_id(&r, whole);
    assert_same(next, whole);
    r = describe(base); /* which is as it was */
    ck_assert_str_eq(e2e_string(r.json, "sha256"), sha256);
    ck_assert_double_eq(e2e_number(r.json, "version"), 1);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(many_rows_are_added_behind_many)
{
    char base[32], next[32], whole[32];
    char *csv = make_csv(30000, 5, 11), *cut = csv;
    for (int i = 0; i < 20001; i++)
        cut = strchr(cut, '\n') + 1;
    size_t head = strcspn(csv, "\n") + 1;
    char *rest_csv = malloc(head + strlen(cut) + 1);
    memcpy(rest_csv, csv, head);
    strcpy(rest_csv + head, cut);
    upload_csv(s, csv, whole);
    *cut = '\0';
    upload_csv(s, csv, base);
    e2e_reply r = add(base, "?name=grown", "text/csv", rest_csv);
    ck_assert_str_eq(e2e_string(r.json, "name"), "grown");
    keep_id(&r, next);
    assert_same(next, whole);
    ck_assert_int_eq(files_in(s, "datasets"), 2);
    assert_trains(next);
    free(csv);
    free(rest_csv);
}
END_TEST

/* ---- versions ---- */

START_TEST(versions_are_numbered_and_listed_and_outlive_each_other)
{
    char first[32], second[32], third[32], branch[32], alone[32], path[96];
    e2e_dataset(s, "{\"name\": \"n\", \"X\": [1, 2, 4], \"y\": [1, 2, 3]}", first);
    e2e_dataset(s, "{\"X\": [1, 2, 4], \"y\": [1, 2, 3]}", alone);
    e2e_reply r = add(first, "", "application/json", "{\"X\": [5], \"y\": [6]}");
    ck_assert_str_eq(e2e_string(r.json, "name"), "n");
    keep_id(&r, second);
    r = add(second, "", "application/json", "{\"X\": [7], \"y\": [8]}");
    ck_assert_double_eq(e2e_number(r.json, "rows"), 5);
    ck_assert_double_eq(e2e_number(r.json, "version"), 3);
    keep_id(&r, third);
    r = add(first, "", "application/json", "{\"X\": [9], \"y\": [8]}"); /* beside the second */
    ck_assert_double_eq(e2e_number(r.json, "rows"), 4);
    ck_assert_double_eq(e2e_number(r.json, "version"), 4);
    ck_assert_str_eq(e2e_string(r.json, "previous_version"), first);
    keep_id(&r, branch);
    const char *const all[] = {branch, third, second, first};
    for (int k = 0; k < 4; k++) {
        r = e2e_getf(s, "/v1/datasets/%s/versions", all[k]);
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 4);
        for (int i = 0; i < 4; i++)
            ck_assert_str_eq(
                e2e_string(cJSON_GetArrayItem(e2e_at(r.json, "datasets"), i), "id"), all[i]);
        e2e_reply_free(&r);
    }
    r = e2e_getf(s, "/v1/datasets/%s/versions", alone);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 1);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/datasets/%s", first);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/datasets/%s/versions", second);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 3);
    e2e_reply_free(&r);
    assert_trains(second);
    r = add(third, "", "application/json", "{\"X\": [11], \"y\": [8]}");
    ck_assert_double_eq(e2e_number(r.json, "version"), 5);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_job_goes_on_with_the_rows_that_it_began_with)
{
    char base[32], next[32], job[32], path[96];
    e2e_dataset(s, "{\"X\": [1, 2, 4], \"y\": [1, 2, 3]}", base);
    post_job(s, base, ENDLESS, job);
    WAIT_UNTIL(in_state(s, job, "running"), 30);
    e2e_reply r = add(base, "", "application/json", "{\"X\": [5], \"y\": [6]}");
    keep_id(&r, next);
    ck_assert(in_state(s, job, "running"));
    snprintf(path, sizeof path, "/v1/datasets/%s", base);
    r = e2e_delete(s, path);
    e2e_problem(&r, 409, "conflict"); /* still needed, unlike the new one */
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/datasets/%s", next);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    cancel(s, job);
    wait_for_end(s, job, "cancelled");
}
END_TEST

/* ---- what does not fit ---- */

START_TEST(rows_that_do_not_fit_are_refused_and_leave_nothing)
{
    static const struct {
        const char *type, *body, *field;
    } bad[] = {
        {"text/csv", "a,b,y\n1,x,low\n", "row 1, column \"b\""},
        {"text/csv", "a,y\n1,low\n", "columns"},
        {"text/csv", "a,b,z\n1,2,low\n", "target"},
        {"application/json", "{\"X\": [[1]], \"y\": [\"low\"]}", NULL},
        {"application/json", "{\"X\": [[1, 2], [3]], \"y\": [\"low\"]}", NULL},
    };
    char dense[32], sparse[32];
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", "a,b,y\n1,2,low\n3,4,high\n");
    keep_id(&r, dense);
    r = send_to("/v1/datasets", "text/x-libsvm", "1 1:2\n2 2:3\n");
    keep_id(&r, sparse);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        r = add(dense, "", bad[i].type, bad[i].body);
        if (r.status != 422)
            ck_abort_msg("%s: %ld %s", bad[i].body, r.status, r.body);
        if (bad[i].field)
            e2e_field_error(&r, bad[i].field);
        e2e_reply_free(&r);
    }
    r = add(sparse, "", "text/x-libsvm", "1 1:2\n");
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    r = add(dense, "", "text/x-libsvm", "1 1:2\n");
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    r = add("ds_none", "", "text/csv", "a,b,y\n1,2,low\n");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets/ds_none/versions");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 2);
    WAIT_UNTIL(files_in(s, "tmp") == 0, 5);
    ck_assert_int_eq(files_in(s, "datasets"), 2);
}
END_TEST

START_TEST(nothing_is_added_to_damaged_rows)
{
    char id[32], path[400];
    e2e_dataset(s, "{\"X\": [1, 2, 4], \"y\": [1, 2, 3]}", id);
    FILE *f = fopen(e2e_dataset_file(s, id, path), "r+b");
    ck_assert(f && fseek(f, 4096, SEEK_SET) == 0 && fputc(1, f) == 1);
    fclose(f);
    e2e_reply r = add(id, "", "application/json", "{\"X\": [5], \"y\": [6]}");
    e2e_problem(&r, 500, "internal");
    ck_assert_ptr_nonnull(strstr(r.body, "damaged"));
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("versions");
    TCase *tc = tcase_create("versions");
    tcase_set_timeout(tc, 60 * SLOWER);
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_loop_test(tc, a_version_is_what_all_rows_at_once_would_be, 0, CASES);
    tcase_add_test(tc, many_rows_are_added_behind_many);
    tcase_add_test(tc, versions_are_numbered_and_listed_and_outlive_each_other);
    tcase_add_test(tc, a_job_goes_on_with_the_rows_that_it_began_with);
    tcase_add_test(tc, rows_that_do_not_fit_are_refused_and_leave_nothing);
    tcase_add_test(tc, nothing_is_added_to_damaged_rows);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
