/* Uploads in CSV (RFC 4180): quoting, line ends and marks are read as spreadsheets write
 * them, and every complaint names the row, the column and the line.
 */
#include "api_text.h"
#include "readings.h"

#include <math.h>

extern const api_format api_format_csv;

static const api_read_options train = {.labelled = true, .target = "y"}, predict = {0};

static reading read_csv(const char *text, const api_read_options *o)
{
    return read_with(&api_format_csv, o, 0, text, strlen(text));
}

static reading good(const char *text, const api_read_options *o)
{
    reading r = read_csv(text, o);
    ck_assert_msg(r.ok, "%s: %s", text, problem_text(&r.p));
    return r;
}

/* ---- layout ---- */

/* All of these are a = 1, 2.5, -3e-7; b = 4, 5, 6; y = 10, 20, -0. */
static const char *const layouts[] = {
    "a,b,y\n1,4,10\n2.5,5,20\n-3e-7,6,-0\n",
    "a,b,y\n1,4,10\n2.5,5,20\n-3e-7,6,-0",               /* no final line end */
    "a,b,y\r\n1,4,10\r\n2.5,5,20\r\n-3e-7,6,-0\r\n",     /* CRLF */
    "a,b,y\r\n1,4,10\r\n2.5,5,20\r\n-3e-7,6,-0\r",       /* cut in the last one */
    "a,b,y\n1,4,10\r\n2.5,5,20\n-3e-7,6,-0\r\n",         /* mixed */
    "\357\273\277a,b,y\n1,4,10\n2.5,5,20\n-3e-7,6,-0\n", /* byte order mark */
    "\xef\xbb\xbf\"a\",b,y\n1,4,10\n2.5,5,20\n-3e-7,6,-0\n",
    "\n\na,b,y\n\n1,4,10\n\r\n\n2.5,5,20\n-3e-7,6,-0\n\n\n", /* blank lines */
    "\"a\",\"b\",\"y\"\n\"1\",\"4\",\"10\"\n\"2.5\",5,\"20\"\n-3e-7,\"6\",\"-0\"\n",
    "\"a\",\"b\",\"y\"\r\n\"1\",\"4\",\"10\"\r\n\"2.5\",5,\"20\"\r\n-3e-7,\"6\",\"-0\"\r\n",
    "\"a\",\"b\",\"y\"\n\"1\",\"4\",\"10\"\n\"2.5\",5,\"20\"\n-3e-7,\"6\",\"-0\"",
    "a,b,y\n 1,4 ,\t10\t\n2.5 , 5, 20\n  -3e-7  ,6,\" -0 \"\n", /* spaces around numbers */
    "a,b,y\n1.0,4.,10e0\n+2.5,05,2E+1\n-.0000003,0006,-0.0\n",
};

START_TEST(a_table_is_read_in_any_layout)
{
    static const double want[] = {1, 4, 2.5, 5, -3e-7, 6};
    reading r = good(layouts[_i], &train);
    assert_columns(&r, "a|b");
    ck_assert_str_eq(r.set.target, "y");
    ck_assert_str_eq(r.set.name, "");
    ck_assert_uint_eq(r.set.rows, 3);
    ck_assert_uint_eq(r.set.stored, 2);
    ck_assert(api_dataset_plain(&r.set));
    same_numbers("values", &r.values, want, COUNT(want));
    assert_targets(r, 10, 20, -0.0);
    reading_free(&r);
}
END_TEST

/* Texts are read where they stand where they can be; both ways must come to the same, so rows are
 * long enough for it, and what can't be read so stands among them. */
