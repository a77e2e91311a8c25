/* Rows of a dataset and its export, over HTTP: every value comes back as it was sent, what is exported
 * and uploaded again is the same to the bit, and an export outlives its dataset. */
#include "serving.h"

#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static e2e_reply fetch(const char *accept, const char *fmt, const char *id, const char *query)
{
    char path[256], header[64];
    snprintf(path, sizeof path, fmt, id, query);
    snprintf(header, sizeof header, "Accept: %s", accept);
    return e2e_request(s, "GET", path, (const char *const[]){header, NULL}, NULL, 0);
}

static e2e_reply get_rows(const char *id, const char *query)
{
    e2e_reply r = fetch("*/*", "/v1/datasets/%s/rows%s", id, query);
    ck_assert_msg(r.status == 200, "%s: %s", query, r.body);
    return r;
}

static e2e_reply get_export(const char *id, const char *query)
{
    e2e_reply r = fetch("*/*", "/v1/datasets/%s/export%s", id, query);
    ck_assert_msg(r.status == 200, "%s: %s", query, r.body);
    return r;
}

static void check_json(const cJSON *got, const char *want)
{
    cJSON *w = cJSON_Parse(want);
    char *text = cJSON_PrintUnformatted(got);
    ck_assert_msg(cJSON_Compare(got, w, true), "%s, not %s", text, want);
    free(text);
    cJSON_Delete(w);
}

