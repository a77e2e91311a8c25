/* Datasets over HTTP: every shape of upload, what is answered and what lies on the disk
 * afterwards, statistics against closed forms. */
#include "datasets.h"

#include <regex.h>
#include <time.h>

static bool matches(const char *text, const char *pattern)
{
    regex_t re;
    ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool is = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return is;
}

/* The numbers in the file: X by rows, then y (server/srv_file.h gives the layout). */
static double *read_numbers(const char *id, uint64_t *rows, uint64_t *cols)
{
    char path[400];
    uint64_t head[10];
    char begin[8];
    FILE *f = fopen(e2e_dataset_file(s, id, path), "rb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fread(begin, sizeof begin, 1, f), 1);
    fseek(f, -(long)sizeof head, SEEK_END);
    ck_assert_uint_eq(fread(head, sizeof head, 1, f), 1);
    ck_assert_mem_eq(begin, "GDDATA2\n", 8);
    ck_assert_mem_eq(head, "GDDATA2\n", 8);
    *rows = head[1];
    *cols = head[2];
    double *v = calloc(*rows * (*cols + 1), sizeof *v);
    fseek(f, (long)head[3], SEEK_SET);
    ck_assert_uint_eq(fread(v, sizeof *v, *rows * *cols, f), *rows * *cols);
    fseek(f, (long)head[4], SEEK_SET);
    ck_assert_uint_eq(fread(v + *rows * *cols, sizeof *v, *rows, f), *rows);
    fclose(f);
    return v;
}

/* The dataset holds these rows (features first, target last), bit for bit. */
static void check_numbers(const char *id, size_t rows, size_t cols, const double *want)
{
    uint64_t r, c;
    double *got = read_numbers(id, &r, &c);
    ck_assert_uint_eq(r, rows);
    ck_assert_uint_eq(c, cols);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j <= cols; j++) {
            const double *g = j < cols ? &got[i * cols + j] : &got[rows * cols + i];
            ck_assert_mem_eq(g, &want[i * (cols + 1) + j], sizeof(double));
        }
    free(got);
}

static void check_strings(const cJSON *list, const char *const *want)
{
    int n = 0;
    for (; want[n]; n++)
        ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetArrayItem(list, n)), want[n]);
    ck_assert_int_eq(cJSON_GetArraySize(list), n);
}

/* ---- the shapes of an upload ---- */

START_TEST(matrix_is_stored_and_every_field_is_answered)
{
    char location[128], want[128], then[32];
    e2e_reply r = e2e_post(s, "/v1/datasets",
                           "{\"name\": \"adverts\", \"columns\": [\"tv\", \"radio\"], "
                           "\"X\": [[230.1, 37.8], [44.5, 39.3], [17.2, 45.9]], "
                           "\"y\": [22.1, 10.4, 9.3], \"target\": \"sales\"}");
    ck_assert_int_eq(r.status, 201);
    const char *id = e2e_string(r.json, "id");
    ck_assert_msg(matches(id, "^ds_[0-9a-z]{20}$"), "%s", id);
    snprintf(want, sizeof want, "/v1/datasets/%s", id);
    ck_assert_str_eq(e2e_header(&r, "Location", location, sizeof location), want);
    ck_assert_str_eq(e2e_string(r.json, "name"), "adverts");
    ck_assert_double_eq(e2e_number(r.json, "rows"), 3);
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"tv", "radio", NULL});
    ck_assert_str_eq(e2e_string(r.json, "target"), "sales");
    const char *at = e2e_string(r.json, "created_at");
    ck_assert_msg(matches(at, "^[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z$"), "%s", at);
    /* no earlier than a minute ago: such texts sort like the times they tell */
    time_t minute_ago = time(NULL) - 60;
    strftime(then, sizeof then, "%Y-%m-%dT%H:%M:%S", gmtime(&minute_ago));
    ck_assert_int_gt(strcmp(at, then), 0);
    check_file(r.json);
    check_numbers(id, 3, 2, (double[]){230.1, 37.8, 22.1, 44.5, 39.3, 10.4, 17.2, 45.9, 9.3});
    e2e_reply got = e2e_get(s, location);
    ck_assert_int_eq(got.status, 200);
    cJSON_DeleteItemFromObject(got.json, "statistics"); /* all else is as it was answered */
    cJSON_DeleteItemFromObject(got.json, "statistics_next_offset");
    ck_assert(cJSON_Compare(got.json, r.json, true));
    e2e_reply_free(&got);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(flat_x_is_one_feature_and_names_have_defaults)
{
    e2e_reply r = e2e_post(s, "/v1/datasets", "{\"y\": [2, 4, 6], \"X\": [1, 2, 3]}");
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), e2e_string(r.json, "id"));
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"x", NULL});
    ck_assert_str_eq(e2e_string(r.json, "target"), "y");
    check_numbers(e2e_string(r.json, "id"), 3, 1, (double[]){1, 2, 2, 4, 3, 6});
    check_file(r.json);
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/datasets", "{\"X\": [[1, 2, 3], [4, 5, 7]], \"y\": [1, 2]}");
    ck_assert_int_eq(r.status, 201);
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"x1", "x2", "x3", NULL});
    e2e_reply_free(&r);
}
END_TEST