START_TEST(texts_are_read_where_they_stand_or_byte_by_byte)
{
    static const char *const rows[] = {
        "red,x,1\n", "\"red\",x,2\n", "\"red\",\"x\",3\r\n", "red ,x,4\n", "re\"d,x,5\n",
        "\"r,d\",x,6\r\n", "\"r\"\"d\",x,7\n", "\"\",x,8\n", ",x,9\r\n", "red,,10\n", "\n",
        "red,\"\",11\n", "red,x,\"12\"\n", "NA,?,13\r\n",
    };
    char text[4096] = "colour,kind,y\n";
    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < COUNT(rows); i++)
            strcat(text, rows[i]);
    reading r = good(text, &train);
    ck_assert_uint_eq(r.set.rows, 52);
    ck_assert_uint_eq(r.set.kinds[0].missing, 12);
    ck_assert_uint_eq(r.set.kinds[1].missing, 12);
    ck_assert_uint_eq(r.set.kinds[0].levels_count, 5);
    static const char *const levels[] = {"red", "red ", "re\"d", "r,d", "r\"d"};
    for (size_t i = 0; i < COUNT(levels); i++)
        ck_assert_str_eq(r.set.kinds[0].levels[i], levels[i]);
    for (int i = 0; i < 52; i++)
        ck_assert_double_eq(r.targets.v[i], i % 13 + 1);
    reading_free(&r);
    /* as the last column */
    r = good("y,t\n1,a\n2,b\r\n3,\"a\"\n4,\"b\"\r\n5,\"c\"\"\"\n6,\n7,\"\"\r\n8,a\r\n9,b\n"
             "10,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n",
             &train);
    ck_assert_uint_eq(r.values.n, 10);
    static const double want[] = {0, 1, 0, 1, 2, -1, -1, 0, 1, 3};
    for (int i = 0; i < 10; i++)
        ck_assert(want[i] < 0 ? isnan(r.values.v[i]) : r.values.v[i] == want[i]);
    reading_free(&r);
}
END_TEST

/* Texts of all lengths, some of them the begin of others, more than are known at once by their bytes;
 * in quotes or without; missing ones and words that are missing in one way alone between them. */
START_TEST(texts_that_come_again_are_the_same_ones)
{
    enum { ROWS = 6000, KINDS_OF = 510 };
    static char names[KINDS_OF][32], text[ROWS * 48];
    static int first[KINDS_OF + 1]; /* the index of a level, plus one */
    for (int k = 0; k < KINDS_OF; k++)
        snprintf(names[k], sizeof names[k], "%c%0*d%s", 'a' + k % 3, 1 + k / 3 % 19, k / 57, k % 2 ? "" : "\xc3\xa9");
    size_t n = (size_t)snprintf(text, sizeof text, "n,t,y\n");
    unsigned long long seed = 5;
    static int chosen[ROWS], label[ROWS]; /* -1: missing; KINDS_OF: NA in quotes */
    for (int i = 0; i < ROWS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int k = (int)(seed >> 33) % KINDS_OF, how = (int)(seed >> 50) % 16;
        label[i] = k;
        chosen[i] = how == 0 ? -1 : how == 1 && i > 20 ? KINDS_OF : k;
        const char *shown = chosen[i] < 0 ? "NA" : chosen[i] == KINDS_OF ? "\"NA\"" : names[k];
        const char *quote = chosen[i] >= 0 && chosen[i] < KINDS_OF && how < 5 ? "\"" : "";
        n += (size_t)snprintf(text + n, sizeof text - n, "%d,%s%s%s,%s%s", i, quote, shown, quote,
                              names[k], i % 5 ? "\n" : "\r\n");
    }
    reading r = good(text, &train);
    ck_assert_uint_eq(r.set.rows, ROWS);
    int levels = 0;
    for (int i = 0; i < ROWS; i++) {
        double v = r.values.v[2 * i + 1];
        if (chosen[i] < 0) {
            ck_assert(isnan(v));
        } else {
            int *at = &first[chosen[i]];
            *at = *at ? *at : ++levels;
            ck_assert_double_eq(v, *at - 1);
            const char *want = chosen[i] == KINDS_OF ? "NA" : names[chosen[i]];
            ck_assert_str_eq(r.set.kinds[1].levels[*at - 1], want);
        }
        ck_assert_str_eq(r.set.labels[(int)r.targets.v[i]], names[label[i]]);
    }
    reading_free(&r);
}
END_TEST

static void assert_level(const reading *r, size_t column, size_t row, const char *want)
{
    double v = r->values.v[row * r->set.stored + column];
    if (want ? isnan(v) || strcmp(r->set.kinds[column].levels[(size_t)v], want) != 0 : !isnan(v))
        ck_abort_msg("row %zu, column %zu is %g, not \"%s\"", row, column, v, want ? want : "");
}