/* An upload of CSV; its id. */
static void upload(const char *query, const char *csv, char id[32])
{
    char path[160];
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    e2e_reply r = e2e_post_csv(s, path, csv);
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

#define MIXED                                                                                      \
    "{\"name\": \"flats\", \"target\": \"rent\", \"types\": {\"zip\": \"categorical\"}, \"data\": [" \
    "{\"city\": \"Rome\", \"zip\": \"00184\", \"rooms\": 3, \"lift\": true, "                       \
    "\"since\": \"2021-05-01\", \"rent\": 1400},"                                                   \
    "{\"city\": \"say \\\"Oslo\\\", N\", \"zip\": \"0150\", \"rooms\": null, \"lift\": false, "     \
    "\"since\": \"2019-11-15T10:30:00+01:00\", \"rent\": 1350},"                                    \
    "{\"city\": null, \"zip\": \"00184\", \"rooms\": -0.5, \"lift\": null, \"since\": null, "       \
    "\"rent\": 0.1}]}"

/* ---- rows ---- */

START_TEST(rows_come_back_as_they_were_sent)
{
    char id[32];
    e2e_dataset(s, MIXED, id);
    e2e_reply r = get_rows(id, "");
    ck_assert_str_eq(e2e_string(r.json, "dataset_id"), id);
    ck_assert_double_eq(e2e_number(r.json, "total"), 3);
    ck_assert_double_eq(e2e_number(r.json, "offset"), 0);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "next_offset")));
    check_json(e2e_at(r.json, "columns"),
               "[\"city\", \"zip\", \"rooms\", \"lift\", \"since\", \"rent\"]");
    check_json(e2e_at(r.json, "rows"),
               "[[\"Rome\", \"00184\", 3, true, \"2021-05-01\", 1400],"
               "[\"say \\\"Oslo\\\", N\", \"0150\", null, false, \"2019-11-15T09:30:00Z\", 1350],"
               "[null, \"00184\", -0.5, null, null, 0.1]]");
    e2e_reply_free(&r);
    r = get_rows(id, "?shape=records&offset=2&columns=rent,city,lift");
    check_json(e2e_at(r.json, "columns"), "[\"rent\", \"city\", \"lift\"]");
    check_json(e2e_at(r.json, "rows"), "[{\"rent\": 0.1, \"city\": null, \"lift\": null}]");
    e2e_reply_free(&r);
    r = fetch("text/csv", "/v1/datasets/%s/rows%s", id, "?offset=1");
    ck_assert_int_eq(r.status, 200);
    ck_assert_str_eq(r.body, "city,zip,rooms,lift,since,rent\r\n"
                             "\"say \"\"Oslo\"\", N\",0150,,false,2019-11-15T09:30:00Z,1350\r\n"
                             ",00184,-0.5,,,0.1\r\n");
    e2e_reply_free(&r);
    r = get_rows(id, "?offset=3");
    check_json(e2e_at(r.json, "rows"), "[]");
    ck_assert(cJSON_IsNull(e2e_at(r.json, "next_offset")));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(labels_and_single_precision_are_shown_as_they_are)
{
    char id[32];
    e2e_dataset(s,
                "{\"dtype\": \"float32\", \"X\": [[0.1, 1], [2, 16777217]], "
                "\"y\": [\"b\", \"a\"]}",
                id);
    e2e_reply r = get_rows(id, "");
    check_json(e2e_at(r.json, "rows.0.2"), "\"b\"");
    check_json(e2e_at(r.json, "rows.1.2"), "\"a\"");
    ck_assert_double_eq(e2e_number(r.json, "rows.0.0"), (double)0.1f);
    ck_assert_double_eq(e2e_number(r.json, "rows.1.1"), 16777216);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(pages_of_rows_lead_from_one_to_the_next)
{
    enum { N = 2500 };
    char *csv = malloc(64 * N), *at = csv + sprintf(csv, "a,b,y\n"), id[32], path[160], link[160];
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%d,%.17g,%d\n", i, i / 7.0, -i);
    upload("?target=y", csv, id);
    int seen = 0, pages = 0;
    snprintf(path, sizeof path, "/v1/datasets/%s/rows?limit=1000", id);
    while (*path) {
        e2e_reply r = e2e_get(s, path);
        ck_assert_msg(r.status == 200, "%s", r.body);
        const cJSON *row;
        cJSON_ArrayForEach (row, e2e_at(r.json, "rows")) {
            ck_assert_double_eq(cJSON_GetArrayItem(row, 0)->valuedouble, seen);
            ck_assert_double_eq(cJSON_GetArrayItem(row, 1)->valuedouble, seen / 7.0);
            ck_assert_double_eq(cJSON_GetArrayItem(row, 2)->valuedouble, -seen);
            seen++;
        }
        e2e_header(&r, "Link", link, sizeof link);
        const cJSON *next = e2e_at(r.json, "next_offset");
        ck_assert(cJSON_IsNull(next) == !*link);
        ck_assert(cJSON_IsNull(next) || next->valuedouble == seen);
        snprintf(path, sizeof path, "%.*s", *link ? (int)strcspn(link + 1, ">") : 0, link + 1);
        pages++;
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(seen, N);
    ck_assert_int_eq(pages, 3);
    free(csv);
}
END_TEST

/* A reply is held in memory: long texts end a page before its limit. */
START_TEST(a_page_of_long_rows_ends_early)
{
    enum { N = 10000 };
    char long_text[251], *csv = malloc((size_t)N * 1100), *at = csv + sprintf(csv, "a,b,c,d,y\n");
    memset(long_text, 'x', 250);
    long_text[250] = '\0';
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%s,%s,%s,%s,%d\n", long_text, long_text, long_text, long_text, i);
    char id[32], query[64];
    upload("?target=y", csv, id);
    e2e_reply r = get_rows(id, "?limit=10000");
    double next = e2e_number(r.json, "next_offset");
    ck_assert_uint_lt(r.len, (size_t)9 << 20);
    ck_assert_double_eq(next, cJSON_GetArraySize(e2e_at(r.json, "rows")));
    ck_assert_double_gt(next, 7000);
    e2e_reply_free(&r);
    snprintf(query, sizeof query, "?limit=10000&offset=%.0f", next);
    r = get_rows(id, query);
    ck_assert_double_eq(e2e_number(r.json, "rows.0.4"), next);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "next_offset")));
    e2e_reply_free(&r);
    free(csv);
}
END_TEST

START_TEST(bad_questions_are_told_why)
{
    static const struct {
        const char *what, *query, *field;
    } bad[] = {{"rows", "?limit=0", "limit"},          {"rows", "?limit=10001", "limit"},
               {"rows", "?offset=-1", "offset"},       {"rows", "?shape=columns", "shape"},
               {"rows", "?columns=rents", "columns"},  {"rows", "?format=csv", "format"},
               {"export", "?format=xls", "format"},    {"export", "?format=npy&dtype=f4", "dtype"},
               {"export", "?dtype=float32", "dtype"},  {"export", "?columns=rent,rent", "columns"},
               {"export", "?offset=1", "offset"},
               {"export", "?format=libsvm", "format"}};
    char id[32], path[160];
    e2e_dataset(s, MIXED, id);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(path, sizeof path, "/v1/datasets/%s/%s%s", id, bad[i].what, bad[i].query);
        e2e_reply r = e2e_get(s, path);
        e2e_problem(&r, 400, "invalid-parameter");
        e2e_field_error(&r, bad[i].field);
        e2e_reply_free(&r);
    }
    e2e_reply r = e2e_get(s, "/v1/datasets/ds_nothing/rows");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets/ds_nothing/export");
    e2e_problem(&r, 404, "not-found");
    e2e_reply_free(&r);
    r = fetch("image/png", "/v1/datasets/%s/%s", id, "export");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
}
END_TEST

