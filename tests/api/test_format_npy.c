/* Arrays of NumPy: what NumPy wrote (tests/data/numpy) reads as NumPy has it, bit for bit, whatever
 * its type and order and however the bytes are cut; what is none, or does not fit, is refused by
 * name. */
#include "readings.h"

#include <math.h>

extern const api_format api_format_npy, api_format_npz, api_format_octets, api_format_csv;

static const api_read_options all = {0}, train = {.labelled = true};

/* ---- what NumPy wrote ---- */

typedef struct recorded {
    bool archive;
    char name[64];
    size_t rows, cols, n;
    char bytes[4096];
    double X[64], y[64];
} recorded;

static void read_numbers(char *text, double *to)
{
    for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n"))
        *to++ = strtod(word, NULL);
}

/* The next line of arrays.txt. */
static bool next_recorded(FILE *f, recorded *a)
{
    static char line[32768], hex[16384];
    char kind[8];
    int at;
    do
        if (!fgets(line, sizeof line, f))
            return false;
    while (line[0] == '#');
    ck_assert_int_eq(
        sscanf(line, "%7s %63s %zu %zu %16383s %n", kind, a->name, &a->rows, &a->cols, hex, &at),
        5);
    a->archive = strcmp(kind, "npz") == 0;
    a->n = strlen(hex) / 2;
    ck_assert_uint_le(a->n, sizeof a->bytes);
    for (size_t i = 0; i < a->n; i++)
        sscanf(hex + 2 * i, "%2hhx", (unsigned char *)&a->bytes[i]);
    char *bar = strchr(line + at, '|');
    if (bar) {
        *bar = '\0';
        read_numbers(bar + 1, a->y);
    }
    read_numbers(line + at, a->X);
    return true;
}

static void same_features(const recorded *a, const reading *r, size_t without)
{
    ck_assert_uint_eq(r->set.rows, a->rows);
    ck_assert_uint_eq(r->set.cols, a->cols - (without < a->cols));
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0, k = 0; j < a->cols; j++)
            if (j != without) {
                double got = feature_of(r, i, k++), want = a->X[i * a->cols + j];
                ck_assert_msg(bits_of(got) == bits_of(want),
                              "%s: row %zu, column %zu is %a, not %a", a->name, i, j, got, want);
            }
}

static void check_array(const recorded *a)
{
    const api_format *formats[] = {&api_format_npy, &api_format_octets};
    char target[16];
    for (size_t f = 0; f < COUNT(formats); f++) {
        reading r = read_with(formats[f], &all, 0, a->bytes, a->n);
        ck_assert_msg(r.ok, "%s: %s", a->name, problem_text(&r.p));
        assert_columns(&r, a->cols == 1   ? "x"
                           : a->cols == 2 ? "x1|x2"
                           : a->cols == 3 ? "x1|x2|x3"
                                          : "x1|x2|x3|x4");
        same_features(a, &r, SIZE_MAX);
        reading_free(&r);
    }
    for (size_t t = 0; t < a->cols && a->cols > 1; t++) {
        snprintf(target, sizeof target, "x%zu", t + 1);
        const api_read_options o = {.labelled = true, .target = target, .name = "named"};
        reading r = read_with(&api_format_npy, &o, 0, a->bytes, a->n);
        ck_assert_msg(r.ok, "%s: %s", a->name, problem_text(&r.p));
        ck_assert_str_eq(r.set.target, target);
        ck_assert_str_eq(r.set.name, "named");
        same_features(a, &r, t);
        for (size_t i = 0; i < a->rows; i++)
            assert_same_double(target_of(&r, i), a->X[i * a->cols + t]);
        if (!r.set.by_columns)
            ck_assert(api_dataset_plain(&r.set)); /* rows are stored as they come */
        reading_free(&r);
    }
}