/* Words that stand for what is missing are texts in quotes, in a column of texts alone. */
START_TEST(words_in_quotes_are_texts_where_texts_are)
{
    static const char tail[] = "\"Rome, Italy\",\"NA\",\"NA\",8\n\"?\",\"3\",NA,9\n\" \",\"\",\"1\",10\n"
                               ",1,\"?\",11\nlast,1,\"\",12\n";
    static const char *const want[] = {"Rome, Italy", "?", " ", NULL, "last"};
    char text[400];
    snprintf(text, sizeof text, "city,n,m,y\n\"NA\",1,5,7\n%s%s", tail, tail);
    reading r = good(text, &train);
    assert_level(&r, 0, 0, "NA");
    for (size_t i = 0; i < 2 * COUNT(want); i++)
        assert_level(&r, 0, i + 1, want[i % COUNT(want)]);
    static const uint64_t missing[] = {2, 4, 8, 0};
    for (size_t j = 0; j < COUNT(missing); j++)
        ck_assert_uint_eq(r.set.kinds[j].missing, missing[j]);
    reading_free(&r);
    r = good("\"NA\",1\nNA,2\nx,3\n",
                     &(api_read_options){.labelled = true, .target = "x2", .header = API_HEADER_NONE});
    assert_level(&r, 0, 0, "NA");
    assert_level(&r, 0, 1, NULL);
    reading_free(&r);
    r = good("a,y\n1,\"null\"\n2,NA\n3,cat\n4,\"null\"\n", &train);
    assert_labels(&r, "null|cat");
    ck_assert_uint_eq(r.set.kinds[1].missing, 1);
    reading_free(&r);
}
END_TEST

/* Numbers below such a word alone: which of the two is meant can't be known, so it is asked for. */
START_TEST(what_words_in_quotes_are_is_asked_where_no_text_tells)
{
    static const refusal unsure[] = {
        {"a,y\n\"NA\",1\n\"?\",2\n5,3\n", API_INVALID, "row 3, column \"a\"",
         "\"5\" is no text, but the cells above it are, being in quotes, such as \"NA\" (line 4, byte "
         "17); declare what the column is: with types=a:numeric such cells are missing, with "
         "types=a:categorical all are texts"},
        {"a,y\n\"NA\",1\n\"2024-01-01\",3\n", API_INVALID, "row 2, column \"a\"", "is no text, but"},
        {"a,y\n\" \",1\nTRUE,3\n", API_INVALID, "row 2, column \"a\"", "is no text, but"},
        {"y,a\n1,\"NA\"\n3,inf\n", API_INVALID, "row 2, column \"a\"", "is no text, but"}};
    for (size_t i = 0; i < COUNT(unsure); i++)
        assert_refused(&api_format_csv, &train, &unsure[i], strlen(unsure[i].text));
    static const char text[] = "a,y\n\"NA\",1\n5,2\n";
    api_types types = {0};
    api_problem p = no_problem();
    ck_assert(api_types_read(&types, "a:numeric", &p));
    api_read_options o = {.labelled = true, .target = "y", .types = &types};
    reading r = good(text, &o);
    assert_values(r, (double)NAN, 5);
    reading_free(&r);
    types.list[0] = API_CATEGORICAL;
    r = good(text, &o);
    assert_level(&r, 0, 0, "NA");
    assert_level(&r, 0, 1, "5");
    reading_free(&r);
    api_types_free(&types);
}
END_TEST

START_TEST(quotes_keep_commas_line_ends_and_doubled_quotes)
{
    const api_read_options o = {.labelled = true, .target = "say \"y\"", .name = "quoted"};
    reading r = good("\"tv, radio\",\"two\nlines\",note,\"say \"\"y\"\"\"\n1,2,3,4\n"
                     "\"5\",6,\"7\",8\n",
                     &(api_read_options){.labelled = true,
                                         .target = o.target,
                                         .name = o.name,
                                         .columns = (const char *const[]){"note", "tv, radio"},
                                         .columns_count = 2});
    ck_assert_str_eq(r.set.name, "quoted");
    ck_assert_str_eq(r.set.target, "say \"y\"");
    assert_columns(&r, "note|tv, radio");
    assert_values(r, 3, 1, 7, 5);
    assert_targets(r, 4, 8);
    reading_free(&r);
    /* in columns that nothing wants, anything; "" is an empty field, not a blank line */
    const char *const x[] = {"x"};
    const api_read_options p = {.columns = x, .columns_count = 1};
    r = good("id,x,note\n\"a,b\",1,\"line 1\r\nline 2, \"\"quoted\"\"\"\n,2,\n\"\",3,\"\"\n"
             "\"\xff\",4,1e999\n",
             &p);
    ck_assert_uint_eq(r.set.rows, 4);
    assert_values(r, 1, 2, 3, 4);
    reading_free(&r);
}
END_TEST