/* ---- export ---- */

/* Exported, uploaded again and found the same: sha256 is that of the stored numbers. */
static void check_round_trip(const char *id, const char *query)
{
    char path[200];
    e2e_reply before = e2e_getf(s, "/v1/datasets/%s", id), csv = get_export(id, "");
    snprintf(path, sizeof path, "/v1/datasets%s", query);
    e2e_reply after = e2e_post_csv(s, path, csv.body);
    ck_assert_msg(after.status == 201, "%s", after.body);
    ck_assert_str_eq(e2e_string(after.json, "sha256"), e2e_string(before.json, "sha256"));
    ck_assert(cJSON_Compare(e2e_at(after.json, "columns"), e2e_at(before.json, "columns"), true));
    ck_assert(cJSON_Compare(e2e_at(after.json, "types"), e2e_at(before.json, "types"), true));
    ck_assert(cJSON_Compare(e2e_at(after.json, "labels"), e2e_at(before.json, "labels"), true));
    e2e_reply told = e2e_getf(s, "/v1/datasets/%s", e2e_string(after.json, "id"));
    /* with the texts of each column and how often there is each */
    ck_assert(cJSON_Compare(e2e_at(told.json, "statistics"), e2e_at(before.json, "statistics"), true));
    e2e_reply_free(&told);
    e2e_reply_free(&before);
    e2e_reply_free(&csv);
    e2e_reply_free(&after);
}

START_TEST(what_is_exported_and_uploaded_again_is_the_same)
{
    char id[32];
    /* all kinds of cells; texts that look like numbers must be said to be texts */
    e2e_dataset(s, MIXED, id);
    check_round_trip(id, "?target=rent&types=zip:categorical");
    /* labels and names that need quotes */
    e2e_dataset(s,
                "{\"columns\": [\"a,b\", \"\\\"c\\\"\"], \"X\": [[1, 2], [3, 4], [5, 6]], "
                "\"y\": [\"no, \\\"never\\\"\", \"yes\", \"yes\"], \"target\": \" t \"}",
                id);
    check_round_trip(id, "?target=%20t%20");
    /* numbers of every size, bit by bit */
    enum { N = 4000 };
    char *csv = malloc((size_t)N * 100), *at = csv + sprintf(csv, "a,b,y\n");
    uint64_t state = 3;
    for (int i = 0; i < N; i++) {
        double v;
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = state ^ state >> 29;
        memcpy(&v, &bits, sizeof v);
        at += sprintf(at, "%.17g,%.17g,%d\n", isfinite(v) ? v : -0.0, (double)bits / 1e9, i);
    }
    upload("?target=y", csv, id);
    check_round_trip(id, "?target=y");
    free(csv);
    e2e_dataset(s, "{\"dtype\": \"float32\", \"X\": [0.1, 1e-30, -7], \"y\": [0.1, 2, 3]}", id);
    check_round_trip(id, "?target=y&dtype=float32");
    /* texts that read like what is missing, and what is missing; names that look like delimiters */
    e2e_dataset(s,
                "{\"target\": \"y\", \"data\": ["
                "{\"a;b;c\": \"NA\", \"t\": \"Rome\", \"at\": null, \"y\": \"null\"},"
                "{\"a;b;c\": null, \"t\": \"NA\", \"at\": \"2024-05-01T12:00:00.123456789\", \"y\": \"?\"},"
                "{\"a;b;c\": \"?\", \"t\": null, \"at\": \"1970-01-01T00:00:00.000000001\", \"y\": \"no\"},"
                "{\"a;b;c\": \" \", \"t\": \" \", \"at\": \"0000-01-01\", \"y\": \"null\"},"
                "{\"a;b;c\": \"nan\", \"t\": \"n/a\", \"at\": \"9999-12-31T23:59:59Z\", \"y\": \"NA\"}]}",
                id);
    check_round_trip(id, "?target=y&types=a%3Bb%3Bc:categorical,at:datetime");
    check_round_trip(id, "?target=y");
}
END_TEST

