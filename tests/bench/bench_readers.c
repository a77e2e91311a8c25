/* bench_readers: how fast the readers of api are, on files in memory, fed as they arrive over HTTP:
 * in pieces. One thread; for each file the fastest of several runs, in MB/s of text.
 *
 *   bench_readers json|ndjson|csv|npy|npz|libsvm FILE...   a line each: reader, file, MB/s, a checksum
 *   bench_readers cjson FILE...               cJSON_Parse on the whole text, and the sum over its
 * tree
 */
#include "api_reader.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE = 32768, RUNS = 7 };

typedef struct text {
    char *bytes;
    size_t n;
} text;

static text slurp(const char *path)
{
    text t = {0};
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    t.n = (size_t)ftell(f);
    rewind(f);
    t.bytes = malloc(t.n + 1);
    if (!t.bytes || fread(t.bytes, 1, t.n, f) != t.n)
        exit(1);
    t.bytes[t.n] = '\0';
    fclose(f);
    return t;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Rows of doubles, kept as an upload keeps them until they are written. */
typedef struct kept {
    double room[16384], sum;
    size_t n;
} kept;

static bool keep(void *ctx, const double *v, size_t n, api_problem *p)
{
    (void)p;
    kept *k = ctx;
    if (k->n + n > sizeof k->room / sizeof k->room[0])
        k->n = 0;
    memcpy(k->room + k->n, v, n * sizeof *v);
    k->sum += v[0];
    k->n += n;
    return true;
}

/* Of sparse rows the columns and ends go to the same room. */
static bool keep_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                         api_problem *p)
{
    kept *k = ctx;
    if (!keep(ctx, v, n, p))
        return false;
    memcpy(k->room, columns, n * sizeof *columns);
    return true;
}

static bool keep_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    (void)p;
    memcpy(((kept *)ctx)->room, ends, n * sizeof *ends);
    return true;
}

/* A reader, and the decoder before it where the text is packed. */
typedef struct reading {
    const api_format *format;
    void *reader;
    size_t bytes; /* that it was fed */
} reading;

static bool feed(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    reading *r = ctx;
    r->bytes += n;
    return r->format->feed(r->reader, bytes, n, p);
}

/* *bytes: of what the reader read. */
static double read_once(const api_format *f, const api_encoding *packed, const text *t,
                        size_t *bytes)
{
    static kept k;
    /* an array has no names: its last column is the target */
    const api_read_options o = {.labelled = true,
                                .target = strcmp(f->name, "npy") == 0 ? "x21" : "y"};
    const api_sink sink = {&k, keep, keep, keep_entries, keep_ends, NULL, NULL, NULL};
    static api_problem p;
    api_dataset d = {0};
    k.sum = 0;
    void *reader = f->open(&o, &sink);
    reading r = {f, reader, 0};
    api_decoder *decoder =
        packed ? api_decoder_new(packed, UINT64_MAX, (api_bytes){&r, feed}) : NULL;
    bool ok = true;
    for (size_t at = 0; ok && at < t->n; at += PIECE) {
        size_t n = t->n - at < PIECE ? t->n - at : PIECE;
        ok = decoder ? api_decoder_feed(decoder, t->bytes + at, n, &p)
                     : feed(&r, t->bytes + at, n, &p);
    }
    ok = ok && (!decoder || api_decoder_finish(decoder, &p));
    api_decoder_free(decoder);
    *bytes = r.bytes;
    if (!ok || !f->finish(reader, &d, &p)) {
        char buf[400];
        fprintf(stderr, "%s\n", api_problem_text(&p, buf, sizeof buf));
        exit(1);
    }
    f->close(reader);
    double rows = (double)d.rows;
    api_dataset_free(&d);
    return rows + k.sum;
}

static double sum_of(const cJSON *value)
{
    double sum = cJSON_IsNumber(value) ? value->valuedouble : 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, value)
        sum += sum_of(item);
    return sum;
}

static double cjson_once(const text *t)
{
    cJSON *tree = cJSON_ParseWithLength(t->bytes, t->n);
    double sum = sum_of(tree);
    cJSON_Delete(tree);
    return sum;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    const api_format *format = NULL;
    for (size_t i = 0; i < api_formats_count; i++)
        if (strcmp(api_formats[i]->name, how) == 0)
            format = api_formats[i];
    if (!format && strcmp(how, "cjson") != 0) {
        fprintf(stderr, "usage: bench_readers json|ndjson|csv|npy|npz|libsvm|cjson FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        text t = slurp(argv[i]);
        const api_encoding *packed = api_encoding_of_file(argv[i]);
        size_t bytes = t.n;
        double best = 1e9, check = 0;
        for (int run = 0; run < (format ? RUNS : 2); run++) {
            double began = now();
            check = format ? read_once(format, packed, &t, &bytes) : cjson_once(&t);
            double took = now() - began;
            best = took < best ? took : best;
        }
        const char *name = strrchr(argv[i], '/');
        printf("%-10s %-20s %8.0f MB/s   %.6g\n", format ? "descentd" : how,
               name ? name + 1 : argv[i], (double)bytes / best / 1e6, check);
        free(t.bytes);
    }
    return 0;
}