static void check_archive(const recorded *a)
{
    reading r = read_with(&api_format_npz, &train, 0, a->bytes, a->n);
    ck_assert_msg(r.ok, "%s: %s", a->name, problem_text(&r.p));
    ck_assert_str_eq(r.set.target, "y");
    ck_assert_uint_eq(r.set.target_at, API_APART);
    same_features(a, &r, SIZE_MAX);
    for (size_t i = 0; i < a->rows; i++)
        assert_same_double(target_of(&r, i), a->y[i]);
    reading_free(&r);
    r = read_with(&api_format_octets, &all, 0, a->bytes, a->n);
    ck_assert_msg(r.ok, "%s: %s", a->name, problem_text(&r.p));
    same_features(a, &r, SIZE_MAX);
    ck_assert_uint_eq(r.targets.n, 0);
    reading_free(&r);
    for (size_t n = 0; n < a->n; n++) { /* cut short anywhere */
        r = read_pieces(&api_format_npz, &train, 0, a->bytes, n, n, 1);
        ck_assert_msg(!r.ok && r.p.code == API_INVALID, "%s is accepted with %zu bytes", a->name,
                      n);
        reading_free(&r);
    }
}

START_TEST(what_numpy_wrote_is_what_it_has)
{
    static recorded a;
    int arrays = 0, archives = 0;
    FILE *f = fopen(TEST_DATA "/numpy/arrays.txt", "r");
    ck_assert_ptr_nonnull(f);
    while (memset(&a, 0, sizeof a), next_recorded(f, &a)) {
        if (a.archive)
            check_archive(&a);
        else
            check_array(&a);
        archives += a.archive;
        arrays += !a.archive;
    }
    fclose(f);
    ck_assert_int_ge(arrays, 48);
    ck_assert_int_ge(archives, 9);
}
END_TEST

/* The recorded archive of this name. */
static recorded *recorded_archive(const char *name)
{
    static recorded a;
    FILE *f = fopen(TEST_DATA "/numpy/arrays.txt", "r");
    ck_assert_ptr_nonnull(f);
    while (memset(&a, 0, sizeof a), next_recorded(f, &a))
        if (a.archive && strcmp(a.name, name) == 0)
            break;
    fclose(f);
    ck_assert_str_eq(a.name, name);
    return &a;
}

/* ---- arrays made here ---- */

typedef struct made {
    char bytes[8192];
    size_t n;
} made;

/* Version 1.0, with this dictionary and these bytes behind it. */
static made npy(const char *dictionary, const void *data, size_t n)
{
    made m;
    size_t len = strlen(dictionary);
    memcpy(m.bytes, "\x93NUMPY\1", 8);
    m.bytes[8] = (char)(len & 255);
    m.bytes[9] = (char)(len >> 8);
    memcpy(m.bytes + 10, dictionary, len);
    memcpy(m.bytes + 10 + len, data, n);
    m.n = 10 + len + n;
    return m;
}

#define DICT(descr, order, shape)                                                                  \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static reading read_made(const made *m, const api_read_options *o)
{
    return read_with(&api_format_npy, o, 0, m->bytes, m->n);
}

static void refused(const made *m, const api_read_options *o, const char *field, const char *part)
{
    reading r = read_made(m, o);
    ck_assert_msg(!r.ok && r.p.code == API_INVALID && says(&r.p, field, part),
                  "%.100s: %s; expected \"%s\" of \"%s\"", m->bytes + 10, problem_text(&r.p), part,
                  field);
    reading_free(&r);
}

static void refused_all(const char *dictionary, const char *part)
{
    static const double six[6] = {1, 2, 3, 4, 5, 6};
    made m = npy(dictionary, six, sizeof six);
    refused(&m, &all, "", part);
}

START_TEST(headers_are_read_as_python_writes_them)
{
    static const char *const dictionaries[] = {
        DICT("<f8", "False", "(2, 3)"),
        "{\"shape\":(2,3),\"descr\":\"<f8\",\"fortran_order\":False}\n",
        "{'shape': (2L, 3L), 'fortran_order': False, 'descr': '=f8'}   \n",
        " { 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : '|f8' , } ",
    };
    static const double six[6] = {1, 2, 3, 4, 5, 6};
    for (size_t i = 0; i < COUNT(dictionaries); i++) {
        made m = npy(dictionaries[i], six, sizeof six);
        reading r = read_made(&m, &all);
        ck_assert_msg(r.ok, "%s: %s", dictionaries[i], problem_text(&r.p));
        assert_values(r, 1, 2, 3, 4, 5, 6);
        reading_free(&r);
    }
}
END_TEST