/* The numbers of a .npy reply, by the format's definition. */
static const char *array_of(const e2e_reply *r, const char *dict)
{
    const unsigned char *b = (const void *)r->body;
    ck_assert_mem_eq(b, "\x93NUMPY\x01\x00", 8);
    size_t length = b[8] + 256u * b[9];
    ck_assert_uint_eq((10 + length) % 64, 0);
    ck_assert_mem_eq(b + 10, dict, strlen(dict));
    ck_assert_int_eq(b[10 + length - 1], '\n');
    return r->body + 10 + length;
}

START_TEST(an_array_of_numpy_holds_the_numbers)
{
    char id[32], header[128];
    e2e_dataset(s, MIXED, id);
    e2e_reply r = fetch("application/x-npy", "/v1/datasets/%s/export%s", id, "");
    ck_assert_str_eq(e2e_header(&r, "Content-Type", header, sizeof header), "application/x-npy");
    const char *at =
        array_of(&r, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 6), }");
    static const double want[] = {0,   0, 3,    1,   1619827200, 1400, 1,  1, NAN,
                                  0,   1573810200, 1350, NAN, 0,    -0.5, NAN, NAN, 0.1};
    ck_assert_uint_eq(r.len, (size_t)(at - r.body) + sizeof want);
    snprintf(header, sizeof header, "%zu", r.len);
    char length[32];
    ck_assert_str_eq(e2e_header(&r, "Content-Length", length, sizeof length), header);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        double got;
        memcpy(&got, at + i * sizeof got, sizeof got);
        ck_assert_msg(got == want[i] || (isnan(got) && isnan(want[i])), "%zu: %g", i, got);
    }
    e2e_reply_free(&r);
    r = get_export(id, "?format=npy&dtype=float32&columns=rent,rooms");
    at = array_of(&r, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
    const float singles[] = {1400, 3, 1350, NAN, 0.1f, -0.5f};
    ck_assert_uint_eq(r.len, (size_t)(at - r.body) + sizeof singles);
    for (int i = 0; i < 6; i++) {
        float got;
        memcpy(&got, at + i * (int)sizeof got, sizeof got);
        ck_assert_msg(got == singles[i] || (isnan(got) && isnan(singles[i])), "%d: %g", i, got);
    }
    e2e_reply_free(&r);
}
END_TEST

START_TEST(sparse_rows_are_shown_and_exported)
{
    static const char text[] = "b 1:0.5 4:2\na 2:-1e-300\nb\nb 1:3 2:0.1 5:7\n";
    static const char *const type[] = {"Content-Type: text/x-libsvm", NULL};
    e2e_reply first = e2e_request(s, "POST", "/v1/datasets", type, text, strlen(text)), r;
    ck_assert_msg(first.status == 201, "%s", first.body);
    const char *id = e2e_string(first.json, "id");
    r = e2e_getf(s, "/v1/datasets/%s?columns=1,y", id);
    ck_assert_msg(r.status == 200, "%s", r.body);
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.count"), 4);
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.mean"), 3.5 / 4);
    ck_assert_double_eq(e2e_number(r.json, "statistics.0.distinct.count"), 3); /* 0 is one */
    ck_assert_double_eq(e2e_number(r.json, "statistics.1.top.0.count"), 3);
    e2e_reply_free(&r);
    r = get_rows(id, "?offset=1&limit=2");
    check_json(e2e_at(r.json, "columns"), "[\"1\", \"2\", \"3\", \"4\", \"5\", \"y\"]");
    check_json(e2e_at(r.json, "rows"),
               "[[0, -1e-300, 0, 0, 0, \"a\"], [0, 0, 0, 0, 0, \"b\"]]");
    e2e_reply_free(&r);
    r = get_export(id, "?columns=y,4,1");
    ck_assert_str_eq(r.body, "y,4,1\r\nb,2,0.5\r\na,0,0\r\nb,0,0\r\nb,0,3\r\n");
    e2e_reply_free(&r);
    r = get_export(id, "?format=npy");
    array_of(&r, "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 6), }");
    e2e_reply_free(&r);
    /* as it came, and the same when it is uploaded again */
    r = get_export(id, "");
    ck_assert_str_eq(r.body, text);
    e2e_reply again = e2e_request(s, "POST", "/v1/datasets", type, r.body, r.len);
    ck_assert_msg(again.status == 201, "%s", again.body);
    ck_assert_str_eq(e2e_string(again.json, "sha256"), e2e_string(first.json, "sha256"));
    e2e_reply_free(&again);
    e2e_reply_free(&r);
    e2e_reply_free(&first);
}
END_TEST

