/* Files as pandas and scikit-learn write them (tests/data/pandas/make.py): what is read of each, cut at
 * every byte, is what they had in memory, bit for bit. */
#include "readings.h"

#include <cjson/cJSON.h>
#include <math.h>

/* All of the file. */
static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    long n = ftell(f);
    char *text = calloc((size_t)n + 1, 1);
    rewind(f);
    ck_assert_uint_eq(fread(text, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    return text;
}

static const cJSON *tables(void)
{
    static cJSON *all;
    if (!all) {
        char *text = read_file(TEST_DATA "/pandas/tables.json");
        all = cJSON_Parse(text);
        free(text);
    }
    ck_assert(cJSON_IsArray(all));
    return all;
}

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_of(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(member(o, name));
}

static const api_format *format_of(const cJSON *table)
{
    for (size_t i = 0; i < api_formats_count; i++)
        if (strcmp(api_formats[i]->name, text_of(table, "format")) == 0)
            return api_formats[i];
    ck_abort_msg("there is no such format");
}

enum { COLUMNS = 16 };

/* What the query says. */
static api_read_options options_of(const cJSON *query, const char *columns[COLUMNS])
{
    const char *delimiter = text_of(query, "delimiter");
    const cJSON *item, *base = member(query, "index_base");
    api_read_options o = {.labelled = true,
                          .target = text_of(query, "target"),
                          .delimiter = delimiter ? *delimiter : 0,
                          .header = cJSON_IsFalse(member(query, "header")) ? API_HEADER_NONE
                                                                           : API_HEADER_LOOK,
                          .index_from_0 = base && base->valuedouble == 0};
    cJSON_ArrayForEach (item, member(query, "columns"))
        columns[o.columns_count++] = item->valuestring;
    o.columns = o.columns_count ? columns : NULL;
    return o;
}

/* The cell `want` (see make.py) and the value v of a column of this kind. */
static bool same_cell(const char *want, double v, const api_kind *kind, char *const *levels)
{
    if (!want)
        return isnan(v);
    double number = strtod(want + 2, NULL);
    switch (*want) {
    case 'n':
        return bits_of(v) == bits_of(number) && (!kind || kind->type == API_NUMERIC);
    case 'b':
        return v == number && kind && kind->type == API_BOOLEAN;
    case 'd':
        return v == number && kind && kind->type == API_DATETIME;
    default:
        return levels && !isnan(v) && strcmp(levels[(size_t)v], want + 2) == 0;
    }
}

/* The value of a sparse row. */
static double entry_of(const reading *r, size_t row, size_t column)
{
    for (size_t e = row ? (size_t)r->ends.v[row - 1] : 0; e < (size_t)r->ends.v[row]; e++)
        if (r->columns.v[e] == (double)column)
            return r->values.v[e];
    return 0;
}

static void check_cell(const reading *r, size_t row, size_t j, const cJSON *want)
{
    const api_dataset *d = &r->set;
    bool target = j == d->cols;
    double v = target      ? target_of(r, row)
               : d->sparse ? entry_of(r, row, j)
                           : feature_of(r, row, j);
    const api_kind *kind = d->kinds ? &d->kinds[j] : NULL;
    const char *text = cJSON_GetStringValue(want);
    ck_assert_msg(same_cell(text, v, kind, target ? d->labels : kind ? kind->levels : NULL),
                  "row %zu, column %zu: %.17g, not %s", row + 1, j + 1, v, text ? text : "missing");
}

START_TEST(what_they_write_is_read_as_they_had_it)
{
    const cJSON *table;
    size_t count = 0;
    cJSON_ArrayForEach (table, tables()) {
        const char *columns[COLUMNS], *file = text_of(table, "file");
        const api_read_options o = options_of(member(table, "query"), columns);
        const cJSON *rows = member(table, "rows"), *row;
        reading r = read_with(format_of(table), &o, 0, file, strlen(file));
        ck_assert_msg(r.ok, "%s: %s", text_of(table, "name"), problem_text(&r.p));
        ck_assert_uint_eq(r.set.rows, (size_t)cJSON_GetArraySize(rows));
        size_t i = 0;
        cJSON_ArrayForEach (row, rows) {
            ck_assert_uint_eq(r.set.cols + 1, (size_t)cJSON_GetArraySize(row));
            for (size_t j = 0; j <= r.set.cols; j++)
                check_cell(&r, i, j, cJSON_GetArrayItem(row, (int)j));
            i++;
        }
        reading_free(&r);
        count++;
    }
    ck_assert_uint_ge(count, 19);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("pandas");
    tcase_add_test(tc, what_they_write_is_read_as_they_had_it);
    return run_tests(tc, "api_pandas");
}
