/* What becomes of datasets: listings, deletion, uploads that fail and leave nothing behind, and
 * large ones, of which a model proves that all rows are in their places. */
#include "datasets.h"

/* ---- listings ---- */

enum { LISTED = 11 };

static void make_list(char ids[LISTED][32])
{
    for (int i = 0; i < LISTED; i++) {
        char body[96];
        snprintf(body, sizeof body, "{\"name\": \"n%d\", \"X\": [%d, 1], \"y\": [1, 2]}", i, i);
        e2e_dataset(s, body, ids[i]);
    }
}

START_TEST(list_goes_page_by_page_from_the_newest)
{
    char ids[LISTED][32], before[64] = "";
    make_list(ids);
    int seen = 0, pages = 0;
    for (;;) {
        e2e_reply r = e2e_getf(s, "/v1/datasets?limit=3%s", before);
        ck_assert_int_eq(r.status, 200);
        const cJSON *item, *list = e2e_at(r.json, "datasets");
        ck_assert_int_le(cJSON_GetArraySize(list), 3);
        cJSON_ArrayForEach (item, list) {
            ck_assert_str_eq(e2e_string(item, "id"), ids[LISTED - 1 - seen]);
            e2e_reply one = e2e_getf(s, "/v1/datasets/%s", e2e_string(item, "id"));
            cJSON_DeleteItemFromObject(one.json, "statistics");
            cJSON_DeleteItemFromObject(one.json, "statistics_next_offset");
            ck_assert(cJSON_Compare(one.json, item, true));
            e2e_reply_free(&one);
            seen++;
        }
        pages++;
        const cJSON *next = e2e_at(r.json, "next");
        bool last = cJSON_IsNull(next);
        if (!last)
            snprintf(before, sizeof before, "&before=%.0f", next->valuedouble);
        e2e_reply_free(&r);
        if (last)
            break;
    }
    ck_assert_int_eq(seen, LISTED);
    ck_assert_int_eq(pages, 4);
    e2e_reply r = e2e_get(s, "/v1/datasets");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), LISTED);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "next")));
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/datasets?limit=%d", LISTED); /* exactly full: no further page */
    ck_assert(cJSON_IsNull(e2e_at(r.json, "next")));
    e2e_reply_free(&r);
}
END_TEST

/* Whoever deletes page by page must reach the end. */
START_TEST(paging_goes_on_where_entries_were_deleted)
{
    char ids[LISTED][32];
    make_list(ids);
    e2e_reply r = e2e_get(s, "/v1/datasets?limit=3");
    double next = e2e_number(r.json, "next");
    e2e_reply_free(&r);
    for (int i = LISTED - 1; i >= LISTED - 3; i--) {
        char path[64];
        snprintf(path, sizeof path, "/v1/datasets/%s", ids[i]);
        r = e2e_delete(s, path);
        ck_assert_int_eq(r.status, 204);
        e2e_reply_free(&r);
    }
    r = e2e_getf(s, "/v1/datasets?limit=3&before=%.0f", next);
    ck_assert_int_eq(r.status, 200);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 3);
    ck_assert_str_eq(e2e_string(r.json, "datasets.0.id"), ids[LISTED - 4]);
    e2e_reply_free(&r);
}
END_TEST

/* ---- deletion ---- */