START_TEST(a_quoted_empty_field_is_a_row_of_one_column)
{
    reading r = good("x\n1\n\"\"\n", &predict);
    ck_assert_uint_eq(r.set.rows, 2);
    ck_assert(isnan(feature_of(&r, 1, 0)));
    ck_assert_uint_eq(r.set.kinds[0].missing, 1);
    reading_free(&r);
}
END_TEST

START_TEST(the_query_chooses_columns_and_their_order)
{
    const char *const columns[] = {"c", "a"};
    const api_read_options o = {
        .labelled = true, .target = "y", .columns = columns, .columns_count = 2};
    reading r = good("a,b,y,c,\n1,text,10,2,x\n3,,20,4,\n", &o); /* and a column without a name */
    assert_columns(&r, "c|a");
    ck_assert_uint_eq(r.set.stored, 2);
    assert_values(r, 2, 1, 4, 3);
    assert_targets(r, 10, 20);
    ck_assert(api_dataset_plain(&r.set));
    reading_free(&r);
}
END_TEST

/* ---- what is wrong with it ---- */

static const refusal refusals[] = {
    /* rows */
    {"a,y\n1,2\n3\n", API_INVALID, "row 2", "has 1 field, but the header has 2 (line 3)"},
    {"a,y\n1,2\n3,4,5\n", API_INVALID, "row 2", "has 3 fields, but the header has 2 (line 3)"},
    {"a,y\n1,2\n\n\n3,4,\n", API_INVALID, "row 2", "has 3 fields, but the header has 2 (line 5)"},
    {"a,y\n1,2\n3", API_INVALID, "row 2", "has 1 field, but the header has 2 (line 3)"},
    {"a,b,y\n\"1\n\",2,3\n", API_INVALID, "row 1, column \"a\"", "(line 2, byte 6)"},
    {"\"a\n\n\",y\n1,2\n", API_INVALID, "columns[0]", "control characters"},
    {"n,a,y\n\"1\n2\n3\",1,2\n5\n", API_INVALID, "row 1, column \"n\"", "(line 2, byte 6)"},
    {"\n\na,y\n1,2\n\r\nx,4\n", API_INVALID, "row 2, column \"a\"",
     "\"x\" is not a number (line 6, byte"},
    {"a,y\n   \n", API_INVALID, "row 1", "has 1 field, but the header has 2"},
    /* values */
    {"a,y\n-nan,1\n", API_INVALID, "row 1, column \"a\"", "\"-nan\" is not a finite number"},
    {"a,y\ninf,1\n", API_INVALID, "row 1, column \"a\"", "\"inf\" is not a finite number"},
    {"a,y\n-Infinity,1\n", API_INVALID, "row 1, column \"a\"", "\"-Infinity\" is not a finite"},
    {"a,y\n\"12,5\",1\n", API_INVALID, "row 1, column \"a\"", "\"12,5\" is not a number"},
    {"a;y\n12,5;1\n", API_INVALID, "row 1, column \"a\"",
     "\"12,5\" is not a number (line 2, byte 4)"},
    {"a,y\n12,5,1\n", API_INVALID, "row 1", "has 3 fields, but the header has 2 (line 2)"},
    {"a,y\n1 000,1\n", API_INVALID, "row 1, column \"a\"", "\"1 000\" is not"},
    {"a,y\n$5,1\n", API_INVALID, "row 1, column \"a\"", "\"$5\" is not"},
    {"a,y\n5%,1\n", API_INVALID, "row 1, column \"a\"", "\"5%\" is not"},
    {"a,y\n1,1\n0x1p3,1\n", API_INVALID, "row 2, column \"a\"", "\"0x1p3\" is not"},
    {"a,y\n-,1\n", API_INVALID, "row 1, column \"a\"", "\"-\" is not a number"},
    {"a,y\n1,1\nx,1\n", API_INVALID, "row 2, column \"a\"",
     "\"x\" is not a number (line 3, byte 8); if the column is not numeric, declare it: "
     "types=a:categorical"},
    {"a,y\n1e400,1\n", API_INVALID, "row 1, column \"a\"", "is beyond the range of double"},
    {"a,y\n1,-1e400\n", API_INVALID, "row 1, column \"y\"", "is beyond the range of double"},
    {"a,y\n1,1\ncaf\xe9,1\n", API_INVALID, "row 2, column \"a\"", "\"caf?\" is not a number"},
    {"a,y\ncaf\xe9,1\n", API_INVALID, "row 1, column \"a\"", "must be valid UTF-8 (line 2, byte 4)"},
    {"a,y\n1,1\n\xef\xbb\xbf"
     "2,1\n",
     API_INVALID, "row 2, column \"a\"", "is not a number"},
    /* quotes */
    {"a,y\n\"1\"2,3\n", API_INVALID, "", "a quoted field is followed by something else"},
    {"a,y\n1,2\n\"3\" ,4\n", API_INVALID, "",
     "a quoted field is followed by something else than a comma or a line end (line 3, byte 11)"},
    {"a,y\n\"x\ny\"z,1\n", API_INVALID, "", "(line 3, byte 9)"},
    {"a,y\n\"1,2\n", API_INVALID, "", "the text ends inside a quoted field, which begins at line 2, byte 4"},
    {"a,b,y\n1,2,3\n\n1,2,\"q\n\n", API_INVALID, "", "which begins at line 4, byte 17"},
    {"\"a,y\n1,2\n", API_INVALID, "", "the text ends inside a quoted field"},
    {"a,y\n1,2\n1\"\",2\n", API_INVALID, "row 2, column \"a\"", "\"1\"\"\" is not a number"},
    /* the header */
    {"a,b,a,y\n1,2,3,4\n", API_INVALID, "columns", "the header has \"a\" twice"},
    {"a,y,y\n1,2,3\n", API_INVALID, "columns", "the header has \"y\" twice"},
    {"a,,y\n1,2,3\n", API_INVALID, "columns[1]", "column 2 has no name"},
    {",y\n1,2\n", API_INVALID, "columns[0]", "column 1 has no name"},
    {"\"\",y\n1,2\n", API_INVALID, "columns[0]", "column 1 has no name"},
    {"\"a\tb\",y\n1,2\n", API_INVALID, "columns[0]", "must not contain control characters"},
    {"a\xff,y\n1,2\n", API_INVALID, "columns[0]", "must be valid UTF-8"},
    {"\xef\xbb,y\n1,2\n", API_INVALID, "columns[0]", "must be valid UTF-8"},
    {"a,b\n1,2\n", API_INVALID, "target", "the header has no column \"y\""},
    {"1,2\n3,4\n", API_INVALID, "target",
     "there is no column \"y\": without a header they are x1 to x2"},
    {"y\n1\n", API_INVALID, "columns", "must leave at least one feature beside the target"},
    /* nothing there */
    {"", API_INVALID, "", "the body is empty"},
    {"\xef\xbb\xbf", API_INVALID, "", "the body is empty"},
    {"\n\r\n\n", API_INVALID, "", "the body is empty"},
    {"a,y\n", API_INVALID, "", "there is a header but no row of numbers"},
    {"a,y", API_INVALID, "", "there is a header but no row of numbers"},
    {"a,y\n\n\n", API_INVALID, "", "there is a header but no row of numbers"},
};

