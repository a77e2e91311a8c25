/* api_reader: the table of formats, which one a Content-Type means, and the shape of what
 * was read.
 */
#include "api_reader.h"
#include "api_tests.h"

extern const api_format api_format_json, api_format_csv;

START_TEST(each_format_is_found_by_its_media_type)
{
    ck_assert_uint_ge(api_formats_count, 2);
    for (size_t i = 0; i < api_formats_count; i++) {
        const api_format *f = api_formats[i];
        api_problem p = no_problem();
        ck_assert_ptr_eq(api_format_find(f->media_type, &p), f);
        ck_assert(*f->name && f->open && f->feed && f->finish && f->close);
        f->close(NULL); /* is fine */
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(f->media_type, api_formats[k]->media_type);
    }
}
END_TEST

START_TEST(parameters_and_case_of_the_content_type_do_not_matter)
{
    static const char *const json[] = {"application/json",
                                       "Application/JSON",
                                       "application/json; charset=utf-8",
                                       "application/json;charset=utf-8",
                                       "application/json ",
                                       "application/x-www-form-urlencoded"};
    static const char *const csv[] = {"text/csv", "TEXT/CSV", "text/csv; header=present",
                                      "text/csv\t;charset=utf-8"};
    api_problem p = no_problem();
    ck_assert_ptr_eq(api_format_find(NULL, &p), &api_format_json);
    for (size_t i = 0; i < COUNT(json); i++)
        ck_assert_msg(api_format_find(json[i], &p) == &api_format_json, "%s", json[i]);
    for (size_t i = 0; i < COUNT(csv); i++)
        ck_assert_msg(api_format_find(csv[i], &p) == &api_format_csv, "%s", csv[i]);
    ck_assert_int_eq(p.code, API_NO_PROBLEM);
}
END_TEST

static void unknown(const char *content_type)
{
    api_problem p = no_problem();
    ck_assert_msg(api_format_find(content_type, &p) == NULL, "\"%s\" is taken", content_type);
    ck_assert_int_eq(p.code, API_UNSUPPORTED_MEDIA);
    for (size_t i = 0; i < api_formats_count; i++)
        assert_says(&p, "", api_formats[i]->media_type);
}

START_TEST(other_content_types_are_answered_with_the_known_ones)
{
    static const char *const cases[] = {"",
                                        "text/plain",
                                        "text/csvx",
                                        "application/jsonx",
                                        "application/xml",
                                        "application/x-www-form-urlencoded2",
                                        ";charset=utf-8",
                                        "multipart/form-data; boundary=x",
                                        "caf\xe9"};
    for (size_t i = 0; i < COUNT(cases); i++)
        unknown(cases[i]);
}
END_TEST

START_TEST(the_beginning_of_a_content_type_is_not_enough)
{
    static const char *const cases[] = {"a",       "application", "application/",
                                        "text/cs", "text",        "application/x-www-form"};
    for (size_t i = 0; i < COUNT(cases); i++)
        unknown(cases[i]);
}
END_TEST

START_TEST(files_are_known_by_type_or_name)
{
    static const struct {
        const char *type, *name, *format, *packed;
    } cases[] = {
        {NULL, "a.csv", "csv", ""},
        {NULL, "A.CSV", "csv", ""},
        {"application/octet-stream", "a.tsv", "tsv", ""},
        {"text/plain", "dir/a.jsonl", "ndjson", ""},
        {"text/csv; charset=utf-8", "a.json", "csv", ""},
        {"TEXT/CSV", NULL, "csv", ""},
        {NULL, "a.csv.gz", "csv", "gzip"},
        {"application/gzip", "a.npy.GZ", "npy", "gzip"},
        {"text/csv", "a.zst", "csv", "zstd"},
        {"application/octet-stream", "a.bin", "octets", ""},
        {"application/octet-stream", NULL, "octets", ""},
        {"application/x-npz", "a", "npz", ""},
        {NULL, NULL, NULL, ""},
        {NULL, "csv", NULL, ""},
        {NULL, ".csv", NULL, ""},
        {NULL, "a.csv.", NULL, ""},
        {NULL, "a.gz", NULL, "gzip"},
        {"text/plain", "a.txt", NULL, ""},
        {"application/x-www-form-urlencoded", "a", NULL, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem p = no_problem();
        const api_encoding *packed;
        const api_format *f = api_format_of_file(cases[i].type, cases[i].name, &packed, &p);
        ck_assert_str_eq(f ? f->name : "none", cases[i].format ? cases[i].format : "none");
        ck_assert_str_eq(packed ? packed->name : "", cases[i].packed);
        ck_assert_int_eq(p.code, f ? API_NO_PROBLEM : API_UNSUPPORTED_MEDIA);
        if (!f)
            assert_says(&p, "", ".npz");
    }
}
END_TEST

START_TEST(plain_data_is_stored_as_its_feature_rows)
{
    size_t in_order[] = {0, 1, 2}, turned[] = {1, 0, 2}, hole[] = {0, 2, 3};
    api_dataset d = {.cols = 3, .stored = 3, .features = in_order, .target_at = API_APART};
    ck_assert(api_dataset_plain(&d));
    d.target_at = 3;
    ck_assert(!api_dataset_plain(&d));
    d.target_at = API_APART;
    d.stored = 4;
    ck_assert(!api_dataset_plain(&d));
    d.stored = 3;
    d.features = turned;
    ck_assert(!api_dataset_plain(&d));
    d.features = hole;
    ck_assert(!api_dataset_plain(&d));
}
END_TEST

START_TEST(an_empty_dataset_can_be_freed_twice)
{
    api_dataset d = {0};
    api_dataset_free(&d);
    d.name = malloc(5);
    d.cols = 4; /* half built: no columns yet */
    api_dataset_free(&d);
    ck_assert(!d.name && !d.cols);
    api_dataset_free(&d);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("reader");
    tcase_add_test(tc, each_format_is_found_by_its_media_type);
    tcase_add_test(tc, parameters_and_case_of_the_content_type_do_not_matter);
    tcase_add_test(tc, other_content_types_are_answered_with_the_known_ones);
    tcase_add_test(tc, the_beginning_of_a_content_type_is_not_enough);
    tcase_add_test(tc, files_are_known_by_type_or_name);
    tcase_add_test(tc, plain_data_is_stored_as_its_feature_rows);
    tcase_add_test(tc, an_empty_dataset_can_be_freed_twice);
    return run_tests(tc, "api_reader");
}
