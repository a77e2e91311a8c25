/* Arrays of NumPy over HTTP: what is stored of them is what is stored of the same numbers in JSON,
 * in either order, and models take rows of them. */
#include "serving.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define NPY "Content-Type: application/x-npy"
#define NPZ "Content-Type: application/x-npz"
#define OCTETS "Content-Type: application/octet-stream"

typedef struct file {
    char bytes[4096];
    size_t n;
    char json[8192]; /* the same as {"X": ..., "y": ...}; without y of a single array */
} file;

/* Rows of numbers as JSON, from hexadecimal floats. */
static char *rows_as_json(char *at, char *words, size_t rows, size_t cols)
{
    char *rest = NULL, *word = strtok_r(words, " \n", &rest);
    for (size_t i = 0; i < rows; i++) {
        at += sprintf(at, "%s[", i ? "," : "");
        for (size_t j = 0; j < cols; j++, word = strtok_r(NULL, " \n", &rest))
            at += sprintf(at, "%s%.17g", j ? "," : "", strtod(word, NULL));
        at += sprintf(at, "]");
    }
    return at;
}

/* The file of this name in tests/data/numpy/arrays.txt. */
static file recorded(const char *kind, const char *wanted)
{
    static char line[32768], hex[16384];
    file to = {.n = 0};
    char what[8], name[64];
    size_t rows, cols;
    int at;
    FILE *f = fopen(TEST_DATA "/numpy/arrays.txt", "r");
    ck_assert_ptr_nonnull(f);
    while (to.n == 0 && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%7s %63s %zu %zu %16383s %n", what, name, &rows, &cols, hex, &at) != 5 ||
            strcmp(what, kind) != 0 || strcmp(name, wanted) != 0)
            continue;
        to.n = strlen(hex) / 2;
        for (size_t i = 0; i < to.n; i++)
            sscanf(hex + 2 * i, "%2hhx", (unsigned char *)&to.bytes[i]);
        char *bar = strchr(line + at, '|'), *json = to.json + sprintf(to.json, "{\"X\": [");
        if (bar)
            *bar = '\0';
        json = rows_as_json(json, line + at, rows, cols);
        json += sprintf(json, "]%s", bar ? ", \"y\": [" : "}");
        char *rest = NULL;
        for (char *w = bar ? strtok_r(bar + 1, " \n", &rest) : NULL; w;
             w = strtok_r(NULL, " \n", &rest))
            json += sprintf(json, "%s%.17g", json[-1] == '[' ? "" : ",", strtod(w, NULL));
        if (bar)
            sprintf(json, "]}");
    }
    fclose(f);
    ck_assert_msg(to.n > 0, "there is no %s", wanted);
    return to;
}

static e2e_reply post_bytes(const char *path, const char *type, const file *f)
{
    return e2e_request(s, "POST", path, (const char *const[]){type, NULL}, f->bytes, f->n);
}

static void same_hash(e2e_reply r, const char *hash)
{
    ck_assert_msg(r.status == 201, "%s", r.body);
    ck_assert_str_eq(e2e_string(r.json, "sha256"), hash);
    e2e_reply_free(&r);
}

START_TEST(an_archive_is_stored_as_the_same_numbers_in_json)
{
    static const char *const names[] = {"stored", "deflated",      "y_first", "fortran",
                                        "others", "deflated_pipe", "y_column"};
    file f = recorded("npz", "stored");
    e2e_reply r = e2e_post(s, "/v1/datasets", f.json);
    char hash[80];
    ck_assert_int_eq(r.status, 201);
    snprintf(hash, sizeof hash, "%s", e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
    /* in single precision the largest double has no place */
    r = post_bytes("/v1/datasets?dtype=float32", NPZ, &f);
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(r.body, "row 1 of column \\\"x1\\\""));
    e2e_reply_free(&r);
    for (size_t i = 0; i < COUNT(names); i++) {
        f = recorded("npz", names[i]);
        same_hash(post_bytes("/v1/datasets", NPZ, &f), hash);
        same_hash(post_bytes("/v1/datasets?target=y&X=X", OCTETS, &f), hash);
    }
    f = recorded("npz", "others_deflated");
    same_hash(post_bytes("/v1/datasets?X=last", NPZ, &f), hash);
}
END_TEST

