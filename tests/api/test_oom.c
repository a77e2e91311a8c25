/* Where memory ends while bytes are read: data in every format, packed bytes, forms. */
#include "api_dataset.h"
#include "api_multipart.h"
#include "api_reader.h"
#include "oom.h"

static bool note_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    (void)p;
    for (size_t i = 0; i < n; i++)
        note(ctx, "%.17g ", v[i]);
    return true;
}

static bool note_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    note(ctx, "y: ");
    return note_values(ctx, v, n, p);
}

static bool note_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                         api_problem *p)
{
    for (size_t i = 0; i < n; i++)
        note(ctx, "%u:", (unsigned)columns[i]);
    return note_values(ctx, v, n, p);
}

static bool note_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    (void)p;
    for (size_t i = 0; i < n; i++)
        note(ctx, "<%u ", (unsigned)ends[i]);
    return true;
}

/* In pieces of `step` bytes: tokens that are whole and tokens that are gathered. */
static void read_bytes(outcome *o, const char *format, const api_read_options *options,
                       const char *text, size_t n, size_t step)
{
    const api_format *f = api_format_find(format, &o->p);
    const api_sink sink = {o, note_values, note_targets, note_entries, note_ends, NULL, NULL, NULL};
    api_dataset d = {0};
    void *reader = f->open(options, &sink);
    bool ok = reader || api_problem_set(&o->p, API_UNAVAILABLE, "no reader");
    for (size_t at = 0; ok && at < n; at += step)
        ok = f->feed(reader, text + at, n - at < step ? n - at : step, &o->p);
    if (ok && f->finish(reader, &d, &o->p)) {
        for (size_t i = 0; i < d.labels_count; i++)
            note(o, "%zu = %s ", i, d.labels[i]);
        note(o, "\n%s %s %zu %zu %zu:", d.name, d.target ? d.target : "-", (size_t)d.rows, d.stored,
             d.target_at);
        for (size_t i = 0; !d.sparse && i < d.cols; i++)
            note(o, " %s %zu", d.columns[i], d.features[i]);
    }
    f->close(reader);
    api_dataset_free(&d);
}

static void read_upload(outcome *o, const char *format, const api_read_options *options,
                        const char *text, size_t step)
{
    read_bytes(o, format, options, text, strlen(text), step);
}

static const api_read_options train = {.labelled = true, .name = "n"}, predict = {0};

static void json_matrix(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"name\": \"ads\", \"columns\": [\"tv\", \"radio\"], \"target\": \"sales\", "
                "\"X\": [[230.1, 37.8], [44.5, 39.3]], \"y\": [22.1, 10.4]}",
                1);
}

static void json_flat(outcome *o)
{
    read_upload(o, NULL, &train, "{\"X\": [1, 2, 3], \"y\": [4, 5, 6]}", 100);
}

static void json_records(outcome *o)
{
    read_upload(
        o, NULL, &train,
        "{\"data\": [{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,"
        "\"j\":1,\"k\":2,\"l\":3,\"m\":4,\"n\":5,\"o\":6,\"p\":7,\"q\":\"text\",\"r\":9},"
        "{\"r\":1,\"q\":2,\"p\":3,\"o\":4,\"n\":5,\"m\":6,\"l\":7,\"k\":8,\"j\":9,\"i\":1,"
        "\"h\":2,\"g\":3,\"f\":4,\"e\":5,\"d\":6,\"c\":7,\"b\":8,\"a\":9}],"
        "\"columns\": [\"c\", \"a\", \"r\"], \"target\": \"d\"}",
        3);
}

static void json_labels(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"y\": [\"setosa\", \"virginica\", \"setosa\"], \"X\": [1, 2, 3]}", 4);
}

static void json_record_labels(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"data\": [{\"kind\": \"setosa\", \"x\": 1, \"note\": \"a\"}, {\"x\": 2, "
                "\"note\": \"b\", \"kind\": \"virginica\"}, {\"kind\": \"setosa\", \"x\": 3, "
                "\"note\": 7}], \"columns\": [\"x\"], \"target\": \"kind\"}",
                5);
}

