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
    /* sparse rows: none that is not 0, labels, single precision, more columns, from 0 on */
    {"", "text/x-libsvm", "1.5 1:2 4:3\n-2 2:0.1\n", "text/x-libsvm", "7 3:1e-300\n8\n9 1:1 4:-1\n",
     "1.5 1:2 4:3\n-2 2:0.1\n7 3:1e-300\n8\n9 1:1 4:-1\n"},
    {"?columns=4", "text/x-libsvm", "1\n2\n", "text/x-libsvm", "3 4:1\n", "1\n2\n3 4:1\n"},
    {"", "text/x-libsvm", "1 2:1\n2\n", "text/x-libsvm", "3\n4\n", "1 2:1\n2\n3\n4\n"},
    {"?dtype=float32&index_base=0", "text/x-libsvm", "spam 0:0.1 4:3\nham 2:0.7\n", "text/x-libsvm",
     "eggs 1:0.3\nham 4:0.9\nspam\n", "spam 0:0.1 4:3\nham 2:0.7\neggs 1:0.3\nham 4:0.9\nspam\n"},
    {"", "text/x-libsvm", "1.5 1:2 4:3\n-2 2:0.1\n", "application/json",
     "{\"sparse_X\": [{\"4\": 0.5, \"1\": 0.25}, {}, {\"3\": 0, \"2\": 7}], \"y\": [3, 4, 5]}",
     "1.5 1:2 4:3\n-2 2:0.1\n3 1:0.25 4:0.5\n4\n5 2:7\n"},
    {"?index_base=0", "text/x-libsvm", "spam 0:2 4:3\nham 2:0.1\n", "application/json",
     "{\"y\": [\"ham\", \"eggs\"], \"sparse_X\": [{\"0\": 1}, {\"4\": 2}]}",
     "spam 0:2 4:3\nham 2:0.1\nham 0:1\neggs 4:2\n"},
    {"?types=y:categorical", "text/x-libsvm", "1 1:1\n0 2:1\n", "text/x-libsvm", "0 1:3\n2 2:5\n",
     "1 1:1\n0 2:1\n0 1:3\n2 2:5\n"},
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

/* Sparse rows that are many, and get wider. */
START_TEST(many_sparse_rows_are_added_behind_many)
{
    enum { N = 30000, CUT = 17001 };
    char *text = malloc((size_t)N * 400), *at = text, *cut = NULL, base[32], next[32], whole[32];
    unsigned long long seed = 12;
    for (int i = 0; i < N; i++) {
        cut = i == CUT ? at : cut;
        at += sprintf(at, "%d", i % 7 - 3);
        for (int j = 1 + (int)(draw(&seed) * 40); j < (i < CUT ? 300 : 500); j += 1 + (int)(draw(&seed) * 150))
            at += sprintf(at, " %d:%.15g", j, draw(&seed) - 0.5);
        at += sprintf(at, "\n");
    }
    e2e_reply r = send_to("/v1/datasets?columns=500", "text/x-libsvm", text);
    keep_id(&r, whole);
    char kept = *cut;
    *cut = '\0';
    r = send_to("/v1/datasets?columns=300", "text/x-libsvm", text);
    keep_id(&r, base);
    *cut = kept;
    r = add(base, "", "text/x-libsvm", cut);
    ck_assert_int_eq(r.status, 422);
    ck_assert_ptr_nonnull(strstr(r.body, "?columns= gives it more"));
    e2e_reply_free(&r);
    r = add(base, "?columns=500", "text/x-libsvm", cut);
    ck_assert_double_eq(e2e_number(r.json, "columns.to"), 500);
    keep_id(&r, next);
    assert_same(next, whole);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 2);
    assert_trains(next);
    free(text);
}
END_TEST

/* ---- through resumable uploads ---- */

/* Sends all of it and asks for the end. */
static e2e_reply by_pieces(const char *query, const char *type, const char *body, const char *end)
{
    char path[160], header[96], id[32];
    size_t half = strlen(body) / 2;
    snprintf(path, sizeof path, "/v1/uploads%s", query);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    e2e_reply r = e2e_request(s, "POST", path, (const char *const[]){header, NULL}, NULL, 0);
    if (r.status != 201)
        return r;
    keep_id(&r, id);
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    r = e2e_request(s, "PATCH", path, (const char *const[]){"Upload-Offset: 0", NULL}, body, half);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(header, sizeof header, "Upload-Offset: %zu", half);
    r = e2e_request(s, "PATCH", path, (const char *const[]){header, NULL}, body + half,
                    strlen(body) - half);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish%s", id, end);
    return e2e_request(s, "POST", path, NULL, NULL, 0);
}