START_TEST(a_bad_table_is_refused_by_row_column_and_line)
{
    const refusal *r = &refusals[_i];
    assert_refused(&api_format_csv, &train, r, strlen(r->text));
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
    static const struct {
        refusal want;
        size_t n;
    } cases[] = {{{"a,y\n1,2\0\n", API_INVALID, "", "NUL byte in CSV text (line 2, byte 7)"}, 9},
                 {{"\0", API_INVALID, "", "NUL byte in CSV text (line 1, byte 0)"}, 1},
                 {{"a\0,y\n1,2\n", API_INVALID, "", "NUL byte"}, 9},
                 {{"a,y\n\"1\n\0\",2\n", API_INVALID, "", "NUL byte in CSV text (line 3, byte 7)"}, 12},
                 {{"a\0,\0y\0", API_INVALID, "", "NUL byte"}, 6}}; /* UTF-16 */
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_csv, &train, &cases[i].want, cases[i].n);
}
END_TEST

START_TEST(a_carriage_return_alone_ends_nothing)
{
    static const refusal cases[] = {
        {"a,y\n\"1\"\r,2\n", API_INVALID, "", "a quoted field is followed by something else"},
        {"a,y\n\"1\"\r\"2\",3\n", API_INVALID, "", "a quoted field is followed by something else"},
        {"a,y\n1\r,2\n", API_INVALID, "row 1, column \"a\"", "must not contain control"},
        {"a,y\r1,2\r3,4\r", API_INVALID, "", "the first line has a carriage return inside: lines must end in"},
    };
    const char *const a[] = {"a"};
    const api_read_options o = {.labelled = true, .target = "y", .columns = a, .columns_count = 1};
    const refusal unwanted = {"a,note,y\n1,\"x\"\r\"y\",2\n", API_INVALID, "",
                              "a quoted field is followed by something else"};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&api_format_csv, &train, &cases[i], strlen(cases[i].text));
    assert_refused(&api_format_csv, &o, &unwanted, strlen(unwanted.text));
}
END_TEST

