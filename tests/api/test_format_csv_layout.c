/* Tables whose layout is found or given: delimiters, headers or none; and long ones, which go through
 * the loop over whole fields.
 */
#include "api_text.h"
#include "readings.h"

extern const api_format api_format_csv, api_format_tsv;

static reading good(const api_format *f, const char *text, const api_read_options *o)
{
    reading r = read_with(f, o, 0, text, strlen(text));
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

/* ---- delimiters ---- */

static const struct {
    const char *text;
    char delimiter; /* as the query says it */
} delimited[] = {
    {"a,b,y\n1,4,10\n2,5,20\n", 0},
    {"a;b;y\n1;4;10\n2;5;20\n", 0},
    {"a\tb\ty\r\n1\t4\t10\r\n2\t5\t20\r\n", 0},
    {"a|b|y\n1|4|10\n2|5|20\n", 0},
    {"\"a\";\"b\";\"y\"\n\"1\";\"4\";10\n2;5;\"20\"", 0},
    {"\n\n\"a\"|b|y\n1|4|10\n\n2|5|20\n", 0},
    {"\xef\xbb\xbf" "a;b;y\n1;4;10\n2;5;20\n", 0},
    {"a;b;y\n1;4;10\n2;5;20\n", ';'},
    {"a|b|y\n1|4|10\n2|5|20\n", '|'},
};

START_TEST(the_delimiter_is_found_or_given)
{
    const api_read_options o = {
        .labelled = true, .target = "y", .delimiter = delimited[_i].delimiter};
    reading r = good(&api_format_csv, delimited[_i].text, &o);
    assert_columns(&r, "a|b");
    assert_values(r, 1, 4, 2, 5);
    assert_targets(r, 10, 20);
    reading_free(&r);
}
END_TEST

START_TEST(delimiters_inside_quotes_do_not_count)
{
    const api_read_options o = {.labelled = true, .target = "y"};
    reading r = good(&api_format_csv, "\"a,b,c,d\";y\n1;2\n", &o);
    assert_columns(&r, "a,b,c,d");
    assert_values(r, 1);
    reading_free(&r);
    const api_read_options comma = {.labelled = true, .target = "y", .delimiter = ','};
    r = good(&api_format_csv, "a;b;c,y\n1,2\n", &comma);
    assert_columns(&r, "a;b;c");
    reading_free(&r);
}
END_TEST

START_TEST(tsv_has_tabs)
{
    const api_read_options o = {.labelled = true, .target = "y"};
    reading r = good(&api_format_tsv, "a, b\ty\n1\t2\n3\t4\n", &o);
    assert_columns(&r, "a, b");
    assert_values(r, 1, 3);
    assert_targets(r, 2, 4);
    reading_free(&r);
    const refusal want = {"a\ty\n\"1\" \t2\n", API_INVALID, "",
                          "something else than a tab or a line end (line 2, byte "};
    assert_refused(&api_format_tsv, &o, &want, strlen(want.text));
}
END_TEST

/* ---- headers ---- */

static const struct {
    const char *text, *target, *columns;
    api_header header;
    size_t rows;
} headed[] = {
    {"1,2,3\n4,5,6\n", "x3", "x1|x2", API_HEADER_LOOK, 2},
    {"1,2,3", "x1", "x2|x3", API_HEADER_LOOK, 1},
    {" 1 ,\"-2\",3e5\r\n4,5,6\r\n", "x3", "x1|x2", API_HEADER_LOOK, 2},
    {"1,1,1\n4,5,6\n", "x3", "x1|x2", API_HEADER_LOOK, 2},
    {"1990,1991,1992\n4,5,6\n", "1992", "1990|1991", API_HEADER_LOOK, 1},
    {"1,2,3\n4,5,6\n", "3", "1|2", API_HEADER_THERE, 1},
    {"1,2,a\n4,5,b\n", "x3", "x1|x2", API_HEADER_NONE, 2},
};

START_TEST(a_header_is_found_or_said_to_be_there_or_not)
{
    const api_read_options o = {
        .labelled = true, .target = headed[_i].target, .header = headed[_i].header};
    reading r = good(&api_format_csv, headed[_i].text, &o);
    assert_columns(&r, headed[_i].columns);
    ck_assert_uint_eq(r.set.rows, headed[_i].rows);
    reading_free(&r);
}
END_TEST

START_TEST(tables_without_a_header_may_be_predicted_on_by_place)
{
    const char *const columns[] = {"radio", "tv"};
    const api_read_options o = {.columns = columns, .columns_count = 2, .in_order = true};
    reading r = good(&api_format_csv, "1,2\n3,4\n", &o);
    assert_columns(&r, "radio|tv");
    assert_values(r, 1, 2, 3, 4);
    reading_free(&r);
    const refusal want = {"1,2,3\n", API_INVALID, "columns",
                          "are 3 without a header, but the model has 2"};
    assert_refused(&api_format_csv, &o, &want, strlen(want.text));
    const api_read_options one = {0};
    r = good(&api_format_csv, "1\n2\n", &one);
    assert_columns(&r, "x");
    reading_free(&r);
}
END_TEST

START_TEST(rows_are_held_to_the_first_one)
{
    const api_read_options o = {.labelled = true, .target = "x2"};
    static const refusal cases[] = {
        {"1,2\n3\n", API_INVALID, "row 2", "has 1 field, but the first row has 2 (line 2)"},
        {"1,2\n3,\"4,5\"\n", API_INVALID, "row 2, column \"x2\"",
         "\"4,5\" is not a number (line 2, byte 6)"},
        {"1,2\n3,4\na,5\n", API_INVALID, "row 3, column \"x1\"", "\"a\" is not a number (line 3, byte 8)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_csv, &o, &cases[i], strlen(cases[i].text));
}
END_TEST

/* ---- long ones ---- */

enum { ROWS = 900 };

static void number_text(size_t i, char text[64])
{
    static const char *const forms[] = {"%.17g", "%.6g", "%.0f", "%.3e", "%.30f", "+%g", "\"%g\"", " %g "};
    double v = (double)(i * 7919 % 10007) / (double)(i % 97 + 1);
    snprintf(text, 64, forms[i % 8], v);
}

static double value_of(const char *text)
{
    return strtod(text + strspn(text, "\" +"), NULL);
}

START_TEST(long_tables_are_read_like_short_ones)
{
    static const char *const notes[] = {"", "plain", "\"x, y\"", "\"a\nb\"", "1", "\"\"\"\""};
    const char *const columns[] = {"b", "a"};
    const api_read_options o = {
        .labelled = true, .target = "y", .columns = columns, .columns_count = 2};
    api_text t = {0};
    char a[64], b[64], y[64];
    api_text_puts(&t, "note,a,b,y,rest\n");
    for (size_t i = 0; i < ROWS; i++) {
        number_text(i, a);
        number_text(i + 1000, b);
        number_text(i + 2000, y);
        api_text_printf(&t, "%s,%s,%s,%s,%s%s", notes[i % 6], a, b, y, notes[i * 5 % 6],
                        i % 4 == 1 ? "\r\n" : i % 9 == 2 ? "\n\n" : "\n");
    }
    reading r = read_with(&api_format_csv, &o, 0, t.data, t.len);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_uint_eq(r.set.rows, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        number_text(i, a);
        number_text(i + 1000, b);
        number_text(i + 2000, y);
        ck_assert(bits_of(feature_of(&r, i, 1)) == bits_of(value_of(a)));
        ck_assert(bits_of(feature_of(&r, i, 0)) == bits_of(value_of(b)));
        ck_assert(bits_of(target_of(&r, i)) == bits_of(value_of(y)));
    }
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

/* The message names the row, the column, the line and the byte. */
START_TEST(the_place_of_a_mistake_is_the_byte_where_its_field_begins)
{
    const api_read_options o = {.labelled = true, .target = "y"};
    api_text t = {0};
    api_text_puts(&t, "qty,price,y\n");
    for (int i = 1; i <= 4811; i++)
        api_text_printf(&t, "%d,1.25,%d\r\n", i, i % 10);
    api_text_puts(&t, "7,");
    char place[80];
    snprintf(place, sizeof place, "\"12,5\" is not a number (line 4813, byte %zu)", t.len);
    api_text_puts(&t, "\"12,5\",1\n");
    for (int i = 0; i < 20; i++)
        api_text_puts(&t, "1,2,3\n");
    const refusal want = {t.data, API_INVALID, "row 4812, column \"price\"", place};
    assert_refused(&api_format_csv, &o, &want, t.len);
    api_text_free(&t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("layout");
    tcase_add_loop_test(tc, the_delimiter_is_found_or_given, 0, COUNT(delimited));
    tcase_add_test(tc, delimiters_inside_quotes_do_not_count);
    tcase_add_test(tc, tsv_has_tabs);
    tcase_add_loop_test(tc, a_header_is_found_or_said_to_be_there_or_not, 0, COUNT(headed));
    tcase_add_test(tc, tables_without_a_header_may_be_predicted_on_by_place);
    tcase_add_test(tc, rows_are_held_to_the_first_one);
    tcase_add_test(tc, long_tables_are_read_like_short_ones);
    tcase_add_test(tc, the_place_of_a_mistake_is_the_byte_where_its_field_begins);
    return run_tests(tc, "api_format_csv_layout");
}