START_TEST(deleted_dataset_is_gone_with_its_file)
{
    char id[32], path[400], url[64];
    e2e_dataset(s, "{\"X\": [1, 2], \"y\": [3, 4]}", id);
    ck_assert_int_eq(access(e2e_dataset_file(s, id, path), F_OK), 0);
    snprintf(url, sizeof url, "/v1/datasets/%s", id);
    e2e_reply r = e2e_delete(s, url);
    ck_assert_int_eq(r.status, 204);
    ck_assert_uint_eq(r.len, 0);
    e2e_reply_free(&r);
    ck_assert_int_ne(access(path, F_OK), 0);
    r = e2e_get(s, url);
    e2e_problem(&r, 404, "not-found");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), id));
    e2e_reply_free(&r);
    r = e2e_delete(s, url);
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(dataset_stays_while_a_job_needs_it)
{
    char id[32], job[32], url[64], body[128], path[400];
    e2e_dataset(s, "{\"X\": [1, 2, 3], \"y\": [3, 4, 6]}", id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"epochs\": 1000000000, \"tol\": 0}", id);
    e2e_job(s, body, job);
    snprintf(url, sizeof url, "/v1/datasets/%s", id);
    e2e_reply r = e2e_delete(s, url);
    e2e_problem(&r, 409, "conflict");
    ck_assert_ptr_nonnull(strstr(e2e_string(r.json, "detail"), job));
    e2e_reply_free(&r);
    r = e2e_get(s, url);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    ck_assert_int_eq(access(e2e_dataset_file(s, id, path), F_OK), 0);
    snprintf(body, sizeof body, "/v1/jobs/%s/cancel", job);
    r = e2e_request(s, "POST", body, NULL, NULL, 0);
    ck_assert_int_eq(r.status, 202);
    e2e_reply_free(&r);
    r = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(r.json, "state"), "cancelled");
    ck_assert_str_eq(e2e_string(r.json, "dataset_id"), id);
    e2e_reply_free(&r);
    r = e2e_delete(s, url);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    /* the job stays, and says no more than it knows */
    r = e2e_getf(s, "/v1/jobs/%s", job);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "dataset_id")));
    ck_assert_str_eq(e2e_string(r.json, "spec.dataset_id"), id);
    e2e_reply_free(&r);
}
END_TEST

/* ---- failures ---- */

START_TEST(failed_upload_leaves_nothing_behind)
{
    static const struct {
        const char *path, *body;
        bool csv;
        long status;
    } bad[] = {
        {"/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]", false, 400},
        {"/v1/datasets", "{\"X\": [[1, 2], [3]], \"y\": [1, 2]}", false, 422},
        {"/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2, 3]}", false, 422},
        {"/v1/datasets", "{\"X\": [1, NaN], \"y\": [1, 2]}", false, 400},
        {"/v1/datasets", "{\"X\": [], \"y\": []}", false, 422},
        {"/v1/datasets", "{\"data\": [{\"a\": 1}], \"target\": \"b\"}", false, 422},
        {"/v1/datasets", "{\"data\": [{\"a\": [\"x\"], \"b\": 1}], \"target\": \"b\"}", false, 422},
        {"/v1/datasets", "{\"X\": [1], \"y\": [1], \"nmae\": \"x\"}", false, 422},
        {"/v1/datasets", "", false, 400},
        {"/v1/datasets?target=b", "a,b\n1,2\n3\n", true, 422},
        {"/v1/datasets?target=c", "a,b\n1,2\n", true, 422},
        {"/v1/datasets?target=b", "a,b\n1,2\n3,inf\n", true, 422},
        {"/v1/datasets?target=b", "a,b\n", true, 422},
        {"/v1/datasets?target=b", "", true, 422},
        {"/v1/datasets", "a,b\n1,2\n", true, 422},
        {"/v1/datasets?limit=3", "{\"X\": [1], \"y\": [1]}", false, 400},
        /* inline data of a job that is refused is refused with it */
        {"/v1/jobs", "{\"dataset\": {\"X\": [1, 2], \"y\": [1]}}", false, 422},
        {"/v1/jobs",
         "{\"dataset\": {\"X\": [1, 2], \"y\": [1, 2]}, "
         "\"initial_parameters\": {\"coefficients\": [1, 2]}}",
         false, 422},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e2e_reply r = bad[i].csv ? e2e_post_csv(s, bad[i].path, bad[i].body)
                                 : e2e_post(s, bad[i].path, bad[i].body);
        ck_assert_msg(r.status == bad[i].status, "%s: %ld %s", bad[i].body, r.status, r.body);
        e2e_reply_free(&r);
        ck_assert_msg(comes_to("tmp", 0), "a temporary file stayed after %s", bad[i].body);
        ck_assert_msg(e2e_files_in(s, "datasets") == 0, "a dataset stayed after %s", bad[i].body);
    }
    e2e_reply r = e2e_get(s, "/v1/datasets");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 0);
    e2e_reply_free(&r);
}
END_TEST