START_TEST(an_upload_in_pieces_can_become_a_version)
{
    char path[96], base[32], next[32], whole[32], query[96];
    snprintf(path, sizeof path, "/v1/datasets%s", cases[_i].query);
    e2e_reply r = send_to(path, cases[_i].type, cases[_i].base);
    keep_id(&r, base);
    snprintf(query, sizeof query, "?append_to=%s", base);
    /* said at the begin or at the end */
    r = by_pieces(_i % 2 ? query : "?name=pieces", cases[_i].rows_type, cases[_i].rows,
                  _i % 2 ? "?name=pieces" : query);
    if (r.status != 201)
        ck_abort_msg("%s: %ld %s", cases[_i].rows, r.status, r.body);
    ck_assert_double_eq(e2e_number(r.json, "version"), 2);
    ck_assert_str_eq(e2e_string(r.json, "previous_version"), base);
    ck_assert_str_eq(e2e_string(r.json, "name"), "pieces");
    keep_id(&r, next);
    r = send_to(path, cases[_i].type, cases[_i].whole);
    keep_id(&r, whole);
    assert_same(next, whole);
}
END_TEST

START_TEST(an_upload_that_fits_no_dataset_is_refused_and_stays)
{
    char base[32], query[96];
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", "a,b,y\n1,2,low\n3,4,high\n");
    keep_id(&r, base);
    static const char *const fixed[] = {"target", "columns", "types", "dtype", "index_base"},
                            *const said[] = {"y", "a", "a:numeric", "float32", "0"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        snprintf(query, sizeof query, "?append_to=%s&%s=%s", base, fixed[i], said[i]);
        r = by_pieces(query, "text/csv", "a,b,y\n1,2,low\n", "");
        e2e_problem(&r, 400, "invalid-parameter");
        e2e_field_error(&r, fixed[i]);
        e2e_reply_free(&r);
    }
    snprintf(query, sizeof query, "?append_to=%s", base);
    r = by_pieces(query, "text/csv", "a,b,y\n1,2,low\n5,x,low\n", "");
    ck_assert_int_eq(r.status, 422);
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "row 2, column \"b\""),
                                 "\"x\" is not a number (line 3, byte 16)"));
    e2e_reply_free(&r);
    r = by_pieces(query, "text/x-libsvm", "1 1:2\n", "");
    e2e_problem(&r, 409, "conflict");
    e2e_reply_free(&r);
    r = by_pieces("?append_to=ds_none", "text/csv", "a,b,y\n1,2,low\n", "");
    e2e_problem(&r, 400, "invalid-parameter");
    e2e_field_error(&r, "append_to");
    e2e_reply_free(&r);
    ck_assert_int_eq(count_of(s, "datasets", ""), 1);
    ck_assert_int_eq(count_of(s, "uploads", ""), 1); /* the one whose cell is no number */
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
}
END_TEST

