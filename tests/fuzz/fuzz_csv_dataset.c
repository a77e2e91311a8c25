/* Datasets in CSV: all columns or chosen ones, for training and for prediction, with the layout
 * found or given. What was read, written as an export is, reads back as it was. */
#include "api_table.h"
#include "fuzz.h"

extern const api_format api_format_csv;

/* The columns of a dataset, features and then the target, as an export has them. */
static void describe(const api_dataset *d, api_table_column *columns, api_type *types,
                     const char **names)
{
    for (size_t j = 0; j <= d->cols; j++) {
        const api_kind none = {.type = API_NUMERIC}, *k = d->kinds ? &d->kinds[j] : &none;
        bool labels = j == d->cols && d->labels;
        names[j] = j == d->cols ? d->target : d->columns[j];
        types[j] = labels && k->type != API_BOOLEAN ? API_CATEGORICAL : k->type;
        columns[j] = (api_table_column){
            names[j], k->type, (const char *const *)(labels ? d->labels : k->levels),
            labels ? d->labels_count : k->levels_count};
    }
}

static bool same_texts(char *const *a, size_t n, char *const *b, size_t m)
{
    bool same = n == m && !a == !b;
    for (size_t i = 0; same && a && i < n; i++)
        same = strcmp(a[i], b[i]) == 0;
    return same;
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_same_table(const reading *a, const reading *b)
{
    const api_dataset *d = &a->set, *e = &b->set;
    RULE(b->ok && d->rows == e->rows && d->cols == e->cols);
    for (size_t i = 0; i < d->rows * d->cols; i++)
        RULE(same_number(number_at(&a->values, i), number_at(&b->values, i)));
    for (size_t i = 0; i < d->rows; i++)
        RULE(same_number(number_at(&a->targets, i), number_at(&b->targets, i)));
    RULE(same_texts(d->labels, d->labels_count, e->labels, e->labels_count));
    for (size_t j = 0; d->kinds && j < d->cols; j++) {
        const api_kind none = {.type = API_NUMERIC}, *k = &d->kinds[j],
                       *l = e->kinds ? &e->kinds[j] : &none;
        RULE(k->type == l->type && k->missing == l->missing &&
             same_texts(k->levels, k->levels_count, l->levels, l->levels_count));
    }
}

static void check_round_trip(const api_read_options *o, const uint8_t *data, size_t n)
{
    enum { COLUMNS = 32 };
    api_table_column columns[COLUMNS];
    api_type kinds[COLUMNS];
    const char *names[COLUMNS];
    double row[COLUMNS];
    reading r = read_upload(&api_format_csv, o, data, n, n, n);
    size_t count = r.ok ? r.set.cols + 1 : 0;
    if (count > 0 && count <= COLUMNS) {
        api_text t = {0};
        api_types types = {0};
        describe(&r.set, columns, kinds, names);
        api_table_csv_header(&t, columns, count);
        for (size_t i = 0; i < r.set.rows; i++) {
            for (size_t j = 0; j + 1 < count; j++)
                row[j] = number_at(&r.values, i * r.set.cols + j);
            row[count - 1] = number_at(&r.targets, i);
            api_table_csv_row(&t, columns, count, row);
        }
        RULE(api_types_fill(&types, names, kinds, count));
        const api_read_options again = {.labelled = true, .target = r.set.target, .types = &types};
        reading b = read_upload(&api_format_csv, &again, (const uint8_t *)t.data, t.len, t.len, 1);
        check_same_table(&r, &b);
        reading_free(&b);
        api_types_free(&types);
        api_text_free(&t);
    }
    reading_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"b", "a"};
    const api_read_options options[] = {
        {.labelled = true, .target = "y"},
        {.labelled = true, .target = "y", .columns = columns, .columns_count = 2, .name = "q"},
        {.labelled = false, .columns = columns, .columns_count = 1, .max_values = 20},
        {.labelled = false},
        {.labelled = true},
        {.labelled = true, .target = "x2", .header = API_HEADER_NONE, .delimiter = ';'},
        {.labelled = false, .header = API_HEADER_THERE, .delimiter = '\t'},
        {.labelled = false, .columns = columns, .columns_count = 2, .in_order = true},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_csv, &options[i], data, n);
    check_round_trip(&options[0], data, n);
    check_round_trip(&options[5], data, n);
    return 0;
}