/* The error comes after megabytes were written already. */
START_TEST(error_at_the_end_of_a_large_upload_leaves_nothing_behind)
{
    enum { N = 200000 };
    char *csv = malloc(32 * N), *at = csv + sprintf(csv, "a,b\n");
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%d,%d.25\n", i, i);
    sprintf(at, "1,oops\n");
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=b", csv);
    e2e_problem(&r, 422, "validation-failed");
    const char *message = e2e_field_error(&r, "row 200001, column \"b\"");
    ck_assert_ptr_nonnull(strstr(message, "oops"));
    ck_assert_ptr_nonnull(strstr(message, "line 200002"));
    e2e_reply_free(&r);
    ck_assert(comes_to("tmp", 0));
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    free(csv);
}
END_TEST

/* Columns: all others are on the disk by then. */
START_TEST(error_in_the_last_column_of_a_large_upload_leaves_nothing_behind)
{
    enum { N = 100000, COLS = 5 };
    char *json = malloc(20 * N * COLS), *at = json + sprintf(json, "{\"columns\": {");
    for (int j = 0; j < COLS; j++) {
        at += sprintf(at, "%s\"%s%d\": [", j ? ", " : "", j < COLS - 1 ? "x" : "y", j);
        for (int i = 0; i < N - 1; i++)
            at += sprintf(at, "%d.25, ", i);
        at += sprintf(at, j < COLS - 1 ? "1]" : "[2]]");
    }
    sprintf(at, "}, \"target\": \"y4\"}");
    size_t place = (size_t)(at - json) - strlen("[2]]");
    char byte[40];
    snprintf(byte, sizeof byte, "(line 1, byte %zu)", place);
    e2e_reply r = e2e_post(s, "/v1/datasets", json);
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "columns.y4[99999]"), byte));
    e2e_reply_free(&r);
    ck_assert(comes_to("tmp", 0));
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    free(json);
}
END_TEST

/* ---- size ---- */

enum { LARGE_ROWS = 260000, LARGE_COLS = 4 };

/* About 20 MB; the numbers are those of a linear congruential generator, and y is exactly
 * 2 a - d + 3, so a model that trains on it proves that all rows are in their places. c leans
 * on b: that gives the curvature one clear maximum, which is found quickly. */
static double large_row(uint64_t *state, double v[LARGE_COLS])
{
    for (int j = 0; j < LARGE_COLS; j++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        v[j] = (double)(*state >> 40) / 1024;
    }
    v[2] += v[1];
    return 2 * v[0] - v[3] + 3;
}

static void check_large(e2e_reply *r, double sum)
{
    char job[32], body[128];
    ck_assert_msg(r->status == 201, "%ld %s", r->status, r->body);
    ck_assert_double_eq(e2e_number(r->json, "rows"), LARGE_ROWS);
    check_file(r->json);
    ck_assert(comes_to("tmp", 0));
    e2e_reply d = e2e_getf(s, "/v1/datasets/%s", e2e_string(r->json, "id"));
    close_to(e2e_number(d.json, "statistics.0.mean"), sum / LARGE_ROWS, 1e-12);
    e2e_reply_free(&d);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"tol\": 1e-12}",
             e2e_string(r->json, "id"));
    e2e_job(s, body, job);
    d = e2e_wait(s, job);
    ck_assert_str_eq(e2e_string(d.json, "state"), "succeeded");
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(d.json, "model_id"));
    static const double want[] = {2, 0, 0, -1};
    for (int j = 0; j < LARGE_COLS; j++) {
        char path[64];
        snprintf(path, sizeof path, "parameters.coefficients.%d", j);
        ck_assert_double_eq_tol(e2e_number(m.json, path), want[j], 1e-6);
    }
    ck_assert_double_eq_tol(e2e_number(m.json, "metrics.r2"), 1, 1e-9);
    e2e_reply_free(&m);
    e2e_reply_free(&d);
}