/* ---- what the query asks for ---- */

START_TEST(what_the_query_asks_for_must_be_in_the_header)
{
    static const char data[] = "radio,tv,sales\n1,2,3\n";
    static const struct {
        const char *target, *columns[3];
        size_t count;
        const char *field, *part;
    } cases[] = {
        {NULL,
         {0},
         0,
         "target",
         "is missing: say ?target= with one of the columns radio, tv, sales"},
        {"sale", {0}, 0, "target", "no column \"sale\"; did you mean \"sales\"?"},
        {"profit", {0}, 0, "target", "the header has no column \"profit\""},
        {"sales", {"radios"}, 1, "columns", "no column \"radios\"; did you mean \"radio\"?"},
        {"sales", {"tv", "sales"}, 2, "columns", "\"sales\" is the target too"},
        {"sales", {"tv", "radio", "tv"}, 3, "columns", "\"tv\" is given twice"},
        {"profit", {"newspaper"}, 1, "columns", "no column \"newspaper\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const api_read_options o = {.labelled = true,
                                    .target = cases[i].target,
                                    .columns = cases[i].count ? cases[i].columns : NULL,
                                    .columns_count = cases[i].count};
        const refusal want = {data, API_INVALID, cases[i].field, cases[i].part};
        assert_refused(&api_format_csv, &o, &want, strlen(data));
    }
}
END_TEST

START_TEST(all_that_is_wrong_with_the_header_is_told_at_once)
{
    const api_read_options o = {.labelled = true, .target = "z"};
    reading r = read_csv("a,,\"b\x01\"\n1,2,3\n", &o);
    assert_says(&r.p, "target", "no column \"z\"");
    assert_says(&r.p, "columns[1]", "has no name");
    assert_says(&r.p, "columns[2]", "control characters");
    ck_assert_uint_eq(r.p.errors_count, 3);
    reading_free(&r);
}
END_TEST

/* ---- predictions ---- */

START_TEST(tables_to_predict_are_reordered_to_the_columns_of_the_model)
{
    const char *const columns[] = {"radio", "tv"};
    const api_read_options o = {.columns = columns, .columns_count = 2, .target = NULL};
    reading r = good("tv,sales,radio\n1,?,2\n3,,4\n", &o);
    assert_columns(&r, "radio|tv");
    assert_values(r, 2, 1, 4, 3);
    ck_assert_uint_eq(r.targets.n, 0);
    ck_assert_ptr_null(r.set.target);
    reading_free(&r);
    const refusal want = {"tv,radios\n1,2\n", API_INVALID, "columns", "did you mean \"radios\"?"};
    assert_refused(&api_format_csv, &o, &want, strlen(want.text));
    r = good("x\n1\n\n2\n", &predict);
    assert_columns(&r, "x");
    assert_values(r, 1, 2);
    reading_free(&r);
}
END_TEST

