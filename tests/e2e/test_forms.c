/* Uploads as forms, sent by curl -F itself and byte by byte: the file's type or name says how it is
 * read, fields stand for query parameters. */
#include "packing.h"
#include "serving.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char csv[] = "a,b,t\n1,2,3\n4,5,7\n";

static char folder[] = "/tmp/test_forms_XXXXXX";
static char hash[80]; /* of what is in csv */

static void start_with_folder(void)
{
    start();
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=t", csv);
    ck_assert_int_eq(r.status, 201);
    snprintf(hash, sizeof hash, "%s", e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    stop();
}

static void write_file(const char *name, const char *bytes, size_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* curl -F ... in the folder; the answer's document. */
static cJSON *curl(const char *arguments, const char *query)
{
    char command[600], answer[4096];
    snprintf(command, sizeof command, "cd '%s' && curl -s %s '%s/v1/datasets%s'", folder, arguments,
             s->url, query);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(answer, 1, sizeof answer - 1, f);
    answer[n] = '\0';
    ck_assert_int_eq(pclose(f), 0);
    cJSON *json = cJSON_Parse(answer);
    ck_assert_msg(json != NULL, "%s: %s", command, answer);
    return json;
}

static void stores(const char *arguments, const char *query)
{
    cJSON *json = curl(arguments, query);
    const cJSON *got = cJSON_GetObjectItemCaseSensitive(json, "sha256");
    if (!cJSON_IsString(got) || strcmp(got->valuestring, hash) != 0)
        ck_abort_msg("curl %s: %s", arguments, cJSON_Print(json));
    cJSON_Delete(json);
}

static void refuses(const char *arguments, const char *query, int status, const char *part)
{
    cJSON *json = curl(arguments, query);
    const cJSON *got = cJSON_GetObjectItemCaseSensitive(json, "status");
    char *text = cJSON_Print(json);
    if (!cJSON_IsNumber(got) || got->valueint != status || !strstr(text, part))
        ck_abort_msg("curl %s: %s, not \"%s\"", arguments, text, part);
    free(text);
    cJSON_Delete(json);
}

START_TEST(the_name_of_a_file_says_how_it_is_read)
{
    static const struct {
        const char *name, *text;
    } files[] = {
        {"data.csv", csv},
        {"DATA.CSV", csv},
        {"data.tsv", "a\tb\tt\n1\t2\t3\n4\t5\t7\n"},
        {"data.ndjson", "{\"a\": 1, \"b\": 2, \"t\": 3}\n{\"a\": 4, \"b\": 5, \"t\": 7}\n"},
        {"data.jsonl", "[\"a\", \"b\", \"t\"]\n[1, 2, 3]\n[4, 5, 7]\n"},
        {"data.json",
         "{\"data\": [{\"a\": 1, \"b\": 2, \"t\": 3}, {\"a\": 4, \"b\": 5, \"t\": 7}]}"},
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char arguments[200];
        write_file(files[i].name, files[i].text, strlen(files[i].text));
        snprintf(arguments, sizeof arguments, "-F file=@%s", files[i].name);
        stores(arguments, "?target=t");
        snprintf(arguments, sizeof arguments, "-F target=t -F columns=a,b -F upload=@%s",
                 files[i].name);
        stores(arguments, "");
    }
}
END_TEST

START_TEST(a_file_may_be_packed)
{
    packed gz = pack_gzip(csv, strlen(csv)), zst = pack_zstd(csv, strlen(csv));
    write_file("data.csv.gz", gz.bytes, gz.n);
    write_file("data.csv.zst", zst.bytes, zst.n);
    write_file("data.csv", csv, strlen(csv));
    write_file("cut.csv.gz", gz.bytes, gz.n - 1);
    stores("-F target=t -F file=@data.csv.gz", "");
    stores("-F target=t -F file=@data.csv.zst", "");
    stores("-F target=t -F 'file=@data.csv.gz;type=text/csv'", "");
    stores("-F target=t -F 'file=@data.csv.gz;filename=x.csv.gz;type=application/gzip'", "");
    refuses("-F target=t -F file=@cut.csv.gz", "", 400, "ends too early");
    /* as the part says itself */
    stores("-F target=t -F 'file=@data.csv.gz;filename=x.csv;headers=\"Content-Encoding: gzip\"'", "");
    stores("-F target=t -F 'file=@data.csv.zst;headers=\"Content-Encoding: ZSTD \"'", "");
    stores("-F target=t -F 'file=@data.csv.zst;headers=\"Content-Encoding: identity\"'", "");
    refuses("-F target=t -F 'file=@data.csv.gz;headers=\"Content-Encoding: zstd\"'", "", 415,
            "the Content-Encoding of part \\\"file\\\" is zstd, but by its name the file is packed by gzip");
    refuses("-F target=t -F 'file=@data.csv.gz;headers=\"Content-Encoding: br\"'", "", 415,
            "Content-Encoding");
    refuses("-F 'target=t;headers=\"Content-Encoding: gzip\"' -F file=@data.csv", "", 415,
            "the field \\\"target\\\" of the form has a Content-Encoding");
    free(gz.bytes);
    free(zst.bytes);
}
END_TEST

START_TEST(its_type_goes_before_its_name)
{
    write_file("data", csv, strlen(csv));
    write_file("data.txt", csv, strlen(csv));
    write_file("data.json", csv, strlen(csv));
    stores("-F target=t -F 'file=@data.json;type=text/csv'", "");
    stores("-F target=t -F 'file=@data;type=text/csv; charset=utf-8'", "");
    stores("-F target=t -F 'file=@data.txt;filename=data.csv'", "");
    stores("-F target=t -F 'file=<data;type=text/csv'", ""); /* a field of that name */
    refuses("-F target=t -F file=@data", "", 415, "by the name of the file");
    refuses("-F target=t -F file=@data.txt", "", 415, "\\\"text/plain\\\" nor");
    refuses("-F target=t -F 'file=<data'", "", 415, "text/csv");
}
END_TEST

START_TEST(fields_are_those_of_the_query)
{
    write_file("data.csv", csv, strlen(csv));
    cJSON *json = curl("-F name='my data' -F target=b -F columns=t -F header=true -F dtype=float32 "
                       "-F file=@data.csv",
                       "");
    ck_assert_str_eq(e2e_string(json, "name"), "my data");
    ck_assert_str_eq(e2e_string(json, "target"), "b");
    ck_assert_str_eq(e2e_string(json, "columns.0"), "t");
    ck_assert_str_eq(e2e_string(json, "dtype"), "float32");
    cJSON_Delete(json);
    refuses("-F tarjet=t -F file=@data.csv", "", 400, "did you mean \\\"target\\\"");
    refuses("-F target=t -F file=@data.csv", "?target=t", 400, "given twice");
    refuses("-F target=t -F target=b -F file=@data.csv", "", 400, "given twice");
    refuses("-F header=no -F file=@data.csv", "", 400, "true or false");
    refuses("-F file=@data.csv -F target=t", "?name=x", 422, "target");
    refuses("-F file=@data.csv -F name=x", "?target=t", 400, "comes after the file");
    refuses("-F target=t -F file=@data.csv -F file=@data.csv", "", 400, "second file");
    refuses("-F target=t -F file=@data.csv", "?name=", 422, "name");
    refuses("-F target=t", "", 400, "has no file");
    refuses("-F target=q -F file=@data.csv", "", 422, "the header has no column");
}
END_TEST

START_TEST(a_form_cut_short_is_refused)
{
    static const char *const headers[] = {"Content-Type: multipart/form-data; boundary=XX", NULL};
    static const char form[] =
        "--XX\r\nContent-Disposition: form-data; name=target\r\n\r\nt\r\n"
        "--XX\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
        "a,b,t\n1,2,3\n4,5,7\n\r\n--XX--\r\n";
    for (size_t n = 0; n < sizeof form - 1; n++) {
        e2e_reply r = e2e_request(s, "POST", "/v1/datasets", headers, form, n);
        if (n + 2 < sizeof form - 1)
            e2e_problem(&r, 400, "bad-request");
        else
            ck_assert_msg(r.status == 201, "%zu: %s", n, r.body);
        e2e_reply_free(&r);
    }
    e2e_reply r = e2e_request(s, "POST", "/v1/datasets",
                              (const char *const[]){"Content-Type: multipart/form-data", NULL},
                              form, strlen(form));
    e2e_problem(&r, 400, "bad-request");
    e2e_reply_free(&r);
    /* a form that is packed itself */
    packed gz = pack_gzip(form, strlen(form));
    r = e2e_request(s, "POST", "/v1/datasets",
                    (const char *const[]){headers[0], "Content-Encoding: gzip", NULL}, gz.bytes,
                    gz.n);
    ck_assert_msg(r.status == 201, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "sha256"), hash);
    e2e_reply_free(&r);
    free(gz.bytes);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("forms");
    tcase_add_checked_fixture(tc, start_with_folder, remove_folder);
    tcase_add_test(tc, the_name_of_a_file_says_how_it_is_read);
    tcase_add_test(tc, a_file_may_be_packed);
    tcase_add_test(tc, its_type_goes_before_its_name);
    tcase_add_test(tc, fields_are_those_of_the_query);
    tcase_add_test(tc, a_form_cut_short_is_refused);
    return run_suite(tc, "forms");
}