START_TEST(large_csv_is_stored)
{
    char *csv = malloc((size_t)LARGE_ROWS * 100), *at = csv + sprintf(csv, "a,b,c,d,y\n");
    uint64_t state = 1;
    double sum = 0;
    for (int i = 0; i < LARGE_ROWS; i++) {
        double v[LARGE_COLS], y = large_row(&state, v);
        sum += v[0];
        at += sprintf(at, "%.16g,%.16g,%.16g,%.16g,%.16g\n", v[0], v[1], v[2], v[3], y);
    }
    ck_assert_uint_gt((size_t)(at - csv), (size_t)15 << 20);
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    check_large(&r, sum);
    e2e_reply_free(&r);
    free(csv);
}
END_TEST

START_TEST(large_json_is_stored)
{
    char *x = malloc((size_t)LARGE_ROWS * 120), *at = x + sprintf(x, "{\"X\": [");
    double *y = malloc(LARGE_ROWS * sizeof *y);
    uint64_t state = 1;
    double sum = 0;
    for (int i = 0; i < LARGE_ROWS; i++) {
        double v[LARGE_COLS];
        y[i] = large_row(&state, v);
        sum += v[0];
        at += sprintf(at, "%s[%.16g, %.16g, %.16g, %.16g]", i ? ",\n" : "", v[0], v[1], v[2], v[3]);
    }
    at += sprintf(at, "], \"y\": [");
    for (int i = 0; i < LARGE_ROWS; i++)
        at += sprintf(at, "%s%.16g", i ? ", " : "", y[i]);
    sprintf(at, "]}");
    e2e_reply r = e2e_post(s, "/v1/datasets", x);
    check_large(&r, sum);
    e2e_reply_free(&r);
    free(x);
    free(y);
}
END_TEST

/* What is said of the dataset that the body became; the caller frees both. */
static e2e_reply said_of(const char *path, const char *type, const char *body, char **statistics)
{
    const char *const headers[] = {type, NULL};
    e2e_reply r = e2e_request(s, "POST", path, headers, body, strlen(body));
    ck_assert_msg(r.status == 201, "%ld %s", r.status, r.body);
    check_file(r.json);
    e2e_reply d = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "id"));
    *statistics = cJSON_Print(e2e_at(d.json, "statistics"));
    e2e_reply_free(&d);
    return r;
}

enum { SAME_ROWS = 40000, SAME_COLS = 5 };

/* A cell of them: numbers, the last of which is the target, a column of texts, and some that are
 * missing. */
static char *put_cell(char *at, int row, int column)
{
    uint64_t bits = ((uint64_t)row * SAME_COLS + (uint64_t)column) * 0x9e3779b97f4a7c15u;
    if (column < SAME_COLS - 1 && (bits >> 20) % 97 == 5)
        return at + sprintf(at, "null");
    if (column == 1)
        return at + sprintf(at, "\"%s\"", (bits >> 30) % 3 ? "red" : "blue");
    return at + sprintf(at, "%.17g", (double)(int64_t)bits / 7e17);
}

/* A row of them, with names or not; the target is its value number `target`. */
static char *put_row(char *at, int row, int target, bool named)
{
    for (int k = 0; k < SAME_COLS; k++) {
        int column = k == target ? SAME_COLS - 1 : k - (k > target);
        at += sprintf(at, "%s", k ? ", " : "");
        if (named)
            at += column == SAME_COLS - 1 ? sprintf(at, "\"y\": ")
                                          : sprintf(at, "\"x%d\": ", column + 1);
        at = put_cell(at, row, column);
    }
    return at;
}

/* Rows of X, columns, records whose target the query alone names, arrays a line: some are gathered
 * from a file, and to the last digit they are the same. */