/* ---- bounds ---- */

START_TEST(a_request_may_have_max_values_and_not_one_more)
{
    static const char text[] = "a,b\n1,2\n3,4\n";
    api_read_options o = {.max_values = 4};
    reading r = good(text, &o);
    assert_values(r, 1, 2, 3, 4);
    reading_free(&r);
    o.max_values = 3;
    const refusal want = {text, API_TOO_LARGE, "", "more than 3 values in one request"};
    assert_refused(&api_format_csv, &o, &want, strlen(text));
}
END_TEST

static char *with_field(const char *head, size_t len, const char *tail)
{
    api_text t = {0};
    api_text_puts(&t, head);
    for (size_t i = 0; i < len; i++)
        api_text_puts(&t, "0");
    api_text_puts(&t, tail);
    return api_text_take(&t);
}

/* Of a text it is not its digits that are too many, however long it is. */
START_TEST(long_texts_are_told_to_be_long_texts)
{
    static const struct {
        const char *head, *what;
        size_t count;
    } cases[] = {
        {"z", "must be at most 256 bytes long (line 2, byte 4); leave the column out", 256},
        {"z", "must be at most 256 bytes long (line 2, byte 4); leave the column out", 1000},
        {"z", "must be at most 256 bytes long (line 2, byte 4); leave the column out", 2000},
        {"nan", "is not a finite number", 2000},
        {"-inf", "is not a finite number", 2000},
        {"-", "has too many digits", 2000},
        {"0", "has too many digits", 2000}};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int numbers = 0; numbers < 2; numbers++) {
            char head[80];
            snprintf(head, sizeof head, "a,y\n%s%s", numbers ? "1,1\n" : "", cases[i].head);
            char *text = with_field(head, cases[i].count, ",1\n");
            bool letters = *cases[i].head == 'z';
            const refusal want = {
                text, API_INVALID, numbers ? "row 2, column \"a\"" : "row 1, column \"a\"",
                numbers && letters ? "is not a number (line 3, byte 8)" : cases[i].what};
            assert_refused(&api_format_csv, &train, &want, strlen(text));
            free(text);
        }
}
END_TEST

START_TEST(fields_are_bounded)
{
    const char *const a[] = {"a"};
    const api_read_options o = {.labelled = true, .target = "y", .columns = a, .columns_count = 1};
    char *text = with_field("note,a,y\n", API_MAX_TOKEN, ",1,2\n");
    reading r = good(text, &o);
    assert_values(r, 1);
    reading_free(&r);
    free(text);
    static const char *const heads[] = {"a,y\n1,2\n", "a,y\n1,2\n\"", "", "\""};
    for (size_t i = 0; i < COUNT(heads); i++) {
        text = with_field(heads[i], API_MAX_TOKEN + 1, ",1\n");
        const refusal want = {text, API_INVALID, "", i % 2 ? "end?" : "a field has more than 65536 bytes (line "};
        assert_refused(&api_format_csv, &train, &want, strlen(text));
        free(text);
    }
    text = with_field("a,y\n", API_MAX_NUMBER + 1, ",1\n");
    const refusal digits = {text, API_INVALID, "row 1, column \"a\"",
                            "has too many digits (line 2, byte"};
    assert_refused(&api_format_csv, &train, &digits, strlen(text));
    free(text);
    text = with_field("a,y\n", API_MAX_NUMBER, ",1\n");
    r = good(text, &train);
    assert_values(r, 0);
    reading_free(&r);
    free(text);
}
END_TEST

static char *wide(size_t cols)
{
    api_text t = {0};
    for (size_t i = 0; i < cols; i++)
        api_text_printf(&t, "c%zu,", i);
    api_text_puts(&t, "y\n");
    for (size_t i = 0; i < cols; i++)
        api_text_puts(&t, "1,");
    api_text_puts(&t, "2\n");
    return api_text_take(&t);
}

