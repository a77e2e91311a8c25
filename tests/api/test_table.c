/* api_table: rows written as JSON, CSV and .npy: by the rules of RFC 4180, RFC 6266 and NumPy's format,
 * and read back by the reader of CSV. */
#include "api_table.h"

#include "api_number.h"
#include "readings.h"

#include <math.h>

static const char *const cities[] = {"Rome", "say \"hi\", Oslo", " x", "", "a\r\nb"};

static const api_table_column mixed[] = {{"n", API_NUMERIC, NULL, 0},
                                         {"the \"city\"", API_CATEGORICAL, cities, COUNT(cities)},
                                         {"lift", API_BOOLEAN, NULL, 0},
                                         {"since", API_DATETIME, NULL, 0}};

/* Compares and frees. */
static void check(api_text *t, const char *want)
{
    ck_assert_str_eq(t->data, want);
    ck_assert_uint_eq(t->len, strlen(want));
    api_text_free(t);
}

START_TEST(cells_are_what_their_types_say)
{
    api_text t = {0};
    api_table_array(&t, mixed, 4, (const double[]){0.1, 1, 1, 86400});
    check(&t, "[0.1, \"say \\\"hi\\\", Oslo\", true, \"1970-01-02\"]");
    api_table_array(&t, mixed, 4, (const double[]){NAN, NAN, NAN, NAN});
    check(&t, "[null, null, null, null]");
    api_table_record(&t, mixed, 3, (const double[]){-1e300, 0, 0});
    check(&t, "{\"n\": -1e+300, \"the \\\"city\\\"\": \"Rome\", \"lift\": false}");
    api_table_array(&t, mixed, 0, NULL);
    check(&t, "[]");
}
END_TEST

START_TEST(csv_is_quoted_where_it_must_be)
{
    api_text t = {0};
    api_table_csv_header(&t, mixed, 4);
    check(&t, "n,\"the \"\"city\"\"\",lift,since\r\n");
    api_table_csv_row(&t, mixed, 4, (const double[]){0.1, 1, 1, 0.5});
    check(&t, "0.1,\"say \"\"hi\"\", Oslo\",true,1970-01-01T00:00:00.5Z\r\n");
    api_table_csv_row(&t, mixed, 4, (const double[]){NAN, 2, 0, NAN});
    check(&t, ",\" x\",false,\r\n");
    api_table_csv_row(&t, mixed, 2, (const double[]){-0.0, 3});
    check(&t, "-0,\"\"\r\n");
    api_table_csv_row(&t, mixed, 2, (const double[]){5e-324, 4});
    check(&t, "4.94065645841247e-324,\"a\r\nb\"\r\n");
    api_table_csv_row(&t, mixed, 1, (const double[]){NAN}); /* no empty line */
    check(&t, "\"\"\r\n");
}
END_TEST

START_TEST(numbers_read_back_as_they_were)
{
    uint64_t state = 5;
    for (int i = 0; i < 20000; i++) {
        double v = double_of(random_bits(&state)), back;
        if (!isfinite(v))
            continue;
        api_text t = {0};
        api_table_csv_row(&t, mixed, 1, &v);
        ck_assert_int_eq(api_number_parse(t.data, t.len - 2, &back), API_NUMBER_OK);
        assert_same_double(back, v);
        api_text_free(&t);
    }
}
END_TEST