static void csv_labels(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "kind"};
    read_upload(o, "text/csv", &options, "x,kind\n1,setosa\n2,virginica\n3,setosa\n4,\"a,b\"\n", 3);
}

static void json_columns(outcome *o)
{
    read_upload(o, "application/json", &train,
                "{\"columns\": {\"a\": [1, 2], \"b\": [3, 4], \"y\": [\"u\", \"v\"]}}", 3);
}

static void lines_of_records(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "y"};
    read_upload(o, "application/x-ndjson", &options,
                "{\"a\": 1, \"b\": 2, \"y\": 3}\n{\"y\": 1, \"b\": 2, \"a\": 3}\n", 5);
}

static void lines_of_arrays(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "y"};
    read_upload(o, "application/x-ndjson", &options, "[\"a\", \"y\"]\n[1, \"u\"]\n[2, \"v\"]\n", 5);
}

static const api_read_options mixed = {.labelled = true, .target = "y"};

static void json_mixed_matrix(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"types\": {\"x1\": \"categorical\", \"x3\": \"ignore\"}, \"X\": [[\"Rome\", true, 1, "
                "\"2024-05-01\"], [7, null, 2, null]], \"y\": [true, false]}",
                3);
}

static void json_mixed_records(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"types\": {\"id\": \"ignore\"}, \"data\": [{\"id\": 1, \"city\": \"Rome\", \"y\": 1}, "
                "{\"city\": \"Oslo\", \"y\": null, \"id\": {}}], \"target\": \"y\"}",
                3);
}

static void csv_mixed(outcome *o)
{
    read_upload(o, "text/csv", &mixed, "city,a,y\nRome,NA,1\nOslo,2,\n\"Rome\",?,3\n", 3);
}

static void mixed_with_mistakes(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"data\": [{\"a\": 1, \"y\": 1}, {\"a\": \"Rome\", \"y\": []}], \"target\": \"y\", "
                "\"types\": {\"b\": \"numeric\"}}",
                3);
}

static void types_of_a_query(outcome *o)
{
    api_types t = {0};
    if (api_types_read(&t, "city:categorical,when:datetime,id:ignore", &o->p))
        note(o, "%d %d", (int)api_types_find(&t, "when"), (int)api_types_find(&t, "x"));
    api_types_free(&t);
}

static void types_of_a_model(outcome *o)
{
    static const char *const columns[] = {"c", "a", "b"};
    static const api_type types[] = {API_NUMERIC, API_CATEGORICAL, API_BOOLEAN};
    api_types t = {0};
    if (api_types_fill(&t, columns, types, 3))
        note(o, "%d %d", (int)api_types_find(&t, "a"), (int)api_types_find(&t, "b"));
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "not enough memory");
    api_types_free(&t);
}

static void table_without_a_header(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "x2"};
    read_upload(o, "text/tab-separated-values", &options, "1\t2\n3\t4\n", 5);
}

static void json_with_mistakes(outcome *o)
{
    read_upload(o, NULL, &train, "{\"nmae\": 1, \"X\": [[1]], \"y\": [1, 2], \"columns\": [7]}", 5);
}

static void csv_table(outcome *o)
{
    static const char *const columns[] = {"c", "a"};
    const api_read_options options = {
        .labelled = true, .name = "n", .target = "y", .columns = columns, .columns_count = 2};
    read_upload(o, "text/csv", &options,
                "\xef\xbb\xbf"
                "a,\"note, long\",y,c\r\n1,\"two\nlines\",2,3\r\n4,\"0123456789012345678"
                "9012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                "1234567890123456789012345678901234567890123456789012345678901234567890123456789012"
                "3456789012345678901234567890123456789012345678901234567890123456789012345678901234"
                "56789012345678901234567890\",5,6\r\n",
                7);
}

static void csv_of_many_columns(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "t"};
    read_upload(o, "text/csv", &options,
                "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t\n"
                "1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2\n",
                11);
}

static void csv_of_one_column(outcome *o)
{
    read_upload(o, "text/csv", &predict, "x\n1\n2\n", 100);
}

static void csv_with_mistakes(outcome *o)
{
    read_upload(o, "text/csv", &train, "a,,b\n1,2,3\n", 100);
}