START_TEST(records_name_their_columns_in_any_order)
{
    e2e_reply r = e2e_post(s, "/v1/datasets",
                           "{\"target\": \"sales\", \"data\": ["
                           "{\"tv\": 230.1, \"sales\": 22.1, \"radio\": 37.8},"
                           "{\"radio\": 39.3, \"tv\": 44.5, \"sales\": 10.4}], \"name\": \"r\"}");
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), "r");
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"tv", "radio", NULL});
    ck_assert_str_eq(e2e_string(r.json, "target"), "sales");
    check_numbers(e2e_string(r.json, "id"), 2, 2, (double[]){230.1, 37.8, 22.1, 44.5, 39.3, 10.4});
    check_file(r.json);
    e2e_reply_free(&r);
    /* chosen columns, in the order asked for; what is not chosen may be anything */
    r = e2e_post(s, "/v1/datasets",
                 "{\"columns\": [\"c\", \"a\"], \"target\": \"t\", \"data\": ["
                 "{\"a\": 1, \"b\": \"text\", \"c\": 3, \"t\": 4},"
                 "{\"a\": 5, \"b\": {\"x\": [null]}, \"c\": 7, \"t\": 8}]}");
    ck_assert_int_eq(r.status, 201);
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"c", "a", NULL});
    check_numbers(e2e_string(r.json, "id"), 2, 2, (double[]){3, 1, 4, 7, 5, 8});
    e2e_reply_free(&r);
}
END_TEST

START_TEST(csv_takes_target_columns_and_name_from_the_query)
{
    static const char csv[] = "\xef\xbb\xbf" /* a byte order mark */
                              "city,\"radio, \"\"fm\"\"\",tv,sales\r\n"
                              "\"Ulm, north\",37.8,230.1,22.1\r\n"
                              "Bonn, 39.3 ,4.45e1,+10.4\r\n";
    e2e_reply r = e2e_post_csv(s,
                               "/v1/datasets?name=K%C3%B6ln%20%26%20Ulm&target=sales"
                               "&columns=tv",
                               csv);
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), "K\xc3\xb6ln & Ulm");
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"tv", NULL});
    check_numbers(e2e_string(r.json, "id"), 2, 1, (double[]){230.1, 22.1, 44.5, 10.4});
    check_file(r.json);
    e2e_reply_free(&r);
    /* no columns: all but the target, and LF and a missing last line end will do */
    r = e2e_post_csv(s, "/v1/datasets?target=b", "a,b,\"c\"\"c\"\n1,2,3\n4,5,6");
    ck_assert_int_eq(r.status, 201);
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"a", "c\"c", NULL});
    ck_assert_str_eq(e2e_string(r.json, "name"), e2e_string(r.json, "id"));
    check_numbers(e2e_string(r.json, "id"), 2, 2, (double[]){1, 3, 2, 4, 6, 5});
    e2e_reply_free(&r);
    r = e2e_post_csv(s, "/v1/datasets?target=b&columns=c,a", "a,b,c\n1,2,3\n4,5,6\n");
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"c", "a", NULL});
    check_numbers(e2e_string(r.json, "id"), 2, 2, (double[]){3, 1, 2, 6, 4, 5});
    e2e_reply_free(&r);
}
END_TEST