START_TEST(an_export_is_a_file_with_a_name)
{
    char id[32], header[200], request[200];
    e2e_dataset(s, "{\"name\": \"K\xc3\xb6ln 1\", \"X\": [1, 2], \"y\": [3, 4]}", id);
    e2e_reply r = get_export(id, "?columns=y");
    ck_assert_str_eq(r.body, "y\r\n3\r\n4\r\n");
    ck_assert_str_eq(e2e_header(&r, "Content-Disposition", header, sizeof header),
                     "attachment; filename=\"K__ln_1.csv\"; filename*=UTF-8''K%C3%B6ln%201.csv");
    ck_assert_str_eq(e2e_header(&r, "Content-Type", header, sizeof header),
                     "text/csv; charset=utf-8");
    e2e_reply_free(&r);
    snprintf(request, sizeof request,
             "HEAD /v1/datasets/%s/export HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id);
    char *raw = e2e_raw(s, request, strlen(request), 10);
    ck_assert_msg(strncmp(raw, "HTTP/1.1 200", 12) == 0, "%s", raw);
    ck_assert_ptr_nonnull(strstr(raw, "Content-Disposition"));
    const char *end = strstr(raw, "\r\n\r\n");
    ck_assert(end && !end[4]);
    free(raw);
}
END_TEST

/* Reads until the server closes; lines of the body are counted, and its end is kept. */
static size_t read_lines(int fd, char tail[8])
{
    static char piece[65536];
    size_t lines = 0;
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            lines += piece[i] == 'E'; /* a mark in each row */
            memmove(tail, tail + 1, 6);
            tail[6] = piece[i];
        }
    }
    return lines;
}

/* More than the sockets hold is on its way when the dataset goes. */
START_TEST(an_export_outlives_its_dataset)
{
    enum { N = 400000 };
    char *csv = malloc((size_t)N * 60), *at = csv + sprintf(csv, "a,b,y\n"), id[32], text[200];
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%.9f,%s,%d\n", i / 3.0, i % 2 ? "E" : "EAST__________________", i);
    upload("?target=y&types=b:categorical", csv, id);
    int fd = e2e_connect(s);
    snprintf(text, sizeof text,
             "GET /v1/datasets/%s/export?columns=y,b,a HTTP/1.1\r\nHost: a\r\nConnection: "
             "close\r\n\r\n",
             id);
    ck_assert_int_eq(send(fd, text, strlen(text), 0), (int)strlen(text));
    ck_assert_int_eq(recv(fd, text, 12, MSG_WAITALL), 12);
    ck_assert_mem_eq(text, "HTTP/1.1 200", 12);
    snprintf(text, sizeof text, "/v1/datasets/%s", id);
    e2e_reply r = e2e_delete(s, text);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
    char tail[8] = "";
    ck_assert_uint_ge(read_lines(fd, tail), N); /* headers may have an E too */
    ck_assert_str_eq(tail, "\r\n0\r\n\r\n");
    close(fd);
    r = e2e_get(s, "/healthz");
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
    free(csv);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rows");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, rows_come_back_as_they_were_sent);
    tcase_add_test(tc, labels_and_single_precision_are_shown_as_they_are);
    tcase_add_test(tc, pages_of_rows_lead_from_one_to_the_next);
    tcase_add_test(tc, a_page_of_long_rows_ends_early);
    tcase_add_test(tc, bad_questions_are_told_why);
    tcase_add_test(tc, what_is_exported_and_uploaded_again_is_the_same);
    tcase_add_test(tc, an_array_of_numpy_holds_the_numbers);
    tcase_add_test(tc, sparse_rows_are_shown_and_exported);
    tcase_add_test(tc, an_export_is_a_file_with_a_name);
    tcase_add_test(tc, an_export_outlives_its_dataset);
    return run_suite(tc, "rows");
}