static void sparse_lines(outcome *o)
{
    const api_read_options options = {.labelled = true, .name = "n", .target = "t"};
    read_upload(o, "text/x-libsvm", &options, "low 1:2 7:3 # why\nhigh qid:1 2:0.5\nlow\n", 4);
}

static void sparse_rows(outcome *o)
{
    static const char *const columns[] = {"b", "a"};
    const api_read_options options = {
        .labelled = true, .columns = columns, .columns_count = 2, .in_order = true};
    read_upload(o, NULL, &options,
                "{\"sparse_X\": [{\"a\": 1, \"b\": 2}, {}], \"y\": [\"u\", \"v\"]}", 5);
}

/* ---- arrays of NumPy, packed bytes, forms ---- */

typedef struct recorded {
    char bytes[4096];
    size_t n;
} recorded;

static recorded array, archive, packed;

/* The file of this name in tests/data/numpy/arrays.txt. */
static void load(recorded *to, const char *wanted)
{
    static char line[32768], hex[16384];
    char name[64];
    FILE *f = fopen(TEST_DATA "/numpy/arrays.txt", "r");
    while (f && to->n == 0 && fgets(line, sizeof line, f))
        if (sscanf(line, "%*s %63s %*s %*s %16383s", name, hex) == 2 && strcmp(name, wanted) == 0)
            for (; to->n < strlen(hex) / 2; to->n++)
                sscanf(hex + 2 * to->n, "%2hhx", (unsigned char *)&to->bytes[to->n]);
    if (!f || to->n == 0)
        abort();
    fclose(f);
}

static void array_in_columns(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "x2"};
    read_bytes(o, "application/octet-stream", &options, array.bytes, array.n, 30);
}

static void archive_with_labels(outcome *o)
{
    read_bytes(o, "application/x-npz", &train, archive.bytes, archive.n, 50);
}

static bool note_bytes(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p;
    note(ctx, "%.*s", (int)n, bytes);
    return true;
}

static void packed_bytes(outcome *o)
{
    api_decoder *d =
        api_decoder_new(api_encoding_of_file("x.gz"), 1000, (api_bytes){o, note_bytes});
    if (!d)
        api_problem_set(&o->p, API_UNAVAILABLE, "no decoder");
    else if (api_decoder_feed(d, packed.bytes, packed.n, &o->p))
        api_decoder_finish(d, &o->p);
    api_decoder_free(d);
}

static bool note_part(void *ctx, const api_part *part, api_problem *p)
{
    (void)p;
    note(ctx, "%s %s:", part->name, part->filename ? part->filename : "-");
    return true;
}

static bool note_end(void *ctx, api_problem *p)
{
    (void)p;
    note(ctx, ";");
    return true;
}

static void form(outcome *o)
{
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--";
    api_multipart *m =
        api_multipart_new("multipart/form-data; boundary=XX",
                          (api_part_taker){o, note_part, note_bytes, note_end}, &o->p);
    if (m && api_multipart_feed(m, body, sizeof body - 1, &o->p))
        api_multipart_finish(m, &o->p);
    api_multipart_free(m);
}

static const oom_operation operations[] = {
#define X(name) {#name, name},
    X(sparse_lines) X(sparse_rows) X(json_columns) X(lines_of_records) X(lines_of_arrays)
    X(table_without_a_header) X(json_matrix) X(json_flat) X(json_records) X(json_with_mistakes)
    X(csv_table) X(csv_of_many_columns) X(csv_of_one_column) X(csv_with_mistakes) X(json_labels)
    X(json_record_labels) X(csv_labels) X(json_mixed_matrix) X(json_mixed_records) X(csv_mixed)
    X(mixed_with_mistakes) X(types_of_a_query) X(types_of_a_model) X(array_in_columns)
    X(archive_with_labels) X(packed_bytes) X(form)
#undef X
};

int main(void)
{
    load(&array, "f8_le_f");
    load(&archive, "labels_be");
    memcpy(packed.bytes, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x29\xe1\x32\xd4\x31\xe2\x02"
                         "\x00\xfd\xe6\x18\xdf\x08\x00\x00\x00",
           packed.n = 28); /* a,t and 1,2 in two lines */
    return oom_main(operations, COUNT(operations), "api_oom");
}
