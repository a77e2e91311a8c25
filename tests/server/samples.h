/* samples: datasets to upload, and what must have come out of them: for the tests of uploads.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "scratch.h"
#include "srv_upload.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <nettle/sha2.h>

static char dir[256];
static srv_files *files;
static bool recorded; /* does the "database" need every content? */

static bool needed(void *ctx, const char *sha256)
{
    (void)ctx, (void)sha256;
    return recorded;
}

static void setup(void)
{
    scratch_make(dir);
    files = srv_files_new(dir, 0, needed, NULL);
    ck_assert_ptr_nonnull(files);
}

static void teardown(void)
{
    /* nothing temporary is ever left */
    size_t left = scratch_count(dir, "tmp");
    scratch_remove(dir);
    srv_files_free(files);
    ck_assert_uint_eq(left, 0);
}

/* ---- datasets to upload ---- */

enum { MOST_COLS = 8, SPARE = 24 };

typedef struct sample {
    api_dataset d;
    double *values, *targets; /* as streamed; targets NULL when among the values */
    size_t *features;
    char **columns; /* "c" and the number among those stored */
    char (*names)[SPARE];
} sample;

/* rows x stored random numbers; `features` are the columns to keep. */
static void make_sample(sample *s, uint64_t rows, size_t stored, const size_t *features,
                        size_t cols, size_t target_at)
{
    unsigned long long seed = rows + 31 * stored + 7 * cols;
    memset(s, 0, sizeof *s);
    s->values = malloc(rows * stored * sizeof *s->values);
    for (uint64_t i = 0; i < rows * stored; i++)
        s->values[i] = 200 * scratch_random(&seed) - 71.5;
    if (target_at == API_APART) {
        s->targets = malloc(rows * sizeof *s->targets);
        for (uint64_t i = 0; i < rows; i++)
            s->targets[i] = scratch_random(&seed) - 3;
    }
    s->features = malloc(cols * sizeof *s->features);
    s->columns = malloc(cols * sizeof *s->columns);
    s->names = malloc(cols * sizeof *s->names);
    for (size_t j = 0; j < cols; j++) {
        s->features[j] = features[j];
        s->columns[j] = s->names[j];
        snprintf(s->names[j], SPARE, "c%zu", features[j]);
    }
    s->d = (api_dataset){.name = (char *)"",
                         .columns = s->columns,
                         .cols = cols,
                         .target = (char *)"y",
                         .rows = rows,
                         .stored = stored,
                         .features = s->features,
                         .target_at = target_at};
}

static void free_sample(sample *s)
{
    free(s->values);
    free(s->targets);
    free(s->features);
    free(s->columns);
    free(s->names);
}

static double feature(const sample *s, uint64_t i, size_t j)
{
    return s->values[i * s->d.stored + s->features[j]];
}

static double target(const sample *s, uint64_t i)
{
    return s->targets ? s->targets[i] : s->values[i * s->d.stored + s->d.target_at];
}

static bool untold; /* the sink does not hear how wide rows are */

/* All values as they are streamed, until free_order. */
static double *in_order(const sample *s)
{
    if (!s->d.by_columns)
        return s->values;
    double *v = malloc(s->d.rows * s->d.stored * sizeof *v);
    for (uint64_t i = 0; i < s->d.rows; i++)
        for (size_t k = 0; k < s->d.stored; k++)
            v[k * s->d.rows + i] = s->values[i * s->d.stored + k];
    return v;
}

/* Streams them in pieces of uneven length that care for no row's end. */
static bool stream_values(srv_upload *u, const sample *s, const double *values, api_problem *p)
{
    const api_sink *sink = srv_upload_sink(u);
    uint64_t n = s->d.rows * s->d.stored;
    bool ok = true;
    size_t piece = 1;
    if (!untold && !s->d.by_columns)
        sink->width(sink->ctx, s->d.stored);
    for (uint64_t at = 0; ok && at < n;) {
        size_t take = n - at < piece ? (size_t)(n - at) : piece;
        const double *v = values + at;
        if (at % 3) { /* some write them where they are to be */
            size_t room;
            double *to = sink->room(sink->ctx, &room);
            if (room == 0)
                return api_problem_set(p, API_INTERNAL, "there is no room");
            take = take < room ? take : room;
            memcpy(to, v, take * sizeof *to);
            v = to;
        }
        ok = sink->values(sink->ctx, v, take, p);
        at += take;
        piece = piece * 3 % 40961 + 1;
    }
    for (uint64_t at = 0; ok && s->targets && at < s->d.rows; at += 5) {
        size_t take = s->d.rows - at < 5 ? (size_t)(s->d.rows - at) : 5;
        ok = sink->targets(sink->ctx, s->targets + at, take, p);
    }
    return ok;
}

