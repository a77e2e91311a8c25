/* bench_readers: how fast the readers of api are, on files in memory, fed as they arrive over HTTP: in
 * pieces. One thread; for each file the fastest of several runs, in MB/s of text.
 *
 *   bench_readers json|ndjson|csv FILE...     a line each: reader, file, MB/s, a checksum
 *   bench_readers cjson FILE...               cJSON_Parse on the whole text, and the sum over its tree
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

static double read_once(const api_format *f, const text *t)
{
    static kept k;
    const api_read_options o = {.labelled = true, .target = "y"};
    const api_sink sink = {&k, keep, keep};
    static api_problem p;
    api_dataset d = {0};
    k.sum = 0;
    void *reader = f->open(&o, &sink);
    bool ok = true;
    for (size_t at = 0; ok && at < t->n; at += PIECE)
        ok = f->feed(reader, t->bytes + at, t->n - at < PIECE ? t->n - at : PIECE, &p);
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
        fprintf(stderr, "usage: bench_readers json|ndjson|csv|cjson FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        text t = slurp(argv[i]);
        double best = 1e9, check = 0;
        for (int run = 0; run < (format ? RUNS : 2); run++) {
            double began = now();
            check = format ? read_once(format, &t) : cjson_once(&t);
            double took = now() - began;
            best = took < best ? took : best;
        }
        const char *name = strrchr(argv[i], '/');
        printf("%-10s %-20s %8.0f MB/s   %.6g\n", format ? "descentd" : how,
               name ? name + 1 : argv[i], (double)t.n / best / 1e6, check);
        free(t.bytes);
    }
    return 0;
}
