/* What is known of a dataset's columns, over HTTP: held against closed forms and counting by hand, for
 * every way in which numbers come in, and by pages where columns are many. */
#include "serving.h"

static const cJSON *column(const e2e_reply *r, int i)
{
    const cJSON *c = cJSON_GetArrayItem(e2e_at(r->json, "statistics"), i);
    ck_assert_msg(c != NULL, "%s", r->body);
    return c;
}

static e2e_reply dataset(const char *id, const char *query)
{
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s%s", id, query);
    ck_assert_msg(r.status == 200, "%s", r.body);
    return r;
}

/* The values 0 .. n - 1 times step from `start` on, each once. */
static void check_ramp(const cJSON *c, double n, double start, double step)
{
    double low = e2e_number(c, "histogram.low"), width = e2e_number(c, "histogram.width");
    ck_assert_double_eq(e2e_number(c, "count"), n);
    ck_assert_double_eq(e2e_number(c, "missing"), 0);
    ck_assert_double_eq(e2e_number(c, "min"), start);
    ck_assert_double_eq(e2e_number(c, "max"), start + (n - 1) * step);
    close_to(e2e_number(c, "mean"), start + step * (n - 1) / 2, 1e-13);
    close_to(e2e_number(c, "std"), step * sqrt((n * n - 1) / 12), 1e-11);
    const cJSON *count, *counts = e2e_at(c, "histogram.counts");
    ck_assert_int_eq(cJSON_GetArraySize(counts), 32);
    ck_assert_double_le(low, start);
    ck_assert_double_ge(low + 32 * width, start + (n - 1) * step);
    int k = 0;
    cJSON_ArrayForEach (count, counts) {
        int want = 0;
        for (int i = 0; i < (int)n; i++) {
            double v = start + i * step;
            want += v >= low + k * width &&
                    (v < low + (k + 1) * width || (k == 31 && v == low + 32 * width));
        }
        ck_assert_int_eq(count->valueint, want);
        k++;
    }
}

START_TEST(columns_of_a_table_are_described)
{
    enum { N = 1000 };
    char *csv = malloc(64 * N), *at = csv + sprintf(csv, "a,b,c,y\n");
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%.17g,%d,%d,%d\n", 1e9 + i * 0.125, -i, i % 7, i * 3);
    for (int single = 0; single < 2; single++) {
        e2e_reply r =
            e2e_post_csv(s, single ? "/v1/datasets?target=y&columns=c,b&dtype=float32"
                                   : "/v1/datasets?target=y",
                         csv);
        ck_assert_msg(r.status == 201, "%s", r.body);
        e2e_reply d = dataset(e2e_string(r.json, "id"), "");
        int b = 1, c = single ? 0 : 2, y = single ? 2 : 3;
        if (!single)
            check_ramp(column(&d, 0), N, 1e9, 0.125);
        close_to(e2e_number(column(&d, b), "mean"), -(N - 1) / 2.0, 1e-14);
        ck_assert_double_eq(e2e_number(column(&d, b), "distinct.count"), N);
        ck_assert(cJSON_IsTrue(e2e_at(column(&d, b), "distinct.exact")));
        ck_assert_double_eq(e2e_number(column(&d, b), "distinct.error"), 0);
        ck_assert_double_eq(e2e_number(column(&d, c), "distinct.count"), 7);
        check_ramp(column(&d, y), N, 0, 3);
        ck_assert_str_eq(e2e_string(column(&d, y), "role"), "target");
        ck_assert_str_eq(e2e_string(column(&d, y), "type"), "numeric");
        ck_assert(cJSON_IsNull(e2e_at(column(&d, y), "top")));
        ck_assert(cJSON_IsNull(e2e_at(d.json, "statistics_next_offset")));
        e2e_reply_free(&d);
        e2e_reply_free(&r);
    }
    free(csv);
}
END_TEST

START_TEST(many_values_are_estimated_and_marked)
{
    enum { N = 50000 };
    char *json = malloc(20 * N), *at = json + sprintf(json, "{\"X\": [");
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%s%.1f", i ? "," : "", i * 0.1);
    at += sprintf(at, "], \"y\": [");
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%s%d", i ? "," : "", i & 1);
    sprintf(at, "]}");
    char id[32];
    e2e_dataset(s, json, id);
    e2e_reply d = dataset(id, "");
    double error = e2e_number(column(&d, 0), "distinct.error");
    ck_assert(cJSON_IsFalse(e2e_at(column(&d, 0), "distinct.exact")));
    ck_assert_double_gt(error, 0);
    ck_assert_double_lt(error, 0.02);
    /* the same data always give the same estimate: this is no chance of one in a million */
    ck_assert_double_le(fabs(e2e_number(column(&d, 0), "distinct.count") / N - 1), 5 * error);
    ck_assert_double_eq(e2e_number(column(&d, 1), "distinct.count"), 2);
    ck_assert_double_eq(e2e_number(column(&d, 1), "histogram.counts.0"), N / 2);
    ck_assert_double_eq(e2e_number(column(&d, 1), "histogram.counts.31"), N / 2);
    e2e_reply_free(&d);
    free(json);
}
END_TEST