START_TEST(what_is_no_array_of_numbers_is_refused)
{
    static const struct {
        const char *dictionary, *part;
    } cases[] = {
        {DICT("<c16", "False", "(6,)"), "\"<c16\""},
        {DICT("|O", "False", "(6,)"), "\"|O\""},
        {DICT("<U3", "False", "(6,)"), "\"<U3\""},
        {DICT("<f16", "False", "(6,)"), "\"<f16\""},
        {DICT("<M8[ns]", "False", "(6,)"), "astype(float)"},
        {DICT("<f9", "False", "(6,)"), "\"<f9\""},
        {DICT("<b8", "False", "(6,)"), "\"<b8\""},
        {DICT("f8", "False", "(6,)"), "\"f8\""},
        {DICT("", "False", "(6,)"), "\"\""},
        {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,), }", "structured"},
        {DICT("<f8", "False", "()"), "no dimensions"},
        {DICT("<f8", "False", "(1, 2, 3)"), "more than two dimensions"},
        {DICT("<f8", "False", "(1, 2, 3, 1)"), "more than two dimensions"},
        {DICT("<f8", "False", "(0,)"), "is empty: it has 0 rows"},
        {DICT("<f8", "False", "(6, 0)"), "0 columns"},
        {DICT("<f8", "False", "(7,)"), "ends too early: it has 6 of its 7 values"},
        {DICT("<f8", "False", "(5,)"), "goes on after its 5 values"},
        {DICT("<f8", "False", "(1000000000000000000,)"), ""},
        {DICT("<f8", "False", "(10000000000000000000,)"), "is not that of NumPy"},
        {DICT("<f8", "False", "(-6,)"), "is not that of NumPy"},
        {DICT("<f8", "False", "(6.0,)"), "is not that of NumPy"},
        {DICT("<f8", "false", "(6,)"), "is not that of NumPy"},
        {DICT("<f8", "False", "(6,"), "is not that of NumPy"},
        {DICT("<f8", "False", "6"), "is not that of NumPy"},
        {DICT("<f8", "False", "(6,)") "x", "is not that of NumPy"},
        {"{'descr': '<f8', 'fortran_order': False}", "is not that of NumPy"},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (6,)}", "is not that"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), 'more': 1}", "is not that"},
        {"", "is not that of NumPy"},
        {"None", "is not that of NumPy"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refused_all(cases[i].dictionary, cases[i].part);
    made m = npy("{}", "", 0);
    m.bytes[6] = 4;
    refused(&m, &all, "", "version 4.0");
    m.bytes[6] = 1;
    m.bytes[1] = 'M';
    refused(&m, &all, "", "does not begin with");
    m.n = 3;
    m.bytes[1] = 'N';
    refused(&m, &all, "", "does not begin with");
    m = npy("{'descr'", "", 0);
    m.n--;
    refused(&m, &all, "", "ends inside its header");
    m = npy("", "", 0);
    m.bytes[6] = 2;
    memcpy(m.bytes + 8, "\0\0\0\1", 4);
    m.n = 12;
    refused(&m, &all, "", "more than 65536 bytes");
}
END_TEST

START_TEST(columns_and_rows_have_bounds)
{
    made m = npy(DICT("<f8", "False", "(1, 10002)"), "", 0);
    refused(&m, &all, "columns", "more than 10000");
    m = npy(DICT("<f8", "False", "(999999999999999999,)"), "", 0);
    refused(&m, &all, "rows", "more than ");
    m = npy(DICT("<f8", "False", "(5, 3)"), "", 0);
    const api_read_options few = {.max_values = 14};
    reading r = read_made(&m, &few);
    ck_assert_int_eq(r.p.code, API_TOO_LARGE);
    reading_free(&r);
}
END_TEST

static const char *dictionary_of(bool fortran)
{
    return fortran ? DICT("<f8", "True", "(2, 3)") : DICT("<f8", "False", "(2, 3)");
}

START_TEST(what_is_not_finite_is_refused_by_row_and_column)
{
    const api_read_options two = {.labelled = true,
                                  .target = "x3",
                                  .columns = (const char *const[]){"x1"},
                                  .columns_count = 1};
    double v[6] = {1, 2, 3, 4, 5, 6};
    for (int f = 0; f < 2; f++) {
        v[1] = INFINITY; /* by rows: row 1, column 2; by columns: row 2, column 1 */
        made m = npy(dictionary_of(f), v, sizeof v);
        refused(&m, &all, f ? "row 2, column \"x1\"" : "row 1, column \"x2\"",
                "inf is not a finite number");
        v[1] = 2;
        v[3] = -INFINITY; /* row 2, column 1; row 2, column 2 */
        m = npy(dictionary_of(f), v, sizeof v);
        refused(&m, &all, f ? "row 2, column \"x2\"" : "row 2, column \"x1\"", "-inf is not");
        v[3] = 4;
    }
    v[1] = v[4] = INFINITY; /* of a column that is not wanted */
    made m = npy(dictionary_of(false), v, sizeof v);
    reading r = read_made(&m, &two);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    ck_assert_double_eq(feature_of(&r, 1, 0), 4);
    ck_assert_double_eq(target_of(&r, 1), 6);
    reading_free(&r);
    const uint16_t half[2] = {0x3c00, 0x7c00};
    m = npy(DICT("<f2", "False", "(2,)"), half, sizeof half);
    refused(&m, &all, "row 2, column \"x\"", "inf is not");
}
END_TEST