START_TEST(query_names_target_and_columns_of_records_too)
{
    e2e_reply r = e2e_post(s, "/v1/datasets?target=t&columns=b&name=from%20query",
                           "{\"data\": [{\"a\": 1, \"b\": 2, \"t\": 3}]}");
    ck_assert_int_eq(r.status, 201);
    ck_assert_str_eq(e2e_string(r.json, "name"), "from query");
    check_strings(e2e_at(r.json, "columns"), (const char *const[]){"b", NULL});
    check_numbers(e2e_string(r.json, "id"), 1, 1, (double[]){2, 3});
    e2e_reply_free(&r);
    r = e2e_post(s, "/v1/datasets?name=query", "{\"X\": [1], \"y\": [2], \"name\": \"body\"}");
    ck_assert_str_eq(e2e_string(r.json, "name"), "body");
    e2e_reply_free(&r);
}
END_TEST

START_TEST(the_same_numbers_in_any_shape_have_the_same_hash)
{
    e2e_reply r[4] = {
        e2e_post(s, "/v1/datasets", "{\"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.6]}"),
        e2e_post(s, "/v1/datasets",
                 "{\"data\": [{\"x1\": 0.1, \"y\": 5, \"x2\": -2.0}, "
                 "{\"x1\": 0.0000003, \"x2\": 4, \"y\": 6e-1}], \"target\": \"y\"}"),
        e2e_post_csv(s, "/v1/datasets?target=y", "y,x1,x2\n5,0.1,-2\n0.60,3E-7,4.000\n"),
        e2e_post(s, "/v1/datasets", "{\"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.7]}"),
    };
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(r[i].status, 201);
    const char *hash = e2e_string(r[0].json, "sha256");
    ck_assert_str_eq(e2e_string(r[1].json, "sha256"), hash);
    ck_assert_str_eq(e2e_string(r[2].json, "sha256"), hash);
    ck_assert_str_ne(e2e_string(r[3].json, "sha256"), hash);
    for (int i = 0; i < 4; i++)
        e2e_reply_free(&r[i]);
}
END_TEST