static void free_order(const sample *s, double *values)
{
    if (values != s->values)
        free(values);
}

/* ---- what must have come out ---- */

static unsigned char *read_file(const char *sha256, uint64_t *size)
{
    char path[400];
    struct stat st;
    snprintf(path, sizeof path, "%s/datasets/%s", dir, sha256);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0077, 0); /* nobody else's business */
    *size = (uint64_t)st.st_size;
    unsigned char *bytes = malloc(*size);
    FILE *f = fopen(path, "r");
    ck_assert_uint_eq(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

static void assert_hash(const unsigned char *bytes, uint64_t size, const char *said)
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[SRV_SHA256_SIZE] = "";
    sha256_init(&ctx);
    sha256_update(&ctx, size, bytes);
    sha256_digest(&ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(said, hex);
}

static void assert_file(const sample *s, const srv_stored *stored)
{
    uint64_t size, rows = s->d.rows, cols = s->d.cols;
    unsigned char *bytes = read_file(stored->sha256, &size);
    srv_file_header h;
    memcpy(&h, bytes + size - sizeof h, sizeof h);
    ck_assert_int_eq(memcmp(bytes, SRV_FILE_MAGIC, sizeof h.magic), 0);
    ck_assert_int_eq(memcmp(h.magic, SRV_FILE_MAGIC, sizeof h.magic), 0);
    ck_assert_uint_eq(h.rows, rows);
    ck_assert_uint_eq(h.cols, cols);
    ck_assert_uint_eq(h.x_at % SRV_ALIGN, 0);
    ck_assert_uint_eq(h.y_at % SRV_ALIGN, 0);
    ck_assert_uint_ge(h.x_at, sizeof h);
    ck_assert_uint_ge(h.y_at, h.x_at + rows * cols * sizeof(double));
    ck_assert_uint_eq(size, h.y_at + rows * sizeof(double) + sizeof h);
    ck_assert_uint_eq(stored->bytes, size);
    for (uint64_t i = 0; i < rows; i++) {
        double y = target(s, i);
        for (size_t j = 0; j < cols; j++) {
            double x = feature(s, i, j);
            if (memcmp(bytes + h.x_at + (i * cols + j) * sizeof x, &x, sizeof x) != 0)
                ck_abort_msg("row %llu, column %zu differs", (unsigned long long)i, j);
        }
        if (memcmp(bytes + h.y_at + i * sizeof y, &y, sizeof y) != 0)
            ck_abort_msg("target %llu differs", (unsigned long long)i);
    }
    assert_hash(bytes, size, stored->sha256);
    free(bytes);
}

/* Sums in long double, the plain way. */
static void assert_column(const cJSON *o, const char *name, const sample *s, size_t j, bool y)
{
    double min = INFINITY, max = -INFINITY;
    long double sum = 0, squares = 0;
    for (uint64_t i = 0; i < s->d.rows; i++) {
        double v = y ? target(s, i) : feature(s, i, j);
        min = fmin(min, v);
        max = fmax(max, v);
        sum += v;
    }
    long double mean = sum / s->d.rows;
    for (uint64_t i = 0; i < s->d.rows; i++) {
        long double v = (y ? target(s, i) : feature(s, i, j)) - mean;
        squares += v * v;
    }
    double std = sqrt((double)(squares / s->d.rows));
    ck_assert_str_eq(cJSON_GetObjectItem(o, "name")->valuestring, name);
    ck_assert_str_eq(cJSON_GetObjectItem(o, "role")->valuestring, y ? "target" : "feature");
    ck_assert_double_eq(cJSON_GetObjectItem(o, "min")->valuedouble, min);
    ck_assert_double_eq(cJSON_GetObjectItem(o, "max")->valuedouble, max);
    ck_assert_double_eq_tol(cJSON_GetObjectItem(o, "mean")->valuedouble, (double)mean, 1e-11);
    ck_assert_double_eq_tol(cJSON_GetObjectItem(o, "std")->valuedouble, std, 1e-11);
}

static void assert_statistics(const sample *s, const char *text)
{
    cJSON *list = cJSON_Parse(text);
    ck_assert_int_eq(cJSON_GetArraySize(list), (int)s->d.cols + 1);
    for (size_t j = 0; j < s->d.cols; j++)
        assert_column(cJSON_GetArrayItem(list, (int)j), s->columns[j], s, j, false);
    assert_column(cJSON_GetArrayItem(list, (int)s->d.cols), "y", s, 0, true);
    cJSON_Delete(list);
}

#endif