START_TEST(what_is_nan_is_missing)
{
    const double v[6] = {NAN, 2,   NAN,
                         4,   NAN, 6}; /* by rows: of x1, x3, x2; by columns: of x1, x2, x3 */
    const api_read_options labelled = {.labelled = true, .target = "x2"};
    for (int f = 0; f < 2; f++) {
        made m = npy(dictionary_of(f), v, sizeof v);
        reading r = read_made(&m, &all);
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        for (int j = 0; j < 3; j++)
            ck_assert(r.set.kinds[j].type == API_NUMERIC && r.set.kinds[j].missing == 1);
        ck_assert(isnan(feature_of(&r, 0, 0)) && isnan(feature_of(&r, f ? 0 : 1, 1)));
        reading_free(&r);
        r = read_made(&m, &labelled);
        ck_assert_msg(r.ok, "%s", problem_text(&r.p));
        ck_assert(r.set.kinds[0].missing == 1 && r.set.kinds[1].missing == 1 &&
                  r.set.kinds[2].missing == 1);
        ck_assert(isnan(target_of(&r, f ? 0 : 1)));
        reading_free(&r);
    }
    const double one[6] = {1, 2, 3, 4, 5, NAN};
    made m = npy(dictionary_of(false), one, sizeof one);
    reading r = read_made(&m, &labelled);
    ck_assert(r.set.kinds[0].missing == 0 && r.set.kinds[1].missing == 1 &&
              r.set.kinds[2].missing == 0);
    reading_free(&r);
}
END_TEST

START_TEST(columns_of_an_array_are_numbers)
{
    static const double v[6] = {1, 2, 3, 4, 5, 6};
    api_types types = {0};
    api_problem p = no_problem();
    ck_assert(api_types_read(&types, "x1:ignore,x2:numeric", &p));
    const api_read_options o = {.labelled = true, .target = "x3", .types = &types};
    made m = npy(dictionary_of(false), v, sizeof v);
    reading r = read_made(&m, &o);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_columns(&r, "x2");
    ck_assert_double_eq(target_of(&r, 1), 6);
    reading_free(&r);
    ck_assert(api_types_add(&types, "x3", API_CATEGORICAL, "types", &p));
    refused(&m, &o, "types", "\"x3\" is a column of an array of numbers, not categorical");
    api_types_free(&types);
}
END_TEST

START_TEST(whole_numbers_that_no_double_is_equal_to_are_refused)
{
    const int64_t exact[] = {INT64_MIN, -9007199254740994, 9007199254740992, INT64_C(1) << 62, 0,
                             1};
    made m = npy(DICT("<i8", "False", "(6,)"), exact, sizeof exact);
    reading r = read_made(&m, &all);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_values(r, -0x1p63, -9007199254740994.0, 0x1p53, 0x1p62, 0, 1);
    reading_free(&r);
    static const struct {
        int64_t v;
        const char *text;
    } inexact[] = {{9007199254740993, "9007199254740993 is"},
                   {-9007199254740993, "-9007199254740993 is"},
                   {INT64_MAX, "9223372036854775807 is"},
                   {INT64_MIN + 1, "-9223372036854775807 is"}};
    for (size_t i = 0; i < COUNT(inexact); i++) {
        const int64_t v[] = {1, 2, 3, inexact[i].v};
        m = npy(DICT("<i8", "False", "(2, 2)"), v, sizeof v);
        refused(&m, &all, "row 2, column \"x2\"", inexact[i].text);
    }
    const uint64_t most[] = {UINT64_MAX, UINT64_C(1) << 63};
    m = npy(DICT("<u8", "False", "(2,)"), most, sizeof most);
    refused(&m, &all, "row 1, column \"x\"", "18446744073709551615 is");
    m = npy(DICT("<u8", "False", "(1,)"), most + 1, 8);
    r = read_made(&m, &all);
    assert_values(r, 0x1p63);
    reading_free(&r);
}
END_TEST