START_TEST(other_formats_and_layouts_hold_the_same_numbers)
{
    static const struct {
        const char *type, *query, *body;
    } same[] = {
        {"application/json", "", "{\"X\": [[0.1, -2], [3e-7, 4]], \"y\": [5, 0.6]}"},
        {"application/json", "",
         "{\"columns\": {\"x1\": [0.1, 3e-7], \"y\": [5, 0.6], \"x2\": [-2, 4]}}"},
        {"application/x-ndjson", "?target=y",
         "{\"x1\": 0.1, \"y\": 5, \"x2\": -2}\n{\"y\": 0.6, \"x1\": 3e-7, \"x2\": 4}\n"},
        {"application/x-ndjson", "?target=y", "[\"y\", \"x1\", \"x2\"]\n[5, 0.1, -2]\n[0.6, 3e-7, 4]\n"},
        {"application/x-ndjson", "?target=x3", "[0.1, -2, 5]\n[3e-7, 4, 0.6]\n"},
        {"text/tab-separated-values", "?target=y", "y\tx1\tx2\n5\t0.1\t-2\n0.6\t3e-7\t4\n"},
        {"text/csv", "?target=y", "y;x1;x2\n5;0.1;-2\n0.6;3e-7;4\n"},
        {"text/csv", "?target=x1&delimiter=tab&header=false", "5\t0.1\t-2\n0.6\t3e-7\t4\n"},
        {"text/csv", "?target=x1", "5,0.1,-2\n0.6,3e-7,4\n"},
        {"text/csv", "?target=5&header=true", "5,1,2\n5,0.1,-2\n0.6,3e-7,4\n"},
    };
    char hash[80] = "";
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char header[64], path[96];
        snprintf(header, sizeof header, "Content-Type: %s", same[i].type);
        snprintf(path, sizeof path, "/v1/datasets%s", same[i].query);
        e2e_reply r = e2e_request(s, "POST", path, (const char *const[]){header, NULL}, same[i].body,
                                  strlen(same[i].body));
        ck_assert_msg(r.status == 201, "%s: %s", same[i].body, r.body);
        if (i == 0)
            snprintf(hash, sizeof hash, "%s", e2e_string(r.json, "sha256"));
        ck_assert_msg(strcmp(e2e_string(r.json, "sha256"), hash) == 0, "%s", same[i].body);
        check_numbers(e2e_string(r.json, "id"), 2, 2, (double[]){0.1, -2, 5, 3e-7, 4, 0.6});
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(chunked_upload_is_read)
{
    const char *const headers[] = {"Content-Type: text/csv; charset=utf-8",
                                   "Transfer-Encoding: chunked", NULL};
    const char csv[] = "a,t\n1,2\n3,4\n";
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets?target=t", headers, csv, strlen(csv));
    ck_assert_int_eq(r.status, 201);
    check_numbers(e2e_string(r.json, "id"), 2, 1, (double[]){1, 2, 3, 4});
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_body_without_a_type_is_json)
{
    static const char *const none[] = {"Content-Type:", NULL};
    static const char *const curl_d[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    const char body[] = "{\"X\": [1, 2], \"y\": [3, 4]}";
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets", none, body, strlen(body));
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
    r = e2e_request(s, "POST", "/v1/datasets", curl_d, body, strlen(body));
    ck_assert_int_eq(r.status, 201);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_single_column_is_typed_by_the_name_that_it_is_shown_with)
{
    static const char *const ways[][2] = {
        {"", "{\"types\": {\"x\": \"categorical\"}, \"X\": [[3], [4]], \"y\": [1, 2]}"},
        {"", "{\"types\": {\"x1\": \"categorical\"}, \"X\": [[3], [4]], \"y\": [1, 2]}"},
        {"?types=x:categorical", "{\"X\": [[3], [4]], \"y\": [1, 2]}"},
        {"?types=x:categorical", "{\"X\": [[\"3\"], [4]], \"y\": [1, 2]}"},
    };
    static const char *const json[] = {"Content-Type: application/json", NULL};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/datasets%s", ways[i][0]);
        e2e_reply r = e2e_request(s, "POST", path, json, ways[i][1], strlen(ways[i][1]));
        ck_assert_msg(r.status == 201, "%s %s: %s", path, ways[i][1], r.body);
        ck_assert_msg(strstr(r.body, "\"columns\": [\"x\"]") &&
                          strstr(r.body, "\"types\": [\"categorical\"]"),
                      "%s", r.body);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(doubles_are_kept_to_the_last_bit)
{
    static const char *const text[] = {"0.1",
                                       "1.7976931348623157e308",
                                       "5e-324",
                                       "2.2250738585072011e-308", /* once hung parsers */
                                       "9007199254740993",        /* a tie: to even */
                                       "-0.0",
                                       "123456789.123456789123456789",
                                       "1e-400", /* nothing but 0 is nearer */
                                       "0.1e1"};
    enum { N = sizeof text / sizeof text[0] };
    char body[1024] = "{\"X\": [", *at = body + strlen(body);
    double want[2 * N];
    for (int i = 0; i < N; i++) {
        at += sprintf(at, "%s%s", i ? ", " : "", text[i]);
        want[2 * i] = strtod(text[i], NULL);
        want[2 * i + 1] = i;
    }
    sprintf(at, "], \"y\": [0,1,2,3,4,5,6,7,8]}");
    e2e_reply r = e2e_post(s, "/v1/datasets", body);
    ck_assert_int_eq(r.status, 201);
    check_numbers(e2e_string(r.json, "id"), N, 1, want);
    e2e_reply_free(&r);
}
END_TEST

/* ---- statistics ---- */

/* x = 1e9 + i: mean 1e9 + (n + 1) / 2 and variance (n^2 - 1) / 12, which sums of squares
 * would have lost. t is 1, 2, 3, 4, 5, 1, ... with mean 3 and variance 2; c never changes. */
START_TEST(statistics_agree_with_closed_forms)
{
    enum { N = 9000 }; /* more than two blocks */
    char *csv = malloc(64 * N), *at = csv + sprintf(csv, "x,c,t\n");
    for (int i = 1; i <= N; i++)
        at += sprintf(at, "%d,7.25,%d\n", 1000000000 + i, (i - 1) % 5 + 1);
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=t", csv);
    ck_assert_int_eq(r.status, 201);
    e2e_reply d = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "id"));
    ck_assert_int_eq(d.status, 200);
    const cJSON *st = e2e_at(d.json, "statistics");
    ck_assert_int_eq(cJSON_GetArraySize(st), 3);
    static const char *const names[] = {"x", "c", "t"}, *const roles[] = {"feature", "feature",
                                                                          "target"};
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(e2e_string(cJSON_GetArrayItem(st, i), "name"), names[i]);
        ck_assert_str_eq(e2e_string(cJSON_GetArrayItem(st, i), "role"), roles[i]);
    }
    ck_assert_double_eq(e2e_number(st, "0.min"), 1000000001);
    ck_assert_double_eq(e2e_number(st, "0.max"), 1000000000 + N);
    close_to(e2e_number(st, "0.mean"), 1e9 + (N + 1) / 2.0, 1e-15);
    close_to(e2e_number(st, "0.std"), sqrt(((double)N * N - 1) / 12), 1e-12);
    ck_assert_double_eq(e2e_number(st, "1.mean"), 7.25);
    ck_assert_double_eq(e2e_number(st, "1.std"), 0);
    close_to(e2e_number(st, "2.mean"), 3, 1e-14);
    close_to(e2e_number(st, "2.std"), sqrt(2), 1e-13);
    e2e_reply_free(&d);
    e2e_reply_free(&r);
    free(csv);
}
END_TEST

