/* bench_gram: core trains least squares by full batches on a matrix of doubles in a file, several times
 * over, and says what each training took.
 *
 *     bench_gram X y rows cols optimizer rate epochs times [passes]
 *
 * X: rows x cols doubles, row-major; y: rows doubles. A line a training: seconds, seconds of the
 * processor, whether it was by second moments; in the end a line of parameters in the data's units. The
 * whole training counts, from gd_train_new to the end, in steps as long as a server with 1000
 * points of history takes them. With "passes" every epoch passes over the rows. Serial: one thread.
 */
#include "gd_train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *load(const char *path, size_t values)
{
    double *v = malloc(values * sizeof *v);
    FILE *f = fopen(path, "rb");
    if (!v || !f || fread(v, sizeof *v, values, f) != values) {
        fprintf(stderr, "bench_gram: can't read %s\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(f);
    return v;
}

static void run(const gd_data *data, const gd_spec *spec, bool last)
{
    gd_error err = {0};
    gd_train *t;
    uint64_t stride = spec->epochs > 1000 ? spec->epochs / 1000 : 1;
    double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (gd_train_new(&t, data, spec, NULL, NULL, &err) != GD_OK) {
        fprintf(stderr, "bench_gram: %s: %s\n", err.field, err.message);
        exit(EXIT_FAILURE);
    }
    while (gd_train_step_until(t, (gd_train_state(t)->epoch / stride + 1) * stride) != GD_STEP_DONE)
        ;
    printf("%.9f %.9f %d\n", seconds(CLOCK_MONOTONIC) - began,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, gd_train_quadratic(t));
    size_t n = gd_train_params_len(t);
    double *theta = calloc(n, sizeof *theta);
    gd_train_params_unscaled(t, theta);
    for (size_t i = 0; last && i < n; i++)
        printf("%s%.17g", i ? " " : "", theta[i]);
    putchar('\n');
    free(theta);
    gd_train_free(t);
}

int main(int argc, char **argv)
{
    gd_spec spec;
    gd_spec_defaults(&spec);
    spec.optimizer = argc > 8 ? gd_optimizer_find(argv[5]) : NULL;
    if (!spec.optimizer) {
        fprintf(stderr,
                "usage: bench_gram X y rows cols optimizer rate epochs times [passes]\n");
        return EXIT_FAILURE;
    }
    gd_param_defaults(&spec.optimizer_hyper, spec.optimizer->params, spec.optimizer->params_count);
    spec.learning_rate = strtod(argv[6], NULL);
    spec.epochs = strtoul(argv[7], NULL, 10);
    spec.tol = 0;
    spec.standardize = false;
    spec.gram = argc > 9 ? GD_GRAM_NEVER : GD_GRAM_AUTO;
    size_t rows = strtoul(argv[3], NULL, 10), cols = strtoul(argv[4], NULL, 10);
    gd_data data = {.X = load(argv[1], rows * cols),
                    .y = load(argv[2], rows),
                    .rows = rows,
                    .cols = cols};
    for (unsigned long k = strtoul(argv[8], NULL, 10); k > 0; k--)
        run(&data, &spec, k == 1);
    return EXIT_SUCCESS;
}