/* ---- the choice of columns ---- */

START_TEST(target_and_columns_are_named_as_in_a_table_without_a_header)
{
    static const double v[] = {1, 2, 3, 4, 5, 6};
    static const char *const turned[] = {"x3", "x1"};
    made m = npy(DICT("<f8", "False", "(2, 3)"), v, sizeof v);
    api_read_options o = {.labelled = true, .target = "x2", .columns = turned, .columns_count = 2};
    reading r = read_made(&m, &o);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_columns(&r, "x3|x1");
    ck_assert_double_eq(feature_of(&r, 1, 0), 6);
    ck_assert_double_eq(feature_of(&r, 1, 1), 4);
    ck_assert_double_eq(target_of(&r, 1), 5);
    reading_free(&r);
    refused(&m, &train, "target", "is missing");
    o = (api_read_options){.labelled = true, .target = "x4"};
    refused(&m, &o, "target", "the rows have no column \"x4\"; did you mean");
    o = (api_read_options){.labelled = true, .target = "x3", .columns = turned, .columns_count = 2};
    refused(&m, &o, "columns[0]", "is the target too");
    o = (api_read_options){.labelled = true, .target = "x3",
                           .columns = (const char *const[]){"x1", "x1"}, .columns_count = 2};
    refused(&m, &o, "columns", "\"x1\" is given twice");
    o = (api_read_options){.labelled = true, .target = "x"};
    m = npy(DICT("<f8", "False", "(6,)"), v, sizeof v);
    refused(&m, &o, "columns", "at least one feature");
}
END_TEST

START_TEST(rows_for_a_model_have_its_columns_in_order)
{
    static const double v[] = {1, 2, 3, 4, 5, 6};
    static const char *const columns[] = {"radio", "tv", "paper"};
    const api_read_options model = {.columns = columns, .columns_count = 3, .in_order = true};
    made m = npy(DICT("<f8", "True", "(2, 3)"), v, sizeof v);
    reading r = read_made(&m, &model);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    assert_columns(&r, "radio|tv|paper");
    ck_assert_double_eq(feature_of(&r, 0, 2), 5);
    reading_free(&r);
    m = npy(DICT("<f8", "False", "(3, 2)"), v, sizeof v);
    refused(&m, &model, "columns", "are 2, but the model has 3");
}
END_TEST

/* Many rows, so that blocks end anywhere in them; against the same numbers in CSV. */
START_TEST(long_arrays_are_split_as_tables_are)
{
    enum { ROWS = 3000, COLS = 7 };
    static double v[ROWS * COLS];
    static const char *const targets[] = {"x1", "x4", "x7"};
    char *bytes = malloc(200 + sizeof v), *csv = malloc(ROWS * COLS * 8 + 1), *at = csv;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        v[i] = (double)i;
        at += sprintf(at, "%zu%c", i, i % COLS == COLS - 1 ? '\n' : ',');
    }
    made head = npy(DICT("<f8", "False", "(3000, 7)"), "", 0);
    memcpy(bytes, head.bytes, head.n);
    memcpy(bytes + head.n, v, sizeof v);
    for (size_t t = 0; t < COUNT(targets); t++) {
        const api_read_options o = {.labelled = true, .target = targets[t]};
        reading a = read_with(&api_format_npy, &o, 0, bytes, head.n + sizeof v),
                b = read_with(&api_format_csv, &o, 0, csv, (size_t)(at - csv));
        ck_assert(a.ok && b.ok);
        ck_assert(same_tape(&a.values, &b.values) && same_tape(&a.targets, &b.targets) &&
                  same_dataset(&a.set, &b.set));
        reading_free(&a);
        reading_free(&b);
    }
    const api_read_options o = {.labelled = true, .target = "x4"};
    reading r = read_pieces(&api_format_npy, &o, 5000, bytes, head.n + sizeof v, 0, 1000);
    ck_assert(!r.ok); /* the sink's room is at an end */
    reading_free(&r);
    free(bytes);
    free(csv);
}
END_TEST

/* ---- archives ---- */