/* Days of every kind and times down to what a double holds. */
START_TEST(dates_read_back_as_they_were)
{
    static const struct {
        const char *text, *written;
    } known[] = {{"1970-01-01", "1970-01-01"},
                 {"2000-02-29", "2000-02-29"},
                 {"1900-03-01", "1900-03-01"},
                 {"0001-01-01", "0001-01-01"},
                 {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
                 {"2024-05-01T12:30:00Z", "2024-05-01T12:30:00Z"},
                 {"2024-05-01T00:30+02:00", "2024-04-30T22:30:00Z"},
                 {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
                 {"2024-05-01T12:30:00.125", "2024-05-01T12:30:00.125Z"}};
    char buf[API_DATETIME_SIZE];
    double v, back;
    for (size_t i = 0; i < COUNT(known); i++) {
        ck_assert(api_datetime_read(known[i].text, strlen(known[i].text), &v));
        ck_assert_str_eq(api_datetime_write(v, buf), known[i].written);
    }
    for (int day = -200000; day < 200000; day++) {
        api_datetime_write(86400.0 * day, buf);
        ck_assert_uint_eq(strlen(buf), 10);
        ck_assert(api_datetime_read(buf, 10, &back));
        ck_assert_double_eq(back, 86400.0 * day);
    }
    uint64_t state = 6;
    for (int i = 0; i < 2000; i++) {
        char text[64];
        snprintf(text, sizeof text, "20%02d-0%d-1%dT1%d:2%d:3%d.%0*d",
                 (int)(random_bits(&state) % 100), 1 + (int)(random_bits(&state) % 9),
                 (int)(random_bits(&state) % 10), (int)(random_bits(&state) % 10),
                 (int)(random_bits(&state) % 10), (int)(random_bits(&state) % 10), 1 + i % 6,
                 (int)(random_bits(&state) % 10));
        ck_assert(api_datetime_read(text, strlen(text), &v));
        api_datetime_write(v, buf);
        ck_assert_msg(api_datetime_read(buf, strlen(buf), &back) && back == v, "%s: %s", text, buf);
    }
}
END_TEST

/* Times that are coarse and fine, near 1970 and far from it, down to the nanosecond. */
START_TEST(any_time_that_is_read_is_written_so_that_it_reads_back)
{
    uint64_t state = 8;
    char buf[API_DATETIME_SIZE], text[64];
    double v, back;
    for (int i = 0; i < 20000; i++) {
        static const int years[] = {1969, 1970, 1971, 2024, 1583, 0, 9999};
        uint64_t n = random_bits(&state);
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%0*d", years[n % 7],
                 (int)(n / 7 % 12) + 1, (int)(n / 84 % 28) + 1, (int)(n / 2352 % 24),
                 (int)(n / 56448 % 60), (int)(n / 3386880 % 60), 1 + i % 14,
                 (int)(random_bits(&state) % 1000000000));
        if (!api_datetime_read(text, strlen(text), &v))
            ck_abort_msg("%s is refused", text);
        api_datetime_write(v, buf);
        ck_assert_msg(api_datetime_read(buf, strlen(buf), &back) && back == v, "%s: %s", text, buf);
    }
    static const char *const beyond[] = {"9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"};
    for (size_t i = 0; i < COUNT(beyond); i++)
        ck_assert_msg(!api_datetime_read(beyond[i], strlen(beyond[i]), &v), "%s is taken", beyond[i]);
}
END_TEST

/* ---- a table that is written is read as it was ---- */

extern const api_format api_format_csv;

static const char *const hostile[] = {
    "NA",   "na",  "N/A", "NaN",  "null",   "?",        " ",     "  x ", "a,b",    "say \"hi\"",
    "\"",   "1",   "01",  "true", "-0",     "1e999",    "Rome",  "a;b",  "c|d|e",  "2024-01-01",
    "inf",  "\"\"", " NA", "'",    "#",      "\xef\xbb\xbfz", "=1+1", "\\N",  "\xc3\xbc", "x\xc2\xa0"};

/* Texts get their numbers as they appear, as a reader gives them. */
typedef struct drawn {
    const char *levels[COUNT(hostile)];
    size_t count;
} drawn;

static double draw_text(drawn *d, uint64_t *state)
{
    const char *text = hostile[random_bits(state) % COUNT(hostile)];
    size_t at = 0;
    while (at < d->count && d->levels[at] != text)
        at++;
    d->count += at == d->count;
    d->levels[at] = text;
    return (double)at;
}

static double draw_cell(api_type type, drawn *d, uint64_t *state)
{
    uint64_t bits = random_bits(state);
    double v = double_of(random_bits(state));
    if (bits % 5 == 0)
        return (double)NAN;
    if (type == API_CATEGORICAL)
        return draw_text(d, state);
    if (type == API_BOOLEAN)
        return (double)(bits >> 8 & 1);
    if (type == API_DATETIME)
        return (double)(int64_t)(bits >> 30) - 5e9;
    return isfinite(v) ? v : -0.0;
}

enum { ROWS = 12, COLUMNS = 5 };

START_TEST(any_table_reads_back_as_it_was)
{
    static const char *const names[] = {"\xef\xbb\xbf" "first", "a;b;c;d;e", "NA", "1", "y "};
    static const api_type kinds[] = {API_CATEGORICAL, API_NUMERIC, API_BOOLEAN, API_DATETIME,
                                     API_CATEGORICAL};
    uint64_t state = 41 + (uint64_t)_i;
    double cells[ROWS * COLUMNS];
    drawn texts[COLUMNS] = {0};
    api_table_column columns[COLUMNS];
    api_types types = {0};
    ck_assert(api_types_fill(&types, names, kinds, COLUMNS));
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        cells[i] = draw_cell(kinds[i % COLUMNS], &texts[i % COLUMNS], &state);
    for (size_t j = 0; j < COLUMNS; j++)
        columns[j] = (api_table_column){names[j], kinds[j],
                                        kinds[j] == API_CATEGORICAL ? texts[j].levels : NULL,
                                        texts[j].count};
    api_text t = {0};
    api_table_csv_header(&t, columns, COLUMNS);
    for (size_t i = 0; i < ROWS; i++)
        api_table_csv_row(&t, columns, COLUMNS, cells + i * COLUMNS);
    const api_read_options o = {.labelled = true, .target = names[COLUMNS - 1], .types = &types};
    reading r = read_with(&api_format_csv, &o, 0, t.data, t.len);
    ck_assert_msg(r.ok, "%s: %s", t.data, problem_text(&r.p));
    ck_assert_uint_eq(r.set.rows, ROWS);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        size_t row = i / COLUMNS, j = i % COLUMNS;
        double got = j + 1 < COLUMNS ? r.values.v[row * (COLUMNS - 1) + j] : r.targets.v[row];
        ck_assert_msg(bits_of(got) == bits_of(cells[i]) || (isnan(got) && isnan(cells[i])),
                      "row %zu, column %zu: %g, not %g\n%s", row, j, got, cells[i], t.data);
    }
    for (size_t j = 0; j < COLUMNS; j++) {
        char *const *levels = j + 1 < COLUMNS ? r.set.kinds[j].levels : r.set.labels;
        ck_assert_uint_eq(j + 1 < COLUMNS ? r.set.kinds[j].levels_count : r.set.labels_count,
                          texts[j].count);
        for (size_t k = 0; k < texts[j].count; k++)
            ck_assert_str_eq(levels[k], texts[j].levels[k]);
    }
    reading_free(&r);
    api_types_free(&types);
    api_text_free(&t);
}
END_TEST