START_TEST(columns_are_bounded_beside_the_target)
{
    char *text = wide(GD_MAX_COLUMNS);
    reading r = good(text, &train);
    ck_assert_uint_eq(r.set.cols, GD_MAX_COLUMNS);
    ck_assert_str_eq(r.set.columns[9999], "c9999");
    reading_free(&r);
    free(text);
    text = wide(GD_MAX_COLUMNS + 1);
    const refusal want = {text, API_INVALID, "columns", "are more than 10000"};
    assert_refused(&api_format_csv, &train, &want, strlen(text));
    free(text);
    text = wide(GD_MAX_COLUMNS); /* one feature more without a target */
    const refusal features = {text, API_INVALID, "columns", "are more than 10000"};
    assert_refused(&api_format_csv, &predict, &features, strlen(text));
    free(text);
}
END_TEST

START_TEST(rows_and_lines_are_counted_far_into_a_table)
{
    api_text t = {0};
    api_text_puts(&t, "a,note,y\r\n");
    for (int i = 1; i <= 3000; i++)
        api_text_printf(&t, "%d,\"x\n%s\",%d\r\n%s", i, i % 2 ? "" : "\n", -i, i % 3 ? "" : "\r\n");
    api_text_puts(&t, "oops,,1\r\n");
    const char *const a[] = {"a"};
    const api_read_options o = {.labelled = true, .target = "y", .columns = a, .columns_count = 1};
    /* a header, 3000 rows of two lines, one more in half of them, 1000 blank ones */
    const refusal want = {t.data, API_INVALID, "row 3001, column \"a\"",
                          "\"oops\" is not a number (line 8502, byte"};
    assert_refused(&api_format_csv, &o, &want, t.len);
    reading r = read_with(&api_format_csv, &o, 0, t.data, t.len - strlen("oops,,1\r\n"));
    ck_assert(r.ok);
    ck_assert_uint_eq(r.values.n, 3000);
    for (size_t i = 0; i < 3000; i++)
        if (r.values.v[i] != (double)i + 1 || r.targets.v[i] != -(double)i - 1)
            ck_abort_msg("row %zu is wrong", i + 1);
    reading_free(&r);
    api_text_free(&t);
}
END_TEST

START_TEST(a_sink_that_fails_stops_the_reader)
{
    static const char text[] = "a,b,y\n1,2,3\n4,5,6\n7,8,9\n";
    for (size_t room = 1; room < 9; room++) {
        reading r = read_with(&api_format_csv, &train, room, text, strlen(text));
        ck_assert(!r.ok && r.sink_full);
        ck_assert_int_eq(r.p.code, API_NO_SPACE);
        ck_assert_str_eq(r.p.detail, "the sink is full");
        ck_assert_uint_le(r.values.n + r.targets.n, room);
        reading_free(&r);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("csv");
    tcase_add_loop_test(tc, a_table_is_read_in_any_layout, 0, COUNT(layouts));
    tcase_add_test(tc, texts_are_read_where_they_stand_or_byte_by_byte);
    tcase_add_test(tc, texts_that_come_again_are_the_same_ones);
    tcase_add_test(tc, words_in_quotes_are_texts_where_texts_are);
    tcase_add_test(tc, what_words_in_quotes_are_is_asked_where_no_text_tells);
    tcase_add_test(tc, quotes_keep_commas_line_ends_and_doubled_quotes);
    tcase_add_test(tc, a_quoted_empty_field_is_a_row_of_one_column);
    tcase_add_test(tc, the_query_chooses_columns_and_their_order);
    tcase_add_loop_test(tc, a_bad_table_is_refused_by_row_column_and_line, 0, COUNT(refusals));
    tcase_add_test(tc, nul_bytes_are_refused);
    tcase_add_test(tc, a_carriage_return_alone_ends_nothing);
    tcase_add_test(tc, what_the_query_asks_for_must_be_in_the_header);
    tcase_add_test(tc, all_that_is_wrong_with_the_header_is_told_at_once);
    tcase_add_test(tc, tables_to_predict_are_reordered_to_the_columns_of_the_model);
    tcase_add_test(tc, a_request_may_have_max_values_and_not_one_more);
    tcase_add_test(tc, fields_are_bounded);
    tcase_add_test(tc, long_texts_are_told_to_be_long_texts);
    tcase_add_test(tc, columns_are_bounded_beside_the_target);
    tcase_add_test(tc, rows_and_lines_are_counted_far_into_a_table);
    tcase_add_test(tc, a_sink_that_fails_stops_the_reader);
    return run_tests(tc, "api_format_csv");
}