START_TEST(arrays_of_an_archive_are_named_by_the_query)
{
    recorded *a = recorded_archive("others_deflated");
    api_read_options o = {.labelled = true, .rows = "last", .target = "y"};
    reading r = read_with(&api_format_npz, &o, 0, a->bytes, a->n);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    same_features(a, &r, SIZE_MAX);
    assert_same_double(target_of(&r, 3), a->y[3]);
    reading_free(&r);
    o = (api_read_options){.labelled = true, .rows = "last", .target = "x2"}; /* a column */
    r = read_with(&api_format_npz, &o, 0, a->bytes, a->n);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    same_features(a, &r, 1);
    assert_same_double(target_of(&r, 2), a->X[2 * 3 + 1]);
    reading_free(&r);
}
END_TEST

START_TEST(targets_may_be_texts)
{
    static const char *const names[] = {"labels", "labels_be", "labels_bytes"};
    for (size_t i = 0; i < COUNT(names); i++) {
        recorded *a = recorded_archive(names[i]);
        reading r = read_with(&api_format_npz, &train, 0, a->bytes, a->n);
        assert_labels(&r, i < 2 ? "cat|dog|k\xc3\xb6 \xf0\x9f\x90\x88" : "cat|dog|mouse");
        ck_assert_int_eq(r.set.kinds[3].type, API_CATEGORICAL);
        reading_free(&r);
    }
}
END_TEST

static void archive_refused(const recorded *a, const api_read_options *o, api_problem_code code,
                            const char *field, const char *part)
{
    reading r = read_with(&api_format_npz, o, 0, a->bytes, a->n);
    ck_assert_msg(!r.ok && r.p.code == code && says(&r.p, field, part),
                  "%s: %s; expected \"%s\" of \"%s\"", a->name, problem_text(&r.p), part, field);
    reading_free(&r);
}

START_TEST(arrays_that_are_not_there_are_told_with_those_that_are)
{
    recorded *a = recorded_archive("others");
    api_read_options o = {.labelled = true, .rows = "Z"};
    archive_refused(a, &o, API_INVALID, "X", "no array \"Z\", but first, X, names, last");
    o = (api_read_options){.labelled = true, .target = "t"};
    archive_refused(a, &o, API_INVALID, "target", "no array \"t\", but first, names, y, last");
    o = (api_read_options){.labelled = true, .target = "first"};
    archive_refused(a, &o, API_INVALID, "first", "has 5 values, but X has 4 rows");
    o = (api_read_options){.labelled = true, .target = "last"};
    archive_refused(a, &o, API_INVALID, "", "array \"last\" has more than two dimensions");
    o = (api_read_options){.labelled = true, .rows = "names"};
    archive_refused(a, &o, API_INVALID, "", "\"<U1\"");
    o = (api_read_options){.labelled = true, .target = "names"};
    archive_refused(a, &o, API_INVALID, "names", "has 2 values, but X has 4 rows");
    o = (api_read_options){.labelled = true, .rows = "y", .target = "X"};
    archive_refused(a, &o, API_INVALID, "X", "one dimension");
}
END_TEST

/* Elements of the array of texts, as they lie in the stored archive; checksums are not looked at
 * before its end. */