/* numpy.lib.format: magic, version 1.0, length in two bytes, a dictionary padded with blanks and
 * ended by a line feed, so that the numbers begin on a boundary of 64 bytes. */
START_TEST(an_array_is_headed_as_numpy_does)
{
    static const struct {
        uint64_t rows;
        size_t cols;
        bool single;
        const char *dict;
    } heads[] = {
        {3, 2, false, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }"},
        {2147483647, 10001, true,
         "{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 10001), }"}};
    for (size_t i = 0; i < COUNT(heads); i++) {
        api_text t = {0};
        api_table_npy_header(&t, heads[i].rows, heads[i].cols, heads[i].single);
        ck_assert_mem_eq(t.data, "\x93NUMPY\x01\x00", 8);
        size_t length = (unsigned char)t.data[8] + 256u * (unsigned char)t.data[9];
        ck_assert_uint_eq(t.len, 10 + length);
        ck_assert_uint_eq(t.len % 64, 0);
        size_t n = strlen(heads[i].dict);
        ck_assert_mem_eq(t.data + 10, heads[i].dict, n);
        for (size_t k = 10 + n; k + 1 < t.len; k++)
            ck_assert_int_eq(t.data[k], ' ');
        ck_assert_int_eq(t.data[t.len - 1], '\n');
        api_text_free(&t);
    }
}
END_TEST

START_TEST(file_names_are_safe_in_a_header)
{
    api_text t = {0};
    api_table_disposition(&t, "radio_2.v1", ".csv");
    check(&t, "attachment; filename=\"radio_2.v1.csv\"");
    api_table_disposition(&t, "caf\xc3\xa9 \"1\"/..\r\n", ".npy");
    check(&t, "attachment; filename=\"caf____1__..__.npy\"; "
              "filename*=UTF-8''caf%C3%A9%20%221%22%2F..%0D%0A.npy");
    api_table_disposition(&t, ".hidden", ".csv");
    check(&t, "attachment; filename=\"_hidden.csv\"; filename*=UTF-8''.hidden.csv");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("table");
    tcase_add_test(tc, cells_are_what_their_types_say);
    tcase_add_test(tc, csv_is_quoted_where_it_must_be);
    tcase_add_test(tc, numbers_read_back_as_they_were);
    tcase_add_test(tc, dates_read_back_as_they_were);
    tcase_add_test(tc, any_time_that_is_read_is_written_so_that_it_reads_back);
    tcase_add_loop_test(tc, any_table_reads_back_as_it_was, 0, 40);
    tcase_add_test(tc, an_array_is_headed_as_numpy_does);
    tcase_add_test(tc, file_names_are_safe_in_a_header);
    return run_tests(tc, "table");
}