START_TEST(labels_are_counted)
{
    char id[32];
    e2e_dataset(s,
                "{\"X\": [1, 2, 3, 4, 5, 6], \"y\": [\"b\", \"a \\\"q\\\"\", \"b\", \"c\", \"c\", "
                "\"b\"]}",
                id);
    e2e_reply d = dataset(id, "?columns=y");
    const cJSON *y = column(&d, 0);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(d.json, "statistics")), 1);
    ck_assert_str_eq(e2e_string(y, "type"), "categorical");
    ck_assert_double_eq(e2e_number(y, "count"), 6);
    ck_assert_double_eq(e2e_number(y, "distinct.count"), 3);
    ck_assert(cJSON_IsNull(e2e_at(y, "mean")) && cJSON_IsNull(e2e_at(y, "histogram")));
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(y, "top")), 3);
    static const char *const values[] = {"b", "c", "a \"q\""};
    for (int i = 0; i < 3; i++) {
        const cJSON *level = cJSON_GetArrayItem(e2e_at(y, "top"), i);
        ck_assert_str_eq(e2e_string(level, "value"), values[i]);
        ck_assert_double_eq(e2e_number(level, "count"), 3 - i);
    }
    e2e_reply_free(&d);
}
END_TEST

/* 250 features c0 .. c249, of which c<j> holds j and j + 1, and the target y. */
enum { WIDE = 250 };

static void make_wide(char id[32])
{
    char *csv = malloc(20 * WIDE * 3), *at = csv;
    for (int row = -1; row < 2; row++) {
        for (int j = 0; j < WIDE; j++)
            at += row < 0 ? sprintf(at, "c%d,", j) : sprintf(at, "%d,", j + row);
        at += row < 0 ? sprintf(at, "y\n") : sprintf(at, "%d\n", row);
    }
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    free(csv);
}

START_TEST(wide_data_come_in_pages)
{
    char id[32], path[160], link[160], want[160];
    make_wide(id);
    int seen = 0, pages = 0;
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    while (*path) {
        e2e_reply r = e2e_get(s, path);
        ck_assert_msg(r.status == 200, "%s: %s", path, r.body);
        ck_assert_uint_lt(r.len, 100000);
        const cJSON *c;
        cJSON_ArrayForEach (c, e2e_at(r.json, "statistics")) {
            snprintf(want, sizeof want, seen < WIDE ? "c%d" : "y", seen);
            ck_assert_str_eq(e2e_string(c, "name"), want);
            ck_assert_double_eq(e2e_number(c, "min"), seen < WIDE ? seen : 0);
            seen++;
        }
        const cJSON *next = e2e_at(r.json, "statistics_next_offset");
        *path = '\0';
        e2e_header(&r, "Link", link, sizeof link);
        if (cJSON_IsNull(next)) {
            ck_assert_str_eq(link, "");
        } else {
            ck_assert_double_eq(next->valuedouble, seen);
            snprintf(path, sizeof path, "/v1/datasets/%s?offset=%d&limit=100", id, seen);
            snprintf(want, sizeof want, "<%s>; rel=\"next\"", path);
            ck_assert_str_eq(link, want);
        }
        pages++;
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(seen, WIDE + 1);
    ck_assert_int_eq(pages, 3);
    e2e_reply r = dataset(id, "?limit=1000");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "statistics")), WIDE + 1);
    e2e_reply_free(&r);
    r = dataset(id, "?offset=9999");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "statistics")), 0);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(columns_are_chosen_by_name_in_any_order)
{
    char id[32], path[96];
    make_wide(id);
    e2e_reply r = dataset(id, "?columns=y,c249,c7");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "statistics")), 3);
    ck_assert_str_eq(e2e_string(column(&r, 0), "name"), "y");
    ck_assert_double_eq(e2e_number(column(&r, 1), "max"), 250);
    ck_assert_double_eq(e2e_number(column(&r, 2), "mean"), 7.5);
    e2e_reply_free(&r);
    r = dataset(id, "?columns=y,c249,c7&offset=1&limit=1");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "statistics")), 1);
    ck_assert_str_eq(e2e_string(column(&r, 0), "name"), "c249");
    ck_assert_double_eq(e2e_number(r.json, "statistics_next_offset"), 2);
    e2e_reply_free(&r);
    static const struct {
        const char *columns, *says;
    } bad[] = {{"c7,d8", "no column \"d8\""},
               {"c7,c2499", "did you mean \"c249\""},
               {"c7,c8,c7", "\"c7\" twice"},
               {"c7,", "no column \"\""}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(path, sizeof path, "/v1/datasets/%s?columns=%s", id, bad[i].columns);
        r = e2e_get(s, path);
        e2e_problem(&r, 400, "invalid-parameter");
        ck_assert_msg(strstr(e2e_field_error(&r, "columns"), bad[i].says) != NULL, "%s", r.body);
        e2e_reply_free(&r);
    }
    static const char *const queries[] = {"limit=0", "limit=1001", "offset=-1", "offset=10001"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        snprintf(path, sizeof path, "/v1/datasets/%s?%s", id, queries[i]);
        r = e2e_get(s, path);
        e2e_problem(&r, 400, "invalid-parameter");
        e2e_reply_free(&r);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("statistics");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, columns_of_a_table_are_described);
    tcase_add_test(tc, many_values_are_estimated_and_marked);
    tcase_add_test(tc, labels_are_counted);
    tcase_add_test(tc, wide_data_come_in_pages);
    tcase_add_test(tc, columns_are_chosen_by_name_in_any_order);
    return run_suite(tc, "statistics");
}