START_TEST(texts_that_are_no_labels_are_refused)
{
    static const struct {
        unsigned char dog[4];
        const char *part;
    } cases[] = {{{0, 0xd8, 0, 0}, "must be valid UTF-8"},
                 {{0, 0, 0x11, 0}, "must be valid UTF-8"},
                 {{7, 0, 0, 0}, "control characters"},
                 {{0, 0, 0, 0}, "control characters"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        recorded *a = recorded_archive("labels");
        for (size_t at = 0; at + 12 <= a->n; at++)
            if (memcmp(a->bytes + at, "d\0\0\0o\0\0\0g", 9) == 0)
                memcpy(a->bytes + at, cases[i].dog, 4);
        archive_refused(a, &train, API_INVALID, "row 2, column \"y\"", cases[i].part);
    }
}
END_TEST

START_TEST(what_unpacks_to_too_much_is_refused)
{
    recorded *a = recorded_archive("others_deflated");
    api_read_options o = {.labelled = true, .max_bytes = 360};
    archive_refused(a, &o, API_TOO_LARGE, "", "360 bytes");
    o.max_bytes = 224 + 144; /* X and y with their headers */
    reading r = read_with(&api_format_npz, &o, 0, a->bytes, a->n);
    ck_assert_msg(r.ok, "%s", problem_text(&r.p));
    reading_free(&r);
}
END_TEST

/* Each bit turned: either it says nothing, or it is refused, since members have checksums. Names,
 * and what is passed over, are nothing that a checksum covers. */
START_TEST(broken_archives_do_not_come_through)
{
    static const char *const names[] = {"stored", "deflated", "deflated_pipe"};
    for (size_t k = 0; k < COUNT(names); k++) {
        recorded *a = recorded_archive(names[k]);
        size_t accepted = 0;
        for (size_t bit = 0; bit < 8 * a->n; bit++) {
            a->bytes[bit / 8] ^= (char)(1 << bit % 8);
            reading r = read_pieces(&api_format_npz, &train, 0, a->bytes, a->n, a->n, 1);
            ck_assert(r.ok || r.p.code == API_INVALID);
            if (r.ok)
                same_features(a, &r, SIZE_MAX);
            accepted += r.ok;
            reading_free(&r);
            a->bytes[bit / 8] ^= (char)(1 << bit % 8);
        }
        ck_assert_uint_lt(accepted, 4 * a->n);
    }
}
END_TEST

START_TEST(other_archives_are_refused_by_what_they_are)
{
    recorded a = *recorded_archive("stored");
    a.bytes[6] |= 1;
    archive_refused(&a, &train, API_INVALID, "", "encrypted");
    a = *recorded_archive("deflated");
    a.bytes[8] = 12;
    archive_refused(&a, &train, API_INVALID, "", "method 12");
    a = *recorded_archive("stored");
    a.bytes[6] |= 8;
    archive_refused(&a, &train, API_INVALID, "", "written to a pipe");
    a = *recorded_archive("stored");
    a.bytes[a.n++] = 0;
    archive_refused(&a, &train, API_INVALID, "", "goes on behind its end");
    a.n = 0;
    archive_refused(&a, &train, API_INVALID, "", "ends too early");
    memcpy(a.bytes, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22); /* with nothing in it */
    a.n = 22;
    archive_refused(&a, &train, API_INVALID, "X", "no array \"X\"; name one by ?X=");
    memcpy(a.bytes, "Rar!", 4);
    archive_refused(&a, &train, API_INVALID, "", "no signature that is known");
}
END_TEST

START_TEST(octets_are_read_by_how_they_begin)
{
    static const char *const texts[] = {"",         "a,t\n1,2\n",           "{\"X\"",
                                        "\x93NUMP", "\x1f\x8b\x08\0\0\0\0", "PK\5\6\0\0"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        reading r = read_with(&api_format_octets, &train, 0, texts[i], strlen(texts[i]));
        ck_assert_int_eq(r.p.code, API_UNSUPPORTED_MEDIA);
        assert_says(&r.p, "", "Content-Type");
        reading_free(&r);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("format_npy");
    tcase_add_test(tc, what_numpy_wrote_is_what_it_has);
    tcase_add_test(tc, headers_are_read_as_python_writes_them);
    tcase_add_test(tc, what_is_no_array_of_numbers_is_refused);
    tcase_add_test(tc, columns_and_rows_have_bounds);
    tcase_add_test(tc, what_is_not_finite_is_refused_by_row_and_column);
    tcase_add_test(tc, what_is_nan_is_missing);
    tcase_add_test(tc, columns_of_an_array_are_numbers);
    tcase_add_test(tc, whole_numbers_that_no_double_is_equal_to_are_refused);
    tcase_add_test(tc, target_and_columns_are_named_as_in_a_table_without_a_header);
    tcase_add_test(tc, rows_for_a_model_have_its_columns_in_order);
    tcase_add_test(tc, long_arrays_are_split_as_tables_are);
    tcase_add_test(tc, arrays_of_an_archive_are_named_by_the_query);
    tcase_add_test(tc, targets_may_be_texts);
    tcase_add_test(tc, texts_that_are_no_labels_are_refused);
    tcase_add_test(tc, arrays_that_are_not_there_are_told_with_those_that_are);
    tcase_add_test(tc, what_unpacks_to_too_much_is_refused);
    tcase_add_test(tc, broken_archives_do_not_come_through);
    tcase_add_test(tc, other_archives_are_refused_by_what_they_are);
    tcase_add_test(tc, octets_are_read_by_how_they_begin);
    return run_tests(tc, "format_npy");
}