/* The dataset is deleted while the upload is under way. */
START_TEST(an_upload_outlived_by_its_dataset_only_can_become_a_version)
{
    char base[32], id[32], path[96];
    e2e_dataset(s, "{\"X\": [1, 2, 4], \"y\": [1, 2, 3]}", base);
    snprintf(path, sizeof path, "/v1/uploads?append_to=%s", base);
    e2e_reply r = e2e_request(s, "POST", path, NULL, NULL, 0);
    keep_id(&r, id);
    snprintf(path, sizeof path, "/v1/datasets/%s", base);
    r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/uploads/%s/finish", id);
    r = e2e_request(s, "POST", path, NULL, NULL, 0);
    e2e_problem(&r, 400, "invalid-parameter");
    e2e_field_error(&r, "append_to");
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
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 2);
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
        {"application/json", "{\"X\": [[1, 2]], \"y\": [\"low\"], \"target\": \"z\"}", "target"},
        {"application/json", "{\"X\": [[1, 2], [3]], \"y\": [\"low\"]}", NULL},
    };
    char dense[32], sparse[32];
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", "a,b,y\n1,2,low\n3,4,high\n");
    keep_id(&r, dense);
    r = send_to("/v1/datasets", "text/x-libsvm", "1 1:2\n2 1:3\n");
    keep_id(&r, sparse);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        r = add(dense, "", bad[i].type, bad[i].body);
        if (r.status != 422)
            ck_abort_msg("%s: %ld %s", bad[i].body, r.status, r.body);
        if (bad[i].field)
            e2e_field_error(&r, bad[i].field);
        e2e_reply_free(&r);
    }
    r = add(sparse, "", "text/csv", "1,y\n2,1\n");
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(r.body, "is sparse: rows can be added to it as text/x-libsvm"));
    e2e_reply_free(&r);
    r = add(dense, "", "application/json", "{\"sparse_X\": [{\"a\": 1}], \"y\": [\"low\"]}");
    ck_assert_int_eq(r.status, 422);
    ck_assert_str_eq(e2e_field_error(&r, "sparse_X"),
                     "unknown field; known are: name, columns, X, y, data, target");
    e2e_reply_free(&r);
    static const struct {
        const char *body, *field, *part;
    } bad_json[] = {
        {"{\"X\": [[1]], \"y\": [1]}", "X", "unknown field; known are: name, y, target, sparse_X"},
        {"{\"data\": [{\"1\": 1, \"y\": 1}]}", "data", "unknown field"},
        {"{\"sparse_X\": [{\"1\": 1}, {\"2\": 1}], \"y\": [1, 2]}", "sparse_X[1]",
         "has \"2\", which is no column of dataset ds_"},
        {"{\"sparse_X\": [{\"1\": 1}], \"y\": [1, 2]}", "y", "has 2 values, but sparse_X has 1 rows"},
        {"{\"sparse_X\": [{\"1\": 1}], \"y\": [\"a\"]}", "y[0]", "must be a finite number, got a string"},
        {"{\"sparse_X\": [{\"1\": 1}], \"y\": [null]}", "y", "must be there in every row"},
        {"{\"sparse_X\": [{\"1\": 1}]}", "y", ""},
        {"{\"sparse_X\": [], \"y\": []}", "sparse_X", "at least one row"},
        {"{}", "sparse_X", ""},
    };
    for (size_t i = 0; i < sizeof bad_json / sizeof bad_json[0]; i++) {
        r = add(sparse, "", "application/json", bad_json[i].body);
        ck_assert_msg(r.status == 422, "%s: %s", bad_json[i].body, r.body);
        const char *why = e2e_field_error(&r, bad_json[i].field);
        ck_assert_msg(strstr(why, bad_json[i].part) != NULL, "%s", why);
        e2e_reply_free(&r);
    }
    r = add(sparse, "?columns=2", "application/json", "{\"sparse_X\": [{\"2\": 1}], \"y\": [1]}");
    ck_assert_int_eq(r.status, 201);
    ck_assert_double_eq(e2e_number(r.json, "columns.to"), 2);
    char wider[96];
    snprintf(wider, sizeof wider, "/v1/datasets/%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    r = e2e_delete(s, wider);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    static const struct {
        const char *query, *body, *field, *part;
    } bad_sparse[] = {
        {"", "1 1:2\n2 2:1\n", "row 2, column \"2\"", "is beyond the 1 columns of dataset ds_"},
        {"", "1 1:2\nspam 1:1\n", "row 2", "\"spam\" is not a number (line 2, byte 6)"},
        {"", "1 0:2\n", "row 1, column \"0\"", "below 1, which is the first column (line 1, byte 2)"},
        {"?columns=2", "1 3:2\n", "row 1, column \"3\"", "beyond the 2 columns of dataset ds_"},
    };
    for (size_t i = 0; i < sizeof bad_sparse / sizeof bad_sparse[0]; i++) {
        r = add(sparse, bad_sparse[i].query, "text/x-libsvm", bad_sparse[i].body);
        ck_assert_int_eq(r.status, 422);
        const char *why = e2e_field_error(&r, bad_sparse[i].field);
        ck_assert_msg(strstr(why, bad_sparse[i].part) != NULL, "%s", why);
        e2e_reply_free(&r);
    }
    r = add(dense, "?columns=a", "text/csv", "a,b,y\n1,2,low\n");
    e2e_problem(&r, 400, "invalid-parameter");
    e2e_field_error(&r, "columns");
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
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 2);
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
    tcase_add_test(tc, many_sparse_rows_are_added_behind_many);
    tcase_add_loop_test(tc, an_upload_in_pieces_can_become_a_version, 0, CASES);
    tcase_add_test(tc, an_upload_that_fits_no_dataset_is_refused_and_stays);
    tcase_add_test(tc, an_upload_outlived_by_its_dataset_only_can_become_a_version);
    tcase_add_test(tc, versions_are_numbered_and_listed_and_outlive_each_other);
    tcase_add_test(tc, a_job_goes_on_with_the_rows_that_it_began_with);
    tcase_add_test(tc, rows_that_do_not_fit_are_refused_and_leave_nothing);
    tcase_add_test(tc, nothing_is_added_to_damaged_rows);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