START_TEST(large_data_is_the_same_in_any_shape)
{
    enum { SHAPES = 4 };
    static const char *const json = "Content-Type: application/json";
    const struct {
        const char *path, *type, *begin, *end;
    } shapes[SHAPES] = {{"/v1/datasets", json, "{\"X\": [", "]}"},
                        {"/v1/datasets", json, "{\"columns\": {", "}}"},
                        {"/v1/datasets?target=y", json, "{\"data\": [", "]}"},
                        {"/v1/datasets?target=y", "Content-Type: application/x-ndjson",
                         "[\"x1\", \"x2\", \"x3\", \"y\", \"x4\"]\n", ""}};
    char *text[SHAPES], *at[SHAPES], *statistics[SHAPES];
    for (int k = 0; k < SHAPES; k++) {
        text[k] = at[k] = malloc(SAME_ROWS * SAME_COLS * 40);
        at[k] += sprintf(at[k], "%s", shapes[k].begin);
    }
    for (int i = 0; i < SAME_ROWS; i++) {
        at[0] += sprintf(at[0], "%s[", i ? ", " : "");
        for (int j = 0; j < SAME_COLS - 1; j++) {
            at[0] += sprintf(at[0], "%s", j ? ", " : "");
            at[0] = put_cell(at[0], i, j);
        }
        at[0] += sprintf(at[0], "]");
        at[2] = put_row(at[2] + sprintf(at[2], "%s{", i ? ", " : ""), i, 2, true);
        at[2] += sprintf(at[2], "}");
        at[3] = put_row(at[3] + sprintf(at[3], "["), i, 3, false);
        at[3] += sprintf(at[3], "]\n");
    }
    for (int j = 0; j < SAME_COLS; j++) {
        bool target = j == SAME_COLS - 1;
        at[1] += target ? sprintf(at[1], ", \"y\": [")
                        : sprintf(at[1], "%s\"x%d\": [", j ? ", " : "", j + 1);
        at[0] += target ? sprintf(at[0], "], \"y\": [") : 0;
        for (int i = 0; i < SAME_ROWS; i++) {
            at[1] = put_cell(at[1] + sprintf(at[1], "%s", i ? ", " : ""), i, j);
            if (target)
                at[0] = put_cell(at[0] + sprintf(at[0], "%s", i ? ", " : ""), i, j);
        }
        at[1] += sprintf(at[1], "]");
    }
    for (int k = 0; k < SHAPES; k++)
        sprintf(at[k], "%s", shapes[k].end);
    e2e_reply first = said_of(shapes[0].path, shapes[0].type, text[0], &statistics[0]);
    ck_assert_double_eq(e2e_number(first.json, "rows"), SAME_ROWS);
    for (int k = 1; k < SHAPES; k++) {
        e2e_reply r = said_of(shapes[k].path, shapes[k].type, text[k], &statistics[k]);
        ck_assert_str_eq(e2e_string(r.json, "sha256"), e2e_string(first.json, "sha256"));
        ck_assert_str_eq(statistics[k], statistics[0]);
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 1);
    ck_assert(comes_to("tmp", 0));
    e2e_reply_free(&first);
    for (int k = 0; k < SHAPES; k++) {
        free(text[k]);
        cJSON_free(statistics[k]);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("datasets");
    tcase_add_test(tc, list_goes_page_by_page_from_the_newest);
    tcase_add_test(tc, paging_goes_on_where_entries_were_deleted);
    tcase_add_test(tc, deleted_dataset_is_gone_with_its_file);
    tcase_add_test(tc, dataset_stays_while_a_job_needs_it);
    tcase_add_test(tc, failed_upload_leaves_nothing_behind);
    tcase_add_test(tc, error_at_the_end_of_a_large_upload_leaves_nothing_behind);
    tcase_add_test(tc, error_in_the_last_column_of_a_large_upload_leaves_nothing_behind);
    tcase_add_test(tc, large_data_is_the_same_in_any_shape);
    tcase_add_test(tc, large_csv_is_stored);
    tcase_add_test(tc, large_json_is_stored);
    return run_case(tc);
}