START_TEST(single_arrays_are_stored_in_either_order_and_precision)
{
    static const char *const same[] = {"i2_le_c", "i2_be_c", "i2_le_f", "i2_be_f"};
    static const char *const queries[] = {"?target=x1", "?target=x3", "?target=x2&columns=x3,x1",
                                          "?target=x2&dtype=float32",
                                          "?target=x2&columns=x3,x1&dtype=float32"};
    for (size_t q = 0; q < COUNT(queries); q++) {
        char path[100], table[100], hash[80], lines[1024], *at = lines;
        snprintf(path, sizeof path, "/v1/datasets%s", queries[q]);
        snprintf(table, sizeof table, "%s", path);
        file f = recorded("npy", same[0]);
        /* as NDJSON: a row a line */
        for (const char *c = strchr(f.json, '[') + 1; *c != '}'; c++)
            if (!(*c == ',' && c[1] == '[') && !(*c == ']' && c[1] == '}'))
                at += sprintf(at, "%c%s", *c, *c == ']' ? "\n" : "");
        e2e_reply r = e2e_request(s, "POST", table,
                                  (const char *const[]){"Content-Type: application/x-ndjson", NULL},
                                  lines, strlen(lines));
        ck_assert_msg(r.status == 201, "%s: %s", lines, r.body);
        snprintf(hash, sizeof hash, "%s", e2e_string(r.json, "sha256"));
        e2e_reply_free(&r);
        for (size_t i = 0; i < COUNT(same); i++) {
            f = recorded("npy", same[i]);
            same_hash(post_bytes(path, i % 2 ? OCTETS : NPY, &f), hash);
        }
    }
}
END_TEST

/* More than the window in which columns become rows, whose bytes were written out long ago. */
START_TEST(long_arrays_in_the_order_of_fortran_become_rows)
{
    enum { ROWS = 60000, COLS = 9 };
    static const char head[] = "\x93NUMPY\1\0\x76\0{'descr': '<i4', 'fortran_order': %s, 'shape': "
                               "(60000, 9), }";
    char hash[2][80];
    size_t n = 128 + 4 * (size_t)ROWS * COLS;
    char *bytes = malloc(n);
    for (int fortran = 0; fortran < 2; fortran++) {
        memset(bytes, ' ', 128);
        memcpy(bytes, head, 10);
        int len = sprintf(bytes + 10, head + 10, fortran ? "True" : "False");
        bytes[10 + len] = ' ';
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLS; j++) {
                int v = i * COLS + j;
                memcpy(bytes + 128 + 4 * (fortran ? j * ROWS + i : v), &v, 4);
            }
        e2e_reply r = e2e_request(s, "POST", "/v1/datasets?target=x4",
                                  (const char *const[]){NPY, NULL}, bytes, n);
        ck_assert_msg(r.status == 201, "%s", r.body);
        snprintf(hash[fortran], sizeof hash[0], "%s", e2e_string(r.json, "sha256"));
        e2e_reply d = e2e_getf(s, "/v1/datasets/%s", e2e_string(r.json, "id"));
        ck_assert_double_eq(e2e_number(d.json, "statistics.0.min"), 0);
        ck_assert_double_eq(e2e_number(d.json, "statistics.0.max"), (ROWS - 1) * COLS);
        ck_assert_double_eq(e2e_number(d.json, "statistics.8.min"), 3); /* of the target */
        e2e_reply_free(&d);
        e2e_reply_free(&r);
    }
    ck_assert_str_eq(hash[0], hash[1]);
    free(bytes);
}
END_TEST

/* .npy, version 1.0, of doubles. */
static file array(const char *shape, bool fortran, const double *v, size_t n)
{
    file f = {.n = 128};
    memset(f.bytes, ' ', 128);
    memcpy(f.bytes, "\x93NUMPY\1\0\x76\0", 10);
    int len = sprintf(f.bytes + 10, "{'descr': '<f8', 'fortran_order': %s, 'shape': %s, }",
                      fortran ? "True" : "False", shape);
    f.bytes[10 + len] = ' ';
    memcpy(f.bytes + 128, v, n * sizeof *v);
    f.n += n * sizeof *v;
    return f;
}

START_TEST(models_take_rows_of_arrays)
{
    char model[32], path[100];
    fit("{\"dataset\": {\"columns\": {\"a\": [1, 2, 3, 5], \"b\": [1, 0, 0, 2], \"y\": [11, 12, "
        "13, 35]}}}",
        model);
    snprintf(path, sizeof path, "/v1/models/%s/predictions", model);
    e2e_reply want = e2e_post(s, path, "{\"X\": [[4, 7], [5, 8], [6, 9]]}");
    ck_assert_int_eq(want.status, 200);
    const file arrays[] = {array("(3, 2)", false, (double[]){4, 7, 5, 8, 6, 9}, 6),
                           array("(3, 2)", true, (double[]){4, 5, 6, 7, 8, 9}, 6)};
    for (size_t i = 0; i < COUNT(arrays); i++) {
        e2e_reply r = post_bytes(path, i ? OCTETS : NPY, &arrays[i]);
        ck_assert_msg(r.status == 200, "%s", r.body);
        ck_assert(
            cJSON_Compare(e2e_at(r.json, "predictions"), e2e_at(want.json, "predictions"), true));
        e2e_reply_free(&r);
    }
    file wide = array("(2, 3)", false, (double[]){4, 7, 5, 8, 6, 9}, 6);
    e2e_reply r = post_bytes(path, NPY, &wide);
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_ptr_nonnull(strstr(e2e_field_error(&r, "columns"), "the model has 2"));
    e2e_reply_free(&r);
    e2e_reply_free(&want);
}
END_TEST