START_TEST(statistics_beyond_double_precision_are_null)
{
    char id[32];
    e2e_dataset(s, "{\"X\": [1.7e308, -1.7e308, 1.7e308], \"y\": [1, 2, 3]}", id);
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", id);
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.max"), 1.7e308);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "statistics.0.std")));
    ck_assert_ptr_null(strstr(r.body, "nan"));
    ck_assert_ptr_null(strstr(r.body, "inf"));
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("datasets");
    tcase_add_test(tc, matrix_is_stored_and_every_field_is_answered);
    tcase_add_test(tc, flat_x_is_one_feature_and_names_have_defaults);
    tcase_add_test(tc, records_name_their_columns_in_any_order);
    tcase_add_test(tc, csv_takes_target_columns_and_name_from_the_query);
    tcase_add_test(tc, query_names_target_and_columns_of_records_too);
    tcase_add_test(tc, the_same_numbers_in_any_shape_have_the_same_hash);
    tcase_add_test(tc, other_formats_and_layouts_hold_the_same_numbers);
    tcase_add_test(tc, chunked_upload_is_read);
    tcase_add_test(tc, a_body_without_a_type_is_json);
    tcase_add_test(tc, a_single_column_is_typed_by_the_name_that_it_is_shown_with);
    tcase_add_test(tc, doubles_are_kept_to_the_last_bit);
    tcase_add_test(tc, statistics_agree_with_closed_forms);
    tcase_add_test(tc, statistics_beyond_double_precision_are_null);
    return run_case(tc);
}