START_TEST(a_model_learns_from_an_archive)
{
    char model[2][32], path[100];
    file f = recorded("npz", "plain");
    double cost[2];
    for (int i = 0; i < 2; i++) {
        fit("{\"dataset\": {\"columns\": {\"a\": [1, 2, 4], \"price\": [1, 4, 9]}, \"target\": "
            "\"price\"}}",
            model[i]);
        snprintf(path, sizeof path, "/v1/models/%s/updates?learning_rate=0.01", model[i]);
        e2e_reply r = i ? e2e_post(s, path, f.json) : post_bytes(path, NPZ, &f);
        ck_assert_msg(r.status == 200, "%s", r.body);
        ck_assert_double_eq(e2e_number(r.json, "rows"), 4);
        cost[i] = e2e_number(r.json, "mean_cost_after");
        e2e_reply_free(&r);
    }
    ck_assert_double_eq(cost[0], cost[1]);
}
END_TEST

START_TEST(a_file_in_a_form_may_be_an_array)
{
    static const char head[] = "--XX\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"data.npz\"\r\n"
                               "Content-Type: application/octet-stream\r\n\r\n",
                      tail[] = "\r\n--XX--\r\n";
    file f = recorded("npz", "plain"), form = {.n = 0};
    e2e_reply r = e2e_post(s, "/v1/datasets", f.json);
    ck_assert_int_eq(r.status, 201);
    memcpy(form.bytes, head, sizeof head - 1);
    memcpy(form.bytes + sizeof head - 1, f.bytes, f.n);
    memcpy(form.bytes + sizeof head - 1 + f.n, tail, sizeof tail - 1);
    form.n = sizeof head - 1 + f.n + sizeof tail - 1;
    same_hash(post_bytes("/v1/datasets", "Content-Type: multipart/form-data; boundary=XX", &form),
              e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
}
END_TEST

START_TEST(an_array_that_is_had_back_is_the_array)
{
    static const char *const names[] = {"i2_be_f", "f4_le_c", "u4_le_f"};
    for (size_t i = 0; i < COUNT(names); i++) {
        file f = recorded("npy", names[i]);
        e2e_reply r = post_bytes("/v1/datasets?target=x3", NPY, &f);
        ck_assert_msg(r.status == 201, "%s", r.body);
        e2e_reply back = e2e_getf(s, "/v1/datasets/%s/export?format=npy", e2e_string(r.json, "id"));
        ck_assert_int_eq(back.status, 200);
        same_hash(e2e_request(s, "POST", "/v1/datasets?target=x3", (const char *const[]){NPY, NULL},
                              back.body, back.len),
                  e2e_string(r.json, "sha256"));
        e2e_reply_free(&back);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(what_is_broken_leaves_nothing)
{
    file f = recorded("npz", "deflated");
    f.n -= 30;
    e2e_reply r = post_bytes("/v1/datasets", NPZ, &f);
    e2e_problem(&r, 422, "validation-failed");
    e2e_reply_free(&r);
    f = array("(3, 2)", false, (double[]){1, 2, 3, INFINITY, 5, 6}, 6);
    r = post_bytes("/v1/datasets?target=x1", NPY, &f);
    e2e_problem(&r, 422, "validation-failed");
    ck_assert_str_eq(e2e_field_error(&r, "row 2, column \"x2\""), "inf is not a finite number");
    e2e_reply_free(&r);
    r = post_bytes("/v1/datasets?target=x1", "Content-Type: text/csv", &f);
    ck_assert_int_eq(r.status, 422);
    e2e_reply_free(&r);
    r = e2e_request(s, "POST", "/v1/datasets", (const char *const[]){OCTETS, NULL}, "a,t\n1,2\n",
                    8);
    e2e_problem(&r, 415, "unsupported-media-type");
    e2e_reply_free(&r);
    r = e2e_get(s, "/v1/datasets");
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), 0);
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("arrays");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_test(tc, an_archive_is_stored_as_the_same_numbers_in_json);
    tcase_add_test(tc, single_arrays_are_stored_in_either_order_and_precision);
    tcase_add_test(tc, long_arrays_in_the_order_of_fortran_become_rows);
    tcase_add_test(tc, models_take_rows_of_arrays);
    tcase_add_test(tc, a_model_learns_from_an_archive);
    tcase_add_test(tc, a_file_in_a_form_may_be_an_array);
    tcase_add_test(tc, an_array_that_is_had_back_is_the_array);
    tcase_add_test(tc, what_is_broken_leaves_nothing);
    return run_suite(tc, "arrays");
}
